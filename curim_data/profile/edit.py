"""Giving a city its own profile: each edit is a new version, and the stored alerts follow in one commit.

Whatever refuses, refuses before anything is changed. What was not understood or was repaired is said in the report.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from zoneinfo import available_timezones

import pandas as pd
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from curim_data.containers.base import head_of
from curim_data.lexicon.words import fold
from curim_data.model import LANGUAGES, N_, CityProfile, ImportProblem, Message, ask_shape
from curim_data.model.city import (
    K_ORDINARY,
    K_SENSITIVE,
    LEAST_COUNT,
    LEAST_SENSITIVE_COUNT,
    MOST_LEAST,
    Area,
    Landmark,
)
from curim_data.profile import tables
from curim_data.profile.provisional import placed
from curim_data.profile.shapes import (
    OSM_ATTRIBUTION,
    PROPOSED,
    AreaFile,
    chosen_name_column,
    districts_of,
    is_osm,
    landmarks_of,
    propose_name_column,
    read_areas,
    streets_of,
)
from curim_data.profile.tables import (
    as_polygons,
    read_head,
    slug,
    write_areas,
    write_categories,
    write_head,
    write_help_lines,
    write_land,
    write_landmarks,
    write_population,
)
from curim_data.profile.versions import (
    ProfileChange,
    Version,
    change_profile,
    finish_interrupted_change,
    restore_version,
    stale_count,
    versions,
)
from curim_data.store import Home, Store

__all__ = [
    "AreaFile",
    "EditReport",
    "Version",
    "confirm_provisional",
    "finish_interrupted_change",
    "propose_name_column",
    "read_areas",
    "restore_version",
    "set_categories",
    "set_districts",
    "set_help_lines",
    "set_land",
    "set_landmarks",
    "set_least_counts",
    "set_names",
    "set_population",
    "set_streets",
    "stale_count",
    "versions",
]

LISTED: Final = 8

Groups = dict[str, Mapping[str, str]]


@dataclass(frozen=True)
class EditReport(ProfileChange):
    """What an edit did, beside versions and alerts.

    `n`: districts, residents' rows, landmarks, streets or categories that the profile now holds; `notes`: what was
    repaired, left out or not matched.
    """

    n: int = 1
    notes: tuple[Message, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether there is a new version."""
        return self.before != self.version


def area_notes(areas: AreaFile, districts: tuple[Area, ...] = ()) -> tuple[Message, ...]:
    """What was repaired, left out or is odd in a file of areas."""
    notes = []
    if areas.repaired:
        notes.append(Message("Shapes that were invalid and were repaired: {n}.", {"n": areas.repaired}))
    if areas.left_out:
        notes.append(Message("Shapes left out, since they are empty or of another kind: {n}.", {"n": areas.left_out}))
    texts = {text for column in areas.columns for text in areas.frame[column]}
    if split := sum(not texts & set(area.labels.values()) for area in districts):
        notes.append(Message("{n} districts share their name with another; their code stands beside it.", {"n": split}))
    if districts and len(districts) < len(areas):
        merged = {"n": len(areas), "districts": len(districts)}
        notes.append(Message("{n} areas share {districts} names: those of one name are one district.", merged))
    whole = sum(area.polygon.area for area in districts)
    if districts and whole - shapely.union_all([area.polygon for area in districts]).area > 0.01 * whole:
        notes.append(Message("Districts overlap: an alert in two of them counts in the one that comes first."))
    return tuple(notes)


def set_districts(
    home: Home,
    areas: AreaFile,
    name_column: str | None = None,
    language: str = "en",
    *,
    with_land: bool | None = None,
    apart: str | None = PROPOSED,
) -> EditReport:
    """Give the city its districts.

    Parameters
    ----------
    name_column : str, optional
        The column of names; `propose_name_column` chooses unless given.
    language : str
        Language of the names.
    with_land : bool, optional
        Whether the districts together become the study area, and the profile is no longer provisional. By default:
        where the profile is provisional.
    apart : str, optional
        The column that distinguishes areas of one name; see `districts_of`.
    """
    new = districts_of(areas, name_column, language, apart)
    notes = list(area_notes(areas, new))

    def edit(folder: Path, city: CityProfile) -> None:
        write_areas(folder / "districts.geojson", new)
        if city.provisional or not city.outlined if with_land is None else with_land:
            _put_land(folder, shapely.union_all([area.polygon for area in new]))
        elif away := sum(not area.polygon.intersects(city.land) for area in new):
            values = {"away": away, "of": len(new)}
            notes.append(
                Message("{away} of {of} districts hold no part of the study area; is it the right file?", values)
            )
        if city.population is not None:
            kept = city.population[city.population["district"].isin([area.id for area in new])]
            if len(kept) < len(city.population):
                notes.append(Message("Residents of districts that are gone were dropped: give the population again."))
            write_population(folder, kept)

    return _with_reach(home, _changed(home, edit, "districts", areas.name, n=len(new), notes=notes))


def set_land(home: Home, areas: AreaFile) -> EditReport:
    """Give the city its study area: the union of the areas. The profile is no longer provisional."""
    land = as_polygons(shapely.union_all(areas.frame.geometry.to_numpy()))
    report = _changed(
        home, lambda folder, _: _put_land(folder, land), "land", areas.name, n=len(areas), notes=area_notes(areas)
    )
    return _with_reach(home, report)


def set_population(home: Home, source: Path | bytes, name: str) -> EditReport:
    """Give the residents by district and gender, from CSV or XLSX; see `tables.residents`."""
    city = home.city()
    if not city.districts:
        raise ImportProblem(Message("The city has no districts yet: add them first, then their residents."))
    people, without, unknown = tables.residents(tables.read_table(source, name), city.districts, name)
    notes = []
    if without:
        names = _listed(_called(area.labels) for area in city.districts if area.id in without)
        notes.append(Message("Districts without a number: {names}.", {"names": names}))
    if unknown:
        notes.append(Message("Names in the file that are no district: {names}.", {"names": _listed(unknown)}))
    return _changed(
        home,
        lambda folder, _: write_population(folder, people),
        "population",
        name,
        n=len(people),
        notes=notes,
    )


def category_table(source: Path | bytes, name: str, city: CityProfile) -> tuple[pd.DataFrame, Groups]:
    """Categories as a table, and the groups they may be in: of a CSV, a XLSX or a file laid out as categories.toml."""
    if name.lower().endswith(".toml"):
        return tables.read_categories_toml(source, name)
    return tables.read_table(source, name), dict(city.groups)


def set_landmarks(home: Home, source: Path | bytes, name: str) -> EditReport:
    """Give the landmarks: CSV or XLSX (see `tables.landmarks`), points of a GeoJSON, GeoPackage or zip, or an extract
    of OpenStreetMap (see `landmarks_of`)."""
    found, attribution = landmarks_in(source, name, home.city())
    return _changed(
        home, lambda folder, _: write_landmarks(folder, found, attribution), "landmarks", name, n=len(found)
    )


def set_help_lines(home: Home, source: Path | bytes, name: str) -> EditReport:
    """Give the help lines for people who are affected: a table (see `tables.help_lines`), whose rows replace those
    before."""
    found = tables.help_lines(tables.read_table(source, name), name)
    return _changed(home, lambda folder, _: write_help_lines(folder, found), "helplines", name, n=len(found))


def landmarks_in(source: Path | bytes, name: str, city: CityProfile) -> tuple[tuple[Landmark, ...], str]:
    """The landmarks that a file gives: rows of a CSV or XLSX, points with their properties, or points of an extract of
    OpenStreetMap; and whom they are from where a licence asks that maps say so.
    """
    start = source[:1024] if isinstance(source, bytes) else head_of(source, name, 1024)
    osm, zipped = is_osm(start), start.startswith(b"PK\x03\x04") and name.lower().endswith(".zip")
    plain = start.startswith(b"SQLite format 3\0") or start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{")
    if not (osm or zipped or plain):
        return tuple(tables.landmarks(tables.read_table(source, name), name)), ""
    points = read_areas(source, name, kind="point", bounds=city.land.bounds if osm else None)
    if osm or (plain and not {"other_tags", "osm_id"}.isdisjoint(points.columns)):
        return landmarks_of(points, city), OSM_ATTRIBUTION
    middles = shapely.centroid(points.frame.geometry.to_numpy())
    frame = pd.DataFrame(points.frame.drop(columns="geometry")).fillna("").astype(str)
    kept = frame.loc[:, [slug(head) not in ("longitude", "latitude", "lon", "lat", "x", "y") for head in frame.columns]]
    named = kept if "name" in kept else kept.rename(columns={chosen_name_column(points, None): "name"})
    placed = named.assign(longitude=shapely.get_x(middles).astype(str), latitude=shapely.get_y(middles).astype(str))
    return tuple(tables.landmarks(placed, name)), ""


def set_streets(home: Home, areas: AreaFile, name_column: str | None = None, language: str = "en") -> EditReport:
    """Give the streets: lines (`read_areas` with kind "line") on the study area by name and class (`streets_of`)."""
    found, notes, attribution = streets_of(areas, home.city(), name_column, language)

    def edit(folder: Path, _: CityProfile) -> None:
        write_areas(folder / "streets.geojson", found, attribution)

    return _changed(home, edit, "streets", areas.name, n=len(found), notes=(*area_notes(areas), *notes))


def set_categories(
    home: Home, source: Path | bytes | pd.DataFrame, name: str, *, groups: Groups | None = None
) -> EditReport:
    """Give the category tree: a table (frame, CSV, XLSX; see `tables.categories`) or a categories.toml.

    `groups` may say the groups that a frame's categories are in; the city's unless given. A table without a column
    sensitive leaves which are sensitive as it was.
    """
    if isinstance(source, pd.DataFrame):
        table, groups = source.fillna("").astype(str), dict(home.city().groups) if groups is None else groups
    else:
        table, groups = category_table(source, name, home.city())
    kept, found = tables.categories(table, groups, name)
    before = home.city()
    notes = gone_notes(before, {one.id for one in found})
    known, columns = before.categories, {fold(column) for column in table.columns}
    if "sensitive" not in columns and any(one.sensitive for one in known.values()):
        found = [replace(one, sensitive=one.id in known and known[one.id].sensitive) for one in found]
        text = N_("The file has no column {columns}: each category keeps its value in that column.")
        notes.append(Message(text, {"columns": "sensitive"}))
    return _changed(
        home, lambda folder, _: write_categories(folder, kept, found), "categories", name, n=len(found), notes=notes
    )


def set_names(
    home: Home,
    name: str | None = None,
    *,
    timezone: str | None = None,
    epsg: int | None = None,
    names: Mapping[str, str] | None = None,
) -> EditReport:
    """Give the city's name (in one form for all languages, or `names` by language), time zone and projection.

    ImportProblem where the time zone is unknown, or the projection does not exist, is not in metres, or is not meant
    for the place.
    """
    if timezone is not None and timezone not in available_timezones():
        raise ImportProblem(Message("There is no time zone {zone}: write it as Europe/Athens.", {"zone": timezone}))
    if epsg is not None:
        _check_projection(epsg, home.city().land)
    given = {lang: text.strip() for lang, text in (names or {}).items() if lang in LANGUAGES and text.strip()}
    if name is not None and name.strip():
        given = {"en": name.strip(), **given}
    changes: dict[str, Any] = {"names": given or None, "timezone": timezone, "epsg": epsg}
    changes = {key: value for key, value in changes.items() if value is not None}
    return _changed(home, lambda folder, _: write_head(folder, read_head(folder) | changes), "names")


def set_least_counts(home: Home, ordinary: int, sensitive: int) -> EditReport:
    """Give the smallest counts that council and public see, zero apart; ImportProblem where the city may not have them.

    They hold from now on. What the protected copy has drawn already stays: later releases take them in.
    """
    for asked, floor in ((ordinary, K_ORDINARY), (sensitive, K_SENSITIVE)):
        if not floor <= asked <= MOST_LEAST:
            values = {"floor": floor, "most": MOST_LEAST, "asked": asked}
            raise ImportProblem(
                Message(
                    "The smallest count may be {floor} to {most} here, not {asked}: a city may raise it, and not lower "
                    "it.",
                    values,
                )
            )
    least = {LEAST_COUNT: ordinary, LEAST_SENSITIVE_COUNT: sensitive}
    return _changed(home, lambda folder, _: write_head(folder, read_head(folder) | least), "least_counts")


def confirm_provisional(home: Home) -> EditReport:
    """Accept a provisional profile as the city's own, as it is."""
    return _changed(home, lambda folder, _: _given(folder), "confirmed")


def _check_projection(epsg: int, land: BaseGeometry) -> None:
    try:
        crs = pyproj.CRS.from_epsg(epsg)
    except pyproj.exceptions.CRSError as error:
        raise ImportProblem(Message("There is no coordinate system EPSG:{epsg}.", {"epsg": str(epsg)})) from error
    if not crs.is_projected or any(axis.unit_name != "metre" for axis in crs.axis_info):
        raise ImportProblem(
            Message(
                "EPSG:{epsg} does not measure in metres. Name a projected system, such as 2100 for Greece.",
                {"epsg": str(epsg)},
            )
        )
    use, middle = crs.area_of_use, land.centroid
    if use is not None and not shapely.box(*use.bounds).buffer(0.5).covers(middle):
        raise ImportProblem(
            Message(
                "EPSG:{epsg} is meant for {area}, where this city is not.", {"epsg": str(epsg), "area": use.name or "?"}
            )
        )


def _put_land(folder: Path, land: BaseGeometry) -> None:
    """The study area; of a city that had no outline, projection and view follow from it."""
    write_land(folder, as_polygons(land))
    head = read_head(folder)
    if not head.pop("outline", True):
        write_head(folder, {**head, **placed(land)})
    _given(folder)


def _given(folder: Path) -> None:
    """The profile is a person's now."""
    head = read_head(folder)
    head.pop("provisional", None)
    write_head(folder, head)


def _with_reach(home: Home, report: EditReport) -> EditReport:
    """Say where the stored alerts do not lie on the city's land."""
    at = Store(home).read(["longitude", "latitude"]).to_pandas().dropna()
    if not len(at):
        return report
    city = home.city()
    x, y = city.project(at["longitude"], at["latitude"])
    outside = int((~ask_shape(shapely.intersects_xy, city.land_and_quays_metres, x, y)).sum())
    if outside * 2 <= len(at):
        return report
    message = Message(
        "{n} of {total} alerts lie outside the city now. Is it the right file? The version before can be given back.",
        {"n": outside, "total": len(at)},
    )
    return replace(report, notes=(*report.notes, message))


def _changed(
    home: Home,
    edit: Callable[[Path, CityProfile], None],
    what: str,
    file: str = "",
    *,
    n: int = 1,
    notes: Sequence[Message] = (),
) -> EditReport:
    """Change the profile (`change_profile`) and report it; `edit` may add to the notes."""
    made = change_profile(home, edit, what, file)
    return EditReport(made.before, made.version, made.alerts, n, tuple(notes))


def gone_notes(city: CityProfile, ids: Collection[str]) -> list[Message]:
    """Which categories of the city a new list of ids leaves out."""
    gone = [_called(one.labels) for one in city.categories.values() if one.id not in ids]
    text = N_("No longer in the list: {names}. Alerts keep these names and are flagged.")
    return [Message(text, {"names": _listed(gone)})] if gone else []


def _called(labels: Mapping[str, str]) -> str:
    """A label in English, or in the language that there is."""
    return labels.get("en") or next(iter(labels.values()), "")


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:LISTED]) + (" …" if len(names) > LISTED else "")
