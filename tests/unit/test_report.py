"""Papers: what is on them, what people wrote, accessible PDF and Word, and their charts."""

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
from matplotlib.figure import Figure as Sheet
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from PIL import Image

from analysis.plans.drafting import draft_plan, find_measure
from analysis.report import maps
from analysis.report.charts import COLOURS, change_chart, draw_change
from analysis.report.documents import Bar, ChangeSeries, Document, Figure, Picture, Table, Text, printable, render_pdf
from analysis.report.maps import NumberedSpot, areas_map, city_map
from analysis.report.papers import Brief, ChangeRow, PlanRow, SpotRow, brief_document, plan_document
from analysis.report.word import render_docx
from analysis.spots.naming import text_width
from curim_data.model import LANGUAGES, CityProfile, Plan, translator
from curim_data.model.plan import Action, Areas, CategoryShare, Interval, Problem

NASTY = '#import "x": * =cmd() #read("/etc/passwd") *bold* $x$ <a> \\u{41} `raw` @ref'


@pytest.fixture(scope="module")
def picture(city: CityProfile) -> Picture:
    index = city.land_cells(9).index
    cells = pd.DataFrame({"n": np.arange(len(index), dtype=float)}, index=index)
    mark = city.landmarks[1]
    spots = [NumberedSpot(1, mark.labels["el"], mark.longitude, mark.latitude)]
    return city_map(city, cells, translator("el"), spots=spots, hot=index[-4:])


STARTS = tuple(dt.date(2026, 7, 6) + dt.timedelta(weeks=week) for week in range(17))
TESTED = np.array([day >= dt.date(2026, 9, 7) for day in STARTS])


def series(**given: Any) -> ChangeSeries:
    values: dict[str, Any] = {
        "starts": STARTS,
        "now": np.arange(17.0),
        "before": np.full(17, 4.0),
        "tested": TESTED,
        "earlier": (dt.date(2025, 9, 6), dt.date(2025, 11, 1)),
        "after": (dt.date(2026, 9, 5), dt.date(2026, 10, 31)),
        "names": ("2025", "2026"),
        "counts": (32.0, 98.0),
        "told": ("32", "98"),
    }
    return ChangeSeries(**{**values, **given})


@pytest.fixture(scope="module")
def brief(picture: Picture) -> Brief:
    t = translator("el")
    hidden = series(starts=(), counts=(4.0, 98.0), told=("λιγότερες από 5", "98"), hidden=(True, False))
    charts = (("Σταθμός", "11 → 29 περιστατικά", series()), ("Πλατεία", "λιγότερες από 5 → 98", hidden))
    return Brief(
        headline="312 αναφορές, αριθμός συνηθισμένος για την εποχή.",
        since=dt.date(2026, 9, 5),
        until=dt.date(2026, 10, 31),
        made=dt.date(2026, 11, 1),
        before=(dt.date(2025, 9, 6), dt.date(2025, 11, 1)),
        changes=tuple(
            ChangeRow("Παρενόχληση", where, counts, ("γυναίκες",), NASTY, "Ως προς πέρσι.", change_chart(one, where, t))
            for where, counts, one in charts
        ),
        picture=picture,
        numbers="1.108 περιστατικά · 973 από αυτά στον χάρτη.",
        spots=(SpotRow(1, "Σταθμός Πειραιά", 61, 24.2), SpotRow(2, "Καστέλλα", 3, 2, least=5)),
        shares=(Bar("Γυναίκες", "54 % (48–60)", 0.54, 0.48, 0.6), Bar("Άλλο", "1 % (0–3)", 0.01, 0.0, 0.03)),
        plans=(
            PlanRow("Φως", "Τεχνική Υπηρεσία", "σε εξέλιξη", "αξιολόγηση"),
            PlanRow("Ησυχία", "Δημοτική Αστυνομία", "αξιολογήθηκε", "", result="22 λιγότερα από τα αναμενόμενα."),
        ),
        questions=("Συμφωνεί;", "Μας εκπλήσσει;", "Τι σημαίνει;", "Τι αποφασίζουμε;"),
        limits=("Οι 14 αναφορές χωρίς θέση δεν φαίνονται στον χάρτη.",),
        sources=("Όλες οι κατηγορίες", "Μέθοδοι."),
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


def test_maps_have_size_letters_and_words_for_those_who_do_not_see(picture: Picture) -> None:
    image = Image.open(io.BytesIO(picture.data))
    assert image.info["dpi"][0] == pytest.approx(200, abs=1)
    assert image.width == pytest.approx(84 / 25.4 * 200, abs=3)
    assert "1 " in picture.alt
    document = Document("t", "en", "", "", "", (Figure(picture, "c"), Figure(picture)))
    assert text_of(render_pdf(document)).count("c") >= 1
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


def drawn(one: ChangeSeries, lang: str = "en") -> Any:
    figure = Sheet()
    draw_change(figure, (0, 0, 1, 1), one, translator(lang))
    return figure.axes[0]


def test_lines_hold_the_weeks_as_they_are() -> None:
    axes = drawn(series())
    year_before, lead, now = [line for line in axes.lines if len(line.get_ydata()) == len(STARTS)]
    assert list(year_before.get_ydata()) == [4.0] * 17
    tested = np.asarray(now.get_ydata(), float)
    joined = TESTED | np.r_[TESTED[1:], False]
    assert np.array_equal(tested[joined], np.arange(17.0)[joined])
    assert np.isnan(tested[~joined]).all()
    assert now.get_color() == COLOURS["rise"]
    first = np.asarray(year_before.get_xdata(), float)[0]
    assert first == (STARTS[0] - dt.date(1970, 1, 1)).days
    assert np.array_equal(np.asarray(lead.get_ydata(), float)[~TESTED], np.arange(17.0)[~TESTED])


def test_a_protected_number_is_a_hatched_bar_as_long_as_it_can_be() -> None:
    axes = drawn(series(starts=(), counts=(4.0, 66.0), told=("fewer than 5", "66"), hidden=(True, False)))
    before, after = axes.patches
    assert (before.get_width(), after.get_width()) == (4.0, 66.0)
    assert before.get_hatch()
    assert not after.get_hatch()
    told = [text.get_text() for text in axes.texts]
    assert "fewer than 5" in told
    assert "66" in told
    assert "4" not in told


@pytest.mark.parametrize(("least", "told"), [(1, "16"), (16, "16"), (17, "fewer than 17")])
def test_the_largest_count_is_written_as_its_reader_may_read_it(least: int, told: str) -> None:
    texts = [text.get_text() for text in drawn(series(least=least)).texts]
    assert told in texts
    assert ("16" in texts) is (told == "16")
    assert {"2025", "2026"} <= {word for text in texts for word in text.split()}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("tone", ["rise", "fall", "quiet"])
def test_a_chart_is_a_picture_with_words(lang: str, tone: Any) -> None:
    picture = change_chart(series(tone=tone), "Λιμάνι", translator(lang))
    image = Image.open(io.BytesIO(picture.data))
    assert image.size == (pytest.approx(74 / 25.4 * 220, abs=2), pytest.approx(24 / 25.4 * 220, abs=2))
    assert all(part in picture.alt for part in ("Λιμάνι", "32", "98", "2025", "2026"))
    months = series(whole_months=True, earlier=(dt.date(2025, 9, 1), dt.date(2025, 10, 31)))
    assert "6" not in change_chart(months, "x", translator("en")).alt.replace("2026", "").replace("98", "")


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
def test_the_brief_is_an_accessible_pdf_of_one_or_two_pages(brief: Brief, city: CityProfile, lang: str) -> None:
    assert brief.picture is not None
    pictures = [row.picture for row in brief.changes if row.picture] + [brief.picture]
    assert len(pictures) == 3
    made = brief_document(brief, city, translator(lang), "pdf")
    kinds = assert_accessible(made, lang, pictures)
    assert kinds.count("/Table") == 3
    assert "/LI" in kinds
    assert len(pypdf.PdfReader(io.BytesIO(made)).pages) <= 2
    told = text_of(made).replace("\u00a0", " ")
    for part in ("312", "Σταθμός Πειραιά", "11 → 29", "54 % (48–60)", "22 λιγότερα από τα αναμενόμενα."):
        assert part in told


def test_a_plan_is_pdf_ua(city: CityProfile) -> None:
    cells = [f"{cell:x}" for cell in city.land_cells(10).index[:6]]
    areas = Areas(treated=tuple(cells[:2]), buffer=tuple(cells[2:4]), comparison=tuple(cells[4:]))
    t = translator("fr")
    picture = areas_map(city, areas, t)
    made = plan_document(Plan(title="Lumière", areas=areas), city, t, "pdf", picture=picture)
    assert_accessible(made, "fr", [picture])


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_word_file_reads_as_the_pdf(brief: Brief, city: CityProfile, lang: str) -> None:
    made = brief_document(brief, city, translator(lang), "docx")
    paper = read_word(io.BytesIO(made))
    styles = [paragraph.style.name for paragraph in paper.paragraphs if paragraph.style is not None]
    assert styles.count("Title") == 1
    levels = [int(name.split()[1]) for name in styles if name.startswith("Heading")]
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
    assert levels.count(2) == len(brief.changes)
    xml = ZipFile(io.BytesIO(made)).read("word/document.xml").decode()
    assert xml.count("w:tblHeader") == len(paper.tables) == 3
    assert xml.count('descr="') == len(paper.inline_shapes) == 3
    assert 'descr=""' not in xml
    assert "22 λιγότερα από τα αναμενόμενα." in xml
    assert brief.picture.alt in xml
    locale = {"el": "el-GR", "en": "en-GB", "fr": "fr-FR"}[lang]
    assert f'w:val="{locale}"' in ZipFile(io.BytesIO(made)).read("word/styles.xml").decode()
    assert paper.core_properties.language == locale
    assert paper.core_properties.title
    (caption,) = (at for at, paragraph in enumerate(paper.paragraphs) if brief.numbers in paragraph.text)
    assert paper.paragraphs[caption - 1].paragraph_format.keep_with_next  # it stays with its figure
