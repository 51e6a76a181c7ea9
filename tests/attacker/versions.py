"""Successive versions: an enemy who keeps every copy and states counts from what changed from one to the next.

A home lives: it is imported into month by month, alerts of long ago come late (some with a month's import, some alone),
statuses change, an import is undone and done again, alerts are erased. Records have the same name in every version, so
the enemy sees which ones came, changed and went (`tellable_without_names`: it would see the same without names).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curim_data.engine import Source
from curim_data.model import CityProfile
from curim_data.model.city import K_ORDINARY, K_SENSITIVE
from curim_data.protection import release
from curim_data.query import default_points
from curim_data.store import Home
from curim_data.store.erase import forget_draws
from tests.attacker.records import SECRET, Pair, alerts_of, copy_of, pair_of, source_of, with_secret
from tests.attacker.statements import PLACES, WHATS, Outcome, outcomes

LATE: Final = 0.02  # share of alerts of earlier months that come late
UPDATED: Final = 0.05
ERASED: Final = 60  # of sensitive alerts, and of others
_TIMES: Final = ((), ("quarter",), ("month",), ("week",))
_ORDINARY: Final = (
    ("cell_9", "version", "category", "affected_gender"),
    ("cell_9", "version", "week", "category", "affected_gender"),
    ("cell_9", "version", "week", "category"),
    ("place", "version", "week", "category", "affected_gender"),
)


@dataclass(frozen=True)
class Stage:
    """What a home held after something happened (`kind`), and its copy then."""

    kind: str
    alerts: pa.Table
    pair: Pair


class Life:
    """A home of which every copy is kept."""

    def __init__(self, folder: Path, city: CityProfile, *, swapping: bool = True, secret: bytes = SECRET) -> None:
        self.folder, self.city, self.swapping, self.secret = folder, city, swapping, secret
        self.home = Home(folder / "home")
        with_secret(self.home, secret)
        self.stages: list[Stage] = []

    def now(self, kind: str, alerts: pa.Table) -> None:
        """Let the home hold these alerts, and publish their copy."""
        source = source_of(self.folder, alerts, self.city)
        release(self.home, source, default_points(source), swapping=self.swapping)
        copy = pq.read_table(copy_of(self.home, source))
        self.stages.append(Stage(kind, alerts, pair_of(alerts, copy, self.city, self.secret)))


def lived(
    source: Source, imports: int, *, before: int | None = None, swapping: bool = True, secret: bytes = SECRET
) -> list[Stage]:
    """The copies of a home that got the last `imports` months of a source's alerts one after the other, and what was
    before them (the last `before` months of it) at first.
    """
    alerts = alerts_of(source)
    months = np.array(alerts["month"].to_pylist(), "datetime64[M]").astype(np.int64)
    if before is not None:
        kept = months >= np.unique(months)[-imports - before :][0]
        alerts, months = alerts.filter(pa.array(kept)), months[kept]
    with TemporaryDirectory() as folder:
        life = Life(Path(folder), source.city, swapping=swapping, secret=secret)
        _imports(life, alerts, months, imports)
        _changes(life)
        return life.stages


def _imports(life: Life, alerts: pa.Table, months: np.ndarray, imports: int) -> None:
    """A month at a time; of what is late a part with each, or before it alone."""
    rng = np.random.default_rng(0)
    since = np.unique(months)[-imports - 1 :]
    comes = np.maximum(months, since[0])
    late = (rng.random(len(months)) < LATE) & (months < since[-1] - 3)
    comes[late] = np.maximum(rng.choice(since[1:], int(late.sum())), months[late] + 3)
    comes[late & (comes > since[-1])] = since[-1]
    for at, month in enumerate(since.tolist()):
        if at % 2:
            life.now("late", alerts.filter(pa.array((comes < month) | (late & (comes == month)))))
        life.now("import" if at else "first", alerts.filter(pa.array(comes <= month)))


def _changes(life: Life) -> None:
    """An update of statuses, an import that is undone and done again, and an erasure."""
    rng = np.random.default_rng(1)
    imports = [stage.alerts for stage in life.stages if stage.kind == "import"]
    before, alerts = imports[-2:]
    other = pc.if_else(pc.equal(alerts["status"], "resolved"), "open", "resolved")
    chosen = pa.array(rng.random(len(alerts)) < UPDATED)
    column = alerts.column_names.index("status")
    alerts = alerts.set_column(column, alerts.schema.field("status"), pc.if_else(chosen, other, alerts["status"]))
    life.now("update", alerts)
    life.now("undo", alerts.filter(pc.is_in(alerts["alert_id"], value_set=before["alert_id"].combine_chunks())))
    life.now("again", alerts)
    sensitive = life.stages[-1].pair.exact["sensitive"].to_numpy()
    gone = np.concatenate([rng.permutation(np.flatnonzero(sensitive == kind))[:ERASED] for kind in (True, False)])
    forget_draws(life.home, alerts["alert_id"].take(gone).to_pylist())
    life.now("erasure", alerts.filter(pa.array(~np.isin(np.arange(len(alerts)), gone))))


def came(before: Stage, after: Stage, version: int = 0) -> Pair:
    """The alerts and the records that a version has and one before it had not."""
    old, new = before.pair, after.pair
    return Pair(
        *(
            theirs[~theirs["name"].isin(those["name"])].assign(version=version)
            for theirs, those in ((new.exact, old.exact), (new.copy, old.copy))
        )
    )


def changed(before: Stage, after: Stage) -> Pair:
    """The alerts and the records that say another status after an update."""
    frames = []
    for new, old in ((after.pair.exact, before.pair.exact), (after.pair.copy, before.pair.copy)):
        then = old.set_index("name")["status"].astype(str).reindex(new["name"]).to_numpy()
        frames.append(new[(then != new["status"].astype(str)) & pd.notna(then)].assign(version=0))
    return Pair(*frames)


def of_kind(stages: Sequence[Stage], kind: str) -> tuple[Stage, Stage]:
    """What a home held before and after something happened."""
    at = next(at for at, stage in enumerate(stages) if stage.kind == kind)
    return stages[at - 1], stages[at]


def differences(stages: Sequence[Stage]) -> dict[str, Pair]:
    """The differences of versions that the enemy states counts from, by what they are differences of."""
    grown = [stage for stage in stages if stage.kind in ("first", "late", "import")]
    each = [came(one, two, at) for at, (one, two) in enumerate(pairwise(grown))]
    whole = came(grown[0], grown[-1])
    last = int(grown[0].pair.exact["quarter"].max())
    before, after = of_kind(stages, "erasure")
    done, undone = of_kind(stages, "undo")
    return {
        "each import": Pair(pd.concat([one.exact for one in each]), pd.concat([one.copy for one in each])),
        "all imports since the first": whole,
        "of these, what is of long ago": Pair(*(rows[rows["quarter"] < last] for rows in (whole.exact, whole.copy))),
        "an update of status": changed(*of_kind(stages, "update")),
        "an undone import": came(undone, done),
        "an erasure": came(after, before),
    }


def hides_how_many(difference: str) -> bool:
    """Whether a difference is to hide how many came to the whole city, too. What is undone or erased leaves the exact
    totals of the city's quarters, and an update shows how many there are.
    """
    return difference == "each import"


def stated_from(difference: Pair, *, city: bool) -> tuple[list[Outcome], list[Outcome]]:
    """The outcomes of what is stated from a difference, of sensitive alerts and of others. `city`: of the whole city
    too (`hides_how_many`).
    """
    places = [place for place in PLACES if (city or place != "city") and difference.copy[place].nunique() > 1 - city]
    mine, others = difference.of(sensitive=True), difference.of(sensitive=False)
    tables = [(place, "version", *time, *what) for place, time, what in product(places, _TIMES, WHATS)]
    sensitive = [one for by in tables for one in outcomes(mine, by, K_SENSITIVE)]
    ordinary = [one for by in _ORDINARY if by[0] in places for one in outcomes(others, by, K_ORDINARY)]
    return sensitive, ordinary


def tellable_without_names(before: Stage, after: Stage) -> tuple[int, int]:
    """How many records came, changed or went by their names, and how many of these the contents of both copies give."""
    columns = [name for name in before.pair.copy.columns if name not in ("city", "all", "name")]
    old, new = (stage.pair.copy.astype(dict.fromkeys(columns, str)) for stage in (before, after))
    both = old.merge(new, on="name", how="outer", suffixes=(" old", " new"), indicator=True)
    same = np.logical_and.reduce([(both[f"{name} old"] == both[f"{name} new"]).to_numpy() for name in columns])
    counts = [frame.groupby(columns).size() for frame in (old, new)]
    moved = counts[1].sub(counts[0], fill_value=0).abs().sum()
    named = int((~same & (both["_merge"] == "both")).sum()) * 2 + int((both["_merge"] != "both").sum())
    return named, int(moved)
