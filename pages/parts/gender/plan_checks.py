"""The gender check of each plan, and how to read figures by gender."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.gender import reading_rules
from curim_data.model import Plan, PlanStatus
from curim_data.model.plan import STATUS_WORDS
from pages.parts.charts import tables
from pages.parts.frame import Page, escape_markdown, page_link
from pages.parts.plans.access import plan_store, translated_plan


def draw_plan_checks(page: Page) -> None:
    """Which of the four questions each live plan has answered."""
    t = page.t
    st.subheader(t("Do the plans consider gender?"))
    live = [translated_plan(page, plan) for plan in plan_store(page).list() if plan.status is not PlanStatus.DROPPED]
    if not live:
        st.write(t("There are no plans yet."))
        return
    rows = [(plan, _answered_questions(plan)) for plan in live]
    whole = sum(all(answers.values()) for _, answers in rows)
    st.write(
        t.n(
            "{whole} of {n} plan answers all four questions.",
            "{whole} of {n} plans answer all four questions.",
            len(rows),
            whole=whole,
        )
    )
    questions = {
        "affected": t("Who is affected"),
        "consulted": t("Who was asked"),
        "target": t("Aim by gender"),
        "harm": t("Possible harm"),
    }
    (_draw_list if page.narrow else _draw_table)(page, rows, questions)


def _draw_list(page: Page, rows: list[tuple[Plan, dict[str, bool]]], questions: dict[str, str]) -> None:
    """A phone's form: each plan with what is still open."""
    t = page.t
    for plan, answers in rows:
        with st.container(gap=None):
            _link(page, plan)
            missing = [questions[name] for name, answered in answers.items() if not answered]
            st.caption(t("Still open: {questions}", questions=t.join(missing)) if missing else t("All answered"))


def _draw_table(page: Page, rows: list[tuple[Plan, dict[str, bool]]], questions: dict[str, str]) -> None:
    t = page.t
    words = {True: t("answered"), False: t("open")}
    records = [
        {
            "plan": plan.title or t("Without a title"),
            "status": t(STATUS_WORDS[plan.status]),
            **{question: words[answered] for question, answered in answers.items()},
        }
        for plan, answers in rows
    ]
    headings = {"plan": t("Plan"), "status": t("Status"), **questions}
    frame = pd.DataFrame(records)
    columns, height = tables.wrapped_columns(frame, headings, page.room.column, wrapped=("plan",))
    tables.draw_table(
        page,
        frame,
        headings,
        key="gender_plans",
        alt=t("Gender check of each plan"),
        columns=columns,
        row_height=height,
        file_name="gender_plans.csv",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(t("Open a plan:"), width="content")
        for plan, _ in rows:
            _link(page, plan)


def _link(page: Page, plan: Plan) -> None:
    page_link(page, "interventions", escape_markdown(plan.title) or page.t("Without a title"), plan=plan.id)


def _answered_questions(plan: Plan) -> dict[str, bool]:
    check = plan.gender_check
    return {name: bool(getattr(check, name).strip()) for name in ("affected", "consulted", "target", "harm")}


def draw_reading_rules(page: Page) -> None:
    """The reading rules in plain words."""
    t = page.t
    st.subheader(t("How to read these figures"))
    st.markdown("\n".join(f"- {t(rule)}" for rule in reading_rules()))
