"""What the soak tells of memory, from what it saw."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.soak import Watched, slope


def test_a_straight_line_has_its_slope_and_no_doubt() -> None:
    minutes = np.arange(90) / 6
    found, about = slope(minutes, 10 + 2.5 * minutes)
    assert found == pytest.approx(2.5)
    assert about == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("kept", [0.8, 1.0], ids=["a level that wavers", "a sum of steps"])
def test_the_interval_holds_the_true_slope_where_memory_hangs_together(kept: float) -> None:
    """Of 400 times 15 minutes, a look every ten seconds: 95 in 100 at least, less what chance takes (three errors)."""
    draw, minutes = np.random.default_rng(7), np.arange(90) / 6
    within = 0
    for _ in range(400):
        error = np.zeros(90)
        for at in range(1, 90):
            error[at] = kept * error[at - 1] + draw.normal()
        found, about = slope(minutes, 1400 + 0.3 * minutes + error)
        within += abs(found - 0.3) <= about
    assert within >= 400 * (0.95 - 3 * (0.95 * 0.05 / 400) ** 0.5)


def test_memory_is_told_of_processes_that_lived_through_the_second_half() -> None:
    watched = Watched(0)
    watched.looks = [
        (at / 6, {"p1": 700.0 + at / 6, **({"p2": 600.0} if at < 150 else {"p3": 600.0})}) for at in range(180)
    ]
    grown = watched.growth()
    assert grown.keys() == {"p1", "all"}
    assert grown["p1"][0] == pytest.approx(1.0)
    watched.looks = watched.looks[:50]
    assert watched.growth() == {}
