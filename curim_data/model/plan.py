"""What an intervention plan is: the problem it answers, the actions, who leads them, and how the result is evaluated.

Plain frozen types that `analysis` fills, `plans` stores and `pages` show. A plan goes to JSON and back without loss.
A plan holds aggregated counts and what its authors wrote; never the text of an alert.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator, TypeAdapter

from curim_data.model.city import K_ORDINARY
from curim_data.model.i18n import Message

# A whole number stays whole when it is read back, so that it is shown without decimals.
Number: TypeAlias = int | float
# By language, or by word of a query string.
Texts = Annotated[Mapping[str, str], BeforeValidator(lambda value: value if isinstance(value, Mapping) else {})]


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
    affected; women_city: the same in the whole city; unknown_gender: share of unknown or undisclosed gender; since:
    month since which it has had more alerts than is usual for it; kinds: of the alerts that may be shown, most frequent
    first; not_asked: fields that the export does not have (`absence.ASKED_FIELDS`); among: which alerts were counted,
    by language, where the filter asks for some of them; times: how many times as dense it is at least, in steps, as its
    surroundings or the city (`against`), where its counts are those of the larger cells that hold it; least: the
    smallest count that the council may read of these alerts (1: every one). Where they are fewer (`hides`), n is 0 and
    nothing that is counted among them is here.
    """

    spot: str = ""
    place: str = ""
    names: Texts = field(default_factory=dict)
    cells: tuple[str, ...] = ()
    query: Texts = field(default_factory=dict)
    start: dt.date | None = None
    end: dt.date | None = None
    n: Number = 0
    expected: Number | None = None
    ratio: Interval | None = None
    q: float | None = None
    categories: tuple[CategoryShare, ...] = ()
    hours: tuple[int, int] | None = None
    dark_share: float | None = None
    women: Interval | None = None
    women_city: float | None = None
    unknown_gender: float | None = None
    since: dt.date | None = None
    cautions: tuple[Caution, ...] = ()
    kinds: tuple[str, ...] = ()
    not_asked: tuple[str, ...] = ()
    among: Texts = field(default_factory=dict)
    times: float | None = None
    against: str = ""
    least: int = K_ORDINARY

    def hides(self, n: Number) -> bool:
        """Whether a count of these alerts is "fewer than `least`" to the council, who may then not plan by it."""
        return n < self.least and self.least > 1


@dataclass(frozen=True)
class Objective:
    """What shall be reached: from `baseline` alerts (in the period start..end) to `target` by a date.

    baseline: 0 where the council may not read it (`Problem.hides`). target None: to be set, because no study gives a
    number that applies here. text: the sentence as its authors want it.
    """

    baseline: Number = 0
    start: dt.date | None = None
    end: dt.date | None = None
    target: Number | None = None
    by: dt.date | None = None
    text: str = ""

    @property
    def days(self) -> int:
        """Days over which the baseline was counted; a year's where they are not known."""
        return (self.end - self.start).days + 1 if self.start and self.end else 365


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


TEST: Final = "similar"


@dataclass(frozen=True)
class Assessment:
    """How we shall know, named before the start.

    method: the test, which is one of similar areas (`analysis.plans.verdict`); plans of before name others;
    smallest_drop: alerts fewer that would be seen four times in five; more than the baseline where none would, None
    where it is not known.
    """

    method: str = TEST
    smallest_drop: Number | None = None
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
    statement: Texts = field(default_factory=dict)
    measures: tuple[str, ...] = ()
    objective: Objective = field(default_factory=Objective)
    lead: str = ""
    partners: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    outputs: str = ""
    budget: Number | None = None
    start: dt.date | None = None
    finish: dt.date | None = None
    areas: Areas = field(default_factory=Areas)
    assessment: Assessment = field(default_factory=Assessment)
    gender_check: GenderCheck = field(default_factory=GenderCheck)
    result: Texts = field(default_factory=dict)


_PLANS: Final = TypeAdapter(Plan)


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """A plan as values that JSON knows: dates in ISO form, tuples as lists."""
    entries: dict[str, Any] = _PLANS.dump_python(plan, mode="json", warnings=False)
    return entries


def plan_from_json(entries: Mapping[str, Any]) -> Plan:
    """The plan that `plan_to_json` wrote, in this version or another; ValueError where an entry is unusable.

    Unknown entries are left out, absent ones take their default; a text where a mapping is expected is left out too.
    """
    return _PLANS.validate_python(entries)
