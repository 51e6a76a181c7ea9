"""The cached studies of the Gender page."""

from __future__ import annotations

from analysis.gender import CategoryRatios, GenderShares, PerceivedSafety
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Message
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies import gender
from curim_data.studies.gender import LightStudy, PlaceStudy, ReporterRates
from pages.parts.frame import Dataset, cached, calculated, source_of
from pages.parts.frame.page import dataset_of
from pages.parts.frame.waiting import worked_out


@cached
def shares(dataset: Dataset, chosen: AlertFilter, audience: Audience, column: str) -> GenderShares:
    """Alerts by the gender of the person affected, or of the reporter."""
    return gender.share_study(source_of(dataset), chosen, audience, column)


@calculated(Message("Comparing the categories by gender"))
def weights(dataset: Dataset, chosen: AlertFilter, audience: Audience) -> CategoryRatios:
    """Which categories affect whom more."""
    return gender.weight_study(source_of(dataset), chosen, audience)


def work_out_first(home: Home, period: str) -> None:
    """Work out what is chosen for all readers of a period by its name, as `briefing.queries.work_out_first` does."""
    for audience in (Audience.SPECIALIST, Audience.COUNCIL):
        asked = dataset_of(home, open_for(home, audience), audience), AlertFilter(period=period), audience
        worked_out(weights, *asked)
        worked_out(places, *asked)


@cached
def light(dataset: Dataset, chosen: AlertFilter, audience: Audience) -> LightStudy:
    """Day and night by gender."""
    return gender.light_study(source_of(dataset), chosen, audience)


@cached
def feeling(dataset: Dataset, chosen: AlertFilter, audience: Audience) -> PerceivedSafety:
    """How safe people felt, by gender."""
    return gender.feeling_study(source_of(dataset), chosen, audience)


@calculated(Message("Comparing the places by gender"))
def places(dataset: Dataset, chosen: AlertFilter, audience: Audience) -> PlaceStudy:
    """Places that differ, and places where women alert little."""
    return gender.place_study(source_of(dataset), chosen, audience)


@cached
def rates(dataset: Dataset, chosen: AlertFilter, audience: Audience) -> ReporterRates | None:
    """Alerts per 1,000 residents; None where the profile has no residents by gender."""
    return gender.rate_study(source_of(dataset), chosen, audience)
