"""Displacement differences, quotients and ratios against published values."""

from __future__ import annotations

import math

import pytest
from scipy.stats import norm

from analysis.plans.evaluation import minimum_detectable_drop, relative_effect, wdd, wdq
from analysis.stats.intervals import Estimate, Z

PAPER = {"control": (308, 318), "treated": (207, 110), "control_buffer": (150, 140), "buffer": (178, 157)}


def standard_error(estimate: Estimate) -> float:
    return (estimate.high - estimate.low) / 2 / Z


def ninety(effect: Estimate) -> tuple[float, float]:
    """The 90 % interval of an effect, which some published examples give."""
    away = norm.ppf(0.95) * standard_error(effect)
    return effect.value - away, effect.value + away


def test_the_paper_of_wheeler_and_ratcliffe():
    result = wdd(**PAPER)
    assert result.value == -118
    assert standard_error(result) == pytest.approx(math.sqrt(1568))
    assert result.value / standard_error(result) == pytest.approx(-2.979950006429022)
    assert (result.low, result.high) == pytest.approx((-195.61061416, -40.38938584), abs=1e-7)


def test_area_weights():
    result = wdd(**PAPER, area_weights=(0.9, 1.2, 1.6, 1.5))
    assert result.value == pytest.approx(-99.69444444, abs=5e-9)
    assert standard_error(result) == pytest.approx(35.4280755, abs=5e-8)
    assert result.value / standard_error(result) == pytest.approx(-2.813995483, abs=5e-10)
    assert result.low == pytest.approx(-169.1321965, abs=5e-8)
    assert result.high == pytest.approx(-30.25669241, abs=5e-9)


def test_time_weights():
    result = wdd((100, 50), (80, 20), time_weights=(2, 1))
    assert result.value == -20
    assert standard_error(result) == pytest.approx(math.sqrt(115))


def test_the_plain_example_of_ptools():
    result = wdd((20, 20), (20, 10))
    assert result.value == -10
    assert round(standard_error(result), 4) == 8.3666
    assert round(result.value / standard_error(result), 6) == -1.195229
    assert [round(bound, 6) for bound in ninety(result)] == [-23.761833, 3.761833]


def test_the_notebook_of_crimepy_without_and_with_spill_over():
    plain = wdd((130, 150), (120, 100))
    assert (plain.value, round(standard_error(plain), 1)) == (-40, 22.4)
    assert [round(bound, 1) for bound in ninety(plain)] == [-76.8, -3.2]
    spill = wdd((130, 150), (120, 100), (30, 25), (40, 25))
    assert (spill.value, round(standard_error(spill), 1)) == (-50, 24.9)
    assert [round(bound, 1) for bound in ninety(spill)] == [-91.0, -9.0]


def test_the_blog_example():
    result = wdd((100, 90), (100, 80))
    assert (result.value, round(standard_error(result), 3)) == (-10, 19.235)
    assert (round(result.low, 1), round(result.high, 1)) == (-47.7, 27.7)


def test_the_variance_of_the_buffer_has_no_misplaced_bracket():
    assert standard_error(wdd((0, 0), (0, 0), (30, 30), (20, 30))) == pytest.approx(math.sqrt(110))


def test_the_quotient():
    assert wdq(treated=(100, 70), buffer=(50, 45), control=(200, 190)) == pytest.approx(0.10, abs=0.001)


def test_the_ratio_of_ratios():
    result = relative_effect((100, 70), (200, 190))
    assert (round(result.value, 3), round(result.low, 3), round(result.high, 3)) == (0.737, 0.512, 1.061)


def test_the_drop_that_is_visible():
    # Fifty alerts an area, one-sided at 1 % (two-sided at 2 %): (2.326 + 0.842) sqrt(200) = 45 by the formula, which
    # takes the count after for as variable as the one before; simulated it is a little less, since fewer alerts vary
    # less.
    drop = minimum_detectable_drop(50, 50, alpha=0.02, test="wdd")
    assert drop.alerts == pytest.approx(40, abs=1)
    # Half the power: 33 by the formula.
    half = minimum_detectable_drop(50, 50, alpha=0.02, power=0.5, test="wdd")
    assert half.alerts == pytest.approx(31, abs=2)


def test_a_true_fall_of_thirty_percent_needs_about_270_alerts_before():
    assert minimum_detectable_drop(270, 270, test="ratio").share == pytest.approx(0.30, abs=0.011)
