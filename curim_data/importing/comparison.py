"""Compare an export with the previous one of its kind: new, updated and missing alerts, and changed columns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import duckdb

from curim_data.importing.signatures import (
    OPEN_FORMATS,
    SAME_HEADER,
    Signature,
    header_similarity,
    is_quarantine_download,
    normalised_label,
    same_source,
)
from curim_data.model import Message, Status, Translator
from curim_data.model import labels as words
from curim_data.quality.completeness import COLUMNS
from curim_data.store import Batch, Store
from curim_data.store.matching import DUPLICATE, MARK, NEW, bounded_duckdb, names_few
from curim_data.store.staged import StagedResult

ColumnSignature: TypeAlias = Mapping[str, Any]

# A column has changed its meaning when so much of it differs.
EMPTIER: Final = 0.3
OTHER_KIND: Final = 0.5
OTHER_VALUES: Final = 0.5
FAR_DEGREES: Final = 1.0
FAR_METRES: Final = 50_000.0
LEAST_ROWS: Final = 20
# From such a share of missing alerts on a file is taken for a partial one.
PARTIAL: Final = 0.5
LISTED: Final = 20
# Up to so many alerts whose id has a mark, those of an incident are looked for by it, and not by grouping all alerts.
MOST_MARKED: Final = 100_000


@dataclass(frozen=True)
class ColumnChange:
    """A column whose content has changed, and how."""

    column: str
    why: Message


@dataclass(frozen=True)
class MissingAlerts:
    """Stored alerts of the period that both exports cover which the new one lacks. They stay in the store.

    `n` of the `of` stored incidents between `first` and `last`; `why_not` says why they cannot be counted (n is 0).
    """

    n: int = 0
    of: int = 0
    first: dt.date | None = None
    last: dt.date | None = None
    why_not: Message | None = None


@dataclass(frozen=True)
class ExportChanges:
    """What is different from the previous export.

    `statuses`: alerts by (status before, status now); `appeared`, `vanished`: headings; `altered`: columns of the same
    heading with other content.
    """

    before: Batch | None
    new: int = 0
    updated: int = 0
    known: int = 0
    statuses: Mapping[tuple[str, str], int] = field(default_factory=dict)
    missing: MissingAlerts = field(default_factory=MissingAlerts)
    appeared: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    altered_columns: tuple[ColumnChange, ...] = ()

    @property
    def resolved(self) -> int:
        """Alerts that were open or confirmed and now are resolved."""
        active = (Status.OPEN.value, Status.CONFIRMED.value)
        return sum(n for (was, now), n in self.statuses.items() if was in active and now == Status.RESOLVED.value)

    @property
    def columns_changed(self) -> bool:
        """Whether any column appeared, vanished or changed its meaning."""
        return bool(self.appeared or self.vanished or self.altered_columns)

    def sentences(self, t: Translator) -> list[str]:
        """Say what changed, one sentence a subject; columns first, since they may invalidate the rest."""
        if self.before is None:
            return [t("No previous export with these columns is known: there is nothing to compare with.")]
        sentences = [t("Compared with {file} of {when}:", file=self.before.file_name, when=self.before.when.date())]
        if self.appeared:
            sentences.append(t("New columns: {columns}.", columns=_quoted(t, self.appeared)))
        if self.vanished:
            sentences.append(t("Removed columns: {columns}.", columns=_quoted(t, self.vanished)))
        sentences += [t("Column “{column}”: {why}", column=one.column, why=one.why) for one in self.altered_columns]
        if not self.columns_changed:
            sentences.append(t("The columns are the same, and so is the kind of their content."))
        sentences.append(
            t(
                "New alerts: {new}; updated: {updated}; unchanged: {known}.",
                new=self.new,
                updated=self.updated,
                known=self.known,
            )
        )
        for (was, now), n in sorted(self.statuses.items(), key=lambda pair: -pair[1]):
            sentences.append(
                t(
                    "{was} → {now}: {n}",
                    was=words.status_label(t, was),
                    now=words.status_label(t, now),
                    n=n,
                )
            )
        sentences.append(self._missing_sentence(t))
        return sentences

    def _missing_sentence(self, t: Translator) -> str:
        missing = self.missing
        if missing.why_not is not None:
            return t(missing.why_not)
        if not missing.n:
            return t("No alert is missing that this export should still contain.")
        return t.n(
            "{n} alert from {first} to {last} that the store knows is no longer in the export. It stays in the data; "
            "ask whether it was withdrawn.",
            "{n} alerts from {first} to {last} that the store knows are no longer in the export. They stay in the "
            "data; ask whether they were withdrawn.",
            missing.n,
            first=missing.first,
            last=missing.last,
        )


def _quoted(t: Translator, labels: Sequence[str]) -> str:
    rest = len(labels) - LISTED
    names = [t("“{name}”", name=label) for label in labels[:LISTED]]
    if rest <= 0:
        return t.join(names)
    return t.n("{names} and {n} more", "{names} and {n} more", rest, names=", ".join(names))


def previous_export(batches: Sequence[Batch], signature: Signature) -> Batch | None:
    """Find the latest import that was not undone, of the same format and with mostly the same header.

    An export whose columns a person has mapped since is still the same export. Quarantined rows that are uploaded
    again after a fix are no export: they are compared with none, and none with them.
    """
    if is_quarantine_download(signature):
        return None
    for batch in sorted(batches, key=lambda one: one.when, reverse=True):
        alike = header_similarity(batch.signature, signature)
        formats = {batch.format, str(signature.get("format"))}
        same = len(formats) == 1 or not formats.isdisjoint(OPEN_FORMATS)
        if not batch.undone and same and alike >= SAME_HEADER and not is_quarantine_download(batch.signature):
            return batch
    return None


def compare(
    before: Batch | None,
    signature: Signature,
    counts: Mapping[str, int],
    statuses: Mapping[tuple[str, str], int] | None = None,
    missing: MissingAlerts | None = None,
) -> ExportChanges:
    """Assemble the changes.

    Parameters
    ----------
    before : Batch or None
        As `previous_export` finds it.
    signature : mapping
        Of the new file (`signatures.SignatureBuilder`).
    counts : mapping
        accepted, updated, duplicate of the new file.
    statuses, missing
        As `status_changes` and `missing_alerts` return them.
    """
    if before is None:
        return ExportChanges(None, counts.get("accepted", 0), counts.get("updated", 0), counts.get("duplicate", 0))
    old_labels = {normalised_label(label): label for label in before.signature.get("labels", ())}
    new_labels = {normalised_label(label): label for label in signature.get("labels", ())}
    return ExportChanges(
        before=before,
        new=counts.get("accepted", 0),
        updated=counts.get("updated", 0),
        known=counts.get("duplicate", 0),
        statuses=dict(statuses or {}),
        missing=missing or MissingAlerts(),
        appeared=tuple(label for key, label in new_labels.items() if key not in old_labels),
        vanished=tuple(label for key, label in old_labels.items() if key not in new_labels),
        altered_columns=tuple(altered_columns(before.signature, signature)),
    )


def altered_columns(old: Signature, new: Signature) -> list[ColumnChange]:
    """Find columns of the same heading whose role, missing values, kind, values or median changed strongly."""
    if min(old.get("rows", 0), new.get("rows", 0)) < LEAST_ROWS:
        return []
    was = {normalised_label(label): column for label, column in old.get("columns", {}).items()}
    found = []
    for label, now in new.get("columns", {}).items():
        before = was.get(normalised_label(label))
        if before is not None and (why := _difference(before, now)) is not None:
            found.append(ColumnChange(label, why))
    return found


def _difference(before: ColumnSignature, now: ColumnSignature) -> Message | None:
    values: dict[str, Any]
    if before["role"] != now["role"]:
        values = {"before": _role(before["role"]), "now": _role(now["role"])}
        return Message("it was read as “{before}” and is now read as “{now}”.", values)
    if abs(before["empty"] - now["empty"]) >= EMPTIER:
        values = {"before": _percent(before["empty"]), "now": _percent(now["empty"])}
        return Message("empty in {before} % of the rows before, now in {now} %.", values)
    if now["empty"] == 1 or before["empty"] == 1:
        return None
    if _total_variation(before["kinds"], now["kinds"]) >= OTHER_KIND:
        values = {"before": KIND_WORDS[_most(before["kinds"])], "now": KIND_WORDS[_most(now["kinds"])]}
        return Message("it held mostly {before}, now mostly {now}.", values)
    if "middle" in before and "middle" in now:
        far = FAR_DEGREES if now["role"] in ("latitude", "longitude") else FAR_METRES
        if abs(before["middle"] - now["middle"]) > far:
            values = {"before": before["middle"], "now": now["middle"]}
            return Message("half of its numbers were below {before}, now below {now}.", values)
    if _total_variation(before.get("values", {}), now.get("values", {})) >= OTHER_VALUES:
        strange = [value for value in now["values"] if value not in before.get("values", {})]
        if strange:
            values = {"values": ", ".join(f"“{value}”" for value in strange[:5])}
            return Message("it holds other values than before, such as {values}.", values)
    return None


KIND_WORDS: Final = {
    "whole": Message("whole numbers"),
    "decimal": Message("decimal numbers"),
    "iso": Message("ISO dates"),
    "date": Message("dates with day and month as numbers"),
    "text": Message("texts"),
}


def _role(role: str) -> Message | str:
    return COLUMNS.get(role, role)


def _percent(share: float) -> int:
    return round(100 * share)


def _most(kinds: Mapping[str, float]) -> str:
    return max(kinds, key=lambda kind: kinds[kind], default="text")


def _total_variation(one: Mapping[str, float], two: Mapping[str, float]) -> float:
    """Total variation distance between two sets of shares: 0 the same, 1 nothing in common."""
    if not one or not two:
        return 0.0
    return sum(abs(one.get(key, 0.0) - two.get(key, 0.0)) for key in {*one, *two}) / 2


def _engine(
    given: duckdb.DuckDBPyConnection | None, staged: Sequence[str]
) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    """A DuckDB that is there already, or one that puts next to the staged alerts what does not fit into memory."""
    return bounded_duckdb(Path(staged[0]).parent) if given is None else nullcontext(given)


# What is `known` of stored alerts: all of them, or those of incidents of the file.
_STATUSES: Final = """
WITH known AS (SELECT incident_id, status FROM read_parquet($stored) AS old {known}),
     other AS (SELECT DISTINCT incident_id FROM known
               ANTI JOIN read_parquet($staged) AS new USING (incident_id, status)),
     was AS (SELECT incident_id, min(status) AS status FROM known
             SEMI JOIN other USING (incident_id) GROUP BY ALL HAVING count(*) = 1),
     now AS (SELECT incident_id, min(status) AS status FROM read_parquet($staged) AS new
             SEMI JOIN other USING (incident_id) GROUP BY ALL HAVING count(*) = 1)
SELECT was.status, now.status, count(*) FROM was JOIN now USING (incident_id)
WHERE was.status <> now.status GROUP BY ALL"""


def status_changes(
    stored: Sequence[str], staged: Sequence[str], engine: duckdb.DuckDBPyConnection | None = None
) -> dict[tuple[str, str], int]:
    """Count alerts by (status in the store, status in the file), where these differ.

    Parquet files with the columns incident_id and status. Only incidents with one alert in each are compared, since
    several alerts of an incident cannot be distinguished. Call it before the import is written. `engine`: a DuckDB that
    is there already; to start one takes 8 ms.
    """
    if not stored or not staged:
        return {}
    few = names_few(staged, stored)
    with _engine(engine, staged) as connection:
        query = _STATUSES.format(known="SEMI JOIN read_parquet($staged) AS new USING (incident_id)" if few else "")
        rows = connection.execute(query, {"stored": list(stored), "staged": list(staged)}).fetchall()
    return {(was, now): int(n) for was, now, n in rows}


# Alerts of a source by their incident, from a period. Where an incident has several alerts, one of them at least has
# `MARK` and an ordinal in its id (`store.matching`); all others stand for themselves.
_ALERTS: Final = """
SELECT incident_id, local_date FROM read_parquet($stored)
WHERE list_contains($sources, source) AND incident_id IS NOT NULL {elsewhere}"""
_MARKED: Final = f"""
CREATE OR REPLACE TABLE marked AS SELECT incident_id FROM read_parquet($stored)
WHERE contains(alert_id, '{MARK}') LIMIT $most"""
_WHOLE: Final = "GROUP BY incident_id HAVING min(local_date) >= $first AND max(local_date) <= $last"
_BY_ALERT: Final = f"""
SELECT incident_id FROM ({_ALERTS}) ANTI JOIN marked USING (incident_id) WHERE local_date BETWEEN $first AND $last
UNION ALL SELECT incident_id FROM ({_ALERTS}) SEMI JOIN marked USING (incident_id) {_WHOLE}"""
_BY_INCIDENT: Final = f"SELECT incident_id FROM ({_ALERTS}) {_WHOLE}"

# Incidents that the store holds from a period, and those of them that the file lacks.
_MISSING: Final = """
SELECT count(*), count(*) FILTER (WHERE incident_id NOT IN (
    SELECT incident_id FROM read_parquet($staged) WHERE incident_id IS NOT NULL))
FROM ({incidents})"""

# The same where the file holds every alert of the store, and each is of an incident of its own.
_ALL_THERE: Final = """
SELECT count(*), 0 FROM read_parquet($stored)
WHERE list_contains($sources, source) {elsewhere} AND local_date BETWEEN $first AND $last"""


def missing_alerts(
    stored: Sequence[str],
    staged: Sequence[str],
    sources: Sequence[str],
    before: Mapping[str, Any],
    others: Sequence[str] = (),
    engine: duckdb.DuckDBPyConnection | None = None,
    complete: bool = False,
) -> MissingAlerts:
    """Count the incidents that the store holds from the period of both exports and the new file lacks.

    Counted only where the file can be expected to hold them: both exports have ids, their periods overlap, and the file
    holds at least half of what is known from the overlap (else it is a partial export, or one of changes).

    Parameters
    ----------
    stored, staged : sequences of paths
        Parquet files with the columns alert_id, incident_id, source and local_date (batch_id too, with `others`).
    sources : sequence of str
        The sources of the two exports, as the column `source` has them.
    before : mapping
        The signature of the previous export, with its first and last day.
    others : sequence of str
        Imports (`batch_id`) from other sources, whose alerts no export of this one holds.
    engine
        As `status_changes` takes it.
    complete : bool
        Whether file and store hold the same alerts, one of each incident: then none is looked for.
    """
    span = [dt.date.fromisoformat(before[name]) if before.get(name) else None for name in ("first", "last")]
    if not stored or not staged or None in span:
        return MissingAlerts(
            why_not=Message("Missing alerts cannot be counted: the period of one export is not known.")
        )
    with _engine(engine, staged) as connection:
        first, last, named, n = connection.execute(
            "SELECT min(local_date), max(local_date), count(incident_id), count(*) FROM read_parquet($staged)",
            {"staged": list(staged)},
        ).fetchone() or (None, None, 0, 0)
        if not n or named < n:
            return MissingAlerts(why_not=Message("Missing alerts cannot be counted: not every row has an id."))
        first, last = max(first, span[0]), min(last, span[1])
        if first > last:
            return MissingAlerts(
                why_not=Message("Missing alerts cannot be counted: the two exports have no day in common.")
            )
        given: dict[str, Any] = {"stored": list(stored), "staged": list(staged), "sources": list(sources)}
        given |= {"first": first, "last": last} | ({"others": list(others)} if others else {})
        elsewhere = "AND NOT list_contains($others, batch_id)" if others else ""
        if complete:
            del given["staged"]
            query = _ALL_THERE
        else:
            query = _MISSING.format(incidents=_BY_ALERT if _few_marked(connection, stored) else _BY_INCIDENT)
        query = query.format(elsewhere=elsewhere)
        of, missing = connection.execute(query, given).fetchone() or (0, 0)
    if of and missing > PARTIAL * of:
        values = {"gone": int(missing), "of": int(of), "first": first, "last": last}
        partial = Message(
            "{gone} of the {of} alerts known from {first} to {last} are not in the file: it is treated as a "
            "partial export, and none is counted as missing.",
            values,
        )
        return MissingAlerts(0, int(of), first, last, partial)
    return MissingAlerts(int(missing), int(of), first, last)


def _few_marked(connection: duckdb.DuckDBPyConnection, stored: Sequence[str]) -> bool:
    """Whether few incidents can have several alerts; then the table `marked` has them all."""
    connection.execute(_MARKED, {"stored": list(stored), "most": MOST_MARKED + 1})
    (found,) = connection.execute("SELECT count(*) FROM marked").fetchone() or (0,)
    return int(found) <= MOST_MARKED


@dataclass(frozen=True)
class Comparison:
    """The previous export and the comparison with the store as it was before the new one."""

    before: Batch | None
    signature: Signature
    statuses: Mapping[tuple[str, str], int]
    missing: MissingAlerts

    def changes(self, batch: Batch) -> ExportChanges:
        """Return what changed, with the counts of the new import."""
        counts = {name: getattr(batch, name) for name in ("accepted", "updated", "duplicate")}
        return compare(self.before, self.signature, counts, self.statuses, self.missing)


def compare_with_previous(store: Store, found: StagedResult) -> Comparison:
    """Find the previous export of the same kind and compare the staged alerts with the stored ones.

    Parameters
    ----------
    store : Store
        As it is before the import.
    found : StagedResult
        What became of the staged alerts, and the stored ones with which they were matched. Where each says what a
        stored one does, no status differs: it is part of their content. Nor does one where the store holds none of
        their incidents.
    """
    batches, staged, signature = store.batches(), found.staging.paths, found.batch.signature
    before = previous_export(batches, signature)
    if before is None:
        return Comparison(None, signature, {}, MissingAlerts())
    stored, new = found.stored, [str(path) for path in staged]
    sources = sorted({before.format, str(signature["format"])})
    others = [batch.id for batch in batches if not same_source(batch.signature, signature)]
    with bounded_duckdb(staged[0].parent) as engine:
        missing = missing_alerts(stored, new, sources, before.signature, others, engine, found.complete)
        statuses = {} if found.alike in (NEW, DUPLICATE) else status_changes(stored, new, engine)
        return Comparison(before, signature, statuses, missing)
