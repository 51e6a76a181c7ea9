"""Hostile texts, workbooks, columns and trees: small files that ask their reader for far more than they hold.

Trees (JSON and XML) are nested without end, with numbers and names without end, with entities.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.effort import effort

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
        "blanks.csv": CSV + b" " * 900_000 + b"\n" + b"\t,,,,\n" * effort(40_000, 200_000),
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


RECORD = '{"id":1,"date":"2026-03-01","category":"x","lat":37.94,"lon":23.64'


def _features(*features: str, more: str = "") -> bytes:
    return f'{{"type":"FeatureCollection",{more}"features":[{",".join(features)}]}}'.encode()


def _feature(geometry: str, name: str = "a") -> str:
    return f'{{"type":"Feature","properties":{{"name":"{name}"}},"geometry":{geometry}}}'


def json_files() -> dict[str, bytes]:
    """JSON and GeoJSON."""
    polygon = '{"type":"Polygon","coordinates":[[[23.6,37.9],[23.7,37.9],[23.7,38.0],[23.6,37.9]]]}'
    nested = '{"type":"GeometryCollection","geometries":[' * 50_000 + "]}" * 50_000
    return {
        "lists.json": b"[" * 3_000_000,
        "objects.json": b'{"a":' * 500_000,
        "deep-record.json": f'[{RECORD},"x":{"[" * 100_000}{"]" * 100_000}}}]'.encode(),
        "deep-objects.json": ("[" + RECORD + ',"x":' + '{"a":' * 900 + "1" + "}" * 900 + "}]").encode(),
        "long-number.json": f'[{RECORD},"x":{"9" * 2_000_000}}}]'.encode(),
        "exponent.json": f'[{RECORD},"x":1e999999999}},{RECORD},"x":1e-999999999}}]'.encode(),
        "latitude.json": b'[{"id":1,"date":"2026-03-01","category":"x","lat":1e99999999,"lon":-1e99999999}]',
        "labels.json": b"[" + b",".join(b'{"id":%d,"k%d":1}' % (n, n) for n in range(40_000)) + b"]",
        "long-label.json": b'[{"' + b"x" * 5_000_000 + b'":1,"id":2},{"id":3}]',
        "long-text.json": b'[{"id":1,"date":"2026-03-01","category":"' + b"x" * 30_000_000 + b'","lat":1,"lon":2}]',
        "cut.json": b'[{"id":1,"date":"2026-',
        "zeros.json": b'[{"id":1}' + bytes(1_000_000),
        "geometry-deep.geojson": _features(_feature(nested)),
        "coordinates-deep.geojson": _features(
            _feature('{"type":"Polygon","coordinates":' + "[" * 100_000 + "]" * 100_000 + "}")
        ),
        "coordinates-huge.geojson": _features(_feature('{"type":"Point","coordinates":[1e308,-1e308]}')),
        "coordinates-words.geojson": _features(_feature('{"type":"Point","coordinates":["a",{"b":1}]}')),
        "crs-file.geojson": _features(
            _feature(polygon), more='"crs":{"properties":{"name":"+proj=longlat +nadgrids=/etc/passwd"}},'
        ),
        "crs-deep.geojson": _features(_feature(polygon), more=f'"crs":{"[" * 50_000}{"]" * 50_000},'),
        "crossings.geojson": _features(_feature(_star(6_000))),
        "combs.geojson": _features(_feature(_comb(12_000, False), "a"), _feature(_comb(12_000, True), "b")),
        "page.geojson": _features(_feature(polygon, "<img src=x onerror=alert(1)>[P](https://evil.example)")),
    }


def _star(corners: int) -> str:
    """A polygon whose edges all cross each other."""
    half = corners // 2
    points = [(23.6 + 0.1 * n / half, 37.9 + 0.1 * (n % 2)) for n in range(half)]
    points += [(23.6 + 0.1 * (n % 2), 37.9 + 0.1 * n / half) for n in range(half)]
    told = ",".join(f"[{x:.6f},{y:.6f}]" for x, y in (*points, points[0]))
    return f'{{"type":"Polygon","coordinates":[[{told}]]}}'


def _comb(teeth: int, turned: bool) -> str:
    """A valid polygon of many thin teeth; one that is turned crosses each tooth of one that is not."""
    step = 0.1 / teeth
    points = [(0.0, -0.01)]
    for n in range(teeth):
        points += [(n * step, 0.1), (n * step + step / 2, 0.1), (n * step + step / 2, 0.0), ((n + 1) * step, 0.0)]
    points += [(0.1, -0.01), (0.0, -0.01)]
    told = ",".join(f"[{23.6 + (y if turned else x):.9f},{37.9 + (x if turned else y):.9f}]" for x, y in points)
    return f'{{"type":"Polygon","coordinates":[[{told}]]}}'


def xml_files() -> dict[str, bytes]:
    """XML."""

    def alerts(before: str = "", text: str = "x") -> bytes:
        rows = "".join(f"<alert><id>{n}</id><date>2026-03-01</date><what>{text}</what></alert>" for n in range(3))
        return f'<?xml version="1.0"?>{before}<alerts>{rows}</alerts>'.encode()

    names = "".join(f"<alert><id>{n}</id><k{n}>1</k{n}></alert>" for n in range(40_000))
    deep = effort(10_000, 50_000)
    return {
        "entities.xml": alerts(BOMB, "&j;"),
        "outside.xml": alerts(OUTSIDE, "&j;"),
        "remote.xml": alerts(REMOTE),
        "squared.xml": alerts(SQUARED, "&j;" * 10_000),
        "deep.xml": b"<a>" * 1_000_000,
        "deep-closed.xml": b"<r>" + b"<a>" * deep + b"x" + b"</a>" * deep + b"<b>1</b><b>2</b></r>",
        "attributes.xml": b"<r><a " + b" ".join(b'k%d="1"' % n for n in range(100_000)) + b"/><a/></r>",
        "names.xml": f"<alerts>{names}</alerts>".encode(),
        "long-name.xml": b"<r><" + b"x" * effort(1_000_000, 5_000_000) + b"/></r>",
        "long-text.xml": alerts(text="x" * 10_000_000),
        "include.xml": alerts(text='<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>'),
        "osm.osm": b'<?xml version="1.0"?><osm version="0.6">' + b'<node id="1" lat="1e309" lon="x"/>' * 10 + b"<way",
    }
