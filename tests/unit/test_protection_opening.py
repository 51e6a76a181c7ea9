"""Which table each audience reads, over the life of a home: alerts for who counts them, the copy for all others."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from curim_data import query
from curim_data.engine import Source, open_source
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import import_file
from curim_data.model import Audience
from curim_data.protection import copy_of, drawn, open_for, opened_for
from curim_data.protection import opening as module
from curim_data.store import Home, Store
from curim_data.store.erase import erase
from curim_data.store.home import create_home
from tests.small import alert, small_source
from tests.stored import seen_by, stored_alerts, stored_column

ALL = AlertFilter(period="all")
NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
EXACT = (Audience.ANALYST, Audience.SPECIALIST)
PROTECTED = (Audience.COUNCIL, Audience.PUBLIC)
COLUMNS = ("alert_id", "reported_at", "category", "status", "latitude", "longitude")


def export(since: int, until: int, **told: str) -> bytes:
    """Alerts of a few places over three months, no two of a category on one day within 50 m, as far as can be."""
    text = io.StringIO()
    writer = csv.DictWriter(text, dict.fromkeys((*COLUMNS, *told)), delimiter=";")
    writer.writeheader()
    for number in range(since, until):
        rng = np.random.default_rng(number)
        moment = dt.datetime(2025, 3, 1, 10) + dt.timedelta(hours=int(rng.integers(0, 24 * 90)))
        place = (37.940 + 0.002 * int(rng.integers(0, 4)), 23.640 + 0.002 * int(rng.integers(0, 4)))
        place = (place[0] + 0.0006 * (number % 3), place[1] + 0.0006 * (number // 3 % 3))
        row = {"alert_id": f"T-{number}", "reported_at": moment.isoformat(), "status": "open"}
        row |= {"category": str(rng.choice(["graffiti", "noise", "lighting_poor"]))}
        row |= {"latitude": f"{place[0]:.6f}", "longitude": f"{place[1]:.6f}"}
        writer.writerow(row | told)
    return text.getvalue().encode()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = create_home(tmp_path / "home")
    import_file(home, export(0, 200), "first.csv", now=NOW)
    return home


def draws(home: Home) -> dict[str, dict[str, Any]]:
    rows = [row for path in drawn(home).files for row in pq.read_table(path).to_pylist()]
    return {row["alert_id"]: row for row in rows}


def shown(home: Home) -> list[tuple[Any, ...]]:
    """What the council's table says of its alerts, each under its name in the copy."""
    columns = ["alert_id", "category", "status", "cell_9", "local_date"]
    frame = stored_alerts(open_for(home, Audience.COUNCIL)).select(columns).to_pandas()
    return sorted(map(tuple, frame.astype(object).to_numpy().tolist()), key=str)


@pytest.mark.parametrize("audience", EXACT)
def test_analysts_and_specialists_read_the_alerts(home: Home, audience: Audience) -> None:
    source = open_for(home, audience)
    assert source.exact is None
    assert set(stored_column(source, "alert_id")) == {f"T-{number}" for number in range(200)}
    assert not drawn(home).files  # nobody asked for the copy


@pytest.mark.parametrize("audience", PROTECTED)
def test_council_and_public_read_the_copy(home: Home, audience: Audience) -> None:
    alerts, copy = open_source(home), open_for(home, audience)
    assert copy.exact.version == alerts.version != copy.version
    assert copy.count == 200
    assert not {name for name in stored_column(copy, "alert_id") if name.startswith("T-")}
    for name in ("first", "as_of", "meeting", "known_time", "asked", "annotations"):
        assert getattr(copy, name) == getattr(alerts, name), name
    cells = stored_column(alerts, "cell_9"), stored_column(copy, "cell_9")
    assert sorted(cells[0]) == sorted(cells[1])  # exchanged among themselves
    assert stored_column(alerts, "local_date").tolist() != stored_column(copy, "local_date").tolist()


@pytest.mark.parametrize("audience", PROTECTED)
def test_a_home_without_alerts_has_an_empty_copy(home: Home, tmp_path: Path, audience: Audience) -> None:
    Store(home).undo(Store(home).batches()[0].id)
    for empty in (home, create_home(tmp_path / "new")):
        copy = open_for(empty, audience)
        assert copy.count == query.total(seen_by(copy, audience), ALL).n == 0


def test_the_copy_tells_the_days_of_the_alerts_while_the_newest_wait(home: Home) -> None:
    shown(home)
    last = open_source(home).as_of + dt.timedelta(days=20)
    import_file(home, export(200, 205, reported_at=f"{last}T10:00"), "newest.csv", now=NOW)
    copy = open_for(home, Audience.COUNCIL)
    assert copy.count == 200
    assert copy.as_of == open_source(home).as_of == last
    assert stored_column(copy, "local_date").max() < last


def test_the_copy_tells_what_the_exports_ask_though_it_does_not_have_it(tmp_path: Path) -> None:
    home = create_home(tmp_path / "home")
    told = {"category": "harassment_sexual", "feeling": "2"}
    import_file(home, export(0, 60, **told), "feelings.csv", now=NOW)
    alerts, copy = open_source(home), open_for(home, Audience.COUNCIL)
    assert stored_column(alerts, "feeling").count() == 60
    assert stored_column(copy, "feeling").count() == 0
    assert copy.asked == alerts.asked
    assert "feeling" in copy.asked


def test_every_audience_is_one_of_these() -> None:
    assert {*EXACT, *PROTECTED} == set(Audience)


def test_the_copy_is_made_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    first = shown(home)
    monkeypatch.setattr(module, "write_copy", None)
    monkeypatch.setattr(module, "release", None)
    assert shown(home) == first
    assert open_for(home, Audience.PUBLIC).version == open_for(home, Audience.COUNCIL).version


def updated(home: Home) -> None:
    import_file(home, export(0, 200, status="resolved"), "updated.csv", now=NOW)


def enlarged(home: Home) -> None:
    import_file(home, export(200, 400), "second.csv", now=NOW)


def shrunk(home: Home) -> None:
    erase(home, [f"T-{number}" for number in range(0, 200, 2)])


@pytest.mark.parametrize(("change", "left"), [(updated, 200), (enlarged, 400), (shrunk, 100)])
def test_a_change_of_the_alerts_makes_the_copy_anew_and_leaves_what_was_drawn(
    home: Home, change: Callable[[Home], None], left: int
) -> None:
    before, version = shown(home), open_for(home, Audience.COUNCIL).version
    kept = draws(home)
    change(home)
    after = shown(home)
    assert open_for(home, Audience.COUNCIL).version != version
    assert len(after) == left
    now = draws(home)
    common = kept.keys() & now.keys()
    assert len(common) == min(left, 200)
    for name in common:
        assert {**now[name], "unit": ""} == {**kept[name], "unit": ""}
    places = {row[0]: (row[1], *row[3:]) for row in before}
    assert all(places[row[0]] == (row[1], *row[3:]) for row in after if row[0] in places)
    assert sum(row[0] in places for row in after) == min(left, 200)
    assert {row[2] for row in after} == ({"resolved"} if change is updated else {"open"})


def test_undo_gives_the_copy_back_and_the_same_import_again_the_same(home: Home) -> None:
    before, kept = shown(home), draws(home)
    enlarged(home)
    whole, more = shown(home), draws(home)
    Store(home).undo(Store(home).batches()[-1].id)
    assert shown(home) == before
    assert draws(home) == more
    assert more.items() >= kept.items()
    enlarged(home)
    assert shown(home) == whole
    assert draws(home) == more


def test_the_copy_of_alerts_is_that_of_their_home_and_of_a_copy_itself(home: Home, tmp_path: Path) -> None:
    copy = copy_of(open_source(home))
    assert copy.exact is not None
    assert copy.version == open_for(home, Audience.COUNCIL).version
    assert copy_of(copy) is copy
    alone = small_source(tmp_path, [alert(1)])
    assert copy_of(alone) == replace(alone, protected=True)


ASKED: dict[str, Callable[[Source, Audience], Any]] = {
    "counts": lambda source, audience: query.counts(seen_by(source, audience), ALL, ["category"]),
    "cells": lambda source, audience: query.cells(seen_by(source, audience), ALL, 8),
    "total": lambda source, audience: query.total(seen_by(source, audience), ALL),
    "options": lambda source, audience: query.options(seen_by(source, audience), ALL, "categories"),
    "all options": lambda source, audience: query.all_options(seen_by(source, audience), ALL, ["places"]),
    "default coordinates": lambda source, audience: query.default_coordinates(seen_by(source, audience), ALL),
    "nearest": lambda source, audience: query.nearest_nonempty(
        seen_by(source, audience), ALL.replace(categories=("none",))
    ),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("audience", PROTECTED)
def test_the_alerts_of_a_home_are_counted_for_nobody_who_reads_the_copy(
    sample: Home, council: Source, asked: str, audience: Audience
) -> None:
    alerts = open_source(sample)
    with pytest.raises(RuntimeError, match="open their protected copy"):
        ASKED[asked](alerts, audience)
    ASKED[asked](alerts, Audience.SPECIALIST)
    ASKED[asked](council, audience)


def known(source: Source) -> tuple[str, str, dt.date | None, tuple[Any, ...]]:
    return source.version, source.city.version, source.meeting, source.annotations


def test_a_run_that_has_alerts_and_copy_open_reads_nothing_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    alerts, copy = (open_for(home, audience) for audience in (Audience.ANALYST, Audience.COUNCIL))
    monkeypatch.setattr("curim_data.protection.opening.open_source", None)
    assert opened_for(home.path, Audience.SPECIALIST, known(alerts)) is alerts
    assert opened_for(home.path, Audience.PUBLIC, known(copy)) is copy
    assert opened_for(home.path, Audience.COUNCIL, known(alerts)) is None
    assert opened_for(home.path / "other", Audience.COUNCIL, known(copy)) is None
    assert opened_for(home.path, Audience.COUNCIL, ("another", *known(copy)[1:])) is None


def test_a_home_whose_folder_has_spaces_and_greek_letters_lives_as_any_other(tmp_path: Path) -> None:
    home = create_home(tmp_path / "ο δήμος μου" / "home")
    import_file(home, export(0, 200), "first.csv", now=NOW)
    before = shown(home)
    changed = import_file(home, export(0, 200, notes="x").replace(b"open", b"resolved"), "second.csv", now=NOW)
    Store(home).undo(changed.batch.id)
    assert open_for(home, Audience.ANALYST).count == 200
    assert shown(home) == before
    erase(home, ["T-7"])
    assert open_for(home, Audience.ANALYST).count == open_for(home, Audience.COUNCIL).count == 199
