"""Write the made-up city of alerts: `write_sample(folder)` or `python -m sample_data.generate FOLDER`.

Three exports, the answer key of the dirty one, and the truths: what was planted, and what of it can be counted in the
main export, as TOML. Seeded, so the same seed gives the same bytes. What is planted stands in `places.py`, the columns
in `docs/curim-export.md`. Every alert is invented; ids begin with `DEMO-`.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely

from sample_data.dirty import dirty_rows
from sample_data.places import (
    BURSTS,
    CAMPAIGN,
    CUT,
    FIRST,
    INTERVENTION,
    LAST,
    LIFELIKE,
    METRES,
    MONTHS,
    NEAR_REPEAT,
    NEW_APP,
    NEW_HABITS,
    PILE,
    QUARTER,
    QUIET,
    SEED,
    SPOTS,
    UNDISCLOSED,
    UNMAPPED,
    Circle,
    Spot,
    World,
)
from sample_data.simulate import HOME_ZONE, NIGHT_REST, City, simulate, snapshot

MAIN: Final = "exports/piraeus_2022-11_2026-10.csv"
LATER: Final = "exports/piraeus_2026-11.csv"
DIRTY: Final = "exports/piraeus_dirty.csv"
ANSWERS: Final = "exports/piraeus_dirty_answers.csv"
RESENT_FROM: Final = dt.date(2026, 8, 20)
LANDMARKS: Final = Path(__file__).parent / "piraeus" / "landmarks.toml"
HEAD: Final = """\
# What is planted in the sample city. Written by sample_data/generate.py, read by the tests. All of it is made up.
# Degrees are WGS84, radii metres, dates inclusive, hours of the local clock (first to last, may pass midnight).
# Counts are of the main export: `alerts` all that a process made, `mapped` those whose own coordinates are told.
"""


def write_sample(folder: Path, seed: int = SEED, world: World = LIFELIKE) -> list[Path]:
    """Write the three exports, the answer key and the truths below a folder; returns the files written.

    `world`: which habits of real exports the city has: all of them in the committed files, none in `PLAIN`.
    """
    city = simulate(seed, world)
    main_time, later_time = (pd.Timestamp(f"{day} 23:59", tz=HOME_ZONE) for day in (CUT, LAST))
    known = city.rows[city.rows["reported_at"] <= main_time]
    main = snapshot(known, main_time)
    dirty, answers = dirty_rows(main.to_numpy().tolist(), seed)
    files = {
        MAIN: _csv(main),
        LATER: _csv(_later(city, main, later_time)),
        "truths.toml": truths_text(city, known, seed).encode(),
        DIRTY: dirty,
        ANSWERS: _csv(answers),
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return [folder / name for name in files]


def _later(city: City, main: pd.DataFrame, later_time: pd.Timestamp) -> pd.DataFrame:
    """The second export: all that came in since RESENT_FROM as it stands now, and older alerts that changed."""
    rows = city.rows[city.rows["reported_at"] <= later_time]
    now = snapshot(rows, later_time)
    changed = (now.loc[main.index] != main).any(axis=1).reindex(now.index, fill_value=False)
    sent = now[changed | (rows["reported_at"].dt.date >= RESENT_FROM)]
    return sent.assign(app_version=NEW_APP.version) if city.world.new_app else sent


def _csv(table: pd.DataFrame) -> bytes:
    """CSV with semicolons, CR LF and a byte order mark."""
    return b"\xef\xbb\xbf" + table.to_csv(sep=";", index=False, lineterminator="\r\n").encode()


def truths_text(city: City, rows: pd.DataFrame, seed: int) -> str:
    """The text of truths.toml for the alerts of the main export (`City.rows`)."""
    about = {"seed": seed, "illustrative": True, "first": FIRST, "last": CUT, "alerts": len(rows)}
    parts = [HEAD, _lines(about), *(f"\n[[hot_spot]]\n{_lines(_hot_spot(spot, rows))}" for spot in SPOTS)]
    tables = {
        "women_after_dark": _women_after_dark(rows),
        "pile": _pile(rows),
        "quarter": _quarter(rows, city),
        "near_repeat": {
            "category": NEAR_REPEAT.category,
            "mean_offspring": NEAR_REPEAT.mean,
            "metres": NEAR_REPEAT.metres,
            "days": NEAR_REPEAT.days,
            "offspring": int((rows["origin"] == "near_repeat").sum()),
            "alerts": int((rows["category"] == NEAR_REPEAT.category).sum()),
        },
        "campaign": {
            "start": CAMPAIGN.start,
            "end": CAMPAIGN.end,
            "factor": CAMPAIGN.factor,
            "effect": "more of the same incidents are reported, everywhere; incidents, categories and delays do not "
            "change",
            "alerts": int(rows["occurred_from"].dt.date.between(CAMPAIGN.start, CAMPAIGN.end).sum()),
        },
        "intervention": _intervention(rows),
        "undisclosed": {
            "share": UNDISCLOSED,
            "reporter": round(float((rows["reporter_gender"] == "undisclosed").mean()), 4),
            "affected": round(float((rows["affected_gender"] == "undisclosed").mean()), 4),
        },
        "unmapped": {"share": UNMAPPED, "alerts": int(rows["told_lon"].isna().sum())},
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
        tables["few_people"] = {"share": QUIET.share, "places": [vars(circle) for circle in QUIET.circles]}
    return "".join([*parts, *(f"\n[{name}]\n{_lines(table)}" for name, table in tables.items())])


def _hot_spot(spot: Spot, rows: pd.DataFrame) -> dict[str, Any]:
    own = rows[rows["origin"] == spot.id]
    landmarks = tomllib.loads(LANDMARKS.read_text("utf-8"))["landmark"]
    return {
        "id": spot.id,
        "place": spot.landmark,
        "labels": next(mark["labels"] for mark in landmarks if mark["id"] == spot.landmark),
        **vars(spot.circle),
        "class": spot.pattern,
        "start": spot.start,
        "end": spot.end or CUT,
        "categories": spot.categories,
        "hours": list(spot.hours),
        "hours_share": 1 - NIGHT_REST,
        "women_share": spot.women,
        "women_share_dark": spot.women if spot.women_dark is None else spot.women_dark,
        "alerts": len(own),
        "incidents": int(own["first"].sum()),
        "mapped": int(own["told_lon"].notna().sum()),
        "affected": own["affected_gender"].value_counts().sort_index().to_dict(),
        "monthly": _monthly(own),
    }


def _monthly(rows: pd.DataFrame) -> list[int]:
    """Alerts of each month of the main export, by when they happened."""
    when = rows["occurred_from"].dt
    step = (when.year - FIRST.year) * 12 + when.month - FIRST.month
    return np.bincount(step, minlength=MONTHS)[:MONTHS].tolist()


def _women_after_dark(rows: pd.DataFrame) -> dict[str, Any]:
    spot = next(spot for spot in SPOTS if spot.women_dark is not None)
    here = rows["origin"] == spot.id
    return {
        "place": spot.landmark,
        **vars(spot.circle),
        "planted_share": spot.women_dark,
        "share_here": _women_share(rows[rows["dark"] & here]),
        "share_elsewhere": _women_share(rows[rows["dark"] & ~here]),
        "alerts": int((rows["dark"] & here).sum()),
    }


def _women_share(rows: pd.DataFrame) -> float:
    """Women among affected women and men."""
    told = rows["affected_gender"].value_counts()
    return round(float(told["woman"] / (told["woman"] + told["man"])), 4)


def _pile(rows: pd.DataFrame) -> dict[str, Any]:
    alerts = int((rows["origin"] == "pile").sum())
    return {
        "longitude": PILE.longitude,
        "latitude": PILE.latitude,
        "place": PILE.landmark,
        "reason": "the app falls back to this point when the location of the phone is off",
        "alerts": alerts,
        "share": round(alerts / len(rows), 4),
    }


def _quarter(rows: pd.DataFrame, city: City) -> dict[str, Any]:
    area = np.pi * (QUARTER.core.radius / 1000) ** 2
    land = sum(part.area * float(METRES.prod()) / 1e6 for part in shapely.get_parts(city.ground.land))
    return {
        **vars(QUARTER.core),
        "edge": QUARTER.edge,
        "ratio": QUARTER.ratio,
        "density_per_km2": round(float(_inside(rows, (QUARTER.core,)).sum() / area), 1),
        "city_density_per_km2": round(len(rows) / land, 1),
        "hot_spots": 0,
    }


def _intervention(rows: pd.DataFrame) -> dict[str, Any]:
    plan = INTERVENTION
    outer = tuple(Circle(c.longitude, c.latitude, c.radius + plan.buffer_metres) for c in plan.treated)
    table: dict[str, Any] = {
        "id": plan.id,
        "start": plan.start,
        "months": plan.months,
        "before_start": plan.start.replace(year=plan.start.year - 1),
        "rate_ratio": plan.rate_ratio,
        "displacement": 0.0,
        "treated": [vars(c) for c in plan.treated],
        "buffer": [{**vars(c), "inner_radius": i.radius} for c, i in zip(outer, plan.treated, strict=True)],
        "comparison": [vars(c) for c in plan.comparison],
    }
    treated = _inside(rows, plan.treated)
    areas = {
        "treated": treated,
        "buffer": _inside(rows, outer) & ~treated,
        "comparison": _inside(rows, plan.comparison),
    }
    for name, own in areas.items():
        for what, counted in (("", own), ("_incidents", own & rows["first"])):
            months = _monthly(rows[counted])
            table[f"{name}_before{what}"] = sum(months[-24:-12])
            table[f"{name}_after{what}"] = sum(months[-12:])
    return table


def _bursts(city: City, rows: pd.DataFrame) -> dict[str, Any]:
    """What several reports of one incident are: the design, and the means that were drawn."""
    planted = rows["origin"].isin([spot.id for spot in SPOTS])

    def mean(own: pd.DataFrame) -> float:
        return round(len(own) / max(int(own["first"].sum()), 1), 3)

    return {
        "mean": city.world.reports,
        "law": "geometric; one category, the first report and those around it",
        "metres": BURSTS.metres,
        "hours": BURSTS.hours,
        "straggling": BURSTS.straggling,
        "far_metres": BURSTS.far_metres,
        "far_hours": BURSTS.far_hours,
        "drawn": mean(rows),
        "drawn_at_hot_spots": mean(rows[planted]),
        "drawn_elsewhere": mean(rows[~planted]),
    }


def _inside(rows: pd.DataFrame, circles: Iterable[Circle]) -> np.ndarray:
    """Which coordinates that the export tells lie in one of the circles."""
    return np.any([circle.holds(rows["told_lon"], rows["told_lat"]) for circle in circles], axis=0)


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


def main() -> None:
    """Write the sample below the folder named on the command line, or below this package."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for path in write_sample(folder):
        print(path)


if __name__ == "__main__":
    main()
