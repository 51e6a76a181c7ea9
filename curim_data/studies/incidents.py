"""What is counted where something is judged, in words: incidents, and the alerts that report them."""

from __future__ import annotations

from typing import Final

from analysis.stats.result import Choice
from curim_data.engine import Source
from curim_data.model import FloatArray, Gender, Message, Translator

AFFECTED: Final = "affected_gender"
_PERSONS: Final = "persons"
# Where so much of what shares an incident shares a number that the file gave, and so many incidents are of several
# genders (as a part of those that would be if each row were another person, and of all), a row is a person.
_MOST_BY_NUMBER: Final = 0.5
_LEAST_DIFFERING: Final = 0.5
_MORE_THAN_ERRORS: Final = 0.05
_STATED: Final = (Gender.WOMAN.value, Gender.MAN.value, Gender.OTHER.value)
PERSONS: Final = Message(
    "Persons are counted: rows that share the number of an incident tell of several persons affected by it."
)
FIRST_REPORT: Final = Message("Of several reports of one incident the first says who was affected.")


def rows_are_persons(source: Source) -> bool:
    """Whether rows that share an incident are the persons it affected, as in files of accidents: they share a number
    that their file gave, and differ in the gender that they state about as often as persons who have nothing to do with
    one another would. Reports of one person differ too, where one of them is wrong, but seldom. Found once for a
    version of the alerts, or kept by `keep_persons`.
    """
    source = source.exact or source
    if _PERSONS not in source.cache and isinstance(kept := source.learned(_PERSONS), bool):
        source.cache[_PERSONS] = kept
    if _PERSONS not in source.cache:
        table = source.table.filter(source.table.incident_id.notnull())
        stated = {gender: (table.affected_gender == gender).sum() for gender in _STATED}
        each = table.group_by(["source", "incident_id"]).aggregate(n=table.count(), **stated)
        alike = each.group_by(["n", *_STATED]).aggregate(incidents=each.count()).to_pandas()
        rows, incidents = alike["n"], alike["incidents"].to_numpy(float)
        shared = float(rows[rows > 1] @ incidents[rows > 1])
        by_number = shared >= _MOST_BY_NUMBER * len(source.shared_incidents()) > 0
        stated_rows = alike[list(_STATED)].to_numpy(float)
        source.cache[_PERSONS] = bool(by_number and _differ_as_persons(stated_rows, incidents))
    return bool(source.cache[_PERSONS])


def keep_persons(source: Source) -> None:
    """Keep for later processes whether rows are persons."""
    source.keep(_PERSONS, rows_are_persons(source))


def _differ_as_persons(stated: FloatArray, incidents: FloatArray) -> bool:
    """Whether incidents have several genders about as often as if each of their rows were of another person.

    `stated`: how many rows of an incident state each gender, shape (k, genders); `incidents`: how many have so many.
    """
    several = stated.sum(axis=1) > 1
    if not several.any():
        return False
    share = incidents @ stated / (incidents @ stated).sum()
    of_several, weight = stated[several], incidents[several] / incidents[several].sum()
    expected = float(weight @ (1 - (share ** of_several.sum(axis=1)[:, None]).sum(axis=1)))
    differ = float(weight @ ((of_several > 0).sum(axis=1) > 1))
    return differ >= max(_LEAST_DIFFERING * expected, _MORE_THAN_ERRORS)


def counted_once(source: Source, column: str) -> bool:
    """Whether shares by the gender in a column count incidents: each report is sent by a person of its own, and where
    rows are persons each of them was affected.
    """
    return column == AFFECTED and not rows_are_persons(source)


def affected_choice(source: Source) -> tuple[Choice, ...]:
    """Who is counted where those affected are, and whose word it is."""
    if rows_are_persons(source):
        return (Choice("affected", "persons", PERSONS),)
    first = (Choice("affected", "first report", FIRST_REPORT),) if source.repeated else ()
    return (*incident_choice(source), *first)


def incident_choice(source: Source) -> tuple[Choice, ...]:
    """By which rule alerts were linked into incidents; nothing on an engine where their ids alone say it."""
    facts = source.incidents
    return () if facts is None else (Choice("incidents", facts.incidents, facts.rule),)


def incidents_in_words(t: Translator, incidents: int, alerts: int | None = None) -> str:
    """A number of incidents, and beside it that of the alerts that report them where it is known and another one."""
    if alerts is None or alerts <= incidents:
        return t.n("{n} incident", "{n} incidents", incidents)
    return t.n("{n} incident ({alerts} alerts)", "{n} incidents ({alerts} alerts)", incidents, alerts=alerts)
