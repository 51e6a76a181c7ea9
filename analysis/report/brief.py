"""The brief for the council's meeting: one to two pages, from what the briefing page shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from analysis.report.blocks import (
    Bar,
    Bars,
    Block,
    Bullets,
    Columns,
    Document,
    Figure,
    Group,
    Heading,
    Picture,
    Table,
    Text,
)
from curim_data.model import CityProfile, Span, Translator, at_head, fewer_than

CHART_MM = 78
MOST_PLANS = 6  # in the brief, those that are late or due first
MOST_PAGES = 2  # one where no change is told
MAP_SHARE, SMALL_MAP_SHARE = 0.5, 0.41  # of the width; the smaller one on a single page


@dataclass(frozen=True)
class ChangeRow:
    """A change that deserves attention, in finished sentences.

    counts: from how many to how many alerts; told: how it compares, since when, for whom; certain: how surely it
    is not chance, the words before the number; against: what it was compared with; picture: its chart.
    """

    what: str
    where: str
    counts: str
    told: tuple[str, ...] = ()
    certain: str = ""
    against: str = ""
    picture: Picture | None = None


@dataclass(frozen=True)
class SpotRow:
    """A hot spot: its alerts and those that its surroundings predict, None where that is not known. `times`: in
    words, how many times as dense it is as what it is compared with, of a place of which nothing is expected. `least`:
    the smallest number of alerts that is written out.
    """

    rank: int
    name: str
    n: float
    expected: float | None
    times: str = ""
    least: int = 1


@dataclass(frozen=True)
class PlanRow:
    """A plan that was decided: its title, who leads, its status in words, what comes next, and what became of it.

    standing: "late", "due" (for evaluation), "on_time" or "none". result: the sentences that were kept with the plan
    when it was evaluated, or ""; an evaluated plan with a result has no `next`.
    """

    title: str
    lead: str
    status: str
    next: str
    standing: str = "none"
    result: str = ""

    def next_or_result(self, t: Translator) -> str:
        """What comes next and what became of the plan so far, as one text."""
        if self.next and self.result:
            return t("{next}. {result}", next=self.next, result=self.result)
        return self.result or self.next


@dataclass(frozen=True)
class Brief:
    """What a brief says. Texts are in the reader's language; numbers have passed disclosure control for its readers.

    headline: the one sentence; since, until: the window of the changes, whole months where `by_month`; period: that of
    everything else; none_found, no_spots: what stands where there is no change or no hot spot; before: the days that
    the changes are compared with, None where there is no earlier time; numbers: how many alerts there are, lie on the
    map and were tested, in one line; caption: what was found on the map; questions: four for the meeting; limits: what
    these data cannot say, as one note; sources: the data and the methods; link: where the same view opens, or ""; made:
    date of the brief; illustrative: made of sample data.
    """

    headline: str
    since: dt.date
    until: dt.date
    made: dt.date
    changes: tuple[ChangeRow, ...] = ()
    before: tuple[dt.date, dt.date] | None = None
    picture: Picture | None = None
    caption: str = ""
    numbers: str = ""
    spots: tuple[SpotRow, ...] = ()
    shares: tuple[Bar, ...] = ()
    whom: str = ""
    plans: tuple[PlanRow, ...] = ()
    questions: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    link: str = ""
    illustrative: bool = False
    by_month: bool = False
    period: tuple[dt.date, dt.date] | None = None
    none_found: str = ""
    no_spots: str = ""


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
        most_pages=MOST_PAGES if brief.changes else 1,
    )


def _blocks(brief: Brief, t: Translator) -> Iterator[Block]:
    yield Text(brief.headline, "lead")
    yield from _changes(brief, t)
    yield from _plans(brief, t)
    yield from _where_and_whom(brief, t)
    yield Group(tuple(_end(brief, t)))


def _end(brief: Brief, t: Translator) -> Iterator[Block]:
    """What is asked, what the data cannot say, and where all of it comes from."""
    if brief.questions:
        yield Heading(t("Four questions for the meeting"))
        yield Bullets(brief.questions, numbered=True)
    yield Heading(t("What these data cannot say"))
    limits = (t("More alerts need not be more crime: they also show who reports, and how often."), *brief.limits)
    yield Text(" ".join(limits), "note")
    if brief.sources:
        yield Heading(t("Sources"))
    yield from (Text(source, "note") for source in brief.sources)
    if brief.link:
        yield Text(t("The same view: {link}", link=brief.link), "note")


def _changes(brief: Brief, t: Translator) -> Iterator[Block]:
    yield Heading(t("Changes that deserve attention"))
    window = Span(brief.since, brief.until, brief.by_month)
    if brief.before is not None:
        before = Span(*brief.before, brief.by_month)
        told = t("{window}, compared with {before}.", window=window, before=before)
        yield Text(at_head(told), "note")
    elif brief.period is not None and brief.period[0] < brief.since:
        yield Text(t("Changes: {window}.", window=window), "note")
    if brief.before is None or not brief.changes:
        yield Text(brief.none_found)
        return
    same = len({row.against for row in brief.changes}) == 1  # what all are compared with is said once, above
    for row in brief.changes:
        yield from _change(row, t, with_against=not same)


def _change(row: ChangeRow, t: Translator, *, with_against: bool) -> Iterator[Block]:
    """A change with its chart beside it: what and where, from how many to how many, for whom, how sure."""
    words = [Text(row.counts, "strong")]
    sentences = (*row.told, row.certain, row.against if with_against else "")
    words.append(Text(" ".join(filter(None, sentences))))
    heading = Heading(t("{what}, {where}", what=row.what, where=row.where), 2)
    if row.picture is None:
        yield heading
        yield from words
        return
    yield Columns((heading, *words), (Figure(row.picture, width_mm=CHART_MM),), 0.55, together=True)


def _plans(brief: Brief, t: Translator) -> Iterator[Block]:
    """The decided plans; a short list is not divided between two pages, and of a long one the first stand here."""
    shown = brief.plans[:MOST_PLANS]
    if not shown:
        yield Heading(t("What was decided, and what became of it"))
        yield Text(t("No plan has been decided yet."))
    else:
        header = (t("Plan"), t("Lead"), t("Status"), t("Next step or result"))
        rows = tuple((plan.title, plan.lead, plan.status, plan.next_or_result(t)) for plan in shown)
        blocks: list[Block] = [Heading(t("What was decided, and what became of it"))]
        blocks.append(Table(header, rows, (2.6, 1.8, 1.6, 4.2)))
        if more := len(brief.plans) - len(shown):
            told = t.n("{n} more plan: page “Interventions”.", "{n} more plans: page “Interventions”.", more)
            blocks.append(Text(told, "note"))
        yield Group(tuple(blocks))


def _where_and_whom(brief: Brief, t: Translator) -> Iterator[Block]:
    table: tuple[Block, ...] = ()
    if brief.spots:
        table = tuple(_spots(brief.spots, t))
    where: tuple[Block, ...] = (Heading(t("Where")),)
    if not brief.spots:
        where += (Text(brief.no_spots),)
    whom = (Heading(t("For whom")), *_whom(brief, t)) if brief.shares or brief.whom else ()
    caption = " ".join(filter(None, (brief.numbers, brief.caption)))
    if brief.picture is None:
        yield from (*where, *table, *((Text(brief.numbers, "note"),) if brief.numbers else ()), *whom)
        return
    figure = Figure(brief.picture, caption, 100)
    share = MAP_SHARE if brief.changes else SMALL_MAP_SHARE
    heading = (Heading(t("Hot spots")),) if table else ()
    yield Columns((*where, figure), (*heading, *table, *whom), share, together=True)


def _spots(spots: tuple[SpotRow, ...], t: Translator) -> Iterator[Block]:
    """The hot spots, with what was expected, or how dense they are."""
    if any(spot.times for spot in spots):
        dense = tuple((str(spot.rank), spot.name, _count(spot, t), spot.times) for spot in spots)
        yield Table(("#", t("Hot spot"), t("Alerts"), t("Ratio")), dense, (0.35, 3.6, 1.5, 1.8), right=(2, 3))
        return
    header = ("#", t("Hot spot"), t("Alerts"), t("Expected"))
    told = tuple((str(spot.rank), spot.name, _count(spot, t), t.roughly(spot.expected)) for spot in spots)
    yield Table(header, told, (0.35, 3.6, 1.5, 1.8), right=(2, 3))


def _count(spot: SpotRow, t: Translator) -> str:
    return t(fewer_than(spot.least)) if 0 < spot.n < spot.least else t.number(spot.n)


def _whom(brief: Brief, t: Translator) -> Iterator[Block]:
    if brief.shares:
        yield Bars((t("Affected"), t("Share (interval)")), brief.shares)
    if brief.whom:
        yield Text(brief.whom)
