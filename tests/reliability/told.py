"""What happened in a city is told: real exports of which a part is doubled or left out, and events put into them.

    python -m tests.reliability --told [--out told.json]

prints a table: what was done, what ought to be told, and what was. Exports are those of ../shared/data/exports; without
them the sample city alone is tried. What is changed is the table of alerts as it was imported, nothing after it.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from curim_data.engine import Source, open_source
from curim_data.engine.source import source_from_files
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.store import Home, Store
from curim_data.studies.brief import BriefChanges, brief_changes
from curim_data.studies.periods import month_bounds
from tests.real.cities import REAL

LEAST: Final = 60  # alerts of a district or category in the period, from which a doubling ought to be told
WEEKS: Final = 4
Change = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class Case:
    """What was done to a city's alerts, at which `level` it ought to be told, and whether it was."""

    city: str
    done: str
    level: str
    ought: bool
    told: bool
    grade: str = ""
    said: str = ""


def homes(folder: Path) -> Iterator[tuple[str, Home]]:
    """The cities: the exports that are there, each imported once into the folder."""
    for city in REAL:
        if city.there:
            yield city.name, Home(city.build(folder / city.name))


def table_of(home: Home) -> pa.Table:
    """All stored alerts of a home."""
    return pa.concat_tables([pq.read_table(path) for path in Store(home).files()])


def changed(home: Home, change: Change) -> Source:
    """The home's alerts after a change of their rows; a row that is there twice gets an id of its own."""
    table = table_of(home)
    frame = pd.DataFrame({name: table[name].to_pandas() for name in ("local_date", "month", "category", *_CELLS)})
    frame["at"] = np.arange(len(frame))
    found = change(frame)
    rows = table.take(pa.array(found["at"].to_numpy(np.int64)))
    ids = pd.Series(rows["alert_id"].to_pylist())
    again = ids.groupby(ids).cumcount()
    ids = ids.where(again == 0, ids + "-" + again.astype(str))
    rows = rows.set_column(rows.schema.get_field_index("alert_id"), "alert_id", pa.array(ids, pa.string()))
    path = Path(tempfile.mkdtemp(prefix="told-")) / "alerts.parquet"
    pq.write_table(rows, path)
    return source_from_files([path], str(path), home.city())


_CELLS: Final = ("district", "cell_9", "inside")


def newest(source: Source) -> tuple[dt.date, dt.date]:
    """The newest four weeks, or the newest month where months alone are known."""
    if source.by_month:
        return month_bounds(source.as_of, 0)
    return source.as_of - dt.timedelta(days=7 * WEEKS - 1), source.as_of


def doubled(span: tuple[dt.date, dt.date], which: Callable[[pd.DataFrame], Any] | None = None) -> Change:
    """Each alert of some days, and of some kind, twice."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        rows = (frame["local_date"] >= span[0]) & (frame["local_date"] <= span[1])
        if which is not None:
            rows &= which(frame)
        return pd.concat([frame, frame[rows]], ignore_index=True)

    return change


def without(span: tuple[dt.date, dt.date]) -> Change:
    """No alert of some days."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[(frame["local_date"] < span[0]) | (frame["local_date"] > span[1])]

    return change


def looked_at(source: Source, span: tuple[dt.date, dt.date]) -> BriefChanges:
    """What an analyst is told of some days."""
    f = AlertFilter(period="", start=span[0], end=span[1])
    return brief_changes(source, f, Audience.ANALYST)


def grade_at(study: BriefChanges, level: str, direction: int, key: dict[str, str] | None = None) -> str:
    """The grade of the surest change of a level, and of a key where one is given; events are of the level "event"."""
    if level == "event":
        return max((one.event.grade for one in study.events), default="open", key=_GRADES.index)
    if level == "city":
        city = study.city
        return city.grade if city is not None and city.direction == direction else "open"
    found = [
        one.change.grade
        for one in study.findings
        if one.change.level == level
        and one.change.direction == direction
        and all(one.change.key.get(name) == value for name, value in (key or {}).items())
    ]
    return max(found, default="open", key=_GRADES.index)


_GRADES: Final = ("open", "probable", "clear")


def doubled_cities(name: str, home: Home) -> Iterator[Case]:
    """The city doubled in its newest weeks; each district, or large area, and each category with enough alerts."""
    source = open_source(home)
    span = newest(source)
    study = looked_at(changed(home, doubled(span)), span)
    grade = grade_at(study, "city", 1)
    n = study.recent.n // 2
    yield Case(name, f"doubled, {n} alerts", "city", ought=True, told=grade == "clear", grade=grade)
    before = looked_at(source, span)
    from curim_data.studies.changes import change_study

    whole = change_study(source, AlertFilter(period="", start=span[0], end=span[1])).changes.frame
    for level, key in (("district", "area"), ("district", "district"), ("category", "category")):
        rows = whole[(whole["level"] == level) & whole[key].notna() & (whole["after"] >= LEAST)]
        for value in rows.sort_values("after", ascending=False)[key].head(5):
            twice = changed(home, doubled(span, _holds(key, value)))
            found = change_study(twice, AlertFilter(period="", start=span[0], end=span[1])).changes
            row = found.of({**dict.fromkeys(found.by), key: value})
            grade = row.grade if row is not None and row.direction > 0 else "open"
            yield Case(name, f"{value} doubled", level, ought=True, told=grade != "open", grade=grade)
    del before


def _holds(key: str, value: str) -> Callable[[pd.DataFrame], Any]:
    if key == "area":
        import h3.api.numpy_int as h3

        cell = np.uint64(int(value, 16))
        size = h3.get_resolution(cell)

        def within(frame: pd.DataFrame) -> Any:
            known = frame["cell_9"].notna() & frame["inside"].eq(True)
            parents = {one: h3.cell_to_parent(np.uint64(one), size) for one in frame.loc[known, "cell_9"].unique()}
            return known & frame["cell_9"].map(parents).eq(cell)

        return within
    return lambda frame: frame[key].eq(value)


def gaps(name: str, home: Home) -> Iterator[Case]:
    """A month taken out of the middle, of the reference, and of the end: it is named, and no finding comes from it."""
    source = open_source(home)
    last = month_bounds(source.as_of, 0)[0]
    months = {"end": -1, "middle of the period": -3, "reference": -14}
    for where, back in months.items():
        span = month_bounds(last, back)
        if span[0] <= month_bounds(source.first, 1)[0]:
            continue
        period = (span[0], source.as_of) if where == "end" else (month_bounds(last, -5)[0], source.as_of)
        whole, part = looked_at(source, period), looked_at(changed(home, without(span)), period)
        source_part = changed(home, without(span))
        named = any(gap.first <= span[1] and gap.last >= span[0] for gap in source_part.coverage.gaps)
        known = {(one.id, one.change.direction) for one in whole.findings if one.clear}
        new = [one for one in part.findings if one.clear and (one.id, one.change.direction) not in known]
        yield Case(name, f"{span[0]:%Y-%m} missing, {where}", "gap", ought=True, told=named)
        yield Case(
            name,
            f"{span[0]:%Y-%m} missing, {where}",
            "any",
            ought=False,
            told=bool(new),
            said=str([one.id for one in new]),
        )


def main(folder: Path) -> Sequence[Case]:
    """All cases of all cities, printed as they are found."""
    found = []
    for name, home in homes(folder):
        for study in (doubled_cities, gaps):
            for case in study(name, home):
                found.append(case)
                print(
                    "|",
                    case.city,
                    "|",
                    case.done,
                    "|",
                    case.level,
                    "|",
                    case.grade,
                    "|",
                    _verdict(case),
                    case.said,
                    "|",
                    flush=True,
                )
    return found


def _verdict(case: Case) -> str:
    if case.told == case.ought:
        return "told" if case.told else "not told, rightly"
    return "NOT TOLD" if case.ought else "TOLD WRONGLY"
