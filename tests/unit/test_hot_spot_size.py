"""Cells grow until the test of hot spots can tell; places compared by the share among all alerts, or by residents."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from shapely.geometry import Polygon, box

from analysis.hotspots.cell_significance import hot_cells, planned_power
from analysis.hotspots.surroundings import Denominator
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile, Translator
from curim_data.studies import hot_spots
from curim_data.studies.cells import cell_size
from curim_data.studies.spot_profiles import concentration_study
from tests.small import alert, small_city, small_source
from tests.stored import seen_by

EVERY = AlertFilter(period="all")
# Some 30 km square: 170 cells of 2.3 km.
WIDE = box(23.4, 37.8, 23.74, 38.07)
SMALL = box(23.58, 37.93, 23.62, 37.96)
CROWDED = (23.60, 37.95)


def source_of(folder: Path, n: int, land: Polygon = WIDE) -> Source:
    """So many alerts all over a city, every eighth of them in one quarter."""
    rng = np.random.default_rng(2)
    west, south, east, north = land.bounds
    rows = []
    for number in range(n):
        point = (rng.uniform(west, east), rng.uniform(south, north))
        if number % 8 == 0:
            point = (CROWDED[0] + rng.uniform(-0.007, 0.007), CROWDED[1] + rng.uniform(-0.006, 0.006))
        day = dt.date(2024, 6, 3) + dt.timedelta(days=int(rng.integers(360)))
        rows.append(alert(number, point=point, day=day, category="noise"))
    return small_source(folder, rows, replace(small_city(), land=land, districts=()))


def test_cells_grow_until_the_test_can_tell(tmp_path: Path, t: Translator) -> None:
    source = source_of(tmp_path, 400)
    first = int(cell_size(source, EVERY, None).value)
    study = hot_spots.hot_spot_study(source, EVERY)
    assert hot_spots.COARSEST_TESTED <= study.resolution < first
    assert not study.power.too_few
    for size in range(first, study.resolution, -1):
        assert hot_spots.hot_spot_study(source, EVERY, size).power.too_few
    assert [h3.latlng_to_cell(*CROWDED[::-1], study.resolution) in spot.cells for spot in study.spots] == [True]
    told = t(study.choices[0].explanation)
    assert "are too small for 400 alerts" in told
    assert study.choices[0] == hot_spots.hot_spot_size(source, EVERY)
    (size, *_) = concentration_study(source, EVERY).choices
    assert size == study.choices[0]


def test_the_size_stays_where_no_other_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_of(tmp_path, 400)
    given = hot_spots.hot_spot_study(source, EVERY, 9)
    assert (given.resolution, given.power.too_few) == (9, True)
    assert hot_spots.hot_spot_size(seen_by(source, Audience.COUNCIL), EVERY) == hot_spots.hot_spot_size(source, EVERY)
    for n in (0, 5):
        few = source_of(tmp_path, n)
        assert hot_spots.hot_spot_size(few, EVERY) == cell_size(few, EVERY, None)
    many = source_of(tmp_path, 1_500, SMALL)
    assert hot_spots.hot_spot_size(many, EVERY) == cell_size(many, EVERY, None)
    chosen = hot_spots.hot_spot_size(source, EVERY)
    assert len(source.city.land_cells(int(chosen.value))) >= hot_spots.LEAST_TESTED
    monkeypatch.setattr(hot_spots, "LEAST_TESTED", 100_000)
    source.cache.clear()
    assert hot_spots.hot_spot_size(source, EVERY) == cell_size(source, EVERY, None)


@pytest.mark.slow
@pytest.mark.parametrize("n", [250, 750])
def test_a_quiet_city_has_no_more_false_places_than_meant(n: int) -> None:
    """Alerts that fall anywhere, on maps whose size is chosen each by its power: at most 5 % hold a hot cell."""
    middle = h3.latlng_to_cell(40.7, -73.9, 9)
    fine = np.sort(np.asarray(h3.grid_disk(middle, 48), dtype=np.int64))
    parents = {size: [int(h3.cell_to_parent(cell, size)) for cell in fine.astype(np.uint64)] for size in (9, 8, 7)}
    rng, runs, wrong, sizes = np.random.default_rng(11), 80, 0, set()
    for _ in range(runs):
        counts = np.bincount(rng.integers(len(fine), size=n), minlength=len(fine)).astype(float)
        for size in (9, 8, 7):
            cells = pd.DataFrame({"n": counts, "land_km2": 0.105}).groupby(parents[size]).sum().rename_axis("cell")
            if not planned_power(cells).too_few:
                break
        sizes.add(size)
        wrong += bool(hot_cells(cells).frame["hot"].any())
    assert min(sizes) < 9
    assert binom.sf(wrong - 1, runs, 0.05) > 0.01


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
    frame = hot_spots._residents(city, 10).frame
    sliver = int(frame["n"][frame["n"] > 0].idxmin())
    source_free.loc[sliver, "n"] = 2
    assert not hot_cells(source_free, base=Denominator("residents", frame)).frame["hot"][sliver]
    bare = Denominator("residents", frame.assign(least=0.0))
    assert hot_cells(source_free, base=bare).frame["p"][sliver] < 1e-3


def test_residents_are_spread_over_the_land_of_their_district(city: CityProfile) -> None:
    city = peopled(city, {"zone_1": 10_000.0, "zone_2": 30_000.0})
    found = hot_spots._residents(city, 10)
    frame, (_, untested) = found.frame, found.choices
    assert untested.value == pytest.approx(city.land_cells(10)[frame["n"].isna()].sum())
    assert frame["n"].sum() == pytest.approx(40_000)
    assert (frame["least"].dropna() >= 0).all()
    assert 0 < frame["n"].isna().sum() < len(frame)
    assert hot_spots.residents_by_district(replace(city, population=None)) is None
    both = pd.DataFrame({"district": ["zone_1"], "women": [6], "men": [5]})
    told = hot_spots.residents_by_district(replace(city, population=both))
    assert told.to_dict() == {"zone_1": 11.0}


@pytest.mark.slow
def test_on_the_sample_the_share_of_women_is_high_where_that_was_planted(source: Source, t: Translator) -> None:
    f = WOMEN.replace(dark=True)
    by_land = hot_spots.hot_spot_study(source, f)
    study = hot_spots.hot_spot_study(source, f, base="alerts")
    assert 0 < len(study.spots) < len(by_land.spots)
    spot = study.spots[0]
    inside = study.hot.frame.loc[list(spot.cells)]
    assert spot.base_n == inside["base"].sum()
    assert spot.n == inside["n"].sum() < spot.base_n
    assert study.hot.rates.mean < spot.rate < spot.n / spot.base_n
    assert f"of the {t.number(spot.base_n)} alerts here" in spot.sentence(t)
    told = " ".join(t(choice.explanation) for choice in study.choices)
    wanted = ("share of these alerts among all", "default of the app")
    assert [words for words in wanted if words not in told] == []


def test_residents_give_rates_and_not_every_filter_has_a_base(source: Source, city: CityProfile, t: Translator) -> None:
    assert hot_spots.all_alerts_filter(WOMEN) == AlertFilter(period="all")
    narrow = AlertFilter(period="28d", districts=("zone_1",))
    assert hot_spots.denominator_obstacle("alerts", narrow, source) is not None
    assert hot_spots.denominator_obstacle("alerts", WOMEN, source) is None
    assert hot_spots.denominator_obstacle("residents", WOMEN, source) is not None
    sensitive = AlertFilter(categories=(next(iter(city.sensitive)),))
    with pytest.raises(hot_spots.DenominatorError, match="different sizes"):
        hot_spots.denominator_for(seen_by(source, Audience.COUNCIL), sensitive, 8, "alerts")
    lived_in = replace(source, city=peopled(city, {area.id: 20_000.0 for area in city.districts}))
    study = hot_spots.hot_spot_study(lived_in, WOMEN, base="residents")
    assert study.spots
    assert "residents live and" in study.spots[0].sentence(t)
    assert "per 1,000 residents" in study.spots[0].sentence(t)
    assert "wrong base for squares" in " ".join(t(choice.explanation) for choice in study.choices)


def test_the_council_has_the_base_and_the_shares_of_all_its_cells(tmp_path: Path) -> None:
    kinds = ("lighting_poor", "noise")
    rows = [alert(number, category=kinds[number % 2], point=(23.640 + 1e-6 * number, 37.945)) for number in range(40)]
    rows += [alert(100 + number, point=(23.650, 37.955)) for number in range(3)]
    source = small_source(tmp_path, rows, small_city())
    f = AlertFilter(period="all", categories=("noise",))
    both = (seen_by(source, who) for who in (Audience.COUNCIL, Audience.ANALYST))
    told, exact = (hot_spots.hot_spot_study(seen, f, 9, "alerts").hot.frame for seen in both)
    pd.testing.assert_frame_equal(told, exact)
    assert sorted(told["base"][told["base"] > 0]) == [3, 40]
    base = hot_spots.denominator_for(seen_by(source, Audience.COUNCIL), f, 9, "alerts")
    assert base.frame["n"].notna().all()
