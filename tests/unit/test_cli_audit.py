"""What commands write into the record, and `curim audit`."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

import sample_data
from curim_data.cli.app import main
from curim_data.importing.pipeline import import_file
from curim_data.store import Home
from curim_data.store.home import create_home

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CURIM_LANG", "en")
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


def run(capsys: Capture, home: Home, *words: str) -> dict[str, Any]:
    assert main([*words, "--home", str(home.path), "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


@pytest.mark.slow
def test_commands_are_recorded_without_ids_of_alerts(capsys: Capture, own: Home, tmp_path: Path) -> None:
    done = run(capsys, own, "import", str(tmp_path / "april.csv"))["files"][0]
    run(capsys, own, "import", str(tmp_path / "april.csv"), "--dry-run")
    run(capsys, own, "counts", "--by", "week", "--light", "dark", "--audience", "council")
    run(capsys, own, "export", "--affected", "woman", "--out", str(tmp_path / "women.csv"))
    run(capsys, own, "meetings", "add", "2025-05-03", "Plenary")
    run(capsys, own, "meetings", "list")
    run(capsys, own, "undo", done["batch"])
    run(capsys, own, "erase", "A-1", "A-2", "--yes")
    assert main(["counts", "--by", "nothing", "--home", str(own.path)]) == 2
    capsys.readouterr()
    told = run(capsys, own, "audit")
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


def test_the_record_is_narrowed_and_written(capsys: Capture, own: Home, tmp_path: Path) -> None:
    run(capsys, own, "batches")
    run(capsys, own, "meetings", "add", "2025-05-03")
    assert [row["subject"] for row in run(capsys, own, "audit", "--deed", "change")["record"]] == ["curim meetings add"]
    assert run(capsys, own, "audit", "--who", "nobody")["n"] == 0
    assert run(capsys, own, "audit", "--until", "2020-01-01")["n"] == 0
    assert run(capsys, own, "audit", "--since", "2020-01-01")["n"] == 5, "looking at the record is recorded too"
    out = tmp_path / "record.csv"
    assert main(["audit", "--home", str(own.path), "--out", str(out)]) == 0
    assert "6 entries written" in capsys.readouterr().out
    with out.open(encoding="utf-8-sig", newline="") as file:
        assert [row["subject"] for row in csv.DictReader(file)][-1] == "curim batches"
    assert main(["audit", "--home", str(own.path)]) == 0
    assert "Change made" in capsys.readouterr().out


def test_the_sample_and_a_home_without_a_city_are_not_recorded(capsys: Capture, sample: Home, tmp_path: Path) -> None:
    assert main(["batches", "--home", str(sample.path)]) == 0
    assert main(["batches", "--home", str(tmp_path / "none")]) == 2
    assert not (tmp_path / "none").exists()
    capsys.readouterr()
    assert run(capsys, sample, "audit")["n"] == 0


def test_a_record_that_cannot_be_written_stops_no_command(
    capsys: Capture, own: Home, caplog: pytest.LogCaptureFixture
) -> None:
    (own.path / "plans.sqlite").mkdir()
    assert run(capsys, own, "batches")["batches"]
    assert "could not be written" in caplog.text
