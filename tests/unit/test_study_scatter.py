"""The dispersion of a filter's counts: from before what is compared, by kind of candidate."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from analysis.stats.dispersion import UNKNOWN
from analysis.trends.past_scatter import past_windows
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from curim_data.studies import scatter as module
from curim_data.studies.changes import change_study
from curim_data.studies.coarse_areas import area_tables
from curim_data.studies.scatter import (
    EITHER,
    WOMEN,
    Share,
    past_scatter,
    place_bursts,
    place_scatter,
    share_scatter,
)
from tests.small import alert, small_source

ANALYST = Audience.ANALYST
LAST = dt.date(2025, 12, 31)
SINCE = dt.date(2025, 11, 6)
NOW = AlertFilter(period="", start=SINCE, end=LAST)
CATEGORIES = ("harassment_verbal", "lighting_poor", "noise")
POINTS = ((23.625, 37.935), (23.635, 37.945), (23.645, 37.955), (23.655, 37.935), (23.652, 37.945))


def city_of(folder: Path, weeks: int, reports: int = 1, step: float = 1.0, hot: int = 1) -> Source:
    """Some four alerts a week of each category in each district, each reported so many times on one day.

    `step`: how many times as many there are since the day of the comparison; `hot`: how many times as many in the first
    of five points.
    """
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(1)
    rows = []
    for week in range(weeks):
        for category in CATEGORIES:
            for zone in ("zone_1", "zone_2"):
                for _ in range(rng.poisson(4.0)):
                    day = LAST - dt.timedelta(days=7 * week + int(rng.integers(7)))
                    at = rng.choice(5, p=np.array([hot, 1, 1, 1, 1]) / (hot + 4))
                    at_point = tuple(value + rng.normal(0, 2e-4) for value in POINTS[at])
                    more = round(step) if day >= SINCE else 1
                    for _ in range(reports * more):
                        told = {"day": day, "category": category, "district": zone, "point": at_point, "place": None}
                        rows.append(alert(len(rows), **told))
    return small_source(folder, rows)


@pytest.mark.parametrize("reports", [1, 3])
def test_each_kind_has_the_dispersion_of_its_reports(tmp_path: Path, reports: int) -> None:
    """So many equal reports of each alert multiply the variance by their number."""
    study = change_study(city_of(tmp_path, 130, reports), NOW, ANALYST)
    fine = study.past.of(("district", "category"))
    assert fine.known
    assert fine.phi + fine.drift * fine.typical == pytest.approx(reports, rel=0.35)
    assert study.changes.n_significant == 0
    wider = study.changes.frame["dispersion"]
    assert (wider > 1.8).all() if reports == 3 else (wider < 2.5).all()
    assert study.past.windows is not None
    assert study.past.windows.lag == 52
    words = " ".join(translator("en")(choice.explanation) for choice in study.choices)
    assert ("in bursts" in words) == (reports == 3)
    assert "as far apart as these" in words


def test_what_is_compared_says_nothing_of_its_own_dispersion(tmp_path: Path) -> None:
    plain, stepped = (change_study(city_of(tmp_path / str(step), 130, 2, step), NOW, ANALYST) for step in (1, 4))
    assert stepped.past.kinds == plain.past.kinds
    assert stepped.changes.n_significant > 0


def test_a_past_too_short_is_said(tmp_path: Path) -> None:
    study = change_study(city_of(tmp_path, 14, 3, 6), NOW, ANALYST)
    assert study.past.windows is None
    assert study.changes.scatter == UNKNOWN
    t = translator("en")
    assert "may be less sure than it looks" in study.changes.sentence(t)
    half = change_study(city_of(tmp_path / "more", 66, 3), NOW, ANALYST)
    assert half.past.windows is not None
    assert half.past.windows.lag < 52
    assert "carried forward from shorter times" in " ".join(t(choice.explanation) for choice in half.choices)


def test_windows_of_the_past_follow_one_another() -> None:
    found = past_windows(120, 8, 52)
    assert found is not None
    at = np.arange(120)
    assert found.pairs == (120 - 52) // 8
    for pair in range(found.pairs):
        later = at[found.after(at) == pair]
        assert list(later) == list(range(120 - 8 * (pair + 1), 120 - 8 * pair))
        assert list(at[found.before(at) == pair]) == [unit - 52 for unit in later]
    assert past_windows(5, 8, 52) is None
    short = past_windows(60, 8, 52)
    assert short is not None
    assert (short.length, short.lag, short.wanted) == (8, 36, 52)
    year = past_windows(200, 52, 52)
    assert year is not None
    assert year.length == 13


def test_a_place_that_is_always_hot_makes_no_bursts(tmp_path: Path) -> None:
    everything = AlertFilter(period="all")
    found = [place_scatter(city_of(tmp_path / str(hot), 100, 1, hot=hot), everything, 10) for hot in (1, 12)]
    assert all(scatter.value < 1.8 for scatter in found)
    source = city_of(tmp_path / "bursts", 100, 4, hot=12)
    bursts = place_scatter(source, everything, 10)
    assert bursts.phi == pytest.approx(4, rel=0.35)
    assert bursts.drift == 0
    assert place_scatter(source, everything, 10) is bursts


def test_what_is_tested_does_not_inflate_its_own_dispersion(tmp_path: Path) -> None:
    """Four times as many at one of five places in the last eight weeks would be taken for bursts."""
    quiet, risen = (city_of(tmp_path / str(step), 130, 2, step) for step in (1, 4))
    share = Share("reporter_gender", WOMEN, EITHER)
    for scatter in (
        lambda source: place_scatter(source, NOW, 10),
        lambda source: place_bursts(source, NOW),
        lambda source: share_scatter(source, NOW, share, ("district",)),
    ):
        assert scatter(risen) == scatter(quiet)
    assert place_scatter(risen, NOW, 10).phi == pytest.approx(2, rel=0.35)


def test_where_nothing_lies_before_the_period_the_period_tells_it(tmp_path: Path) -> None:
    source = city_of(tmp_path, 100, 3)
    found = place_scatter(source, AlertFilter(period="all"), 10)
    assert found.phi == pytest.approx(3, rel=0.35)
    few_before = AlertFilter(period="", start=LAST - dt.timedelta(weeks=92), end=LAST)
    assert place_scatter(source, few_before, 10).freedom >= 0.8 * found.freedom


def test_kinds_are_found_once_for_a_filter(tmp_path: Path) -> None:
    source = city_of(tmp_path, 130)
    first = change_study(source, NOW, ANALYST)
    kinds = [("district",)]
    again = past_scatter(source, NOW, first.periods, kinds)
    assert past_scatter(source, NOW, first.periods, kinds) is again


def counted_alone(
    source: Source, past: AlertFilter, history: module._Units, kinds: list[tuple[str, ...]], resolution: int | None
) -> dict[tuple[str, ...], module._Counts]:
    """The slow twin: each history is a question of its own, and its tables are frames."""
    by = [[history.unit, *kind] for kind in kinds]
    found = {}
    for kind, frame in zip(kinds, area_tables(source, past, by, ANALYST, resolution), strict=True):
        known = frame.dropna(subset=[history.unit, *kind])
        names = [pd.factorize(known[name]) for name in kind]
        found[kind] = module._Counts(history.at(known[history.unit]), names, known["n"].to_numpy(float))
    return found


def test_the_past_of_each_period_is_as_if_it_had_been_counted_alone(tmp_path: Path) -> None:
    """Tables of a longer past serve every period of a filter that lies within, digit for digit."""
    source = city_of(tmp_path, 190, 2)
    kinds: list[tuple[str, ...]] = [("category",), ("district",), ("district", "category")]
    asked = [
        (AlertFilter(weekdays=days), change_study(source, AlertFilter(weekdays=days), ANALYST, since).periods, some)
        for days in ((), (4, 5))
        for since, some in ((SINCE, kinds), (dt.date(2025, 1, 6), kinds), (dt.date(2025, 9, 29), []))
    ]
    source.cache.pop("pasts", None)
    source.cache.pop("scatter", None)
    with mock.patch.object(module, "coded_areas", wraps=module.coded_areas) as counting:
        together = [past_scatter(source, *one) for one in asked]
    assert counting.call_count == 2  # once for each filter
    for one, found in zip(asked, together, strict=True):
        source.cache.pop("scatter")
        with mock.patch.object(module, "_by_kind", counted_alone):
            alone = past_scatter(source, *one)
        assert found == alone
        assert found.windows is not None


def test_a_longer_past_than_the_kept_one_is_counted_anew(tmp_path: Path) -> None:
    source = city_of(tmp_path, 190)
    since = [dt.date(2025, 1, 6), dt.date(2025, 9, 29)]
    periods = [change_study(source, AlertFilter(), ANALYST, day).periods for day in since]
    source.cache.pop("pasts", None)
    source.cache.pop("scatter", None)
    with mock.patch.object(module, "coded_areas", wraps=module.coded_areas) as counting:
        for one in periods:  # the second reaches later weeks
            past_scatter(source, AlertFilter(), one, [("district",)])
        past_scatter(source, AlertFilter(), periods[0], [("category",)])  # of another kind
    assert counting.call_count == 3
