"""Compared changes in words, row by row, as the page and the command line write them in their tables."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.trends.changes import AREA
from curim_data.model import BoolArray, CityProfile, Translator, labels
from curim_data.model.absence import fewer_than
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

    >>> ratio_in_words(Translator("en"), 2.5, 1.25, np.inf)
    '2.50 (1.25–…)'
    >>> ratio_in_words(Translator("en"), 0.0, 0.01, 2.45)
    '0 (at most 2.45)'
    >>> ratio_in_words(Translator("en"), np.inf, 1.26, np.inf)
    'at least 1.26'
    >>> ratio_in_words(Translator("en"), np.inf, 0.15, np.inf), ratio_in_words(Translator("en"), 0.0, 0.01, 667.0)
    ('–', '–')
    """
    if ratio != ratio and low != low and high != high:
        return NOT_KNOWN
    if (ratio == math.inf and low < 1) or (ratio == 0 and WIDE < high < math.inf):
        return NOT_KNOWN
    known = [t.number(value, 2) if math.isfinite(value) else "" for value in (ratio, low, high)]
    if not known[0] and known[1] and not known[2]:
        return t("at least {low}", low=known[1])
    if ratio == 0:
        return t("0 (at most {high})", high=known[2]) if known[2] else t.number(0, 0)
    return f"{known[0] or NOT_KNOWN} ({known[1]}–{known[2] or '…'})"


def certainty_in_words(t: Translator, q: float) -> str:
    """How sure it is that a change is not chance, by its corrected p-value: three steps, or that it may be."""
    if q < VERY_SURE:
        return t("almost certain")
    if q < SURE:
        return t("very likely")
    return t("likely") if q <= ALPHA else t("may be chance")


def compared_in_words(t: Translator, rows: pd.DataFrame) -> list[str]:
    """What each row was compared with."""
    placed = rows[[*AREA]].notna().any(axis=1).tolist()
    own = t("its own past")
    rest = {True: t("the change in the rest of the city"), False: t("the change in all other incidents")}
    compared = rows["compared"].to_numpy(object).tolist()
    return [
        own if with_what == "before" else rest[in_area] for with_what, in_area in zip(compared, placed, strict=True)
    ]


def without_idle_bounds(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without bounds that say nothing, and without ratios that a bound makes point the wrong way: NaN."""
    bounded, ratio = rows["bounded"].to_numpy(object), rows["ratio"].to_numpy(float)
    idle = ~_bounds_tell(rows)
    wrong = ((bounded == "before") & ~(ratio > 1)) | ((bounded == "after") & ~(ratio < 1))
    shown = rows.copy()
    for name, hidden in (
        ("before", (bounded == "before") & idle),
        ("after", (bounded == "after") & idle),
        ("expected", (bounded == "before") & idle),  # worked out from the count before
        *((name, wrong) for name in ("ratio", "low", "high")),
    ):
        if name in shown:
            shown[name] = np.where(hidden, np.nan, shown[name].to_numpy(float))
    return shown


def _bounds_tell(rows: pd.DataFrame) -> BoolArray:
    """Whether both counts of a row may be read: a bound says something only on its own side of the known count."""
    bounded = rows["bounded"].to_numpy(object)
    before, after = (rows[when].to_numpy(float) for when in ("before", "after"))
    return np.where(bounded == "before", before < after, np.where(bounded == "after", after < before, True))


def counts_in_words(t: Translator, rows: pd.DataFrame, when: str) -> list[str]:
    """The counts "before" or "after": a bound as "fewer than", and as protected where it says nothing."""
    columns = rows[when].to_numpy(float), rows["bounded"].to_numpy(object), _bounds_tell(rows)
    return [
        t.number(n) if bounded != when else t(fewer_than(round(n) + 1)) if tells else t("protected")
        for n, bounded, tells in zip(*(column.tolist() for column in columns), strict=True)
    ]


def notes_in_words(t: Translator, rows: pd.DataFrame) -> list[str]:
    """Which count stands at the most that it may be; else whether it rose or fell less than the rest."""
    notes = [""] * len(rows)
    bounded = rows["bounded"].to_numpy(object)
    told = (bounded != "") | ((rows["compared"].to_numpy(object) == "city") & rows["significant"].to_numpy(bool))
    at = np.flatnonzero(told)
    for place, row, tells in zip(at, rows.iloc[at].itertuples(index=False), _bounds_tell(rows)[at], strict=True):
        notes[place] = _note(t, row, bool(tells))
    return notes


def _note(t: Translator, row: Any, tells: bool) -> str:
    match row.bounded:
        case "before":
            return t("before: at most; protected") if tells else t("before: protected")
        case "after":
            return t("after: at most; protected") if tells else t("after: protected")
    if row.ratio > 1 and row.after < row.expected:
        return t("fell less than the rest")
    return t("rose less than the rest") if row.ratio < 1 and row.after > row.expected else ""
