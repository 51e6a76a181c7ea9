"""The page asks whose the ids are, with what is stored and what the file says, and imports nothing until then."""

from __future__ import annotations

from pathlib import Path

import pytest

from curim_data.importing.pipeline import import_file
from curim_data.store import Home, Store
from tests.app.conftest import SPOKEN, bring, errors, visit
from tests.unit.test_id_scopes import HEADERS, NOW, as_csv, table


@pytest.mark.parametrize("lang", SPOKEN)
def test_the_page_asks_whose_the_ids_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    home = Home(tmp_path / "home")
    monkeypatch.setenv("CURIM_HOME", str(home.path))
    written = {"en": "en", "el": "el", "fr": "es"}[lang]
    import_file(home, as_csv(HEADERS[written], table(written, 3, range(1, 61), 1)), "3.csv", now=NOW, city_name="Own")
    april = as_csv(HEADERS[written], table(written, 4, range(1, 61), 2))
    app = bring(visit("data", lang=lang), ("april.csv", april))
    (question,) = [one for one in app.radio if str(one.key).startswith("data_ids_")]
    assert question.value is None
    assert "2025-03-" in question.label
    assert "2025-04-" in question.label
    assert Store(home).count() == 60
    question.set_value("own").run()
    assert not errors(app)
    app.button(key="data_import").click().run()
    assert not errors(app)
    assert Store(home).count() == 120
