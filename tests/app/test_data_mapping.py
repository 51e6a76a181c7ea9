"""What an analyst settles on the Data page: questions, columns, words, mappings that are saved, a first city."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from curim_data.export.safe_csv import csv_bytes, with_negative_numbers
from curim_data.importing import mapping
from curim_data.importing.pipeline import Header, import_file, preview
from curim_data.model import translator
from curim_data.store import Batch, Home, Store
from curim_data.store.home import create_home
from pages.parts.data.uploads import option_of, with_column, with_word
from tests.app.conftest import bring, errors, texts_of, visit

HEADER = "ref,when,type of event,sex,lat,lon,extra"


def _rows(count: int, *, what: str = "noise", sex: str = "F", lat: float = 37.943, lon: float = 23.647) -> bytes:
    lines = []
    for n in range(count):
        gender = sex if n % 5 == 0 else "F"
        when, where = f"2026-01-{1 + n % 28:02d} 10:{n % 60:02d}", f"{lat + n / 9000:.5f},{lon + n / 9000:.5f}"
        lines.append(f"R{n},{when},{what},{gender},{where},x{n}")
    return "\n".join([HEADER, *lines]).encode()


def _fine(app: AppTest) -> AppTest:
    assert not errors(app)
    return app


def _box(app: AppTest, start: str, end: str) -> Any:
    (found,) = [box for box in app.selectbox if str(box.key).startswith(start) and str(box.key).endswith(end)]
    return found


def _choose(app: AppTest, start: str, end: str, value: str) -> AppTest:
    _box(app, start, end).set_value(value)
    return _fine(app.run())


def _import(app: AppTest) -> AppTest:
    return _fine(app.button(key="data_import").click().run())


def test_a_column_understood_wrongly_is_mended_and_taken_back(base: Home) -> None:
    home = create_home(base.path)
    app = bring(visit("data", home="own"), ("a.csv", _rows(30)))
    assert _box(app, "data_col_", "_6").value == ""
    _choose(app, "data_col_", "_6", "status")
    assert "As you set it." in texts_of(app)
    assert _box(app, "data_col_", "_6").value == "status"
    assert "x29" in "".join(box.label for box in app.selectbox)
    app.button(key="data_back").click().run()
    assert _box(app, "data_col_", "_6").value == ""
    _import(app)
    assert Store(home).count() == 30


def test_an_unknown_word_is_given_a_meaning(base: Home) -> None:
    home = create_home(base.path)
    app = bring(visit("data", home="own"), ("a.csv", _rows(30, what="Loud party", sex="Fem.")))
    assert "Values that were not recognised" in texts_of(app)
    _choose(app, "data_word_", "category_Loud party", "noise")
    _choose(app, "data_word_", "gender_Fem.", "woman")
    assert "Values that were not recognised" not in texts_of(app)
    _import(app)
    stored = Store(home).read(["category", "affected_gender", "reporter_gender"]).to_pylist()
    assert {row["category"] for row in stored} == {"noise"}
    assert "woman" in {stored[0]["affected_gender"], stored[0]["reporter_gender"]}


def test_a_mapping_is_saved_and_used_for_the_next_export(base: Home) -> None:
    home = create_home(base.path)
    app = bring(visit("data", home="own"), ("january.csv", _rows(30, what="Loud party")))
    _choose(app, "data_word_", "category_Loud party", "noise")
    (name,) = [one for one in app.text_input if str(one.key).startswith("data_mapping_name_")]
    name.set_value("City desk")
    _fine(app.run())
    (save,) = [one for one in app.button if str(one.key).startswith("data_mapping_save_")]
    _fine(save.click().run())
    assert [one.name for one in mapping.saved(home)] == ["City desk"]
    app = bring(visit("data", home="own"), ("february.csv", _rows(31, what="Loud party")))
    assert "Read with the saved mapping City desk." in texts_of(app)
    assert "Values that were not recognised" not in texts_of(app)
    _fine(app.button(key="data_use_recognised").click().run())
    assert "Values that were not recognised" in texts_of(app)
    _fine(app.button(key="data_use_saved").click().run())
    assert "Values that were not recognised" not in texts_of(app)


def test_the_first_file_makes_a_city_that_is_named(base: Home) -> None:
    app = bring(visit("data", home="own"), ("away.csv", _rows(200, lat=40.41, lon=-3.70)))
    assert "away.csv creates a provisional one" in texts_of(app)
    assert "Europe/Madrid" in texts_of(app)
    app.button(key="data_import").click().run()
    assert "Give the city a name first." in texts_of(app)
    assert not base.has_city()
    app.text_input(key="data_city_name").set_value("Madrid")
    _fine(app.run())
    _import(app)
    city = base.city()
    assert city.provisional
    assert city.names["en"] == "Madrid"


@pytest.mark.usefixtures("base")
def test_an_unknown_projection_is_asked_and_remembered() -> None:
    lines = [f"R{n},2026-01-{1 + n % 28:02d},{440000 + 30 * n},{4474000 + 30 * n}" for n in range(60)]
    content = "\n".join(["ref,date,x,y", *lines]).encode()
    app = bring(visit("data", home="own"), ("utm.csv", content))
    (question,) = [one for one in app.radio if str(one.key).startswith("data_crs_")]
    assert 25830 in [int(str(option).split("·")[0].removeprefix("EPSG:")) for option in question.options]
    question.set_value(25830)
    _fine(app.run())
    assert "Europe/Madrid" in texts_of(app)
    assert [one for one in app.radio if str(one.key).startswith("data_crs_")]


def test_what_changed_since_last_month_is_told_before_the_import(base: Home) -> None:
    home = create_home(base.path)
    import_file(home, _rows(30), "january.csv")
    app = bring(visit("data", home="own"), ("february.csv", _rows(28, sex="M").replace(b"extra", b"sector")))
    assert "Compared with january.csv" in texts_of(app)
    assert "New columns: “sector”." in texts_of(app)
    assert "Removed columns: “extra”." in texts_of(app)
    assert Store(home).count() == 30


def test_an_interrupted_import_is_told_once(base: Home) -> None:
    home = create_home(base.path)
    left = home.work / "20260101-000000-abcdef"
    left.mkdir(parents=True)
    note = {"file": "big.csv", "when": "2026-01-01T00:00:00+00:00", "batch": left.name, "pid": 1}
    (left / "import.json").write_text(json.dumps(note), "utf-8")
    app = visit("data", home="own")
    assert "The import of big.csv" in texts_of(app)
    assert not left.exists()
    assert "The import of big.csv" not in texts_of(visit("data", home="own"))


def test_an_import_from_before_an_erasure_cannot_be_undone(base: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home = create_home(base.path)
    batch = import_file(home, _rows(5), "five.csv").batch
    sealed = [replace(one, sealed=dt.datetime(2026, 6, 1, tzinfo=dt.UTC)) for one in Store(home).batches()]

    def batches(_store: Store) -> list[Batch]:
        return sealed

    monkeypatch.setattr(Store, "batches", batches)
    app = visit("data", home="own", part="history")
    assert "cannot be undone" in texts_of(app)
    assert not [one for one in app.button if one.key == f"data_undo_{batch.id}"]


def test_rows_set_aside_are_read_with_the_mapping_of_their_export(tmp_path: Path) -> None:
    home = create_home(tmp_path / "home")
    content = _rows(40, what="Loud party").replace(b"2026-01-03 10:02", b"2026-01-33 10:02")
    seen = preview(content, "a.csv", home.city(), home=home)
    header = seen.report.facts.labels
    made = mapping.ColumnMapping.from_layout(seen.report.layout, header, name="desk")
    mapping.save(home, replace(made, categories={"loud party": "noise"}))
    batch = import_file(home, content, "a.csv").batch
    rows = csv_bytes(with_negative_numbers(Store(home).quarantine(batch.id))).replace(b"2026-01-33", b"2026-01-30")
    again = import_file(home, rows, "mended.csv")
    assert any("out of which these rows were quarantined" in translator("en")(line) for line in again.decisions)
    assert (again.batch.accepted, again.unknown) == (1, {})


def test_a_column_takes_a_meaning_from_another(tmp_path: Path) -> None:
    home = create_home(tmp_path / "home")
    seen = preview(_rows(30), "a.csv", home.city())
    header = Header(seen.report.facts.labels, seen.report.layout, seen.mapping)
    moved = with_column(header, 6, "alert_id", seen.answers).layout(header.labels)
    assert [part.place for part in moved.roles["alert_id"]] == [6]
    both = with_column(header, 6, "category", seen.answers).layout(header.labels)
    assert [part.place for part in both.roles["category"]] == [2, 6]
    date = with_column(header, 1, "occurred_from/date", seen.answers).layout(header.labels)
    assert [part.part for part in date.roles["occurred_from"]] == ["date"]
    assert 6 in with_column(header, 6, "dropped", seen.answers).layout(header.labels).personal
    word = with_word(header, "status", "Ολοκληρώθηκε", "resolved", seen.answers)
    assert word.words["status"]["ολοκληρωθηκε"] == "resolved"
    assert [option_of("", "", "dropped"), option_of("x", "value", "alert"), option_of("x", "date", "alert")] == [
        "dropped",
        "x",
        "x/date",
    ]


def test_a_further_file_of_another_place_does_not_slip_into_the_city_of_the_first(base: Home) -> None:
    app = visit("data", home="own")
    here, away = _rows(200, lat=40.41, lon=-3.70), _rows(150, lat=48.85, lon=2.35)
    app.file_uploader[0].set_value([("madrid.csv", here, "text/csv"), ("paris.csv", away, "text/csv")])
    _fine(app.run())
    app.text_input(key="data_city_name").set_value("Madrid")
    _fine(app.run())
    _import(app)
    assert [batch.file_name for batch in Store(base).batches()] == ["madrid.csv"]
    assert "Is this the right city?" in texts_of(app)
