"""The step "how we will know": the areas on a map, the test named in advance, what it can see."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any, get_args

import streamlit as st

from analysis.plans.drafting import design_faults
from analysis.plans.evaluation import EffectTest
from analysis.report.plan import TEST_NAMES
from curim_data.model import Message, Num, Plan
from curim_data.model.plan import plan_to_json
from curim_data.studies.evaluation import STARTED, planned_test
from pages.parts.charts.tables import draw_table
from pages.parts.frame import Page
from pages.parts.interventions.form_steps import seeded, typed
from pages.parts.interventions.plan_edit import PlanEdit
from pages.parts.interventions.queries import (
    counts_by_area,
    drop_by_similar_areas,
    proposed_areas,
    smallest_drop,
)
from pages.parts.plans.areas_map import AREA_LABELS, draw_areas_map

RINGS = (1, 2, 3)
# A plan whose length differs from its baseline by more than this share gets a note.
ALIKE = 0.1


def areas_step(page: Page, edit: PlanEdit) -> Plan:
    """Areas, method, smallest visible change, review."""
    plan = edit.plan
    left, right = (st.container(), st.container()) if page.narrow else st.columns([3, 2], gap="large")
    with right:
        plan = _draw_form(page, edit, plan)
    with left:
        draw_areas_map(page, plan.areas, key=edit.key("areas_map"), span=1.0 if page.narrow else 0.6)
        _draw_counts(page, edit, plan)
    return plan


def _draw_form(page: Page, edit: PlanEdit, plan: Plan) -> Plan:
    t = page.t
    method: EffectTest = st.radio(
        t("The test, named in advance"),
        list(get_args(EffectTest)),
        format_func=lambda name: TEST_NAMES[name](t),
        key=seeded(edit.key("method"), planned_test(plan)),
    )
    plan = _draw_proposal(page, edit, plan)
    drop = _smallest_visible_drop(page, edit, plan, method)
    st.write(t(_drop_message(drop, plan.objective.baseline)))
    if (unlike := _unlike_lengths(plan)) is not None:
        st.caption(t(unlike))
    review = st.date_input(
        t("Review on"),
        format="DD/MM/YYYY",
        **typed(edit, "review", plan.assessment.review, lambda kept, day: _assessed(kept, review=day)),
    )
    note = st.text_area(
        t("A second indicator, and what else is monitored"),
        height=90,
        max_chars=1000,
        help=t("A survey of how safe people feel, police records, an evening walk."),
        **typed(edit, "note", plan.assessment.note, lambda kept, text: _assessed(kept, note=text.strip())),
    )
    return replace(
        plan,
        assessment=replace(plan.assessment, method=method, smallest_drop=drop, review=review, note=note.strip()),
    )


def _assessed(plan: Plan, **parts: Any) -> Plan:
    return replace(plan, assessment=replace(plan.assessment, **parts))


def _draw_proposal(page: Page, edit: PlanEdit, plan: Plan) -> Plan:
    """Propose the buffer and the comparison area; they may change until the start, not afterwards."""
    t = page.t
    if plan.status in STARTED:
        st.caption(t("The plan has begun: its areas stay as they were chosen before the start."))
        return plan
    rings = st.segmented_control(
        t("Width of the buffer in cells"), RINGS, default=1, key=edit.key("rings"), required=True
    )
    reasons: tuple[Message, ...] = ()
    if st.button(t("Propose a new buffer and comparison area"), key=edit.key("propose")):
        found = proposed_areas(page.dataset, json.dumps(plan_to_json(plan)), int(rings or 1))
        plan = replace(plan, areas=found[0])
        st.session_state[edit.key("reasons")] = found[1]
    reasons = st.session_state.get(edit.key("reasons"), ())
    if not plan.areas.comparison:
        reasons = (Message("There is no comparison area yet: without one nobody can say whether the plan worked."),)
    for reason in reasons:
        st.caption(t(reason))
    for fault in design_faults(plan):
        st.warning(t(fault))
    return plan


def _smallest_visible_drop(page: Page, edit: PlanEdit, plan: Plan, method: EffectTest) -> float | None:
    """The smallest detectable fall: as it was stated, recalculated only where areas or test change."""
    named = edit.saved
    if plan.areas == named.areas and method == named.assessment.method and named.assessment.smallest_drop is not None:
        return named.assessment.smallest_drop
    counts = counts_by_area(page.dataset, json.dumps(plan_to_json(plan)))
    known = {name: n for name, n in zip(counts["area"], counts["n"], strict=True) if n == n}
    treated = known.get("treated", plan.objective.baseline)
    if "treated" in known and plan.areas.treated:
        bare = replace(edit.saved, areas=plan.areas, start=plan.start, finish=plan.finish)
        by_similar = drop_by_similar_areas(page.dataset, json.dumps(plan_to_json(bare)))
        if by_similar is not None:
            return by_similar
    return smallest_drop(float(treated), float(known.get("comparison", treated)), method)


def _drop_message(drop: float | None, baseline: float) -> Message:
    if drop is None:
        return Message(
            "With so few alerts not even a complete stop would be detected: widen the area or agree on a second "
            "indicator."
        )
    if not baseline:
        return Message(
            "The smallest fall that would be detected four times in five: {alerts}.", {"alerts": math.ceil(drop)}
        )
    return Message(
        "The smallest fall that would be detected four times in five: {alerts} of {baseline} alerts ({share} %).",
        {"alerts": math.ceil(drop), "baseline": round(baseline), "share": Num(100 * drop / baseline, 0)},
    )


def _unlike_lengths(plan: Plan) -> Message | None:
    """That plan and baseline are not about as long, where they are not."""
    aim = plan.objective
    if not (plan.start and plan.finish and aim.start and aim.end):
        return None
    runs, counted = (plan.finish - plan.start).days + 1, (aim.end - aim.start).days + 1
    if abs(runs - counted) <= ALIKE * counted:
        return None
    return Message(
        "The plan runs for {days} days, its baseline covers {counted}: target and smallest fall apply to a period as "
        "long as the baseline.",
        {"days": max(runs, 0), "counted": counted},
    )


def _draw_counts(page: Page, edit: PlanEdit, plan: Plan) -> None:
    t = page.t
    frame = counts_by_area(page.dataset, json.dumps(plan_to_json(plan)))
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
