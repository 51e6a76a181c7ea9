"""Parse a block of records into alerts: each value typed, each row accepted, repaired or quarantined.

What the whole file decides comes from `decisions`; a row's outcome depends on nothing but itself and those decisions.
Names of categories become ids of the city's tree, several in one cell too; an unknown one is kept by its name.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.containers.base import ArrowArray, ArrowText
from curim_data.formats.base import MOST_CHARACTERS, Layout, fold, is_name, outside_brackets
from curim_data.formats.columns import (
    CATEGORY_ROLES,
    COUNT_ROLE,
    DATE_ROLES,
    ENUM_ROLES,
    ISO_DAY,
    MAIN_DATES,
    PLACE_ROLES,
    UNIT,
    RoleColumns,
    distinct,
    event_counts,
    glued,
    matches,
    next_month_start,
    parse_dates,
    parse_decimals,
    rewritten,
)
from curim_data.importing.coordinates import near_city, parse_coordinates, roles_of, swapped_rows
from curim_data.importing.decisions import Decisions
from curim_data.importing.profiling import split_bars, split_cell
from curim_data.lexicon import MISSING, SCALES, age_band, kind_of, scale_step
from curim_data.lexicon.times import MIDNIGHT, UTC_END, is_misspelt_month, month_numbers
from curim_data.model import (
    BY_NAMES,
    TOLD,
    UNCATEGORISED,
    AgeBand,
    Block,
    BoolArray,
    CityProfile,
    Flag,
    FloatArray,
    Gender,
    IntArray,
    Kind,
    Reason,
    Repair,
    Status,
)
from curim_data.profile.tables import slug
from curim_data.store.writing import content_hashes

# Separates further categories until they are a list; names in two languages may hold a bar.
FURTHER: Final = "\x1e"
# How programs write a missing value. Words such as "not recorded" mean more than that in a gender column.
_NULLS: Final = frozenset({"null", "(null)", "<null>", "none", "nan", "nat", "<na>", "\\n", "n/a", "#n/a", "na", "nil"})
_NO_AGE: Final = frozenset({"0", "0.0", "-1", "-1.0"})
_TWIN_ROLES: Final = ("age_band", "reporter_gender", "affected_gender")
_TWIN_KEY: Final = secrets.token_hex(8)
_DAY_IS_MONTH: Final = "^\\d{4}-(?:" + "|".join(f"{n:02d}-{n:02d}" for n in range(1, 13)) + ")"

# An e-mail address, an international number, or a Greek mobile number.
PERSONAL_ID: Final = r"@|^(\+|00)\d[\d .\-]{7,}$|^(30)?69\d{8}$"

AlertColumns: TypeAlias = dict[str, Any]  # by column of an alert: Arrow arrays, numpy arrays or pandas Series


# Rules whose old value may be anything that somebody wrote.
_FREE_TEXT_RULES: Final = frozenset({Repair.SCALE, Repair.END, Repair.CONFIRMATIONS})
# Words of four letters and more that occur in dates and coordinates, besides the names of months.
_PLAIN_WORDS: Final = frozenset({"point", "srid", "null", "none"})
_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_PHONE: Final = re.compile(
    r"(?:\+|\b00)\d[\d ()\-]{7,}|(?<![\d.,])(?:\(?\d{3}\)?[ .\-]\d{3}[ .\-]\d{4}|69\d{8})(?![\d.,])"
)


# Rows in which values of a column were changed: rule, column, mask, and old and new of all rows, or one value for all.
Repaired: TypeAlias = tuple[Repair, str, BoolArray, ArrowText | str, FloatArray | npt.NDArray[np.object_] | str]


def repaired_values(repaired: Repaired, at: int) -> tuple[str, str]:
    """The old and the new value of a row; the old one is "" where it was written freely and may name a person."""
    rule, _, _, old, new = repaired
    was = old if isinstance(old, str) else str(old[at].as_py())
    shown = was if rule not in _FREE_TEXT_RULES or free_of_personal_data(was) else ""
    return shown, str(new if isinstance(new, str) else new[at])


class RowOutcomes:
    """What became of each row of a table of `size` rows.

    `reason` (code, "" where the row is valid), `column` and `value` say why a row is quarantined; `bits` are sums of
    flag bits (`FLAG_BITS`); `unknown`: values that were not recognised and can be names, with counts, by column.
    """

    def __init__(self, size: int) -> None:
        self.reason, self.column, self.value = (np.full(size, "", object) for _ in range(3))
        self.bits: IntArray = np.zeros(size, np.int64)
        self.repairs: list[Repaired] = []
        self.unknown: dict[str, Counter[str]] = {}

    @property
    def valid(self) -> BoolArray:
        """Which rows have no reason to be quarantined."""
        return np.asarray(self.reason == "", bool)

    def quarantine(self, mask: BoolArray, reason: Reason, column: str, texts: ArrowText) -> None:
        """Give rows a reason to be quarantined, unless they have one."""
        where = np.flatnonzero(mask)
        where = where[self.reason[where] == ""]
        if len(where):
            self.reason[where], self.column[where] = reason.value, column
            self.value[where] = texts.take(pa.array(where)).to_pylist()

    def repair(
        self,
        mask: BoolArray,
        rule: Repair,
        column: str,
        old: ArrowText | str,
        new: FloatArray | npt.NDArray[np.object_] | str,
    ) -> None:
        """Record that values were changed; old and new are arrays over all rows, or one value for all."""
        if mask.any():
            self.repairs.append((rule, column, mask, old, new))
            self.bits[mask] |= FLAG_BITS[Flag.REPAIRED]

    def note_unknown(self, label: str, values: Sequence[str], codes: IntArray, longest: int = MOST_CHARACTERS) -> None:
        """Count the values of a column that were not recognised, by their codes; "" stands for those that were."""
        for value, n in zip(values, np.bincount(codes, minlength=len(values)).tolist(), strict=True):
            if value and n and is_name(value, longest):
                self.unknown.setdefault(label, Counter())[value] += n


def flag_lists(codes: IntArray) -> pa.Array:
    """Turn sums of bits (bit n for the n-th `Flag`) into lists of flag names, via the few sums that occur."""
    unique, back = np.unique(codes, return_inverse=True)
    return pa.array(
        [[flag.value for at, flag in enumerate(Flag) if bits >> at & 1] for bits in unique.tolist()],
        pa.list_(pa.string()),
    ).take(pa.array(back))


FLAG_BITS: Final = {flag: 1 << at for at, flag in enumerate(Flag)}


def redaction(role: str, layout: Layout) -> Callable[[str], str]:
    """Return how a value of a role is redacted: what is too long for its column or may name a person is dropped."""
    if role in CATEGORY_ROLES:
        separators = tuple(layout.separators) if role == "category" else ("|", *layout.separators)
        return lambda text: _names(text, separators, layout.longest)
    if role in ENUM_ROLES:
        return lambda text: text if is_name(text) else ""
    if role == "alert_id":
        return lambda text: text if len(text) <= MOST_CHARACTERS and "@" not in text else ""
    if role in SCALES:
        return lambda text: text if scale_step(role, text) or free_of_personal_data(text) else ""
    return lambda text: text if len(text) <= MOST_CHARACTERS and free_of_personal_data(text) else ""


def _names(text: str, separators: Sequence[str], longest: int) -> str:
    """Drop from a cell of categories the pieces that cannot be names."""
    pieces = re.split(f"({'|'.join(map(outside_brackets, separators))})", text) if separators else [text]
    return (
        text
        if all(is_name(piece, longest) for piece in pieces[::2])
        else "".join(piece if at % 2 or is_name(piece, longest) else "" for at, piece in enumerate(pieces))
    )


def free_of_personal_data(text: str) -> bool:
    """Whether a text in a column of dates or numbers holds no e-mail address, no telephone number and nothing like a
    name: a capitalised word, or two words, that are not of a date. The misspelt name of a month is of one, so that it
    can be mended."""
    if "@" in text or _PHONE.search(text):
        return False
    words = [
        word
        for word in _WORD.findall(text)
        if not (fold(word) in _PLAIN_WORDS or fold(word) in month_numbers() or is_misspelt_month(word))
    ]
    return len(words) < 2 and all(word.islower() for word in words)


@dataclass(frozen=True)
class CategoryCell:
    """A cell of categories: ids or names (empty ones left out), whether one was renamed, and the first that the city
    does not know, "" where it knows all."""

    ids: tuple[str, ...]
    renamed: bool
    unknown: str


@dataclass(frozen=True)
class ParsedRows:
    """A block, its alerts, and the outcome of each of its rows.

    `alerts`: the columns of TOLD but alert_id, and row (int64), time_precision, content_hash, flag_bits, twin.
    """

    block: Block
    alerts: pa.Table
    outcomes: RowOutcomes


def parse_rows(
    block: Block, labels: Sequence[str], layout: Layout, decisions: Decisions, city: CityProfile
) -> ParsedRows:
    """Type every column of a block and account for each of its rows.

    Parameters
    ----------
    block : Block
        Records as text.
    labels : sequence of str
        The header.
    layout, decisions
        Which columns give which role, and what was decided over the whole file.
    city : CityProfile
        Time zone, land and category tree.
    """
    columns = RoleColumns(block.table, layout, labels, decisions.dates.hours)
    outcomes = RowOutcomes(columns.size)
    outcomes.repair(block.encoding_repaired, Repair.ENCODING, "", "", "")
    outcomes.repair(block.trailing_cut, Repair.TRAILING_FIELDS, "", "", "")
    _judge_unstored(block, columns, layout, outcomes)
    if columns.has(COUNT_ROLE):
        counts, texts = event_counts(columns[COUNT_ROLE]), columns[COUNT_ROLE]  # the rows are repeated: each says 1
        outcomes.quarantine(counts == 0, Reason.NO_EVENTS, columns.label(COUNT_ROLE), texts)
        outcomes.quarantine(counts != 1, Reason.BAD_COUNT, columns.label(COUNT_ROLE), texts)
    if layout.skip_hxl:
        outcomes.quarantine(_hxl_rows(block), Reason.HXL_ROW, "", columns["alert_id"])
    if columns.has("occurred_from") and columns.has("category"):  # of a survey that was sent without an answer
        told = [pc.not_equal(columns[role], "") for role in ("occurred_from", "category", *roles_of(columns))]
        blank = ~np.logical_or.reduce([one.to_numpy(zero_copy_only=False) for one in told])
        outcomes.quarantine(blank, Reason.NOTHING_TOLD, columns.label("category"), columns["category"])
    values = _parse_dates(columns, city, decisions, outcomes, block.rows)
    values |= _parse_coordinates(columns, city, decisions, outcomes)
    values |= _parse_scales(columns, decisions, outcomes)
    values |= _parse_words(columns, layout, decisions, outcomes)
    of_category = _parse_categories(columns, layout, decisions, city, outcomes)
    own_kind = values["kind"]
    values |= of_category | {"kind": pc.coalesce(own_kind, of_category["kind"])}
    values["own_kind"] = pc.if_else(pc.equal(own_kind, of_category["kind"]), None, own_kind)
    return ParsedRows(block, _alert_table(block, columns, layout, values, outcomes), outcomes)


def _hxl_rows(block: Block) -> BoolArray:
    """Mark the first record if each of its filled cells begins with #."""
    tags: BoolArray = block.rows == 1
    if tags.any():
        cells = [str(column[int(tags.argmax())].as_py()).strip() for column in block.table.columns]
        tags &= any(cells) and all(cell.startswith("#") for cell in cells if cell)
    return tags


def _parse_dates(
    columns: RoleColumns, city: CityProfile, decisions: Decisions, outcomes: RowOutcomes, rows: IntArray
) -> AlertColumns:
    parsed = {
        role: parse_dates(
            columns[role], decisions.date_format(role, city.timezone), decisions.row_orders(role, columns, rows)
        )
        for role in DATE_ROLES
    }
    reported, begin = parsed["reported_at"], parsed["occurred_from"]
    main = next((role for role in MAIN_DATES if columns.has(role)), MAIN_DATES[0])
    outcomes.quarantine(~reported.given & ~begin.given, Reason.NO_DATE, columns.label(main), columns[main])
    for role in decisions.dates.exchanged & set(MAIN_DATES):
        unclear = matches(columns[role], ISO_DAY) & ~matches(columns[role], _DAY_IS_MONTH)
        outcomes.quarantine(unclear, Reason.AMBIGUOUS_DATE, columns.label(role), columns[role])
    for role in MAIN_DATES:
        outcomes.quarantine(parsed[role].ambiguous, Reason.AMBIGUOUS_DATE, columns.label(role), columns[role])
        outcomes.quarantine(parsed[role].bad, Reason.BAD_DATE, columns.label(role), columns[role])
    for role in MAIN_DATES:
        outcomes.quarantine(
            (parsed[role].timestamps > decisions.latest).to_numpy(bool),
            Reason.FUTURE_DATE,
            columns.label(role),
            columns[role],
        )
    sent = reported.timestamps.fillna(begin.timestamps) if columns.has("reported_at") else begin.timestamps
    reversed_span = (parsed["occurred_to"].timestamps < begin.timestamps).to_numpy(bool)
    ends = {"occurred_to": parsed["occurred_to"].bad | reversed_span, "resolved_at": parsed["resolved_at"].bad}
    for role, mask in ends.items():
        outcomes.repair(mask, Repair.END, columns.label(role), columns[role], "")
    values: AlertColumns = {"reported_at": sent, "occurred_from": begin.timestamps}
    values.update({role: parsed[role].timestamps.mask(mask) for role, mask in ends.items()})
    dated = {role: parsed[role].day_only for role in MAIN_DATES}
    for role in decisions.midnight & parsed.keys():
        local = parsed[role].timestamps.dt.tz_convert(city.timezone)
        written = matches(columns[role], MIDNIGHT) & ~matches(columns[role], UTC_END)
        utc = decisions.date_format(role, city.timezone).zone == "UTC"
        dated[role] = dated[role] | (local == local.dt.normalize()).to_numpy(bool) | (written & (not utc))
    day = np.where(begin.given, dated["occurred_from"], dated["reported_at"])
    month = np.where(begin.given, begin.month_only, reported.month_only)
    if month.any():
        whole = pd.Series(month)
        values["occurred_from"] = values["occurred_from"].where(~whole, begin.timestamps.fillna(reported.timestamps))
        values["occurred_to"] = values["occurred_to"].where(
            ~whole, next_month_start(values["occurred_from"], city.timezone)
        )
    values["time_precision"] = pa.array(["minute", "day", "month"], pa.string()).take(
        pa.array(np.where(month, 2, np.where(day, 1, 0)))
    )
    return values


def _judge_unstored(block: Block, columns: RoleColumns, layout: Layout, outcomes: RowOutcomes) -> None:
    """Quarantine the rows in which a formula without a stored result stands for what, when, where or which alert.

    Other columns are left empty in such a row, and that is recorded: it need not be lost for the end of its span.
    """
    event = "occurred_from" if "occurred_from" in layout.roles else "reported_at"
    needed = {event, *PLACE_ROLES, "alert_id", "category", "kind"}
    places = [(role, part.place) for role, parts in layout.roles.items() for part in parts]
    for role, mask in [(role, block.unstored[place]) for role, place in places if place in block.unstored]:
        if role in needed:
            outcomes.quarantine(mask, Reason.NO_RESULT, columns.label(role), columns[role])
        else:
            outcomes.repair(mask, Repair.NO_RESULT, columns.label(role), "", "")


def _parse_coordinates(
    columns: RoleColumns, city: CityProfile, decisions: Decisions, outcomes: RowOutcomes
) -> AlertColumns:
    written = decisions.coordinates
    parsed = parse_coordinates(columns, written)
    north, east = parsed.north, parsed.east
    lat, lon = parsed.latitude.copy(), parsed.longitude.copy()
    sides = ((written.roles[0], north, east, parsed.texts[0]), (written.roles[1], east, north, parsed.texts[1]))
    for role, numbers, other, texts in sides:
        outcomes.quarantine(numbers.bad, Reason.BAD_COORDINATES, columns.label(role), texts)
        outcomes.quarantine(~numbers.given & other.given, Reason.BAD_COORDINATES, columns.label(role), texts)
    given = np.isfinite(north.values) & np.isfinite(east.values)
    for role, numbers, _, texts in sides:
        outcomes.repair(numbers.comma & given, Repair.DECIMAL_COMMA, columns.label(role), texts, numbers.values)
    first, second = (columns.label(role) for role in written.roles)
    zero = np.zeros(columns.size, bool)
    for none in (0,) if written.crs is None else (0, -1):  # of no place; -1, -1 is one in degrees alone
        nothing = given & (north.values == none) & (east.values == none)
        outcomes.repair(nothing, Repair.ZERO_COORDINATES, first, f"{none}, {none}", "")
        zero |= nothing
    if written.crs is None:
        known = given & ~zero
        # Where most rows are swapped: all that can be, but for those that lie in or near the city as they are.
        able = (np.abs(parsed.longitude) <= 90) & (np.abs(parsed.latitude) <= 180)
        near = near_city(city, parsed.longitude, parsed.latitude) if written.swapped else swapped_rows(parsed, city)
        swap = known & (able & ~near if written.swapped else near)
        outcomes.repair(swap, Repair.SWAPPED_COORDINATES, first, parsed.texts[0], east.values)
        lat[swap], lon[swap] = parsed.longitude[swap], parsed.latitude[swap]
    for role, values, most, texts in ((first, lat, 90, parsed.texts[0]), (second, lon, 180, parsed.texts[1])):
        outcomes.quarantine((given & ~zero & ~(np.abs(values) <= most)), Reason.BAD_COORDINATES, role, texts)
    unmapped = zero | ~given
    return {"latitude": np.where(unmapped, np.nan, lat), "longitude": np.where(unmapped, np.nan, lon)}


def _parse_scales(columns: RoleColumns, decisions: Decisions, outcomes: RowOutcomes) -> AlertColumns:
    parsed: AlertColumns = {}
    for role, least, most, rule, default in (
        ("severity", 1, 5, Repair.SCALE, ""),
        ("feeling", 1, 5, Repair.SCALE, ""),
        ("confirmations", 0, 2**31 - 1, Repair.CONFIRMATIONS, "0"),
    ):
        codes, unique = distinct(columns[role])
        known = [
            decisions.words.get(role, {}).get(fold(text)) or (role in SCALES and scale_step(role, text))
            for text in unique
        ]
        steps = [step or text for step, text in zip(known, unique, strict=True)]
        numbers = parse_decimals(pa.array(steps, pa.large_string()))
        whole = (numbers.values >= least) & (numbers.values <= most) & (numbers.values % 1 == 0)
        outcomes.repair((numbers.given & ~whole)[codes], rule, columns.label(role), columns[role], default)
        parsed[role] = np.where(whole, numbers.values, float(default or "nan"))[codes]
    return parsed


def _parse_words(columns: RoleColumns, layout: Layout, decisions: Decisions, outcomes: RowOutcomes) -> AlertColumns:
    missing, nulls = MISSING | layout.missing, _NULLS | layout.missing
    parsed: AlertColumns = {}
    for role, kinds, flag, unknown_value in (
        ("reporter_gender", Gender, Flag.UNKNOWN_GENDER, Gender.UNKNOWN.value),
        ("affected_gender", Gender, Flag.UNKNOWN_GENDER, Gender.UNKNOWN.value),
        ("status", Status, Flag.UNKNOWN_STATUS, Status.OPEN.value),
        ("age_band", AgeBand, Flag.UNKNOWN_AGE_BAND, None),
        ("kind", Kind, Flag.UNKNOWN_KIND, None),
    ):
        empty_value = Gender.UNDISCLOSED.value if kinds is Gender and columns.has(role) else unknown_value
        empty_words = nulls if kinds is Gender else missing
        codes, unique = distinct(columns[role])
        found = [word_value(role, text, decisions.words.get(role, {})) for text in unique]
        empty = [
            not text or (value is None and (fold(text) in empty_words or (kinds is AgeBand and text in _NO_AGE)))
            for text, value in zip(unique, found, strict=True)
        ]
        unrecognised = [value is None and not none for value, none in zip(found, empty, strict=True)]
        values = [value or (empty_value if none else unknown_value) for value, none in zip(found, empty, strict=True)]
        parsed[role] = pa.array(values, pa.string()).take(pa.array(codes))
        outcomes.bits[np.array(unrecognised, bool)[codes]] |= FLAG_BITS[flag]
        outcomes.note_unknown(
            columns.label(role), [text if odd else "" for text, odd in zip(unique, unrecognised, strict=True)], codes
        )
        # A table of words may give a value that the column may not hold.
        wrong = np.array([value is not None and value not in set(kinds) for value in values], bool)[codes]
        outcomes.quarantine(wrong, Reason.INVALID_VALUE, columns.label(role), columns[role])
    return parsed


def word_value(role: str, text: str, words: Mapping[str, str]) -> str | None:
    """Return the value of an enum that a text stands for; None where it is not recognised."""
    value = words.get(fold(text)) if text else None
    return age_band(text) if value is None and role == "age_band" and text else value


def _twin_hashes(columns: RoleColumns, layout: Layout) -> IntArray:
    """Hash what each row holds in the columns that are not kept, and in those whose words may be unknown.

    The key is new in each process, so that the hash reveals nothing of a person.
    """
    places = sorted(
        {
            *layout.unused,
            *layout.personal,
            *layout.text,
            *{part.place for role in _TWIN_ROLES for part in layout.roles.get(role, ())},
        }
    )
    if "alert_id" not in layout.roles or not places:
        return np.zeros(columns.size, np.int64)
    texts = pc.binary_join_element_wise(*(columns.raw(place) for place in places), pa.scalar(UNIT, pa.large_string()))
    codes, unique = distinct(texts)
    return pd.util.hash_array(np.array(unique, object), hash_key=_TWIN_KEY, categorize=False).view(np.int64)[codes]


def _alert_table(
    block: Block, columns: RoleColumns, layout: Layout, values: AlertColumns, outcomes: RowOutcomes
) -> pa.Table:
    """Make typed Arrow columns of the valid rows, with the hash of their content and their flags."""
    valid = outcomes.valid
    ids = columns["alert_id"]  # an e-mail address or a mobile number is a person's, and not stored
    none = pc.or_(pc.equal(ids, ""), pc.match_substring_regex(ids, PERSONAL_ID))
    values["incident_id"] = pc.cast(pc.if_else(none, None, ids), pa.string())
    values["source"] = pa.repeat(pa.scalar(layout.format), columns.size)
    types = {one.name: one.type for one in TOLD if one.name != "alert_id"} | {"more_categories": pa.string()}
    arrays: dict[str, ArrowArray] = {}
    for name, kind in types.items():
        value = values[name]
        arrays[name] = (value if isinstance(value, pa.Array) else pa.array(value, from_pandas=True)).cast(kind)
    arrays |= {"row": pa.array(block.rows), "flag_bits": pa.array(outcomes.bits)}
    arrays |= {name: values[name] for name in ("own_kind", "time_precision")}
    table = pa.table(arrays | {"twin": pa.array(_twin_hashes(columns, layout))})
    if not valid.all():
        table = table.take(pa.array(np.flatnonzero(valid))).combine_chunks()
    at, more = table.schema.get_field_index("more_categories"), table["more_categories"]
    hashes = content_hashes(table, table["own_kind"], pc.replace_substring(more, FURTHER, "|"))
    table = table.drop_columns("own_kind")
    table = table.set_column(
        at, "more_categories", pc.split_pattern(pc.if_else(pc.equal(more, ""), None, more), FURTHER)
    )
    return table.append_column("content_hash", hashes)


def known_categories(layout: Layout, city: CityProfile) -> Mapping[str, str]:
    """Map folded names to ids: labels and ids of the tree, then what a person said of the file's own names."""
    known = {fold(label): c.id for c in city.categories.values() for label in c.labels.values()}
    known |= {fold(c.id): c.id for c in city.categories.values()}
    return known | {fold(name): id for name, id in layout.categories.items() if id}


def _parse_categories(
    columns: RoleColumns,
    layout: Layout,
    decisions: Decisions,
    city: CityProfile,
    outcomes: RowOutcomes,
) -> AlertColumns:
    """Return the first category of each row, the others joined by `FURTHER`, and the kind that goes with the first."""
    codes, unique = distinct(
        columns["category"]
        if columns.has("category")
        else pa.repeat(pa.scalar(decisions.category or "", pa.large_string()), columns.size)
    )
    more_codes, more_unique = distinct(columns["more_categories"])
    # Names of categories that came from an export: ids were made of them, so nothing is repaired.
    own = frozenset(
        fold(label)
        for one in [one for one in city.categories.values() if len(one.labels) == 1]
        for label in one.labels.values()
        if slug(label) == one.id
    )
    cell = partial(_category_cell, known=known_categories(layout, city), layout=layout, own=own)
    separators = (UNIT, *layout.separators)
    cells = [cell(text, split_cell(text, separators)) for text in unique]
    more = [cell(text, split_bars(text, separators)) for text in more_unique]
    for role, parsed, at in (("category", cells, codes), ("more_categories", more, more_codes)):
        if columns.has(role) and not city.provisional:  # else the ids were made of the file's own names
            renamed, ids = [one.renamed for one in parsed], ["|".join(one.ids) for one in parsed]
            mask, new = np.array(renamed, bool)[at], np.array(ids, object)[at]
            outcomes.repair(mask, Repair.CATEGORY_LABEL, columns.label(role), columns[role], new)
    unknown = np.array([one.unknown != "" for one in cells], bool)[codes]
    unknown_more = [bool(one.unknown and text) for one, text in zip(more, more_unique, strict=True)]
    outcomes.bits[unknown | np.array(unknown_more, bool)[more_codes]] |= FLAG_BITS[Flag.UNKNOWN_CATEGORY]
    outcomes.note_unknown(columns.label("category"), [one.unknown for one in cells], codes, layout.longest)
    firsts = [one.ids[0] if one.ids else UNCATEGORISED for one in cells]
    category = pa.array(firsts, pa.string()).take(pa.array(codes))
    rest = [FURTHER.join(dict.fromkeys(one.ids[1:])) for one in cells]
    others = pa.array([FURTHER.join(one.ids) for one in more], pa.large_string()).take(pa.array(more_codes))
    if any(rest):
        others = _further_categories(category, pa.array(rest, pa.large_string()).take(pa.array(codes)), others)
    return {
        "category": category,
        "more_categories": pc.cast(others, pa.string()),
        "kind": _kinds(columns, layout, decisions, city, firsts, codes, outcomes),
    }


def _category_cell(
    text: str, parts: Sequence[str], known: Mapping[str, str], layout: Layout, own: frozenset[str]
) -> CategoryCell:
    """Parse a cell; one that is a known name as a whole is not split. An unknown name is kept if it can be one.

    `own`: folded names of which ids were made.
    """
    missing = MISSING | layout.missing
    named = [(part, fold(part)) for part in ([text] if fold(text) in known else parts)]
    named = [(part, name) for part, name in named if name in known or name not in missing]
    if not named:
        return CategoryCell((), False, UNCATEGORISED)
    ids = [known.get(name) or (part if is_name(part, layout.longest) else "") for part, name in named]
    odd = [one or UNCATEGORISED for one, (_, name) in zip(ids, named, strict=True) if name not in known]
    return CategoryCell(
        tuple(filter(None, ids)),
        any(known.get(name, part) != part for part, name in named if name not in own),
        odd[0] if odd else "",
    )


def _further_categories(category: ArrowText, rest: ArrowText, more: ArrowText) -> ArrowText:
    """Join the further categories of the cell and of their own column, each once and without the first one."""

    def joined(text: str) -> str:
        first, inside, other = text.split(UNIT)
        return (
            FURTHER.join(
                one
                for one in dict.fromkeys([*inside.split(FURTHER), *filter(None, other.split(FURTHER))])
                if one != first
            )
            if inside
            else other
        )

    return rewritten(glued([pc.cast(category, pa.large_string()), rest, more], UNIT), joined)


def _kinds(
    columns: RoleColumns,
    layout: Layout,
    decisions: Decisions,
    city: CityProfile,
    firsts: Sequence[str],
    codes: IntArray,
    outcomes: RowOutcomes,
) -> ArrowText:
    """Return the kind of each category: that of the city's tree; else the one that a person gave to all, or that of
    the format; else what its name says, then what the file is; and `Kind.UNKNOWN` where nothing says it.
    """
    tree = {c.id: c.kind for c in city.categories.values() if c.kind}
    every = {None: layout.kind, BY_NAMES: None}.get(decisions.kind, decisions.kind)
    nature = layout.nature or layout.kind or Kind.UNKNOWN.value
    kinds = [tree.get(name) or every or str(kind_of(name) or nature) for name in firsts]
    wrong = np.array([kind not in set(Kind) for kind in kinds], bool)[codes]
    outcomes.quarantine(wrong, Reason.INVALID_VALUE, columns.label("category"), columns["category"])
    return pa.array(kinds, pa.string()).take(pa.array(codes))
