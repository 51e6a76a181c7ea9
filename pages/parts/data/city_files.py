"""Changes of the city profile from files and forms: shown as understood, then applied on a click."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from zoneinfo import available_timezones

import pandas as pd
import shapely
import streamlit as st
from pyproj import Geod
from shapely.geometry.base import BaseGeometry
from streamlit.delta_generator import DeltaGenerator

from curim_data.model import LANGUAGES, ImportProblem, Kind, Message, Translator
from curim_data.model.city import K_ORDINARY, K_SENSITIVE, MOST_LEAST, Area, ProfileError
from curim_data.model.i18n import LANGUAGE_NAMES
from curim_data.model.labels import UNCATEGORISED, kind_label
from curim_data.model.progress import following
from curim_data.plans.record import Deed
from curim_data.profile import edit
from curim_data.profile import edit as profile_edit
from curim_data.profile import tables as profile_tables
from curim_data.profile.edit import EditReport
from curim_data.profile.files import as_polygons
from curim_data.profile.provisional import ensure_city_for_areas, given_names
from curim_data.profile.shapes import AreaFile, propose_code_column, propose_name_column, read_areas
from curim_data.profile.shapes import Kind as ShapeKind
from curim_data.profile.versions import ProfileChange
from curim_data.store import Home, Store, StoreError
from curim_data.studies.preparation import prepare
from pages.parts.charts import tables
from pages.parts.data.uploads import safe_file_name
from pages.parts.frame import Page, escape_markdown, record
from pages.parts.maps import basemap, cell_map
from pages.parts.maps.name_layers import Pin

LOG: Final = logging.getLogger("curim")
EDITED = "data_city_edited"
ROUND = "data_city_round"  # part of the uploaders' keys: a new one drops the files


@dataclass(frozen=True)
class EditOutcome:
    """The outcome of a change: how many alerts were updated and the notes, or the problem."""

    version: str = ""
    alerts: int = 0
    changed: bool = True
    notes: tuple[Message, ...] = ()
    problem: Message | str | None = None


def apply_edit(page: Page, edit: Callable[[], EditReport | ProfileChange]) -> None:
    """Apply an edit with a spinner and rerun the page; a refused edit changes nothing and its reason is shown."""
    count = Store(page.home).count()
    try:
        with st.spinner(page.t.n("Updating {n} alert", "Updating {n} alerts", count)):
            made = edit()
        if made.before != made.version:
            record.note(page, Deed.CHANGE, f"city profile {made.before} → {made.version}")
        prepare_city(page, page.home, st.progress(0.0))
        notes = made.notes if isinstance(made, EditReport) else ()
        st.session_state[EDITED] = EditOutcome(made.version, made.alerts, made.before != made.version, notes)
        st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
    except (ImportProblem, StoreError) as problem:
        st.session_state[EDITED] = EditOutcome(problem=problem.message)
    except ProfileError as problem:
        st.session_state[EDITED] = EditOutcome(problem=str(problem))
    if not page.is_sample and page.source is None:
        st.query_params["home"] = "own"
    st.rerun()


def prepare_city(page: Page, home: Home, bar: DeltaGenerator) -> None:
    """Work out what the pages need whatever the filter, with progress; where that fails, they do it themselves."""

    def step(share: float, doing: Message | None) -> None:
        bar.progress(share, text=page.t(doing) if doing else None)

    try:
        with following(step):
            prepare(home)
    except Exception:
        LOG.warning("the city was not prepared", exc_info=True)


def draw_last_edit(page: Page) -> None:
    """Draw what the last edit did, once."""
    done: EditOutcome | None = st.session_state.pop(EDITED, None)
    if done is None:
        return
    t = page.t
    if done.problem is not None:
        st.error(escape_markdown(t(done.problem)))
        return
    if not done.changed:
        st.info(t("Nothing changed: the profile holds this already."))
        return
    st.success(version_sentence(t, done.alerts, done.version))
    for note in done.notes:
        st.warning(escape_markdown(t(note)))


def version_sentence(t: Translator, alerts: int, version: str) -> str:
    """How many alerts were updated with a version."""
    if not alerts:
        return t("The profile has a new version, {version}.", version=version)
    return t.n(
        "The profile has a new version, {version}; {n} alert was updated with it.",
        "The profile has a new version, {version}; {n} alerts were updated with it.",
        alerts,
        version=version,
    )


EARTH = Geod(ellps="WGS84")
MAX_SHAPES_MB = 50
MOST_NAMES = 12
SHAPES = ["geojson", "json", "gpkg", "zip"]
OSM = ["osm", "pbf"]


def draw_districts_upload(page: Page) -> None:
    """A file of districts: the column of names, a map and a table of what was understood, then the button."""
    t = page.t
    areas = _uploaded_areas(page, "districts", "polygon", t("File of the districts"))
    if areas is None:
        return
    with st.container(horizontal=True):
        column = _draw_column_choice(page, areas, required=True)
        language = _draw_language_choice(page, areas.frame[column] if column else None)
        apart = _draw_same_name_choice(page, areas, column)
    try:
        found = profile_edit.districts_of(areas, column, language, apart)
    except ImportProblem as problem:
        st.error(escape_markdown(t(problem.message)))
        return
    _draw_new_districts(page, areas, found)
    with_land = st.checkbox(
        t("The districts together are the study area"),
        value=page.city.provisional or not page.home.has_city(),
        key="data_city_with_land",
        help=t("Alerts outside the study area are counted apart and left off the maps."),
    )
    _draw_apply(
        page,
        areas,
        t("Use as districts"),
        lambda: profile_edit.set_districts(page.home, areas, column, language, with_land=with_land, apart=apart),
    )


def draw_land_upload(page: Page) -> None:
    """A file of the study area: the whole of its areas on a map, then the button."""
    t = page.t
    st.caption(t("The land of the city: its outline, or its districts, without the sea."))
    areas = _uploaded_areas(page, "land", "polygon", t("File of the study area"))
    if areas is None:
        return
    whole = as_polygons(shapely.union_all(areas.frame.geometry.to_numpy()))
    _draw_notes(page, areas, ())
    _draw_map(page, whole, (), t("Map of the new study area"))
    _draw_apply(page, areas, t("Use as study area"), lambda: profile_edit.set_land(page.home, areas))


def draw_streets_upload(page: Page) -> None:
    """A file of streets as lines: how many, their names, then the button."""
    t = page.t
    st.caption(
        t(
            "An OpenStreetMap extract of the city (.osm.pbf or .osm) does too: streets with a name are kept, by main "
            "roads, other streets and paths, and maps then name OpenStreetMap."
        )
    )
    areas = _uploaded_areas(page, "streets", "line", t("File of the streets"), more=OSM)
    if areas is None:
        return
    with st.container(horizontal=True):
        column = _draw_column_choice(page, areas, required=False)
        language = _draw_language_choice(page, areas.frame[column] if column else None)
    _draw_notes(page, areas, ())
    st.caption(t.n("{n} line read.", "{n} lines read.", len(areas)))
    _draw_apply(page, areas, t("Use as streets"), lambda: profile_edit.set_streets(page.home, areas, column, language))


def _city_name(page: Page, areas: AreaFile) -> str:
    """The name of the city: asked where the file makes one."""
    if page.home.has_city():
        return page.t.label(page.city.names)
    proposed = areas.name.partition(".")[0].replace("_", " ")
    return str(st.text_input(page.t("Name of the city"), value=proposed, max_chars=60, width=360)).strip()


def _draw_apply(page: Page, areas: AreaFile, label: str, edit: Callable[[], EditReport]) -> None:
    """The button that makes the edit; a home without a city gets one where the areas lie."""
    called = _city_name(page, areas)

    def made() -> EditReport:
        if not page.home.has_city():
            ensure_city_for_areas(page.home, areas, called)
        return edit()

    if st.button(label, key="data_city_use", type="primary", disabled=not called):
        apply_edit(page, made)


def _uploaded_areas(page: Page, part: str, kind: ShapeKind, label: str, more: Sequence[str] = ()) -> AreaFile | None:
    """The file that was uploaded, read; the layer and the coordinate system are asked where they matter."""
    t = page.t
    turn = st.session_state.get(ROUND, 0)
    upload = st.file_uploader(
        label, type=[*SHAPES, *more], max_upload_size=MAX_SHAPES_MB, key=f"data_city_{part}_{turn}"
    )
    st.caption(
        t(
            "GeoJSON, GeoPackage or zipped Shapefile in any coordinate system, up to {limit} MB. Larger files: “curim "
            "city”. Nothing is changed before you click the button.",
            limit=MAX_SHAPES_MB,
        )
    )
    if upload is None:
        return None
    name, content = safe_file_name(upload.name), upload.getvalue()
    keys = {what: f"data_city_{what}_{upload.file_id}" for what in ("layer", "epsg")}
    layer, epsg = (st.session_state.get(key) for key in keys.values())
    try:
        bounds = page.city.land.bounds if page.home.has_city() else None
        areas = read_areas(content, name, kind=kind, layer=layer, epsg=epsg, bounds=bounds)
    except ImportProblem as problem:
        st.error(escape_markdown(t(problem.message)))
        _draw_epsg_input(page, keys["epsg"])
        return None
    if len(areas.layers) > 1:
        st.selectbox(
            t("Layer"), list(areas.layers), index=areas.layers.index(areas.layer), key=keys["layer"], width=400
        )
    if epsg is not None:
        _draw_epsg_input(page, keys["epsg"])
    return areas


def _draw_epsg_input(page: Page, key: str) -> None:
    st.number_input(
        page.t("Coordinate system of the file (EPSG number)"),
        min_value=1024,
        max_value=99999,
        value=None,
        step=1,
        key=key,
        width=300,
        help=page.t("Only where the file does not say it. The Greek grid is 2100."),
    )


def _draw_column_choice(page: Page, areas: AreaFile, *, required: bool) -> str | None:
    """The column of names, chosen among the file's with their samples."""
    proposed = propose_name_column(areas)
    options: list[str | None] = [*areas.columns] if required else [*areas.columns, None]
    return st.selectbox(
        page.t("Column of the names"),
        options,
        index=options.index(proposed) if proposed in options else 0,
        format_func=lambda key: page.t("no names") if key is None else f"{key}: {', '.join(areas.samples[key])}"[:90],
        key="data_city_column",
        width=420,
    )


def _draw_language_choice(page: Page, texts: pd.Series | None) -> str:
    """The language of the names: the page's, unless the letters are of another script."""
    options = list(LANGUAGE_NAMES)
    written = "".join(texts.dropna()) if texts is not None else ""
    greek = sum("Ͱ" <= letter <= "Ͽ" or "ἀ" <= letter <= "῿" for letter in written)
    letters = sum(letter.isalpha() for letter in written)
    likely = "el" if greek > letters / 2 else "en" if letters and page.t.lang == "el" else page.t.lang
    chosen = st.selectbox(
        page.t("Language of the names"),
        options,
        index=options.index(likely),
        format_func=LANGUAGE_NAMES.__getitem__,
        key="data_city_language",
        width=200,
    )
    return str(chosen)


def _draw_same_name_choice(page: Page, areas: AreaFile, column: str | None) -> str | None:
    """Where several areas have one name: whether they are one district, or which column distinguishes them."""
    t = page.t
    if column is None or not areas.frame[column].duplicated().any():
        return None
    proposed = propose_code_column(areas, column)
    options = [None, *(one for one in areas.columns if one != column)]
    return st.selectbox(
        t("Areas of one name"),
        options,
        index=options.index(proposed),
        format_func=lambda key: (
            t("are one district") if key is None else t("are distinguished by {column}", column=key)
        ),
        key="data_city_apart",
        width=300,
    )


def _draw_new_districts(page: Page, areas: AreaFile, found: tuple[Area, ...]) -> None:
    """Map and table of new districts."""
    t = page.t
    _draw_notes(page, areas, found)
    left, right = st.columns([1, 1], gap="large")
    with left:
        whole = shapely.union_all([area.polygon for area in found])
        _draw_map(page, as_polygons(whole), found, t("Map of the new districts; the table beside it names them."))
    with right:
        frame = pd.DataFrame(
            {
                "name": [t.label(area.labels) for area in found],
                "km2": [abs(EARTH.geometry_area_perimeter(area.polygon)[0]) / 1e6 for area in found],
                "id": [area.id for area in found],
            }
        )
        headings = {"name": t("District"), "km2": t("Area (km²)"), "id": t("Id")}
        tables.draw_table(page, frame, headings, key="data_city_found", alt=t("The new districts"), digits={"km2": 2})


def _draw_notes(page: Page, areas: AreaFile, found: Sequence[Area]) -> None:
    crs = Message("Coordinate system of the file: {crs}.", {"crs": areas.crs})
    notes = profile_edit.area_notes(areas, tuple(found))
    st.caption(escape_markdown(" ".join(map(page.t, [crs, *notes]))))


def _draw_map(page: Page, land: BaseGeometry, found: tuple[Area, ...], alt: str) -> None:
    """The new shapes on a map of their own."""
    city = replace(page.city, land=land, districts=found, landmarks=(), streets=(), illustrative=False)
    if not page.home.has_city():  # the sample's profile stands in for one: its coast is none of this city's
        city = replace(city, water=None, attributions=())
    points = [(page.t.label(area.labels), area.polygon.representative_point()) for area in found]
    few = points if len(points) <= MOST_NAMES else []
    with basemap.credited_to(page, city, "data_city_new_map"):
        cell_map.draw_cell_map(
            replace(page, city=city),
            key="data_city_new",
            alt=alt,
            pins=[Pin(name, point.x, point.y) for name, point in few],
            height=380,
            span=0.5,
            pickable=False,
        )


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
    names = [name for name in (page.source.other_categories if page.source else ()) if name not in set(table["id"])]
    names = [name for name in names if name != UNCATEGORISED]
    if not names:
        return table
    wanted = st.checkbox(
        page.t.n(
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
