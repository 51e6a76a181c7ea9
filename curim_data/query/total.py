"""How many alerts a filter leaves, after disclosure control."""

from __future__ import annotations

from dataclasses import dataclass

from curim_data.model import Message


@dataclass(frozen=True)
class Total:
    """How many alerts a filter leaves.

    `n` alerts, of which `mapped` lie on the city's land, `outside` beside it and `unmapped` have no coordinates;
    `at_default` of all have default coordinates. `of`: all alerts of the store. `threshold`: the smallest number that
    is written out, zero apart.
    """

    n: int
    mapped: int
    outside: int
    unmapped: int
    at_default: int
    of: int
    threshold: int
    notes: tuple[Message, ...] = ()

    @property
    def nowhere(self) -> bool:
        """Whether there are alerts and none of them is on the map, so that a study of places looks at nothing."""
        return self.n != 0 and self.mapped == 0

    @property
    def withheld(self) -> bool:
        """Whether the number is too small to be written out."""
        return 0 < self.n < self.threshold

    @property
    def said(self) -> int | Message:
        """The number, or the words that stand for it, as `AlertFilter.sentence` takes it."""
        return Message("fewer than {k}", {"k": self.threshold}) if self.withheld else self.n

    def shown(self, n: int) -> int | None:
        """One of the numbers; None where it is too small to be written out."""
        return None if 0 < n < self.threshold else n
