"""Quarantined rows that were mended are read as their file was, without asking again what it knew."""

from __future__ import annotations

from pathlib import Path

import pytest

from curim_data.importing.mapping import settled_for
from curim_data.importing.pipeline import ImportReport, import_file
from curim_data.importing.rows import free_of_personal_data
from curim_data.lexicon.times import is_misspelt_month
from curim_data.model import Answers, Question, translator
from curim_data.store import Home, Store

T = translator("en")
HEADER = "ref,when,kind of event,sex,lat,lon"


def export(folder: Path) -> Path:
    """Forty alerts, of which the days above the twelfth say that the day comes first; three rows are spoilt."""
    rows = [f"a{at},{1 + at % 28:02d}/03/2025 10:15,theft,F,37.94{at % 10},23.64{at % 7}" for at in range(40)]
    rows[3] = "a3,,theft,F,37.941,23.641"
    rows[4] = "a4,soon,theft,F,37.941,23.641"
    rows[5] = "a5,06/03/2025 10:15,theft,F,north,23.641"
    path = folder / "march.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", "utf-8")
    return path


def mended(home: Home, batch: str, path: Path) -> Path:
    """The download of the quarantined rows with readable values, which say no more which of day and month is first."""
    frame = Store(home).quarantine(batch, T)
    frame["when"] = "05/03/2025 10:15"
    frame["lat"], frame["lon"] = "37.941", "23.641"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def imported(tmp_path: Path) -> tuple[Home, ImportReport]:
    home = Home(tmp_path / "home")
    return home, import_file(home, export(tmp_path), "march.csv")


def test_a_row_names_what_is_wrong_and_mended_is_read_as_its_file_was(
    imported: tuple[Home, ImportReport], tmp_path: Path
) -> None:
    home, report = imported
    rows = Store(home).quarantine(report.batch.id, T)
    assert list(zip(rows["column"], rows["value"], strict=True)) == [("when", ""), ("when", "soon"), ("lat", "north")]
    assert rows["reason"].iloc[0] == "The date in this column is missing."
    assert "report" not in rows["mend"].iloc[0]
    said = report.sentence(T)
    assert "quarantined: 3." in said
    assert "The date in this column is missing (1)" in said
    assert "The coordinates cannot be read or do not exist (1)" in said
    assert report.date_order == "day-first"
    again = import_file(home, mended(home, report.batch.id, tmp_path / "mended.csv"), "mended.csv")
    assert (again.batch.read, again.batch.accepted, again.batch.quarantined) == (3, 3, 0)
    assert again.date_order == "day-first"
    assert "Read as march was, out of which these rows were quarantined." in [T(line) for line in again.decisions]
    assert settled_for(home.quarantine, ["ref", "when", "kind of event", "sex", "lat", "lon"]) is not None
    assert settled_for(home.quarantine, ["ref", "when", "lat", "lon"]) is None
    assert settled_for(home.path / "nowhere", ["ref"]) is None


def test_rows_are_not_read_as_another_file_of_the_same_columns_was(
    imported: tuple[Home, ImportReport], tmp_path: Path
) -> None:
    """Two exports of one form, one of which puts the month first: a mended row does not say which it is of."""
    home, report = imported
    american = tmp_path / "april.csv"
    days = [f"b{at},04/{1 + at % 28:02d}/2025 10:15,theft,F,37.94{at % 10},23.64{at % 7}" for at in range(40)]
    american.write_text("\n".join([HEADER, *days, "b40,,theft,F,37.941,23.641"]) + "\n", "utf-8")
    assert import_file(home, american, "april.csv").date_order == "month-first"
    rows = mended(home, report.batch.id, tmp_path / "mended.csv")
    with pytest.raises(Question):
        import_file(home, rows, "mended.csv")
    again = import_file(home, rows, "mended.csv", answers=Answers(dates="day-first"))
    assert (again.batch.accepted, again.date_order) == (3, "day-first")


def test_rows_are_read_alike_after_several_imports_of_one_form(
    imported: tuple[Home, ImportReport], tmp_path: Path
) -> None:
    home, report = imported
    later = tmp_path / "later.csv"
    later.write_text(export(tmp_path).read_text("utf-8").replace("/03/", "/02/").replace("\na", "\nc"), "utf-8")
    import_file(home, later, "later.csv")
    again = import_file(home, mended(home, report.batch.id, tmp_path / "mended.csv"), "mended.csv")
    assert (again.batch.accepted, again.date_order) == (3, "day-first")


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("severity", ("Low", "Medium", "High", "Critical")),
        ("προτεραιότητα", ("Χαμηλή", "Μέτρια", "Υψηλή", "Κρίσιμη")),
        ("prioridad", ("Baja", "Media", "Alta", "Crítica")),
        ("Dringlichkeit", ("Niedrig", "Mittel", "Hoch", "Kritisch")),
    ],
)
def test_words_of_a_scale_are_still_there_in_rows_to_be_mended(
    heading: str, words: tuple[str, ...], tmp_path: Path
) -> None:
    """They begin with a capital letter as names do, but nobody is named Critical."""
    rows = [f"a{at},{1 + at % 28:02d}/03/2025 10:15,theft,{words[at % 4]},37.94,23.64" for at in range(40)]
    rows[7] = f"a7,08/03/2025 10:15,theft,{words[3]},north,23.64"
    rows[8] = "a8,09/03/2025 10:15,theft,Maria Ioannou,north,23.64"
    path = tmp_path / "march.csv"
    path.write_text("\n".join([f"ref,when,kind of event,{heading},lat,lon", *rows]) + "\n", "utf-8")
    home = Home(tmp_path / "home")
    batch = import_file(home, path, path.name).batch
    assert Store(home).quarantine(batch.id, T)[heading].tolist() == [words[3], ""]


@pytest.mark.parametrize(
    ("months", "wrong", "right"),
    [
        ("Janvier Février Septembre", "Setpembre", "Septembre"),
        ("Enero Febrero Septiembre", "Setptiembre", "Septiembre"),
        ("Ιανουάριος Φεβρουάριος Σεπτέμβριος", "Φεβουάριος", "Φεβρουάριος"),
        ("Januar Februar September", "Febraur", "Februar"),
        ("Gennaio Febbraio Settembre", "Settmebre", "Settembre"),
        ("Janeiro Fevereiro Setembro", "Fevreiro", "Fevereiro"),
    ],
)  # fmt: skip
def test_a_misspelt_month_comes_back_as_it_was_read(tmp_path: Path, months: str, wrong: str, right: str) -> None:
    names = [*months.split() * 10, wrong]
    rows = [f"{at};{name};2024;{1 + at % 28};Robo" for at, name in enumerate(names, 1)]
    home = Home(tmp_path)
    data = "\n".join(["id;Mes;Año;Día;delito", *rows]).encode()
    report = import_file(home, data, "x.csv", city_name="Anytown")
    assert (report.batch.accepted, report.batch.quarantined) == (30, 1)
    found = Store(home).quarantine(report.batch.id, T)
    assert found["Mes"].tolist() == [wrong]
    assert wrong in found["value"].item()
    again = import_file(home, found.assign(Mes=right).to_csv(index=False).encode(), "mended.csv")
    assert (again.batch.accepted, again.batch.quarantined) == (1, 0)


@pytest.mark.parametrize("name", ["Maria", "Μαρία", "Julia", "Augustine", "Septimus", "Γεωργία", "Jana", "Octavia"])
def test_names_of_persons_are_no_misspelt_months(name: str) -> None:
    assert not is_misspelt_month(name)
    assert not free_of_personal_data(f"{name} 2024")
