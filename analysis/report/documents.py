"""What a document is made of, whatever form it takes: headings, paragraphs, tables, bars, pictures.

A brief and a plan are put together from these once; `pdf` and `word` then set them, so that both forms
say the same. All texts are finished sentences in the reader's language. Nothing here is markup.

Papers to hand out: the council's brief and an intervention plan, as PDF or as Word.

The PDF is accessible (PDF/UA-1): tagged, titled, in its language, with alternative texts.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from curim_data.model import BoolArray, FloatArray

if TYPE_CHECKING:
    import typst

AREAS_MM: Final = 72  # width of the map of a plan's areas


@dataclass(frozen=True)
class Picture:
    """A picture with what it says to those who do not see it. kind: "png" or "svg"."""

    data: bytes
    alt: str
    kind: str = "png"


Tone = Literal["rise", "fall", "quiet"]


@dataclass(frozen=True)
class ChangeSeries:
    """What a chart of a change draws: lines over weeks where they may be shown, else two bars of the whole periods.

    `starts`: first days of the weeks, or months where `by_month`, in order, shape (weeks,), empty for bars; `now`:
    alerts in each; `before`: those of the same week a year earlier, NaN where not known or not compared with;
    `tested`: which weeks lie in `after`. `earlier`, `after`: the two periods that are compared, both ends included;
    `names`: what the two are called. `counts`: their alerts, where `hidden` at the most that they may be; `told`:
    both in words. `tone`: the colour. `least`: the smallest number that is written out.
    """

    starts: tuple[dt.date, ...]
    now: FloatArray
    before: FloatArray
    tested: BoolArray
    earlier: tuple[dt.date, dt.date]
    after: tuple[dt.date, dt.date]
    names: tuple[str, str]
    counts: tuple[float, float]
    told: tuple[str, str]
    hidden: tuple[bool, bool] = (False, False)
    by_month: bool = False
    whole_months: bool = False
    tone: Tone = "rise"
    least: int = 1


@dataclass(frozen=True)
class NewsCard:
    """What a picture card says, in finished sentences; its numbers have passed disclosure control for its readers.

    kicker: city and period; headline: what and where; counts: from how many to how many; told: how sure, for whom;
    source: where it comes from and the date; mark: a warning, or ""; series: what its chart draws, if anything.
    """

    kicker: str
    headline: str
    counts: str
    told: tuple[str, ...]
    source: str
    mark: str = ""
    series: ChangeSeries | None = None


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


TEMPLATE: Final = Path(__file__).parent / "templates" / "document.typ"
NUMBERED: Final = re.compile(r"\b([^\W\d_]\w*) (\d{1,2})(?=[,.;:»”)\"])")  # "Zone 1": no line ends between the two
TIGHTEST: Final = 2  # steps of smaller letters and narrower space, see the template


def render_pdf(document: Document) -> bytes:
    """Set a document as PDF/UA-1 with the fonts that come with typst, so that it looks the same everywhere.

    What the document says goes in as JSON and is shown as text: nothing of it can become markup. Where it has more
    than `most_pages`, it is set tighter, as far as that saves a page.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        shutil.copy(TEMPLATE, root / "main.typ")
        for number, picture in enumerate(pictures(document), 1):
            (root / f"picture-{number}.{picture.kind}").write_bytes(picture.data)
        told = NUMBERED.sub("\\1\u00a0\\2", json.dumps(as_plain_data(document), ensure_ascii=False))
        best = _compiler(root, told, 0)
        for tight in range(1, TIGHTEST + 1):
            if not document.most_pages or _pages(best) <= document.most_pages:
                break
            best = min(best, _compiler(root, told, tight), key=_pages)
        made = best.compile(format="pdf", pdf_standards="ua-1")
    assert isinstance(made, bytes)
    return made


def _compiler(root: Path, told: str, tight: int) -> typst.Compiler:
    """What sets a document, given as JSON, so many steps tighter."""
    import typst  # here, since it is large, and few readers ask for a paper

    return typst.Compiler(
        root / "main.typ",
        root=root,
        ignore_system_fonts=True,
        sys_inputs={"document": told, "tight": str(tight)},
    )


def _pages(compiler: typst.Compiler) -> int:
    """How many pages a document has."""
    return int(json.loads(compiler.query("<pages>", field="value", one=True)))


DocumentFormat = Literal["pdf", "docx"]
MIME: Final[Mapping[DocumentFormat, str]] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
