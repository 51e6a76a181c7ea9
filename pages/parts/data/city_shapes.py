"""Districts, study area and streets from a file: what was understood on a map, before anything is changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pandas as pd
import shapely
import streamlit as st
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from curim_data.model import ImportProblem, Message
from curim_data.model.city import Area
from curim_data.model.i18n import LANGUAGE_NAMES
from curim_data.profile import edit as profile_edit
from curim_data.profile.edit import EditReport
from curim_data.profile.files import as_polygons
from curim_data.profile.provisional import ensure_city_for_areas
from curim_data.profile.shapes import AreaFile, Kind, propose_code_column, propose_name_column, read_areas
from pages.parts.charts import tables
from pages.parts.data.city_apply import ROUND, apply_edit
from pages.parts.data.uploads import safe_file_name
from pages.parts.frame import Page, escape_markdown
from pages.parts.maps import basemap, cell_map
from pages.parts.maps.name_layers import Pin

EARTH = Geod(ellps="WGS84")
MAX_MB = 50
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


def _uploaded_areas(page: Page, part: str, kind: Kind, label: str, more: Sequence[str] = ()) -> AreaFile | None:
    """The file that was uploaded, read; the layer and the coordinate system are asked where they matter."""
    t = page.t
    turn = st.session_state.get(ROUND, 0)
    upload = st.file_uploader(label, type=[*SHAPES, *more], max_upload_size=MAX_MB, key=f"data_city_{part}_{turn}")
    st.caption(
        t(
            "GeoJSON, GeoPackage or zipped Shapefile in any coordinate system, up to {limit} MB. Larger files: “curim "
            "city”. Nothing is changed before you click the button.",
            limit=MAX_MB,
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
    t = page.t
    st.number_input(
        t("Coordinate system of the file (EPSG number)"),
        min_value=1024,
        max_value=99999,
        value=None,
        step=1,
        key=key,
        width=300,
        help=t("Only where the file does not say it. The Greek grid is 2100."),
    )


def _draw_column_choice(page: Page, areas: AreaFile, *, required: bool) -> str | None:
    """The column of names, chosen among the file's with their samples."""
    t = page.t
    proposed = propose_name_column(areas)
    options: list[str | None] = [*areas.columns] if required else [*areas.columns, None]
    return st.selectbox(
        t("Column of the names"),
        options,
        index=options.index(proposed) if proposed in options else 0,
        format_func=lambda key: t("no names") if key is None else f"{key}: {', '.join(areas.samples[key])}"[:90],
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
                "km2": [_km2(area.polygon) for area in found],
                "id": [area.id for area in found],
            }
        )
        headings = {"name": t("District"), "km2": t("Area (km²)"), "id": t("Id")}
        tables.draw_table(page, frame, headings, key="data_city_found", alt=t("The new districts"), digits={"km2": 2})


def _km2(polygon: BaseGeometry) -> float:
    return abs(float(EARTH.geometry_area_perimeter(polygon)[0])) / 1e6


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
