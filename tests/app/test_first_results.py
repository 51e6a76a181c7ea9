"""What a server works out before readers come is what its pages ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from curim_data.filters import AlertFilter
from curim_data.store import Home
from pages.parts.frame import web
from pages.parts.frame.waiting import JOBS
from tests.app.conftest import Open, errors

# What pages work out that takes longest, by its function.
LONG = (
    *("cached_changes", "cached_period", "weights", "places", "_cell_size", "_hot_spots", "list_lines"),
    *("spot_details", "_judged", "_classes", "trend_of", "forecast_of", "course_of", "changes_of"),
)


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    JOBS.forget()
    yield
    JOBS.forget()


def _kept() -> set[Any]:
    """The keys of long results."""
    keys = (key for key in JOBS._results._entries if isinstance(key, tuple))
    return {key for key in keys if str(key[0]).rpartition(".")[2] in LONG}


@pytest.mark.parametrize("reader", ["analyst", "council"])
@pytest.mark.parametrize("page", web.FIRST_RESULTS)
def test_a_page_finds_what_was_worked_out_ahead(open_page: Open, sample: Home, page: str, reader: str) -> None:
    for audience in web._first_audiences():
        web._work_out(Home(sample.path.parent), page, AlertFilter(), audience)
    ahead = _kept()
    assert ahead
    app = open_page(page, **({"as": "council"} if reader == "council" else {}))
    assert not errors(app)
    own = {key for key in _kept() - ahead if _is_of(key, page)}
    assert not own


def _is_of(key: Any, page: str) -> bool:
    """Whether a result is one of those that are worked out for that page."""
    return f".{page}." in str(key[0]) or (page in ("briefing", "trends") and ".findings." in str(key[0]))
