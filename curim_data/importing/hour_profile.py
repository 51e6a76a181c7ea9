"""Profiles as text: counts as a row of bars, for the command line and for questions about a column of dates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

HOURS: Final = 24
_BARS: Final = "▁▂▃▄▅▆▇█"
_NONE: Final = "·"


def hour_profile(times: pd.Series) -> tuple[int, ...]:
    """Count local times by hour of the day.

    Parameters
    ----------
    times : Series
        Timestamps in local time (with or without a zone); missing ones are left out.

    Returns
    -------
    tuple of int
        24 counts, from midnight on.

    Examples
    --------
    >>> hour_profile(pd.Series(pd.to_datetime(["2025-03-01 08:15", "2025-03-02 08:50", None])))[7:10]
    (0, 2, 0)
    """
    hours = times.dt.hour.dropna().to_numpy(np.int64)
    return tuple(np.bincount(hours, minlength=HOURS).tolist())


def text_bars(counts: Sequence[float]) -> str:
    """Counts as bars of one letter each, the highest as the fullest; a point stands for none.

    Examples
    --------
    >>> text_bars([0, 1, 4, 8])
    '·▁▄█'
    """
    top = max(counts, default=0)
    return "".join(_BARS[-int(-len(_BARS) * count // top) - 1] if count > 0 else _NONE for count in counts)


def printable(text: str) -> str:
    """The text without line breaks and control characters, which a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
