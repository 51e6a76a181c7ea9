"""Which days the sources of a city's alerts cover, what an analyst notes on the time line, and meetings of the council.

A source is an export format (the column `source`). Its gaps are the runs of days without an alert that chance does not
explain (`analysis.stats.significance`), and what an analyst said of some days (`Annotation`). No day of a gap is
counted as a quiet one: a comparison leaves it out on both sides.

Notes: days from which, or in which, counts mean something else or are missing. A meeting: the day since which changes
are told, and what it is called.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from curim_data.model.absence import CalendarUnit
from curim_data.model.alert import BoolArray, FloatArray
from curim_data.model.i18n import Message, Span
from curim_data.model.labels import FORMATS

AnnotationKind = Literal["campaign", "app", "data_break", "other", "not_covered", "nothing_happened"]
KINDS: Final[tuple[AnnotationKind, ...]] = get_args(AnnotationKind)
KIND_WORDS: Final[dict[AnnotationKind, Message]] = {
    "campaign": Message("Campaign"),
    "app": Message("New version of the app"),
    "data_break": Message("Break in the data"),
    "other": Message("Other event"),
    "not_covered": Message("Days that are not covered"),
    "nothing_happened": Message("Days in which nothing happened"),
}
# Kinds that correct which days are covered (`model.coverage`), and say nothing of what is usual.
CORRECTIONS: Final[tuple[AnnotationKind, ...]] = ("not_covered", "nothing_happened")
LONGEST_NOTE: Final = 200


@dataclass(frozen=True)
class Annotation:
    """A note on the time line. Without `end` a new level begins on `start`; with it the days to `end` are apart.

    `category`: the only category that it concerns; None: all alerts. `source`: the only source that it concerns, of a
    correction; None: all. `id`: eight hexadecimal digits.
    """

    id: str
    start: dt.date
    end: dt.date | None
    kind: AnnotationKind
    note: str
    category: str | None = None
    source: str | None = None

    @property
    def breaks(self) -> tuple[dt.date, ...]:
        """The days on which another level begins: the first one, and the day after a span."""
        if self.end is None or self.end == dt.date.max:
            return (self.start,)
        return self.start, self.end + dt.timedelta(days=1)


LONGEST_MEETING_NAME: Final = 80


@dataclass(frozen=True, order=True)
class Meeting:
    """A day of the city's calendar, and a name such as "Plenary", which may be empty. Nobody's name belongs here."""

    day: dt.date
    name: str = ""


MOST_SENTENCES: Final = 3
LONG_GAP: Final = 14  # days from which on a series begins anew after a gap
_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True)
class Gap:
    """Days, both ends included, that a source does not cover; `source` is empty where none does."""

    source: str
    first: dt.date
    last: dt.date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Break:
    """A source begins or ends while others go on. `day`: the first with it, or the first without it."""

    source: str
    day: dt.date
    begins: bool


@dataclass(frozen=True)
class Coverage:
    """The days that are covered: those from the first to the last alert in which no source that matters has a gap.

    `spans`: first and last day of each source, whole months where months alone are known (`by_month`). `gaps` by their
    first day, `breaks` by their day.
    """

    spans: Mapping[str, tuple[dt.date, dt.date]]
    gaps: tuple[Gap, ...] = ()
    breaks: tuple[Break, ...] = ()
    by_month: bool = False

    @property
    def complete(self) -> bool:
        """Whether no day between the first and the last alert lies in a gap."""
        return not self.gaps

    def covered(self, days: npt.ArrayLike) -> BoolArray:
        """Which of some days, shape (n,), are covered."""
        return self.whole(days, days)

    def whole(self, starts: npt.ArrayLike, ends: npt.ArrayLike) -> BoolArray:
        """Which of some periods, shape (n,), both ends included, are covered from their first to their last day."""
        return np.asarray(self.share(starts, ends) == 1.0, bool)

    def share(self, starts: npt.ArrayLike, ends: npt.ArrayLike) -> FloatArray:
        """The share of the days of some periods, shape (n,), both ends included, that is covered."""
        first, last = (np.asarray(days, "datetime64[D]").astype(np.int64) for days in (starts, ends))
        if not self.spans:
            return np.zeros(len(first))
        begin = np.datetime64(min(span[0] for span in self.spans.values())).astype(np.int64)
        end = np.datetime64(max(span[1] for span in self.spans.values())).astype(np.int64)
        known = np.ones(end - begin + 1)
        for gap in self.gaps:
            known[max(0, _number(gap.first) - begin) : max(0, _number(gap.last) + 1 - begin)] = 0.0
        until = np.concatenate([[0.0], np.cumsum(known)])
        low, high = (np.clip(at - begin, 0, len(known)) for at in (first, last + 1))
        return np.asarray((until[high] - until[low]) / (last - first + 1), float)

    def gaps_in(self, first: dt.date, last: dt.date) -> tuple[Gap, ...]:
        """The gaps that touch some days, both ends included."""
        return tuple(gap for gap in self.gaps if gap.first <= last and gap.last >= first)

    def breaks_in(self, first: dt.date, last: dt.date) -> tuple[Break, ...]:
        """The breaks after the first and up to the last of some days: what comes before and after is not alike."""
        return tuple(one for one in self.breaks if first < one.day <= last)

    def untouched(self, starts: Iterable[Any], unit: CalendarUnit) -> BoolArray:
        """Which days, weeks or months, given by their first days, no gap touches; those at the ends may be cut off."""
        days = [start.date() if isinstance(start, dt.datetime) else start for start in starts]
        return np.array([not self.gaps_in(day, _last_day(day, unit)) for day in days], bool)

    def stretch(self, last: dt.date) -> tuple[dt.date, dt.date]:
        """The last days without a long gap up to a day, both ends included; begins after the day where there are none.

        Gaps of fewer than 14 days are passed over.
        """
        first = min((span[0] for span in self.spans.values()), default=last + _DAY)
        for gap in sorted(self.gaps_in(dt.date.min, last), key=lambda gap: gap.last, reverse=True):
            if gap.days >= LONG_GAP and gap.last >= last:
                last = gap.first - _DAY
            elif gap.days >= LONG_GAP:
                return max(first, gap.last + _DAY), last
        return first, last

    def until(self, first: dt.date, last: dt.date, shortest: int = LONG_GAP) -> dt.date:
        """The last of some days before a gap of so many days begins; before the first where it begins before that."""
        gaps = [gap.first - _DAY for gap in self.gaps_in(first, last) if gap.days >= shortest]
        return min([last, *gaps])

    def sentences(self, first: dt.date | None = None, last: dt.date | None = None) -> tuple[Message, ...]:
        """What is said of some days, or of all, in a heading: their gaps, the newest first, and their breaks."""
        gaps = self.gaps_in(first or dt.date.min, last or dt.date.max)[::-1]
        told = [self._gap_sentence(gap) for gap in gaps[:MOST_SENTENCES]]
        if len(gaps) > MOST_SENTENCES:
            told.append(Message("Further gaps are on the Data page: {n}.", {"n": len(gaps) - MOST_SENTENCES}))
        for one in self.breaks_in(first or dt.date.min, last or dt.date.max):
            values = {"source": source_name(one.source), "day": one.day}
            told.append(
                Message("{source} begins on {day}: counts before and after come from other sources.", values)
                if one.begins
                else Message("{source} ends before {day}: counts before and after come from other sources.", values)
            )
        return tuple(told)

    def _gap_sentence(self, gap: Gap) -> Message:
        period = Span(gap.first, gap.last, self.by_month)
        if len(self.spans) > 1 and gap.source:
            return Message(
                "{source} does not cover this time: {period}. Nothing is concluded from it.",
                {"source": source_name(gap.source), "period": period},
            )
        return Message("The alerts do not cover this time: {period}. Nothing is concluded from it.", {"period": period})

    def as_json(self) -> dict[str, Any]:
        """As JSON holds it: all gaps and breaks."""
        return {
            "gaps": [
                {"source": gap.source, "from": gap.first.isoformat(), "to": gap.last.isoformat()} for gap in self.gaps
            ],
            "breaks": [{"source": one.source, "day": one.day.isoformat(), "begins": one.begins} for one in self.breaks],
        }

    def corrected(self, annotations: Iterable[Annotation]) -> Coverage:
        """With what analysts said: days in which nothing happened are covered, those that they named are not."""
        notes = tuple(annotations)
        gaps = list(self.gaps)
        for note in (one for one in notes if one.kind == "nothing_happened"):
            last = note.end or dt.date.max
            gaps = [part for gap in gaps for part in _without(gap, note.start, last, note.source)]
        end = max((span[1] for span in self.spans.values()), default=dt.date.max)
        gaps += [
            Gap(note.source or "", note.start, note.end or end)
            for note in notes
            if note.kind == "not_covered" and note.start <= end
        ]
        return replace(self, gaps=tuple(sorted({*gaps}, key=lambda gap: (gap.first, gap.last, gap.source))))


def source_name(name: str) -> str | Message:
    """What a source is called; a message where that depends on the reader's language."""
    return Message("Exports of other formats") if name in ("guessed", "mapped") else FORMATS.get(name, name)


def _last_day(first: dt.date, unit: CalendarUnit) -> dt.date:
    """The last day of the day, week or month that begins on a date."""
    if unit == "month":
        return first.replace(day=monthrange(first.year, first.month)[1])
    return first + dt.timedelta(days=6 if unit == "week" else 0)


def _without(gap: Gap, first: dt.date, last: dt.date, source: str | None) -> list[Gap]:
    """What is left of a gap without some days."""
    if source not in (None, gap.source) or last < gap.first or first > gap.last:
        return [gap]
    before = [replace(gap, last=first - _DAY)] if first > gap.first else []
    return before + ([replace(gap, first=last + _DAY)] if last < gap.last else [])


def _number(day: dt.date) -> int:
    return int(np.datetime64(day).astype(np.int64))
