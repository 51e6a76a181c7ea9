"""What is counted where something is judged, in words: incidents, and the alerts that report them."""

from __future__ import annotations

from analysis.stats.result import Choice
from curim_data.engine import Source
from curim_data.model import Translator


def incident_choice(source: Source) -> tuple[Choice, ...]:
    """By which rule alerts were linked into incidents; nothing on an engine where their ids alone say it."""
    facts = source.incidents
    return () if facts is None else (Choice("incidents", facts.incidents, facts.rule),)


def incidents_in_words(t: Translator, incidents: int, alerts: int | None = None) -> str:
    """A number of incidents, and beside it that of the alerts that report them where it is known and another one."""
    if alerts is None or alerts <= incidents:
        return t.n("{n} incident", "{n} incidents", incidents)
    return t.n("{n} incident ({alerts} alerts)", "{n} incidents ({alerts} alerts)", incidents, alerts=alerts)
