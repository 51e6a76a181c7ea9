"""When made-up alerts happen, who sends them, and what becomes of them: the habits of each category.

Nothing here is measured. The habits are plausible and simple, so that every page has something to show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

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

# Offered by the new version of the app only (`places.NEW_APP`): no alert before it has them.
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
