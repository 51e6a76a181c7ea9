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
_PLACE: Final = ("cell_7", "cell_8", "cell_9", "district", "place")
_TIME: Final = ("month", "week", "date", "dark")
DRAWS: Final = 5


@dataclass(frozen=True)
class Singled:
    """Of `n` records that are alone in the copy with these attributes, the share `there`: some alert has all of them;
    and `itself`: the alert that the record was made of has.

    `chance_there` and `chance_itself` are the same for copies in which chance decides: places are drawn from those of
    the whole copy, and time within the quarter.
    """

    by: tuple[str, ...]
    n: int
    there: float
    itself: float
    chance_there: float
    chance_itself: float

    def too_right(self, most: float) -> bool:
        """Whether more are there than luck explains at `most`."""
        return bool(binom.sf(round(self.n * self.there) - 1, self.n, most) < DOUBT / len(KEYS))


def singled_out(mine: Pair, keys: tuple[tuple[str, ...], ...] = KEYS, draws: int = DRAWS) -> list[Singled]:
    """For each set of attributes that the copy has: its lone records, against copies of chance."""
    rng = np.random.default_rng(1)
    by_chance = [_by_chance(mine.copy, rng) for _ in range(draws)]
    found = []
    for by in keys:
        if mine.copy[by[0]].nunique() < 2:
            continue
        truth = counted(mine.exact, by)
        own = mine.exact.set_index("name")[list(by)]
        alone = _alone(mine.copy, by)
        chance = np.mean([_shares(_alone(one, by), truth, own, by) for one in by_chance], 0)
        there, itself = _shares(alone, truth, own, by)
        found.append(Singled(by, len(alone), there, itself, float(chance[0]), float(chance[1])))
    return found


def _alone(copy: pd.DataFrame, by: tuple[str, ...]) -> pd.DataFrame:
    """The records that are alone in a copy."""
    return copy[copy.groupby(list(by), observed=True)["city"].transform("size") == 1]


def _shares(alone: pd.DataFrame, truth: pd.Series, own: pd.DataFrame, by: tuple[str, ...]) -> tuple[float, float]:
    """Which share of lone records is there, and which is where the alert is that it was made of."""
    there = truth.reindex(pd.MultiIndex.from_frame(alone[list(by)]), fill_value=0) > 0
    theirs = own.reindex(alone["name"])
    itself = np.logical_and.reduce([theirs[name].to_numpy() == alone[name].to_numpy() for name in by])
    return float(there.mean()), float(itself.mean())


def _by_chance(copy: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The copy with places in any order, and time in any order within the quarter."""
    return _permuted(_permuted(copy, _PLACE, "all", rng), _TIME, "quarter", rng)


def _permuted(copy: pd.DataFrame, names: tuple[str, ...], within: str, rng: np.random.Generator) -> pd.DataFrame:
    """Rows that exchange some columns among those alike in another."""
    group = copy[within].to_numpy()
    shuffled, back = np.lexsort((rng.random(len(copy)), group)), np.argsort(group, kind="stable")
    drawn = copy.copy()
    for name in names:
        values = copy[name].to_numpy()
        taken = values.copy()
        taken[back] = values[shuffled]
        drawn[name] = taken
    return drawn


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
