"""The steps of a plan: problem, measures, objective, who and when, areas and test, gender check.

Each takes the open plan and gives it back with what the reader changed. A widget begins with the plan's value and
keeps its own from then on; a step that is left drops its widgets and finds its values in the plan again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import cycle
from typing import Any

import pandas as pd
import streamlit as st

from analysis.plans.drafting import (
    CAUTIONS,
    EFFECTS,
    TOO_SMALL,
    Fit,
    Measure,
    applicable_drop,
    catalogue,
    design_faults,
    done_in,
    effect_text,
    find_measure,
    gender_sentence,
    harm_questions,
    measures_of_kind,
    named_test,
    objective_sentence,
    plan_warnings,
    problem_statement,
    quality_text,
    rank_measures,
    setting_text,
    source_text,
)
from analysis.plans.verdict import fall_sentence
from analysis.report.papers import GENDER_QUESTIONS
from analysis.spots.profile import without_category
from curim_data.model import LANGUAGES, Plan, PlanStatus, translator
from curim_data.model.absence import ADD_CATEGORY, NO_CATEGORY
from curim_data.model.i18n import LANGUAGE_NAMES
from curim_data.model.labels import category_label
from curim_data.model.plan import TEST, Action
from curim_data.privacy import HOW_TO_ADD, help_lines
from curim_data.studies.evaluation import STARTED
from pages.parts.charts.tables import draw_table
from pages.parts.frame import Page, escape_markdown
from pages.parts.plans import (
    AREA_LABELS,
    PlanEdit,
    ask,
    counts_by_area,
    draw_areas_map,
    drop_by_similar_areas,
    proposed_areas,
    reads_field,
    seeded,
)

AT_ONCE = 4


def problem_step(page: Page, edit: PlanEdit) -> Plan:
    """The problem in words, in each language."""
    t = page.t
    plan = ask(edit, edit.plan, st.text_input, t("Title"), "title", read=str.strip, max_chars=120)
    plan = _ask_statement(page, edit, plan, t.lang, t("The problem in words"))
    for caution in plan.problem.cautions:
        if caution in CAUTIONS:
            st.caption(escape_markdown(t(CAUTIONS[caution])))
    with st.expander(t("The same in the other languages")):
        for lang in LANGUAGES:
            if lang != t.lang:
                plan = _ask_statement(page, edit, plan, lang, LANGUAGE_NAMES[lang])

    st.caption(t("Its figures are of the protected copy, because the council reads the plan."))
    return plan


def _ask_statement(page: Page, edit: PlanEdit, plan: Plan, lang: str, label: str) -> Plan:
    written = plan.statement.get(lang) or problem_statement(plan.problem, translator(lang), page.city)
    plan = replace(plan, statement={**plan.statement, lang: written})
    return ask(
        edit, plan, st.text_area, label, f"statement.{lang}", key=f"statement_{lang}", height=170, max_chars=4000
    )


def objective_step(page: Page, edit: PlanEdit) -> Plan:
    """Baseline, target and date, and the sentence that they make."""
    t, plan, aim, problem = page.t, edit.plan, edit.plan.objective, edit.plan.problem
    chosen = [found for name in plan.measures if (found := find_measure(name)) is not None]
    drop = applicable_drop(problem, chosen, aim.baseline)
    if drop is not None:
        st.caption(
            t(
                "According to studies, the chosen measures would lead to about {drop} fewer alerts: {target} in a "
                "period of the same length.",
                drop=round(drop),
                target=round(aim.baseline - drop),
            )
        )
    left, right = st.columns(2)
    label = t("Target: alerts in a period of the same length")
    most = problem.least - 1 if problem.hides(aim.baseline) else max(round(aim.baseline), 0)
    with left:
        plan = _ask_number(page, edit, plan, label, "objective.target", most, step=1)
    with right:
        plan = ask(edit, plan, st.date_input, t("Reached by"), "objective.by", format="DD/MM/YYYY")
    label = t("In your own words, where the sentence below does not fit")
    plan = ask(edit, plan, st.text_input, label, "objective.text", key="aim", read=str.strip, max_chars=400)
    if sentence := plan.objective.text or objective_sentence(plan.objective, problem, t):
        st.markdown(f"#### {escape_markdown(sentence)}")
    if warnings := plan_warnings(plan):
        st.warning(escape_markdown(" ".join(map(t, warnings))))
    return plan


def _ask_number(page: Page, edit: PlanEdit, plan: Plan, label: str, field: str, most: int, *, step: int) -> Plan:
    """A whole number from 0 on, or none."""
    return ask(
        edit,
        plan,
        st.number_input,
        label,
        field,
        shown=lambda n: None if n is None else min(round(n), most),
        read=lambda n: None if n is None else float(n),
        min_value=0,
        max_value=most,
        step=step,
        value=None,
        placeholder=page.t("to be set"),
    )


def work_step(page: Page, edit: PlanEdit) -> Plan:
    """Lead, partners, dates, steps, budget, outputs."""
    t = page.t
    left, right = st.columns(2)
    with left:
        plan = ask(edit, edit.plan, st.text_input, t("Lead"), "lead", read=str.strip, max_chars=120)
        plan = ask(edit, plan, st.date_input, t("Begins"), "start", format="DD/MM/YYYY")
        plan = _ask_number(page, edit, plan, t("Budget in euros"), "budget", 100_000_000, step=500)
    with right:
        # A list that takes new names forgets one that was typed and left without Enter; a text keeps it.
        plan = ask(
            edit,
            plan,
            st.text_area,
            t("Partners, one a line"),
            "partners",
            shown="\n".join,
            read=_lines,
            height=100,
            max_chars=2000,
        )
        plan = ask(edit, plan, st.date_input, t("Ends"), "finish", format="DD/MM/YYYY")
    if plan.start and plan.finish and plan.finish < plan.start:
        st.warning(t("The plan ends before it begins."))
    st.markdown("**" + t("Steps") + "**")
    plan = replace(plan, actions=_actions(page, edit))
    return ask(
        edit, plan, st.text_area, t("What will have been done at the end"), "outputs", read=str.strip, max_chars=1000
    )


def _lines(text: str) -> tuple[str, ...]:
    """The names in a text, one a line, each once."""
    return tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _actions(page: Page, edit: PlanEdit) -> tuple[Action, ...]:
    """The steps as an editable table. Its first rows stay while it is open, since it adds its changes to them."""
    t, key, first = page.t, edit.key("actions"), edit.key("actions_first")
    if key not in st.session_state:
        st.session_state[first] = edit.plan.actions
    rows = [(step.what, step.who, step.due, step.done) for step in st.session_state[first]]
    frame = pd.DataFrame(rows, columns=["what", "who", "due", "done"]).astype({"done": bool})
    st.data_editor(
        frame.assign(due=pd.to_datetime(frame["due"])),
        key=key,
        num_rows="dynamic",
        hide_index=True,
        column_config={
            "what": st.column_config.TextColumn(
                t("Step"), width="small" if page.narrow else "large", max_chars=200, default=""
            ),
            "who": st.column_config.TextColumn(t("Who"), max_chars=80, default=""),
            "due": st.column_config.DateColumn(t("Until"), format="DD/MM/YYYY"),
            "done": st.column_config.CheckboxColumn(t("Done"), default=False),
        },
    )
    read = partial(_edited, st.session_state[first])
    reads_field(key, "actions", read)
    return read(st.session_state[key])


def _edited(steps: Sequence[Action], changes: Mapping[str, Any]) -> tuple[Action, ...]:
    """Steps with what an editable table of them says was changed, added and removed; without empty ones."""
    rows = [asdict(step) | changes["edited_rows"].get(at, {}) for at, step in enumerate(steps)]
    rows = [row for at, row in enumerate(rows) if at not in changes["deleted_rows"]] + changes["added_rows"]
    made = [
        Action(
            str(row.get("what") or "").strip(),
            str(row.get("who") or "").strip(),
            pd.Timestamp(row["due"]).date() if row.get("due") else None,
            bool(row.get("done")),
        )
        for row in rows
    ]
    return tuple(one for one in made if one.what or one.who)


def gender_step(page: Page, edit: PlanEdit) -> Plan:
    """Who is affected and was asked, what is aimed at for whom, what harm could follow."""
    t, plan = page.t, edit.plan
    if told := gender_sentence(plan.problem, t):
        st.write(escape_markdown(told))
    look: dict[str, Any] = {"read": str.strip, "height": 90, "max_chars": 1000}
    for name, label in GENDER_QUESTIONS.items():
        plan = ask(edit, plan, st.text_area, t(label), f"gender_check.{name}", key=f"check_{name}", **look)
    st.markdown("\n".join(f"- {t(question)}" for question in harm_questions(plan.problem)))
    lines = help_lines(page.city, t)
    st.caption(escape_markdown(t("Help lines: {lines}.", lines="; ".join(lines)) if lines else t(HOW_TO_ADD)))
    return plan


def missing_steps(plan: Plan) -> tuple[str, ...]:
    """The steps that lack something before the plan can be decided."""
    check, review = plan.gender_check, plan.assessment.review
    steps = {
        "measures": not plan.measures,
        "objective": plan.objective.target is None,
        "work": not plan.lead or plan.start is None or plan.finish is None,
        "areas": not plan.areas.comparison or review is None or (plan.finish is not None and review < plan.finish),
        "people": not (check.consulted and check.harm),
    }
    return tuple(name for name, lacks in steps.items() if lacks)


def measures_step(page: Page, edit: PlanEdit) -> Plan:
    """Choose measures; their effects are never added up."""
    t, plan = page.t, edit.plan
    fits = rank_measures(plan.problem)
    if fits:
        st.write(t("Ranked by how well they fit the problem. Choose one or more; their effects are not added up."))
    else:
        fits = measures_of_kind(plan.problem)
        st.warning(_unranked(page, plan))
    chosen: list[str] = []
    founded = [fit for fit in fits if fit.measure.direction == "helps" and fit.measure.value is not None]
    shelves = (
        (t("Studies give a number"), founded),
        (t("No usable number"), [fit for fit in fits if fit not in founded and fit.measure.caution is None]),
        (t("With caution"), [fit for fit in fits if fit.measure.caution is not None]),
    )
    for title, shelf in shelves:
        if shelf:
            st.subheader(title)
            chosen += _draw_measures(page, edit, shelf[:AT_ONCE])
            if more := shelf[AT_ONCE:]:
                with st.expander(t.n("{n} more measure", "{n} more measures", len(more))):
                    chosen += _draw_measures(page, edit, more)
    fitting = {fit.measure.id for fit in fits}
    rest = {item.id: item for item in catalogue() if item.id not in fitting}
    others = st.multiselect(
        t("Measures for other problems"),
        list(rest),
        format_func=lambda name: t(rest[name].name),
        key=seeded(edit.key("others"), [name for name in plan.measures if name in rest]),
        placeholder=t("to be set"),
        select_all=False,
    )
    for name in others:
        st.markdown(f"**{t(rest[name].name)}**")
        _draw_facts(page, rest[name])
    st.caption(t(EFFECTS))
    order = {name: number for number, name in enumerate(plan.measures)}
    picked = sorted([*chosen, *others], key=lambda name: order.get(name, len(order)))
    return replace(plan, measures=tuple(picked))


def _unranked(page: Page, plan: Plan) -> str:
    """Why no measure is ranked, what stands below instead, and how to have them ranked."""
    t, problem = page.t, plan.problem
    if problem.hides(problem.n):
        sentences = [t(TOO_SMALL)]
    elif without_category(problem.categories) or not problem.categories:
        sentences = [t("Measures are ranked by the categories of the alerts."), t(NO_CATEGORY), t(ADD_CATEGORY)]
    else:
        names = t.join([category_label(t, page.city, part.id) for part in problem.categories[:6]])
        sentences = [t("The catalogue has no measure made for these categories: {categories}.", categories=names)]
    below = t("What follows is not ranked. Choose one or more; their effects are not added up.")
    return escape_markdown(" ".join([*sentences, below]))


def _draw_measures(page: Page, edit: PlanEdit, shelf: list[Fit]) -> list[str]:
    """Cards of measures, two in a row where there is room; the ids of those that are chosen."""
    chosen = []
    columns = st.columns(1 if page.room.window < 1000 else 2, gap="medium")
    for column, fit in zip(cycle(columns), shelf, strict=False):
        with column:
            if _draw_card(page, edit, fit.measure):
                chosen.append(fit.measure.id)
    return chosen


def _draw_card(page: Page, edit: PlanEdit, item: Measure) -> bool:
    t = page.t
    with st.container(border=True, gap="xsmall"):
        picked = st.checkbox(t(item.name), key=seeded(edit.key(f"measure_{item.id}"), item.id in edit.plan.measures))
        if item.caution is not None:
            st.markdown(f":orange[**{t(item.caution)}**]")
        _draw_facts(page, item)
    return picked


def _draw_facts(page: Page, item: Measure) -> None:
    """How a measure works, what was found of it and how well; where, what else, and the source behind a button."""
    t = page.t
    st.write(t(item.mechanism))
    st.markdown(f"{effect_text(item, t)}. {t(item.outcome)}")
    st.caption(t.pair(t("Evidence"), quality_text(item, t)))
    if done := done_in(item, page.city):
        st.caption(t("Done before in this city: {what}", what=t(done)))
    with st.popover(t("More"), type="tertiary"):
        for text in filter(None, (t(item.note), setting_text(item, t))):
            st.write(text)
        st.caption(t("Source: {source}", source=source_text(item, t)))
        st.code(item.url, language=None, wrap_lines=True)


def areas_step(page: Page, edit: PlanEdit) -> Plan:
    """Areas, test, smallest visible fall, review."""
    plan = edit.plan
    left, right = (st.container(), st.container()) if page.narrow else st.columns([3, 2], gap="large")
    with right:
        plan = _draw_form(page, edit, plan)
    with left:
        draw_areas_map(page, plan.areas, key=edit.key("areas_map"), span=1.0 if page.narrow else 0.6)
        _draw_counts(page, edit, plan)
    return plan


def _draw_form(page: Page, edit: PlanEdit, plan: Plan) -> Plan:
    t, aim = page.t, plan.objective
    plan = _draw_proposal(page, edit, plan)
    drop = _smallest_visible_drop(page, edit, plan)
    method = TEST if plan.status is PlanStatus.DRAFT else plan.assessment.method
    plan = replace(plan, assessment=replace(plan.assessment, method=method, smallest_drop=drop))
    st.write(f"{t(named_test(plan))} {fall_sentence(drop, aim.baseline, aim.days, t)}")
    plan = ask(edit, plan, st.date_input, t("Review on"), "assessment.review", format="DD/MM/YYYY")
    return ask(
        edit,
        plan,
        st.text_area,
        t("A second indicator, and what else is monitored"),
        "assessment.note",
        read=str.strip,
        height=90,
        max_chars=1000,
        help=t("A survey of how safe people feel, police records, an evening walk."),
    )


def _draw_proposal(page: Page, edit: PlanEdit, plan: Plan) -> Plan:
    """Propose the buffer and the comparison area; they may change until the start, not afterwards."""
    t = page.t
    if plan.status in STARTED:
        st.caption(t("The plan has begun: its areas stay as they were chosen before the start."))
        return plan
    if st.button(t("Propose a new buffer and comparison area"), key=edit.key("propose")):
        plan = replace(plan, areas=proposed_areas(page.dataset, plan))
    for fault in design_faults(plan):
        st.warning(t(fault))
    return plan


def _smallest_visible_drop(page: Page, edit: PlanEdit, plan: Plan) -> float | None:
    """The smallest detectable fall: as it was stated, recalculated only where areas change."""
    named = edit.saved
    if plan.areas == named.areas and named.assessment.smallest_drop is not None:
        return named.assessment.smallest_drop
    bare = replace(edit.saved, areas=plan.areas, start=plan.start, finish=plan.finish)
    return drop_by_similar_areas(page.dataset, bare) if plan.areas.treated else None


def _draw_counts(page: Page, edit: PlanEdit, plan: Plan) -> None:
    t = page.t
    frame = counts_by_area(page.dataset, plan)
    frame = frame.assign(
        name=[t(AREA_LABELS[name]) for name in frame["area"]],
        cells=[len(getattr(plan.areas, name)) for name in frame["area"]],
    )
    start, end = plan.objective.start, plan.objective.end
    if start and end:
        st.caption(t("Alerts in the areas from {start} to {end}:", start=start, end=end))
    draw_table(
        page,
        frame,
        {"name": t("Area"), "cells": t("Cells"), "n": t("Alerts")},
        key=edit.key("areas_table"),
        alt=t("Alerts by area of the plan"),
        digits={"n": 0},
        file_name="plan_areas.csv",
    )
