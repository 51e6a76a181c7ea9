"""Formulas in a workbook whose results are not stored: the reason of the row says so."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curim_data.importing.pipeline import import_file
from curim_data.model import Reason, translator
from curim_data.model.reasons import REASON_WORDS
from curim_data.store import Home, Store
from tests.in_files import xlsx

HEADERS = {
    "en": ("id", "date", "offence", "latitude", "longitude"),
    "el": ("κωδικός", "ημερομηνία", "κατηγορία", "γεωγραφικό πλάτος", "γεωγραφικό μήκος"),
    "it": ("numero", "data del fatto", "reato", "latitudine", "longitudine"),
}


def table(headings: tuple[str, ...], formulas: dict[tuple[int, int], str], *more: str) -> list[tuple[Any, ...]]:
    """Headings and 40 rows; `more`: cells after the date; `formulas` by row (from 1) and column (from 0)."""
    rows: list[tuple[Any, ...]] = [headings]
    for n in range(1, 41):
        day = f"2025-03-{1 + n % 28:02d}"
        told = [one.format(day=day, step=1 + n % 5) for one in more]
        row = [f"F{n}", f"{day} 10:15", *told, 37.94 + n / 9000, 23.64]
        rows.append(tuple(formulas.get((n, column), cell) for column, cell in enumerate(row)))
    return rows


def workbook(lang: str, formulas: dict[tuple[int, int], str], title: bool = False) -> bytes:
    """openpyxl stores no results."""
    rows = [*([("Report",), ()] if title else []), *table(HEADERS[lang], formulas, "Theft")]
    return xlsx(**{"Notes & sums": [], "Στοιχεία “1” & <2>": rows})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.mark.parametrize("title", [False, True])
@pytest.mark.parametrize("lang", HEADERS)
def test_the_reason_names_the_formula(home: Home, lang: str, title: bool) -> None:
    formulas = {(3, 1): "=TODAY()", (7, 3): '=IF(A8="x > y",37.9,38)', (9, 2): "=B1&C1", (40, 1): "=B39+1"}
    report = import_file(home, workbook(lang, formulas, title), "book.xlsx", city_name="Town")
    assert (report.batch.read, report.batch.accepted, report.batch.quarantined) == (40, 36, 4)
    assert dict(report.batch.reasons) == {Reason.NO_RESULT.value: 4}
    aside = Store(home).quarantine(report.batch.id)
    assert aside["row"].tolist() == [3, 7, 9, 40]
    assert aside["column"].tolist() == [HEADERS[lang][at] for at in (1, 3, 2, 1)]
    assert aside["reason"].str.contains("formula").all()


def test_stored_results_are_values(home: Home) -> None:
    """As a spreadsheet program writes them: a number, a text, and an empty text."""
    data = workbook("en", {(3, 1): "=X1", (7, 3): "=X2", (9, 2): "=X3"})
    results = ((b"X1", b' t="str"', b"2025-03-04"), (b"X2", b"", b"37.95"), (b"X3", b' t="str"', b""))
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for item in old.namelist():
            content = old.read(item)
            for formula, kind, value in results:
                pattern = rb'<c (r="[A-Z]+\d+")([^>]*)><f>%s</f><v ?/?>(</v>)?</c>' % formula
                content = re.sub(pattern, rb"<c \1%s><f>%s</f><v>%s</v></c>" % (kind, formula, value), content)
            new.writestr(item, content)
    report = import_file(home, out.getvalue(), "book.xlsx", city_name="Town")
    assert (report.batch.accepted, report.batch.quarantined) == (40, 0)


def test_formulas_in_columns_without_a_role_do_not_matter(home: Home) -> None:
    rows = [(f"F{n}", f"2025-03-{1 + n % 28:02d} 10:15", "Theft", 37.94, 23.64, f"=LEN(A{n + 1})") for n in range(40)]
    data = xlsx(One=[(*HEADERS["en"], "checksum"), *rows])
    assert import_file(home, data, "book.xlsx", city_name="Town").batch.accepted == 40


def test_a_column_of_dates_that_are_all_formulas_is_said(home: Home) -> None:
    formulas = {(n, 1): f"=DATE(2025,3,{n % 28 + 1})" for n in range(1, 41)}
    report = import_file(home, workbook("en", formulas), "book.xlsx", city_name="Town")
    assert dict(report.batch.reasons) == {Reason.NO_RESULT.value: 40}


@pytest.mark.parametrize(
    "headings",
    [
        ("id", "begin", "end", "offence", "severity", "latitude", "longitude"),
        ("Vorgang", "Tatzeit von", "Tatzeit bis", "Delikt", "Schweregrad", "Breitengrad", "Längengrad"),
        ("κωδικός", "έναρξη", "λήξη", "αδίκημα", "σοβαρότητα", "γεωγραφικό πλάτος", "γεωγραφικό μήκος"),
    ],
)
def test_a_row_is_not_lost_for_the_end_of_its_span(home: Home, headings: tuple[str, ...]) -> None:
    formulas = {(5, 2): "=B6+1", (9, 2): "=B10+1", (12, 4): "=1+1"}
    rows = table(headings, formulas, "{day} 12:30", "Theft", "{step}")
    report = import_file(home, xlsx(One=rows), "book.xlsx", city_name="Town")
    assert (report.batch.accepted, report.batch.repaired) == (40, 3)
    assert report.repairs["n"].tolist() == [2, 1]
    assert set(report.repairs["column"]) == {headings[2], headings[4]}
    stored = Store(home).read().to_pandas()
    assert int(stored["severity"].isna().sum()) == 1


@pytest.mark.parametrize(("heading", "at"), [("id", 0), ("kind", 3)])
def test_a_row_whose_id_or_kind_is_a_formula_is_quarantined(home: Home, heading: str, at: int) -> None:
    """Without its id it would be a new alert at each import; without its kind it would count as another one."""
    headings = ("id", "date", "offence", "kind", "latitude", "longitude")
    rows = table(headings, {(6, at): "=A1&B1"}, "Theft", "offence")
    report = import_file(home, xlsx(One=rows), "book.xlsx", city_name="Town")
    aside = Store(home).quarantine(report.batch.id)
    assert list(zip(aside["row"], aside["column"], strict=True)) == [(6, heading)]


def test_the_sentence_names_the_reasons_the_commonest_first(home: Home) -> None:
    formulas = {(3, 1): "=TODAY()", (7, 1): "=TODAY()", (9, 3): "=1+1"}
    report = import_file(home, workbook("en", formulas), "book.xlsx", city_name="Town")
    batch = replace(report.batch, reasons={Reason.BAD_DATE.value: 1, **report.batch.reasons})
    words = {reason: str(REASON_WORDS[reason].text).rstrip(".") for reason in (Reason.BAD_DATE, Reason.NO_RESULT)}
    said = replace(report, batch=batch).sentence(translator("en"))
    assert f"Why rows are quarantined: {words[Reason.NO_RESULT]} (3); {words[Reason.BAD_DATE]} (1)." in said
    assert "quarantined: 3. Why rows" in said
    none = replace(report, batch=replace(batch, reasons={}))
    assert "Why rows" not in none.sentence(translator("en"))
