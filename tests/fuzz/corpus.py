"""Whole exports of every kind, small and made up, to make broken ones from; real ones too where they lie near."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import pandas as pd

import sample_data
from tests.headers import EXPORTS, FMS
from tests.hostile.tables import zipped

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


def _csv(
    header: str, rows: Iterable[Sequence[str]], delimiter: str = ",", encoding: str = "utf-8", end: str = "\n"
) -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter, lineterminator=end).writerows([header.split(","), *rows])
    return stream.getvalue().encode(encoding)


HAITI = "#,INCIDENT TITLE,INCIDENT DATE,LOCATION,DESCRIPTION,CATEGORY,LATITUDE,LONGITUDE,APPROVED,VERIFIED"
STREET = (
    "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,"
    "Last outcome category,Context"
)
GREEK = "Α/Α,Ημερομηνία,Ώρα,Κατηγορία,Φύλο,Γεωγραφικό πλάτος,Γεωγραφικό μήκος,Τηλέφωνο"
MADRID = "num_expediente,fecha,hora,tipo_accidente,sexo,coordenada_x_utm,coordenada_y_utm"
AMERICAN = "INCIDENT_KEY,OCCUR_DATE,OCCUR_TIME,Created,VIC_SEX,VIC_AGE_GROUP,OFNS_DESC,Latitude,Longitude"
ONE_HOT = (
    "INCIDENT ID,INCIDENT TITLE,DATE,TIME,DESCRIPTION,Catcalls/Whistles,Commenting,Stalking,VERBAL ABUSE,LATITUDE,"
    "LONGITUDE"
)


def _text(rng: random.Random) -> dict[str, bytes]:
    def times(shape: str) -> str:
        year, month, day, hour, minute = _moment(rng)
        half, h12 = "PM" if hour > 11 else "AM", hour % 12 or 12
        return shape.format(y=year, m=month, d=day, h=hour, n=minute, h12=h12, p=half)

    def utm(start: str) -> str:
        return f"{start}{rng.randrange(10)}.{rng.randrange(1000):03}.{rng.randrange(1000):03}"

    found: dict[str, list[Sequence[str]]] = defaultdict(list)
    for number in range(ROWS):
        lat, lon = _place(rng)
        emergency = rng.choice(["1. Urgences | Emergency, ", "2a. Eau | Water, 8. Autre | Other, "])
        said = 'made up\nin two lines, "quoted"'
        title = (str(900 + number), "made up, title", times("{y}-{m:02}-{d:02} {h:02}:{n:02}:00"), "Πειραιάς", said)
        found["haiti"].append((*title, emergency, lat, lon, "YES", rng.choice(["YES", "NO"])))
        place = (lon, lat) if number % 5 else ("", "")
        crime = rng.choice(["Anti-social behaviour", "Bicycle theft"])
        key = f"{rng.getrandbits(64):016x}" if number % 3 else ""
        found["street"].append(
            (key, times("{y}-{m:02}"), "A force", "A force", *place, "On or near", "E0", "A 1", crime,
             "Under investigation", "")
        )  # fmt: skip
        made = {"Report ID": str(number), "Created": times("{y}-{m:02}-{d:02}T{h:02}:{n:02}:00"), "Title": "t"}
        made |= {"Status": rng.choice(["open", "fixed - council", "closed"]), "Latitude": lat, "Longitude": lon}
        made |= {"Category": rng.choice(["Graffiti", "Street lighting"]), "User Name": "n", "Device Type": "website"}
        found["mystreet"].append([made.get(label, "") for label in FMS.split(",")])
        kind, gender = rng.choice(["Κλοπή", "Παρενόχληση", "Όχληση"]), rng.choice(["Γυναίκα", "Άνδρας", "", ";"])
        degrees = (one.replace(".", ",") for one in (lat, lon))
        moment = (times("{d:02}/{m:02}/{y}"), times("{h:02}:{n:02}"))
        found["greek"].append((str(number), *moment, kind, gender, *degrees, "2100000000"))
        sex = rng.choice(["Hombre", "Mujer", "Desconocido"])
        when = (times("{d:02}/{m:02}/{y}"), times("{h:02}:{n:02}:00"))
        found["madrid"].append((f"S{number // 2}", *when, "Caída", sex, utm("44"), utm("4.47")))
        metres = (f"{505_000 + rng.random() * 3000:.3f}", f"{4_199_000 + rng.random() * 3000:.3f}")
        found["parts"].append(("Theft", *map(str, _moment(rng)), *metres))
        american = (
            times("{m:02}/{d:02}/{y}"),
            times("{h}:{n:02}:00"),
            times("{m:02}/{d:02}/{y} {h12:02}:{n:02}:00 {p}"),
        )
        band = rng.choice(["18-24", "<18", "65+", "25-44"])
        found["american"].append((str(number // 3), *american, rng.choice("MFUX"), band, "ROBBERY", lat, lon))
        flags = (rng.choice("01"), rng.choice("01"), "1", "1")
        found["flags"].append(
            (str(number), "t", times("{m:02}/{d:02}/24"), times("{h:02}:{n:02}"), "d", *flags, lat, lon)
        )
    return {
        "ushahidi2.csv": _csv(HAITI, found["haiti"]),
        "policeuk.csv": _csv(STREET, found["street"]),
        "fixmystreet.csv": _csv(FMS, found["mystreet"]),
        "greek.csv": _csv(GREEK, found["greek"], ";", "cp1253", "\r\n"),
        "greek-utf16.csv": _csv(GREEK, found["greek"], "\t", "utf-16"),
        "madrid.csv": _csv(MADRID, found["madrid"], ";", "utf-8-sig"),
        "parts.csv": _csv("TYPE,YEAR,MONTH,DAY,HOUR,MINUTE,X,Y", found["parts"]),
        "american.csv": _csv(AMERICAN, found["american"], "|", end="\r\n"),
        "one-hot.csv": _csv(ONE_HOT, found["flags"], "\t", "latin-1"),
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
        found["shape.zip"] = zipped({path.name: path.read_bytes() for path in sorted((base / "shape").iterdir())})
    return found


def _wrapped(found: Mapping[str, bytes]) -> dict[str, bytes]:
    months = zipped({f"2024-{month}.csv": found["policeuk.csv"] for month in ("01/a", "02/b")})
    return {"months.zip": months, "greek.csv.gz": gzip.compress(found["greek.csv"], mtime=0)}


def _real() -> dict[str, bytes]:
    """The first kilobytes of real exports, up to a line's end."""
    found = {}
    for path in sorted(EXPORTS.glob("*.csv")) if EXPORTS.is_dir() else ():
        with path.open("rb") as handle:
            head = handle.read(HEAD)
        found[f"real-{path.name}"] = head[: head.rfind(b"\n") + 1]
    return found
