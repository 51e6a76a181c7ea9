from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from curim_data.importing.pipeline import import_file
from curim_data.model import Answers, Question
from curim_data.store import Home, Store
from curim_data.store.home import create_home

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
TABLE = b"alert_id,reported_at,category,latitude,longitude\n1,2025-03-01T10:00,graffiti,37.943,23.647\n"


def requests(status: str = "open") -> bytes:
    one = {"service_request_id": 1, "status": status, "service_name": "Noise", "lat": 37.944, "long": 23.648}
    return json.dumps([one | {"service_code": "n", "requested_datetime": "2025-03-02T11:00:00+02:00"}]).encode()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = create_home(tmp_path / "home")
    import_file(made, TABLE, "curim.csv", now=NOW)
    return made


def ids(home: Home) -> list[str]:
    return sorted(Store(home).read(["alert_id"])["alert_id"].to_pylist())


def test_ids_of_another_kind_of_export_are_asked_about(home: Home) -> None:
    with pytest.raises(Question) as asked:
        import_file(home, requests(), "requests.json", now=NOW)
    assert (asked.value.about, [one.value for one in asked.value.choices]) == ("ids", ["same", "own"])
    assert ids(home) == ["1"]


def test_other_alerts_stay_and_go_on_under_their_own_ids(home: Home) -> None:
    assert import_file(home, requests(), "a.json", answers=Answers(ids="own"), now=NOW).batch.accepted == 1
    assert ids(home) == ["1", "open311:1"]
    assert import_file(home, requests("closed"), "b.json", now=NOW).batch.updated == 1
    assert import_file(home, requests("closed"), "b.json", now=NOW).batch.duplicate == 1
    assert import_file(home, TABLE, "curim.csv", now=NOW).batch.duplicate == 1


def test_the_same_alerts_are_brought_up_to_date(home: Home) -> None:
    assert import_file(home, requests(), "a.json", answers=Answers(ids="same"), now=NOW).batch.updated == 1
    assert ids(home) == ["1"]


@pytest.mark.parametrize("address", ["maria@example.gr", "6944123456", "+30 210 1234567", "0030-6944123456"])
def test_an_id_that_is_an_address_of_a_person_is_not_stored(home: Home, address: str) -> None:
    data = TABLE.replace(b"\n1,", f"\n{address},".encode())
    assert import_file(home, data, "curim.csv", now=NOW).batch.accepted == 1
    stored = Store(home).read(["alert_id", "incident_id"]).to_pylist()
    assert not any(address in str(value) for row in stored for value in row.values())
