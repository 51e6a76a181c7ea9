"""Out of which alerts it is chosen what is told: changes, hot spots, what weighs more on whom."""

from __future__ import annotations

from typing import Final

from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Message

# Beside comparisons of the copy, where the Briefing tells what was chosen from the alerts.
COMPARED_IN_THE_COPY: Final = Message(
    "These comparisons are of the protected copy. The Briefing chooses its changes by comparisons of the alerts "
    "themselves, so that all readers get the same, and writes the copy's counts beside them: their number, and what is "
    "beyond chance, can differ from here."
)


def chosen_from(source: Source, f: AlertFilter) -> Source:
    """The alerts out of which what is told of a filter is chosen.

    Under the filter that everybody opens, the whole city with a period by its name, it is chosen from the alerts
    themselves for every audience, so that all get the same news; the figures are those of what the audience reads. A
    handful of such choices comes with each version of the alerts and tells as much. Under any other filter who reads
    the protected copy has it chosen from the copy, since the number of filters has no limit.
    """
    exact = source.exact
    return exact if exact is not None and opened_by_everybody(f) else source


def opened_by_everybody(f: AlertFilter) -> bool:
    """Whether a filter asks for the whole city and a period by its name: all readers are told the same of it."""
    return bool(f.period) and f == AlertFilter(period=f.period)
