"""The smallest counts that council and public see: a city may raise them, and never lower them."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from curim_data import privacy, query
from curim_data.cli import main
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.geo.enrichment import parent_cells
from curim_data.model import Audience, ImportProblem
from curim_data.model.city import ProfileError, least_counts, load_city
from curim_data.profile import edit
from curim_data.profile.tables import read_head, write_head
from curim_data.protection import releases as module
from curim_data.protection.exchange import exchange
from curim_data.query import default_points
from curim_data.store import Home
from tests.edited import begun
from tests.small import alert, small_city, small_source
from tests.stored import seen_by
from tests.unit.test_protection_exchange import FINE, units

method = import_module("curim_data.protection.exchange")
ALL = AlertFilter(period="all")
PROTECTED = (Audience.COUNCIL, Audience.PUBLIC)
POINTS = np.column_stack([np.linspace(2.34, 2.36, 40), np.linspace(48.84, 48.86, 40)])


def source_of(folder: Path, ordinary: int, sensitive: int) -> Source:
    """Seven alerts of noise and twelve sensitive ones in a city with these least counts."""
    rows = [alert(number, category="noise") for number in range(7)]
    rows += [alert(number, category="harassment_sexual") for number in range(7, 19)]
    return small_source(folder, rows, replace(small_city(), least_counts=(ordinary, sensitive)))


@pytest.mark.parametrize("audience", PROTECTED)
def test_counts_under_the_raised_number_are_not_written_out(tmp_path: Path, audience: Audience) -> None:
    for given, told in (
        ((5, 10), {"noise": 7, "harassment_sexual": 12}),
        ((8, 10), {"harassment_sexual": 12}),
        ((5, 13), {"noise": 7}),
        ((8, 13), {}),
    ):
        source = source_of(tmp_path, *given)
        counted = query.counts(seen_by(source, audience), ALL, ["category"])
        shown = counted.shown.frame
        assert dict(shown.dropna(subset=["n"])[["category", "n"]].itertuples(index=False)) == told
        assert dict(counted.frame[["category", "n"]].itertuples(index=False)) == {"noise": 7, "harassment_sexual": 12}
        for category, k in zip(("noise", "harassment_sexual"), given, strict=True):
            total = query.total(seen_by(source, audience), ALL.replace(categories=(category,)))
            assert total.threshold == k
            assert total.withheld == (category not in told)
        rows = counted.frame.assign(cell=None)
        assert set(privacy.WrittenCounts.of(ALL, seen_by(source, audience)).rows(rows).tolist()) == set(given)


def test_no_city_has_less_than_the_floors_however_it_was_made() -> None:
    """And sensitive categories never have less than others."""
    for given, held in (((0, 0), [5, 10]), ((-5, -5), [5, 10]), ((4, 9), [5, 10]), ((20, 10), [20, 20])):
        city = replace(small_city(), least_counts=given)
        assert [city.least_count(sensitive) for sensitive in (False, True)] == held


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head", "named"),
    [
        ({"least_count": 4}, "least_count has to be a whole number from 5 to 100, not 4"),
        ({"least_sensitive_count": 9}, "least_sensitive_count has to be a whole number from 10 to 100, not 9"),
        ({"least_count": 0}, "least_count"),
        ({"least_count": -8}, "least_count"),
        ({"least_count": 101}, "least_count"),
        ({"least_count": 7.5}, "least_count"),
        ({"least_count": "8"}, "least_count"),
        ({"least_sensitive_count": True}, "least_sensitive_count"),
    ],
)
def test_a_profile_under_the_floor_is_refused_with_the_reason(tmp_path: Path, head: dict[str, Any], named: str) -> None:
    home = begun(tmp_path / "home", POINTS)
    write_head(home.city_folder, {**read_head(home.city_folder), **head})
    with pytest.raises(ProfileError, match=named) as refused:
        load_city(home.city_folder)
    assert "not lower it" in str(refused.value)


def test_a_profile_that_says_nothing_has_the_floors() -> None:
    assert least_counts({}) == (5, 10)
    assert least_counts({"least_count": 8, "least_sensitive_count": 100}) == (8, 100)


@pytest.mark.parametrize("given", [(4, 10), (5, 9), (101, 101), (5, 101)])
def test_an_edit_under_the_floor_changes_nothing(tmp_path: Path, given: tuple[int, int]) -> None:
    home = begun(tmp_path / "home", POINTS)
    before = home.city()
    with pytest.raises(ImportProblem, match="may raise it, and not lower it"):
        edit.set_least_counts(home, *given)
    assert home.city().version == before.version


def test_the_command_raises_them_and_tells_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = str(begun(tmp_path / "home", POINTS).path)
    assert main(["city", "least-counts", "8", "15", "--home", home, "--lang", "en"]) == 0
    assert main(["city", "show", "--home", home, "--lang", "en"]) == 0
    assert "Smallest count that council and public see: 8, in sensitive categories 15." in capsys.readouterr().out
    assert main(["city", "least-counts", "3", "15", "--home", home, "--lang", "en"]) != 0
    assert "may be 5 to 100 here, not 3" in " ".join("".join(capsys.readouterr()).split())


@pytest.mark.parametrize("sensitive", [False, True])
def test_more_exchange_where_the_raised_number_makes_them_rare(
    sensitive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = units(np.random.default_rng(1), 2000, sensitive=float(sensitive), months=3, nowhere=0.0)
    made = replace(made, fine=FINE[np.random.default_rng(2).integers(0, 20, 2000)], category=np.zeros(2000, np.int64))
    made = replace(made, coarse=parent_cells(made.fine, 8), place=made.fine, gender=np.zeros(2000, np.int64))

    def moved(least: int, least_sensitive: int) -> list[float]:
        given = replace(made, least=least, least_sensitive=least_sensitive)
        found = exchange(given, np.random.default_rng(3))
        months = found.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        elsewhere = made.fine[found.place] != made.fine
        return [elsewhere.mean(), (months != made.month).mean(), (found.dark != np.arange(2000)).mean()]

    usual, raised = moved(5, 10), moved(500, 2000)
    monkeypatch.setattr(method, "LEAST", 1)
    monkeypatch.setattr(method, "LEAST_SENSITIVE", 1)
    assert moved(5, 10) == usual
    assert raised[0] > 1.5 * usual[0]
    if sensitive:
        assert raised[1] > 1.5 * usual[1]
        assert raised[2] > 1.5 * usual[2]


def test_later_releases_take_the_raised_numbers_and_earlier_draws_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[int, int]] = []

    def seen(units: Any, *args: Any, **told: Any) -> Any:
        given.append((units.least, units.least_sensitive))
        return exchange(units, *args, **told)

    monkeypatch.setattr(module, "exchange", seen)
    home, city = Home(tmp_path / "home"), small_city()
    rows = [alert(number, incident_id=None, category="noise") for number in range(300)]
    first = small_source(tmp_path, rows[:150], city)
    known = module.release(home, first, default_points(first))
    kept = [path.read_bytes() for path in known]
    second = small_source(tmp_path, rows, replace(city, least_counts=(8, 15)))
    later = module.release(home, second, default_points(second))
    assert given == [(5, 10), (8, 15)]
    assert [path.read_bytes() for path in later[: len(kept)]] == kept
    assert len(later) == len(kept) + 1
