"""The dirty export and its answers: each row has one, and it says what stands in the row."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

import pandas as pd

import sample_data
from sample_data.rows import COLUMNS


def _records(path: Path) -> list[list[str]]:
    text = path.read_bytes().removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))[1:]


def test_every_dirty_row_has_its_answer() -> None:
    records = _records(sample_data.DIRTY_EXPORT)
    answers = pd.read_csv(sample_data.DIRTY_ANSWERS, sep=";", encoding="utf-8-sig", dtype=str, keep_default_na=False)
    assert list(answers["row"].astype(int)) == list(range(1, len(records) + 1))
    assert len(records) == 2_000
    assert set(answers["outcome"]) == {"accepted", "duplicate", "quarantined"}
    refused = answers[answers["outcome"] == "quarantined"]
    assert set(refused["reason"]) == {
        "bad_date",
        "future_date",
        "no_date",
        "bad_coordinates",
        "too_many_fields",
        "too_few_fields",
        "empty_row",
        "totals_row",
        "bad_encoding",
    }
    assert ((answers["repaired"] == "no") | (answers["outcome"] == "accepted")).all()
    codes = {code for reason in answers.loc[answers["outcome"] == "accepted", "reason"] for code in reason.split("|")}
    assert codes == {
        "",
        "swapped_coordinates",
        "zero_coordinates",
        "decimal_comma",
        "category_label",
        "encoding_repaired",
        "trailing_fields",
        "out_of_range_severity",
        "bad_end",
        "unknown_category",
        "unknown_gender",
        "outside_city",
    }


def test_dirty_answers_agree_with_what_stands_in_the_rows() -> None:
    records = _records(sample_data.DIRTY_EXPORT)
    answers = pd.read_csv(sample_data.DIRTY_ANSWERS, sep=";", encoding="utf-8-sig", dtype=str, keep_default_na=False)
    seen: dict[str, list[list[str]]] = {}
    width = len(COLUMNS)
    for fields, answer in zip(records, answers.itertuples(), strict=True):
        blank = not any(field.strip() for field in fields)
        assert (answer.reason == "empty_row") == blank
        if answer.reason in ("too_many_fields", "too_few_fields"):
            assert (len(fields) > width) == (answer.reason == "too_many_fields")
        elif answer.reason not in ("trailing_fields",):
            assert len(fields) == width
        if answer.outcome == "quarantined":
            continue
        earlier = seen.setdefault(fields[0], [])
        assert (answer.outcome == "duplicate") == (bool(fields[0]) and fields in earlier)
        earlier.append(fields)
        raw = "".join(fields).encode("latin-1")
        try:
            raw.decode("utf-8")
            assert "encoding_repaired" not in answer.reason
        except UnicodeDecodeError:
            assert "encoding_repaired" in answer.reason
    twice = [rows for name, rows in seen.items() if name and len(rows) > 1]
    assert sum(rows[0] != rows[1] for rows in twice) == 30
    without_id = Counter(map(tuple, seen[""]))
    assert sum(count == 2 for count in without_id.values()) == 20
