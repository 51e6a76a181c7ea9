"""Profiling: one pass over the whole file before any row is parsed; counts, and a sample of bounded size.

Nothing depends on the order in which blocks come, nor on where one block ends and the next begins. Where some dates can
only be read with the day first (22/01) and others only with the month first (01/22), no single order is right: what
separates them is looked for in one more pass over the whole file.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.containers.base import ArrowText
from curim_data.formats.base import Guess, Layout, is_name
from curim_data.formats.columns import (
    CATEGORY_ROLES,
    COUNTED,
    DATE_ROLES,
    ENUM_ROLES,
    PLACE_ROLES,
    UNIT,
    RoleColumns,
    count_number_shapes,
    distinct,
    filled,
    glued,
    matches,
    numeric_pairs,
)
from curim_data.lexicon.times import MIDNIGHT
from curim_data.model import DAY_FIRST, MONTH_FIRST, Block, BoolArray, IntArray, Message

# The order of a row's dates; EITHER: they can be read both ways (of evidence), or nothing settles them (of a decision).
EITHER, DAY, MONTH = 0, 1, 2
_NO_DATE: Final = 3
ORDERS: Final = {DAY_FIRST: DAY, MONTH_FIRST: MONTH}
MOST_VALUES: Final = 60  # of a column that may separate the orders
MOST_SHOWN: Final = 6
LEAST_OF_VALUE: Final = 3  # conclusive rows of a value, where the column as a whole separates
LEAST_BESIDE_IMPURE: Final = 100  # of a value, where another one of the column is of both orders
LEAST_OF_BLOCK: Final = 8
CHANCE: Final = 1e-4  # that a column separates both orders by chance
CHANCE_OF_ONE: Final = 1e-6  # that one of its values is of one order by chance
_HALF: Final = r"\d ?[AaPpΠπΜμµ]\.? ?[MmΜμµ]\.?$"
_STYLES: Final = (("T", r"\d:\d{2}"), (":", r"\d:\d{2}:\d{2}"), ("H", _HALF), (".", r"^\d+ ?\."), ("-", r"^\d+ ?-"),
                  ("Y", r"^\d{1,2} ?[/.-] ?\d{1,2} ?[/.-] ?\d{4}"))  # fmt: skip

Orders = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Run:
    """Consecutive rows whose dates have but one reading, the same for all: first and last row, how many, the order."""

    first: int
    last: int
    count: int
    order: int


@dataclass(frozen=True)
class RowOrders:
    """What tells the order of the dates of each row.

    `roles`: the columns of dates that write both orders; those of one row agree with each other. `by`: "half", "style",
    "column", "rows" or "" where nothing does; `column`: the place of the column; `values`: the order of each of its
    values, or of each style; `runs`: the blocks of rows.
    """

    roles: tuple[str, ...]
    by: str = ""
    column: int = -1
    values: Mapping[str, int] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()

    def of(self, columns: RoleColumns, rows: IntArray) -> Orders:
        """The order of the dates in each row: 0 where nothing settles it."""
        read = _read_rows(np.stack([order_classes(columns[one]) for one in self.roles]))
        separated = np.zeros(len(rows), np.int8)
        for run in self.runs:
            separated[(rows >= run.first) & (rows <= run.last)] = run.order
        if self.values:
            column = columns.raw(self.column) if self.by == "column" else styles(self.roles, columns, self.by)
            codes, unique = distinct(column)
            separated = np.array([self.values.get(value, EITHER) for value in unique], np.int8)[codes]
        return np.where((read == DAY) | (read == MONTH), read, separated).astype(np.int8)


def order_classes(column: ArrowText) -> Orders:
    """What each date of a column can be: DAY or MONTH first only, EITHER, or none that needs an order (3)."""
    one, two, _ = numeric_pairs(column)
    able, day, month = (one > 0) & (two > 0), one <= 12, two <= 12
    kinds = [able & ~day & month, able & ~month & day, able & day & month & (one != two)]
    return np.select(kinds, [DAY, MONTH, EITHER], _NO_DATE).astype(np.int8)


def _read_rows(classes: Orders) -> Orders:
    """What the dates of each row can be together (`classes`: a line a column): one that has but one reading tells the
    others."""
    day, month, either = ((classes == order).any(axis=0) for order in (DAY, MONTH, EITHER))
    return np.select([day & month, day, month, either], [_NO_DATE, DAY, MONTH, EITHER], _NO_DATE).astype(np.int8)


def styles(roles: Sequence[str], columns: RoleColumns, by: str) -> ArrowText:
    """How the dates of each row are written: with AM or PM or without ("half"), or in all that shows ("style").

    A row comes from one source, so the time of one date tells of another that has none.
    """
    halves, written = [], []
    for role in roles:
        given = [columns[role], *map(columns.raw, columns.places(role, "time"))]
        halves.append(np.logical_or.reduce([matches(column, _HALF) for column in given]))
        shapes = [halves[-1] if mark == "H" else matches(columns[role], shape) for mark, shape in _STYLES]
        written.append(glued([_letters(mask, mark) for mask, (mark, _) in zip(shapes, _STYLES, strict=True)], ""))
    if by == "half":
        return _letters(np.logical_or.reduce(halves), "H")
    return written[0] if len(roles) == 1 else glued(written, "|")


def _letters(mask: BoolArray, letter: str) -> ArrowText:
    return pa.array(np.where(mask, letter, ""), pa.large_string())


class OrderEvidence:
    """What may separate the rows of a file that write the day first from those that write the month first.

    Every block of the file is added once, in the order of the file.

    Parameters
    ----------
    layout, labels
        The roles of the columns, and the header.
    roles : sequence of str
        The columns of dates that write both orders, whose dates agree within each row.
    """

    def __init__(self, layout: Layout, labels: Sequence[str], roles: Sequence[str]) -> None:
        self._layout, self._labels, self.roles = layout, labels, tuple(roles)
        able = [
            at
            for at in range(len(labels))
            if at
            not in {part.place for role in roles for part in layout.roles[role] if part.part != "time"}
            | {*layout.personal, *layout.text}
        ]
        # Of each key that may separate them (a style, or a column by its place): rows by its values and their order.
        none = pd.DataFrame(columns=[EITHER, DAY, MONTH], dtype=int)
        self._counts: dict[str | int, pd.DataFrame] = dict.fromkeys(["half", "style", *able], none)
        self._examples: dict[str, str] = {}
        self._rows: list[pd.DataFrame] = []
        self.conflicts = False
        self.found = Counter[int]()  # rows by what their dates can be together

    def add(self, block: Block) -> None:
        """Add a block."""
        columns = RoleColumns(block.table, self._layout, self._labels)
        classes = np.stack([order_classes(columns[role]) for role in self.roles])
        self.conflicts |= bool(((classes == DAY).any(axis=0) & (classes == MONTH).any(axis=0)).any())
        read = _read_rows(classes)
        self.found.update(read.tolist())
        known, dated = (read == DAY) | (read == MONTH), read != _NO_DATE
        self._rows.append(pd.DataFrame({"row": block.rows[known], "order": read[known]}))
        for key in list(self._counts):
            texts = styles(self.roles, columns, key) if isinstance(key, str) else columns.raw(key)
            values = pd.Series(texts.to_numpy(False)[dated])
            if values.nunique() <= MOST_VALUES:
                self._counts[key] = (
                    pd.crosstab(values, read[dated])
                    .reindex(columns=[EITHER, DAY, MONTH], fill_value=0)
                    .add(self._counts[key], fill_value=0)
                    .astype(int)
                )
            if max(values.nunique(), len(self._counts[key])) > MOST_VALUES:
                del self._counts[key]
            if key == "style":
                firsts = pd.Series(columns[self.roles[0]].to_numpy(False)[dated]).groupby(values).first()
                self._examples = {str(style): text for style, text in firsts.items()} | self._examples

    def decide(self) -> RowOrders:
        """What settles most of the rows with but one reading; of equals AM and PM, the style, a column, then blocks."""
        found = []
        for key, counts in self._counts.items():
            values, by = self._settled(counts), ((key, -1) if isinstance(key, str) else ("column", key))
            settled = int(counts.loc[list(values), [DAY, MONTH]].to_numpy().sum())
            found.append((settled, RowOrders(self.roles, *by, values)))
        blocks = self._blocks()
        found.append((sum(run.count for run in blocks), RowOrders(self.roles, "rows", runs=blocks)))
        settled, best = max(found, key=lambda one: one[0])
        return best if settled else RowOrders(self.roles)

    def _settled(self, counts: pd.DataFrame) -> dict[str, int]:
        """The values that stand for one order; none where chance may have made them so, or where all are of one."""
        sides = counts[[DAY, MONTH]]
        sides = sides[sides.sum(axis=1) > 0].sort_index()
        (day, month), sizes = map(int, sides.sum()), sides.sum(axis=1)
        pure = sides.min(axis=1) == 0
        if pure.all() and chance_of_all(sizes.tolist(), day, month) < CHANCE:
            settled = sizes >= LEAST_OF_VALUE
        else:  # another value is of both orders, so this one may be too: many rows must show that it is not
            settled = pure & (sizes >= LEAST_BESIDE_IMPURE)
            settled &= sizes.map(lambda size: chance_of_one(size, day, month) < CHANCE_OF_ONE)
        return {str(value): DAY if n else MONTH for value, n in sides.loc[settled, DAY].items()}

    @cached_property
    def _runs(self) -> list[Run]:
        """Consecutive rows of one order, in the order of the file; rows that can be read both ways belong to none."""
        rows = pd.concat(self._rows).sort_values("row")
        found = rows.groupby((rows["order"] != rows["order"].shift()).cumsum()).agg(
            first=("row", "first"), last=("row", "last"), n=("row", "size"), order=("order", "first")
        )
        return [Run(*map(int, run)) for run in found.itertuples(index=False)]

    def _blocks(self) -> tuple[Run, ...]:
        """Runs too long for chance, where there are too few of them for rows of no order; the first and the last of the
        file reach to its ends."""
        runs = self._runs
        if chance_of_runs(len(runs), self.found[DAY], self.found[MONTH]) >= CHANCE:
            return ()
        share = {order: self.found[order] / (self.found[DAY] + self.found[MONTH]) for order in (DAY, MONTH)}
        return tuple(
            Run(0 if run is runs[0] else run.first, 2**62 if run is runs[-1] else run.last, run.count, run.order)
            for run in runs
            if run.count >= LEAST_OF_BLOCK and share[run.order] ** run.count < CHANCE
        )

    def sentences(self, orders: RowOrders) -> tuple[Message, ...]:
        """Say that the file contradicts itself, what tells the orders apart, and what becomes of the rest."""
        columns = ", ".join(self._labels[self._layout.place(role)] for role in self.roles)
        contradiction = Message(
            "{columns}: the file contradicts itself. In {day} rows the day can only come first, in {month} rows only "
            "the month, and {either} rows can be read both ways.",
            {"columns": columns} | {name: self.found[order] for name, order in (*_NAMES.items(), ("either", EITHER))},
        )
        rest = Message(
            "Rows that stay ambiguous are quarantined: write their dates as 2025-03-01T22:15 and import them again, or "
            "export the two sources as two files."
        )
        return (contradiction, *([self._separator(orders)] if orders.by else []), rest)

    def _separator(self, orders: RowOrders) -> Message:
        if orders.by == "half":
            halves = orders.values.get("H") == MONTH or orders.values.get("") == DAY  # AM and PM stand in month first
            day, month = ("22:15", "10:15 PM") if halves else ("10:15 PM", "22:15")
            return Message(_WRITTEN.text, {"day": day, "month": month})
        if orders.by == "rows":
            return Message(
                "Blocks of rows tell them apart. Day first: rows {day}; month first: rows {month}.",
                {  # without the ends of the file that nobody can count to
                    name: _listed(
                        f"{run.first}–{run.last}"
                        for run in self._runs
                        if run.order == order and _within(run, orders.runs)
                    )
                    for name, order in _NAMES.items()
                },
            )
        values = {name: [value for value, of in orders.values.items() if of == order] for name, order in _NAMES.items()}
        if orders.by == "style":
            return Message(
                _WRITTEN.text,
                {name: _listed(self._examples[one] for one in some) for name, some in values.items()},
            )
        column = self._labels[orders.column]
        if any(map(_PERSON.search, orders.values)):
            return Message("The column {column} tells them apart.", {"column": column})
        return Message(
            "The column {column} tells them apart. Day first: {day}; month first: {month}.",
            {"column": column} | {name: _listed(one or "–" for one in some) for name, some in values.items()},
        )


_WRITTEN: Final = Message("How they are written tells them apart. Day first: as in {day}; month first: as in {month}.")
_NAMES: Final = {"day": DAY, "month": MONTH}
# What may name a person: an address, a number as long as a telephone's, two capitalised words.
_PERSON: Final = re.compile(r"@|\d(?:[ ().+-]*\d){6}|\b[^\W\d_a-zα-ω][^\W\d_]*\.?,? [^\W\d_a-zα-ω][^\W\d_]*")


def chance_of_all(sizes: Sequence[int], day: int, month: int) -> float:
    """The chance that each value of a column is of one order, were the orders dealt out to the rows at random.

    Of all ways to choose the `day` rows among `day + month`, those that take some values whole: by counting the sets of
    values (of these sizes) that have `day` rows together; where all sets there are would be too few, that bound.
    """
    bound = math.exp(min(0.0, len(sizes) * math.log(2) - _log_ways(day + month, day)))
    if bound < CHANCE:
        return bound
    ways = np.zeros(day + 1)
    ways[0] = 1
    for size in sizes:
        ways[size:] += ways[: max(0, day + 1 - size)].copy()
    return float(ways[day] * math.exp(-_log_ways(day + month, day)))


def _log_ways(n: int, k: int) -> float:
    """The logarithm of how many ways there are to choose k of n."""
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def chance_of_one(size: int, day: int, month: int) -> float:
    """The chance that all rows of one value are of one order (hypergeometric)."""
    rest = day + month - size
    return sum(
        math.exp(_log_ways(rest, other) - _log_ways(day + month, day))
        for other in [other for other in (day, month) if other <= rest]
    )


def chance_of_runs(runs: int, day: int, month: int) -> float:
    """The chance of so few runs, or fewer, with orders dealt out to the rows at random (Wald and Wolfowitz 1940)."""
    if not (day and month) or runs > 1 + 2 * day * month / (day + month):  # one order, or more than the mean
        return 1.0
    every, chance = _log_ways(day + month, day), 0.0
    for n in range(2, runs + 1):
        half, odd = divmod(n, 2)
        pairs = ((half, half - 1), (half - 1, half)) if odd else ((half - 1, half - 1),) * 2
        able = [(a, b) for a, b in pairs if a < day and b < month]
        chance += sum(math.exp(_log_ways(day - 1, a) + _log_ways(month - 1, b) - every) for a, b in able)
    return chance


def _within(run: Run, runs: Sequence[Run]) -> bool:
    return any(one.first <= run.first and run.last <= one.last and one.order == run.order for one in runs)


def _listed(words: Iterable[Any]) -> str:
    """Some words, a few of them where there are many."""
    named = list(map(str, words))
    return ", ".join([*named[:MOST_SHOWN], *(["…"] if len(named) > MOST_SHOWN else [])]) or "–"


SAMPLE_ROWS: Final = 50_000
MOST_WORDS: Final = 5_000
# Forms of dates: ISO, the first of a month, with a time, with an offset, with midnight as the time.
_FORMS: Final = {
    "iso": r"^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}.*|( ?(Z|UTC|[+-]\d{2}:?\d{2}))?)$",
    "firsts": r"^\d{4}-\d{1,2}-0?1([T ].*)?$",
    "timed": r"\d:\d{2}|\d ?[AaPp]\.?[Mm]\.?$|^\d{8}T\d{4}",
    "offset": r"(Z|UTC|GMT|[+-]\d{2}:?\d{2})$",
    "midnight": MIDNIGHT,
}
# Stand for a bar and a backslash of a name while a cell is split; from the private use area of Unicode.
_BAR, _BACKSLASH = "\ue000", "\ue001"
# One order of day and month may contradict the other in so many of the conclusive values: those are mistakes of single
# rows. More of them come from another source, whose ambiguous dates would be misread in silence.
MISTAKES: Final = 2
MISTAKEN_SHARE: Final = 0.05
RARE: Final = 0.002


class DateProfile(Counter[str]):
    """Counts of the filled values of a date column by form, and of the evidence for the order of day and month.

    "filled"; "iso", "firsts", "timed", "midnight" (`_FORMS`), "local" (times without an offset); "serial", "seconds",
    "milliseconds" (`COUNTED`); "bare_short", "bare_long": bare numbers of a column of times, of one or two digits and
    of more; "day", "month", "either": dates that can only be day first, only month first, and either. `months`: the
    months of the first days of months.
    """

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        super().__init__(counts or {})
        self.months: set[str] = set()

    @property
    def conclusive(self) -> int:
        """How many values have but one order."""
        return self["day"] + self["month"]

    @property
    def order(self) -> str | None:
        """The order; None where no value is conclusive or the values contradict each other, each beyond mistakes."""
        for order, most, least in ((DAY_FIRST, "day", "month"), (MONTH_FIRST, "month", "day")):
            few = self[least] <= MISTAKES and self[least] <= MISTAKEN_SHARE * self.conclusive
            if self[most] and (few or self[least] <= RARE * self.conclusive):
                return order
        return None

    @property
    def needs_order(self) -> bool:
        """Whether any value needs the order to be read."""
        return bool(self.conclusive + self["either"])


class FileProfile:
    """Profile of a file's columns; every block is added once.

    Parameters
    ----------
    layout : Layout
        Which columns give which role.
    labels : sequence of str
        The header.

    Attributes
    ----------
    dates : dict of DateProfile
        By role.
    number_shapes : dict of Counter
        How the numbers of coordinate columns are written, by role.
    values : dict of Counter
        Words of the categorical columns with counts, by role.
    rows : int
        Rows seen, without those refused by the container.
    order_evidence : tuple of OrderEvidence
        What may separate the orders of day and month, where dates contradict each other.
    """

    def __init__(self, layout: Layout, labels: Sequence[str]) -> None:
        self.layout, self.labels = layout, tuple(labels)
        self.dates = {role: DateProfile() for role in DATE_ROLES if role in layout.roles}
        self.number_shapes = {role: Counter[str]() for role in PLACE_ROLES if role in layout.roles and role != "point"}
        self.values: dict[str, Counter[str]] = {
            role: Counter() for role in ("category", *ENUM_ROLES) if role in layout.roles
        }
        self.rows = 0
        self.order_evidence: tuple[OrderEvidence, ...] = ()
        self._sample = pa.schema(
            [(name, pa.large_string()) for name in [str(at) for at in range(len(self.labels))]]
        ).empty_table()
        self._sampled_rows: IntArray = np.empty(0, np.int64)
        self._hash_limit = np.uint64(2**64 - 1)

    def add(self, block: Block) -> None:
        """Add a block."""
        if not block.table.num_rows:
            return
        columns = RoleColumns(block.table, self.layout, self.labels)
        self.rows += block.table.num_rows
        for role, seen in self.dates.items():
            for place in columns.places(role, "time"):
                raw = columns.raw(place)
                bare = {"bare_short": r"^\d{1,2}(\.0+)?$", "bare_long": r"^\d{3,}(\.0+)?$"}
                seen.update({name: int(matches(raw, pattern).sum()) for name, pattern in bare.items()})
            _profile_dates(columns[role], seen)
        for role in self.number_shapes:
            self.number_shapes[role].update(count_number_shapes(columns[role]))
        for role, counter in self.values.items():
            _count_words(
                columns[role],
                ((UNIT, *self.layout.separators) if role in CATEGORY_ROLES else ()),
                counter,
                self.layout.longest,
            )
        # The rows whose number has one of the smallest hashes: a sample that does not depend on the blocks.
        where = np.flatnonzero(_hashes(block.rows) <= self._hash_limit)
        hidden, some = {*self.layout.personal, *self.layout.text}, pa.array(where)
        cells = [
            pa.repeat(pa.scalar("", pa.large_string()), len(where)) if at in hidden else column.take(some)
            for at, column in enumerate(block.table.columns)
        ]
        self._sample = pa.concat_tables([self._sample, pa.table(cells, schema=self._sample.schema)])
        self._sampled_rows = np.concatenate([self._sampled_rows, block.rows[where]])
        if len(self._sampled_rows) > 2 * SAMPLE_ROWS:
            self._trim()

    @property
    def sample(self) -> tuple[pa.Table, IntArray]:
        """At most 50,000 rows in the order of the file, the same whatever the blocks, and their row numbers."""
        self._trim()
        order = np.argsort(self._sampled_rows, kind="stable")
        return self._sample.take(pa.array(order)), self._sampled_rows[order]

    @property
    def mixed(self) -> tuple[str, ...]:
        """The roles of dates whose columns write both orders of day and month."""
        return tuple(role for role, seen in self.dates.items() if seen.conclusive and seen.order is None)

    def gather_order_evidence(self, blocks: Iterable[Block]) -> None:
        """Go over the whole file once more where columns of dates write both orders (`mixed`): for these together where
        their dates of a row agree, else for each by itself."""
        together, *alone = (
            OrderEvidence(self.layout, self.labels, roles) for roles in (self.mixed, *([role] for role in self.mixed))
        )
        for block in blocks:
            for evidence in (together, *alone) if block.table.num_rows else ():
                evidence.add(block)
        self.order_evidence = tuple(alone) if together.conflicts else (together,)

    def _trim(self) -> None:
        """Cut the sample to its size."""
        hashes = _hashes(self._sampled_rows)
        if len(hashes) > SAMPLE_ROWS:
            best = np.argpartition(hashes, SAMPLE_ROWS)[:SAMPLE_ROWS]
            self._sample = self._sample.take(pa.array(best)).combine_chunks()
            self._sampled_rows, self._hash_limit = self._sampled_rows[best], hashes[best].max()


def _hashes(rows: IntArray) -> npt.NDArray[np.uint64]:
    """Hash row numbers (the finaliser of SplitMix64, Steele, Lea and Flood 2014)."""
    return pd.util.hash_array(rows.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15), categorize=False)


def _profile_dates(column: ArrowText, seen: DateProfile) -> None:
    """Count the forms in which the dates of a block are written."""
    column = column.filter(pa.array(filled(column)))
    masks = {form: matches(column, pattern) for form, pattern in _FORMS.items()}
    masks["local"] = masks["timed"] & ~masks.pop("offset")
    if seen["firsts"] == seen["filled"]:
        seen.months.update(
            pc.unique(pc.utf8_slice_codeunits(column.filter(pa.array(masks["firsts"])), 0, 7)).to_pylist()
        )
    rest = column.filter(pa.array(~masks["iso"]))
    if len(rest):
        digits = pc.if_else(pc.match_substring_regex(rest, r"^\d{5,13}(\.\d+)?$"), rest, None)
        values = pc.fill_null(pc.cast(digits, pa.float64()), -1).to_numpy(False)
        masks |= {name: (values >= low) & (values < high) for name, (low, high) in COUNTED.items()}
        one, two, _ = numeric_pairs(rest)
        known, day, month = (one > 0) & (two > 0), one <= 12, two <= 12
        masks |= {"day": known & ~day & month, "month": known & ~month & day, "either": known & day & month}
    seen.update({name: int(mask.sum()) for name, mask in masks.items()} | {"filled": len(column)})


def _count_words(column: ArrowText, separators: tuple[str, ...], counter: Counter[str], longest: int) -> None:
    """Count the words of a block, cells with several split; what cannot be a name is not kept."""
    counted = pc.value_counts(column)
    for text, n in zip(counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True):
        for part in split_cell(text, separators):
            if is_name(part, longest):
                counter[part] += n
    if len(counter) > 2 * MOST_WORDS:
        kept = dict(counter.most_common(MOST_WORDS))
        counter.clear()
        counter.update(kept)


def split_cell(text: str, separators: Sequence[str]) -> list[str]:
    """Split a cell into its filled parts; a separator at the end may have lost its trailing blank."""
    parts = [f"{text} "]
    for separator in separators:
        parts = [piece for part in parts for piece in part.split(separator)]
    return [part.strip() for part in parts if part.strip()]


def split_bars(text: str, separators: Sequence[str]) -> list[str]:
    r"""Split a cell whose names are joined by bars; `\|` and `\\` are a bar and a backslash of a name."""
    parts = split_cell(text.replace("\\\\", _BACKSLASH).replace("\\|", _BAR), ("|", *separators))
    return [part.replace(_BAR, "|").replace(_BACKSLASH, "\\") for part in parts]


EXAMPLES: Final = 3


class ColumnSummary:
    """Empty cells and examples of each column, for a preview."""

    def __init__(self, width: int) -> None:
        self._empty: IntArray = np.zeros(width, np.int64)
        self._examples: list[list[str]] = [[] for _ in range(width)]

    def add(self, block: Block) -> None:
        """Add a block."""
        for place, column in enumerate(block.table.columns):
            trimmed = pc.utf8_trim_whitespace(column)
            self._empty[place] += pc.sum(pc.equal(trimmed, "")).as_py() or 0
            some = self._examples[place]
            if len(some) < EXAMPLES:
                found = [text for text in pc.unique(trimmed.slice(0, 1_000)).to_pylist() if text and text not in some]
                some += found[: EXAMPLES - len(some)]

    def table(self, labels: tuple[str, ...], layout: Layout) -> pd.DataFrame:
        """Return one line for each column of the file."""
        roles = {part.place: (role, part.part) for role, parts in layout.roles.items() for part in parts}
        dropped, none = {*layout.personal, *layout.text}, Guess(float("nan"))
        lines = [
            {
                "place": place,
                "column": label,
                "role": role,
                "part": part,
                "use": "alert" if role else "dropped" if place in dropped else "unused",
                "empty": int(self._empty[place]),
                "examples": "" if place in dropped else ", ".join(self._examples[place]),
                "confidence": layout.guesses.get(role, none).confidence,
                "reasons": layout.guesses.get(role, none).reasons,
            }
            for place, label in enumerate(labels)
            for role, part in [roles.get(place, ("", ""))]
        ]
        return pd.DataFrame(lines)
