"""Questions to DuckDB that are written once: pages ask the same of every filter, and many things of one.

Ibis takes longer to write a question than DuckDB to answer it, where alerts are few or a filter leaves few. So it
writes apart which alerts a filter leaves, whatever their dates, and what they are counted by. Each is kept, under a key
that says all that it depends on. Both are put together here, with the dates.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import ibis
import pyarrow as pa

from curim_data.engine.types import IbisTable

ASKED: Final = "asked"  # the alerts that are counted, as the counting calls them
LATER: Final = "later"  # whether an alert is of the later of two periods
# Of a version so many are kept, of some kilobytes each; not those of filters that name hundreds of cells.
MOST_KEPT: Final = 500
LONGEST: Final = 20_000


@dataclass(frozen=True)
class Written:
    """What was written of one version's table of codes; shared by threads."""

    kept: dict[Hashable, tuple[str, Any]] = field(default_factory=dict)

    def alerts(self, key: Hashable, table: IbisTable, chosen: Callable[[], IbisTable]) -> str:
        """The SQL of alerts out of a table, whatever their dates: `chosen` has them as an expression."""
        return self._once(("alerts", table.op().name, key), lambda: (table.op().source.compile(chosen()), None))[0]

    def counting(
        self, key: Hashable, table: IbisTable, counted: Callable[[IbisTable], IbisTable]
    ) -> tuple[str, pa.Schema]:
        """The SQL of counting alerts of a table's columns and `later`, and the columns that come of it; `counted` has
        it as an expression.
        """

        def write() -> tuple[str, pa.Schema]:
            found = counted(ibis.table({**table.schema(), LATER: "boolean"}, name=ASKED))
            return table.op().source.compile(found), found.schema().to_pyarrow()

        return self._once(("counting", key), write)

    def _once(self, key: Hashable, make: Callable[[], tuple[str, Any]]) -> tuple[str, Any]:
        found = self.kept.get(key)
        if found is None:
            found = make()
            if len(found[0]) <= LONGEST:
                self.kept[key] = found
            while len(self.kept) > MOST_KEPT:
                with contextlib.suppress(KeyError, StopIteration, RuntimeError):  # another thread did, meanwhile
                    del self.kept[next(iter(self.kept))]
        return found


def ask_written(
    table: IbisTable,
    alerts: str,
    periods: Sequence[tuple[dt.date, dt.date]],
    since: dt.date | None,
    counting: tuple[str, pa.Schema],
) -> pa.Table:
    """What DuckDB counts of the alerts of some periods, on a table's cursor: `alerts` and `counting` as `Written` has
    them. `since`: the first day of the later period, where there are two.
    """
    sql, schema = counting
    within = " OR ".join(f"local_date BETWEEN {_day(first)} AND {_day(last)}" for first, last in periods)
    later = "" if since is None else f", local_date >= {_day(since)} AS {LATER}"
    asked = f"SELECT *{later} FROM ({alerts}) WHERE {within}"
    cursor = table.op().source.con
    found: pa.Table = cursor.execute(f'WITH "{ASKED}" AS NOT MATERIALIZED ({asked}) {sql}').to_arrow_table()
    return found.cast(schema)


def _day(day: dt.date) -> str:
    return f"DATE '{day:%Y-%m-%d}'"


def written(cache: dict[str, Any]) -> Written:
    """That of a source's cache."""
    found: Written = cache.setdefault("written", Written())
    return found
