"""Columns of times of day, and the date to which each of them belongs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from curim_data.formats.base import Part
from curim_data.formats.guess import headings
from curim_data.formats.guess._column import Column

_OFTEN: Final = 0.7


def is_clock(column: Column) -> bool:
    """Whether times of day stand in a column: 22:15, 10:15 μ.μ., or 815 and 22-23 under a heading that says so."""
    head, values = column.head, column.values
    named = head.has(headings.TIME) and not headings.says_date(head)
    if not values.given:
        return named
    if values.times >= (_OFTEN if head.has(headings.TIME) else 0.9):
        return True
    hour = (named or head.has(headings.HOUR)) and not head.has(headings.AGE)
    return (named and values.hhmm >= _OFTEN) or (hour and values.hour_spans >= 0.9)


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
    if head.has(headings.MINUTE) and not head.has(headings.TIME):
        return Part(column.place, "minute")
    hours = values.whole >= _OFTEN and values.between(0, 24) == 1.0
    if head.has(headings.HOUR) and (hours or (not values.given and "hour" in head.words)):
        return Part(column.place, "hour")
    return Part(column.place, "time")


def minutes_of(clock: Column, columns: Sequence[Column]) -> tuple[Column, ...]:
    """The column of minutes next to one of hours."""
    if clock_part(clock).part != "hour":
        return ()
    minutes = (one for one in columns if one.head.has(headings.MINUTE) and one.values.between(0, 59) >= _OFTEN)
    return tuple(one for one in minutes if one is not clock)[:1]
