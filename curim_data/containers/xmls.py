"""XML as a stream: the element that repeats is the record, what stands in it are the columns."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from curim_data.containers._support import RereadableFile, choose_table
from curim_data.containers.base import digest, no_rows, text_blocks
from curim_data.model import Block, Facts, ImportProblem, Message

DEPTH: Final = 8  # records are looked for so many levels deep

_Path = tuple[str, ...]


@dataclass
class _Node:
    """All elements of one path: how many, which have parts, and the names of the elements and attributes in them."""

    count: int = 0
    structured: bool = False
    members: dict[str, None] = field(default_factory=dict)


def open_xml(source: Path | bytes, name: str, sheet: str | None = None) -> RereadableFile:
    """Open XML.

    Question where several elements repeat; ImportProblem, with its line, where the text is broken, and where it holds
    entities of its own.
    """
    nodes = _survey(source, name)
    choices = _choices(nodes, next(iter(nodes)))
    sheets = {path[-1]: nodes[path].count for path in choices}
    chosen = choose_table(name, sheet, sheets)
    path = next(path for path in choices if path[-1] == chosen)
    seen: dict[str, None] = {}
    for texts in _records(source, name, path):
        seen.update(dict.fromkeys(texts))
    if not seen:
        raise no_rows(name)
    sha256, size = digest(source, name)
    facts = Facts(name, sha256, "xml", tuple(seen), sheet=chosen, sheets=tuple(sheets), size=size)
    return RereadableFile(facts, lambda: _blocks(source, name, path, facts.labels))


def _choices(nodes: dict[_Path, _Node], path: _Path) -> list[_Path]:
    """The paths of possible records under an element, or the element itself where nothing in it repeats."""
    inner = {(*path, member): nodes[(*path, member)] for member in nodes[path].members if (*path, member) in nodes}
    leaves = len(nodes[path].members) - sum(node.structured for node in inner.values())
    tables = [at for at, node in inner.items() if node.structured and len(node.members) >= leaves]
    repeated = [at for at in tables if nodes[at].count > 1]
    if repeated:
        return repeated
    if len(tables) == 1:
        return _choices(nodes, tables[0])
    return [path]


@contextmanager
def _events(source: Path | bytes, name: str) -> Iterator[Iterator[tuple[str, Any]]]:
    stream: IO[bytes]
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
        try:
            yield iterparse(stream, events=("start", "end"))
        except DefusedXmlException as error:
            raise ImportProblem(
                Message(
                    "{name}: the XML text declares entities of its own, which may be used to harm. "
                    "Export it without a document type.",
                    {"name": name},
                )
            ) from error
        except (ParseError, LookupError, ValueError, RecursionError, OSError) as error:
            if isinstance(error, ImportProblem):
                raise
            raise ImportProblem(
                Message(
                    "{name}: the XML text is broken or cut short at line {line}. Export it again.",
                    {"name": name, "line": getattr(error, "position", (1, 0))[0]},
                )
            ) from error


def _survey(source: Path | bytes, name: str) -> dict[_Path, _Node]:
    """What stands on each path of elements, in order of appearance; one pass."""
    nodes: dict[_Path, _Node] = {}
    path: list[str] = []
    with _events(source, name) as events:
        opened: list[Any] = []
        for event, element in events:
            if event == "end":
                opened.pop()
                path.pop()
                if opened:
                    del opened[-1][:]
                continue
            tag = _local(element.tag)
            if path and len(path) < DEPTH:
                parent = nodes[tuple(path)]
                parent.structured = True
                parent.members[tag] = None
            path.append(tag)
            opened.append(element)
            if len(path) <= DEPTH:
                node = nodes.setdefault(tuple(path), _Node())
                node.count += 1
                attributes = _attributes(element)
                node.structured |= bool(attributes)
                node.members.update(dict.fromkeys(attributes))
    return nodes


def _records(source: Path | bytes, name: str, wanted: _Path) -> Iterator[dict[str, str]]:
    """The texts of each record by label."""
    path: list[str] = []
    opened: list[Any] = []
    with _events(source, name) as events:
        for event, element in events:
            if event == "start":
                path.append(_local(element.tag))
                opened.append(element)
                continue
            if len(path) == len(wanted) and tuple(path) == wanted:
                texts: dict[str, str] = {}
                _into(texts, "", element)
                yield texts
            opened.pop()
            path.pop()
            if opened and len(path) < len(wanted):
                del opened[-1][:]


def _into(texts: dict[str, str], label: str, element: Any) -> None:
    """Add an element: its text under its label, what stands in it under labels with dots, repeats joined by "|"."""
    text = (element.text or "").strip()
    attributes = _attributes(element)
    if label and (text or not len(element)):
        _add(texts, label, text)
    elif text:
        _add(texts, "text", text)
    prefix = f"{label}." if label else ""
    for key, value in attributes.items():
        _add(texts, f"{prefix}{key}", value.strip())
    for child in element:
        _into(texts, prefix + _local(child.tag), child)


def _add(texts: dict[str, str], label: str, text: str) -> None:
    texts[label] = f"{texts[label]}|{text}" if label in texts else text


def _attributes(element: Any) -> dict[str, str]:
    """Attributes by "@name", without those of XML Schema ("this is null", "this is a string")."""
    return {f"@{_local(key)}": value for key, value in element.attrib.items() if "XMLSchema-instance" not in key}


def _local(tag: str) -> str:
    """The name without its namespace."""
    return tag.rpartition("}")[2]


def _blocks(source: Path | bytes, name: str, path: _Path, labels: tuple[str, ...]) -> Iterator[Block]:
    rows = (tuple(texts.get(label, "") for label in labels) for texts in _records(source, name, path))
    return text_blocks(labels, rows)
