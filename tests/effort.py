"""How much is simulated, on a push and in `make test-full`; a test says what the smaller number is able to find."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Final

import pytest

FULL: Final = os.environ.get("CURIM_TEST_EFFORT") == "full"
in_full: Final = pytest.mark.skipif(not FULL, reason="done by make test-full")


def effort(push: int, full: int) -> int:
    """The number for this run."""
    return full if FULL else push


def some(names: str | Sequence[str], cases: Iterable[object], every: int = 5) -> pytest.MarkDecorator:
    """Parametrize by all cases in full; on a push by each fifth one (or as `every` says), beginning with the first."""
    return pytest.mark.parametrize(names, list(cases)[:: 1 if FULL else every])
