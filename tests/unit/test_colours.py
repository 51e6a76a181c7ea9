"""What maps draw is seen on the land of the dark theme, and stays apart there."""

from __future__ import annotations

from itertools import combinations

import pytest

from pages.parts.frame.colours import CHANGE, DARK, on_land, rgba
from pages.parts.hotspots.emerging_layer import KIND_COLOURS

LEAST = 3.0  # of contrast, which WCAG 2.2 (1.4.11) asks of graphics


def luminance(colour: str) -> float:
    parts = [value / 255 for value in rgba(colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colour", [*CHANGE, *KIND_COLOURS.values()])
def test_cells_are_seen_on_the_land_of_the_dark_theme(colour: str) -> None:
    assert contrast(on_land(colour, "dark"), DARK.land) >= LEAST
    assert on_land(colour, "light") == colour


def test_no_two_classes_look_alike_in_the_dark() -> None:
    for scale in (CHANGE, tuple(KIND_COLOURS.values())):
        for one, other in combinations([on_land(colour, "dark") for colour in scale], 2):
            apart = sum((a - b) ** 2 for a, b in zip(rgba(one)[:3], rgba(other)[:3], strict=True)) ** 0.5
            assert apart > 60
