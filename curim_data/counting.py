"""Counting itself: one Ibis group-by over a chosen table, exact, before the gate. Only `queries` may call this."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from operator import or_
from typing import Any, Final

import ibis
import pandas as pd

from curim_data.city import CityProfile
from curim_data.engine import Source
from curim_data.filters import AlertFilter, asked_categories
from curim_data.privacy import BAND_HOURS

PLAIN: Final = (
    "week",
    "month",
    "local_date",
    "weekday",
    "kind",
    "district",
    "place",
    "reporter_gender",
    "affected_gender",
    "age_band",
    "dark",
    "status",
    "severity",
    "feeling",
)
# The columns from which dimensions with several values an alert are made.
READ: Final = {
    "hour": ("hours",),
    "category": ("category", "more_categories"),
    "group": ("category", "more_categories"),
}
PILE_LEAST: Final = 20
PILE_SHARE: Final = 0.01


def counted(
    table: Any, f: AlertFilter, by: Sequence[str], city: CityProfile, resolution: int | None, banded: bool
) -> pd.DataFrame:
    """The group-by itself: the columns `by` and n."""
    columns: dict[str, Any] = {}
    lists: dict[str, Callable[[Any], Any]] = {}
    for name in by:
        if name in PLAIN:
            columns[name] = table[name]
        elif name == "cell":
            columns[name] = table[f"cell_{resolution}"]
        elif name == "year":
            columns[name] = table.local_date.year()
        elif name == "hour":
            lists[name] = partial(_hour_list, banded=banded)
        else:
            lists[name] = _category_list if name == "category" else partial(_group_list, city=city)
    # Alerts that are alike in all that is asked are counted first: there are far fewer lists than alerts to take apart.
    raw = {name: table[name] for made in lists for name in READ[made]}
    if raw:
        alike = table.select(**columns, **{f"raw_{name}": column for name, column in raw.items()})
        alike = alike.group_by(alike.columns).aggregate(weight=alike.count())
    else:
        alike = table.select(**columns, weight=ibis.literal(1))
    of = {name: alike[f"raw_{name}"] for name in raw}
    made = {name: take(of) for name, take in lists.items()}
    weight = alike.weight / made["hour"].length() if "hour" in made else alike.weight
    narrow = alike.select(*columns, **made, weight=weight)
    for name in lists:  # one after the other: two in one selection would run side by side
        narrow = narrow.mutate(**{name: narrow[name].unnest()})
    wanted = _wanted(f, city)
    for name in ("category", "group"):
        if name in by and wanted[name]:
            narrow = narrow.filter(narrow[name].isin(sorted(wanted[name])))
    if by:
        frame: pd.DataFrame = narrow.group_by(list(by)).aggregate(n=narrow.weight.sum()).to_pandas()
    else:
        frame = narrow.aggregate(n=narrow.weight.sum().fill_null(0)).to_pandas()
    frame["n"] = frame["n"].astype(float).round(9)
    for name in {"week", "month", "local_date"} & set(by):
        frame[name] = pd.to_datetime(frame[name])
    return frame.sort_values(list(by), ignore_index=True) if by else frame


def _category_list(of: Mapping[str, Any]) -> Any:
    further = of["more_categories"].fill_null(ibis.literal([], type="array<string>"))
    return ibis.array([of["category"]]).concat(further).unique()


def _group_list(of: Mapping[str, Any], city: CityProfile) -> Any:
    known = {category.id: category.group for category in city.categories.values()}
    if not known:
        return ibis.array([ibis.literal("")])
    return _category_list(of).map(lambda category: category.cases(*known.items(), else_="")).unique()


def _hour_list(of: Mapping[str, Any], banded: bool) -> Any:
    """The hours of each alert; where they are not known, one that is missing."""
    told = of["hours"]
    hours = told.map(lambda hour: hour - hour % BAND_HOURS) if banded else told
    missing = ibis.array([ibis.null("int8")])
    return ibis.ifelse(told.length() > 0, hours.cast("array<int8>"), missing)


def _wanted(f: AlertFilter, city: CityProfile) -> dict[str, frozenset[str]]:
    categories = asked_categories(f, city)
    groups = {city.categories[c].group if c in city.categories else "" for c in categories}
    return {"category": categories, "group": frozenset({*f.groups, *groups}) if categories or f.groups else frozenset()}


def pile_points(source: Source) -> pd.DataFrame:
    """The piles of the store: longitude, latitude, stored. Found once for each version of the store."""
    if "piles" not in source.kept:
        source.kept["piles"] = _pile_points(source)
    found: pd.DataFrame = source.kept["piles"]
    return found.copy()


def _pile_points(source: Source) -> pd.DataFrame:
    mapped = source.table.filter(source.table.longitude.notnull() & source.table.latitude.notnull())
    number = int(mapped.count().to_pyarrow().as_py())
    least = max(PILE_LEAST, PILE_SHARE * number)
    points = mapped.group_by(["longitude", "latitude"]).aggregate(stored=mapped.count())
    points = points.filter(points.stored > least).order_by([ibis.desc("stored"), "longitude", "latitude"])
    found: pd.DataFrame = points.to_pandas()
    return found


def on_piles(table: Any, points: pd.DataFrame) -> Any:
    """Whether an alert stands on one of the piles."""
    if points.empty:
        return table.local_date.isnull() & False
    pairs = zip(points["longitude"], points["latitude"], strict=True)
    tests = ((table.longitude == float(x)) & (table.latitude == float(y)) for x, y in pairs)
    return reduce(or_, tests).fill_null(False)
