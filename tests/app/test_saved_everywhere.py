"""What is saved with a plan shows everywhere at once: in the session that saved it and in one that was open before."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pypdf
import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from curim_data.model import Plan, PlanStatus
from curim_data.plans.plan_store import PlanStore
from curim_data.store import Home
from pages.parts.interventions import editor
from tests.app.conftest import Open, errors, on_step

TITLE = "A copy that is evaluated"


def _step(app: AppTest, name: str) -> AppTest:
    key = next(group.key for group in app.main.get("button_group") if str(group.key).endswith("_step"))
    app.session_state[key] = name
    return app.run()


@pytest.fixture
def store(sample: Home) -> Iterator[PlanStore]:
    kept = PlanStore(sample.plans_url)
    yield kept
    kept.close()


@pytest.fixture
def finished(store: PlanStore, sample: Home) -> Iterator[Plan]:
    """A plan of its own, taken away afterwards: other tests look at the plans of the same home."""
    made = store.create(replace(store.list(PlanStatus.FINISHED)[0], title=TITLE), "test")
    yield made
    with sa.create_engine(sample.plans_url).begin() as connection:
        connection.execute(sa.text('DELETE FROM "change" WHERE plan_id = :id'), {"id": made.id})
        connection.execute(sa.text("DELETE FROM plan WHERE id = :id"), {"id": made.id})


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


def _keep(app: AppTest) -> AppTest:
    app.text_input(key="plan_who_asked").set_value("Criminologist").run()
    return app.button(key="evaluation_keep").click().run()


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
    mine = _keep(mine.run())
    assert not errors(mine)
    told = store.get(finished.id).result["en"]
    assert result in told
    assert f"Saved with the plan: {told}" in _texts(mine)
    assert json.loads(theirs["plan_json"]())["result"]["en"] == told  # downloaded without another run of the page
    assert told in _pdf(theirs["plan_pdf"]())
    mine.switch_page("interventions.py")
    mine.query_params["plan"] = finished.id
    on_step(mine.run(), "paper")
    council = open_page("interventions", **{"lang": "en", "as": "council", "plan": finished.id})
    for page, earlier in zip((mine, other, board, council), (*before, 0), strict=True):
        files.clear()
        shown = _texts(page.run())
        assert told in shown
        assert shown.count(result) > earlier
        assert not errors(page)
        if files:
            assert json.loads(files["plan_json"]())["result"]["en"] == told
            assert told in _pdf(files["plan_pdf"]())
    assert told in _texts(open_page("briefing", lang="en"))


def test_a_result_that_was_saved_meanwhile_leaves_what_is_written(
    open_page: Open, store: PlanStore, finished: Plan
) -> None:
    app = open_page("interventions", lang="en", plan=finished.id)
    next(box for box in app.text_input if str(box.key).endswith("_title")).set_value("Written meanwhile").run()
    store.save(replace(finished, result={"en": "9 fewer."}, status=PlanStatus.EVALUATED), "Somebody")
    app.text_input(key="plan_who_asked").set_value("Me").run()
    app.button(key="plan_save").click().run()
    assert not errors(app)
    kept = store.get(finished.id)
    assert (kept.title, kept.result, kept.status) == ("Written meanwhile", {"en": "9 fewer."}, PlanStatus.EVALUATED)


def test_a_step_that_is_left_at_once_keeps_what_was_typed(open_page: Open, store: PlanStore, finished: Plan) -> None:
    """A text and a click on another step that reach the server in one run."""
    app = _step(open_page("interventions", lang="en", plan=finished.id), "work")
    next(box for box in app.text_area if str(box.key).endswith("_partners")).set_value("University\n Police \n")
    next(box for box in app.text_input if str(box.key).endswith("_lead")).set_value("Mayor's office")
    app = _step(app, "people")
    app.text_input(key="plan_who_asked").set_value("Me").run()
    app.button(key="plan_save").click().run()
    assert not errors(app)
    kept = store.get(finished.id)
    assert (kept.partners, kept.lead) == (("University", "Police"), "Mayor's office")
