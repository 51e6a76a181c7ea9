"""Whole exports of every kind, small and made up, to make broken ones from; real ones too where they lie near."""

from __future__ import annotations

import gzip
import io
import json
import random
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

import sample_data
from tests.headers import EXPORTS, FMS
from tests.in_texts import csv_bytes

ROWS = 24
HEAD = 6_000  # bytes of a real file


def seeds() -> dict[str, bytes]:
    """Names and contents."""
    rng = random.Random(20_260)
    found = {**_text(rng), **_trees(rng), **_tables(rng)}
    dirty = sample_data.DIRTY_EXPORT.read_bytes().split(b"\r\n")
    found["curim.csv"] = b"\r\n".join(dirty[: ROWS + 1]) + b"\r\n"
    found["curim-rest.csv"] = b"\r\n".join([dirty[0], *dirty[900 : 900 + ROWS]]) + b"\r\n"
    return {**found, **_wrapped(found), **_real()}


def _moment(rng: random.Random) -> tuple[int, int, int, int, int]:
    return 2024 + rng.randrange(2), rng.randrange(1, 13), rng.randrange(1, 29), rng.randrange(24), rng.randrange(60)


def _place(rng: random.Random) -> tuple[str, str]:
    return f"{37.94 + rng.random() / 50:.5f}", f"{23.63 + rng.random() / 50:.5f}"


DAY, CLOCK = "{d:02}/{m:02}/{y}", "{h:02}:{i:02}"
GREEK = {
    "Α/Α": "{n}", "Ημερομηνία": DAY, "Ώρα": CLOCK, "Κατηγορία": "{kind}", "Φύλο": "{gender}",
    "Γεωγραφικό πλάτος": "{comma[0]}", "Γεωγραφικό μήκος": "{comma[1]}", "Τηλέφωνο": "2100000000",
}  # fmt: skip
MADE = {"Report ID": "{n}", "Created": "{y}-{m:02}-{d:02}T{h:02}:{i:02}:00", "Title": "t", "Status": "{state}"}
MADE |= {"Category": "{fault}", "User Name": "n", "Device Type": "website", "Latitude": "{lat}", "Longitude": "{lon}"}
# By name: what stands under each heading, and how the rows are written.
TEXTS: Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]] = {
    "ushahidi2.csv": ({
        "#": "{n}", "INCIDENT TITLE": "made up, title", "INCIDENT DATE": "{y}-{m:02}-{d:02} {h:02}:{i:02}:00",
        "LOCATION": "Πειραιάς", "DESCRIPTION": 'made up\nin two lines, "quoted"', "CATEGORY": "{emergency}",
        "LATITUDE": "{lat}", "LONGITUDE": "{lon}", "APPROVED": "YES", "VERIFIED": "{yes}",
    }, {}),
    "policeuk.csv": ({
        "Crime ID": "{key}", "Month": "{y}-{m:02}", "Reported by": "A force", "Falls within": "A force",
        "Longitude": "{some[1]}", "Latitude": "{some[0]}", "Location": "On or near", "LSOA code": "E0",
        "LSOA name": "A 1", "Crime type": "{crime}", "Last outcome category": "Under investigation", "Context": "",
    }, {}),
    "fixmystreet.csv": ({label: MADE.get(label, "") for label in FMS.split(",")}, {}),
    "greek.csv": (GREEK, {"delimiter": ";", "encoding": "cp1253", "lineterminator": "\r\n"}),
    "greek-utf16.csv": (GREEK, {"delimiter": "\t", "encoding": "utf-16"}),
    "madrid.csv": ({
        "num_expediente": "S{half}", "fecha": DAY, "hora": f"{CLOCK}:00", "tipo_accidente": "Caída", "sexo": "{sex}",
        "coordenada_x_utm": "44{utm}", "coordenada_y_utm": "4.47{utm}",
    }, {"delimiter": ";", "encoding": "utf-8-sig"}),
    "parts.csv": ({
        "TYPE": "Theft", "YEAR": "{y}", "MONTH": "{m}", "DAY": "{d}", "HOUR": "{h}", "MINUTE": "{i}",
        "X": "{metres[0]}", "Y": "{metres[1]}",
    }, {}),
    "american.csv": ({
        "INCIDENT_KEY": "{half}", "OCCUR_DATE": "{m:02}/{d:02}/{y}", "OCCUR_TIME": "{h}:{i:02}:00",
        "Created": "{m:02}/{d:02}/{y} {h12:02}:{i:02}:00 {p}", "VIC_SEX": "{letter}", "VIC_AGE_GROUP": "{band}",
        "OFNS_DESC": "ROBBERY", "Latitude": "{lat}", "Longitude": "{lon}",
    }, {"delimiter": "|", "lineterminator": "\r\n"}),
    "one-hot.csv": ({
        "INCIDENT ID": "{n}", "INCIDENT TITLE": "t", "DATE": "{m:02}/{d:02}/24", "TIME": CLOCK, "DESCRIPTION": "d",
        "Catcalls/Whistles": "{flag}", "Commenting": "{other_flag}", "Stalking": "1", "VERBAL ABUSE": "1",
        "LATITUDE": "{lat}", "LONGITUDE": "{lon}",
    }, {"delimiter": "\t", "encoding": "latin-1"}),
}  # fmt: skip
CHOICES: Mapping[str, Sequence[str]] = {
    "emergency": ["1. Urgences | Emergency, ", "2a. Eau | Water, 8. Autre | Other, "], "yes": ["YES", "NO"],
    "crime": ["Anti-social behaviour", "Bicycle theft"], "state": ["open", "fixed - council", "closed"],
    "fault": ["Graffiti", "Street lighting"], "kind": ["Κλοπή", "Παρενόχληση", "Όχληση"], "letter": "MFUX",
    "gender": ["Γυναίκα", "Άνδρας", "", ";"], "sex": ["Hombre", "Mujer", "Desconocido"], "flag": "01",
    "other_flag": "01", "band": ["18-24", "<18", "65+", "25-44"],
}  # fmt: skip


def _text(rng: random.Random) -> dict[str, bytes]:
    rows = []
    for number in range(ROWS):
        lat, lon = _place(rng)
        y, m, d, h, i = _moment(rng)
        row: dict[str, Any] = {name: rng.choice(some) for name, some in CHOICES.items()}
        row |= {"n": number, "half": number // 2, "key": f"{rng.getrandbits(64):016x}" if number % 3 else ""}
        row |= {"y": y, "m": m, "d": d, "h": h, "i": i, "h12": h % 12 or 12, "p": "PM" if h > 11 else "AM"}
        row |= {"lat": lat, "lon": lon, "some": (lat, lon) if number % 5 else ("", "")}
        row |= {"comma": (lat.replace(".", ","), lon.replace(".", ",")), "utm": f"{rng.uniform(0, 10):.3f}.{number:03}"}
        row["metres"] = [f"{start + rng.random() * 3000:.3f}" for start in (505_000, 4_199_000)]
        rows.append(row)
    return {
        name: csv_bytes([list(cells), *([cell.format(**row) for cell in cells.values()] for row in rows)], **how)
        for name, (cells, how) in TEXTS.items()
    }


def _trees(rng: random.Random) -> dict[str, bytes]:
    requests = []
    features = []
    for number in range(ROWS):
        lat, lon = _place(rng)
        year, month, day, hour, minute = _moment(rng)
        moment = f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:00+02:00"
        requests.append(
            {"service_request_id": number, "status": "open", "service_name": "Noise", "service_code": 7}
            | {"description": "made up", "requested_datetime": moment, "lat": float(lat), "long": float(lon)}
        )
        geometry = {"type": "Point", "coordinates": [float(lon), float(lat)]}
        properties = {"id": number, "date": moment, "category": "Θόρυβος"}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    xml = "".join(
        "<request>" + "".join(f"<{key}>{value}</{key}>" for key, value in one.items()) + "</request>"
        for one in requests
    )
    issues = [
        {"id": one["service_request_id"], "status": "Open", "summary": "s", "rating": 2, "lat": one["lat"]}
        | {"lng": one["long"], "created_at": one["requested_datetime"], "reporter": {"name": "n"}}
        for one in requests
    ]
    return {
        "open311.json": json.dumps(requests).encode(),
        "open311.xml": f'<?xml version="1.0" encoding="utf-8"?>\n<service_requests>{xml}</service_requests>'.encode(),
        "seeclickfix.json": json.dumps({"metadata": {"pages": 1}, "issues": issues}).encode(),
        "lines.json": "\n".join(json.dumps(one) for one in requests).encode(),
        "points.geojson": json.dumps({"type": "FeatureCollection", "features": features}).encode(),
    }


def _tables(rng: random.Random) -> dict[str, bytes]:
    rows = []
    for number in range(ROWS):
        lat, lon = _place(rng)
        rows.append({"id": f"{number:04}", "date": pd.Timestamp(*_moment(rng)), "category": "Κλοπή", "lat": float(lat)})
        rows[-1]["lon"] = float(lon)
    frame = pd.DataFrame(rows)
    points = gpd.GeoDataFrame(frame[["id", "category"]].assign(date=frame["date"].astype(str)))
    points = points.set_geometry(gpd.points_from_xy(frame["lon"], frame["lat"]), crs=4326)
    found: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        frame.to_excel(base / "sheet.xlsx", index=False)
        frame.to_excel(base / "sheet.ods", index=False, engine="odf")
        frame.to_parquet(base / "columns.parquet")
        points.to_parquet(base / "geo.parquet")
        points.to_crs(2100).to_file(base / "layer.gpkg", driver="GPKG")
        for path in sorted(base.iterdir()):
            found[path.name] = path.read_bytes()
        (base / "shape").mkdir()
        points.to_crs(2100).to_file(base / "shape" / "points.shp", encoding="utf-8")
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for path in sorted((base / "shape").iterdir()):
                archive.write(path, path.name)
        found["shape.zip"] = stream.getvalue()
    return found


def _wrapped(found: Mapping[str, bytes]) -> dict[str, bytes]:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("2024-01/a.csv", found["policeuk.csv"])
        archive.writestr("2024-02/b.csv", found["policeuk.csv"])
    return {"months.zip": stream.getvalue(), "greek.csv.gz": gzip.compress(found["greek.csv"], mtime=0)}


def _real() -> dict[str, bytes]:
    """The first kilobytes of real exports, up to a line's end."""
    found = {}
    for path in sorted(EXPORTS.glob("*.csv")) if EXPORTS.is_dir() else ():
        with path.open("rb") as handle:
            head = handle.read(HEAD)
        found[f"real-{path.name}"] = head[: head.rfind(b"\n") + 1]
    return found
