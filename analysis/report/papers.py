"""The brief for the council's meeting: a page of changes to decide on, and one of plans and of the map.

An intervention plan as a document that a council can decide on: problem, measures, aim, who, how we shall know.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from analysis.plans.drafting import (
    CAUTIONS,
    EFFECTS,
    Measure,
    done_in,
    effect_text,
    find_measure,
    harm_questions,
    named_test,
    objective_sentence,
    plan_warnings,
    problem_statement,
    quality_text,
    setting_text,
    source_text,
)
from analysis.plans.verdict import fall_sentence
from analysis.report.documents import (
    AREAS_MM,
    Block,
    Bullets,
    Columns,
    Decision,
    Decisions,
    Document,
    DocumentFormat,
    Facts,
    Figure,
    Heading,
    Picture,
    Table,
    Text,
    render_pdf,
)
from analysis.spots.naming import area_in_words
from curim_data.model import CityProfile, Message, Plan, PlanStatus, Span, Translator, at_head, fewer_than, is_small
from curim_data.model.labels import inline, provisional_note
from curim_data.model.plan import STATUS_WORDS

CITY_MM: Final = 88  # width of the map of the city
MOST_PLANS: Final = 6  # in the brief, those that are late or due first
MAP_SHARE: Final = 0.54  # of the width


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
    when it was evaluated, or ""; an evaluated plan with a result has no `next`. moved: it was decided, begun, ended or
    evaluated since the last meeting. begun: the id of a plan whose evaluation can be read.
    """

    title: str
    lead: str
    status: str
    next: str
    standing: str = "none"
    result: str = ""
    moved: bool = False
    begun: str = ""

    @property
    def next_or_result(self) -> str:
        """What comes next and what became of the plan so far, as one text."""
        return ". ".join(filter(None, (self.next, self.result)))


@dataclass(frozen=True)
class Brief:
    """What a brief says. Texts are in the reader's language; numbers have passed disclosure control for its readers.

    headline: the one sentence; since, until: the window of the changes, whole months where `by_month`; period: that of
    everything else; further: what is clear as well; chance: what may be chance, to look at `again`; none_found,
    no_spots: what stands where there is no change or no hot spot; before: the days that the changes are compared with,
    None where there is no earlier time; same_season: whether these are of the same season; limits: what these data
    cannot say, and which they are; link: where the same view opens, or ""; made: date of the brief; illustrative: made
    of sample data.
    """

    headline: str
    since: dt.date
    until: dt.date
    made: dt.date
    changes: tuple[Decision, ...] = ()
    further: tuple[str, ...] = ()
    chance: tuple[str, ...] = ()
    again: dt.date | None = None
    basis: str = ""
    before: tuple[dt.date, dt.date] | None = None
    same_season: bool = True
    picture: Picture | None = None
    spots: tuple[SpotRow, ...] = ()
    whom: str = ""
    plans: tuple[PlanRow, ...] = ()
    limits: tuple[str, ...] = ()
    link: str = ""
    illustrative: bool = False
    by_month: bool = False
    period: tuple[dt.date, dt.date] | None = None
    none_found: str = ""
    no_spots: str = ""


def compose_brief(brief: Brief, city: CityProfile, t: Translator) -> Document:
    """Put a brief together, ready to be set as PDF or Word."""
    link = t("The same view: {link}", link=brief.link) if brief.link else ""
    period = t.span(Span(*(brief.period or (brief.since, brief.until)), brief.by_month))
    return Document(
        title=t("Briefing for the council"),
        language=t.lang,
        kicker=f"{t.label(city.names)} · {period}",
        mark=t("Sample data: made up. Not about real events.") if brief.illustrative else "",
        footer=t("CURiM · {city} · made on {date}", city=t.label(city.names), date=brief.made),
        blocks=(
            Text(brief.headline, "lead"),
            *((Text(brief.basis, "note"),) if brief.basis else ()),
            *_changes(brief, t),
            *_plans(brief, t),
            *_where_and_whom(brief, t),
            Heading(t("What these data cannot say")),
            Text(" ".join(filter(None, (t(LIMIT), *brief.limits, link))), "note"),
        ),
    )


def _changes(brief: Brief, t: Translator) -> tuple[Block, ...]:
    heading = Heading(t("Changes to decide on"))
    nothing = Text(t("Nothing to decide. {reason}", reason=brief.none_found).rstrip())
    if brief.before is None:
        return heading, nothing
    window, before = (Span(*dates, brief.by_month) for dates in ((brief.since, brief.until), brief.before))
    when = at_head(t("{window}, compared with {before}.", window=window, before=before))
    when += "" if brief.same_season else " " + t("The season alone may explain it.")
    rows = tuple(replace(row, name=f"{at}. {row.name}") for at, row in enumerate(brief.changes, 1))
    also = {t("Clear as well, mostly the same alerts (expected)"): brief.further if rows else ()}
    if brief.again:
        also[t("May be chance; look again on {day}", day=brief.again)] = brief.chance
    lists = ((Text(t.pair(name, "").strip(), "note"), Bullets(rest)) for name, rest in also.items() if rest)
    decided = decisions(t("Finding"), rows, t) if rows else nothing
    return heading, Text(when, "note"), decided, *(block for both in lists for block in both)


def decisions(what: str, rows: tuple[Decision, ...], t: Translator) -> Decisions:
    """What is to be decided on, with boxes and lines for who, until when and the minutes."""
    boxes = (t("as proposed"), t("look again"), t("no action"))
    return Decisions((what, t("Decision")), rows, boxes, (t("Who"), t("By when"), t("Minutes")))


def _plans(brief: Brief, t: Translator) -> tuple[Block, ...]:
    """The decided plans: what the council has not read of yet, then the others, of a long list the first."""
    heading = Heading(t("Plans"), new_page=bool(brief.changes))
    if not brief.plans:
        return heading, Text(t("No plan has been decided yet."))
    header = (t("Plan"), t("Lead"), t("Status"), t("Next step or result"))
    shown: list[Block] = [heading]
    first = sorted(brief.plans, key=lambda plan: not plan.moved)[:MOST_PLANS]
    for moved, title in ((True, t("Since the last meeting")), (False, t("In progress"))):
        rows = tuple((one.title, one.lead, one.status, one.next_or_result) for one in first if one.moved is moved)
        shown += [Heading(title, 2), Table(header, rows, (2.6, 1.8, 1.6, 4.2))] if rows else []
    return tuple(shown)


def _where_and_whom(brief: Brief, t: Translator) -> tuple[Block, ...]:
    spots = (_spots(brief.spots, t),) if brief.spots else (Text(brief.no_spots),)
    whom = (Heading(t("For whom")), Text(brief.whom)) if brief.whom else ()
    if brief.picture is None:
        return Heading(t("Hot spots")), *spots, *whom
    return Heading(t("Hot spots")), Columns((Figure(brief.picture, width_mm=CITY_MM),), (*spots, *whom), MAP_SHARE)


def _spots(spots: tuple[SpotRow, ...], t: Translator) -> Table:
    """The hot spots, with what was expected, or how dense they are."""
    dense = any(spot.times for spot in spots)
    rows = tuple(
        (
            str(spot.rank),
            spot.name,
            t(fewer_than(spot.least)) if is_small(spot.n, spot.least) else t.number(spot.n),
            spot.times if dense else t.roughly(spot.expected),
        )
        for spot in spots
    )
    header = ("#", t("Hot spot"), t("Alerts"), t("Times as dense") if dense else t("Expected from surroundings"))
    return Table(header, rows, (0.35, 3.1, 1.5, 2.3), right=(2, 3))


LIMIT: Final = Message(
    "More or fewer alerts need not be more or less crime: they also show who reports, and how often."
)
GENDER_QUESTIONS: Final[Mapping[str, Message]] = {
    "affected": Message("Who is affected, women and men?"),
    "consulted": Message("Who was asked, and how?"),
    "target": Message("What is the aim for women and for men?"),
    "harm": Message("What harm could follow, and how is it watched?"),
}


def compose_plan(
    plan: Plan,
    city: CityProfile,
    t: Translator,
    *,
    made: dt.date | None = None,
    picture: Picture | None = None,
    illustrative: bool = False,
) -> Document:
    """Put a plan together, ready to be set as PDF or Word. made: date of the paper; picture: a map of its areas."""
    when = made or plan.problem.end
    chosen = tuple(found for name in plan.measures if (found := find_measure(name)) is not None)
    date = t.date(when) if when else ""
    return Document(
        title=plan.title or t("Intervention plan"),
        language=t.lang,
        kicker=" · ".join((t.label(city.names), t("Intervention plan"), t(STATUS_WORDS[plan.status]))),
        mark=t("Sample data: made up. Not about real events.") if illustrative else "",
        footer=t("CURiM · {city} · made on {date}", city=t.label(city.names), date=date),
        blocks=(
            Heading(t("Problem")),
            Text(plan.statement.get(t.lang) or problem_statement(plan.problem, t, city)),
            *(Text(t(CAUTIONS[caution]), "note") for caution in plan.problem.cautions if caution in CAUTIONS),
            *_measures(chosen, city, t),
            *_objective(plan, t),
            *_work(plan, t),
            *_knowing(plan, city, t, picture),
            *_people(plan, t),
            *((Heading(t("Result")), Text(t.label(plan.result))) if plan.result else ()),
            *_to_decide(plan, chosen, t),
            *_sources(chosen, city, t),
        ),
    )


def _measures(chosen: tuple[Measure, ...], city: CityProfile, t: Translator) -> tuple[Block, ...]:
    heading = Heading(t("Measures"))
    if not chosen:
        return heading, Text(at_head(t("to be set")))
    header = (t("Measure"), t("How it works"), t("What studies found"), t("Evidence"))
    rows = tuple(
        (
            t(item.name),
            t(item.mechanism),
            f"{effect_text(item, t)}. {t(item.outcome)}",
            at_head(". ".join(filter(None, (quality_text(item, t), setting_text(item, t))))),
        )
        for item in chosen
    )
    notes = tuple(t.pair(t(item.name), t(note)) for item in chosen for note in (item.note, done_in(item, city)) if note)
    return (
        heading,
        Table(header, rows, (1.7, 2.3, 3, 2)),
        *((Bullets(notes),) if notes else ()),
        Text(t(EFFECTS), "note"),
    )


def _objective(plan: Plan, t: Translator) -> tuple[Block, ...]:
    own = plan.objective.text if plan.language == t.lang else ""
    return (
        Heading(t("Objective")),
        Text(own or objective_sentence(plan.objective, plan.problem, t) or at_head(t("to be set"))),
        Text(" ".join(t(message) for message in plan_warnings(plan)), "note"),
    )


def _work(plan: Plan, t: Translator) -> tuple[Block, ...]:
    dates = (
        (name, t.date(day) if day else t("to be set"))
        for name, day in ((t("Begins"), plan.start), (t("Ends"), plan.finish))
    )
    pairs = (
        (t("Lead"), plan.lead or t("to be set")),
        (t("Partners"), t.join(plan.partners) if plan.partners else t("to be set")),
        *dates,
        (t("Budget in euros"), t("to be set") if plan.budget is None else t.number(plan.budget)),
        *(((t("What will have been done at the end"), plan.outputs),) if plan.outputs else ()),
    )
    rows = tuple(
        (step.what, step.who, t.date(step.due, "medium") if step.due else "", "✓" if step.done else "–")
        for step in plan.actions
    )
    steps = Table((t("Step"), t("Who"), t("Until"), t("Done")), rows, (4, 2.4, 1.6, 1))
    return Heading(t("Who, when, cost")), Facts(pairs), *((steps,) if rows else ())


def _knowing(plan: Plan, city: CityProfile, t: Translator, picture: Picture | None) -> tuple[Block, ...]:
    aim = plan.objective
    places = (
        (t("Treated area"), plan.areas.treated),
        (t("Buffer"), plan.areas.buffer),
        (t("Comparison area"), plan.areas.comparison),
    )
    facts = Facts(
        (
            *((name, area_in_words(cells, city, t) if cells else t("to be set")) for name, cells in places),
            (t("Review on"), t.date(plan.assessment.review) if plan.assessment.review else t("to be set")),
        )
    )
    return (
        Heading(t("How we will know")),
        Text(f"{t(named_test(plan))} {fall_sentence(plan.assessment.smallest_drop, aim.baseline, aim.days, t)}"),
        facts if picture is None else Columns((facts,), (Figure(picture, width_mm=AREAS_MM),), 0.56),
        *((Text(plan.assessment.note),) if plan.assessment.note else ()),
    )


def _people(plan: Plan, t: Translator) -> tuple[Block, ...]:
    answers = tuple(
        (t(question), getattr(plan.gender_check, name) or t("not answered"))
        for name, question in GENDER_QUESTIONS.items()
    )
    return (
        Heading(t("Gender check")),
        Facts(answers),
        Bullets(tuple(t(question) for question in harm_questions(plan.problem))),
    )


def _to_decide(plan: Plan, chosen: tuple[Measure, ...], t: Translator) -> tuple[Block, ...]:
    """What the council decides on; nothing where it has decided."""
    if plan.status is not PlanStatus.DRAFT:
        return ()
    measures = t.pair(t("Proposal"), inline(t.join([t(item.name) for item in chosen]))) if chosen else ""
    return (decisions(t("Plan"), (Decision(plan.title or t("Intervention plan"), proposal=measures),), t),)


def _sources(chosen: tuple[Measure, ...], city: CityProfile, t: Translator) -> tuple[Block, ...]:
    limits = (t(LIMIT), provisional_note(t, outlined=city.outlined) if city.provisional else "")
    sources = []
    for item in chosen:
        sources.append(t.pair(t(item.name), f"{source_text(item, t)}. {item.url}"))
    notes = (Text(one, "note") for one in (" ".join(filter(None, limits)), *sources))
    return Heading(t("What these data cannot say")), *notes


def brief_document(brief: Brief, city: CityProfile, t: Translator, form: DocumentFormat = "pdf") -> bytes:
    """Set a brief for the council's meeting: two pages A4, one where there is no change."""
    return _set(compose_brief(brief, city, t), form)


def plan_document(
    plan: Plan,
    city: CityProfile,
    t: Translator,
    form: DocumentFormat = "pdf",
    *,
    made: dt.date | None = None,
    picture: Picture | None = None,
    illustrative: bool = False,
) -> bytes:
    """Set a plan for the council's decision. made: date of the paper (default: last day of the problem's period)."""
    return _set(compose_plan(plan, city, t, made=made, picture=picture, illustrative=illustrative), form)


def _set(document: Document, form: DocumentFormat) -> bytes:
    """A document in a format, by what is loaded when somebody asks for it."""
    if form == "pdf":
        return render_pdf(document)
    from analysis.report.word import render_docx

    return render_docx(document)
