"""Quiet cities: counts of 28 categories in 7 districts by window, in which nothing happens but what always happens.

Alerts are Poisson; each is reported a geometric number of times, of which a part may be collapsed again. The season
is common to all. The risk of each category in each district may wander: its log is an autoregressive process of
standard deviation `drift` that loses half of its memory in a year.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.trends.changes import Changes, add_city_reference, changes
from analysis.trends.past_scatter import Kind, Pairs, candidate_dispersions, kind_dispersions, theme_factors
from curim_data.model import FloatArray

DISTRICTS, CATEGORIES = 7, 28
A_YEAR = 6  # windows
KEYS = ("district", "category")


@dataclass(frozen=True)
class QuietCity:
    """`alerts` a window on average; `reports` an alert, of which `collapsed` of the further ones are recognised.

    With `differ` an alert has one to four reports, by its category.
    """

    alerts: int = 1100
    reports: float = 1.0
    collapsed: float = 0.0
    drift: float = 0.0
    season: float = 0.3
    windows: int = 15
    differ: bool = False

    def counts(self, rng: np.random.Generator) -> FloatArray:
        """Counts, shape (districts, categories, windows)."""
        shares = 1 / np.arange(1, CATEGORIES + 1) ** 0.8
        rate = np.outer(rng.dirichlet(np.full(DISTRICTS, 8)), shares / shares.sum()) * self.alerts / self.reports
        season = 1 + self.season * np.sin(2 * np.pi * np.arange(self.windows) / A_YEAR)
        incidents = rng.poisson(rate[..., None] * self._risk(rng) * season)
        if self.differ:
            reports = rng.permutation(np.repeat([1, 1, 1, 1.5, 2, 3, 4], CATEGORIES // 7))[:, None]
            incidents = rng.poisson(incidents / reports)
            more = rng.negative_binomial(np.maximum(incidents, 1), 1 / reports) * (incidents > 0)
            return (incidents + np.where(reports > 1, more, 0)).astype(float)
        if self.reports == 1:
            return incidents.astype(float)
        further = rng.negative_binomial(np.maximum(incidents, 1), 1 / self.reports) * (incidents > 0)
        return (incidents + rng.binomial(further, 1 - self.collapsed)).astype(float)

    def _risk(self, rng: np.random.Generator) -> FloatArray:
        if not self.drift:
            return np.ones((DISTRICTS, CATEGORIES, self.windows))
        memory = 0.5 ** (1 / A_YEAR)
        steps = [rng.normal(0, self.drift, (DISTRICTS, CATEGORIES))]
        for _ in range(1, self.windows):
            new = rng.normal(0, self.drift * np.sqrt(1 - memory**2), (DISTRICTS, CATEGORIES))
            steps.append(memory * steps[-1] + new)
        return np.exp(np.stack(steps, axis=-1) - self.drift**2 / 2)


def tables(counts: FloatArray) -> dict[Kind, pd.DataFrame]:
    """The counts of the city, of districts, of categories, and of both."""
    names = [[f"{name[0]}{at}" for at in range(size)] for name, size in zip(KEYS, counts.shape, strict=False)]
    fine = pd.DataFrame(counts.reshape(-1, counts.shape[2]), index=pd.MultiIndex.from_product(names, names=list(KEYS)))
    city = pd.DataFrame(counts.sum(axis=(0, 1))[None, :])
    return {(): city, **{(name,): fine.groupby(name).sum() for name in KEYS}, KEYS: fine}


def pairs_of(by_kind: dict[Kind, pd.DataFrame], lag: int) -> dict[Kind, Pairs]:
    """Windows `lag` apart, without the last one."""
    return {
        kind: (table.iloc[:, : -1 - lag], table.iloc[:, lag:-1].set_axis(table.columns[: -1 - lag], axis=1))
        for kind, table in by_kind.items()
    }


def compare(counts: FloatArray, lag: int = A_YEAR) -> tuple[Changes, Changes]:
    """Every change between the last window and the one `lag` before it: as if independent, and with the past's
    dispersion."""
    by_kind = tables(counts)
    last = counts.shape[2] - 1
    rows = []
    for kind, table in by_kind.items():
        named = table.reset_index()[list(kind)] if kind else pd.DataFrame(index=[0])
        rows.append(
            named.reindex(columns=list(KEYS))
            .astype(object)
            .assign(before=table[last - lag].to_numpy(float), after=table[last].to_numpy(float))
        )
    frame = add_city_reference(pd.concat(rows, ignore_index=True), ["district"], ["category"])
    past = pairs_of(by_kind, lag)
    kinds = kind_dispersions(past, lag)
    wider, squares = candidate_dispersions(frame, kinds, KEYS, theme_factors(past, kinds))
    return changes(frame, KEYS, relative=True), changes(frame, KEYS, relative=True, dispersion=wider, freedom=squares)
