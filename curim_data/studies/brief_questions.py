"""Four questions for the meeting that follow from what a brief found, by rules: its places, categories and plans.

They keep the order of a focused conversation (ORID: objective, reflective, interpretive, decisional): what the data
show, what surprises, what it may mean, what to decide. Each step takes the first rule that applies; where none does,
the question of the step itself is asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from analysis.hotspots.excess import is_compared
from analysis.report.brief import PlanRow
from analysis.trends.changes import AREA
from curim_data.model import CityProfile, Translator
from curim_data.model.absence import fewer_than
from curim_data.model.i18n import at_head
from curim_data.model.labels import gender_label, inline
from curim_data.privacy import share_is_told
from curim_data.studies.brief import BriefStudy
from curim_data.studies.brief_text import (
    attention_sentence,
    change_area,
    change_name,
    counts_words,
    first_sentence,
    in_area,
)
from curim_data.studies.findings import Finding
from curim_data.studies.plan_progress import Standing


def meeting_questions(
    study: BriefStudy, city: CityProfile, t: Translator, plans: Sequence[PlanRow] = ()
) -> tuple[str, ...]:
    """The four questions, in order."""
    return (
        _shown(study, city, t),
        _surprising(study, city, t),
        _meaning(study, city, t),
        _to_decide(study, city, t, plans),
    )


def _rose(finding: Finding) -> bool:
    """Whether there were more alerts than expected."""
    return finding.change.direction > 0


def _shown(study: BriefStudy, city: CityProfile, t: Translator) -> str:
    """Whether what the data show fits what people on the spot see."""
    if study.findings:
        first = study.findings[0]
        name = change_name(first.change, city, t)
        return t(
            "{name}: {counts}. Does this match what is seen there?", name=name, counts=inline(counts_words(first, t))
        )
    if study.changes.changes.n_tested:
        told = first_sentence(study, t) if study.verdict in ("more", "fewer") else attention_sentence(study, t)
        if city.provisional:  # its name may be that of a file
            return t("{found} Does this match what is seen in the city?", found=at_head(told))
        return t("{found} Does this match what is seen in {city}?", found=at_head(told), city=t.label(city.names))
    return t("What do the data show?")


def _surprising(study: BriefStudy, city: CityProfile, t: Translator) -> str:
    """What nobody expected: a rise beside a fall, the second change, or the first hot spot."""
    found = study.findings
    rise = next((one for one in found if _rose(one)), None)
    fall = next((one for one in found if not _rose(one)), None)
    if rise is not None and fall is not None and in_area(rise.change) and in_area(fall.change):
        names = {"rise": change_name(rise.change, city, t), "fall": change_name(fall.change, city, t)}
        return t("More: {rise}. Fewer: {fall}. Does this surprise us, and could the two be connected?", **names)
    if len(found) > 1:
        first, second = (change_name(one.change, city, t) for one in found[:2])
        return t("Which of these surprises us more, and why: “{first}” or “{second}”?", first=first, second=second)
    least = study.total.threshold
    if study.hot.spots and not is_compared(spot := study.hot.spots[0]):
        place = study.names[spot.id](t)
        return t("{place}: {told} Does this surprise us?", place=place, told=at_head(spot.sentence(t, least)))
    if study.hot.spots and spot.expected is not None:
        return t(
            "{place}: {n} incidents; expected from the surroundings: {expected}. Does this surprise us?",
            place=study.names[spot.id](t),
            n=t(fewer_than(least)) if 0 < spot.n < least else round(spot.n),
            expected=t.roughly(spot.expected),
        )
    told = study.shares.frame[study.shares.frame["gender"].isin(("woman", "man"))]
    most = told.sort_values("share").iloc[-1]
    of_all = share_is_told(float(most["n"]), study.shares.total, study.shares.least)
    if study.asks_affected and study.shares.women_written and of_all:
        return t(
            "{gender}: {share} of those affected. Does this surprise us, and who may be missing?",
            gender=gender_label(t, most["gender"]),
            share=t.percent(float(most["share"])),
        )
    return t("What surprises us?")


def _meaning(study: BriefStudy, city: CityProfile, t: Translator) -> str:
    """What may lie behind the first change, or the first hot spot, and who can find out."""
    if study.findings:
        name = change_name(study.findings[0].change, city, t)
        if _rose(study.findings[0]):
            return t(
                "{name}: what may lie behind the rise: more incidents, more reporting, or something new there? Who "
                "can find out?",
                name=name,
            )
        return t(
            "{name}: what may lie behind the fall: fewer incidents, less reporting, or something that was done? Who "
            "can find out?",
            name=name,
        )
    if study.hot.spots:
        return t(
            "{place}: what could make it stand out: the place itself, the hour, or who reports from there? Who can "
            "find out?",
            place=study.names[study.hot.spots[0].id](t),
        )
    if study.hot.power.too_few:
        return t("The incidents are too few to name places: who could tell us more about where and when they happen?")
    return t("What could it mean?")


def _to_decide(study: BriefStudy, city: CityProfile, t: Translator, plans: Sequence[PlanRow]) -> str:
    """What to do: about a plan that is late or due, else about the first change in a place, or the first hot spot."""
    for plan in plans:
        if plan.standing == Standing.LATE:
            return t("“{plan}” is late: what does it need, and from whom?", plan=plan.title)
    for plan in plans:
        if plan.standing == Standing.DUE:
            return t("“{plan}” is due for evaluation: who does it, and by when?", plan=plan.title)
    place = next((change_area(one.change, city, t) for one in study.findings if in_area(one.change)), None)
    if place is None and study.hot.spots and not study.findings:
        place = study.names[study.hot.spots[0].id](t)
    if place is not None:
        return t("{place}: do we plan something there now, or look again at the next meeting?", place=place)
    if not study.findings and set(AREA).isdisjoint(study.looked_at):
        return t("Places could not be compared: who adds districts and named places, so that they can be next time?")
    if not study.findings:
        return t("No number here asks for a decision: what do we want to know at the next meeting?")
    return t("What do we decide?")
