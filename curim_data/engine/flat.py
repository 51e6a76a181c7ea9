"""The flat table: alerts with a plain column for all that is ever counted or tested, in one Parquet file by date; and
what is known of all alerts of a version before anything is asked.

The table is made once of each version of the alerts, by DuckDB, and read by every engine (`Relation`). An alert's lists
are texts: `theme` holds its categories, `span` its hours. Texts that alerts are counted by have whole numbers as codes;
instants are microseconds since 1970. Known of all alerts are sums, days, sets (`Facts`), and the days that each source
covers, learned from counts by day (`model.coverage`).
"""

from __future__ import annotations

import contextlib
import datetime as dt
from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pandas as pd
import pyarrow as pa

from curim_data.model import SCHEMA, Gender, KnownTime, Message
from curim_data.model.absence import ASKED_FIELDS, HOUR_SHARE
from curim_data.model.coverage import Break, Coverage, Gap
from curim_data.model.prepared import write_whole
from curim_data.model.sql import SEPARATOR, Levels, all_of, count_if, split_list, text

if TYPE_CHECKING:
    from analysis.stats.significance import Unit


class EngineError(RuntimeError):
    """Another engine cannot be reached, or cannot read the alerts; `message` says which and why."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text.format(**message.values))
        self.message = message


@dataclass(frozen=True)
class Relation:
    """Alerts with the columns of `flat.COLUMNS`: the `name` that SQL has for them, and `ask`, which gives the rows of
    a statement. `levels`: the values of the columns that have codes.
    """

    name: str
    ask: Callable[[str], pa.Table] = field(repr=False, compare=False)
    levels: Levels = field(repr=False, compare=False)

    def select(self, columns: str, where: Iterable[str] = (), then: str = "") -> pa.Table:
        """Columns, as SQL lists them, of the alerts for which some conditions hold; `then`: the clauses after."""
        return self.ask(f"SELECT {columns} FROM {self.name}{all_of(where)} {then}")

    def frame(self, columns: str, where: Iterable[str] = (), then: str = "") -> pd.DataFrame:
        """`select` as a frame."""
        found: pd.DataFrame = self.select(columns, where, then).to_pandas()
        return found

    def one(self, columns: str, where: Iterable[str] = ()) -> dict[str, Any]:
        """The one row of aggregates, by name."""
        found: dict[str, Any] = self.select(columns, where).to_pylist()[0]
        return found


ALERTS: Final = "alerts"
STORED: Final = "stored"  # the alerts as the store has them (`alert.SCHEMA`), a view beside the flat table
# What takes the place of lists and instants: each column's type, and how DuckDB makes it.
MADE: Final = {
    "theme": ("string", f"category || '{SEPARATOR}' || coalesce(array_to_string(more_categories, '{SEPARATOR}'), '')"),
    "span": ("string", f"array_to_string(hours::VARCHAR[], '{SEPARATOR}')"),
    **{
        f"{name}_us": ("int64", f"epoch_us({name})")
        for name in (field.name for field in SCHEMA if pa.types.is_timestamp(field.type))
    },
}
# Texts that alerts are counted by: beside each stands its code, a whole number in the order of the values.
CODED: Final = (
    "theme",
    "span",
    "kind",
    "status",
    "district",
    "place",
    "affected_gender",
    "reporter_gender",
    "age_band",
)
MORE: Final = {name: kind for name, (kind, _) in MADE.items()} | {f"{name}_code": "int32" for name in CODED}
IN_MEMORY: Final = 200_000  # alerts up to which the table is held in memory, where it is asked faster
# Without what nobody counts by: how an alert came into the store.
SCALARS: Final = tuple(
    field.name
    for field in SCHEMA
    if not (
        pa.types.is_list(field.type)
        or pa.types.is_timestamp(field.type)
        or field.name in ("content_hash", "profile_version")
    )
)


COLUMNS: Final = (*SCALARS, *MORE)


def database() -> duckdb.DuckDBPyConnection:
    """A database of DuckDB in memory that loads no extensions."""
    opened = duckdb.connect()
    opened.execute("SET autoinstall_known_extensions = false")
    opened.execute("SET autoload_known_extensions = false")
    return opened


def quoted(path: str | Path) -> str:
    """A path as a text of SQL."""
    return "'" + str(path).replace("'", "''") + "'"


def read_files(files: Sequence[str | Path]) -> str:
    """Some Parquet files as DuckDB reads them."""
    return f"read_parquet([{', '.join(map(quoted, files))}], union_by_name = true)"


def open_flat(connection: duckdb.DuckDBPyConnection, alerts: str | None, path: Path | None) -> Relation:
    """The flat table of alerts that a statement gives (None: of no alerts), in a database of DuckDB.

    It is the file at `path`, made where it is missing; in memory without a path, or where it cannot be written.
    """
    if alerts is None:
        connection.register("nothing", SCHEMA.empty_table())
        connection.execute(f"CREATE TABLE {STORED} AS SELECT * FROM nothing")
    else:
        connection.execute(f"CREATE VIEW {STORED} AS {alerts}")
    held = "" if path is None else _file(connection, path)
    few = not held or connection.execute(f"SELECT count(*) <= {IN_MEMORY} FROM ({held})").fetchall()[0][0]
    connection.execute(f"CREATE {'TABLE' if few else 'VIEW'} {ALERTS} AS {held or _flattened(connection)}")

    def ask(sql: str) -> pa.Table:
        return connection.cursor().execute(sql).to_arrow_table()  # from any thread: a cursor for each statement

    return Relation(ALERTS, ask, read_levels(ALERTS, ask))


def read_levels(name: str, ask: Callable[[str], pa.Table]) -> Levels:
    """The values of each column that has codes, of a flat table on any engine."""
    found = {one: ask(f"SELECT DISTINCT {one}_code, {one} FROM {name} ORDER BY 1")[one] for one in CODED}
    return {one: tuple(column.drop_null().to_pylist()) for one, column in found.items()}


def _file(connection: duckdb.DuckDBPyConnection, path: Path) -> str:
    """What reads the file of the flat table, which is made where it is missing or cannot be read; "" without one."""
    held = f"SELECT * FROM read_parquet({quoted(path)})"
    with contextlib.suppress(duckdb.Error):
        connection.execute(f"{held} LIMIT 0")
        return held
    copied = f"COPY ({_flattened(connection)}) TO {{}} (FORMAT parquet, COMPRESSION snappy)"
    with contextlib.suppress(OSError, duckdb.IOException):
        write_whole(path, lambda part: connection.execute(copied.format(quoted(part))))
        return held
    return ""


def _flattened(connection: duckdb.DuckDBPyConnection) -> str:
    """The rows of the flat table, by date, as SQL of the database that has the alerts as they are stored."""
    columns = {name: name for name in SCALARS} | {name: how for name, (_, how) in MADE.items()}
    for name in CODED:
        known = connection.execute(f"SELECT DISTINCT {columns[name]} FROM {STORED}").fetchall()
        values = ", ".join(text(value) for (value,) in sorted(known, key=str) if value is not None)
        connection.execute(f"CREATE OR REPLACE TYPE {name}_values AS ENUM ({values})")
        columns[f"{name}_code"] = f"enum_code(({columns[name]})::{name}_values)::INTEGER" if values else "NULL::INTEGER"
    return f"SELECT {', '.join(f'{how} AS {name}' for name, how in columns.items())} FROM {STORED} ORDER BY local_date"


# Share of alerts of which only the month is known from which on weeks and days mean nothing.
MONTH_ONLY_SHARE: Final = 0.05
MONTH: Final = "month"


@dataclass(frozen=True)
class Facts:
    """Earliest and latest local date (today where there are no alerts), number of alerts, of those of which only the
    month and of those of which the hour is known, the fields that were asked, in the order of `ASKED_FIELDS` (all of
    them where there are no alerts), and all categories, sorted.
    """

    earliest: dt.date
    latest: dt.date
    n: int
    month_only: int
    timed: int
    asked: tuple[str, ...]
    categories: tuple[str, ...]

    @property
    def known_time(self) -> KnownTime:
        """The finest time that is known of the alerts."""
        if self.n and self.month_only >= MONTH_ONLY_SHARE * self.n:
            return KnownTime.MONTH
        return KnownTime.HOUR if self.timed >= HOUR_SHARE * self.n else KnownTime.DAY

    @property
    def first(self) -> dt.date:
        """The earliest day; where the month is all that is known, the first of it."""
        return self.earliest.replace(day=1) if self.known_time is KnownTime.MONTH else self.earliest

    @property
    def last(self) -> dt.date:
        """The latest day; where the month is all that is known, the last of it."""
        last = monthrange(self.latest.year, self.latest.month)[1]
        return self.latest.replace(day=last) if self.known_time is KnownTime.MONTH else self.latest

    def as_json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        told = asdict(self)
        return {"first": told.pop("earliest").isoformat(), "last": told.pop("latest").isoformat(), **told}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Facts:
        """Out of what `as_json` gave; TypeError, KeyError or ValueError for something else.

        What was published earlier has the known time too, and whole months as first and last day where it is the month.
        """
        return cls(
            earliest=dt.date.fromisoformat(value["first"]),
            latest=dt.date.fromisoformat(value["last"]),
            n=value["n"],
            month_only=value["month_only"],
            timed=value["timed"],
            asked=tuple(value["asked"]),
            categories=tuple(value["categories"]),
        )


def measure(alerts: Relation) -> Facts:
    """The facts of alerts, of which all rows are read."""
    asked = {name: f"{name} <> '{Gender.UNKNOWN.value}'" for name in ("affected_gender", "reporter_gender")}
    asked["feeling"] = "feeling IS NOT NULL"
    counted = {
        "months": count_if(f"time_precision = '{MONTH}'"),
        "timed": "count(hour)",
        **{name: count_if(condition) for name, condition in asked.items()},
    }
    listed = ", ".join(f"{how} AS {name}" for name, how in counted.items())
    found = alerts.one(f"min(local_date) AS earliest, max(local_date) AS latest, count(*) AS n, {listed}")
    today, n = dt.date.today(), int(found["n"])
    return Facts(
        earliest=found["earliest"] or today,
        latest=found["latest"] or today,
        n=n,
        month_only=int(found["months"]),
        timed=int(found["timed"]),
        asked=tuple(name for name in ASKED_FIELDS if found[name] or not n),
        categories=tuple(sorted({name for theme in alerts.levels["theme"] for name in split_list(theme)})),
    )


# What is around a gap: half a year on each side.
AROUND: Final = pd.Timedelta(days=182)


def counts_by_source(alerts: Relation) -> pd.DataFrame:
    """Alerts by source, local date and whether the month alone is known: source, day, months, n."""
    columns = f"source, local_date AS day, time_precision = '{MONTH}' AS months, count(*) AS n"
    frame = alerts.frame(columns, then="GROUP BY 1, 2, 3")
    return frame.assign(day=pd.to_datetime(frame["day"]), n=frame["n"].astype(float))


def learn(frame: pd.DataFrame) -> Coverage:
    """The coverage that counts by source and day tell (`counts_by_source`).

    Of a source with 5 % or more of alerts of which the month alone is known, months are looked at, of the others the
    days of their other alerts. A gap, or a break, of a source with fewer than 5 % of all alerts around is left out.
    """
    from analysis.stats.significance import empty_runs  # it loads statistics, which a count does not need

    if frame.empty:
        return Coverage({})
    sources = {str(name): _series(part) for name, part in frame.groupby("source")}
    periods = {name: pd.PeriodIndex(series.index) for name, series in sources.items()}
    first, last = min(of[0].start_time for of in periods.values()), max(of[-1].end_time for of in periods.values())
    everything = frame.groupby("day")["n"].sum()
    gaps, breaks = [], []
    for name, series in sources.items():
        steps = pd.period_range(first, last, freq=periods[name].freq)
        n = series.reindex(steps, fill_value=0.0).to_numpy()
        unit: Unit = "month" if steps.freqstr == "M" else "day"
        own = frame[frame["source"] == name].groupby("day")["n"].sum()
        for start, stop in empty_runs(n, unit, weekday=steps[0].day_of_week, edges=True):
            gap = Gap(name, steps[start].start_time.date(), steps[stop - 1].end_time.date())
            if not _matters(own, everything, gap):
                continue
            if start == 0:
                breaks.append(Break(name, steps[stop].start_time.date(), True))
            elif stop == len(steps):
                breaks.append(Break(name, gap.first, False))
            else:
                gaps.append(gap)
    spans = {name: (of[0].start_time.date(), of[-1].end_time.date()) for name, of in periods.items()}
    gaps += _between(spans)
    by_month = all(of.freqstr == "M" for of in periods.values())
    ordered = tuple(sorted(gaps, key=lambda gap: (gap.first, gap.last, gap.source)))
    return Coverage(spans, ordered, tuple(sorted(breaks, key=lambda one: (one.day, one.source))), by_month)


def _series(part: pd.DataFrame) -> pd.Series:
    """The alerts of a source by day, or by month where the days of too many are not known; the index are periods."""
    by_month = part.loc[part["months"], "n"].sum() >= MONTH_ONLY_SHARE * part["n"].sum()
    known = part if by_month else part[~part["months"]]
    return known.groupby(known["day"].dt.to_period("M" if by_month else "D"))["n"].sum()


def _matters(own: pd.Series, everything: pd.Series, gap: Gap) -> bool:
    """Whether a source has 5 % or more of the alerts around some days, which makes its absence felt."""
    start, end = pd.Timestamp(gap.first), pd.Timestamp(gap.last)
    both = [
        float(
            n[start - AROUND : start - pd.Timedelta(days=1)].sum() + n[end + pd.Timedelta(days=1) : end + AROUND].sum()
        )
        for n in (own, everything)
    ]
    return both[0] >= 0.05 * both[1]


def _between(spans: dict[str, tuple[dt.date, dt.date]]) -> Iterator[Gap]:
    """The days between one source's last and another's first on which none had begun or gone on."""
    ordered = sorted(spans.values())
    until = ordered[0][1]
    for first, last in ordered[1:]:
        if first > until + dt.timedelta(days=1):
            yield Gap("", until + dt.timedelta(days=1), first - dt.timedelta(days=1))
        until = max(until, last)
