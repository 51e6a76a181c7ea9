"""Changes by harm: the ratio of sums of weights before and after, beside the count's own test, which stays.

With S = Σ w of a candidate and Q = Σ w², the log of the ratio of both periods varies by φ (Q_b / S_b² + Q_a / S_a²),
φ being the dispersion of the count: a compound Poisson sum varies by its squares. Against the rest of the city the two
terms of the rest are added. The interval of a candidate's own past is the exact conditional one of effective sums
(`analysis.stats.harm_weights.effective_scale`). Where all weights are one, ratio and interval are those of the counts.

What was tested, and the correction for having looked everywhere, is of counts: the interval of weights is of one
candidate, for reading and not for finding.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from analysis.stats.dispersion import interval_dispersion
from analysis.stats.exact_rates import effective_ratio_intervals
from analysis.stats.harm_weights import effective_scale
from analysis.stats.result import Choice
from curim_data.model import FloatArray, Message

WEIGHTS: Final = ("weight_before", "weight_after", "square_before", "square_after")
BY_WEIGHT: Final = Choice(
    "harm",
    "ratio",
    Message(
        "Changes are found by the number of alerts; beside it stands the ratio of what they weigh. Its 95 % "
        "interval takes in that weights scatter more than counts (the variance is the sum of their squares). It is of "
        "one change alone, not corrected for having looked at all."
    ),
)


def weighted_changes(
    candidates: pd.DataFrame, tested: pd.DataFrame, exposure: tuple[float, float] = (1, 1)
) -> pd.DataFrame:
    """The ratio of the weights of each candidate with its 95 % interval, as `changes` gives it for counts.

    Parameters
    ----------
    candidates : DataFrame
        As from `changes.add_city_reference`, with the columns of `WEIGHTS`: Σ w and Σ w² of the alerts.
    tested : DataFrame
        `Changes.frame` of the same candidates in the same order: what was compared with what, with which dispersion.
    exposure
        Length of the period before and after.

    Returns
    -------
    DataFrame, rows as `tested`
        weight_before, weight_after, weight_ratio, weight_low, weight_high; NaN where a candidate was not tested.
    """
    before, after, squares_before, squares_after = (candidates[name].to_numpy(float) for name in WEIGHTS)
    wider = interval_dispersion(tested["dispersion"].to_numpy(float), tested["freedom"].to_numpy(float))
    known = tested["p"].notna().to_numpy()
    out = pd.DataFrame({"weight_before": before, "weight_after": after}, index=tested.index)
    out[["weight_ratio", "weight_low", "weight_high"]] = np.nan
    based = known & (tested["compared"] == "city").to_numpy()
    own = known & ~based
    scale = wider[own] * effective_scale((before[own], after[own]), (squares_before[own], squares_after[own]))
    alone = effective_ratio_intervals(after[own] / scale, before[own] / scale, exposure[1], exposure[0])
    out.loc[own, ["weight_ratio", "weight_low", "weight_high"]] = np.column_stack(alone)
    base = candidates["base_of"].to_numpy(int)[based]
    own_sums, own_squares = (
        np.column_stack(pair)[based] for pair in ((before, after), (squares_before, squares_after))
    )
    rest_sums = np.column_stack([before, after])[base] - own_sums
    rest_squares = np.column_stack([squares_before, squares_after])[base] - own_squares
    found = weighted_ratio(
        np.hstack([own_sums, rest_sums.clip(0)]), np.hstack([own_squares, rest_squares.clip(0)]), wider[based]
    )
    out.loc[based, ["weight_ratio", "weight_low", "weight_high"]] = np.column_stack(found)
    return out


def weighted_ratio(
    sums: FloatArray, squares: FloatArray, dispersion: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """`changes.relative_change` of sums of weights: (after / before) / (base after / base before), log-normal limits.

    Columns before, after, base before, base after, shape (n, 4). Where a sum is zero half an alert is added to each
    (Haldane), which weighs as those of the candidate or of the base do: Σ w² / Σ w.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = sums[:, 1] * sums[:, 2] / (sums[:, 0] * sums[:, 3])
        half = np.where((sums == 0).any(axis=1)[:, None], 0.5, 0.0)
        each = np.repeat(np.column_stack([_mean_weight(sums, squares, at) for at in (0, 2)]), 2, axis=1)
        at, spread = sums + half * each, squares + half * each**2
        middle = np.log(at[:, 1] * at[:, 2] / (at[:, 0] * at[:, 3]))
        reach = stats.norm.ppf(0.975) * np.sqrt((spread / at**2).sum(axis=1)) * np.sqrt(dispersion)
    return ratio, np.exp(middle - reach), np.where(np.isinf(ratio), np.inf, np.exp(middle + reach))


def _mean_weight(sums: FloatArray, squares: FloatArray, first: int) -> FloatArray:
    """Σ w² / Σ w of two columns from `first` on together; one where nothing was counted."""
    total, spread = sums[:, first : first + 2].sum(axis=1), squares[:, first : first + 2].sum(axis=1)
    each: FloatArray = np.divide(spread, total, out=np.ones(len(total)), where=total > 0)
    return each
