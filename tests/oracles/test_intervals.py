"""Smoothed rates and intervals against published values."""

from __future__ import annotations

import libpysal
import numpy as np
import pandas as pd
import pytest

from analysis.hotspots.surroundings import empirical_bayes
from analysis.stats.intervals import rate_ratio, share_ratio, weighted_sum, wilson


def test_marshall_on_sudden_infant_deaths_in_north_carolina():
    table = libpysal.io.open(libpysal.examples.get_path("sids2.dbf"))
    smoothed = empirical_bayes(table.by_col("SID74"), table.by_col("BIR74"))
    assert smoothed.mean == pytest.approx(0.0020214448936544, abs=1e-16)
    assert smoothed.variance == pytest.approx(7.692930647e-07, rel=1e-9)
    published = [0.0016973, 0.00170538, 0.00177309, 0.00201287, 0.00353491]
    assert smoothed.rates[:5] == pytest.approx(published, abs=5e-9)
    assert smoothed.rates.max() == pytest.approx(0.00483880405, abs=5e-12)


def test_marshall_on_homicides_around_st_louis():
    counties = pd.read_csv(libpysal.examples.get_path("stl_hom.csv"))
    smoothed = empirical_bayes(counties["HC7984"], counties["PO7984"])
    published = [2.36718950e-05, 4.54539167e-05, 4.78114019e-05, 2.76907146e-05]
    assert smoothed.rates[:4] == pytest.approx(published, abs=5e-14)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17, 857-872, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_newcombe_prints_it(k, n, low, high):
    share = wilson(k, n)
    assert (round(share.low, 4), round(share.high, 4)) == (low, high)


def test_the_exact_interval_of_a_ratio_is_the_clopper_pearson_interval_in_another_coat():
    # Clopper-Pearson for 10 of 20 is 0.27196 to 0.72804 (any table); odds of it are the ratio's limits.
    ratio = rate_ratio(10, 10)
    assert ratio.low == pytest.approx(0.27196 / 0.72804, abs=2e-5)
    assert ratio.high == pytest.approx(0.72804 / 0.27196, abs=1e-4)


def test_katz_interval_on_the_physicians_aspirin_trial():
    # 104 heart attacks among 11,037 on aspirin, 189 among 11,034 on placebo: Agresti (2002), Categorical Data Analysis,
    # section 3.1.2, prints 0.55 (0.43 to 0.70) for the ratio turned round, 1.82 (1.43 to 2.30).
    ratio = share_ratio(189, 11034, 104, 11037)
    assert (round(ratio.value, 2), round(ratio.low, 2), round(ratio.high, 1)) == (1.82, 1.43, 2.3)
    assert np.log(ratio.high / ratio.value) == pytest.approx(np.log(ratio.value / ratio.low))


# Fleiss 1981, p. 249: children with Down syndrome by birth order (rows) and age of the mother (columns).
BIRTHS = [
    [230061, 329449, 114920, 39487, 14208, 3052],
    [72202, 326701, 208667, 83228, 28466, 5375],
    [15050, 175702, 207081, 117300, 45026, 8660],
    [2293, 68800, 132424, 98301, 46075, 9834],
    [327, 30666, 123419, 149919, 104088, 34392],
]
CASES = [
    [107, 141, 60, 40, 39, 25],
    [25, 150, 110, 84, 82, 39],
    [3, 71, 114, 103, 108, 75],
    [1, 26, 64, 89, 137, 96],
    [0, 8, 63, 112, 262, 295],
]
STANDARD = np.array([63986.6, 186263.6, 157302.2, 97647.0, 47572.6, 12262.6])
# Rate, low and high as R's epitools gives them (printed by tidyrates), the method of Fay and Feuer 1997.
PRINTED = [
    ("0.000923", "0.000804", "0.00106"),
    ("0.000912", "0.000824", "0.00101"),
    ("0.000851", "0.000772", "0.000942"),
    ("0.000927", "0.000800", "0.00115"),
    ("0.000755", "0.000677", "0.00188"),
]


@pytest.mark.parametrize(("births", "cases", "printed"), list(zip(BIRTHS, CASES, PRINTED, strict=True)))
def test_fay_and_feuer_on_down_syndrome_by_birth_order(births, cases, printed):
    weights = STANDARD / STANDARD.sum() / np.array(births)
    found = weighted_sum(float(weights @ cases), float(weights**2 @ cases), float(weights.max()))
    assert tuple(f"{value:#.3g}" for value in (found.value, found.low, found.high)) == printed
