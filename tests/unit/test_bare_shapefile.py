"""Parts of a Shapefile outside a ZIP: read where they lie side by side; else the message says which belong together."""

from __future__ import annotations

import shutil
from pathlib import Path

import geopandas as gpd
import pytest

from curim_data.containers import open_file
from curim_data.importing.pipeline import import_file
from curim_data.model import ImportProblem, translator
from curim_data.store import Home


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "parts"
    made.mkdir()
    rows = range(40)
    data = {
        "expediente": [f"E{n}" for n in rows],
        "fecha": [f"2025-03-{1 + n % 28:02d}" for n in rows],
        "delito": ["Hurto" if n % 2 else "Robo" for n in rows],
    }
    points = gpd.points_from_xy([23.64 + n / 2000 for n in rows], [37.94 + n / 4000 for n in rows], crs=4326)
    gpd.GeoDataFrame(data, geometry=points).to_file(made / "delitos.shp", engine="pyogrio")
    return made


@pytest.mark.parametrize("name", ["delitos.shp", "delitos.dbf", "delitos.shx"])
def test_parts_side_by_side_are_read(folder: Path, tmp_path: Path, name: str) -> None:
    report = import_file(Home(tmp_path / "home"), folder / name, name)
    assert (report.batch.accepted, report.mapped) == (40, 40)
    assert import_file(Home(tmp_path / "home"), folder / name, name).batch.duplicate == 40


def test_endings_in_capitals_are_the_same(folder: Path) -> None:
    for part in list(folder.iterdir()):
        part.rename(folder / part.name.upper())
    blocks = list(open_file(folder / "DELITOS.SHP", "DELITOS.SHP").blocks())
    assert sum(block.read for block in blocks) == 40


@pytest.mark.parametrize("lang", ["en", "el", "fr"])
@pytest.mark.parametrize("name", ["delitos.shp", "delitos.dbf"])
def test_a_part_alone_says_which_files_belong_together(folder: Path, tmp_path: Path, name: str, lang: str) -> None:
    alone = tmp_path / "alone" / name
    alone.parent.mkdir()
    shutil.copyfile(folder / name, alone)
    for source in (alone, alone.read_bytes()):
        with pytest.raises(ImportProblem) as problem:
            open_file(source, name)
        told = translator(lang)(problem.value.message)
        assert all(f"delitos{ending}" in told for ending in (".shp", ".shx", ".dbf", ".prj"))
        assert "ZIP" in told
