"""The table of all benchmarks: what is judged, and what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.benchmarks import results
from tests.benchmarks.clock import Race
from tests.benchmarks.results import BEGIN, END, ROWS, Row, cells, exponent, hand_in, hand_in_race, put_into, read_rows


@pytest.mark.parametrize(
    ("row", "verdict", "ratio"),
    [
        (Row("a", "", processor=9, wall=0.4, goal=0.5), "met", 0.8),
        (Row("a", "", processor=0.1, wall=0.6, goal=0.5), "missed", 1.2),
        (Row("a", "", processor=0.6, goal=0.5), "missed", 1.2),
        (Row("a", "", processor=0.1, wall=0.6, goal=0.5, reference=0.03), "missed", 1.2),
        (Row("a", "", processor=0.1, wall=0.6, goal=0.5, reference=0.04), "scaled", 1.2),
        (Row("a", "", wall=0.1, figure=2.5, goal=2, reference=0.3), "missed", 1.25),
        (Row("a", "", figure=0, goal=0), "met", None),
        (Row("a", "", figure=1, goal=0), "missed", None),
        (Row("a", "", wall=float("nan"), goal=1.0, reference=0.3), "missed", pytest.approx(float("nan"), nan_ok=True)),
        (Row("a", "", processor=2, peer="b", peer_seconds=5), "", 2.5),
        (Row("a", "", processor=2), "", None),
    ],
)
def test_a_wait_is_judged_by_the_clock_and_a_peer_by_the_processor(row: Row, verdict: str, ratio: float | None) -> None:
    assert row.verdict == verdict
    assert row.ratio == ratio


def test_the_table_says_which_of_the_two_is_faster() -> None:
    assert cells(Row("a", "", processor=2, peer="b", peer_seconds=5))[5:7] == ("b 5.00 s", "2.5 times as fast")
    assert cells(Row("a", "", processor=2, peer="b", peer_seconds=0.5))[5:7] == ("b 500 ms", "4 times as long")


def test_costs_that_grow_as_a_root_have_the_power_one_half() -> None:
    assert exponent([1, 4, 100], [3, 6, 30]) == pytest.approx(0.5)


def test_rows_come_back_as_they_were_handed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "rows.jsonl"
    monkeypatch.setenv(ROWS, str(path))
    row = hand_in(Row("a", "1", processor=2, goal=1))
    hand_in_race("b", "2", Race(ours=0.5, peer=9, ratio=4), "c")
    assert [found for _, found in read_rows(path)] == [
        row,
        Row("b", "2", processor=0.5, peer="c", peer_seconds=2),
    ]


def test_the_tables_of_a_run_replace_those_of_the_one_before(tmp_path: Path) -> None:
    out, document = tmp_path / "performance", tmp_path / "page.md"
    rows = [("goals", Row("a page", "1", wall=0.2, goal=0.4)), ("density", Row("b", "", figure=0.5, unit="(power)"))]
    results.write(out, rows, {"commit": "abc"})
    assert json.loads(Path(f"{out}.json").read_text(encoding="utf-8"))["rows"][0]["verdict"] == "met"
    document.write_text(f"above\n{BEGIN}\nold\n{END}\nbelow\n", encoding="utf-8")
    put_into(document, Path(f"{out}.json"))
    text = document.read_text(encoding="utf-8")
    assert "old" not in text
    assert "| a page | 1 | 400 ms | 200 ms |  | 0.50 | met |" in text
    assert text.startswith("above")
    assert text.endswith("below\n")
    document.write_text("no marks", encoding="utf-8")
    with pytest.raises(ValueError, match="measured"):
        put_into(document, Path(f"{out}.json"))
