"""What an import reports: counts, repairs, rows set aside, and what a preview shows.

Counts are exact for every file. Lists of single rows (repairs, rows set aside, outcomes) are kept up to a stated
number of rows, so that a report does not grow with the file.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.formats.base import Guess, Layout
from curim_data.importing.comparison import Changes
from curim_data.importing.mapping import ColumnMapping
from curim_data.importing.quarantine import tells_no_person
from curim_data.importing.row_outcomes import Account
from curim_data.model.city import CityProfile
from curim_data.model.i18n import Message, Translator
from curim_data.model.questions import Answers
from curim_data.model.reasons import Flag, Repair
from curim_data.model.records import Block, Facts
from curim_data.store.alert_table import Batch

KEPT_ROWS: Final = 100_000
KEPT_WORDS: Final = 2_000
EXAMPLES: Final = 3
# Rules whose old value may be anything that somebody wrote.
_TOLD_TEXTS: Final = frozenset({Repair.SCALE.value, Repair.END.value, Repair.CONFIRMATIONS.value})
_REPAIRS: Final = ("row", "column", "old", "new", "rule")


@dataclass(frozen=True)
class ImportReport:
    """What an import did with a file.

    `repairs` has row, column, old, new, rule; `repair_counts` rule, column, n (exact); `quarantine` row, column, value,
    reason (code), message, mend and the values that may be kept; `unknown` the values that were not understood, with
    counts, by column; `dropped` columns with personal data or free text that were not stored; `unused` other columns;
    `piles` points with suspiciously many alerts; `outcomes` for each row read: row, outcome ("accepted", "updated",
    "duplicate", "quarantined"), reason (why it was set aside, or its repairs and flags joined by `|`), repaired,
    unmapped. `repairs`, `quarantine` and `outcomes` stop at KEPT_ROWS rows each. `decisions` are sentences on what was
    decided over the whole file; `mapping` the home's saved mapping that was used; `changes` what is different from the
    last export of the kind. Nothing was written when `dry_run`.
    """

    batch: Batch
    dry_run: bool
    facts: Facts
    layout: Layout
    date_order: str | None
    decisions: tuple[Message, ...]
    repairs: pd.DataFrame
    repair_counts: pd.DataFrame
    quarantine: pd.DataFrame
    outcomes: pd.DataFrame
    flags: Mapping[str, int]
    unknown: Mapping[str, Mapping[str, int]]
    dropped: tuple[str, ...]
    unused: tuple[str, ...]
    piles: pd.DataFrame
    first: dt.date | None
    last: dt.date | None
    mapped: int
    outside: int
    several: int
    mapping: ColumnMapping | None = None
    changes: Changes | None = None

    @property
    def encoding(self) -> str:
        """The encoding of a text file, empty for other containers."""
        return self.facts.encoding

    @property
    def delimiter(self) -> str:
        """The delimiter of a text file, empty for other containers."""
        return self.facts.delimiter

    @property
    def elsewhere(self) -> bool:
        """Whether most alerts with coordinates lie outside the city."""
        return self.mapped > 0 and self.outside > self.mapped / 2

    @property
    def counts(self) -> dict[str, Any]:
        """The batch, and the columns that were dropped or not used, as one plain object: the command line prints it."""
        batch = self.batch
        names = ("read", "accepted", "updated", "duplicate", "quarantined", "repaired", "unmapped", "outside")
        return {
            "file": batch.file_name,
            "format": batch.format,
            "batch": None if self.dry_run else batch.id,
            **{name: getattr(batch, name) for name in names},
            "reasons": dict(batch.reasons),
            "several": self.several,
            "dropped": list(self.dropped),
            "unused": list(self.unused),
        }

    def sentence(self, t: Translator) -> str:
        """The counts, which add up, what was left out and what was decided."""
        batch = self.batch
        told = [
            t.n("{name}: {n} row read.", "{name}: {n} rows read.", batch.read, name=batch.file_name),
            t(
                "New: {accepted}, updated: {updated}, already known: {duplicate}, set aside: {quarantined}.",
                accepted=batch.accepted,
                updated=batch.updated,
                duplicate=batch.duplicate,
                quarantined=batch.quarantined,
            ),
        ]
        if self.dropped:
            told.append(t("Not stored, since they may name a person: {columns}.", columns=t.join(self.dropped)))
        if self.unused:
            told.append(t("Not used: {columns}.", columns=t.join(self.unused)))
        if self.several:
            told.append(
                t.n(
                    "{n} alert has several categories: it counts once in totals and once in each of them.",
                    "{n} alerts have several categories: they count once in totals and once in each of them.",
                    self.several,
                )
            )
        told += [t(message) for message in self.decisions]
        if self.dry_run:
            told.append(t("Nothing was written."))
        return " ".join(told)


@dataclass(frozen=True)
class Preview:
    """What an import of a file would do; nothing was written.

    `mapping` has one row for each column of the file: place, column, role ("" where dropped or unused), part, use
    ("alert", "dropped", "unused"), empty (count), examples, confidence (0 to 1; NaN where the format is known) and
    reasons (tuple of messages); `sample` the first rows as alerts; `points` at most 2,000 longitudes and latitudes
    rounded to four decimals; `values` the words of the columns that are mapped value by value, with counts, by role;
    `words` what these stand for, "" where that is not known. `provisional`: the city's profile was made from this file,
    since the home has none; `city` is that profile, or the one that was given. `answers`: what a person told, with what
    the mapping remembers.
    """

    format: str
    documentation: str
    layout: Layout
    date_order: str | None
    mapping: pd.DataFrame
    sample: pd.DataFrame
    points: pd.DataFrame
    bounds: tuple[float, float, float, float] | None
    values: Mapping[str, Mapping[str, int]]
    words: Mapping[str, Mapping[str, str]]
    provisional: bool
    city: CityProfile
    answers: Answers
    report: ImportReport

    @property
    def facts(self) -> Facts:
        """Container, encoding, delimiter, sheets."""
        return self.report.facts


@dataclass
class Tally:
    """What the blocks of a file add up to; lists of rows are bounded, counts are not."""

    read: int = 0
    repairs: list[pd.DataFrame] = field(default_factory=list)
    repair_counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    unknown: dict[str, Counter[str]] = field(default_factory=dict)
    flags: Counter[str] = field(default_factory=Counter)
    several: int = 0
    mapped: int = 0
    outside: int = 0
    first: dt.date | None = None
    last: dt.date | None = None
    _kept: int = 0

    @property
    def elsewhere(self) -> bool:
        """Whether most alerts with coordinates lie outside the city."""
        return self.outside > self.mapped / 2

    def add(self, block: Block, account: Account, unknown: Mapping[str, Mapping[str, int]]) -> None:
        """Take what a block's account says of the rows that stand."""
        self.read += block.read
        stands = account.reason == ""
        for made in account.repairs:
            made = made[stands[made["at"].to_numpy(np.int64)]]
            if len(made) and made["rule"].iloc[0] in _TOLD_TEXTS:
                made = made.assign(old=[text if tells_no_person(text) else "" for text in made["old"]])
            for (rule, column), n in made.groupby(["rule", "column"]).size().items():
                self.repair_counts[(str(rule), str(column))] += int(n)
            if self._kept < KEPT_ROWS and len(made):
                some = made.head(KEPT_ROWS - self._kept)
                rows = block.rows[some["at"].to_numpy(np.int64)]
                self.repairs.append(some.drop(columns="at").assign(row=rows)[list(_REPAIRS)])
                self._kept += len(some)
        for column, values in unknown.items():
            counter = self.unknown.setdefault(column, Counter())
            counter.update(values)
            if len(counter) > 2 * KEPT_WORDS:
                self.unknown[column] = Counter(dict(counter.most_common(KEPT_WORDS)))

    def stood(self, alerts: Any) -> None:
        """Take what the enriched alerts of a block say."""
        self.flags.update(pc.list_flatten(alerts["flags"]).to_pylist())
        mapped = alerts.num_rows - alerts["longitude"].null_count
        self.mapped += mapped
        self.outside += mapped - (pc.sum(alerts["inside"]).as_py() or 0)
        days = pc.min_max(alerts["local_date"]).as_py()
        self.first = min(filter(None, (self.first, days["min"])), default=None)
        self.last = max(filter(None, (self.last, days["max"])), default=None)
        lengths = pc.list_value_length(alerts["more_categories"])
        self.several += pc.sum(pc.greater(pc.fill_null(lengths, 0), 0)).as_py() or 0

    def repair_table(self) -> pd.DataFrame:
        """The kept repairs, in the order of the rows."""
        made = pd.concat(self.repairs, ignore_index=True) if self.repairs else pd.DataFrame(columns=list(_REPAIRS))
        return made.sort_values("row", kind="stable", ignore_index=True)

    def repair_count_table(self) -> pd.DataFrame:
        """Rule, column, n."""
        rows = [(rule, column, n) for (rule, column), n in self.repair_counts.most_common()]
        return pd.DataFrame(rows, columns=["rule", "column", "n"])


class Outcomes:
    """One line for each row read, of the first KEPT_ROWS rows."""

    def __init__(self) -> None:
        self._marks: list[pd.DataFrame] = []
        self._seen = 0

    def add(self, alerts: Any, quarantined: Any) -> None:
        """Note the rows of a block that stand (row, flags, longitude) and those set aside (row, reason)."""
        if self._seen >= KEPT_ROWS:
            return
        stand = pd.DataFrame(
            {
                "row": alerts["row"].to_numpy(),
                "flags": alerts["flags"].to_pandas(),
                "unmapped": alerts["longitude"].is_null().to_numpy(),
            }
        )
        aside = quarantined.select(["row", "reason"]).to_pandas()
        self._marks += [stand, aside]
        self._seen += len(stand) + len(aside)

    def table(self, settled: Iterable[pa.Table], repairs: pd.DataFrame) -> pd.DataFrame:
        """Row, outcome, reason, repaired, unmapped; `settled` has row and action, in the order of the rows."""
        columns = ["row", "outcome", "reason", "repaired", "unmapped"]
        if not self._marks:
            return pd.DataFrame(columns=columns)
        lines = pd.concat(self._marks, ignore_index=True).set_index("row").sort_index()
        if "reason" not in lines:
            lines["reason"] = None
        action = _actions(settled, int(lines.index.max()))
        aside = lines["reason"].notna()
        repaired = lines.index.isin(repairs["row"].to_numpy(np.int64))
        outcome = pd.Series("quarantined", index=lines.index, dtype=object)
        outcome[~aside] = action.reindex(lines.index[~aside]).to_numpy(object)
        marks = lines["flags"].explode().dropna()
        marks = marks[marks != Flag.REPAIRED.value]
        rules = repairs[["row", "rule"]].drop_duplicates().set_index("row")["rule"]
        why = pd.concat([marks, rules[rules.index.isin(lines.index)]]).rename("why").rename_axis("row").reset_index()
        why = why.sort_values(["row", "why"]).groupby("row")["why"].agg("|".join).reindex(lines.index).fillna("")
        told = pd.DataFrame(
            {
                "outcome": outcome,
                "reason": np.where(aside, lines["reason"], why),
                "repaired": repaired & ~aside.to_numpy(bool),
                "unmapped": lines["unmapped"].fillna(False).astype(bool) & ~aside,
            },
            index=lines.index,
        )
        return told.reset_index()[columns].head(KEPT_ROWS)


def _actions(settled: Iterable[pa.Table], last: int) -> pd.Series:
    """What became of the rows up to the last one."""
    parts = []
    for part in settled:
        parts.append(part.select(["row", "action"]).to_pandas())
        if len(part) and part["row"][-1].as_py() >= last:
            break
    told = pd.concat(parts) if parts else pd.DataFrame({"row": [], "action": []})
    actions: pd.Series = told.set_index("row")["action"].replace("new", "accepted")
    return actions


@dataclass(frozen=True)
class Header:
    """The columns of a file: its header, what it is taken for, and one line for each, as `Preview.mapping` has it."""

    labels: tuple[str, ...]
    layout: Layout
    table: pd.DataFrame


class Look:
    """What a preview tells of the columns: empty cells and examples."""

    def __init__(self, width: int) -> None:
        self._empty: npt.NDArray[np.int64] = np.zeros(width, np.int64)
        self._examples: list[list[str]] = [[] for _ in range(width)]

    def add(self, block: Block) -> None:
        """Take a block."""
        for place, column in enumerate(block.table.columns):
            trimmed = pc.utf8_trim_whitespace(column)
            self._empty[place] += pc.sum(pc.equal(trimmed, "")).as_py() or 0
            some = self._examples[place]
            if len(some) < EXAMPLES:
                found = [text for text in pc.unique(trimmed.slice(0, 1_000)).to_pylist() if text and text not in some]
                some += found[: EXAMPLES - len(some)]

    def table(self, labels: tuple[str, ...], layout: Layout) -> pd.DataFrame:
        """One line for each column of the file."""
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
