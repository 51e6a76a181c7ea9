"""Texts that are the same in each run: no clock, no draws, no random ids, no last digits; of files what they say."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import os
import re
import secrets
import struct
from typing import Any, Final

import time_machine
from docx import Document
from pypdf import PdfReader

NOW: Final = dt.datetime(2027, 1, 1, 12, tzinfo=dt.UTC)  # after the last day of the sample
DIGITS: Final = 9  # of a number: those after them differ with the order of a sum
RANDOM: Final = (
    (re.compile(r"\b\d{8}-\d{6}-[0-9a-f]{6}\b"), "<import>"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<id>"),
    (re.compile(r'(?<="version": ")[0-9a-f]{12}(?=(-p\d+)?")'), "<version>"),  # of stored files, whose names are random
    (re.compile(r"\b1(er)? \S+ 2027, \d\d?:\d\d:\d\d(\s[πμ]\.μ\.)?"), "<now>"),
    (re.compile(r"2027-01-01[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?"), "<now>"),
)


def settle() -> None:
    """Stop what differs in this process: it is the first of 2027, and copies are drawn out of a secret of zeros."""
    os.environ.update(CURIM_SHARED_RESULTS="off", OPENBLAS_NUM_THREADS="1", NO_COLOR="1", COLUMNS="200")
    for name in ("CURIM_HOME", "CURIM_HOMES", "CURIM_PLANS_URL", "CURIM_ALERTS_URL", "LC_ALL", "LANG"):
        os.environ.pop(name, None)
    secrets.token_bytes = lambda nbytes=32: bytes(nbytes or 32)
    time_machine.travel(NOW, tick=True).start()


def neutral(text: str, *places: object) -> str:
    """The text without random ids and times of day; `places`: paths of this run, which become a word."""
    for place in places:
        text = text.replace(str(place), "<folder>")
    for pattern, word in RANDOM:
        text = pattern.sub(word, text)
    return text


def as_json(value: Any) -> str:
    """The value as sorted JSON, one entry a line, its numbers to `DIGITS` digits."""
    return json.dumps(_rounded(value), ensure_ascii=False, indent=1, sort_keys=True, default=str)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {str(key): _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list | tuple) else value


def text_of(name: str, data: bytes) -> str:
    """What the file of this name says; of a picture its size, of another binary file its digest."""
    match name.rpartition(".")[2].lower():
        case "pdf":
            return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
        case "docx":
            document = Document(io.BytesIO(data))
            rows = [[cell.text for cell in row.cells] for table in document.tables for row in table.rows]
            return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *map(" | ".join, rows)])
        case "json" | "geojson":
            return as_json(json.loads(data))
        case "png":
            return "picture of {} x {} pixels".format(*struct.unpack(">II", data[16:24]))
        case "csv" | "txt" | "html" | "svg" | "md":
            return data.decode("utf-8-sig")
    return hashlib.sha256(data).hexdigest()
