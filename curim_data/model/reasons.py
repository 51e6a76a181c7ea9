"""What an import reads, and why a file or a row was not taken as it stood: a code for each reason, each with its words.

A container (`curim_data.containers`) gives blocks of text records, each with its true row number; nothing after it
knows whether it was CSV in Windows-1253, a sheet of a workbook or a layer of a GeoPackage.

`Reason`: the row is kept aside in quarantine. `Repair`: the row was accepted after a change by rule. `Flag`: the row
was accepted as it is and carries the mark. `Question`: one answer of a person is missing; it comes back in `Answers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from curim_data.model.i18n import Message, MessageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from curim_data.model.alert import BoolArray


class ImportProblem(MessageError, ValueError):
    """A file that cannot be imported at all. `message` says what, where and how to mend it; the store is unchanged."""


class Reason(StrEnum):
    """Why a row stands in quarantine."""

    EMPTY_ROW = "empty_row"
    NOTHING_TOLD = "nothing_told"
    TOTALS_ROW = "totals_row"
    HXL_ROW = "hxl_row"
    TOO_MANY_FIELDS = "too_many_fields"
    TOO_FEW_FIELDS = "too_few_fields"
    BAD_ENCODING = "bad_encoding"
    NO_DATE = "no_date"
    BAD_DATE = "bad_date"
    AMBIGUOUS_DATE = "ambiguous_date"
    FUTURE_DATE = "future_date"
    BAD_COORDINATES = "bad_coordinates"
    INVALID_VALUE = "invalid_value"
    NO_RESULT = "no_result"
    NO_EVENTS = "no_events"
    BAD_COUNT = "bad_count"
    ERASED = "erased"


class Repair(StrEnum):
    """What was changed in a row that was accepted."""

    ENCODING = "encoding_repaired"
    TRAILING_FIELDS = "trailing_fields"
    DECIMAL_COMMA = "decimal_comma"
    SWAPPED_COORDINATES = "swapped_coordinates"
    ZERO_COORDINATES = "zero_coordinates"
    CATEGORY_LABEL = "category_label"
    SCALE = "out_of_range_severity"
    END = "bad_end"
    CONFIRMATIONS = "bad_confirmations"
    NO_RESULT = "formula_without_result"


class Flag(StrEnum):
    """What an accepted row is marked with."""

    REPAIRED = "repaired"
    UNKNOWN_CATEGORY = "unknown_category"
    UNKNOWN_GENDER = "unknown_gender"
    UNKNOWN_STATUS = "unknown_status"
    UNKNOWN_KIND = "unknown_kind"
    UNKNOWN_AGE_BAND = "unknown_age_band"
    OUTSIDE_CITY = "outside_city"


REASON_WORDS: Final = {
    Reason.EMPTY_ROW: Message("The row is empty."),
    Reason.NOTHING_TOLD: Message("The row says neither when, nor where, nor what happened."),
    Reason.TOTALS_ROW: Message("The row is a total, not an alert."),
    Reason.HXL_ROW: Message("The row holds HXL tags, not an alert."),
    Reason.TOO_MANY_FIELDS: Message("The row has more fields than the header."),
    Reason.TOO_FEW_FIELDS: Message("The row has fewer fields than the header."),
    Reason.BAD_ENCODING: Message("The row holds characters that no known encoding explains."),
    Reason.NO_DATE: Message("The date in this column is missing."),
    Reason.BAD_DATE: Message("The date cannot be read."),
    Reason.AMBIGUOUS_DATE: Message("Day and month of the date can change places, and the file writes both orders."),
    Reason.FUTURE_DATE: Message("The date lies in the future."),
    Reason.BAD_COORDINATES: Message("The coordinates cannot be read or do not exist."),
    Reason.INVALID_VALUE: Message("A value is not allowed in its column."),
    Reason.NO_RESULT: Message("The cell holds a formula, and the workbook does not hold its result."),
    Reason.NO_EVENTS: Message("The row stands for no event: its count is 0."),
    Reason.BAD_COUNT: Message("How many events the row stands for cannot be read, or is more than 10,000."),
    Reason.ERASED: Message("The alert was erased at a person's request."),
}

MEND_WORDS: Final = {
    Reason.EMPTY_ROW: Message("Nothing to do: delete the row."),
    Reason.NOTHING_TOLD: Message("Nothing to do: delete the row."),
    Reason.TOTALS_ROW: Message("Nothing to do: delete the row."),
    Reason.HXL_ROW: Message("Nothing to do: delete the row."),
    Reason.TOO_MANY_FIELDS: Message(
        "Find the row by its number in your own file, put quotation marks around the text that holds the delimiter, "
        "and import the file again: what is known already is not added twice."
    ),
    Reason.TOO_FEW_FIELDS: Message(
        "Find the row by its number in your own file, fill in the missing fields (they may be empty), "
        "and import the file again: what is known already is not added twice."
    ),
    Reason.BAD_ENCODING: Message(
        "Find the row by its number in your own file, save the file as UTF-8, "
        "and import it again: what is known already is not added twice."
    ),
    Reason.NO_DATE: Message("Fill in the date in the column that is named, then import the row."),
    Reason.BAD_DATE: Message("Write the date as 2025-03-01T22:15, then import the row."),
    Reason.AMBIGUOUS_DATE: Message("Write the date as 2025-03-01T22:15, then import the row."),
    Reason.FUTURE_DATE: Message("Correct the date, or import the row again when that day has come."),
    Reason.BAD_COORDINATES: Message(
        "Write both coordinates as they are written in the other rows, or leave both empty, then import the row."
    ),
    Reason.INVALID_VALUE: Message("Correct the value as the documented format says, then import the row."),
    Reason.NO_RESULT: Message(
        "Open the workbook in a spreadsheet program, save it there, and import it again: what is known already is not "
        "added twice."
    ),
    Reason.NO_EVENTS: Message("Nothing to do: delete the row."),
    Reason.BAD_COUNT: Message("Write a whole number in the column that is named, then import the row."),
    Reason.ERASED: Message("Nothing to do: delete the row."),
}

REPAIR_WORDS: Final = {
    Repair.ENCODING: Message(
        "The row was not UTF-8 and was read as Windows-1253, or it held zero bytes, which were left out."
    ),
    Repair.TRAILING_FIELDS: Message("Empty fields after the last column were cut off."),
    Repair.DECIMAL_COMMA: Message("A decimal comma was read as a decimal point."),
    Repair.SWAPPED_COORDINATES: Message("Latitude and longitude were the wrong way round and were exchanged."),
    Repair.ZERO_COORDINATES: Message("The coordinates 0, 0 were taken as missing."),
    Repair.CATEGORY_LABEL: Message("The category was given by its label and was replaced by its id."),
    Repair.SCALE: Message("A severity or feeling outside 1 to 5 was taken as missing."),
    Repair.END: Message("An end that cannot be read, or that lies before its beginning, was taken as missing."),
    Repair.NO_RESULT: Message("A formula whose result the workbook does not hold was taken as missing."),
    Repair.CONFIRMATIONS: Message("A count of confirmations that is not a whole number was taken as 0."),
}


DAY_FIRST: Final = "day-first"
MONTH_FIRST: Final = "month-first"
BOTH_ORDERS: Final = "both"  # of a file that writes some dates one way and some the other: no answer
BY_NAMES: Final = "names"
EACH_EVENT: Final = "events"
EACH_ROW: Final = "rows"


@dataclass(frozen=True)
class Answers:
    """A person's answers about a file; None leaves it to the evidence.

    `dates`: "day-first" or "month-first". `crs`: the EPSG code of projected coordinates. `decimal`: "point" or
    "comma", the decimal mark of coordinates. `order`: "lat-lon" or "lon-lat" for a column that holds both. `sheet`:
    sheet, layer or member of a container. `timezone`: IANA name for times without offset. `category`: the category of
    a file that has no column for it. `ids`: "same" or "own", where another kind of export has the same ids.
    `elsewhere`: import although most of the file lies outside the city. `area`: of a first file, what the city is made
    of: "whole", "densest", or longitude, latitude and radius in kilometres, joined by commas. `kind`: of which kind the
    categories are that no city has yet: "names" (as each name says), "risk", "incivility", "offence" or
    "unknown". `event`: the
    heading of the column that says when it happened, where several can be it. `counts`: "events" or "rows", what an
    alert is in a table of counts. `gender`: whose a column of genders is: "affected", "reporter", or "none". `means`:
    words of genders and states with what they stand for, as "Vrouw=woman; Ingetrokken=rejected". `midnight`: "unknown"
    or "known", what 00:00 says of the hour where it stands in excess. `older`: "keep" or "replace" what a file that
    ends later brought. `gone`: "keep" stored alerts that the file lacks, or "withdrawn". `separator`: of several
    categories in one cell: "space", "none", or the mark. `covers`: first and last day that the file covers, with a
    slash between them, where alerts do not show it.
    """

    dates: str | None = None
    crs: int | None = None
    decimal: str | None = None
    order: str | None = None
    sheet: str | None = None
    timezone: str | None = None
    category: str | None = None
    ids: str | None = None
    elsewhere: bool = False
    area: str | None = None
    kind: str | None = None
    event: str | None = None
    counts: str | None = None
    gender: str | None = None
    means: str | None = None
    midnight: str | None = None
    older: str | None = None
    gone: str | None = None
    separator: str | None = None
    covers: str | None = None


@dataclass(frozen=True)
class Choice:
    """One possible answer: the value of the flag and what it means."""

    value: str
    label: Message


class Question(ImportProblem):
    """What a person knows and a file does not say. Raised where the file cannot be used without the answer; where there
    is a `default`, the value that holds unless another is chosen, it stands among the questions of a report.

    `about` is a field of `Answers`; `flag` how the command line takes the answer (without a value where it is a
    switch); `choices` may be empty where anything may be answered.
    """

    def __init__(
        self, about: str, flag: str, message: Message, choices: tuple[Choice, ...] = (), default: str | None = None
    ) -> None:
        super().__init__(message)
        self.about, self.flag, self.choices, self.default = about, flag, choices, default


MOST_QUESTIONS: Final = 5  # that a person is asked about one file


@dataclass(frozen=True)
class RejectedRecord:
    """A record that does not fit the header: its row number, why, and its fields as they stand.

    `origin`: its row number in the file, where rows were repeated.
    """

    row: int
    reason: Reason
    fields: tuple[str, ...]
    origin: int | None = None

    @property
    def number(self) -> int:
        """Its row number in the file."""
        return self.row if self.origin is None else self.origin


@dataclass(frozen=True)
class Block:
    """Some records of a file, in its order.

    `table` holds one text column (large_string, never null; empty is "") for each field of the header, named "0",
    "1", ...; `rows` the row numbers of its lines, counted from 1 over the whole file (header not counted);
    `encoding_repaired` and `trailing_cut` mark lines of the table; `refused` are the records in between that do not
    fit. len(rows) + len(refused) is what was read. `unstored`: by the number of a column, which lines hold a formula
    there whose result is not stored; their text is empty. `origin`: where rows were repeated, their numbers in
    the file.
    """

    table: pa.Table
    rows: npt.NDArray[np.int64]
    encoding_repaired: BoolArray
    trailing_cut: BoolArray
    refused: tuple[RejectedRecord, ...] = ()
    unstored: Mapping[int, BoolArray] = field(default_factory=dict)
    origin: npt.NDArray[np.int64] | None = None

    @property
    def numbers(self) -> npt.NDArray[np.int64]:
        """The row numbers of the lines in the file itself."""
        return self.rows if self.origin is None else self.origin

    @property
    def read(self) -> int:
        """Rows read, whatever became of them."""
        return len(self.rows) + len(self.refused)


@dataclass(frozen=True)
class Facts:
    """What was recognised of a file before its meaning.

    `container` is the innermost kind ("csv", "xlsx", "ods", "json", "xml", "geojson", "gpkg", "shp", "parquet"),
    `wrapped` what lay around it ("gz", "zip"); `encoding` and `delimiter` are empty where they mean nothing; `sheet`
    the sheet, layer or member that was read and `sheets` those there are; `crs` how the coordinates of a geometry
    column were given (an authority string such as "EPSG:2100"), empty where the file has no geometry: the container
    turns geometry into the columns `geometry.longitude` and `geometry.latitude` in WGS84. `skipped`: lines before the
    header (a title, the date of the report).
    """

    name: str
    sha256: str
    container: str
    labels: tuple[str, ...]
    wrapped: tuple[str, ...] = ()
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    crs: str = ""
    size: int = 0
    skipped: tuple[str, ...] = ()


class Opened(Protocol):
    """A file that was looked at and can be read, from its beginning, as often as wanted."""

    @property
    def facts(self) -> Facts:
        """What was recognised of it."""
        ...

    def blocks(self) -> Iterator[Block]:
        """The records; at most some ten megabytes a block. ImportProblem where the rest cannot be read."""
        ...
