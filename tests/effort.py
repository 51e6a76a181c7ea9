"""How much is simulated: a moderate number on every push, a large one in `make test-full`.

A test that draws maps, makes up broken files or starts processes takes its number from `effort` and says in its
docstring what the number on a push is able to find. Bounds follow from the number by the binomial distribution, so
they hold for both.
"""

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
