"""The history of a plan: one line for each save, old ones of several entries included."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any, cast

from curim_data.model import translator
from curim_data.plans.plan_store import Change
from pages.parts.frame import Page
from pages.parts.interventions.editor import history_rows

AT = dt.datetime(2026, 5, 3, 9, 30, tzinfo=dt.UTC)


def _page(lang: str = "en") -> Page:
    city = SimpleNamespace(timezone="Europe/Athens")
    return cast("Page", SimpleNamespace(t=translator(lang), is_sample=False, city=city))


def _change(version: int, what: str, old: Any, new: Any, minutes: int = 0) -> Change:
    return Change(version, AT + dt.timedelta(minutes=minutes), "Me", what, old, new)


def test_a_saved_result_is_one_line_in_the_language_of_the_reader() -> None:
    changes = [
        _change(5, "status", "finished", "evaluated"),
        _change(5, "result.fr", None, "9 de moins."),
        _change(5, "result.en", None, "9 fewer."),
        _change(5, "result.el", None, "9 λιγότερα."),
    ]
    for lang, told in {
        "en": "Result: 9 fewer.; Status: Finished → Evaluated",
        "fr": "Résultat : 9 de moins.; Statut : Terminé → Évalué",
    }.items():
        (row,) = history_rows(_page(lang), changes)
        assert row["how"].replace("\u00a0", " ").replace("\u202f", " ") == told
    assert history_rows(_page(), changes)[0]["what"] == "Result and Status"
    assert history_rows(_page(), changes)[0]["at"].endswith("12:30")  # in the city's time
