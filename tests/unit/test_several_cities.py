"""Several cities in one file: asked about, whether the home is new or has its city, and not asked of one city."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curim_data.cli.app import main
from curim_data.importing.pipeline import import_file, preview
from curim_data.model import Answers, Question, translator
from curim_data.profile.provisional import Circle, DenseArea, Spread, spread_of
from curim_data.store import Home, Store

HEADERS = {
    "en": ("id", "date", "offence", "longitude", "latitude"),
    "pt": ("ocorrência", "data", "crime", "longitude", "latitude"),
    "fr": ("numéro", "date des faits", "infraction", "longitude", "latitude"),
}
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
@pytest.mark.parametrize("lang", HEADERS)
def test_a_first_file_of_several_cities_is_asked_about(tmp_path: Path, lang: str) -> None:
    file = export(lang, points((PORTO, 200), (COIMBRA, 120), (AVEIRO, 80)))
    home = Home(tmp_path / "home")
    with pytest.raises(Question) as asked:
        import_file(home, file, "norte.csv", city_name="Norte")
    assert (asked.value.about, asked.value.flag) == ("area", "--area")
    values = [choice.value for choice in asked.value.choices]
    assert values[:2] == ["whole", "densest"]
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


@pytest.mark.parametrize("lang", HEADERS)
def test_few_alerts_of_towns_far_apart_are_asked_about_too(tmp_path: Path, lang: str) -> None:
    """The area that they span is that of a region or a country, and each town has but a dozen alerts or two."""
    where = points((PORTO, 90), (COIMBRA, 26), ((-8.65, 39.6), 18))
    assert spread_of(where).kind in ("region", "country")
    with pytest.raises(Question) as asked:
        import_file(Home(tmp_path), export(lang, where), "norte.csv", city_name="Norte")
    assert asked.value.about == "area"
    assert "not a city" in translator("en")(asked.value.message)


def test_a_region_whose_towns_touch_is_not_asked_about() -> None:
    towns = [((-8.61 + 0.25 * n, 41.15), 60) for n in range(6)]
    region = np.vstack([points(*towns), np.random.default_rng(7).uniform((-8.7, 41.0), (-7.2, 41.3), (900, 2))])
    spread = spread_of(region)
    assert (spread.kind != "city", spread.several) == (True, False)


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
@pytest.mark.parametrize("lang", HEADERS)
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


@pytest.mark.slow
def test_the_command_asks_with_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "norte.csv"
    file.write_bytes(export("fr", points((PORTO, 200), (COIMBRA, 160))))
    where = ["--home", str(tmp_path / "home")]
    assert main(["import", str(file), *where]) == 2
    assert "--area whole | densest" in capsys.readouterr().err
    assert main(["import", str(file), "--area", "whole", *where]) == 0


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
