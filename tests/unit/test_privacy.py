"""The gate: no small count is shown, and none follows from what is shown."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import h3.api.basic_int as h3
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from curim_data import query
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile, Kind
from curim_data.privacy import (
    DisclosureError,
    Protected,
    authorise,
    is_fine_table,
    nested_dimensions,
    protect,
    protect_number,
    threshold,
)
from tests.effort import effort
from tests.small import alert, small_city, small_source

COUNCIL = Audience.COUNCIL


def table(counts: Any) -> tuple[pd.DataFrame, list[str]]:
    """An array of counts as a long table."""
    array = np.asarray(counts)
    names = [f"d{axis}" for axis in range(array.ndim)]
    where = np.indices(array.shape).reshape(array.ndim, -1).T
    return pd.DataFrame(where, columns=names).assign(n=array.ravel()), names


def margins(frame: pd.DataFrame, names: list[str], k: int) -> list[tuple[np.ndarray, float]]:
    """Every margin that the coarser tables show: the rows that belong to it, and its sum."""
    found = []
    for size in range(len(names)):
        for kept in combinations(names, size):
            groups = list(frame.groupby(list(kept)).indices.values()) if kept else [np.arange(len(frame))]
            keys = pd.DataFrame({name: [frame[name].iloc[rows[0]] for rows in groups] for name in kept})
            keys["n"] = [float(frame["n"].to_numpy()[rows].sum()) for rows in groups]
            told = protect(keys, list(kept), COUNCIL, sensitive=k == 10).frame["withheld"].to_numpy()
            found += [(np.asarray(rows), n) for rows, n, no in zip(groups, keys["n"], told, strict=True) if not no]
    return found


def attack(raw: pd.DataFrame, names: list[str], told: Protected, k: int) -> list[float]:
    """Small counts that a reader works out by subtraction alone, one margin after the other."""
    both = raw.merge(told.frame, on=names, suffixes=("", "_told"))
    known = both["n_told"].to_numpy(float).copy()
    lines = margins(both, names, k)
    solved = True
    while solved:
        solved = False
        for rows, total in lines:
            open_rows = rows[np.isnan(known[rows])]
            if len(open_rows) == 1:
                known[open_rows[0]] = total - np.nansum(known[rows])
                solved = True
    hidden = both["withheld"].to_numpy()
    return [n for n in known[hidden] if 0 < n < k]


def squeeze(raw: pd.DataFrame, names: list[str], told: Protected, k: int) -> int:
    """Small counts that a linear program over the bounds that were told pins to one value."""
    both = told.frame.merge(raw, on=names, suffixes=("_told", ""))
    hidden = np.flatnonzero(both["withheld"].to_numpy())
    if not len(hidden):
        return 0
    n = both["n"].to_numpy(float)
    rows, sums = [], []
    for members, _ in margins(both, names, k):
        inside = np.isin(hidden, members)
        if inside.any():
            rows.append(inside.astype(float))
            sums.append(n[hidden[inside]].sum())
    bounds = list(zip(both["low"].to_numpy()[hidden], both["high"].to_numpy()[hidden], strict=True))
    pinned = 0
    for at, cell in enumerate(hidden):
        if not 0 < n[cell] < k:
            continue
        goal = np.zeros(len(hidden))
        goal[at] = 1
        ends = [linprog(s * goal, A_eq=rows or None, b_eq=sums or None, bounds=bounds).fun * s for s in (1, -1)]
        pinned += ends[1] - ends[0] < 0.5
    return pinned


counts_1d = st.lists(st.integers(0, 12), min_size=1, max_size=8).map(np.array)
counts_2d = st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
    lambda shape: st.lists(st.integers(0, 14), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]).map(
        lambda values: np.array(values).reshape(shape)
    )
)
counts_3d = st.lists(st.integers(0, 14), min_size=18, max_size=18).map(lambda v: np.array(v).reshape(2, 3, 3))


@pytest.mark.slow
@given(st.one_of(counts_1d, counts_2d, counts_3d), st.booleans())
@settings(max_examples=effort(100, 1_000), deadline=None)
def test_no_small_count_is_shown_or_follows_by_subtraction(counts: Any, sensitive: bool) -> None:
    """A leak in one table of 33 is found with 95 % probability on a push, in one of 330 in `make test-full`."""
    raw, names = table(counts)
    k = 10 if sensitive else 5
    told = protect(raw, names, COUNCIL, sensitive=sensitive)
    shown = told.frame.loc[~told.frame["withheld"], "n"]
    assert not ((shown > 0) & (shown < k)).any()
    assert attack(raw, names, told, k) == []
    both = raw.merge(told.frame, on=names, suffixes=("", "_told"))
    assert len(both) == len(raw)
    assert ((both["low"] <= both["n"]) & (both["n"] <= both["high"])).all()
    assert (both.loc[~both["withheld"], "n_told"] == both.loc[~both["withheld"], "n"]).all()
    everything = told.frame["withheld"].all()
    assert told.total == (None if 0 < counts.sum() < k or everything else counts.sum())
    assert told.n_withheld == told.frame["withheld"].sum()


@pytest.mark.slow
@given(counts_2d, st.booleans())
@settings(max_examples=effort(40, 400), deadline=None)
def test_told_bounds_do_not_pin_a_small_count(counts: Any, sensitive: bool) -> None:
    raw, names = table(counts)
    told = protect(raw, names, COUNCIL, sensitive=sensitive)
    assert squeeze(raw, names, told, 10 if sensitive else 5) == 0


@given(st.one_of(counts_1d, counts_2d))
@settings(max_examples=50, deadline=None)
def test_the_analyst_sees_exact_counts(counts: Any) -> None:
    raw, names = table(counts)
    for audience in (Audience.ANALYST, Audience.SPECIALIST):
        told = protect(raw, names, audience, sensitive=True)
        assert told.frame["n"].tolist() == counts.ravel().tolist()
        assert (told.n_withheld, told.total, told.threshold) == (0, counts.sum(), 1)


def test_one_small_count_takes_a_second_with_it() -> None:
    raw, names = table([3, 20, 6, 0])
    told = protect(raw, names, COUNCIL)
    assert told.frame["withheld"].tolist() == [True, False, True, False]
    assert told.frame["n"].tolist()[1::2] == [20, 0]
    assert told.frame.loc[0, ["low", "high"]].tolist() == [1, 4]
    assert told.frame.loc[2, "low"] >= 5
    assert told.total == 29


def test_small_counts_that_their_sum_would_pin_are_covered() -> None:
    raw, names = table([4, 4, 30])
    assert protect(raw, names, COUNCIL).frame["withheld"].all()
    raw, names = table([1, 1, 1, 1, 1, 30])
    assert protect(raw, names, COUNCIL).frame["withheld"].all()
    raw, names = table([4, 4, 0])
    told = protect(raw, names, COUNCIL)
    assert told.frame["withheld"].all()
    assert told.frame["low"].eq(0).all()


@pytest.mark.parametrize("size", [2, 6])
def test_a_chain_of_margins_gives_nothing_away(size: int) -> None:
    """Two blocks joined by one cell: each margin has two withheld counts, yet the sum of a block gives that cell.

    The small table is audited by linear programming, the large one by linear algebra alone.
    """
    counts = np.full((2 * size, 2 * size), 20)
    counts[:size, :size] = counts[size:, size:] = 3
    counts[size - 1, size] = 2
    raw, names = table(counts)
    withheld = protect(raw, names, COUNCIL).frame["withheld"].to_numpy().reshape(counts.shape)
    assert withheld.sum() > 2 * size**2 + 1
    assert withheld[:size, size:].sum() + withheld[size:, :size].sum() > 1


def test_absent_combinations_count_as_zeros() -> None:
    raw = pd.DataFrame({"a": ["x", "y"], "b": ["p", "q"], "n": [3, 7]})
    told = protect(raw, ["a", "b"], COUNCIL)
    assert told.frame["withheld"].all()
    full = raw.merge(pd.DataFrame({"a": list("xxyy"), "b": list("pqpq")}), how="right").fillna({"n": 0})
    assert attack(full, ["a", "b"], protect(full, ["a", "b"], COUNCIL), 5) == []


def test_rows_of_sensitive_categories_have_their_own_threshold() -> None:
    raw = pd.DataFrame({"category": list("abcd"), "n": [7, 7, 50, 60]})
    told = protect(raw, ["category"], COUNCIL, sensitive=np.array([True, False, False, False]))
    assert told.frame["withheld"].tolist() == [True, True, False, False]
    assert told.frame.loc[0, "high"] == 9


def test_thresholds() -> None:
    assert [threshold(audience, False) for audience in Audience] == [1, 1, 5, 5]
    assert threshold(COUNCIL, True) == 10
    assert (protect_number(4, COUNCIL), protect_number(0, COUNCIL), protect_number(5, COUNCIL)) == (None, 0, 5)
    assert protect_number(9, COUNCIL, sensitive=True) is None


def test_gender_by_category_by_place_is_strict_however_it_is_asked() -> None:
    usual = AlertFilter()
    assert is_fine_table(["affected_gender", "category", "district"], usual)
    assert is_fine_table(["cell"], usual.replace(reporters=("woman",), groups=("harassment",)))
    assert not is_fine_table(["affected_gender", "category"], usual)


def test_a_table_too_fine_for_the_council_is_refused() -> None:
    raw = pd.DataFrame({"a": range(300), "b": range(300), "n": 1})
    with pytest.raises(DisclosureError, match="too fine"):
        protect(raw, ["a", "b"], COUNCIL)
    assert protect(raw, ["a", "b"], Audience.ANALYST).total == 300


def test_missing_values_keep_their_row() -> None:
    raw = pd.DataFrame({"district": ["zone_1", None], "n": [3, 40]})
    told = protect(raw, ["district"], COUNCIL)
    assert told.frame["withheld"].tolist() == [True, True]
    assert told.frame["district"].isna().tolist() == [False, True]


def test_every_question_passes_the_gate(tmp_path: Path) -> None:
    """Three alerts in the store: whatever is asked, the council sees no number but zero."""
    source = small_source(tmp_path, [alert(number) for number in range(3)])
    f = AlertFilter(period="all")
    total = query.total(source, f, COUNCIL)
    assert (total.n, total.mapped) == (None, None)
    for by in sorted(set(query.dimensions()) - {"local_date"}):
        told = query.counts(source, f, [by], COUNCIL, complete=True, resolution=9)
        assert set(told.frame["n"].dropna()) <= {0.0}
        assert told.total is None
    assert set(query.cells(source, f, 9, COUNCIL).frame["n"].dropna()) <= {0.0}


mixed_counts = st.lists(st.sampled_from([0, 1, 2, 3, 4, 6, 7, 8, 11, 20]), min_size=8, max_size=8)


@pytest.mark.slow
@given(mixed_counts)
@settings(max_examples=effort(50, 400), deadline=None)
def test_tables_with_sensitive_rows_hold_against_the_tables_of_their_margins(counts: list[int]) -> None:
    """The reader has the table by category, whose sensitive row has its own threshold, and the table by gender."""
    both, names = table(np.array(counts).reshape(4, 2))
    both = both.rename(columns={"d0": "category", "d1": "gender"})
    names = ["category", "gender"]
    sensitive = 3

    def told_by(by: list[str]) -> Protected:
        raw = both.groupby(by, as_index=False)["n"].sum()
        strict = (raw["category"] == sensitive).to_numpy() if "category" in by else False
        return protect(raw, by, COUNCIL, sensitive=strict, coarser=5)

    fine = both.merge(told_by(names).frame, on=names, suffixes=("", "_told"))
    hidden = fine["withheld"].to_numpy(bool)
    n = fine["n"].to_numpy(float)
    rows, sums = [], []
    for name in names:
        one = told_by([name]).frame.set_index(name)
        for level in one.index[~one["withheld"]]:
            rows.append((fine[name] == level).to_numpy()[hidden].astype(float))
            sums.append(n[hidden & (fine[name] == level).to_numpy()].sum())
    if sum(counts) >= 5:
        rows.append(np.ones(hidden.sum()))
        sums.append(n[hidden].sum())
    assert not pinned(fine[hidden], rows, sums)


def pinned(withheld: pd.DataFrame, rows: list[Any], sums: list[float]) -> list[float]:
    """Small counts that sums over some of them and the bounds that were told leave one value."""
    found = []
    bounds = list(zip(withheld["low"], withheld["high"], strict=True))
    for at, (n, high) in enumerate(zip(withheld["n"], withheld["high"], strict=True)):
        if not 0 < n < (10 if high == 9 else 5):
            continue
        goal = np.eye(len(withheld))[at]
        ends = [linprog(s * goal, A_eq=rows or None, b_eq=sums or None, bounds=bounds).fun * s for s in (1, -1)]
        if ends[1] - ends[0] < 0.5:
            found.append(n)
    return found


def test_categories_and_their_groups_are_safe_together() -> None:
    """The group of a and b has 8 alerts: with a withheld and b shown it would give a away."""
    raw = pd.DataFrame({"category": list("abcd"), "n": [2, 6, 3, 40]})
    groups = {"category": {"group": lambda ids: ids.isin(["a", "b"])}}
    told = protect(raw, ["category"], COUNCIL, nested=groups)
    assert told.frame["withheld"].tolist() == [True, True, True, True]
    assert protect(raw, ["category"], COUNCIL).frame["withheld"].tolist() == [True, False, True, False]


def test_a_sum_over_named_places_is_withheld_with_the_small_count_of_one() -> None:
    raw = pd.DataFrame({"kind": list("abc"), "n": [30, 40, 50]})
    places = np.array([[27.0, 3.0], [20.0, 20.0], [50.0, 0.0]])
    told = protect(raw, ["kind"], COUNCIL, parts=[places])
    assert told.frame["withheld"].tolist() == [True, True, False]
    assert told.frame.loc[0, ["low", "high"]].tolist() == [28, 31]
    assert told.total == 120


def test_two_areas_that_differ_by_a_cell_do_not_tell_what_is_in_it(sample: Any) -> None:
    source = open_source(sample)
    f = AlertFilter(categories=("litter_dumping",))
    exact = query.counts(source, f, ["cell"], Audience.ANALYST, resolution=9, complete=True).frame
    shown = query.counts(source, f, ["cell"], COUNCIL, resolution=9, complete=True).frame.set_index("cell")
    exact = exact.sort_values("n")
    small = int(exact.loc[(exact["n"] > 0) & (exact["n"] < 5), "cell"].iloc[0])
    large = int(exact["cell"].iloc[-1])

    def asked(*cells: int) -> AlertFilter:
        return f.replace(cells=tuple(f"{cell:x}" for cell in cells))

    assert query.total(source, asked(large), COUNCIL).n == shown["n"][large]
    both = query.total(source, asked(large, small), COUNCIL)
    assert (both.n, both.withheld, both.suppressed) == (None, True, True)
    for by in ([], ["week"], ["affected_gender", "dark"]):
        told = query.counts(source, asked(large, small), by, COUNCIL)
        assert told.frame["withheld"].all()
        assert told.total is None
    assert query.cells(source, asked(large, small), 9, COUNCIL).frame["withheld"].all()
    inside = query.total(source, asked(h3.cell_to_parent(large, 8)), COUNCIL)
    assert (
        inside.suppressed
        == shown.loc[
            [c for c in h3.cell_to_children(h3.cell_to_parent(large, 8), 9) if c in shown.index], "withheld"
        ].any()
    )


def test_a_link_that_names_half_a_country_is_answered_at_once(city: CityProfile) -> None:
    """For the council large cells become small ones: of too many those that lie in the city."""
    land = city.land_cells(9).index
    country = h3.grid_disk(h3.cell_to_parent(int(land[0]), 4), 2)
    asked, _ = authorise(AlertFilter(cells=tuple(f"{cell:x}" for cell in country)), Audience.COUNCIL, city)
    found = {int(name, 16) for name in asked.cells}
    assert len(found) < 100_000
    assert {h3.get_resolution(cell) for cell in found} == {9}
    assert set(land) <= found
    far = h3.grid_disk(h3.latlng_to_cell(0, 0, 4), 3)
    elsewhere, _ = authorise(AlertFilter(cells=tuple(f"{cell:x}" for cell in far)), Audience.COUNCIL, city)
    assert elsewhere.cells  # nowhere, not everywhere
    assert not {int(name, 16) for name in elsewhere.cells} & set(land)


def pinned_by_category(folder: Path, stored: dict[tuple[str, str], int]) -> tuple[list[float], set[str]]:
    """Small counts of categories that the council's tables leave one value, by linear programs; categories shown.

    `stored`: how many alerts there are of each category and kind. The tables are those by category, group and kind,
    and by category and kind, the two by category with the bounds that they give; what a table has no row of is none.
    The reader does not know of which kinds a category is but by these tables.
    """
    pairs = [pair for pair, n in stored.items() for _ in range(n)]
    source = small_source(folder, [alert(at, category=c, kind=kind) for at, (c, kind) in enumerate(pairs)])
    tree = source.city.categories
    grid = [(c, kind, tree[c].group if c in tree else "") for c in {*tree, *(c for c, _ in stored)} for kind in Kind]
    keys = pd.DataFrame(grid, columns=["category", "kind", "group"])
    lines, low, high, small = [np.ones(len(keys))], [len(pairs) if len(pairs) >= 5 else 1], [max(len(pairs), 4)], []
    for by in (["category"], ["group"], ["kind"], ["category", "kind"]):
        told = query.counts(source, AlertFilter(), by, COUNCIL).frame.set_index(by)
        for key, rows in keys.groupby(by).indices.items():
            known = told.loc[key] if key in told.index else None
            lines.append(np.isin(np.arange(len(keys)), rows).astype(float))
            bounded = known is not None and ("category" in by or not known["withheld"])
            low.append(int(known["low"]) if bounded else 0)
            high.append(int(known["high"]) if bounded else 0 if known is None else len(pairs))
            if by == ["category"] and known is not None and known["withheld"]:
                small.append(lines[-1])
        if by == ["category"]:
            shown = {str(name) for name in told.index[~told["withheld"]]}
    exact = np.array([stored.get((c, kind), 0) for c, kind, _ in grid], float)
    above, most = np.vstack([lines, np.negative(lines)]), [*high, *(-value for value in low)]
    found = []
    for row in small:
        ends = [linprog(sign * row, A_ub=above, b_ub=most) for sign in (1, -1)]
        assert all(end.success for end in ends)
        if 0 < row @ exact < 5 and -ends[1].fun - ends[0].fun < 0.5:
            found.append(float(row @ exact))
    return found, shown


def test_categories_outside_the_tree_are_safe_against_the_table_of_kinds(tmp_path: Path) -> None:
    """Of the kind unknown 23 are shown: with 20 shown of one of its categories the 3 of the other would be told."""
    stored = {
        ("noise", "incivility"): 40,
        ("harassment_verbal", "offence"): 30,
        ("Old wall", "unknown"): 3,
        ("Old bench", "unknown"): 20,
        ("Old kiosk", "offence"): 12,
    }
    found, seen = pinned_by_category(tmp_path, stored)
    assert not found
    assert "noise" in seen  # no more than needed is withheld


def test_a_category_of_the_tree_is_counted_in_the_kind_that_its_alerts_have(tmp_path: Path) -> None:
    """An export with a column of kinds may call dangers what the tree calls offences: with the lighting they are 23."""
    stored = {
        ("harassment_verbal", "risk"): 3,
        ("harassment_sexual", "offence"): 12,
        ("lighting_poor", "risk"): 20,
        ("noise", "offence"): 30,
    }
    assert not pinned_by_category(tmp_path, stored)[0]


def test_kinds_that_share_a_category_are_safe_together_and_alone(tmp_path: Path) -> None:
    kinds = {"noise": {"incivility", "offence"}, "harassment_verbal": {"offence"}, "Old wall": {"incivility"}}
    found = {name: frozenset(some) for name, some in (kinds | {"lighting_poor": {"risk"}}).items()}
    ids = pd.Series(list(found))
    levels = {name: of(ids).tolist() for name, of in nested_dimensions(small_city(), found)["category"].items()}
    noise, verbal, wall, lighting = levels["kind"]
    assert noise == verbal == wall != lighting
    assert len(set(levels["kind alone"])) == 4
    stored = {
        ("noise", "risk"): 6,
        ("noise", "unknown"): 5,
        ("harassment_verbal", "unknown"): 1,
        ("lighting_poor", "risk"): 1,
        ("Old wall", "unknown"): 7,
        ("Old bench", "offence"): 20,
    }
    assert not pinned_by_category(tmp_path, stored)[0]


@pytest.mark.slow
def test_categories_of_one_kind_each_are_safe_with_their_kinds_whatever_is_stored(tmp_path: Path) -> None:
    draw = np.random.default_rng(5)
    names = ["noise", "harassment_verbal", "lighting_poor", "Old wall", "Old bench", "Old kiosk"]
    sizes = [1, 2, 3, 4, 5, 6, 7, 12, 20, 30]
    for _ in range(effort(60, 600)):
        some = names[: draw.integers(2, 7)]
        stored = {(name, str(draw.choice([*Kind]))): int(draw.choice(sizes)) for name in some}
        assert not pinned_by_category(tmp_path, stored)[0], stored


def test_a_kind_of_sensitive_categories_alone_has_their_threshold(tmp_path: Path) -> None:
    """Else its 7 alerts would be shown beside "fewer than 10" of the category, or take every other category along."""
    stored = {("harassment_sexual", "unknown"): 7, ("noise", "incivility"): 40, ("lighting_poor", "risk"): 30}
    pairs = [pair for pair, n in stored.items() for _ in range(n)]
    source = small_source(tmp_path, [alert(at, category=c, kind=kind) for at, (c, kind) in enumerate(pairs)])
    kinds = query.counts(source, AlertFilter(), ["kind"], COUNCIL).frame.set_index("kind")
    assert kinds.loc["unknown", ["withheld", "low", "high"]].tolist() == [True, 1, 9]
    categories = query.counts(source, AlertFilter(), ["category"], COUNCIL).frame.set_index("category")
    assert categories["withheld"].to_dict() == {"harassment_sexual": True, "noise": False, "lighting_poor": True}
