"""The name of a city that is made from its first file."""

import pytest

from curim_data.importing._first_city import name_from_file


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
