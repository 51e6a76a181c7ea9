"""One run of a command: who asks, where, in which language; its answer as JSON, text, tables and files."""

from __future__ import annotations

import datetime as dt
import json
import logging
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import pandas as pd
import shapely
from rich.console import Console
from rich.progress import Progress
from rich.table import Table as Grid

from curim_data import protection, query, studies
from curim_data.cli.commands import UsageError, unusable
from curim_data.engine import Source
from curim_data.export.safe_csv import csv_bytes
from curim_data.filters import AlertFilter, column_label, value_label
from curim_data.model import NO_POSITIONS, Audience, CityProfile, Message, Translator, cell_polygons, fewer_than
from curim_data.model.progress import following
from curim_data.privacy import COUNT_COLUMNS, WrittenCounts, check_asked, is_sensitive
from curim_data.profile.versions import finish_interrupted_change
from curim_data.store import Home, StoreError

if TYPE_CHECKING:
    from analysis.stats.intervals import Choice

MOST_LINES: Final = 60
WAY_ON: Final = Message(
    "Give the city's own with “curim city districts FILE” or “curim city land FILE”, or take it as it stands with "
    "“curim city accept”."
)


Content: TypeAlias = pd.DataFrame | bytes


@dataclass(frozen=True)
class Table:
    """A table for the terminal, with the values of its columns in words where `city` is given.

    Cells of the columns `uncut` are never cut.
    """

    frame: pd.DataFrame
    city: CityProfile | None = None
    uncut: Iterable[str] = ()


@dataclass(frozen=True)
class Answer:
    """What a command answers: the entries of its JSON object, its sentences and tables, and the content of --out.

    `file`: a table, bytes, or what makes one of them for the suffix that the file has. `then`: what the command goes on
    with when this was given and is on record.
    """

    data: Mapping[str, Any]
    lines: Iterable[str | Table] = ()
    file: Content | Callable[[str], Content] | None = None
    then: Callable[[], None] | None = None


@dataclass
class CommandContext:
    """What the options shared by all commands say; `query`: the filter as words of a query string.

    `written`: the counts that the audience may read of what was asked; None as long as no alerts were opened.
    `home_named`: whether --home named the home.
    """

    t: Translator
    home: Home
    audience: Audience
    as_json: bool
    query: dict[str, str] = field(default_factory=dict)
    written: WrittenCounts | None = None
    home_named: bool = False

    def city(self) -> CityProfile:
        """The home's city; UsageError where there is none."""
        if not self.home.has_city():
            values = {"home": str(self.home.path), "sample": str(self.home.sample.path)}
            raise UsageError(
                Message(
                    "There is no city in {home}: “curim import FILE” makes one; --home {sample} asks the sample.",
                    values,
                )
            )
        if (healed := finish_interrupted_change(self.home)) is not None:
            self.note(self.t(healed))
        return self.home.city()

    @contextmanager
    def progress(self, what: str = "") -> Iterator[Callable[[float, Message | None], None]]:
        """A bar on a terminal for long work, as the function that moves it: the share that is done, and what is."""
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task(what, total=1.0)
            yield lambda share, doing: bar.update(
                task, completed=share, description=self.t(doing) if doing is not None else None
            )

    def prepare(self) -> None:
        """Work out what the pages need whatever the filter; where that fails, they do it themselves."""
        try:
            with self.progress() as step, following(step):
                studies.preparation.prepare(self.home)
        except StoreError:
            pass  # the command has said so, or the next one will
        except Exception:
            logging.getLogger("curim").warning("the city was not prepared", exc_info=True)

    @cached_property
    def source(self) -> Source:
        """The home's alerts."""
        self.city()
        source = protection.open_for(self.home, self.audience)
        self.written = WrittenCounts.of(AlertFilter(), source)
        return source

    @cached_property
    def filter(self) -> AlertFilter:
        """The filter of the options; UsageError for an unknown value, since a script must not guess."""
        city, others = self.source.city, self.source.other_categories
        f, dropped = AlertFilter.from_query(self.query, city, others)
        for message in dropped:
            if "word" not in message.values:
                raise UsageError(message)
            word, value = message.values.values()
            field = AlertFilter.field(str(word))
            name = dict(zip(field.words, field.names, strict=True))[word]
            known = ", ".join(field.choices(name, city, others)) or field.words[word]
            example = known == field.words[word] and " | " not in known
            raise unusable(word, value, known, example=example)
        check_asked(f, (), self.source)
        self.asks(f)
        return f

    def asks(self, *filters: AlertFilter) -> None:
        """Note what is asked, on which it depends which counts the audience may read: one filter, or several sides."""
        sensitive = (f for f in filters if is_sensitive(f, self.source.city))
        self.written = WrittenCounts.of(next(sensitive, filters[0]), self.source)

    def least(self) -> int:
        """The smallest count that is written out."""
        return 1 if self.written is None else self.written.least()

    def sentence(self) -> str:
        """The filter in words, with its count."""
        return query.sentence(self.source, self.filter, self.t, query.total(self.source, self.filter))

    def question(self) -> dict[str, Any]:
        """The entries that the JSON answer of a study begins with: what was asked, for whom."""
        return {"filter": self.filter.to_query(), "sentence": self.sentence(), "audience": self.audience.value}

    def nowhere(self, out: Path | None, nothing: Mapping[str, Any]) -> Answer | None:
        """The answer where alerts fit the filter and none of them, in the whole city, is on the map; else None.

        `nothing`: what the JSON object of the command holds then. UsageError where a file was asked for, since it would
        hold places that nobody looked at.
        """
        if not query.total(self.source, studies.cells.whole_city(self.filter)).nowhere:
            return None
        if out is not None:
            raise UsageError(NO_POSITIONS)
        told = self.t(NO_POSITIONS)
        return Answer({"n": 0, "told": told, "choices": [], **nothing}, [told])

    def choices(self, choices: Iterable[Choice]) -> list[dict[str, Any]]:
        """Settings and their reasons as entries of a JSON answer."""
        return [{"name": c.name, "value": c.value, "told": self.t(c.explanation)} for c in choices]

    def reasons(self, choices: Iterable[Choice]) -> list[str]:
        """Settings and their reasons as sentences."""
        return [self.t(choice.explanation) for choice in choices]

    def note(self, line: str) -> None:
        """A line on standard error."""
        print(line, file=sys.stderr)

    def print(self, *lines: str | Table) -> None:
        """Lines for the reader: on standard output, or on standard error where that is for JSON."""
        for line in lines:
            if isinstance(line, str):
                print(line, file=sys.stderr if self.as_json else sys.stdout)
                continue
            frame = line.frame if self.written is None else self.written.table(line.frame)
            width = None if sys.stdout.isatty() else 240  # of a table that goes to a file or another program
            console = Console(markup=False, emoji=False, highlight=False, width=width)
            console.print(_grid(self.t, frame, line.city, frozenset(line.uncut)))
            if (rest := len(frame) - MOST_LINES) > 0:
                print(self.t.n("{n} more row; --out writes all.", "{n} more rows; --out writes all.", rest))

    def give(self, answer: Answer, out: Path | None = None, *, question: bool = False) -> None:
        """Write the file of an answer to `out`, and print the answer; `question`: it begins with the filter."""
        if out is not None and answer.file is not None:
            content = answer.file(out.suffix.lower()) if callable(answer.file) else answer.file
            if isinstance(content, pd.DataFrame):
                content = csv_bytes(content if self.written is None else self.written.table(content, always=True))
            write_file(out, content)
        if self.as_json:
            print(json_text(self.masked({**(self.question() if question else {}), **answer.data})))
        else:
            self.print(*([self.sentence()] if question else []), *answer.lines)

    def masked(self, data: Any) -> Any:
        """An answer for JSON with its counts as the audience may read them."""
        return data if self.written is None else self.written.answer(data)

    def table(self, headings: Sequence[str], rows: Sequence[Any], empty: str = "", uncut: int = 0) -> str | Table:
        """Rows under headings in the reader's words, or what is said where there are none.

        Cells of the first `uncut` columns are never cut.
        """
        names = [self.t(heading) for heading in headings]
        return Table(pd.DataFrame(rows, columns=names), uncut=names[:uncut]) if rows else self.t(empty)

    def rows_written(self, rows: int, out: Path) -> str:
        """The sentence that says how many rows were written to which file."""
        return self.t.n("{n} row written to {file}.", "{n} rows written to {file}.", rows, file=str(out))

    def file_written(self, out: Path) -> str:
        """The sentence that says which file was written."""
        return self.t("Written: {file}.", file=str(out))

    def places_file(
        self, places: Sequence[Any], rows: list[dict[str, Any]], columns: Sequence[str], suffix: str
    ) -> Content:
        """Places as a table for CSV, with `columns` of their rows, or as GeoJSON, by their cells or their own outline.

        Counts are written as the audience may read them.
        """
        rows = self.masked(rows)
        if suffix != ".csv":
            outlines = (getattr(at, "outline", None) or shapely.union_all(cell_polygons([*at.cells])) for at in places)
            features = [
                {
                    "type": "Feature",
                    "properties": {name: value for name, value in row.items() if name != "cells"},
                    "geometry": json.loads(shapely.to_geojson(outline)),
                }
                for outline, row in zip(outlines, rows, strict=True)
            ]
            return json_text({"type": "FeatureCollection", "features": features}).encode()
        limits = [] if self.written is None or self.written.all_written else ["fewer_than"]
        flat = [{**row, "cells": " ".join(row["cells"])} for row in rows]
        return pd.DataFrame(flat, columns=[*columns, *limits])


def json_text(value: Any, indent: int | None = None) -> str:
    """A value as JSON."""
    return json.dumps(json_value(value), ensure_ascii=False, allow_nan=False, indent=indent)


def json_value(value: Any) -> Any:
    """A value as JSON knows it: missing is null, dates are ISO, whole numbers are whole."""
    match value:
        case None | str() | bool() | int():  # most are, and wait for no tables
            return value
        case Mapping():
            return {str(key): json_value(item) for key, item in value.items()}
        case pd.DataFrame():
            return [json_value(row) for row in value.to_dict("records")]
        case np.bool_() | np.integer():
            return value.item()
        case float() | np.floating():
            number = float(value)
            return None if not math.isfinite(number) else int(number) if number.is_integer() else number
        case _ if value is pd.NA or value is pd.NaT:
            return None
        case dt.date():
            plain = not isinstance(value, dt.datetime) or (value.time() == dt.time() and value.tzinfo is None)
            return value.isoformat()[: 10 if plain else None]
        case Iterable():
            return [json_value(item) for item in value]
    return str(value)


def write_file(out: Path, content: bytes) -> None:
    """Write a result; OSError where the place cannot be written."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(content)


def _grid(t: Translator, frame: pd.DataFrame, city: CityProfile | None, uncut: frozenset[str]) -> Grid:
    """The first lines of a table, as rich prints them; counts that the audience may not read are "fewer than k" in
    their own column.
    """
    if "fewer_than" in frame:
        words = frame["fewer_than"].map(lambda k: t(fewer_than(int(k))), na_action="ignore")
        counts = [name for name in frame if name in COUNT_COLUMNS]
        said = {name: frame[name].astype(object).where(frame[name].notna() | words.isna(), words) for name in counts}
        frame = frame.assign(**said).drop(columns="fewer_than")
    grid = Grid(box=None, header_style="bold", pad_edge=False)
    for name in frame.columns:
        kind = frame[name].infer_objects().dtype.kind
        label = column_label(t, str(name))
        least = max([len(label), *map(len, frame[name].astype(str))]) if name in uncut else None
        right = kind in "iuf" or (kind == "O" and name in COUNT_COLUMNS)
        grid.add_column(label, justify="right" if right else "left", no_wrap=name in uncut, min_width=least)
    for row in frame.head(MOST_LINES).itertuples(index=False, name=None):
        grid.add_row(*(_cell_text(t, str(name), value, city) for name, value in zip(frame.columns, row, strict=True)))
    return grid


def _cell_text(t: Translator, name: str, value: Any, city: CityProfile | None) -> str:
    if isinstance(value, bool) and name != "dark":
        return t("yes") if value else ""
    if isinstance(value, str) and name in COUNT_COLUMNS:
        return value
    missing = value is None or value != value
    if isinstance(value, float) and not (city and missing and name not in ("n", "expected", "lower", "upper")):
        return t.number(value, 0 if value.is_integer() else 2)
    return value_label(t, city, name, value) if city else ("" if value is None else str(value))
