"""The first dates of a column as moments, so that columns of dates can be compared: which of them is the earlier one.

Only for guessing over the first records: times with an offset are compared with a margin, and a date that can be read
in two ways in a column that writes both orders of day and month is left out. The import parses the whole file anew
(`importing.date_parsing`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from curim_data.lexicon.months import month_of
from curim_data.model import BoolArray

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


def moments_of_pieces(pieces: dict[str, Sequence[str]]) -> Moments:
    """Read moments whose year, month (a number or a name), day and hour stand in columns of their own."""
    size = len(pieces["year"])
    minutes = np.full(size, _NONE, np.int64)
    timed = bool({"hour", "time"} & pieces.keys())
    for at in range(size):
        cells = {name: texts[at].strip() for name, texts in pieces.items()}
        year, day = _whole(cells["year"]), _whole(cells.get("day", "")) or 1
        month = month_of(cells.get("month", "")) or _whole(cells.get("month", "")) or 0
        moment = _days(year or 0, month, day)
        if moment is not None:
            time = _of_day(cells["time"]) if "time" in cells else 60 * (_whole(cells.get("hour", "")) or 0)
            minutes[at] = moment * _DAY + (time or 0)
    return Moments(minutes, timed)


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
    if not (1900 <= year <= 2200 and 1 <= month <= 12 and 1 <= day <= 31):
        return None
    first = np.datetime64(f"{year:04d}-{month:02d}", "D")
    found = first + (day - 1)
    return int(found.astype(np.int64)) if found.astype("datetime64[M]") == first.astype("datetime64[M]") else None


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
    match = re.fullmatch(r"(\d{1,4})(?:\.0+)?", text)
    return int(match[1]) if match else None
