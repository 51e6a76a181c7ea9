"""A first file that holds a region or a country is told for what it is, and a part of it can be the city.

Several cities in one file: asked about, whether the home is new or has its city, and not asked of one city.
"""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

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
from curim_data.model import Answers, Audience, ImportProblem, Question, Translator, translator
from curim_data.profile.provisional import RADII_KM, Circle, DenseArea, Spread, parse_circle, spread_of
from curim_data.protection import open_for
from curim_data.store import Home, Store
from curim_data.studies.hot_spots import hot_spot_study
from tests.effort import FULL

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
    made = spread.areas[1].command("national file.csv", 2)
    assert made == f"curim import 'national file.csv' --home area-2 --area={spread.areas[1].circle.word}"


@pytest.mark.slow
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
    source = open_source(home)
    assert source.city.part
    assert source.city.area_km2 < 2_000
    assert shapely.contains_xy(source.city.land, *TOWNS[0][:2])
    total = query.total(source, AlertFilter(period="all"))
    assert total.mapped == pytest.approx(TOWNS[0][3], rel=0.05)
    assert (total.n, total.outside) == (total.mapped, 0), "only what lies in the area that was chosen counts"
    assert query.total(open_for(home, Audience.COUNCIL), AlertFilter(period="all")).n == total.n
    assert Store(home).count() == ALERTS
    again = import_file(home, national, "national.csv")  # most lies outside by choice: not asked again
    assert again.batch.duplicate == ALERTS


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


HEADERS = {
    "en": ("id", "date", "offence", "longitude", "latitude"),
    "pt": ("ocorrência", "data", "crime", "longitude", "latitude"),
    "fr": ("numéro", "date des faits", "infraction", "longitude", "latitude"),
}
LANGS = tuple(HEADERS) if FULL else ("pt",)
PORTO, COIMBRA, AVEIRO = (-8.61, 41.15), (-8.43, 40.21), (-8.65, 40.64)


def points(*towns: tuple[tuple[float, float], int]) -> np.ndarray:
    draw = np.random.default_rng(5)
    return np.vstack([np.array(at) + draw.normal(0, 0.012, (n, 2)) for at, n in towns])


def export(lang: str, where: np.ndarray, first: int = 0) -> bytes:
    lines = [",".join(HEADERS[lang])]
    for n, (lon, lat) in enumerate(where, first):
        lines.append(f"P{n},2025-{1 + n % 12:02d}-{13 + n % 15:02d},Theft,{lon:.5f},{lat:.5f}")
    return "\n".join(lines).encode()


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGS)
def test_a_first_file_of_several_cities_is_asked_about(tmp_path: Path, lang: str) -> None:
    file = export(lang, points((PORTO, 200), (COIMBRA, 120), (AVEIRO, 80)))
    home = Home(tmp_path / "home")
    with pytest.raises(Question) as asked:
        import_file(home, file, "norte.csv", city_name="Norte")
    assert (asked.value.about, asked.value.flag) == ("area", "--area")
    values = [choice.value for choice in asked.value.choices]
    assert values[:2] == ["densest", "whole"]
    assert len(values) >= 4
    assert not home.has_city()
    report = import_file(home, file, "norte.csv", city_name="Porto", answers=Answers(area="densest"))
    assert (report.batch.accepted, home.city().part) == (400, True)
    assert 180 <= report.mapped - report.outside <= 200
    other = Home(tmp_path / "other")
    import_file(other, file, "norte.csv", city_name="Coimbra", answers=Answers(area=values[2]))
    assert other.city().land.bounds[1] == pytest.approx(40.2, abs=0.1)
    shown = preview(file, "norte.csv", None)
    assert shown.first.spread is not None
    assert shown.first.spread.several


@pytest.mark.parametrize("lang", LANGS)
def test_few_alerts_of_towns_far_apart_are_asked_about_too(tmp_path: Path, lang: str) -> None:
    """The area that they span is that of a region or a country, and each town has but a dozen alerts or two."""
    where = points((PORTO, 90), (COIMBRA, 26), ((-8.65, 39.6), 18))
    assert spread_of(where).kind in ("region", "country")
    with pytest.raises(Question) as asked:
        import_file(Home(tmp_path), export(lang, where), "norte.csv", city_name="Norte")
    assert asked.value.about == "area"
    assert "not a city" in translator("en")(asked.value.message)


@pytest.mark.parametrize(
    "towns",
    [
        [(PORTO, 300)],
        [(PORTO, 300), (AVEIRO, 40)],  # some alerts elsewhere
        [(PORTO, 200), ((-8.63, 41.19), 100)],  # a suburb
        [((-8.61 + 0.03 * n, 41.15), 60) for n in range(6)],  # a long city
    ],
)
def test_one_city_is_not_asked_about(tmp_path: Path, towns: list[tuple[tuple[float, float], int]]) -> None:
    where = points(*towns)
    assert not spread_of(where).several
    assert import_file(Home(tmp_path), export("pt", where), "porto.csv", city_name="Porto").batch.accepted == len(where)


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGS)
def test_a_later_file_with_more_than_a_fifth_elsewhere_is_asked_about(tmp_path: Path, lang: str) -> None:
    home = Home(tmp_path)
    import_file(home, export(lang, points((PORTO, 300))), "porto.csv", city_name="Porto")
    few = export(lang, points((PORTO, 90), (AVEIRO, 10)), 1000)
    assert import_file(home, few, "few.csv").outside >= 10
    many = export(lang, points((PORTO, 70), (AVEIRO, 30)), 2000)
    with pytest.raises(Question) as asked:
        import_file(home, many, "many.csv")
    assert asked.value.flag == "--elsewhere"
    assert Store(home).count() == 400
    assert import_file(home, many, "many.csv", answers=Answers(elsewhere=True)).batch.accepted == 100


def test_what_was_answered_once_is_usual(tmp_path: Path) -> None:
    """A home whose stored alerts lie outside as often as those of a file is not asked again."""
    home = Home(tmp_path)
    import_file(home, export("en", points((PORTO, 100))), "porto.csv", city_name="Porto")
    many = points((PORTO, 280), (AVEIRO, 120))
    import_file(home, export("en", many, 1000), "one.csv", answers=Answers(elsewhere=True))
    assert import_file(home, export("en", points((PORTO, 76), (AVEIRO, 24)), 3000), "two.csv").batch.accepted == 100


@pytest.mark.parametrize(
    ("kind", "apart", "others", "several"),
    [
        ("city", 0.3, [(1.0, 0.25)], True),
        ("city", 0.1, [(1.0, 0.25)], False),  # few of its alerts are far from its main part
        ("city", 0.3, [], False),
        ("region", 0.0, [(1.0, 0.25)], True),
        ("region", 0.0, [(1.0, 0.15)], False),
        ("region", 0.0, [(1.0, 0.11), (-1.0, 0.11)], True),  # together more than a fifth
        ("region", 0.0, [(0.2, 0.4)], False),  # dense areas that nearly touch
        ("country", 0.0, [(0.2, 0.4), (1.0, 0.25)], True),
    ],
)
def test_several_cities_are_dense_areas_far_from_the_main_one(
    kind: Any, apart: float, others: list[tuple[float, float]], several: bool
) -> None:
    """`others`: degrees of latitude from the main area (1 is 111 km), and the share of the alerts."""
    areas = (DenseArea(Circle(23.6, 38.0, 8), 0.5), *(DenseArea(Circle(23.6, 38 + d, 8), share) for d, share in others))
    spread = Spread(500.0, 1_000, kind, 9, 300.0, areas, apart)
    assert spread.several is several
    assert spread.asks is (several or kind != "city")
    assert not replace(spread, areas=()).several
