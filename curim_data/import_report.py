"""What an import reports: counts, repairs, rows set aside, and what a preview shows."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from curim_data import quality
from curim_data.formats.base import MOST_CHARACTERS, Format, Layout, Part, is_name
from curim_data.i18n import Translator
from curim_data.reading import Records
from curim_data.reasons import MEND_WORDS, REASON_WORDS, Flag, Reason
from curim_data.rows import Told
from curim_data.settle import DUPLICATE, NEW
from curim_data.store import Batch, Settled

WORD_ROLES: Final = frozenset({"kind", "reporter_gender", "affected_gender", "age_band", "status"})
_ID: Final = re.compile(r"(?=[^\d]*\d)[\w.:/#-]{1,60}")
_NINE_DIGITS: Final = re.compile(r"\d{9}")


@dataclass(frozen=True)
class ImportReport:
    """What an import did with a file.

    `repairs` has row, column, old, new, rule; `quarantine` row, column, value, reason (code), message, mend and the
    values that may be kept; `unknown` the values that were not understood, with counts, by column; `dropped` columns
    with personal data or free text that were not stored; `unused` other columns; `piles` points with suspiciously many
    alerts; `outcomes` for each row read: row, outcome ("accepted", "updated", "duplicate", "quarantined"), reason
    (why it was set aside, or its repairs and flags joined by `|`), repaired, unmapped. Nothing was written when
    `dry_run`.
    """

    batch: Batch
    dry_run: bool
    encoding: str
    delimiter: str
    date_order: str | None
    repairs: pd.DataFrame
    quarantine: pd.DataFrame
    outcomes: pd.DataFrame
    flags: Mapping[str, int]
    unknown: Mapping[str, Mapping[str, int]]
    dropped: tuple[str, ...]
    unused: tuple[str, ...]
    piles: pd.DataFrame
    first: dt.date | None
    last: dt.date | None

    @property
    def counts(self) -> dict[str, Any]:
        """The batch as one plain object, as the command line prints it."""
        batch = self.batch
        return {
            "file": batch.file_name,
            "format": batch.format,
            "batch": None if self.dry_run else batch.id,
            **{
                name: getattr(batch, name)
                for name in (
                    "read", "accepted", "updated", "duplicate", "quarantined", "repaired", "unmapped", "outside",
                )
            },
            "reasons": dict(batch.reasons),
        }  # fmt: skip

    def sentence(self, t: Translator) -> str:
        """One sentence with the counts, which add up, and what was left out."""
        batch = self.batch
        told = (
            t.n("{name}: {n} row read.", "{name}: {n} rows read.", batch.read, name=batch.file_name)
            + " "
            + t(
                "New: {accepted}, updated: {updated}, already known: {duplicate}, set aside: {quarantined}.",
                accepted=batch.accepted,
                updated=batch.updated,
                duplicate=batch.duplicate,
                quarantined=batch.quarantined,
            )
        )
        if self.dropped:
            told += " " + t("Not stored, since they may name a person: {columns}.", columns=t.join(self.dropped))
        if self.dry_run:
            told += " " + t("Nothing was written.")
        return told


@dataclass(frozen=True)
class Preview:
    """What an import of a file would do; nothing was written.

    `mapping` has one row for each column of the file: column, role ("" where dropped or unused), use ("alert",
    "dropped", "unused"), empty (count) and examples; `sample` the first rows as alerts; `points` at most 2,000
    longitudes and latitudes rounded to four decimals.
    """

    format: str
    documentation: str
    encoding: str
    delimiter: str
    date_order: str | None
    mapping: pd.DataFrame
    sample: pd.DataFrame
    dropped: tuple[str, ...]
    unused: tuple[str, ...]
    unknown: Mapping[str, Mapping[str, int]]
    points: pd.DataFrame
    bounds: tuple[float, float, float, float] | None
    report: ImportReport


@dataclass(frozen=True)
class Prepared:
    """A file ready to be compared with the store; `rows` are those of `alerts`, `repeated` those left out."""

    records: Records
    layout: Layout
    form: Format
    told: Told
    alerts: pa.Table
    rows: npt.NDArray[np.int64]
    repeated: npt.NDArray[np.int64]
    batch: Batch
    quarantine: pa.Table


def quarantine_table(records: Records, layout: Layout, told: Told) -> pa.Table:
    """Rows set aside: row, column, value, reason, then the values of the columns that have a role.

    A text that may tell of a person is kept nowhere: not the columns without a role, and no value too long for its
    column. In a row with too many or too few fields nobody knows which piece is which: of such a row only the id is
    kept, where it comes first. All of it stands in the file that was imported, under its row number.
    """
    account = told.account
    names = {at: records.labels[at] for at in layout.places}
    keeps = {part.place: _keeper(role) for role, parts in layout.roles.items() for part in parts}
    at_label = {**{role: layout.place(role) for role in layout.roles}, **{label: at for at, label in names.items()}}
    where = np.flatnonzero(account.reason != "")
    raw = records.table.take(pa.array(where))
    refused = pd.DataFrame(
        {"row": records.rows[where], "column": account.column[where], "reason": account.reason[where]}
    )
    values = zip(account.value[where], refused["column"], strict=True)
    refused.insert(2, "value", [keeps[at_label[c]](v) if c in at_label else "" for v, c in values])
    for at, name in names.items():
        refused[name] = [keeps[at](value) for value in raw.column(at).to_pylist()]
    misfits = []
    for record in records.refused:
        line: dict[str, Any] = {"row": record.row, "column": "", "value": "", "reason": record.reason.value}
        line |= dict.fromkeys(names.values(), "")
        if len(record.fields) == len(records.labels) and record.reason is Reason.BAD_ENCODING:
            line |= {name: keeps[at](record.fields[at]) for at, name in names.items()}
        elif layout.roles.get("alert_id") == (Part(0),) and record.fields and _is_id(record.fields[0]):
            line[names[0]] = record.fields[0]
        misfits.append(line)
    frame = pd.concat([refused, pd.DataFrame(misfits)], ignore_index=True) if misfits else refused
    frame = frame.sort_values("row", kind="stable")
    text = {c: pa.array(frame[c].astype(str), pa.string()) for c in frame.columns if c != "row"}
    return pa.table({"row": pa.array(frame["row"].to_numpy(np.int64)), **text})


def _keeper(role: str) -> Callable[[str], str]:
    """What of a value a row set aside keeps: nothing of what is too long for its column or may name a person."""
    if role == "more_categories":
        return lambda text: "|".join(part for part in text.split("|") if is_name(part))
    if role == "category" or role in WORD_ROLES:
        return lambda text: text if is_name(text) else ""
    return lambda text: text if len(text) <= MOST_CHARACTERS and "@" not in text else ""


def _is_id(text: str) -> bool:
    """Whether the first field of a broken row is an id, not a piece of a text or a telephone number."""
    return bool(_ID.fullmatch(text.strip())) and not _NINE_DIGITS.search(text)


def mapping_table(ready: Prepared) -> pd.DataFrame:
    """One line for each column of the file: column, role, use, empty (count), examples."""
    roles = {part.place: role for role, parts in ready.layout.roles.items() for part in parts}
    dropped = {*ready.layout.personal, *ready.layout.text}
    lines = []
    for place, label in enumerate(ready.records.labels):
        column = ready.records.table.column(place)
        some = [text for text in pc.unique(column.slice(0, 1_000)).to_pylist() if text.strip()][:3]
        lines.append(
            {
                "column": label,
                "role": roles.get(place, ""),
                "use": "dropped" if place in dropped else "alert" if place in roles else "unused",
                "empty": int(pc.sum(pc.equal(pc.utf8_trim_whitespace(column), "")).as_py() or 0),
                "examples": ", ".join(some) if place in roles else "",
            }
        )
    return pd.DataFrame(lines)


def make_report(ready: Prepared, settled: Settled, dry_run: bool) -> ImportReport:
    """Put together what an import did, or would do."""
    labels = ready.records.labels
    quarantine = ready.quarantine.to_pandas()
    reasons = [Reason(code) for code in quarantine["reason"]]
    quarantine.insert(4, "message", pd.Series([REASON_WORDS[code] for code in reasons], dtype=object))
    quarantine.insert(5, "mend", pd.Series([MEND_WORDS[code] for code in reasons], dtype=object))
    repairs = _repairs(ready)
    days = pc.min_max(ready.alerts["local_date"]).as_py()
    return ImportReport(
        batch=settled.batch,
        dry_run=dry_run,
        encoding=ready.records.encoding,
        delimiter=ready.records.delimiter,
        date_order=ready.told.order,
        repairs=repairs,
        quarantine=quarantine,
        outcomes=_outcomes(ready, settled, repairs),
        flags=Counter(pc.list_flatten(ready.alerts["flags"]).to_pylist()),
        unknown=ready.told.unknown,
        dropped=tuple(labels[place] for place in sorted({*ready.layout.personal, *ready.layout.text})),
        unused=tuple(labels[place] for place in ready.layout.unused if labels[place]),
        piles=quality.piles(ready.alerts),
        first=days["min"],
        last=days["max"],
    )


def _repairs(ready: Prepared) -> pd.DataFrame:
    """Repairs of the rows that were not set aside: row, column, old, new, rule."""
    empty = pd.DataFrame(columns=["at", "column", "old", "new", "rule"])
    made = pd.concat(ready.told.account.repairs or [empty], ignore_index=True)
    made.insert(0, "row", ready.records.rows[made.pop("at").to_numpy(np.int64)])
    made = made[made["row"].isin(ready.told.rows)]
    return made.sort_values("row", kind="stable").reset_index(drop=True)


def _outcomes(ready: Prepared, settled: Settled, repairs: pd.DataFrame) -> pd.DataFrame:
    """One line for each row read, in the order of the file."""
    actions = np.where(settled.actions == NEW, "accepted", settled.actions)
    alerts = pd.DataFrame(
        {
            "row": ready.rows,
            "outcome": actions,
            "repaired": np.isin(ready.rows, repairs["row"].to_numpy(np.int64)),
            "unmapped": ready.alerts["longitude"].is_null().to_numpy(),
        }
    )
    repeated = pd.DataFrame({"row": ready.repeated, "outcome": DUPLICATE})
    refused = pd.DataFrame({"row": ready.quarantine["row"].to_numpy(), "outcome": "quarantined"})
    lines = pd.concat([alerts, repeated, refused], ignore_index=True).fillna({"repaired": False, "unmapped": False})
    lines = lines.set_index("row").sort_index()
    marks = pd.DataFrame({"row": ready.rows, "reason": ready.alerts["flags"].to_pandas()}).explode("reason")
    told = [
        marks[marks["reason"].notna() & (marks["reason"] != Flag.REPAIRED.value)],
        repairs[["row", "rule"]].rename(columns={"rule": "reason"}),
        ready.quarantine.select(["row", "reason"]).to_pandas(),
    ]
    reasons = pd.concat(told).drop_duplicates().sort_values(["row", "reason"]).groupby("row")["reason"].agg("|".join)
    lines.insert(1, "reason", reasons.reindex(lines.index).fillna(""))
    return lines.reset_index().astype({"repaired": bool, "unmapped": bool})
