"""Limits of what council and public see: sensitive categories, smallest counts, what the copy holds and says."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from curim_data import privacy, query
from curim_data.engine import Source, open_source
from curim_data.filters import PERIODS, AlertFilter
from curim_data.formats import FORMATS
from curim_data.geo.enrichment import parent_cells
from curim_data.model import Audience, ImportProblem, Message, translator
from curim_data.model.city import K_SENSITIVE, ProfileError, least_counts, load_city
from curim_data.profile import edit
from curim_data.profile.tables import read_head, write_head
from curim_data.protection import releases as module
from curim_data.protection.exchange import exchange
from curim_data.query import default_points, dimensions
from curim_data.store import Home
from curim_data.studies.brief import brief_study
from curim_data.studies.brief_text import missing_sentence
from curim_data.studies.hot_spots import EXCHANGED, emerging_study, hot_spot_study
from curim_data.studies.periods import NO_PLACE, OTHER_DAYS, chosen_from, copy_notes, places_taken
from curim_data.studies.spot_profiles import spot_summaries
from pages.parts.frame.filter_bar import mapped_sentence
from tests.commands import Curim
from tests.edited import begun
from tests.small import alert, small_city, small_source
from tests.stored import seen_by
from tests.unit.test_protection_exchange import FINE, units

ALL = AlertFilter(period="all")
COUNCIL = Audience.COUNCIL
PROTECTED = (COUNCIL, Audience.PUBLIC)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Seven alerts of each of two unknown categories, one of them sensitive, and enough of a known one."""
    names = ["SEX CRIMES"] * 7 + ["LOST DOG"] * 7 + ["noise"] * 30
    return small_source(tmp_path, [alert(number, category=name) for number, name in enumerate(names)])


def test_the_tree_decides_for_its_own_and_the_name_for_others(source: Source) -> None:
    named = ("harassment_sexual", "noise", "Agresión sexual", "LOST DOG")
    assert [privacy.is_sensitive_category(name, source.city) for name in named] == [True, False, True, False]
    assert privacy.sensitive_categories(source) == {"harassment_sexual", "harassment_verbal", "SEX CRIMES"}
    ordinary = {"Chain Snatching", "Chain Snatching/Robbery", "Poor/No Street Lighting", "North East India Report"}
    ordinary |= {"Others"}
    names = {name: re.sub(r"[^a-z]+", "_", name.lower()) for name in FORMATS["safecity"].table["categories"]}
    assert {name for name, key in names.items() if not privacy.is_sensitive_category(key, small_city())} == ordinary


def test_rows_and_groups_of_an_unknown_sensitive_category_are_strict(source: Source, tmp_path: Path) -> None:
    counted = query.counts(seen_by(source, Audience.COUNCIL), ALL, ["category"])
    told = counted.shown.frame.set_index("category")
    assert told.loc["SEX CRIMES", ["withheld", "fewer_than"]].tolist() == [True, 10]
    assert told.loc["LOST DOG", "n"] == 7
    assert counted.frame.set_index("category").loc["SEX CRIMES", "n"] == 7  # what is worked out is of all counts
    assert privacy.threshold(seen_by(source, Audience.COUNCIL), True) == 10
    asked = ALL.replace(categories=("SEX CRIMES",))
    assert privacy.is_sensitive(asked, source.city)
    total = query.total(seen_by(source, Audience.COUNCIL), asked)
    assert total.withheld
    assert str(total.said) != "7"
    assert privacy.finest_resolution(seen_by(source, Audience.COUNCIL), asked) == privacy.FLOOR_SENSITIVE
    harmless = ALL.replace(categories=("LOST DOG",))
    assert query.total(seen_by(source, Audience.COUNCIL), harmless).n == 7
    told = query.counts(seen_by(source, Audience.COUNCIL), ALL, ["group"])
    assert told.threshold == K_SENSITIVE
    names = ["SEX CRIMES"] * 7 + ["noise"] * 33
    few = small_source(tmp_path, [alert(number, category=name) for number, name in enumerate(names)])
    frame = query.counts(seen_by(few, Audience.COUNCIL), ALL, ["group"]).shown.frame.set_index("group")
    assert frame.loc["", "withheld"]


@pytest.mark.parametrize("name", ["commenting", "taking_pictures", "catcalls_whistles", "online_harassment"])
def test_street_harassment_is_sensitive_where_nobody_looked_at_the_tree(name: str) -> None:
    city = small_city()
    tree = {name: replace(city.categories["noise"], id=name, group="")}
    assert privacy.is_sensitive_category(name, replace(city, categories=tree, provisional=True))
    assert not privacy.is_sensitive_category(name, replace(city, categories=tree, provisional=False))
    tree = {name: replace(city.categories["noise"], id=name, group="sexual_harassment")}
    assert privacy.is_sensitive_category(name, replace(city, categories=tree))


def test_hours_by_category_are_banded(tmp_path: Path) -> None:
    city = small_city()
    tree = {name: category for name, category in city.categories.items() if not category.sensitive}
    plain = replace(city, categories=tree)
    rows = [alert(number, category="rape" if number < 20 else "noise") for number in range(60)]
    told = query.counts(seen_by(small_source(tmp_path, rows, plain), Audience.COUNCIL), ALL, ["hour", "category"])
    assert set(pd.Series(told.frame["hour"]).dropna().astype(int)) <= {0, 6, 12, 18}


POINTS = np.column_stack([np.linspace(2.34, 2.36, 40), np.linspace(48.84, 48.86, 40)])


@pytest.mark.parametrize("audience", PROTECTED)
def test_counts_under_the_raised_number_are_not_written_out(tmp_path: Path, audience: Audience) -> None:
    for given, told in (
        ((5, 10), {"noise": 7, "harassment_sexual": 12}),
        ((8, 10), {"harassment_sexual": 12}),
        ((5, 13), {"noise": 7}),
        ((8, 13), {}),
    ):
        rows = [alert(number, category="noise" if number < 7 else "harassment_sexual") for number in range(19)]
        source = small_source(tmp_path, rows, replace(small_city(), least_counts=given))
        counted = query.counts(seen_by(source, audience), ALL, ["category"])
        shown = counted.shown.frame
        assert dict(shown.dropna(subset=["n"])[["category", "n"]].itertuples(index=False)) == told
        assert dict(counted.frame[["category", "n"]].itertuples(index=False)) == {"noise": 7, "harassment_sexual": 12}
        for category, k in zip(("noise", "harassment_sexual"), given, strict=True):
            total = query.total(seen_by(source, audience), ALL.replace(categories=(category,)))
            assert total.threshold == k
            assert total.withheld == (category not in told)
        rows = counted.frame.assign(cell=None)
        assert set(privacy.WrittenCounts.of(ALL, seen_by(source, audience)).rows(rows).tolist()) == set(given)


def test_no_city_has_less_than_the_floors_however_it_was_made() -> None:
    for given, held in (((0, 0), [5, 10]), ((-5, -5), [5, 10]), ((4, 9), [5, 10]), ((20, 10), [20, 20])):
        city = replace(small_city(), least_counts=given)
        assert [city.least_count(sensitive) for sensitive in (False, True)] == held
    assert least_counts({}) == (5, 10)
    assert least_counts({"least_count": 8, "least_sensitive_count": 100}) == (8, 100)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head", "named"),
    [
        ({"least_count": 4}, "least_count has to be a whole number from 5 to 100, not 4"),
        ({"least_sensitive_count": 9}, "least_sensitive_count has to be a whole number from 10 to 100, not 9"),
        *(({"least_count": wrong}, "least_count") for wrong in (0, -8, 101, 7.5, "8")),
        ({"least_sensitive_count": True}, "least_sensitive_count"),
    ],
)
def test_a_profile_under_the_floor_is_refused_with_the_reason(tmp_path: Path, head: dict[str, Any], named: str) -> None:
    home = begun(tmp_path / "home", POINTS)
    write_head(home.city_folder, {**read_head(home.city_folder), **head})
    with pytest.raises(ProfileError, match=named) as refused:
        load_city(home.city_folder)
    assert "not lower it" in str(refused.value)


@pytest.mark.parametrize("given", [(4, 10), (5, 9), (101, 101), (5, 101)])
def test_an_edit_under_the_floor_changes_nothing(tmp_path: Path, given: tuple[int, int]) -> None:
    home = begun(tmp_path / "home", POINTS)
    before = home.city()
    with pytest.raises(ImportProblem, match="may raise it, and not lower it"):
        edit.set_least_counts(home, *given)
    assert home.city().version == before.version


def test_the_command_raises_them_and_tells_them(curim: Curim, tmp_path: Path) -> None:
    home = begun(tmp_path / "home", POINTS)
    curim.says(home, "city", "least-counts", "8", "15")
    shown = curim.says(home, "city", "show")
    assert "Smallest count that council and public see: 8, in sensitive categories 15." in shown
    refusal = curim.refuses("city", "least-counts", "3", "15", "--home", str(home.path))
    assert "may be 5 to 100 here, not 3" in refusal


@pytest.mark.parametrize("sensitive", [False, True])
def test_more_exchange_where_a_raised_number_makes_them_rare(sensitive: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    made = units(np.random.default_rng(1), 2000, sensitive=float(sensitive), months=3, nowhere=0.0)
    made = replace(made, fine=FINE[np.random.default_rng(2).integers(0, 20, 2000)], category=np.zeros(2000, np.int64))
    made = replace(made, coarse=parent_cells(made.fine, 8), place=made.fine, gender=np.zeros(2000, np.int64))

    def moved(least: int, least_sensitive: int) -> list[float]:
        given = replace(made, least=least, least_sensitive=least_sensitive)
        found = exchange(given, np.random.default_rng(3))
        months = found.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        elsewhere = made.fine[found.place] != made.fine
        return [elsewhere.mean(), (months != made.month).mean(), (found.dark != np.arange(2000)).mean()]

    usual, raised = moved(5, 10), moved(500, 2000)
    method = import_module("curim_data.protection.exchange")  # the package has a function of this name
    monkeypatch.setattr(method, "LEAST", 1)
    monkeypatch.setattr(method, "LEAST_SENSITIVE", 1)
    assert moved(5, 10) == usual
    assert raised[0] > 1.5 * usual[0]
    assert not sensitive or all(raised[at] > 1.5 * usual[at] for at in (1, 2))


def test_later_releases_take_raised_numbers_and_draws_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[int, int]] = []

    def seen(units: Any, *args: Any, **told: Any) -> Any:
        given.append((units.least, units.least_sensitive))
        return exchange(units, *args, **told)

    monkeypatch.setattr(module, "exchange", seen)
    home, city = Home(tmp_path / "home"), small_city()
    rows = [alert(number, incident_id=None, category="noise") for number in range(300)]
    first = small_source(tmp_path, rows[:150], city)
    known = module.release(home, first, default_points(first))
    kept = [path.read_bytes() for path in known]
    second = small_source(tmp_path, rows, replace(city, least_counts=(8, 15)))
    later = module.release(home, second, default_points(second))
    assert given == [(5, 10), (8, 15)]
    assert [path.read_bytes() for path in later[: len(kept)]] == kept
    assert len(later) == len(kept) + 1


SENSITIVE = AlertFilter(categories=("harassment_verbal",))


@pytest.fixture
def whole(sample: Home) -> Source:
    return open_source(sample)


@pytest.mark.parametrize("audience", PROTECTED)
def test_a_filter_loses_what_the_copy_does_not_hold(whole: Source, audience: Audience) -> None:
    ordinary = AlertFilter(categories=("noise",), hours=(20, 5), weekdays=(0,))
    assert privacy.askable(ordinary, seen_by(whole, audience)) == (ordinary, ())
    graded = ordinary.replace(severities=(4, 5))
    assert privacy.askable(graded, seen_by(whole, audience)) == (ordinary, (privacy.NO_SEVERITY,))
    clock = SENSITIVE.replace(hours=(20, 5), weekdays=(0,), dark=True)
    assert privacy.askable(clock, seen_by(whole, audience)) == (
        SENSITIVE.replace(dark=True),
        (privacy.NOT_OF_SENSITIVE,),
    )
    everything = clock.replace(severities=(1,))
    assert privacy.askable(everything, seen_by(whole, audience))[1] == (privacy.NO_SEVERITY, privacy.NOT_OF_SENSITIVE)
    assert privacy.askable(everything, seen_by(whole, Audience.SPECIALIST)) == (everything, ())
    assert privacy.not_held(everything, seen_by(whole, Audience.ANALYST)) == {}


@pytest.mark.parametrize(
    ("f", "by", "why"),
    [
        (AlertFilter(), "severity", privacy.NO_SEVERITY),
        (SENSITIVE, "severity", privacy.NO_SEVERITY),
        *(
            (SENSITIVE, name, privacy.NOT_OF_SENSITIVE)
            for name in ("local_date", "week", "weekday", "hour", "age_band", "feeling")
        ),
    ],
)
def test_a_table_by_what_the_copy_lacks_is_refused(whole: Source, f: AlertFilter, by: str, why: Message) -> None:
    assert by in (*dimensions(), "feeling")
    with pytest.raises(privacy.DisclosureError) as refused:
        privacy.check_asked(f, [by], seen_by(whole, COUNCIL))
    assert refused.value.message == why
    privacy.check_asked(f, [by], seen_by(whole, Audience.SPECIALIST))
    privacy.check_asked(f, ["month", "dark", "district"], seen_by(whole, COUNCIL))


def test_what_is_said_to_be_missing_is_missing_in_the_copy(council: Source) -> None:
    """Severity in every row; age and feeling of sensitive alerts."""
    table = council.alerts.frame("category, severity, age_band, feeling")
    assert table["severity"].isna().all()
    sensitive = table["category"].isin(council.city.sensitive)
    assert table.loc[sensitive, ["age_band", "feeling"]].isna().all(axis=None)
    assert table.loc[~sensitive, "age_band"].notna().any()


def test_the_calendar_asks_sensitive_categories_for_months_alone(whole: Source) -> None:
    for f, weeks in ((SENSITIVE, False), (AlertFilter(), True)):
        with pytest.raises(privacy.DisclosureError) as refused:
            privacy.check(["local_date"], None, f, seen_by(whole, COUNCIL))
        assert ("ask for weeks or months instead" in str(refused.value)) == weeks
        assert ("ask by month" in str(refused.value)) == (not weeks)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("counts", "--by", "severity"), privacy.NO_SEVERITY),
        (("counts", "--by", "district", "--severity", "4"), privacy.NO_SEVERITY),
        (("hotspots", "--severity", "4"), privacy.NO_SEVERITY),
        (("brief", "--severity", "4"), privacy.NO_SEVERITY),
        (("trends", "--category", "harassment_verbal", "--by", "week"), privacy.NOT_OF_SENSITIVE),
        (("trends", "--category", "harassment_verbal", "--hours", "22-3"), privacy.NOT_OF_SENSITIVE),
        (("compare", "--against", "severity=4"), privacy.NO_SEVERITY),
    ],
)
def test_a_command_that_asks_is_refused(curim: Curim, sample: Home, words: tuple[str, ...], why: Message) -> None:
    refusal = curim.refuses(*words, "--audience", "council", "--home", str(sample.path))
    assert refusal == f"curim: {why.text}\n"


T = translator("en")


def notes(source: Source, f: AlertFilter) -> tuple[Message, ...]:
    return copy_notes(source, f, query.total(seen_by(source, COUNCIL), f))


@pytest.mark.parametrize(
    ("f", "told"),
    [
        (AlertFilter(period="12m"), None),
        (AlertFilter(period="quarter"), None),
        (AlertFilter(period="28d"), OTHER_DAYS),
        (AlertFilter(period="all"), None),
        (AlertFilter(categories=("noise",)), None),
    ],
)
def test_numbers_unlike_those_of_specialists_are_said(council: Source, f: AlertFilter, told: Message | None) -> None:
    assert council.exact is not None
    own, theirs = query.total(seen_by(council, COUNCIL), f).n, query.total(council.exact, f).n
    if not f.categories:
        assert (own != theirs) == (told is not None)
    assert [note for note in notes(council, f) if note != NO_PLACE] == ([told] if told else [])


def test_a_place_that_was_taken_away_is_not_a_position_that_never_was(council: Source, tmp_path: Path) -> None:
    f = AlertFilter()
    assert places_taken(council)
    assert NO_PLACE in notes(council, f)
    total = query.total(seen_by(council, COUNCIL), f)
    assert f"{total.unmapped} without a position that may be shown" in mapped_sentence(T, total, taken=True)
    assert f"{total.unmapped} without a position" in mapped_sentence(T, total)
    study = brief_study(seen_by(council, COUNCIL), f)
    assert f"Alerts without a position that may be shown: {total.unmapped}." in missing_sentence(study, council.city, T)
    assert "without a position" in missing_sentence(replace(study, copy_notes=()), council.city, T)
    rows = [alert(number) for number in range(12)]
    same = small_source(tmp_path, rows)
    assert not places_taken(replace(same, exact=small_source(tmp_path, rows)))
    assert not places_taken(same)
    assert copy_notes(same, f, query.total(seen_by(same, COUNCIL), f)) == ()


def test_the_councils_hours_are_whole_bands_and_no_sensitive_place_is_judged(council: Source) -> None:
    f = AlertFilter()
    spots = hot_spot_study(seen_by(council, COUNCIL), f).spots[:4]
    lines = spot_summaries(seen_by(council, COUNCIL), f, spots)
    assert len(lines) == 4
    for line in lines:
        assert line.hours is not None
        first, last = line.hours
        assert first % 6 == (last + 1) % 6 == 0
    assert council.exact is not None
    f = AlertFilter(categories=("harassment_verbal",))
    told = emerging_study(seen_by(council, COUNCIL), f)
    assert (told.emerging, told.why, told.lines) == (None, EXCHANGED, ())
    assert emerging_study(council.exact, f).emerging is not None


DAY = dt.date(2025, 6, 2)
# For each attribute of a filter values that ask for something by it, beside the periods that have a name.
ASKED: dict[str, list[Any]] = {
    "start": [DAY], "end": [DAY], "categories": [("noise",), ("harassment_sexual", "noise")], "groups": [("place",)],
    "kinds": [("risk",)], "affected": [("woman",)], "reporters": [("man",)], "dark": [True, False],
    "hours": [(20, 5), (9, 9)], "weekdays": [(0,), (0, 1, 2, 3, 4, 5, 6)], "districts": [("zone_1",)],
    "places": [("quay",)], "cells": [("891e91a2b4fffff",)], "statuses": [("open",)], "severities": [(3,)],
}  # fmt: skip


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder: Path = tmp_path_factory.mktemp("selection")
    exact, own = (small_source(folder, [alert(1)]) for _ in range(2))
    return replace(own, exact=exact)


def test_every_attribute_of_a_filter_is_asked_here() -> None:
    assert {"period", *ASKED} == {one.name for one in fields(AlertFilter)}, "a value of ASKED for each filter field"
    for name, values in ASKED.items():
        for value in values:
            assert AlertFilter().replace(**{name: value}) != AlertFilter(), (name, value)


@pytest.mark.parametrize("period", PERIODS)
def test_the_whole_city_over_a_named_period_is_chosen_from_the_alerts(copy: Source, period: str) -> None:
    assert chosen_from(copy, AlertFilter(period=period)) is copy.exact


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize(("name", "value"), [(name, one) for name, values in ASKED.items() for one in values])
def test_anything_else_is_chosen_from_the_copy(copy: Source, period: str, name: str, value: Any) -> None:
    assert chosen_from(copy, AlertFilter(period=period).replace(**{name: value})) is copy


def test_dates_choose_from_the_copy_and_who_reads_the_alerts_always_from_them(copy: Source) -> None:
    last = copy.as_of
    year = (last.replace(year=last.year - 1) + dt.timedelta(days=1), last)
    for start, end in (year, (copy.first, last), (last - dt.timedelta(days=27), last)):
        for period in ("", *PERIODS):
            assert chosen_from(copy, AlertFilter(period=period, start=start, end=end)) is copy, (start, period)
    exact = copy.exact
    assert exact is not None
    for f in (AlertFilter(), AlertFilter(period="all"), AlertFilter(start=DAY), AlertFilter(categories=("noise",))):
        assert chosen_from(exact, f) is exact
