"""From bytes to lines of UTF-8, piece by piece, and the encoding of a text file decided over all of it.

A first pass (`scan`) reads the file once: its SHA-256, its size, and whether it is UTF-8. Only where it is not, a
second one weighs which lines are UTF-8 and whether the others are Greek or Latin.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from curim_data.containers.base import BLOCK_BYTES, MAX_LINE, empty_file, pieces
from curim_data.containers.prefetch import prefetch
from curim_data.model import ImportProblem, Message

_UTF8: Final = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")  # the wide ones have been made UTF-8
_BOM: Final = b"\xef\xbb\xbf"
_BLANK: Final = b"\xef\xbb\xbf\xff\xfe \t\r\n\0"
_PRIVATE: Final = (
    "\ue4c7",
    "\ue93a",
    "\uecd1",
    "\uf08e",
    "\uf35b",
    "\uf6e2",
)  # two that a file does not hold mark lines
_WORD: Final = re.compile(rb"[0-9A-Za-z]")
_SHORT: Final = 4096  # bytes that Python checks faster than Arrow
_WIDE_START: Final = 4096
_MOST_ZEROS: Final = 0.5  # of the lines at the start that hold zeros: in a text few do
_WIDE_SHARE: Final = 0.3  # of the characters at the start that are ASCII, for UTF-16 without byte order mark

_LETTER: Final = np.zeros(256, bool)  # letters beyond ASCII in windows-1253 and ISO-8859-7
_LETTER[0xC0:] = True
_LETTER[[0xA2, 0xB6, 0xB8, 0xB9, 0xBA, 0xBC, 0xBE, 0xBF]] = True
_ASCII: Final = np.zeros(256, bool)
_ASCII[ord("A") : ord("Z") + 1] = True
_ASCII[ord("a") : ord("z") + 1] = True


@dataclass(frozen=True)
class LineFlags:
    """Two private-use characters that occur nowhere in the file: put into lines that are repaired or unreadable.

    A line is repaired where it was read in another encoding than the file's, or where zeros were left out of it.
    """

    repaired: str
    unreadable: str


@dataclass(frozen=True)
class ScannedText:
    """What the first pass over a text file found.

    `wide` is the codec of two-byte text, empty for others; `marks` are none where all of it can be read as it stands.
    """

    sha256: str
    size: int
    encoding: str
    wide: str = ""
    marks: LineFlags | None = None


def scan(source: Path | bytes, head: bytes, name: str) -> ScannedText:
    """Read the whole file once. ImportProblem where it is empty, no text, or has an endless line."""
    wide = wide_codec(head)
    if not wide and _is_binary(head):
        raise ImportProblem(
            Message("{name}: this is not a text file (it holds zero bytes). Export the alerts as CSV.", {"name": name})
        )
    hashed = _Hashed(source, name)
    clean, blank, zeros = True, True, False
    for piece in lines(hashed, wide, name):
        blank = blank and not piece.strip(_BLANK)
        clean = clean and is_utf8(piece)
        zeros = zeros or b"\0" in piece
    if blank:
        raise empty_file(name)
    seen = (hashed.seen.hexdigest(), hashed.size)
    marked = wide or ("utf-8-sig" if head.startswith(_BOM) else "utf-8")
    if clean and not zeros:
        return ScannedText(*seen, marked, wide)
    weights = _weigh(source, wide, name)
    utf8 = clean or marked == "utf-8-sig" or weights.bad < weights.good
    return ScannedText(*seen, marked if utf8 else weights.encoding(), wide, weights.marks())


def _is_binary(head: bytes) -> bool:
    """Whether most lines at the start hold zeros before their end; in a text a few may, and a hole of many zeros."""
    body = head.rstrip(b"\0")
    if b"\0" not in body:
        return False
    rows = body.splitlines()
    return sum(b"\0" in row for row in rows) > _MOST_ZEROS * len(rows)


@dataclass
class _Hashed:
    """The pieces of a source, counted and hashed as they pass."""

    source: Path | bytes
    name: str
    size: int = 0
    seen: hashlib._Hash = field(default_factory=hashlib.sha256)

    def __call__(self, size: int) -> Iterator[bytes]:
        for piece in pieces(self.source, self.name, size):
            self.seen.update(piece)
            self.size += len(piece)
            yield piece


def wide_codec(head: bytes) -> str:
    """The codec of two-byte text: by its byte order mark, or by zeros in every second byte of the start; else empty."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    start = head[:_WIDE_START].rstrip(b"\0")
    if b"\0" not in start:
        return ""
    pairs = np.frombuffer(start[: len(start) // 2 * 2], np.uint8).reshape(-1, 2)
    zeros = (pairs == 0).mean(axis=0) if len(pairs) else np.zeros(2)
    if zeros[1] >= _WIDE_SHARE and zeros[0] == 0:
        return "utf-16-le"
    if zeros[0] >= _WIDE_SHARE and zeros[1] == 0:
        return "utf-16-be"
    return ""


def lines(source: Path | bytes | _Hashed, wide: str, name: str, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Pieces of whole lines, about `size` bytes each, with neither byte order mark nor zeros at the end.

    Lines end as they do in the file (`line_feeds` makes it LF). Two-byte text comes as UTF-8, other text in its own
    bytes. ImportProblem at a line longer than `MAX_LINE`.
    """
    raw = prefetch(source(size)) if isinstance(source, _Hashed) else pieces(source, name, size)
    rest = b""
    for piece in _without_padding(_narrow(raw, wide, name) if wide else _without_mark(raw)):
        text = rest + piece if rest else piece
        whole = len(text) - text.endswith(b"\r")  # the LF of a CR may come with the next piece
        end = _line_end(text, 0, whole)
        rest = text[end:]
        if len(rest) > MAX_LINE + 1:
            raise _endless(name)
        at = 0
        while end - at > MAX_LINE:
            at = _line_end(text, at, at + MAX_LINE + 1)
            if not at:
                raise _endless(name)
        piece = text[:end] if end < len(text) else text
        del text  # a block's worth of memory while somebody works on what is given
        if end:
            yield piece
    if rest:
        yield rest


def line_feeds(text: bytes) -> bytes:
    """The text with LF in place of CR LF and of CR."""
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text


def _line_end(text: bytes, start: int, stop: int) -> int:
    """Where the last line ends that ends between two places; 0 where none does."""
    return max(text.rfind(b"\n", start, stop), text.rfind(b"\r", start, stop)) + 1


def _endless(name: str) -> ImportProblem:
    return ImportProblem(
        Message(
            "{name}: a single line is longer than {limit} characters, so this is not a table of alerts. "
            "Export the file again as CSV with one alert on each line.",
            {"name": name, "limit": MAX_LINE},
        )
    )


def _without_mark(raw: Iterator[bytes]) -> Iterator[bytes]:
    start, begun = b"", False
    for piece in raw:
        if begun:
            yield piece
            continue
        start += piece
        if len(start) >= len(_BOM):
            begun = True
            yield start.removeprefix(_BOM)
    if not begun:
        yield start.removeprefix(_BOM)


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
    decoder = codecs.getincrementaldecoder(wide)()
    try:
        for piece in raw:
            yield decoder.decode(piece).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise ImportProblem(
            Message("{name}: the file says UTF-16 but is cut short. Export it again.", {"name": name})
        ) from error


def is_utf8(text: bytes) -> bool:
    """Whether the bytes are valid UTF-8."""
    if text.isascii():
        return True
    if len(text) < _SHORT:
        try:
            text.decode()
        except UnicodeDecodeError:
            return False
        return True
    offsets = pa.py_buffer(np.array([0, len(text)], np.int64))
    try:
        pa.Array.from_buffers(pa.large_string(), 1, [None, offsets, pa.py_buffer(text)]).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


@dataclass
class _Weights:
    """Lines beyond ASCII that are UTF-8 and that are not; letters in Greek words and in Latin ones; single bytes."""

    good: int = 0
    bad: int = 0
    greek: int = 0
    latin: int = 0
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(256, np.int64))
    free: list[str] = field(default_factory=lambda: list(_PRIVATE))

    def encoding(self) -> str:
        """The one-byte encoding. Where the same bytes mean the same, the standard one is named.

        Windows-1253 and ISO-8859-7 differ in the place of capital alpha with accent (A2, B6) and in 80-9F.
        """
        controls = bool(self.counts[0x80:0xA0].any())
        if self.latin > self.greek:
            return "cp1252" if controls else "iso-8859-1"
        return "iso-8859-7" if self.counts[0xB6] > self.counts[0xA2] and not controls else "cp1253"

    def marks(self) -> LineFlags:
        """Two private-use characters that the file does not hold itself."""
        free = list(dict.fromkeys([*self.free, *_PRIVATE]))
        return LineFlags(free[0], free[1])


def _weigh(source: Path | bytes, wide: str, name: str) -> _Weights:
    """Greek words are runs of letters beyond ASCII; in Latin ones such a letter stands beside ASCII letters."""
    weights = _Weights()
    for piece in lines(source, wide, name):
        if piece.isascii():
            continue
        piece = line_feeds(piece)
        codes = np.frombuffer(piece, np.uint8)
        good, bad = _count_utf8_lines(piece, codes)
        weights.good += good
        weights.bad += bad
        weights.free = [mark for mark in weights.free if mark.encode() not in piece]
        weights.counts += np.bincount(codes, minlength=256)
        letter, ascii_ = _LETTER[codes], _ASCII[codes]
        weights.greek += int(np.count_nonzero(letter[1:-1] & letter[:-2] & letter[2:]))
        weights.latin += int(np.count_nonzero(letter[1:-1] & (ascii_[:-2] | ascii_[2:])))
    return weights


def _count_utf8_lines(piece: bytes, codes: npt.NDArray[np.uint8]) -> tuple[int, int]:
    """How many lines beyond ASCII are UTF-8, and how many are not: none without a first byte and one that follows."""
    ends = np.append(np.flatnonzero(codes == ord("\n")), len(piece))
    beyond, possible = np.zeros(len(ends), bool), np.zeros(len(ends), bool)
    beyond[np.searchsorted(ends, np.flatnonzero(codes >= 0x80))] = True
    pairs = np.flatnonzero((codes[:-1] >= 0xC2) & (codes[1:] >= 0x80) & (codes[1:] < 0xC0))
    possible[np.searchsorted(ends, pairs)] = True
    good = sum(is_utf8(piece[int(ends[at - 1]) + 1 if at else 0 : int(ends[at])]) for at in np.flatnonzero(possible))
    return good, int(np.count_nonzero(beyond)) - good


def as_utf8(piece: bytes, encoding: str, marks: LineFlags | None) -> bytes:
    """Whole lines as UTF-8; `marks` stand in those that were repaired or cannot be read.

    In a UTF-8 file a line that is none is read as windows-1253; a line that cannot be read keeps U+FFFD. Zeros, which
    stand for nothing, are left out.
    """
    if marks is None:
        return piece
    text = _decoded(piece, encoding, marks)
    if b"\0" not in text:
        return text
    return b"\n".join(_without_zeros(line, marks) if b"\0" in line else line for line in text.split(b"\n"))


def _without_zeros(line: bytes, marks: LineFlags) -> bytes:
    """The line with the mark before its first letter or digit, so inside whatever field holds it, not at its quotes."""
    line = line.replace(b"\0", b"")
    found = _WORD.search(line)
    at = found.start() if found else len(line)
    return line[:at] + marks.repaired.encode() + line[at:]


def _decoded(piece: bytes, encoding: str, marks: LineFlags) -> bytes:
    utf8 = encoding in _UTF8
    if utf8:
        if is_utf8(piece):
            return piece
    else:
        try:
            return piece.decode(encoding).encode()
        except UnicodeDecodeError:
            pass
    repaired = [line if line.isascii() else _line(line, encoding, utf8, marks) for line in piece.split(b"\n")]
    return b"\n".join(repaired)


def _line(line: bytes, encoding: str, utf8: bool, marks: LineFlags) -> bytes:
    if utf8 and is_utf8(line):
        return line
    codec = "cp1253" if utf8 else encoding
    try:
        text = line.decode(codec)
    except UnicodeDecodeError:
        return _mark(line.decode(codec, "replace"), marks.unreadable)
    return _mark(text, marks.repaired) if utf8 else text.encode()


def _mark(line: str, mark: str) -> bytes:
    """Put the mark before the first character beyond ASCII, so inside whatever field holds it."""
    at = next(place for place, character in enumerate(line) if ord(character) > 127)
    return (line[:at] + mark + line[at:]).encode()
