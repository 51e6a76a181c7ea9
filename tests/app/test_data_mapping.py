"""What an analyst sees of a file before its import and settles: questions, columns, words, mappings, a first city."""

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
from pages.parts.data.recognised import AREA_QUESTION, KIND_QUESTION
from pages.parts.data.uploads import option_of, with_column, with_word
from tests.app.conftest import SPOKEN, bring, errors, fine, texts_of, visit
from tests.unit.test_id_scopes import HEADERS, NOW, as_csv, table

HEADER = "ref,when,type of event,sex,lat,lon,extra"


def _rows(count: int, *, what: str = "noise", sex: str = "F", lat: float = 37.943, lon: float = 23.647) -> bytes:
    lines = []
    for n in range(count):
        gender = sex if n % 5 == 0 else "F"
        when, where = f"2026-01-{1 + n % 28:02d} 10:{n % 60:02d}", f"{lat + n / 9000:.5f},{lon + n / 9000:.5f}"
        lines.append(f"R{n},{when},{what},{gender},{where},x{n}")
    return "\n".join([HEADER, *lines]).encode()


def _box(app: AppTest, start: str, end: str) -> Any:
    (found,) = [box for box in app.selectbox if str(box.key).startswith(start) and str(box.key).endswith(end)]
    return found


def _choose(app: AppTest, start: str, end: str, value: str) -> AppTest:
    _box(app, start, end).set_value(value)
    return fine(app.run())


def _import(app: AppTest) -> AppTest:
    return fine(app.button(key="data_import").click().run())


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
    fine(app.run())
    (save,) = [one for one in app.button if str(one.key).startswith("data_mapping_save_")]
    fine(save.click().run())
    assert [one.name for one in mapping.saved(home)] == ["City desk"]
    app = bring(visit("data", home="own"), ("february.csv", _rows(31, what="Loud party")))
    assert "Read with the saved mapping City desk." in texts_of(app)
    assert "Values that were not recognised" not in texts_of(app)
    fine(app.button(key="data_use_recognised").click().run())
    assert "Values that were not recognised" in texts_of(app)
    fine(app.button(key="data_use_saved").click().run())
    assert "Values that were not recognised" not in texts_of(app)


def test_the_first_file_makes_a_city_that_is_named(base: Home) -> None:
    app = bring(visit("data", home="own"), ("away.csv", _rows(200, lat=40.41, lon=-3.70)))
    assert "away.csv creates a provisional one" in texts_of(app)
    assert "Europe/Madrid" in texts_of(app)
    app.button(key="data_import").click().run()
    assert "Give the city a name first." in texts_of(app)
    assert not base.has_city()
    app.text_input(key="data_city_name").set_value("Madrid")
    fine(app.run())
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
    fine(app.run())
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
    fine(app.run())
    app.text_input(key="data_city_name").set_value("Madrid")
    fine(app.run())
    _import(app)
    assert [batch.file_name for batch in Store(base).batches()] == ["madrid.csv"]
    assert "Is this the right city?" in texts_of(app)


# Towns of a made-up country: name, longitude, latitude, alerts.
TOWNS = (("Ostwick", 21.0, 52.0, 260), ("Milford", 17.0, 51.1, 120))


def _bring(content: bytes, lang: str = "en", name: str = "export.csv") -> AppTest:
    return bring(visit("data", lang=lang, home="own"), (name, content))


def _question(app: AppTest, about: str) -> Any:
    (question,) = [one for one in app.radio if str(one.key).startswith(f"data_{about}_")]
    return question


def _imported(app: AppTest, name: str = "") -> AppTest:
    if name:
        app.text_input(key="data_city_name").set_value(name).run()
    fine(app.button(key="data_import").click().run())
    return app


def _towns(*, scattered: bool) -> bytes:
    """Alerts of two towns with their names, and where `scattered`, of many places between them."""
    places = [(name, x + n % 13 / 500, y + n % 17 / 700) for name, x, y, many in TOWNS for n in range(many)]
    places += [(f"Elsewhere {n}", 15 + 8 * n / 60, 50 + 3.5 * (7 * n % 60) / 60) for n in range(60 * scattered)]
    lines = [f"{n},2024-05-{1 + n % 28:02},Noise,{y:.5f},{x:.5f},{name}" for n, (name, x, y) in enumerate(places)]
    return "\n".join(["id,date,category,latitude,longitude,city", *lines]).encode()


@pytest.mark.parametrize("lang", SPOKEN)
def test_a_country_is_told_and_a_part_of_it_can_be_the_city(base: Home, lang: str) -> None:
    """A first file of a country: the page proposes its areas by their names, or all of it, and asks no more."""
    app, t = _bring(_towns(scattered=True), lang, "national.csv"), translator(lang)
    question = _question(app, "area")
    assert ["Ostwick" in question.options[0], "Milford" in question.options[2]] == [True, True]
    assert "--" not in texts_of(app), "options are of the command line"
    assert t(KIND_QUESTION) in texts_of(app)
    assert t("To decide otherwise, answer “{question}” above.", question=t(AREA_QUESTION)) in texts_of(app)
    question.set_value("densest").run()
    assert not errors(app)
    _imported(app, "Warsaw")
    city = base.city()
    assert (Store(base).count(), bool(city.part)) == (440, True)
    assert city.area_km2 < 2_000


def test_an_empty_box_of_categories_says_what_to_type(base: Home) -> None:
    """Where the city has no category yet there is nothing to choose from."""
    lines = [f"R{n},2026-02-{n:02d},48.20{n % 10},16.37{n % 7}" for n in range(1, 25)]
    app = _bring("\n".join(["ref,date,lat,lon", *lines]).encode())
    assert not [box for box in app.selectbox if str(box.key).startswith("data_category_")]
    (field,) = [box for box in app.text_input if str(box.key).startswith("data_category_")]
    assert "Type a name" in field.placeholder
    field.set_value("Theft").run()
    assert not errors(app)
    _imported(app, "Vienna")
    assert set(Store(base).read(["category"])["category"].to_pylist()) == {"theft"}


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("lang", SPOKEN)
def test_several_cities_in_one_file_wait_for_an_answer(lang: str) -> None:
    app = _bring(_towns(scattered=False), lang)
    question = _question(app, "area")
    assert question.value is None
    assert app.button(key="data_import").disabled
    question.set_value("densest").run()
    assert not errors(app)
    assert not app.button(key="data_import").disabled


@pytest.mark.parametrize("lang", SPOKEN)
def test_a_file_without_coordinates_makes_a_city_of_the_name_that_is_given(base: Home, lang: str) -> None:
    lines = [f"R{n},2026-02-{n:02d} 10:15,Theft" for n in range(1, 25)]
    _imported(_bring("\n".join(["ref,date,offence", *lines]).encode(), lang), "Βερολίνο")
    assert (base.city().names["en"], base.city().timezone, base.city().outlined) == ("Βερολίνο", "Europe/Berlin", False)
    assert Store(base).count() == 24


MOMENTS = [dt.datetime(2024, 1, 1, 12) + dt.timedelta(hours=31 * at) for at in range(120)]


def brought(lang: str, name: str, header: str, rows: list[str]) -> AppTest:
    lines = [f"A{at};{row};37.9432;23.6470" for at, row in enumerate(rows)]
    return _bring("\n".join([f"nr;{header};lat;lon", *lines]).encode(), lang, name)


def test_the_column_of_the_event_is_asked_with_rows_and_hours(base: Home) -> None:
    rows = [f"{one + dt.timedelta(days=1):%Y-%m-%d %H:%M};{one:%Y-%m-%d %H:%M}" for one in MOMENTS]
    app = brought("en", "events.csv", "Event date;Date", rows)
    question = _question(app, "event")
    assert [option.split(":")[0].strip() for option in question.options] == ["Event date", "Date"]
    assert all(f"{moment:%H:%M}" in question.options[1] for moment in MOMENTS[:3])
    assert "█" in question.options[0]
    _imported(question.set_value("Date").run())
    days = Store(base).read(["local_date"])["local_date"].to_pylist()
    assert sorted(days) == [moment.date() for moment in MOMENTS]


@pytest.mark.usefixtures("base")
def test_a_file_of_both_orders_says_so_and_asks_nothing() -> None:
    rows = [f"{one:%d/%m/%Y %H:%M};phone" if at % 3 else f"{one:%m/%d/%Y %H:%M};web" for at, one in enumerate(MOMENTS)]
    app = brought("el", "orders.csv", "date;channel", rows)
    assert not [radio for radio in app.radio if str(radio.key).startswith("data_dates_")]
    said = " ".join(str(one.value) for kind in (app.markdown, app.caption, app.text, app.metric) for one in kind)
    t = translator("el")
    (table,) = [one.value for one in app.table if t("Dates") in one.value.iloc[:, 0].tolist()]
    told = dict(zip(table.iloc[:, 0], table.iloc[:, 1], strict=True))[t("Dates")]
    assert t("both orders of day and month, row by row") in told
    assert t("The column {column} tells them apart. Day first: {day}; month first: {month}.",
             column="channel", day="phone", month="web") in said  # fmt: skip


@pytest.mark.parametrize("lang", SPOKEN)
def test_the_page_asks_whose_the_ids_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    home = Home(tmp_path / "home")
    monkeypatch.setenv("CURIM_HOME", str(home.path))
    written = {"en": "en", "el": "el", "fr": "es"}[lang]
    import_file(home, as_csv(HEADERS[written], table(written, 3, range(1, 61), 1)), "3.csv", now=NOW, city_name="Own")
    april = as_csv(HEADERS[written], table(written, 4, range(1, 61), 2))
    app = bring(visit("data", lang=lang), ("april.csv", april))
    question = _question(app, "ids")
    assert question.value is None
    assert "2025-03-" in question.label
    assert "2025-04-" in question.label
    assert Store(home).count() == 60
    _imported(question.set_value("own").run())
    assert Store(home).count() == 120


HEAD = {
    "el": "κωδικός;ημερομηνία;ώρα;κατηγορία;φύλο θύματος;γεωγραφικό πλάτος;γεωγραφικό μήκος;παρατηρήσεις",
    "en": "id;date of incident;time;category;victim sex;latitude;longitude;comments",
    "fr": "numéro;date des faits;heure;catégorie;sexe de la victime;latitude;longitude;commentaire",
}
SEX = {"el": ("Γυναίκα", "Άνδρας"), "en": ("Female", "Male"), "fr": ("Femme", "Homme")}
SECRET = "a secret of somebody"


def _file(lang: str = "en", *, office: bool = False) -> bytes:
    lines = [HEAD[lang]]
    for n in range(90):
        day, hour = (5 - 3 * (n % 2) + 7 * (n % 3) + n % 5, 9 + n % 7) if office else (1 + n % 28, n * 5 % 24)
        where = f"{37.940 + n % 17 / 2000:.5f};{23.640 + n % 13 / 2000:.5f}"
        sex = SEX[lang][int(n % 3 == 0)]
        what = ("noise", "theft", "graffiti")[n % 3]
        lines.append(f"{n + 1};2026-0{1 + n % 2}-{day:02d};{hour:02d}:{n % 60:02d};{what};{sex};{where};{SECRET}")
    return "\n".join(lines).encode()


def _charts(app: AppTest) -> dict[str, Any]:
    """The specification of each small chart, by its key."""
    found = {}
    for chart in app.get("plotly_chart"):
        for name in ("hours", "weekdays", "months"):
            if f"data_proof_{name}" in str(chart.proto.id):
                found[name] = json.loads(chart.proto.spec or chart.proto.figure.spec)
    return found


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("lang", SPOKEN)
def test_the_proof_stands_before_the_button(lang: str) -> None:
    t = translator(lang)
    app = bring(visit("data", lang=lang, home="own"), ("my.csv", _file(lang)))
    charts = _charts(app)
    hours = [sum(n * 5 % 24 == hour for n in range(90)) for hour in range(24)]
    assert charts["hours"]["data"][0]["y"] == hours
    assert sum(charts["weekdays"]["data"][0]["y"]) == 90
    assert charts["months"]["data"][0]["y"] == [45, 45]
    shown = "\n".join([texts_of(app), *(table.value.to_string() for table in app.table)])
    assert t("Look at this before you import") not in shown
    assert t.n("{known} of {n} alert has an hour ({share}).", "{known} of {n} alerts have an hour ({share}).", 90,
               known=90, share=t.part(1.0)) in shown  # fmt: skip
    assert t("Not asked: no column of the file holds it.") in shown
    assert SECRET not in shown
    rows = next(table.value for table in app.table if t("Row {n}", n=1) in table.value.columns)
    assert list(rows.columns)[2:] == [t("Row {n}", n=n) for n in (1, 31, 61)]
    cells = rows.set_index(rows.columns[0])[t("Row {n}", n=1)]
    assert cells.str.contains("2026-01-01 00:00 → ").any()
    what = next(table.value for table in app.table if list(table.value.columns)[:2] == [t("Category"), t("Kind")])
    assert len(what) == 3
    assert set(what[t("Kind")]) == {t.c("kind", "Offence"), t.c("kind", "Incivility")}
    ids = "\n".join(str(getattr(one, "key", "") or getattr(one.proto, "id", "")) for one in app.main)
    assert ids.index("data_proof_months") < ids.index("data_import")


@pytest.mark.usefixtures("base")
def test_what_looks_implausible_is_said_for_each_file_before_the_import() -> None:
    app = bring(visit("data", home="own"), ("office.csv", _file(office=True)), ("well.csv", _file()))
    (warning,) = [str(one.value) for one in app.warning if "Look at this" in str(one.value)]
    assert warning.startswith("**Look at this before you import: office.csv**")
    assert "90 of 90 times lie between 08:00 and 17:00 on Monday to Friday." in warning
    assert "well.csv" not in warning
