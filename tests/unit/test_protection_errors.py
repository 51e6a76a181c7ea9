"""What the copy costs, against a comparison of two small tables row by row, and as it is kept and told."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np
import pandas as pd
import pytest

from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import CityProfile, translator
from curim_data.protection.opening import (
    COMPARED,
    COMPARED_SENSITIVE,
    CopyErrors,
    Kind,
    copy_errors,
    keep_errors,
    kind_of,
    measure_errors,
)
from tests.small import alert, small_city, small_source

LAST = dt.date(2025, 6, 30)
SENSITIVE = "harassment_verbal"
CATEGORIES = (SENSITIVE, "lighting_poor", "noise")
# Two named places and a spot that has no name; the first is in one district, the others are in the other.
SPOTS: list[tuple[tuple[float, float], str, str | None]] = [
    ((23.630, 37.945), "zone_1", "quay"),
    ((23.650, 37.945), "zone_2", "theatre"),
    ((23.656, 37.955), "zone_2", None),
]
SIZES, SIZES_SENSITIVE = (5, 15, 30, 100, float("inf")), (10, 15, 30, 100, float("inf"))
COLUMNS = ["kind", "table", "least", "most", "n", "median", "nine_of_ten", "bias"]


def at(spot: int, rng: np.random.Generator | None = None) -> dict[str, Any]:
    """Where an alert of a spot is; `rng`: some metres beside it, as so many at one point are at default coordinates."""
    (x, y), district, place = SPOTS[spot]
    if rng is not None:
        x, y = x + float(rng.uniform(-2e-4, 2e-4)), y + float(rng.uniform(-2e-4, 2e-4))
    return {"point": (x, y), "district": district, "place": place}


def exact_rows(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Alerts of two years, some of which have the number of the one before or are of two categories."""
    rows = [alert(0, day=LAST, **at(0, rng))]
    for number in range(1, 500):
        told = {
            "day": LAST - dt.timedelta(days=int(rng.integers(0, 700))),
            "category": str(rng.choice(CATEGORIES, p=[0.6, 0.3, 0.1])),
            "affected_gender": str(rng.choice(["woman", "man", "undisclosed"], p=[0.6, 0.35, 0.05])),
        }
        told |= at(int(rng.choice(3, p=[0.6, 0.3, 0.1])), rng)
        if told["category"] == "noise":
            told["more_categories"] = ["lighting_poor"]
        rows.append(alert(number, **told))
        if number % 20 == 0:  # a second report of the same
            rows.append({**rows[-1], "alert_id": f"again{number}"})
    return rows


def copy_rows(exact: list[dict[str, Any]], rng: np.random.Generator) -> list[dict[str, Any]]:
    """The same, but every fifth incident is elsewhere or is of somebody else or of another month."""
    made: dict[str, dict[str, Any]] = {}
    for row in exact:
        planted = made.get(row["incident_id"])
        if planted is None:
            planted, number = {}, int(row["content_hash"])
            if number % 5 == 1:
                there = alert(0, **at(int(rng.integers(0, 3)), rng))
                planted = {
                    name: there[name] for name in ("district", "place", "longitude", "latitude", "cell_8", "cell_9")
                }
            elif number % 5 == 2 and number % 3 == 0:
                planted = {"affected_gender": "man"}
            elif number % 5 == 3 and number % 2 == 0:
                before = alert(0, day=row["local_date"] - dt.timedelta(days=31))
                planted = {name: before[name] for name in ("local_date", "week", "month", "weekday")}
            made[row["incident_id"]] = planted
    return [row | made[row["incident_id"]] for row in exact]


def counted(rows: list[dict[str, Any]], by: tuple[str, ...], resolution: int = 9) -> Counter[tuple[Any, ...]]:
    """Alerts of the last twelve months by some columns, each once in each of its categories."""
    found = set()
    for row in rows:
        if row["local_date"] <= LAST.replace(year=LAST.year - 1):
            continue
        for category in {row["category"], *(row["more_categories"] or ())}:
            words = {**row, "category": category, "cell": row[f"cell_{resolution}"]}
            key = tuple(words[name] for name in by)
            if None not in key:
                found.add((row["alert_id"], key))
    return Counter(key for _, key in found)


def nine_of_ten(values: list[float]) -> float:
    """The value under which nine tenths lie, drawn straight between the two that are nearest."""
    ordered, rank = sorted(values), 0.9 * (len(values) - 1)
    below = int(rank)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (rank - below) * (ordered[above] - ordered[below])


def twin(exact: list[dict[str, Any]], copy: list[dict[str, Any]]) -> pd.DataFrame:
    """The errors, count by count."""
    told = []
    asked = [("all", by, 9, SIZES) for by in COMPARED]
    asked += [("ordinary", by, 9, SIZES) for by in COMPARED if "category" in by]
    asked += [("sensitive", by, 8, SIZES_SENSITIVE) for by in COMPARED_SENSITIVE]
    for kind, by, resolution, sizes in asked:
        theirs, mine = counted(exact, by, resolution), counted(copy, by, resolution)
        if kind != "all":
            at = by.index("category")
            theirs = Counter({key: n for key, n in theirs.items() if (key[at] == SENSITIVE) == (kind == "sensitive")})
        for least, most in pairwise(sizes):
            off = [(mine[key] - n) / n for key, n in theirs.items() if least <= n < most]
            if off:
                size = [abs(one) for one in off]
                told.append((kind, " x ".join(by), least, most, len(off), median(size), nine_of_ten(size), mean(off)))
    return pd.DataFrame(told, columns=COLUMNS)


def pair(folder: Path, seed: int, city: CityProfile | None = None) -> tuple[Source, pd.DataFrame]:
    """A copy whose `exact` are other rows, and its errors as the twin has them."""
    rng = np.random.default_rng(seed)
    exact = exact_rows(rng)
    copy = copy_rows(exact, rng)
    theirs, mine = (small_source(folder, rows, city) for rows in (exact, copy))
    return replace(mine, as_of=theirs.as_of, first=theirs.first, exact=theirs), twin(exact, copy)


@pytest.mark.parametrize("seed", range(3))
def test_errors_are_those_of_a_comparison_count_by_count(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curim_data.protection.opening.FEWEST", 1)  # the last year is enough
    source, expected = pair(tmp_path, seed)
    found = measure_errors(source).frame.sort_values(["kind", "table", "least"], ignore_index=True)
    expected = expected.sort_values(["kind", "table", "least"], ignore_index=True)
    assert set(expected["table"]) == {" x ".join(by) for by in COMPARED}
    assert (expected.groupby("kind")["median"].max() > 0).all()
    assert set(expected["kind"]) == {"all", "ordinary", "sensitive"}
    assert (expected["bias"] < 0).any()
    assert (expected["bias"] > 0).any()
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_a_copy_that_is_the_same_has_no_errors_and_alerts_have_no_table(tmp_path: Path) -> None:
    rows = exact_rows(np.random.default_rng(9))
    theirs, mine = (small_source(tmp_path, rows) for _ in range(2))
    found = measure_errors(replace(mine, exact=theirs)).frame
    assert len(found) > 10
    assert (found[["median", "nine_of_ten", "bias"]] == 0).all(axis=None)
    assert measure_errors(theirs).frame.empty


def test_alerts_at_default_coordinates_are_not_compared_by_cell_as_no_map_has_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    pile = [alert(number, day=LAST, category="noise", **at(0)) for number in range(300)]
    others = [alert(300 + number, day=LAST, category="noise", **at(1, rng)) for number in range(60)]
    nowhere = alert(0, point=(None, None))
    moved = [row | {name: nowhere[name] for name in (*nowhere,) if nowhere[name] is None} for row in pile]
    theirs, mine = (small_source(tmp_path, of) for of in (pile + others, moved + others))
    found = measure_errors(replace(mine, exact=theirs)).frame
    of_cells = found[found["table"] == "cell x category"]
    assert of_cells["n"].sum() > 0
    assert (of_cells["median"] == 0).all()


def test_where_the_last_year_has_no_number_to_tell_all_time_is_compared(tmp_path: Path) -> None:
    long_ago = LAST - dt.timedelta(days=800)
    days = [long_ago] * 12 + [LAST]
    rows = [alert(number, day=day, category="noise", **at(0)) for number, day in enumerate(days)]
    elsewhere = [row | alert(0, **at(1)) | {"alert_id": row["alert_id"]} for row in rows]
    theirs, mine = (small_source(tmp_path, of) for of in (rows, rows[:6] + elsewhere[6:]))
    found = measure_errors(replace(mine, exact=theirs)).frame.set_index(["kind", "table"])
    assert found.loc[("all", "place x category"), "n"].sum() == 1
    assert not (found.index.get_level_values("kind") == "sensitive").any()


def test_they_are_the_same_after_they_were_kept(tmp_path: Path) -> None:
    city = small_city()
    city.__dict__["_prepared"] = tmp_path / "prepared"
    source, _ = pair(tmp_path, 1, city)
    first = copy_errors(source)
    assert copy_errors(source) is first
    keep_errors(source)
    kept = source.kept("copy_errors")
    again = copy_errors(replace(source, exact=None, cache={}))  # in a later process: what was kept, and no comparison
    pd.testing.assert_frame_equal(again.frame, first.frame, check_dtype=False)
    assert json.loads(json.dumps(kept, allow_nan=False)) == kept
    assert np.isinf(again.frame["most"]).any()


def errors_of(*rows: tuple[Any, ...]) -> CopyErrors:
    return CopyErrors(pd.DataFrame(list(rows), columns=COLUMNS))


FEW = [
    ("all", "cell x category", 5.0, 15.0, 30, 0.40, 0.9, -0.1),
    ("all", "district x category", 5.0, 15.0, 10, 0.20, 0.3, 0.1),
]
MANY = ("all", "place x category", 100.0, float("inf"), 24, 0.06, 0.1, 0.0)
# What is told of nothing by place does not count.
BESIDE = [
    ("all", "month x category", 5.0, 15.0, 900, 0.0, 0.0, 0.0),
    ("all", "cell x category", 15.0, 30.0, 70, 0.9, 0.9, 0.0),
    ("sensitive", "cell x category", 10.0, 15.0, 20, 0.6, 0.9, 0.0),
]


def test_the_error_of_a_size_weighs_tables_by_their_counts() -> None:
    errors = errors_of(*FEW, MANY, *BESIDE)
    assert errors.of_size(5) == pytest.approx((30 * 0.40 + 10 * 0.20) / 40)
    assert errors.of_size(100) == pytest.approx(0.06)
    assert np.isnan(errors.of_size(30))
    assert errors.of_size(10, "sensitive") == pytest.approx(0.6)
    assert "numbers from 10 to 14 by place" in errors.sentence(translator("en"), "sensitive")


@pytest.mark.parametrize("kind", ["all", "sensitive"])
def test_an_error_of_few_counts_is_not_told_as_it_would_give_them_away(kind: Kind) -> None:
    def said(n: int) -> str:
        return errors_of((kind, "cell x category", 10.0, 15.0, n, 0.42, 0.9, -0.1)).sentence(translator("en"), kind)

    assert "typically 45 % off" in re.sub("\u00a0", " ", said(20))
    for n in (1, 19):
        assert said(n) == "From the protected copy: rare alerts have exchanged place and time with others."


def test_of_ordinary_ones_that_are_few_the_error_of_all_is_told_and_of_sensitive_ones_none() -> None:
    few = [(kind, "cell x category", 10.0, 15.0, 19, 0.6, 0.9, 0.0) for kind in ("ordinary", "sensitive")]
    errors, t = errors_of(*FEW, *few), translator("en")
    assert errors.sentence(t, "ordinary") == errors.sentence(t)
    assert "%" not in errors.sentence(t, "sensitive")


def test_sizes_begin_at_what_the_city_writes_out(tmp_path: Path) -> None:
    source, _ = pair(tmp_path, 0, replace(small_city(), least_counts=(20, 40)))
    found = measure_errors(source).frame
    assert set(found.loc[found["kind"] != "sensitive", "least"]) <= {20, 30, 100}
    assert set(found.loc[found["kind"] == "sensitive", "least"]) <= {40, 100}


def test_of_which_categories_a_filter_asks() -> None:
    city = small_city()
    for categories, kind in (
        ((), "all"),
        (CATEGORIES, "all"),
        (CATEGORIES[1:], "ordinary"),
        (CATEGORIES[:1], "sensitive"),
    ):
        assert kind_of(AlertFilter(categories=categories), city) == kind


def test_the_sentence_says_how_far_numbers_lie_off() -> None:
    def said(*rows: tuple[Any, ...]) -> str:
        return errors_of(*rows).sentence(translator("en")).replace("\u00a0", " ")

    few = "From the protected copy: numbers from 5 to 14 by place are typically 35 % off"
    none = "From the protected copy: rare alerts have exchanged place and time with others."
    assert said(*FEW, MANY, *BESIDE) == few + ", those from 100 on 10 %."
    assert said(*FEW, *BESIDE) == few + "."
    assert said(MANY, BESIDE[0]) == said() == none
