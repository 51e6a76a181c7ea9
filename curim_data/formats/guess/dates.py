"""Which columns say when: dates, their times of day, the pieces of a date, and which of several dates is the event's.

An alert passes through stages: it happens, it is reported, it is registered, it is closed. A column that is earlier
than another one or equal to it in nearly all rows is of the earlier stage, whatever its heading says. Where heading and
values contradict each other, or neither tells, the columns that are left are given back as a doubt: a person decides.
Moments are read for this comparison only: times with an offset are compared with a margin, and a date that can be read
in two ways in a column that writes both orders of day and month is left out. The import parses the whole file anew.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from curim_data.formats.base import EventCandidate, Guess, Part
from curim_data.formats.guess import headings
from curim_data.formats.guess.headings import HEADING, Column, concept, guess, percent
from curim_data.lexicon.times import month_of
from curim_data.model import BoolArray, Message

_DAY: Final = 1_440  # minutes
_TIME: Final = (
    r"(?:[ T,]+(?:- )?(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?:[:.]\d{2}(?:[.,]\d+)?)? ?(?P<half>[apπμµ])?.*)?"
)
_FORMS: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){_TIME}(?:z|[+-]\d{{2}}:?\d{{2}})?",
        rf"(?P<one>\d{{1,2}}) ?[/.\-] ?(?P<two>\d{{1,2}}) ?[/.\-] ?(?P<year>\d{{4}}|\d{{2}}){_TIME}",
        r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})(?:[T ]?(?P<hour>\d{2}):?(?P<minute>\d{2}).*)?",
        rf"(?P<day>\d{{1,2}})(?:\.|º|η|er)?[ \-/.]*(?:de )?"
        rf"(?P<name>[^\W\d_]{{3,12}})[ \-/.,]*(?:de |del )?(?P<year>\d{{4}}){_TIME}",
        rf"(?P<name>[^\W\d_]{{3,12}})\.? (?P<day>\d{{1,2}}),? (?P<year>\d{{4}}){_TIME}",
        r"(?P<name>[^\W\d_]{3,12})\.?,?[ \-/](?:de |del )?(?P<year>\d{4})",
        r"(?P<year>\d{4})[-/](?P<month>\d{1,2})",
    )
)
_CLOCK: Final = re.compile(
    r"(?:.*[T ])?(?P<hour>\d{1,2}) ?(?:[:.h] ?(?P<minute>\d{2})(?:[:.]\d{2}.*?)?|h|uhr)?"
    r" ?(?P<half>[apπμµ]\.? ?[mμµ]\.?)?.{0,5}",
    re.IGNORECASE,
)
_OFFSET: Final = re.compile(r".*\d:\d{2}(?::\d{2}(?:[.,]\d+)?)? ?(?:z|[+-]\d{2}:?\d{2})", re.IGNORECASE)
_OFFSETS: Final = 14 * 60
_NONE: Final = -(2**62)
_EPOCH: Final = dt.date(1970, 1, 1)


@dataclass(frozen=True)
class Moments:
    """Minutes since 1970 of a column's first records; `_NONE` where there is none. `timed`: whether a time is known;
    `zoned`: whether the times have offsets, mostly UTC."""

    minutes: npt.NDArray[np.int64]
    timed: bool
    zoned: bool = False

    @cached_property
    def known(self) -> BoolArray:
        """Which records have a moment."""
        return np.asarray(self.minutes != _NONE, bool)

    @property
    def constant(self) -> bool:
        """Whether ten records or more have one and the same moment."""
        known = self.minutes[self.known]
        return len(known) >= 10 and bool((known == known[0]).all())

    @cached_property
    def in_months(self) -> Moments:
        """The first days of the months of the moments."""
        stamps = np.where(self.known, self.minutes, 0).astype("datetime64[m]").astype("datetime64[M]")
        minutes = stamps.astype("datetime64[m]").astype(np.int64)
        return Moments(np.where(self.known, minutes, _NONE), False)

    @property
    def hours(self) -> tuple[int, ...]:
        """How many of the moments fall into each of the 24 hours; nothing where no time is known."""
        if not self.timed:
            return ()
        return tuple(np.bincount((self.minutes[self.known] % _DAY) // 60, minlength=24).tolist())


@dataclass(frozen=True)
class Lag:
    """How two columns of moments stand to each other, over the records that have both.

    `n`: how many; `earlier`, `later`: share of those in which the first is earlier, or later, than the second;
    `days`: the median number of days from the first to the second.
    """

    n: int
    earlier: float
    later: float
    days: float


def lag(one: Moments, other: Moments) -> Lag:
    """Compare two columns: by minutes where both know the time, else by days."""
    both = one.known & other.known
    first, second = one.minutes[both], other.minutes[both]
    if not (one.timed and other.timed):
        first, second = first // _DAY * _DAY, second // _DAY * _DAY
    if not len(first):
        return Lag(0, 0.0, 0.0, 0.0)
    between = second - first
    if one.zoned != other.zoned:  # UTC beside local time: what lies within the offsets there are is equal
        between = np.where(abs(between) <= (_OFFSETS if one.timed and other.timed else _DAY), 0, between)
    return Lag(len(first), float((between > 0).mean()), float((between < 0).mean()), float(np.median(between)) / _DAY)


def moments_of(texts: Sequence[str], clocks: Sequence[str] | None = None) -> Moments:
    """Read the dates of a column, with the times of day of another one; each order of day and month as it can be read.

    Where no date of the column shows the order, the day comes first.
    """
    found = {text: _fields(text.strip()) for text in set(texts)}
    pairs = [(int(one["one"]), int(one["two"])) for one in found.values() if one and one.get("one")]
    day_first, month_first = sum(a > 12 >= b for a, b in pairs), sum(b > 12 >= a for a, b in pairs)
    mixed = bool(day_first and month_first)
    numbers = _counted(found)
    read = {
        text: numbers.get(text) or (_minutes(fields, bool(day_first) or not month_first, mixed) if fields else None)
        for text, fields in found.items()
    }
    times = {text: _of_day(text.strip()) for text in set(clocks)} if clocks is not None else {}
    minutes = np.full(len(texts), _NONE, np.int64)
    for at, text in enumerate(texts):
        moment = read[text]
        if moment is not None:
            clock = times.get(clocks[at]) if clocks is not None else None
            minutes[at] = moment if clock is None else moment // _DAY * _DAY + clock
    timed = any(minute % _DAY for minute in minutes[minutes != _NONE].tolist())
    zoned = sum(bool(_OFFSET.fullmatch(text.strip())) for text in found) > len(found) / 2
    return Moments(minutes, timed, zoned)


def moments_of_pieces(pieces: Mapping[str, Sequence[str]]) -> Moments:
    """Read moments whose year, month (a number or a name), day and hour stand in columns of their own."""
    months = (month_of(text.strip()) or _whole(text) or 0 for text in pieces["month"])
    days = pieces.get("day", ("1",) * len(pieces["year"]))
    dates = [
        f"{_whole(year) or 0:04d}-{month}-{_whole(day) or 1}"
        for year, month, day in zip(pieces["year"], months, days, strict=True)
    ]
    hours = [f"{_whole(hour) or 0}:00" for hour in pieces.get("hour", ())]
    return moments_of(dates, pieces.get("time") or hours or None)


def _fields(text: str) -> dict[str, str] | None:
    for form in _FORMS:
        if match := form.fullmatch(text):
            return {name: value for name, value in match.groupdict().items() if value}
    return None


def _minutes(fields: dict[str, str], day_first: bool, mixed: bool) -> int | None:
    year = int(fields["year"])
    year += 0 if year >= 100 else 2000 if year < 69 else 1900
    day, month = int(fields.get("day", 1)), int(fields.get("month", 0))
    if "one" in fields:
        one, two = int(fields["one"]), int(fields["two"])
        if mixed and max(one, two) <= 12 and one != two:
            return None
        first = one > 12 or (two <= 12 and day_first)
        day, month = (one, two) if first else (two, one)
    if "name" in fields:
        month = month_of(fields["name"])
    days = _days(year, month, day)
    if days is None:
        return None
    return days * _DAY + _time(fields)


def _time(fields: dict[str, str]) -> int:
    hour, minute = int(fields.get("hour", 0)), int(fields.get("minute", 0))
    half = fields.get("half", "").casefold()[:1]
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (0 if half in "aπ" else 12)
    return min(hour * 60 + minute, _DAY - 1)


def _days(year: int, month: int, day: int) -> int | None:
    try:
        return (dt.date(year, month, day) - _EPOCH).days if 1900 <= year <= 2200 else None
    except ValueError:
        return None


def _of_day(text: str) -> int | None:
    if match := re.fullmatch(r"(\d{3,6})(?:\.0+)?", text):
        text = match[1]
        digits = text.zfill(4 if len(text) <= 4 else 6)
        return min(int(digits[:2]) * 60 + int(digits[2:4]), _DAY - 1)
    match = _CLOCK.fullmatch(text)
    return _time({name: value for name, value in match.groupdict().items() if value}) if match else None


def _counted(found: dict[str, dict[str, str] | None]) -> dict[str, int]:
    """Moments of a column of nothing but numbers that count days of a spreadsheet, seconds or milliseconds."""
    texts = [text for text in found if text.strip()]
    if not texts or not all(re.fullmatch(r" *\d+(?:\.\d+)? *", text) for text in texts):
        return {}
    numbers = {text: float(text) for text in texts}
    for low, high, unit, origin in ((20_000, 60_000, 1 / _DAY, -25_569), (1e9, 1e10, 60, 0), (1e12, 1e13, 60_000, 0)):
        if all(low <= number <= high for number in numbers.values()):
            return {text: round(number / unit) + origin * _DAY for text, number in numbers.items()}
    return {}


def _whole(text: str) -> int | None:
    match = re.fullmatch(r"(\d{1,4})(?:\.0+)?", text.strip())
    return int(match[1]) if match else None


def is_clock(column: Column) -> bool:
    """Whether times of day stand in a column: 22:15, 10:15 μ.μ., or 815 and 22-23 under a heading that says so."""
    head, values = column.head, column.values
    named = head.has("time") and not headings.says_date(head)
    if not values.given:
        return named
    if values.share_of("times") >= (_OFTEN if head.has("time") else 0.9):
        return True
    hour = (named or head.has("hour")) and not head.has("age")
    return (named and values.share_of("hhmm") >= _OFTEN) or (hour and values.share_of("hour_spans") >= 0.9)


def clocks_of_dates(dates: Sequence[Column], clocks: Sequence[Column]) -> dict[int, Column]:
    """The time of day of each date that carries none, by the date's place.

    First those of the same stage by their headings. Then one without a stage belongs to the date on its left, since a
    time follows its date; where none stands there, to the one on its right.
    """
    bare = {date.place: date for date in dates if not date.values.tells_the_time}
    found: dict[int, Column] = {}
    for date in bare.values():
        role = headings.date_role(date.head)
        same = [clock for clock in clocks if role not in ("plain", "other") and headings.date_role(clock.head) == role]
        if same:
            found[date.place] = min(same, key=lambda clock: (clock.place < date.place, abs(clock.place - date.place)))
    for clock in clocks:
        if clock in found.values() or headings.date_role(clock.head) not in ("plain",):
            continue
        for place in (clock.place - 1, clock.place + 1):
            if place in bare and place not in found:
                found[place] = clock
                break
    return found


def clock_part(column: Column) -> Part:
    """What a column of times gives: whole times, or hours, or minutes."""
    head, values = column.head, column.values
    if head.has("minute") and not head.has("time"):
        return Part(column.place, "minute")
    hours = values.share_of("whole") >= _OFTEN and values.between(0, 24) == 1.0
    if head.has("hour") and (hours or (not values.given and "hour" in head.words)):
        return Part(column.place, "hour")
    return Part(column.place, "time")


def minutes_of(clock: Column, columns: Sequence[Column]) -> tuple[Column, ...]:
    """The column of minutes next to one of hours."""
    if clock_part(clock).part != "hour":
        return ()
    minutes = (one for one in columns if one.head.has("minute") and one.values.between(0, 59) >= _OFTEN)
    return tuple(one for one in minutes if one is not clock)[:1]


_PIECES: Final = (
    ("year", 1900, 2100),
    ("month", 1, 12),
    ("day", 1, 31),
    ("hour", 0, 24),
    ("minute", 0, 59),
    ("second", 0, 59),
)
_UNITS: Final = concept("time", *(piece for piece, _, _ in _PIECES)) | {"de", "del", "da", "do"}


@dataclass(frozen=True)
class Pieces:
    """The columns that make up a date, the greatest piece first, what they are of (`headings.date_role`), and the dates
    that they are together, under the year's heading."""

    parts: tuple[Part, ...]
    role: str
    whole: DatedColumn

    @property
    def to_the_day(self) -> bool:
        """Whether the day is known."""
        return any(part.part == "day" for part in self.parts)


def pieces_of(columns: Sequence[Column], clocks: Sequence[Column]) -> Pieces | None:
    """The best set of pieces: that of the event before one without a name, this before the report's; most pieces."""
    years = [column for column in columns if _fits(column, *_PIECES[0])]
    found = [pieces for year in years if (pieces := _pieces(year, columns, clocks)) is not None]
    rank = {"occurred_from": 2, "plain": 1, "reported_at": 0}
    able = [pieces for pieces in found if pieces.role in rank]
    return max(able, key=lambda one: (rank[one.role], len(one.parts), -one.parts[0].place)) if able else None


def _pieces(year: Column, columns: Sequence[Column], clocks: Sequence[Column]) -> Pieces | None:
    """Year and month, and what else there is from the greatest piece down; nothing without these two.

    Columns whose other words are those of the year's heading come first ("Año hecho", "Mes hecho").
    """
    parts, used = [Part(year.place, "year")], [year]
    rest = set(year.head.words) - _UNITS
    for piece, low, high in _PIECES[1:]:
        able = [one for one in columns if one not in used and _fits(one, piece, low, high)]
        able.sort(key=lambda one: (set(one.head.words) - _UNITS != rest, abs(one.place - year.place)))
        if not able:
            break
        parts.append(Part(able[0].place, piece))
        used.append(able[0])
    if len(parts) < 2:
        return None
    role = headings.date_role(year.head)
    if parts[-1].part == "day":
        same = [one for one in clocks if headings.date_role(one.head) in (role, "plain")]
        if same:
            parts.append(clock_part(same[0]))
            used.append(same[0])
    moments = moments_of_pieces({part.part: column.texts for part, column in zip(parts, used, strict=True)})
    rows = zip(*(column.texts for column in used), strict=True)
    texts = tuple(" ".join(map(str.strip, cells)) for cells in rows)
    return Pieces(tuple(parts), role, DatedColumn(year, moments, pieces=texts))


def _fits(column: Column, piece: str, low: int, high: int) -> bool:
    """Whether a heading names the piece and the values can be it; months may be written by their names."""
    values = column.values
    if not column.head.has(piece):
        return False
    if not values.given or values.between(low, high) >= _OFTEN:
        return True
    return piece == "month" and values.share_of("months") >= _OFTEN


LEAST_ROWS: Final = 10  # with both dates: fewer tell nothing
FEWEST_ROWS: Final = 2  # all of which contradict a heading
FEW: Final = 0.05  # a share of rows that may contradict what nearly all say
MOST: Final = 0.5
YEAR: Final = 366  # days: a date that lies further back is a birthday, not the event of a report
MOST_ASKED: Final = 4
AGREED_ROWS: Final = 20  # all of which make a date without a telling heading the event's
NEARLY_ALL_OF: Final = 100  # rows of which `FEW` may say otherwise
AGREED_DAYS: Final = 31  # from the event to the report, in the middle: more is a date of something else
MOST_COMPARED: Final = 40
_ROLES: Final = ("occurred_from", "reported_at", "occurred_to", "resolved_at")


@dataclass(frozen=True, eq=False)
class DatedColumn:
    """A column of dates, its first moments, and the column of times that is its own, or what stands in its `pieces`."""

    column: Column
    moments: Moments
    clock: Column | None = None
    pieces: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """The first dates as they stand, with their times or their pieces."""
        if self.pieces:
            return self.pieces
        texts = self.column.texts
        times = self.clock.texts if self.clock is not None else ("",) * len(texts)
        return tuple(f"{text.strip()} {time.strip()}".strip() for text, time in zip(texts, times, strict=True))

    @cached_property
    def role(self) -> str:
        """What the heading says that its dates are of."""
        return headings.date_role(self.column.head)

    @cached_property
    def clear(self) -> float:
        """How clearly the heading says it (0 to 1)."""
        return headings.clearness(self.column.head)

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

    def not_after(self, other: DatedColumn) -> bool:
        """Whether it is earlier or equal in nearly all of enough rows."""
        found = self.lag(other)
        return found.n >= LEAST_ROWS and found.later <= FEW

    def mostly_before(self, other: DatedColumn) -> bool:
        """Whether it is truly earlier in most of enough rows, and by no more than a year."""
        found = self.lag(other)
        return found.n >= LEAST_ROWS and found.earlier > MOST and found.days <= YEAR

    def before_in_all(self, other: DatedColumn) -> bool:
        """Whether it is truly earlier in every row, however few there are, and by no more than a year."""
        found = self.lag(other)
        return found.n >= FEWEST_ROWS and found.earlier == 1 and found.days <= YEAR

    def agreed_before(self, other: DatedColumn) -> bool:
        """Whether it is truly earlier in all of enough rows, or in nearly all of many, and by no more than a month."""
        found = self.lag(other)
        all_agree = found.n >= AGREED_ROWS and found.earlier == 1
        nearly = found.n >= NEARLY_ALL_OF and found.earlier >= 1 - FEW
        return (all_agree or nearly) and found.days <= AGREED_DAYS


@dataclass
class Stages:
    """The column of each role, and what stays open.

    `pieces`: what gives `pieces_role` where no whole date does. `doubt`: columns of which a person must say which is
    the event, the one taken first. `by_values`: roles that the values decided.
    """

    all: tuple[DatedColumn, ...]
    chosen: dict[str, DatedColumn] = field(default_factory=dict)
    pieces: Pieces | None = None
    pieces_role: str = ""
    doubt: tuple[DatedColumn, ...] = ()
    by_values: set[str] = field(default_factory=set)
    findings: tuple[Message, ...] = ()

    @property
    def main(self) -> str:
        """The role whose date an alert is counted by."""
        return "occurred_from" if "occurred_from" in self.chosen else "reported_at"

    def of(self, role: str) -> list[DatedColumn]:
        """The columns that are of a stage by their headings, but for the one that is the event's."""
        event = self.chosen.get("occurred_from")
        return [one for one in self.all if one.role == role and one is not event]


def stages_of(dated: Sequence[DatedColumn], pieces: Pieces | None, event: int | None) -> Stages:
    """Choose the columns; `event` is the place of the one that a person chose for the event."""
    stages = Stages(_without_export_dates(_clearest(dated)))
    answered = next((one for one in dated if one.column.place == event), None)
    if answered is not None:
        stages.chosen["occurred_from"] = answered
    elif event is None:
        _choose_event(stages)
    _choose_report(stages)
    if event is None and not stages.doubt:
        _check_against_report(stages)
    _choose_ends(stages)
    if pieces is not None and answered is None:
        _choose_pieces(stages, pieces, event)
    stages.chosen = {role: stages.chosen[role] for role in _ROLES if role in stages.chosen}
    stages.doubt = stages.doubt[:MOST_ASKED] if event is None else ()
    stages.findings = (*_chosen_by_values(stages), *_later_than_unused(stages))
    return stages


def _clearest(dated: Sequence[DatedColumn]) -> Sequence[DatedColumn]:
    """The columns that say their date best, where there are so many that comparing each with each takes minutes."""
    if len(dated) <= MOST_COMPARED:
        return dated
    best = sorted(dated, key=lambda one: one.rank, reverse=True)[:MOST_COMPARED]
    return [one for one in dated if one in best]


def _without_export_dates(dated: Sequence[DatedColumn]) -> tuple[DatedColumn, ...]:
    """Leave out dates without a stage that are the same in all of enough rows: the day of the export, of no alert."""
    varied = tuple(one for one in dated if one.role != "plain" or not one.moments.constant)
    return varied if any(one.role != "other" for one in varied) else tuple(dated)


def _choose_event(stages: Stages) -> None:
    named = stages.of("occurred_from")
    plain = [one for one in stages.all if one.role == "plain"]
    if named:
        _event_by_name(stages, named)
    elif reports := stages.of("reported_at"):
        _event_before_report(stages, plain, _first_report(reports, None))
    else:
        _event_of_plain(stages, plain)


def _event_by_name(stages: Stages, named: Sequence[DatedColumn]) -> None:
    """The column whose heading says it; of several that say it as well, the earliest."""
    best = max(named, key=lambda one: one.rank)
    near = [one for one in named if one.rank[0] >= best.rank[0] - 0.1]
    event = _earliest(near) or best
    stages.chosen["occurred_from"] = event
    if event is not best:
        stages.by_values.add("occurred_from")


def _event_before_report(stages: Stages, plain: Sequence[DatedColumn], report: DatedColumn) -> None:
    """A date without a stage is the event where it is not after the report; it may also be of a later stage.

    Where its heading says no more than the values, it needs a time of day of its own, or it is the only one and all
    rows agree; else a person is asked.
    """
    able, unclear = [], []
    for one in plain:
        found = one.lag(report)
        if found.n < LEAST_ROWS:
            able += [one] if one.named else []
        elif found.later <= FEW and found.days <= YEAR:
            able += [one] if one.named or one.clock is not None or found.earlier >= FEW else []
        elif one.named and found.earlier > FEW:
            unclear.append(one)
    event = _earliest(able) or (able[0] if len(able) == 1 else None)
    if event is not None:
        stages.chosen["occurred_from"] = event
        if not event.named:
            stages.by_values.add("occurred_from")
        sure = event.named or event.clock is not None or (len(able) == 1 and event.agreed_before(report))
        stages.doubt = () if sure and not unclear else (event, *unclear, report)
    elif able:
        first = max(able, key=lambda one: one.rank)
        stages.chosen["occurred_from"] = first
        told = first.lag(able[0] if able[0] is not first else able[-1]).n >= LEAST_ROWS
        stages.doubt = (first, *(one for one in able if one is not first)) if told else ()
    elif unclear:
        stages.chosen["occurred_from"] = unclear[0]
        stages.doubt = (*unclear, report)


def _event_of_plain(stages: Stages, plain: Sequence[DatedColumn]) -> None:
    """Dates without any stage: the earliest of those whose headings say that they are dates, else of all."""
    closed = stages.of("resolved_at")
    able = [one for one in plain if one.named] or list(plain)
    able = [one for one in able if not any(end.mostly_before(one) for end in closed)] or able
    if not able:
        return
    able = _without_birthdays(able)
    best = max(able, key=lambda one: one.rank)
    event = _earliest(able) or best
    stages.chosen["occurred_from"] = event
    if len(able) > 1 and event is not best:
        stages.by_values.add("occurred_from")
    rivals = [one for one in able if one is not event and not event.not_after(one) and _differ(one, event)]
    rivals += [one for one in plain if one not in able and one.mostly_before(event)]
    if rivals:
        stages.doubt = (event, *rivals)


def _differ(one: DatedColumn, other: DatedColumn) -> bool:
    found = one.lag(other)
    return found.n >= LEAST_ROWS and found.earlier + found.later > FEW


def _without_birthdays(able: Sequence[DatedColumn]) -> list[DatedColumn]:
    """Leave out what lies more than a year before all other dates."""
    near = [
        one
        for one in able
        if len(able) == 1
        or any(
            abs(found.days) <= YEAR or found.n < LEAST_ROWS
            for found in (one.lag(other) for other in able if other is not one)
        )
    ]
    return near or list(able)


def _earliest(able: Sequence[DatedColumn]) -> DatedColumn | None:
    """The column that is not after any of the others; of equal ones that which says its date best."""
    first = [one for one in able if all(one is other or one.not_after(other) for other in able)]
    return max(first, key=lambda one: one.rank) if first else None


def _first_report(reports: Sequence[DatedColumn], event: DatedColumn | None) -> DatedColumn:
    """The report's column by its name; of several that are as clear, the earliest that is not before the event."""
    best = max(reports, key=lambda one: one.rank)
    for one in reports:
        if (
            one.clear >= best.clear
            and one.mostly_before(best)
            and one.not_after(best)
            and (event is None or event.not_after(one))
        ):
            best = one
    return best


def _choose_report(stages: Stages) -> None:
    """The report's date by its name; without one, the next date after the event that has no stage of its own.

    The beginning of something else than the event ("fecha inicio" beside "fecha hecho") is one, where it is later.
    """
    event = stages.chosen.get("occurred_from")
    reports = stages.of("reported_at")
    if reports:
        stages.chosen["reported_at"] = _first_report(reports, event)
        return
    if event is None:
        return
    begun = [one for one in stages.of("occurred_from") if not one.column.head.has("occurred")]
    begun = [one for one in begun if event.mostly_before(one) and event.not_after(one)]
    by_values = event.role == "plain"
    rest = [one for one in stages.of("plain") if one not in stages.doubt]
    able = []
    for one in rest:
        found = event.lag(one)
        told = found.n >= LEAST_ROWS
        later = told and found.later <= FEW and abs(found.days) <= YEAR
        if (one.named or by_values) and (later or (not told and one.named and not by_values)):
            able.append(one)
    able += begun
    if able:
        stages.chosen["reported_at"] = _earliest(able) or max(able, key=lambda one: one.rank)
        if by_values:
            stages.by_values.add("reported_at")


def _check_against_report(stages: Stages) -> None:
    """Doubt an event by its heading where another date that can be the event is earlier in most rows.

    Of a few rows all must say so.
    """
    event = stages.chosen.get("occurred_from")
    if event is None:
        return
    rivals = [
        one
        for one in stages.all
        if one is not event
        and (one.role == "reported_at" or (one.role == "plain" and (one.named or one.clock is not None)))
        and (one.mostly_before(event) or one.before_in_all(event))
    ]
    if rivals:
        stages.doubt = (event, *sorted(rivals, key=lambda one: one.rank, reverse=True))


def _choose_ends(stages: Stages) -> None:
    """The end of a span, where it is not before its beginning; and when a case was closed."""
    event, ends, closed = stages.chosen.get("occurred_from"), stages.of("occurred_to"), stages.of("resolved_at")
    ends = [one for one in ends if event is not None and not one.mostly_before(event)]
    if ends:
        stages.chosen["occurred_to"] = max(ends, key=lambda one: one.rank)
    if closed:
        stages.chosen["resolved_at"] = max(closed, key=lambda one: one.rank)


def _choose_pieces(stages: Stages, pieces: Pieces, event: int | None) -> None:
    """A date in pieces is the event's (or the report's) where no whole one is, unless it repeats the report's."""
    report = stages.chosen.get("reported_at")
    whole = pieces.whole
    answered = event == whole.column.place
    if not {"occurred_from", "reported_at"} & set(stages.chosen):
        stages.pieces, stages.pieces_role = pieces, "reported_at" if pieces.role == "reported_at" else "occurred_from"
        stages.chosen.pop("occurred_to", None)
        return
    if report is None or (not answered and ("occurred_from" in stages.chosen or pieces.role == "reported_at")):
        return
    found = (
        lag(whole.moments, report.moments)
        if pieces.to_the_day
        else lag(whole.moments.in_months, report.moments.in_months)
    )
    told, named = found.n >= LEAST_ROWS, pieces.role == "occurred_from"
    more = whole.moments.timed and not report.moments.timed
    before = told and found.later <= FEW and (found.earlier >= FEW or more) and found.days <= YEAR
    if answered or (before and (pieces.to_the_day or named)) or (named and pieces.to_the_day):
        stages.pieces, stages.pieces_role = pieces, "occurred_from"
    elif told and (before or (pieces.to_the_day and found.earlier > FEW)):
        stages.doubt = (whole, report)


def _chosen_by_values(stages: Stages) -> tuple[Message, ...]:
    """Say so where only the values say that a column is the event's."""
    event, report = stages.chosen.get("occurred_from"), stages.chosen.get("reported_at")
    if event is None or report is None or event.named or stages.doubt or "occurred_from" not in stages.by_values:
        return ()
    return (
        Message(
            "No heading says when it happened. {column} was taken, since it is earlier than {report} in {share} % of "
            "the first rows.",
            {
                "column": event.column.head.label,
                "report": report.column.head.label,
                **percent(event.lag(report).earlier),
            },
        ),
    )


def _later_than_unused(stages: Stages) -> tuple[Message, ...]:
    """Say of each date that is not used and is earlier than the one that is, in most rows, that it is."""
    main = stages.chosen.get(stages.main)
    if main is None or stages.pieces is not None:
        return ()
    said = []
    for one in stages.all:
        if one in stages.chosen.values() or one in stages.doubt or not one.mostly_before(main):
            continue
        said.append(
            Message(
                "{used} is the date that is used, and {unused} is earlier in {share} % of the first rows. If {unused} "
                "says when it happened, choose it as the date of the event.",
                {
                    "used": main.column.head.label,
                    "unused": one.column.head.label,
                    **percent(one.lag(main).earlier),
                },
            )
        )
    return tuple(said)


_OFTEN: Final = 0.7
_SHOWN: Final = 3


@dataclass
class DateColumns:
    """The roles of dates and times, and every column that looks like a date or a time, used or not.

    `events`: columns of which a person must say which is the event, the first being the one that was taken;
    `findings`: what a reader should know of the choice.
    """

    seen: set[int]
    roles: dict[str, tuple[Part, ...]] = field(default_factory=dict)
    guesses: dict[str, Guess] = field(default_factory=dict)
    events: tuple[EventCandidate, ...] = ()
    findings: tuple[Message, ...] = ()


def date_columns(columns: Sequence[Column], event: int | None = None) -> DateColumns:
    """Tell apart when something happened, ended, was reported and was closed, and join times to their dates.

    Parameters
    ----------
    columns : sequence of Column
        All that can hold a date or a piece of one.
    event : int, optional
        The place of the column that holds the date of the event, as a person said.
    """
    clocks = [column for column in columns if is_clock(column)]
    dates = [column for column in columns if column not in clocks and (column.place == event or _is_date(column))]
    found = DateColumns({column.place for column in (*clocks, *dates)})
    beside = clocks_of_dates(dates, clocks)
    dated = [_dated(column, beside.get(column.place)) for column in dates]
    pieces = pieces_of(columns, clocks)
    stages = stages_of(dated, pieces, event)
    times = _times(stages, beside, clocks)
    for role, one in stages.chosen.items():
        clock = times.get(role)
        joined = (*([clock] if clock else []), *minutes_of(clock, columns)) if clock else ()
        found.roles[role] = (Part(one.column.place, "date" if joined else "value"), *map(clock_part, joined))
        found.guesses[role] = _reason(one, bool(joined), role, stages, event)
        found.seen.update(column.place for column in joined)
    _span_of_hours(found, clocks)
    if stages.pieces is not None:
        found.roles[stages.pieces_role] = stages.pieces.parts
        found.guesses[stages.pieces_role] = Guess(0.8, (HEADING, Message("The date stands in pieces")))
        found.seen |= {part.place for part in stages.pieces.parts}
    found.events = tuple(_candidate(one) for one in stages.doubt)
    found.findings = (*stages.findings, *_shared_clock(stages, beside, times), *_hours_of_spans(found, columns))
    return found


def _dated(column: Column, clock: Column | None) -> DatedColumn:
    """A column of dates with its moments, which its own clock completes."""
    own = clock is not None and not column.values.tells_the_time
    moments = moments_of(column.texts, clock.texts if own and clock is not None else None)
    return DatedColumn(column, moments, clock if own else None)


def _is_date(column: Column) -> bool:
    head, values = column.head, column.values
    if values.given:
        # Numbers of cases such as 2025-1 look like months.
        named_otherwise = headings.identity_score(head) >= 0.5
        numbers = values.share_of("compact_dates") >= _OFTEN or values.counted_dates
        return (values.share_of("dates") >= _OFTEN and not named_otherwise) or (numbers and _says_when(head))
    return _says_when(head)


def _says_when(head: headings.Heading) -> bool:
    explicit = headings.date_role(head) != "plain" and not {"at", "on"}.isdisjoint(head.words)
    return explicit or headings.says_date(head)


def _times(stages: Stages, beside: Mapping[int, Column], clocks: Sequence[Column]) -> dict[str, Column]:
    """The time of day of each date that was chosen: its own; the only one that is nobody's belongs to the main date."""
    chosen = {role: one for role, one in stages.chosen.items() if not one.column.values.tells_the_time}
    times = {role: beside[one.column.place] for role, one in chosen.items() if one.column.place in beside}
    main = stages.main
    plain = [clock for clock in clocks if headings.date_role(clock.head) == main]
    plain += [clock for clock in clocks if headings.date_role(clock.head) == "plain"]
    if main in chosen and main not in times and plain:
        free = [clock for clock in plain if clock not in times.values()]
        # One time of day for several dates is that of the event; one beside another date that has its name is not.
        if free or len(clocks) == 1:
            taken = (free or plain)[0]
            times = {role: clock for role, clock in times.items() if clock is not taken} | {main: taken}
    if main in chosen and main not in times and len(clocks) == len(stages.chosen) == 1:
        only = clocks[0]
        if headings.date_role(only.head) != "other":
            times[main] = only
    return times


def _shared_clock(stages: Stages, beside: Mapping[int, Column], times: Mapping[str, Column]) -> tuple[Message, ...]:
    """Say so where the time of day that was taken for the main date stands beside another date."""
    main = stages.chosen.get(stages.main)
    clock = times.get(stages.main)
    if main is None or clock is None or beside.get(main.column.place) is clock:
        return ()
    others = [one for one in stages.all if beside.get(one.column.place) is clock]
    if not others:
        return ()
    return (
        Message(
            "{clock} was read as the time of {date}, although it stands beside {other}.",
            {
                "clock": clock.head.label,
                "date": main.column.head.label,
                "other": others[0].column.head.label,
            },
        ),
    )


def _hours_of_spans(found: DateColumns, columns: Sequence[Column]) -> tuple[Message, ...]:
    """Say so where an hour is written with its end: the minute is not known."""
    places = {part.place for parts in found.roles.values() for part in parts if part.part in ("time", "hour")}
    spans = (one for one in columns if one.place in places and one.values.share_of("hour_spans") >= _OFTEN)
    return tuple(
        Message(
            "{column} gives the hour ({example}), of which the beginning is the time; the minute is not known.",
            {"column": one.head.label, "example": one.values.texts[0]},
        )
        for one in spans
    )


def _span_of_hours(found: DateColumns, clocks: Sequence[Column]) -> None:
    """One date with the time at which it began and the time at which it ended: both are of that day."""
    parts = found.roles.get("occurred_from", ())
    if "occurred_to" in found.roles or len(parts) < 2 or parts[0].part != "date":
        return
    begun = next((clock for clock in clocks if clock.place == parts[1].place), None)
    ends = [clock for clock in clocks if headings.date_role(clock.head) == "occurred_to"]
    if begun is None or len(ends) != 1 or not headings.begins(begun.head):
        return
    found.roles["occurred_to"] = (parts[0], clock_part(ends[0]))
    found.guesses["occurred_to"] = Guess(0.8, (HEADING, Message("Date and time stand in two columns")))
    found.seen.add(ends[0].place)


def _candidate(one: DatedColumn) -> EventCandidate:
    """What a person sees of a column: its first dates with their times, and its hours; no text that is no date."""
    dates = (text for text, known in zip(one.texts, one.moments.known, strict=True) if known)
    shown = list(dict.fromkeys(dates))[:_SHOWN]
    return EventCandidate(one.column.place, tuple(shown), one.moments.hours)


def _reason(one: DatedColumn, joined: bool, role: str, stages: Stages, event: int | None) -> Guess:
    clear = one.clear
    reasons: list[Message] = [HEADING] if clear > headings.UNNAMED else []
    if role == "occurred_from" and one.column.place == event:
        reasons.append(Message("A person chose it"))
    elif clear <= 0.65 and role in stages.by_values:
        reasons.append(Message("Its dates are earlier than those of the other columns"))
    elif clear <= 0.65:
        reasons.append(Message("The heading does not say whether it is the event or the report"))
    values = one.column.values
    share = (
        max(values.share_of("dates"), values.share_of("compact_dates"), float(values.counted_dates))
        if values.given
        else None
    )
    if share is not None:
        reasons.append(Message("{share} % of the values are dates", percent(share)))
    if joined:
        reasons.append(Message("Date and time stand in two columns"))
    return guess(clear, share, *reasons)
