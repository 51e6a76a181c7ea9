"""The page of evaluation on the sample's plans: the sentence first, protected for the council, kept when asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from curim_data.model import LANGUAGES, PlanStatus
from curim_data.plans.plan_store import PlanStore
from curim_data.store import Home
from curim_data.studies.evaluation import ALSO_OF_THE_COPY, OF_THE_ALERTS, OF_THE_COPY
from tests.app.conftest import SPOKEN, Open, errors

PAGE = "evaluation"


@pytest.mark.parametrize("lang", SPOKEN)
@pytest.mark.parametrize("view", ["", "council"])
def test_page_runs_on_the_finished_plan(open_page: Open, lang: str, view: str) -> None:
    app = open_page(PAGE, **{"lang": lang, **({"as": view} if view else {})})
    assert len(app.subheader) >= 4
    assert bool([b for b in app.button if b.key == "evaluation_keep"]) == (view == "")


def test_each_figure_says_whose_counts_it_shows(open_page: Open) -> None:
    """The council's bars, months and genders are of larger cells of the copy, and the tests of the alerts."""
    for view, told in (("council", True), ("", False)):
        app = open_page(PAGE, lang="en", **({"as": view} if view else {}))
        captions = [caption.value for caption in app.caption]
        assert captions.count(ALSO_OF_THE_COPY.text) == 2 * told
        assert captions.count(OF_THE_ALERTS.text) == captions.count(OF_THE_COPY.explanation.text) == told


def test_result_is_kept_with_the_plan(open_page: Open, sample: Home) -> None:
    store = PlanStore(sample.plans_url)
    finished = store.list(PlanStatus.FINISHED)[0]
    copy = store.create(replace(finished, title="A copy to evaluate"), "test")
    app = open_page(PAGE, lang="en", plan=copy.id)
    app.button(key="evaluation_keep").click().run()
    assert any("name or office" in warning.value for warning in app.warning)
    app.text_input(key="plan_who_asked").set_value("Criminologist").run()
    app.button(key="evaluation_keep").click().run()
    assert not errors(app)
    kept = store.get(copy.id)
    assert kept.status is PlanStatus.EVALUATED
    assert set(kept.result) == set(LANGUAGES)
    assert "fewer than expected" in kept.result["en"]
    assert "λιγότερα" in kept.result["el"]
    assert store.history(copy.id)[0].who == "Criminologist"
    store.close()
