"""Changes that the Briefing tells of: one verdict, categories that came into use or out of it, map cells as areas."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
import pytest

from analysis.stats.intervals import UNKNOWN
from analysis.trends.changes import CANDIDATE_KEYS, Change, Grade, change_of
from analysis.trends.reporting import LEVEL, category_use
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, CityProfile, Translator, translator
from curim_data.model.coverage import Annotation
from curim_data.studies import brief_text
from curim_data.studies.brief import Count, Finding, _carriers, _next_door, brief_changes, finding_id, history_of
from curim_data.studies.brief_text import attention_sentence, further_titles, headline, none_sentence, title
from curim_data.studies.cells import area_names
from curim_data.studies.changes import MOST_AREAS, change_study, filter_periods
from curim_data.studies.periods import NotInUse
from tests.reliability.world import World, piraeus, piraeus_point, simulate, source_of
from tests.small import alert, small_source
from tests.stored import seen_by

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
    busy = by_month(noise=range(48), bins=range(36, 48))
    busy.loc[(busy["category"] == "noise") & (busy["month"] >= "2023-01-01"), "n"] = 27
    assert not category_use(busy)["new"].any()
    assert category_use(by_month(noise=range(48), bins=range(36, 48)))["new"].any()
    assert not category_use(by_month(noise=range(5, 9)))[["new", "given_up"]].to_numpy().any()


@pytest.mark.slow
def test_rare_categories_are_called_new_no_more_often_than_said() -> None:
    """Alerts of 20 categories at random months: any is called new or given up in at most one city of a hundred."""
    rng = np.random.default_rng(5)
    months = pd.date_range("2020-01-01", periods=48, freq="MS")
    wrong = 0
    for _ in range(150):
        names = np.repeat(np.arange(20), rng.poisson(np.geomspace(2, 400, 20)))
        (name, month), n = np.unique([names, rng.integers(48, size=len(names))], axis=1, return_counts=True)
        table = pd.DataFrame({"category": [f"c{at}" for at in name], "month": months[month], "n": n})
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


@pytest.mark.slow
def test_categories_that_were_not_in_use_are_no_candidates_and_told(source: Source) -> None:
    study = change_study(source, YEAR)
    assert study.periods.before is not None
    assert set(study.changes.frame["category"].dropna()) <= {"noise"}
    assert study.not_in_use == NotInUse(("harassment_verbal", "harassment_sexual"), ("lighting_poor",))
    words = " ".join(study.not_in_use.sentences(source.city, translator("en")))
    assert "Not compared, because new in the data: Verbal insult and Sexual assault." in words
    assert "Not compared, because no longer in the data: Poor lighting." in words
    new = ("harassment_verbal", "harassment_sexual")
    for audience, told in ((Audience.SPECIALIST, new), (Audience.COUNCIL, new[:1])):
        assert brief_changes(seen_by(source, audience), YEAR).changes.not_in_use.new == told
    asked = YEAR.replace(categories=("noise", "harassment_verbal"))
    assert change_study(source, asked).not_in_use == NotInUse(("harassment_verbal",))
    alone = YEAR.replace(categories=("harassment_verbal",))
    study = change_study(source, alone)
    assert study.changes.n_tested == 0
    assert attention_sentence(brief_changes(source, alone), translator("en")) == ("There is nothing to compare.")


START, DAYS, WEEKS = dt.date(2023, 1, 2), 28, 130
SINCE = START + dt.timedelta(weeks=WEEKS - 4)
RECENT = AlertFilter(period="", start=SINCE, end=SINCE + dt.timedelta(days=DAYS - 1))


def weeks_of(folder: Path, a_week: float, times: float) -> Source:
    """Two and a half years of so many alerts a week, so many times as many in the last four weeks."""
    rng, rows = np.random.default_rng(3), []
    for week in range(WEEKS):
        mean = a_week * (times if week >= WEEKS - 4 else 1)
        for _ in range(rng.poisson(mean)):
            day = START + dt.timedelta(weeks=week, days=int(rng.integers(7)))
            at = len(rows)
            rows.append(alert(at, day=day, category=f"kind_{rng.integers(6)}", district=f"zone_{rng.integers(1, 3)}"))
    rows.append(alert(len(rows), day=RECENT.end))
    return small_source(folder, rows)


def test_where_days_are_not_covered_the_others_are_compared_and_counted(tmp_path: Path, t: Translator) -> None:
    source = weeks_of(tmp_path, 40, 1.15)
    week = RECENT.start, RECENT.start + dt.timedelta(days=6)
    without = replace(source, cache={}, annotations=(Annotation("0" * 8, *week, "not_covered", "left out"),))
    whole, part = (brief_changes(one, RECENT) for one in (source, without))
    assert part.city is not None
    assert part.city.after < part.recent.n == whole.recent.n
    assert part.changes.periods.days == whole.changes.periods.days - 7 > 0  # over which the dashed line is spread
    said = f": {part.city.after} of {part.recent.n} alerts, on the days that can be compared, about as many as"
    assert said in headline(part, t)
    listed = [one.series for one in part.findings if one.series is not None]
    assert listed
    assert all(pd.Timestamp(week[0]) not in set(series.frame["start"]) for series in listed)  # no zero is drawn there


@pytest.mark.parametrize(
    ("times", "verdict", "told"),
    [
        (1.15, "usual", ", about as many as expected (188)"),
        (1.3, "usual", ": 226 alerts, within the usual ups and downs (expected: 188)"),
        (1.0, "usual", ": 153 alerts, within the usual ups and downs (expected: 188)"),
        (2.0, "more", " alerts, where 188 were expected"),
        (0.4, "fewer", " alerts, where 188 were expected"),
    ],
)
def test_headline_verdict_and_list_agree(tmp_path: Path, t: Translator, times: float, verdict: str, told: str) -> None:
    source = weeks_of(tmp_path, 40, times)
    city = change_study(source, RECENT).changes.of({})
    assert city is not None
    assert (city.grade == "clear") == (verdict != "usual")
    for audience in (Audience.ANALYST, Audience.COUNCIL):
        study = brief_changes(seen_by(source, audience), RECENT)
        assert study.verdict == verdict
        said = headline(study, t)
        assert told in said
        assert any(one.grade == "clear" and one.change.level == "city" for one in study.findings) == (
            verdict != "usual"
        )
        if not study.clear:
            assert "No change is clear" in said


@pytest.mark.parametrize("a_week", [0.2, 0.5])
def test_of_a_handful_nothing_is_told(tmp_path: Path, t: Translator, a_week: float) -> None:
    source = weeks_of(tmp_path, a_week, 1.0)
    for audience in (Audience.ANALYST, Audience.COUNCIL):
        study = brief_changes(seen_by(source, audience), RECENT)
        said = headline(study, t)
        assert "expected" not in said
        assert "instead" not in said
        assert not study.clear
        assert said.endswith("Too few alerts to tell a change from chance.")
        beside = none_sentence(study, t)
        assert "Too few" not in beside
        assert "would probably not have been clear" in beside


HISTORIES = {  # alerts in each of the last four weeks, in the weeks before where they are not ten, and what that is
    "falling": ((2, 2, 2, 2), {}, "season"),
    "growing": ((20, 20, 20, 20), {}, "past"),
    "seasonal": ((20, 20, 20, 20), dict.fromkeys(range(WEEKS - 56, WEEKS - 52), 20), "past"),
    "returned": ((20, 20, 20, 20), dict.fromkeys(range(20, 24), 20), "season"),
    "once": ((10, 10, 40, 10), {}, "past"),
    "new": ((10, 10, 10, 10), {week: week % 4 == 0 for week in range(WEEKS - 4)}, "past"),
}


def test_the_word_of_a_history_follows_from_all_years(tmp_path: Path) -> None:
    rows = []
    for name, (last, before, _) in HISTORIES.items():
        for week, n in enumerate([*(before.get(week, 10) for week in range(WEEKS - 4)), *last]):
            day = START + dt.timedelta(weeks=week)
            rows += [alert(len(rows) + at, day=day, category=name) for at in range(n)]
    rows.append(alert(len(rows), day=RECENT.end, category="falling"))
    source = small_source(tmp_path, rows)
    for name, (last, _, compared) in HISTORIES.items():
        expected, after = 1.0 if name == "new" else 40.0, sum(last)
        sure: tuple[float, float, Grade] = 0.001, 0.001, "clear"
        change = Change({}, "category", 40, after, expected, UNKNOWN, *sure, 1 if after > 40 else -1, compared)  # type: ignore[arg-type]
        change = replace(change, direction=1) if name == "new" else change
        periods = filter_periods(source, RECENT)
        assert history_of(source, RECENT.replace(categories=(name,)), change, periods) == name


RISE = {"at": 778, "metres": 500.0, "times": 6.0, "since": 112}


@pytest.fixture(scope="module")
def areas(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Piraeus as it is before districts and landmarks are loaded; six times as many alerts around one point."""
    folder: Path = tmp_path_factory.mktemp("areas")
    found = source_of(simulate(World(rise=RISE), np.random.default_rng(1)), folder)
    return replace(found, city=replace(found.city, districts=(), landmarks=()), cache={})


def recent(areas: Source) -> AlertFilter:
    return AlertFilter(period="", start=areas.as_of - dt.timedelta(days=55), end=areas.as_of)


def test_a_rise_is_found_where_it_is_and_its_link_counts_the_same(areas: Source) -> None:
    changes = brief_changes(areas, recent(areas))
    risen = [
        one for one in changes.findings if one.grade == "clear" and (one.change.key["cell"] or one.change.key["area"])
    ]
    assert risen
    longitude, latitude = piraeus_point(RISE["at"])
    for finding in risen:
        cell = np.uint64(int(str(finding.change.key["cell"] or finding.change.key["area"]), 16))
        own = h3.latlng_to_cell(latitude, longitude, h3.get_resolution(cell))
        assert cell in h3.grid_disk(own, 3)
        assert query.counts(areas, finding.filter, []).total == finding.change.after
        for lang in ("en", "el", "fr"):
            assert "km²" in title(finding, areas.city, translator(lang))
        assert "its share" in brief_text.tested_sentence(finding, translator("en"))


def test_no_area_is_listed_twice_and_those_of_one_name_numbered(areas: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CityProfile, "finest_affordable", lambda *_: 8)
    frame = change_study(replace(areas, cache={}), recent(areas)).changes.frame
    assert frame["level"].eq("district").sum() > 1
    assert not frame["level"].eq("place").any()
    monkeypatch.setattr("curim_data.studies.cells.area_name", lambda *_: "Delhi, 12.9 km south")
    names = area_names(translator("en"), areas.city, ["c", "a", "b"])
    assert names == {"a": "Delhi, 12.9 km south", "b": "Delhi, 12.9 km south (2)", "c": "Delhi, 12.9 km south (3)"}


def test_cells_hold_every_alert_once(areas: Source) -> None:
    frame = change_study(areas, recent(areas)).changes.frame
    total = query.total(areas, recent(areas)).n
    for level in ("city", "district", "place", "category", "district_category"):
        rows = frame[frame["level"] == level]
        assert rows["after"].sum() == total
        assert rows[["area", "cell", "category"]].duplicated().sum() == 0
    assert 20 < frame["area"].nunique() <= MOST_AREAS


def test_reports_without_a_place_are_no_rise_of_a_cell(tmp_path: Path) -> None:
    """The app gives every report without a position one point: its cell is no area in which something happens."""
    rng, alerts = np.random.default_rng(2), simulate(World(), np.random.default_rng(2))
    last = float(alerts["hours"].max())
    n, at = 400, (float(alerts["x"][7]), float(alerts["y"][7]))
    pile = {"x": np.full(n, at[0]), "y": np.full(n, at[1]), "hours": last - rng.uniform(0, 55 * 24, n)}
    pile |= {"category": rng.integers(0, 28, n), "woman": rng.random(n) < 0.5}
    piled = {**alerts, **{name: np.append(alerts[name], more) for name, more in pile.items()}}
    found = source_of(piled, tmp_path)
    bare = replace(found, city=replace(found.city, districts=(), landmarks=()), cache={})
    points = query.default_points(bare)
    assert len(points) == 1
    changes = brief_changes(bare, recent(bare))
    frame = change_study(bare, recent(bare)).changes.frame
    for name in ("area", "cell"):
        cells = {int(one, 16) for one in frame[name].dropna()}
        resolution = h3.get_resolution(np.uint64(min(cells)))
        default = h3.latlng_to_cell(float(points["latitude"].iloc[0]), float(points["longitude"].iloc[0]), resolution)
        assert len(cells) > 20
        assert int(default) not in cells
        assert not any(one.grade == "clear" and one.change.key[name] for one in changes.findings)
    assert not changes.events


def test_a_change_of_the_city_names_the_districts_with_half_of_it() -> None:
    """The fewest, no more than a third of all; none where it takes more, and no word where too little was compared."""
    rows = pd.DataFrame({"district": list("abcdef"), "after": [30, 12, *[10] * 4]})
    rows = rows.assign(level="district_category", category="theft", base=50, expected=10.0, p=0.5)
    key = {**dict.fromkeys(CANDIDATE_KEYS), "category": "theft"}
    change = Change(key, "category", 300, 82, 60.0, UNKNOWN, 0.001, 0.001, "clear", 1, "past")  # type: ignore[arg-type]
    assert _carriers(rows, change, 1) == ("a",)
    assert _carriers(rows.assign(after=13), replace(change, after=78), 1) == ()
    assert _carriers(rows[3:], change, 1) is None
    assert _carriers(rows.assign(after=[3, *[13] * 5]), replace(change, after=78), 5) is None, (
        "a small count tells none"
    )


def test_the_opposite_next_door_is_told_where_both_are_clear(t: Translator) -> None:
    def finding(place: str, direction: int, category: str | None = None, grade: Grade = "clear") -> Finding:
        key = {**dict.fromkeys(CANDIDATE_KEYS), "place": place, "category": category}
        change = Change(key, "place", 60, 30, 60.0, UNKNOWN, 0.001, 0.001, grade, direction, "past")
        return Finding(change, (Count(60), Count(30)), None, AlertFilter(places=(place,)), YEAR, None, None)  # type: ignore[arg-type]

    city, fell = piraeus(), finding("pasalimani", -1, "theft")
    rose = finding("terpsithea", 1)
    assert _next_door(fell, rose, city)
    others = (finding("terpsithea", -1), finding("terpsithea", 1, "noise"), finding("terpsithea", 1, None, "probable"))
    none = replace(rose, filter=AlertFilter(places=("terpsithea",), cells=("891ed89a8abffff",)))  # a cell far from it
    others = (*others, none, finding("pasalimani", 1), finding("agia_sofia", 1))
    assert not any(_next_door(fell, other, city) or _next_door(other, fell, city) for other in others)
    told = brief_text.finding_sentences(replace(fell, beside=rose), city, t)
    assert "The opposite is clear next door: All alerts, Terpsithea. Whether it moved there" in " ".join(told)
    asked = [
        brief_text.reporting_question(replace(one, counts=counts), t)
        for one, counts in (
            (fell, (Count(143), Count(24))),
            (fell, (Count(60), Count(None, 20))),
            (fell, (Count(60), Count(21))),
            (finding("pasalimani", -1, "theft", "open"), (Count(143), Count(24))),
            (rose, (Count(24), Count(143))),
        )
    ]
    assert asked == ["Is less reported, or is a source missing?"] * 2 + [""] * 3
    same = replace(finding("terpsithea", 1, None, "open"), counts=(Count(8), Count(8)))
    for one in (same, replace(same, counts=(Count(100), Count(110)))):
        assert brief_text.counts_words(one, t) == f"{one.counts[1].n} alerts, about as many as expected"
    assert brief_text.counts_words(replace(same, counts=(Count(60), Count(30))), t) == "30 alerts (expected: 60)"


def test_a_gender_that_no_file_holds_is_told_in_place_of_a_number(areas: Source, t: Translator) -> None:
    study = replace(brief_changes(areas, recent(areas)), asked=AlertFilter(affected=("woman",)))
    assert headline(replace(study, asks_affected=False), t).startswith("This export does not ask for the gender of")
    assert "alerts" in headline(replace(study, asks_affected=True), t)


def test_what_is_clear_and_in_no_card_is_named(areas: Source, t: Translator) -> None:
    """Every clear comparison but that of the whole city stands in a card, as a part of one, or by its name."""
    study = brief_changes(areas, recent(areas), most=0)
    frame = change_study(areas, study.asked).changes.frame
    clear = {
        finding_id(change_of(row, CANDIDATE_KEYS).key) for row in frame[frame["grade"].eq("clear")].to_dict("records")
    }
    carded = {finding_id(one.key) for card in study.findings for one in (card.change, card.change.part_of) if one}
    named = further_titles(study, areas.city, t)
    assert named
    assert not carded & set(named)
    assert clear - carded - set(named) <= {finding_id(dict.fromkeys(CANDIDATE_KEYS))}
