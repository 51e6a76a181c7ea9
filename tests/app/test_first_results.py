"""What a server works out before readers come is what its pages ask for."""

from __future__ import annotations

from typing import Any

import pytest

from curim_data.filters import AlertFilter
from curim_data.store import Home
from pages.parts.frame import web
from tests.app.conftest import Open, errors

# What pages work out that takes longest, by its function.
LONG = (
    *("cached_changes", "cached_period", "weights", "places", "_cell_size", "_hot_spots", "list_lines"),
    *("spot_details", "_judged", "_classes", "trend_of", "forecast_of", "course_of", "changes_of"),
)


def _long(made: dict[str, Any]) -> set[str]:
    """The keys of long results."""
    return {key for key in made if key.partition("[")[0].rpartition(".")[2] in LONG}


@pytest.mark.parametrize("reader", ["analyst", "council"])
@pytest.mark.parametrize("page", web.FIRST_RESULTS)
def test_a_page_finds_what_was_worked_out_ahead(
    open_page: Open, sample: Home, made: dict[str, Any], page: str, reader: str
) -> None:
    for audience in web._first_audiences():
        web._work_out(sample, page, AlertFilter(), audience)
    ahead = _long(made)
    assert ahead
    app = open_page(page, **({"as": "council"} if reader == "council" else {}))
    assert not errors(app)
    assert not {key for key in _long(made) - ahead if _is_of(key, page)}


def _is_of(key: str, page: str) -> bool:
    """Whether a result is one of those that are worked out for that page."""
    name = key.partition("[")[0]
    return f".{page}." in name or (page in ("briefing", "trends") and ".findings." in name)
