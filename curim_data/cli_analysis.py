"""Commands that count and reason: counts, hotspots, trends. Analysis is loaded only when it is asked for."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from curim_data import privacy, queries
from curim_data.access import Audience
from curim_data.alert import CELL_RESOLUTIONS
from curim_data.cli_frame import Command, Opt, Refused, Run, ending, write_file, write_table
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.i18n import Message

if TYPE_CHECKING:
    from analysis.clusters import Cluster, Clusters
    from analysis.hotspots import HotCells, Spot
    from analysis.spots import SpotName


class Method(StrEnum):
    """How hot spots are found."""

    SIGNIFICANCE = "significance"
    CLUSTERS = "clusters"


FINE: Final = 12
UNITS: Final = {"week": "weekly", "month": "monthly", "local_date": "daily"}


class Unit(StrEnum):
    """The step of a trend."""

    WEEK = "week"
    MONTH = "month"
    DAY = "local_date"


def counts(
    run: Run, by: str = "", resolution: int | None = None, complete: bool = False, out: Path | None = None
) -> None:
    """Count alerts by some dimensions."""
    source = run.source()
    f = run.filter(source)
    names = [name.strip() for name in by.split(",") if name.strip()]
    unknown = [name for name in names if name not in queries.DIMENSIONS]
    if unknown or len(set(names)) < len(names):
        raise Refused(
            Message(
                "--by {asked}: counts are made by one or more, each once, of {known}.",
                {"asked": by, "known": ", ".join(queries.DIMENSIONS)},
            )
        )
    if "cell" in names:
        resolution = resolution or privacy.finest_resolution(run.audience, f, source.city)
    elif resolution is not None:
        raise Refused(Message("--resolution is for counts by cell: add --by cell."))
    if resolution is not None and not 8 <= resolution <= 12:
        raise Refused(
            Message("--resolution {resolution}: map cells have resolution 8 to 12.", {"resolution": resolution})
        )
    told = queries.counts(source, f, names, run.audience, complete=complete, resolution=resolution)
    frame = told.frame.assign(cell=[f"{cell:x}" for cell in told.frame["cell"]]) if "cell" in names else told.frame
    if out is not None:
        write_table(out, frame)
    if run.as_json:
        run.answer(
            {
                **asked(run, source, f),
                "by": names,
                "threshold": told.threshold,
                "total": told.total,
                "withheld": told.n_withheld,
                "notes": [run.t(note) for note in told.notes],
                "rows": frame,
            }
        )
        return
    run.say(sentence(run, source, f))
    for note in told.notes:
        run.say(run.t(note))
    if out is not None:
        run.say(run.t.n("{n} row written to {file}.", "{n} rows written to {file}.", len(frame), file=str(out)))
    else:
        run.table(frame, source.city)


def hotspots(
    run: Run, method: Method = Method.SIGNIFICANCE, resolution: int | None = None, out: Path | None = None
) -> None:
    """Find hot spots."""
    if out is not None:
        ending(out, ".geojson", ".csv")
    source = run.source()
    f = run.filter(source)
    found, spots, names, size = find(source, f, run.audience, method, resolution)
    rows = [
        {
            "rank": spot.rank,
            "id": spot.id,
            "name": names[spot.id](run.t),
            "n": spot.n,
            "expected": round(spot.expected, 2),
            "ratio": round(spot.ratio, 3),
            "low": round(spot.low, 3),
            "high": round(spot.high, 3),
            "q": spot.q,
            "longitude": round(spot.longitude, 5),
            "latitude": round(spot.latitude, 5),
            "cells": list(spot.names),
        }
        for spot in spots
    ]
    if out is not None:
        if out.suffix.lower() == ".csv":
            table = pd.DataFrame(rows, columns=list(_SPOT_COLUMNS))
            write_table(out, table.assign(cells=[" ".join(spot.names) for spot in spots]))
        else:
            write_file(out, geojson(spots, rows).encode())
    if run.as_json:
        run.answer(
            {
                **asked(run, source, f),
                "method": method.value,
                "resolution": size,
                "n": found.n,
                "told": found.sentence(run.t),
                "choices": [{"name": c.name, "value": c.value, "told": run.t(c.told)} for c in found.choices],
                "spots": rows,
            }
        )
        return
    run.say(sentence(run, source, f))
    run.say(found.sentence(run.t))
    for spot in spots:
        run.say(f"{spot.rank}. {names[spot.id](run.t)} – {spot.sentence(run.t)}")
    for choice in found.choices:
        run.say(run.t(choice.told))


_SPOT_COLUMNS: Final = (
    *("rank", "id", "name", "n", "expected", "ratio", "low", "high", "q", "longitude", "latitude", "cells"),
)


def find(
    source: Source, f: AlertFilter, audience: Audience, method: Method, resolution: int | None
) -> tuple[HotCells | Clusters, tuple[Spot, ...] | tuple[Cluster, ...], dict[str, SpotName], int]:
    """Hot spots with their names: the result, its places, their names by id, the resolution."""
    from analysis.clusters import clusters
    from analysis.grid import resolution_for
    from analysis.hotspots import hot_spots, significance
    from analysis.spots import name_spots

    city = source.city
    _check(resolution)
    finest = privacy.finest_resolution(audience, f, city)
    if method is Method.CLUSTERS:
        if finest < FINE:
            raise Refused(
                Message("Clusters need exact alerts: ask as analyst or specialist, or with --method significance.")
            )
        result = clusters(queries.cells(source, f, FINE, audience).frame, city)
        return result, result.found, name_spots(result.found, city), FINE
    if resolution is None:
        mapped = queries.total(source, f, audience).mapped or 0
        land = city.land_cells(finest)
        some = land.index[:50].to_numpy()
        resolution = int(resolution_for(mapped, float(land.sum()), finest=finest, cells=some).value)
    if not 8 <= resolution <= 12:
        raise Refused(
            Message("--resolution {resolution}: map cells have resolution 8 to 12.", {"resolution": resolution})
        )
    hot = significance(queries.cells(source, f, resolution, audience).frame)
    spots = hot_spots(hot)
    return hot, spots, name_spots(spots, city), resolution


def _check(resolution: int | None) -> None:
    if resolution is not None and resolution not in CELL_RESOLUTIONS:
        raise Refused(
            Message("--resolution {resolution}: map cells have resolution 8 to 12.", {"resolution": resolution})
        )


def geojson(spots: Any, rows: list[dict[str, Any]]) -> str:
    """Hot spots as GeoJSON (WGS84): the outline of a cluster, the cells of a group of hot cells."""
    import shapely

    from curim_data.city import cell_polygons

    features = []
    for spot, row in zip(spots, rows, strict=True):
        outline = getattr(spot, "outline", None) or shapely.union_all(cell_polygons(list(spot.cells)))
        features.append(
            {
                "type": "Feature",
                "properties": {name: value for name, value in row.items() if name != "cells"},
                "geometry": json.loads(shapely.to_geojson(outline)),
            }
        )
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def trends(run: Run, unit: Unit = Unit.WEEK, out: Path | None = None) -> None:
    """A series with its expected band."""
    from analysis import trends as analysis

    source = run.source()
    f = run.filter(source)
    history = f.replace(period="all")
    told = queries.counts(source, history, [unit.value], run.audience, complete=True)
    if told.frame.empty:
        raise Refused(Message("There are no alerts yet: “curim import FILE” brings some."))
    start = queries.dates(source, f)[0]
    made = getattr(analysis, UNITS[unit.value])(told.frame, (source.first, source.as_of))
    trend = made.since(start)
    frame = trend.frame[[unit.value, "n", "expected", "lower", "upper", "alarm", "complete", "withheld"]]
    end = pd.Timestamp(queries.dates(source, f)[1])
    frame = frame[frame[unit.value] <= end].reset_index(drop=True)
    if out is not None:
        write_table(out, frame)
    if run.as_json:
        run.answer(
            {
                **asked(run, source, f),
                "unit": unit.value,
                "told": trend.sentence(run.t),
                "choices": [{"name": c.name, "value": c.value, "told": run.t(c.told)} for c in trend.choices],
                "rows": frame,
            }
        )
        return
    run.say(sentence(run, source, f))
    run.say(trend.sentence(run.t))
    if out is None:
        run.table(frame, source.city)


def asked(run: Run, source: Source, f: AlertFilter) -> dict[str, Any]:
    """What every JSON answer says of its question."""
    return {"filter": f.to_query(), "sentence": sentence(run, source, f), "audience": run.audience.value}


def sentence(run: Run, source: Source, f: AlertFilter) -> str:
    """The filter in words, with its count."""
    total = queries.total(source, f, run.audience)
    return f.sentence(run.t, source.city, n=total.said, total=total.of, dates=queries.dates(source, f))


_OUT_CSV = Opt(Message("CSV file to write."), ("--out",))
COMMANDS = (
    Command(
        "counts",
        counts,
        Message("Count alerts by one or more dimensions."),
        True,
        {
            "by": Opt(Message("Dimensions, with commas between them: week,district,category ..."), ("--by",)),
            "resolution": Opt(Message("H3 resolution of map cells."), ("--resolution",)),
            "complete": Opt(Message("Give weeks, cells, districts ... without alerts a zero."), ("--complete",)),
            "out": _OUT_CSV,
        },
    ),
    Command(
        "hotspots",
        hotspots,
        Message("Find the places where more happens than chance explains."),
        True,
        {
            "method": Opt(Message("How they are found."), ("--method",)),
            "resolution": Opt(Message("H3 resolution of map cells; chosen unless given."), ("--resolution",)),
            "out": Opt(Message("GeoJSON or CSV file to write."), ("--out",)),
        },
    ),
    Command(
        "trends",
        trends,
        Message("Follow the alerts over time, with what was usual."),
        True,
        {"unit": Opt(Message("Step of the series."), ("--by",)), "out": _OUT_CSV},
    ),
)
