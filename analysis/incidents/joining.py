"""Alerts that come later: judged by the rule that was learned and joined to those that are linked already."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from analysis.incidents.background import NOW_BANDS, against_usual
from analysis.incidents.bands import AREAS, REACH_H, REACH_M, REFERENCE_H, distance_band, known_step
from analysis.incidents.linking import NearLinks, first_reports, known_categories, learned, near_links
from analysis.incidents.mixture import Candidates, Trigger
from analysis.incidents.pairs import Pairs, Points
from analysis.incidents.reports import Reports, is_default
from analysis.incidents.rule import Rule
from analysis.incidents.surroundings import Calendar, Clock, Nearby, Places
from curim_data.model import BoolArray, FloatArray, IntArray

Narrow: TypeAlias = NDArray[Any]  # of 32 bits


@dataclass(frozen=True, eq=False)
class Judged:
    """Of each alert what later ones need: arrays of shape (n,), in any order that only grows at its end.

    x, y, hours : float64, metres and hours in the steps of the rule; NaN where place or time is not known, hours also
    at default coordinates. category : int32. weight : float32, incidents that it counts as (one of several equal rows:
    its part); NaN without hours. here, around : float32, incidents an hour expected in the first band of distance, and
    by m² in the others before clumping; NaN where no alert before it was near. ratio : float32, how many times more
    probable it repeats its parent than it is an incident of its own; 0 without one. parent : int32, the row that it
    repeats, -1 for none.
    """

    x: FloatArray
    y: FloatArray
    hours: FloatArray
    category: Narrow
    weight: Narrow
    here: Narrow
    around: Narrow
    ratio: Narrow
    parent: Narrow

    def __len__(self) -> int:
        return len(self.x)

    @property
    def points(self) -> Points:
        """Place, time and category."""
        return Points(self.x, self.y, self.hours, self.category)

    @classmethod
    def alone(cls, points: Points) -> Judged:
        """Alerts of which none repeats another."""
        n = len(points)
        weight = np.where(np.isfinite(points.hours), np.float32(1), np.float32(np.nan))
        here, around = np.full((2, n), np.nan, np.float32)
        ratio, parent = np.zeros(n, np.float32), np.full(n, -1, np.int32)
        return cls(points.x, points.y, points.hours, points.category, weight, here, around, ratio, parent)

    def with_more(self, more: Judged) -> Judged:
        """These and others after them, as arrays of their own."""
        names = [field.name for field in fields(self)]
        return Judged(*(np.concatenate([getattr(self, name), getattr(more, name)]) for name in names))


@dataclass(frozen=True, eq=False)
class Joined:
    """All alerts, those that came last at the end, and the rows of earlier ones that now repeat another; only of these
    parent, ratio, here and around may be others than before.
    """

    judged: Judged
    relinked: IntArray


def link_and_judge(
    x: Any, y: Any, hours: Any, category: Any, same: Any = None, *, period_h: float | None = None
) -> tuple[IntArray, Rule, Judged]:
    """Learn the rule from alerts and link them by it, as `learn_linking` and `link_reports` do; keep both.

    Parameters
    ----------
    x, y, hours, category, period_h
        As for `learn_linking`; codes of categories of 32 bits.
    same : array of int, shape (n,), optional
        As for `link_reports`.

    Returns
    -------
    labels : array of int, shape (n,)
        What `link_reports` gives: the components of the parents and of the source's own incidents.
    rule, judged
        What `join` needs.
    """
    x, y, time = (np.asarray(values, dtype=float) for values in (x, y, hours))
    step = known_step(time[np.isfinite(time)])
    reports = Reports.of(x, y, time, category, step)
    rule = Rule.of(reports, learned(reports, len(time), step, period_h), x, y, time)
    judged = Judged.alone(rule.ready(x, y, time, category))
    links = np.empty((2, 0), dtype=np.int64)
    if rule.linking.linked:
        found = near_links(reports, rule.linking)
        links, judged = found.links, _judged(judged, rule, reports, found)
    return first_reports(links, time, same), rule, judged


def _judged(alone: Judged, rule: Rule, reports: Reports, found: NearLinks) -> Judged:
    """With what was found of rows without copies told of each alert."""
    known, member = reports.known, reports.member
    alone.weight[known] = (found.weights / reports.copies)[member]
    alone.here[known], alone.around[known] = found.here[member], found.around[member]
    child, parent = found.links
    alone.parent[child] = parent
    metres = np.hypot(alone.x[child] - alone.x[parent], alone.y[child] - alone.y[parent])
    links = Pairs(child, parent, metres, alone.hours[child] - alone.hours[parent])
    alone.ratio[child] = Trigger(rule.linking.trigger).ratios(
        _candidates(alone.points, rule, links, alone.here[child], alone.around[child])
    )
    return alone


def join(judged: Judged, rule: Rule, x: Any, y: Any, hours: Any, category: Any) -> Joined | None:
    """Judge further alerts by a rule that was learned, and link them to those that are there.

    A new alert is linked to the earlier one (old or new) that it most probably repeats, with what is to be expected
    there by now; an old one that a new one precedes is linked to that where it is more probable than what was. Nothing
    else of the old ones changes.

    Parameters
    ----------
    judged, rule
        What `link_and_judge` or `join` gave.
    x, y, hours, category : arrays, shape (m,)
        As for `learn_linking`, with the same codes.

    Returns
    -------
    Joined, or None where the rule fits no longer: where new alerts lie at a point that has become a default coordinate,
    or their times are known in coarser steps.
    """
    added = Judged.alone(rule.ready(x, y, hours, category))
    every, n = judged.with_more(added), len(judged)
    none = np.empty(0, np.int64)
    rows = n + np.flatnonzero(np.isfinite(added.hours))
    if not rule.linking.linked or not len(rows):
        return Joined(every, none)
    if rule.coarser(hours):
        return None
    more = _Join(every, rule, n, rows)
    located = int(np.count_nonzero(np.isfinite(every.x)))
    if is_default(more.at_point(), located, rule.usual).any():
        return None
    return Joined(every, more.judge())


class _Join:
    """New alerts and old ones that they precede, with what is around them."""

    def __init__(self, every: Judged, rule: Rule, n: int, rows: IntArray) -> None:
        """`rows`: new alerts with place and time, of `every` from row `n` on. Old ones that a new one precedes and of
        which nothing was worked out are judged like new ones.
        """
        self.every, self.rule, linking = every, rule, rule.linking
        calendar = Calendar(every.points, rows, linking.ground.origin)
        alerts = int(np.count_nonzero(np.isfinite(every.hours)))
        self.new = Nearby(calendar, rows, alerts)
        self.earlier = self._candidates(self.new.pairs(0.0, REACH_H))
        after = self.new.pairs(-REACH_H, 0.0)
        after = after.where(after.other < n)
        self.late = self._candidates(Pairs(after.other, after.row, after.metres, -after.hours))
        self.blank = np.unique(self.late.row[np.isnan(every.here[self.late.row])])
        old = [Nearby(calendar, self.blank, alerts)] if len(self.blank) else []
        self.nearby = [*old, self.new]
        every.weight[rows] = 1 - linking.repeats
        asked = np.append(self.blank, rows)
        self.clock = Clock(every.hours, asked)
        self.places = Places(every.points, every.weight, n, asked, linking.ground.origin)
        low = REFERENCE_H[0]
        self.near = Pairs.together([nearby.pairs(-low, low) for nearby in self.nearby])

    def at_point(self) -> IntArray:
        """How many alerts lie at the point of each new one; shape as `rows`."""
        return self.places.at_point[len(self.blank) :]

    def judge(self) -> IntArray:
        """Judge the new ones, then the old ones; gives the rows of old ones that changed."""
        every, rows = self.every, self.new.rows
        every.weight[rows] = self._weights(*(rate[len(self.blank) :] for rate in self._rates(now=False)))
        asked = np.append(self.blank, rows)
        judged = np.isin(asked, np.append(self.blank, self.earlier.row))
        for kept, rate in zip((every.here, every.around), self._rates(now=True), strict=True):
            kept[asked[judged]] = rate[judged]
        self._link(self.earlier)
        changed = self._link(self.late)
        as_before = np.setdiff1d(self.blank, changed)
        every.here[as_before] = every.around[as_before] = np.nan
        return changed

    def _candidates(self, pairs: Pairs) -> Pairs:
        """Those of categories that the rule knows whose neighbour is the earlier one."""
        known = known_categories(self.rule.linking.categories, self.every.category[pairs.row])
        return pairs.where(known & _before(self.every, pairs))

    def _rates(self, *, now: bool) -> tuple[FloatArray, FloatArray]:
        """Incidents an hour expected around the old ones without any, then the new ones, as in `Judged`; `now`: as on
        the days before and after.
        """
        weights, linking = self.every.weight, self.rule.linking
        city = self.clock.rate(weights, linking.period_h)
        here, around = (share * city for share in self.places.share(self.near, weights, linking))
        if not now:
            return here, around
        usual = here + around * (AREAS * linking.ground.clumping)[1:NOW_BANDS].sum()
        usual *= self.clock.reference_h
        factor = against_usual(np.concatenate([nearby.seen(weights) for nearby in self.nearby]), usual)
        return here * factor, around * factor

    def _weights(self, here: FloatArray, around: FloatArray) -> FloatArray:
        """Incidents that each new alert counts as, by what is expected around it; shapes as `rows`."""
        rows, earlier = self.new.rows, self.earlier
        weights = np.ones(len(rows))
        if len(earlier):
            at = np.searchsorted(rows, earlier.row)
            pairs = _candidates(self.every.points, self.rule, earlier, here[at], around[at])
            weights[np.unique(at)] = 1 - Trigger(self.rule.linking.trigger).parents(pairs)[1]
        return weights

    def _link(self, pairs: Pairs) -> IntArray:
        """Link alerts to those that they repeat where that is more probable than what was; gives the rows that
        changed.
        """
        every = self.every
        judged = _candidates(every.points, self.rule, pairs, every.here[pairs.row], every.around[pairs.row])
        ratio = Trigger(self.rule.linking.trigger).ratios(judged).astype(np.float32)
        likely = np.flatnonzero(ratio > np.maximum(1, every.ratio[pairs.row]))
        row, other, ratio = pairs.row[likely], pairs.other[likely], ratio[likely]
        # Of equally probable ones that which `most_probable` takes: the last in the order in which pairs are found.
        east, north = (
            np.floor(place[other] / REACH_M) - np.floor(place[row] / REACH_M) for place in (every.x, every.y)
        )
        order = np.lexsort([other, every.y[other], every.x[other], every.hours[other], north, east, ratio, row])
        last = np.ones(len(order), dtype=bool)
        last[:-1] = row[order][1:] != row[order][:-1]
        best = order[last]
        every.parent[row[best]], every.ratio[row[best]] = other[best], ratio[best]
        return row[best]


def _before(every: Judged, pairs: Pairs) -> BoolArray:
    """Whether a pair's neighbour is the earlier one and in reach; of equal times, the one further west, then south,
    then of the earlier row.
    """
    equal = np.flatnonzero(pairs.hours == 0)
    row, other = pairs.row[equal], pairs.other[equal]
    west, east = every.x[other] - every.x[row], every.y[other] - every.y[row]
    first = (west < 0) | ((west == 0) & ((east < 0) | ((east == 0) & (other < row))))
    before = pairs.hours > 0
    before[equal] = first
    return before & (pairs.hours <= REACH_H)


def _candidates(points: Points, rule: Rule, pairs: Pairs, here: FloatArray, around: FloatArray) -> Candidates:
    """Pairs to be judged, as in `Neighbourhood`; `here`, `around` of the row of each pair, shape (pairs,)."""
    linking, lags = rule.linking, rule.lags
    metre, lag = distance_band(pairs.metres), lags.band(pairs.hours)
    bands = AREAS * linking.ground.clumping
    rate = np.where(metre == 0, here, around * bands[metre])
    length = np.where(lag == 0, rule.equal_h(points.hours[pairs.row]), lags.durations[lag])
    rows, child = np.unique(pairs.row, return_inverse=True)
    category = np.searchsorted(linking.categories, points.category[pairs.row])
    return Candidates(len(rows), child, category, metre, lag, rate * length * linking.ground.of_lag(pairs.hours))
