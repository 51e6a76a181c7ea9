"""The pages Trends and Gender: views and words of the link, notes, the planted place, small numbers in words."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analysis.gender import category_ratios, place_shares
from curim_data.engine import open_source
from curim_data.importing.pipeline import import_file
from curim_data.store import Home
from curim_data.store.annotations import annotation_history, read_annotations
from curim_data.studies.changes import NOT_KNOWN
from pages.parts import gender
from tests.app.conftest import COUNCIL, Open, changes, errors, fine, frame_of, opened, rows_of, visit, word, words_of


def test_the_unit_stands_in_the_link_and_what_is_folded_is_drawn_when_it_is_opened(open_page: Open) -> None:
    app = open_page("trends", lang="en", by="month")
    assert app.segmented_control(key="trends_by").value == "month"
    assert (len(app.get("plotly_chart")), len(app.main.dataframe)) == (1, 0)
    for unit, word_ in (("day", "day"), ("week", "")):
        app.segmented_control(key="trends_by").set_value(unit).run()
        assert (errors(app), word(app, "by")) == ([], word_)
    app.toggle(key="trends_adjusted").set_value(True)
    opened(app)
    assert len(app.get("plotly_chart")) >= 4
    for split in ("group", "affected_gender"):
        fine(app.segmented_control(key="trends_split").set_value(split).run())
        assert any("several categories counts once" in one.value for one in app.caption) == (split == "group")
    linked = open_page("trends", lang="en", open="years", period="quarter")
    assert [table.value.shape for table in linked.table] == [(5, 4), (4, 2)]  # the districts, and the years


def test_the_heading_and_the_same_row_of_the_table_tell_one_change(open_page: Open) -> None:
    app = open_page("trends", lang="en", period="quarter", open="changes")
    n, expected = re.findall(r"([\d,]+) against ([\d,]+) usual", app.title[0].value)[0]
    assert app.title[0].value.startswith("All alerts: clear rise, ")
    table = app.main.dataframe[0].value
    whole = table[(table["where"] == "Whole city") & (table["what"] == "All alerts")].iloc[0]
    assert (f"{whole['after']:,.0f}", f"{whole['expected']:,.0f}", whole["sure"]) == (n, expected, "Clear")
    narrowed = open_page("trends", lang="en", period="quarter", open="changes", category="harassment_verbal")
    chosen = table[table["what"] == "Verbal harassment"].sort_values("where").reset_index(drop=True)
    told = narrowed.main.dataframe[0].value.sort_values("where").reset_index(drop=True)
    pd.testing.assert_frame_equal(told, chosen)


def test_the_council_is_told_by_weeks_and_months_only(open_page: Open) -> None:
    app = open_page("trends", by="day", **COUNCIL)
    assert app.segmented_control(key="trends_by").options == ["Week", "Month"]
    assert app.segmented_control(key="trends_by").value == "week"


def test_small_counts_of_the_changes_are_written_as_fewer_than_for_the_council(open_page: Open) -> None:
    app = open_page("trends", period="meeting", open="changes", **COUNCIL)
    table = app.main.dataframe[0].value
    counts = table["after"].astype(str)
    assert counts.str.fullmatch("fewer than (5|10)").any()
    assert set(counts[~counts.str.startswith("fewer")].str.replace(",", "")).isdisjoint({"1", "2", "3", "4"})
    few = counts.str.startswith("fewer")
    assert set(table.loc[few, "q"]) == set(table.loc[few, "times"]) == {NOT_KNOWN}
    assert table.loc[few, "expected"].isna().all()
    assert set(table["q"]) <= {"≤0.05", ">0.05", NOT_KNOWN}
    assert set(table["sure"]) == {"Clear", "Probable", "May be chance"}
    exact = open_page("trends", lang="en", period="meeting", open="changes").main.dataframe[0].value
    assert not exact["after"].astype(str).str.startswith("fewer").any()


@pytest.fixture(scope="module")
def one_year(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A year of alerts of two categories by the day: more of the second in the last weeks."""
    days = pd.date_range("2025-01-01", "2025-12-30")
    rows = [
        f"{'Theft' if at < 3 else 'Noise'},{day:%Y-%m-%d} 12:00,37.94{at},23.64{at}"
        for day in days
        for at in range(8 if day.month > 10 else 5)
    ]
    home = Home(tmp_path_factory.mktemp("year") / "home")
    text = "ref,category,when,lat,lon\n" + "".join(f"r{at},{row}\n" for at, row in enumerate(rows))
    import_file(home, text.encode(), "year.csv")
    return home


def _texts(home: Home, monkeypatch: pytest.MonkeyPatch, page: str, **words: str) -> tuple[AppTest, list[str]]:
    monkeypatch.setenv("CURIM_HOME", str(home.path))
    app = visit(page, **words)
    return app, [one.value.replace("\\", "") for kind in (app.main.markdown, app.main.caption) for one in kind]


def test_without_an_earlier_time_the_heading_says_what_the_line_does(
    one_year: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, told = _texts(one_year, monkeypatch, "trends", open="changes")
    assert re.match(r"All alerts: 2,000, with no earlier time to compare\. (Week of|Since) ", app.title[0].value)
    assert any("no day of the data lies before this period" in text for text in told)


def test_of_sensitive_categories_the_council_gets_months_and_neither_days_nor_hours(open_page: Open) -> None:
    words = {"category": "harassment_verbal"}
    for by in ({"by": "week"}, {}):
        app = open_page("trends", **words, **COUNCIL, **by, open="week")
        assert "trends_by" not in {control.key for control in app.segmented_control}, "there is one unit"
        assert "Week of" not in app.title[0].value
        assert any("daylight and darkness alone" in text.value for text in app.markdown)
        assert not any("fall between" in text.value for text in app.markdown)
    exact = open_page("trends", lang="en", open="week", **words)
    assert exact.segmented_control(key="trends_by").options == ["Day", "Week", "Month"]
    assert not any("daylight and darkness alone" in text.value for text in exact.markdown)


def test_the_councils_hours_are_whole_bands_and_none_of_so_few(open_page: Open) -> None:
    """The copy has hours in bands of six, so that no stretch within one can be told."""
    app = open_page("trends", **COUNCIL, category="noise", open="week")
    told = next(one.value for one in app.markdown if one.value.startswith("At least half of the alerts fall"))
    ends = [int(hour) for hour in re.findall(r"(\d\d):00", told)]
    assert all(hour % 6 == 0 for hour in ends)
    app = open_page("trends", **COUNCIL, category="graffiti", district="zone_1", affected="other", open="week")
    assert any(one.value.startswith("Fewer than 5 alerts") for one in app.markdown)
    assert not any("fullest day" in one.value for one in app.markdown)


def test_an_analyst_adds_and_removes_a_note_that_the_council_reads(own: Home) -> None:
    app = visit("trends", open="notes")
    app.text_input(key="plan_who_asked").set_value("Ana")
    app.date_input(key="annotation_start").set_value(dt.date(2026, 3, 2))
    app.text_input(key="annotation_note").set_value("New app <b>2</b>")
    next(button for button in app.button if button.label == "Add the note").click().run()
    assert not errors(app)
    (note,) = read_annotations(own.path)
    assert (note.start, note.end, note.note) == (dt.date(2026, 3, 2), None, "New app <b>2</b>")
    assert any("2 March 2026" in words.value and "New app" in words.value for words in app.main.markdown)
    council = visit("trends", open="notes", **COUNCIL)
    assert not [box for box in council.text_input if box.key == "annotation_note"]
    assert any("2 March 2026" in words.value and "New app" in words.value for words in council.main.markdown)
    remove = app.button(key=f"annotation_remove_{note.id}")
    assert remove.help == r"New app \<b\>2\</b\>"  # help is Markdown
    remove.click().run()
    assert read_annotations(own.path) == ()
    told = [(what, who) for what, who, _ in annotation_history(own.path)]
    assert told == [("added", "Ana"), ("removed", "Ana")]
    assert changes(own) == ["note of 2026-03-02", f"note {note.id}"]


@pytest.mark.parametrize("view", ["", "council"])
def test_the_planted_place_is_found_after_dark(open_page: Open, view: str) -> None:
    app = open_page("gender", **{"lang": "en", "light": "dark", "as": view, "open": "places"})
    circle = next(circle for circle in rows_of(app, "places") if circle["tip"].startswith("Pasalimani"))
    assert circle["fill"][3] > 0
    link = next(link for link in app.get("page_link") if "Pasalimani" in link.proto.label)
    assert link.proto.label.startswith("1")
    assert "place=pasalimani" in link.proto.query_string
    assert "light=dark" in link.proto.query_string


@pytest.mark.parametrize("words", [{}, {"category": "harassment_verbal"}], ids=["all", "sensitive"])
def test_small_numbers_are_written_as_fewer_than_for_the_council(seen: Open, words: dict[str, str]) -> None:
    app = opened(seen("gender", **COUNCIL, **words))
    assert "protected" not in words_of(app).replace("protected copy", "").lower()
    told = [
        str(count)
        for name in ("place", "category")
        for count in frame_of(app, name, "women")[["women", "men"]].to_numpy().ravel()
    ]
    assert not {"1", "2", "3", "4"} & set(told)
    assert {"fewer than 10"} & set(told)  # of sensitive categories, which both pages list
    if words:
        assert not {str(n) for n in range(1, 10)} & set(told)


def _bars(app: AppTest) -> list[dict[str, str]]:
    """The words beside the bars of each chart by gender, by label."""
    specs = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    bars = [{note["y"]: note["text"] for note in spec["layout"].get("annotations", ())} for spec in specs]
    return [one for one in bars if "Another gender" in one]


def test_no_share_tells_the_council_a_small_number(open_page: Open) -> None:
    """Of harassment after dark few alerts concern another gender: words stand in place of their share."""
    asked = {"category": "harassment_verbal", "light": "dark", "lang": "en"}
    app, exact = (opened(open_page("gender", **words)) for words in (asked | COUNCIL, asked))
    (dark, told, *_), (_, all_told, *_) = _bars(app), _bars(exact)
    assert told["Another gender"] == "fewer than 10"
    assert "%" in all_told["Another gender"]
    assert "%" in told["Women"]
    assert dark["Another gender"] in ("fewer than 10", "0")


def test_the_council_gets_the_same_picture_as_the_specialist_and_limits_for_ratios_of_few(seen: Open) -> None:
    """No map of grey discs, no "0 alerts", no sentence that nothing could be compared."""
    council, exact = (opened(seen("gender", **words)) for words in (COUNCIL, {}))
    charts = [len(app.get("plotly_chart")) for app in (council, exact)]
    assert charts[0] == charts[1] > 0
    assert len(rows_of(council, "places")) == len(rows_of(exact, "places")) > 0
    assert council.title[0].value == exact.title[0].value  # chosen from the alerts for every audience
    assert "Weighs more on men: " in exact.title[0].value
    words = words_of(council)
    assert [text in words for text in ("could not be compared", " 0 alerts", "15900")] == [False, False, True]
    limits = ("at least", "at most")
    rows = frame_of(council, "category", "ratio")
    few = rows[["women", "men"]].apply(lambda counts: counts.astype(str).str.startswith("fewer"))
    assert few.any(axis=None)
    assert (few.sum(axis=1).eq(1) == rows["ratio"].str.startswith(limits)).all()
    assert rows.loc[few.all(axis=1), "ratio"].eq("–").all()
    assert not frame_of(exact, "category", "ratio")["ratio"].str.startswith(limits).any()


def test_the_council_reads_which_wait(
    seen: Open, open_page: Open, sample: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def noted(app: AppTest) -> bool:
        return any("not in the copy yet" in caption.value for caption in app.main.caption)

    assert not noted(seen("gender", **COUNCIL))
    exact = open_source(sample)
    more = dataclasses.replace(exact, count=exact.count + 1)  # one that the copy has not
    monkeypatch.setattr("curim_data.protection.opening.open_source", lambda _: more)
    assert noted(open_page("gender", **COUNCIL))


def test_of_hardly_any_man_affected_no_figure_tells_how_many(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """60 women and no man of vandalism, 3 men in all: words in place of the chart, and a table without ratio and q."""
    rows = [("vandalism", "woman", 60.0), ("noise", "woman", 30.0), ("noise", "man", 3.0)]
    found = category_ratios(pd.DataFrame(rows, columns=["category", "affected_gender", "n"]))
    few = dataclasses.replace(found, least={"vandalism": 5, "noise": 5}).for_readers()
    monkeypatch.setattr(gender, "cached_weights", lambda *_: few)
    real = gender.cached_places
    places = pd.DataFrame(
        [("pasalimani", "woman", 50.0), ("pasalimani", "man", 0.0)], columns=["place", "affected_gender", "n"]
    )
    differ = place_shares(places, city=(60.0, 3.0)).for_readers(5)
    monkeypatch.setattr(gender, "cached_places", lambda *asked: dataclasses.replace(real(*asked), differ=differ))
    app = opened(open_page("gender", **COUNCIL))
    words = "\n".join([words_of(app), *(text.value for text in app.get("text"))])
    assert words.count("The numbers of women or of men are too small for a ratio to be written out.") == 2
    assert "hardly any man" not in words
    assert "There are too few alerts near named places to compare them." in words
    assert "95 %" not in words.replace("\u00a0", " ")
    for name in ("category", "place"):
        table = frame_of(app, name, "q")
        assert set(table["q"]) == {"–"}
    assert frame_of(app, "category", "ratio")["ratio"].tolist() == ["–", "–"]
