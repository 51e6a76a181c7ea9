"""What every result reports about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from curim_data.model import Message, Translator


@dataclass(frozen=True)
class Choice:
    """A setting that was chosen for the reader: its machine name, its value, and the sentence that tells why."""

    name: str
    value: float | int | str
    explanation: Message


@runtime_checkable
class Result(Protocol):
    """A frozen result: n alerts behind it, the settings chosen, a plain sentence in the reader's language."""

    @property
    def n(self) -> int:
        """Alerts behind the result."""
        ...

    @property
    def choices(self) -> tuple[Choice, ...]:
        """Settings chosen for the reader."""
        ...

    def sentence(self, t: Translator) -> str:
        """One plain sentence in the reader's language."""
        ...
