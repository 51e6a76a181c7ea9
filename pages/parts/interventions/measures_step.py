"""The step of measures: the catalogue ranked for this problem, each with what is known of it and how well."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from analysis.plans.evidence import (
    Fit,
    Measure,
    catalogue,
    done_in,
    effect_text,
    find_measure,
    measures_of_kind,
    quality_text,
    rank_measures,
    setting_text,
)
from analysis.spots.profile import without_category
from curim_data.model import Kind, Plan, Translator
from curim_data.model.absence import ADD_CATEGORY, NO_CATEGORY
from curim_data.model.labels import category_label, inline, kind_label
from pages.parts.frame import Page, escape_with_commands
from pages.parts.interventions.form_steps import seeded
from pages.parts.interventions.plan_edit import PlanEdit

AT_ONCE = 4
MOST_NAMED = 6


def measures_step(page: Page, edit: PlanEdit) -> Plan:
    """Choose measures; their effects are never added up."""
    t, plan = page.t, edit.plan
    fits = rank_measures(plan.problem)
    if ranked := bool(fits):
        st.write(t("Ranked by how well they fit the problem. Choose one or more; their effects are not added up."))
    else:
        fits = measures_of_kind(plan.problem)
        st.warning(_unranked(page, plan))
    chosen: list[str] = []
    founded = [fit for fit in fits if fit.measure.direction == "helps" and fit.measure.value is not None]
    shelves = (
        (t("Studies give a number"), founded),
        (t("No usable number"), [fit for fit in fits if fit not in founded and fit.caution is None]),
        (t("With caution"), [fit for fit in fits if fit.caution is not None]),
    )
    for title, shelf in shelves:
        if shelf:
            st.subheader(title)
            chosen += _draw_measures(page, edit, shelf[:AT_ONCE])
            if rest := shelf[AT_ONCE:]:
                with st.expander(_rest_label(t, len(rest), ranked=ranked)):
                    chosen += _draw_measures(page, edit, rest)
    fitting = {fit.measure.id for fit in fits}
    others_known = [item.id for item in catalogue() if item.id not in fitting]
    with st.expander(t("Measures for other problems")):
        others = st.multiselect(
            t("Choose from the rest of the catalogue"),
            others_known,
            format_func=lambda name: t(_measure_name(name)),
            key=seeded(edit.key("others"), [name for name in plan.measures if name in others_known]),
            placeholder=t("None"),
            select_all=False,
        )
        for name in others:
            if (found := find_measure(name)) is not None:
                _draw_facts(page, found)
    st.caption(
        t(
            "Effects were measured on recorded crime, most in the United States and Britain; CURiM counts alerts "
            "that citizens report."
        )
    )
    order = {name: number for number, name in enumerate(plan.measures)}
    picked = sorted([*chosen, *others], key=lambda name: order.get(name, len(order)))
    return replace(plan, measures=tuple(picked))


def _rest_label(t: Translator, n: int, *, ranked: bool) -> str:
    if ranked:
        return t.n("{n} more that fits less", "{n} more that fit less", n)
    return t.n("{n} more measure", "{n} more measures", n)


def _unranked(page: Page, plan: Plan) -> str:
    """Why no measure is ranked, what stands below instead, and how to have them ranked."""
    t, problem = page.t, plan.problem
    if without_category(problem.categories) or not problem.categories:
        sentences = [t("Measures are ranked by the categories of the alerts."), t(NO_CATEGORY), t(ADD_CATEGORY)]
    else:
        names = [category_label(t, page.city, part.id) for part in problem.categories[:MOST_NAMED]]
        sentences = [
            t("The catalogue has no measure made for these categories: {categories}.", categories=t.join(names))
        ]
    if problem.kinds:
        kinds = [inline(kind_label(t, Kind(kind))) for kind in problem.kinds]
        sentences.append(
            t(
                "Below, not ranked, are the measures for problems of the same kind ({kinds}). Choose one or more; "
                "their effects are not added up.",
                kinds=t.join(kinds),
            )
        )
    else:
        sentences.append(
            t("Below is the whole catalogue, not ranked. Choose one or more; their effects are not added up.")
        )
    return escape_with_commands(" ".join(sentences))


def _measure_name(name: str) -> str:
    found = find_measure(name)
    return found.name if found else name


def _draw_measures(page: Page, edit: PlanEdit, shelf: list[Fit]) -> list[str]:
    chosen = []
    columns = st.columns(1 if page.width < 1000 else 2, gap="medium")
    for number, fit in enumerate(shelf):
        with columns[number % len(columns)]:
            if _draw_card(page, edit, fit):
                chosen.append(fit.measure.id)
    return chosen


def _draw_card(page: Page, edit: PlanEdit, fit: Fit) -> bool:
    t, item = page.t, fit.measure
    with st.container(border=True, gap="xsmall"):
        picked = st.checkbox(
            f"**{t(item.name)}**", key=seeded(edit.key(f"measure_{item.id}"), item.id in edit.plan.measures)
        )
        if fit.caution is not None:
            st.markdown(f":orange[**{t(fit.caution)}**]")
        st.write(t(item.mechanism))
        st.markdown(f"{effect_text(item, t)}. {t(item.outcome)}")
        st.caption(
            t(
                "Evidence: {quality}. {reason}",
                quality=quality_text(item, t),
                reason=t(item.quality_reason),
            )
        )
        if done := done_in(item, page.city):
            st.caption(t("Done before in this city: {what}", what=t(done)))
        with st.popover(t("More"), type="tertiary"):
            for reason in fit.reasons:
                st.markdown(f"- {t(reason)}")
            _draw_notes(page, item)
    return picked


def _draw_facts(page: Page, item: Measure) -> None:
    t = page.t
    st.markdown(f"**{t(item.name)}.** {t(item.mechanism)} {effect_text(item, t)}. {t(item.outcome)}")
    st.caption(t("Evidence: {quality}. {reason}", quality=quality_text(item, t), reason=t(item.quality_reason)))
    _draw_notes(page, item)


def _draw_notes(page: Page, item: Measure) -> None:
    t = page.t
    notes = [
        (t("Fear of crime"), t(item.fear) or t("not studied, as far as we know")),
        (t("Did it move next door?"), t(item.displacement) or t("not studied, as far as we know")),
        (t("Women and men"), t(item.gender_note)),
        (t("Where"), setting_text(item, t)),
    ]
    for name, text in notes:
        if text:
            st.markdown(t.pair(f"**{name}**", text))
    source = item.citation if item.verified == "yes" else t("{source} (read in a summary)", source=item.citation)
    st.caption(t("Source: {source}", source=source))
    st.code(item.url, language=None, wrap_lines=True)
