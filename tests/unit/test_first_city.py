"""The name of a city that is made from its first file."""

from pathlib import Path

import pytest

from curim_data.importing._first_city import name_from_file
from curim_data.importing.pipeline import import_file
from curim_data.model import Answers, ImportProblem
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
