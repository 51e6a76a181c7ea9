"""One small table of alerts, written into every kind of container, and the texts that must come out again."""

from __future__ import annotations

import base64
import datetime as dt
import io
import json
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from curim_data.containers import layers as layers_
from curim_data.containers import trees, workbook
from curim_data.model.reasons import Opened
from tests.headers import EXPORTS
from tests.in_texts import uploaded

LABELS = ("id", "when", "day", "category", "long", "lat", "count", "urgent")
ALERTS = [
    (
        "007", dt.datetime(2024, 3, 1, 22, 15, 30), dt.date(2024, 3, 1), "Παρενόχληση, «φωνές»", -23.646123, 37.94, 5,
        True,
    ),
    ("0012", dt.datetime(2024, 3, 2, 0, 0), dt.date(2024, 3, 2), "Κλοπή\nστο λιμάνι", 23.65, -37.9000001, None, False),
    (
        "1000000000000", dt.datetime(2024, 12, 31, 23, 59, 59), dt.date(2024, 12, 31), "Φθορά", 0.00001, 0.5, 120000,
        True,
    ),
]  # fmt: skip
TEXTS = [
    ("007", "2024-03-01T22:15:30", "2024-03-01", "Παρενόχληση, «φωνές»", "-23.646123", "37.94", "5", "true"),
    ("0012", "2024-03-02T00:00:00", "2024-03-02", "Κλοπή\nστο λιμάνι", "23.65", "-37.9000001", "", "false"),
    ("1000000000000", "2024-12-31T23:59:59", "2024-12-31", "Φθορά", "0.00001", "0.5", "120000", "true"),
]  # fmt: skip
XLS = zlib.decompress(base64.b85decode(
    'c-rk)OGs2v82-*ZGdY@%(Nxq-21zT^&{`;lj)kQVBbtjI1U2fAqRiAZ5VpxQmqE}fX_26d7FjOJ!X%}@Ai=0b5d>P$rd3eXLcRUx'
    'zjr1z11Cx_?sqx={U7I?@7(je_r91;p6MUXn#D3yLSjLW#fC*bK`AzDI6-k;S8Dj~prl(^SBQ1cKyI*OG+`=6jiDOvS!lRxn;;3i'
    'r*r~mP#5s~Tx*E^+y<{uZKxnAaDzOF$mCX~uxw_ziRB&6`G{o|d#<popu98UIHuio1!d+eKC0z%ED@^S5iawVJtauPGc}7ZUKK`O'
    'JN5<JydCQ-kYkI-0BAsKe12b0*%=t5p29Igk;hY1UG1u^E%$iJ8yjbkN~1o2ueuBP5?<cpF3Z2RegX1-U+Rzfjo(3|x!iwEvjJVu'
    'Pw{H$rP<wRGgh>>!xs#ln}Zi|WUEATy{(0!=UaV#+O?a#A>Zjhuu}pZ0l$*o5KSnh6&IIogt#e(<%GN^$K;fpl%sM)KB2_nGCM>c'
    'xgN`LIV4r(#+Kq-vZW;OQi~_qf+W_HdBHj9QRZ%ae(7ndcb{ZW7at?WVUwpG2|6yR5>z;mBNE|S3%JBimfc+IX4bP<rqXJldwzYI'
    'sT}O#JeN6|Pds}VuiV=f>Dx)~{nYRvr}u+<2kApKvlmi_Uc38|ONU<zl~-2}3PqvlyRPui9li^5V|vFj^OsG^p*hXA>*k4?gn1qi'
    'P=6>Gmg*f5u{5)<3`>$FBbJRUTg0-HWjA@m3Os^&RL@E3OZ6Nn*!8CS_LjVlRYqKK#YEzYtEVKlp>?oye2nr6<~y`k)soJ9ib-36'
    'Nn<95S(C<0*^_6pT_%&pOzLG~3>l;=rf*wSndeV+JsG>X_DU@U_f=K2rT;`6ELgB$!GZ+~7A*WRgz+`Nuaq`^=`voeW6b|L^OP2>'
    '-z5Jn4kJKUh`uEcz)$xeI-{CD>9C7%U1F7G!v6~uju3kg?P%h5v`0OE>4Qrwex6kqbpE|16fOTkH0}Jy{67G)Yx=b'
))  # fmt: skip
Opener = Callable[[bytes, str], Opened]


def _on_disk(opener: Callable[..., Opened]) -> Callable[..., Opened]:
    """A reader of files that takes bytes, too."""

    def on_disk(source: Path | bytes, name: str, *more: Any, **named: Any) -> Opened:
        return opener(uploaded(source, name, Path(tempfile.mkdtemp())), name, *more, **named)

    return on_disk


open_json, open_xml = _on_disk(trees.open_json), _on_disk(trees.open_xml)
open_vector, open_parquet = _on_disk(layers_.open_vector), _on_disk(layers_.open_parquet)
open_workbook = _on_disk(workbook.open_workbook)


def rows(opened: Opened) -> list[tuple[str, ...]]:
    """All rows as texts, in their order."""
    return [tuple(record.values()) for block in opened.blocks() for record in block.table.to_pylist()]


def records(opened: Opened) -> list[dict[str, str]]:
    return [dict(zip(opened.facts.labels, row, strict=True)) for row in rows(opened)]


def shared(*parts: str) -> Path:
    path = EXPORTS.parent.joinpath(*parts)
    if not path.exists():
        pytest.skip("../shared/data is not here")
    return path


# ---- the same alerts written in each way


def xlsx(**sheets: list[tuple[Any, ...]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, lines in (sheets or {"Alerts": [LABELS, *ALERTS]}).items():
        sheet = book.create_sheet(title)
        for line in lines:
            sheet.append(line)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def ods() -> bytes:
    target = io.BytesIO()
    pd.DataFrame(ALERTS, columns=list(LABELS)).astype(object).to_excel(target, engine="odf", index=False)
    return target.getvalue()


def objects() -> list[dict[str, Any]]:
    return [dict(zip(LABELS, alert, strict=True)) for alert in ALERTS]


def dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=lambda day: day.isoformat()).encode()


def json_lines() -> bytes:
    return b"\n".join(dumped(record) for record in objects())


def xml(encoding: str = "utf-8") -> bytes:
    lines = [f"<?xml version='1.0' encoding='{encoding}'?>", "<alerts><count>3</count>"]
    for line in TEXTS:
        fields = "".join(f"<{label}>{text}</{label}>" for label, text in zip(LABELS, line, strict=True))
        lines.append(f"<alert>{fields}</alert>")
    return "\n".join([*lines, "</alerts>"]).encode(encoding)


def columns() -> dict[str, pa.Array]:
    return {label: pa.array([alert[at] for alert in ALERTS]) for at, label in enumerate(LABELS)}


def parquet(table: pa.Table | None = None) -> bytes:
    target = io.BytesIO()
    pq.write_table(table if table is not None else pa.table(columns()), target)
    return target.getvalue()


def frame(crs: Any = 4326) -> gpd.GeoDataFrame:
    """The alerts, their texts as columns, with their points in a reference system."""
    points = [shapely.Point(alert[4], alert[5]) for alert in ALERTS]
    told = {label: [line[at] for line in TEXTS] for at, label in enumerate(LABELS)}
    return gpd.GeoDataFrame(told, geometry=points, crs=4326).to_crs(crs)


def layers(folder: Path, **contents: gpd.GeoDataFrame) -> bytes:
    """A GeoPackage."""
    path = folder / f"{len(list(folder.iterdir()))}.gpkg"
    for layer, content in (contents or {"alerts": frame()}).items():
        content.to_file(path, layer=layer, driver="GPKG", engine="pyogrio")
    return path.read_bytes()


def shapefile(folder: Path, content: gpd.GeoDataFrame, without: tuple[str, ...] = (), **options: Any) -> bytes:
    """A ZIP with a Shapefile in a subfolder, its endings in capitals."""
    inner = folder / f"shape{len(list(folder.iterdir()))}"
    inner.mkdir()
    content.to_file(inner / "alerts.shp", engine="pyogrio", **options)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(inner.iterdir()):
            if part.suffix not in without:
                archive.writestr(f"export/2024/Alerts{part.suffix.upper()}", part.read_bytes())
    return target.getvalue()


def geoparquet(content: gpd.GeoDataFrame) -> bytes:
    target = io.BytesIO()
    content.to_parquet(target)
    return target.getvalue()


def every(folder: Path) -> dict[str, tuple[Opener, bytes]]:
    """The alerts in every container."""
    plain = frame()
    return {
        "xlsx": (open_workbook, xlsx()), "ods": (open_workbook, ods()), "xls": (open_workbook, XLS),
        "json": (open_json, dumped(objects())),
        "page": (open_json, dumped({"metadata": {"pages": 1}, "issues": objects()})),
        "lines": (open_json, json_lines()), "geojson": (open_json, plain.to_json().encode()), "xml": (open_xml, xml()),
        "gpkg": (open_vector, layers(folder)),
        "shp": (lambda data, name: open_vector(data, name, kind="shp"), shapefile(folder, plain)),
        "parquet": (open_parquet, parquet()), "geoparquet": (open_parquet, geoparquet(plain)),
    }  # fmt: skip
