"""Simulated maps of alerts drawn from the baseline, and the strongest cluster of each.

Places of simulated alerts, drawn from the baseline one by one or in bursts.

Maps of chance: as many alerts drawn from the baseline, and the strongest cluster of each.

Simulated alerts stand on a lattice of hexagons as large as the fine cells, as the counted ones do. Where the alerts are
many for the land, all hexagons of the lattice are held, with what is expected on each (`HeldLattice`): a map is then a
count of each hexagon, and which of them can be cores is read from sums along the rows of the lattice. Where the alerts
are few for the land, only the hexagons that hold alerts are looked at. Both give the same distribution.

Where reports come in bursts (`analysis.stats.dispersion`) the simulated maps hold such bursts too, as large and as
wide as those of the city, and follow the same baseline. On the lattice the reports of a burst stand on the hexagons
they fall on, and those that come alone are drawn by hexagon."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from analysis.clusters.dbscan import MIN_ALERTS, DenseGroup, LocalDbscan, Points
from analysis.stats.dispersion import SINGLE, ReportBursts
from curim_data.model import FloatArray, IntArray
from curim_data.model.progress import report

DRAWN_TOGETHER: Final = 150_000  # simulated alerts whose places are looked up together
ATTEMPTS: Final = 8  # to place an alert of a burst around its middle, and as many around the first


class Baseline:
    """Draws of places by what a search expects of each pixel."""

    def __init__(self, search: LocalDbscan) -> None:
        self.search = search
        self._pixels = np.flatnonzero(search.density)
        self._bounds = np.cumsum(search.density[self._pixels])

    def maps(self, n: int, runs: int, random: np.random.Generator) -> Iterator[FloatArray]:
        """So many times n positions on the sheet, shape (n, 2), before any is moved to a heap."""
        side, across = self.search.ground.side, self.search.ground.shape[1]
        for chosen in dealt(self._bounds, n, runs, random):
            row, column = np.divmod(self._pixels[chosen], across)
            yield (np.column_stack([column, row]) + random.random((n, 2))) * side

    def moved(self, at: FloatArray, random: np.random.Generator) -> FloatArray:
        """Positions, of which a share is moved to the heap that is nearest to their pixel, where there are heaps."""
        heaps = self.search.heaps
        return at if heaps is None else heaps.moved(at, self.search.ground.pixel(at), random)


def dealt(bounds: FloatArray, n: int, runs: int, random: np.random.Generator) -> Iterator[IntArray]:
    """So many times n places, each with the probability of its share; `bounds`: the sum of shares up to each place.

    Small maps are drawn together: in order, so that neighbouring places are looked up one after the other, and then
    dealt out at random.
    """
    together = max(1, DRAWN_TOGETHER // max(n, 1))
    for start in range(0, runs, together):
        maps = min(together, runs - start)
        ordered = np.searchsorted(bounds, np.sort(random.random(maps * n)) * bounds[-1], side="right")
        ordered = np.minimum(ordered, len(bounds) - 1)
        yield from np.split(random.permutation(ordered) if maps > 1 else ordered, maps)


@dataclass(frozen=True)
class DrawnMap:
    """`alone`: how many alerts are still to be drawn by the baseline; `at`: positions of those that come in bursts of
    two or more, shape (m, 2).
    """

    alone: int
    at: FloatArray


def draw_maps(
    baseline: Baseline, n: int, runs: int, random: np.random.Generator, bursts: ReportBursts
) -> Iterator[DrawnMap]:
    """So many maps of n alerts.

    The first of each burst is drawn by the baseline, and the middle of the burst lies around it. A further one lies
    around the middle, with the probability of what is expected there by what is expected at the first (a step of
    Metropolis et al. 1953, which leaves the baseline as it is): else bursts would spill over the edge of a town to
    where nothing is expected. It is tried again where it is refused, and at last put where the first is.

    The bursts of small maps are drawn together and dealt out at random.
    """
    together = max(1, DRAWN_TOGETHER // max(n, 1))
    for start in range(0, runs, together):
        sizes = [bursts.sizes(n, random) for _ in range(min(together, runs - start))]
        larger = [size[size > 1] for size in sizes]
        every = np.concatenate(larger)
        (first,) = baseline.maps(len(every), 1, random)
        first = random.permutation(first)
        further = _around(baseline.search, first, np.repeat(np.arange(len(every)), every - 1), random, bursts.metres)
        firsts = np.split(first, np.cumsum([len(some) for some in larger])[:-1])
        others = np.split(further, np.cumsum([(some - 1).sum() for some in larger])[:-1])
        for size, one, more in zip(sizes, firsts, others, strict=True):
            yield DrawnMap(int((size == 1).sum()), baseline.moved(np.concatenate([one, more]), random))


def _around(
    search: LocalDbscan, first: FloatArray, burst: IntArray, random: np.random.Generator, metres: float
) -> FloatArray:
    """Positions of the further alerts of bursts, by the burst of each and the position of the first of each burst."""
    expected_at = _expected_near(search)
    side = search.ground.side
    spread = metres / side
    # In pixels, x and y apart: a step is a sum, a rounding down and a look at the table.
    firsts = first.T / side
    middles = firsts + random.standard_normal(firsts.shape) * spread
    likely = expected_at(*firsts)
    at = np.empty((2, len(burst)))
    left, of = np.arange(len(burst)), burst
    for attempt in range(2 * ATTEMPTS):
        around, wide = (middles, spread) if attempt < ATTEMPTS else (firsts, np.sqrt(2) * spread)
        tried = random.standard_normal((2, len(left)))
        tried *= wide
        tried += around.take(of, axis=1)
        taken = random.random(len(left)) * likely.take(of) < expected_at(*tried)
        at[:, left[taken]] = tried[:, taken]
        left, of = left[~taken], of[~taken]
        if not len(left):
            break
    at[:, left] = firsts.take(of, axis=1)
    return np.asarray(at.T * side)


def _expected_near(search: LocalDbscan) -> Callable[[FloatArray, FloatArray], FloatArray]:
    """What says by positions in pixels what is expected on the pixel of each; nothing beyond the sheet."""
    up, across = search.ground.shape
    table = np.zeros((up + 2, across + 2))
    table[1:-1, 1:-1] = search.density.reshape(up, across)
    flat = table.ravel()

    def expected_at(x: FloatArray, y: FloatArray) -> FloatArray:
        column = np.clip(np.floor(x), -1, across).astype(np.int64)
        row = np.clip(np.floor(y), -1, up).astype(np.int64)
        return flat.take((row + 1) * (across + 2) + column + 1)

    return expected_at


def drawn_in_bursts(
    baseline: Baseline, n: int, runs: int, random: np.random.Generator, bursts: ReportBursts
) -> Iterator[FloatArray]:
    """So many maps of n alerts in bursts: their positions on the sheet, shape (n, 2)."""
    for drawn in draw_maps(baseline, n, runs, random, bursts):
        (alone,) = baseline.maps(drawn.alone, 1, random)
        yield np.concatenate([baseline.moved(alone, random), drawn.at])


HELD_PER_ALERT: Final = 40  # places of the lattice to an alert; to look at more takes longer than it saves
MOST_HELD: Final = 8_000_000  # places of the lattice: some 200 MB
PARTS_OF_A_PIXEL: Final = 4  # along each side, by which what is expected on a pixel is shared among hexagons
SPARE_DEVIATIONS: Final = 5.0  # of the count of a map, by which fewer alerts are drawn by hexagon than one by one


def strongest_of_chance(
    search: LocalDbscan, weights: FloatArray, runs: int, seed: int, cell: float, bursts: ReportBursts = SINGLE
) -> FloatArray:
    """The strongest cluster of each simulated map of as many alerts with these weights, on cells of so many m².

    With weights, a group counts that has five alerts or more. `bursts`: in which alerts come.
    """
    random = np.random.default_rng(seed)
    strongest = np.zeros(runs)
    plain = bool((weights == 1).all())
    for run, (points, counts) in enumerate(_maps(search, weights, plain, runs, random, cell, bursts)):
        report(run / runs)
        groups = search.find(points) if len(points.at) else []
        if not plain:
            groups = enough(groups, counts)
        strongest[run] = max((search.strength(points, group) for group in groups), default=0.0)
    return strongest


def enough(groups: list[DenseGroup], counts: FloatArray) -> list[DenseGroup]:
    """The groups of five alerts or more: with weights, two grave ones reach the minimum and are no pattern."""
    return [group for group in groups if counts[group.under].sum() >= MIN_ALERTS]


def _maps(
    search: LocalDbscan,
    weights: FloatArray,
    plain: bool,
    runs: int,
    random: np.random.Generator,
    cell: float,
    bursts: ReportBursts,
) -> Iterator[tuple[Points, FloatArray]]:
    """The hexagons of each map that can make a cluster, with the weights and the numbers of their alerts."""
    side, n = hexagon_side(cell), len(weights)
    if places_in_lattice(search, side) <= min(HELD_PER_ALERT * n, MOST_HELD):
        lattice = HeldLattice(search, side)
        maps = lattice.drawn(n, runs, random) if bursts.alone else lattice.drawn_in_bursts(n, runs, random, bursts)
        for counts in maps:
            values = counts if plain else _sums(np.repeat(np.arange(len(counts)), counts), weights, len(counts), random)
            used = lattice.near_cores(values)
            yield Points(lattice.at[used], values[used].astype(float)), counts[used].astype(float)
        return
    baseline = Baseline(search)
    single = (baseline.moved(at, random) for at in baseline.maps(n, runs, random))
    for at in single if bursts.alone else drawn_in_bursts(baseline, n, runs, random, bursts):
        hexagons, member = on_hexagons(at, cell)
        alerts = np.bincount(member).astype(float)
        yield Points(hexagons, alerts if plain else _sums(member, weights, len(hexagons), random)), alerts


def _sums(member: IntArray, weights: FloatArray, hexagons: int, random: np.random.Generator) -> FloatArray:
    """The sum of weights on each hexagon, when they are dealt to the alerts in a random order."""
    return np.bincount(member, random.permutation(weights), hexagons).astype(float, copy=False)


def hexagon_side(area: float) -> float:
    """Metres between the centres of two hexagons so large that stand beside each other."""
    return float(np.sqrt(2 * area / np.sqrt(3)))


def _axial(x: FloatArray, y: FloatArray, side: float) -> tuple[IntArray, IntArray]:
    """The hexagon of each position: its number along its row (from a slanting line) and its row.

    By rounding the three coordinates along the lattice, which sum to zero, and mending the one that was rounded most.
    """
    second = y / (side * np.sqrt(3) / 2)
    first = x / side - second / 2
    third = -first - second
    one, two, three = np.rint(first), np.rint(second), np.rint(third)
    off = np.abs(one - first), np.abs(two - second), np.abs(three - third)
    mend_one = (off[0] > off[1]) & (off[0] > off[2])
    mend_two = ~mend_one & (off[1] > off[2])
    return (
        np.where(mend_one, -two - three, one).astype(np.int64),
        np.where(mend_two, -one - three, two).astype(np.int64),
    )


def on_hexagons(at: FloatArray, area: float) -> tuple[FloatArray, IntArray]:
    """Centres of the hexagons of a lattice (each `area` large) that hold points, and the hexagon of each point."""
    side = hexagon_side(area)
    one, two = _axial(at[:, 0], at[:, 1], side)
    first, lowest = int(one.min()), int(two.min())
    span = int(one.max()) - first + 1
    used, member = np.unique((two - lowest) * span + one - first, return_inverse=True)
    row, column = np.divmod(used, span)
    row, column = row + lowest, column + first
    return np.column_stack([side * (column + row / 2), side * np.sqrt(3) / 2 * row]), member


def places_in_lattice(search: LocalDbscan, side: float) -> int:
    """How many hexagons the box holds in which alerts are expected."""
    held = search.expected.reshape(search.ground.shape) > 0
    rows, columns = (np.flatnonzero(held.any(axis=axis)) for axis in (1, 0))
    box = (np.ptp(rows) + 1) * (np.ptp(columns) + 1) if len(rows) else 0
    return int(box * search.ground.side**2 / (side**2 * np.sqrt(3) / 2))


class HeldLattice:
    """The hexagons on which alerts are expected, and where each stands among the rows of the lattice.

    Parameters
    ----------
    search : LocalDbscan
        Its baseline, its minimum and its distance.
    side : float
        Metres between neighbours.

    Attributes
    ----------
    at : array, shape (m, 2)
        Centres on the sheet.
    expected : array, shape (m,)
        What is expected on each: the part of each pixel is that of its sixteen parts whose middles lie there.
    """

    def __init__(self, search: LocalDbscan, side: float) -> None:
        self._search, self._side = search, side
        ground = search.ground
        pixels = np.flatnonzero(search.spread)
        row, column = np.divmod(pixels, ground.shape[1])
        step = (np.arange(PARTS_OF_A_PIXEL) + 0.5) / PARTS_OF_A_PIXEL
        right, up = (part.ravel() for part in np.meshgrid(step, step))
        parts_at = np.column_stack([(column[:, None] + right).ravel(), (row[:, None] + up).ravel()]) * ground.side
        heaps = parts_at[:0] if search.heaps is None else self._middle_of_part(search.heaps.at)
        x, y = np.concatenate([parts_at, heaps]).T
        one, two = _axial(x, y, side)
        along = one + two // 2  # in the row, from an upright line
        self._rows = _windows(search.eps / side)
        margin = max(end for _, _, end in self._rows) + 1
        first, lowest = int(along.min()) - margin, int(two.min()) - margin
        self._across = int(along.max()) - first + margin + 1
        places = (int(two.max()) - lowest + margin + 1) * self._across
        place = (two - lowest) * self._across + along - first
        parts = np.concatenate([np.repeat(search.spread[pixels] / len(right), len(right)), search.heaped])
        shared = np.bincount(place, parts, places).astype(float, copy=False)
        self._places, self._place = places, np.flatnonzero(shared)
        self._corner = (first, lowest)
        self.expected: FloatArray = shared[self._place]
        row, column = np.divmod(self._place, self._across)
        row, column = row + lowest, column + first
        self._odd = row % 2
        self.at: FloatArray = np.column_stack([side * (column + self._odd / 2), side * np.sqrt(3) / 2 * row])
        self._minimum = search.minimum_at(self.at)

    def drawn(self, n: int, runs: int, random: np.random.Generator) -> Iterator[IntArray]:
        """So many maps of n alerts: their number on each hexagon.

        Where hexagons are fewer than alerts each gets a Poisson count, with a mean that makes a few alerts less than n
        in all; the rest is drawn one by one. Given their number, independent Poisson counts are such draws, so that
        all n are distributed as n single ones.
        """
        many = len(self.expected)
        if n < many:
            for chosen in dealt(np.cumsum(self.expected), n, runs, random):
                yield np.bincount(chosen, minlength=many)
            return
        mean = self.expected / self.expected.sum() * max(n - SPARE_DEVIATIONS * np.sqrt(n), 0.0)
        bounds = np.cumsum(mean)
        for _ in range(runs):
            counts = random.poisson(mean)
            while (left := n - int(counts.sum())) < 0:
                counts = random.poisson(mean)
            rest = np.searchsorted(bounds, np.sort(random.random(left)) * bounds[-1], side="right")
            counts += np.bincount(np.minimum(rest, many - 1), minlength=many)
            yield counts

    def drawn_in_bursts(
        self, n: int, runs: int, random: np.random.Generator, bursts: ReportBursts
    ) -> Iterator[IntArray]:
        """The same of alerts in bursts (`draw_maps`): a burst stands where it falls, the others by hexagon."""
        number = np.zeros(self._places, dtype=np.int64)
        number[self._place] = np.arange(len(self._place))
        bounds = np.cumsum(self.expected)
        for drawn in draw_maps(Baseline(self._search), n, runs, random, bursts):
            (alone,) = dealt(bounds, drawn.alone, 1, random)
            yield np.bincount(np.concatenate([alone, number[self._at(drawn.at)]]), minlength=len(bounds))

    def _at(self, at: FloatArray) -> IntArray:
        """The places of positions on the sheet, each taken as the middle of the sixteenth of its pixel it lies in."""
        x, y = self._middle_of_part(at).T
        one, two = _axial(x, y, self._side)
        first, lowest = self._corner
        return np.asarray((two - lowest) * self._across + one + two // 2 - first)

    def _middle_of_part(self, at: FloatArray) -> FloatArray:
        part = self._search.ground.side / PARTS_OF_A_PIXEL
        return np.asarray((np.floor(at / part) + 0.5) * part)

    def near_cores(self, values: FloatArray | IntArray) -> IntArray:
        """The hexagons with alerts within eps of those that can be cores, these among them.

        A core has weights within eps, each over the minimum at its own place, that sum to one; water between two
        hexagons, which is not looked at here, can only take from that.
        """
        held = np.flatnonzero(values)
        place, odd = self._place[held], self._odd[held]
        share = np.zeros(self._places + 1)
        share[place + 1] = values[held] / self._minimum[held]
        np.cumsum(share, out=share)
        sums = np.zeros(len(held))
        for away, start, end in self._rows:
            middle = place + away * self._across + (odd if away % 2 else 0)
            sums += share.take(middle + end) - share.take(middle + start)
        # Sums of many shares, of which one is taken from another, are less exact than one.
        core = np.flatnonzero(sums >= 1 - 1e-6)
        if not len(core):
            return core
        near = np.zeros(self._places, dtype=bool)
        for away, start, end in self._rows:
            middle = place[core] + away * self._across + (odd[core] if away % 2 else 0)
            near[middle[:, None] + np.arange(start, end)] = True
        return np.asarray(held[near[place]])


def _windows(reach: float) -> list[tuple[int, int, int]]:
    """The hexagons within so many sides of one: rows away, and the first one and that after the last along the row.

    Every other row stands half a side to the right. The numbers hold for a hexagon of a row that does not; one of a row
    that does has its neighbours in the other rows one farther on.
    """
    found = []
    height = np.sqrt(3) / 2
    for away in range(-int(reach / height + 1e-9), int(reach / height + 1e-9) + 1):
        half = float(np.sqrt(max(reach**2 - (away * height) ** 2, 0.0))) + 1e-9
        if away % 2:
            many = int(half + 0.5)
            found.append((away, -many, many))
        else:
            many = int(half)
            found.append((away, -many, many + 1))
    return [row for row in found if row[2] > row[1]]
