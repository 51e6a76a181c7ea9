"""Two cities side by side, and where two maps differ.

Two cities side by side: shares of each with intervals, their differences, rates, and lines by their own mean.

Cities are never compared by how many alerts they have: who reports, what can be reported and for how long differ.
Within a city these are mostly the same for all of its alerts, so that shares of its alerts and movements round its own
mean say more. They too are of what is reported.

Where two maps differ: the share of one of them by place against its share elsewhere, exactly, corrected.

"Hot for one and not for the other" would be no test: the difference between significant and not significant is not
itself significant (Gelman & Stern 2006, The American Statistician 60, 328-331). Here the difference is tested.

* A place is a cell, or a cell with those around it. Of the A + B alerts of both maps, m lie in the place; if a label
  says nothing about the place, those of the first map among the m are hypergeometric. This is the exact law of
  shuffled labels and holds wherever alerts are dense, so neither a baseline nor equal periods are needed.
* Both tails are looked at, and the better of the two sizes of place: the smaller p is doubled for each.
* Places with so few alerts that not even all of one kind would differ cannot be tested. They are left out before the
  correction, by m alone, which the labels do not move (Tarone 1990, Biometrics 46, 515-522; Gilbert 2005, Applied
  Statistics 54, 143-158). This gives back the power that sparse maps lose to a thousand empty cells.
* Corrected twice as hot cells are: Benjamini-Hochberg over the places tested, and a group of neighbouring cells is kept
  only when its clearest stands out of the whole map (`analysis.hotspots.cell_significance.significant_cells`).
* Places that stand out far beyond chance are first taken out of the rest, one after the other (`outlying_cells`). Else
  one strong place would move the share elsewhere, and quiet places would seem to lean the other way.
* Named are the clearest places that do not touch one another, so that a place is named once. Each has the p, q and
  counts of the very cells that were tested; marked cells beside it belong to no other place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
from scipy import sparse, stats
from scipy.special import gammaln

from analysis.grid import neighbours, square_side
from analysis.hotspots.cell_significance import connected
from analysis.hotspots.surroundings import window_for
from analysis.stats.dispersion import INDEPENDENT, Dispersion, spread_p
from analysis.stats.intervals import (
    UNKNOWN,
    CellPlace,
    Choice,
    Estimate,
    poisson_rate,
    rate_ratio,
    share_ratios,
    wilson,
)
from analysis.stats.significance import alpha_or_one, benjamini_hochberg, fisher_two_sided
from curim_data.model import BoolArray, FloatArray, Message, Translator, is_small
from curim_data.model.alert import CellArray

ALPHA: Final = 0.05
PER: Final = 1_000  # inhabitants
YEAR: Final = 365.25  # days
# So few of one city can be anything: its share is not compared.
LEAST: Final = 20


@dataclass(frozen=True)
class CountedShare:
    """`n` of `of` alerts or alerts of a city; `scatter`: how overdispersed they are, by which both are divided
    before an interval is made of them (effective counts).
    """

    n: float
    of: float
    scatter: Dispersion = INDEPENDENT

    @property
    def estimate(self) -> Estimate:
        """The share with Wilson's interval; not known of nothing."""
        by = self.scatter.value
        return wilson(min(self.n, self.of) / by, self.of / by) if self.of > 0 else UNKNOWN

    @property
    def enough(self) -> bool:
        """Whether there is enough to compare it."""
        return self.of >= LEAST


def share_difference(first: CountedShare, second: CountedShare) -> Estimate:
    """The first share less the second, with Newcombe's hybrid score interval.

    With Wilson's limits l and u of each share p, and d the difference: d - sqrt((p1 - l1)² + (u2 - p2)²) and
    d + sqrt((u1 - p1)² + (p2 - l2)²). Not known where one of the shares is not.

    Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions: comparison of eleven
    methods. Statistics in Medicine 17, 873-890 (method 10).

    >>> e = share_difference(CountedShare(56, 70), CountedShare(48, 80))
    >>> round(e.value, 4), round(e.low, 4), round(e.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    a, b = first.estimate, second.estimate
    if not (a.known and b.known):
        return UNKNOWN
    difference = a.value - b.value
    below = float(np.hypot(a.value - a.low, b.high - b.value))
    return Estimate(difference, difference - below, difference + float(np.hypot(a.high - a.value, b.value - b.low)))


def share_p(first: CountedShare, second: CountedShare) -> float:
    """Fisher's exact p of two shares being the same, spread by how overdispersed both cities are (`spread_p`).

    The variance of the difference is that of independent counts times (phi1 / n1 + phi2 / n2) / (1 / n1 + 1 / n2), phi
    being each city's dispersion. NaN where one of the cities has nothing.
    """
    if min(first.of, second.of) <= 0:
        return float("nan")
    (a, all_a), (b, all_b) = ((round(min(share.n, share.of)), round(share.of)) for share in (first, second))
    exact = fisher_two_sided(*(np.array([count]) for count in (a, all_a - a, b, all_b - b)))
    weight = np.array([1 / first.of, 1 / second.of])
    dispersion = float(weight @ [first.scatter.value, second.scatter.value] / weight.sum())
    return float(spread_p(exact, dispersion)[0])


def compare_shares(pairs: Sequence[tuple[CountedShare, CountedShare]]) -> pd.DataFrame:
    """One row a pair: n_first, of_first, share_first, low_first, high_first, the same of the second, then difference,
    low, high, p, q (Benjamini-Hochberg over all rows that are compared) and differs (bool).

    A pair of which one city has fewer than `LEAST` has its shares and no difference.
    """
    rows = []
    for first, second in pairs:
        compared = first.enough and second.enough
        difference = share_difference(first, second) if compared else UNKNOWN
        row = {"difference": difference.value, "low": difference.low, "high": difference.high}
        row["p"] = share_p(first, second) if compared else np.nan
        for name, share in (("first", first), ("second", second)):
            found = share.estimate
            row |= {f"n_{name}": share.n, f"of_{name}": share.of}
            row |= {f"share_{name}": found.value, f"low_{name}": found.low, f"high_{name}": found.high}
        rows.append(row)
    sides = [f"{what}_{name}" for name in ("first", "second") for what in ("n", "of", "share", "low", "high")]
    frame = pd.DataFrame(rows, columns=[*sides, "difference", "low", "high", "p"], dtype=float)
    frame["q"] = benjamini_hochberg(frame["p"])
    return frame.assign(differs=(frame["q"] <= ALPHA).fillna(False).to_numpy(bool))


def by_own_mean(counts: Sequence[float]) -> FloatArray:
    """Counts of equal periods as multiples of their mean; NaN where all are zero.

    >>> by_own_mean([2.0, 4.0, 6.0]).tolist()
    [0.5, 1.0, 1.5]
    """
    n = np.asarray(counts, float)
    mean = n.mean() if n.size else 0.0
    return n / mean if mean > 0 else np.full(n.shape, np.nan)


@dataclass(frozen=True)
class CountedRate:
    """`n` alerts of so many `residents` in so many `days`; `scatter`: how overdispersed they are."""

    n: float
    residents: float
    days: int
    scatter: Dispersion = INDEPENDENT

    @property
    def exposure(self) -> float:
        """Thousands of inhabitants times years."""
        return self.residents / PER * self.days / YEAR

    @property
    def estimate(self) -> Estimate:
        """Alerts for each 1,000 inhabitants in a year, with the exact interval of effective counts."""
        by = self.scatter.value
        return poisson_rate(self.n / by, self.exposure / by)


def compare_rates(first: CountedRate, second: CountedRate) -> Estimate:
    """The first rate over the second, with the exact interval of effective counts."""
    counts = (rate.n / rate.scatter.value for rate in (first, second))
    return rate_ratio(*counts, *(rate.exposure / rate.scatter.value for rate in (first, second)))


def worth_testing(attainable: FloatArray, alpha: float) -> BoolArray:
    """Which tests are worth making: those whose smallest attainable p survives the correction for just these.

    With K the smallest whole number such that at most K tests can reach alpha / K, these are the tests that can.

    Tarone, R. E. (1990). A modified Bonferroni method for discrete data. Biometrics 46, 515-522.

    >>> worth_testing(np.array([1e-4, 0.01, 0.04, 0.3]), 0.05).tolist()
    [True, True, False, False]
    """
    if not len(attainable):
        return np.zeros(0, dtype=bool)
    each = np.arange(1, len(attainable) + 1)
    enough = np.searchsorted(np.sort(attainable), alpha / each, side="right") <= each
    return np.asarray(attainable <= alpha / (enough.argmax() + 1))


def exact_tests(
    a: FloatArray, b: FloatArray, disc: sparse.csr_array, out: BoolArray, dispersion: float = 1.0
) -> pd.DataFrame:
    """Both tails in every place: its counts against those of both maps there and in the rest.

    Parameters
    ----------
    a, b : arrays, shape (m,)
        Alerts of both maps by cell.
    disc : csr_array, shape (m, m)
        Which cells make the place round each.
    out : array of bool, shape (m,)
        Cells that do not belong to the rest.
    dispersion : float
        Variance of counts by that of independent ones.

    Returns
    -------
    DataFrame, one row a place
        a, b (alerts in it), whole_a, whole_b (with the rest), p, more (1 or -1), attainable (the smallest p that there
        can be), ratio, low, high.
    """
    in_a, in_b = disc @ a, disc @ b
    whole_a, whole_b = (inside + (own := n * ~out).sum() - disc @ own for inside, n in ((in_a, a), (in_b, b)))
    over, most, under, least = (
        spread_p(tail, dispersion, tails=1)
        for tail in (*_upper(in_a, in_b, whole_a, whole_b), *_upper(in_b, in_a, whole_b, whole_a))
    )
    ratio, low, high = share_ratios(in_a, whole_a, in_b, whole_b, dispersion)
    return pd.DataFrame(
        {
            "a": in_a,
            "b": in_b,
            "whole_a": whole_a,
            "whole_b": whole_b,
            "p": np.minimum(1.0, 2 * np.minimum(over, under)),
            "more": np.where(over <= under, 1, -1),
            "attainable": np.minimum(1.0, 2 * np.minimum(most, least)),
            "ratio": ratio,
            "low": low,
            "high": high,
        }
    )


def outlying_cells(
    a: FloatArray, b: FloatArray, discs: list[sparse.csr_array], alpha: float, dispersion: float = 1.0
) -> BoolArray:
    """Cells that would pull the share of the rest of the city: of places that differ far beyond chance.

    One strong place with many alerts moves the share elsewhere, and where alerts are many all other places then seem to
    lean the other way. So the place farthest from the share of all that is left is taken out, again and again, until
    none is farther than expected by chance anywhere: |x - m s| <= z sqrt(d m s (1 - s)) with x of m alerts of the first
    map, s the share of what is left, d the dispersion, and z the normal quantile for alpha over all places
    (Bonferroni). This decides what a place is compared with, never whether it differs.
    """
    first, both = a, a + b
    out = np.zeros(len(both), dtype=bool)
    border = float(np.sqrt(dispersion) * stats.norm.isf(alpha / (2 * len(discs) * max(len(both), 1))))
    while not out.all():
        left, whole = np.where(out, 0.0, first), np.where(out, 0.0, both)
        share = left.sum() / max(whole.sum(), 1e-300)
        inside = np.array([disc @ whole for disc in discs])
        spread = np.sqrt(inside * share * (1 - share))
        away = np.abs(np.array([disc @ left for disc in discs]) - share * inside)
        z = np.divide(away, spread, out=np.zeros(away.shape), where=spread > 0)
        scale, cell = np.unravel_index(z.argmax(), z.shape)
        if z[scale, cell] <= border:
            break
        out[discs[scale][[cell]].indices] = True
    return out


def _upper(a: FloatArray, b: FloatArray, total_a: FloatArray, total_b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """P(X >= a) for X hypergeometric: a + b drawn from A + B of which A are of the first map; and its least value,
    that of the largest x: C(A, x) / C(A + B, x) where x = a + b <= A, and the same with a + b and A exchanged.
    """
    drawn = a + b
    few, many, whole = np.minimum(drawn, total_a), np.maximum(drawn, total_a), total_a + total_b
    extreme = gammaln(many + 1) - gammaln(many - few + 1) + gammaln(whole - few + 1) - gammaln(whole + 1)
    tail: FloatArray = np.ones(len(drawn))  # without an alert of the first map, as in most cells of a large city
    some = a > 0
    # Many places have the same four numbers, and the law is costly: it is asked once for each.
    cases, case = np.unique(np.column_stack([a, drawn, total_a, total_b])[some], axis=0, return_inverse=True)
    tail[some] = stats.hypergeom(cases[:, 2] + cases[:, 3], cases[:, 2], cases[:, 1]).sf(cases[:, 0] - 1)[case]
    return tail, np.exp(extreme)


@dataclass(frozen=True)
class MapLabel:
    """One of the two maps in words: `name` as a heading ("Women"), `said` as what its alerts do ("affect women")."""

    name: Message
    said: Message


@dataclass(frozen=True)
class DifferingPlace(CellPlace):
    """A place where the two maps differ; `more`: 1 where the first has more than elsewhere, -1 where the second has.

    `n_a`, `n_b`: alerts of either map in the place. `share`, `elsewhere`: the first map's share of both, here and in
    the rest of the city without the places that stand out. `ratio`: of the part of the first map that lies here to that
    of the second, with Katz's 95 % interval; since the place was chosen for its difference, it leans away from one. p
    (two-sided, exact) and q are those of the place.
    """

    rank: int
    more: int
    n_a: int
    n_b: int
    share: float
    elsewhere: float
    ratio: float
    low: float
    high: float
    p: float
    q: float
    a: MapLabel
    b: MapLabel

    def sentence(self, t: Translator, least: int = 1) -> str:
        """The share here and elsewhere, of that map which has more here; `least`: the smallest count written out. Where
        one of the counts is not, no share, which would tell it.
        """
        first, n = self.more > 0, self.n_a + self.n_b
        side = t((self.a if first else self.b).said)
        if not self.shares_written(least):
            return t("Of the alerts compared, proportionally more {side} here than elsewhere.", side=side)
        return t(
            "{share} of the {n} alerts compared here {side}, {elsewhere} elsewhere (corrected p {q}).",
            share=t.percent(self.share if first else 1 - self.share),
            elsewhere=t.percent(self.elsewhere if first else 1 - self.elsewhere),
            side=side,
            n=n,
            q=t.p_value(self.q) if least <= 1 else t.p_step(self.q),
        )

    def shares_written(self, least: int) -> bool:
        """Whether shares, ratio and p may be told: no count is under `least`, the smallest that is written out."""
        return not (is_small(self.n_a, least) or is_small(self.n_b, least))


@dataclass(frozen=True)
class MapComparison:
    """Two maps compared on the same cells. Made by `compare_maps`.

    frame : DataFrame, index cell (int64)
        a, b (alerts of either map), window_a, window_b (of the cell and those around it), ratio of the parts of the
        maps that lie in the window, low, high (Katz), p, q (NaN where no difference could show), more (1, -1, 0),
        differs (bool).
    places : clearest first

    `n_a`, `n_b`: alerts of either map on the cells.
    """

    frame: pd.DataFrame
    places: tuple[DifferingPlace, ...]
    a: MapLabel
    b: MapLabel
    n_a: int
    n_b: int
    tested: int
    k: int
    choices: tuple[Choice, ...]

    @property
    def n(self) -> int:
        """Alerts of both maps."""
        return self.n_a + self.n_b

    @property
    def share(self) -> float:
        """The first map's share of all alerts compared; NaN without any."""
        return self.n_a / self.n if self.n else float("nan")

    @property
    def one_sided(self) -> bool:
        """Whether a side has no alert at all, so that there is nothing to draw."""
        return not (self.n_a and self.n_b)

    def for_readers(self, least: int) -> MapComparison:
        """The same for who does not see counts under `least`: of q, which depends on all places, the step alone
        (`alpha_or_one`), and places in the order of the p that are written out, the others last by name.
        """
        if least <= 1:
            return self
        order = sorted(
            self.places, key=lambda place: (place.p, place.id) if place.shares_written(least) else (2.0, place.id)
        )
        places = tuple(
            replace(place, rank=rank, q=float(alpha_or_one(place.q))) for rank, place in enumerate(order, start=1)
        )
        return replace(self, frame=self.frame.assign(q=alpha_or_one(self.frame["q"])), places=places)

    def sentence(self, t: Translator) -> str:
        """How many places differ, out of how many; and whether there was enough to tell."""
        if self.one_sided:
            return t("One of the two sides has no alerts: there is nothing to compare.")
        if not self.tested:
            return t("There are too few alerts for any place to differ beyond chance.")
        message = t("No place differs from the rest of the city beyond chance.")
        if self.places:
            message = t.n(
                "{n} place differs from the rest of the city beyond chance.",
                "{n} places differ from the rest of the city beyond chance.",
                len(self.places),
            )
        whole = t(
            "In the whole city {share} of the {n} alerts compared {side}.",
            share=t.percent(self.share),
            n=self.n,
            side=t(self.a.said),
        )
        return f"{whole} {message}"


def compare_maps(
    first: pd.DataFrame,
    second: pd.DataFrame,
    a: MapLabel,
    b: MapLabel,
    *,
    k: int | None = None,
    scatter: Dispersion = INDEPENDENT,
) -> MapComparison:
    """Test in every place whether the share of the first map differs from the rest of the city.

    Parameters
    ----------
    first, second : DataFrame, index cell (int64, H3 of one resolution, the same cells)
        Column n.
    a, b : Side
        The two maps in words.
    k : int, optional
        Rings of the larger place; chosen by `window_for` when left out.
    scatter : Dispersion
        How overdispersed counts of a place are: one-sided p-values are those of counts so many times as variable
        (`spread_p`), intervals as many times as wide.
    """
    index = np.asarray(first.index, dtype=np.int64)
    side = square_side(h3.get_resolution(int(index[0])), index)
    k = window_for(side) if k is None else k
    n_a, n_b = (np.round(cells["n"].to_numpy(float)) for cells in (first, second))
    discs = [neighbours(index, rings) for rings in sorted({0, k})]
    out = outlying_cells(n_a, n_b, discs, ALPHA, scatter.value)
    scales = [exact_tests(n_a, n_b, disc, out, scatter.value) for disc in discs]
    found = _clearest(scales, index)
    tested, wide = found["tested"].to_numpy(), scales[-1]
    frame = pd.DataFrame(
        {
            "a": n_a,
            "b": n_b,
            "window_a": wide["a"],
            "window_b": wide["b"],
            **{name: wide[name] for name in ("ratio", "low", "high")},
            "p": found["p"].where(tested),
            "q": found["q"],
            "more": found["more"].where(tested, 0),
            "differs": found["differs"],
        }
    ).set_index(first.index)
    return MapComparison(
        frame=frame,
        places=_places(index, found, scales, discs, (a, b)),
        a=a,
        b=b,
        n_a=round(float(n_a.sum())),
        n_b=round(float(n_b.sum())),
        tested=int(tested.sum()),
        k=k,
        choices=scatter.choices,
    )


def _clearest(scales: list[pd.DataFrame], index: CellArray) -> pd.DataFrame:
    """Of each place the size that is the clearer (`best`), with p, q, more, tested and differs.

    Those tested correct for one another. Marked are groups of one direction whose clearest place stands out of all.
    """
    p = np.minimum(1.0, len(scales) * np.array([scale["p"] for scale in scales]))
    best, least = p.argmin(axis=0), p.min(axis=0)
    more = np.array([scale["more"] for scale in scales])[best, np.arange(len(best))]
    tested = worth_testing(len(scales) * np.min([scale["attainable"] for scale in scales], axis=0), ALPHA)
    q = benjamini_hochberg(np.where(tested, least, np.nan))
    differs: BoolArray = np.zeros(len(best), dtype=bool)
    for direction in (1, -1):
        members = np.flatnonzero(tested & (np.nan_to_num(q, nan=1.0) <= ALPHA) & (more == direction))
        for group in connected(neighbours(index, 1), members):
            differs[group] = least[group].min() * int(tested.sum()) <= ALPHA
    return pd.DataFrame({"best": best, "p": least, "q": q, "more": more, "tested": tested, "differs": differs})


def _places(
    index: CellArray,
    found: pd.DataFrame,
    scales: list[pd.DataFrame],
    discs: list[sparse.csr_array],
    sides: tuple[MapLabel, MapLabel],
) -> tuple[DifferingPlace, ...]:
    """The clearest places that do not touch a clearer one of the same direction, nor share a cell with any."""
    near = neighbours(index, 1)
    taken = {direction: np.zeros(len(index), dtype=bool) for direction in (1, -1)}
    places: list[DifferingPlace] = []
    p = found["p"].to_numpy()
    for at in sorted(np.flatnonzero(found["differs"]).tolist(), key=lambda cell: (p[cell], index[cell])):
        one = found.iloc[at]
        here, more = scales[int(one["best"])].iloc[at], int(one["more"])
        members = discs[int(one["best"])][[at]].indices.astype(np.int64)
        if taken[more][members].any():
            continue
        taken[more][near[members].indices] = True
        taken[-more][members] = True
        rest_a, rest_b = here["whole_a"] - here["a"], here["whole_b"] - here["b"]
        latitude, longitude = h3.cell_to_latlng(np.uint64(index[at]))
        place = DifferingPlace(
            id=f"{int(index[at]):x}",
            rank=len(places) + 1,
            cells=tuple(int(cell) for cell in np.sort(index[members])),
            more=more,
            n_a=round(here["a"]),
            n_b=round(here["b"]),
            share=float(here["a"] / (here["a"] + here["b"])),
            elsewhere=float(rest_a / (rest_a + rest_b)) if rest_a + rest_b else float("nan"),
            **{name: float(here[name]) for name in ("ratio", "low", "high")},
            **{name: float(one[name]) for name in ("p", "q")},
            longitude=float(longitude),
            latitude=float(latitude),
            a=sides[0],
            b=sides[1],
        )
        places.append(place)
    return tuple(places)
