"""The files of a city's profile: writing them, and reading tables that a person brings for it: residents by district
and gender, landmarks, help lines, categories.
"""

from __future__ import annotations

import json
import math
import re
import sys
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from curim_data.containers import open_file
from curim_data.containers.base import NoRecords, size_of
from curim_data.containers.isolation import result_of
from curim_data.lexicon.words import fold, fold_accents
from curim_data.model import LANGUAGES, Block, ImportProblem, Kind, Message, Question, Reason
from curim_data.model.city import HELP_LINES, Area, Category, Landmark
from curim_data.model.reasons import Opened

# Folded words of headings and cells, by what they mean.
WORDS: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(words.split())
    for name, words in tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8")).items()
}


def slug(text: str) -> str:
    """A name as an id: folded, letters (of any alphabet), digits and underscores alone; may be empty."""
    return re.sub(r"[\W_]+", "_", fold_accents(text)).strip("_")[:60].strip("_")


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
        f"sensitive = {_value(c.sensitive)}\nlabels = {_labels(c.labels)}\n"
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
            "geometry": mapping(shapely.set_precision(area.polygon, 1e-6)),  # of a degree: a decimetre
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
    """Write population.csv: district and those of women, men and total that are known; nobody is no file."""
    kept = [name for name in ("district", "women", "men", "total") if name in people]
    if len(people):
        people[kept].to_csv(folder / "population.csv", index=False, lineterminator="\n")
    else:
        (folder / "population.csv").unlink(missing_ok=True)


def _known(labels: Mapping[str, str]) -> list[str]:
    return [lang for lang in LANGUAGES if labels.get(lang)]


def _labels(labels: Mapping[str, str]) -> str:
    return "{ " + ", ".join(f"{lang} = {_value(labels[lang])}" for lang in _known(labels)) + " }"


def _value(value: object) -> str:
    """A TOML value: the escapes of JSON strings are TOML's too, but for the delete character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


MOST_BYTES: Final = 50 << 20
RADIUS: Final = 300.0  # metres round a landmark without one of its own
LONGEST_RADIUS: Final = 20_000.0
LONGEST_LABEL: Final = 200
MOST_ROWS: Final = 5000

_TWICE: Final = Message("{name} stands twice in {file}.")
_COUNTED: Final = ("women", "men", "total")
_GROUPED: Final = re.compile(r"[+]?\d{1,3}([.,'’\s]\d{3})+")


def read_table(source: Path | bytes, name: str) -> pd.DataFrame:
    """A table in any container (CSV, Excel, OpenDocument ...) as text: empty cells as "", unnamed columns as "#1".

    Of several sheets the first is read. ImportProblem where the file cannot be read or holds no rows.
    """
    if size_of(source) > MOST_BYTES:
        raise ImportProblem(Message("{file} is larger than 50 MB: it is no such table.", {"file": name}))
    try:
        opened = _first_sheet(source, name)
        width = len(opened.facts.labels)
        headed = max((at for at, label in enumerate(opened.facts.labels, start=1) if label.strip()), default=width)
        above = len(opened.facts.skipped)
        rows = [row for block in opened.blocks() for row in _rows_of(block, width, headed, above)]
    except NoRecords as problem:
        raise ImportProblem(Message("{file} holds no rows below its headings.", {"file": name})) from problem
    except ImportProblem as problem:
        raise ImportProblem(
            Message("{file} cannot be read as a table. Save it as CSV or XLSX and try again.", {"file": name})
        ) from problem
    for row, _, beyond in rows:
        if beyond:
            raise ImportProblem(
                Message(
                    "{file}, row {row}: “{value}” stands beyond the last heading. Give each column a heading, or put a "
                    "text that holds the separator in quotation marks.",
                    {"file": name, "row": row, "value": beyond[0][:LONGEST_LABEL]},
                )
            )
    if len(rows) > MOST_ROWS:
        raise ImportProblem(
            Message("{file} has {n} rows; {most} are the most.", {"file": name, "n": len(rows), "most": MOST_ROWS})
        )
    heads = (" ".join(label.split()) for label in opened.facts.labels)
    columns = [head or f"#{number}" for number, head in enumerate(heads, start=1)]
    frame = pd.DataFrame([cells for _, cells, _ in rows], columns=pd.Index(columns), dtype=object)
    return frame.loc[:, ~frame.columns.duplicated()]


def _first_sheet(source: Path | bytes, name: str) -> Opened:
    try:
        return open_file(source, name, one_column=True)
    except Question as question:
        return open_file(source, name, question.choices[0].value)


def _rows_of(block: Block, width: int, headed: int, above: int) -> list[tuple[int, list[str], list[str]]]:
    """The rows of a block in the order of the file, rows of totals and rows that are short among them: the line of the
    file, the cells, and the filled ones beyond the last heading.

    `headed`: the columns up to the last one with a heading; `above`: lines of the file over its headings.
    """
    lines = zip(
        block.rows.tolist(), zip(*(column.to_pylist() for column in block.table.columns), strict=True), strict=True
    )
    refused = ((record.row, record.fields) for record in block.refused if record.reason is not Reason.EMPTY_ROW)
    return [
        (
            row + 1 + above,
            [" ".join(cell.split()) for cell in [*fields, *[""] * width][:width]],
            [cell.strip() for cell in fields[headed:] if cell.strip()],
        )
        for row, fields in sorted([*lines, *refused])
    ]


def residents(
    table: pd.DataFrame, districts: Sequence[Area], name: str
) -> tuple[pd.DataFrame, tuple[str, ...], tuple[str, ...]]:
    """A table of residents matched to the districts, by id or by a name in any language: district, women, men, total;
    the districts without a number; the names that fit none.

    One row a district with columns of women, men or all, or one row a district and gender. ImportProblem where no
    column of numbers or no district is recognised, or a number cannot be read.
    """
    ids = {slug(word): area.id for area in districts for word in (*area.labels.values(), area.id)}
    where = max(table.columns, key=lambda column: table[column].map(lambda cell: slug(cell) in ids).sum())
    known = [ids.get(slug(cell)) for cell in table[where]]
    if not any(known):
        raise ImportProblem(
            Message(
                "None of the districts stands in {file}. Use the names or ids of the city's districts: {names}.",
                {"file": name, "names": ", ".join(area.id for area in districts[:12])},
            )
        )
    unknown = [
        cell for cell, key in zip(table[where], known, strict=True) if key is None and fold(cell) not in WORDS["total"]
    ]
    frame = (
        _by_gender(table, where, name)
        .assign(district=pd.Series(known, dtype=object).to_numpy())
        .dropna(subset=["district"])
    )
    if frame["district"].duplicated().any() and "gender" not in frame:
        twice = frame["district"][frame["district"].duplicated()].iloc[0]
        raise ImportProblem(Message(_TWICE.text, {"name": str(twice), "file": name}))
    if "gender" in frame:
        frame = frame.pivot_table(index="district", columns="gender", values="n", aggfunc="sum").reset_index()
    if "total" not in frame and {"women", "men"} <= set(frame):
        frame["total"] = frame["women"] + frame["men"]
    if {"women", "men"} <= set(frame) and (short := frame[frame["women"] + frame["men"] > frame["total"]]).size:
        raise ImportProblem(
            Message(
                "In {district} women and men are more than the total. Correct {file} and try again.",
                {"district": str(short["district"].iloc[0]), "file": name},
            )
        )
    order = [area.id for area in districts]
    frame = frame.sort_values("district", key=lambda ids: ids.map(order.index), ignore_index=True)
    kept = [column for column in ("district", "women", "men", "total") if column in frame]
    without = tuple(key for key in order if key not in set(frame["district"]))
    return frame[kept], without, tuple(dict.fromkeys(unknown))


def _by_gender(table: pd.DataFrame, where: str, name: str) -> pd.DataFrame:
    """Numbers by row: columns women, men, total, or the columns gender and n."""
    others = [column for column in table.columns if column != where]
    gender = _column(others, WORDS["gender"])
    if (
        gender is not None
        and (count := _column([one for one in others if one != gender], WORDS["total"] | WORDS["number"])) is not None
    ):
        said = table[gender].map(fold).map(_meanings(*_COUNTED))
        rows = table[said.notna()]
        return pd.DataFrame({"gender": said[said.notna()], "n": _numbers(rows, count, name)})
    found = {which: column for which in _COUNTED if (column := _column(others, WORDS[which])) is not None}
    if not found:
        raise _lacks(name, "women, men, total")
    return pd.DataFrame({which: _numbers(table, column, name) for which, column in found.items()})


def _lacks(file: str, columns: str) -> ImportProblem:
    return ImportProblem(
        Message(
            "{file} lacks columns. It needs: {columns}. Rename its columns and try again.",
            {"file": file, "columns": columns},
        )
    )


def _column(columns: Iterable[str], words: Collection[str]) -> str | None:
    """The column called by one of the words: wholly, else by one word of its name."""
    columns = list(columns)
    whole = next((column for column in columns if fold(column) in words), None)
    return whole or next((column for column in columns if any(part in words for part in fold(column).split("_"))), None)


def _numbers(table: pd.DataFrame, column: str, name: str) -> list[int]:
    return [round(_number(cell, column, name, row + 2, least=0, whole=True)) for row, cell in table[column].items()]  # type: ignore[operator]


def _number(
    text: str,
    column: str,
    name: str,
    row: int,
    *,
    least: float = -math.inf,
    most: float = sys.float_info.max,
    whole: bool = False,
) -> float:
    """A number as people write it: 1.234, 1 234 and 1,234 are thousands where it is `whole`, 12,5 is a decimal."""
    value = _float(re.sub(r"[.,'’\s]", "", text) if whole and _GROUPED.fullmatch(text) else text)
    if not (least <= value <= most):
        raise ImportProblem(
            Message(
                "{file}, row {row}, column {column}: “{value}” is no number that can stand there.",
                {"file": name, "row": row, "column": column, "value": text},
            )
        )
    return value


def _float(text: str) -> float:
    """A number with a point or a comma before its decimals; NaN where the text is none."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return math.nan


def landmarks(table: pd.DataFrame, name: str) -> list[Landmark]:
    """Landmarks out of a table: name (also name_el, name_en, name_fr), longitude, latitude, radius in metres."""
    lon, lat, radius = (_column(table.columns, WORDS[one]) for one in ("longitude", "latitude", "radius"))
    named = _label_columns(table, WORDS["name"], other="en")
    if lon is None or lat is None or not named:
        raise _lacks(name, "name, longitude, latitude")
    found = []
    for number, row in enumerate(table.to_dict("records"), start=2):
        labels = {lang: row[column][:LONGEST_LABEL] for lang, column in named.items() if row[column]}
        if not labels:
            raise ImportProblem(Message("{file}, row {row}: the name is missing.", {"file": name, "row": number}))
        place = (
            _number(row[lon], lon, name, number, least=-180, most=180),
            _number(row[lat], lat, name, number, least=-90, most=90),
        )
        reach = (
            _number(row[radius], radius, name, number, least=1, most=LONGEST_RADIUS)
            if radius and row[radius]
            else RADIUS
        )
        found.append((labels, place, reach))
    ids = unique_ids((next(iter(labels.values())) for labels, _, _ in found), "place")
    return [Landmark(key, labels, *place, reach) for key, (labels, place, reach) in zip(ids, found, strict=True)]


def help_lines(table: pd.DataFrame, name: str) -> list[dict[str, str]]:
    """Help lines out of a table: text (also text_el, text_en, text_fr), a line each, in their order."""
    columns = _label_columns(table, WORDS["help_line"], other="en")
    if not columns:
        raise _lacks(name, "text (text_el, text_en, text_fr)")
    rows = table.to_dict("records")
    found = [{lang: row[column][:LONGEST_LABEL] for lang, column in columns.items() if row[column]} for row in rows]
    return [labels for labels in found if labels]


def _label_columns(table: pd.DataFrame, words: Collection[str], other: str) -> dict[str, str]:
    """The columns of names by language: name_el, label_fr; one without a language is of the language `other`."""
    found: dict[str, str] = {}
    for column in table.columns:
        base, _, lang = fold(column).rpartition("_")
        if lang in LANGUAGES and base in words:
            found[lang] = column
    plain = next((column for column in table.columns if fold(column) in words), None)
    return {other: plain, **found} if plain is not None else found


CATEGORY_COLUMNS: Final = ("id", "kind", "group", "sensitive", *(f"label_{lang}" for lang in LANGUAGES))


def categories_table(categories: Iterable[Category]) -> pd.DataFrame:
    """The city's categories as a table that `categories` reads back: id, kind, group, sensitive, labels."""
    rows = [
        {
            "id": c.id,
            "kind": c.kind,
            "group": c.group,
            "sensitive": "yes" if c.sensitive else "no",
            **{f"label_{lang}": c.labels.get(lang, "") for lang in LANGUAGES},
        }
        for c in categories
    ]
    return pd.DataFrame(rows, columns=list(CATEGORY_COLUMNS))


def categories(
    table: pd.DataFrame, groups: Mapping[str, Mapping[str, str]], name: str
) -> tuple[dict[str, Mapping[str, str]], list[Category]]:
    """Categories and their groups out of a table: id, kind, group, sensitive, label_el, label_en, label_fr.

    An empty id is made of the label. A group is one of `groups` by its id or a label, or a new one.
    """
    columns = {fold(column): column for column in table.columns}
    named = _label_columns(table, WORDS["category"], other="en")
    if not named and "id" not in columns:
        raise _lacks(name, "id (label_el, label_en, label_fr)")
    kept = dict(groups)
    by_word = {slug(word): key for key, labels in groups.items() for word in (key, *labels.values())}
    rows: list[tuple[str, str, str, bool, dict[str, str]]] = []
    for number, row in enumerate(table.to_dict("records"), start=2):
        cells = {key: str(row[column]).strip() for key, column in columns.items()}
        labels = {lang: str(row[column]).strip()[:LONGEST_LABEL] for lang, column in named.items() if row[column]}
        key = slug(cells.get("id", "")) or slug(next(iter(labels.values()), ""))
        if not key:
            raise ImportProblem(Message("{file}, row {row}: the name is missing.", {"file": name, "row": number}))
        group = cells.get("group", "")
        if group and slug(group) not in by_word:
            by_word[slug(group)] = slug(group) or "group"
            kept[by_word[slug(group)]] = {"en": group[:LONGEST_LABEL]}
        kind = _word(cells.get("kind", "offence") or "offence", _meanings(*Kind), "kind", name, number)
        sensitive = cells.get("sensitive", "")
        yes = _word(sensitive, _meanings("yes", "no") | {"": "no"}, "sensitive", name, number)
        in_group = by_word.get(slug(group), "")
        rows.append((cells.get("id") or key, kind, in_group, yes == "yes", labels or {"en": key}))
    twice = pd.Series([row[0] for row in rows])
    if twice.duplicated().any():
        raise ImportProblem(Message(_TWICE.text, {"name": str(twice[twice.duplicated()].iloc[0]), "file": name}))
    used = {row[2] for row in rows}
    return {key: labels for key, labels in kept.items() if key in used}, [Category(*row) for row in rows]


def _meanings(*names: str) -> dict[str, str]:
    """What each word of these names means: the name."""
    return {word: str(name) for name in names for word in WORDS[name]}


def _word(text: str, known: Mapping[str, str], column: str, name: str, row: int) -> str:
    if fold(text) not in known:
        raise ImportProblem(
            Message(
                "{file}, row {row}, column {column}: “{value}” is not known. Possible: {words}.",
                {
                    "file": name,
                    "row": row,
                    "column": column,
                    "value": text,
                    "words": ", ".join(dict.fromkeys(known.values())),
                },
            )
        )
    return known[fold(text)]


def read_categories_toml(source: Path | bytes, name: str) -> tuple[pd.DataFrame, dict[str, Mapping[str, str]]]:
    """The categories and groups of a file in the layout of categories.toml, read in a process of its own."""
    if size_of(source) > MOST_BYTES:
        raise ImportProblem(Message("{file} is larger than 50 MB: it is no such table.", {"file": name}))
    head, columns = result_of("curim_data.profile.tables:tell_categories", source, name, {})
    try:
        labels = {
            str(key): {str(lang): str(text) for lang, text in told.items()} for key, told in head["groups"].items()
        }
        cells = dict(zip(map(str, head["columns"]), (column.to_pylist() for column in columns), strict=True))
        return pd.DataFrame(cells), labels  # type: ignore[return-value]
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise _no_categories(name) from error


def tell_categories(source: Path, name: str, _: Mapping[str, Any]) -> tuple[dict[str, Any], list[pa.Array]]:
    """A file in the layout of categories.toml as the table that `categories` reads, and its groups: plain values and
    columns.
    """
    try:
        parsed = tomllib.loads(source.read_text("utf-8-sig"))
        groups = {
            str(one["id"]): {str(lang): str(text) for lang, text in dict(one["labels"]).items()}
            for one in parsed.get("group", [])
        }
        marked = any("sensitive" in one for one in parsed["category"])
        rows = [
            {
                "id": str(one["id"]),
                "kind": str(one["kind"]),
                "group": str(one.get("group", "")),
                **({"sensitive": "yes" if one.get("sensitive") else "no"} if marked else {}),
                **{f"label_{lang}": str(one.get("labels", {}).get(lang, "")) for lang in LANGUAGES},
            }
            for one in parsed["category"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _no_categories(name) from error
    table = pd.DataFrame(rows)
    columns = [pa.array(table[column].astype(str), pa.large_string()) for column in table]
    return {"groups": groups, "columns": list(table.columns)}, columns


def _no_categories(name: str) -> ImportProblem:
    return ImportProblem(
        Message("{file} is no list of categories: each [[category]] needs id, kind and labels.", {"file": name})
    )
