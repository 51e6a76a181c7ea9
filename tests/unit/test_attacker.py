"""The enemy of the protected copy (`tests.attacker`) on the sample city and on the Safecity file."""

from __future__ import annotations

from pathlib import Path

import pytest

from curim_data.engine import Source, open_source
from curim_data.store import Home
from tests.attacker.records import Pair, pair
from tests.attacker.singling import KEYS, singled_out, targets
from tests.attacker.statements import MOST_ORDINARY, MOST_SENSITIVE, ordinary_outcomes, sensitive_outcomes
from tests.real.cities import REAL

pytestmark = pytest.mark.slow

SAFECITY = Path(__file__).resolve().parents[3] / "shared" / "data" / "exports" / "safecity_reports_no_text.csv"


@pytest.fixture(scope="module")
def held(source: Source) -> Pair:
    """The alerts of the sample city and their copy."""
    return pair(source)


@pytest.fixture(scope="module")
def unswapped(source: Source) -> Pair:
    return pair(source, swapping=False)


def test_of_what_is_stated_about_few_sensitive_alerts_at_most_half_is_right(held: Pair) -> None:
    found = sensitive_outcomes(held)
    assert sum(one.n for one in found) > 10_000
    assert [one for one in found if one.too_right(MOST_SENSITIVE)] == []


def test_of_what_is_stated_about_few_other_alerts_at_most_seven_in_ten_are_right(held: Pair) -> None:
    found = ordinary_outcomes(held)
    assert sum(one.n for one in found) > 10_000
    assert [one for one in found if one.too_right(MOST_ORDINARY)] == []


def test_a_lone_sensitive_record_is_no_likelier_there_than_by_chance(held: Pair) -> None:
    for one in singled_out(held.of(sensitive=True), KEYS):
        assert not one.too_right(one.chance_there), one


def test_a_lone_sensitive_record_is_not_the_alert_that_stands_there(held: Pair) -> None:
    for one in singled_out(held.of(sensitive=True), KEYS[3:4], draws=2):
        assert one.itself < one.chance_itself, one


def test_the_copy_tells_no_more_of_a_known_person_than_the_counts_of_the_city(held: Pair) -> None:
    for one in targets(held.of(sensitive=True)):
        assert one.right < one.otherwise + 0.06, one


def test_with_swapping_switched_off_the_same_enemy_finds_many(unswapped: Pair) -> None:
    sensitive = sensitive_outcomes(unswapped)
    assert sum(one.too_right(MOST_SENSITIVE) for one in sensitive) > 100
    assert sum(one.too_right(MOST_ORDINARY) for one in ordinary_outcomes(unswapped)) > 5
    lone = singled_out(unswapped.of(sensitive=True), KEYS[:3], draws=2)
    assert all(one.too_right(one.chance_there) for one in lone)
    assert all(one.right > 0.9 for one in targets(unswapped.of(sensitive=True)))


@pytest.mark.skipif(not SAFECITY.exists(), reason="needs the Safecity file beside the project")
def test_the_safecity_file(tmp_path: Path) -> None:
    home = Home(next(city for city in REAL if city.name == "safecity").build(tmp_path))
    held = pair(open_source(home))
    assert held.copy["sensitive"].mean() > 0.3
    assert [one for one in sensitive_outcomes(held) if one.too_right(MOST_SENSITIVE)] == []
    assert [one for one in ordinary_outcomes(held) if one.too_right(MOST_ORDINARY)] == []
    for one in singled_out(held.of(sensitive=True)):
        assert not one.too_right(one.chance_there), one
        assert one.itself <= one.chance_itself + 0.001, one
