"""Rows that stand for several events: a person says what an alert is; and rows that were mended are read as before."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from curim_data.formats.columns import count_of
from curim_data.importing import extract
from curim_data.importing.mapping import settled_for
from curim_data.importing.pipeline import ImportReport, import_file, preview
from curim_data.importing.rows import free_of_personal_data
from curim_data.lexicon.times import is_misspelt_month
from curim_data.model import Answers, ImportProblem, Question, translator
from curim_data.store import Home, Store
from tests.effort import some

T = translator("en")


def export(heading: str, numbers: list[int]) -> bytes:
    rows = [f"{1 + at % 28:02d}.03.2025;Theft;38.2{at % 9};21.7{at % 7};{n}" for at, n in enumerate(numbers)]
    return "\n".join([f"date;offence;lat;lon;{heading}", *rows]).encode()


def told(data: bytes) -> list[str]:
    shown = preview(data, "export.csv", None, answers=Answers(counts="rows"))
    assert shown.report.proof is not None
    concerns = [one.sentence(T, shown.city) for one in shown.report.proof.concerns]
    said = [T(one) for one in shown.report.decisions]
    return [one for one in said if "stands for" in one and one in concerns]


@some(
    "heading",
    ["Anzahl", "Πλήθος περιστατικών", "nombre de faits", "Nº de hechos", "number of incidents", "numero di reati"],
)
def test_a_count_of_events_is_a_concern(heading: str, tmp_path: Path) -> None:
    numbers = [1 + at % 5 for at in range(40)]
    assert len(told(export(heading, numbers))) == 1
    assert told(export(heading, numbers))[0].startswith(f"{heading} says how many events a row stands for")
    home = Home(tmp_path)
    with pytest.raises(Question) as asked:
        import_file(home, export(heading, numbers), "export.csv")
    assert (asked.value.about, asked.value.flag) == ("counts", "--counts")
    assert [choice.value for choice in asked.value.choices] == ["events", "rows"]
    assert asked.value.message.values["n"] == sum(numbers[:-1])  # the last line may be a total and is looked at later
    report = import_file(home, export(heading, numbers), "export.csv", answers=Answers(counts="rows"))
    assert report.batch.accepted == 40
    assert any(heading in T(one) and "stands for" in T(one) for one in report.decisions)


@pytest.mark.slow
@some(
    ("heading", "numbers"),
    [
        ("Anzahl", [1] * 40),  # one row for each event all the same
        ("Anzahl Opfer", [1 + at % 4 for at in range(40)]),
        ("αριθμός θυμάτων", [1 + at % 4 for at in range(40)]),
        ("nombre de véhicules", [at % 4 for at in range(40)]),
        ("Nº", list(range(1, 41))),
        ("count", list(range(1, 41))),
        ("district", [1 + at % 5 for at in range(40)]),
    ],
    every=2,
)
def test_other_numbers_are_none(heading: str, numbers: list[int]) -> None:
    preview(export(heading, numbers), "export.csv", None)  # nobody is asked
    assert told(export(heading, numbers)) == []


EVENTS = Answers(counts="events")
COUNTS = {
    "el": ("Ημερομηνία;Είδος συμβάντος;Περιοχή;Πλήθος περιστατικών", "Κλοπή", "Βανδαλισμός"),
    "es": ("fecha;delito;barrio;Nº de hechos", "Robo", "Daños"),
    "fr": ("date;infraction;quartier;nombre de faits", "Vol", "Tapage"),
    "de": ("Datum;Straftat;Stadtteil;Anzahl", "Diebstahl", "Raub"),
}


def table(language: str, numbers: list[str], first_day: int = 1) -> bytes:
    """A table of counts: one row a day, of two categories in turn; without places and ids."""
    head, *names = COUNTS[language]
    rows = [f"2025-03-{first_day + at:02d};{names[at % 2]};A;{n}" for at, n in enumerate(numbers)]
    return "\n".join([head, *rows]).encode()


def by_day(home: Home) -> Counter[int]:
    return Counter(day.day for day in Store(home).read(["local_date"])["local_date"].to_pylist())


@some("language", COUNTS, every=2)
def test_each_event_of_a_row_is_an_alert(language: str, tmp_path: Path) -> None:
    """26 rows of which one says none and two say nothing that can be right; then the same and a corrected file."""
    numbers = ["3", "1", "0", "12", "x", "2", "1.200", "20000", *["1"] * 18]
    home = Home(tmp_path)
    report = import_file(home, table(language, numbers), "x.csv", city_name="Anytown", answers=EVENTS)
    right = Counter({1: 3, 2: 1, 4: 12, 6: 2, 7: 1200} | dict.fromkeys(range(9, 27), 1))
    assert by_day(home) == right
    assert (report.batch.read, report.batch.accepted, report.batch.quarantined) == (1239, 1236, 3)
    assert report.batch.reasons == {"no_events": 1, "bad_count": 2}
    said = [T(one) for one in report.decisions]
    assert any("26 rows stand for 1,236 events" in text for text in said), said
    assert not any("would be wrong" in text for text in said)
    again = import_file(home, table(language, numbers), "x.csv")  # the answer is remembered
    assert (again.batch.duplicate, again.batch.accepted) == (1236, 0)
    corrected = import_file(home, table(language, ["5", *numbers[1:]]), "x.csv")
    assert (corrected.batch.duplicate, corrected.batch.accepted) == (1236, 2)
    april = import_file(home, table(language, ["4", "1"], first_day=20), "april.csv")
    assert april.batch.accepted == 5


def test_the_answer_that_rows_are_alerts_is_remembered_too(tmp_path: Path) -> None:
    home = Home(tmp_path)
    numbers = ["3", "1", "2", "12", "1", "2", "1", "1", "7", "2"]
    import_file(home, table("fr", numbers), "x.csv", city_name="Anytown", answers=Answers(counts="rows"))
    assert import_file(home, table("fr", numbers), "x.csv").batch.duplicate == 10
    with pytest.raises(ImportProblem, match="no column was found"):
        import_file(home, table("fr", ["1"] * 10), "y.csv", answers=EVENTS)
    with pytest.raises(ImportProblem, match="Say one of these: events, rows"):
        import_file(home, table("fr", numbers), "x.csv", answers=Answers(counts="all"))


@some("heading", ["Nº de hechos", "number of incidents", "αριθμός περιστατικών", "Anzahl"])
def test_numbers_that_all_differ_are_counts_as_well(heading: str) -> None:
    """Twelve months of which each has its own number: no ids, although no number comes twice."""
    numbers = [31, 47, 12, 88, 54, 23, 61, 9, 72, 35, 18, 90, *range(100, 128)]
    with pytest.raises(Question, match=heading):
        preview(export(heading, numbers), "export.csv", None)
    shown = preview(export(heading, numbers), "export.csv", None, answers=Answers(counts="rows"))
    assert "alert_id" not in shown.report.layout.roles


def test_ids_of_rows_are_not_those_of_their_alerts(tmp_path: Path) -> None:
    rows = [f"A-{at};2025-03-{1 + at:02d};Theft;{1 + at % 3}" for at in range(20)]
    data = "\n".join(["id;date;offence;Anzahl", *rows]).encode()
    home = Home(tmp_path)
    report = import_file(home, data, "x.csv", city_name="Anytown", answers=EVENTS)
    assert report.batch.accepted == sum(1 + at % 3 for at in range(20))
    assert set(Store(home).read(["incident_id"])["incident_id"].to_pylist()) == {None}


def test_quarantined_rows_have_the_numbers_of_the_file_and_come_back_mended(tmp_path: Path) -> None:
    """Row 5 has no date and stands for four events, row 7 no number, row 9 too few fields."""
    rows = [f"2025-03-{1 + at:02d};Robo;A;{1 + at % 4}" for at in range(20)]
    rows[3], rows[6], rows[8] = ";Robo;A;4", "2025-03-07;Robo;A;?", "2025-03-09;Robo"
    home = Home(tmp_path)
    data = "\n".join([COUNTS["es"][0], *rows]).encode()
    report = import_file(home, data, "x.csv", city_name="Anytown", answers=EVENTS)
    found = Store(home).quarantine(report.batch.id, T)
    assert found["row"].tolist() == [4, 4, 4, 4, 7, 9]
    assert found["Nº de hechos"].tolist() == ["1", "1", "1", "1", "?", ""]
    before = by_day(home)
    mended = found[found["row"] < 9].assign(fecha=["2025-03-04"] * 4 + ["2025-03-07"])
    mended.loc[4, "Nº de hechos"] = "6"
    import_file(home, mended.to_csv(index=False).encode(), "mended.csv")
    assert by_day(home) == before + Counter({4: 4, 7: 6})


def test_more_events_than_a_file_may_hold_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract, "MOST_ALERTS", 100)
    data = table("de", ["30", "1", "40", "1", "2", "1", "3", "1", "1", "40"])
    with pytest.raises(ImportProblem, match="more than 100 events"):
        import_file(Home(tmp_path), data, "x.csv", city_name="A", answers=EVENTS)


@some("piece", [1, 3, 100], every=2)
def test_pieces_of_any_size_hold_the_same_alerts(piece: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract, "PIECE", piece)
    home = Home(tmp_path)
    numbers = ["3", "1", "7", "2", "1", "2", "1", "1", "4", "2"]
    import_file(home, table("el", numbers), "x.csv", city_name="Anytown", answers=EVENTS)
    assert by_day(home) == Counter({at + 1: int(n) for at, n in enumerate(numbers)})


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("7", 7), ("+7", 7), ("7.0", 7), ("7,00", 7), ("1.234", 1234), ("1 234", 1234), ("1,234", 1234),
        ("10000", 10000),
        ("10001", -1), ("", -1), ("-3", -1), ("1.5", -1), ("x", -1), ("0", 0), ("9" * 30, -1),
    ],
)  # fmt: skip
def test_numbers_of_events_are_read_as_tables_write_them(text: str, n: int) -> None:
    assert count_of(text) == n


@some("odd", ["1,234,567", "1.234,5", "²", "12.abc", "1.5.2", "many"], every=2)
def test_an_odd_cell_among_counts_stops_nothing(odd: str) -> None:
    data = export("Anzahl", [1 + at % 5 for at in range(60)])
    lines = data.decode().split("\n")
    lines[30] = lines[30].rpartition(";")[0] + f";{odd}"
    with pytest.raises(Question, match="Anzahl"):
        preview("\n".join(lines).encode(), "export.csv", None)


MARCH = "ref,when,kind of event,sex,lat,lon"


def march(folder: Path) -> Path:
    """Forty alerts, of which the days above the twelfth say that the day comes first; three rows are spoilt."""
    rows = [f"a{at},{1 + at % 28:02d}/03/2025 10:15,theft,F,37.94{at % 10},23.64{at % 7}" for at in range(40)]
    rows[3] = "a3,,theft,F,37.941,23.641"
    rows[4] = "a4,soon,theft,F,37.941,23.641"
    rows[5] = "a5,06/03/2025 10:15,theft,F,north,23.641"
    path = folder / "march.csv"
    path.write_text("\n".join([MARCH, *rows]) + "\n", "utf-8")
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
    return home, import_file(home, march(tmp_path), "march.csv")


def test_a_row_says_what_is_wrong_and_is_read_as_its_file(imported: tuple[Home, ImportReport], tmp_path: Path) -> None:
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


def test_rows_are_not_read_as_another_file_of_these_columns(
    imported: tuple[Home, ImportReport], tmp_path: Path
) -> None:
    """Two exports of one form, one of which puts the month first: a mended row does not say which it is of."""
    home, report = imported
    american = tmp_path / "april.csv"
    days = [f"b{at},04/{1 + at % 28:02d}/2025 10:15,theft,F,37.94{at % 10},23.64{at % 7}" for at in range(40)]
    american.write_text("\n".join([MARCH, *days, "b40,,theft,F,37.941,23.641"]) + "\n", "utf-8")
    assert import_file(home, american, "april.csv").date_order == "month-first"
    rows = mended(home, report.batch.id, tmp_path / "mended.csv")
    with pytest.raises(Question):
        import_file(home, rows, "mended.csv")
    again = import_file(home, rows, "mended.csv", answers=Answers(dates="day-first"))
    assert (again.batch.accepted, again.date_order) == (3, "day-first")


def test_rows_are_read_alike_after_imports_of_one_form(imported: tuple[Home, ImportReport], tmp_path: Path) -> None:
    home, report = imported
    later = tmp_path / "later.csv"
    later.write_text(march(tmp_path).read_text("utf-8").replace("/03/", "/02/").replace("\na", "\nc"), "utf-8")
    import_file(home, later, "later.csv")
    again = import_file(home, mended(home, report.batch.id, tmp_path / "mended.csv"), "mended.csv")
    assert (again.batch.accepted, again.date_order) == (3, "day-first")


@some(
    ("heading", "words"),
    [
        ("severity", ("Low", "Medium", "High", "Critical")),
        ("προτεραιότητα", ("Χαμηλή", "Μέτρια", "Υψηλή", "Κρίσιμη")),
        ("prioridad", ("Baja", "Media", "Alta", "Crítica")),
        ("Dringlichkeit", ("Niedrig", "Mittel", "Hoch", "Kritisch")),
    ],
)
def test_words_of_a_scale_stay_in_rows_to_be_mended(heading: str, words: tuple[str, ...], tmp_path: Path) -> None:
    """They begin with a capital letter as names do, but nobody is named Critical."""
    rows = [f"a{at},{1 + at % 28:02d}/03/2025 10:15,theft,{words[at % 4]},37.94,23.64" for at in range(40)]
    rows[7] = f"a7,08/03/2025 10:15,theft,{words[3]},north,23.64"
    rows[8] = "a8,09/03/2025 10:15,theft,Maria Ioannou,north,23.64"
    path = tmp_path / "march.csv"
    path.write_text("\n".join([f"ref,when,kind of event,{heading},lat,lon", *rows]) + "\n", "utf-8")
    home = Home(tmp_path / "home")
    batch = import_file(home, path, path.name).batch
    assert Store(home).quarantine(batch.id, T)[heading].tolist() == [words[3], ""]


@some(
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


@pytest.mark.parametrize(
    "name", ["Maria", "Μαρία", "Julia", "Augustine", "Septimus", "Γεωργία", "Jana", "Octavia", "Ja" + "n" * 2_000]
)
def test_names_of_persons_are_no_misspelt_months(name: str) -> None:
    assert not is_misspelt_month(name)
    assert not free_of_personal_data(f"{name} 2024")
