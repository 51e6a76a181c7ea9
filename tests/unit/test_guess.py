"""Roles of columns guessed from headings and values: real exports and invented ones in seven languages."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curim_data.formats.base import Layout, Recognition
from curim_data.formats.guess import recognise
from curim_data.importing.mapping import ROLES
from tests.guessing import INVENTED, Roles
from tests.headers import read

NYPD_SHOOTINGS: Roles = {
    "alert_id": "INCIDENT_KEY", "occurred_from": "OCCUR_DATE:date OCCUR_TIME:time", "affected_gender": "VIC_SEX",
    "age_band": "VIC_AGE_GROUP", "latitude": "Latitude", "longitude": "Longitude",
}  # fmt: skip
NYC_311: Roles = {
    "alert_id": "Unique Key", "reported_at": "Created Date", "resolved_at": "Closed Date",
    "category": "Complaint Type", "status": "Status", "latitude": "Latitude", "longitude": "Longitude",
}  # fmt: skip
MADRID: Roles = {
    "alert_id": "num_expediente", "occurred_from": "fecha:date hora:time", "category": "tipo_accidente",
    "affected_gender": "sexo", "age_band": "rango_edad", "x": "coordenada_x_utm", "y": "coordenada_y_utm",
}  # fmt: skip
VANCOUVER: Roles = {
    "occurred_from": "YEAR:year MONTH:month DAY:day HOUR:hour MINUTE:minute", "category": "TYPE", "x": "X", "y": "Y",
}  # fmt: skip
REAL: Mapping[str, Roles] = {
    "chicago_aggravated_assaults.csv.gz": {
        "occurred_from": "date", "latitude": "latitude", "longitude": "longitude",
    },
    "cincinnati_burglary.csv.gz": {
        "alert_id": "incident_no", "occurred_from": "offense_date", "category": "offense",
        "latitude": "latitude", "longitude": "longitude",
    },
    "lancashire_asb.csv": {"occurred_from": "month", "latitude": "latitude", "longitude": "longitude"},
    "madrid_bike_accidents_2019.csv": MADRID,
    "nyc_311_illegal_animals.csv": NYC_311,
    "nypd_shootings_historic.csv": NYPD_SHOOTINGS,
    "vancouver_thefts.csv.gz": VANCOUVER,
    "headers/chicago_crimes_2001_present.csv": {
        "alert_id": "ID", "occurred_from": "Date", "category": "Primary Type",
        "latitude": "Latitude", "longitude": "Longitude",
    },
    "headers/lapd_crime_2020_present.csv": {
        "alert_id": "DR_NO", "reported_at": "Date Rptd", "occurred_from": "DATE OCC:date TIME OCC:time",
        "category": "Crm Cd Desc", "affected_gender": "Vict Sex", "age_band": "Vict Age", "status": "Status Desc",
        "latitude": "LAT", "longitude": "LON",
    },
    "headers/madrid_accidents_semicolon_bom.csv": MADRID,
    "headers/nyc_311.csv": NYC_311,
    "headers/nypd_complaint_header_only.csv": {
        "alert_id": "CMPLNT_NUM", "reported_at": "RPT_DT", "occurred_from": "CMPLNT_FR_DT:date CMPLNT_FR_TM:time",
        "occurred_to": "CMPLNT_TO_DT:date CMPLNT_TO_TM:time", "category": "OFNS_DESC", "affected_gender": "VIC_SEX",
        "age_band": "VIC_AGE_GROUP", "latitude": "Latitude", "longitude": "Longitude",
    },
    "headers/nypd_hate_crimes.csv": {
        "alert_id": "Full Complaint ID", "reported_at": "Record Create Date", "category": "Offense Description",
    },
    "headers/nypd_shooting_historic.csv": NYPD_SHOOTINGS,
    "headers/vancouver_utm.csv": VANCOUVER,
}  # fmt: skip


def sample_of(labels: list[str], records: list[list[str]]) -> pa.Table:
    columns = [[record[at] for record in records] for at in range(len(labels))]
    return pa.table({str(at): pa.array(column, pa.large_string()) for at, column in enumerate(columns)})


def told(layout: Layout, labels: list[str]) -> dict[str, str]:
    """The roles as the tables of this module write them."""
    return {
        role: " ".join(labels[part.place] + (f":{part.part}" if part.part != "value" else "") for part in parts)
        for role, parts in layout.roles.items()
    }


def guessed(text: str) -> tuple[Recognition, list[str]]:
    """Recognise a table written with bars between the cells and one record on each line."""
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return recognise(lines[0], sample_of(lines[0], lines[1:])), lines[0]


def invented(name: str) -> tuple[Recognition, list[str]]:
    """Recognise a table of `INVENTED`: one column on each line, its heading first."""
    columns = [[cell.strip() for cell in line.split("|")] for line in INVENTED[name][0].strip().splitlines()]
    labels, *records = map(list, zip(*columns, strict=True))
    return recognise(labels, sample_of(labels, records)), labels


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("rows", [20, 2000])
def test_real_exports(name: str, rows: int) -> None:
    labels, records = read(name)
    sample = sample_of(labels, records[:rows])
    found = recognise(labels, sample if sample.num_rows else None)
    assert told(found.layout, labels) == REAL[name]
    assert not found.missing
    assert not found.doubled
    assert 0 < found.score <= 1
    assert set(found.layout.guesses) == set(found.layout.roles)
    assert all(guess.reasons and 0 < guess.confidence <= 1 for guess in found.layout.guesses.values())


def test_real_suspects_addresses_and_other_dates_are_not_used() -> None:
    for name, wanted in {
        "headers/nypd_complaint_header_only.csv": {"SUSP_SEX", "SUSP_AGE_GROUP", "KY_CD", "Lat_Lon", "X_COORD_CD"},
        "nypd_shootings_historic.csv": {"PERP_SEX", "PERP_AGE_GROUP", "BORO"},
        "headers/chicago_crimes_2001_present.csv": {"Updated On", "District", "X Coordinate", "Year"},
        "headers/nypd_hate_crimes.csv": {"Arrest Date", "Arrest Id", "Month Number"},
    }.items():
        labels, records = read(name)
        sample = sample_of(labels, records[:50])
        layout = recognise(labels, sample if sample.num_rows else None).layout
        assert wanted <= {labels[place] for place in layout.unused}
    labels, records = read("headers/lapd_crime_2020_present.csv")
    sample = sample_of(labels, records[:50])
    assert {"LOCATION", "Cross Street"} <= {labels[place] for place in recognise(labels, sample).layout.text}


@pytest.mark.parametrize("name", INVENTED)
def test_invented_exports(name: str) -> None:
    found, labels = invented(name)
    assert told(found.layout, labels) == INVENTED[name][1]
    assert not found.missing
    assert not found.doubled


@pytest.mark.parametrize(
    ("name", "personal", "text"),
    [
        ("greek", {"Ονοματεπώνυμο"}, set()), ("french", set(), {"adresse"}),
        ("french requests", set(), {"commentaire"}), ("spanish", {"nombre_denunciante"}, set()),
        ("portuguese", {"e-mail"}, set()), ("german", set(), {"Sachverhalt"}),
        ("german requests", {"Telefonnummer"}, set()), ("italian", set(), {"indirizzo"}),
    ],
)  # fmt: skip
def test_persons_and_free_text_are_told_apart_in_every_language(name: str, personal: set[str], text: set[str]) -> None:
    found, labels = invented(name)
    assert {labels[place] for place in found.layout.personal} == personal
    assert {labels[place] for place in found.layout.text} >= text


SMALL: Mapping[str, tuple[str, Roles]] = {
    "an update or a birthday is no date": (
        "updated_at|date of birth|type\n2025-01-01|1990-02-03|Robbery\n2025-01-02|1991-02-03|Theft",
        {"category": "type"},
    ),
    "a date under a heading that says nothing never stands beside one that does": (
        "created_at|last seen|type\n2025-01-02|2024-01-01|Robbery\n2025-01-05|2023-01-03|Theft",
        {"reported_at": "created_at", "category": "type"},
    ),
    "names that never repeat are no category": (
        "date|complaint name\n2025-01-02|Maria Papa\n2025-01-05|Nikos Kapa", {"occurred_from": "date"},
    ),
    "names that repeat are": (
        "date|service name\n2025-01-02|Litter\n2025-01-05|Noise\n2025-01-06|Noise",
        {"occurred_from": "date", "category": "service name"},
    ),
    "a date with its own time takes no second one": (
        "date|time|type\n2025-01-02 08:30|09:00|Robbery\n2025-01-05 10:15|11:30|Theft",
        {"occurred_from": "date", "category": "type"},
    ),
    "values say it where the headings do not": (
        "a|b|c|d|e\n2025-01-02|08:30|37.94211|123.64671|Woman\n2025-01-05|10:15|37.95012|123.65120|Man",
        {"occurred_from": "a:date b:time", "latitude": "c", "longitude": "d", "affected_gender": "e"},
    ),
    "values overrule a heading that does not fit": (
        "date|latitude|longitude|sex\nyesterday|north side|near park|Robbery\n?|harbour|-|Theft", {},
    ),
    **{
        f"an index is no number of a case: {label}": (
            f"{label}|date|type\n0|2025-01-02|Robbery\n1|2025-01-03|Theft",
            {"occurred_from": "date", "category": "type"},
        )
        for label in ("", "Unnamed: 0", "index")
    },
    "X and Y in degrees are longitude and latitude": (
        "date|X|Y\n2025-01-02|23.64671|37.94211\n2025-01-03|23.65120|37.95012",
        {"occurred_from": "date", "longitude": "X", "latitude": "Y"},
    ),
    "degrees into which a spreadsheet put marks": (
        "date|lat|lon\n2025-01-01|37.945.123|-23.641.5\n2025-01-02|37.951.2|123.647.001",
        {"occurred_from": "date", "latitude": "lat", "longitude": "lon"},
    ),
    "no degrees": (
        "date|lat|lon\n2025-01-01|937.945.123|23.641.5\n2025-01-02|937.951.2|23.647.001",
        {"occurred_from": "date"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_small_tables(name: str) -> None:
    text, roles = SMALL[name]
    found, labels = guessed(text)
    assert told(found.layout, labels) == roles
    assert (found.missing == ("reported_at",)) == (not {"reported_at", "occurred_from"} & set(roles))
    if labels[0] == "a":
        assert max(guess.confidence for guess in found.layout.guesses.values()) < 0.6


def test_data_is_a_date_in_italian_and_no_date_in_english() -> None:
    assert told(recognise(["Data", "Tipo"]).layout, ["Data", "Tipo"]) == {"occurred_from": "Data", "category": "Tipo"}
    assert recognise(["Open Data Channel Type", "Data Source"]).missing == ("reported_at",)


@pytest.mark.parametrize("first", ["45321.25", "45321", "1715000000", "1715000000123"])
def test_numbers_that_count_days_or_seconds_are_dates_where_the_heading_says_so(first: str) -> None:
    second = str(float(first) + 1)
    found, labels = guessed(f"created_at|beat|type\n{first}|{first}|Robbery\n{second}|{second}|Theft")
    assert told(found.layout, labels) == {"reported_at": "created_at", "category": "type"}
    found, _ = guessed(f"created_at|beat|type\n{first}|{first}|Robbery\n12|{second}|Theft")
    assert found.missing == ("reported_at",)


def test_names_of_things_are_not_names_of_persons() -> None:
    labels = ["Agency Name", "Service Name", "nom de l'infraction", "officer name", "complainant name", "nome", "plate"]
    personal = {labels[place] for place in recognise(labels).layout.personal}
    assert personal == {"officer name", "complainant name", "nome", "plate"}


def test_long_values_of_a_short_list_are_not_used_but_no_free_text_either() -> None:
    outcomes = ("treated at the place of the accident and sent home", "taken to the hospital for more than a day")
    rows = "\n".join(f"2025-01-{at % 28 + 1:02}|fall|{outcomes[at % 2]}" for at in range(200))
    found, labels = guessed("date|type|outcome of it\n" + rows)
    assert found.layout.text == ()
    assert [labels[place] for place in found.layout.unused] == ["outcome of it"]


def test_telephones_and_mail_are_personal_by_their_values() -> None:
    found, labels = guessed("date|a|b\n2025-01-02|x@example.org|+30 694 123 4567\n2025-01-03|y@example.org|6941234567")
    assert [labels[place] for place in found.layout.personal] == ["a", "b"]


def test_repeated_labels_give_the_first_column_that_fits() -> None:
    labels = ["type", "date", "type", "date"]
    sample = sample_of(labels, [["Robbery", "2025-01-02", "Theft", ""], ["Theft", "2025-01-03", "Noise", ""]])
    layout = recognise(labels, sample).layout
    assert (layout.place("category"), layout.place("occurred_from")) == (0, 1)
    assert set(layout.unused) == {2, 3}


CELLS = st.sampled_from(
    ["", "NULL", "2025-01-02", "13/02/2025 22:15", "815", "22:15", "37.9", "23.64671", "444.591.127", "F", "M", "Mujer",
     "open", "Theft", "x@y.gr", "(1.5, 2.5)", "25-44", "long text " * 9, "\x00", "٣", "1e999"]
)  # fmt: skip
LABELS = st.one_of(
    st.sampled_from(
        ["date", "hora", "VIC_SEX", "lat", "lon", "x", "y", "type", "id", "status", "", "Name", "Location"]
    ),
    st.text(max_size=12),
)


@given(st.data())
def test_any_table_is_read_and_every_column_has_one_meaning(data: st.DataObject) -> None:
    labels = data.draw(st.lists(LABELS, max_size=7))
    rows = data.draw(st.integers(0, 5))
    records = [[data.draw(CELLS) for _ in labels] for _ in range(rows)]
    layout = recognise(labels, sample_of(labels, records)).layout
    places = [*layout.places, *layout.personal, *layout.text, *layout.unused]
    assert sorted(places) == list(range(len(labels)))
    assert set(layout.roles) <= set(ROLES)
    assert set(layout.guesses) == set(layout.roles)


@pytest.mark.parametrize("heading", ["Nr.", "Α/Α", "N°", "lfd. Nr.", "NUMBO", "Nº", "#", "Αύξων αριθμός"])
def test_a_column_of_numbers_is_the_case_number_where_hardly_one_repeats(heading: str) -> None:
    """Rows that stand there twice and a total repeat a number or two; house numbers repeat far more often."""
    labels = [heading, "date", "category"]

    def roles(numbers: list[int]) -> dict[str, str]:
        rows = [[str(number), f"{1 + at % 28:02d}/03/2025", "noise"] for at, number in enumerate(numbers)]
        table = pa.table({str(at): pa.array([row[at] for row in rows], pa.large_string()) for at in range(3)})
        return told(recognise(labels, table).layout, labels)

    assert roles([*range(1, 61), 60, 7])["alert_id"] == heading
    if heading != "NUMBO":
        assert "alert_id" not in roles([1 + at % 45 for at in range(60)])
