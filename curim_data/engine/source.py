"""Where counting happens: an Ibis table of alerts on DuckDB, or on another engine by URL.

DuckDB is one database in memory for each version of the store, with one cursor a `Source`, since a cursor shared by
threads raises: a page opens a source of its own in each run. The Parquet files of the store are read by name, not
through Delta, so that every reader sees the version whose file list it holds. What is worked out of one version of the
alerts may be kept in the home (`Source.kept`, `Source.keep`), the columns that counts are made of included
(`keep_narrow`): it goes when the alerts or the code change (of the alerts before the last import one import later, so
that an undo finds it), and with an erasure.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import duckdb
import ibis
import pandas as pd
import pyarrow as pa

from curim_data.engine.by_url import ALERTS, Publication, PublishedTable, connection, last_publication, table_of
from curim_data.engine.columns import NarrowTable, narrow_columns
from curim_data.engine.coverage import counts_by_source, learn
from curim_data.engine.earlier import Earlier, added_to, note
from curim_data.engine.extension import NoRoomError, extend_narrow, prepared_facts
from curim_data.engine.facts import Facts, measure
from curim_data.engine.files import DuckDB, database, read_files, view_files
from curim_data.engine.packed import Packing
from curim_data.engine.spark import EngineError, is_spark, registered, spark_backend
from curim_data.engine.types import IbisTable
from curim_data.model import CityProfile, KnownTime, Message
from curim_data.model.absence import ASKED_FIELDS, NO_LIGHT
from curim_data.model.annotations import Annotation
from curim_data.model.coverage import Coverage
from curim_data.model.known_time import TimeUnit, some_hours, too_few_hours
from curim_data.model.prepared import alerts_name, link_whole, prepared_file, read_json, write_json, write_whole
from curim_data.store import Home, Store
from curim_data.store.annotations import read_annotations
from curim_data.store.cities import how_many
from curim_data.store.locking import locked
from curim_data.store.meetings import read_meetings

MEETING_WEEKS: Final = 8
SHORTEST_SINCE_MEETING: Final = 7  # days with data from a meeting on, before changes are told since it
MOST_VERSIONS: Final = 8  # of a home, of which databases are kept, the last ones that were asked for
CHANGED_MEANWHILE: Final = Message(
    "The alerts changed while they were being opened. Nothing was lost; the next question reads them as they are now."
)

_lock = threading.Lock()
_mine = threading.local()  # the last source that was opened in this thread: a run of a page asks for it many times


@dataclass(frozen=True)
class Source:
    """Stored alerts that can be counted, of one version. Hold it for one run, in one thread.

    `as_of` and `first` are the last and the first local date of the stored alerts (today for an empty store).
    `known_time` is the finest time that is known of them, which every study asks before it counts: where it is the
    month, `first` begins a month and `as_of` ends one. Of `month_only` alerts only the month is known, of `timed` ones
    the time of day (`lacks`, `some_hours`). `asked`: the fields that the exports have at all (`model.absence`).
    `annotations`: what analysts noted on the time line. `meeting` is the last meeting of the council from which
    on there is a week of data (`SHORTEST_SINCE_MEETING`), where months alone are known the last one until `as_of`;
    `other_categories` are those that the city's tree does not know.
    `exact`: where these are the protected copy of alerts (`curim_data.protection`), the alerts: for choosing what is
    told, never for a figure.
    `cache` is for facts about all stored alerts that are found once: sources of the same files share it.
    """

    table: IbisTable = field(repr=False)
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
    exact: Source | None = field(default=None, repr=False, compare=False)
    cache: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def narrow(self) -> IbisTable:
        """The columns that counts are made of (`curim_data.engine.columns`), for one question."""
        if "narrow" in self.cache:
            return self.cache["narrow"].on(self.table.op().source, _narrow_file(self.city, self.version))
        return narrow_columns(self.table)

    @property
    def packing(self) -> Packing | None:
        """How columns are packed in `narrow`, where that has the words (`curim_data.engine.packed`)."""
        return self.cache["narrow"].packing if "narrow" in self.cache else None

    @property
    def earlier(self) -> Earlier | None:
        """A prepared version of the alerts to which few were added since and nothing else was done; None without."""
        if self.cache.get(_EARLIER) is None:
            known = added_to(self.city.prepared, self.cache.get("files", ()))
            self.cache[_EARLIER] = next((one for one in known if one.holds(self.count)), None)
        found: Earlier | None = self.cache.get(_EARLIER)
        return found

    def learned(self, name: str) -> Any:
        """A value of JSON that was kept of these alerts, or of an earlier version for as long as that stands."""
        value = self.kept(name)
        if value is None and self.earlier is not None:
            value = read_json(self.city.prepared, alerts_name(name, self.earlier.version))
        return value

    @property
    def coverage(self) -> Coverage:
        """Which days the alerts cover, as it was learned of them and corrected; of a copy, that of its alerts."""
        if self.exact is not None:
            return self.exact.coverage
        if _COVERAGE not in self.cache:
            self.cache[_COVERAGE] = learn(counts_by_source(self.table))
        learned: Coverage = self.cache[_COVERAGE]
        return learned.corrected(self.annotations)

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
        if "light" not in self.cache:
            self.cache["light"] = int(self.table.dark.count().execute())
        return None if self.cache["light"] else NO_LIGHT

    @property
    def some_hours(self) -> Message | None:
        """What is said beside hours, daylight and darkness where not nearly all alerts have a time of day."""
        return some_hours(self.timed, self.count) if self.known_time is KnownTime.HOUR else None

    def at_points_of_added(self, points: pd.DataFrame, least: int) -> pd.DataFrame:
        """longitude, latitude, inside and n of all alerts at points where more than `least` are, of those points alone
        that are given (longitude, latitude) or that an alert has which is not of the `earlier` version.
        """
        assert self.earlier is not None
        cursor = self.cache["database"].cursor()
        cursor.register("given", points[["longitude", "latitude"]])
        added = read_files(self.earlier.others(self.cache["files"]))
        asked = f"SELECT longitude, latitude FROM {added} UNION FROM given"
        found: pd.DataFrame = cursor.execute(
            f"SELECT longitude, latitude, inside, count(*) AS n FROM alerts SEMI JOIN ({asked}) AS asked "
            f"USING (longitude, latitude) GROUP BY ALL HAVING n > {least}"
        ).df()
        return found

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

    With `url`, or `CURIM_ALERTS_URL`, another engine takes the place of DuckDB. Spark and Sail read the same files
    (`curim_data.engine.spark`; EngineError where they cannot). Any other URL that `ibis.connect` takes is a database
    with alerts of its own: what is read there was published last (`curim_data.engine.by_url`), or else the table
    `alerts`, its columns those of `alert.SCHEMA`. Its driver is the installation's business. "duckdb" are the home's
    files on DuckDB, whatever the environment says.
    """
    url = url or os.environ.get("CURIM_ALERTS_URL") or "duckdb"
    city = home.city()
    if is_spark(url):
        _mine.source, _mine.home = on_spark(url, _of_home(home, city)), home.path
    elif url == "duckdb":
        _mine.source, _mine.home = _of_home(home, city), home.path
    else:
        return replace(_since_meeting(_source_by_url(url, city), home), annotations=read_annotations(home.path))
    opened: Source = _mine.source
    return opened


def _of_home(home: Home, city: CityProfile) -> Source:
    """The alerts of a home's files on DuckDB; the same source while this thread opens the same ones."""
    version, files = Store(home).contents()
    meetings = read_meetings(home.path)
    noted = read_annotations(home.path)
    key = (version, tuple(files), city.version, meetings, city_day(city), noted)
    if getattr(_mine, "key", None) != key or not files:
        found = _since_meeting(source_from_files(files, version, city), home)
        _mine.files = replace(found, annotations=noted)
        _mine.key = key
    source: Source = _mine.files
    return source


def on_spark(url: str, source: Source) -> Source:
    """The alerts of a source on DuckDB, counted by Spark or Sail; EngineError where that cannot be reached, or cannot
    read them.
    """
    about = {name: source.cache[name] for name in ("files", "schema", "facts")}
    view = registered(url, about["files"], about["schema"], source.count)
    found = {**about, "url": url, "name": view.name, "schema": view.schema}
    cache = _cached((url, view.name), lambda: found)
    return replace(source, table=_alerts(cache), cache=cache)


def files_of(source: Source) -> Source | None:
    """The alerts of a source on Spark or Sail, as DuckDB reads their files; None of any other source."""
    if "url" not in source.cache or "files" not in source.cache:
        return None
    known: Source | None = getattr(_mine, "files", None)
    if known is not None and known.cache["files"] == source.cache["files"] and known.city is source.city:
        return known
    return source_from_files(source.cache["files"], source.version, source.city, meeting=source.meeting)


def opened_source(
    home: Path, version: str, profile: str, meeting: dt.date | None, annotations: tuple[Annotation, ...] = ()
) -> Source | None:
    """What this thread opened last of a home's files, where it is of that version, city profile, meeting and notes."""
    source: Source | None = getattr(_mine, "source", None)
    if source is None or getattr(_mine, "home", None) != home:
        return None
    is_it = (source.version, source.city.version, source.meeting, source.annotations)
    return source if is_it == (version, profile, meeting, annotations) else None


def hand_over() -> Callable[[], Source | None]:
    """What gives another thread the source that this one has open, and returns it: to be called there, before
    `opened_source`. None where this thread has none.

    The other thread asks on a cursor of its own.
    """
    source, key, home = (getattr(_mine, name, None) for name in ("source", "key", "home"))

    def take() -> Source | None:
        if source is None:
            return None
        own = on_own_cursor(source)
        _mine.source, _mine.home = own, home
        if "database" in source.cache:
            _mine.files, _mine.key = own, key
        return own

    return take


def on_own_cursor(source: Source) -> Source:
    """The same alerts for another thread, which asks on a cursor of its own."""
    return replace(source, table=_alerts(source.cache))


def source_from_files(
    files: Sequence[str | Path],
    version: str,
    city: CityProfile,
    *,
    meeting: dt.date | None = None,
    instead: Path | None = None,
) -> Source:
    """A source over Parquet files in the layout of `alert.SCHEMA`; no files is an empty store. `instead`: a file of
    alerts that take the place of those with the same ids, and of further ones.
    """
    key = (version, *map(str, files), *([] if instead is None else [str(instead)]))
    cache = _cached(key, lambda: _opened(files, version, city, instead))
    return _source(_alerts(cache), version, city, meeting, cache)


def published_copy(source: Source) -> Source | None:
    """The protected copy that was published with a source's alerts, as a source; None where none was."""
    publication: Publication | None = source.cache.get(_PUBLICATION)
    return None if publication is None else _published(source.cache["url"], publication, publication.copy, source.city)


def _source_by_url(url: str, city: CityProfile) -> Source:
    """The alerts of the database that a URL names; of each version the facts are asked for once."""
    publication = last_publication(url)
    if publication is not None:
        return _published(url, publication, publication.alerts, city)
    table = connection(url).table(ALERTS)
    version = _table_version(table)
    about = {"url": url, "name": ALERTS, "schema": table.schema()}
    cache = _cached((url, version), lambda: {**about, "facts": measure(table)})
    return _source(_alerts(cache), version, city, None, cache)


def _published(url: str, publication: Publication, part: PublishedTable, city: CityProfile) -> Source:
    """One of the tables of a publication."""

    def opened() -> dict[str, Any]:
        schema = connection(url).table(part.name).schema()
        about = {"url": url, "name": part.name, "schema": schema, "facts": Facts.from_json(part.facts)}
        return {**about, _PUBLICATION: publication} if part == publication.alerts else about

    cache = _cached((url, part.name, part.version), opened)
    return _source(_alerts(cache), part.version, city, None, cache)


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
    """The last meeting of a home that was not after `today` (`store.meetings`); None where it knows none."""
    limit = today or dt.date.today()
    return max((meeting.day for meeting in read_meetings(folder) if meeting.day <= limit), default=None)


def city_day(city: CityProfile) -> dt.date:
    """Today, where the city is."""
    return dt.datetime.now(ZoneInfo(city.timezone)).date()


def _since_meeting(source: Source, home: Home) -> Source:
    """The source with the last meeting since which there is something to tell: one with a week of data from its day on.

    Fewer days could not be compared. Where months alone are known, changes are told since the first of a meeting's
    month, which is long enough. The sample's dates are fixed, so there the last day with data is today.
    """
    today = source.as_of if home.is_sample else min(city_day(source.city), source.as_of)
    too_late = 0 if source.by_month else SHORTEST_SINCE_MEETING - 1
    meeting = last_meeting(home.path, today - dt.timedelta(days=too_late))
    return source if meeting is None else replace(source, meeting=meeting)


_versions: dict[tuple[str, ...], dict[str, Any]] = {}
_PUBLICATION: Final = "publication"


def keep_narrow(source: Source) -> None:
    """Keep the columns that counts are made of, and what is known of all alerts, for later processes; and note that a
    home's own alerts were prepared. Where few were added to an earlier version it is that one's, with theirs.
    """
    source.keep(_FACTS, source.cache["facts"].as_json())
    path = _narrow_file(source.city, source.version)
    if path is None or "narrow" not in source.cache or path.exists():
        return
    if source.exact is not None or not _extended(source, path):
        write_whole(path, source.cache["narrow"].write)


def _extended(source: Source, path: Path) -> bool:
    """Note that the alerts were prepared, and make their prepared file out of that of an earlier version, where there
    is one to which few were added; whether it was.
    """
    folder, files, earlier = source.city.prepared, source.cache["files"], source.earlier
    assert folder is not None  # there is a path
    note(folder, source.version, files, source.count, source.count if earlier is None else earlier.learned)
    before = None if earlier is None else _narrow_file(source.city, earlier.version)
    if earlier is None or before is None:
        return False
    try:
        write_whole(path, lambda part: extend_narrow(before, part, earlier.others(files)))
    except (OSError, ValueError, duckdb.Error, pa.ArrowException, NoRoomError):
        return False
    return True


def prepared_file_of(source: Source) -> Path | None:
    """The prepared file of a source's alerts; None where there is none."""
    path = _narrow_file(source.city, source.version)
    return path if path is not None and path.exists() else None


def extend_prepared(source: Source, earlier: str, version: str, rows: Path) -> None:
    """Make the prepared file of a copy of a source's alerts, and what is known of it, out of that of an earlier copy,
    where there is one. `rows`: Parquet file of the rows that are new or take the place of those with the same ids.
    """
    folder, before, path = source.city.prepared, _narrow_file(source.city, earlier), _narrow_file(source.city, version)
    if folder is None or before is None or path is None or not before.exists():
        return
    try:
        write_whole(path, lambda part: extend_narrow(before, part, [rows], replacing=True))
        with database() as opened:
            facts = prepared_facts(opened, path)
    except (OSError, ValueError, duckdb.Error, pa.ArrowException, NoRoomError):
        return
    write_json(folder, alerts_name(_FACTS, version), facts.as_json())


def kept_count(city: CityProfile, version: str) -> int | None:
    """How many alerts were prepared of a version, or of a copy of one; None where that was not kept."""
    facts = _kept_facts(city, version)
    return None if facts is None else facts.n


def take_prepared(city: CityProfile, earlier: str, version: str) -> None:
    """Let the prepared file of an earlier copy, and what is known of it, be those of another that says the same."""
    folder, before, path = city.prepared, _narrow_file(city, earlier), _narrow_file(city, version)
    facts = read_json(folder, alerts_name(_FACTS, earlier))
    if folder is None or before is None or path is None or not before.exists() or facts is None:
        return
    link_whole(before, path)
    write_json(folder, alerts_name(_FACTS, version), facts)


_FACTS: Final = "facts"
_COVERAGE: Final = "coverage"
_EARLIER: Final = "earlier"


@contextmanager
def unchanged(source: Source) -> Iterator[None]:
    """While the alerts of a home are those of a source, and no erasure begins; EngineError where they are no more."""
    folder, of = source.city.prepared, source.exact or source
    assert folder is not None
    home = Home(folder.parents[1])
    with locked(home.lock, shared=True):
        if Store(home).alerts_version() != of.version:
            raise EngineError(CHANGED_MEANWHILE)
        yield


def _narrow_file(city: CityProfile, version: str) -> Path | None:
    """Where the columns that counts are made of are kept; None where the city has no home."""
    folder = city.prepared
    return None if folder is None else prepared_file(folder, alerts_name("alerts", version), ".duckdb")


def _known_facts(table: IbisTable, version: str, city: CityProfile, files: Sequence[str | Path]) -> Facts:
    """The facts as they were kept, or as those of an earlier version and the alerts that were added give them, or else
    as all alerts do.
    """
    if (facts := _kept_facts(city, version)) is not None:
        return facts
    for one in added_to(city.prepared, files):
        if (facts := _kept_facts(city, one.version)) is not None:
            with database() as beside:
                return facts.with_more(measure(view_files(beside, one.others(files))))
    return measure(table)


def _kept_facts(city: CityProfile, version: str) -> Facts | None:
    try:
        return Facts.from_json(read_json(city.prepared, alerts_name(_FACTS, version)))
    except (TypeError, KeyError, ValueError):
        return None


def _opened(
    files: Sequence[str | Path], version: str, city: CityProfile, instead: Path | None = None
) -> dict[str, Any]:
    """What sources of the same files share: their database, and what was found of them once."""
    connection = database()
    table = view_files(connection, files, instead)
    facts = _known_facts(table, version, city, files)
    return {
        "database": connection,
        "schema": table.schema(),
        "facts": facts,
        "files": tuple(map(str, files)),
        "instead": instead,
        "narrow": NarrowTable(connection, table, facts.n),
    }


def _alerts(cache: Mapping[str, Any]) -> IbisTable:
    """The table of alerts on a cursor of its own, or on this thread's connection."""
    if "url" in cache:
        url = cache["url"]
        return table_of(spark_backend(url) if is_spark(url) else connection(url), cache["name"], cache["schema"])
    backend = DuckDB.from_connection(cache["database"].cursor())
    return ibis.expr.operations.DatabaseTable(name="alerts", schema=cache["schema"], source=backend).to_expr()


def _source(
    table: IbisTable, version: str, city: CityProfile, meeting: dt.date | None, cache: dict[str, Any] | None = None
) -> Source:
    cache = {"facts": measure(table)} if cache is None else cache
    facts: Facts = cache["facts"]
    return Source(
        table=table,
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


def _table_version(table: IbisTable) -> str:
    """Alerts by batch, hashed: an update moves an alert to another batch, so each import changes it."""
    batches = table.group_by("batch_id").aggregate(n=table.count()).to_pyarrow().to_pylist()
    lines = sorted(f"{row['batch_id']} {row['n']}" for row in batches)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]
