"""Tables for other programs: CSV that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pandas as pd

from curim_data.formats.base import BLANKS, STARTS


def safe_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe stands before one that starts like one.

    Blanks at the start do not hide what follows them.
    """
    bare = text.lstrip(BLANKS)
    return f"'{text}" if bare.startswith(STARTS) or text.startswith(STARTS) else text


def safe_csv(frame: pd.DataFrame) -> str:
    """A table as CSV by RFC 4180 (commas, CRLF, quotes doubled), with texts and headings made safe.

    Numbers, dates and truth values stay as they are: a negative number keeps its sign. Missing values are empty.
    Nested values (lists) are texts. Write it to a file as UTF-8, with a byte order mark for spreadsheets.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([safe_cell(str(name)) for name in frame.columns])
    columns = [_texts(frame.iloc[:, at]) for at in range(frame.shape[1])]
    writer.writerows(zip(*columns, strict=True))
    return out.getvalue()


def with_negative_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows for a spreadsheet and back: a negative number stays one, instead of becoming a text with an apostrophe."""
    return frame.map(
        lambda cell: (
            float(cell) if isinstance(cell, str) and re.fullmatch(r"-(0|[1-9]\d{0,5})(\.\d{1,9})?", cell) else cell
        )
    )


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """`safe_csv` as the bytes of a file that spreadsheets open with Greek letters intact."""
    return safe_csv(frame).encode("utf-8-sig")


def _texts(column: pd.Series[Any]) -> list[str]:
    if pd.api.types.is_datetime64_any_dtype(column):
        midnight = column.dropna().eq(column.dropna().dt.normalize()).all()
        return [("" if pd.isna(v) else v.date().isoformat() if midnight else v.isoformat()) for v in column]
    return [_text(value) for value in column.tolist()]


def _text(value: Any) -> str:
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value) if isinstance(value, (int, float)) else safe_cell(str(value))
