"""The Data page: a look writes nothing, imports are told and taken back, quality, corrections, cleaned data."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from io import BytesIO

import pandas as pd
import pytest
from streamlit.runtime.uploaded_file_manager import DeletedFile

import sample_data
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import import_file
from curim_data.model import Audience, translator
from curim_data.quality.report import findings
from curim_data.quality.study import quality_study
from curim_data.store import Home, Store
from curim_data.store.annotations import annotation_history, read_annotations
from curim_data.store.home import create_home
from pages.parts.data import stored_tabs, uploads
from tests.app.conftest import SPOKEN, Open, bring, errors, fine, on_tab, shown, texts_of, visit, word
from tests.stored import stored_alerts

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


def test_a_foreign_file_gets_one_sentence_and_the_others_go_on(base: Home) -> None:
    good = _rows("2026-03-01T10:00", "2026-03-02T10:00")
    app = bring(visit("data"), ("photo.csv", PNG), ("../../etc/*good*.csv", good))
    (told,) = app.error
    assert "PNG" in told.value
    assert "\n" not in told.value
    fine(app.button(key="data_import").click().run())
    assert [batch.file_name for batch in Store(base).batches()] == ["*good*.csv"]
    assert "\\*good\\*" in texts_of(app)


def test_dates_that_can_be_read_in_two_ways_are_asked(base: Home) -> None:
    app = bring(visit("data"), ("dates.csv", _rows("03/04/2026 10:00", "05/06/2026 11:00")))
    assert not app.error
    (question,) = [radio for radio in app.radio if str(radio.key).startswith("data_dates_")]
    question.set_value("month-first").run()
    assert not errors(app)
    assert "2 rows read: 2 new" in texts_of(app)
    app.button(key="data_import").click().run()
    days = Store(base).read(["local_date"])["local_date"].to_pylist()
    assert sorted(day.isoformat() for day in days) == ["2026-03-04", "2026-05-06"]


def test_a_file_from_elsewhere_is_asked_about(base: Home) -> None:
    import_file(create_home(base.path), _rows("2026-03-01T10:00"), "one.csv")
    app = bring(visit("data"), ("paris.csv", _rows("2026-03-01T10:00", point="48.8566;2.3522")))
    assert "Is this the right city?" in texts_of(app)
    assert app.button(key="data_import").disabled
    app.checkbox(key="data_sure").check().run()
    assert not app.button(key="data_import").disabled


@pytest.mark.usefixtures("base")
def test_free_text_is_not_shown() -> None:
    app = bring(visit("data"), ("text.csv", _rows("2026-03-01T10:00", "not a date")))
    shown = texts_of(app) + "".join(table.value.to_string() for table in app.dataframe)
    assert "secret" not in shown
    assert "Not stored (free text or personal data): description" in shown


@pytest.mark.parametrize("lang", SPOKEN)
def test_every_tab_in_every_language(open_page: Open, lang: str) -> None:
    app = open_page("data", lang=lang)
    t = translator(lang)
    for name in (t("Import"), t("Imports so far"), t("Quality"), t("City profile")):
        on_tab(app, name)
    bring(on_tab(app, t("Import")), ("dirty.csv", sample_data.DIRTY_EXPORT.read_bytes()))
    assert len(app.dataframe) == 1
    assert len(app.table) >= 3
    assert len([box for box in app.selectbox if str(box.key).startswith("data_col_")]) > 10


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("name", ["briefing", "interventions", "data", "methods"])
def test_looking_at_an_own_home_does_not_make_it(base: Home, name: str) -> None:
    before = sorted(path.name for path in base.path.iterdir())
    app = visit(name, home="own")
    for tab in ("Imports so far", "Quality", "City profile") if name == "data" else ():
        app = on_tab(app, tab)
    assert not errors(app)
    assert sorted(path.name for path in base.path.iterdir()) == before


def test_an_empty_home_of_ones_own() -> None:
    app = visit("data", home="own")
    for name in ("Imports so far", "Quality"):
        on_tab(app, name)
        assert "Nothing was imported yet." in texts_of(app)
    on_tab(app, "City profile")
    assert app.button(key="data_refresh").disabled


def test_the_council_does_not_come_in(open_page: Open) -> None:
    app = open_page("data", **{"lang": "en", "as": "council"})
    assert not errors(app)
    assert not app.file_uploader
    assert "does not include this page" in texts_of(app)


def test_a_refresh_makes_the_columns_anew(base: Home) -> None:
    import_file(create_home(base.path), _rows("2026-03-01T10:00"), "one.csv")
    before = Store(base).version()
    app = on_tab(visit("data"), "City profile")
    fine(app.button(key="data_refresh").click().run())
    assert "1 alert was updated" in texts_of(app)
    assert Store(base).version() != before


@pytest.mark.parametrize("lang", SPOKEN)
def test_every_finding_is_on_the_page(open_page: Open, sample: Home, lang: str) -> None:
    t = translator(lang)
    app = on_tab(open_page("data", lang=lang), t("Quality"))
    told = findings(t, quality_study(open_source(sample), listed=True))
    assert [element.value for element in app.subheader][-len(told) :] == [one.title for one in told]
    assert app.dataframe


def test_the_file_is_made_of_the_filter(sample: Home) -> None:
    noise = AlertFilter(period="all", categories=("noise",))
    content = stored_tabs.cleaned_file(sample, noise, "csv", Audience.ANALYST).decode("utf-8-sig")
    alerts = stored_alerts(open_source(sample)).select(["category", "more_categories"]).to_pylist()
    wanted = sum("noise" in (one["category"], *(one["more_categories"] or ())) for one in alerts)
    assert content.count("\n") == wanted + 1


def test_an_analyst_says_that_days_are_not_covered_and_takes_it_back(own: Home) -> None:
    app = on_tab(visit("data"), "Quality")
    assert open_source(own).coverage.complete
    day = open_source(own).as_of - dt.timedelta(days=40)
    app.text_input(key="plan_who_asked").set_value("Ana")
    app.date_input(key="coverage_days").set_value((day, day + dt.timedelta(days=6)))
    app.text_input(key="coverage_note").set_value("The app was <b>down</b>")
    next(button for button in app.button if button.label == "Correct").click().run()
    assert not errors(app)
    (note,) = read_annotations(own.path)
    (gap,) = open_source(own).coverage.gaps
    assert (gap.first, gap.days, gap.source) == (day, 7, "")
    assert any("The alerts do not cover this time" in words.value for words in app.main.markdown)
    app.button(key=f"annotation_remove_{note.id}").click().run()
    assert open_source(own).coverage.complete
    told = [(what, who) for what, who, _ in annotation_history(own.path)]
    assert told == [("added", "Ana"), ("removed", "Ana")]
