"""A small city and a small table of alerts for tests of the data layer, made in memory."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import h3.api.basic_int as h3
import pyarrow as pa
import pyarrow.parquet as pq
from shapely.geometry import box

from curim_data.engine import Source, source_from_files
from curim_data.model import CELL_RESOLUTIONS, SCHEMA, CityProfile
from curim_data.model.city import Area, Category, Landmark

HERE = (23.640, 37.945)


def small_city() -> CityProfile:
    """Two districts, two landmarks, four categories in two groups, one of them sensitive."""

    def named(name: str) -> dict[str, str]:
        return {"en": name, "el": f"{name} (el)", "fr": f"{name} (fr)"}

    return CityProfile(
        version="small",
        names=named("Smallport"),
        epsg=2100,
        timezone="Europe/Athens",
        illustrative=True,
        view={},
        groups={"harassment": named("Harassment"), "place": named("State of the place")},
        categories={
            "harassment_verbal": Category("harassment_verbal", "offence", "harassment", False, named("Verbal insult")),
            "harassment_sexual": Category("harassment_sexual", "offence", "harassment", True, named("Sexual assault")),
            "lighting_poor": Category("lighting_poor", "risk", "place", False, named("Poor lighting")),
            "noise": Category("noise", "incivility", "place", False, named("Noise")),
        },
        land=box(23.62, 37.93, 23.66, 37.96),
        districts=(
            Area("zone_1", named("Zone 1"), box(23.62, 37.93, 23.64, 37.96)),
            Area("zone_2", named("Zone 2"), box(23.64, 37.93, 23.66, 37.96)),
        ),
        landmarks=(
            Landmark("quay", named("Old Quay"), 23.63, 37.945, 300.0),
            Landmark("theatre", named("Theatre"), 23.65, 37.945, 300.0),
        ),
    )


def alert(number: int, **told: Any) -> dict[str, Any]:
    """One alert with everything that a row needs; `told` takes the place of the defaults."""
    day: dt.date = told.pop("day", dt.date(2025, 6, 2))
    hours: list[int] | None = told.pop("hours", [22])
    longitude, latitude = told.pop("point", HERE)
    mapped = longitude is not None
    row: dict[str, Any] = {
        "alert_id": f"a{number}",
        "incident_id": f"a{number}",
        "source": "test",
        "reported_at": dt.datetime(day.year, day.month, day.day, 12, tzinfo=dt.UTC),
        "kind": "offence",
        "category": "harassment_verbal",
        "more_categories": None,
        "severity": 3,
        "feeling": 2,
        "reporter_gender": "woman",
        "affected_gender": "woman",
        "age_band": "18_29",
        "status": "open",
        "confirmations": 0,
        "longitude": longitude,
        "latitude": latitude,
        "inside": True if mapped else None,
        "district": "zone_1" if mapped else None,
        "place": "quay" if mapped else None,
        "local_date": day,
        "week": day - dt.timedelta(days=day.weekday()),
        "month": day.replace(day=1),
        "weekday": day.weekday(),
        "hour": hours[0] if hours else None,
        "hours": hours,
        "dark": True,
        "time_precision": "exact",
        "batch_id": "b1",
        "profile_version": "small",
        "content_hash": str(number),
        "flags": [],
    }
    for resolution in CELL_RESOLUTIONS:
        row[f"cell_{resolution}"] = h3.latlng_to_cell(latitude, longitude, resolution) if mapped else None
    return row | told


def small_source(folder: Path, rows: list[dict[str, Any]], city: CityProfile | None = None) -> Source:
    """A source over these rows, written to one Parquet file."""
    path = folder / f"alerts-{len(list(folder.glob('*.parquet')))}.parquet"
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
    return source_from_files([path], str(path), city or small_city())
