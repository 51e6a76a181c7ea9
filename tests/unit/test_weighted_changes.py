"""Changes by what the alerts weigh."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from analysis.trends.changes import add_city_reference, changes
from analysis.trends.weighted_changes import WEIGHTS, weighted_changes, weighted_ratio
from curim_data import query
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Translator
from curim_data.privacy import DisclosureError
from curim_data.store import Home
from curim_data.studies.changes import CANDIDATE_KEYS, change_study
from curim_data.studies.harm import weights_of_candidates

BY = ("place", "category")
ROWS = (
    (None, None, 200, 260),
    (None, "theft", 120, 150),
    (None, "noise", 80, 110),
    ("quay", None, 60, 100),
    ("hill", None, 140, 160),
    ("quay", "theft", 20, 50),
    ("quay", "noise", 40, 50),
    ("hill", "theft", 100, 100),
    ("hill", "noise", 40, 0),
)


def candidates(weight: float = 1.0) -> pd.DataFrame:
    frame = pd.DataFrame(ROWS, columns=[*BY, "before", "after"]).astype(dict.fromkeys(BY, object))
    for when in ("before", "after"):
        frame[f"weight_{when}"] = frame[when] * weight
        frame[f"square_{when}"] = frame[when] * weight**2
    return add_city_reference(frame, area=("place",), theme=("category",))


@pytest.mark.parametrize("weight", [1.0, 2.5])
@pytest.mark.parametrize("dispersion", [1.0, 1.8])
@pytest.mark.parametrize(("relative", "freedom"), [(True, np.inf), (False, np.inf), (True, 9.0), (False, 9.0)])
def test_equal_weights_give_the_ratios_of_the_counts(
    weight: float, dispersion: float, relative: bool, freedom: float
) -> None:
    """Whatever all alerts weigh, what they weigh changes as their number does, and is as sure."""
    exposure = (52.0, 49.0)
    frame = candidates(weight)
    tested = changes(frame, BY, exposure, relative=relative, dispersion=dispersion, freedom=freedom).frame
    found = weighted_changes(frame, tested, exposure)
    known = tested["p"].notna()
    assert known.any()
    for name in ("ratio", "low", "high"):
        plain = tested.loc[known, name].to_numpy(float)
        assert found.loc[known, f"weight_{name}"].to_numpy(float) == pytest.approx(plain, rel=1e-9)
    assert found.loc[~known, "weight_ratio"].isna().all()


def test_each_ratio_is_that_of_a_slow_twin() -> None:
    """Row by row: what the whole of its base weighs less its own, and the delta method's variance."""
    random = np.random.default_rng(3)
    frame = candidates()
    light = frame["before"].to_numpy(), frame["after"].to_numpy()
    for n, when in zip(light, ("before", "after"), strict=True):
        heavy = random.binomial(n.astype(int), 0.2)
        frame[f"weight_{when}"], frame[f"square_{when}"] = n + 3 * heavy, n + 15 * heavy
    whole = {(place, category): at for at, (place, category, *_) in enumerate(ROWS)}
    for column in WEIGHTS:  # sums have to add up from the places and categories, as weights of the same incidents do
        for category in ("theft", "noise"):
            frame.loc[whole[None, category], column] = sum(
                frame.loc[whole[place, category], column] for place in ("quay", "hill")
            )
        for place in (None, "quay", "hill"):
            frame.loc[whole[place, None], column] = sum(
                frame.loc[whole[place, category], column] for category in ("theft", "noise")
            )
    tested = changes(frame, BY, relative=True, dispersion=1.5).frame
    found = weighted_changes(frame, tested)
    compared = 0
    for at, row in frame.iterrows():
        if tested.loc[at, "compared"] != "city" or tested.loc[at, "p"] != tested.loc[at, "p"]:
            continue
        place, category, *_ = ROWS[at]
        of_theme = frame.loc[whole[None, category if place else None]]
        counts = [of_theme[when] - row[when] for when in ("before", "after")]
        if counts != [row["base_before"], row["base_after"]]:
            of_theme = frame.loc[whole[None, None]]
        s = [row["weight_before"], row["weight_after"]]
        s += [of_theme[f"weight_{when}"] - row[f"weight_{when}"] for when in ("before", "after")]
        if min(s) == 0:
            continue
        q = [row["square_before"], row["square_after"]]
        q += [of_theme[f"square_{when}"] - row[f"square_{when}"] for when in ("before", "after")]
        ratio = s[1] * s[2] / (s[0] * s[3])
        reach = 1.959964 * math.sqrt(1.5 * sum(b / a**2 for a, b in zip(s, q, strict=True)))
        assert found.loc[at, "weight_ratio"] == pytest.approx(ratio)
        assert found.loc[at, "weight_low"] == pytest.approx(ratio * math.exp(-reach), rel=1e-5)
        assert found.loc[at, "weight_high"] == pytest.approx(ratio * math.exp(reach), rel=1e-5)
        compared += 1
    assert compared >= 3


@pytest.mark.parametrize("relative", [True, False])
def test_intervals_of_ratios_hold_their_level_where_nothing_changed(relative: bool) -> None:
    """Weights from 0.3 to 5 and 30 alerts a period in the place: 1 is missed by at most 5 % of the intervals.

    Taken for counts, sums of weights miss it far more often.
    """
    random = np.random.default_rng(11)
    grades, chance = np.array([0.3, 1.0, 5.0]), np.array([0.5, 0.35, 0.15])
    grades = grades / (grades @ chance)
    runs = 2_000
    drawn = random.poisson(np.array([30, 30, 400, 400])[None, :, None] * chance, (runs, 4, 3)).astype(float)
    sums, squares = drawn @ grades, drawn @ grades**2
    if relative:
        _, low, high = weighted_ratio(sums, squares, np.ones(runs))
        _, naive_low, naive_high = weighted_ratio(sums, sums, np.ones(runs))
    else:
        counted = drawn.sum(axis=2)
        frame = pd.DataFrame({"place": "quay", "before": counted[:, 0], "after": counted[:, 1]}).astype(
            {"place": object}
        )
        for at, name in enumerate(("before", "after")):
            frame[f"weight_{name}"], frame[f"square_{name}"] = sums[:, at], squares[:, at]
        tested = changes(frame, ("place",)).frame
        found = weighted_changes(frame.assign(base_of=-1), tested)
        plain = weighted_changes(frame.assign(base_of=-1, square_before=sums[:, 0], square_after=sums[:, 1]), tested)
        low, high = (found[f"weight_{name}"].to_numpy() for name in ("low", "high"))
        naive_low, naive_high = (plain[f"weight_{name}"].to_numpy() for name in ("low", "high"))
    assert ((low > 1) | (high < 1)).mean() <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
    assert ((naive_low > 1) | (naive_high < 1)).mean() > 0.15


def test_changes_of_the_sample_by_severity(sample: Home, t: Translator) -> None:
    source, f = open_source(sample), AlertFilter(period="12m")
    plain, study = (change_study(source, f, Audience.ANALYST, weight=weight) for weight in (None, "severity"))
    assert plain.harm is None
    pd.testing.assert_frame_equal(plain.changes.frame, study.changes.frame)
    assert study.harm is not None
    weights = study.harm.frame
    whole = study.changes.frame[list(CANDIDATE_KEYS)].isna().all(axis=1)
    together = study.changes.frame.loc[whole, ["before", "after"]].sum(axis=1).iloc[0]
    assert weights.loc[whole, ["weight_before", "weight_after"]].sum(axis=1).iloc[0] == pytest.approx(together)
    assert "variance is the sum of their squares" in " ".join(t(choice.explanation) for choice in study.choices)
    assert not any(choice.name == "harm" for choice in plain.choices)
    # One candidate by hand: what its incidents weigh, counted by severity alone.
    frame = study.changes.frame
    at = frame[frame["category"].notna() & frame["district"].isna() & frame["place"].isna() & frame["dark"].isna()]
    row = at.sort_values("after").iloc[-1]
    after = f.replace(period="", start=study.periods.after[0], end=study.periods.after[1])
    both = [after, f.replace(period="", start=study.periods.before[0], end=study.periods.before[1])]
    graded = pd.concat([query.counts(source, one, ["severity"], Audience.ANALYST).frame for one in both])
    mean = float((graded["severity"] * graded["n"]).sum() / graded["n"].sum())
    here = after.replace(categories=(str(row["category"]),))
    counted = query.counts(source, here, ["severity"], Audience.ANALYST).frame
    expected = float((counted["severity"] * counted["n"]).sum()) / mean
    assert weights.loc[row.name, "weight_after"] == pytest.approx(expected)


def test_weights_of_changes_are_for_exact_audiences_alone(sample: Home) -> None:
    source, f = open_source(sample), AlertFilter(period="12m")
    for audience in (Audience.COUNCIL, Audience.PUBLIC):
        with pytest.raises(DisclosureError):
            change_study(source, f, audience, weight="severity")
        with pytest.raises(DisclosureError):
            weights_of_candidates(source, (f, f), [[]], audience, "severity", pd.DataFrame())
