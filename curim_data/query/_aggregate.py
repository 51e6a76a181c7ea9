"""Counting itself: one group-by over the chosen alerts, exact, before disclosure control. For this package alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from curim_data.engine import Relation, Source
from curim_data.filters import AlertFilter, asked_categories
from curim_data.model import CityProfile
from curim_data.model.city import counted_cells
from curim_data.model.sql import Levels, at_points, cell, split_list
from curim_data.privacy import BAND_HOURS
from curim_data.query._layout import HARM, MADE_OF, Layout, sum_by


def aggregate(
    source: Source, f: AlertFilter, conditions: Sequence[str], layout: Layout, points: pd.DataFrame | None = None
) -> pd.DataFrame:
    """A table with the columns `by` and n, in order, missing values last, of the alerts for which some conditions hold.

    `points`: the default coordinates, for tables by `at_default`. Alerts that are alike in all that is asked are
    counted by the engine, texts as their codes. Of what an alert has several (categories, hours) the values are joined
    afterwards: there are far fewer lists than alerts.
    """
    levels = source.alerts.levels
    columns = {MADE_OF.get(name, name): _expression(name, layout.resolution, points, levels) for name in layout.by}
    counted = _count(source.alerts, conditions, columns)
    if "cell" in counted and counted["cell"].dtype == np.int64:  # none is missing
        cells, at = np.unique(counted["cell"], return_inverse=True)
        counted["cell"] = counted_cells(source.city, cells)[at]
    labels = {name: pd.Index([*levels[name], None], dtype="str") for name in layout.by if name in levels}
    listed, asked = [name for name in layout.by if name in MADE_OF], _asked_values(f, source.city)
    for name in listed:
        values, of = source.once("listed", (name, layout.banded), partial(_listed, name, layout.banded, source))
        if of is not None:
            labels[name] = of
            wanted = of.get_indexer(pd.Index(list(asked.get(name, ())), dtype="str"))
            values = values[values[name].isin(wanted)] if len(wanted) else values
        counted = counted.merge(values, on=MADE_OF[name])
        counted["n"] *= counted.pop("part")
    table = sum_by(counted, layout.by) if listed or "cell" in counted else counted
    if "hour" in listed:
        table["n"] = table["n"].round(9)
        table["hour"] = table["hour"].astype("int8" if table["hour"].notna().all() else float)
    for name, of in labels.items():
        table[name] = of.take(table[name].to_numpy())
    return table


def _count(alerts: Relation, conditions: Sequence[str], columns: Mapping[str, str]) -> pd.DataFrame:
    """How many alerts (`n`) are alike in some columns, by name and as SQL has them, in order, missing values last;
    dates as timestamps.
    """
    listed = ", ".join([*(f"{how} AS {name}" for name, how in columns.items()), "count(*) AS n"])
    places = range(1, len(columns) + 1)
    order = f"ORDER BY {', '.join(f'{at} NULLS LAST' for at in places)}"
    grouped = f"GROUP BY {', '.join(map(str, places))} {order}" if columns else ""
    read = alerts.select(listed, conditions, grouped)
    frame: pd.DataFrame = read.to_pandas(date_as_object=False)
    frame["n"] = frame["n"].astype(float)
    for field in read.schema:
        if pa.types.is_date(field.type):
            frame[field.name] = frame[field.name].astype("datetime64[s]")
    return frame


def _expression(name: str, resolution: int | None, points: pd.DataFrame | None, levels: Levels) -> str:
    """What a dimension is made of, in SQL."""
    column = MADE_OF.get(name, name)
    if name == "cell":
        return cell(resolution or 0)
    if name == "year":
        return "CAST(EXTRACT(YEAR FROM local_date) AS INTEGER)"
    if name == "at_default" and points is not None:
        return at_points(points)
    return f"coalesce({column}_code, {len(levels[column])})" if column in levels else column


def _listed(name: str, banded: bool, source: Source) -> tuple[pd.DataFrame, pd.Index | None]:
    """What alerts have of a dimension of which one alert may have several values: the code of its list, a value, and
    how large a part of the alert that is. Texts are places among the labels, which stand beside.
    """
    texts = (*source.alerts.levels[MADE_OF[name]], None)
    lists = [_values(name, split_list(text), source.city, banded) for text in texts]
    sizes = np.array([len(values) for values in lists])
    values: Any = [value for values in lists for value in values]
    labels = None if name in ("hour", HARM) else pd.Index(sorted(set(values)), dtype="str")
    values = np.array(values, float) if labels is None else labels.get_indexer(values)
    codes = np.repeat(np.arange(len(lists), dtype=np.int32), sizes)
    part = 1 / np.repeat(sizes, sizes) if name == "hour" else 1.0
    return pd.DataFrame({MADE_OF[name]: codes, name: values, "part": part}), labels


def _values(name: str, listed: tuple[str, ...], city: CityProfile, banded: bool) -> list[Any]:
    """What an alert has of a dimension: its categories, their groups, or its hours (one that is missing for none)."""
    if name == "hour":
        hours: list[float] = [int(hour) for hour in listed] or [float("nan")]
        return [hour - hour % BAND_HOURS for hour in hours] if banded else hours
    categories = list(dict.fromkeys(listed))
    if name == "category":
        return categories
    tree = city.categories
    if name == HARM:
        known = [tree[category].harm for category in categories if category in tree]
        return [max((harm for harm in known if harm is not None), default=float("nan"))]
    return list(dict.fromkeys(tree[category].group if category in tree else "" for category in categories))


def _asked_values(f: AlertFilter, city: CityProfile) -> dict[str, frozenset[str]]:
    """The categories and groups that the filter asks for; none where it asks for all."""
    categories = asked_categories(f, city)
    groups = {city.categories[c].group if c in city.categories else "" for c in categories}
    return {"category": categories, "group": frozenset({*f.groups, *groups}) if categories or f.groups else frozenset()}
