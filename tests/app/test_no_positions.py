"""Homes whose alerts have no position, or whose city no outline: what the pages say of places nobody looked at."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

import sample_data
from curim_data.importing.pipeline import import_file
from curim_data.model import translator
from curim_data.model.absence import NO_OUTLINE, NO_POSITIONS
from curim_data.store import Home
from curim_data.store.home import create_home
from tests.app.conftest import PAGES, visit
from tests.effort import FULL
from tests.real.twins import write_twin
from tests.unit.test_city_without_outline import bring


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("no_positions")
    file = write_twin("no_coordinates", folder)
    made = create_home(folder / "home", sample_data.PROFILE)
    import_file(made, file, file.name)
    return made


@pytest.mark.parametrize(
    ("page", "said", "unsaid"),
    [
        ("hotspots", "No alert is on the map, so no place was looked at.", "Too few alerts"),
        ("gender", "has alerts enough to tell whether women report strikingly little", "has strikingly few alerts"),
        ("trends", "There is nothing to compare.", "Outside the districts"),
    ],
)
def test_nothing_looked_at_is_no_finding(
    home: Home, monkeypatch: pytest.MonkeyPatch, page: str, said: str, unsaid: str
) -> None:
    words = {"gender": {"open": "reports"}, "trends": {"open": "parts"}}.get(page, {})
    app, text = opened(home, monkeypatch, page, **words)
    assert said in text
    assert unsaid not in text
    assert not any("all dates" in link.proto.label for link in app.get("page_link"))


# What a study of places would claim or advise of alerts that are not on the map.
CLAIMS = (
    *("No place is hot now", "stands out", "too few for a density", "Too few alerts", "There are no alerts"),
    *("cells and", "has no alerts", "concentration cannot be measured", "fewer places", "Widen the period"),
    *("No hot spot", "as a point"),
)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A city of which neither outline, position nor time zone is known."""
    made = Home(tmp_path_factory.mktemp("nowhere") / "home")
    bring(made, "el", "Xanadu")
    return made


def opened(home: Home, monkeypatch: pytest.MonkeyPatch, page: str, **words: str) -> tuple[AppTest, str]:
    """The page as a specialist sees it, and all that is written on it."""
    monkeypatch.setenv("CURIM_HOME", str(home.path))
    app = visit(page, **words)
    kinds = (app.title, app.header, app.subheader, app.markdown, app.caption, app.info, app.warning, app.error)
    return app, "\n".join(str(one.value) for kind in kinds for one in kind)


@pytest.mark.parametrize("layer", ["significance", "clusters", "emerging", "density", "alerts"])
def test_each_layer_says_it_looked_at_nothing(bare: Home, monkeypatch: pytest.MonkeyPatch, layer: str) -> None:
    app, text = opened(bare, monkeypatch, "hotspots", layer=layer, view="specialist")
    assert "No alert is on the map, so no place was looked at." in app.title[0].value
    assert NO_POSITIONS.text in text
    assert NO_OUTLINE.text.split(":")[0] in text
    assert not app.get("deck_gl_json_chart")
    assert not app.get("download_button")
    assert not any(claim in text for claim in CLAIMS), text


CITIES = {"Berlin": ("de", "en", ""), "Rosario": ("es", "fr", "America/Argentina/Cordoba"), "Xanadu": ("el", "el", "")}
# Numbers and offices of Greece: police, ambulance, women, children, and the municipality's unit for victims.
GREEK = re.compile(r"15900|\b(?:197|1056|199|100|166)\s*[:·]|METHE|ΜΕΘΕ|Piraeus|Πειραι|Pirée")


@pytest.fixture(scope="module", params=CITIES if FULL else ["Rosario"])
def bare_city(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    made = Home(tmp_path_factory.mktemp("bare") / "home")
    written, reader, zone = CITIES[request.param]
    bring(made, written, request.param, **({"timezone": zone} if zone else {}))
    return made, reader


@pytest.mark.parametrize("page", PAGES[:-1])
def test_each_page_stands_without_a_map(
    bare_city: tuple[Home, str], monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    home, lang = bare_city
    app, texts = opened(home, monkeypatch, page, lang=lang)
    assert not app.get("deck_gl_json_chart")
    assert not GREEK.search(texts), GREEK.findall(texts)
    if page in ("briefing", "hotspots"):
        assert translator(lang)(NO_OUTLINE).split(":")[0] in texts
