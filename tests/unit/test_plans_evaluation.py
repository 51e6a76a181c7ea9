"""Evaluation of a measure: properties, the slow twin, sentences."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.plans.evaluation import (
    AreaCounts,
    _score,
    evaluate,
    minimum_detectable_drop,
    relative_effect,
    scaled_difference,
    wdd,
    wdq,
)
from analysis.stats.intervals import Estimate, Z


def standard_error(estimate: Estimate) -> float:
    return (estimate.high - estimate.low) / 2 / Z


pair = st.tuples(st.integers(0, 500), st.integers(0, 500))
weight = st.sampled_from([0.5, 1.0, 2.0, 3.0])


@given(pair, pair, pair, pair)
def test_swapping_before_and_after_changes_the_sign_and_nothing_else(c, t, cb, b):
    one = wdd(c, t, cb, b)
    other = wdd(c[::-1], t[::-1], cb[::-1], b[::-1])
    assert one.value == -other.value
    assert standard_error(one) == pytest.approx(standard_error(other))
    assert one.low == pytest.approx(-other.high)


@given(pair, pair, pair, pair, st.tuples(weight, weight), st.tuples(weight, weight, weight, weight))
def test_wdd_equals_its_slow_twin(c, t, cb, b, time, area):
    value = variance = 0.0
    for sign, counts, size in zip((-1, 1, -1, 1), (c, t, cb, b), area, strict=True):
        value += sign * (counts[1] / (size * time[1]) - counts[0] / (size * time[0]))
        variance += counts[1] / (size * time[1]) ** 2 + counts[0] / (size * time[0]) ** 2
    result = wdd(c, t, cb, b, time_weights=time, area_weights=area)
    assert result.value == pytest.approx(value, abs=1e-9)
    assert standard_error(result) == pytest.approx(math.sqrt(variance))


some = st.tuples(st.integers(1, 300), st.integers(1, 300))


@given(st.lists(st.tuples(some, some), min_size=1, max_size=5))
def test_a_simulated_plan_is_judged_by_the_test_that_will_judge_it(rows):
    before, after = np.moveaxis(np.array(rows), 2, 0)
    assert _score(before, after, "wdd") == pytest.approx(
        [found.value / standard_error(found) for found in (wdd(*row) for row in rows)]
    )
    told = _score(before, after, "difference")
    assert told == pytest.approx(
        [found.value / standard_error(found) for found in (scaled_difference(t, c) for c, t in rows)]
    )
    effects = [relative_effect(t, c) for c, t in rows]
    reach = [np.log(effect.high / effect.low) / 2 / 1.959964 for effect in effects]
    told = _score(before, after, "ratio")
    assert told == pytest.approx(
        [np.log(effect.value) / se for effect, se in zip(effects, reach, strict=True)], rel=1e-6
    )


@pytest.mark.parametrize("growth", [1.0, 1.3, 1.6])
@pytest.mark.parametrize(("treated", "control"), [(60, 60), (85, 60), (60, 85), (150, 60), (60, 150)])
def test_a_city_that_grows_does_not_pass_for_an_effect(treated, control, growth):
    """Without an effect the interval leaves zero out in five of a hundred cases, whatever the growth and the sizes."""
    draws, quantile = 20_000, 1.959964
    rng = np.random.default_rng(31)
    t0, c0 = rng.poisson((treated, control), size=(draws, 2)).T
    t1, c1 = rng.poisson((treated * growth, control * growth), size=(draws, 2)).T
    g = c1 / c0
    z = (t1 - g * t0) / np.sqrt(t1 + g**2 * t0 + (g * t0) ** 2 * (1 / c1 + 1 / c0))
    one = scaled_difference((int(t0[0]), int(t1[0])), (int(c0[0]), int(c1[0])))
    assert one.value / standard_error(one) == pytest.approx(z[0])
    # Four standard errors of a simulated share of 5 %, and half a point for the normal approximation.
    assert np.mean(np.abs(z) > quantile) == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / draws) + 0.005)


@pytest.mark.slow
@pytest.mark.parametrize("growth", [1.0, 1.3, 1.6])
def test_the_scaled_difference_covers_the_truth(growth):
    draws = 4000
    rng = np.random.default_rng(32)
    rows = rng.poisson((100, 70 * growth, 80, 80 * growth), size=(draws, 4)).tolist()
    found = [scaled_difference((t0, t1), (c0, c1)) for t0, t1, c0, c1 in rows]
    hits = np.mean([estimate.low <= -30 * growth <= estimate.high for estimate in found])
    assert hits == pytest.approx(0.95, abs=4 * math.sqrt(0.05 * 0.95 / draws))


def test_a_growing_city_fools_the_published_difference_and_not_ours():
    areas = AreaCounts((850, 1360), (400, 640))
    assert evaluate(areas).difference.value == pytest.approx(0)
    assert evaluate(areas, test="wdd").published.low > 0


def test_zeros_are_handled():
    nothing = evaluate(AreaCounts((5, 3), (0, 4), (2, 2)))
    assert not nothing.difference.known
    assert not evaluate(AreaCounts((5, 0), (6, 4)), test="ratio").ratio.known
    gone = scaled_difference((10, 4), (20, 0))
    assert gone.value == 4
    assert standard_error(gone) == pytest.approx(math.sqrt(4 + 100 / 400))


def test_the_buffer_is_scaled_too_or_left_out():
    # Everything grows by a fifth: nothing happened, with the buffer and without.
    grown = evaluate(AreaCounts((100, 120), (100, 120), (200, 240)))
    assert grown.difference.value == pytest.approx(0)
    assert grown.total.value == pytest.approx(0)
    assert evaluate(AreaCounts((100, 120), (100, 120))).total is None


def test_the_quotient_is_not_computable_without_success_or_control():
    assert wdq((100, 120), (50, 50), (100, 100)) is None
    assert wdq((100, 70), (50, 50), (0, 10)) is None
    assert wdq((100, 70), (50, 50), (10, 0)) is None


def test_the_named_power_is_reached_and_not_one_percent_earlier():
    drop = minimum_detectable_drop(120, 150)

    def power(share):
        rng = np.random.default_rng(99)
        c0, c1, t0 = rng.poisson((150, 150, 120), size=(20000, 3)).T
        t1 = rng.poisson(120 * (1 - share), size=20000)
        g = c1 / c0
        z = (t1 - g * t0) / np.sqrt(t1 + g**2 * t0 + (g * t0) ** 2 * (1 / c1 + 1 / c0))
        return np.mean(z <= -1.959964)

    assert power(drop.share) > 0.78
    assert power(drop.share - 0.02) < 0.81


def test_few_alerts_show_nothing(t):
    drop = minimum_detectable_drop(5, 5)
    assert drop.share is drop.alerts is None
    assert "not even a complete stop" in drop.sentence(t)
    assert minimum_detectable_drop(0, 50).share is None


@pytest.mark.parametrize(
    ("areas", "told"),
    [
        (
            AreaCounts((120, 70), (115, 87), (90, 88)),
            "No sign that the problem moved next door.",
        ),
        (
            AreaCounts((80, 40), (75, 70), (60, 61)),
            "No sign that the problem moved next door.",
        ),
        (
            AreaCounts((80, 48), (75, 70)),
            "",
        ),
        (
            AreaCounts((50, 90), (50, 40), (30, 90)),
            "Next door there were more alerts than expected: the problem may have moved.",
        ),
        (
            AreaCounts((50, 50), (50, 49), (4, 5)),
            "Too few alerts next door to say whether the problem moved there.",
        ),
        (
            AreaCounts((300, 200), (300, 305), (200, 130)),
            "Next door there were fewer alerts than expected too: the benefit may have spread.",
        ),
        (
            AreaCounts((50, 40), (50, 40), (4, 0)),
            "Too few alerts next door to say whether the problem moved there.",
        ),
    ],
)
def test_what_happened_next_door_is_said(areas, told, t):
    assert evaluate(areas).next_door(t) == told


def test_unlike_areas_are_said(t):
    result = evaluate(AreaCounts((8, 9), (40, 20)))
    assert result.difference.value == pytest.approx(9 - 4)
    assert standard_error(result.difference) == pytest.approx(math.sqrt(9 + 8 / 4 + 16 * (1 / 20 + 1 / 40)))
    assert "by the same share as the comparison area" in t(result.choices[0].explanation)
    warnings = " ".join(t(warning) for warning in result.warnings)
    assert "8 alerts and the comparison area 40" in warnings
    assert "regression to the mean" in warnings
    assert "below 10" in warnings


def test_like_areas_need_one_warning_and_the_published_test_one_more(t):
    result = evaluate(AreaCounts((100, 80), (120, 110)))
    assert result.difference.value == pytest.approx(80 - 100 * 110 / 120)
    assert result.published.value == -10
    assert len(result.warnings) == 1
    assert result.n == 410
    published = evaluate(AreaCounts((100, 80), (120, 110)), test="wdd")
    assert len(published.warnings) == 2
    assert "by as many alerts as the comparison area" in t(published.choices[0].explanation)
