"""Made-up lines of quiet cities, on which bands and alarms are tried: weekly counts with bursts, season and drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from curim_data.model import FloatArray

WEEKS: Final = 521
A_YEAR: Final = 365.25 / 7
# Years of data: the weeks before this one are what is known.
LENGTHS: Final = {"½": (13, 26), "1": (39, 65), "2": (91, 117), "3": (143, 169), "10": (365, WEEKS)}


@dataclass(frozen=True)
class World:
    """A quiet city: alerts a week, reports of an alert (geometric), half the season's range, sd of a slow drift."""

    mean: float
    reports: float
    season: float
    drift: float = 0.0

    def draw(self, rng: np.random.Generator, series: int, weeks: int = WEEKS) -> FloatArray:
        """Weekly counts, one row a series, with its own time of the year."""
        time = np.arange(weeks)
        phase = rng.uniform(0, A_YEAR, (series, 1))
        rate = self.mean * (1 + self.season * np.sin(2 * np.pi * (time + phase) / A_YEAR))
        if self.drift:
            fade = 0.5 ** (1 / 52)
            risk = np.empty((series, weeks))
            risk[:, 0] = rng.normal(0, self.drift, series)
            for week in range(1, weeks):
                risk[:, week] = fade * risk[:, week - 1]
                risk[:, week] += rng.normal(0, self.drift * np.sqrt(1 - fade**2), series)
            rate = rate * np.exp(risk - self.drift**2 / 2)
        incidents = rng.poisson(rate / self.reports)
        if self.reports == 1:
            return incidents.astype(float)
        further = rng.negative_binomial(np.maximum(incidents, 1), 1 / self.reports)
        return (incidents + np.where(incidents > 0, further, 0)).astype(float)
