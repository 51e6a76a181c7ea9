"""Draws and copy are worked out of codes, batch by batch: held against the rows themselves, as plain dicts."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import h3.api.basic_int as h3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curim_data.engine import source_from_files
from curim_data.model import SCHEMA
from curim_data.protection import drawn, release
from curim_data.protection import releases as module
from curim_data.protection.exchange import Exchanged, Units, exchange
from curim_data.protection.opening import DAY, NIGHT, write_copy
from curim_data.query import default_points
from curim_data.store import Home
from curim_data.store.erase import SECRET, draws_folder, write_secret
from tests.small import small_city
from tests.unit.test_protection_copy import rows

KEY = b"k" * 32


def alerts(n: int, since: int = 0, months: int = 4) -> list[dict[str, Any]]:
    """Alerts of which some share an incident, some have no place and some lie in a district or at a landmark."""
    rng = np.random.default_rng(since + 1)
    given = rows(n, since, months)
    for at, row in enumerate(given):
        row["incident_id"] = f"i{since + at // 3}" if at % 7 < 3 else None
        row["district"] = [None, "zone_1", "zone_2"][int(rng.integers(3))]
        row["place"] = [None, "quay", "theatre", "the old theatre"][int(rng.integers(4))]
        row["status"] = str(rng.choice(["open", "confirmed", "resolved"]))
        row["reporter_gender"] = str(rng.choice(["woman", "man", "undisclosed"]))
        if at % 17 == 0:
            row |= dict.fromkeys(("longitude", "latitude", "x", "y", "cell_8", "cell_9", "inside", "dark"))
        if at % 19 == 0:
            row["more_categories"] = ["harassment_sexual"]
    return given


def made(folder: Path, files: list[list[dict[str, Any]]]) -> tuple[list[pa.Table], pa.Table]:
    """The draws of each release, one a file of alerts more, and the copy of all."""
    home, paths = Home(folder / "home"), list[Path]()
    draws_folder(home).mkdir(parents=True)
    write_secret(draws_folder(home) / SECRET, KEY)
    for number, some in enumerate(files):
        path = folder / f"{number}.parquet"
        pq.write_table(pa.Table.from_pylist(some, schema=SCHEMA), path)
        paths.append(path)
        source = source_from_files(paths, f"{folder}{number}", small_city())
        release(home, source, default_points(source))
    write_copy(source.cache["files"], drawn(home), small_city(), folder / "copy.parquet", folder / "work", KEY)
    return [pq.read_table(path) for path in drawn(home).files], pq.read_table(folder / "copy.parquet")


def test_draws_and_copy_do_not_depend_on_the_order_of_alerts_or_on_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [alerts(400), alerts(150, 400, 12), alerts(130, 550)]
    draws, copy = made(tmp_path / "whole", given)
    monkeypatch.setattr(module, "BATCH", 7)
    rng = np.random.default_rng(0)
    mixed = [[some[at] for at in rng.permutation(len(some))] for some in given]
    again, copied = made(tmp_path / "mixed", mixed)
    assert len(draws) == 3
    assert all(one.equals(other) for one, other in zip(draws, again, strict=True))
    assert copy.equals(copied)
    assert [one.schema.remove_metadata() for one in draws] == [module.DRAWN] * 3


def test_each_alert_has_what_its_incident_took_from_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = list[tuple[Units, Exchanged]]()

    def watched(units: Units, rng: np.random.Generator, *, swapping: bool = True) -> Exchanged:
        seen.append((units, exchange(units, rng, swapping=swapping)))
        return seen[-1][1]

    monkeypatch.setattr(module, "exchange", watched)
    given = alerts(500)
    (draws,), _ = made(tmp_path, [given])
    by_id = {row["alert_id"]: row for row in given}
    members = dict[str, list[str]]()
    for row in draws.to_pylist():
        members.setdefault(row["unit"], []).append(row["alert_id"])
    ordered = sorted(by_id, key=lambda one: (by_id[one]["local_date"], one))
    unit_of = {one: unit for unit, some in members.items() for one in some}
    firsts = [by_id[one] for one in ordered if one == unit_of[one]]
    (units, found), at = seen[0], {unit_of[row["alert_id"]]: number for number, row in enumerate(firsts)}
    assert any(len(some) > 1 for some in members.values())
    assert draws["alert_id"].to_pylist() == sorted(by_id)
    for row in draws.to_pylist():
        mine = at[row["unit"]]
        place, fine = firsts[int(found.place[mine])], firsts[int(found.fine[mine])]
        person, sensitive = firsts[int(found.person[mine])], bool(units.sensitive[mine])
        assert row["sensitive"] == sensitive
        assert sensitive == any(
            name == "harassment_sexual"
            for one in members[row["unit"]]
            for name in (by_id[one]["category"], *(by_id[one]["more_categories"] or ()))
        )
        assert row["district"] == place["district"]
        elsewhere = int(found.cell[mine])
        assert row["cell"] == (elsewhere if elsewhere >= 0 else fine["cell_9"])
        assert row["place"] == (None if elsewhere >= 0 else fine["place"])
        assert row["inside"] == fine["inside"]
        assert row["person"] == (person["alert_id"] if sensitive else None)
        own = by_id[row["alert_id"]]
        if row["alert_id"] != row["unit"]:  # a later report has a time of its own, the ordinary one of its own month
            assert sensitive or row["local_date"].replace(day=1) == own["local_date"].replace(day=1)
            continue
        assert np.datetime64(row["local_date"]).astype(int) == found.day[mine]
        dark = None if found.dark[mine] < 0 else firsts[int(found.dark[mine])]["dark"]
        assert row["dark"] == dark
        if not sensitive:
            assert row["band"] == firsts[int(found.dark[mine])]["hours"][0] // 6
        else:
            assert row["band"] == (None if dark is None else module.DARK if dark else module.LIGHT)


def test_the_copy_says_what_draws_and_alerts_say(tmp_path: Path) -> None:
    given = alerts(500)
    (draws,), copy = made(tmp_path, [given])
    by_id, draw_of = {row["alert_id"]: row for row in given}, {row["alert_id"]: row for row in draws.to_pylist()}
    names = {hashlib.md5((KEY.hex() + one).encode()).hexdigest(): one for one in by_id}
    sizes = Counter(row["unit"] for row in draw_of.values())
    assert copy["alert_id"].to_pylist() == sorted(names)
    for row in copy.to_pylist():
        alert, drawn_so = by_id[names[row["alert_id"]]], draw_of[names[row["alert_id"]]]
        person, sensitive = by_id.get(drawn_so["person"] or "", alert), drawn_so["sensitive"]
        for name in ("kind", "category", "more_categories", "affected_gender"):
            assert row[name] == alert[name], name
        assert (row["status"], row["reporter_gender"]) == (person["status"], person["reporter_gender"])
        assert (row["feeling"], row["age_band"]) == (
            (None,) * 2 if sensitive else (alert["feeling"], alert["age_band"])
        )
        for name in ("inside", "district", "place", "local_date", "dark"):
            assert row[name] == drawn_so[name], name
        assert row["cell_9"] == drawn_so["cell"]
        assert row["cell_8"] == (None if drawn_so["cell"] is None else h3.cell_to_parent(drawn_so["cell"], 8))
        several = sizes[drawn_so["unit"]] > 1
        word = hashlib.md5(f"{KEY.hex()}incident {drawn_so['unit']}".encode()).hexdigest()
        assert row["incident_id"] == (word if several else None)
        assert row["weekday"] == row["local_date"].weekday()
        assert row["week"] == row["local_date"] - dt.timedelta(days=row["weekday"])
        assert row["month"] == row["local_date"].replace(day=1)
        band = drawn_so["band"]
        hours = None if band is None else (*(range(6 * k, 6 * k + 6) for k in range(4)), NIGHT, DAY)[band]
        assert row["hours"] == (None if hours is None else list(hours))
        assert row["hour"] == (None if hours is None else hours[0])
        assert row["time_precision"] == ("day" if band is None else "span")


def test_many_shared_numbers_are_looked_up_and_not_compared_with_each_other() -> None:
    """40,000 of 80,000 take a moment, and not half a minute."""
    n = 80_000
    numbers = [f"i{at // 2}" if at % 5 else None for at in range(n)]
    day = pa.array([dt.datetime(2025, 1, 1)] * n, pa.timestamp("us"))
    told = {"alert_id": [f"a{at}" for at in range(n)], "source": [""] * n, "incident_id": numbers}
    with duckdb.connect() as connection:
        month = {"category": ["a"] * n, "cell_9": [1] * n, "local_date": day, "time_precision": ["month"] * n}
        connection.register("alerts", pa.table({**told, **month, "reported_at": day, "occurred_from": day}))
        shared = module.alike_reports(connection, alerts="alerts")
    several = Counter(one for one in numbers if one is not None)
    assert len(shared) == sum(number for number in several.values() if number > 1)


@pytest.mark.parametrize("seed", range(4))
def test_alike_reports_share_a_number_or_a_day_and_a_place_in_order_of_their_times(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 60
    rows = [
        {
            "alert_id": f"a{at:02}",
            "source": str(rng.integers(2)),
            "incident_id": None if rng.random() < 0.3 else str(rng.integers(15)),
            "reported_at": dt.datetime(2025, 1, 1 + int(rng.integers(4))),
            "occurred_from": None if rng.random() < 0.5 else dt.datetime(2025, 1, 1 + int(rng.integers(4))),
            "category": str(rng.integers(2)),
            "cell_9": None if rng.random() < 0.2 else int(rng.integers(4)),
            "local_date": dt.date(2025, 1, 1 + int(rng.integers(3))),
            "time_precision": "month" if rng.random() < 0.2 else "minute",
        }
        for at in rng.permutation(n)
    ]
    wanted: dict[str, tuple[int, int]] = {}
    numbers = Counter((row["source"], row["incident_id"]) for row in rows if row["incident_id"] is not None)

    def key_of(row: dict[str, Any]) -> tuple[Any, ...] | None:
        if numbers[row["source"], row["incident_id"]] > 1:
            return row["source"], row["incident_id"]
        if row["time_precision"] == "month" or row["cell_9"] is None or row["category"] != "0":
            return None
        return row["category"], row["cell_9"], row["local_date"]

    keys = {key for row in rows if (key := key_of(row)) is not None}
    for place, name in enumerate(keys):
        same = [row for row in rows if key_of(row) == name]
        same.sort(key=lambda row: (row["occurred_from"] or row["reported_at"], row["alert_id"]))
        if len(same) > 1:
            wanted |= {row["alert_id"]: (place, report) for report, row in enumerate(same)}
    with duckdb.connect() as connection:
        connection.register("alerts", pa.Table.from_pylist(rows))
        every = module.alike_reports(connection, {"0"}, "alerts").to_pylist()
    assert {row["alert_id"]: row["report"] for row in every} == {name: report for name, (_, report) in wanted.items()}
    by_number: dict[int, set[str]] = {}
    for row in every:
        by_number.setdefault(row["incident"], set()).add(row["alert_id"])
    assert len(by_number) == len({place for place, _ in wanted.values()})
