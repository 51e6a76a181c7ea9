"""Steps of a plan that are forms: problem, objective, who and when, gender check.

Each takes the open plan and gives it back with what the reader changed. A widget begins with the plan's value and
keeps its own from then on; a step that is left drops its widgets and finds its values in the plan again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from analysis.plans.drafting import (
    applicable_drop,
    caution_messages,
    gender_sentence,
    harm_questions,
    objective_sentence,
    old_baseline,
    plan_warnings,
    problem_statement,
)
from analysis.plans.evidence import find_measure
from curim_data.model import LANGUAGES, Message, Plan, translator
from curim_data.model.i18n import LANGUAGE_NAMES
from curim_data.model.plan import Action, GenderCheck
from curim_data.privacy import HOW_TO_ADD, help_lines
from pages.parts.frame import Page, escape_markdown
from pages.parts.interventions.plan_edit import PlanEdit, keep_typed

HIGHEST_BUDGET = 100_000_000


def seeded(key: str, value: Any) -> str:
    """The key of a widget that begins with a value."""
    if key not in st.session_state:
        st.session_state[key] = value
    return key


def typed(edit: PlanEdit, name: str, value: Any, change: Callable[[Plan, Any], Plan]) -> dict[str, Any]:
    """Settings of a widget that begins with a value, and whose input goes into the plan at once (`change`)."""
    key = seeded(edit.key(name), value)
    return {"key": key, "on_change": keep_typed, "args": (key, change)}


def problem_step(page: Page, edit: PlanEdit) -> Plan:
    """The problem in words, in each language."""
    t, plan = page.t, edit.plan
    title = st.text_input(
        t("Title"),
        max_chars=120,
        **typed(edit, "title", plan.title, lambda kept, text: replace(kept, title=text.strip())),
    )
    statement = dict(plan.statement)
    for lang in (t.lang, *(other for other in LANGUAGES if other != t.lang)):
        if lang == t.lang:
            statement[lang] = _statement(page, edit, lang, t("The problem in words"))
            for caution in caution_messages(plan.problem):
                st.caption(escape_markdown(t(caution)))
            others = st.expander(t("The same in the other languages"))
        else:
            with others:
                statement[lang] = _statement(page, edit, lang, LANGUAGE_NAMES[lang])

    def rewrite() -> None:
        for lang in LANGUAGES:
            st.session_state[edit.key(f"statement_{lang}")] = problem_statement(
                plan.problem, translator(lang), page.city
            )

    st.button(t("Rewrite it from the data"), key=edit.key("anew"), type="tertiary", on_click=rewrite)
    st.caption(
        t(
            "Written from the alerts of the place. You may change every word; the figures of the plan stay as they "
            "were counted: in the protected copy, because the council reads it."
        )
    )
    return replace(plan, title=title.strip(), statement=statement)


def _statement(page: Page, edit: PlanEdit, lang: str, label: str) -> str:
    plan = edit.plan
    written = plan.statement.get(lang) or problem_statement(plan.problem, translator(lang), page.city)

    def change(kept: Plan, text: str) -> Plan:
        return replace(kept, statement={**kept.statement, lang: text})

    text: str = st.text_area(label, height=170, max_chars=4000, **typed(edit, f"statement_{lang}", written, change))
    return text


def objective_step(page: Page, edit: PlanEdit) -> Plan:
    """Baseline, target and date, and the sentence that they make."""
    t, plan = page.t, edit.plan
    aim, problem = plan.objective, plan.problem
    chosen = [found for name in plan.measures if (found := find_measure(name)) is not None]
    drop = applicable_drop(problem, chosen, aim.baseline)
    if aim.start and aim.end:
        st.write(
            t.n(
                "Baseline: {n} alert from {start} to {end}.",
                "Baseline: {n} alerts from {start} to {end}.",
                round(aim.baseline),
                start=aim.start,
                end=aim.end,
            )
        )
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
    highest = max(round(aim.baseline), 0)
    with left:
        target = st.number_input(
            t("Target: alerts in a period of the same length"),
            min_value=0,
            max_value=highest,
            step=1,
            value=None,
            placeholder=t("to be set"),
            **typed(
                edit,
                "target",
                None if aim.target is None else min(round(aim.target), highest),
                lambda kept, n: _aimed(kept, target=None if n is None else float(n)),
            ),
        )
    with right:
        by = st.date_input(
            t("Reached by"), format="DD/MM/YYYY", **typed(edit, "by", aim.by, lambda kept, day: _aimed(kept, by=day))
        )
    made = replace(aim, target=None if target is None else float(target), by=by)
    own = st.text_input(
        t("In your own words, where the sentence below does not fit"),
        max_chars=400,
        **typed(edit, "aim", aim.text, lambda kept, text: _aimed(kept, text=text.strip())),
    ).strip()
    sentence = own or objective_sentence(made, problem, t)
    if sentence:
        st.markdown(f"#### {escape_markdown(sentence)}")
    _draw_old_baseline(page, plan)
    _draw_warnings(
        page,
        plan,
        made.target,
        [t(warning) for warning in plan_warnings(problem, chosen, drop, plan.assessment.smallest_drop)],
    )
    return replace(plan, objective=replace(made, text=own))


def _aimed(plan: Plan, **parts: Any) -> Plan:
    return replace(plan, objective=replace(plan.objective, **parts))


def _draw_old_baseline(page: Page, plan: Plan) -> None:
    if (old := old_baseline(plan)) is not None:
        st.warning(page.t(old))


def _draw_warnings(page: Page, plan: Plan, target: float | None, others: list[str]) -> None:
    t, seen = page.t, plan.assessment.smallest_drop
    if target is not None and seen is not None and plan.objective.baseline - target < seen:
        st.warning(
            t(
                "This target is {drop} alerts fewer. A fall of less than about {seen} could not be distinguished "
                "from chance: neither reaching the target nor missing it would prove anything.",
                drop=round(plan.objective.baseline - target),
                seen=-int(-seen // 1),
            )
        )
    for line in others:
        st.caption(escape_markdown(line))


def work_step(page: Page, edit: PlanEdit) -> Plan:
    """Lead, partners, dates, steps, budget, outputs."""
    t, plan = page.t, edit.plan
    left, right = st.columns(2)
    with left:
        lead = st.text_input(
            t("Lead"),
            max_chars=120,
            **typed(edit, "lead", plan.lead, lambda kept, text: replace(kept, lead=text.strip())),
        )
        start = st.date_input(
            t("Begins"),
            format="DD/MM/YYYY",
            **typed(edit, "start", plan.start, lambda kept, day: replace(kept, start=day)),
        )
        budget = st.number_input(
            t("Budget in euros"),
            min_value=0,
            max_value=HIGHEST_BUDGET,
            step=500,
            value=None,
            placeholder=t("to be set"),
            **typed(
                edit,
                "budget",
                None if plan.budget is None else round(plan.budget),
                lambda kept, n: replace(kept, budget=None if n is None else float(n)),
            ),
        )
    with right:
        # A list that takes new names forgets one that was typed and left without Enter; a text keeps it.
        partners = st.text_area(
            t("Partners, one a line"),
            height=100,
            max_chars=2000,
            **typed(
                edit, "partners", "\n".join(plan.partners), lambda kept, text: replace(kept, partners=_lines(text))
            ),
        )
        finish = st.date_input(
            t("Ends"),
            format="DD/MM/YYYY",
            **typed(edit, "finish", plan.finish, lambda kept, day: replace(kept, finish=day)),
        )
    _draw_old_baseline(page, replace(plan, start=start))
    if start and finish and finish < start:
        st.warning(t("The plan ends before it begins."))
    st.markdown("**" + t("Steps") + "**")
    actions = _actions(page, edit)
    outputs = st.text_area(
        t("What will have been done at the end"),
        max_chars=1000,
        **typed(edit, "outputs", plan.outputs, lambda kept, text: replace(kept, outputs=text.strip())),
    )
    return replace(
        plan,
        lead=lead.strip(),
        partners=_lines(partners),
        start=start,
        finish=finish,
        actions=actions,
        budget=None if budget is None else float(budget),
        outputs=outputs.strip(),
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
    frame["due"] = pd.to_datetime(frame["due"])
    width: Any = "small" if page.narrow else "large"
    edited = st.data_editor(
        frame,
        key=key,
        num_rows="dynamic",
        hide_index=True,
        column_config={
            "what": st.column_config.TextColumn(t("Step"), width=width, max_chars=200, default=""),
            "who": st.column_config.TextColumn(t("Who"), max_chars=80, default=""),
            "due": st.column_config.DateColumn(t("Until"), format="DD/MM/YYYY"),
            "done": st.column_config.CheckboxColumn(t("Done"), default=False),
        },
    )
    found = []
    for row in edited.to_dict("records"):
        due = None if pd.isna(row["due"]) else pd.Timestamp(row["due"]).date()
        what, who = (str(row[name] or "").strip() for name in ("what", "who"))
        if what or who:
            found.append(Action(what, who, due, bool(row["done"])))
    return tuple(found)


def gender_step(page: Page, edit: PlanEdit) -> Plan:
    """Who is affected and was asked, what is aimed at for whom, what harm could follow."""
    t, plan = page.t, edit.plan
    st.write(escape_markdown(gender_sentence(plan.problem, t)))
    questions = {
        "affected": t("Who is affected, women and men?"),
        "consulted": t("Who was asked, and how?"),
        "target": t("What is the aim for women and for men?"),
        "harm": t("What harm could follow, and how is it watched?"),
    }
    answers = {name: _answer(edit, name, label) for name, label in questions.items()}
    st.markdown("**" + t("Questions to answer before the decision") + "**")
    st.markdown("\n".join(f"- {t(question)}" for question in harm_questions(plan.problem)))
    lines = help_lines(page.city, t)
    st.caption(escape_markdown(t("Help lines: {lines}.", lines="; ".join(lines)) if lines else t(HOW_TO_ADD)))
    return replace(plan, gender_check=GenderCheck(**answers))


def _answer(edit: PlanEdit, name: str, label: str) -> str:
    def change(kept: Plan, text: str) -> Plan:
        return replace(kept, gender_check=replace(kept.gender_check, **{name: text.strip()}))

    written = getattr(edit.plan.gender_check, name)
    text: str = st.text_area(label, height=90, max_chars=1000, **typed(edit, f"check_{name}", written, change))
    return text.strip()


def missing_points(plan: Plan) -> tuple[Message, ...]:
    """What a plan lacks before it can be decided."""
    check = plan.gender_check
    tests: list[tuple[bool, Message]] = [
        (not plan.measures, Message("measures")),
        (plan.objective.target is None, Message("target")),
        (not plan.lead, Message("lead")),
        (plan.start is None or plan.finish is None, Message("dates")),
        (not plan.areas.comparison, Message("comparison area")),
        (_past(plan.assessment.review, plan.finish), Message("review date")),
        (not (check.consulted and check.harm), Message("gender check")),
    ]
    return tuple(point for lacks, point in tests if lacks)


def _past(review: dt.date | None, finish: dt.date | None) -> bool:
    return review is None or (finish is not None and review < finish)
