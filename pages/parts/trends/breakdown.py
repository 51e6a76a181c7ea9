"""What is behind the questions of Trends: all changes, the count by district, category or gender, hours of the week."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import streamlit as st

from analysis.trends.changes import Grade
from analysis.trends.time_series import week_clock
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import (
    N_,
    SEVERAL_CATEGORIES,
    BoolArray,
    Span,
    Translator,
    at_head,
    is_small,
    value_label,
)
from curim_data.model.labels import grade_words
from curim_data.privacy import BAND_HOURS, Counted
from curim_data.studies.brief import usual_since
from curim_data.studies.cells import has_area
from curim_data.studies.changes import (
    ChangeStudy,
    areas_in_words,
    compared_words,
    counts_in_words,
    p_values_in_words,
    ratios_in_words,
    surest_first,
    theme_in_words,
    written_changes,
)
from curim_data.studies.periods import COMPARED_IN_THE_COPY, chosen_from
from pages.parts.charts import (
    has_no_clock,
    no_clock_reason,
    plots,
    small_multiples_figure,
    tables,
)
from pages.parts.findings import cached_changes, draw_compared
from pages.parts.frame import (
    Dataset,
    Page,
    cached_query,
    draw_footer,
    escape_markdown,
    source_of,
)
from pages.parts.trends.line import USUAL, answer_of, changes_of, period_dates, small_chart_unit, trend_of

MOST_DISTRICTS: Final = 9
MAIN: Final = ("where", "what", "expected", "after", "times", "sure")
MOST_PANELS: Final = 9
DIGITS: Final = {"expected": 1, "after": 0, "ratio": 2, "low": 2, "high": 2}


def work_out_first(dataset: Dataset, f: AlertFilter) -> None:
    """What the page tells before a reader opens anything: the line, the answer, and the districts."""
    source = source_of(dataset)
    trend_of(dataset, f, source.known_time.unit(USUAL))
    answer_of(dataset, f)
    _grades_of_findings(dataset, source, f)


def _grades_of_findings(dataset: Dataset, source: Source, f: AlertFilter) -> list[tuple[Mapping[str, Any], Grade]]:
    """Keys and grades of the Briefing's findings, where they are chosen from other alerts than those that are counted;
    elsewhere the counted ones have these grades by themselves.
    """
    findings = cached_changes(dataset, f, None).findings if chosen_from(source, f) is not source else ()
    return [(one.change.key, one.grade) for one in findings]


def _whole(f: AlertFilter) -> AlertFilter:
    """The filter without its categories and its area: where the Briefing finds what it tells of them."""
    return f.replace(categories=(), groups=(), districts=(), places=(), cells=())


def _chosen(f: AlertFilter, rows: pd.DataFrame) -> pd.DataFrame:
    """The comparisons that are of the category and the area of a filter, out of those of the whole city."""
    for column, names in (("category", f.categories), ("district", f.districts), ("place", f.places)):
        rows = rows[rows[column].isin(list(names))] if names else rows
    return rows


def _compared(page: Page, f: AlertFilter) -> tuple[ChangeStudy, AlertFilter, pd.DataFrame]:
    """What changed under a filter, the surest first, as its audience reads it: the comparisons of the Briefing that the
    filter chooses, with the grades of its cards, where it names one category or one area; else, and where it chooses
    none of them, those of its own alerts. With the study and the filter that they are from.
    """
    one = not (f.groups or f.cells) and len(f.categories) <= 1 >= len(f.districts) + len(f.places)
    for asked in (_whole(f), f) if one else (f,):
        study, rows = _written(page, asked)
        rows = rows if asked == f else _chosen(f, rows)
        if len(rows):
            break
    return study, asked, rows


def _written(page: Page, f: AlertFilter) -> tuple[ChangeStudy, pd.DataFrame]:
    """What changed among the alerts of a filter, and its comparisons as their audience reads them, the surest first."""
    study = changes_of(page.dataset, f)
    written = written_changes(study, page.alerts, f, _grades_of_findings(page.dataset, page.alerts, f))
    return study, written.loc[surest_first(study.changes.frame, written)]


def draw_districts(page: Page) -> None:
    """The districts, the surest change first, with the number that each one's share of the city let expect; nothing
    where the filter names an area, or the city has no districts.
    """
    if has_area(page.filter):
        return
    t, (_, asked, rows) = page.t, _compared(page, page.filter)
    level = "district" if asked == page.filter else "district_category"
    rows = rows[rows["level"].eq(level) & rows["district"].notna()]
    if len(rows):
        st.subheader(t("By district"))
        draw_compared(page, rows.head(MOST_DISTRICTS), alt=t("By district"))
        if (rest := len(rows) - MOST_DISTRICTS) > 0:
            st.caption(t.n("{n} more.", "{n} more.", rest))


def draw_changes_table(page: Page) -> None:
    """All comparisons of the filter's period, the surest first, and how many there were; where no data lie before it,
    those since the day that the Briefing tells changes from.
    """
    t = page.t
    brief = cached_changes(page.dataset, page.filter, None)
    if brief.changes.periods.before is None:
        brief = cached_changes(page.dataset, page.filter, usual_since(page.alerts, page.filter))
    study, asked, rows = _compared(page, brief.asked)
    frame = changes_frame(page, rows)
    if frame.empty or study.periods.before is None:
        st.write(t(study.periods.choice.explanation if study.periods.before is None else _NOTHING))
    else:
        if brief.asked != page.filter:
            after = Span(*study.periods.after, by_month=study.periods.by_month)
            st.caption(f"{at_head(t.span(after))}. {t(study.periods.choice.explanation)}")
        (_draw_for_phone if page.narrow else _draw_for_screen)(page, frame, _headings(t))
        made = t.n(
            "{n} comparison was made, and having looked so often is allowed for.",
            "{n} comparisons were made, and having looked so often is allowed for.",
            study.changes.n_tested,
        )
        copied = chosen_from(page.alerts, asked) is not page.alerts
        draw_footer(
            page,
            sentence=made + (" " + t(COMPARED_IN_THE_COPY) if copied else ""),
            choices=study.choices,
            about="changes",
        )
    # Which categories are in no row because they were not in use all the time.
    for sentence in study.not_in_use.told(page.alerts).sentences(page.city, t):
        st.caption(escape_markdown(sentence))


_NOTHING: Final = N_("There is nothing to compare.")


def _draw_for_phone(page: Page, frame: pd.DataFrame, headings: dict[str, str]) -> None:
    """The surest rows as a plain table: place and what, both counts, the grade; all rows and columns in the file."""
    t = page.t
    change = [
        f"{t.number(was, 1) if was == was else tables.NONE} → {n if isinstance(n, str) else t.number(n)}"
        for was, n in zip(frame["expected"], frame["after"], strict=True)
    ]
    where = frame["where"] + " · " + frame["what"] if frame["what"].nunique() > 1 else frame["where"]
    told = frame.assign(where=where, after=change).head(tables.MOST_PRINTED)
    shown = {name: headings[name] for name in ("where", "after", "sure")}
    tables.draw_plain_table(page, told, shown, alt=t("What else changed?"), height=520 if len(told) > 6 else "content")
    tables.download_button(
        page, frame[[*headings]].rename(columns=headings), "changes.csv", key="trends_changes_download"
    )


def _draw_for_screen(page: Page, frame: pd.DataFrame, headings: dict[str, str]) -> None:
    """The table to sort: the main columns; all of them are in the file."""
    numbers = [name for name in DIGITS if pd.api.types.is_numeric_dtype(frame[name])]
    order = [name for name in MAIN if name != "what" or frame["what"].nunique() > 1]
    shown = {name: headings[name] for name in order}
    columns, row_height = tables.wrapped_columns(
        frame, shown, page.room.column, wrapped=("what", "where"), numbers=numbers
    )
    tables.draw_table(
        page,
        frame,
        headings,
        key="trends_changes",
        alt=page.t("What else changed?"),
        file_name="changes.csv",
        digits={name: DIGITS[name] for name in numbers},
        columns=columns,
        order=order,
        height=min(420, row_height * (len(frame) + 1)),
        row_height=row_height,
    )


def _headings(t: Translator) -> dict[str, str]:
    """All columns."""
    return {
        "where": t("Where"),
        "what": t("What"),
        "expected": t("Expected"),
        "after": t("Alerts"),
        "times": t("Smoothed ratio (95 %)"),
        "sure": t("Grade"),
        "ratio": t("Smoothed ratio"),
        "low": t("From"),
        "high": t("To"),
        "q": t("Corrected p"),
        "test": t("Compared with"),
    }


def changes_frame(page: Page, written: pd.DataFrame) -> pd.DataFrame:
    """Tested candidates in words and figures, in their order, as the audience may read them."""
    t = page.t
    told = counts_in_words(t, written, "after") if written["after"].isna().any() else written["after"].to_numpy()
    return pd.DataFrame(
        {
            "what": [theme_in_words(t, page.city, name, page.filter) for name in written["category"]],
            "where": areas_in_words(t, page.city, written, page.filter),
            "expected": written["expected"].round(1).to_numpy(),
            "after": told,
            **{name: written[name].round(2).to_numpy() for name in ("ratio", "low", "high")},
            "times": ratios_in_words(t, written, ("ratio", "low", "high")),
            "sure": [grade_words(t, grade) for grade in written["grade"]],
            "q": p_values_in_words(t, written["q"], steps=page.protected),
            "test": [compared_words(t, *row) for row in zip(written["level"], written["compared"], strict=True)],
        }
    )


def draw_small_multiples(page: Page) -> None:
    """One small line for each district, group of categories or gender, on one scale."""
    t, splits = page.t, _splits(page)
    if not splits:
        st.write(t(_NOTHING))
        return
    split = st.segmented_control(
        t("Split by"),
        list(splits),
        format_func=splits.__getitem__,
        key="trends_split",
        default=next(iter(splits)),
        required=True,
        label_visibility="collapsed",
    )
    split, unit = str(split), small_chart_unit(page)
    counted: Counted = cached_query(page, "counts", (unit, split), complete=True)
    frame = counted.frame.dropna(subset=[unit])
    sums = frame.groupby(split, dropna=False)["n"].sum().sort_values(ascending=False, kind="stable")
    sums = sums[sums > 0]
    names, ordered = list(sums.index)[:MOST_PANELS], frame.sort_values(unit, kind="stable")
    if split == "district" and pd.isna(names).all():
        st.write(t(_NOTHING))
        return
    found = [ordered[ordered[split].isna() if pd.isna(name) else ordered[split] == name] for name in names]
    panels = [
        (value_label(t, page.city, split, name), own[_whole_periods(page, own[unit], unit)])
        for name, own in zip(names, found, strict=True)
    ]
    panels = [(label, own) for label, own in panels if len(own)]
    if not panels:
        st.write(t("This period holds no whole month.") if unit == "month" else t("This period holds no whole week."))
        return
    plots.draw_chart(
        page,
        small_multiples_figure(page, panels, time=unit),
        key=f"trends_panels_{split}",
        alt=splits[split],
        data=frame,
        file_name="side_by_side.csv",
        small=True,
    )
    rest = len(sums) - len(names)
    more = [t.n("{n} more.", "{n} more.", rest)] if rest else []
    several = [SEVERAL_CATEGORIES] if sums.sum() > cached_query(page, "total").n else []
    st.caption(" ".join([*more, *map(t, (*several, *counted.notes))]))


def _splits(page: Page) -> dict[str, str]:
    """What the alerts of the filter can be split by into more than one part."""
    t, f = page.t, page.filter
    possible = (
        ("district", t("District"), page.city.districts, f.districts or f.places),
        ("group", t("Group of categories"), page.city.groups, f.groups or f.categories),
        (
            "affected_gender",
            t("Gender of the person affected"),
            "affected_gender" in page.alerts.asked,
            f.affected,
        ),
    )
    return {name: label for name, label, there, chosen in possible if there and len(chosen) != 1}


def _whole_periods(page: Page, days: pd.Series, unit: str) -> BoolArray:
    """Which periods, by their first days, lie wholly within the data and the filter's period.

    Others would look like a fall.
    """
    start, end = period_dates(page)
    days = pd.DatetimeIndex(days)
    last = days + (pd.offsets.MonthEnd(0) if unit == "month" else pd.Timedelta(days=6))
    within = pd.Timestamp(max(start, page.alerts.first)), pd.Timestamp(min(end, page.alerts.as_of))
    return np.asarray((days >= within[0]) & (last <= within[1]))


def draw_week_clock(page: Page) -> None:
    """Alerts by weekday and hour, with their sentence."""
    t = page.t
    frame = pd.DataFrame({"n": []})
    if not has_no_clock(page) and page.alerts.known_time.knows("hour"):
        counted: Counted = cached_query(page, "counts", ("weekday", "hour"), complete=True)
        frame = counted.frame.dropna(subset=["weekday", "hour"])
    if not frame["n"].ne(0).any():
        st.write(no_clock_reason(page))
        return
    if is_small(frame["n"].sum(), (least := page.written.least())):
        st.write(t("Fewer than {k} alerts: too few to show how many.", k=least))
        return
    banded = bool(counted.notes) and set(frame["hour"]) <= set(range(0, 24, BAND_HOURS))
    if banded:  # each band is shared out evenly over its hours
        frame = pd.concat(
            [frame.assign(hour=frame["hour"] + hour, n=frame["n"] / BAND_HOURS) for hour in range(BAND_HOURS)],
            ignore_index=True,
        )
    week = week_clock(frame, BAND_HOURS if banded else 1)
    plots.draw_chart(
        page,
        plots.clock_figure(page, frame),
        key="trends_clock",
        alt=week.sentence(t),
        data=counted.frame,
        file_name="clock.csv",
    )
    if page.alerts.some_hours is not None:
        st.caption(t(page.alerts.some_hours))
    st.write(week.sentence(t))
    known = t.n("{n} alert with a known hour.", "{n} alerts with a known hour.", week.n)
    st.caption(" ".join([known, *(t(note) for note in counted.notes)]))
