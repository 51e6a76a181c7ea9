"""What goes wrong with an engine."""

from __future__ import annotations

from curim_data.model import Message


class EngineError(RuntimeError):
    """Another engine cannot be reached, or cannot read the alerts; `message` says which and why."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text.format(**message.values))
        self.message = message
