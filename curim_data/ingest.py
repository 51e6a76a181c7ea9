"""Import: read, parse, check, enrich, then accept, update or set aside; every row accounted for.

accepted + updated + duplicate + quarantined = read, for every file. Nothing is written unless the whole file could be
read; what is written, is written in one commit (`store`).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from curim_data.account import flag_bit, flag_lists
from curim_data.alert import SCHEMA, TOLD, AgeBand, Gender, Kind, Status
from curim_data.city import CityProfile
from curim_data.formats import FORMATS
from curim_data.formats.base import Format, Layout
from curim_data.home import Home
from curim_data.i18n import Message
from curim_data.import_report import ImportReport, Prepared, Preview, make_report, mapping_table, quarantine_table
from curim_data.parsing import DAY_FIRST, MONTH_FIRST
from curim_data.places import enrich
from curim_data.reading import Records, read_records
from curim_data.reasons import DatesUnclear, Flag, ImportProblem, Reason
from curim_data.rows import Told, tell
from curim_data.settle import MARK, base_ids
from curim_data.store import Batch, Store, compare, new_batch_id

__all__ = ["DatesUnclear", "ImportProblem", "ImportReport", "Preview", "Reason", "import_file", "preview"]

Progress = Callable[[float, Message], None]
SAMPLE_ROWS = 20
SAMPLE_POINTS = 2_000
_DATES = (DAY_FIRST, MONTH_FIRST)


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
    settled = (
        store.settle(ready.alerts, ready.batch) if dry_run else store.write(ready.alerts, ready.batch, ready.quarantine)
    )
    step(1.0, Message("Done"))
    return make_report(ready, settled, dry_run)


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
    settled = Store(home).settle(ready.alerts, ready.batch) if home else compare(ready.alerts, ready.batch, None)
    report = make_report(ready, settled, True)
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
        mapping=mapping_table(ready),
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
) -> Prepared:
    if dates is not None and dates not in _DATES:
        raise ImportProblem(Message("dates={dates} is not known: say day-first or month-first.", {"dates": dates}))
    moment = now or dt.datetime.now(dt.UTC)
    step(0.0, Message("Reading the file"))
    records = read_records(source, name)
    form, layout = _recognise(records, format)
    step(0.2, Message("Reading dates, places and words"))
    told = _checked(tell(records, layout, city, moment, dates))
    alerts, repeated = _identified(told)
    step(0.5, Message("Finding cells, districts and darkness"))
    alerts = _flagged(enrich(alerts, city))
    quarantine = quarantine_table(records, layout, told)
    batch = Batch(
        id=new_batch_id(moment),
        file_name=name,
        sha256=records.sha256,
        format=layout.format,
        when=moment,
        profile_version=city.version,
        read=records.read,
        duplicate=int(repeated.sum()),
        quarantined=quarantine.num_rows,
        reasons=Counter(quarantine["reason"].to_pylist()),
    )
    for column, value in (("batch_id", batch.id), ("profile_version", city.version)):
        alerts = alerts.append_column(column, pa.repeat(pa.scalar(value), alerts.num_rows))
    alerts = alerts.select(SCHEMA.names)
    return Prepared(records, layout, form, told, alerts, told.rows[~repeated], told.rows[repeated], batch, quarantine)


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


def _identified(told: Told) -> tuple[pa.Table, npt.NDArray[np.bool_]]:
    """Give each alert its id; rows that repeat an id with the same content are left out (the mask).

    With an id: the id, with an ordinal from the second content on. Without: the hash of the content, with an ordinal
    among equal rows (`settle.base_ids`).
    """
    frame = told.alerts.select(["incident_id", "content_hash"]).to_pandas()
    named = frame["incident_id"].notna()
    repeated = (named & frame.duplicated(["incident_id", "content_hash"])).to_numpy(bool)
    table = told.alerts.filter(pa.array(~repeated))
    frame = frame[~repeated]
    base = base_ids(frame["incident_id"], frame["content_hash"])
    ordinal = base.groupby(base, sort=False).cumcount() + 1
    ids = base.where(ordinal == 1, base + MARK + ordinal.astype(str))
    return table.add_column(0, TOLD.field("alert_id"), pa.array(ids, pa.string())), repeated


def _flagged(alerts: pa.Table) -> pa.Table:
    """Write the flags as lists, the one for points off the city's land added."""
    outside = pc.fill_null(pc.invert(alerts["inside"]), False).to_numpy()
    bits = alerts["flag_bits"].to_numpy() | np.where(outside, flag_bit(Flag.OUTSIDE_CITY), 0)
    return alerts.append_column("flags", flag_lists(bits))
