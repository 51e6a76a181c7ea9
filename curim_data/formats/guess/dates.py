"""Which columns say when: dates, their times of day, the pieces of a date, and which of several dates is the event's.

An alert passes through stages: it happens, it is reported, it is registered, it is closed. A column that is earlier
than another one or equal to it in nearly all rows is of the earlier stage, whatever its heading says. Where heading and
values contradict each other, or neither tells, the columns that are left are given back as a doubt: a person decides.
Moments are read for this comparison only: times with an offset are compared with a margin, and a date that can be read
in two ways in a column that writes both orders of day and month is left out. The import parses the whole file anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from curim_data.formats.base import EventCandidate, Guess, Layout, Part, fold
from curim_data.formats.columns import DateFormat, RoleColumns, matches, numeric_pairs, parse_dates
from curim_data.formats.guess import headings
from curim_data.formats.guess.headings import FITS, HEADING, Column, Guesses, concept, guess, percent
from curim_data.model import DAY_FIRST, BoolArray, Message

_DAY: Final = 1_440  # minutes
_OFFSETS: Final = 14 * 60  # minutes


@dataclass(frozen=True)
class Moments:
    """The moments of a column's first records, to the minute; NaT where there is none. `timed`: whether a time is
    known; `zoned`: whether the times have offsets, mostly UTC."""

    at: npt.NDArray[np.datetime64]
    timed: bool
    zoned: bool = False

    @property
    def known(self) -> BoolArray:
        """Which records have a moment."""
        return np.asarray(~np.isnat(self.at), bool)


@dataclass(frozen=True)
class Lag:
    """How two columns of moments stand to each other, over the records that have both.

    `n`: how many; `earlier`, `later`: share of those in which the first is earlier, or later, than the second;
    `days`: the median number of days from the first to the second.
    """

    n: int = 0
    earlier: float = 0.0
    later: float = 0.0
    days: float = 0.0

    @property
    def told(self) -> bool:
        """Whether enough rows have both."""
        return self.n >= LEAST_ROWS

    @property
    def not_after(self) -> bool:
        """Whether the first is earlier or equal in nearly all of enough rows."""
        return self.told and self.later <= FEW

    @property
    def mostly_before(self) -> bool:
        """Whether the first is truly earlier in most of enough rows, and by no more than a year."""
        return self.told and self.earlier > 0.5 and self.days <= YEAR

    @property
    def agreed_before(self) -> bool:
        """Whether the first is truly earlier in all of enough rows, or nearly all of many, by a month at most."""
        least = 1 if self.n < NEARLY_ALL_OF else 1 - FEW
        return self.earlier >= least and self.n >= AGREED_ROWS and self.days <= AGREED_DAYS


def lag(one: Moments, other: Moments) -> Lag:
    """Compare two columns: by minutes where both know the time, else by days."""
    both, timed = one.known & other.known, one.timed and other.timed
    if not both.any():
        return Lag()
    first, second = (moments.at[both].astype("M8[m]" if timed else "M8[D]") for moments in (one, other))
    between = (second - first).astype("m8[m]").astype(np.int64)
    if one.zoned != other.zoned:  # UTC beside local time: what lies within the offsets there are is equal
        between = np.where(abs(between) <= (_OFFSETS if timed else _DAY), 0, between)
    days = float(np.median(between)) / _DAY
    return Lag(len(between), float((between > 0).mean()), float((between < 0).mean()), days)


def moments_of(used: Sequence[Column], parts: Sequence[Part]) -> Moments:
    """Read the dates of columns, each of which gives a part; each order of day and month as it can be read.

    Where no date shows the order, the day comes first; where dates show both, those that can be read both ways are
    left out.
    """
    cells = {str(at): pa.array(column.texts, pa.large_string()) for at, column in enumerate(used)}
    placed = tuple(Part(at, part.part) for at, part in enumerate(parts))
    joined = RoleColumns(pa.table(cells), Layout("", {"reported_at": placed}), [""] * len(used))["reported_at"]
    one, two, _ = numeric_pairs(joined)
    day, month = ((one > 12) & (two <= 12) & (two > 0)).any(), ((two > 12) & (one <= 12) & (one > 0)).any()
    orders = np.full(len(joined), 0 if day and month else 2 if month else 1, np.int8)
    form = used[0].values.counted_dates if len(used) == 1 else ""
    parsed = parse_dates(joined, DateFormat("UTC", DAY_FIRST, form), orders)
    at = parsed.timestamps.dt.tz_localize(None).to_numpy("M8[m]")
    zoned = matches(joined, r"\d:\d{2}.*(Z|UTC|GMT|[+-]\d{2}:?\d{2})$")
    timed = bool((at[~np.isnat(at)] != at[~np.isnat(at)].astype("M8[D]")).any())
    return Moments(at, timed, bool(zoned.sum() > len(zoned) / 2))


def is_clock(column: Column) -> bool:
    """Whether times of day stand in a column: 22:15, 10:15 μ.μ., or 815 and 22-23 under a heading that says so."""
    head, values = column.head, column.values
    named = head.has("time") and not headings.says_date(head)
    if not values.given:
        return named and not values.size  # of a column that is empty nothing is known
    hour = (named or head.has("hour")) and not head.has("age")
    return (
        values.share_of("times") >= (_OFTEN if head.has("time") else 0.9)
        or (named and values.share_of("hhmm") >= _OFTEN)
        or (hour and values.share_of("hour_spans") >= 0.9)
    )


def clocks_of_dates(dates: Sequence[Column], clocks: Sequence[Column]) -> dict[int, Column]:
    """The time of day of each date that carries none, by the date's place.

    First those of the same stage by their headings. Then one without a stage belongs to the date on its left, since a
    time follows its date; where none stands there, to the one on its right.
    """
    bare = {date.place: date for date in dates if not date.values.tells_the_time}
    found: dict[int, Column] = {}
    for place, date in bare.items():
        role = headings.date_role(date.head)
        same = [clock for clock in clocks if role not in ("plain", "other") and headings.date_role(clock.head) == role]
        if same:
            found[place] = min(same, key=lambda clock: (clock.place < place, abs(clock.place - place)))
    for clock in clocks:
        if clock not in found.values() and headings.date_role(clock.head) == "plain":
            beside = (place for place in (clock.place - 1, clock.place + 1) if place in bare and place not in found)
            found |= dict.fromkeys([*beside][:1], clock)
    return found


def clock_part(column: Column) -> Part:
    """What a column of times gives: whole times, or hours, or minutes."""
    head, values = column.head, column.values
    if head.has("minute") and not head.has("time"):
        return Part(column.place, "minute")
    hours = values.share_of("whole") >= _OFTEN and values.between(0, 24) == 1.0
    hour = head.has("hour") and (hours or (not values.given and "hour" in head.words))
    return Part(column.place, "hour" if hour else "time")


_PIECES: Final = {
    "year": (1900, 2100), "month": (1, 12), "day": (1, 31), "hour": (0, 24), "minute": (0, 59), "second": (0, 59),
}  # fmt: skip
_UNITS: Final = concept("time", *_PIECES) | {"de", "del", "da", "do"}
LEAST_ROWS: Final = 10  # with both dates: fewer tell nothing
FEWEST_ROWS: Final = 2  # all of which contradict a heading
FEW: Final = 0.05  # a share of rows that may contradict what nearly all say
YEAR: Final = 366  # days: a date that lies further back is a birthday, not the event of a report
AGREED_ROWS: Final = 20  # all of which make a date without a telling heading the event's
NEARLY_ALL_OF: Final = 100  # rows of which `FEW` may say otherwise
AGREED_DAYS: Final = 31  # from the event to the report, in the middle: more is a date of something else
MOST_COMPARED: Final = 40
_ALL: Final = 0.98  # of the alerts have a date
_MOST_STATES: Final = 12
_MOSTLY: Final = 0.9  # of the cases of a state have the date that comes with it
_MOST_WHOLE: Final = 3  # dates that all alerts have, with which the others are compared
_OFTEN: Final = 0.7


@dataclass(frozen=True, eq=False)
class DatedColumn:
    """A column of dates, or the columns of its pieces (`parts`, the greatest first; `column` is that of the year).

    `texts`: the first dates as they stand, with their times or pieces; `clock`: the column of times that is its own.
    `role` and `clear`: what the heading says that the dates are of (`stage`: what the values say instead), and how
    clearly (0 to 1).
    """

    column: Column
    moments: Moments
    texts: tuple[str, ...]
    clock: Column | None = None
    parts: tuple[Part, ...] = ()
    stage: str = ""
    role: str = field(init=False)
    clear: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "role", self.stage or headings.date_role(self.column.head))
        object.__setattr__(self, "clear", headings.clearness(self.column.head))

    @property
    def named(self) -> bool:
        """Whether the heading says at least that it is a date."""
        return self.clear > headings.UNNAMED

    @property
    def rank(self) -> tuple[float, int]:
        """How well a column says its date, the earlier column first among equals."""
        values = self.column.values
        return self.clear * (0.5 + 0.5 * values.fill if values.given else 0.6), -self.column.place

    def lag(self, other: DatedColumn) -> Lag:
        """How it stands to another one."""
        return lag(self.moments, other.moments)


def _dated(used: Sequence[Column], parts: Sequence[Part] = ()) -> DatedColumn:
    """A date that stands in these columns: in one, in one with its clock, or in its pieces."""
    texts = tuple(" ".join(map(str.strip, cells)).strip() for cells in zip(*(one.texts for one in used), strict=True))
    read = parts or [Part(used[0].place, "date"), *map(clock_part, used[1:])]
    clock = used[1] if len(used) > 1 and not parts else None
    return DatedColumn(used[0], moments_of(used, read), texts, clock, tuple(parts))


def pieces_of(columns: Sequence[Column], clocks: Sequence[Column]) -> DatedColumn | None:
    """The best set of pieces: that of the event before one without a name, this before the report's; most pieces; the
    year of nothing else ("Year" before "Year built").
    """
    years = [column for column in columns if _is_piece(column, "year")]
    found = [pieces for year in years if (pieces := _pieces(year, columns, clocks)) is not None]
    rank = {"occurred_from": 2, "plain": 1, "reported_at": 0}
    able = [pieces for pieces in found if pieces.role in rank]

    def best(one: DatedColumn) -> tuple[int, ...]:
        return rank[one.role], len(one.parts), -len(set(one.column.head.words) - _UNITS), -one.column.place

    return max(able, key=best, default=None)


def _pieces(year: Column, columns: Sequence[Column], clocks: Sequence[Column]) -> DatedColumn | None:
    """Year and month, and what else there is from the greatest piece down; nothing without these two.

    Columns whose other words are those of the year's heading come first ("Año hecho", "Mes hecho").
    """
    parts, used = [Part(year.place, "year")], [year]
    rest = set(year.head.words) - _UNITS
    for piece in [*_PIECES][1:]:
        able = [one for one in columns if one not in used and _is_piece(one, piece) and not _of_week(one, used[-1])]
        if not able:
            break
        best = min(able, key=lambda one: (set(one.head.words) - _UNITS != rest, abs(one.place - year.place)))
        parts.append(Part(best.place, piece))
        used.append(best)
    if len(parts) < 2:
        return None
    if parts[-1].part == "day":
        same = [one for one in clocks if headings.date_role(one.head) in (headings.date_role(year.head), "plain")]
        parts += map(clock_part, same[:1])
        used += same[:1]
    return _dated(used, parts)


def _is_piece(column: Column, piece: str) -> bool:
    """Whether a heading names the piece, and none of a smaller one ("day of the month"), and the values can be it.

    Months may be written by their names.
    """
    values, named = column.values, [unit for unit in _PIECES if column.head.has(unit)]
    fits = values.between(*_PIECES[piece]) >= _OFTEN
    return named[-1:] == [piece] and (
        not values.given or fits or (piece == "month" and values.share_of("months") >= _OFTEN)
    )


def _of_week(day: Column, months: Column) -> bool:
    """Whether numbers up to 7 are days of the week: beside several months some day of the month would be above 7."""
    several = day.values.given >= _WEEKS and len(months.values.distinct) >= _MONTHS
    return several and day.head.has("day") and day.values.between(1, 7) == 1


_WEEKS: Final = 40  # rows in which a day of the month is some time above 7
_MONTHS: Final = 3
_LATEST_DAY: Final = {"month": 12, "day": 28, "hour": 20}  # reached in so many rows where a column is that piece


def _unnamed_pieces(columns: Sequence[Column]) -> DatedColumn | None:
    """Years, months and maybe days and hours by their values alone, in columns side by side, in either direction."""
    places, units = {column.place: column for column in columns}, ("year", "month", "day", "hour")
    years = [column for column in columns if column.values.given >= _WEEKS and _reaches(column, "year")]
    for year, step in product(years, (1, -1)):
        used = [year]
        while len(used) < 4 and (beside := places.get(used[-1].place + step)) and _reaches(beside, units[len(used)]):
            used.append(beside)
        if len(used) > 1:
            return _dated(used, [Part(one.place, unit) for one, unit in zip(used, units, strict=False)])
    return None


def _reaches(column: Column, piece: str) -> bool:
    """Whether all values are whole numbers that such a piece can be, up to its last ones, or names of months."""
    values, (low, high) = column.values, _PIECES[piece]
    whole = values.share_of("whole") == values.between(low, high) == 1
    reached = whole and values.between(_LATEST_DAY.get(piece, low), high) > 0
    return reached or (piece == "month" and values.share_of("months") == 1)


@dataclass
class Stages:
    """The column of each role, and what stays open.

    `pieces`: what gives `pieces_role` where no whole date does. `doubt`: columns of which a person must say which is
    the event, the one taken first. `by_values`: roles that the values decided.
    """

    all: tuple[DatedColumn, ...]
    chosen: dict[str, DatedColumn] = field(default_factory=dict)
    pieces: DatedColumn | None = None
    pieces_role: str = ""
    doubt: tuple[DatedColumn, ...] = ()
    by_values: set[str] = field(default_factory=set)

    @property
    def main(self) -> str:
        """The role whose date an alert is counted by."""
        return "occurred_from" if "occurred_from" in self.chosen else "reported_at"

    def of(self, role: str) -> list[DatedColumn]:
        """The columns that are of a stage by their headings, but for the one that is the event's."""
        event = self.chosen.get("occurred_from")
        return [one for one in self.all if one.role == role and one is not event]

    def take_event(self, event: DatedColumn, *, by_values: bool = False) -> None:
        """Take a column for the event's date, maybe because its values say so."""
        self.chosen["occurred_from"] = event
        self.by_values |= {"occurred_from"} if by_values else set()


def stages_of(dated: Sequence[DatedColumn], pieces: DatedColumn | None, event: int | None) -> Stages:
    """Choose the columns; `event` is the place of the one that a person chose for the event."""
    stages = Stages(_to_compare(dated))
    answered = next((one for one in dated if one.column.place == event), None)
    if answered is not None:
        stages.take_event(answered)
    elif event is None:
        _choose_event(stages)
    _choose_report(stages)
    if event is None and not stages.doubt and "occurred_from" in stages.chosen:
        _check_against_others(stages, stages.chosen["occurred_from"])
    _choose_ends(stages)
    if pieces is not None and answered is None:
        _choose_pieces(stages, pieces, answered=event == pieces.column.place)
    order = ("occurred_from", "reported_at", "occurred_to", "resolved_at")
    stages.chosen = {role: stages.chosen[role] for role in order if role in stages.chosen}
    stages.doubt = stages.doubt[:4] if event is None else ()
    return stages


def _to_compare(dated: Sequence[DatedColumn]) -> tuple[DatedColumn, ...]:
    """The columns that say their date best, where there are so many that comparing each with each takes minutes.

    Without dates of no stage that are the same in all of ten rows or more: the day of the export, of no alert.
    """
    best = set(sorted(dated, key=lambda one: one.rank, reverse=True)[:MOST_COMPARED])
    moments = {one: one.moments.at[one.moments.known] for one in dated if one in best}
    varied = tuple(
        one for one, at in moments.items() if one.role != "plain" or len(at) < LEAST_ROWS or (at != at[0]).any()
    )
    return varied if any(one.role != "other" for one in varied) else tuple(moments)


def _later_stages(dated: Sequence[DatedColumn], columns: Sequence[Column]) -> list[DatedColumn]:
    """The dates, those apart that only some alerts have and that are never before a date that all have.

    Such a date is of what followed, an answer or the end of the case, and neither the event's nor the report's. Where
    another column, the state, has other values in the rows with it than in those without, the case was closed then.
    """
    begun = any(one.role == "occurred_from" for one in dated)  # an end beside it is that of a span
    whole = sorted((one for one in dated if one.column.values.fill >= _ALL), key=lambda one: one.rank)[-_MOST_WHOLE:]
    gaps = [one for one in dated if one.column.values.fill < _ALL]
    closing = {one for one in gaps if any(tells_gaps(state, one.column) for state in columns)}

    def stage_of(one: DatedColumn) -> str:
        missing = 1 - one.column.values.fill
        if one.role == "resolved_at" and closing and one in whole:  # when a form was filled in, no case closed
            return "plain"
        if one.role not in ("plain", "occurred_to") or missing < FEW:
            return ""
        if not any(other.lag(one).not_after for other in whole):
            return ""
        if one in closing:
            return "resolved_at"
        return "" if begun and one.role == "occurred_to" else "other"

    return [replace(one, stage=stage_of(one)) for one in dated]


def tells_gaps(state: Column, date: Column) -> frozenset[str]:
    """The folded values of a column that stand in rows with a date, where it has few values, each of which stands in
    rows with the date alone or in rows without it; else none.
    """
    if state is date or not 2 <= len(state.values.distinct) <= _MOST_STATES:
        return frozenset()
    filled = pd.Series([bool(text.strip()) for text in date.texts], dtype=float)
    shares = filled.groupby(pd.Series([fold(text) for text in state.texts])).mean()
    told = bool((shares.le(FEW) | shares.ge(_MOSTLY)).all() and shares.max() > 0.5 > shares.min())
    return frozenset(shares.index[shares > 0.5]) if told else frozenset()


def _choose_event(stages: Stages) -> None:
    named, plain = stages.of("occurred_from"), stages.of("plain")
    if named:  # of several headings that say it as well, the earliest
        best = max(named, key=lambda one: one.rank)
        event = _earliest([one for one in named if one.rank[0] >= best.rank[0] - 0.1]) or best
        stages.take_event(event, by_values=event is not best)
    elif reports := stages.of("reported_at"):
        _event_before_report(stages, plain, _first_report(reports, None))
    else:
        _event_of_plain(stages, plain)


def _event_before_report(stages: Stages, plain: Sequence[DatedColumn], report: DatedColumn) -> None:
    """A date without a stage is the event where it is not after the report; it may also be of a later stage.

    Where its heading says no more than the values, it needs a time of day of its own, or it is the only one and all
    rows agree; else a person is asked.
    """
    able, unclear = [], []
    for one in plain:
        found = one.lag(report)
        if not found.told:
            able += [one] if one.named else []
        elif found.not_after and found.days <= YEAR:
            able += [one] if one.named or one.clock is not None or found.earlier >= FEW else []
        elif one.named and found.earlier > FEW:
            unclear.append(one)
    event = _earliest(able) or (able[0] if len(able) == 1 else None)
    if event is not None:
        stages.take_event(event, by_values=not event.named)
        sure = event.named or event.clock is not None or (len(able) == 1 and event.lag(report).agreed_before)
        stages.doubt = () if sure and not unclear else (event, *unclear, report)
    elif able:
        first = max(able, key=lambda one: one.rank)
        stages.take_event(first)
        told = first.lag(able[0] if able[0] is not first else able[-1]).told
        stages.doubt = (first, *(one for one in able if one is not first)) if told else ()
    elif unclear:
        stages.take_event(unclear[0])
        stages.doubt = (*unclear, report)


def _event_of_plain(stages: Stages, plain: Sequence[DatedColumn]) -> None:
    """Dates without any stage: the earliest of those whose headings say that they are dates, else of all.

    Without what lies more than a year before all other dates, as birthdays do.
    """
    closed = stages.of("resolved_at")
    able = [one for one in plain if one.named] or list(plain)
    able = [one for one in able if not any(end.lag(one).mostly_before for end in closed)] or able
    if not able:
        return
    lags = {one: [one.lag(other) for other in able if other is not one] for one in able}
    near = [one for one, found in lags.items() if any(not lag.told or abs(lag.days) <= YEAR for lag in found)]
    able = near or able
    best = max(able, key=lambda one: one.rank)
    event = _earliest(able) or best
    stages.take_event(event, by_values=event is not best)
    beside = {one: event.lag(one) for one in able if one is not event}
    rivals = [one for one, lag in beside.items() if lag.told and lag.later > FEW]
    rivals += [one for one in plain if one not in able and one.lag(event).mostly_before]
    stages.doubt = (event, *rivals) if rivals else ()


def _earliest(able: Sequence[DatedColumn]) -> DatedColumn | None:
    """The column that is not after any of the others; of equal ones that which says its date best."""
    first = [one for one in able if all(one is other or one.lag(other).not_after for other in able)]
    return max(first, key=lambda one: one.rank) if first else None


def _first_report(reports: Sequence[DatedColumn], event: DatedColumn | None) -> DatedColumn:
    """The report's column by its name; of several that are as clear, the earliest that is not before the event."""
    best = max(reports, key=lambda one: one.rank)
    for one in reports:
        found = one.lag(best)
        earlier = one.clear >= best.clear and found.mostly_before and found.not_after
        if earlier and (event is None or event.lag(one).not_after):
            best = one
    return best


def _choose_report(stages: Stages) -> None:
    """The report's date by its name; without one, the next date after the event that has no stage of its own.

    The beginning of something else than the event ("fecha inicio" beside "fecha hecho") is one, where it is later.
    """
    event, reports = stages.chosen.get("occurred_from"), stages.of("reported_at")
    if reports:
        stages.chosen["reported_at"] = _first_report(reports, event)
    if reports or event is None:
        return
    by_values = event.role == "plain"
    able = []
    for one in stages.all:
        found = event.lag(one)
        if one.role == "plain" and one is not event and one not in stages.doubt and (one.named or by_values):
            later = found.not_after and abs(found.days) <= YEAR
            able += [one] if later or (not found.told and one.named and not by_values) else []
        elif one.role == "occurred_from" and one is not event and not one.column.head.has("occurred"):
            able += [one] if found.mostly_before and found.not_after else []
    if able:
        stages.chosen["reported_at"] = _earliest(able) or max(able, key=lambda one: one.rank)
        stages.by_values |= {"reported_at"} if by_values else set()


def _check_against_others(stages: Stages, event: DatedColumn) -> None:
    """Doubt an event by its heading where another date that can be the event is earlier in most rows.

    Of a few rows all must say so.
    """
    plain = [one for one in stages.of("plain") if one.named or one.clock is not None]
    rivals = []
    for one in (*stages.of("reported_at"), *plain):
        found = one.lag(event)
        all_say = found.n >= FEWEST_ROWS and found.earlier == 1 and found.days <= YEAR
        rivals += [one] if found.mostly_before or all_say else []
    if rivals:
        stages.doubt = (event, *sorted(rivals, key=lambda one: one.rank, reverse=True))


def _choose_ends(stages: Stages) -> None:
    """The end of a span, where it is not before its beginning nor after the report; and when a case was closed."""
    event, report = stages.chosen.get("occurred_from"), stages.chosen.get("reported_at")
    ends = [one for one in stages.of("occurred_to") if event is not None and not one.lag(event).mostly_before]
    ends = [
        one for one in ends if report is None or not (found := report.lag(one)).not_after or not found.mostly_before
    ]
    if ends:
        stages.chosen["occurred_to"] = max(ends, key=lambda one: one.rank)
    if closed := stages.of("resolved_at"):
        best = max(closed, key=lambda one: one.rank)
        later = [one for one in closed if one.clear >= best.clear and best.lag(one).mostly_before]
        stages.chosen["resolved_at"] = min(later, key=lambda one: one.column.values.fill, default=best)


def _choose_pieces(stages: Stages, pieces: DatedColumn, *, answered: bool) -> None:
    """A date in pieces is the event's (or the report's) where no whole one is, unless it repeats the report's.

    `answered`: whether a person chose it for the event.
    """
    report = stages.chosen.get("reported_at")
    if report is None and "occurred_from" not in stages.chosen:
        of_report = pieces.role == "reported_at" and not answered
        stages.pieces, stages.pieces_role = pieces, "reported_at" if of_report else "occurred_from"
        stages.chosen.pop("occurred_to", None)
        return
    if report is None or (not answered and ("occurred_from" in stages.chosen or pieces.role == "reported_at")):
        return
    of, to_the_day = report.moments, any(part.part == "day" for part in pieces.parts)
    if not to_the_day:
        of = Moments(of.at.astype("M8[M]").astype("M8[m]"), False)
    found, named = lag(pieces.moments, of), pieces.role == "occurred_from"
    more = pieces.moments.timed and not report.moments.timed
    before = found.not_after and (found.earlier >= FEW or more) and found.days <= YEAR
    if answered or (named and to_the_day) or (before and (to_the_day or named)):
        stages.pieces, stages.pieces_role = pieces, "occurred_from"
    elif before or (found.told and to_the_day and found.earlier > FEW):
        stages.doubt = (pieces, report)


def _findings(stages: Stages) -> Iterable[Message]:
    """What a reader should know: that only values say what the event is; that an unused date is earlier, mostly."""
    event, report = stages.chosen.get("occurred_from"), stages.chosen.get("reported_at")
    if event and report and not event.named and not stages.doubt and "occurred_from" in stages.by_values:
        yield Message(
            "No heading says when it happened. {column} was taken, since it is earlier than {report} in {share} % of "
            "the first rows.",
            {
                "column": event.column.head.label,
                "report": report.column.head.label,
                **percent(event.lag(report).earlier),
            },
        )
    main = stages.chosen.get(stages.main)
    for one in stages.all if main is not None and stages.pieces is None else ():
        unused = one not in stages.chosen.values() and one not in stages.doubt
        if main is not None and unused and (found := one.lag(main)).mostly_before:
            yield Message(
                "{used} is the date that is used, and {unused} is earlier in {share} % of the first rows. If {unused} "
                "says when it happened, choose it as the date of the event.",
                {"used": main.column.head.label, "unused": one.column.head.label, **percent(found.earlier)},
            )


_JOINED: Final = Message("The date stands in several columns")


def date_columns(known: Guesses, event: int | None = None) -> tuple[tuple[EventCandidate, ...], tuple[Message, ...]]:
    """Tell apart when something happened, ended, was reported and was closed, and join times to their dates.

    Every column that looks like a date or a time is taken, used or not. `event` is the place of the column that holds
    the date of the event, as a person said. Given back: columns of which a person must say which is the event, the
    first being the one that was taken; and what a reader should know of the choice.
    """
    columns = known.free()
    clocks = [column for column in columns if is_clock(column)]
    named = pieces_of(columns, clocks)
    pieces = named or _unnamed_pieces(columns)
    begins = pieces.column.place if pieces is not None else None
    # A year alone is no date where a person names a date in pieces by its year.
    dates = [one for one in columns if one not in clocks and (one.place in {event} - {begins} or _is_date(one))]
    known.taken |= {column.place for column in (*clocks, *dates)}
    beside = clocks_of_dates(dates, clocks)
    dated = [_dated([one, *([beside[one.place]] if one.place in beside else [])]) for one in dates]
    dated = _later_stages(dated, known.columns)
    stages = stages_of(dated, named, event)
    if named is None and pieces is not None and not stages.chosen:  # a person says whether it is the date
        stages.pieces, stages.pieces_role, stages.doubt = pieces, "occurred_from", () if event == begins else (pieces,)
    times = _times(stages, beside, clocks)
    for role, one in stages.chosen.items():
        joined = [times[role]] if role in times else []
        if joined and clock_part(joined[0]).part == "hour":
            minutes = (one for one in columns if one.head.has("minute") and one.values.between(0, 59) >= _OFTEN)
            joined += [one for one in minutes if one is not joined[0]][:1]
        parts = (Part(one.column.place, "date" if joined else "value"), *map(clock_part, joined))
        known.take(role, _reason(one, bool(joined), role, stages, event), *parts)
    _span_of_hours(known, clocks)
    if stages.pieces is not None:
        why = Guess(0.8, (HEADING, _JOINED)) if named else Guess(0.4, (_JOINED,))
        known.take(stages.pieces_role, why, *stages.pieces.parts)
    findings = (*_findings(stages), *_findings_of_times(known, stages, beside, times, columns))
    return tuple(map(_candidate, stages.doubt)), findings


def _is_date(column: Column) -> bool:
    head, values = column.head, column.values
    explicit = headings.date_role(head) != "plain" and not {"at", "on"}.isdisjoint(head.words)
    named = explicit or headings.says_date(head)
    if not values.given:
        return named
    # Numbers of cases such as 2025-1 look like months.
    written = values.share_of("dates") >= _OFTEN and headings.identity_score(head) < 0.5
    return written or (named and (values.share_of("compact_dates") >= _OFTEN or values.counted_dates != ""))


def _times(stages: Stages, beside: Mapping[int, Column], clocks: Sequence[Column]) -> dict[str, Column]:
    """The time of day of each date that was chosen: its own; the only one that is nobody's belongs to the main date."""
    chosen = {role: one for role, one in stages.chosen.items() if not one.column.values.tells_the_time}
    times = {role: beside[one.column.place] for role, one in chosen.items() if one.column.place in beside}
    main = stages.main
    if main not in chosen or main in times:
        return times
    roles = {clock: headings.date_role(clock.head) for clock in clocks}
    plain = [clock for role in (main, "plain") for clock in clocks if roles[clock] == role]
    free = [clock for clock in plain if clock not in times.values()]
    if plain and (free or len(clocks) == 1):
        # One time of day for several dates is that of the event; one beside another date that has its name is not.
        taken = (free or plain)[0]
        times = {role: clock for role, clock in times.items() if clock is not taken} | {main: taken}
    elif len(clocks) == len(stages.chosen) == 1 and roles[clocks[0]] != "other":
        times[main] = clocks[0]
    return times


def _findings_of_times(
    known: Guesses,
    stages: Stages,
    beside: Mapping[int, Column],
    times: Mapping[str, Column],
    columns: Sequence[Column],
) -> Iterable[Message]:
    """That the time of the main date stands beside another date; that the minute of an hour with its end is unknown."""
    main, clock = stages.chosen.get(stages.main), times.get(stages.main)
    others = [one for one in stages.all if clock is not None and beside.get(one.column.place) is clock]
    if main is not None and clock is not None and others and main not in others:
        yield Message(
            "{clock} was read as the time of {date}, although it stands beside {other}.",
            {"clock": clock.head.label, "date": main.column.head.label, "other": others[0].column.head.label},
        )
    places = {part.place for parts in known.roles.values() for part in parts if part.part in ("time", "hour")}
    for one in columns:
        if one.place in places and one.values.share_of("hour_spans") >= _OFTEN:
            yield Message(
                "{column} gives the hour ({example}), of which the beginning is the time; the minute is not known.",
                {"column": one.head.label, "example": one.values.texts[0]},
            )


def _span_of_hours(known: Guesses, clocks: Sequence[Column]) -> None:
    """One date with the time at which it began and the time at which it ended: both are of that day."""
    parts = known.roles.get("occurred_from", ())
    if "occurred_to" in known.roles or len(parts) < 2 or parts[0].part != "date":
        return
    begun = [clock for clock in clocks if clock.place == parts[1].place and headings.begins(clock.head)]
    ends = [clock for clock in clocks if headings.date_role(clock.head) == "occurred_to"]
    if begun and len(ends) == 1:
        known.take("occurred_to", Guess(0.8, (HEADING, _JOINED)), parts[0], clock_part(ends[0]))


def _candidate(one: DatedColumn) -> EventCandidate:
    """What a person sees of a column: its first dates with their times, and its hours; no text that is no date."""
    known = one.moments.known
    shown = list(dict.fromkeys(text for text, dated in zip(one.texts, known, strict=True) if dated))[:3]
    of_day = one.moments.at[known].astype("M8[h]").astype(np.int64) % 24
    hours = np.bincount(of_day, minlength=24).tolist() if one.moments.timed else ()
    return EventCandidate(one.column.place, tuple(shown), tuple(hours))


def _reason(one: DatedColumn, joined: bool, role: str, stages: Stages, event: int | None) -> Guess:
    """How sure the role of a date is, and why."""
    reasons, values, share = [HEADING] if one.named else [], one.column.values, None
    if role == "occurred_from" and one.column.place == event:
        reasons.append(Message("A person chose it"))
    elif one.clear <= 0.65 and role in stages.by_values:
        reasons.append(Message("Its dates are earlier than those of the other columns"))
    elif one.clear <= 0.65:
        reasons.append(Message("The heading does not say whether it is the event or the report"))
    if values.given:
        share = max(values.share_of("dates"), values.share_of("compact_dates"), float(values.counted_dates != ""))
        reasons.append(Message(FITS.text, percent(share)))
    return guess(one.clear, share, *reasons, *([_JOINED] if joined else []))
