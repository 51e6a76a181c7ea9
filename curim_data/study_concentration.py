"""How few places hold most alerts, on the counts that the audience may see."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.concentration import Concentration, concentration
from analysis.result import Choice
from curim_data.access import Audience
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.studies import HotSpotStudy, hot_spot_study


@dataclass(frozen=True)
class ConcentrationStudy:
    """Concentration over the cells of the map: their size and what was set aside are told before the random maps."""

    cells: HotSpotStudy
    found: Concentration

    @property
    def choices(self) -> tuple[Choice, ...]:
        """How large the places are, which alerts were set aside, and what chance is."""
        about = tuple(choice for choice in self.cells.choices if choice.name in ("resolution", "piles"))
        return (*about, *self.found.choices)


def concentration_study(
    source: Source, f: AlertFilter, audience: Audience, resolution: int | None = None
) -> ConcentrationStudy:
    """Concentration over the cells of the hot-spot map of the same filter, piles set aside, empty cells counted.

    The places are those of the whole city, whatever area the filter names. `resolution` as for `hot_spot_study`.
    """
    return concentration_of(hot_spot_study(source, f, audience, resolution))


def concentration_of(study: HotSpotStudy) -> ConcentrationStudy:
    """Concentration over the cells of a hot-spot map."""
    return ConcentrationStudy(study, concentration(study.cells.frame))
