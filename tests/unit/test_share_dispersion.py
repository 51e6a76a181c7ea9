"""The dispersion of shares: that of bursts whose reports are alike, none where they are not, and no level or season."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.gender import WOMAN, dark_shares, gender_shares, perceived_safety
from analysis.stats.dispersion import INDEPENDENT, UNKNOWN, Dispersion, dispersion_of_shares
from analysis.stats.intervals import wilson

ROWS, PAIRS, MEAN = 6, 20, 40
THREE = Dispersion(3.0, 2.8, 3.2, 0.0, float("inf"))


def windows(
    rng: np.random.Generator, reports: float, share: np.ndarray, *, alike: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Part and whole of rows in one window each: bursts of a geometric number of reports."""
    part, whole = np.zeros((2, *share.shape))
    for at in np.ndindex(share.shape):
        sizes = rng.geometric(1 / reports, rng.poisson(MEAN / reports))
        whole[at] = sizes.sum()
        part[at] = sizes[rng.random(len(sizes)) < share[at]].sum() if alike else rng.binomial(sizes.sum(), share[at])
    return part, whole


def phi(reports: float, *, alike: bool, common: float = 0.0, seeds: int = 30) -> float:
    """The mean of what is estimated; rows differ in their share, and all change by `common` between both windows."""
    share = np.linspace(0.2, 0.6, ROWS)[:, None] + np.zeros((ROWS, PAIRS))
    found = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        before = windows(rng, reports, share, alike=alike)
        after = windows(rng, reports, share * (1 + common), alike=alike)
        found.append(dispersion_of_shares(before, after).phi)
    return float(np.mean(found))


def test_reports_that_are_alike_multiply_the_variance_by_their_bursts() -> None:
    assert phi(1.0, alike=True) == pytest.approx(1.0, abs=0.09)  # at least 1, so that the mean is a little above
    assert phi(2.0, alike=True) == pytest.approx(3.0, rel=0.1)
    assert phi(3.0, alike=True) == pytest.approx(5.0, rel=0.1)


def test_reports_that_are_not_alike_do_not() -> None:
    assert phi(3.0, alike=False) == pytest.approx(1.0, abs=0.12)


def test_what_all_rows_have_in_common_is_no_burst() -> None:
    assert phi(1.0, alike=True, common=0.3) == pytest.approx(1.0, abs=0.12)


def test_a_common_change_takes_from_the_variance_of_a_row_what_it_fits() -> None:
    """Of two equal rows the shares go up and down together or against each other: a half of the variance is left."""
    rng = np.random.default_rng(5)
    share = np.full((2, 400), 0.4)
    before, after = windows(rng, 1.0, share, alike=True), windows(rng, 1.0, share, alike=True)
    assert dispersion_of_shares(before, after).phi == pytest.approx(1.0, abs=0.15)


def test_one_row_stands_against_itself_and_nothing_is_unknown() -> None:
    rng = np.random.default_rng(4)
    share = np.full((1, 200), 0.4)
    before, after = windows(rng, 2.0, share, alike=True), windows(rng, 2.0, share, alike=True)
    assert dispersion_of_shares(before, after).phi == pytest.approx(3.0, rel=0.25)
    empty = np.zeros((2, 3))
    assert dispersion_of_shares((empty, empty), (empty, empty)) == UNKNOWN


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "affected_gender": ["woman", "man"] * 3,
            "feeling": [1, 1, 3, 3, 5, 5],
            "n": [40.0, 20.0, 60.0, 80.0, 20.0, 50.0],
        }
    )


def test_intervals_of_shares_and_feelings_are_those_of_effective_counts() -> None:
    shares = gender_shares(frame(), scatter=THREE)
    assert shares.women.low == pytest.approx(wilson(120 / 3, 270 / 3).low)
    assert [choice.name for choice in shares.choices] == ["dispersion"]
    dark = pd.DataFrame({"affected_gender": ["woman"] * 2, "dark": [True, False], "n": [30.0, 60.0]})
    row = dark_shares(dark, scatter=THREE).set_index("gender").loc[WOMAN]
    assert (row["share"], row["low"]) == pytest.approx((1 / 3, wilson(10, 30).low))
    plain, wide = (perceived_safety(frame(), scatter=scatter) for scatter in (INDEPENDENT, THREE))
    assert wide.gap.value == plain.gap.value
    assert (wide.gap.high - wide.gap.low) / (plain.gap.high - plain.gap.low) == pytest.approx(3**0.5, rel=0.02)
    women = wide.frame.set_index("gender").loc[WOMAN]
    assert women["unsafe_low"] == pytest.approx(wilson(40 / 3, 40).low)


def test_a_dispersion_of_one_changes_nothing() -> None:
    assert gender_shares(frame(), scatter=INDEPENDENT).choices == ()
    one = Dispersion(1.0, 1.0, 1.0, 0.0, float("inf"), typical=1.0)
    pd.testing.assert_frame_equal(gender_shares(frame(), scatter=one).frame, gender_shares(frame()).frame)
    pd.testing.assert_frame_equal(perceived_safety(frame(), scatter=one).frame, perceived_safety(frame()).frame)
