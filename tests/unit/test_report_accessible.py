"""The papers as a screen reader meets them: PDF/UA-1 by its structure tree, Word by its headings and table headers."""

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

from analysis.report.charts import change_chart
from analysis.report.documents import Bar, ChangeSeries, Document, Figure, Picture, render_pdf
from analysis.report.maps import NumberedSpot, areas_map, city_map
from analysis.report.papers import Brief, ChangeRow, PlanRow, SpotRow, brief_document, plan_document
from curim_data.model import LANGUAGES, CityProfile, Plan, translator
from curim_data.model.plan import Areas

DAY = dt.date(2026, 10, 31)
HEADINGS = [f"/H{level}" for level in range(1, 7)]


def series(**given: Any) -> ChangeSeries:
    starts = tuple(dt.date(2026, 7, 6) + dt.timedelta(weeks=week) for week in range(17))
    values: dict[str, Any] = {
        "starts": starts,
        "now": np.arange(17.0),
        "before": np.full(17, 4.0),
        "tested": np.array([day >= dt.date(2026, 9, 7) for day in starts]),
        "earlier": (dt.date(2025, 9, 6), dt.date(2025, 11, 1)),
        "after": (dt.date(2026, 9, 5), DAY),
        "names": ("2025", "2026"),
        "counts": (32.0, 98.0),
        "told": ("32", "98"),
    }
    return ChangeSeries(**{**values, **given})


@pytest.fixture(scope="module")
def brief(city: CityProfile) -> Brief:
    t = translator("el")
    cells = city.land_cells(9)
    counts = pd.DataFrame({"n": np.arange(len(cells), dtype=float)}, index=cells.index)
    mark = city.landmarks[1]
    spots = [NumberedSpot(1, mark.labels["el"], mark.longitude, mark.latitude)]
    return Brief(
        headline="Δύο μεταβολές αξίζουν την προσοχή σας.",
        since=dt.date(2026, 9, 5),
        until=DAY,
        made=DAY,
        before=(dt.date(2025, 9, 6), dt.date(2025, 11, 1)),
        changes=tuple(
            ChangeRow(
                "Κλοπή", where, "32 → 98", ("Για ποιους.",), "Σίγουρα.", "Ως προς πέρσι.", change_chart(one, where, t)
            )
            for where, one in (
                ("Λιμάνι", series()),
                (
                    "Πλατεία",
                    series(starts=(), counts=(4.0, 98.0), told=("λιγότερες από 5", "98"), hidden=(True, False)),
                ),
            )
        ),
        picture=city_map(city, counts, t, spots=spots, hot=cells.index[-3:]),
        numbers="1.108 περιστατικά · 973 από αυτά στον χάρτη.",
        spots=(SpotRow(1, "Λιμάνι", 61, 8.26),),
        shares=(Bar("Γυναίκες", "54 %", 0.54, 0.48, 0.6), Bar("Άλλο", "1 %", 0.01, 0.0, 0.03)),
        plans=(PlanRow("Φως", "Τεχνική Υπηρεσία", "σε εξέλιξη", "αξιολόγηση"),),
        questions=("Α;", "Β;", "Γ;", "Δ;"),
        limits=("Όρια.",),
        sources=("Δεδομένα.", "Μέθοδοι."),
        illustrative=True,
    )


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
    assert reader.metadata is not None
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
def test_the_brief_is_pdf_ua(brief: Brief, city: CityProfile, lang: str) -> None:
    assert brief.picture is not None
    drawn = [row.picture for row in brief.changes if row.picture] + [brief.picture]
    kinds = assert_accessible(brief_document(brief, city, translator(lang), "pdf"), lang, drawn)
    assert len(drawn) == 3
    assert kinds.count("/Table") == 3
    assert "/LI" in kinds


def test_a_plan_is_pdf_ua(city: CityProfile) -> None:
    cells = [f"{cell:x}" for cell in city.land_cells(10).index[:6]]
    areas = Areas(treated=tuple(cells[:2]), buffer=tuple(cells[2:4]), comparison=tuple(cells[4:]))
    t = translator("fr")
    picture = areas_map(city, areas, t)
    made = plan_document(Plan(title="Lumière", areas=areas), city, t, "pdf", picture=picture)
    assert_accessible(made, "fr", [picture])


def test_a_picture_without_words_is_refused() -> None:
    dot = city_dot()
    with pytest.raises(Exception, match="alt"):
        render_pdf(Document("t", "en", "", "", "", (Figure(replace(dot, alt="")),)))


def city_dot() -> Picture:
    return change_chart(series(), "x", translator("en"))


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
    locale = {"el": "el-GR", "en": "en-GB", "fr": "fr-FR"}[lang]
    assert f'w:val="{locale}"' in ZipFile(io.BytesIO(made)).read("word/styles.xml").decode()
    assert paper.core_properties.language == locale
    assert paper.core_properties.title


def test_a_caption_stays_with_its_figure_in_word(brief: Brief, city: CityProfile) -> None:
    paper = read_word(io.BytesIO(brief_document(brief, city, translator("el"), "docx")))
    for at, paragraph in enumerate(paper.paragraphs):
        if brief.numbers in paragraph.text:
            assert paper.paragraphs[at - 1].paragraph_format.keep_with_next
            break
    else:
        raise AssertionError("no caption")
