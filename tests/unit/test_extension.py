"""A prepared file that was extended holds what one does that was made of all alerts at once."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curim_data.engine import Source
from curim_data.engine.columns import TABLE, packing_of
from curim_data.engine.extension import NoRoomError, extend_narrow
from curim_data.engine.packed import PACKED, WORDS, Packing
from curim_data.model import SCHEMA
from tests.small import HERE, alert, small_source


def some_alerts(rng: Random, numbers: range, *, weeks: int, categories: list[str]) -> list[dict[str, Any]]:
    """Alerts of which every column that counts are made of varies, or is missing."""
    rows = []
    for number in numbers:
        point = (None, None)
        if rng.random() < 0.8:
            point = (HERE[0] + rng.randrange(4) * 0.002, HERE[1] + rng.randrange(4) * 0.002)
        hours = rng.choice([None, [22], [23, 0, 1], [rng.randrange(24)]])
        told = {
            "day": dt.date(2025, 1, 6) + dt.timedelta(days=rng.randrange(7 * weeks)),
            "hours": hours,
            "point": point,
            "incident_id": rng.choice([None, f"i{rng.randrange(20)}"]),
            "category": rng.choice(categories),
            "more_categories": rng.choice([None, ["litter"]]) if number < 150 else None,
            "affected_gender": rng.choice(["woman", "man", "unknown"]),
            "status": rng.choice(["open", "solved"]),
            "feeling": rng.choice([None, 1, 5]),
            "dark": rng.choice([None, True, False]),
        }
        rows.append(alert(number, **told))
    return rows


def told(path: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of a prepared file in order of their ids, and what its words say of them."""
    with duckdb.connect(str(path), read_only=True) as file:
        rows = file.execute(f"SELECT * EXCLUDE ({', '.join(WORDS)}) FROM {TABLE} ORDER BY alert_id").to_arrow_table()
        words = file.execute(f"SELECT {', '.join(WORDS)} FROM {TABLE} ORDER BY alert_id").to_arrow_table()
        packing = packing_of(file, TABLE)
    decoded: dict[str, Any] = {}
    for word, bits in packing.words.items():
        for name in bits:
            codes = packing.codes(words[word].to_numpy(), word, name)
            values = [*packing.values[name].to_pylist(), None]
            assert values[:-1] == sorted(values[:-1])
            decoded[f"{word} {name}"] = [values[code] for code in codes]
    for name, values in decoded.items():
        assert values == rows[name.split()[1]].to_pylist(), name
    return rows.to_pylist(), pa.table({name: pa.array(values) for name, values in decoded.items()}).to_pylist()


def written(folder: Path, rows: list[dict[str, Any]]) -> tuple[Source, Path]:
    """A source of some rows and the prepared file that is written of it."""
    folder.mkdir()
    source = small_source(folder, rows)
    source.cache["narrow"].write(folder / "narrow.duckdb")
    return source, folder / "narrow.duckdb"


@pytest.mark.parametrize("seed", range(6))
def test_an_extended_file_says_what_one_of_all_alerts_does(tmp_path: Path, seed: int) -> None:
    rng = Random(seed)
    known = ["noise", "lighting_poor"] if seed % 2 else ["harassment_verbal", "lighting_poor"]
    first = some_alerts(rng, range(150), weeks=6, categories=known)
    more = some_alerts(rng, range(150, 200), weeks=9, categories=["another", "noise", *known])
    changed = some_alerts(rng, range(20, 30), weeks=7, categories=known) if seed > 2 else []
    _, earlier = written(tmp_path / "earlier", first)
    now = [row for row in first if row["alert_id"] not in {one["alert_id"] for one in changed}] + more + changed
    _, whole = written(tmp_path / "whole", now)
    pq.write_table(pa.Table.from_pylist(more + changed, SCHEMA), tmp_path / "more.parquet")
    extend_narrow(earlier, tmp_path / "now.duckdb", [tmp_path / "more.parquet"], replacing=bool(changed))
    assert told(tmp_path / "now.duckdb") == told(whole)


def test_values_without_room_are_refused_and_the_earlier_file_stays(tmp_path: Path) -> None:
    first = [alert(number, district="zone_1", incident_id=None) for number in range(5)]
    _, earlier = written(tmp_path / "earlier", first)
    before = earlier.read_bytes()
    more = [alert(10 + at, district=f"zone_{at + 2}", incident_id=None) for at in range(2)]
    pq.write_table(pa.Table.from_pylist(more, SCHEMA), tmp_path / "more.parquet")
    with pytest.raises(NoRoomError, match="district"):
        extend_narrow(earlier, tmp_path / "now.duckdb", [tmp_path / "more.parquet"])
    assert earlier.read_bytes() == before


def test_codes_of_values_that_came_later_are_told_in_the_order_of_the_values() -> None:
    values = {name: pa.array(["b", "d", "a", "c"]) for name in PACKED}
    packing = Packing.of(values)
    bits = packing.words["packed_alike"]["theme"]
    numbers = np.array([code << bits.shift for code in (0, 1, 2, 3, bits.mask)])
    found = packing.codes(numbers, "packed_alike", "theme")
    assert packing.values["theme"].to_pylist() == ["a", "b", "c", "d"]
    assert found.tolist() == [1, 3, 0, 2, 4]
