"""The habits of real exports that the sample city can have: bursts of reports, empty parts, a new app."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

import sample_data
from sample_data import coast
from sample_data.generate import write_sample
from sample_data.places import BURSTS, CUT, LIFELIKE, METRES, NEW_APP, PLAIN, QUIET, SEED, SPOTS, World
from sample_data.rhythm import NEW_HABITS
from sample_data.simulate import City, simulate

SOURCE = Path(__file__).parents[3] / "shared" / "data" / "boundaries"


@pytest.fixture(scope="module")
def lively() -> City:
    return simulate(SEED, LIFELIKE)


@pytest.fixture(scope="module")
def plain() -> City:
    return simulate(SEED, PLAIN)


def _share(city: City, rows: list[bool]) -> float:
    return sum(rows) / len(city.rows)


@pytest.mark.parametrize("mean", [1.3, 1.6, 2.0])
def test_incidents_have_as_many_reports_as_asked_for(mean: float) -> None:
    rows = simulate(SEED, World(reports=mean)).rows
    assert len(rows) / sum(row.first for row in rows) == pytest.approx(mean, rel=0.03)


def test_each_alert_of_the_plain_city_is_an_incident(plain: City) -> None:
    assert plain.world == PLAIN
    assert all(row.first for row in plain.rows)


def test_reports_of_one_incident_lie_close_and_incidents_by_month_stay(plain: City) -> None:
    rows = simulate(SEED, World(reports=1.6)).rows
    later = [row for row in rows if not row.first]
    firsts: dict[tuple[str, str], np.ndarray] = {}
    for row in rows:
        if row.first:
            key = (row.origin, row.category)
            at = (row.true_point[0] * METRES[0], row.true_point[1] * METRES[1], row.occurred_from.timestamp() / 3600)
            firsts[key] = np.vstack([firsts.get(key, np.empty((0, 3))), at])
    near = 0
    for row in later:
        if (known := firsts.get((row.origin.replace("pile", "background"), row.category))) is None:
            continue
        x, y = row.true_point[0] * METRES[0], row.true_point[1] * METRES[1]
        hours = row.occurred_from.timestamp() / 3600 - known[:, 2]
        close = np.hypot(known[:, 0] - x, known[:, 1] - y) <= BURSTS.metres + 2
        near += bool((close & (hours >= -0.01) & (hours <= BURSTS.hours + 1.01)).any())
    assert near / len(later) > 0.8
    for spot in SPOTS:
        months = [
            [row.occurred_from.strftime("%Y-%m") for row in city if row.origin == spot.id and row.first]
            for city in (plain.rows, rows)
        ]
        assert sorted(months[0]) == sorted(months[1])


def test_few_people_are_at_quays_and_moles(lively: City, plain: City) -> None:
    def inside(city: City) -> float:
        at = np.array([row.true_point for row in city.rows if row.origin == "background"])
        return float(np.mean(np.any([c.holds(at[:, 0], at[:, 1]) for c in QUIET.circles], axis=0)))

    assert inside(lively) == pytest.approx(QUIET.share * inside(plain), rel=0.35)


def test_the_new_app_brings_categories_and_asks_how_safe_everybody_felt(lively: City, tmp_path: Path) -> None:
    new = [row for row in lively.rows if row.category in NEW_HABITS]
    assert len(new) > 300
    assert min(row.occurred_from.date() for row in new) >= NEW_APP.start
    last = NEW_APP.start + dt.timedelta(weeks=NEW_APP.weeks)
    told = {
        late: np.mean([row.feeling is not None for row in lively.rows if row.kind != "risk" and when(row)])
        for late, when in (
            (False, lambda row: row.occurred_from.date() < NEW_APP.start),
            (True, lambda row: row.occurred_from.date() > last),
        )
    }
    assert told[False] == pytest.approx(0.12, abs=0.02)
    assert told[True] == pytest.approx(NEW_APP.feeling, abs=0.03)
    files = {path.name: path for path in write_sample(tmp_path, SEED, LIFELIKE)}
    assert files["piraeus_2026-11.csv"].read_text("utf-8-sig").splitlines()[0].endswith(";app_version")
    truths = tomllib.loads(files["truths.toml"].read_text("utf-8"))
    assert truths["bursts"]["drawn"] == pytest.approx(LIFELIKE.reports, rel=0.03)
    assert truths["new_app"]["categories"] == list(NEW_HABITS)


def test_ever_more_genders_are_not_told(lively: City) -> None:
    silent = [
        np.mean([row.affected_gender == "undisclosed" for row in lively.rows if row.occurred_from.year == year])
        for year in (2023, CUT.year)
    ]
    assert silent[0] < 0.10 < 0.14 < silent[1]


@pytest.mark.skipif(not SOURCE.exists(), reason=f"no {SOURCE}")
def test_the_outline_comes_from_its_source_again(tmp_path: Path) -> None:
    files = coast.write_outline(
        SOURCE / "sea_around_piraeus_clip.geojson", SOURCE / "port_of_piraeus.geojson", tmp_path
    )
    for path in files:
        assert path.read_bytes() == (sample_data.PROFILE / path.name).read_bytes()
        assert json.loads(path.read_text("utf-8"))["attribution"] == coast.ATTRIBUTION
