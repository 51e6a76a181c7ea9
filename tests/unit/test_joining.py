"""Alerts that come later: against linking all at once, against plain loops, and for what must not matter."""

from __future__ import annotations

import json
import math
from dataclasses import fields, replace
from functools import cache
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.incidents import Joined, Judged, Rule, join, learn_linking, link_and_judge, link_reports
from analysis.incidents.bands import AREAS, METRES, distance_band
from analysis.incidents.linking import first_reports
from tests.reliability.bursts import Scatter, quiet_city

Alerts = tuple[Any, Any, Any, Any]
KINDS: Final = ("minutes", "hours", "dates", "pile", "no place", "copies")


@cache
def alerts(kind: str, seed: int = 1, number: int = 1100) -> Alerts:
    """A quiet city of four categories in order of time, as one of the forms in which files come."""
    rng = np.random.default_rng(seed)
    city = quiet_city(rng, number, Scatter(2, 30, 3))
    order = np.argsort(city.hours)
    x, y, hours, category = (np.array(v[order]) for v in (city.x, city.y, city.hours, city.category % 4))
    hours = np.round(hours * 60) / 60
    if kind == "hours":
        hours = np.floor(hours)
    if kind == "dates":
        hours = np.floor(hours / 24) * 24 + 22
    if kind == "pile":
        x[::10], y[::10] = 2000.0, 2000.0
    if kind == "no place":
        x[::7], hours[::5] = np.nan, np.nan
    if kind == "copies":
        rows = np.repeat(np.arange(len(x)), rng.geometric(0.7, len(x)))
        x, y, hours, category = (values[rows] for values in (np.round(x, -1), np.round(y, -1), hours, category))
    return x, y, hours, category


def some(of: Alerts, rows: Any) -> Alerts:
    x, y, hours, category = (values[rows] for values in of)
    return x, y, hours, category


@cache
def kept(kind: str, new: int = 300) -> tuple[Rule, Judged]:
    """What is kept of all but the last ones."""
    return link_and_judge(*some(alerts(kind), slice(None, -new)))[1:]


def joined(judged: Judged, rule: Rule, more: Alerts) -> Joined:
    found = join(judged, rule, *more)
    assert found is not None
    return found


def labels(judged: Judged, same: Any = None) -> Any:
    child = np.flatnonzero(judged.parent >= 0)
    return first_reports(np.stack([child, judged.parent[child]]), judged.hours, same)


def equal(one: Judged, other: Judged) -> bool:
    names = [field.name for field in fields(Judged)]
    return all(np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True) for name in names)


# Against linking all at once.


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_kept_gives_the_labels_of_linking(kind: str) -> None:
    here = alerts(kind)
    same = np.full(len(here[0]), -1)
    same[[5, 900, 1700]], same[[6, 8]] = 4, 0
    linking = learn_linking(*here)
    for own in (None, same):
        found, rule, judged = link_and_judge(*here, own)
        wanted = link_reports(*here, linking, own)
        assert np.array_equal(found, wanted)
        assert rule.linking.message == linking.message
        assert len(np.unique(found)) < 0.9 * len(found)
        child = np.flatnonzero(judged.parent >= 0)
        links = np.stack([child, judged.parent[child]])
        assert np.array_equal(first_reports(links, here[2], own), wanted)
    assert (judged.ratio[child] > 1 - 1e-5).all()
    assert (judged.ratio[judged.parent < 0] == 0).all()
    assert (np.isnan(judged.weight) == np.isnan(judged.hours)).all()
    # So many further reports are expected as there are links.
    usable = np.isfinite(judged.hours)
    assert (1 - judged.weight[usable]).sum() == pytest.approx(len(child), rel=0.06)


@pytest.mark.parametrize("pieces", [1, 2, 10])
@pytest.mark.parametrize("kind", KINDS)
def test_alerts_joined_in_pieces_are_linked_as_all_at_once(kind: str, pieces: int) -> None:
    here = alerts(kind)
    n = len(here[0])
    rule, judged = kept(kind)
    for rows in np.array_split(np.arange(n - 300, n), pieces):
        judged = joined(judged, rule, some(here, rows)).judged
    at_once = link_reports(*here, rule.linking)
    found = labels(judged)
    assert (found == at_once).mean() > 0.998
    assert (found == at_once)[-300:].mean() > 0.97
    assert (judged.parent[-300:] >= 0).sum() > 60


@pytest.mark.parametrize("pieces", [2, 10])
def test_late_reports_are_linked_as_all_at_once(pieces: int) -> None:
    """Alerts of all times come later; some are the first report of an incident that is known."""
    here = alerts("minutes")
    n = len(here[0])
    late = np.random.default_rng(3).random(n) < 0.08
    order = np.concatenate([np.flatnonzero(~late), np.flatnonzero(late)])
    x, y, hours, category = some(here, order)
    _, rule, judged = link_and_judge(*some((x, y, hours, category), slice(None, int((~late).sum()))))
    relinked = 0
    for rows in np.array_split(np.arange(len(judged), n), pieces):
        more = joined(judged, rule, some((x, y, hours, category), rows))
        judged, relinked = more.judged, relinked + len(more.relinked)
    at_once = link_reports(x, y, hours, category, rule.linking)
    assert (labels(judged) == at_once).mean() > 0.99
    assert relinked > 0.1 * late.sum()


def test_where_pairs_are_left_out_it_is_as_when_all_are_linked(monkeypatch: pytest.MonkeyPatch) -> None:
    """So dense that of each square only the next in time are looked at; with all of them every tenth would differ."""
    x, y, hours, category = alerts("minutes", 4, 2200)
    here = x / 8, y / 8, hours, category
    n = len(x) - 600
    monkeypatch.setattr("analysis.incidents.pairs.IN_ALL", 200_000)
    _, rule, judged = link_and_judge(*some(here, slice(n)))
    found = joined(judged, rule, some(here, slice(n, None))).judged
    at_once = link_reports(*here, rule.linking)
    assert rule.linking.linked
    assert (labels(found) == at_once)[n:].mean() > 0.98


# Against plain loops.


class Twin:
    """The formulas written plainly, one alert after the other, over all alerts."""

    def __init__(self, judged: Judged, rule: Rule, more: Alerts) -> None:
        self.rule, self.linking, self.ground = rule, rule.linking, rule.linking.ground
        new = rule.ready(*more)
        self.n, self.number = len(judged), len(judged) + len(new)
        pairs = ((getattr(judged, name), getattr(new, name)) for name in ("x", "y", "hours", "category"))
        self.x, self.y, self.hours, self.category = (np.concatenate(pair) for pair in pairs)
        self.weight = np.append(judged.weight.astype(float), np.where(np.isfinite(new.hours), 1.0, np.nan))
        self.usable = np.flatnonzero(np.isfinite(self.hours))
        blank = np.full(len(new), np.nan)
        self.here = np.append(judged.here.astype(float), blank)
        self.around = np.append(judged.around.astype(float), blank)
        self.ratio = np.append(judged.ratio.astype(float), np.zeros(len(new)))
        self.parent = np.append(judged.parent, np.full(len(new), -1))
        self.join()

    def join(self) -> None:
        new = [i for i in self.usable if i >= self.n]
        earlier = {i: self.earlier(i) for i in new}
        self.weight[new] = 1 - self.linking.repeats
        after = {}
        for i in new:
            total = sum(self.odds(i, j, *self.background(i, now=False)) for j in earlier[i])
            after[i] = 1 / (1 + total)
        for i in new:
            self.weight[i] = after[i]
        for i in new:
            if earlier[i]:
                self.here[i], self.around[i] = self.background(i, now=True)
                self.choose(i, earlier[i])
        for i in self.usable:
            first = [j for j in self.earlier(i) if j >= self.n] if i < self.n else []
            if first:
                kept = self.here[i], self.around[i]
                if math.isnan(self.here[i]):
                    self.here[i], self.around[i] = self.background(i, now=True)
                if not self.choose(i, first):
                    self.here[i], self.around[i] = kept

    def alike(self, i: int) -> Any:
        others = self.usable[(self.category[self.usable] == self.category[i]) & (self.usable != i)]
        return others, np.hypot(self.x[others] - self.x[i], self.y[others] - self.y[i]), self.hours[others]

    def earlier(self, i: int) -> list[int]:
        if self.category[i] not in self.linking.categories:
            return []
        others, metres, hours = self.alike(i)
        near = others[(metres <= 300) & (self.hours[i] - hours <= 72) & (hours <= self.hours[i])]

        def rank(j: int) -> Any:
            return self.hours[j], self.x[j], self.y[j], j

        return [j for j in near if rank(j) < rank(i)]

    def background(self, i: int, *, now: bool) -> tuple[float, float]:
        others, metres, hours = self.alike(i)
        weight, total = self.weight[others], self.weight[self.usable].sum()
        days = np.abs(hours - self.hours[i])
        near = days <= 84
        share = max(self.weight[i] + weight.sum(), 0.5) / (total * self.ground.area)
        (x0, y0), at_point = self.ground.origin, np.ones(len(others), dtype=bool)
        for side in (150.0, 50.0, 0.001):
            column, row = np.floor((self.x - x0) / side), np.floor((self.y - y0) / side)
            apart = np.maximum(abs(column[others] - column[i]), abs(row[others] - row[i]))
            if side == 0.001:
                at_point = apart == 0
                break
            counted = weight[apart <= 1].sum() - weight[near & (metres <= 3 * side / math.sqrt(math.pi))].sum()
            share = (max(counted, 0) + 1) / (total * 9 * side**2 + 1 / share)
        point = max(weight[at_point].sum() - weight[near & (metres <= 0.5)].sum(), 0)
        bands = AREAS * self.ground.clumping
        here = (point + 1) / (total + 1 / (share * bands[0]))
        rate = self.city_rate(self.hours[i])
        here, around = here * rate, share * rate
        if now:
            seen = weight[(metres <= 150) & (days >= 84) & (days <= 252)].sum()
            ends = self.hours[self.usable].min(), self.hours[self.usable].max()
            length = sum(min(max(abs(self.hours[i] - end), 84), 252) - 84 for end in ends)
            within = sum(band for band, metre in zip(bands, METRES, strict=True) if 0.5 < metre <= 150)
            factor = max((seen + 2) / ((here + around * within) * length + 2), 0.25)
            here, around = here * factor, around * factor
        return here, around

    def city_rate(self, moment: float) -> float:
        order = self.usable[np.argsort(self.hours[self.usable], kind="stable")]
        hours, place = self.hours[order], int((self.hours[order] < moment).sum())
        start = min(int((hours < moment - 168).sum()), max(place - 25, 0))
        stop = max(int((hours <= moment + 168).sum()), min(place + 26, len(hours)))
        since = max(min(hours[start], moment - 168), hours[0])
        until = min(max(hours[stop - 1], moment + 168), hours[-1])
        return float(self.weight[order[start:stop]].sum() / max(until - since, min(336, self.linking.period_h)))

    def odds(self, i: int, j: int, here: float, around: float) -> float:
        metres, lag_h = math.hypot(self.x[i] - self.x[j], self.y[i] - self.y[j]), self.hours[i] - self.hours[j]
        metre = int(distance_band(np.array(metres)))
        edges = self.linking.edges_h
        lag = 0 if lag_h <= 1e-4 else next(k for k in range(1, len(edges)) if lag_h <= edges[k] + 1e-4)
        if lag:
            length = edges[lag] - edges[lag - 1]
        else:
            minutes, mine = self.rule.minutes, round(self.hours[i] % 24 * 60) % 1440
            dates = self.linking.time_step_h == 24
            length = 12 * (1 if dates else (minutes[mine] + 1) / (minutes.sum() + 1440))
        rate = here if metre == 0 else around * AREAS[metre] * self.ground.clumping[metre]
        hazard = rate * length * self.ground.of_lag(np.array(lag_h))
        category = list(self.linking.categories).index(self.category[i])
        return float(self.linking.trigger[category, metre, lag] / max(hazard, 1e-12))

    def choose(self, i: int, candidates: list[int]) -> bool:
        """The most probable one; of equal ones that of the square further east, then north, then the latest."""
        odds = {
            j: np.float32(self.odds(i, j, np.float32(self.here[i]), np.float32(self.around[i]))) for j in candidates
        }

        def rank(j: int) -> Any:
            return odds[j], self.x[j] // 300, self.y[j] // 300, self.hours[j], self.x[j], self.y[j], j

        best = max(candidates, key=rank)
        if odds[best] <= max(1, np.float32(self.ratio[i])):
            return False
        self.parent[i], self.ratio[i] = best, odds[best]
        return True


def new_ones(kind: str) -> tuple[Alerts, Alerts]:
    """Old alerts and new ones: some late, some of a new category, some equal to others, some at a default."""
    here = alerts(kind, 2, 500)
    late = np.random.default_rng(1).random(len(here[0])) < 0.03
    late[-60:] = True
    x, y, hours, category = some(here, late)
    category[::17] = 77
    again = np.arange(0, len(x), 9)
    x, y, hours, category = (np.append(values, values[again]) for values in (x, y, hours, category))
    x[5], hours[11] = np.nan, np.nan
    return some(here, ~late), (x, y, hours, category)


@pytest.mark.parametrize("kind", KINDS)
def test_each_alert_is_judged_as_by_plain_loops(kind: str) -> None:
    old, new = new_ones(kind)
    _, rule, judged = link_and_judge(*old)
    assert rule.linking.linked
    found, twin = joined(judged, rule, new), Twin(judged, rule, new)
    n = len(judged)
    assert np.array_equal(found.judged.parent, twin.parent)
    for name in ("ratio", "weight", "here", "around"):
        assert getattr(found.judged, name) == pytest.approx(getattr(twin, name), rel=1e-5, nan_ok=True)
    assert np.array_equal(found.relinked, np.flatnonzero(twin.parent[:n] != judged.parent))
    assert len(found.relinked) > 3
    assert (twin.parent[n:] >= 0).sum() > 30
    assert (found.judged.parent[n:][new[3] == 77] == -1).all()


def test_of_old_alerts_only_those_linked_anew_change() -> None:
    old, new = new_ones("minutes")
    _, rule, judged = link_and_judge(*old)
    found = joined(judged, rule, new)
    others = np.setdiff1d(np.arange(len(judged)), found.relinked)
    for field in fields(Judged):
        now, before = getattr(found.judged, field.name), getattr(judged, field.name)
        assert now.dtype == before.dtype
        assert np.array_equal(now[others], before[others], equal_nan=True)
    assert np.array_equal(found.judged.weight[: len(judged)], judged.weight, equal_nan=True)
    assert np.isfinite(found.judged.here[found.relinked]).all()


# What must not matter.


def test_joining_nothing_changes_nothing() -> None:
    rule, judged = kept("minutes")
    found = joined(judged, rule, some(alerts("minutes"), slice(0, 0)))
    assert equal(found.judged, judged)
    assert not len(found.relinked)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_a_file_does_not_matter(seed: int) -> None:
    old, new = new_ones("minutes")
    rule, judged = kept_of_new_ones()
    rng = np.random.default_rng(seed)
    before, order = rng.permutation(len(judged)), rng.permutation(len(new[0]))
    place = np.argsort(before)
    turned = Judged(*(getattr(judged, field.name)[before] for field in fields(Judged)))
    parent = np.where(turned.parent < 0, -1, place[turned.parent]).astype(np.int32)
    found = joined(replace(turned, parent=parent), rule, some(new, order))
    wanted = joined(judged, rule, new)
    rows = np.append(before, len(old[0]) + order)
    assert np.array_equal(np.sort(before[found.relinked]), wanted.relinked)
    mine, theirs = labels(found.judged), labels(wanted.judged)[rows]
    both = np.unique(np.stack([mine, theirs]), axis=1).shape[1]
    assert both == len(np.unique(mine)) == len(np.unique(theirs))


@cache
def kept_of_new_ones() -> tuple[Rule, Judged]:
    return link_and_judge(*new_ones("minutes")[0])[1:]


def test_how_many_are_swept_together_and_share_a_mark_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    _, new = new_ones("minutes")
    rule, judged = kept_of_new_ones()
    wanted = joined(judged, rule, new)
    for at_a_time, slots in ((100, (1 << 25, 1 << 27)), (1 << 17, (1, 1000)), (1000, (1, 50_000))):
        monkeypatch.setattr("analysis.incidents.surroundings._AT_A_TIME", at_a_time)
        monkeypatch.setattr("analysis.incidents.surroundings._SLOTS", slots)
        found = joined(judged, rule, new)
        assert np.array_equal(found.judged.parent, wanted.judged.parent)
        assert found.judged.ratio == pytest.approx(wanted.judged.ratio, rel=1e-5)


def test_what_is_given_may_be_read_only() -> None:
    _, new = new_ones("minutes")
    rule, judged = kept_of_new_ones()
    wanted = joined(judged, rule, new)
    for values in (*(getattr(judged, field.name) for field in fields(Judged)), *new):
        values.flags.writeable = False
    assert equal(joined(judged, rule, new).judged, wanted.judged)


# Where the rule fits no longer, or links nothing.


@pytest.mark.parametrize("known", ["new", "old and new"])
def test_a_point_that_becomes_a_default_needs_a_new_rule(known: str) -> None:
    """2 % of all alerts at one point, a third of them perhaps before: then it is one by the test for all."""
    x, y, hours, category = (values.copy() for values in alerts("minutes"))
    number = len(x) // 50
    rows = np.arange(len(x) - number, len(x))
    if known == "old and new":
        rows = np.append(np.arange(number // 3), rows[: number - number // 3])
    x[rows], y[rows] = 1234.0, 777.0
    _, rule, judged = link_and_judge(*(values[:-number] for values in (x, y, hours, category)))
    assert not len(rule.default_x)
    assert join(judged, rule, *(values[-number:] for values in (x, y, hours, category))) is None
    assert join(judged, rule, *(values[-5:] for values in alerts("minutes"))) is not None


def test_a_default_that_is_known_stays_one() -> None:
    rule, judged = kept("pile")
    assert (rule.default_x, rule.default_y) == ([2000.0], [2000.0])
    found = joined(judged, rule, some(alerts("pile"), slice(-300, None)))
    pile = np.flatnonzero(found.judged.x == 2000)
    assert (pile >= len(judged)).sum() == 30
    assert np.isnan(found.judged.hours[pile]).all()
    assert (found.judged.parent[pile] == -1).all()
    assert not np.isin(found.judged.parent, pile).any()


@pytest.mark.parametrize("kind", ["hours", "dates"])
def test_times_known_in_coarser_steps_need_a_new_rule(kind: str) -> None:
    rule, judged = kept("minutes")
    assert join(judged, rule, *some(alerts(kind), slice(-300, None))) is None
    assert join(*reversed(kept(kind)), *some(alerts("minutes"), slice(-300, None))) is not None


def test_a_few_round_times_are_no_coarser_step() -> None:
    rule, _ = kept("minutes")
    assert not rule.coarser(np.array([500.0, 530.0, 560.0]))
    assert rule.coarser(500.0 + np.arange(20))
    assert rule.coarser(504.0 + 24 * np.arange(6))


def test_a_rule_that_links_nothing_appends() -> None:
    x, y, hours, category = alerts("minutes")
    _, rule, judged = link_and_judge(x[:50], y[:50], hours[:50], category[:50])
    assert not rule.linking.linked
    found = joined(judged, rule, (x[50:90], y[50:90], hours[50:90], category[50:90]))
    assert (found.judged.parent == np.full(90, -1)).all()
    assert np.array_equal(found.judged.hours, hours[:90])
    assert (found.judged.weight == np.ones(90)).all()
    nothing = link_and_judge(x[:0], y[:0], hours[:0], category[:0])
    assert len(joined(nothing[2], nothing[1], (x[:3], y[:3], hours[:3], category[:3])).judged) == 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_rule_is_the_same_after_json(kind: str) -> None:
    rule, judged = kept(kind)
    said = json.dumps(rule.as_json(), allow_nan=False)
    read = Rule.from_json(json.loads(said))
    assert json.dumps(read.as_json()) == said
    more = some(alerts(kind), slice(-300, None))
    assert equal(joined(judged, read, more).judged, joined(judged, rule, more).judged)
    with pytest.raises((KeyError, TypeError, ValueError)):
        Rule.from_json({**rule.as_json(), "linking": {"n": 3}})
