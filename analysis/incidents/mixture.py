"""Further report of an incident, or an incident of its own: the mixture, learned by expectation and maximisation.

Each alert is the first report of an incident, with the rate of its background, or a further report that one of the
alerts before it set off, with a rate that depends on the category and on the bands of distance and lag only (a
histogram trigger, as Marsan & Lengliné 2008, Science 319). Probabilities follow from the rates, rates from the
probabilities, until they no longer change (stochastic declustering: Zhuang, Ogata & Vere-Jones 2002, JASA 97; for crime
Mohler et al. 2011, JASA 106).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.incidents.bands import METRES, Lags
from curim_data.model import FloatArray, IntArray

# Strength of the priors: pairs that draw a table of bands to the product of its margins; alerts and pairs that draw a
# category to all of them.
_PAIRS_TO_MARGINS: Final = 50.0
_ALERTS_TO_ALL: Final = 100.0
_PAIRS_TO_ALL: Final = 100.0
_NOISE: Final = 4.0  # squared standard deviations
_SMALL: Final = 1e-12


@dataclass(frozen=True)
class Candidates:
    """Pairs of an alert with an earlier one that it may repeat; arrays of shape (m,).

    child : number of the later alert among `n`. category : of the pair. metre, lag : bands. hazard : how many incidents
    are expected in that band of distance and lag before the alert anyway (the rate times the hours).
    """

    n: int
    child: IntArray
    category: IntArray
    metre: IntArray
    lag: IntArray
    hazard: FloatArray


@dataclass(frozen=True)
class Trigger:
    """Further reports that an alert sets off, on average, in each band: shape (categories, distances, lags)."""

    rates: FloatArray

    def parents(self, pairs: Candidates) -> tuple[FloatArray, FloatArray]:
        """For each pair the probability that the later alert repeats the earlier one, and for each alert that it
        repeats any; shapes (m,), (n,).
        """
        ratio = self.ratios(pairs)
        total = np.bincount(pairs.child, weights=ratio, minlength=pairs.n)
        return ratio / (1 + total[pairs.child]), total / (1 + total)

    def ratios(self, pairs: Candidates) -> FloatArray:
        """How many times more probable each pair's later alert repeats the earlier one than it is an incident of its
        own; shape (m,).
        """
        return np.asarray(self.rates[pairs.category, pairs.metre, pairs.lag] / np.maximum(pairs.hazard, _SMALL))


def sure_excess(observed: FloatArray, expected: FloatArray) -> FloatArray:
    """How many pairs of each band are more than chance: nothing below two standard deviations, nearly the whole
    difference far above (the positive part of James & Stein 1961).
    """
    more = (observed - expected).clip(0)
    return np.asarray((more - _NOISE * expected / np.maximum(more, _SMALL)).clip(0), dtype=float)


def maximise(pairs: Candidates, probability: FloatArray, alerts: FloatArray, lags: Lags, excess: FloatArray) -> Trigger:
    """The trigger from the probabilities of the pairs.

    Where pairs are few, a category is drawn to all categories and the table of bands to the product of its margins; at
    each distance the density falls with the lag or stays, for what does not is no repetition of one incident.

    Parameters
    ----------
    probability : array, shape (m,)
    alerts : array, shape (categories,)
        Alerts of each category that pairs were looked for of.
    excess : array, shape (distances, lags)
        Pairs of each band that are more than other days give: the probabilities of its pairs sum to no more.
    """
    shape = (len(alerts), len(METRES), len(lags.edges))
    where = np.ravel_multi_index((pairs.category, pairs.metre, pairs.lag), shape)
    each = np.bincount(where, weights=probability, minlength=int(np.prod(shape))).reshape(shape)
    common = each.sum(axis=0)
    each *= np.minimum(excess / np.maximum(common, _SMALL), 1.0)
    common = each.sum(axis=0)
    total = common.sum()
    if total <= 0:
        return Trigger(np.zeros(shape))
    margins = common.sum(axis=1, keepdims=True) * common.sum(axis=0, keepdims=True) / total**2
    form = _falling((common + _PAIRS_TO_MARGINS * margins) / (total + _PAIRS_TO_MARGINS), lags)
    by_category = each.sum(axis=(1, 2))
    usual = total / alerts.sum()
    number = (by_category + _ALERTS_TO_ALL * usual) / (alerts + _ALERTS_TO_ALL)
    forms = (each + _PAIRS_TO_ALL * form) / (by_category + _PAIRS_TO_ALL)[:, None, None]
    rich = by_category > _PAIRS_TO_ALL
    forms[~rich] = form
    for code in np.flatnonzero(rich):
        forms[code] = _falling(forms[code], lags)
    return Trigger(number[:, None, None] * forms)


def _falling(table: FloatArray, lags: Lags) -> FloatArray:
    """The table (distances, lags) with densities that fall with the lag, except for equal times."""
    hours = lags.durations[1:]
    out = table.copy()
    for row in out[:, 1:]:
        row[:] = falling(row / hours, hours) * hours
    return out


def falling(values: FloatArray, weights: FloatArray) -> FloatArray:
    """The nearest values that never rise, by weighted least squares (pool adjacent violators); shape as given."""
    level: list[float] = []
    weight: list[float] = []
    number: list[int] = []
    for value, heavy in zip(values, weights, strict=True):
        level.append(float(value))
        weight.append(float(heavy))
        number.append(1)
        while len(level) > 1 and level[-2] < level[-1]:
            last, much, many = level.pop(), weight.pop(), number.pop()
            level[-1] = (level[-1] * weight[-1] + last * much) / (weight[-1] + much)
            weight[-1] += much
            number[-1] += many
    return np.repeat(level, number)


def most_probable(pairs: Candidates, probability: FloatArray, repeats: FloatArray) -> IntArray:
    """The links: for each alert the earlier one that it most probably repeats, where that is more probable than that it
    is the first report of an incident. Of equally probable ones the latest candidate.

    Alerts so dense that none stands out stay alone, even where half of them may be further reports.

    Returns
    -------
    array of int
        Numbers of pairs, one for each alert that is linked.
    """
    likely = np.flatnonzero(probability > (1 - repeats)[pairs.child])
    order = likely[np.lexsort([likely, probability[likely], pairs.child[likely]])]
    last = np.ones(len(order), dtype=bool)
    last[:-1] = pairs.child[order][1:] != pairs.child[order][:-1]
    return order[last]
