from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curim_data.formats.base import Layout, Part
from curim_data.geo.enrichment import enrich
from curim_data.importing.decisions import decide
from curim_data.importing.profiling import FileProfile
from curim_data.importing.rows import ParsedRows, flag_lists, parse_rows
from curim_data.model import Answers, Block, CityProfile
from curim_data.model.city import Category
from tests.blocks import block_of
from tests.effort import effort

NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
DATE = {"reported_at": ["2025-03-01T22:15+02:00"]}


def layout_of(columns: Mapping[str, Any], **more: Any) -> Layout:
    return Layout("test", {role: (Part(at),) for at, role in enumerate(columns)}, **more)


def parsed(
    columns: dict[str, list[str]], city: CityProfile, *, layout: Layout | None = None, **more: Any
) -> ParsedRows:
    """Parse a file whose headings are roles."""
    size = max(len(values) for values in columns.values())
    filled = {role: values * size if len(values) == 1 else values for role, values in columns.items()}
    return parsed_block(block_of(filled), tuple(filled), layout or layout_of(filled, **more), city)


def parsed_block(
    block: Block, labels: tuple[str, ...], layout: Layout, city: CityProfile, **answers: Any
) -> ParsedRows:
    profile = FileProfile(layout, labels)
    profile.add(block)
    return parse_rows(block, labels, layout, decide(profile, layout, city, Answers(**answers), "f", NOW), city)


def flags(made: ParsedRows) -> list[list[str]]:
    return list(flag_lists(made.alerts["flag_bits"].to_numpy()).to_pylist())


def column(made: ParsedRows, name: str) -> list[Any]:
    return list(made.alerts[name].to_pylist())


# Computed once, without kinds that the city's category list gives: alerts of every home are known again by these.
CONTENT = ["4a1f321886ff25d6", "ca1957a1fc922fef"]


def test_the_hash_of_a_content_never_changes(city: CityProfile) -> None:
    columns = {
        "alert_id": ["A", ""],
        "reported_at": ["2025-03-01T22:15+02:00"],
        "occurred_from": ["2025-03-01T21:15+02:00", ""],
        "category": ["graffiti", "Γκράφιτι στον τοίχο"],
        "more_categories": ["noise|theft", ""],
        "severity": ["3", ""],
        "latitude": ["37.943", ""],
        "longitude": ["23.647", ""],
        "affected_gender": ["woman", ""],
    }
    assert column(parsed(columns, city), "content_hash") == CONTENT


def test_missing_words_and_ages_of_nothing_are_no_unknown_values(city: CityProfile) -> None:
    made = parsed(
        {
            **DATE,
            "category": ["graffiti"],
            "affected_gender": ["NULL", "Desconocido", "?", "", "F"],
            "age_band": ["NULL", "0", "-1", "odd", "36"],
            "status": ["None", "n/a", "", "Closed", "odd"],
        },
        city,
    )
    assert column(made, "affected_gender") == ["undisclosed", "unknown", "unknown", "undisclosed", "woman"]
    assert column(made, "reporter_gender") == ["unknown"] * 5
    assert column(made, "age_band") == [None, None, None, None, "30_44"]
    assert column(made, "status") == ["open", "open", "open", "resolved", "open"]
    assert flags(made) == [[], [], ["unknown_gender"], ["unknown_age_band"], ["unknown_status"]]
    assert made.outcomes.unknown == {"affected_gender": {"?": 1}, "age_band": {"odd": 1}, "status": {"odd": 1}}


def test_what_a_person_told_of_categories_goes_before_the_tree(city: CityProfile) -> None:
    made = parsed(
        {**DATE, "category": ["noise", "Bruit", "Odd"]},
        city,
        categories={"noise": "graffiti", "odd": "own"},
        kind="risk",
    )
    assert column(made, "category") == ["graffiti", "noise", "own"]
    assert column(made, "kind") == ["incivility", "incivility", "risk"]
    assert flags(made) == [["repaired"], ["repaired"], ["repaired"]]


def test_a_category_that_an_export_brought_is_not_repaired_to_its_own_id(city: CityProfile) -> None:
    brought = Category("night_noise", "incivility", "", False, {"en": "Night noise"})
    known = replace(city, categories={**city.categories, "night_noise": brought})
    made = parsed({**DATE, "category": ["Night noise", "Bruit"]}, known)
    assert (column(made, "category"), flags(made)) == (["night_noise", "noise"], [[], ["repaired"]])
    assert flags(parsed({**DATE, "category": ["Bruit"]}, replace(known, provisional=True))) == [[]]


def test_a_value_that_a_table_of_words_makes_wrong_sets_the_row_aside(city: CityProfile) -> None:
    made = parsed(
        {**DATE, "status": ["open", "odd"]}, city, words={"status": {"odd": "nonsense"}, "severity": {"high": "4"}}
    )
    assert made.outcomes.reason.tolist() == ["", "invalid_value"]
    made = parsed({**DATE, "severity": ["high", "9"]}, city, words={"severity": {"high": "4"}})
    assert column(made, "severity") == [4, None]
    assert flags(made) == [["unknown_category"], ["repaired", "unknown_category"]]


def test_a_month_spans_its_local_month_and_is_kept_like_a_day(city: CityProfile) -> None:
    made = parsed(
        {"occurred_from": ["2018-12", "2018-11-05 10:00", ""], "reported_at": ["", "2018-11", "2018-11-05"]}, city
    )
    assert column(made, "time_precision") == ["month", "minute", "day"]
    begun = [at and f"{at:%F %T%z}" for at in column(made, "occurred_from")]
    assert begun == ["2018-11-30 22:00:00+0000", "2018-11-05 08:00:00+0000", None]
    assert column(made, "occurred_to")[0].isoformat() == "2018-12-31T22:00:00+00:00"
    assert column(made, "occurred_to")[1:] == [None, None]
    enriched = enrich(made.alerts, city)
    assert enriched["time_precision"].to_pylist() == ["month", "minute", "day"]
    assert [enriched[name].to_pylist()[0] for name in ("hour", "hours", "dark")] == [None, None, None]
    assert enriched["local_date"].to_pylist()[0] == dt.date(2018, 12, 1)


def test_a_point_gives_both_coordinates_whatever_its_writing(city: CityProfile) -> None:
    points = ["37.94,23.64", "(37.94, 23.64)", "POINT (23.64 37.94)", "[23.64, 37.94]", "", "somewhere"]
    made = parsed({**DATE, "point": points}, city)
    assert column(made, "latitude") == [37.94] * 4 + [None]
    assert column(made, "longitude") == [23.64] * 4 + [None]
    assert made.outcomes.reason.tolist() == [""] * 5 + ["bad_coordinates"]


CELLS = {
    "alert_id": ["", "A1", "A2", "NULL"],
    "reported_at": ["13/02/2025 10:00", "2025-03-01T22:15+02:00", "01/02/2025", "", "x", "3 Mar 2025", "2030-01-01"],
    "occurred_from": ["", "01/02/2025 8:15 PM", "2025-01", "y"],
    "occurred_to": ["", "2020-01-01", "2026-01-01", "z"],
    "category": ["graffiti", "Bruit", "odd", "noise, graffiti", "", "a@b.example"],
    "more_categories": ["", "noise|odd"],
    "severity": ["", "3", "9"],
    "affected_gender": ["F", "M", "?", ""],
    "status": ["", "Closed", "odd"],
    "latitude": ["37.943", "37,95", "0", "", "23.64"],
    "longitude": ["23.647", "23,65", "0", "", "37.94"],
}


@pytest.mark.slow
@settings(max_examples=effort(20, 500), deadline=None)
@given(st.data())
def test_blocks_of_any_size_tell_the_same(city: CityProfile, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 40))
    columns = {
        name: data.draw(st.lists(st.sampled_from(cells), min_size=size, max_size=size)) for name, cells in CELLS.items()
    }
    columns["reported_at"][0] = "13/02/2025 10:00"
    cuts = sorted({0, size, *data.draw(st.lists(st.integers(1, 40), max_size=3))} & set(range(size + 1)))
    layout, labels = layout_of(columns, separators=(",",)), tuple(columns)
    profile = FileProfile(layout, labels)
    profile.add(block_of(columns))
    decisions = decide(profile, layout, city, Answers(), "f", NOW)
    whole = parse_rows(block_of(columns), labels, layout, decisions, city)
    parts = [
        parse_rows(
            block_of({name: cells[start:end] for name, cells in columns.items()}, start + 1),
            labels,
            layout,
            decisions,
            city,
        )
        for start, end in pairwise(cuts)
    ]
    assert pa.concat_tables([part.alerts for part in parts]).to_pylist() == whole.alerts.to_pylist()
    for name in ("reason", "column", "value", "bits"):
        joined = np.concatenate([getattr(part.outcomes, name) for part in parts])
        assert joined.tolist() == getattr(whole.outcomes, name).tolist()
    assert whole.alerts.num_rows + int((whole.outcomes.reason != "").sum()) == size


def test_a_category_without_a_kind_in_the_list_gets_that_of_the_file(city: CityProfile) -> None:
    """A list that a city edited may leave a kind out: such a file ended with a KeyError."""
    one = next(iter(city.categories.values()))
    bare = replace(city, categories={**city.categories, one.id: replace(one, kind="")})
    made = parsed({**DATE, "category": [one.id, "never heard of"]}, bare, kind="risk")
    assert column(made, "kind") == ["risk", "risk"]
