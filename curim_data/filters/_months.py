"""Months of the calendar, counted once for a day.

Pages ask for the days of a filter dozens of times in one run, and pandas takes long to count months.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache


@lru_cache(maxsize=256)
def first_of_months(last: dt.date, months: int) -> dt.date:
    """The first day of so many months that end with a day."""
    import pandas as pd

    first: dt.date = (pd.Timestamp(last) - pd.DateOffset(months=months) + pd.Timedelta(days=1)).date()
    return first


@lru_cache(maxsize=256)
def month_end(day: dt.date, later: int = 0) -> dt.date:
    """The last day of a date's month, or of one so many months later."""
    import pandas as pd

    return (pd.Period(day, "M") + later).end_time.date()
