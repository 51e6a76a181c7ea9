"""The rules of the walk through real cities notice what they are there for."""

from __future__ import annotations

from typing import Any

import pytest
from babel.messages.pofile import read_po
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from curim_data.model import translator
from curim_data.model.i18n import LOCALE_DIR
from tests.real import figures
from tests.real.checks import Visit, failures
from tests.real.drawn import Drawn

LANGUAGES = ("en", "el")


class Screen:
    """A page put together by hand, as the server would send it."""

    def __init__(self) -> None:
        self.drawn, self._at = Drawn(), 0
        self.send(lambda message: message.metadata.run.__setattr__("script_run_id", "1"), "new_session")

    def send(self, fill: Any, kind: str) -> None:
        message = ForwardMsg()
        getattr(message, kind).SetInParent()
        fill(message)
        self.drawn.take(message)

    def add(self, kind: str, **told: Any) -> Screen:
        message = ForwardMsg()
        message.metadata.delta_path.extend([0, self._at])
        self._at += 1
        element = getattr(message.delta.new_element, kind)
        for name, value in told.items():
            setattr(element, name, value)
        self.drawn.take(message)
        return self

    def told(self, lang: str = "en", **more: Any) -> list[str]:
        return failures(Visit("town", "hotspots", lang, heading=True, drawn=self.drawn, **more))


def caption(lang: str, n: int, mapped: int, unmapped: int) -> str:
    t = translator(lang)
    places = t("{n} on the map", n=mapped), t("{n} without a position", n=unmapped)
    return t("{parts}.", parts=", ".join((t.n("n = {n} alert", "n = {n} alerts", n), *places)))


def test_a_page_in_order_has_no_failures_and_what_failed_is_told() -> None:
    screen = Screen().add("markdown", body="All alerts, May 2025: 2,648 of 8,586")
    assert screen.add("markdown", body=caption("en", 2648, 2542, 106)).told() == []
    assert "ValueError" in Screen().add("exception", type="ValueError", message="no").told()[0]
    assert "not displayed" in Screen().add("alert", body="This page was not displayed.", format=1).told()[0]
    assert failures(Visit("town", "trends", "en")) == ["the page has no heading"]
    assert failures(Visit("town", "trends", "en", unfinished="not finished after 40 s")) == ["not finished after 40 s"]
    told = Screen().told(browser=["request to https://elsewhere.example/"], log=["KeyError: 'week'"])
    assert told == ["request to https://elsewhere.example/", "server log: KeyError: 'week'"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_figures_that_contradict_each_other_are_told(lang: str) -> None:
    t = translator(lang)
    head = t.n("{n} change deserves attention.", "{n} changes deserve attention.", 2)
    sentence = f"{t('All alerts')}{t(': {n} of {total}', n=2648, total=8586)}"
    screen = Screen().add("heading", body=head).add("markdown", body=sentence)
    screen.add("markdown", body=caption(lang, 2648, 2542, 106))
    assert screen.told(lang) == []
    wrong = Screen().add("markdown", body=sentence).add("markdown", body=caption(lang, 2647, 2541, 106))
    assert "alerts in the filter differ: 2647" in wrong.told(lang)[0]
    assert "do not make up the whole" in Screen().add("markdown", body=caption(lang, 10, 5, 6)).told(lang)[0]


def test_words_that_nobody_can_read_are_told() -> None:
    assert "{n}" in Screen().add("markdown", body="There are {n} alerts.").told()[0]
    assert "nan" in Screen().add("markdown", body="nan times as many").told()[0]
    assert "Piraeus" in Screen().add("markdown", body="Municipality of Piraeus").told()[0]
    assert Screen().add("markdown", body="Municipality of Piraeus").told(sample_profile=True) == []
    assert Screen().add("markdown", body=r"Formula $$ \bar{b} $$ of the nanny").told() == []


def test_every_template_is_a_message_of_the_catalogue() -> None:
    catalogue = read_po((LOCALE_DIR / "el" / "LC_MESSAGES" / "curim.po").open("rb"))
    known = {entry.id if isinstance(entry.id, str) else tuple(entry.id) for entry in catalogue if entry.id}
    wanted = [(template.one, template.many) if template.many else template.one for template in figures.TEMPLATES]
    assert [message for message in [*wanted, figures.CAPTION, *figures.PARTS] if message not in known] == []
