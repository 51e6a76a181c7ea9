"""The scan against SaTScan 9.4.4."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.space_time_scan import scan
from tests.published import published


def test_satscan_prospective_permutation_scan() -> None:
    """SaTScan 9.4.4, output satscan_test1 in github.com/QuantCrimAtLeeds/PredictCode."""
    cases = np.loadtxt(published("satscan_test1.cas"), dtype=int)
    geo = np.loadtxt(published("satscan_test1.geo"))
    name = {(x, y): int(place) for place, x, y in geo}
    at = {int(place): (x, y) for place, x, y in geo}
    place, day = np.repeat(cases[:, 0], cases[:, 1]), np.repeat(cases[:, 2], cases[:, 1])
    x, y = np.array([at[p] for p in place]).T
    result = scan(
        x, y, day, max_radius=1000, max_days=90, first_day=0, last_day=1000, ties="apart", permutations=499, seed=1
    )
    assert (result.n, len(result.locations)) == (100, 25)
    first, second = result.clusters[:2]
    assert [name[tuple(result.locations[k])] for k in first.members] == [23, 6, 16]
    assert [name[tuple(result.locations[k])] for k in second.members] == [10]
    assert (first.x, first.y, first.radius, first.start, first.end, first.observed) == (30, 30, 20, 993, 1000, 3)
    assert (second.x, second.y, second.radius, second.start, second.end, second.observed) == (50, 50, 0, 962, 1000, 4)
    assert [first.expected, second.expected] == pytest.approx([0.42, 0.96], abs=1e-12)
    assert [first.llr, second.llr] == pytest.approx([3.352053, 2.715606], abs=5e-7)
    assert [round(c.ratio, 2) for c in (first, second)] == [7.14, 4.17]
    # Published .202 and .581 come from 248 runs of a sequential stop; its limits of period and radius are not told.
    assert 0.15 < first.p < 0.38
    assert 0.45 < second.p < 0.7
    assert first.recurrence == pytest.approx(1 / first.p)
