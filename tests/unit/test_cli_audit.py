"""What commands write into the record, and `curim audit`."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

import sample_data
from curim_data.importing.pipeline import import_file
from curim_data.store import Home
from curim_data.store.home import create_home
from tests.commands import Curim


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "clerk")


ROWS = (
    "alert_id,reported_at,category,latitude,longitude\n"
    "A-1,2025-03-01T10:00,noise,37.945,23.640\n"
    "A-2,2025-03-02T23:00,noise,37.946,23.641\n"
    "A-3,2025-03-03T12:00,lighting_poor,37.947,23.642\n"
)
MORE = ROWS.replace("A-", "B-").replace("2025-03", "2025-04")


@pytest.fixture
def own(tmp_path: Path) -> Home:
    """A city with three alerts."""
    home = create_home(tmp_path / "home", sample_data.PROFILE)
    import_file(home, ROWS.encode(), "march.csv")
    (tmp_path / "april.csv").write_text(MORE, "utf-8")
    return home


@pytest.mark.slow
def test_commands_are_recorded_without_ids_of_alerts(curim: Curim, own: Home, tmp_path: Path) -> None:
    done = curim.answer(own, "import", str(tmp_path / "april.csv"))["files"][0]
    curim.answer(own, "import", str(tmp_path / "april.csv"), "--dry-run")
    curim.answer(own, "counts", "--by", "week", "--light", "dark", "--audience", "council")
    curim.answer(own, "export", "--affected", "woman", "--out", str(tmp_path / "women.csv"))
    curim.answer(own, "meetings", "add", "2025-05-03", "Plenary")
    curim.answer(own, "meetings", "list")
    curim.answer(own, "undo", done["batch"])
    curim.answer(own, "erase", "A-1", "A-2", "--yes")
    curim.refuses("counts", "--by", "nothing", "--home", str(own.path))
    told = curim.answer(own, "audit")
    assert told["n"] == len(told["record"]) == 8
    assert [(row["deed"], row["subject"], row["role"], row["query"]) for row in reversed(told["record"])] == [
        ("import", "curim import april.csv", "analyst", ""),
        ("command", "curim import april.csv", "analyst", ""),
        ("command", "curim counts", "council", "light=dark"),
        ("download", "curim export → women.csv", "analyst", "affected=woman&period=all"),
        ("change", "curim meetings add", "analyst", ""),
        ("command", "curim meetings list", "analyst", ""),
        ("undo", f"curim undo {done['batch']}", "analyst", ""),
        ("erase", "curim erase (2)", "analyst", ""),
    ]
    assert {row["who"] for row in told["record"]} == {"clerk"}
    assert not re.search(r"\b[AB]-\d", json.dumps(told))


def test_the_record_is_narrowed_and_written(curim: Curim, own: Home, tmp_path: Path) -> None:
    curim.answer(own, "batches")
    curim.answer(own, "meetings", "add", "2025-05-03")
    assert [row["subject"] for row in curim.answer(own, "audit", "--deed", "change")["record"]] == [
        "curim meetings add"
    ]
    assert curim.answer(own, "audit", "--who", "nobody")["n"] == 0
    assert curim.answer(own, "audit", "--until", "2020-01-01")["n"] == 0
    assert curim.answer(own, "audit", "--since", "2020-01-01")["n"] == 5, "looking at the record is recorded too"
    out = tmp_path / "record.csv"
    assert "6 entries written" in curim.says(own, "audit", "--out", str(out))
    with out.open(encoding="utf-8-sig", newline="") as file:
        assert [row["subject"] for row in csv.DictReader(file)][-1] == "curim batches"
    assert "Change made" in curim.says(own, "audit")


def test_the_sample_and_a_home_without_a_city_are_not_recorded(curim: Curim, sample: Home, tmp_path: Path) -> None:
    curim.says(sample, "batches")
    curim.refuses("batches", "--home", str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()
    assert curim.answer(sample, "audit")["n"] == 0


def test_a_record_that_cannot_be_written_stops_no_command(
    curim: Curim, own: Home, caplog: pytest.LogCaptureFixture
) -> None:
    (own.path / "plans.sqlite").mkdir()
    assert curim.answer(own, "batches")["batches"]
    assert "could not be written" in caplog.text
