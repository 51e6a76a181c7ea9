"""Profiling: one pass over the whole file before any row is parsed; counts, and a sample of bounded size.

Nothing depends on the order in which blocks come, nor on where one block ends and the next begins. Where some dates can
only be read with the day first (22/01) and others only with the month first (01/22), no single order is right: what
separates them is looked for in one more pass over the whole file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.containers.base import ArrowText
from curim_data.formats.base import Guess, Layout, is_name, split_at
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
    matches,
    numeric_pairs,
)
from curim_data.lexicon.times import MIDNIGHT, UTC_END
from curim_data.model import DAY_FIRST, MONTH_FIRST, Block, IntArray

# The order of the dates of a row; EITHER: nothing settles it.
EITHER, DAY, MONTH = 0, 1, 2
ORDERS: Final = {DAY_FIRST: DAY, MONTH_FIRST: MONTH}
SHAPE: Final = -1  # in place of a column: how the dates themselves are written
MOST_VALUES: Final = 60  # of a column that may separate the orders
LEAST_OF_VALUE: Final = 8  # dates with but one reading, all of one order

Orders = npt.NDArray[np.int8]


@dataclass(frozen=True)
class RowOrders:
    """What tells the order of day and month in each row of a column (`role`) that writes both.

    `values`: the order that each value of another column stands for (of which `column` is the place), or each way of
    writing dates (`SHAPE`). `blocks`: first row, last row and order of blocks of rows. Neither where nothing tells.
    """

    role: str
    column: int = SHAPE
    values: Mapping[str, int] = field(default_factory=dict)
    blocks: tuple[tuple[int, int, int], ...] = ()

    def of(self, columns: RoleColumns, rows: IntArray) -> Orders:
        """The order in each row of a block, of which `rows` are the numbers."""
        if self.blocks:
            return np.select([(rows >= first) & (rows <= last) for first, last, _ in self.blocks],
                             [np.int8(order) for *_, order in self.blocks], np.int8(EITHER))  # fmt: skip
        codes, unique = distinct(_separating(columns, self.role, self.column))
        return np.array([self.values.get(value, EITHER) for value in unique], np.int8)[codes]


def _separating(columns: RoleColumns, role: str, place: int) -> ArrowText:
    """The texts of a column, or how the dates of a role are written: "0/0/0 0:0 A" for 01/22/2025 10:15 PM."""
    if place != SHAPE:
        return columns.raw(place)
    return pc.replace_substring_regex(pc.replace_substring_regex(columns[role], r"\d+", "0"), r"\p{L}+", "A")


class OrderEvidence:
    """What may separate the rows of a file whose dates of a role have the day first from those with the month first.

    Every block of the file is added once.
    """

    def __init__(self, layout: Layout, labels: Sequence[str], role: str) -> None:
        self._layout, self._labels, self._role = layout, labels, role
        able = set(range(len(labels))) - {*layout.personal, *layout.text, *(part.place for part in layout.roles[role])}
        self._counts = {place: Counter[tuple[str, int]]() for place in (SHAPE, *sorted(able))}
        self._rows: list[tuple[int, int]] = []  # those that show their order

    def add(self, block: Block) -> None:
        """Add a block."""
        columns = RoleColumns(block.table, self._layout, self._labels)
        one, two, _ = numeric_pairs(columns[self._role])
        known = (one > 0) & (two > 0) & ((one > 12) != (two > 12))
        orders = np.where(one[known] > 12, DAY, MONTH).tolist()
        self._rows += zip(block.rows[known].tolist(), orders, strict=True)
        for place, seen in list(self._counts.items()):
            texts = _separating(columns, self._role, place).filter(pa.array(known))
            seen.update(zip(texts.to_pylist(), orders, strict=True))
            if len(seen) > MOST_VALUES:
                del self._counts[place]

    def decide(self) -> RowOrders:
        """The first column of whose values each stands for one order, and not all for the same; else blocks of rows."""
        for place, seen in self._counts.items():
            settled = {value: order for (value, order), n in seen.items() if n >= LEAST_OF_VALUE}
            if len(seen) == len({value for value, _ in seen}) and len(set(settled.values())) > 1:
                return RowOrders(self._role, place, settled)
        rows, orders = np.array(sorted(self._rows)).T
        starts = np.flatnonzero(np.diff(orders, prepend=EITHER))
        ends = [*starts[1:], len(rows)]
        if min(np.subtract(ends, starts)) < LEAST_OF_VALUE:
            return RowOrders(self._role)
        firsts, lasts = [0, *rows[starts[1:]].tolist()], [*rows[starts[1:] - 1].tolist(), 2**62]
        return RowOrders(self._role, blocks=tuple(zip(firsts, lasts, orders[starts].tolist(), strict=True)))


SAMPLE_ROWS: Final = 50_000
MOST_WORDS: Final = 5_000
# Forms of dates: ISO, the first of a month, with a time, with an offset, of UTC, with midnight as the time.
_FORMS: Final = {
    "iso": r"^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}.*|( ?(Z|UTC|[+-]\d{2}:?\d{2}))?)$",
    "firsts": r"^\d{4}-\d{1,2}-0?1([T ].*)?$",
    "timed": r"\d:\d{2}|\d ?[AaPp]\.?[Mm]\.?$|^\d{8}T\d{4}",
    "offset": r"(Z|UTC|GMT|[+-]\d{2}:?\d{2})$",
    "utc": UTC_END,
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

    "filled"; "iso", "firsts", "timed", "midnight" (`_FORMS`), "local" (times without an offset), "wall" (those that are
    not of UTC); "serial", "seconds", "milliseconds" (`COUNTED`); "bare_short", "bare_long": bare numbers of a column of
    times, of one or two digits and of more; "day", "month", "either": dates that can only be day first, only month
    first, and either. `months`: the
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
        What may separate the orders of day and month, of columns that write both.
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
        """Go over the whole file once more where columns of dates write both orders (`mixed`)."""
        self.order_evidence = tuple(OrderEvidence(self.layout, self.labels, role) for role in self.mixed)
        for block in blocks:
            for evidence in self.order_evidence if block.table.num_rows else ():
                evidence.add(block)

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
    masks |= {"local": masks["timed"] & ~masks.pop("offset"), "wall": masks["timed"] & ~masks.pop("utc")}
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
        parts = [piece for part in parts for piece in split_at(part, separator)]
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
