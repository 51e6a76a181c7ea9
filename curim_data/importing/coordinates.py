"""Coordinates: how a file writes them (separators, order, projection), decided once; and its rows parsed that way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pyarrow.compute as pc
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from curim_data.containers.base import ArrowText
from curim_data.formats.columns import (
    ANY,
    COMMA,
    FIRST,
    LOST,
    POINT,
    ParsedNumbers,
    RoleColumns,
    filled,
    parse_numbers,
    split_point_texts,
)
from curim_data.formats.guess.headings import read_heading
from curim_data.geo.projections import (
    ETRS_ZONES,
    NATIONAL,
    ProjectionFit,
    fitting_projections,
    known_places,
    named_projection,
    place_in,
    to_degrees,
)
from curim_data.importing.mapping import unknown_answer
from curim_data.importing.profiling import FileProfile
from curim_data.model import (
    Answers,
    BoolArray,
    Choice,
    CityProfile,
    FloatArray,
    Message,
    Question,
    ask_shape,
)
from curim_data.model.gazetteer import nearest_town
from curim_data.profile.provisional import time_zone

NEAR_CITY_M: Final = 5_000.0
FARTHEST_M: Final = 2.1e7  # half the equator and a little: no projection in metres or feet in use goes beyond
LAT_LON, LON_LAT = "lat-lon", "lon-lat"


@dataclass(frozen=True)
class CoordinateFormat:
    """How the coordinates of a file are written.

    `roles`: the two that hold the coordinates, north first, or "point" for both. `forms`: how the numbers of each role
    are written (`numbers`). `crs`: EPSG code of the projection, None for degrees. `swapped`: whether the two are
    swapped in most rows. `order`: which comes first in "point".
    """

    roles: tuple[str, str] = ("latitude", "longitude")
    forms: Mapping[str, str] = field(default_factory=dict)
    crs: int | None = None
    swapped: bool = False
    order: str | None = None
    reasons: tuple[Message, ...] = ()

    def changed(self, *reasons: Message, **values: Any) -> CoordinateFormat:
        """The same with other values, and why."""
        return replace(self, reasons=(*self.reasons, *reasons), **values)

    def written_as(self, form: str, *reasons: Message) -> CoordinateFormat:
        """The same with one form of numbers in both columns, and why."""
        return self.changed(*reasons, forms=dict.fromkeys(self.roles, form))


@dataclass(frozen=True)
class ParsedCoordinates:
    """Coordinates of rows: degrees (NaN where none), and the two numbers and their texts as they were written."""

    latitude: FloatArray
    longitude: FloatArray
    north: ParsedNumbers
    east: ParsedNumbers
    texts: tuple[ArrowText, ArrowText]


def roles_of(columns: RoleColumns) -> tuple[str, str]:
    """Choose the roles that hold the coordinates: degrees, else both in one text, else projected ones."""
    if columns.has("latitude") or columns.has("longitude"):
        return ("latitude", "longitude")
    if columns.has("point"):
        return ("point", "point")
    return ("y", "x") if columns.has("x") or columns.has("y") else ("latitude", "longitude")


def decide_coordinates(
    profile: FileProfile, sample: RoleColumns, city: CityProfile | None, answers: Answers, name: str
) -> CoordinateFormat:
    """Decide from the counts and the sample of a file's profile."""
    roles = roles_of(sample)
    written = CoordinateFormat(roles)
    if not sample.has(roles[0]) and not sample.has(roles[1]):
        return written
    if roles[0] == "point":
        written = _decide_point_order(sample, written, city, answers, name)
    else:
        written = _decide_separators(profile, sample, written, city, answers, name)
    parsed = parse_coordinates(sample, replace(written, crs=None))
    if roles == ("y", "x") or not _degrees(parsed):
        if answers.crs or not _says_degrees(sample, roles):
            return _decide_projection(sample, written, parsed, city, answers, name)
        far = np.minimum(np.abs(parsed.latitude), np.abs(parsed.longitude))[_given(parsed)] > 360
        if far.any() and far.mean() > 0.95:  # far from any degrees, both north and east
            with suppress(Question):  # only a projection that leads to the city is one under such headings
                return _decide_projection(sample, written, parsed, city, answers, name)
    return _decide_swapped(written, parsed, city)


def parse_coordinates(columns: RoleColumns, written: CoordinateFormat) -> ParsedCoordinates:
    """Parse the coordinates of a table; swapped degrees are left as they are, for `rows` to repair and report."""
    if written.roles[0] == "point":
        one, two, standard = split_point_texts(columns["point"])
        first = written.order != LON_LAT
        north = pc.if_else(standard, two, one) if first else two
        east = pc.if_else(standard, one, two) if first else one
        texts = (north, east)
    else:
        texts = (columns[written.roles[0]], columns[written.roles[1]])
    # of projected metres; degrees lose no mark
    north_n, east_n = (
        parse_numbers(text, written.forms.get(role, ANY), {"y": 7, "x": 6}.get(role, 0))
        for text, role in zip(texts, written.roles, strict=True)
    )
    lat, lon = north_n.values, east_n.values
    if written.crs is not None:
        x, y = (lat, lon) if written.swapped else (lon, lat)
        lon, lat = to_degrees(written.crs, x, y)
    return ParsedCoordinates(lat, lon, north_n, east_n, texts)


def sample_points(profile: FileProfile, written: CoordinateFormat) -> FloatArray:
    """Longitudes and latitudes (two columns, WGS84 degrees) of the rows of the profile's sample that have both."""
    table, _ = profile.sample
    parsed = parse_coordinates(RoleColumns(table, profile.layout, profile.labels), written)
    sides = (parsed.latitude, parsed.longitude)
    swap = written.swapped and written.crs is None
    points = np.column_stack(sides if swap else sides[::-1])
    points = points[np.isfinite(points).all(axis=1)]
    real = (np.abs(points[:, 0]) <= 180) & (np.abs(points[:, 1]) <= 90) & (points != 0).any(axis=1)
    return np.asarray(points[real], np.float64)


def near_city(city: CityProfile, longitude: FloatArray, latitude: FloatArray) -> BoolArray:
    """Which points lie within 5 km of the city's land."""
    area, (west, south, east, north) = _near_area(city)
    with np.errstate(invalid="ignore"):
        found = (longitude >= west) & (longitude <= east) & (latitude >= south) & (latitude <= north)
    found[found] = ask_shape(shapely.intersects_xy, area, *city.project(longitude[found], latitude[found]))
    return np.asarray(found, bool)


def _near_area(city: CityProfile) -> tuple[Any, tuple[float, float, float, float]]:
    """Return the land with a buffer of 5 km, projected, and its bounding box in degrees."""
    cache: dict[str, tuple[Any, tuple[float, float, float, float]]] = city.__dict__
    if "_near_area" not in cache:
        west, south, east, north = city.land.bounds
        margin = 2 * NEAR_CITY_M / 111_000  # degrees of latitude; more than 5 km even where the earth is flattened
        wide = margin / max(0.01, np.cos(np.radians(min(89.0, max(abs(south), abs(north)) + margin))))
        cache["_near_area"] = (
            city.land_metres.buffer(NEAR_CITY_M),
            (west - wide, south - margin, east + wide, north + margin),
        )
    return cache["_near_area"]


def swapped_rows(parsed: ParsedCoordinates, city: CityProfile) -> BoolArray:
    """Which rows lie in or near the city only with latitude and longitude swapped."""
    turned = near_city(city, parsed.latitude, parsed.longitude)
    turned[turned] = ~near_city(city, parsed.longitude[turned], parsed.latitude[turned])
    return turned


def _given(parsed: ParsedCoordinates) -> BoolArray:
    lat, lon = parsed.latitude, parsed.longitude
    return np.asarray(np.isfinite(lat) & np.isfinite(lon) & ~((lat == 0) & (lon == 0)), bool)


def _says_degrees(sample: RoleColumns, roles: tuple[str, str]) -> bool:
    """Whether the headings say latitude and longitude: numbers that are none are bad ones, not those of a projection.

    Unless all of them are, and lead to the city in a projection. Under headings that say nothing of the kind, such as
    "north" and "east", a projection is thought of, and asked for, where most numbers are no degrees.
    """
    heads = (read_heading(sample.label(role)) for role in roles)
    return roles == ("latitude", "longitude") and all(head.has(role) for head, role in zip(heads, roles, strict=True))


def _degrees(parsed: ParsedCoordinates) -> bool:
    """Whether most points are degrees, in one order or the other."""
    lat, lon = (np.abs(side[_given(parsed)]) for side in (parsed.latitude, parsed.longitude))
    fits = ((lat <= 90) & (lon <= 180)) | ((lon <= 90) & (lat <= 180))
    return not len(lat) or bool(fits.mean() > 0.5)


def _decide_swapped(written: CoordinateFormat, parsed: ParsedCoordinates, city: CityProfile | None) -> CoordinateFormat:
    given = _given(parsed)
    lat, lon = parsed.latitude[given], parsed.longitude[given]
    turned = (np.abs(lat) > 90) & (np.abs(lat) <= 180) & (np.abs(lon) <= 90)
    if city is not None and not turned.sum() > 0.5 * len(turned):
        turned = swapped_rows(parsed, city)[given]
    elif city is None and len(lat):
        north, east = float(np.median(lat)), float(np.median(lon))
        able = max(abs(north), abs(east)) <= 90
        turned |= able and nearest_town(east, north) is None and nearest_town(north, east) is not None
    if not turned.sum() > 0.5 * len(turned):
        return written
    return written.changed(
        Message("Latitude and longitude were swapped in most rows; this was corrected."), swapped=True
    )


def _decide_point_order(
    sample: RoleColumns, written: CoordinateFormat, city: CityProfile | None, answers: Answers, name: str
) -> CoordinateFormat:
    if answers.order:
        return written.changed(order=answers.order)
    one, two, standard = split_point_texts(sample["point"])
    loose = np.asarray(filled(sample["point"]) & ~standard.to_numpy(False), bool)
    first, second = (parse_numbers(text).values[loose] for text in (one, two))
    first, second = np.stack([first, second])[:, np.isfinite(first) & np.isfinite(second)]
    if not len(first):
        return written
    north_first, east_first = int((np.abs(second) > 90).sum()), int((np.abs(first) > 90).sum())
    if not north_first + east_first and city is not None:
        north_first, east_first = int(near_city(city, second, first).sum()), int(near_city(city, first, second).sum())
    if north_first > 20 * east_first:
        return written.changed(order=LAT_LON)
    if east_first > 20 * north_first:
        return written.changed(
            Message("{column}: the longitude comes before the latitude.", {"column": sample.label("point")}),
            order=LON_LAT,
        )
    raise Question(
        "order",
        "--order",
        Message(
            "{name}: nothing in {column} says whether the latitude or the longitude comes first. "
            "Say which (lat-lon or lon-lat).",
            {"name": name, "column": sample.label("point")},
        ),
        (
            Choice(LAT_LON, Message("The latitude comes first")),
            Choice(LON_LAT, Message("The longitude comes first")),
        ),
    )


_MARKS: Final = Message("{columns}: “{thousands}” separates thousands, “{decimal}” decimals.")


def _decide_separators(
    profile: FileProfile,
    sample: RoleColumns,
    written: CoordinateFormat,
    city: CityProfile | None,
    answers: Answers,
    name: str,
) -> CoordinateFormat:
    """Decide on the decimal and thousands separators of the two columns."""
    counted = {role: profile.number_shapes.get(role, Counter[str]()) for role in written.roles}
    both = counted[written.roles[0]] + counted[written.roles[1]]
    several = sum(both[name] for name in ("points", "commas", "points_comma", "commas_point"))
    degrees = written.roles == ("latitude", "longitude")
    labels = ", ".join(sample.label(role) for role in reversed(written.roles) if sample.has(role))
    if answers.decimal and not (degrees and not several):
        return written.written_as(POINT if answers.decimal == "point" else COMMA)
    # Numbers that only a decimal point explains, and those that only a comma does, those with several points left out.
    point, comma = both["point"] + both["commas"] + both["commas_point"], both["comma"] + both["points_comma"]
    if not several and (degrees or not both["point_3"] + both["comma_3"] or point + comma):
        return written
    if min(point, comma) > 0.05 * (point + comma):
        raise _decimal_question(name, labels)
    if point > comma:
        reason = Message(_MARKS.text, {"columns": labels, "thousands": ",", "decimal": "."})
        return written.written_as(POINT, *([reason] if both["commas"] + both["commas_point"] else []))
    if both["points"]:
        return _points(sample, written, counted, labels, both)
    if comma:
        reason = Message(_MARKS.text, {"columns": labels, "thousands": ".", "decimal": ","})
        return written.written_as(COMMA, reason)
    return _separators_by_location(sample, written, city, answers, name, labels)


def _points(
    sample: RoleColumns, written: CoordinateFormat, counted: Mapping[str, Counter[str]], labels: str, both: Counter[str]
) -> CoordinateFormat:
    """Numbers with several points and no comma: whole metres, or metres whose decimal separator was lost."""
    if written.roles == ("latitude", "longitude"):
        reason = Message(
            "{columns}: of several points in a number the first is the decimal separator.", {"columns": labels}
        )
        return written.written_as(FIRST, reason)
    reason = Message(_MARKS.text, {"columns": labels, "thousands": ".", "decimal": ","})
    forms = {}
    for role in written.roles:
        values = np.abs(parse_numbers(sample[role], COMMA).values)
        lost = counted[role]["points"] > 0 and float(np.nanmedian(values)) > FARTHEST_M if len(values) else False
        forms[role] = LOST if lost else COMMA
    if LOST in forms.values() and not both["points_comma"]:
        reason = Message(
            "{columns}: points separate thousands and the decimal separator is missing; "
            "x has six digits of metres, y has seven.",
            {"columns": labels},
        )
    return written.changed(reason, forms=forms)


def _separators_by_location(
    sample: RoleColumns, written: CoordinateFormat, city: CityProfile | None, answers: Answers, name: str, labels: str
) -> CoordinateFormat:
    """Choose between a decimal point and a decimal comma by which of them leads to the city, if only one does."""
    if city is not None:
        read = {form: parse_coordinates(sample, written.written_as(form)) for form in (POINT, COMMA)}
        forms = [
            form
            for form, parsed in read.items()
            if fitting_projections(
                parsed.east.values, parsed.north.values, city, ((answers.crs,) if answers.crs else None)
            )
        ]
        if len(forms) == 1:
            return written.written_as(
                forms[0],
                Message(
                    "{columns}: the separators were read so that the points lie near the city.", {"columns": labels}
                ),
            )
    raise _decimal_question(name, labels)


def _decimal_question(name: str, labels: str) -> Question:
    return Question(
        "decimal",
        "--decimal",
        Message(
            "{name}: the numbers in {columns} can be read with a decimal point or a decimal comma. "
            "Say which (point or comma).",
            {"name": name, "columns": labels},
        ),
        (
            Choice("point", Message("A point is the decimal separator: 1.234 is a little more than one")),
            Choice(
                "comma", Message("A comma is the decimal separator: 1.234 is one thousand two hundred and thirty-four")
            ),
        ),
    )


def _decide_projection(
    sample: RoleColumns,
    written: CoordinateFormat,
    parsed: ParsedCoordinates,
    city: CityProfile | None,
    answers: Answers,
    name: str,
) -> CoordinateFormat:
    """Decide on the projection of coordinates that are not degrees."""
    if not _given(parsed).any():
        return written
    x, y = parsed.east.values, parsed.north.values
    letters = all(role in read_heading(sample.label(role)).words for role in written.roles)
    if answers.crs is not None:
        _check_projected(answers.crs)
        fit = fitting_projections(x, y, city, (answers.crs,)) if city is not None else ()
        return written.changed(
            crs=answers.crs, swapped=any(one.swapped for one in (fit or place_in(answers.crs, x, y, letters=letters)))
        )
    labels = ", ".join(dict.fromkeys(sample.label(role) for role in reversed(written.roles) if sample.has(role)))
    named = named_projection(labels)
    found = fitting_projections(x, y, city) if city is not None else ()
    able = (*NATIONAL, *ETRS_ZONES) if re.search(r"\butm", labels, re.I) else NATIONAL
    if not found and named is not None:
        found = place_in(named, x, y, letters=letters)
    if len(found) == 1:
        (one,) = found
        reason = Message("The coordinates are {crs} (EPSG:{epsg}).", {"crs": one.name, "epsg": str(one.epsg)})
        swapped = [Message("x and y were swapped; this was corrected.")] if one.swapped else []
        return written.changed(reason, *swapped, crs=one.epsg, swapped=one.swapped)
    choices = tuple(_projection_choice(place) for place in (found or known_places(x, y, able))[:8])
    raise Question(
        "crs",
        "--crs",
        Message(
            "{name}: the coordinates in {columns} are metres or feet of a projection that the file does not name. "
            "Say which with its EPSG code, for example EPSG:2100 for the Greek grid or EPSG:32634 for UTM zone 34 "
            "north; whoever made the export knows.",
            {"name": name, "columns": labels},
        ),
        choices,
    )


def _projection_choice(place: ProjectionFit) -> Choice:
    """Offer a projection as an answer, with the place to which it leads; the time zone names the region."""
    zone = time_zone((place.longitude, place.latitude))
    values = {
        "crs": place.name,
        "latitude": f"{place.latitude:.2f}",
        "longitude": f"{place.longitude:.2f}",
        "zone": zone,
    }
    if zone.startswith("Etc/"):
        return Choice(str(place.epsg), Message("{crs}: the points lie around {latitude}, {longitude}, at sea", values))
    return Choice(
        str(place.epsg), Message("{crs}: the points lie around {latitude}, {longitude} (time zone {zone})", values)
    )


def _check_projected(epsg: int) -> None:
    try:
        good = CRS.from_epsg(epsg).is_projected
    except CRSError:
        good = False
    if not good:
        raise unknown_answer("crs", epsg, "EPSG:2100, EPSG:32634 …")
