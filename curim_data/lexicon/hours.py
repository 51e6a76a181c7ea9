"""An hour of the day that is written as the span from its beginning to its end: 22-23, 22:00 - 22:59, de 22 a 23 h."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

_HOUR: Final = r"(\d{1,2})(?: ?[:.h] ?(\d{2}))?(?: ?(?:h|hs|hrs?|uhr))?"
_SPAN: Final = re.compile(
    rf"(?:(?:de|from|von|από|dalle|das|entre|between) )?(?:las |les )?{_HOUR} ?"
    rf"(?:[-–—/]|\b(?:to|till|until|bis|a|à|alle|às|y|et|έως|ως|and)\b) ?(?:las )?{_HOUR}\.?",
    re.IGNORECASE,
)


@cache
def hour_of_span(text: str) -> int | None:
    """The hour (0 to 23) of a text that names its beginning and its end, one hour later; None for any other text.

    The end may be the last minute of the hour; after 23 come 0 and 24.
    """
    found = _SPAN.fullmatch(text.strip())
    if found is None or found[2] not in (None, "00") or found[4] not in (None, "00", "59"):
        return None
    first, last = int(found[1]), int(found[3])
    if found[4] == "59":
        last += 1
    return first if first <= 23 and last in ({24, 0} if first == 23 else {first + 1}) else None
