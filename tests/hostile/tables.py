"""Hostile texts, workbooks and columns: small files that ask their reader for far more than they hold."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
ENTITIES = '<!DOCTYPE a [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)
BOMB = ENTITIES + "]>"
OUTSIDE = '<!DOCTYPE a [<!ENTITY j SYSTEM "file:///etc/passwd">]>'
REMOTE = '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/evil.dtd" [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p">%p;]>'
SQUARED = f'<!DOCTYPE a [<!ENTITY j "{"x" * 200_000}">]>'
EVIL = '=HYPERLINK("http://evil.example","x")'
PAGE = "<img src=x onerror=alert(1)>[Prize](https://evil.example) :red[x]"
HEADER = "id,date,category,lat,lon"
ROWS = "\n".join(f"{n},2026-03-{n % 28 + 1:02d},Noise,37.94{n:03d},23.64{n:03d}" for n in range(40))
CSV = f"{HEADER}\n{ROWS}\n".encode()


def zipped(members: Mapping[Any, bytes | str], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A ZIP of these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing, compresslevel=9 if packing else None) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def workbook(sheet: str, *, part: str = "worksheets/sheet1.xml", more: Mapping[str, str] | None = None) -> bytes:
    """A workbook with one sheet whose XML is given."""
    return zipped(
        {
            "[Content_Types].xml": f'<?xml version="1.0"?><Types xmlns="{PACKAGE}/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{SHEET_TYPE}.sheet.main+xml"/>'
            f'<Override PartName="/xl/{part}" ContentType="{SHEET_TYPE}.worksheet+xml"/></Types>',
            "_rels/.rels": f'<?xml version="1.0"?><Relationships xmlns="{PACKAGE}/relationships">'
            f'<Relationship Id="r1" Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<?xml version="1.0"?><workbook xmlns="{MAIN}" xmlns:r="{LINKS}">'
            '<sheets><sheet name="s" sheetId="1" r:id="r1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<?xml version="1.0"?><Relationships xmlns="{PACKAGE}/relationships">'
            f'<Relationship Id="r1" Type="{LINKS}/worksheet" Target="{part}"/>'
            f'<Relationship Id="r2" Type="{LINKS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
            f"xl/{part}": sheet,
            **(more or {}),
        }
    )


def sheet(cells: str, before: str = "", attributes: str = "") -> str:
    """The XML of a sheet: cells as they stand, in one row each."""
    return (
        f'<?xml version="1.0"?>{before}<worksheet xmlns="{MAIN}"{attributes}><sheetData>{cells}</sheetData></worksheet>'
    )


def cell(place: str, text: str = "x") -> str:
    """A cell whose place is written as given."""
    return f'<c {place} t="inlineStr"><is><t>{text}</t></is></c>'


def _row(cells: str, number: int = 1) -> str:
    return f'<row r="{number}">{cells}</row>'


def workbooks() -> dict[str, bytes]:
    """Workbooks that lie about their size, hold entities, or unpack to far more than they are."""
    near = _row(cell('r="A1"', "id") + cell('r="B1"', "date"))
    far = {
        "far-cell": cell('r="XFD1048576"'), "far-cell-single": cell("r='XFD1048576'"),
        "far-cell-spaced": cell('r = "XFD1048576"'), "far-cell-newline": cell('r\n=\n"XFD1048576"'),
        "far-cell-lower": cell('r="xfd1048576"'), "far-cell-entity": cell('r="XFD&#49;048576"'),
        "far-cell-prefixed": cell('t="n" r="XFD1048576"'),
    }  # fmt: skip
    found = {f"{name}.xlsx": workbook(sheet(near + _row(one, 1048576))) for name, one in far.items()}
    found["far-row.xlsx"] = workbook(sheet(near + '<row r="4294967295"><c r="A4294967295"><v>1</v></c></row>'))
    found["far-column.xlsx"] = workbook(sheet(near + _row(cell('r="ZZZZZZZ2"'), 2)))
    for suffix in ("bin", "dat", "xml2", "XML"):
        found[f"far-cell-{suffix}.xlsx"] = workbook(
            sheet(near + _row(cell('r="XFD1048576"'), 1048576)), part=f"worksheets/sheet1.{suffix}"
        )
    found["far-cell-binary.xlsb"] = zipped(
        {"xl/workbook.bin": b"\x83\x01\x00", "xl/worksheets/sheet1.bin": b"\x91\x01"}
    )
    found["lying-dimension.xlsx"] = workbook(
        sheet(near).replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')
    )
    for name, type_ in (("entities", BOMB), ("outside", OUTSIDE), ("remote", REMOTE), ("squared", SQUARED)):
        inner = cell('r="A1"', "&j;" * (5000 if name == "squared" else 1))
        found[f"{name}-sheet.xlsx"] = workbook(sheet(_row(inner) + near, type_))
        found[f"{name}-strings.xlsx"] = workbook(
            sheet(near + _row('<c r="A2" t="s"><v>0</v></c>', 2)),
            more={"xl/sharedStrings.xml": f'{type_}<sst xmlns="{MAIN}" count="999999999"><si><t>&j;</t></si></sst>'},
        )
    found["strings-beyond.xlsx"] = workbook(sheet(near + _row('<c r="A2" t="s"><v>4294967295</v></c>', 2)))
    found["bomb-sheet.xlsx"] = workbook(sheet(near + "<row/>" * 4_000_000))
    found["one-string-often.xlsx"] = workbook(
        sheet(
            near
            + "".join(
                _row(f'<c r="A{n}" t="s"><v>0</v></c><c r="B{n}" t="s"><v>0</v></c>', n) for n in range(2, 40_000)
            )
        ),
        more={"xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>{"x" * 30_000}</t></si></sst>'},
    )
    found["formulas.xlsx"] = workbook(sheet(near + _row(cell('r="A2"', EVIL.replace('"', "&quot;")), 2)))
    return found | _ods() | _xls()


def _ods() -> dict[str, bytes]:
    spaces = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )

    def book(rows: str, before: str = "") -> bytes:
        kind = "application/vnd.oasis.opendocument.spreadsheet"
        content = (
            f'<?xml version="1.0"?>{before}<office:document-content{spaces}><office:body><office:spreadsheet>'
            f'<table:table table:name="s">{rows}</table:table></office:spreadsheet></office:body>'
            "</office:document-content>"
        )
        listed = (
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
            f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>'
        )
        return zipped({"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": listed})

    def cells(times: str, *texts: str) -> str:
        inner = "".join(
            f'<table:table-cell office:value-type="string"{times}><text:p>{text}</text:p></table:table-cell>'
            for text in texts
        )
        return f"<table:table-row>{inner}</table:table-row>"

    wide = ' table:number-columns-repeated="1000000000"'
    long = '<table:table-row table:number-rows-repeated="1000000000">'
    head = cells("", "id", "date")
    return {
        "wide.ods": book(head + cells(wide, "1", "2")),
        "long.ods": book(head + cells("", "1", "2").replace("<table:table-row>", long)),
        "both.ods": book(head + cells(wide, "1").replace("<table:table-row>", long)),
        "entities.ods": book(head + cells("", "&j;", "2"), BOMB),
        "outside.ods": book(head + cells("", "&j;", "2"), OUTSIDE),
        "deep.ods": book("<table:table-row>" * 300_000),
    }


def _xls() -> dict[str, bytes]:
    """The old format: a chain of sectors that bites its tail, and one that lies about their number."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    cycle = head + struct.pack("<IIIIIIIIII", 0, 1, 1, 0, 4096, 1, 1, 1, 1, 0) + b"\xff\xff\xff\xff" * 108
    table = struct.pack("<I", 0xFFFFFFFD) + struct.pack("<I", 1) + b"\xff\xff\xff\xff" * 126
    entry = "Root Entry".encode("utf-16-le").ljust(64, b"\0") + struct.pack("<HBB", 22, 5, 1) + b"\xff" * 12
    folder = (entry + bytes(36) + struct.pack("<IQ", 1, 1 << 40)).ljust(512, b"\0")
    many = head + struct.pack("<IIIIIIIIII", 0, 0xFFFFFFF0, 1, 0, 4096, 1, 0xFFFFFFF0, 1, 0xFFFFFFF0, 0)
    return {
        "cycle.xls": cycle + table + folder + bytes(512),
        "lying.xls": many + b"\0\0\0\0" * 109 + table + folder,
        "cut.xls": cycle[:200],
    }


def texts() -> dict[str, bytes]:
    """Delimited texts."""
    return {
        "million-columns.csv": b"a," * 490_000 + b"b\n" + b"1," * 490_000 + b"2\n",
        "columns.csv": ",".join(f"c{n}" for n in range(60_000)).encode() + b"\n" + b"1," * 59_999 + b"2\n",
        "endless-line.csv": CSV + b"x" * 3_000_000,
        "open-quote.csv": f"{HEADER}\n".encode() + b'1,"' + b"x,\n" * 1_000_000,
        "quotes.csv": f"{HEADER}\n".encode() + b'"' * 3_000_000 + b"\n",
        "zeros.csv": CSV + bytes(2_000_000),
        "returns.csv": CSV + b"\r" * 2_000_000,
        "blanks.csv": CSV + b" " * 900_000 + b"\n" + b"\t,,,,\n" * 200_000,
        "comments.csv": b"<!---->" * 100_000,
        "osm-comments.xml": b"<!---->" * 200,
        "formulas.csv": _evil(EVIL, "@SUM(1)", "+1+cmd|' /C calc'!A0", "-2+3", "\t=1", "\r=1"),
        "page.csv": _evil(PAGE, "# Heading", "![p](https://evil.example/p.png)", "<script>alert(1)</script>", "$x$"),
        "surrogates.json": b'[{"id":"\\ud800","date":"2026-03-01","category":"x","lat":37.94,"lon":23.64}]',
    }


def _evil(*words: str) -> bytes:
    quoted = ['"' + word.replace('"', '""') + '"' for word in words]
    rows = [f"{n},2026-03-{n % 28 + 1:02d},{quoted[n % len(words)]},37.94{n:03d},23.64{n:03d}" for n in range(60)]
    return f"{HEADER}\n".encode() + "\n".join(rows).encode() + b"\n"


def columns() -> dict[str, bytes]:
    """Parquet whose metadata lies, or whose few bytes stand for very many."""

    def written(table: pa.Table, **options: object) -> bytes:
        stream = io.BytesIO()
        pq.write_table(table, stream, **options)
        return stream.getvalue()

    plain = pa.table({"id": ["1", "2"], "date": ["2026-03-01", "2026-03-02"], "category": ["x", "y"]})
    good = written(plain, compression="none")
    often = pa.DictionaryArray.from_arrays(pa.array([0] * 300_000, pa.int32()), ["x" * 200_000])
    point = {"version": "1.0.0", "primary_column": "g", "columns": {"g": {"encoding": "WKB", "geometry_types": []}}}

    def geo(value: bytes, meta: str) -> bytes:
        table = pa.table({"id": ["1"], "g": pa.array([value], pa.binary())})
        return written(table.replace_schema_metadata({b"geo": meta.encode()}))

    deep: pa.DataType = pa.string()
    for _ in range(60):
        deep = pa.struct([("a", deep)])
    nest: pa.DataType = pa.int8()
    for _ in range(40):
        nest = pa.list_(nest)
    return {
        "footer-length.parquet": good[:-8] + b"\xff\xff\xff\x7fPAR1",
        "footer-cut.parquet": good[:-8] + b"\0\0\0\0PAR1",
        "footer-noise.parquet": good[:-40] + b"\xff" * 32 + good[-8:],
        "rows-lie.parquet": good.replace(b"\x16\x04", b"\x16\xfe", 1),
        "dictionary.parquet": written(pa.table({"id": often, "date": often, "category": often})),
        "deep.parquet": written(pa.table({"a": pa.nulls(2, deep), "b": ["1", "2"]})),
        "lists.parquet": written(pa.table({"a": pa.nulls(2, nest), "b": ["1", "2"]})),
        "many-columns.parquet": written(pa.table({f"c{n}": ["1", "2"] for n in range(20_000)})),
        "geo-deep.parquet": geo(b"\x01\x01\0\0\0" + bytes(16), "[" * 200_000),
        "geo-list.parquet": geo(b"\x01\x01\0\0\0" + bytes(16), json.dumps({**point, "primary_column": ["g"]})),
        "geo-count.parquet": geo(b"\x01\x06\0\0\0\xff\xff\xff\xff", json.dumps(point)),
        "geo-nested.parquet": geo(b"\x01\x07\0\0\0\x01\0\0\0" * 100_000, json.dumps(point)),
        "geo-file.parquet": geo(
            b"\x01\x01\0\0\0" + bytes(16),
            json.dumps({**point, "columns": {"g": {"encoding": "WKB", "crs": "+proj=longlat +nadgrids=/etc/passwd"}}}),
        ),
    }
