"""What is asked of shapes that threads share, such as the land of a city: one question at a time.

GEOS keeps working state in a prepared geometry. Two threads that ask the same one at once corrupt the memory of the
process, which then ends for all readers (seen with GEOS 3.14 within a second). Shapely prepares a shape unasked, too,
where it is asked about points by their coordinates. So whatever is asked of a city's polygons is asked here. Making new
shapes of them (buffers, intersections, distances) needs no care.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from curim_data.model.types import BoolArray

_lock = threading.Lock()


def ask_shape(predicate: Callable[..., Any], shape: BaseGeometry, *others: Any) -> BoolArray:
    """What `predicate(shape, *others)` says, with the shape prepared; at most one thread asks at a time.

    `predicate`: one of shapely, such as `intersects`, `covers` or `contains_xy`, whose first argument may be prepared.
    """
    with _lock:
        shapely.prepare(shape)
        return np.asarray(predicate(shape, *others), bool)
