"""How far names on a map run into each other."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.spots.naming import LabelBox


def worst_overlap(boxes: Sequence[LabelBox]) -> float:
    """The largest part of a box that another one covers, 0 to 1."""
    found = (one.shared(other) for at, one in enumerate(boxes) for other in boxes[at + 1 :])
    return max(found, default=0.0)
