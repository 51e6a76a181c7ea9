"""Headers of export formats, and real files read without the project."""

from __future__ import annotations

import csv
import gzip
import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa
import pytest

from curim_data.formats.base import Recognition
from tests.blocks import block_of

ROOT = Path(__file__).resolve().parents[1]
EXPORTS = Path(os.environ.get("CURIM_EXPORTS", ROOT.parent / "shared" / "data" / "exports"))

V2_PLAIN = "#,INCIDENT TITLE,INCIDENT DATE,LOCATION,DESCRIPTION,CATEGORY,APPROVED,VERIFIED"
V2_PLUGIN = (
    "#,INCIDENT TITLE,INCIDENT DATE,LOCATION,DESCRIPTION,CATEGORY,LATITUDE,LONGITUDE,How many,Phone of witness,"
    "FIRST NAME,LAST NAME,EMAIL,APPROVED,VERIFIED"
)
V2_NEWS = "#,INCIDENT TITLE,INCIDENT DATE,LOCATION,DESCRIPTION,CATEGORY,LATITUDE,LONGITUDE,NEWS LINKS,APPROVED,VERIFIED"
V3_NATIVE = (
    "Post ID,Survey,Post Status,Created (UTC),Updated (UTC),Post Date (UTC),Contact ID,Contact,Data Source ID,Source,"
    "Unstructured Description"
)
V3_OLD = (
    "Post ID,Survey,Post Status,Created (UTC),Updated (UTC),Post Date (UTC),Contact ID,Contact,"
    "Unstructured Description,Title,Title,Title,Title,Title"
)
V3_SURVEYS = (
    V3_NATIVE
    + ",Title,Κατηγορίες,Home.lat,Home.lon,Title,Categories.0,Categories.1,Place.lat,Place.lon,How many,E-mail"
)
FMS = (
    "Report ID,Title,Detail,User Name,Category,Created,Confirmed,Acknowledged,Fixed,Closed,Status,Latitude,Longitude,"
    "Query,Ward,Easting,Northing,Report URL,Device Type,Site Used,Reported As"
)
FMS_GROUPS = FMS.replace("Category,", "Category,Subcategory,") + ",Staff User,Flytipping size"
FMS_UPDATES = "Report ID,Update ID,Date,Status,Problem state,Text,User Name,Reported As"
SAFECITY_SHEET = (
    "INCIDENT ID,INCIDENT TITLE,DATE,YEAR,MONTH,TIME,DESCRIPTION,Catcalls/Whistles,Commenting,Sexual Invites,"
    "Ogling/Facial Expressions/Staring,Taking Pictures,Indecent Exposure,Touching /Groping,Stalking,"
    "Rape / Sexual Assault,Chain Snatching,Others,Cyber,VERBAL ABUSE,NON-VERBAL ABUSE,PHYSICAL ABUSE,"
    "SERIOUS PHYSICAL ABUSE,Location,Country Code,City Code,Area Code,Locality Code,LATITUDE,LONGITUDE"
)


def table(columns: dict[int, list[str]], labels: list[str]) -> pa.Table:
    size = max(len(values) for values in columns.values())
    return block_of({f"{at}": columns.get(at, [""] * size) for at in range(len(labels))}).table


def flat(record: dict[str, object], above: str = "") -> dict[str, str]:
    cells: dict[str, str] = {}
    for key, value in record.items():
        cells |= flat(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}": str(value or "")}
    return cells


def read(name: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a file, read without the project."""
    path = EXPORTS / name
    if not path.is_file():
        pytest.skip("../shared/data is not here")
    content = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode("utf-8-sig")
    if path.suffix == ".json":
        found = json.loads(content)
        cells = flat(found[0] if isinstance(found, list) else found)
        return list(cells), [list(cells.values())]
    if path.suffix == ".xml":
        element = ElementTree.fromstring(content)[0]
        return [child.tag for child in element], [[child.text or "" for child in element]]
    delimiter = ";" if ";" in content.split("\n", 1)[0] else ","
    header, *rows = csv.reader(content.splitlines(keepends=True), delimiter=delimiter)
    return header, [row for row in rows if len(row) == len(header)]


def sample_of(labels: list[str], rows: list[list[str]]) -> pa.Table:
    return table({at: [row[at] for row in rows[:500]] for at in range(len(labels))} if rows else {0: []}, labels)


def told(labels: list[str], recognition: Recognition) -> dict[str, list[str]]:
    """The headings that give each role."""
    roles = recognition.layout.roles.items()
    return {role: [labels[part.place] for part in parts] for role, parts in roles}


def named(labels: list[str], places: tuple[int, ...]) -> list[str]:
    return [labels[place] for place in places]
