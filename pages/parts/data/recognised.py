"""What was recognised of a file: its proof (hours, places, categories, rows), questions on what it does not determine,
and corrections.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final
from zoneinfo import available_timezones

import pandas as pd
import shapely
import streamlit as st

from curim_data.formats.base import Layout
from curim_data.importing.mapping import covered_days
from curim_data.importing.proof import Line, Proof, gender_counts, kinds_name, period_name, row_lines
from curim_data.importing.questions import pairs, with_meaning
from curim_data.model import CityProfile, ImportProblem, Message, Question, Translator
from curim_data.model.i18n import Span
from curim_data.model.labels import (
    category_label,
    column_label,
    format_label,
    hour_label,
    role_name,
)
from curim_data.model.place_names import PlaceNames
from curim_data.model.reasons import BOTH_ORDERS
from curim_data.quality.study import likely_reason
from pages.parts.charts.figure import base_figure
from pages.parts.charts.plots import draw_chart
from pages.parts.data.uploads import (
    ORDERS,
    FilePreview,
    FileReview,
    ImportTarget,
    UploadedFile,
    draw_facts,
    draw_heading,
    keep_answer,
    with_answers,
)
from pages.parts.frame import Page, escape_markdown, escape_with_commands, palette
from pages.parts.maps import basemap, cell_map
from pages.parts.maps.cell_map import alert_count

SEPARATORS: Final = {mark: mark for mark in (",", ";", "|", "/")} | {"space": "␣"}
QUESTIONS = "data_questions"  # those that were asked, by the file's digest: an answer can be changed
FIELDS: Final = ("dates", "crs", "decimal", "order", "sheet", "ids", "event", "counts")


def draw_questions(page: Page, review: FileReview, into: ImportTarget, *, first: bool) -> None:
    """Ask what stands in the way of a file or may be said better, and show what was answered before.

    `first`: whether it is the file that makes the city of a home without one.
    """
    questions, digest, preview = st.session_state.get(QUESTIONS, {}), review.file.digest, review.preview
    problem, asked = review.problem, dict[str, Question](questions.get(digest, {}))
    asks = isinstance(problem, Question) and problem.about in FIELDS
    listed = preview.report.questions if preview else ((problem,) if asks else ())
    now = {_key(one): one for one in listed if first or one.about not in ("area", "kind")}
    answered = {key: one for key, one in asked.items() if getattr(review.file.answers, one.about) is not None}
    asked = {**(answered if preview else asked), **now}
    st.session_state[QUESTIONS] = {**questions, digest: asked}
    for key, one in asked.items():
        if one.about == "category" and preview:
            draw_category_question(page, review.file, preview, into, one)
        else:
            _draw_question(page, review.file, one, key)
    if first and preview and preview.first and preview.first.spread and not preview.first.spread.asks:
        st.caption(page.t(preview.first.spread.statement))
    if problem is not None and not asks:
        st.error(escape_with_commands(page.t(problem.message)))


def _key(question: Question) -> str:
    """What tells a question of a file from the others: what it is about, and which word."""
    return f"{question.about}{question.message.values.get('word', '')}"


def unanswered(review: FileReview) -> bool:
    """Whether a question without a default was not answered, such as which of several cities is meant."""
    asked = review.preview.report.questions if review.preview else ()
    return any(one.default is None and getattr(review.file.answers, one.about) is None for one in asked)


def _draw_question(page: Page, file: UploadedFile, asked: Question, key: str) -> None:
    t, about = page.t, asked.about
    given = getattr(file.answers, about) or asked.default
    if about == "means":
        told = pairs(file.answers.means)
        given = next((one.value for one in asked.choices if one.value in told), asked.default)
    question = escape_markdown(t(asked.message))  # with what speaks for either answer
    labels: dict[Any, str] = {one.value: t(one.label) for one in asked.choices}
    if about == "crs":
        labels = {int(code): f"EPSG:{code} · {label}" for code, label in labels.items()}
        if given is not None:
            labels.setdefault(given, f"EPSG:{given}")
    if labels:
        _draw_answer(st.radio, file, about, question, labels, given, key=f"data{key.removeprefix(about)}")
    else:
        st.write(question)
    if about == "crs":
        _draw_epsg_choice(page, file, f"data_epsg_{file.digest[:12]}")


def _draw_answer(
    widget: Callable[..., Any], file: UploadedFile, about: str, question: str, labels: Mapping[Any, str], given: Any,
    *, key: str = "data", **look: Any,
) -> None:  # fmt: skip
    """A question with its answers and their words, kept as the field `about` of `Answers`; an emptied one is none."""
    name, options = f"{key}_{about}_{file.digest[:12]}", list(labels)
    written = escape_markdown if widget is st.radio else str  # other boxes show plain text

    def keep() -> None:
        value = st.session_state.get(name) or None
        keep_answer(
            file, **{about: with_meaning(with_answers(file).answers.means, value) if about == "means" else value}
        )

    widget(
        question,
        options,
        format_func=lambda value: written(labels.get(value, value)),
        index=options.index(given) if given in labels else None,
        key=name,
        on_change=keep,
        **look,
    )


def _draw_epsg_choice(page: Page, file: UploadedFile, key: str) -> None:
    """Another projection, by its number."""

    def keep() -> None:
        keep_answer(file, crs=st.session_state[key])

    st.session_state[key] = file.answers.crs
    label = page.t("Coordinate system of the file (EPSG number)")
    st.number_input(label, min_value=1, value=None, step=1, key=key, on_change=keep, width=300)


def draw_corrections(page: Page, file: UploadedFile, preview: FilePreview, into: ImportTarget) -> None:
    """Draw the choices that correct what was recognised: table, dates, time zone, coordinate system."""
    t, answers, facts, city = page.t, preview.answers, preview.report.facts, into.city or preview.city
    choices = [
        ("dates", t("Dates"), {order: t(words) for order, words in ORDERS.items()}, "–"),
        (
            "separator",
            t("Several categories in one cell are separated by"),
            SEPARATORS | {"none": t("none")},
            " ".join(preview.header.layout.separators) or "–",
        ),
        ("timezone", t("Time zone"), {zone: zone for zone in sorted(available_timezones())}, city.timezone),
    ]
    if len(facts.sheets) > 1:
        choices.insert(0, ("sheet", t("Table"), {name: name for name in facts.sheets}, facts.sheet))
    with st.expander(t("Correct what was recognised"), key=f"data_right_{file.digest[:12]}"):
        for about, label, words, usual in choices:
            given, key = getattr(answers, about), "data_right"
            _draw_answer(st.selectbox, file, about, label, words, given, key=key, placeholder=usual)
        if {"x", "y"} & set(preview.header.layout.roles):
            _draw_epsg_choice(page, file, f"data_right_epsg_{file.digest[:12]}")
        days = "/".join(str(preview.report.batch.signature.get(end) or "") for end in ("first", "last"))
        key = f"data_covers_{file.digest[:12]}"
        st.text_input(
            t("First and last day that the file covers"),
            value=answers.covers or "",
            placeholder=days,
            key=key,
            on_change=lambda: _keep_days(file, st.session_state.get(key) or None),
        )


def _keep_days(file: UploadedFile, answer: str | None) -> None:
    """Keep the days that a file is said to cover, where they are days."""
    with suppress(ImportProblem):
        covered_days(answer)
        keep_answer(file, covers=answer)


def draw_category_question(
    page: Page, file: UploadedFile, preview: FilePreview, into: ImportTarget, asked: Question
) -> None:
    """Ask for the category of a file that has no column for it, or for that column; it may stay open."""
    t, given = page.t, file.answers.category or preview.answers.category
    question = t(asked.message)
    labels = {one: category_label(t, preview.city, one) for one in preview.city.categories}
    labels = dict(sorted(labels.items(), key=lambda pair: pair[1]))
    made_for_it = into.city is None and preview.city.provisional  # its categories are what is answered here
    if made_for_it or not labels:  # a box without options would open on “No results”
        key = f"data_category_{file.digest[:12]}"
        st.text_input(
            question,
            value=given or "",
            placeholder=t("Type a name, such as Theft; may be left empty"),
            max_chars=80,
            key=key,
            on_change=lambda: keep_answer(file, category=st.session_state.get(key) or None),
        )
        return
    if given:
        labels.setdefault(given, category_label(t, preview.city, given))
    _draw_answer(
        st.selectbox,
        file,
        "category",
        question,
        labels,
        given,
        placeholder=t("Type a name, such as Theft; may be left empty"),
        accept_new_options=True,
    )


def draw_recognised(page: Page, preview: FilePreview, into: ImportTarget) -> None:
    """Two columns of a line each; what was decided over the whole file; what is not stored."""
    t, report = page.t, preview.report
    draw_heading(t("What was recognised"))
    draw_facts(recognised_facts(t, preview, into), t("What was recognised"))
    if report.decisions:
        st.markdown("\n".join(f"- {escape_markdown(t(message))}" for message in report.decisions))
    if preview.report.facts.skipped:
        lines = " / ".join(line[:60] for line in preview.report.facts.skipped[:3])
        st.caption(t("Lines before the header were skipped: {lines}", lines=escape_markdown(lines)))
    if report.dropped:
        st.caption(
            t("Not stored (free text or personal data): {columns}.", columns=escape_markdown(t.join(report.dropped)))
        )
    defaults = report.default_coordinates.head(3)
    for lon, lat, n in defaults[["longitude", "latitude", "n"]].itertuples(index=False):
        sentence = t.n("{n} alert lies on one exact point.", "{n} alerts lie on one exact point.", int(n))
        st.caption(f"{sentence} {escape_markdown(likely_reason(t, into.city or preview.city, lon, lat))}")


def recognised_facts(t: Translator, preview: FilePreview, into: ImportTarget) -> dict[str, str]:
    """The facts of a file, heading by heading; what means nothing to it is left out."""
    report, layout, city = preview.report, preview.header.layout, into.city or preview.city
    facts, zone = report.facts, preview.answers.timezone or ("UTC" if layout.utc else city.timezone)
    container = [facts.container, *facts.wrapped, facts.encoding or "", (facts.delimiter or "").replace("\t", "tab")]
    order = {**ORDERS, BOTH_ORDERS: Message("both orders of day and month, row by row")}.get(report.date_order)
    whole = report.first and report.last and Span(report.first, report.last, by_month=preview.months)
    rows = {
        t("Format"): format_label(t, layout.format),
        t("File"): " · ".join(one.upper() for one in container if one),
        t("Table"): facts.sheet,
        t("Dates"): t(order) if order else "",
        t("Time zone"): zone,
        t("Coordinates"): _coordinates(preview, layout),
        t("Period"): t.span(whole) if whole else "",
    }
    return {heading: value for heading, value in rows.items() if value}


def _coordinates(preview: FilePreview, layout: Layout) -> str:
    """The coordinate system of what was read; "" where it is not known, or there are no coordinates."""
    asked, roles = preview.answers.crs, layout.roles.keys()
    if preview.report.facts.crs:
        return preview.report.facts.crs
    if roles & {"latitude", "longitude", "point"}:
        return f"EPSG:{asked}" if asked else "WGS84"
    number = asked or next((one.values["epsg"] for one in preview.report.decisions if "epsg" in one.values), None)
    return f"EPSG:{number}" if number and roles & {"x", "y"} else ""


def draw_points_map(page: Page, preview: FilePreview, into: ImportTarget) -> None:
    """A map of the file's alerts: of the city, or of where they lie if most lie elsewhere."""
    t, city, report = page.t, into.city or preview.city, preview.report
    draw_heading(t("Where the alerts lie"))
    if preview.points.empty:
        st.caption(t("No row of this file has coordinates."))
        return
    away = report.mapped > 0 and report.outside > report.mapped / 2  # most with coordinates
    lon, lat = (preview.points[name] for name in ("longitude", "latitude"))
    bounds = (lon.min(), lat.min(), lon.max(), lat.max()) if away else None
    if bounds and not city.without_names:  # nothing of the city lies there: towns of the gazetteer say where that is
        ground = shapely.box(*bounds).buffer(0.02, join_style="mitre")
        city = replace(city, land=ground, place_names=PlaceNames(), districts=(), landmarks=(), streets=())
        city = replace(city, attributions=(), water=None)
    with basemap.credited_to(page, city, "data_points_map"):
        cell_map.draw_point_map(
            page,
            city,
            preview.points,
            key="data_points",
            alt=t("Map of the city with a dot for each alert of the file"),
            height=300,
            span=0.5,
            bounds=bounds,
        )


def city_note(t: Translator, preview: FilePreview, name: str) -> str:
    """What becomes of a home that has no city yet."""
    if not preview.city.provisional:
        return t("Your home has no city yet. The alerts lie in {city}: its profile is added with the import.",
                 city=t.label(preview.city.names))  # fmt: skip
    return t(
        "Your home has no city yet: {file} creates a provisional one. Add districts, population and names on the tab "
        "“City profile”.",
        file=name,
    )


def _draw_bars(page: Page, head: str, bars: Sequence[tuple[str, int, str]], *, key: str) -> None:
    """Draw upright bars: each its name in full for who points at it, its count, and the tick below it ("": none).

    Those who do not see them are told `head` and the counts, but for those of none.
    """
    t, colours = page.t, palette(page.theme)
    counts, ticks = [n for _, n, _ in bars], [tick for *_, tick in bars]
    figure = base_figure(t, colours, height=115, bargap=0.15, margin={"l": 4, "r": 4, "t": 8, "b": 4})
    figure.add_bar(
        x=list(range(len(bars))),
        y=counts,
        marker={"color": colours.sea_blue},
        hovertext=[t.pair(name, alert_count(t, n)) for name, n, _ in bars],
        hoverinfo="text",
    )
    shown = [place for place, tick in enumerate(ticks) if tick]
    figure.update_xaxes(
        tickvals=shown, ticktext=[ticks[place] for place in shown], range=[-0.6, max(len(bars), 1) - 0.4]
    )
    figure.update_yaxes(rangemode="tozero", nticks=3)
    spoken = ", ".join(t.pair(name, t.number(n)) for name, n, _ in bars if n)
    draw_chart(page, figure, key=key, alt=t.pair(head, spoken))


def draw_concerns(page: Page, reviews: list[FileReview], into: ImportTarget) -> None:
    """What looks implausible in the files, so that a person looks before the import; nothing where nothing does."""
    for review in reviews:
        preview = review.preview
        if preview is not None and preview.report.proof is not None and preview.report.proof.concerns:
            city, name = into.city or preview.city, page.t("Look at this before you import")
            name += f": {review.file.name}" if len(reviews) > 1 else ""
            sentences = [f"- {escape_markdown(one.sentence(page.t, city))}" for one in preview.report.proof.concerns]
            st.warning(f"**{escape_markdown(name)}**\n\n" + "\n".join(sentences))


def draw_proof(page: Page, preview: FilePreview, into: ImportTarget) -> None:
    """Where the alerts lie, and their hours, weekdays and months: what fits above the button."""
    t, proof = page.t, preview.report.proof
    if proof is None or not proof.alerts:
        if proof is not None:
            st.caption(proof.hours_sentence(t))
        return
    left, right = st.columns(2, gap="large")
    with left:
        draw_points_map(page, preview, into)
    with right:
        _draw_times(page, proof)


def draw_understood(page: Page, preview: FilePreview, into: ImportTarget) -> None:
    """Categories, genders and roles; three rows as read and as understood."""
    t, proof, city = page.t, preview.report.proof, into.city or preview.city
    if proof is None or not proof.alerts:
        return
    left, right = st.columns(2, gap="large")
    with left:
        _draw_categories(page, city, proof)
        _draw_genders(page, proof)
    with right:
        draw_heading(t("What is filled"))
        frame = pd.DataFrame(
            {
                t("What"): [role_name(t, one.role) for one in proof.roles],
                t("Column"): [escape_markdown(", ".join(one.columns)) for one in proof.roles],
                t("Filled"): [t.part(one.filled / proof.alerts) for one in proof.roles],
            }
        )
        st.table(frame, hide_index=True, border="horizontal", alt=t("What is filled"))
    _draw_rows(page, city, proof)


def _draw_times(page: Page, proof: Proof) -> None:
    """Hours, below them weekdays, and months, or years where there are many, of which five at most are named."""
    t, step = page.t, -(-len(proof.periods) // 5)
    hours = [(hour_label(at), n, hour_label(at) if at % 6 == 0 else "") for at, n in enumerate(proof.hours)]
    # Seven names run together in a column of the page, not on a phone, where the chart takes all of its width.
    weekdays = [
        (t.weekday(day), n, t.weekday(day, "abbreviated") if page.narrow or day % 2 == 0 else "")
        for day, n in enumerate(proof.weekdays)
    ]
    named = [(period_name(t, proof, day), n) for day, n in proof.periods]
    months = [(name, n, name.replace(" ", "<br>", 1) if at % step == 0 else "") for at, (name, n) in enumerate(named)]
    charts = (
        ("hour", proof.with_hour, hours, proof.hours_sentence(t)),
        ("weekday", proof.with_day, weekdays, proof.weekdays_sentence(t)),
        ("year" if proof.by_year else "month", True, months, ""),
    )
    for column, (name, known, bars, sentence) in zip((st.container(), *st.columns(2)), charts, strict=True):
        with column:
            draw_heading(column_label(t, name))
            if known:
                _draw_bars(page, column_label(t, name), bars, key=f"data_proof_{name.replace('year', 'month')}s")
            if sentence:
                st.caption(sentence)


def _draw_categories(page: Page, city: CityProfile, proof: Proof) -> None:
    """The ten commonest categories, each with its kind."""
    t = page.t
    if not proof.categorised:
        return
    draw_heading(t("The commonest categories"))
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
        alt=t("The commonest categories"),
    )


def _draw_genders(page: Page, proof: Proof) -> None:
    """Shares of the genders of those affected and of reporters, or that the file does not ask."""
    t = page.t
    for gender in proof.genders:
        draw_heading(column_label(t, gender.role))
        if gender.columns:
            said = ", ".join(f"{label} {share}" for label, _, share in gender_counts(t, gender, proof.alerts))
            st.write(escape_markdown(said))
        elif gender.unused:
            st.caption(t("Not used: {columns}.", columns=escape_markdown(t.join(gender.unused))))
        else:
            st.caption(t("Not asked: no column of the file holds it."))


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
            alt=t("Rows as read → as understood"),
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
    # Unused columns that show a date stand alone.
    found = [
        {(line.name, "" if line.value else line.columns): line for line in lines if _tells(line)}
        for lines in rows.values()
    ]
    keys = list(dict.fromkeys(key for lines in found for key in lines))
    given = (dict.fromkeys(one for lines in found if key in lines for one in lines[key].columns) for key in keys)
    names, headings = [escape_markdown(name) for name, _ in keys], [escape_markdown(", ".join(of)) for of in given]
    columns = {t("What"): names, t("Column"): [heading or "–" for heading in headings]}
    if page.narrow:
        pairs = zip(names, headings, strict=True)
        columns = {t("What"): [f"{name} ({heading})" if heading else name for name, heading in pairs]}
    for number, lines in zip(rows, found, strict=True):
        columns[t("Row {n}", n=number)] = [_cell(lines[key]) if key in lines else "–" for key in keys]
    return pd.DataFrame(columns)


def _cell(line: Line) -> str:
    """What was read → what was understood, as Markdown."""
    read = escape_markdown(" ".join(filter(None, line.read)))
    return " → ".join(filter(None, (read, f"**{escape_markdown(line.value)}**" if line.value else ""))) or "–"
