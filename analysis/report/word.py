"""A document as a Word file: real headings, header rows, a language, alternative texts; made to be edited."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any, Final

from docx import Document as new_document
from docx.document import Document as WordDocument
from docx.enum.section import WD_SECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK, WD_TAB_LEADER
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from analysis.report.documents import (
    Block,
    Bullets,
    Columns,
    Decisions,
    Document,
    Facts,
    Figure,
    Heading,
    Table,
    Text,
    printable,
)

SEA: Final = RGBColor(0x0B, 0x4F, 0x6C)
QUIET: Final = RGBColor(0x51, 0x60, 0x6B)
WARM: Final = RGBColor(0xA6, 0x3C, 0x0A)
FONT: Final = "Calibri"
TWIPS: Final = 56.7  # in a millimetre
WIDTH, BETWEEN = 174, 7  # millimetres of a page and between its columns
CHANGE_SHARE: Final = 0.59  # of the width, of what is decided on
_LOCALES: Final = {"el": "el-GR", "en": "en-GB", "fr": "fr-FR"}


def render_docx(document: Document) -> bytes:
    """Set a document as .docx, with the blocks and pages of the PDF. Pictures must be PNG."""
    made = new_document()
    section = made.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(18)
    section.top_margin, section.bottom_margin, section.footer_distance = Mm(13), Mm(15), Mm(8)
    _styles(made, document.language)
    made.core_properties.title = printable(document.title)
    made.core_properties.language = _LOCALES[document.language]
    made.core_properties.author = ""
    _small(made.add_paragraph(), document.kicker, QUIET)
    made.add_paragraph(printable(document.title), style="Title")
    if document.mark:
        _small(made.add_paragraph(), document.mark, WARM, bold=True)
    _small(section.footer.paragraphs[0], document.footer, QUIET)  # of this section, and so of those that follow
    for block in document.blocks:
        _set(made, block)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _styles(made: WordDocument, language: str) -> None:
    for name, size, colour in (
        ("Normal", 9.5, None),
        ("Title", 18, SEA),
        ("Heading 1", 12, SEA),
        ("Heading 2", 10.5, None),
    ):
        style: Any = made.styles[name]
        style.font.name, style.font.size = FONT, Pt(size)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        if colour is not None:
            style.font.color.rgb = colour
        style.paragraph_format.space_after = Pt(3)
        style.paragraph_format.line_spacing = 1.0
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
        Heading: _heading,
        Text: _text,
        Bullets: lambda made, b: [made.add_paragraph(printable(item), style="List Bullet") for item in b.items],
        Facts: _facts,
        Table: _table,
        Decisions: _decisions,
        Figure: _figure,
        Columns: _columns,
    }
    setters[type(block)](made, block)


def _heading(made: WordDocument, block: Heading) -> None:
    heading = made.add_heading(printable(block.text), block.level)
    heading.paragraph_format.space_before = Pt(8)
    heading.paragraph_format.page_break_before = block.new_page or None


def _text(made: WordDocument, block: Text) -> None:
    if block.style == "note":
        _small(made.add_paragraph(), block.text, QUIET)
    else:
        run = made.add_paragraph().add_run(printable(block.text))
        run.font.size = Pt(12.5) if block.style == "lead" else None


def _facts(made: WordDocument, block: Facts) -> None:
    for name, value in block.pairs:
        paragraph = made.add_paragraph()
        paragraph.paragraph_format.space_after = Pt(1)
        paragraph.add_run(printable(name + (" " if name[-1:] in ("?", ";", "\u037e") else ": "))).font.color.rgb = QUIET
        paragraph.add_run(printable(value))


def _table(made: WordDocument, block: Table) -> None:
    table = _headed_table(made, block.header, block.right)
    for row in block.rows:
        _line(table.add_row(), row, block.right)
    _set_widths(made, table, block.widths)


def _decisions(made: WordDocument, block: Decisions) -> None:
    """A row for each decision; lines to write on are tabs, which nobody hears read aloud."""
    table = _headed_table(made, block.header)
    for one in block.rows:
        row = table.add_row()
        row._tr.get_or_add_trPr().append(_element("cantSplit", val="true"))
        left, right = row.cells
        left.paragraphs[0].style = "Heading 2"
        left.paragraphs[0].paragraph_format.space_before = Pt(4)
        left.paragraphs[0].add_run(printable(one.name))
        for text in filter(None, (one.counts, " ".join(one.told), one.proposal)):
            run = left.add_paragraph().add_run(printable(text))
            run.bold = True if text == one.counts else None
        right.paragraphs[0].paragraph_format.space_before = Pt(4)
        right.paragraphs[0].add_run("   ".join(f"\u2610\u00a0{printable(box)}" for box in block.boxes)).font.size = Pt(
            9
        )
        for line in block.lines:
            paragraph = right.add_paragraph()
            paragraph.paragraph_format.space_before = Pt(10)
            end = Mm(WIDTH * (1 - CHANGE_SHARE) - 4)
            paragraph.paragraph_format.tab_stops.add_tab_stop(end, leader=WD_TAB_LEADER.LINES)
            _small(paragraph, f"{line} \t", QUIET)
    _set_widths(made, table, (CHANGE_SHARE, 1 - CHANGE_SHARE))


def _headed_table(made: WordDocument, header: tuple[str, ...], right: tuple[int, ...] = ()) -> Any:
    """A table with thin grey lines between rows, whose header is read aloud as such, and repeated on the next page."""
    table = made.add_table(rows=1, cols=len(header))
    table.autofit = False
    borders = _element("tblBorders")
    for side in ("bottom", "insideH"):
        borders.append(_element(side, val="single", sz="4", space="0", color="C9D3DA"))
    table._tbl.tblPr.insert_element_before(borders, "w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook")
    _line(table.rows[0], header, right, bold=True)
    table.rows[0]._tr.get_or_add_trPr().append(_element("tblHeader", val="true"))
    return table


def _set_widths(made: WordDocument, table: Any, widths: tuple[float, ...]) -> None:
    """Divide the width of the column of text among those of a table, and end it."""
    columns = made.element.body.sectPr.find(qn("w:cols"))
    room = next((int(one.get(qn("w:w"))) / TWIPS for one in columns[-1:]), WIDTH)
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(room * width / sum(widths))
        for cell in column.cells:
            cell.width = column.width
    _small(made.add_paragraph(), "", QUIET)
    made.paragraphs[-1].paragraph_format.space_after = Pt(0)


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


def _columns(made: WordDocument, block: Columns) -> None:
    """Columns of text, not a table, whose cells would mean nothing to who hears it read."""
    left = (WIDTH - BETWEEN) * block.share
    _begin_columns(made, (left, WIDTH - BETWEEN - left))
    for part in block.left:
        _set(made, part)
    made.paragraphs[-1].add_run().add_break(WD_BREAK.COLUMN)
    for part in block.right:
        _set(made, part)
    _begin_columns(made, ())


def _begin_columns(made: WordDocument, widths: tuple[float, ...]) -> None:
    """Begin a section of the same page with columns so wide (millimetres); with none, of one."""
    made.add_section(WD_SECTION.CONTINUOUS)
    columns = made.element.body.sectPr.find(qn("w:cols"))
    columns.clear()
    if widths:
        columns.set(qn("w:num"), str(len(widths)))
        columns.set(qn("w:equalWidth"), "0")
    for width in widths:
        space = 0 if columns.findall(qn("w:col")) else BETWEEN
        columns.append(_element("col", w=str(round(width * TWIPS)), space=str(round(space * TWIPS))))


def _small(paragraph: Any, text: str, colour: RGBColor, *, bold: bool = False) -> None:
    run = paragraph.add_run(printable(text))
    run.font.size, run.font.color.rgb, run.bold = Pt(9), colour, bold
