"""The Briefing below its cards: where, for whom, and what became of what was decided."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.hotspots.excess import is_compared
from curim_data import query
from curim_data.model import Gender, labels
from curim_data.studies.brief import BriefChanges, BriefStudy
from curim_data.studies.brief_content import plan_rows
from curim_data.studies.brief_text import MOST_SPOTS, affected_sentence, no_spots_sentence
from pages.parts.charts import plots, tables
from pages.parts.charts.numbers import bars_of_shares, expected_count, written_count
from pages.parts.frame import Page, draw_footer, escape_markdown, filter_bar, page_link
from pages.parts.frame.colours import GENDERS
from pages.parts.frame.footer import draw_few_mapped_note, draw_way_to_all_dates
from pages.parts.maps import cell_map
from pages.parts.maps.name_layers import Pin
from pages.parts.plans.access import plan_store, reference_day, translated_plan


def changes_asked(page: Page, study: BriefChanges) -> str:
    """Whose briefing it is and of what the headline and the cards are, as Markdown: the filter from the day on since
    which changes are looked for.
    """
    if page.source is None:
        return ""
    window = page.filter.replace(period="", start=study.since, end=study.until)
    asked = query.sentence(page.source, window, page.t, study.recent)
    return page.t("Briefing for the council.") + " " + escape_markdown(asked)


def draw_map_and_genders(page: Page, study: BriefStudy) -> None:
    """Draw the map next to its table and the bars by gender; of which period, where it is not that of the changes."""
    t = page.t
    if study.since > study.period[0]:
        st.caption(t("Hot spots and genders, whole period:") + " " + filter_bar.filter_sentence(page))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.subheader(t("Where"))
        _draw_map(page, study)
    with right:
        st.subheader(t("Hot spots"))
        _draw_spots(page, study)
        st.subheader(t("For whom"))
        _draw_genders(page, study)


def _draw_map(page: Page, study: BriefStudy) -> None:
    t, frame = page.t, study.hot.hot.frame
    cell_map.draw_cell_map(
        page,
        key="briefing_map",
        alt=t("Map of the city with its hot spots; the table beside it holds the same."),
        cells=study.hot.cells.frame,
        hot=frame.index[frame["hot"]],
        pins=[
            Pin(study.names[spot.id](t), spot.longitude, spot.latitude, spot.rank)
            for spot in study.hot.spots[:MOST_SPOTS]
        ],
        span=0.6,
        pickable=False,
    )
    hot = study.hot
    draw_few_mapped_note(page, hot.total, hot.cells.at_default or 0)
    draw_footer(page, sentence=hot.sentence(t), total=hot.total, excluded=hot.cells.at_default, choices=hot.choices)


def _draw_spots(page: Page, study: BriefStudy) -> None:
    t = page.t
    if not study.hot.spots:
        st.write(escape_markdown(no_spots_sentence(study, t)))
        if study.hot.power.too_few and study.hot.unjudged is None:
            draw_way_to_all_dates(page, "briefing")
        return
    frame = pd.DataFrame(
        [
            {
                "rank": spot.rank,
                "name": study.names[spot.id](t),
                "n": spot.n,
                "expected": spot.times_in_words(t) or expected_count(t, spot, ratios=False),
            }
            for spot in study.hot.spots[:MOST_SPOTS]
        ]
    )
    beside = t("Expected") if all(is_compared(spot) for spot in study.hot.spots) else t("Ratio")
    headings = {"rank": "\\#", "name": t("Hot spot"), "n": t("Alerts"), "expected": beside}
    written = frame.assign(n=[written_count(page, n) for n in frame["n"]], name=frame["name"].map(escape_markdown))
    st.table(written.rename(columns=headings), hide_index=True, border="horizontal")
    tables.download_button(page, frame, "briefing_hotspots.csv", key="briefing_spots_download")
    page_link(page, "hotspots", t("All hot spots"))


def _draw_genders(page: Page, study: BriefStudy) -> None:
    t = page.t
    if not study.asks_affected:
        st.write(escape_markdown(affected_sentence(study, page.city, t)))
        return
    shown = study.shares.frame
    shown = shown[(shown["n"] != 0) | shown["gender"].isin([Gender.WOMAN, Gender.MAN])]
    names = [labels.gender_label(t, gender) for gender in shown["gender"]]
    frame = bars_of_shares(page, shown, "n", study.shares.total).assign(label=names, gender=shown["gender"])
    if len(frame):
        figure = plots.interval_bars_figure(
            page, frame, colours_by_row=[GENDERS[page.theme][gender] for gender in frame["gender"]]
        )
        longest = float(frame[["value", "high"]].max(axis=None))
        figure.update_xaxes(range=[0, 3 * longest if longest > 0 else 1])
        plots.draw_chart(
            page,
            figure,
            key="briefing_whom",
            alt=t("Alerts by gender of the person affected, with 95 % intervals."),
            data=frame.assign(n=shown["n"], value=frame["value"].where(frame["low"].notna()))[
                ["label", "n", "value", "low", "high"]
            ],
            file_name="briefing_gender.csv",
        )
    st.write(escape_markdown(affected_sentence(study, page.city, t)))
    page_link(page, "gender", t("More on gender"))


def draw_decided_plans(page: Page) -> None:
    """Plans that were decided, with where they stand."""
    t = page.t
    st.subheader(t("What was decided, and what became of it"))
    rows = plan_rows((translated_plan(page, plan) for plan in plan_store(page).list()), reference_day(page), t)
    if not rows:
        st.write(t("No plan has been decided yet."))
    else:
        headings = {"title": t("Plan"), "lead": t("Lead"), "status": t("Status")}
        if page.narrow:  # four columns do not fit, and all of them matter: each plan is a paragraph there
            headings |= {"next": t("Next step"), "result": t("Result")}
            for row in rows:
                told = {name: escape_markdown(text) for name, text in vars(row).items()}
                lines = [t.pair(headings[name], told[name]) for name in list(headings)[1:] if told[name]]
                st.markdown("  \n".join([f"**{told['title']}**", *lines]))
        else:
            headings["last"] = t("Next step or result")
            shown = [{**vars(row), "last": row.next_or_result(t)} for row in rows]
            frame = pd.DataFrame([{name: escape_markdown(row[name]) for name in headings} for row in shown])
            st.table(frame.rename(columns=headings), hide_index=True, border="horizontal")
    page_link(page, "interventions", t("All plans"))
