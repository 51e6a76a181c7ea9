"""Commands of what a city keeps beside its alerts: its profile, plans, notes on the time line, meetings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from curim_data import engine, studies
from curim_data.cli.commands import Status, UsageError, as_day
from curim_data.cli.context import Answer, CommandContext
from curim_data.model import N_, Message, PlanStatus
from curim_data.model.coverage import KIND_WORDS, Annotation, AnnotationKind
from curim_data.model.labels import provisional_note
from curim_data.model.plan import plan_to_json
from curim_data.plans.plan_store import MeetingStore, PlanStore
from curim_data.profile import edit
from curim_data.profile.provisional import ensure_city_for_areas
from curim_data.profile.versions import WHAT_WORDS, ProfileChange, reenrich_store
from curim_data.store.annotations import add_annotation, read_annotations, remove_annotation

WAY_ON = Message(
    "Give the city's own with “curim city districts FILE” or “curim city land FILE”, or take it as it stands with "
    "“curim city accept”."
)


def show(ctx: CommandContext) -> Answer:
    """What the city's profile holds."""
    t, city, source = ctx.t, ctx.city(), ctx.source
    facts: dict[str, Any] = {
        "city": t.label(city.names),
        "version": city.version,
        "illustrative": city.illustrative,
        "provisional": city.provisional,
        "outlined": city.outlined,
        "epsg": city.epsg,
        "timezone": city.timezone,
        "districts": [area.id for area in city.districts],
        "categories": list(city.categories),
        "groups": list(city.groups),
        "landmarks": [mark.id for mark in city.landmarks],
        "streets": len(city.streets),
        "population": city.population is not None,
        "least_count": city.least_count(False),
        "least_sensitive_count": city.least_count(True),
        "other_categories": list(source.other_categories),
        "alerts": source.count,
        "alerts_of_other_versions": (behind := edit.stale_count(ctx.home)),
        "first": source.first if source.count else None,
        "last": source.as_of if source.count else None,
    }
    least = {"n": facts["least_count"], "sensitive": facts["least_sensitive_count"]}
    days = {"first": source.first, "last": source.as_of}
    stale = t.n(
        "{n} alert still carries another profile: “curim city refresh” rewrites its columns.",
        "{n} alerts still carry another profile: “curim city refresh” rewrites their columns.",
        behind,
    )
    parts = {
        N_("Districts: {values}"): facts["districts"],
        N_("Groups of categories: {values}"): facts["groups"],
        N_("Categories: {values}"): facts["categories"],
        N_("Places: {values}"): facts["landmarks"],
        N_("Categories outside the tree: {values}"): facts["other_categories"],
    }
    lines = [
        t("{city}, profile {version}", city=facts["city"], version=city.version),
        t("The shapes of this city are illustrative.") if city.illustrative else "",
        f"{provisional_note(t, outlined=city.outlined)} {t(WAY_ON)}" if city.provisional else "",
        *(t(message, values=", ".join(values)) for message, values in parts.items() if values),
        t("Smallest count that council and public see: {n}, in sensitive categories {sensitive}.", **least),
        t.n("{n} alert, {first} – {last}", "{n} alerts, {first} – {last}", source.count, **days)
        if source.count
        else "",
        stale if behind else "",
    ]
    return Answer(facts, filter(None, lines))


def refresh(ctx: CommandContext) -> Answer:
    """Recompute the columns that the profile gives."""
    city = ctx.city()
    changed = reenrich_store(ctx.home)
    ctx.prepare()
    return Answer({"profile_version": city.version, "alerts": changed}, [_count_of(ctx, changed, city.version)])


def districts(
    ctx: CommandContext,
    file: Path,
    layer: str | None,
    epsg: int | None,
    name_column: str | None,
    language: str,
    keep_land: bool,
) -> Answer:
    """Give the districts; a home without a city gets one of them."""
    areas = _areas_for_city(ctx, file, layer, epsg)
    return _edited(ctx, edit.set_districts, areas, name_column, language, with_land=False if keep_land else None)


def land(ctx: CommandContext, file: Path, layer: str | None, epsg: int | None) -> Answer:
    """Give the study area; a home without a city gets one of it."""
    return _edited(ctx, edit.set_land, _areas_for_city(ctx, file, layer, epsg))


def _areas_for_city(ctx: CommandContext, file: Path, layer: str | None, epsg: int | None) -> edit.AreaFile:
    """The areas of a file; a home without a city gets one of them."""
    areas = edit.read_areas(file, file.name, layer=layer, epsg=epsg)
    if not ctx.home.has_city():
        ensure_city_for_areas(ctx.home, areas, file.stem)
    return areas


def streets(
    ctx: CommandContext, file: Path, layer: str | None, epsg: int | None, name_column: str | None, language: str
) -> Answer:
    """Give the streets."""
    lines = edit.read_areas(file, file.name, kind="line", layer=layer, epsg=epsg, bounds=ctx.city().land.bounds)
    return _edited(ctx, edit.set_streets, lines, name_column, language)


def versions(ctx: CommandContext) -> Answer:
    """The versions of the profile."""
    t, _ = ctx.t, ctx.city()
    held = edit.versions(ctx.home)
    rows = [(v.id, t.moment(v.when), t(WHAT_WORDS[v.what]), v.file, v.current) for v in held]
    listed = [{"version": v.id, "when": v.when, "what": v.what, "file": v.file, "current": v.current} for v in held]
    headings = (N_("Version"), N_("When"), N_("Changed"), N_("File"), N_("In use"))
    return Answer({"versions": listed}, [ctx.table(headings, rows)])


def edited(ctx: CommandContext, change: str, file: Path | None = None, **given: Any) -> Answer:
    """Change the profile by a function of `profile.edit`, of which the options are the parameters."""
    return _edited(ctx, getattr(edit, change), *((file, file.name) if file else ()), **given)


def _edited(
    ctx: CommandContext, change: Callable[..., edit.EditReport | ProfileChange], *given: Any, **named: Any
) -> Answer:
    """Change the profile, prepare the city for its readers, and say what was changed."""
    ctx.city()
    done = change(ctx.home, *given, **named)
    ctx.prepare()
    notes = [ctx.t(note) for note in getattr(done, "notes", ())]
    unchanged = ctx.t("Nothing changed: the profile holds this already.")
    return Answer(
        {"profile_version": done.version, "before": done.before, "alerts": done.alerts}
        | ({"n": done.n, "notes": notes} if isinstance(done, edit.EditReport) else {}),
        [*notes, unchanged if done.before == done.version else _count_of(ctx, done.alerts, done.version)],
    )


def _count_of(ctx: CommandContext, alerts: int, version: str) -> str:
    return ctx.t.n(
        "{n} alert now carries the profile {version}.",
        "{n} alerts now carry the profile {version}.",
        alerts,
        version=version,
    )


def plan_draft(ctx: CommandContext, spot: int, who: str) -> Answer:
    """Draft a plan from a hot spot and keep it."""
    from curim_data.cli.studies import hot_spots_in_area

    source, f, t = ctx.source, ctx.filter, ctx.t
    _, spots = hot_spots_in_area(ctx)
    if not 1 <= spot <= len(spots):
        raise UsageError(
            Message("--spot {spot}: the filter leaves {n} hot spots.", {"spot": spot, "n": len(spots)})
            if spots
            else Message("The filter leaves no hot spot to make a plan for: widen it.")
        )
    today = source.as_of if source.city.illustrative else engine.city_day(source.city)
    made = studies.plan.draft_plan_for_cells(source, f, spots[spot - 1][0].names, today=today, language=t.lang)
    plan = _plans(ctx).create(made.plan, who)
    warnings = [t(warning) for warning in made.warnings]
    title = t("Plan {id}: {title}", id=plan.id, title=plan.title)
    ctx.written = None  # a plan is kept as it is, whoever reads it
    return Answer(
        {"plan": plan_to_json(plan), "warnings": warnings},
        [title, plan.statement[t.lang], plan.objective.text, *warnings],
    )


def plan_list(ctx: CommandContext, status: Status | None) -> Answer:
    """The plans that are kept."""
    plans = _plans(ctx).list(PlanStatus(status) if status else None)
    return Answer(
        {"plans": [{"id": p.id, "title": p.title, "status": p.status.value, "by": p.finish} for p in plans]},
        [f"{plan.id}  {plan.status.value:<10} {plan.title}" for plan in plans] or [ctx.t("There are no plans.")],
    )


def plan_show(ctx: CommandContext, plan: str) -> Answer:
    """One plan, and the verdict on it: exact for who reads the alerts, else as it is released."""
    from curim_data.studies import evaluation

    store, t = _plans(ctx), ctx.t
    kept = store.get(plan)
    timing = evaluation.plan_timing(kept, store.history(kept.id), ctx.city().timezone)
    of = evaluation.released_study if ctx.source.protected else evaluation.evaluation_study
    found = of(ctx.source, kept, timing)
    told = evaluation.verdict_json(found, t)
    ctx.written = None  # a plan is kept as it is, whoever reads it, and its verdict is released
    lines = (kept.title, kept.status.value, kept.statement.get(t.lang, ""), kept.objective.text, told["told"])
    return Answer({"plan": plan_to_json(kept), "verdict": told}, filter(None, lines))


def plan_export(ctx: CommandContext, plan: str, out: Path) -> Answer:
    """Write a plan as PDF, Word or JSON."""
    from analysis.report import maps, papers
    from curim_data.sample import demo_words

    city, kept, t = ctx.city(), _plans(ctx).get(plan), ctx.t
    if out.suffix.lower() == ".json":
        paper = json.dumps(plan_to_json(kept), ensure_ascii=False, indent=2).encode()
    else:
        shown = demo_words(kept, t) if ctx.home.is_sample else kept
        picture = maps.areas_map(city, kept.areas, t) if kept.areas.treated and city.outlined else None
        kind: papers.DocumentFormat = "docx" if out.suffix.lower() == ".docx" else "pdf"
        paper = papers.plan_document(shown, city, t, kind, picture=picture, illustrative=city.illustrative)
    done = t("{title} was written to {file}.", title=kept.title, file=str(out))
    return Answer({"plan": kept.id, "out": str(out)}, [done], paper)


def _plans(ctx: CommandContext) -> PlanStore:
    ctx.city()
    return PlanStore(ctx.home.plans_url)


def add_note(
    ctx: CommandContext,
    start: str,
    note: str,
    end: str,
    kind: AnnotationKind,
    category: str,
    of_source: str,
    who: str,
) -> Answer:
    """Add a note."""
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


def list_notes(ctx: CommandContext) -> Answer:
    """The notes that hold."""
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


def remove_note(ctx: CommandContext, annotation: str, who: str) -> Answer:
    """Take a note away."""
    ctx.city()
    gone = remove_annotation(ctx.home.path, annotation, who=who)
    return Answer(
        {"removed": _note_row(gone)}, [ctx.t("The note of {day} was removed: {note}.", day=gone.start, note=gone.note)]
    )


def _note_row(one: Annotation) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("id", "start", "end", "kind", "note", "category", "source")}


def add_meeting(ctx: CommandContext, day: str, name: str) -> Answer:
    """Add a meeting."""
    made = _meetings(ctx).add(as_day(day), name)
    return Answer(
        {"meeting": {"day": made.day, "name": made.name}}, [ctx.t("The meeting of {day} was kept.", day=made.day)]
    )


def list_meetings(ctx: CommandContext) -> Answer:
    """The meetings that are kept."""
    kept, t = _meetings(ctx).list(), ctx.t
    names = [t(one.name) if ctx.home.is_sample and one.name else one.name for one in kept]
    return Answer(
        {"meetings": [{"day": one.day, "name": one.name} for one in kept]},
        [f"{one.day.isoformat()}  {name}".rstrip() for one, name in zip(kept, names, strict=True)]
        or [t("No meetings are kept.")],
    )


def remove_meeting(ctx: CommandContext, day: str) -> Answer:
    """Take a meeting away."""
    gone = _meetings(ctx).remove(as_day(day))
    return Answer(
        {"removed": {"day": gone.day, "name": gone.name}}, [ctx.t("The meeting of {day} was removed.", day=gone.day)]
    )


def _meetings(ctx: CommandContext) -> MeetingStore:
    return MeetingStore(_plans(ctx), ctx.home.path)
