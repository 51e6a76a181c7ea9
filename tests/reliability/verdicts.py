"""Plans that do nothing, and plans that work, in simulated cities: the tails by which each verdict speaks."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from scipy.signal import lfilter

from analysis.plans.verdict import LIKELY_TAIL, SHOWN_TAIL, fit_placebos

# Standard deviation of the log rate and its half-life in weeks.
RISKS: Final = {"stable": (0.0, 1), "slow drift": (0.4, 52), "fast drift": (0.8, 13)}
CHOSEN: Final = ("random", "hottest year", "hottest 12 weeks", "largest rise")
# Of the further reports of an incident, those in an area next door, and those in the next week.
ELSEWHERE: Final = {"tight": (0.05, 0.02), "straggling": (0.3, 0.1)}
# A plan begins so many weeks after its area was chosen.
GAP: Final = 8
AREAS: Final = 104
YEAR: Final = 52
START: Final = 2 * YEAR + GAP + 6
# The true ratio of plans that work.
WORKS: Final = 0.7
# The seed of the tables, which nothing was chosen with.
SEED: Final = 20261204


def weekly_rates(rng: np.random.Generator, risk: str, reports: float, weeks: int, areas: int = AREAS) -> np.ndarray:
    """Weekly incidents to expect, shape (areas, START + weeks): areas of about 58 alerts a year (log rate sd 0.4), a
    season of 15 %, risk that stays or drifts (AR(1)).
    """
    (sd, half), past = RISKS[risk], START
    drift = np.zeros((areas, past + weeks))
    if sd:
        rho = 0.5 ** (1 / half)
        steps = rng.normal(0, sd * np.sqrt(1 - rho**2), drift.shape)
        steps[:, 0] = rng.normal(0, sd, areas)
        drift = lfilter([1], [1, -rho], steps, axis=1) - sd**2 / 2
    level = rng.normal(-0.08, 0.4, areas)[:, None]
    season = 1 + 0.15 * np.cos(2 * np.pi * (np.arange(past + weeks) + rng.integers(YEAR)) / YEAR)
    return np.asarray(58 / YEAR / reports * np.exp(level + drift) * season)


def alerts(rng: np.random.Generator, rate: np.ndarray, reports: float, lie: str) -> np.ndarray:
    """Poisson incidents, each reported a geometric number of times, some further ones next door or a week later."""
    first = rng.poisson(rate)
    if reports == 1:
        return first
    more = np.where(first > 0, rng.negative_binomial(np.maximum(first, 1), 1 / reports), 0)
    out, late = ELSEWHERE[lie]
    gone = rng.binomial(more, out)
    left = rng.binomial(gone, 0.5)
    further = more - gone + np.roll(left, 1, 0) + np.roll(gone - left, -1, 0)
    later = rng.binomial(further, late)
    further[:, 1:] += later[:, :-1]
    return np.asarray(first + further - later)


def choose_area(how: str, counts: np.ndarray, week: int, rng: np.random.Generator) -> int:
    """The area that a plan would be made for, from the counts before a week; ties by lot."""
    lot = rng.random(len(counts)) * 0.1
    if how == "random":
        return int(lot.argmax())
    year, earlier = (counts[:, week - k * YEAR : week - (k - 1) * YEAR].sum(axis=1) for k in (1, 2))
    if how == "hottest year":
        return int((year + lot).argmax())
    if how == "hottest 12 weeks":
        return int((counts[:, week - 12 : week].sum(axis=1) + lot).argmax())
    return int(((year - earlier) / np.sqrt(year + earlier + 1) + lot).argmax())


def history(counts: np.ndarray, start: int) -> np.ndarray:
    """Counts in the last 12 weeks, the 14 before, the half year before that, and the year before that."""
    edges = (0, 12, 26, 52, 104)
    return np.column_stack([counts[:, start - b : start - a].sum(axis=1) for a, b in itertools.pairwise(edges)]).astype(
        float
    )


def plans(
    runs: int,
    risk: str,
    reports: tuple[int, str],
    weeks: int,
    *,
    chosen: Sequence[str] = CHOSEN,
    areas: int = AREAS,
    seed: int = SEED,
) -> Iterator[dict[str, Any]]:
    """Plans of so many cities, one of each choice: the tails without effect (`few`, `many`), whether a fall is shown
    and likely where the true ratio is 0.7 (`power`, `power_likely`), and whether its interval holds 0.7 (`covered`).
    """
    number, lie = reports
    rng = np.random.default_rng([seed, list(RISKS).index(risk), number, lie == "tight", weeks, areas])
    for _ in range(runs):
        rate = weekly_rates(rng, risk, number, weeks, areas)
        counts = alerts(rng, rate, number, lie)
        after, past = counts[:, START:].sum(axis=1).astype(float), history(counts, START)
        for how in chosen:
            area = choose_area(how, counts, START - GAP, rng)
            changed = rate[:, START:].copy()
            changed[area] *= WORKS
            worked = float(alerts(rng, changed, number, lie)[area].sum())
            others = np.arange(areas) != area
            model = fit_placebos(after[others], past[others])
            expected = model.expect(past[area])
            (few, fell), (many, _) = model.tails([after[area], worked], expected)
            yield {
                "chosen": how,
                "few": float(few),
                "many": float(many),
                "power": fell < SHOWN_TAIL,
                "power_likely": fell < LIKELY_TAIL,
                "covered": min(map(float, model.tails(worked, expected, WORKS))) > SHOWN_TAIL,
            }
