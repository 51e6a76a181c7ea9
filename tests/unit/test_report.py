"""Papers: what is on them, what people wrote, PDF and Word alike and accessible, pictures."""

import datetime as dt
import io
import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pypdf
import pytest
from docx import Document as read_word
from docx.oxml.ns import qn
from docx.shared import Pt
from docx.text.paragraph import Paragraph
from matplotlib.figure import Figure as Sheet
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from PIL import Image

from analysis.plans.drafting import draft_plan, find_measure, objective_sentence
from analysis.report import maps
from analysis.report.documents import (
    CardChart,
    Decision,
    Document,
    Figure,
    NewsCard,
    Picture,
    Table,
    Text,
    printable,
    render_card,
    render_pdf,
)
from analysis.report.maps import NumberedSpot, areas_map, city_map
from analysis.report.papers import Brief, PlanRow, SpotRow, brief_document, plan_document
from analysis.report.word import render_docx
from analysis.spots.naming import text_width
from curim_data.model import LANGUAGES, CityProfile, Plan, translator
from curim_data.model.plan import Action, Areas, CategoryShare, Interval, Problem

NASTY = '#import "x": * =cmd() #read("/etc/passwd") *bold* $x$ <a> \\u{41} `raw` @ref'


@pytest.fixture(scope="module")
def picture(city: CityProfile) -> Picture:
    index = city.land_cells(9).index
    cells = pd.DataFrame({"excess": np.arange(len(index)) % 6 - 1}, index=index)
    mark = city.landmarks[1]
    spots = [NumberedSpot(1, mark.labels["el"], mark.longitude, mark.latitude)]
    return city_map(city, cells, translator("el"), spots=spots, hot=index[-4:])


@pytest.fixture(scope="module")
def brief(picture: Picture) -> Brief:
    rows = (("Παρενόχληση, Σταθμός", "11 → 29 περιστατικά"), ("Παρενόχληση, Πλατεία", "λιγότερες από 5 → 98"))
    return Brief(
        headline="312 αναφορές, αριθμός συνηθισμένος για την εποχή.",
        since=dt.date(2026, 9, 5),
        until=dt.date(2026, 10, 31),
        made=dt.date(2026, 11, 1),
        before=(dt.date(2025, 9, 6), dt.date(2025, 11, 1)),
        changes=tuple(Decision(*row, ("γυναίκες", NASTY), "Πρόταση: φως.") for row in rows),
        picture=picture,
        spots=(SpotRow(1, "Σταθμός Πειραιά", 61, 24.2), SpotRow(2, "Καστέλλα", 3, 2, least=5)),
        plans=(
            PlanRow("Φως", "Τεχνική Υπηρεσία", "σε εξέλιξη", "αξιολόγηση"),
            PlanRow(
                "Ησυχία", "Δημοτική Αστυνομία", "αξιολογήθηκε", "", result="22 λιγότερα από τα αναμενόμενα.", moved=True
            ),
        ),
        whom="Στις γυναίκες αναλογεί 54 % (48–60).",
        limits=("Οι 14 αναφορές χωρίς θέση δεν φαίνονται στον χάρτη.",),
        link="https://curim.example/?period=meeting",
        illustrative=True,
    )


@pytest.fixture(scope="module")
def plan(city: CityProfile) -> Plan:
    problem = Problem(
        place="piraeus_station",
        names={"el": "Σταθμός Πειραιά", "en": "Piraeus Station", "fr": "Gare du Pirée"},
        start=dt.date(2025, 11, 1),
        end=dt.date(2026, 10, 31),
        n=61,
        categories=(CategoryShare("theft_bag", 0.6),),
        women=Interval(0.7, 0.6, 0.8),
    )
    light, audit = find_measure("lighting_improved"), find_measure("women_safety_audit")
    made = draft_plan(problem, city, dt.date(2026, 10, 31), measures=[light, audit]).plan
    return replace(made, title=NASTY, actions=(Action(NASTY, "ΤΥ\x00", dt.date(2027, 1, 5)),), budget=48000.0)


def text_of(made: bytes) -> str:
    reader = pypdf.PdfReader(io.BytesIO(made))
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def test_what_people_write_stays_text(brief: Brief, plan: Plan, city: CityProfile) -> None:
    t = translator("el")
    for made in (plan_document(plan, city, t, "pdf"), brief_document(brief, city, t, "pdf")):
        told = text_of(made)
        assert "=cmd()" in told
        assert "#read(" in told
        assert "*bold*" in told
    made = plan_document(plan, city, t, "docx")
    words = read_word(io.BytesIO(made))
    assert NASTY in [paragraph.text for paragraph in words.paragraphs]
    assert b"fldSimple" not in ZipFile(io.BytesIO(made)).read("word/document.xml")
    assert printable("a\x00b\x1b\tc\n") == "ab\tc\n"
    document = Document("t\x07", "en", "", "", "", (Text("x\x0by"), Table(("a\x00",), (("b",),), (1,))))
    assert "xy" in text_of(render_pdf(document))
    assert "xy" in [paragraph.text for paragraph in read_word(io.BytesIO(render_docx(document))).paragraphs]


@pytest.mark.parametrize("form", ["pdf", "docx"])
def test_a_plan_names_its_measures_with_source_and_gaps(plan: Plan, city: CityProfile, form: str) -> None:
    t = translator("en")
    made = plan_document(plan, city, t, form)  # type: ignore[arg-type]
    if form == "pdf":
        told = text_of(made)
        assert len(pypdf.PdfReader(io.BytesIO(made)).pages) <= 3
    else:
        words = read_word(io.BytesIO(made))
        cells = [cell.text for table in words.tables for row in table.rows for cell in row.cells]
        told = " ".join([paragraph.text for paragraph in words.paragraphs] + cells)
    assert objective_sentence(plan.objective, plan.problem, t) in told
    for part in ("Better street lighting", "No usable number", "Welsh", "none in Greece", "48,000", "61"):
        assert part in told


def test_a_brief_writes_no_count_under_the_threshold(brief: Brief, city: CityProfile) -> None:
    spots = (
        SpotRow(1, "Station", 61, 24.2, least=5),
        SpotRow(2, "Quay", 5, 1.2, least=5),
        SpotRow(3, "Square", 4, 1, least=5),
    )
    made = brief_document(replace(brief, spots=spots), city, translator("en"), "docx")
    rows = [[cell.text for cell in row.cells] for table in read_word(io.BytesIO(made)).tables for row in table.rows]
    told = {row[1]: row[2] for row in rows if len(row) > 1 and row[1] in ("Station", "Quay", "Square")}
    assert told == {"Station": "61", "Quay": "5", "Square": "fewer than 5"}


def test_maps_have_size_letters_and_words_for_those_who_do_not_see(picture: Picture) -> None:
    image = Image.open(io.BytesIO(picture.data))
    assert image.info["dpi"][0] == pytest.approx(200, abs=1)
    assert image.width == pytest.approx(88 / 25.4 * 200, abs=3)
    assert "1 " in picture.alt
    document = Document("t", "en", "", "", "", (Figure(picture), Text("c")))
    assert text_of(render_pdf(document)).startswith("t c")
    with pytest.raises(Exception, match="alt"):
        render_pdf(Document("t", "en", "", "", "", (Figure(replace(picture, alt="")),)))


def test_a_name_on_the_map_of_paper_goes_without_its_distance(city: CityProfile) -> None:
    spots = [NumberedSpot(1, "Queen Street, 24 km δυτικά του κέντρου", 23.64, 37.94)]
    figure = Sheet()
    axes = figure.add_axes((0, 0, 1, 1))
    x, y = city.project([23.64], [37.94])
    axes.set_xlim(x[0] - 3000, x[0] + 3000)
    axes.set_ylim(y[0] - 3000, y[0] + 3000)
    maps._spots(axes, spots, city)
    assert [text.get_text() for text in axes.texts] == ["1  Queen Street"]


@pytest.mark.parametrize(
    "name", ["2  Τομέας 11, στα νοτιοδυτικά", "1  Brooklyn, Αστυνομικό τμήμα 73", "3  Μικρολίμανο"]
)
@pytest.mark.parametrize("bold", [True, False])
def test_names_on_the_map_of_paper_are_no_wider_than_they_are_taken_for(name: str, bold: bool) -> None:
    """A name at the edge of the map was cut: DejaVu runs wider than the type of a screen."""
    font = FontProperties(family=maps.STYLE["font.family"], weight="bold" if bold else "normal", size=maps.LETTERS)
    drawn = TextPath((0, 0), name, prop=font).get_extents().width
    assert drawn <= text_width(name, maps.LETTERS * maps.WIDER, bold=bold) <= 1.3 * drawn


CHART = CardChart((1.0, 4.0, 2.0), (None, 1.0, 1.0), (1, 2), ("Μάι", "Ιούλ"), ("2025", "2026"), "4")


@pytest.mark.parametrize("chart", [None, CHART])
def test_a_card_is_a_picture_with_its_words_and_its_chart(chart: CardChart | None) -> None:
    card = NewsCard("Πειραιάς", NASTY, "98 (32)", (NASTY,), "CURiM", "Δείγμα", chart)
    image = Image.open(io.BytesIO(render_card(card).data))
    assert image.size == (1200, 675)
    assert image.text["Description"] == card.words  # type: ignore[attr-defined]
    warm = (np.asarray(image.convert("RGB"))[:, 640:] == (184, 70, 11)).all(axis=2)
    assert warm.any() == (chart is not None)


HEADINGS = [f"/H{level}" for level in range(1, 7)]


def elements(node: Any) -> Iterator[Any]:
    """The elements of a structure tree in reading order."""
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        for one in node:
            yield from elements(one)
    elif isinstance(node, dict):
        if "/S" in node:
            yield node
        if "/K" in node:
            yield from elements(node["/K"])


def assert_accessible(made: bytes, lang: str, pictures: list[Picture]) -> list[str]:
    """PDF/UA-1 as far as its file says it; returns the kinds of its elements in reading order."""
    reader = pypdf.PdfReader(io.BytesIO(made))
    root = reader.trailer["/Root"]
    assert b"<pdfuaid:part>1<" in root["/Metadata"].get_data()
    assert root["/Lang"] == lang
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata.title
    assert all(page["/Tabs"] == "/S" for page in reader.pages if "/Annots" in page)
    tree = list(elements(root["/StructTreeRoot"]["/K"]))
    kinds = [str(one["/S"]) for one in tree]
    figures = [one for one in tree if one["/S"] == "/Figure"]
    assert [str(one["/Alt"]) for one in figures] == [picture.alt for picture in pictures]
    levels = [HEADINGS.index(kind) + 1 for kind in kinds if kind in HEADINGS]
    assert levels
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
    for table in (one for one in tree if one["/S"] == "/Table"):
        heads = [one for one in elements(table["/K"]) if one["/S"] == "/TH"]
        assert heads
        assert all("/Column" in str(one["/A"]) for one in heads)
    return kinds


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("quiet", [False, True])
def test_the_brief_is_alike_and_accessible_as_pdf_and_as_word(
    brief: Brief, city: CityProfile, lang: str, quiet: bool
) -> None:
    told = replace(brief, changes=(), none_found="Καμία.") if quiet else replace(brief, same_season=False)
    assert told.picture is not None
    made = brief_document(told, city, translator(lang), "pdf")
    kinds = assert_accessible(made, lang, [told.picture])
    text = text_of(made).replace("\u00a0", " ")
    word = brief_document(told, city, translator(lang), "docx")
    paper = read_word(io.BytesIO(word))
    assert kinds.count("/Table") == len(paper.tables) == 3 + (not quiet)
    cells = [cell.text for table in paper.tables for row in table.rows for cell in row.cells]
    written = [one.text for one in paper.paragraphs] + "\n".join(cells).split("\n")
    for part in ("312", "Σταθμός Πειραιά", "54 % (48–60)", "22 λιγότερα από τα αναμενόμενα."):
        assert part in text
        assert any(part in one for one in written)
    assert text.count("☐") == "".join(written).count("☐") == 3 * len(told.changes)
    for part in [part for row in told.changes for part in (row.name, row.counts, row.proposal)]:
        assert part in text
        assert any(one.endswith(part) for one in written)
    assert ("Καμία." in text) is quiet is (translator(lang)("The season alone may explain it.") not in text)
    larger = {one.text for one in paper.paragraphs for run in one.runs if run.font.size == Pt(12.5)}
    assert larger == {told.headline}
    assert len(pypdf.PdfReader(io.BytesIO(made)).pages) == word_pages(paper) == (1 if quiet else 2)
    assert_accessible_word(word, lang, told.picture)


def word_pages(paper: Any) -> int:
    """Pages of a Word file that breaks them itself, each of which is short enough to be one.

    Lines are counted with letters as wide as those of a screen, which are wider than those of the file.
    """
    first = paper.sections[0]
    room = first.page_height.pt - first.top_margin.pt - first.bottom_margin.pt
    used = [0.0]
    for section in paper.sections:
        widths = [int(one.get(qn("w:w"))) / 20 for one in section._sectPr.iter(qn("w:col"))]
        columns = [0.0]
        for block in section.iter_inner_content():
            if isinstance(block, Paragraph) and block.paragraph_format.page_break_before:
                used[-1] += columns[-1]
                used, columns = [*used, 0.0], [0.0]
            full = first.page_width.pt - 2 * first.left_margin.pt
            columns[-1] += height(block, widths[len(columns) - 1] if widths else full)
            columns += [0.0] if 'w:type="column"' in block._element.xml else []
        used[-1] += max(columns)
    assert max(used) < room
    return len(used)


def height(block: Any, width: float) -> float:
    """How high a paragraph or a table is, in points."""
    if not isinstance(block, Paragraph):
        rows = (
            [sum(height(one, cell.width.pt - 11) for one in cell.paragraphs) for cell in row.cells]
            for row in block.rows
        )
        return sum(map(max, rows))
    size = max((run.font.size.pt for run in block.runs if run.font.size), default=block.style.font.size.pt)
    form, lines = block.paragraph_format, max(1, -(-text_width(block.text, size) // width))
    pictures = sum(int(one.get("cy")) / 12_700 for one in block._p.iter(qn("wp:extent")))
    return lines * 1.22 * size + pictures + sum(space.pt for space in (form.space_before, form.space_after) if space)


def assert_accessible_word(made: bytes, lang: str, picture: Picture) -> None:
    """Headings without a gap, header rows, the picture's words, the language."""
    paper = read_word(io.BytesIO(made))
    xml = ZipFile(io.BytesIO(made)).read("word/document.xml").decode()
    styles = [one.get(qn("w:val")) for one in paper.element.body.iter(qn("w:pStyle"))]
    assert styles.count("Title") == 1
    levels = [int(name[-1]) for name in styles if name.startswith("Heading")]
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
    assert xml.count("w:tblHeader") == len(paper.tables)
    assert xml.count('descr="') == len(paper.inline_shapes) == 1
    assert picture.alt in xml
    locale = {"el": "el-GR", "en": "en-GB", "fr": "fr-FR"}[lang]
    assert f'w:val="{locale}"' in ZipFile(io.BytesIO(made)).read("word/styles.xml").decode()
    assert all("CURiM" in section.footer.paragraphs[0].text for section in paper.sections)
    assert (paper.core_properties.language, bool(paper.core_properties.title)) == (locale, True)


def test_a_plan_is_pdf_ua(city: CityProfile) -> None:
    cells = [f"{cell:x}" for cell in city.land_cells(10).index[:6]]
    areas = Areas(treated=tuple(cells[:2]), buffer=tuple(cells[2:4]), comparison=tuple(cells[4:]))
    t = translator("fr")
    picture = areas_map(city, areas, t)
    made = plan_document(Plan(title="Lumière", areas=areas), city, t, "pdf", picture=picture)
    assert_accessible(made, "fr", [picture])
