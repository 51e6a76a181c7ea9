"""Findings as pages show them: the cached query that finds them, the link that names one, its words and its chart.

Used by the Briefing, by the page of one finding, and by Trends.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl

import pandas as pd
import streamlit as st

from analysis.gender import GenderShares
from curim_data.filters import AlertFilter
from curim_data.model import N_, Gender, Translator
from curim_data.model.labels import gender_label, grade_words
from curim_data.studies.brief import AnyFinding, Finding, brief_changes, usual_since
from curim_data.studies.brief_text import (
    counts_words,
    history_word,
    reporting_question,
    since_words,
    title,
    women_words,
)
from curim_data.studies.changes import areas_in_words, counts_in_words, expected_in_words
from pages.parts.charts import bars_of_shares, draw_chart, interval_bars_figure, plots
from pages.parts.charts.tables import draw_plain_table
from pages.parts.frame import CALCULATION, GENDERS, Page, escape_markdown, go_to_page, page_link, palette, shared

SINCE = "since"
OVER_TIME: Final = N_("Alerts over time: {name}.")

# Of a step of a finding's series.
DAYS: Final = {"week": 7.0, "month": 30.44}

# What the headline and the cards tell, before the map.
cached_changes = shared(brief_changes, CALCULATION)


def changes_since(page: Page) -> dt.date | None:
    """The day since which changes are looked for: of the link, where the data hold it, or of the last meeting.

    None, the whole period, where the reader picked a period: then everything on the page is about that one.
    """
    usual, asked = usual_since(page.alerts, page.filter), _day(st.query_params.get(SINCE, ""))
    known = asked is not None and page.alerts.first <= asked <= page.alerts.as_of
    return usual and (asked if known else usual)


def finding_words(one: AnyFinding) -> dict[str, str]:
    """The words that name a finding in the address of its page, beside those of the filter."""
    return {"id": one.id, **({SINCE: since} if (since := st.query_params.get(SINCE, "")) else {})}


def follow_old_link(page: Page) -> None:
    """Take a reader to the page of the finding that a link to Trends names, as links did before there was one."""
    if name := st.query_params.get("finding", ""):
        words = dict(parse_qsl(st.query_params.get("within", "")))
        within, _ = AlertFilter.from_query(words, page.city, page.alerts.other_categories)
        since = st.query_params.get(SINCE, "")
        go_to_page(replace(page, filter=within), "finding", id=name, **({SINCE: since} if since else {}))


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def draw_tags(page: Page, one: AnyFinding) -> None:
    """What its count did and how sure it is, in a word or two each."""
    words = (_tone(one), history_word(one, page.t)), ("gray", grade_words(page.t, one.grade))
    st.markdown(" ".join(f":{colour}-badge[{escape_markdown(text)}]" for colour, text in words if text))


def draw_card(page: Page, one: AnyFinding, at: int) -> None:
    """A finding as a card: its tags, what and where, its chart, how many, since when and for whom, and its page."""
    t, name = page.t, title(one, page.city, page.t)
    draw_tags(page, one)
    st.subheader(escape_markdown(name))
    if isinstance(one, Finding):
        draw_finding_chart(page, one, name, key=f"briefing_spark_{at}")
        counts, *rest = counts_words(one, t), since_words(one, t), women_words(one, t), reporting_question(one, t)
    else:
        counts, *rest = one.sentences(page.city, t)[:1]
    told = "".join(f" · {escape_markdown(part)}" for part in rest if part)
    st.markdown(f":{_tone(one)}[**{escape_markdown(counts)}**]{told}")
    page_link(page, "finding", t("Look closer"), **finding_words(one))


def _tone(one: AnyFinding) -> str:
    falling = isinstance(one, Finding) and one.change.direction < 0
    return "gray" if one.grade == "open" else "blue" if falling else "orange"


def draw_compared(page: Page, rows: pd.DataFrame, *, alt: str) -> None:
    """Comparisons, of one category or of all, as `written_changes` gives them: where, how many, and how sure."""
    t, grades = page.t, [grade_words(page.t, grade) for grade in rows["grade"]]
    frame = pd.DataFrame(
        {
            "where": areas_in_words(t, page.city, rows, page.filter),
            "expected": expected_in_words(t, rows),
            "after": counts_in_words(t, rows, "after"),
            "grade": [" · ".join(filter(None, words)) for words in zip(_directions(t, rows), grades, strict=True)],
        }
    )
    headings = {"where": t("Where"), "expected": t("Expected by its share"), "after": t("Alerts"), "grade": t("Grade")}
    draw_plain_table(page, frame, headings, alt=alt)


def _directions(t: Translator, rows: pd.DataFrame) -> list[str]:
    """Whether a count rose or fell, of what is not open and whose counts are told."""
    rise, told = rows["after"] - rows["expected"], rows["grade"].ne("open")
    words = {True: t.c("history", "Rising"), False: t.c("history", "Falling")}
    return [words[bool(more > 0)] if known and more == more else "" for more, known in zip(rise, told, strict=True)]


def draw_gender_bars(page: Page, shares: GenderShares, key: str) -> None:
    """Draw the genders of those affected, women and men always, with their intervals."""
    t, shown = page.t, shares.frame
    shown = shown[(shown["n"] != 0) | shown["gender"].isin([Gender.WOMAN, Gender.MAN])]
    frame = bars_of_shares(page, shown, "n", shares.total).assign(
        label=[gender_label(t, gender) for gender in shown["gender"]], n=shown["n"]
    )
    if frame.empty:
        return
    figure = interval_bars_figure(page, frame, colours_by_row=[GENDERS[page.theme][one] for one in shown["gender"]])
    longest = float(frame[["value", "high"]].max(axis=None))
    figure.update_xaxes(range=[0, 3 * longest if longest > 0 else 1])
    told = frame.assign(value=frame["value"].where(frame["low"].notna()))[["label", "n", "value", "low", "high"]]
    draw_chart(page, figure, key=key, alt=shares.sentence(t), data=told, file_name="briefing_gender.csv")


def draw_finding_chart(page: Page, finding: Finding, name: str, *, key: str) -> None:
    """Draw the weeks (months) up to the end of the tested period; nothing where none may be shown.

    A dashed line spreads the number that the card expects evenly over the days of that period that were compared.
    """
    if finding.series is None:
        return
    t, (start, end), colours = page.t, finding.periods.after, palette(page.theme)
    alt, dashed = t(OVER_TIME, name=name), t("Dashed: the expected number, spread evenly.")
    page = replace(page, filter=finding.filter)  # its own category says which counts are small
    figure = plots.band_figure(page, finding.series.frame[["start", "n"]], time="start", height=132)
    figure.add_span(start, end, colours.band, opacity=0.5)
    if (expected := finding.counts[0].n) is not None:
        level = expected * DAYS[finding.series.unit] / finding.periods.days
        line = {"color": colours.muted, "width": 1.6, "dash": "dash"}
        figure.add_scatter(x=[start, end], y=[level] * 2, mode="lines", line=line, hovertext=dashed, hoverinfo="text")
        alt = f"{alt} {dashed}"
    unit = t("Alerts a month") if finding.series.unit == "month" else t("Alerts a week")
    figure.update_layout(
        margin={"l": 2, "r": 2, "t": 22, "b": 20},
        title={"text": unit, "font": {"size": 12, "color": colours.muted}, "x": 0, "y": 0.98, "yanchor": "top"},
    )
    draw_chart(page, figure, key=key, alt=alt, small=True)
