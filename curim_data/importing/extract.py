"""Extract: the first stages of an import. Open a file, recognise its columns, profile all of it.

The file is read once here, block by block; the stages of `transform` go through its blocks again. Which column means
what, more than the file decides: the columns that an earlier file with the same headings was read by hold for the next
one; which column holds the date of the event, and whether a column of counts makes several alerts of a row, a person
says (`Answers.event`, `Answers.counts`).
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from curim_data import formats
from curim_data.containers import open_file
from curim_data.containers.base import prefetch
from curim_data.formats.base import Layout, Part, Recognition
from curim_data.formats.columns import COUNT_ROLE, DATE_ROLES, GENDER_ROLES, MAIN_DATES, event_counts
from curim_data.formats.guess import unused_genders
from curim_data.formats.guess.category import SEPARATED, Found, holds_names, of_column
from curim_data.formats.guess.headings import BLANK, read_heading
from curim_data.importing import mapping as mappings
from curim_data.importing.mapping import ColumnMapping, check_answers, named_columns, settled_for, signature_labels
from curim_data.importing.profiling import ColumnSummary, FileProfile
from curim_data.importing.questions import OWNERS, unclear_gender, with_meanings
from curim_data.lexicon.words import fold
from curim_data.model import (
    EACH_EVENT,
    EACH_ROW,
    Answers,
    Block,
    Choice,
    Facts,
    ImportProblem,
    IntArray,
    Message,
    Opened,
    Question,
)
from curim_data.model.city import file_stamp
from curim_data.store import Batch, Home, Store
from curim_data.store.alert_table import QUARANTINE_COLUMNS


def pieces(block: Block, rows: int = 1 << 15) -> Iterator[Block]:
    """A block in pieces of so many rows, each with the refused records before the first row of the next."""
    size = block.table.num_rows
    for start in range(0, max(size, 1), rows):
        part = slice(start, start + rows)
        first = block.rows[start] if start else 0
        border = block.rows[start + rows] if start + rows < size else np.inf
        yield replace(
            block,
            table=block.table.slice(start, rows),
            rows=block.rows[part],
            encoding_repaired=block.encoding_repaired[part],
            trailing_cut=block.trailing_cut[part],
            refused=tuple(record for record in block.refused if first <= record.row < border),
            unstored={place: mask[part] for place, mask in block.unstored.items()},
            origin=None if block.origin is None else block.origin[part],
        )


Progress = Callable[[float, Message], None]
EXTRACTED: Final = 0.35  # share of an import that is done after these stages
RECOGNITION_ROWS: Final = 5_000


@dataclass(frozen=True)
class ImportRequest:
    """A file and everything that came with it.

    `home`: where a saved mapping may come from, and `use_saved` whether it may. `answers`: what a person said where the
    file does not, and once the file is open what a mapping remembers besides; `said`: without that. `now`: against
    which dates in the future are judged. `progress`: called with a share between 0 and 1 and a message.
    """

    source: Path | bytes
    name: str
    home: Home | None
    format: str | None
    mapping: ColumnMapping | None
    answers: Answers
    use_saved: bool
    now: dt.datetime
    progress: Progress | None
    said: Answers = field(default_factory=Answers)

    def report_progress(self, share: float, message: Message) -> None:
        """Tell whoever follows the import how far it is."""
        if self.progress is not None:
            self.progress(share, message)


@dataclass(frozen=True)
class OpenedExport:
    """A file whose container was recognised.

    `saved`: the home's mapping that fits its header, or how the file was read whose quarantined rows, mended, these are
    (`mended`). The answers of `request` are completed by those of the mapping.
    `state`: tells one state of the file on disk from another.
    """

    request: ImportRequest
    file: Opened
    saved: ColumnMapping | None
    state: tuple[int, ...]
    mended: bool

    @property
    def labels(self) -> tuple[str, ...]:
        """The header."""
        return self.file.facts.labels


@dataclass(frozen=True)
class ProfiledExport(OpenedExport):
    """A file that was read to its end: its profile, its number of rows, and for a preview a summary of its columns."""

    layout: Layout
    profile: FileProfile
    rows: int
    columns: ColumnSummary | None

    @property
    def mapping_name(self) -> str:
        """Name of the column mapping by which the file is read; empty without one."""
        mapping = self.request.mapping or self.saved
        return mapping.name if mapping is not None else ""

    def blocks(self) -> Iterator[Block]:
        """Go through all rows of the file again, in smaller blocks."""
        return (piece for block in self.file.blocks() for piece in pieces(block))

    def check_unchanged(self) -> None:
        """Raise ImportProblem where the file has changed since it was opened."""
        source = self.request.source
        if isinstance(source, Path) and self.state != file_stamp(source):
            raise ImportProblem(
                Message(
                    "{name}: the file was changed while it was read. Import it again.",
                    {"name": self.request.name},
                )
            )


def open_export(request: ImportRequest) -> OpenedExport:
    """Open the file and look for a saved mapping that fits it. Raises as `pipeline.import_file`."""
    request.report_progress(0.0, Message("Reading the file"))
    state = file_stamp(request.source) if isinstance(request.source, Path) else ()
    file, saved = _open(request)
    request = replace(request, said=request.answers)
    for mapping in filter(None, (saved, request.mapping)):  # what the mapping remembers completes what a person said
        request = replace(
            request,
            answers=replace(
                mapping.answers,
                **{name: value for name, value in asdict(request.answers).items() if value not in (None, False)}
                | {"means": with_meanings(mapping.answers.means, request.answers.means)},
            ),
        )
    check_answers(request.answers)
    if saved is not None and not saved.roles:  # the answers alone: the format is a known one
        saved = None
    return OpenedExport(request, file, saved, state, mended=bool(quarantine_columns(file.facts.labels)))


def recognise_columns(opened: OpenedExport) -> tuple[OpenedExport, Layout]:
    """Which columns give which role, from a mapping, or from the header and the first block; and the file, whose rows
    are repeated where one column says how often."""
    first = next(opened.file.blocks(), None)
    if first is None:
        raise ImportProblem(
            Message(
                "{name}: the file has a header and no rows. Check the period that was exported.",
                {"name": opened.file.facts.name},
            )
        )
    request, labels = opened.request, opened.labels
    mapping = request.mapping or opened.saved
    event = event_place(labels, request.answers.event, request.name)
    if mapping is not None:
        asked = event is not None or request.answers.counts is not None
        guessed = recognise(labels, first.table, request.name, formats.GUESSED, event) if asked else None
        layout = with_event(mapping.layout(labels), event, guessed.layout if guessed else None)
        missing = () if any(role in layout.roles for role in MAIN_DATES) else MAIN_DATES[:1]
        recognition = Recognition(layout, 1.0, missing, counted=guessed.counted if guessed else None)
    else:
        recognition = recognise(labels, first.table, request.name, request.format, event, request.home)
        recognition = replace(recognition, layout=with_event(recognition.layout, event))
        if request.format is None and not quarantine_columns(labels):
            recognition = as_before(recognition, labels, first.table.slice(0, RECOGNITION_ROWS), request.home)
    formats.refuse(recognition, labels, request.name)
    ask_event(recognition, labels, request.name)
    layout = with_counts(recognition, labels, request.answers.counts, request.name)
    sample = first.table.slice(0, RECOGNITION_ROWS)
    layout = with_gender(layout, labels, sample, request.answers.gender)
    opened, layout = _named_category(opened, layout, sample)
    heads = [read_heading(labels[layout.place(role)]).words for role in DATE_ROLES if role in layout.roles]
    layout = replace(layout, utc=layout.utc or all("utc" in words for words in heads))
    if answer := request.answers.separator:
        marks = {"none": (), "space": (BLANK,)}.get(answer, (answer,))
        layout = replace(layout, separators=marks, notes=tuple(n for n in layout.notes if n.text != SEPARATED.text))
    if COUNT_ROLE in layout.roles:
        opened = replace(opened, file=CountedFile(opened.file, layout.place(COUNT_ROLE)))
    return opened, layout


def _named_category(opened: OpenedExport, layout: Layout, sample: pa.Table) -> tuple[OpenedExport, Layout]:
    """The answer to which category alerts have may name the column that holds it."""
    request, labels, own = opened.request, opened.labels, layout.roles.get("category", ())
    answer, free = fold(request.answers.category or ""), {*layout.unused, *(part.place for part in own)}
    place = next((at for at in sorted(free) if answer and fold(labels[at]) == answer), None)
    found = of_column(labels, sample, place) if place is not None and holds_names(labels, sample, place) else None
    if found is None:
        return opened, layout
    opened = replace(opened, request=replace(request, answers=replace(request.answers, category=None)))
    why = Message("{column} holds the category, as was said.", {"column": found.column.head.label})
    same = own == (Part(found.column.place),)
    return opened, layout if same else _with_category(layout, labels, found, why)


def profile_export(opened: OpenedExport, layout: Layout, *, summarise: bool = False) -> ProfiledExport:
    """Read the whole file once and profile it; with `summarise`, count empty cells and keep examples as well."""
    facts, reading = opened.file.facts, Message("Reading the file")
    profile = FileProfile(layout, facts.labels)
    columns = ColumnSummary(len(facts.labels)) if summarise else None
    rows = seen = 0
    for block in prefetch(opened.file.blocks()):
        profile.add(block)
        if columns is not None:
            columns.add(block)
        rows += block.read
        seen += block.table.nbytes
        opened.request.report_progress(EXTRACTED * (seen / (seen + max(facts.size - seen, facts.size // 10))), reading)
    if isinstance(opened.file, CountedFile):
        layout = profile.layout = replace(layout, notes=(opened.file.note(opened.labels), *layout.notes))
    if profile.mixed:
        profile.gather_order_evidence(opened.file.blocks())
    return ProfiledExport(**vars(opened), layout=layout, profile=profile, rows=rows, columns=columns)


def recognise(
    labels: tuple[str, ...],
    first: pa.Table,
    name: str,
    format: str | None,
    event: int | None = None,
    home: Home | None = None,
) -> Recognition:
    """Recognise the format by the header and the first rows; the columns that quarantine added are shown empty."""
    first, own = first.slice(0, RECOGNITION_ROWS), quarantine_columns(labels)
    blank = pa.repeat(pa.scalar("", pa.large_string()), first.num_rows)
    for place in range(own):
        first = first.set_column(place, str(place), blank)
    apps = home.path / "formats" if home is not None else None
    return formats.recognise(("",) * own + labels[own:], first, name=name, format=format, event=event, apps=apps)


def quarantine_columns(labels: tuple[str, ...]) -> int:
    """Count the leading columns that are ours: a download of quarantined rows begins with the reasons."""
    return len(QUARANTINE_COLUMNS) if labels[: len(QUARANTINE_COLUMNS)] == QUARANTINE_COLUMNS else 0


def _open(request: ImportRequest) -> tuple[Opened, ColumnMapping | None]:
    """Open the file and find the home's mapping that fits it; of several tables take the one that the mapping names."""
    home = request.home if request.use_saved and request.mapping is None and request.format is None else None
    sheet = request.answers.sheet or (request.mapping.answers.sheet if request.mapping is not None else None)
    try:
        opened = open_file(request.source, request.name, sheet)
    except Question as question:
        for saved in mappings.saved(home) if home is not None and question.about == "sheet" else ():
            if saved.answers.sheet in {choice.value for choice in question.choices}:
                opened = open_file(request.source, request.name, saved.answers.sheet)
                if saved.fits(opened.facts.labels):
                    return opened, saved
        raise
    labels = opened.facts.labels
    if home is None:
        return opened, None
    if own := quarantine_columns(labels):  # of what was imported, only the columns with a role are there
        settled = settled_for(home.quarantine, labels[own:])
        if settled is not None and settled.fits(labels[own:]):
            return opened, settled
        return opened, next((saved for saved in mappings.saved(home) if saved.roles and saved.fits(labels[own:])), None)
    return opened, mappings.best(home, labels)


def as_before(recognition: Recognition, labels: Sequence[str], sample: pa.Table, home: Home | None) -> Recognition:
    """Read a table without a known format by the columns of the last one with the same headings; unchanged where there
    is none. `sample`: the first records."""
    layout, named = recognition.layout, signature_labels(labels)
    if home is None or layout.format != formats.GUESSED:
        return recognition
    for batch in reversed(Store(home).batches()):
        same = sorted(batch.signature.get("labels", ())) == sorted(named)
        if same and batch.signature.get("format") == formats.GUESSED and not batch.undone:
            columns = batch.signature.get("columns", {})
            # By their places in this file; columns of the same heading are left out.
            roles = {
                named.index(label): str(column.get("role"))
                for label, column in columns.items()
                if named.count(label) == 1
            }
            layout = _genders_as_before(layout, labels, roles, batch)
            return replace(recognition, layout=_category_as_before(layout, labels, sample, roles, batch))
    return recognition


def _genders_as_before(layout: Layout, labels: Sequence[str], before: Mapping[int, str], batch: Batch) -> Layout:
    """A gender of nobody in particular stays that of the same person."""
    for at, role in before.items():
        now = next((name for name in GENDER_ROLES if layout.roles.get(name) == (Part(at),)), None)
        if role not in GENDER_ROLES or now in (None, role) or role in layout.roles:
            continue
        roles = {role if name == now else name: parts for name, parts in layout.roles.items()}
        guesses = {role if name == now else name: why for name, why in layout.guesses.items()}
        layout = replace(
            layout,
            roles=roles,
            guesses=guesses,
            findings=(
                *layout.findings,
                Message(
                    "{column} is read as in {file}, which has the same columns: {whose}.",
                    {"column": labels[at], "file": batch.file_name, "whose": OWNERS[role]},
                ),
            ),
        )
    return layout


def _category_as_before(
    layout: Layout, labels: Sequence[str], sample: pa.Table, before: Mapping[int, str], batch: Batch
) -> Layout:
    """The category stays in its column, where this still holds names and nothing else needs it."""
    place = next((at for at, role in before.items() if role == "category"), None)
    own = layout.roles.get("category", ())
    used = {part.place for role, parts in layout.roles.items() if role != "category" for part in parts}
    if place is None or place in {part.place for part in own} | used | {*layout.personal}:
        return layout
    values = {"column": labels[place], "file": batch.file_name}
    names = holds_names(labels, sample, place)
    found = of_column(labels, sample, place) if names else None
    if found is None:
        said = (
            ()
            if names is None
            else (
                Message(
                    "{file}, which has the same columns, was read with {column} as the category, but here {column} "
                    "holds no list of names.",
                    values,
                ),
            )
        )
        return replace(layout, findings=(*layout.findings, *said))
    return _with_category(
        layout, labels, found, Message("{column} holds the category, as in {file}, which has the same columns.", values)
    )


def _with_category(layout: Layout, labels: Sequence[str], found: Found, why: Message) -> Layout:
    """The layout with the category in another column."""
    own, place = layout.roles.get("category", ()), found.column.place
    other = labels[own[0].place] if own else ""
    free = {*layout.unused, *(part.place for part in own)} - {place}
    return replace(
        layout,
        roles={**layout.roles, "category": (Part(place),)},
        guesses={**layout.guesses, "category": found.why},
        separators=found.separators,
        longest=found.longest,
        text=tuple(at for at in layout.text if at != place),
        unused=tuple(sorted(free)),
        notes=(*(note for note in layout.notes if not own or other not in note.values.values()), *found.notes),
        findings=(*layout.findings, why),
    )


_BARS: Final = "▁▂▃▄▅▆▇█"
_NONE: Final = "·"


def text_bars(counts: Sequence[float]) -> str:
    """Counts as bars of one letter each, the highest as the fullest; a point stands for none.

    Examples
    --------
    >>> text_bars([0, 1, 4, 8])
    '·▁▄█'
    """
    top = max(counts, default=0)
    return "".join(_BARS[-int(-len(_BARS) * count // top) - 1] if count > 0 else _NONE for count in counts)


def event_place(labels: Sequence[str], event: str | None, name: str) -> int | None:
    """Return the place of the column that a person named, None where nobody did.

    Raises
    ------
    ImportProblem
        Where the header has no such column.
    """
    if event is None:
        return None
    columns = list(map(str, named_columns(labels)))
    place = next((place for place, column in enumerate(columns) if fold(column) == fold(event)), None)
    if place is not None:
        return place
    raise ImportProblem(
        Message(
            "{name}: no column is called {event}, so it cannot be the date of the event. These columns are there: "
            "{labels}.",
            {"name": name, "event": event, "labels": ", ".join(columns[:40])},
        )
    )


def with_event(layout: Layout, place: int | None, guessed: Layout | None = None) -> Layout:
    """Give a known or saved layout the column of the event's date that a person named, unless it has it already.

    Its time of day comes with it where `guessed`, what the same header is taken for, knows of a column for it.
    """
    if place is None or any(part.place == place for part in layout.roles.get("occurred_from", ())):
        return layout
    own = () if guessed is None else guessed.roles.get("occurred_from", ())
    event = own if place in {part.place for part in own} else (Part(place),)
    taken = {part.place for part in event}
    others = {
        role: tuple(part for part in parts if part.place not in taken)
        for role, parts in layout.roles.items()
        if role != "occurred_from" and not taken.issuperset(part.place for part in parts)
    }
    unused, text, personal = (
        tuple(one for one in places if one not in taken) for places in (layout.unused, layout.text, layout.personal)
    )
    return replace(layout, roles={"occurred_from": event, **others}, unused=unused, text=text, personal=personal)


def ask_event(recognition: Recognition, labels: Sequence[str], name: str) -> None:
    """Raise a Question where columns of which no heading says so can hold the date of the event, or several can,
    showing rows and hours of each."""
    if not recognition.events:
        return
    choices = []
    for one in recognition.events:
        column = str(named_columns(labels)[one.place])
        values = {"column": column, "rows": "; ".join(one.rows), "hours": text_bars(one.hours)}
        hours = Message("{column}: {rows}; hours from 0 to 23: {hours}", values)
        choices.append(Choice(column, hours if one.hours else Message("{column}: {rows}; no time of day", values)))
    asked = (
        _SIDE_BY_SIDE
        if len(choices) == 1
        else Message(
            "{name}: several columns can hold the date of the event, and neither their names nor their values tell "
            "which ({columns}). Say which of them says when it happened."
        )
    )
    values = {"name": name, "columns": ", ".join(choice.value for choice in choices)}
    raise Question("event", "--event", Message(asked.text, values), tuple(choices))


_SIDE_BY_SIDE: Final = Message(
    "{name}: no heading says when it happened, but year, month and day may stand side by side, beginning with the "
    "column {columns}. If that is the date, say so."
)


MOST_ALERTS: Final = 5_000_000  # of one file
PIECE: Final = 100_000  # alerts of a block
_CHOICES: Final = (
    Choice(EACH_EVENT, Message("Each row is as many alerts as the column says")),
    Choice(EACH_ROW, Message("Each row is one alert, whatever the column says")),
)


def with_counts(recognition: Recognition, labels: Sequence[str], answer: str | None, name: str) -> Layout:
    """The layout with the column of counts as its role, where a person said that each event is an alert.

    The id of a row is none of its alerts', and is left out then. Raises Question where the file has such a column and
    nobody said what it means, and ImportProblem where one said it of a file without such a column.
    """
    layout, counted = recognition.layout, recognition.counted
    if answer == EACH_ROW or COUNT_ROLE in layout.roles:
        return _without(layout, COUNT_ROLE if answer == EACH_ROW else "alert_id")
    if counted is None and answer is None:
        return layout
    if counted is None:
        raise ImportProblem(
            Message(
                "{name}: no column was found that says how many events a row stands for. Leave out --counts, or name "
                "the column on the page Data or in a mapping.",
                {"name": name},
            )
        )
    if answer is None:
        raise Question(
            "counts",
            "--counts",
            Message(
                "{name}: {column} says how many events a row stands for, {n} in the first {rows} rows. Is each of "
                "these events an alert (events), or each row (rows)?",
                {
                    "name": name,
                    "column": str(named_columns(labels)[counted.place]),
                    "n": counted.events,
                    "rows": counted.rows,
                },
            ),
            _CHOICES,
        )
    roles = {**layout.roles, COUNT_ROLE: (Part(counted.place),)}
    return _without(
        replace(layout, roles=roles, unused=tuple(one for one in layout.unused if one != counted.place), warnings=()),
        "alert_id",
    )


def with_gender(layout: Layout, labels: Sequence[str], sample: pa.Table, whose: str | None) -> Layout:
    """The layout with the column of genders given to the person that was named, and those that may hold one besides."""
    asked = unclear_gender(layout, labels)
    others = list(unused_genders(labels, sample, layout.unused))
    if whose == "none" and asked:
        layout = _without(layout, asked)
    elif whose in ("affected", "reporter") and (asked or others):
        parts = layout.roles[asked] if asked else (Part(others.pop(0).place),)
        kept = {role: old for role, old in layout.roles.items() if role != asked}
        unused = tuple(one for one in layout.unused if one != parts[0].place)
        layout = replace(layout, roles={**kept, f"{whose}_gender": parts}, unused=unused)
    counts = ((one.place, tuple(Counter(one.values.texts).most_common())) for one in others)
    return replace(layout, genders=tuple(counts))


def _without(layout: Layout, role: str) -> Layout:
    """The layout without a role, whose columns are not used then."""
    roles = {name: parts for name, parts in layout.roles.items() if name != role}
    free = {part.place for part in layout.roles.get(role, ())} - {
        part.place for parts in roles.values() for part in parts
    }
    return replace(layout, roles=roles, unused=tuple(sorted({*layout.unused, *free})))


class CountedFile:
    """A file whose rows are repeated as often as its column at `place` says (`Opened`).

    A row that says none, or nothing that can be read, stands once. `read` and `alerts`: rows of the file and alerts
    that they stand for, once it was gone through.
    """

    def __init__(self, file: Opened, place: int) -> None:
        self._file, self.place = file, place
        self.read = self.alerts = 0

    @property
    def facts(self) -> Facts:
        """What was recognised of the file."""
        return self._file.facts

    def blocks(self) -> Iterator[Block]:
        """The records, repeated; ImportProblem where they stand for more alerts than a file may hold."""
        read = alerts = before = 0
        for block in self._file.blocks():
            counts = event_counts(block.table.column(self.place))
            times = np.maximum(counts, 1)
            read += block.read
            alerts += int(np.maximum(counts, 0).sum())
            if alerts > MOST_ALERTS:
                raise ImportProblem(
                    Message(
                        "{name}: the rows stand for more than {most} events. Import a part of the file, or each row "
                        "as one alert (--counts rows).",
                        {"name": self.facts.name, "most": MOST_ALERTS},
                    )
                )
            yield from _pieces(block, self.place, counts, times, before)
            before += int(times.sum()) + len(block.refused)
        self.read, self.alerts = read, alerts

    def note(self, labels: Sequence[str]) -> Message:
        """How many alerts the rows of the file stand for."""
        return Message(
            "{column} says how many events a row stands for: {rows} rows stand for {n} events, and each of these is an "
            "alert.",
            {"column": str(named_columns(labels)[self.place]), "rows": self.read, "n": self.alerts},
        )


def _pieces(block: Block, place: int, counts: IntArray, times: IntArray, before: int) -> Iterator[Block]:
    """A block whose rows are repeated, in pieces; `before`: how many rows the blocks before it have."""
    refused = np.array([record.row for record in block.refused], np.int64)
    numbers = np.concatenate([block.rows, refused])
    order = np.argsort(numbers, kind="stable")
    sizes = np.concatenate([times, np.ones(len(refused), np.int64)])
    first = np.empty(len(numbers), np.int64)
    first[order] = before + 1 + np.cumsum(sizes[order]) - sizes[order]
    records = tuple(
        replace(record, row=int(at), origin=record.number)
        for record, at in zip(block.refused, first[len(block.rows) :], strict=True)
    )
    index = np.repeat(np.arange(len(times)), times)
    rows = first[index] + np.arange(len(index)) - (np.cumsum(times) - times)[index]
    for start in range(0, max(len(index), 1), PIECE):
        some = index[start : start + PIECE]
        table = block.table.take(pa.array(some))
        texts = np.asarray(table.column(place).to_numpy(zero_copy_only=False), object)
        texts[counts[some] > 0] = "1"
        yield Block(
            table.set_column(place, str(place), pa.array(texts, pa.large_string())),
            rows[start : start + PIECE],
            block.encoding_repaired[some],
            block.trailing_cut[some],
            records if start == 0 else (),
            {at: mask[some] for at, mask in block.unstored.items()},
            block.numbers[some],
        )
