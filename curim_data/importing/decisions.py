"""Decisions over a whole file before its rows are parsed: one answer for all of them.

How dates are written (day or month first, serial numbers, months alone), how coordinates are (`coordinates`), which
time zone times without offset are in, which word stands for which value. Where the evidence is balanced, a `Question`
is raised, and a person answers it in `Answers`.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from curim_data.formats.base import Layout, fold
from curim_data.formats.columns import (
    DATE_ROLES,
    DATES,
    ENUM_ROLES,
    GENDER_ROLES,
    ISO_DAY,
    MAIN_DATES,
    MILLISECONDS,
    MONTHS,
    SECONDS,
    SERIAL,
    DateFormat,
    RoleColumns,
    local_timestamps,
    numeric_pairs,
    parse_dates,
)
from curim_data.importing.coordinates import CoordinateFormat, decide_coordinates
from curim_data.importing.profiling import (
    ORDERS,
    SHAPE,
    DateProfile,
    FileProfile,
    Orders,
    RowOrders,
)
from curim_data.importing.questions import UNKNOWN, file_questions, in_excess, meanings
from curim_data.lexicon import WORDS, gender_parts, gender_words, state_of
from curim_data.model import (
    DAY_FIRST,
    MONTH_FIRST,
    Answers,
    Choice,
    CityProfile,
    IntArray,
    Message,
    Question,
)
from curim_data.model.labels import GENDERS, STATUSES

_AMBIGUOUS: Final = frozenset("mhα")  # letters that mean a man or a woman, as the rest of the column shows
SORTED_ROWS: Final = 20
MONTH_ROWS: Final = 50
MONTHS_SEEN: Final = 3
MIDNIGHT_ROWS: Final = 20
OWN_ORDER_ROWS: Final = 20
EXCHANGED_DAYS: Final = 5
FUTURE_SHARE: Final = 0.05
FUTURE_ROWS: Final = 5
_CLOCK_CHECK_ROWS: Final = 100

DATE_CHOICES: Final = (
    Choice(DAY_FIRST, Message("The day comes first: 01/03/2025 is the first of March")),
    Choice(MONTH_FIRST, Message("The month comes first: 01/03/2025 is the third of January")),
)


_ORDERS: Final = {
    DAY_FIRST: Message("{columns}: the day comes before the month."),
    MONTH_FIRST: Message("{columns}: the month comes before the day."),
}


_AT: Final = ((5, 7), (8, 10))  # where the two numbers after the year stand
_SHORT_YEARS: Final = r"^(?P<first>\d{2}) ?[/.-] ?\d{1,2} ?[/.-] ?(?P<last>\d{1,2})(?:[ T,].*)?$"
LEAST_SHORT: Final = 10
LEAST_YEAR: Final = 10  # lower ones are rather days or months
FEW_YEARS: Final = 5
_YEAR_FIRST: Final = Message(
    "{name}: the dates in {columns} look as if they began with a year of two digits (as 25-03-01 for 2025-03-01). If "
    "so, write years with four digits; if not, say which comes first (day-first or month-first)."
)


@dataclass(frozen=True)
class DateDecisions:
    """How the dates of a file are written.

    `order`: of day and month, None where no date needs it. `forms`: form of the columns (`dates`) that are not written
    as usual, by role. `hours`: roles whose bare numbers in a column of times are hours. `orders`: the order of columns
    that have one of their own. `exchanged`: columns whose real dates a spreadsheet made of texts of the other order.
    `rows`: what tells the order of each row, of columns that write both; `mistaken`: roles
    in which a few dates can only be read in the other order, and are.
    """

    order: str | None = None
    forms: Mapping[str, str] = field(default_factory=dict)
    hours: frozenset[str] = frozenset()
    reasons: tuple[Message, ...] = ()
    orders: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, RowOrders] = field(default_factory=dict)
    mistaken: frozenset[str] = frozenset()
    exchanged: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Decisions:
    """One answer for all rows of a file.

    `dates` and `coordinates`: how these are written. `latest`: the latest plausible timestamp. `timezone`: zone of
    times without offset, None for the city's, which that of the roles in `local` is. `words`: value of the enum by
    folded spelling, by role. `category`: the category of a file without such a column. `kind`: of the categories that
    the city does not have ("names": as their names say), None for that of the layout. `reasons`: what a reader should
    know of the decisions that were not obvious. `midnight`: roles of dates whose 00:00 says nothing of the hour.
    `questions`: what a person may say better.
    """

    dates: DateDecisions
    coordinates: CoordinateFormat
    latest: pd.Timestamp
    timezone: str | None = None
    local: frozenset[str] = frozenset()
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    category: str | None = None
    kind: str | None = None
    reasons: tuple[Message, ...] = ()
    midnight: frozenset[str] = frozenset()
    questions: tuple[Question, ...] = ()

    def date_format(self, role: str, zone: str) -> DateFormat:
        """Return how a column of dates is written; `zone` is the city's."""
        return DateFormat(
            zone if role in self.local else self.timezone or zone,
            self.dates.orders.get(role, self.dates.order),
            self.dates.forms.get(role, ""),
            zone,
        )

    def row_orders(self, role: str, columns: RoleColumns, rows: IntArray) -> Orders | None:
        """Return the order of day and month in each row of a block; None where one order holds for the whole column."""
        if role in self.dates.rows:
            return self.dates.rows[role].of(columns, rows)
        order = self.dates.orders.get(role, self.dates.order)
        return np.full(columns.size, ORDERS[order], np.int8) if role in self.dates.mistaken and order else None


def decide(
    profile: FileProfile, layout: Layout, city: CityProfile | None, answers: Answers, name: str, now: dt.datetime
) -> Decisions:
    """Decide from the profile of a whole file.

    Parameters
    ----------
    city : CityProfile or None
        Where the alerts should lie; without it, projected coordinates need an answer.
    answers : Answers
        What a person said; it outweighs the evidence.
    name : str
        Name of the file in messages.
    now : datetime
        Against which dates in the future are judged.

    Raises
    ------
    Question
        Where the file becomes usable with one answer.
    ImportProblem
        Where an answer cannot be right.
    """
    dates = decide_dates(profile, answers, name, now)
    table, _ = profile.sample
    sample = RoleColumns(table, layout, profile.labels, dates.hours)
    if answers.dates is None:
        _ask_about_short_years(profile, sample, name, now)
    exchanged, warnings = _exchanged(profile, sample)
    dates = replace(dates, exchanged=exchanged, reasons=(*dates.reasons, *warnings))
    coordinates = decide_coordinates(profile, sample, city, answers, name)
    zone = answers.timezone or ("UTC" if layout.utc else None)
    # Forms whose system writes moments in UTC hold a day and a time that were asked apart as they were answered, and so
    # are moments without "UTC" in their heading where others have it.
    dated = {role: layout.roles[role] for role in DATE_ROLES if role in layout.roles}
    heads = {role: [profile.labels[part.place] for part in parts] for role, parts in dated.items()}
    plain = {role: names for role, names in heads.items() if "utc" not in " ".join(names).casefold()}
    apart = {role: names for role, names in plain.items()
             if len(plain) < len(heads) or {"date", "time"} <= {part.part for part in dated[role]}}  # fmt: skip
    local = apart if layout.utc and not answers.timezone else {}
    home = city.timezone if city is not None else "UTC"
    date_format = DateFormat(zone or home, dates.order, dates.forms.get("reported_at", ""), home)
    own = np.zeros(sample.size, np.int8) if "reported_at" in dates.rows else None
    words = _words(profile, layout, answers)
    decided = Decisions(
        dates=dates,
        coordinates=coordinates,
        latest=latest_plausible(parse_dates(sample["reported_at"], date_format, own).timestamps, now),
        timezone=zone,
        local=frozenset(local),
        words=words,
        category=answers.category or layout.category,
        kind=answers.kind,
        reasons=(
            *dates.reasons,
            *(
                [Message("Times without an offset were read in the time zone {zone}.", {"zone": zone or home})]
                if any(seen["local"] and not dates.forms.get(role) for role, seen in profile.dates.items())
                else []
            ),
            *(Message("{columns}: in local time.", {"columns": ", ".join(names)}) for names in local.values()),
            *coordinates.reasons,
            *_letters(profile),
            *layout.notes,
        ),
    )
    midnights = _midnights(profile, sample, decided, home)
    return replace(
        decided,
        midnight=frozenset(MAIN_DATES if answers.midnight == UNKNOWN else midnights if not answers.midnight else ()),
        questions=file_questions(profile, layout, words, midnights),
    )


def _midnights(profile: FileProfile, sample: RoleColumns, decided: Decisions, home: str) -> dict[str, tuple[int, int]]:
    """How many of how many times are 00:00 in the city, by role, where that is no chance; of a sample of the rows where
    the texts do not show local time."""
    found: dict[str, tuple[int, int]] = {}
    for role in (one for one in MAIN_DATES if one in profile.dates):
        seen, form = profile.dates[role], decided.date_format(role, home)
        n, of = seen["midnight"], seen["timed"]
        if form.zone == "UTC" != home or form.form in (SECONDS, MILLISECONDS) or seen["wall"] < of:
            parsed = parse_dates(sample[role], form, decided.row_orders(role, sample, profile.sample[1]))
            times = parsed.timestamps[~parsed.day_only].dropna().dt.tz_convert(home)
            n, of = int((times == times.dt.normalize()).sum()), len(times)
        if in_excess(n, of):
            found[role] = n, of
    return found


def _letters(profile: FileProfile) -> Iterator[Message]:
    """Say which single letters of a gender column were read by the other values in it."""
    for role in GENDER_ROLES:
        there = {one for word in profile.values.get(role, ()) for one in gender_parts(word)}
        own = profile.layout.words.get(role, {})
        known = {**gender_words(there, _label(profile, role)), **own}
        letters = {letter for letter in there if letter in _AMBIGUOUS and letter in known}
        if not letters <= set(own):
            values = {
                kind: ", ".join(sorted(word.upper() for word in there if len(word) == 1 and known.get(word) == one))
                for kind, one in (("women", "woman"), ("men", "man"))
            }
            yield Message(
                "{column}: as the other values show, women are {women} and men are {men}.",
                {"column": _label(profile, role), **values},
            )


def _label(profile: FileProfile, role: str) -> str:
    """The heading of the column that has a role; "" where none has."""
    return profile.labels[profile.layout.place(role)] if role in profile.layout.roles else ""


def _words(profile: FileProfile, layout: Layout, answers: Answers) -> Mapping[str, Mapping[str, str]]:
    """Return the table of words of each enum; the words of the format take precedence over the general ones, and what a
    person said over both."""
    shared = {
        role: gender_words(profile.values.get(role, ()), _label(profile, role)) if role in GENDER_ROLES else WORDS[role]
        for role in ENUM_ROLES
    }
    shared["status"] = {fold(word): state for word in profile.values.get("status", ()) if (state := state_of(word))}
    said = meanings(answers)
    told = {
        role: {word: value for word, value in said.items() if value in allowed}
        for role, allowed in (*((role, GENDERS) for role in GENDER_ROLES), ("status", STATUSES))
    }
    return {
        role: {**shared.get(role, {}), **layout.words.get(role, {}), **told.get(role, {})}
        for role in (*ENUM_ROLES, *layout.words)
    }


def decide_dates(profile: FileProfile, answers: Answers, name: str, now: dt.datetime) -> DateDecisions:
    """Decide over all columns of dates; Question where day and month can change places."""
    columns = {role: profile.labels[profile.layout.place(role)] for role in profile.dates}
    forms = {role: form for role, seen in profile.dates.items() if (form := _form(seen))}
    reasons = [Message(_FORMS[form].text, {"column": columns[role]}) for role, form in forms.items()]
    hours = frozenset(role for role, seen in profile.dates.items() if seen["bare_short"] and not seen["bare_long"])
    rows = {role: one.decide() for role, one in zip(profile.mixed, profile.order_evidence, strict=False)}
    contradictions = [
        sentence for role, orders in rows.items() for sentence in _contradiction(profile, columns[role], orders)
    ]
    plain = {role: seen for role, seen in profile.dates.items() if role not in rows}
    orders, of_columns = _own_orders(plain, columns)
    needed = {role: seen for role, seen in plain.items() if role not in orders}
    # Of a file that writes both orders an answer holds for its other columns alone, and is not remembered.
    single = None if rows and not any(seen.needs_order for seen in needed.values()) else answers.dates
    order, why = _order(profile, needed, single, name, now)
    mistaken, mistakes = _mistakes(plain, columns)
    why_order = (*contradictions, *of_columns, *([why] if why else []), *mistakes)
    return DateDecisions(order, forms, hours, (*reasons, *why_order), orders, rows, mistaken)


def _contradiction(profile: FileProfile, column: str, orders: RowOrders) -> Iterator[Message]:
    """Say that no single order is right for a column, whatever a person answers; what tells the orders apart, and what
    becomes of the rest. Values of other columns, which may be names of persons, are not repeated."""
    seen = profile.dates[orders.role]
    yield Message(
        "{column}: the file contradicts itself. In {day} rows the day can only come first, in {month} rows only the "
        "month, and {either} rows can be read both ways.",
        {"column": column, **{name: seen[name] for name in ("day", "month", "either")}},
    )
    if orders.values and orders.column == SHAPE:
        yield Message("How they are written tells them apart.")
    elif orders.values:
        yield Message("The column {column} tells them apart.", {"column": profile.labels[orders.column]})
    elif orders.blocks:
        yield Message("Blocks of rows tell them apart.")
    yield Message(
        "Rows that stay ambiguous are quarantined: write their dates as 2025-03-01T22:15 and import them again, or "
        "export the two sources as two files."
    )


def _own_orders(dates: Mapping[str, DateProfile], columns: Mapping[str, str]) -> tuple[dict[str, str], list[Message]]:
    """Return the order of each column where they differ and each shows its own in enough dates."""
    needed = {role: seen for role, seen in dates.items() if seen.needs_order}
    orders = {role: seen.order for role, seen in needed.items() if seen.order is not None}
    sure = len(orders) == len(needed) and all(seen.conclusive >= OWN_ORDER_ROWS for seen in needed.values())
    if not sure or len(set(orders.values())) < 2:
        return {}, []
    return orders, [Message(_ORDERS[order].text, {"columns": columns[role]}) for role, order in orders.items()]


def _exchanged(profile: FileProfile, sample: RoleColumns) -> tuple[frozenset[str], list[Message]]:
    """Columns in which day and month changed places: of those that a spreadsheet exchanged, what it could read as dates
    of its own order became dates, none of them after the twelfth of a month, and the rest stayed texts, all with a
    number above 12."""
    said = _day_in_the_middle(profile, sample)
    for role, seen in profile.dates.items():
        if seen["either"] or min(seen["iso"], seen.conclusive) < OWN_ORDER_ROWS:
            continue
        texts = sample[role]
        days = {
            int(day)
            for day in pc.unique(
                pc.utf8_slice_codeunits(texts.filter(pc.match_substring_regex(texts, ISO_DAY)), 8, 10)
            ).to_pylist()
        }
        if len(days) >= EXCHANGED_DAYS and max(days) <= 12:
            said[role] = Message(
                "{column}: {text} dates stayed texts with a number above 12, and the {real} others have no day above "
                "12: a spreadsheet has read texts in the other order, and day and month are exchanged. These rows are "
                "quarantined. Export the dates as 2025-03-01, without opening the file in a spreadsheet.",
                {"column": sample.label(role), "text": seen.conclusive, "real": seen["iso"]},
            )
    return frozenset(said), list(said.values())


def _day_in_the_middle(profile: FileProfile, sample: RoleColumns) -> dict[str, Message]:
    """Columns that write year, day and month (2025-31-01): many middle numbers are no month, and no last one is above
    12. Those that can be read both ways would be read as other days.
    """
    said: dict[str, Message] = {}
    for role in profile.dates:
        texts = sample[role].filter(pc.match_substring_regex(sample[role], ISO_DAY))
        middle, last = ({int(one) for one in pc.unique(pc.utf8_slice_codeunits(texts, *at)).to_pylist()} for at in _AT)
        wrong = int(pc.sum(pc.match_substring_regex(texts, r"^\d{4}-(?:1[3-9]|[23]\d)-")).as_py() or 0)
        if wrong >= OWN_ORDER_ROWS and len(middle) > len(last) and max(last) <= 12:
            said[role] = Message(
                "{column}: {n} of the first dates have the day before the month (as 2025-31-01), and no other one has "
                "a day above 12. Its dates are quarantined: export them as 2025-01-31.",
                {"column": sample.label(role), "n": wrong},
            )
    return said


def _ask_about_short_years(profile: FileProfile, sample: RoleColumns, name: str, now: dt.datetime) -> None:
    """Raise a Question where dates seem to begin with a year of two digits (25/03/01): read as days, they would be of
    other years. Then all first numbers are of few years, none to come, and the last ones are more, and days.
    """
    for role, seen in profile.dates.items():
        if not seen.needs_order:
            continue
        first, last = (
            pc.struct_field(pc.extract_regex(sample[role], _SHORT_YEARS), part).drop_null()
            for part in ("first", "last")
        )
        if len(first) < LEAST_SHORT or len(first) < int(pc.sum(pc.not_equal(sample[role], "")).as_py() or 0):
            continue
        years = {int(text) for text in pc.unique(first).to_pylist()}
        days = {int(text) for text in pc.unique(last).to_pylist()}
        recent = LEAST_YEAR <= min(years) <= max(years) <= (now.year % 100) and max(years) - min(years) <= FEW_YEARS
        if recent and len(days) > max(len(years), FEW_YEARS) and min(days) >= 1 and max(days) <= 31:
            raise Question(
                "dates",
                "--dates",
                Message(_YEAR_FIRST.text, {"name": name, "columns": sample.label(role)}),
                DATE_CHOICES,
            )


def _mistakes(dates: Mapping[str, DateProfile], columns: Mapping[str, str]) -> tuple[frozenset[str], list[Message]]:
    """Name the columns in which a few dates can only be read in the other order than the rest."""
    few = {role: min(seen["day"], seen["month"]) for role, seen in dates.items() if seen.order is not None}
    said = {
        role: Message(
            "{column}: of {total} dates that show whether day or month comes first, {few} can only be read in the "
            "other order and were read so; dates that can be read both ways were read as most are.",
            {"column": columns[role], "few": n, "total": dates[role].conclusive},
        )
        for role, n in few.items()
        if n
    }
    return frozenset(said), list(said.values())


def latest_plausible(timestamps: pd.Series, now: dt.datetime) -> pd.Timestamp:
    """One day from now; the end of the file's own year where the clock is behind it (95th percentile of 100 dates)."""
    dates = timestamps.dropna()
    if len(dates) >= _CLOCK_CHECK_ROWS:
        newest: Any = dates.quantile(0.95)
        if newest > pd.Timestamp(now):
            return pd.Timestamp(dt.datetime(newest.year + 1, 1, 1, tzinfo=dt.UTC))
    return pd.Timestamp(now) + pd.Timedelta(days=1)


_FORMS: Final = {
    SERIAL: Message("{column}: the dates are serial numbers of a spreadsheet."),
    SECONDS: Message("{column}: the dates are seconds since 1970."),
    MILLISECONDS: Message("{column}: the dates are milliseconds since 1970."),
    MONTHS: Message("{column}: every date is the first of a month, so only the month is known."),
    DATES: Message("{column}: every time is midnight, so only the date is known."),
}


def _form(seen: DateProfile) -> str:
    """How all dates of a column are written, where not as usual."""
    n, midnights = seen["filled"], seen["timed"] == seen["midnight"]
    months = midnights and seen["firsts"] == n >= MONTH_ROWS and len(seen.months) >= MONTHS_SEEN
    number = next((form for form in (SERIAL, SECONDS, MILLISECONDS) if 0 < n == seen[form]), "")
    return number or (MONTHS if months else DATES if midnights and seen["timed"] == n >= MIDNIGHT_ROWS else "")


def _order(
    profile: FileProfile, dates: Mapping[str, DateProfile], answer: str | None, name: str, now: dt.datetime
) -> tuple[str | None, Message | None]:
    needed = {role: seen for role, seen in dates.items() if seen.needs_order}
    if not needed:
        return answer, None
    labels = ", ".join(_label(profile, role) for role in needed)
    total = DateProfile(sum(needed.values(), Counter[str]()))
    if answer and total.order not in (None, answer) and total.conclusive >= OWN_ORDER_ROWS:
        return total.order, Message(
            "{columns}: the answer {answer} cannot be right, since {n} dates can only be read in the other order. They "
            "were read so.",
            {"answer": answer, "columns": labels, "n": total.conclusive},
        )
    if answer:
        return answer, None
    verdicts = {seen.order for seen in needed.values()} - {None}
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
    if verdict := next(iter(verdicts), None):
        return verdict, Message(_ORDERS[verdict].text, {"columns": labels})
    evidence = _order_by_context(profile, needed, now) if not total.conclusive else {}
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


def _order_by_context(profile: FileProfile, roles: Iterable[str], now: dt.datetime) -> dict[str, Message]:
    """Return the orders that the order of the rows or today's date supports, with the reason."""
    found: dict[str, Message] = {}
    tomorrow = np.datetime64(int(now.timestamp() // 86_400) + 2, "D")
    columns = RoleColumns(profile.sample[0], profile.layout, profile.labels)
    for role in roles:
        one, two, parts = numeric_pairs(columns[role])
        read = {
            order: local_timestamps({**parts, "day": day, "month": month})
            for order, day, month in ((DAY_FIRST, one, two), (MONTH_FIRST, two, one))
        }
        dates = {order: stamps[~np.isnat(stamps)] for order, stamps in read.items()}
        in_order = [
            order for order, some in dates.items() if (some[1:] >= some[:-1]).all() or (some[1:] <= some[:-1]).all()
        ]
        if len(in_order) == 1 and min(map(len, dates.values())) >= SORTED_ROWS:
            found[in_order[0]] = Message("No date shows whether day or month comes first; the order of the rows does.")
        late = {order: int((some >= tomorrow).sum()) for order, some in dates.items()}
        for order, other in ((DAY_FIRST, MONTH_FIRST), (MONTH_FIRST, DAY_FIRST)):
            if not late[order] and late[other] >= max(FUTURE_ROWS, FUTURE_SHARE * len(dates[other])):
                found.setdefault(
                    order,
                    Message(
                        "No date shows whether day or month comes first; read the other way, many lie in the future."
                    ),
                )
    return found
