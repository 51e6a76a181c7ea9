"""Parts of a page that are left out where they would say nothing, and the sentence or the columns that then stand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import sample_data
from analysis.report.papers import PlanRow
from curim_data.model import Audience, CityProfile, Role, translator
from curim_data.model.city import load_city
from pages.parts import briefing
from pages.parts.frame import Page
from pages.parts.frame.footer import draw_few_mapped_note
from tests.made_page import made_page

T = translator("en")


def drawn(part: Any, *given: Any) -> AppTest:
    """A part of a page by itself, as Streamlit draws it."""

    def script(part: object, given: tuple[object, ...]) -> None:  # its text is run by itself, without imports
        part(*given)  # type: ignore[operator]

    app = AppTest.from_function(script, args=(part, given), default_timeout=60).run()
    assert not app.exception
    return app


def page(city: CityProfile | None = None, *, narrow: bool = False, role: Role = Role.ANALYST) -> Page:
    return made_page("en", Audience.ANALYST, city or load_city(sample_data.PROFILE), role=role, narrow=narrow)


@pytest.mark.parametrize(
    ("n", "mapped", "excluded", "told"),
    [(100, 49, 0, True), (100, 50, 0, False), (100, 60, 11, True), (100, 0, 0, False)],
)
def test_a_map_of_less_than_half_of_the_alerts_says_so(n: int, mapped: int, excluded: int, told: bool) -> None:
    total = SimpleNamespace(n=n, mapped=mapped, threshold=1, shown=lambda count: count)
    warnings = [text.value for text in drawn(draw_few_mapped_note, page(), total, excluded).warning]
    assert len(warnings) == told
    assert all(f"Only 49 of {n} alerts" in text and "Data page" in text for text in warnings)


@pytest.mark.parametrize("narrow", [False, True])
def test_a_phone_shows_all_of_a_plan(monkeypatch: pytest.MonkeyPatch, narrow: bool) -> None:
    rows = [
        PlanRow("Light the *steps*", "Public works", "running, late", "Evaluate by 1 March"),
        PlanRow("Quiet nights", "Police", "running", "Ends on 2 April", result="So far 9 fewer than expected."),
        PlanRow("Open doors", "University", "evaluated", "", result="22 fewer than expected."),
    ]
    monkeypatch.setattr(briefing, "plan_rows", lambda *_: rows)
    monkeypatch.setattr(briefing, "plan_store", lambda _: SimpleNamespace(list=tuple))
    monkeypatch.setattr(briefing, "reference_day", lambda _: None)
    monkeypatch.setattr(briefing, "page_link", lambda *_: None)
    app = drawn(briefing.draw_decided_plans, page(narrow=narrow))
    shown = " ".join(text.value for text in app.markdown)
    if not narrow:
        table = app.table[0].value
        shown = " ".join([*table.columns, *table.to_numpy().ravel()])
        assert table.iloc[1, 3] == "Ends on 2 April. So far 9 fewer than expected."
        assert table.iloc[2, 3] == "22 fewer than expected."
    for text in ("Status", "Lead", "Next step", "running, late", "Public works", "Evaluate by 1 March"):
        assert text in shown
    for text in ("Ends on 2 April", "So far 9 fewer than expected.", "22 fewer than expected."):
        assert text in shown
    assert bool(app.table) != narrow
