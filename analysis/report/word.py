"""A document as a Word file: real headings, header rows, a language, alternative texts; made to be edited."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any, Final

from docx import Document as new_document
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from analysis.report.documents import (
    Bars,
    Block,
    Bullets,
    Columns,
    Document,
    Facts,
    Figure,
    Group,
    Heading,
    Table,
    Text,
    printable,
)

SEA: Final = RGBColor(0x0B, 0x4F, 0x6C)
QUIET: Final = RGBColor(0x51, 0x60, 0x6B)
WARM: Final = RGBColor(0xA6, 0x3C, 0x0A)
FONT: Final = "Calibri"
WIDTH: Final = 172
_LOCALES: Final = {"el": "el-GR", "en": "en-GB", "fr": "fr-FR"}


def render_docx(document: Document) -> bytes:
    """Set a document as .docx. Columns follow one another; bars become a table. Pictures must be PNG."""
    made = new_document()
    section = made.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(19)
    section.top_margin = section.bottom_margin = Mm(17)
    _styles(made, document.language)
    made.core_properties.title = printable(document.title)
    made.core_properties.language = _LOCALES[document.language]
    made.core_properties.author = ""
    _small(made.add_paragraph(), document.kicker, QUIET)
    made.add_paragraph(printable(document.title), style="Title")
    if document.mark:
        _small(made.add_paragraph(), document.mark, WARM, bold=True)
    for block in document.blocks:
        _set(made, block)
    _small(section.footer.paragraphs[0], document.footer, QUIET)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _styles(made: WordDocument, language: str) -> None:
    for name, size, colour in (
        ("Normal", 10.5, None),
        ("Title", 19, SEA),
        ("Heading 1", 13, SEA),
        ("Heading 2", 11, None),
    ):
        style: Any = made.styles[name]
        style.font.name, style.font.size = FONT, Pt(size)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        if colour is not None:
            style.font.color.rgb = colour
        style.paragraph_format.space_after = Pt(4)
    made.styles["Normal"].element.get_or_add_rPr().append(_element("lang", val=_LOCALES[language]))
    for lang in made.styles.element.iter(qn("w:lang")):
        lang.set(qn("w:val"), _LOCALES[language])


def _element(tag: str, **values: str) -> Any:
    made = OxmlElement(f"w:{tag}")
    for name, value in values.items():
        made.set(qn(f"w:{name}"), value)
    return made


def _set(made: WordDocument, block: Block) -> None:
    setters: Mapping[type, Callable[[WordDocument, Any], object]] = {
        Heading: lambda made, b: made.add_heading(printable(b.text), b.level),
        Text: _text,
        Bullets: lambda made, b: [
            made.add_paragraph(printable(item), style="List Number" if b.numbered else "List Bullet")
            for item in b.items
        ],
        Facts: _facts,
        Table: _table,
        Bars: lambda made, b: _table(
            made, Table(b.header, tuple((bar.label, bar.text) for bar in b.bars), (1, 1), (1,))
        ),
        Figure: _figure,
        Columns: _columns,
        Group: _group,
    }
    setters[type(block)](made, block)


def _text(made: WordDocument, block: Text) -> None:
    paragraph = made.add_paragraph()
    if block.style == "note":
        _small(paragraph, block.text, QUIET)
        return
    run = paragraph.add_run(printable(block.text))
    if block.style == "lead":
        run.font.size = Pt(13)
    if block.style == "strong":
        run.bold, run.font.size = True, Pt(11)
        paragraph.paragraph_format.keep_with_next = True
    if block.style == "accent":
        run.font.color.rgb = WARM


def _facts(made: WordDocument, block: Facts) -> None:
    for name, value in block.pairs:
        paragraph = made.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(1)
        paragraph.add_run(printable(f"{name}: ")).font.color.rgb = QUIET
        paragraph.add_run(printable(value))


def _table(made: WordDocument, block: Table) -> None:
    table = made.add_table(rows=1, cols=len(block.header))
    table.autofit = False
    # Thin grey lines between rows, none between columns.
    borders = _element("tblBorders")
    for side in ("bottom", "insideH"):
        borders.append(_element(side, val="single", sz="4", space="0", color="C9D3DA"))
    table._tbl.tblPr.insert_element_before(borders, "w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook")
    _line(table.rows[0], block.header, block.right, bold=True)
    # The table's header: read aloud as such, and repeated on the next page.
    table.rows[0]._tr.get_or_add_trPr().append(_element("tblHeader", val="true"))
    for row in block.rows:
        _line(table.add_row(), row, block.right)
    total = sum(block.widths)
    for column, width in zip(table.columns, block.widths, strict=True):
        column.width = Mm(WIDTH * width / total)
        for cell in column.cells:
            cell.width = column.width
    made.add_paragraph().paragraph_format.space_after = Pt(0)


def _line(row: Any, texts: tuple[str, ...], right: tuple[int, ...], *, bold: bool = False) -> None:
    for number, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.space_after = Pt(1)
        run = paragraph.add_run(printable(text))
        run.bold, run.font.size = bold, Pt(9)
        if bold:
            run.font.color.rgb = SEA
        if number in right:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _figure(made: WordDocument, block: Figure) -> None:
    made.add_picture(io.BytesIO(block.picture.data), width=Mm(block.width_mm))
    made.paragraphs[-1].paragraph_format.space_after = Pt(2)
    made.inline_shapes[-1]._inline.docPr.set("descr", printable(block.picture.alt))
    if block.caption:
        made.paragraphs[-1].paragraph_format.keep_with_next = True
        _small(made.add_paragraph(), block.caption, QUIET)


def _group(made: WordDocument, block: Group) -> None:
    for part in block.blocks:
        _set(made, part)


def _columns(made: WordDocument, block: Columns) -> None:
    """One after the other; a change stays on the page of its chart."""
    parts = (*block.left, *block.right)
    for at, part in enumerate(parts):
        _set(made, part)
        if block.together and isinstance(part, Text) and at + 1 < len(parts) and isinstance(parts[at + 1], Figure):
            made.paragraphs[-1].paragraph_format.keep_with_next = True


def _small(paragraph: Any, text: str, colour: RGBColor, *, bold: bool = False) -> None:
    run = paragraph.add_run(printable(text))
    run.font.size, run.font.color.rgb, run.bold = Pt(9), colour, bold
