"""Changes in quiet cities: hardly ever a false one however people report, and real ones still found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from tests.simulations.quiet_city import A_YEAR, KEYS, QuietCity, compare, pairs_of, tables

from analysis.stats.dispersion import Dispersion, dispersion_from_past, dispersion_of_pairs, spread_of
from analysis.trends.changes import add_city_reference
from analysis.trends.past_scatter import candidate_dispersions, kind_dispersions
from tests.effort import effort


@pytest.mark.parametrize(
    ("city", "naive"),
    [
        (QuietCity(), 0.0),
        (QuietCity(alerts=6400, reports=2), 0.9),
        (QuietCity(reports=1.5, collapsed=0.5, drift=0.4), 0.4),
        (QuietCity(alerts=6400, reports=3, drift=0.4), 0.9),
        (QuietCity(differ=True), 0.9),
    ],
)
def test_quiet_cities_have_hardly_ever_a_change(city: QuietCity, naive: float) -> None:
    """At most 5 % of cities; on a push a true share of 25 % would show. As if independent, most of them have one."""
    rng = np.random.default_rng(1)
    runs = effort(30, 400)
    plain, wide = np.sum(
        [[found.n_significant > 0 for found in compare(city.counts(rng))] for _ in range(runs)], axis=0
    )
    assert wide <= stats.binom.ppf(0.995, runs, 0.05)
    assert plain >= stats.binom.ppf(0.005, runs, naive)


def test_with_one_report_an_incident_next_to_no_power_is_lost() -> None:
    """A category of some 70 alerts a window that grows by 80 %."""
    rng = np.random.default_rng(2)
    seen = []
    for _ in range(effort(30, 200)):
        counts = QuietCity().counts(rng)
        counts[:, 3, -1] += rng.poisson(0.8 * counts[:, 3, -1])
        frames = [found.frame for found in compare(counts)]
        at = frames[0].index[(frames[0]["category"] == "c3") & frames[0]["district"].isna()][0]
        seen.append([bool(frame["significant"][at]) for frame in frames])
    plain, wide = np.mean(seen, axis=0)
    assert plain > 0.5
    assert wide >= plain - 0.2


def test_a_kind_is_compared_with_what_its_candidates_are_compared_with() -> None:
    rng = np.random.default_rng(3)
    past = tables(QuietCity(reports=2).counts(rng))
    found = kind_dispersions(pairs_of(past, A_YEAR))
    assert set(found) == set(past)
    past = {kind: table.iloc[:, :-1] for kind, table in past.items()}
    city = past[()].to_numpy(float)[0]
    fine = past[KEYS]
    themes = past[("category",)].loc[fine.index.get_level_values("category")].to_numpy(float)
    rows = fine.to_numpy(float)
    whole = np.where((themes.sum(axis=1) >= 2 * rows.sum(axis=1))[:, None], themes, city)
    wanted = dispersion_from_past(rows, lag=A_YEAR, totals=whole)
    assert (found[KEYS].phi, found[KEYS].drift) == pytest.approx((wanted.phi, wanted.drift))
    bursts = dispersion_from_past(rows, lag=A_YEAR, totals=whole, drift=False)
    before, after = (past[("district",)].iloc[:, at].to_numpy(float) for at in (slice(-A_YEAR), slice(A_YEAR, None)))
    wholes = city[:-A_YEAR], city[A_YEAR:]
    assert found[("district",)] == dispersion_of_pairs(before, after, wholes, bursts=bursts)
    assert found[("district",)].phi == bursts.phi
    assert found[()].phi > 1.3  # two windows a year apart of one row say little: the bursts of all others enter


def test_what_districts_scatter_beyond_the_bursts_of_smaller_rows_is_drift() -> None:
    """Five districts whose risk wanders, too few to tell bursts and drift apart by their sizes: what they show at 150
    alerts is carried to larger counts as drift, with the degrees of freedom of a handful of squares.
    """
    rng = np.random.default_rng(4)
    bursts = Dispersion(1.2, 1.1, 1.3, 0.0, 200.0)
    ratios = []
    for _ in range(200):
        rates = 400 * np.exp(rng.normal(0, 0.1, (5, 2)))
        before, after = (rng.poisson(rates[:, [at]], (5, 1)) for at in (0, 1))
        pairs = [np.tile(side, (1, 4)) for side in (before, after)]
        wholes = (np.tile(before.sum(axis=0), 4), np.tile(after.sum(axis=0), 4))
        found = dispersion_of_pairs(*pairs, wholes, bursts=bursts)
        assert found.phi == bursts.phi
        assert found.drift > 0
        assert found.freedom_at(100 * found.typical) < 1.1 * found.wandering
        assert found.freedom_at(0) == bursts.freedom
        ratios.append(found.fitted(4 * found.typical) / found.fitted(found.typical))
    assert np.median(ratios) > 2.5  # nearly in proportion to the counts


@pytest.mark.parametrize(("pairs", "lag"), [(3, 29 / 13), (7, 6.5), (4, 1.0)])
def test_pairs_that_share_most_of_their_time_say_less_about_drift(pairs: int, lag: float) -> None:
    """The scatter of the mean square of differences of a random walk, against that of independent ones."""
    rng = np.random.default_rng(5)
    fine = 26
    walk = rng.normal(size=(20_000, round((pairs + lag) * fine))).cumsum(axis=1)
    steps = np.arange(pairs) * fine
    differences = walk[:, steps + round(lag * fine) - 1] - np.where(steps > 0, walk[:, steps - 1], 0.0)
    mean_square = (differences**2).mean(axis=1)
    squares = 2 * mean_square.mean() ** 2 / mean_square.var()
    rows = rng.poisson(50, (40, pairs)), rng.poisson(50, (40, pairs))
    found = dispersion_of_pairs(*rows, bursts=Dispersion(1.0, 1, 1.1, 0.0, 100.0), lag=lag)
    plain = dispersion_of_pairs(*rows, bursts=Dispersion(1.0, 1, 1.1, 0.0, 100.0))
    assert found.wandering / plain.wandering == pytest.approx(min(1.0, 1.5 * squares / pairs), rel=0.1)


def test_a_candidate_has_the_dispersion_of_its_kind_and_size() -> None:
    kinds = {
        (): Dispersion(2.0, 1, 3, 0.0, float("inf")),
        ("category",): Dispersion(1.5, 1, 3, 0.1, float("inf")),
    }
    rows = [(None, None, 500, 520), (None, "c1", 40, 60), (None, "c2", 10, 4), ("d1", None, 90, 80)]
    frame = add_city_reference(pd.DataFrame(rows, columns=["district", "category", "before", "after"]))
    found, freedom = candidate_dispersions(frame, kinds, ("district", "category"))
    assert np.isinf(freedom).all()
    assert found[0] == 2
    assert found[1] == pytest.approx(1.5 + 0.1 * float(spread_of(40, 60, 500, 520)))
    assert found[2] == pytest.approx(1.5 + 0.1 * float(spread_of(10, 4, 500, 520)))
    assert found[3] == 1  # nothing is known of districts
    few = {("category",): Dispersion(1.5, 1, 3, 0.1, 40.0, wandering=6.0)}
    known, squares = candidate_dispersions(frame, few, ("district", "category"))
    assert squares[1] == few[("category",)].freedom_at(spread_of(40, 60, 500, 520)) < 40
    assert np.isinf(squares[[0, 3]]).all()
    assert known[1] == found[1]
