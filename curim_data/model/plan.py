"""What an intervention plan is: the problem it answers, what is to be done, by whom, and how we shall know.

Plain frozen types that `analysis` fills, `plans` keeps and `pages` show. All of them go to JSON and back without loss.
A plan holds aggregated counts and what its authors wrote; never the text of an alert.
"""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from curim_data.model.i18n import Message

T = TypeVar("T")


class PlanStatus(StrEnum):
    """A column of the board."""

    DRAFT = "draft"
    DECIDED = "decided"
    RUNNING = "running"
    FINISHED = "finished"
    EVALUATED = "evaluated"
    DROPPED = "dropped"


# Where a card of the board may go next. What was evaluated stays evaluated; what was dropped may be taken up again.
MOVES: Final[Mapping[PlanStatus, tuple[PlanStatus, ...]]] = {
    PlanStatus.DRAFT: (PlanStatus.DECIDED, PlanStatus.DROPPED),
    PlanStatus.DECIDED: (PlanStatus.DRAFT, PlanStatus.RUNNING, PlanStatus.DROPPED),
    PlanStatus.RUNNING: (PlanStatus.FINISHED, PlanStatus.DROPPED),
    PlanStatus.FINISHED: (PlanStatus.RUNNING, PlanStatus.EVALUATED),
    PlanStatus.EVALUATED: (),
    PlanStatus.DROPPED: (PlanStatus.DRAFT,),
}


STATUS_WORDS: Final[Mapping[PlanStatus, Message]] = {
    PlanStatus.DRAFT: Message("Draft"),
    PlanStatus.DECIDED: Message("Decided"),
    PlanStatus.RUNNING: Message("Running"),
    PlanStatus.FINISHED: Message("Finished"),
    PlanStatus.EVALUATED: Message("Evaluated"),
    PlanStatus.DROPPED: Message("Dropped"),
}


class Pattern(StrEnum):
    """How a hot spot came about over time (the classes of emerging hot spots)."""

    NEW = "new"
    CONSECUTIVE = "consecutive"
    INTENSIFYING = "intensifying"
    PERSISTENT = "persistent"
    DIMINISHING = "diminishing"
    SPORADIC = "sporadic"
    OSCILLATING = "oscillating"
    HISTORICAL = "historical"
    NONE = ""


class Caution(StrEnum):
    """Why a problem's figures need care."""

    PILED = "piled"
    FEW_REPORTERS = "few_reporters"
    UNDISCLOSED = "undisclosed"
    WITHHELD = "withheld"
    SHORT_HISTORY = "short_history"
    CAMPAIGN = "campaign"


@dataclass(frozen=True)
class CategoryShare:
    """A category's part (0 to 1) of the problem's alerts."""

    id: str
    share: float


@dataclass(frozen=True)
class Interval:
    """A share or a ratio with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Problem:
    """A place's problem as the data tell it.

    spot: stable id of the hot spot; place: landmark id that lends the name; names: its name by language; cells: H3 hex
    strings; query: the filter as a query string's words; start, end: the period, both days included; n, expected:
    alerts there and alerts expected by the density of its surroundings; q: p corrected for all places looked at; hours:
    first and last hour of the peak (20, 1 is 20:00 to 02:00); shares from 0 to 1; women: women among women and men
    affected; women_city: the same in the whole city; unknown_gender: part whose gender is not known or not told; since:
    month since which it has had more alerts than is usual for it.
    """

    spot: str = ""
    place: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    cells: tuple[str, ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    start: dt.date | None = None
    end: dt.date | None = None
    n: float = 0
    expected: float | None = None
    ratio: Interval | None = None
    q: float | None = None
    categories: tuple[CategoryShare, ...] = ()
    hours: tuple[int, int] | None = None
    dark_share: float | None = None
    women: Interval | None = None
    women_city: float | None = None
    unknown_gender: float | None = None
    since: dt.date | None = None
    pattern: Pattern = Pattern.NONE
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True)
class Objective:
    """What shall be reached: from `baseline` alerts (in the period start..end) to `target` by a date.

    target None: to be set, because no study gives a number that applies here. text: the sentence as its authors
    want it.
    """

    baseline: float = 0
    start: dt.date | None = None
    end: dt.date | None = None
    target: float | None = None
    by: dt.date | None = None
    text: str = ""


@dataclass(frozen=True)
class Action:
    """One step: what, who, until when."""

    what: str = ""
    who: str = ""
    due: dt.date | None = None
    done: bool = False


@dataclass(frozen=True)
class Areas:
    """Cells (H3 hex strings) treated, around them (where the problem could move), and compared with."""

    treated: tuple[str, ...] = ()
    buffer: tuple[str, ...] = ()
    comparison: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assessment:
    """How we shall know, named before the start.

    method: a test of `analysis.plans.evaluation`; smallest_drop: alerts fewer that would be seen four times in five.
    """

    method: str = "difference"
    smallest_drop: float | None = None
    review: dt.date | None = None
    note: str = ""


@dataclass(frozen=True)
class GenderCheck:
    """Who is affected, who was asked, what is aimed at for whom, what harm could follow."""

    affected: str = ""
    consulted: str = ""
    target: str = ""
    harm: str = ""


@dataclass(frozen=True)
class Plan:
    """An intervention plan. id is empty and version 0 until it is kept. statement, result: in words, by language."""

    title: str = ""
    id: str = ""
    version: int = 0
    status: PlanStatus = PlanStatus.DRAFT
    language: str = "el"
    problem: Problem = field(default_factory=Problem)
    statement: Mapping[str, str] = field(default_factory=dict)
    measures: tuple[str, ...] = ()
    objective: Objective = field(default_factory=Objective)
    lead: str = ""
    partners: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    outputs: str = ""
    budget: float | None = None
    start: dt.date | None = None
    finish: dt.date | None = None
    areas: Areas = field(default_factory=Areas)
    assessment: Assessment = field(default_factory=Assessment)
    gender_check: GenderCheck = field(default_factory=GenderCheck)
    result: Mapping[str, str] = field(default_factory=dict)


def to_json(value: Any) -> Any:
    """A plan, or any part of it, as values that JSON knows: dates in ISO form, tuples as lists."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: to_json(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, dt.date):
        return value.isoformat()
    return value.value if isinstance(value, StrEnum) else value


def from_json(kind: type[T], data: Any) -> T:
    """The value of type `kind` that `to_json` wrote. Unknown entries are left out, absent ones take their default.

    Where a mapping is wanted and something else stands, it is left empty.
    """
    made: T = _read(kind, data)
    return made


def _read(kind: Any, data: Any) -> Any:
    if get_origin(kind) in (Union, types.UnionType):
        return None if data is None else _read(next(a for a in get_args(kind) if a is not type(None)), data)
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return kind(**{f.name: _read(hints[f.name], data[f.name]) for f in fields(kind) if f.name in data})
    if get_origin(kind) is tuple:
        inner = get_args(kind)
        each = inner[:1] * len(data) if inner[-1] is Ellipsis else inner
        return tuple(_read(one, item) for one, item in zip(each, data, strict=True))
    if get_origin(kind) is Mapping:
        return dict(data) if isinstance(data, Mapping) else {}
    if kind is dt.date:
        return dt.date.fromisoformat(data)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(data)
    return data
