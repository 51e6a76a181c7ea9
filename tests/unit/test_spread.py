"""A first file that holds a region or a country is told for what it is, and a part of it can be the city."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from curim_data import query
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import import_file, preview
from curim_data.model import Answers, Audience, ImportProblem, Question, Translator
from curim_data.profile.provisional import RADII_KM, Circle, parse_circle, spread_of
from curim_data.protection import open_for
from curim_data.store import Home
from curim_data.studies.hot_spots import hot_spot_study

# A made-up country: towns by longitude, latitude, spread in kilometres and alerts; the first is the largest.
TOWNS = ((21.0, 52.0, 4.0, 900), (17.0, 51.1, 3.0, 500), (19.9, 50.0, 2.0, 400), (14.6, 53.4, 1.5, 200))
SCATTERED = 200
ALERTS = sum(town[3] for town in TOWNS) + SCATTERED


def town(longitude: float, latitude: float, km: float, n: int, seed: int = 0) -> np.ndarray:
    east, north = np.random.default_rng(seed).normal(0, km / 111.2, (2, n))
    return np.column_stack([longitude + east / np.cos(np.radians(latitude)), latitude + north])


def country() -> np.ndarray:
    random = np.random.default_rng(9)
    open_land = np.column_stack([random.uniform(14.5, 23.5, SCATTERED), random.uniform(49.8, 53.8, SCATTERED)])
    return np.vstack([*(town(*one, seed) for seed, one in enumerate(TOWNS)), open_land]).round(5)


def export_of(points: np.ndarray) -> bytes:
    days = pd.date_range("2024-01-01", periods=len(points), freq="3h")
    table = pd.DataFrame({"id": range(len(points)), "date": days, "category": "Noise"})
    table[["longitude", "latitude"]] = points
    text = io.StringIO()
    table.to_csv(text, index=False)
    return text.getvalue().encode()


@pytest.fixture(scope="module")
def national() -> bytes:
    return export_of(country())


def test_a_country_is_told_and_its_towns_are_found(t: Translator) -> None:
    spread = spread_of(country())
    assert spread.kind == "country"
    assert t(spread.statement).endswith("km²: a country, not a city.")
    assert spread.asks
    found = [(area.circle.longitude, area.circle.latitude) for area in spread.areas]
    for (longitude, latitude, _, n), (x, y), area in zip(TOWNS, found, spread.areas, strict=False):
        assert np.hypot((x - longitude) * 0.62, y - latitude) < 0.02
        assert area.share == pytest.approx(n / ALERTS, rel=0.2)  # the edge of a town is no sharp one


@given(
    st.lists(
        st.tuples(st.floats(-60, 60), st.floats(-60, 60), st.floats(0.2, 6), st.integers(30, 300)),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=40, deadline=None)
def test_no_alert_counts_in_two_dense_areas(towns: list[tuple[float, float, float, int]]) -> None:
    points = np.vstack([town(*one, seed) for seed, one in enumerate(towns)])
    spread = spread_of(points)
    shares = [area.share for area in spread.areas]
    assert sum(shares) <= 1 + 1e-9
    assert shares == sorted(shares, reverse=True)
    assert all(0 < area.circle.radius_km <= RADII_KM[-1] for area in spread.areas)
    assert spread.default in ("whole", "densest")
    assert spread.n == len(points)


@pytest.mark.parametrize(("km", "kind"), [(3, "city"), (25, "region"), (60, "country")])
def test_the_area_decides_what_it_is(km: float, kind: str) -> None:
    random = np.random.default_rng(1)
    east, north = random.uniform(-km, km, (2, 6000)) / 111.2
    assert spread_of(np.column_stack([10 + east / np.cos(np.radians(45)), 45 + north])).kind == kind


def test_the_circle_of_an_answer() -> None:
    assert parse_circle("23.65, 37.94,10") == Circle(23.65, 37.94, 10)
    assert parse_circle(Circle(-72.322, 18.5, 12).word) == Circle(-72.322, 18.5, 12)
    for text in ("", "Paris", "1,2", "200,0,5", "0,95,5", "0,0,0", "0,0,inf", "nan,0,5"):
        with pytest.raises(ImportProblem, match="whole, densest"):
            parse_circle(text)


@pytest.mark.slow
def test_the_whole_of_a_country_has_cells_that_can_be_had(national: bytes, tmp_path: Path) -> None:
    home = Home(tmp_path)
    report = import_file(home, national, "national.csv", answers=Answers(area="whole"))
    assert report.batch.accepted == ALERTS
    source = open_source(home)
    assert source.city.area_km2 > 10_000
    study = hot_spot_study(source, AlertFilter(period="all"))
    assert len(study.cells.frame) <= 100_000
    council = hot_spot_study(open_for(home, Audience.COUNCIL), AlertFilter(period="all"))
    assert len(council.cells.frame) <= 50_000


@pytest.mark.slow
def test_the_densest_part_is_the_city_and_nothing_is_lost(national: bytes, tmp_path: Path, t: Translator) -> None:
    home = Home(tmp_path)
    report = import_file(home, national, "national.csv", answers=Answers(area="densest"))
    assert (report.batch.read, report.batch.accepted) == (ALERTS, ALERTS)
    assert any("within" in t(said) for said in report.decisions)
    assert "--" not in " ".join(t(said) for said in report.decisions), "options are of the command line"
    assert "--area whole" in " ".join(t(said) for said in report.options)
    assert "--area whole" in report.sentence(t)
    source = open_source(home)
    assert source.city.part
    assert source.city.area_km2 < 2_000
    assert shapely.contains_xy(source.city.land, *TOWNS[0][:2])
    total = query.total(source, AlertFilter(period="all"))
    assert total.n == ALERTS
    assert total.mapped == pytest.approx(TOWNS[0][3], rel=0.05)
    assert (total.outside or 0) + (total.mapped or 0) == ALERTS
    again = import_file(home, national, "national.csv")  # most lies outside by choice: not asked again
    assert again.batch.duplicate == ALERTS


def test_another_town_can_be_the_city_of_another_home(national: bytes, tmp_path: Path) -> None:
    area = spread_of(country()).areas[1]
    import_file(Home(tmp_path / "b"), national, "national.csv", answers=Answers(area=area.circle.word))
    city = Home(tmp_path / "b").city()
    assert shapely.contains_xy(city.land, *TOWNS[1][:2])
    assert not shapely.contains_xy(city.land, *TOWNS[0][:2])
    assert f"--area={area.circle.word}" in area.command("national file.csv", 2)
    assert "'national file.csv'" in area.command("national file.csv", 2)


def test_an_area_that_cannot_be_is_refused(national: bytes, tmp_path: Path) -> None:
    home = Home(tmp_path)
    with pytest.raises(ImportProblem, match="No alert lies within"):
        import_file(home, national, "national.csv", answers=Answers(area="-100,40,5"))
    assert not home.has_city()
    import_file(home, national, "national.csv", answers=Answers(area="densest"))
    with pytest.raises(ImportProblem, match="has its city already"):
        import_file(home, national, "national.csv", answers=Answers(area="whole"))
    elsewhere = export_of(town(2.35, 48.85, 2, 60))
    with pytest.raises(Question, match="lie outside"):  # nothing of it lies in the city
        import_file(home, elsewhere, "paris.csv")


@pytest.mark.slow
def test_the_preview_shows_what_would_be_taken(national: bytes) -> None:
    usual = preview(national, "national.csv", None)
    assert usual.first.area == usual.first.spread.default
    whole = preview(national, "national.csv", None, answers=Answers(area="whole"))
    part = preview(national, "national.csv", None, answers=Answers(area="densest"))
    assert part.report.outside > whole.report.outside
    assert part.city.area_km2 < whole.city.area_km2
    known = preview(national, "national.csv", part.city)
    assert known.first is None
