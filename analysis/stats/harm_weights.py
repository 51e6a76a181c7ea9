"""Alerts that count by the harm they do: weights with a mean of one, by severity or by a city's harm index.

A sum of weights of Poisson events is compound Poisson: its variance is the sum of the squared weights. Where alerts
come in bursts, so that their number varies φ times as much as a Poisson count, the sum varies at most about φ times as
much too: exactly so where all of a burst weigh alike, less where its weights are independent. So φ Σ w² is used, and
intervals hold at least what they promise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from analysis.stats.intervals import weighted_sum
from analysis.stats.result import Choice
from curim_data.model import FloatArray, IntArray, Message, Num

# By what an alert counts: the column of that name holds it.
WeighedBy = Literal["severity", "harm"]


@dataclass(frozen=True)
class HarmWeights:
    """Alerts by cell (or another unit) and weight.

    counts : array, shape (m cells, s weights)
    values : array, shape (s,); their mean over all alerts is one, so that weighted counts stay on the scale of
        alerts.
    choices : how the weights were made.
    """

    counts: FloatArray
    values: FloatArray
    choices: tuple[Choice, ...]

    @property
    def sums(self) -> FloatArray:
        """Weight by cell, shape (m,)."""
        return np.asarray(self.counts @ self.values)

    @property
    def squares(self) -> FloatArray:
        """Sum of squared weights by cell, shape (m,)."""
        return np.asarray(self.counts @ self.values**2)

    @property
    def drawn(self) -> FloatArray:
        """The weight of every alert, shape (n,), in no order that means anything."""
        return np.repeat(self.values, np.round(self.counts.sum(axis=0)).astype(int))

    @property
    def largest(self) -> float:
        """The largest weight of an alert."""
        return float(self.values[self.counts.sum(axis=0) > 0].max(initial=1.0))

    @property
    def scatter(self) -> float:
        """How much more the sum of weights varies than a count: sum of squares over sum, one where all weigh alike."""
        return float(self.squares.sum() / self.sums.sum()) if self.sums.sum() > 0 else 1.0


def harm_weights(table: pd.DataFrame, cells: Any, by: WeighedBy = "severity") -> HarmWeights:
    """Weigh alerts by their severity or the harm index of their category, one without it by the mean.

    Parameters
    ----------
    table : DataFrame
        Columns cell (int64), `by` (missing where none was given), n.
    cells : array of int64, shape (m,)
        The study mask; what lies outside it is left out.
    by : "severity" (1 to 5) or "harm" (an index, zero or more)
    """
    inside = table[table["cell"].isin(cells)]
    values, column, choices = graded(inside[by], inside["n"].to_numpy(float), by)
    at = pd.Index(cells).get_indexer(inside["cell"])
    counts = np.zeros((len(cells), len(values)))
    np.add.at(counts, (at, column), inside["n"].to_numpy(float))
    return HarmWeights(counts, values, choices)


def graded(grade: pd.Series, n: FloatArray, by: WeighedBy) -> tuple[FloatArray, IntArray, tuple[Choice, ...]]:
    """The weights that occur (the last one, 1, is that of alerts without a grade), each row's, and how they arose.

    `grade`: severity or harm index by row, missing where there is none; `n`: how many alerts each row holds. A mean
    of zero gives no weights: all count one.
    """
    grade = grade.astype(float)
    known = grade.notna().to_numpy()
    levels = np.array(sorted(grade[known].unique()))
    total = float(n[known].sum())
    mean = float((grade[known] * n[known]).sum() / total) if total else 0.0
    if not mean:
        return np.ones(1), np.zeros(len(grade), dtype=np.int64), (Choice("weight", by, _NONE[by]),)
    column = np.where(known, np.searchsorted(levels, grade.fillna(0)), len(levels)).astype(np.int64)
    values = np.concatenate([levels / mean, [1.0]])
    return values, column, _choices(values[:-1], mean, round(float(n.sum()) - total), by)


_NONE: Final[dict[WeighedBy, Message]] = {
    "severity": Message("No alert has a severity: all count the same."),
    "harm": Message("No alert has a category with a harm index: all count the same."),
}
_WEIGHED: Final[dict[WeighedBy, Message]] = {
    "severity": Message(
        "Each alert counts by its severity over the mean severity of {mean}: from {least} for the mildest to "
        "{most} for the gravest. Severity is a grade that is read as an amount here: 4 weighs twice as much as 2."
    ),
    "harm": Message(
        "Each alert counts by the harm index that the city gives its category (of several the gravest), over the "
        "mean index of {mean}: from {least} for the mildest to {most} for the gravest."
    ),
}
_WITHOUT: Final[dict[WeighedBy, Message]] = {
    "severity": Message("{n} alerts without a severity count as much as the mean."),
    "harm": Message("{n} alerts of categories without a harm index count as much as the mean."),
}


def _choices(values: FloatArray, mean: float, ungraded: int, by: WeighedBy) -> tuple[Choice, ...]:
    told = {"mean": Num(mean, 1), "least": Num(float(values[0])), "most": Num(float(values[-1]))}
    choices = [Choice("weight", by, Message(_WEIGHED[by].text, told))]
    if ungraded:
        choices.append(Choice("ungraded", ungraded, Message(_WITHOUT[by].text, {"n": ungraded})))
    return tuple(choices)


def weight_limits(
    total: float, squares: float, largest: float, dispersion: float = 1.0, confidence: float = 0.95
) -> tuple[float, float]:
    """Limits of the mean of a sum of weights (`stats.intervals.weighted_sum`, Fay and Feuer 1997).

    `dispersion`: of the number of alerts. As much more varies the sum, and as much more weighs the one further
    event of the upper limit: where all weights are one these are the limits of an effective count
    (`analysis.hotspots.excess.poisson_limits`). No alert at all: from zero to that further event's upper limit.
    """
    event = dispersion * largest
    if total <= 0:
        return 0.0, event * float(-np.log((1 - confidence) / 2))
    found = weighted_sum(total, dispersion * squares, event, level=confidence)
    return found.low, found.high
