"""The copy and its draws over the life of a small home: what is in it, and that nothing drawn ever changes."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import h3.api.basic_int as h3
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from curim_data.engine import Source, source_from_files
from curim_data.model import SCHEMA
from curim_data.protection import release
from curim_data.protection import releases as module
from curim_data.protection.exchange import Exchanged, Units, exchange
from curim_data.protection.opening import DAY, NIGHT, write_copy
from curim_data.query import default_points
from curim_data.store import Home
from curim_data.store.erase import draw_files, draws_folder, forget_draws
from tests.attacker.records import with_secret
from tests.small import alert, small_city

NOTHING = {"severity", "occurred_from", "occurred_to", "resolved_at"}
FINE_OF_SENSITIVE = {"age_band", "feeling"}


class Small:
    """A home into which rows are put; its copy after each change."""

    def __init__(self, folder: Path) -> None:
        self.home, self.city, self.folder = Home(folder / "home"), small_city(), folder
        self.n = 0

    def source(self, rows: list[dict[str, Any]]) -> Source:
        self.n += 1
        path = self.folder / f"alerts-{self.n}.parquet"
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), path)
        return source_from_files([path], str(self.n), self.city)

    def copy(self, rows: list[dict[str, Any]], *, swapping: bool = True) -> pa.Table:
        source = self.source(rows)
        release(self.home, source, default_points(source), swapping=swapping)
        return self.write(source)

    def write(self, source: Source) -> pa.Table:
        path = self.folder / f"copy-{self.n}.parquet"
        key = (draws_folder(self.home) / "secret").read_bytes()
        write_copy(source.cache["files"], draw_files(self.home), self.city, path, self.folder / "work", key)
        return pq.read_table(path)

    def draws(self) -> dict[str, dict[str, Any]]:
        rows = [row for path in draw_files(self.home) for row in pq.read_table(path).to_pylist()]
        assert len({row["alert_id"] for row in rows}) == len(rows)
        return {row["alert_id"]: row for row in rows}


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path)


def rows(n: int, since: int = 0, months: int = 4, **told: Any) -> list[dict[str, Any]]:
    """Alerts in some places over some months, a fifth of them sensitive."""
    rng = np.random.default_rng(since)
    made = []
    for number in range(since, since + n):
        day = dt.date(2025, 1, 1) + dt.timedelta(days=int(rng.integers(0, 30 * months)))
        category = ["harassment_sexual", "noise", "noise", "lighting_poor", "lighting_poor"][number % 5]
        point = (23.622 + 0.003 * int(rng.integers(0, 12)), 37.935 + 0.003 * int(rng.integers(0, 8)))
        own = {"day": day, "category": category, "point": point, "hours": [int(rng.integers(0, 24))]}
        own |= {"dark": bool(rng.random() < 0.5), "affected_gender": str(rng.choice(["woman", "man"]))}
        made.append(alert(number, incident_id=None, **(own | told)))
    return made


def test_the_columns_are_those_of_the_alerts_and_none_is_finer_than_promised(small: Small) -> None:
    given = rows(300)
    copy = small.copy(given)
    assert copy.column_names == SCHEMA.names
    assert len(copy) == 300
    assert sorted(copy["category"].to_pylist()) == sorted(row["category"] for row in given)
    for name in NOTHING:
        assert copy[name].null_count == 300, name
    for name in ("source", "batch_id", "profile_version", "content_hash"):
        assert set(copy[name].to_pylist()) == {""}, name
    assert set(copy["confirmations"].to_pylist()) == {0}
    assert set(map(tuple, copy["flags"].to_pylist())) == {()}
    assert {one.hour for one in copy["reported_at"].to_pylist()} <= set(range(24))
    assert (
        copy["reported_at"].cast(pa.timestamp("us")).to_pylist()
        == [dt.datetime.combine(day, dt.time(12)) for day in copy["local_date"].to_pylist()]
        or len({(one.minute, one.second) for one in copy["reported_at"].to_pylist()}) == 1
    )
    assert not set(copy["alert_id"].to_pylist()) & {row["alert_id"] for row in given}
    points = set(zip(copy["longitude"].to_pylist(), copy["latitude"].to_pylist(), strict=True))
    assert len(points) == len(set(copy["cell_9"].to_pylist()))
    assert len(set(copy["cell_12"].to_pylist())) == len(points)
    sensitive = copy.filter(pc.equal(copy["category"], "harassment_sexual"))
    others = copy.filter(pc.not_equal(copy["category"], "harassment_sexual"))
    for name in FINE_OF_SENSITIVE:
        assert sensitive[name].null_count == len(sensitive), name
        assert others[name].null_count == 0, name
    assert {len(hours) for hours in sensitive["hours"].to_pylist() if hours} == {12}
    assert {len(hours) for hours in others["hours"].to_pylist()} == {6}
    assert set(copy["time_precision"].to_pylist()) <= {"day", "span"}


def test_every_column_is_known_to_these_tests() -> None:
    """A new column of alerts has to be thought of before it is in the copy."""
    known = (
        "alert_id incident_id source reported_at occurred_from occurred_to kind category more_categories severity "
        "feeling reporter_gender affected_gender age_band status resolved_at confirmations longitude latitude "
        "x y cell_8 cell_9 cell_10 cell_11 cell_12 inside district place local_date week month weekday hour hours dark "
        "time_precision "
        "batch_id profile_version content_hash flags"
    )
    assert sorted(SCHEMA.names) == sorted(known.split()), "decide in protection/opening.py and privacy.py"


def test_the_order_of_the_rows_tells_nothing(small: Small) -> None:
    given = rows(200)
    shown = small.copy(given, swapping=False)["local_date"].to_pylist()
    own = [row["local_date"] for row in given]
    assert shown not in (own, sorted(own))


def test_few_new_alerts_wait_and_come_when_there_are_enough_or_it_was_long(small: Small) -> None:
    day = dt.date(2025, 5, 1)
    assert len(small.copy(rows(200))) == 200
    assert len(small.copy(rows(200) + rows(20, 200, category="noise", day=day))) == 200
    more = rows(200) + rows(120, 200, category="noise", day=day)
    assert len(small.copy(more)) == 320
    late = alert(999, incident_id=None, category="noise", day=dt.date(2025, 5, 2))
    assert len(small.copy([*more, late])) == 320
    after = alert(998, incident_id=None, category="noise", day=dt.date(2025, 5, 2) + module.LONGEST_WAIT)
    copy = small.copy([*more, late, after])
    assert len(copy) == 321
    assert copy["cell_9"].null_count == 1  # who has nobody to exchange with has no place
    longer = alert(997, incident_id=None, category="noise", day=dt.date(2025, 5, 2) + 2 * module.LONGEST_WAIT)
    assert len(small.copy([*more, late, after, longer])) == 321  # `after` waits for others until one that is new is due
    last = alert(996, incident_id=None, category="noise", day=dt.date(2025, 5, 2) + 3 * module.LONGEST_WAIT)
    assert len(small.copy([*more, late, after, longer, last])) == 323


def test_an_alert_of_long_ago_waits_as_any_other_does(small: Small) -> None:
    given = rows(200) + rows(120, 200, category="noise", day=dt.date(2025, 5, 1))
    small.copy(given)
    day, waits = dt.date(2025, 8, 1), module.LONGEST_WAIT
    given = given + rows(110, 400, category="noise", day=day)
    small.copy(given)
    old = alert(999, incident_id=None, category="noise", day=dt.date(2025, 1, 10))
    assert len(small.copy([*given, old])) == 430
    almost = alert(998, incident_id=None, category="noise", day=day + waits - dt.timedelta(days=1))
    assert len(small.copy([*given, old, almost])) == 430
    then = alert(997, incident_id=None, category="noise", day=day + waits)
    copy = small.copy([*given, old, almost, then])
    assert len(copy) == 431
    assert copy["cell_9"].null_count == 1


def test_an_alert_of_long_ago_has_a_place_where_others_of_its_quarter_come_too(small: Small) -> None:
    small.copy(rows(200))
    copy = small.copy(rows(200) + rows(150, 200))
    assert len(copy) == 350
    assert copy["cell_9"].null_count == 0


def test_an_update_alone_releases_nothing_of_what_was_held_back(small: Small) -> None:
    given = rows(200) + rows(800, 200, months=1, category="harassment_sexual")
    given = [row | {"category": "noise"} if at % 4 == 0 else row for at, row in enumerate(given)]
    one = small.copy(given[:200])
    two = small.copy(given)
    assert len(one) == 200
    assert len(two) == 400
    assert len(small.copy([row | {"status": "resolved"} for row in given])) == len(two)
    assert len(draw_files(small.home)) == 2


def test_erasure_takes_alerts_away_that_wait(small: Small) -> None:
    given = rows(200) + rows(20, 200)
    small.copy(given[:200])
    small.copy(given)
    forget_draws(small.home, [given[205]["alert_id"]])
    path = draws_folder(small.home) / "waiting.parquet"
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert pq.read_table(path)["alert_id"].to_pylist() == [
        row["alert_id"]
        for row in sorted(given[200:], key=lambda row: (row["local_date"], row["alert_id"]))
        if row["alert_id"] != given[205]["alert_id"]
    ]


def test_a_late_report_takes_the_place_of_its_incident(small: Small) -> None:
    given = [row | {"incident_id": f"i{at}"} for at, row in enumerate(rows(200))]
    small.copy(given)
    late = given[1] | {"alert_id": "late", "reported_at": given[1]["reported_at"] + dt.timedelta(hours=1)}
    more = [row | {"incident_id": f"n{at}"} for at, row in enumerate(rows(150, 200))]
    small.copy([*given, late, *more])
    found = small.draws()
    own, theirs = found["late"], found[given[1]["alert_id"]]
    assert {**own, "alert_id": ""} == {**theirs, "alert_id": ""}


def test_a_later_late_report_takes_the_time_of_the_first_one(small: Small) -> None:
    given = [row | {"incident_id": f"i{at}"} for at, row in enumerate(rows(200))]
    other = given[1] | {"alert_id": "0", "local_date": dt.date(2025, 4, 20), "month": dt.date(2025, 4, 1)}
    other |= {"reported_at": dt.datetime(2025, 4, 20, tzinfo=dt.UTC)}
    small.copy([*given, other])
    late = given[1] | {"alert_id": "late", "reported_at": dt.datetime(2025, 4, 21, tzinfo=dt.UTC)}
    more = [row | {"incident_id": f"n{at}"} for at, row in enumerate(rows(150, 200))]
    small.copy([*given, other, late, *more])
    found = small.draws()
    first = found[given[1]["alert_id"]]
    assert found["late"]["local_date"] == first["local_date"] != found["0"]["local_date"]


def test_late_reports_of_sensitive_incidents_come_with_no_release_that_has_not_held_them_back(small: Small) -> None:
    sensitive = [row | {"category": "harassment_sexual", "incident_id": f"s{at}"} for at, row in enumerate(rows(40))]
    given = [*sensitive, *rows(200, 40, category="noise")]
    small.copy(given)
    late = [row | {"alert_id": f"late{at}"} for at, row in enumerate(sensitive[:30])]
    known, came = [*given], []
    for at in range(4):
        known += [*late[:30], *rows(150, 1000 * (at + 1), category="noise")] if not at else rows(150, 1000 * (at + 1))
        small.copy(known)
        came.append(len({row["alert_id"] for row in late} & set(small.draws())))
    assert came[0] == 0
    assert 0 < came[1] < 30
    assert came == sorted(came)


def test_one_report_that_becomes_sensitive_takes_place_and_time_of_its_incident_away(small: Small) -> None:
    given = rows(200, category="noise", status="open", reporter_gender="man")
    for at in (0, 1):
        given[at] |= {"incident_id": "shared", "local_date": dt.date(2025, 2, 3), "month": dt.date(2025, 2, 1)}
    given[0] |= {"status": "resolved", "reporter_gender": "woman"}
    small.copy(given)
    copy = small.copy([given[0] | {"category": "harassment_sexual"}, *given[1:]])
    incident = pc.value_counts(copy["incident_id"].drop_null())
    (shared,) = [one["values"].as_py() for one in incident if one["counts"].as_py() == 2]
    both = copy.filter(pc.equal(copy["incident_id"], shared))
    assert set(both["category"].to_pylist()) == {"harassment_sexual", "noise"}
    for name in ("cell_8", "longitude", "district", "place", "hours", "dark"):
        assert both[name].null_count == 2, name
    assert set(both["local_date"].to_pylist()) == {dt.date(2025, 1, 1)}
    assert set(both["status"].to_pylist()) == {"open"}  # the commonest, not its own
    assert set(both["reporter_gender"].to_pylist()) == {"man"}


def test_what_an_older_version_of_the_alerts_does_not_know_goes_on_waiting(small: Small) -> None:
    given = rows(200)
    small.copy(given)
    older, newer = small.source([*given, *rows(3, 500)]), small.source([*given, *rows(30, 500)])
    for source in (newer, older):
        release(small.home, source, default_points(source))
    kept = pq.read_table(draws_folder(small.home) / "waiting.parquet")
    assert sorted(kept["alert_id"].to_pylist()) == sorted(row["alert_id"] for row in rows(30, 500))


def test_erasure_takes_the_draw_and_every_reference_away(small: Small) -> None:
    given = [row | {"incident_id": f"i{at // 2}", "category": "harassment_sexual"} for at, row in enumerate(rows(120))]
    small.copy(given)
    gone = [row["alert_id"] for row in given[::2]]
    before = small.draws()
    forget_draws(small.home, gone)
    forget_draws(small.home, gone)
    after = small.draws()
    assert set(after) == set(before) - set(gone)
    assert not {value for row in after.values() for value in (row["unit"], row["person"])} & set(gone)
    units = {name: row["unit"] for name, row in before.items() if name in after}
    assert len({after[name]["unit"] for name in after}) == len(set(units.values()))
    for name in ("cell", "district", "place", "local_date", "dark"):
        assert [after[one][name] for one in after] == [before[one][name] for one in after]
    assert len(small.copy([row for row in given if row["alert_id"] not in gone])) == 60


def test_an_incident_with_one_sensitive_alert_is_sensitive(small: Small) -> None:
    given = rows(200, category="noise")
    for at in range(0, 20, 2):
        given[at] |= {"incident_id": f"i{at}"}
        given[at + 1] |= {"incident_id": f"i{at}", "category": "harassment_sexual"}
    copy = small.copy(given)
    sensitive = copy.filter(pc.equal(copy["category"], "harassment_sexual"))
    assert len(sensitive) == 10
    assert sensitive["age_band"].null_count == 10
    assert sum(row["sensitive"] for row in small.draws().values()) == 20


def test_what_becomes_sensitive_later_loses_its_place_and_its_time_but_the_quarter(small: Small) -> None:
    given = rows(200, category="noise")
    small.copy(given)
    copy = small.copy([row | {"category": "harassment_sexual"} for row in given[:20]] + given[20:])
    sensitive = copy.filter(pc.equal(copy["category"], "harassment_sexual"))
    assert len(sensitive) == 20
    for name in ("cell_8", "longitude", "district", "place", "hours", "dark", "age_band", "feeling"):
        assert sensitive[name].null_count == 20, name
    assert set(sensitive["local_date"].to_pylist()) <= {dt.date(2025, 1, 1), dt.date(2025, 4, 1)}
    assert copy["cell_8"].null_count == 20


def test_fewer_than_three_sensitive_alerts_have_no_place(small: Small) -> None:
    given = rows(100, category="noise")
    given[0] |= {"category": "harassment_sexual"}
    given[1] |= {"category": "harassment_sexual"}
    copy = small.copy(given)
    sensitive = copy.filter(pc.equal(copy["category"], "harassment_sexual"))
    assert len(sensitive) == 2
    for name in ("cell_8", "longitude", "district", "place", "hours", "dark"):
        assert sensitive[name].null_count == 2, name
    assert {day.month for day in sensitive["local_date"].to_pylist()} <= {1, 4}  # their quarter alone
    assert {day.day for day in sensitive["local_date"].to_pylist()} == {1}
    drawn_so = [row for row in small.draws().values() if row["sensitive"]]
    assert [row["person"] for row in drawn_so] == [None, None]


@pytest.mark.parametrize(
    "given",
    [
        rows(60, category="harassment_sexual"), rows(60, category="noise"),
        rows(60, months=1, day=dt.date(2025, 3, 3)), rows(60, point=(None, None)),
        rows(60, time_precision="month", hours=None, dark=None, day=dt.date(2025, 3, 1)), rows(1),
    ],
    ids=["all sensitive", "none sensitive", "one day", "no positions", "months alone", "one alert"],
)  # fmt: skip
def test_any_home_has_a_copy_with_as_many_alerts(small: Small, given: list[dict[str, Any]]) -> None:
    copy = small.copy(given)
    assert len(copy) == len(given)
    assert sorted(copy["category"].to_pylist()) == sorted(row["category"] for row in given)
    assert sorted(copy["affected_gender"].to_pylist()) == sorted(row["affected_gender"] for row in given)
    if given[0]["time_precision"] == "month":
        assert set(copy["time_precision"].to_pylist()) == {"month"}
        assert {day.day for day in copy["local_date"].to_pylist()} == {1}


def test_the_secret_and_the_draws_are_for_the_server_alone(small: Small) -> None:
    small.copy(rows(60))
    folder = draws_folder(small.home)
    for path in (folder / "secret", *draw_files(small.home)):
        assert os.stat(path).st_mode & 0o777 == 0o600, path
    assert len((folder / "secret").read_bytes()) == 32


def test_a_release_that_is_cut_short_leaves_what_was(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    small.copy(rows(200))
    before = small.draws()

    def broken(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("curim_data.store.erase.pq.write_table", broken)
        with pytest.raises(KeyboardInterrupt):
            small.copy(rows(200) + rows(150, 200))
    assert small.draws() == before
    small.copy(rows(200) + rows(150, 200))
    assert len(small.draws()) > len(before)


def test_another_secret_draws_otherwise(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        small = Small(tmp_path / name)
        small.copy(rows(200))
        found.append(small.draws())
    assert found[0] != found[1]


# Draws and copy are worked out of codes, batch by batch: held against the rows themselves, as plain dicts.

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
    with_secret(home, KEY)
    for number, some in enumerate(files):
        path = folder / f"{number}.parquet"
        pq.write_table(pa.Table.from_pylist(some, schema=SCHEMA), path)
        paths.append(path)
        source = source_from_files(paths, f"{folder}{number}", small_city())
        release(home, source, default_points(source))
    write_copy(source.cache["files"], draw_files(home), small_city(), folder / "copy.parquet", folder / "work", KEY)
    return [pq.read_table(path) for path in draw_files(home)], pq.read_table(folder / "copy.parquet")


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
