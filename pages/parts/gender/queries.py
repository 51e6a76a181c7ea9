"""The cached studies of the Gender page."""

from __future__ import annotations

from analysis.gender import CategoryRatios, GenderShares, PerceivedSafety
from curim_data.filters import AlertFilter
from curim_data.model import Message
from curim_data.studies import gender
from curim_data.studies.gender import LightStudy, PlaceStudy, ReporterRates
from pages.parts.frame import Dataset, cached, calculated, source_of


@cached
def shares(dataset: Dataset, chosen: AlertFilter, column: str) -> GenderShares:
    """Alerts by the gender of the person affected, or of the reporter."""
    return gender.share_study(source_of(dataset), chosen, column)


@calculated(Message("Comparing the categories by gender"))
def weights(dataset: Dataset, chosen: AlertFilter) -> CategoryRatios:
    """Which categories affect whom more."""
    return gender.weight_study(source_of(dataset), chosen)


def work_out_first(dataset: Dataset, f: AlertFilter) -> None:
    """Work out what is chosen for all readers, as `briefing.queries.work_out_first` does."""
    weights(dataset, f)
    places(dataset, f)


@cached
def light(dataset: Dataset, chosen: AlertFilter) -> LightStudy:
    """Day and night by gender."""
    return gender.light_study(source_of(dataset), chosen)


@cached
def feeling(dataset: Dataset, chosen: AlertFilter) -> PerceivedSafety:
    """How safe people felt, by gender."""
    return gender.feeling_study(source_of(dataset), chosen)


@calculated(Message("Comparing the places by gender"))
def places(dataset: Dataset, chosen: AlertFilter) -> PlaceStudy:
    """Places that differ, and places where women alert little."""
    return gender.place_study(source_of(dataset), chosen)


@cached
def rates(dataset: Dataset, chosen: AlertFilter) -> ReporterRates | None:
    """Alerts per 1,000 residents; None where the profile has no residents by gender."""
    return gender.rate_study(source_of(dataset), chosen)
