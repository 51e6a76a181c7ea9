"""Which columns say when: dates, their times of day, and the pieces of a date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from curim_data.formats.base import Guess, Part
from curim_data.formats.guess import headings
from curim_data.formats.guess._column import HEADING, Column, guess, percent
from curim_data.model import Message

_OFTEN: Final = 0.7
_UNNAMED: Final = 0.3
_ROLES: Final = ("occurred_from", "reported_at", "occurred_to", "resolved_at")
_PIECES: Final = (
    ("year", headings.YEAR, 1900, 2100),
    ("month", headings.MONTH, 1, 12),
    ("day", headings.DAY, 1, 31),
    ("hour", headings.HOUR, 0, 24),
    ("minute", headings.MINUTE, 0, 59),
    ("second", headings.SECOND, 0, 59),
)


@dataclass(frozen=True)
class DateColumns:
    """The roles of dates and times, and every column that looks like a date or a time, used or not."""

    roles: dict[str, tuple[Part, ...]]
    guesses: dict[str, Guess]
    seen: frozenset[int]


def date_columns(columns: Sequence[Column]) -> DateColumns:
    """Tell apart when something happened, ended, was reported and was closed, and join times to their dates."""
    clocks = [column for column in columns if _is_clock(column)]
    dates = [column for column in columns if column not in clocks and _is_date(column)]
    seen = {column.place for column in (*clocks, *dates)}
    chosen = _choose(dates)
    roles: dict[str, tuple[Part, ...]] = {}
    guesses: dict[str, Guess] = {}
    for role, column in chosen.items():
        clock = _clock_of(role, column, chosen, clocks)
        joined = (*([clock] if clock else []), *_minutes_of(clock, columns)) if clock else ()
        roles[role] = (Part(column.place, "date" if joined else "value"), *(_clock_part(one) for one in joined))
        guesses[role] = _reason(column, bool(joined))
        seen.update(one.place for one in joined)
    if not set(roles) & {"occurred_from", "reported_at"}:
        pieces = _pieces(columns)
        if pieces:
            roles = {_role_of_pieces(columns, pieces): pieces}
            guesses = {next(iter(roles)): Guess(0.8, (HEADING, Message("The date stands in pieces")))}
            seen |= {part.place for part in pieces}
    return DateColumns(roles, guesses, frozenset(seen))


def _is_clock(column: Column) -> bool:
    head, values = column.head, column.values
    if not values.given:
        return head.has(headings.TIME) and not headings.says_date(head)
    if values.times >= (_OFTEN if head.has(headings.TIME) else 0.9):
        return True
    return head.has(headings.TIME) and not headings.says_date(head) and values.hhmm >= _OFTEN


def _is_date(column: Column) -> bool:
    head, values = column.head, column.values
    if values.given:
        # Numbers of cases such as 2025-1 look like months.
        named_otherwise = headings.identity_score(head) >= 0.5
        numbers = values.compact_dates >= _OFTEN or values.counted_dates
        return (values.dates >= _OFTEN and not named_otherwise) or (numbers and _says_when(head))
    return _says_when(head)


def _says_when(head: headings.Heading) -> bool:
    explicit = headings.date_role(head) != "plain" and not {"at", "on"}.isdisjoint(head.words)
    return explicit or headings.says_date(head)


def _choose(dates: Sequence[Column]) -> dict[str, Column]:
    """The column of each role; a date without a qualifier is the event's where nothing else is, else the report's."""
    by_class: dict[str, list[Column]] = {}
    for column in dates:
        by_class.setdefault(headings.date_role(column.head), []).append(column)
    if {"occurred_from", "reported_at"} & set(by_class):
        by_class["plain"] = [column for column in by_class.get("plain", ()) if _clear(column) > _UNNAMED]
    if by_class.get("plain"):
        free = next((role for role in ("occurred_from", "reported_at") if role not in by_class), None)
        if free:
            by_class[free] = by_class["plain"]
    chosen: dict[str, Column] = {role: max(by_class[role], key=_rank) for role in _ROLES if role in by_class}
    if "occurred_from" not in chosen:
        chosen.pop("occurred_to", None)
    return chosen


def _rank(column: Column) -> tuple[float, int]:
    """How well a column says its date, the earlier first among equals."""
    return _clear(column) * (0.5 + 0.5 * column.values.fill if column.values.given else 0.6), -column.place


def _clear(column: Column) -> float:
    head = column.head
    match headings.date_role(head):
        case "reported_at":
            return 0.97 if head.has(headings.STRONGLY_REPORTED) else 0.9
        case "occurred_from":
            return 0.97 if head.has(headings.OCCURRED) else 0.9
        case "plain":
            return 0.65 if headings.says_date(head) or head.has(headings.MONTH) else _UNNAMED
    return 0.9


def _clock_of(role: str, date: Column, chosen: dict[str, Column], clocks: Sequence[Column]) -> Column | None:
    """The time of day that belongs to a date: of the same meaning, or the only one for the main date."""
    if date.values.tells_the_time:
        return None
    same = [clock for clock in clocks if headings.date_role(clock.head) == role]
    if same:
        return same[0]
    main = "occurred_from" if "occurred_from" in chosen else "reported_at"
    plain = [clock for clock in clocks if headings.date_role(clock.head) == "plain"]
    if role == main and plain:
        return plain[0]
    return clocks[0] if len(clocks) == len(chosen) == 1 and headings.date_role(clocks[0].head) != "other" else None


def _clock_part(column: Column) -> Part:
    head, values = column.head, column.values
    if head.has(headings.MINUTE) and not head.has(headings.TIME):
        return Part(column.place, "minute")
    hours = values.whole >= _OFTEN and values.between(0, 24) == 1.0
    if head.has(headings.HOUR) and (hours or (not values.given and "hour" in head.words)):
        return Part(column.place, "hour")
    return Part(column.place, "time")


def _minutes_of(clock: Column, columns: Sequence[Column]) -> tuple[Column, ...]:
    """The column of minutes next to one of hours."""
    if _clock_part(clock).part != "hour":
        return ()
    minutes = (one for one in columns if one.head.has(headings.MINUTE) and one.values.between(0, 59) >= _OFTEN)
    return tuple(one for one in minutes if one is not clock)[:1]


def _pieces(columns: Sequence[Column]) -> tuple[Part, ...]:
    """Year and month, and what else there is from the greatest piece down; nothing without these two."""
    found: list[Part] = []
    for piece, words, low, high in _PIECES:
        fits = (
            column
            for column in columns
            if column.head.has(words) and (not column.values.given or column.values.between(low, high) >= _OFTEN)
        )
        column = next(fits, None)
        if column is None or column.place in {part.place for part in found}:
            break
        found.append(Part(column.place, piece))
    return tuple(found) if len(found) > 1 else ()


def _role_of_pieces(columns: Sequence[Column], pieces: tuple[Part, ...]) -> str:
    year = next(column for column in columns if column.place == pieces[0].place)
    return "reported_at" if headings.date_role(year.head) == "reported_at" else "occurred_from"


def _reason(column: Column, joined: bool) -> Guess:
    clear = _clear(column)
    reasons: list[Message] = [HEADING] if clear > _UNNAMED else []
    if clear <= 0.65:
        reasons.append(Message("The heading does not say whether it is the event or the report"))
    values = column.values
    share = max(values.dates, values.compact_dates, float(values.counted_dates)) if values.given else None
    if share is not None:
        reasons.append(Message("{share} % of the values are dates", percent(share)))
    if joined:
        reasons.append(Message("Date and time stand in two columns"))
    return guess(clear, share, *reasons)
