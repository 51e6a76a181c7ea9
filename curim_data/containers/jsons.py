"""JSON, JSON lines and GeoJSON, read as a stream: two or three passes, memory for one piece of the records.

Where the records are is found first: a list at the top, one object a line, a list of objects anywhere under the top
object, or the top object itself.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

import ijson
import numpy as np
import shapely.geometry

from curim_data.containers._geometry import PointReader, plain_number, point_reader, points
from curim_data.containers._support import RereadableFile, choose_table
from curim_data.containers.base import digest, head_of, no_rows, stream, text_blocks
from curim_data.model import Block, Facts, ImportProblem, Message

DEPTH: Final = 60  # levels of lists and objects in one another
PIECE: Final = 5_000  # records held at a time
_FEATURE: Final = frozenset({"type", "geometry", "properties", "bbox"})  # members of a feature that are no columns
MANY: Final = 20  # a list of so many objects is the table, whatever else is there


@dataclass
class _List:
    """A list of objects: how many, and the names of the members of the first ones."""

    count: int = 0
    members: set[str] = field(default_factory=set)


@dataclass
class _Shape:
    """What stands where: the kind of the top, its scalar members, its `type`, and the lists of objects under it."""

    top: str = ""
    tops: int = 0
    scalars: set[str] = field(default_factory=set)
    type: str = ""
    crs: dict[str, Any] = field(default_factory=dict)
    lists: dict[tuple[str, ...], _List] = field(default_factory=dict)

    @property
    def records(self) -> int:
        """How many objects were begun that may be records."""
        return max([self.tops, *(found.count for found in self.lists.values())])


@dataclass(frozen=True)
class _Plan:
    """Where the records are (a prefix of ijson) and what was found over all of them."""

    prefix: str
    geo: bool
    sheet: str = ""
    sheets: tuple[str, ...] = ()
    crs: str | None = None


def open_json(source: Path | bytes, name: str, sheet: str | None = None) -> RereadableFile:
    """Open JSON, JSON lines or GeoJSON.

    Question where several lists of objects could be the table; ImportProblem, with the number of records before it,
    where the text is broken.
    """
    plan = _plan(source, name, sheet)
    place: PointReader | None = None
    seen: dict[str, None] = {}
    projected = count = 0
    with _json_errors(name, lambda: count):
        for record in _records(source, name, plan):
            seen.update(dict.fromkeys(_flat(record, plan.geo)))
            projected += plan.geo and _beyond_degrees(record)
            count += 1
    if not count:
        raise no_rows(name)
    if not plan.geo and not any(seen):
        raise _no_table(name)
    labels = tuple(seen)
    if plan.geo:
        unknown = plan.crs is None and 2 * projected > count
        place = point_reader(None if unknown else plan.crs or "OGC:CRS84", name)
        labels += place.labels(labels)
    sha256, size = digest(source, name)
    facts = Facts(
        name, sha256, "geojson" if plan.geo else "json", labels, encoding=_encoding(source, name), sheet=plan.sheet,
        sheets=plan.sheets, crs=place.authority if place else "", size=size,
    )  # fmt: skip
    return RereadableFile(facts, lambda: _blocks(source, name, plan, tuple(seen), labels, place))


def _encoding(source: Path | bytes, name: str) -> str:
    head = head_of(source, name, 4)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    return "utf-8-sig" if head.startswith(b"\xef\xbb\xbf") else "utf-8"


@contextmanager
def _stream(source: Path | bytes, name: str) -> Iterator[Any]:
    """The text as UTF-8 without a mark."""
    encoding = _encoding(source, name)
    with stream(source) as raw:
        if encoding == "utf-16":
            yield _Recoded(raw)
        else:
            raw.seek(3 if encoding == "utf-8-sig" else 0)
            yield raw


class _Recoded:
    """UTF-16 as a stream of UTF-8."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._text = io.TextIOWrapper(raw, "utf-16")

    def read(self, size: int = -1) -> bytes:
        return self._text.read(size if size < 0 else max(1, size // 4) if size else 0).encode("utf-8", "replace")


@contextmanager
def _json_errors(name: str, done: Callable[[], int]) -> Iterator[None]:
    """Faults of the text as one refusal that says how many records were whole before it."""
    try:
        yield
    except (ijson.JSONError, ValueError, ArithmeticError, RecursionError, OSError) as error:
        if isinstance(error, ImportProblem):
            raise
        raise ImportProblem(
            Message(
                "{name}: the JSON text is broken or cut short after {count} whole records ({why}). Export it again.",
                {"name": name, "count": done(), "why": _why(error)},
            )
        ) from error


def _why(error: Exception) -> str:
    text = error.args[0] if error.args else ""
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return text.splitlines()[0][:120] if text.strip() else type(error).__name__


def _no_table(name: str) -> ImportProblem:
    return ImportProblem(
        Message(
            "{name}: the JSON text holds no list of objects. Export the alerts as a list with one object for each.",
            {"name": name},
        )
    )


def _plan(source: Path | bytes, name: str, sheet: str | None) -> _Plan:
    shape = _Shape()
    with _json_errors(name, lambda: max(shape.records - 1, 0)), _stream(source, name) as stream:
        _look(stream, shape)
    if shape.top == "start_array":
        return _Plan("item", False)
    if shape.top != "start_map":
        raise _no_table(name)
    if shape.tops > 1 or shape.type == "Feature":
        return _Plan("", shape.type == "Feature")
    if shape.type == "FeatureCollection":
        return _Plan("features.item", True, crs=_crs(shape.crs, name))
    lists = {
        ".".join(path): found
        for path, found in shape.lists.items()
        if found.count >= MANY or len(found.members) >= len(shape.scalars)
    }
    if not lists:
        return _Plan("", False)
    chosen = choose_table(name, sheet, {path: found.count for path, found in lists.items()})
    return _Plan(f"{chosen}.item", False, chosen, tuple(lists))


def _look(stream: Any, shape: _Shape) -> None:
    """Fill in the shape by one pass over the events. ValueError beyond `DEPTH` levels, each of which costs memory."""
    path: list[str] = []  # the members that are open; "" inside a list
    member = ""
    for event, value in ijson.basic_parse(stream, multiple_values=True):
        depth = len(path)
        if depth > DEPTH:
            raise ValueError(f"more than {DEPTH} levels")
        if event == "map_key":
            path[-1] = value
            if depth == 1:
                member = value
            continue
        if not depth and not event.startswith("end"):
            shape.top, shape.tops = shape.top or event, shape.tops + 1
        if event in ("start_map", "start_array"):
            if event == "start_map" and depth and not path[-1] and "" not in path[:-1]:
                shape.lists.setdefault(tuple(path[:-1]), _List()).count += 1
            path.append("")
        elif event in ("end_map", "end_array"):
            path.pop()
        else:
            _scalar(shape, path, member, value)


def _scalar(shape: _Shape, path: list[str], member: str, value: Any) -> None:
    if len(path) == 1 and path[0]:
        shape.scalars.add(member)
        if member == "type" and shape.tops == 1:
            shape.type = str(value)
    elif path[:1] == ["crs"]:
        shape.crs[".".join(path[1:])] = value
    if len(path) > 2 and "" in path and path.index("") == len(path) - 2:
        found = shape.lists.get(tuple(path[:-2]))
        if found and found.count <= MANY:
            found.members.add(path[-1])


def _crs(member: dict[str, Any], name: str) -> str | None:
    """The name in the `crs` member of the first edition of GeoJSON."""
    if member.get("type", "name") != "name":
        raise ImportProblem(
            Message(
                "{name}: the coordinate reference system of the file is not known ({crs}). "
                "Export the file in WGS84 (EPSG:4326).",
                {"name": name, "crs": str(member)[:80]},
            )
        )
    return member.get("properties.name")


def _records(source: Path | bytes, name: str, plan: _Plan) -> Generator[Any, None, None]:
    done = 0
    with _json_errors(name, lambda: done), _stream(source, name) as stream:
        for record in ijson.items(stream, plan.prefix, multiple_values=True):
            yield record
            done += 1


def _pieces(records: Generator[Any, None, None]) -> Iterator[list[Any]]:
    with closing(records):
        while piece := list(islice(records, PIECE)):
            yield piece


def _flat(record: Any, geo: bool) -> dict[str, str]:
    """The texts of a record by label; nested members with dots. Anything but an object stands under the label ""."""
    texts: dict[str, str] = {}
    if not isinstance(record, dict):
        return {"": _text(record)}
    if not geo:
        _into(texts, "", record)
        return texts
    properties = record.get("properties")
    _into(texts, "", properties if isinstance(properties, dict) else {})
    for label, text in _flat({key: record[key] for key in record if key not in _FEATURE}, False).items():
        texts.setdefault(label, text)
    return texts


def _into(texts: dict[str, str], prefix: str, members: dict[str, Any]) -> None:
    for key, value in members.items():
        label = prefix + _clean(key)
        if isinstance(value, dict) and value:
            _into(texts, f"{label}.", value)
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            for item in value:
                inner: dict[str, str] = {}
                _into(inner, f"{label}.", item)
                for inside, text in inner.items():
                    texts[inside] = f"{texts[inside]}|{text}" if inside in texts else text
        else:
            texts[label] = _text(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return _clean(value)
    if value is None or value == {} or value == []:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, list) and not any(isinstance(item, dict | list) for item in value):
        return "|".join(map(_text, value))
    if isinstance(value, dict | list):
        return _clean(json.dumps(value, ensure_ascii=False, default=_number, separators=(",", ":")))
    return str(value)


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)


def _clean(text: str) -> str:
    """The text without halves of characters that stand alone."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _point(record: Any) -> list[Any] | None:
    """The coordinates of a feature that is a point, as numbers of the file."""
    geometry = record.get("geometry") if isinstance(record, dict) else None
    if not isinstance(geometry, dict) or geometry.get("type") != "Point":
        return None
    place = geometry.get("coordinates")
    if isinstance(place, list) and len(place) > 1 and all(_is_number(axis) for axis in place[:2]):
        return place[:2]
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _beyond_degrees(record: Any) -> bool:
    place = _point(record)
    return place is not None and (abs(place[0]) > 180 or abs(place[1]) > 90)


def _blocks(
    source: Path | bytes, name: str, plan: _Plan, members: tuple[str, ...], labels: tuple[str, ...],
    place: PointReader | None,
) -> Iterator[Block]:  # fmt: skip
    def rows() -> Iterator[tuple[str, ...]]:
        for piece in _pieces(_records(source, name, plan)):
            places: Iterable[tuple[str, ...]] = _places(piece, place) if place else ((),) * len(piece)
            for record, coordinates in zip(piece, places, strict=True):
                texts = _flat(record, plan.geo)
                yield tuple(texts.get(member, "") for member in members) + coordinates

    return text_blocks(labels, rows())


def _places(piece: list[Any], place: PointReader) -> list[tuple[str, ...]]:
    """Both coordinates of each feature; those of points in degrees with their digits as they stand."""
    known = [_point(record) for record in piece]
    shapes = np.array([None if at else _geometry(record) for record, at in zip(piece, known, strict=True)], object)
    x, y = points(shapes)
    for at, pair in enumerate(known):
        if pair:
            x[at], y[at] = (float(axis) for axis in pair)
    written = zip(*(column.to_pylist() for column in place.texts(x, y)), strict=True)
    if place.moves:
        return list(written)
    return [
        tuple(plain_number(Decimal(axis)) for axis in pair) if pair else texts
        for pair, texts in zip(known, written, strict=True)
    ]


def _geometry(record: Any) -> Any:
    """The geometry of a feature that is no point; none where it has none or it makes no sense."""
    geometry = record.get("geometry") if isinstance(record, dict) else None
    if not isinstance(geometry, dict):
        return None
    try:
        return shapely.geometry.shape(_floats(geometry))
    except (shapely.errors.ShapelyError, ValueError, TypeError, KeyError, AttributeError, IndexError):
        return None


def _floats(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {key: _floats(inner) for key, inner in value.items()}
    return [_floats(inner) for inner in value] if isinstance(value, list) else value
