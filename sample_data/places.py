"""What is planted in the sample city, and where: hot spots, quarter, pile, near repeats, campaign, intervention.

Places are circles in metres round a point. The generator draws from these definitions, `truths.py` writes them down.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import shapely
from shapely.geometry import shape

SEED: Final = 5
FIRST: Final = dt.date(2022, 11, 1)
CUT: Final = dt.date(2026, 10, 31)
LAST: Final = dt.date(2026, 11, 20)
MONTHS: Final = 48
TOTAL: Final = 24_000

# Metres for a degree of latitude and of longitude at 37.946 degrees north (WGS84).
METRES: Final = np.array([87_897.0, 110_994.0])
LAND: Final = Path(__file__).parent / "piraeus" / "land.geojson"


@dataclass(frozen=True)
class Circle:
    """A circle: longitude, latitude (degrees), radius (metres)."""

    longitude: float
    latitude: float
    radius: float

    def distance(self, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
        """Metres from the centre."""
        return np.hypot((longitude - self.longitude) * METRES[0], (latitude - self.latitude) * METRES[1])

    def holds(self, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
        """Whether points lie inside or on the edge."""
        return self.distance(longitude, latitude) <= self.radius


@dataclass(frozen=True)
class Spot:
    """A planted hot spot.

    `landmark`: id of the landmark whose point is its centre. `levels`: expected incidents in each of the 48 months and
    in November 2026 (49 values), before the campaign. `hours`: first and last hour of the busy time, in which 19 of 20
    alerts fall. `women`, `women_dark`: share of women among affected women and men (by day and, where it differs, after
    dark). `pattern`: the emerging class that the definitions give it with monthly steps.
    """

    id: str
    landmark: str
    circle: Circle
    pattern: str
    levels: tuple[float, ...]
    categories: dict[str, float]
    hours: tuple[int, int]
    women: float
    women_dark: float | None = None
    start: dt.date = FIRST
    end: dt.date | None = None


def _steady(level: float, growth: float = 0.0) -> tuple[float, ...]:
    """A level that keeps its share of the city: it grows a little, as the alerts round it do (`growth` in all)."""
    return _ramp(level * (1 - growth / 2), level * (1 + growth / 2))


def _ramp(first: float, last: float) -> tuple[float, ...]:
    return tuple(np.linspace(first, last, MONTHS + 1).round(2).tolist())


def _from(month: int, level: float) -> tuple[float, ...]:
    """Nothing before the month with that number (0 for the first), then a steady level."""
    return (0.0,) * month + (level,) * (MONTHS + 1 - month)


def _until(month: int, level: float) -> tuple[float, ...]:
    return (level,) * month + (0.0,) * (MONTHS + 1 - month)


def _on_and_off(level: float, on: str) -> tuple[float, ...]:
    """A level in the months marked `x`, nothing in the others."""
    return tuple(level if mark == "x" else 0.0 for mark in on)


SPOTS: Final = (
    Spot(
        "spot_station",
        "piraeus_station",
        Circle(23.6430, 37.9480, 110),
        "persistent",
        _steady(31, 0.06),
        {"pickpocketing": 0.6, "theft_bag": 0.25, "harassment_verbal": 0.15},
        (7, 19),
        0.56,
    ),
    Spot(
        "spot_pasalimani",
        "pasalimani",
        Circle(23.6507, 37.9385, 90),
        "persistent",
        _steady(31, 0.06),
        {"harassment_verbal": 0.4, "following": 0.2, "feels_unsafe": 0.25, "theft_bag": 0.15},
        (20, 2),
        0.55,
        0.90,
    ),
    Spot(
        "spot_peiraiki",
        "peiraiki",
        Circle(23.6400, 37.9290, 100),
        "persistent",
        _steady(32, 0.06),
        {"litter_dumping": 0.5, "public_drinking": 0.3, "noise": 0.2},
        (18, 1),
        0.50,
    ),
    Spot(
        "spot_mikrolimano",
        "mikrolimano",
        Circle(23.6597, 37.9394, 90),
        "intensifying",
        _ramp(22, 40),
        {"noise": 0.6, "public_drinking": 0.25, "assault": 0.15},
        (21, 3),
        0.48,
    ),
    Spot(
        "spot_maniatika",
        "maniatika",
        Circle(23.6430, 37.9530, 100),
        "diminishing",
        _ramp(54, 33),
        {"drug_use": 0.5, "drug_dealing": 0.35, "threats": 0.15},
        (17, 23),
        0.45,
    ),
    Spot(
        "spot_chatzikyriakio",
        "chatzikyriakio",
        Circle(23.6340, 37.9330, 100),
        "historical",
        _until(46, 30),
        {"theft_from_vehicle": 0.6, "vehicle_theft": 0.4},
        (21, 5),
        0.40,
        end=dt.date(2026, 8, 31),
    ),
    Spot(
        "spot_agia_sofia",
        "agia_sofia",
        Circle(23.6385, 37.9578, 80),
        "new",
        _from(47, 50),
        {"burglary": 0.7, "robbery": 0.3},
        (12, 17),
        0.52,
        start=dt.date(2026, 10, 1),
    ),
    Spot(
        "spot_terpsithea",
        "terpsithea",
        Circle(23.6440, 37.9395, 90),
        "consecutive",
        _from(45, 36),
        {"lighting_poor": 0.6, "feels_unsafe": 0.4},
        (19, 1),
        0.64,
        start=dt.date(2026, 8, 1),
    ),
    Spot(
        "spot_stadium",
        "karaiskakis_stadium",
        Circle(23.6645, 37.9463, 120),
        "sporadic",
        _on_and_off(32, "xx.xxx....xxx..xx.x....xxx.x.xx...x..x.xx.x...xxx"),
        {"assault": 0.5, "public_drinking": 0.3, "vandalism": 0.2},
        (18, 23),
        0.30,
    ),
    Spot(
        "spot_agios_dionysios",
        "agios_dionysios",
        Circle(23.6370, 37.9496, 90),
        "sporadic",
        _on_and_off(33, "..xxx....xx....xxx......xx...xxxx.....xxx...x.xxx"),
        {"parking_obstruction": 0.55, "vehicle_abandoned": 0.25, "threats": 0.2},
        (7, 16),
        0.42,
    ),
)


@dataclass(frozen=True)
class Quarter:
    """The smooth, dense quarter: a plateau and a soft edge, no hot spot."""

    core: Circle = Circle(23.6540, 37.9565, 380)
    edge: float = 420.0
    ratio: float = 1.75


@dataclass(frozen=True)
class Pile:
    """The point to which the app falls back when the location of the phone is off."""

    longitude: float = 23.6470
    latitude: float = 37.9430
    share: float = 0.015
    landmark: str = "municipal_theatre"


@dataclass(frozen=True)
class NearRepeat:
    """Vandalism that breeds: each alert of it in the background has `mean` further ones within metres and days."""

    category: str = "vandalism"
    mean: float = 0.30
    metres: float = 100.0
    days: float = 7.0


@dataclass(frozen=True)
class Campaign:
    """Weeks in which more of the same incidents are reported, everywhere and of every category."""

    start: dt.date = dt.date(2024, 3, 4)
    end: dt.date = dt.date(2024, 4, 14)
    factor: float = 1.5


@dataclass(frozen=True)
class Intervention:
    """A treated area in which alerts fall to `rate_ratio` from a day on; nothing moves elsewhere.

    The fall is counted, not left to chance: of the incidents after the start `rate_ratio` times as many stay as there
    were in the months before, as these would have grown with the city.
    """

    id: str = "lighting_university"
    start: dt.date = dt.date(2025, 11, 1)
    months: int = 12
    rate_ratio: float = 0.60
    treated: tuple[Circle, ...] = (Circle(23.6550, 37.9455, 570),)
    buffer_metres: float = 130.0
    comparison: tuple[Circle, ...] = (
        Circle(23.6330, 37.9600, 440),
        Circle(23.6690, 37.9515, 530),
        Circle(23.6445, 37.9335, 520),
    )


@dataclass(frozen=True)
class Bursts:
    """Several reports of one incident: each further one lies within metres and hours of the first, some straggle.

    A share `straggling` of the further reports lies within `far_metres` and `far_hours`. Of the categories in `alone`
    each incident has one report, the victim's.
    """

    metres: float = 30.0
    hours: float = 2.0
    straggling: float = 0.12
    far_metres: float = 60.0
    far_hours: float = 48.0
    alone: tuple[str, ...] = (
        "burglary",
        "robbery",
        "online_fraud",
        "domestic_violence",
        "sexual_assault",
        "unwanted_touching",
    )


@dataclass(frozen=True)
class Quiet:
    """Where few people are: quays, yards, moles and marinas. The share of the usual alerts that is left there."""

    share: float = 0.3
    edge: float = 60.0
    circles: tuple[Circle, ...] = (
        Circle(23.6335, 37.9437, 260),  # the quay west of the port's mouth
        Circle(23.6250, 37.9365, 330),  # the naval school and the outer mole
        Circle(23.6402, 37.9460, 150),  # the piers of the passenger port
        Circle(23.6362, 37.9388, 130),  # the pier on the southern side
        Circle(23.6690, 37.9400, 330),  # the marina of Faliro
        Circle(23.6525, 37.9318, 130),  # the moles of Zea
        Circle(23.6310, 37.9530, 300),  # yards in the north-west
    )


@dataclass(frozen=True)
class NewApp:
    """A new version of the app, taken up within weeks from a day on: it asks all how safe they felt.

    With it come new categories (`start` in `rhythm.HABITS`); the later export has a column `app_version` more.
    """

    start: dt.date = dt.date(2024, 11, 1)
    weeks: int = 10
    feeling: float = 0.40  # share of alerts other than risks that tell a feeling; before it 0.12
    version: str = "2.1"


@dataclass(frozen=True)
class World:
    """Which habits of real exports the city has beside what is planted: all in the committed files, none in `PLAIN`.

    `reports`: how many alerts tell of one incident on average. `few_people`: whether parts are nearly empty. `new_app`:
    whether the app changes half-way. `undisclosed`: share of genders not told in the first and in the last month.
    """

    reports: float = 1.0
    few_people: bool = False
    new_app: bool = False
    undisclosed: tuple[float, float] = (0.12, 0.12)


PLAIN: Final = World()
LIFELIKE: Final = World(reports=1.6, few_people=True, new_app=True, undisclosed=(0.06, 0.18))
QUARTER: Final = Quarter()
NEW_APP: Final = NewApp()
BURSTS: Final = Bursts()
QUIET: Final = Quiet()
PILE: Final = Pile()
NEAR_REPEAT: Final = NearRepeat()
CAMPAIGN: Final = Campaign()
INTERVENTION: Final = Intervention()
UNDISCLOSED: Final = 0.12  # over the whole time
UNMAPPED: Final = 0.035


@dataclass
class Ground:
    """The land and the smooth intensity of the background over it."""

    land: shapely.Geometry = field(default_factory=lambda: _read_land())
    quarter_weight: float = 0.0
    few_people: bool = False

    def __post_init__(self) -> None:
        shapely.prepare(self.land)

    def holds(self, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
        """Whether points lie on the land."""
        return np.asarray(shapely.contains_xy(self.land, longitude, latitude))

    def intensity(self, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
        """Relative intensity: 1 at the rim, a wide rise in the centre, and the quarter on top."""
        centre = Circle(23.6530, 37.9450, 0).distance(longitude, latitude)
        from_core = QUARTER.core.distance(longitude, latitude) - QUARTER.core.radius
        soft = np.clip(1 - from_core / QUARTER.edge, 0, 1)
        level = 1 + 0.9 * np.exp(-0.5 * (centre / 700.0) ** 2) + self.quarter_weight * soft**2 * (3 - 2 * soft)
        return level * self.people(longitude, latitude) if self.few_people else level

    def people(self, longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
        """Share of the usual number of people who are about: less than 1 at quays, yards, moles and marinas."""
        within = [c.distance(longitude, latitude) - c.radius for c in QUIET.circles]
        inside = np.clip(1 - np.min(within, axis=0) / QUIET.edge, 0, 1)
        return np.asarray(1 - (1 - QUIET.share) * inside)

    def points(self, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Points on the land drawn from the intensity, rounded to five decimals (about a metre)."""
        west, south, east, north = self.land.bounds
        highest = 2.0 + self.quarter_weight
        kept: list[np.ndarray] = []
        while sum(len(block) for block in kept) < count:
            block = rng.random((20_000, 3))
            lon = np.round(west + block[:, 0] * (east - west), 5)
            lat = np.round(south + block[:, 1] * (north - south), 5)
            good = (block[:, 2] * highest < self.intensity(lon, lat)) & self.holds(lon, lat)
            kept.append(np.column_stack([lon, lat])[good])
        points = np.concatenate(kept)[:count]
        return points[:, 0], points[:, 1]

    def around(self, rng: np.random.Generator, circle: Circle, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Points spread evenly over the part of a circle that is land."""
        kept: list[np.ndarray] = [np.empty((0, 2))]
        while sum(len(block) for block in kept) < count:
            radius, angle = circle.radius * np.sqrt(rng.random(count + 8)), 2 * np.pi * rng.random(count + 8)
            lon = np.round(circle.longitude + radius * np.cos(angle) / METRES[0], 5)
            lat = np.round(circle.latitude + radius * np.sin(angle) / METRES[1], 5)
            kept.append(np.column_stack([lon, lat])[self.holds(lon, lat)])
        points = np.concatenate(kept)[:count]
        return points[:, 0], points[:, 1]


def _read_land() -> shapely.Geometry:
    return shape(json.loads(LAND.read_text("utf-8"))["features"][0]["geometry"])
