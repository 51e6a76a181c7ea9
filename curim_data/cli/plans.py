"""Commands of what a city keeps beside its alerts: plans, notes on the time line, the council's meetings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from curim_data import studies
from curim_data.cli.commands import as_day, command, ends_in
from curim_data.cli.context import Answer, CommandContext, UsageError, write_file
from curim_data.cli.hot_spots import SearchOptions, find_hot_spots
from curim_data.model import N_, Audience, Message, PlanStatus
from curim_data.model.coverage import KIND_WORDS, AnnotationKind
from curim_data.model.plan import plan_to_json

if TYPE_CHECKING:
    from curim_data.model.coverage import Annotation, Meeting
    from curim_data.plans.plan_store import MeetingStore, PlanStore

PlanId = Annotated[str, typer.Argument(help=N_("Id of the plan, as “curim plan list” lists it."))]
Who = Annotated[str, typer.Option(help=N_("Name for the history of the notes."))]
Day = Annotated[str, typer.Argument(metavar="DATE", help=N_("Day of the meeting, as 2025-05-03."))]


@command("plan draft", N_("Draft a plan from a hot spot and keep it."), filtered=True, audience=Audience.COUNCIL)
def plan_draft(
    ctx: CommandContext,
    spot: Annotated[
        int,
        typer.Option(
            help=N_("Which hot spot of “curim hotspots” under the same filter and audience; 1 is the clearest.")
        ),
    ] = 1,
    who: Annotated[str, typer.Option(help=N_("Name for the plan's history."))] = "curim",
) -> Answer:
    """Draft a plan from a hot spot and keep it."""
    from analysis.plans.drafting import draft_plan
    from curim_data import engine, query

    source, f, t = ctx.source, ctx.filter, ctx.t
    found = find_hot_spots(ctx, SearchOptions())
    if not 1 <= spot <= len(found.spots):
        raise UsageError(
            Message("--spot {spot}: the filter leaves {n} hot spots.", {"spot": spot, "n": len(found.spots)})
            if found.spots
            else Message("The filter leaves no hot spot to make a plan for: widen it.")
        )
    problem = studies.plan.problem_of_spot(source, f, *found.spots[spot - 1])
    cells = query.cells(source, f, found.resolution).frame
    today = source.as_of if source.city.illustrative else engine.city_day(source.city)
    made = draft_plan(problem, source.city, source.as_of, today=today, cells=cells, language=t.lang)
    plan = _plans(ctx).create(made.plan, who)
    warnings = [t(warning) for warning in made.warnings]
    title = t("Plan {id}: {title}", id=plan.id, title=plan.title)
    return Answer(
        {"plan": plan_to_json(plan), "warnings": warnings},
        [title, plan.statement[t.lang], plan.objective.text, *warnings],
        masked=False,
    )


@command("plan list", N_("List the plans."))
def plan_list(
    ctx: CommandContext, status: Annotated[PlanStatus | None, typer.Option(help=N_("Of this status."))] = None
) -> Answer:
    """The plans that are kept."""
    plans = _plans(ctx).list(status)
    return Answer(
        {"plans": [{"id": p.id, "title": p.title, "status": p.status.value, "by": p.finish} for p in plans]},
        [f"{plan.id}  {plan.status.value:<10} {plan.title}" for plan in plans] or [ctx.t("There are no plans.")],
    )


@command("plan show", N_("Show a plan."))
def plan_show(ctx: CommandContext, plan: PlanId) -> Answer:
    """One plan."""
    kept = _plans(ctx).get(plan)
    return Answer(
        {"plan": plan_to_json(kept)},
        filter(None, (kept.title, kept.status.value, kept.statement.get(ctx.t.lang, ""), kept.objective.text)),
    )


@command("plan export", N_("Write a plan as PDF, Word or JSON."))
def plan_export(
    ctx: CommandContext,
    plan: PlanId,
    out: Annotated[
        Path,
        typer.Option(callback=ends_in(".pdf", ".docx", ".json"), help=N_("PDF, Word (.docx) or JSON file to write.")),
    ],
) -> Answer:
    """Write a plan as PDF, Word or JSON."""
    from analysis.report import maps, papers
    from curim_data.sample.home import demo_words

    city, kept, t = ctx.city(), _plans(ctx).get(plan), ctx.t
    if out.suffix.lower() == ".json":
        write_file(out, json.dumps(plan_to_json(kept), ensure_ascii=False, indent=2).encode())
    else:
        shown = demo_words(kept, t) if ctx.home.is_sample else kept
        picture = maps.areas_map(city, kept.areas, t) if kept.areas.treated and city.outlined else None
        kind: papers.DocumentFormat = "docx" if out.suffix.lower() == ".docx" else "pdf"
        paper = papers.plan_document(shown, city, t, kind, picture=picture, illustrative=city.illustrative)
        write_file(out, paper)
    return Answer(
        {"plan": kept.id, "out": str(out)}, [t("{title} was written to {file}.", title=kept.title, file=str(out))]
    )


def _plans(ctx: CommandContext) -> PlanStore:
    from curim_data.plans.plan_store import PlanStore

    ctx.city()
    return PlanStore(ctx.home.plans_url)


@command(
    "annotations add",
    N_("Note an event: what is usual is estimated separately from that day on, or for those days."),
)
def add_note(
    ctx: CommandContext,
    start: Annotated[str, typer.Argument(help=N_("First day, as 2025-05-03."))],
    note: Annotated[str, typer.Argument(help=N_("What happened, in a few words; no personal data."))],
    end: Annotated[str, typer.Option(help=N_("Last day, where it was over then; without it a new level begins."))] = "",
    kind: Annotated[AnnotationKind, typer.Option(help=N_("What kind of event."))] = "other",
    category: Annotated[str, typer.Option(help=N_("The only category that it concerns, by its id."))] = "",
    of_source: Annotated[
        str, typer.Option("--source", help=N_("The only source that a correction of the days covered concerns."))
    ] = "",
    who: Who = "curim",
) -> Answer:
    """Add a note."""
    from curim_data.store.annotations import add_annotation

    source = ctx.source
    if category and category not in {*source.city.categories, *source.other_categories}:
        raise UsageError(Message("There is no category {category}.", {"category": category}))
    if of_source and of_source not in source.coverage.spans:
        raise UsageError(Message("There is no source {source}.", {"source": of_source}))
    made = add_annotation(
        ctx.home.path,
        as_day(start),
        note,
        who=who,
        end=as_day(end) if end else None,
        kind=kind,
        category=category or None,
        source=of_source or None,
    )
    return Answer(
        {"annotation": _note_row(made)},
        [ctx.t("Noted for {day}: {note} ({id}).", day=made.start, note=made.note, id=made.id)],
    )


@command("annotations list", N_("List the notes."))
def list_notes(ctx: CommandContext) -> Answer:
    """The notes that hold."""
    from curim_data.store.annotations import read_annotations

    ctx.city()
    held = read_annotations(ctx.home.path)
    rows = [
        (one.id, one.start, one.end or "", ctx.t(KIND_WORDS[one.kind]), one.note, one.category or "") for one in held
    ]
    headings = (N_("Id"), N_("From"), N_("To"), N_("Kind"), N_("Note"), N_("Category"))
    return Answer(
        {"annotations": [_note_row(one) for one in held]},
        [ctx.table(headings, rows, N_("Nothing is noted on the time line."))],
    )


@command("annotations remove", N_("Take a note away; it stays in the history."))
def remove_note(
    ctx: CommandContext,
    annotation: Annotated[str, typer.Argument(help=N_("Id of the note, as “curim annotations list” lists it."))],
    who: Who = "curim",
) -> Answer:
    """Take a note away."""
    from curim_data.store.annotations import remove_annotation

    ctx.city()
    gone = remove_annotation(ctx.home.path, annotation, who=who)
    return Answer(
        {"removed": _note_row(gone)}, [ctx.t("The note of {day} was removed: {note}.", day=gone.start, note=gone.note)]
    )


def _note_row(one: Annotation) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("id", "start", "end", "kind", "note", "category", "source")}


@command("meetings add", N_("Keep a meeting; one on the same day takes the new name."))
def add_meeting(
    ctx: CommandContext,
    day: Day,
    name: Annotated[str, typer.Argument(help=N_("What the meeting is called; nobody's name."))] = "",
) -> Answer:
    """Add a meeting."""
    made = _meetings(ctx).add(as_day(day), name)
    return Answer({"meeting": _meeting_row(made)}, [ctx.t("The meeting of {day} was kept.", day=made.day)])


@command("meetings list", N_("List the meetings."))
def list_meetings(ctx: CommandContext) -> Answer:
    """The meetings that are kept."""
    kept, t = _meetings(ctx).list(), ctx.t
    names = [t(one.name) if ctx.home.is_sample and one.name else one.name for one in kept]
    return Answer(
        {"meetings": [_meeting_row(one) for one in kept]},
        [f"{one.day.isoformat()}  {name}".rstrip() for one, name in zip(kept, names, strict=True)]
        or [t("No meetings are kept.")],
    )


@command("meetings remove", N_("Take a meeting away."))
def remove_meeting(ctx: CommandContext, day: Day) -> Answer:
    """Take a meeting away."""
    gone = _meetings(ctx).remove(as_day(day))
    return Answer({"removed": _meeting_row(gone)}, [ctx.t("The meeting of {day} was removed.", day=gone.day)])


def _meetings(ctx: CommandContext) -> MeetingStore:
    from curim_data.plans.plan_store import MeetingStore

    return MeetingStore(_plans(ctx), ctx.home.path)


def _meeting_row(meeting: Meeting) -> dict[str, Any]:
    return {"day": meeting.day, "name": meeting.name}
