"""What the whole of a file says before it is read for good: counts, and a sample that does not grow with the file.

Nothing depends on the order in which blocks come, nor on where one block ends and the next begins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.formats.base import Layout, is_name
from curim_data.importing.dates import all_strict, matches, numeric_pairs, stamps_of
from curim_data.importing.numbers import Shapes, shapes
from curim_data.importing.parsing import Order, filled
from curim_data.importing.roles import CATEGORY_ROLES, DATE_ROLES, PLACE_ROLES, UNIT, Columns
from curim_data.model.records import Block

if TYPE_CHECKING:
    from curim_data.importing.decisions import Decisions

SAMPLE_ROWS: Final = 50_000
MOST_WORDS: Final = 5_000
WORD_ROLES: Final = ("category", "kind", "status", "reporter_gender", "affected_gender", "age_band")
_ISO: Final = r"^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}.*|( ?(Z|[+-]\d{2}:?\d{2}))?)$"
_FIRST_OF_MONTH: Final = r"^\d{4}-\d{1,2}-0?1([T ].*)?$"
_MIDNIGHT: Final = r"[T, -] ?(0{1,2}:00(:00([.]0+)?)?( ?(Z|[+-]\d{2}:?\d{2}))?|12:00(:00)? ?[Aa]\.?[Mm]\.?)$"
_OFFSET: Final = r"(Z|[+-]\d{2}:?\d{2})$"
_TIMED: Final = r"\d:\d{2}|\d ?[AaPp]\.?[Mm]\.?$|^\d{8}T\d{4}"

# Stand for a bar and a backslash of a name while a cell is parted; of the area that Unicode leaves to private use.
_BAR, _BACKSLASH = "\ue000", "\ue001"

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Run:
    """How the numeric dates of one block go, read one way: whether they rise or fall, and between which moments."""

    row: int
    count: int
    first: int
    last: int
    rising: bool
    falling: bool


@dataclass
class DateFacts:
    """What a column of dates shows: counts of filled values by form, and what they say of day and month.

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
    order: Order = field(default_factory=Order)
    runs: dict[str, list[Run]] = field(default_factory=lambda: {"day-first": [], "month-first": []})
    days: dict[str, Counter[int]] = field(default_factory=lambda: {"day-first": Counter(), "month-first": Counter()})
    firsts: int = 0
    months: set[str] = field(default_factory=set)


class Survey:
    """Sees every block of a file once.

    Parameters
    ----------
    layout : Layout
        Which columns give what.
    labels : sequence of str
        The header.
    """

    def __init__(self, layout: Layout, labels: Sequence[str]) -> None:
        self.layout, self.labels = layout, tuple(labels)
        self.dates = {role: DateFacts() for role in DATE_ROLES if role in layout.roles}
        self.shapes = {role: Shapes() for role in PLACE_ROLES if role in layout.roles and role != "point"}
        self.values: dict[str, Counter[str]] = {role: Counter() for role in WORD_ROLES if role in layout.roles}
        self.rows = 0
        self._sample: pa.Table | None = None
        self._marks: npt.NDArray[np.uint64] = np.empty(0, np.uint64)
        self._numbers: IntArray = np.empty(0, np.int64)
        self._limit = np.uint64(2**64 - 1)

    def add(self, block: Block) -> None:
        """Take a block."""
        if not block.table.num_rows:
            return
        columns = Columns(block.table, self.layout, self.labels)
        self.rows += block.table.num_rows
        for role, facts in self.dates.items():
            self._clocks(role, columns, facts)
            _look(columns[role], block.rows, facts)
        for role in self.shapes:
            self.shapes[role] += shapes(columns[role])
        for role, counter in self.values.items():
            _count(columns[role], self._separators(role), counter, self.layout.longest)
        self._keep(block)

    @property
    def sample(self) -> tuple[pa.Table, IntArray]:
        """At most 50,000 rows, the same whatever the blocks, in the order of the file, and their numbers."""
        if self._sample is None:
            empty = pa.table({str(at): pa.array([], pa.large_string()) for at in range(len(self.labels))})
            return empty, self._numbers
        order = np.argsort(self._numbers, kind="stable")
        return self._sample.take(pa.array(order)), self._numbers[order]

    def points(self, decisions: Decisions) -> npt.NDArray[np.float64]:
        """Longitudes and latitudes (two columns, WGS84 degrees) of the sample's rows that have both."""
        from curim_data.importing.coordinates import read_places

        table, _ = self.sample
        read = read_places(Columns(table, self.layout, self.labels), decisions.places)
        sides = (read.latitude, read.longitude)
        exchange = decisions.places.swapped and decisions.places.crs is None
        points = np.column_stack(sides if exchange else sides[::-1])
        points = points[np.isfinite(points).all(axis=1)]
        real = (np.abs(points[:, 0]) <= 180) & (np.abs(points[:, 1]) <= 90) & (points != 0).any(axis=1)
        return np.asarray(points[real], np.float64)

    def _separators(self, role: str) -> tuple[str, ...]:
        return (UNIT, *self.layout.separators) if role in CATEGORY_ROLES else ()

    def _clocks(self, role: str, columns: Columns, facts: DateFacts) -> None:
        """Count the bare numbers of a column of times: of one or two digits, and longer ones."""
        for part in self.layout.roles[role]:
            if part.part == "time":
                raw = columns.raw(part.place)
                facts.bare_short += int(matches(raw, r"^\d{1,2}(\.0+)?$").sum())
                facts.bare_long += int(matches(raw, r"^\d{3,}(\.0+)?$").sum())

    def _keep(self, block: Block) -> None:
        """Keep the rows whose number has one of the smallest hashes."""
        marks = _hashes(block.rows)
        where = np.flatnonzero(marks <= self._limit)
        if not len(where):
            return
        some = block.table.take(pa.array(where))
        places = set(self.layout.places)
        blank = pa.repeat(pa.scalar("", pa.large_string()), len(where))
        kept = pa.table(
            [some.column(at) if at in places else blank for at in range(some.num_columns)], names=some.column_names
        )
        self._sample = kept if self._sample is None else pa.concat_tables([self._sample, kept])
        self._marks = np.concatenate([self._marks, marks[where]])
        self._numbers = np.concatenate([self._numbers, block.rows[where]])
        if len(self._marks) > 2 * SAMPLE_ROWS:
            self._trim()

    def _trim(self) -> None:
        best = np.sort(np.argpartition(self._marks, SAMPLE_ROWS)[:SAMPLE_ROWS])
        assert self._sample is not None
        self._sample = self._sample.take(pa.array(best)).combine_chunks()
        self._marks, self._numbers = self._marks[best], self._numbers[best]
        self._limit = self._marks.max()

    def finish(self) -> None:
        """Cut the sample to its size; called by `decide`."""
        if len(self._marks) > SAMPLE_ROWS:
            self._trim()


def _hashes(rows: IntArray) -> npt.NDArray[np.uint64]:
    """Well mixed numbers of row numbers (the finaliser of SplitMix64, Steele, Lea and Flood 2014)."""
    with np.errstate(over="ignore"):
        mixed = rows.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(mixed ^ (mixed >> np.uint64(31)), np.uint64)


def _look(column: Any, rows: IntArray, facts: DateFacts) -> None:
    """Count what the dates of a block look like."""
    given = filled(column)
    column, rows = column.filter(pa.array(given)), rows[given]
    if not len(column):
        return
    facts.filled += len(column)
    if facts.firsts == facts.filled - len(column):
        firsts = matches(column, _FIRST_OF_MONTH)
        facts.firsts += int(firsts.sum())
        facts.months.update(pc.unique(pc.utf8_slice_codeunits(column.filter(pa.array(firsts)), 0, 7)).to_pylist())
    strict = all_strict(column)
    timed = np.ones(len(column), bool) if strict else matches(column, _TIMED)
    facts.timed += int(timed.sum())
    if not facts.local and not strict:
        facts.local += int((timed & ~matches(column, _OFFSET)).sum())
    if facts.midnight == facts.timed - int(timed.sum()):
        facts.midnight += int(matches(column, _MIDNIGHT).sum())
    iso = timed if strict else matches(column, _ISO)
    facts.iso += int(iso.sum())
    if iso.all():
        return
    rest, rows = column.filter(pa.array(~iso)), rows[~iso]
    digits = pc.if_else(pc.match_substring_regex(rest, r"^\d{5,13}(\.\d+)?$"), rest, None)
    values = pc.fill_null(pc.cast(digits, pa.float64()), -1).to_numpy(False)
    facts.serial += int(((values >= 20_000) & (values <= 60_000)).sum())
    facts.seconds += int(((values >= 1e9) & (values < 1e10)).sum())
    facts.milliseconds += int(((values >= 1e12) & (values < 1e13)).sum())
    _look_at_order(rest, rows, facts)


def _look_at_order(column: Any, rows: IntArray, facts: DateFacts) -> None:
    one, two, parts = numeric_pairs(column)
    known = (one > 0) & (two > 0)
    if not known.any():
        return
    facts.order += Order(
        int((known & (one > 12) & (two <= 12)).sum()),
        int((known & (two > 12) & (one <= 12)).sum()),
        int((known & (one <= 12) & (two <= 12)).sum()),
    )
    if facts.order.day_first + facts.order.month_first:
        return  # what follows is asked only where no value tells
    for name, (day, month) in {"day-first": (one, two), "month-first": (two, one)}.items():
        stamps = stamps_of({**parts, "day": day, "month": month})
        good = known & ~np.isnat(stamps)
        values = stamps[good].astype("datetime64[us]").astype(np.int64)
        if not len(values):
            continue
        steps = np.diff(values)
        number = int(rows[good][0])
        facts.runs[name].append(
            Run(
                number, len(values), int(values[0]), int(values[-1]), bool((steps >= 0).all()), bool((steps <= 0).all())
            )
        )
        unique, counts = np.unique(values // 86_400_000_000, return_counts=True)
        facts.days[name].update(dict(zip(unique.tolist(), counts.tolist(), strict=True)))


def _count(column: Any, separators: tuple[str, ...], counter: Counter[str], longest: int) -> None:
    """Add the words of a block, several in one cell parted; what cannot be a name is not kept."""
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
    """The filled parts of a cell; a separator at its end may have lost the blank that it ends with."""
    parts = [f"{text} "]
    for separator in separators:
        parts = [piece for part in parts for piece in part.split(separator)]
    return [part.strip() for part in parts if part.strip()]


def split_bars(text: str, separators: Sequence[str]) -> list[str]:
    r"""The parts of a cell whose names are joined by bars; `\|` and `\\` are a bar and a backslash of a name."""
    held = text.replace("\\\\", _BACKSLASH).replace("\\|", _BAR)
    parts = split_cell(held, ("|", *separators))
    return [part.replace(_BAR, "|").replace(_BACKSLASH, "\\") for part in parts]


def sorted_runs(runs: Sequence[Run]) -> bool:
    """Whether the dates of a column rise, or fall, over the whole file."""
    ordered = sorted(runs, key=lambda run: run.row)
    rising = all(run.rising for run in ordered) and all(one.last <= two.first for one, two in pairwise(ordered))
    falling = all(run.falling for run in ordered) and all(one.last >= two.first for one, two in pairwise(ordered))
    return rising or falling
