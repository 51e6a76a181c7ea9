"""Figures with their uncertainty, as they stand in tables and sentences."""

from __future__ import annotations

import pandas as pd

from analysis.hotspots.grouping import is_compared, ratio_says_something
from curim_data.model import Translator, fewer_than, is_small
from curim_data.privacy import drawn_share, share_is_told, written_share
from curim_data.studies.spot_profiles import SpotOrCluster
from pages.parts.frame import Page


def written_count(page: Page, n: float, category: str = "") -> str:
    """A count as the audience may read it, small ones as "fewer than"; `category`: of which it is, where of one."""
    least = page.written.least(category)
    return page.t(fewer_than(least)) if is_small(n, least) else page.t.number(n)


def written_q(page: Page, q: float) -> str:
    """A corrected p-value as the audience may read it: on which side of 0.05 it is where small counts are hidden."""
    return "–" if q != q else (page.t.p_value if not page.protected else page.t.p_step)(q)


def drawn_counts(page: Page, counts: pd.Series, category: str = "") -> pd.Series:
    """Counts as a chart draws them: all that may not be read at one height, in the middle of what they can be."""
    least = page.written.least(category)
    return counts if least <= 1 else counts.astype(float).mask((counts > 0) & (counts < least), least / 2)


def bars_of_shares(page: Page, rows: pd.DataFrame, part: str = "n", whole: float | str = "") -> pd.DataFrame:
    """The columns value, low, high and text of bars of shares as the audience may read them.

    `rows`: share, low, high, the count `part`, and `whole`, what the shares are of: a column or one number.
    """
    least = page.written.least()
    counts = list(
        zip(rows[part].astype(float), rows[whole] if isinstance(whole, str) else [whole] * len(rows), strict=True)
    )
    shares = list(rows[["share", "low", "high"]].itertuples(index=False, name=None))
    told = [share_is_told(*pair, least) for pair in counts]
    return pd.DataFrame(
        {
            "value": rows["share"].where(told, [drawn_share(*pair, least) for pair in counts]),
            "low": rows["low"].where(told),
            "high": rows["high"].where(told),
            "text": [written_share(page.t, pair, share, least) for pair, share in zip(counts, shares, strict=True)],
        },
        index=rows.index,
    )


def expected_count(t: Translator, spot: SpotOrCluster, *, ratios: bool = True) -> str:
    """How many alerts were to be expected in a place.

    Three digits where a ratio is given beside it, so that it can be worked out; else two. `ratios`: whether ratios
    stand there at all; without them it is a whole number, as in the brief.
    """
    if not is_compared(spot):
        return "–"
    write = t.roughly if not ratios else t.expected if ratio_says_something(spot) else t.about
    return write(spot.expected)


def number_with_interval(t: Translator, value: float, low: float, high: float, digits: int = 0) -> str:
    """A number and its interval in the reader's form; a dash would run into the sign of a lower end below zero."""
    shown, least, most = (t.number(round(x, digits) + 0.0, digits) for x in (value, low, high))  # no minus before 0
    ends = t("{low} to {high}", low=least, high=most) if round(low, digits) < 0 else f"{least}–{most}"
    return f"{shown} ({ends})"
