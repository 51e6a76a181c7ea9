"""How many alerts a filter leaves, after disclosure control."""

from __future__ import annotations

from dataclasses import dataclass

from curim_data.model import Message


@dataclass(frozen=True)
class Total:
    """How many alerts a filter leaves.

    `n` alerts, of which `mapped` lie on the city's land, `outside` beside it and `unmapped` have no coordinates;
    `at_default` of all have default coordinates. `of`: all alerts of the store. None where withheld; with `suppressed`
    because one of the places that the filter names is, though all may hold more.
    """

    n: int | None
    mapped: int | None
    outside: int | None
    unmapped: int | None
    at_default: int | None
    of: int
    threshold: int
    notes: tuple[Message, ...] = ()
    suppressed: bool = False

    @property
    def nowhere(self) -> bool:
        """Whether there are alerts and none of them is on the map, so that a study of places looks at nothing."""
        return self.n != 0 and self.mapped == 0

    @property
    def withheld(self) -> bool:
        """Whether the number itself is withheld."""
        return self.n is None

    @property
    def said(self) -> int | Message:
        """The number, or the words that stand for it, as `AlertFilter.sentence` takes it."""
        if self.suppressed:
            return Message("a protected number")
        return Message("fewer than {k}", {"k": self.threshold}) if self.n is None else self.n
