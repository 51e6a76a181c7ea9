"""Findings as pages show them: the cached query that finds them, the link that names one, its words and its chart.

Used by the Briefing, and by Trends for the finding that led there.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import pandas as pd
import streamlit as st

from curim_data.filters import AlertFilter
from curim_data.model import N_, Message, Translator
from curim_data.studies.brief import BriefChanges, Finding, Series, brief_changes, same_finding, usual_since
from curim_data.studies.brief_text import counts_before_after, counts_words, finding_sentences, sure_sentence
from pages.parts.charts import Figure, base_figure, drawn_counts, written_count
from pages.parts.frame import Page, Palette, escape_markdown, palette, shared

SINCE = "since"
FINDING: Final = "finding"
WITHIN: Final = "within"
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


def finding_words(page: Page, study: BriefChanges, finding: Finding) -> dict[str, str]:
    """The words that name a finding to the page behind it."""
    since = study.since.isoformat() if changes_since(page) is not None else ""
    words = {FINDING: finding.id, WITHIN: urlencode(page.filter.to_query()), SINCE: since}
    return {word: text for word, text in words.items() if text}


def linked_finding(page: Page) -> tuple[BriefChanges, Finding, AlertFilter] | None:
    """The finding that the link names, as the briefing found it, and the filter under which it did; None where the link
    names none, or the page shows something else by now.
    """
    name = st.query_params.get(FINDING, "")
    if not name:
        return None
    within = dict(parse_qsl(st.query_params.get(WITHIN, "")))
    f, left_out = AlertFilter.from_query(within, page.city, page.alerts.other_categories)
    if left_out:
        return None
    study = cached_changes(page.dataset, f, _day(st.query_params.get(SINCE, "")))
    found = next((one for one in study.findings if same_finding(one.id, name)), None)
    return None if found is None or found.filter != page.filter else (study, found, f)


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def draw_tags(page: Page, finding: Finding) -> None:
    """What kind of change it is, in one or two words: they tell cards apart before they are read."""
    t = page.t
    kinds = {"rise": t("↑ Rise"), "fall": t("↓ Fall"), "new": t.c("change", "New")}
    grades = {"clear": t("Clear"), "probable": t("Probable"), "open": t("May be chance")}
    tags = [
        (_tone(finding), kinds[finding.kind]),
        ("gray", grades[finding.change.grade]),
        *([("gray", t("Whole city"))] if finding.whole_city else []),
    ]
    st.markdown(" ".join(f":{colour}-badge[{escape_markdown(text)}]" for colour, text in tags))


def draw_finding_words(page: Page, finding: Finding) -> None:
    """The sentences of a finding, its counts in its colour, how sure below; on a phone the tag says how sure."""
    t = page.t
    counts, sure = counts_words(finding, t), sure_sentence(finding, t)
    first, *others = finding_sentences(finding, page.city, t)
    rest = " ".join(said for said in (first.removeprefix(counts), *others) if said != sure)
    st.markdown(f":{_tone(finding)}[**{escape_markdown(counts)}**]{escape_markdown(rest)}")
    if not page.narrow:
        st.markdown(f"**{escape_markdown(sure)}**")


def _tone(finding: Finding) -> str:
    return "gray" if finding.change.grade == "open" else "orange" if finding.change.direction > 0 else "blue"


def draw_finding_chart(page: Page, finding: Finding, name: str, *, key: str, height: int = 132) -> None:
    """Draw the weeks that were tested against those of the year before; bars where weeks may not be shown."""
    t, series = page.t, finding.series
    if series is None and not finding.ordered:
        return
    figure = bars_figure(page, finding) if series is None else series_figure(page, finding, series, height=height)
    alts = (
        (series is None, N_("Alerts before and in the period that was tested: {name}.")),
        (not finding.periods.same_season, N_("Alerts over time, before and in the period that was tested: {name}.")),
        (
            series is not None and series.unit == "month",
            N_("Alerts by month, and in the same months of the year before: {name}."),
        ),
        (True, N_("Alerts by week, and in the same weeks of the year before: {name}.")),
    )
    alt = t(next(words for holds, words in alts if holds), name=name)
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


def bars_figure(page: Page, finding: Finding) -> Figure:
    """Two bars, expected and counted; one of a count that is not written out hollow, as long as half of what is."""
    t, colours = page.t, palette(page.theme)
    texts = counts_before_after(finding, t)
    names = t("expected"), t("counted")
    figure = base_figure(t, colours, height=92, bargap=0.3, margin={"l": 2, "r": 2, "t": 4, "b": 4})
    lengths = [count.n if count.n is not None else count.least / 2 for count in finding.counts]
    shades = [colours.muted, _colour(finding, colours)]
    fills = [
        shade if count.n is not None else colours.background
        for shade, count in zip(shades, finding.counts, strict=True)
    ]
    figure.add_bar(
        x=lengths,
        y=[0, 1],
        orientation="h",
        marker={"color": fills, "line": {"color": shades, "width": 1.5}},
        hoverinfo="skip",
    )
    for at, (length, text, name) in enumerate(zip(lengths, texts, names, strict=True)):
        figure.add_annotation(
            x=length, y=at, text=t.pair(name, text), xanchor="left", xshift=6, font={"color": colours.text, "size": 12}
        )
    figure.update_xaxes(range=[0, 2.6 * max(*lengths, 1)], visible=False)
    figure.update_yaxes(autorange="reversed", visible=False)
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
