"""Which counts of a table must be withheld so that none below its threshold can be worked out from the others.

Primary suppression withholds every count from 1 to k - 1, and every sum over named parts (picked areas) of which one
has such a count. Secondary suppression withholds further cells, because whoever reads a table may also ask for its
margins: the sums over any of its dimensions, or over what a dimension is made of (categories to a group, months to a
year), are tables of their own, made safe in the same way and by their own thresholds. A reader of the worst kind is
assumed to know every margin that those tables show, that "fewer
than k" lies between 1 and k - 1, and that any other withheld count is at least k. A withheld count is safe when that
knowledge leaves it more than one value, by three audits: bounds passed along the margins until they stand still; the
linear algebra of the margins (a count whose unit vector lies in the row space of the margins is determined); and, where
a table of several dimensions withholds no more than `PROGRAM_CELLS`, the smallest and the largest value of each small
count by linear programming. Every further cell that the first two audits do not need is shown again. See Hundepool et
al., Statistical Disclosure Control (Wiley, 2012), chapter 4, for the problem and these audits.

Counts of incidents are a part of counts of alerts, of which a reader has the same table: what that withholds is
withheld here too, and a reader is assumed to know that no count is larger than that of the alerts, nor several together
than their alerts, whose sum may follow from a margin.

Not covered: several tables of overlapping filters subtracted from one another; in tables that withhold more, what only
a linear program over many margins would find; and integer programming.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.optimize import linprog

from curim_data.model import BoolArray, FloatArray, IntArray

# Margins beyond which the linear audit is left out (it needs a dense matrix of this size).
LINEAR_MARGINS: Final = 1_200
# Withheld cells up to which linear programs are solved (two for each small count, some milliseconds each).
PROGRAM_CELLS: Final = 60
# Withheld cells that are tried for being shown again.
MOST_SHOWN_AGAIN: Final = 100
# Of the quick look at the linear audit: what is added to the eigenvalues, and how much less than determined passes.
RIDGE: Final = 1e-7
SLACK: Final = 1e-2

Columns = tuple[str, ...]


@dataclass(frozen=True)
class Suppressed:
    """What is withheld of a table, and the bounds published instead. `blurred`: some zeros are withheld as well."""

    hidden: BoolArray
    low: FloatArray
    high: FloatArray
    blurred: bool


@dataclass(frozen=True)
class _Margins:
    """One set of margins: the margin of each cell, whether a reader may know it, and the cells that belong to it."""

    of: IntArray
    known: BoolArray
    member: BoolArray

    def spare(
        self, hidden: BoolArray, n: FloatArray, low: FloatArray, high: FloatArray, whole: _Withheld | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Bounds of each cell that its margin leaves, given bounds of the others; infinite where it is not known.

        The others that are withheld with their `whole` have together no more than that has in the margin.
        """
        open_cells = hidden & self.member
        rest, lows, highs = (self._summed(np.where(open_cells, of, 0.0)) for of in (n, low, high))
        others = highs - high
        if whole is not None:
            part = np.where(open_cells & whole.hidden, high, 0.0)
            most = np.minimum(self._summed(part) - part, whole.sums(self) - np.where(whole.hidden, whole.low, 0.0))
            others = np.minimum(others, highs - self._summed(part) - np.where(whole.hidden, 0.0, high) + most)
        known = self.known[self.of] & self.member
        return np.where(known, rest - others, -np.inf), np.where(known, rest - (lows - low), np.inf)

    def _summed(self, values: FloatArray) -> FloatArray:
        """The sum over the margin of each cell."""
        return np.bincount(self.of, values, len(self.known)).astype(float)[self.of]


@dataclass(frozen=True)
class _Withheld:
    """What a table withholds, its counts, the bounds that a reader can say of them, and the margins that are shown."""

    hidden: BoolArray
    n: FloatArray
    low: FloatArray
    high: FloatArray
    lines: list[_Margins]

    def sums(self, like: _Margins) -> FloatArray:
        """For each cell the sum of what is withheld in its margin; infinite where no such margin is shown."""
        for line in self.lines:
            if line.member.all() and np.array_equal(line.of, like.of):
                sums = np.bincount(line.of, np.where(self.hidden, self.n, 0.0), len(line.known))
                return np.where(line.known, sums, np.inf)[line.of]
        return np.full(len(self.n), np.inf)


@dataclass(frozen=True)
class Table:
    """A table and the tables that follow from it.

    `n`: one count a row, every combination of the dimensions present once. `dimensions`: for each, its columns with
    the levels of all rows as whole numbers; the finest column first, then those that it is a part of. `k`: the
    thresholds of all rows in the table that keeps those columns; a sum over rows takes the largest. `parts`: for each
    way to take the counts apart a column for each named part; a count is the sum over the columns. `whole`: the same
    table of all that is counted here in part, as incidents are of the alerts that report them.
    """

    n: FloatArray
    dimensions: Sequence[Mapping[str, IntArray]]
    k: Callable[[Columns], FloatArray]
    parts: tuple[FloatArray, ...] = ()
    whole: Table | None = None
    _known: dict[Columns, _Margins] = field(default_factory=dict, repr=False)

    @property
    def columns(self) -> Columns:
        """The finest columns."""
        return tuple(next(iter(dimension)) for dimension in self.dimensions)

    def coarser(self) -> dict[Columns, Table]:
        """Every table of fewer dimensions or of coarser columns, by its columns, still row by row."""
        found: dict[Columns, Table] = {}
        ways = [[None, *list(dimension)[::-1]] for dimension in self.dimensions]
        for names in product(*ways):
            kept = [
                {name: levels for name, levels in dimension.items() if chosen == first or name == chosen}
                for chosen, dimension in zip(names, self.dimensions, strict=True)
                if chosen is not None
                for first in [next(iter(dimension))]
            ]
            table = self.of(kept)
            if names != self.columns:
                found.setdefault(table.columns, table)
        return dict(sorted(found.items(), key=lambda item: len(item[0])))

    def of(self, dimensions: Sequence[Mapping[str, IntArray]]) -> Table:
        """The table of other dimensions of the same rows."""
        return replace(self, dimensions=dimensions, whole=None if self.whole is None else self.whole.of(dimensions))

    def margins(self) -> _Margins:
        """The table as margins of the finest one: which are shown once it is made safe itself."""
        if self.columns not in self._known:
            codes = np.column_stack([next(iter(d.values())) for d in self.dimensions] or [np.zeros(len(self.n), int)])
            _, first, of = np.unique(codes, axis=0, return_index=True, return_inverse=True)
            of = np.asarray(of, np.int64).reshape(-1)
            margins = suppress(self._summed(of, first))
            self._known[self.columns] = _Margins(of, ~margins.hidden, np.ones(len(of), bool))
        return self._known[self.columns]

    def _summed(self, of: IntArray, first: IntArray) -> Table:
        """One row for each level of `of`."""

        def k(columns: Columns) -> FloatArray:
            largest = np.zeros(len(first))
            np.maximum.at(largest, of, self.k(columns))
            return largest

        n = np.bincount(of, self.n, len(first)).astype(float)
        kept = [{name: levels[first] for name, levels in dimension.items()} for dimension in self.dimensions]
        parts = tuple(np.zeros((len(first), fine.shape[1])) for fine in self.parts)
        for sums, fine in zip(parts, self.parts, strict=True):
            np.add.at(sums, of, fine)
        return Table(n, kept, k, parts, None if self.whole is None else self.whole._summed(of, first))


def suppress(table: Table) -> Suppressed:
    """Decide what to withhold.

    Where nothing else helps everything is withheld, with `blurred` set and the same bounds throughout.
    """
    c = _counts(table)
    n, k, hidden = c.n, c.k, c.primary.copy()
    if not hidden.any():
        return Suppressed(hidden, n, n, False)
    lines = _margins(table)
    blurred = reduced = False
    for _ in range(4 * len(n) + 4):
        exposed = _exposed(c, hidden, lines, blurred)
        if not exposed.any():
            if not (blurred or reduced):
                hidden, reduced = _without_needless(c, hidden, lines), True
            exposed = _pinned(c, hidden, lines, blurred)
        if not exposed.any():
            return Suppressed(hidden, *_published_bounds(c, hidden, lines, blurred), blurred)
        more = _cover(c, hidden, exposed, lines, zeros=False)
        if not more.any():
            more = _cover(c, hidden, exposed, lines, zeros=True)
            blurred = blurred or bool(more.any())
        if not more.any():
            break
        hidden |= more
    everything = np.ones(len(n), bool)
    return Suppressed(everything, np.zeros(len(n)), np.full(len(n), max(float(n.sum()), float(k.max(initial=1)))), True)


@dataclass(frozen=True)
class _Counts:
    """Counts, their thresholds, which must be withheld at once, and the bounds of each before any margin is known.

    `with_whole`: those that are withheld because that of which they are a part is; `whole`: what a reader knows of it.
    """

    n: FloatArray
    k: FloatArray
    primary: BoolArray
    low: FloatArray
    high: FloatArray
    with_whole: BoolArray
    whole: _Withheld | None = None

    @property
    def small(self) -> BoolArray:
        """Below the threshold, zeros included."""
        below: BoolArray = self.n < self.k
        return below

    @property
    def fractional(self) -> bool:
        """Whether any count is not whole."""
        return bool((self.n % 1).any())

    def least(self, blurred: bool) -> FloatArray:
        """The lower bound of a withheld count: a small one may be zero where zeros are withheld too."""
        return np.where(self.small, 0.0, self.low) if blurred or self.fractional else self.low


def _counts(table: Table) -> _Counts:
    """What must be withheld at once: small counts, and sums over named parts of which one has a small count.

    Of such a sum a reader is assumed to know all but its small parts.
    """
    n, k = table.n, table.k(table.columns)
    small = n < k
    primary = (n > 0) & small
    top = k if (n % 1).any() else k - 1
    low, high = np.where(small, 1.0, k), np.where(small, top, n.sum() + k.max(initial=1))
    for parts in table.parts:
        tiny = (parts > 0) & (parts < k[:, None])
        several = tiny.any(axis=1) & ~small
        known = np.where(tiny, 0.0, parts).sum(axis=1)
        number = tiny.sum(axis=1)
        least, most = known + number, known + number * top
        low = np.where(several, np.where(primary, np.minimum(low, least), least), low)
        high = np.where(several, np.where(primary, np.maximum(high, most), most), high)
        primary |= several
    found = _Counts(n, k, primary, low, high, np.zeros(len(n), bool))
    return found if table.whole is None else _within(found, table.whole)


def _within(c: _Counts, table: Table) -> _Counts:
    """The counts as parts of others: with these they are withheld, and may be anything from zero to their bounds."""
    whole = suppress(table)
    high = np.where(whole.hidden, whole.high, np.minimum(c.high, whole.high))
    low = np.where(whole.hidden, 0.0, np.minimum(c.low, high))
    known = None
    if whole.hidden.any():
        lines = _margins(table)
        known = _Withheld(whole.hidden, table.n, *_along(whole.hidden, table.n, whole.low, whole.high, lines), lines)
    return replace(c, primary=c.primary | whole.hidden, low=low, high=high, with_whole=whole.hidden, whole=known)


def _exposed(c: _Counts, hidden: BoolArray, lines: list[_Margins], blurred: bool) -> BoolArray:
    """Small counts that a reader could work out."""
    low, high = _bounds(c, hidden, lines, blurred)
    exposed: BoolArray = c.primary & (high - low < 1 - 1e-9)
    return exposed if exposed.any() else c.primary & _determined(hidden, lines, c.primary)


def _without_needless(c: _Counts, hidden: BoolArray, lines: list[_Margins]) -> BoolArray:
    """Show again what need not be withheld, the largest counts first."""
    extra = np.flatnonzero(hidden & ~c.primary)
    for cell in extra[np.argsort(-c.n[extra], kind="stable")][:MOST_SHOWN_AGAIN]:
        fewer = hidden.copy()
        fewer[cell] = False
        if not _exposed(c, fewer, lines, False).any():
            hidden = fewer
    return hidden


def _margins(table: Table) -> list[_Margins]:
    """Every margin that a coarser table shows, and what is left of it without the shown parts of a finer one.

    A margin all of whose parts in a finer table are shown is left out: it follows from those.
    """
    coarser = table.coarser()
    shown = {columns: one.margins() for columns, one in coarser.items()}
    finer = {
        columns: [shown[other] for other in shown if other != columns and columns in coarser[other].coarser()]
        for columns in shown
    }
    lines = []
    for columns, line in shown.items():
        known = line.known.copy()
        for parts in finer[columns]:
            open_parts = np.bincount(line.of, ~parts.known[parts.of], len(known))
            known &= open_parts > 0
            rest = ~parts.known[parts.of]
            partly = line.known & (open_parts > 0) & (np.bincount(line.of, ~rest, len(known)) > 0)
            if partly.any():
                lines.append(_Margins(line.of, partly, rest))
        if known.any():
            lines.append(_Margins(line.of, known, np.ones(len(line.of), bool)))
    return lines


def _bounds(c: _Counts, hidden: BoolArray, lines: list[_Margins], blurred: bool) -> tuple[FloatArray, FloatArray]:
    """What a reader can say of each cell: bounds passed along the margins until they stand still."""
    most = c.high if c.whole is None else np.where(c.with_whole, np.minimum(c.high, c.whole.high), c.high)
    return _along(hidden, c.n, c.least(blurred), most, lines, c.whole)


def _along(
    hidden: BoolArray,
    n: FloatArray,
    low: FloatArray,
    high: FloatArray,
    lines: list[_Margins],
    whole: _Withheld | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Bounds of withheld cells, passed along the margins."""
    low, high = np.where(hidden, low, n), np.where(hidden, high, n)
    for _ in range(50):
        before = low.copy(), high.copy()
        for line in lines:
            least, most = line.spare(hidden, n, low, high, whole)
            low, high = np.where(hidden, np.maximum(low, least), low), np.where(hidden, np.minimum(high, most), high)
        if np.allclose(before[0], low) and np.allclose(before[1], high):
            break
    return low, high


def _determined(hidden: BoolArray, lines: list[_Margins], asked: BoolArray) -> BoolArray:
    """Cells that the known margins determine as a system of linear equations; none where no cell of `asked` is."""
    where = np.flatnonzero(hidden)
    system = _system(hidden, lines)
    found = np.zeros(len(hidden), bool)
    if not 0 < len(system) <= LINEAR_MARGINS:
        return found
    if not _may_determine(system, asked[where]):
        return found
    projection = np.einsum("ij,ij->j", system, np.linalg.pinv(system @ system.T, hermitian=True) @ system)
    found[where] = projection > 1 - 1e-6
    return found


def _system(hidden: BoolArray, lines: list[_Margins]) -> FloatArray:
    """The known margins as linear equations of the withheld cells: a row for each, ones where a cell belongs to it."""
    where = np.flatnonzero(hidden)
    rows = []
    for line in lines:
        of = np.where(line.member[where] & line.known[line.of[where]], line.of[where], -1)
        rows += [(of == margin).astype(float) for margin in np.unique(of[of >= 0])]
    return np.unique(np.array(rows), axis=0) if rows else np.zeros((0, len(where)))


def _pinned(c: _Counts, hidden: BoolArray, lines: list[_Margins], blurred: bool) -> BoolArray:
    """Small counts that a linear program over the margins and the thresholds leaves less than one apart."""
    n = c.n
    found = np.zeros(len(n), bool)
    where = np.flatnonzero(hidden)
    system = _system(hidden, lines)
    if len(lines) < 2 or not len(system) or len(where) > PROGRAM_CELLS:
        return found
    bounds = list(zip(c.least(blurred)[where].tolist(), c.high[where].tolist(), strict=True))
    sums = system @ n[where]
    no_more = none = None
    if c.whole is not None:
        system, sums, bounds, no_more, none = _with_whole(c.whole, where, system, sums, bounds)
    for at in np.flatnonzero(c.primary[where]):
        goal = np.zeros(len(bounds))
        goal[at] = 1.0
        ends = [linprog(sign * goal, no_more, none, system, sums, bounds) for sign in (1, -1)]
        if all(end.success for end in ends):
            found[where[at]] = -float(ends[1].fun or 0) - float(ends[0].fun or 0) < 1 - 1e-6
    return found


def _with_whole(
    whole: _Withheld, where: IntArray, system: FloatArray, sums: FloatArray, bounds: list[tuple[float, float]]
) -> tuple[FloatArray, FloatArray, list[tuple[float, float]], FloatArray, FloatArray]:
    """The linear program of counts and of those of which they are a part: no count is larger than the other."""
    theirs = np.flatnonzero(whole.hidden)
    of_whole = _system(whole.hidden, whole.lines)
    both = np.zeros((len(system) + len(of_whole), len(where) + len(theirs)))
    both[: len(system), : len(where)] = system
    both[len(system) :, len(where) :] = of_whole
    no_more = np.zeros((len(theirs), both.shape[1]))
    no_more[np.arange(len(theirs)), np.searchsorted(where, theirs)] = 1.0
    no_more[np.arange(len(theirs)), len(where) + np.arange(len(theirs))] = -1.0
    return (
        both,
        np.concatenate([sums, of_whole @ whole.n[theirs]]),
        bounds + list(zip(whole.low[theirs].tolist(), whole.high[theirs].tolist(), strict=True)),
        no_more,
        np.zeros(len(theirs)),
    )


def _may_determine(system: FloatArray, asked: BoolArray) -> bool:
    """Whether any of the cells asked for may be determined: a quick look that never says no wrongly.

    The ridge lowers the length of a projected unit vector by less than RIDGE over the smallest eigenvalue, which stays
    within the slack for every system of margins; where the look fails, the exact audit decides.
    """
    try:
        half = solve_triangular(
            np.linalg.cholesky(system @ system.T + RIDGE * np.eye(len(system))),
            system[:, asked],
            lower=True,
            check_finite=False,
        )
    except np.linalg.LinAlgError:
        return True
    return bool((np.einsum("ij,ij->j", half, half) > 1 - SLACK).any())


def _cover(c: _Counts, hidden: BoolArray, exposed: BoolArray, lines: list[_Margins], *, zeros: bool) -> BoolArray:
    """One more cell for each exposed one, out of its emptiest margin: the smallest of those that may also be larger
    than they are, and that another margin does not give back at once. Or all zeros of a margin.
    """
    n = c.n
    more = np.zeros(len(n), bool)
    free = ~hidden & (n == 0 if zeros else n >= c.k)
    counts = [np.bincount(line.of, hidden & line.member, len(line.known))[line.of] for line in lines]
    lonely = sum(
        (line.known[line.of] & line.member & (count == 0)).astype(int)
        for line, count in zip(lines, counts, strict=True)
    )
    for cell in np.flatnonzero(exposed):
        best: tuple[int, NDArray[np.intp]] | None = None
        for line, count in zip(lines, counts, strict=True):
            if not (line.known[line.of[cell]] and line.member[cell]):
                continue
            candidates = np.flatnonzero((line.of == line.of[cell]) & line.member & free)
            if len(candidates) and (best is None or count[cell] < best[0]):
                best = int(count[cell]), candidates
        if best is not None:
            candidates = best[1]
            order = np.lexsort(
                (n[candidates], np.broadcast_to(lonely, len(n))[candidates], c.high[candidates] <= n[candidates])
            )
            more[candidates if zeros else candidates[order[:1]]] = True
    return more


def _published_bounds(
    c: _Counts, hidden: BoolArray, lines: list[_Margins], blurred: bool
) -> tuple[FloatArray, FloatArray]:
    """Bounds to publish: those of the threshold for small counts, those that follow from the margins for the others."""
    low, high = _bounds(c, hidden, lines, blurred)
    least = np.where(c.small | c.with_whole, c.least(blurred), np.floor(low))
    most = np.where(c.small | c.with_whole, c.high, np.ceil(high))
    return np.where(hidden, least, c.n), np.where(hidden, most, c.n)
