"""One run of a command: who asks, where, in which language, and how the answer is printed."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curim_data.cli.output import UsageError, json_value, print_table, write_places, write_table
from curim_data.model import Audience, Message, Translator

if TYPE_CHECKING:
    import pandas as pd

    from analysis.stats.result import Choice
    from curim_data.cli.output import Place
    from curim_data.engine import Source
    from curim_data.filters import AlertFilter
    from curim_data.model import CityProfile
    from curim_data.privacy import WrittenCounts
    from curim_data.store import Home


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
        from curim_data.profile.versions import finish_interrupted_change

        if not self.home.has_city():
            values = {"home": str(self.home.path), "sample": str(self.home.sample.path)}
            if self.home.sample.has_city():
                raise UsageError(
                    Message(
                        "There is no city in {home} but the sample: ask it with --home {sample}, or “curim import "
                        "FILE” makes one of your own.",
                        values,
                    )
                )
            raise UsageError(
                Message(
                    "There is no city in {home}: “curim import FILE” makes one, or name another with --home.", values
                )
            )
        if (healed := finish_interrupted_change(self.home)) is not None:
            self.note(self.t(healed))
        return self.home.city()

    def prepare(self) -> None:
        """Work out what the pages need whatever the filter; where that fails, they do it themselves."""
        from rich.console import Console
        from rich.progress import Progress

        from curim_data.model.progress import following
        from curim_data.store import StoreError
        from curim_data.studies.preparation import prepare

        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("", total=1.0)

            def step(share: float, doing: Message | None) -> None:
                bar.update(task, completed=share, description=self.t(doing) if doing else None)

            try:
                with following(step):
                    prepare(self.home)
            except StoreError:
                pass  # the command has said so, or the next one will
            except Exception:
                logging.getLogger("curim").warning("the city was not prepared", exc_info=True)

    def source(self) -> Source:
        """The home's alerts."""
        from curim_data.filters import AlertFilter
        from curim_data.privacy import WrittenCounts
        from curim_data.protection import open_for

        self.city()
        source = open_for(self.home, self.audience)
        self.written = WrittenCounts(AlertFilter(), self.audience, source.city)
        return source

    def filter(self, source: Source) -> AlertFilter:
        """The filter of the options; UsageError for an unknown value, since a script must not guess."""
        from curim_data.filters import AlertFilter
        from curim_data.privacy import check_asked

        f, dropped = AlertFilter.from_query(self.query, source.city, source.other_categories)
        for message in dropped:
            if "word" in message.values:
                raise UsageError(
                    Message("--{word} {value} is not known: see “curim city show” and --help.", message.values)
                )
            if message.values:
                raise UsageError(Message("“{value}” is not a date such as 2025-03-31.", message.values))
            self.note(self.t(message))
        check_asked(f, (), self.audience, source.city)
        self.asks(source, f)
        return f

    def asks(self, source: Source, *filters: AlertFilter) -> None:
        """Note what is asked, on which it depends which counts the audience may read: one filter, or several sides."""
        from curim_data.privacy import WrittenCounts, is_sensitive

        sensitive = (f for f in filters if is_sensitive(f, source.city))
        self.written = WrittenCounts(next(sensitive, filters[0]), self.audience, source.city)

    def least(self, category: str = "") -> int:
        """The smallest count that is written out; `category`: of which it is, where of one."""
        return self.written.least(category) if self.written is not None else 1

    def sentence(self, source: Source, f: AlertFilter) -> str:
        """The filter in words, with its count."""
        from curim_data import query

        return query.sentence(source, f, self.t, query.total(source, f, self.audience))

    def nowhere(self, source: Source, f: AlertFilter, out: Path | None) -> bool:
        """Whether alerts fit the filter and none of them, in the whole city, is on the map: places cannot be studied.

        UsageError where a file was asked for, since it would hold places that nobody looked at.
        """
        from curim_data import query
        from curim_data.model.absence import NO_POSITIONS
        from curim_data.studies.cells import whole_city

        if not query.total(source, whole_city(f), self.audience).nowhere:
            return False
        if out is not None:
            raise UsageError(NO_POSITIONS)
        return True

    def print_nowhere(self, source: Source, f: AlertFilter, nothing: Mapping[str, Any]) -> None:
        """Say that no alert is on the map; `nothing`: what the answer of the command as JSON holds then."""
        from curim_data.model.absence import NO_POSITIONS

        told = self.t(NO_POSITIONS)
        if self.as_json:
            self.print_json({**self.question(source, f), "n": 0, "told": told, "choices": [], **nothing})
        else:
            self.print(self.sentence(source, f), told)

    def question(self, source: Source, f: AlertFilter) -> dict[str, Any]:
        """The entries that every JSON answer begins with: what was asked, for whom."""
        return {"filter": f.to_query(), "sentence": self.sentence(source, f), "audience": self.audience.value}

    def choices(self, choices: Iterable[Choice]) -> list[dict[str, Any]]:
        """Settings and their reasons as entries of a JSON answer."""
        return [{"name": c.name, "value": c.value, "told": self.t(c.explanation)} for c in choices]

    def print(self, *lines: str) -> None:
        """Lines for the reader: on standard output, or on standard error where that is for JSON."""
        for line in lines:
            print(line, file=sys.stderr if self.as_json else sys.stdout)

    def print_choices(self, choices: Iterable[Choice]) -> None:
        """Settings and their reasons, one a line."""
        self.print(*(self.t(choice.explanation) for choice in choices))

    def note(self, line: str) -> None:
        """A line on standard error."""
        print(line, file=sys.stderr)

    def print_json(self, data: Mapping[str, Any]) -> None:
        """The one JSON object, its counts as the audience may read them."""
        print(json.dumps(json_value(self.answer(data)), ensure_ascii=False, allow_nan=False))

    def answer(self, data: Mapping[str, Any]) -> Any:
        """The same with its counts as the audience may read them, for JSON."""
        return data if self.written is None else self.written.answer(data)

    def print_kept(self, data: Mapping[str, Any]) -> None:
        """The one JSON object, of what is kept as it is, whoever reads it."""
        print(json.dumps(json_value(data), ensure_ascii=False, allow_nan=False))

    def write_table(self, out: Path, frame: pd.DataFrame) -> None:
        """Write a table as CSV, its counts as the audience may read them."""
        write_table(out, frame if self.written is None else self.written.table(frame, always=True))

    def write_places(
        self, out: Path, places: Sequence[Place], rows: list[dict[str, Any]], columns: Sequence[str]
    ) -> None:
        """Write places as CSV or GeoJSON, their counts as the audience may read them."""
        if self.written is not None and not self.written.all_written:
            rows, columns = self.written.answer(rows), (*columns, "fewer_than")
        write_places(out, places, rows, columns)

    def print_table(self, frame: pd.DataFrame, city: CityProfile | None = None, uncut: Iterable[str] = ()) -> None:
        """A table on the terminal, its first lines where it is long; cells of the columns `uncut` are never cut.

        Counts that the audience may not read are "fewer than k" in their own column.
        """
        told = frame if self.written is None else self.written.table(frame)
        rest = print_table(self.t, _in_words(self.t, told), city, frozenset(uncut))
        if rest:
            self.print(self.t.n("{n} more row; --out writes all.", "{n} more rows; --out writes all.", rest))

    def print_written(self, rows: int, out: os.PathLike[str]) -> None:
        """How many rows were written to which file."""
        self.print(self.t.n("{n} row written to {file}.", "{n} rows written to {file}.", rows, file=str(out)))


def _in_words(t: Translator, frame: pd.DataFrame) -> pd.DataFrame:
    """A table whose missing counts are said in words, without a column for their limits."""
    from curim_data.model.absence import fewer_than
    from curim_data.privacy import COUNT_COLUMNS

    if "fewer_than" not in frame:
        return frame
    limits = frame["fewer_than"]
    words = limits.map(lambda k: t(fewer_than(int(k))), na_action="ignore")
    counts = [name for name in frame if name in COUNT_COLUMNS]
    said = {name: frame[name].astype(object).where(frame[name].notna() | limits.isna(), words) for name in counts}
    return frame.assign(**said).drop(columns="fewer_than")
