"""The Evaluation page: what became of a plan, the sentence first, then counts, tests with intervals, and cautions.

Public: `draw_evaluation_page`, called by pages/evaluation.py.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace

import pandas as pd
import streamlit as st

from analysis.plans.evaluation import Evaluation
from analysis.stats.intervals import UNKNOWN, Estimate
from curim_data.model import Audience, Gender, Message, Plan, PlanStatus, Translator, gender_label, inline
from curim_data.model.plan import MOVES, STATUS_WORDS, Objective, Problem
from curim_data.plans.plan_store import PlanProblem
from curim_data.plans.record import Deed
from curim_data.studies.evaluation import (
    ALSO_OF_THE_COPY,
    AREAS,
    OF_THE_ALERTS,
    OF_THE_COPY,
    PERIODS,
    STARTED,
    PlanEvaluation,
    evaluation_filter,
    evaluation_obstacle,
    evaluation_study,
    harm_ratio,
    outcome_sentence,
    plan_timing,
    result_texts,
    windows_sentence,
)
from curim_data.studies.hot_spots import weights_offered
from pages.parts.charts import (
    Figure,
    base_figure,
    download_button,
    draw_chart,
    draw_table,
    drawn_counts,
    forest_figure,
    time_axis,
    without_small,
    written_count,
)
from pages.parts.frame import (
    Page,
    dataset_for,
    draw_whole_choice,
    escape_markdown,
    page_link,
    palette,
    record,
    shared,
)
from pages.parts.plans import (
    AREA_LABELS,
    ask_author,
    author_name,
    draw_areas_map,
    may_edit,
    plan_store,
    translated_plan,
)

plan_evaluation = shared(evaluation_study, Message("Evaluating the plan"))
plan_harm = shared(harm_ratio, Message("Evaluating the plan"))
ORDER = (PlanStatus.FINISHED, PlanStatus.EVALUATED, PlanStatus.RUNNING, PlanStatus.DECIDED, PlanStatus.DRAFT)


def evaluated_part(plan: Plan) -> Plan:
    """What an evaluation depends on: the plan without its words."""
    return Plan(
        status=plan.status,
        problem=Problem(query=plan.problem.query),
        objective=Objective(start=plan.objective.start, end=plan.objective.end),
        start=plan.start,
        finish=plan.finish,
        areas=plan.areas,
        assessment=plan.assessment,
    )


def before_after_figure(page: Page, counts: pd.DataFrame) -> Figure:
    """Bars of each area before (grey) and after (blue). `counts`: columns area, period, n."""
    t, colours = page.t, palette(page.theme)
    figure = base_figure(t, colours, height=230, barmode="group", bargap=0.35, bargroupgap=0.08, showlegend=True)
    counts = counts.assign(n=drawn_counts(page, counts["n"]))
    looks = {"before": (t("before"), colours.withheld), "after": (t("after"), colours.sea_blue)}
    shown = [name for name in AREAS if name in set(counts["area"])]
    for period in PERIODS:
        (name, shade), part = looks[period], counts[counts["period"] == period].set_index("area").reindex(shown)
        figure.add_bar(
            x=[t(AREA_LABELS[name]) for name in shown],
            y=part["n"],
            name=name,
            marker={"color": shade, "cornerradius": 3},
            text=[written_count(page, n) for n in part["n"]],
            textposition="outside",
            cliponaxis=False,
            hoverinfo="skip",
        )
    figure.update_yaxes(visible=False, rangemode="tozero")
    return figure


def months_figure(page: Page, months: pd.DataFrame, start: dt.date) -> Figure:
    """A line for each area by month, the start marked. `months`: columns area, month, n."""
    t, colours = page.t, palette(page.theme)
    months = months.assign(n=drawn_counts(page, months["n"]))
    figure = base_figure(t, colours, height=280, showlegend=True)
    looks: dict[str, dict[str, object]] = {
        "treated": {"color": colours.sea_blue, "width": 2.4},
        "comparison": {"color": colours.accent, "width": 1.8},
        "buffer": {"color": colours.muted, "width": 1.6, "dash": "dot"},
    }
    for name, look in looks.items():
        part = months[months["area"] == name].sort_values("month")
        label, days = t(AREA_LABELS[name]), pd.to_datetime(part["month"])
        if part.empty:
            continue
        figure.add_scatter(
            x=days,
            y=part["n"],
            mode="lines",
            line=look,
            name=label,
            hovertext=[
                t.pair(f"{label}, {t.date(day.date(), 'LLLL y')}", written_count(page, n))
                for day, n in zip(days, part["n"], strict=True)
            ],
            hoverinfo="text",
        )
    figure.add_vline(x=start.isoformat(), line={"color": colours.muted, "width": 1, "dash": "dash"})
    figure.add_annotation(
        x=start.isoformat(),
        y=1,
        yref="paper",
        yanchor="top",
        xanchor="left",
        xshift=4,
        text=t("start"),
        font={"color": colours.muted},
    )
    time_axis(figure, t, pd.to_datetime(months["month"]), compact=page.narrow)
    figure.update_yaxes(rangemode="tozero")
    return figure


def draw_evaluation_page(page: Page) -> None:
    """Choose a plan and see what became of it."""
    t = page.t
    st.title(t("Evaluation"))
    kept = [plan for plan in plan_store(page).list() if plan.status in ORDER]
    if not kept:
        st.write(t("There are no plans yet. A plan that has begun can be evaluated here."))
        page_link(page, "interventions", t("Interventions"))
        return
    plan = _choose_plan(page, sorted(kept, key=lambda p: ORDER.index(p.status)))
    if (why := evaluation_obstacle(page.alerts, plan)) is not None:
        st.write(t(why))
        page_link(page, "interventions", t("Open the plan"), plan=plan.id)
        return
    timing = plan_timing(plan, plan_store(page).history(plan.id), page.city.timezone)
    study = plan_evaluation(page.dataset, evaluated_part(plan), timing)
    _draw_outcome(page, plan, study)
    _draw_before_after(page, plan, study)
    _draw_tests(page, plan, study)
    _draw_months(page, plan, study)
    _draw_genders(page, study)
    _draw_cautions(page, study)
    if may_edit(page):
        _draw_keep_result(page, plan, study)


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


def _draw_outcome(page: Page, plan: Plan, study: PlanEvaluation) -> None:
    t = page.t
    st.subheader(outcome_sentence(study, t))
    if study.verdict is not None and (returned := study.verdict.return_sentence(t)):
        st.write(returned)
    windows, asked = study.windows, evaluation_filter(page.alerts, plan)
    st.caption(f"{windows_sentence(windows, t)} {study.timing.sentence(t)}")
    st.caption(
        escape_markdown(
            asked.sentence(t, page.city, dates=(windows.before[0], windows.after[1]), by_month=windows.by_month)
        )
    )
    if plan.result:
        st.caption(t("Saved with the plan: {result}", result=escape_markdown(t.label(plan.result))))


def _draw_before_after(page: Page, plan: Plan, study: PlanEvaluation) -> None:
    t = page.t
    # On a phone the map comes first, then the figures.
    right, left = (st.container(), st.container()) if page.narrow else reversed(st.columns(2, gap="large"))
    frame = study.counts.frame
    wide = frame.pivot_table(index="area", columns="period", values="n", aggfunc="sum", min_count=1, dropna=False)
    wide = wide.reindex(index=[name for name in AREAS if name in wide.index], columns=["before", "after"])
    days = study.windows.lengths
    wide["change"] = wide["after"] / days[1] / (wide["before"] / days[0]) - 1
    wide, digits = without_small(page, wide, ("before", "after"), "change")
    wide = wide.reset_index().assign(name=lambda part: [t(AREA_LABELS[name]) for name in part["area"]])
    with left:
        draw_chart(
            page,
            before_after_figure(page, frame),
            key="evaluation_bars",
            alt=t("Alerts before and after in each area; the figures are in the table below."),
        )
        draw_table(
            page,
            wide,
            {"name": t("Area"), "before": t("Before"), "after": t("After"), "change": t("Change")},
            key="evaluation_counts",
            alt=t("Alerts before and after by area"),
            digits=digits,
            percent={"change": 0},
            signed={"change": 0},
            file_name="evaluation_counts.csv",
        )
        if OF_THE_COPY in study.choices:
            st.caption(t(OF_THE_COPY.explanation))
    with right:
        draw_areas_map(page, plan.areas, key="evaluation_map", span=1.0 if page.narrow else 0.5)


def _draw_tests(page: Page, plan: Plan, study: PlanEvaluation) -> None:
    t, result = page.t, study.result
    if result is None:
        return
    st.subheader(t("How certain"))
    rows = [
        *_verdict_rows(t, study),
        *_harm_rows(page, plan, study),
        *_comparison_rows(t, result),
        *_displacement_rows(t, plan, result),
    ]
    frame = pd.DataFrame(rows, columns=[t("What"), t("Value"), t("95 % interval")])
    st.table(frame, hide_index=True)
    download_button(page, frame, "evaluation_tests.csv", key="evaluation_tests_download")
    for choice in study.choices:
        st.caption(t(OF_THE_ALERTS if choice == OF_THE_COPY else choice.explanation))
    if study.verdict is not None and study.verdict.unknown is not None:
        st.caption(t("These intervals suppose that alerts are independent of each other; they only describe."))


def _verdict_rows(t: Translator, study: PlanEvaluation) -> list[tuple[str, str, str]]:
    """What the verdict rests on: the ratio and the alerts against what similar areas let expect."""
    verdict = study.verdict
    if verdict is None or verdict.unknown is not None:
        return []
    ratio = verdict.ratio
    limits = (verdict.expected * (limit - 1) for limit in (ratio.low, ratio.high))
    alerts = Estimate(verdict.observed - verdict.expected, *limits)
    found = [
        (t("Ratio to the number expected from similar areas (1: no change)"), *_estimate_words(t, ratio, 2)),
        (t("Alerts more or fewer than expected from similar areas"), *_estimate_words(t, alerts, 0)),
    ]
    return found if verdict.test == "ratio" else found[::-1]


def _harm_rows(page: Page, plan: Plan, study: PlanEvaluation) -> list[tuple[str, str, str]]:
    """The ratio with alerts weighed by harm, where it is asked for by somebody who sees exact counts."""
    t = page.t
    if study.verdict is None or study.verdict.unknown is not None:
        return []
    toggles = {
        "severity": (
            "evaluation_harm",
            t("Weigh alerts by severity too"),
            t("Ratio to the expected severity, summed over alerts"),
        ),
        "harm": (
            "evaluation_harm_index",
            t("Weigh alerts by the city's harm index too"),
            t("Ratio to the expected harm index, summed over alerts"),
        ),
    }
    rows = []
    for by in weights_offered(page.alerts):
        key, ask, what = toggles[by]
        if st.toggle(ask, key=key):
            ratio = plan_harm(page.dataset, evaluated_part(plan), by)
            rows.append((what, *_estimate_words(t, ratio or UNKNOWN, 2)))
    return rows


def _comparison_rows(t: Translator, result: Evaluation) -> list[tuple[str, str, str]]:
    """The comparison area alone, by the three tests that a plan can name."""
    found: dict[str, tuple[str, tuple[str, str]]] = {
        "difference": (
            t("Alerts more or fewer than expected from the comparison area alone"),
            _estimate_words(t, result.difference, 0),
        ),
        "ratio": (
            t("Ratio to the number expected from the comparison area alone"),
            _estimate_words(t, result.ratio, 2),
        ),
        "wdd": (t("Weighted displacement difference as published"), _estimate_words(t, result.published, 0)),
    }
    named, figures = found.pop(result.test)
    return [
        (t("{what}: the test named in advance", what=named), *figures),
        *((what, *other) for what, other in found.values()),
    ]


def _displacement_rows(t: Translator, plan: Plan, result: Evaluation) -> list[tuple[str, str, str]]:
    """Rows on the buffer: none without one."""
    if not plan.areas.buffer or result.total is None:
        return []
    return [
        (t("Alerts more or fewer than expected, with the buffer"), *_estimate_words(t, result.total, 0)),
        (t("Ratio in the buffer (above 1: the problem may have moved)"), *_estimate_words(t, result.moved, 2)),
        (
            t("Displacement quotient (above 0: benefit may have spread)"),
            t("not computable") if result.quotient is None else t.number(result.quotient, 2),
            t("not computed"),
        ),
    ]


def _estimate_words(t: Translator, estimate: Estimate, digits: int) -> tuple[str, str]:
    if not estimate.known:
        return t("not computable"), t("none")
    value, low, high = (t.number(end, digits) for end in (estimate.value, estimate.low, estimate.high))
    return value, t("{low} to {high}", low=low, high=high)


def _draw_months(page: Page, plan: Plan, study: PlanEvaluation) -> None:
    if plan.start is None:
        return
    st.subheader(page.t("Month by month"))
    months = study.months.frame
    draw_chart(
        page,
        months_figure(page, months, plan.start),
        key="evaluation_months",
        alt=page.t("Alerts by month in the treated area, the buffer and the comparison area, with the start marked"),
        data=months,
        file_name="evaluation_months.csv",
    )
    _draw_whose(page, study)


def _draw_whose(page: Page, study: PlanEvaluation) -> None:
    """Whose numbers a figure below the verdict shows, where they are not those of the plan's own areas."""
    if OF_THE_COPY in study.choices:
        st.caption(page.t(ALSO_OF_THE_COPY))


def _draw_genders(page: Page, study: PlanEvaluation) -> None:
    t = page.t
    frame = study.genders.sort_values("gender", key=lambda codes: codes.map({g.value: i for i, g in enumerate(Gender)}))
    st.subheader(t("For women and for men"))
    frame = frame.assign(label=[gender_label(t, code) for code in frame["gender"]])
    derived = ("difference", "low", "high", "ratio", "ratio_low", "ratio_high")
    labelled, digits = without_small(page, frame, ("before", "after"), *derived)
    known = labelled.dropna(subset=["ratio"]).drop(columns=["low", "high"])
    known = known.rename(columns={"ratio": "value", "ratio_low": "low", "ratio_high": "high"})
    if len(known):
        draw_chart(
            page,
            forest_figure(page, known, digits=2),
            key="evaluation_genders",
            alt=t("Ratio to what was expected by gender of the person affected, with intervals"),
        )
    headings = {
        "label": t("Affected"),
        "before": t("Before"),
        "after": t("After"),
        "difference": t("More or fewer than expected"),
        "low": t("from"),
        "high": t("to"),
        "ratio": t("Ratio"),
    }
    if len(labelled):
        draw_table(
            page,
            labelled,
            headings,
            key="evaluation_gender_table",
            alt=t("Alerts before and after in the treated area by gender"),
            digits={**digits, "ratio": 2},
            signed={"difference": 0, "low": 0, "high": 0},
            narrow=("label", "before", "after", "ratio"),  # the rest stands in the figure
            file_name="evaluation_by_gender.csv",
        )
        st.caption(
            t(
                "Treated area, compared with the same gender in the comparison area; so the differences need not add "
                "up to that of all alerts. An interval that contains 1 shows neither a fall nor a rise."
            )
        )
        _draw_whose(page, study)


def _draw_cautions(page: Page, study: PlanEvaluation) -> None:
    t = page.t
    st.subheader(t("Cautions"))
    visible = inline(study.visible.sentence(t)) if study.visible is not None else ""
    promised = t(
        "Before the start, a fall of {n} alerts was named as the smallest that could be detected.",
        n=math.ceil(study.promised or 0),
    )
    lines = [
        *(t(warning) for warning in study.warnings),
        *([promised] if study.promised is not None else []),
        *([t("With the counts as observed: {sentence}", sentence=visible)] if visible else []),
        t("More or fewer alerts need not be more or less crime: they also show who reports, and how often."),
    ]
    st.markdown("\n".join(f"- {line}" for line in lines))


def _draw_keep_result(page: Page, plan: Plan, study: PlanEvaluation) -> None:
    """Write the sentence down with the plan; a finished plan is then evaluated."""
    t = page.t
    if study.result is None or plan.status not in STARTED:
        return
    st.divider()
    moves = PlanStatus.EVALUATED in MOVES[plan.status]
    ask_author(page, page.t("Appears in the history of this plan, and nowhere else."))
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(t("Save this result with the plan"), key="evaluation_keep", type="primary")
        page_link(page, "interventions", t("Open the plan"), plan=plan.id)
    kept = result_texts(plan_evaluation(dataset_for(page, Audience.COUNCIL), evaluated_part(plan), study.timing))
    st.caption(
        t("This is written into the plan, whose status becomes “Evaluated”. The council may read it:")
        if moves
        else t("This is written into the plan, whose status stays. The council may read it:")
    )
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
