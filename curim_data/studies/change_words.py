"""Compared changes in words, row by row, as the page and the command line write them in their tables."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.trends.changes import AREA
from curim_data.model import CityProfile, Translator, labels
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

    return [label(*row) for row in rows[["place", "district", "cell"]].itertuples(index=False, name=None)]


def ratios_in_words(t: Translator, frame: pd.DataFrame, names: tuple[str, str, str]) -> list[str]:
    """The columns `names` (ratio, low, high) as one text a row."""
    return [ratio_in_words(t, *row) for row in frame[list(names)].itertuples(index=False, name=None)]


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
    if np.isnan([ratio, low, high]).all() or (ratio == np.inf and low < 1) or (ratio == 0 and WIDE < high < np.inf):
        return NOT_KNOWN
    known = [t.number(value, 2) if np.isfinite(value) else "" for value in (ratio, low, high)]
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
    placed = rows[[*AREA]].notna().any(axis=1)
    return [
        t("its own past")
        if compared == "before"
        else t("the change in the rest of the city")
        if in_area
        else t("the change in all other incidents")
        for compared, in_area in zip(rows["compared"], placed, strict=True)
    ]


def bound_tells(row: Any) -> bool:
    """Whether both counts of a row may be read: a bound says something only on its own side of the known count."""
    if row.bounded == "before":
        return bool(row.before < row.after)
    return bool(row.after < row.before) if row.bounded == "after" else True


def without_idle_bounds(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without bounds that say nothing, and without ratios that a bound makes point the wrong way: NaN."""
    bounded = rows["bounded"]
    idle = np.array([not bound_tells(row) for row in rows.itertuples(index=False)], dtype=bool)
    wrong = (bounded.eq("before") & ~(rows["ratio"] > 1)) | (bounded.eq("after") & ~(rows["ratio"] < 1))
    shown = rows.copy()
    for when in ("before", "after"):
        shown[when] = shown[when].astype(float).mask(bounded.eq(when) & idle)
    if "expected" in shown:  # worked out from the count before
        shown["expected"] = shown["expected"].astype(float).mask(bounded.eq("before") & idle)
    shown[["ratio", "low", "high"]] = shown[["ratio", "low", "high"]].astype(float).mask(wrong)
    return shown


def counts_in_words(t: Translator, rows: pd.DataFrame, when: str) -> list[str]:
    """The counts "before" or "after": a bound as "fewer than", and as protected where it says nothing."""
    return [_count(t, row, when) for row in rows.itertuples(index=False)]


def _count(t: Translator, row: Any, when: str) -> str:
    n = float(getattr(row, when))
    if row.bounded != when:
        return t.number(n)
    return t(fewer_than(round(n) + 1)) if bound_tells(row) else t("protected")


def notes_in_words(t: Translator, rows: pd.DataFrame) -> list[str]:
    """Which count stands at the most that it may be; else whether it rose or fell less than the rest."""
    return [_note(t, row) for row in rows.itertuples(index=False)]


def _note(t: Translator, row: Any) -> str:
    match row.bounded:
        case "before":
            return t("before: at most; protected") if bound_tells(row) else t("before: protected")
        case "after":
            return t("after: at most; protected") if bound_tells(row) else t("after: protected")
    if row.compared != "city" or not row.significant:
        return ""
    if row.ratio > 1 and row.after < row.expected:
        return t("fell less than the rest")
    return t("rose less than the rest") if row.ratio < 1 and row.after > row.expected else ""
