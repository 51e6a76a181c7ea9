"""Shares as they are written out and drawn: none that tells a small count."""

from __future__ import annotations

from math import floor

from curim_data.model import Translator
from curim_data.model.absence import fewer_than


def share_is_told(part: float, whole: float, least: int) -> bool:
    """Whether a share may be written out: neither `part` nor the rest of `whole` is a count under `least`, which the
    share would tell together with the whole.

    >>> [share_is_told(part, 20, 5) for part in (0, 3, 5, 15, 17, 20)]
    [True, False, True, True, False, True]
    """
    return not (0 < part < least or 0 < whole - part < least)


def written_share(t: Translator, counts: tuple[float, float], told: tuple[float, float, float], least: int = 1) -> str:
    """A share with its interval (`told`) in words; `counts`: the part and the whole, `least`: the smallest count that
    is written out, zero apart.

    A small part is "fewer than", and so is any part of a whole that is small itself. Where the rest alone is small, the
    share is at least what the whole without it would be.
    """
    part, whole = counts
    if 0 < part < least or 0 < whole < least:
        return t(fewer_than(least))
    if not share_is_told(part, whole, least):
        return t("at least {low}", low=t.percent(floor(100 * _without_rest(whole, least)) / 100))
    return t.share(*told)


def drawn_share(part: float, whole: float, least: int = 1) -> float:
    """A share as a chart draws it: one that may not be read stands in the middle of what it can be, and one of a whole
    that is small itself, which may be any, at nothing.
    """
    if 0 < whole < least:
        return 0.0
    if 0 < part < least:
        return least / 2 / whole
    if not share_is_told(part, whole, least):
        return (1 + _without_rest(whole, least)) / 2
    return part / whole if whole else 0.0


def _without_rest(whole: float, least: int) -> float:
    return max(whole - least + 1, 0) / whole
