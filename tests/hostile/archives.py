"""Hostile archives and layers: bombs, lies about sizes, names that lead elsewhere, links, SQL that runs by itself.

With all hostile files by name, made anew for each run: none of them lies in the repository.
"""

from __future__ import annotations

import gzip
import sqlite3
import stat
import struct
import tempfile
import zipfile
import zlib
from functools import cache
from pathlib import Path

import geopandas as gpd
from shapely.geometry import Point

from tests.hostile.tables import CSV, columns, json_files, texts, workbooks, xml_files, zipped

NAMES = (
    "../../evil.csv", "/tmp/curim-evil.csv", "C:\\evil.csv", "a/../../../evil.csv", "con.csv", "a\nb.csv", "~/x.csv",
)  # fmt: skip


@cache
def hostile_files() -> dict[str, bytes]:
    """Names and contents."""
    return {**texts(), **workbooks(), **columns(), **json_files(), **xml_files(), **archives(), **layers()}


def archives() -> dict[str, bytes]:
    """ZIP and gzip."""
    bomb = _lines(300_000_000)
    found = {f"name-{at}.zip": zipped({name: CSV}) for at, name in enumerate(NAMES)}
    found |= {
        "bomb.csv.gz": bomb,
        "bomb-of-bombs.csv.gz": gzip.compress(bomb, mtime=0),
        "bomb.zip": _zip_of(bomb),
        "members.csv.gz": gzip.compress(b"", mtime=0) * 50_000,
        "nested.zip": _nested(4),
        "nested-in-gz.zip": gzip.compress(_nested(2), mtime=0),
        "many.zip": zipped({f"{n}.csv": b"a,b\n1,2\n" for n in range(400)}),
        "link.zip": _link("/etc/passwd"),
        "link-up.zip": _link("../../../../etc/passwd"),
        "twice.zip": _twice(),
        "lying-small.zip": _lying(10),
        "lying-large.zip": _lying(0xFFFFFFF0),
        "offset.zip": _patched(zipped({"a.csv": CSV}), 0x7FFFFFFF, (b"PK\1\2", 42)),
        "count.zip": zipped({"a.csv": CSV})[:-22]
        + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 65535, 65535, 0x7FFFFFFF, 0, 0),
        "shape-lies.zip": _shape(0x7FFFFFFF, 10),
        "shape-rows.zip": _shape(None, 0x7FFFFFFF),
        "shape-bomb.zip": _shape_bomb(),
        "shape-names.zip": zipped({"../a.shp": b"\0\0\x27\x0a", "../a.dbf": b"\3", "../a.shx": b"\0\0\x27\x0a"}),
    }
    return found


def _lines(length: int) -> bytes:
    """A gzip file of so many bytes: a header, and line ends alone, which are packed as small as anything can be."""
    packer = zlib.compressobj(9, wbits=31)
    piece = b"\n" * 1_000_000
    packed = [packer.compress(piece) for _ in range(length // len(piece))]
    return b"".join([packer.compress(b"id,what\n"), *packed, packer.flush()])


def _zip_of(packed: bytes) -> bytes:
    """A ZIP whose member is the content of a gzip file, not packed again."""
    raw, size = packed[10:-8], struct.unpack("<I", packed[-4:])[0]
    check = struct.unpack("<I", packed[-8:-4])[0]
    about = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 0, check, len(raw), size, 5, 0)
    local = b"PK\3\4" + about + b"a.csv" + raw
    central = b"PK\1\2" + struct.pack("<H", 20) + about + bytes(14) + b"a.csv"
    return local + central + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(central), len(local), 0)


def _nested(depth: int) -> bytes:
    inner = CSV
    for level in range(depth):
        inner = zipped({f"{level}.zip" if level else "a.csv": inner})
    return inner


def _link(target: str) -> bytes:
    """A symbolic link as a member."""
    info = zipfile.ZipInfo("a.csv")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return zipped({info: target}, zipfile.ZIP_STORED)


def _twice() -> bytes:
    """Two thousand entries that all stand for the same packed bytes."""
    once = bytearray(zipped({"a.csv": b"a,b\n" + b"1,2\n" * 1_000_000}))
    start = once.find(b"PK\1\2")
    entry = bytes(once[start : once.find(b"PK\5\6")])
    central = b"".join(entry.replace(b"a.csv", b"%05d" % n) for n in range(2_000))
    return (
        bytes(once[:start]) + central + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 2000, 2000, len(central), start, 0)
    )


def _patched(data: bytes, number: int, *places: tuple[bytes, int]) -> bytes:
    """A ZIP in which another number stands so many bytes behind each signature."""
    changed = bytearray(data)
    for signature, place in places:
        at = changed.find(signature) + place
        changed[at : at + 4] = struct.pack("<I", number)
    return bytes(changed)


def _lying(size: int) -> bytes:
    """A member whose unpacked size is told wrong, in both places."""
    return _patched(zipped({"a.csv": CSV}), size, (b"PK\3\4", 22), (b"PK\1\2", 24))


def _layer(driver: str, suffix: str) -> dict[str, bytes]:
    """The files of a small layer."""
    frame = gpd.GeoDataFrame(
        {"id": ["1", "2"], "date": ["2026-03-01", "2026-03-02"], "category": ["x", "y"]},
        geometry=[Point(23.64, 37.94), Point(23.65, 37.95)],
        crs=4326,
    )
    with tempfile.TemporaryDirectory() as folder:
        frame.to_file(Path(folder) / f"a.{suffix}", driver=driver)
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def _shape(length: int | None, rows: int) -> bytes:
    parts = {name: bytearray(content) for name, content in _layer("ESRI Shapefile", "shp").items()}
    if length is not None:
        parts["a.shp"][24:28] = struct.pack(">I", length)
    parts["a.dbf"][4:8] = struct.pack("<I", rows)
    return zipped({name: bytes(content) for name, content in parts.items()})


def _shape_bomb() -> bytes:
    parts = _layer("ESRI Shapefile", "shp")
    return zipped({**parts, "a.dbf": parts["a.dbf"] + bytes(50_000_000)})


def layers() -> dict[str, bytes]:
    """GeoPackages whose SQL does more than hold a layer."""
    loop = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS fid, i AS id FROM n"
    large = "SELECT 1 AS fid, hex(zeroblob(500000000)) AS id"
    content = "INSERT INTO gpkg_contents(table_name, data_type, identifier) VALUES('{0}', 'attributes', '{0}')"
    return {
        "trigger.gpkg": _geopackage(
            "CREATE TRIGGER evil AFTER INSERT ON a BEGIN DELETE FROM a; END",
            "CREATE TRIGGER worse AFTER UPDATE ON gpkg_contents BEGIN DELETE FROM a; END",
        ),
        "view.gpkg": _geopackage("CREATE VIEW v AS SELECT fid, id FROM a", content.format("v")),
        "view-endless.gpkg": _geopackage(f"CREATE VIEW v AS {loop}", content.format("v")),
        "view-large.gpkg": _geopackage(f"CREATE VIEW v AS {large}", content.format("v")),
        "view-extension.gpkg": _geopackage(
            "CREATE VIEW v AS SELECT load_extension('/tmp/evil.so') AS id", content.format("v")
        ),
        "view-file.gpkg": _geopackage("CREATE VIEW v AS SELECT readfile('/etc/passwd') AS id", content.format("v")),
        "virtual.gpkg": _virtual("CREATE VIRTUAL TABLE w USING VirtualOGR('/etc/passwd')"),
        "remote.gpkg": _virtual("CREATE VIRTUAL TABLE w USING VirtualOGR('/vsicurl/http://127.0.0.1:9/x.gpkg')"),
        "name.gpkg": _geopackage(
            """CREATE TABLE "x""; DROP TABLE a; --" (id)""", content.format('x"; DROP TABLE a; --')
        ),
        "projection.gpkg": _geopackage(
            "UPDATE gpkg_spatial_ref_sys SET definition = '+proj=longlat +nadgrids=/etc/passwd' WHERE srs_id = 4326"
        ),
        "pages.gpkg": _geopackage()[:4096] + b"\xff" * 90_000,
        "journal.gpkg": _geopackage("PRAGMA journal_mode = WAL"),
    }


def _geopackage(*statements: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.gpkg"
        path.write_bytes(_layer("GPKG", "gpkg")["a.gpkg"])
        base = sqlite3.connect(path, isolation_level=None)
        for statement in statements:
            base.execute(statement)
        base.close()
        return path.read_bytes()


def _virtual(statement: str) -> bytes:
    """A virtual table, which SQLite without its module cannot make: it is written into the schema."""
    added = "INSERT INTO sqlite_master(type, name, tbl_name, rootpage, sql) VALUES('table', 'w', 'w', 0, '{}')"
    return _geopackage(
        "PRAGMA writable_schema = ON",
        added.format(statement.replace("'", "''")),
        "INSERT INTO gpkg_contents(table_name, data_type, identifier) VALUES('w', 'attributes', 'w')",
    )
