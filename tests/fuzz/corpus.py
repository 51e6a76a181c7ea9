"""Whole exports of every kind, small and made up, to make broken ones from; real ones too where they lie near."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import pandas as pd

import sample_data

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "exports"
ROWS = 24
HEAD = 6_000  # bytes of a real file

Rows = list[dict[str, str]]


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


def _csv(rows: Rows, delimiter: str = ",", encoding: str = "utf-8", end: str = "\n") -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode(encoding)


def _text(rng: random.Random) -> dict[str, bytes]:
    def times(shape: str) -> str:
        year, month, day, hour, minute = _moment(rng)
        return shape.format(
            y=year, m=month, d=day, h=hour, n=minute, h12=hour % 12 or 12, p="PM" if hour > 11 else "AM"
        )

    haiti: Rows = []
    street: Rows = []
    mystreet: Rows = []
    greek: Rows = []
    madrid: Rows = []
    parts: Rows = []
    american: Rows = []
    one_hot: Rows = []
    for number in range(ROWS):
        lat, lon = _place(rng)
        haiti.append(
            {
                "#": str(900 + number),
                "INCIDENT TITLE": "made up, title",
                "INCIDENT DATE": times("{y}-{m:02}-{d:02} {h:02}:{n:02}:00"),
                "LOCATION": "Πειραιάς",
                "DESCRIPTION": 'made up\nin two lines, "quoted"',
                "CATEGORY": rng.choice(["1. Urgences | Emergency, ", "2a. Eau | Water, 8. Autre | Other, "]),
                "LATITUDE": lat,
                "LONGITUDE": lon,
                "APPROVED": "YES",
                "VERIFIED": rng.choice(["YES", "NO"]),
            }
        )
        street.append(
            {
                "Crime ID": f"{rng.getrandbits(64):016x}" if number % 3 else "",
                "Month": times("{y}-{m:02}"),
                "Reported by": "A force",
                "Falls within": "A force",
                "Longitude": lon if number % 5 else "",
                "Latitude": lat if number % 5 else "",
                "Location": "On or near",
                "LSOA code": "E0",
                "LSOA name": "A 1",
                "Crime type": rng.choice(["Anti-social behaviour", "Bicycle theft"]),
                "Last outcome category": "Under investigation",
                "Context": "",
            }
        )
        mystreet.append(
            {
                "Report ID": str(number),
                "Title": "t",
                "Detail": "d",
                "User Name": "n",
                "Category": rng.choice(["Graffiti", "Street lighting"]),
                "Created": times("{y}-{m:02}-{d:02}T{h:02}:{n:02}:00"),
                "Confirmed": "",
                "Acknowledged": "",
                "Fixed": "",
                "Closed": "",
                "Status": rng.choice(["open", "fixed - council", "closed"]),
                "Latitude": lat,
                "Longitude": lon,
                "Query": "",
                "Ward": "",
                "Easting": "",
                "Northing": "",
                "Report URL": "",
                "Device Type": "website",
                "Site Used": "",
                "Reported As": "",
            }
        )
        greek.append(
            {
                "Α/Α": str(number),
                "Ημερομηνία": times("{d:02}/{m:02}/{y}"),
                "Ώρα": times("{h:02}:{n:02}"),
                "Κατηγορία": rng.choice(["Κλοπή", "Παρενόχληση", "Όχληση"]),
                "Φύλο": rng.choice(["Γυναίκα", "Άνδρας", "", ";"]),
                "Γεωγραφικό πλάτος": lat.replace(".", ","),
                "Γεωγραφικό μήκος": lon.replace(".", ","),
                "Τηλέφωνο": "2100000000",
            }
        )
        madrid.append(
            {
                "num_expediente": f"S{number // 2}",
                "fecha": times("{d:02}/{m:02}/{y}"),
                "hora": times("{h:02}:{n:02}:00"),
                "tipo_accidente": "Caída",
                "sexo": rng.choice(["Hombre", "Mujer", "Desconocido"]),
                "coordenada_x_utm": f"44{rng.randrange(10)}.{rng.randrange(1000):03}.{rng.randrange(1000):03}",
                "coordenada_y_utm": f"4.47{rng.randrange(10)}.{rng.randrange(1000):03}.{rng.randrange(1000):03}",
            }
        )
        year, month, day, hour, minute = _moment(rng)
        parts.append(
            {
                "TYPE": "Theft",
                "YEAR": str(year),
                "MONTH": str(month),
                "DAY": str(day),
                "HOUR": str(hour),
                "MINUTE": str(minute),
                "X": f"{505_000 + rng.random() * 3000:.3f}",
                "Y": f"{4_199_000 + rng.random() * 3000:.3f}",
            }
        )
        american.append(
            {
                "INCIDENT_KEY": str(number // 3),
                "OCCUR_DATE": times("{m:02}/{d:02}/{y}"),
                "OCCUR_TIME": times("{h}:{n:02}:00"),
                "Created": times("{m:02}/{d:02}/{y} {h12:02}:{n:02}:00 {p}"),
                "VIC_SEX": rng.choice("MFUX"),
                "VIC_AGE_GROUP": rng.choice(["18-24", "<18", "65+", "25-44"]),
                "OFNS_DESC": "ROBBERY",
                "Latitude": lat,
                "Longitude": lon,
            }
        )
        one_hot.append(
            {
                "INCIDENT ID": str(number),
                "INCIDENT TITLE": "t",
                "DATE": times("{m:02}/{d:02}/24"),
                "TIME": times("{h:02}:{n:02}"),
                "DESCRIPTION": "d",
                "Catcalls/Whistles": rng.choice("01"),
                "Commenting": rng.choice("01"),
                "Stalking": "1",
                "VERBAL ABUSE": "1",
                "LATITUDE": lat,
                "LONGITUDE": lon,
            }
        )
    return {
        "ushahidi2.csv": _csv(haiti),
        "policeuk.csv": _csv(street),
        "fixmystreet.csv": _csv(mystreet),
        "greek.csv": _csv(greek, ";", "cp1253", "\r\n"),
        "greek-utf16.csv": _csv(greek, "\t", "utf-16"),
        "madrid.csv": _csv(madrid, ";", "utf-8-sig"),
        "parts.csv": _csv(parts),
        "american.csv": _csv(american, "|", end="\r\n"),
        "one-hot.csv": _csv(one_hot, "\t", "latin-1"),
    }


def _trees(rng: random.Random) -> dict[str, bytes]:
    requests = []
    features = []
    for number in range(ROWS):
        lat, lon = _place(rng)
        year, month, day, hour, minute = _moment(rng)
        moment = f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:00+02:00"
        requests.append(
            {
                "service_request_id": number,
                "status": "open",
                "service_name": "Noise",
                "service_code": 7,
                "description": "made up",
                "requested_datetime": moment,
                "lat": float(lat),
                "long": float(lon),
            }
        )
        features.append(
            {
                "type": "Feature",
                "properties": {"id": number, "date": moment, "category": "Θόρυβος"},
                "geometry": {"type": "Point", "coordinates": [float(lon), float(lat)]},
            }
        )
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
    for path in sorted(REAL.glob("*.csv")) if REAL.is_dir() else ():
        with path.open("rb") as handle:
            head = handle.read(HEAD)
        found[f"real-{path.name}"] = head[: head.rfind(b"\n") + 1]
    return found
