"""Which reader a file needs, by its first bytes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from curim_data.containers import base
from curim_data.containers._encoding import wide_codec
from curim_data.model.records import Opened

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
)
_JSON: Final = re.compile(r"""\{\s*["}]|\[\s*(?:[\[\]{"\-\d]|null\b|true\b|false\b)""")
_HTML: Final = re.compile(r"<(?:!doctype html|html|head|body|table|meta)\b", re.I)
_XML: Final = re.compile(r"<(?:\?xml\b|!--|!doctype\b|[^\W\d][\w.:-]*[\s/>])", re.I)


def open_inner(source: Path | bytes, name: str, sheet: str | None, depth: int) -> Opened:
    """Open a file that lies `depth` archives deep. Raises `Question` or ImportProblem."""
    if isinstance(source, Path) and source.exists() and not (source.is_file() or source.is_dir()):
        raise base.not_a_file(name)
    head = base.head_of(source, name)
    if not head:
        raise base.empty_file(name)
    for signature, kind in _FOREIGN:
        if head.startswith(signature):
            raise base.foreign_kind(name, kind)
    return _binary(source, name, sheet, head, depth) or _text(source, name, sheet, head)


def _binary(source: Path | bytes, name: str, sheet: str | None, head: bytes, depth: int) -> Opened | None:
    """The reader of a file with a signature; none where it may be text."""
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        from curim_data.containers.archive import open_zip

        return open_zip(source, name, sheet, depth, open_inner)
    if head.startswith(b"\x1f\x8b"):
        from curim_data.containers.archive import open_gzip

        return open_gzip(source, name, sheet, depth, open_inner)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        from curim_data.containers.workbook import open_workbook

        return open_workbook(source, name, sheet)
    if head.startswith(b"SQLite format 3"):
        from curim_data.containers.vector import open_vector

        return open_vector(source, name, sheet, "gpkg")
    if _shapefile_part(name, head):
        from curim_data.containers.vector import check_beside, open_vector

        return open_vector(check_beside(source, name), name, sheet, "shp")
    if head.startswith(b"PAR1"):
        from curim_data.containers.columnar import open_parquet

        return open_parquet(source, name, sheet)
    if head[257:262] == b"ustar":
        raise base.foreign_kind(name, "tar")
    return None


def _shapefile_part(name: str, head: bytes) -> bool:
    """Whether a file is a part of a Shapefile that lies outside a ZIP: its points or their index, or its table.

    A table of dBase begins with a byte for its version, and the year, month and day of its last change.
    """
    if head.startswith(b"\x00\x00\x27\x0a"):
        return True
    dated = len(head) > 32 and 1 <= head[2] <= 12 and 1 <= head[3] <= 31
    return Path(name).suffix.lower() == ".dbf" and head[:1] in b"\x02\x03\x30\x31\x83\x8b\xf5" and dated


def _text(source: Path | bytes, name: str, sheet: str | None, head: bytes) -> Opened:
    """The reader of a text: JSON, XML or a table with delimiters."""
    wide = wide_codec(head)
    start = head.decode(wide or "utf-8", "ignore").lstrip("\ufeff \t\r\n")
    if _JSON.match(start):
        from curim_data.containers.jsons import open_json

        return open_json(source, name, sheet)
    if _HTML.match(start):
        raise base.foreign_kind(name, "HTML")
    if _XML.match(start):
        from curim_data.containers.xmls import open_xml

        return open_xml(source, name, sheet)
    from curim_data.containers.text import open_text

    return open_text(source, name)
