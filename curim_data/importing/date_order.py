"""How the dates of a file are written: the order of day and month, and what whole columns show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd

from curim_data.importing.dates import DATES, MILLISECONDS, MONTHS, SECONDS, SERIAL
from curim_data.importing.parsing import Order
from curim_data.importing.profiling import DateFacts, Survey, sorted_runs
from curim_data.model.i18n import Message
from curim_data.model.questions import DAY_FIRST, MONTH_FIRST, Answers, Choice, Question

SORTED_ROWS: Final = 20
MONTH_ROWS: Final = 50
MONTHS_SEEN: Final = 3
MIDNIGHT_ROWS: Final = 20
FUTURE_SHARE: Final = 0.05
FUTURE_ROWS: Final = 5
_CLOCK_CHECK_ROWS: Final = 100

DATE_CHOICES: Final = (
    Choice(DAY_FIRST, Message("The day comes first: 01/03/2025 is the first of March")),
    Choice(MONTH_FIRST, Message("The month comes first: 01/03/2025 is the third of January")),
)


_ORDERS: Final = {
    DAY_FIRST: Message("{columns}: the day stands before the month."),
    MONTH_FIRST: Message("{columns}: the month stands before the day."),
}


@dataclass(frozen=True)
class Times:
    """Order of day and month (None where no date needs it), form of each column (`moments`) where it is none of the
    usual ones, and the roles whose bare numbers in a column of times are hours."""

    order: str | None = None
    forms: Mapping[str, str] = field(default_factory=dict)
    hours: frozenset[str] = frozenset()
    reasons: tuple[Message, ...] = ()


def decide_times(survey: Survey, answers: Answers, name: str, now: dt.datetime) -> Times:
    """Decide over all columns of dates; Question where day and month can change places."""
    reasons: list[Message] = []
    forms: dict[str, str] = {}
    columns = {role: survey.labels[survey.layout.place(role)] for role in survey.dates}
    for role, facts in survey.dates.items():
        form, reason = _form(facts)
        if form:
            forms[role] = form
        if reason:
            reasons.append(Message(reason.text, {"column": columns[role]}))
    hours = frozenset(role for role, facts in survey.dates.items() if facts.bare_short and not facts.bare_long)
    order, why = _order(survey.dates, columns, answers.dates, name, now)
    return Times(order, forms, hours, (*reasons, *([why] if why else [])))


def latest_believable(instants: pd.Series, now: dt.datetime) -> pd.Timestamp:
    """One day from now; a clock behind the file itself (95th percentile of 100 dates or more) is not believed."""
    dates = instants.dropna()
    if len(dates) >= _CLOCK_CHECK_ROWS:
        newest: Any = dates.quantile(0.95)
        if newest > pd.Timestamp(now):
            return pd.Timestamp(dt.datetime(newest.year + 1, 1, 1, tzinfo=dt.UTC))
    return pd.Timestamp(now) + pd.Timedelta(days=1)


def _form(facts: DateFacts) -> tuple[str, Message | None]:
    if not facts.filled:
        return "", None
    if facts.serial == facts.filled:
        return SERIAL, Message("{column}: the dates are serial numbers of a spreadsheet.")
    if facts.seconds == facts.filled:
        return SECONDS, Message("{column}: the dates are seconds since 1970.")
    if facts.milliseconds == facts.filled:
        return MILLISECONDS, Message("{column}: the dates are milliseconds since 1970.")
    midnights = facts.timed == facts.midnight
    firsts = facts.firsts == facts.filled and midnights
    if firsts and facts.filled >= MONTH_ROWS and len(facts.months) >= MONTHS_SEEN:
        return MONTHS, Message("{column}: every date is the first of a month, so only the month is known.")
    if midnights and facts.timed >= MIDNIGHT_ROWS and facts.timed == facts.filled:
        return DATES, Message("{column}: every time is midnight, so only the date is known.")
    return "", None


def _order(
    dates: Mapping[str, DateFacts], columns: Mapping[str, str], asked: str | None, name: str, now: dt.datetime
) -> tuple[str | None, Message | None]:
    needed = {role: facts for role, facts in dates.items() if facts.order.needed}
    if asked or not needed:
        return asked, None
    labels = ", ".join(columns[role] for role in needed)
    verdicts = {facts.order.verdict for facts in needed.values()} - {None}
    if len(verdicts) > 1:
        raise Question(
            "dates",
            "--dates",
            Message(
                "{name}: the date columns contradict each other ({columns}): in one the day comes first, in another "
                "the month. Say which (day-first or month-first), or write dates as 2025-03-01.",
                {"name": name, "columns": labels},
            ),
            DATE_CHOICES,
        )
    total = sum((facts.order for facts in needed.values()), Order())
    if total.verdict is not None:
        return total.verdict, Message(_ORDERS[total.verdict].text, {"columns": labels})
    evidence = _evidence(needed.values(), now) if not total.day_first + total.month_first else {}
    if len(evidence) == 1:
        return next(iter(evidence.items()))
    raise Question(
        "dates",
        "--dates",
        Message(
            "{name}: the dates in {columns} can be read with the day or the month first. "
            "Say which (day-first or month-first), or write dates as 2025-03-01.",
            {"name": name, "columns": labels},
        ),
        DATE_CHOICES,
    )


def _evidence(columns: Any, now: dt.datetime) -> dict[str, Message]:
    """Orders that the order of the rows or the present day speak for, with the reason."""
    found: dict[str, Message] = {}
    tomorrow = int(now.timestamp() // 86_400) + 1
    for facts in columns:
        rows = {order: sum(run.count for run in runs) for order, runs in facts.runs.items()}
        in_order = {order for order, runs in facts.runs.items() if rows[order] >= SORTED_ROWS and sorted_runs(runs)}
        if len(in_order) == 1 and min(rows.values()) >= SORTED_ROWS:
            found[in_order.pop()] = Message(
                "No date says whether day or month comes first; the order of the rows does."
            )
        late = {order: _late(facts, order, tomorrow) for order in (DAY_FIRST, MONTH_FIRST)}
        for order, other in ((DAY_FIRST, MONTH_FIRST), (MONTH_FIRST, DAY_FIRST)):
            enough = max(FUTURE_ROWS, FUTURE_SHARE * rows[other])
            if late[order] == 0 and late[other] >= enough:
                found.setdefault(
                    order,
                    Message(
                        "No date says whether day or month comes first; read the other way, many lie in the future."
                    ),
                )
    return found


def _late(facts: DateFacts, order: str, tomorrow: int) -> int:
    return sum(count for day, count in facts.days[order].items() if day > tomorrow)
