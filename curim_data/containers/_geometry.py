"""From geometry to texts: one point for each geometry, in WGS84 where its reference system is known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
import shapely
from pyproj.exceptions import CRSError

from curim_data.model import ImportProblem, Message

LONGITUDE, LATITUDE = "geometry.longitude", "geometry.latitude"
WGS84: Final = frozenset({"EPSG:4326", "EPSG:4979", "OGC:CRS84", "OGC:CRS84H"})
DIGITS: Final = 8  # decimals of a degree after a transformation: about a millimetre
_AUTHORITY: Final = re.compile(r"(?:.*/|.*:|^)(EPSG|ESRI|OGC)(?:[:/][\w.]*)?[:/](\w+)$", re.I)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PointReader:
    """How the coordinates of a file become columns.

    `authority` is the reference system as the file gives it ("EPSG:27700"), or its name; empty where the file does
    not tell: then the columns are `x` and `y` as they stand, else longitude and latitude in degrees of WGS84.
    """

    authority: str
    crs: pyproj.CRS | None = None

    def labels(self, taken: tuple[str, ...]) -> tuple[str, str]:
        """The names of the two columns, unlike those that are taken."""
        if self.authority:
            return LONGITUDE, LATITUDE
        return ("geometry.x", "geometry.y") if {"x", "y"} & set(taken) else ("x", "y")

    @property
    def moves(self) -> bool:
        """Whether coordinates change on their way to WGS84."""
        return self.crs is not None and self.authority not in WGS84

    @cached_property
    def _transformer(self) -> pyproj.Transformer:
        return pyproj.Transformer.from_crs(self.crs, 4326, always_xy=True)

    def texts(self, x: Floats, y: Floats) -> tuple[pa.Array, pa.Array]:
        """Both columns as texts; empty where a coordinate is missing or cannot be transformed."""
        if self.moves:
            moved = self._transformer.transform(x, y)
            x, y = (np.asarray(values, np.float64).round(DIGITS) for values in moved)
        missing = ~(np.isfinite(x) & np.isfinite(y))
        return tuple(float_texts(pa.array(np.where(missing, np.nan, values))) for values in (x, y))


def point_reader(given: Any, name: str) -> PointReader:
    """The reference system of a file: an authority string, WKT, PROJJSON (dict) or None.

    ImportProblem where it is given and cannot be understood.
    """
    if given is None or given == "":
        return PointReader("")
    try:
        if isinstance(given, str) and (match := _AUTHORITY.match(given.strip())):
            crs = pyproj.CRS.from_authority(match[1].upper(), match[2])
        elif isinstance(given, dict):
            crs = pyproj.CRS.from_json_dict(given)
        else:
            crs = pyproj.CRS.from_wkt(given)
    except (CRSError, TypeError, ValueError, AttributeError) as error:
        raise ImportProblem(
            Message(
                "{name}: the coordinate reference system of the file is not known ({crs}). "
                "Export the file in WGS84 (EPSG:4326).",
                {"name": name, "crs": str(given)[:80]},
            )
        ) from error
    code = crs.to_authority()
    return PointReader(":".join(code) if code else crs.name or "WKT", crs)


def points(geometries: npt.NDArray[np.object_]) -> tuple[Floats, Floats]:
    """x and y of one point for each shapely geometry (a point inside it where it is none); NaN for none and empty."""
    kinds = shapely.get_type_id(geometries)
    geometries = geometries.copy()
    geometries[shapely.is_empty(geometries)] = None
    others = (kinds > 0) & ~shapely.is_missing(geometries)
    geometries[others] = [_inside(geometry) for geometry in geometries[others]]
    return shapely.get_x(geometries), shapely.get_y(geometries)


def _inside(geometry: Any) -> Any:
    try:
        return shapely.point_on_surface(geometry)
    except shapely.errors.ShapelyError:  # a geometry that crosses itself, or a curve
        return shapely.centroid(shapely.envelope(geometry))


def wkb_points(column: pa.Array) -> tuple[Floats, Floats]:
    """x and y for a column of WKB; NaN where it is null or cannot be read."""
    return points(shapely.from_wkb(np.array(column.to_pylist(), object), on_invalid="ignore"))


def plain_number(number: Decimal) -> str:
    """A number with its digits as they stand, never in the form 1E+5."""
    if not number.is_finite() or abs(number.adjusted()) > 400:
        return str(number)
    return format(number, "f")


def float_texts(column: pa.Array) -> pa.Array:
    """Floats as the shortest texts that give the same number; whole ones without ".0"; NaN and null are ""."""
    column = pc.if_else(pc.is_nan(column), None, column)
    whole = pc.all(pc.and_(pc.equal(column, pc.floor(column)), pc.less(pc.abs(column), 1e15))).as_py()
    texts = (column.cast(pa.int64()) if whole else column).cast(pa.large_string())
    return without_exponents(pc.fill_null(texts, ""))


def without_exponents(texts: pa.Array) -> pa.Array:
    """Texts of numbers with those like 1.5e+10 written out."""
    odd = pc.match_substring_regex(texts, r"^-?[\d.]+[eE][+-]?\d+$")
    if not pc.any(odd).as_py():
        return texts
    written = [plain_number(Decimal(text)) for text in texts.filter(odd).to_pylist()]
    return pc.replace_with_mask(texts, odd, pa.array(written, pa.large_string()))
