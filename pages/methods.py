"""Help, for everyone: a guide for each reader, and how each figure is calculated; `about` names one paragraph."""

import streamlit as st

from curim_data.model import Role
from pages.parts.frame import draw_link_choice, require, word_in_link
from pages.parts.help import CHAPTERS, draw_folds, draw_paragraph, find_paragraphs, read_chapter

page = require(Role.PUBLIC, data=False)
t = page.t

chapters = {name: read_chapter(t, name) for name in CHAPTERS}
known = {one.anchor: one for chapter in chapters.values() for one in chapter.paragraphs}
if about := word_in_link("about", known, ""):
    st.title(known[about].title)
    draw_paragraph(page, known[about])
    st.button(t("All of Help"), key="help_all", on_click=st.query_params.pop, args=("about",))
    st.stop()
st.title(t("Help"))
words = st.text_input(t("Search in Help"), key="help_words", placeholder=t("Words of a figure, a page or a step"))
if words.strip():
    found = find_paragraphs(known.values(), words)
    st.caption(t.n("{n} paragraph", "{n} paragraphs", len(found)))
    draw_folds(page, found)
else:
    titles = {name: chapter.title for name, chapter in chapters.items()}
    chosen = draw_link_choice(t("Chapter"), titles, "chapter", "help_chapter", CHAPTERS[0], buttons=not page.narrow)
    st.markdown(chapters[chosen].introduction)
    draw_folds(page, chapters[chosen].paragraphs)
