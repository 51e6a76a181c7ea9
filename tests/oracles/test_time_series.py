"""EARS bounds and Wheeler's band against published values."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.trends.expected_range import ears_band, wheeler_band

# Weekly reports of Salmonella Agona in the United Kingdom from 1990 on (file salmonella.agona of the R package
# surveillance), the first 92 weeks.
AGONA = [
    *(1, 0, 5, 2, 1, 2, 0, 4, 0, 0, 0, 3, 1, 1, 0, 0, 2, 2, 0, 2, 6, 3, 2, 1, 2, 0, 1, 1, 3, 5, 3, 4, 3, 6, 5, 8),
    *(6, 3, 6, 2, 5, 2, 1, 5, 7, 1, 10, 3, 4, 0, 0, 1, 6, 0, 2, 2, 0, 0, 2, 2, 0, 6, 7, 1, 0, 0, 0, 1, 1, 4, 3, 1),
    *(3, 2, 6, 3, 4, 4, 8, 12, 9, 17, 16, 8, 6, 13, 4, 7, 10, 3, 11, 4),
]


@pytest.mark.parametrize(("gap", "weeks"), [(0, [21, 30, 36, 62, 75]), (2, [21, 36, 47, 63, 80])])
def test_the_first_five_alarms_of_ears_on_salmonella_agona(gap, weeks):
    band = ears_band(AGONA, gap)
    found = np.flatnonzero(np.asarray(AGONA) > band.upper) + 1
    assert found[:5].tolist() == weeks


def test_the_bounds_of_ears_that_salmon_and_others_print_for_salmonella_newport():
    # Weekly reports in Germany, sums over its states, seven weeks before and the first four of 2011
    # (salmNewport of the R package surveillance); C1 with alpha 0.05, Salmon et al. (2016), JSS 70(10).
    newport = [1, 1, 1, 3, 3, 1, 2, 1, 0, 3, 3]
    bounds = ears_band(newport, gap=0, alpha=0.05).upper[7:]
    assert bounds == pytest.approx([3.278854, 3.278854, 3.436517, 3.855617], abs=1e-6)


def test_wheelers_band_round_sixteen():
    band = wheeler_band([16] * 9)
    assert (band.expected[8], band.lower[8], band.upper[8]) == (16, 6.25, 30.25)
