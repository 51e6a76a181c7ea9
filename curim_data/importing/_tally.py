"""Running totals while the blocks of a file pass: repairs, flags, outcomes of rows, a summary of the columns.

Counts are exact for every file. Lists of single rows are bounded, so that they do not grow with the file.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.formats.base import Guess, Layout
from curim_data.importing.coordinates import near_city
from curim_data.importing.quarantine import free_of_personal_data
from curim_data.importing.row_outcomes import RowOutcomes
from curim_data.model import Block, CityProfile, IntArray, Kind
from curim_data.model.reasons import Flag, Repair

LISTED_ROWS: Final = 100_000
ELSEWHERE: Final = 0.2
LEAST_ELSEWHERE: Final = 5
LISTED_WORDS: Final = 2_000
EXAMPLES: Final = 3
# Rules whose old value may be anything that somebody wrote.
_FREE_TEXT_RULES: Final = frozenset({Repair.SCALE.value, Repair.END.value, Repair.CONFIRMATIONS.value})
_REPAIRS: Final = ("row", "column", "old", "new", "rule")


def is_elsewhere(mapped: int, outside: int, far: int) -> bool:
    """Whether a person is asked about the alerts outside the city: where most are, or more than a fifth far from it."""
    return outside > mapped / 2 or (far >= LEAST_ELSEWHERE and far > ELSEWHERE * mapped)


@dataclass
class Tally:
    """Totals over the blocks of a file; lists of rows are bounded, counts are not.

    `no_kind`: how many alerts of no known kind each category has.
    """

    read: int = 0
    repairs: list[pd.DataFrame] = field(default_factory=list)
    repair_counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    unknown: dict[str, Counter[str]] = field(default_factory=dict)
    flags: Counter[str] = field(default_factory=Counter)
    several: int = 0
    mapped: int = 0
    outside: int = 0
    far: int = 0
    first: dt.date | None = None
    last: dt.date | None = None
    no_kind: Counter[str] = field(default_factory=Counter)
    _kept: int = 0

    @property
    def elsewhere(self) -> bool:
        """Whether a person is asked about the alerts that lie outside the city."""
        return is_elsewhere(self.mapped, self.outside, self.far)

    def add_rows(self, block: Block, outcomes: RowOutcomes, unknown: Mapping[str, Mapping[str, int]]) -> None:
        """Add the repairs of a block's valid rows and the values that were not recognised."""
        self.read += block.read
        valid = outcomes.valid
        for repairs in outcomes.repairs:
            repairs = repairs[valid[repairs["at"].to_numpy(np.int64)]]
            if len(repairs) and repairs["rule"].iloc[0] in _FREE_TEXT_RULES:
                repairs = repairs.assign(old=[text if free_of_personal_data(text) else "" for text in repairs["old"]])
            for (rule, column), n in repairs.groupby(["rule", "column"]).size().items():
                self.repair_counts[(str(rule), str(column))] += int(n)
            if self._kept < LISTED_ROWS and len(repairs):
                some = repairs.head(LISTED_ROWS - self._kept)
                rows = block.rows[some["at"].to_numpy(np.int64)]
                self.repairs.append(some.drop(columns="at").assign(row=rows)[list(_REPAIRS)])
                self._kept += len(some)
        for column, values in unknown.items():
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
        """Return the listed repairs, in the order of the rows."""
        made = pd.concat(self.repairs, ignore_index=True) if self.repairs else pd.DataFrame(columns=list(_REPAIRS))
        return made.sort_values("row", kind="stable", ignore_index=True)

    def repair_count_table(self) -> pd.DataFrame:
        """Return rule, column, n."""
        rows = [(rule, column, n) for (rule, column), n in self.repair_counts.most_common()]
        return pd.DataFrame(rows, columns=["rule", "column", "n"])


def _count_far(alerts: pa.Table, city: CityProfile) -> int:
    """How many alerts lie more than 5 km outside the city."""
    outside = alerts.filter(pc.fill_null(pc.invert(alerts["inside"]), False))
    longitude, latitude = (outside[name].to_numpy() for name in ("longitude", "latitude"))
    return int((~near_city(city, longitude, latitude)).sum()) if outside.num_rows else 0


class OutcomeLog:
    """One line for each row read, of the first LISTED_ROWS rows."""

    def __init__(self) -> None:
        self._parts: list[pd.DataFrame] = []
        self._seen = 0

    def add(self, alerts: pa.Table, quarantined: pa.Table) -> None:
        """Add the accepted rows of a block (row, flags, longitude) and the quarantined ones (row, reason)."""
        if self._seen >= LISTED_ROWS:
            return
        accepted = pd.DataFrame(
            {
                "row": alerts["row"].to_numpy(),
                "flags": alerts["flags"].to_pandas(),
                "unmapped": alerts["longitude"].is_null().to_numpy(),
            }
        )
        invalid = quarantined.select(["row", "reason"]).to_pandas()
        self._parts += [accepted, invalid]
        self._seen += len(accepted) + len(invalid)

    def table(self, matched: Iterable[pa.Table], repairs: pd.DataFrame) -> pd.DataFrame:
        """Return row, outcome, reason, repaired, unmapped; `matched` has row and action, in the order of the rows."""
        columns = ["row", "outcome", "reason", "repaired", "unmapped"]
        if not self._parts:
            return pd.DataFrame(columns=columns)
        lines = pd.concat(self._parts, ignore_index=True).set_index("row").sort_index()
        if "reason" not in lines:
            lines["reason"] = None
        action = _actions(matched, int(lines.index.max()))
        invalid = lines["reason"].notna()
        repaired = lines.index.isin(repairs["row"].to_numpy(np.int64))
        outcome = pd.Series("quarantined", index=lines.index, dtype=object)
        outcome[~invalid] = action.reindex(lines.index[~invalid]).to_numpy(object)
        flags = lines["flags"].explode().dropna()
        flags = flags[flags != Flag.REPAIRED.value]
        rules = repairs[["row", "rule"]].drop_duplicates().set_index("row")["rule"]
        why = pd.concat([flags, rules[rules.index.isin(lines.index)]]).rename("why").rename_axis("row").reset_index()
        why = why.sort_values(["row", "why"]).groupby("row")["why"].agg("|".join).reindex(lines.index).fillna("")
        table = pd.DataFrame(
            {
                "outcome": outcome,
                "reason": np.where(invalid, lines["reason"], why),
                "repaired": repaired & ~invalid.to_numpy(bool),
                "unmapped": lines["unmapped"].fillna(False).astype(bool) & ~invalid,
            },
            index=lines.index,
        )
        return table.reset_index()[columns].head(LISTED_ROWS)


def _actions(matched: Iterable[pa.Table], last: int) -> pd.Series:
    """Return what became of the rows up to the last one."""
    parts = []
    for part in matched:
        parts.append(part.select(["row", "action"]).to_pandas())
        if len(part) and part["row"][-1].as_py() >= last:
            break
    table = pd.concat(parts) if parts else pd.DataFrame({"row": [], "action": []})
    actions: pd.Series = table.set_index("row")["action"].replace("new", "accepted")
    return actions


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
