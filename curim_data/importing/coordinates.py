"""How the coordinates of a file are written: marks, order, projection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from curim_data.geo.projections import ProjectionFit, fitting_projections, known_places
from curim_data.importing.numbers import ANY, COMMA, FIRST, LOST, POINT, Shapes, read_numbers, read_points
from curim_data.importing.parsing import Numbers, filled
from curim_data.importing.profiling import Survey
from curim_data.importing.roles import Columns
from curim_data.model.city import CityProfile
from curim_data.model.i18n import Message
from curim_data.model.questions import Answers, Choice, Question
from curim_data.model.reasons import ImportProblem

NEAR_CITY_M: Final = 5_000.0
FARTHEST_M: Final = 2.1e7  # half the equator and a little: no projection in metres or feet in use goes beyond
LAT_LON, LON_LAT = "lat-lon", "lon-lat"

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Places:
    """Which two roles hold the coordinates (north first) or "point" for both, how their numbers are written, their
    projection (EPSG code; None for degrees), whether the two are exchanged in most rows, and the order in "point"."""

    roles: tuple[str, str] = ("latitude", "longitude")
    forms: Mapping[str, str] = field(default_factory=dict)
    crs: int | None = None
    swapped: bool = False
    order: str | None = None
    reasons: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Read:
    """Coordinates of rows: degrees (NaN where none) and, as they were written, the two numbers and their texts."""

    latitude: FloatArray
    longitude: FloatArray
    north: Numbers
    east: Numbers
    texts: tuple[Any, Any]


def roles_of(columns: Columns) -> tuple[str, str]:
    """Where a file has its coordinates: degrees before both in one text before projected ones."""
    if columns.has("latitude") or columns.has("longitude"):
        return ("latitude", "longitude")
    if columns.has("point"):
        return ("point", "point")
    return ("y", "x") if columns.has("x") or columns.has("y") else ("latitude", "longitude")


def decide_places(survey: Survey, sample: Columns, city: CityProfile | None, answers: Answers, name: str) -> Places:
    """Decide over the counts and the sample of a survey."""
    roles = roles_of(sample)
    places = Places(roles)
    if not sample.has(roles[0]) and not sample.has(roles[1]):
        return places
    if roles[0] == "point":
        places = _point_order(sample, places, city, answers, name)
    else:
        places = _marks(survey, sample, places, city, answers, name)
    read = read_places(sample, replace(places, crs=None))
    if roles == ("y", "x") or not _degrees(read):
        return _projected(sample, places, read, city, answers, name)
    return _exchanged(places, read, city)


def read_places(columns: Columns, places: Places) -> Read:
    """Read the coordinates of a table; degrees that were told in the other order stay for `telling` to exchange."""
    if places.roles[0] == "point":
        one, two, standard = read_points(columns["point"])
        first = places.order != LON_LAT
        north = pc.if_else(standard, two, one) if first else two
        east = pc.if_else(standard, one, two) if first else one
        texts = (north, east)
    else:
        texts = (columns[places.roles[0]], columns[places.roles[1]])
    digits = {"y": 7, "x": 6, "latitude": 7, "longitude": 6}
    north_n, east_n = (
        read_numbers(text, places.forms.get(role, ANY), digits.get(role, 0))
        for text, role in zip(texts, places.roles, strict=True)
    )
    lat, lon = north_n.values, east_n.values
    if places.crs is not None:
        x, y = (lat, lon) if places.swapped else (lon, lat)
        lon, lat = to_degrees(places.crs, x, y)
    return Read(lat, lon, north_n, east_n, texts)


def to_degrees(crs: int, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Longitudes and latitudes of projected points; NaN where there is none."""
    lon, lat = _transformer(crs).transform(x, y)
    lost = ~(np.isfinite(lon) & np.isfinite(lat))
    return np.where(lost, np.nan, lon), np.where(lost, np.nan, lat)


@lru_cache(maxsize=8)
def _transformer(crs: int) -> Transformer:
    return Transformer.from_crs(crs, 4326, always_xy=True)


def near(city: CityProfile, longitude: FloatArray, latitude: FloatArray) -> BoolArray:
    """Points within 5 km of the city's land."""
    area, (west, south, east, north) = _near_area(city)
    with np.errstate(invalid="ignore"):
        found = (longitude >= west) & (longitude <= east) & (latitude >= south) & (latitude <= north)
    found[found] = shapely.intersects_xy(area, *city.project(longitude[found], latitude[found]))
    return np.asarray(found, bool)


def _near_area(city: CityProfile) -> tuple[Any, tuple[float, float, float, float]]:
    """The land with 5 km around it in the city's metres, and a box in degrees that holds it."""
    cache: dict[str, Any] = city.__dict__
    if "_near_area" not in cache:
        area = city.land_metres.buffer(NEAR_CITY_M)
        shapely.prepare(area)
        west, south, east, north = city.land.bounds
        margin = 2 * NEAR_CITY_M / 111_000  # degrees of latitude; more than 5 km even where the earth is flattened
        wide = margin / max(0.01, np.cos(np.radians(min(89.0, max(abs(south), abs(north)) + margin))))
        cache["_near_area"] = area, (west - wide, south - margin, east + wide, north + margin)
    made: tuple[Any, tuple[float, float, float, float]] = cache["_near_area"]
    return made


def exchanged(read: Read, city: CityProfile) -> BoolArray:
    """Rows whose degrees lie in or near the city only when they change places."""
    turned = near(city, read.latitude, read.longitude)
    turned[turned] = ~near(city, read.longitude[turned], read.latitude[turned])
    return turned


def _given(read: Read) -> BoolArray:
    lat, lon = read.latitude, read.longitude
    return np.asarray(np.isfinite(lat) & np.isfinite(lon) & ~((lat == 0) & (lon == 0)), bool)


def _degrees(read: Read) -> bool:
    """Whether most points are degrees, in one order or the other."""
    given = _given(read)
    lat, lon = np.abs(read.latitude[given]), np.abs(read.longitude[given])
    fits = ((lat <= 90) & (lon <= 180)) | ((lon <= 90) & (lat <= 180))
    return not len(lat) or bool(fits.mean() > 0.5)


def _exchanged(places: Places, read: Read, city: CityProfile | None) -> Places:
    given = _given(read)
    lat, lon = read.latitude[given], read.longitude[given]
    turned = (np.abs(lat) > 90) & (np.abs(lat) <= 180) & (np.abs(lon) <= 90)
    if city is not None and not turned.sum() > 0.5 * len(turned):
        turned = exchanged(read, city)[given]
    if len(turned) and turned.sum() > 0.5 * len(turned):
        reason = Message("Latitude and longitude stand in each other's place in most rows; they were exchanged.")
        return replace(places, swapped=True, reasons=(*places.reasons, reason))
    return places


def _point_order(sample: Columns, places: Places, city: CityProfile | None, answers: Answers, name: str) -> Places:
    if answers.order:
        return replace(places, order=answers.order)
    one, two, standard = read_points(sample["point"])
    loose = np.asarray(filled(sample["point"]) & ~standard.to_numpy(False), bool)
    first, second = (read_numbers(text).values[loose] for text in (one, two))
    known = np.isfinite(first) & np.isfinite(second)
    first, second = first[known], second[known]
    if not len(first):
        return places
    north_first, east_first = int((np.abs(second) > 90).sum()), int((np.abs(first) > 90).sum())
    if not north_first + east_first and city is not None:
        north_first, east_first = int(near(city, second, first).sum()), int(near(city, first, second).sum())
    if north_first > 20 * east_first:
        return replace(places, order=LAT_LON)
    if east_first > 20 * north_first:
        reason = Message("{column}: the longitude stands before the latitude.", {"column": sample.label("point")})
        return replace(places, order=LON_LAT, reasons=(*places.reasons, reason))
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


def _marks(
    survey: Survey, sample: Columns, places: Places, city: CityProfile | None, answers: Answers, name: str
) -> Places:
    """Decimal and thousands marks of the two columns."""
    counted = {role: survey.shapes.get(role, Shapes()) for role in places.roles}
    both = counted[places.roles[0]] + counted[places.roles[1]]
    degrees = places.roles == ("latitude", "longitude")
    labels = ", ".join(sample.label(role) for role in reversed(places.roles) if sample.has(role))
    if answers.decimal and not (degrees and not both.points + both.commas + both.points_comma + both.commas_point):
        form = POINT if answers.decimal == "point" else COMMA
        return replace(places, forms=dict.fromkeys(places.roles, form))
    if both.points + both.commas + both.points_comma + both.commas_point == 0 and (
        degrees or not both.point_3 + both.comma_3 or both.for_point + both.for_comma
    ):
        return places
    telling = both.for_point + both.for_comma
    minority = min(both.for_point, both.for_comma)
    if telling and minority > 0.05 * telling:
        raise _decimal_question(name, labels)
    if both.for_point > both.for_comma:
        thousands = both.commas + both.commas_point
        reason = Message("{columns}: commas part thousands.", {"columns": labels})
        forms = dict.fromkeys(places.roles, POINT)
        return replace(places, forms=forms, reasons=(*places.reasons, reason) if thousands else places.reasons)
    if both.points:
        return _points(sample, places, counted, labels, both)
    if both.for_comma:
        reason = Message("{columns}: points part thousands, the comma is the decimal mark.", {"columns": labels})
        return replace(places, forms=dict.fromkeys(places.roles, COMMA), reasons=(*places.reasons, reason))
    return _by_place(sample, places, city, answers, name, labels)


def _points(sample: Columns, places: Places, counted: Mapping[str, Shapes], labels: str, both: Shapes) -> Places:
    """Numbers with several points and no comma: whole metres, or metres whose decimal mark was lost."""
    if places.roles == ("latitude", "longitude"):
        reason = Message("{columns}: of several points in a number the first is the decimal mark.", {"columns": labels})
        return replace(places, forms=dict.fromkeys(places.roles, FIRST), reasons=(*places.reasons, reason))
    reason = Message("{columns}: points part thousands.", {"columns": labels})
    forms = {}
    for role in places.roles:
        values = np.abs(read_numbers(sample[role], COMMA).values)
        lost = counted[role].points > 0 and float(np.nanmedian(values)) > FARTHEST_M if len(values) else False
        forms[role] = LOST if lost else COMMA
    if LOST in forms.values() and not both.points_comma:
        reason = Message(
            "{columns}: points part thousands and the decimal mark was lost; x has six digits of metres, y has seven.",
            {"columns": labels},
        )
    return replace(places, forms=forms, reasons=(*places.reasons, reason))


def _by_place(
    sample: Columns, places: Places, city: CityProfile | None, answers: Answers, name: str, labels: str
) -> Places:
    """Marks that can be read both ways: the reading that leads to the city, if one alone does."""
    if city is not None:
        forms = [
            form
            for form in (POINT, COMMA)
            if _found(sample, replace(places, forms=dict.fromkeys(places.roles, form)), city, answers)
        ]
        if len(forms) == 1:
            reason = Message(
                "{columns}: the marks were read so that the points lie near the city.", {"columns": labels}
            )
            return replace(places, forms=dict.fromkeys(places.roles, forms[0]), reasons=(*places.reasons, reason))
    raise _decimal_question(name, labels)


def _found(sample: Columns, places: Places, city: CityProfile, answers: Answers) -> Sequence[ProjectionFit]:
    read = read_places(sample, places)
    return fitting_projections(read.east.values, read.north.values, city, (answers.crs,) if answers.crs else None)


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
            Choice("point", Message("A point is the decimal mark: 1.234 is a little more than one")),
            Choice("comma", Message("A comma is the decimal mark: 1.234 is one thousand two hundred and thirty-four")),
        ),
    )


def _projected(
    sample: Columns, places: Places, read: Read, city: CityProfile | None, answers: Answers, name: str
) -> Places:
    """The projection of coordinates that are no degrees."""
    given = _given(read)
    if not given.any():
        return places
    x, y = read.east.values, read.north.values
    if answers.crs is not None:
        _usable(answers.crs)
        swapped = False
        if city is not None:
            found = fitting_projections(x, y, city, (answers.crs,))
            swapped = bool(found) and found[0].swapped
        return replace(places, crs=answers.crs, swapped=swapped)
    found = fitting_projections(x, y, city) if city is not None else ()
    if len(found) == 1:
        one = found[0]
        reason = Message("The coordinates are {crs} (EPSG:{epsg}).", {"crs": one.name, "epsg": str(one.epsg)})
        reasons = [reason]
        if one.swapped:
            reasons.append(Message("x and y stand in each other's place; they were exchanged."))
        return replace(places, crs=one.epsg, swapped=one.swapped, reasons=(*places.reasons, *reasons))
    choices = tuple(_leads_to(place) for place in (found or known_places(x, y))[:8])
    labels = ", ".join(dict.fromkeys(sample.label(role) for role in reversed(places.roles) if sample.has(role)))
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


def _leads_to(place: ProjectionFit) -> Choice:
    """A projection as an answer, with the place to which it leads: its time zone names the region."""
    from curim_data.profile.provisional import time_zone

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


def _usable(epsg: int) -> None:
    try:
        good = CRS.from_epsg(epsg).is_projected
    except CRSError:
        good = False
    if not good:
        raise ImportProblem(
            Message(
                "crs={crs} is no projection that is known: give the EPSG code of a projected coordinate system.",
                {"crs": epsg},
            )
        )
