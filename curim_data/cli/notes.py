"""Commands of notes on the time line: add, list, remove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from curim_data.cli.context import CommandContext
from curim_data.cli.options import as_day, command, new_app
from curim_data.cli.output import UsageError
from curim_data.model import N_, Message
from curim_data.model.annotations import AnnotationKind

if TYPE_CHECKING:
    from curim_data.model.annotations import Annotation

app = new_app("annotations")
Who = Annotated[str, typer.Option(help=N_("Name for the history of the notes."))]


def _row(one: Annotation) -> dict[str, Any]:
    end = one.end.isoformat() if one.end else None
    return {
        "id": one.id,
        "start": one.start.isoformat(),
        "end": end,
        "kind": one.kind,
        "note": one.note,
        "category": one.category,
        "source": one.source,
    }


@command(app, "add", N_("Note an event: what is usual is estimated separately from that day on, or for those days."))
def add(
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
) -> None:
    """Keep a note."""
    from curim_data.store.annotations import AnnotationError, add_annotation

    source = ctx.source()
    known = {*source.city.categories, *source.other_categories}
    if category and category not in known:
        raise UsageError(Message("There is no category {category}.", {"category": category}))
    if of_source and of_source not in source.coverage.spans:
        raise UsageError(Message("There is no source {source}.", {"source": of_source}))
    try:
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
    except AnnotationError as wrong:
        raise UsageError(wrong.message) from None
    if ctx.as_json:
        ctx.print_json({"annotation": _row(made)})
        return
    ctx.print(ctx.t("Noted for {day}: {note} ({id}).", day=made.start, note=made.note, id=made.id))


@command(app, "list", N_("List the notes."))
def show(ctx: CommandContext) -> None:
    """The notes that hold."""
    import pandas as pd

    from curim_data.model.annotations import KIND_WORDS
    from curim_data.store.annotations import read_annotations

    ctx.city()
    held = read_annotations(ctx.home.path)
    if ctx.as_json:
        ctx.print_json({"annotations": [_row(one) for one in held]})
        return
    if not held:
        ctx.print(ctx.t("Nothing is noted on the time line."))
        return
    rows = [
        (one.id, one.start, one.end or "", ctx.t(KIND_WORDS[one.kind]), one.note, one.category or "") for one in held
    ]
    headings = (N_("Id"), N_("From"), N_("To"), N_("Kind"), N_("Note"), N_("Category"))
    ctx.print_table(pd.DataFrame(rows, columns=[ctx.t(heading) for heading in headings]))


@command(app, "remove", N_("Take a note away; it stays in the history."))
def remove(
    ctx: CommandContext,
    annotation: Annotated[str, typer.Argument(help=N_("Id of the note, as “curim annotations list” lists it."))],
    who: Who = "curim",
) -> None:
    """Take a note away."""
    from curim_data.store.annotations import AnnotationError, remove_annotation

    ctx.city()
    try:
        gone = remove_annotation(ctx.home.path, annotation, who=who)
    except AnnotationError as wrong:
        raise UsageError(wrong.message) from None
    if ctx.as_json:
        ctx.print_json({"removed": _row(gone)})
        return
    ctx.print(ctx.t("The note of {day} was removed: {note}.", day=gone.start, note=gone.note))
