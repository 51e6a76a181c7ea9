"""Which table each audience reads, over the life of a home; what the copy costs, row by row."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from babel.messages.pofile import read_po

from curim_data import query
from curim_data.engine import Source, open_source
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import import_file
from curim_data.model import Audience, CityProfile, i18n, translator
from curim_data.protection import copy_of, open_for, opened_for
from curim_data.protection import opening as module
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
from curim_data.store import Home, Store
from curim_data.store.erase import draw_files, erase
from curim_data.store.home import create_home
from tests.attacker.records import records
from tests.effort import some
from tests.small import alert, small_city, small_source
from tests.stored import seen_by, stored_alerts, stored_column

ALL = AlertFilter(period="all")
NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
EXACT = (Audience.ANALYST, Audience.SPECIALIST)
PROTECTED = tuple(one for one in Audience if one not in EXACT)
COLUMNS = ("alert_id", "reported_at", "category", "status", "latitude", "longitude")


def export(since: int, until: int, **told: str) -> bytes:
    """Alerts of a few places over three months, no two of a category on one day within 50 m, as far as can be."""
    text = io.StringIO()
    writer = csv.DictWriter(text, dict.fromkeys((*COLUMNS, *told)), delimiter=";")
    writer.writeheader()
    for number in range(since, until):
        rng = np.random.default_rng(number)
        moment = dt.datetime(2025, 3, 1, 10) + dt.timedelta(hours=int(rng.integers(0, 24 * 90)))
        place = (37.940 + 0.002 * int(rng.integers(0, 4)), 23.640 + 0.002 * int(rng.integers(0, 4)))
        place = (place[0] + 0.0006 * (number % 3), place[1] + 0.0006 * (number // 3 % 3))
        row = {"alert_id": f"T-{number}", "reported_at": moment.isoformat(), "status": "open"}
        row |= {"category": str(rng.choice(["graffiti", "noise", "lighting_poor"]))}
        row |= {"latitude": f"{place[0]:.6f}", "longitude": f"{place[1]:.6f}"}
        writer.writerow(row | told)
    return text.getvalue().encode()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = create_home(tmp_path / "home")
    import_file(home, export(0, 200), "first.csv", now=NOW)
    return home


def draws(home: Home) -> dict[str, dict[str, Any]]:
    rows = [row for path in draw_files(home) for row in pq.read_table(path).to_pylist()]
    return {row["alert_id"]: row for row in rows}


def shown(home: Home) -> list[tuple[Any, ...]]:
    """What the council's table says of its alerts, each under its name in the copy."""
    columns = ["alert_id", "category", "status", "cell_9", "local_date"]
    frame = stored_alerts(open_for(home, Audience.COUNCIL)).select(columns).to_pandas()
    return sorted(map(tuple, frame.astype(object).to_numpy().tolist()), key=str)


@pytest.mark.parametrize("audience", EXACT)
def test_analysts_and_specialists_read_the_alerts(home: Home, audience: Audience) -> None:
    source = open_for(home, audience)
    assert source.exact is None
    assert set(stored_column(source, "alert_id")) == {f"T-{number}" for number in range(200)}
    assert not draw_files(home)  # nobody asked for the copy


@pytest.mark.parametrize("audience", PROTECTED)
def test_council_and_public_read_the_copy(home: Home, audience: Audience) -> None:
    alerts, copy = open_source(home), open_for(home, audience)
    assert copy.exact.version == alerts.version != copy.version
    assert copy.count == 200
    assert not {name for name in stored_column(copy, "alert_id") if name.startswith("T-")}
    for name in ("first", "as_of", "meeting", "known_time", "asked", "annotations"):
        assert getattr(copy, name) == getattr(alerts, name), name
    cells = stored_column(alerts, "cell_9"), stored_column(copy, "cell_9")
    assert sorted(cells[0]) == sorted(cells[1])  # exchanged among themselves
    assert stored_column(alerts, "local_date").tolist() != stored_column(copy, "local_date").tolist()


@pytest.mark.parametrize("audience", PROTECTED)
def test_a_home_without_alerts_has_an_empty_copy(home: Home, tmp_path: Path, audience: Audience) -> None:
    Store(home).undo(Store(home).batches()[0].id)
    for empty in (home, create_home(tmp_path / "new")):
        copy = open_for(empty, audience)
        assert copy.count == query.total(seen_by(copy, audience), ALL).n == 0


def test_the_copy_tells_the_days_of_the_alerts_while_the_newest_wait(home: Home) -> None:
    shown(home)
    last = open_source(home).as_of + dt.timedelta(days=20)
    import_file(home, export(200, 205, reported_at=f"{last}T10:00"), "newest.csv", now=NOW)
    copy = open_for(home, Audience.COUNCIL)
    assert copy.count == 200
    assert copy.as_of == open_source(home).as_of == last
    assert stored_column(copy, "local_date").max() < last


def test_the_copy_tells_what_the_exports_ask_though_it_does_not_have_it(tmp_path: Path) -> None:
    home = create_home(tmp_path / "home")
    told = {"category": "harassment_sexual", "feeling": "2"}
    import_file(home, export(0, 60, **told), "feelings.csv", now=NOW)
    alerts, copy = open_source(home), open_for(home, Audience.COUNCIL)
    assert stored_column(alerts, "feeling").count() == 60
    assert stored_column(copy, "feeling").count() == 0
    assert copy.asked == alerts.asked
    assert "feeling" in copy.asked


def test_the_copy_is_made_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    first = shown(home)
    monkeypatch.setattr(module, "write_copy", None)
    monkeypatch.setattr(module, "release", None)
    assert shown(home) == first
    assert open_for(home, Audience.PUBLIC).version == open_for(home, Audience.COUNCIL).version


def updated(home: Home) -> None:
    import_file(home, export(0, 200, status="resolved"), "updated.csv", now=NOW)


def enlarged(home: Home) -> None:
    import_file(home, export(200, 400), "second.csv", now=NOW)


def shrunk(home: Home) -> None:
    erase(home, [f"T-{number}" for number in range(0, 200, 2)])


@some(("change", "left"), [(shrunk, 100), (enlarged, 400), (updated, 200)])
def test_a_change_of_the_alerts_makes_the_copy_anew_and_leaves_what_was_drawn(
    home: Home, change: Callable[[Home], None], left: int
) -> None:
    before, version = shown(home), open_for(home, Audience.COUNCIL).version
    kept = draws(home)
    change(home)
    after = shown(home)
    assert open_for(home, Audience.COUNCIL).version != version
    assert len(after) == left
    now = draws(home)
    common = kept.keys() & now.keys()
    assert len(common) == min(left, 200)
    for name in common:
        assert {**now[name], "unit": ""} == {**kept[name], "unit": ""}
    places = {row[0]: (row[1], *row[3:]) for row in before}
    assert all(places[row[0]] == (row[1], *row[3:]) for row in after if row[0] in places)
    assert sum(row[0] in places for row in after) == min(left, 200)
    assert {row[2] for row in after} == ({"resolved"} if change is updated else {"open"})


def test_undo_gives_the_copy_back_and_the_same_import_again_the_same(home: Home) -> None:
    before, kept = shown(home), draws(home)
    enlarged(home)
    whole, more = shown(home), draws(home)
    Store(home).undo(Store(home).batches()[-1].id)
    assert shown(home) == before
    assert draws(home) == more
    assert more.items() >= kept.items()
    enlarged(home)
    assert shown(home) == whole
    assert draws(home) == more


def test_the_copy_of_alerts_is_that_of_their_home_and_of_a_copy_itself(home: Home, tmp_path: Path) -> None:
    copy = copy_of(open_source(home))
    assert copy.exact is not None
    assert copy.version == open_for(home, Audience.COUNCIL).version
    assert copy_of(copy) is copy
    alone = small_source(tmp_path, [alert(1)])
    assert copy_of(alone) == replace(alone, protected=True)


ASKED: dict[str, Callable[[Source, Audience], Any]] = {
    "counts": lambda source, audience: query.counts(seen_by(source, audience), ALL, ["category"]),
    "cells": lambda source, audience: query.cells(seen_by(source, audience), ALL, 8),
    "total": lambda source, audience: query.total(seen_by(source, audience), ALL),
    "options": lambda source, audience: query.options(seen_by(source, audience), ALL, "categories"),
    "default coordinates": lambda source, audience: query.default_coordinates(seen_by(source, audience), ALL),
    "nearest": lambda source, audience: query.nearest_nonempty(
        seen_by(source, audience), ALL.replace(categories=("none",))
    ),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("audience", PROTECTED)
def test_the_alerts_of_a_home_are_counted_for_nobody_who_reads_the_copy(
    sample: Home, council: Source, asked: str, audience: Audience
) -> None:
    alerts = open_source(sample)
    with pytest.raises(RuntimeError, match="open their protected copy"):
        ASKED[asked](alerts, audience)
    ASKED[asked](alerts, Audience.SPECIALIST)
    ASKED[asked](council, audience)


def known(source: Source) -> tuple[str, str, dt.date | None, tuple[Any, ...]]:
    return source.version, source.city.version, source.meeting, source.annotations


def test_a_run_that_has_alerts_and_copy_open_reads_nothing_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    alerts, copy = (open_for(home, audience) for audience in (Audience.ANALYST, Audience.COUNCIL))
    monkeypatch.setattr("curim_data.protection.opening.open_source", None)
    assert opened_for(home.path, Audience.SPECIALIST, known(alerts)) is alerts
    assert opened_for(home.path, Audience.PUBLIC, known(copy)) is copy
    assert opened_for(home.path, Audience.COUNCIL, known(alerts)) is None
    assert opened_for(home.path / "other", Audience.COUNCIL, known(copy)) is None
    assert opened_for(home.path, Audience.COUNCIL, ("another", *known(copy)[1:])) is None


def test_a_home_whose_folder_has_spaces_and_greek_letters_lives_as_any_other(tmp_path: Path) -> None:
    home = create_home(tmp_path / "ο δήμος μου" / "home")
    import_file(home, export(0, 200), "first.csv", now=NOW)
    before = shown(home)
    changed = import_file(home, export(0, 200, notes="x").replace(b"open", b"resolved"), "second.csv", now=NOW)
    Store(home).undo(changed.batch.id)
    assert open_for(home, Audience.ANALYST).count == 200
    assert shown(home) == before
    erase(home, ["T-7"])
    assert open_for(home, Audience.ANALYST).count == open_for(home, Audience.COUNCIL).count == 199


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
OF_ERRORS = ["kind", "table", "least", "most", "n", "median", "nine_of_ten", "bias"]


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
    return pd.DataFrame(told, columns=OF_ERRORS)


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
    return CopyErrors(pd.DataFrame(list(rows), columns=OF_ERRORS))


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
    assert said(*FEW, MANY, *BESIDE) == said(*FEW, *BESIDE) == few + "."
    assert said(MANY, BESIDE[0]) == said() == none


# What the copy promises to keep exactly (docs/protection.md), and what pages say of it.

FINEST = ["week", "band", "dark", "category", "affected_gender"]


def all_alerts(source: Source) -> pd.DataFrame:
    """All alerts."""
    found = records(stored_alerts(source), source.city)
    return found.assign(**{name: found[name].astype(str) for name in ("category", "affected_gender")})


@pytest.fixture(scope="module")
def both(sample: Home) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The sample city for a specialist and for the council."""
    alerts, copy = (all_alerts(open_for(sample, who)) for who in (Audience.SPECIALIST, Audience.COUNCIL))
    return alerts, copy


def tally(rows: pd.DataFrame, by: list[str]) -> Counter[tuple[object, ...]]:
    return Counter(rows[by].itertuples(index=False, name=None))


def test_ordinary_counts_of_the_city_are_exact_at_every_time(both: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    alerts, copy = (rows[~rows["sensitive"]] for rows in both)
    assert len(alerts) > 20_000
    assert tally(copy, FINEST) == tally(alerts, FINEST)


def test_sensitive_counts_of_the_city_are_exact_by_month_and_by_quarter_category_and_gender(
    both: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    alerts, copy = (rows[rows["sensitive"]] for rows in both)
    # a quarter with a month under ten keeps its quarters alone
    by_month = alerts.groupby(["quarter", "month"]).size()
    small = by_month[by_month < 10].index.get_level_values("quarter")
    theirs, mine = (rows[~rows["quarter"].isin(small)] for rows in (alerts, copy))
    assert len(theirs) > 0.8 * len(alerts)
    # alike reports of one day move together: where a month has no others of as many, a quarter's months are not exact
    own, shown = tally(theirs, ["quarter", "month"]), tally(mine, ["quarter", "month"])
    assert len({quarter for quarter, month in own if own[quarter, month] != shown[quarter, month]}) <= 1
    assert tally(mine, ["quarter"]) == tally(theirs, ["quarter"])
    months = alerts.groupby("quarter")["month"].nunique()
    whole = months.index[months == 3]  # a quarter of which one month has data counts with its neighbour
    whole = whole[1:-1]
    by = ["quarter", "category", "affected_gender"]
    mine, theirs = (rows[rows["quarter"].isin(whole)] for rows in (copy, alerts))
    assert tally(mine, by) == tally(theirs, by)


# Words of the time when small counts were withheld from each table instead of being counted in a copy.
WITHHOLDING: Final = re.compile(
    r"protected (counts|numbers)|(counts|numbers)\W+(are|is|stay)\W+protected|protects? (small )?(counts|numbers)"
    r"|would tell|rounded up|to protect people",
    re.IGNORECASE,
)


def messages() -> list[str]:
    with (i18n.LOCALE_DIR / "el" / "LC_MESSAGES" / "curim.po").open("rb") as file:
        found = read_po(file)
    return [one if isinstance(one, str) else one[0] for one in (message.id for message in found) if one]


def test_no_text_speaks_of_withholding() -> None:
    assert not [text for text in messages() if WITHHOLDING.search(text)]
