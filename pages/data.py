"""Data, for the analyst: upload an export, see what was recognised, import it, undo the import."""

import streamlit as st

from curim_data.model import Role
from pages.parts.data.city_tab import draw_city_tab
from pages.parts.data.import_tab import draw_import_tab
from pages.parts.data.stored_tabs import draw_cleaned_download, draw_history_tab, draw_quality_tab, draw_record_tab
from pages.parts.data.uploads import uploader_style
from pages.parts.frame import require

page = require(Role.ANALYST, data=False)
t = page.t

st.title(t("Data"))
st.html(f"<style>{uploader_style(t)}</style>")
names = [t("Import"), t("Imports so far"), t("Quality"), t("City profile"), t("Record")]
parts = dict(zip(names, ("import", "history", "quality", "city", "record"), strict=True))
asked = next((name for name, part in parts.items() if part == st.query_params.get("part")), None)
if asked and "data_part" not in st.session_state:
    st.session_state["data_part"] = asked


def write_part() -> None:
    """The open tab stands in the address."""
    st.query_params["part"] = parts[st.session_state["data_part"]]


imports, history, quality, city, looked = st.tabs(names, key="data_part", on_change=write_part)
with imports:
    draw_import_tab(page, in_view=bool(imports.open))
with history:
    if history.open:
        draw_history_tab(page)
        draw_cleaned_download(page)
with quality:
    if quality.open:
        draw_quality_tab(page)
with city:
    if city.open:
        draw_city_tab(page)
with looked:
    if looked.open:
        draw_record_tab(page)
