"""The panel of the selected hot spot, next to the map: its figures, charts and cautions, and the way to a plan."""

from __future__ import annotations

import datetime as dt
from typing import Final

import pandas as pd
import streamlit as st

from analysis.hotspots.grouping import Spot, SpotHarm
from analysis.spots.profile import states_no_category
from curim_data.model import Gender
from curim_data.model.absence import NO_AFFECTED, NO_CATEGORY
from curim_data.model.labels import category_label, gender_label
from curim_data.privacy import drawn_share, share_is_told
from curim_data.studies.spot_profiles import SpotOrCluster, SpotStudy, SpotSummary
from pages.parts.charts import plots
from pages.parts.charts.numbers import bars_of_shares, least_written, written_count
from pages.parts.charts.plots import no_clock_reason
from pages.parts.frame import Page, escape_markdown, page_link
from pages.parts.frame.links import go_to_page
from pages.parts.hotspots.queries import ListQuery, spot_details
from pages.parts.hotspots.ranked_list import street_names

CATEGORIES_SHOWN = 5
# Where a week holds this share of the alerts of a place, and so many of them, that is said.
ONE_WEEK: Final = 0.5
LEAST_IN_WEEK: Final = 4


def draw_spot_panel(page: Page, asked: ListQuery, line: SpotSummary, harm: SpotHarm | None) -> None:
    """Draw the panel of the selected hot spot: sentence, links, cautions, weeks, clock, categories, genders.

    `harm`: what its alerts weigh, where that was asked.
    """
    t, spot = page.t, line.spot
    study: SpotStudy = spot_details(asked, spot.id, spot)
    st.subheader(f"{spot.rank} · {escape_markdown(line.name(t))}")
    weighs = f" {harm.sentence(t)}" if harm is not None else ""
    st.write(escape_markdown(f"{_told(page, spot)}{weighs} {study.profile.sentence(t)}"))
    if streets := street_names(page, line):
        st.caption(escape_markdown(t("Streets here: {streets}.", streets=", ".join(streets))))
    if st.button(t("Draft an intervention here"), key="spot_draft", type="primary"):
        go_to_page(page, "interventions", draft=",".join(spot.names))
    here = page.filter.replace(districts=(), places=(), cells=spot.names)
    page_link(page, "trends", t("Follow this place over time"), filter=here)
    draw_cautions(page, line, study)
    _draw_weeks(page, study)
    _draw_clock(page, study)
    _draw_categories(page, study)
    if len(page.filter.affected) != 1:  # else every alert here has the same gender
        _draw_genders(page, study)


def _told(page: Page, spot: SpotOrCluster) -> str:
    """The figures of the place in words, as the audience may read them."""
    return spot.sentence(page.t, least_written(page)) if isinstance(spot, Spot) else spot.sentence(page.t)


def draw_cautions(page: Page, line: SpotSummary, study: SpotStudy) -> None:
    """What makes the figures of this place doubtful."""
    t = page.t
    sentences = []
    if 0 < study.at_default < least_written(page):
        sentences.append(
            t(
                "Fewer than {k} alerts here share their exact coordinates with many others and are kept off maps: "
                "probably a default position of the app.",
                k=least_written(page),
            )
        )
    elif study.at_default:
        sentences.append(
            t.n(
                "{n} alert here shares its exact coordinates with many others and is kept off maps: probably a default "
                "position of the app.",
                "{n} alerts here share their exact coordinates with many others and are kept off maps: probably a "
                "default position of the app.",
                study.at_default,
            )
        )
    asked = page.source is None or "affected_gender" in page.source.asked
    if asked and study.profile.unknown_gender and study.profile.unknown_gender > 0.2:
        sentences.append(
            t(
                "For {share} of the alerts here the gender is not known.",
                share=t.percent(study.profile.unknown_gender),
            )
        )
    if (week := _one_week(study)) is not None:
        day, n = week
        sentences.append(
            t(
                "{n} of the {all} alerts here fall into one week, that of {day}: one event may lie behind them.",
                n=n,
                all=study.profile.n,
                day=t.date(day),
            )
        )
    if line.spot.n < 30:
        sentences.append(t("Few alerts: the shares below are imprecise."))
    if sentences:
        st.warning("  \n".join(sentences))


def _one_week(study: SpotStudy) -> tuple[dt.date, int] | None:
    """The week that holds half of the alerts here or more, and how many; None where there is none."""
    if study.trend is None or study.trend.unit != "week" or len(study.trend.frame) <= 4:
        return None
    counts = study.trend.frame["n"].fillna(0)
    most = int(counts.to_numpy().argmax())
    n = round(counts.iloc[most])
    if n < LEAST_IN_WEEK or n < ONE_WEEK * study.profile.n:
        return None
    return study.trend.frame[study.trend.column].iloc[most].date(), n


def _draw_weeks(page: Page, study: SpotStudy) -> None:
    t, trend = page.t, study.trend
    if trend is None or trend.frame.empty:
        return
    label = t("Alerts per week, with the expected range") if trend.unit == "week" else t("Alerts per month")
    if len(trend.frame) < 2:
        st.caption(f"{label}. {trend.sentence(t)}")
        return
    beginning, incomplete = (not bool(trend.frame["complete"].iloc[end]) for end in (0, -1))
    figure = plots.band_figure(
        page,
        trend.frame.drop(columns="adjusted"),
        time=trend.column,
        height=190,
        incomplete=incomplete,
        beginning=beginning,
    )
    plots.draw_chart(page, figure, key="spot_weeks", alt=f"{label}. {trend.sentence(t)}")
    open_circle = t("not complete yet")
    st.caption(f"{label}. {trend.sentence(t)}" + (f" ○ {open_circle}." if incomplete else ""))


def _draw_clock(page: Page, study: SpotStudy) -> None:
    t = page.t
    if study.week is None or not study.week.n:
        if study.week is not None or (page.source is not None and not page.source.known_time.knows("hour")):
            st.caption(no_clock_reason(page))
        return
    frame = pd.DataFrame(
        [(day, hour, study.week.matrix[day, hour]) for day in range(7) for hour in range(24)],
        columns=["weekday", "hour", "n"],
    )
    figure = plots.clock_figure(page, frame, height=190, compact=True)
    words = study.week.sentence(t)
    plots.draw_chart(page, figure, key="spot_clock", alt=words)
    some = page.source.some_hours if page.source is not None else None
    st.caption(" ".join([words, *([t(some)] if some is not None else [])]))


def _draw_categories(page: Page, study: SpotStudy) -> None:
    t = page.t
    shown = study.categories[study.categories["n"] > 0].head(CATEGORIES_SHOWN)
    if shown.empty:
        return
    if states_no_category(study.categories):
        st.caption(t(NO_CATEGORY))
        return
    total = study.profile.n
    frame = pd.DataFrame(
        {
            "label": [category_label(t, page.city, name) for name in shown["category"]],
            "value": [
                drawn_share(n, max(n, total), least_written(page, name))
                for name, n in zip(shown["category"], shown["n"], strict=True)
            ],
            "low": float("nan"),
            "high": float("nan"),
            "text": [
                _category_text(page, n, total, name) for name, n in zip(shown["category"], shown["n"], strict=True)
            ],
        }
    )
    label = t("Categories, share of the alerts here")
    plots.draw_chart(page, plots.interval_bars_figure(page, frame, labels_above=True), key="spot_categories", alt=label)
    st.caption(label + ". " + t("An alert of several categories counts once in each."))


def _category_text(page: Page, n: float, total: float, name: str) -> str:
    """How many alerts a category has, and their share where that tells no small number."""
    told, least = written_count(page, n, name), least_written(page, name)
    return f"{told} ({page.t.percent(n / total)})" if share_is_told(n, max(n, total), least) else told


def _draw_genders(page: Page, study: SpotStudy) -> None:
    t = page.t
    if page.source is not None and "affected_gender" not in page.source.asked:
        st.caption(t(NO_AFFECTED))
        return
    rows = study.affected.frame
    pair = rows["gender"].isin([Gender.WOMAN, Gender.MAN])
    # A bar of 0 % for women and for men would be misread where the source has no gender at all.
    rows = rows[(rows["n"] > 0) | (pair & (rows.loc[pair, "n"].sum() > 0))]
    names = [gender_label(t, code) for code in rows["gender"]]
    frame = bars_of_shares(page, rows, "n", study.affected.total).assign(label=names)
    frame["value"] = frame["value"].fillna(0)
    plots.draw_chart(
        page,
        plots.interval_bars_figure(page, frame, labels_above=True),
        key="spot_genders",
        alt=study.affected.sentence(t),
    )
    st.caption(t("People affected.") + " " + study.affected.sentence(t))
