"""What a server works out before readers come is what its pages ask for."""

from __future__ import annotations

from typing import Any

import pytest

from curim_data import query
from curim_data.filters import AlertFilter
from curim_data.store import Home
from pages.parts.frame import web
from tests.app.conftest import PAGES, Open, errors
from tests.effort import FULL

# What pages work out that takes longest, by its function, and the pages it is for.
HOT_SPOTS = ("hot_spot_size", "hot_spot_study", "list_lines", "spot_details", "_judged_in", "emerging_classes")
LONG = {
    "cached_changes": ("briefing", "trends"),
    **dict.fromkeys(("trend_study", "next_periods_study", "change_study"), ("trends",)),
    "brief_period": ("briefing",),
    **dict.fromkeys(("weight_study", "place_study"), ("gender",)),
    **dict.fromkeys(HOT_SPOTS, ("hotspots",)),
}


def _long(made: dict[str, Any], page: str) -> set[str]:
    """The keys of long results that are worked out for a page."""
    return {key for key in made if page in LONG.get(key.partition("[")[0].rpartition(".")[2], ())}


@pytest.mark.parametrize("reader", ["analyst", "council"])
@pytest.mark.parametrize("page", web.FIRST_RESULTS)
def test_a_page_finds_what_was_worked_out_ahead(
    open_page: Open, sample: Home, made: dict[str, Any], page: str, reader: str
) -> None:
    for audience in web._first_audiences():
        web._work_out(sample, page, AlertFilter(), audience)
    ahead = _long(made, page)
    assert ahead
    open_page(page, **({"as": "council"} if reader == "council" else {}))
    assert not _long(made, page) - ahead


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
    aggregate = query.aggregate

    def noted_count(*args: Any, **kwargs: Any) -> Any:
        counted.append(args)
        return aggregate(*args, **kwargs)

    monkeypatch.setattr(query, "aggregate", noted_count)
    assert not errors(open_page(page, lang="en", weekday="mon,thu", **words))
    assert (made and counted) or words or page in ("interventions", "evaluation", "data", "methods")
    for lang in ("el", "fr") if FULL else ("el",):
        before = set(made)
        counted.clear()
        assert not errors(open_page(page, lang=lang, weekday="mon,thu", **words))
        assert not [key for key in made if key not in before and f"'{lang}'" not in key]  # words are kept by language
        assert not counted
