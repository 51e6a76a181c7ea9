"""Where counting happens: the alerts of one version on DuckDB, or on another engine by URL.

DuckDB is one database in memory for each version of the store, which reads the version's flat table
(`curim_data.engine.flat`): so every reader sees the alerts of the version that it opened. What is worked out of one
version may be kept in the home (`Source.kept`, `Source.keep`): it goes when the alerts or the code change, and with an
erasure.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Callable, Hashable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from curim_data.engine.flat import (
    EngineError,
    Facts,
    Relation,
    counts_by_source,
    database,
    learn,
    measure,
    open_flat,
    read_files,
)
from curim_data.engine.remote import (
    is_spark,
    last_publication,
    published_relation,
    spark_relation,
)
from curim_data.model import CityProfile, KnownTime, Message
from curim_data.model.absence import ASKED_FIELDS, NO_LIGHT, TimeUnit, some_hours, too_few_hours
from curim_data.model.coverage import Annotation, Coverage
from curim_data.model.prepared import alerts_name, prepared_file, read_json, write_json
from curim_data.store import Home, Store
from curim_data.store.annotations import read_annotations, read_meetings
from curim_data.store.commits import declared_days, version_of
from curim_data.store.home import how_many, locked

MEETING_WEEKS: Final = 8
SHORTEST_SINCE_MEETING: Final = 7  # days with data from a meeting on, before changes are told since it
MOST_VERSIONS: Final = 8  # of a home, of which databases are kept, the last ones that were asked for
_FACTS: Final = "facts"
_PUBLICATION: Final = "publication"

_Found = TypeVar("_Found")
_lock = threading.Lock()
_versions: dict[tuple[str, ...], dict[str, Any]] = {}


@dataclass(frozen=True)
class Source:
    """Stored alerts that can be counted, of one version.

    `as_of` and `first` are the last and the first local date of the stored alerts (today for an empty store).
    `known_time` is the finest time that is known of them, which every study asks before it counts: where it is the
    month, `first` begins a month and `as_of` ends one. Of `month_only` alerts only the month is known, of `timed` ones
    the time of day (`lacks`, `some_hours`). `asked`: the fields that the exports have at all (`model.absence`).
    `annotations`: what analysts noted on the time line; `declared`: what imports say of the days covered. `meeting` is
    the last meeting of the council from which on there is a week of data (`SHORTEST_SINCE_MEETING`), where months alone
    are known the last one until `as_of`; `other_categories` are those that the city's tree does not know.
    `exact`: where these are the protected copy of alerts (`curim_data.protection`), the alerts: for choosing what is
    told, never for a figure. `protected`: whether the limits of council and public hold for what is asked of them and
    for the counts that are written out (`curim_data.privacy`).
    `cache` is for facts about all stored alerts that are found once: sources of the same files share it.
    """

    alerts: Relation = field(repr=False)
    version: str
    city: CityProfile = field(repr=False)
    as_of: dt.date
    first: dt.date
    count: int
    meeting: dt.date
    other_categories: tuple[str, ...] = ()
    month_only: int = 0
    timed: int = 0
    known_time: KnownTime = KnownTime.HOUR
    asked: frozenset[str] = frozenset(ASKED_FIELDS)
    annotations: tuple[Annotation, ...] = ()
    declared: tuple[Annotation, ...] = ()
    exact: Source | None = field(default=None, repr=False, compare=False)
    protected: bool = False
    cache: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def coverage(self) -> Coverage:
        """Which days the alerts cover, as it was learned of them and corrected; of a copy, that of its alerts."""
        if self.exact is not None:
            return self.exact.coverage
        learnt = self.once("coverage", "", lambda: learn(counts_by_source(self.alerts)))
        return learnt.corrected((*self.declared, *self.annotations))

    def once(self, name: str, key: Hashable, find: Callable[[], _Found], most: int = 64) -> _Found:
        """What `find` gives, worked out once for these alerts, their limits, the city's profile and a key; of a name at
        most so many are held. Nobody may change it.
        """
        held: dict[Hashable, _Found] = self.cache.setdefault(name, {})
        key = (key, self.protected, self.city.version, self.annotations)
        if key in held:
            return held[key]
        found = find()
        if len(held) >= most:
            self.cache[name] = held = {}
        held[key] = found
        return found

    @property
    def in_full(self) -> Source:
        """The same alerts without the limits of council and public: for sums and choices, never to be written out."""
        return replace(self, protected=False) if self.protected else self

    def lacks(self, unit: TimeUnit) -> Message | None:
        """Why nothing is shown by this unit, and what to ask for; None where it is known."""
        lacking = self.known_time.lacks(unit)
        if lacking is not None and self.known_time is KnownTime.DAY:
            return too_few_hours(self.timed, self.count) or lacking
        return lacking

    @property
    def lacks_light(self) -> Message | None:
        """Why nothing is shown by daylight and darkness; None where it is known of some alert whether it was dark."""
        lacking = self.lacks("hour")
        if lacking is not None or not self.count:
            return lacking
        return None if self.once("light", "", lambda: int(self.alerts.one("count(dark) AS n")["n"])) else NO_LIGHT

    @property
    def some_hours(self) -> Message | None:
        """What is said beside hours, daylight and darkness where not nearly all alerts have a time of day."""
        return some_hours(self.timed, self.count) if self.known_time is KnownTime.HOUR else None

    def kept(self, name: str) -> Any:
        """A value of JSON that the same code worked out of these alerts; None where none is kept."""
        return read_json(self.city.prepared, alerts_name(name, self.version))

    def keep(self, name: str, value: Any) -> None:
        """Keep a value of JSON for later processes, where the city has a home."""
        if self.city.prepared is not None and self.kept(name) is None:
            write_json(self.city.prepared, alerts_name(name, self.version), value)

    @property
    def by_month(self) -> bool:
        """Whether periods are whole months, since nothing finer is known."""
        return self.known_time is KnownTime.MONTH


def open_source(home: Home, url: str | None = None) -> Source:
    """The stored alerts of a home.

    With `url`, or `CURIM_ALERTS_URL`, another engine takes the place of DuckDB. Spark and Sail read the same flat table
    (`curim_data.engine.remote`; EngineError where they cannot). The URL of a PostgreSQL database stands for the alerts
    that were published there last (`curim_data.engine.remote`). "duckdb" are the home's files on DuckDB, whatever the
    environment says.
    """
    url = url or os.environ.get("CURIM_ALERTS_URL") or "duckdb"
    city = home.city()
    if url == "duckdb" or is_spark(url):
        files = Store(home).files()
        source = source_from_files(files, version_of(files), city)
        source = replace(source, declared=declared_days(Store(home).batches()))
    else:
        publication = last_publication(url)
        source = _published(url, publication, "alerts", city)
    # The sample's dates are fixed, so there the last day with data is today. Fewer days than `SHORTEST_SINCE_MEETING`
    # could not be compared; where months alone are known, the first of a meeting's month is long enough ago.
    today = source.as_of if home.is_sample else min(city_day(city), source.as_of)
    meeting = last_meeting(home.path, today - dt.timedelta(days=0 if source.by_month else SHORTEST_SINCE_MEETING - 1))
    source = replace(source, meeting=meeting or source.meeting, annotations=read_annotations(home.path))
    return on_spark(url, source) if is_spark(url) else source


def on_spark(url: str, source: Source) -> Source:
    """The alerts of a source on DuckDB, counted by Spark or Sail; EngineError where that cannot be reached, or cannot
    read them.
    """
    flat = source.cache["flat"]
    if flat is None or not flat.exists():
        raise EngineError(Message("Spark and Sail count the alerts of a home, of which the flat table can be written."))
    relation = spark_relation(url, flat, source.count, source.alerts.levels)
    about = {name: source.cache[name] for name in ("files", "flat", _FACTS)}
    return replace(source, alerts=relation, cache=_cached((url, relation.name), lambda: {**about, "url": url}))


def files_of(source: Source) -> Source | None:
    """The alerts of a source on Spark or Sail, as DuckDB reads their files; None of any other source."""
    if "url" not in source.cache or "files" not in source.cache:
        return None
    return source_from_files(source.cache["files"], source.version, source.city, meeting=source.meeting)


def source_from_files(
    files: Sequence[str | Path],
    version: str,
    city: CityProfile,
    *,
    meeting: dt.date | None = None,
) -> Source:
    """A source over Parquet files in the layout of `alert.SCHEMA`; no files is an empty store."""
    key = (version, city.version, *map(str, files))
    return _source(version, city, meeting, _cached(key, lambda: _opened(files, version, city)))


def published_copy(source: Source) -> Source | None:
    """The protected copy that was published with a source's alerts, as a source; None where none was."""
    publication = source.cache.get(_PUBLICATION)
    return None if publication is None else _published(source.cache["url"], publication, "copy", source.city)


def _published(url: str, publication: dict[str, dict[str, Any]], which: str, city: CityProfile) -> Source:
    """One of the tables of a publication."""
    part = publication[which]

    def opened() -> dict[str, Any]:
        about = {"url": url, "relation": published_relation(url, part["name"]), _FACTS: Facts.from_json(part["facts"])}
        return {**about, _PUBLICATION: publication} if which == "alerts" else about

    return _source(part["version"], city, None, _cached((url, part["name"], part["version"]), opened))


def _cached(key: tuple[str, ...], open_: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What sources of one version share; the versions that were asked for longest ago give way."""
    with _lock:
        cache = _versions.pop(key, None)
        if cache is None:
            cache = open_()
            while len(_versions) >= MOST_VERSIONS * how_many():
                _versions.pop(next(iter(_versions)))
        _versions[key] = cache
    return cache


def last_meeting(folder: Path, today: dt.date | None = None) -> dt.date | None:
    """The last meeting of a home that was not after `today`, as `store.annotations.read_meetings` gives them; None
    where it knows none.
    """
    limit = today or dt.date.today()
    return max((meeting.day for meeting in read_meetings(folder) if meeting.day <= limit), default=None)


def city_day(city: CityProfile) -> dt.date:
    """Today, where the city is."""
    return dt.datetime.now(ZoneInfo(city.timezone)).date()


def _opened(files: Sequence[str | Path], version: str, city: CityProfile) -> dict[str, Any]:
    """What sources of the same files share: their database, and what was found of them once.

    The flat table is written under the lock that an erasure waits for: what that takes out of the store must not be
    written after it.
    """
    folder, connection = city.prepared, database()
    chosen = "WHERE inside IS NOT FALSE" if city.part else ""  # of a larger area only the part that is the city counts
    alerts = f"SELECT * FROM {read_files(files)} {chosen}" if files else None
    path = None if folder is None else prepared_file(folder, alerts_name("alerts", version), ".parquet")
    with nullcontext() if path is None or path.exists() else locked(Home(path.parents[2]).lock, shared=True):
        relation = open_flat(connection, alerts, path)
        kept = read_json(folder, alerts_name(_FACTS, version))
        facts = measure(relation) if kept is None else Facts.from_json(kept)
        if folder is not None and kept is None and path is not None and path.exists():
            write_json(folder, alerts_name(_FACTS, version), facts.as_json())
    about = {"files": tuple(map(str, files)), "flat": path, _FACTS: facts}
    return {**about, "database": connection, "relation": relation}


def _source(version: str, city: CityProfile, meeting: dt.date | None, cache: dict[str, Any]) -> Source:
    facts: Facts = cache[_FACTS]
    return Source(
        alerts=cache["relation"],
        version=version,
        city=city,
        as_of=facts.last,
        first=facts.first,
        count=facts.n,
        meeting=meeting or max(facts.first, facts.last - dt.timedelta(weeks=MEETING_WEEKS)),
        other_categories=tuple(c for c in facts.categories if c not in city.categories),
        month_only=facts.month_only,
        timed=facts.timed,
        known_time=facts.known_time,
        asked=frozenset(facts.asked),
        cache=cache,
    )
