"""PAI and PEI as the tests of ptools print them.

Wheeler, A. P. ptools: Tools for Poisson Data (R package), function pai.
"""

from __future__ import annotations

import numpy as np
import pytest

from analysis.forecast import flagged_hits


def pai_and_pei(came: list[float], told: list[float], flagged: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Chainey's PAI, (n / N) / (a / A), and PEI, PAI over that of the best flags, of so many places of one size."""
    shares, land = np.array(flagged) / len(came), np.ones(len(came))
    held, best = (flagged_hits(came, ranked, shares, land)[0] for ranked in (told, came))
    return held / sum(came) / shares, held / best


def test_three_places() -> None:
    pai, pei = pai_and_pei([6, 3, 0], [3, 2, 1], [1, 2, 3])
    assert pai.tolist() == pytest.approx([2, 1.5, 1])
    assert pei.tolist() == pytest.approx([1, 1, 1])


def test_six_places_of_which_two_are_foretold_alike() -> None:
    """The second and third are: the peer takes the one with 3 alerts before the one with 7, we the mean of both."""
    pai, pei = pai_and_pei([6, 7, 3, 2, 1, 0], [8, 4, 4, 2, 1, 0], [1, 2, 3, 4, 5, 6])
    assert pai.round(4).tolist() == [1.8947, pytest.approx((9 + 13) / 2 / 19 * 3, abs=5e-5), 1.6842, 1.4211, 1.2, 1]
    assert pei.round(4).tolist() == [0.8571, pytest.approx((9 + 13) / 2 / 13, abs=5e-5), 1, 1, 1, 1]
