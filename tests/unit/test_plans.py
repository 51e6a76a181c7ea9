"""Plans, meetings and notes on the time line: kept with their history; plans from exports in which much is missing."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import h3.api.basic_str as h3
import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from analysis.plans.drafting import (
    TOO_SMALL,
    catalogue,
    draft_plan,
    harm_questions,
    measures_of_kind,
    objective_sentence,
    old_baseline,
    problem_statement,
    rank_measures,
)
from analysis.report.papers import compose_plan
from analysis.spots.profile import AFTER_DARK
from analysis.trends.time_series import trend_of
from curim_data.engine import Source, open_source
from curim_data.filters import AlertFilter
from curim_data.model import LANGUAGES, Audience, CityProfile, Plan, PlanStatus, translator
from curim_data.model.absence import NO_CATEGORY, NO_GENDER
from curim_data.model.coverage import Meeting
from curim_data.model.labels import UNCATEGORISED, inline
from curim_data.model.plan import MOVES, Action, CategoryShare, Objective, Problem, plan_from_json, plan_to_json
from curim_data.plans import plan_store
from curim_data.plans.plan_store import MeetingStore, PlanConflict, PlanProblem, PlanStore
from curim_data.store import Home
from curim_data.store import annotations as notes
from curim_data.studies.brief_content import moved_since, plan_rows
from curim_data.studies.changes import change_study
from curim_data.studies.evaluation import Standing, plan_progress
from curim_data.studies.periods import annotations_for, level_breaks
from curim_data.studies.plan import draft_plan_for_cells, problem_of_cells
from curim_data.studies.trends import trend_study
from tests.commands import Curim
from tests.small import HERE, alert, small_city, small_source
from tests.stored import seen_by


@pytest.fixture
def store(tmp_path: Path) -> Iterator[PlanStore]:
    with closing(PlanStore(f"sqlite:///{tmp_path}/new/plans.sqlite")) as opened:
        yield opened


def plan(**values: object) -> Plan:
    made = Plan(title="Φως στον σταθμό", problem=Problem(n=61), objective=Objective(baseline=61, target=52))
    return replace(made, **values)  # type: ignore[arg-type]


def test_a_plan_comes_back_with_its_history_of_who_when_what(store: PlanStore) -> None:
    made = store.create(plan(actions=(Action("βάψιμο", "ΤΥ", dt.date(2027, 1, 2)),)), "maria")
    assert (made.version, store.get(made.id), store.list()) == (1, made, (made,))
    made = store.save(plan(), "maria")
    saved = store.save(replace(made, lead="Δήμος", objective=replace(made.objective, target=50.0)), "nikos")
    assert saved.version == 2
    changes = store.history(made.id)
    assert [(change.who, change.what, change.old, change.new) for change in changes] == [
        ("nikos", "objective.target", 52, 50.0),
        ("nikos", "lead", "", "Δήμος"),
        ("maria", "created", None, "Φως στον σταθμό"),
    ]
    assert all(change.at.tzinfo is dt.UTC for change in changes)
    assert store.save(saved, "nikos") == saved
    assert len(store.history(made.id)) == 3


def test_nobody_overwrites_what_they_have_not_seen_and_of_many_savers_at_once_one_wins(store: PlanStore) -> None:
    made = store.create(plan(), "maria")

    def attempt(number: int) -> bool:
        try:
            store.save(replace(made, lead=f"lead {number}"), "someone")
        except PlanConflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(16))) == 1
    kept = store.get(made.id)
    assert (kept.version, len(store.history(made.id))) == (2, 2)
    with pytest.raises(PlanConflict, match="Φως"):
        store.save(replace(made, lead="B"), "nikos")
    assert store.get(made.id) == kept


def test_several_open_an_empty_store_at_once(tmp_path: Path) -> None:
    def opened(number: int) -> str:
        with closing(PlanStore(f"sqlite:///{tmp_path}/plans.sqlite")) as store:
            return store.create(plan(title=str(number)), "me").id

    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(opened, range(8)))
    with closing(PlanStore(f"sqlite:///{tmp_path}/plans.sqlite")) as again:
        assert {kept.id for kept in again.list()} == made
    assert len(made) == 8
    with pytest.raises(PlanProblem, match="cannot be opened"):
        PlanStore(f"sqlite:///{tmp_path}")


def test_the_board_allows_only_its_moves(store: PlanStore) -> None:
    made = store.create(plan(), "maria")
    with pytest.raises(PlanProblem, match="Draft"):
        store.save(replace(made, status=PlanStatus.EVALUATED), "maria")
    for status in (PlanStatus.DECIDED, PlanStatus.RUNNING, PlanStatus.FINISHED, PlanStatus.EVALUATED):
        made = store.save(replace(made, status=status), "maria")
        assert made.status is status
    assert store.list(PlanStatus.DRAFT) == ()
    assert [kept.id for kept in store.list(PlanStatus.EVALUATED)] == [made.id]
    assert set(MOVES) == set(PlanStatus)


TODAY = dt.date(2026, 6, 15)
ENDS = dt.date(2026, 9, 1)


def test_an_evaluated_plan_tells_its_result_in_the_language_of_the_reader_and_a_running_one_what_is_next_too() -> None:
    result = {"en": "22 fewer.", "el": "22 λιγότερα.", "fr": "22 de moins."}
    for t in map(translator, result):
        plans = [Plan(status=PlanStatus.EVALUATED, result=result)]
        plans += [Plan(status=PlanStatus.RUNNING, finish=ENDS, result=result)]
        running, over = plan_rows(plans, TODAY, t)
        assert (over.result, over.next, over.next_or_result) == (result[t.lang], "", result[t.lang])
        assert running.next
        assert running.next_or_result == f"{running.next}. {result[t.lang]}"


def test_what_the_council_has_not_read_begins_at_midnight_of_the_city(tmp_path: Path) -> None:
    at = [dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC), dt.datetime(2026, 3, 9, 22, 30, tzinfo=dt.UTC)]
    with closing(PlanStore(f"sqlite:///{tmp_path}/plans.sqlite", lambda: at.pop(0))) as store:
        made = store.create(plan(), "maria")
        store.save(replace(made, status=PlanStatus.DECIDED), "maria")  # at half past midnight of the tenth in Athens
        assert moved_since(store, dt.date(2026, 3, 10), "Europe/Athens") == {made.id}
        assert not moved_since(store, dt.date(2026, 3, 10), "UTC")


def test_late_plans_stand_first_then_those_due_for_evaluation() -> None:
    plans = [
        Plan(title="over", status=PlanStatus.EVALUATED),
        Plan(title="on time", status=PlanStatus.RUNNING, finish=ENDS),
        Plan(title="draft", start=dt.date(2026, 1, 1)),
        Plan(title="due", status=PlanStatus.FINISHED),
        Plan(title="dropped", status=PlanStatus.DROPPED),
        Plan(title="late", status=PlanStatus.DECIDED, start=dt.date(2026, 6, 14)),
    ]
    rows = plan_rows(plans, TODAY, translator("en"))
    assert [row.title for row in rows] == ["late", "due", "on time", "over"]


DAY = dt.date(2026, 3, 2)


@pytest.fixture
def home(sample: Home, tmp_path: Path) -> Home:
    """A copy of the sample's home that is taken for a home of one's own."""
    shutil.copytree(sample.path, tmp_path / "home", ignore=shutil.ignore_patterns("sample.txt", "meetings.json"))
    return Home(tmp_path / "home")


def test_notes_are_kept_with_their_history(tmp_path):
    first = notes.add_annotation(tmp_path, DAY, "  A new\nversion ", who="Ana", kind="app")
    end = DAY + dt.timedelta(days=6)
    second = notes.add_annotation(tmp_path, DAY, "Week of safety", who="Ana", end=end, category="x")
    assert first.note == "A new version"
    assert {one.id for one in notes.read_annotations(tmp_path)} == {first.id, second.id}
    notes.remove_annotation(tmp_path, first.id, who="Ben")
    assert notes.read_annotations(tmp_path) == (second,)
    told = [(who, what, note.id) for what, who, note in notes.annotation_history(tmp_path)]
    assert told == [("Ana", "added", first.id), ("Ana", "added", second.id), ("Ben", "removed", first.id)]
    assert second.breaks == (DAY, DAY + dt.timedelta(days=7))


def test_what_is_no_note_is_refused(tmp_path):
    for note, end in (("", None), ("x" * 201, None), ("x", DAY - dt.timedelta(days=1))):
        with pytest.raises(notes.AnnotationError):
            notes.add_annotation(tmp_path, DAY, note, who="", end=end)
    with pytest.raises(notes.AnnotationError):
        notes.remove_annotation(tmp_path, "00000000", who="")
    assert notes.read_annotations(tmp_path) == ()


def test_they_concern_the_alerts_they_are_of(home: Home):
    everything = notes.add_annotation(home.path, DAY, "all", who="")
    category = next(iter(home.city().categories))
    one = notes.add_annotation(home.path, DAY, "one", who="", category=category)
    source = open_source(home)
    assert set(source.annotations) == {everything, one}
    assert annotations_for(source, AlertFilter()) == (everything,)
    assert set(annotations_for(source, AlertFilter(categories=(category,)))) == {everything, one}
    assert level_breaks(source, AlertFilter()) == (DAY,)


def test_the_range_the_alarms_and_the_changes_know_of_them(home: Home, t):
    f = AlertFilter()
    before = trend_study(open_source(home), f)
    plain = change_study(open_source(home), f)
    notes.add_annotation(home.path, DAY, "Campaign at the port", who="", kind="campaign")
    source = open_source(home)
    after = trend_study(source, f)
    later = after.frame["week"] >= pd.Timestamp(DAY)
    width = [(one.frame["upper"] - one.frame["lower"]).to_numpy() for one in (before, after)]
    assert (width[1][~later] == width[0][~later])[np.isfinite(width[0][~later])].all()
    assert width[1][later][0] > width[0][later][0]
    assert "break" in [choice.name for choice in after.choices]
    told = [choice for choice in change_study(source, f).choices if choice.name == "annotation"]
    assert "annotation" not in [choice.name for choice in plain.choices]
    assert "Noted for 2 March 2026: Campaign at the port. A change may come from this." in t(told[0].explanation)


def test_a_noted_step_is_no_alarm_and_a_noted_span_has_a_level_of_its_own():
    rng = np.random.default_rng(1)
    monday = dt.date(2020, 1, 6)
    days = pd.date_range(monday, periods=240, freq="7D")
    y = rng.poisson(np.repeat([30, 70], [225, 15])).astype(float)
    dates = (monday, days[-1].date() + dt.timedelta(days=6))
    series = pd.DataFrame({"week": days.date, "n": y})
    step = days[225].date()
    assert trend_of(series, dates).frame["alarm"].iloc[225:].sum() > 3
    noted = trend_of(series, dates, breaks=(step,))
    assert not noted.frame["alarm"].iloc[225:].any()
    assert [shift.day for shift in trend_of(series, dates).shifts] == [step]
    assert noted.shifts == ()
    burst = rng.poisson(30, 240).astype(float)
    burst[186:192] = 300  # a campaign
    ends = (days[186].date(), days[192].date())
    apart = trend_of(pd.DataFrame({"week": days.date, "n": burst}), dates, breaks=ends)
    assert apart.frame["upper"].iloc[196:].max() < 60
    assert apart.shifts == ()


def test_the_commands_add_list_and_remove(curim: Curim, home: Home):
    made = curim.answer(home, "annotations", "add", "2026-03-02", "New app", "--kind", "app")["annotation"]
    assert (made["start"], made["kind"], made["end"]) == ("2026-03-02", "app", None)
    listed = curim.says(home, "annotations", "list")
    assert "New app" in listed
    assert "New version of the app" in listed
    for words in (["add", "soon", "x"], ["add", "2026-03-02", "x", "--category", "nothing"], ["remove", "nothing"]):
        curim.refuses("annotations", *words, "--home", str(home.path))
    curim.says(home, "annotations", "remove", made["id"])
    assert "Nothing is recorded" in curim.says(home, "annotations", "list")


def test_a_note_after_a_line_that_was_cut_short_is_kept(tmp_path):
    """Cut in the middle of a letter: the file is read all the same, and the next note is a line of its own."""
    first = notes.add_annotation(tmp_path, DAY, "Νέα έκδοση", who="")
    line = (tmp_path / notes.FILE).read_bytes()
    with (tmp_path / notes.FILE).open("ab") as handle:
        odd = {"at": "2026-03-02", "who": "", "what": "added", "kind": "odd"}
        handle.write(json.dumps(odd).encode() + b"\n" + line[: line.index("έκδοση".encode()) + 1])
    assert notes.read_annotations(tmp_path) == (first,)
    second = notes.add_annotation(tmp_path, DAY + dt.timedelta(days=1), "kept too", who="")
    assert notes.read_annotations(tmp_path) == (first, second)


MARCH, MAY, JUNE = dt.date(2025, 3, 1), dt.date(2025, 5, 3), dt.date(2025, 6, 1)


@pytest.fixture
def meetings(tmp_path: Path) -> MeetingStore:
    return MeetingStore(PlanStore(f"sqlite:///{tmp_path / 'plans.sqlite'}"), tmp_path)


def test_meetings_are_kept_renamed_and_removed(meetings: MeetingStore, tmp_path: Path) -> None:
    meetings.add(MAY, "  Plenary ")
    meetings.add(MARCH)
    assert meetings.list() == (Meeting(MARCH), Meeting(MAY, "Plenary")) == notes.read_meetings(tmp_path)
    meetings.add(MAY, "Spring")
    assert meetings.remove(MARCH) == Meeting(MARCH)
    assert meetings.list() == (Meeting(MAY, "Spring"),) == notes.read_meetings(tmp_path)
    with pytest.raises(PlanProblem, match="No meeting is kept on 1 June 2025"):
        meetings.remove(JUNE)
    with pytest.raises(PlanProblem, match="at most 80 characters"):
        meetings.add(JUNE, "x" * 81)


def test_the_dates_of_the_old_file_are_taken_over_with_the_first_change(meetings: MeetingStore, tmp_path: Path) -> None:
    (tmp_path / "meetings.toml").write_text("dates = [2025-03-01, 2025-05-03]\n")
    assert meetings.list() == (Meeting(MARCH), Meeting(MAY)) == notes.read_meetings(tmp_path)
    meetings.add(MAY, "Plenary")
    assert meetings.list() == (Meeting(MARCH), Meeting(MAY, "Plenary"))
    for day in (MARCH, MAY):
        meetings.remove(day)
    assert meetings.list() == () == notes.read_meetings(tmp_path)  # the old file does not bring back what was removed


def test_no_change_meanwhile_is_lost(meetings: MeetingStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other").mkdir()
    other = MeetingStore(PlanStore(f"sqlite:///{tmp_path / 'plans.sqlite'}"), tmp_path / "other")
    meetings.add(MARCH)
    assert other.list() == (Meeting(MARCH),) == notes.read_meetings(tmp_path / "other")

    def changed_in_between(folder: Path) -> tuple[Meeting, ...]:
        monkeypatch.setattr(plan_store, "read_meetings", notes.read_meetings)
        MeetingStore(PlanStore(f"sqlite:///{tmp_path / 'plans.sqlite'}"), tmp_path).add(MAY, "Plenary")
        return notes.read_meetings(folder)

    monkeypatch.setattr(plan_store, "read_meetings", changed_in_between)
    assert meetings.list() == (Meeting(MARCH), Meeting(MAY, "Plenary")) == notes.read_meetings(tmp_path)


def test_a_database_without_meetings_gets_their_table(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'plans.sqlite'}"
    PlanStore(url).close()
    engine = sa.create_engine(url)
    with engine.begin() as connection:  # as the first version left it
        for table in ("meeting", "record", "sign_in"):
            connection.execute(sa.text(f"DROP TABLE {table}"))
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
    MeetingStore(PlanStore(url), tmp_path).add(MAY)
    with engine.connect() as connection:
        assert connection.scalars(sa.text("SELECT day FROM meeting")).all() == [MAY.isoformat()]
        triggers = connection.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name"))
        parts = ("delete", "insert", "update")
        assert triggers.all() == [f"{name}_{part}" for name in ("change", "record") for part in parts]


CELL = h3.latlng_to_cell(HERE[1], HERE[0], 10)
POINTS = [h3.cell_to_latlng(cell)[::-1] for cell in sorted(h3.cell_to_children(CELL, 12))]
LAST = dt.date(2019, 12, 31)
# Alerts by hour: 59 lie from 14 to 19, 44 in hours of less than five each.
BY_HOUR = {14: 10, 15: 10, 16: 10, 17: 10, 18: 10, 19: 9, **dict.fromkeys(range(11), 4)}


def _bare(folder: Path, by_hour: dict[int, int]) -> Source:
    unknown, rows = {"affected_gender": "unknown", "reporter_gender": "unknown", "category": UNCATEGORISED}, []
    for number, hour in enumerate(hour for hour, n in by_hour.items() for _ in range(n)):
        day, point = LAST - dt.timedelta(days=number % 300), POINTS[number % len(POINTS)]
        rows.append(alert(number, day=day, hours=[hour], point=point, **unknown))
    return small_source(folder, rows, replace(small_city(), illustrative=False))


def _problem(**values: object) -> Problem:
    names = dict.fromkeys(LANGUAGES, "Quay")
    start = dt.date(2019, 1, 1)
    return replace(Problem(names=names, cells=(CELL,), start=start, end=LAST, n=97), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_the_export_does_not_have_is_no_finding(tmp_path: Path, lang: str) -> None:
    t = translator(lang)
    source = _bare(tmp_path, BY_HOUR)
    problem = problem_of_cells(seen_by(source, Audience.COUNCIL), AlertFilter(), [CELL])
    told = problem_statement(problem, t, source.city)
    assert t.c("category", "Not stated") not in told
    assert t(NO_CATEGORY) in told
    assert t(NO_GENDER) in told
    assert any("who is missing" in question.text for question in harm_questions(problem))
    dark = problem_of_cells(seen_by(source, Audience.COUNCIL), AlertFilter(dark=True), [CELL])
    among = inline(AlertFilter(dark=True).subject(t, source.city))
    assert f"({among})" in problem_statement(replace(dark, least=1, n=9), t, source.city)
    assert t(AFTER_DARK, share=t.percent(1)) not in problem_statement(
        replace(dark, least=1, dark_share=1.0), t, source.city
    )
    assert plan_from_json(plan_to_json(draft_plan(problem, source.city, LAST).plan)).problem == problem


@pytest.mark.parametrize("lang", LANGUAGES)
def test_one_category_is_no_main_one(city: CityProfile, lang: str) -> None:
    t = translator(lang)
    label = t.label(city.categories["noise"].labels)
    told = problem_statement(_problem(categories=(CategoryShare("noise", 1.0),)), t, city)
    assert label in told
    assert "100" not in told
    most = problem_statement(_problem(categories=(CategoryShare("noise", 0.997), CategoryShare("x", 0.003))), t, city)
    assert t.percent(1) not in most
    assert t("over {share}", share=t.percent(0.99)) in most


@pytest.mark.slow
@pytest.mark.parametrize(
    ("by_hour", "told"),
    [
        ({0: 4, 6: 4, 12: 3, 20: 6}, (18, 5)),
        ({1: 1, 19: 2, 20: 4}, (18, 23)),
        ({14: 10, 22: 10}, (12, 17)),
        ({2: 5, 9: 5}, (0, 5)),
    ],
)
def test_the_council_reads_hours_in_whole_bands(tmp_path: Path, by_hour: dict[int, int], told: tuple[int, int]) -> None:
    problem = problem_of_cells(seen_by(_bare(tmp_path, by_hour), Audience.COUNCIL), AlertFilter(), [CELL])
    assert problem.hours == told


@pytest.mark.parametrize(("days", "old"), [(-5, False), (183, False), (184, True)])
def test_a_baseline_is_old_half_a_year_after_its_end(days: int, old: bool) -> None:
    plan = Plan(objective=Objective(end=LAST), start=LAST + dt.timedelta(days=days))
    assert (old_baseline(plan) is not None) == old
    assert old_baseline(replace(plan, start=None)) is old_baseline(replace(plan, objective=Objective())) is None


@pytest.mark.slow
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_plan_from_old_data_begins_after_today(tmp_path: Path, lang: str) -> None:
    source, today = _bare(tmp_path, BY_HOUR), dt.date(2026, 11, 26)
    plan = draft_plan_for_cells(source, AlertFilter(), [CELL], today=today, language=lang)
    made, t = plan.plan, translator(lang)
    assert made.start == today + dt.timedelta(weeks=8)
    assert made.assessment.review > made.finish > made.start
    assert plan_progress(made, today).standing is not Standing.LATE
    assert made.objective.end == LAST
    old = old_baseline(made)
    assert old.values["months"] == 85
    assert old in plan.warnings
    paper = compose_plan(made, source.city, t)
    assert any(t(old) in getattr(block, "text", "") for block in paper.blocks)


@pytest.mark.parametrize(("category", "k"), [("noise", 5), ("harassment_sexual", 10)])
def test_a_draft_tells_nothing_of_counts_that_the_council_may_not_read(tmp_path: Path, category: str, k: int) -> None:
    """The stricter threshold of a sensitive category too; a count of the threshold is written out."""
    t = translator("en")
    days = [LAST - dt.timedelta(days=2 * number) for number in range(k - 1)] + [LAST - dt.timedelta(days=200)]
    rows = [alert(i, day=day, hours=[20], point=POINTS[i], category=category) for i, day in enumerate(days)]
    f, lately = AlertFilter(period="", categories=(category,)), {"start": LAST - dt.timedelta(days=60), "end": LAST}

    def drafted(kept: list[dict[str, object]], **period: dt.date) -> tuple[Plan, str]:
        plan = draft_plan_for_cells(small_source(tmp_path, kept), f.replace(**period), [CELL], language="en").plan
        return plan, repr(compose_plan(plan, small_city(), t))

    plan, paper = drafted(rows[:-1])
    problem = plan.problem
    assert f"fewer than {k} alerts" in plan.statement["en"]
    assert f"fewer than {k} alerts" in plan.objective.text
    assert paper.count(t(TOO_SMALL)) == 1
    assert (problem.n, plan.objective.baseline, plan.objective.target, plan.assessment.smallest_drop) == (
        0,
        0,
        None,
        None,
    )
    assert (problem.categories, problem.hours, problem.dark_share, problem.women) == ((), None, None, None)
    assert (problem.kinds, problem.times, problem.since, plan.gender_check.affected) == ((), None, None, "")
    for told in (f"{k - 1} alert", "18:00", "gender of those", "as dense", f"than {k - 1}", "four times in five"):
        assert told not in paper
    by_hand = replace(plan.objective, target=2.0)
    assert f"from fewer than {k} alerts" in objective_sentence(by_hand, problem, t)

    plan, paper = drafted(rows, **lately)
    assert f"fewer than {k} alerts" in plan.statement["en"]
    assert plan.objective.baseline == k
    assert paper.count(t(TOO_SMALL)) == 1
    assert "The problem is of 1 November 2019 to 31 December 2019, the baseline of" in paper
    plan, paper = drafted(rows)
    assert f"{k} alerts" in plan.statement["en"]
    assert t(TOO_SMALL) not in paper


@pytest.mark.parametrize(("share", "first"), [(0.9, "lot_greening"), (0.1, "platform_patrol")])
def test_measures_for_what_is_most_frequent_come_first(share: float, first: str) -> None:
    parts = CategoryShare("vandalism", share), CategoryShare("theft_bag", 1 - share)
    ranked = [fit.measure.id for fit in rank_measures(_problem(place="", categories=parts))]
    assert min(("lot_greening", "platform_patrol"), key=ranked.index) == first


def test_measures_without_categories_are_those_of_the_kind() -> None:
    """Without a category nothing is ranked; the measures for offences, or else all, are offered."""
    nothing = _problem(categories=(CategoryShare(UNCATEGORISED, 1.0),))
    assert not rank_measures(nothing)
    assert {fit.measure.id for fit in measures_of_kind(nothing)} == {item.id for item in catalogue()}
    of_kind = {
        kind: {fit.measure.id for fit in measures_of_kind(replace(nothing, kinds=(kind,)))}
        for kind in ("offence", "risk")
    }
    assert "hot_spots_policing" in of_kind["offence"] - of_kind["risk"]
    assert "lighting_repair" in of_kind["risk"] - of_kind["offence"]
    both = {fit.measure.id for fit in measures_of_kind(replace(nothing, kinds=("offence", "risk")))}
    assert both == of_kind["offence"] | of_kind["risk"]
    directions = [fit.measure.caution is not None for fit in measures_of_kind(replace(nothing, kinds=("offence",)))]
    assert directions == sorted(directions), "cautions stand last"
