"""Data, for the analyst: bring an export, see what was understood, import it, take it back."""

import streamlit as st

from curim_data.access import Role
from pages.parts import data_city, data_cleaned, data_history, data_import, data_quality
from pages.parts.guard import require

page = require(Role.ANALYST, data=False)
t = page.t

st.title(t("Data"))
names = [t("Import"), t("Imports so far"), t("Quality"), t("City profile")]
asked = dict(zip(("import", "history", "quality", "city"), names, strict=True)).get(st.query_params.get("part", ""))
if asked and "data_part" not in st.session_state:
    st.session_state["data_part"] = asked
bring, history, quality, city = st.tabs(names, key="data_part", on_change="rerun")
with bring:
    data_import.show(page, in_view=bool(bring.open))
with history:
    if history.open:
        data_history.show(page)
        data_cleaned.show(page)
with quality:
    if quality.open:
        data_quality.show(page)
with city:
    if city.open:
        data_city.show(page)
