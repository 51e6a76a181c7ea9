"""Disclosure control: whatever was counted leaves `curim_data` only through here, made safe for its audience.

Analyst and specialist see exact counts. For the council and the public

- a count from 1 to k - 1 is withheld; k is 5, and 10 where sensitive categories are asked for (those that the city's
  tree marks, and names outside the tree that speak of such harm: `sensitive`), in the rows of sensitive
  categories, and in any table of gender by category by place (a filter that names one of the three counts as having
  it);
- zeros are shown, unless a margin would otherwise give a small count away;
- further counts are withheld so that no small one follows by subtraction from the shown ones and the margins
  (`suppression`);
- incidents are withheld where the alerts that report them are, and no small number of them follows from those either;
- map cells have one size under a filter, H3 resolution 9 (in Piraeus as large as a square of 349 m), or 8 (923 m)
  where sensitive categories are asked for, coarser where the city takes over 50,000 of them, on one fixed grid; picked
  cells become the cells of that grid that hold them, or that they hold, and the alerts in them are those of the map: on
  land, without default coordinates;
- all counts of an area of picked cells, districts or places are suppressed when the table of those, under the rest of
  the filter, withholds one of them; a row of a table over several is withheld when one has a small count in it;
- nothing is shown by day; sensitive alerts are shown by bands of six hours.

Covered are the tables of one filter: each with its margins, by the thresholds at which those are given, and with what
its categories (group, and kind as the stored alerts have it) and months (year) make up in tables of one or two
dimensions; and single numbers of two areas that differ by one place.

Not covered: weeks against months, which share days; groups against kinds; groups, kinds and years in tables of three
dimensions; all that tables by category and by kind say together where alerts of one category are of several kinds (what
the categories that share kinds have in all, and what each kind has besides, is covered); single hours
against bands by category; alerts of several categories, which count once in each, so that a group or the number of
alerts is not the sum of its categories; places against the districts or cells that they lie in; tables of several areas
of one's own, where a count that was withheld only to protect another one is asked for again; how many alerts have
default coordinates, from the numbers with and without them; what margins of
incidents tell of a table that had to withhold all incidents, together with finer numbers of alerts: in random made-up
tables of four to nine cells a small count followed so from 9 of 786; numbers withheld only to protect others, which
whether the briefing lists a change of them bounds (`studies.findings`); and whoever subtracts overlapping filters of
other fields (a period of 30 and one of 31 days). The last needs noise or a budget of questions. State it where tables
are given away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

import h3.api.basic_int as h3
import numpy as np
import pandas as pd

from curim_data.filters import AlertFilter, asked_categories
from curim_data.geo.enrichment import parent_cells
from curim_data.model import CELL_RESOLUTIONS, Audience, BoolArray, CityProfile, FloatArray, IntArray, Message
from curim_data.privacy.sensitive import is_sensitive_category
from curim_data.privacy.suppression import Table, suppress

K_ORDINARY: Final = 5
K_SENSITIVE: Final = 10
FLOOR_ORDINARY: Final = 9
FLOOR_SENSITIVE: Final = 8
BAND_HOURS: Final = 6
# Combinations in a table for the council; more would be withheld nearly throughout.
MOST_COMBINATIONS: Final = 60_000
# Cells of the land in a table for the council: larger ones where the land takes more.
MOST_PROTECTED_CELLS: Final = 50_000
# Dimensions of a table up to which what its columns make up (groups, kinds, years) is audited too: it takes long.
MOST_NESTED: Final = 2

CATEGORIES: Final = frozenset({"category", "group"})

# Whether rows of a frame have the sensitive threshold in the table by some of its columns.
Rule = Callable[[pd.DataFrame, Sequence[str]], Any]


class DisclosureError(ValueError):
    """A question that the audience may not ask; `message` says why and what may be asked instead."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text.format(**message.values))
        self.message = message


@dataclass(frozen=True)
class Protected:
    """Counts after disclosure control.

    `frame` has the columns `by` (for map cells: the index `cell`), then n (float; NaN where withheld), low and high
    (equal to n where shown; the published bounds where withheld) and withheld (bool). `total` is the sum of the
    counts, None where that is withheld: alerts of several categories count once in each. `at_default`:
    alerts at default coordinates that were left out, `off_mask`: alerts in cells without land (None where withheld).
    `notes`: how the question was changed for the audience.
    """

    frame: pd.DataFrame
    by: tuple[str, ...]
    audience: Audience
    threshold: int
    n_withheld: int
    total: float | None
    at_default: int | None = 0
    off_mask: int | None = 0
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Whole:
    """The alerts that report the incidents of a table: a number for each of its rows, and the `parts` of `protect`."""

    n: FloatArray
    parts: tuple[FloatArray, ...] = ()


def sees_exact(audience: Audience) -> bool:
    """Whether an audience sees exact counts."""
    return audience in (Audience.ANALYST, Audience.SPECIALIST)


def is_sensitive(f: AlertFilter, city: CityProfile) -> bool:
    """Whether the filter asks for sensitive categories by name or by group."""
    return any(is_sensitive_category(name, city) for name in asked_categories(f, city))


def threshold(audience: Audience, sensitive: bool) -> int:
    """The smallest count that is shown, zero apart; 1 is exact."""
    if sees_exact(audience):
        return 1
    return K_SENSITIVE if sensitive else K_ORDINARY


def finest_resolution(audience: Audience, f: AlertFilter, city: CityProfile) -> int:
    """The finest H3 resolution that the audience may see under the filter."""
    if sees_exact(audience):
        return max(CELL_RESOLUTIONS)
    floor = FLOOR_SENSITIVE if is_sensitive(f, city) else FLOOR_ORDINARY
    return min(floor, city.finest_affordable(MOST_PROTECTED_CELLS))


def is_fine_table(by: Sequence[str], f: AlertFilter) -> bool:
    """Whether gender, category and place all appear, as dimensions or in the filter."""
    asked = {field.key_variable for field in f.active()}
    fields = (f.field("cells") if name == "cell" else f.field_of(name) for name in by)
    return {"gender", "category", "place"} <= asked | {field.key_variable for field in fields if field}


def authorise(f: AlertFilter, audience: Audience, city: CityProfile) -> tuple[AlertFilter, tuple[Message, ...]]:
    """The filter as the audience may ask it, and what was changed: picked cells become cells of the one grid."""
    if sees_exact(audience):
        return f, ()
    floor = finest_resolution(audience, f, city)
    grid: set[int] = set()
    fine = False
    for cell in (int(name, 16) for name in f.cells):
        size = h3.get_resolution(cell)
        fine = fine or size > floor
        if size >= floor:
            grid.add(h3.cell_to_parent(cell, floor))
        elif len(grid) + h3.cell_to_children_size(cell, floor) <= MOST_COMBINATIONS:
            grid |= set(h3.cell_to_children(cell, floor))
        else:  # a link may name half a country: what of it lies in the city is enough
            land = city.land_cells(floor).index.to_numpy()
            here = land[parent_cells(land, size) == cell]
            grid |= set(here.tolist()) or {h3.cell_to_center_child(cell, floor)}
    widened = Message("The picked area was widened to whole map cells of the size that protects small counts.")
    return f.replace(cells=tuple(f"{cell:x}" for cell in grid)), (widened,) if fine else ()


def check(by: Sequence[str], resolution: int | None, f: AlertFilter, audience: Audience, city: CityProfile) -> None:
    """Raise DisclosureError for a table that the audience may not ask for."""
    if sees_exact(audience):
        return
    floor = finest_resolution(audience, f, city)
    if resolution is not None and resolution != floor:
        raise DisclosureError(
            Message(
                "Here this audience sees map cells of one size only, so that small counts stay protected: ask for "
                "resolution {floor}, not {asked}.",
                {"asked": resolution, "floor": floor},
            )
        )
    if "local_date" in by:
        raise DisclosureError(Message("Alerts are not shown by day to this audience: ask for weeks or months instead."))


def protect_number(n: float, audience: Audience, *, sensitive: bool = False) -> float | None:
    """A single count for the audience; None where it is withheld."""
    return None if 0 < n < threshold(audience, sensitive) else n


def protect(
    raw: pd.DataFrame,
    by: Sequence[str],
    audience: Audience,
    *,
    sensitive: bool | BoolArray = False,
    coarser: int | None = None,
    rule: Rule | None = None,
    nested: Mapping[str, Mapping[str, Callable[[pd.Series], Any]]] | None = None,
    parts: Sequence[FloatArray] = (),
    whole: Whole | None = None,
) -> Protected:
    """Make counts safe for the audience.

    `raw` has the columns `by` (each combination once) and n. `sensitive`: whether the sensitive threshold holds, for
    the table or for each row. `coarser`: the threshold of tables with fewer dimensions, which a reader may ask for too;
    that of this table unless only some rows are sensitive: then those rows have the sensitive threshold in every table
    that keeps their category or group. `rule`, in place of both: whether a frame's rows have it in the table by some
    columns.
    `nested`: for a column of `by`, coarser columns that a reader may ask for and how they follow from it. `parts`: for
    each way in which the filter names several places, the counts of each (a row for each of `raw`). `whole`: of the
    alerts that report the incidents of `raw`, of which the audience has the same table. Combinations that `raw` lacks
    are zeros, and come as rows of their own where one had to be withheld. The rows keep their order. Raises
    DisclosureError for a table that is too fine.
    """
    columns = list(by)
    n = raw["n"].to_numpy(float)
    if sees_exact(audience):  # whatever the rule says, each count is shown
        return Protected(_exact(raw, columns), tuple(by), audience, threshold(audience, sensitive=False), 0, _sum(n))
    rule = rule or _usual_rule(raw, tuple(by), sensitive, coarser)
    sensitive_rows = np.broadcast_to(np.asarray(rule(raw, columns), bool), len(raw))
    limit = threshold(audience, bool(sensitive_rows.any()))
    full, codes = _complete_grid(raw, columns)
    dimensions = [{column: codes[:, at]} for at, column in enumerate(columns)]
    made: dict[str, str] = {}  # the coarser columns, apart from a dimension of the same name, and what each is
    for dimension, column in zip(dimensions, columns, strict=True):
        for name, of in (nested or {}).get(column, {}).items():
            if len(columns) <= MOST_NESTED:
                made[own := f"{name} of {column}"] = name
                full[own] = of(full[column])
                dimension[own] = np.asarray(pd.factorize(full[own], use_na_sentinel=False)[0], np.int64)

    def k(names: tuple[str, ...]) -> FloatArray:
        frame = full.assign(**{made[name]: full[name] for name in names if name in made})
        strict = rule(frame, tuple(made.get(name, name) for name in names))
        return np.where(np.broadcast_to(np.asarray(strict, bool), len(full)), K_SENSITIVE, K_ORDINARY) * 1.0

    counts, further = full["n"].to_numpy(float), len(full) - len(raw)
    table = Table(counts, dimensions, k, _with_zeros(parts, further))
    if whole is not None:
        alerts = np.concatenate([whole.n, np.zeros(further)])
        table = replace(table, whole=Table(alerts, dimensions, k, _with_zeros(whole.parts, further)))
    result = suppress(table)
    keep = np.arange(len(full)) < len(raw)
    keep |= result.hidden
    frame = _frame(full[columns], counts, result.hidden, result.low, result.high)[keep].reset_index(drop=True)
    total: float | None = _sum(n)
    if len(raw) and (result.hidden.all() or (columns and not table.of([]).margins().known.all())):
        total = None
    return Protected(frame, tuple(by), audience, limit, int(result.hidden.sum()), total)


def _sum(n: FloatArray) -> float:
    return round(float(n.sum()), 6)


def _with_zeros(parts: Sequence[FloatArray], further: int) -> tuple[FloatArray, ...]:
    """The counts of named parts with rows of zeros at the end."""
    return tuple(np.vstack([of, np.zeros((further, of.shape[1]))]) for of in parts)


def suppress_whole(counted: Protected, most: float) -> Protected:
    """The same rows, all withheld: each is somewhere between zero and `most`."""
    high = max(int(np.ceil(most)), counted.threshold - 1)
    frame = counted.frame.assign(n=np.nan, low=0, high=high, withheld=True)
    return replace(counted, frame=frame, n_withheld=len(frame), total=None)


def _usual_rule(raw: pd.DataFrame, by: tuple[str, ...], sensitive: bool | BoolArray, coarser: int | None) -> Rule:
    """The rule of a table of which only the rows with the sensitive threshold are known."""
    by_row = np.broadcast_to(np.asarray(sensitive, bool), len(raw))
    whole = bool(by_row.all()) and len(raw) > 0
    in_margins = coarser == K_SENSITIVE if coarser else whole

    def rule(frame: pd.DataFrame, columns: Sequence[str]) -> BoolArray:
        if tuple(columns) == by:
            rows = np.full(len(frame), whole)
            rows[: len(raw)] = by_row
            return rows
        rows = np.full(len(frame), in_margins)
        if not (whole or CATEGORIES.isdisjoint(columns)):
            rows[: len(raw)] |= by_row
        return rows

    return rule


def _exact(raw: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """`_frame` of counts that are all shown; each column is a copy, of which pandas need make no other."""
    n = raw["n"].to_numpy(float)
    bound = n if (n % 1).any() else n.astype(np.int64)
    keys = {name: raw[name].array.copy() for name in columns}
    shown = {"n": n.copy(), "low": bound.copy(), "high": bound.copy(), "withheld": np.zeros(len(n), bool)}
    return pd.DataFrame({**keys, **shown}, copy=False)


def _frame(keys: pd.DataFrame, n: Any, withheld: Any, low: Any, high: Any) -> pd.DataFrame:
    whole = not (np.asarray(n) % 1).any()
    low, high = (np.asarray(bound).astype(np.int64) if whole else np.asarray(bound, float) for bound in (low, high))
    shown = {"n": np.where(withheld, np.nan, n), "low": low, "high": high, "withheld": np.asarray(withheld, bool)}
    return pd.DataFrame({**{name: keys[name].array for name in keys.columns}, **shown})


def _complete_grid(raw: pd.DataFrame, columns: list[str]) -> tuple[pd.DataFrame, IntArray]:
    """The rows of `raw`, then every other combination of their values with a zero; and the codes of all."""
    if not columns:
        return raw[["n"]].reset_index(drop=True), np.zeros((len(raw), 0), np.int64)
    parts = [pd.factorize(raw[column], use_na_sentinel=False) for column in columns]
    codes = np.column_stack([np.asarray(code, np.int64) for code, _ in parts])
    sizes = [len(levels) for _, levels in parts]
    if np.prod([float(size) for size in sizes]) > MOST_COMBINATIONS:
        raise DisclosureError(
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
