"""The order of the ranked list, in words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from curim_data.model import translator
from pages.parts.hotspots.ranked_list import ListView, order_sentence


@pytest.mark.parametrize("copied", [False, True])
@pytest.mark.parametrize("ranks", [(1, 2, 3), (2, 1, 3)])
def test_figures_of_the_copy_in_another_order_are_told_and_no_others(ranks: tuple[int, ...], copied: bool) -> None:
    """The places of an analyst stand in the order of their own figures, whatever number they have."""
    spots = [SimpleNamespace(id=f"{n}", n=n, expected=4.0, low=n / 8, high=n / 2, q=0.01) for n in (90, 60, 30)]
    for spot, rank in zip(spots, ranks, strict=True):
        spot.rank = rank
    lines: Any = tuple(SimpleNamespace(spot=spot) for spot in spots)
    told = order_sentence(translator("en"), ListView(lines, "excess", 3, 0), copied=copied)
    assert told.startswith("Ordered by the lower limit")
    assert ("figures are those of the protected copy" in told) == (copied and ranks != (1, 2, 3))
