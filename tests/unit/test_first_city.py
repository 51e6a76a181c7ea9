"""The name of a city that is made from its first file."""

from pathlib import Path

import numpy as np
import pytest

from curim_data.importing.first_city import name_from_file
from curim_data.importing.pipeline import import_file
from curim_data.model import Answers, ImportProblem
from curim_data.profile.provisional import NewCity, ensure_city, names_for
from curim_data.store import Home


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("chicago_aggravated_assaults.csv.gz", "Chicago aggravated assaults"),
        ("2018-11-city-of-london-street.csv", "2018-11 city of london street"),
        ("/tmp/Λάρισα__αναφορές.xlsx", "Λάρισα αναφορές"),
        ("export.csv", "Export"),
        ("__.csv", "__"),
    ],
)
def test_a_city_is_called_after_its_file_in_words(file: str, name: str) -> None:
    assert name_from_file(file) == name


def test_a_part_of_a_city_that_is_known_is_refused_and_not_ignored(tmp_path: Path) -> None:
    rows = [f"a{at},2025-03-{1 + at % 28:02d} 10:15,theft,37.94{at % 10},23.64{at % 7}" for at in range(40)]
    file = tmp_path / "march.csv"
    file.write_text("\n".join(["id,date,category,latitude,longitude", *rows]) + "\n", "utf-8")
    circle = Answers(area="23.643,37.945,2")
    with pytest.raises(ImportProblem, match="Piraeus"):
        import_file(Home(tmp_path / "refused"), file, "march.csv", answers=circle)
    assert not Home(tmp_path / "refused").has_city()
    own = Home(tmp_path / "own")
    assert import_file(own, file, "march.csv", answers=circle, city_name="Own").batch.accepted == 40
    assert own.city().part


@pytest.mark.parametrize(
    ("file", "place", "names"),
    [
        ("chicago_aggravated_assaults", (-87.7, 41.9), {"en": "Chicago", "el": "Σικάγο", "fr": "Chicago"}),
        ("2018-11-city-of-london-street", (-0.1, 51.5), {"en": "London", "el": "Λονδίνο", "fr": "Londres"}),
        ("Calls new york 2024", (-73.9, 40.7), {"en": "New York", "el": "Νέα Υόρκη", "fr": "New York"}),
        ("nypd_shootings_historic", (-73.9, 40.7), {"en": "Your city", "el": "Η πόλη σας", "fr": "Votre ville"}),
        ("reports of paris", (-95.5, 33.7), {"en": "Your city", "el": "Η πόλη σας", "fr": "Votre ville"}),
        ("", (0.0, 0.0), {"en": "Your city", "el": "Η πόλη σας", "fr": "Votre ville"}),
    ],
)
def test_no_city_is_called_by_its_file(file: str, place: tuple[float, float], names: dict[str, str]) -> None:
    """The city of that name where it lies there; Paris in Texas is not it."""
    assert names_for(file, *place) == names


def test_a_provisional_city_is_called_so_until_a_person_says_better(tmp_path: Path) -> None:
    points = np.array([[-73.9, 40.7], [-73.91, 40.71]] * 40)
    unnamed, named = (
        ensure_city(Home(tmp_path / str(at)), NewCity(points, {}, "nypd_2023", city=city))
        for at, city in enumerate((None, "The Five Boroughs"))
    )
    assert unnamed.names == {"en": "Your city", "el": "Η πόλη σας", "fr": "Votre ville"}
    assert named.names == {"en": "The Five Boroughs"}
