"""The tab "Concentration" of the Hot spots page."""

from __future__ import annotations

import pytest

from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies.spot_profiles import concentration_study
from pages.parts.frame import escape_markdown
from tests.app.conftest import SPOKEN, Open, errors


@pytest.mark.parametrize("lang", SPOKEN)
def test_the_tab_says_how_few_places_hold_half(open_page: Open, sample: Home, lang: str) -> None:
    app = open_page("hotspots", lang=lang, tab="concentration")
    assert not errors(app)
    t = translator(lang)
    found = concentration_study(open_source(sample), AlertFilter()).concentration
    assert found.share(0.5).places < 0.12 < 0.3 < found.share(0.5).chance.low
    assert any(escape_markdown(found.sentence(t)) == words.value for words in app.markdown)
    table = next(frame.value for frame in app.dataframe if "chance" in frame.value)
    assert len(table) == 3
    assert any(t.number(found.generalised, 2) in words.value for words in app.markdown)


def test_the_council_gets_the_same_figures_in_its_cells(open_page: Open, sample: Home) -> None:
    """The copy keeps how many alerts each cell has in a month: in cells of one size both read the same."""
    app = open_page("hotspots", **{"lang": "en", "as": "council", "tab": "concentration"})
    assert not errors(app)
    table = next(frame.value for frame in app.dataframe if "chance" in frame.value)
    own = concentration_study(open_for(sample, Audience.COUNCIL), AlertFilter())
    exact = concentration_study(open_source(sample), AlertFilter(), own.cells.resolution)
    assert len(table) == len(exact.concentration.shares)
    other_cells = exact.concentration.cells  # an incident of several alerts may count in another cell
    for shown, one, other in zip(table["places"], own.concentration.shares, exact.concentration.shares, strict=True):
        assert "–" not in shown
        assert one.places == pytest.approx(other.places, abs=1.01 / other_cells)
    assert own.concentration.generalised == pytest.approx(exact.concentration.generalised, abs=0.01)
