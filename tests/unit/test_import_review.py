"""Losses and leaks that a review of the whole import found, each with the case that showed it."""

from __future__ import annotations

import datetime as dt
import io
import os
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from curim_data.engine import open_source
from curim_data.export import cleaned
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import ImportReport, import_file
from curim_data.model import Audience, ImportProblem, Reason
from curim_data.store import Home, Store
from curim_data.store.home import create_home

NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
HERE = "37.943,23.647"


def take(home: Home, text: str | bytes, **options: object) -> ImportReport:
    data = text.encode() if isinstance(text, str) else text
    report = import_file(home, data, "file.csv", now=NOW, **options)  # type: ignore[arg-type]
    batch = report.batch
    assert batch.accepted + batch.updated + batch.duplicate + batch.quarantined == batch.read
    return report


def stored(home: Home) -> pd.DataFrame:
    return pd.DataFrame(Store(home).read().to_pandas().set_index("alert_id").sort_index())


def csv(home: Home) -> bytes:
    out = io.BytesIO()
    cleaned.write(open_source(home), AlertFilter(period="all"), out, "csv", Audience.ANALYST)
    return out.getvalue()


CURIM = "alert_id;reported_at;category;more_categories;latitude;longitude\n"


def test_names_with_bars_and_backslashes_come_out_and_in_again(home: Home, tmp_path: Path) -> None:
    rows = [r"1;2025-03-01T10:00;noise;graffiti|1. Urgence \| Emergency|a\\b\|c;37.943;23.647"]
    rows += ["2;2025-03-01T10:00;noise;;37.943;23.647", r"3;2025-03-01T10:00;noise;one\two|x\\;37.943;23.647"]
    take(home, CURIM + "\n".join(rows))
    names = ["graffiti", "1. Urgence | Emergency", r"a\b|c"]
    assert stored(home).loc["1", "more_categories"].tolist() == names
    assert stored(home).loc["3", "more_categories"].tolist() == [r"one\two", "x\\"]
    again = take(home, csv(home)).batch
    assert (again.read, again.duplicate) == (3, 3)
    other = create_home(tmp_path / "other")
    take(other, csv(home))
    assert stored(other)["more_categories"].map(list, na_action="ignore").tolist()[0] == names


def test_texts_that_were_made_safe_for_spreadsheets_come_in_as_they_were(home: Home) -> None:
    take(home, CURIM + "-7;2025-03-01T10:00;=1+1;noise|+30;37.943;23.647\n'x;2025-03-01T10:00;noise;;37.943;23.647\n")
    assert "'-7" in csv(home).decode()
    assert "'=1+1" in csv(home).decode()
    again = take(home, csv(home)).batch
    assert (again.read, again.duplicate) == (2, 2)
    assert stored(home)["category"].tolist() == ["noise", "=1+1"]


def test_rows_set_aside_keep_no_names_and_no_telephone_numbers(home: Home) -> None:
    dates = [
        "Μαρία Παπαδοπούλου",
        "Maria, 12 Smyrnis str",
        "6944123456",
        "+30 210 4123456",
        "31 February 2025",
        "31/13/2025",
    ]
    rows = [f"{at},{text.replace(',', '')},noise,{HERE}" for at, text in enumerate(dates)]
    rows += [f"9{at},2025-03-0{at} 10:00,noise,{HERE}" for at in range(1, 10)] * 3
    report = take(home, "id,date,category,latitude,longitude\n" + "\n".join(rows))
    told = Store(home).quarantine(report.batch.id)
    assert told["date"].tolist() == told["value"].tolist() == ["", "", "", "", "31 February 2025", "31/13/2025"]
    assert "Μαρία" not in report.quarantine.to_csv()


def test_rows_set_aside_keep_categories_by_the_rules_of_their_format(home: Home) -> None:
    long = "Atteinte aux biens et aux personnes dans l'espace public ou privé | Harm"
    header = "#,INCIDENT TITLE,INCIDENT DATE,LOCATION,DESCRIPTION,CATEGORY,LATITUDE,LONGITUDE,APPROVED,VERIFIED\n"
    report = take(home, header + f'1,t,2025-13-01 10:00:00,l,d,"{long}, Noise, a@b.gr",37.943,23.647,YES,YES\n')
    assert long in Store(home).quarantine(report.batch.id)["CATEGORY"][0]
    assert "a@b.gr" not in Store(home).quarantine(report.batch.id).to_csv()


def test_the_list_of_repairs_holds_no_names(home: Home) -> None:
    header = "alert_id;reported_at;category;severity;resolved_at;confirmations\n"
    secret = "Call Maria 6944123456"
    report = take(home, header + f"1;2025-03-01;noise;{secret};{secret};{secret}\n")
    assert report.repairs["old"].tolist() == ["", "", ""]
    report = take(home, header + "2;2025-03-01;noise;9;soon;many\n")
    assert sorted(report.repairs["old"]) == ["9", "many", "soon"]


@pytest.mark.parametrize("column", ["victim sex", "victim name", "comments", "beat"])
def test_two_victims_told_apart_by_a_column_that_is_not_kept_are_two_alerts(home: Home, column: str) -> None:
    victims = ["V", "X", "V"]
    rows = "".join(f"1,2025-03-01 10:00,noise,{victim},{HERE}\n" for victim in victims)
    text = f"id,date,category,{column},latitude,longitude\n{rows}"
    first, second = take(home, text).batch, take(home, text).batch
    assert (first.accepted, first.duplicate) == (2, 1)
    assert (second.accepted, second.updated, second.duplicate) == (0, 0, 3)


def test_the_progress_of_an_import_rises_to_its_end(home: Home) -> None:
    rows = "".join(f"{n},2025-03-01,noise,{HERE}\n" for n in range(30))
    steps: list[tuple[float, str]] = []
    import_file(
        home,
        f"id,date,category,latitude,longitude\n{rows}".encode(),
        "export.csv",
        now=NOW,
        progress=lambda share, told: steps.append((share, told.text)),
    )
    shares = [share for share, _ in steps]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    making = [share for share, told in steps if told.startswith("Finding cells")]
    assert making[-1] == pytest.approx(0.85)  # all rows are read and put in their place, none is compared yet


def test_a_file_that_changes_while_it_is_read_is_not_imported(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(f"id,date,category,latitude,longitude\n1,2025-03-01,noise,{HERE}\n")

    def step(share: float, _: object) -> None:
        if share > 0.2 and "changed" not in path.read_text():
            path.write_text("a,b,c,d,changed\n1,2,3,4,5\n")

    with pytest.raises(ImportProblem, match="changed while"):
        import_file(home, path, "export.csv", now=NOW, progress=step)
    assert Store(home).count() == 0


def test_a_pipe_is_refused_before_it_is_read(home: Home, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ImportProblem, match="pipe"):
        import_file(home, tmp_path / "pipe", "pipe", now=NOW)


def test_a_file_without_a_header_does_not_put_its_first_record_into_the_message(home: Home) -> None:
    first = ["Maria Papadopoulou who lives in the street beside the old harbour of the town", "m@x.gr", "6944123456"]
    first += [f"c{at}" for at in range(1000)]
    with pytest.raises(ImportProblem) as problem:
        take(home, f"{','.join(first)}\n{','.join(['4'] * len(first))}\n")
    said = str(problem.value)
    assert "Maria" not in said
    assert "m@x.gr" not in said
    assert "6944123456" not in said
    assert len(said) < 600


def told(report: ImportReport) -> list[str]:
    return [message.text.format(**message.values) for message in report.decisions]


def test_what_was_decided_of_dates_zones_and_letters_is_told(home: Home) -> None:
    header = "id,date,category,sexo,latitude,longitude\n"
    rows = f"1,25/03/2025 10:00,noise,H,{HERE}\n2,26/03/2025 11:00,noise,M,{HERE}\n"
    assert told(take(home, header + rows)) == [
        "date: the day comes before the month.",
        "Times without an offset were read in the time zone Europe/Athens.",
        "sexo: as the other values show, women are M and men are H.",
    ]
    plain = f"3,2025-03-25T10:00:00Z,noise,woman,{HERE}\n4,2025-03-25T11:00:00+02:00,noise,man,{HERE}\n"
    assert told(take(home, header + plain)) == []


def test_a_member_without_a_name_in_an_archive_is_no_table(home: Home) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", f"id,date,category,latitude,longitude\n1,2025-03-01,noise,{HERE}\n")
        archive.writestr("N", "x")
    nameless = out.getvalue().replace(b"N", b"\0")  # zipfile cuts names at the first zero
    assert take(home, nameless).batch.accepted == 1


@pytest.mark.parametrize("address", ["maria@example.gr", "6944123456", "+30 210 1234567", "0030-6944123456"])
def test_an_id_that_is_an_address_of_a_person_is_not_stored(home: Home, address: str) -> None:
    data = f"alert_id,reported_at,category,latitude,longitude\n{address},2025-03-01T10:00,noise,{HERE}\n"
    assert take(home, data).batch.accepted == 1
    stored = Store(home).read(["alert_id", "incident_id"]).to_pylist()
    assert not any(address in str(value) for row in stored for value in row.values())


HEADERS = {
    "en": ("id", "date", "offence", "Latitude", "Longitude"),
    "es": ("id", "fecha", "delito", "latitud", "longitud"),
    "de": ("id", "Datum", "Delikt", "Breitengrad", "Längengrad"),
    "pt": ("id", "data", "crime", "Latitude", "Longitude"),
}


def export(header: tuple[str, ...], bad: int, of: int = 60) -> bytes:
    """`bad` of the rows have lost the decimal mark of their latitude."""
    lines = [",".join(header)]
    for n in range(of):
        latitude = f"37.94{n % 100:02d}"
        written = latitude.replace(".", "") if n % of < bad else latitude
        lines.append(f"c{n},2025-03-{1 + n % 28:02d} 10:15,Theft,{written},23.64{n % 90:02d}")
    return "\n".join(lines).encode()


@pytest.mark.parametrize("bad", [1, 20, 33, 50])
@pytest.mark.parametrize("lang", HEADERS)
def test_out_of_range_is_bad_whatever_the_share(tmp_path: Path, lang: str, bad: int) -> None:
    home = create_home(tmp_path / "home")
    report = import_file(home, export(HEADERS[lang], bad), "export.csv")
    assert (report.batch.accepted, report.batch.quarantined) == (60 - bad, bad)
    assert dict(report.batch.reasons) == {Reason.BAD_COORDINATES.value: bad}
    assert report.mapped == 60 - bad


def test_a_file_in_which_hardly_any_is_in_range_has_no_coordinates(tmp_path: Path) -> None:
    home = create_home(tmp_path / "home")
    report = import_file(home, export(HEADERS["en"], 60), "export.csv")
    assert (report.batch.accepted, report.batch.unmapped) == (60, 60)
