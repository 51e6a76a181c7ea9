"""The copy and its draws over the life of a small home: what is in it, and that nothing drawn ever changes."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from curim_data.engine import Source, source_from_files
from curim_data.model import SCHEMA
from curim_data.protection import drawn, release
from curim_data.protection import releases as module
from curim_data.protection.opening import write_copy
from curim_data.query import default_points
from curim_data.store import Home
from curim_data.store.erase import draws_folder, forget_draws
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
        write_copy(source.cache["files"], drawn(self.home), self.city, path, self.folder / "work", key)
        return pq.read_table(path)

    def draws(self) -> dict[str, dict[str, Any]]:
        rows = [row for path in drawn(self.home).files for row in pq.read_table(path).to_pylist()]
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
    assert sorted(SCHEMA.names) == sorted(known.split())


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
    assert len(drawn(small.home).files) == 2


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
    for path in (folder / "secret", *drawn(small.home).files):
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
