"""Figures with their uncertainty, as they stand in tables and sentences."""

from __future__ import annotations

from analysis.hotspots.excess import is_compared, ratio_says_something
from curim_data.model import Translator
from curim_data.model.absence import fewer_than
from curim_data.privacy import is_sensitive, is_sensitive_category, threshold
from curim_data.studies.spot_profiles import SpotOrCluster
from pages.parts.frame import Page


def written_count(page: Page, n: float, category: str = "") -> str:
    """A count as the audience may read it, small ones as "fewer than"; `category`: of which it is, where of one."""
    sensitive = is_sensitive(page.filter, page.city) or (bool(category) and is_sensitive_category(category, page.city))
    least = threshold(page.audience, sensitive, page.city)
    return page.t(fewer_than(least)) if 0 < n < least else page.t.number(n)


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
