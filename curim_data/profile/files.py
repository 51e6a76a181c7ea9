"""Writing the files of a city's profile, the ids of what they name, and the words by which tables are read."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from curim_data.formats.base import fold
from curim_data.model import LANGUAGES
from curim_data.model.city import HELP_LINES, Area, Category, Landmark

LONGEST_ID: Final = 60
DIGITS: Final = 1e-6  # of a degree: a decimetre
# Folded words of headings and cells, by what they mean.
WORDS: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(words.split())
    for name, words in tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8")).items()
}


def slug(text: str) -> str:
    """A name as an id: folded, letters (of any alphabet), digits and underscores alone; may be empty."""
    return re.sub(r"[\W_]+", "_", fold(text)).strip("_")[:LONGEST_ID].strip("_")


def unique_ids(names: Iterable[str], otherwise: str) -> list[str]:
    """An id for each name, in their order; a second one that would be equal gets a number."""
    taken: set[str] = set()
    ids = []
    for name in names:
        base = slug(name) or otherwise
        found, number = base, 1
        while found in taken:
            number += 1
            found = f"{base}_{number}"
        taken.add(found)
        ids.append(found)
    return ids


def as_polygons(shape: BaseGeometry) -> BaseGeometry:
    """The polygons of a shape, valid, flat and merged; an empty polygon where it has none."""
    shape = shapely.make_valid(shapely.force_2d(shape))
    parts = [part for part in shapely.get_parts(shape, return_index=False) if part.area > 0]
    parts = [inner for part in parts for inner in shapely.get_parts(part) if inner.geom_type == "Polygon"]
    return shapely.union_all(parts) if parts else shapely.Polygon()


def read_head(folder: Path) -> dict[str, Any]:
    """The entries of city.toml."""
    return tomllib.loads((folder / "city.toml").read_text("utf-8"))


def write_head(folder: Path, head: Mapping[str, Any]) -> None:
    """Write city.toml: plain entries first, then the tables [names] and [view]."""
    plain = [f"{key} = {_value(value)}" for key, value in head.items() if not isinstance(value, Mapping)]
    tables = [
        [f"\n[{key}]", *(f"{name} = {_value(entry)}" for name, entry in value.items())]
        for key, value in head.items()
        if isinstance(value, Mapping)
    ]
    lines = [*plain, *(line for table in tables for line in table)]
    (folder / "city.toml").write_text("\n".join(lines) + "\n", "utf-8")


def write_categories(folder: Path, groups: Mapping[str, Mapping[str, str]], categories: Collection[Category]) -> None:
    """Write categories.toml."""
    parts = [f"[[group]]\nid = {_value(key)}\nlabels = {_labels(labels)}\n" for key, labels in groups.items()]
    parts += [
        f"[[category]]\nid = {_value(c.id)}\nkind = {_value(c.kind)}\ngroup = {_value(c.group)}\n"
        f"sensitive = {_value(c.sensitive)}\n"
        + (f"harm = {_value(c.harm)}\n" if c.harm is not None else "")
        + f"labels = {_labels(c.labels)}\n"
        for c in categories
    ]
    (folder / "categories.toml").write_text("\n".join(parts), "utf-8")


def write_landmarks(folder: Path, landmarks: Collection[Landmark], attribution: str = "") -> None:
    """Write landmarks.toml. `attribution`: whom they are from, where a licence asks that maps say so."""
    parts = [f"attribution = {_value(attribution)}\n"] if attribution else []
    parts += [
        f"[[landmark]]\nid = {_value(m.id)}\nlongitude = {m.longitude}\nlatitude = {m.latitude}\n"
        f"radius = {m.radius}\nlabels = {_labels(m.labels)}\n"
        for m in landmarks
    ]
    (folder / "landmarks.toml").write_text("\n".join(parts), "utf-8")


def write_help_lines(folder: Path, lines: Iterable[Mapping[str, str]]) -> None:
    """Write helplines.toml; none are no file."""
    parts = [f"[[helpline]]\nlabels = {_labels(labels)}\n" for labels in lines]
    path = folder / HELP_LINES
    if parts:
        path.write_text("\n".join(parts), "utf-8")
    else:
        path.unlink(missing_ok=True)


def write_areas(path: Path, areas: Iterable[Area], attribution: str = "") -> None:
    """Write districts, streets or land as GeoJSON, coordinates to a decimetre.

    `attribution`: whom the shapes are from, where a licence asks that maps say so.
    """
    features = [
        {
            "type": "Feature",
            "properties": {
                "id": area.id,
                **{f"label_{lang}": area.labels[lang] for lang in _known(area.labels)},
                **({"class": area.kind} if area.kind else {}),
            },
            "geometry": mapping(shapely.set_precision(area.polygon, DIGITS)),
        }
        for area in areas
    ]
    lines = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    told = f'"attribution": {json.dumps(attribution, ensure_ascii=False)}, ' if attribution else ""
    path.write_text(f'{{"type": "FeatureCollection", {told}"features": [\n{lines}\n]}}\n', "utf-8")


def write_land(folder: Path, land: BaseGeometry) -> None:
    """Write land.geojson."""
    write_areas(folder / "land.geojson", [Area("land", {}, land)])


def write_population(folder: Path, people: pd.DataFrame) -> None:
    """Write population.csv: district and those of women, men and total that are known."""
    kept = [name for name in ("district", "women", "men", "total") if name in people]
    people[kept].to_csv(folder / "population.csv", index=False, lineterminator="\n")


def _known(labels: Mapping[str, str]) -> list[str]:
    return [lang for lang in LANGUAGES if labels.get(lang)]


def _labels(labels: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{lang} = {_value(labels[lang])}" for lang in _known(labels)) + " }"


def _value(value: object) -> str:
    """A TOML value: the escapes of JSON strings are TOML's too, but for the delete character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
