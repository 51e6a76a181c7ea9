"""Words of the Data page: formats, containers, roles of columns, answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

from curim_data.model import Facts, Message, Translator
from curim_data.model.labels import format_label, role_name

CONTAINERS: Final[Mapping[str, Message]] = {
    "csv": Message("text with columns (CSV)"),
    "xlsx": Message("Excel workbook"),
    "xls": Message("Excel workbook"),
    "ods": Message("OpenDocument spreadsheet"),
    "json": Message("JSON"),
    "xml": Message("XML"),
    "geojson": Message("GeoJSON"),
    "gpkg": Message("GeoPackage"),
    "shp": Message("Shapefile"),
    "parquet": Message("Parquet"),
}
WRAPPED: Final[Mapping[str, Message]] = {
    "gz": Message("compressed with gzip"),
    "zip": Message("inside a ZIP file"),
}
DELIMITERS: Final[Mapping[str, Message]] = {
    ";": Message("semicolon"),
    ",": Message("comma"),
    "\t": Message("tab"),
    "|": Message("bar"),
}
ORDERS: Final[Mapping[str, Message]] = {
    "day-first": Message("day first (1/3 is 1 March)"),
    "month-first": Message("month first (1/3 is 3 January)"),
}
PARTS: Final[Mapping[str, Message]] = {
    "date": Message("{role}: the date"),
    "time": Message("{role}: the time"),
    "year": Message("{role}: the year"),
    "month": Message("{role}: the month"),
    "day": Message("{role}: the day"),
    "hour": Message("{role}: the hour"),
    "minute": Message("{role}: the minute"),
    "second": Message("{role}: the second"),
    "flag": Message("{role}: named by the heading (yes or no below)"),
    "first": Message("{role}: the first column that is filled"),
}
_SURE: Final = (
    (0.9, Message("Sure ({share})")),
    (0.7, Message("Fairly sure ({share})")),
    (0.5, Message("Not sure ({share}): check it")),
    (0.0, Message("A guess ({share}): check it")),
)


def format_short(t: Translator, name: str) -> str:
    """What a format is called where there is little room."""
    return t.c("format", "unknown") if name == "guessed" else format_label(t, name)


def container_label(t: Translator, facts: Facts) -> str:
    """The kind of file, and what lay around it."""
    kind = t(CONTAINERS[facts.container]) if facts.container in CONTAINERS else facts.container
    around = [t(WRAPPED[one]) if one in WRAPPED else one for one in facts.wrapped]
    return ", ".join([kind, *around])


def role_label(t: Translator, role: str, use: str = "alert", part: str = "value") -> str:
    """What a column of an export holds, or why it is not used."""
    if use == "dropped":
        return t("Not stored: free text or personal data")
    if not role:
        return t("Not used")
    label = role_name(t, role)
    return t(PARTS[part], role=label) if part in PARTS else label


def confidence_label(t: Translator, confidence: float) -> str:
    """How sure a guess is; nothing where the format is known."""
    if confidence != confidence:
        return ""
    message = next(words for least, words in _SURE if confidence >= least)
    return t(message, share=t.percent(confidence))


def draw_heading(text: str) -> None:
    """A small heading inside the details of a file."""
    st.markdown(f"**{text}**")
