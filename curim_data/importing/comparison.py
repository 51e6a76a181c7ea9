"""Compare an export with the previous one of its kind: new, updated and missing alerts, and changed columns.

An export is known by its signature: column statistics in a few hundred values. No free text and nothing personal: of
columns without a role only the heading is kept (its number, where it cannot be the name of a column: a file may lack
its header), values only of the categorical columns, and of these only what can be a name and occurs at least five
times.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.containers.base import ArrowText
from curim_data.formats import GUESSED
from curim_data.formats.base import Layout, is_name
from curim_data.importing.columns import in_one_piece, trimmed
from curim_data.importing.mapping import FORMAT as MAPPED
from curim_data.importing.profiling import FileProfile
from curim_data.model import Message, Translator
from curim_data.model import labels as words
from curim_data.quality.study import COLUMNS
from curim_data.store import Batch, Store
from curim_data.store.writing import StagedResult, bounded_duckdb

Signature: TypeAlias = Mapping[str, Any]  # plain values, as JSON holds them
ColumnSignature: TypeAlias = Mapping[str, Any]

VERSION: Final = 1
LISTED_ROLES: Final = frozenset(
    {"kind", "category", "more_categories", "severity", "feeling", "reporter_gender", "affected_gender", "age_band"}
    | {"status"}
)
MEASURED_ROLES: Final = frozenset({"latitude", "longitude", "x", "y"})
MOST_VALUES: Final = 40
LEAST_ALIKE: Final = 5
MOST_COLUMNS: Final = 400
MOST_LABEL: Final = 60
KINDS: Final[Mapping[str, str]] = {
    "whole": r"^[+-]?\d+$",
    "decimal": r"^[+-]?\d+[.,]\d+$",
    "iso": r"^\d{4}-\d{1,2}(?:-\d{1,2}.*)?$",
    "date": r"^\d{1,2} ?[/.\-] ?\d{1,2} ?[/.\-] ?\d{2,4}.*$",
    "text": "",
}


def signature_of(
    labels: Sequence[str],
    layout: Layout,
    profile: FileProfile | None = None,
    first: dt.date | None = None,
    last: dt.date | None = None,
) -> Signature:
    """The signature of a file as plain values, its columns described from the sample of its profile.

    `labels`: the header; `layout`: which columns give which role; `first` and `last`: the days of the file's alerts.
    """
    named, sample = signature_labels(labels), None if profile is None else profile.sample[0]
    columns: dict[str, Any] = {}
    for role, parts in layout.roles.items():
        for part in parts:
            columns.setdefault(named[part.place], _described(role, None if sample is None else sample[part.place]))
    return {
        "version": VERSION,
        "format": layout.format,
        "rows": 0 if profile is None else profile.rows,
        "labels": named[:MOST_COLUMNS],
        "columns": columns,
        "first": first.isoformat() if first else None,
        "last": last.isoformat() if last else None,
    }


def _described(role: str, column: ArrowText | None) -> ColumnSignature:
    """Role, share of empty cells, shares of the kinds of texts, of the values and the median of some columns."""
    texts = trimmed(pa.array([], pa.large_string()) if column is None else in_one_piece(column))
    filled = texts.filter(pc.not_equal(texts, ""))
    counted = pc.value_counts(filled)  # each value once
    rest, times = counted.field("values"), counted.field("counts")
    values, given = Counter(dict(zip(rest.to_pylist(), times.to_pylist(), strict=True))), max(len(filled), 1)
    kinds = {}
    for kind, pattern in KINDS.items():
        matched = pc.match_substring_regex(rest, pattern)
        if n := pc.sum(times.filter(matched)).as_py():
            kinds[kind] = round(n / given, 4)
        rest, times = (one.filter(pc.invert(matched)) for one in (rest, times))
    described = {"role": role, "empty": round(1 - len(filled) / max(len(texts), 1), 4), "kinds": kinds}
    if role in LISTED_ROLES:
        some = [(value, n) for value, n in values.most_common() if n >= LEAST_ALIKE and is_name(value)]
        described["values"] = {value: round(n / given, 4) for value, n in some[:MOST_VALUES]}
    if role in MEASURED_ROLES:
        points = pc.replace_substring(filled, ",", ".")
        numbers = points.filter(pc.match_substring_regex(points, r"^[+-]?\d+([.]\d+)?$")).cast(pa.float64())
        if len(numbers):
            described["middle"] = round(float(np.median(numbers.to_numpy())), 1)
    return described


def signature_labels(labels: Sequence[str]) -> list[str]:
    """The headings as a signature keeps them: cut off, and by their number where they may be no names."""
    return [label[:MOST_LABEL] if is_name(label[:MOST_LABEL]) else f"#{at}" for at, label in enumerate(labels, 1)]


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
    a, b = _headings(one), _headings(two)
    if not a or not b or _id_heading(one) != _id_heading(two):
        return False
    mended = any(is_quarantine_download(signature) for signature in (one, two))
    return len(a & b) >= SAME_HEADER * (min(len(a), len(b)) if mended else len(a | b))


def is_quarantine_download(signature: Signature) -> bool:
    """Whether a file is the download of quarantined rows, by the columns that it adds."""
    return QUARANTINE_LABELS.issubset(normalised_label(label) for label in signature.get("labels", ()))


def source_code(signature: Signature) -> str:
    """Four hex digits that stand for the headings of a source."""
    return hashlib.sha256("\0".join(sorted(_headings(signature))).encode()).hexdigest()[:4]


def _headings(signature: Signature) -> frozenset[str]:
    found = frozenset(normalised_label(label) for label in signature.get("labels", ()))
    return found - QUARANTINE_LABELS if found >= QUARANTINE_LABELS else found


def _id_heading(signature: Signature) -> str:
    """How the column of the ids is called; empty where there is none."""
    columns: Mapping[str, Any] = signature.get("columns", {})
    found = (label for label, column in columns.items() if column.get("role") == "alert_id")
    return normalised_label(next(found, ""))


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
    heading with other content, and how it differs.
    """

    before: Batch | None
    new: int = 0
    updated: int = 0
    known: int = 0
    statuses: Mapping[tuple[str, str], int] = field(default_factory=dict)
    missing: MissingAlerts = field(default_factory=MissingAlerts)
    appeared: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    altered: Mapping[str, Message] = field(default_factory=dict)

    @property
    def columns_changed(self) -> bool:
        """Whether any column appeared, vanished or changed its meaning."""
        return bool(self.appeared or self.vanished or self.altered)

    def sentences(self, t: Translator) -> list[str]:
        """Say what changed, one sentence a subject; columns first, since they may invalidate the rest."""
        if self.before is None:
            return [t("No previous export with these columns is known: there is nothing to compare with.")]
        sentences = [t("Compared with {file} of {when}:", file=self.before.file_name, when=self.before.when.date())]
        if self.appeared:
            sentences.append(t("New columns: {columns}.", columns=_quoted(t, self.appeared)))
        if self.vanished:
            sentences.append(t("Removed columns: {columns}.", columns=_quoted(t, self.vanished)))
        sentences += [t("Column “{column}”: {why}", column=column, why=why) for column, why in self.altered.items()]
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
        sentences += [
            t("{was} → {now}: {n}", was=words.status_label(t, was), now=words.status_label(t, now), n=n)
            for (was, now), n in sorted(self.statuses.items(), key=lambda pair: -pair[1])
        ]
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
    counted = ExportChanges(before, now.accepted, now.updated, now.duplicate)
    if before is None:
        return counted
    old, new = ({normalised_label(label): label for label in one.signature.get("labels", ())} for one in (before, now))
    return replace(
        counted,
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
        roles = {name: COLUMNS.get(one["role"], one["role"]) for name, one in (("before", before), ("now", now))}
        return Message("it was read as “{before}” and is now read as “{now}”.", roles)
    if abs(before["empty"] - now["empty"]) >= EMPTIER:
        empty = {"before": round(100 * before["empty"]), "now": round(100 * now["empty"])}
        return Message("empty in {before} % of the rows before, now in {now} %.", empty)
    if now["empty"] == 1 or before["empty"] == 1:
        return None
    if _total_variation(before["kinds"], now["kinds"]) >= OTHER_KIND:
        kinds = {
            name: KIND_WORDS[max(one["kinds"], key=one["kinds"].get, default="text")]
            for name, one in (("before", before), ("now", now))
        }
        return Message("it held mostly {before}, now mostly {now}.", kinds)
    far = FAR_DEGREES if now["role"] in ("latitude", "longitude") else FAR_METRES
    middles = {"before": before.get("middle", np.nan), "now": now.get("middle", np.nan)}
    if abs(middles["before"] - middles["now"]) > far:
        return Message("half of its numbers were below {before}, now below {now}.", middles)
    known, values = before.get("values", {}), now.get("values", {})
    strange = ", ".join([f"“{value}”" for value in values if value not in known][:5])
    if strange and _total_variation(known, values) >= OTHER_VALUES:
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
    rows = engine.execute(_STATUSES, {"stored": list(stored), "staged": list(staged)}).fetchall()
    return {(was, now): int(n) for was, now, n in rows}


# Incidents of a source that the store holds from a period, and those of them that the file lacks.
_MISSING: Final = """
SELECT count(*), count(*) FILTER (WHERE incident_id NOT IN (
    SELECT incident_id FROM read_parquet($staged) WHERE incident_id IS NOT NULL))
FROM (SELECT incident_id FROM read_parquet($stored)
      WHERE list_contains($sources, source) AND incident_id IS NOT NULL
          AND NOT list_contains(CAST($others AS VARCHAR[]), batch_id)
      GROUP BY incident_id HAVING min(local_date) >= $first AND max(local_date) <= $last)"""


def missing_alerts(
    engine: duckdb.DuckDBPyConnection,
    stored: Sequence[str],
    staged: Sequence[str],
    sources: Sequence[str],
    before: Mapping[str, Any],
    others: Sequence[str] = (),
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
    """
    span = [dt.date.fromisoformat(before[name]) if before.get(name) else None for name in ("first", "last")]
    if not stored or not staged or None in span:
        return MissingAlerts(
            why_not=Message("Missing alerts cannot be counted: the period of one export is not known.")
        )
    counted = engine.execute(
        "SELECT min(local_date), max(local_date), count(incident_id), count(*) FROM read_parquet($staged)",
        {"staged": list(staged)},
    ).fetchone()
    first, last, named, n = counted or (None, None, 0, 0)
    if not n or named < n:
        return MissingAlerts(why_not=Message("Missing alerts cannot be counted: not every row has an id."))
    first, last = max(first, span[0]), min(last, span[1])
    if first > last:
        return MissingAlerts(
            why_not=Message("Missing alerts cannot be counted: the two exports have no day in common.")
        )
    given = {"stored": list(stored), "staged": list(staged), "sources": list(sources), "others": list(others)}
    of, missing = engine.execute(_MISSING, {**given, "first": first, "last": last}).fetchone() or (0, 0)
    if of and missing > PARTIAL * of:
        values = {"gone": int(missing), "of": int(of), "first": first, "last": last}
        partial = Message(
            "{gone} of the {of} alerts known from {first} to {last} are not in the file: it is treated as a "
            "partial export, and none is counted as missing.",
            values,
        )
        return MissingAlerts(0, int(of), first, last, partial)
    return MissingAlerts(int(missing), int(of), first, last)


def compare_with_previous(store: Store, found: StagedResult) -> ExportChanges:
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
        return compare(None, found.batch)
    stored, new = found.stored, [str(path) for path in staged]
    sources = sorted({before.format, str(signature["format"])})
    others = [batch.id for batch in batches if not same_source(batch.signature, signature)]
    with bounded_duckdb(staged[0].parent) as engine:
        missing = missing_alerts(engine, stored, new, sources, before.signature, others)
        statuses = status_changes(engine, stored, new) if found.batch.updated else {}
        return compare(before, found.batch, statuses, missing)
