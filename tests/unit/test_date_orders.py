"""Files that write both orders of day and month, beside a reader that knows the order of each row."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curim_data.formats.base import Layout, Part
from curim_data.importing.decisions import Decisions, decide
from curim_data.importing.mapping import saved
from curim_data.importing.pipeline import import_file
from curim_data.importing.profiling import FileProfile
from curim_data.importing.rows import parse_rows
from curim_data.model import Answers, CityProfile, Question, translator
from curim_data.store import Home, Store
from curim_data.store.home import create_home
from tests.blocks import block_of
from tests.effort import some
from tests.in_texts import csv_bytes

NOW = dt.datetime(2025, 6, 1, tzinfo=dt.UTC)
ATHENS = ZoneInfo("Europe/Athens")
DAY, MONTH = "d", "m"


def written(moment: dt.datetime, order: str, *, half: bool = False, mark: str = "/") -> str:
    date = moment.strftime(mark.join(("%d", "%m", "%Y") if order == DAY else ("%m", "%d", "%Y")))
    return f"{date} {moment.strftime('%I:%M %p' if half else '%H:%M')}"


def twin(text: str, order: str) -> dt.datetime:
    """Read one row by itself, its order known."""
    plain = text.replace(".", "/")
    date = "%d/%m/%Y" if order == DAY else "%m/%d/%Y"
    return dt.datetime.strptime(plain, f"{date} {'%I:%M %p' if plain.endswith('M') else '%H:%M'}")


def day_or_month(text: str) -> bool:
    return (int(text[:2]) > 12) != (int(text[3:5]) > 12)


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


@pytest.mark.parametrize("by", ["half", "style", "column", "rows", "nothing"])
@given(seed=st.integers(0, 10**6), share=st.floats(0.2, 0.8), cuts=st.lists(st.integers(1, 119), max_size=3))
def test_no_row_is_read_otherwise_than_by_a_reader_that_knows_its_order(
    city: CityProfile, by: str, seed: int, share: float, cuts: list[int]
) -> None:
    rng = random.Random(seed)
    orders = [DAY if (at < 200 * share if by == "rows" else rng.random() < share) else MONTH for at in range(200)]
    texts = [
        written(one, order, half=by == "half" and order == MONTH, mark="." if by == "style" and order == DAY else "/")
        for one, order in zip(some_moments(rng, 200), orders, strict=True)
    ]
    source = [{DAY: ("desk",), MONTH: ("web",)}[order] if by == "column" else ("a", "b", "c") for order in orders]
    columns = {"date": texts, "source": [rng.choice(names) for names in source]}
    decisions, found, reasons = parsed(columns, LAYOUT, city, cuts, dates="day-first")
    assert decisions.dates.rows["occurred_from"].column == (1 if by == "column" else -1)
    for text, order, read, reason in zip(texts, orders, found, reasons, strict=True):
        unread = by == "nothing" or (by == "rows" and read is None)
        told = conclusive(text) or not unread
        assert (read, reason) == ((twin(text, order), "") if told else (None, "ambiguous_date")), (text, order)
    assert by == "nothing" or found.count(None) < 20  # between two blocks
    counts = next(one.values for one in decisions.reasons if "either" in one.values)
    assert counts["day"] == sum(int(text[:2]) > 12 for text in texts)
    assert counts["month"] == sum(int(text[3:5]) > 12 for text in texts)


@given(seed=st.integers(0, 10**6))
def test_a_column_one_of_whose_values_is_of_both_orders_tells_no_row(city: CityProfile, seed: int) -> None:
    rng = random.Random(seed)
    orders = [DAY if rng.random() < 0.5 else MONTH for _ in range(200)]
    texts = [written(one, order) for one, order in zip(some_moments(rng, 200), orders, strict=True)]
    source = [{DAY: "desk", MONTH: "web"}[order] if at % 9 else "phone" for at, order in enumerate(orders)]
    _, found, _ = parsed({"date": texts, "source": source}, LAYOUT, city)
    phone = {
        order for text, name, order in zip(texts, source, orders, strict=True) if name == "phone" and day_or_month(text)
    }
    assert len(phone) < 2 or [one is None for one in found] == [not conclusive(text) for text in texts]


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


def test_of_an_export_of_both_orders_nothing_is_lost_or_remembered(home: Home) -> None:
    moments = some_moments(random.Random(6), 150)
    dates = [written(one, DAY if at % 3 else MONTH) for at, one in enumerate(moments)]
    rows = [[f"A{at}", date, "37.943", "23.647"] for at, date in enumerate(dates)]
    data = csv_bytes([["nr", "Ημερομηνία συμβάντος", "lat", "lon"], *rows])
    report = import_file(home, data, "x.csv", now=NOW, answers=Answers(dates="day-first"))
    assert (report.batch.accepted, report.batch.read, report.date_order) == (sum(map(conclusive, dates)), 150, "both")
    table = Store(home).read().to_pandas().sort_values("occurred_from")
    read = [one.tz_convert(ATHENS).tz_localize(None).to_pydatetime() for one in table["occurred_from"]]
    assert read == sorted(one for one, date in zip(moments, dates, strict=True) if conclusive(date))
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
