"""The order of the ranked list, and how many of its rows stand in view."""

from __future__ import annotations

import pytest

from pages.parts.hotspots.list_order import MOST_ROWS, _first_rows


@pytest.mark.parametrize(
    ("everything", "few", "shown"),
    [
        (6, 5, 6),  # a short list is whole: one place with enough alerts is no list
        (MOST_ROWS, 0, MOST_ROWS),
        (80, 70, 10),  # of a long one those with enough alerts for a plan
        (80, 10, MOST_ROWS),
        (80, 80, MOST_ROWS),
    ],
)
def test_a_short_list_is_whole_and_a_long_one_begins_with_places_worth_a_plan(
    everything: int, few: int, shown: int
) -> None:
    assert _first_rows(everything, few) == shown
