"""Which columns say when: dates, their times of day, and the pieces of a date; and which of several dates is which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from curim_data.formats.base import EventCandidate, Guess, Part
from curim_data.formats.guess import headings
from curim_data.formats.guess._column import HEADING, Column, guess, percent
from curim_data.formats.guess.clocks import clock_part, clocks_of_dates, is_clock, minutes_of
from curim_data.formats.guess.moments import moments_of
from curim_data.formats.guess.pieces import Pieces, pieces_of
from curim_data.formats.guess.stages import DatedColumn, Stages, stages_of
from curim_data.model import Message

_OFTEN: Final = 0.7
_SHOWN: Final = 3
EARLIER: Final = Message("Its dates are earlier than those of the other columns")
_HOUR: Final = Message(
    "{column} gives the hour ({example}), of which the beginning is the time; the minute is not known."
)
CHOSEN: Final = Message("A person chose it")


@dataclass(frozen=True)
class DateColumns:
    """The roles of dates and times, and every column that looks like a date or a time, used or not.

    `events`: columns of which a person must say which is the event, the first being the one that was taken;
    `findings`: what a reader should know of the choice.
    """

    roles: Mapping[str, tuple[Part, ...]]
    guesses: Mapping[str, Guess]
    seen: frozenset[int]
    events: tuple[EventCandidate, ...] = ()
    findings: tuple[Message, ...] = ()


@dataclass
class _Found:
    roles: dict[str, tuple[Part, ...]] = field(default_factory=dict)
    guesses: dict[str, Guess] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)


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
    found = _Found(seen={column.place for column in (*clocks, *dates)})
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
        _give_pieces(found, stages.pieces, stages.pieces_role)
    return DateColumns(
        found.roles,
        found.guesses,
        frozenset(found.seen),
        tuple(_candidate(one) for one in stages.doubt),
        (*stages.findings, *_shared_clock(stages, beside, times), *_hours_of_spans(found, columns)),
    )


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
        numbers = values.compact_dates >= _OFTEN or values.counted_dates
        return (values.dates >= _OFTEN and not named_otherwise) or (numbers and _says_when(head))
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


def _hours_of_spans(found: _Found, columns: Sequence[Column]) -> tuple[Message, ...]:
    """Say so where an hour is written with its end: the minute is not known."""
    places = {part.place for parts in found.roles.values() for part in parts if part.part in ("time", "hour")}
    spans = (one for one in columns if one.place in places and one.values.hour_spans >= _OFTEN)
    return tuple(Message(_HOUR.text, {"column": one.head.label, "example": one.values.texts[0]}) for one in spans)


def _span_of_hours(found: _Found, clocks: Sequence[Column]) -> None:
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


def _give_pieces(found: _Found, pieces: Pieces, role: str) -> None:
    found.roles[role] = pieces.parts
    found.guesses[role] = Guess(0.8, (HEADING, Message("The date stands in pieces")))
    found.seen |= {part.place for part in pieces.parts}


def _candidate(one: DatedColumn) -> EventCandidate:
    """What a person sees of a column: its first dates with their times, and its hours; no text that is no date."""
    dates = (text for text, known in zip(one.texts, one.moments.known, strict=True) if known)
    shown = list(dict.fromkeys(dates))[:_SHOWN]
    return EventCandidate(one.column.place, tuple(shown), one.moments.hours)


def _reason(one: DatedColumn, joined: bool, role: str, stages: Stages, event: int | None) -> Guess:
    clear = one.clear
    reasons: list[Message] = [HEADING] if clear > headings.UNNAMED else []
    if role == "occurred_from" and one.column.place == event:
        reasons.append(CHOSEN)
    elif clear <= 0.65 and role in stages.by_values:
        reasons.append(EARLIER)
    elif clear <= 0.65:
        reasons.append(Message("The heading does not say whether it is the event or the report"))
    values = one.column.values
    share = max(values.dates, values.compact_dates, float(values.counted_dates)) if values.given else None
    if share is not None:
        reasons.append(Message("{share} % of the values are dates", percent(share)))
    if joined:
        reasons.append(Message("Date and time stand in two columns"))
    return guess(clear, share, *reasons)
