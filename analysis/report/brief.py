"""The brief for the council's meeting: one to two pages, from what the briefing page shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

from analysis.report.blocks import (
    Bar,
    Bars,
    Block,
    Bullets,
    Columns,
    Document,
    Figure,
    Heading,
    Picture,
    Table,
    Text,
)
from curim_data.model import CityProfile, Translator
from curim_data.model.i18n import Span


@dataclass(frozen=True)
class ChangeRow:
    """A change that deserves attention. before, after: alerts, None where protected.

    certain: how hard it is to explain by chance, in words; against: what it was compared with.
    """

    what: str
    where: str
    whom: str
    before: float | None
    after: float | None
    certain: str
    against: str = ""


@dataclass(frozen=True)
class SpotRow:
    """A hot spot: its alerts and those that its surroundings predict, None where protected.

    `bounded`: no more are to be expected, since protected counts enter with the most that they may be.
    """

    rank: int
    name: str
    n: float | None
    expected: float | None
    bounded: bool = False


@dataclass(frozen=True)
class ShareRow:
    """A group's share (0 to 1) with its 95 % interval; value None where protected."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class PlanRow:
    """A plan in progress: its title, who leads, its status in words, what comes next."""

    title: str
    lead: str
    status: str
    next: str


@dataclass(frozen=True)
class Brief:
    """What a brief says. Texts are in the reader's language; numbers have passed disclosure control for the council.

    headline: the one sentence; sentence: a second one that explains it, or ""; since, until: the window of the changes,
    whole months where `by_month`; period: that of everything else; none_found, no_spots: what stands where there is no
    change or no hot spot; whom_note: why some changes do not say for whom, or "";
    filter_sentence: the filter in words; limits: what these data cannot say; link: where the same view opens; made:
    date of the brief; compared: whether there was an earlier time to compare with; illustrative: made of sample data.
    """

    headline: str
    since: dt.date
    until: dt.date
    made: dt.date
    sentence: str = ""
    compared: bool = True
    changes: tuple[ChangeRow, ...] = ()
    picture: Picture | None = None
    caption: str = ""
    spots: tuple[SpotRow, ...] = ()
    shares: tuple[ShareRow, ...] = ()
    whom: str = ""
    plans: tuple[PlanRow, ...] = ()
    limits: tuple[str, ...] = field(default_factory=tuple)
    filter_sentence: str = ""
    link: str = ""
    illustrative: bool = False
    by_month: bool = False
    period: tuple[dt.date, dt.date] | None = None
    none_found: str = ""
    no_spots: str = ""
    whom_note: str = ""


def compose_brief(brief: Brief, city: CityProfile, t: Translator) -> Document:
    """Put a brief together, ready to be set as PDF or Word."""
    return Document(
        title=t("Briefing for the council"),
        language=t.lang,
        kicker=t(
            "{city} · {period}",
            city=t.label(city.names),
            period=Span(*(brief.period or (brief.since, brief.until)), brief.by_month),
        ),
        mark=t("Sample data: made up. Not about real events.") if brief.illustrative else "",
        footer=t("CURiM · {city} · made on {date}", city=t.label(city.names), date=brief.made),
        blocks=tuple(_blocks(brief, t)),
    )


def _blocks(brief: Brief, t: Translator) -> Iterator[Block]:
    yield Text(brief.headline, "lead")
    if brief.sentence:
        yield Text(brief.sentence)
    yield from _changes(brief, t)
    yield from _where_and_whom(brief, t)
    if brief.plans:
        yield Heading(t("What was decided, and what became of it"))
        header = (t("Plan"), t("Lead"), t("Status"), t("Next step"))
        rows = tuple((plan.title, plan.lead, plan.status, plan.next) for plan in brief.plans)
        yield Table(header, rows, (3.2, 2.2, 1.8, 2.6))
    yield Columns(_questions(t), _limits(brief, t))
    if brief.filter_sentence:
        yield Text(brief.filter_sentence, "note")
    if brief.link:
        yield Text(t("The same view: {link}", link=brief.link), "note")


def _questions(t: Translator) -> tuple[Block, ...]:
    """The four steps of a focused conversation: what is seen, what it does to us, what it means, what to do."""
    asked = (
        t("What do the data show?"),
        t("What surprises us?"),
        t("What could it mean?"),
        t("What do we decide?"),
    )
    return (Heading(t("Four questions for the meeting")), Bullets(asked, numbered=True))


def _changes(brief: Brief, t: Translator) -> Iterator[Block]:
    yield Heading(t("Changes that deserve attention"))
    if brief.period is not None and brief.period[0] < brief.since:
        yield Text(t("Changes: {window}.", window=Span(brief.since, brief.until, brief.by_month)), "note")
    if not brief.compared:
        yield Text(brief.none_found or t("There is no earlier time to compare with."))
        return
    if not brief.changes:
        yield Text(brief.none_found or t("None: no change is larger than chance explains."))
        return
    header = (t("What"), t("Where"), t("For whom"), t("Incidents"), t("Could it be chance?"))
    rows = tuple(
        (row.what, row.where, row.whom, f"{_count(row.before, t)} → {_count(row.after, t)}", row.certain)
        for row in brief.changes
    )
    yield Table(header, rows, (2.4, 2.0, 1.6, 1.6, 2.9), right=(3,))
    if brief.whom_note:
        yield Text(brief.whom_note, "note")
    if len({row.against for row in brief.changes}) == 1:
        yield Text(brief.changes[0].against, "note")
    else:
        yield from (Text(note, "note") for note in _against(brief.changes))


def _against(rows: tuple[ChangeRow, ...]) -> Iterator[str]:
    """What each change was compared with, each wording once, after the changes that it holds for."""
    for against in dict.fromkeys(row.against for row in rows):
        named = " · ".join(f"{row.what}, {row.where}" for row in rows if row.against == against)
        yield f"{named}: {against}"


def _where_and_whom(brief: Brief, t: Translator) -> Iterator[Block]:
    table: tuple[Block, ...] = ()
    if brief.spots:
        header = ("#", t("Hot spot"), t("Incidents"), t("Expected"))
        rows = tuple((str(spot.rank), spot.name, _count(spot.n, t), _expected(spot, t)) for spot in brief.spots)
        table = (Table(header, rows, (0.35, 3.6, 1.5, 1.8), right=(2, 3)),)
    where: tuple[Block, ...] = (Heading(t("Where")),)
    if not brief.spots:
        where += (Text(brief.no_spots or t("No place has more incidents than chance explains.")),)
    whom = (Heading(t("For whom")), *_whom(brief, t)) if brief.shares or brief.whom else ()
    if brief.picture is None:
        yield from (*where, *table, *whom)
        return
    yield Columns((*where, Figure(brief.picture, brief.caption)), (*_aligned(table, t), *whom), 0.49)


def _aligned(table: tuple[Block, ...], t: Translator) -> tuple[Block, ...]:
    return (Heading(t("Hot spots")), *table) if table else ()


def _whom(brief: Brief, t: Translator) -> Iterator[Block]:
    if brief.shares:
        bars = tuple(Bar(row.label, _choices(row, t), row.value, row.low, row.high) for row in brief.shares)
        yield Bars((t("Affected"), t("Share (interval)")), bars)
    if brief.whom:
        yield Text(brief.whom)


def _choices(row: ShareRow, t: Translator) -> str:
    if row.value is None:
        return t("protected")
    if row.low is None or row.high is None:
        return t.percent(row.value)
    return f"{t.percent(row.value)} ({t.number(100 * row.low)}–{t.number(100 * row.high)})"


def _count(value: float | None, t: Translator) -> str:
    return t("few") if value is None else t.number(value)


def _expected(spot: SpotRow, t: Translator) -> str:
    message = t("few") if spot.expected is None else t.about(spot.expected, at_most=spot.bounded)
    return t("at most {n}", n=message) if spot.bounded and spot.expected is not None else message


def _limits(brief: Brief, t: Translator) -> tuple[Block, ...]:
    limits = (t("More alerts need not be more crime: they also show who reports, and how often."), *brief.limits)
    return (Heading(t("What these data cannot say")), Bullets(limits))
