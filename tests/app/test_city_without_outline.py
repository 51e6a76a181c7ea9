"""Every page of a home whose city has no outline: each stands, says that there is no map, and gives no foreign help."""

from __future__ import annotations

import re

import pytest

from curim_data.model import translator
from curim_data.model.absence import NO_OUTLINE
from curim_data.store import Home
from tests.app.conftest import PAGES, visit
from tests.effort import FULL
from tests.unit.test_city_without_outline import bring

CITIES = {"Berlin": ("de", "en", ""), "Rosario": ("es", "fr", "America/Argentina/Cordoba"), "Xanadu": ("el", "el", "")}
# Numbers and offices of Greece: police, ambulance, women, children, and the municipality's unit for victims.
GREEK = re.compile(r"15900|\b(?:197|1056|199|100|166)\s*[:·]|METHE|ΜΕΘΕ|Piraeus|Πειραι|Pirée")


@pytest.fixture(scope="module", params=CITIES if FULL else ["Rosario"])
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    made = Home(tmp_path_factory.mktemp("bare") / "home")
    written, reader, zone = CITIES[request.param]
    bring(made, written, request.param, **({"timezone": zone} if zone else {}))
    return made, reader


@pytest.mark.parametrize("page", PAGES)
def test_each_page_stands_without_a_map_and_without_foreign_help(
    home: tuple[Home, str], monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setenv("CURIM_HOME", str(home[0].path))
    t = translator(home[1])
    app = visit(page, lang=home[1])
    kinds = (app.title, app.header, app.subheader, app.markdown, app.caption, app.info, app.warning, app.error)
    texts = "\n".join(str(one.value) for kind in kinds for one in kind)
    assert not app.get("deck_gl_json_chart")
    if page != "methods":
        assert not GREEK.search(texts), GREEK.findall(texts)
    if page in ("briefing", "hotspots"):
        assert t(NO_OUTLINE).split(":")[0] in texts
