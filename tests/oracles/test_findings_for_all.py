"""On the sample and on real exports every audience, and the paper, gets the same findings, though not the same figures.

The files are public and are not part of the project; they are looked for in `../shared/data/exports`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from curim_data import query
from curim_data.cli import main
from curim_data.filters import PERIODS, AlertFilter
from curim_data.model import Audience, translator
from curim_data.privacy import sensitive_categories
from curim_data.protection import copy_errors, open_for
from curim_data.store import Home
from curim_data.studies.brief import brief_changes, brief_study
from curim_data.studies.brief_content import brief_content
from curim_data.studies.brief_text import title
from curim_data.studies.changes import change_study
from curim_data.studies.gender import AFFECTED, place_study, share_study, silent_places, weight_study
from curim_data.studies.hot_spots import hot_spot_study
from tests.effort import FULL, in_full
from tests.stored import seen_by

if TYPE_CHECKING:
    from curim_data.engine import Source

EXPORTS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "exports"
FILES = {"nypd": "nypd_shootings_historic.csv"}
if FULL:
    FILES["chicago"] = "chicago_aggravated_assaults.csv.gz"
# On a push the periods that differ most; the copy is the same for all.
STANDING = [AlertFilter(period=period) for period in (PERIODS if FULL else ("28d", "all"))]
READERS = (Audience.COUNCIL, Audience.PUBLIC)
# A share of women by place is compared where so many women and men are counted.
ENOUGH = 100
# What a source is made of, apart from answers that are kept.
OPENED = ("database", "files", "schema", "facts", "narrow", "alerts", "default_points")


@pytest.fixture(scope="module", params=["sample", *FILES] if FULL or not EXPORTS.exists() else [*FILES])
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Home:
    name: str = request.param
    if name == "sample":
        found: Home = request.getfixturevalue("sample")
        return found
    if not EXPORTS.exists():
        pytest.skip("the public exports are not beside the project")
    home = tmp_path_factory.mktemp(name)
    assert main(["import", str(EXPORTS / FILES[name]), "--home", str(home), "--lang", "en", "--json"]) == 0
    return Home(home)


@pytest.fixture(scope="module")
def exact(home: Home) -> Source:
    return open_for(home, Audience.SPECIALIST)


@pytest.fixture(scope="module")
def copy(home: Home) -> Source:
    return open_for(home, Audience.COUNCIL)


def test_every_audience_and_the_paper_have_the_same_findings(exact: Source, copy: Source) -> None:
    """As they are, and as they were two (in full) and four years before."""
    t, looked = translator("en"), 0
    for back in (0, 2, 4) if FULL else (0, 4):
        theirs, told = (_until(source, exact.as_of - dt.timedelta(days=365 * back)) for source in (exact, copy))
        for f in STANDING if not back else (AlertFilter(),):
            all_told = brief_changes(theirs, f)
            found, events = all_told.findings, [(one.cell, one.event.category, one.day) for one in all_told.events]
            looked += len(found)
            for audience in READERS:
                own = brief_changes(seen_by(told, audience), f)
                shown = own.findings
                assert own.verdict == all_told.verdict
                assert {(one.cell, one.event.category, one.day) for one in own.events} <= {*events}
                assert not own.changes.changes.found
                assert own.changes.changes.frame.empty
                assert [(one.id, one.change.grade) for one in shown] == [(one.id, one.change.grade) for one in found]
            paper = brief_content(brief_study(seen_by(told, Audience.COUNCIL), f), f, copy.city, t, made=told.as_of)
            assert [row.name for row in paper.changes] in ([], [title(one, copy.city, t) for one in own.cards])
    assert looked or copy.city.provisional  # in the exports nothing stands out at these ends


def _until(source: Source, day: dt.date) -> Source:
    """A source as it was on a day."""
    opened = {name: source.cache[name] for name in OPENED if name in source.cache}
    exact = None if source.exact is None else _until(source.exact, day)
    return replace(source, as_of=day, exact=exact, cache=opened)


@in_full
def test_under_any_other_filter_the_copy_alone_chooses(exact: Source, copy: Source) -> None:
    """Whoever asks for days of their own gets nothing that was looked for in the alerts."""
    last, alone = exact.as_of, replace(copy, exact=None, protected=False)
    for start, end in (
        (last - dt.timedelta(days=89), last),
        (dt.date(last.year - 3, 1, 1), dt.date(last.year - 3, 12, 31)),
        query.dates(exact, AlertFilter()),
    ):
        f = AlertFilter(period="", start=start, end=end)
        told, own = brief_changes(seen_by(copy, Audience.COUNCIL), f), brief_changes(alone, f)
        assert [(one.id, one.change.grade) for one in told.findings] == [
            (one.id, one.change.grade) for one in own.findings
        ]
        weights = weight_study(seen_by(copy, Audience.COUNCIL), f).frame
        assert weights["significant"].tolist() == (weights["q"] <= 0.05).tolist()


def test_every_audience_has_the_same_places(exact: Source, copy: Source) -> None:
    """All of them, in their order."""
    for f in STANDING:
        theirs = [(spot.id, spot.rank) for spot in hot_spot_study(exact, f).spots]
        for audience in READERS:
            told = [(spot.id, spot.rank) for spot in hot_spot_study(seen_by(copy, audience), f).spots]
            assert told == theirs


def test_the_same_weighs_more_on_whom(exact: Source, copy: Source) -> None:
    for f in STANDING:
        theirs, told = weight_study(exact, f).frame, weight_study(seen_by(copy, Audience.COUNCIL), f).frame
        found, shown = ({*frame.loc[frame["significant"], "category"]} for frame in (theirs, told))
        assert shown == found
        ratios = theirs.set_index("category")["ratio"]
        for row in told[told["significant"]].itertuples():  # and on the same side
            assert (row.ratio > 1) == (ratios[row.category] > 1)


def test_the_same_places_differ_for_women_and_stay_unknown(exact: Source, copy: Source) -> None:
    for f in STANDING:
        both = exact, seen_by(copy, Audience.COUNCIL)
        for found, shown in (
            (place_study(one, f).differ.frame for one in both),
            (silent_places(one, f).frame for one in both),
        ):
            for flag in ("significant", "not_known"):
                assert {*shown.loc[shown[flag], "place"]} == {*found.loc[found[flag], "place"]}


def test_shares_by_gender_are_those_of_the_alerts_within_the_error_of_the_copy(exact: Source, copy: Source) -> None:
    for f in (AlertFilter(), AlertFilter(period="all")):  # the error is told of twelve months
        women = [share_study(source, f).women
                 for source in (exact, copy)]  # fmt: skip
        assert women[1].known == women[0].known
        if women[0].known:
            assert women[1].value == pytest.approx(women[0].value, abs=0.01)
        for by in ("place", "district") if f.period == "12m" else ():
            theirs, told = (_shares(source, f, by) for source in (exact, copy))
            share, shown = theirs["share"], told["share"].reindex(theirs.index)
            if theirs.empty:
                continue
            # What is told to be the error of nine in ten counts of 30 and more, of women one way, of men the other.
            error = _error(copy, f"{by} x affected_gender")
            off = (shown - share).abs()
            assert (off <= 2 * share * (1 - share) * error).mean() >= 0.9, off


def test_alerts_of_the_city_keep_their_month_and_whom_they_affect(exact: Source, copy: Source) -> None:
    ordinary = _both(exact, copy, ["month", "category", AFFECTED])
    ordinary = ordinary[~ordinary["category"].isin(sensitive_categories(exact))]
    assert (ordinary["n"] != ordinary["n_told"]).mean() <= 0.05
    months = ordinary.groupby("month")[["n", "n_told"]].sum()
    assert ((months["n"] - months["n_told"]).abs() <= 0.01 * months["n"] + 1).all()


def _both(exact: Source, copy: Source, by: list[str]) -> pd.DataFrame:
    """Alerts of all time in the alerts (n) and in the copy (n_told)."""
    theirs, told = (
        query.counts(seen_by(source, audience), AlertFilter(period="all"), by).frame
        for source, audience in ((exact, Audience.SPECIALIST), (copy, Audience.COUNCIL))
    )
    return theirs.merge(told, on=by, how="outer", suffixes=("", "_told")).fillna({"n": 0, "n_told": 0})


def test_intervals_of_the_council_hold_the_figures_of_the_alerts(exact: Source, copy: Source) -> None:
    """The ratios of changes, and women's shares of places, by category too: what the copy adds to the scatter of counts
    is in the dispersion, which is learned from the copy's own past.
    """
    counted = query.counts(exact, AlertFilter(), ["category"]).frame.dropna(subset="category")
    common = counted.sort_values("n")["category"].tolist()[-8:]
    filters = [AlertFilter(period="quarter"), *(AlertFilter(period="quarter", categories=(one,)) for one in common)]
    inside = [row for f in filters for row in (*_changes_inside(exact, copy, f), *_shares_inside(exact, copy, f))]
    if len(inside) >= 40:
        assert np.mean(inside) >= 0.95 - 2 * np.sqrt(0.05 * 0.95 / len(inside)), (np.mean(inside), len(inside))


def _changes_inside(exact: Source, copy: Source, f: AlertFilter) -> list[bool]:
    theirs, told = (change_study(source, f).changes for source in (exact, copy))
    both = theirs.frame.merge(told.frame, on=list(theirs.by), suffixes=("", "_told"))
    both = both[(both[["base_told", "after_told"]] >= 5).all(axis=1)]
    return both["ratio"].between(both["low_told"], both["high_told"]).tolist()


def _shares_inside(exact: Source, copy: Source, f: AlertFilter) -> list[bool]:
    theirs, told = (place_study(source, f.replace(period=AlertFilter().period)) for source in (exact, copy))
    both = theirs.differ.frame.merge(told.differ.frame, on="place", suffixes=("", "_told"))
    both = both[both["women_told"] + both["men_told"] >= 10]
    share = both["women"] / (both["women"] + both["men"])
    return share.between(both["low_told"], both["high_told"]).tolist()


def _error(copy: Source, table: str) -> float:
    rows = copy_errors(copy).frame
    return float(rows.loc[(rows["table"] == table) & (rows["least"] >= 30), "nine_of_ten"].max())


def _shares(source: Source, f: AlertFilter, by: str) -> pd.DataFrame:
    """Share of women among women and men by place, in the places where the alerts have enough."""
    counted = query.counts(source, f, [by, AFFECTED])
    wide = counted.frame.pivot_table(index=by, columns=AFFECTED, values="n", aggfunc="sum")
    wide = wide.reindex(columns=["woman", "man"], fill_value=0).fillna(0)
    both = wide.sum(axis=1)
    shares = pd.DataFrame({"share": wide["woman"] / both, "both": both})
    return shares[both >= (ENOUGH if source.exact is None else 1)]
