"""Sources and their flat table: what they know of all alerts, under threads, and on engines that are not there."""

from __future__ import annotations

import datetime as dt
import json
import math
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from curim_data import query
from curim_data.cli import main
from curim_data.engine import EngineError, Source, flat, last_meeting, open_source, remote, source_from_files
from curim_data.engine.flat import Facts, database, measure, open_flat
from curim_data.filters import AlertFilter
from curim_data.model import CELL_RESOLUTIONS, SCHEMA, Audience, KnownTime, sql
from curim_data.model.absence import ASKED_FIELDS
from curim_data.privacy import Counted, DisclosureError
from curim_data.protection import open_for
from curim_data.store import Home
from tests.engine_questions import FILTERS, QUESTIONS, assert_equal
from tests.small import alert, small_city, small_source
from tests.spark_servers import free_port
from tests.stored import seen_by, stored_alerts

ALL = AlertFilter(period="all")


def test_a_source_knows_its_dates_and_odd_categories(tmp_path: Path) -> None:
    rows = [
        alert(1, day=dt.date(2024, 5, 1)),
        alert(2, day=dt.date(2025, 5, 1), category="odd", more_categories=["odder", "noise"]),
    ]
    source = small_source(tmp_path, rows)
    assert (source.first, source.as_of, source.count) == (dt.date(2024, 5, 1), dt.date(2025, 5, 1), 2)
    assert source.other_categories == ("odd", "odder")
    assert source.meeting == dt.date(2025, 3, 6)


def test_no_files_is_an_empty_store() -> None:
    source = source_from_files([], "empty", small_city())
    assert source.count == 0
    total = query.total(seen_by(source, Audience.COUNCIL), ALL)
    assert (total.n, total.of) == (0, 0)
    assert query.counts(source, ALL, ["category", "hour"]).frame.empty
    assert query.counts(seen_by(source, Audience.COUNCIL), ALL, ["district", "week"], complete=True).total == 0
    assert query.cells(seen_by(source, Audience.COUNCIL), ALL, 9).frame["n"].sum() == 0
    assert query.default_coordinates(seen_by(source, Audience.COUNCIL), ALL).empty
    assert query.nearest_nonempty(seen_by(source, Audience.COUNCIL), ALL) is None
    assert not query.options(source, AlertFilter(), "kinds").frame["n"].any()


def test_one_cursor_a_source_holds_under_threads(tmp_path: Path) -> None:
    small_source(tmp_path, [alert(number) for number in range(200)])
    files = sorted(tmp_path.glob("*.parquet"))

    def ask(_: int) -> int | None:
        return query.total(source_from_files(files, "test", small_city()), ALL).n

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(64))) == {200}


def test_what_a_source_works_out_under_limits_and_in_full_is_held_apart(tmp_path: Path) -> None:
    exact = small_source(tmp_path, [alert(number, category="noise") for number in range(3)])
    protected = seen_by(exact, Audience.COUNCIL)

    def counted(source: Source) -> Counted:
        return source.once("noise", "", lambda: query.counts(source, ALL, ["category"]))

    assert protected.in_full.cache is protected.cache
    for _ in range(2):
        assert counted(protected).shown.frame["n"].isna().tolist() == [True]
        assert counted(protected).shown.frame["fewer_than"].tolist() == [5]
        assert counted(protected.in_full).shown.frame["n"].tolist() == [3]
    assert (counted(protected).threshold, counted(protected.in_full).threshold) == (5, 1)
    assert counted(protected.in_full) is counted(exact) is not counted(protected)


def test_only_a_source_under_limits_refuses_days_and_small_cells(tmp_path: Path) -> None:
    protected = seen_by(small_source(tmp_path, [alert(1, category="noise")]), Audience.COUNCIL)
    fine = max(CELL_RESOLUTIONS)
    with pytest.raises(DisclosureError, match="not shown by day"):
        query.counts(protected, ALL, ["local_date"])
    with pytest.raises(DisclosureError, match="no map cells smaller"):
        query.cells(protected, ALL, fine)
    assert query.counts(protected.in_full, ALL, ["local_date"]).shown.frame["n"].tolist() == [1]
    assert query.cells(protected.in_full, ALL, fine).shown.frame["n"].sum() == 1


def test_the_last_meeting_is_read_from_the_home(tmp_path: Path) -> None:
    today = dt.date(2025, 5, 20)
    assert last_meeting(tmp_path, today) is None
    (tmp_path / "meetings.toml").write_text("dates = [2025-03-01, 2025-05-03, 2025-06-01]\n")
    assert last_meeting(tmp_path, today) == dt.date(2025, 5, 3)
    (tmp_path / "meetings.toml").write_text("dates = [")
    assert last_meeting(tmp_path, today) is None


def test_a_database_that_is_no_postgresql_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Home, "city", lambda _: small_city())
    with pytest.raises(EngineError, match="PostgreSQL alone"):
        open_source(Home(tmp_path), f"duckdb://{tmp_path / 'other.duckdb'}")


def test_urls_of_spark_are_known_and_no_others() -> None:
    for url in ("sc://host:15002", "spark://one:7077,two:7077", "local", "local[2]", "local[*]"):
        assert remote.is_spark(url)
    for url in ("duckdb", "duckdb:///x", "postgresql://h/d", "localhost", "local/file", "scheme://x"):
        assert not remote.is_spark(url)


@pytest.mark.parametrize("scheme", ["sc", "spark"])
def test_nobody_there_is_said_at_once(sample: Home, scheme: str) -> None:
    began, place = time.monotonic(), f"{scheme}://127.0.0.1:{free_port()}"
    with pytest.raises(EngineError, match=f"The engine at {place} does not answer"):
        open_source(sample, f"{place}/;token=geheim;user_id=me")
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("audience", Audience)
def test_nobody_sees_the_files_instead(sample: Home, audience: Audience, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURIM_ALERTS_URL", f"sc://127.0.0.1:{free_port()}")
    with pytest.raises(EngineError):
        open_for(sample, audience)


def test_the_command_says_it_in_one_line(
    sample: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURIM_ALERTS_URL", f"sc://127.0.0.1:{free_port()}/;token=geheim")
    assert main(["counts", "--home", str(sample.path), "--by", "month", "--json"]) == 2
    said = capsys.readouterr().err
    assert "does not answer" in said
    assert "geheim" not in said
    assert said.count("\n") == 1


def test_without_pyspark_it_is_said_how_to_get_it(sample: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(EngineError, match=r"PySpark is missing.*pip install"):
        open_source(sample, "local[1]")


def test_a_path_stands_for_one_file(tmp_path: Path) -> None:
    assert remote._address(tmp_path / "a [1] {b} *?.parquet") == f"file://{tmp_path}/a \\[1\\] \\{{b\\}} \\*\\?.parquet"


@pytest.mark.slow
@pytest.mark.parametrize("question", ["counts", "hours", "tables with cells", "options"])
def test_a_file_answers_as_a_table_in_memory_does(
    sample: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    held = open_source(sample)
    monkeypatch.setattr(flat, "IN_MEMORY", 0)
    read = source_from_files(held.cache["files"], f"read {tmp_path}", held.city, meeting=held.meeting)
    for f in FILTERS.values():
        ask = QUESTIONS[question]
        assert_equal(ask(held, f), ask(read, f))


def test_hours_and_categories_are_those_of_the_lists(sample: Home) -> None:
    source = open_source(sample)
    stored = stored_alerts(source).to_pandas()
    late = {20, 21, 22, 23}
    inside = stored["hours"].map(lambda hours: hours is not None and 2 * len(late.intersection(hours)) >= len(hours))
    asked = query.total(source, ALL.replace(hours=(20, 23)))
    assert asked.n == inside.sum() > 0
    lists = stored["more_categories"].map(lambda more: [] if more is None else list(more))
    noise = [("noise" in (one, *more)) for one, more in zip(stored["category"], lists, strict=True)]
    assert query.total(source, ALL.replace(categories=("noise",))).n == sum(noise) > 0


def test_a_folder_that_nobody_can_write_leaves_the_table_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    connection = database()
    connection.register("given", SCHEMA.empty_table())
    relation = open_flat(connection, "SELECT * FROM given", tmp_path / "file" / "alerts.parquet")
    assert relation.one("count(*) AS n") == {"n": 0}


@pytest.mark.parametrize("value", [0.1, 1e-7, -1.5e300, 5e-324, 2.0**53 + 2, "it's", dt.date(2024, 2, 29)])
def test_values_come_back_to_the_last_digit(value: Any) -> None:
    write: Any = {float: sql.number, str: sql.text, dt.date: sql.day}[type(value)]
    assert database().execute(f"SELECT {write(value)}").fetchall() == [(value,)]


UNASKED: dict[str, Any] = {"affected_gender": "unknown", "reporter_gender": "unknown", "feeling": None}
BY_DAY: dict[str, Any] = {"hours": None, "dark": None, "time_precision": "day"}
BY_MONTH: dict[str, Any] = BY_DAY | {"time_precision": "month"}


def some(n: int, **told: Any) -> list[dict[str, Any]]:
    """So many equal alerts."""
    return [alert(number, **told) for number in range(n)]


GROUPS: dict[str, list[dict[str, Any]]] = {
    "none": [],
    "timed": some(10, day=dt.date(2025, 3, 9)),
    "by day": some(11, day=dt.date(2024, 12, 30), category="odd", more_categories=["odder", "noise"], **BY_DAY),
    "by month": some(2, day=dt.date(2024, 2, 1), **BY_MONTH),
    "later by month": some(30, day=dt.date(2026, 2, 1), **BY_MONTH),
    "unasked": some(50, day=dt.date(2025, 11, 5), **UNASKED),
    "affected alone": some(5, day=dt.date(2023, 1, 31), **(UNASKED | {"affected_gender": "woman"})),
    "feeling alone": some(5, day=dt.date(2025, 1, 1), **(UNASKED | {"feeling": 1})),
}


def measured(*groups: str) -> Facts:
    rows = [row for name in groups for row in GROUPS[name]]
    connection = database()
    connection.register("given", pa.Table.from_pylist(rows, schema=SCHEMA))
    return measure(open_flat(connection, "SELECT * FROM given", None))


def test_known_time_and_days_follow_from_the_sums() -> None:
    """Two of twelve alerts by month alone are too many, two of 62 are not; the days are whole months only there."""
    few = measured("timed", "by month")
    assert (few.known_time, few.first, few.last) == (KnownTime.MONTH, dt.date(2024, 2, 1), dt.date(2025, 3, 31))
    more = measured("timed", "by month", "unasked")
    assert (more.known_time, more.first, more.last) == (KnownTime.HOUR, dt.date(2024, 2, 1), dt.date(2025, 11, 5))
    assert measured("timed", "by day").known_time is KnownTime.DAY


def test_nothing_was_asked_where_every_field_is_empty() -> None:
    assert measured("unasked").asked == ()
    assert measured("none").asked == ASKED_FIELDS
    assert measured("affected alone", "feeling alone").asked == ("affected_gender", "feeling")


def test_json_keeps_them() -> None:
    found = measured("by day", "later by month")
    told = json.loads(json.dumps(found.as_json()))
    assert Facts.from_json(told) == found
    earlier = told | {"known_time": "month", "first": found.first.isoformat(), "last": found.last.isoformat()}
    read = Facts.from_json(earlier)
    assert (read.first, read.last, read.known_time) == (found.first, found.last, found.known_time)
    with pytest.raises(KeyError):
        Facts.from_json({})
    with pytest.raises(TypeError):
        Facts.from_json(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("lost", [True, False])
def test_files_are_unread_only_where_the_server_is_there(lost: bool, caplog: pytest.LogCaptureFixture) -> None:
    session = object.__new__(remote._Session)
    vars(session).update(_spark=None, _url="sc://there:1", _number=1, _lost=lost, _answered=math.inf)
    with pytest.raises(EngineError, match="there") as refused:
        session._register(Path("/alerts.parquet"), 1)
    assert ("cannot read the files" in str(refused.value)) is ("cannot read the files" in caplog.text) is not lost
