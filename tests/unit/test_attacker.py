"""The enemies of the protected copy (`tests.attacker`): with it, with every version, with filters."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from curim_data.engine import Source, open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.model.city import K_SENSITIVE
from curim_data.privacy import is_sensitive_category
from curim_data.protection import open_for
from curim_data.query import counts, total
from curim_data.store import Home
from curim_data.studies import evaluation
from tests.attacker import verdicts, versions
from tests.attacker.records import Pair, pair
from tests.attacker.singling import KEYS, singled_out, targets
from tests.attacker.statements import MOST_ORDINARY, MOST_SENSITIVE, Outcome, ordinary_outcomes, sensitive_outcomes
from tests.effort import FULL, effort, in_full
from tests.real.cities import REAL
from tests.stored import seen_by, stored_alerts

pytestmark = pytest.mark.slow

SAFECITY = Path(__file__).resolve().parents[3] / "shared" / "data" / "exports" / "safecity_reports_no_text.csv"


@pytest.fixture(scope="module")
def held(source: Source) -> Pair:
    return pair(source)


@pytest.fixture(scope="module")
def unswapped(source: Source) -> Pair:
    return pair(source, swapping=False)


def test_what_is_stated_about_few_alerts_or_a_known_person_is_right_no_more_often(held: Pair) -> None:
    found = sensitive_outcomes(held)
    assert sum(one.n for one in found) > 10_000
    assert [one for one in found if one.too_right(MOST_SENSITIVE)] == []
    found = ordinary_outcomes(held)
    assert sum(one.n for one in found) > 10_000
    assert [one for one in found if one.too_right(MOST_ORDINARY)] == []
    for one in singled_out(held.of(sensitive=True), KEYS):
        assert not one.too_right(one.chance_there), one
    for one in singled_out(held.of(sensitive=True), KEYS[3:4], draws=2):
        assert one.itself < one.chance_itself, one
    for one in targets(held.of(sensitive=True)):
        assert one.right < one.otherwise + 0.06, one


@in_full
def test_with_swapping_switched_off_the_same_enemy_finds_many(unswapped: Pair) -> None:
    sensitive = sensitive_outcomes(unswapped)
    assert sum(one.too_right(MOST_SENSITIVE) for one in sensitive) > 100
    assert sum(one.too_right(MOST_ORDINARY) for one in ordinary_outcomes(unswapped)) > 5
    lone = singled_out(unswapped.of(sensitive=True), KEYS[:3], draws=2)
    assert all(one.too_right(one.chance_there) for one in lone)
    assert all(one.right > 0.9 for one in targets(unswapped.of(sensitive=True)))


@pytest.mark.skipif(not (FULL and SAFECITY.exists()), reason="in make test-full, with the Safecity file there")
def test_the_safecity_file(tmp_path: Path) -> None:
    home = Home(next(city for city in REAL if city.name == "safecity").build(tmp_path))
    held = pair(open_source(home))
    assert held.copy["sensitive"].mean() > 0.3
    assert [one for one in sensitive_outcomes(held) if one.too_right(MOST_SENSITIVE)] == []
    assert [one for one in ordinary_outcomes(held) if one.too_right(MOST_ORDINARY)] == []
    for one in singled_out(held.of(sensitive=True)):
        assert not one.too_right(one.chance_there), one
        assert one.itself <= one.chance_itself + 0.001, one


IMPORTS, BEFORE = effort(8, 12), 8


@pytest.fixture(scope="module")
def stages(sample: Home) -> list[versions.Stage]:
    return versions.lived(open_source(sample), IMPORTS, before=BEFORE)


def too_right(stages: list[versions.Stage]) -> tuple[int, list[tuple[str, Outcome]]]:
    found = []
    for name, difference in versions.differences(stages).items():
        sensitive, others = versions.stated_from(difference, city=versions.hides_how_many(name))
        found += [(name, one, one.too_right(MOST_SENSITIVE)) for one in sensitive]
        found += [(name, one, one.too_right(MOST_ORDINARY)) for one in others]
    return len(found), [(name, one) for name, one, missed in found if missed]


def test_what_differences_of_versions_state_is_right_no_more_often(stages: list[versions.Stage]) -> None:
    n, missed = too_right(stages)
    assert n > 2000
    assert missed == []


@in_full
def test_the_same_enemy_finds_many_where_nothing_is_exchanged_or_held_back(sample: Home) -> None:
    _, missed = too_right(versions.lived(open_source(sample), 3, before=6, swapping=False))
    assert {name for name, _ in missed} >= {"each import", "all imports since the first", "an undone import"}
    assert len(missed) > 100


def test_alerts_that_come_alone_wait_and_names_tell_no_more_than_contents(stages: list[versions.Stage]) -> None:
    for before, after in pairwise(stages):
        names = [set(stage.pair.copy["name"]) for stage in (before, after)]
        if after.kind in ("late", "update"):
            assert names[0] == names[1]
        if after.kind in ("undo", "erasure"):
            assert names[1] < names[0]
    for before, after in pairwise(stages):
        named, told = versions.tellable_without_names(before, after)
        assert told >= 0.99 * named


def test_what_was_undone_comes_back_and_an_update_shows_in_another_record(stages: list[versions.Stage]) -> None:
    before, _ = versions.of_kind(stages, "undo")
    _, again = versions.of_kind(stages, "again")
    ordered = [stage.pair.copy.sort_values("name", ignore_index=True) for stage in (before, again)]
    assert ordered[0].astype(str).equals(ordered[1].astype(str))
    found = versions.changed(*versions.of_kind(stages, "update")).of(sensitive=True)
    assert len(found.copy) > 30
    own = found.copy["name"].isin(found.exact["name"]).mean()
    assert own < 0.15  # one in twenty was updated: so many would be among these by chance


def test_half_of_the_sensitive_alerts_that_came_between_two_copies_are_older(stages: list[versions.Stage]) -> None:
    grown = [stage for stage in stages if stage.kind in ("first", "late", "import")]
    new = shown = 0
    for before, after in pairwise(grown):
        found = versions.came(before, after).of(sensitive=True)
        new += int(found.copy["name"].isin(found.exact["name"]).sum())
        shown += len(found.copy)
    assert shown > 100
    assert new < 0.55 * shown


READERS = (Audience.COUNCIL, Audience.PUBLIC)
READ = [
    *("category", "more_categories", "affected_gender", "status", "district", "place"),
    *("cell_8", "cell_9", "local_date", "weekday", "hours", "dark"),
]
DAY = dt.timedelta(days=1)
COLUMNS = {"affected": "affected_gender", "statuses": "status", "districts": "district", "places": "place",
           "cells": "cell_8", "weekdays": "weekday"}  # fmt: skip


@pytest.fixture(scope="module")
def copy(sample: Home) -> Source:
    return open_for(sample, Audience.COUNCIL)


@pytest.fixture(scope="module")
def rows(copy: Source) -> pd.DataFrame:
    """The copy, read without the code that counts."""
    table = stored_alerts(copy).select(list(READ))
    frame = table.drop_columns(["cell_8"]).to_pandas()
    frame["cell_8"] = [None if cell is None else f"{cell:x}" for cell in table["cell_8"].to_pylist()]
    more = frame["more_categories"]
    frame["all"] = [{one, *(() if some is None else some)} for one, some in zip(frame["category"], more, strict=True)]
    return frame


def within(rows: pd.DataFrame, f: AlertFilter) -> np.ndarray:
    assert f.start is not None
    assert f.end is not None
    found = (rows["local_date"] >= f.start).to_numpy() & (rows["local_date"] <= f.end).to_numpy()
    for name, column in COLUMNS.items():
        if getattr(f, name):
            found &= rows[column].isin(getattr(f, name)).to_numpy()
    if f.categories:
        found &= np.array([bool(names & set(f.categories)) for names in rows["all"]])
    if f.dark is not None:
        found &= rows["dark"].eq(f.dark).to_numpy(bool)
    if f.hours:
        first, last = f.hours
        window = {(first + at) % 24 for at in range((last - first) % 24 + 1)}
        spans = [set() if hours is None else {int(hour) for hour in hours} for hours in rows["hours"]]
        found &= np.array([bool(span) and 2 * len(span & window) >= len(span) for span in spans])
    return found


def some(rng: np.random.Generator, values: list[Any]) -> tuple[Any, ...]:
    return tuple(rng.permutation(np.array(values, object))[: int(rng.integers(2, 6))].tolist())


def any_filter(rng: np.random.Generator, rows: pd.DataFrame) -> AlertFilter:
    days = sorted(rows["local_date"].unique())
    start, end = sorted(rng.integers(0, len(days), 2).tolist())
    told: dict[str, Any] = {"start": days[start], "end": days[end]}
    for name, column in {"categories": "category", **COLUMNS}.items():
        if rng.random() < 0.25:
            few = 2 if name in ("affected", "statuses") else 5
            told[name] = some(rng, sorted(rows[column].dropna().unique()))[:few]
    if rng.random() < 0.25:
        told["hours"] = (int(rng.integers(0, 24)), int(rng.integers(0, 24)))
    if rng.random() < 0.25:
        told["dark"] = bool(rng.random() < 0.5)
    return AlertFilter(**told)


def narrower(rng: np.random.Generator, f: AlertFilter) -> AlertFilter:
    """A filter that a little less passes: a period that ends days before, or one value less of a field."""
    fields = [name for name in ("categories", "affected", "districts", "places", "cells") if len(getattr(f, name)) > 1]
    name = str(rng.choice(["end", "start", *fields]))
    if name in fields:
        return f.replace(**{name: getattr(f, name)[1:]})
    assert f.start is not None
    assert f.end is not None
    step = min(int(rng.integers(1, 8)), (f.end - f.start).days) * DAY
    return f.replace(end=f.end - step) if name == "end" else f.replace(start=f.start + step)


def test_differences_of_two_filters_are_counts_of_the_copy(copy: Source, rows: pd.DataFrame) -> None:
    """The council and the public, who read one copy, in turns."""
    small = 0
    for seed in range(effort(40, 80)):
        rng, audience = np.random.default_rng(seed), READERS[seed % 2]
        wide = any_filter(rng, rows)
        narrow = narrower(rng, wide)
        cut = total(seen_by(copy, audience), wide).n - total(seen_by(copy, audience), narrow).n
        assert cut == (within(rows, wide) & ~within(rows, narrow)).sum(), (wide, narrow)
        small += 0 < cut < K_SENSITIVE
    assert small > 3


def test_differences_of_tables_are_tables_of_the_copy(copy: Source, rows: pd.DataFrame) -> None:
    by = ["district", "affected_gender"]
    for seed in range(100, effort(112, 124)):
        rng, audience = np.random.default_rng(seed), READERS[seed % 2]
        wide = any_filter(rng, rows)
        narrow = narrower(rng, wide)
        asked = [counts(seen_by(copy, audience), f, by).frame.astype(dict.fromkeys(by, str)) for f in (wide, narrow)]
        found = [table.groupby(by)["n"].sum() for table in asked]
        cut = found[0].sub(found[1], fill_value=0)
        left = rows[within(rows, wide) & ~within(rows, narrow)].astype(dict.fromkeys(by, str))
        truth = left.groupby(by).size()
        assert cut[cut != 0].astype(int).to_dict() == {key: n for key, n in truth.to_dict().items() if n}


def test_a_cell_cut_out_by_four_filters_is_right_as_the_copy(sample: Home, copy: Source, rows: pd.DataFrame) -> None:
    """With and without a week, with and without a category, in one cell: what is left is of that week and category."""
    exact = open_source(sample)
    rng = np.random.default_rng(7)
    sensitive = rows[[is_sensitive_category(name, copy.city) for name in rows["category"]]]
    sensitive = sensitive[sensitive["cell_8"].notna() & (sensitive["local_date"] > min(rows["local_date"]) + 90 * DAY)]
    stated = right = 0
    for row in sensitive.iloc[rng.permutation(len(sensitive))[: effort(80, 120)]].itertuples():
        others = [name for name in sorted(rows["category"].unique()) if name != row.category][:3]
        end = row.local_date + int(rng.integers(0, 7)) * DAY
        asked = {"start": end - 80 * DAY, "end": end, "cells": (row.cell_8,), "affected": (row.affected_gender,)}
        wide = AlertFilter(**asked, categories=(row.category, *others))
        week, kind = {"start": wide.start, "end": end - 7 * DAY}, {"categories": tuple(others)}
        found = []
        for source, audience in ((copy, Audience.COUNCIL), (exact, Audience.ANALYST)):
            filters = (wide, wide.replace(**week), wide.replace(**kind), wide.replace(**week, **kind))
            n = [total(seen_by(source, audience), f).n for f in filters]
            found.append(n[0] - n[1] - n[2] + n[3])
        if 0 < found[0] < K_SENSITIVE:
            stated += 1
            right += found[0] == found[1]
    assert stated > effort(40, 60)
    keys = ("cell_8", "week", "category", "affected_gender")
    assert not Outcome(keys, stated, right / stated).too_right(MOST_SENSITIVE)


# Categories of the sample, "" for all; sensitive ones are those that its profile names.
ASKED = (
    "unwanted_touching",
    "harassment_verbal",
    "theft_bag",
    "robbery",
    "",
    "indecent_exposure",
    "vandalism",
    "noise",
)


def _attacked(source: Source, council: Source, categories: Iterable[str]) -> list[verdicts.Attacked]:
    seen = seen_by(council, Audience.COUNCIL)
    plans = [plan for name in categories for plan in verdicts.proposed(source, name, effort(2, 4))]
    return [found for plan in plans if (found := verdicts.attack(source, seen, plan)) is not None]


def test_no_verdict_tells_a_count(source: Source, council: Source) -> None:
    """With the model of similar areas in hand every number that is shown leaves five counts possible at least."""
    found = _attacked(source, council, ASKED[: effort(3, len(ASKED))])
    assert {one.sensitive for one in found} == {True, False}
    for one in found:
        assert not (one.sensitive and one.numbers), one
        assert all(len(counts) >= verdicts.FEWEST for counts in one.possible.values()), one
        assert one.exact.whole.observed in one.possible["treated"] or one.exact.whole.observed >= 60, one


@in_full
def test_without_steps_the_same_enemy_knows_it(
    source: Source, council: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation, "FIVES", 1)
    (found,) = _attacked(source, council, ["theft_bag"])[:1]
    assert found.possible["treated"] == {found.exact.whole.observed}
    monkeypatch.setattr(evaluation, "_is_sensitive", lambda *_: False)
    assert any(one.sensitive is False and one.numbers for one in _attacked(source, council, ["harassment_verbal"]))
