"""Streets for a profile, out of an OpenStreetMap extract or any file of lines.

An extract holds far more than a map can show. Kept is what has a name, and main roads by their number; what lies on
the city's land; lines of one name and class are one street. `read_areas` reads the file; here is what it means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely

from curim_data.model import LANGUAGES, CityProfile, ImportProblem, Message
from curim_data.model.absence import NO_OUTLINE
from curim_data.model.city import MAJOR, MINOR, PATH, Area, Landmark
from curim_data.model.shared_shapes import ask_shape
from curim_data.profile.files import unique_ids
from curim_data.profile.shapes import AreaFile, chosen_name_column, propose_name_column

OSM_ATTRIBUTION: Final = "© OpenStreetMap contributors (ODbL)"
NEAR_LAND_M: Final = 30.0  # a street along the shore, whose line runs beside the land
MOST_STREETS: Final = 100_000
MOST_LANDMARKS: Final = 5_000  # as many as a table of them may hold
LANDMARK_RADIUS_M: Final = 250.0
LINE: Final = 1  # the type id of shapely
# https://wiki.openstreetmap.org/wiki/Key:highway; links carry "_link". What is no street of these is left out.
CLASSES: Final = {
    **dict.fromkeys(("motorway", "trunk", "primary", "secondary"), MAJOR),
    **dict.fromkeys(("tertiary", "unclassified", "residential", "living_street", "service", "road"), MINOR),
    **dict.fromkeys(("pedestrian", "footway", "path", "steps", "cycleway", "track", "bridleway"), PATH),
}
CLASS_COLUMNS: Final = ("highway", "fclass", "class", "road_class")
# Points of interest by which people name a place: key and its values in OpenStreetMap, any value where none is listed.
PLACES: Final = {
    "railway": ("station", "halt", "tram_stop", "subway_entrance"),
    "public_transport": ("station",),
    "aeroway": ("terminal",),
    "amenity": (
        *("townhall", "hospital", "university", "college", "school", "library", "theatre", "cinema", "marketplace"),
        *("bus_station", "ferry_terminal", "place_of_worship", "courthouse", "police", "fire_station"),
    ),
    "tourism": ("museum", "attraction", "gallery"),
    "leisure": ("park", "stadium", "sports_centre", "marina"),
    "historic": (),
    "shop": ("mall", "department_store"),
    "place": ("square", "suburb", "quarter", "neighbourhood"),
}
_TAG: Final = re.compile(r'"((?:[^"\\]|\\.)*)"=>"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class StreetsFound:
    """The streets of a file, and how many of its lines were left out: `unnamed`, `outside` the land, or no street
    (`other`: rivers, railways). `attribution`: whom the file is from, empty where it does not come from OpenStreetMap.
    """

    streets: tuple[Area, ...]
    unnamed: int
    outside: int
    other: int
    attribution: str

    def notes(self) -> tuple[Message, ...]:
        """What was left out, and who is named on maps."""
        said = (
            (self.unnamed, Message("Lines without a name, which were left out: {n}.", {"n": self.unnamed})),
            (self.outside, Message("Lines outside the study area, which were left out: {n}.", {"n": self.outside})),
            (self.other, Message("Lines that are no streets, which were left out: {n}.", {"n": self.other})),
            (
                bool(self.attribution),
                Message("Maps and papers will say “{attribution}”.", {"attribution": self.attribution}),
            ),
        )
        return tuple(message for number, message in said if number)


def class_column(areas: AreaFile) -> str | None:
    """The column that holds the classes of OpenStreetMap (highway, or fclass in the files of Geofabrik)."""
    for column in CLASS_COLUMNS:
        if column in areas.columns and areas.frame[column].dropna().map(_class_of).ne("").any():
            return column
    return None


def _class_of(value: Any) -> str:
    return CLASSES.get(value.removesuffix("_link"), "") if isinstance(value, str) else ""


def streets_of(
    areas: AreaFile, city: CityProfile, name_column: str | None = None, language: str = "en"
) -> StreetsFound:
    """The streets of a file of lines, on the city's land.

    Parameters
    ----------
    name_column : str, optional
        The column of names; `propose_name_column` chooses unless given.
    language : str
        Language of the names. Names in other languages come from the columns label_el, name:el or int_name where the
        file has them, or from the tags of an extract.

    Raises
    ------
    ImportProblem
        Where no line lies on the city's land, the column is unknown, or there are more than 100,000 streets.
    """
    if not city.outlined:
        raise ImportProblem(NO_OUTLINE)
    kind = class_column(areas)
    frame = with_tags(areas.frame, areas.columns)
    column = _names(areas, name_column, osm=kind is not None)
    lines = frame.geometry.to_numpy()
    classes = frame[kind].map(_class_of) if kind else pd.Series("", index=frame.index)
    named = frame[column] if column else pd.Series([None] * len(frame), index=frame.index, dtype=object)
    if kind and "ref" in frame:
        named = named.where(named.notna() | (classes != MAJOR), frame["ref"])
    street, called = classes.ne("").to_numpy() | (kind is None), named.notna().to_numpy() | (kind is None)
    reach = NEAR_LAND_M / 111_320.0  # in degrees
    near = shapely.buffer(shapely.simplify(city.land, reach / 3), reach, quad_segs=2)
    shapely.prepare(near)
    inside = shapely.intersects(near, lines)
    kept = street & called & inside
    if not kept.any():
        raise ImportProblem(_why_none(areas.name, street, called))
    cut = lines[kept]
    border = ~shapely.covers(near, cut)
    cut[border] = shapely.intersection(cut[border], near)
    keys = named[kept].where(named[kept].notna(), [f"#{number}" for number in np.flatnonzero(kept)])
    table = pd.DataFrame({"name": keys, "class": classes[kept], "line": cut, "row": np.flatnonzero(kept)})
    streets = tuple(_merged(table, frame, language))
    if len(streets) > MOST_STREETS:
        values = {"file": areas.name, "n": len(streets), "most": MOST_STREETS}
        raise ImportProblem(
            Message(
                "{file} holds {n} streets on the study area; {most} are the most. Keep the main ones only, or give "
                "one city instead of a country.",
                values,
            )
        )
    return StreetsFound(
        streets,
        unnamed=int((street & ~called).sum()),
        outside=int((street & called & ~inside).sum()),
        other=int((~street).sum()),
        attribution=OSM_ATTRIBUTION if kind else "",
    )


def _names(areas: AreaFile, column: str | None, *, osm: bool) -> str | None:
    if column is not None:
        return chosen_name_column(areas, column)
    if osm:
        return "name" if "name" in areas.columns else None
    return propose_name_column(areas)


def _why_none(file: str, street: Any, called: Any) -> Message:
    if not street.any():
        return Message(
            "{file} holds lines but no streets: its column highway names none. Take the lines of an OpenStreetMap "
            "extract, or a file of streets alone.",
            {"file": file},
        )
    if not (street & called).any():
        return Message(
            "No street of {file} has a name. Choose the column of names, or take a file that has one.", {"file": file}
        )
    return Message(
        "No street of {file} lies on the study area. Is it of another city, or in another coordinate system?",
        {"file": file},
    )


def _merged(table: pd.DataFrame, frame: pd.DataFrame, language: str) -> Iterable[Area]:
    """One street of each name and class, in the order of the file."""
    grouped = list(table.groupby(["name", "class"], sort=False))
    called = [(str(name), str(kind)) for (name, kind), _ in grouped]
    ids = unique_ids(("" if name.startswith("#") else name for name, _ in called), "street")
    for key, (name, kind), (_, rows) in zip(ids, called, grouped, strict=True):
        parts = shapely.get_parts(shapely.get_parts(rows["line"].to_numpy()))
        line = shapely.line_merge(shapely.union_all(parts[shapely.get_type_id(parts) == LINE]))
        if line.is_empty:  # it touches the land in a point
            continue
        labels = {} if name.startswith("#") else {language: name, **_other_names(frame, int(rows["row"].iloc[0]))}
        yield Area(key, labels, line, kind)


def _other_names(frame: pd.DataFrame, row: int) -> dict[str, str]:
    """Names in further languages that the file holds."""
    found = {}
    for lang in LANGUAGES:
        for column in (f"label_{lang}", f"name:{lang}", f"name_{lang}"):
            text = frame[column].iloc[row] if column in frame else None
            if isinstance(text, str) and text:
                found[lang] = text
                break
    return found


def with_tags(frame: pd.DataFrame, columns: Iterable[str]) -> pd.DataFrame:
    """A frame with the tags that GDAL's driver of OpenStreetMap leaves in one column (`other_tags`) as columns."""
    if "other_tags" not in columns:
        return frame
    wanted = {f"name:{lang}" for lang in LANGUAGES} | {"ref", *PLACES}
    tags = [
        {
            key: value.replace('\\"', '"')
            for key, value in _TAG.findall(text if isinstance(text, str) else "")
            if key in wanted
        }
        for text in frame["other_tags"]
    ]
    more = pd.DataFrame(tags, index=frame.index)
    made: dict[str, Any] = {
        str(key): more[key].where(more[key].notna(), None) for key in more.columns if key not in frame
    }
    return frame.assign(**made)


def is_osm_points(areas: AreaFile) -> bool:
    """Whether a file of points is an extract of OpenStreetMap: it has tags, or a class of Geofabrik's."""
    return "other_tags" in areas.columns or "osm_id" in areas.columns


def landmarks_of(areas: AreaFile, city: CityProfile) -> tuple[Landmark, ...]:
    """The landmarks of an OpenStreetMap extract: named points on the city's land of the kinds that name a place.

    ImportProblem where it has none, or more than 5,000: each place is measured from each of them.
    """
    frame = with_tags(areas.frame, areas.columns)
    if "name" not in frame:
        frame = frame.assign(name=None)
    wanted = np.zeros(len(frame), dtype=bool)
    for key, values in PLACES.items():
        for column in (key, "fclass"):
            if column in frame and (column == key or values):
                wanted |= frame[column].isin(values).to_numpy() if values else frame[column].notna().to_numpy()
    inside = ask_shape(shapely.intersects, city.land, frame.geometry.to_numpy())
    kept = frame[wanted & frame["name"].notna().to_numpy() & inside]
    kept = kept.drop_duplicates("name")
    if kept.empty:
        raise ImportProblem(
            Message(
                "{file} has no named station, square, school, park or other landmark on the study area. Give the "
                "points of an OpenStreetMap extract of this city, or a table with name, longitude, latitude, radius.",
                {"file": areas.name},
            )
        )
    if len(kept) > MOST_LANDMARKS:
        raise ImportProblem(
            Message(
                "{file} holds {n} landmarks on the study area; {most} are the most. Keep stations, squares, hospitals "
                "and schools only, or give one city instead of a country.",
                {"file": areas.name, "n": len(kept), "most": MOST_LANDMARKS},
            )
        )
    ids = unique_ids(kept["name"], "place")
    rows = frame.index.get_indexer(kept.index)
    return tuple(
        Landmark(
            key, {"en": name, **_other_names(frame, int(row))}, _round(point.x), _round(point.y), LANDMARK_RADIUS_M
        )
        for key, name, row, point in zip(ids, kept["name"], rows, kept.geometry, strict=True)
    )


def _round(value: float) -> float:
    return round(float(value), 6)
