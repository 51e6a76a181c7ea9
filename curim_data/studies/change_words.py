"""Compared changes in words, row by row, as the page and the command line write them in their tables."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import pandas as pd

from analysis.trends.changes import AREA
from curim_data.model import Audience, CityProfile, IntArray, Translator, labels
from curim_data.model.absence import fewer_than
from curim_data.privacy import is_sensitive_category, threshold
from curim_data.studies.coarse_areas import area_names
from curim_data.studies.findings import SURE, VERY_SURE

NOT_KNOWN: Final = "–"
WIDE: Final = 10.0  # times as large: an upper bound beyond that says nothing
ALPHA: Final = 0.05  # of the correction


def areas_in_words(t: Translator, city: CityProfile, rows: pd.DataFrame) -> list[str]:
    """The area of each row of `Changes.frame`: a named place, a district, a map cell by where it lies, or the city."""
    cells = area_names(t, city, rows["cell"].dropna().unique())

    def label(place: object, district: object, cell: object) -> str:
        if isinstance(place, str):
            return labels.place_label(t, city, place)
        if isinstance(district, str):
            return labels.district_label(t, city, district)
        return cells[cell] if isinstance(cell, str) else t("Whole city")

    areas = list(zip(*(rows[name].to_numpy(object).tolist() for name in ("place", "district", "cell")), strict=True))
    names = {area: label(*area) for area in set(areas)}
    return [names[area] for area in areas]


def ratios_in_words(t: Translator, frame: pd.DataFrame, names: tuple[str, str, str]) -> list[str]:
    """The columns `names` (ratio, low, high) as one text a row."""
    return [ratio_in_words(t, *row) for row in frame[list(names)].to_numpy(float).tolist()]


def ratio_in_words(t: Translator, ratio: float, low: float, high: float) -> str:
    """A ratio with its interval; one of zero has an upper bound alone, an infinite one (from zero) a lower bound alone.

    The ratio is zero where a count is, and the lower end of a log-normal interval lies above that. Neither is given
    where its bound says nothing: that it may be smaller than 1, or `WIDE` times as large. A dash where none is known.
    Of a ratio beside a count that is not written out one bound at most is known (`written_changes`).

    >>> ratio_in_words(Translator("en"), 2.5, 1.25, np.inf)
    '2.50 (1.25–…)'
    >>> ratio_in_words(Translator("en"), 0.0, 0.01, 2.45)
    '0 (at most 2.45)'
    >>> ratio_in_words(Translator("en"), np.inf, 1.26, np.inf)
    'at least 1.26'
    >>> ratio_in_words(Translator("en"), np.inf, 0.15, np.inf), ratio_in_words(Translator("en"), 0.0, 0.01, 667.0)
    ('–', '–')
    >>> ratio_in_words(Translator("en"), np.nan, 1.26, np.nan), ratio_in_words(Translator("en"), np.nan, np.nan, 0.4)
    ('at least 1.26', 'at most 0.40')
    """
    if ratio != ratio:
        return _bound_in_words(t, low, high)
    if (ratio == math.inf and low < 1) or (ratio == 0 and WIDE < high < math.inf):
        return NOT_KNOWN
    known = [t.number(value, 2) if math.isfinite(value) else "" for value in (ratio, low, high)]
    if not known[0] and known[1] and not known[2]:
        return t("at least {low}", low=known[1])
    if ratio == 0:
        return t("0 (at most {high})", high=known[2]) if known[2] else t.number(0, 0)
    return f"{known[0] or NOT_KNOWN} ({known[1]}–{known[2] or '…'})"


def _bound_in_words(t: Translator, low: float, high: float) -> str:
    if low >= 1:
        return t("at least {low}", low=t.number(low, 2))
    return t("at most {high}", high=t.number(high, 2)) if high <= WIDE else NOT_KNOWN


def p_values_in_words(t: Translator, values: pd.Series, *, steps: bool = False) -> list[str]:
    """The p-values of a column; a dash where there is none. `steps`: only on which side of 0.05 they are."""
    written = t.p_step if steps else t.p_value
    return [written(p) if p == p else NOT_KNOWN for p in values.tolist()]


def certainty_in_words(t: Translator, q: float, *, steps: bool = True) -> str:
    """How sure it is that a change is not chance, by its corrected p-value: three steps, or that it may be. Without
    `steps` only whether it is beyond chance, for who may not read more of it.
    """
    if not steps:
        return t("beyond chance") if q <= ALPHA else t("may be chance")
    if q < VERY_SURE:
        return t("almost certain")
    if q < SURE:
        return t("very likely")
    return t("likely") if q <= ALPHA else t("may be chance")


def compared_in_words(t: Translator, rows: pd.DataFrame) -> list[str]:
    """What each row was compared with."""
    placed = rows[[*AREA]].notna().any(axis=1).tolist()
    own = t("its own past")
    rest = {True: t("the change in the rest of the city"), False: t("the change in all other alerts")}
    compared = rows["compared"].to_numpy(object).tolist()
    return [
        own if with_what == "before" else rest[in_area] for with_what, in_area in zip(compared, placed, strict=True)
    ]


def least_written(rows: pd.DataFrame, audience: Audience, city: CityProfile, *, sensitive: bool = False) -> IntArray:
    """The smallest count of each row that is written out for an audience; `sensitive`: of all rows."""
    known = {name: is_sensitive_category(name, city) for name in rows["category"].dropna().unique()}
    strict = np.array([sensitive or known.get(name, False) for name in rows["category"]], bool)
    return np.where(strict, threshold(audience, True, city), threshold(audience, False, city)).astype(np.int64)


def counts_in_words(t: Translator, rows: pd.DataFrame, when: str, least: IntArray) -> list[str]:
    """The counts "before" or "after", small ones as "fewer than"; `least`: see `least_written`."""
    counts = zip(rows[when].to_numpy(float).tolist(), least.tolist(), strict=True)
    return [t(fewer_than(k)) if 0 < n < k else t.number(n) for n, k in counts]


def notes_in_words(t: Translator, rows: pd.DataFrame) -> list[str]:
    """Whether a row rose or fell less than the rest, where it is compared with that."""
    notes = [""] * len(rows)
    told = (rows["compared"].to_numpy(object) == "city") & rows["significant"].to_numpy(bool)
    at = np.flatnonzero(told)
    figures = rows[["ratio", "after", "expected"]].to_numpy(float)[at]
    for place, (ratio, after, expected) in zip(at.tolist(), figures.tolist(), strict=True):
        if ratio > 1 and after < expected:
            notes[place] = t("fell less than the rest")
        elif ratio < 1 and after > expected:
            notes[place] = t("rose less than the rest")
    return notes
