"""From a block of records to alerts as they were told: each value typed, each row accepted, repaired or refused.

What the whole file decides comes from `decide`; a row's outcome depends on nothing but itself and those decisions.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.formats.base import Layout, fold
from curim_data.importing.categories import FURTHER, Unknown, tell_categories
from curim_data.importing.coordinates import exchanged, near, read_places
from curim_data.importing.dates import Moments, next_month, read_moments
from curim_data.importing.decisions import Decisions
from curim_data.importing.parsing import distinct, parse_numbers
from curim_data.importing.roles import DATE_ROLES, UNIT, Columns, missing_words
from curim_data.importing.row_outcomes import Account
from curim_data.lexicon import age_band
from curim_data.model.alert import TOLD, AgeBand, Gender, Kind, Status
from curim_data.model.city import CityProfile
from curim_data.model.reasons import Flag, Reason, Repair
from curim_data.model.records import Block
from curim_data.store.content_hash import content_hashes

BoolArray = npt.NDArray[np.bool_]
# How programs write a cell that holds nothing. Words such as "not recorded" are more than that in a column of genders.
_NULLS: Final = frozenset({"null", "(null)", "<null>", "none", "nan", "nat", "<na>", "\\n", "n/a", "#n/a", "na", "nil"})
_NO_AGE: Final = frozenset({"0", "0.0", "-1", "-1.0"})
_TWIN_ROLES: Final = ("age_band", "reporter_gender", "affected_gender")
_TWIN_KEY: Final = secrets.token_hex(8)
_MAIN_DATES: Final = ("reported_at", "occurred_from")

# An e-mail address, an international number, or a Greek mobile number.
PERSONAL_ID: Final = r"@|^(\+|00)\d[\d .\-]{7,}$|^(30)?69\d{8}$"


@dataclass(frozen=True)
class Told:
    """The alerts of a block: the columns of TOLD but alert_id, and row (int64), time_precision, content_hash,
    flag_bits; what became of each row of the block's table; by column the values not understood, with counts."""

    alerts: pa.Table
    account: Account
    unknown: Mapping[str, Mapping[str, int]]


def tell(block: Block, labels: Sequence[str], layout: Layout, decisions: Decisions, city: CityProfile) -> Told:
    """Type every column of a block and account for each of its rows.

    Parameters
    ----------
    block : Block
        Records as text.
    labels : sequence of str
        The header.
    layout, decisions
        What gives what, and what the whole file decided.
    city : CityProfile
        Gives time zone, land and category tree.
    """
    columns = Columns(block.table, layout, labels, decisions.times.hours)
    account = Account(columns.size)
    unknown = Unknown()
    if block.encoding_repaired.any():
        account.repair(block.encoding_repaired, Repair.ENCODING, "", "", "")
    if block.trailing_cut.any():
        account.repair(block.trailing_cut, Repair.TRAILING_FIELDS, "", "", "")
    if layout.skip_hxl:
        account.refuse(_tags(block), Reason.HXL_ROW, "", columns["alert_id"])
    told = _dates(columns, city, decisions, account)
    told |= _coordinates(columns, city, decisions, account)
    told |= _scales(columns, decisions, account)
    told |= _words(columns, layout, decisions, account, unknown)
    of_category = tell_categories(columns, layout, decisions, city, account, unknown)
    told_kind = told["kind"]
    told |= of_category | {"kind": pc.coalesce(told_kind, of_category["kind"])}
    told["own_kind"] = pc.if_else(pc.equal(told_kind, of_category["kind"]), None, told_kind)
    return Told(_assemble(block, columns, layout, told, account), account, unknown.counts)


def _tags(block: Block) -> BoolArray:
    """The first record where each of its filled cells begins with #."""
    tags = np.zeros(len(block.rows), bool)
    for at in np.flatnonzero(block.rows == 1):
        cells = [str(column[int(at)].as_py()).strip() for column in block.table.columns]
        filled = [cell for cell in cells if cell]
        tags[at] = bool(filled) and all(cell.startswith("#") for cell in filled)
    return tags


def _dates(columns: Columns, city: CityProfile, decisions: Decisions, account: Account) -> dict[str, Any]:
    nothing = _nothing(columns.size)
    read = {
        role: read_moments(columns[role], decisions.writing(role, city.timezone)) if columns.has(role) else nothing
        for role in DATE_ROLES
    }
    reported, begin = read["reported_at"], read["occurred_from"]
    main = next((role for role in _MAIN_DATES if columns.has(role)), _MAIN_DATES[0])
    account.refuse(~reported.given & ~begin.given, Reason.NO_DATE, columns.label(main), columns[main])
    for role in _MAIN_DATES:
        account.refuse(read[role].bad, Reason.BAD_DATE, columns.label(role), columns[role])
    for role in _MAIN_DATES:
        late = (read[role].instants > decisions.latest).to_numpy(bool)
        account.refuse(late, Reason.FUTURE_DATE, columns.label(role), columns[role])
    sent = reported.instants.fillna(begin.instants) if columns.has("reported_at") else begin.instants
    reversed_span = (read["occurred_to"].instants < begin.instants).to_numpy(bool)
    ends = {"occurred_to": read["occurred_to"].bad | reversed_span, "resolved_at": read["resolved_at"].bad}
    for role, mask in ends.items():
        account.repair(mask, Repair.END, columns.label(role), columns[role], "")
    told: dict[str, Any] = {"reported_at": sent, "occurred_from": begin.instants}
    told.update({role: read[role].instants.mask(mask) for role, mask in ends.items()})
    day = np.where(begin.given, begin.day_only, reported.day_only)
    month = np.where(begin.given, begin.month_only, reported.month_only)
    if month.any():
        whole = pd.Series(month)
        told["occurred_from"] = told["occurred_from"].where(~whole, begin.instants.fillna(reported.instants))
        told["occurred_to"] = told["occurred_to"].where(~whole, next_month(told["occurred_from"], city.timezone))
    codes = np.where(month, 2, np.where(day, 1, 0))
    told["time_precision"] = pa.array(["minute", "day", "month"], pa.string()).take(pa.array(codes))
    return told


def _nothing(size: int) -> Moments:
    """A column that the file does not have."""
    none = np.zeros(size, bool)
    instants = pd.Series(pd.NaT, index=range(size), dtype="datetime64[us, UTC]")
    return Moments(instants, none, none, none, none)


def _coordinates(columns: Columns, city: CityProfile, decisions: Decisions, account: Account) -> dict[str, Any]:
    places = decisions.places
    read = read_places(columns, places)
    north, east = read.north, read.east
    lat, lon = read.latitude.copy(), read.longitude.copy()
    sides = ((places.roles[0], north, east, read.texts[0]), (places.roles[1], east, north, read.texts[1]))
    for role, numbers, other, texts in sides:
        account.refuse(numbers.bad, Reason.BAD_COORDINATES, columns.label(role), texts)
        account.refuse(~numbers.given & other.given, Reason.BAD_COORDINATES, columns.label(role), texts)
    given = np.isfinite(north.values) & np.isfinite(east.values)
    for role, numbers, _, texts in sides:
        account.repair(numbers.comma & given, Repair.DECIMAL_COMMA, columns.label(role), texts, numbers.values)
    zero = given & (north.values == 0) & (east.values == 0)
    first, second = (columns.label(role) for role in places.roles)
    account.repair(zero, Repair.ZERO_COORDINATES, first, "0, 0", "")
    if places.crs is None:
        known = given & ~zero
        swap = exchanged(read, city) & known if not places.swapped else _most_exchanged(read, known, city)
        account.repair(swap, Repair.SWAPPED_COORDINATES, first, read.texts[0], east.values)
        lat[swap], lon[swap] = read.longitude[swap], read.latitude[swap]
    for role, values, most, texts in ((first, lat, 90, read.texts[0]), (second, lon, 180, read.texts[1])):
        outside = given & ~zero & ~(np.abs(values) <= most)
        account.refuse(outside, Reason.BAD_COORDINATES, role, texts)
    unmapped = zero | ~given
    return {"latitude": np.where(unmapped, np.nan, lat), "longitude": np.where(unmapped, np.nan, lon)}


def _most_exchanged(read: Any, known: BoolArray, city: CityProfile) -> BoolArray:
    """Where most rows are exchanged: all that can be, but for those that lie in or near the city as they stand."""
    right = near(city, read.longitude, read.latitude)
    return np.asarray(known & ~right & (np.abs(read.longitude) <= 90) & (np.abs(read.latitude) <= 180), bool)


def _scales(columns: Columns, decisions: Decisions, account: Account) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for role, least, most in (("severity", 1, 5), ("feeling", 1, 5), ("confirmations", 0, 2**31 - 1)):
        codes, unique = distinct(columns[role])
        words = decisions.words.get(role, {})
        numbers = parse_numbers(pa.array([words.get(fold(text), text) for text in unique], pa.large_string()))
        whole = (numbers.values >= least) & (numbers.values <= most) & (numbers.values % 1 == 0)
        bad = (numbers.given & ~whole)[codes]
        if role == "confirmations":
            account.repair(bad, Repair.CONFIRMATIONS, columns.label(role), columns[role], "0")
            told[role] = np.where(whole, numbers.values, 0)[codes]
        else:
            account.repair(bad, Repair.SCALE, columns.label(role), columns[role], "")
            told[role] = np.where(whole, numbers.values, np.nan)[codes]
    return told


def _words(
    columns: Columns, layout: Layout, decisions: Decisions, account: Account, unknown: Unknown
) -> dict[str, Any]:
    missing, nulls = missing_words(layout), _NULLS | layout.missing
    told: dict[str, Any] = {}
    for role, kinds, flag, strange_value in (
        ("reporter_gender", Gender, Flag.UNKNOWN_GENDER, Gender.UNKNOWN.value),
        ("affected_gender", Gender, Flag.UNKNOWN_GENDER, Gender.UNKNOWN.value),
        ("status", Status, Flag.UNKNOWN_STATUS, Status.OPEN.value),
        ("age_band", AgeBand, Flag.UNKNOWN_AGE_BAND, None),
        ("kind", Kind, Flag.UNKNOWN_KIND, None),
    ):
        empty_value: str | None = strange_value
        if kinds is Gender and columns.has(role):
            empty_value = Gender.UNDISCLOSED.value
        codes, unique = distinct(columns[role])
        empty = nulls if kinds is Gender else missing
        read = [spelled(role, text, decisions.words.get(role, {})) for text in unique]
        nothing = [
            not text or (value is None and (fold(text) in empty or (kinds is AgeBand and text in _NO_AGE)))
            for text, value in zip(unique, read, strict=True)
        ]
        strange = [value is None and not none for value, none in zip(read, nothing, strict=True)]
        values = [value or (empty_value if none else strange_value) for value, none in zip(read, nothing, strict=True)]
        told[role] = pa.array(values, pa.string()).take(pa.array(codes))
        if any(strange):
            mask = np.array(strange, bool)[codes]
            account.flag(mask, flag)
            unknown.note(
                columns.label(role), [text if odd else "" for text, odd in zip(unique, strange, strict=True)], codes
            )
        _allowed(values, codes, kinds, columns.label(role), columns[role], account)
    return told


def spelled(role: str, text: str, words: Mapping[str, str]) -> str | None:
    """The value of an enum that a text stands for."""
    value = words.get(fold(text)) if text else None
    return age_band(text) if value is None and role == "age_band" and text else value


def _allowed(
    values: Sequence[str | None],
    codes: npt.NDArray[np.int64],
    kinds: type[StrEnum],
    label: str,
    texts: Any,
    account: Account,
) -> None:
    """Refuse rows whose value a table of words made that the column may not hold."""
    known = {kind.value for kind in kinds}
    wrong = [value is not None and value not in known for value in values]
    if any(wrong):
        account.refuse(np.array(wrong, bool)[codes], Reason.INVALID_VALUE, label, texts)


def _no_identity(ids: Any) -> Any:
    """Where there is no id, or one that is a person's address for mail or mobile number, which is not stored."""
    return pc.or_(pc.equal(ids, ""), pc.match_substring_regex(ids, PERSONAL_ID))


def _twins(columns: Columns, layout: Layout) -> npt.NDArray[np.int64]:
    """A hash of what each row says in the columns that are not kept, and in those whose words may not be known; keyed
    anew in each process, so that it tells nothing of a person."""
    of_roles = {part.place for role in _TWIN_ROLES for part in layout.roles.get(role, ())}
    places = sorted({*layout.unused, *layout.personal, *layout.text, *of_roles})
    if "alert_id" not in layout.roles or not places:
        return np.zeros(columns.size, np.int64)
    texts = pc.binary_join_element_wise(*(columns.raw(place) for place in places), pa.scalar(UNIT, pa.large_string()))
    values = np.asarray(texts.to_numpy(zero_copy_only=False), object)
    return pd.util.hash_array(values, hash_key=_TWIN_KEY, categorize=False).view(np.int64)


def _assemble(block: Block, columns: Columns, layout: Layout, told: dict[str, Any], account: Account) -> pa.Table:
    """Typed Arrow columns of the rows that stand, with the hash of their content and their flags."""
    keep = account.stands
    identity = pc.if_else(_no_identity(columns["alert_id"]), None, columns["alert_id"])
    told["incident_id"] = pc.cast(identity, pa.string())
    told["source"] = pa.repeat(pa.scalar(layout.format), columns.size)
    arrays: dict[str, Any] = {}
    for field in TOLD:
        if field.name != "alert_id":
            kind = pa.string() if field.name == "more_categories" else field.type
            value = told[field.name]
            if not isinstance(value, pa.Array):
                value = pa.array(value, from_pandas=True)
            arrays[field.name] = value.cast(kind)
    arrays["row"] = pa.array(block.rows)
    arrays["own_kind"] = told["own_kind"]
    arrays["time_precision"] = told["time_precision"]
    arrays["flag_bits"] = pa.array(account.bits)
    arrays["twin"] = pa.array(_twins(columns, layout))
    table = pa.table(arrays)
    if not keep.all():
        table = table.take(pa.array(np.flatnonzero(keep))).combine_chunks()
    at, more = table.schema.get_field_index("more_categories"), table["more_categories"]
    hashes = content_hashes(table, table["own_kind"], pc.replace_substring(more, FURTHER, "|"))
    table = table.drop_columns("own_kind")
    lists = pc.split_pattern(pc.if_else(pc.equal(more, ""), None, more), FURTHER)
    table = table.set_column(at, "more_categories", lists)
    return table.append_column("content_hash", hashes)
