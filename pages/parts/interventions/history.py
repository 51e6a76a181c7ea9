"""The history of a plan: one line for each save, with the fields that it changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from curim_data.model import LANGUAGES, Message, PlanStatus
from curim_data.model.plan import STATUS_WORDS
from curim_data.plans.plan_store import Change
from pages.parts.charts.tables import draw_table
from pages.parts.frame import Page
from pages.parts.plans.access import plan_store

FIELD_LABELS: Final = {
    "created": Message("Plan created"),
    "title": Message("Title"),
    "status": Message("Status"),
    "problem": Message("Problem"),
    "statement": Message("Problem in words"),
    "measures": Message("Measures"),
    "objective": Message("Objective"),
    "lead": Message("Lead"),
    "partners": Message("Partners"),
    "actions": Message("Steps"),
    "outputs": Message("Outputs"),
    "budget": Message("Budget"),
    "start": Message("Begins"),
    "finish": Message("Ends"),
    "areas": Message("Areas"),
    "assessment": Message("How we will know"),
    "gender_check": Message("Gender check"),
    "result": Message("Result"),
    "language": Message("Language"),
}
# Fields of which only the name is told: their parts are figures and cells that mean nothing without the map.
_NAMED: Final = ("problem", "areas")
_TECHNICAL: Final = ("id", "version", "created_at", "updated_at")
LONGEST = 120


def draw_history(page: Page, plan_id: str, key: str) -> None:
    """Who changed what, and when, the latest first."""
    t = page.t
    st.subheader(t("History"))
    headings = {"at": t("When"), "who": t("Who"), "what": t("What"), "how": t("Before → after")}
    draw_table(
        page,
        pd.DataFrame(history_rows(page, plan_store(page).history(plan_id)), columns=list(headings)),
        headings,
        key=key,
        alt=t("Every change of this plan"),
        file_name="plan_history.csv",
    )


def history_rows(page: Page, changes: Iterable[Change]) -> list[dict[str, str]]:
    """The changes of each save as one row, in the order given; saves that changed technical fields alone have none."""
    t, zone = page.t, ZoneInfo(page.city.timezone)
    rows = []
    for _, group in groupby(changes, key=lambda change: (change.version, change.at, change.who)):
        saved = [change for change in group if change.what.partition(".")[0] not in _TECHNICAL]
        if not saved:
            continue
        rows.append(
            {
                "at": t.moment(saved[0].at.astimezone(zone).replace(tzinfo=None), "short"),
                "who": t(saved[0].who) if page.is_sample else saved[0].who,
                "what": t.join(list(dict.fromkeys(_field(page, change.what) for change in reversed(saved)))),
                "how": "; ".join(filter(None, (_difference(page, change) for change in reversed(saved)))),
            }
        )
    return rows


def _difference(page: Page, change: Change) -> str:
    """A field from what to what; a text in several languages in the reader's alone, figures of the problem not."""
    head, _, part = change.what.partition(".")
    other_language = part in LANGUAGES and part != page.t.lang
    if head in _NAMED or other_language:
        return ""
    before, after = (_value(page, change.what, value) for value in (change.old, change.new))
    name = _field(page, change.what)
    if not before:
        return page.t("{name}: {after}", name=name, after=after or "–")
    return page.t("{name}: {before} → {after}", name=name, before=before, after=after or "–")


def _field(page: Page, what: str) -> str:
    head, _, _ = what.partition(".")
    return page.t(FIELD_LABELS[head]) if head in FIELD_LABELS else what


def _value(page: Page, what: str, value: Any) -> str:
    t = page.t
    if value in (None, "", [], {}):
        return ""
    if what == "status":
        return t(STATUS_WORDS[PlanStatus(value)])
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    if isinstance(value, (int, float)):
        return t.number(value, 0 if value == round(value) else 1)
    if isinstance(value, dict) and set(value) <= set(LANGUAGES):
        value = t.label(value)
    if isinstance(value, list):
        text = "; ".join(str(item.get("what", "")) if isinstance(item, dict) else str(item) for item in value)
    elif isinstance(value, dict):
        text = "; ".join(str(item) for item in value.values())
    else:
        text = _date(page, str(value))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _date(page: Page, text: str) -> str:
    try:
        return page.t.date(dt.date.fromisoformat(text), "medium")
    except ValueError:
        return page.t(text) if page.is_sample else text
