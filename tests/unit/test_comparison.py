"""What changed against the last export: signatures, columns, statuses, alerts that are gone."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curim_data.formats.base import Layout, Part
from curim_data.importing import mapping
from curim_data.importing.comparison import altered_columns, compare, missing_alerts, previous_export, status_changes
from curim_data.importing.mapping import KINDS, ColumnMapping, Signature, signature_of
from curim_data.importing.pipeline import import_file, preview
from curim_data.importing.profiling import FileProfile
from curim_data.model import Block, Translator
from curim_data.store import Batch, Home
from tests.blocks import block_of

ENGINE = duckdb.connect()
LAYOUT = Layout(
    "curim",
    {role: (Part(at),) for at, role in enumerate(("alert_id", "reported_at", "category", "status", "latitude"))},
    text=(5,),
)
LABELS = ("id", "when", "category", "status", "lat", "notes")


def _columns(n: int = 60, **told: Sequence[str]) -> dict[str, list[str]]:
    made: dict[str, Sequence[str]] = {
        "id": [f"A-{k}" for k in range(n)],
        "when": [f"2025-06-{1 + k % 28:02d}T10:00" for k in range(n)],
        "category": ["noise", "litter", "theft"] * (n // 3),
        "status": ["open"] * n,
        "lat": ["37.945"] * n,
        "notes": ["Maria said 6912345678"] * n,
    }
    return {name: list(values) for name, values in {**made, **told}.items()}


def _signed(labels: Sequence[str] = LABELS, **told: Sequence[str]) -> Signature:
    profile = _profile(labels, block_of(_columns(**told)))
    return signature_of(labels, LAYOUT, profile, dt.date(2025, 6, 1), dt.date(2025, 6, 28))


def _profile(labels: Sequence[str], *blocks: Block) -> FileProfile:
    profile = FileProfile(LAYOUT, tuple(labels))
    for block in blocks:
        profile.add(block)
    return profile


def _batch(signature: Signature, number: int = 1, **told: Any) -> Batch:
    when = dt.datetime(2025, 6, number, tzinfo=dt.UTC)
    return replace(Batch(f"b{number}", "june.csv", "0", "curim", when, "p", 60), signature=signature, **told)


def test_kinds_of_values_that_recur_are_those_of_each_cell() -> None:
    rng = np.random.default_rng(5)
    some = ["", " ", "12", "-3", "1,5", "2.50", "2025-03-01", "1/2/2025", "1.2.25 10:00", "noise", " litter ", "n/a",
            "7\n"]  # fmt: skip
    told = {name: rng.choice(some, 400).tolist() for name in ("category", "status", "lat")}
    columns = {**_columns(402), **told}
    blocks = [
        block_of({name: cells[start:stop] for name, cells in columns.items()}, start + 1)
        for start, stop in ((0, 150), (150, 151), (151, 400))
    ]
    found = signature_of(LABELS, LAYOUT, _profile(LABELS, *blocks))["columns"]
    for name, cells in told.items():
        given = [cell.strip() for cell in cells if cell.strip()]
        kinds = [next((kind for kind, pattern in KINDS.items() if re.search(pattern, cell)), "text") for cell in given]
        slow = {kind: round(n / len(given), 4) for kind, n in Counter(kinds).items()}
        assert found[name]["kinds"] == slow
        assert found[name]["empty"] == round(1 - len(given) / 400, 4)


def test_a_signature_holds_no_text_and_no_rare_value() -> None:
    odd = ["Maria Papadopoulou"] + ["noise"] * 50 + ["call 6912345678"] * 9
    told = _signed(category=odd)
    kept = json.dumps(told)
    assert "Maria" not in kept
    assert "691" not in kept
    assert "A-1" not in kept
    assert told["labels"] == list(LABELS)
    assert set(told["columns"]) == {"id", "when", "category", "status", "lat"}
    assert told["columns"]["category"]["values"] == {"noise": round(50 / 60, 4)}
    assert told["columns"]["when"]["kinds"] == {"iso": 1.0}
    assert told["columns"]["lat"] == {"role": "latitude", "empty": 0.0, "kinds": {"decimal": 1.0}, "middle": 37.9}
    assert (told["first"], told["last"], told["rows"]) == ("2025-06-01", "2025-06-28", 60)


def test_what_happened_to_the_columns_is_told(t: Translator) -> None:
    signed = _signed()
    assert "nothing to compare with" in compare(None, _batch(signed, accepted=1)).sentences(t)[0]
    new = compare(_batch(signed), _batch(_signed(("ID ", "when", "category", "status", "lat", "Remarks"))))
    assert (new.appeared, new.vanished) == (("Remarks",), ("notes",))
    assert "New columns: “Remarks”." in new.sentences(t)
    changes = compare(_batch(signed), _batch(signed, accepted=3, updated=2, duplicate=55))
    assert not changes.columns_changed
    told = " ".join(changes.sentences(t))
    assert "The columns are the same" in told
    assert "New alerts: 3; updated: 2; unchanged: 55." in told


def test_changed_meanings_are_told(t: Translator) -> None:
    def why(**told: Sequence[str]) -> str:
        ((column, why),) = altered_columns(_signed(), _signed(**told)).items()
        return f"{column}: {t(why)}"

    assert "empty in 0 % of the rows before, now in 50 %" in why(category=["noise", ""] * 30)
    assert "ISO dates, now mostly dates with day" in why(when=["01/06/2025 10:00"] * 60)
    assert "such as “vol”" in why(category=["vol"] * 60)
    assert "half of its numbers were below 37.9, now below 23.6" in why(lat=["23.640"] * 60)
    assert altered_columns(_signed(), _signed(category=["noise"] * 30 + ["litter"] * 30)) == {}
    assert altered_columns(_signed(), _signed(status=["resolved"] * 10 + ["open"] * 50)) == {}
    old = _signed()
    old["columns"]["category"] = {**old["columns"]["category"], "role": "kind"}
    assert "is now read as" in t(altered_columns(old, _signed())["category"])


def test_the_earlier_export_is_the_last_alike() -> None:
    signed = _signed()
    other = {**signed, "labels": ["x", "y", "z"]}
    batches = [_batch(signed, 1), _batch(signed, 2), _batch(signed, 3, undone=True), _batch(other, 4), _batch({}, 5)]
    found = previous_export(batches, signed)
    assert found.id == "b2"
    assert previous_export(batches, {**signed, "format": "other"}) is None
    mended = {**signed, "labels": [*signed["labels"], "row", "column", "value", "reason", "mend"]}
    assert previous_export(batches, mended) is None
    again = replace(batches[-1], signature=mended, when=max(batch.when for batch in batches) + dt.timedelta(days=1))
    assert previous_export([*batches, again], signed) == found


def _written(
    path: Path,
    rows: list[tuple[str | None, str, int]],
    sources: Sequence[str] = ("curim",),
    batches: Sequence[str] = ("b1",),
) -> list[str]:
    """Sources and batches are given to the rows in turn."""
    ids, statuses, days = zip(*rows, strict=True)
    table = pa.table(
        {
            "incident_id": pa.array(ids, pa.string()),
            "source": pa.array([sources[at % len(sources)] for at in range(len(rows))]),
            "batch_id": pa.array([batches[at % len(batches)] for at in range(len(rows))]),
            "status": pa.array(statuses),
            "local_date": pa.array([dt.date(2025, 6, day) for day in days]),
            "alert_id": pa.array([f"{one}#{at}" for at, one in enumerate(ids)]),
        }
    )
    pq.write_table(table, path)
    return [str(path)]


SPAN = {"first": "2025-06-01", "last": "2025-06-20"}


def _slow_status_changes(
    stored: list[tuple[str | None, str, int]], staged: list[tuple[str | None, str, int]]
) -> dict[tuple[str, str], int]:
    """Alert by alert."""
    was, now = (
        {one: [row[1] for row in rows if row[0] == one] for one, *_ in rows if one} for rows in (stored, staged)
    )
    alone = [(was[one][0], now[one][0]) for one in was if len(was[one]) == len(now.get(one, ())) == 1]
    return dict(Counter((before, after) for before, after in alone if before != after))


def test_statuses_that_changed_are_those_of_a_walk_over_incidents_in_large_and_small_stores(tmp_path: Path) -> None:
    rng, names = np.random.default_rng(6), ["open", "confirmed", "resolved"]
    for case in range(30):
        old, new = (int(rng.integers(1, most)) for most in (120, 60))
        ids = [None, *(str(k) for k in range(40))]
        stored, staged = (
            [(ids[int(rng.integers(41))], names[int(rng.integers(3))], 1) for _ in range(n)] for n in (old, new)
        )
        files = _written(tmp_path / f"a{case}", stored), _written(tmp_path / f"b{case}", staged)
        assert status_changes(ENGINE, *files) == _slow_status_changes(stored, staged)


def test_gone_within_the_shared_period_only(tmp_path: Path, t: Translator) -> None:
    stored = _written(tmp_path / "a", [("1", "open", 1), ("2", "open", 8), ("3", "open", 9), ("4", "open", 25)])
    staged = _written(tmp_path / "b", [("2", "open", 5), ("9", "open", 28)])
    found = missing_alerts(ENGINE, stored, staged, ["curim"], SPAN)
    assert (found.n, found.of, found.first, found.last) == (1, 2, dt.date(2025, 6, 5), dt.date(2025, 6, 20))
    told = compare(_batch(_signed()), _batch(_signed()), {}, found).sentences(t)[-1]
    assert "1 alert from 5 June 2025 to 20 June 2025" in told


def _slow_missing(
    path: str, staged: set[str | None], sources: Sequence[str], others: Sequence[str], days: tuple[int, int]
) -> tuple[int, int]:
    """Alert by alert: those that are gone, and all of the period."""
    known: dict[str, list[int]] = {}
    for row in pq.read_table(path).to_pylist():
        if row["incident_id"] and row["source"] in sources and row["batch_id"] not in others:
            known.setdefault(row["incident_id"], []).append(row["local_date"].day)
    within = {one for one, found in known.items() if min(found) >= days[0] and max(found) <= days[1]}
    return len(within - staged), len(within)


def test_what_is_gone_is_that_of_a_walk_over_incidents(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    told = set()
    for case in range(40):
        ids = [None, *(f"{k}#" if k % 9 == 0 else str(k) for k in range(30))]
        n = int(rng.integers(1, 90))
        rows = [(ids[int(rng.integers(31))], "open", int(rng.integers(1, 31))) for _ in range(n)]
        stored = _written(tmp_path / f"a{case}", rows, ("curim", "csv", "open311"), ("b1", "b2", "b3", "b4"))
        taken = [ids[k + 1] for k in range(30) if rng.random() < 0.8]
        first = int(rng.integers(2, 8))
        named = [(one, "open", first) for one in taken]
        staged = _written(tmp_path / f"b{case}", [*named, ("last", "open", 30)])
        others = ("b2",) if case % 2 else ()
        found = missing_alerts(ENGINE, stored, staged, ["curim", "csv"], SPAN, others)
        gone, of = _slow_missing(stored[0], {*taken}, ["curim", "csv"], others, (first, 20))
        assert (found.n, found.of) == (gone if gone <= of / 2 else 0, of)
        told.add(found.n)
    assert len(told) > 2


def test_why_nothing_can_be_gone(tmp_path: Path, t: Translator) -> None:
    stored = _written(tmp_path / "a", [(str(day), "open", day) for day in range(1, 11)])

    def why(rows: list[tuple[str | None, str, int]], span: dict[str, Any] = SPAN) -> str:
        found = missing_alerts(ENGINE, stored, _written(tmp_path / "b", rows), ["curim"], span)
        assert found.n == 0
        return t(found.why_not)

    assert "an id in every row" in why([("1", "open", 1), (None, "open", 10)])
    assert "days in common" in why([("99", "open", 28)])
    assert "partial export" in why([("1", "open", 1), ("2", "open", 10)])
    assert "cannot be counted" in why([("1", "open", 1)], {"first": None, "last": None})
    other = _written(tmp_path / "b", [("1", "open", 1), ("10", "open", 10)])
    assert missing_alerts(ENGINE, stored, other, ["open311"], SPAN).n == 0


HEADER = "ref;when;what;lat;lon;state"


def _file(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *lines]).encode()


def _row(ref: str, day: str, state: str) -> str:
    return f"{ref};{day}T10:00;noise;37.9432;23.6470;{state}"


JANUARY = _file(*(_row(f"R{n}", f"2026-01-{n:02d}", "open") for n in range(1, 29)))
CHANGED = _file(
    *(_row(f"R{n}", f"2026-01-{n:02d}", "resolved" if n < 4 else "open") for n in range(1, 27)),
    _row("R40", "2026-02-02", "open"),
)


@pytest.mark.slow
def test_a_second_export_is_compared_before_it_is_written(home: Home, t: Translator) -> None:
    first = import_file(home, JANUARY, "january.csv")
    assert first.changes.before is None
    again = import_file(home, JANUARY, "january.csv")
    assert (again.batch.duplicate, again.changes.statuses) == (28, {})
    missing = again.changes.missing
    assert (missing.n, missing.of, missing.why_not) == (0, 28, None)
    assert [str(missing.first), str(missing.last)] == ["2026-01-01", "2026-01-28"]
    # An export whose columns a person settled is still the same export.
    mapping.save(home, ColumnMapping.from_layout(first.layout, first.facts.labels, name="desk"))
    seen = preview(CHANGED, "february.csv", home.city(), home=home).report.changes
    done = import_file(home, CHANGED, "february.csv").changes
    for changes in (seen, done):
        assert changes.before.file_name == "january.csv"
        assert (changes.now.accepted, changes.now.updated, changes.now.duplicate) == (1, 3, 23)
        assert changes.statuses == {("open", "resolved"): 3}
        assert "Open → Resolved: 3" in changes.sentences(t)
        assert (changes.missing.n, changes.missing.of) == (2, 28)


@pytest.mark.slow
def test_a_file_with_a_repeated_row_is_not_taken_for_all_that_is_stored(home: Home) -> None:
    """It has as many rows as the store has alerts, all of them known, and lacks one nevertheless."""
    rows = [_row(f"R{n}", f"2026-01-{n:02d}", "open") for n in range(1, 28)]
    repeated = _file(*rows, rows[-1])
    import_file(home, repeated, "repeated.csv")
    import_file(home, _file(*rows, _row("R50", "2026-01-15", "open")), "more.csv")
    again = import_file(home, repeated, "repeated.csv")
    assert again.batch.duplicate == 28
    assert (again.changes.missing.n, again.changes.missing.of) == (1, 28)
