"""PAI, PEI and RRI as the tests of ptools print them.

Wheeler, A. P. ptools: Tools for Poisson Data (R package), function pai.
"""

from __future__ import annotations

import pytest

from analysis.forecast.backtest import accuracy


def test_three_places() -> None:
    told = accuracy([6, 3, 0], [3, 2, 1], [1, 1, 1])
    assert told["place"].tolist() == [0, 1, 2]
    assert told["pai"].tolist() == [2, 1.5, 1]
    assert told["pei"].tolist() == [1, 1, 1]
    assert told["rri"].tolist() == pytest.approx([3 / 6, 5 / 9, 6 / 9])


def test_ties_take_the_lowest_count_first() -> None:
    told = accuracy([6, 7, 3, 2, 1, 0], [8, 4, 4, 2, 1, 0])
    assert (told["place"] + 1).tolist() == [1, 3, 2, 4, 5, 6]
    assert told["pai"].round(4).tolist() == [1.8947, 1.4211, 1.6842, 1.4211, 1.2, 1]
    assert told["pei"].round(4).tolist() == [0.8571, 0.6923, 1, 1, 1, 1]
    assert told["rri"].round(4).tolist() == [1.3333, 1.3333, 1, 1, 1, 1]
