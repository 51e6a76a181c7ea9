"""The gate: what was counted leaves `curim_data` only through here, made safe for its audience.

Analyst and specialist see exact counts. For the council and the public

- a count from 1 to k - 1 is withheld; k is 5, and 10 where sensitive categories are asked for, in the rows of
  sensitive categories, and in any table of gender by category by place (a filter that names one of the three counts as
  having it);
- zeros are shown, unless a margin would otherwise give a small count away;
- further counts are withheld so that no small one follows by subtraction from the shown ones and the margins
  (`suppression`);
- map cells are no finer than H3 resolution 9 (in Piraeus as large as a square of 349 m), 8 (923 m) for sensitive
  categories, on one fixed grid; picked cells that are finer become the grid's cells that hold them;
- sensitive alerts are told by week at the finest, and by bands of six hours.

Differences between two filters: areas of one's own cannot be moved by less than a grid cell, and every single answer
keeps its threshold. Not covered is whoever asks for many overlapping filters of other fields (a period of 30 and one of
31 days) and subtracts: that needs noise or a budget of questions. State it where tables are given away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from curim_data.access import Audience
from curim_data.alert import CELL_RESOLUTIONS
from curim_data.city import CityProfile
from curim_data.filter_fields import asked_categories
from curim_data.filters import AlertFilter
from curim_data.i18n import Message
from curim_data.suppression import suppress

K_ORDINARY: Final = 5
K_SENSITIVE: Final = 10
FLOOR_ORDINARY: Final = 9
FLOOR_SENSITIVE: Final = 8
BAND_HOURS: Final = 6
# Combinations in a table for the council; more would be withheld nearly throughout.
MOST_COMBINATIONS: Final = 60_000

GENDERS: Final = frozenset({"reporter_gender", "affected_gender"})
CATEGORIES: Final = frozenset({"category", "group"})
PLACES: Final = frozenset({"cell", "place", "district"})


class GateError(ValueError):
    """A question that the audience may not ask; `message` says why and what may be asked instead."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text.format(**message.values))
        self.message = message


@dataclass(frozen=True)
class Protected:
    """Counts that passed the gate.

    `frame` has the columns `by` (for map cells: the index `cell`), then n (float; NaN where withheld), low and high
    (equal to n where shown; the bounds that may be said where withheld) and withheld (bool). `total` is the sum of the
    counts, None where that is withheld: alerts of several categories count once in each. `piled`: alerts on piles of
    identical coordinates that were set aside, `off_mask`: alerts in cells without land (None where withheld).
    `notes`: how the question was changed for the audience.
    """

    frame: pd.DataFrame
    by: tuple[str, ...]
    audience: Audience
    threshold: int
    n_withheld: int
    total: float | None
    piled: int | None = 0
    off_mask: int | None = 0
    notes: tuple[Message, ...] = ()


def sees_exact(audience: Audience) -> bool:
    """Whether an audience sees exact counts."""
    return audience in (Audience.ANALYST, Audience.SPECIALIST)


def is_sensitive(f: AlertFilter, city: CityProfile) -> bool:
    """Whether the filter asks for sensitive categories by name or by group."""
    return not asked_categories(f, city).isdisjoint(city.sensitive)


def threshold(audience: Audience, sensitive: bool) -> int:
    """The smallest count that is shown, zero apart; 1 is exact."""
    if sees_exact(audience):
        return 1
    return K_SENSITIVE if sensitive else K_ORDINARY


def finest_resolution(audience: Audience, f: AlertFilter, city: CityProfile) -> int:
    """The finest H3 resolution that the audience may see under the filter."""
    if sees_exact(audience):
        return max(CELL_RESOLUTIONS)
    return FLOOR_SENSITIVE if is_sensitive(f, city) else FLOOR_ORDINARY


def is_fine_table(by: Sequence[str], f: AlertFilter) -> bool:
    """Whether gender, category and place all appear, as dimensions or in the filter."""
    asked = set(by)
    gender = not asked.isdisjoint(GENDERS) or f.affected or f.reporters
    category = not asked.isdisjoint(CATEGORIES) or f.categories or f.groups
    place = not asked.isdisjoint(PLACES) or f.cells or f.places or f.districts
    return bool(gender and category and place)


def admit(f: AlertFilter, audience: Audience, city: CityProfile) -> tuple[AlertFilter, tuple[Message, ...]]:
    """The filter as the audience may ask it, and what was changed: picked cells no finer than the grid."""
    floor = finest_resolution(audience, f, city)
    fine = [cell for cell in f.cells if h3.get_resolution(int(cell, 16)) > floor]
    if not fine:
        return f, ()
    grid = {f"{h3.cell_to_parent(int(cell, 16), floor):x}" for cell in fine}
    told = Message("The picked area was widened to whole map cells of the size that protects small counts.")
    return f.replace(cells=tuple({*f.cells, *grid} - set(fine))), (told,)


def check(by: Sequence[str], resolution: int | None, f: AlertFilter, audience: Audience, city: CityProfile) -> None:
    """Raise GateError for a table that the audience may not ask for."""
    floor = finest_resolution(audience, f, city)
    if resolution is not None and resolution > floor:
        raise GateError(
            Message(
                "Map cells of resolution {asked} are too fine for this audience: ask for resolution {floor} or less.",
                {"asked": resolution, "floor": floor},
            )
        )
    if not sees_exact(audience) and is_sensitive(f, city) and "local_date" in by:
        raise GateError(
            Message("Sensitive alerts are not told by day for this audience: ask for weeks or months instead.")
        )


def protect_number(n: float, audience: Audience, *, sensitive: bool = False) -> float | None:
    """A single count for the audience; None where it is withheld."""
    return None if 0 < n < threshold(audience, sensitive) else n


def protect(
    raw: pd.DataFrame,
    by: Sequence[str],
    audience: Audience,
    *,
    sensitive: bool | NDArray[np.bool_] = False,
    coarser: int | None = None,
) -> Protected:
    """Make counts safe for the audience.

    `raw` has the columns `by` (each combination once) and n. `sensitive`: whether the stricter threshold holds, for
    the table or for each row. `coarser`: the threshold of tables with fewer dimensions, which a reader may ask for too;
    that of this table unless only some rows are sensitive. Combinations that `raw` lacks are zeros, and come as rows of
    their own where one had to be withheld. The rows keep their order. Raises GateError for a table that is too fine.
    """
    columns = list(by)
    strict = np.broadcast_to(np.asarray(sensitive, bool), len(raw))
    limit = threshold(audience, bool(strict.any()))
    n = raw["n"].to_numpy(float)
    if sees_exact(audience):
        frame = _frame(raw[columns], n, np.zeros(len(raw), bool), n, n)
        return Protected(frame, tuple(by), audience, limit, 0, round(float(n.sum()), 6))
    full, codes = _lattice(raw, columns)
    strict_full = np.zeros(len(full), bool)
    strict_full[: len(raw)] = strict
    strict_full[len(raw) :] = bool(strict.all()) and len(raw) > 0
    k = np.where(strict_full, K_SENSITIVE, K_ORDINARY).astype(float)
    counts = full["n"].to_numpy(float)
    known = coarser or (K_SENSITIVE if len(raw) and strict.all() else K_ORDINARY)
    result = suppress(counts, codes, k, known)
    keep = np.arange(len(full)) < len(raw)
    keep |= result.hidden
    frame = _frame(full[columns], counts, result.hidden, result.low, result.high)[keep].reset_index(drop=True)
    total = protect_number(round(float(n.sum()), 6), audience, sensitive=known == K_SENSITIVE)
    if len(raw) and result.hidden.all():
        total = None
    return Protected(frame, tuple(by), audience, limit, int(result.hidden.sum()), total)


def _frame(keys: pd.DataFrame, n: Any, withheld: Any, low: Any, high: Any) -> pd.DataFrame:
    frame = keys.reset_index(drop=True).copy()
    frame["n"] = np.where(withheld, np.nan, n)
    whole = not (np.asarray(n) % 1).any()
    frame["low"] = np.asarray(low).astype(np.int64) if whole else np.asarray(low, float)
    frame["high"] = np.asarray(high).astype(np.int64) if whole else np.asarray(high, float)
    frame["withheld"] = np.asarray(withheld, bool)
    return frame


def _lattice(raw: pd.DataFrame, columns: list[str]) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """The rows of `raw`, then every other combination of their values with a zero; and the codes of all."""
    if not columns:
        return raw[["n"]].reset_index(drop=True), np.zeros((len(raw), 0), np.int64)
    parts = [pd.factorize(raw[column], use_na_sentinel=False) for column in columns]
    codes = np.column_stack([np.asarray(code, np.int64) for code, _ in parts])
    sizes = [len(levels) for _, levels in parts]
    if np.prod([float(size) for size in sizes]) > MOST_COMBINATIONS:
        raise GateError(
            Message("This table is too fine for this audience: ask for fewer dimensions, or for longer periods.")
        )
    if len(raw) == 0 or len(columns) == 1:
        return raw[[*columns, "n"]].reset_index(drop=True), codes
    present = set(map(tuple, codes.tolist()))
    absent = [combination for combination in product(*map(range, sizes)) if combination not in present]
    if not absent:
        return raw[[*columns, "n"]].reset_index(drop=True), codes
    extra_codes = np.array(absent, np.int64)
    extra = pd.DataFrame(
        {
            column: pd.Series(levels.take(extra_codes[:, at])).astype(raw[column].dtype)
            for at, (column, (_, levels)) in enumerate(zip(columns, parts, strict=True))
        }
    ).assign(n=0.0)
    full = pd.concat([raw[[*columns, "n"]].reset_index(drop=True), extra], ignore_index=True)
    return full, np.vstack([codes, extra_codes])
