"""What is counted where something is judged, in words: incidents, and the alerts that report them."""

from __future__ import annotations

from typing import Final

from analysis.stats.result import Choice
from curim_data.engine import Source
from curim_data.model import Message, Translator

AFFECTED: Final = "affected_gender"
# Where so much of what shares an incident shares a number that the file gave, and persons differ, a row is a person.
_MOST_BY_NUMBER: Final = 0.5
PERSONS: Final = Message(
    "Persons are counted: rows that share the number of an incident tell of several persons affected by it."
)
FIRST_REPORT: Final = Message("Of several reports of one incident the first says who was affected.")


def rows_are_persons(source: Source) -> bool:
    """Whether rows that share an incident are the persons it affected, as in files of accidents: they share a number
    that the file gave, and are of several genders. Found once for a version of the alerts.
    """
    if "persons" not in source.cache:
        table = source.table.filter(source.table.incident_id.notnull())
        each = table.group_by("incident_id").aggregate(n=table.count(), genders=table.affected_gender.nunique())
        several = each.filter(each.n > 1)
        row = several.aggregate(n=several.n.sum(), genders=several.genders.max()).to_pyarrow().to_pylist()[0]
        shared = len(source.shared_incidents())
        source.cache["persons"] = bool((row["genders"] or 0) > 1 and (row["n"] or 0) >= _MOST_BY_NUMBER * shared > 0)
    return bool(source.cache["persons"])


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
