"""A preview after an answer: what was read of the file is not read again, and the outcome is that of a new reading."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from curim_data.importing import pipeline
from curim_data.importing.mapping import ColumnMapping
from curim_data.importing.pipeline import preview
from curim_data.importing.report import Preview
from curim_data.model import Answers, CityProfile

TABLE = "date;latitude;longitude;category;gender\n" + "".join(
    f"{day:02d}/03/2025 21:{day:02d};37.94{day:02d};23.64{day:02d};{'broken lamp' if day % 2 else 'shouting'};woman\n"
    for day in range(1, 29)
)


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    made: list[Any] = []
    read = pipeline.profile_export

    def counted(*args: Any, **settings: Any) -> Any:
        made.append(args)
        return read(*args, **settings)

    monkeypatch.setattr(pipeline, "profile_export", counted)
    return made


def answered(first: Preview, city: CityProfile) -> ColumnMapping:
    """The mapping of a reader who says what a word of the file stands for."""
    layout = first.report.layout
    known = next(iter(city.categories))
    made = ColumnMapping.from_layout(layout, first.report.facts.labels, answers=Answers(), name="own")
    return replace(made, categories={**made.categories, "shouting": known})


def told(found: Preview) -> tuple[Any, ...]:
    report = found.report
    return {**report.counts, "batch": ""}, found.words, found.values, report.decisions


def test_an_answer_on_a_value_does_not_read_the_file_again(city: CityProfile, readings: list[Any]) -> None:
    read: list[Any] = []
    content = TABLE.encode()
    first = preview(content, "own.csv", city, read=read)
    mapping = answered(first, city)
    again = preview(content, "own.csv", city, mapping=mapping, read=read)
    assert len(readings) == 1
    fresh = preview(content, "own.csv", city, mapping=mapping)
    assert len(readings) == 2
    assert told(again) == told(fresh)
    pd.testing.assert_frame_equal(again.sample, fresh.sample)
    pd.testing.assert_frame_equal(again.mapping, fresh.mapping)
    assert not first.sample["category"].equals(again.sample["category"]), "the answer counts"


def test_other_columns_or_another_file_are_read_again(city: CityProfile, readings: list[Any]) -> None:
    read: list[Any] = []
    first = preview(TABLE.encode(), "own.csv", city, read=read)
    preview(TABLE.replace("shouting", "music").encode(), "own.csv", city, read=read)
    assert len(readings) == 2
    mapping = answered(first, city)
    fewer = replace(mapping, roles={role: parts for role, parts in mapping.roles.items() if role != "affected_gender"})
    preview(TABLE.replace("shouting", "music").encode(), "own.csv", city, mapping=fewer, read=read)
    assert len(readings) == 3


def test_a_file_that_was_changed_on_disk_is_read_again(city: CityProfile, readings: list[Any], tmp_path: Path) -> None:
    file, read = tmp_path / "own.csv", list[Any]()
    file.write_text(TABLE, "utf-8")
    first = preview(file, "own.csv", city, read=read)
    file.write_text(TABLE.replace("shouting", "screams"), "utf-8")
    again = preview(file, "own.csv", city, read=read)
    assert len(readings) == 2
    assert "shouting" in str(first.values)
    assert "shouting" not in str(again.values)
