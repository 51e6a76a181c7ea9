"""The whole import: counts, words, coordinates, personal data, refusals; and losses and leaks that a review found."""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import zipfile
from pathlib import Path

import pandas as pd
import pytest

import sample_data
from curim_data.engine import open_source
from curim_data.export import cleaned
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import ImportProblem, ImportReport, import_file, preview
from curim_data.model import Audience, CityProfile, Reason, Translator
from curim_data.model.reasons import Repair
from curim_data.store import Home, Store
from curim_data.store.home import create_home
from tests.effort import some

NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
HEADER = (
    "alert_id;reported_at;occurred_from;occurred_to;kind;category;more_categories;severity;feeling;reporter_gender;"
    "affected_gender;age_band;status;resolved_at;confirmations;latitude;longitude;description"
)


def line(**values: str) -> str:
    row = {"alert_id": "A1", "reported_at": "2025-03-01T22:15+02:00", "category": "graffiti"}
    row |= {"latitude": "37.9430", "longitude": "23.6470"} | values
    return ";".join(row.get(name, "") for name in HEADER.split(";"))


def table(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *lines, ""]).encode()


def taken(home: Home, text: str | bytes) -> ImportReport:
    """The import of a file of any text, all rows of which are accounted for."""
    report = import_file(home, text.encode() if isinstance(text, str) else text, "file.csv", now=NOW)
    batch = report.batch
    assert batch.accepted + batch.updated + batch.duplicate + batch.quarantined == batch.read
    return report


def take(home: Home, data: bytes) -> dict[str, object]:
    return taken(home, data).counts


def stored(home: Home) -> pd.DataFrame:
    return pd.DataFrame(Store(home).read().to_pandas().set_index("alert_id").sort_index())


def test_the_dirty_export_is_accounted_for_as_its_answer_key_says(home: Home) -> None:
    report = import_file(home, sample_data.DIRTY_EXPORT, "dirty.csv", now=NOW)
    key = pd.read_csv(sample_data.DIRTY_ANSWERS, sep=";", encoding="utf-8-sig", keep_default_na=False)
    refused = key[key["outcome"] == "quarantined"]
    assert report.quarantine[["row", "reason"]].values.tolist() == refused[["row", "reason"]].values.tolist()
    counts = key["outcome"].value_counts()
    assert [report.counts[one] for one in counts.index] == counts.tolist()
    assert report.counts["unmapped"] == (key["unmapped"] == "yes").sum()
    assert report.counts["repaired"] == (key["repaired"] == "yes").sum()
    why = key.loc[key["outcome"] != "quarantined", "reason"].str.split("|").explode()
    rules = why[why.isin({one.value for one in Repair})]
    assert set(report.repairs["rule"]) == set(rules)
    assert report.repairs["n"].sum() >= len(rules)
    batch = report.batch
    assert batch.accepted + batch.updated + batch.duplicate + batch.quarantined == batch.read == len(key)
    again = import_file(home, sample_data.DIRTY_EXPORT, "dirty.csv", now=NOW).batch
    assert (again.accepted, again.updated) == (0, 0)
    assert Store(home).count() == batch.accepted


@pytest.mark.slow
def test_a_second_import_adds_nothing_and_a_later_export_updates(home: Home) -> None:
    head, *lines = sample_data.MAIN_EXPORT.read_text("utf-8-sig").splitlines(keepends=True)
    newest = [head, *lines[-6_000:]]
    first, second = (import_file(home, "".join(newest).encode(), "main.csv", now=NOW).batch for _ in range(2))
    assert first.accepted == first.read == second.duplicate == second.read == Store(home).count() == 6_000
    later = import_file(home, sample_data.LATER_EXPORT, "later.csv", now=NOW).batch
    with sample_data.LATER_EXPORT.open(encoding="utf-8-sig", newline="") as one:
        sent = {row["alert_id"]: row for row in csv.DictReader(one, delimiter=";")}
    before = {row["alert_id"]: row for row in csv.DictReader(newest, delimiter=";")}
    assert later.accepted == len(sent.keys() - before.keys())
    for row in sent.values():  # the new version of the app writes a column that means nothing to the format
        assert row.pop("app_version")
    assert later.updated == sum(sent[name] != before[name] for name in sent.keys() & before.keys()) > 100
    assert Store(home).count() == first.accepted + later.accepted
    undone = Store(home).undo(later.id)
    assert (undone.removed, undone.restored, undone.kept) == (later.accepted, later.updated, 0)
    assert Store(home).count() == first.accepted


def test_rows_that_share_an_id_are_alerts_of_one_incident(home: Home) -> None:
    two = table(line(affected_gender="woman"), line(affected_gender="man"), line(affected_gender="man"))
    assert take(home, two)["accepted"] == 2
    assert list(stored(home).index) == ["A1", "A1#2"]
    assert take(home, two)["duplicate"] == 3
    assert take(home, table(line(affected_gender="man")))["duplicate"] == 1
    assert take(home, table(line(affected_gender="man"), line(affected_gender="woman")))["duplicate"] == 2
    assert (
        take(home, table(line(affected_gender="woman"), line(affected_gender="man", status="resolved")))["updated"] == 1
    )
    assert stored(home)["status"].tolist() == ["open", "resolved"]


def test_equal_rows_without_an_id_stay_as_many_as_they_are(home: Home) -> None:
    rows = table(line(alert_id=""), line(alert_id=""), line(alert_id=""))
    assert take(home, rows)["accepted"] == 3
    assert take(home, rows)["duplicate"] == 3
    assert stored(home)["incident_id"].isna().all()


def test_an_id_does_not_depend_on_how_the_file_is_written(home: Home) -> None:
    assert take(home, table(line(alert_id="")))["accepted"] == 1
    comma = line(alert_id="", reported_at="2025-03-01 22:15").replace(";", ",")
    assert take(home, table(comma, header=HEADER.replace(";", ",")))["duplicate"] == 1
    assert take(home, ("\ufeff" + table(line(alert_id="")).decode()).encode("utf-16"))["duplicate"] == 1


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG"), (b"PK\x03\x04" + bytes(100), "ZIP"),
        (b"abc\0def;x\n", "zero bytes"), (b"", "empty"), (b"\xef\xbb\xbf \r\n", "empty"),
        (HEADER.encode() + b"\n", "no rows"), (HEADER.encode(), "no rows"),
        (HEADER.encode() + b"\r\n\r\n\n", "no rows"), (b"x" * 2_000_000, "line"), (b'{"alerts": []}\n', "date"),
        (b"one;two\n1;2\n", "date"), (table(line() + ";", header=HEADER + ";date"), "reported_at"),
        (table(line() + ";", header=HEADER + ";reported_at"), "reported_at"),
        (table(line(reported_at="01/03/2025 22:15")), "day-first"),
        (table(line(reported_at="13/03/2025", occurred_from="03/13/2025")), "contradict"),
    ],
)  # fmt: skip
def test_an_unusable_file_gives_one_clear_sentence_and_changes_nothing(
    home: Home, city: CityProfile, t: Translator, data: bytes, word: str
) -> None:
    before = Store(home).version()
    with pytest.raises(ImportProblem) as raised:
        import_file(home, data, "file.csv", now=NOW)
    sentence = t(raised.value.message)
    assert word in sentence
    assert "file.csv" in sentence
    assert "\n" not in sentence
    assert "{" not in sentence
    assert Store(home).version() == before
    with pytest.raises(ImportProblem):
        preview(data, "file.csv", city)


def test_a_file_that_is_not_there(home: Home, tmp_path: Path) -> None:
    with pytest.raises(ImportProblem, match="cannot be opened"):
        import_file(home, tmp_path / "none.csv", "none.csv")
    with pytest.raises(ImportProblem, match="cannot be opened"):
        import_file(home, tmp_path, "folder")


def test_words_in_three_languages_and_words_that_nobody_knows(home: Home) -> None:
    rows = table(
        line(alert_id="1", affected_gender="ΓΥΝΑΙΚΑ", status="Résolu"),
        line(alert_id="2", affected_gender="Homme", category="Γκράφιτι ΚΑΙ κάτι"),
        line(alert_id="3", affected_gender="Δεν δηλώθηκε", reporter_gender="M"),
        line(alert_id="4", affected_gender="qwerty", severity="9", confirmations="many"),
        line(alert_id="5"),
    )
    report = import_file(home, rows, "words.csv", now=NOW)
    told = stored(home)
    assert told["affected_gender"].tolist() == ["woman", "man", "undisclosed", "unknown", "undisclosed"]
    assert told["status"].tolist() == ["resolved", "open", "open", "open", "open"]
    assert told.loc["2", "category"] == "Γκράφιτι ΚΑΙ κάτι"
    assert report.unknown["category"] == {"Γκράφιτι ΚΑΙ κάτι": 1}
    assert report.flags["unknown_gender"] == 1
    assert set(report.repairs["rule"]) == {"out_of_range_severity", "bad_confirmations"}


def test_coordinates(home: Home) -> None:
    rows = table(
        line(alert_id="comma", latitude="37,943", longitude="23,647"),
        line(alert_id="swapped", latitude="23.647", longitude="37.943"),
        line(alert_id="zero", latitude="0", longitude="0.0"),
        line(alert_id="none", latitude="", longitude=""),
        line(alert_id="far", latitude="48.85", longitude="2.35"),
        line(alert_id="text", latitude="north", longitude="23.647"),
        line(alert_id="lone", latitude="", longitude="23.647"),
        line(alert_id="off", latitude="95.1", longitude="223.647"),
    )
    counts = take(home, rows)
    assert counts["reasons"] == {"bad_coordinates": 3}
    assert (counts["accepted"], counts["unmapped"], counts["outside"], counts["repaired"]) == (5, 2, 1, 3)
    told = stored(home)
    for name in ("comma", "swapped"):
        assert told.loc[name, ["latitude", "longitude"]].tolist() == [37.943, 23.647]


def test_a_date_in_the_future_and_a_clock_that_is_behind(home: Home) -> None:
    assert take(home, table(line(reported_at="2027-06-01T10:00")))["reasons"] == {"future_date": 1}
    rows = [line(alert_id=f"A{n}", reported_at=f"2027-06-{n % 28 + 1:02d}T10:00") for n in range(120)]
    assert take(home, table(*rows))["accepted"] == 120


def test_personal_columns_and_free_text_are_dropped_and_named(home: Home, t: Translator) -> None:
    header = HEADER + ";reporter e-mail;Τηλέφωνο;Device ID"
    rows = table(
        line(description="I am Maria") + ";a@b.gr;210;x9", line(reported_at="soon") + ";c@d.gr;211;x8", header=header
    )
    report = import_file(home, rows, "personal.csv", now=NOW)
    assert report.dropped == ("description", "reporter e-mail", "Τηλέφωνο", "Device ID")
    assert report.counts["dropped"] == list(report.dropped)
    assert "reporter e-mail" in report.sentence(t)
    assert "a@b.gr" not in stored(home).to_csv()
    kept = Store(home).quarantine(report.batch.id)
    assert "c@d.gr" not in kept.to_csv()


@pytest.mark.slow
@pytest.mark.parametrize(
    "label",
    [
        *("περιγραφή", "Σχόλια", "Διεύθυνση", "Παρατηρήσεις", "comments", "Internal notes", "address", "Commentaires"),
        *("adresse", "message", "strange column"),
    ],
)
def test_free_text_is_written_nowhere(home: Home, label: str) -> None:
    secret = "Maria saw it"
    rows = table(
        line(alert_id="A1") + f";{secret}",
        line(alert_id="A2", reported_at="soon") + f";{secret}",
        line(alert_id="A3", description=secret) + f";{secret};and more",
        f"A4;{secret};{secret}",
        f"{secret};{secret}",
        f"6912345678;{secret}",
        line(alert_id="A7", latitude="x", category=f"{secret} 691 234 5678", status=f"{secret} m@x.gr") + f";{secret}",
        f"Total;{secret}" + ";" * 17,
        header=f"{HEADER};{label}",
    )
    report = import_file(home, rows, "text.csv", now=NOW)
    assert label in (report.unused if label == "strange column" else report.dropped)
    aside = Store(home).quarantine(report.batch.id)
    assert aside["row"].tolist() == [2, 3, 4, 5, 6, 7, 8]
    assert aside["alert_id"].tolist() == ["A2", "A3", "A4", "", "", "A7", ""]
    assert aside.loc[aside["row"] == 2, ["column", "value", "latitude"]].values.tolist() == [
        ["reported_at", "soon", "37.9430"]
    ]
    assert set(aside.columns) == {"row", "column", "value", "reason", "mend", *HEADER.split(";")} - {"description"}
    assert aside.loc[aside["row"].isin([3, 4]), "mend"].str.contains("your own file").all()
    for text in (secret, "5678", "m@x"):
        assert text not in aside.to_csv() + stored(home).to_csv()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Σπασμένο παγκάκι 2025", True),
        ("x" * 60, True),
        ("x" * 61, False),
        ("call 6912345678", False),
        ("call 691 234-5678", False),
        ("maria@example.gr", False),
    ],
)
def test_a_category_that_cannot_be_a_name_is_not_kept(home: Home, name: str, kept: bool) -> None:
    rows = table(line(alert_id="1", category=name), line(alert_id="2", more_categories=f"noise|{name}"))
    report = import_file(home, rows, "names.csv", now=NOW)
    told = stored(home)
    assert told.loc["1", "category"] == (name if kept else "uncategorised")
    assert told.loc["2", "more_categories"].tolist() == (["noise", name] if kept else ["noise"])
    assert report.flags["unknown_category"] == 2
    assert list(report.unknown["category"]) == [told.loc["1", "category"]]
    assert (name in stored(home).to_csv()) == kept


def test_preview_and_dry_run_write_nothing(home: Home, city: CityProfile) -> None:
    seen = preview(sample_data.DIRTY_EXPORT, "dirty.csv", city, home=home, now=NOW)
    dry = import_file(home, sample_data.DIRTY_EXPORT, "dirty.csv", dry_run=True, now=NOW)
    assert Store(home).version() == "empty"
    assert not home.quarantine.exists()
    assert seen.report.counts == dry.counts
    assert seen.report.facts.encoding == "utf-8-sig"
    assert seen.report.date_order == "day-first"
    assert len(seen.points) <= 2_000
    assert seen.mapping.set_index("column").loc["description", "use"] == "dropped"
    assert import_file(home, sample_data.DIRTY_EXPORT, "dirty.csv", now=NOW).batch.accepted == dry.batch.accepted


HERE = "37.943,23.647"


def cleaned_csv(home: Home) -> bytes:
    out = io.BytesIO()
    cleaned.write(open_source(home), AlertFilter(period="all"), out, "csv", Audience.ANALYST)
    return out.getvalue()


CURIM = "alert_id;reported_at;category;more_categories;latitude;longitude\n"


def test_names_with_bars_and_backslashes_come_out_and_in_again(home: Home, tmp_path: Path) -> None:
    rows = [r"1;2025-03-01T10:00;noise;graffiti|1. Urgence \| Emergency|a\\b\|c;37.943;23.647"]
    rows += ["2;2025-03-01T10:00;noise;;37.943;23.647", r"3;2025-03-01T10:00;noise;one\two|x\\;37.943;23.647"]
    taken(home, CURIM + "\n".join(rows))
    names = ["graffiti", "1. Urgence | Emergency", r"a\b|c"]
    assert stored(home).loc["1", "more_categories"].tolist() == names
    assert stored(home).loc["3", "more_categories"].tolist() == [r"one\two", "x\\"]
    again = taken(home, cleaned_csv(home)).batch
    assert (again.read, again.duplicate) == (3, 3)
    other = create_home(tmp_path / "other")
    taken(other, cleaned_csv(home))
    assert stored(other)["more_categories"].map(list, na_action="ignore").tolist()[0] == names


def test_texts_that_were_made_safe_for_spreadsheets_come_in_as_they_were(home: Home) -> None:
    taken(home, CURIM + "-7;2025-03-01T10:00;=1+1;noise|+30;37.943;23.647\n'x;2025-03-01T10:00;noise;;37.943;23.647\n")
    assert "'-7" in cleaned_csv(home).decode()
    assert "'=1+1" in cleaned_csv(home).decode()
    again = taken(home, cleaned_csv(home)).batch
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
    report = taken(home, "id,date,category,latitude,longitude\n" + "\n".join(rows))
    told = Store(home).quarantine(report.batch.id)
    assert told["date"].tolist() == told["value"].tolist() == ["", "", "", "", "31 February 2025", "31/13/2025"]
    assert "Μαρία" not in report.quarantine.to_csv()


def test_rows_set_aside_keep_categories_by_the_rules_of_their_format(home: Home) -> None:
    long = "Atteinte aux biens et aux personnes dans l'espace public ou privé | Harm"
    header = "#,INCIDENT TITLE,INCIDENT DATE,LOCATION,DESCRIPTION,CATEGORY,LATITUDE,LONGITUDE,APPROVED,VERIFIED\n"
    report = taken(home, header + f'1,t,2025-13-01 10:00:00,l,d,"{long}, Noise, a@b.gr",37.943,23.647,YES,YES\n')
    assert long in Store(home).quarantine(report.batch.id)["CATEGORY"][0]
    assert "a@b.gr" not in Store(home).quarantine(report.batch.id).to_csv()


def test_the_list_of_repairs_holds_no_names(home: Home) -> None:
    header = "alert_id;reported_at;category;severity;resolved_at;confirmations\n"
    secret = "Call Maria 6944123456"
    report = taken(home, header + f"1;2025-03-01;noise;{secret};{secret};{secret}\n")
    assert report.repairs["old"].tolist() == ["", "", ""]
    report = taken(home, header + "2;2025-03-01;noise;9;soon;many\n")
    assert sorted(report.repairs["old"]) == ["9", "many", "soon"]


@some("column", ["victim sex", "victim name", "comments", "beat"])
def test_two_victims_told_apart_by_a_column_that_is_not_kept_are_two_alerts(home: Home, column: str) -> None:
    victims = ["V", "X", "V"]
    rows = "".join(f"1,2025-03-01 10:00,noise,{victim},{HERE}\n" for victim in victims)
    text = f"id,date,category,{column},latitude,longitude\n{rows}"
    first, second = taken(home, text).batch, taken(home, text).batch
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
        taken(home, f"{','.join(first)}\n{','.join(['4'] * len(first))}\n")
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
    assert told(taken(home, header + rows)) == [
        "date: the day comes before the month.",
        "Times without an offset were read in the time zone Europe/Athens.",
        "sexo: as the other values show, women are M and men are H.",
    ]
    plain = f"3,2025-03-25T10:00:00Z,noise,woman,{HERE}\n4,2025-03-25T11:00:00+02:00,noise,man,{HERE}\n"
    assert told(taken(home, header + plain)) == []


def test_a_member_without_a_name_in_an_archive_is_no_table(home: Home) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.csv", f"id,date,category,latitude,longitude\n1,2025-03-01,noise,{HERE}\n")
        archive.writestr("N", "x")
    nameless = out.getvalue().replace(b"N", b"\0")  # zipfile cuts names at the first zero
    assert taken(home, nameless).batch.accepted == 1


@pytest.mark.parametrize("address", ["maria@example.gr", "6944123456", "+30 210 1234567", "0030-6944123456"])
def test_an_id_that_is_an_address_of_a_person_is_not_stored(home: Home, address: str) -> None:
    data = f"alert_id,reported_at,category,latitude,longitude\n{address},2025-03-01T10:00,noise,{HERE}\n"
    assert taken(home, data).batch.accepted == 1
    stored = Store(home).read(["alert_id", "incident_id"]).to_pylist()
    assert not any(address in str(value) for row in stored for value in row.values())


HEADINGS = {
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
@some("lang", HEADINGS)
def test_out_of_range_is_bad_whatever_the_share(tmp_path: Path, lang: str, bad: int) -> None:
    home = create_home(tmp_path / "home")
    report = import_file(home, export(HEADINGS[lang], bad), "export.csv")
    assert (report.batch.accepted, report.batch.quarantined) == (60 - bad, bad)
    assert dict(report.batch.reasons) == {Reason.BAD_COORDINATES.value: bad}
    assert report.mapped == 60 - bad


def test_a_file_in_which_hardly_any_is_in_range_has_no_coordinates(tmp_path: Path) -> None:
    home = create_home(tmp_path / "home")
    report = import_file(home, export(HEADINGS["en"], 60), "export.csv")
    assert (report.batch.accepted, report.batch.unmapped) == (60, 60)
