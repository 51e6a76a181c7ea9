"""Made-up exports in the shapes that real ones have: the same bytes on every machine, small, and of no real place.

Each has hot places (a tenth of its alerts at three spots) over an uneven spread, so that pages have something to say.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

LONG: Final = (
    "Request for the inspection of",
    "Complaint about the condition of",
    "Report of damage, by persons who are not known, to",
    "Obstruction of the public way beside",
    "Noise at night from",
    "Missing, broken or badly placed lighting at",
    "Waste left, outside the hours of collection, next to",
    "Person who feels threatened or followed near",
)
THINGS: Final = tuple(Path(__file__).with_name("things.txt").read_text("utf-8").splitlines())
FEW: Final = ("Harassment", "Vandalism", "Theft from a vehicle", "Poor lighting", "Noise")
CITY: Final = 0.035  # degrees: the spread of a city's alerts


@dataclass(frozen=True)
class Twin:
    """The shape of a made-up export.

    `centres`: longitude, latitude of the towns; `spread`: standard deviation of their alerts in degrees.
    """

    rows: int
    first: dt.date
    days: int
    centres: Sequence[tuple[float, float]]
    spread: float = CITY
    categories: Sequence[str] = FEW
    coordinates: bool = True
    genders: bool = True
    by_month: bool = False
    districts: bool = False


TWINS: Final = {
    "month_only": Twin(1500, dt.date(2022, 1, 1), 1095, [(-1.55, 53.80)], by_month=True, genders=False),
    "no_gender": Twin(1500, dt.date(2024, 1, 1), 730, [(4.35, 50.85)], genders=False, districts=True),
    "one_category": Twin(1200, dt.date(2024, 3, 1), 500, [(-9.14, 38.73)], categories=FEW[:1]),
    "no_coordinates": Twin(900, dt.date(2024, 1, 1), 700, [(12.50, 41.90)], coordinates=False),
    "one_day": Twin(300, dt.date(2025, 6, 14), 1, [(13.40, 52.52)]),
    "ten_years": Twin(4000, dt.date(2015, 1, 1), 3652, [(144.96, -37.81)]),
    "country": Twin(2500, dt.date(2023, 1, 1), 1000, [(19.5, 52.0), (21.0, 52.2), (19.9, 50.1)], spread=1.6),
    "long_categories": Twin(
        3000, dt.date(2024, 1, 1), 730, [(2.35, 48.86)], categories=[f"{how} {what}" for how in LONG for what in THINGS]
    ),
    "several_cities": Twin(
        2400, dt.date(2024, 1, 1), 730, [(-8.61, 41.15), (-8.43, 40.21), (-8.65, 40.64)], spread=0.02
    ),
    "no_districts": Twin(2000, dt.date(2023, 6, 1), 900, [(22.94, 40.63)]),
}


def write_twin(name: str, folder: Path) -> Path:
    """Write the export (and, where the twin has them, its districts) into the folder; gives the export's path."""
    twin, draw = TWINS[name], np.random.default_rng(sorted(TWINS).index(name))
    places = _places(twin, draw)
    # A few more in summer than in winter, and more on some hours than others.
    offsets = np.sort(draw.integers(0, twin.days, twin.rows))
    hours = draw.choice(24, twin.rows, p=_clock())
    chances = 1 / np.arange(1, len(twin.categories) + 1) ** 0.7
    categories = draw.choice(len(twin.categories), twin.rows, p=chances / chances.sum())
    genders = draw.choice(["female", "male", ""], twin.rows, p=[0.5, 0.35, 0.15])
    path = folder / f"{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as output:
        heads = ["id", "month" if twin.by_month else "date", "category"]
        heads += ["longitude", "latitude"] * twin.coordinates + ["victim_gender", "reporter_gender"] * twin.genders
        writer = csv.writer(output)
        writer.writerow(heads)
        for at in range(twin.rows):
            day = twin.first + dt.timedelta(days=int(offsets[at]))
            minute = int(draw.integers(60))
            when = f"{day:%Y-%m}" if twin.by_month else f"{day} {hours[at]:02d}:{minute:02d}:00"
            row = [f"{name}-{at + 1}", when, twin.categories[categories[at]]]
            row += [f"{places[at, 0]:.6f}", f"{places[at, 1]:.6f}"] * twin.coordinates
            row += [genders[at], genders[twin.rows - 1 - at]] * twin.genders
            writer.writerow(row)
    if twin.districts:
        (folder / "districts.geojson").write_text(json.dumps(_quarters(twin)), "utf-8")
    return path


def _places(twin: Twin, draw: np.random.Generator) -> np.ndarray:
    """Longitude and latitude of each row, of shape (rows, 2)."""
    centres = np.array(twin.centres)
    town = draw.choice(len(centres), twin.rows)
    places = centres[town] + draw.normal(0, twin.spread, (twin.rows, 2)) * [1, 0.62]
    hot = draw.random(twin.rows) < 0.1
    spots = centres[draw.choice(len(centres), 3)] + draw.normal(0, twin.spread / 2, (3, 2))
    places[hot] = spots[draw.choice(3, hot.sum())] + draw.normal(0, 0.0006, (hot.sum(), 2))
    return places


def _clock() -> np.ndarray:
    """Shares of the hours of a day."""
    weight = 1 + 0.8 * np.cos((np.arange(24) - 20) / 24 * 2 * np.pi)
    return weight / weight.sum()


def _quarters(twin: Twin) -> dict[str, object]:
    """Four districts round the first centre, as GeoJSON."""
    (x, y), reach = twin.centres[0], twin.spread * 4
    corners = {"North-west": (-1, 1), "North-east": (1, 1), "South-west": (-1, -1), "South-east": (1, -1)}
    features = []
    for name, (right, up) in corners.items():
        ring = [(x, y), (x + right * reach, y), (x + right * reach, y + up * reach), (x, y + up * reach), (x, y)]
        shape = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": {"name": name}, "geometry": shape})
    return {"type": "FeatureCollection", "features": features}
