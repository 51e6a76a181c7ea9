"""Delimited text: blocks of records with true row numbers, in memory that does not grow with the file.

A first walk finds out what the text is written in; a second one puts a plain copy of it aside (UTF-8, lines end in LF,
no zeros), unless it is plain already. Rows are numbered from 1; the header and wholly empty lines are not counted, a
line of delimiters alone is; a quoted text with line breaks is one row.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from curim_data.containers import base
from curim_data.model import Block, BoolArray, Facts, ImportProblem, Message, Reason, RejectedRecord

BLOCK = base.BLOCK_BYTES  # about as many bytes as a block holds
MAX_LINE: Final = 1_000_000  # bytes of a single line of text
MAX_RECORD: Final = 1 << 24  # bytes of a record of several lines; what is longer is a stray quote
REPAIRED: Final = "\0"  # put into lines that are repaired: zeros stand for nothing, and other ones are left out
UNREADABLE: Final = "\0\ufffd"
_ZEROS_BEFORE_QUOTE: Final = re.compile(r"(^|[^\w\0])\0+\"", re.MULTILINE)
_BLANK: Final = b"\xef\xbb\xbf\xff\xfe \t\r\n\0"
_WIDE_START: Final = 4096
_MOST_ZEROS: Final = 0.5  # of the lines at the start that hold zeros: in a text few do
_WIDE_SHARE: Final = 0.3  # of the characters at the start that are ASCII, for UTF-16 without byte order mark
_SAMPLE_LINES: Final = 1000  # lines by which the encoding, or the header, is found

_TITLES: Final = 10  # records that may stand before the header

csv.field_size_limit(max(csv.field_size_limit(), 2 * MAX_LINE))  # a setting of the process; long texts are no fault


@dataclass(frozen=True)
class Dialect:
    """How fields are separated: one character between them, and one around those that hold it."""

    delimiter: str
    quote: str = '"'

    def pattern(self, written: str) -> re.Pattern[bytes]:
        """A pattern of bytes in which Q stands for the quote and D for what ends a field."""
        return re.compile(written.replace("Q", self.quote).replace("D", re.escape(self.delimiter) + r"\n").encode())


# Possessive throughout, so each byte is looked at once. A quote inside a field that began without one is plain.
_SHORT: Final = r"(?<![^D])Q(?:[^Q\n]++|QQ)*+Q(?![^D])"  # a quoted field of one line
_LONG: Final = r"(?<![^D])Q(?:[^Q]++|QQ)*+Q(?![^D])"
_LINES: Final = rf"(?:[^Q]++|(?<=[^D])Q|{_SHORT})*+"
_FIELDS: Final = rf"(?:[^Q\n]++|(?<=[^D])Q|{_LONG})*+"
_RECORD: Final = rf"{_FIELDS}(?:\n|\Z)"
_OPEN: Final = rf"{_FIELDS}(?<![^D])Q(?:[^Q]++|QQ)*+\Z"


def repair_quotes(text: bytes, dialect: Dialect, width: int, last: bool) -> tuple[bytes, bytes]:
    """Whole records of UTF-8 lines with their stray quotes made plain, and the lines that wait for the next piece.

    A quote at the beginning of a field opens a text that ends in one at the end of a field. Where that is in a line
    further down, the lines are one record unless only the first alone is as wide as the table. Where the text does not
    end so, the quotes of the line are plain characters, if their number is odd or they leave a field open. Nothing
    waits where the piece is the `last`.
    """
    quote, delimiter = dialect.quote.encode(), dialect.delimiter.encode()
    parts: list[bytes] = []
    done = at = 0
    whole, record, quoted, open_ = (dialect.pattern(written) for written in (_LINES, _RECORD, _LONG, _OPEN))
    while (stop := whole.match(text, at).end()) < len(text):  # type: ignore[union-attr] # it matches nothing, too
        start = max(text.rfind(b"\n", at, stop) + 1, at)
        end = text.find(b"\n", start) % (len(text) + 1)  # that of the text where no line follows
        line = text[start:end]
        found = record.match(text, start)
        at = found.end() if found else 0
        if at and at - start <= MAX_RECORD:
            bare = quoted.sub(b"", text[start:at])
            if bare.count(delimiter) + 1 == width or line.count(delimiter) + 1 != width:
                continue
        if not at and not last and len(text) - start <= MAX_RECORD and open_.match(text, start):
            return b"".join([*parts, text[done:start]]), text[start:]
        at = end
        if line.count(quote) % 2 or _stays_open(line.decode(), dialect):
            fields = (quote + field.replace(quote, 2 * quote) + quote for field in line.split(delimiter))
            parts += [text[done:start], delimiter.join(fields)]
            done = end
    return (b"".join([*parts, text[done:]]) if parts else text), b""


def _stays_open(line: str, dialect: Dialect) -> bool:
    """Whether the line ends inside a quoted field."""
    reader = csv.reader([line + "\n", ""], delimiter=dialect.delimiter, quotechar=dialect.quote)
    next(reader)
    return reader.line_num > 1


@dataclass(frozen=True)
class Header:
    """The header of a text: `lines` of it stand before the first record, `skipped` say something and are not labels."""

    dialect: Dialect
    labels: tuple[str, ...]
    lines: int
    skipped: tuple[str, ...] = ()


def find_header(text: str, name: str, least: int = 2) -> Header:
    """The header of a text that begins with `text` (whole lines, LF ends), of so many columns at least.

    ImportProblem where it is no table.
    """
    sample = io.StringIO(text, newline="\n").readlines()[:_SAMPLE_LINES]
    readings = [_reading(sample, delimiter) for delimiter in (";", ",", "\t", "|")]
    header = max(readings, key=lambda one: one[:2])[2]
    if len(header.labels) < 2 and least < 2:  # one column, whatever the delimiter is
        return replace(header, labels=(sample[0].strip(),), lines=1)
    if len(header.labels) < 2:
        raise ImportProblem(
            Message(
                "{name}: this is not a table. The first line has none of the delimiters semicolon, comma, tab or bar. "
                "Export the alerts as CSV with a header line.",
                {"name": name},
            )
        )
    return header


def _reading(sample: Sequence[str], delimiter: str) -> tuple[float, int, Header]:
    """The sample as a table with that delimiter: which share of its records is as wide as its header; how wide that is,
    after titles only half; and the header."""
    dialect = Dialect(delimiter, _quote(sample, delimiter))
    first = next((line for line in sample if line.strip()), "").count(delimiter) + 1
    text = repair_quotes("".join(sample).encode(), dialect, first, last=True)[0].decode()
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=delimiter, quotechar=dialect.quote)
    records = list[tuple[list[str], int]]()
    with suppress(csv.Error):
        records += ((record, reader.line_num) for record in reader)
    at = _header_place([record for record, _ in records], delimiter)
    if at is None:
        return 0.0, 0, Header(dialect, (), 0)
    labels, lines = records[at]
    said = [record for record, _ in records if record]
    above = (delimiter.join(record).strip(f"{delimiter}\ufeff \t") for record, _ in records[:at])
    skipped = tuple(title for title in above if title and not re.fullmatch("sep=.?", title))
    share = round(sum(len(record) == len(labels) for record in said) / len(said), 1)
    header = Header(dialect, tuple(label.strip().strip("\ufeff") for label in labels), lines, skipped)
    return share, len(labels) if not skipped else len(labels) // 2, header


def _header_place(records: Sequence[Sequence[str]], delimiter: str) -> int | None:
    """Which record is the header: the first one, but for titles before one whose fields are words; None for no table.

    A title says too little to be a record of the table, whose usual width is that of most records.
    """
    widths = Counter(len(record) for record in records if len(record) > 1)
    usual = widths.most_common(1)[0][0] if widths else 0
    said = [
        (at, [field for field in record if field.strip()])
        for at, record in enumerate(records[: _TITLES + 1])
        if any(field.strip() for field in record) and not re.fullmatch("sep=.?", delimiter.join(record).strip("\ufeff"))
    ]
    for at, fields in said:
        if len(records[at]) < 2 or 2 * len(fields) < usual:
            continue
        if at == said[0][0] or (records[at + 1 :] and all(any(map(str.isalpha, field)) for field in fields)):
            return at
    return said[0][0] if said and len(records[said[0][0]]) > 1 else None


def _quote(sample: Sequence[str], delimiter: str) -> str:
    """An apostrophe where it stands around the fields of the header and of most lines, and quotation marks nowhere."""
    text = "".join(sample)
    fields = [field for line in sample for field in line.rstrip("\n").split(delimiter)]
    opened = sum(field.startswith("'") for field in fields)
    closed = sum(len(field) > 1 and field.endswith("'") for field in fields)
    return "'" if '"' not in text and text.startswith("'") and opened == closed >= len(sample) else '"'


def open_text(source: Path, name: str, least: int = 2) -> DelimitedText:
    """Look at all of a delimited text once. ImportProblem where it is none, or has no rows."""
    plain, encoding = _plain_copy(source, name)
    head = next(_lines(base.pieces(plain, name, 2 * base.CHUNK), name), b"")
    header = find_header(head.decode().replace("\0", ""), name, least)
    facts = Facts(
        name, "", "csv", header.labels, encoding=encoding, delimiter=header.dialect.delimiter, skipped=header.skipped
    )
    opened = DelimitedText(facts, plain, header)
    if not any(piece.strip(b"\n") for piece in opened.body()):
        raise base.refusal("no_rows", name)
    return opened


def _plain_copy(source: Path, name: str) -> tuple[Path, str]:
    """The text in UTF-8 with LF at the ends of its lines, and what it was written in: a copy, unless it is such a one.

    ImportProblem where it is empty or no text.
    """
    head = base.head_of(source, name, base.CHUNK)
    wide, marked = wide_codec(head), head.startswith(codecs.BOM_UTF8)
    rows = head.rstrip(b"\0").splitlines()  # in a text few hold zeros before their end, and a hole has many of them
    if not wide and sum(b"\0" in row for row in rows) > _MOST_ZEROS * len(rows):
        raise ImportProblem(
            Message("{name}: this is not a text file (it holds zero bytes). Export the alerts as CSV.", {"name": name})
        )
    if not any(piece.strip(_BLANK) for piece in base.pieces(source, name)):
        raise base.refusal("empty_file", name)
    encoding, plain = (wide or "utf-8-sig", False) if wide or marked else _encoding(source, name)
    if plain and not any(b"\0" in piece or b"\r" in piece for piece in base.pieces(source, name)):
        return source, encoding
    with tempfile.NamedTemporaryFile(prefix="curim-", suffix=".csv", delete=False) as copy:
        for text in _plain_texts(source, encoding, name):
            copy.write(text.encode())
    return Path(copy.name), encoding


def wide_codec(head: bytes) -> str:
    """The codec of two-byte text: by its byte order mark, or by zeros in every second byte of the start; else empty."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    start = head[:_WIDE_START].rstrip(b"\0")
    first, second = start[::2].count(0), start[1::2].count(0)
    if bool(first) == bool(second) or first + second < _WIDE_SHARE * (len(start) // 2):
        return ""
    return "utf-16-be" if first else "utf-16-le"


def _plain_texts(source: Path, encoding: str, name: str) -> Iterator[str]:
    """The text piece by piece, with LF at the ends of lines and without zeros at its end.

    A letter that is none in its encoding is read as Windows-1253, and `REPAIRED` put before it; where it is none there
    either, `UNREADABLE` takes its place. Zeros, which stand for nothing, are such marks already.
    """
    newlines, zeros = io.IncrementalNewlineDecoder(None, translate=True), 0
    errors = "strict" if encoding.startswith("utf-16") else "curim-mend"
    try:
        for piece in codecs.iterdecode(base.pieces(source, name, BLOCK), encoding, errors):
            text = piece.rstrip("\0")
            if text:
                whole = newlines.decode("\0" * zeros + text)
                yield _ZEROS_BEFORE_QUOTE.sub(r'\1"' + REPAIRED, whole) if REPAIRED in whole else whole
                zeros = 0
            zeros += len(piece) - len(text)
    except UnicodeError as error:
        raise base.refusal("damaged", name, kind="UTF-16") from error
    yield newlines.decode("", final=True)


def _mend(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    try:
        return REPAIRED + error.object[error.start : error.end].decode("cp1253"), error.end
    except UnicodeDecodeError:
        return UNREADABLE, error.end


codecs.register_error("curim-mend", _mend)


def _lines(raw: Iterator[bytes], name: str) -> Iterator[bytes]:
    """Pieces of whole lines. ImportProblem at a line longer than `MAX_LINE`."""
    rest = b""
    for piece in raw:
        text = rest + piece if rest else piece
        at, end = 0, text.rfind(b"\n") + 1
        while len(text) - at > MAX_LINE + 1:
            at = text.rfind(b"\n", at, at + MAX_LINE + 1) + 1
            if not at:
                raise ImportProblem(
                    Message(
                        "{name}: a single line is longer than {limit} characters, so this is not a table of alerts. "
                        "Export the file again as CSV with one alert on each line.",
                        {"name": name, "limit": MAX_LINE},
                    )
                )
        rest = text[end:]
        if end:
            yield text[:end]
    if rest:
        yield rest


def _encoding(source: Path, name: str) -> tuple[str, bool]:
    """The encoding of a text of one byte a letter or of UTF-8, and whether it is wholly UTF-8.

    It is that where it is so in more of the lines that are not ASCII.
    """
    with suppress(UnicodeDecodeError):
        for _ in codecs.iterdecode(base.pieces(source, name, BLOCK), "utf-8"):
            pass
        return "utf-8", True
    lines = (line for piece in base.pieces(source, name, BLOCK) for line in piece.splitlines() if not line.isascii())
    balance, sample = 0, b""
    for line in lines:
        whole = line.decode("utf-8", "ignore").encode() == line
        balance += 1 if whole else -1
        sample += line + b"\n" if not whole and len(sample) < base.CHUNK else b""
    return "utf-8" if balance > 0 else one_byte_encoding(sample), False


# The letters beyond ASCII of languages by the encodings in which they are written; the first of equals counts.
_ALPHABETS: Final = {
    "cp1252": (
        *("àâæçéèêëîïôœùûüÿäöß", "áéíñóúü¿¡ºª", "áâãàçéêíóôõúüºª", "àèéìíîòóùúäöüß", "àçèéíïòóúü·", "åäöéæø"),
        "áéëïöü",
    ),
    "cp1250": ("áéíóöőúüű", "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "ăâîșțşţ", "čćđšž", "áäčďéíĺľňóôŕšťúýž"),
    "iso-8859-2": ("áéíóöőúüű", "ąćęłńóśźż"),
    "cp1254": ("çğıöşüâîû",),
    "cp1257": ("āčēģīķļņšūž", "ąčęėįšųūž", "äõöüšž"),
    "windows-1252": ("áðéíóúýþæö",),  # Icelandic, of whose letters some stand where others have theirs
}


_LETTERS: Final = r"[^\W\d_]|(?<=[^\W\d_])[¹³¿¡£¥§¶µ¼½¾±]|[¹³¿¡£¥§¶µ¼½¾±](?=[^\W\d_])"


def _fit(text: bytes, encoding: str) -> float:
    """The greatest share of a text's letters beyond ASCII that belong to one language of an encoding; signs among them
    tell of another one, signs on their own of none.
    """
    letters = re.findall(_LETTERS, text.decode(encoding, "replace").lower())
    strange = [letter for letter in letters if not letter.isascii()]
    return max(sum(letter in known for letter in strange) / max(len(strange), 1) for known in _ALPHABETS[encoding])


def one_byte_encoding(text: bytes) -> str:
    """The encoding of a text of one byte a character: Greek, Hungarian, Polish, Turkish, Baltic or Western European.

    Greek words are runs of letters beyond ASCII; in Latin ones such a letter stands beside ASCII letters. Where the
    same bytes mean the same, the standard encoding is named. Windows-1253 and ISO-8859-7 differ in the place of capital
    alpha with accent (A2, B6) and in 80-9F.
    """
    greek, latin = (
        len(re.findall(pattern, text)) for pattern in (rb"[\xc0-\xff]{2}", rb"[A-Za-z][\xa1-\xff]|[\xa1-\xff][A-Za-z]")
    )
    windows = re.search(rb"[\x80-\x9f]", text)
    if latin > greek:
        best = max(_ALPHABETS, key=lambda encoding: round(_fit(text, encoding), 2))
        return best if best != "cp1252" or windows else "iso-8859-1"
    return "cp1253" if windows or text.count(b"\xa2") >= text.count(b"\xb6") else "iso-8859-7"


@dataclass(frozen=True)
class DelimitedText:
    """A delimited text that was looked at: an `Opened`. `plain`: itself, or its plain copy."""

    facts: Facts
    plain: Path
    header: Header

    def blocks(self) -> Iterator[Block]:
        """The records, about `BLOCK` bytes at a time."""
        first = 1
        for text in self._records():
            block = self._parse(text, first)
            del text  # before the next one is read
            first += block.read
            if block.read:
                yield block
            del block  # before the next one is made

    def body(self) -> Iterator[bytes]:
        """Pieces of whole lines after the header."""
        with self.plain.open("rb") as content:
            for _ in range(self.header.lines):
                content.readline()
            yield from _lines(iter(lambda: content.read(BLOCK), b""), self.facts.name)

    def _records(self) -> Iterator[bytes]:
        """Whole records, their stray quotes made plain."""
        dialect, width = self.header.dialect, len(self.header.labels)
        rest = b""
        for piece in self.body():
            text, rest = repair_quotes(rest + piece if rest else piece, dialect, width, last=False)
            if text:
                yield text
        if rest:
            yield repair_quotes(rest, dialect, width, last=True)[0]

    def _parse(self, text: bytes, first: int) -> Block:
        """One block from whole records; `first` is the number of the first one."""
        width = len(self.header.labels)
        table, misfits = _table(text, self.header.dialect, width, self.facts.name)
        rows = np.arange(first, first + table.num_rows + len(misfits), dtype=np.int64)
        rows = np.delete(rows, [at for at, _ in misfits])
        cut: dict[int, list[str]] = {}  # by row, records that end in empty fields beyond the width
        refused: list[RejectedRecord] = []
        for row, record in ((first + at, record) for at, record in misfits):
            fields = _fields(record.replace("\0", ""), self.header.dialect)
            if UNREADABLE not in record and len(fields) > width and not any(map(str.strip, fields[width:])):
                cut[row] = [REPAIRED * (REPAIRED in record) + fields[0], *fields[1:width]]
            else:
                reason = Reason.BAD_ENCODING if UNREADABLE in record else base.misfit_reason(fields, width)
                refused.append(RejectedRecord(row, reason, tuple(fields)))
        if cut:
            rows = np.concatenate([rows, list(cut)])
            order = np.argsort(rows)
            rows = rows[order]
            table = pa.concat_tables([table, base.text_table(list(cut.values()), width)]).take(pa.array(order))
        repaired = unreadable = np.zeros(len(rows), bool)
        if b"\0" in text:
            repaired, unreadable = _marked(table, REPAIRED), _marked(table, UNREADABLE)
            table = pa.table([pc.replace_substring(column, "\0", "") for column in table.columns], table.column_names)
        block = Block(table, rows, repaired, np.isin(rows, list(cut)), tuple(refused))
        return base.without_empty_and_totals(block, unreadable)


def _table(text: bytes, dialect: Dialect, width: int, name: str) -> tuple[pa.Table, list[tuple[int, str]]]:
    """The records of the right width, and the place (from 0) and text of the others."""
    misfits: list[tuple[int, str]] = []
    first = b"x" + dialect.delimiter.encode() * (width - 1) + b"\n"  # fixes the number of columns for the parser
    names = [str(at) for at in range(width)]

    def set_aside(row: pacsv.InvalidRow) -> str:
        misfits.append((row.number - 2, row.text))
        return "skip"

    try:
        table = pacsv.read_csv(
            pa.BufferReader(first + text),
            read_options=pacsv.ReadOptions(
                use_threads=False, block_size=len(first) + len(text) + 1, column_names=names
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote,
                newlines_in_values=True,
                ignore_empty_lines=True,
                invalid_row_handler=set_aside,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        why = Message("{name}: the file was changed while it was read. Import it again.", {"name": name})
        raise ImportProblem(why) from error
    return table.slice(1), misfits


def _fields(record: str, dialect: Dialect) -> list[str]:
    """The fields of one record, its quotes as plain characters where they make no sense."""
    try:
        return next(csv.reader([record], delimiter=dialect.delimiter, quotechar=dialect.quote), [])
    except csv.Error:
        return record.split(dialect.delimiter)


def _marked(table: pa.Table, mark: str) -> BoolArray:
    found = np.zeros(table.num_rows, bool)
    for column in table.columns:
        found |= pc.match_substring(column, mark).to_numpy()
    return found
