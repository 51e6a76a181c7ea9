"""The exchange: what stays exactly equal, whatever is drawn, and what never mixes."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from importlib import import_module

import h3.api.basic_int as h3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curim_data.geo.enrichment import parent_cells
from curim_data.protection.exchange import Exchanged, Units, exchange

module = import_module("curim_data.protection.exchange")
held_back, without_place = module.held_back, module.without_place
FINE = np.array(sorted(h3.cell_to_children(h3.cell_to_parent(h3.latlng_to_cell(37.945, 23.64, 9), 6), 9)), np.int64)
FIRST_DAY = 20_089  # 2025-01-01


def units(rng: np.random.Generator, n: int, *, sensitive: float, months: int = 6, nowhere: float = 0.1) -> Units:
    """Incidents of a small city, some of them without a place."""
    fine = np.where(rng.random(n) < nowhere, -1, FINE[rng.integers(0, len(FINE), n)])
    coarse = np.where(fine >= 0, parent_cells(np.where(fine >= 0, fine, FINE[0]), 8), -1)
    day = FIRST_DAY + rng.integers(0, 30 * months, n)
    month = day.astype("datetime64[D]").astype("datetime64[M]")
    whole_month = rng.random(n) < 0.05
    day = np.where(whole_month, month.astype("datetime64[D]").astype(np.int64), day)
    return Units(
        sensitive=rng.random(n) < sensitive,
        place=fine.copy(),
        fine=fine,
        coarse=coarse,
        region=np.where(fine >= 0, fine % 3, 3),
        category=rng.integers(0, 4, n),
        gender=rng.integers(0, 3, n),
        day=day,
        month=month.astype(np.int64),
        whole_month=whole_month,
        dark=rng.integers(-1, 2, n),
    )


def some_units(n: int) -> Units:
    """Sensitive incidents with a day and a place."""
    made = units(np.random.default_rng(1), n, sensitive=1.1, nowhere=0.0)
    return replace(made, whole_month=np.zeros(n, bool))


def drawn(seed: int, n: int, sensitive: float, **told: float) -> tuple[Units, Exchanged]:
    rng = np.random.default_rng(seed)
    made = units(rng, n, sensitive=sensitive, **told)  # type: ignore[arg-type]
    return made, exchange(made, rng)


CITIES = st.builds(
    drawn,
    st.integers(0, 2**32 - 1),
    st.integers(0, 300),
    st.sampled_from([0.0, 0.02, 0.3, 1.0]),
    months=st.integers(1, 9),
)


@given(CITIES)
@settings(max_examples=30)
def test_whoever_takes_a_place_takes_it_from_the_same_population(city: tuple[Units, Exchanged]) -> None:
    made, found = city
    for taken in (found.place, found.person):
        assert (made.sensitive[taken] == made.sensitive).all()
    ordinary = ~made.sensitive
    assert (made.sensitive[found.dark[ordinary]] == made.sensitive[ordinary]).all()
    assert (found.fine[ordinary] == found.place[ordinary]).all()
    assert (found.cell[ordinary] == -1).all()
    known = made.sensitive & (found.dark >= 0)
    assert made.sensitive[found.dark[known]].all()


@given(CITIES)
@settings(max_examples=30)
def test_places_and_persons_are_exchanged_not_copied(city: tuple[Units, Exchanged]) -> None:
    made, found = city
    for taken in (found.place, found.person):
        assert sorted(taken.tolist()) == list(range(len(made)))
    ordinary = np.flatnonzero(~made.sensitive)
    assert sorted(found.dark[ordinary].tolist()) == ordinary.tolist()
    assert sorted(found.day[ordinary].tolist()) == sorted(made.day[ordinary].tolist())


def week(day: np.ndarray) -> np.ndarray:
    return (day + 3) // 7


def month(day: np.ndarray) -> np.ndarray:
    return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


@given(CITIES)
@settings(max_examples=30)
def test_ordinary_counts_of_the_city_by_week_category_and_gender_are_exact(city: tuple[Units, Exchanged]) -> None:
    made, found = city
    rows = np.flatnonzero(~made.sensitive)

    def table(day: np.ndarray) -> Counter[tuple[int, ...]]:
        return Counter(zip(week(day)[rows], month(day)[rows], made.category[rows], made.gender[rows], strict=True))

    assert table(found.day) == table(made.day)


@given(CITIES)
@settings(max_examples=30)
def test_ordinary_counts_of_each_cell_by_quarter_are_exact_and_by_month_where_a_partner_was_found(
    city: tuple[Units, Exchanged],
) -> None:
    made, found = city
    rows = np.flatnonzero(~made.sensitive)
    quarter = made.month // 3
    placed = Counter(zip(made.fine[found.place[rows]], quarter[rows], strict=True))
    assert placed == Counter(zip(made.fine[rows], quarter[rows], strict=True))
    strangers = np.flatnonzero(made.month[found.place] != made.month)
    strangers = strangers[~made.sensitive[strangers]]
    assert len(strangers) <= 2 * len(np.unique(quarter)) * 3  # of each month at most one finds no partner in it


@given(CITIES)
@settings(max_examples=30)
def test_sensitive_counts_of_the_city_by_quarter_category_and_gender_are_exact_but_for_quarters_of_one_month(
    city: tuple[Units, Exchanged],
) -> None:
    made, found = city
    rows = np.flatnonzero(made.sensitive)
    own, shown = made.month[rows], month(found.day)[rows]
    for quarter in np.unique(own // 3):
        alone = [one for one in (quarter - 1, quarter, quarter + 1) if len(np.unique(own[own // 3 == one])) == 1]
        if not alone:  # neither it nor a neighbour, which would join it
            assert ((own // 3 == quarter) == (shown // 3 == quarter)).all()
    assert (abs(own // 3 - shown // 3) <= 2).all()  # a quarter, and the one that joined it from the other side


@pytest.mark.parametrize(
    ("months", "windows"),
    [
        ([0, 1, 2, 3, 4], [0, 0, 0, 1, 1]),
        ([0, 1, 3], [0, 0, 0]),  # April joins the first quarter
        ([0, 3, 4], [1, 1, 1]),  # January joins the second
        ([0, 75], [0, 25]),  # 25 quarters apart
        ([0, 3, 6], [0, 0, 2]),  # no chain of quarters of one month each
        ([0, 1, 6], [0, 0, 2]),  # two quarters on: not a neighbour
    ],
)
def test_only_neighbours_stand_for_a_quarter_of_one_month(months: list[int], windows: list[int]) -> None:
    assert module._windows(np.array(months)).tolist() == windows


def test_a_small_month_takes_any_month_of_its_quarter_and_an_old_one_stays_old() -> None:
    rng = np.random.default_rng(0)
    first = np.datetime64("2019-02").astype(int)
    months = np.array([first] + [np.datetime64("2025-06").astype(int)] * 30)
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(int) + 9
    n = len(months)
    made = replace(some_units(n), month=months, day=days)
    found = [month(exchange(made, rng).day) for _ in range(60)]
    assert {int(one[0]) // 3 for one in found} == {first // 3, first // 3 + 1}  # the data begin with it
    assert {int(one[0]) % 12 for one in found} >= {1, 2, 3}
    assert all((one[1:] >= np.datetime64("2025-01").astype(int)).all() for one in found)


def test_later_reports_of_a_small_month_are_given_any_month_of_the_quarter() -> None:
    rng = np.random.default_rng(0)
    months = np.array([600] * 12 + [601])
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(int) + 9
    later = replace(some_units(13), month=months, day=days)
    nobody = replace(some_units(0), since=int(days.min()) - 9)
    found = [Counter(month(module.days_of_later_sensitive(later, nobody, rng)).tolist()) for _ in range(50)]
    assert all(set(one) <= {600, 601} for one in found)  # the data end there
    assert len({one[601] for one in found}) > 4


@pytest.mark.slow
def test_whose_status_is_told_is_never_ones_own() -> None:
    rng = np.random.default_rng(0)
    for n in (2, 3, 10):
        assert all((exchange(some_units(n), rng).person != np.arange(n)).all() for _ in range(50))


@given(CITIES)
@settings(max_examples=30)
def test_days_stay_in_the_time_that_the_data_cover(city: tuple[Units, Exchanged]) -> None:
    made, found = city
    timed = ~made.whole_month
    if timed.any():
        assert (found.day[timed] >= made.day.min()).all()
        assert (found.day[timed] <= made.day.max()).all()
    whole = made.whole_month & made.sensitive
    starts = month(found.day).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    assert (found.day[whole] == starts[whole]).all()


def test_sensitive_incidents_exchange_and_dense_ordinary_ones_hardly_do() -> None:
    made, found = drawn(1, 4000, 0.1, nowhere=0.0)
    moved = found.place != np.arange(len(made))
    assert moved[made.sensitive].mean() > 0.8
    one_cell = replace(made, fine=np.full(4000, FINE[0]), sensitive=np.zeros(4000, bool))
    dense = exchange(one_cell, np.random.default_rng(2))
    assert (one_cell.fine[dense.place] == one_cell.fine).all()


def test_sensitive_incidents_without_a_place_exchange_with_those_that_have_one() -> None:
    placed = []
    for seed in range(10):
        made, found = drawn(seed, 1000, 1.0, nowhere=0.3)
        without = made.fine < 0
        placed.append((made.fine[found.place[without]] >= 0).mean())
        assert (made.fine[found.place] < 0).sum() == without.sum()
    assert np.mean(placed) > 0.3  # which of 300 do varies by 5 points from city to city


def waits(made: Units, waited: np.ndarray, due: np.ndarray | None = None, seed: int = 4) -> np.ndarray:
    none = np.zeros(len(made), bool)
    return held_back(made, waited, none if due is None else due, np.random.default_rng(seed))


def test_of_the_sensitive_incidents_that_a_release_takes_no_more_than_half_are_new() -> None:
    for seed, months, share in ((1, 1, 0.3), (2, 2, 0.5), (3, 1, 0.9)):
        rng = np.random.default_rng(seed)
        made = units(rng, 4000, sensitive=0.5, months=months)
        waited = rng.random(4000) < share
        held = waits(made, waited)
        taken = made.sensitive & ~held
        assert (~waited[taken]).sum() <= taken.sum() / 2 + 40
        assert 0.5 < held[made.sensitive & waited].mean() < 0.6
        assert not held[~made.sensitive].any()


def test_where_nobody_waited_all_new_sensitive_incidents_of_a_month_or_two_wait() -> None:
    for months in (1, 2):
        made = units(np.random.default_rng(4), 400, sensitive=0.5, months=months)
        held = waits(made, np.zeros(400, bool))
        assert (held == made.sensitive).all()


def test_an_alert_of_long_ago_does_not_let_the_others_go() -> None:
    made = units(np.random.default_rng(4), 400, sensitive=0.5, months=1)
    first = np.flatnonzero(made.sensitive)[:3]
    month = made.month.copy()
    month[first] -= [20, 26, 33]
    held = waits(replace(made, month=month), np.zeros(400, bool))
    assert held[made.sensitive].all()


def test_nobody_sensitive_waits_where_what_is_new_is_of_a_quarter_or_more() -> None:
    made = units(np.random.default_rng(5), 400, sensitive=0.5, months=4)
    assert not waits(made, np.zeros(400, bool)).any()


def test_who_is_due_waits_no_longer() -> None:
    rng = np.random.default_rng(6)
    made = units(rng, 400, sensitive=0.5, months=1)
    due = rng.random(400) < 0.3
    held = waits(made, np.zeros(400, bool), due)
    assert not held[due].any()
    assert held[made.sensitive & ~due].all()


def test_the_few_of_a_quarter_wait_and_have_no_place_where_they_cannot() -> None:
    made = units(np.random.default_rng(7), 300, sensitive=0.0, months=2)
    month = made.month.copy()
    month[:4] -= 12
    made = replace(made, month=month)
    few = np.arange(300) < 4
    assert (waits(made, np.zeros(300, bool)) == few).all()
    assert not waits(made, np.zeros(300, bool), few).any()
    assert (without_place(made, first=False) == few).all()
    assert not without_place(made, first=True).any()


def test_no_lone_sensitive_incident_stays_in_its_cell() -> None:
    made, found = drawn(9, 400, 1.0, nowhere=0.0)
    assert (made.coarse[found.place] != made.coarse).mean() > 0.99


def test_few_sensitive_incidents_by_day_or_after_dark_are_not_told_apart() -> None:
    _, found = drawn(5, 12, 1.0, months=3)
    assert (found.dark == -1).all()


def test_without_swapping_everybody_keeps_what_is_theirs() -> None:
    made = units(np.random.default_rng(6), 200, sensitive=0.3)
    found = exchange(made, np.random.default_rng(7), swapping=False)
    for taken in (found.place, found.fine, found.dark, found.person):
        assert (taken == np.arange(200)).all()
    assert (found.day == made.day).all()
    assert (found.cell == -1).all()


def test_the_same_seed_draws_the_same() -> None:
    one, two = (drawn(8, 300, 0.2)[1] for _ in range(2))
    assert all((getattr(one, field.name) == getattr(two, field.name)).all() for field in fields(one))


@pytest.mark.parametrize("size", [4, 5, 6, 7])
def test_any_child_is_a_cell_within_the_larger_one(size: int) -> None:
    larger = np.repeat(parent_cells(FINE[:50], size), 20)
    found = module._any_child(larger, size, np.random.default_rng(size))
    assert all(h3.is_valid_cell(int(cell)) and h3.get_resolution(int(cell)) == 9 for cell in found)
    assert (parent_cells(found, size) == larger).all()
    assert len(set(found.tolist())) > 40


def test_who_found_no_partner_exchanges_as_in_a_plain_loop() -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(3, 60))
        coarse, place = rng.integers(0, 4 if seed % 2 else 2, n), np.arange(n)
        rows = np.sort(rng.choice(n, int(rng.integers(2, n)), replace=False))
        half = rng.permutation(rows)[: len(rows) // 2 * 2 if seed % 3 else len(rows) // 4 * 2].reshape(2, -1)
        place[half[0]], place[half[1]] = half[1], half[0]
        left = rng.permutation(rows)
        expected, plain = place.copy(), np.random.default_rng(seed)
        for at in left:
            others = [one for one in rows if coarse[one] != coarse[at] and coarse[expected[one]] != coarse[at]]
            kept = [one for one in others if expected[one] == one]
            if expected[at] == at and others:
                other = plain.choice(kept or others)
                expected[at], expected[other] = expected[other], at
        module._pair_the_rest(coarse, rows, left, place, np.random.default_rng(seed))
        assert np.array_equal(place, expected), seed
