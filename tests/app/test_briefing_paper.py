"""The Briefing's paper, and what paper and page say alike: what was not compared, for whom, totals, questions."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import replace

import docx
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from analysis.gender import NONE_OF_BOTH, category_ratios, gender_shares
from analysis.report.brief import Brief, PlanRow
from analysis.report.documents import brief_document
from analysis.stats.intervals import Estimate
from curim_data import query
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model import LANGUAGES, Audience, Translator, translator
from curim_data.protection import open_for
from curim_data.query import counts as count_alerts
from curim_data.store import Home
from curim_data.studies import findings
from curim_data.studies.brief import (
    BriefStudy,
    brief_changes,
    brief_study,
)
from curim_data.studies.brief_content import brief_content, how_many_tested, opens_here_only, share_rows
from curim_data.studies.brief_questions import meeting_questions
from curim_data.studies.brief_text import (
    affected_sentence,
    change_area,
    change_name,
    counts_before_after,
    counts_words,
    finding_sentences,
    headline,
    missing_sentence,
    sure_sentence,
    women_sentence,
)
from curim_data.studies.findings import Whom
from curim_data.studies.gender import silent_districts
from tests.app.conftest import Open
from tests.stored import seen_by

SINCE_MEETING = AlertFilter(period="meeting")


@pytest.fixture(scope="module")
def council(sample: Home) -> BriefStudy:
    return brief_study(open_for(sample, Audience.COUNCIL), SINCE_MEETING)


@pytest.mark.parametrize("lang", ["el", "en", "fr"])
def test_the_paper_holds_what_the_page_tells(council: BriefStudy, sample: Home, lang: str) -> None:
    t, city = translator(lang), sample.city()
    told = brief_content(
        council, SINCE_MEETING, city, t, made=dt.date(2026, 11, 1), link="http://localhost/", illustrative=True
    )
    assert brief_document(told, city, t, "pdf").startswith(b"%PDF")
    paper = docx.Document(io.BytesIO(brief_document(told, city, t, "docx")))
    assert headline(council, t) in "\n".join(paragraph.text for paragraph in paper.paragraphs)
    assert len(told.changes) == len(council.events) + len(council.findings)
    paragraphs = [paragraph.text for paragraph in paper.paragraphs]
    for row, event in zip(told.changes, council.events, strict=False):
        assert (row.counts, *row.told) == event.sentences(city, t)
    for row, finding in zip(told.changes[len(council.events) :], council.findings, strict=True):
        assert row.counts == counts_words(finding, t)
        assert row.counts in paragraphs
        assert {*row.told, sure_sentence(finding, t)} == set(finding_sentences(finding, city, t)[1:])
        assert any(sure_sentence(finding, t).rstrip(".") in paragraph for paragraph in paragraphs)
        assert row.picture is not None
        assert counts_before_after(finding, t)[0] in row.picture.alt


@pytest.fixture(scope="module")
def year(sample: Home) -> BriefStudy:
    source = open_for(sample, Audience.COUNCIL)
    return brief_study(seen_by(source, Audience.COUNCIL), AlertFilter(), source.meeting)


@pytest.mark.parametrize("lang", ["el", "en", "fr"])
def test_what_was_not_compared_is_no_result(year: BriefStudy, sample: Home, lang: str) -> None:
    t, city = translator(lang), sample.city()
    counts = {"category": ["theft", "theft", "noise", "noise"], "affected_gender": ["woman", "man"] * 2}
    nothing = category_ratios(pd.DataFrame({**counts, "n": [30.0, 0.0, 20.0, 0.0]}))
    assert nothing.n_tested == 0
    told = affected_sentence(replace(year, weights=nothing), city, t)
    missing = missing_sentence(year, city, t)
    assert told == " ".join(filter(None, (year.shares.sentence(t), nothing.sentence(t), missing)))
    assert nothing.sentence(t) == t(NONE_OF_BOTH)


def test_who_is_missing_is_said_and_silence_is_not_called_safe(year: BriefStudy, sample: Home, t: Translator) -> None:
    city = sample.city()
    year = replace(year, copy_notes=())
    quiet = replace(year, silent=("zone_1",), unheard=("agia_sofia",), total=replace(year.total, unmapped=5))
    assert missing_sentence(quiet, city, t) == (
        "5 alerts have no position: no place counts them. Strikingly few alerts for the number of residents: Zone 1. "
        "What happens there is not known. Women alert strikingly little: Agia Sofia. Their safety there is not known."
    )
    assert missing_sentence(quiet, city, t) in affected_sentence(quiet, city, t)
    few = replace(year, silent=(), unheard=(), total=replace(year.total, unmapped=1))
    assert missing_sentence(few, city, t) == "Fewer than 5 alerts have no position: no place counts them."
    told = missing_sentence(replace(few, total=replace(few.total, threshold=1)), city, t)
    assert told == "1 alert has no position: no place counts it."
    assert missing_sentence(replace(few, total=replace(year.total, unmapped=0)), city, t) == ""


def test_a_district_of_many_residents_and_few_alerts_is_not_known(sample: Home) -> None:
    source = open_for(sample, Audience.COUNCIL)
    counted = count_alerts(source, AlertFilter(), ["district"], complete=True).frame
    n = counted.dropna(subset=["district"]).set_index("district")["n"]
    residents = n.copy()
    residents["zone_1"] *= 20  # so most of the residents live there
    people = pd.DataFrame({"district": residents.index, "total": residents.to_numpy()})
    loaded = replace(source, city=replace(source.city, population=people), cache={**source.cache})
    for audience in (Audience.ANALYST, Audience.COUNCIL):
        assert silent_districts(seen_by(loaded, audience), AlertFilter()) == ("zone_1",)
        assert silent_districts(seen_by(loaded, audience), AlertFilter(districts=("zone_1",))) == ()
        assert silent_districts(seen_by(source, audience), AlertFilter()) == ()


def test_categories_that_were_compared_are_counted(year: BriefStudy, sample: Home, t: Translator) -> None:
    frame = year.weights.frame.iloc[:4].assign(p=[0.5, 0.6, float("nan"), float("nan")], significant=False)
    some = replace(year, weights=replace(year.weights, frame=frame))
    told = affected_sentence(some, sample.city(), t)
    assert "None of the 2 categories that were compared is shown to weigh more" in told
    assert "protected" not in told


@pytest.mark.parametrize("audience", [Audience.COUNCIL, Audience.SPECIALIST])
def test_for_whom_is_told_at_the_first_level_that_can_be_told(
    sample: Home, audience: Audience, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By hand: where a finding concerns too few women and men, those of something wider are told."""
    source = open_for(sample, audience)

    def people(f: AlertFilter) -> float:
        counted = query.counts(seen_by(source, audience), f, ["affected_gender"]).frame
        return float(counted.set_index("affected_gender")["n"].reindex(["woman", "man"]).sum())

    found = brief_changes(seen_by(source, audience), AlertFilter(), source.meeting).findings
    many = sorted(people(finding.filter) for finding in found)
    assert many[0] < many[-1]
    assert {finding.whom.level for finding in found if finding.whom is not None} >= {"here"}
    monkeypatch.setattr(findings, "LEAST_WHOM", many[-2])
    wider = 0
    for finding in brief_changes(seen_by(source, audience), AlertFilter(), source.meeting).findings:
        assert finding.whom is not None
        assert finding.whom.women.known
        assert (finding.whom.level == "here") == (people(finding.filter) >= many[-2])
        wider += finding.whom.level != "here"
    assert wider


def test_the_level_of_for_whom_is_said(year: BriefStudy, sample: Home, t: Translator) -> None:
    first, city = year.findings[0], sample.city()

    def words(whom: Whom | None) -> str:
        return women_sentence(replace(first, whom=whom), city, t)

    half = Estimate(0.5, 0.4, 0.6)
    share = "of the women and men affected, 50\u00a0% are women (40–60\u00a0%)."
    assert words(Whom(half)) == "O" + share[1:]
    assert words(Whom(half, "district", district="zone_1")) == f"Zone 1, all alerts: {share}"
    assert words(Whom(half, "district", district="zone_1", category="burglary")) == f"Zone 1, burglary: {share}"
    assert words(Whom(half, "city", category="burglary")) == f"In the whole city, burglary: {share}"
    assert words(Whom(half, "group", category="burglary")).startswith("In the whole city, ")
    assert "burglary" not in words(Whom(half, "group", category="burglary"))
    assert words(None) == ""
    assert words(Whom()).startswith("For whom cannot be told")


def test_a_map_on_which_nothing_could_be_found_is_no_finding(council: BriefStudy, sample: Home, t: Translator) -> None:
    hot = council.hot.hot
    none = replace(hot, frame=hot.frame.assign(hot=False, cold=False))
    power = council.hot.power
    blind = replace(council.hot, hot=none, spots=(), listed=None, power=replace(power, ratio=None))
    sighted = replace(council.hot, hot=none, spots=(), listed=None, power=replace(power, ratio=2.0))
    captions = [
        brief_content(replace(council, hot=study), AlertFilter(), sample.city(), t, made=dt.date(2026, 11, 1)).caption
        for study in (blind, sighted)
    ]
    assert captions == [
        "No cell could be judged: there are too few alerts on the map.",
        "No cell has more of them than expected by chance.",
    ]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_filter_by_gender_is_no_finding_about_gender(sample: Home, year: BriefStudy, lang: str) -> None:
    """All alerts that affect women affect women: that is the filter, and says nothing."""
    source, t, f = open_for(sample, Audience.COUNCIL), translator(lang), AlertFilter(affected=("woman",))
    study = brief_study(seen_by(source, Audience.COUNCIL), f, source.meeting)
    assert study.by_gender
    assert not year.by_gender
    assert study.shares.women == year.shares.women
    told = brief_content(study, f, sample.city(), t, made=dt.date(2026, 11, 1))
    assert told.whom.startswith(t("Women and men are compared, so the filter by gender is ignored here."))
    assert t("Women and men are compared, so the filter by gender is ignored here.") not in affected_sentence(
        year, sample.city(), t
    )
    first = year.findings[0]
    study = replace(study, findings=(replace(first, whom=None),))
    told = brief_content(study, f, sample.city(), t, made=dt.date(2026, 11, 1))
    assert all(
        finding.whom is None for finding in brief_changes(seen_by(source, Audience.COUNCIL), f, source.meeting).findings
    )
    assert women_sentence(replace(first, whom=None), sample.city(), t) == ""
    assert women_sentence(first, sample.city(), t) not in told.changes[0].told
    assert women_sentence(first, sample.city(), t) != ""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_compared_is_not_nothing_found(sample: Home, lang: str) -> None:
    source, t = open_source(sample), translator(lang)
    f = AlertFilter(period="", start=dt.date(2030, 1, 1), end=dt.date(2030, 1, 2))
    study = brief_study(source, f)
    assert study.changes.periods.before is not None
    assert not study.changes.changes.n_tested
    told = brief_content(study, f, sample.city(), t, made=dt.date(2026, 11, 1))
    assert told.none_found == t("There are too few alerts to compare.")
    assert told.headline.endswith(told.none_found)


def test_the_exact_briefing_protects_nobody(sample: Home, t: Translator) -> None:
    source = open_source(sample)
    exact = brief_study(source, AlertFilter(), source.meeting)
    assert not any(count.n is None for finding in exact.findings for count in finding.counts)
    told = brief_content(exact, AlertFilter(), sample.city(), t, made=dt.date(2026, 11, 1), audience=Audience.ANALYST)
    assert not any("protected" in limit for limit in told.limits)
    assert how_many_tested(exact, t).count("tested") == 0


def test_the_paper_names_each_of_its_totals(year: BriefStudy, sample: Home, t: Translator) -> None:
    told = brief_content(year, AlertFilter(), sample.city(), t, made=dt.date(2026, 11, 1))
    total, hot = year.total, year.hot.hot
    assert total.n == count_alerts(open_for(sample, Audience.COUNCIL), AlertFilter(), []).total
    on_map = total.mapped - total.at_default
    assert told.numbers == f"{total.n:,} alerts · {on_map:,} of them on the map."
    assert hot.frame["n"].sum() == hot.n
    assert hot.n <= on_map < total.n
    assert not any("enters with the least" in limit for limit in told.limits)
    assert sum("protected copy" in limit and "numbers under 5" in limit for limit in told.limits) == 1


def test_genders_that_nobody_gave_are_left_out(t: Translator) -> None:
    counts = pd.DataFrame({"affected_gender": ["woman", "man", "unknown"], "n": [0.0, 30.0, 4.0]})
    assert [row.label for row in share_rows(gender_shares(counts), t)] == ["Women", "Men", "Not known"]


@pytest.mark.parametrize(
    ("link", "here"),
    [
        ("http://127.0.0.1:8501/?lang=el", True),
        ("http://localhost:8501/briefing", True),
        ("http://[::1]:8501/", True),
        ("http://0.0.0.0:8501/", True),
        ("http://curim.localhost/", True),
        ("https://curim.example/?period=meeting", False),
        ("http://192.168.1.20:8501/", False),
        ("http://127.example.org/", False),
    ],
)
def test_an_address_of_this_computer_is_not_printed(
    year: BriefStudy, sample: Home, t: Translator, link: str, here: bool
) -> None:
    assert opens_here_only(link) is here
    told = brief_content(year, AlertFilter(), sample.city(), t, made=dt.date(2026, 11, 1), link=link)
    assert told.link == ("" if here else link)


@pytest.mark.parametrize(("words", "told"), [({}, True), ({"as": "council"}, False)], ids=["analyst", "council"])
def test_readers_of_exact_numbers_are_told_that_the_paper_differs(
    open_page: Open, words: dict[str, str], told: bool
) -> None:
    app = open_page("briefing", lang="en", **words)
    captions = [caption.value for caption in app.main.caption]
    assert any("As the council sees it" in caption for caption in captions) is told


def test_page_and_paper_write_the_same_of_hot_spots(
    open_page: Open, year: BriefStudy, sample: Home, t: Translator
) -> None:
    told = brief_content(year, AlertFilter(), sample.city(), t, made=dt.date(2026, 11, 1))
    assert _of_spots(told, sample, t) == _of_spots_on(open_page("briefing", **{"lang": "en", "as": "council"}), "Ratio")
    exact = brief_study(open_source(sample), AlertFilter())
    told = brief_content(exact, AlertFilter(), sample.city(), t, made=dt.date(2026, 11, 1))
    expected = _of_spots(told, sample, t)
    assert expected == _of_spots_on(open_page("briefing", lang="en"), "Expected")
    assert not any("." in number and len(number.split()[-1].strip("0.")) > 2 for number in expected.values())


def _of_spots(told: Brief, sample: Home, t: Translator) -> dict[str, str]:
    """The last column of the paper's hot spots by their names."""
    paper = docx.Document(io.BytesIO(brief_document(told, sample.city(), t, "docx")))
    written = [[cell.text for cell in row.cells] for table in paper.tables for row in table.rows]
    found = {row[1]: row[3] for row in written if len(row) == 4 and row[0].isdigit()}
    assert len(found) > 2
    return found


def _of_spots_on(app: AppTest, heading: str) -> dict[str, str]:
    shown = next(table.value for table in app.main.table if heading in table.value.columns)
    return dict(zip(shown["Hot spot"], shown[heading], strict=True))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_four_questions_follow_from_what_was_found(year: BriefStudy, sample: Home, lang: str) -> None:
    t, city = translator(lang), sample.city()
    asked = meeting_questions(year, city, t)
    first = change_name(year.findings[0].change, city, t)
    assert len(asked) == len(set(asked)) == 4
    assert asked[0].startswith(first)
    assert counts_words(year.findings[0], t) in asked[0]
    assert first in asked[2]
    assert sum(change_name(one.change, city, t) in asked[1] for one in year.findings) == 2
    assert any(change_area(one.change, city, t) in asked[3] for one in year.findings)
    late = PlanRow("Φως", "Δήμος", "", "", "late")
    assert t("“{plan}” is late: what does it need, and from whom?", plan="Φως") in meeting_questions(
        year, city, t, [late]
    )
    assert all(one.rstrip()[-1] in ";?" for one in asked)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_a_finding_the_questions_are_about_the_first_hot_spot(
    year: BriefStudy, sample: Home, lang: str
) -> None:
    t, city = translator(lang), sample.city()
    quiet = replace(year, findings=(), events=(), verdict="usual")
    asked = meeting_questions(quiet, city, t)
    place = year.names[year.hot.spots[0].id](t)
    assert t.label(city.names) in asked[0]
    assert all(place in one for one in asked[1:])
    assert t.number(round(year.hot.spots[0].n or 0)) in asked[1]
    unsure = meeting_questions(quiet, replace(city, provisional=True, names={"en": "Nypd shootings historic"}), t)
    none = t("No change is clear; the largest movements may be chance.")
    assert unsure[0] == t("{found} Does this match what is seen in the city?", found=none)
    nothing = replace(quiet, hot=replace(year.hot, spots=()))
    asked = meeting_questions(nothing, city, t)
    assert "%" in asked[1]
    assert asked[3] == t("No number here asks for a decision: what do we want to know at the next meeting?")
    bare = meeting_questions(replace(nothing, looked_at=()), city, t)
    assert bare[3] == t(
        "Places could not be compared: who adds districts and named places, so that they can be next time?"
    )
