"""Two counts, before and after: did anything change, and where, after having looked everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from scipy import stats

from analysis.stats.dispersion import INDEPENDENT, Dispersion, interval_dispersion, spread_p
from analysis.stats.exact_rates import larger_rate, ratio_intervals, smaller_rate
from analysis.stats.false_discovery import benjamini_hochberg
from analysis.stats.intervals import UNKNOWN, Estimate, wilson
from analysis.stats.result import Choice
from curim_data.model import BoolArray, FloatArray, IntArray, Message, Num, Translator

TestStatistic = Literal["wheeler", "pivot"]
ComparedWith = Literal["before", "city"]
Few = Literal["", "before", "after"]

# Columns of numbers that candidates may have beside their counts, and those that they have in the end.
_GIVEN: Final = ("women", "men", "base_before", "base_after")
_FOUND: Final = (
    *("before", "after", "expected", "ratio", "low", "high", "p", "q", "direction", "significant"),
    *("compared", "base_before", "base_after"),
    *("women", "women_low", "women_high", "dispersion", "freedom"),
)
# Columns that name an area; all others name a theme.
AREA: Final = ("district", "place", "cell")
# Counts beyond this many standard deviations of the Poisson law add less than 1e-16 to a p-value.
_REACH = 9.0
# Up to so many pairs of counts each one is looked at; of more, the ends of what is not extreme.
_EACH_PAIR: Final = 100_000
# P-values of the e-test below this are lost in rounding: of them the quantile is taken of the exact conditional test.
_FAR_TAIL: Final = 1e-9


def e_test(
    x1: int, x2: int, n1: float = 1, n2: float = 1, *, difference: float = 0, form: TestStatistic = "wheeler"
) -> float:
    """Two-sided p-value for two Poisson rates, x1 / n1 against x2 / n2 + difference.

    With λ2 = (x1 + x2 - difference · n1) / (n1 + n2) and λ1 = λ2 + difference, p is the probability, under Poisson
    counts i ~ n1 λ1 and j ~ n2 λ2, of a statistic T(i, j) at least as large as the one observed. The numerator of T
    is |i / n1 - j / n2 - difference|; its denominator is

    - "wheeler" (the default, as in Wheeler's published values): sqrt((i + j) / (n1 + n2)), and sqrt(λ2) for the counts
      observed;
    - "pivot" (Krishnamoorthy & Thomson): sqrt(i / n1² + j / n2²).

    Both are the same where n1 = n2 and difference = 0. Two zeros give 1: nothing happened, nothing changed. Raises
    ValueError on negative counts, exposures that are not positive, or a difference larger than the counts allow.

    Krishnamoorthy, K. & Thomson, J. (2004). A more powerful test for comparing two Poisson means. JSPI 119, 23-35.

    >>> round(e_test(6, 2), 4)
    0.1749
    """
    if min(x1, x2) < 0 or min(n1, n2) <= 0:
        raise ValueError("counts must not be negative and exposures must be above zero")
    if x1 == x2 == 0:
        return 1.0
    rate2 = (x1 + x2 - difference * n1) / (n1 + n2)
    rate1 = rate2 + difference
    if min(rate1, rate2) < 0:
        raise ValueError(f"a difference of {difference} is more than these counts allow")
    i, chance_i = _window(n1 * rate1)
    j, chance_j = _window(n2 * rate2)
    # T's denominator is the root of a sum of i and j with these weights.
    weights = (1 / (n1 + n2), 1 / (n1 + n2)) if form == "wheeler" else (1 / n1**2, 1 / n2**2)
    spread = rate2 if form == "wheeler" else weights[0] * x1 + weights[1] * x2
    observed = abs(x1 / n1 - x2 / n2 - difference) / np.sqrt(spread) if spread > 0 else np.inf

    def extreme(i: FloatArray, j: FloatArray) -> BoolArray:
        """Whether T(i, j) is at least as large as observed, ties included; two empty counts never are."""
        scale = np.sqrt(weights[0] * i + weights[1] * j)
        gap = np.abs(i / n1 - j / n2 - difference)
        return np.asarray((gap >= observed * scale * (1 - 1e-12) - 1e-12) & (scale > 0))

    if len(i) * len(j) <= _EACH_PAIR or not np.isfinite(observed):
        return min(1.0, float(np.asarray(chance_i @ extreme(i[:, None], j[None, :]) @ chance_j)))
    # Along j, the square of T's numerator less that of the bound is a parabola which opens upwards: what is not
    # extreme lies between its roots. Rounding may shift an end by one count, which the test itself corrects.
    middle = n2 * (i / n1 - difference)
    half = n2**2 * observed**2 * weights[1] / 2
    reach = np.sqrt(np.maximum(half**2 + n2**2 * observed**2 * (weights[0] * i + weights[1] * middle), 0))
    first, last = np.ceil(middle + half - reach), np.floor(middle + half + reach)
    first = np.where(~extreme(i, np.maximum(first - 1, 0)) & (first > 0), first - 1, first)
    first = np.where(extreme(i, np.maximum(first, 0)), first + 1, first)
    last = np.where(~extreme(i, np.maximum(last + 1, 0)), last + 1, last)
    last = np.where(extreme(i, np.maximum(last, 0)), last - 1, last)
    sums = np.concatenate([[0.0], np.cumsum(chance_j)])
    below = np.clip(first - j[0], 0, len(j)).astype(int)
    to = np.maximum(np.clip(last - j[0] + 1, 0, len(j)).astype(int), below)
    p = float(
        np.sum(chance_i * (sums[below] + sums[-1] - sums[to]))
    )  # a product of vectors wakes threads: four times as long
    if i[0] == j[0] == 0 and (below[0] > 0 or to[0] == 0):
        p -= float(chance_i[0] * chance_j[0])  # two empty counts
    return min(1.0, max(0.0, p))  # the sums above are rounded


def _window(mean: float) -> tuple[FloatArray, FloatArray]:
    """The counts that a Poisson law of this mean can reach, and their chances."""
    reach = _REACH * np.sqrt(mean) + 20
    counts = np.arange(max(0, int(mean - reach)), int(mean + reach) + 1, dtype=float)
    return counts, np.asarray(stats.poisson.pmf(counts, mean))


@dataclass(frozen=True)
class Change:
    """One candidate: what it is (`key`), its counts, and how sure the change is.

    `expected` is the count before brought to the length of the period after. `compared`: with its own past ("before"),
    or with what the city around it did ("city"); `ratio` is the ratio to that. `direction`: 1 where the ratio is above
    one, -1 below, 0 at one. `few`: which count is under the display threshold and stands at the most that it may be;
    nothing but "fewer than" is said of it.
    """

    key: Mapping[str, Any]
    before: int
    after: int
    expected: float
    ratio: Estimate
    p: float
    q: float
    direction: int
    compared: ComparedWith
    women: Estimate
    few: Few = ""

    def sentence(self, t: Translator) -> str:
        """From how many to how many, how many times, with the interval."""
        if self.few == "before":
            return t("{after} alerts against fewer than {limit} before.", after=self.after, limit=self.before + 1)
        if self.few == "after":
            return t("Fewer than {limit} alerts against {before} before.", limit=self.after + 1, before=self.before)
        values = {
            "after": self.after,
            "expected": Num(self.expected, 0),
            "ratio": Num(self.ratio.value, 2),
            "low": Num(self.ratio.low, 2),
            "high": Num(self.ratio.high, 2),
        }
        if not np.isfinite(self.ratio.high):
            return t("{after} alerts where there were none before.", after=self.after)
        if not self.after and self.compared == "city":
            return t(
                "No alert against {expected} before for the same length of time: at most {high} times what the "
                "change in the rest of the city would give (95 % interval).",
                **values,
            )
        if not self.after:
            return t(
                "No alert against {expected} before for the same length of time: at most {high} times as many (95 "
                "% interval).",
                **values,
            )
        if self.compared == "city":
            return t(
                "{after} alerts against {expected} before for the same length of time: {ratio} times ({low} to "
                "{high}) what the change in the rest of the city would give.",
                **values,
            )
        return t(
            "{after} alerts against {expected} before for the same length of time: {ratio} times as many ({low} to "
            "{high}).",
            **values,
        )


@dataclass(frozen=True)
class Changes:
    """All candidates that were looked at, with p-values corrected for having looked at all of them.

    `frame`: the columns that name a candidate (`by`), then before, after, expected, ratio, low, high, p, q (NaN where
    not tested), direction (int), significant (bool), compared ("before" or "city"), base_before, base_after (counts of
    the rest that "city" means; NaN without), women, women_low, women_high (share of women among women and men after;
    NaN where unknown), dispersion (of the row's counts). `n`: alerts after of the largest candidate; `scatter`: how
    overdispersed counts usually are, as it was told.
    """

    frame: pd.DataFrame
    by: tuple[str, ...]
    alpha: float
    n_tested: int
    n: int
    choices: tuple[Choice, ...]
    scatter: Dispersion = INDEPENDENT

    def top(self, k: int = 5) -> tuple[Change, ...]:
        """The changes that survive the correction, surest first, at most k."""
        rows = self.frame[self.frame["significant"]].sort_values(["q", "p"], kind="stable").head(k)
        return tuple(self._change(row) for row in rows.to_dict("records"))

    def of(self, key: Mapping[str, Any]) -> Change | None:
        """The candidate of that name; None where there is none."""
        same = np.ones(len(self.frame), bool)
        for name in self.by:
            column, value = self.frame[name], key.get(name)
            same &= (column.isna() if pd.isna(value) else column.eq(value).fillna(False)).to_numpy(bool)
        rows = self.frame[same].to_dict("records")
        return self._change(rows[0]) if rows else None

    @property
    def n_significant(self) -> int:
        """How many candidates survive the correction."""
        return int(self.frame["significant"].sum())

    def sentence(self, t: Translator, *, listed: int | None = None) -> str:
        """How many changes survive, of how many comparisons.

        `listed`: how many of them are listed, where overlapping ones are listed once and by a correction of their own
        (`analysis.trends.distinct_changes`): then that number is told, so that none is announced that is not listed.
        """
        looked = t.n("{n} comparison was made", "{n} comparisons were made", self.n_tested)
        number = self.n_significant if listed is None else listed
        if not number:
            found = t("no change is more than chance explains")
        elif listed is None:
            found = t.n("{n} change is more than chance explains", "{n} changes are more than chance explains", number)
        else:
            found = t.n(
                "{n} change is listed as more than chance explains",
                "{n} changes are listed as more than chance explains",
                number,
            )
        sentence = t(
            "{looked}; {found}, after correction for having looked at all of them.", looked=looked, found=found
        )
        if number and not self.scatter.known:
            sentence += " " + self.scatter.sentence(t)
        return sentence

    def _change(self, row: Mapping[Any, Any]) -> Change:
        return Change(
            key={name: None if pd.isna(row[name]) else row[name] for name in self.by},
            before=int(row["before"]),
            after=int(row["after"]),
            expected=float(row["expected"]),
            ratio=Estimate(row["ratio"], row["low"], row["high"]),
            p=float(row["p"]),
            q=float(row["q"]),
            direction=int(row["direction"]),
            compared="city" if row["compared"] == "city" else "before",
            women=Estimate(row["women"], row["women_low"], row["women_high"]) if np.isfinite(row["women"]) else UNKNOWN,
        )


def changes(
    frame: pd.DataFrame,
    by: Sequence[str],
    exposure: tuple[float, float] = (1, 1),
    *,
    relative: bool = False,
    alpha: float = 0.05,
    form: TestStatistic = "wheeler",
    dispersion: Any = 1.0,
    freedom: Any = np.inf,
    scatter: Dispersion = INDEPENDENT,
) -> Changes:
    """Compare every candidate's count after with its count before, and correct for all comparisons together.

    Parameters
    ----------
    frame
        One row per candidate: the columns `by` that name it, `before` and `after`; optionally `women` and `men`
        (counts after, for whom), and for `relative` the columns `base_before`, `base_after` and `other_side` (see
        `add_city_reference`).
    by
        Columns that name a candidate; they may hold None ("all").
    exposure
        Length of the period before and after, in the same unit.
    relative
        Test a row that has a base against that base, which does not hold the candidate: Fisher's exact test of the
        table (before, after) by (candidate, base), the smaller tail doubled; the ratio is the candidate's change
        divided by the base's, with a log-normal interval (Haldane's half added where a count is zero). Rows without a
        base, or with an empty one, are tested against their own past by `e_test`, with an exact conditional interval.
        So a campaign that raises reporting everywhere is one finding about the city, and not one for each place. Two
        rows that are each the other's base are one comparison from both sides: only the one whose own count changed by
        the larger factor is tested.
    dispersion
        Of all rows or of each: the variance of a row's counts, both given together, by that of independent ones (at
        least 1). The normal quantile of each p-value is divided by its root (`spread_p`); exact intervals are those of
        effective counts, log-normal ones as many times as wide.
    freedom
        Of how many independent squares each dispersion was estimated: quantiles are then Student's.
    scatter
        Where the dispersion comes from, for the sentence that tells it.

    Candidates without a single alert are not tested. Correction: Benjamini-Hochberg over all rows tested.
    """
    size = len(frame)
    rows: dict[str, Any] = {name: _column(frame, name) for name in _GIVEN}
    rows |= {when: frame[when].to_numpy() for when in ("before", "after")}
    for name, value in (("dispersion", dispersion), ("freedom", freedom)):
        rows[name] = np.broadcast_to(np.asarray(value, float), size)
    rows |= _tests(rows, exposure, relative, form)
    seen = np.zeros(size, bool)
    if relative and "other_side" in frame:
        seen = _seen_from_the_other_side(rows, frame["other_side"].to_numpy(int))
    rows["p"] = np.where(seen, np.nan, rows["p"])
    rows["q"] = benjamini_hochberg(rows["p"])
    rows["significant"] = rows["q"] <= alpha
    rows["direction"] = np.sign(np.where(np.isnan(rows["ratio"]), 1.0, rows["ratio"]) - 1).astype(int)
    rows |= _women_shares(rows["women"], rows["men"])
    tested = ~np.isnan(rows["p"])
    keys = {name: frame[name].reset_index(drop=True) for name in by}
    against = tested & (rows["compared"] == "city")
    placed = any(keys[name][against].notna().any() for name in AREA if name in keys)
    return Changes(
        frame=pd.DataFrame({**keys, **{name: rows[name] for name in _FOUND}}),
        by=tuple(by),
        alpha=alpha,
        n_tested=int(tested.sum()),
        n=int(rows["after"].max(initial=0)),
        choices=_choices(
            exposure,
            bool(against.any()),
            placed,
            bool(seen.any()),
            alpha if rows["significant"].any() else None,
            scatter,
        ),
        scatter=scatter,
    )


def _column(frame: pd.DataFrame, name: str) -> FloatArray:
    """A column of numbers; NaN throughout where there is none."""
    return frame[name].to_numpy(float) if name in frame else np.full(len(frame), np.nan)


def add_city_reference(
    frame: pd.DataFrame, area: Sequence[str] = AREA, theme: Sequence[str] = ("category", "dark")
) -> pd.DataFrame:
    """Add to each candidate the counts it is compared with when the city's own change is taken out.

    A row whose `area` columns are set is compared with the same theme in the rest of the city; where the rest has fewer
    alerts than the row itself, with all alerts of the rest of the city, because a place that makes up most of a theme
    would else hide behind itself. A theme in the whole city is compared with all other alerts; the whole city has no
    base and stands against its own past. "Not set" is None or NaN. Returns a copy with `base_before`, `base_after`,
    `base_of`: the position of the row of which the base is what is left without this row, and `other_side`: that of the
    row that is this one's base while this one is its, as with two categories that hold all alerts; -1 for none.
    """
    result = frame.reset_index(drop=True).copy()
    areas = _pattern([result[name] for name in area if name in result], len(result))
    named = [pd.factorize(result[name], sort=False) for name in theme if name in result]
    keys, themes = _combined([codes + 1 for codes, _ in named], len(result))
    whole, with_theme = areas == 0, keys > 0
    pairs = result[["before", "after"]].to_numpy(float)
    wide_at = np.full(keys.max(initial=0) + 1, -1)
    wide_at[keys[whole]] = np.flatnonzero(whole)
    same_at, all_at = np.where(whole, -1, wide_at[keys]), np.where(whole & ~with_theme, -1, wide_at[0])
    same, wider = (_rest(pairs, at) for at in (same_at, all_at))
    close = same.sum(axis=1) >= pairs.sum(axis=1)
    bases = np.where(close[:, None], same, wider)
    result["base_before"], result["base_after"] = bases.T
    result["base_of"] = np.where(close, same_at, np.where(np.isnan(wider[:, 0]), -1, all_at))
    # Rows of one level that together make up one whole: areas of one theme, or themes of the city.
    parts = np.where(whole, -1 - themes, keys)
    levels, _ = _combined([areas, parts - parts.min(initial=0)], len(result))
    levels = np.where(whole | close | ~with_theme, levels, -1)
    result["other_side"] = _other_sides(levels, pairs, bases)
    return result


def _pattern(columns: Sequence[pd.Series], rows: int) -> IntArray:
    """Which of some columns are set, as the bits of a number."""
    found = np.zeros(rows, np.int64)
    for bit, column in enumerate(columns):
        found |= column.notna().to_numpy(bool).astype(np.int64) << bit
    return found


def _combined(codes: Sequence[IntArray], rows: int) -> tuple[IntArray, IntArray]:
    """A number for each combination of some numbers, 0 where all of them are 0; and which are not, as bits."""
    found, given = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
    for bit, own in enumerate(codes):
        found = found * (int(own.max(initial=0)) + 1) + own
        given |= (own > 0).astype(np.int64) << bit
    return found, given


def _rest(pairs: FloatArray, at: IntArray) -> FloatArray:
    """What is left of the row at a position without this one; NaN where there is none."""
    rest = np.maximum(pairs[at] - pairs, 0.0) if len(pairs) else pairs
    return np.where(at[:, None] >= 0, rest, np.nan)


def _other_sides(levels: IntArray, own: FloatArray, bases: FloatArray) -> IntArray:
    """For each row the row of its level (-1: of none) that is its base and has it as base; -1 where none is."""
    found = np.full(len(levels), -1)
    sides = (levels >= 0) & (own.sum(axis=1) > 0)
    asking = np.flatnonzero((levels >= 0) & np.logical_and.reduce(_among(bases, own[sides])))
    places: dict[tuple[float, ...], list[int]] = {}
    for at in np.flatnonzero(sides & np.logical_and.reduce(_among(own, bases[asking]))).tolist():
        places.setdefault((levels[at], *own[at]), []).append(at)
    for at in asking.tolist():
        same = places.get((levels[at], *bases[at]), [])
        found[at] = next((side for side in same if side != at and (bases[side] == own[at]).all()), -1)
    return found


def _among(pairs: FloatArray, others: FloatArray) -> list[BoolArray]:
    """Whether the first and the second number of each pair are those of some others."""
    return [np.isin(pairs[:, column], others[:, column]) for column in (0, 1)]


def _tests(
    rows: Mapping[str, Any], exposure: tuple[float, float], relative: bool, form: TestStatistic
) -> dict[str, np.ndarray[Any, Any]]:
    """Columns expected, ratio, low, high, p, compared; NaN where a row is not tested."""
    before, after = np.asarray(rows["before"], float), np.asarray(rows["after"], float)
    tested = before + after > 0
    bases = np.column_stack([rows["base_before"], rows["base_after"]])
    based = tested & np.isfinite(bases).all(axis=1) & (bases.sum(axis=1) > 0) & relative
    own = tested & ~based
    scatter, squares = rows["dispersion"], rows["freedom"]
    wider = interval_dispersion(scatter, squares)
    ratios, p = np.full((3, len(before)), np.nan), np.full(len(before), np.nan)
    ratios[:, own] = ratio_intervals(after[own], before[own], exposure[1], exposure[0], dispersion=wider[own])
    table = np.column_stack([before, after, bases])[based]
    ratios[:, based] = relative_change(table, wider[based])
    p[based] = spread_p(fisher_exact(table), scatter[based], freedom=squares[based])
    p[own] = [
        overdispersed_e_test(int(a), int(b), exposure[1], exposure[0], form=form, dispersion=scale, freedom=number)
        for a, b, scale, number in zip(after[own], before[own], scatter[own], squares[own], strict=True)
    ]
    return {
        "expected": before * exposure[1] / exposure[0],
        **dict(zip(("ratio", "low", "high"), ratios, strict=True)),
        "p": p,
        "compared": np.where(based, "city", "before"),
    }


# One comparison is told with and without how overdispersed counts are.
_e_test_once = lru_cache(maxsize=64)(e_test)


def overdispersed_e_test(
    x1: int,
    x2: int,
    n1: float = 1,
    n2: float = 1,
    *,
    form: TestStatistic = "wheeler",
    dispersion: float = 1.0,
    freedom: float = np.inf,
) -> float:
    """`e_test` of counts that scatter `dispersion` times as much as independent ones (`spread_p`).

    In the far tail, where the sums of the e-test are rounded, the quantile is that of the exact conditional test.
    """
    p = _e_test_once(x1, x2, n1, n2, form=form)
    if (dispersion > 1 or np.isfinite(freedom)) and p < _FAR_TAIL:
        p = min(1.0, 2 * float(min(larger_rate(x1, x2, n1, n2), smaller_rate(x1, x2, n1, n2))))
    return float(spread_p(p, dispersion, freedom=freedom))


def fisher_exact(table: FloatArray) -> FloatArray:
    """Fisher's exact p, the smaller tail doubled, for rows (before, after, base before, base after).

    Only the tail on the count's side of the mean is summed up: the other is smaller only where both are at least a half
    and p is 1. For a hypergeometric count is a sum of independent trials (Vatutin & Mikhailov 1982), the median of
    which lies less than one from its mean (Jogdeo & Samuels 1968).
    """
    before, after, _, base_after = table.T
    size, ones, drawn = law = table.sum(axis=1), after + base_after, before + after
    below = after * size <= ones * drawn
    tail = np.full(len(table), np.nan)
    for rows, chance, x in ((below, stats.hypergeom.cdf, after), (~below, stats.hypergeom.sf, after - 1)):
        tail[rows] = chance(x[rows], *(part[rows] for part in law))
    p: FloatArray = np.minimum(1.0, 2 * tail)
    return p


def relative_change(table: FloatArray, dispersion: Any = 1.0) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(after / before) / (base after / base before) with its log-normal 95 % interval; infinite from zero on.

    `dispersion`: variance of the counts by that of independent ones.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = table[:, 1] * table[:, 2] / (table[:, 0] * table[:, 3])
        counts = np.where((table == 0).any(axis=1)[:, None], table + 0.5, table)
        middle = np.log(counts[:, 1] * counts[:, 2] / (counts[:, 0] * counts[:, 3]))
        reach = stats.norm.ppf(0.975) * np.sqrt((1 / counts).sum(axis=1)) * np.sqrt(dispersion)
    return ratio, np.exp(middle - reach), np.where(np.isinf(ratio), np.inf, np.exp(middle + reach))


def _seen_from_the_other_side(rows: Mapping[str, Any], other: IntArray) -> BoolArray:
    """Of each two tested rows that are each other's base, the one whose own count changed by the smaller factor."""
    tested = ~np.isnan(rows["p"])
    both = (other >= 0) & tested & tested[other]
    factor = np.abs(np.log((np.asarray(rows["after"], float) + 0.5) / (rows["expected"] + 0.5)))
    at = np.arange(len(other))
    smaller = (factor < factor[other]) | ((factor == factor[other]) & (at > other))
    return np.asarray(both & smaller)


def _women_shares(women: FloatArray, men: FloatArray) -> dict[str, FloatArray]:
    """The share of women among women and men after, with its interval, as columns."""
    shares = np.tile([UNKNOWN.value, UNKNOWN.low, UNKNOWN.high], (len(women), 1))
    both = women + men
    for at in np.flatnonzero(np.isfinite(women) & np.isfinite(men) & (both != 0)):
        share = wilson(women[at], both[at])
        shares[at] = share.value, share.low, share.high
    return dict(zip(("women", "women_low", "women_high"), shares.T, strict=True))


def _choices(
    exposure: tuple[float, float],
    relative: bool,
    placed: bool,
    one_of_two: bool,
    alpha: float | None,
    scatter: Dispersion,
) -> tuple[Choice, ...]:
    """The settings of the test.

    `relative`: whether rows were tested against what the city around them did; `placed`: areas among them. `alpha`:
    None where no change survives the correction, of which then no share is chance.
    """
    made = [scatter.choice]
    if alpha is not None:
        message = Message(
            "Among the changes that are more than chance explains, at most {share} % are expected to be chance "
            "(Benjamini-Hochberg).",
            {"share": Num(100 * alpha, 0)},
        )
        made.insert(0, Choice("correction", alpha, message))
    if exposure[0] != exposure[1]:
        message = Message(
            "The two periods differ in length, so the earlier counts were brought to the length of the later."
        )
        made.append(Choice("exposure", exposure[1] / exposure[0], message))
    if relative:
        message = (
            Message(
                "Places and categories are compared with what the rest of the city did, so that a rise everywhere "
                "counts once."
            )
            if placed
            else Message("Categories are compared with all other alerts, so that a rise everywhere counts once.")
        )
        made.append(Choice("relative", "city", message))
    if one_of_two:
        message = Message(
            "Where two categories or two districts hold all alerts, a rise of the one is a fall of the other: they "
            "are one comparison, listed once."
        )
        made.append(Choice("one of two", 1, message))
    return tuple(made)
