"""The home of the made-up sample city: its export imported, its illustrative plans stored.

`python -m curim_data.sample FOLDER` makes it under a folder, with what its pages need.

The figures of the plans come from the sample's made-up alerts; what their authors would have written stands here as
message ids, which `demo_words` puts into the reader's language.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import h3.api.basic_str as h3
import numpy as np

import sample_data
from analysis.plans.drafting import buffer_cells, draft_plan, find_measure
from curim_data import query
from curim_data.engine import Source, open_source
from curim_data.engine.source import MEETING_WEEKS
from curim_data.filters import AlertFilter
from curim_data.importing.pipeline import import_file
from curim_data.model import N_, CityProfile, Plan, PlanStatus, Translator
from curim_data.model.plan import Action, Areas, Assessment, GenderCheck
from curim_data.plans.plan_store import MeetingStore, PlanStore
from curim_data.protection import copy_of
from curim_data.serving import end_with_parent
from curim_data.store import Home, has_alerts, locked
from curim_data.store.home import SAMPLE_MARK, create_home
from curim_data.studies.hot_spots import hot_spot_study
from curim_data.studies.plan import drop_to_see, problem_of_cells
from curim_data.studies.preparation import prepare

_MAKING: Final = "sample-in-work"  # one process at a time makes it


def sample_home(base: Home) -> Home:
    """The home of the sample city under `base`, built when it is missing or incomplete.

    Built in a folder beside it and renamed when complete, under a lock: two processes that ask at the same time get
    one home, and a build that was cut short leaves nothing behind that could be taken for whole.
    """
    home = base.sample
    if _is_there(home):
        return home
    base.path.mkdir(parents=True, exist_ok=True)
    with locked(base.path / "sample.lock"):
        if not has_alerts(home):
            _build_sample(home)
        if not home.is_sample:
            demo_plans(home)
            (home.path / SAMPLE_MARK).write_text("The home of the sample city: made-up data.\n", "utf-8")
    return home


def make_apart(base: Home) -> None:
    """Have a process of its own make the home of the sample city, with what its pages need, where it is missing.

    A process that makes it keeps for good what an import loads and holds. It ends when this one does. One that cannot
    make it says nothing: `sample_home` tries again, and tells why.
    """
    if not _is_there(base.sample):
        subprocess.run(
            [sys.executable, "-m", __name__, str(base.path.absolute())],
            cwd=Path(__file__).parents[1],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            check=False,
        )


def _is_there(home: Home) -> bool:
    return home.is_sample and has_alerts(home)


def _build_sample(home: Home) -> None:
    folder = home.path.parent / _MAKING
    try:
        shutil.rmtree(folder, ignore_errors=True)  # of a build that was cut short
        folder.mkdir(0o700)
        made = create_home(folder / "home", sample_data.PROFILE)
        # The sample's dates are fixed: a computer whose clock is behind them is not a reason to refuse its rows.
        now = max(dt.datetime.now(dt.UTC), dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
        import_file(made, sample_data.MAIN_EXPORT, sample_data.MAIN_EXPORT.name, now=now)
        if home.path.exists() and not has_alerts(home):
            home.path.rename(folder / "incomplete")
        if not home.path.exists():
            made.path.rename(home.path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


WHO: Final = N_("Sample")
# Weeks before the last one, and names.
MEETINGS: Final = (
    (26, N_("Spring")),
    (13, N_("Summer")),
    (0, N_("Autumn")),
)
FINE: Final = 11
YEAR: Final = dt.timedelta(days=365)


def demo_plans(home: Home) -> None:
    """Give the home of the sample its illustrative plans, unless it has plans; the file appears whole or not at all.

    With them come its meetings, the last of them eight weeks before its last day.
    """
    file = home.path / "plans.sqlite"
    if file.exists():
        return
    with tempfile.TemporaryDirectory(prefix="plans-", dir=home.path) as folder:
        part = Path(folder) / file.name
        source = open_source(home)
        days: Iterator[dt.datetime] = iter(())
        store = PlanStore(f"sqlite:///{part}", lambda: next(days))
        for steps in (make(source) for make in (_decided, _running, _finished)):
            days = _story(steps)
            kept = store.create(steps[0], WHO)
            for step in steps[1:]:
                kept = store.save(replace(step, id=kept.id, version=kept.version), WHO)
        last, meetings = source.as_of - dt.timedelta(weeks=MEETING_WEEKS), MeetingStore(store, home.path)
        for weeks, name in MEETINGS:
            meetings.add(last - dt.timedelta(weeks=weeks), name)
        store.close()
        os.replace(part, file)


def _story(steps: Sequence[Plan]) -> Iterator[dt.datetime]:
    """When the authors of the sample's plans would have written each step: before the start, then as it went."""
    for step in steps:
        begins, ends = step.start or dt.date.min, step.finish or dt.date.min
        day = {
            PlanStatus.DRAFT: begins - dt.timedelta(weeks=6),
            PlanStatus.DECIDED: begins - dt.timedelta(weeks=4),
        }.get(step.status, begins if step.status is PlanStatus.RUNNING else ends)
        yield dt.datetime.combine(day, dt.time(9), dt.UTC)


def demo_words(plan: Plan, t: Translator) -> Plan:
    """A plan of the sample with its authors' words in the reader's language; anything else stands as it is."""
    check = plan.gender_check
    return replace(
        plan,
        title=t(plan.title),
        lead=t(plan.lead),
        partners=tuple(t(name) for name in plan.partners),
        actions=tuple(replace(step, what=t(step.what), who=t(step.who)) for step in plan.actions),
        outputs=t(plan.outputs),
        assessment=replace(plan.assessment, note=t(plan.assessment.note)),
        gender_check=GenderCheck(t(check.affected), t(check.consulted), t(check.target), t(check.harm)),
    )


def _along(plan: Plan, *statuses: PlanStatus) -> tuple[Plan, ...]:
    return tuple(replace(plan, status=status) for status in statuses)


def _at(source: Source, place: str, f: AlertFilter, measures: tuple[str, ...], start: dt.date) -> Plan:
    """The draft for the clearest hot spot at a landmark, with these measures, beginning on a day."""
    study = hot_spot_study(source, f)
    mark = next(mark for mark in source.city.landmarks if mark.id == place)
    x, y = source.city.project([mark.longitude], [mark.latitude])
    at = source.city.project([s.longitude for s in study.spots], [s.latitude for s in study.spots])
    spot = study.spots[int(np.hypot(at[0] - x, at[1] - y).argmin())]
    problem = problem_of_cells(copy_of(source), f, spot.names, study=study)
    chosen = [found for name in measures if (found := find_measure(name)) is not None]
    areas = Areas(problem.cells, buffer_cells(problem.cells, source.city))
    seen = drop_to_see(source, AlertFilter(period="all"), areas, YEAR.days, problem.end)
    until, cells = query.dates(source, f)[1], study.cells.frame
    made = draft_plan(problem, source.city, until, measures=chosen, cells=cells, seen=seen).plan
    finish = start + YEAR - dt.timedelta(days=1)
    return replace(
        made,
        objective=replace(made.objective, by=finish, text=""),
        start=start,
        finish=finish,
        assessment=replace(made.assessment, review=finish + dt.timedelta(weeks=4)),
        gender_check=GenderCheck(),
    )


def _before(start: dt.date) -> AlertFilter:
    """All alerts of the year that ends two months before a day: what a plan's authors had before them."""
    end = start.replace(day=1) - dt.timedelta(days=62)
    return AlertFilter(period="", start=end - YEAR + dt.timedelta(days=1), end=end)


def _running(source: Source) -> tuple[Plan, ...]:
    start = _month(source.as_of, -5)
    plan = replace(
        _at(source, "pasalimani", _before(start), ("women_safety_audit", "lighting_improved"), start),
        title=N_("Safer evenings at the harbour"),
        lead=N_("Municipal Police"),
        partners=(N_("Equality committee"), N_("Association of shop owners")),
        actions=(
            Action(
                N_("Walk through the area in the evening with women who use it"),
                N_("Equality committee"),
                _month(start, 1),
                True,
            ),
            Action(N_("Repair and add street lights along the walk"), N_("Technical Services"), _month(start, 3), True),
            Action(N_("Walk through the area again and compare"), N_("Equality committee"), _month(start, 9)),
        ),
        outputs=N_("Two evening walks with a report each; all street lights of the area in order."),
        budget=18_000,
        gender_check=GenderCheck(
            affected=N_("Mostly women, in the evening and at night."),
            consulted=N_("Women who work in and walk through the area, on an evening walk."),
            target=N_("Fewer alerts by women after dark; none moved to streets next door."),
            harm=N_("More patrols could keep some people from reporting: alerts are compared with a survey."),
        ),
    )
    return _along(plan, PlanStatus.DRAFT, PlanStatus.DECIDED, PlanStatus.RUNNING)


def _decided(source: Source) -> tuple[Plan, ...]:
    """A plan as the steps of its history, as `_running` and `_finished`."""
    start = _month(source.as_of, -1)
    plan = replace(
        _at(source, "mikrolimano", _before(start), ("server_training",), start),
        title=N_("Quieter nights at the small harbour"),
        lead=N_("Municipal Police"),
        partners=(N_("Association of shop owners"),),
        actions=(Action(N_("Agree on closing times with the bars"), N_("Municipal Police"), start),),
        budget=6_000,
    )
    return _along(plan, PlanStatus.DRAFT, PlanStatus.DECIDED)


def _finished(source: Source) -> tuple[Plan, ...]:
    """The intervention that is planted in the sample: treated, buffer and comparison area as its file tells them."""
    truth = tomllib.loads(sample_data.TRUTHS.read_text("utf-8"))["intervention"]
    start = truth["start"]
    areas = Areas(*(_cells(source.city, truth[name]) for name in ("treated", "buffer", "comparison")))
    before = AlertFilter(period="", start=truth["before_start"], end=start - dt.timedelta(days=1))
    problem = problem_of_cells(copy_of(source), before, areas.treated)
    lighting = find_measure("lighting_improved")
    seen = drop_to_see(source, AlertFilter(period="all"), areas, YEAR.days, problem.end)
    least = seen.stated(problem.n) if seen else None
    made = draft_plan(problem, source.city, start, measures=[lighting] if lighting else []).plan
    # Its authors aimed at the smallest fall that could be seen.
    target = float(round(problem.n - (least or 0)))
    finish = min(_month(start, truth["months"]), source.as_of + dt.timedelta(days=1)) - dt.timedelta(days=1)
    plan = replace(
        made,
        title=N_("Better street lighting round the university"),
        lead=N_("Technical Services"),
        partners=(N_("University"), N_("Hellenic Police")),
        problem=replace(problem, query={}),
        objective=replace(made.objective, target=target, by=finish, text=""),
        actions=(
            Action(N_("Replace the street lights"), N_("Technical Services"), start, True),
            Action(N_("Keep the lights in order for a year"), N_("Technical Services"), finish, True),
        ),
        outputs=N_("All street lights of the area replaced; faults mended within a week."),
        budget=140_000,
        start=start,
        finish=finish,
        areas=areas,
        assessment=Assessment(smallest_drop=least, review=_month(finish, 1)),
        gender_check=GenderCheck(
            affected=N_("Students of all genders; women more often after dark."),
            consulted=N_("The students' union and the people who live there."),
            target=N_("As large a fall for women as for men."),
        ),
    )
    return _along(plan, PlanStatus.DRAFT, PlanStatus.DECIDED, PlanStatus.RUNNING, PlanStatus.FINISHED)


def _month(day: dt.date, months: int) -> dt.date:
    """The first of the month that lies so many months from a day's."""
    number = day.year * 12 + day.month - 1 + months
    return dt.date(number // 12, number % 12 + 1, 1)


def _cells(city: CityProfile, rings: list[Mapping[str, Any]]) -> tuple[str, ...]:
    """Fine cells on land whose centre lies in one of the rings (metres; `inner_radius` is left out)."""
    cells = [h3.int_to_str(int(cell)) for cell in city.land_cells(FINE).index]
    points = np.array([h3.cell_to_latlng(cell) for cell in cells])
    x, y = city.project(points[:, 1], points[:, 0])
    inside = np.zeros(len(cells), bool)
    for ring in rings:
        at_x, at_y = city.project(ring["longitude"], ring["latitude"])
        distance = np.hypot(x - at_x, y - at_y)
        inside |= (distance <= ring["radius"]) & (distance > ring.get("inner_radius", -1))
    return tuple(cell for cell, holds in zip(cells, inside, strict=True) if holds)


def _stop(*_: object) -> None:
    # Linux sends the signal again for each thread of the parent that ends: what clears up is not cut short by it.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)  # so that nothing unfinished stays
    end_with_parent()
    prepare(sample_home(Home(Path(sys.argv[1]))))
