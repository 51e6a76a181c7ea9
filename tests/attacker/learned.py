"""Picking the statements that are surest: a model trained where the enemy knows the truth.

The enemy takes the copy for a city, makes a copy of that with a secret of their own, and so has any number of cities of
the same kind with alerts and copy (or builds one from another export). A model learns from these which shown counts are
right: from the count, and from how many alike the copy has when place, time and what was reported are told less finely.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from curim_data.engine import source_from_files
from curim_data.model import CityProfile
from tests.attacker.records import Pair, around, pair
from tests.attacker.statements import PLACES, TIMES, Outcome, stated

SENSITIVE: Final = (
    ("district", "quarter", "category", "affected_gender"),
    ("district", "year", "category", "affected_gender"),
    ("district", "month", "category", "affected_gender"),
    ("cell_8", "all", "category", "affected_gender"),
    ("cell_8", "quarter", "category", "affected_gender"),
    ("cell_8", "month", "category", "affected_gender"),
    ("cell_9", "month", "category"),
    ("place", "quarter", "category", "affected_gender"),
    ("city", "month", "category", "affected_gender"),
    ("city", "quarter", "category", "affected_gender", "dark"),
)
ORDINARY: Final = (("cell_9", "week", "category", "affected_gender"), ("cell_9", "date", "category", "affected_gender"))
PICKED: Final = (30, 50, 100, 200, 500, 1000, 2000)
MOST_TAUGHT: Final = 20_000
_COARSER_PLACES: Final = {
    "cell_9": ("cell_9", "cell_8", "cell_7", "city"),
    "cell_8": ("cell_8", "cell_7", "city"),
    "place": ("place", "district", "city"),
    "district": ("district", "city"),
    "city": ("city",),
}
_COARSER_TIMES: Final = {
    "date": ("date", "week", "month", "quarter", "all"),
    "week": ("week", "month", "quarter", "all"),
    "month": ("month", "quarter", "year", "all"),
    "quarter": ("quarter", "year", "all"),
    "year": ("year", "all"),
    "all": ("all",),
}


def cities_of_the_same_kind(copy_file: Path, city: CityProfile, number: int = 2) -> list[Pair]:
    """Cities that the enemy knows the truth of: the copy taken for alerts, and copies of it."""
    source = source_from_files([copy_file], f"enemy-{copy_file.stem}", city)
    return [pair(source, secret=f"the enemy's own {at}".encode()) for at in range(number)]


def learned(
    mine: Pair, teachers: Sequence[Pair], tables: Sequence[tuple[str, ...]], k: int, picked: Sequence[int] = PICKED
) -> list[Outcome]:
    """How often the surest statements by each table are right, of several numbers of statements."""
    found: list[Outcome] = []
    for by in tables:
        taught = pd.concat([candidates(one, by, k) for one in teachers], ignore_index=True)
        asked = candidates(mine, by, k)
        if len(taught) > MOST_TAUGHT:
            taught = taught.sample(MOST_TAUGHT, random_state=0)
        if taught["right"].nunique() < 2:
            continue
        features = [name for name in asked.columns if name not in ("right", "cell")]
        model = HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=15, min_samples_leaf=30, random_state=0)
        with threadpool_limits(limits=1):  # threads that wait for each other cost more than they give
            model.fit(taught[features].to_numpy(float), taught["right"])
            asked["sure"] = model.predict_proba(asked[features].to_numpy(float))[:, 1]
        best = asked.sort_values("sure", ascending=False, kind="stable").drop_duplicates("cell")
        sizes = [size for size in picked if size <= len(best)]
        for size in sizes:
            share = float(best["right"].head(size).mean())
            found.append(Outcome(by, size, share, f"surest {size}", len(sizes) * len(tables)))
    return found


def candidates(of: Pair, by: tuple[str, ...], k: int) -> pd.DataFrame:
    """What may be stated of each cell of a table, a row a statement: that the count is the shown one, one less or one
    more. `right`, the number of the `cell`, and what a model may learn from.
    """
    found = stated(of, by, k)
    firsts = _alike(of.copy, by).loc[found.index].reset_index(drop=True)
    n, truth = found["n"].to_numpy(), found["truth"].to_numpy()
    parts = []
    for step in (-1, 0, 1):
        said = n + step
        kept = (said > 0) & (said < k)
        part = firsts.assign(n=n, step=step, cell=np.arange(len(n)), right=truth == said)
        parts.append(part[kept])
    return pd.concat(parts, ignore_index=True)


def _alike(copy: pd.DataFrame, by: tuple[str, ...]) -> pd.DataFrame:
    """For each cell of a table the counts of coarser tables that it is part of."""
    place = next(name for name in by if name in PLACES)
    time = next(name for name in by if name in TIMES)
    what = [name for name in by if name not in (place, time)]
    told: dict[str, pd.Series] = {}
    for some in ([], what[:1], what):
        for where in _COARSER_PLACES[place]:
            for when in _COARSER_TIMES[time]:
                keys = [where, when, *some]
                told[" ".join(keys)] = copy.groupby(keys, observed=True)["city"].transform("size")
    frame = pd.DataFrame(told, index=copy.index)
    if place.startswith("cell"):
        frame["ring"] = _in_ring(copy, place)
    for name in what:
        frame[f"code {name}"] = pd.factorize(copy[name], sort=True)[0]
    frame.index = pd.MultiIndex.from_frame(copy[list(by)])
    return frame[~frame.index.duplicated()]


def _in_ring(copy: pd.DataFrame, place: str) -> np.ndarray:
    """How many alerts the neighbours of each row's cell have over all time."""
    counts = copy[place].value_counts()
    cells = counts.index.to_numpy()
    near = [int(counts.reindex(ring, fill_value=0).sum()) for ring in around(cells)]
    return copy[place].map(dict(zip(cells.tolist(), near, strict=True))).to_numpy()
