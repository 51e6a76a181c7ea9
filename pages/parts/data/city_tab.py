"""The city profile: what the dashboard knows of the city, what of it is provisional, its versions and edits.

Changes come from files and forms: they are shown as understood, then applied on a click.
"""

from __future__ import annotations

import logging
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
from curim_data.model.labels import UNCATEGORISED, kind_label, provisional_note
from curim_data.model.progress import following
from curim_data.plans.record import Deed
from curim_data.profile import edit
from curim_data.profile import tables as profile_tables
from curim_data.profile.edit import EditReport
from curim_data.profile.provisional import ensure_city_for_areas, given_names, names_table
from curim_data.profile.shapes import AreaFile, propose_name_column, read_areas
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


def draw_city_edit(page: Page) -> None:
    """What can be given, one at a time."""
    t = page.t
    if not page.home.has_city():
        st.caption(t("This home has no city yet: the first import creates it, or a file of its districts does."))
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


def _draw_versions(page: Page) -> None:
    """The versions, and an earlier one of them given back."""
    t, zone = page.t, ZoneInfo(page.city.timezone)
    versions = {one.id: one for one in edit.versions(page.home)}
    earlier = next((at for at, one in enumerate(versions.values()) if not one.current), 0)
    whens = {key: t.moment(one.when.astimezone(zone), "short") for key, one in versions.items()}
    chosen = st.selectbox(
        t("Version"),
        list(versions),
        index=earlier,
        format_func=lambda key: f"{whens[key]} · {t(WHAT_WORDS[versions[key].what])} · {versions[key].file or key}",
        key="data_city_earlier",
        width=520,
    )
    used = not versions or versions[chosen].current
    if st.button(t("Restore this version"), key="data_city_restore", type="primary", disabled=used):
        apply_edit(page, lambda: edit.restore_version(page.home, str(chosen)))


def _draw_behind(page: Page) -> None:
    """That alerts follow an earlier profile, as after its files were changed by hand, and the button that mends it."""
    if not page.home.has_city() or not (behind := edit.stale_count(page.home)):
        return
    st.warning(
        page.t.n(
            "{n} alert was calculated with another version of the profile. Refresh to update it.",
            "{n} alerts were calculated with another version of the profile. Refresh to update them.",
            behind,
        )
    )
    if st.button(page.t("Refresh with the current profile"), key="data_refresh"):
        version = page.city.version
        apply_edit(page, lambda: ProfileChange("", version, reenrich_store(page.home)))


def draw_city_tab(page: Page) -> None:
    """Facts, the map of districts, and the ways to change them; the sample city keeps its profile."""
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
        st.warning(provisional_note(t, outlined=city.outlined))
        if not page.is_sample and st.button(t("Accept the profile as it is"), key="data_city_accept"):
            apply_edit(page, lambda: edit.confirm_provisional(page.home))
    left, right = st.columns([1, 1], gap="large")
    with left:
        _draw_facts(page)
        _draw_districts(page)
    with right:
        draw_districts_map(page, key="data_city_map")
    if not page.is_sample:
        _draw_behind(page)
        draw_city_edit(page)


def _draw_facts(page: Page) -> None:
    """One line for each part of the profile that is no list of districts."""
    t, city = page.t, page.city
    facts = {
        t("City"): t.label(city.names),
        t("Time zone"): city.timezone,
        t("Study area"): f"{t.number(city.land_metres.area / 1e6, 1)} km²" if city.outlined else "–",
        t("Categories"): t(
            "{n}, of which sensitive: {sensitive}", n=len(city.categories), sensitive=len(city.sensitive)
        ),
        t("Districts"): t.number(len(city.districts)),
        t("Landmarks"): t.number(len(city.landmarks)),
        t("Streets"): t.number(len(city.streets)),
        t("Smallest counts shown"): t(
            "{n}, in sensitive categories {sensitive}", n=city.least_count(False), sensitive=city.least_count(True)
        ),
    }
    draw_facts(facts, t("City profile"))


def _draw_districts(page: Page) -> None:
    t, city = page.t, page.city
    if not city.districts:
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
            updated = t.n(
                "The profile has a new version, {version}; {n} alert was updated with it.",
                "The profile has a new version, {version}; {n} alerts were updated with it.",
                made.alerts,
                version=made.version,
            )
            said = [(st.success, updated)]
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
    if (areas := _uploaded_areas(page, "districts", "polygon")) is None:
        return
    column, language = _draw_name_choice(page, areas, list(areas.columns))
    if (found := _read_or_explain(page, lambda: edit.districts_of(areas, column, language))) is None:
        return
    _draw_new_districts(page, areas, found)
    with_land = st.checkbox(
        t("The districts together are the study area"),
        value=page.city.provisional or not page.home.has_city(),
        key="data_city_with_land",
    )
    _draw_apply(page, areas, lambda: edit.set_districts(page.home, areas, column, language, with_land=with_land))


def draw_land_upload(page: Page) -> None:
    """A file of the study area: the whole of its areas on a map, then the button."""
    t = page.t
    st.caption(t("The land of the city: its outline, or its districts, without the sea."))
    if (areas := _uploaded_areas(page, "land", "polygon")) is None:
        return
    whole = as_polygons(shapely.union_all(areas.frame.geometry.to_numpy()))
    _draw_notes(page, areas, ())
    _draw_map(page, whole, ())
    _draw_apply(page, areas, lambda: edit.set_land(page.home, areas))


def draw_streets_upload(page: Page) -> None:
    """A file of streets as lines, or an extract of OpenStreetMap: how many, their names, then the button."""
    if (areas := _uploaded_areas(page, "streets", "line", more=OSM)) is None:
        return
    column, language = _draw_name_choice(page, areas, [*areas.columns, None])
    st.caption(page.t.pair(page.t("Streets"), page.t.number(len(areas))))
    _draw_notes(page, areas, ())
    _draw_apply(page, areas, lambda: edit.set_streets(page.home, areas, column, language))


def _draw_apply(page: Page, areas: AreaFile, change: Callable[[], EditReport]) -> None:
    """The button that makes the edit; a home without a city gets one where the areas lie, whose name is asked."""
    begun, called = page.home.has_city(), page.t.label(page.city.names)
    if not begun:
        proposed = areas.name.partition(".")[0].replace("_", " ")
        called = str(st.text_input(page.t("Name of the city"), value=proposed, max_chars=60, width=360)).strip()

    def made() -> EditReport:
        if not begun:
            ensure_city_for_areas(page.home, areas, called)
        return change()

    _draw_use(page, made, disabled=not called)


def _draw_use(page: Page, change: Callable[[], EditReport], *, disabled: bool = False) -> None:
    """The button that makes a change."""
    if st.button(page.t("Apply to the profile"), key="data_city_use", type="primary", disabled=disabled):
        apply_edit(page, change)


def _uploaded_areas(page: Page, part: str, kind: ShapeKind, more: Sequence[str] = ()) -> AreaFile | None:
    """The file that was uploaded, read; the layer and the coordinate system are asked where they matter."""
    t = page.t
    upload = _uploaded(page, part, (*SHAPES, *more), MAX_SHAPES_MB)
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
        )
    return areas


def _draw_name_choice(page: Page, areas: AreaFile, columns: list[str | None]) -> tuple[str | None, str]:
    """The column of names (None: no names), chosen among the file's with their samples, and their language: the page's,
    unless the letters are of another script.
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
    return column, "el" if greek > letters / 2 else "en" if letters and t.lang == "el" else t.lang


def _draw_new_districts(page: Page, areas: AreaFile, found: tuple[Area, ...]) -> None:
    """Map and table of new districts."""
    t, earth = page.t, Geod(ellps="WGS84")
    _draw_notes(page, areas, found)
    left, right = st.columns([1, 1], gap="large")
    with left:
        whole = shapely.union_all([area.polygon for area in found])
        _draw_map(page, as_polygons(whole), found)
    with right:
        frame = pd.DataFrame(
            {
                "name": [t.label(area.labels) for area in found],
                "km2": [abs(earth.geometry_area_perimeter(area.polygon)[0]) / 1e6 for area in found],
                "id": [area.id for area in found],
            }
        )
        headings = {"name": t("District"), "km2": t("Area (km²)"), "id": t("Id")}
        draw_table(page, frame, headings, key="data_city_found", alt=t("Districts"), digits={"km2": 2})


def _draw_notes(page: Page, areas: AreaFile, found: Sequence[Area]) -> None:
    for note in edit.area_notes(areas, tuple(found)):
        st.caption(escape_markdown(page.t(note)))


def _draw_map(page: Page, land: BaseGeometry, found: tuple[Area, ...]) -> None:
    """The new shapes on a map of their own."""
    city = replace(page.city, land=land, districts=found, landmarks=(), streets=(), illustrative=False)
    if not page.home.has_city():  # the sample's profile stands in for one: its coast is none of this city's
        city = replace(city, water=None, attributions=())
    with basemap.credited_to(page, city, "data_city_new_map"):
        draw_districts_map(replace(page, city=city), key="data_city_new")


def draw_districts_map(page: Page, *, key: str) -> None:
    """The city with its districts, named where they are few."""
    named = page.t("Map of the districts; the table beside it names them.")
    points = [(page.t.label(area.labels), area.polygon.representative_point()) for area in page.city.districts]
    cell_map.draw_cell_map(
        page,
        key=key,
        alt=named if points else page.t("Study area"),
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
    labels = {area.id: t.label(area.labels) for area in districts}
    present = pd.DataFrame({"district": list(labels), "name": list(labels.values())})
    known = page.city.population if page.city.population is not None else pd.DataFrame({"district": []})
    known = known.reindex(columns=["district", "women", "men", "total"])
    _draw_download(page, present.merge(known.astype({"district": str}), how="left", on="district"), "population")
    name, content, residents = _uploaded_table(
        page,
        "population",
        ("csv", "xlsx"),
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
        alt=t("Residents"),
        digits={column: 0 for column in people if column != "district"},
    )
    for message, names in (
        (N_("Districts without a number: {names}."), [labels[key] for key in without]),
        (N_("Names in the file that are no district: {names}."), unknown),
    ):
        if names:
            st.warning(t(message, names=escape_markdown(t.join(names))))
    _draw_use(page, lambda: edit.set_population(page.home, content, name))


def _draw_download(page: Page, table: pd.DataFrame, part: str) -> None:
    """The present table, or an empty one, to fill in and to bring back."""
    label = page.t("Download the present list")
    download_button(page, table, f"{part}.csv", key=f"data_city_{part}_list", label=label)


def draw_landmarks_upload(page: Page) -> None:
    """The landmarks, after which nearby hot spots are named: the present list, or that of a file, which replaces it."""
    t, city = page.t, page.city
    present = {
        **{f"name_{lang}": [mark.labels.get(lang, "") for mark in city.landmarks] for lang in LANGUAGES},
        **{name: [getattr(mark, name) for mark in city.landmarks] for name in ("longitude", "latitude", "radius")},
    }
    _draw_download(page, pd.DataFrame(present), "landmarks")
    name, content, found = _uploaded_table(
        page,
        "landmarks",
        ("csv", "xlsx", *SHAPES, *OSM),
        lambda content, name: edit.landmarks_in(content, name, city)[0],
    )
    headings = {
        "name": t("Landmark"),
        "longitude": t("Longitude"),
        "latitude": t("Latitude"),
        "radius": t("Names hot spots within (m)"),
    }
    rows = [(t.label(mark.labels), mark.longitude, mark.latitude, mark.radius) for mark in found or city.landmarks]
    if rows:
        draw_table(
            page,
            pd.DataFrame(rows, columns=list(headings)),
            headings,
            key="data_city_found",
            alt=t("Landmarks"),
            digits={"longitude": 5, "latitude": 5, "radius": 0},
        )
    if found is not None:
        _draw_use(page, lambda: edit.set_landmarks(page.home, content, name))


def draw_categories_upload(page: Page) -> None:
    """The category tree: the present one to edit in place or to download, or another from a file."""
    city = page.city
    present = profile_tables.categories_table(city.categories.values())
    _draw_download(page, present, "categories")
    name, content, found = _uploaded_table(
        page,
        "categories",
        ("csv", "xlsx", "toml"),
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
        st.warning(escape_markdown(page.t(note)))
    of = name or "categories.csv"
    _draw_use(page, lambda: edit.set_categories(page.home, edited, of, groups=groups))


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
        column_order=["id", first, "kind", "sensitive", *others, "group"],
        column_config={
            "id": column.TextColumn(t("Id"), disabled=True),
            "kind": column.SelectboxColumn(
                t("Kind"), options=[k.value for k in Kind], format_func=lambda k: kind_label(t, k), required=True
            ),
            "sensitive": column.CheckboxColumn(t("Sensitive")),
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
            )
        clicked = st.form_submit_button(t("Save"), type="primary", key="data_city_save")
    if clicked:
        written = {lang: name for lang, name in names.items() if name.strip()}
        written = given_names(written) or written
        apply_edit(page, lambda: edit.set_names(page.home, names=written, timezone=zone, epsg=epsg))


def _whole_number(label: str, least: int, most: int, value: int, key: str) -> int:
    """A field for a whole number; what it holds."""
    limits = {"min_value": least, "max_value": most}
    return int(st.number_input(label, value=value, key=key, width=300, step=1, format="%d", **limits))


def draw_least_counts_form(page: Page) -> None:
    """The smallest counts that council and public see."""
    t, city = page.t, page.city
    st.caption(
        t(
            "Council and public see smaller numbers as “fewer than”. A city may raise these two, not lower them. "
            "What the protected copy holds already stays as it is."
        )
    )
    fields = (
        (t("Smallest counts shown"), K_ORDINARY, False),
        (t.pair(t("Smallest counts shown"), t("Sensitive")), K_SENSITIVE, True),
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
    page: Page, part: str, kinds: Sequence[str], read: Callable[[Any, str], Any]
) -> tuple[str, Any, Any]:
    """Name and content of the file that was uploaded, and what `read` finds in it; "" and None where there is none."""
    upload = _uploaded(page, part, kinds, most=10)
    if upload is None:
        return "", None, None
    name, content = safe_file_name(upload.name), upload.getvalue()
    return name, content, _read_or_explain(page, lambda: read(content, name))


def _uploaded(page: Page, part: str, kinds: Sequence[str], most: int) -> Any:
    """The file of a part that was uploaded, of at most so many megabytes; None where there is none."""
    t, key = page.t, f"data_city_{part}_{st.session_state.get(ROUND, 0)}"
    label = t.pair(t(PARTS[part][0]), t("File"))
    found = st.file_uploader(label, type=list(kinds), max_upload_size=most, key=key)
    formats = ", ".join(f".{kind}" for kind in kinds)
    st.caption(t("{formats}, up to {limit} MB. Larger files: “curim city”.", formats=formats, limit=most))
    return found


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
