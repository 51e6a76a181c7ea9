"""How overdispersed counts are, learned from their own past.

Several people report one incident, incidents follow one another, and the risk of a place wanders: counts scatter more
than the Poisson law says. Of two windows of equal length that are compared, y and y' with the sum m, the later one has

    mean E = m p    and, were all alerts independent, the variance V = m p (1 - p) (N - m) / (N - 1),

with p the later window's part of the N alerts of both windows in all that the row is a part of (hypergeometric: what is
common to all rows, as a season or a campaign, is in p and inflates nothing); p = 1/2 and V = m / 4 for a row that
stands against its own past. Reports that come in bursts multiply V; a log ratio of variance tau² between both windows
adds (V times that ratio)², since V is the derivative of E by the log odds:

    (y - E)² is on average  phi V + tau² V²,    so that a row's dispersion is  phi + tau² V.

phi and tau² are fitted to the ratios R_i = sum (y - E)² / sum V of rows of different sizes (weighted least squares).
Differences of windows, not distances from a mean: a place that is always hot inflates nothing. The weight of a row
hardly grows beyond a few alerts a window, and a row that is far off all others counts as one that is just improbable
(winsorised), so that neither the largest row nor a step in one row's past decides.

Wedderburn, R. W. M. (1974). Quasi-likelihood functions. Biometrika 61, 439-447. Differences of neighbouring values as
a measure of scatter: von Neumann, J. et al. (1941). Annals of Mathematical Statistics 12, 153-162.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from scipy import stats
from scipy.special import chdtr, chdtri, ndtr, ndtri, stdtr, stdtrit

from analysis.stats.result import Choice
from curim_data.model import FloatArray, Message, Num, Translator

# Of this many independent squares or more a dispersion is known.
LEAST_FREEDOM: Final = 8.0
# Of fewer it cannot be told how far risks wander.
LEAST_WANDERING: Final = 3.0
# Together with a known prior rows have at least so many: Student's quantile of fewer says nothing of the past (of one
# square that at 1 in 1,000 is a hundred times the normal one, of a tenth beyond all numbers).
LEAST_OF_BOTH: Final = 4.0
# Of fewer groups it cannot be told whether they differ.
LEAST_GROUPS: Final = 4
# Beyond this quantile of what rows like it show, a row is winsorised.
_USUAL: Final = 0.995
# Squares of neighbouring differences share a window: two of them hold as much as 4/3 independent ones.
_SHARED: Final = 1.5
# The squares of a row with V on average scatter as those of normal ones times (1 + _SMALL / V).
_SMALL: Final = 2.0
_ROUNDS: Final = 12
# A dispersion is itself estimated: it is raised by as much as Student's quantile exceeds the normal one here.
_ALLOWED_AT: Final = 1e-3
# A dispersion under which nobody would call reports overdispersed.
HARDLY: Final = 1.1
_NOTED: Final = 1.25  # times as wide, from which a reader is told that it is because of a short past
ONE_BY_ONE: Final = Message("Reports here come one by one: counts scattered no more in the past than chance explains.")


@dataclass(frozen=True)
class Dispersion:
    """How many times the variance of counts is that of independent ones.

    `phi`: for small counts, at least 1, with its 95 % interval; `drift`: tau², the variance of the log ratio of two
    windows beyond chance; `typical`: V of a typical row. `freedom`: of how many independent squares this is made.
    `known`: whether the past says it, and not only hints at it; `rows`: how many rows it is made of, since bursts and
    risks that wander cannot be distinguished in one. `wandering`: of how many independent squares the drift is made.
    """

    phi: float
    low: float
    high: float
    drift: float
    freedom: float
    typical: float = 0.0
    known: bool = True
    rows: int = 2
    wandering: float = float("inf")

    @cached_property
    def value(self) -> float:
        """The dispersion of a typical row, with the allowance for being estimated."""
        return float(self.at(self.typical))

    @property
    def widening(self) -> float:
        """How many times as wide an interval of a typical row is."""
        return float(np.sqrt(self.value))

    @cached_property
    def allowance(self) -> float:
        """The factor by which a dispersion is raised because it was estimated from a limited past.

        The square of Student's quantile over the normal one at 1 in 1,000, about where one change among a few hundred
        has to be: with 10 degrees of freedom 1.8, with 100 1.05.
        """
        return float(_allowance(self.freedom)) if self.known and np.isfinite(self.freedom) else 1.0

    def at(self, spread: Any) -> FloatArray:
        """The dispersion of counts whose variance, were they independent, is `spread` (V), with the allowance."""
        found = (self.phi + self.drift * np.asarray(spread, float)) * self.allowance
        return np.maximum(1.0, found)

    def fitted(self, spread: Any) -> FloatArray:
        """The dispersion of counts whose variance, were they independent, is `spread` (V), without the allowance."""
        return np.maximum(1.0, self.phi + self.drift * np.asarray(spread, float))

    def freedom_at(self, spread: Any) -> FloatArray:
        """Degrees of freedom of `fitted`: bursts and drift each have theirs (Satterthwaite 1946, Biometrics 2)."""
        wander = self.drift * np.asarray(spread, float)
        if not self.known:
            return np.full(wander.shape, np.inf)
        with np.errstate(divide="ignore"):
            return np.asarray((self.phi + wander) ** 2 / (self.phi**2 / self.freedom + wander**2 / self.wandering))

    def farther(self, times: float) -> Dispersion:
        """That of windows so many times as far apart: the variance of a wandering log ratio grows with the distance, at
        most in proportion to it, and is taken as that many times as large.
        """
        return replace(self, drift=times * self.drift)

    def sentence(self, t: Translator) -> str:
        """How much wider intervals are, or that it is not known."""
        return t(self.message)

    @property
    def message(self) -> Message:
        """The sentence, for a setting that tells itself."""
        if not self.known:
            return Message(
                "Whether reports here come in bursts cannot be told from so short a past: what is found may be less "
                "sure than it looks."
            )
        if np.isinf(self.freedom) and self.value == 1:
            return Message("Counts are taken as independent of one another.")
        values = {"times": Num(self.widening, 1)}
        if self.phi + self.drift * self.typical < HARDLY:
            if self.widening < _NOTED:
                return ONE_BY_ONE
            return Message(
                "Counts here scattered no more in the past than chance explains, but that past is short: intervals are "
                "{times} times as wide, to be safe.",
                values,
            )
        if self.rows == 1:
            return Message(
                "Counts here scatter more than chance explains, as they did in the past: intervals are {times} times "
                "as wide.",
                values,
            )
        if self.drift * self.typical > self.phi - 1:
            return Message(
                "Counts here wander more than chance explains, as they did in the past: intervals are {times} times as "
                "wide.",
                values,
            )
        return Message(
            "Reports here come in bursts, as they did in the past: intervals are {times} times as wide.", values
        )

    @property
    def choice(self) -> Choice:
        """The setting that tells itself."""
        return Choice("dispersion", self.value, self.message)

    @property
    def told(self) -> tuple[Choice, ...]:
        """The setting where it was looked at: nothing for counts that are taken as independent without a look."""
        return () if self == INDEPENDENT else (self.choice,)


INDEPENDENT: Final = Dispersion(1.0, 1.0, 1.0, 0.0, float("inf"))
UNKNOWN: Final = Dispersion(1.0, 1.0, float("inf"), 0.0, 0.0, known=False)


def dispersion_from_past(
    counts: Any, *, lag: int = 1, totals: Any = None, drift: bool = True, prior: Dispersion | None = None
) -> Dispersion:
    """The dispersion of rows of counts, from the differences of windows `lag` apart.

    Parameters
    ----------
    counts : array, shape (rows, windows)
        Of candidates (or cells) in equal windows that follow one another, the window being tested not among them. NaN
        where a window is not known.
    lag : int
        How many windows lie between those that are compared: 1 for the time just before, a year of windows for the
        same weeks of the year before.
    totals : array, shape (windows,) or (rows, windows), optional
        What each row is a part of (itself included) in the same windows; each row stands against its own past when left
        out.
    drift : bool
        Whether tau² is fitted too; it needs rows of different sizes.
    prior : Dispersion, optional
        What is known of other rows: enters with as many squares as these rows have, at most those it is made of, and
        with what they lack to `LEAST_OF_BOTH`.

    Returns
    -------
    Dispersion
        `UNKNOWN` (or the prior) where the past holds nothing, and not `known` where it holds fewer than `LEAST_FREEDOM`
        squares.

    Raises
    ------
    ValueError
        For counts that are no table, or a lag below 1.
    """
    table = np.asarray(counts, dtype=float)
    if table.ndim != 2 or lag < 1:
        raise ValueError("counts need rows and windows, and a lag of at least one window")
    if table.shape[1] <= lag or not len(table):
        return prior or UNKNOWN
    wholes = None
    if totals is not None:
        whole = np.broadcast_to(np.asarray(totals, float), table.shape)
        wholes = whole[:, :-lag], whole[:, lag:]
    return dispersion_of_pairs(table[:, :-lag], table[:, lag:], wholes, drift=drift, prior=prior)


def dispersion_of_pairs(
    before: Any,
    after: Any,
    wholes: tuple[Any, Any] | None = None,
    *,
    drift: bool = True,
    prior: Dispersion | None = None,
    bursts: Dispersion | None = None,
    lag: float = 1.0,
) -> Dispersion:
    """`dispersion_from_past` for pairs of windows as they are: arrays of shape (rows, pairs), of equal length each.

    `wholes`: what the rows are a part of, before and after; each row stands against its own past when left out.
    `bursts`: what is known of smaller rows; their phi is that of these rows too, and whatever they scatter beyond it is
    drift. `lag`: how many lengths of a window lie between the windows of a pair; where it is more than one, pairs that
    follow one another share most of their time, and say less about drift.
    """
    squares, spread, pairs = _squares(np.asarray(before, float), np.asarray(after, float), wholes)
    used = (spread > 0) & (pairs > 0)
    if not used.any():
        return prior or UNKNOWN
    rows = _Rows.of(squares[used], spread[used], pairs[used], whole=wholes is not None)
    if prior is not None and prior.known:
        return rows.with_prior(prior)
    wandering = rows.freedom * min(1.0, _SHARED * _apart(pairs[used].max(), lag))
    if bursts is not None and bursts.known and wandering >= LEAST_WANDERING:
        return rows.beyond(bursts, wandering)
    return replace(rows.fit(drift and rows.freedom >= LEAST_FREEDOM), wandering=wandering)


def _apart(pairs: float, lag: float) -> float:
    """How many independent pairs there are by how many there are, of differences of a random walk over `lag` steps that
    begin a step after one another: 1 / (1 + 2 sum (1 - k / n) rho_k²) with the shared part rho_k = 1 - k / lag.
    """
    steps = np.arange(1, max(int(pairs), 1))
    shared = np.maximum(0.0, 1 - steps / max(lag, 1.0))
    return float(1 / (1 + 2 * ((1 - steps / max(pairs, 1)) * shared**2).sum()))


def dispersion_of_shares(before: tuple[Any, Any], after: tuple[Any, Any]) -> Dispersion:
    """The dispersion of shares (women among women and men, say) of rows, from pairs of neighbouring windows.

    Given the part m of both windows and the wholes w and w', the later part has the mean m q with q = w' r' / (w r + w'
    r'), r and r' the share of all rows together (a change common to all is no burst; 1 where there is one row), and the
    hypergeometric variance m q (1 - q) (N - m) / (N - 1), N = w + w', less what one common change fits of it
    (leverage).

    Parameters
    ----------
    before, after : pair of arrays, shape (rows, pairs)
        The part and the whole of each row in the earlier and in the later window.

    Returns
    -------
    Dispersion
        Of the binomial law; `UNKNOWN` without rows, and not `known` with fewer than `LEAST_FREEDOM` squares.
    """
    (part, whole), (later, later_whole) = (
        tuple(np.asarray(given, float) for given in pair) for pair in (before, after)
    )
    first, then = whole, later_whole
    if len(part) > 1:
        first, then = (
            held * np.divide(one.sum(axis=0), held.sum(axis=0), out=np.zeros(held.shape[1]), where=held.sum(axis=0) > 0)
            for one, held in ((part, whole), (later, later_whole))
        )
    m, both, n = part + later, first + then, whole + later_whole
    q = np.divide(then, both, out=np.zeros_like(both), where=both > 0)
    spread = m * q * (1 - q) * np.divide(n - m, n - 1, out=np.zeros_like(n), where=n > 1)
    if len(part) > 1:
        together = spread.sum(axis=0)
        spread = spread * (1 - np.divide(spread, together, out=np.zeros_like(spread), where=together > 0))
    squares, variance = (np.where(spread > 0, values, 0.0).sum(axis=1) for values in ((later - m * q) ** 2, spread))
    pairs = (spread > 0).sum(axis=1).astype(float)
    used = pairs > 0
    if not used.any():
        return UNKNOWN
    return _Rows.of(squares[used], variance[used], pairs[used], whole=False).fit(drift=False)


@dataclass(frozen=True)
class GroupFactor:
    """How many times as much as what was fitted to all the rows of a group scatter.

    `squares`: of how many it is made, `fitted`: the share of it that is what was fitted.
    """

    times: float
    squares: float
    fitted: float

    def freedom(self, of_all: Any) -> FloatArray:
        """Degrees of freedom of the group's dispersion, of what was fitted with `of_all` and of its own squares.

        The log of an estimate from v squares has the variance 2 / v; none is allowed for twice.
        """
        with np.errstate(divide="ignore"):
            return np.asarray(1 / (1 / self.squares + self.fitted**2 / np.asarray(of_all, float)))


def group_factors(
    before: Any, after: Any, wholes: tuple[Any, Any] | None, fitted: Dispersion, groups: Sequence[Any]
) -> dict[Any, GroupFactor]:
    """How many times as much as `fitted` the rows of each group scatter, and how surely.

    Reports of some categories come in larger bursts than those of others. A group's own ratio, of so many squares v,
    is drawn towards 1 as if 1 were known from w squares: (v ratio + w) / (v + w). Between groups that do not differ,
    ratios have the variance 2 / v; what they vary beyond that is 2 / w (empirical Bayes), and where there is nothing
    beyond all factors are 1. `groups`: of each row; arrays as for `dispersion_of_pairs`.
    """
    squares, spread, pairs = _squares(np.asarray(before, float), np.asarray(after, float), wholes)
    used = (spread > 0) & (pairs > 0)
    if not used.any() or not fitted.known:
        return {}
    rows = _Rows.of(squares[used], spread[used], pairs[used], whole=wholes is not None)
    expected = fitted.phi + fitted.drift * rows.spread
    names, at = np.unique(np.asarray(groups, dtype=object)[used].astype(str), return_inverse=True)
    held = np.bincount(at, rows.squares)
    ratio = np.bincount(at, rows.squares * rows.winsorised(expected) / expected) / held
    weight = held / held.sum()
    middle = float(weight @ ratio)
    beyond = float(weight @ (ratio - middle) ** 2) - float(weight @ (2 * middle**2 / held))
    if len(names) < LEAST_GROUPS or beyond <= 0:
        return {}
    prior = 2 * middle**2 / beyond
    factor = (held * ratio + prior) / (held + prior)
    found = map(GroupFactor, factor.tolist(), (held + prior).tolist(), (prior / (held + prior)).tolist())
    return dict(zip(names.tolist(), found, strict=True))


def _allowance(freedom: Any) -> Any:
    """The square of Student's quantile over the normal one."""
    return (stdtrit(freedom, _ALLOWED_AT) / ndtri(_ALLOWED_AT)) ** 2


def spread_of(before: Any, after: Any, whole_before: Any = None, whole_after: Any = None) -> FloatArray:
    """V of counts that are compared: their variance given both together, were alerts independent.

    `whole_before`, `whole_after`: of all that the counts are a part of, themselves included; where they are left out a
    count stands against its own past in periods of the same length.
    """
    m = np.asarray(before, float) + np.asarray(after, float)
    if whole_before is None:
        return np.asarray(m / 4)
    first, then = np.asarray(whole_before, float), np.asarray(whole_after, float)
    whole = first + then
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = m * first * then / whole**2 * (whole - m) / (whole - 1)
    return np.where(whole > 1, spread, 0.0)


def spread_p(p: Any, dispersion: Any, *, tails: int = 2, freedom: Any = np.inf) -> FloatArray:
    """P-values of exact tests under counts whose variance is `dispersion` times as large.

    The normal quantile of each p is divided by the root of the dispersion. For laws with no continuous form
    (hypergeometric, the e-test) this stands in for effective counts x / dispersion: both divide the log likelihood
    ratio by the dispersion. `tails`: 2 for two-sided p-values; one-sided ones above a half stay as they are.
    `freedom`: of how many independent squares the dispersion was estimated; the quantile is then Student's.
    """
    root = np.sqrt(np.maximum(np.asarray(dispersion, float), 1.0))
    values, scale, squares = np.broadcast_arrays(np.asarray(p, float), root, np.asarray(freedom, float))
    quantile = -ndtri(np.minimum(values / tails, 0.5)) / scale
    estimated = np.isfinite(squares)
    tail = ndtr(-quantile)
    if estimated.any():
        tail = np.where(estimated, stdtr(np.where(estimated, squares, 1.0), -quantile), tail)
    changed = ((scale > 1) | estimated) & (values / tails < 0.5)
    return np.where(changed, np.minimum(1.0, tails * tail), values)


def interval_dispersion(dispersion: Any, freedom: Any) -> FloatArray:
    """The dispersion for intervals of 95 %, raised by the square of Student's quantile over the normal one."""
    squares = np.asarray(freedom, float)
    estimated = np.isfinite(squares)
    wider = (stdtrit(np.where(estimated, squares, 1.0), 0.025) / ndtri(0.025)) ** 2
    return np.asarray(dispersion, float) * np.where(estimated, wider, 1.0)


def _squares(
    before: FloatArray, after: FloatArray, wholes: tuple[Any, Any] | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """By row: the sum of (y - E)², the sum of V, and of how many pairs of windows."""
    known = np.isfinite(before + after)
    if wholes is None:
        away, spread = (after - before) / 2, spread_of(before, after)
    else:
        first, then = (np.broadcast_to(np.asarray(whole, float), before.shape) for whole in wholes)
        both = first + then
        known &= np.isfinite(both)
        part = np.divide(then, both, out=np.zeros_like(both), where=both > 0)
        away, spread = after - (before + after) * part, spread_of(before, after, first, then)
    squares, variance, pairs = (
        np.where(known, values, 0.0).sum(axis=1) for values in (away**2, spread, np.ones(known.shape))
    )
    return squares, variance, pairs


@dataclass(frozen=True)
class _Rows:
    """The ratio of each row (R), its V on average, and of how many independent squares it is made."""

    ratio: FloatArray
    spread: FloatArray
    squares: FloatArray
    whole: bool

    @classmethod
    def of(cls, squares: FloatArray, spread: FloatArray, pairs: FloatArray, whole: bool) -> _Rows:
        mean = spread / pairs
        return cls(squares / spread, mean, pairs / _SHARED * mean / (mean + _SMALL), whole)

    @property
    def freedom(self) -> float:
        """Independent squares in all; rows of one whole add up to it, so that one of them follows from the others."""
        held = (1 - 1 / len(self.ratio)) if self.whole and len(self.ratio) > 1 else 1.0
        return float(self.squares.sum() * held)

    @property
    def typical(self) -> float:
        """V of the row in the middle, by the squares that rows hold."""
        order = np.argsort(self.spread)
        held = np.cumsum(self.squares[order])
        return float(self.spread[order][np.searchsorted(held, held[-1] / 2)])

    def fit(self, drift: bool) -> Dispersion:
        """phi and tau² by weighted least squares of winsorised ratios, weights from the last round's fit."""
        phi, tau2 = max(1.0, float(np.average(self.ratio, weights=self.squares))), 0.0
        for _ in range(_ROUNDS):
            fitted = phi + tau2 * self.spread
            phi, tau2 = _line(self.spread, self.winsorised(fitted), self.squares / fitted**2, drift)
        freedom = self.freedom
        reach = np.exp(ndtri(0.975) * max(np.sqrt(2 / freedom), self._error(phi, tau2) / phi))
        known, rows = freedom >= LEAST_FREEDOM, len(self.ratio)
        return Dispersion(
            phi, max(1.0, float(phi / reach)), float(phi * reach), tau2, freedom, self.typical, known, rows
        )

    def beyond(self, bursts: Dispersion, wandering: float) -> Dispersion:
        """tau² with the phi of `bursts`: what these rows scatter beyond it is drift.

        Few rows of one size cannot tell the two apart, and taken as bursts a drift would be too small for larger
        counts. The dispersion of a typical row, R of n squares, enters as n R / (n - 2), the mean of what the true one
        may be (inverse chi-squared): of few squares a drift is never taken as nothing.
        """
        phi, tau2 = bursts.phi, 0.0
        for _ in range(_ROUNDS):
            fitted = phi + tau2 * self.spread
            weight = self.squares / fitted**2
            more = float(weight @ (self.spread * (self.winsorised(fitted) - phi)))
            tau2 = max(0.0, more / float(weight @ self.spread**2))
        typical = (phi + tau2 * self.typical) * wandering / (wandering - 2)
        found = self.fit(drift=False)
        return replace(
            found,
            phi=phi,
            low=bursts.low,
            high=bursts.high,
            drift=(typical - phi) / self.typical,
            freedom=bursts.freedom,
            wandering=wandering,
            known=True,
        )

    def _error(self, phi: float, tau2: float) -> float:
        """The standard error of phi by what the rows are off the fitted line (sandwich)."""
        fitted = phi + tau2 * self.spread
        weight = self.squares / fitted**2
        terms = np.column_stack([np.ones(len(fitted)), self.spread]) if tau2 > 0 else np.ones((len(fitted), 1))
        inverse = np.linalg.pinv(terms.T @ (terms * weight[:, None]))
        away = terms * (weight * (self.winsorised(fitted) - fitted))[:, None]
        return float(np.sqrt((inverse @ away.T @ away @ inverse)[0, 0]))

    def with_prior(self, prior: Dispersion) -> Dispersion:
        """The prior, scaled by how much more or less these rows scatter, each side with the squares that it has."""
        fitted = prior.phi + prior.drift * self.spread
        more = float(np.average(self.winsorised(fitted) / fitted, weights=self.squares))
        own = self.freedom
        known = max(min(own, prior.freedom), LEAST_OF_BOTH - own)
        scale = (own * more + known) / (own + known)
        phi, tau2 = max(1.0, scale * prior.phi), scale * prior.drift
        freedom = own + known
        low, high = (freedom / stats.chi2.ppf(tail, freedom) for tail in (0.975, 0.025))
        return Dispersion(
            phi, max(1.0, float(phi * low)), float(phi * high), tau2, freedom, self.typical, rows=len(self.ratio)
        )

    def winsorised(self, fitted: FloatArray) -> FloatArray:
        """Ratios no larger than improbable ones, raised by what this takes from the mean of rows that are as fitted."""
        most, kept = self._usual
        return np.asarray(np.minimum(self.ratio / fitted, most) / kept * fitted)

    @cached_property
    def _usual(self) -> tuple[FloatArray, FloatArray]:
        """Of each row how many times the fitted ratio is improbable, and what is left of the mean up to there."""
        most = chdtri(self.squares, 1 - _USUAL) / self.squares
        return most, chdtr(self.squares + 2, self.squares * most) + most * (1 - _USUAL)


def _line(spread: FloatArray, ratio: FloatArray, weight: FloatArray, drift: bool) -> tuple[float, float]:
    """phi >= 1 and tau² >= 0 of ratio = phi + tau² spread by weighted least squares."""
    phi = float(np.average(ratio, weights=weight))
    middle = float(np.average(spread, weights=weight))
    across = float(weight @ (spread - middle) ** 2)
    if not drift or across <= 1e-12 * float(weight @ spread**2):
        return max(1.0, phi), 0.0
    slope = float(weight @ ((spread - middle) * (ratio - phi))) / across
    level = phi - slope * middle
    if slope <= 0:
        return max(1.0, phi), 0.0
    if level < 1:
        return 1.0, max(0.0, float(weight @ (spread * (ratio - 1))) / float(weight @ spread**2))
    return level, slope
