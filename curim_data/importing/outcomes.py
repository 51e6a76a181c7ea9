"""What becomes of the rows of a file: reasons, repairs and flags of each, the quarantine, running totals.

Counts are exact for every file. Lists of single rows are bounded, so that they do not grow with the file. A text that
may reveal a person is not kept in quarantine: not the columns without a role, and no value too long for its column. In
a row with too many or too few fields it is unknown which piece is which: of such a row only the id is kept, where it
comes first. The whole row is in the file that was imported, under its row number. Of a row of an erased alert nothing
but that number is kept.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curim_data.containers.base import ArrowText
from curim_data.formats.base import MOST_CHARACTERS, Guess, Layout, Part, fold, is_name
from curim_data.importing.coordinates import near_city
from curim_data.importing.mapping import ColumnMapping
from curim_data.importing.roles import CATEGORY_ROLES
from curim_data.lexicon import SCALES, scale_step
from curim_data.lexicon.times import is_misspelt_month, month_numbers
from curim_data.model import Block, BoolArray, CityProfile, FloatArray, IntArray, Kind, Reason
from curim_data.model.reasons import Flag, Repair
from curim_data.model.records import RejectedRecord


@dataclass(frozen=True)
class Repaired:
    """Rows in which values of a column were changed by a rule; `old` and `new`: of all rows, or one value for all."""

    rule: Repair
    column: str
    mask: BoolArray
    old: ArrowText | str
    new: FloatArray | npt.NDArray[np.object_] | str

    def values(self, at: int) -> tuple[str, str]:
        """The old and the new value of a row; the old one is "" where it was written freely and may name a person."""
        old = self.old if isinstance(self.old, str) else str(self.old[at].as_py())
        new = self.new if isinstance(self.new, str) else self.new[at]
        return old if self.rule not in _FREE_TEXT_RULES or free_of_personal_data(old) else "", str(new)


@dataclass
class RowOutcomes:
    """What became of each row of a table of `size` rows.

    `reason` (code, "" where the row is valid), `column` and `value` say why a row is quarantined; `bits` are sums of
    flag bits (`flag_bit`); `unknown`: values that were not recognised and can be names, with counts, by column.
    """

    size: int
    reason: npt.NDArray[np.object_] = field(init=False)
    column: npt.NDArray[np.object_] = field(init=False)
    value: npt.NDArray[np.object_] = field(init=False)
    repairs: list[Repaired] = field(default_factory=list)
    unknown: dict[str, Counter[str]] = field(default_factory=dict)
    bits: IntArray = field(init=False)

    def __post_init__(self) -> None:
        self.bits = np.zeros(self.size, np.int64)
        self.reason, self.column, self.value = (np.full(self.size, "", object) for _ in range(3))

    @property
    def valid(self) -> BoolArray:
        """Which rows have no reason to be quarantined."""
        return np.asarray(self.reason == "", bool)

    def quarantine(self, mask: BoolArray, reason: Reason, column: str, texts: ArrowText) -> None:
        """Give rows a reason to be quarantined, unless they have one."""
        where = np.flatnonzero(mask)
        where = where[self.reason[where] == ""]
        if len(where):
            self.reason[where], self.column[where] = reason.value, column
            self.value[where] = texts.take(pa.array(where)).to_pylist()

    def repair(
        self,
        mask: BoolArray,
        rule: Repair,
        column: str,
        old: ArrowText | str,
        new: FloatArray | npt.NDArray[np.object_] | str,
    ) -> None:
        """Record that values were changed; old and new are arrays over all rows, or one value for all."""
        if mask.any():
            self.repairs.append(Repaired(rule, column, mask, old, new))
            self.flag(mask, Flag.REPAIRED)

    def flag(self, mask: BoolArray, flag: Flag) -> None:
        """Flag rows."""
        self.bits[mask] |= flag_bit(flag)

    def note_unknown(self, label: str, values: Sequence[str], codes: IntArray, longest: int = MOST_CHARACTERS) -> None:
        """Count the values of a column that were not recognised, by their codes; "" stands for those that were."""
        times = np.bincount(codes, minlength=len(values)).tolist()
        for value, n in zip(values, times, strict=True):
            if value and n and is_name(value, longest):
                self.unknown.setdefault(label, Counter())[value] += n


def flag_lists(codes: IntArray) -> pa.Array:
    """Turn sums of bits (bit n for the n-th `Flag`) into lists of flag names, via the few sums that occur."""
    unique, back = np.unique(codes, return_inverse=True)
    lists = [[flag.value for at, flag in enumerate(Flag) if bits >> at & 1] for bits in unique.tolist()]
    return pa.array(lists, pa.list_(pa.string())).take(pa.array(back))


def flag_bit(flag: Flag) -> int:
    """Return the bit of a flag."""
    return 1 << list(Flag).index(flag)


WORD_ROLES: Final = frozenset({"kind", "reporter_gender", "affected_gender", "age_band", "status"})
_ID: Final = re.compile(r"(?=[^\d]*\d)[\w.:/#-]{1,60}")
# Words of four letters and more that occur in dates and coordinates, besides the names of months.
_PLAIN_WORDS: Final = frozenset({"point", "srid", "null", "none"})
_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_PHONE: Final = re.compile(
    r"(?:\+|\b00)\d[\d ()\-]{7,}|(?<![\d.,])(?:\(?\d{3}\)?[ .\-]\d{3}[ .\-]\d{4}|69\d{8})(?![\d.,])"
)
_NINE_DIGITS: Final = re.compile(r"\d{9}")
ID_COLUMN: Final = b"curim.alert_id"  # metadata of the file: which column holds the ids
SETTLED: Final = b"curim.settled"  # and how the file was read, as a column mapping: mended rows are read alike
FORMAT_NAME: Final = b"curim.format"  # of that file: the source of its alerts
_OWN: Final = ("row", "column", "value", "reason")


class Quarantine:
    """Collects the quarantined rows of one file; `path` exists once there is one.

    `keep`: rows that `first` holds. `settled`: how the file was read. `numbers_only`: keep only the number of a row
    whose fields do not fit the columns, since it may be one that was erased.
    """

    def __init__(
        self,
        path: Path,
        labels: Sequence[str],
        layout: Layout,
        keep: int,
        *,
        settled: ColumnMapping | None = None,
        numbers_only: bool = False,
    ) -> None:
        self.path, self.reasons = path, Counter[str]()
        self._layout, self._keep, self._numbers_only = layout, keep, numbers_only
        self._settled = settled
        self._names = _unique({place: labels[place] for place in layout.places})
        self._width = len(labels)
        self._writer: pq.ParquetWriter | None = None
        self._first: list[pa.Table] = []
        self._kept = 0

    @property
    def count(self) -> int:
        """Number of rows quarantined so far."""
        return self.reasons.total()

    def add(self, block: Block, outcomes: RowOutcomes) -> None:
        """Add the invalid rows of a block."""
        table = self._table(block, outcomes)
        self.reasons.update(table["reason"].to_pylist())
        if table.num_rows:
            if self._writer is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._writer = pq.ParquetWriter(self.path, table.schema, compression="zstd")
            self._writer.write_table(table)
            if self._kept < self._keep:
                self._first.append(table.slice(0, self._keep - self._kept))
                self._kept += self._first[-1].num_rows

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()

    def first(self) -> pd.DataFrame:
        """Return the first quarantined rows, in the order of the file."""
        empty = pd.DataFrame({name: pd.Series(dtype=object) for name in (*_OWN, *self._names.values())})
        return pa.concat_tables(self._first).to_pandas() if self._first else empty

    def _table(self, block: Block, outcomes: RowOutcomes) -> pa.Table:
        layout, names = self._layout, self._names
        redact = {part.place: redaction(role, layout) for role, parts in layout.roles.items() for part in parts}
        at_label = {role: layout.place(role) for role in layout.roles} | {label: at for at, label in names.items()}
        where = np.flatnonzero(outcomes.reason != "")
        raw = block.table.take(pa.array(where))
        erased = outcomes.reason[where] == Reason.ERASED.value
        columns = np.where(erased, "", outcomes.column[where])
        values = [
            redact[at_label[column]](str(value)) if column in at_label else ""
            for value, column in zip(outcomes.value[where], columns, strict=True)
        ]
        rows = {"row": block.numbers[where], "column": columns, "value": values, "reason": outcomes.reason[where]}
        texts = {
            name: np.where(erased, "", np.array([*map(redact[at], raw.column(at).to_pylist())], object))
            for at, name in names.items()
        }
        blank = dict.fromkeys((*rows, *texts), "")
        misfits = [blank | self._misfit(record, redact) for record in block.refused]
        frame = pd.concat([pd.DataFrame({**rows, **texts}), pd.DataFrame(misfits, columns=[*blank], dtype=object)])
        frame = frame.sort_values("row", kind="stable")
        types = pa.schema([(name, pa.int64() if name == "row" else pa.string()) for name in blank])
        table = pa.Table.from_pandas(frame, types, preserve_index=False)
        place = layout.place("alert_id") if "alert_id" in layout.roles else None
        named = {ID_COLUMN: names[place].encode()} if place is not None else {}
        if self._settled is not None:
            named[SETTLED] = self._settled.to_toml().encode()
            named[FORMAT_NAME] = self._layout.format.encode()
        return table.replace_schema_metadata(named or None)

    def _misfit(self, record: RejectedRecord, redact: dict[int, Callable[[str], str]]) -> dict[str, Any]:
        line: dict[str, Any] = {"row": record.number, "reason": record.reason.value}
        if self._numbers_only:
            return line
        if len(record.fields) == self._width and record.reason is Reason.BAD_ENCODING:
            line |= {name: redact[at](record.fields[at]) for at, name in self._names.items()}
        elif self._layout.roles.get("alert_id") == (Part(0),) and record.fields and _is_id(record.fields[0]):
            line[self._names[0]] = record.fields[0]
        return line


def settled_for(folder: Path, labels: Sequence[str]) -> ColumnMapping | None:
    """How the file was read of which rows with these columns were quarantined; None without any.

    `labels`: of the columns after our own. A mapping without roles holds the answers alone: of a known format. Of
    several files with these columns it is that of the last one; None where they were not all read alike, since a row
    does not say of which it is.
    """
    found: ColumnMapping | None = None
    for path in sorted(folder.glob("*.parquet"), reverse=True):
        schema = pq.read_schema(path)
        metadata = schema.metadata or {}
        text = metadata.get(SETTLED)
        if text is None or schema.names[len(_OWN) :] != list(labels):
            continue
        mapping = ColumnMapping.from_toml(text.decode())
        mapping = replace(mapping, format=metadata.get(FORMAT_NAME, mapping.format.encode()).decode())
        if found is None:
            found = mapping
        elif _reading(mapping) != _reading(found):
            return None
    return found


def _reading(mapping: ColumnMapping) -> ColumnMapping:
    """What of a mapping says how rows are read."""
    return replace(mapping, name="", answers=replace(mapping.answers, sheet=None, ids=None, elsewhere=False, area=None))


def _unique(names: dict[int, str]) -> dict[int, str]:
    """Make the names of columns unique, and different from those of our own columns."""
    taken = set(_OWN)
    unique: dict[int, str] = {}
    for place, name in names.items():
        fresh = name or f"column {place + 1}"
        ordinal = 2
        while fresh in taken:
            fresh, ordinal = f"{name or 'column'} ({ordinal})", ordinal + 1
        taken.add(fresh)
        unique[place] = fresh
    return unique


def redaction(role: str, layout: Layout) -> Callable[[str], str]:
    """Return how a value of a role is redacted: what is too long for its column or may name a person is dropped."""
    if role in CATEGORY_ROLES:
        separators = tuple(layout.separators) if role == "category" else ("|", *layout.separators)
        return lambda text: _names(text, separators, layout.longest)
    if role in WORD_ROLES:
        return lambda text: text if is_name(text) else ""
    if role == "alert_id":
        return lambda text: text if len(text) <= MOST_CHARACTERS and "@" not in text else ""
    if role in SCALES:
        return lambda text: text if scale_step(role, text) or free_of_personal_data(text) else ""
    return lambda text: text if len(text) <= MOST_CHARACTERS and free_of_personal_data(text) else ""


def _names(text: str, separators: Sequence[str], longest: int) -> str:
    """Drop from a cell of categories the pieces that cannot be names."""
    pieces = re.split(f"({'|'.join(map(re.escape, separators))})", text) if separators else [text]
    return (
        text
        if all(is_name(piece, longest) for piece in pieces[::2])
        else "".join(piece if at % 2 or is_name(piece, longest) else "" for at, piece in enumerate(pieces))
    )


def free_of_personal_data(text: str) -> bool:
    """Whether a text in a column of dates or numbers holds no e-mail address, no telephone number and nothing like a
    name: a capitalised word, or two words, that are not of a date. The misspelt name of a month is of one, so that it
    can be mended."""
    if "@" in text or _PHONE.search(text):
        return False
    words = [
        word
        for word in _WORD.findall(text)
        if not (fold(word) in _PLAIN_WORDS or fold(word) in month_numbers() or is_misspelt_month(word))
    ]
    return len(words) < 2 and all(word.islower() for word in words)


def _is_id(text: str) -> bool:
    """Whether the first field of a broken row is an id, not a piece of a text or a telephone number."""
    return bool(_ID.fullmatch(text.strip())) and not _NINE_DIGITS.search(text)


LISTED_ROWS: Final = 100_000
ELSEWHERE: Final = 0.2
LEAST_ELSEWHERE: Final = 5
LISTED_WORDS: Final = 2_000
EXAMPLES: Final = 3
# Rules whose old value may be anything that somebody wrote.
_FREE_TEXT_RULES: Final = frozenset({Repair.SCALE, Repair.END, Repair.CONFIRMATIONS})


@dataclass
class Tally:
    """Totals over the blocks of a file.

    `repairs`: values that were changed, by rule and column; `first_repairs`: old and new of the first of them;
    `no_kind`: how many alerts of no known kind each category has.
    """

    read: int = 0
    repairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    first_repairs: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    unknown: dict[str, Counter[str]] = field(default_factory=dict)
    flags: Counter[str] = field(default_factory=Counter)
    several: int = 0
    mapped: int = 0
    outside: int = 0
    far: int = 0
    first: dt.date | None = None
    last: dt.date | None = None
    no_kind: Counter[str] = field(default_factory=Counter)

    @property
    def elsewhere(self) -> bool:
        """Whether a person is asked about alerts outside the city: where most are, or more than a fifth far from it."""
        some_far = self.far >= LEAST_ELSEWHERE and self.far > ELSEWHERE * self.mapped
        return self.outside > self.mapped / 2 or some_far

    def add_rows(self, block: Block, outcomes: RowOutcomes) -> None:
        """Add the repairs of a block's valid rows and the values that were not recognised."""
        self.read += block.read
        valid = outcomes.valid
        for one in outcomes.repairs:
            where = np.flatnonzero(one.mask & valid)
            if len(where):
                key = one.rule.value, one.column
                self.repairs[key] += len(where)
                self.first_repairs.setdefault(key, one.values(int(where[0])))
        for column, values in outcomes.unknown.items():
            counter = self.unknown.setdefault(column, Counter())
            counter.update(values)
            if len(counter) > 2 * LISTED_WORDS:
                self.unknown[column] = Counter(dict(counter.most_common(LISTED_WORDS)))

    def add_alerts(self, alerts: pa.Table, city: CityProfile) -> None:
        """Add the enriched alerts of a block."""
        self.flags.update(pc.list_flatten(alerts["flags"]).to_pylist())
        mapped = alerts.num_rows - alerts["longitude"].null_count
        self.mapped += mapped
        self.outside += mapped - (pc.sum(alerts["inside"]).as_py() or 0)
        self.far += _count_far(alerts, city)
        days = pc.min_max(alerts["local_date"]).as_py()
        self.first = min(filter(None, (self.first, days["min"])), default=None)
        self.last = max(filter(None, (self.last, days["max"])), default=None)
        lengths = pc.list_value_length(alerts["more_categories"])
        counted = pc.value_counts(alerts["category"].filter(pc.equal(alerts["kind"], Kind.UNKNOWN.value)))
        self.no_kind.update({one["values"]: one["counts"] for one in counted.to_pylist()})
        self.several += pc.sum(pc.greater(pc.fill_null(lengths, 0), 0)).as_py() or 0

    def repair_table(self) -> pd.DataFrame:
        """Return rule, column, n, and old and new of the first, the most frequent repair first."""
        rows = [(*key, n, *self.first_repairs[key]) for key, n in self.repairs.most_common()]
        return pd.DataFrame(rows, columns=["rule", "column", "n", "old", "new"])


def _count_far(alerts: pa.Table, city: CityProfile) -> int:
    """How many alerts lie more than 5 km outside the city."""
    outside = alerts.filter(pc.fill_null(pc.invert(alerts["inside"]), False))
    longitude, latitude = (outside[name].to_numpy() for name in ("longitude", "latitude"))
    return int((~near_city(city, longitude, latitude)).sum()) if outside.num_rows else 0


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
        dropped = {*layout.personal, *layout.text}
        lines = []
        for place, label in enumerate(labels):
            role, part = roles.get(place, ("", ""))
            guess = layout.guesses.get(role, Guess(float("nan")))
            lines.append(
                {
                    "place": place,
                    "column": label,
                    "role": role,
                    "part": part,
                    "use": "alert" if role else "dropped" if place in dropped else "unused",
                    "empty": int(self._empty[place]),
                    "examples": "" if place in dropped else ", ".join(self._examples[place]),
                    "confidence": guess.confidence,
                    "reasons": guess.reasons,
                }
            )
        return pd.DataFrame(lines)
