"""Which of several dates is the event's: by their headings, and by which of them comes before which.

An alert passes through stages: it happens, it is reported, it is registered, it is closed. A column that is earlier
than another one or equal to it in nearly all rows is of the earlier stage, whatever its heading says. Where heading and
values contradict each other, or neither tells, the columns that are left are given back as a doubt: a person decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from curim_data.formats.guess import headings
from curim_data.formats.guess._column import Column, percent
from curim_data.formats.guess.moments import Lag, Moments, lag
from curim_data.formats.guess.pieces import Pieces
from curim_data.model import Message

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
    begun = [one for one in stages.of("occurred_from") if not one.column.head.has(headings.OCCURRED)]
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
    whole = DatedColumn(pieces.columns[0], pieces.moments, pieces=pieces.texts)
    answered = event == pieces.columns[0].place
    if not {"occurred_from", "reported_at"} & set(stages.chosen):
        stages.pieces, stages.pieces_role = pieces, "reported_at" if pieces.role == "reported_at" else "occurred_from"
        stages.chosen.pop("occurred_to", None)
        return
    if report is None or (not answered and ("occurred_from" in stages.chosen or pieces.role == "reported_at")):
        return
    found = lag(whole.moments, report.moments) if pieces.to_the_day else _lag_in_months(whole, report)
    told, named = found.n >= LEAST_ROWS, pieces.role == "occurred_from"
    more = pieces.moments.timed and not report.moments.timed
    before = told and found.later <= FEW and (found.earlier >= FEW or more) and found.days <= YEAR
    if answered or (before and (pieces.to_the_day or named)) or (named and pieces.to_the_day):
        stages.pieces, stages.pieces_role = pieces, "occurred_from"
    elif told and (before or (pieces.to_the_day and found.earlier > FEW)):
        stages.doubt = (whole, report)


def _lag_in_months(one: DatedColumn, other: DatedColumn) -> Lag:
    """How two columns stand to each other where only the month of one is known."""
    return lag(one.moments.in_months, other.moments.in_months)


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
