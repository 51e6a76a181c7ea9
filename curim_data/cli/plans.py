"""Commands of plans: draft, list, show, export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from curim_data import query
from curim_data.cli.analysis import find
from curim_data.cli.frame import Command, Opt, Refused, Run, ending, write_file
from curim_data.cli.how import Method
from curim_data.model.access import Audience
from curim_data.model.i18n import Message
from curim_data.model.plan import Plan, PlanStatus, to_json

if TYPE_CHECKING:
    from curim_data.plans.plan_store import PlanStore


def plan_draft(run: Run, spot: int = 1, who: str = "curim") -> None:
    """Draft a plan from a hot spot and keep it."""
    from analysis.plans.drafting import draft
    from curim_data.studies.plan import problem_of

    source = run.source()
    f = run.filter(source)
    found = find(source, f, run.audience, Method.SIGNIFICANCE, None)
    spots = found.spots
    if not 1 <= spot <= len(spots):
        raise Refused(
            Message("--spot {spot}: the filter leaves {n} hot spots.", {"spot": spot, "n": len(spots)})
            if spots
            else Message("The filter leaves no hot spot to make a plan for: widen it.")
        )
    chosen = spots[spot - 1]
    problem = problem_of(source, f, run.audience, chosen, found.names[chosen.id])
    cells = query.cells(source, f, found.resolution, run.audience).frame
    made = draft(problem, source.city, source.as_of, cells=cells, language=run.t.lang)
    plan = _plans(run).create(made.plan, who)
    if run.as_json:
        run.answer({"plan": to_json(plan), "warnings": [run.t(warning) for warning in made.warnings]})
        return
    run.say(run.t("Plan {id}: {title}", id=plan.id, title=plan.title))
    run.say(plan.statement[run.t.lang])
    run.say(plan.objective.text)
    for warning in made.warnings:
        run.say(run.t(warning))


def plan_list(run: Run, status: PlanStatus | None = None) -> None:
    """The plans that are kept."""
    run.city()
    plans = _plans(run).list(status)
    if run.as_json:
        run.answer({"plans": [{"id": p.id, "title": p.title, "status": p.status.value, "by": p.finish} for p in plans]})
        return
    if not plans:
        run.say(run.t("There are no plans."))
    for plan in plans:
        run.say(f"{plan.id}  {plan.status.value:<10} {plan.title}")


def plan_show(run: Run, plan: str) -> None:
    """One plan."""
    run.city()
    kept = _plans(run).get(plan)
    if run.as_json:
        run.answer({"plan": to_json(kept)})
        return
    for line in (kept.title, kept.status.value, kept.statement.get(run.t.lang, ""), kept.objective.text):
        if line:
            run.say(line)


def plan_export(run: Run, plan: str, out: Path) -> None:
    """Write a plan as PDF, Word or JSON."""
    city = run.city()
    form = ending(out, ".pdf", ".docx", ".json")
    kept: Plan = _plans(run).get(plan)
    if form == ".json":
        write_file(out, json.dumps(to_json(kept), ensure_ascii=False, indent=2).encode())
    else:
        from analysis.report.documents import plan_document

        content = plan_document(kept, city, run.t, "pdf" if form == ".pdf" else "docx", illustrative=city.illustrative)
        write_file(out, content)
    if run.as_json:
        run.answer({"plan": kept.id, "out": str(out)})
        return
    run.say(run.t("{title} was written to {file}.", title=kept.title, file=str(out)))


def _plans(run: Run) -> PlanStore:
    from curim_data.plans.plan_store import PlanStore

    return PlanStore(run.home.plans_url)


_PLAN = Opt(Message("Id of the plan, as “curim plan list” lists it."))
COMMANDS = (
    Command(
        "plan draft",
        plan_draft,
        Message("Draft a plan from a hot spot and keep it."),
        True,
        {
            "spot": Opt(
                Message("Which hot spot of “curim hotspots” under the same filter and audience; 1 is the clearest."),
                ("--spot",),
            ),
            "who": Opt(Message("Name for the plan's history."), ("--who",)),
        },
        audience=Audience.COUNCIL,
    ),
    Command(
        "plan list",
        plan_list,
        Message("List the plans."),
        False,
        {"status": Opt(Message("Of this status."), ("--status",))},
    ),
    Command("plan show", plan_show, Message("Show a plan."), False, {"plan": _PLAN}),
    Command(
        "plan export",
        plan_export,
        Message("Write a plan as PDF, Word or JSON."),
        False,
        {"plan": _PLAN, "out": Opt(Message("PDF, Word (.docx) or JSON file to write."), ("--out",))},
    ),
)
