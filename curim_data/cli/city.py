"""Commands of the city's profile: show it, give it parts of its own, go back to an earlier version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from curim_data.cli.frame import Command, Opt, Run
from curim_data.model.i18n import Message
from curim_data.model.labels import provisional_note
from curim_data.profile import edit
from curim_data.profile.edit import EditReport, read_areas
from curim_data.profile.provisional import ensure_city_for_areas
from curim_data.profile.reenrich import reenrich_store
from curim_data.profile.versions import WHAT_WORDS, ProfileChange

WAY_ON = Message(
    "Give the city's own with “curim city districts FILE” or “curim city land FILE”, or take it as it stands with "
    "“curim city accept”."
)


def provisional(run: Run) -> str:
    """That the profile is provisional, and how to give the city's own."""
    return f"{provisional_note(run.t)} {run.t(WAY_ON)}"


def show(run: Run) -> None:
    """What the city's profile holds."""
    city = run.city()
    source = run.source()
    behind = edit.stale_count(run.home)
    facts: dict[str, Any] = {
        "city": run.t.label(city.names),
        "version": city.version,
        "illustrative": city.illustrative,
        "provisional": city.provisional,
        "epsg": city.epsg,
        "timezone": city.timezone,
        "districts": [area.id for area in city.districts],
        "categories": list(city.categories),
        "groups": list(city.groups),
        "landmarks": [mark.id for mark in city.landmarks],
        "streets": len(city.streets),
        "population": city.population is not None,
        "other_categories": list(source.other_categories),
        "alerts": source.count,
        "alerts_of_other_versions": behind,
        "first": source.first if source.count else None,
        "last": source.as_of if source.count else None,
    }
    if run.as_json:
        run.answer(facts)
        return
    run.say(run.t("{city}, profile {version}", city=facts["city"], version=city.version))
    if city.illustrative:
        run.say(run.t("The shapes of this city are illustrative."))
    if city.provisional:
        run.say(provisional(run))
    listed = (
        (Message("Districts: {values}"), facts["districts"]),
        (Message("Groups of categories: {values}"), facts["groups"]),
        (Message("Categories: {values}"), facts["categories"]),
        (Message("Places: {values}"), facts["landmarks"]),
        (Message("Categories outside the tree: {values}"), facts["other_categories"]),
    )
    for message, values in listed:
        if values:
            run.say(run.t(message, values=", ".join(values)))
    if source.count:
        run.say(
            run.t.n(
                "{n} alert, {first} – {last}",
                "{n} alerts, {first} – {last}",
                source.count,
                first=source.first,
                last=source.as_of,
            )
        )
    if behind:
        run.say(
            run.t.n(
                "{n} alert still carries another profile: “curim city refresh” makes its columns anew.",
                "{n} alerts still carry another profile: “curim city refresh” makes their columns anew.",
                behind,
            )
        )


def city_refresh(run: Run) -> None:
    """Make the columns that the profile gives anew."""
    city = run.city()
    changed = reenrich_store(run.home)
    if run.as_json:
        run.answer({"profile_version": city.version, "alerts": changed})
        return
    run.say(_carried(run, changed, city.version))


def districts(
    run: Run,
    file: Path,
    name_column: str | None = None,
    language: str = "en",
    layer: str | None = None,
    epsg: int | None = None,
    keep_land: bool = False,
) -> None:
    """Give the districts; a home without a city gets one of them."""
    areas = read_areas(file, file.name, layer=layer, epsg=epsg)
    if not run.home.has_city():
        ensure_city_for_areas(run.home, areas, file.stem)
    with_land = False if keep_land else None
    _told(run, edit.set_districts(run.home, areas, name_column, language, with_land=with_land))


def land(run: Run, file: Path, layer: str | None = None, epsg: int | None = None) -> None:
    """Give the study area; a home without a city gets one of it."""
    areas = read_areas(file, file.name, layer=layer, epsg=epsg)
    if not run.home.has_city():
        ensure_city_for_areas(run.home, areas, file.stem)
    _told(run, edit.set_land(run.home, areas))


def population(run: Run, file: Path) -> None:
    """Give the residents by district and gender."""
    run.city()
    _told(run, edit.set_population(run.home, file, file.name))


def landmarks(run: Run, file: Path) -> None:
    """Give the landmarks."""
    run.city()
    _told(run, edit.set_landmarks(run.home, file, file.name))


def streets(
    run: Run,
    file: Path,
    name_column: str | None = None,
    language: str = "en",
    layer: str | None = None,
    epsg: int | None = None,
) -> None:
    """Give the streets."""
    run.city()
    lines = read_areas(file, file.name, kind="line", layer=layer, epsg=epsg)
    _told(run, edit.set_streets(run.home, lines, name_column, language))


def categories(run: Run, file: Path) -> None:
    """Give the category tree."""
    run.city()
    _told(run, edit.set_categories(run.home, file, file.name))


def name(run: Run, name: str, timezone: str | None = None, epsg: int | None = None) -> None:
    """Give the city's name, and its time zone and projection where they are wrong."""
    run.city()
    _told(run, edit.set_names(run.home, name, timezone=timezone, epsg=epsg))


def accept(run: Run) -> None:
    """Take a provisional profile as the city's own."""
    run.city()
    _told(run, edit.confirm_provisional(run.home))


def versions(run: Run) -> None:
    """The versions of the profile."""
    run.city()
    found = edit.versions(run.home)
    if run.as_json:
        listed = [
            {"version": v.id, "when": v.when, "what": v.what, "file": v.file, "current": v.current} for v in found
        ]
        run.answer({"versions": listed})
        return
    rows = [(v.id, run.t.moment(v.when), run.t(WHAT_WORDS[v.what]), v.file, v.current) for v in found]
    heads = [Message("Version"), Message("When"), Message("Changed"), Message("File"), Message("In use")]
    run.table(pd.DataFrame(rows, columns=[run.t(head) for head in heads]))


def restore(run: Run, version: str) -> None:
    """Give back an earlier version."""
    run.city()
    _made(run, edit.restore_version(run.home, version))


def _told(run: Run, report: EditReport) -> None:
    """Say what an edit did."""
    if run.as_json:
        run.answer(
            {
                "profile_version": report.version,
                "before": report.before,
                "alerts": report.alerts,
                "n": report.n,
                "notes": [run.t(note) for note in report.notes],
            }
        )
        return
    for note in report.notes:
        run.say(run.t(note))
    _said(run, ProfileChange(report.before, report.version, report.alerts))


def _made(run: Run, change: ProfileChange) -> None:
    if run.as_json:
        run.answer({"profile_version": change.version, "before": change.before, "alerts": change.alerts})
        return
    _said(run, change)


def _said(run: Run, change: ProfileChange) -> None:
    if change.before == change.version:
        run.say(run.t("Nothing changed: the profile holds this already."))
        return
    run.say(_carried(run, change.alerts, change.version))


def _carried(run: Run, alerts: int, version: str) -> str:
    return run.t.n(
        "{n} alert now carries the profile {version}.",
        "{n} alerts now carry the profile {version}.",
        alerts,
        version=version,
    )


_AREAS = Opt(Message("GeoJSON, GeoPackage or zipped Shapefile, in any coordinate system."))
_COLUMN = Opt(Message("Column that holds the names; proposed unless given."), ("--name-column",))
_LANGUAGE = Opt(Message("Language of the names: el, en or fr."), ("--names-in",))
_LAYER = Opt(Message("Layer of a GeoPackage, or Shapefile in a zip."), ("--layer",))
_EPSG = Opt(Message("EPSG number of the file's coordinate system, where the file does not say it."), ("--epsg",))
_TABLE = Opt(Message("CSV or XLSX file."))
_SHAPES = {"file": _AREAS, "layer": _LAYER, "epsg": _EPSG}
_NAMED = {**_SHAPES, "name_column": _COLUMN, "language": _LANGUAGE}

COMMANDS = (
    Command("city show", show, Message("Show the city's profile."), False, {}),
    Command(
        "city refresh",
        city_refresh,
        Message("Make districts, cells, places and darkness of all alerts anew after a change of the profile."),
        False,
        {},
    ),
    Command(
        "city districts",
        districts,
        Message("Give the city its districts; with a provisional profile they become the study area too."),
        False,
        {
            **_NAMED,
            "keep_land": Opt(Message("Leave the study area as it is."), ("--keep-land",)),
        },
    ),
    Command("city land", land, Message("Give the city its study area."), False, _SHAPES),
    Command(
        "city population",
        population,
        Message("Give the residents by district: columns district, women, men, total, or district, gender, n."),
        False,
        {"file": _TABLE},
    ),
    Command(
        "city landmarks",
        landmarks,
        Message("Give the landmarks: columns name, longitude, latitude, radius; or points of a map file."),
        False,
        {"file": Opt(Message("CSV, XLSX, GeoJSON, GeoPackage or zipped Shapefile."))},
    ),
    Command("city streets", streets, Message("Give the streets as lines."), False, _NAMED),
    Command(
        "city categories",
        categories,
        Message("Give the category tree: columns id, kind, group, sensitive, label_el, label_en, label_fr."),
        False,
        {"file": Opt(Message("CSV, XLSX or TOML file."))},
    ),
    Command(
        "city name",
        name,
        Message("Give the city's name, and its time zone and coordinate system where they are wrong."),
        False,
        {
            "name": Opt(Message("Name of the city.")),
            "timezone": Opt(Message("Time zone, as Europe/Athens."), ("--timezone",)),
            "epsg": Opt(Message("EPSG number of the system in metres that distances are measured in."), ("--epsg",)),
        },
    ),
    Command("city accept", accept, Message("Take a provisional profile as the city's own, as it stands."), False, {}),
    Command("city versions", versions, Message("List the versions of the profile."), False, {}),
    Command(
        "city restore",
        restore,
        Message("Give back an earlier version of the profile."),
        False,
        {"version": Opt(Message("Id of the version, as “curim city versions” lists it."))},
    ),
)
