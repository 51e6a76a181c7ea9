"""Statements about small counts: "in this cell of this table are n alerts", for every n under k that the copy shows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Final

import pandas as pd
from scipy.stats import binom

from curim_data.model.city import K_ORDINARY, K_SENSITIVE
from tests.attacker.records import Pair

MOST_SENSITIVE: Final = 0.5
MOST_ORDINARY: Final = 0.7
LEAST_PICKED: Final = 30  # statements of a subset that is judged
DOUBT: Final = 0.01  # chance with which a subset that is right no more often than it may be is called too right

PLACES: Final = ("city", "district", "place", "cell_8", "cell_9")
TIMES: Final = ("all", "year", "quarter", "month", "week", "date")
WHATS: Final = (
    (),
    ("category",),
    ("category", "affected_gender"),
    ("category", "affected_gender", "dark"),
    ("affected_gender", "dark"),
    ("category", "band"),
    ("category", "weekend"),
    ("category", "weekday"),
    ("category", "status"),
    ("category", "affected_gender", "reporter_gender"),
)
# What the copy has exactly, and says so: sensitive alerts of the city by quarter, category and gender.
_EXACT_TIMES, _EXACT_WHAT = ("all", "year", "quarter"), {"category", "affected_gender"}
ORDINARY: Final = tuple(
    (place, time, *what)
    for place, time, what in (
        ("cell_9", "week", ("category", "affected_gender")),
        ("cell_9", "week", ("category",)),
        ("cell_9", "week", ("category", "affected_gender", "dark")),
        ("cell_9", "week", ("category", "affected_gender", "band")),
        ("cell_9", "date", ("category", "affected_gender")),
        ("cell_9", "date", ()),
        ("place", "week", ("category", "affected_gender")),
        ("place", "date", ("category", "affected_gender", "band")),
    )
)


@dataclass(frozen=True)
class Outcome:
    """How many statements there are by a table, and which share of them is right."""

    by: tuple[str, ...]
    n: int
    right: float
    picked: str = "all"
    attempts: int = 1

    @property
    def name(self) -> str:
        """The table in words."""
        return " x ".join(self.by)

    def too_right(self, most: float) -> bool:
        """Whether more are right than luck explains at `most`, with so many subsets looked at."""
        if self.n < LEAST_PICKED:
            return False
        return bool(binom.sf(round(self.n * self.right) - 1, self.n, most) < DOUBT / self.attempts)


def sensitive_tables(pair: Pair) -> list[tuple[str, ...]]:
    """Every table finer than city by quarter. What has one value alone tells nothing."""
    told = [name for name in pair.copy.columns if name in ("city", "all") or pair.copy[name].nunique() > 1]
    found = []
    for place, time, what in product(PLACES, TIMES, WHATS):
        if not {place, time, *what} <= set(told):
            continue
        exact = place == "city" and time in _EXACT_TIMES and set(what) <= _EXACT_WHAT
        if not exact:
            found.append((place, time, *what))
    return found


def counted(frame: pd.DataFrame, by: tuple[str, ...]) -> pd.Series:
    """The table: how many rows each combination that occurs has."""
    return frame.groupby(list(by), observed=True, sort=False).size()


def stated(pair: Pair, by: tuple[str, ...], k: int) -> pd.DataFrame:
    """The counts under k that the copy shows (`n`), and the exact ones (`truth`)."""
    shown = counted(pair.copy, by)
    shown = shown[shown < k]
    truth = counted(pair.exact, by).reindex(shown.index, fill_value=0)
    return pd.DataFrame({"n": shown, "truth": truth})


def outcomes(pair: Pair, by: tuple[str, ...], k: int) -> list[Outcome]:
    """All statements by a table, and the subsets that the shown count itself picks."""
    found = stated(pair, by, k)
    right = found["n"] == found["truth"]
    picks = {"all": found["n"] > 0, "one": found["n"] == 1, "more": found["n"] > 1}
    return [
        Outcome(by, int(rows.sum()), float(right[rows].mean()) if rows.any() else 0.0, name, len(picks))
        for name, rows in picks.items()
    ]


def sensitive_outcomes(pair: Pair) -> list[Outcome]:
    """Of all tables of sensitive alerts that are finer than city by quarter."""
    mine = pair.of(sensitive=True)
    return [one for by in sensitive_tables(mine) for one in outcomes(mine, by, K_SENSITIVE)]


def ordinary_outcomes(pair: Pair) -> list[Outcome]:
    """Of the fine tables of the other alerts."""
    mine = pair.of(sensitive=False)
    tables = [by for by in ORDINARY if mine.copy[by[0]].nunique() > 1]
    return [one for by in tables for one in outcomes(mine, by, K_ORDINARY)]
