"""Help: chapters of Markdown in the reader's language, cut into paragraphs with lasting addresses, and the search.

A chapter is `curim_data/help/<language>/<chapter>.md`: its title, an introduction, and paragraphs that begin with
`## Title {#anchor}`. `{name}` stands for a number of the code (`NUMBERS`), `[[Label]]` for words of the screen in the
reader's language, `![what one sees](name)` for a picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import streamlit as st

import curim_data
from analysis import clusters, space_time
from analysis.hotspots import cell_significance
from analysis.plans import verdict
from analysis.trends import changes
from curim_data.lexicon.words import fold
from curim_data.model import Translator, city
from curim_data.protection.exchange import DENSE, DENSE_SENSITIVE, RARE, RARE_SENSITIVE
from curim_data.studies import brief
from pages.parts.frame import Page, draw_fold
from pages.parts.frame.filter_bar import sought_in

FOLDER: Final = Path(curim_data.__file__).parent / "help"
CHAPTERS: Final = ("council", "planner", "analyst", "methods")
NUMBERS: Final = {
    "hot_alpha": cell_significance.ALPHA,
    "found_share": cell_significance.PROBABILITY,
    "cluster_alpha": clusters.ALPHA,
    **{f"clear_{level}": alpha for level, alpha in changes.ALPHA.items()},
    "probable_alpha": changes.PROBABLE,
    "no_news": changes.NO_NEWS,
    "most_cards": brief.MOST_FINDINGS,
    "least_count": city.K_ORDINARY,
    "least_sensitive": city.K_SENSITIVE,
    "rare_exchanged": RARE,
    "dense_exchanged": DENSE,
    "rare_sensitive": RARE_SENSITIVE,
    "dense_sensitive": DENSE_SENSITIVE,
    "likely_tail": verdict.LIKELY_TAIL,
    "enough_placebos": verdict.ENOUGH_PLACEBOS,
    "repeat_metres": space_time.METRES,
    "repeat_hours": space_time.HOURS,
    "repeat_ratio": space_time.MIN_RATIO,
}
_PARAGRAPH: Final = re.compile(r"^## (.+) \{#([a-z-]+)\}$", re.MULTILINE)
_NUMBER: Final = re.compile(r"\{([a-z]{2,}_[a-z_]+)\}")
_LABEL: Final = re.compile(r"\[\[(.+?)\]\]")
_PICTURE: Final = re.compile(r"^!\[(.+)\]\(([a-z]+)\)$", re.MULTILINE)


@dataclass(frozen=True)
class Paragraph:
    """One paragraph; `anchor`: its word in the address, the same in every language and version."""

    anchor: str
    title: str
    text: str


@dataclass(frozen=True)
class Chapter:
    """One chapter: its title, what stands before its paragraphs, and these."""

    title: str
    introduction: str
    paragraphs: tuple[Paragraph, ...]


def read_chapter(t: Translator, name: str) -> Chapter:
    """A chapter in the language of the translator, with the numbers of the code."""
    text = (FOLDER / t.lang / f"{name}.md").read_text("utf-8")
    text = _NUMBER.sub(lambda found: _number(t, NUMBERS[found[1]]), text)
    head, *parts = _PARAGRAPH.split(_LABEL.sub(lambda found: f"**{t(found[1])}**", text))
    title, _, introduction = head.strip().removeprefix("# ").partition("\n")
    cut = zip(parts[1::3], parts[::3], parts[2::3], strict=True)
    return Chapter(title, introduction.strip(), tuple(Paragraph(a, b, text.strip()) for a, b, text in cut))


def find_paragraphs(paragraphs: Iterable[Paragraph], words: str) -> list[Paragraph]:
    """Those that hold all the words, whatever their case, accents and endings; first those with them in the title."""
    asked = [word[: max(5, len(word) * 7 // 10)] for word in fold(words).split("_")]
    found = [one for one in paragraphs if sought_in(asked, one.title + " " + one.text)]
    return sorted(found, key=lambda one: not sought_in(asked, one.title))


def draw_paragraph(page: Page, paragraph: Paragraph) -> None:
    """The text with its pictures, in the reader's language."""
    text, *pictures = _PICTURE.split(paragraph.text)
    st.markdown(text)
    for seen, name, after in zip(pictures[::3], pictures[1::3], pictures[2::3], strict=True):
        st.image(str(FOLDER / "pictures" / page.t.lang / f"{name}.webp"), caption=seen, alt=seen)
        st.markdown(after)


def draw_folds(page: Page, paragraphs: Iterable[Paragraph]) -> None:
    """Each paragraph behind its title, with its lasting address in it."""
    for paragraph in paragraphs:
        draw_fold(paragraph.anchor, paragraph.title, partial(_draw_with_address, page, paragraph))


def _draw_with_address(page: Page, paragraph: Paragraph) -> None:
    draw_paragraph(page, paragraph)
    change = {"about": paragraph.anchor}
    label, key = page.t("Address of this paragraph"), f"address_{paragraph.anchor}"
    st.button(label, key=key, type="tertiary", on_click=st.query_params.update, args=(change,))


def _number(t: Translator, value: float) -> str:
    return t.number(value, len(f"{value:g}".partition(".")[2]))
