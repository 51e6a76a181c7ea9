"""The spatial point pattern test of the sample: the planted step, counts and S by hand, exact audiences alone."""

from __future__ import annotations

import dataclasses
import tomllib

import numpy as np
import pytest

import sample_data
from curim_data import query
from curim_data.engine import Source, open_source
from curim_data.filters import AlertFilter
from curim_data.model import LANGUAGES, Audience, translator
from curim_data.privacy import DisclosureError
from curim_data.store import Home
from curim_data.studies.compare import CompareError
from curim_data.studies.pattern_test import LEAST_AREAS, LEAST_MEAN, pattern_study

YEAR = AlertFilter()


@pytest.fixture(scope="module")
def source(sample: Home) -> Source:
    return open_source(sample)


def test_the_places_that_became_hot_are_the_areas_that_differ(source: Source) -> None:
    study = pattern_study(source, AlertFilter(period="quarter"), Audience.ANALYST, "before")
    planted = tomllib.loads(sample_data.TRUTHS.read_text("utf-8"))["hot_spot"]
    new = {spot["place"] for spot in planted if spot["class"] == "new"}
    assert new
    assert new <= {area.name.place for area in study.changed if area.more > 0}  # type: ignore[attr-defined]


def test_counts_shares_and_s_by_hand(source: Source) -> None:
    study = pattern_study(source, YEAR, Audience.ANALYST, "before")
    sides = [
        query.cells(source, f, study.resolution, Audience.ANALYST).frame["n"]
        for f in (study.pair.first, study.pair.second)
    ]
    first, second = sides
    assert (study.n_a, study.n_b) == (first.sum(), second.sum())
    for area in study.changed:
        (cell,) = area.cells
        assert (area.n_a, area.n_b) == (first[cell], second[cell])
        assert area.share_a == pytest.approx(first[cell] / first.sum())
        assert area.more == np.sign(area.share_a - area.share_b)
    occupied = int((first + second > 0).sum())
    assert study.pattern.s == pytest.approx(1 - len(study.changed) / len(first))
    assert study.pattern.robust_s == pytest.approx(1 - len(study.changed) / occupied)
    for lang in LANGUAGES:
        t = translator(lang)
        assert t.number(occupied) in study.sentence(t)
        assert all(t(choice.explanation) for choice in study.choices)


def test_districts_are_areas_too(source: Source) -> None:
    study = pattern_study(source, AlertFilter(period="all"), Audience.ANALYST, "gender", "districts")
    assert len(study.pattern.occupied) == len(source.city.districts)
    women = query.counts(source, study.pair.first, ["district"], Audience.ANALYST).frame
    known = women.dropna(subset=["district"]).set_index("district")["n"]
    assert study.n_a == known.sum()
    assert study.changed
    assert all(area.n_a == known[area.id] for area in study.changed)
    assert all(area.name(translator("en")).startswith("Zone") for area in study.changed)
    city = dataclasses.replace(source.city, districts=())
    with pytest.raises(CompareError, match="no districts"):
        pattern_study(dataclasses.replace(source, city=city), YEAR, Audience.ANALYST, "year", "districts")


@pytest.mark.parametrize("period", ["28d", "quarter", "all"])
def test_areas_are_as_fine_as_their_counts_allow(source: Source, period: str) -> None:
    study = pattern_study(source, AlertFilter(period=period), Audience.ANALYST, "light")
    assert (study.n_a + study.n_b) / study.pattern.occupied.sum() >= LEAST_MEAN or (
        study.pattern.occupied.sum() < 7 * LEAST_AREAS
    )
    picked = pattern_study(source, AlertFilter(period=period), Audience.ANALYST, "light", resolution=9)
    assert picked.resolution == 9


@pytest.mark.parametrize("audience", [Audience.COUNCIL, Audience.PUBLIC])
def test_who_sees_no_exact_counts_gets_nothing(source: Source, audience: Audience) -> None:
    for areas in ("cells", "districts"):
        with pytest.raises(DisclosureError, match="analysts and specialists"):
            pattern_study(source, YEAR, audience, "before", areas)  # type: ignore[arg-type]
