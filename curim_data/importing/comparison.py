"""What changed since the previous export of the same source: columns, statuses, alerts that are missing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from curim_data.formats import GUESSED
from curim_data.importing.mapping import FORMAT as MAPPED
from curim_data.importing.mapping import ColumnSignature, Signature
from curim_data.model import Choice, Message, Question, Translator, status_label
from curim_data.quality.study import COLUMNS
from curim_data.store import Batch, Store
from curim_data.store.writing import ALERT_IDS, StagedResult, bounded_duckdb


def normalised_label(label: str) -> str:
    """Normalise white space and letter case of a heading, for comparison."""
    return re.sub(r"\s+", " ", label).strip().casefold()


# Formats that say nothing of where an export comes from.
OPEN_FORMATS: Final = frozenset({GUESSED, MAPPED})
# Headers so alike are of the same export.
SAME_HEADER: Final = 0.5
# Columns that the download of the quarantined rows has in addition to those of the file.
QUARANTINE_LABELS: Final = frozenset(normalised_label(label) for label in ("row", "column", "value", "reason", "mend"))


def same_source(one: Signature, two: Signature) -> bool:
    """Whether two files come from one source, by their signatures (`signature_of`).

    A named format is one source. Other tables are where they were read by a mapping of the same name, or where the
    column of the ids is called the same and at least half of all headings are shared. Rows that were mended and come
    back have fewer headings than their file.
    """
    formats = {str(one.get("format")), str(two.get("format"))}
    if not formats & OPEN_FORMATS:
        return len(formats) == 1
    if one.get("mapping") and one.get("mapping") == two.get("mapping"):
        return True
    a, b = headings_of(one), headings_of(two)
    if not a or not b or _id_heading(one) != _id_heading(two):
        return False
    return len(a & b) >= SAME_HEADER * (
        min(len(a), len(b)) if any(is_quarantine_download(signature) for signature in (one, two)) else len(a | b)
    )


def is_quarantine_download(signature: Signature) -> bool:
    """Whether a file is the download of quarantined rows, by the columns that it adds."""
    return QUARANTINE_LABELS.issubset(normalised_label(label) for label in signature.get("labels", ()))


def headings_of(signature: Signature) -> frozenset[str]:
    """The headings of a file, those of a download of quarantined rows without what it adds."""
    found = frozenset(normalised_label(label) for label in signature.get("labels", ()))
    return found - QUARANTINE_LABELS if found >= QUARANTINE_LABELS else found


def _id_heading(signature: Signature) -> str:
    """How the column of the ids is called; empty where there is none."""
    columns: Mapping[str, Any] = signature.get("columns", {})
    return normalised_label(next((label for label, column in columns.items() if column.get("role") == "alert_id"), ""))


# A column has changed its meaning when so much of it differs.
EMPTIER: Final = 0.3
OTHER_CONTENT: Final = 0.5
FAR_DEGREES: Final = 1.0
FAR_METRES: Final = 50_000.0
LEAST_ROWS: Final = 20
# From such a share of missing alerts on a file is taken for a partial one.
PARTIAL: Final = 0.5
LISTED: Final = 20


@dataclass(frozen=True)
class MissingAlerts:
    """Stored alerts of the period that both exports cover which the new one lacks. They stay in the store.

    `n` of the `of` stored incidents between `first` and `last`, with the ids of their alerts (a table of alert_id);
    `why_not` says why they cannot be counted (n is 0). Rejected ones are not missed.
    """

    n: int = 0
    of: int = 0
    first: dt.date | None = None
    last: dt.date | None = None
    why_not: Message | None = None
    ids: pa.Table | None = None


KEEP: Final = "keep"
_OLDER: Final = Message(
    "{name} ends on {last}, earlier than a file that was imported before. Alerts which that one brought up to date and "
    "this one would change back: {n}. Which holds?"
)
_OLDER_CHOICES: Final = (
    Choice(KEEP, Message("What is stored, from the file that ends later")),
    Choice("replace", Message("What this file says")),
)
_GONE: Final = Message(
    "{n} of {of} alerts of {first} to {last} that are stored are no longer in {name}. Were they withdrawn?"
)
_GONE_CHOICES: Final = (
    Choice(KEEP, Message("Keep them as they are")),
    Choice("withdrawn", Message("They were withdrawn: count them as rejected")),
)


@dataclass(frozen=True)
class ExportChanges:
    """What is different from the previous export; both with their counts.

    `statuses`: alerts by (status before, status now); `appeared`, `vanished`: headings; `altered`: columns of the same
    heading with other content, and how it differs; `older`: rows that would give an alert back what it said before a
    file that ends later.
    """

    before: Batch | None
    now: Batch
    statuses: Mapping[tuple[str, str], int] = field(default_factory=dict)
    missing: MissingAlerts = field(default_factory=MissingAlerts)
    appeared: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    altered: Mapping[str, Message] = field(default_factory=dict)
    older: int = 0

    def questions(self, name: str) -> Iterator[Question]:
        """Whether an older file takes corrections back, and what became of alerts that a newer one lacks."""
        last = self.now.signature.get("last")
        if self.older:
            values = {"name": name, "last": dt.date.fromisoformat(str(last)), "n": self.older}
            yield Question("older", "--older", Message(_OLDER.text, values), _OLDER_CHOICES, KEEP)
        if (gone := self.missing).n:
            values = {"name": name, "n": gone.n, "of": gone.of, "first": gone.first, "last": gone.last}
            yield Question("gone", "--gone", Message(_GONE.text, values), _GONE_CHOICES, KEEP)

    @property
    def columns_changed(self) -> bool:
        """Whether any column appeared, vanished or changed its meaning."""
        return bool(self.appeared or self.vanished or self.altered)

    def sentences(self, t: Translator) -> list[str]:
        """Say what changed, one sentence a subject; columns first, since they may invalidate the rest."""
        if self.before is None:
            return [t("No previous export with these columns is known: there is nothing to compare with.")]
        now = {"new": self.now.accepted, "updated": self.now.updated, "known": self.now.duplicate}
        statuses = sorted(self.statuses.items(), key=lambda pair: -pair[1])
        said = [
            t("Compared with {file} of {when}:", file=self.before.file_name, when=self.before.when.date()),
            t("New columns: {columns}.", columns=_quoted(t, self.appeared)) if self.appeared else "",
            t("Removed columns: {columns}.", columns=_quoted(t, self.vanished)) if self.vanished else "",
            *(t("Column “{column}”: {why}", column=column, why=why) for column, why in self.altered.items()),
            "" if self.columns_changed else t("The columns are the same, and so is the kind of their content."),
            t("New alerts: {new}; updated: {updated}; unchanged: {known}.", **now),
            *(
                t("{was} → {now}: {n}", was=status_label(t, was), now=status_label(t, now), n=n)
                for (was, now), n in statuses
            ),
            self._missing_sentence(t),
        ]
        return list(filter(None, said))

    def _missing_sentence(self, t: Translator) -> str:
        missing = self.missing
        if missing.why_not is not None:
            return t(missing.why_not)
        if self.now.withdrawn:
            return t.n(
                "{n} alert that is no longer in the export counts as rejected.",
                "{n} alerts that are no longer in the export count as rejected.",
                self.now.withdrawn,
            )
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
    rest, names = len(labels) - LISTED, [t("“{name}”", name=label) for label in labels[:LISTED]]
    more = t.n("{names} and {n} more", "{names} and {n} more", rest, names=", ".join(names))
    return more if rest > 0 else t.join(names)


def previous_export(batches: Sequence[Batch], signature: Signature) -> Batch | None:
    """Find the latest import that was not undone, of the same format and with mostly the same header.

    An export whose columns a person has mapped since is still the same export. Quarantined rows that are uploaded
    again after a fix are no export: they are compared with none, and none with them.
    """
    if is_quarantine_download(signature):
        return None
    labels = set(signature.get("labels", ()))
    for batch in sorted(batches, key=lambda one: one.when, reverse=True):
        before, formats = set(batch.signature.get("labels", ())), {batch.format, str(signature.get("format"))}
        same = len(formats) == 1 or not formats.isdisjoint(OPEN_FORMATS)
        alike = len(before & labels) >= SAME_HEADER * len(before | labels) > 0
        if not batch.undone and same and alike and not is_quarantine_download(batch.signature):
            return batch
    return None


def compare(
    before: Batch | None,
    now: Batch,
    statuses: Mapping[tuple[str, str], int] | None = None,
    missing: MissingAlerts | None = None,
) -> ExportChanges:
    """Assemble the changes.

    Parameters
    ----------
    before : Batch or None
        As `previous_export` finds it.
    now : Batch
        The new one, with its counts and signature.
    statuses, missing
        As `status_changes` and `missing_alerts` return them.
    """
    if before is None:
        return ExportChanges(None, now)
    old, new = ({normalised_label(label): label for label in one.signature.get("labels", ())} for one in (before, now))
    return ExportChanges(
        before,
        now,
        statuses=dict(statuses or {}),
        missing=missing or MissingAlerts(),
        appeared=tuple(label for key, label in new.items() if key not in old),
        vanished=tuple(label for key, label in old.items() if key not in new),
        altered=altered_columns(before.signature, now.signature),
    )


def altered_columns(old: Signature, new: Signature) -> dict[str, Message]:
    """Find columns of the same heading whose role, missing values, kind, values or median changed strongly, and how."""
    if min(old.get("rows", 0), new.get("rows", 0)) < LEAST_ROWS:
        return {}
    was = {normalised_label(label): column for label, column in old.get("columns", {}).items()}
    both = {
        label: (was[normalised_label(label)], now)
        for label, now in new.get("columns", {}).items()
        if normalised_label(label) in was
    }
    return {label: why for label, pair in both.items() if (why := _difference(*pair)) is not None}


def _difference(before: ColumnSignature, now: ColumnSignature) -> Message | None:
    if before["role"] != now["role"]:
        return Message(
            "it was read as “{before}” and is now read as “{now}”.",
            {name: COLUMNS.get(one["role"], one["role"]) for name, one in (("before", before), ("now", now))},
        )
    if abs(before["empty"] - now["empty"]) >= EMPTIER:
        return Message(
            "empty in {before} % of the rows before, now in {now} %.",
            {"before": round(100 * before["empty"]), "now": round(100 * now["empty"])},
        )
    if now["empty"] == 1 or before["empty"] == 1:
        return None
    if _total_variation(before["kinds"], now["kinds"]) >= OTHER_CONTENT:
        return Message(
            "it held mostly {before}, now mostly {now}.",
            {
                name: KIND_WORDS[max(one["kinds"], key=one["kinds"].get, default="text")]
                for name, one in (("before", before), ("now", now))
            },
        )
    far = FAR_DEGREES if now["role"] in ("latitude", "longitude") else FAR_METRES
    middles = {"before": before.get("middle", np.nan), "now": now.get("middle", np.nan)}
    if abs(middles["before"] - middles["now"]) > far:
        return Message("half of its numbers were below {before}, now below {now}.", middles)
    known, values = before.get("values", {}), now.get("values", {})
    strange = ", ".join([f"“{value}”" for value in values if value not in known][:5])
    if strange and _total_variation(known, values) >= OTHER_CONTENT:
        return Message("it holds other values than before, such as {values}.", {"values": strange})
    return None


KIND_WORDS: Final = {
    "whole": Message("whole numbers"),
    "decimal": Message("decimal numbers"),
    "iso": Message("ISO dates"),
    "date": Message("dates with day and month as numbers"),
    "text": Message("texts"),
}


def _total_variation(one: Mapping[str, float], two: Mapping[str, float]) -> float:
    """Total variation distance between two sets of shares: 0 the same, 1 nothing in common."""
    if not one or not two:
        return 0.0
    return sum(abs(one.get(key, 0.0) - two.get(key, 0.0)) for key in {*one, *two}) / 2


# What is stored of incidents of the file, each with one alert there and here.
_STATUSES: Final = """
WITH known AS (SELECT incident_id, status FROM read_parquet($stored) AS old
               SEMI JOIN read_parquet($staged) AS new USING (incident_id)),
     other AS (SELECT DISTINCT incident_id FROM known
               ANTI JOIN read_parquet($staged) AS new USING (incident_id, status)),
     was AS (SELECT incident_id, min(status) AS status FROM known
             SEMI JOIN other USING (incident_id) GROUP BY ALL HAVING count(*) = 1),
     now AS (SELECT incident_id, min(status) AS status FROM read_parquet($staged) AS new
             SEMI JOIN other USING (incident_id) GROUP BY ALL HAVING count(*) = 1)
SELECT was.status, now.status, count(*) FROM was JOIN now USING (incident_id)
WHERE was.status <> now.status GROUP BY ALL"""


def status_changes(
    engine: duckdb.DuckDBPyConnection, stored: Sequence[str], staged: Sequence[str]
) -> dict[tuple[str, str], int]:
    """Count alerts by (status in the store, status in the file), where these differ.

    Parquet files with the columns incident_id and status. Only incidents with one alert in each are compared, since
    several alerts of an incident cannot be distinguished. Call it before the import is written.
    """
    if not stored or not staged:
        return {}
    return {
        (was, now): int(n)
        for was, now, n in engine.execute(_STATUSES, {"stored": list(stored), "staged": list(staged)}).fetchall()
    }


# Incidents of a source that the store holds from a period, and those of them that the file lacks.
_MISSING: Final = """
SELECT incident_id IN (SELECT incident_id FROM read_parquet($staged) WHERE incident_id IS NOT NULL) AS there, alerts
FROM (SELECT incident_id, list(alert_id) AS alerts FROM read_parquet($stored)
      WHERE list_contains($sources, source) AND incident_id IS NOT NULL AND status <> 'rejected'
          AND NOT list_contains(CAST($others AS VARCHAR[]), batch_id)
      GROUP BY incident_id HAVING min(local_date) >= $first AND max(local_date) <= $last)"""


_NOT_COUNTED: Final = Message(
    "Missing alerts cannot be counted: that takes an id in every row, and two exports with days in common."
)


def missing_alerts(
    engine: duckdb.DuckDBPyConnection,
    stored: Sequence[str],
    staged: Sequence[str],
    sources: Sequence[str],
    before: Mapping[str, Any],
    others: Sequence[str] = (),
    now: Mapping[str, Any] | None = None,
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
    now : mapping, optional
        The signature of the new export, whose first and last day may be those that a person gave.
    """
    if not (stored and staged and before.get("first") and before.get("last")):
        return MissingAlerts(why_not=_NOT_COUNTED)
    first, last, named, n = engine.execute(
        "SELECT min(local_date), max(local_date), count(incident_id), count(*) FROM read_parquet($staged)",
        {"staged": list(staged)},
    ).fetchone() or (None, None, 0, 0)
    if not n or named < n:
        return MissingAlerts(why_not=_NOT_COUNTED)
    own = [dt.date.fromisoformat(now[name]) if now and now.get(name) else None for name in ("first", "last")]
    first = max(own[0] or first, dt.date.fromisoformat(before["first"]))
    last = min(own[1] or last, dt.date.fromisoformat(before["last"]))
    if first > last:
        return MissingAlerts(why_not=_NOT_COUNTED)
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE overlap AS {_MISSING}",
        {
            "stored": list(stored),
            "staged": list(staged),
            "sources": list(sources),
            "others": list(others),
            "first": first,
            "last": last,
        },
    )
    [(of, missing)] = engine.execute("SELECT count(*), count(*) FILTER (NOT there) FROM overlap").fetchall()
    if of and missing > PARTIAL * of:
        return MissingAlerts(
            0,
            int(of),
            first,
            last,
            Message(
                "{gone} of the {of} alerts known from {first} to {last} are not in the file: it is treated as a "
                "partial export, and none is counted as missing.",
                {"gone": int(missing), "of": int(of), "first": first, "last": last},
            ),
        )
    ids = engine.execute("SELECT unnest(alerts) AS alert_id FROM overlap WHERE NOT there").to_arrow_table()
    return MissingAlerts(int(missing), int(of), first, last, ids=ids.cast(ALERT_IDS))


# The first day after those of the file of which some imports brought alerts that it lacks.
_LACKING: Final = """
SELECT min(local_date) FROM read_parquet($stored)
WHERE list_contains($batches, batch_id) AND incident_id IS NOT NULL
    AND local_date > (SELECT greatest(max(local_date), CAST($last AS DATE)) FROM read_parquet($staged))
    AND incident_id NOT IN (SELECT incident_id FROM read_parquet($staged) WHERE incident_id IS NOT NULL)"""


def newer_imports(store: Store, now: Batch, staged: Sequence[Path]) -> tuple[str, ...]:
    """The imports from the same source which go on, after the last day of an import, with alerts that it lacks,
    but for those of its file. `staged`: the Parquet files of its alerts.
    """
    others = (one for one in store.batches() if not one.undone and one.sha256 != now.sha256)
    alike = {one.id: one.signature for one in others if same_source(one.signature, now.signature)}
    if not alike or not staged or not (stored := store.files()):
        return ()
    parts, last = [str(path) for path in staged], now.signature.get("last")
    given = {"stored": stored, "staged": parts, "batches": list(alike), "last": last}
    with bounded_duckdb(staged[0].parent) as engine:
        [(lacking,)] = engine.execute(_LACKING, given).fetchall()
    return tuple(name for name, one in alike.items() if lacking and str(one.get("last") or "") >= f"{lacking}")


def compare_with_previous(store: Store, found: StagedResult, *, older: bool = False) -> ExportChanges:
    """Find the previous export of the same kind and compare the staged alerts with the stored ones.

    Parameters
    ----------
    store : Store
        As it is before the import.
    found : StagedResult
        What became of the staged alerts, and the stored ones with which they were matched. Where each says what a
        stored one does, no status differs: it is part of their content. Nor does one where the store holds none of
        their incidents.
    older : bool
        Whether there are `newer_imports`: what an older file lacks may have come after it, and nothing is missing.
    """
    batches, staged, signature = store.batches(), found.staging.paths, found.batch.signature
    before = previous_export(batches, signature)
    if before is None:
        return replace(compare(None, found.batch), older=found.held)
    stored, new = found.stored, [str(path) for path in staged]
    sources = sorted({before.format, str(signature["format"])})
    others = [batch.id for batch in batches if not same_source(batch.signature, signature)]
    with bounded_duckdb(staged[0].parent) as engine:
        missing = None if older else missing_alerts(engine, stored, new, sources, before.signature, others, signature)
        statuses = status_changes(engine, stored, new) if found.batch.updated and not found.held else {}
        return replace(compare(before, found.batch, statuses, missing), older=found.held)
