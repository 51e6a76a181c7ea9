"""What is decided over a whole file before its rows are read: one answer for all of them.

Where the evidence is balanced, a `Question` is raised, and a person answers it in `Answers`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from curim_data.formats.base import Layout, fold
from curim_data.importing.coordinates import Places, decide_places
from curim_data.importing.date_order import Times, decide_times, latest_believable
from curim_data.importing.dates import Writing, read_moments
from curim_data.importing.profiling import Survey
from curim_data.importing.roles import Columns
from curim_data.lexicon import WORDS, gender_words
from curim_data.model.city import CityProfile
from curim_data.model.i18n import Message
from curim_data.model.questions import DAY_FIRST, MONTH_FIRST, Answers
from curim_data.model.reasons import ImportProblem

__all__ = ["Decisions", "Survey", "decide"]

_GENDERS: Final = ("reporter_gender", "affected_gender")
_SETTLED: Final = frozenset("mhα")  # letters that mean a man or a woman, as the rest of the column shows
_ENUMS: Final = ("kind", "status", "age_band", *_GENDERS)


@dataclass(frozen=True)
class Decisions:
    """One answer for all rows of a file.

    `order`: "day-first", "month-first" or None where no date needs it. `times` and `places`: how dates and coordinates
    are written. `latest`: the last moment that is believed. `timezone`: zone of times without offset, None for the
    city's. `words`: value of the enum by folded spelling, by role. `category`: the category of a file without such a
    column. `reasons`: what a reader should know of the decisions that were not plain.
    """

    order: str | None
    times: Times
    places: Places
    latest: pd.Timestamp
    timezone: str | None = None
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    category: str | None = None
    reasons: tuple[Message, ...] = ()

    def writing(self, role: str, zone: str) -> Writing:
        """How a column of dates is written; `zone` is the city's."""
        return Writing(self.timezone or zone, self.order, self.times.forms.get(role, ""), zone)


def decide(
    survey: Survey, layout: Layout, city: CityProfile | None, answers: Answers, name: str, now: dt.datetime
) -> Decisions:
    """Decide over all blocks that a survey saw.

    Parameters
    ----------
    city : CityProfile or None
        Where the alerts should lie; without it, projected coordinates need an answer.
    answers : Answers
        What a person told; it goes before the evidence.
    name : str
        How messages call the file.
    now : datetime
        Against which dates in the future are judged.

    Raises
    ------
    Question
        Where the file becomes usable with one answer.
    ImportProblem
        Where an answer cannot be right.
    """
    _check(answers)
    survey.finish()
    times = decide_times(survey, answers, name, now)
    table, _ = survey.sample
    sample = Columns(table, layout, survey.labels, times.hours)
    places = decide_places(survey, sample, city, answers, name)
    zone = answers.timezone or ("UTC" if layout.utc else None)
    home = city.timezone if city is not None else "UTC"
    writing = Writing(zone or home, times.order, times.forms.get("reported_at", ""), home)
    return Decisions(
        order=times.order,
        times=times,
        places=places,
        latest=latest_believable(read_moments(sample["reported_at"], writing).instants, now),
        timezone=zone,
        words=_words(survey, layout),
        category=answers.category or layout.category,
        reasons=(*times.reasons, *_zone(survey, times, zone or home), *places.reasons, *_letters(survey)),
    )


def _zone(survey: Survey, times: Times, zone: str) -> Iterator[Message]:
    """In which zone times without offset were read, where there are any."""
    if any(facts.local and not times.forms.get(role) for role, facts in survey.dates.items()):
        yield Message("Times without an offset were read as times of {zone}.", {"zone": zone})


def _letters(survey: Survey) -> Iterator[Message]:
    """Which single letters of a column of genders were read by what else stands in it."""
    for role in _GENDERS:
        there = {fold(word) for word in survey.values.get(role, ())}
        told = {**gender_words(there), **survey.layout.words.get(role, {})}
        letters = [letter for letter in sorted(there) if letter in _SETTLED and letter in told]
        if letters and not set(letters) <= set(survey.layout.words.get(role, {})):
            yield Message(
                "{column}: as the other values show, women are {women} and men are {men}.",
                {
                    "column": survey.labels[survey.layout.place(role)],
                    **{
                        kind: ", ".join(
                            sorted(word.upper() for word in there if len(word) == 1 and told.get(word) == one)
                        )
                        for kind, one in (("women", "woman"), ("men", "man"))
                    },
                },
            )


def _words(survey: Survey, layout: Layout) -> Mapping[str, Mapping[str, str]]:
    """The table of each enum: what the format says before what everybody says."""
    told: dict[str, Mapping[str, str]] = {}
    for role in _ENUMS:
        shared = gender_words(survey.values.get(role, ())) if role in _GENDERS else WORDS[role]
        told[role] = {**shared, **layout.words.get(role, {})}
    told |= {role: words for role, words in layout.words.items() if role not in told}
    return told


def _check(answers: Answers) -> None:
    """Refuse answers that cannot be."""
    if answers.dates not in (None, DAY_FIRST, MONTH_FIRST):
        raise ImportProblem(
            Message("dates={dates} is not known: say day-first or month-first.", {"dates": answers.dates})
        )
    if answers.decimal not in (None, "point", "comma"):
        raise ImportProblem(
            Message("decimal={decimal} is not known: say point or comma.", {"decimal": answers.decimal})
        )
    if answers.order not in (None, "lat-lon", "lon-lat"):
        raise ImportProblem(Message("order={order} is not known: say lat-lon or lon-lat.", {"order": answers.order}))
    if answers.timezone is not None:
        try:
            ZoneInfo(answers.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ImportProblem(
                Message(
                    "timezone={timezone} is not known: give a name such as Europe/Athens.",
                    {"timezone": answers.timezone},
                )
            ) from error
