"""The headline of the Briefing says no more than the list of changes, and nothing of a handful of alerts."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Translator
from curim_data.model.coverage import Annotation
from curim_data.studies.brief import brief_changes
from curim_data.studies.brief_text import headline, none_sentence
from curim_data.studies.changes import change_study
from tests.small import alert, small_source
from tests.stored import seen_by

START, DAYS, WEEKS = dt.date(2023, 1, 2), 28, 130
SINCE = START + dt.timedelta(weeks=WEEKS - 4)
LAST = AlertFilter(period="", start=SINCE, end=SINCE + dt.timedelta(days=DAYS - 1))


def source_of(folder: Path, a_week: float, times: float) -> Source:
    """Two and a half years of so many alerts a week, so many times as many in the last four weeks."""
    rng, rows = np.random.default_rng(3), []
    for week in range(WEEKS):
        mean = a_week * (times if week >= WEEKS - 4 else 1)
        for _ in range(rng.poisson(mean)):
            day = START + dt.timedelta(weeks=week, days=int(rng.integers(7)))
            at = len(rows)
            rows.append(alert(at, day=day, category=f"kind_{rng.integers(6)}", district=f"zone_{rng.integers(1, 3)}"))
    rows.append(alert(len(rows), day=LAST.end))
    return small_source(folder, rows)


def test_where_days_are_not_covered_the_others_are_compared_and_counted(tmp_path: Path, t: Translator) -> None:
    source = source_of(tmp_path, 40, 1.15)
    week = LAST.start, LAST.start + dt.timedelta(days=6)
    without = replace(source, cache={}, annotations=(Annotation("0" * 8, *week, "not_covered", "left out"),))
    whole, part = (brief_changes(one, LAST) for one in (source, without))
    assert part.city is not None
    assert part.city.after < part.recent.n == whole.recent.n
    said = f": {part.city.after} of {part.recent.n} alerts, on the days that can be compared, about as many as"
    assert said in headline(part, t)
    listed = [one.series for one in part.findings if one.series is not None]
    assert listed
    assert all(pd.Timestamp(week[0]) not in set(series.frame["start"]) for series in listed)  # no zero is drawn there


@pytest.mark.parametrize(
    ("times", "verdict", "told"),
    [
        (1.15, "usual", ", about as many as usual for this time of year (188)"),
        (1.3, "usual", ": 226 alerts, not clearly more than usual for this time of year (188)"),
        (1.0, "usual", ": 153 alerts, not clearly fewer than usual for this time of year (188)"),
        (2.0, "more", " alerts, more than usual for this time of year"),
        (0.4, "fewer", " alerts, fewer than usual for this time of year"),
    ],
)
def test_headline_verdict_and_list_agree(tmp_path: Path, t: Translator, times: float, verdict: str, told: str) -> None:
    source = source_of(tmp_path, 40, times)
    city = change_study(source, LAST).changes.of({})
    assert city is not None
    assert (city.grade == "clear") == (verdict != "usual")
    for audience in (Audience.ANALYST, Audience.COUNCIL):
        study = brief_changes(seen_by(source, audience), LAST)
        assert study.verdict == verdict
        said = headline(study, t)
        assert told in said
        assert any(one.clear and one.change.level == "city" for one in study.findings) == (verdict != "usual")
        if not study.clear:
            assert "No change is clear" in said


@pytest.mark.parametrize("a_week", [0.2, 0.5])
def test_of_a_handful_nothing_is_told(tmp_path: Path, t: Translator, a_week: float) -> None:
    source = source_of(tmp_path, a_week, 1.0)
    for audience in (Audience.ANALYST, Audience.COUNCIL):
        study = brief_changes(seen_by(source, audience), LAST)
        said = headline(study, t)
        assert "usual" not in said
        assert not study.clear
        assert said.endswith("Too few alerts to tell whether anything changed.")
        beside = none_sentence(study, t)
        assert "Too few" not in beside
        assert "would probably not have been clear" in beside
