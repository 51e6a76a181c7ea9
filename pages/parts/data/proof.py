"""The proof of an import: what a person sees of a file's alerts before "Import", and what looks implausible."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from curim_data.importing.proof import Line, Proof, gender_counts, kinds_name, period_name, row_lines
from curim_data.model import CityProfile, Translator
from curim_data.model.labels import category_label, column_label, hour_label, role_name
from pages.parts.charts.figure import Figure
from pages.parts.charts.plots import draw_chart
from pages.parts.charts.style import base_figure
from pages.parts.data.recognised import draw_points_map
from pages.parts.data.uploads import FilePreview, FileReview, ImportTarget, draw_heading
from pages.parts.frame import Page, escape_markdown, palette
from pages.parts.maps.cell_map import alert_count

HEIGHT = 150


def draw_hour_profile(page: Page, counts: Sequence[int], *, key: str, alt: str) -> None:
    """Draw 24 bars, one for each hour of the day; `counts`: 24 of them, from midnight on."""
    names = [hour_label(hour) for hour in range(24)]
    figure = bars_figure(page, names, counts, [name if at % 6 == 0 else "" for at, name in enumerate(names)])
    draw_chart(page, figure, key=key, alt=f"{alt} {spoken_counts(page.t, names, counts)}")


def bars_figure(page: Page, names: Sequence[str], counts: Sequence[int], ticks: Sequence[str]) -> Figure:
    """Upright bars: `names` in full for the one who points at them, `ticks` below them ("" where there is none)."""
    t, colours = page.t, palette(page.theme)
    figure = base_figure(t, colours, height=HEIGHT, bargap=0.15, margin={"l": 4, "r": 4, "t": 8, "b": 4})
    at = list(range(len(counts)))
    figure.add_bar(
        x=at,
        y=list(counts),
        marker={"color": colours.sea_blue},
        hovertext=[t.pair(name, alert_count(t, n)) for name, n in zip(names, counts, strict=True)],
        hoverinfo="text",
    )
    shown = [place for place in at if ticks[place]]
    figure.update_xaxes(
        tickvals=shown, ticktext=[ticks[place] for place in shown], range=[-0.6, max(len(counts), 1) - 0.4]
    )
    figure.update_yaxes(rangemode="tozero", nticks=3)
    return figure


def spoken_counts(t: Translator, names: Sequence[str], counts: Sequence[int]) -> str:
    """The counts in words, for those who do not see the bars; those of none are left out."""
    return ", ".join(t.pair(name, t.number(n)) for name, n in zip(names, counts, strict=True) if n)


MOST_TICKS = 5


def draw_concerns(page: Page, reviews: list[FileReview], into: ImportTarget) -> None:
    """What looks implausible in the files, so that a person looks before the import; nothing where nothing does."""
    t = page.t
    for review in reviews:
        preview = review.preview
        if preview is None or preview.report.proof is None or not preview.report.proof.concerns:
            continue
        city = into.city or preview.city
        head = t("Look at this before you import")
        name = f"{head}: {review.file.name}" if len(reviews) > 1 else head
        sentences = [f"- {escape_markdown(one.sentence(t, city))}" for one in preview.report.proof.concerns]
        st.warning(f"**{escape_markdown(name)}**\n\n" + "\n".join(sentences))


def draw_proof(page: Page, preview: FilePreview, into: ImportTarget) -> None:
    """Hours, weekdays and months; the map; categories, genders and roles; three rows as read and as understood."""
    t, proof, city = page.t, preview.report.proof, into.city or preview.city
    if proof is None:
        return
    if not proof.alerts:
        st.caption(proof.hours_sentence(t))
        return
    hours, weekdays, months = st.columns([5, 3, 5], gap="medium")
    with hours:
        _draw_hours(page, proof)
    with weekdays:
        _draw_weekdays(page, proof)
    with months:
        _draw_months(page, proof)
    left, right = st.columns(2, gap="large")
    with left:
        draw_points_map(page, preview, into)
        _draw_genders(page, proof)
    with right:
        _draw_categories(page, city, proof)
        _draw_roles(page, proof)
    _draw_rows(page, city, proof)


def _draw_hours(page: Page, proof: Proof) -> None:
    t = page.t
    draw_heading(column_label(t, "hour"))
    if proof.with_hour:
        draw_hour_profile(page, proof.hours, key="data_proof_hours", alt=t("Alerts of the file by hour of the day."))
    st.caption(proof.hours_sentence(t))


def _draw_weekdays(page: Page, proof: Proof) -> None:
    t = page.t
    draw_heading(column_label(t, "weekday"))
    if proof.with_day:
        names = [t.weekday(day) for day in range(7)]
        # Seven names run together in a column of the page, not on a phone, where the chart takes all of its width.
        ticks = [t.weekday(day, "abbreviated") if page.narrow or day % 2 == 0 else "" for day in range(7)]
        head = t("Alerts of the file by weekday.")
        alt = f"{head} {spoken_counts(t, names, proof.weekdays)}"
        draw_chart(page, bars_figure(page, names, proof.weekdays, ticks), key="data_proof_weekdays", alt=alt)
    if sentence := proof.weekdays_sentence(t):
        st.caption(sentence)


def _draw_months(page: Page, proof: Proof) -> None:
    """Months, or years where there are many; their names under some of the bars."""
    t, periods = page.t, proof.periods
    draw_heading(column_label(t, "year" if proof.by_year else "month"))
    names, counts = [period_name(t, proof, day) for day, _ in periods], [n for _, n in periods]
    step = -(-len(periods) // MOST_TICKS)
    ticks = [name.replace(" ", "<br>", 1) if at % step == 0 else "" for at, name in enumerate(names)]
    head = t("Alerts of the file over time.")
    alt = f"{head} {spoken_counts(t, names, counts)}"
    draw_chart(page, bars_figure(page, names, counts, ticks), key="data_proof_months", alt=alt)


def _draw_categories(page: Page, city: CityProfile, proof: Proof) -> None:
    """The ten commonest categories, each with its kind."""
    t = page.t
    draw_heading(t("The commonest categories"))
    if not proof.categorised:
        st.caption(t("No column of the file holds a category."))
        return
    frame = pd.DataFrame(
        {
            column_label(t, "category"): [
                escape_markdown(category_label(t, city, one.category)) for one in proof.categories
            ],
            column_label(t, "kind"): [kinds_name(t, one) for one in proof.categories],
            column_label(t, "n"): [t.number(one.n) for one in proof.categories],
            t("Share"): [t.part(one.n / proof.alerts) for one in proof.categories],
        }
    )
    st.table(
        frame.iloc[:, [0, 1, 3]] if page.narrow else frame,
        hide_index=True,
        border="horizontal",
        alt=t("The commonest categories of the file, with their kinds"),
    )
    if rest := proof.distinct - len(proof.categories):
        st.caption(t.n("{n} other category is not shown.", "{n} other categories are not shown.", rest))


def _draw_genders(page: Page, proof: Proof) -> None:
    """Shares of the genders of those affected and of reporters, or that the file does not ask."""
    t = page.t
    for gender in proof.genders:
        draw_heading(column_label(t, gender.role))
        if not gender.asked:
            st.caption(t("Not asked: no column of the file holds it."))
            continue
        said = ", ".join(f"{label} {share}" for label, _, share in gender_counts(t, gender, proof.alerts))
        columns = t("from the column {columns}", columns=t.join(gender.columns))
        st.write(escape_markdown(f"{said} ({columns})"))


def _draw_roles(page: Page, proof: Proof) -> None:
    """In how many alerts each role is filled, and which column gives it."""
    t = page.t
    draw_heading(t("What is filled"))
    frame = pd.DataFrame(
        {
            t("What"): [role_name(t, one.role) for one in proof.roles],
            t("Column"): [escape_markdown(", ".join(one.columns)) for one in proof.roles],
            t("Filled"): [t.part(one.filled / proof.alerts) for one in proof.roles],
        }
    )
    st.table(frame, hide_index=True, border="horizontal", alt=t("What is filled in the file, and by which column"))


def _draw_rows(page: Page, city: CityProfile, proof: Proof) -> None:
    """Rows side by side, what was read before what was understood; on a phone one below the other."""
    t = page.t
    draw_heading(t("Rows as read → as understood"))
    found = {row.row: row_lines(t, city, row) for row in proof.rows}
    for numbers in [[row] for row in found] if page.narrow else [list(found)]:
        st.table(
            _rows_table(page, {number: found[number] for number in numbers}),
            hide_index=True,
            border="horizontal",
            alt=t("Rows of the file as they were read, and as they were understood"),
        )
    for line in next(iter(found.values()), []):
        if not _tells(line):
            st.caption(escape_markdown(t.pair(line.name, ", ".join(filter(None, line.columns)))))


def _tells(line: Line) -> bool:
    """Whether a line has something to show: what is not used or not stored is named below the table."""
    return bool(line.value) or any(line.read)


def _rows_table(page: Page, rows: dict[int, list[Line]]) -> pd.DataFrame:
    """A line for each role; columns of the file that give it, and for each row what was read and understood."""
    t = page.t
    found = [[line for line in lines if _tells(line)] for lines in rows.values()]
    names = list(dict.fromkeys((line.name, _merged(line)) for lines in found for line in lines))
    columns: dict[str, list[str]] = {t("What"): [], t("Column"): []}
    texts: list[list[str]] = [[] for _ in rows]
    for name, merged in names:
        here = [[one for one in lines if (one.name, _merged(one)) == (name, merged)] for lines in found]
        headings = dict.fromkeys(heading for lines in here for line in lines for heading in line.columns)
        columns[t("What")].append(escape_markdown(name))
        columns[t("Column")].append(escape_markdown(", ".join(headings)) or "–")
        for cells, lines in zip(texts, here, strict=True):
            cells.append(_cell(lines[0]) if lines else "–")
    if page.narrow:
        first = [what if not of or of == "–" else f"{what} ({of})" for what, of in zip(*columns.values(), strict=True)]
        columns = {t("What"): first}
    return pd.DataFrame(
        {**columns, **{t("Row {n}", n=number): cells for number, cells in zip(rows, texts, strict=True)}}
    )


def _merged(line: Line) -> str:
    """What tells lines of one name apart: unused columns that show a date stand alone."""
    return "" if line.value or not any(line.read) else "/".join(line.columns)


def _cell(line: Line) -> str:
    """What was read → what was understood, as Markdown."""
    read = escape_markdown(" ".join(filter(None, line.read)))
    value = f"**{escape_markdown(line.value)}**" if line.value else ""
    return " → ".join(filter(None, (read, value))) or "–"
