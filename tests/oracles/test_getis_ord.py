"""Gi* and the false-discovery rate against published numbers and the packages of the field."""

from __future__ import annotations

import esda
import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.stats import norm

from analysis.hotspots.cell_significance import getis_ord, gistar_on_land
from analysis.stats.significance import benjamini_hochberg
from tests.published import published

# Six points of the esda test-suite, neighbours within 15 units.
POINTS = [(10, 10), (20, 10), (40, 10), (15, 20), (30, 20), (30, 30)]
VALUES = np.array([2, 3, 3.2, 5, 8, 7])
PUBLISHED = [-1.39727626, -0.28917762, 0.65064964, -0.28917762, 1.23452088, 2.02424331]


def slow_twin(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The formula of Ord and Getis (1995), cell by cell."""
    n, mean = len(values), sum(values) / len(values)
    s = (sum(v * v for v in values) / n - mean**2) ** 0.5
    z = []
    for row in weights:
        total, squares = sum(row), sum(w * w for w in row)
        top = sum(w * v for w, v in zip(row, values, strict=True)) - mean * total
        z.append(top / (s * ((n * squares - total**2) / (n - 1)) ** 0.5))
    return np.array(z)


def within(points: list[tuple[int, int]], distance: float) -> sparse.csr_array:
    at = np.array(points, dtype=float)
    return sparse.csr_array((np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1)) <= distance).astype(float))


def test_six_points() -> None:
    assert getis_ord(VALUES, within(POINTS, 15)) == pytest.approx(PUBLISHED, abs=5e-9)


def test_all_values_of_columbus_as_r_has_them() -> None:
    """R spdep 1.3.5, localG of COL.OLD with its own neighbours, in the order of its file."""
    table = pd.read_csv(published("columbus_oldcol_gistar_localmoran.csv"))
    near = pd.read_csv(published("columbus_COLnb_binary_matrix.csv")).to_numpy(float)
    z = getis_ord(table["CRIME"], sparse.csr_array(near + np.eye(len(table))))
    assert len(z) == 49
    assert z == pytest.approx(table["GiStar"].to_numpy(), abs=1e-12)
    assert z[:5].round(11).tolist() == [-1.34000809746, -0.13173336449, 1.01302395062, 0.66136483775, -1.43277965397]
    assert (round(z.max(), 11), round(z.min(), 11)) == (3.47505135616, -2.85102317658)
    assert (int((z > 1.96).sum()), int((z < -1.96).sum())) == (10, 6)


def test_infant_deaths_in_north_carolina_as_r_has_them() -> None:
    """R spdep 1.3.5: a hundred counties, rate of sudden infant deaths 1974-78, queen neighbours."""
    counties = gpd.read_file(libpysal.examples.get_path("sids2.shp"))
    table = pd.read_csv(published("sids_gistar.csv")).set_index("FIPSNO").loc[counties["FIPSNO"]]
    queen = libpysal.weights.Queen.from_dataframe(counties, use_index=False)
    z = getis_ord(1000 * counties["SID74"] / counties["BIR74"], sparse.csr_array(queen.sparse + sparse.eye(100)))
    assert z == pytest.approx(table["GiStar_queen"].to_numpy(), abs=1e-12)


@pytest.fixture(scope="module")
def columbus() -> tuple[np.ndarray, sparse.csr_array, libpysal.weights.W]:
    frame = gpd.read_file(libpysal.examples.get_path("columbus.shp"))
    queen = libpysal.weights.Queen.from_dataframe(frame, use_index=False)
    return frame["CRIME"].to_numpy(), sparse.csr_array(queen.sparse + sparse.eye(len(frame))), queen


def test_columbus_crime(columbus: tuple[np.ndarray, sparse.csr_array, libpysal.weights.W]) -> None:
    crime, weights, queen = columbus
    z = getis_ord(crime, weights)
    assert z[:5] == pytest.approx([-1.4328, -1.3400, -0.7720, -0.1317, 1.2854], abs=5e-5)
    assert (int(z.argmax()), round(float(z.max()), 4)) == (15, 3.4751)
    assert (int(z.argmin()), round(float(z.min()), 4)) == (31, -2.8510)
    assert int((2 * norm.sf(np.abs(z)) < 0.05).sum()) == 18
    peer = esda.G_Local(crime, queen, transform="B", star=True, permutations=0)
    assert z == pytest.approx(peer.Zs, abs=1e-12)
    assert z == pytest.approx(slow_twin(crime, weights.toarray()), abs=1e-12)


def test_on_equal_land_the_form_for_unequal_land_has_the_published_values() -> None:
    assert gistar_on_land(VALUES, np.full(6, 0.3), within(POINTS, 15)) == pytest.approx(PUBLISHED, abs=5e-9)


def test_on_unequal_land_it_is_the_formula_of_the_methods_page() -> None:
    """r_j = (x_j - N a_j) / sqrt(N a_j), w_ij = sqrt(a_j): nobody published values, so a slow twin stands for them."""
    land = np.array([0.1, 0.4, 0.2, 0.5, 0.3, 0.05])
    near = within(POINTS, 15)
    share = land / land.sum()
    expected = VALUES.sum() * share
    residual = [(x - e) / e**0.5 for x, e in zip(VALUES, expected, strict=True)]
    weights = np.array([[w * a**0.5 for w, a in zip(row, share, strict=True)] for row in near.toarray()])
    z = gistar_on_land(VALUES, land, near)
    assert z == pytest.approx(slow_twin(np.array(residual), weights), abs=1e-9)
    assert z != pytest.approx(PUBLISHED, abs=0.1)


@given(
    st.lists(st.integers(0, 50), min_size=6, max_size=6).filter(lambda v: len(set(v)) > 1),
    st.floats(0.01, 1000),
    st.floats(-100, 100),
)
@settings(max_examples=60, deadline=None)
def test_scaling_and_shifting_leave_gistar_as_it_is(values: list[int], factor: float, shift: float) -> None:
    weights = within(POINTS, 15)
    x = np.array(values, dtype=float)
    assert getis_ord(factor * x + shift, weights) == pytest.approx(getis_ord(x, weights), abs=1e-5)


def test_a_flat_map_has_no_gistar() -> None:
    assert getis_ord([3.3] * 6, within(POINTS, 15)).tolist() == [0] * 6


@pytest.mark.filterwarnings("ignore:The alternative hypothesis")
def test_homicides_around_st_louis_have_no_cluster_and_the_bound_is_not_one() -> None:
    """The documentation of `esda.fdr` prints .00128... and .00064... for these: alpha / m, its answer for "none"."""
    counties = pd.read_csv(libpysal.examples.get_path("stl_hom.csv"))
    weights = libpysal.io.open(libpysal.examples.get_path("stl.gal")).read()
    moran = esda.Moran_Local(counties["HR8893"].to_numpy(), weights, permutations=999, seed=12345)
    p = np.minimum(1, 2 * moran.p_sim)  # two-sided
    for alpha, printed in ((0.1, 0.001282051282051282), (0.05, 0.000641025641025641)):
        assert esda.fdr(p, alpha) == pytest.approx(printed, rel=1e-15)
        assert printed == pytest.approx(alpha / len(p), rel=1e-15)
        assert not (benjamini_hochberg(p) <= alpha).any()
    # One-sided three pass at 10 %, and both agree on the cut-off 3 alpha / m.
    assert esda.fdr(moran.p_sim, 0.1) == pytest.approx(3 * 0.1 / 78, rel=1e-12)
    assert int((benjamini_hochberg(moran.p_sim) <= 0.1).sum()) == 3


def test_nothing_passes_when_nothing_should() -> None:
    """`esda.fdr` falls back to alpha/m and its strict comparison; ours is Benjamini and Hochberg's step-up with <=."""
    p = np.array([0.05, 0.6, 0.7])
    assert benjamini_hochberg(p).min() > 0.05
    assert (benjamini_hochberg([0.05 / 3, 0.9, 0.9]) <= 0.05).tolist() == [True, False, False]
