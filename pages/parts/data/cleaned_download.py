"""Download of cleaned alerts: one file under the page's filter, made when it is clicked."""

from __future__ import annotations

import io
from typing import Final

import streamlit as st

from curim_data.engine import open_source
from curim_data.export import cleaned
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.model.extent import NESTED_CELLS
from curim_data.store import Home
from pages.parts.frame import Page, escape_markdown
from pages.parts.frame.guard import draw_download

# A browser's download is held in memory; more goes through the command line.
MOST_ALERTS: Final = 200_000
EVERYTHING: Final = AlertFilter(period="all")
NAMES: Final[dict[cleaned.Kind, str]] = {"csv": "CSV", "parquet": "Parquet", "gpkg": "GeoPackage"}
_TYPES: Final[dict[cleaned.Kind, str]] = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "gpkg": "application/geopackage+sqlite3",
}


def draw_cleaned_download(page: Page) -> None:
    """Choose which alerts and which kind of file; only analysts see single alerts."""
    t = page.t
    if page.source is None or page.audience is not Audience.ANALYST:
        return
    st.subheader(t("Cleaned data"))
    st.write(
        t(
            "Single alerts with what the import added to them: district, map cells, place, darkness. The CSV can be "
            "imported again."
        )
    )
    st.caption(t(NESTED_CELLS))
    filtered = st.toggle(t("Only the alerts that match the filter of the other pages"), key="data_cleaned_filter")
    f = page.filter if filtered else EVERYTHING
    n = cleaned.count(page.source, f, page.audience)
    if filtered:
        st.caption(escape_markdown(f.sentence(t, page.city, n=n, total=page.source.count)))
    else:
        st.caption(t.n("{n} alert.", "{n} alerts.", n))
    if n > MOST_ALERTS:
        note = t(
            "More than {most} alerts are too many for a browser: use “curim export --out FILE.csv” on the computer "
            "that runs the dashboard.",
            most=MOST_ALERTS,
        )
        st.write(note)
        return
    with st.container(horizontal=True):
        for kind, name in NAMES.items():
            _button(page, f, kind, name)


def _button(page: Page, f: AlertFilter, kind: cleaned.Kind, name: str) -> None:
    home, audience = page.home, page.audience
    draw_download(
        name,
        lambda: cleaned_file(home, f, kind, audience),
        file_name=f"alerts.{kind}",
        mime=_TYPES[kind],
        key=f"data_cleaned_{kind}",
        icon=":material/download:",
    )


def cleaned_file(home: Home, f: AlertFilter, kind: cleaned.Kind, audience: Audience) -> bytes:
    """The file's bytes."""
    out = io.BytesIO()
    cleaned.write(open_source(home), f, out, kind, audience)
    return out.getvalue()
