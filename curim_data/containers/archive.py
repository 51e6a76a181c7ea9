"""gzip and ZIP round a file of alerts: unpacked as a stream into a temporary folder, then opened like any other file.

Member names never become paths. The folder goes away with the opened file.
"""

from __future__ import annotations

import errno
import gzip
import lzma
import shutil
import struct
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO, Final

from curim_data.containers import base
from curim_data.model import Block, Facts, ImportProblem, Message, Question
from curim_data.model.questions import Choice
from curim_data.model.records import Opened

MAX_UNPACKED: Final = 100_000_000_000  # bytes of all that is in an archive
MAX_RATIO: Final = 1000  # unpacked bytes for each packed one, beyond FREE bytes
FREE: Final = 100_000_000
_DEEPEST: Final = 1
_BROKEN: Final = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile, struct.error, ValueError)
_NO_TABLES: Final = frozenset(
    {".pdf", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".doc", ".docx", ".htm", ".html", ".md", ".rtf", ".db", ".ini"}
)
_NO_NAMES: Final = ("readme", "license", "licence", "__macosx")
_TABLES: Final = frozenset({".csv", ".tsv", ".tab", ".xlsx", ".xls", ".ods", ".gz", ".zip", ".parquet", ".gpkg"})


# How a file that lies `depth` archives deep is opened: (path, name, sheet, depth).
Opener = Callable[[Path, str, str | None, int], Opened]


class Unpacked:
    """Files of an archive that were opened, read one after another with row numbers that run on: an `Opened`."""

    def __init__(self, facts: Facts, inner: Sequence[Opened], folder: Path) -> None:
        self.facts, self._inner = facts, tuple(inner)
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    def blocks(self) -> Iterator[Block]:
        """The records of all its files."""
        before = 0
        for opened in self._inner:
            read = 0
            for block in opened.blocks():
                read += block.read
                yield _moved(block, before) if before else block
            before += read


def _moved(block: Block, before: int) -> Block:
    refused = tuple(replace(record, row=record.row + before) for record in block.refused)
    return replace(block, rows=block.rows + before, refused=refused)


def open_gzip(source: Path | bytes, name: str, sheet: str | None, depth: int, open_inner: Opener) -> Opened:
    """Open what a gzip file holds, by `open_inner`. Raises what that raises, ImportProblem where it is damaged."""
    _refuse_deep(name, depth)
    sha256, size = base.digest(source, name)
    inner_name = name[:-3] if name.lower().endswith(".gz") else name
    with _folder() as folder:
        path = folder / f"0{_suffix(inner_name)}"
        room = _room(folder)
        with _reasons(name, "gzip"), base.stream(source) as packed, gzip.GzipFile(fileobj=packed) as handle:
            _unpack(handle, path, name, size, 0, room)
        inner = open_inner(path, inner_name, sheet, depth + 1)
        facts = replace(inner.facts, name=name, sha256=sha256, size=size, wrapped=("gz", *inner.facts.wrapped))
        return Unpacked(facts, (inner,), folder)


def open_zip(source: Path | bytes, name: str, sheet: str | None, depth: int, open_inner: Opener) -> Opened:
    """Open what a ZIP file is or holds: a workbook, a Shapefile, a table, or several of the same columns.

    Raises `Question` where it holds tables of different columns; `sheet` then names one of its files, or several with
    the same columns by a pattern with `*`. ImportProblem where it is damaged, locked, or too much.
    """
    with _reasons(name, "ZIP"), base.stream(source) as packed, zipfile.ZipFile(packed) as archive:
        names = {info.filename for info in archive.infolist()}
        kind = b""
        if {"mimetype", "content.xml"} <= names:
            with archive.open("mimetype") as member:
                kind = member.read(100)
    if b"spreadsheet" in kind or any(member.startswith("xl/") for member in names):
        from curim_data.containers.workbook import open_workbook

        return open_workbook(source, name, sheet)
    if kind or any(member.startswith(("word/", "ppt/")) for member in names):
        raise base.foreign_kind(name, "Office")
    if any(member.lower().endswith(".shp") for member in names):
        from curim_data.containers.vector import open_vector

        return open_vector(source, name, sheet, "shp")
    _refuse_deep(name, depth)
    return _open_members(source, name, sheet, depth, open_inner)


def _open_members(source: Path | bytes, name: str, sheet: str | None, depth: int, open_inner: Opener) -> Opened:
    sha256, size = base.digest(source, name)
    with _folder() as folder:
        with _reasons(name, "ZIP"), base.stream(source) as packed, zipfile.ZipFile(packed) as archive:
            members = [info for info in archive.infolist() if _may_hold_table(info)]
            names = tuple(info.filename for info in members)
            chosen = [
                info for info in members if sheet and (info.filename == sheet or fnmatchcase(info.filename, sheet))
            ]
            paths, before, room = {}, 0, _room(folder)
            if sum(info.file_size for info in chosen or members) > room:
                raise _no_room(name, room)
            for place, info in enumerate(chosen or members):
                _refuse_locked(info, name)
                path = folder / f"{place}{_suffix(info.filename)}"
                with archive.open(info) as handle:
                    before = _unpack(handle, path, name, size, before, room)
                paths[info.filename] = path
        if not paths:
            raise ImportProblem(
                Message("{name}: the ZIP file holds no table. Put the exported file into it.", {"name": name})
            )
        files = _open_all(paths, None if chosen else sheet, name, depth, open_inner)
        groups = _groups(files)
        if len(groups) > 1:
            raise _which(name, groups, names)
        first = next(iter(files.values()))
        facts = replace(first.facts, name=name, sha256=sha256, size=size, wrapped=("zip", *first.facts.wrapped))
        if len(names) > 1:
            facts = replace(facts, sheet=sheet if chosen and sheet else next(iter(files)), sheets=names)
        return Unpacked(facts, tuple(files.values()), folder)


def _open_all(
    paths: dict[str, Path], sheet: str | None, name: str, depth: int, open_inner: Opener
) -> dict[str, Opened]:
    """The files that hold records. Where none does, the first problem; a damaged table is never passed over."""
    files: dict[str, Opened] = {}
    problems: list[ImportProblem] = []
    for member, path in paths.items():
        try:
            shown = member if len(paths) > 1 else f"{name}/{member}"
            files[member] = open_inner(path, shown, sheet, depth + 1)
        except ImportProblem as problem:
            if len(paths) > 1 and not isinstance(problem, base.NoRecords) and _suffix(member) in _TABLES:
                raise
            problems.append(problem)
    if not files:
        raise problems[0]
    return files


def _groups(files: dict[str, Opened]) -> list[list[str]]:
    """Names of the files with the same columns, in their order."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for member, opened in files.items():
        groups.setdefault(opened.facts.labels, []).append(member)
    return list(groups.values())


def _which(name: str, groups: list[list[str]], names: Sequence[str]) -> Question:
    """The question which file to read, or which files of the same columns, as a pattern where one fits."""
    choices = []
    for group in groups:
        start = _common_start(group)
        rest = [member[len(start) :][::-1] for member in group]
        pattern = f"{start}*{_common_start(rest)[::-1]}"
        if len(group) > 1 and [member for member in names if fnmatchcase(member, pattern)] == group:
            label = Message("{pattern}: {count} files with the same columns", {"pattern": pattern, "count": len(group)})
            choices.append(Choice(pattern, label))
        else:
            choices += [Choice(member, Message("the file {member}", {"member": member})) for member in group]
    return Question(
        "sheet",
        "--sheet",
        Message("{name}: the ZIP file holds tables with different columns. Say which one to read.", {"name": name}),
        tuple(choices),
    )


def _common_start(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    same = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return first[:same]


def _may_hold_table(info: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(info.filename)
    if (
        not info.filename
        or info.filename.endswith("/")
        or path.name.startswith(".")
        or path.suffix.lower() in _NO_TABLES
    ):
        return False
    return not any(part.lower().startswith(_NO_NAMES) for part in path.parts)


def _suffix(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if suffix[1:].isalnum() and suffix.isascii() and len(suffix) < 10 else ""


@contextmanager
def _folder() -> Iterator[Path]:
    """A temporary folder that stays only where all went well."""
    folder = Path(tempfile.mkdtemp(prefix="curim-"))
    try:
        yield folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


@contextmanager
def _reasons(name: str, kind: str) -> Iterator[None]:
    """Say in words why an archive cannot be unpacked."""
    try:
        yield
    except ImportProblem:
        raise
    except _BROKEN as error:
        raise base.damaged(name, kind) from error
    except (NotImplementedError, RuntimeError) as error:
        raise ImportProblem(
            Message(
                "{name}: the {kind} file is packed in an unusual way. Unpack it and import what is in it.",
                {"name": name, "kind": kind},
            )
        ) from error
    except OSError as error:
        if error.errno == errno.EFBIG:  # more than a reader may write
            raise _far_too_large(name) from error
        raise ImportProblem(
            Message(
                "{name}: the file cannot be unpacked ({why}). Make room on the disk and import it again.",
                {"name": name, "why": error.strerror or str(error)},
            )
        ) from error


def _room(folder: Path) -> int:
    """Bytes that an archive may unpack to: half of what is free, so that archives read at once never fill the disk."""
    return shutil.disk_usage(folder).free // 2


def _unpack(handle: IO[bytes] | gzip.GzipFile, path: Path, name: str, packed: int, before: int, room: int) -> int:
    """Write what an archive holds to a file; how much was unpacked, with what was unpacked `before`.

    ImportProblem where it is more than an export of `packed` bytes may be, or than there is `room` for.
    """
    size = before
    with path.open("wb") as target:
        while part := handle.read(base.CHUNK):
            size += len(part)
            if size > MAX_UNPACKED or (size > FREE and size > MAX_RATIO * packed):
                raise _far_too_large(name)
            if size > room:
                raise _no_room(name, room)
            target.write(part)
    return size


def _far_too_large(name: str) -> ImportProblem:
    return ImportProblem(
        Message(
            "{name}: unpacked, the file would be far too large for an export. "
            "Unpack it yourself and look at what is in it.",
            {"name": name},
        )
    )


def _no_room(name: str, room: int) -> ImportProblem:
    return ImportProblem(
        Message(
            "{name}: unpacked, the file would take more than half of the free disk ({room} MB). Make room on the disk, "
            "or unpack it elsewhere and import the part that holds the alerts.",
            {"name": name, "room": room // 1_000_000},
        )
    )


def _refuse_locked(info: zipfile.ZipInfo, name: str) -> None:
    if info.flag_bits & 1:
        raise ImportProblem(
            Message(
                "{name}: the ZIP file is protected by a password. Unpack it and import what is in it.", {"name": name}
            )
        )


def _refuse_deep(name: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise ImportProblem(
            Message(
                "{name}: the archives lie one inside another too deep. Unpack them and import what is in them.",
                {"name": name},
            )
        )
