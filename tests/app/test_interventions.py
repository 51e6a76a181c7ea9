"""The page of interventions: board, drafts, steps, saving, conflicts, history; what is saved shows everywhere."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import h3.api.basic_str as h3
import pypdf
import pytest
from streamlit.testing.v1 import AppTest

from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import import_file
from curim_data.model import LANGUAGES, Audience, Plan, PlanStatus, translator
from curim_data.model.absence import NO_CATEGORY
from curim_data.model.labels import category_label
from curim_data.plans.plan_store import PlanStore
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies.hot_spots import hot_spot_study
from curim_data.studies.plan import problem_of_cells
from pages.parts.interventions import editor
from pages.parts.interventions.editor import STEPS
from pages.parts.plans import EDIT_KEY
from tests.app.conftest import COUNCIL, Open, errors, fine, frame_of, on_step, word
from tests.stored import seen_by


@pytest.fixture
def store(sample: Home) -> Iterator[PlanStore]:
    """The sample's plans, as they were after the test."""
    kept = PlanStore(sample.plans_url)
    yield kept
    kept.close()


@pytest.fixture(scope="module")
def cells(sample: Home) -> tuple[str, ...]:
    """The cells of the hot spot at Pasalimani."""
    source, copy = (open_for(sample, audience) for audience in (Audience.ANALYST, Audience.COUNCIL))
    study = hot_spot_study(source, AlertFilter())
    return next(
        spot.names
        for spot in study.spots
        if problem_of_cells(seen_by(copy, Audience.COUNCIL), AlertFilter(), spot.names, study=study).place
        == "pasalimani"
    )


def _of(store: PlanStore, status: PlanStatus) -> Plan:
    return store.list(status)[0]


def _unsaved(app: AppTest) -> bool:
    """Whether there is something to save."""
    return bool(app.session_state[EDIT_KEY].changed)


def _area(app: AppTest, ending: str) -> str:
    return str(next(area.value for area in app.text_area if str(area.key).endswith(ending)))


def test_card_opens_its_plan_and_the_way_back(open_page: Open, store: PlanStore) -> None:
    plan = _of(store, PlanStatus.RUNNING)
    app = open_page("interventions", lang="en")
    fine(app.button(key=f"plan_open_{plan.id}").click().run())
    assert word(app, "plan") == plan.id
    assert not _unsaved(app)
    _saved(app)
    assert not any("not saved" in text.value for text in app.caption)
    app.button(key="plan_close").click().run()
    assert not word(app, "plan")
    assert app.title[0].value == "Interventions"


def test_draft_from_a_planted_hot_spot(open_page: Open, sample: Home, cells: tuple[str, ...]) -> None:
    """The statement names landmark, category, hours and gender in the reader's language and in Greek."""
    app = open_page("interventions", lang="en", draft=",".join(cells))
    source = open_for(sample, Audience.COUNCIL)
    problem = problem_of_cells(seen_by(source, Audience.COUNCIL), AlertFilter(), cells)
    assert problem.hours is not None
    assert problem.women is not None
    for each in ("en", "el"):
        t, written = translator(each), _area(app, f"statement_{each}")
        category = category_label(t, source.city, problem.categories[0].id)
        women = t.percent(problem.women.value)
        for told in (t.label(problem.names), category, f"{problem.hours[0]:02d}:00", women):
            assert told in written


def test_every_step_of_every_plan_opens(open_page: Open, store: PlanStore) -> None:
    app = open_page("interventions", lang="fr", plan=_of(store, PlanStatus.RUNNING).id)
    for name in STEPS:
        assert not errors(app := on_step(app, name)), name
        assert not _unsaved(app), f"the step {name} changed the plan by itself"


def test_draft_is_saved_moved_and_told(open_page: Open, store: PlanStore, cells: tuple[str, ...]) -> None:
    app = open_page("interventions", lang="en", draft=",".join(cells))
    _typed(app, "_title", "Our test plan").run()
    app.button(key="plan_save").click().run()
    assert any("name or office" in warning.value for warning in app.warning)
    app.text_input(key="plan_who_asked").set_value("Equality office").run()
    app = on_step(app, "work")
    _typed(app, "_lead", "Technical Services").run()
    app = on_step(app, "measures")
    assert next(box for box in app.text_input if box.key == "plan_who_asked").value == "Equality office"
    fine(app.button(key="plan_save").click().run())
    kept = next(plan for plan in store.list() if plan.title == "Our test plan")
    assert kept.lead == "Technical Services"
    assert word(app, "plan") == kept.id
    assert not word(app, "draft")
    assert store.history(kept.id)[0].who == "Equality office"
    next(button for button in app.button if str(button.key).endswith("move_dropped")).click().run()
    assert not errors(app)
    assert store.get(kept.id).status is PlanStatus.DROPPED
    app = on_step(app, "paper")
    assert not errors(app)


def test_a_draft_is_decided_in_one_click_and_its_paper_lies_beside(
    open_page: Open, store: PlanStore, cells: tuple[str, ...], files: dict[str, Any]
) -> None:
    app = open_page("interventions", lang="en", draft=",".join(cells))
    assert {"plan_pdf", "plan_docx"} <= set(files)
    _typed(app, "_title", "Decided at once")
    app.text_input(key="plan_who_asked").set_value("Me")
    fine(next(button for button in app.button if str(button.key).endswith("move_decided")).click().run())
    kept = next(plan for plan in store.list() if plan.title == "Decided at once")
    assert kept.status is PlanStatus.DECIDED
    assert [change.what for change in store.history(kept.id)] == ["status", "created"]
    store.save(replace(kept, status=PlanStatus.DROPPED), "test")


def test_conflict_is_told_and_overwrites_nothing(open_page: Open, store: PlanStore) -> None:
    plan = _of(store, PlanStatus.DECIDED)
    app = open_page("interventions", lang="en", plan=plan.id)
    _typed(app, "_title", "Mine").run()
    theirs = store.save(replace(plan, lead="Somebody else"), "Somebody")
    _saved(app)
    assert any("Somebody else changed" in error.value for error in app.error)
    assert store.get(plan.id).lead == "Somebody else"
    store.save(replace(theirs, lead=plan.lead), "test")


def test_council_reads_and_does_not_write(open_page: Open, store: PlanStore, cells: tuple[str, ...]) -> None:
    plan = _of(store, PlanStatus.RUNNING)
    app = open_page("interventions", **COUNCIL, plan=plan.id)
    assert not [button for button in app.button if button.key in ("plan_save", "plan_new")]
    assert any("Gender check" in title.value for title in app.subheader)
    app = open_page("interventions", **COUNCIL, draft=",".join(cells))
    assert not app.text_area


def test_a_plan_without_categories(open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step of measures says why none is ranked, how to give a category, and offers those for the same kind."""
    monkeypatch.setenv("CURIM_HOME", str(tmp_path))
    rows = [f"R{n},2019-0{1 + n % 9}-{1 + n % 28:02d},48.2000{n % 10},16.3700{n % 7}" for n in range(70)]
    import_file(Home(tmp_path), "\n".join(["ref,date,lat,lon", *rows]).encode(), "vienna.csv", city_name="Vienna")
    cell = h3.latlng_to_cell(48.20005, 16.37003, 10)
    app = open_page("interventions", lang="en", home="own", draft=cell)
    assert NO_CATEGORY.text in _area(app, "statement_en")
    fine(on_step(app, "measures"))
    said = " ".join(warning.value for warning in app.warning)
    assert NO_CATEGORY.text in said
    assert "importing it again with that category" in said
    boxes = [box for box in app.checkbox if "_measure_" in str(box.key)]
    assert len(boxes) >= 10
    fine(next(box for box in boxes if str(box.key).endswith("hot_spots_policing")).check().run())
    fine(on_step(app, "objective"))
    assert any("2019" in warning.value for warning in app.warning), "the baseline is years old"


TITLE = "A copy that is evaluated"


@pytest.fixture
def finished(store: PlanStore, sample: Home, tmp_path: Path) -> Iterator[Plan]:
    """A plan of its own; afterwards the database is as it was: other tests look at the plans of the same home."""
    with (
        closing(sqlite3.connect(sample.path / "plans.sqlite")) as own,
        closing(sqlite3.connect(tmp_path / "p")) as kept,
    ):
        own.backup(kept)
        yield store.create(replace(store.list(PlanStatus.FINISHED)[0], title=TITLE), "test")
        kept.backup(own)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The data of the plan page's downloads as the last run gave them, by key."""
    found: dict[str, Any] = {}
    original = editor.st.download_button

    def download(label: str, data: Any, **settings: Any) -> Any:
        found[settings["key"]] = data
        return original(label, data, **settings)

    monkeypatch.setattr(editor.st, "download_button", download)
    return found


def _texts(app: AppTest) -> str:
    """All that a page says, tables included, without the marks of Markdown."""
    texts = [part.value for part in (*app.markdown, *app.caption, *app.subheader)]
    texts += [str(cell) for table in app.table for cell in table.value.to_numpy().ravel()]
    return " ".join(texts).replace("\\", "")


def _pdf(made: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(made)).pages).split())


def _typed(app: AppTest, ending: str, text: str) -> AppTest:
    """The page with this text in the box whose key ends so."""
    next(box for box in app.text_input if str(box.key).endswith(ending)).set_value(text)
    return app


def _saved(app: AppTest, who: str = "Me") -> AppTest:
    app.text_input(key="plan_who_asked").set_value(who).run()
    fine(app.button(key="plan_save").click().run())
    return app


def test_a_saved_result_shows_at_once(open_page: Open, store: PlanStore, finished: Plan, files: dict[str, Any]) -> None:
    """One session opens the plan, evaluates it and comes back; another one had it open all the time."""
    other = on_step(open_page("interventions", lang="en", plan=finished.id), "paper")
    theirs = dict(files)
    board = open_page("interventions", lang="en")
    mine = on_step(open_page("interventions", lang="en", plan=finished.id), "paper")
    result = "fewer than expected"
    before = [_texts(page).count(result) for page in (mine, other, board)]
    assert before[:2] == [0, 0]
    mine.switch_page("evaluation.py")
    mine.query_params["plan"] = finished.id
    mine.run()
    mine.button(key="evaluation_keep").click().run()
    assert any("name or office" in warning.value for warning in mine.warning)
    mine.text_input(key="plan_who_asked").set_value("Criminologist").run()
    mine.button(key="evaluation_keep").click().run()
    assert not errors(mine)
    kept = store.get(finished.id)
    assert (kept.status, store.history(kept.id)[0].who) == (PlanStatus.EVALUATED, "Criminologist")
    assert set(kept.result) == set(LANGUAGES)
    told = kept.result["en"]
    assert result in told
    assert "λιγότερες" in kept.result["el"]
    assert "This result is saved with the plan" in _texts(mine)
    assert told in _texts(mine)
    assert json.loads(theirs["plan_json"]())["result"]["en"] == told  # downloaded without another run of the page
    spaced = " ".join(told.split())
    assert spaced in _pdf(theirs["plan_pdf"]())
    mine.switch_page("interventions.py")
    mine.query_params["plan"] = finished.id
    on_step(mine.run(), "paper")
    saved = frame_of(mine, "at", "what").iloc[0]  # the whole save in one line, in the reader's language
    assert saved["what"] == "Result and Status"
    in_the_city = store.history(kept.id)[0].at.astimezone(ZoneInfo("Europe/Athens"))
    assert saved["at"].endswith(f"{in_the_city:%H:%M}")
    council = open_page("interventions", **COUNCIL, plan=finished.id)
    for page, earlier in zip((mine, other, board, council), (*before, 0), strict=True):
        files.clear()
        shown = _texts(page.run())
        assert told in shown
        assert shown.count(result) > earlier
        assert not errors(page)
        if files:
            assert json.loads(files["plan_json"]())["result"]["en"] == told
            assert spaced in _pdf(files["plan_pdf"]())


def test_a_result_saved_meanwhile_leaves_what_is_written(open_page: Open, store: PlanStore, finished: Plan) -> None:
    app = open_page("interventions", lang="en", plan=finished.id)
    _typed(app, "_title", "Written meanwhile").run()
    store.save(replace(finished, result={"en": "9 fewer."}, status=PlanStatus.EVALUATED), "Somebody")
    _saved(app)
    kept = store.get(finished.id)
    assert (kept.title, kept.result, kept.status) == ("Written meanwhile", {"en": "9 fewer."}, PlanStatus.EVALUATED)
    _typed(app, "_title", "Undone").run()
    fine(app.button(key="plan_reopen").click().run())
    assert [box.value for box in app.text_input if str(box.key).endswith("_title")] == ["Written meanwhile"]


def test_a_step_that_is_left_at_once_keeps_what_was_typed(open_page: Open, store: PlanStore, finished: Plan) -> None:
    """A text and a click on another step that reach the server in one run."""
    app = on_step(open_page("interventions", lang="en", plan=finished.id), "work")
    next(box for box in app.text_area if str(box.key).endswith("_partners")).set_value("University\n Police \n")
    _typed(app, "_lead", "Mayor's office")
    app = on_step(app, "people")
    _saved(app)
    kept = store.get(finished.id)
    assert (kept.partners, kept.lead) == (("University", "Police"), "Mayor's office")
