"""The city profile: what the dashboard knows of the city, what of it is illustrative, and how it is replaced."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import streamlit as st

from curim_data.home import Home
from curim_data.refresh import refresh
from curim_data.store import StoreError
from curim_data.words import group_label, kind_label
from pages.parts import maps, tables
from pages.parts.basemap import Pin
from pages.parts.page import Page
from pages.parts.text import plain

REFRESHED = "data_refreshed"
LAYOUT = """\
city/
  city.toml
  categories.toml
  land.geojson
  districts.geojson
  landmarks.toml
  streets.geojson
  population.csv"""


def show(page: Page) -> None:
    """Facts, the map of districts, the lists, and the way to another profile."""
    t, city = page.t, page.city
    if city.illustrative:
        st.info(
            t(
                "Illustrative: land, districts, streets and categories of this profile were drawn by the project on "
                "public facts. They show how the dashboard works and are no official borders or lists. Replace them "
                "with the city's own before you decide anything by them."
            )
        )
    groups = {category.group for category in city.categories.values()}
    facts = {
        t("City"): t.label(city.names),
        t("Coordinate system for distances"): f"EPSG:{city.epsg}",
        t("Time zone"): city.timezone,
        t("Districts"): t.number(len(city.districts)),
        t("Categories"): t(
            "{n} in {groups} groups, {sensitive} of them sensitive",
            n=len(city.categories),
            groups=len(groups),
            sensitive=len(city.sensitive),
        ),
        t("Landmarks"): t.number(len(city.landmarks)),
        t("Streets"): t.number(len(city.streets)),
        t("Population"): t("by district") if city.population is not None else t("not given"),
        t("Version"): city.version,
    }
    left, right = st.columns([1, 1], gap="large")
    with left:
        st.table(
            pd.DataFrame({"what": list(facts), "how": [plain(text) for text in facts.values()]}),
            hide_index=True,
            hide_header=True,
            border="horizontal",
            alt=t("What the city's profile holds"),
        )
    with right:
        middles = [(t.label(area.labels), area.polygon.representative_point()) for area in city.districts]
        maps.draw(
            page,
            key="data_city_map",
            alt=t("Map of the city's districts; the table below names them."),
            pins=[Pin(name, point.x, point.y) for name, point in middles],
            height=380,
            span=0.5,
            pickable=False,
        )
    _lists(page)
    _replace(page)


def _lists(page: Page) -> None:
    t, city = page.t, page.city
    left, right = st.columns([1, 1], gap="large")
    with left:
        st.subheader(t("Districts"))
        frame = pd.DataFrame({"name": [t.label(area.labels) for area in city.districts]})
        headings = {"name": t("District")}
        if city.population is not None:
            known = city.population.set_index("district")["total"]
            frame["people"] = [known.get(area.id, float("nan")) for area in city.districts]
            headings["people"] = t("Residents")
        digits = {"people": 0} if "people" in frame else {}
        tables.table(page, frame, headings, key="data_districts", alt=t("Districts"), digits=digits, height="content")
    with right:
        st.subheader(t("Landmarks"))
        marks = pd.DataFrame(
            {"name": [t.label(mark.labels) for mark in city.landmarks], "radius": [m.radius for m in city.landmarks]}
        )
        tables.table(
            page,
            marks,
            {"name": t("Landmark"), "radius": t("Lends its name within (m)")},
            key="data_landmarks",
            alt=t("Landmarks"),
            digits={"radius": 0},
        )
    _categories(page)


def _categories(page: Page) -> None:
    t, city = page.t, page.city
    st.subheader(t("Categories"))
    rows = [
        {
            "group": group_label(t, city, category.group),
            "name": t.label(category.labels),
            "kind": kind_label(t, category.kind),
            "sensitive": t("yes") if category.sensitive else "",
        }
        for category in city.categories.values()
    ]
    headings = {"name": t("Category"), "group": t("Group"), "kind": t("Kind"), "sensitive": t("Sensitive")}
    if page.narrow:
        headings = {name: headings[name] for name in ("name", "sensitive")}
    tables.table(
        page,
        pd.DataFrame(rows, columns=["group", "name", "kind", "sensitive"]),
        headings,
        key="data_categories",
        alt=t("Categories of the city's list"),
        file_name="categories.csv",
    )
    by_kind = Counter(category.kind for category in city.categories.values())
    st.caption(
        t(
            "{kinds}. Sensitive categories are sexual or gender-based: their small counts are protected more strictly.",
            kinds=" · ".join(f"{kind_label(t, kind)}: {t.number(n)}" for kind, n in by_kind.items()),
        )
    )


def _replace(page: Page) -> None:
    """How another profile comes in, and the button that makes its columns anew."""
    t = page.t
    st.subheader(t("Replace it with the city's own"))
    st.write(
        t(
            "The profile is a folder of plain files in the dashboard's home. Put the city's own files in their place, "
            "check them with “curim city show”, then refresh: districts, map cells, places and darkness of all alerts "
            "are made anew, in one step."
        )
    )
    st.code(LAYOUT, language=None)
    st.caption(t("Streets and population may be missing."))
    st.caption(t("The folder of this city: {folder}", folder=f"`{page.home.city_folder}`"))
    if page.is_sample:
        st.caption(t("The sample city keeps its profile. Import your own export to start a city of its own."))
        return
    if st.button(t("Refresh with the current profile"), key="data_refresh", disabled=page.source is None):
        _refresh(page.home)
    if REFRESHED in st.session_state:
        done: int | None = st.session_state.pop(REFRESHED)
        if done is None:
            st.error(t("Other imports were faster each time; try again when they are done."))
        else:
            st.success(
                t.n(
                    "{n} alert now carries the profile {version}.",
                    "{n} alerts now carry the profile {version}.",
                    done,
                    version=page.city.version,
                )
            )


def _refresh(home: Home) -> None:
    try:
        with st.spinner():
            st.session_state[REFRESHED] = refresh(home)
    except StoreError:
        st.session_state[REFRESHED] = None
    st.rerun()
