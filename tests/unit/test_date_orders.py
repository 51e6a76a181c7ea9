"""Files that write both orders of day and month, beside a reader that knows the order of each row."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from itertools import combinations, pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curim_data.formats.base import Layout, Part
from curim_data.importing.decisions import Decisions, decide
from curim_data.importing.mapping import saved
from curim_data.importing.pipeline import import_file
from curim_data.importing.profiling import FileProfile, chance_of_all, chance_of_one, chance_of_runs
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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
