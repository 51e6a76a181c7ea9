"""Changes between two periods: properties, the slow twin, correction, and what is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import Table2x2

from analysis.stats.exact_rates import ratio_interval, ratio_intervals
from analysis.stats.result import Result
from analysis.trends import changes as module
from analysis.trends.changes import add_city_reference, changes, e_test, fisher_exact, relative_change

few = st.integers(0, 25)


def slow_e_test(x1, x2, n1, n2, form):
    rate = (x1 + x2) / (n1 + n2)

    def statistic(i, j):
        scale = (i + j) / (n1 + n2) if form == "wheeler" else i / n1**2 + j / n2**2
        return abs(i / n1 - j / n2) / scale**0.5 if i + j else None

    observed, p = statistic(x1, x2), 0.0
    for i in range(int(n1 * rate + 12 * (n1 * rate) ** 0.5) + 15):
        for j in range(int(n2 * rate + 12 * (n2 * rate) ** 0.5) + 15):
            value = statistic(i, j)
            if value is not None and value >= observed - 1e-9:
                p += stats.poisson.pmf(i, n1 * rate) * stats.poisson.pmf(j, n2 * rate)
    return p


@pytest.mark.parametrize("form", ["wheeler", "pivot"])
@pytest.mark.parametrize(("x1", "x2", "n1", "n2"), [(4, 9, 1, 1), (3, 0, 2, 1), (7, 2, 1, 3), (0, 5, 1, 0.5)])
def test_e_test_equals_its_slow_twin(x1, x2, n1, n2, form):
    assert e_test(x1, x2, n1, n2, form=form) == pytest.approx(slow_e_test(x1, x2, n1, n2, form), abs=1e-9)


@given(
    st.integers(0, 3000),
    st.floats(0.5, 2),
    st.sampled_from([(1, 1), (7, 28), (52, 3), (1, 0.1)]),
    st.sampled_from(["wheeler", "pivot"]),
    st.sampled_from([0, 0.4, -0.7]),
)
@example(16, 2.0, (1, 0.1), "wheeler", -0.7)
@example(3, 2.0, (1, 1), "wheeler", 0.4)
@example(7, 5 / 7, (1, 1), "wheeler", 0.4)
@settings(max_examples=80, deadline=None)
def test_e_test_of_many_pairs_is_that_of_each_pair(x1, factor, exposures, form, part):
    x2 = round(x1 * factor * exposures[1] / exposures[0])
    difference = part * min(x1 / exposures[0], x2 / exposures[1])
    found = []
    for each_pair in (0, 10**12):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "_EACH_PAIR", each_pair)
            found.append(e_test(x1, x2, *exposures, difference=difference, form=form))
    assert found[0] == pytest.approx(found[1], abs=1e-12)


def test_no_p_value_is_below_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_EACH_PAIR", 0)
    assert e_test(80, 23, 1, 364, difference=24) >= 0  # 1.7e-29 by each pair


@given(few, few, st.sampled_from([1, 2, 0.5]), st.sampled_from([1, 3]))
@settings(max_examples=60, deadline=None)
def test_e_test_does_not_mind_which_period_comes_first(x1, x2, n1, n2):
    p = e_test(x1, x2, n1, n2)
    assert 0 <= p <= 1
    assert p == pytest.approx(e_test(x2, x1, n2, n1), abs=1e-12)


@given(few, few)
@settings(max_examples=60, deadline=None)
def test_both_forms_agree_for_equal_lengths(x1, x2):
    assert e_test(x1, x2) == pytest.approx(e_test(x1, x2, form="pivot"), abs=1e-9)


def test_e_test_holds_its_level_where_nothing_changed():
    rng = np.random.default_rng(3)
    p = [e_test(int(a), int(b)) for a, b in rng.poisson(12, size=(2000, 2))]
    assert np.mean(np.array(p) <= 0.05) <= 0.06


def test_e_test_of_large_counts_is_the_normal_test():
    z = (6300 - 6000) / np.sqrt(12300)
    assert e_test(6300, 6000) == pytest.approx(2 * stats.norm.sf(z), rel=0.01)


def test_nothing_before_and_nothing_after_is_no_change():
    assert e_test(0, 0) == 1


@pytest.mark.parametrize("bad", [(-1, 2, 1, 1), (1, 2, 0, 1), (1, 2, 1, -3)])
def test_e_test_refuses_impossible_input(bad):
    with pytest.raises(ValueError, match="must"):
        e_test(*bad)


def test_e_test_refuses_a_difference_beyond_the_counts():
    with pytest.raises(ValueError, match="40"):
        e_test(3, 2, difference=40)


def candidates(rows, **columns):
    frame = pd.DataFrame(rows, columns=["district", "category", "before", "after"])
    return frame.assign(**columns)


def test_a_real_change_survives_and_chance_does_not():
    rows = [(f"zone_{i}", None, 50, 50 + i % 5) for i in range(20)] + [("harbour", None, 40, 110)]
    found = changes(candidates(rows), ["district", "category"])
    assert isinstance(found, Result)
    assert found.n_tested == 21
    (best,) = found.top()
    assert best.key == {"district": "harbour", "category": None}
    assert (best.before, best.after, best.direction) == (40, 110, 1)
    assert best.ratio.low < 2.75 < best.ratio.high
    assert best.q == pytest.approx(21 * best.p)


def test_candidates_without_alerts_are_not_tested():
    found = changes(candidates([("a", None, 0, 0), ("b", None, 4, 5)]), ["district"])
    assert found.n_tested == 1


def test_unequal_lengths_are_brought_to_one():
    rows = [("a", None, 120, 30)]
    same = changes(candidates(rows), ["district"], exposure=(364, 91))
    assert same.frame.loc[0, "expected"] == 30
    assert same.frame.loc[0, "ratio"] == pytest.approx(1)
    assert same.frame.loc[0, "p"] > 0.9
    assert "exposure" in {choice.name for choice in same.choices}
    assert changes(candidates(rows), ["district"]).n_significant == 1


def test_a_campaign_everywhere_is_one_finding_about_the_city():
    rng = np.random.default_rng(4)
    places = [(f"place_{i}", None, int(b), int(a)) for i, (b, a) in enumerate(rng.poisson((100, 200), (40, 2)))]
    total = [(None, None, sum(row[2] for row in places), sum(row[3] for row in places))]
    frame = candidates(total + places)
    assert changes(frame, ["district", "category"]).n_significant == 41
    taken_out = changes(add_city_reference(frame), ["district", "category"], relative=True)
    assert [change.key["district"] for change in taken_out.top(10)] == [None]


def test_a_place_that_rises_beyond_the_city_is_still_found():
    rows = [(None, None, 1000, 2000), ("a", None, 50, 250), ("b", None, 100, 195), ("c", None, 60, 30)]
    found = changes(add_city_reference(candidates(rows)), ["district", "category"], relative=True)
    by = found.frame.set_index("district")
    assert by.loc["a", "ratio"] == pytest.approx((250 / 50) / (1750 / 950))
    assert by.loc["a", "significant"]
    assert not by.loc["b", "significant"]
    assert by.loc["c", "direction"] == -1
    assert list(by["compared"]) == ["before", "city", "city", "city"]


def test_each_candidate_is_held_against_the_next_wider_one():
    rows = [
        (None, None, 1000, 1300),
        (None, "light", 200, 400),
        ("a", "light", 50, 160),
        ("a", None, 90, 100),
        ("a", "noise", 10, 12),
    ]
    based = add_city_reference(candidates(rows))
    pairs = list(zip(based["base_before"], based["base_after"], strict=True))
    assert np.isnan(pairs[0]).all()
    rest = [(800, 900), (150, 240), (910, 1200), (990, 1288)]
    assert pairs[1:] == rest


def test_two_sides_of_one_comparison_are_tested_once():
    rows = [(None, None, 58, 57), (None, "kept", 52, 40), (None, "sold", 6, 17)]
    based = add_city_reference(candidates(rows))
    assert list(based["other_side"]) == [-1, 2, 1]
    found = changes(based, ["district", "category"], relative=True)
    assert found.n_tested == 2
    assert list(found.frame["p"].isna()) == [False, True, False]
    assert found.frame.loc[2, "p"] == pytest.approx(fisher_exact(np.array([[6.0, 17.0, 52.0, 40.0]]))[0])
    assert found.frame.loc[2, "q"] == pytest.approx(min(2 * found.frame["p"].min(), found.frame["p"].max()))
    alone = changes(based.drop(columns="other_side"), ["district", "category"], relative=True)
    assert alone.frame["p"].notna().all()


def test_the_side_is_listed_whose_own_count_changed_by_the_larger_factor():
    rows = [(None, None, 900, 1020), ("a", None, 800, 1000), ("b", None, 100, 20)]
    found = changes(add_city_reference(candidates(rows)), ["district", "category"], relative=True)
    assert list(found.frame["p"].isna()) == [False, True, False]
    # Ten days against thirty: "a" fell to a third of what it was a day, "b" stayed at it.
    rows = [(None, None, 200, 400), ("a", None, 100, 100), ("b", None, 100, 300)]
    found = changes(add_city_reference(candidates(rows)), ["district", "category"], (10, 30), relative=True)
    assert list(found.frame["p"].isna()) == [False, False, True]


def test_three_parts_and_parts_of_other_wholes_are_several_comparisons():
    three = [(None, None, 90, 90), (None, "x", 30, 40), (None, "y", 30, 30), (None, "z", 30, 20)]
    assert list(add_city_reference(candidates(three))["other_side"]) == [-1] * 4
    # Each theme of each district: the two districts are two sides of a theme, the two themes of a district are not.
    rows = [(None, None, 4, 4), (None, "x", 2, 2), (None, "y", 2, 2)]
    rows += [(district, theme, 1, 1) for district in "ab" for theme in "xy"]
    assert list(add_city_reference(candidates(rows))["other_side"]) == [-1, 2, 1, 5, 6, 3, 4]


def test_a_place_that_makes_up_most_of_a_theme_does_not_hide_behind_itself():
    rows = [(None, None, 1000, 1000), (None, "burglary", 21, 40), ("a", "burglary", 0, 19)]
    found = changes(add_city_reference(candidates(rows)), ["district", "category"], relative=True).frame
    assert found.loc[2, "significant"]
    assert np.isinf(found.loc[2, "high"])
    assert found.loc[2, "low"] > 1


@given(st.lists(st.tuples(few, few, few, few), min_size=1, max_size=15))
@settings(max_examples=60, deadline=None)
def test_fishers_test_of_arrays_is_that_of_single_tables(rows):
    rows = [row for row in rows if any(row)] or [(1, 0, 0, 0)]
    table = np.array(rows, float)
    one_by_one = []
    for before, after, base_before, base_after in rows:
        tails = [
            stats.fisher_exact([[after, before], [base_after, base_before]], alternative=side).pvalue
            for side in ("less", "greater")
        ]
        one_by_one.append(min(1.0, 2 * min(tails)))
    assert fisher_exact(table) == pytest.approx(one_by_one, rel=1e-6, abs=1e-12)


def test_the_tail_on_the_side_of_the_mean_gives_the_p_of_the_smaller_of_both():
    random = np.random.default_rng(5)
    table = np.concatenate([random.poisson(mean, (400, 4)) for mean in (0.3, 2, 40, 3_000)]).astype(float)
    table[::7, 1] = table[::7, 0] * 20  # far tails too
    small = np.stack(np.meshgrid(*[np.arange(7.0)] * 4), axis=-1).reshape(-1, 4)  # and each small table
    table = np.concatenate([table, small])
    before, after, _, base_after = table.T
    law = table.sum(axis=1), after + base_after, before + after
    both = stats.hypergeom.cdf(after, *law), stats.hypergeom.sf(after - 1, *law)
    np.testing.assert_array_equal(fisher_exact(table), np.minimum(1.0, 2 * np.minimum(*both)))


def test_the_relative_change_has_a_published_interval():
    # Odds ratio and interval of the aspirin trial (104 of 11,037 against 189 of 11,034): Agresti, An Introduction to
    # Categorical Data Analysis, 1.83 (1.44 to 2.33).
    ratio, low, high = relative_change(np.array([[10845.0, 189.0, 10933.0, 104.0]]))
    assert (round(ratio[0], 2), round(low[0], 2), round(high[0], 2)) == (1.83, 1.44, 2.33)


@pytest.mark.parametrize("table", [(0, 7, 40, 50), (7, 0, 40, 50), (12, 9, 0, 30), (0, 3, 5, 0)])
def test_a_count_of_zero_is_corrected_by_haldanes_half(table):
    before, after, base_before, base_after = table
    halves = np.array([[after, before], [base_after, base_before]]) + 0.5  # statsmodels puts it in empty cells only
    low, high = Table2x2(halves).oddsratio_confint()
    ratio, *ends = (values[0] for values in relative_change(np.array([table], float)))
    assert ends[0] == pytest.approx(low)
    assert ends[1] == (np.inf if before * base_after == 0 else pytest.approx(high))
    assert ratio == (np.inf if before * base_after == 0 else 0)


def test_haldanes_half_by_hand():
    # ln OR = ln(7.5 x 40.5 / (0.5 x 50.5)), its variance 1/0.5 + 1/7.5 + 1/40.5 + 1/50.5
    middle, reach = np.log(7.5 * 40.5 / (0.5 * 50.5)), 1.959964 * np.sqrt(2 + 1 / 7.5 + 1 / 40.5 + 1 / 50.5)
    _, low, _ = relative_change(np.array([[0.0, 7.0, 40.0, 50.0]]))
    assert low[0] == pytest.approx(np.exp(middle - reach), rel=1e-6)


def test_for_whom_is_a_share_with_its_interval():
    rows = [("a", None, 20, 80), ("b", None, 20, 80)]
    first, second = changes(candidates(rows, women=[60, np.nan], men=[20, 5]), ["district"]).top()
    assert first.women.value == 0.75
    assert first.women.low < 0.75 < first.women.high
    assert not second.women.known


def test_false_discoveries_stay_rare_where_nothing_changed():
    # Over 3,000 such cities 4.6 % have a false finding; of 80, ten or more would come up once in a hundred times.
    rng = np.random.default_rng(6)
    any_found = 0
    for _ in range(80):
        counts = rng.poisson(15, size=(30, 2))
        rows = [(str(i), None, int(b), int(a)) for i, (b, a) in enumerate(counts)]
        any_found += changes(candidates(rows), ["district"]).n_significant > 0
    assert any_found < 10


def test_sentences(t):
    rows = [("a", None, 20, 80), ("b", None, 0, 30), ("c", None, 30, 31)]
    found = changes(candidates(rows), ["district"])
    told = {change.key["district"]: change.sentence(t) for change in found.top()}
    assert told["a"] == ("80 alerts against 20 before for the same length of time: 4.00 times as many (2.43 to 6.90).")
    assert told["b"] == "30 alerts where there were none before."
    assert found.sentence(t) == (
        "3 comparisons were made; 2 changes are more than chance explains, after correction for having looked at all "
        "of them."
    )
    rows = [(None, None, 1000, 1000), ("a", None, 20, 80)]
    relative = changes(add_city_reference(candidates(rows)), ["district"], relative=True)
    assert "what the change in the rest of the city would give" in relative.top()[0].sentence(t)
    (gone,) = changes(candidates([("d", None, 40, 0)]), ["district"]).top()
    assert gone.sentence(t) == (
        "No alert against 40 before for the same length of time: at most 0.10 times as many (95 % interval)."
    )
    rows = [(None, None, 1000, 1000), ("a", None, 40, 0)]
    relative = changes(add_city_reference(candidates(rows)), ["district"], relative=True)
    assert relative.top()[0].sentence(t).startswith("No alert against ")
    quiet = changes(candidates([("c", None, 30, 31)]), ["district"])
    assert "no change is more than chance explains" in quiet.sentence(t)


def test_a_count_that_is_not_written_out_is_told_as_a_limit(t):
    found = changes(candidates([("new", None, 4, 61), ("gone", None, 70, 4)]), ["district"])
    told = {change.key["district"]: change for change in found.top()}
    assert replace(told["new"], few="before").sentence(t) == "61 alerts against fewer than 5 before."
    assert replace(told["gone"], few="after").sentence(t) == "Fewer than 5 alerts against 70 before."


@given(st.lists(st.tuples(few, few), min_size=1, max_size=20), st.sampled_from([0.5, 1, 3]))
@settings(max_examples=60, deadline=None)
def test_intervals_of_arrays_are_those_of_single_counts(rows, size):
    inside, outside = (np.array(column) for column in zip(*rows, strict=True))
    told = np.column_stack(ratio_intervals(inside, outside, np.full(len(rows), size), np.ones(len(rows))))
    single = [ratio_interval(a, b, size, 1) for a, b in rows]
    assert told == pytest.approx(np.array(single), rel=1e-9, nan_ok=True)


@pytest.mark.parametrize(("after", "said"), [(200, True), (21, False)])
def test_how_many_may_be_chance_is_said_where_a_change_survives(after: int, said: bool) -> None:
    found = changes(pd.DataFrame({"category": ["a", "b"], "before": [20, 30], "after": [after, 30]}), ["category"])
    assert (found.n_significant > 0) is said
    told = [choice.explanation.text for choice in found.choices if choice.name == "correction"]
    assert bool(told) is said
