"""Where the sensitive threshold holds: for a whole table, or for its rows of sensitive categories."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from curim_data.engine import Source
from curim_data.engine.types import IbisTable
from curim_data.filters import AlertFilter
from curim_data.model import CityProfile
from curim_data.privacy import disclosure
from curim_data.privacy.sensitive import sensitive_categories

JOIN: Final = "|"  # between kinds that count as one


def threshold_rule(f: AlertFilter, source: Source) -> disclosure.Rule:
    """Which rows of a table have the sensitive threshold: the same for the table that is asked for and its margins."""
    return lambda frame, by: _sensitive_rows(frame, by, f, source)


def bounded_by_threshold(counted: pd.DataFrame, by: Sequence[str], f: AlertFilter, source: Source) -> pd.DataFrame:
    """An exact table in which a count from 1 to k − 1 is withheld, known to be k − 1 at most, whoever asks.

    `counted`: the columns `by`, n, high and withheld, as who sees exact counts is given them. What is found in such a
    table says of a small count that it is small, as the protected table of the same question does, and no more.
    Numbers that disclosure control withholds only to protect others stay exact here: the table itself is for nobody.
    """
    strict = np.broadcast_to(np.asarray(_sensitive_rows(counted, by, f, source), bool), len(counted))
    k = np.where(strict, disclosure.K_SENSITIVE, disclosure.K_ORDINARY)
    n = counted["n"].to_numpy(float)
    small = (n > 0) & (n < k)
    return counted.assign(
        n=np.where(small, np.nan, n),
        high=np.where(small, k - 1, counted["high"].to_numpy(float)),
        withheld=counted["withheld"].to_numpy(bool) | small,
    )


def kinds_of_categories(alerts: IbisTable) -> Mapping[str, frozenset[str]]:
    """The kinds of the alerts of each category, out of narrow alerts: of several, the first, with which the kind goes.

    The alerts say it, not the city's tree: it lacks categories of exports, and an export may give a kind of its own.
    """
    pairs = alerts.select(category=alerts.category, kind=alerts.kind).distinct().to_pyarrow().to_pylist()
    found: dict[str, set[str]] = {}
    for pair in pairs:
        found.setdefault(pair["category"], set()).add(pair["kind"])
    return {category: frozenset(kinds) for category, kinds in found.items()}


def nested_dimensions(
    city: CityProfile, kinds: Mapping[str, frozenset[str]]
) -> Mapping[str, Mapping[str, Callable[[pd.Series], Any]]]:
    """Dimensions that follow from a finer one. `kinds`: of each category (`kinds_of_categories`).

    Where categories are of one kind each, the kinds are such a dimension. Where one is of several, two take its place:
    the kinds that share categories count as one (`kind`), since their sum is that of their categories; and what each
    kind has without the shared categories (`kind alone`), which a reader knows who knows the kinds of those.
    """
    tree = city.categories
    kinds = {name: frozenset({one.kind}) for name, one in tree.items()} | dict(kinds)  # of one without alerts: the tree
    together, alone = _joined_kinds(kinds), _kinds_alone(kinds)
    of_category: dict[str, Callable[[pd.Series], Any]] = {
        "group": lambda ids: ids.map(lambda name: tree[name].group if name in tree else ""),
        "kind": lambda ids: ids.map(lambda name: together.get(name, "")),
    }
    if together != alone:
        of_category["kind alone"] = lambda ids: ids.map(lambda name: alone.get(name, ""))
    return {"category": of_category, "month": {"year": lambda months: months.dt.year}}


def _joined_kinds(kinds: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """For each category the kinds that hang together with its own by categories of several kinds, as one text."""
    sets: list[frozenset[str]] = []
    for one in set(kinds.values()):
        joined = one.union(*(other for other in sets if other & one))
        sets = [other for other in sets if not other & one] + [joined]
    return {name: JOIN.join(sorted(next(one for one in sets if one & own))) for name, own in kinds.items()}


def _kinds_alone(kinds: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """For each category its kind, or itself where it has several."""
    return {name: next(iter(own)) if len(own) == 1 else JOIN + name for name, own in kinds.items()}


def _strict_kinds(source: Source, sensitive: frozenset[str]) -> frozenset[str]:
    """Kinds all of whose stored alerts are of sensitive categories: their counts are those of these categories."""
    if "kinds" not in source.cache:
        source.cache["kinds"] = kinds_of_categories(source.narrow)
    stored: Mapping[str, frozenset[str]] = source.cache["kinds"]
    ordinary = frozenset[str]().union(*(kinds for name, kinds in stored.items() if name not in sensitive))
    return frozenset[str]().union(*stored.values()) - ordinary


def _sensitive_rows(raw: pd.DataFrame, by: Sequence[str], f: AlertFilter, source: Source) -> Any:
    """Whether the sensitive threshold holds: for the table, or for its rows of sensitive categories."""
    if disclosure.is_sensitive(f, source.city) or disclosure.is_fine_table(by, f):
        return True
    sensitive = sensitive_categories(source)
    rows = np.zeros(len(raw), bool)
    if "category" in by:
        rows |= raw["category"].isin(sensitive).to_numpy()
    if "group" in by:
        tree = source.city.categories
        groups = {tree[name].group if name in tree else "" for name in sensitive}
        rows |= raw["group"].isin(groups).to_numpy()
    if "kind" in by and (strict := _strict_kinds(source, sensitive)):
        rows |= raw["kind"].map(lambda kinds: strict.issuperset(str(kinds).split(JOIN))).to_numpy(bool)
    return rows
