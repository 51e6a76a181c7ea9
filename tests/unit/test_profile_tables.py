"""Residents, landmarks, streets and categories of a city from its own tables."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shapely

from curim_data.model import ImportProblem, Translator
from curim_data.profile import edit
from curim_data.profile.provisional import names_table
from curim_data.profile.shapes import read_areas
from curim_data.profile.tables import categories_table, read_table
from curim_data.store import Home, Store
from curim_data.store.home import create_home
from tests.edited import HALVES, begun, column, files, geojson, halves, square


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A provisional city of 40 alerts in a square of about a kilometre."""
    rng = np.random.default_rng(3)
    return begun(tmp_path / "home", np.column_stack([rng.uniform(2.345, 2.355, 40), rng.uniform(48.845, 48.855, 40)]))


def cells(rows: list[list[Any]], form: str) -> bytes:
    frame = pd.DataFrame(rows[1:], columns=rows[0])
    if form == "xlsx":
        out = io.BytesIO()
        frame.to_excel(out, index=False)
        return out.getvalue()
    encoding = {"csv": "utf-8", "semicolon": "cp1253", "utf16": "utf-16"}[form]
    return frame.to_csv(index=False, sep=";" if form == "semicolon" else ",").encode(encoding)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "semicolon", "utf16", "xlsx"])
@pytest.mark.parametrize(
    "heads",
    [
        ["district", "women", "men"],
        ["Περιοχή", "Γυναίκες", "Άνδρες"],
        ["Quartier", "femmes", "hommes"],
        ["barrio", "Mujeres", "Hombres"],
        ["x", "Population, female", "Population, male"],
    ],
)
def test_residents_by_district_and_gender(home: Home, form: str, heads: list[str], t: Translator) -> None:
    halves(home)
    rows = [
        heads,
        ["WEST SIDE", "1.200", "1 100"],
        ["est_ete", "900", "1,000"],
        ["Total", "2100", "2100"],
        ["Mars", 1, 1],
    ]
    report = edit.set_population(home, cells(rows, form), "p")
    people = home.city().population
    assert people is not None
    assert people.to_dict("list") == {
        "district": ["west_side", "est_ete"],
        "women": [1200, 900],
        "men": [1100, 1000],
        "total": [2300, 1900],
    }
    assert [t(note) for note in report.notes] == ["Names in the file that are no district: Mars."]
    assert set(column(home, "profile_version")) == {report.version}


def test_residents_in_the_long_form(home: Home, t: Translator) -> None:
    halves(home)
    rows = [["district", "age", "sex", "population"]]
    rows += [["West side", age, sex, n] for age in ("0-17", "18+") for sex, n in (("F", 10), ("M", 10), ("All", 21))]
    report = edit.set_population(home, cells(rows, "csv"), "p.csv")
    people = home.city().population
    assert people is not None
    assert people.to_dict("records") == [{"district": "west_side", "women": 20, "men": 20, "total": 42}]
    assert [t(note) for note in report.notes] == ["Districts without a number: Est Été."]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_one_column_is_a_table(form: str) -> None:
    table = read_table(cells([["label"], ["Noise"], ["Litter"]], form), "categories")
    assert table["label"].tolist() == ["Noise", "Litter"]


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        ([["district", "women"], ["Mars", "1"]], "None of the districts"),
        ([["district", "women"], ["West side", "many"]], "row 2, column women"),
        ([["district", "women"], ["West side", "-3"]], "row 2, column women"),
        ([["district", "colour"], ["West side", "1"]], "no column"),
        ([["district", "women"], ["West side", "1"], ["west_side", "2"]], "stands twice"),
        ([["district", "women", "men", "total"], ["West side", "5", "5", "7"]], "more than the total"),
        ([["district", "women"]], "no rows"),
    ],
)
def test_unusable_residents_are_refused(home: Home, rows: list[list[str]], match: str) -> None:
    halves(home)
    before = files(home)
    with pytest.raises(ImportProblem, match=match):
        edit.set_population(home, cells(rows, "csv"), "p.csv")
    assert files(home) == before


def test_new_districts_drop_residents_of_old_ones(home: Home, t: Translator) -> None:
    halves(home)
    edit.set_population(home, cells([["district", "total"], ["West side", "5"], ["Est Été", "6"]], "csv"), "p.csv")
    report = edit.set_districts(home, read_areas(geojson({"West side": square(2.33, 48.83)}), "x.geojson"))
    people = home.city().population
    assert people is not None
    assert people["district"].tolist() == ["west_side"]
    assert any("Residents" in t(note) for note in report.notes)
    edit.set_districts(home, read_areas(geojson({"New": square(2.33, 48.83)}), "x.geojson"))
    assert home.city().population is None


def test_landmarks_from_a_table_and_from_points(home: Home) -> None:
    rows = [
        ["Name", "name_el", "lon", "lat", "radius"],
        ["Tower", "Πύργος", "2.35", "48.85", "5000"],
        ["Bridge", "", "2,4", "48,8", ""],
    ]
    edit.set_landmarks(home, cells(rows, "semicolon"), "l.csv")
    first, second = home.city().landmarks
    assert (first.id, first.labels, first.radius) == ("tower", {"el": "Πύργος", "en": "Tower"}, 5000)
    assert (second.longitude, second.latitude, second.radius) == (2.4, 48.8, 300)
    assert set(column(home, "place")) == {"tower"}
    edit.set_landmarks(home, geojson({"Column": shapely.Point(2.35, 48.85)}), "l.geojson")
    assert [mark.id for mark in home.city().landmarks] == ["column"]
    for bad, match in (
        ([["name", "lon"], ["x", "1"]], "longitude and latitude"),
        ([["name", "lon", "lat"], ["x", "1", "91"]], "row 2, column lat"),
        ([["name", "lon", "lat"], ["", "1", "1"]], "row 2"),
    ):
        with pytest.raises(ImportProblem, match=match):
            edit.set_landmarks(home, cells(bad, "csv"), "l.csv")


def test_streets_are_lines(home: Home) -> None:
    lines = {
        "Main": shapely.LineString([(2.34, 48.84), (2.36, 48.86)]),
        "": shapely.LineString([(2.3, 48.8), (2.4, 48.9)]),
    }
    report = edit.set_streets(home, read_areas(geojson(lines), "s.geojson", kind="line"), "name")
    assert report.n == 2
    assert [(street.id, street.labels["en"]) for street in home.city().streets] == [
        ("main", "Main"),
        ("street", "street"),
    ]
    with pytest.raises(ImportProblem, match="no lines"):
        read_areas(geojson(HALVES), "s.geojson", kind="line")


def test_categories_there_and_back(home: Home, t: Translator) -> None:
    table = categories_table(home.city().categories.values())
    assert edit.set_categories(home, table, "categories.csv").changed is False
    table.loc[0, ["kind", "sensitive", "group", "label_el"]] = ["incivility", "ναι", "Quiet", "Θόρυβος"]
    table.loc[1] = ["", "Offence", "quiet", "no", "2,5", "", "Broken lamp", ""]
    edit.set_categories(home, cells([list(table), *table.to_numpy().tolist()], "xlsx"), "c.xlsx")
    city = home.city()
    assert city.groups == {"quiet": {"en": "Quiet"}}
    assert {key: (c.kind, c.group, c.sensitive) for key, c in city.categories.items()} == {
        "noise": ("incivility", "quiet", True),
        "broken_lamp": ("offence", "quiet", False),
    }
    assert {key: c.harm for key, c in city.categories.items()} == {"noise": None, "broken_lamp": 2.5}
    assert city.has_harm_index
    assert city.categories["noise"].labels == {"el": "Θόρυβος", "en": "Noise"}
    toml = (home.city_folder / "categories.toml").read_bytes()
    assert edit.set_categories(home, toml, "categories.toml").changed is False
    report = edit.set_categories(home, table.iloc[1:], "c.csv")
    assert "No longer in the list: Noise." in t(report.notes[0])
    assert column(home, "flags")[0] is not None
    assert "unknown_category" in column(home, "flags")[0]
    for change, match in (
        ({"kind": "noise"}, "column kind"),
        ({"sensitive": "perhaps"}, "column sensitive"),
        ({"harm": "-1"}, "column harm"),
        ({"harm": "much"}, "column harm"),
    ):
        with pytest.raises(ImportProblem, match=match):
            edit.set_categories(home, table.assign(**change), "c.csv")
    with pytest.raises(ImportProblem, match="stands twice"):
        edit.set_categories(home, pd.concat([table.iloc[:1]] * 2), "c.csv")
    with pytest.raises(ImportProblem, match="list of categories"):
        edit.set_categories(home, b"category = 3", "c.toml")


def test_names_are_checked(home: Home) -> None:
    before = files(home)
    for wrong, match in (
        ({"timezone": "Europe/Lutetia"}, "time zone"),
        ({"epsg": 99}, "no coordinate system"),
        ({"epsg": 4326}, "metres"),
        ({"epsg": 2100}, "where this city is not"),
    ):
        with pytest.raises(ImportProblem, match=match):
            edit.set_names(home, **wrong)  # type: ignore[arg-type]
    assert files(home) == before
    x = column(home, "x")[0]
    edit.set_names(home, names={"el": 'Παρί"σι', "fr": "Paris"}, epsg=2154)
    city = home.city()
    assert (city.names, city.epsg, city.provisional) == ({"el": 'Παρί"σι', "fr": "Paris"}, 2154, True)
    assert column(home, "x")[0] != x
    edit.confirm_provisional(home)
    assert not home.city().provisional


def test_an_edit_of_an_empty_home(tmp_path: Path) -> None:
    home = create_home(tmp_path)
    assert halves(home).alerts == 0
    assert Store(home).version() == "empty"
    assert edit.finish_interrupted_change(home) is None


@pytest.mark.parametrize("form", ["frame", "csv", "toml"])
@pytest.mark.parametrize(("column", "given", "none"), [("harm", "2.5", ""), ("sensitive", "yes", "no")])
def test_a_table_without_a_column_of_harm_or_of_what_is_sensitive_leaves_it_as_it_was(
    home: Home, form: str, column: str, given: str, none: str, t: Translator
) -> None:
    def held() -> dict[str, Any]:
        return {one.id: getattr(one, column) for one in home.city().categories.values()}

    first = categories_table(home.city().categories.values()).assign(**{column: given})
    edit.set_categories(home, pd.concat([first, names_table(["Theft"])]), "c.csv")
    table, before = categories_table(home.city().categories.values()), held()
    assert len(set(before.values())) == 2
    other = table.drop(columns=column)
    other["label_en"] = other["label_en"] + " (new)"
    toml = (home.city_folder / "categories.toml").read_text()
    toml = "\n".join(line for line in toml.splitlines() if not line.startswith(column))
    content = {"frame": other, "csv": other.to_csv(index=False).encode(), "toml": toml.encode()}[form]
    report = edit.set_categories(home, content, f"c.{form.replace('frame', 'csv')}")
    assert held() == before
    assert any(f"no column {column}" in t(note) for note in report.notes)
    edit.set_categories(home, table.assign(**{column: none}), "c.csv")
    assert not any(held().values())  # a column that is there takes it away


def test_names_that_alerts_have_can_be_taken_into_the_list(home: Home) -> None:
    table = pd.concat(
        [categories_table(home.city().categories.values()), names_table(["Other Theft", "Sexual harassment"])]
    )
    edit.set_categories(home, table, "c.csv")
    city = home.city()
    assert city.categories["Other Theft"].kind == "offence"
    assert city.sensitive >= {"Sexual harassment"}


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_filled_cells_beyond_the_headings_are_an_error_that_names_the_row(form: str, t: Translator) -> None:
    """A comma in a name without quotation marks shifted the cells, and the last one was lost without a word."""
    lines = ["name,longitude,latitude", "Square,2.35,48.85,,", "Hall, the old one,2.351,48.851", "Gate,2.352,48.852"]
    content = "\n".join(lines).encode()
    if form == "xlsx":
        out = io.BytesIO()
        frame = pd.DataFrame(
            {at: pd.Series([line.split(",")[at : at + 1] for line in lines]).str[0] for at in range(5)}
        )
        frame.to_excel(out, index=False, header=False)
        content = out.getvalue()
    with pytest.raises(ImportProblem) as refused:
        read_table(content, f"l.{form}")
    said = t(refused.value.message)
    assert "row 3:" in said
    assert "“48.851” stands beyond the last heading" in said
    kept = read_table("\n".join(lines[:2]).encode(), "l.csv")
    assert kept.to_dict("records") == [{"name": "Square", "longitude": "2.35", "latitude": "48.85"}]
