"""Help: the same paragraphs in every language, labels and numbers of the code, links that lead there, the search."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from curim_data.model import LANGUAGES, translator
from curim_data.model.i18n import LOCALE_DIR
from pages.parts.help import CHAPTERS, FOLDER, NUMBERS, Paragraph, find_paragraphs, read_chapter

PAGES = Path(__file__).resolve().parents[2] / "pages"
# What no language may have more or less of: anchors, numbers, labels, pictures, formulas without words, lists, code.
FIXED = re.compile(
    r"\{#[a-z-]+\}|\{[a-z]{2,}_[a-z_]+\}|\[\[.+?\]\]|\]\([a-z]+\)|^\$\$.+\$\$$|^- |^\d\. |`.+?`", re.MULTILINE
)


def texts(lang: str) -> dict[str, str]:
    return {name: (FOLDER / lang / f"{name}.md").read_text("utf-8") for name in CHAPTERS}


def outline(text: str) -> list[list[str]]:
    fixed = (FIXED.findall(paragraph) for paragraph in re.split("^## ", text, flags=re.MULTILINE))
    return [sorted(re.sub(r"\\text\{[^{}]*\}", "", one) for one in found) for found in fixed]


def anchors() -> list[str]:
    return [one.anchor for name in CHAPTERS for one in read_chapter(translator("en"), name).paragraphs]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_chapters_are_the_same_in_every_language(lang: str) -> None:
    for name, text in texts(lang).items():
        assert outline(text) == outline(texts("en")[name]), name
        assert len(text.split()) < 5_000
    for seen, name in re.findall(r"!\[(.+)\]\((.+)\)", "".join(texts(lang).values())):
        assert seen
        assert (FOLDER / "pictures" / lang / f"{name}.webp").stat().st_size <= 60_000
    assert len(anchors()) == len(set(anchors())) > 40


@pytest.mark.parametrize("lang", LANGUAGES)
def test_labels_and_numbers_are_those_of_the_code(lang: str) -> None:
    written = "".join(texts(lang).values())
    with (LOCALE_DIR / "el" / "LC_MESSAGES" / "curim.po").open("rb") as file:
        known = read_po(file)
    assert {label for label in re.findall(r"\[\[(.+?)\]\]", written) if label not in known} == set()
    assert set(re.findall(r"\{([a-z]{2,}_[a-z_]+)\}", written)) == set(NUMBERS)
    told = {one.anchor: one.text for one in read_chapter(translator(lang), "methods").paragraphs}
    assert ("0.0025" if lang == "en" else "0,0025") in told["changes"]
    assert f"**{translator(lang)('Measures')}**" in read_chapter(translator(lang), "planner").paragraphs[3].text


def test_every_link_of_a_figure_names_a_paragraph() -> None:
    code = "".join(path.read_text("utf-8") for path in PAGES.rglob("*.py"))
    lines = re.findall(r'(?:help_link\(page, |about=|"about": )(".+)', code)
    named = {anchor for line in lines for anchor in re.findall(r'"([a-z-]+)"', line)}
    assert named - set(anchors()) == set()
    assert len(named) > 16


def test_the_search_needs_no_accents_and_no_capitals() -> None:
    paragraphs = (Paragraph("a", "Πρώτο", "Μια διάρρηξη και ένας εμπρησμός."), Paragraph("b", "ΔΙΆΡΡΗΞΗ", "Τίποτα."))
    assert [one.anchor for one in find_paragraphs(paragraphs, "διαρρηξη")] == ["b", "a"]
    assert [one.anchor for one in find_paragraphs(paragraphs, " Εμπρησμος  διάρρηξη")] == ["a"]
    assert [one.anchor for one in find_paragraphs(paragraphs, "διαρρήξεις εμπρησμοί")] == ["a"]
    assert find_paragraphs(paragraphs, "κλοπή") == []
