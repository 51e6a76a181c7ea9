"""What was recognised of a file, and where its alerts lie."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import streamlit as st

from curim_data.formats.base import Layout
from curim_data.model import Message, Translator
from curim_data.model.labels import format_label
from curim_data.model.questions import BOTH_ORDERS
from curim_data.quality.study import likely_reason
from pages.parts.data.labels import DELIMITERS, ORDERS, container_label, draw_heading
from pages.parts.data.questions import AREA_QUESTION, KIND_QUESTION
from pages.parts.data.uploads import FilePreview, ImportTarget
from pages.parts.frame import Page, escape_markdown
from pages.parts.maps import basemap, point_map

MAP_HEIGHT = 340
SHOWN_DEFAULTS = 3


def draw_recognised(page: Page, preview: FilePreview, into: ImportTarget) -> None:
    """Two columns of a line each; what was decided over the whole file; what is not stored."""
    t = page.t
    draw_heading(t("What was recognised"))
    facts = recognised_facts(t, preview, into)
    st.table(
        pd.DataFrame({"what": list(facts), "how": [escape_markdown(text) for text in facts.values()]}),
        hide_index=True,
        hide_header=True,
        border="horizontal",
        alt=t("What was recognised of the file"),
    )
    if preview.report.decisions:
        st.markdown("\n".join(f"- {escape_markdown(t(message))}" for message in preview.report.decisions))
    for question in _answered_above(preview, into):
        st.caption(t("To decide otherwise, answer “{question}” above.", question=question))
    if preview.facts.skipped:
        lines = " / ".join(line[:60] for line in preview.facts.skipped[:3])
        st.caption(t("Lines before the header were skipped: {lines}", lines=escape_markdown(lines)))
    if preview.report.dropped:
        dropped = escape_markdown(t.join(preview.report.dropped))
        st.caption(t("Not stored (free text or personal data): {columns}.", columns=dropped))
    defaults = preview.report.default_coordinates.head(SHOWN_DEFAULTS)
    for lon, lat, n in defaults[["longitude", "latitude", "n"]].itertuples(index=False):
        sentence = t.n("{n} alert lies on one exact point.", "{n} alerts lie on one exact point.", int(n))
        st.caption(f"{sentence} {escape_markdown(likely_reason(t, into.city or preview.city, lon, lat))}")


def _answered_above(preview: FilePreview, into: ImportTarget) -> list[Message]:
    """The questions above that decide otherwise what was decided of a new city."""
    if into.city is not None:
        return []
    area = preview.spread is not None and preview.spread.asks
    return [*([AREA_QUESTION] if area else []), *([KIND_QUESTION] if preview.kind is not None else [])]


def recognised_facts(t: Translator, preview: FilePreview, into: ImportTarget) -> dict[str, str]:
    """The facts of a file, heading by heading; what means nothing to it is left out."""
    facts, layout = preview.facts, preview.header.layout
    city = into.city or preview.city
    rows = {t("Format"): format_label(t, preview.format), t("File"): container_label(t, facts)}
    if facts.encoding:
        with_mark = facts.encoding == "utf-8-sig"
        rows[t("Encoding")] = t("UTF-8 with byte order mark") if with_mark else facts.encoding.upper()
    if facts.delimiter:
        rows[t("Delimiter")] = t(DELIMITERS[facts.delimiter]) if facts.delimiter in DELIMITERS else facts.delimiter
    if facts.sheet:
        rows[t("Table")] = facts.sheet
    rows[t("Dates")] = _dates(t, preview)
    zone = preview.answers.timezone or ("UTC" if layout.utc else city.timezone)
    rows[t("Time zone")] = t("as the file says; {zone} where it does not", zone=zone)
    rows[t("Coordinates")] = _coordinates(t, preview, layout)
    if preview.report.first and preview.report.last:
        rows[t("Period")] = _period(t, preview.report.first, preview.report.last, months=preview.months)
    rows[t("City")] = t.label(city.names) if into.city or not city.provisional else t("none yet: see above")
    return rows


def _period(t: Translator, first: dt.date, last: dt.date, *, months: bool) -> str:
    """From the first day to the last; from month to month where no more is known."""
    if not months:
        return t("{start} – {end}", start=first, end=last)
    start, end = (t.date(day, "LLLL y") for day in (first, last))
    return start if start == end else t("{start} – {end}", start=start, end=end)


def _dates(t: Translator, preview: FilePreview) -> str:
    if preview.date_order in ORDERS:
        return t(ORDERS[preview.date_order])
    if preview.date_order == BOTH_ORDERS:
        return t("both orders of day and month, row by row")
    header = preview.header
    for role in ("occurred_from", "reported_at"):
        parts = header.layout.roles.get(role, ())
        if any(part.part == "year" for part in parts):
            columns = [header.labels[part.place] for part in sorted(parts, key=lambda part: part.place)]
            return t("in columns of their own: {columns}", columns=", ".join(columns))
    return t("year first (2025-03-01)")


def _coordinates(t: Translator, preview: FilePreview, layout: Layout) -> str:
    """The coordinate system of what was read."""
    roles = layout.roles
    if preview.facts.crs:
        return t("from the geometry ({crs})", crs=preview.facts.crs)
    if "latitude" in roles or "longitude" in roles or "point" in roles:
        asked = preview.answers.crs
        return f"EPSG:{asked}" if asked else t("degrees of latitude and longitude (WGS84)")
    if "x" not in roles and "y" not in roles:
        return t("none in this file")
    decision = next((one for one in preview.report.decisions if "epsg" in one.values), None)
    number = preview.answers.crs or (decision.values["epsg"] if decision else None)
    return t("projected, EPSG:{number}", number=str(number)) if number else t("projected")


def draw_points_map(page: Page, preview: FilePreview, into: ImportTarget) -> None:
    """A map of the file's alerts: of the city, or of where they lie if most lie elsewhere."""
    t = page.t
    draw_heading(t("Where the alerts lie"))
    if preview.points.empty:
        st.caption(t("No row of this file has coordinates."))
        return
    away = preview.away and preview.bounds is not None
    city = into.city or preview.city
    with basemap.credited_to(page, city, "data_points_map"):
        point_map.draw_point_map(
            page,
            city,
            preview.points,
            key="data_points",
            alt=t("Map of the city with a dot for each alert of the file"),
            height=MAP_HEIGHT,
            span=0.5,
            bounds=preview.bounds if away else None,
        )
    notes = [t("A dot is an alert; of a large file, one in several is drawn.")]
    if into.city is None and preview.city.provisional:
        notes.append(t("The light area is the provisional study area, drawn around the alerts."))
    if preview.report.outside and not away:
        notes.append(
            t.n(
                "{n} alert of the file lies outside the city and may be off this map.",
                "{n} alerts of the file lie outside the city and may be off this map.",
                preview.report.outside,
            )
        )
    st.caption(" ".join(notes))


def city_note(t: Translator, preview: FilePreview, name: str) -> str:
    """What becomes of a home that has no city yet."""
    if not preview.city.provisional:
        return t("Your home has no city yet. The alerts lie in {city}: its profile is added with the import.",
                 city=t.label(preview.city.names))  # fmt: skip
    if not preview.city.outlined:
        return t(
            "Your home has no city yet, and no column of {file} holds coordinates: the import creates a provisional "
            "city without an outline, so there is no map. Its time zone follows from its name where that is known, its "
            "categories from the file. Add districts or a study area, population and names on the tab “City profile”.",
            file=name,
        )
    return t(
        "Your home has no city yet: {file} creates a provisional one, its area drawn around the alerts, its time "
        "zone ({zone}) from the location, its categories from the file. Add districts, population and names on the "
        "tab “City profile”.",
        file=name,
        zone=preview.city.timezone,
    )
