"""What is planted in the sample city, and the habits of its categories.

Planted are hot spots, a quarter, a pile, near repeats, a campaign, an intervention; places are circles in metres round
a point. When alerts happen, who sends them and what becomes of them follows their category. Nothing here is measured:
the habits are plausible and simple, so that every page has something to show. `simulate.py` draws from these
definitions, `generate.py` writes them down.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
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


def _ramp(first: float, last: float) -> tuple[float, ...]:
    return tuple(np.linspace(first, last, MONTHS + 1).round(2).tolist())


def _steady(level: float) -> tuple[float, ...]:
    """A level that keeps its share of the city: it grows by 6 % in all, as the alerts round it do."""
    return _ramp(level * 0.97, level * 1.03)


def _on_and_off(level: float, on: str) -> tuple[float, ...]:
    """A level in the months marked `x`, nothing in the others."""
    return tuple(level if mark == "x" else 0.0 for mark in on)


SPOTS: Final = (
    Spot(
        "spot_station",
        "piraeus_station",
        Circle(23.6430, 37.9480, 110),
        "persistent",
        _steady(31),
        {"pickpocketing": 0.6, "theft_bag": 0.25, "harassment_verbal": 0.15},
        (7, 19),
        0.56,
    ),
    Spot(
        "spot_pasalimani",
        "pasalimani",
        Circle(23.6507, 37.9385, 90),
        "persistent",
        _steady(31),
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
        _steady(32),
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
        _on_and_off(30, "x" * 46 + "..."),
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
        _on_and_off(50, "." * 47 + "xx"),
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
        _on_and_off(36, "." * 45 + "xxxx"),
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


# The smooth, dense quarter: a plateau and a soft edge, no hot spot.
QUARTER: Final = SimpleNamespace(core=Circle(23.6540, 37.9565, 380), edge=420.0, ratio=1.75)

# The point to which the app falls back when the location of the phone is off.
PILE: Final = SimpleNamespace(longitude=23.6470, latitude=37.9430, share=0.015, landmark="municipal_theatre")

# Vandalism that breeds: each alert of it in the background has `mean` further ones within metres and days.
NEAR_REPEAT: Final = SimpleNamespace(category="vandalism", mean=0.30, metres=100.0, days=7.0)

# Weeks in which more of the same incidents are reported, everywhere and of every category.
CAMPAIGN: Final = SimpleNamespace(start=dt.date(2024, 3, 4), end=dt.date(2024, 4, 14), factor=1.5)

# A treated area in which alerts fall to `rate_ratio` from a day on; nothing moves elsewhere. The fall is counted, not
# left to chance: of the incidents after the start `rate_ratio` times as many stay as there were in the months before,
# as these would have grown with the city.
INTERVENTION: Final = SimpleNamespace(
    id="lighting_university",
    start=dt.date(2025, 11, 1),
    months=12,
    rate_ratio=0.60,
    treated=(Circle(23.6550, 37.9455, 570),),
    buffer_metres=130.0,
    comparison=(Circle(23.6330, 37.9600, 440), Circle(23.6690, 37.9515, 530), Circle(23.6445, 37.9335, 520)),
)

# Several reports of one incident: each further one lies within metres and hours of the first. A share `straggling` of
# them lies within `far_metres` and `far_hours`. Of the categories in `alone` each incident has one report, that of the
# victim.
BURSTS: Final = SimpleNamespace(
    metres=30.0,
    hours=2.0,
    straggling=0.12,
    far_metres=60.0,
    far_hours=48.0,
    alone=("burglary", "robbery", "online_fraud", "domestic_violence", "sexual_assault", "unwanted_touching"),
)

# Where few people are: quays, yards, moles and marinas; and the share of the usual alerts that is left there.
QUIET: Final = SimpleNamespace(
    share=0.3,
    edge=60.0,
    circles=(
        Circle(23.6335, 37.9437, 260),  # the quay west of the port's mouth
        Circle(23.6250, 37.9365, 330),  # the naval school and the outer mole
        Circle(23.6402, 37.9460, 150),  # the piers of the passenger port
        Circle(23.6362, 37.9388, 130),  # the pier on the southern side
        Circle(23.6690, 37.9400, 330),  # the marina of Faliro
        Circle(23.6525, 37.9318, 130),  # the moles of Zea
        Circle(23.6310, 37.9530, 300),  # yards in the north-west
    ),
)

# A new version of the app, taken up within weeks from a day on: it asks all how safe they felt (`feeling`: the share of
# alerts other than risks that say it; before, 0.12). With it come `NEW_HABITS`; the later export has a column more.
NEW_APP: Final = SimpleNamespace(start=dt.date(2024, 11, 1), weeks=10, feeling=0.40, version="2.1")


# Weights of the 24 hours of a day.
HOURS: Final = {
    "day": [1, 1, 1, 1, 1, 2, 4, 7, 9, 9, 9, 9, 9, 8, 7, 7, 8, 9, 9, 8, 6, 4, 3, 2],
    "commute": [1, 1, 1, 1, 1, 2, 6, 11, 12, 8, 7, 8, 8, 8, 8, 9, 11, 13, 12, 9, 6, 4, 3, 2],
    "evening": [6, 4, 2, 1, 1, 1, 1, 2, 3, 3, 3, 3, 4, 4, 4, 5, 6, 8, 10, 12, 13, 13, 12, 9],
    "night": [13, 11, 9, 6, 4, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 4, 6, 8, 11, 13, 14],
    "school": [1, 1, 1, 1, 1, 1, 1, 4, 6, 5, 5, 6, 7, 9, 10, 10, 11, 13, 13, 11, 8, 5, 3, 2],
}

# Weights of Monday to Sunday.
WEEKDAYS: Final = {
    "even": [10, 10, 10, 10, 10, 10, 10],
    "work": [12, 12, 12, 12, 11, 7, 5],
    "weekend": [7, 7, 7, 8, 13, 16, 13],
}

# Weights of January to December.
SEASONS: Final = {
    "even": [10] * 12,
    "summer": [8, 8, 9, 10, 11, 13, 14, 13, 12, 10, 8, 8],
    "winter": [13, 12, 11, 9, 8, 7, 7, 7, 9, 11, 13, 14],
}

# Local hours (clock time) at which the sun rises and sets in Piraeus around the middle of each month.
SUNRISE: Final = np.array([7.65, 7.3, 6.65, 6.95, 6.25, 6.05, 6.25, 6.65, 7.1, 7.5, 7.0, 7.45])
SUNSET: Final = np.array([17.45, 18.0, 18.5, 19.9, 20.4, 20.8, 20.8, 20.3, 19.55, 18.8, 17.25, 17.1])


@dataclass(frozen=True)
class Habit:
    """How a category behaves.

    `share`: weight among the background alerts. `women`: share of women among affected women and men. `lag`: median
    hours until it is reported. `severity`: centre of the scale 1 to 5. `span`: often only a span of hours is known.
    """

    kind: str
    share: float
    hours: str
    weekdays: str
    season: str
    women: float
    lag: float
    severity: float
    span: bool = False


HABITS: Final = {
    "graffiti": Habit("incivility", 5.5, "day", "work", "even", 0.50, 4, 1.8),
    "vandalism": Habit("offence", 4.5, "evening", "weekend", "even", 0.48, 3, 2.6),
    "playground_damage": Habit("offence", 2.5, "school", "even", "summer", 0.60, 6, 2.5),
    "lighting_poor": Habit("risk", 9.0, "night", "even", "winter", 0.57, 2, 2.6),
    "building_abandoned": Habit("risk", 4.0, "day", "work", "even", 0.50, 8, 2.8),
    "litter_dumping": Habit("incivility", 11.0, "day", "even", "summer", 0.52, 3, 1.7),
    "vehicle_abandoned": Habit("incivility", 3.5, "day", "work", "even", 0.42, 12, 1.5),
    "noise": Habit("incivility", 9.0, "night", "weekend", "summer", 0.50, 0.5, 2.2),
    "public_drinking": Habit("incivility", 4.5, "night", "weekend", "summer", 0.50, 0.5, 2.1),
    "parking_obstruction": Habit("incivility", 7.5, "day", "work", "even", 0.47, 0.4, 1.6),
    "pickpocketing": Habit("offence", 4.0, "commute", "work", "summer", 0.55, 3, 3.0),
    "theft_bag": Habit("offence", 3.5, "evening", "even", "even", 0.60, 2, 3.4),
    "burglary": Habit("offence", 3.0, "day", "even", "summer", 0.50, 5, 3.7, span=True),
    "vehicle_theft": Habit("offence", 3.5, "night", "even", "even", 0.36, 4, 3.5, span=True),
    "theft_from_vehicle": Habit("offence", 4.5, "night", "even", "even", 0.42, 4, 2.9, span=True),
    "robbery": Habit("offence", 1.2, "night", "even", "even", 0.42, 3, 4.3),
    "assault": Habit("offence", 2.0, "night", "weekend", "even", 0.33, 5, 4.1),
    "threats": Habit("offence", 2.0, "evening", "even", "even", 0.46, 10, 3.2),
    "drug_dealing": Habit("offence", 2.5, "evening", "even", "even", 0.48, 3, 3.3),
    "drug_use": Habit("incivility", 3.0, "evening", "even", "even", 0.50, 1, 2.8),
    "harassment_verbal": Habit("offence", 3.2, "evening", "even", "summer", 0.88, 14, 3.2),
    "following": Habit("offence", 1.2, "night", "even", "even", 0.89, 16, 3.8),
    "indecent_exposure": Habit("offence", 0.7, "evening", "even", "summer", 0.86, 20, 3.4),
    "unwanted_touching": Habit("offence", 0.7, "commute", "even", "even", 0.90, 30, 4.0),
    "sexual_assault": Habit("offence", 0.25, "night", "weekend", "even", 0.90, 70, 4.9),
    "domestic_violence": Habit("offence", 0.8, "evening", "weekend", "even", 0.84, 20, 4.4),
    "feels_unsafe": Habit("risk", 8.0, "evening", "even", "winter", 0.62, 1.5, 2.9),
    "online_fraud": Habit("offence", 2.0, "day", "work", "even", 0.50, 30, 2.8),
}

# Offered by the new version of the app only (`NEW_APP`): no alert before it has them.
NEW_HABITS: Final = {
    "escooter_obstruction": Habit("incivility", 4.0, "day", "even", "summer", 0.52, 0.5, 1.7),
    "bulky_waste": Habit("incivility", 3.0, "day", "work", "even", 0.51, 5, 1.6),
}

AGES: Final = {"under_18": 0.05, "18_29": 0.24, "30_44": 0.27, "45_64": 0.23, "65_plus": 0.10, "": 0.11}

PHRASES: Final = (
    "Συμβαίνει συχνά.",
    "Στη γωνία, δίπλα στη στάση.",
    "Το έχω αναφέρει ξανά.",
    "Παρακαλώ να ελεγχθεί.",
    "Κοντά στο περίπτερο.",
)


def is_dark(month: np.ndarray, hour: np.ndarray) -> np.ndarray:
    """Whether the sun is down for the whole of a clock hour, by month (1 to 12) and hour (0 to 23)."""
    return (hour >= np.ceil(SUNSET[month - 1])) | (hour + 1 <= np.floor(SUNRISE[month - 1]))


def hour_weights(name: str) -> np.ndarray:
    """The weights of a named daily rhythm as probabilities."""
    weights = np.array(HOURS[name], float)
    return weights / weights.sum()


def day_weights(habit: Habit, weekday: np.ndarray, month: np.ndarray) -> np.ndarray:
    """Relative frequency of a category on days given by weekday (0 Monday) and month (1 to 12); 1 on average."""
    week, year = np.array(WEEKDAYS[habit.weekdays], float), np.array(SEASONS[habit.season], float)
    return week[weekday] / week.mean() * year[month - 1] / year.mean()


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
UNDISCLOSED: Final = 0.12  # over the whole time
UNMAPPED: Final = 0.035


@dataclass
class Ground:
    """The land and the smooth intensity of the background over it."""

    land: shapely.Geometry = field(
        default_factory=lambda: shape(json.loads(LAND.read_text("utf-8"))["features"][0]["geometry"])
    )
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
