"""Counts of incidents: of the alerts of one incident one counts, where and when the first of them was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from curim_data import query
from curim_data.engine import Source
from curim_data.engine import columns as narrow_table
from curim_data.engine.incidents import IncidentFacts
from curim_data.filters import AlertFilter
from curim_data.model import SCHEMA, Audience, Message
from curim_data.query._aggregate import Rows
from curim_data.query._layout import Layout
from curim_data.query.question import Question, ask
from tests.reliability.world import World, piraeus, simulate, source_of
from tests.small import alert, small_source

WHO = Audience.ANALYST
EVERYTHING = AlertFilter(period="all")
FILTERS = {
    "all": EVERYTHING,
    "women": EVERYTHING.replace(affected=("woman",)),
    "a category": EVERYTHING.replace(categories=("theft", "vandalism")),
    "a month": AlertFilter(period="", start=dt.date(2023, 2, 1), end=dt.date(2023, 2, 28)),
    "women in a month": AlertFilter(
        period="", start=dt.date(2023, 2, 1), end=dt.date(2023, 2, 28), affected=("woman",)
    ),
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """400 alerts of 150 incidents by their ids, whose alerts lie far apart in place, time, category and gender."""
    rng = np.random.default_rng(3)
    alerts = simulate(World(alerts=400, weeks=8), rng)
    n = len(alerts["x"])
    ids = rng.integers(0, 150, size=n)
    alerts["incident_id"] = [None if one % 5 == 0 else f"i{one}" for one in ids]
    return source_of(alerts, tmp_path_factory.mktemp("ids"))


def slow(source: Source, f: AlertFilter, by: list[str]) -> pd.DataFrame:
    """By loops over alerts: the first report that the filter's words about reports fit counts, where it was."""
    alerts = source.table.to_pandas().sort_values(["occurred_from", "alert_id"])
    start, end = query.dates(source, f)
    seen: set[str] = set()
    kept = []
    for _, row in alerts.iterrows():
        if (f.affected and row["affected_gender"] not in f.affected) or (
            f.categories and row["category"] not in f.categories
        ):
            continue
        name = row["incident_id"]
        if name is not None and not pd.isna(name):
            if name in seen:
                continue
            seen.add(name)
        if start <= pd.Timestamp(row["local_date"]).date() <= end:
            kept.append(row[by])
    frame = pd.DataFrame(kept, columns=by)
    return frame.groupby(by, dropna=False).size().rename("n").reset_index()


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("by", [["district"], ["month", "category"], ["affected_gender", "district"]])
def test_one_alert_of_an_incident_counts(source: Source, name: str, by: list[str]) -> None:
    f = FILTERS[name]
    found = query.counts(source, f, by, WHO, once=True)
    want = slow(source, f, by)
    assert found.total == want["n"].sum() > 0
    got = {tuple(map(str, row[:-1])): row[-1] for row in found.frame[[*by, "n"]].itertuples(index=False)}
    due = {
        tuple(str(pd.Timestamp(v)) if k == "month" else str(v) for k, v in zip(by, row[:-1], strict=True)): row[-1]
        for row in want.itertuples(index=False)
    }
    assert {k: int(v) for k, v in got.items()} == {
        k.replace("None", "nan") if isinstance(k, str) else k: int(v) for k, v in due.items()
    }


def test_districts_and_months_add_up(source: Source) -> None:
    """An incident whose alerts lie in two districts or months counts in one of them."""
    whole = query.counts(source, EVERYTHING, [], WHO, once=True).total
    for field, values in (("districts", [area.id for area in piraeus().districts]),):
        parts = [
            query.counts(source, EVERYTHING.replace(**{field: (value,)}), [], WHO, once=True).total for value in values
        ]
        inside = query.counts(source, EVERYTHING, ["district"], WHO, once=True).frame.dropna()["n"].sum()
        assert sum(parts) == inside
    months = query.counts(source, EVERYTHING, ["month"], WHO, once=True).frame["n"]
    assert months.sum() == whole


def test_cells_hold_incidents_with_their_alerts_beside(source: Source) -> None:
    cells = query.cells(source, EVERYTHING, 9, WHO, once=True).frame
    alerts = query.cells(source, EVERYTHING, 9, WHO).frame
    assert (cells["alerts"] == alerts["n"]).all()
    assert (alerts["alerts"] == alerts["n"]).all()
    assert cells["n"].sum() < cells["alerts"].sum() == alerts["n"].sum()


@pytest.mark.parametrize("name", FILTERS)
def test_cells_give_both_numbers_as_two_questions_would(source: Source, name: str) -> None:
    cells = query.cells(source, FILTERS[name], 9, WHO, once=True).frame
    for column, once in (("n", True), ("alerts", False)):
        counted = query.counts(source, FILTERS[name], ["cell"], WHO, resolution=9, once=once).frame
        alone = counted.dropna(subset=["cell"]).astype({"cell": "int64"}).set_index("cell")["n"]
        alone = alone[alone.index.isin(cells.index)]
        assert alone.sum() > 0
        assert (cells[column] == alone.reindex(cells.index, fill_value=0)).all()


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("by", [[], ["district", "category"], ["affected_gender", "district"], ["month"]])
def test_every_audience_counts_the_same_incidents_and_writes_small_ones_as_words(
    source: Source, name: str, by: list[str]
) -> None:
    for complete in (False, True):
        exact = query.counts(source, FILTERS[name], by, WHO, complete=complete, once=True)
        council = query.counts(source, FILTERS[name], by, Audience.COUNCIL, complete=complete, once=True)
        pd.testing.assert_frame_equal(council.frame, exact.frame)
        assert council.total == exact.total
        n, shown = exact.frame["n"], council.shown.frame
        small = n.between(1, np.asarray(council.least) - 1)
        assert shown["withheld"].tolist() == small.tolist() == shown["n"].isna().tolist()
        assert (shown.loc[~small, "n"] == n[~small]).all()
        assert shown["fewer_than"].notna().tolist() == small.tolist()
        assert (n[small] < shown.loc[small, "fewer_than"]).all()
        assert not exact.shown.frame["withheld"].any()


@pytest.mark.parametrize("name", FILTERS)
def test_the_alerts_of_a_question_of_incidents_are_those_of_a_question_of_alerts(source: Source, name: str) -> None:
    question, plain = (ask(source, FILTERS[name], WHO, once=once) for once in (True, False))
    layout = question.layout(["district", "category"])
    (both,) = question.count([layout], with_alerts=True)
    (alone,), (alerts,) = question.of_alerts.count([layout]), plain.count([layout])
    pd.testing.assert_frame_equal(alone, alerts)
    pd.testing.assert_frame_equal(both.drop(columns="n").rename(columns={"alerts": "n"}), alerts)
    assert both["n"].sum() < alerts["n"].sum()


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize("who", [WHO, Audience.COUNCIL])
def test_tables_by_lists_tell_the_others_where_they_have_their_columns(
    source: Source, name: str, who: Audience, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alert of several categories, or of a span of hours, is one in the tables that come from the same question."""
    asked: list[int] = []
    count = Question.count

    def noted(self: Question, layouts: Sequence[Layout], *, with_alerts: bool = False) -> list[pd.DataFrame]:
        asked.append(len(layouts))
        return count(self, layouts, with_alerts=with_alerts)

    def frames(tables: Sequence[Sequence[str]]) -> list[pd.DataFrame]:
        return [table.frame for table in query.tables(source, FILTERS[name], tables, who, once=True)]

    by = [[], ["district"], ["month", "district"], ["category"], ["month", "district", "category"], ["hour"]]
    alone = [frame for one in by for frame in frames([one])]
    monkeypatch.setattr(Question, "count", noted)
    for together, one in zip(frames(by), alone, strict=True):
        pd.testing.assert_frame_equal(together, one, check_exact=True)
    assert asked == [len(by)]
    frames([["category"], ["weekday"]])
    assert asked == [len(by), 1, 1]


def test_nothing_is_no_incident_for_the_council(source: Source) -> None:
    empty = AlertFilter(period="", start=dt.date(2024, 2, 1), end=dt.date(2024, 2, 29))
    assert query.counts(source, empty, [], WHO).total == 0
    found = query.counts(source, empty, [], Audience.COUNCIL, once=True).frame
    assert found["n"].tolist() == [0]
    assert query.total(source, empty, Audience.COUNCIL, once=True).n == 0


def test_a_prepared_file_gives_the_same(source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted from the table in memory, and from one in a file, as from the files of the store."""
    want = query.counts(source, FILTERS["women in a month"], ["district"], WHO, once=True).frame
    monkeypatch.setattr(narrow_table, "TABLE_FROM", 1)
    again = source_of({**_alerts()}, tmp_path)
    for _ in range(narrow_table.AT_QUESTION + 2):
        got = query.counts(again, FILTERS["women in a month"], ["district"], WHO, once=True).frame
        pd.testing.assert_frame_equal(got, want)
    kept = tmp_path / "kept.duckdb"
    again.cache["narrow"].write(kept)
    third = source_of({**_alerts()}, tmp_path / "third")
    third.cache["narrow"].once(third.table.op().source, kept, lambda: pytest.fail("found again"))
    got = query.counts(third, FILTERS["women in a month"], ["district"], WHO, once=True).frame
    pd.testing.assert_frame_equal(got, want)
    assert third.cache["narrow"].shared().num_rows == again.shared_incidents().num_rows > 0


@pytest.mark.parametrize("when", ["while incidents are looked for", "afterwards"])
def test_a_file_that_is_prepared_meanwhile_counts_nothing_twice(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Another process may write it at any moment; questions that are under way keep their answer."""
    monkeypatch.setattr(narrow_table, "TABLE_FROM", 1)
    kept = tmp_path / "kept.duckdb"
    shared = source.shared_incidents()
    source.cache["narrow"].write(kept)
    again = source_of({**_alerts()}, tmp_path / "again")
    narrow, backend = again.cache["narrow"], again.table.op().source

    def find() -> pa.Table:
        if when == "while incidents are looked for":
            narrow.on(backend, kept)
        return shared

    before = narrow.once(backend, None, find)
    narrow.on(backend, kept)
    assert narrow.once(backend, kept, find).count().execute() == source.count
    assert before.count().execute() == source.count
    assert narrow.shared().num_rows == shared.num_rows


def test_a_prepared_file_that_does_not_say_how_it_was_packed_is_left_alone(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(narrow_table, "TABLE_FROM", 1)
    kept = tmp_path / "kept.duckdb"
    shared = source.shared_incidents()
    source.cache["narrow"].write(kept)
    with duckdb.connect(str(kept)) as written:
        written.execute(f"DROP TABLE {narrow_table.TABLE}_words")
    again = source_of({**_alerts()}, tmp_path / "again")
    narrow, backend = again.cache["narrow"], again.table.op().source
    for _ in range(narrow_table.AT_QUESTION + 1):
        assert narrow.on(backend, kept).count().execute() == source.count
        assert narrow.once(backend, kept, lambda: shared).count().execute() == source.count


def test_equal_ids_of_two_sources_are_two_incidents() -> None:
    """On an engine where ids alone say it: a word about reports takes the first fitting one of each."""
    rows = [
        alert(1, source="a", incident_id="7", affected_gender="woman"),
        alert(2, source="a", incident_id="7", affected_gender="man"),
        alert(3, source="b", incident_id="7", affected_gender="man"),
        alert(4, source="b", incident_id="7", affected_gender="woman"),
    ]
    table = ibis.duckdb.connect().create_table("alerts", pa.Table.from_pylist(rows, schema=SCHEMA))
    numbered = narrow_table.with_same_ids(table)
    women = numbered.affected_gender == "woman"
    assert Rows(numbered, lambda: (women,), once=True, reports=(women,)).chosen.count().execute() == 2


def _alerts() -> dict[str, object]:
    rng = np.random.default_rng(3)
    alerts = simulate(World(alerts=400, weeks=8), rng)
    ids = rng.integers(0, 150, size=len(alerts["x"]))
    return {**alerts, "incident_id": [None if one % 5 == 0 else f"i{one}" for one in ids]}


def test_facts_as_json() -> None:
    facts = IncidentFacts(10, 7, Message("Reports within {metres} m.", {"metres": 60}))
    assert IncidentFacts.from_json(facts.as_json()) == facts
    assert facts.repeated
    assert not IncidentFacts(7, 7, facts.rule).repeated


@pytest.mark.parametrize("name", FILTERS)
def test_a_total_counts_incidents_wherever_they_lie(source: Source, name: str) -> None:
    by_hand = slow(source, FILTERS[name], ["inside"])
    total = query.total(source, FILTERS[name], WHO, once=True)
    alerts = query.total(source, FILTERS[name], WHO)
    assert total.n == by_hand["n"].sum()
    assert total.mapped == by_hand.loc[by_hand["inside"].eq(True), "n"].sum()
    assert total.unmapped == by_hand.loc[by_hand["inside"].isna(), "n"].sum()
    assert total.n < alerts.n
    council = query.total(source, FILTERS[name], Audience.COUNCIL, once=True)
    assert (council.n, council.mapped, council.unmapped) == (total.n, total.mapped, total.unmapped)


def test_incidents_beside_the_land_are_not_written_out_where_they_are_few(tmp_path: Path) -> None:
    """Six alerts beside the land report two incidents: the six are written out, the two are not."""
    rows = [alert(number) for number in range(1, 41)]
    rows += [alert(50 + number, inside=False, incident_id=f"r{number % 2}") for number in range(6)]
    few = small_source(tmp_path, rows)
    for who, written in ((WHO, 2), (Audience.COUNCIL, None)):
        alerts, incidents = (query.total(few, EVERYTHING, who, once=once) for once in (False, True))
        assert (alerts.n, alerts.mapped, alerts.outside) == (46, 40, 6)
        assert (incidents.n, incidents.mapped, incidents.outside) == (42, 40, 2)
        assert [incidents.shown(n) for n in (42, 40, 2, 0)] == [42, 40, written, 0]
        assert alerts.shown(6) == 6
