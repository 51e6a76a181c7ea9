"""What a document is made of, whatever form it takes: headings, paragraphs, tables, bars, pictures.

A brief and a plan are put together from these once; `render_pdf` and `word` then set them, so that both forms
have the same blocks on the same pages. All texts are finished sentences in the reader's language. Nothing is markup.

The PDF is accessible (PDF/UA-1): tagged, titled, in its language, with alternative texts. A picture of one finding for
a newsletter or a notice board is set likewise.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Final, Literal

from PIL import Image
from PIL.PngImagePlugin import PngInfo

AREAS_MM: Final = 72  # width of the map of a plan's areas


@dataclass(frozen=True)
class Picture:
    """A picture with what it says to those who do not see it. kind: "png" or "svg"."""

    data: bytes
    alt: str
    kind: str = "png"


@dataclass(frozen=True)
class CardChart:
    """The line of a change over weeks or months, and of the year before.

    now, before: alerts in each, None where not known; tested: the first and the last of those that were tested; ends:
    the first and the last date; names: of the two lines, that of the year before first; peak: the largest number; these
    in words.
    """

    now: tuple[float, ...]
    before: tuple[float | None, ...]
    tested: tuple[int, int]
    ends: tuple[str, str]
    names: tuple[str, str]
    peak: str


@dataclass(frozen=True)
class NewsCard:
    """What a picture card says, in finished sentences; its numbers have passed disclosure control for its readers.

    kicker: city and period; headline: what and where; counts: from how many to how many, a rise or a fall; told: how
    sure, for whom; source: where it comes from and the date; mark: a warning, or "".
    """

    kicker: str
    headline: str
    counts: str
    told: tuple[str, ...]
    source: str
    mark: str = ""
    chart: CardChart | None = None
    rise: bool = True

    @property
    def words(self) -> str:
        """All of it, for those who do not see it."""
        return " ".join((self.mark, f"{self.headline}.", f"{self.counts}.", *self.told, self.source)).strip()


@dataclass(frozen=True)
class Heading:
    """A heading below the document's title; `new_page`: it begins one."""

    text: str
    level: int = 1
    new_page: bool = False


@dataclass(frozen=True)
class Text:
    """A paragraph. style: "body", "lead" (large), "note" (small)."""

    text: str
    style: str = "body"


@dataclass(frozen=True)
class Bullets:
    """A list of points."""

    items: tuple[str, ...]


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
class Decision:
    """What is to be decided on: its name, its counts, what else is known of it, and what is proposed."""

    name: str
    counts: str = ""
    told: tuple[str, ...] = ()
    proposal: str = ""


@dataclass(frozen=True)
class Decisions:
    """A table of decisions, each with boxes to tick and lines to write on beside it.

    header: of its two columns; boxes: what may be decided; lines: what is written down of it.
    """

    header: tuple[str, str]
    rows: tuple[Decision, ...]
    boxes: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Figure:
    """A picture. width_mm: where it has no column of its own."""

    picture: Picture
    width_mm: float = 120


@dataclass(frozen=True)
class Columns:
    """Two short columns side by side, never divided between two pages. share: width of the left."""

    left: tuple[Block, ...]
    right: tuple[Block, ...]
    share: float = 0.5


Block = Heading | Text | Bullets | Facts | Table | Decisions | Figure | Columns


@dataclass(frozen=True)
class Document:
    """A whole document. kicker: the small line above the title; mark: a warning that stands on it, or ""."""

    title: str
    language: str
    kicker: str
    mark: str
    footer: str
    blocks: tuple[Block, ...]


def pictures(part: Any) -> tuple[Picture, ...]:
    """The pictures of a document, or of a part of it, in reading order."""
    if isinstance(part, Picture):
        return (part,)
    if is_dataclass(part) and not isinstance(part, type):
        part = tuple(getattr(part, item.name) for item in fields(part))
    return tuple(picture for item in part for picture in pictures(item)) if isinstance(part, tuple) else ()


def as_plain_data(value: Any) -> Any:
    """A document or a part of it as plain values with each block's kind; pictures become their alt text and kind."""
    if isinstance(value, Picture):
        return {"alt": printable(value.alt), "kind": value.kind}
    if is_dataclass(value) and not isinstance(value, type):
        parts = {item.name: as_plain_data(getattr(value, item.name)) for item in fields(value)}
        return {"block": type(value).__name__.lower(), **parts}
    if isinstance(value, tuple):
        return [as_plain_data(item) for item in value]
    return printable(value) if isinstance(value, str) else value


def printable(text: str) -> str:
    """A text without control characters, which neither form can hold."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs", "Cn"))


TEMPLATES: Final = Path(__file__).parent / "templates"
NUMBERED: Final = re.compile(r"\b([^\W\d_]\w*) (\d{1,2})(?=[,.;:»”)\"])")  # "Zone 1": no line ends between the two


def render_pdf(document: Document) -> bytes:
    """Set a document as PDF/UA-1."""
    return _set("document.typ", document, format="pdf", pdf_standards="ua-1")


def render_card(card: NewsCard) -> Picture:
    """Draw a card as PNG, 1200 × 675 dots; its words stand in the file's own description too."""
    info = PngInfo()
    info.add_text("Description", printable(card.words))
    out = io.BytesIO()
    Image.open(io.BytesIO(_set("card.typ", card, format="png", ppi=72))).save(out, "PNG", pnginfo=info)
    return Picture(out.getvalue(), card.words)


def _set(template: str, told: Document | NewsCard, **form: Any) -> bytes:
    """Set a template with the fonts that come with typst, so that it looks the same everywhere.

    What is told goes in as JSON and is shown as text: nothing of it can become markup.
    """
    import typst  # here, since it is large, and few readers ask for a paper

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copy(TEMPLATES / template, root / "main.typ")
        for number, picture in enumerate(pictures(told), 1):
            (root / f"picture-{number}.{picture.kind}").write_bytes(picture.data)
        data = NUMBERED.sub("\\1\u00a0\\2", json.dumps(as_plain_data(told), ensure_ascii=False))
        made = typst.compile(
            root / "main.typ", root=root, ignore_system_fonts=True, sys_inputs={"document": data}, **form
        )
    assert isinstance(made, bytes)
    return made


DocumentFormat = Literal["pdf", "docx"]
MIME: Final[Mapping[DocumentFormat, str]] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
