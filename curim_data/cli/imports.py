"""The command `curim import`: any export into the home, each row accounted for."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from curim_data.cli.batches import note_interrupted
from curim_data.cli.context import CommandContext
from curim_data.cli.options import command, new_app
from curim_data.cli.output import UsageError, write_file
from curim_data.cli.publish import publish_to
from curim_data.model import N_, Answers, Message, Num, Question

if TYPE_CHECKING:
    from rich.progress import Progress

    from curim_data.importing.mapping import ColumnMapping
    from curim_data.profile.spread import Spread

app = new_app()
_CRS: Final = re.compile(r"(?:EPSG:)?(\d{4,6})", re.I)


@command(
    app,
    "import",
)
def import_files(
    ctx: CommandContext,
    files: Annotated[list[Path], typer.Argument(help=N_("Exports to import."))],
    format: Annotated[str | None, typer.Option(help=N_("Name of the format; recognised unless given."))] = None,
    mapping: Annotated[
        Path | None, typer.Option("--map", help=N_("TOML file that says what the columns mean (docs/mapping.md)."))
    ] = None,
    write_mapping: Annotated[
        Path | None,
        typer.Option("--write-map", help=N_("Write the recognised mapping to a TOML file, to be corrected.")),
    ] = None,
    dates: Annotated[
        str | None, typer.Option(help=N_("day-first or month-first, where the file does not say."))
    ] = None,
    crs: Annotated[
        str | None, typer.Option(help=N_("Coordinate system of projected coordinates, such as EPSG:2100."))
    ] = None,
    decimal: Annotated[str | None, typer.Option(help=N_("point or comma: the decimal mark of coordinates."))] = None,
    order: Annotated[str | None, typer.Option(help=N_("lat-lon or lon-lat, for a column that holds both."))] = None,
    sheet: Annotated[str | None, typer.Option(help=N_("Sheet, layer or member of a file that holds several."))] = None,
    timezone: Annotated[
        str | None, typer.Option(help=N_("Time zone of times without offset, such as Europe/Athens."))
    ] = None,
    category: Annotated[str | None, typer.Option(help=N_("Category of a file without a column for it."))] = None,
    ids: Annotated[str | None, typer.Option(help=N_("same or own, where ids of the file are known already."))] = None,
    elsewhere: Annotated[
        bool, typer.Option("--elsewhere", help=N_("Import although most alerts lie outside the city."))
    ] = False,
    area: Annotated[
        str | None,
        typer.Option(
            help=N_(
                "What a new city is made of, where the file holds a region or a country: whole, densest, or LON,LAT,KM "
                "for what lies within some kilometres of a place."
            )
        ),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            help=N_(
                "Kind of the categories of a new city: names (as each name says, the default), offence, incivility, "
                "risk or unknown."
            )
        ),
    ] = None,
    event: Annotated[
        str | None, typer.Option(help=N_("Column that says when it happened, where several dates can be it."))
    ] = None,
    counts: Annotated[
        str | None,
        typer.Option(help=N_("What an alert is in a table of counts: events (as many as a row says) or rows.")),
    ] = None,
    city: Annotated[str, typer.Option(help=N_("Name of the city, for a home that has none yet."))] = "",
    profile: Annotated[Path | None, typer.Option(help=N_("Profile folder for a home that has no city yet."))] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=N_("Say what would happen and write nothing."))] = False,
    publish: Annotated[
        str | None, typer.Option(help=N_("Afterwards publish the alerts to this PostgreSQL URL (“curim publish”)."))
    ] = None,
) -> None:
    """Import files one after the other; the first that cannot be used does not stop the others."""
    from rich.console import Console
    from rich.progress import Progress

    from curim_data.containers.isolation import warm_up
    from curim_data.importing.mapping import ColumnMapping
    from curim_data.importing.proof import brief_lines, proof_object
    from curim_data.store import StoreError
    from curim_data.store.home import create_home

    warm_up()  # it loads its libraries while this process loads its own
    from curim_data.importing.pipeline import ImportProblem, import_file

    note_interrupted(ctx)
    chosen = _mapping(mapping)
    answers = Answers(
        dates, _epsg(crs), decimal, order, sheet, timezone, category, ids, elsewhere, area, kind, event, counts
    )
    changed = False
    if profile is not None and not ctx.home.has_city():
        create_home(ctx.home.path, profile)
        changed = True
    outcomes: list[dict[str, Any]] = []
    failed: Message | None = None
    for file in files:
        new_city = not ctx.home.has_city()
        try:
            console = Console(stderr=True)
            with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
                task = bar.add_task(file.name, total=1.0)

                def step(share: float, message: Message, task: Any = task, bar: Progress = bar) -> None:
                    bar.update(task, completed=share, description=ctx.t(message))

                report = import_file(
                    ctx.home, file, file.name, format=format, mapping=chosen, answers=answers, city_name=city,
                    dry_run=dry_run, progress=step,
                )  # fmt: skip
        except Question as question:
            failed = failed or _how(ctx, question)
            outcomes.append({"file": file.name, "error": ctx.t(_how(ctx, question)), "question": _asked(ctx, question)})
            continue
        except (ImportProblem, StoreError) as problem:
            failed = failed or problem.message
            outcomes.append({"file": file.name, "error": ctx.t(problem.message)})
            continue
        changed = True
        decided: dict[str, Any] = {"decisions": [ctx.t(message) for message in (*report.decisions, *report.options)]}
        if report.proof is not None and report.city is not None:
            decided["proof"] = proof_object(ctx.t, report.city, report.proof)
        outcomes.append(report.counts | decided | (_proposals(ctx, report.spread, file) if report.spread else {}))
        if write_mapping is not None:
            made = ColumnMapping.from_layout(report.layout, report.facts.labels, answers=answers, name=file.stem)
            write_file(write_mapping, made.to_toml().encode())
        if new_city and ctx.home.has_city():
            _note_city(ctx, report.spread)
        if not ctx.as_json:
            ctx.print(report.sentence(ctx.t))
            if report.proof is not None and report.city is not None:
                for line in brief_lines(ctx.t, report.city, report.proof):
                    ctx.print(line)
            if report.spread is not None and report.spread.asks:
                _print_areas(ctx, report.spread, file)
    if changed and not dry_run:  # files that cannot be used leave all that was prepared as it is
        ctx.prepare()
    told = publish_to(ctx, publish) if publish and not dry_run and ctx.home.has_city() else {}
    if ctx.as_json:
        ctx.print_json({"files": outcomes} | ({"published": told} if told else {}))
    if failed is not None:
        raise UsageError(failed)


def _proposals(ctx: CommandContext, spread: Spread, file: Path) -> dict[str, Any]:
    """How far the alerts of a first file spread, and the command that gives each dense area a home of its own."""
    areas = [
        {
            "area": one.circle.word,
            "share": round(one.share, 4),
            "command": one.command(str(file), number),
        }
        for number, one in enumerate(spread.areas, 1)
    ]
    told = {"area_km2": round(spread.area_km2), "kind": spread.kind, "statement": ctx.t(spread.statement)}
    return {"spread": told | {"dense_areas": areas if spread.asks else []}}


def _print_areas(ctx: CommandContext, spread: Spread, file: Path) -> None:
    """The dense areas of a region or a country, each with the command that makes it a city of its own."""
    from curim_data.profile.spread import position

    ctx.print(ctx.t("Dense areas, each of which can be a city in a home of its own:"))
    for number, one in enumerate(spread.areas, 1):
        ctx.print(
            ctx.t(
                "{number}. {share} % of the alerts within {radius} km of {place}: {command}",
                number=number,
                place=position(one.circle),
                radius=f"{one.circle.radius_km:g}",
                share=Num(100 * one.share, 0),
                command=one.command(str(file), number),
            )
        )


def _mapping(path: Path | None) -> ColumnMapping | None:
    from curim_data.importing.mapping import ColumnMapping

    if path is None:
        return None
    try:
        return ColumnMapping.from_toml(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(Message("{file} cannot be read: {why}.", {"file": str(path), "why": why})) from error


def _epsg(text: str | None) -> int | None:
    if text is None:
        return None
    found = _CRS.fullmatch(text.strip())
    if not found:
        raise UsageError(Message("--crs {crs}: give a code such as EPSG:2100.", {"crs": text}))
    return int(found[1])


def _how(ctx: CommandContext, question: Question) -> Message:
    """The question with the flag that answers it."""
    values = [choice.value for choice in question.choices]
    if not values or question.about == "crs":  # the projections are no more than likely ones
        values.append("...")
    if question.about == "event":  # headings, as a shell takes them, each with what stands in its column
        values = [shlex.quote(value) for value in values]
        shown = " · ".join(ctx.t(choice.label) for choice in question.choices)
        return Message(
            "{question} {choices}. Answer with: {flag}",
            {"question": ctx.t(question.message), "choices": shown, "flag": f"{question.flag} {' | '.join(values)}"},
        )
    flag = f"{question.flag} {' | '.join(values)}" if question.about != "elsewhere" else question.flag
    return Message("{question} Answer with: {flag}", {"question": ctx.t(question.message), "flag": flag})


def _asked(ctx: CommandContext, question: Question) -> dict[str, Any]:
    choices = [{"value": choice.value, "label": ctx.t(choice.label)} for choice in question.choices]
    return {"about": question.about, "flag": question.flag, "choices": choices}


def _note_city(ctx: CommandContext, spread: Spread | None) -> None:
    """A home that was new holds a city now."""
    city = ctx.home.city()
    named = ctx.t.label(city.names)
    ctx.note(ctx.t("{home} was new: it now holds the profile of {city}.", home=str(ctx.home.path), city=named))
    if spread is not None:
        ctx.note(ctx.t(spread.statement))
    if city.provisional and city.outlined:  # of another the report said what it lacks
        ctx.note(
            ctx.t(
                "The profile is provisional: area, time zone ({zone}) and categories were taken from this file. "
                "Give the city's own with “curim city districts” and “curim city categories”.",
                zone=city.timezone,
            )
        )
