"""Short names for the Arrow values that containers and importers pass on. Arrow ships no type information."""

from __future__ import annotations

from typing import Any, TypeAlias

ArrowText: TypeAlias = Any  # pyarrow.ChunkedArray or Array of large_string
ArrowArray: TypeAlias = Any  # pyarrow.ChunkedArray or Array of any type
