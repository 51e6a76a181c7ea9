"""Singling out: is a record that stands alone in the copy somebody's, and does the copy tell more of a known person?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import binom

from tests.attacker.records import Pair
from tests.attacker.statements import DOUBT, counted

KEYS: Final = (
    ("district", "quarter", "category", "affected_gender"),
    ("district", "month", "category", "affected_gender"),
    ("place", "month", "category", "affected_gender"),
    ("cell_8", "quarter", "category", "affected_gender"),
    ("cell_8", "month", "category", "affected_gender"),
    ("cell_8", "month", "category", "affected_gender", "dark"),
    ("cell_9", "month", "category", "affected_gender"),
    ("cell_9", "week", "category", "affected_gender", "dark"),
)
_PLACE: Final = ["cell_7", "cell_8", "cell_9", "district", "place"]
DRAWS: Final = 5


@dataclass(frozen=True)
class Singled:
    """Of `n` records that are alone in the copy with these attributes, the share `there` that are among the alerts with
    all of them, the share `alone` that are alone there too, and the same for copies in which chance decides:
    `chance_there`, `chance_alone`.
    """

    by: tuple[str, ...]
    n: int
    there: float
    alone: float
    chance_there: float
    chance_alone: float

    def too_right(self, most: float) -> bool:
        """Whether more are there than luck explains at `most`."""
        return bool(binom.sf(round(self.n * self.there) - 1, self.n, most) < DOUBT / len(KEYS))


def singled_out(mine: Pair, keys: tuple[tuple[str, ...], ...] = KEYS, draws: int = DRAWS) -> list[Singled]:
    """For each set of attributes that the copy has: its lone records, against copies in which places are drawn at
    random, and the month within the quarter.
    """
    rng = np.random.default_rng(1)
    chance = [_by_chance(mine.copy, rng) for _ in range(draws)]
    found = []
    for by in keys:
        if mine.copy[by[0]].nunique() < 2:
            continue
        truth = counted(mine.exact, by)
        n, there, alone = _lone(mine.copy, truth, by)
        by_chance = np.array([_lone(one, truth, by)[1:] for one in chance])
        found.append(Singled(by, n, there, alone, *by_chance.mean(axis=0).tolist()))
    return found


def _lone(copy: pd.DataFrame, truth: pd.Series, by: tuple[str, ...]) -> tuple[int, float, float]:
    shown = counted(copy, by)
    shown = shown[shown == 1]
    found = truth.reindex(shown.index, fill_value=0)
    return len(shown), float((found > 0).mean()), float((found == 1).mean())


def _by_chance(copy: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The copy with places in any order, and time in any order within the quarter."""
    placed = copy[_PLACE].iloc[rng.permutation(len(copy))].to_numpy(object)
    order = np.lexsort((rng.random(len(copy)), copy["quarter"]))
    back = np.argsort(copy["quarter"].to_numpy(), kind="stable")
    timed = copy.copy()
    for name in ("month", "week", "date", "dark"):
        values = copy[name].to_numpy().copy()
        values[back] = copy[name].to_numpy()[order]
        timed[name] = values
    for at, name in enumerate(_PLACE):
        timed[name] = placed[:, at]
    return timed


@dataclass(frozen=True)
class Target:
    """An enemy who knows of `n` persons where and when something happened to them, and asks what: the share `right` by
    the copy, and `otherwise` by what the city's counts say of that quarter and gender.
    """

    known: tuple[str, ...]
    n: int
    right: float
    otherwise: float


def targets(mine: Pair) -> list[Target]:
    """The category of persons who are alone among the alerts with a place, a time and a gender."""
    found = []
    usual = _most(mine.exact, ("quarter", "affected_gender"))
    for known in (
        ("district", "month", "affected_gender"),
        ("cell_8", "month", "affected_gender"),
        ("cell_8", "quarter", "affected_gender"),
        ("cell_9", "month", "affected_gender"),
    ):
        if mine.copy[known[0]].nunique() < 2:
            continue
        lone = mine.exact[mine.exact.groupby(list(known), observed=True)["city"].transform("size") == 1]
        said = _look_up(lone, _most(mine.copy, known), known)
        plain = _look_up(lone, usual, ("quarter", "affected_gender"))
        said = said.where(said != "", plain)
        truth = lone["category"].astype(str).reset_index(drop=True)
        found.append(Target(known, len(lone), float((said == truth).mean()), float((plain == truth).mean())))
    return found


def _most(frame: pd.DataFrame, by: tuple[str, ...]) -> pd.Series:
    counts = frame.groupby([*by, "category"], observed=True).size().reset_index(name="n")
    best = counts.sort_values("n", ascending=False, kind="stable").drop_duplicates(list(by))
    return best.set_index(list(by))["category"].astype(str)


def _look_up(rows: pd.DataFrame, said: pd.Series, by: tuple[str, ...]) -> pd.Series:
    wanted = pd.MultiIndex.from_frame(rows[list(by)])
    return said.reindex(wanted).fillna("").reset_index(drop=True)
