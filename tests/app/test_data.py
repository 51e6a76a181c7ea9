"""The Data page: a look writes nothing, imports and what is asked and settled before them, quality, corrections."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.runtime.uploaded_file_manager import DeletedFile
from streamlit.testing.v1 import AppTest

import sample_data
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.importing import mapping
from curim_data.importing.first_city import KIND_QUESTION
from curim_data.importing.pipeline import Header, import_file, preview
from curim_data.model import Audience, Translator
from curim_data.quality.report import findings
from curim_data.quality.study import quality_study
from curim_data.store import Home, Store
from curim_data.store.annotations import annotation_history, read_annotations
from curim_data.store.home import create_home
from pages.parts.data import stored_tabs, uploads
from pages.parts.data.uploads import with_column, with_word
from tests.app.conftest import COUNCIL, Open, bring, changes, errors, fine, on_tab, opened, shown, texts_of, visit, word
from tests.stored import stored_alerts
from tests.unit.test_id_scopes import HEADERS, NOW, as_csv, table

HEADER = "alert_id;reported_at;category;latitude;longitude;description"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def _rows(*dates: str, point: str = "37.9432;23.6470") -> bytes:
    lines = [f"A{n};{date};noise;{point};a secret text" for n, date in enumerate(dates)]
    return "\n".join([HEADER, *lines]).encode()


def _counts(outcomes: Counter[str]) -> str:
    return (
        f"{sum(outcomes.values()):,} rows read: {outcomes['accepted']:,} new, {outcomes['updated']:,} updated, "
        f"{outcomes['duplicate']:,} duplicates, {outcomes['quarantined']:,} quarantined."
    )


def test_a_file_is_read_once_however_often_the_page_is_drawn(base: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    content, read, preview = _rows("2026-10-01", "2026-10-02"), list[object](), uploads.preview
    monkeypatch.setattr(
        uploads, "preview", lambda source, *more, **asked: read.append(source) or preview(source, *more, **asked)
    )
    bring(visit("data", home="own"), ("my.csv", content)).run()
    assert [one is content for one in read] == [True]
    assert not base.has_city()


def test_an_upload_that_an_ended_process_held_is_none() -> None:
    """Streamlit has a name alone of a file that another process took: its reader uploads it again."""
    held = BytesIO(b"a;b")
    assert uploads.held_uploads([DeletedFile("1"), held]) == [held]
    assert uploads.held_uploads(None) == []


def test_the_dirty_export_there_and_back(base: Home) -> None:
    """Seen as the answer key says, imported to a home of one's own, listed, taken back."""
    key = pd.read_csv(sample_data.DIRTY_ANSWERS, sep=";", encoding="utf-8-sig", keep_default_na=False)
    wanted = _counts(Counter(key["outcome"]))
    sample = Store(Home(base.path / "sample"))
    before = sample.version()
    app = bring(visit("data", home="own"), ("my.csv", sample_data.DIRTY_EXPORT.read_bytes()))
    assert wanted in texts_of(app)
    assert not base.has_city()
    fine(app.button(key="data_import").click().run())
    assert f"Imported **my.csv**. {wanted}" in texts_of(app)
    assert not app.file_uploader[0].value
    assert "Sample data" not in texts_of(app)
    assert Store(base).count() == Counter(key["outcome"])["accepted"]
    assert sample.version() == before
    on_tab(app, "Imports so far")
    history = shown(app.dataframe[0])
    assert history["file"].tolist() == ["my.csv"]
    assert history["read"].tolist() == [f"{len(key):,}"]
    fine(app.button(key=f"data_undo_{Store(base).batches()[0].id}").click().run())
    assert "was undone" in texts_of(app)
    assert app.dataframe[0].value["state"].tolist() == ["undone"]
    assert Store(base).count() == 0
    assert word(app, "home") == "own"


def test_a_trial_stays_in_the_sample(base: Home) -> None:
    """The sample's later export goes into the sample city and comes out again; the main export cannot be undone."""
    store = Store(Home(base.path / "sample"))
    before = store.count()
    app = visit("data")
    fine(app.button(key="data_try_later").click().run())
    fine(app.button(key="data_import").click().run())
    assert store.count() > before
    assert not base.has_city()
    on_tab(app, "Imports so far")
    later, first = store.batches()[::-1]
    assert app.dataframe[0].value["file"].tolist() == [later.file_name, first.file_name]
    fine(app.button(key=f"data_undo_{later.id}").click().run())
    assert store.count() == before
    app.selectbox(key="data_batch").set_value(first.id).run()
    assert not [button for button in app.button if str(button.key).startswith("data_undo_")]


def test_a_foreign_file_gets_one_sentence_and_the_others_go_on_without_their_free_text(base: Home) -> None:
    good = _rows("2026-03-01T10:00", "2026-03-02T10:00", "not a date")
    app = bring(visit("data"), ("photo.csv", PNG), ("../../etc/*good*.csv", good))
    said = texts_of(app) + "".join(table.value.to_string() for table in app.dataframe)
    assert "secret" not in said
    assert "Not stored (free text or personal data): description" in said
    (told,) = app.error
    assert "PNG" in told.value
    assert "\n" not in told.value
    fine(app.button(key="data_import").click().run())
    assert [batch.file_name for batch in Store(base).batches()] == ["*good*.csv"]
    assert "\\*good\\*" in texts_of(app)


def test_dates_that_can_be_read_in_two_ways_are_asked(base: Home) -> None:
    app = bring(visit("data"), ("dates.csv", _rows("03/04/2026 10:00", "05/06/2026 11:00")))
    assert not app.error
    fine(_question(app, "dates").set_value("month-first").run())
    assert "2 rows read: 2 new" in texts_of(app)
    app.button(key="data_import").click().run()
    days = Store(base).read(["local_date"])["local_date"].to_pylist()
    assert sorted(day.isoformat() for day in days) == ["2026-03-04", "2026-05-06"]


@pytest.mark.parametrize("name", ["briefing", "interventions", "data", "methods"])
def test_looking_at_an_own_home_does_not_make_it(base: Home, name: str) -> None:
    before = sorted(path.name for path in base.path.iterdir())
    app = visit(name, home="own")
    if name == "data":
        for tab in ("Imports so far", "Quality"):
            assert "Nothing was imported yet." in texts_of(on_tab(app, tab))
        assert "This home has no city yet" in texts_of(on_tab(app, "City profile"))
    assert sorted(path.name for path in base.path.iterdir()) == before


def test_the_council_does_not_come_in(open_page: Open) -> None:
    app = open_page("data", **COUNCIL)
    assert not app.file_uploader
    assert "does not include this page" in texts_of(app)


def test_a_refresh_makes_the_columns_anew(base: Home) -> None:
    import_file(create_home(base.path), _rows("2026-03-01T10:00"), "one.csv")
    before, head = Store(base).version(), base.city_folder / "city.toml"
    assert not [one for one in visit("data", part="city").button if one.key == "data_refresh"]
    head.write_text("least_count = 6\n" + head.read_text("utf-8"), "utf-8")  # as somebody who edits it by hand
    app = visit("data", part="city")
    assert "1 alert was calculated with another version" in texts_of(app)
    fine(app.button(key="data_refresh").click().run())
    assert "1 alert was updated" in texts_of(app)
    assert Store(base).version() != before


def test_every_finding_is_on_the_page(open_page: Open, sample: Home, t: Translator) -> None:
    app = opened(open_page("data", lang="en", part="quality"))
    told = findings(t, quality_study(open_source(sample), listed=True))
    assert [fold.label for fold in app.expander if fold.label in {one.title for one in told}] == [
        one.title for one in told
    ]
    assert app.dataframe


def test_the_file_is_made_of_the_filter(sample: Home) -> None:
    noise = AlertFilter(period="all", categories=("noise",))
    content = stored_tabs.cleaned_file(sample, noise, "csv", Audience.ANALYST).decode("utf-8-sig")
    alerts = stored_alerts(open_source(sample)).select(["category", "more_categories"]).to_pylist()
    wanted = sum("noise" in (one["category"], *(one["more_categories"] or ())) for one in alerts)
    assert content.count("\n") == wanted + 1


def test_an_analyst_says_that_days_are_not_covered_and_takes_it_back(own: Home) -> None:
    app = visit("data", part="quality", subject="gaps")
    assert open_source(own).coverage.complete
    day = open_source(own).as_of - dt.timedelta(days=40)
    app.text_input(key="plan_who_asked").set_value("Ana")
    app.date_input(key="coverage_days").set_value((day, day + dt.timedelta(days=6)))
    app.text_input(key="coverage_note").set_value("The app was <b>down</b>")
    next(button for button in app.button if button.label == "Save").click().run()
    assert not errors(app)
    (note,) = read_annotations(own.path)
    (gap,) = open_source(own).coverage.gaps
    assert (gap.first, gap.days, gap.source) == (day, 7, "")
    assert any("The alerts do not cover this time" in words.value for words in app.main.markdown)
    app.button(key=f"annotation_remove_{note.id}").click().run()
    assert open_source(own).coverage.complete
    told = [(what, who) for what, who, _ in annotation_history(own.path)]
    assert told == [("added", "Ana"), ("removed", "Ana")]
    assert changes(own) == [f"coverage from {day}"] * 2


EXPORT = "ref,when,type of event,sex,lat,lon,extra"


def _export(count: int, *, what: str = "noise", sex: str = "F", lat: float = 37.943, lon: float = 23.647) -> bytes:
    lines = []
    for n in range(count):
        gender = sex if n % 5 == 0 else "F"
        when, where = f"2026-01-{1 + n % 28:02d} 10:{n % 60:02d}", f"{lat + n / 9000:.5f},{lon + n / 9000:.5f}"
        lines.append(f"R{n},{when},{what},{gender},{where},x{n}")
    return "\n".join([EXPORT, *lines]).encode()


def _box(app: AppTest, start: str, end: str) -> Any:
    (found,) = [box for box in app.selectbox if str(box.key).startswith(start) and str(box.key).endswith(end)]
    return found


def _choose(app: AppTest, start: str, end: str, value: str) -> AppTest:
    return fine(_box(app, start, end).set_value(value).run())


def test_a_column_understood_wrongly_is_mended_and_taken_back(base: Home) -> None:
    home = create_home(base.path)
    app = bring(visit("data", home="own"), ("a.csv", _export(30)))
    assert _box(app, "data_col_", "_6").value == ""
    _choose(app, "data_col_", "_6", "status")
    assert "As you set it." in texts_of(app)
    assert _box(app, "data_col_", "_6").value == "status"
    assert "x29" in "".join(box.label for box in app.selectbox)
    app.button(key="data_back").click().run()
    assert _box(app, "data_col_", "_6").value == ""
    _imported(app)
    assert Store(home).count() == 30


def test_an_unknown_word_is_given_a_meaning_that_is_saved_and_used_for_the_next_export(base: Home) -> None:
    home, unknown = create_home(base.path), "Values that were not recognised"
    app = bring(visit("data", home="own"), ("january.csv", _export(30, what="Loud party", sex="Fem.")))
    assert unknown in texts_of(app)
    _choose(app, "data_word_", "category_Loud party", "noise")
    _choose(app, "data_word_", "gender_Fem.", "woman")
    assert unknown not in texts_of(app)
    assert app.checkbox(key="data_remember").value
    _imported(app)
    assert [one.name for one in mapping.saved(home)] == ["january"]
    app = bring(visit("data", home="own"), ("february.csv", _export(31, what="Loud party", sex="Fem.")))
    assert "Read with the saved mapping january." in texts_of(app)
    assert unknown not in texts_of(app)
    fine(app.button(key="data_use_recognised").click().run())
    assert unknown in texts_of(app)
    fine(app.button(key="data_use_saved").click().run())
    assert unknown not in texts_of(app)
    _imported(app)
    stored = Store(home).read(["category", "affected_gender", "reporter_gender"]).to_pylist()
    assert {row["category"] for row in stored} == {"noise"}
    assert "woman" in {stored[0]["affected_gender"], stored[0]["reporter_gender"]}


def test_the_first_file_makes_a_city_that_is_named_and_a_file_of_another_place_does_not_slip_into_it(
    base: Home,
) -> None:
    here, away = _export(200, lat=40.41, lon=-3.70), _export(150, lat=48.85, lon=2.35)
    app = bring(visit("data", home="own"), ("madrid.csv", here), ("paris.csv", away))
    assert "madrid.csv creates a provisional one" in texts_of(app)
    assert "Europe/Madrid" in texts_of(app)
    app.button(key="data_import").click().run()
    assert "Give the city a name first." in texts_of(app)
    assert not base.has_city()
    _imported(app, "Madrid")
    assert (base.city().provisional, base.city().names["en"]) == (True, "Madrid")
    assert [batch.file_name for batch in Store(base).batches()] == ["madrid.csv"]
    assert "Is this the right city?" in texts_of(app)


def test_a_file_from_elsewhere_is_asked_about(base: Home) -> None:
    import_file(create_home(base.path), _rows("2026-03-01T10:00"), "one.csv")
    app = bring(visit("data"), ("paris.csv", _rows("2026-03-01T10:00", point="48.8566;2.3522")))
    assert "Is this the right city?" in texts_of(app)
    assert app.button(key="data_import").disabled
    app.checkbox(key="data_sure").check().run()
    assert not app.button(key="data_import").disabled


@pytest.mark.usefixtures("base")
def test_an_unknown_projection_is_asked_and_remembered() -> None:
    lines = [f"R{n},2026-01-{1 + n % 28:02d},{440000 + 30 * n},{4474000 + 30 * n}" for n in range(60)]
    app = _bring("\n".join(["ref,date,x,y", *lines]).encode())
    question = _question(app, "crs")
    assert 25830 in [int(str(option).split("·")[0].removeprefix("EPSG:")) for option in question.options]
    fine(question.set_value(25830).run())
    assert "Europe/Madrid" in "".join(table.value.to_string() for table in app.table)
    assert _question(app, "crs")


def test_what_changed_since_last_month_is_told_before_the_import(base: Home) -> None:
    home = create_home(base.path)
    import_file(home, _export(30), "january.csv")
    app = bring(visit("data", home="own"), ("february.csv", _export(28, sex="M").replace(b"extra", b"sector")))
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
    batch = import_file(home, _export(5), "five.csv").batch
    sealed = [replace(one, sealed=dt.datetime(2026, 6, 1, tzinfo=dt.UTC)) for one in Store(home).batches()]
    monkeypatch.setattr(Store, "batches", lambda _: sealed)
    app = visit("data", home="own", part="history")
    assert "cannot be undone" in texts_of(app)
    assert not [one for one in app.button if one.key == f"data_undo_{batch.id}"]


def test_a_column_takes_a_meaning_from_another(tmp_path: Path) -> None:
    home = create_home(tmp_path / "home")
    seen = preview(_export(30), "a.csv", home.city())
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


# Towns of a made-up country: name, longitude, latitude, alerts.
TOWNS = (("Ostwick", 21.0, 52.0, 260), ("Milford", 17.0, 51.1, 120))


def _bring(content: bytes) -> AppTest:
    return bring(visit("data", home="own"), ("export.csv", content))


def _question(app: AppTest, about: str) -> Any:
    (question,) = [one for one in app.radio if str(one.key).startswith(f"data_{about}_")]
    return question


def _imported(app: AppTest, name: str = "") -> AppTest:
    if name:
        app.text_input(key="data_city_name").set_value(name).run()
    return fine(app.button(key="data_import").click().run())


def _towns(*, scattered: bool) -> bytes:
    """Alerts of two towns with their names, and where `scattered`, of many places between them."""
    places = [(name, x + n % 13 / 500, y + n % 17 / 700) for name, x, y, many in TOWNS for n in range(many)]
    places += [(f"Elsewhere {n}", 15 + 8 * n / 60, 50 + 3.5 * (7 * n % 60) / 60) for n in range(60 * scattered)]
    lines = [f"{n},2024-05-{1 + n % 28:02},Noise,{y:.5f},{x:.5f},{name}" for n, (name, x, y) in enumerate(places)]
    return "\n".join(["id,date,category,latitude,longitude,city", *lines]).encode()


def test_a_country_is_told_and_a_part_of_it_can_be_the_city(base: Home) -> None:
    """A first file of a country: the page proposes its areas by their names, or all of it, and asks no more."""
    app = _bring(_towns(scattered=True))
    question = _question(app, "area")
    assert ["Ostwick" in question.options[0], "Milford" in question.options[2]] == [True, True]
    assert "--" not in texts_of(app), "options are of the command line"
    assert _question(app, "kind").label == KIND_QUESTION.text
    _imported(fine(question.set_value("densest").run()), "Warsaw")
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
    _imported(fine(field.set_value("Theft").run()), "Vienna")
    assert set(Store(base).read(["category"])["category"].to_pylist()) == {"theft"}


def test_a_gender_that_is_half_known_is_asked_and_its_words_are_kept(base: Home) -> None:
    rows = [
        f"R{n},2026-02-{n:02d},48.20{n % 10},16.37{n % 7},Theft,{'Man' if n % 3 else 'Kadın'}" for n in range(1, 25)
    ]
    app = _bring("\n".join(["ref,date,lat,lon,offence,gender", *rows]).encode())
    assert _question(app, "gender").value == "affected"
    (word,) = [one for one in app.radio if "means" in str(one.key)]
    assert word.value == "Kadın=unknown"
    _imported(fine(word.set_value("Kadın=woman").run()), "Vienna")
    genders = Store(base).read(["affected_gender"])["affected_gender"].to_pylist()
    assert (genders.count("woman"), genders.count("man")) == (8, 16)


@pytest.mark.usefixtures("base")
def test_several_cities_in_one_file_wait_for_an_answer() -> None:
    app = _bring(_towns(scattered=False))
    question = _question(app, "area")
    assert question.value is None
    assert app.button(key="data_import").disabled
    fine(question.set_value("densest").run())
    assert not app.button(key="data_import").disabled


def test_a_file_without_coordinates_makes_a_city_of_the_name_that_is_given(base: Home) -> None:
    lines = [f"R{n},2026-02-{n:02d} 10:15,Theft" for n in range(1, 25)]
    _imported(_bring("\n".join(["ref,date,offence", *lines]).encode()), "Βερολίνο")
    assert (base.city().names["en"], base.city().timezone, base.city().outlined) == ("Βερολίνο", "Europe/Berlin", False)
    assert Store(base).count() == 24


MOMENTS = [dt.datetime(2024, 1, 1, 12) + dt.timedelta(hours=31 * at) for at in range(120)]


def test_the_column_of_the_event_is_asked_with_rows_and_hours(base: Home) -> None:
    form = "%Y-%m-%d %H:%M"
    rows = [f"A{at};{one + dt.timedelta(days=1):{form}};{one:{form}};37.9432;23.6470" for at, one in enumerate(MOMENTS)]
    app = _bring("\n".join(["nr;Event date;Date;lat;lon", *rows]).encode())
    question = _question(app, "event")
    assert [option.split(":")[0].strip() for option in question.options] == ["Event date", "Date"]
    assert all(f"{moment:%H:%M}" in question.options[1] for moment in MOMENTS[:3])
    assert "█" in question.options[0]
    _imported(question.set_value("Date").run())
    days = Store(base).read(["local_date"])["local_date"].to_pylist()
    assert sorted(days) == [moment.date() for moment in MOMENTS]


def test_the_page_asks_whose_the_ids_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    monkeypatch.setenv("CURIM_HOME", str(home.path))
    march, april = (as_csv(HEADERS["en"], table("en", month, range(1, 61), month - 2)) for month in (3, 4))
    import_file(home, march, "3.csv", now=NOW, city_name="Own")
    app = bring(visit("data"), ("april.csv", april))
    question = _question(app, "ids")
    assert question.value is None
    assert "2025-03-" in question.label
    assert "2025-04-" in question.label
    assert Store(home).count() == 60
    _imported(question.set_value("own").run())
    assert Store(home).count() == 120


HEAD = "id;date of incident;time;category;victim sex;latitude;longitude;comments"
SECRET = "a secret of somebody"


def _file(*, office: bool = False) -> bytes:
    lines = [HEAD]
    for n in range(90):
        day, hour = (5 - 3 * (n % 2) + 7 * (n % 3) + n % 5, 9 + n % 7) if office else (1 + n % 28, n * 5 % 24)
        where = f"{37.940 + n % 17 / 2000:.5f};{23.640 + n % 13 / 2000:.5f}"
        sex = ("Female", "Male")[int(n % 3 == 0)]
        what = ("noise", "theft", "graffiti")[n % 3]
        lines.append(f"{n + 1};2026-0{1 + n % 2}-{day:02d};{hour:02d}:{n % 60:02d};{what};{sex};{where};{SECRET}")
    return "\n".join(lines).encode()


def _charts(app: AppTest) -> dict[str, Any]:
    """The specification of each small chart, by its key."""
    charts, names = app.get("plotly_chart"), ("hours", "weekdays", "months")
    found = {name: one.proto for name in names for one in charts if f"data_proof_{name}" in str(one.proto.id)}
    return {name: json.loads(proto.spec or proto.figure.spec) for name, proto in found.items()}


@pytest.mark.usefixtures("base")
def test_the_proof_stands_before_the_button_and_what_looks_implausible_is_said_of_its_file() -> None:
    app = bring(visit("data", home="own"), ("my.csv", _file()))
    charts = _charts(app)
    hours = [sum(n * 5 % 24 == hour for n in range(90)) for hour in range(24)]
    assert charts["hours"]["data"][0]["y"] == hours
    assert sum(charts["weekdays"]["data"][0]["y"]) == 90
    assert charts["months"]["data"][0]["y"] == [45, 45]
    said = "\n".join([texts_of(app), *(table.value.to_string() for table in app.table)])
    assert "Look at this before you import" not in said
    assert "90 of 90 alerts have an hour (100\u00a0%)." in said
    assert "Not asked: no column of the file holds it." in said
    assert SECRET not in said
    rows = next(table.value for table in app.table if "Row 1" in table.value.columns)
    assert list(rows.columns)[2:] == ["Row 1", "Row 31", "Row 61"]
    assert rows["Row 1"].str.contains("2026-01-01 00:00 → ").any()
    what = next(table.value for table in app.table if list(table.value.columns)[:2] == ["Category", "Kind"])
    assert len(what) == 3
    assert set(what["Kind"]) == {"Offence", "Incivility"}
    ids = "\n".join(str(getattr(one, "key", "") or getattr(one.proto, "id", "")) for one in app.main)
    assert ids.index("data_proof_months") < ids.index("data_import")
    bring(app, ("office.csv", _file(office=True)), ("well.csv", _file()))
    (warning,) = [str(one.value) for one in app.warning if "Look at this" in str(one.value)]
    assert warning.startswith("**Look at this before you import: office.csv**")
    assert "90 of 90 times lie between 08:00 and 17:00 on Monday to Friday." in warning
    assert "well.csv" not in warning
