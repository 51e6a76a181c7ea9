"""Commands of plans: draft, list, show, export."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curim_data.cli.context import CommandContext
from curim_data.cli.hot_spots import find_hot_spots
from curim_data.cli.options import command, new_app
from curim_data.cli.output import UsageError, check_suffix, write_file
from curim_data.model import N_, Audience, Message, PlanStatus

if TYPE_CHECKING:
    from curim_data.model import Plan
    from curim_data.plans.plan_store import PlanStore

app = new_app("plan")
PlanId = Annotated[str, typer.Argument(help=N_("Id of the plan, as “curim plan list” lists it."))]


@command(app, "draft", N_("Draft a plan from a hot spot and keep it."), filtered=True, audience=Audience.COUNCIL)
def plan_draft(
    ctx: CommandContext,
    spot: Annotated[
        int,
        typer.Option(
            help=N_("Which hot spot of “curim hotspots” under the same filter and audience; 1 is the clearest.")
        ),
    ] = 1,
    who: Annotated[str, typer.Option(help=N_("Name for the plan's history."))] = "curim",
) -> None:
    """Draft a plan from a hot spot and keep it."""
    from analysis.plans.drafting import draft_plan
    from curim_data import query
    from curim_data.engine import city_day
    from curim_data.model.plan import plan_to_json
    from curim_data.studies.plan import problem_of_spot

    source = ctx.source()
    f = ctx.filter(source)
    found = find_hot_spots(source, f, ctx.audience)
    spots = found.spots
    if not 1 <= spot <= len(spots):
        raise UsageError(
            Message("--spot {spot}: the filter leaves {n} hot spots.", {"spot": spot, "n": len(spots)})
            if spots
            else Message("The filter leaves no hot spot to make a plan for: widen it.")
        )
    chosen = spots[spot - 1]
    problem = problem_of_spot(source, f, ctx.audience, chosen, found.names[chosen.id])
    cells = query.cells(source, f, found.resolution, ctx.audience).frame
    today = source.as_of if source.city.illustrative else city_day(source.city)
    made = draft_plan(problem, source.city, source.as_of, today=today, cells=cells, language=ctx.t.lang)
    plan = _plans(ctx).create(made.plan, who)
    if ctx.as_json:
        ctx.print_kept({"plan": plan_to_json(plan), "warnings": [ctx.t(warning) for warning in made.warnings]})
        return
    ctx.print(ctx.t("Plan {id}: {title}", id=plan.id, title=plan.title))
    ctx.print(plan.statement[ctx.t.lang])
    ctx.print(plan.objective.text)
    for warning in made.warnings:
        ctx.print(ctx.t(warning))


@command(app, "list", N_("List the plans."))
def plan_list(
    ctx: CommandContext, status: Annotated[PlanStatus | None, typer.Option(help=N_("Of this status."))] = None
) -> None:
    """The plans that are kept."""
    ctx.city()
    plans = _plans(ctx).list(status)
    if ctx.as_json:
        ctx.print_json(
            {"plans": [{"id": p.id, "title": p.title, "status": p.status.value, "by": p.finish} for p in plans]}
        )
        return
    if not plans:
        ctx.print(ctx.t("There are no plans."))
    for plan in plans:
        ctx.print(f"{plan.id}  {plan.status.value:<10} {plan.title}")


@command(app, "show", N_("Show a plan."))
def plan_show(ctx: CommandContext, plan: PlanId) -> None:
    """One plan."""
    from curim_data.model.plan import plan_to_json

    ctx.city()
    kept = _plans(ctx).get(plan)
    if ctx.as_json:
        ctx.print_json({"plan": plan_to_json(kept)})
        return
    for line in (kept.title, kept.status.value, kept.statement.get(ctx.t.lang, ""), kept.objective.text):
        if line:
            ctx.print(line)


@command(app, "export", N_("Write a plan as PDF, Word or JSON."))
def plan_export(
    ctx: CommandContext,
    plan: PlanId,
    out: Annotated[Path, typer.Option(help=N_("PDF, Word (.docx) or JSON file to write."))],
) -> None:
    """Write a plan as PDF, Word or JSON."""
    from curim_data.model.plan import plan_to_json

    city = ctx.city()
    form = check_suffix(out, ".pdf", ".docx", ".json")
    kept: Plan = _plans(ctx).get(plan)
    if form == ".json":
        write_file(out, json.dumps(plan_to_json(kept), ensure_ascii=False, indent=2).encode())
    else:
        from analysis.report.documents import plan_document
        from analysis.report.maps import areas_map
        from curim_data.sample.plans import demo_words

        told = demo_words(kept, ctx.t) if ctx.home.is_sample else kept
        picture = areas_map(city, kept.areas, ctx.t) if kept.areas.treated and city.outlined else None
        paper = plan_document(
            told,
            city,
            ctx.t,
            "pdf" if form == ".pdf" else "docx",
            picture=picture,
            illustrative=city.illustrative,
        )
        write_file(out, paper)
    if ctx.as_json:
        ctx.print_json({"plan": kept.id, "out": str(out)})
        return
    ctx.print(ctx.t("{title} was written to {file}.", title=kept.title, file=str(out)))


def _plans(ctx: CommandContext) -> PlanStore:
    from curim_data.plans.plan_store import PlanStore

    return PlanStore(ctx.home.plans_url)
