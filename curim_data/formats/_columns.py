"""Reading a header by the headings that a format is known to have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from curim_data.formats.base import Layout, Part, Recognition, fold, is_personal, is_text
from curim_data.model import Message

# What a container makes of a geometry; it stands in where the format's own coordinates are missing.
GEOMETRY: Final = {"latitude": "geometry.latitude", "longitude": "geometry.longitude"}


class HeaderReader:
    """A header while a format reads it: the headings it holds, folded, and what each was taken for.

    A heading is taken once. What no heading claims is sorted at the end by its words: persons and devices, free text,
    the rest.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels: Final = tuple(labels)
        self.folded: Final = tuple(fold(label) for label in labels)
        self.roles: dict[str, tuple[Part, ...]] = {}
        self._doubled: dict[str, tuple[str, ...]] = {}
        self._aside: dict[int, str] = {}

    def places(self, heading: str) -> tuple[int, ...]:
        """Every column with a heading."""
        return tuple(place for place, folded in enumerate(self.folded) if folded == heading)

    def has(self, *headings: str) -> bool:
        """Whether one of these headings is there."""
        return not set(headings).isdisjoint(self.folded)

    def score(self, needed: Iterable[tuple[str, ...]], distinctive: Iterable[str]) -> float:
        """The share of distinctive headings that is there; 0 where a needed one (each with its spellings) is not."""
        if not all(self.has(*spellings) for spellings in needed):
            return 0.0
        there = [self.has(heading) for heading in distinctive]
        return sum(there) / len(there)

    def give(self, role: str, *headings: str, part: str = "value") -> None:
        """Let the first of these headings that is there give a role; two columns of that heading are one too many."""
        for heading in headings:
            if places := self.places(heading):
                self.roles[role] = (*self.roles.get(role, ()), Part(places[0], part))
                if len(places) > 1:
                    self._doubled[role] = tuple(self.labels[place] for place in places)
                return

    def give_first(self, role: str, places: Sequence[int]) -> None:
        """Let the first filled of these columns give a role, in this order."""
        if places:
            part = "value" if len(places) == 1 else "first"
            self.roles[role] = tuple(Part(place, part) for place in places)

    def found(self, *headings: str) -> list[int]:
        """The columns of these headings, in the order of the headings."""
        return [place for heading in headings for place in self.places(heading)]

    def set_aside(self, aside: str, *headings: str, prefix: str = "") -> None:
        """Name columns as "personal", "text" or "unused", by their headings or the beginning of them."""
        for place, folded in enumerate(self.folded):
            if folded in headings or (prefix and folded.startswith(prefix)):
                self._aside.setdefault(place, aside)

    def recognition(self, name: str, score: float, *, refused: Message | None = None, **more: Any) -> Recognition:
        """What was made of the header; `more` goes to the `Layout`. Without a date it cannot be used."""
        for role, heading in GEOMETRY.items():
            if role not in self.roles:
                self.give(role, heading)
        taken = {part.place for parts in self.roles.values() for part in parts}
        bins: dict[str, list[int]] = {"personal": [], "text": [], "unused": []}
        for place, label in enumerate(self.labels):
            if place not in taken:
                bins[self._aside.get(place) or _by_words(label)].append(place)
        dated = not {"reported_at", "occurred_from"}.isdisjoint(self.roles)
        return Recognition(
            Layout(name, self.roles, tuple(bins["personal"]), tuple(bins["text"]), tuple(bins["unused"]), **more),
            score,
            () if dated or refused else ("reported_at",),
            self._doubled,
            refused,
        )


def _by_words(label: str) -> str:
    plain = label.replace(".", " ").replace("?", " ")
    return "personal" if is_personal(plain) else "text" if is_text(plain) else "unused"


def values(sample: pa.Table | None, place: int) -> list[str]:
    """The filled cells of a column of the first records, without blanks around them."""
    if sample is None:
        return []
    cells = pc.utf8_trim_whitespace(sample.column(str(place)))
    return [cell for cell in cells.to_pylist() if cell]
