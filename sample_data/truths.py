"""Write down what was planted, and what of it can be counted in the main export, as TOML."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from sample_data.places import (
    BURSTS,
    CAMPAIGN,
    CUT,
    FIRST,
    INTERVENTION,
    METRES,
    MONTHS,
    NEAR_REPEAT,
    NEW_APP,
    PILE,
    QUARTER,
    QUIET,
    SPOTS,
    UNDISCLOSED,
    UNMAPPED,
    Circle,
    Spot,
)
from sample_data.rhythm import NEW_HABITS
from sample_data.rows import Row
from sample_data.simulate import NIGHT_REST, City

LANDMARKS: Final = Path(__file__).parent / "piraeus" / "landmarks.toml"
HEAD: Final = """\
# What is planted in the sample city. Written by sample_data/generate.py, read by the tests. All of it is made up.
# Degrees are WGS84, radii metres, dates inclusive, hours of the local clock (first to last, may pass midnight).
# Counts are of the main export: `alerts` all that a process made, `mapped` those whose own coordinates are told.
"""


def truths_text(city: City, cut: dt.datetime, seed: int) -> str:
    """The text of truths.toml for the alerts reported up to the cut."""
    rows = [row for row in city.rows if row.reported_at <= cut]
    parts = [HEAD, _lines({"seed": seed, "illustrative": True, "first": FIRST, "last": CUT, "alerts": len(rows)})]
    parts += [f"\n[[hot_spot]]\n{_lines(_hot_spot(spot, rows))}" for spot in SPOTS]
    tables = {
        "women_after_dark": _women_after_dark(rows),
        "pile": _pile(rows),
        "quarter": _quarter(rows, city),
        "near_repeat": _near_repeat(rows),
        "campaign": _campaign(rows),
        "intervention": _intervention(rows),
        "undisclosed": _undisclosed(rows),
        "unmapped": {"share": UNMAPPED, "alerts": sum(row.point is None for row in rows)},
    }
    if city.world.reports > 1:
        tables["bursts"] = _bursts(city, rows)
    if city.world.new_app:
        tables["new_app"] = {
            "start": NEW_APP.start,
            "weeks": NEW_APP.weeks,
            "categories": list(NEW_HABITS),
            "feeling_share": NEW_APP.feeling,
        }
    if city.world.few_people:
        tables["few_people"] = {"share": QUIET.share, "places": [_circle(circle) for circle in QUIET.circles]}
    parts += [f"\n[{name}]\n{_lines(table)}" for name, table in tables.items()]
    return "".join(parts)


def _hot_spot(spot: Spot, rows: Sequence[Row]) -> dict[str, Any]:
    own = [row for row in rows if row.origin == spot.id]
    monthly = Counter(_step(row) for row in own)
    landmark = _landmarks()[spot.landmark]
    return {
        "id": spot.id,
        "place": spot.landmark,
        "labels": landmark["labels"],
        **_circle(spot.circle),
        "class": spot.pattern,
        "start": spot.start,
        "end": spot.end or CUT,
        "categories": spot.categories,
        "hours": list(spot.hours),
        "hours_share": 1 - NIGHT_REST,
        "women_share": spot.women,
        "women_share_dark": spot.women if spot.women_dark is None else spot.women_dark,
        "alerts": len(own),
        "incidents": sum(row.first for row in own),
        "mapped": sum(row.point is not None for row in own),
        "affected": dict(sorted(Counter(row.affected_gender for row in own).items())),
        "monthly": [monthly[step] for step in range(MONTHS)],
    }


def _women_after_dark(rows: Sequence[Row]) -> dict[str, Any]:
    spot = next(spot for spot in SPOTS if spot.women_dark is not None)
    here = [row for row in rows if row.origin == spot.id and row.dark]
    elsewhere = [row for row in rows if row.origin != spot.id and row.dark]
    return {
        "place": spot.landmark,
        **_circle(spot.circle),
        "planted_share": spot.women_dark,
        "share_here": _women_share(here),
        "share_elsewhere": _women_share(elsewhere),
        "alerts": len(here),
    }


def _women_share(rows: Sequence[Row]) -> float:
    """Women among affected women and men."""
    told = Counter(row.affected_gender for row in rows)
    return round(told["woman"] / (told["woman"] + told["man"]), 4)


def _pile(rows: Sequence[Row]) -> dict[str, Any]:
    alerts = sum(row.origin == "pile" for row in rows)
    return {
        "longitude": PILE.longitude,
        "latitude": PILE.latitude,
        "place": PILE.landmark,
        "reason": "the app falls back to this point when the location of the phone is off",
        "alerts": alerts,
        "share": round(alerts / len(rows), 4),
    }


def _quarter(rows: Sequence[Row], city: City) -> dict[str, Any]:
    inside = sum(bool(_inside(row, (QUARTER.core,))) for row in rows)
    area = np.pi * (QUARTER.core.radius / 1000) ** 2
    land = sum(_pieces(city.ground.land))
    return {
        **_circle(QUARTER.core),
        "edge": QUARTER.edge,
        "ratio": QUARTER.ratio,
        "density_per_km2": round(inside / area, 1),
        "city_density_per_km2": round(len(rows) / land, 1),
        "hot_spots": 0,
    }


def _pieces(land: Any) -> Iterable[float]:
    """Square kilometres of the parts of the land."""
    for part in getattr(land, "geoms", [land]):
        yield part.area * float(METRES.prod()) / 1e6


def _near_repeat(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "category": NEAR_REPEAT.category,
        "mean_offspring": NEAR_REPEAT.mean,
        "metres": NEAR_REPEAT.metres,
        "days": NEAR_REPEAT.days,
        "offspring": sum(row.origin == "near_repeat" for row in rows),
        "alerts": sum(row.category == NEAR_REPEAT.category for row in rows),
    }


def _campaign(rows: Sequence[Row]) -> dict[str, Any]:
    during = sum(CAMPAIGN.start <= row.occurred_from.date() <= CAMPAIGN.end for row in rows)
    return {
        "start": CAMPAIGN.start,
        "end": CAMPAIGN.end,
        "factor": CAMPAIGN.factor,
        "effect": "more of the same incidents are reported, everywhere; incidents, categories and delays do not change",
        "alerts": during,
    }


def _intervention(rows: Sequence[Row]) -> dict[str, Any]:
    plan = INTERVENTION
    outer = tuple(Circle(c.longitude, c.latitude, c.radius + plan.buffer_metres) for c in plan.treated)
    table: dict[str, Any] = {
        "id": plan.id,
        "start": plan.start,
        "months": plan.months,
        "before_start": plan.start.replace(year=plan.start.year - 1),
        "rate_ratio": plan.rate_ratio,
        "displacement": 0.0,
        "treated": [_circle(c) for c in plan.treated],
        "buffer": [{**_circle(c), "inner_radius": i.radius} for c, i in zip(outer, plan.treated, strict=True)],
        "comparison": [_circle(c) for c in plan.comparison],
    }
    inside = {
        "treated": [row for row in rows if _inside(row, plan.treated)],
        "buffer": [row for row in rows if _inside(row, outer) and not _inside(row, plan.treated)],
        "comparison": [row for row in rows if _inside(row, plan.comparison)],
    }
    for name, own in inside.items():
        for what, counted in (("", own), ("_incidents", [row for row in own if row.first])):
            months = Counter(map(_step, counted))
            table[f"{name}_before{what}"] = sum(months[step] for step in range(MONTHS - 24, MONTHS - 12))
            table[f"{name}_after{what}"] = sum(months[step] for step in range(MONTHS - 12, MONTHS))
    return table


def _undisclosed(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "share": UNDISCLOSED,
        "reporter": round(sum(row.reporter_gender == "undisclosed" for row in rows) / len(rows), 4),
        "affected": round(sum(row.affected_gender == "undisclosed" for row in rows) / len(rows), 4),
    }


def _bursts(city: City, rows: Sequence[Row]) -> dict[str, Any]:
    """What several reports of one incident are: the design, and the means that were drawn."""
    planted = {spot.id for spot in SPOTS}
    here = [row for row in rows if row.origin in planted]
    elsewhere = [row for row in rows if row.origin not in planted]

    def mean(own: Sequence[Row]) -> float:
        return round(len(own) / max(sum(row.first for row in own), 1), 3)

    return {
        "mean": city.world.reports,
        "law": "geometric; one category, the first report and those around it",
        "metres": BURSTS.metres,
        "hours": BURSTS.hours,
        "straggling": BURSTS.straggling,
        "far_metres": BURSTS.far_metres,
        "far_hours": BURSTS.far_hours,
        "drawn": mean(rows),
        "drawn_at_hot_spots": mean(here),
        "drawn_elsewhere": mean(elsewhere),
    }


def _inside(row: Row, circles: Iterable[Circle]) -> bool:
    """Whether the coordinates that the export tells lie in one of the circles."""
    return row.point is not None and any(bool(circle.holds(*map(np.float64, row.point))) for circle in circles)


def _step(row: Row) -> int:
    return (row.occurred_from.year - FIRST.year) * 12 + row.occurred_from.month - FIRST.month


def _circle(circle: Circle) -> dict[str, float]:
    return {"longitude": circle.longitude, "latitude": circle.latitude, "radius": circle.radius}


def _landmarks() -> dict[str, Any]:
    return {mark["id"]: mark for mark in tomllib.loads(LANDMARKS.read_text("utf-8"))["landmark"]}


def _lines(table: Mapping[str, Any]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items())


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, dt.date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)
