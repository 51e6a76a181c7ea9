"""From bytes to text: the file read piece by piece, refused early where it is no text, its encoding decided."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from curim_data.i18n import Message
from curim_data.reasons import ImportProblem

MAX_BYTES: Final = 1_000_000_000
MAX_LINE: Final = 1_000_000
CHUNK: Final = 1 << 20
REPAIRED, UNREADABLE = "\ue000", "\ue001"  # private-use marks: the row was read as windows-1253, or not at all
_BLANK: Final = b"\xef\xbb\xbf\xff\xfe \t\r\n\0"
_SIGNATURES: Final = {
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"%PDF": "PDF",
    b"PK\x03\x04": "ZIP or Excel",
    b"\x1f\x8b": "gzip",
    b"\xd0\xcf\x11\xe0": "Excel 97",
    b"SQLite format 3": "SQLite or GeoPackage",
    b"PAR1": "Parquet",
}


def load(source: Path | bytes, name: str) -> bytes:
    """The whole file, read piece by piece so that an endless line is refused before it is in memory."""
    parts: list[bytes] = []
    size = line = 0
    for part in _pieces(source, name):
        if not parts:
            _refuse_foreign(part, name)
        size += len(part)
        first, last = part.find(b"\n"), part.rfind(b"\n")
        longest = line + (first if first >= 0 else len(part))
        line = len(part) - last - 1 if last >= 0 else longest
        if longest > MAX_LINE or line > MAX_LINE:
            raise ImportProblem(
                Message(
                    "{name}: a single line is longer than {limit} characters, so this is not a table of alerts. "
                    "Export the file again as CSV with one alert on each line.",
                    {"name": name, "limit": MAX_LINE},
                )
            )
        if size > MAX_BYTES:
            raise ImportProblem(
                Message(
                    "{name}: the file is larger than {limit} MB. Split it, for instance by year, and import the parts.",
                    {"name": name, "limit": MAX_BYTES // 1_000_000},
                )
            )
        parts.append(part)
    data = b"".join(parts)
    if not data[:CHUNK].strip(_BLANK) and not data.strip(_BLANK):
        raise ImportProblem(Message("{name}: the file is empty. Export it again.", {"name": name}))
    return data


def _pieces(source: Path | bytes, name: str) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield from (source[at : at + CHUNK] for at in range(0, len(source), CHUNK))
        return
    try:
        with source.open("rb") as handle:
            while part := handle.read(CHUNK):
                yield part
    except OSError as error:
        raise ImportProblem(
            Message(
                "{name}: the file cannot be opened ({why}). Check its path and its permissions.",
                {"name": name, "why": error.strerror or str(error)},
            )
        ) from error


def _refuse_foreign(head: bytes, name: str) -> None:
    for signature, kind in _SIGNATURES.items():
        if head.startswith(signature):
            raise ImportProblem(
                Message(
                    "{name}: this is a {kind} file, not a CSV file, whatever its name says. Export the alerts as CSV.",
                    {"name": name, "kind": kind},
                )
            )
    if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ImportProblem(
            Message("{name}: this is not a text file (it holds zero bytes). Export the alerts as CSV.", {"name": name})
        )


def decode(data: bytes, name: str) -> tuple[bytes, str]:
    """The text as UTF-8 with LF line ends, and the encoding that was found over the whole file."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return _tidy(data.decode("utf-16").encode()), "utf-16"
        except UnicodeDecodeError as error:
            raise ImportProblem(
                Message("{name}: the file says UTF-16 but is cut short. Export it again.", {"name": name})
            ) from error
    marked = data.startswith(b"\xef\xbb\xbf")
    body = data[3:] if marked else data
    try:
        body.decode("utf-8")
        return _tidy(body), "utf-8-sig" if marked else "utf-8"
    except UnicodeDecodeError:
        lines = _tidy(body).split(b"\n")
    odd = {at for at, line in enumerate(lines) if not line.isascii()}
    bad = {at for at in odd if not _is_utf8(lines[at])}
    if marked or len(bad) < len(odd - bad):
        for at in bad:
            lines[at] = _as_greek(lines[at])
        return b"\n".join(lines), "utf-8-sig" if marked else "utf-8"
    greek = _greek_encoding(body)
    for at in odd:
        try:
            lines[at] = lines[at].decode(greek).encode()
        except UnicodeDecodeError:
            lines[at] = _mark(lines[at].decode(greek, "replace"), UNREADABLE)
    return b"\n".join(lines), greek


def _tidy(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _as_greek(line: bytes) -> bytes:
    """A line that is not UTF-8, read as windows-1253 and marked so; marked unreadable where that fails too."""
    try:
        return _mark(line.decode("cp1253"), REPAIRED)
    except UnicodeDecodeError:
        return _mark(line.decode("cp1253", "replace"), UNREADABLE)


def _mark(line: str, mark: str) -> bytes:
    """Put the mark before the first character beyond ASCII, so inside whatever field holds it."""
    at = next(place for place, character in enumerate(line) if ord(character) > 127)
    return (line[:at] + mark + line[at:]).encode()


def _greek_encoding(body: bytes) -> str:
    """Windows-1253 or ISO-8859-7: they differ in the place of capital alpha with accent (A2, B6) and in 80-9F."""
    counts = np.bincount(np.frombuffer(body, np.uint8), minlength=256)
    return "iso-8859-7" if counts[0xB6] > counts[0xA2] and not counts[0x80:0xA0].any() else "cp1253"
