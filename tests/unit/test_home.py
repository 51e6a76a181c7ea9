"""Homes: a new one, several by CURIM_HOMES, and one that an earlier version of the program made.

`tests/homes/first.zip` is of made-up alerts: five imports with updates and duplicates, an erasure after the first, the
fourth undone, draws of the protected copy with alerts that wait, a note, and a meeting in the plans' database. The
city's profile is not in it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import zipfile
from collections import Counter
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import import_file
from curim_data.model import Audience
from curim_data.model.city import ProfileError
from curim_data.plans.plan_store import MeetingStore, PlanStore
from curim_data.protection import open_for
from curim_data.store import Home, Store, StoreError, has_alerts
from curim_data.store.annotations import read_annotations
from curim_data.store.erase import draw_files, erase
from curim_data.store.home import CitiesError, HouseCity, cities, city_word, create_home, homes, how_many
from curim_data.studies.brief_content import public_link


def test_the_default_home_and_the_database_of_plans(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CURIM_HOME", raising=False)
    assert Home.default().path.name == "var"
    monkeypatch.setattr("curim_data.store.home.__file__", str(tmp_path / "lib" / "curim_data" / "store" / "home.py"))
    assert Home.default().path == Path.cwd() / "var"
    monkeypatch.setenv("CURIM_HOME", str(tmp_path))
    assert Home.default().path == tmp_path
    monkeypatch.delenv("CURIM_PLANS_URL", raising=False)
    assert Home(tmp_path).plans_url == f"sqlite:///{tmp_path / 'plans.sqlite'}"
    monkeypatch.setenv("CURIM_PLANS_URL", "postgresql://db/plans")
    assert Home(tmp_path).plans_url == "postgresql://db/plans"


def test_a_new_home_has_a_profile_and_keeps_it(tmp_path: Path) -> None:
    home = create_home(tmp_path / "own")
    assert home.city().epsg == 2100
    toml = home.city_folder / "city.toml"
    toml.write_text(toml.read_text("utf-8").replace("Piraeus", "Elsewhere"), "utf-8")
    assert "Elsewhere" in create_home(tmp_path / "own").city().names.values()
    assert not has_alerts(home)
    with pytest.raises(ProfileError):
        create_home(tmp_path / "broken", tmp_path / "nothing")
    assert not Home(tmp_path / "broken").has_city()


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CURIM_HOMES", "CURIM_PLANS_URL", "CURIM_ALERTS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CURIM_HOME", str(tmp_path / "own"))


def name_homes(monkeypatch: pytest.MonkeyPatch, *entries: Path | str) -> None:
    monkeypatch.setenv("CURIM_HOMES", os.pathsep.join(map(str, entries)))


@pytest.mark.parametrize("named", ["", " ", os.pathsep])
def test_without_cities_the_home_is_curim_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("CURIM_HOMES", named)
    assert (cities(), homes(), how_many()) == ((), (Home(tmp_path / "own"),), 1)
    assert city_word(Home(tmp_path / "own")) == ""


def test_the_word_of_a_city_is_that_of_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name_homes(monkeypatch, tmp_path / "piraeus", f"{tmp_path}/lancashire/")
    assert cities() == tuple(HouseCity(word, Home(tmp_path / word)) for word in ("piraeus", "lancashire"))
    assert city_word(Home(tmp_path / "x" / ".." / "piraeus")) == "piraeus"
    assert city_word(Home(tmp_path / "own")) == ""
    for word in ("b", "a", "lost+found"):
        (tmp_path / word).mkdir()
    for word in ("b", "a"):
        (tmp_path / word / "city").mkdir()
        (tmp_path / word / "city" / "city.toml").touch()
    name_homes(monkeypatch, tmp_path / "*")
    assert [city.word for city in cities()] == ["a", "b"]


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (("x/a", "y/a"), "one name"),
        (("x/Πειραιάς",), "Latin letters"),
        (("x/a b",), "Latin letters"),
        (("x/none*",), "no folder"),
    ],
)
def test_what_cannot_tell_cities_apart_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: tuple[str, ...], said: str
) -> None:
    name_homes(monkeypatch, *(tmp_path / entry for entry in entries))
    with pytest.raises(CitiesError, match=said):
        cities()
    assert how_many() == 1


@pytest.mark.parametrize("name", ["CURIM_PLANS_URL", "CURIM_ALERTS_URL"])
def test_one_database_for_several_cities_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "postgresql+psycopg://localhost/curim")
    name_homes(monkeypatch, tmp_path / "a", tmp_path / "b")
    with pytest.raises(CitiesError, match=f"{name} names one database"):
        cities()
    name_homes(monkeypatch, tmp_path / "a")
    assert len(cities()) == 1


def test_the_address_in_a_brief_names_the_city_where_there_are_several() -> None:
    asked = ("https://alerts.example", AlertFilter(), "el", dt.date(2026, 5, 3))
    assert public_link(*asked) == "https://alerts.example/?lang=el&since=2026-05-03"
    assert public_link(*asked, "alpha") == "https://alerts.example/?lang=el&city=alpha&since=2026-05-03"


MADE = Path(__file__).parents[1] / "homes" / "first.zip"
NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
# What the version that made it counted its council's numbers from.
SHOWN = ("alert_id", "incident_id", "category", "status", "affected_gender", "cell_9", "local_date", "hour", "dark")
COPY = "af57f66679449658"


@pytest.fixture
def earlier(tmp_path: Path) -> Home:
    with zipfile.ZipFile(MADE) as made:
        made.extractall(tmp_path / "earlier")
    return create_home(tmp_path / "earlier")


def statuses(earlier: Home) -> Counter[str]:
    return Counter(Store(earlier).read(["status"])["status"].to_pylist())


def test_imports_alerts_notes_and_meetings_of_an_earlier_home_are_there(earlier: Home) -> None:
    assert [(b.file_name, b.accepted, b.updated, b.duplicate, b.undone) for b in Store(earlier).batches()] == [
        ("first.csv", 40, 0, 0, False), ("second.csv", 20, 0, 10, False), ("third.csv", 10, 10, 0, False),
        ("fourth.csv", 20, 10, 0, True), ("fifth.csv", 5, 5, 0, False),
    ]  # fmt: skip
    assert statuses(earlier) == {"open": 49, "resolved": 15, "rejected": 10}
    assert open_for(earlier, Audience.ANALYST).count == 74
    assert len(Store(earlier).quarantine(Store(earlier).batches()[0].id)) == 1
    assert [one.note for one in read_annotations(earlier.path)] == ["A festival"]
    with closing(PlanStore(earlier.plans_url)) as plans:
        (meeting,) = MeetingStore(plans, earlier.path).list()
    assert (meeting.day, meeting.name) == (dt.date(2025, 2, 3), "Plenary")


def test_an_earlier_homes_imports_are_taken_back(earlier: Home) -> None:
    first, _, third, _, fifth = Store(earlier).batches()
    with pytest.raises(StoreError, match="cannot be undone: alerts were erased"):
        Store(earlier).undo(first.id)
    report = Store(earlier).undo(third.id)
    assert (report.removed, report.restored, report.kept) == (5, 10, 5)
    report = Store(earlier).undo(fifth.id)
    assert (report.removed, report.restored, report.kept) == (5 + 5, 0, 0)
    assert statuses(earlier) == {"open": 59}


def test_an_earlier_homes_copy_is_what_it_was_and_its_alerts_are_known_again(earlier: Home) -> None:
    before = {path.name: path.read_bytes() for path in draw_files(earlier)}
    copy = open_for(earlier, Audience.COUNCIL)
    rows = pq.read_table(copy.cache["files"][0], columns=list(SHOWN)).sort_by("alert_id").to_pylist()
    assert hashlib.sha256(repr(rows).encode()).hexdigest()[:16] == COPY
    assert {path.name: path.read_bytes() for path in draw_files(earlier)} == before
    header = "alert_id;reported_at;category;status;latitude;longitude"
    names = ("graffiti", "noise", "harassment_sexual")
    days = [f"2025-0{n % 3 + 1}-{n % 28 + 1:02d}T10:00" for n in range(10)]
    lines = [f"A{n};{day};{names[n % 3]};open;37.94{n % 7};23.64{n % 9}" for n, day in enumerate(days)]
    batch = import_file(earlier, "\n".join([header, *lines, ""]).encode(), "again.csv", now=NOW).batch
    assert (batch.accepted, batch.updated, batch.duplicate, dict(batch.reasons)) == (0, 0, 9, {"erased": 1})


def test_an_earlier_homes_alerts_are_erased(earlier: Home) -> None:
    assert erase(earlier, ["A8"]).alerts == 1
    assert open_source(earlier).count == 73
    for batch in Store(earlier).batches():
        if not batch.undone:
            with pytest.raises(StoreError, match="cannot be undone"):
                Store(earlier).undo(batch.id)
