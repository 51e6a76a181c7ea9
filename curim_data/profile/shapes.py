"""Reading shapes that a person brings for a profile: GeoJSON, GeoPackage, a zipped Shapefile in any projection, or an
extract of OpenStreetMap (.osm.pbf, .osm).

What a file is, its first bytes say and not its name: a text that names other files or addresses is not followed. The
file is read in a process of its own (`containers.isolation`), which ends alone where that takes too much.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from curim_data.containers.isolation import result_of
from curim_data.containers.limits import size_of
from curim_data.lexicon.folding import fold
from curim_data.model import LANGUAGES, ImportProblem, Message
from curim_data.model.city import Area
from curim_data.profile._shape_reading import MOST_BYTES, SHAPES, Kind, unreadable
from curim_data.profile.files import as_polygons, unique_ids

PROPOSED: Final = ""  # for `districts_of`: choose the column that distinguishes areas of one name
MOST_DISTRICTS: Final = 3000
SAMPLES: Final = 3
_TASK: Final = "curim_data.profile._shape_reading:read_shapes"
NAME_WORDS: Final = frozenset(
    {
        "name",
        "label",
        "title",
        "district",
        "ward",
        "neighbourhood",
        "neighborhood",
        "quarter",
        "area",
        "zone",
        "borough",
    }
    | {"ονομα", "ονομασια", "διαμερισμα", "κοινοτητα", "γειτονια", "περιοχη", "ενοτητα", "ετικετα"}
    | {"nom", "libelle", "quartier", "arrondissement", "commune", "nombre", "barrio", "distrito", "nome", "bezirk"}
)
CODE_WORDS: Final = frozenset(
    {"code", "cd", "gss", "insee", "ags", "lau", "nuts", "cod", "codigo", "codice", "kod", "kodikos", "κωδικος", "κωδ"}
)
_CODE: Final = re.compile(r"[A-Z]{0,4}[-_ ]?\d+")


@dataclass(frozen=True)
class AreaFile:
    """What a file of shapes holds.

    `frame`: columns as text and `geometry` in WGS84, valid and not empty; `columns` with up to three `samples` each;
    `repaired`: shapes that were invalid; `left_out`: shapes that are empty or of another kind; `crs`: the projection of
    the file in words; `layer` of `layers`.
    """

    name: str
    frame: gpd.GeoDataFrame
    columns: tuple[str, ...]
    samples: dict[str, tuple[str, ...]]
    repaired: int
    left_out: int
    crs: str
    layer: str
    layers: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.frame)


def read_areas(
    source: Path | bytes,
    name: str,
    *,
    kind: Kind = "polygon",
    layer: str | None = None,
    epsg: int | None = None,
    bounds: tuple[float, float, float, float] | None = None,
) -> AreaFile:
    """Read a file of shapes.

    Parameters
    ----------
    kind : "polygon", "line" or "point"
        What is wanted; other shapes are left out and counted, and a file that holds nothing else is refused.
    layer : str, optional
        Layer of a GeoPackage or member of a zip; the one with most shapes of that kind unless given.
    epsg : int, optional
        Projection of a file that does not say it, or says it wrong.
    bounds : (west, south, east, north), optional
        Degrees outside of which nothing is wanted: of an extract of OpenStreetMap, which may hold a country, the rest
        is not read.

    Raises
    ------
    ImportProblem
        Where the file cannot be read, its projection is unknown, or it holds nothing of that kind.
    """
    size = size_of(source)
    if size > MOST_BYTES:
        raise ImportProblem(Message("{file} is larger than 500 MB. Simplify its borders first.", {"file": name}))
    more = {"kind": kind, "layer": layer, "epsg": epsg, "bounds": list(bounds) if bounds else None}
    try:
        head, columns = result_of(_TASK, source, name, more)
        return _areas_of(head, columns, name, kind)
    except (KeyError, TypeError, ValueError, shapely.errors.ShapelyError) as error:
        if isinstance(error, ImportProblem):
            raise
        raise unreadable(name) from error


def _areas_of(head: dict[str, Any], columns: Sequence[Any], name: str, kind: Kind) -> AreaFile:
    """The shapes that their reader told, looked at once more. ValueError where they are not as they should be."""
    heads = _texts(head["columns"])
    *texts, given, shapes = columns
    if len(texts) != len(heads) or len(given) != len(heads) * len(shapes):
        raise ValueError
    mask = np.asarray(given).reshape(len(heads), len(shapes))
    geometry = shapely.from_wkb(np.array(shapes.to_pylist(), object))
    if not np.isin(shapely.get_type_id(geometry), SHAPES[kind]).all() or not len(geometry):
        raise ValueError
    x0, y0, x1, y1 = shapely.total_bounds(geometry)
    if not (x0 >= -180 and x1 <= 180 and y0 >= -90 and y1 <= 90):
        raise ValueError
    cells = {
        column: [text if known else None for text, known in zip(values.to_pylist(), there, strict=True)]
        for column, values, there in zip(heads, texts, mask, strict=True)
    }
    frame = pd.DataFrame(cells, index=range(len(geometry)))
    kept = gpd.GeoDataFrame(frame, geometry=geometry, crs=4326)
    samples = {column: tuple(kept[column].dropna().unique()[:SAMPLES]) for column in heads}
    repaired, left_out = int(head["repaired"]), int(head["left_out"])
    crs, layer = str(head["crs"]), str(head["layer"])
    return AreaFile(name, kept, heads, samples, repaired, left_out, crs, layer, _texts(head["layers"]))


def _texts(told: Any) -> tuple[str, ...]:
    if not isinstance(told, list) or not all(isinstance(text, str) for text in told) or len(set(told)) < len(told):
        raise ValueError
    return tuple(told)


def propose_name_column(areas: AreaFile) -> str | None:
    """The column that most likely holds the names: called so, filled, different in each row, and no code."""
    best, column = 0.0, None
    for place, candidate in enumerate(areas.columns):
        values = areas.frame[candidate].dropna()
        if values.empty:
            continue
        filled, distinct = len(values) / len(areas.frame), values.nunique() / len(values)
        words = fold(candidate).split("_")
        named = any(word in NAME_WORDS or word.startswith(("name", "nom", "ονομα")) for word in words)
        codes = values.map(lambda text: bool(_CODE.fullmatch(text))).mean()
        letters = values.map(lambda text: any(sign.isalpha() for sign in text)).mean()
        score = filled * distinct * (1 + named) * (1 - 0.8 * codes) * (0.2 + 0.8 * letters)
        score *= 0.6 if values.str.len().median() > 60 or values.str.len().median() < 2 else 1
        score *= 0.7 if values.str.len().max() <= 4 else 1
        if score > best + 1e-9 * place:
            best, column = score, candidate
    return column


def propose_code_column(areas: AreaFile, name_column: str) -> str | None:
    """The column of official codes, by its heading and its values; numbers of rows (fid, objectid) are none."""
    for candidate in areas.columns:
        values = areas.frame[candidate]
        words = set(fold(candidate).split("_"))
        headed = words & CODE_WORDS or any(word.endswith(("code", "cd")) for word in words)
        coded = values.map(lambda text: bool(_CODE.fullmatch(text or "")))
        if candidate != name_column and headed and coded.all():
            return candidate
    return None


def districts_of(
    areas: AreaFile, name_column: str | None = None, language: str = "en", apart: str | None = PROPOSED
) -> tuple[Area, ...]:
    """The districts that a file of areas gives; their ids are made of the names.

    Areas of one name are one district, as the parts of an archipelago, unless the column `apart` holds different codes
    for them, as for a “Park” in each of three towns: then each code is a district, and the code stands in its name.
    `apart` is proposed from the headings unless it is given, or None for no such column.

    Columns label_el, label_en, label_fr add names in further languages. ImportProblem where the column is unknown, a
    name is missing, or there are more than 3,000.
    """
    column = chosen_name_column(areas, name_column)
    names = areas.frame[column]
    if names.isna().any():
        row = int(np.flatnonzero(names.isna())[0]) + 1
        raise ImportProblem(
            Message(
                "{file}: area {row} has no name in the column {column}. Choose another column or fill it in.",
                {"file": areas.name, "row": row, "column": column},
            )
        )
    keys = _keys(areas, column, propose_code_column(areas, column) if apart == PROPOSED else apart)
    grouped = areas.frame.groupby(keys, sort=False)
    if len(grouped) > MOST_DISTRICTS:
        raise ImportProblem(
            Message(
                "The column {column} of {file} makes {n} districts; {most} are the most. Choose another column.",
                {"column": column, "file": areas.name, "n": len(grouped), "most": MOST_DISTRICTS},
            )
        )
    ids = unique_ids((str(name) for name, _ in grouped), "district")
    found = []
    for key, (name, rows) in zip(ids, grouped, strict=True):
        more = {lang: rows[f"label_{lang}"].iloc[0] for lang in LANGUAGES if f"label_{lang}" in rows}
        code = str(name).removeprefix(str(rows[column].iloc[0]))  # " (E05001656)" where areas of one name are apart
        labels = {language: str(name), **{lang: f"{text}{code}" for lang, text in more.items() if text}}
        found.append(Area(key, labels, as_polygons(shapely.union_all(rows.geometry.to_numpy()))))
    return tuple(found)


def _keys(areas: AreaFile, column: str, apart: str | None) -> pd.Series:
    """The name of each area's district: with its code where areas of one name have several."""
    names = areas.frame[column]
    if apart is None:
        return names
    codes = areas.frame[apart].fillna("")
    several = codes.groupby(names).transform("nunique") > 1
    return names.where(~several, names + " (" + codes + ")")


def chosen_name_column(areas: AreaFile, column: str | None) -> str:
    """The column of names: the one that is given, or the proposed one. ImportProblem where there is none."""
    chosen = column if column is not None else propose_name_column(areas)
    if chosen is None or chosen not in areas.columns:
        raise ImportProblem(
            Message(
                "Which column of {file} holds the names? It has {columns}.",
                {"file": areas.name, "columns": ", ".join(areas.columns) or "–"},
            )
        )
    return chosen
