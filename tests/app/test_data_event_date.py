"""The Data page asks which column is the date of the event, showing rows and hours, and says what orders dates have."""

from __future__ import annotations

import datetime as dt

import pytest
from streamlit.testing.v1 import AppTest

from curim_data.model import translator
from curim_data.store import Home, Store
from tests.app.conftest import bring, errors, visit

MOMENTS = [dt.datetime(2024, 1, 1, 12) + dt.timedelta(hours=31 * at) for at in range(120)]


def brought(lang: str, name: str, header: str, rows: list[str]) -> AppTest:
    lines = [f"A{at};{row};37.9432;23.6470" for at, row in enumerate(rows)]
    return bring(visit("data", lang=lang, home="own"), (name, "\n".join([f"nr;{header};lat;lon", *lines]).encode()))


@pytest.mark.parametrize("lang", ["en"])
def test_the_column_of_the_event_is_asked_with_rows_and_hours(base: Home, lang: str) -> None:
    rows = [f"{one + dt.timedelta(days=1):%Y-%m-%d %H:%M};{one:%Y-%m-%d %H:%M}" for one in MOMENTS]
    app = brought(lang, "events.csv", "Event date;Date", rows)
    (question,) = [radio for radio in app.radio if str(radio.key).startswith("data_event_")]
    assert [option.split(":")[0].strip() for option in question.options] == ["Event date", "Date"]
    assert all(f"{moment:%H:%M}" in question.options[1] for moment in MOMENTS[:3])
    assert "█" in question.options[0]
    question.set_value("Date").run()
    assert not errors(app)
    app.button(key="data_import").click().run()
    days = Store(base).read(["local_date"])["local_date"].to_pylist()
    assert sorted(days) == [moment.date() for moment in MOMENTS]


@pytest.mark.usefixtures("base")
@pytest.mark.parametrize("lang", ["el"])
def test_a_file_of_both_orders_says_so_and_asks_nothing(lang: str) -> None:
    rows = [f"{one:%d/%m/%Y %H:%M};phone" if at % 3 else f"{one:%m/%d/%Y %H:%M};web" for at, one in enumerate(MOMENTS)]
    app = brought(lang, "orders.csv", "date;channel", rows)
    assert not [radio for radio in app.radio if str(radio.key).startswith("data_dates_")]
    said = " ".join(str(one.value) for kind in (app.markdown, app.caption, app.text, app.metric) for one in kind)
    t = translator(lang)
    (table,) = [one.value for one in app.table if t("Dates") in one.value.iloc[:, 0].tolist()]
    told = dict(zip(table.iloc[:, 0], table.iloc[:, 1], strict=True))[t("Dates")]
    assert t("both orders of day and month, row by row") in told
    assert t("The column {column} tells them apart. Day first: {day}; month first: {month}.",
             column="channel", day="phone", month="web") in said  # fmt: skip


@pytest.mark.parametrize("lang", ["fr"])
def test_what_an_alert_is_in_a_table_of_counts_is_asked(base: Home, lang: str) -> None:
    rows = [f"{one:%Y-%m-%d %H:%M};Theft;{1 + at % 4}" for at, one in enumerate(MOMENTS)]
    app = brought(lang, "counts.csv", "date;offence;number of incidents", rows)
    (question,) = [radio for radio in app.radio if str(radio.key).startswith("data_counts_")]
    assert "number of incidents" in question.label
    question.set_value("events").run()
    assert not errors(app)
    app.button(key="data_import").click().run()
    assert len(Store(base).read(["local_date"])) == sum(1 + at % 4 for at in range(len(MOMENTS)))
