"""Files as texts that can be compared line by line."""

from __future__ import annotations

import hashlib
import io
import json
import struct

from docx import Document
from pypdf import PdfReader

from tests.net.neutral import as_json


def text_of(name: str, data: bytes) -> str:
    """What the file of this name says; of a picture its size, of another binary file its digest."""
    match name.rpartition(".")[2].lower():
        case "pdf":
            return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
        case "docx":
            return _word(data)
        case "json" | "geojson":
            return as_json(json.loads(data))
        case "png":
            return "picture of {} x {} pixels".format(*struct.unpack(">II", data[16:24]))
        case "csv" | "txt" | "html" | "svg" | "md":
            return data.decode("utf-8-sig")
        case _:
            return hashlib.sha256(data).hexdigest()


def _word(data: bytes) -> str:
    """The paragraphs of a Word document, and the cells of its tables."""
    document = Document(io.BytesIO(data))
    rows = (row for table in document.tables for row in table.rows)
    return "\n".join([*(p.text for p in document.paragraphs), *(" | ".join(c.text for c in row.cells) for row in rows)])
