"""Residents, landmarks, categories, name and time zone: shown as understood, then given on a click."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import available_timezones

import pandas as pd
import streamlit as st

from curim_data.model import LANGUAGES, ImportProblem, Kind
from curim_data.model.city import K_ORDINARY, K_SENSITIVE, MOST_LEAST
from curim_data.model.i18n import LANGUAGE_NAMES
from curim_data.model.labels import UNCATEGORISED, kind_label
from curim_data.profile import edit
from curim_data.profile import tables as profile_tables
from curim_data.profile.known_cities import given_names
from pages.parts.charts import tables
from pages.parts.data.city_apply import ROUND, apply_edit
from pages.parts.data.uploads import safe_file_name
from pages.parts.frame import Page, escape_markdown

MAX_MB = 10


def draw_population_upload(page: Page) -> None:
    """Residents by district and gender."""
    t, city = page.t, page.city
    if not city.districts:
        st.write(t("The city has no districts yet: add them first, then their residents."))
        return
    st.caption(
        t(
            "One row a district with columns for women, men and total, or one row a district and gender. Districts are "
            "found by their name or id."
        )
    )
    blank = pd.DataFrame(
        {
            "district": [area.id for area in city.districts],
            "name": [t.label(area.labels) for area in city.districts],
            **dict.fromkeys(("women", "men", "total"), ""),
        }
    )
    tables.download_button(page, blank, "population.csv", key="data_city_blank", label=t("Download a table to fill in"))
    name, content = _uploaded_table("population", ["csv", "xlsx"], t("File of the residents"))
    if content is None:
        return
    residents = _read_or_explain(
        page, lambda: profile_tables.residents(profile_tables.read_table(content, name), city.districts, name)
    )
    if residents is None:
        return
    labels = {area.id: t.label(area.labels) for area in city.districts}
    frame = residents.frame.assign(district=residents.frame["district"].map(labels))
    words = {"district": t("District"), "women": t("Women"), "men": t("Men"), "total": t("Residents")}
    headings = {column: words[column] for column in frame}
    digits = {column: 0 for column in frame if column != "district"}
    alt = t("Residents as they were read")
    tables.draw_table(page, frame, headings, key="data_city_people", alt=alt, digits=digits)
    if residents.without:
        names = t.join(labels[key] for key in residents.without)
        st.warning(t("Districts without a number: {names}.", names=escape_markdown(names)))
    if residents.unknown:
        st.warning(
            t("Names in the file that are no district: {names}.", names=escape_markdown(t.join(residents.unknown)))
        )
    if st.button(t("Use as residents"), key="data_city_use", type="primary"):
        apply_edit(page, lambda: edit.set_population(page.home, content, name))


def draw_landmarks_upload(page: Page) -> None:
    """Upload of landmarks, after which nearby hot spots are named."""
    t, city = page.t, page.city
    st.caption(
        t(
            "Columns name (or name_el, name_en, name_fr), longitude, latitude and radius in metres; points of a map "
            "file; or an OpenStreetMap extract (.osm.pbf or .osm). The list replaces the one before."
        )
    )
    present = pd.DataFrame(
        [
            {
                **{f"name_{lang}": mark.labels.get(lang, "") for lang in LANGUAGES},
                "longitude": mark.longitude,
                "latitude": mark.latitude,
                "radius": mark.radius,
            }
            for mark in city.landmarks
        ],
        columns=[*(f"name_{lang}" for lang in LANGUAGES), "longitude", "latitude", "radius"],
    )
    tables.download_button(page, present, "landmarks.csv", key="data_city_marks", label=t("Download the present list"))
    kinds = ["csv", "xlsx", "geojson", "json", "gpkg", "zip", "osm", "pbf"]
    name, content = _uploaded_table("landmarks", kinds, t("File of the landmarks"))
    if content is None:
        return
    found = _read_or_explain(page, lambda: edit.landmarks_in(content, name, city)[0])
    if found is None:
        return
    frame = pd.DataFrame(
        [
            {"name": t.label(m.labels), "longitude": m.longitude, "latitude": m.latitude, "radius": m.radius}
            for m in found
        ]
    )
    headings = {
        "name": t("Landmark"),
        "longitude": t("Longitude"),
        "latitude": t("Latitude"),
        "radius": t("Names hot spots within (m)"),
    }
    digits = {"longitude": 5, "latitude": 5, "radius": 0}
    alt = t("Landmarks as they were read")
    tables.draw_table(page, frame, headings, key="data_city_found", alt=alt, digits=digits)
    if st.button(t("Use as landmarks"), key="data_city_use", type="primary"):
        apply_edit(page, lambda: edit.set_landmarks(page.home, content, name))


def draw_categories_upload(page: Page) -> None:
    """The category tree: the present one to edit in place or to download, or another from a file."""
    t, city = page.t, page.city
    st.caption(
        t(
            "Correct names, kinds and what is sensitive in the table, or upload a file with the columns id, kind, "
            "group, sensitive, label_el, label_en, label_fr. Alerts keep the id of their category. With numbers in the "
            "column harm, alerts can be weighed by the city's harm index."
        )
    )
    table = profile_tables.categories_table(city.categories.values())
    tables.download_button(page, table, "categories.csv", key="data_city_tree", label=t("Download the present list"))
    kinds = ["csv", "xlsx", "toml"]
    name, content = _uploaded_table("categories", kinds, t("File of the categories"))
    groups: edit.Groups = dict(city.groups)
    if content is not None:
        read = _read_or_explain(page, lambda: edit.category_table(content, name, city))
        checked = read and _read_or_explain(page, lambda: profile_tables.categories(*read, name))
        if not checked:
            return
        groups, found = checked
        table = profile_tables.categories_table(found)
    table = _with_names_of_alerts(page, table)
    edited = _draw_category_editor(
        page, table, groups, key=f"data_city_editor_{city.version}_{len(content or b'')}_{len(table)}"
    )
    for note in edit.gone_notes(city, set(edited["id"])):
        st.warning(escape_markdown(t(note)))
    if st.button(t("Use these categories"), key="data_city_use", type="primary"):
        apply_edit(page, lambda: edit.set_categories(page.home, edited, name or "categories.csv", groups=groups))


def _with_names_of_alerts(page: Page, table: pd.DataFrame) -> pd.DataFrame:
    """The list with the names that alerts have and it does not, where the reader wants them in."""
    t = page.t
    names = [name for name in (page.source.other_categories if page.source else ()) if name not in set(table["id"])]
    names = [name for name in names if name != UNCATEGORISED]
    if not names:
        return table
    wanted = st.checkbox(
        t.n(
            "Add the {n} name that alerts have and the list does not hold",
            "Add the {n} names that alerts have and the list does not hold",
            len(names),
        ),
        value=not page.city.categories,
        key="data_city_add_names",
    )
    return pd.concat([table, profile_tables.names_table(names)], ignore_index=True) if wanted else table


def _draw_category_editor(page: Page, table: pd.DataFrame, groups: edit.Groups, *, key: str) -> pd.DataFrame:
    """The categories in a table that can be changed in place, ids but for."""
    t = page.t
    shown = table.assign(sensitive=table["sensitive"] == "yes")
    first = f"label_{t.lang}"
    others = (c for c in table if c.startswith("label_") and c != first)
    order = ["id", first, "kind", "sensitive", *others, "group", "harm"]
    column = st.column_config
    edited: pd.DataFrame = st.data_editor(
        shown,
        key=key,
        hide_index=True,
        num_rows="fixed",
        placeholder="",
        column_order=order,
        column_config={
            "id": column.TextColumn(t("Id"), disabled=True),
            "kind": column.SelectboxColumn(
                t("Kind"), options=[k.value for k in Kind], format_func=lambda k: kind_label(t, k), required=True
            ),
            "sensitive": column.CheckboxColumn(t("Sensitive")),
            "harm": column.TextColumn(t("Harm index")),
            "group": column.SelectboxColumn(
                t("Group"), options=["", *groups], format_func=lambda key: t.label(groups.get(key, {})) or "–"
            ),
            **{
                f"label_{lang}": column.TextColumn(t("Name ({language})", language=LANGUAGE_NAMES[lang]), max_chars=200)
                for lang in LANGUAGES
            },
        },
    )
    return edited.assign(sensitive=edited["sensitive"].map({True: "yes", False: "no"}))


def draw_names_form(page: Page) -> None:
    """Name in three languages, time zone, projection."""
    t, city = page.t, page.city
    zones = sorted(available_timezones())
    with st.form("data_city_names", border=False):
        with st.container(horizontal=True):
            given = {
                lang: st.text_input(
                    t("Name ({language})", language=LANGUAGE_NAMES[lang]),
                    value=city.names.get(lang, ""),
                    max_chars=100,
                    key=f"data_city_name_{lang}_{city.version}",
                    width=240,
                )
                for lang in LANGUAGES
            }
        with st.container(horizontal=True):
            zone = st.selectbox(
                t("Time zone"),
                zones,
                index=zones.index(city.timezone) if city.timezone in zones else None,
                key=f"data_city_zone_{city.version}",
                width=300,
            )
            epsg = st.number_input(
                t("Coordinate system for distances (EPSG number)"),
                min_value=1024,
                max_value=99999,
                value=city.epsg,
                step=1,
                format="%d",
                key=f"data_city_epsg_{city.version}",
                width=300,
                help=t("In metres, and meant for the place: the Greek grid is 2100, UTM zone 34 north is 32634."),
            )
        clicked = st.form_submit_button(t("Save"), type="primary", key="data_city_save")
    if clicked:
        names = {lang: name for lang, name in given.items() if name.strip()}
        names = given_names(names) or names
        apply_edit(page, lambda: edit.set_names(page.home, names=names, timezone=zone, epsg=int(epsg)))


def draw_least_counts_form(page: Page) -> None:
    """The smallest counts that council and public see."""
    t, city = page.t, page.city
    st.caption(
        t(
            "Council and public see smaller numbers as “fewer than”. A city may raise these two, and not lower them. "
            "What the protected copy has exchanged already stays as it is; later alerts are exchanged by the new "
            "numbers."
        )
    )
    with st.form("data_city_least_counts", border=False):
        with st.container(horizontal=True):
            given = [
                st.number_input(
                    label,
                    min_value=floor,
                    max_value=MOST_LEAST,
                    value=city.least_count(sensitive),
                    step=1,
                    format="%d",
                    key=f"data_city_least_{floor}_{city.version}",
                    width=300,
                )
                for label, floor, sensitive in (
                    (t("Smallest number shown"), K_ORDINARY, False),
                    (t("Smallest number shown of sensitive categories"), K_SENSITIVE, True),
                )
            ]
        clicked = st.form_submit_button(t("Save"), type="primary", key="data_city_least_save")
    if clicked:
        apply_edit(page, lambda: edit.set_least_counts(page.home, *map(int, given)))


def _uploaded_table(part: str, kinds: list[str], label: str) -> tuple[str, bytes | None]:
    """Name and content of the file that was uploaded."""
    turn = st.session_state.get(ROUND, 0)
    upload = st.file_uploader(label, type=kinds, max_upload_size=MAX_MB, key=f"data_city_{part}_{turn}")
    return (safe_file_name(upload.name), upload.getvalue()) if upload is not None else ("", None)


def _read_or_explain(page: Page, read: Callable[[], Any]) -> Any:
    """What the file holds, or None after its problem was shown."""
    try:
        return read()
    except ImportProblem as problem:
        st.error(escape_markdown(page.t(problem.message)))
        return None
