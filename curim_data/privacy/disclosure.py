"""What an audience may ask, and which counts are too small to be written out.

Analyst and specialist count the alerts. Council and public count their protected copy (`curim_data.protection`): a
table of the same columns in which rare alerts have exchanged place and time with others. That copy is the protection;
whatever is asked of it, in whatever combination, can at most give the copy. What is decided here comes on top:

- map cells are no smaller than those of the copy: H3 resolution 9 (in Piraeus as large as a square of 349 m), or 8
  (923 m) where sensitive categories are asked for; picked cells that are smaller become the ones that hold them;
- nothing is by day, and hours are in bands of six, as the copy has them;
- a count from 1 to k - 1 is written as "fewer than k"; k is 5, and 10 where sensitive categories are asked for and in
  the rows of sensitive categories, or what the city raised them to (`CityProfile.least_count`). What would tell such a
  count in its own row is left out with it (`privacy.written`), and a share of which the count or the rest is small is
  words or a limit (`privacy.written_shares`). Nothing else is withheld: sums, tests and charts are made of all counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import h3.api.basic_int as h3
import numpy as np
import pandas as pd

from curim_data.engine import Source
from curim_data.filters import AlertFilter, asked_categories
from curim_data.model import CELL_RESOLUTIONS, Audience, CityProfile, IntArray, Message, MessageError
from curim_data.privacy.sensitive import is_sensitive_category

FLOOR_ORDINARY: Final = 9
FLOOR_SENSITIVE: Final = 8
BAND_HOURS: Final = 6
# Cells of the land in a table for the council: larger ones where the land takes more.
MOST_PROTECTED_CELLS: Final = 50_000

# Whether rows of a frame have the sensitive threshold in the table by some of its columns.
Rule = Callable[[pd.DataFrame, Sequence[str]], Any]


class DisclosureError(MessageError, ValueError):
    """A question that the audience may not ask; `message` says why and what may be asked instead."""


@dataclass(frozen=True)
class Counted:
    """Counts of a source under the limits of its readers.

    `frame` has the columns `by` (for map cells: the index `cell`), then n (float): the numbers that everything is
    worked out of. `shown` is what may be written out of them.
    `least`: the smallest count of each row that may, zero apart; one number for all rows where it is the same.
    `total`: the sum of the counts; alerts of several categories count once in each. `at_default`: alerts at default
    coordinates that were left out, `off_mask`: alerts in cells without land. `notes`: how the question was changed for
    the audience.
    """

    frame: pd.DataFrame
    by: tuple[str, ...]
    threshold: int
    total: float
    least: int | IntArray = 1
    at_default: int = 0
    off_mask: int = 0
    notes: tuple[Message, ...] = ()

    @cached_property
    def shown(self) -> Counted:
        """The same as it is written out: with withheld (bool), whether a count is below `least`. Then n is missing, and
        fewer_than, else missing, is that limit.
        """
        n = self.frame["n"].to_numpy(float)
        small = (n > 0) & (n < self.least)
        limit = np.where(small, self.least, np.nan)
        return replace(self, frame=self.frame.assign(n=np.where(small, np.nan, n), withheld=small, fewer_than=limit))


def sees_exact(audience: Audience) -> bool:
    """Whether an audience reads the alerts themselves."""
    return audience in (Audience.ANALYST, Audience.SPECIALIST)


def is_sensitive(f: AlertFilter, city: CityProfile) -> bool:
    """Whether the filter asks for sensitive categories by name or by group."""
    return any(is_sensitive_category(name, city) for name in asked_categories(f, city))


def threshold(source: Source, sensitive: bool) -> int:
    """The smallest count that is written out, zero apart; 1 is every count."""
    return source.city.least_count(sensitive) if source.protected else 1


def finest_resolution(source: Source, f: AlertFilter) -> int:
    """The finest H3 resolution in which a source may be counted under the filter."""
    return protected_resolution(f, source.city) if source.protected else max(CELL_RESOLUTIONS)


def protected_resolution(f: AlertFilter, city: CityProfile) -> int:
    """The finest H3 resolution that the protected copy is counted in under the filter."""
    floor = FLOOR_SENSITIVE if is_sensitive(f, city) else FLOOR_ORDINARY
    return min(floor, city.finest_affordable(MOST_PROTECTED_CELLS))


def authorise(f: AlertFilter, source: Source) -> tuple[AlertFilter, tuple[Message, ...]]:
    """The filter as it may be asked of a source, and what was changed: too small picked cells become those that hold
    them.
    """
    if not source.protected or not f.cells:
        return f, ()
    floor = finest_resolution(source, f)
    picked = [int(name, 16) for name in f.cells]
    grid = {h3.cell_to_parent(cell, floor) if h3.get_resolution(cell) > floor else cell for cell in picked}
    if grid == set(picked):
        return f, ()
    widened = Message("The picked area was widened to whole map cells of the size that the protected copy has.")
    return f.replace(cells=tuple(f"{cell:x}" for cell in sorted(grid))), (widened,)


def check(by: Sequence[str], resolution: int | None, f: AlertFilter, source: Source) -> None:
    """Raise DisclosureError for a table that may not be asked of a source."""
    if not source.protected:
        return
    floor = finest_resolution(source, f)
    if resolution is not None and resolution > floor:
        raise DisclosureError(
            Message(
                "This audience sees no map cells smaller than those of resolution {floor}: ask for that or for a "
                "coarser one, not for {asked}.",
                {"asked": resolution, "floor": floor},
            )
        )
    if "local_date" in by:
        raise DisclosureError(
            Message(
                "Alerts of sensitive categories are shown to this audience neither by day nor by week: ask for months "
                "instead."
            )
            if is_sensitive(f, source.city)
            else Message("Alerts are not shown by day to this audience: ask for weeks or months instead.")
        )


def protect(raw: pd.DataFrame, by: Sequence[str], source: Source, rule: Rule | None = None) -> Counted:
    """Counts of a source: `raw` has the columns `by` (each combination once) and n. `rule`: which rows have the
    sensitive threshold; none has it without one.
    """
    columns = list(by)
    n = raw["n"].to_numpy(float)
    frame = pd.DataFrame({**{name: raw[name].array.copy() for name in columns}, "n": n.copy()}, copy=False)
    k = threshold(source, False)
    least: int | IntArray = 1
    if source.protected:
        strict = np.broadcast_to(np.asarray(rule(raw, columns) if rule else False, bool), len(raw))
        least = np.where(strict, threshold(source, True), threshold(source, False))
        k = threshold(source, bool(strict.any()))
    return Counted(frame, tuple(by), k, round(float(n.sum()), 6), least)
