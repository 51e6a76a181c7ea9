"""Another language changes the words alone: nothing is counted or calculated again."""

from __future__ import annotations

from typing import Any

import pytest

from curim_data.query import answers
from tests.app.conftest import PAGES, Open, errors
from tests.effort import FULL

VIEWS = (
    *((page, {}) for page in PAGES),
    *(("hotspots", {"layer": layer}) for layer in ("clusters", "emerging", "density", "alerts")),
    *(("hotspots", {"tab": tab}) for tab in ("comparison", "forecast")),
)


@pytest.mark.parametrize(("page", "words"), VIEWS)
def test_a_language_switch_works_nothing_out(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, made: dict[str, Any], page: str, words: dict[str, str]
) -> None:
    counted: list[Any] = []
    aggregate = answers.aggregate

    def noted_count(*args: Any, **kwargs: Any) -> Any:
        counted.append(args)
        return aggregate(*args, **kwargs)

    monkeypatch.setattr(answers, "aggregate", noted_count)
    assert not errors(open_page(page, lang="en", weekday="mon,thu", **words))
    assert (made and counted) or words or page in ("interventions", "evaluation", "data", "methods")
    for lang in ("el", "fr") if FULL else ("el",):
        before = set(made)
        counted.clear()
        assert not errors(open_page(page, lang=lang, weekday="mon,thu", **words))
        assert not [key for key in made if key not in before and f"'{lang}'" not in key]  # words are kept by language
        assert not counted
