"""Which of several dates is the event's: made-up exports in seven languages, their truth known row by row."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curim_data.formats.base import Layout, Part, Recognition
from curim_data.formats.guess import dates, recognise
from curim_data.formats.guess.headings import date_role, read_heading
from curim_data.importing.decisions import Decisions, decide
from curim_data.importing.mapping import saved
from curim_data.importing.pipeline import import_file, preview
from curim_data.importing.profiling import FileProfile, chance_of_all, chance_of_one, chance_of_runs
from curim_data.importing.rows import parse_rows
from curim_data.lexicon.times import month_of
from curim_data.model import Answers, CityProfile, ImportProblem, Question, translator
from curim_data.store import Home, Store
from curim_data.store.home import create_home
from tests.blocks import block_of
from tests.effort import some
from tests.in_texts import csv_bytes

NOW = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)
ATHENS = ZoneInfo("Europe/Athens")
EVENT, REPORT, REGISTERED, CLOSED, END = range(5)
MONTHS: Mapping[str, str] = {
    "es": "Enero Febrero Marzo Abril Mayo Junio Julio Agosto Setiembre Octubre Noviembre Diciembre",
    "el": "Ιανουάριος Φεβρουάριος Μάρτιος Απρίλιος Μάιος Ιούνιος Ιούλιος Αύγουστος Σεπτέμβριος Οκτώβριος Νοέμβριος "
    "Δεκέμβριος",
    "el genitive": "Ιανουαρίου Φεβρουαρίου Μαρτίου Απριλίου Μαΐου Ιουνίου Ιουλίου Αυγούστου Σεπτεμβρίου Οκτωβρίου "
    "Νοεμβρίου Δεκεμβρίου",
    "el short": "ΙΑΝ ΦΕΒ ΜΑΡ ΑΠΡ ΜΑΪ ΙΟΥΝ ΙΟΥΛ ΑΥΓ ΣΕΠ ΟΚΤ ΝΟΕ ΔΕΚ",
    "de": "Jänner Feber März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janv. févr. mars avril mai juin juil. août sept. oct. nov. déc.",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pt": "01-Jan 02-Fev 03-Mar 04-Abr 05-Mai 06-Jun 07-Jul 08-Ago 09-Set 10-Out 11-Nov 12-Dez",
}


def stories(count: int = 60, seed: int = 1) -> list[tuple[dt.datetime, ...]]:
    """What happened: the event, its report, its registration, its closing, its end."""
    rng, found = random.Random(seed), []
    for _ in range(count):
        event = dt.datetime(2024, 1, 1) + dt.timedelta(minutes=rng.randrange(525_600))
        report = event + dt.timedelta(hours=rng.choice([1, 3, 10, 30, 80]))
        registered = report + dt.timedelta(hours=rng.choice([1, 5, 30]))
        closed = registered + dt.timedelta(days=rng.randrange(1, 30))
        found.append((event, report, registered, closed, event + dt.timedelta(minutes=rng.choice([30, 120, 600]))))
    return found


STORIES = stories()
Cells = Callable[[], list[str]]


def day(stage: int, form: str = "%d/%m/%Y") -> list[str]:
    return [story[stage].strftime(form) for story in STORIES]


def both(stage: int) -> list[str]:
    return day(stage, "%d/%m/%Y %H:%M")


def bare(stage: int) -> list[str]:
    """Hours and minutes as a number, without leading zeros: 815, 5."""
    return [str(story[stage].hour * 100 + story[stage].minute) for story in STORIES]


def greek(stage: int) -> list[str]:
    return [
        f"{(s[stage].hour - 1) % 12 + 1}:{s[stage].minute:02d} {'π.μ.' if s[stage].hour < 12 else 'μ.μ.'}"
        for s in STORIES
    ]


def named(stage: int, language: str) -> list[str]:
    return [MONTHS[language].split()[story[stage].month - 1] for story in STORIES]


def spans(form: str) -> list[str]:
    """The hour of the event with its end."""
    return [form.format(story[EVENT].hour, (story[EVENT].hour + 1) % 24) for story in STORIES]


def told(columns: Mapping[str, list[str]]) -> tuple[dict[str, str], Recognition]:
    labels = list(columns)
    sample = pa.table({str(at): pa.array(cells, pa.large_string()) for at, cells in enumerate(columns.values())})
    found = recognise(labels, sample)
    dates = ("occurred_from", "occurred_to", "reported_at", "resolved_at")
    roles = found.layout.roles
    return {role: " ".join(labels[part.place] for part in roles[role]) for role in dates if role in roles}, found


def earlier(days: int) -> list[str]:
    """Moments of the event, so many days before it."""
    return [(story[EVENT] - dt.timedelta(days=days)).strftime("%d/%m/%Y %H:%M") for story in STORIES]


ONE_WORD = {
    "pt": (
        {"DATAHORAREGISTRO": both(2), "DATAOCORRENCIA": day(0), "HORAOCORRENCIA": bare(0), "DATAENCERRAMENTO": day(3)},
        {"occurred_from": "DATAOCORRENCIA HORAOCORRENCIA", "reported_at": "DATAHORAREGISTRO",
         "resolved_at": "DATAENCERRAMENTO"},
    ),
    "pt short": (
        {"DH_REGISTRO": both(2), "DT_OCOR": day(0), "HR_OCOR": bare(0), "DT_ENCER": day(3)},
        {"occurred_from": "DT_OCOR HR_OCOR", "reported_at": "DH_REGISTRO", "resolved_at": "DT_ENCER"},
    ),
    "el": (
        {"ΗΜΝΙΑΚΑΤΑΧΩΡΗΣΗΣ": both(2), "ΗΜΝΙΑΣΥΜΒΑΝΤΟΣ": day(0), "ΩΡΑΣΥΜΒΑΝΤΟΣ": greek(0)},
        {"occurred_from": "ΗΜΝΙΑΣΥΜΒΑΝΤΟΣ ΩΡΑΣΥΜΒΑΝΤΟΣ", "reported_at": "ΗΜΝΙΑΚΑΤΑΧΩΡΗΣΗΣ"},
    ),
    "el short": (
        {"ΗΜ/ΝΙΑ ΣΥΜΒ.": day(0), "ΩΡΑ ΣΥΜΒ.": greek(0), "ΗΜ/ΝΙΑ ΚΑΤΑΧ.": both(2), "ΗΜ/ΝΙΑ ΚΛΕΙΣ.": both(3)},
        {"occurred_from": "ΗΜ/ΝΙΑ ΣΥΜΒ. ΩΡΑ ΣΥΜΒ.", "reported_at": "ΗΜ/ΝΙΑ ΚΑΤΑΧ.", "resolved_at": "ΗΜ/ΝΙΑ ΚΛΕΙΣ."},
    ),
    "el bare": (
        {"ΗΜΝΙΑ_ΚΑΤΑΓΡΑΦΗΣ": both(2), "ΗΜΝΙΑ": day(0), "ΩΡΑ": greek(0)},
        {"occurred_from": "ΗΜΝΙΑ ΩΡΑ", "reported_at": "ΗΜΝΙΑ_ΚΑΤΑΓΡΑΦΗΣ"},
    ),
    "it": (
        {"DATAINSERIMENTO": both(2), "DATAEVENTO": day(0), "ORAEVENTO": bare(0), "DATACHIUSURA": day(3)},
        {"occurred_from": "DATAEVENTO ORAEVENTO", "reported_at": "DATAINSERIMENTO", "resolved_at": "DATACHIUSURA"},
    ),
    "de": (
        {"ANLAGEDATUM": both(2), "TATZEITVON": both(0), "TATZEITBIS": both(4), "Erledigt am": day(3)},
        {"occurred_from": "TATZEITVON", "occurred_to": "TATZEITBIS", "reported_at": "ANLAGEDATUM",
         "resolved_at": "Erledigt am"},
    ),
    "de times": (
        {"Erfassungsdatum": both(2), "TATDATUM": day(0), "TATUHRZEIT": day(0, "%H:%M Uhr")},
        {"occurred_from": "TATDATUM TATUHRZEIT", "reported_at": "Erfassungsdatum"},
    ),
    "es": (
        {"FECHACIERRE": day(3), "FECHADENUNCIA": both(1), "FECHAHECHO": day(0), "HORAHECHO": bare(0)},
        {"occurred_from": "FECHAHECHO HORAHECHO", "reported_at": "FECHADENUNCIA", "resolved_at": "FECHACIERRE"},
    ),
    "fr": (
        {"DATESAISIE": both(2), "DATEFAITS": day(0), "HEUREFAITS": day(0, "%Hh%M"), "DATECLOTURE": day(3)},
        {"occurred_from": "DATEFAITS HEUREFAITS", "reported_at": "DATESAISIE", "resolved_at": "DATECLOTURE"},
    ),
    "en": (
        {"createdate": both(2), "incidentdate": day(0), "incidenttime": day(0, "%I:%M %p"), "closedate": day(3)},
        {"occurred_from": "incidentdate incidenttime", "reported_at": "createdate", "resolved_at": "closedate"},
    ),
}  # fmt: skip
BY_VALUES = {
    "es, a bare date is the latest": (
        {"Fecha denuncia": both(1), "Fecha": both(2), "Fecha cierre": both(3)},
        {"reported_at": "Fecha denuncia", "resolved_at": "Fecha cierre"},
    ),
    "es, a bare date is the earliest": (
        {"Fecha cierre": both(3), "Fecha registro": both(2), "Fecha": both(0)},
        {"occurred_from": "Fecha", "reported_at": "Fecha registro", "resolved_at": "Fecha cierre"},
    ),
    "de, a bare date beside the event is the report": (
        {"Datum": both(2), "Tatdatum": both(0)}, {"occurred_from": "Tatdatum", "reported_at": "Datum"},
    ),
    "en, two bare dates": ({"Date": both(2), "Date 2": both(0)}, {"occurred_from": "Date 2", "reported_at": "Date"}),
    "no words at all": (
        {"A1": both(2), "A2": both(0), "A3": both(3)}, {"occurred_from": "A2", "reported_at": "A1"},
    ),
    "a date with a time of its own beside a report": (
        {"CREATED": both(2), "XD1": day(0), "XT1": day(0, "%H:%M")},
        {"occurred_from": "XD1 XT1", "reported_at": "CREATED"},
    ),
    "el, of two reports the earlier": (
        {"Ημερομηνία καταχώρισης": both(2), "Ημερομηνία υποβολής": both(1)}, {"reported_at": "Ημερομηνία υποβολής"},
    ),
    "es, the file of the case is begun after the event": (
        {"fecha_inicio": both(2), "fecha_hecho": day(0), "hora_hecho": bare(0)},
        {"occurred_from": "fecha_hecho hora_hecho", "reported_at": "fecha_inicio"},
    ),
    "pt, one day in all rows is that of the export": (
        {"Data": ["01/02/2025"] * 60, "Data do fato": both(0)}, {"occurred_from": "Data do fato"},
    ),
    "a birthday is no event": (
        {"Date of report": both(1), "D": [f"0{1 + at % 9}/0{1 + at % 8}/19{40 + at % 50}" for at in range(60)]},
        {"reported_at": "Date of report"},
    ),
}  # fmt: skip
TIMES = {
    "es, each date has the time on its right": (
        {"FECHA_DENUNCIA": day(1), "HORA": day(1, "%H:%M"), "FECHA_HECHO": day(0), "HORA ": day(0, "%H:%M")},
        {"occurred_from": "FECHA_HECHO HORA ", "reported_at": "FECHA_DENUNCIA HORA"},
    ),
    "es, begin and end with times": (
        {"FECHA_INI": day(0), "HORA_INI": bare(0), "FECHA_FIN": day(4), "HORA_FIN": bare(4), "FEC_DEN": day(1)},
        {"occurred_from": "FECHA_INI HORA_INI", "occurred_to": "FECHA_FIN HORA_FIN", "reported_at": "FEC_DEN"},
    ),
    "fr, one date and two times": (
        {"Date": day(0), "Heure début": day(0, "%Hh%M"), "Heure fin": day(4, "%Hh%M"), "Date saisie": both(2)},
        {"occurred_from": "Date Heure début", "occurred_to": "Date Heure fin", "reported_at": "Date saisie"},
    ),
    "pt, joining words are no span": (
        {"Data da comunicação": both(1), "Data do fato": day(0), "Hora do fato": bare(0)},
        {"occurred_from": "Data do fato Hora do fato", "reported_at": "Data da comunicação"},
    ),
    "en, a word after the report is no end": (
        {"Date reported to police": both(1), "Date of incident": both(0)},
        {"occurred_from": "Date of incident", "reported_at": "Date reported to police"},
    ),
    "es, pieces before the report are the event": (
        {"Fecha denuncia": both(1), "Día": day(0, "%d"), "Mes": named(0, "es"), "Año": day(0, "%Y"),
         "Hora": day(0, "%H:%M")},
        {"occurred_from": "Año Mes Día Hora", "reported_at": "Fecha denuncia"},
    ),
    "en, pieces of the report are not": (
        {"Created": both(1), "Year": day(1, "%Y"), "Month": day(1, "%m"), "Day": day(1, "%d")},
        {"reported_at": "Created"},
    ),
    "es, an hour with its end completes pieces": (
        {"Año": day(0, "%Y"), "Mes": day(0, "%m"), "Día": day(0, "%d"), "Tramo horario": spans("{}-{}")},
        {"occurred_from": "Año Mes Día Tramo horario"},
    ),
    **{
        f"deadlines, inspections and other spans are neither event nor report nor hour: {label}": (
            {"Date": day(EVENT), label: cells}, {"occurred_from": "Date"},
        )
        for label, cells in {
            **{
                name: day(REGISTERED)
                for name in (
                    *("Deadline", "Προθεσμία", "Échéance", "Plazo", "Scadenza", "Prazo", "Frist"),
                    *("Αυτοψία", "Sopralluogo"),
                )
            },
            "Age": spans("{}-{}"), "Μήνες": spans("{}-{}"), "Hora": spans("{}-9{}"), "Zeit": spans("0-{}"),
        }.items()
    },
}  # fmt: skip


@pytest.mark.parametrize("name", [*ONE_WORD, *BY_VALUES, *TIMES])
def test_each_date_is_of_its_stage(name: str) -> None:
    columns, wanted = {**ONE_WORD, **BY_VALUES, **TIMES}[name]
    roles, found = told(columns)
    assert roles == wanted
    assert not found.events


@pytest.mark.parametrize(
    ("columns", "asked"),
    [
        ({"CREATED": both(2), "F1": [*both(2)[:3], *both(0)[3:]]}, ["F1", "CREATED"]),  # 3 of 60 are equal
        ({"CREATED": both(2)[:15], "F1": both(0)[:15]}, ["F1", "CREATED"]),
        ({"Eingegangen": both(2), "A": both(0), "B": both(0)}, ["A", "Eingegangen"]),
        ({"Saisi le": both(2), "F1": earlier(60)}, ["F1", "Saisi le"]),
        ({"Event date": both(2), "Date": both(0)}, ["Event date", "Date"]),
        ({"data evento": both(2), "data segnalazione": both(0)}, ["data evento", "data segnalazione"]),
        ({"Ημερομηνία": both(0), "Ημ. αναφοράς": both(1)[::-1]}, ["Ημερομηνία", "Ημ. αναφοράς"]),
        ({"Fecha": both(0), "Fecha 2": both(0)[::-1]}, ["Fecha", "Fecha 2"]),
    ],
)
def test_where_two_columns_stay_plausible_a_person_is_asked(columns: dict[str, list[str]], asked: list[str]) -> None:
    labels = list(columns)
    found = told(columns)[1]
    assert [labels[one.place] for one in found.events] == asked
    for one in found.events:
        cells = columns[labels[one.place]]
        assert one.rows == tuple(cells[:3])
        assert one.hours == tuple(np.bincount([int(cell[11:13]) for cell in cells], minlength=24))


@pytest.mark.parametrize(
    ("report", "event"),
    [("CREATED", "F1"), ("Καταχωρήθηκε", "Στήλη Β"), ("Eingegangen", "B"), ("Denunciado", "Col 2"), ("Saisi le", "c2")],
)
def test_a_date_that_is_earlier_in_all_rows_is_the_event_and_that_is_said(report: str, event: str) -> None:
    roles, found = told({report: both(2), event: both(0), "Type": ["A", "B"] * 30})
    assert roles == {"occurred_from": event, "reported_at": report}
    assert not found.events
    (said,) = found.layout.findings
    assert (said.values["column"], said.values["report"]) == (event, report)
    many = {report: both(2) * 2, event: [*both(2)[:5], *both(0)[5:], *both(0)]}
    assert told(many)[0]["occurred_from"] == event
    assert not told(many)[1].events


@pytest.mark.parametrize(
    "heading", ["Πότε έγινε", "When it happened", "Cuándo pasó", "Quando è successo", "Quando aconteceu",
                "Wann passiert", "Quand est-ce survenu"]
)  # fmt: skip
def test_a_question_of_when_is_a_heading_of_the_event(heading: str) -> None:
    assert date_role(read_heading(heading)) == "occurred_from"
    roles, found = told({"Created": both(2)[:12], heading: both(0)[:12]})
    assert roles == {"occurred_from": heading, "reported_at": "Created"}
    assert not found.events
    assert not found.layout.findings


@pytest.mark.parametrize("note", ["ask Maria 6912345678", "ρωτήστε τη Μαρία", "voir Mme Dupont"])
def test_the_question_shows_dates_only(note: str) -> None:
    written = [note, *both(0)[1:]]
    first, second = told({"Event date": both(2), "Date": written})[1].events
    assert second.rows == tuple(written[1:4])
    assert first.rows == tuple(both(2)[:3])


@pytest.mark.parametrize("language", MONTHS)
def test_a_month_in_words_beside_a_year_is_a_date(language: str) -> None:
    roles, _ = told({"Mes": named(0, language), "Año": day(0, "%Y"), "Tipo": ["Robo"] * 60})
    assert roles == {"occurred_from": "Año Mes"}
    roles, _ = told({"Ημέρα": day(0, "%d"), "Μήνας": named(0, language), "Έτος": day(0, "%Y")})
    assert roles == {"occurred_from": "Έτος Μήνας Ημέρα"}
    assert [month_of(name) for name in named(0, language)] == [story[0].month for story in STORIES]


@pytest.mark.parametrize(
    "label",
    ["database", "dataset", "candidate", "mandate", "orange", "hourly", "longitude", "category", "update",
     "incidentreport"],
)  # fmt: skip
def test_words_that_only_look_made_of_dates_are_not_split(label: str) -> None:
    assert read_heading(label).words == (label,)
    assert date_role(read_heading("date and time")) == "plain"


def export(columns: Mapping[str, list[str]]) -> bytes:
    columns = {"nr": [f"A{at}" for at in range(60)], **columns, "lat": ["37.943"] * 60, "lon": ["23.647"] * 60}
    return csv_bytes([list(columns), *zip(*columns.values(), strict=True)])


def moments(home: Home, column: str) -> list[dt.datetime]:
    """The local moments of the alerts, in the order of the file."""
    table = Store(home).read().to_pandas().set_index("incident_id")[column]
    return [table[f"A{at}"].tz_convert(ATHENS).tz_localize(None).to_pydatetime() for at in range(60)]


@some("name", ["de", "pt", "el", "it", "es", "fr", "en"], every=2)
def test_every_row_is_of_the_moment_when_it_happened(home: Home, name: str) -> None:
    report = import_file(home, export(ONE_WORD[name][0]), "x.csv", now=NOW)
    assert report.batch.accepted == 60
    assert moments(home, "occurred_from") == [story[EVENT] for story in STORIES]
    stage = REPORT if name == "es" else REGISTERED
    assert moments(home, "reported_at") == [story[stage] for story in STORIES]
    if name == "de":
        assert moments(home, "occurred_to") == [story[END] for story in STORIES]


@pytest.mark.parametrize("time", [bare(0), greek(0), [f"{number}.0" for number in bare(0)]])
@some(
    "date",
    [
        [str((story[0] - dt.datetime(1899, 12, 30)).days) for story in STORIES],
        day(0, "%Y%m%d"),
        [f"{s[0].day} de {MONTHS['es'].split()[s[0].month - 1].lower()} de {s[0].year}" for s in STORIES],
    ],
    every=2,
)
def test_a_time_of_its_own_completes_dates_of_any_form(home: Home, date: list[str], time: list[str]) -> None:
    assert import_file(home, export({"Fecha": date, "Hora": time}), "x.csv", now=NOW).batch.accepted == 60
    assert moments(home, "occurred_from") == [story[EVENT] for story in STORIES]


@some("language", ["es", "el genitive", "pt"])
def test_months_in_words_are_known_to_the_month_and_days_to_the_day(home: Home, language: str) -> None:
    import_file(home, export({"Mes": named(0, language), "Año": day(0, "%Y")}), "x.csv", now=NOW)
    table = Store(home).read().to_pandas()
    assert set(table["time_precision"]) == {"month"}
    assert moments(home, "occurred_from") == [dt.datetime(s[0].year, s[0].month, 1) for s in STORIES]


def test_the_question_changes_nothing_and_its_answer_is_kept(home: Home) -> None:
    data = export({"Event date": both(2), "Date": both(0)})
    before = Store(home).version()
    with pytest.raises(Question) as asked:
        import_file(home, data, "x.csv", now=NOW)
    assert (asked.value.about, asked.value.flag) == ("event", "--event")
    assert [choice.value for choice in asked.value.choices] == ["Event date", "Date"]
    assert both(0)[0] in asked.value.choices[1].label.values["rows"]
    assert len(asked.value.choices[1].label.values["hours"]) == 24
    assert Store(home).version() == before
    import_file(home, data, "x.csv", now=NOW, answers=Answers(event="Date"))
    assert moments(home, "occurred_from") == [story[EVENT] for story in STORIES]
    assert [one.answers.event for one in saved(home)] == ["Date"]
    again = import_file(home, data, "x.csv", now=NOW).batch
    assert again.duplicate == 60
    other = import_file(home, data, "x.csv", now=NOW, answers=Answers(event="Event date", ids="same"))
    assert other.layout.place("occurred_from") == 1
    with pytest.raises(ImportProblem, match="no column is called"):
        import_file(home, data, "x.csv", now=NOW, answers=Answers(event="Fecha"))


@pytest.mark.parametrize("timed", [True, False])
def test_a_report_in_utc_is_not_taken_for_the_earlier_one(timed: bool) -> None:
    utc = [(s[0] + dt.timedelta(minutes=20) - dt.timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%SZ") for s in STORIES]
    event = day(0, "%Y-%m-%d %H:%M" if timed else "%Y-%m-%d")
    roles, found = told({"created": utc, "event date": event})
    assert roles == {"occurred_from": "event date", "reported_at": "created"}
    assert not found.events
    assert not found.layout.findings


def test_the_time_comes_along_where_a_saved_mapping_is_overruled(home: Home) -> None:
    data = export({"Event date": both(2), "Date": day(0), "Time": day(0, "%H:%M")})
    import_file(home, data, "x.csv", now=NOW, answers=Answers(event="Event date"))
    again = import_file(home, data, "x.csv", now=NOW, answers=Answers(event="Date", ids="same"))
    assert [part.place for part in again.layout.roles["occurred_from"]] == [2, 3]
    assert moments(home, "occurred_from") == [story[EVENT] for story in STORIES]


def test_a_date_that_is_used_although_another_one_is_earlier_is_a_finding(home: Home) -> None:
    data = export({"Ημ. συμβάντος": both(2), "dispatch date": both(0)})
    found = preview(data, "x.csv", home.city(), home=home, now=NOW)
    said = [message for message in found.report.decisions if "unused" in message.values]
    assert [(one.values["used"], one.values["unused"]) for one in said] == [("Ημ. συμβάντος", "dispatch date")]
    share = sum(story[0] < story[2] for story in STORIES) / 60
    assert said[0].values["share"].value == pytest.approx(100 * share)


def test_one_time_for_two_dates_is_of_the_event_and_that_is_said() -> None:
    roles, found = told({"FECHA_HECHO": day(0), "FECHA_DENUNCIA": day(1), "HORA": day(0, "%H:%M")})
    assert roles == {"occurred_from": "FECHA_HECHO HORA", "reported_at": "FECHA_DENUNCIA"}
    assert [one.values["clock"] for one in found.layout.findings] == ["HORA"]


@some("event", ["Date of incident", "Ημερομηνία συμβάντος", "Fecha del hecho"])
def test_hundreds_of_dates_are_not_compared_each_with_each(event: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    real = dates.lag
    monkeypatch.setattr(dates, "lag", lambda one, other: compared.append(1) or real(one, other))
    roles, _ = told({**{f"Date {n}": both(2) for n in range(200)}, event: both(0)})
    assert roles["occurred_from"] == event
    assert len(compared) < 5_000


@some(
    ("heading", "form"),
    [
        ("Tramo horario", "{}-{}"), ("Franja horaria", "de {} a {}"), ("Ώρα", "{}:00 - {}:00"),
        ("Time band", "{} - {}"), ("Tranche horaire", "{}h-{}h"), ("Stunde", "{}-{} Uhr"), ("Fascia oraria", "{}–{}"),
        ("Faixa horária", "{} às {}"), ("Uhrzeit", "{0:02d}.00-{0:02d}.59"),
    ],
)  # fmt: skip
def test_an_hour_with_its_end_is_the_time_of_the_date(home: Home, heading: str, form: str) -> None:
    found = import_file(home, export({"Date": day(EVENT), heading: spans(form)}), "x.csv", now=NOW)
    assert moments(home, "occurred_from") == [story[EVENT].replace(minute=0) for story in STORIES]
    assert [one.values["column"] for one in found.layout.findings] == [heading]


@pytest.mark.parametrize("rows", [2, 5, 9])
@some(
    ("event", "report"),
    [("Event date", "Reported"), ("Ημερομηνία συμβάντος", "Ημ. αναφοράς"), ("Fecha del hecho", "Fecha de denuncia"),
     ("Tatdatum", "Anzeigedatum"), ("Date", "Date de la plainte")],
)  # fmt: skip
def test_an_event_after_its_report_is_doubted_in_a_few_rows_as_well(event: str, report: str, rows: int) -> None:
    wrong = {event: both(REGISTERED)[:rows], report: both(EVENT)[:rows]}
    assert [one.place for one in told(wrong)[1].events] == [0, 1]
    right = {event: both(EVENT)[:rows], report: both(REGISTERED)[:rows]}
    assert told(right)[1].events == ()
    one_right = {name: [*cells[: rows - 1], both(0)[-1]] for name, cells in wrong.items()}
    assert told(one_right)[1].events == ()


# Files that write both orders of day and month, beside a reader that knows the order of each row.

DAY, MONTH = "d", "m"


def written(moment: dt.datetime, order: str, *, half: bool = False, mark: str = "/") -> str:
    date = moment.strftime(mark.join(("%d", "%m", "%Y") if order == DAY else ("%m", "%d", "%Y")))
    return f"{date} {moment.strftime('%I:%M %p' if half else '%H:%M')}"


def twin(text: str, order: str) -> dt.datetime:
    """Read one row by itself, its order known."""
    plain = text.replace(".", "/")
    date = "%d/%m/%Y" if order == DAY else "%m/%d/%Y"
    return dt.datetime.strptime(plain, f"{date} {'%I:%M %p' if plain.endswith('M') else '%H:%M'}")


def conclusive(text: str) -> bool:
    first, second = int(text[:2]), int(text[3:5])
    return first > 12 or second > 12 or first == second


def some_moments(rng: random.Random, count: int) -> list[dt.datetime]:
    """Moments at noon and after, which no change of the clock concerns."""
    first = dt.datetime(2024, 1, 1, 12)
    return [first + dt.timedelta(days=rng.randrange(366), minutes=rng.randrange(700)) for _ in range(count)]


def parsed(
    columns: dict[str, list[str]], layout: Layout, city: CityProfile, cuts: Sequence[int] = (), **answers: str
) -> tuple[Decisions, list[dt.datetime | None], list[str]]:
    """Go twice over a file in blocks: the local moment of each row (None where quarantined), and the reasons."""
    size = len(next(iter(columns.values())))
    ends = [0, *sorted(set(cuts)), size]
    blocks = [
        block_of({label: cells[start:end] for label, cells in columns.items()}, start + 1)
        for start, end in pairwise(ends)
    ]
    profile = FileProfile(layout, tuple(columns))
    for block in reversed(blocks):
        profile.add(block)
    if profile.mixed:
        profile.gather_order_evidence(blocks)
    decisions = decide(profile, layout, city, Answers(**answers), "f", NOW)
    found: list[dt.datetime | None] = [None] * size
    reasons: list[str] = []
    for block in blocks:
        made = parse_rows(block, tuple(columns), layout, decisions, city)
        reasons += made.outcomes.reason.tolist()
        for row, at in zip(made.alerts["row"].to_pylist(), made.alerts["occurred_from"].to_pylist(), strict=True):
            found[row - 1] = at.astimezone(ATHENS).replace(tzinfo=None)
    return decisions, found, reasons


LAYOUT = Layout("test", {"occurred_from": (Part(0),)})


@pytest.mark.slow
@settings(max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    size=st.integers(120, 400),
    share=st.floats(0.2, 0.8),
    by=st.sampled_from(["half", "style", "column", "rows", "nothing"]),
    cuts=st.lists(st.integers(1, 119), max_size=3),
)
@example(seed=830435, size=264, share=0.5, by="rows", cuts=[])
def test_no_row_is_read_otherwise_than_by_a_reader_that_knows_its_order(
    city: CityProfile, seed: int, size: int, share: float, by: str, cuts: list[int]
) -> None:
    rng = random.Random(seed)
    edge = int(size * share)
    orders = [DAY if (at < edge if by == "rows" else rng.random() < share) else MONTH for at in range(size)]
    texts = [
        written(
            moment, order, half=by == "half" and order == MONTH, mark="." if by == "style" and order == DAY else "/"
        )
        for moment, order in zip(some_moments(rng, size), orders, strict=True)
    ]
    source = [
        {DAY: ("phone", "desk"), MONTH: ("web",)}[order] if by == "column" else ("a", "b", "c") for order in orders
    ]
    columns = {"date": texts, "source": [rng.choice(names) for names in source]}
    decisions, found, reasons = parsed(columns, LAYOUT, city, cuts)
    assert decisions.dates.rows["occurred_from"].by == ("" if by == "nothing" else by)
    for text, order, read, reason in zip(texts, orders, found, reasons, strict=True):
        if read is None:
            assert reason == "ambiguous_date"
            assert not conclusive(text)
            assert by in ("rows", "nothing")
        else:
            assert read == twin(text, order), (text, order)
    open_rows = [at for at, read in enumerate(found) if read is None]
    if by == "rows":  # only between the last row before the edge and the first after it that have one reading
        between = texts[min(open_rows) : max(open_rows) + 1] if open_rows else []
        assert not any(conclusive(text) and text[:2] != text[3:5] for text in between)  # 08/08 shows no order
    if by == "nothing":
        assert open_rows == [at for at, text in enumerate(texts) if not conclusive(text)]


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_a_date_of_the_row_that_has_one_reading_tells_the_others(city: CityProfile, seed: int) -> None:
    rng = random.Random(seed)
    events = some_moments(rng, 200)
    orders = [rng.choice((DAY, MONTH)) for _ in events]
    reports = [moment + dt.timedelta(days=rng.randrange(9)) for moment in events]
    columns = {
        "event": [written(moment, order) for moment, order in zip(events, orders, strict=True)],
        "report": [written(moment, order) for moment, order in zip(reports, orders, strict=True)],
    }
    layout = Layout("test", {"occurred_from": (Part(0),), "reported_at": (Part(1),)})
    _, found, _ = parsed(columns, layout, city)
    for at, read in enumerate(found):
        pair = columns["event"][at], columns["report"][at]
        numbers = [int(text[start : start + 2]) for text in pair for start in (0, 3)]
        one_reading = max(numbers) > 12 or all(map(conclusive, pair))
        assert (read is not None) == one_reading, pair
        assert read in (None, events[at])


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_the_time_of_one_date_tells_the_order_of_another_that_has_none(city: CityProfile, seed: int) -> None:
    rng = random.Random(seed)
    events = some_moments(rng, 200)
    orders = [rng.choice((DAY, MONTH)) for _ in events]
    columns = {
        "report": [written(moment, order)[:10] for moment, order in zip(events, orders, strict=True)],
        "event": [written(moment, order, half=order == MONTH) for moment, order in zip(events, orders, strict=True)],
    }
    layout = Layout("test", {"occurred_from": (Part(1),), "reported_at": (Part(0),)})
    decisions, found, _ = parsed(columns, layout, city)
    assert {orders.by for orders in decisions.dates.rows.values()} == {"half"}
    assert found == events


def test_am_and_pm_tell_the_order_of_a_style_of_which_no_row_shows_it(city: CityProfile) -> None:
    rng = random.Random(4)
    rows = [(one, written(one, MONTH, half=True)) for one in some_moments(rng, 400)]
    rows += [(one, written(one, DAY)) for one in some_moments(rng, 400)]
    rows += [(one, f"{written(one, DAY)}:00") for one in some_moments(rng, 60) if one.day <= 9][:12]
    rng.shuffle(rows)
    decisions, found, _ = parsed({"date": [text for _, text in rows]}, LAYOUT, city)
    assert (len(found), found) == (812, [one for one, _ in rows])
    assert any(one.values.get("month") == "10:15 PM" for one in decisions.reasons)


@pytest.mark.parametrize("by", ["rows", "column", "style", "row"])
def test_what_separates_the_orders_in_a_sample_alone_tells_no_row(
    city: CityProfile, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    monkeypatch.setattr("curim_data.importing.profiling.SAMPLE_ROWS", 60)
    rng, size = random.Random(7), 4_000
    blocks = [range(start, start + 6) for start in range(200, size // 2, 400)]  # a few rows that the sample lacks
    few, edges = {at for block in blocks for at in block}, {at for block in blocks for at in (block[0], block[-1])}
    sides = [DAY if (at < size / 2 if by == "rows" else rng.random() < 0.5) or at in few else MONTH
             for at in range(size)]  # fmt: skip
    orders = [MONTH if at in few and by != "row" else side for at, side in enumerate(sides)]
    events = [
        moment.replace(month=3, day=20 if at in edges else 5) if at in few else moment
        for at, moment in enumerate(some_moments(rng, size))
    ]
    texts = [
        written(one, order, mark="." if by == "style" and side == DAY else "/")
        for one, order, side in zip(events, orders, sides, strict=True)
    ]
    columns = {"date": texts, "source": ["phone" if by == "column" and side == DAY else "web" for side in sides]}
    layout = LAYOUT
    if by == "row":  # the two dates of a few rows are of different orders
        columns["report"] = [
            written(one.replace(day=20), MONTH) if at in few else text
            for at, (one, text) in enumerate(zip(events, texts, strict=True))
        ]
        layout = Layout("test", {"occurred_from": (Part(0),), "reported_at": (Part(2),)})
    decisions, found, _ = parsed(columns, layout, city, [1_000, 2_500])
    assert all(read in (None, one) for read, one in zip(found, events, strict=True))
    counts = next(one.values for one in decisions.reasons if "either" in one.values and one.values["columns"] == "date")
    assert counts["day"] == sum(int(text[:2]) > 12 for text in texts)
    assert counts["month"] == sum(int(text[3:5]) > 12 for text in texts)


def test_columns_of_one_order_each_are_read_each_in_its_own(city: CityProfile) -> None:
    rng = random.Random(5)
    events = some_moments(rng, 100)
    columns = {"event": [written(one, MONTH) for one in events], "report": [written(one, DAY) for one in events]}
    layout = Layout("test", {"occurred_from": (Part(0),), "reported_at": (Part(1),)})
    decisions, found, _ = parsed(columns, layout, city)
    assert dict(decisions.dates.orders) == {"occurred_from": "month-first", "reported_at": "day-first"}
    assert found == events


def test_a_mistake_is_read_as_it_can_only_be_and_said(city: CityProfile) -> None:
    moments = some_moments(random.Random(2), 200)
    at = next(at for at, one in enumerate(moments) if one.day > 12)
    texts = [written(one, MONTH if row == at else DAY) for row, one in enumerate(moments)]
    decisions, found, _ = parsed({"date": texts}, LAYOUT, city)
    assert found == moments
    assert [one.values["few"] for one in decisions.reasons if "few" in one.values] == [1]


def test_an_answer_that_no_date_can_follow_is_not_followed(city: CityProfile) -> None:
    moments = some_moments(random.Random(2), 100)
    texts = [written(one, DAY) for one in moments]
    decisions, found, _ = parsed({"date": texts}, LAYOUT, city, dates="month-first")
    assert found == moments
    assert any("answer" in one.values for one in decisions.reasons)


@pytest.mark.parametrize("order", [DAY, MONTH])
def test_dates_that_a_spreadsheet_exchanged_are_not_read(city: CityProfile, order: str) -> None:
    moments = some_moments(random.Random(3), 200)
    real = [one.day <= 12 for one in moments]
    cells = [
        one.strftime("%Y-%d-%m %H:%M") if early else written(one, order)  # the day became the month
        for one, early in zip(moments, real, strict=True)
    ]
    decisions, found, reasons = parsed({"date": cells}, LAYOUT, city)
    assert decisions.dates.exchanged == {"occurred_from"}
    for one, read, reason, early in zip(moments, found, reasons, real, strict=True):
        unclear = early and one.day != one.month
        assert (read, reason) == ((None, "ambiguous_date") if unclear else (one, ""))
    whole = [
        one.strftime("%Y-%m-%d %H:%M") if early else written(one, order)
        for one, early in zip(moments, real, strict=True)
    ]
    whole[real.index(True)] = "2024-03-21 10:00"  # one real date after the twelfth, and nothing was exchanged
    assert not parsed({"date": whole}, LAYOUT, city)[0].dates.exchanged


@pytest.mark.parametrize(
    ("sizes", "day"), [([2, 3, 1], 3), ([1, 1, 1, 1], 2), ([4, 2, 1], 3), ([5, 1], 1), ([3, 3], 2)]
)
def test_the_chance_that_a_column_separates_is_that_of_all_ways_to_deal_the_orders(sizes: list[int], day: int) -> None:
    rows = [value for value, size in enumerate(sizes) for _ in range(size)]
    deals = list(combinations(range(len(rows)), day))
    pure = [
        {rows[at] for at in deal}.isdisjoint({rows[at] for at in set(range(len(rows))) - set(deal)}) for deal in deals
    ]
    assert chance_of_all(sizes, day, len(rows) - day) == pytest.approx(sum(pure) / len(deals))
    first = [len({at in deal for at in range(sizes[0])}) == 1 for deal in deals]
    assert chance_of_one(sizes[0], day, len(rows) - day) == pytest.approx(sum(first) / len(deals))
    assert chance_of_all([10**12] * 2, 10**12, 10**12) < 1e-100  # where the sets of values need not be counted


@pytest.mark.parametrize(("day", "month"), [(1, 1), (3, 2), (4, 4), (6, 2), (2, 5)])
def test_the_chance_of_few_runs_is_that_of_all_ways_to_deal_the_orders(day: int, month: int) -> None:
    deals = [{*deal} for deal in combinations(range(day + month), day)]
    runs = [1 + sum((at in deal) != (at + 1 in deal) for at in range(day + month - 1)) for deal in deals]
    mean = 1 + 2 * day * month / (day + month)
    for n in range(2, int(mean) + 1):
        assert chance_of_runs(n, day, month) == pytest.approx(sum(one <= n for one in runs) / len(deals))
    assert chance_of_runs(int(mean) + 1, day, month) == 1.0


def test_an_export_of_both_orders_is_read_whole_and_nothing_is_remembered(home: Home) -> None:
    rng = random.Random(6)
    moments = some_moments(rng, 150)
    rows = []
    for at, one in enumerate(moments):
        day_first = rng.random() >= 0.35
        clock = one.strftime("%H:%M") if day_first else f"{(one.hour - 1) % 12 + 1}:{one.minute:02d} μ.μ."
        rows.append([f"A{at}", written(one, DAY if day_first else MONTH)[:10], clock, "37.943", "23.647"])
    data = csv_bytes([["nr", "Ημερομηνία συμβάντος", "Ώρα", "lat", "lon"], *rows])
    report = import_file(home, data, "x.csv", now=NOW, answers=Answers(dates="day-first"))
    assert (report.batch.accepted, report.batch.quarantined, report.date_order) == (150, 0, "both")
    table = Store(home).read().to_pandas().sort_values("occurred_from")
    read = [one.tz_convert(ATHENS).tz_localize(None).to_pydatetime() for one in table["occurred_from"]]
    assert read == sorted(moments)
    assert any("either" in one.values for one in report.decisions)
    assert [one.answers.dates for one in saved(home)] in ([], [None])


@some(
    "header",
    [
        ("Date occurred", "Date reported", "Offence"),
        ("Ημερομηνία συμβάντος", "Ημερομηνία αναφοράς", "Κατηγορία"),
        ("Fecha del hecho", "Fecha de denuncia", "Delito"),
    ],
)
def test_an_answer_holds_for_the_column_that_can_be_read_both_ways_beside_one_of_both_orders(
    tmp_path: Path, header: Sequence[str]
) -> None:
    rng = random.Random(3)
    moments = [moment.replace(day=20 + moment.day % 8) for moment in some_moments(rng, 80)]
    rows = [
        (written(moment, DAY if at % 2 else MONTH), f"{1 + at % 12:02d}/{1 + at % 11:02d}/2025", "Graffiti")
        for at, moment in enumerate(moments)
    ]
    data = csv_bytes([header, *rows])
    home = create_home(tmp_path / "home")
    with pytest.raises(Question) as asked:
        import_file(home, data, "x.csv", now=NOW, answers=Answers(elsewhere=True))
    assert asked.value.about == "dates"
    answers = Answers(dates="day-first", elsewhere=True)
    assert import_file(home, data, "x.csv", now=NOW, answers=answers).batch.read == 80


@pytest.mark.parametrize(
    ("heading", "values", "shown"),
    [
        ("Officer", ("Maria Smith", "Jean Dupont"), False), ("Χειριστής", ("Παππάς, Νίκος", "Λάμπρου, Ζωή"), False),
        ("Contacto", ("612 345 678", "juan@example.org"), False), ("Quelle", ("telefon", "web"), True),
    ],
)  # fmt: skip
def test_the_column_that_tells_orders_apart_is_named_without_the_names_of_persons(
    home: Home, heading: str, values: tuple[str, str], shown: bool
) -> None:
    moments = some_moments(random.Random(6), 120)
    rows = [(written(one, (DAY, MONTH)[at * 7 % 5 % 2]), at * 7 % 5 % 2) for at, one in enumerate(moments)]
    data = csv_bytes([("Date", heading, "Offence"), *((date, values[of], "Graffiti") for date, of in rows)])
    report = import_file(home, data, "x.csv", now=NOW)
    said = " ".join(map(translator("en"), report.decisions))
    personal = heading == "Contacto"  # not looked at
    assert (f"The column {heading} tells them apart" in said) != personal
    assert all((value in said) == shown for value in values)


@some("heading", ["Date", "Ημερομηνία", "Dátum"])
@pytest.mark.parametrize("form", ["%y/%m/%d", "%y-%m-%d %H:%M", "%y.%m.%d %H:%M"])
@pytest.mark.parametrize("days", [8, 600])
def test_dates_that_begin_with_a_year_of_two_digits_are_not_read_as_days(
    home: Home, heading: str, form: str, days: int
) -> None:
    def export(written: str) -> bytes:
        moments = [dt.datetime(2023, 3, 1, 12, 5) + dt.timedelta(days=at * days / 80) for at in range(80)]
        return csv_bytes([(heading, "Offence"), *((one.strftime(written), "Graffiti") for one in moments)])

    with pytest.raises(Question) as asked:
        import_file(home, export(form), "x.csv", now=NOW)
    assert (asked.value.about, "two digits" in asked.value.message.text) == ("dates", True)
    assert import_file(home, export(form), "x.csv", now=NOW, answers=Answers(dates="day-first")).batch.read == 80
    if days == 600:
        import_file(home, export("%d/%m/%y %H:%M"), "z.csv", now=NOW)


@some("heading", ["Date", "Ημερομηνία", "Fecha"])
def test_years_followed_by_days_are_not_read_as_other_days(home: Home, heading: str) -> None:
    moments = [dt.datetime(2024, 3, 1) + dt.timedelta(days=5 * at) for at in range(60)]
    data = csv_bytes([(heading, "Offence"), *((one.strftime("%Y-%d-%m"), "Graffiti") for one in moments)])
    report = import_file(home, data, "x.csv", now=NOW)
    days = set(Store(home).read()["local_date"].to_pylist())
    assert days == {one.date() for one in moments if one.day == one.month}
    assert report.batch.quarantined == 60 - len(days)
    assert "have the day before the month" in " ".join(map(translator("en"), report.decisions))
