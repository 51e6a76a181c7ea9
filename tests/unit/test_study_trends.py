"""The line and the forecasts of a filter, and the questions by gender, also in the protected copy."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.stats.intervals import Estimate, poisson_rate
from analysis.trends.changes import CANDIDATE_KEYS, Change
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import AgeBand, Audience, Translator
from curim_data.privacy import DisclosureError, WrittenCounts
from curim_data.query import Total
from curim_data.studies.changes import change_study
from curim_data.studies.gender import NOT_STATED, WHOLE, feeling_study, rate_study
from curim_data.studies.periods import ComparedPeriods, burst_scatter
from curim_data.studies.trends import (
    Answer,
    ForecastStudy,
    answer_study,
    earlier_years,
    forecast_study,
    trend_study,
    whole_weeks,
)
from pages.parts.gender import _rate
from tests.stored import seen_by


@pytest.fixture(scope="module")
def told(source: Source) -> ForecastStudy:
    return forecast_study(source, AlertFilter())


def test_weeks_are_whole_and_the_forecast_follows_them(source: Source, told: ForecastStudy) -> None:
    mondays = whole_weeks(source, AlertFilter())
    assert mondays[0].date() >= source.first
    assert mondays[-1].date() + dt.timedelta(days=6) <= source.as_of
    assert (mondays.day_of_week == 0).all()
    assert told.start == mondays[-1].date() + dt.timedelta(days=7)
    counts = query.counts(source, AlertFilter(period="all"), ["cell", "week"], resolution=told.resolution).frame
    inside = counts[pd.to_datetime(counts["week"]).isin(mondays) & counts["cell"].notna()]
    assert 0 < told.cells.n <= inside["n"].sum()


def test_a_period_that_ends_earlier_knows_nothing_of_later_weeks(source: Source) -> None:
    f = AlertFilter(period="", start=dt.date(2025, 1, 1), end=dt.date(2025, 8, 31))
    told = forecast_study(source, f)
    assert told.start == dt.date(2025, 9, 1)


def test_the_council_gets_no_forecast_by_place(source: Source) -> None:
    with pytest.raises(DisclosureError, match="every single alert"):
        forecast_study(seen_by(source, Audience.COUNCIL), AlertFilter())


def test_a_week_that_lies_partly_before_the_period_is_left_out(source: Source) -> None:
    friday = source.first + dt.timedelta(days=60 + (4 - source.first.weekday()) % 7)
    friday += dt.timedelta(days=(4 - friday.weekday()) % 7)
    trend = trend_study(source, AlertFilter(start=friday, end=friday + dt.timedelta(days=40)))
    assert trend.frame["week"].iloc[0].date() == friday + dt.timedelta(days=3)


@pytest.mark.slow
def test_the_council_gets_no_feeling_about_anything_sensitive(source: Source, council: Source) -> None:
    """The copy has none, however many there are; those about anything else are what they were."""
    everything = AlertFilter(period="all")
    for category in source.city.categories:
        f = everything.replace(categories=(category,))
        told, exact = feeling_study(seen_by(council, Audience.COUNCIL), f), feeling_study(source, f)
        assert exact.frame["n"].sum() > 0
        if category in source.city.sensitive:
            assert told.frame["mean"].isna().all()
            assert not told.gap.known
        else:
            n, of = (found.frame["n"].to_numpy(float) for found in (told, exact))
            assert (n <= of).all()  # of an incident that is also something sensitive nobody's feeling is told
            assert n.sum() > 0.9 * of.sum()


def test_rates_only_where_residents_are_known(source: Source) -> None:
    assert rate_study(source, AlertFilter()).frame.filter(like="rate_").isna().all(axis=None)
    districts = [area.id for area in source.city.districts]
    people = pd.DataFrame({"district": districts, "women": 10_000, "men": [0, *[5_000] * (len(districts) - 1)]})
    people.loc[0, "women"] = 0  # nobody lives in the first district
    known = replace(source, city=replace(source.city, population=people))
    found = rate_study(known, AlertFilter())
    frame = found.frame
    assert list(frame.index) == [*districts, NOT_STATED, WHOLE]
    assert math.isnan(frame.loc[districts[0], "rate_n"])
    whole = frame.loc[WHOLE]
    assert whole["rate_women"] == pytest.approx(whole["women"] / (10 * (len(districts) - 1)))
    assert whole["rate_n"] == pytest.approx(whole["n"] / (15 * (len(districts) - 1)))
    assert whole["rate_ratio"] == pytest.approx(whole["rate_women"] / whole["rate_men"])
    assert whole["low_women"] < whole["rate_women"] < whole["high_women"]
    by = burst_scatter(known, AlertFilter(), ("district",)).value
    assert whole["low_n"] == pytest.approx(poisson_rate(whole["n"] / by, 15 * (len(districts) - 1) / by).low)
    assert whole["n"] == frame.loc[districts, "n"].sum() == whole["all"] - frame.loc[NOT_STATED, "n"]
    one = rate_study(known, AlertFilter(districts=(districts[1],)))
    assert list(one.frame.index) == [districts[1]]
    near = AlertFilter(places=(source.city.landmarks[0].id,))
    assert rate_study(known, near).frame.empty
    assert WHOLE not in rate_study(known, near, "age_band").frame.index


def test_who_alerts_by_age_is_counted_as_it_is_stored(source: Source) -> None:
    f = AlertFilter(period="all")
    frame = rate_study(source, f, "age_band").frame
    stored = source.alerts.frame("age_band, reporter_gender")
    n = stored.fillna({"age_band": NOT_STATED}).groupby(["reporter_gender", "age_band"]).size()
    assert list(frame.index) == [*AgeBand, NOT_STATED, WHOLE]
    assert frame["n"].drop(WHOLE).to_dict() == n.groupby("age_band").sum().to_dict()
    assert frame["women"].drop(WHOLE).to_dict() == n["woman"].to_dict()
    old = frame.loc["65_plus"]
    assert old["part"] == pytest.approx(old["n"] / len(stored))
    assert old["part_low"] < old["part"] < old["part_high"]
    assert rate_study(replace(source, city=replace(source.city, districts=())), f).frame.empty


def test_the_council_gets_the_rates_of_the_copy(council: Source) -> None:
    people = pd.DataFrame({"district": [a.id for a in council.city.districts], "women": 100, "men": 100})
    known = replace(council, city=replace(council.city, population=people))
    f = AlertFilter(period="28d", categories=("unwanted_touching",))
    copy = seen_by(known, Audience.COUNCIL)
    frame = rate_study(copy, f).frame
    women = query.counts(copy, f.replace(reporters=("woman",)), ["district"], complete=True).frame.set_index("district")
    assert 0 < women["n"].max() < 10
    for area in people["district"]:
        assert frame.loc[area, "women"] == women.loc[area, "n"]
        assert frame.loc[area, "rate_women"] == pytest.approx(10 * women.loc[area, "n"])
    small = frame.clip(upper=9)
    written = WrittenCounts.of(f, copy).table(small).filter(regex="^(rate|low|high)_")
    assert small["rate_women"].notna().any()
    assert written[(small[["n", "women", "men"]] > 0).all(axis=1)].isna().all(axis=None)


@pytest.mark.parametrize(
    ("counts", "told"),
    [((9, 5, 4), False), ((9, 5, 0), False), ((12, 5, 5), False), ((15, 5, 5), True), ((9, 0, 9), True)],
)
def test_no_rate_tells_a_small_rest_of_its_row(counts: tuple[int, int, int], told: bool, t: Translator) -> None:
    row = dict(zip(("n", "women", "men"), counts, strict=True))
    row |= {f"{bound}_{who}": 1 for bound in ("rate", "low", "high") for who in (*row, "ratio")}
    page: Any = SimpleNamespace(t=t, written=SimpleNamespace(least=lambda: 5))
    assert [_rate(page, row, who) != "–" for who in ("n", "women", "men", "ratio")] == [True, told, told, told]


def test_poisson_rate_reproduces_garwoods_limits() -> None:
    ten = poisson_rate(10, 2)
    assert (ten.value, round(ten.low, 3), round(ten.high, 3)) == (5, 2.398, 9.195)
    assert poisson_rate(0, 1).low == 0
    assert poisson_rate(0, 1).high == pytest.approx(-np.log(0.025))


def _answer(after: int, expected: float, grade: str, compared: str = "year", **more: Any) -> Answer:
    days = dt.date(2026, 8, 1), dt.date(2026, 10, 31)
    ratio = Estimate(after / expected, 0.5, 2.0)
    change = Change({}, "city", 0, after, expected, ratio, 0.5, 0.5, grade, int(np.sign(after - expected)), compared)  # type: ignore[arg-type]
    total = Total(after, after, 0, 0, 0, 38_656, more.pop("threshold", 1))
    return Answer(ComparedPeriods(days, days, True), total, change, **{"few": False, **more})


THEFT = AlertFilter(groups=("theft",), districts=("zone_3",))
WOMEN = AlertFilter(categories=("noise", "graffiti"), affected=("woman",), dark=True)
HEADINGS = [
    (THEFT, _answer(57, 51.4, "open"),
     "Theft, Zone 3: no clear rise, 57 against 51 in the same time a year before (may be chance)",
     "Κλοπές, Ζώνη 3 – χωρίς σαφή αύξηση: 57 έναντι 51 το ίδιο διάστημα έναν χρόνο πριν (ίσως τυχαίο)",
     "Vols, Zone 3 : pas de hausse nette, 57 contre 51 à la même période un an plus tôt (peut-être dû au hasard)"),
    (WOMEN, _answer(20, 61.0, "probable", "season"),
     "Graffiti and noise affecting women, after dark: probable fall, 20 against 61 usual for this time of year",
     "Γκράφιτι και ηχορύπανση που αφορούν γυναίκες, μετά τη δύση – πιθανή μείωση: 20 έναντι 61 που είναι συνήθεις για "
     "την εποχή",
     "Graffitis et bruit concernant des femmes, après la tombée de la nuit : baisse probable, 20 contre 61, nombre "
     "habituel en cette saison"),
    (AlertFilter(), _answer(1_250, 1_000.0, "clear", "before"),
     "All alerts: clear rise, 1,250 against 1,000 expected from the time just before",
     "Όλες οι αναφορές – σαφής αύξηση: 1.250 έναντι 1.000 που αναμένονταν από το αμέσως προηγούμενο διάστημα",
     "Tous les signalements : hausse nette, 1 250 contre 1 000 attendus d’après la période juste avant"),
    (AlertFilter(places=("pasalimani",)), _answer(3, 6.0, "open", few=True, threshold=5),
     "All alerts, Pasalimani: fewer than 5",
     "Όλες οι αναφορές, Πασαλιμάνι – κάτω από 5",
     "Tous les signalements, Pasalimáni : moins de 5"),
    (AlertFilter(), _answer(7, 4.0, "open", few=True, threshold=5),
     "All alerts: too few to tell, 7 against fewer than 5 in the same time a year before",
     "Όλες οι αναφορές – πολύ λίγες για συμπέρασμα: 7 έναντι κάτω από 5 το ίδιο διάστημα έναν χρόνο πριν",
     "Tous les signalements : effectif trop faible pour conclure, 7 contre moins de 5 à la même période un an "
     "plus tôt"),
    (AlertFilter(), _answer(101, 100.0, "open"),
     "All alerts: no change, 101 against 100 in the same time a year before",
     "Όλες οι αναφορές – χωρίς μεταβολή: 101 έναντι 100 το ίδιο διάστημα έναν χρόνο πριν",
     "Tous les signalements : pas de changement, 101 contre 100 à la même période un an plus tôt"),
]  # fmt: skip


@pytest.mark.parametrize(("f", "answer", "english", "greek", "french"), HEADINGS)
def test_the_heading_answers_the_filter(
    source: Source, f: AlertFilter, answer: Answer, english: str, greek: str, french: str
) -> None:
    told = [answer.sentence(f.subject(t, source.city), t) for t in map(Translator, ("en", "el", "fr"))]
    assert [text.replace("\N{NO-BREAK SPACE}", " ").replace("\u202f", " ") for text in told] == [english, greek, french]


def test_the_answer_is_that_of_the_table_of_changes_and_earlier_years_are_counted_by_their_days(source: Source) -> None:
    for f in (AlertFilter(period="quarter"), THEFT):
        whole = change_study(source, f).changes.of(dict.fromkeys(CANDIDATE_KEYS))
        assert answer_study(source, f).change == whole
        years = earlier_years(source, f)
        assert len(years) == 4
        for span, total in years:
            assert total.n == query.total(source, f.replace(period="", start=span.start, end=span.end)).n
        assert all(later[0].start > earlier[0].end for later, earlier in pairwise(years))
    assert answer_study(source, AlertFilter(period="all")).change is None
