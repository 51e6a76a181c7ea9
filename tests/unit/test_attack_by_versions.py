"""The enemy that keeps every version of the protected copy (`tests.attacker.versions`), in a home that lives."""

from __future__ import annotations

from itertools import pairwise

import pytest

from curim_data.engine import open_source
from curim_data.store import Home
from tests.attacker.statements import MOST_ORDINARY, MOST_SENSITIVE, Outcome
from tests.attacker.versions import (
    Stage,
    came,
    changed,
    differences,
    hides_how_many,
    lived,
    of_kind,
    stated_from,
    tellable_without_names,
)

pytestmark = pytest.mark.slow

IMPORTS, BEFORE = 12, 8


@pytest.fixture(scope="module")
def stages(sample: Home) -> list[Stage]:
    return lived(open_source(sample), IMPORTS, before=BEFORE)


def too_right(stages: list[Stage]) -> tuple[int, list[tuple[str, Outcome]]]:
    """How many outcomes there are, and those that are right too often."""
    found = []
    for name, difference in differences(stages).items():
        sensitive, others = stated_from(difference, city=hides_how_many(name))
        found += [(name, one, one.too_right(MOST_SENSITIVE)) for one in sensitive]
        found += [(name, one, one.too_right(MOST_ORDINARY)) for one in others]
    return len(found), [(name, one) for name, one, missed in found if missed]


def test_what_is_stated_from_the_differences_of_two_versions_is_right_no_more_often(stages: list[Stage]) -> None:
    n, missed = too_right(stages)
    assert n > 2000
    assert missed == []


def test_the_same_enemy_finds_many_where_nothing_is_exchanged_or_held_back(sample: Home) -> None:
    _, missed = too_right(lived(open_source(sample), 6, before=6, swapping=False))
    assert {name for name, _ in missed} >= {"each import", "all imports since the first", "an undone import"}
    assert len(missed) > 100


def test_alerts_that_come_alone_wait_and_no_change_but_an_import_releases_any(stages: list[Stage]) -> None:
    for before, after in pairwise(stages):
        names = [set(stage.pair.copy["name"]) for stage in (before, after)]
        if after.kind in ("late", "update"):
            assert names[0] == names[1]
        if after.kind in ("undo", "erasure"):
            assert names[1] < names[0]


def test_what_was_undone_comes_back_as_it_was(stages: list[Stage]) -> None:
    before, _ = of_kind(stages, "undo")
    _, again = of_kind(stages, "again")
    ordered = [stage.pair.copy.sort_values("name", ignore_index=True) for stage in (before, again)]
    assert ordered[0].astype(str).equals(ordered[1].astype(str))


def test_an_update_of_a_sensitive_alert_shows_in_the_record_of_another(stages: list[Stage]) -> None:
    found = changed(*of_kind(stages, "update")).of(sensitive=True)
    assert len(found.copy) > 30
    own = found.copy["name"].isin(found.exact["name"]).mean()
    assert own < 0.15  # one in twenty was updated: so many would be among these by chance


def test_names_tell_an_enemy_nothing_that_the_contents_of_two_versions_do_not(stages: list[Stage]) -> None:
    for before, after in pairwise(stages):
        named, told = tellable_without_names(before, after)
        assert told >= 0.99 * named


def test_half_of_the_sensitive_alerts_that_came_between_two_copies_are_older(stages: list[Stage]) -> None:
    grown = [stage for stage in stages if stage.kind in ("first", "late", "import")]
    new = shown = 0
    for before, after in pairwise(grown):
        found = came(before, after).of(sensitive=True)
        new += int(found.copy["name"].isin(found.exact["name"]).sum())
        shown += len(found.copy)
    assert shown > 100
    assert new < 0.55 * shown
