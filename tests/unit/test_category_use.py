"""Categories that came into use, or out of it, in the midst of the data are told and not tested."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.trends.reporting import LEVEL, category_use
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from curim_data.studies.brief import brief_changes
from curim_data.studies.brief_text import attention_sentence
from curim_data.studies.changes import change_study
from curim_data.studies.periods import NotInUse
from tests.small import alert, small_source
from tests.stored import seen_by

pytestmark = pytest.mark.slow

LAST = dt.date(2025, 12, 31)
YEAR = AlertFilter(period="", start=dt.date(2025, 1, 1), end=LAST)


def by_month(**lived: range) -> pd.DataFrame:
    """One alert in each of the months in which a category lived, counted from January 2020."""
    rows = [(name, pd.Timestamp("2020-01-01") + pd.DateOffset(months=m), 1) for name, all in lived.items() for m in all]
    return pd.DataFrame(rows, columns=["category", "month", "n"])


def test_a_category_is_new_or_given_up_where_its_absence_is_beyond_chance() -> None:
    use = category_use(by_month(noise=range(48), scooters=range(24, 48), phones=range(24), rare=range(40, 42)))
    assert use.index[use["new"]].tolist() == ["scooters"]
    assert use.index[use["given_up"]].tolist() == ["phones"]
    assert use.loc["scooters", "first"] == pd.Timestamp("2022-01-01")
    assert use.loc["phones", "last"] == pd.Timestamp("2021-12-01")
    assert use.loc["rare", "n"] == 2


def test_the_chance_is_that_of_all_others_lying_before() -> None:
    """By hand: 30 of 40 other alerts lie before the first of k months, so (1/4)^k against 0.01 / 4: five months do."""
    for months, new in ((4, False), (5, True)):
        use = category_use(by_month(noise=range(40), scooters=range(30, 30 + months)))
        assert (0.25**months * 4 <= LEVEL) == new
        assert bool(use.loc["scooters", "new"]) == new


def test_an_app_that_few_used_at_first_makes_no_category_new() -> None:
    """Nine of ten alerts lie in the last year: a category of that year alone is as old as the others."""
    busy = by_month(noise=range(48), bins=range(36, 48))
    busy.loc[(busy["category"] == "noise") & (busy["month"] >= "2023-01-01"), "n"] = 27
    assert not category_use(busy)["new"].any()
    assert category_use(by_month(noise=range(48), bins=range(36, 48)))["new"].any()


def test_a_category_alone_is_neither() -> None:
    assert not category_use(by_month(noise=range(5, 9)))[["new", "given_up"]].to_numpy().any()


def test_rare_categories_are_called_new_no_more_often_than_said() -> None:
    """Alerts of 20 categories at random months: any is called new or given up in at most one city of a hundred."""
    rng = np.random.default_rng(5)
    months = pd.date_range("2020-01-01", periods=48, freq="MS")
    wrong = 0
    for _ in range(150):
        numbers = rng.poisson(np.geomspace(2, 400, 20))
        rows = [(f"c{at}", months[m], 1) for at, n in enumerate(numbers) for m in rng.integers(48, size=n)]
        table = (
            pd.DataFrame(rows, columns=["category", "month", "n"]).groupby(["category", "month"], as_index=False).sum()
        )
        wrong += bool(category_use(table)[["new", "given_up"]].to_numpy().any())
    assert wrong <= 5  # 1.5 expected at most; more than 5 has a chance of 0.4 %


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Noise on every day of two years, poor lighting until the end of the first, verbal insults since February of the
    second, sexual assaults, seven in all, since June.
    """
    rows = []
    for step in range(730):
        day = LAST - dt.timedelta(days=step)
        lived = {"noise": True, "lighting_poor": day.year == 2024, "harassment_verbal": day >= dt.date(2025, 2, 1)}
        lived["harassment_sexual"] = day.month >= 6 and day.day == 3 and day.year == 2025
        rows += [alert(len(rows) + at, day=day, category=name) for at, name in enumerate(n for n in lived if lived[n])]
    return small_source(tmp_path_factory.mktemp("used"), rows)


def test_they_are_no_candidates_and_told(source: Source) -> None:
    study = change_study(source, YEAR)
    assert study.periods.before is not None
    assert set(study.changes.frame["category"].dropna()) <= {"noise"}
    assert study.not_in_use == NotInUse(("harassment_verbal", "harassment_sexual"), ("lighting_poor",))
    words = " ".join(study.not_in_use.sentences(source.city, translator("en")))
    assert "Not compared, because new in the data: Verbal insult and Sexual assault." in words
    assert "Not compared, because no longer in the data: Poor lighting." in words


def test_who_sees_no_small_counts_is_told_of_none(source: Source) -> None:
    all_of_them = NotInUse(("harassment_verbal", "harassment_sexual"), ("lighting_poor",))
    study = change_study(source, YEAR)
    assert study.not_in_use == all_of_them
    assert study.not_in_use.told(seen_by(source, Audience.COUNCIL)).new == ("harassment_verbal",)
    for audience, told in ((Audience.SPECIALIST, all_of_them.new), (Audience.COUNCIL, all_of_them.new[:1])):
        assert brief_changes(seen_by(source, audience), YEAR).changes.not_in_use.new == told


def test_a_filter_names_its_own_alone(source: Source) -> None:
    asked = YEAR.replace(categories=("noise", "harassment_verbal"))
    assert change_study(source, asked).not_in_use == NotInUse(("harassment_verbal",))
    alone = YEAR.replace(categories=("harassment_verbal",))
    study = change_study(source, alone)
    assert study.changes.n_tested == 0
    assert attention_sentence(brief_changes(source, alone), translator("en")) == ("There is nothing to compare.")


def test_periods_in_which_all_were_in_use_are_compared(tmp_path: Path) -> None:
    """The last eight weeks against those before: verbal insults had begun long ago, so they are compared."""
    rows = []
    for step in range(700):
        day = LAST - dt.timedelta(days=step)
        for name in ("noise", "harassment_verbal") if step < 300 else ("noise",):
            rows.append(alert(len(rows), day=day, category=name))
    source = small_source(tmp_path, rows)
    for first, compared in ((dt.date(2025, 11, 6), False), (dt.date(2025, 9, 1), False)):
        study = change_study(source, AlertFilter(period="", start=first, end=LAST))
        assert study.periods.before is not None
        assert ("harassment_verbal" in set(study.changes.frame["category"])) == compared
        assert (study.not_in_use == NotInUse()) == compared
