import datetime as dt
import io
from dataclasses import replace
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pypdf
import pytest
from docx import Document as read_word
from matplotlib.figure import Figure as Sheet
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from PIL import Image

from analysis.plans.drafting import draft_plan, find_measure
from analysis.report import maps
from analysis.report.documents import Bar, Document, Figure, Picture, Table, Text, printable, render_pdf
from analysis.report.maps import NumberedSpot, city_map
from analysis.report.papers import Brief, ChangeRow, PlanRow, SpotRow, brief_document, plan_document
from analysis.report.word import render_docx
from analysis.spots.naming import text_width
from curim_data.model import LANGUAGES, CityProfile, Plan, translator
from curim_data.model.plan import Action, CategoryShare, Interval, Problem

NASTY = '#import "x": * =cmd() #read("/etc/passwd") *bold* $x$ <a> \\u{41} `raw` @ref'


@pytest.fixture(scope="module")
def picture(city: CityProfile) -> Picture:
    index = city.land_cells(9).index
    cells = pd.DataFrame({"n": np.arange(len(index), dtype=float)}, index=index)
    mark = city.landmarks[1]
    spots = [NumberedSpot(1, mark.labels["el"], mark.longitude, mark.latitude)]
    return city_map(city, cells, translator("el"), spots=spots, hot=index[-4:])


@pytest.fixture(scope="module")
def brief(picture: Picture) -> Brief:
    return Brief(
        headline="312 αναφορές, αριθμός συνηθισμένος για την εποχή.",
        since=dt.date(2026, 5, 3),
        until=dt.date(2026, 6, 30),
        made=dt.date(2026, 7, 1),
        before=(dt.date(2025, 5, 4), dt.date(2025, 7, 1)),
        changes=(ChangeRow("Παρενόχληση", "Σταθμός", "11 → 29 περιστατικά", ("γυναίκες",), NASTY, "", picture),),
        picture=picture,
        spots=(SpotRow(1, "Σταθμός Πειραιά", 61, 24.2), SpotRow(2, "Καστέλλα", 3, 2, least=5)),
        shares=(Bar("Γυναίκες", "54 % (48–60)", 0.54, 0.48, 0.6), Bar("Άλλο", "1 % (0–3)", 0.01, 0.0, 0.03)),
        plans=(
            PlanRow("Φως", "Τεχνική Υπηρεσία", "σε εξέλιξη", "αξιολόγηση"),
            PlanRow("Ησυχία", "Δημοτική Αστυνομία", "αξιολογήθηκε", "", result="22 λιγότερα από τα αναμενόμενα."),
        ),
        questions=("Συμφωνεί;", "Μας εκπλήσσει;", "Τι σημαίνει;", "Τι αποφασίζουμε;"),
        limits=("Οι 14 αναφορές χωρίς θέση δεν φαίνονται στον χάρτη.",),
        sources=("Όλες οι κατηγορίες",),
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
    assert light is not None
    assert audit is not None
    made = draft_plan(problem, city, dt.date(2026, 10, 31), measures=[light, audit]).plan
    return replace(made, title=NASTY, actions=(Action(NASTY, "ΤΥ\x00", dt.date(2027, 1, 5)),), budget=48000.0)


def text_of(made: bytes) -> str:
    reader = pypdf.PdfReader(io.BytesIO(made))
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_brief_is_an_accessible_pdf_of_one_or_two_pages(brief: Brief, city: CityProfile, lang: str) -> None:
    made = brief_document(brief, city, translator(lang), "pdf")
    reader = pypdf.PdfReader(io.BytesIO(made))
    root = reader.trailer["/Root"]
    assert root["/Lang"] == lang
    assert root["/MarkInfo"]["/Marked"]
    assert isinstance(
        root["/MarkInfo"].get("/Suspects", pypdf.generic.BooleanObject(False)), pypdf.generic.BooleanObject
    )
    assert "/StructTreeRoot" in root
    assert reader.metadata is not None
    assert reader.metadata.title
    assert len(reader.pages) <= 2
    assert b"pdfuaid" in root["/Metadata"].get_data()
    told = text_of(made)
    for part in ("312", "Σταθμός Πειραιά", "11 → 29", "54 % (48–60)", "22 λιγότερα από τα αναμενόμενα."):
        assert part in told.replace("\u00a0", " ")


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


def test_the_word_file_has_structure(brief: Brief, city: CityProfile) -> None:
    made = brief_document(brief, city, translator("el"), "docx")
    words = read_word(io.BytesIO(made))
    styles = [paragraph.style.name for paragraph in words.paragraphs if paragraph.style is not None]
    assert styles.count("Title") == 1
    assert styles.count("Heading 1") >= 5
    xml = ZipFile(io.BytesIO(made)).read("word/document.xml").decode()
    assert xml.count("w:tblHeader") == len(words.tables)
    assert 'descr="' in xml
    assert "22 λιγότερα από τα αναμενόμενα." in xml
    assert brief.picture is not None
    assert brief.picture.alt in xml
    assert 'w:val="el-GR"' in ZipFile(io.BytesIO(made)).read("word/styles.xml").decode()
    assert words.core_properties.title


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
    for part in ("Better street lighting", "No usable number", "Welsh", "Not tested in Greece", "48,000", "61"):
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


def test_control_characters_are_left_out() -> None:
    assert printable("a\x00b\x1b\tc\n") == "ab\tc\n"
    document = Document("t\x07", "en", "", "", "", (Text("x\x0by"), Table(("a\x00",), (("b",),), (1,))))
    assert "xy" in text_of(render_pdf(document))
    assert "xy" in [paragraph.text for paragraph in read_word(io.BytesIO(render_docx(document))).paragraphs]


def test_maps_have_size_letters_and_words_for_those_who_do_not_see(picture: Picture) -> None:
    image = Image.open(io.BytesIO(picture.data))
    assert image.info["dpi"][0] == pytest.approx(200, abs=1)
    assert image.width == pytest.approx(84 / 25.4 * 200, abs=3)
    assert "1 " in picture.alt
    document = Document("t", "en", "", "", "", (Figure(picture, "c"), Figure(picture)))
    assert text_of(render_pdf(document)).count("c") >= 1


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
