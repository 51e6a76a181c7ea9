"""Help lines: the city's own in the reader's language, those of the European Union where they apply, none elsewhere."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from curim_data.cli.app import main
from curim_data.model import CityProfile, translator
from curim_data.privacy import help_lines
from curim_data.store import Home


def test_the_city_s_own_come_first_and_in_the_reader_s_language(city: CityProfile) -> None:
    own = replace(city, help_lines=({"en": "15900: women", "el": "15900: γυναίκες"},))
    assert help_lines(own, translator("en")) == ("15900: women",)
    assert help_lines(own, translator("el")) == ("15900: γυναίκες",)


@pytest.mark.parametrize("zone", ["Europe/Madrid", "Asia/Nicosia"])
def test_the_european_ones_stand_in_within_the_union(city: CityProfile, zone: str) -> None:
    lines = help_lines(replace(city, help_lines=(), timezone=zone), translator("en"))
    assert [line.partition(":")[0] for line in lines] == ["112", "116 006"]


@pytest.mark.parametrize("zone", ["America/Chicago", "Europe/London", "Asia/Kolkata", "UTC"])
def test_no_number_is_given_where_none_is_known_to_apply(city: CityProfile, zone: str) -> None:
    assert help_lines(replace(city, help_lines=(), timezone=zone), translator("en")) == ()


@pytest.mark.slow
def test_the_command_keeps_them_in_the_profile(sample: Home, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(sample.path, home.path)
    table = tmp_path / "lines.csv"
    table.write_text("text_en,text_fr\n999: any emergency,999 : urgences\n", "utf-8")
    assert main(["city", "helplines", str(table), "--home", str(home.path)]) == 0
    assert help_lines(home.city(), translator("en")) == ("999: any emergency",)
    assert help_lines(home.city(), translator("fr")) == ("999 : urgences",)
