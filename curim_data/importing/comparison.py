"""What changed against the last export of the same layout: alerts that are new, updated or gone, and columns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from curim_data.formats import GUESSED
from curim_data.importing.mapping import FORMAT as MAPPED
from curim_data.importing.signatures import same_shape, tidy
from curim_data.model import labels as words
from curim_data.model.alert import Status
from curim_data.model.i18n import Message, Translator
from curim_data.quality.completeness import COLUMNS
from curim_data.store.alert_table import Batch
from curim_data.store.matching import bounded_duckdb

# A column has changed its meaning when so much of it differs.
EMPTIER: Final = 0.3
OTHER_KIND: Final = 0.5
OTHER_VALUES: Final = 0.5
FAR_DEGREES: Final = 1.0
FAR_METRES: Final = 50_000.0
LEAST_ROWS: Final = 20
# Headers so alike are of the same export; from such a share of missing alerts on a file is taken for a partial one.
SAME_LAYOUT: Final = 0.5
PARTIAL: Final = 0.5
LISTED: Final = 20
# Formats that say nothing of where an export comes from.
OPEN_FORMATS: Final = frozenset({GUESSED, MAPPED})


@dataclass(frozen=True)
class ColumnChange:
    """A column whose content is not what it was, and why."""

    column: str
    why: Message


@dataclass(frozen=True)
class Gone:
    """Alerts of the period that both exports cover which the new one no longer holds. They stay in the store.

    `n` of the `of` stored incidents between `first` and `last`; `why_not` says why nothing can be told (then n is 0).
    """

    n: int = 0
    of: int = 0
    first: dt.date | None = None
    last: dt.date | None = None
    why_not: Message | None = None


@dataclass(frozen=True)
class Changes:
    """What is different from an earlier export.

    `statuses`: alerts by (status before, status now); `appeared`, `vanished`: headings; `altered`: columns of the same
    heading with other content.
    """

    before: Batch | None
    new: int = 0
    updated: int = 0
    known: int = 0
    statuses: Mapping[tuple[str, str], int] = field(default_factory=dict)
    gone: Gone = field(default_factory=Gone)
    appeared: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    altered: tuple[ColumnChange, ...] = ()

    @property
    def resolved(self) -> int:
        """Alerts that were open or confirmed and now are resolved."""
        active = (Status.OPEN.value, Status.CONFIRMED.value)
        return sum(n for (was, now), n in self.statuses.items() if was in active and now == Status.RESOLVED.value)

    @property
    def columns_changed(self) -> bool:
        """Whether any column appeared, vanished or changed its meaning."""
        return bool(self.appeared or self.vanished or self.altered)

    def sentences(self, t: Translator) -> list[str]:
        """What changed, a sentence a subject, the columns first, since they may spoil the rest."""
        if self.before is None:
            return [t("No earlier export of this layout is known: nothing to compare with.")]
        told = [t("Compared with {file} of {when}:", file=self.before.file_name, when=self.before.when.date())]
        if self.appeared:
            told.append(t("Columns that are new: {columns}.", columns=_named(t, self.appeared)))
        if self.vanished:
            told.append(t("Columns that are no longer there: {columns}.", columns=_named(t, self.vanished)))
        told += [t("Column “{column}”: {why}", column=one.column, why=one.why) for one in self.altered]
        if not self.columns_changed:
            told.append(t("The columns are the same and hold what they held."))
        told.append(
            t(
                "New alerts: {new}; updated: {updated}; as they were: {known}.",
                new=self.new,
                updated=self.updated,
                known=self.known,
            )
        )
        for (was, now), n in sorted(self.statuses.items(), key=lambda pair: -pair[1]):
            told.append(
                t(
                    "{was} → {now}: {n}",
                    was=words.status_label(t, was),
                    now=words.status_label(t, now),
                    n=n,
                )
            )
        told.append(self._gone(t))
        return told

    def _gone(self, t: Translator) -> str:
        gone = self.gone
        if gone.why_not is not None:
            return t(gone.why_not)
        if not gone.n:
            return t("None of the alerts that this export should still hold is gone.")
        return t.n(
            "{n} alert from {first} to {last} that the store knows is no longer in the export. It stays in the data; "
            "ask whether it was withdrawn.",
            "{n} alerts from {first} to {last} that the store knows are no longer in the export. They stay in the "
            "data; ask whether they were withdrawn.",
            gone.n,
            first=gone.first,
            last=gone.last,
        )


def _named(t: Translator, labels: Sequence[str]) -> str:
    rest = len(labels) - LISTED
    names = [f"“{label}”" for label in labels[:LISTED]]
    return t.join([*names, t.n("{n} more", "{n} more", rest)] if rest > 0 else names)


# Columns that the download of the rows set aside holds beside those of an alert.
ASIDE: Final = frozenset(tidy(label) for label in ("row", "column", "value", "reason", "mend"))


def earlier(batches: Sequence[Batch], signature: Mapping[str, Any]) -> Batch | None:
    """The latest import that was not undone, of the same format and with mostly the same header; None where none is.

    An export whose columns a person settled since is still the same export. Rows that were set aside and are brought
    again, mended, are no export: they are compared with none, and none with them.
    """
    if _mended(signature):
        return None
    for batch in sorted(batches, key=lambda one: one.when, reverse=True):
        alike = same_shape(batch.signature, signature)
        formats = {batch.format, str(signature.get("format"))}
        same = len(formats) == 1 or not formats.isdisjoint(OPEN_FORMATS)
        if not batch.undone and same and alike >= SAME_LAYOUT and not _mended(batch.signature):
            return batch
    return None


def _mended(signature: Mapping[str, Any]) -> bool:
    """Whether a file is the download of rows that were set aside, by the columns that it adds."""
    return ASIDE.issubset(tidy(label) for label in signature.get("labels", ()))


def compare(
    before: Batch | None,
    signature: Mapping[str, Any],
    counts: Mapping[str, int],
    statuses: Mapping[tuple[str, str], int] | None = None,
    gone: Gone | None = None,
) -> Changes:
    """Put together what changed.

    Parameters
    ----------
    before : Batch or None
        As `earlier` finds it.
    signature : mapping
        Of the new file (`signatures.signature_of`).
    counts : mapping
        accepted, updated, duplicate of the new file.
    statuses, gone
        As `status_changes` and `gone_of` give them.
    """
    if before is None:
        return Changes(None, counts.get("accepted", 0), counts.get("updated", 0), counts.get("duplicate", 0))
    old_labels = {tidy(label): label for label in before.signature.get("labels", ())}
    new_labels = {tidy(label): label for label in signature.get("labels", ())}
    return Changes(
        before=before,
        new=counts.get("accepted", 0),
        updated=counts.get("updated", 0),
        known=counts.get("duplicate", 0),
        statuses=dict(statuses or {}),
        gone=gone or Gone(),
        appeared=tuple(label for key, label in new_labels.items() if key not in old_labels),
        vanished=tuple(label for key, label in old_labels.items() if key not in new_labels),
        altered=tuple(altered(before.signature, signature)),
    )


def altered(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[ColumnChange]:
    """Columns of the same heading whose role, filling, kind of values, values or middle changed strongly."""
    if min(old.get("rows", 0), new.get("rows", 0)) < LEAST_ROWS:
        return []
    was = {tidy(label): told for label, told in old.get("columns", {}).items()}
    found = []
    for label, now in new.get("columns", {}).items():
        before = was.get(tidy(label))
        if before is not None and (why := _difference(before, now)) is not None:
            found.append(ColumnChange(label, why))
    return found


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> Message | None:
    values: dict[str, Any]
    if before["role"] != now["role"]:
        values = {"before": _role(before["role"]), "now": _role(now["role"])}
        return Message("it was read as “{before}” and is now read as “{now}”.", values)
    if abs(before["empty"] - now["empty"]) >= EMPTIER:
        values = {"before": _percent(before["empty"]), "now": _percent(now["empty"])}
        return Message("empty in {before} % of the rows before, now in {now} %.", values)
    if now["empty"] == 1 or before["empty"] == 1:
        return None
    if _distance(before["kinds"], now["kinds"]) >= OTHER_KIND:
        values = {"before": KIND_WORDS[_most(before["kinds"])], "now": KIND_WORDS[_most(now["kinds"])]}
        return Message("it held mostly {before}, now mostly {now}.", values)
    if "middle" in before and "middle" in now:
        far = FAR_DEGREES if now["role"] in ("latitude", "longitude") else FAR_METRES
        if abs(before["middle"] - now["middle"]) > far:
            values = {"before": before["middle"], "now": now["middle"]}
            return Message("half of its numbers were below {before}, now below {now}.", values)
    if _distance(before.get("values", {}), now.get("values", {})) >= OTHER_VALUES:
        strange = [value for value in now["values"] if value not in before.get("values", {})]
        if strange:
            values = {"values": ", ".join(f"“{value}”" for value in strange[:5])}
            return Message("it holds other values than before, such as {values}.", values)
    return None


KIND_WORDS: Final = {
    "whole": Message("whole numbers"),
    "decimal": Message("decimal numbers"),
    "iso": Message("ISO dates"),
    "date": Message("dates with day and month in figures"),
    "text": Message("texts"),
}


def _role(role: str) -> Message | str:
    return COLUMNS.get(role, role)


def _percent(share: float) -> int:
    return round(100 * share)


def _most(kinds: Mapping[str, float]) -> str:
    return max(kinds, key=lambda kind: kinds[kind], default="text")


def _distance(one: Mapping[str, float], two: Mapping[str, float]) -> float:
    """Total variation between two sets of shares: 0 the same, 1 nothing in common."""
    if not one or not two:
        return 0.0
    return sum(abs(one.get(key, 0.0) - two.get(key, 0.0)) for key in {*one, *two}) / 2


def status_changes(stored: Sequence[str], staged: Sequence[str]) -> dict[tuple[str, str], int]:
    """Alerts by (status in the store, status in the file), where these differ.

    Parquet files with the columns incident_id and status. Compared are incidents that have one alert here and
    one there; for incidents of several alerts nobody knows which is which. To be asked before the import is written.
    """
    if not stored or not staged:
        return {}
    with bounded_duckdb(Path(staged[0]).parent) as connection:
        rows = connection.execute(
            """
            WITH was AS (SELECT incident_id, min(status) AS status FROM read_parquet($stored)
                         WHERE incident_id IS NOT NULL GROUP BY ALL HAVING count(*) = 1),
                 now AS (SELECT incident_id, min(status) AS status FROM read_parquet($staged)
                         WHERE incident_id IS NOT NULL GROUP BY ALL HAVING count(*) = 1)
            SELECT was.status, now.status, count(*) FROM was JOIN now USING (incident_id)
            WHERE was.status <> now.status GROUP BY ALL
            """,
            {"stored": list(stored), "staged": list(staged)},
        ).fetchall()
    return {(was, now): int(n) for was, now, n in rows}


def gone_of(stored: Sequence[str], staged: Sequence[str], sources: Sequence[str], before: Mapping[str, Any]) -> Gone:
    """Incidents that the store holds from the period of both exports and the new file does not.

    Told only where the file can be expected to hold them: both exports give ids, their periods overlap, and the file
    holds at least half of what is known from the overlap (else it is an export of changes or of a part).

    Parameters
    ----------
    stored, staged : sequences of paths
        Parquet files with the columns incident_id, source and local_date.
    sources : sequence of str
        The sources of the two exports, as the column `source` has them.
    before : mapping
        The signature of the earlier export, with its first and last day.
    """
    span = [dt.date.fromisoformat(before[name]) if before.get(name) else None for name in ("first", "last")]
    if not stored or not staged or None in span:
        return Gone(why_not=Message("Whether alerts are gone cannot be told: the period of one export is not known."))
    with bounded_duckdb(Path(staged[0]).parent) as connection:
        first, last, named, n = connection.execute(
            "SELECT min(local_date), max(local_date), count(incident_id), count(*) FROM read_parquet($staged)",
            {"staged": list(staged)},
        ).fetchone() or (None, None, 0, 0)
        if not n or named < n:
            return Gone(why_not=Message("Whether alerts are gone cannot be told: not every row has an id."))
        first, last = max(first, span[0]), min(last, span[1])
        if first > last:
            return Gone(why_not=Message("No alert can be missed: the two exports share no day."))
        of, gone = connection.execute(
            """
            SELECT count(*), count(*) FILTER (WHERE incident_id NOT IN (
                SELECT incident_id FROM read_parquet($staged) WHERE incident_id IS NOT NULL))
            FROM (SELECT incident_id FROM read_parquet($stored)
                  WHERE list_contains($sources, source) AND incident_id IS NOT NULL GROUP BY incident_id
                  HAVING min(local_date) >= $first AND max(local_date) <= $last)
            """,
            {"stored": list(stored), "staged": list(staged), "sources": list(sources), "first": first, "last": last},
        ).fetchone() or (0, 0)
    if of and gone > PARTIAL * of:
        values = {"gone": int(gone), "of": int(of), "first": first, "last": last}
        told = Message(
            "{gone} of the {of} alerts known from {first} to {last} are not in the file: it is taken for an export of "
            "a part, and none is counted as gone.",
            values,
        )
        return Gone(0, int(of), first, last, told)
    return Gone(int(gone), int(of), first, last)
