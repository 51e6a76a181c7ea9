"""On real exports every audience, and the paper, gets the same findings.

The files are public and are not part of the project; they are looked for in `../shared/data/exports`.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from curim_data.cli import main
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, translator
from curim_data.store import Home
from curim_data.studies.brief import brief_changes, brief_study
from curim_data.studies.brief_content import brief_content
from curim_data.studies.brief_text import change_area, change_theme

EXPORTS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "exports"
FILES = {"chicago": "chicago_aggravated_assaults.csv.gz", "nypd": "nypd_shootings_historic.csv"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not EXPORTS.exists(), reason="the public exports are not beside the project"),
]


@pytest.mark.parametrize("name", FILES)
def test_every_audience_and_the_paper_have_the_same_findings(tmp_path: Path, name: str) -> None:
    assert main(["import", str(EXPORTS / FILES[name]), "--home", str(tmp_path), "--lang", "en", "--json"]) == 0
    source, t = open_source(Home(tmp_path)), translator("en")
    last, looked = source.as_of, 0
    for f in (
        AlertFilter(),
        AlertFilter(period="", start=last - dt.timedelta(days=89), end=last),
        AlertFilter(period="", start=dt.date(last.year - 3, 1, 1), end=dt.date(last.year - 3, 12, 31)),
        AlertFilter(period="", start=last - dt.timedelta(days=5 * 365), end=last),
    ):
        exact = brief_changes(source, f, Audience.SPECIALIST)
        ids = [finding.id for finding in exact.findings]
        looked += len(ids)
        for audience in (Audience.COUNCIL, Audience.PUBLIC):
            shown = brief_changes(source, f, audience)
            assert [finding.id for finding in shown.findings] == ids
            assert [one.certainty for one in shown.findings] == [one.certainty for one in exact.findings]
        paper = brief_content(brief_study(source, f, Audience.COUNCIL), f, source.city, t, made=last)
        assert [(row.what, row.where) for row in paper.changes] == [
            (change_theme(one.change, source.city, t), change_area(one.change, source.city, t))
            for one in exact.findings
        ]
    assert looked
