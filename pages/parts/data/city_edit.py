"""Changes of the city profile: what can be uploaded, the versions, and how to restore one."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from curim_data.model import Translator
from curim_data.profile import edit
from curim_data.profile.reenrich import reenrich_store
from curim_data.profile.versions import WHAT_WORDS, ProfileChange
from pages.parts.charts.tables import draw_table
from pages.parts.data.city_apply import apply_edit
from pages.parts.data.city_shapes import draw_districts_upload, draw_land_upload, draw_streets_upload
from pages.parts.data.city_tables import (
    draw_categories_upload,
    draw_landmarks_upload,
    draw_least_counts_form,
    draw_names_form,
    draw_population_upload,
)
from pages.parts.frame import Page

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
