"""The city profile: what the dashboard knows of the city, what of it is provisional, its versions and edits.

Changes come from files and forms: they are shown as understood, then applied on a click.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

import pandas as pd
import shapely
import streamlit as st
from pyproj import Geod
from shapely.geometry.base import BaseGeometry
from streamlit.delta_generator import DeltaGenerator

from curim_data.model import LANGUAGES, N_, ImportProblem, Kind, Message
from curim_data.model.city import K_ORDINARY, K_SENSITIVE, MOST_LEAST, Area, ProfileError
from curim_data.model.i18n import LANGUAGE_NAMES
from curim_data.model.labels import UNCATEGORISED, group_label, kind_label, provisional_note
from curim_data.model.progress import following
from curim_data.plans.record import Deed
from curim_data.profile import edit
from curim_data.profile import tables as profile_tables
from curim_data.profile.edit import EditReport
from curim_data.profile.provisional import ensure_city_for_areas, given_names, names_table
from curim_data.profile.shapes import AreaFile, propose_code_column, propose_name_column, read_areas
from curim_data.profile.shapes import Kind as ShapeKind
from curim_data.profile.tables import as_polygons
from curim_data.profile.versions import WHAT_WORDS, ProfileChange, reenrich_store
from curim_data.store import Home, Store, StoreError
from curim_data.studies.preparation import prepare
from pages.parts.charts.tables import download_button, draw_table
from pages.parts.data.uploads import draw_facts, safe_file_name
from pages.parts.frame import Page, escape_markdown, record
from pages.parts.maps import basemap, cell_map
from pages.parts.maps.basemap import Pin

LAYOUT = """\
city/
  city.toml
  categories.toml
  land.geojson
  districts.geojson
  landmarks.toml
  streets.geojson
  population.csv"""


def draw_city_edit(page: Page) -> None:
    """What can be given, one at a time; the sample city keeps its profile."""
    t = page.t
    st.subheader(t("Set up the city profile"))
    if page.is_sample:
        st.caption(t("The sample city keeps its profile. Import your own export to start a city of its own."))
        _draw_files(page)
        return
    if not page.home.has_city():
        st.caption(t("This home has no city yet: the first import creates it, or a file of its districts does."))
    st.caption(
        t(
            "Each change creates a new version of the profile. Districts, map cells, places and darkness of all "
            "alerts are recalculated with it, in one step, and the previous version can be restored."
        )
    )
    parts = PARTS if page.home.has_city() else {name: PARTS[name] for name in ("districts", "land")}
    chosen = st.pills(
        t("What do you want to change?"),
        list(parts),
        format_func=lambda name: t(parts[name][0]),
        default="districts",
        required=True,
        key="data_city_part",
    )
    parts[chosen or "districts"][1](page)
    _draw_files(page)


def draw_accept_profile(page: Page) -> None:
    """Take the provisional profile as it stands."""
    with st.popover(page.t("Accept the profile as it is")):
        st.write(
            page.t(
                "The note on every page disappears. Area, time zone and categories stay as they are and can be changed."
            )
        )
        if st.button(page.t("Yes, accept it"), key="data_city_accept", type="primary"):
            apply_edit(page, lambda: edit.confirm_provisional(page.home))


def _draw_versions(page: Page) -> None:
    """The versions, and one of them given back."""
    t, zone = page.t, ZoneInfo(page.city.timezone)
    rows = {
        one.id: {
            "when": t.moment(one.when.astimezone(zone), "short"),
            "what": t(WHAT_WORDS[one.what]),
            "file": one.file,
            "id": one.id,
            "state": t("in use") if one.current else "",
        }
        for one in edit.versions(page.home)
    }
    headings = {"when": t("When"), "what": t("Changed"), "file": t("File"), "id": t("Version"), "state": t("State")}
    draw_table(
        page,
        pd.DataFrame(rows.values()),
        headings,
        key="data_city_versions",
        alt=t("Versions of the profile, the newest first"),
        narrow=("when", "what", "state"),
    )
    earlier = [key for key, row in rows.items() if not row["state"]]
    if not earlier:
        st.caption(t("There is no other version yet."))
        return
    chosen = st.selectbox(
        t("Version to restore"),
        earlier,
        format_func=lambda key: f"{rows[key]['when']} · {rows[key]['what']} · {key}",
        key="data_city_earlier",
        width=520,
    )
    if st.button(t("Restore this version"), key="data_city_restore", type="primary"):
        apply_edit(page, lambda: edit.restore_version(page.home, str(chosen)))


def _draw_files(page: Page) -> None:
    """Where the files are, for those who edit them by hand, and the button that recalculates the columns."""
    t = page.t
    behind = edit.stale_count(page.home) if page.home.has_city() and not page.is_sample else 0
    if behind:
        st.warning(
            t.n(
                "{n} alert was calculated with another version of the profile. Refresh to update it.",
                "{n} alerts were calculated with another version of the profile. Refresh to update them.",
                behind,
            )
        )
    with st.expander(t("The files of the profile")):
        st.write(
            t(
                "The profile is a folder of plain files in the dashboard's home. They can also be changed by hand: "
                "check them with “curim city show”, then refresh."
            )
        )
        st.code(LAYOUT, language=None)
        st.caption(t("Streets and population may be missing."))
        st.caption(t("The folder of this city: {folder}", folder=f"`{page.home.city_folder}`"))
    if page.is_sample:
        return
    if st.button(t("Refresh with the current profile"), key="data_refresh", disabled=page.source is None):
        version = page.city.version
        apply_edit(page, lambda: ProfileChange("", version, reenrich_store(page.home)))


def draw_city_tab(page: Page) -> None:
    """Facts, the map of districts, the lists, and the ways to change them."""
    t, city = page.t, page.city
    for draw, sentence in st.session_state.pop(EDITED, ()):  # what the last edit did
        draw(sentence)
    if not page.is_sample and not page.home.has_city():
        draw_city_edit(page)
        return
    if city.illustrative:
        st.info(
            t(
                "Illustrative: city limit, districts, streets and categories of this profile were drawn by the project "
                "on public facts. They show how the dashboard works and are no official borders or lists. Replace them "
                "with the city's own before you decide anything by them."
            )
        )
    if city.provisional:
        note = t("Upload the city's own districts or study area below.")
        st.warning(f"{provisional_note(t, outlined=city.outlined)} {note}")
        if not page.is_sample:
            draw_accept_profile(page)
    left, right = st.columns([1, 1], gap="large")
    with left:
        _draw_facts(page)
    with right:
        draw_districts_map(page, key="data_city_map", alt=t("Map of the city's districts; the table below names them."))
    _draw_lists(page)
    draw_city_edit(page)


def _draw_facts(page: Page) -> None:
    t, city = page.t, page.city
    area = t("{area} km² of land", area=t.number(city.land_metres.area / 1e6, 1)) if city.outlined else t("none yet")
    categories = N_("{n}, of which sensitive: {sensitive}")
    if groups := {category.group for category in city.categories.values() if category.group}:
        categories = N_("{n} in {groups} groups, of which sensitive: {sensitive}")
    facts = {
        t("City"): t.label(city.names),
        t("Coordinate system for distances"): f"EPSG:{city.epsg}",
        t("Time zone"): city.timezone,
        t("Study area"): area,
        t("Districts"): t.number(len(city.districts)),
        t("Categories"): t(categories, n=len(city.categories), groups=len(groups), sensitive=len(city.sensitive)),
        t("Landmarks"): t.number(len(city.landmarks)),
        t("Streets"): t.number(len(city.streets)),
        **({t("Shapes from"): " · ".join(city.attributions)} if city.attributions else {}),
        t("Population"): t("by district") if city.population is not None else t("not given"),
        t("Smallest counts shown"): t(
            "{n}, in sensitive categories {sensitive}", n=city.least_count(False), sensitive=city.least_count(True)
        ),
        t("Version"): city.version,
    }
    draw_facts(facts, t("What the city's profile holds"))


def _draw_lists(page: Page) -> None:
    t, city = page.t, page.city
    left, right = st.columns([1, 1], gap="large")
    with left:
        st.subheader(t("Districts"))
        _draw_districts(page)
    with right:
        st.subheader(t("Landmarks"))
        if city.landmarks:
            marks = [{"name": t.label(mark.labels), "radius": mark.radius} for mark in city.landmarks]
            headings = {"name": t("Landmark"), "radius": t("Names hot spots within (m)")}
            frame, digits = pd.DataFrame(marks), {"radius": 0}
            draw_table(page, frame, headings, key="data_landmarks", alt=t("Landmarks"), digits=digits)
        else:
            st.write(
                t("None yet. Until there are some, hot spots are called by district and street, or by where they lie.")
            )
    _draw_categories(page)


def _draw_districts(page: Page) -> None:
    t, city = page.t, page.city
    if not city.districts:
        st.write(t("None yet. Until districts are added, the city is analysed as a whole."))
        return
    frame = pd.DataFrame({"name": [t.label(area.labels) for area in city.districts]})
    labels = {"total": t("Residents"), "women": t("Women"), "men": t("Men")}
    if city.population is not None:
        people = city.population.set_index("district").reindex([area.id for area in city.districts])
        for column in [name for name in labels if name in people]:
            frame[column] = people[column].to_numpy(float)
    draw_table(
        page,
        frame,
        {name: label for name, label in {"name": t("District"), **labels}.items() if name in frame},
        key="data_districts",
        alt=t("Districts"),
        digits=dict.fromkeys(labels, 0),
        height="content" if len(frame) <= 10 else "auto",
    )


def _draw_categories(page: Page) -> None:
    t, city = page.t, page.city
    st.subheader(t("Categories"))
    if not city.categories:
        st.write(t("None yet. Alerts keep the names that their export gives; a list can be added below."))
        return
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
    draw_table(
        page,
        pd.DataFrame(rows),
        headings,
        key="data_categories",
        alt=t("Categories of the city's list"),
        narrow=("name", "sensitive"),
        file_name="categories.csv",
    )
    by_kind = Counter(row["kind"] for row in rows)
    kinds = " · ".join(t.pair(kind, t.number(n)) for kind, n in by_kind.items())
    st.caption(
        t(
            "{kinds}. Sensitive categories are sexual or gender-based: in the protected copy every rare alert of them "
            "has exchanged its place, and numbers under {k} are not written out.",
            k=city.least_count(True),
            kinds=kinds,
        )
    )


LOG: Final = logging.getLogger("curim")
EDITED = "data_city_edited"
ROUND = "data_city_round"  # part of the uploaders' keys: a new one drops the files


def apply_edit(page: Page, change: Callable[[], EditReport | ProfileChange]) -> None:
    """Apply an edit with a spinner and rerun the page; a refused edit changes nothing and its reason is shown."""
    t, count = page.t, Store(page.home).count()
    try:
        with st.spinner(t.n("Updating {n} alert", "Updating {n} alerts", count)):
            made = change()
        said = [(st.info, t("Nothing changed: the profile holds this already."))]
        if made.before != made.version:
            record.note(page, Deed.CHANGE, f"city profile {made.before} → {made.version}")
            notes = made.notes if isinstance(made, EditReport) else ()
            alone = t("The profile has a new version, {version}.", version=made.version)
            updated = t.n(
                "The profile has a new version, {version}; {n} alert was updated with it.",
                "The profile has a new version, {version}; {n} alerts were updated with it.",
                made.alerts,
                version=made.version,
            )
            said = [(st.success, updated if made.alerts else alone)]
            said += [(st.warning, escape_markdown(t(note))) for note in notes]
        prepare_city(page, page.home, st.progress(0.0))
        st.session_state[ROUND] = st.session_state.get(ROUND, 0) + 1
    except (ImportProblem, StoreError, ProfileError) as problem:
        said = [(st.error, escape_markdown(t(getattr(problem, "message", str(problem)))))]
    st.session_state[EDITED] = said
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


MAX_SHAPES_MB = 50
SHAPES = ("geojson", "json", "gpkg", "zip")
OSM = ("osm", "pbf")


def draw_districts_upload(page: Page) -> None:
    """A file of districts: the column of names, a map and a table of what was understood, then the button."""
    t = page.t
    if (areas := _uploaded_areas(page, "districts", "polygon", t("File of the districts"))) is None:
        return
    with st.container(horizontal=True):
        column, language = _draw_name_choices(page, areas, list(areas.columns))
        apart = _draw_same_name_choice(page, areas, column)
    if (found := _read_or_explain(page, lambda: edit.districts_of(areas, column, language, apart))) is None:
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
        lambda: edit.set_districts(page.home, areas, column, language, with_land=with_land, apart=apart),
    )


def draw_land_upload(page: Page) -> None:
    """A file of the study area: the whole of its areas on a map, then the button."""
    t = page.t
    st.caption(t("The land of the city: its outline, or its districts, without the sea."))
    if (areas := _uploaded_areas(page, "land", "polygon", t("File of the study area"))) is None:
        return
    whole = as_polygons(shapely.union_all(areas.frame.geometry.to_numpy()))
    _draw_notes(page, areas, ())
    _draw_map(page, whole, (), t("Map of the new study area"))
    _draw_apply(page, areas, t("Use as study area"), lambda: edit.set_land(page.home, areas))


def draw_streets_upload(page: Page) -> None:
    """A file of streets as lines: how many, their names, then the button."""
    t = page.t
    st.caption(
        t(
            "An OpenStreetMap extract of the city (.osm.pbf or .osm) does too: streets with a name are kept, by main "
            "roads, other streets and paths, and maps then name OpenStreetMap."
        )
    )
    if (areas := _uploaded_areas(page, "streets", "line", t("File of the streets"), more=OSM)) is None:
        return
    with st.container(horizontal=True):
        column, language = _draw_name_choices(page, areas, [*areas.columns, None])
    _draw_notes(page, areas, ())
    st.caption(t.n("{n} line read.", "{n} lines read.", len(areas)))
    _draw_apply(page, areas, t("Use as streets"), lambda: edit.set_streets(page.home, areas, column, language))


def _draw_apply(page: Page, areas: AreaFile, label: str, change: Callable[[], EditReport]) -> None:
    """The button that makes the edit; a home without a city gets one where the areas lie, whose name is asked."""
    begun, called = page.home.has_city(), page.t.label(page.city.names)
    if not begun:
        proposed = areas.name.partition(".")[0].replace("_", " ")
        called = str(st.text_input(page.t("Name of the city"), value=proposed, max_chars=60, width=360)).strip()

    def made() -> EditReport:
        if not begun:
            ensure_city_for_areas(page.home, areas, called)
        return change()

    _draw_use(page, label, made, disabled=not called)


def _draw_use(page: Page, label: str, change: Callable[[], EditReport], *, disabled: bool = False) -> None:
    """The button that makes a change."""
    if st.button(label, key="data_city_use", type="primary", disabled=disabled):
        apply_edit(page, change)


def _uploaded_areas(page: Page, part: str, kind: ShapeKind, label: str, more: Sequence[str] = ()) -> AreaFile | None:
    """The file that was uploaded, read; the layer and the coordinate system are asked where they matter."""
    t = page.t
    upload = _uploaded(part, (*SHAPES, *more), label, MAX_SHAPES_MB)
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
    bounds = page.city.land.bounds if page.home.has_city() else None
    areas: AreaFile | None = _read_or_explain(
        page, lambda: read_areas(content, name, kind=kind, layer=layer, epsg=epsg, bounds=bounds)
    )
    if areas is not None and len(areas.layers) > 1:
        st.selectbox(
            t("Layer"), list(areas.layers), index=areas.layers.index(areas.layer), key=keys["layer"], width=400
        )
    if areas is None or epsg is not None:
        st.number_input(
            t("Coordinate system of the file (EPSG number)"),
            min_value=1024,
            max_value=99999,
            value=None,
            step=1,
            key=keys["epsg"],
            width=300,
            help=t("Only where the file does not say it. The Greek grid is 2100."),
        )
    return areas


def _draw_name_choices(page: Page, areas: AreaFile, columns: list[str | None]) -> tuple[str | None, str]:
    """The column of names (None: no names), chosen among the file's with their samples, and their language.

    The language is the page's, unless the letters are of another script.
    """
    t, proposed = page.t, propose_name_column(areas)
    column = st.selectbox(
        t("Column of the names"),
        columns,
        index=columns.index(proposed) if proposed in columns else 0,
        format_func=lambda key: t("no names") if key is None else f"{key}: {', '.join(areas.samples[key])}"[:90],
        key="data_city_column",
        width=420,
    )
    written = "".join(areas.frame[column].dropna()) if column else ""
    greek = sum("Ͱ" <= letter <= "Ͽ" or "ἀ" <= letter <= "῿" for letter in written)
    letters = sum(letter.isalpha() for letter in written)
    likely = "el" if greek > letters / 2 else "en" if letters and t.lang == "el" else t.lang
    language = st.selectbox(
        t("Language of the names"),
        list(LANGUAGE_NAMES),
        index=list(LANGUAGE_NAMES).index(likely),
        format_func=LANGUAGE_NAMES.__getitem__,
        key="data_city_language",
        width=200,
    )
    return column, str(language)


def _draw_same_name_choice(page: Page, areas: AreaFile, column: str | None) -> str | None:
    """Where several areas have one name: whether they are one district, or which column distinguishes them."""
    if column is None or not areas.frame[column].duplicated().any():
        return None
    options = [None, *(one for one in areas.columns if one != column)]
    return st.selectbox(
        page.t("Areas of one name"),
        options,
        index=options.index(propose_code_column(areas, column)),
        format_func=lambda key: (
            page.t("are one district") if key is None else page.t("are distinguished by {column}", column=key)
        ),
        key="data_city_apart",
        width=300,
    )


def _draw_new_districts(page: Page, areas: AreaFile, found: tuple[Area, ...]) -> None:
    """Map and table of new districts."""
    t, earth = page.t, Geod(ellps="WGS84")
    _draw_notes(page, areas, found)
    left, right = st.columns([1, 1], gap="large")
    with left:
        whole = shapely.union_all([area.polygon for area in found])
        _draw_map(page, as_polygons(whole), found, t("Map of the new districts; the table beside it names them."))
    with right:
        frame = pd.DataFrame(
            {
                "name": [t.label(area.labels) for area in found],
                "km2": [abs(earth.geometry_area_perimeter(area.polygon)[0]) / 1e6 for area in found],
                "id": [area.id for area in found],
            }
        )
        headings = {"name": t("District"), "km2": t("Area (km²)"), "id": t("Id")}
        draw_table(page, frame, headings, key="data_city_found", alt=t("The new districts"), digits={"km2": 2})


def _draw_notes(page: Page, areas: AreaFile, found: Sequence[Area]) -> None:
    crs = Message("Coordinate system of the file: {crs}.", {"crs": areas.crs})
    st.caption(escape_markdown(" ".join(map(page.t, [crs, *edit.area_notes(areas, tuple(found))]))))


def _draw_map(page: Page, land: BaseGeometry, found: tuple[Area, ...], alt: str) -> None:
    """The new shapes on a map of their own."""
    city = replace(page.city, land=land, districts=found, landmarks=(), streets=(), illustrative=False)
    if not page.home.has_city():  # the sample's profile stands in for one: its coast is none of this city's
        city = replace(city, water=None, attributions=())
    with basemap.credited_to(page, city, "data_city_new_map"):
        draw_districts_map(replace(page, city=city), key="data_city_new", alt=alt)


def draw_districts_map(page: Page, *, key: str, alt: str) -> None:
    """The city with its districts, named where they are few."""
    points = [(page.t.label(area.labels), area.polygon.representative_point()) for area in page.city.districts]
    cell_map.draw_cell_map(
        page,
        key=key,
        alt=alt,
        pins=[Pin(name, point.x, point.y) for name, point in points] if len(points) <= 12 else [],
        height=380,
        span=0.5,
        pickable=False,
    )


def draw_population_upload(page: Page) -> None:
    """Residents by district and gender."""
    t, districts = page.t, page.city.districts
    if not districts:
        st.write(t("The city has no districts yet: add them first, then their residents."))
        return
    st.caption(
        t(
            "One row a district with columns for women, men and total, or one row a district and gender. Districts are "
            "found by their name or id."
        )
    )
    labels = {area.id: t.label(area.labels) for area in districts}
    blank = {"district": list(labels), "name": list(labels.values()), **dict.fromkeys(("women", "men", "total"), "")}
    download_button(
        page, pd.DataFrame(blank), "population.csv", key="data_city_blank", label=t("Download a table to fill in")
    )
    name, content, residents = _uploaded_table(
        page,
        "population",
        ("csv", "xlsx"),
        t("File of the residents"),
        lambda content, name: profile_tables.residents(profile_tables.read_table(content, name), districts, name),
    )
    if residents is None:
        return
    people, without, unknown = residents
    words = {"district": t("District"), "women": t("Women"), "men": t("Men"), "total": t("Residents")}
    draw_table(
        page,
        people.assign(district=people["district"].map(labels)),
        {column: words[column] for column in people},
        key="data_city_people",
        alt=t("Residents as they were read"),
        digits={column: 0 for column in people if column != "district"},
    )
    for message, names in (
        (N_("Districts without a number: {names}."), [labels[key] for key in without]),
        (N_("Names in the file that are no district: {names}."), unknown),
    ):
        if names:
            st.warning(t(message, names=escape_markdown(t.join(names))))
    _draw_use(page, t("Use as residents"), lambda: edit.set_population(page.home, content, name))


def draw_landmarks_upload(page: Page) -> None:
    """Upload of landmarks, after which nearby hot spots are named."""
    t, city = page.t, page.city
    st.caption(
        t(
            "Columns name (or name_el, name_en, name_fr), longitude, latitude and radius in metres; points of a map "
            "file; or an OpenStreetMap extract (.osm.pbf or .osm). The list replaces the one before."
        )
    )
    present = {
        **{f"name_{lang}": [mark.labels.get(lang, "") for mark in city.landmarks] for lang in LANGUAGES},
        **{name: [getattr(mark, name) for mark in city.landmarks] for name in ("longitude", "latitude", "radius")},
    }
    download_button(
        page, pd.DataFrame(present), "landmarks.csv", key="data_city_marks", label=t("Download the present list")
    )
    name, content, found = _uploaded_table(
        page,
        "landmarks",
        ("csv", "xlsx", *SHAPES, *OSM),
        t("File of the landmarks"),
        lambda content, name: edit.landmarks_in(content, name, city)[0],
    )
    if found is None:
        return
    headings = {
        "name": t("Landmark"),
        "longitude": t("Longitude"),
        "latitude": t("Latitude"),
        "radius": t("Names hot spots within (m)"),
    }
    rows = [(t.label(mark.labels), mark.longitude, mark.latitude, mark.radius) for mark in found]
    draw_table(
        page,
        pd.DataFrame(rows, columns=list(headings)),
        headings,
        key="data_city_found",
        alt=t("Landmarks as they were read"),
        digits={"longitude": 5, "latitude": 5, "radius": 0},
    )
    _draw_use(page, t("Use as landmarks"), lambda: edit.set_landmarks(page.home, content, name))


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
    present = profile_tables.categories_table(city.categories.values())
    download_button(page, present, "categories.csv", key="data_city_tree", label=t("Download the present list"))
    name, content, found = _uploaded_table(
        page,
        "categories",
        ("csv", "xlsx", "toml"),
        t("File of the categories"),
        lambda content, name: profile_tables.categories(*edit.category_table(content, name, city), name),
    )
    if content is not None and found is None:
        return
    groups, categories = found or (dict(city.groups), city.categories.values())
    table = profile_tables.categories_table(categories)
    table = _with_names_of_alerts(page, table)
    edited = _draw_category_editor(
        page, table, groups, key=f"data_city_editor_{city.version}_{len(content or b'')}_{len(table)}"
    )
    for note in edit.gone_notes(city, set(edited["id"])):
        st.warning(escape_markdown(t(note)))
    of = name or "categories.csv"
    _draw_use(page, t("Use these categories"), lambda: edit.set_categories(page.home, edited, of, groups=groups))


def _with_names_of_alerts(page: Page, table: pd.DataFrame) -> pd.DataFrame:
    """The list with the names that alerts have and it does not, where the reader wants them in."""
    others, known = page.source.other_categories if page.source else (), {UNCATEGORISED, *table["id"]}
    names = [name for name in others if name not in known]
    wanted = names and st.checkbox(
        page.t.n(
            "Add the {n} name that alerts have and the list does not hold",
            "Add the {n} names that alerts have and the list does not hold",
            len(names),
        ),
        value=not page.city.categories,
        key="data_city_add_names",
    )
    return pd.concat([table, names_table(names)], ignore_index=True) if wanted else table


def _draw_category_editor(page: Page, table: pd.DataFrame, groups: edit.Groups, *, key: str) -> pd.DataFrame:
    """The categories in a table that can be changed in place, ids but for."""
    t = page.t
    first = f"label_{t.lang}"
    others = (c for c in table if c.startswith("label_") and c != first)
    column = st.column_config
    edited: pd.DataFrame = st.data_editor(
        table.assign(sensitive=table["sensitive"] == "yes"),
        key=key,
        hide_index=True,
        num_rows="fixed",
        placeholder="",
        column_order=["id", first, "kind", "sensitive", *others, "group", "harm"],
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
    t, city, zones = page.t, page.city, sorted(available_timezones())
    with st.form("data_city_names", border=False):
        with st.container(horizontal=True):
            names = {
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
            epsg = _whole_number(
                t("Coordinate system for distances (EPSG number)"),
                1024,
                99999,
                city.epsg,
                f"data_city_epsg_{city.version}",
                t("In metres, and meant for the place: the Greek grid is 2100, UTM zone 34 north is 32634."),
            )
        clicked = st.form_submit_button(t("Save"), type="primary", key="data_city_save")
    if clicked:
        written = {lang: name for lang, name in names.items() if name.strip()}
        written = given_names(written) or written
        apply_edit(page, lambda: edit.set_names(page.home, names=written, timezone=zone, epsg=epsg))


def _whole_number(label: str, least: int, most: int, value: int, key: str, note: str | None = None) -> int:
    """A field for a whole number; what it holds."""
    return int(
        st.number_input(
            label, value=value, key=key, width=300, help=note, min_value=least, max_value=most, step=1, format="%d"
        )
    )


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
    fields = (
        (t("Smallest number shown"), K_ORDINARY, False),
        (t("Smallest number shown of sensitive categories"), K_SENSITIVE, True),
    )
    with st.form("data_city_least_counts", border=False):
        with st.container(horizontal=True):
            given = [
                _whole_number(
                    label, floor, MOST_LEAST, city.least_count(sensitive), f"data_city_least_{floor}_{city.version}"
                )
                for label, floor, sensitive in fields
            ]
        clicked = st.form_submit_button(t("Save"), type="primary", key="data_city_least_save")
    if clicked:
        apply_edit(page, lambda: edit.set_least_counts(page.home, *given))


def _uploaded_table(
    page: Page, part: str, kinds: Sequence[str], label: str, read: Callable[[Any, str], Any]
) -> tuple[str, Any, Any]:
    """Name and content of the file that was uploaded, and what `read` finds in it; "" and None where there is none."""
    upload = _uploaded(part, kinds, label, most=10)
    if upload is None:
        return "", None, None
    name, content = safe_file_name(upload.name), upload.getvalue()
    return name, content, _read_or_explain(page, lambda: read(content, name))


def _uploaded(part: str, kinds: Sequence[str], label: str, most: int) -> Any:
    """The file that was uploaded, of at most so many megabytes; None where there is none."""
    key = f"data_city_{part}_{st.session_state.get(ROUND, 0)}"
    return st.file_uploader(label, type=list(kinds), max_upload_size=most, key=key)


def _read_or_explain(page: Page, read: Callable[[], Any]) -> Any:
    """What the file holds, or None after its problem was shown."""
    try:
        return read()
    except ImportProblem as problem:
        st.error(escape_markdown(page.t(problem.message)))
        return None


# What can be given: its name, and the part of the page that takes it.
PARTS: Final[dict[str, tuple[Message, Callable[[Page], None]]]] = {
    "districts": (Message("Districts"), draw_districts_upload),
    "land": (Message("Study area"), draw_land_upload),
    "population": (Message("Population"), draw_population_upload),
    "landmarks": (Message("Landmarks"), draw_landmarks_upload),
    "streets": (Message("Streets"), draw_streets_upload),
    "categories": (Message("Categories"), draw_categories_upload),
    "names": (Message("Name, time zone, coordinate system"), draw_names_form),
    "counts": (Message("Smallest counts shown"), draw_least_counts_form),
    "versions": (Message("Versions"), _draw_versions),
}
