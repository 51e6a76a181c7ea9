"""Plans that do nothing, and plans that work, in simulated cities: how often each verdict speaks.

`python -m tests.reliability.verdicts [RUNS]` prints the table of docs/verdicts.md.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from analysis.plans.displacement import scaled_difference
from analysis.plans.placebo import fit_placebos, ratio_estimate

# Standard deviation of the log rate and its half-life in weeks.
RISKS: Final = {"stable": (0.0, 1), "slow drift": (0.4, 52), "fast drift": (0.8, 13)}
CHOSEN: Final = ("random", "hottest year", "hottest 12 weeks", "largest rise")
# A plan begins so many weeks after its area was chosen.
GAP: Final = 8
AREAS: Final = 104
YEAR: Final = 52
# Half of an interval of 95 %.
TAIL: Final = 0.025


@dataclass(frozen=True)
class City:
    """Weekly alerts to expect by area (`rate`), and the week in which plans begin."""

    rate: np.ndarray
    start: int
    reports: float


def simulate_city(rng: np.random.Generator, risk: str, reports: float, weeks: int, areas: int = AREAS) -> City:
    """Areas of about 58 alerts a year (log rate sd 0.4), a season of 15 %, risk that stays or drifts (AR(1))."""
    sd, half = RISKS[risk]
    past = 2 * YEAR + GAP + 6
    rho = 0.5 ** (1 / half) if sd else 0.0
    drift = np.zeros((areas, past + weeks))
    if sd:
        drift[:, 0] = rng.normal(0, sd, areas)
        steps = rng.normal(0, sd * np.sqrt(1 - rho**2), drift.shape)
        for week in range(1, drift.shape[1]):
            drift[:, week] = rho * drift[:, week - 1] + steps[:, week]
        drift -= sd**2 / 2
    level = rng.normal(-0.08, 0.4, areas)[:, None]
    season = 1 + 0.15 * np.cos(2 * np.pi * (np.arange(past + weeks) + rng.integers(YEAR)) / YEAR)
    return City(58 / YEAR / reports * np.exp(level + drift) * season, past, reports)


def alerts(rng: np.random.Generator, rate: np.ndarray, reports: float) -> np.ndarray:
    """Poisson alerts, each reported a geometric number of times."""
    incidents = rng.poisson(rate)
    if reports == 1:
        return incidents
    return incidents + np.where(incidents > 0, rng.negative_binomial(np.maximum(incidents, 1), 1 / reports), 0)


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


def judge(rng: np.random.Generator, city: City, how: str, ratio: float = 0.7) -> dict[str, Any]:
    """One plan, once without effect and once with a true ratio, by the placebo verdict and by the plain difference."""
    weeks = city.rate.shape[1] - city.start
    counts = alerts(rng, city.rate, city.reports)
    area = choose_area(how, counts, city.start - GAP, rng)
    worked = alerts(rng, city.rate[area, city.start :] * ratio, city.reports).sum()
    after = counts[:, city.start :].sum(axis=1).astype(float)
    before = counts[:, city.start - YEAR : city.start - YEAR + weeks].sum(axis=1)
    past = history(counts, city.start)
    others = np.arange(len(after)) != area
    model = fit_placebos(after[others], past[others])
    assert model is not None
    expected = model.expect(past[area])
    few, many = model.tails(after[area], expected)
    found = {"fall": few < TAIL, "rise": many < TAIL, "power": model.tails(worked, expected)[0] < TAIL}
    interval = ratio_estimate(model, worked, expected)
    found["covered"] = interval.low <= ratio <= interval.high
    # The present verdict: the area most alike in the period before as comparison.
    like = np.flatnonzero(others)[np.abs(before[others] - before[area]).argmin()]
    plain = scaled_difference((before[area], after[area]), (before[like], after[like])).estimate
    found |= {"plain_fall": plain.high < 0, "plain_rise": plain.low > 0}
    found["bias"] = after[area] / expected.mean
    return found


def rows(
    runs: int,
    risks: Sequence[str] = tuple(RISKS),
    reports: Sequence[float] = (1, 2),
    weeks: Sequence[int] = (26, 52),
    areas: int = AREAS,
) -> Iterator[dict[str, Any]]:
    """One row a kind of city, length and choice: the shares of runs in which each verdict spoke."""
    for risk in risks:
        for number in reports:
            for length in weeks:
                rng = np.random.default_rng(12)
                found: dict[str, list[dict[str, Any]]] = {how: [] for how in CHOSEN}
                for _ in range(runs):
                    city = simulate_city(rng, risk, number, length, areas)
                    for how in CHOSEN:
                        found[how].append(judge(rng, city, how))
                for how in CHOSEN:
                    shares = {key: float(np.mean([one[key] for one in found[how]])) for key in found[how][0]}
                    yield {"areas": areas, "risk": risk, "reports": number, "weeks": length, "chosen": how, **shares}


def main() -> None:
    """Print the table in Markdown."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    print(
        "| areas | risk | reports | weeks | chosen as | plain: fall / rise | fall / rise | power at 0.70 | coverage |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    # Few areas are the harder case: of these the longer period of the city with bursts.
    for row in itertools.chain(rows(runs), rows(runs, reports=(2,), weeks=(52,), areas=31)):
        print(
            f"| {row['areas']} | {row['risk']} | {row['reports']} | {row['weeks']} | {row['chosen']} "
            f"| {row['plain_fall']:.3f} / {row['plain_rise']:.3f} | {row['fall']:.3f} / {row['rise']:.3f} "
            f"| {row['power']:.2f} | {row['covered']:.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
