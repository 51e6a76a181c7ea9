"""What the commands have in common: their options in the reader's language, the filter as options, output, errors."""

from __future__ import annotations

import datetime as dt
import inspect
import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from curim_data.engine import Source, open_source
from curim_data.export.safe_csv import csv_bytes
from curim_data.filters import FIELDS, AlertFilter
from curim_data.model import labels
from curim_data.model.access import Audience
from curim_data.model.city import CityProfile
from curim_data.model.i18n import LANGUAGES, Message, Translator
from curim_data.profile.versions import finish_interrupted_change
from curim_data.store.home import Home

MOST_LINES: Final = 60
MOST_WIDTH: Final = 240  # of a table that goes to a file or another program


class Refused(Exception):
    """Unusable input or arguments: one line for standard error, exit code 2."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text)
        self.message = message


@dataclass(frozen=True)
class Opt:
    """An option (`flags`) or an argument (no flags) of a command, with its help in English."""

    help: Message
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Command:
    """A command: its path ("plan draft"), its function and help, whether it takes the filter, and its usual reader.

    A command whose answer is the same for every audience has no usual reader and does not ask for one.
    """

    path: str
    run: Callable[..., None]
    help: Message
    filtered: bool
    options: Mapping[str, Opt]
    audience: Audience | None = None


@dataclass
class Run:
    """One run of a command: who asks, where, in which language, and how the answer is written."""

    t: Translator
    home: Home
    audience: Audience
    as_json: bool
    query: dict[str, str] = field(default_factory=dict)

    def city(self) -> CityProfile:
        """The home's city; Refused where there is none."""
        if not self.home.has_city():
            values = {"home": str(self.home.path), "sample": str(self.home.sample.path)}
            if self.home.sample.has_city():
                raise Refused(
                    Message(
                        "There is no city in {home} but the sample: ask it with --home {sample}, or “curim import "
                        "FILE” makes one of your own.",
                        values,
                    )
                )
            raise Refused(
                Message(
                    "There is no city in {home}: “curim import FILE” makes one, or name another with --home.", values
                )
            )
        if (healed := finish_interrupted_change(self.home)) is not None:
            self.note(self.t(healed))
        return self.home.city()

    def source(self) -> Source:
        """The home's alerts."""
        self.city()
        return open_source(self.home)

    def filter(self, source: Source) -> AlertFilter:
        """The filter that the options ask for; Refused where a value is not known, since a script must not guess."""
        f, said = AlertFilter.from_query(self.query, source.city, source.other_categories)
        for message in said:
            if "word" in message.values:
                raise Refused(
                    Message("--{word} {value} is not known: see “curim city show” and --help.", message.values)
                )
            if message.values:
                raise Refused(Message("“{value}” is not a date such as 2025-03-31.", message.values))
            self.note(self.t(message))
        return f

    def say(self, text: str) -> None:
        """A line for the reader: standard output, but standard error where that belongs to JSON."""
        print(text, file=sys.stderr if self.as_json else sys.stdout)

    def note(self, text: str) -> None:
        """A line on standard error."""
        print(text, file=sys.stderr)

    def answer(self, data: Mapping[str, Any]) -> None:
        """The one JSON object."""
        print(json.dumps(plain(data), ensure_ascii=False, allow_nan=False))

    def table(self, frame: pd.DataFrame, city: CityProfile | None = None, whole: Iterable[str] = ()) -> None:
        """A table on the terminal, its first lines where it is long; cells of the columns `whole` are never cut."""
        uncut = set(whole)
        grid = Table(box=None, header_style="bold", pad_edge=False)
        for name in frame.columns:
            numeric = pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name])
            label = labels.column_label(self.t, str(name))
            least = max([len(label), *map(len, frame[name].astype(str))]) if name in uncut else None
            justify: Literal["left", "right"] = "right" if numeric else "left"
            grid.add_column(label, justify=justify, no_wrap=name in uncut, min_width=least)
        for row in frame.head(MOST_LINES).itertuples(index=False, name=None):
            grid.add_row(*(self._cell(str(name), value, city) for name, value in zip(frame.columns, row, strict=True)))
        width = None if sys.stdout.isatty() else MOST_WIDTH
        console = Console(markup=False, emoji=False, highlight=False, width=width)
        console.print(grid)
        if len(frame) > MOST_LINES:
            rest = len(frame) - MOST_LINES
            self.say(self.t.n("{n} more row; --out writes all.", "{n} more rows; --out writes all.", rest))

    def _cell(self, name: str, value: Any, city: CityProfile | None) -> str:
        if name == "withheld" or (isinstance(value, bool) and name != "dark"):
            return self.t("yes") if value else ""
        if city and (value is None or value != value) and name not in ("n", "expected", "lower", "upper"):
            return labels.value_label(self.t, city, name, value)
        if isinstance(value, float):
            return self.t.number(value, 0 if value.is_integer() else 2)
        return labels.value_label(self.t, city, name, value) if city else ("" if value is None else str(value))


def write_file(out: Path, content: bytes) -> None:
    """Write a result; Refused where the place cannot be written."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(content)
    except OSError as error:
        raise Refused(
            Message("{file} cannot be written: {why}.", {"file": str(out), "why": error.strerror or str(error)})
        ) from error


def write_table(out: Path, frame: pd.DataFrame) -> None:
    """Write a table as CSV; Refused for another ending."""
    ending(out, ".csv")
    write_file(out, csv_bytes(frame))


def ending(out: Path, *known: str) -> str:
    """The ending of a file to write; Refused where it is none of those that are known."""
    if out.suffix.lower() not in known:
        raise Refused(Message("{file}: the name must end in {known}.", {"file": str(out), "known": ", ".join(known)}))
    return out.suffix.lower()


def plain(value: Any) -> Any:
    """A value as JSON knows it: missing is null, dates are ISO, whole numbers are whole."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    match value:
        case str() | bool() | int():
            return value
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case pd.DataFrame():
            return [plain(row) for row in value.to_dict("records")]
        case np.bool_():
            return bool(value)
        case np.integer():
            return int(value)
        case float() | np.floating():
            number = float(value)
            return None if not math.isfinite(number) else int(number) if number.is_integer() else number
        case pd.Timestamp() | dt.datetime():
            midnight = value.time() == dt.time() and value.tzinfo is None
            return value.date().isoformat() if midnight else value.isoformat()
        case dt.date():
            return value.isoformat()
        case Iterable():
            return [plain(item) for item in value]
    return str(value)


FILTER_HELP: Final[Mapping[str, Message]] = {
    "period": Message("28d, quarter, 12m (usual), meeting or all."),
    "from": Message("First day, as in 2025-03-01."),
    "to": Message("Last day, as in 2025-06-30."),
    "category": Message("Categories of the city's tree, with commas between them."),
    "group": Message("Groups of categories, with commas between them."),
    "kind": Message("risk, incivility or offence."),
    "affected": Message("Gender of the person affected: woman, man, other, undisclosed or unknown."),
    "reporter": Message("Gender of the reporter: woman, man, other, undisclosed or unknown."),
    "light": Message("dark or day."),
    "hours": Message("First and last hour: 20-5 is from 20:00 to 06:00."),
    "weekday": Message("mon, tue, wed, thu, fri, sat, sun."),
    "district": Message("Districts of the city's profile."),
    "place": Message("Landmarks of the city's profile."),
    "cells": Message("H3 cells of resolution 8 to 12, by name."),
    "status": Message("open, confirmed, resolved or rejected."),
    "severity": Message("1 to 5."),
}


def build(commands: Sequence[Command], t: Translator) -> typer.Typer:
    """The command line in the reader's language."""
    app = typer.Typer(
        add_completion=False,
        pretty_exceptions_enable=False,
        help=t("Citizens' safety alerts: import, count, find hot spots, plan."),
        rich_markup_mode=None,
    )
    groups: dict[str, typer.Typer] = {}
    for command in commands:
        *group, name = command.path.split()
        target = app
        if group:
            if group[0] not in groups:
                groups[group[0]] = typer.Typer(rich_markup_mode=None)
                app.add_typer(groups[group[0]], name=group[0], help=t(GROUP_HELP[group[0]]))
            target = groups[group[0]]
        target.command(name, help=t(command.help))(_with_options(command, t))
    return app


GROUP_HELP: Final[Mapping[str, Message]] = {
    "city": Message("The city's profile."),
    "plan": Message("Intervention plans."),
}
_FILTER: Final = "filter_"


def _with_options(command: Command, t: Translator) -> Callable[..., None]:
    """The command as typer sees it: its own options, the filter's and the common ones."""
    own = list(inspect.signature(command.run, eval_str=True).parameters.values())[1:]
    parameters = [_parameter(p, command.options[p.name], t) for p in own]
    if command.filtered:
        for word in (word for field_ in FIELDS for word in field_.words):
            option = typer.Option(None, f"--{word}", help=t(FILTER_HELP[word]), rich_help_panel=t("Filter"))
            parameters.append(_keyword(f"{_FILTER}{word}", str | None, option))
    common = {
        "home": (Path | None, typer.Option(None, "--home", help=t("Folder of the data; CURIM_HOME, or var/."))),
        "lang": (str | None, typer.Option(None, "--lang", help=t("Language: el, en or fr."))),
        "as_json": (bool, typer.Option(False, "--json", help=t("Print one JSON object and nothing else."))),
    }
    if command.audience is not None:
        option = typer.Option(command.audience, "--audience", help=t("For whom the numbers are."))
        parameters.append(_keyword("audience", Audience, option))
    parameters += [_keyword(name, kind, option) for name, (kind, option) in common.items()]

    def call(**given: Any) -> None:
        lang = given.pop("lang")
        if lang is not None and lang not in LANGUAGES:
            raise Refused(Message("--lang {lang}: the languages are el, en and fr.", {"lang": lang}))
        folder: Path | None = given.pop("home")
        query = {name.removeprefix(_FILTER): given.pop(name) or "" for name in list(given) if name.startswith(_FILTER)}
        run = Run(
            t=t,
            home=Home(folder) if folder else Home.default(),
            audience=given.pop("audience", Audience.ANALYST),
            as_json=given.pop("as_json"),
            query={word: text for word, text in query.items() if text},
        )
        command.run(run, **given)

    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {p.name: p.annotation for p in parameters}
    return call


def _parameter(given: inspect.Parameter, opt: Opt, t: Translator) -> inspect.Parameter:
    default = ... if given.default is inspect.Parameter.empty else given.default
    told: Any = (
        typer.Option(default, *opt.flags, help=t(opt.help)) if opt.flags else typer.Argument(default, help=t(opt.help))
    )
    return _keyword(given.name, given.annotation, told)


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
