"""An intervention plan as a document that a council can decide on: problem, measures, aim, who, how we shall know."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from analysis.plans.drafting import (
    applicable_drop,
    caution_messages,
    harm_questions,
    objective_sentence,
    old_baseline,
    plan_warnings,
    problem_statement,
)
from analysis.plans.evidence import Measure, done_in, effect_text, find_measure, quality_text, setting_text
from analysis.report.blocks import (
    AREAS_MM,
    Block,
    Bullets,
    Columns,
    Document,
    Facts,
    Figure,
    Heading,
    Picture,
    Table,
    Text,
)
from analysis.spots.naming import area_in_words
from curim_data.model import CityProfile, Plan, Translator
from curim_data.model.labels import provisional_note
from curim_data.model.plan import STATUS_WORDS

TEST_NAMES: Final[Mapping[str, Callable[[Translator], str]]] = {
    "difference": lambda t: t("Difference: alerts fewer or more than expected from the change in the comparison area"),
    "ratio": lambda t: t("Rate ratio: change in percent in the treated area against the comparison area"),
    "wdd": lambda t: t("Weighted displacement difference as published: for areas that change by as many alerts"),
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
    date = t.date(when) if when else ""
    return Document(
        title=plan.title or t("Intervention plan"),
        language=t.lang,
        kicker=t("{city} · intervention plan · {status}", city=t.label(city.names), status=STATUS_WORDS[plan.status]),
        mark=t("Sample data: made up. Not about real events.") if illustrative else "",
        footer=t("CURiM · {city} · made on {date}", city=t.label(city.names), date=date),
        blocks=tuple(_blocks(plan, city, t, picture)),
    )


def _blocks(plan: Plan, city: CityProfile, t: Translator, picture: Picture | None) -> Iterator[Block]:
    chosen = tuple(found for name in plan.measures if (found := find_measure(name)) is not None)
    yield Heading(t("Problem"))
    yield Text(plan.statement.get(t.lang) or problem_statement(plan.problem, t, city))
    for caution in caution_messages(plan.problem):
        yield Text(t(caution), "note")
    yield from _measures(chosen, city, t)
    yield from _objective(plan, chosen, t)
    yield from _work(plan, t)
    yield from _knowing(plan, city, t, picture)
    yield from _people(plan, t)
    if plan.result:
        yield Heading(t("Result"))
        yield Text(t.label(plan.result))
    yield from _sources(chosen, city, t)


def _measures(chosen: tuple[Measure, ...], city: CityProfile, t: Translator) -> Iterator[Block]:
    yield Heading(t("Measures"))
    if not chosen:
        yield Text(t("No measure is chosen yet."))
        return
    header = (t("Measure"), t("How it works"), t("What studies found"), t("Evidence"))
    rows = tuple(
        (
            t(item.name),
            t(item.mechanism),
            f"{effect_text(item, t)}. {t(item.outcome)}",
            f"{quality_text(item, t)}. {setting_text(item, t)}.",
        )
        for item in chosen
    )
    yield Table(header, rows, (1.7, 2.3, 3, 2))
    notes = [
        t("{measure}: {note}", measure=t(item.name), note=t(note))
        for item in chosen
        for note in (item.displacement, item.fear, item.gender_note, done_in(item, city))
        if note
    ]
    if notes:
        yield Bullets(tuple(notes))


def _objective(plan: Plan, chosen: tuple[Measure, ...], t: Translator) -> Iterator[Block]:
    yield Heading(t("Objective"))
    own = plan.objective.text if plan.language == t.lang else ""
    yield Text(own or objective_sentence(plan.objective, plan.problem, t) or t("To be set."))
    drop = applicable_drop(plan.problem, chosen, plan.objective.baseline)
    warnings = plan_warnings(plan.problem, chosen, drop, plan.assessment.smallest_drop)
    old = old_baseline(plan)
    for message in (*((old,) if old else ()), *warnings):
        yield Text(t(message), "note")


def _work(plan: Plan, t: Translator) -> Iterator[Block]:
    yield Heading(t("Who, when, cost"))
    pairs = [
        (t("Lead"), plan.lead or t("to be named")),
        (t("Partners"), t.join(plan.partners) if plan.partners else t("to be named")),
        (t("From – to"), _span(plan.start, plan.finish, t)),
        (t("Budget"), t("to be set") if plan.budget is None else t("{amount} euros", amount=t.number(plan.budget))),
    ]
    if plan.outputs:
        pairs.append((t("Outputs"), plan.outputs))
    yield Facts(tuple(pairs))
    if plan.actions:
        rows = tuple(
            (step.what, step.who, t.date(step.due, "medium") if step.due else "", t("done") if step.done else t("open"))
            for step in plan.actions
        )
        yield Table((t("Step"), t("Who"), t("Until"), t("State")), rows, (4, 2.4, 1.6, 1))


def _span(start: dt.date | None, finish: dt.date | None, t: Translator) -> str:
    if start is None or finish is None:
        return t("to be set")
    return f"{t.date(start)} – {t.date(finish)}"


def _knowing(plan: Plan, city: CityProfile, t: Translator, picture: Picture | None) -> Iterator[Block]:
    yield Heading(t("How we will know"))
    seen = plan.assessment.smallest_drop
    least = t("not known") if seen is None else t.n("{n} alert fewer", "{n} alerts fewer", -int(-seen // 1))
    facts = Facts(
        (
            (t("Test, named in advance"), TEST_NAMES.get(plan.assessment.method, TEST_NAMES["difference"])(t)),
            (t("Treated area"), _area(plan.areas.treated, city, t)),
            (t("Buffer, where it could move to"), _area(plan.areas.buffer, city, t)),
            (t("Comparison area"), _area(plan.areas.comparison, city, t)),
            (t("Smallest change that would be seen"), least),
            (t("Review"), t.date(plan.assessment.review) if plan.assessment.review else t("to be set")),
        )
    )
    yield facts if picture is None else Columns((facts,), (Figure(picture, width_mm=AREAS_MM),), 0.56)
    if plan.assessment.note:
        yield Text(plan.assessment.note)
    yield Text(
        t(
            "Alerts are not the only measure: also perceived safety, fear of crime, taking part in prevention, "
            "readiness to take part, and trust in the authorities."
        ),
        "note",
    )


def _area(cells: tuple[str, ...], city: CityProfile, t: Translator) -> str:
    return area_in_words(cells, city, t) if cells else t("to be chosen")


def _people(plan: Plan, t: Translator) -> Iterator[Block]:
    yield Heading(t("Gender check"))
    check = plan.gender_check
    yield Facts(
        (
            (t("Affected"), check.affected or t("not answered")),
            (t("Consulted"), check.consulted or t("not answered")),
            (t("Aim for women and men"), check.target or t("not answered")),
            (t("Possible harm"), check.harm or t("not answered")),
        )
    )
    yield Bullets(tuple(t(question) for question in harm_questions(plan.problem)))


def _sources(chosen: tuple[Measure, ...], city: CityProfile, t: Translator) -> Iterator[Block]:
    yield Heading(t("Limits and sources"))
    yield Text(t("More alerts need not be more crime: they also show who reports, and how often."), "note")
    if city.provisional:
        yield Text(provisional_note(t, outlined=city.outlined), "note")
    for item in chosen:
        message = item.citation if item.verified == "yes" else t("{source} (read in a summary)", source=item.citation)
        yield Text(t.pair(t(item.name), f"{message}. {item.url}"), "note")
