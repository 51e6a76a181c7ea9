"""Which reader a file needs, by its first bytes; gzip and ZIP round a file of alerts are unpacked into a temporary
folder, and what is in them is opened like any other file.

Member names never become paths.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
import re
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from curim_data.containers import base
from curim_data.containers.layers import check_beside, open_parquet, open_vector
from curim_data.containers.text import open_text, wide_codec
from curim_data.containers.trees import open_json, open_xml
from curim_data.containers.workbook import open_workbook
from curim_data.model import Block, Choice, ImportProblem, Message, Opened, Question

MAX_UNPACKED: Final = 100_000_000_000  # bytes of all that is in an archive
MAX_RATIO: Final = 1000  # unpacked bytes for each packed one, beyond FREE bytes
FREE: Final = 100_000_000
_DEEPEST: Final = 1
_BROKEN: Final = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile, struct.error, ValueError)
_NO_TABLES: Final = frozenset(
    {".pdf", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".doc", ".docx", ".htm", ".html", ".md", ".rtf", ".db", ".ini"}
)
_TABLES: Final = frozenset({".csv", ".tsv", ".tab", ".xlsx", ".xls", ".ods", ".gz", ".zip", ".parquet", ".gpkg"})
_FOREIGN: Final = (
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"%PDF", "PDF"),
    (b"{\\rtf", "RTF"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!\x1a\x07", "RAR"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"ustar", "tar"),  # not at the beginning
)


def open_table(source: Path, name: str, sheet: str | None = None, *, one_column: bool = False) -> Opened:
    """Open a file of records in this process. `Question` or ImportProblem where that is not possible.

    With `one_column`, a text or sheet of a single column, in which nobody sees a table, is one.
    """
    opened = _open(source, name, sheet, least=1 if one_column else 2)
    if len(opened.facts.labels) > base.MAX_COLUMNS:
        raise base.refusal("too_many_columns", name, most=base.MAX_COLUMNS)
    with source.open("rb") as handle:
        sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
    facts = replace(opened.facts, name=name, sha256=sha256, size=source.stat().st_size)
    return base.TableFile(facts, opened.blocks)


def _open(source: Path, name: str, sheet: str | None, least: int = 2, depth: int = 0) -> Opened:
    """Open a file that lies `depth` archives deep, of so many columns at least."""
    if source.exists() and not (source.is_file() or source.is_dir()):
        raise base.refusal("not_a_file", name)
    head = base.head_of(source, name)
    if not head:
        raise base.refusal("empty_file", name)
    for signature, kind in _FOREIGN:
        if head.startswith(signature) or (kind == "tar" and head[257:262] == signature):
            raise base.refusal("foreign_kind", name, kind=kind)
    openers: tuple[tuple[bool, Callable[[], Opened]], ...] = (
        (head.startswith((b"PK\x03\x04", b"PK\x05\x06")), lambda: _open_zip(source, name, sheet, least, depth)),
        (head.startswith(b"\x1f\x8b"), lambda: _open_gzip(source, name, sheet, depth)),
        (head.startswith(b"\xd0\xcf\x11\xe0"), lambda: open_workbook(source, name, sheet, least)),
        (head.startswith(b"SQLite format 3"), lambda: open_vector(source, name, sheet, "gpkg")),
        (_shapefile_part(name, head), lambda: open_vector(check_beside(source, name), name, sheet, "shp")),
        (head.startswith(b"PAR1"), lambda: open_parquet(source, name)),
    )
    opener = next((opener for fits, opener in openers if fits), None)
    return opener() if opener else _open_text(source, name, sheet, head, least)


def _shapefile_part(name: str, head: bytes) -> bool:
    """Whether a file is a part of a Shapefile that lies outside a ZIP: its points or their index, or its table.

    A table of dBase begins with a byte for its version, and the year, month and day of its last change.
    """
    dated = len(head) > 32 and 1 <= head[2] <= 12 and 1 <= head[3] <= 31
    table = Path(name).suffix.lower() == ".dbf" and head[:1] in b"\x02\x03\x30\x31\x83\x8b\xf5" and dated
    return table or head.startswith(b"\x00\x00\x27\x0a")


def _open_text(source: Path, name: str, sheet: str | None, head: bytes, least: int) -> Opened:
    """Open a text: JSON, XML or a table with delimiters."""
    start = head.decode(wide_codec(head) or "utf-8", "ignore").lstrip("\ufeff \t\r\n")
    if re.match(r"""\{\s*["}]|\[\s*(?:[\[\]{"\-\d]|null\b|true\b|false\b)""", start):
        return open_json(source, name, sheet)
    if re.match(r"<(?:!doctype html|html|head|body|table|meta)\b", start, flags=re.I):
        raise base.refusal("foreign_kind", name, kind="HTML")
    return (
        open_xml(source, name, sheet)
        if re.match(r"<(?:\?xml\b|!--|!doctype\b|[^\W\d][\w.:-]*[\s/>])", start, flags=re.I)
        else open_text(source, name, least)
    )


def _unpacked(
    kind: str, opened: Iterable[Opened], folder: tempfile.TemporaryDirectory[str], **more: Any
) -> base.TableFile:
    """Files of an archive that were opened, read one after another with row numbers that run on; `more`: of its facts.

    The folder goes away with what is returned.
    """
    files = tuple(opened)
    first = files[0].facts

    def blocks(_: object = folder) -> Iterator[Block]:
        before = 0
        for one in files:
            read = 0
            for block in one.blocks():
                read += block.read
                refused = tuple(replace(record, row=record.row + before) for record in block.refused)
                yield replace(block, rows=block.rows + before, refused=refused)
            before += read

    return base.TableFile(replace(first, wrapped=(kind, *first.wrapped), **more), blocks)


def _open_gzip(source: Path, name: str, sheet: str | None, depth: int) -> Opened:
    if depth > _DEEPEST:
        raise base.refusal("too_deep", name)
    inner = name[:-3] if name.lower().endswith(".gz") else name
    folder = tempfile.TemporaryDirectory(prefix="curim-")
    path = Path(folder.name) / f"0{base.ending(inner)}"
    with _reasons(name, "gzip"), gzip.open(source) as handle:
        _unpack(handle, path, name, source.stat().st_size, 0, shutil.disk_usage(path.parent).free // 2)
    return _unpacked("gz", [_open(path, inner, sheet, depth=depth + 1)], folder)


def _open_zip(source: Path, name: str, sheet: str | None, least: int, depth: int) -> Opened:
    """Open what a ZIP file is or holds: a workbook, a Shapefile, a table, or several of the same columns.

    `Question` where it holds tables of different columns; `sheet` then names one of its files, or several with the same
    columns by a pattern with `*`.
    """
    with _reasons(name, "ZIP"), zipfile.ZipFile(source) as archive:
        names = set(archive.namelist())
        kind = b""
        if {"mimetype", "content.xml"} <= names:
            with archive.open("mimetype") as member:
                kind = member.read(100)
    if b"spreadsheet" in kind or any(member.startswith("xl/") for member in names):
        return open_workbook(source, name, sheet, least)
    if kind or any(member.startswith(("word/", "ppt/")) for member in names):
        raise base.refusal("foreign_kind", name, kind="Office")
    if any(member.lower().endswith(".shp") for member in names):
        return open_vector(source, name, sheet, "shp")
    if depth > _DEEPEST:
        raise base.refusal("too_deep", name)
    return _open_members(source, name, sheet, depth)


def _open_members(source: Path, name: str, sheet: str | None, depth: int) -> Opened:
    folder = tempfile.TemporaryDirectory(prefix="curim-")
    with _reasons(name, "ZIP"), zipfile.ZipFile(source) as archive:
        members = [info for info in archive.infolist() if _may_hold_table(info)]
        chosen = [info for info in members if sheet and (info.filename == sheet or fnmatchcase(info.filename, sheet))]
        paths = _unpack_members(archive, chosen or members, Path(folder.name), name, source.stat().st_size)
    if not paths:
        raise base.refusal("no_table_in_zip", name)
    files = _open_all(paths, None if chosen else sheet, name, depth)
    names = tuple(info.filename for info in members)
    groups: dict[tuple[str, ...], list[str]] = {}  # names of the files with the same columns, in their order
    for member, opened in files.items():
        groups.setdefault(opened.facts.labels, []).append(member)
    if len(groups) > 1:
        raise _which(name, list(groups.values()), names)
    named = {"sheet": sheet if chosen and sheet else next(iter(files)), "sheets": names} if len(names) > 1 else {}
    return _unpacked("zip", files.values(), folder, **named)


def _unpack_members(
    archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo], folder: Path, name: str, packed: int
) -> dict[str, Path]:
    """Unpack some members of a ZIP file: where each lies, by its name."""
    paths, before, room = {}, 0, shutil.disk_usage(folder).free // 2  # so that archives read at once never fill it
    if sum(info.file_size for info in members) > room:
        raise base.refusal("unpacked_too_large", name, room=room // 1_000_000)
    for place, info in enumerate(members):
        if info.flag_bits & 1:
            raise base.refusal("password", name)
        paths[info.filename] = folder / f"{place}{base.ending(info.filename)}"
        with archive.open(info) as handle:
            before = _unpack(handle, paths[info.filename], name, packed, before, room)
    return paths


def _open_all(paths: dict[str, Path], sheet: str | None, name: str, depth: int) -> dict[str, Opened]:
    """The files that hold records. Where none does, the first problem; a damaged table is never passed over."""
    files: dict[str, Opened] = {}
    problems: list[ImportProblem] = []
    for member, path in paths.items():
        try:
            shown = member if len(paths) > 1 else f"{name}/{member}"
            files[member] = _open(path, shown, sheet, depth=depth + 1)
        except ImportProblem as problem:
            if len(paths) > 1 and not isinstance(problem, base.NoRecords) and base.ending(member) in _TABLES:
                raise
            problems.append(problem)
    if not files:
        raise problems[0]
    return files


def _which(name: str, groups: list[list[str]], names: Sequence[str]) -> Question:
    """The question which file to read, or which files of the same columns, as a pattern where one fits."""
    choices = []
    for group in groups:
        start = os.path.commonprefix(group)  # noqa: RUF071 - of letters, not of folders
        rest = [member[len(start) :][::-1] for member in group]
        pattern = f"{start}*{os.path.commonprefix(rest)[::-1]}"  # noqa: RUF071
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


def _may_hold_table(info: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(info.filename)
    hidden = not path.name or info.is_dir() or path.name.startswith(".") or path.suffix.lower() in _NO_TABLES
    return not hidden and not any(
        part.lower().startswith(("readme", "license", "licence", "__macosx")) for part in path.parts
    )


@contextmanager
def _reasons(name: str, kind: str) -> Iterator[None]:
    """Say in words why an archive cannot be unpacked; that the disk is full, is said elsewhere."""
    try:
        yield
    except ImportProblem:
        raise
    except _BROKEN as error:
        raise base.refusal("damaged", name, kind=kind) from error
    except (NotImplementedError, RuntimeError) as error:
        raise base.refusal("packed_unusually", name, kind=kind) from error


def _unpack(handle: IO[bytes] | gzip.GzipFile, path: Path, name: str, packed: int, before: int, room: int) -> int:
    """Write what an archive holds to a file; how much was unpacked, with what was unpacked `before`.

    ImportProblem where it is more than an export of `packed` bytes may be, or than there is `room` for.
    """
    size, most = before, min(MAX_UNPACKED, max(FREE, MAX_RATIO * packed))
    with path.open("wb") as target:
        while part := handle.read(base.CHUNK):
            size += len(part)
            if size > most:
                raise base.refusal("too_much", name, limit=f"{most // 1_000_000} MB")
            if size > room:
                raise base.refusal("unpacked_too_large", name, room=room // 1_000_000)
            target.write(part)
    return size
