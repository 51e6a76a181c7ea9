"""Commands that count and reason: counts, hotspots, trends. Analysis is loaded only when it is asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import pandas as pd

from curim_data import privacy, query
from curim_data.cli.frame import Command, Opt, Refused, Run, ending, plain, write_file, write_table
from curim_data.cli.how import BaseWord, ClusterMethod, How, Method, Weight
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model.access import Audience
from curim_data.model.alert import CELL_RESOLUTIONS
from curim_data.model.i18n import Message
from curim_data.studies.spot_area import OF_CITY, TESTED_IN_CITY, has_area, in_area

if TYPE_CHECKING:
    from analysis.clusters.results import Cluster, Clusters
    from analysis.hotspots.cell_significance import HotCells
    from analysis.hotspots.grouping import Spot
    from analysis.spots.naming import SpotName
    from analysis.stats.result import Choice


class Unit(StrEnum):
    """The step of a trend."""

    WEEK = "week"
    MONTH = "month"
    DAY = "local_date"


UNITS: Final[Mapping[Unit, Literal["week", "month", "day"]]] = {
    Unit.WEEK: "week",
    Unit.MONTH: "month",
    Unit.DAY: "day",
}


def counts(
    run: Run, by: str = "", resolution: int | None = None, complete: bool = False, out: Path | None = None
) -> None:
    """Count alerts by some dimensions."""
    source = run.source()
    f = run.filter(source)
    names = [name.strip() for name in by.split(",") if name.strip()]
    unknown = [name for name in names if name not in query.DIMENSIONS]
    if unknown or len(set(names)) < len(names):
        raise Refused(
            Message(
                "--by {asked}: counts are made by one or more, each once, of {known}.",
                {"asked": by, "known": ", ".join(query.DIMENSIONS)},
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
    told = query.counts(source, f, names, run.audience, complete=complete, resolution=resolution)
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
    run: Run,
    method: Method = Method.SIGNIFICANCE,
    resolution: int | None = None,
    base: BaseWord = BaseWord.LAND,
    weight: Weight = Weight.NONE,
    cluster_method: ClusterMethod = ClusterMethod.DBSCAN,
    out: Path | None = None,
) -> None:
    """Find hot spots."""
    how = How(base, weight, cluster_method)
    how.check(method)
    if out is not None:
        ending(out, ".geojson", ".csv")
    source = run.source()
    f = run.filter(source)
    if method is Method.DENSITY:
        _density(run, source, f, resolution, out)
        return
    if method is Method.EMERGING:
        from curim_data.cli.hotspots import emerging_places

        emerging_places(run, source, f, resolution, out)
        return
    found = find(source, f, run.audience, method, resolution, how)
    spots, names, result = found.spots, found.names, found.result
    rows = [_row(run, spot, names[spot.id], how) for spot in spots]
    if out is not None:
        if out.suffix.lower() == ".csv":
            table = pd.DataFrame(rows, columns=[*_SPOT_COLUMNS, *how.columns, "cells"])
            write_table(out, table.assign(cells=[" ".join(spot.names) for spot in spots]))
        else:
            write_file(out, geojson(spots, rows).encode())
    if run.as_json:
        run.answer(
            {
                **asked(run, source, f),
                "method": method.value,
                "resolution": found.resolution,
                "base": how.base.value,
                "weight": how.weight.value,
                "cluster_method": how.cluster_method.value if method is Method.CLUSTERS else None,
                "n": result.n,
                "told": result.sentence(run.t),
                "choices": [{"name": c.name, "value": c.value, "told": run.t(c.told)} for c in found.choices],
                "spots": rows,
                "cold": [_row(run, spot, name, how) for spot, name in found.cold],
            }
        )
        return
    run.say(sentence(run, source, f))
    run.say(result.sentence(run.t))
    if has_area(f):
        run.say(run.t(TESTED_IN_CITY))
    for spot in spots:
        run.say(f"{spot.rank}. {names[spot.id](run.t)} – {spot.sentence(run.t)}")
    for spot, name in found.cold:
        run.say(f"{name(run.t)} – {spot.cold_sentence(run.t)}")
    for choice in found.choices:
        run.say(run.t(choice.told))


def _row(run: Run, spot: Spot | Cluster, name: SpotName, how: How) -> dict[str, Any]:
    """A place, hot or cold, with its figures."""
    return {
        "rank": spot.rank,
        "id": spot.id,
        "name": name(run.t),
        "n": spot.n,
        "expected": round(spot.expected, 2),
        "ratio": round(spot.ratio, 3),
        "low": round(spot.low, 3),
        "high": round(spot.high, 3),
        "q": spot.q,
        "longitude": round(spot.longitude, 5),
        "latitude": round(spot.latitude, 5),
        **how.more(spot),
        "cells": list(spot.names),
    }


def _density(run: Run, source: Source, f: AlertFilter, resolution: int | None, out: Path | None) -> None:
    from curim_data.cli.density import density

    if resolution is not None:
        raise Refused(Message("--resolution is for hot cells: leave it out with --method density."))
    answer, lines = density(run, source, f, out)
    if run.as_json:
        run.answer({**asked(run, source, f), "method": Method.DENSITY.value, **answer})
        return
    for line in (sentence(run, source, f), *((run.t(OF_CITY),) if has_area(f) else ()), *lines):
        run.say(line)


_SPOT_COLUMNS: Final = (*("rank", "id", "name", "n", "expected", "ratio", "low", "high", "q", "longitude", "latitude"),)


@dataclass(frozen=True)
class Found:
    """Hot spots under a filter: the result that tells of them, those in the filter's area, and their names by id.

    `cold`: places with fewer alerts than chance explains, with their names.
    """

    result: HotCells | Clusters
    spots: tuple[Spot | Cluster, ...]
    names: Mapping[str, SpotName]
    resolution: int
    choices: tuple[Choice, ...]
    cold: tuple[tuple[Spot, SpotName], ...] = ()


def find(
    source: Source,
    f: AlertFilter,
    audience: Audience,
    method: Method,
    resolution: int | None,
    how: How | None = None,
) -> Found:
    """Look for hot spots in the whole city, and keep those that lie in the area that the filter names.

    Refused for a resolution that there is not, for a base that cannot be had, and for clusters where the audience may
    not see fine cells.
    """
    from analysis.clusters.hdbscan import TooManyError
    from analysis.spots.naming import name_spots
    from curim_data.studies.clusters import CLUSTER_RESOLUTION, cluster_study
    from curim_data.studies.denominators import BaseError
    from curim_data.studies.hot_spots import hot_spot_study, known_places

    how = how or How()
    finest = privacy.finest_resolution(audience, f, source.city)
    if method is Method.CLUSTERS:
        if finest < CLUSTER_RESOLUTION:
            raise Refused(
                Message("Clusters need exact alerts: ask as analyst or specialist, or with --method significance.")
            )
        weighted, explored = how.weight is Weight.SEVERITY, how.cluster_method is ClusterMethod.HDBSCAN
        try:
            result = cluster_study(source, f, audience, by_weight=weighted, explored=explored)
        except TooManyError as error:
            raise Refused(error.message) from error
        names = name_spots(result.found, source.city, known_places(source, audience))
        spots = tuple(spot for spot in result.found if in_area(spot, names[spot.id], f, source.city))
        return Found(result, spots, names, CLUSTER_RESOLUTION, result.choices)
    check_resolution(resolution)
    privacy.check(["cell"], resolution, f, audience, source.city)
    try:
        study = hot_spot_study(source, f, audience, resolution, how.base.value)
    except BaseError as error:
        raise Refused(error.message) from error
    names = name_spots(study.spots, source.city, known_places(source, audience))
    called = name_spots(study.cold, source.city)
    cold = tuple((spot, called[spot.id]) for spot in study.cold if in_area(spot, called[spot.id], f, source.city))
    kept = tuple(spot for spot in study.spots if in_area(spot, names[spot.id], f, source.city))
    return Found(study.hot, kept, names, study.resolution, study.choices, cold)


def check_resolution(resolution: int | None) -> None:
    """Refused for a resolution that map cells do not have."""
    if resolution is not None and resolution not in CELL_RESOLUTIONS:
        raise Refused(
            Message("--resolution {resolution}: map cells have resolution 8 to 12.", {"resolution": resolution})
        )


def geojson(spots: Any, rows: list[dict[str, Any]]) -> str:
    """Hot spots as GeoJSON (WGS84): the outline of a cluster, the cells of a group of hot cells."""
    import shapely

    from curim_data.model.city import cell_polygons

    features = []
    for spot, row in zip(spots, rows, strict=True):
        outline = getattr(spot, "outline", None) or shapely.union_all(cell_polygons(list(spot.cells)))
        features.append(
            {
                "type": "Feature",
                "properties": plain({name: value for name, value in row.items() if name != "cells"}),
                "geometry": json.loads(shapely.to_geojson(outline)),
            }
        )
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def trends(run: Run, unit: Unit = Unit.WEEK, out: Path | None = None) -> None:
    """A series with its expected band."""
    from curim_data.studies.trends import trend_study

    source = run.source()
    f = run.filter(source)
    trend = trend_study(source, f, run.audience, UNITS[unit])
    if trend is None:
        raise Refused(Message("There are no alerts in this period: “curim import FILE” brings some."))
    frame = trend.frame[[unit.value, "n", "expected", "lower", "upper", "alarm", "complete", "withheld"]]
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
    return query.sentence(source, f, run.t, query.total(source, f, run.audience))


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
        audience=Audience.ANALYST,
    ),
    Command(
        "hotspots",
        hotspots,
        Message("Find the places where more happens than chance explains."),
        True,
        {
            "method": Opt(Message("How they are found."), ("--method",)),
            "resolution": Opt(Message("H3 resolution of map cells; chosen unless given."), ("--resolution",)),
            "base": Opt(
                Message("What a place is compared with: its land and surroundings, all alerts, or residents."),
                ("--base",),
            ),
            "weight": Opt(Message("How much an alert counts in clusters."), ("--weight",)),
            "cluster_method": Opt(
                Message("How clusters are found: tested (dbscan), or to explore only (hdbscan)."),
                ("--cluster-method",),
            ),
            "out": Opt(Message("GeoJSON or CSV file to write."), ("--out",)),
        },
        audience=Audience.ANALYST,
    ),
    Command(
        "trends",
        trends,
        Message("Follow the alerts over time, with what was usual."),
        True,
        {"unit": Opt(Message("Step of the series."), ("--by",)), "out": _OUT_CSV},
        audience=Audience.ANALYST,
    ),
)
