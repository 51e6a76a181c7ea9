"""The Evaluation page: the verdict on a plan as its heading, what was counted beside what was expected, its parts, and
what speaks against it.

Public: `draw_evaluation_page`, called by pages/evaluation.py.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from analysis.plans.verdict import Verdict
from analysis.report.papers import LIMIT
from curim_data.model import Audience, Gender, Message, Plan, PlanStatus, Translator, gender_label
from curim_data.model.plan import MOVES, STATUS_WORDS, Objective, Problem
from curim_data.plans.plan_store import PlanProblem
from curim_data.plans.record import Deed
from curim_data.studies.evaluation import (
    NEXT_DOOR,
    PlanVerdict,
    ReleasedVerdict,
    evaluation_filter,
    evaluation_study,
    plan_timing,
    released_study,
    result_texts,
    windows_sentence,
)
from pages.parts.charts import Figure, base_figure, download_button, draw_chart
from pages.parts.frame import (
    Page,
    dataset_for,
    draw_fold,
    draw_whole_choice,
    escape_markdown,
    help_link,
    page_link,
    palette,
    record,
    shared,
)
from pages.parts.plans import ask_author, author_name, draw_areas_map, may_edit, plan_store, translated_plan

plan_verdict = shared(evaluation_study, Message("Evaluating the plan"))
plan_released = shared(released_study, Message("Evaluating the plan"))
ORDER = (PlanStatus.FINISHED, PlanStatus.EVALUATED, PlanStatus.RUNNING, PlanStatus.DECIDED, PlanStatus.DRAFT)


def evaluated_part(plan: Plan) -> Plan:
    """What an evaluation depends on: the plan without its words."""
    return Plan(
        status=plan.status,
        problem=Problem(query=plan.problem.query, categories=plan.problem.categories),
        objective=Objective(start=plan.objective.start, end=plan.objective.end),
        start=plan.start,
        finish=plan.finish,
        areas=plan.areas,
        assessment=plan.assessment,
    )


def draw_evaluation_page(page: Page) -> None:
    """Choose a plan and see what became of it."""
    t, title = page.t, st.container()
    kept = [plan for plan in plan_store(page).list() if plan.status in ORDER]
    if not kept:
        title.title(t("Evaluation"))
        st.write(t("There are no plans yet. A plan that has begun can be evaluated here."))
        page_link(page, "interventions", t("Interventions"))
        return
    plan = _choose_plan(page, sorted(kept, key=lambda p: ORDER.index(p.status)))
    timing = plan_timing(plan, plan_store(page).history(plan.id), page.city.timezone)
    asked = page.dataset, evaluated_part(plan), timing
    exact = None if page.alerts.protected else plan_verdict(*asked)
    verdict: PlanVerdict | ReleasedVerdict = exact or plan_released(*asked)
    whole = exact.whole if exact else verdict
    title.title(escape_markdown(t.pair(translated_plan(page, plan).title, whole.sentence(t))))
    if verdict.windows is None:
        page_link(page, "interventions", t("Open the plan"), plan=plan.id)
        return
    _draw_compared(page, plan, verdict)
    _draw_numbers(page, plan, whole)
    _draw_parts(page, verdict, whole)
    help_link(page, "verdict")
    if exact is not None:
        for caution in exact.cautions:
            st.caption(t(caution))
        draw_fold("doubts", t("What speaks against it?"), partial(_draw_doubts, page, exact), word="fold")
    if may_edit(page):
        told = plan_released(dataset_for(page, Audience.COUNCIL), *asked[1:])
        _draw_keep_result(page, plan, result_texts(told))


def _choose_plan(page: Page, kept: list[Plan]) -> Plan:
    by_id, asked = {plan.id: translated_plan(page, plan) for plan in kept}, st.query_params.get("plan", "")
    key, seen = "evaluation_plan", st.session_state.get("evaluation_asked")
    if st.session_state.get(key) not in by_id or (asked in by_id and seen != asked):
        st.session_state[key] = asked if asked in by_id else next(iter(by_id))
        st.session_state["evaluation_asked"] = asked

    def remember_choice() -> None:
        st.query_params["plan"] = st.session_state["evaluation_asked"] = st.session_state[key]

    def words(name: str) -> str:
        return page.t("{title} ({status})", title=by_id[name].title, status=STATUS_WORDS[by_id[name].status])

    chosen = st.selectbox(page.t("Plan"), list(by_id), format_func=words, key=key, on_change=remember_choice)
    draw_whole_choice(page, words(chosen))
    return by_id[chosen]


def _draw_compared(page: Page, plan: Plan, verdict: PlanVerdict | ReleasedVerdict) -> None:
    """Which alerts of which days, and what is released of them."""
    t, windows = page.t, verdict.windows
    asked = evaluation_filter(page.alerts, plan)
    days = (windows.before[0], windows.after[1])
    of = asked.sentence(t, page.city, dates=days, by_month=windows.by_month)
    st.caption(f"{windows_sentence(windows, t)} {escape_markdown(of)}")
    if isinstance(verdict, ReleasedVerdict) and verdict.note is not None:
        st.caption(t(verdict.note))


def verdict_figure(page: Page, whole: Verdict | ReleasedVerdict) -> Figure:
    """Two bars: alerts expected without the measure (grey), with the interval where it is told, and counted (blue)."""
    t, colours = page.t, palette(page.theme)
    figure = base_figure(t, colours, height=250, bargap=0.4)
    counts = {t("Expected without the measure"): whole.expected, t("Counted"): whole.observed}
    interval = {}
    if isinstance(whole, Verdict) and math.isfinite(whole.ratio.high):
        found = whole.difference
        interval = {
            "type": "data",
            "array": [found.value - found.low],  # of the first bar alone: what was counted is certain
            "arrayminus": [min(found.high - found.value, whole.expected)],
            "color": colours.text,
        }
    figure.add_bar(
        x=[f"{name}<br><b>{t.number(n)}</b>" for name, n in counts.items()],
        y=list(counts.values()),
        marker={"color": [colours.withheld, colours.sea_blue], "cornerradius": 3},
        error_y=interval or None,
        hoverinfo="skip",
    )
    figure.update_yaxes(visible=False, rangemode="tozero")
    return figure


def _draw_numbers(page: Page, plan: Plan, whole: Verdict | ReleasedVerdict) -> None:
    """The chart that proves the heading, where its numbers are told, and the map of the plan's areas."""
    t = page.t
    right: Any = st.container()
    if whole.expected is not None and math.isfinite(whole.expected):
        left, right = (st.container(), st.container()) if page.narrow else st.columns(2, gap="large")
        values = {"observed": t.number(whole.observed), "expected": t.number(whole.expected)}
        alt = t("{observed} alerts were counted; {expected} were expected without the measure.", **values)
        with left:
            draw_chart(page, verdict_figure(page, whole), key="evaluation_bars", alt=alt)
    with right:
        draw_areas_map(page, plan.areas, key="evaluation_map", span=1.0 if page.narrow else 0.5)


def _draw_parts(page: Page, verdict: PlanVerdict | ReleasedVerdict, whole: Verdict | ReleasedVerdict) -> None:
    """The verdict of each part in its own words; the file has their numbers."""
    t, order = page.t, (NEXT_DOOR, *Gender)
    parts = {name: verdict.parts[name] for name in order if name in verdict.parts}
    if parts:
        rows = [(_part_name(t, name), part.sentence(t)) for name, part in parts.items()]
        st.table(pd.DataFrame(rows, columns=[t("Alerts"), t("Verdict")]), hide_index=True)
    frame = pd.DataFrame(
        [(name, part.expected, part.observed, part.grade) for name, part in {"treated": whole, **parts}.items()],
        columns=["part", "expected", "observed", "grade"],
    )
    download_button(page, frame, "evaluation.csv", key="evaluation_download")
    st.caption(t(LIMIT))


def _part_name(t: Translator, name: str) -> str:
    return t("Next door, in the buffer") if name == NEXT_DOOR else gender_label(t, name)


def _draw_doubts(page: Page, verdict: PlanVerdict) -> None:
    """What a specialist needs to doubt the verdict: at most four short lines."""
    t, lines = page.t, [page.t(doubt) for doubt in verdict.whole.doubts()]
    if verdict.comparison is not None:
        before, after = (t.number(n) for n in verdict.comparison)
        lines.append(
            t(
                "The comparison area alone: {before} alerts before, brought to the same length of time; {after} after.",
                before=before,
                after=after,
            )
        )
    if verdict.visible is not None:
        lines.append(verdict.visible.sentence(verdict.windows.lengths[1], t))
    st.markdown("\n".join(f"- {line}" for line in lines))


def _draw_keep_result(page: Page, plan: Plan, kept: dict[str, str]) -> None:
    """Write the sentence down with the plan; a finished plan is then evaluated."""
    t = page.t
    if plan.result == kept:
        st.caption(t("This result is saved with the plan, rounded as everybody may read it:"))
        st.caption(escape_markdown(t.label(kept)))
        return
    st.divider()
    moves = PlanStatus.EVALUATED in MOVES[plan.status]
    ask_author(page, t("Appears in the history of this plan, and nowhere else."))
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(t("Save this result with the plan"), key="evaluation_keep", type="primary")
        page_link(page, "interventions", t("Open the plan"), plan=plan.id)
    st.caption(t("This is written into the plan, rounded as the council may read it:"))
    st.caption(t.label(kept))
    if not pressed:
        return
    if not author_name(page):
        st.warning(t("Enter your name or office first: the history says who changed what."))
        return
    stored = plan_store(page).get(plan.id)
    status = PlanStatus.EVALUATED if moves else stored.status
    try:
        saved = plan_store(page).save(replace(stored, result=kept, status=status), author_name(page))
        record.note(page, Deed.CHANGE, f"plan {saved.id}, version {saved.version}")
    except PlanProblem as problem:
        st.error(escape_markdown(t(problem.message)))
        return
    st.rerun()
