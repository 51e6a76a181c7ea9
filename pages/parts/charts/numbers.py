"""Figures with their uncertainty, as they stand in tables and sentences."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np
import pandas as pd

from analysis.hotspots.excess import is_compared, ratio_says_something
from curim_data.model import Message, Translator
from curim_data.model.absence import fewer_than
from curim_data.privacy import is_sensitive, is_sensitive_category, threshold
from curim_data.studies.spot_profiles import SpotOrCluster
from pages.parts.frame import Page
from pages.parts.maps.cell_map import alert_count, incident_count

# Columns of tables that hold counts of incidents, alerts or persons.
COUNT_COLUMNS: Final = frozenset(
    {
        *("n", "alerts", "window", "last_year", "last_weeks", "before", "after", "n_first", "n_second"),
        *("women", "men", "n_women", "n_men", "dark", "a", "b"),
    }
)


def least_written(page: Page, category: str = "") -> int:
    """The smallest count that the audience may read, zero apart; `category`: of which it is, where of one."""
    sensitive = is_sensitive(page.filter, page.city) or (bool(category) and is_sensitive_category(category, page.city))
    return threshold(page.audience, sensitive, page.city)


def written_count(page: Page, n: float, category: str = "") -> str:
    """A count as the audience may read it, small ones as "fewer than"; `category`: of which it is, where of one."""
    least = least_written(page, category)
    return page.t(fewer_than(least)) if 0 < n < least else page.t.number(n)


def written_incidents(page: Page, n: float) -> str:
    """The same as a number of incidents."""
    least = least_written(page)
    return page.t(Message("fewer than {k} incidents", {"k": least})) if 0 < n < least else incident_count(page.t, n)


def written_alerts(page: Page, n: float) -> str:
    """The same as a number of alerts."""
    least = least_written(page)
    return page.t(Message("fewer than {k} alerts", {"k": least})) if 0 < n < least else alert_count(page.t, n)


def written_table(page: Page, frame: pd.DataFrame, counts: Collection[str] = COUNT_COLUMNS) -> pd.DataFrame:
    """A table as it may be handed out: counts that are too small to be written out are missing, and the column
    `fewer_than` holds the limit that those of a row are under. As it is where there are none.

    `counts`: the columns of counts; those of other kinds than numbers are left as they are.
    """
    names = [name for name in frame if name in counts and frame[name].dtype.kind in "iuf"]
    least = pd.Series(least_written(page), frame.index)
    if "category" in frame:
        of = {name: least_written(page, str(name)) for name in frame["category"].dropna().unique()}
        least = frame["category"].map(of).fillna(least).astype(int)
    few = {name: (frame[name] > 0) & (frame[name] < least) for name in names}
    some = np.logical_or.reduce(list(few.values())) if few else np.zeros(len(frame), bool)
    if not some.any():
        return frame
    return frame.assign(**{name: frame[name].mask(few[name]) for name in names}, fewer_than=least.where(some))


def share_with_interval(t: Translator, share: float, low: float, high: float) -> str:
    """A share with its interval, the percent sign once."""
    return t.share(share, low, high)


def expected_count(t: Translator, spot: SpotOrCluster, *, ratios: bool = True) -> str:
    """How many alerts were to be expected in a place.

    Three digits where a ratio is given beside it, so that it can be worked out; else two. `ratios`: whether ratios
    stand there at all; without them it is a whole number, as in the brief.
    """
    if not is_compared(spot):
        return "–"
    if not ratios:
        return t.roughly(spot.expected)
    return (t.expected if ratio_says_something(spot) else t.about)(spot.expected)


def number_with_interval(t: Translator, value: float, low: float, high: float, digits: int = 0) -> str:
    """A number and its interval in the reader's form; a dash would run into the sign of a lower end below zero."""
    shown, least, most = (t.number(round(x, digits) + 0.0, digits) for x in (value, low, high))  # no minus before 0
    ends = t("{low} to {high}", low=least, high=most) if round(low, digits) < 0 else f"{least}–{most}"
    return f"{shown} ({ends})"
