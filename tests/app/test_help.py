"""The page Help: chapters, the search over all of them, and the address of one paragraph."""

from __future__ import annotations

from curim_data.model import translator
from pages.parts.help import CHAPTERS, read_chapter
from tests.app.conftest import Open


def test_a_link_opens_its_paragraph_and_the_way_back_all_of_help(open_page: Open) -> None:
    app = open_page("methods", lang="el", about="hot-spots")
    [paragraph] = [one for one in read_chapter(translator("el"), "methods").paragraphs if one.anchor == "hot-spots"]
    assert app.title[0].value == paragraph.title
    assert app.markdown[0].value == paragraph.text
    app.button(key="help_all").click().run()
    assert "about" not in app.query_params
    assert [one.label for one in app.expander] == [
        one.title for one in read_chapter(translator("el"), CHAPTERS[0]).paragraphs
    ]


def test_the_search_reads_every_chapter(open_page: Open) -> None:
    app = open_page("methods", lang="en", chapter="planner", about="no-such")
    assert app.expander[0].label == "Find the place"
    app.text_input(key="help_words").input("QUARANTINE").run()
    assert app.expander[0].label == "Rows in quarantine"
    assert {one.label for one in app.expander} >= {"Import an export", "From an export to alerts"}
