"""The history of a plan: one line for each save, old ones of several entries included."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any, cast

from curim_data.model import translator
from curim_data.plans.plan_store import Change
from pages.parts.frame import Page
from pages.parts.interventions.history import history_rows

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


def test_each_save_is_a_line_of_its_own_and_technical_fields_are_none() -> None:
    changes = [
        _change(4, "version", 3, 4, 40),
        _change(3, "problem.n", 40, 44, 20),
        _change(3, "lead", "", "Police", 20),
        _change(2, "objective.target", 52, 50.0, 10),
        _change(2, "objective.by", None, "2027-05-01", 10),
        _change(1, "created", None, "Light"),
    ]
    rows = history_rows(_page(), changes)
    assert [row["what"] for row in rows] == ["Lead and Problem", "Objective", "Plan created"]
    assert [row["how"] for row in rows] == [
        "Lead: Police",
        "Objective: 1 May 2027; Objective: 52 → 50",
        "Plan created: Light",
    ]


def test_a_result_that_was_kept_whole_is_told_in_the_language_of_the_reader() -> None:
    """As histories hold it where a plan had none before: one entry with all languages."""
    (row,) = history_rows(_page("fr"), [_change(2, "result", {}, {"en": "9 fewer.", "fr": "9 de moins."})])
    assert "9 de moins." in row["how"]
    assert "fewer" not in row["how"]
