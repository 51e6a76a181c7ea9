"""From records to alerts as they were told: each value typed, each row accepted, repaired or refused."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from curim_data.account import Account
from curim_data.alert import TOLD, Gender, Kind, Status
from curim_data.city import CityProfile
from curim_data.formats.base import Layout, fold, is_name
from curim_data.i18n import Message
from curim_data.parsing import (
    Moments,
    Order,
    date_order,
    distinct,
    parse_moments,
    parse_numbers,
    parse_words,
    trimmed,
)
from curim_data.reading import Records
from curim_data.reasons import DatesUnclear, Flag, Reason, Repair

NEAR_CITY_M: Final = 5_000.0
UNCATEGORISED: Final = "uncategorised"
_DATES: Final = ("reported_at", "occurred_from", "occurred_to", "resolved_at")
_CLOCK_CHECK_ROWS: Final = 100

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Told:
    """The alerts of a file (TOLD columns, time_precision, content_hash, flag_bits) and the row of each."""

    alerts: pa.Table
    rows: npt.NDArray[np.int64]
    account: Account
    order: str | None
    unknown: Mapping[str, Mapping[str, int]]


class Columns:
    """Trimmed text columns of the records by role; a missing column is a column of empty values."""

    def __init__(self, records: Records, layout: Layout) -> None:
        self._records, self._layout = records, layout
        self._cache: dict[str, Any] = {}

    def has(self, role: str) -> bool:
        """Whether the file has the column."""
        return role in self._layout.roles

    def label(self, role: str) -> str:
        """The header of the column as it stands in the file."""
        return self._records.labels[self._layout.place(role)] if self.has(role) else role

    def __getitem__(self, role: str) -> Any:
        if role not in self._cache:
            size = self._records.table.num_rows
            self._cache[role] = (
                trimmed(self._records.table.column(self._layout.place(role))).combine_chunks()
                if self.has(role)
                else pa.array([""] * size, pa.large_string())
            )
        return self._cache[role]


def find_order(columns: Columns, name: str, asked: str | None) -> str | None:
    """Day-first or month-first, decided over all date columns; DatesUnclear where they do not say or contradict."""
    orders = {role: date_order(columns[role]) for role in _DATES if columns.has(role)}
    needed = {role: order for role, order in orders.items() if order.needed}
    if asked or not needed:
        return asked
    verdicts = {role: order.verdict for role, order in needed.items()}
    if len({verdict for verdict in verdicts.values() if verdict}) > 1:
        raise DatesUnclear(
            Message(
                "{name}: the date columns contradict each other ({columns}): in one the day comes first, in another "
                "the month. Say which with dates=day-first or dates=month-first, or write dates as 2025-03-01.",
                {"name": name, "columns": ", ".join(columns.label(role) for role in verdicts)},
            )
        )
    verdict = sum(needed.values(), Order()).verdict
    if verdict is None:
        raise DatesUnclear(
            Message(
                "{name}: the dates in {columns} can be read with the day or the month first. "
                "Say which with dates=day-first or dates=month-first, or write dates as 2025-03-01.",
                {"name": name, "columns": ", ".join(columns.label(role) for role in needed)},
            )
        )
    return verdict


def tell(records: Records, layout: Layout, city: CityProfile, now: dt.datetime, dates: str | None = None) -> Told:
    """Type every column of the records and account for each row."""
    columns = Columns(records, layout)
    account = Account(records.table.num_rows)
    if records.encoding_repaired.any():
        account.repair(records.encoding_repaired, Repair.ENCODING, "", "", "")
    if records.trailing_cut.any():
        account.repair(records.trailing_cut, Repair.TRAILING_FIELDS, "", "", "")
    order = find_order(columns, records.name, dates)
    told: dict[str, Any] = {}
    unknown: dict[str, Mapping[str, int]] = {}
    told |= _dates(columns, city, order, now, account)
    told |= _coordinates(columns, city, account)
    told |= _categories(columns, layout, city, account, unknown)
    told |= _words(columns, layout, account, unknown)
    told |= _scales(columns, account)
    return _assemble(records, columns, layout, told, account, order, unknown)


def _dates(
    columns: Columns, city: CityProfile, order: str | None, now: dt.datetime, account: Account
) -> dict[str, Any]:
    read = {role: parse_moments(columns[role], city.timezone, order) for role in _DATES}
    reported, begin = read["reported_at"], read["occurred_from"]
    account.refuse(~reported.given & ~begin.given, Reason.NO_DATE, columns.label("reported_at"), columns["reported_at"])
    main = ("reported_at", "occurred_from")
    for role in main:
        account.refuse(read[role].bad, Reason.BAD_DATE, columns.label(role), columns[role])
    limit = _latest_believable(reported, now)
    for role in main:
        late = (read[role].instants > limit).to_numpy(bool)
        account.refuse(late, Reason.FUTURE_DATE, columns.label(role), columns[role])
    sent = reported.instants.fillna(begin.instants)
    reversed_span = (read["occurred_to"].instants < begin.instants).to_numpy(bool)
    ends = {"occurred_to": read["occurred_to"].bad | reversed_span, "resolved_at": read["resolved_at"].bad}
    for role, mask in ends.items():
        account.repair(mask, Repair.END, columns.label(role), columns[role], "")
    told: dict[str, Any] = {"reported_at": sent, "occurred_from": begin.instants}
    told.update({role: read[role].instants.mask(mask) for role, mask in ends.items()})
    basis = np.where(begin.given, begin.day_only, reported.day_only)
    told["time_precision"] = np.where(basis, "day", "minute")
    return told


def _latest_believable(reported: Moments, now: dt.datetime) -> pd.Timestamp:
    """One day from now; a clock behind the file itself (95th percentile of 100 dates or more) is not believed."""
    dates = reported.instants.dropna()
    if len(dates) >= _CLOCK_CHECK_ROWS:
        newest: Any = dates.quantile(0.95)
        if newest > pd.Timestamp(now):
            return pd.Timestamp(dt.datetime(newest.year + 1, 1, 1, tzinfo=dt.UTC))
    return pd.Timestamp(now) + pd.Timedelta(days=1)


def _coordinates(columns: Columns, city: CityProfile, account: Account) -> dict[str, Any]:
    latitude, longitude = parse_numbers(columns["latitude"]), parse_numbers(columns["longitude"])
    lat, lon = latitude.values.copy(), longitude.values.copy()
    for role, numbers, other in (("latitude", latitude, longitude), ("longitude", longitude, latitude)):
        account.refuse(numbers.bad, Reason.BAD_COORDINATES, columns.label(role), columns[role])
        lone = ~numbers.given & other.given
        account.refuse(lone, Reason.BAD_COORDINATES, columns.label(role), columns[role])
    given = np.isfinite(lat) & np.isfinite(lon)
    for role, numbers in (("latitude", latitude), ("longitude", longitude)):
        account.repair(numbers.comma & given, Repair.DECIMAL_COMMA, columns.label(role), columns[role], numbers.values)
    zero = given & (lat == 0) & (lon == 0)
    account.repair(zero, Repair.ZERO_COORDINATES, columns.label("latitude"), "0, 0", "")
    swap = _swapped(lon, lat, given & ~zero, city)
    account.repair(swap, Repair.SWAPPED_COORDINATES, columns.label("latitude"), columns["latitude"], longitude.values)
    lat[swap], lon[swap] = longitude.values[swap], latitude.values[swap]
    for role, values, most in (("latitude", lat, 90), ("longitude", lon, 180)):
        account.refuse(given & (np.abs(values) > most), Reason.BAD_COORDINATES, columns.label(role), columns[role])
    unmapped = zero | ~given
    return {"latitude": np.where(unmapped, np.nan, lat), "longitude": np.where(unmapped, np.nan, lon)}


def _swapped(lon: FloatArray, lat: FloatArray, given: BoolArray, city: CityProfile) -> BoolArray:
    """Rows whose coordinates lie in or near the city only when exchanged; all that can be, where most rows do so."""
    near = city.land_metres.buffer(NEAR_CITY_M)
    shapely.prepare(near)

    def close(longitude: FloatArray, latitude: FloatArray) -> BoolArray:
        possible = given & (np.abs(latitude) <= 90) & (np.abs(longitude) <= 180)
        found = np.zeros(len(given), bool)
        found[possible] = shapely.intersects_xy(near, *city.project(longitude[possible], latitude[possible]))
        return found

    right = close(lon, lat)
    swapped = close(lat, lon) & ~right
    if swapped.sum() > 0.5 * given.sum():
        swapped = given & ~right & (np.abs(lon) <= 90) & (np.abs(lat) <= 180)
    return np.asarray(swapped, bool)


def _categories(
    columns: Columns, layout: Layout, city: CityProfile, account: Account, unknown: dict[str, Mapping[str, int]]
) -> dict[str, Any]:
    known = {fold(label): c.id for c in city.categories.values() for label in c.labels.values()}
    known |= {fold(c.id): c.id for c in city.categories.values()}
    category, strange = _by_id(columns, "category", known, account)
    category[category == ""] = UNCATEGORISED
    more, more_strange = _by_id(columns, "more_categories", known, account)
    account.flag(strange | more_strange, Flag.UNKNOWN_CATEGORY)
    _note(unknown, columns.label("category"), category[strange])
    kind = parse_words(columns["kind"], layout.words["kind"])
    account.flag(kind.unknown, Flag.UNKNOWN_KIND)
    _note(unknown, columns.label("kind"), columns["kind"].filter(pa.array(kind.unknown)).to_pylist())
    of_tree = pd.Series(category, dtype=object).map({c.id: c.kind for c in city.categories.values()})
    kinds = np.where(pd.isna(kind.values), of_tree.fillna(Kind.OFFENCE.value).to_numpy(object), kind.values)
    return {"category": category, "more_categories": more, "kind": kinds}


def _by_id(
    columns: Columns, role: str, known: Mapping[str, str], account: Account
) -> tuple[npt.NDArray[np.object_], BoolArray]:
    """Categories (several joined by a bar) by their ids, and which rows hold one that the tree does not.

    An unknown one keeps its own name if it can be one; a text that may tell of a person is not kept.
    """
    several = role == "more_categories"
    codes, unique = distinct(columns[role])
    split = [[part for part in map(str.strip, text.split("|")) if part] if several else [text] for text in unique]
    ids = [[known.get(fold(part)) or (part if is_name(part) else "") for part in parts] for parts in split]
    strange = [any(fold(part) not in known for part in parts) for parts in split]
    changed = [any(known.get(fold(part), part) != part for part in parts) for parts in split]
    told = np.array(["|".join(filter(None, parts)) for parts in ids], object)[codes]
    mask = np.array(changed, bool)[codes]
    account.repair(mask, Repair.CATEGORY_LABEL, columns.label(role), columns[role], told)
    return told, np.array(strange, bool)[codes]


def _words(columns: Columns, layout: Layout, account: Account, unknown: dict[str, Mapping[str, int]]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for role in ("reporter_gender", "affected_gender"):
        gender = parse_words(columns[role], layout.words[role])
        account.flag(gender.unknown, Flag.UNKNOWN_GENDER)
        _note(unknown, columns.label(role), columns[role].filter(pa.array(gender.unknown)).to_pylist())
        silent = Gender.UNDISCLOSED.value if columns.has(role) else Gender.UNKNOWN.value
        told[role] = np.where(
            gender.given, np.where(gender.unknown, Gender.UNKNOWN.value, gender.values), silent
        ).astype(object)
    for role, flag, default in (
        ("status", Flag.UNKNOWN_STATUS, Status.OPEN.value),
        ("age_band", Flag.UNKNOWN_AGE_BAND, None),
    ):
        read = parse_words(columns[role], layout.words[role])
        account.flag(read.unknown, flag)
        _note(unknown, columns.label(role), columns[role].filter(pa.array(read.unknown)).to_pylist())
        told[role] = np.where(pd.isna(read.values), np.array(default, object), read.values)
    return told


def _note(unknown: dict[str, Mapping[str, int]], label: str, values: Any) -> None:
    if len(values):
        unknown[label] = Counter(str(value) for value in values)


def _scales(columns: Columns, account: Account) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for role in ("severity", "feeling"):
        numbers = parse_numbers(columns[role])
        whole = (numbers.values >= 1) & (numbers.values <= 5) & (numbers.values % 1 == 0)
        account.repair(numbers.given & ~whole, Repair.SCALE, columns.label(role), columns[role], "")
        told[role] = np.where(whole, numbers.values, np.nan)
    numbers = parse_numbers(columns["confirmations"])
    whole = (numbers.values >= 0) & (numbers.values < 2**31) & (numbers.values % 1 == 0)
    account.repair(
        numbers.given & ~whole, Repair.CONFIRMATIONS, columns.label("confirmations"), columns["confirmations"], "0"
    )
    told["confirmations"] = np.where(whole, numbers.values, 0)
    return told


def _assemble(
    records: Records,
    columns: Columns,
    layout: Layout,
    told: dict[str, Any],
    account: Account,
    order: str | None,
    unknown: Mapping[str, Mapping[str, int]],
) -> Told:
    """Typed Arrow columns of the rows that stand, with the hash of their content and their flags."""
    keep = account.reason == ""
    where = pa.array(np.flatnonzero(keep))
    identity = pc.if_else(pc.equal(columns["alert_id"], ""), None, columns["alert_id"])
    arrays: dict[str, Any] = {
        "incident_id": pc.cast(identity, pa.string()),
        "source": pa.array([layout.format] * len(keep), pa.string()),
    }
    for field_ in TOLD:
        if field_.name in told:
            kind = pa.string() if field_.name == "more_categories" else field_.type
            arrays[field_.name] = pa.array(told[field_.name], from_pandas=True, type=_safe(kind)).cast(kind)
    table = pa.table(arrays).take(where)
    more = pa.array(told["more_categories"], pa.string()).take(where)
    lists = pc.split_pattern(pc.if_else(pc.equal(more, ""), None, more), "|")
    table = table.set_column(table.schema.get_field_index("more_categories"), "more_categories", lists)
    hashes = _content(table, more)
    table = table.append_column("content_hash", hashes)
    table = table.append_column("time_precision", pa.array(told["time_precision"], pa.string()).take(where))
    table = table.append_column("flag_bits", pa.array(account.bits[keep]))
    return Told(table, records.rows[keep], account, order, unknown)


def _safe(kind: pa.DataType) -> pa.DataType:
    """The type by which values come from numpy before the cast: whole numbers with gaps come as floats."""
    return pa.float64() if pa.types.is_integer(kind) else kind


def _content(table: pa.Table, more: pa.Array) -> pa.Array:
    """Sixteen hex digits over the told values, written one way whatever the file's layout."""
    parts = []
    for field_ in TOLD:
        if field_.name in ("alert_id", "source", "incident_id"):
            continue
        column = more if field_.name == "more_categories" else table[field_.name]
        if pa.types.is_timestamp(field_.type):
            column = pc.cast(column, pa.int64())
        elif pa.types.is_floating(field_.type):
            column = pc.cast(pc.round(pc.multiply(column, 1e7)), pa.int64())
        parts.append(pc.cast(column, pa.string()))
    joined = pc.binary_join_element_wise(*parts, "\x1f", null_handling="replace", null_replacement="")
    digest: Callable[..., Any] = hashlib.blake2b
    return pa.array([digest(text.encode(), digest_size=8).hexdigest() for text in joined.to_pylist()], pa.string())
