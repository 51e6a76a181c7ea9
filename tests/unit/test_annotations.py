"""Notes on the time line and the council's meetings: kept with their history, respected by ranges and counts."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from analysis.trends.time_series import trend_of
from curim_data.cli.app import main
from curim_data.engine import open_source
from curim_data.filters import AlertFilter
from curim_data.model.coverage import Meeting
from curim_data.plans import plan_store
from curim_data.plans.plan_store import MeetingStore, PlanProblem, PlanStore
from curim_data.store import Home
from curim_data.store.annotations import (
    FILE,
    AnnotationError,
    add_annotation,
    annotation_history,
    read_annotations,
    read_meetings,
    remove_annotation,
)
from curim_data.studies.changes import change_study
from curim_data.studies.periods import annotations_for, level_breaks
from curim_data.studies.trends import trend_study

DAY = dt.date(2026, 3, 2)


@pytest.fixture
def home(sample: Home, tmp_path) -> Home:
    shutil.copytree(sample.path, tmp_path / "home")
    return Home(tmp_path / "home")


def test_notes_are_kept_with_their_history(tmp_path):
    first = add_annotation(tmp_path, DAY, "  A new\nversion ", who="Ana", kind="app")
    second = add_annotation(tmp_path, DAY, "Week of safety", who="Ana", end=DAY + dt.timedelta(days=6), category="x")
    assert first.note == "A new version"
    assert {one.id for one in read_annotations(tmp_path)} == {first.id, second.id}
    remove_annotation(tmp_path, first.id, who="Ben")
    assert read_annotations(tmp_path) == (second,)
    told = [(who, what, note.id) for what, who, note in annotation_history(tmp_path)]
    assert told == [("Ana", "added", first.id), ("Ana", "added", second.id), ("Ben", "removed", first.id)]
    assert second.breaks == (DAY, DAY + dt.timedelta(days=7))


def test_what_is_no_note_is_refused(tmp_path):
    for note, end in (("", None), ("x" * 201, None), ("x", DAY - dt.timedelta(days=1))):
        with pytest.raises(AnnotationError):
            add_annotation(tmp_path, DAY, note, who="", end=end)
    with pytest.raises(AnnotationError):
        remove_annotation(tmp_path, "00000000", who="")
    assert read_annotations(tmp_path) == ()


def test_they_concern_the_alerts_they_are_of(home: Home):
    everything = add_annotation(home.path, DAY, "all", who="")
    category = next(iter(home.city().categories))
    one = add_annotation(home.path, DAY, "one", who="", category=category)
    source = open_source(home)
    assert set(source.annotations) == {everything, one}
    assert annotations_for(source, AlertFilter()) == (everything,)
    assert set(annotations_for(source, AlertFilter(categories=(category,)))) == {everything, one}
    assert level_breaks(source, AlertFilter()) == (DAY,)


def test_the_range_the_alarms_and_the_changes_know_of_them(home: Home, t):
    f = AlertFilter()
    before = trend_study(open_source(home), f)
    plain = change_study(open_source(home), f)
    add_annotation(home.path, DAY, "Campaign at the port", who="", kind="campaign")
    source = open_source(home)
    after = trend_study(source, f)
    later = after.frame["week"] >= pd.Timestamp(DAY)
    width = [(one.frame["upper"] - one.frame["lower"]).to_numpy() for one in (before, after)]
    assert (width[1][~later] == width[0][~later])[np.isfinite(width[0][~later])].all()
    assert width[1][later][0] > width[0][later][0]
    assert "break" in [choice.name for choice in after.choices]
    told = [choice for choice in change_study(source, f).choices if choice.name == "annotation"]
    assert "annotation" not in [choice.name for choice in plain.choices]
    assert "Noted on 2 March 2026: Campaign at the port. A change may come from this." in t(told[0].explanation)


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


def test_the_commands_add_list_and_remove(home: Home, capsys):
    def run(*words):
        code = main([*words, "--home", str(home.path)])
        return code, capsys.readouterr()

    code, out = run("annotations", "add", "2026-03-02", "New app", "--kind", "app", "--lang", "en", "--json")
    assert code == 0
    made = json.loads(out.out)["annotation"]
    assert (made["start"], made["kind"], made["end"]) == ("2026-03-02", "app", None)
    code, out = run("annotations", "list", "--lang", "en")
    assert (code, "New app" in out.out, "New version of the app" in out.out) == (0, True, True)
    assert run("annotations", "add", "soon", "x")[0] == 2
    assert run("annotations", "add", "2026-03-02", "x", "--category", "nothing")[0] == 2
    assert run("annotations", "remove", "nothing")[0] == 2
    code, out = run("annotations", "remove", made["id"], "--lang", "en")
    assert code == 0
    code, out = run("annotations", "list", "--lang", "en")
    assert "Nothing is noted" in out.out


def test_a_note_after_a_line_that_was_cut_short_is_kept(tmp_path):
    """Cut in the middle of a letter: the file is read all the same, and the next note is a line of its own."""
    first = add_annotation(tmp_path, DAY, "Νέα έκδοση", who="")
    line = (tmp_path / FILE).read_bytes()
    with (tmp_path / FILE).open("ab") as handle:
        odd = {"at": "2026-03-02", "who": "", "what": "added", "kind": "odd"}
        handle.write(json.dumps(odd).encode() + b"\n" + line[: line.index("έκδοση".encode()) + 1])
    assert read_annotations(tmp_path) == (first,)
    second = add_annotation(tmp_path, DAY + dt.timedelta(days=1), "kept too", who="")
    assert read_annotations(tmp_path) == (first, second)


MARCH, MAY, JUNE = dt.date(2025, 3, 1), dt.date(2025, 5, 3), dt.date(2025, 6, 1)


@pytest.fixture
def meetings(tmp_path: Path) -> MeetingStore:
    return MeetingStore(PlanStore(f"sqlite:///{tmp_path / 'plans.sqlite'}"), tmp_path)


@pytest.fixture
def copied(sample: Home, tmp_path: Path) -> Home:
    shutil.copytree(sample.path, tmp_path / "home")
    (tmp_path / "home" / "sample.txt").unlink()
    return Home(tmp_path / "home")


def test_meetings_are_kept_renamed_and_removed(meetings: MeetingStore, tmp_path: Path) -> None:
    meetings.add(MAY, "  Plenary ")
    meetings.add(MARCH)
    assert meetings.list() == (Meeting(MARCH), Meeting(MAY, "Plenary")) == read_meetings(tmp_path)
    meetings.add(MAY, "Spring")
    assert meetings.remove(MARCH) == Meeting(MARCH)
    assert meetings.list() == (Meeting(MAY, "Spring"),) == read_meetings(tmp_path)
    with pytest.raises(PlanProblem, match="No meeting is kept on 1 June 2025"):
        meetings.remove(JUNE)
    with pytest.raises(PlanProblem, match="at most 80 characters"):
        meetings.add(JUNE, "x" * 81)


def test_the_dates_of_the_old_file_are_taken_over_with_the_first_change(meetings: MeetingStore, tmp_path: Path) -> None:
    (tmp_path / "meetings.toml").write_text("dates = [2025-03-01, 2025-05-03]\n")
    assert meetings.list() == (Meeting(MARCH), Meeting(MAY)) == read_meetings(tmp_path)
    meetings.add(MAY, "Plenary")
    assert meetings.list() == (Meeting(MARCH), Meeting(MAY, "Plenary"))
    for day in (MARCH, MAY):
        meetings.remove(day)
    assert meetings.list() == () == read_meetings(tmp_path)  # what was removed does not come back from the old file


def test_a_change_while_the_copy_is_renewed_is_not_lost(
    meetings: MeetingStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    other = MeetingStore(PlanStore(f"sqlite:///{tmp_path / 'plans.sqlite'}"), tmp_path / "other")
    meetings.add(MARCH)
    assert other.list() == (Meeting(MARCH),) == read_meetings(tmp_path / "other")

    def changed_in_between(folder: Path) -> tuple[Meeting, ...]:
        monkeypatch.setattr(plan_store, "read_meetings", read_meetings)
        MeetingStore(PlanStore(f"sqlite:///{tmp_path / 'plans.sqlite'}"), tmp_path).add(MAY, "Plenary")
        return read_meetings(folder)

    monkeypatch.setattr(plan_store, "read_meetings", changed_in_between)
    assert meetings.list() == (Meeting(MARCH), Meeting(MAY, "Plenary")) == read_meetings(tmp_path)


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
        assert triggers.all() == ["record_delete", "record_insert", "record_update"]


def test_what_is_counted_since_the_last_meeting_has_data(copied: Home) -> None:
    """A meeting counts from a week of data on, that of its own day included; a later one leaves the one before."""
    (copied.path / "meetings.json").unlink(missing_ok=True)
    last = open_source(copied).as_of
    assert open_source(copied).meeting == last - dt.timedelta(weeks=8)
    kept = MeetingStore(PlanStore(copied.plans_url), copied.path)
    kept.add(last - dt.timedelta(days=40))
    kept.add(last + dt.timedelta(days=3))
    assert open_source(copied).meeting == last - dt.timedelta(days=40)
