"""The door of a page: what the shell read is taken once, by the same reader under the same link."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from curim_data.model import Role, translator
from pages.parts.frame import guard
from pages.parts.frame.reader import Reader


class Stopped(Exception):
    """A run that the door ended."""


@dataclass
class Door:
    """The door with all that it asks replaced: who reads, under which link, and how often a page was read."""

    reader: Reader
    words: dict[str, str]
    read: int = 0

    def require(self, **how: Any) -> Any:
        return guard.require(Role.COUNCIL, **how)


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch) -> Door:
    made = Door(Reader("mayor@city.example", Role.COUNCIL), {"lang": "en"})

    def page(t: Any, visitor: Reader, role: Role) -> Any:
        made.read += 1
        return SimpleNamespace(t=t, reader=visitor.name, role=role, source=object(), number=made.read)

    def refuse(*_: Any) -> None:
        raise Stopped

    words = SimpleNamespace(to_dict=lambda: dict(made.words))
    monkeypatch.setattr(guard, "st", SimpleNamespace(query_params=words))
    monkeypatch.setattr(guard, "language", lambda: "en")
    monkeypatch.setattr(guard, "translator", translator)
    monkeypatch.setattr(guard.reader, "reader", lambda: made.reader)
    monkeypatch.setattr(guard, "_page", page)
    monkeypatch.setattr(guard, "_refuse", refuse)
    monkeypatch.setattr(guard, "_show_door", refuse)
    monkeypatch.setattr(guard.house, "keep_to_one_city", lambda *_: None)
    guard._handed.page = None
    return made


def test_the_page_behind_the_shell_takes_what_the_shell_read_once(door: Door) -> None:
    shell = door.require(data=False, hand_on=True)
    assert door.require() is shell
    assert door.require() is not shell


def test_another_shell_reads_anew(door: Door) -> None:
    assert door.require(data=False, hand_on=True) is not door.require(data=False, hand_on=True)


@pytest.mark.parametrize(
    ("reader", "words"),
    [
        (Reader("mayor@city.example", Role.ANALYST), {"lang": "en"}),
        (Reader("clerk@city.example", Role.COUNCIL), {"lang": "en"}),
        (Reader("mayor@city.example", Role.COUNCIL), {"lang": "en", "as": "council"}),
        (Reader("mayor@city.example", Role.COUNCIL), {"lang": "en", "home": "sample"}),
        (Reader("mayor@city.example", Role.COUNCIL, city="beta"), {"lang": "en"}),
    ],
)
def test_another_reader_or_link_does_not_get_it(door: Door, reader: Reader, words: dict[str, str]) -> None:
    shell = door.require(data=False, hand_on=True)
    door.reader, door.words = reader, words
    page = door.require()
    assert page is not shell
    assert (page.reader, page.role) == (reader.name, reader.role)


def test_who_lost_the_role_is_refused_and_leaves_nothing_behind(door: Door) -> None:
    known = door.reader
    door.require(data=False, hand_on=True)
    door.reader = Reader(known.name, None)
    with pytest.raises(Stopped):
        door.require()
    door.reader = known
    assert door.require().number == 2


def test_a_page_that_needs_no_alerts_leaves_nothing_for_the_next(door: Door) -> None:
    shell = door.require(data=False, hand_on=True)
    assert door.require(data=False) is shell
    assert door.require() is not shell
