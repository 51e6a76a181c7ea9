"""The protected copy as it is opened, and made where it is not there yet: a table like that of the alerts
(`alert.SCHEMA`), from which council and public are counted; and what it costs: how far its counts lie from those of
the alerts, measured when it is made.

It has a row for each released alert (`releases`), which keeps what was reported, whom it affected and what became of
it, and has the place and time that were drawn for it. It is made out of the alerts and the draws whenever one of them
changes, so that updates, undo and erasure are in it; what was drawn does not change.

What is coarser than in the alerts: the position is the middle of a cell of resolution 9, the time a day of the week
(of the month for sensitive categories) and a band of six hours (darkness alone for sensitive categories). What is not
in it: severity, age of the person affected by something sensitive, feelings about it, number of confirmations, the
instants of report, event and solution, and who sent what in which import. Status and sender of sensitive alerts are
those of another one.

An alert that was drawn as an ordinary one and is sensitive now (its category was corrected, or the city's tree) has no
place in the copy, and no time but its quarter.
"""

from __future__ import annotations

import datetime as dt
import math
import os
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import duckdb
import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from curim_data.engine import (
    Source,
    files_of,
    on_spark,
    open_source,
    published_copy,
    source_from_files,
)
from curim_data.engine.flat import read_files
from curim_data.engine.source import MOST_VERSIONS
from curim_data.filters import AlertFilter, asked_categories
from curim_data.model import CELL_RESOLUTIONS, SCHEMA, Audience, CityProfile, FloatArray, Message, Translator
from curim_data.model.coverage import Annotation
from curim_data.model.prepared import alerts_name, prepared_file, write_whole
from curim_data.privacy import (
    DisclosureError,
    is_sensitive_category,
    protected_resolution,
    sees_exact,
    sensitive_categories,
)
from curim_data.protection.releases import DARK, DRAWN, FINE, release
from curim_data.query import counts, default_points
from curim_data.store import Home
from curim_data.store.erase import draw_files, finish_erasure
from curim_data.store.home import how_many, locked
from curim_data.store.secret import secret
from curim_data.store.writing import bounded_duckdb

MEMORY: Final = "300MB"
ROWS: Final = 122_880  # that are written at once
# A sensitive alert's hours are those of the night or of the day, so that who asks for the evening finds it in part.
NIGHT: Final = (18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5)
DAY: Final = tuple(range(6, 18))
HOURS: Final = [*([6 * band + hour for hour in range(6)] for band in range(DARK)), list(NIGHT), list(DAY)]  # by band


def copy_version(source: Source, draws: tuple[Path, ...]) -> str:
    """A word that changes with the alerts and with the draws."""
    return f"{source.version}-p{len(draws)}"


def copy_file(city: CityProfile, version: str) -> Path | None:
    """Where the copy of a version is kept; None where the city has no home."""
    return None if city.prepared is None else prepared_file(city.prepared, alerts_name("copy", version), ".parquet")


def write_copy(
    files: tuple[str | Path, ...], draws: tuple[Path, ...], city: CityProfile, path: Path, work: Path, key: bytes
) -> None:
    """Write the copy of the alerts in some Parquet files; the file appears whole or not at all.

    `key`: what its names of alerts and incidents depend on. Its rows are in the order of names that tell nothing.
    """
    work.mkdir(parents=True, exist_ok=True)
    with bounded_duckdb(work, MEMORY) as engine:
        for name, paths, schema in (("alerts", files, SCHEMA), ("draws", draws, DRAWN)):
            if paths:
                engine.execute(f"CREATE VIEW {name} AS FROM {read_files(paths)}")
            else:
                engine.register(name, schema.empty_table())
        engine.execute(_RELEASED, {"sensitive": _sensitive(engine, city)})
        engine.execute(_INCIDENTS, {"key": key.hex()})
        cells = engine.execute("SELECT DISTINCT cell FROM draws WHERE cell IS NOT NULL").fetchall()
        engine.register("grid", _grid(sorted(cell for (cell,) in cells), city))
        copy = engine.execute(_COPY, {"key": key.hex(), "hours": HOURS}).to_arrow_reader(ROWS)
        write_whole(path, partial(_write, copy))


def _write(copy: pa.RecordBatchReader, path: Path) -> None:
    with pq.ParquetWriter(path, SCHEMA, compression="zstd", compression_level=1) as out:
        for part in copy:
            out.write_table(pa.Table.from_batches([part]).cast(SCHEMA), ROWS)


def _sensitive(engine: duckdb.DuckDBPyConnection, city: CityProfile) -> list[str]:
    """The sensitive ones of all categories that alerts have."""
    named = "SELECT category FROM alerts UNION SELECT unnest(more_categories) FROM alerts"
    return [name for (name,) in engine.execute(named).fetchall() if is_sensitive_category(name, city)]


def _grid(cells: list[int], city: CityProfile) -> pa.Table:
    """The middle of each cell of the draws, in degrees and metres, and the cells of each resolution that hold it."""
    middle = [h3.cell_to_latlng(cell) for cell in cells]
    latitude, longitude = (np.array([point[at] for point in middle], float) for at in (0, 1))
    x, y = city.to_metres.transform(longitude, latitude) if cells else (longitude, latitude)
    columns: dict[str, Any] = {"cell": cells, "longitude": longitude, "latitude": latitude, "x": x, "y": y}
    for size in CELL_RESOLUTIONS:
        of = h3.cell_to_parent if size <= FINE else h3.cell_to_center_child
        columns[f"cell_{size}"] = np.array([of(cell, size) for cell in cells], np.int64)
    return pa.table({**columns, "cell": pa.array(cells, pa.int64())})


# Alerts that have a draw, with what was drawn and with status and sender of the other one that was drawn for them.
# `delicate`: sensitive now.
_RELEASED: Final = """
CREATE TABLE released AS
SELECT draws.*, kind, category, more_categories, feeling, affected_gender, age_band, time_precision, alerts.status,
       alerts.reporter_gender, persons.status AS other_status, persons.reporter_gender AS other_reporter_gender,
       list_has_any(list_append(coalesce(more_categories, []), category), $sensitive) AS delicate,
       date_trunc('quarter', draws.local_date)::DATE AS quarter
FROM alerts JOIN draws USING (alert_id)
LEFT JOIN (
    SELECT alert_id AS person, status, reporter_gender FROM alerts
    SEMI JOIN (SELECT person AS alert_id FROM draws) AS lenders USING (alert_id)
) AS persons USING (person)"""

# Incidents of several alerts, by the first day of these. `late`: one is sensitive now and was drawn as an ordinary one.
_INCIDENTS: Final = """
CREATE TABLE incidents AS
SELECT unit, md5($key || 'incident ' || unit) AS incident, bool_or(NOT sensitive AND delicate) AS late,
       CASE WHEN late THEN min(CASE WHEN sensitive THEN local_date ELSE quarter END) ELSE min(local_date) END
           AS first_day
FROM released SEMI JOIN (SELECT unit FROM released WHERE alert_id <> unit) USING (unit)
GROUP BY unit HAVING count(*) > 1"""

# Of a sensitive alert that of the other one; where there is none, or it is gone, the commonest, of equally common ones
# the first.
_OF_PERSON: Final = """
CASE WHEN sensitive THEN coalesce(
    other_{0},
    (SELECT {0} FROM released WHERE {0} IS NOT NULL GROUP BY {0} ORDER BY count(*) DESC, {0} LIMIT 1)
) ELSE {0} END"""
_OF_CELL: Final = ("longitude", "latitude", "x", "y", *(f"cell_{size}" for size in CELL_RESOLUTIONS))
_WRITTEN: Final = {
    "alert_id": "md5($key || alert_id)",
    "incident_id": "incident",
    # The first report of an incident stays the first, so that the incident keeps whom that one names.
    "reported_at": """CASE WHEN alert_id = unit THEN coalesce(first_day, day) + INTERVAL 43199 SECOND
        ELSE day + INTERVAL 12 HOUR END""",
    **{name: name for name in ("kind", "category", "more_categories", "affected_gender")},
    **{name: _OF_PERSON.format(name) for name in ("status", "reporter_gender")},
    **{name: f"CASE WHEN NOT sensitive THEN {name} END" for name in ("feeling", "age_band")},
    **{name: f"CASE WHEN NOT late THEN {name} END" for name in (*_OF_CELL, "inside", "district", "place", "dark")},
    "confirmations": "0",
    "severity": "NULL",
    "local_date": "day",
    "week": "date_trunc('week', day)",
    "month": "date_trunc('month', day)",
    "weekday": "isodow(day) - 1",
    "hour": "$hours[band + 1][1]",
    "hours": "$hours[band + 1]",
    "time_precision": """CASE WHEN late OR time_precision = 'month' THEN 'month' WHEN band IS NULL THEN 'day'
        ELSE 'span' END""",
    "flags": "[]",
    **dict.fromkeys(("occurred_from", "occurred_to", "resolved_at"), "NULL::TIMESTAMP"),
    **dict.fromkeys(("source", "batch_id", "profile_version", "content_hash"), "''"),
}
_COPY: Final = f"""
WITH joined AS (
    SELECT released.*, incident, first_day, NOT sensitive AND coalesce(incidents.late, delicate) AS late
    FROM released LEFT JOIN incidents USING (unit)
), made AS (
    SELECT * REPLACE (sensitive OR late AS sensitive, CASE WHEN NOT late THEN band END AS band),
           CASE WHEN late THEN quarter ELSE local_date END AS day
    FROM joined LEFT JOIN grid USING (cell)
)
SELECT {", ".join(f"{_WRITTEN[name]} AS {name}" for name in SCHEMA.names)} FROM made ORDER BY alert_id"""


NO_COPY: Final = Message(
    "Alerts that another engine holds have no protected copy: council and public see nothing of them. "
    "Whoever runs the dashboard can publish one, or open it on a home for these readers."
)
NO_COPY_MADE: Final = Message(
    "The home has no protected copy of these alerts, and none can be written there: council and public see nothing of "
    "them until it can."
)
Known: TypeAlias = tuple[str, str, dt.date | None, tuple[Annotation, ...]]
# The sources that were opened last, for runs of pages that ask for them many times.
_opened: dict[tuple[Path, bool, Known], Source] = {}
_lock = threading.Lock()


def open_for(home: Home, audience: Audience) -> Source:
    """The alerts of a home as an audience may read them; an erasure that was cut short is finished before.

    Who sees exact counts gets the alerts. Council and public get the protected copy, which is made where it is not
    there yet; `Source.exact` of it are the alerts. Of alerts on another engine it is the copy that was published with
    them; DisclosureError where none was.
    """
    finish_erasure(home)
    alerts = open_source(home)
    source = alerts if sees_exact(audience) else protected(home, alerts)
    key = home.path, source is alerts, (source.version, source.city.version, source.meeting, source.annotations)
    with _lock:
        _opened.pop(key, None)
        _opened[key] = source
        while len(_opened) > MOST_VERSIONS * how_many():
            del _opened[next(iter(_opened))]
    return source


def opened_for(home: Path, audience: Audience, known: Known) -> Source | None:
    """What was opened of a home for such an audience, of a version, city profile, meeting and notes; None where it was
    not, or long ago.
    """
    return _opened.get((home, sees_exact(audience), known))


def protected(home: Home, source: Source) -> Source:
    """The protected copy of a source's alerts, made where it is not there yet; of published alerts the published one.
    Spark and Sail read that of the home, of the same version of the alerts.

    DisclosureError where the home has none and none can be made, for other alerts on another engine, and for those of
    files while `CURIM_ALERTS_URL` names one.
    """
    if (files := files_of(source)) is not None:
        try:
            copy = protected_files(home, files)
        except (OSError, duckdb.IOException) as error:
            raise DisclosureError(NO_COPY_MADE) from error
        return _beside(source, on_spark(source.cache["url"], copy))
    if "database" not in source.cache:
        published = published_copy(source)
        if published is None:
            raise DisclosureError(NO_COPY)
        return _beside(source, published)
    if os.environ.get("CURIM_ALERTS_URL", "duckdb") != "duckdb":
        raise DisclosureError(NO_COPY)
    return protected_files(home, source)


def copies_of(home: Home, version: str) -> list[str]:
    """The versions of the copies that some version of the alerts can have had."""
    return [f"{version}-p{draws}" for draws in range(1, len(draw_files(home)) + 1)]


def protected_files(home: Home, source: Source) -> Source:
    """The protected copy of alerts that were opened from the files of a home, whatever engine readers ask."""
    known = draw_files(home)
    path = copy_file(source.city, copy_version(source, known))
    assert path is not None  # a home has a folder for what is prepared
    if not path.exists():  # then draw for alerts that have no draw, and write it; none does while alerts are erased
        with locked(home.lock, shared=True), locked(home.copying):
            known = release(home, source, default_points(source))
            path = copy_file(source.city, copy_version(source, known))
            assert path is not None
            if not path.exists():
                write_copy(source.cache["files"], known, source.city, path, home.work, secret(home))
    return _beside(source, source_from_files([path], copy_version(source, known), source.city))


def _beside(source: Source, copy: Source) -> Source:
    """A copy with what everybody may know of its alerts."""
    names = ("first", "as_of", "meeting", "known_time", "asked", "annotations")
    return replace(copy, **{name: getattr(source, name) for name in names}, exact=source, protected=True)


def copy_of(source: Source) -> Source:
    """The protected copy of alerts in a home: of a source that is one already, itself.

    Alerts without a home, as those of a test, have none: then they themselves, under the limits of a copy.
    """
    prepared = source.city.prepared
    if source.exact is not None:
        return source
    return replace(source, protected=True) if prepared is None else protected(Home(prepared.parents[1]), source)


KEPT: Final = "copy_errors"
Kind = Literal["all", "ordinary", "sensitive"]  # of which categories
# The tables that are compared, over the last twelve months, in the finest cells that the council may have.
COMPARED: Final = (
    ("cell",),
    ("cell", "category"),
    ("place", "category"),
    ("place", "affected_gender"),
    ("district", "category"),
    ("district", "affected_gender"),
    ("category", "affected_gender"),
    ("month", "category"),
)
# The same of sensitive categories, whose cells are larger; they are told by cell and district.
COMPARED_SENSITIVE: Final = (("cell", "category"), ("district", "category"), ("month", "category"))
# Sizes of counts above the smallest that council and public may read.
SIZES: Final = (15, 30, 100)
FEWEST: Final = 20  # counts by which an error is told: that of one would give away the count itself
STEP: Final = 0.05  # in which it is told
# The tables that the sentence under a council's figure is about: a place by what happens there and to whom.
TOLD: Final = ("cell x category", "place x category", "place x affected_gender", "district x category")


@dataclass(frozen=True)
class CopyErrors:
    """Errors of the copy's counts by table and size of the exact count.

    `frame`: kind (of the categories: all, ordinary or sensitive ones), table, least and most (exact counts from
    `least` to below `most`), n (counts), median and nine_of_ten (of the relative error), bias (mean relative error with
    its sign).
    """

    frame: pd.DataFrame

    def of_size(self, least: float, kind: Kind = "all") -> float:
        """The median relative error of counts by place of a size, over all tables that a sentence tells of; NaN where
        these are fewer than `FEWEST` counts.
        """
        rows = self.frame[self.frame["table"].isin(TOLD) & (self.frame["least"] == least)]
        rows = rows[rows["kind"] == kind]
        return float(np.average(rows["median"], weights=rows["n"])) if rows["n"].sum() >= FEWEST else float("nan")

    def told(self, kind: Kind) -> bool:
        """Whether an error of small numbers can be told."""
        least, _ = self._smallest(kind)
        return not np.isnan(self.of_size(least, kind))

    def sentence(self, t: Translator, kind: Kind = "all") -> str:
        """How far numbers by place typically lie from those of the alerts. Of ordinary categories those of all are told
        where too few are known; of sensitive ones, which move more, no number is.
        """
        kind = "all" if kind == "ordinary" and not self.told(kind) else kind
        least, most = self._smallest(kind)
        few = _in_steps(self.of_size(least, kind))
        if few != few or most == math.inf:
            return t("From the protected copy: rare alerts have exchanged place and time with others.")
        return t(
            "From the protected copy: numbers from {least} to {most} by place are typically {few} off.",
            least=round(least),
            most=round(most - 1),
            few=t.percent(few),
        )

    def _smallest(self, kind: Kind) -> tuple[float, float]:
        """From how many to below how many the smallest numbers reach that have an error; NaN where none has."""
        rows = self.frame[self.frame["table"].isin(TOLD) & (self.frame["kind"] == kind)]
        least = rows["least"].min()
        return float(least), float(rows.loc[rows["least"] == least, "most"].max())

    def as_json(self) -> list[dict[str, Any]]:
        """As JSON can hold it."""
        rows = self.frame.replace(float("inf"), -1.0).to_dict("records")
        return [{str(name): value for name, value in row.items()} for row in rows]

    @classmethod
    def from_json(cls, rows: Sequence[Mapping[str, Any]]) -> CopyErrors:
        """Out of what `as_json` gave; KeyError or TypeError for something else."""
        frame = pd.DataFrame(list(rows), columns=_COLUMNS)
        return cls(frame.assign(most=frame["most"].replace(-1.0, float("inf"))))


_Row: TypeAlias = tuple[Kind, str, float, float, int, float, float, float]
_COLUMNS: Final = ["kind", "table", "least", "most", "n", "median", "nine_of_ten", "bias"]


def kind_of(f: AlertFilter, city: CityProfile) -> Kind:
    """Whether a filter asks for sensitive categories alone, for ordinary ones alone, or for both."""
    sensitive = {is_sensitive_category(name, city) for name in asked_categories(f, city)}
    if len(sensitive) != 1:
        return "all"
    return "sensitive" if sensitive.pop() else "ordinary"


def _in_steps(error: float) -> float:
    """An error in whole steps, upwards; below half a percent it is none."""
    return error if error != error else (math.ceil(error / STEP - 1e-9) if error >= 0.005 else 0) * STEP


def copy_errors(copy: Source) -> CopyErrors:
    """The errors of a copy, worked out once for it, or as they were kept with it."""
    if KEPT not in copy.cache:
        kept = copy.kept(KEPT)
        copy.cache[KEPT] = measure_errors(copy) if kept is None else CopyErrors.from_json(kept)
    found: CopyErrors = copy.cache[KEPT]
    return found


def keep_errors(copy: Source) -> None:
    """Keep the errors of a copy for later processes."""
    copy.keep(KEPT, copy_errors(copy).as_json())


def measure_errors(copy: Source) -> CopyErrors:
    """Compare the counts of the copy with those of its alerts, over the last twelve months; where no number of these is
    large enough to be written out in as many as an error is told by, over all time.
    """
    rows, exact = list[_Row](), copy.exact
    if exact is not None:
        sensitive = sensitive_categories(exact)
        rows = _measured("all", AlertFilter(), exact, copy, sensitive)
        if sensitive:
            rows += _measured("sensitive", AlertFilter(categories=tuple(sorted(sensitive))), exact, copy, sensitive)
    return CopyErrors(pd.DataFrame(rows, columns=_COLUMNS))


def _measured(kind: Kind, chosen: AlertFilter, exact: Source, copy: Source, sensitive: Collection[str]) -> list[_Row]:
    """The errors of all categories, and of ordinary ones beside them, or of sensitive ones."""
    rows, strict = list[_Row](), kind == "sensitive"
    least, cell = exact.city.least_count(strict), protected_resolution(chosen, exact.city)
    sizes = (least, *(size for size in SIZES if size > least), math.inf)
    for f in (chosen, chosen.replace(period="all")):
        rows = []
        for by, both in _compared(exact, copy, f, COMPARED_SENSITIVE if strict else COMPARED, cell):
            of_these = both["category"].isin(sensitive) if "category" in by else None
            rows += _rows(kind, by, both[of_these] if strict and of_these is not None else both, sizes)
            if not strict and of_these is not None:
                rows += _rows("ordinary", by, both[~of_these], sizes)
        if CopyErrors(pd.DataFrame(rows, columns=_COLUMNS)).told(kind):
            break
    return rows


def _compared(
    exact: Source, copy: Source, f: AlertFilter, compared: Sequence[tuple[str, ...]], cell: int
) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """The columns of each table, and its counts of the alerts (n) and beside them those of the copy (n_copy)."""
    for by in compared:
        # On the map, which has no alert at default coordinates, and in all tables without one.
        how: dict[str, Any] = {"resolution": cell, "without_default_points": True} if "cell" in by else {}
        those, these = (counts(source.in_full, f, by, **how).frame[[*by, "n"]] for source in (exact, copy))
        both = those.merge(these, on=list(by), how="left", suffixes=("", "_copy"))
        yield by, both.dropna(subset=list(by)).fillna({"n_copy": 0})


def _rows(kind: Kind, by: Sequence[str], both: pd.DataFrame, sizes: Sequence[float]) -> list[_Row]:
    n, shown = both["n"].to_numpy(float), both["n_copy"].to_numpy(float)
    return [
        (kind, " x ".join(by), float(least), float(most), int(here.sum()), *_summary((shown - n)[here] / n[here]))
        for least, most in pairwise(sizes)
        if (here := (n >= least) & (n < most)).any()
    ]


def _summary(errors: FloatArray) -> tuple[float, float, float]:
    size = np.abs(errors)
    return float(np.median(size)), float(np.quantile(size, 0.9)), float(errors.mean())
