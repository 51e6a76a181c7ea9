"""Sensitive categories: those of the tree, and names outside it that speak of sexual or gender-based harm."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from curim_data import privacy, query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.formats import FORMATS
from curim_data.model import Audience
from curim_data.model.city import K_SENSITIVE
from curim_data.privacy import is_sensitive_category, sensitive_categories
from tests.small import alert, small_city, small_source
from tests.stored import seen_by

ALL = AlertFilter(period="all")


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Seven alerts of each of two unknown categories, one of them sensitive, and enough of a known one."""
    names = ["SEX CRIMES"] * 7 + ["LOST DOG"] * 7 + ["noise"] * 30
    return small_source(tmp_path, [alert(number, category=name) for number, name in enumerate(names)])


def test_the_tree_decides_for_its_own_and_the_name_for_others() -> None:
    city = small_city()
    assert is_sensitive_category("harassment_sexual", city)
    assert not is_sensitive_category("noise", city)
    assert is_sensitive_category("Agresión sexual", city)
    assert not is_sensitive_category("LOST DOG", city)


def test_the_sensitive_ones_of_a_store(source: Source) -> None:
    assert sensitive_categories(source) == {"harassment_sexual", "harassment_verbal", "SEX CRIMES"}


def test_rows_of_an_unknown_sensitive_category_are_strict(source: Source) -> None:
    counted = query.counts(seen_by(source, Audience.COUNCIL), ALL, ["category"])
    told = counted.shown.frame.set_index("category")
    assert told.loc["SEX CRIMES", ["withheld", "fewer_than"]].tolist() == [True, 10]
    assert told.loc["LOST DOG", "n"] == 7
    assert counted.frame.set_index("category").loc["SEX CRIMES", "n"] == 7  # what is worked out is of all counts
    assert privacy.threshold(seen_by(source, Audience.COUNCIL), True) == 10


def test_asking_for_one_is_asking_for_a_sensitive_category(source: Source) -> None:
    asked = ALL.replace(categories=("SEX CRIMES",))
    assert privacy.is_sensitive(asked, source.city)
    total = query.total(seen_by(source, Audience.COUNCIL), asked)
    assert total.withheld
    assert str(total.said) != "7"
    assert privacy.finest_resolution(seen_by(source, Audience.COUNCIL), asked) == privacy.FLOOR_SENSITIVE
    harmless = ALL.replace(categories=("LOST DOG",))
    assert query.total(seen_by(source, Audience.COUNCIL), harmless).n == 7


def test_the_group_of_unknown_categories_is_strict_with_it(source: Source, tmp_path: Path) -> None:
    told = query.counts(seen_by(source, Audience.COUNCIL), ALL, ["group"])
    assert told.threshold == K_SENSITIVE
    few = small_source(
        tmp_path, [alert(number, category="SEX CRIMES" if number < 7 else "noise") for number in range(40)]
    )
    frame = query.counts(seen_by(few, Audience.COUNCIL), ALL, ["group"]).shown.frame.set_index("group")
    assert frame.loc["", "withheld"]


@pytest.mark.parametrize("name", ["commenting", "taking_pictures", "catcalls_whistles", "online_harassment"])
def test_street_harassment_is_sensitive_where_nobody_looked_at_the_tree(name: str) -> None:
    city = small_city()
    tree = {name: replace(city.categories["noise"], id=name, group="")}
    assert is_sensitive_category(name, replace(city, categories=tree, provisional=True))
    assert not is_sensitive_category(name, replace(city, categories=tree, provisional=False))
    tree = {name: replace(city.categories["noise"], id=name, group="sexual_harassment")}
    assert is_sensitive_category(name, replace(city, categories=tree))


def test_all_of_the_harassment_group_of_safecity_is_sensitive() -> None:
    ordinary = {"Chain Snatching", "Chain Snatching/Robbery", "Poor/No Street Lighting", "North East India Report"}
    ordinary |= {"Others"}
    names = {name: re.sub(r"[^a-z]+", "_", name.lower()) for name in FORMATS["safecity"].table["categories"]}
    assert {name for name, key in names.items() if not is_sensitive_category(key, small_city())} == ordinary


def test_hours_by_category_are_banded(tmp_path: Path) -> None:
    city = small_city()
    tree = {name: category for name, category in city.categories.items() if not category.sensitive}
    plain = type(city)(**{**{f: getattr(city, f) for f in city.__dataclass_fields__}, "categories": tree})
    rows = [alert(number, category="rape" if number < 20 else "noise") for number in range(60)]
    told = query.counts(seen_by(small_source(tmp_path, rows, plain), Audience.COUNCIL), ALL, ["hour", "category"])
    assert set(pd.Series(told.frame["hour"]).dropna().astype(int)) <= {0, 6, 12, 18}
