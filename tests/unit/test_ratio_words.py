"""Ratios in tables: a side without any alert is "none" or "men only", never 0.00."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from curim_data.model import translator
from pages.parts.frame import Page
from pages.parts.gender import comparisons
from pages.parts.hotspots import comparison_tab


@pytest.mark.parametrize(("lang", "men", "none"), [("en", "men only", "none (up to 0.40)"), ("fr", "hommes", "aucun")])
def test_a_ratio_of_nothing_is_a_word(lang: str, men: str, none: str) -> None:
    page = cast(Page, SimpleNamespace(t=translator(lang)))
    row = {"ratio": 0.0, "low": 0.0, "high": 0.4, "at_least": float("nan"), "at_most": float("nan")}
    assert comparisons._category_ratio(page, cast(Any, row)).startswith(men)
    place = cast(Any, SimpleNamespace(ratio=0.0, low=0.0, high=0.4))
    assert comparison_tab._ratio(page, place).startswith(none)
    some = cast(Any, SimpleNamespace(ratio=0.2, low=0.1, high=0.4))
    assert comparison_tab._ratio(page, some)[:1] == "0"
    assert comparisons._category_ratio(page, cast(Any, {**row, "ratio": 0.2, "low": 0.1}))[:1] == "0"
