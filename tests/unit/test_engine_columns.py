"""The narrow columns in the engine's memory count what the files count."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from random import Random
from typing import Any

import h3.api.basic_int as h3
import ibis
import pandas as pd
import pytest

from curim_data import query
from curim_data.engine import Source, columns, keep_narrow, packed
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.model.prepared import alerts_name, prepared_file
from curim_data.query._aggregate import _Grouping
from curim_data.query.question import ask
from tests.small import HERE, alert, small_city, small_source

FILTERS = (
    AlertFilter(period="all"),
    AlertFilter(period="all", categories=("noise",), dark=True),
    AlertFilter(period="all", affected=("woman",), hours=(22, 3)),
    AlertFilter(period="all", weekdays=(0, 2), districts=("zone_1",), statuses=("open", "resolved")),
    AlertFilter(period="all", groups=("harassment",), reporters=("man", "woman"), severities=(3,)),
    AlertFilter(start=dt.date(2025, 5, 3), end=dt.date(2025, 6, 1), places=("quay",), kinds=("risk",)),
)
TABLES: tuple[list[str], ...] = (
    [],
    ["category", "affected_gender"],
    ["group", "hour"],
    ["week", "district", "dark"],
    ["year", "place", "status"],
    ["age_band", "severity", "feeling", "kind"],
)


def _rows() -> list[dict[str, Any]]:
    rng = Random(3)
    rows = []
    for number in range(400):
        further = rng.choice([None, [], ["noise"], ["harassment_sexual", "noise"]])
        hours = rng.choice([None, [], [22], [23, 0, 1], list(range(24))])
        point = rng.choice([(None, None), HERE, (HERE[0] + rng.random() / 100, HERE[1] + rng.random() / 100)])
        told = {
            "day": dt.date(2025, 5, 1) + dt.timedelta(days=rng.randrange(60)),
            "category": rng.choice(["noise", "lighting_poor", "harassment_verbal", "odd, name"]),
            "affected_gender": rng.choice(["woman", "man", "unknown"]),
            "reporter_gender": rng.choice(["woman", "other"]),
            "kind": rng.choice(["risk", "offence"]),
            "status": rng.choice(["open", "resolved", "rejected"]),
            "age_band": rng.choice([None, "18_29"]),
            "severity": rng.choice([None, 1, 3]),
            "dark": rng.choice([None, True, False]),
            "time_precision": rng.choice(["minute"] * 79 + ["month"]),
        }
        rows.append(alert(number, more_categories=further, hours=hours, point=point, **told))
    return rows


def _answers(source: Source) -> list[pd.DataFrame]:
    found = []
    for f in FILTERS:
        total = query.total(source, f, Audience.ANALYST)
        found.append(pd.DataFrame([[total.n, total.mapped, total.outside, total.unmapped, total.at_default]]))
        found.append(query.cells(source, f, 9, Audience.ANALYST).frame)
        found += [query.counts(source, f, by, Audience.ANALYST).frame for by in TABLES]
        placed = ["cell", "category", "hour"]
        found += [query.counts(source, f, placed, Audience.ANALYST, resolution=size).frame for size in (7, 9)]
    return found


def _asked_of_many(source: Source) -> list[str]:
    """The columns by which the engine groups where a question is by many."""
    rows = ask(source, FILTERS[0], Audience.ANALYST).rows
    asked = dict.fromkeys(("theme", "district", "dark", "affected_gender"))
    return list(_Grouping(asked, None, rows.packing).of(rows.chosen))


@pytest.mark.slow
@pytest.mark.parametrize("bits", [packed.MOST_BITS, 11])  # in 11 not all columns of a question have room
def test_codes_in_memory_answer_as_the_files_do(bits: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MOST_BITS", bits)
    rows = _rows()
    plain = small_source(tmp_path, rows)
    usual = _answers(plain)
    assert plain.narrow.op().name == columns.VIEW
    assert not set(_asked_of_many(plain)) & set(packed.WORDS)
    monkeypatch.setattr(columns, "TABLE_FROM", 1)
    monkeypatch.setattr(columns, "AT_QUESTION", 1)
    coded = small_source(tmp_path, rows)
    for one, other in zip(usual, _answers(coded), strict=True):
        pd.testing.assert_frame_equal(one, other)
    assert coded.narrow.op().name == columns.TABLE
    words = [name for name in _asked_of_many(coded) if name in packed.WORDS]
    assert words == ["packed_alike"]
    assert (len(_asked_of_many(coded)) > 1) == (bits == 11)


@pytest.mark.slow
def test_a_prepared_file_answers_as_the_files_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = _rows()
    usual = _answers(small_source(tmp_path, rows))
    monkeypatch.setattr(columns, "TABLE_FROM", 1)
    folder = tmp_path / "it's one"
    city = small_city()
    city.__dict__["_prepared"] = folder
    coded = small_source(tmp_path, rows, city)
    keep_narrow(coded)
    path = prepared_file(folder, alerts_name("alerts", coded.version), ".duckdb")
    assert path in folder.iterdir()
    assert not list(folder.glob(".*"))
    assert coded.narrow.op().name == columns.FROM_FILE
    assert _asked_of_many(coded) == ["packed_alike"]
    for one, other in zip(usual, _answers(coded), strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_a_prepared_file_that_cannot_be_read_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "TABLE_FROM", 1)
    source = small_source(tmp_path, [alert(number) for number in range(30)])
    broken = tmp_path / "broken.duckdb"
    broken.write_bytes(b"no database" * 1000)
    narrow, backend = source.cache["narrow"], source.table.op().source
    names = [narrow.on(backend, broken).op().name for _ in range(columns.AT_QUESTION)]
    assert names == [*[columns.VIEW] * (columns.AT_QUESTION - 1), columns.TABLE]


def test_the_types_of_columns_are_those_that_the_engine_gives(tmp_path: Path) -> None:
    source = small_source(tmp_path, [alert(1)])
    engine = source.table.op().source
    assert source.narrow.schema() == engine.table(columns.VIEW).schema()


def test_values_of_packed_columns_come_by_their_codes_and_in_their_types(tmp_path: Path) -> None:
    source = small_source(tmp_path, _rows())
    connection = source.cache["database"].cursor()
    columns._make_table(connection, "", columns.VIEW, columns.TABLE)
    connection.execute(f"UPDATE {columns.values_of(columns.TABLE, 'theme')} SET code = -code")  # came in another order
    found = columns._values(connection, columns.TABLE)
    assert list(found) == list(packed.PACKED)
    for name, values in found.items():
        one = connection.execute(f"SELECT value FROM {columns.values_of(columns.TABLE, name)} ORDER BY code")
        assert values.equals(one.to_arrow_table()["value"].combine_chunks()), name


def test_a_table_is_made_for_those_who_ask_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "TABLE_FROM", 1)
    source = small_source(tmp_path, [alert(number) for number in range(30)])
    names = [source.narrow.op().name for _ in range(columns.AT_QUESTION + 1)]
    assert names == [*[columns.VIEW] * (columns.AT_QUESTION - 1), columns.TABLE, columns.TABLE]


def test_many_cells_are_one_literal_and_the_same_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = small_source(tmp_path, _rows())
    around = h3.grid_disk(h3.latlng_to_cell(HERE[1], HERE[0], 11), 4)
    chosen = AlertFilter(period="all", cells=tuple(f"{cell:x}" for cell in around))
    many = query.counts(source, chosen, ["category"], Audience.ANALYST).frame
    assert many["n"].sum() > 0
    monkeypatch.setattr(columns, "MANY_CELLS", 100)
    pd.testing.assert_frame_equal(many, query.counts(source, chosen, ["category"], Audience.ANALYST).frame)


def test_lists_come_back_out_of_their_text() -> None:
    assert columns.split_list(f"noise{columns.SEPARATOR}") == ("noise",)
    assert columns.split_list(f"noise{columns.SEPARATOR}odd, name") == ("noise", "odd, name")
    assert columns.split_list("") == columns.split_list(None) == columns.split_list(float("nan")) == ()


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "pyspark"])
def test_many_cells_are_asked_for_in_every_engine(dialect: str) -> None:
    """Spark takes no EXPLODE within a CAST."""
    table = ibis.table({"cell_10": "int64"}, name="alerts")
    told = ibis.to_sql(table.filter(columns.is_one_of(table.cell_10, range(20))), dialect=dialect)
    assert "0 1 2 3" in told
    assert not re.search(r"CAST\(\s*(EXPLODE|UNNEST)", told)
