from dataclasses import replace

import pytest

from analysis.plans import drafting
from analysis.plans.drafting import Measure, catalogue, covered_share, find_measure, rank_measures
from curim_data.model.plan import CategoryShare, Interval, Problem

STATION = Problem(
    place="piraeus_station",
    n=61,
    categories=(
        CategoryShare("harassment_verbal", 0.5),
        CategoryShare("lighting_poor", 0.3),
        CategoryShare("theft_bag", 0.2),
    ),
    dark_share=0.7,
    women=Interval(0.7, 0.6, 0.8),
    women_city=0.5,
)


@pytest.mark.parametrize("item", catalogue(), ids=lambda item: item.id)
def test_every_measure_is_complete(item: Measure) -> None:
    assert item.name
    assert item.mechanism
    assert item.outcome
    assert item.quality in ("strong", "moderate", "limited", "none")
    assert item.quality_reason
    assert item.direction in ("helps", "unclear", "none", "harms")
    assert item.citation
    assert item.url.startswith("http")
    assert item.verified in ("yes", "secondary")
    known = set(drafting._read()[1]) | {"dark", "women"}
    assert item.fits
    assert set(item.fits) | set(item.covers) <= known
    assert (item.value is None) == (item.effect_measure == "none")
    assert (item.low is None) == (item.high is None)
    if item.pct_change is not None:
        assert item.value is not None
        assert item.covers


def test_rank_puts_what_is_well_founded_first_and_cautions_last() -> None:
    fits = rank_measures(STATION)
    shelves = [
        2 if f.measure.cautioned else 0 if f.measure.value and f.measure.direction == "helps" else 1 for f in fits
    ]
    assert shelves == sorted(shelves)
    assert fits[0].measure.id == "harassment_patrol"
    assert all(fit.reasons for fit in fits)
    assert {fit.measure.id for fit in fits if fit.caution} >= {"bus_stop_patrol"}
    assert "alley_gates" not in {fit.measure.id for fit in fits}


def test_a_number_applies_only_to_the_alerts_it_was_found_for() -> None:
    lighting, patrol = find_measure("lighting_improved"), find_measure("harassment_patrol")
    assert lighting is not None
    assert patrol is not None
    assert covered_share(lighting, STATION) == pytest.approx(0.2)
    assert covered_share(patrol, STATION) == 0
    assert not patrol.usable


def test_women_count_only_where_the_interval_is_above_the_city() -> None:
    assert drafting.women_stand_out(STATION)
    assert not drafting.women_stand_out(replace(STATION, women=Interval(0.55, 0.45, 0.65)))
    assert not drafting.women_stand_out(replace(STATION, women=None))
