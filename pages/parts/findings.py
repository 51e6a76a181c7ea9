"""Findings as pages show them: the cached query that finds them, the link that names one, its words and its chart.

Used by the Briefing, by the page of one finding, and by Trends.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl

import pandas as pd
import streamlit as st

from analysis.gender import GenderShares
from curim_data.filters import AlertFilter
from curim_data.model import Gender, Message, Translator
from curim_data.model.labels import gender_label, grade_words
from curim_data.studies.brief import AnyFinding, Finding, Series, brief_changes, usual_since
from curim_data.studies.brief_text import counts_words, history_word, since_words, title
from pages.parts.charts import (
    Figure,
    bars_of_shares,
    base_figure,
    draw_chart,
    drawn_counts,
    interval_bars_figure,
    written_count,
)
from pages.parts.frame import GENDERS, Page, Palette, escape_markdown, go_to_page, page_link, palette, shared

SINCE = "since"
# A date so near to another one, as a part of the axis, has no room beside it.
APART: Final = 0.32
CONFIG: Final = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}


# What the headline and the cards tell, before the map.
cached_changes = shared(brief_changes, Message("Preparing the briefing"))


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
    st.markdown(" ".join(f":{colour}-badge[{escape_markdown(text)}]" for colour, text in words))


def draw_card(page: Page, one: AnyFinding, at: int) -> None:
    """A finding as a card: its tags, what and where, its chart, how many, since when and for whom, and its page."""
    t, name = page.t, title(one, page.city, page.t)
    draw_tags(page, one)
    st.subheader(escape_markdown(name))
    if isinstance(one, Finding):
        draw_finding_chart(page, one, name, key=f"briefing_spark_{at}")
        women = one.whom is not None and one.whom.level == "here" and one.whom.women.known
        whom = t("{share} women", share=t.percent(one.whom.women.value)) if one.whom is not None and women else ""
        counts, *rest = counts_words(one, t), since_words(one, t), whom
    else:
        counts, *rest = one.sentences(page.city, t)[:1]
    told = "".join(f" · {escape_markdown(part)}" for part in rest if part)
    st.markdown(f":{_tone(one)}[**{escape_markdown(counts)}**]{told}")
    page_link(page, "finding", t("Look closer"), **finding_words(one))


def _tone(one: AnyFinding) -> str:
    falling = isinstance(one, Finding) and one.change.direction < 0
    return "gray" if one.grade == "open" else "blue" if falling else "orange"


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
    alt = t("Alerts by gender of the person affected, with 95 % intervals.")
    draw_chart(page, figure, key=key, alt=alt, data=told, file_name="briefing_gender.csv")


def draw_finding_chart(page: Page, finding: Finding, name: str, *, key: str, height: int = 132) -> None:
    """Draw the weeks that were tested against those of the year before; nothing where weeks may not be shown."""
    t, series = page.t, finding.series
    if series is None:
        return
    figure = series_figure(page, finding, series, height=height)
    alt = t("Alerts over time: {name}.", name=name)
    st.plotly_chart(figure.for_streamlit(), key=key, theme=None, config=CONFIG, alt=alt)


def series_figure(page: Page, finding: Finding, series: Series, *, height: int = 132) -> Figure:
    """This period's line, the same weeks of the year before as a pale one, and the tested period shaded."""
    t, colours, frame = page.t, palette(page.theme), series.frame
    drawn = {name: drawn_counts(page, frame[name].astype(float), _category(finding)) for name in ("n", "before")}
    # A count stands in the middle of its week or month, so that the shade covers those that were tested.
    middle = pd.Timedelta(days=15 if series.unit == "month" else 3)
    frame = frame.assign(day=frame["start"] + middle, **drawn)
    days, tested, strong = frame["day"], frame["tested"], _colour(finding, colours)
    (start, end), month = finding.periods.after, series.unit == "month"
    figure = base_figure(t, colours, height=height, margin={"l": 2, "r": 2, "t": 22, "b": 2})
    figure.add_span(start, end, colours.band, opacity=1.0)
    if frame["before"].notna().any():
        figure.add_scatter(
            x=days,
            y=frame["before"],
            mode="lines",
            line={"color": colours.muted, "width": 1.4, "dash": "dot"},
            hovertext=_hover(page, finding, series, "before"),
            hoverinfo="text",
        )
    joined = tested | tested.shift(-1, fill_value=False)  # the line goes on from the week before the tested ones
    for part, line in (
        (~tested, {"color": colours.line, "width": 1.4}),
        (joined, {"color": strong, "width": 2.6}),
    ):
        figure.add_scatter(
            x=days,
            y=frame["n"].where(part),
            mode="lines",
            line=line,
            hovertext=_hover(page, finding, series, "n"),
            hoverinfo="text",
        )
    most = max(frame["n"].max(), frame["before"].fillna(0).max())
    figure.update_yaxes(range=[0, max(most, 1) * 1.22], visible=False)
    _label_most(page, finding, figure, frame, most)
    _label_lines(figure, finding, series, t, colours, strong)
    _label_dates(figure, (frame["start"].iloc[0].date(), max(end, days.iloc[-1].date())), start, t, month=month)
    return figure


def _colour(finding: Finding, colours: Palette) -> str:
    changed = colours.accent if finding.change.direction > 0 else colours.sea_blue
    return colours.line if finding.change.grade == "open" else changed


def _names(finding: Finding, t: Translator) -> tuple[str, str]:
    """What the two lines are called: the years; of two periods in a row, before and after."""
    periods = finding.periods
    if not periods.same_season or periods.before is None:
        return t("before"), t("after")
    years = ([day.year for day in span] for span in (periods.before, periods.after))
    before, after = (str(one) if one == other else f"{one}/{other % 100:02d}" for one, other in years)
    return before, after


def _label_lines(
    figure: Figure, finding: Finding, series: Series, t: Translator, colours: Palette, strong: str
) -> None:
    """The names of the lines, in their colours, above the chart."""
    before, after = _names(finding, t)
    text = f'<b style="color:{strong}">{after}</b>'
    if series.frame["before"].notna().any():
        text += f'   <span style="color:{colours.muted}">┄ {before}</span>'
    elif not finding.periods.same_season:
        text = f'<span style="color:{colours.muted}">{before}</span> → {text}'
    figure.add_annotation(
        text=text, font={"size": 12}, x=0, y=1, xref="paper", yref="paper", xanchor="left", yanchor="bottom"
    )


def _label_most(page: Page, finding: Finding, figure: Figure, frame: pd.DataFrame, most: float) -> None:
    """The largest count, at its place."""
    colours, column = palette(page.theme), "n" if frame["n"].max() == most else "before"
    at = int(frame[column].eq(most).to_numpy().argmax())
    figure.add_annotation(
        x=frame["day"].iloc[at].date(),
        y=most,
        text=written_count(page, most, _category(finding)),
        xanchor="right" if at > 0.85 * len(frame) else "left" if at < 0.15 * len(frame) else "center",
        yanchor="bottom",
        font={"size": 12, "color": colours.text if column == "n" else colours.muted},
    )


def _label_dates(figure: Figure, shown: tuple[dt.date, dt.date], start: dt.date, t: Translator, *, month: bool) -> None:
    """The first and the last date, and where the tested period begins, where there is room."""
    first, last = shown
    form, short = ("LLL y", "LLL y") if month else ("d MMM y", "d MMM")
    dates = [(first, "left"), (last, "right")]
    if APART < (start - first).days / max((last - first).days, 1) < 1 - APART:
        dates.insert(1, (start, "center"))
    for day, anchor in dates:
        figure.add_annotation(
            x=day,
            text=t.date(day, short if day == start else form),
            y=0,
            yref="y domain",
            xanchor=anchor,
            yanchor="top",
            font={"size": 12},
        )
    figure.update_layout(margin={"b": 20})
    figure.update_xaxes(range=[first, last], showticklabels=False)


def _category(finding: Finding) -> str:
    """The category of a finding, which may have a threshold of its own; "" without one."""
    return str(finding.change.key.get("category") or "")


def _hover(page: Page, finding: Finding, series: Series, column: str) -> list[str]:
    t, form = page.t, "LLLL y" if series.unit == "month" else "medium"
    shift: Any = pd.Timedelta(0)
    if column == "before":
        shift = pd.DateOffset(months=12) if series.unit == "month" else pd.Timedelta(weeks=52)
    days = [day.date() for day in series.frame["start"] - shift]
    return [
        t.pair(t.date(day, form), written_count(page, n, _category(finding)))
        for day, n in zip(days, series.frame[column].astype(float), strict=True)
    ]
