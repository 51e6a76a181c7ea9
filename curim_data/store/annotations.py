"""The notes on the time line and the council's meetings, as counting reads them.

Meetings stand in <home>/meetings.json, a copy of what the plans' database keeps.

The copy is written with each change (`curim_data.plans.plan_store`), so that no database is asked when alerts are
opened. Where there is none yet, the dates of <home>/meetings.toml (`dates = [2025-05-03, ...]`) count.

Notes stand in <home>/annotations.jsonl: one line for each that was added or removed.

The file is only ever added to, so it is its own history: who, when (UTC), what. The notes that hold are what is left
after reading all of it.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from curim_data.model import Message, MessageError
from curim_data.model.coverage import KINDS, LONGEST_NOTE, Annotation, AnnotationKind, Meeting
from curim_data.model.prepared import write_whole
from curim_data.store.home import locked

MEETINGS_FILE: Final = "meetings.json"


def read_meetings(folder: Path) -> tuple[Meeting, ...]:
    """The meetings of a home by day, later ones included; none where no file can be read."""
    try:
        rows = json.loads((folder / MEETINGS_FILE).read_text("utf-8"))["meetings"]
        return tuple(sorted(Meeting(dt.date.fromisoformat(row["day"]), str(row["name"])) for row in rows))
    except FileNotFoundError:
        return meetings_of_old_file(folder)
    except (KeyError, TypeError, ValueError):
        return ()


def meetings_of_old_file(folder: Path) -> tuple[Meeting, ...]:
    """The dates of meetings.toml; none where it is missing or cannot be read."""
    try:
        dates = tomllib.loads((folder / "meetings.toml").read_text("utf-8")).get("dates", [])
    except (FileNotFoundError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return ()
    given = dates if isinstance(dates, list) else [dates]
    return tuple(Meeting(day) for day in sorted({day for day in given if type(day) is dt.date}))


def write_meetings(folder: Path, meetings: Iterable[Meeting]) -> None:
    """Replace the copy; it appears whole or not at all."""
    rows = [{"day": meeting.day.isoformat(), "name": meeting.name} for meeting in sorted(meetings)]
    text = json.dumps({"meetings": rows}, ensure_ascii=False)
    write_whole(folder / MEETINGS_FILE, lambda part: part.write_text(text, "utf-8"))


FILE: Final = "annotations.jsonl"
_LONGEST_NAME: Final = 80


class AnnotationError(MessageError):
    """A note that cannot be kept, with the reason for the reader."""


def read_annotations(folder: Path) -> tuple[Annotation, ...]:
    """The notes that hold, by day; none where the file is missing. Lines that cannot be read are passed over."""
    held: dict[str, Annotation] = {}
    for what, _, note in annotation_history(folder):
        if what == "added":
            held[note.id] = note
        else:
            held.pop(note.id, None)
    return tuple(sorted(held.values(), key=lambda one: (one.start, one.id)))


def annotation_history(folder: Path) -> tuple[tuple[str, str, Annotation], ...]:
    """Everything that was "added" and "removed", and by whom, oldest first."""
    changes = []
    for line in (folder / FILE).read_bytes().split(b"\n") if (folder / FILE).exists() else ():
        with suppress(KeyError, TypeError, ValueError):  # a line that a full disk cut short, in the middle of a letter
            row = json.loads(line.decode("utf-8"))
            changes.append((str(row["what"]), str(row["who"]), _annotation(row)))
    return tuple(changes)


def add_annotation(
    folder: Path,
    start: dt.date,
    note: str,
    *,
    who: str,
    end: dt.date | None = None,
    kind: AnnotationKind = "other",
    category: str | None = None,
    source: str | None = None,
) -> Annotation:
    """Keep a note. AnnotationError where it has no text, too long a one, or ends before it begins."""
    text = " ".join(note.split())
    if not text or len(text) > LONGEST_NOTE:
        raise AnnotationError(
            Message("A note needs a text of at most {longest} characters.", {"longest": LONGEST_NOTE})
        )
    if end is not None and end < start:
        raise AnnotationError(Message("The note ends before it begins: {start} – {end}.", {"start": start, "end": end}))
    made = Annotation(secrets.token_hex(4), start, end, kind, text, category or None, source or None)
    _write(folder, "added", who, made)
    return made


def remove_annotation(folder: Path, annotation_id: str, *, who: str) -> Annotation:
    """Take a note away; it stays in the history. AnnotationError where none has this id."""
    for held in read_annotations(folder):
        if held.id == annotation_id:
            _write(folder, "removed", who, held)
            return held
    raise AnnotationError(
        Message("No note has the id {id}: “curim annotations list” shows them.", {"id": annotation_id})
    )


def _write(folder: Path, what: str, who: str, annotation: Annotation) -> None:
    row: dict[str, Any] = {
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "who": " ".join(who.split())[:_LONGEST_NAME],
        "what": what,
        **asdict(annotation),
    }
    with locked(folder / f"{FILE}.lock"), (folder / FILE).open("ab+") as handle:
        if handle.tell():
            handle.seek(-1, os.SEEK_END)
            if handle.read(1) != b"\n":  # the line before was cut short: this one is not to go with it
                handle.write(b"\n")
        handle.write(json.dumps(row, ensure_ascii=False, default=str).encode("utf-8") + b"\n")
        handle.flush()
        os.fsync(handle.fileno())


def _annotation(row: dict[str, Any]) -> Annotation:
    if row["kind"] not in KINDS:
        raise ValueError(f"no kind of note: {row['kind']!r}")
    end = dt.date.fromisoformat(row["end"]) if row["end"] else None
    start = dt.date.fromisoformat(row["start"])
    return Annotation(str(row["id"]), start, end, row["kind"], str(row["note"]), row["category"], row.get("source"))
