"""Shares, weights, feeling and places by gender: what is shown, what is tested, what stays unknown."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.gender import category_ratios, dark_shares, gender_shares, perceived_safety, place_shares
from analysis.stats.intervals import Result, wilson
from curim_data.model import Gender

ALL = [gender.value for gender in Gender]


def by_gender(**counts):
    return pd.DataFrame({"affected_gender": list(counts), "n": [float(n) for n in counts.values()]})


def pairs(rows, by="place"):
    long = [(value, gender, float(n)) for value, w, m in rows for gender, n in (("woman", w), ("man", m))]
    return pd.DataFrame(long, columns=[by, "affected_gender", "n"])


def test_all_five_genders_are_shown_in_their_order_and_no_other(t):
    result = gender_shares(by_gender(man=40, woman=60, undisclosed=12))
    assert isinstance(result, Result)
    assert result.frame["gender"].tolist() == ALL
    assert result.frame["n"].tolist() == [60, 40, 0, 12, 0]
    assert result.frame["share"].sum() == pytest.approx(1)
    assert result.women == wilson(60, 100)
    assert result.n == 112
    assert result.sentence(t) == (
        "Among women and men, women are 60\u00a0% (50–69). 12 alerts do not state the gender."
    )
    with pytest.raises(ValueError, match="'lady'"):
        gender_shares(by_gender(lady=4))
    silent = by_gender(woman=30, man=10, undisclosed=900)
    assert gender_shares(silent).women == gender_shares(by_gender(woman=30, man=10)).women
    reporters = by_gender(woman=5, man=5).set_axis(["reporter_gender", "n"], axis=1)
    assert gender_shares(reporters, "reporter_gender").women.value == 0.5


def test_weights_compare_shares_within_each_gender(t):
    # Twice as many alerts by women everywhere: no category weighs more on them.
    even = category_ratios(pairs([("a", 200, 100), ("b", 100, 50)], "category"))
    assert even.frame["ratio"].tolist() == pytest.approx([1, 1])
    assert not even.frame["significant"].any()
    assert "None of 2 comparisons" in even.sentence(t)
    uneven = category_ratios(pairs([("harassment", 120, 20), ("light", 100, 100), ("dirt", 80, 90)], "category"))
    first = uneven.frame.iloc[0]
    assert (first["category"], first["low"] > 1, first["significant"]) == ("harassment", True, True)
    assert first["ratio"] == pytest.approx((120 / 300) / (20 / 210))
    assert uneven.sentence(t).startswith("3 of 3 comparisons show")


def test_dark_shares():
    rows = [("woman", True, 30.0), ("woman", False, 20.0), ("man", True, 10.0), ("man", False, 0.0)]
    frame = pd.DataFrame([*rows, ("woman", None, 5.0)], columns=["affected_gender", "dark", "n"])
    table = dark_shares(frame).set_index("gender")
    assert table.index.tolist() == ALL
    assert (*table.loc["woman", ["share", "low"]], table.loc["man", "share"]) == (0.6, wilson(30, 50).low, 1)
    assert math.isnan(table.loc["other", "share"])


def answers(women, men):
    both = {"woman": women, "man": men}
    rows = [(gender, step, float(n)) for gender, counts in both.items() for step, n in enumerate(counts, 1)]
    return pd.DataFrame(rows, columns=["affected_gender", "feeling", "n"])


def test_feeling_equals_scipy_on_the_answers_one_by_one(t):
    women, men = (30, 40, 20, 5, 5), (5, 10, 30, 30, 20)
    result = perceived_safety(answers(women, men))
    assert isinstance(result, Result)
    one_by_one = [np.repeat(range(1, 6), counts) for counts in (women, men)]
    welch = stats.ttest_ind(*one_by_one, equal_var=False).confidence_interval(0.95)
    assert (result.gap.low, result.gap.high) == pytest.approx((welch.low, welch.high))
    table = result.frame.set_index("gender")
    assert table.loc["woman", "mean"] == pytest.approx(one_by_one[0].mean())
    own = stats.ttest_1samp(one_by_one[0], 0).confidence_interval(0.95)
    assert (table.loc["woman", "low"], table.loc["woman", "high"]) == pytest.approx((own.low, own.high))
    assert table.loc["woman", "unsafe"] == 0.7
    assert result.sentence(t) == "Women felt less safe than men by 1.4 of a step from 1 to 5 (1.1 to 1.7)."


def test_feeling_the_other_ways(t):
    assert perceived_safety(answers((0, 0, 9, 20, 20), (20, 20, 9, 0, 0))).sentence(t).startswith("Men felt less safe")
    assert "No difference" in perceived_safety(answers((5, 5, 5, 5, 5), (5, 5, 5, 5, 4))).sentence(t)
    few = perceived_safety(answers((1, 0, 0, 0, 0), (5, 5, 5, 5, 5)))
    assert (few.gap.known, "Too few answers" in few.sentence(t)) == (False, True)
    alike = perceived_safety(answers((0, 0, 9, 0, 0), (0, 0, 9, 0, 0)))
    assert (alike.gap.low, alike.gap.high) == (0, 0)


def test_a_place_is_tested_for_its_difference(t):
    result = place_shares(pairs([("station", 90, 30), ("market", 100, 110), ("port", 60, 60), ("hill", 50, 55)]))
    assert isinstance(result, Result)
    first = result.frame.iloc[0]
    assert (first["place"], first["direction"], first["significant"]) == ("station", 1, True)
    assert first["p"] == pytest.approx(stats.binomtest(90, 120, 300 / 555).pvalue)
    assert result.city == wilson(300, 555)
    assert result.sentence(t) == "1 place differs from the city."
    assert place_shares(pairs([("station", 9, 3)]), city=(500, 500)).city.value == 0.5


def test_few_false_differences_where_all_places_are_alike():
    rng = np.random.default_rng(8)
    found = 0
    for _ in range(60):
        women = rng.binomial(40, 0.6, size=20)
        rows = [(str(i), int(w), int(40 - w)) for i, w in enumerate(women)]
        found += bool(place_shares(pairs(rows), city=(6000, 4000)).frame["significant"].any())
    assert found <= 6


def test_silence_is_not_known_and_not_safe(t):
    rows = [("a", 90, 30), ("silent", 3, 40), ("quiet", 1, 3), ("d", 50, 45)]
    result = place_shares(pairs(rows))
    assert result.frame.loc[result.frame["not_known"], "place"].tolist() == ["silent"]
    assert "at least 10 by women" in t(result.choices[0].explanation)


def test_where_nothing_can_be_compared_that_is_said_and_not_blamed_on_few_alerts(t):
    nothing = gender_shares(by_gender())
    assert (nothing.n, nothing.women.known) == (0, False)
    assert "No alert says" in nothing.sentence(t)
    told = gender_shares(by_gender(unknown=48)).sentence(t)
    assert told == ("No alert says “woman” or “man”, so no share can be calculated. 48 alerts do not state the gender.")
    nobody = category_ratios(pairs([("theft", 30, 0)], by="category"))
    assert nobody.sentence(t).startswith("No alerts of both women and men")
    assert "None of 2" in category_ratios(pairs([("theft", 30, 31), ("noise", 40, 40)], by="category")).sentence(t)


@pytest.mark.parametrize(("women", "men"), [(40, range(1, 10)), (range(1, 10), 40)], ids=["few men", "few women"])
def test_a_ratio_beside_a_small_count_is_a_limit_that_tells_no_number(women, men):
    """Of a category with totals that stay as they are: one limit, the same for every small number, and true of each."""
    told, limits = [], []
    for few in range(1, 10):
        pair = (few, men) if isinstance(men, int) else (women, few)
        frame = pairs([("rare", *pair), ("b", 300 - pair[0], 200 - pair[1])], "category")
        found = dataclasses.replace(
            category_ratios(frame, totals={"woman": 300, "man": 200}), least=dict.fromkeys(("rare", "b"), 10)
        )
        rows = found.written().set_index("category")
        assert rows.loc["rare", ["ratio", "p", "q"]].isna().all()
        assert rows.loc["rare", "men_share" if pair[1] == few else "women_share"] != few  # missing
        told.append(tuple(rows.loc["rare", ["at_least", "low", "at_most", "high"]].fillna(-1)))
        whole = found.frame.set_index("category")
        limits.append(whole.loc["rare"])
        assert rows.loc["b", "q"] == (0.05 if whole.loc["b", "q"] <= 0.05 else 1)
        other = [name for name in whole if name != "q"]
        pd.testing.assert_series_equal(rows.loc["b", other], whole.loc["b", other])
    ((least, low, most, high),) = set(told)
    true = pd.DataFrame(limits)
    expected = (true["ratio"].min(), true["low"].min(), -1, -1)
    if not isinstance(women, int):
        expected = (-1, -1, true["ratio"].max(), true["high"].max())
    assert (least, low, most, high) == pytest.approx(expected)


def test_a_ratio_of_two_small_counts_has_no_limit():
    found = category_ratios(pairs([("rare", 3, 4), ("b", 50, 60)], "category"))
    rows = dataclasses.replace(found, least={"rare": 5}).written().set_index("category")
    assert rows.loc["rare", ["women_share", "men_share", "ratio", "low", "high", "p", "q"]].isna().all()
    assert rows.loc["rare", ["at_least", "at_most"]].isna().all()
    pd.testing.assert_frame_equal(found.written()[[*found.frame]], found.frame)  # who reads every count reads all


@pytest.mark.parametrize(("women", "men"), [(60, 3), (3, 60), (2, 2)])
def test_the_share_of_women_is_not_written_beside_few_of_either(t, women, men):
    found = dataclasses.replace(gender_shares(by_gender(woman=women, man=men)), least=5)
    assert (found.women_written, dataclasses.replace(found, least=1).women_written) == (False, True)
    assert ("%" in found.sentence(t), "fewer than 5" in found.sentence(t)) == (False, True)


def test_means_of_few_answers_are_left_out(t):
    found = perceived_safety(answers((20, 20, 0, 0, 0), (2, 2, 0, 0, 0)))
    left = found.written(5).frame.set_index("gender")
    assert left.loc["woman"].notna().all()
    assert left.loc["man", ["mean", "low", "high", "unsafe", "unsafe_low", "unsafe_high"]].isna().all()
    assert (found.written(5).gap.known, "Too few" in found.written(5).sentence(t)) == (False, True)
    assert found.written(1).gap == found.gap


@pytest.mark.parametrize("few", ["men", "women"])
def test_no_figure_tells_how_few_women_or_men_there_are_in_all(t, few):
    """60 women and no man of one category: its p would be .341, .118, .042 or .015, by how many men there are."""
    told, exact = [], []
    for number in (1, 2, 3, 4):
        rows = [("theft", 60, 0), ("noise", 30, number), ("graffiti", 8, 0)]
        rows = rows if few == "men" else [(name, men, women) for name, women, men in rows]
        found = category_ratios(pairs(rows, "category"))
        exact.append(found.frame.set_index("category").loc["theft", "p"])
        found = dataclasses.replace(found, least=dict.fromkeys(("theft", "noise", "graffiti"), 5))
        shown = found.written()
        hidden = ["ratio", "low", "high", "p", "q", "at_least", "at_most", f"{few}_share"]
        assert shown[hidden].isna().all(axis=None)
        assert shown["category"].tolist() == ["graffiti", "noise", "theft"]
        assert not shown["significant"].any()
        readers = found.for_readers()
        assert readers.too_few
        assert readers.sentence(t) == "The numbers of women or of men are too small for a ratio to be written out."
        told.append(shown.drop(columns=few).to_csv(index=False))
        told.append(readers.frame[["category", "significant"]].to_csv())
    assert (len(set(exact)), len(set(told[::2])), len(set(told[1::2]))) == (4, 1, 1)


def test_no_row_tells_the_small_count_of_another_by_q_or_by_the_order():
    """The corrected p of what is written depends on that of a category with few men."""
    told, exact = [], []
    for few in (1, 2, 3, 4):
        rows = [("a", 40, 60 - few), ("b", 70, 60), ("c", 75, 50), ("rare", 6, few)]
        found = category_ratios(pairs(rows, "category"), totals={"woman": 210, "man": 170})
        exact.append(found.frame.set_index("category").loc["c", "q"])
        found = dataclasses.replace(found, least=dict.fromkeys(("a", "b", "c", "rare"), 5)).for_readers()
        shown = found.written()
        told.append(shown[shown["category"] != "a"].drop(columns=["men", "significant"]).to_csv(index=False))
        assert found.frame["category"].tolist() == shown["category"].tolist()
        assert set(shown["q"].dropna()) <= {0.05, 1.0}
    assert len(set(exact)) > 1
    assert len(set(told)) == 1


@pytest.mark.parametrize(("women", "men"), [(60, (1, 2, 3, 4)), ((1, 2, 3, 4), 60)], ids=["few men", "few women"])
def test_the_share_of_women_in_the_city_tells_no_small_number(t, women, men):
    """60 women and 3 men: .952381 beside each place."""
    told = []
    for few in (1, 2, 3, 4):
        pair = (women, few) if isinstance(women, int) else (few, men)
        rows = [("b", 30, 0), ("a", 20, 0)] if isinstance(women, int) else [("b", 0, 30), ("a", 0, 20)]
        found = place_shares(pairs(rows, "place"), city=pair)
        assert found.for_readers(1).city == found.city
        shown = found.for_readers(5)
        assert not shown.city.known
        assert shown.frame[["city", "expected", "p", "q"]].isna().all(axis=None)
        assert not shown.frame[["significant", "not_known"]].any(axis=None)
        told.append((shown.frame.to_csv(), shown.sentence(t)))
    assert len(set(told)) == 1


def test_places_in_a_city_of_many_tell_the_step_of_q_alone():
    rows = [("a", 40, 12), ("b", 30, 31), ("c", 25, 22), ("few", 30, 2)]
    told = []
    for few in (1, 2, 3, 4):
        found = place_shares(pairs([*rows[:3], ("few", 30, few)], "place"), city=(900, 1000))
        shown = found.for_readers(5)
        assert shown.city == found.city
        assert set(shown.frame["q"]) <= {0.05, 1.0}
        told.append(shown.frame.loc[shown.frame["place"] != "few", ["place", "share", "city", "p", "q"]].to_csv())
    assert len(set(told)) == 1
