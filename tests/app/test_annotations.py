"""Notes on the time line: an analyst adds and removes them on Trends, the council reads them."""

from __future__ import annotations

import datetime as dt

from curim_data.store import Home
from curim_data.store.annotations import add_annotation, annotation_history, read_annotations
from tests.app.conftest import errors, visit


def test_an_analyst_adds_and_removes_a_note(own: Home) -> None:
    app = visit("trends")
    assert not errors(app)
    app.text_input(key="annotation_who").set_value("Ana")
    app.date_input(key="annotation_start").set_value(dt.date(2026, 3, 2))
    app.text_input(key="annotation_note").set_value("New app <b>2</b>")
    next(button for button in app.button if button.label == "Add the note").click().run()
    assert not errors(app)
    (note,) = read_annotations(own.path)
    assert (note.start, note.end, note.note) == (dt.date(2026, 3, 2), None, "New app <b>2</b>")
    assert any("2 March 2026" in words.value and "New app" in words.value for words in app.main.markdown)
    remove = app.button(key=f"annotation_remove_{note.id}")
    assert remove.help == r"New app \<b\>2\</b\>"  # help is Markdown
    remove.click().run()
    assert read_annotations(own.path) == ()
    told = [(what, who) for what, who, _ in annotation_history(own.path)]
    assert told == [("added", "Ana"), ("removed", "Ana")]


def test_the_council_reads_notes_and_writes_none(own: Home) -> None:
    app = visit("trends", **{"as": "council"})
    assert not [box for box in app.text_input if box.key == "annotation_note"]
    add_annotation(own.path, dt.date(2026, 3, 2), "Campaign at the port", who="Ana", kind="campaign")
    app = visit("trends", **{"as": "council"})
    assert not errors(app)
    assert any("Campaign at the port" in words.value for words in app.main.markdown)
    assert not [box for box in app.text_input if box.key == "annotation_note"]
