"""Which counts of a table must be withheld so that none below its threshold can be worked out from the others.

Primary suppression withholds every count from 1 to k - 1. Secondary suppression withholds further cells, because
whoever reads a table may also ask for its margins: the sums over any of its dimensions are tables of their own, made
safe in the same way. A reader of the worst kind is assumed to know every margin that those tables show, that "fewer
than k" lies between 1 and k - 1, and that any other withheld count is at least k. A withheld count is safe when that
knowledge leaves it more than one value, by three audits: bounds passed along the margins until they stand still; the
linear algebra of the margins (a count whose unit vector lies in the row space of the margins is determined); and, where
a table of several dimensions withholds no more than `PROGRAM_CELLS`, the smallest and the largest value of each small
count by linear programming. Every further cell that the first two audits do not need is shown again. See Hundepool et
al., Statistical Disclosure Control (Wiley, 2012), chapter 4, for the problem and these audits.

Not covered: several tables of overlapping filters subtracted from one another; in tables that withhold more, what only
a linear program over many margins would find; and integer programming.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.optimize import linprog

# Margins beyond which the linear audit is left out (it needs a dense matrix of this size).
LINEAR_MARGINS: Final = 1_200
# Withheld cells up to which linear programs are solved (two for each small count, some milliseconds each).
PROGRAM_CELLS: Final = 60
# Further cells that are tried for being shown after all.
MOST_SPARED: Final = 100
# Of the quick look at the linear audit: what is added to the eigenvalues, and how much less than determined passes.
RIDGE: Final = 1e-7
SLACK: Final = 1e-2

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Hidden:
    """What is withheld of a table, and the bounds that are said instead. `blurred`: some zeros are withheld as well."""

    hidden: Bools
    low: Floats
    high: Floats
    blurred: bool


@dataclass(frozen=True)
class _Lines:
    """One set of margins: the margin of each cell, whether a reader may know it, and the cells that belong to it."""

    of: Ints
    known: Bools
    member: Bools

    def spare(self, hidden: Bools, n: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
        """Bounds of each cell that its margin leaves, given bounds of the others; infinite where it is not known."""
        size = len(self.known)
        open_cells = hidden & self.member
        rest = np.bincount(self.of, np.where(open_cells, n, 0.0), size)[self.of]
        lows = np.bincount(self.of, np.where(open_cells, low, 0.0), size)[self.of] - low
        highs = np.bincount(self.of, np.where(open_cells, high, 0.0), size)[self.of] - high
        known = self.known[self.of] & self.member
        return np.where(known, rest - highs, -np.inf), np.where(known, rest - lows, np.inf)


def suppress(n: Floats, codes: Ints, k: Floats, known: int) -> Hidden:
    """Decide what to withhold.

    `n`: one count a row, every combination of the dimensions present once. `codes`: a row each, a column for each
    dimension, levels numbered from 0. `k`: the threshold of each row. `known`: the threshold of coarser tables. Where
    nothing else helps everything is withheld, with `blurred` set and the same bounds throughout.
    """
    lines = _margins(n, codes, known)
    primary = (n > 0) & (n < k)
    hidden = primary.copy()
    blurred = spared = False
    for _ in range(4 * len(n) + 4):
        exposed = _exposed(n, k, primary, hidden, lines, blurred)
        if not exposed.any():
            if not (blurred or spared):
                hidden, spared = _spared(n, k, primary, hidden, lines), True
            exposed = _pinned(n, k, primary, hidden, lines, blurred)
        if not exposed.any():
            return Hidden(hidden, *_told(n, k, hidden, lines, blurred), blurred)
        more = _cover(n, k, hidden, exposed, lines, zeros=False)
        if not more.any():
            more = _cover(n, k, hidden, exposed, lines, zeros=True)
            blurred = blurred or bool(more.any())
        if not more.any():
            break
        hidden |= more
    everything = np.ones(len(n), bool)
    return Hidden(everything, np.zeros(len(n)), np.full(len(n), max(float(n.sum()), float(k.max(initial=1)))), True)


def _exposed(n: Floats, k: Floats, primary: Bools, hidden: Bools, lines: list[_Lines], blurred: bool) -> Bools:
    """Small counts that a reader could work out."""
    low, high = _bounds(n, k, hidden, lines, blurred)
    exposed: Bools = primary & (high - low < 1 - 1e-9)
    return exposed if exposed.any() else primary & _determined(hidden, lines, primary)


def _spared(n: Floats, k: Floats, primary: Bools, hidden: Bools, lines: list[_Lines]) -> Bools:
    """Take back what need not be withheld, the largest counts first."""
    extra = np.flatnonzero(hidden & ~primary)
    for cell in extra[np.argsort(-n[extra], kind="stable")][:MOST_SPARED]:
        fewer = hidden.copy()
        fewer[cell] = False
        if not _exposed(n, k, primary, fewer, lines, False).any():
            hidden = fewer
    return hidden


def _margins(n: Floats, codes: Ints, known: int) -> list[_Lines]:
    """Every margin that a coarser table shows, and what is left of it beside the shown parts of a finer one."""
    dimensions = codes.shape[1]
    tables: dict[tuple[int, ...], _Lines] = {}
    for size in range(dimensions):
        for kept in combinations(range(dimensions), size):
            levels, of = np.unique(codes[:, list(kept)], axis=0, return_inverse=True)
            of = np.asarray(of, np.int64).reshape(-1)
            total = np.bincount(of, n, len(levels)).astype(float)
            told = suppress(total, levels, np.full(len(total), float(known)), known)
            tables[kept] = _Lines(of, ~told.hidden, np.ones(len(n), bool))
    lines = list(tables.values())
    for finer, parts in tables.items():
        rest = ~parts.known[parts.of]
        if rest.any() and not rest.all():
            lines += [_Lines(t.of, t.known, rest) for kept, t in tables.items() if set(kept) < set(finer)]
    return lines


def _bounds(n: Floats, k: Floats, hidden: Bools, lines: list[_Lines], blurred: bool) -> tuple[Floats, Floats]:
    """What a reader can say of each cell: bounds passed along the margins until they stand still."""
    small = n < k
    low = np.where(hidden, np.where(small, 0.0 if blurred else 1.0, k), n)
    high = np.where(hidden, np.where(small, k - 1.0, n.sum() + k.max(initial=1)), n)
    fractional = bool((n % 1).any())
    if fractional:
        low, high = np.where(hidden & small, 0.0, low), np.where(hidden & small, k, high)
    for _ in range(50):
        before = low.copy(), high.copy()
        for line in lines:
            least, most = line.spare(hidden, n, low, high)
            low, high = np.where(hidden, np.maximum(low, least), low), np.where(hidden, np.minimum(high, most), high)
        if np.allclose(before[0], low) and np.allclose(before[1], high):
            break
    return low, high


def _determined(hidden: Bools, lines: list[_Lines], asked: Bools) -> Bools:
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


def _system(hidden: Bools, lines: list[_Lines]) -> Floats:
    """The known margins as linear equations of the withheld cells: a row for each, ones where a cell belongs to it."""
    where = np.flatnonzero(hidden)
    rows = []
    for line in lines:
        of = np.where(line.member[where] & line.known[line.of[where]], line.of[where], -1)
        rows += [(of == margin).astype(float) for margin in np.unique(of[of >= 0])]
    return np.unique(np.array(rows), axis=0) if rows else np.zeros((0, len(where)))


def _pinned(n: Floats, k: Floats, primary: Bools, hidden: Bools, lines: list[_Lines], blurred: bool) -> Bools:
    """Small counts that a linear program over the margins and the thresholds leaves less than one apart."""
    found = np.zeros(len(n), bool)
    where = np.flatnonzero(hidden)
    system = _system(hidden, lines)
    if len(lines) < 2 or not len(system) or len(where) > PROGRAM_CELLS:
        return found
    small = n[where] < k[where]
    fractional = bool((n % 1).any())
    low = np.where(small, 0.0 if blurred or fractional else 1.0, k[where])
    high = np.where(small, k[where] if fractional else k[where] - 1, np.inf)
    bounds = list(zip(low.tolist(), high.tolist(), strict=True))
    sums = system @ n[where]
    for at in np.flatnonzero(primary[where]):
        goal = np.zeros(len(where))
        goal[at] = 1.0
        ends = [linprog(sign * goal, A_eq=system, b_eq=sums, bounds=bounds) for sign in (1, -1)]
        if all(end.success for end in ends):
            found[where[at]] = -float(ends[1].fun or 0) - float(ends[0].fun or 0) < 1 - 1e-6
    return found


def _may_determine(system: Floats, asked: Bools) -> bool:
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


def _cover(n: Floats, k: Floats, hidden: Bools, exposed: Bools, lines: list[_Lines], *, zeros: bool) -> Bools:
    """One more cell for each exposed one, out of its emptiest margin: the smallest of those that another margin does
    not give back at once. Or all zeros of a margin.
    """
    more = np.zeros(len(n), bool)
    free = ~hidden & (n == 0 if zeros else n >= k)
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
            order = np.lexsort((n[candidates], np.broadcast_to(lonely, len(n))[candidates]))
            more[candidates if zeros else candidates[order[:1]]] = True
    return more


def _told(n: Floats, k: Floats, hidden: Bools, lines: list[_Lines], blurred: bool) -> tuple[Floats, Floats]:
    """Bounds to publish: those of the threshold for small counts, those that follow from the margins for the others."""
    low, high = _bounds(n, k, hidden, lines, blurred)
    small = hidden & (n < k)
    fractional = bool((n % 1).any())
    least = np.where(small, 0.0 if blurred or fractional else 1.0, np.floor(low))
    most = np.where(small, k if fractional else k - 1, np.ceil(high))
    return np.where(hidden, least, n), np.where(hidden, most, n)
