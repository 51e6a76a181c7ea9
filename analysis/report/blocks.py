"""What a document is made of, whatever form it takes: headings, paragraphs, tables, bars, pictures.

A brief and a plan are put together from these once; `pdf` and `word` then set them, so that both forms
say the same. All texts are finished sentences in the reader's language. Nothing here is markup.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final

AREAS_MM: Final = 72  # width of the map of a plan's areas


@dataclass(frozen=True)
class Picture:
    """A picture with what it says to those who do not see it. kind: "png" or "svg"."""

    data: bytes
    alt: str
    kind: str = "png"


@dataclass(frozen=True)
class Heading:
    """A heading below the document's title."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Text:
    """A paragraph. style: "body", "lead" (large), "strong", "note" (small), "accent" (needs attention)."""

    text: str
    style: str = "body"


@dataclass(frozen=True)
class Bullets:
    """A list of points; numbered where their order is meant."""

    items: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True)
class Facts:
    """Names and values, one pair a line."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Table:
    """A table with its header. right: columns of numbers; widths: relative widths, one a column."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    right: tuple[int, ...] = ()


@dataclass(frozen=True)
class Bar:
    """One bar: its share with the interval (0 to 1, None where protected) and the words for them."""

    label: str
    text: str
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Bars:
    """Bars under one another on a common scale; header names the two columns of words."""

    header: tuple[str, str]
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Figure:
    """A picture with its caption, never apart from it. width_mm: where it has no column of its own."""

    picture: Picture
    caption: str = ""
    width_mm: float = 120


@dataclass(frozen=True)
class Columns:
    """Two columns side by side on paper; one after the other where that is not possible. share: width of the left.

    `together`: short, and never divided between two pages.
    """

    left: tuple[Block, ...]
    right: tuple[Block, ...]
    share: float = 0.5
    together: bool = False


@dataclass(frozen=True)
class Group:
    """Blocks that stand on one page together, or begin a new one."""

    blocks: tuple[Block, ...]


Block = Heading | Text | Bullets | Facts | Table | Bars | Figure | Columns | Group


@dataclass(frozen=True)
class Document:
    """A whole document.

    kicker: the small line above the title; mark: a warning that stands on every page, or ""; most_pages: on paper it is
    set tighter rather than have more of them, where that helps; 0: any number.
    """

    title: str
    language: str
    kicker: str
    mark: str
    footer: str
    blocks: tuple[Block, ...]
    most_pages: int = 0


def pictures(document: Document) -> tuple[Picture, ...]:
    """The document's pictures in reading order."""
    return tuple(block.picture for block in _all(document.blocks) if isinstance(block, Figure))


def as_plain_data(value: Any) -> Any:
    """A document or a part of it as plain values with each block's kind; pictures become their alt text and kind."""
    if isinstance(value, Picture):
        return {"alt": printable(value.alt), "kind": value.kind}
    if is_dataclass(value) and not isinstance(value, type):
        message = {item.name: as_plain_data(getattr(value, item.name)) for item in fields(value)}
        return {"block": type(value).__name__.lower(), **message}
    if isinstance(value, tuple):
        return [as_plain_data(item) for item in value]
    return printable(value) if isinstance(value, str) else value


def printable(text: str) -> str:
    """A text without control characters, which neither form can hold."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs", "Cn"))


def _all(blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    found: list[Block] = []
    for block in blocks:
        if isinstance(block, Columns):
            found += [*_all(block.left), *_all(block.right)]
        elif isinstance(block, Group):
            found += _all(block.blocks)
        else:
            found.append(block)
    return tuple(found)
