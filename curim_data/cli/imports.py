"""The command `curim import`: any export into the home, each row accounted for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress

from curim_data.cli.frame import Command, Opt, Refused, Run, write_file
from curim_data.cli.store import note_interrupted
from curim_data.importing.mapping import ColumnMapping
from curim_data.model.i18n import Message
from curim_data.model.questions import Answers, Question
from curim_data.store.alert_table import StoreError
from curim_data.store.home import create_home

_CRS: Final = re.compile(r"(?:EPSG:)?(\d{4,6})", re.I)


def import_files(
    run: Run,
    files: list[Path],
    format: str | None = None,
    mapping: Path | None = None,
    write_mapping: Path | None = None,
    dates: str | None = None,
    crs: str | None = None,
    decimal: str | None = None,
    order: str | None = None,
    sheet: str | None = None,
    timezone: str | None = None,
    category: str | None = None,
    ids: str | None = None,
    elsewhere: bool = False,
    city: str = "",
    profile: Path | None = None,
    dry_run: bool = False,
) -> None:
    """Import files one after the other; the first that cannot be used does not stop the others."""
    from curim_data.importing.pipeline import ImportProblem, import_file

    note_interrupted(run)
    chosen = _mapping(mapping)
    answers = Answers(dates, _epsg(crs), decimal, order, sheet, timezone, category, ids, elsewhere)
    if profile is not None and not run.home.has_city():
        create_home(run.home.path, profile)
    told: list[dict[str, Any]] = []
    failed: Message | None = None
    for file in files:
        new_city = not run.home.has_city()
        try:
            console = Console(stderr=True)
            with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
                task = bar.add_task(file.name, total=1.0)

                def step(share: float, message: Message, task: Any = task, bar: Progress = bar) -> None:
                    bar.update(task, completed=share, description=run.t(message))

                report = import_file(
                    run.home, file, file.name, format=format, mapping=chosen, answers=answers, city_name=city,
                    dry_run=dry_run, progress=step,
                )  # fmt: skip
        except Question as question:
            failed = failed or _how(run, question)
            told.append({"file": file.name, "error": run.t(_how(run, question)), "question": _asked(run, question)})
            continue
        except (ImportProblem, StoreError) as problem:
            failed = failed or problem.message
            told.append({"file": file.name, "error": run.t(problem.message)})
            continue
        told.append(report.counts | {"decisions": [run.t(message) for message in report.decisions]})
        if write_mapping is not None:
            made = ColumnMapping.from_layout(report.layout, report.facts.labels, answers=answers, name=file.stem)
            write_file(write_mapping, made.to_toml().encode())
        if new_city and run.home.has_city():
            _note_city(run)
        if not run.as_json:
            run.say(report.sentence(run.t))
    if run.as_json:
        run.answer({"files": told})
    if failed is not None:
        raise Refused(failed)


def _mapping(path: Path | None) -> ColumnMapping | None:
    if path is None:
        return None
    try:
        return ColumnMapping.from_toml(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise Refused(Message("{file} cannot be read: {why}.", {"file": str(path), "why": why})) from error


def _epsg(text: str | None) -> int | None:
    if text is None:
        return None
    found = _CRS.fullmatch(text.strip())
    if not found:
        raise Refused(Message("--crs {crs}: give a code such as EPSG:2100.", {"crs": text}))
    return int(found[1])


def _how(run: Run, question: Question) -> Message:
    """The question with the flag that answers it."""
    values = [choice.value for choice in question.choices]
    if not values or question.about == "crs":  # the projections are no more than likely ones
        values.append("...")
    flag = f"{question.flag} {' | '.join(values)}" if question.about != "elsewhere" else question.flag
    return Message("{question} Answer with: {flag}", {"question": run.t(question.message), "flag": flag})


def _asked(run: Run, question: Question) -> dict[str, Any]:
    choices = [{"value": choice.value, "label": run.t(choice.label)} for choice in question.choices]
    return {"about": question.about, "flag": question.flag, "choices": choices}


def _note_city(run: Run) -> None:
    """A home that was new holds a city now."""
    city = run.home.city()
    named = run.t.label(city.names)
    run.note(run.t("{home} was new: it now holds the profile of {city}.", home=str(run.home.path), city=named))
    if city.provisional:
        run.note(
            run.t(
                "The profile is provisional: area, time zone ({zone}) and categories were taken from this file. "
                "Give the city's own with “curim city districts” and “curim city categories”.",
                zone=city.timezone,
            )
        )


COMMANDS = (
    Command(
        "import",
        import_files,
        Message("Import exports: every row is accepted, updated, known already, or set aside with its reason."),
        False,
        {
            "files": Opt(Message("Exports to import.")),
            "format": Opt(Message("Name of the format; recognised unless given."), ("--format",)),
            "mapping": Opt(Message("TOML file that says what the columns mean (docs/mapping.md)."), ("--map",)),
            "write_mapping": Opt(Message("Write what was understood to a TOML file, to be mended."), ("--write-map",)),
            "dates": Opt(Message("day-first or month-first, where the file does not say."), ("--dates",)),
            "crs": Opt(Message("Coordinate system of projected coordinates, such as EPSG:2100."), ("--crs",)),
            "decimal": Opt(Message("point or comma: the decimal mark of coordinates."), ("--decimal",)),
            "order": Opt(Message("lat-lon or lon-lat, for a column that holds both."), ("--order",)),
            "sheet": Opt(Message("Sheet, layer or member of a file that holds several."), ("--sheet",)),
            "timezone": Opt(Message("Time zone of times without offset, such as Europe/Athens."), ("--timezone",)),
            "category": Opt(Message("Category of a file without a column for it."), ("--category",)),
            "ids": Opt(Message("same or own, where another kind of export has the same ids."), ("--ids",)),
            "elsewhere": Opt(Message("Import although most alerts lie outside the city."), ("--elsewhere",)),
            "city": Opt(Message("Name of the city, for a home that has none yet."), ("--city",)),
            "profile": Opt(Message("Profile folder for a home that has no city yet."), ("--profile",)),
            "dry_run": Opt(Message("Say what would happen and write nothing."), ("--dry-run",)),
        },
    ),
)
