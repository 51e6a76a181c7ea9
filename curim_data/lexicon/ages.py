"""Ages and spans of ages, as exports write them, to the bands of an alert."""

from __future__ import annotations

import re
from typing import Final

from curim_data.lexicon.folding import fold
from curim_data.lexicon.words import WORDS

_BANDS: Final = (
    ("under_18", 0, 17),
    ("18_29", 18, 29),
    ("30_44", 30, 44),
    ("45_64", 45, 64),
    ("65_plus", 65, 120),
)
_OLDEST: Final = 120
_PIECE: Final = re.compile(r"\d+|<=|>=|[<>≤≥+]|[^\W\d_]+")
_FILLING: Final = frozenset(
    "years year yrs yr old age aged ages of the de des del da do di der la le les los das años anos ano ans an "
    "jahre jahren jahr anni anno ετη ετων χρονια χρονων χρονων ηλικιασ των τα και y et e und and between entre zwischen"
    " tra fra μεταξυ edad idade eta alter que ou o or".replace("ñ", "n").split()
)
_JOINING: Final = frozenset(
    {"to", "a", "ate", "bis", "εωσ", "μεχρι", "al", "au", "through", "from", "von", "απο", "ab"}
)
# Words before or after the one number of an open span: is the number itself part of it?
_BELOW: Final = {"<": False, "under": False, "below": False, "menor": False, "menores": False, "menos": False}
_BELOW_MORE: Final = {
    "less": False, "younger": False, "moins": False, "unter": False, "meno": False, "κατω": False, "minori": False,
    "<=": True, "≤": True, "ate": True, "bis": True, "εωσ": True, "μεχρι": True, "hasta": True, "jusqu": True,
    "up": True, "fino": True,
}  # fmt: skip
_ABOVE: Final = {
    ">": False, "over": False, "above": False, "mas": False, "mayor": False, "mayores": False, "plus": False,
    "mais": False, "maior": False, "uber": False, "ανω": False, "piu": False, "oltre": False, "more": False,
    "older": False, ">=": True, "≥": True, "+": True, "ab": True, "from": True, "alter": True, "απο": True,
}  # fmt: skip


def age_band(text: str) -> str | None:
    """The band that holds a whole age or a whole span of ages; None where there is none or it lies in several.

    0, -1 and ages above 120 stand for unknown ages in the exports met, so a single 0 gives none.
    """
    folded = fold(text.replace("–", "-").replace("—", "-").replace("−", "-"))
    if folded in WORDS["age_band"]:
        return WORDS["age_band"][folded]
    span = _span(text.strip(), folded)
    if span is None:
        return None
    low, high = span
    return next((name for name, first, last in _BANDS if first <= low <= high <= last), None)


def _span(text: str, folded: str) -> tuple[int, int] | None:
    if re.fullmatch(r"\d{1,3}(?:[.,]0+)?", text):
        age = int(re.split(r"[.,]", text)[0])
        return (age, age) if 0 < age <= _OLDEST else None
    if text.startswith(("-", "−")):
        return None
    pieces = [piece for piece in _PIECE.findall(folded) if piece not in _FILLING]
    numbers = [int(piece) for piece in pieces if piece.isdecimal()]
    words = [piece for piece in pieces if not piece.isdecimal()]
    if len(numbers) == 2 and all(word in _JOINING for word in words):
        return (numbers[0], numbers[1]) if numbers[0] <= numbers[1] <= _OLDEST else None
    if len(numbers) != 1 or numbers[0] > _OLDEST:
        return None
    return _open_span(numbers[0], words, pieces[0].isdecimal())


def _open_span(number: int, words: list[str], number_first: bool) -> tuple[int, int] | None:
    """The span of "under 18", "65+", "more than 74": a word after the number includes the number."""
    below = _BELOW | _BELOW_MORE
    limits = [word for word in words if word in below or word in _ABOVE]
    rest = [word for word in words if word not in limits and word not in {"than", "a", "to"}]
    if rest:
        return None
    if not limits:
        return (number, number) if not words and number > 0 else None
    word = limits[0]
    if word in below and not (number_first and word in _ABOVE):
        return (0, number if below[word] or number_first else number - 1)
    return (number if _ABOVE[word] or number_first else number + 1, _OLDEST)
