"""Parts of a page that are left out where they would say nothing, and the sentence or the columns that then stand."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

import sample_data
from analysis.report.brief import PlanRow
from analysis.trends.time_series import trend_of
from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile, Message, Role, translator
from curim_data.model.absence import LEFT_TO_THE_ANALYST, NO_LANDMARKS
from curim_data.model.city import load_city
from pages.parts.briefing import sections
from pages.parts.frame import Page, footer
from pages.parts.frame.footer import draw_few_mapped_note
from pages.parts.hotspots import alerts_layer, forecast_tab, places_layer, spot_panel
from pages.parts.hotspots.queries import Options

T = translator("en")
WEEKS = pd.date_range("2024-01-01", periods=4, freq="7D")


def drawn(part: Any, *given: Any) -> AppTest:
    """A part of a page by itself, as Streamlit draws it."""

    def script(part: object, given: tuple[object, ...]) -> None:  # its text is run by itself, without imports
        part(*given)  # type: ignore[operator]

    app = AppTest.from_function(script, args=(part, given), default_timeout=60).run()
    assert not app.exception
    return app


def page(city: CityProfile | None = None, *, narrow: bool = False, role: Role = Role.ANALYST) -> Page:
    city = city or load_city(sample_data.PROFILE)
    room = SimpleNamespace(narrow=narrow, column=1_000)
    reader = {"audience": Audience.ANALYST, "role": role, "filter": AlertFilter(), "source": None}
    return cast(Page, SimpleNamespace(t=T, city=city, theme="light", narrow=narrow, room=room, **reader))


@pytest.mark.parametrize(("counts", "line"), [([5, 6], True), ([5, 0, 0, 0], True), ([5], False)])
def test_the_line_of_a_place_is_left_out_where_one_week_is_no_line(counts: list[float], line: bool) -> None:
    series = pd.DataFrame({"week": WEEKS[: len(counts)], "n": counts})
    last = WEEKS[len(counts) - 1] + pd.Timedelta(days=6)
    trend = trend_of(series, (WEEKS[0].date(), last.date()))
    app = drawn(spot_panel._draw_weeks, page(), SimpleNamespace(trend=trend))
    assert bool(app.get("plotly_chart")) == line
    assert app.caption[0].value == f"Alerts per week, with the expected range. {trend.sentence(T)}"


@pytest.mark.parametrize("landmarks", [False, True])
def test_a_forecast_without_places_says_why(landmarks: bool) -> None:
    city = load_city(sample_data.PROFILE)
    city = city if landmarks else replace(city, landmarks=())
    app = drawn(forecast_tab._draw_places, page(city), SimpleNamespace(places=()))
    told = [text.value for text in app.markdown]
    assert (T(NO_LANDMARKS) in told) == (not landmarks)
    assert any("too few whole weeks" in text for text in told) == landmarks


def test_the_column_of_groups_is_left_out_where_all_alerts_are_of_one() -> None:
    city = load_city(sample_data.PROFILE)
    by_group: dict[str, list[str]] = {}
    for category in city.categories.values():
        by_group.setdefault(category.group, []).append(category.id)
    first, second = [names for names in by_group.values() if len(names) > 1][:2]
    for names, columns in ((first[:2], 3), ([first[0], second[0]], 4)):
        found = SimpleNamespace(counts=pd.Series([7, 3], index=names), shown=10)
        table = drawn(alerts_layer._draw_table, page(city), found).dataframe[0].value
        assert len(table.columns) == columns
        assert ("group" in table.columns) == (columns == 4)


@pytest.mark.parametrize(
    ("n", "mapped", "excluded", "told"),
    [(100, 49, 0, True), (100, 50, 0, False), (100, 60, 11, True), (100, 0, 0, False)],
)
def test_a_map_of_less_than_half_of_the_alerts_says_so(n: int, mapped: int, excluded: int, told: bool) -> None:
    total = SimpleNamespace(n=n, mapped=mapped, threshold=1, shown=lambda count: count)
    warnings = [text.value for text in drawn(draw_few_mapped_note, page(), total, excluded).warning]
    assert len(warnings) == told
    assert all(f"Only 49 of {n} alerts" in text and "Data page" in text for text in warnings)


@pytest.mark.parametrize("missing", LEFT_TO_THE_ANALYST)
def test_who_cannot_open_the_data_page_is_not_sent_there(missing: str) -> None:
    council, analyst = (footer.missing(page(role=role), Message(missing)) for role in (Role.COUNCIL, Role.ANALYST))
    assert analyst == T(missing)
    assert "the analyst can add" in council.replace("The", "the")
    assert "curim" not in council
    total = SimpleNamespace(n=100, mapped=49, threshold=1, shown=lambda count: count)
    (note,) = drawn(draw_few_mapped_note, page(role=Role.COUNCIL), total, 0).warning
    assert "Data" not in note.value


@pytest.mark.parametrize("sized", [False, True])
def test_larger_cells_are_advised_to_those_who_can_choose_them(sized: bool) -> None:
    power = SimpleNamespace(too_few=True, sentence=lambda t: t("Too few alerts to tell."))
    study = SimpleNamespace(power=power, total=SimpleNamespace(n=5), unjudged=None)
    script = partial(places_layer.draw_no_places, cold=False, sized=sized)
    told = " ".join(text.value for text in drawn(script, T, Options(), study).markdown)
    assert "Widen the period" in told
    assert ("larger cells" in told) == sized


@pytest.mark.parametrize(("n", "offered"), [(5, False), (9, True)])
def test_all_dates_are_offered_where_they_hold_more(monkeypatch: pytest.MonkeyPatch, n: int, offered: bool) -> None:
    links: list[str] = []
    whole = SimpleNamespace(n=n, mapped=n, said=str(n))
    monkeypatch.setattr(
        footer, "cached_query", lambda *_, filter=None: whole if filter else SimpleNamespace(n=5, mapped=5)
    )
    monkeypatch.setattr(footer, "page_link", lambda *given, **_: links.append(given[-1]))
    here = SimpleNamespace(t=T, filter=AlertFilter(period="quarter"), source=object())
    footer.draw_way_to_all_dates(cast(Page, here))
    assert bool(links) == offered


@pytest.mark.parametrize("narrow", [False, True])
def test_a_phone_shows_all_of_a_plan(monkeypatch: pytest.MonkeyPatch, narrow: bool) -> None:
    rows = [
        PlanRow("Light the *steps*", "Public works", "running, late", "Evaluate by 1 March"),
        PlanRow("Quiet nights", "Police", "running", "Ends on 2 April", result="So far 9 fewer than expected."),
        PlanRow("Open doors", "University", "evaluated", "", result="22 fewer than expected."),
    ]
    monkeypatch.setattr(sections, "plan_rows", lambda *_: rows)
    monkeypatch.setattr(sections, "plan_store", lambda _: SimpleNamespace(list=tuple))
    monkeypatch.setattr(sections, "reference_day", lambda _: None)
    monkeypatch.setattr(sections, "page_link", lambda *_: None)
    app = drawn(sections.draw_decided_plans, page(narrow=narrow))
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
