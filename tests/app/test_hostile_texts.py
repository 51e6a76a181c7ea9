"""What a file or a person wrote is shown on every page as it stands; parts are left out where they say nothing."""

from __future__ import annotations

import datetime as dt
import random
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import sample_data
from analysis.report.papers import PlanRow
from curim_data.importing.pipeline import import_file
from curim_data.model import Audience, CityProfile, PlanStatus, Role, translator
from curim_data.model.city import load_city
from curim_data.model.plan import GenderCheck
from curim_data.plans.plan_store import PlanStore
from curim_data.sample import demo_plans
from curim_data.store import Home
from curim_data.store.home import create_home
from pages.parts import briefing
from pages.parts.frame import Page
from pages.parts.frame.filter_bar import draw_few_mapped_note
from tests.app.conftest import errors, visit
from tests.effort import some
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
    for role in (Role.ANALYST, Role.SPECIALIST):
        warnings = [text.value for text in drawn(draw_few_mapped_note, page(role=role), total, excluded).warning]
        assert len(warnings) == told
        assert all(f"Only 49 of {n} alerts" in text for text in warnings)
        assert all(("Data page" in text) == (role is Role.ANALYST) for text in warnings)


@pytest.mark.parametrize("narrow", [False, True])
def test_a_phone_shows_all_of_a_plan(monkeypatch: pytest.MonkeyPatch, narrow: bool) -> None:
    rows = [
        PlanRow("Light the *steps*", "Public works", "running, late", "Evaluate by 1 March"),
        PlanRow("Quiet nights", "Police", "running", "Ends on 2 April", result="So far 9 fewer than expected."),
        PlanRow("Open doors", "University", "evaluated", "", result="22 fewer than expected."),
    ]
    stands = {"plan_rows": rows, "plan_store": SimpleNamespace(list=tuple), "reference_day": None, "page_link": None}
    for name, value in stands.items():
        monkeypatch.setattr(briefing, name, lambda *_, value=value: value)
    app = drawn(briefing.draw_decided_plans, page(narrow=narrow))
    shown = " ".join(text.value for text in app.markdown)
    assert bool(app.table) != narrow
    if not narrow:
        table = app.table[0].value
        shown = " ".join([*table.columns, *table.to_numpy().ravel()])
        assert list(table.iloc[1:, 3]) == ["Ends on 2 April. So far 9 fewer than expected.", "22 fewer than expected."]
    heads = () if narrow else ("Status", "Lead", "Next step")
    parts = ("running, late", "Public works", "Evaluate by 1 March", "Ends on 2 April")
    for text in (*heads, *parts, "So far 9 fewer than expected.", "22 fewer than expected."):
        assert text in shown


LINK, COLOUR = "[Prize](https://evil.example)", ":red[x]"
HOSTILE = re.compile(r"(?<!\\)\[Prize|(?<!\\)\]\(https?:|https?\\?://evil|(?<!\\):red\[")
HEADER = "alert_id;reported_at;category;affected_gender;reporter_gender;latitude;longitude"
LAST = dt.date(2026, 6, 30)


def _rows() -> list[str]:
    """Two years: poor lighting all over, and at one square the link for women and the colour for men."""
    chance = random.Random(1)

    def row(number: int, category: str, gender: str, lat: float, lon: float, back: int) -> str:
        day = LAST - dt.timedelta(days=back)
        return f"W{number};{day}T{chance.randrange(24):02d}:10;{category};{gender};{gender};{lat:.5f};{lon:.5f}"

    rows = []
    for _ in range(700):
        lat, lon = chance.uniform(37.935, 37.955), chance.uniform(23.63, 23.66)
        rows.append(row(len(rows), "lighting_poor", chance.choice(("woman", "man")), lat, lon, chance.randrange(730)))
    for category, gender, lat, lon in ((LINK, "woman", 37.943, 23.647), (COLOUR, "man", 37.9475, 23.638)):
        for _ in range(150):
            near = lat + chance.uniform(-5e-4, 5e-4), lon + chance.uniform(-5e-4, 5e-4)
            rows.append(row(len(rows), category, gender, *near, int(60 * chance.random() ** 2 * 6)))
    rows.append(row(len(rows), LINK, "woman", 38.2, 23.9, 3))
    rows.append(f"W{len(rows)};{LAST}T10:00;{COLOUR};woman;woman;;")
    return rows


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose categories and plans hold Markdown."""
    home = create_home(tmp_path_factory.mktemp("hostile"))
    import_file(home, "\n".join([HEADER, *_rows()]).encode(), "export.csv", now=dt.datetime(2026, 7, 1, tzinfo=dt.UTC))
    demo_plans(home)
    store = PlanStore(home.plans_url)
    for plan in store.list():
        bad = replace(
            plan,
            title=f"{LINK} {COLOUR}",
            lead=LINK,
            partners=(LINK, COLOUR),
            outputs=LINK,
            statement=dict.fromkeys(("en", "el", "fr"), f"{LINK}\n\n{COLOUR}"),
            problem=replace(plan.problem, names=dict.fromkeys(("en", "el", "fr"), LINK)),
            actions=tuple(replace(step, what=LINK, who=COLOUR) for step in plan.actions),
            objective=replace(plan.objective, text=LINK),
            assessment=replace(plan.assessment, note=LINK),
            gender_check=GenderCheck(LINK, LINK, LINK, LINK),
            result=f"{LINK} {COLOUR}" if plan.status is PlanStatus.EVALUATED else plan.result,
        )
        store.save(bad, "test")
    store.close()
    return home


@pytest.fixture
def here(hostile: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("CURIM_HOME", str(hostile.path))
    return hostile


def _markdown(app: AppTest) -> list[str]:
    """Everything in a run that the browser reads as Markdown."""
    texts = [
        *(app.markdown, app.caption, app.title, app.header, app.subheader),
        *(app.info, app.warning, app.success, app.error),
    ]
    told = [str(element.value) for group in texts for element in group]
    for button in app.button:
        told += [button.label, str(button.help or "")]
    told += [str(one.proto.label) for kind in ("page_link", "download_button") for one in app.get(kind)]
    told += [str(option.content) for group in app.get("button_group") for option in group.proto.options]
    for table in app.table:
        told += [str(cell) for cell in [*table.value.columns, *table.value.to_numpy().ravel()]]
    return told


LOOKS = [
    (name, role)
    for at, name in enumerate(("briefing", "hotspots", "trends", "gender", "interventions", "evaluation"))
    for role in (("analyst", "council"), ("council", "analyst"))[at % 2]
]


@pytest.mark.usefixtures("here")
@some(("name", "role"), LOOKS, every=3)
def test_no_page_makes_a_link_of_it(name: str, role: str) -> None:
    query = {"category": f"{LINK},{COLOUR},lighting_poor", "district": LINK}
    for asked in ({}, query):
        told = _markdown(visit(name, **asked, **({"as": "council"} if role == "council" else {})))
        assert [text for text in told if HOSTILE.search(text)] == []
        if asked and name in ("briefing", "hotspots", "trends", "gender"):
            assert any(r"\[Prize\]" in text or r"\[prize\]" in text for text in told)


@pytest.mark.parametrize("view", ["", "council"])
def test_an_open_plan_is_shown_as_it_stands(here: Home, view: str) -> None:
    store = PlanStore(here.plans_url)
    plans = store.list()
    store.close()
    for plan in plans:
        app = visit("interventions", plan=plan.id, **({"as": view} if view else {}))
        told = _markdown(app)
        if not view:
            for group in app.get("button_group"):
                if str(group.key).endswith("_step"):
                    app.session_state[group.key] = "paper"
                    told += _markdown(app.run())
                    assert not errors(app)
        assert [text for text in told if HOSTILE.search(text)] == []
        assert any(r"\[Prize\]" in text for text in told)
