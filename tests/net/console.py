"""The program `curim`, run in this process."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple

from curim_data.cli import main
from tests.net.neutral import as_json


class Said(NamedTuple):
    """What a command ended with, its output, and its lines on standard error."""

    ended: int
    output: str
    complaints: str

    @property
    def text(self) -> str:
        """All of it; JSON with one entry a line."""
        import json

        output = self.output
        if output.startswith("{"):
            output = as_json(json.loads(output))
        return f"ended with {self.ended}\n{output}\n{self.complaints}"


def curim(*words: object) -> Said:
    """Run the command."""
    output, complaints = io.StringIO(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(complaints):
        ended = main([str(word) for word in words])
    return Said(ended, output.getvalue(), complaints.getvalue())
