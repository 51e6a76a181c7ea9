"""A home that an earlier version of the program made opens, counts, takes imports back and erases as before.

`tests/homes/first.zip` is such a home, of made-up alerts: five imports with updates and duplicates, an erasure after
the first, the fourth undone, draws of the protected copy with alerts that wait, a note, and a meeting in the plans'
database. The city's profile is not in it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import zipfile
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from curim_data.engine import open_source
from curim_data.importing.pipeline import import_file
from curim_data.model import Audience
from curim_data.plans.plan_store import MeetingStore, PlanStore
from curim_data.protection import open_for
from curim_data.store import Home, Store, StoreError
from curim_data.store.annotations import read_annotations
from curim_data.store.erase import draw_files, erase
from curim_data.store.home import create_home

MADE = Path(__file__).parents[1] / "homes" / "first.zip"
NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
# What the version that made the home counted its council's numbers from.
SHOWN = ("alert_id", "incident_id", "category", "status", "affected_gender", "cell_9", "local_date", "hour", "dark")
COPY = "af57f66679449658"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    with zipfile.ZipFile(MADE) as made:
        made.extractall(tmp_path / "home")
    return create_home(tmp_path / "home")


def statuses(home: Home) -> Counter[str]:
    return Counter(Store(home).read(["status"])["status"].to_pylist())


def test_its_imports_and_alerts_are_there(home: Home) -> None:
    told = [(b.file_name, b.accepted, b.updated, b.duplicate, b.undone) for b in Store(home).batches()]
    assert told == [
        ("first.csv", 40, 0, 0, False),
        ("second.csv", 20, 0, 10, False),
        ("third.csv", 10, 10, 0, False),
        ("fourth.csv", 20, 10, 0, True),
        ("fifth.csv", 5, 5, 0, False),
    ]
    assert statuses(home) == {"open": 49, "resolved": 15, "rejected": 10}
    assert open_for(home, Audience.ANALYST).count == 74
    assert len(Store(home).quarantine(Store(home).batches()[0].id)) == 1


def test_its_imports_are_taken_back(home: Home) -> None:
    first, _, third, _, fifth = Store(home).batches()
    with pytest.raises(StoreError, match="cannot be undone: alerts were erased"):
        Store(home).undo(first.id)
    report = Store(home).undo(third.id)
    assert (report.removed, report.restored, report.kept) == (5, 10, 5)
    report = Store(home).undo(fifth.id)
    assert (report.removed, report.restored, report.kept) == (5 + 5, 0, 0)
    assert statuses(home) == {"open": 59}


def test_its_alerts_are_known_again_and_the_erased_one_does_not_come_back(home: Home) -> None:
    header = "alert_id;reported_at;category;status;latitude;longitude"
    lines = [
        f"A{n};2025-0{n % 3 + 1}-{n % 28 + 1:02d}T10:00;{('graffiti', 'noise', 'harassment_sexual')[n % 3]};open;"
        f"37.94{n % 7};23.64{n % 9}"
        for n in range(10)
    ]
    batch = import_file(home, "\n".join([header, *lines, ""]).encode(), "again.csv", now=NOW).batch
    assert (batch.accepted, batch.updated, batch.duplicate, dict(batch.reasons)) == (0, 0, 9, {"erased": 1})


def test_its_protected_copy_is_what_it_was(home: Home) -> None:
    before = {path.name: path.read_bytes() for path in draw_files(home)}
    copy = open_for(home, Audience.COUNCIL)
    rows = pq.read_table(copy.cache["files"][0], columns=list(SHOWN)).sort_by("alert_id").to_pylist()
    assert hashlib.sha256(repr(rows).encode()).hexdigest()[:16] == COPY
    assert {path.name: path.read_bytes() for path in draw_files(home)} == before


def test_its_alerts_are_erased(home: Home) -> None:
    assert erase(home, ["A8"]).alerts == 1
    assert open_source(home).count == 73
    for batch in Store(home).batches():
        if not batch.undone:
            with pytest.raises(StoreError, match="cannot be undone"):
                Store(home).undo(batch.id)


def test_its_notes_and_meetings_are_there(home: Home) -> None:
    assert [one.note for one in read_annotations(home.path)] == ["A festival"]
    plans = PlanStore(home.plans_url)
    assert [(one.day, one.name) for one in MeetingStore(plans, home.path).list()] == [(dt.date(2025, 2, 3), "Plenary")]
    plans.close()
