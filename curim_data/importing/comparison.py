"""What the store knows of the alerts of a file: what changed since the previous export, and whose its ids are.

Two systems that number from 1, or one that begins again with 1 each month, give the same ids to different alerts, and
the second file would overwrite the first. So ids are scoped by their source (`same_source`), and an update
is believed only where date or place of most updated alerts stay what they were (`Evidence`). Alerts that are others get
a prefix before their ids (`open311:17`, `2025-06:17`), which the record of the import keeps: the file of that month,
sent again with corrections, is recognised by dates and places and finds its prefix. Where the evidence is not clear, a
person is asked, and nothing is changed until then.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.containers.base import ArrowText
from curim_data.formats import GUESSED
from curim_data.formats.base import Layout
from curim_data.importing.columns import RoleColumns
from curim_data.importing.decisions import Decisions
from curim_data.importing.mapping import FORMAT as MAPPED
from curim_data.importing.mapping import ColumnSignature, Signature, signature_of
from curim_data.importing.profiling import FileProfile
from curim_data.importing.rows import parse_rows
from curim_data.model import Answers, Block, Choice, CityProfile, Message, Question, Translator, status_label
from curim_data.quality.study import COLUMNS
from curim_data.store import Batch, Store
from curim_data.store.writing import StagedResult, bounded_duckdb


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
    return len(a & b) >= SAME_HEADER * (
        min(len(a), len(b)) if any(is_quarantine_download(signature) for signature in (one, two)) else len(a | b)
    )


def is_quarantine_download(signature: Signature) -> bool:
    """Whether a file is the download of quarantined rows, by the columns that it adds."""
    return QUARANTINE_LABELS.issubset(normalised_label(label) for label in signature.get("labels", ()))


def _headings(signature: Signature) -> frozenset[str]:
    found = frozenset(normalised_label(label) for label in signature.get("labels", ()))
    return found - QUARANTINE_LABELS if found >= QUARANTINE_LABELS else found


def _id_heading(signature: Signature) -> str:
    """How the column of the ids is called; empty where there is none."""
    columns: Mapping[str, Any] = signature.get("columns", {})
    return normalised_label(next((label for label, column in columns.items() if column.get("role") == "alert_id"), ""))


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
    """What is different from the previous export; both with their counts.

    `statuses`: alerts by (status before, status now); `appeared`, `vanished`: headings; `altered`: columns of the same
    heading with other content, and how it differs.
    """

    before: Batch | None
    now: Batch
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
    if _total_variation(before["kinds"], now["kinds"]) >= OTHER_KIND:
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
    return {
        (was, now): int(n)
        for was, now, n in engine.execute(_STATUSES, {"stored": list(stored), "staged": list(staged)}).fetchall()
    }


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
    first, last, named, n = engine.execute(
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
    of, missing = engine.execute(
        _MISSING,
        {
            "stored": list(stored),
            "staged": list(staged),
            "sources": list(sources),
            "others": list(others),
            "first": first,
            "last": last,
        },
    ).fetchone() or (0, 0)
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
        return compare(
            before, found.batch, (status_changes(engine, stored, new) if found.batch.updated else {}), missing
        )


MOVED: Final = 0.25  # an honest file changes date and place of hardly any alert: from such a share on it is doubted
CLEAR: Final = 0.6  # such a share of alerts far apart in time and place are other alerts (of small towns some lie near)
CLEARLY: Final = 0.9
LEAST_IDS: Final = 20
NEAR_M: Final = 150.0
FAR_M: Final = 500.0
FAR_DAYS: Final = 3
PILE: Final = 0.25  # such a share of a file's alerts at one place, and more alerts than so many
LEAST_PILE: Final = 3
MOST_OF_AN_ID: Final = 5  # alerts of one id that are compared with each other
_KEPT: Final = (
    "incident_id", "content_hash", "reported_at", "occurred_from", "time_precision", "category", "longitude",
    "latitude",
)  # fmt: skip


@dataclass(frozen=True)
class Evidence:
    """Known ids of a file and what of their alerts is the same.

    `known`: ids; `changed`: those whose alert is not the same in everything; of these: `dated` and `placed` have the
    same date, the same place; `named` the same time of the day too, or the same category; `located` a place in both;
    `moved`: neither date nor place is the same; `far`: both are far apart. `first`: the first day of the file.
    `examples`: two of those that moved most, the alert in the store beside that of the file. `sampled`: how many rows
    of the file were compared, of its `rows`.
    """

    known: int
    changed: int
    dated: int
    placed: int
    named: int
    located: int
    moved: int
    far: int
    first: dt.date
    examples: tuple[Message, ...]
    sampled: int = 0
    rows: int = 0

    @property
    def many_moved(self) -> bool:
        """Whether a quarter of the changed alerts have another date and another place."""
        return self.moved > MOVED * self.changed

    @property
    def fits(self) -> bool:
        """Whether the known alerts are believed to be those of the file.

        Not where a quarter of the changed ones have another date and another place; nor where hardly any place is the
        same, and many dates or categories are not either: alerts numbered in the order of their dates share many of
        these by chance.
        """
        if self.many_moved:
            return False
        elsewhere = self.located > self.changed / 2 and self.placed < (1 - CLEARLY) * self.located
        return not (elsewhere and self.named < CLEARLY * self.changed)

    @property
    def clearly_same(self) -> bool:
        """Whether dates and places of another source's alerts say that they are the same."""
        dates = self.known - self.changed + self.dated >= CLEARLY * self.known
        return self.known >= LEAST_IDS and dates and self.placed >= CLEARLY * self.located

    def said(self, most: int = 2) -> Message:
        """The examples that moved most, and of how many rows the counts are where a sample was compared."""
        sample = Message("Counted in {n} rows out of {rows}.", {"n": self.sampled, "rows": self.rows})
        parts = [*self.examples[:most], *([sample] if self.sampled != self.rows else [])]
        return reduce(lambda first, second: Message("{first} {second}", {"first": first, "second": second}), parts)


def known_ids(
    profile: FileProfile,
    layout: Layout,
    decisions: Decisions,
    city: CityProfile,
    stored: Sequence[str],
    kin: Sequence[str],
    prefixes: Sequence[str],
) -> Mapping[tuple[str, bool], Evidence]:
    """Compare the sample of a file with the stored alerts of the same ids.

    Parameters
    ----------
    stored : sequence of str
        Parquet files of the stored alerts.
    kin : sequence of str
        Imports (`batch_id`) from the same source.
    prefixes : sequence of str
        What may stand before the ids in the store.

    Returns
    -------
    mapping
        By prefix, and whether the known alerts are of the same source; nothing where no id is known.
    """
    table, numbers = profile.sample
    ids = pc.unique(RoleColumns(table, layout, profile.labels)["alert_id"])
    ids = ids.filter(pc.not_equal(ids, ""))
    with duckdb.connect(":memory:") as engine:
        engine.register("given", pa.table({"id": ids}))
        engine.register("prefixes", pa.table({"prefix": pa.array(list(prefixes), pa.string())}))
        engine.register("kin", pa.table({"batch_id": pa.array(list(kin), pa.string())}))
        engine.execute(_KNOWN, {"stored": list(stored)})
        if not engine.execute("SELECT count(*) FROM known").fetchone()[0]:  # type: ignore[index]
            return {}
        none = np.zeros(len(numbers), bool)
        engine.register(
            "parsed",
            parse_rows(Block(table, numbers, none, none), profile.labels, layout, decisions, city).alerts.select(_KEPT),
        )
        found = _evidence(engine, city)
    return {scope: replace(one, sampled=len(numbers), rows=profile.rows) for scope, one in found.items()}


_KNOWN: Final = f"""
CREATE TABLE known AS
SELECT prefix, id, batch_id IN (SELECT batch_id FROM kin) AS kin, content_hash, reported_at,
    coalesce(occurred_from, reported_at) AS moment, time_precision AS precise, category, longitude, latitude
FROM read_parquet($stored) JOIN (SELECT prefix, id, prefix || id AS incident_id FROM prefixes, given)
USING (incident_id)
QUALIFY row_number() OVER (PARTITION BY prefix, id, kin ORDER BY alert_id) <= {MOST_OF_AN_ID}"""

_FILE: Final = f"""
CREATE TABLE file AS
SELECT incident_id AS id, content_hash, reported_at, coalesce(occurred_from, reported_at) AS moment,
    time_precision AS precise, category, longitude, latitude,
    count(*) OVER (PARTITION BY round(longitude, 3), round(latitude, 3))
        > greatest({LEAST_PILE}, {PILE} * count(longitude) OVER ()) AS piled
FROM parsed WHERE incident_id IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY incident_id ORDER BY reported_at) <= {MOST_OF_AN_ID}"""

# Seconds between two dates count as none where they are whole quarters of an hour within 14 hours (another time zone),
# less than a minute, within a day where one is a day alone, or within a month where one is a month alone. Two months
# are the same or not: those of files that begin with 1 again follow each other. A place that more than a quarter of the
# file's alerts share tells no alert from another, and counts as none.
_COMPARED: Final = f"""
CREATE TABLE compared AS
WITH pairs AS (
    SELECT prefix, kin, id, file.content_hash = known.content_hash AS equal,
        CASE WHEN file.content_hash <> known.content_hash THEN
            list_transform([known.moment - file.moment, known.reported_at - file.reported_at,
                known.moment - file.reported_at, known.reported_at - file.moment], lambda gap: abs(epoch(gap)))
        END AS gaps,
        'month' IN (file.precise, known.precise) AS monthly, 'day' IN (file.precise, known.precise) AS daily,
        file.precise = known.precise AS alike,
        CASE WHEN NOT file.piled THEN 111195 * sqrt((known.latitude - file.latitude) ** 2
            + ((known.longitude - file.longitude) * cos(radians(file.latitude))) ** 2) END AS metres,
        file.moment AS new_moment, known.moment AS old_moment,
        file.category AS new_category, known.category AS old_category,
        file.latitude AS new_latitude, file.longitude AS new_longitude,
        known.latitude AS old_latitude, known.longitude AS old_longitude
    FROM file JOIN known USING (id)
)
SELECT *, CASE WHEN equal THEN true ELSE list_bool_or(list_transform(gaps, lambda gap: CASE
        WHEN monthly AND alike THEN gap < 2 * 86400 WHEN monthly THEN gap <= 31 * 86400 WHEN daily THEN gap < 86400
        ELSE gap < 60 OR (gap <= 14 * 3600 AND gap % 900 = 0) END)) END AS dated,
    equal OR coalesce(metres <= {NEAR_M}, false) AS placed,
    metres IS NOT NULL AS located, NOT monthly AND NOT daily AS timed,
    list_min(gaps) > CASE WHEN monthly THEN 62 ELSE {FAR_DAYS} END * 86400 AND coalesce(metres > {FAR_M}, false) AS far
FROM pairs"""

_COUNTED: Final = """
WITH ids AS (
    SELECT prefix, kin, id, bool_or(equal) AS equal, bool_or(dated) AS dated, bool_or(placed) AS placed,
        bool_or(dated AND (timed OR old_category = new_category)) AS named,
        bool_or(located) AS located, bool_and(far) AS far
    FROM compared GROUP BY ALL
)
SELECT prefix, kin, count(*), count(*) FILTER (NOT equal), count(*) FILTER (NOT equal AND dated),
    count(*) FILTER (NOT equal AND placed), count(*) FILTER (NOT equal AND named),
    count(*) FILTER (NOT equal AND located),
    count(*) FILTER (NOT dated AND NOT placed), count(*) FILTER (far)
FROM ids GROUP BY ALL"""

_EXAMPLES: Final = """
WITH two AS (
    SELECT * FROM compared WHERE prefix = $prefix AND kin = $kin
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY date_trunc('minute', old_moment)) = 1
    ORDER BY dated OR placed, equal, length(id), id LIMIT 2
)
SELECT id,
    concat_ws(', ', strftime(old_moment AT TIME ZONE $zone, '%Y-%m-%d %H:%M'), old_category,
        printf('%.4f, %.4f', old_latitude, old_longitude)) AS old,
    concat_ws(', ', strftime(new_moment AT TIME ZONE $zone, '%Y-%m-%d %H:%M'), new_category,
        printf('%.4f, %.4f', new_latitude, new_longitude)) AS new
FROM two ORDER BY dated OR placed, equal, length(id), id"""


def ids_of_others(stored: Sequence[str], kin: Sequence[str]) -> pa.Array:
    """The stored ids that no import of `kin` gave or changed."""
    with duckdb.connect(":memory:") as engine:
        engine.register("kin", pa.table({"batch_id": pa.array(list(kin), pa.string())}))
        found = engine.execute(
            "SELECT DISTINCT incident_id FROM read_parquet($stored) WHERE incident_id IS NOT NULL "
            "AND batch_id NOT IN (SELECT batch_id FROM kin)",
            {"stored": list(stored)},
        ).to_arrow_table()
    return found["incident_id"].combine_chunks()


def _evidence(engine: duckdb.DuckDBPyConnection, city: CityProfile) -> dict[tuple[str, bool], Evidence]:
    """Count over the tables `known` and `parsed`."""
    engine.execute("SET TimeZone = 'UTC'")
    engine.execute(_FILE)
    engine.execute(_COMPARED)
    (first,) = engine.execute(
        "SELECT CAST(min(moment) AT TIME ZONE $zone AS DATE) FROM file", {"zone": city.timezone}
    ).fetchone() or (None,)
    made = {}
    for prefix, kin, *numbers in engine.execute(_COUNTED).fetchall():
        examples = tuple(
            Message("Id {id}: stored as {old}, in this file {new}.", dict(zip(("id", "old", "new"), row, strict=True)))
            for row in engine.execute(_EXAMPLES, {"prefix": prefix, "kin": kin, "zone": city.timezone}).fetchall()
        )
        fields: list[Any] = [*numbers, first, examples]
        made[str(prefix), bool(kin)] = Evidence(*fields)
    return made


SAME: Final = "same"
OWN: Final = "own"

CHOICES: Final = (
    Choice(SAME, Message("The same alerts: this file brings them up to date")),
    Choice(OWN, Message("Other alerts that happen to have the same ids: both stay")),
)
_MESSAGES: Final = {
    "restarted": Message(
        "{name}: {n} of {of} known alerts that this file would change get another date and another place, as where "
        "numbers begin with 1 again each month. {examples} Are they the same alerts?"
    ),
    "restarted_unplaced": Message(
        "{name}: {n} of {of} known alerts that this file would change get another date, as where numbers begin with 1 "
        "again each month. {examples} Are they the same alerts?"
    ),
    "elsewhere": Message(
        "{name}: {n} of {of} known alerts with coordinates that this file would change get another place, and many "
        "another time or category, as where two registers number alike. {examples} Are they the same alerts?"
    ),
    "few_moved": Message(
        "{n} of {of} known alerts that this file changes get another date and another place. {example} If they are "
        "other alerts, undo this import and say so when the file is imported again."
    ),
    "few_moved_unplaced": Message(
        "{n} of {of} known alerts that this file changes get another date. {example} If they are other alerts, undo "
        "this import and say so when the file is imported again."
    ),
    "other_source": Message(
        "{name}: {n} ids of this file are known from another kind of export ({sources}). {examples} Are they the same "
        "alerts?"
    ),
    "kept_apart": Message(
        "{n} ids of this file are those of other alerts, from {sources}: dates and places differ. These alerts are "
        "kept apart, under ids such as {id}. If they are the same alerts, undo this import and say so when the file "
        "is imported again."
    ),
    "started_again": Message(
        "The numbers of this export begin again with each file, as was answered before: these alerts are kept apart, "
        "under ids such as {id}."
    ),
    "same_alerts": Message(
        "{n} ids of this file are known from {sources}, with the same dates and places: this file brings those alerts "
        "up to date."
    ),
}


@dataclass(frozen=True)
class IdScope:
    """How the ids of a file become those of the store.

    `prefix` stands before them, mostly "". `only`: the ids that alone get it, None for all. `reason`: what a reader
    should know of it.
    """

    prefix: str = ""
    only: pa.Array | None = None
    reason: Message | None = None

    def ids(self, given: ArrowText) -> ArrowText:
        """Put the prefix before the ids that the source gave (null where it gave none)."""
        if not self.prefix:
            return given
        scoped = pc.binary_join_element_wise(pa.scalar(self.prefix, given.type), given, pa.scalar("", given.type))
        if self.only is None:
            return scoped
        return pc.if_else(pc.is_in(given, value_set=self.only.cast(given.type)), scoped, given)


def id_scope(
    profile: FileProfile,
    layout: Layout,
    decisions: Decisions,
    city: CityProfile,
    store: Store,
    answers: Answers,
    name: str,
    mapping: str = "",
) -> IdScope:
    """Decide how the ids of a file become those of the store.

    Parameters
    ----------
    profile : FileProfile
        Its sample, at most 50,000 rows, gives the ids to look for, with their dates and places.
    mapping : str
        Name of the column mapping by which the file is read; empty without one.

    Raises
    ------
    Question
        Where ids are known already, and neither the source nor dates and places say whether of the same alerts.
    """
    files = store.files()
    if "alert_id" not in layout.roles or not files:
        return IdScope()
    chosen = _Choosing(profile, layout, decisions, city, store, files, answers, name, mapping)
    scope = chosen.of_source()
    if scope is not None:
        return scope
    scope = chosen.beside_others()
    return scope if scope.reason is not None else replace(scope, reason=chosen.few_moved)


class _Choosing:
    """What speaks for one scope or another.

    `own`: prefixes of the source, the latest first; `kin`, `others`: imports of the same source, and of others;
    `evidence`: by prefix and whether the known alerts are of the same source.
    """

    def __init__(
        self,
        profile: FileProfile,
        layout: Layout,
        decisions: Decisions,
        city: CityProfile,
        store: Store,
        files: Sequence[str],
        answers: Answers,
        name: str,
        mapping: str,
    ) -> None:
        self.name, self.format, self.answer, self.files = name, layout.format, answers.ids, files
        self.signature: Signature = {**signature_of(profile.labels, layout), "mapping": mapping}
        batches = [batch for batch in store.batches() if not batch.undone]
        self.kin = [batch for batch in batches if same_source(batch.signature, self.signature)]
        self.others = [batch for batch in batches if batch not in self.kin]
        prefixes = dict.fromkeys(["", f"{layout.format}:", *(batch.id_prefix for batch in batches)])
        kin = [batch.id for batch in self.kin]
        self.evidence = known_ids(profile, layout, decisions, city, self.files, kin, list(prefixes))
        own = dict.fromkeys(batch.id_prefix for batch in reversed(self.kin))
        self.own = [*own, *(prefix for prefix in prefixes if prefix not in own and (prefix, True) in self.evidence)]

    def of_source(self) -> IdScope | None:
        """The scope among those of the same source; None where it has none, or where that is the one without prefix.

        The one in which most known alerts stay what they were is taken. Where in none of them they do, the numbers
        began again: that is asked once, and known from then on.
        """
        known = self._known
        if not known:
            return IdScope(self.own[0]) if self.own and self.own[0] else None
        if self.answer == SAME:
            best = max(known, key=lambda prefix: known[prefix].known)
            return IdScope(best) if best else None
        if self._fitting is not None:
            return IdScope(self._fitting, None, self.few_moved) if self._fitting else None
        most = max(known.values(), key=lambda one: one.known)
        if self.answer == OWN or len(self.own) > 1:
            prefix = self._month_prefix(most)
            return IdScope(prefix, None, self._unless_answered("started_again", prefix, most))
        if most.many_moved:
            restarted = _MESSAGES["restarted"] if most.located else _MESSAGES["restarted_unplaced"]
            raise self._question(restarted, most, most.moved, most.changed)
        raise self._question(_MESSAGES["elsewhere"], most, most.located - most.placed, most.located)

    @cached_property
    def _known(self) -> dict[str, Evidence]:
        """What is known of alerts of the same source, by prefix."""
        return {prefix: self.evidence[prefix, True] for prefix in self.own if (prefix, True) in self.evidence}

    @cached_property
    def _fitting(self) -> str | None:
        """The prefix of the source under which most known alerts stay what they were; None where they do in none."""
        fitting = [prefix for prefix, one in self._known.items() if one.fits]
        return max(fitting, key=lambda prefix: self._known[prefix].known - self._known[prefix].moved, default=None)

    @property
    def few_moved(self) -> Message | None:
        """What is said without a question where some alerts of the source get another date and another place."""
        one = self._known.get(self._fitting) if self._fitting is not None else None
        if one is None or self.answer is not None or not one.moved:
            return None
        message = _MESSAGES["few_moved"] if one.located else _MESSAGES["few_moved_unplaced"]
        return Message(message.text, {"n": one.moved, "of": one.changed, "example": one.said(1)})

    def beside_others(self) -> IdScope:
        """The scope without a prefix, unless ids of the file are those of another source's alerts."""
        other = self.evidence.get(("", False))
        if other is None or self.answer == SAME:
            return IdScope()
        values = {"n": other.known, "sources": self._sources()}
        if self.answer is None and other.clearly_same:
            message = _MESSAGES["same_alerts"]
            return IdScope("", None, Message(message.text, values))
        if self.answer == OWN or (other.known >= LEAST_IDS and other.far >= CLEAR * other.known):
            prefix = self._source_prefix()
            only = ids_of_others(self.files, [one.id for one in self.kin]) if self.own else None
            return IdScope(prefix, only, self._unless_answered("kept_apart", prefix, other, **values))
        if self.own and other.fits:
            return IdScope()
        raise self._question(_MESSAGES["other_source"], other, other.known, other.known)

    def _unless_answered(self, name: str, prefix: str, evidence: Evidence, **values: object) -> Message | None:
        """What is said, with an id as an example, where no person decided it."""
        values["id"] = f"{prefix}{evidence.examples[0].values['id']}"
        return Message(_MESSAGES[name].text, values) if self.answer is None else None

    def _question(self, message: Message, evidence: Evidence, n: int, of: int) -> Question:
        return Question(
            "ids",
            "--ids",
            Message(
                message.text,
                {"name": self.name, "n": n, "of": of, "sources": self._sources(), "examples": evidence.said()},
            ),
            CHOICES,
        )

    def _sources(self) -> str:
        """File and format of the latest imports from other sources, at most three."""
        return ", ".join(
            list(dict.fromkeys(f"{batch.format}: {batch.file_name}" for batch in reversed(self.others)))[:3]
        )

    def _source_prefix(self) -> str:
        """What stands before the ids of this source: its format, or a table's four hex digits for its headings."""
        if self.format not in OPEN_FORMATS:
            return f"{self.format}:"
        headings = sorted(_headings(self.kin[0].signature if self.kin else self.signature))
        return f"table-{hashlib.sha256(chr(0).join(headings).encode()).hexdigest()[:4]}:"

    def _month_prefix(self, evidence: Evidence) -> str:
        """What stands before numbers that began again: the first month of the file, with a number where it is taken."""
        base = f"{re.sub(r':$', '/', self.own[-1])}{evidence.first:%Y-%m}"
        taken = {batch.id_prefix for batch in (*self.kin, *self.others)}
        return next(
            one for one in (f"{base}:", *(f"{base}-{n}:" for n in range(2, len(taken) + 3))) if one not in taken
        )
