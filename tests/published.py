"""Published data that are no part of the project: looked for in `../shared/data/oracles`."""

from __future__ import annotations

from pathlib import Path

import pytest

ORACLES = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "oracles"


def published(name: str) -> Path:
    """Where a file of published data lies. Without it the test is left out and says so."""
    path = ORACLES / name
    if not path.exists():
        pytest.skip("../shared/data is not here")
    return path
