"""Knox tables that others published, and what was planted in the sample city."""

from __future__ import annotations

import tomllib
from typing import Any

import geopandas as gpd
import libpysal
import numpy as np
import pandas as pd
import pytest
from scipy.stats import poisson

import sample_data
from analysis.space_time import KnoxResult, bands_for, first_alerts, knox
from curim_data.engine import open_source
from curim_data.store import Home
from tests.published import published


def _chicago(name: str) -> tuple[Any, Any, Any]:
    table = pd.read_csv(published(name), header=None, names=["x", "y", "date"], parse_dates=["date"])
    return table.x, table.y, (table.date - pd.Timestamp("2015-12-31")).dt.days


def _year_of_chicago() -> tuple[Any, Any, Any]:
    table = pd.read_csv(published("chicago_burglary_2014_2017.csv"))
    date = pd.to_datetime(table.date_single, format="%d/%m/%Y")
    year = date.dt.year == 2016
    return table.x[year], table.y[year], (date[year] - pd.Timestamp("2016-01-01")).dt.days


def _observed(result: KnoxResult) -> list[list[int]]:
    times = len({band.time for band in result.bands})
    return np.array([band.observed for band in result.bands]).reshape(-1, times).tolist()


def test_burkitt() -> None:
    """pointpats, tests/test_spacetime.py; Knox 1964. Its p_poisson leaves the observed count out of the tail."""
    table = gpd.read_file(libpysal.examples.get_path("burkitt.shp"))
    result = knox(table["X"], table["Y"], table["T"], space=(20, np.inf), time=(5, np.inf), permutations=999)
    assert _observed(result) == [[13, 3416], [39, 14110]]
    closed = [band.closed_form for band in result.bands]
    # The third is published as 41.856139, one digit short: 13 + 39 pairs less 10.1438161.
    assert closed == pytest.approx([10.1438161, 3418.85618, 41.8561839, 14107.1438], rel=1e-8)
    first = result.bands[0]
    assert poisson.sf(13, first.closed_form) == pytest.approx(0.14624557, abs=1e-7)
    assert first.poisson_p == pytest.approx(0.2223, abs=5e-5)
    assert first.p == pytest.approx(0.21, abs=4 * np.sqrt(0.21 * 0.79 / 99))


CLOSED = [[342, 97, 62], [1892, 1514, 1362], [4145, 3643, 3592], [5805, 5143, 4919]]
HALF_OPEN = [[319, 106, 62], [1647, 1539, 1400], [3598, 3660, 3638], [5028, 5167, 4935]]
MANHATTAN = [[342, 97, 62], [1502, 1163, 1038], [2806, 2431, 2386], [3968, 3553, 3395]]
RATIOS = [[6.4528, 1.9796, 1.3191], [1.4172, 1.2481, 1.1407], [1.1362, 1.106, 1.1138], [1.13, 1.1003, 1.0773]]


@pytest.mark.parametrize(
    ("metric", "closed", "expected"),
    [("euclidean", "right", CLOSED), ("euclidean", "left", HALF_OPEN), ("manhattan", "right", MANHATTAN)],
)
def test_chicago_burglary(metric: Any, closed: Any, expected: list[list[int]]) -> None:
    """Davies, github.com/tobydavies/NearRepeat, notebook on the usage of the Knox test (2016, 11,701 burglaries)."""
    result = knox(
        *_year_of_chicago(), space=(0.1, 200, 400, 600), time=(7, 14, 21), metric=metric, closed=closed, permutations=99
    )
    assert result.n == 11_701
    assert _observed(result) == expected
    if expected is CLOSED:
        ratio = np.array([band.ratio_median for band in result.bands])
        spread = result.samples.std(axis=0).ravel() / np.median(result.samples, axis=0).ravel()
        # Two medians of 99 permutations, each with standard error 1.25 spread / sqrt(99).
        assert (np.abs(ratio / np.ravel(RATIOS) - 1) < 4 * 1.25 * spread * np.sqrt(2 / 99)).all()
        p = [band.p for band in result.bands]
        assert p[:2] + p[3:] == [0.01] * 11
        assert p[2] <= 0.1  # published: .05


def test_chicago_burglary_in_the_bands_of_the_calculator() -> None:
    """The same author's notebook on the Near Repeat Calculator, which says 1-100 m and 0-2 days to [1, 100), [0, 2)."""
    result = knox(
        *_year_of_chicago(), space=(1, 100, 200, 300), time=(2, 4), closed="left", permutations=1, most_pairs=10**8
    )
    assert _observed(result) == [[202, 51], [189, 143], [290, 343], [456, 526]]


def test_month_of_burglaries_as_the_r_package_has_it() -> None:
    """NearRepeat (R), vignette: Manhattan, [a, b), 999 permutations."""
    result = knox(
        *_chicago("chicago_be_month1.csv"),
        space=(0.1, 200, 400, 600),
        time=(7, 14, 21),
        metric="manhattan",
        closed="left",
    )
    assert _observed(result) == [[28, 5, 5], [141, 69, 27], [186, 140, 100], [237, 192, 128]]
    published = [1.8027842, 0.4043552, 0.6128082, 1.4121203, 0.8621871, 0.5170609]
    published += [1.014407, 0.9499294, 1.0511474, 0.9754211, 0.9806536, 1.0071754]
    error = result.samples.std(axis=0).ravel() / result.samples.mean(axis=0).ravel() * np.sqrt(2 / 999)
    assert (np.abs(np.array([band.ratio for band in result.bands]) / published - 1) < 4 * error).all()
    median = [1.75, 0.4166667, 0.625, 1.4242424, 0.8625, 0.5192308]
    median += [1.0108696, 0.9459459, 1.0526316, 0.9753086, 0.9795918, 1.007874]
    ours = np.array([band.observed / band.ratio_median for band in result.bands])
    assert np.abs(ours - [band.observed / m for band, m in zip(result.bands, median, strict=True)]).max() < 3.5
    p = np.array([0.001, 1, 0.943, 0.001, 0.929, 1, 0.435, 0.785, 0.312, 0.696, 0.635, 0.479])
    tolerance = 4 * np.sqrt(2 * np.maximum(p * (1 - p), 0.001) / 999)
    assert (np.abs(np.array([band.p for band in result.bands]) - p) < tolerance).all()
    assert [(str(b.space), str(b.time)) for b in result.patterns] == [("[0.1, 200)", "[0, 7)")]


def test_month_of_burglaries_as_the_calculator_has_it() -> None:
    """Near Repeat Calculator 1.3 calls these bands 1-100 m and 0-7 days; what it counts is [1, 100) and [0, 7)."""
    result = knox(
        *_chicago("chicago_be_month1.csv"),
        space=(1, 100, 200, 300, np.inf),
        time=(7, 14, 21, np.inf),
        metric="manhattan",
        closed="left",
        permutations=9,
    )
    assert _observed(result) == [
        [28, 5, 5, 2],
        [44, 13, 8, 4],
        [97, 56, 19, 16],
        [77, 67, 45, 20],
        [182194, 146149, 95237, 45879],
    ]
    labels = [str(band.space) for band in result.bands[::4]]
    assert labels == ["[0, 1)", "[1, 100)", "[100, 200)", "[200, 300)", "[300, ∞)"]
    assert [str(band.time) for band in result.bands[:4]] == ["[0, 7)", "[7, 14)", "[14, 21)", "[21, ∞)"]


def test_arson_as_the_calculator_has_it() -> None:
    """Near Repeat Calculator 1.3: sixteen cells alike; two pairs lie at an edge, which makes four cells differ by 1."""
    result = knox(
        *_chicago("chicago_arson.csv"),
        space=(1, 200, 400, 600, np.inf),
        time=(1, 2, 3, np.inf),
        metric="manhattan",
        closed="left",
        permutations=9,
    )
    published = np.array([[0, 2, 0, 8], [9, 1, 1, 45], [4, 0, 0, 140], [6, 0, 0, 234], [393, 710, 770, 133658]])
    differ = np.array(_observed(result)) - published
    cells = {(str(b.space), str(b.time)): int(d) for b, d in zip(result.bands, differ.ravel(), strict=True) if d}
    assert cells == {
        ("[0, 1)", "[0, 1)"): 1,
        ("[1, 200)", "[0, 1)"): -1,
        ("[200, 400)", "[3, ∞)"): 1,
        ("[400, 600)", "[3, ∞)"): -1,
    }


def test_arson_with_the_labels_of_the_calculator() -> None:
    """The same with edges at 0.01, 201, 401 and 601: the ratios are those of 999 permutations, recomputed."""
    result = knox(
        *_chicago("chicago_arson.csv"),
        space=(0.01, 201, 401, 601, np.inf),
        time=(1, 2, 3, np.inf),
        metric="manhattan",
        closed="left",
    )
    assert _observed(result) == [[0, 2, 0, 8], [9, 1, 1, 46], [4, 0, 0, 141], [6, 0, 0, 234], [393, 710, 770, 133656]]
    first = [band for band in result.bands if str(band.time) == "[0, 1)"]
    assert max(band.p for band in first[1:4]) < 0.01
    # The calculator's ratios (74, 12, 8) rest on 0.1 to 0.8 expected pairs in 99 runs.
    means = np.array([9, 4, 6]) / [52.89, 9.47, 7.89]
    assert (np.abs([band.mean for band in first[1:4]] - means) < 4 * np.sqrt(2 * means / 999)).all()


@pytest.fixture(scope="module")
def alerts(plain_sample: Home) -> pd.DataFrame:
    source = open_source(plain_sample)
    return source.alerts.frame("x, y, local_date, hour, category", ["x IS NOT NULL", "y IS NOT NULL"])


def _knox_of(alerts: pd.DataFrame, category: str, runs: int) -> KnoxResult:
    some = alerts[alerts.category == category]
    days = (pd.to_datetime(some.local_date) - pd.Timestamp("1970-01-01")).dt.days
    hours = 24.0 * days + some.hour
    first = first_alerts(some.x, some.y, hours, some.category, np.full(len(some), -1))
    keep = first == np.arange(len(some))
    bands = bands_for(1.0)
    return knox(some.x[keep], some.y[keep], days[keep], space=bands.space, time=bands.time, permutations=runs)


def test_near_repeats_of_the_sample_are_found_in_their_bands(alerts: pd.DataFrame, plain_sample: Home, t: Any) -> None:
    """In theirs alone, but for a hot spot of the same category that comes and goes, 240 m wide."""
    truths = tomllib.loads(sample_data.TRUTHS.read_text("utf-8"))
    category = truths["near_repeat"]["category"]
    result = _knox_of(alerts, category, 499)
    first = ("(0.1, 100]", "[0, 7]")
    found = [(str(b.space), str(b.time)) for b in result.patterns]
    assert found[0] == first
    # The spot's months last four weeks, and it is wider than 100 m: weaker bands beside the first.
    assert result.patterns[0].ratio > 2
    assert result.patterns[0].ratio > 2 * result.patterns[1].ratio
    assert result.sentence(t).startswith("Within 100 m of an incident and within 7 days there are ")

    (spot,) = [spot for spot in truths["hot_spot"] if category in spot["categories"]]
    assert spot["class"] == "sporadic"
    x, y = open_source(plain_sample).city.project(spot["longitude"], spot["latitude"])
    elsewhere = _knox_of(alerts[np.hypot(alerts.x - x, alerts.y - y) > spot["radius"] + 30], category, 499)
    assert (str(elsewhere.patterns[0].space), str(elsewhere.patterns[0].time)) == first
    assert len(elsewhere.patterns) <= 2  # of twenty bands one may be chance
    assert elsewhere.patterns[0].ratio > 10


@pytest.mark.parametrize("category", ["pickpocketing", "litter_dumping"])
def test_categories_of_steady_spots_do_not_repeat(alerts: pd.DataFrame, category: str) -> None:
    """Categories of spots that come and go (parking) do, and rightly so."""
    assert not any(band.pattern for band in _knox_of(alerts, category, 199).bands)
