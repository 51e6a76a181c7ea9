"""Local Moran's I against R and esda, its permutations against all of them, and the point pattern test by hand."""

from __future__ import annotations

from itertools import combinations

import esda
import libpysal
import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats

from analysis.stats.local_moran import _without_replacement, local_moran
from analysis.stats.point_pattern_test import point_pattern_test
from tests.published import published


def test_all_values_of_columbus_as_r_has_them() -> None:
    """R spdep 1.3.5, localmoran of COL.OLD with its own neighbours in rows that add up to one."""
    table = pd.read_csv(published("columbus_oldcol_gistar_localmoran.csv"))
    near = pd.read_csv(published("columbus_COLnb_binary_matrix.csv")).to_numpy(float)
    found = local_moran(table["CRIME"], sparse.csr_array(near), permutations=99)
    assert found.i == pytest.approx(table["Ii"].to_numpy(), abs=1e-12)


def lattice(side: int) -> np.ndarray:
    at = np.array([(row, column) for row in range(side) for column in range(side)])
    apart = np.abs(at[:, None] - at[None]).max(axis=2)
    return (apart == 1).astype(float)


def test_the_values_and_chances_of_esda() -> None:
    near = lattice(7)
    values = np.random.default_rng(3).gamma(2, size=49) + 4 * (near[24] + np.eye(49)[24])
    weights = libpysal.weights.full2W(near)
    weights.transform = "r"
    theirs = esda.Moran_Local(values, weights, permutations=9999, seed=5, n_jobs=1)
    mine = local_moran(values, sparse.csr_array(near))
    assert mine.i * 48 / 49 == pytest.approx(theirs.Is, abs=1e-12)
    assert mine.quadrant.tolist() == theirs.q.tolist()
    assert mine.p == pytest.approx(theirs.p_sim, abs=0.02)


def test_the_chance_is_that_of_all_choices_of_neighbours() -> None:
    """Six cells in a row: every set of neighbours is counted, with ties in both tails."""
    values = np.array([5.0, 4, 1, 1, 0, 1])
    near = (np.abs(np.subtract.outer(np.arange(6), np.arange(6))) == 1).astype(float)
    drawn, counted = (local_moran(values, sparse.csr_array(near), permutations=asked) for asked in (40_000, None))
    for cell in range(6):
        neighbours = np.flatnonzero(near[cell])
        rest = [other for other in range(6) if other != cell]
        sums = np.array([values[list(chosen)].sum() for chosen in combinations(rest, len(neighbours))])
        seen = values[neighbours].sum()
        expected = min((sums >= seen).mean(), (sums <= seen).mean())
        assert drawn.p[cell] == pytest.approx(expected, abs=0.01)
        assert counted.p[cell] == pytest.approx(expected, rel=1e-12)


def test_counts_in_bursts_are_counted_as_they_are_drawn() -> None:
    """Many equal counts, one far above all, cells at the edge with fewer neighbours: within what draws scatter."""
    near, rng = sparse.csr_array(lattice(12)), np.random.default_rng(11)
    values = rng.negative_binomial(0.5, 0.1, 144).astype(float)
    values[50] = 400
    drawn, counted = local_moran(values, near, permutations=20_000), local_moran(values, near)
    scatter = np.sqrt(counted.p * (1 - counted.p) / 20_000)
    assert (np.abs(drawn.p - counted.p) <= 4.5 * scatter + 1e-4).all()
    assert drawn.quadrant.tolist() == counted.quadrant.tolist()


def test_counted_chances_reach_far_below_any_number_of_draws() -> None:
    """Six full cells among 20,000 with one or none: 9,999 draws, corrected for all cells, could never show them."""
    values = np.zeros(20_000)
    values[:600], values[7000:7007] = 1, 2
    links = [(7000, other) for other in range(7001, 7007)] + [(at, at + 1) for at in range(19_999)]
    rows, columns = np.array(links + [pair[::-1] for pair in links]).T
    near = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(20_000, 20_000))
    found = local_moran(values, near)
    number = int(near[[7000]].nnz)
    full = stats.hypergeom(19_999, 6, number)
    assert found.p[7000] <= full.sf(4)
    assert found.q[7000] < 1e-6
    assert not local_moran(values, near, permutations=999).significant()[7000]


@pytest.mark.parametrize("others", [20, 500])
def test_neighbours_are_drawn_once_and_alike(others: int) -> None:
    drawn = _without_replacement(others, 4, 5000, np.random.default_rng(2))
    assert all(len(set(row)) == 4 for row in drawn.tolist())
    assert stats.chisquare(np.bincount(drawn.ravel(), minlength=others)).pvalue > 0.001


def test_quiet_maps_have_no_cluster_and_a_planted_one_is_found() -> None:
    """Counts in bursts too: the values are moved as they are, so nothing is assumed of their law."""
    near, rng = sparse.csr_array(lattice(15)), np.random.default_rng(8)
    quiet = [rng.negative_binomial(1, 0.25, 225).astype(float) for _ in range(60)]
    for permutations in (4999, None):
        tried = (local_moran(values, near, permutations=permutations, rng=rng) for values in quiet)
        false = sum(found.significant().any() for found in tried)
        assert false <= stats.binom.ppf(0.99, len(quiet), 0.05)
    centre = [*near[[112]].indices.tolist(), 112]
    values = quiet[0].copy()
    values[centre] += 15
    found = local_moran(values, near)
    assert found.significant()[112]
    assert found.quadrant[112] == 1


def test_cells_alone_and_maps_without_variation_have_no_chance() -> None:
    near = np.zeros((4, 4))
    near[0, 1] = near[1, 0] = near[1, 2] = near[2, 1] = 1
    found = local_moran([3.0, 2, 1, 9], sparse.csr_array(near), permutations=99)
    assert np.isnan(found.p[3])
    assert found.quadrant[3] == 0
    assert np.isnan(local_moran([2.0] * 4, sparse.csr_array(near)).p).all()
    with pytest.raises(ValueError, match="needs a value"):
        local_moran([1.0, np.nan, 0, 0], sparse.csr_array(near))


def test_the_pattern_test_by_hand() -> None:
    first, second = [40, 10, 6, 4, 0, 0], [12, 10, 20, 4, 1, 0]
    found = point_pattern_test(first, second)
    expected = []
    for a, b in zip(first, second, strict=True):
        table = [[a, b], [sum(first) - a, sum(second) - b]]
        tails = [stats.fisher_exact(table, alternative=side).pvalue for side in ("less", "greater")]
        expected.append(min(1.0, 2 * min(tails)) if a + b else np.nan)
    assert found.p == pytest.approx(np.array(expected), nan_ok=True)
    assert found.differs.tolist() == [True, False, True, False, False, False]
    assert found.more.tolist() == [1, -1, -1, -1, -1, 0]
    assert (found.s, found.robust_s) == (pytest.approx(4 / 6), pytest.approx(3 / 5))
    assert found.q[:5] == pytest.approx(stats.false_discovery_control(found.p[:5]))
    wider = point_pattern_test(first, second, dispersion=4)
    assert (wider.p[:5] >= found.p[:5]).all()
    assert not wider.differs[2]


def test_two_samples_of_one_map_seldom_differ() -> None:
    rng = np.random.default_rng(4)
    share = rng.dirichlet(np.full(80, 0.5))
    differ = [point_pattern_test(rng.multinomial(900, share), rng.multinomial(500, share)).differs for _ in range(150)]
    assert sum(one.any() for one in differ) <= stats.binom.ppf(0.99, 150, 0.05)


@pytest.mark.parametrize(
    ("first", "second"),
    [([1, 2], [1]), ([], []), ([1.0, np.nan], [1.0, 1.0]), ([-1], [1]), ([1.5, 2], [1, 2]), ([3, 2], [1, np.inf])],
)
def test_what_no_pattern_is(first: list[float], second: list[float]) -> None:
    with pytest.raises(ValueError, match="counts"):
        point_pattern_test(first, second)
