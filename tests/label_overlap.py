"""How far names on a map run into each other."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.spots.naming import LabelBox


def shared(one: LabelBox, other: LabelBox) -> float:
    """The part of the smaller box that both cover: 0 where they do not meet, 1 where one hides in the other."""
    wide = min(one.right, other.right) - max(one.left, other.left)
    high = min(one.bottom, other.bottom) - max(one.top, other.top)
    least = min((box.right - box.left) * (box.bottom - box.top) for box in (one, other))
    return max(wide, 0.0) * max(high, 0.0) / least if least > 0 else 0.0


def worst_overlap(boxes: Sequence[LabelBox]) -> float:
    """The largest part of a box that another one covers, 0 to 1."""
    found = (shared(one, other) for at, one in enumerate(boxes) for other in boxes[at + 1 :])
    return max(found, default=0.0)
