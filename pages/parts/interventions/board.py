"""The board of interventions: what is drafted, decided, running, finished, evaluated; and where a new draft begins."""

from __future__ import annotations

import streamlit as st

from curim_data import query
from curim_data.model import Plan, PlanStatus, Translator
from curim_data.model.plan import STATUS_WORDS
from curim_data.studies.evaluation import Standing, plan_progress
from pages.parts.frame import Page, escape_markdown
from pages.parts.interventions.plan_edit import draft_spots
from pages.parts.plans import may_edit, plan_store, reference_day, translated_plan

BOARD = (PlanStatus.DRAFT, PlanStatus.DECIDED, PlanStatus.RUNNING, PlanStatus.FINISHED, PlanStatus.EVALUATED)
SIDE_BY_SIDE_FROM = 1100


def draw_board(page: Page) -> None:
    """The board and, for those who may write, the way to a new draft."""
    st.title(page.t("Interventions"))
    kept = [translated_plan(page, plan) for plan in plan_store(page).list()]
    st.write(_summary(page, kept))
    if may_edit(page):
        _draw_new_plan(page)
    if page.width >= SIDE_BY_SIDE_FROM:
        for column, status in zip(st.columns(len(BOARD), gap="small"), BOARD, strict=True):
            with column:
                _draw_status(page, status, kept)
    else:
        for status in BOARD:
            if any(plan.status is status for plan in kept):
                _draw_status(page, status, kept)
    if dropped := [plan for plan in kept if plan.status is PlanStatus.DROPPED]:
        with st.expander(page.t.n("{n} plan was not pursued", "{n} plans were not pursued", len(dropped))):
            for plan in dropped:
                _draw_card(page, plan)


def _summary(page: Page, kept: list[Plan]) -> str:
    t = page.t
    live = [plan for plan in kept if plan.status is not PlanStatus.DROPPED]
    if not live:
        return t("There are no plans yet.")
    standings = [plan_progress(plan, reference_day(page)).standing for plan in live]
    late, due = standings.count(Standing.LATE), standings.count(Standing.DUE)
    facts = (
        (True, t.n("{n} plan", "{n} plans", len(live))),
        (late, t.n("{n} is late", "{n} are late", late)),
        (due, t.n("{n} is due for evaluation", "{n} are due for evaluation", due)),
    )
    return t("{facts}.", facts=" · ".join(words for said, words in facts if said))


def _draw_status(page: Page, status: PlanStatus, kept: list[Plan]) -> None:
    t = page.t
    here = [plan for plan in kept if plan.status is status]
    st.markdown(f"**{t(STATUS_WORDS[status])}** :gray[{t.number(len(here))}]")
    for plan in here:
        _draw_card(page, plan)


def _draw_card(page: Page, plan: Plan) -> None:
    t = page.t
    with st.container(border=True, gap="xsmall", key=f"plan_card_{plan.id}"):
        st.markdown("**" + (escape_markdown(plan.title) or t("Without a title")) + "**")
        place = t.label(plan.problem.names)
        if place:
            st.caption(escape_markdown(place))
        st.caption(escape_markdown(plan.lead) or t("Lead to be named"))
        if plan.start and plan.finish:
            start, finish = (t.date(day, "LLL y") for day in (plan.start, plan.finish))
            st.caption(f"{start} – {finish}")
        st.markdown(f":small[{standing_markdown(t, plan, page)}]")
        if plan.result:
            st.caption(escape_markdown(t.label(plan.result)))
        st.button(
            t("Open"),
            key=f"plan_open_{plan.id}",
            help=t("Open: {title}", title=escape_markdown(plan.title)),
            on_click=_go_to,
            args=("plan", plan.id),
        )


def standing_markdown(t: Translator, plan: Plan, page: Page) -> str:
    """How a plan stands, as Markdown: what is late in the accent colour, what is due in the structure's."""
    found = plan_progress(plan, reference_day(page))
    sentence = escape_markdown(t(found.message))
    match found.standing:
        case Standing.LATE:
            return ":orange[**" + t("Late") + f".** {sentence}]"
        case Standing.DUE:
            return f":blue[**{sentence}**]"
        case Standing.ON_TIME:
            return t("On time. {told}", told=sentence)
    return f":gray[{sentence}]"


def _draw_new_plan(page: Page) -> None:
    t = page.t
    with st.expander(t("Draft a new plan"), icon=":material/add:"):
        spots = draft_spots(page.dataset, page.filter)
        st.caption(escape_markdown(query.sentence(page.alerts, page.filter, t)))
        if not spots:
            st.write(t("There is no hot spot under this filter. Choose a wider one on the page of hot spots."))
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            names = [name(t) for _, name, _ in spots]

            def named(i: int) -> str:
                return t.n("{place} ({n} alert)", "{place} ({n} alerts)", spots[i][2], place=names[i])

            chosen = st.selectbox(
                t("Hot spot"),
                range(len(spots)),
                format_func=named,
                key="plan_new_spot",
            )
            st.button(
                t("Draft a plan"),
                type="primary",
                key="plan_new",
                on_click=_go_to,
                args=("draft", ",".join(spots[chosen][0])),
            )


def _go_to(word: str, value: str) -> None:
    """Let the address name a plan ("plan"), or the cells of a new one ("draft")."""
    for other in ("plan", "draft"):
        st.query_params.pop(other, None)
    st.query_params[word] = value
