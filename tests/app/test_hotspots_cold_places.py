"""Cold places stand in words below the map, and a cell's tooltip says what its mark stands on."""

from __future__ import annotations

import pytest
import shapely
from streamlit.testing.v1 import AppTest

from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies.hot_spots import HotSpotStudy, hot_spot_study
from pages.parts.frame import escape_markdown
from pages.parts.hotspots.ranked_list import significance_lines
from tests.app.conftest import Open, errors

T = translator("en")


def _study(sample: Home, audience: Audience = Audience.ANALYST, base: str = "land", **words: object) -> HotSpotStudy:
    return hot_spot_study(open_for(sample, audience), AlertFilter(**words), base=base)  # type: ignore[arg-type]


def _cold(app: AppTest) -> list[str]:
    told = [text.value for text in app.main.markdown if "(cold)" in text.value]
    return told[0].splitlines() if told else []


def test_cold_places_are_listed_with_their_figures(open_page: Open, sample: Home) -> None:
    study = _study(sample, period="all")
    assert study.cold
    app = open_page("hotspots", lang="en", period="all")
    assert not errors(app)
    lines = _cold(app)
    one, more = (
        "{n} place has fewer alerts than expected by chance (cold)",
        "{n} places have fewer alerts than expected by ",
    )
    assert lines[0] == f"**{T.n(one, more + 'chance (cold)', len(study.cold))}**"
    assert all(escape_markdown(place.cold_sentence(T)) in "\n".join(lines) for place in study.cold)
    assert not _study(sample, kinds=("incivility",)).cold
    assert not _cold(open_page("hotspots", lang="en", kind="incivility"))


def test_the_council_reads_in_which_cells_its_own_cold_places_were_found(open_page: Open) -> None:
    """Under the filter that everybody opens they are the specialist's; under another they are found in the copy."""
    for words, told in (({"period": "all"}, False), ({"period": "all", "kind": "incivility,offence"}, True)):
        for view in ("", "council"):
            app = open_page("hotspots", **{"lang": "en", "as": view, **words})
            assert not errors(app)
            said = [text.value for text in app.main.caption if "cold" in text.value]
            expected = ["Found in cells of 349 m: whoever sees finer cells may find other places cold."]
            assert said == (expected if told and view and _cold(app) else [])
    exact, council = (open_page("hotspots", **{"lang": "en", "as": view, "period": "all"}) for view in ("", "council"))
    assert _places(_cold(exact)) == _places(_cold(council)) != []


def _places(lines: list[str]) -> list[str]:
    """The names of cold places, each at the head of its sentence."""
    return [line.split("**")[1] for line in lines if line.startswith("- **")]


def test_cold_places_of_another_district_are_not_listed(open_page: Open, sample: Home) -> None:
    city = sample.city()
    cold = [shapely.Point(place.longitude, place.latitude) for place in _study(sample, period="all").cold]
    holding = {area.id for area in city.districts if any(area.polygon.distance(at) < 1e-4 for at in cold)}
    listed = {
        area.id for area in city.districts if _cold(open_page("hotspots", lang="en", period="all", district=area.id))
    }
    assert cold
    assert listed == holding != {area.id for area in city.districts}


@pytest.mark.parametrize("words", [{}, {"affected": ("man",)}])
def test_a_tooltip_of_the_council_says_what_its_mark_stands_on_too(sample: Home, words: dict[str, object]) -> None:
    study = _study(sample, Audience.COUNCIL, period="quarter", **words)
    frame, lines = study.hot.frame, significance_lines(T, study)
    assert frame["hot"].any()
    assert (study.listed is None) == bool(words)  # chosen from other counts under the filter that everybody opens
    assert [bool(line) for line in lines] == (frame["hot"] | frame["cold"]).tolist()
    for row, line in zip(frame.itertuples(), lines, strict=True):
        if row.hot and study.listed is None:
            assert T.expected(row.expected_alone if row.alone else row.expected) in line
        elif row.hot or row.cold:
            assert line == ("\nHolds a hot spot" if row.hot else "\nHolds a cold place") or study.listed is None
