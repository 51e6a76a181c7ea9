"""The headline of the Briefing says no more than the list of changes, and nothing of a handful of alerts."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.stats.dispersion import dispersion_of_pairs
from analysis.trends.past_scatter import CONTRADICTED, kind_dispersions
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, Translator
from curim_data.studies.brief import brief_changes
from curim_data.studies.brief_text import headline, none_sentence
from curim_data.studies.changes import changes_for_all
from tests.small import alert, small_source

START, DAYS = dt.date(2025, 6, 2), 28
LAST = AlertFilter(period="", start=START + dt.timedelta(days=DAYS), end=START + dt.timedelta(days=2 * DAYS - 1))


def source_of(folder: Path, before: int, after: int) -> Source:
    """So many alerts in four weeks and in the four weeks after, of many categories and in two districts."""
    rows = []
    for at in range(before + after):
        first = START if at < before else LAST.start
        assert first is not None
        day = first + dt.timedelta(days=at % DAYS)
        rows.append(alert(at, day=day, category=f"kind_{at % 6}", district=f"zone_{1 + at % 2}"))
    rows.append(alert(before + after, day=LAST.end))
    return small_source(folder, rows)


def test_the_headline_is_corrected_as_the_changes_are(tmp_path: Path, t: Translator) -> None:
    for after, told in (
        (31, "no clear difference from the time just before"),
        (12, "fewer than in the time just before"),
    ):
        source = source_of(tmp_path, 55, after)
        frame = changes_for_all(source, LAST).changes.frame
        (city,) = frame[frame[["district", "place", "category"]].isna().all(axis=1)].to_dict("records")
        assert city["p"] < 0.05
        assert city["significant"] == (after == 12)
        for audience in (Audience.ANALYST, Audience.COUNCIL):
            study = brief_changes(source, LAST, audience)
            assert told in headline(study, t)
            assert study.verdict == ("fewer" if city["significant"] else "usual")


@pytest.mark.parametrize("counts", [(7, 2), (2, 7), (6, 5)])
def test_of_a_handful_nothing_is_told(tmp_path: Path, t: Translator, counts: tuple[int, int]) -> None:
    source = source_of(tmp_path, *counts)
    for audience in (Audience.ANALYST, Audience.COUNCIL):
        study = brief_changes(source, LAST, audience)
        said = headline(study, t)
        assert "difference" not in said
        assert "usual" not in said
        assert said.endswith("Too few alerts to tell whether anything changed.")
        beside = none_sentence(study, t)
        assert "Too few" not in beside
        assert "not have been noticed" in beside


def test_the_past_of_an_app_that_comes_and_goes_stands_alone() -> None:
    """A city whose alerts differ tenfold from year to year; others' bursts do not hide that. A year that stood out
    does not: it is cut.
    """
    rng = np.random.default_rng(6)
    waves = [[40, 60, 50, 400, 380, 900, 60, 300] * 2, [400, 500, 600, 50, 60, 80, 500, 30] * 2]
    once = [[1200] * 16, [1200] * 15 + [1800]]

    def city(pairs: list[list[int]]) -> float:
        rows = [pd.DataFrame(rng.poisson(np.array(counts) / 30, (30, 16))) for counts in pairs]
        before, after = (pd.DataFrame([table.sum()]) for table in rows)
        found = kind_dispersions({(): (before, after), ("district",): (rows[0], rows[1])})[()]
        own = dispersion_of_pairs(before, after, drift=False)
        assert own.known
        assert (found == own) == (pairs is waves)
        return found.phi

    assert city(waves) > 50
    assert city(once) < CONTRADICTED
