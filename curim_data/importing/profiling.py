"""Profiling: one pass over the whole file before any row is parsed; counts, and a sample of bounded size.

Nothing depends on the order in which blocks come, nor on where one block ends and the next begins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.containers.types import ArrowText
from curim_data.formats.base import Layout, is_name
from curim_data.importing._text_columns import filled, matches
from curim_data.importing.date_orders import OrderEvidence, gather
from curim_data.importing.date_parsing import all_iso_with_offset, local_timestamps, numeric_pairs
from curim_data.importing.number_parsing import NumberShapes, count_number_shapes
from curim_data.importing.roles import CATEGORY_ROLES, DATE_ROLES, PLACE_ROLES, UNIT, RoleColumns
from curim_data.model import Block, IntArray
from curim_data.model.questions import DAY_FIRST, MONTH_FIRST

SAMPLE_ROWS: Final = 50_000
MOST_WORDS: Final = 5_000
WORD_ROLES: Final = ("category", "kind", "status", "reporter_gender", "affected_gender", "age_band")
_ISO: Final = r"^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}.*|( ?(Z|[+-]\d{2}:?\d{2}))?)$"
_FIRST_OF_MONTH: Final = r"^\d{4}-\d{1,2}-0?1([T ].*)?$"
_MIDNIGHT: Final = r"[T, -] ?(0{1,2}:00(:00([.]0+)?)?( ?(Z|[+-]\d{2}:?\d{2}))?|12:00(:00)? ?[Aa]\.?[Mm]\.?)$"
_OFFSET: Final = r"(Z|[+-]\d{2}:?\d{2})$"
_TIMED: Final = r"\d:\d{2}|\d ?[AaPp]\.?[Mm]\.?$|^\d{8}T\d{4}"

# Stand for a bar and a backslash of a name while a cell is split; from the private use area of Unicode.
_BAR, _BACKSLASH = "\ue000", "\ue001"
# One order of day and month may contradict the other in so many of the conclusive values: those are mistakes of single
# rows. More of them come from another source, whose ambiguous dates would be misread in silence.
MISTAKES: Final = 2
MISTAKEN_SHARE: Final = 0.05
RARE: Final = 0.002


@dataclass(frozen=True)
class DateOrderCounts:
    """How many dates of a column can only be day first, only month first, and either."""

    day_first: int = 0
    month_first: int = 0
    either: int = 0

    def __add__(self, other: DateOrderCounts) -> DateOrderCounts:
        return DateOrderCounts(
            self.day_first + other.day_first, self.month_first + other.month_first, self.either + other.either
        )

    @property
    def conclusive(self) -> int:
        """How many values have but one order."""
        return self.day_first + self.month_first

    @property
    def verdict(self) -> str | None:
        """The order; None where no value is conclusive or the values contradict each other."""
        if self.day_first and self._mistakes(self.month_first):
            return DAY_FIRST
        if self.month_first and self._mistakes(self.day_first):
            return MONTH_FIRST
        return None

    def _mistakes(self, n: int) -> bool:
        return n <= RARE * self.conclusive or (n <= MISTAKES and n <= MISTAKEN_SHARE * self.conclusive)

    @property
    def contradicts_itself(self) -> bool:
        """Whether dates of both orders occur, each beyond mistakes."""
        return bool(self.conclusive) and self.verdict is None

    @property
    def needed(self) -> bool:
        """Whether any value needs the order to be read."""
        return bool(self.conclusive + self.either)


@dataclass(frozen=True)
class DateRun:
    """The numeric dates of one block, read in one order: whether they rise or fall, the first and the last."""

    row: int
    count: int
    first: int
    last: int
    rising: bool
    falling: bool


@dataclass
class DateColumnProfile:
    """Counts of the filled values of a date column by form, and the evidence for the order of day and month.

    `local` (times without an offset) is counted until one is found.
    """

    filled: int = 0
    iso: int = 0
    timed: int = 0
    local: int = 0
    midnight: int = 0
    serial: int = 0
    seconds: int = 0
    milliseconds: int = 0
    bare_short: int = 0
    bare_long: int = 0
    order: DateOrderCounts = field(default_factory=DateOrderCounts)
    runs: dict[str, list[DateRun]] = field(default_factory=lambda: {"day-first": [], "month-first": []})
    days: dict[str, Counter[int]] = field(default_factory=lambda: {"day-first": Counter(), "month-first": Counter()})
    firsts: int = 0
    months: set[str] = field(default_factory=set)


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
    dates : dict of DateColumnProfile
        By role.
    number_shapes : dict of NumberShapes
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
        self.dates = {role: DateColumnProfile() for role in DATE_ROLES if role in layout.roles}
        self.number_shapes = {role: NumberShapes() for role in PLACE_ROLES if role in layout.roles and role != "point"}
        self.values: dict[str, Counter[str]] = {role: Counter() for role in WORD_ROLES if role in layout.roles}
        self.rows = 0
        self.order_evidence: tuple[OrderEvidence, ...] = ()
        self._sample: pa.Table | None = None
        self._sampled_hashes: npt.NDArray[np.uint64] = np.empty(0, np.uint64)
        self._sampled_rows: IntArray = np.empty(0, np.int64)
        self._hash_limit = np.uint64(2**64 - 1)

    def add(self, block: Block) -> None:
        """Add a block."""
        if not block.table.num_rows:
            return
        columns = RoleColumns(block.table, self.layout, self.labels)
        self.rows += block.table.num_rows
        for role, column_profile in self.dates.items():
            self._count_bare_times(role, columns, column_profile)
            _profile_dates(columns[role], block.rows, column_profile)
        for role in self.number_shapes:
            self.number_shapes[role] += count_number_shapes(columns[role])
        for role, counter in self.values.items():
            _count_words(columns[role], self._separators(role), counter, self.layout.longest)
        self._sample_rows(block)

    @property
    def sample(self) -> tuple[pa.Table, IntArray]:
        """At most 50,000 rows in the order of the file, the same whatever the blocks, and their row numbers."""
        if self._sample is None:
            empty = pa.table({str(at): pa.array([], pa.large_string()) for at in range(len(self.labels))})
            return empty, self._sampled_rows
        order = np.argsort(self._sampled_rows, kind="stable")
        return self._sample.take(pa.array(order)), self._sampled_rows[order]

    def gather_order_evidence(self, blocks: Iterable[Block]) -> None:
        """Go over the file once more, where a column of dates writes both orders of day and month."""
        mixed = [role for role, seen in self.dates.items() if seen.order.contradicts_itself]
        if mixed:
            self.order_evidence = gather(self.layout, self.labels, mixed, blocks)

    @property
    def mixed(self) -> bool:
        """Whether a column of dates writes both orders of day and month."""
        return any(seen.order.contradicts_itself for seen in self.dates.values())

    def _separators(self, role: str) -> tuple[str, ...]:
        return (UNIT, *self.layout.separators) if role in CATEGORY_ROLES else ()

    def _count_bare_times(self, role: str, columns: RoleColumns, column_profile: DateColumnProfile) -> None:
        """Count the bare numbers of a column of times: of one or two digits, and longer ones."""
        for part in self.layout.roles[role]:
            if part.part == "time":
                raw = columns.raw(part.place)
                column_profile.bare_short += int(matches(raw, r"^\d{1,2}(\.0+)?$").sum())
                column_profile.bare_long += int(matches(raw, r"^\d{3,}(\.0+)?$").sum())

    def _sample_rows(self, block: Block) -> None:
        """Keep the rows whose number has one of the smallest hashes: a sample that does not depend on the blocks."""
        hashes = _hashes(block.rows)
        where = np.flatnonzero(hashes <= self._hash_limit)
        if not len(where):
            return
        if len(where) > SAMPLE_ROWS:
            where = where[np.sort(np.argpartition(hashes[where], SAMPLE_ROWS)[:SAMPLE_ROWS])]
        places, some = set(self.layout.places), pa.array(where)
        blank = pa.repeat(pa.scalar("", pa.large_string()), len(where))
        columns = [column.take(some) if at in places else blank for at, column in enumerate(block.table.columns)]
        kept = pa.table(columns, names=block.table.column_names)
        self._sample = kept if self._sample is None else pa.concat_tables([self._sample, kept])
        self._sampled_hashes = np.concatenate([self._sampled_hashes, hashes[where]])
        self._sampled_rows = np.concatenate([self._sampled_rows, block.rows[where]])
        if len(self._sampled_hashes) > 2 * SAMPLE_ROWS:
            self._trim()
        elif len(self._sampled_hashes) >= SAMPLE_ROWS:
            self._hash_limit = np.partition(self._sampled_hashes, SAMPLE_ROWS - 1)[SAMPLE_ROWS - 1]

    def _trim(self) -> None:
        best = np.sort(np.argpartition(self._sampled_hashes, SAMPLE_ROWS)[:SAMPLE_ROWS])
        assert self._sample is not None
        self._sample = self._sample.take(pa.array(best)).combine_chunks()
        self._sampled_hashes, self._sampled_rows = self._sampled_hashes[best], self._sampled_rows[best]
        self._hash_limit = self._sampled_hashes.max()

    def finish(self) -> None:
        """Cut the sample to its size; called by `decide`."""
        if len(self._sampled_hashes) > SAMPLE_ROWS:
            self._trim()


def _hashes(rows: IntArray) -> npt.NDArray[np.uint64]:
    """Hash row numbers (the finaliser of SplitMix64, Steele, Lea and Flood 2014)."""
    with np.errstate(over="ignore"):
        mixed = rows.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(mixed ^ (mixed >> np.uint64(31)), np.uint64)


def _profile_dates(column: ArrowText, rows: IntArray, column_profile: DateColumnProfile) -> None:
    """Count the forms in which the dates of a block are written."""
    given = filled(column)
    column, rows = column.filter(pa.array(given)), rows[given]
    if not len(column):
        return
    column_profile.filled += len(column)
    if column_profile.firsts == column_profile.filled - len(column):
        firsts = matches(column, _FIRST_OF_MONTH)
        column_profile.firsts += int(firsts.sum())
        column_profile.months.update(
            pc.unique(pc.utf8_slice_codeunits(column.filter(pa.array(firsts)), 0, 7)).to_pylist()
        )
    strict = all_iso_with_offset(column)
    timed = np.ones(len(column), bool) if strict else matches(column, _TIMED)
    column_profile.timed += int(timed.sum())
    if not column_profile.local and not strict:
        column_profile.local += int((timed & ~matches(column, _OFFSET)).sum())
    if column_profile.midnight == column_profile.timed - int(timed.sum()):
        column_profile.midnight += int(matches(column, _MIDNIGHT).sum())
    iso = timed if strict else matches(column, _ISO)
    column_profile.iso += int(iso.sum())
    if iso.all():
        return
    rest, rows = column.filter(pa.array(~iso)), rows[~iso]
    digits = pc.if_else(pc.match_substring_regex(rest, r"^\d{5,13}(\.\d+)?$"), rest, None)
    values = pc.fill_null(pc.cast(digits, pa.float64()), -1).to_numpy(False)
    column_profile.serial += int(((values >= 20_000) & (values <= 60_000)).sum())
    column_profile.seconds += int(((values >= 1e9) & (values < 1e10)).sum())
    column_profile.milliseconds += int(((values >= 1e12) & (values < 1e13)).sum())
    _profile_date_order(rest, rows, column_profile)


def _profile_date_order(column: ArrowText, rows: IntArray, column_profile: DateColumnProfile) -> None:
    one, two, parts = numeric_pairs(column)
    known = (one > 0) & (two > 0)
    if not known.any():
        return
    column_profile.order += DateOrderCounts(
        int((known & (one > 12) & (two <= 12)).sum()),
        int((known & (two > 12) & (one <= 12)).sum()),
        int((known & (one <= 12) & (two <= 12)).sum()),
    )
    if column_profile.order.conclusive:
        return  # the rest is needed only where no value is conclusive
    for name, (day, month) in {"day-first": (one, two), "month-first": (two, one)}.items():
        stamps = local_timestamps({**parts, "day": day, "month": month})
        good = known & ~np.isnat(stamps)
        values = stamps[good].astype("datetime64[us]").astype(np.int64)
        if not len(values):
            continue
        steps = np.diff(values)
        number = int(rows[good][0])
        column_profile.runs[name].append(
            DateRun(
                number, len(values), int(values[0]), int(values[-1]), bool((steps >= 0).all()), bool((steps <= 0).all())
            )
        )
        unique, counts = np.unique(values // 86_400_000_000, return_counts=True)
        column_profile.days[name].update(dict(zip(unique.tolist(), counts.tolist(), strict=True)))


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
    held = text.replace("\\\\", _BACKSLASH).replace("\\|", _BAR)
    parts = split_cell(held, ("|", *separators))
    return [part.replace(_BAR, "|").replace(_BACKSLASH, "\\") for part in parts]


def sorted_runs(runs: Sequence[DateRun]) -> bool:
    """Whether the dates of a column rise, or fall, over the whole file."""
    ordered = sorted(runs, key=lambda run: run.row)
    rising = all(run.rising for run in ordered) and all(one.last <= two.first for one, two in pairwise(ordered))
    falling = all(run.falling for run in ordered) and all(one.last >= two.first for one, two in pairwise(ordered))
    return rising or falling
