"""Import: read, parse, check, enrich, then accept, update or set aside; every row accounted for.

accepted + updated + duplicate + quarantined = read, for every file. Nothing is written unless the whole file could be
read; what is written, is written in one commit (`store`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from curim_data import quality
from curim_data.alert import SCHEMA, TOLD, AgeBand, Gender, Kind, Status
from curim_data.city import CityProfile
from curim_data.formats import FORMATS
from curim_data.formats.base import Format, Layout
from curim_data.home import Home
from curim_data.i18n import Message, Translator
from curim_data.parsing import DAY_FIRST, MONTH_FIRST
from curim_data.places import enrich
from curim_data.reading import Records, read_records
from curim_data.reasons import MEND_WORDS, REASON_WORDS, Flag, ImportProblem, Reason
from curim_data.rows import Told, tell
from curim_data.store import Batch, Store, new_batch_id

__all__ = ["ImportProblem", "ImportReport", "Preview", "Reason", "import_file", "preview"]

Progress = Callable[[float, Message], None]
SAMPLE_ROWS = 20
SAMPLE_POINTS = 2_000
_DATES = (DAY_FIRST, MONTH_FIRST)


@dataclass(frozen=True)
class ImportReport:
    """What an import did with a file.

    `repairs` has row, column, old, new, rule; `quarantine` row, column, value, reason (code), message, mend and the
    raw row; `unknown` the values that were not understood, with counts, by column; `dropped` the columns with
    personal data or free text that were not stored; `unused` other columns; `piles` points with suspiciously many
    alerts. Nothing was written when `dry_run`.
    """

    batch: Batch
    dry_run: bool
    encoding: str
    delimiter: str
    date_order: str | None
    repairs: pd.DataFrame
    quarantine: pd.DataFrame
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
class _Prepared:
    records: Records
    layout: Layout
    form: Format
    told: Told
    alerts: pa.Table
    batch: Batch
    quarantine: pa.Table


def import_file(
    home: Home,
    source: Path | bytes,
    name: str,
    *,
    format: str | None = None,
    dates: str | None = None,
    dry_run: bool = False,
    now: dt.datetime | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Import one file into a home.

    Parameters
    ----------
    source : Path or bytes
        The file or its content; `name` is how reports call it.
    format : str, optional
        Name of a format; recognised by the header unless given.
    dates : {"day-first", "month-first"}, optional
        Needed only where the file's dates do not say.
    now : datetime, optional
        The moment against which dates in the future are judged.
    progress : callable, optional
        Called with a share between 0 and 1 and a message.

    Raises
    ------
    ImportProblem
        Where the file cannot be used at all; the store is unchanged.
    """
    step = progress or (lambda _share, _message: None)
    ready = _prepare(source, name, home.city(), format, dates, now, step)
    step(0.8, Message("Comparing with what is stored"))
    store = Store(home)
    batch = (
        store.settle(ready.alerts, ready.batch)
        if dry_run
        else store.commit(ready.alerts, ready.batch, ready.quarantine)
    )
    step(1.0, Message("Done"))
    return _report(ready, batch, dry_run)


def preview(
    source: Path | bytes,
    name: str,
    city: CityProfile,
    *,
    home: Home | None = None,
    format: str | None = None,
    dates: str | None = None,
    now: dt.datetime | None = None,
) -> Preview:
    """What an import would understand and do; compared with the alerts of `home` where one is given.

    Writes nothing. Raises ImportProblem where the file cannot be used at all.
    """
    ready = _prepare(source, name, city, format, dates, now, lambda _share, _message: None)
    batch = Store(home or Home(Path("/nonexistent"))).settle(ready.alerts, ready.batch)
    report = _report(ready, batch, True)
    mapped = ready.alerts.filter(pc.is_valid(ready.alerts["longitude"]))
    points = mapped.select(["longitude", "latitude"]).to_pandas()
    step = max(1, -(-len(points) // SAMPLE_POINTS))
    bounds = (
        (points.longitude.min(), points.latitude.min(), points.longitude.max(), points.latitude.max())
        if len(points)
        else None
    )
    return Preview(
        format=ready.layout.format,
        documentation=ready.form.DOCUMENTATION,
        encoding=ready.records.encoding,
        delimiter=ready.records.delimiter,
        date_order=ready.told.order,
        mapping=_mapping(ready),
        sample=ready.alerts.slice(0, SAMPLE_ROWS).select([f.name for f in TOLD]).to_pandas(),
        dropped=report.dropped,
        unused=report.unused,
        unknown=report.unknown,
        points=points.iloc[::step].round(4).reset_index(drop=True),
        bounds=bounds,
        report=report,
    )


def _prepare(
    source: Path | bytes,
    name: str,
    city: CityProfile,
    format: str | None,
    dates: str | None,
    now: dt.datetime | None,
    step: Progress,
) -> _Prepared:
    if dates is not None and dates not in _DATES:
        raise ImportProblem(Message("dates={dates} is not known: say day-first or month-first.", {"dates": dates}))
    moment = now or dt.datetime.now(dt.UTC)
    step(0.0, Message("Reading the file"))
    records = read_records(source, name)
    form, layout = _recognise(records, format)
    step(0.2, Message("Reading dates, places and words"))
    told = _checked(tell(records, layout, form, city, moment, dates))
    alerts, repeated = _identified(told)
    step(0.5, Message("Finding cells, districts and darkness"))
    alerts = _outside(enrich(alerts, city))
    quarantine = _quarantine(records, layout, told)
    reasons = pd.Series(quarantine["reason"].to_pylist(), dtype=object).value_counts().to_dict()
    batch = Batch(
        id=new_batch_id(moment),
        file_name=name,
        sha256=records.sha256,
        format=layout.format,
        when=moment,
        profile_version=city.version,
        read=records.read,
        duplicate=repeated,
        quarantined=quarantine.num_rows,
        reasons=reasons,
    )
    count = alerts.num_rows
    for column, value in (("batch_id", batch.id), ("profile_version", city.version)):
        alerts = alerts.append_column(column, pa.array([value]).take(pa.array(np.zeros(count, np.int8))))
    return _Prepared(records, layout, form, told, alerts.select(SCHEMA.names), batch, quarantine)


def _recognise(records: Records, format: str | None) -> tuple[Format, Layout]:
    if format is not None and format not in FORMATS:
        raise ImportProblem(
            Message(
                "The format {format} is not known. Known formats: {known}.",
                {"format": format, "known": ", ".join(sorted(FORMATS))},
            )
        )
    forms = [FORMATS[format]] if format else list(FORMATS.values())
    found = [(form.recognise(records.labels), form) for form in forms]
    recognition, form = max(found, key=lambda pair: len(pair[0].layout.roles))
    if recognition.doubled:
        role, labels = next(iter(recognition.doubled.items()))
        raise ImportProblem(
            Message(
                "{name}: {n} columns claim to be {role} ({labels}). Keep one of them, or give the others another name.",
                {"name": records.name, "n": len(labels), "role": role, "labels": ", ".join(labels)},
            )
        )
    if {"latitude", "longitude"} <= set(recognition.missing) and len(recognition.missing) == 2:
        raise ImportProblem(
            Message(
                "{name}: there are no columns with coordinates. Add the columns latitude and longitude "
                "(they may be empty where a place is not known); {documentation} describes the format.",
                {"name": records.name, "documentation": form.DOCUMENTATION},
            )
        )
    if recognition.missing:
        raise ImportProblem(
            Message(
                "{name}: this is no export that we know. For the format {format} these columns are missing: "
                "{missing}. {documentation} describes the format.",
                {
                    "name": records.name,
                    "format": form.NAME,
                    "missing": ", ".join(recognition.missing),
                    "documentation": form.DOCUMENTATION,
                },
            )
        )
    return form, recognition.layout


def _checked(told: Told) -> Told:
    """The last check: the typed columns against a schema; what fails is set aside."""
    import pandera.pandas as pandera

    def one_of(values: type[Any], nullable: bool = False) -> Any:
        return pandera.Column(object, pandera.Check.isin([v.value for v in values]), nullable=nullable, coerce=True)

    def between(low: float, high: float) -> Any:
        return pandera.Column(float, pandera.Check.in_range(low, high), nullable=True, coerce=True)

    schema = pandera.DataFrameSchema(
        {
            "reported_at": pandera.Column("datetime64[us, UTC]", nullable=False),
            "kind": one_of(Kind),
            "category": pandera.Column(object, pandera.Check.str_length(min_value=1), coerce=True),
            "severity": between(1, 5),
            "feeling": between(1, 5),
            "reporter_gender": one_of(Gender),
            "affected_gender": one_of(Gender),
            "age_band": one_of(AgeBand, nullable=True),
            "status": one_of(Status),
            "confirmations": pandera.Column(int, pandera.Check.ge(0), coerce=True),
            "longitude": between(-180, 180),
            "latitude": between(-90, 90),
        }
    )
    frame = told.alerts.select(list(schema.columns)).to_pandas()
    try:
        schema.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as failed:
        cases = failed.failure_cases.dropna(subset=["index"]).drop_duplicates("index")
        where = cases["index"].to_numpy(np.int64)
        account = told.account
        stands = np.flatnonzero(account.reason == "")[where]
        account.reason[stands], account.column[stands] = Reason.INVALID_VALUE.value, cases["column"].to_numpy(object)
        account.value[stands] = cases["failure_case"].astype(str).to_numpy(object)
        good = np.ones(len(frame), bool)
        good[where] = False
        return replace(told, alerts=told.alerts.filter(pa.array(good)), rows=told.rows[good])
    return told


def _identified(told: Told) -> tuple[pa.Table, int]:
    """Give each alert its id; rows that repeat an id with the same content are left out and counted.

    With an id: the id, with an ordinal from the second content on. Without: the hash of the content, with an ordinal
    among equal rows.
    """
    frame = told.alerts.select(["incident_id", "content_hash"]).to_pandas()
    named = frame["incident_id"].notna()
    repeated = (named & frame.duplicated(["incident_id", "content_hash"])).to_numpy(bool)
    table = told.alerts.filter(pa.array(~repeated))
    frame = frame[~repeated]
    base = frame["incident_id"].where(frame["incident_id"].notna(), frame["content_hash"])
    ordinal = base.groupby(base, sort=False).cumcount() + 1
    ids = base.where(ordinal == 1, base + "#" + ordinal.astype(str))
    return table.add_column(0, TOLD.field("alert_id"), pa.array(ids, pa.string())), int(repeated.sum())


def _outside(alerts: pa.Table) -> pa.Table:
    """Add the flag of points that lie off the city's land."""
    outside = pc.fill_null(pc.invert(alerts["inside"]), False).to_numpy()
    if not outside.any():
        return alerts
    flags = alerts["flags"].to_pylist()
    for at in np.flatnonzero(outside):
        flags[at] = [*flags[at], Flag.OUTSIDE_CITY.value]
    where = alerts.schema.get_field_index("flags")
    return alerts.set_column(where, SCHEMA.field("flags"), pa.array(flags, pa.list_(pa.string())))


def _quarantine(records: Records, layout: Layout, told: Told) -> pa.Table:
    """Rows set aside: row, column, value, reason, then the raw row by column, without the columns dropped at import.

    In a row with too many fields nobody knows which piece is which: it is kept whole, what exceeds the header in
    `more_fields`.
    """
    hidden = {*layout.personal, *layout.text}
    shown = [place for place in range(len(records.labels)) if place not in hidden]
    account = told.account
    where = np.flatnonzero(account.reason != "")
    refused = pd.DataFrame(
        {
            "row": _row_numbers(records, told)[where],
            "column": account.column[where],
            "value": account.value[where],
            "reason": account.reason[where],
        }
    )
    raw = records.table.take(pa.array(where))
    names = _raw_names(records.labels)
    for place in shown:
        refused[names[place]] = raw.column(place).to_pandas().to_numpy(object)
    misfits = []
    for record in records.refused:
        whole = record.reason is Reason.TOO_MANY_FIELDS
        places = range(len(records.labels)) if whole else shown
        fields = dict(zip(range(len(records.labels)), record.fields, strict=False))
        line: dict[str, Any] = {"row": record.row, "column": "", "value": "", "reason": record.reason.value}
        line |= {names[place]: fields.get(place, "") for place in places}
        line["more_fields"] = records.delimiter.join(record.fields[len(records.labels) :]) if whole else ""
        misfits.append(line)
    frame = pd.concat([refused, pd.DataFrame(misfits)], ignore_index=True) if misfits else refused
    if not len(frame):
        return pa.table(
            {c: pa.array([], pa.int64() if c == "row" else pa.string()) for c in ("row", "column", "value", "reason")}
        )
    frame = frame.sort_values("row", kind="stable")
    text = {c: pa.array(frame[c].fillna("").astype(str), pa.string()) for c in frame.columns if c != "row"}
    return pa.table({"row": pa.array(frame["row"].to_numpy(np.int64)), **text})


def _row_numbers(records: Records, _told: Told) -> np.ndarray:
    return records.rows


def _raw_names(labels: tuple[str, ...]) -> list[str]:
    """Column names of the raw row that collide neither with each other nor with those of the quarantine."""
    taken = {"row", "column", "value", "reason", "mend", "more_fields"}
    names = []
    for place, label in enumerate(labels):
        name = label or f"column_{place + 1}"
        while name in taken:
            name += "_"
        taken.add(name)
        names.append(name)
    return names


def _mapping(ready: _Prepared) -> pd.DataFrame:
    roles = {place: role for role, place in ready.layout.roles.items()}
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
                "examples": "" if place in dropped else ", ".join(some),
            }
        )
    return pd.DataFrame(lines)


def _report(ready: _Prepared, batch: Batch, dry_run: bool) -> ImportReport:
    labels = ready.records.labels
    repairs = (
        pd.concat(ready.told.account.repairs, ignore_index=True)
        if ready.told.account.repairs
        else pd.DataFrame(columns=["at", "column", "old", "new", "rule"])
    )
    repairs.insert(0, "row", ready.records.rows[repairs.pop("at").to_numpy(np.int64)])
    stands = np.isin(repairs["row"].to_numpy(), ready.told.rows)
    quarantine = ready.quarantine.to_pandas()
    reasons = [Reason(code) for code in quarantine["reason"]]
    quarantine.insert(4, "message", pd.Series([REASON_WORDS[code] for code in reasons], dtype=object))
    quarantine.insert(5, "mend", pd.Series([MEND_WORDS[code] for code in reasons], dtype=object))
    flags = pd.Series(pc.list_flatten(ready.alerts["flags"]).to_pylist(), dtype=object).value_counts().to_dict()
    days = pc.min_max(ready.alerts["local_date"]).as_py()
    return ImportReport(
        batch=batch,
        dry_run=dry_run,
        encoding=ready.records.encoding,
        delimiter=ready.records.delimiter,
        date_order=ready.told.order,
        repairs=repairs[stands].sort_values("row", kind="stable").reset_index(drop=True),
        quarantine=quarantine,
        flags=flags,
        unknown=ready.told.unknown,
        dropped=tuple(labels[place] for place in sorted({*ready.layout.personal, *ready.layout.text})),
        unused=tuple(labels[place] for place in ready.layout.unused if labels[place]),
        piles=quality.piles(ready.alerts),
        first=days["min"],
        last=days["max"],
    )
