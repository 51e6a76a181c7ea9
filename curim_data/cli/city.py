"""Commands of what a city keeps beside its alerts: its profile, plans, notes on the time line, meetings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from curim_data import engine, studies
from curim_data.cli.commands import Status, UsageError, as_day, unusable
from curim_data.cli.context import WAY_ON, Answer, CommandContext
from curim_data.filters import column_label
from curim_data.model import N_, Message, PlanStatus
from curim_data.model.coverage import KIND_WORDS, Annotation, AnnotationKind
from curim_data.model.labels import provisional_note
from curim_data.model.plan import plan_to_json
from curim_data.plans.plan_store import MeetingStore, PlanStore
from curim_data.profile import edit
from curim_data.profile.provisional import ensure_city_for_areas
from curim_data.profile.versions import WHAT_WORDS, ProfileChange, reenrich_store
from curim_data.store.annotations import add_annotation, read_annotations, remove_annotation

WHO: Final = "curim"  # in the history of plans and notes
NOTHING: Final = N_("Nothing is recorded.")
KEPT: Final = N_("Kept: {what}.")
REMOVED: Final = N_("Removed: {what}.")


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
        "district": facts["districts"],
        "group": facts["groups"],
        "category": [*facts["categories"], *facts["other_categories"]],
        "place": facts["landmarks"],
    }
    lines = [
        t("{city}, profile {version}", city=facts["city"], version=city.version),
        t("Sample data: made up. Not about real events.") if city.illustrative else "",
        f"{provisional_note(t, outlined=city.outlined)} {t(WAY_ON)}" if city.provisional else "",
        *(t.pair(column_label(t, column), ", ".join(values)) for column, values in parts.items() if values),
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
) -> Answer:
    """Give the districts; a home without a city gets one of them."""
    return _edited(ctx, edit.set_districts, _areas_for_city(ctx, file, layer, epsg), name_column, language)


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


def plan_draft(ctx: CommandContext, spot: int) -> Answer:
    """Draft a plan from a hot spot and keep it."""
    from curim_data.cli.studies import hot_spots_in_area

    source, f, t = ctx.source, ctx.filter, ctx.t
    _, spots = hot_spots_in_area(ctx)
    if not spots:
        raise UsageError(Message("The filter leaves no hot spot to make a plan for: widen it."))
    if not 1 <= spot <= len(spots):
        raise unusable("spot", spot, f"1–{len(spots)}")
    today = source.as_of if source.city.illustrative else engine.city_day(source.city)
    made = studies.plan.draft_plan_for_cells(source, f, spots[spot - 1][0].names, today=today, language=t.lang)
    plan = _plans(ctx).create(made.plan, WHO)
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
        [f"{plan.id}  {plan.status.value:<10} {plan.title}" for plan in plans] or [ctx.t(NOTHING)],
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
    return Answer({"plan": kept.id, "out": str(out)}, [ctx.file_written(out)], paper)


def _plans(ctx: CommandContext) -> PlanStore:
    ctx.city()
    return PlanStore(ctx.home.plans_url)


def add_note(
    ctx: CommandContext,
    start: str,
    note: str,
    end: str,
    kind: AnnotationKind,
    category: str | None,
    of_source: str | None,
) -> Answer:
    """Add a note."""
    source = ctx.source
    known = {"category": {*source.city.categories, *source.other_categories}, "source": {*source.coverage.spans}}
    for option, asked in (("category", category), ("source", of_source)):
        if asked and asked not in known[option]:
            raise unusable(option, asked, ", ".join(sorted(known[option])) or "–")
    made = add_annotation(
        ctx.home.path,
        as_day(start),
        note,
        who=WHO,
        end=as_day(end, "end") if end else None,
        kind=kind,
        category=category or None,
        source=of_source or None,
    )
    told = f"{ctx.t.pair(ctx.t.date(made.start), made.note)} ({made.id})"
    return Answer({"annotation": _note_row(made)}, [ctx.t(KEPT, what=told)])


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
        [ctx.table(headings, rows, NOTHING)],
    )


def remove_note(ctx: CommandContext, annotation: str) -> Answer:
    """Take a note away."""
    ctx.city()
    gone = remove_annotation(ctx.home.path, annotation, who=WHO)
    told = ctx.t.pair(ctx.t.date(gone.start), gone.note)
    return Answer({"removed": _note_row(gone)}, [ctx.t(REMOVED, what=told)])


def _note_row(one: Annotation) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("id", "start", "end", "kind", "note", "category", "source")}


def add_meeting(ctx: CommandContext, day: str, name: str) -> Answer:
    """Add a meeting."""
    made = _meetings(ctx).add(as_day(day), name)
    return Answer({"meeting": {"day": made.day, "name": made.name}}, [ctx.t(KEPT, what=ctx.t.date(made.day))])


def list_meetings(ctx: CommandContext) -> Answer:
    """The meetings that are kept."""
    kept, t = _meetings(ctx).list(), ctx.t
    names = [t(one.name) if ctx.home.is_sample and one.name else one.name for one in kept]
    return Answer(
        {"meetings": [{"day": one.day, "name": one.name} for one in kept]},
        [f"{one.day.isoformat()}  {name}".rstrip() for one, name in zip(kept, names, strict=True)] or [t(NOTHING)],
    )


def remove_meeting(ctx: CommandContext, day: str) -> Answer:
    """Take a meeting away."""
    gone = _meetings(ctx).remove(as_day(day))
    return Answer({"removed": {"day": gone.day, "name": gone.name}}, [ctx.t(REMOVED, what=ctx.t.date(gone.day))])


def _meetings(ctx: CommandContext) -> MeetingStore:
    return MeetingStore(_plans(ctx), ctx.home.path)
