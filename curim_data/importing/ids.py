"""Whose the ids of a file are: those of alerts that the store knows, or of others that happen to be numbered alike.

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
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.containers.base import ArrowText
from curim_data.formats.base import Layout
from curim_data.formats.columns import RoleColumns
from curim_data.importing.comparison import OPEN_FORMATS, headings_of, same_source
from curim_data.importing.decisions import Decisions
from curim_data.importing.mapping import Signature, signature_of
from curim_data.importing.profiling import FileProfile
from curim_data.importing.rows import parse_rows
from curim_data.model import Answers, Block, Choice, CityProfile, Message, Question
from curim_data.store import Store

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
        "{name}: {n} of {of} known alerts that this file would change get another date, and another place where they "
        "have one, as where numbers begin with 1 again each month. {examples} Are they the same alerts?"
    ),
    "elsewhere": Message(
        "{name}: {n} of {of} known alerts with coordinates that this file would change get another place, and many "
        "another time or category, as where two registers number alike. {examples} Are they the same alerts?"
    ),
    "few_moved": Message(
        "{n} of {of} known alerts that this file changes get another date, and another place where they have one. "
        "{example} If they are other alerts, undo this import and say so when the file is imported again."
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
            raise self._question(_MESSAGES["restarted"], most, most.moved, most.changed)
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
        message = _MESSAGES["few_moved"]
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
        headings = sorted(headings_of(self.kin[0].signature if self.kin else self.signature))
        return f"table-{hashlib.sha256(chr(0).join(headings).encode()).hexdigest()[:4]}:"

    def _month_prefix(self, evidence: Evidence) -> str:
        """What stands before numbers that began again: the first month of the file, with a number where it is taken."""
        base = f"{re.sub(r':$', '/', self.own[-1])}{evidence.first:%Y-%m}"
        taken = {batch.id_prefix for batch in (*self.kin, *self.others)}
        return next(
            one for one in (f"{base}:", *(f"{base}-{n}:" for n in range(2, len(taken) + 3))) if one not in taken
        )
