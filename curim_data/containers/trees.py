"""JSON, JSON lines, GeoJSON and XML, read as a stream: several passes, memory for one piece of the records.

Where the records are is found first. In JSON: a list at the top, one object a line, a list of objects anywhere under
the top object, or the top object itself; in XML: the element that repeats. What stands in a record are its columns.
"""

from __future__ import annotations

import codecs
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

import ijson
import numpy as np
import shapely
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from curim_data.containers.base import TableFile, choose_table, head_of, pieces, refusal, text_blocks, text_of
from curim_data.containers.layers import PointReader, point_reader, points
from curim_data.containers.text import wide_codec
from curim_data.model import Facts, ImportProblem, Message

DEPTH: Final = 60  # levels of lists and objects in one another in JSON
XML_DEPTH: Final = 8  # records are looked for so many levels deep in XML
PIECE: Final = 200  # records held at a time
MANY: Final = 20  # a list of so many objects is the table, whatever else is there
_FEATURE: Final = frozenset({"type", "geometry", "properties", "bbox"})  # members of a feature that are no columns

_Path = tuple[str, ...]


@dataclass
class _Shape:
    """What stands where: the kind of the top and how many of it, its scalar members and those of its `crs`, and of each
    list of objects under it how many these are and the names of their members."""

    top: str = ""
    tops: int = 0
    scalars: dict[str, Any] = field(default_factory=dict)
    crs: dict[str, Any] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    members: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


@dataclass(frozen=True)
class _Plan:
    """Where the records are (a prefix of ijson) and what was found over all of them."""

    prefix: str
    geo: bool = False
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    crs: str | None = None


def open_json(source: Path, name: str, sheet: str | None = None) -> TableFile:
    """Open JSON, JSON lines or GeoJSON.

    Question where several lists of objects could be the table; ImportProblem, with the number of records before it,
    where the text is broken.
    """
    plan = _plan(source, name, sheet)
    place: PointReader | None = None
    seen: dict[str, None] = {}
    projected = count = 0
    for piece in _pieces(source, name, plan):
        count += len(piece)
        seen |= dict.fromkeys(label for record in piece for label in _flat(record, plan.geo))
        if plan.geo and plan.crs is None:
            x, y = points(_geometries(piece))
            projected += int(((np.abs(x) > 180) | (np.abs(y) > 90)).sum())
    if not count:
        raise refusal("no_rows", name)
    if not plan.geo and not any(seen):
        raise refusal("no_objects", name)
    labels = members = tuple(seen)
    if plan.geo:
        unknown = plan.crs is None and 2 * projected > count
        place = point_reader(None if unknown else plan.crs or "OGC:CRS84", name)
        labels += place.labels(labels)
    facts = Facts(
        name, "", "geojson" if plan.geo else "json", labels, encoding=_encoding(source, name), sheet=plan.sheet,
        sheets=plan.sheets, crs=place.authority if place else "",
    )  # fmt: skip
    return TableFile(facts, lambda: text_blocks(labels, _rows(source, name, plan, members, place)))


def _encoding(source: Path, name: str) -> str:
    """UTF-8, with a mark ("utf-8-sig") or without, or UTF-16."""
    head = head_of(source, name)
    return "utf-8-sig" if head.startswith(codecs.BOM_UTF8) else wide_codec(head) or "utf-8"


@contextmanager
def _json_text(source: Path, name: str, done: Callable[[], int]) -> Iterator[Any]:
    """The text as UTF-8 without a mark; its faults become a refusal that says how many records were whole before."""
    encoding = _encoding(source, name)
    try:
        with source.open("rb") as raw:
            raw.seek(3 if encoding == "utf-8-sig" else 0)
            wide = encoding.startswith("utf-16")
            texts = codecs.iterdecode(pieces(source, name), encoding, "replace") if wide else ()
            yield ijson.from_iter(text.encode("utf-8", "replace") for text in texts) if wide else raw
    except (ijson.JSONError, ValueError, ArithmeticError, RecursionError, OSError) as error:
        if isinstance(error, ImportProblem):
            raise
        said = error.args[0] if error.args else ""
        said = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        why = said.splitlines()[0][:120] if said.strip() else type(error).__name__
        raise ImportProblem(
            Message(
                "{name}: the JSON text is broken or cut short after {count} whole records ({why}). Export it again.",
                {"name": name, "count": done(), "why": why},
            )
        ) from error


def _plan(source: Path, name: str, sheet: str | None) -> _Plan:
    shape = _Shape()
    with _json_text(source, name, lambda: max([1, shape.tops, *shape.counts.values()]) - 1) as stream:
        _look(stream, shape)
    if shape.top == "start_array":
        return _Plan("item")
    if shape.top != "start_map":
        raise refusal("no_objects", name)
    kind = shape.scalars.get("type")
    if shape.tops > 1 or kind == "Feature":
        return _Plan("", geo=kind == "Feature")
    if kind == "FeatureCollection":  # the first edition of GeoJSON had a member for its reference system
        named = shape.crs.get("type", "name") == "name"
        return _Plan("features.item", geo=True, crs=shape.crs.get("properties.name") if named else str(shape.crs))
    lists = {
        prefix: count
        for prefix, count in shape.counts.items()
        if prefix and (count >= MANY or len(shape.members[prefix]) >= len(shape.scalars))
    }
    if not lists:
        return _Plan("")
    chosen = choose_table(name, sheet, lists)
    return _Plan(f"{chosen}.item", sheet=chosen, sheets=tuple(lists))


def _look(stream: Any, shape: _Shape) -> None:
    """Fill in the shape by one pass over the events. ValueError beyond `DEPTH` levels, each of which costs memory."""
    depth = 0
    for prefix, event, value in ijson.parse(stream, multiple_values=True):
        opens, ends = event.startswith("start"), event.startswith("end")
        depth += opens - ends
        if depth > DEPTH:
            raise ValueError(f"more than {DEPTH} levels")
        above, _, inner = f".{prefix}".partition(".item")
        if ends or event == "map_key":
            continue
        if depth == opens:
            shape.top, shape.tops = shape.top or event, shape.tops + 1
        elif event == "start_map" and f".{prefix}" == f"{above}.item":
            shape.counts[above[1:]] += 1
        elif not opens and depth == 1:
            shape.scalars.setdefault(prefix, value)
        elif not opens and prefix.startswith("crs."):
            shape.crs[prefix.removeprefix("crs.")] = value
        elif inner and shape.counts[above[1:]] <= MANY:
            shape.members[above[1:]].add(inner)


def _pieces(source: Path, name: str, plan: _Plan) -> Iterator[list[Any]]:
    """The records, some at a time."""
    done = 0
    with _json_text(source, name, lambda: done) as stream:
        records = ijson.items(stream, plan.prefix, multiple_values=True)
        while piece := list(islice(records, PIECE)):
            yield piece
            done += len(piece)


def _flat(record: Any, geo: bool) -> dict[str, str]:
    """The texts of a record by label; nested members with dots. Anything but an object stands under the label ""."""
    if not isinstance(record, dict):
        return {"": text_of(record)}
    texts: dict[str, str] = {}
    if geo:
        properties = record.get("properties")
        _into(texts, "", properties if isinstance(properties, dict) else {})
        record = {key: record[key] for key in record if key not in _FEATURE}
    beside: dict[str, str] = {}
    _into(beside, "", record)
    return texts | {label: text for label, text in beside.items() if label not in texts}


def _into(texts: dict[str, str], prefix: str, members: dict[str, Any]) -> None:
    for key, value in members.items():
        label = prefix + text_of(key)
        if isinstance(value, dict) and value:
            _into(texts, f"{label}.", value)
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            for item in value:
                inner: dict[str, str] = {}
                _into(inner, f"{label}.", item)
                for inside, text in inner.items():
                    texts[inside] = f"{texts[inside]}|{text}" if inside in texts else text
        else:
            texts[label] = text_of(value)


def _geometries(features: list[Any]) -> Any:
    """The geometries of some features; none where one has none or it makes no sense."""
    given = (feature.get("geometry") if isinstance(feature, dict) else None for feature in features)
    return shapely.from_geojson([json.dumps(one, default=float) for one in given], on_invalid="ignore")


def _rows(
    source: Path, name: str, plan: _Plan, members: tuple[str, ...], place: PointReader | None
) -> Iterator[tuple[str, ...]]:
    """The texts of each record, with both coordinates of a feature."""
    for piece in _pieces(source, name, plan):
        written: Iterable[tuple[str, ...]] = ((),) * len(piece)
        if place:
            written = zip(*(axis.to_pylist() for axis in place.texts(*points(_geometries(piece)))), strict=True)
        for record, coordinates in zip(piece, written, strict=True):
            texts = _flat(record, plan.geo)
            yield tuple(texts.get(member, "") for member in members) + coordinates


def open_xml(source: Path, name: str, sheet: str | None = None) -> TableFile:
    """Open XML.

    Question where several elements repeat; ImportProblem, with its line, where the text is broken, and where it holds
    entities of its own.
    """
    counts: Counter[_Path] = Counter()  # elements of each path
    members: defaultdict[_Path, dict[str, None]] = defaultdict(dict)  # names of the elements and attributes in them
    for path, element, ended in _elements(source, name, sys.maxsize):
        if not ended and len(path) <= XML_DEPTH:
            counts[path] += 1
            members[path] |= dict.fromkeys(_attributes(element))
            members[path[:-1]][path[-1]] = None
    choices = _choices(counts, members, next(iter(counts)))
    sheets = {path[-1]: counts[path] for path in choices}
    chosen = choose_table(name, sheet, sheets)
    wanted = next(path for path in choices if path[-1] == chosen)

    def records() -> Iterator[dict[str, str]]:
        for path, element, ended in _elements(source, name, len(wanted)):
            if ended and path == wanted:
                yield _flat(_members(element), False)

    labels = tuple(dict.fromkeys(label for texts in records() for label in texts))
    if not labels:
        raise refusal("no_rows", name)
    facts = Facts(name, "", "xml", labels, sheet=chosen, sheets=tuple(sheets))
    return TableFile(
        facts,
        lambda: text_blocks(labels, (tuple(texts.get(label, "") for label in labels) for texts in records())),
    )


def _choices(counts: Mapping[_Path, int], members: Mapping[_Path, Collection[str]], path: _Path) -> list[_Path]:
    """The paths of possible records under an element, or the element itself where nothing in it repeats."""
    inner = [(*path, member) for member in members[path] if (*path, member) in counts]
    leaves = len(members[path]) - sum(bool(members[at]) for at in inner)
    tables = [at for at in inner if members[at] and len(members[at]) >= leaves]
    if repeated := [at for at in tables if counts[at] > 1]:
        return repeated
    return _choices(counts, members, tables[0]) if len(tables) == 1 else [path]


def _elements(source: Path, name: str, depth: int) -> Iterator[tuple[_Path, Any, bool]]:
    """Where each element begins and where it ends: the names down to it, the element, and whether it ends.

    Elements so deep, or less, are let go when they have ended.
    """
    path: _Path = ()
    opened: list[Any] = []
    try:
        with source.open("rb") as stream:
            for event, element in iterparse(stream, events=("start", "end")):
                if event == "start":
                    opened.append(element)
                    path = (*path, _local(element.tag))
                yield path, element, event == "end"
                if event == "end":
                    opened.pop()
                    path = path[:-1]
                    if opened and len(path) < depth:
                        del opened[-1][:]
    except DefusedXmlException as error:
        raise ImportProblem(
            Message(
                "{name}: the XML text declares entities of its own, which may be used to harm. "
                "Export it without a document type.",
                {"name": name},
            )
        ) from error
    except (ParseError, LookupError, ValueError, RecursionError, OSError) as error:
        raise ImportProblem(
            Message(
                "{name}: the XML text is broken or cut short at line {line}. Export it again.",
                {"name": name, "line": getattr(error, "position", (1, 0))[0]},
            )
        ) from error


def _members(element: Any) -> Any:
    """An element as what JSON would hold: its text, or its attributes and the elements in it; repeats are a list."""
    text = (element.text or "").strip()
    found: dict[str, list[Any]] = {key: [value.strip()] for key, value in _attributes(element).items()}
    for child in element:
        found.setdefault(_local(child.tag), []).append(_members(child))
    if text and found:
        found["text"] = [text]
    return {key: one[0] if len(one) == 1 else one for key, one in found.items()} if found else text


def _attributes(element: Any) -> dict[str, str]:
    """Attributes by "@name", without those of XML Schema ("this is null", "this is a string")."""
    return {f"@{_local(key)}": value for key, value in element.attrib.items() if "XMLSchema-instance" not in key}


def _local(tag: str) -> str:
    """The name without its namespace."""
    return tag.rpartition("}")[2]
