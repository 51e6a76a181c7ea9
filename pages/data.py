"""Data, for the analyst: bring an export, see what was understood, import it, take it back."""

import streamlit as st

from curim_data.model.access import Role
from pages.parts.data import (
    city_tab as data_city,
)
from pages.parts.data import (
    cleaned_download as data_cleaned,
)
from pages.parts.data import (
    history_tab as data_history,
)
from pages.parts.data import (
    import_tab as data_import,
)
from pages.parts.data import (
    quality_tab as data_quality,
)
from pages.parts.frame.guard import require

page = require(Role.ANALYST, data=False)
t = page.t

st.title(t("Data"))
names = [t("Import"), t("Imports so far"), t("Quality"), t("City profile")]
asked = dict(zip(("import", "history", "quality", "city"), names, strict=True)).get(st.query_params.get("part", ""))
if asked and "data_part" not in st.session_state:
    st.session_state["data_part"] = asked
bring, history, quality, city = st.tabs(names, key="data_part", on_change="rerun")
with bring:
    data_import.draw_import_tab(page, in_view=bool(bring.open))
with history:
    if history.open:
        data_history.draw_history_tab(page)
        data_cleaned.draw_cleaned_download(page)
with quality:
    if quality.open:
        data_quality.draw_quality_tab(page)
with city:
    if city.open:
        data_city.draw_city_tab(page)
