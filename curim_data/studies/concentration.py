"""How few places hold most alerts, on the counts that the audience may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from analysis.concentration import Concentration, concentration
from analysis.stats.result import Choice
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Translator
from curim_data.studies.hot_spots import HotSpotStudy, hot_spot_study

# Points of the curve that are given out; more cannot be distinguished.
CURVE_POINTS: Final = 300


@dataclass(frozen=True)
class ConcentrationStudy:
    """Concentration over the cells of the map: their size and what was left out are known before the random maps."""

    cells: HotSpotStudy
    concentration: Concentration

    @property
    def choices(self) -> tuple[Choice, ...]:
        """How large the places are, which alerts were left out, and what chance is."""
        about = tuple(choice for choice in self.cells.choices if choice.name in ("resolution", "piles", "cells"))
        return (*about, *self.concentration.choices)

    def gini_sentence(self, t: Translator) -> str:
        """The generalised Gini with its random benchmark."""
        found = self.concentration
        return t(
            "Generalised Gini: {gini} (0: as even as so many alerts can be, 1: all in one place). By chance it "
            "would be {chance} ({low} to {high}); {p}.",
            gini=_number(t, found.generalised),
            chance=_number(t, found.chance_generalised.value),
            low=_number(t, found.chance_generalised.low),
            high=_number(t, found.chance_generalised.high),
            p=t.p(found.p, least=found.p <= found.least_p),
        )


def concentration_study(source: Source, f: AlertFilter, resolution: int | None = None) -> ConcentrationStudy:
    """Concentration over the cells of the same filter's hot-spot map, without default coordinates, empty cells counted.

    The places are those of the whole city, whatever area the filter names. `resolution` as for `hot_spot_study`.
    """
    return concentration_of_study(hot_spot_study(source, f, resolution))


def concentration_of_study(study: HotSpotStudy) -> ConcentrationStudy:
    """Concentration over the cells of a hot-spot map."""
    return ConcentrationStudy(study, concentration(study.cells.frame, scatter=study.hot.scatter))


def curve_frame(found: Concentration) -> pd.DataFrame:
    """The curve, thinned to what can be drawn."""
    at = np.unique(np.linspace(0, found.cells, min(found.cells + 1, CURVE_POINTS)).round().astype(int))
    return pd.DataFrame(
        {
            "places": found.curve_places[at].round(5),
            "alerts": found.curve_alerts[at].round(5),
            "chance": found.curve_chance[at].round(5),
        }
    )


def _number(t: Translator, value: float) -> str:
    """Two decimals, and no minus before a zero."""
    return t.number(round(value, 2) + 0.0, 2)
