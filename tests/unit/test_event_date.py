"""Which of several dates is the event's: made-up exports in seven languages, their truth known row by row."""

from __future__ import annotations

import datetime as dt
import random
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from curim_data.formats.base import Recognition
from curim_data.formats.guess import dates, recognise
from curim_data.formats.guess.headings import date_role, read_heading
from curim_data.importing.mapping import saved
from curim_data.importing.pipeline import import_file, preview
from curim_data.lexicon.times import month_of
from curim_data.model import Answers, ImportProblem, Question
from curim_data.store import Home, Store
from tests.effort import some
from tests.in_texts import csv_bytes

NOW = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)
ATHENS = ZoneInfo("Europe/Athens")
EVENT, REPORT, REGISTERED, CLOSED, END = range(5)
MONTHS: Mapping[str, str] = tomllib.loads(Path(__file__).with_name("months.toml").read_text("utf-8"))


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


HELPERS = {one.__name__: one for one in (both, day, bare, greek, named, spans)}
INVENTED = tomllib.loads(Path(__file__).with_name("event_dates.toml").read_text("utf-8"))
ONE_WORD: dict[str, tuple[dict[str, list[str]], dict[str, str]]] = {
    name: ({label: HELPERS[how](*given) for label, (how, *given) in one["columns"].items()}, one["roles"])
    for name, one in INVENTED.items()
}
BY_VALUES = {
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


@some("language", ["es", "el genitive", "pt", "ca"])
def test_months_in_words_are_known_to_the_month_and_days_to_the_day(home: Home, language: str) -> None:
    import_file(home, export({"Mes": named(0, language), "Año": day(0, "%Y")}), "x.csv", now=NOW)
    table = Store(home).read().to_pandas()
    assert set(table["time_precision"]) == {"month"}
    assert moments(home, "occurred_from") == [dt.datetime(s[0].year, s[0].month, 1) for s in STORIES]


@pytest.mark.parametrize("month", [named(0, "ca"), day(0, "%m")])
def test_pieces_of_a_date_under_headings_that_say_nothing_are_asked_about(home: Home, month: list[str]) -> None:
    """By their values side by side; the person who says so is not asked again, and days of the week are none."""
    pieces = {"C1": day(0, "%Y"), "C2": month, "C3": day(0, "%d"), "C4": day(0, "%H"), "Tipus": ["Furt", "Soroll"] * 30}
    with pytest.raises(Question, match=r"no heading says when.* column C1") as asked:
        import_file(home, export(pieces), "x.csv", now=NOW)
    assert [choice.value for choice in asked.value.choices] == ["C1"]
    assert import_file(home, export(pieces), "x.csv", now=NOW, answers=Answers(event="C1")).batch.accepted == 60
    assert moments(home, "occurred_from") == [story[EVENT].replace(minute=0) for story in STORIES]
    assert import_file(home, export(pieces), "x.csv", now=NOW).batch.duplicate == 60
    of_week = {"Any": day(0, "%Y"), "Dia setmana": day(0, "%u"), "Hora dia": day(0, "%H"), "Mes any": day(0, "%m")}
    assert told(of_week)[0] == {"occurred_from": "Any Mes any"}
    assert told({**of_week, "Dia mes": day(0, "%d")})[0] == {"occurred_from": "Any Mes any Dia mes Hora dia"}
    first_week = {"Year": ["2025"] * 60, "Month": ["1"] * 60, "Day": [str(1 + at % 7) for at in range(60)]}
    assert told(first_week)[0] == {"occurred_from": "Year Month Day"}
    assert told({"Year built": ["1990"] * 60, **first_week})[0] == {"occurred_from": "Year Month Day"}
    assert told({"Z": ["2024"] * 60, "Districte": ["1", "7", "10"] * 20})[1].missing == ("reported_at",)


def test_the_year_of_pieces_stands_for_all_of_them_where_a_person_names_it(home: Home) -> None:
    pieces = {"Año": day(0, "%Y"), "Mes": day(0, "%m"), "Día": day(0, "%d"), "Fecha denuncia": day(1)}
    report = import_file(home, export(pieces), "x.csv", now=NOW, answers=Answers(event="Año"))
    assert [part.part for part in report.layout.roles["occurred_from"]] == ["year", "month", "day"]
    assert moments(home, "occurred_from") == [dt.datetime(*story[EVENT].timetuple()[:3]) for story in STORIES]


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


@pytest.mark.slow
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
    assert ([one.values["column"] for one in found.layout.findings], saved(home)) == ([heading], ())


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
