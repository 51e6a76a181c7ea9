"""The city profile: what the dashboard knows of the city, what of it is provisional, its versions and edits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from curim_data.model import Translator
from curim_data.model.labels import group_label, kind_label, provisional_note
from curim_data.profile import edit
from curim_data.profile.versions import WHAT_WORDS, ProfileChange, reenrich_store
from pages.parts.charts.tables import draw_table
from pages.parts.data.city_files import (
    apply_edit,
    draw_categories_upload,
    draw_districts_upload,
    draw_land_upload,
    draw_landmarks_upload,
    draw_last_edit,
    draw_least_counts_form,
    draw_names_form,
    draw_population_upload,
    draw_streets_upload,
)
from pages.parts.frame import Page, escape_markdown
from pages.parts.maps.cell_map import draw_cell_map
from pages.parts.maps.name_layers import Pin

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
    parts = _parts(t, begun=page.home.has_city())
    names = {key: name for key, (name, _) in parts.items()}
    chosen = st.pills(
        t("What do you want to change?"),
        list(parts),
        format_func=lambda key: names[key],
        default="districts",
        required=True,
        key="data_city_part",
    )
    parts[chosen or "districts"][1](page)
    _draw_files(page)


def _parts(t: Translator, *, begun: bool) -> dict[str, tuple[str, Callable[[Page], None]]]:
    """What can be given: its name and the part of the page that takes it."""
    shapes: dict[str, tuple[str, Callable[[Page], None]]] = {
        "districts": (t("Districts"), draw_districts_upload),
        "land": (t("Study area"), draw_land_upload),
    }
    if not begun:
        return shapes
    return {
        **shapes,
        "population": (t("Population"), draw_population_upload),
        "landmarks": (t("Landmarks"), draw_landmarks_upload),
        "streets": (t("Streets"), draw_streets_upload),
        "categories": (t("Categories"), draw_categories_upload),
        "names": (t("Name, time zone, coordinate system"), draw_names_form),
        "counts": (t("Smallest counts shown"), draw_least_counts_form),
        "versions": (t("Versions"), _draw_versions),
    }


def draw_accept_profile(page: Page) -> None:
    """Take the provisional profile as it stands."""
    t = page.t
    with st.popover(t("Accept the profile as it is")):
        st.write(
            t("The note on every page disappears. Area, time zone and categories stay as they are and can be changed.")
        )
        if st.button(t("Yes, accept it"), key="data_city_accept", type="primary"):
            apply_edit(page, lambda: edit.confirm_provisional(page.home))


def _draw_versions(page: Page) -> None:
    """The versions, and one of them given back."""
    t = page.t
    found = edit.versions(page.home)
    zone = ZoneInfo(page.city.timezone)
    when = {version.id: t.moment(version.when.astimezone(zone), "short") for version in found}
    frame = pd.DataFrame(
        [
            {
                "when": when[version.id],
                "what": t(WHAT_WORDS[version.what]),
                "file": version.file,
                "id": version.id,
                "state": t("in use") if version.current else "",
            }
            for version in found
        ]
    )
    headings = {"when": t("When"), "what": t("Changed"), "file": t("File"), "id": t("Version"), "state": t("State")}
    if page.narrow:
        headings = {name: headings[name] for name in ("when", "what", "state")}
    draw_table(page, frame, headings, key="data_city_versions", alt=t("Versions of the profile, the newest first"))
    earlier = {version.id: version for version in found if not version.current}
    if not earlier:
        st.caption(t("There is no other version yet."))
        return
    chosen = st.selectbox(
        t("Version to restore"),
        list(earlier),
        format_func=lambda key: f"{when[key]} · {t(WHAT_WORDS[earlier[key].what])} · {key}",
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


MOST_NAMES = 12  # on the map; more would hide it


def draw_city_tab(page: Page) -> None:
    """Facts, the map of districts, the lists, and the ways to change them."""
    t, city = page.t, page.city
    draw_last_edit(page)
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
        st.warning(
            provisional_note(t, outlined=city.outlined)
            + " "
            + t("Upload the city's own districts or study area below.")
        )
        if not page.is_sample and page.home.has_city():
            draw_accept_profile(page)
    left, right = st.columns([1, 1], gap="large")
    with left:
        _draw_facts(page)
    with right:
        _draw_map(page)
    _draw_lists(page)
    draw_city_edit(page)


def _draw_facts(page: Page) -> None:
    t, city = page.t, page.city
    facts = {
        t("City"): t.label(city.names),
        t("Coordinate system for distances"): f"EPSG:{city.epsg}",
        t("Time zone"): city.timezone,
        t("Study area"): t("{area} km² of land", area=t.number(city.land_metres.area / 1e6, 1))
        if city.outlined
        else t("none yet"),
        t("Districts"): t.number(len(city.districts)),
        t("Categories"): _category_counts(page),
        t("Landmarks"): t.number(len(city.landmarks)),
        t("Streets"): t.number(len(city.streets)),
        **({t("Shapes from"): " · ".join(city.attributions)} if city.attributions else {}),
        t("Population"): t("by district") if city.population is not None else t("not given"),
        t("Smallest counts shown"): t(
            "{n}, in sensitive categories {sensitive}", n=city.least_count(False), sensitive=city.least_count(True)
        ),
        t("Version"): city.version,
    }
    st.table(
        pd.DataFrame({"what": list(facts), "how": [escape_markdown(text) for text in facts.values()]}),
        hide_index=True,
        hide_header=True,
        border="horizontal",
        alt=t("What the city's profile holds"),
    )


def _category_counts(page: Page) -> str:
    t, city = page.t, page.city
    groups = {category.group for category in city.categories.values() if category.group}
    if not groups:
        return t("{n}, of which sensitive: {sensitive}", n=len(city.categories), sensitive=len(city.sensitive))
    return t(
        "{n} in {groups} groups, of which sensitive: {sensitive}",
        n=len(city.categories),
        groups=len(groups),
        sensitive=len(city.sensitive),
    )


def _draw_map(page: Page) -> None:
    t, city = page.t, page.city
    middles = [(t.label(area.labels), area.polygon.representative_point()) for area in city.districts]
    few = middles if len(middles) <= MOST_NAMES else []
    draw_cell_map(
        page,
        key="data_city_map",
        alt=t("Map of the city's districts; the table below names them."),
        pins=[Pin(name, point.x, point.y) for name, point in few],
        height=380,
        span=0.5,
        pickable=False,
    )


def _draw_lists(page: Page) -> None:
    t, city = page.t, page.city
    left, right = st.columns([1, 1], gap="large")
    with left:
        st.subheader(t("Districts"))
        _draw_districts(page)
    with right:
        st.subheader(t("Landmarks"))
        if city.landmarks:
            marks = pd.DataFrame(
                {
                    "name": [t.label(mark.labels) for mark in city.landmarks],
                    "radius": [m.radius for m in city.landmarks],
                }
            )
            draw_table(
                page,
                marks,
                {"name": t("Landmark"), "radius": t("Names hot spots within (m)")},
                key="data_landmarks",
                alt=t("Landmarks"),
                digits={"radius": 0},
            )
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
    headings = {"name": t("District")}
    if city.population is not None:
        people = city.population.set_index("district")
        labels = {"total": t("Residents"), "women": t("Women"), "men": t("Men")}
        for column in [name for name in labels if name in people]:
            frame[column] = people[column].reindex([area.id for area in city.districts]).to_numpy(float)
            headings[column] = labels[column]
    digits = {name: 0 for name in headings if name != "name"}
    height = "content" if len(frame) <= 10 else "auto"
    draw_table(page, frame, headings, key="data_districts", alt=t("Districts"), digits=digits, height=height)


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
    if page.narrow:
        headings = {name: headings[name] for name in ("name", "sensitive")}
    draw_table(
        page,
        pd.DataFrame(rows, columns=["group", "name", "kind", "sensitive"]),
        headings,
        key="data_categories",
        alt=t("Categories of the city's list"),
        file_name="categories.csv",
    )
    by_kind = Counter(category.kind for category in city.categories.values())
    kinds = " · ".join(t.pair(kind_label(t, kind), t.number(n)) for kind, n in by_kind.items())
    st.caption(
        t(
            "{kinds}. Sensitive categories are sexual or gender-based: in the protected copy every rare alert of them "
            "has exchanged its place, and numbers under {k} are not written out.",
            k=city.least_count(True),
            kinds=kinds,
        )
    )
