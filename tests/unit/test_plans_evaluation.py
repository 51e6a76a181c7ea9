"""Drafts of plans and the catalogue of measures; evaluation by a comparison area and by placebo areas."""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import replace

import h3.api.basic_str as h3
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.plans import drafting
from analysis.plans.drafting import (
    Measure,
    applicable_drop,
    baseline_dates,
    buffer_cells,
    catalogue,
    draft_plan,
    find_measure,
    harm_questions,
    plan_warnings,
    problem_statement,
    propose_comparison_area,
    rank_measures,
)
from analysis.plans.verdict import (
    _PHIS,
    _TAUS2,
    FALL_UNKNOWN,
    FEWEST_PLACEBOS,
    LIKELY_TAIL,
    NO_FALL,
    SHOWN_TAIL,
    DetectableDrop,
    Expectation,
    PlanTiming,
    Verdict,
    _spread,
    fall_sentence,
    fit_placebos,
    mid_tails,
    placebo_verdict,
    ratio_estimate,
    shared_out,
    smallest_shown_drop,
)
from curim_data.model import LANGUAGES, CityProfile, Plan, translator
from curim_data.model.plan import (
    Assessment,
    CategoryShare,
    Caution,
    Interval,
    Objective,
    Problem,
    plan_from_json,
    plan_to_json,
)
from tests.effort import effort
from tests.reliability.verdicts import plans

AS_OF = dt.date(2026, 10, 31)
THEFTS = (CategoryShare("theft_bag", 0.6), CategoryShare("harassment_verbal", 0.4))


@pytest.fixture(scope="module")
def problem(city: CityProfile) -> Problem:
    mark = next(mark for mark in city.landmarks if mark.id == "piraeus_station")
    cell = h3.latlng_to_cell(mark.latitude, mark.longitude, 10)
    return Problem(
        spot=cell,
        place=mark.id,
        names=mark.labels,
        cells=tuple(sorted(h3.grid_disk(cell, 1))),
        query={"period": "12m", "category": "harassment_verbal"},
        start=dt.date(2025, 11, 1),
        end=AS_OF,
        n=61,
        expected=24.2,
        ratio=Interval(2.5, 1.9, 3.2),
        q=0.0004,
        categories=(CategoryShare("harassment_verbal", 0.6), CategoryShare("theft_bag", 0.4)),
        hours=(20, 1),
        dark_share=0.7,
        women=Interval(0.7, 0.6, 0.8),
        women_city=0.5,
        unknown_gender=0.25,
        since=dt.date(2026, 8, 1),
        cautions=(Caution.PILED,),
    )


@pytest.fixture(scope="module")
def cells(city: CityProfile, problem: Problem) -> pd.DataFrame:
    index = city.land_cells(10).index
    frame = pd.DataFrame({"n": [float(k % 7) for k in range(len(index))]}, index=index)
    frame.loc[[h3.str_to_int(cell) for cell in problem.cells], "n"] = 9.0
    return frame


@pytest.mark.parametrize("lang", LANGUAGES)
def test_statement_names_place_category_hours_and_gender(problem: Problem, city: CityProfile, lang: str) -> None:
    t = translator(lang)
    told = problem_statement(problem, t, city)
    assert problem.names[lang] in told
    assert city.categories["harassment_verbal"].labels[lang] in told
    assert "20:00" in told
    assert "02:00" in told
    assert t.percent(0.7) in told
    assert t.percent(0.25) in told
    assert "{" not in told
    bands = t("The hours are in bands of six, so this stretch may be shorter.")
    assert bands not in told
    assert bands in problem_statement(replace(problem, hours=(18, 5)), t, city)
    assert t("Almost certainly not chance.") not in told


def test_json_of_other_versions_and_unusable_json() -> None:
    assert plan_from_json({"statement": "a text", "problem": {"query": "a text"}}) == Plan()
    stored = plan_to_json(plan_from_json({"budget": 18_000, "problem": {"n": 39, "expected": 3.0, "hours": [20, 1]}}))
    assert json.dumps([stored["budget"], stored["problem"]["n"], stored["problem"]["expected"]]) == "[18000, 39, 3.0]"
    assert stored["problem"]["hours"] == [20, 1]
    for entries in ({"status": "no such status"}, {"start": "1 March"}, {"problem": {"hours": [20]}}):
        with pytest.raises(ValueError, match="1 validation error"):
            plan_from_json(entries)


def test_draft_proposes_what_the_data_and_the_evidence_allow(
    problem: Problem, city: CityProfile, cells: pd.DataFrame
) -> None:
    seen = DetectableDrop(0.5, 31.0, 61.0, 0.8)
    made = draft_plan(replace(problem, categories=THEFTS), city, AS_OF, cells=cells, seen=seen, language="en")
    plan = made.plan
    assert set(plan.statement) == set(LANGUAGES)
    near = buffer_cells(problem.cells, city)
    assert {min(h3.grid_distance(cell, own) for own in problem.cells) for cell in near} == {1}
    assert buffer_cells((), city) == ()
    assert plan.areas.treated == problem.cells
    assert not set(plan.areas.buffer) & set(problem.cells)
    assert plan.areas.comparison
    assert plan.objective.baseline == 61
    assert plan.assessment.review > plan.objective.by > AS_OF
    assert plan.assessment.smallest_drop == 35 > 61 - plan.objective.target
    assert any("could not be told from chance" in message.text for message in made.warnings)
    assert any("women" in message.text.lower() for message in harm_questions(made.plan.problem))
    assert drafting.women_stand_out(problem)
    for women in (Interval(0.55, 0.45, 0.65), None):
        assert not drafting.women_stand_out(replace(problem, women=women))
    audit = draft_plan(problem, city, AS_OF, measures=[find_measure("women_safety_audit")], language="en").plan
    assert (audit.objective.target, audit.areas.comparison) == (None, ())
    assert "to be set" in audit.objective.text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_fall_can_be_shown_that_is_larger_than_the_baseline(lang: str) -> None:
    t, few = translator(lang), Plan(objective=Objective(4, target=2), assessment=Assessment(smallest_drop=5))
    assert fall_sentence(5, 4, 90, t) == t(NO_FALL) != fall_sentence(None, 817, 365, t) == t(FALL_UNKNOWN)
    assert plan_warnings(few) == (NO_FALL,)
    assert plan_warnings(replace(few, objective=Objective(817), assessment=Assessment())) == (FALL_UNKNOWN,)
    assert {str(n) for n in (5, 40, 90)} <= set(re.findall(r"\d+", fall_sentence(5, 40, 90, t)))
    for fall in (0, 2):
        enough = plan_warnings(replace(few, objective=Objective(40, target=40 - fall)))
        assert [message.values for message in enough] == [{"drop": fall, "seen": 5}]
    assert not plan_warnings(replace(few, objective=Objective(40, target=30)))


def test_a_plan_that_named_another_test_says_so() -> None:
    assert drafting.named_test(Plan()) == drafting.TEST_IN_WORDS
    assert drafting.named_test(Plan(assessment=Assessment(method="ratio"))) == drafting.OTHER_TEST


def test_effects_are_never_added_up(problem: Problem) -> None:
    light, guards = find_measure("lighting_improved"), find_measure("station_guards")
    thefts = replace(problem, categories=THEFTS)
    assert applicable_drop(thefts, [light], 61) == pytest.approx(61 * 0.6 * 0.14)
    assert applicable_drop(thefts, [light, guards], 61) == pytest.approx(61 * 0.6 * 0.14)


def test_a_number_counts_only_where_it_applies_to_most_alerts(problem: Problem) -> None:
    light, led = find_measure("lighting_improved"), find_measure("lighting_led")
    assert applicable_drop(problem, [light], 61) is None, "two alerts in five are of the kind that was studied"
    thefts = replace(problem, categories=(CategoryShare("theft_bag", 1.0),))
    assert applicable_drop(thefts, [light], 7) is None, "less than one alert"
    assert applicable_drop(thefts, [led], 200) == pytest.approx(200 * 0.7 * 0.15), "after dark only"
    assert applicable_drop(replace(thefts, dark_share=0.3), [led], 200) is None
    assert applicable_drop(replace(thefts, dark_share=None), [led], 200) is None


def test_baseline_is_as_long_as_the_plan(problem: Problem, city: CityProfile) -> None:
    start, end = baseline_dates(AS_OF, dt.date(2022, 11, 1))
    made = draft_plan(replace(problem, n=244), city, AS_OF, base=Objective(61.0, start, end), language="en").plan
    assert made.finish - made.start == end - start
    assert made.objective.baseline == 61
    assert (made.objective.start, made.objective.end) == (start, end)
    assert baseline_dates(AS_OF, dt.date(2026, 3, 1)) == (dt.date(2026, 3, 1), AS_OF)


def test_comparison_area_is_alike_connected_and_apart(problem: Problem, cells: pd.DataFrame) -> None:
    like = propose_comparison_area(cells, problem.cells)
    assert len(like) == len(problem.cells)
    assert all(min(h3.grid_distance(cell, own) for own in problem.cells) > 3 for cell in like)
    assert all(any(h3.grid_distance(cell, other) == 1 for other in like) for cell in like)
    assert like == propose_comparison_area(cells.reset_index(names="cell"), problem.cells)
    assert propose_comparison_area(cells.loc[[h3.str_to_int(cell) for cell in problem.cells]], problem.cells) == ()


def test_of_the_areas_that_could_be_grown_the_one_with_the_nearest_total_is_the_comparison_area() -> None:
    """Three cells of ten alerts: a lone cell of ten among empty ones is less alike than three of eleven."""
    middle, lone, even = (h3.latlng_to_cell(37.94, longitude, 9) for longitude in (23.60, 23.65, 23.70))
    treated = [middle, *h3.grid_ring(middle, 1)[:2]]
    counts = dict.fromkeys(treated, 10.0) | dict.fromkeys(h3.grid_disk(lone, 1), 0.0)
    counts |= {lone: 10.0} | dict.fromkeys(h3.grid_disk(even, 1), 27.0)
    counts |= dict.fromkeys([even, *h3.grid_ring(even, 1)[:2]], 11.0)
    frame = pd.DataFrame({"n": counts.values()}, index=[h3.str_to_int(cell) for cell in counts])
    like = propose_comparison_area(frame, treated)
    assert sum(counts[cell] for cell in like) == 33
    assert set(like) <= set(h3.grid_disk(even, 1))


@pytest.mark.parametrize("item", catalogue(), ids=lambda item: item.id)
def test_every_measure_is_complete(item: Measure) -> None:
    assert all((item.name, item.mechanism, item.outcome, item.citation, item.fits))
    assert item.quality in ("strong", "moderate", "limited", "none")
    assert item.direction in ("helps", "unclear", "none", "harms")
    assert item.url.startswith("http")
    assert item.verified in ("yes", "secondary")
    known = set(drafting._read()[1]) | {"dark", "women"}
    assert set(item.fits) | set(item.covers) <= known
    assert (item.value is None) == (item.effect_measure == "none")
    assert (item.low is None) == (item.high is None)
    if item.pct_change is not None:
        assert item.value is not None
        assert item.covers


def test_rank_puts_what_is_well_founded_first_and_cautions_last(problem: Problem) -> None:
    shares = (("harassment_verbal", 0.5), ("lighting_poor", 0.3), ("theft_bag", 0.2))
    fits = rank_measures(replace(problem, categories=tuple(CategoryShare(*share) for share in shares)))
    shelves = [2 if f.measure.caution else 0 if f.measure.value and f.measure.direction == "helps" else 1 for f in fits]
    assert shelves == sorted(shelves)
    assert fits[0].measure.id == "harassment_patrol"
    assert {fit.measure.id for fit in fits if fit.measure.caution} >= {"bus_stop_patrol"}
    assert "alley_gates" not in {fit.measure.id for fit in fits}


@pytest.mark.parametrize("drifting", [False, True])
@pytest.mark.parametrize(("observed", "mean", "tau2"), [(0, 2.0, 0.3), (3, 5.5, 0.1), (40, 31.0, 0.16)])
def test_tails_are_those_of_poisson_or_the_negative_binomial_with_mid_p(
    observed: int, mean: float, tau2: float, drifting: bool
) -> None:
    law = stats.nbinom(1 / tau2, 1 / (1 + tau2 * mean)) if drifting else stats.poisson(mean)
    assert law.var() == pytest.approx(mean + drifting * tau2 * mean**2)
    low, high = mid_tails(observed, mean, 1.0, drifting * tau2)
    assert float(low) == pytest.approx(law.cdf(observed) - law.pmf(observed) / 2, rel=1e-7 if drifting else 1e-9)
    assert float(low + high) == pytest.approx(1)


def _areas(
    rng: np.random.Generator, n: int = 120, phi: float = 1.0, tau: float = 0.0, growth: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Counts after, and in three windows before, of areas whose rate stays or takes a step of sd `tau` at the start."""
    rate = rng.lognormal(3.5, 0.6, n)
    past = rng.poisson(rate[:, None] * [0.25, 0.75, 1.0] / phi) * phi
    after = rng.poisson(rate * growth * rng.lognormal(-(tau**2) / 2, tau, n) / phi) * phi if tau else None
    return (rng.poisson(rate * growth / phi) * phi if after is None else after).astype(float), past.astype(float)


def test_the_citys_change_is_no_effect_and_a_stop_is_one() -> None:
    rng = np.random.default_rng(5)
    after, past = _areas(rng, growth=1.5)
    model = fit_placebos(after, past)
    treated = np.array([10.0, 30.0, 40.0])
    expected = model.expect(treated)
    assert expected.mean == pytest.approx(60, rel=0.12)
    assert ratio_estimate(model, 60, expected).low < 1 < ratio_estimate(model, 60, expected).high
    assert ratio_estimate(model, 20, expected).high < 1


def test_the_hottest_place_is_expected_to_fall_back() -> None:
    rng = np.random.default_rng(6)
    past = rng.poisson(30, size=(150, 3)).astype(float)
    model = fit_placebos(rng.poisson(30, 150).astype(float), past)
    assert max(model.scales) < 1.2  # placebos that only chance moves lie about as far off as the model says
    hot = past[past.sum(axis=1).argmax()]
    assert hot.sum() / 3 > 36
    assert model.expect(hot).mean < 34


def test_the_tails_of_a_model_by_hand() -> None:
    model = fit_placebos(*_areas(np.random.default_rng(7), tau=0.3))
    model = replace(model, phi=1.0, tau2=0.05, free=(12.0, 7.0), scales=(1.2, 0.9))
    law = stats.nbinom(1 / 0.08, 1 / (1 + 0.08 * 25))  # a ratio of one half, and 0.03 of the regression's own
    mid = law.cdf(18) - law.pmf(18) / 2
    few, many = model.tails(18, Expectation(50.0, 0.03), 0.5)
    sure = replace(model, fits=tuple(replace(fit, covariance=0 * fit.covariance) for fit in model.fits))
    assert 0 < sure.expect([10, 30, 40]).variance < model.expect([10, 30, 40]).variance  # what the fits differ by
    assert float(few) == pytest.approx(stats.t.cdf(stats.norm.ppf(mid) / 1.2, 12), rel=1e-6)
    assert float(many) == pytest.approx(stats.t.cdf(stats.norm.isf(mid) / 0.9, 7), rel=1e-6)
    assert ratio_estimate(model, 5, Expectation(50.0, 9.0)).high == np.inf


def test_the_variance_is_a_mean_over_what_residuals_allow() -> None:
    """The slow twin, pair by pair; a drift that few areas cannot exclude keeps its part."""
    rng = np.random.default_rng(18)
    mean = rng.uniform(5, 60, 30)
    residual = rng.normal(0, np.sqrt(2 * mean))
    leverage = rng.uniform(0, 0.4, 30)
    weighed = np.zeros(3)
    for phi in _PHIS:
        for tau2 in _TAUS2:
            sd = np.sqrt(phi * mean + tau2 * mean**2)
            likelihood = np.exp((stats.norm.logpdf(residual / np.sqrt(1 - leverage) / sd) - np.log(sd)).sum() + 100)
            weighed += likelihood * np.array([1, phi, tau2])
    assert _spread(residual, mean, leverage) == pytest.approx(tuple(weighed[1:] / weighed[0]))
    assert weighed[2] / weighed[0] > 0.002


def test_the_better_regression_weighs_more() -> None:
    model = fit_placebos(*_areas(np.random.default_rng(17), tau=0.5))
    loss = np.array([fit.loss for fit in model.fits])
    assert np.ptp(loss) > 1
    assert model.weights == pytest.approx(np.exp(-(loss - loss.min()) / 2) / np.exp(-(loss - loss.min()) / 2).sum())
    means = [
        fit.beta[0] + (np.log(np.array([10, 30, 40]) + fit.shift) - fit.centre) @ fit.beta[1:] for fit in model.fits
    ]
    assert np.log(model.expect([10, 30, 40]).mean) == pytest.approx(model.weights @ np.array(means))


def test_no_model_from_few_placebos() -> None:
    after, past = _areas(np.random.default_rng(8), FEWEST_PLACEBOS)
    assert fit_placebos(after, past) is not None
    assert fit_placebos(after[1:], past[1:]) is None
    assert fit_placebos(after, past, dates=[0, 0, 0, 0, 1, 1, 1, 1, 1, 1]) is None
    assert fit_placebos(np.zeros(20), np.ones((20, 2))) is None


def test_placebo_dates_have_a_level_of_their_own() -> None:
    rng = np.random.default_rng(9)
    now, then = _areas(rng, 30), _areas(rng, 90, growth=3.0)
    after, past = np.concatenate([now[0], then[0]]), np.vstack([now[1], then[1]])
    model, mixed = fit_placebos(after, past, dates=[0] * 30 + [1] * 90), fit_placebos(after, past)
    assert (model.n, model.areas) == (120, 30)
    assert model.expect([8, 24, 32]).mean == pytest.approx(32, rel=0.2)
    assert model.phi * 30 + model.tau2 * 900 < 0.5 * (mixed.phi * 30 + mixed.tau2 * 900)


def _verdict(observed: float, n: int = 120, *, tau: float = 0.0, **more: object) -> Verdict:
    model = fit_placebos(*_areas(np.random.default_rng(11), n, tau=tau))
    expected = model and model.expect([20, 60, 80])
    return placebo_verdict(model, observed, expected, before=80, **more)  # type: ignore[arg-type]


LATE = PlanTiming(False, dt.date(2026, 3, 2)).why


def test_the_grade_follows_the_design() -> None:
    assert (_verdict(35).grade, _verdict(35).direction) == ("clear", -1)
    assert (_verdict(160).grade, _verdict(160).direction) == ("clear", 1)
    assert PlanTiming(True).why is None
    assert (_verdict(35, why=LATE).grade, _verdict(8, 19).grade) == (None, None)
    likely = next(verdict for verdict in map(_verdict, range(45, 80)) if verdict.grade != "clear")
    assert (likely.grade, likely.direction) == ("probable", -1)
    model = fit_placebos(*_areas(np.random.default_rng(11), 120))
    assert SHOWN_TAIL <= model.tails(likely.observed, model.expect([20, 60, 80]))[0] < LIKELY_TAIL
    assert likely.ratio.low < 1 < likely.ratio.high
    assert (_verdict(80).grade, _verdict(80).direction) == ("open", 0)
    assert _verdict(35, tau=0.8).grade == "open"
    assert _verdict(35, 9).grade is None
    model = fit_placebos(*_areas(np.random.default_rng(12)))
    far = placebo_verdict(model, 900, model.expect([500, 1500, 2000]), before=2000)
    assert "no other area has nearly as many" in far.sentence(translator("en"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sentences_of_verdicts(lang: str) -> None:
    t = translator(lang)
    fall, late = _verdict(35), _verdict(35, why=LATE)
    gone = round(fall.expected) - 35
    assert fall.difference.value == pytest.approx(35 - fall.expected)
    assert str(gone) in fall.sentence(t)
    assert fall.sentence(t).endswith(t("Almost certainly not chance."))
    assert late.sentence(t).endswith(t(LATE))
    assert str(gone) in late.sentence(t)
    assert _verdict(80).sentence(t).endswith(t("May be chance."))
    told = [*map(t, fall.doubts()), _verdict(35, 9).sentence(t), _verdict(160).sentence(t), _verdict(8, 19).sentence(t)]
    assert all(told)
    assert "{" not in " ".join(told)
    assert not _verdict(35, 9).doubts()


@given(st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.integers(0, 300), min_size=1))
def test_the_parts_of_an_expectation_add_up(before: dict[str, int]) -> None:
    parts = shared_out(Expectation(60.0, 0.1), before)
    assert sum(part.mean for part in parts.values()) == pytest.approx(60)
    assert all(part.mean > 0 and part.variance >= 0.1 - 1e-9 for part in parts.values())


def test_the_smallest_fall_is_that_of_the_exact_test() -> None:
    model = fit_placebos(*_areas(np.random.default_rng(13), 200))
    assert model is not None
    plain = replace(model, phi=1.0, tau2=0.0, free=(1e9, 1e9), scales=(1.0, 1.0))
    drop = smallest_shown_drop(plain, Expectation(100.0, 0.0))
    law = stats.poisson(100)
    called = max(k for k in range(100) if law.cdf(k) - law.pmf(k) / 2 < 0.025)
    # The chance of such a count with that fall, and with one two percent smaller.
    assert stats.poisson.cdf(called, 100 * (1 - drop.share)) == pytest.approx(0.81, abs=0.025)
    assert stats.poisson.cdf(called, 100 * (1.02 - drop.share)) < 0.8
    assert drop.alerts == pytest.approx(100 * drop.share)
    assert drop.stated(817) == 5 * np.ceil(drop.alerts / 5)
    percent = 100 * smallest_shown_drop(plain, Expectation(4.2, 0.0)).share  # only none is a fall: exp(-0.21) > 0.8
    assert 95 <= percent == round(percent) <= 98
    few = smallest_shown_drop(plain, Expectation(2.0, 0.0))
    assert few.share is few.alerts is None
    assert (few.stated(61), few.stated(0)) == (65, 5)
    assert few.sentence(90, translator("en")) == fall_sentence(few.stated(61), 61, 90, translator("en"))


@pytest.mark.slow
@pytest.mark.parametrize(("risk", "chosen"), [("slow drift", "hottest 12 weeks"), ("stable", "largest rise")])
def test_plans_that_do_nothing_are_hardly_ever_said_to_work(risk: str, chosen: str) -> None:
    """Each direction at 2.5 %, and at 5 % with what is likely, within what chance allows once in a thousand."""
    found = pd.DataFrame(plans(effort(120, 250), risk, (2, "straggling"), 26, chosen=[chosen], seed=7))
    for tail, share in ((SHOWN_TAIL, 0.025), (LIKELY_TAIL, 0.05)):
        most = stats.binom.ppf(0.999, len(found), share)
        assert (found["few"] < tail).sum() <= most
        assert (found["many"] < tail).sum() <= most
    assert found["covered"].mean() >= 0.95 - 3 * (0.95 * 0.05 / len(found)) ** 0.5
    assert found["power"].mean() > 0.02
