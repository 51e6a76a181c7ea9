"""Out of which alerts it is chosen what is told: changes, hot spots, what weighs more on whom."""

from __future__ import annotations

from curim_data.engine import Source
from curim_data.filters import AlertFilter


def chosen_from(source: Source, f: AlertFilter) -> Source:
    """The alerts out of which what is told of a filter is chosen.

    Under the filter that everybody opens, the whole city with a period by its name, it is chosen from the alerts
    themselves for every audience, so that all get the same news; the figures are those of what the audience reads. A
    handful of such choices comes with each version of the alerts and tells as much. Under any other filter who reads
    the protected copy has it chosen from the copy, since the number of filters has no limit.
    """
    exact = source.exact
    return exact if exact is not None and f == AlertFilter(period=f.period) and f.period else source
