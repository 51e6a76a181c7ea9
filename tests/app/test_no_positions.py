"""A home whose alerts have no position: what the pages say of places that nobody looked at."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

import sample_data
from curim_data.importing.pipeline import import_file
from curim_data.store import Home
from curim_data.store.home import create_home
from tests.app.conftest import SHELL, TIMEOUT, errors
from tests.real.twins import write_twin


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
        (
            "hotspots",
            ["No alert is on the map, so no place was looked at."],
            "Too few alerts",
        ),
        ("gender", ["has alerts enough to tell whether women report strikingly little"], "has strikingly few alerts"),
        ("trends", ["None of these alerts lies in a district"], "Outside the districts"),
    ],
)
def test_no_finding_comes_from_places_that_were_not_looked_at(
    home: Home, monkeypatch: pytest.MonkeyPatch, page: str, said: list[str], unsaid: str
) -> None:
    monkeypatch.setenv("CURIM_HOME", str(home.path))
    app = AppTest.from_file(str(SHELL), default_timeout=TIMEOUT)
    app.query_params["lang"] = "en"
    app.switch_page(f"{page}.py")
    app.run()
    assert not errors(app)
    texts = [one.value for kind in (app.title, app.subheader, app.markdown, app.caption) for one in kind]
    for words in said:
        assert any(words in text for text in texts), texts
    assert not any(unsaid in text for text in texts)
    assert not any("all dates" in link.proto.label for link in app.get("page_link"))
