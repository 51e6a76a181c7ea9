"""The filter bar of a city without hours, gender and districts: it says what it cannot offer, and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from curim_data.importing.pipeline import import_file
from curim_data.privacy import LIGHT_ALONE, NO_SEVERITY
from curim_data.store import Home
from tests.app.conftest import Open, errors, visit, word


def test_a_bare_export_gets_a_filter_bar_with_reasons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"a{at},2025-{1 + at % 9:02d}-01,Theft,48.20{at % 10},16.37{at % 7}" for at in range(90)]
    home = Home(tmp_path / "home")
    import_file(home, ("ref,when,category,lat,lon\n" + "\n".join(rows) + "\n").encode(), "months.csv")
    monkeypatch.setenv("CURIM_HOME", str(home.path))
    app = visit("gender")
    said = [caption.value for caption in app.sidebar.caption if caption.value.startswith("No filter by")]
    assert len(said) == 4
    assert any("Light, Time of day and Weekday: This export gives only the month" in one for one in said)
    assert "Light" not in [box.label for box in app.sidebar.selectbox]


@pytest.mark.parametrize(
    ("words", "told", "gone"),
    [
        ({"severity": "4"}, NO_SEVERITY.text, "severity"),
        ({"category": "harassment_verbal", "hours": "22-3", "weekday": "mon"}, LIGHT_ALONE.text, "hours"),
    ],
)
def test_a_link_with_what_the_copy_does_not_hold_opens_without_it_and_says_so(
    open_page: Open, words: dict[str, str], told: str, gone: str
) -> None:
    app = open_page("trends", lang="en", **words, **{"as": "council"})
    assert not errors(app)
    assert [one.value for one in app.warning].count(told) == 1
    assert not any("No alerts match" in one.value for one in app.markdown)
    assert any(told in one.value for one in app.sidebar.caption if one.value.startswith("No filter by"))
    exact = open_page("trends", lang="en", **words)
    assert told not in [one.value for one in exact.warning]
    assert word(exact, gone) == words[gone]
