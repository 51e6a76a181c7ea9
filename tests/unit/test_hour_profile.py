"""Counts as bars of text."""

from __future__ import annotations

import pytest

from curim_data.importing.proof import text_bars


@pytest.mark.parametrize(
    ("counts", "bars"),
    [([], ""), ([0, 0], "··"), ([1], "█"), ([1, 8, 2], "▁█▂"), ([1, 1000], "▁█"), ([500, 501, 1000], "▄▅█")],
)
def test_bars_reach_the_top_at_the_most_and_show_the_least(counts: list[int], bars: str) -> None:
    assert text_bars(counts) == bars
