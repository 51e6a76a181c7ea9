"""What a city's profile adds to an alert: metres, H3 cells, district, place, local time, darkness; default coordinates.

Geometry is done here once, and once for each position where several follow each other closely; what remains is plain
columns. Measured on 1,000,000 alerts of Piraeus, all at other positions: about three seconds, most of it H3.

Default coordinates are points that so many alerts share exactly that they are more likely a default than a place.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from h3ronpy.vector import coordinates_to_cells
from shapely.geometry.base import BaseGeometry

from curim_data.model import CELL_RESOLUTIONS, BoolArray, CityProfile, FloatArray, IntArray
from curim_data.model.alert import ENRICHED
from curim_data.model.extent import ask_shape
from curim_data.model.place_names import PlaceNames

MOST_KNOWN: Final = 100_000  # positions that are kept
_FINEST: Final = max(CELL_RESOLUTIONS)
_HOUR: Final = np.timedelta64(1, "h")
_TIMES: Final = ("reported_at", "occurred_from", "occurred_to")

TimeArray = npt.NDArray[np.datetime64]


class KnownPositions:
    """What a city's profile says of positions, kept for those that came last: exports repeat addresses and crossings.

    For one thread at a time.
    """

    def __init__(self, city: CityProfile) -> None:
        self._city = city
        self._index: pd.Index[Any] = pd.Index([], dtype=np.complex128)
        self._columns = pa.table(_of_positions(np.zeros(0, np.complex128), city))

    def columns(self, points: npt.NDArray[np.complex128]) -> tuple[pa.Table, IntArray]:
        """A table of what is said of positions, and which of its rows (int64) is each point's.

        `points`: longitudes as the real parts, latitudes as the imaginary ones (degrees).
        """
        asked = pd.Index(points)
        at = self._index.get_indexer(asked)
        new = pd.unique(points[at < 0])
        if len(new):
            old, columns, used = self._index.to_numpy(), self._columns, np.unique(at[at >= 0])
            if len(new) > len(used) or len(old) + len(new) > MOST_KNOWN:  # then only the used ones stay
                old, columns = old[used], columns.take(pa.array(used))
            new = new[np.argsort(new.real)]
            self._index = pd.Index(np.concatenate([old, new]))
            self._columns = pa.concat_tables([columns, pa.table(_of_positions(new, self._city))]).combine_chunks()
            at = self._index.get_indexer(asked)
        return self._columns, np.asarray(at, np.int64)


def enrich(alerts: pa.Table, city: CityProfile, known: KnownPositions | None = None) -> pa.Table:
    """Add (or renew) the columns of `alert.ENRICHED`; other columns and the order of rows stay.

    Parameters
    ----------
    alerts : pa.Table
        Columns of `alert.TOLD`; where it also holds `time_precision`, "day" (only the date is known) and "month"
        (only the month) are kept.
    city : CityProfile
        Gives projection, polygons, landmarks and time zone.
    known : KnownPositions, optional
        Of the same city, where several tables follow each other.

    Notes
    -----
    `time_precision` is "minute" (the time is known), "span" (begin and end are), "day" (the date alone), "month" (the
    month alone) or "reported" (nothing but the time of the report). With "day" and "month", and with spans longer than
    24 hours, `hour`, `hours` and `dark` are missing. `inside` is true on land and within 30 m of it.
    """
    longitude, latitude = (
        np.asarray(alerts[name].to_numpy(zero_copy_only=False), float) for name in ("longitude", "latitude")
    )
    mapped = np.isfinite(longitude) & np.isfinite(latitude)
    where = np.zeros(len(mapped), np.int64)
    points = longitude[mapped] + 1j * latitude[mapped]
    columns, where[mapped] = (known or KnownPositions(city)).columns(points)
    there = columns.take(pa.array(where, mask=~mapped)).columns
    made = {**dict(zip(columns.column_names, there, strict=True)), **_time(alerts, city)}
    for field in ENRICHED:
        column = made[field.name].cast(field.type)
        where = alerts.schema.get_field_index(field.name)
        alerts = alerts.append_column(field, column) if where < 0 else alerts.set_column(where, field, column)
    return alerts


def parent_cells(cells: IntArray, resolution: int) -> IntArray:
    """Parents of H3 cells by arithmetic on the index: the resolution in bits 52-55, later digits set to 7."""
    unused = (np.int64(1) << np.int64(3 * (15 - resolution))) - np.int64(1)
    return (cells & ~(np.int64(0xF) << np.int64(52))) | (np.int64(resolution) << np.int64(52)) | unused


def _of_positions(points: npt.NDArray[np.complex128], city: CityProfile) -> dict[str, pa.Array]:
    """What the profile says of positions, whose longitudes (the real parts) ascend."""
    lon, lat = np.ascontiguousarray(points.real), np.ascontiguousarray(points.imag)
    x, y = city.project(lon, lat)
    cells = coordinates_to_cells(lat, lon, _FINEST)
    finest = pa.array(cells).to_numpy(zero_copy_only=False).astype(np.int64)
    made: dict[str, pa.Array] = {"x": pa.array(x, from_pandas=True), "y": pa.array(y, from_pandas=True)}
    for resolution in CELL_RESOLUTIONS:
        made[f"cell_{resolution}"] = pa.array(finest if resolution == _FINEST else parent_cells(finest, resolution))
    made["inside"] = pa.array(ask_shape(shapely.intersects_xy, city.land_and_quays_metres, x, y))
    made["district"] = _district(lon, lat, city)
    made["place"] = _place(x, y, city)
    return made


def _district(lon: FloatArray, lat: FloatArray, city: CityProfile) -> pa.Array:
    """The first district whose polygon holds the point (border included); the longitudes ascend.

    Each district is asked only about the points within its bounds that are in none before it.
    """
    found, none = np.full(len(lon), len(city.districts), np.int64), len(city.districts)
    for number, (area, sound) in enumerate(zip(city.districts, city.sound_districts, strict=True)):
        west, south, east, north = area.polygon.bounds
        start, stop = np.searchsorted(lon, west), np.searchsorted(lon, east, "right")
        up = lat[start:stop]
        near = start + np.flatnonzero((found[start:stop] == none) & (up >= south) & (up <= north))
        if len(near):
            found[near[_within(area.polygon, lon[near], lat[near], sound=sound)]] = number
    names = pa.array([area.id for area in city.districts], pa.string())
    return names.take(pa.array(found, mask=found == len(city.districts)))


def _within(polygon: BaseGeometry, lon: FloatArray, lat: FloatArray, *, sound: bool) -> BoolArray:
    """Which points lie in a polygon or on its border. One that is not valid is asked point by point: an index of its
    edges would count where it covers itself as outside.
    """
    if sound:
        return ask_shape(shapely.intersects_xy, polygon, lon, lat)
    held = np.zeros(len(lon), bool)
    held[shapely.STRtree([polygon]).query(shapely.points(lon, lat), predicate="intersects")[0]] = True
    return held


def _place(x: FloatArray, y: FloatArray, city: CityProfile) -> pa.Array:
    """The nearest landmark among those whose radius reaches the point.

    Each landmark looks only at the strip of points within its radius to the west and east: an extract of OpenStreetMap
    has thousands.
    """
    found, nearest = np.full(len(x), -1, np.int64), np.full(len(x), np.inf)
    if city.landmarks:
        order = np.argsort(x)
        across, up = x[order], y[order]
        at = city.landmarks_metres
        radius = np.array([landmark.radius for landmark in city.landmarks])
        first, last = (np.searchsorted(across, at[:, 0] + way * (radius + 1.0)) for way in (-1, 1))
        for number, (start, stop) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
            distance = np.hypot(across[start:stop] - at[number, 0], up[start:stop] - at[number, 1])
            some = order[start:stop]
            closer = (distance <= radius[number]) & (distance < nearest[some])
            found[some[closer]], nearest[some[closer]] = number, distance[closer]
    return pa.array([landmark.id for landmark in city.landmarks], pa.string()).take(pa.array(found, mask=found < 0))


def _time(alerts: pa.Table, city: CityProfile) -> dict[str, pa.Array]:
    zone = city.timezone
    times = (alerts[name].cast(pa.timestamp("us", "UTC"), safe=False) for name in _TIMES)
    reported, begin, end = (np.asarray(one.to_numpy(), "datetime64[us]") for one in times)  # NaT where there is none
    told_begin = ~np.isnat(begin)
    begin = np.where(told_begin, begin, reported)
    spanning = told_begin & (end > begin)  # false where there is no end
    given = alerts["time_precision"] if "time_precision" in alerts.column_names else pa.nulls(len(begin), pa.string())
    day_only, month_only = (np.asarray(pc.fill_null(pc.equal(given, name), False), bool) for name in ("day", "month"))
    end = np.where(spanning, end, begin)
    timed = ~day_only & ~month_only & (end - begin <= 24 * _HOUR)  # a longer span gives no hour of the day
    local = _local(begin, zone)
    date = local.astype("datetime64[D]")
    weekday = (date.astype(np.int64) + 3) % 7  # 1 January 1970 was a Thursday
    precision = np.select([day_only, month_only, spanning, told_begin], [0, 1, 2, 3], 4)
    names = pa.array(["day", "month", "span", "minute", "reported"], pa.string())
    return {
        "local_date": pa.array(date),
        "week": pa.array(date - weekday),
        "month": pa.array(date.astype("datetime64[M]").astype("datetime64[D]")),
        "weekday": pa.array(weekday.astype(np.int8)),
        "hour": pa.array(((local - date) // _HOUR).astype(np.int8), mask=~timed),
        "hours": _hours(begin, end, local, timed, zone),
        "dark": _dark(begin, end, local, timed, city),
        "time_precision": names.take(pa.array(precision)),
    }


def _hours(begin: TimeArray, end: TimeArray, local: TimeArray, timed: BoolArray, zone: str) -> pa.Array:
    """Every local hour that [begin, end) touches, each once, as a list; missing where no hour is known.

    The hours stand in their order from the beginning and a span is at most 24 hours long: an hour smaller than the
    first of its list belongs to the next day.

    Hours are stepped through in real time, so that the change of the clock neither adds nor hides one.
    """
    size = len(begin)
    past = (local - local.astype("datetime64[h]")).astype("timedelta64[s]")
    touched_for = past + (end - begin)  # from the full hour on
    count = np.where(timed, np.maximum(-(-touched_for // _HOUR), 1), 0)
    alert = np.repeat(np.arange(size), count)
    step = np.arange(len(alert)) - np.repeat(np.cumsum(count) - count, count)
    at = _local(begin[alert] - past[alert] + step * _HOUR, zone)
    hour = ((at - at.astype("datetime64[D]")) // _HOUR).astype(np.int8)
    if len(alert) > int(timed.sum()):
        first = ~pd.Series(alert * 24 + hour).duplicated().to_numpy()
        alert, hour = alert[first], hour[first]
    ends = np.concatenate([[0], np.cumsum(np.bincount(alert, minlength=size))]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(hour), mask=pa.array(~timed), type=pa.list_(pa.int8()))


def _dark(begin: TimeArray, end: TimeArray, local: TimeArray, timed: BoolArray, city: CityProfile) -> pa.Array:
    """Whether the sun was below the horizon from begin to end; missing where a span lies in light and in darkness.

    Missing too where nobody knows where the city lies.
    """
    size = len(begin)
    if not (city.outlined or "longitude" in city.view):
        return pa.nulls(size, pa.bool_())
    spans = np.flatnonzero(timed & (end > begin))
    first, last = begin[spans], end[spans]
    later = np.concatenate([first + (last - first) // 2, last])
    zone, at = ZoneInfo(city.timezone), np.concatenate([begin, later]).astype(np.int64)
    clocks = np.concatenate([local, _local(later, city.timezone)])
    codes, days = pd.factorize(clocks.astype("datetime64[D]").astype(np.int64))
    latitude, longitude = city.land.centroid.y, city.land.centroid.x
    light = [_daylight(latitude, longitude, day, zone) for day in days.astype("datetime64[D]").tolist()]
    rise, fall = np.array(light, np.int64).reshape(-1, 2).T
    state = ~((rise[codes] <= at) & (at < fall[codes]))
    known = timed.copy()
    middle, final = state[size : size + len(spans)], state[size + len(spans) :]
    known[spans] &= (state[spans] == middle) & (middle == final)
    return pa.array(state[:size], mask=~known)


@lru_cache(maxsize=20_000)
def _daylight(latitude: float, longitude: float, day: dt.date, zone: ZoneInfo) -> tuple[int, int]:
    """Sunrise and sunset in microseconds since 1970; the whole day or nothing of it where the sun stays up or down."""
    from astral import Observer
    from astral.sun import elevation, sunrise, sunset

    observer = Observer(latitude=latitude, longitude=longitude)
    try:
        rise, fall = sunrise(observer, day, tzinfo=zone), sunset(observer, day, tzinfo=zone)
    except ValueError:
        noon = dt.datetime.combine(day, dt.time(12), zone)
        rise = dt.datetime.combine(day, dt.time(0), zone)
        fall = rise + dt.timedelta(days=1 if elevation(observer, noon) > 0 else 0)
    return round(rise.timestamp() * 1e6), round(fall.timestamp() * 1e6)


def _local(times: TimeArray, zone: str) -> TimeArray:
    """What clocks show in a zone at moments of UTC."""
    there = pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(zone)
    return np.asarray(there.tz_localize(None).to_numpy(), "datetime64[us]")


LEAST: Final = 20
SHARE: Final = 0.01
NO_NAMES: Final = PlaceNames()
TIMES: Final = 5  # as many alerts as nearly all points hold


def default_coordinates(
    points: pd.DataFrame, inside: int, outside: int, usual: int, names: PlaceNames = NO_NAMES
) -> pd.DataFrame:
    """Of points with their alerts, those that hold far more than others: the one rule for it.

    A default coordinate holds more than 20 alerts, more than 1 % of all, and more than five times as many as nearly all
    other points hold (`usual`): where an export moves alerts to the points of a list, its busy corners are no defaults.

    All are the alerts with coordinates in the city for a point in it, and those outside for a point outside: an export
    of a country, of which the city is a small part, does not hide the pile at the city's centre. Such a point is more
    often a default (the town hall, the middle of the city) than a place where so much happened. One of which the export
    says that it is on a street or block is that place.

    Parameters
    ----------
    points : DataFrame
        longitude, latitude (WGS84), inside (bool: on the city's land), n. Points of 20 alerts or fewer may be left out.
    inside, outside : int
        Alerts with coordinates in the city and outside it.
    usual : int
        `usual_count` of all points.
    names : PlaceNames
        What positions are called.

    Returns
    -------
    DataFrame
        longitude, latitude, n; the largest first.
    """
    within = points["inside"].fillna(False).astype(bool)
    most = pd.Series(SHARE * outside, index=points.index).mask(within, SHARE * inside)
    found = points.loc[points["n"] > most.clip(lower=max(LEAST, TIMES * usual)), ["longitude", "latitude", "n"]]
    place = [names.is_on_street(*point) for point in found.itertuples(index=False, name=None)]
    found = found[~np.array(place, bool)]
    return pd.DataFrame(
        found.sort_values(["n", "longitude", "latitude"], ascending=[False, True, True]).reset_index(drop=True)
    )


def usual_count(counts: pd.DataFrame) -> int:
    """The least number of alerts that 95 % of the points do not exceed; 0 where there are fewer than 20 points.

    `counts`: n (alerts at a point) and points (how many points hold so many).
    """
    ordered = counts.sort_values("n")
    reached = ordered["points"].cumsum() >= 0.95 * ordered["points"].sum()
    return int(ordered.loc[reached, "n"].iloc[0]) if ordered["points"].sum() >= 20 else 0
