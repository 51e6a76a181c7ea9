"""What studies say of days that no source covers."""

from __future__ import annotations

import datetime as dt

from analysis.stats.result import Choice
from curim_data.engine import Source


def coverage_choices(source: Source, first: dt.date, last: dt.date) -> tuple[Choice, ...]:
    """What is said of gaps, and of sources that begin or end, between two days."""
    return tuple(Choice("coverage", "", told) for told in source.coverage.sentences(first, last))
