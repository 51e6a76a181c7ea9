"""From bytes to lines of UTF-8, piece by piece, and the encoding of a text file decided over all of it.

A first pass (`scan`) reads the file once: its SHA-256, its size, and whether it is UTF-8. Only where it is not, a
second one weighs which lines are UTF-8 and whether the others are Greek or Latin.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import string
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from curim_data.containers.base import BLOCK_BYTES, MAX_LINE, empty_file, pieces
from curim_data.containers.prefetch import prefetch
from curim_data.model import ImportProblem, Message

_BLANK: Final = b"\xef\xbb\xbf\xff\xfe \t\r\n\0"
_WORD: Final = re.compile(r"[^\W_]|[^\x00-\x7f]")
_WIDE_START: Final = 4096
_MOST_ZEROS: Final = 0.5  # of the lines at the start that hold zeros: in a text few do
_WIDE_SHARE: Final = 0.3  # of the characters at the start that are ASCII, for UTF-16 without byte order mark
REPAIRED: Final = "\0"  # put into lines that are repaired: zeros stand for nothing, and other ones are left out
UNREADABLE: Final = "\0\0"

_ASCII: Final = string.ascii_letters.encode()
_CONTROLS: Final = bytes(range(0x80, 0xA0))
_BEYOND: Final = bytes(range(0xC0, 0x100))  # letters in windows-1253, ISO-8859-7 and their Latin kin
_KINDS: Final = bytes.maketrans(_ASCII + _CONTROLS + _BEYOND, b"a" * 52 + b"c" * 32 + b"G" * len(_BEYOND))


@dataclass(frozen=True)
class ScannedText:
    """What the first pass over a text file found.

    `wide` is the codec of two-byte text, empty for others; `mend`: some lines cannot be read as they stand.
    """

    sha256: str
    size: int
    encoding: str
    wide: str
    mend: bool


def scan(source: Path | bytes, head: bytes, name: str) -> ScannedText:
    """Read the whole file once. ImportProblem where it is empty, no text, or has an endless line."""
    wide = wide_codec(head)
    if not wide and _is_binary(head):
        raise ImportProblem(
            Message("{name}: this is not a text file (it holds zero bytes). Export the alerts as CSV.", {"name": name})
        )
    seen, size = hashlib.sha256(), 0

    def counted() -> Iterator[bytes]:
        nonlocal size
        for piece in pieces(source, name, BLOCK_BYTES):
            seen.update(piece)
            size += len(piece)
            yield piece

    clean, blank, zeros = True, True, False
    for piece in lines(prefetch(counted()), wide, name):
        blank = blank and not piece.strip(_BLANK)
        clean = clean and is_utf8(piece)
        zeros = zeros or b"\0" in piece
    if blank:
        raise empty_file(name)
    marked = head.startswith(codecs.BOM_UTF8)
    encoding = "" if clean or marked else _one_byte_encoding(source, name)
    told = encoding or wide or ("utf-8-sig" if marked else "utf-8")
    return ScannedText(seen.hexdigest(), size, told, wide, zeros or not clean)


def _is_binary(head: bytes) -> bool:
    """Whether most lines at the start hold zeros before their end; in a text a few may, and a hole of many zeros."""
    rows = head.rstrip(b"\0").splitlines()
    return sum(b"\0" in row for row in rows) > _MOST_ZEROS * len(rows)


def wide_codec(head: bytes) -> str:
    """The codec of two-byte text: by its byte order mark, or by zeros in every second byte of the start; else empty."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    start = head[:_WIDE_START].rstrip(b"\0")
    first, second = start[::2].count(0), start[1::2].count(0)
    if bool(first) == bool(second) or first + second < _WIDE_SHARE * (len(start) // 2):
        return ""
    return "utf-16-be" if first else "utf-16-le"


def lines(raw: Iterator[bytes], wide: str, name: str) -> Iterator[bytes]:
    """Pieces of whole lines, about as many bytes as come at once, with neither byte order mark nor zeros at the end.

    Lines end as they do in the file (`line_feeds` makes it LF). Two-byte text comes as UTF-8, other text in its own
    bytes. ImportProblem at a line longer than `MAX_LINE`.
    """
    rest, mark = b"", codecs.BOM_UTF8
    for piece in _without_padding(_narrow(raw, wide, name) if wide else raw):
        text = rest + piece if rest else piece
        at, end = 0, _line_end(text, 0, len(text) - text.endswith(b"\r"))  # the LF of a CR may come with the next piece
        while len(text) - at > MAX_LINE + 1:
            at = _line_end(text, at, at + MAX_LINE + 1)
            if not at:
                raise ImportProblem(
                    Message(
                        "{name}: a single line is longer than {limit} characters, so this is not a table of alerts. "
                        "Export the file again as CSV with one alert on each line.",
                        {"name": name, "limit": MAX_LINE},
                    )
                )
        rest = text[end:]
        piece = text[:end] if end < len(text) else text
        del text  # a block's worth of memory while somebody works on what is given
        if piece:
            yield piece.removeprefix(mark)
            mark = b""
    if rest:
        yield rest.removeprefix(mark)


def line_feeds(text: bytes) -> bytes:
    """The text with LF in place of CR LF and of CR."""
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text


def _line_end(text: bytes, start: int, stop: int) -> int:
    """Where the last line ends that ends between two places; 0 where none does."""
    return max(text.rfind(b"\n", start, stop), text.rfind(b"\r", start, stop)) + 1


def _without_padding(raw: Iterator[bytes]) -> Iterator[bytes]:
    """Zeros are held back until something follows them."""
    zeros = 0
    for piece in raw:
        text = piece.rstrip(b"\0")
        if text:
            yield bytes(zeros) + text if zeros else text
            zeros = 0
        zeros += len(piece) - len(text)


def _narrow(raw: Iterator[bytes], wide: str, name: str) -> Iterator[bytes]:
    try:
        yield from (text.encode() for text in codecs.iterdecode(raw, wide))
    except UnicodeError as error:
        raise ImportProblem(
            Message("{name}: the file says UTF-16 but is cut short. Export it again.", {"name": name})
        ) from error


def is_utf8(text: bytes) -> bool:
    """Whether the bytes are valid UTF-8."""
    if text.isascii():
        return True
    offsets = pa.py_buffer(np.array([0, len(text)], np.int64))
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, pa.py_buffer(text)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _one_byte_encoding(source: Path | bytes, name: str) -> str:
    """The encoding of a text with bytes beyond ASCII that are no UTF-8; empty where more of its lines are UTF-8.

    Greek words are runs of letters beyond ASCII; in Latin ones such a letter stands beside ASCII letters. Where the
    same bytes mean the same, the standard encoding is named. Windows-1253 and ISO-8859-7 differ in the place of capital
    alpha with accent (A2, B6) and in 80-9F.
    """
    seen: Counter[str] = Counter()
    for piece in lines(pieces(source, name, BLOCK_BYTES), "", name):
        beyond = [line for line in piece.splitlines() if not line.isascii()]
        others = b"\n".join(line for line in beyond if not _decoded(line, "utf-8"))
        kinds = others.translate(_KINDS)
        seen.update(
            lines=len(beyond), others=others.count(b"\n") + bool(others), controls=kinds.count(b"c"),
            greek=kinds.count(b"GG"), latin=kinds.count(b"aG") + kinds.count(b"Ga"),
            a2=others.count(b"\xa2"), b6=others.count(b"\xb6"),
        )  # fmt: skip
    if 2 * seen["others"] < seen["lines"]:
        return ""
    if seen["latin"] > seen["greek"]:
        return "cp1252" if seen["controls"] else "iso-8859-1"
    return "iso-8859-7" if seen["b6"] > seen["a2"] and not seen["controls"] else "cp1253"


def as_utf8(piece: bytes, encoding: str) -> bytes:
    """Whole lines as UTF-8; `REPAIRED` or `UNREADABLE` stand in those that cannot be read as they stand.

    A line is repaired where zeros, which stand for nothing, are left out of it, or where it is no UTF-8 in a file that
    is, so that it is read as windows-1253. A line that cannot be read keeps U+FFFD.
    """
    codec = "utf-8" if encoding.startswith("utf") else encoding  # the wide ones have been made UTF-8
    if b"\0" not in piece and (text := _decoded(piece, codec)) is not None:
        return text.encode()
    plain = (line if line.isascii() and b"\0" not in line else _mended(line, codec) for line in piece.split(b"\n"))
    return b"\n".join(plain)


def _mended(line: bytes, codec: str) -> bytes:
    """One line as UTF-8, its mark before the first letter: inside whatever field holds it, not at its quotes."""
    bare = line.replace(b"\0", b"")
    text, mark = _decoded(bare, codec), REPAIRED if len(bare) < len(line) else ""
    if text is None:
        codec = "cp1253" if codec == "utf-8" else codec
        text, mark = _decoded(bare, codec), REPAIRED
    if text is None:
        text, mark = bare.decode(codec, "replace"), UNREADABLE
    found = _WORD.search(text)
    at = found.start() if found else len(text)
    return f"{text[:at]}{mark}{text[at:]}".encode()


def _decoded(text: bytes, codec: str) -> str | None:
    try:
        return text.decode(codec)
    except UnicodeDecodeError:
        return None
