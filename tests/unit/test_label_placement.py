from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.spots.naming import MOST_LABELS, Label, PlacedLabel, _meet, placed_labels, text_width
from tests.label_overlap import shared, worst_overlap

NAMES = st.text("abcimwΑΒγδ 12", min_size=1, max_size=28)
WHERE = st.floats(-400, 400, allow_nan=False)


@st.composite
def wanted(draw: st.DrawFn) -> list[Label]:
    many = draw(st.integers(0, 40))
    found = []
    for rank in range(1, many + 1):
        name, beside = draw(NAMES), draw(st.booleans())
        found.append(Label((f"{rank} {name}", str(rank)), draw(WHERE), draw(WHERE), beside=beside))
    return found


@settings(max_examples=60, deadline=None)
@given(wanted(), st.floats(0.4, 1.0), st.floats(1.0, 200.0))
def test_no_two_names_meet_at_any_scale(labels: list[Label], out: float, into: float) -> None:
    placed = placed_labels(labels, scales=(out, into))
    assert len(placed) <= MOST_LABELS
    for scale in np.geomspace(out, into, 60):
        assert worst_overlap([one.box(float(scale)) for one in placed]) <= 0.05


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(wanted(), WHERE, WHERE)
def test_meeting_is_what_stepping_through_the_scales_finds(labels: list[Label], x: float, y: float) -> None:
    one = PlacedLabel(0, "one", "start", 9.0, 0.0, x, y, 60.0, 17.0)
    for other in placed_labels(labels, most=3):
        steps = [shared(one.box(s), other.box(s)) > 0 for s in np.geomspace(0.5, 64.0, 4_000).tolist()]
        if any(steps):
            assert _meet(one, other, (0.5, 64.0))
        elif _meet(one, other, (0.5, 64.0)):  # they touch for less than a step
            near = [shared(one.box(s), other.box(s)) for s in np.geomspace(0.5, 64.0, 400_000).tolist()]
            assert max(near) < 0.05


def test_a_name_stays_inside_the_map_and_off_the_points_of_others() -> None:
    right = Label(("1 A name that is long",), 180.0, 0.0)
    assert [one.anchor for one in placed_labels([right], room=(200.0, 200.0))] == ["end"]
    assert placed_labels([Label(("1 A name that is long",), 0.0, 0.0)], room=(60.0, 200.0)) == ()
    neighbour = Label(("2 B",), 60.0, 0.0)
    first, _ = placed_labels([Label(("1 A name that is long",), 0.0, 0.0), neighbour])
    assert (first.anchor, first.down) != ("start", 0)


def test_a_name_goes_right_then_left_then_below_and_above_where_the_place_is_taken() -> None:
    """One position after the other is taken by the point of another place; at last it stands over its own point."""
    name = Label(("1 Station",), 0.0, 0.0)
    wide, line = text_width("1 Station", 13.0), 17.0
    sides = {"start": 9 + wide - 5, "end": -9 - wide + 5}
    taken = {(anchor, down): (x, down + 7 * np.sign(down)) for down in (0, line, -line) for anchor, x in sides.items()}
    taken |= {("middle", down): (0, down + 4 * np.sign(down)) for down in (-line, line)}
    others = [Label(("2",), float(x), float(y)) for x, y in taken.values()]
    for number, (anchor, down) in enumerate(taken):
        first = placed_labels([name, *others[:number]])[0]
        assert (first.of, first.anchor, first.down) == (0, anchor, down)
    assert all(placed.of for placed in placed_labels([name, *others]))


@pytest.mark.parametrize("font", ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"])
def test_texts_are_hardly_wider_than_told(font: str) -> None:
    """DejaVu is among the widest fonts that a system has for its own type."""
    from matplotlib import get_data_path
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    bold = "Bold" in font
    file = FontProperties(fname=f"{get_data_path()}/fonts/ttf/{font}")
    for text in ("12 Σταθμός Λαρίσης", "3 Boulevard de la République", "Πλατεία Κοραή, βορειοανατολικά", "7 Preston"):
        drawn = TextPath((0, 0), text, size=100, prop=file).get_extents().width
        assert drawn < 1.18 * text_width(text, 100.0, bold=bold)
    assert all(
        text_width(a + b, 13) == pytest.approx(text_width(a, 13) + text_width(b, 13))
        for a, b in itertools.product("aΜi", repeat=2)
    )
