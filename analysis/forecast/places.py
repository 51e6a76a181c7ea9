"""Where the alerts of the next weeks will be, shown only as far as past forecasts of the same kind came true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.forecast.backtest import (
    MAIN_SHARE,
    METHODS,
    NAIVE_WEEKS,
    Backtest,
    CellHistory,
    ForecastSettings,
    backtest,
    origins_for,
    predicted_shares,
    settings_for,
)
from analysis.forecast.next_periods import LEVEL, WEEKS_A_YEAR
from analysis.hotspots.cell_significance import MIN_LAND_SHARE
from analysis.stats.result import Choice
from analysis.trends.line import quantiles, read_line
from curim_data.model import FloatArray, Message, Num, Translator

MAX_LISTED: Final = 20


@dataclass(frozen=True, eq=False)
class PlaceForecast:
    """The next weeks: the places where most alerts are expected.

    `frame`, index cell: land_km2, last_weeks (alerts of the last 52 weeks), expected (alerts of the next weeks, NaN
    where no forecast is shown). `listed`, the cells of highest expected density on 2 % of the land (at most 20) in
    order, index cell: expected, low, high (95 %). `covered` of `tried` counts of such lists in the past fell inside
    their interval.
    """

    frame: pd.DataFrame
    listed: pd.DataFrame
    backtest: Backtest
    covered: int
    tried: int
    n: int
    choices: tuple[Choice, ...] = field(repr=False)

    @property
    def shown(self) -> bool:
        """Whether there is a forecast of places."""
        return self.backtest.refused is None

    def sentence(self, t: Translator) -> str:
        """What the forecast of places is worth, or why there is none."""
        test = self.backtest
        if test.refused is not None:
            return t(test.refused)
        row, plain = test.at(test.method), test.at(METHODS[0])
        values = {
            "land": t.percent(MAIN_SHARE),
            "hits": t.percent(row["hit_rate"]),
            "pai": Num(row["pai"]),
            "low": Num(row["pai_low"]),
            "high": Num(row["pai_high"]),
            "plain": Num(plain["pai"]),
            "times": len(test.origins),
            "events": test.events,
        }
        if test.method == METHODS[0]:
            return t(
                "In {times} past forecasts {hits} of {events} alerts came on the {land} of the land that plain "
                "counting ranked first, {pai} times as many as by chance ({low} to {high}). No model was "
                "better beyond chance: what is shown is plain counting.",
                **values,
            )
        return t(
            "In {times} past forecasts {hits} of {events} alerts came on the {land} of the land that was ranked first, "
            "{pai} times as many as by chance ({low} to {high}); with plain counting it was {plain} times as many.",
            **values,
        )

    def places_sentence(self, t: Translator) -> str:
        """How the intervals of the listed places did in the past."""
        return t(
            "Of {tried} counts that were listed in this way in the past, {covered} fell inside their interval.",
            tried=self.tried,
            covered=self.covered,
        )


def forecast_places(counts: Any, land_km2: pd.Series, weeks: int = 4, seed: int = 0) -> PlaceForecast:
    """Forecast where the alerts of the next 1 to 4 weeks will be.

    Parameters
    ----------
    counts : array, shape (m, T)
        Alerts by cell and week, all whole weeks of the past in order.
    land_km2 : Series, index cell (int64), shape (m,)
        The study mask with the land of each cell.

    Three methods are tried on the past: plain counting, fading counts spread to the neighbours, and a gamma-Poisson
    blend of long run and recent weeks (`analysis.forecast.backtest`). A model takes the place of plain counting only
    where it was better beyond chance. The expected counts are shares of what the line of all cells together lets expect
    (`analysis.trends.line`). The interval of a listed cell is negative binomial; its dispersion is that of past lists,
    each tried with the dispersion of the others. A cell with little land counts as at least a quarter of a full one, as
    in the hot spots.

    Raises ValueError for shapes that do not match, negative or missing counts, or another number of weeks.
    """
    table = np.asarray(counts, dtype=float)
    if table.ndim != 2 or len(table) != len(land_km2) or not len(table):
        raise ValueError(f"one row of counts a cell, not {table.shape} for {len(land_km2)} cells")
    if not (table >= 0).all():
        raise ValueError("counts are known and not negative")
    land = land_km2.to_numpy(dtype=float)
    ground = CellHistory.of(table, np.maximum(land, MIN_LAND_SHARE * land.max()), land_km2.index.to_numpy())
    length = table.shape[1]
    test_at, settings_at = origins_for(length, weeks)
    chosen = {name: settings_for(ground, name, settings_at, weeks) for name in METHODS[1:]}
    settings = {name: one for name, (one, _) in chosen.items()}
    test = backtest(ground, test_at, settings, weeks, seed)
    frame = pd.DataFrame({"land_km2": land}, index=land_km2.index)
    frame["last_weeks"] = table[:, max(0, length - NAIVE_WEEKS) :].sum(axis=1)
    model_choices = [choice for _, choice in chosen.values()] if test.frame.size else []
    choices = (*_usual(length), *model_choices, _backtest_choice(test))
    if test.refused is not None:
        nothing = pd.DataFrame(columns=["expected", "low", "high"], index=land_km2.index[:0], dtype=float)
        return PlaceForecast(frame.assign(expected=np.nan), nothing, test, 0, 0, int(table.sum()), choices)
    totals = _totals(table, [*test.origins, length], weeks)
    share = predicted_shares(ground, test.method, [length], settings.get(test.method, ForecastSettings()))[:, 0]
    frame["expected"] = share / share.sum() * totals[-1]
    first = _top_cells(share, ground.land)
    observed, mean = _past_lists(test, totals, ground.land)
    inside = sum(_inside(observed, mean, at) for at in range(len(test.origins)))
    expected = frame["expected"].to_numpy()[first]
    low, high = _intervals(expected, observed, mean)
    listed = pd.DataFrame({"expected": expected, "low": low, "high": high}, index=land_km2.index[first])
    return PlaceForecast(frame, listed, test, inside, observed.size, int(table.sum()), choices)


def _top_cells(share: FloatArray, land: FloatArray) -> np.ndarray[Any, np.dtype[np.intp]]:
    """The cells of highest density on the main share of the land, at most 20 and at least one."""
    order = np.argsort(-share / land, kind="stable")
    number = int(np.searchsorted(np.cumsum(land[order]), MAIN_SHARE * land.sum() * (1 + 1e-9), side="right"))
    return order[: max(1, min(MAX_LISTED, number))]


def _totals(table: FloatArray, positions: Sequence[int], weeks: int) -> FloatArray:
    """What the city was expected to have over the next weeks at each position, by nothing but the weeks before it."""
    return np.asarray(read_line(table.sum(axis=0), WEEKS_A_YEAR).ahead(positions, weeks).mean.sum(axis=1), dtype=float)


def _past_lists(test: Backtest, totals: FloatArray, land: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Counts and expectations of the places that would have been listed at each origin; shape (origins, places)."""
    observed, mean = [], []
    for at in range(len(test.origins)):
        share = test.forecast[:, at]
        first = _top_cells(share, land)
        observed.append(test.came[first, at])
        mean.append((share / share.sum() * totals[at])[first])
    fewest = min(map(len, observed))
    return np.array([row[:fewest] for row in observed]), np.array([row[:fewest] for row in mean])


def _inside(came: FloatArray, mean: FloatArray, at: int) -> int:
    """How many counts of one origin fell inside intervals whose dispersion is that of the other origins."""
    others = np.arange(len(came)) != at
    low, high = _intervals(mean[at], came[others], mean[others])
    return int(((low <= came[at]) & (came[at] <= high)).sum())


def _intervals(expected: FloatArray, came: FloatArray, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The 95 % intervals of counts, negative binomial with the dispersion of past ones.

    Variance over mean: phi = max(1, mean of (came - mean)² / mean, where anything was expected).
    """
    known = mean > 0
    phi = max(1.0, float(((came - mean)[known] ** 2 / mean[known]).sum() / max(known.sum(), 1)))
    return quantiles((1 - LEVEL) / 2, np.maximum(expected, 1e-9), phi * expected)


def _usual(length: int) -> tuple[Choice, ...]:
    weeks = min(NAIVE_WEEKS, length)
    values = {"weeks": weeks}
    return (
        Choice("naive", weeks, Message("Plain counting takes the alerts of the last {weeks} weeks.", values)),
        Choice(
            "history",
            length,
            Message("All {weeks} whole weeks before the end of the period are used.", {"weeks": length}),
        ),
    )


def _backtest_choice(test: Backtest) -> Choice:
    values = {"times": len(test.origins), "events": test.events}
    return Choice(
        "origins",
        len(test.origins),
        Message(
            "Tried on {times} past periods as long as the forecast, each with what was known before it: {events} "
            "alerts in all. Intervals are of 95 %, from 999 draws of these periods. A model takes the place of plain "
            "counting only where it was better on 2 % of the land with its interval.",
            values,
        ),
    )
