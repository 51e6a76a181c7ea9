"""Places compared by the share among all alerts, or by residents, instead of land."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from analysis.hotspots.cell_significance import hot_cells
from analysis.hotspots.surroundings import Denominator
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile, Translator
from curim_data.studies.hot_spots import (
    DenominatorError,
    all_alerts_filter,
    denominator_for,
    denominator_obstacle,
    hot_spot_study,
    residents_by_district,
)
from tests.small import alert, small_city, small_source
from tests.stored import seen_by

WOMEN = AlertFilter(period="all", affected=("woman",))


def peopled(city: CityProfile, people: dict[str, float]) -> CityProfile:
    return replace(city, population=pd.DataFrame({"district": list(people), "total": list(people.values())}))


def counts(city: CityProfile, n: int, seed: int = 0) -> pd.DataFrame:
    land = city.land_cells(10)
    drawn = np.random.default_rng(seed).multinomial(n, land / land.sum()).astype(float)
    return pd.DataFrame({"n": drawn, "land_km2": land})


def test_the_test_is_binomial_with_the_share_of_the_base(city: CityProfile) -> None:
    """The slow twin for cells alone (k = 0): one probability a cell, nothing else."""
    everything = counts(city, 8_000)
    kind = everything.assign(n=np.random.default_rng(1).binomial(everything["n"].astype(int), 0.3).astype(float))
    found = hot_cells(kind, base=Denominator.of(everything["n"], "residents"), k=0, margin=1.0).frame
    total, base = kind["n"].sum(), everything["n"].sum()
    for cell in found.index[:: len(found) // 40]:
        p = binom.sf(kind["n"][cell] - 1, total, everything["n"][cell] / base)
        assert found["p"][cell] == pytest.approx(p, rel=1e-9)


def test_a_cell_without_a_base_is_never_marked_and_counts_nowhere(city: CityProfile) -> None:
    """A square where nobody lives is not infinitely hot, and its alerts are not those of other people's homes."""
    frame = counts(city, 3_000)
    base = 100 * frame["land_km2"]
    square = int(frame["land_km2"].idxmax())
    frame.loc[square, "n"] = 500
    base[square] = 0
    found = hot_cells(frame, base=Denominator.of(base, "residents"))
    assert not found.frame["hot"][square]
    assert found.n == 3_000 - counts(city, 3_000)["n"][square]
    assert np.isnan(found.frame["rate"][square])
    absent = hot_cells(frame, base=Denominator.of(base.drop(square), "residents"))
    assert (absent.frame["p"] == found.frame["p"]).all()


def test_a_sliver_with_hardly_a_resident_is_not_hot(city: CityProfile) -> None:
    city = peopled(city, {area.id: 20_000.0 for area in city.districts})
    source_free = counts(city, 500)
    frame = base_frame(city)
    sliver = int(frame["n"][frame["n"] > 0].idxmin())
    source_free.loc[sliver, "n"] = 2
    assert not hot_cells(source_free, base=Denominator("residents", frame)).frame["hot"][sliver]
    bare = Denominator("residents", frame.assign(least=0.0))
    assert hot_cells(source_free, base=bare).frame["p"][sliver] < 1e-3


def base_frame(city: CityProfile) -> pd.DataFrame:
    from curim_data.studies.hot_spots import _residents

    return _residents(city, 10).frame


def test_residents_are_spread_over_the_land_of_their_district(city: CityProfile) -> None:
    city = peopled(city, {"zone_1": 10_000.0, "zone_2": 30_000.0})
    frame = base_frame(city)
    assert frame["n"].sum() == pytest.approx(40_000)
    assert (frame["least"].dropna() >= 0).all()
    assert 0 < frame["n"].isna().sum() < len(frame)
    assert residents_by_district(replace(city, population=None)) is None
    both = pd.DataFrame({"district": ["zone_1"], "women": [6], "men": [5]})
    told = residents_by_district(replace(city, population=both))
    assert told.to_dict() == {"zone_1": 11.0}


@pytest.mark.slow
def test_on_the_sample_the_share_of_women_is_high_where_that_was_planted(source: Source, t: Translator) -> None:
    f = WOMEN.replace(dark=True)
    by_land = hot_spot_study(source, f)
    study = hot_spot_study(source, f, base="alerts")
    assert 0 < len(study.spots) < len(by_land.spots)
    spot = study.spots[0]
    inside = study.hot.frame.loc[list(spot.cells)]
    assert spot.base_n == inside["base"].sum()
    assert spot.n == inside["n"].sum() < spot.base_n
    assert study.hot.rates.mean < spot.rate < spot.n / spot.base_n
    assert f"of the {t.number(spot.base_n)} alerts here" in spot.sentence(t)
    assert f"among all {t.number(round(study.hot.base_total))} alerts" in study.hot.sentence(t)
    told = " ".join(t(choice.explanation) for choice in study.choices)
    for words in (
        "share of these alerts among all alerts",
        "empirical Bayes",
        "rest of the city",
        "default of the app",
    ):
        assert words in told


def test_what_a_filter_or_a_city_has_no_base_for(source: Source, city: CityProfile) -> None:
    assert all_alerts_filter(WOMEN) == AlertFilter(period="all")
    assert denominator_obstacle("alerts", AlertFilter(period="28d", districts=("zone_1",)), source) is not None
    assert denominator_obstacle("alerts", WOMEN, source) is None
    assert denominator_obstacle("residents", WOMEN, source) is not None
    with pytest.raises(DenominatorError, match="no residents by district"):
        hot_spot_study(source, WOMEN, base="residents")
    with pytest.raises(DenominatorError, match="already holds all alerts"):
        hot_spot_study(source, AlertFilter(), base="alerts")
    sensitive = AlertFilter(categories=(next(iter(city.sensitive)),))
    with pytest.raises(DenominatorError, match="different sizes"):
        denominator_for(seen_by(source, Audience.COUNCIL), sensitive, 8, "alerts")


def test_residents_give_rates_by_thousand(source: Source, t: Translator, city: CityProfile) -> None:
    lived_in = replace(source, city=peopled(city, {area.id: 20_000.0 for area in city.districts}))
    study = hot_spot_study(lived_in, WOMEN, base="residents")
    assert study.spots
    assert "residents live and" in study.spots[0].sentence(t)
    assert "per 1,000 residents" in study.spots[0].sentence(t)
    assert "relative to 100,000 residents" in study.hot.sentence(t)
    assert "wrong base for squares" in " ".join(t(choice.explanation) for choice in study.choices)


def test_the_council_has_the_base_and_the_shares_of_all_its_cells(tmp_path: Path) -> None:
    """Also where few alerts of any kind lie: nothing is left out of what is worked out."""
    rows = [
        alert(number, category="noise" if number % 2 else "lighting_poor", point=(23.640 + 1e-6 * number, 37.945))
        for number in range(40)
    ]
    rows += [alert(100 + number, point=(23.650, 37.955)) for number in range(3)]
    source = small_source(tmp_path, rows, small_city())
    f = AlertFilter(period="all", categories=("noise",))
    told, exact = (
        hot_spot_study(seen_by(source, who), f, 9, "alerts").hot.frame for who in (Audience.COUNCIL, Audience.ANALYST)
    )
    pd.testing.assert_frame_equal(told, exact)
    assert sorted(told["base"][told["base"] > 0]) == [3, 40]
    base = denominator_for(seen_by(source, Audience.COUNCIL), f, 9, "alerts")
    assert base.frame["n"].notna().all()
