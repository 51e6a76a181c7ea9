"""Compared changes in words, row by row, as the page and the command line write them in their tables."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from analysis.trends.changes import AREA
from curim_data.engine import Source
from curim_data.model import CityProfile, IntArray, Translator, labels
from curim_data.model.absence import fewer_than
from curim_data.privacy import FEWER_THAN, is_sensitive_category, threshold
from curim_data.studies.coarse_areas import area_names

NOT_KNOWN: Final = "–"


def areas_in_words(t: Translator, city: CityProfile, rows: pd.DataFrame) -> list[str]:
    """The area of each row of `Changes.frame`: a named place, a district, a map cell by where it lies, or the city."""
    cells = area_names(t, city, pd.concat([rows["cell"], rows["area"]]).dropna().unique())

    def label(district: object, area: object, place: object, cell: object) -> str:
        if isinstance(place, str):
            return labels.place_label(t, city, place)
        if isinstance(district, str):
            return labels.district_label(t, city, district)
        return next((cells[one] for one in (cell, area) if isinstance(one, str)), t("Whole city"))

    areas = list(zip(*(rows[name].to_numpy(object).tolist() for name in AREA), strict=True))
    names = {area: label(*area) for area in set(areas)}
    return [names[area] for area in areas]


def ratios_in_words(t: Translator, frame: pd.DataFrame, names: tuple[str, str, str]) -> list[str]:
    """The columns `names` (ratio, low, high) as one text a row."""
    return [ratio_in_words(t, *row) for row in frame[list(names)].to_numpy(float).tolist()]


def ratio_in_words(t: Translator, ratio: float, low: float, high: float) -> str:
    """A ratio with its interval; a dash where it is not known or not given.

    >>> ratio_in_words(Translator("en"), 2.5, 1.25, 5.0)
    '2.50 (1.25–5.00)'
    >>> ratio_in_words(Translator("en"), np.nan, np.nan, np.nan)
    '–'
    """
    if ratio != ratio:
        return NOT_KNOWN
    return f"{t.number(ratio, 2)} ({t.number(low, 2)}–{t.number(high, 2)})"


def p_values_in_words(t: Translator, values: pd.Series, *, steps: bool = False) -> list[str]:
    """The p-values of a column; a dash where there is none. `steps`: only on which side of 0.05 they are."""
    written = t.p_step if steps else t.p_value
    return [written(p) if p == p else NOT_KNOWN for p in values.tolist()]


def grade_in_words(t: Translator, grade: str) -> str:
    """How sure a change is, in one of three grades."""
    match grade:
        case "clear":
            return t("clear")
        case "probable":
            return t("probable")
    return t("may be chance")


def compared_in_words(t: Translator, rows: pd.DataFrame) -> list[str]:
    """What lets expect the number of each row."""
    words = {
        ("city", "season"): t("last year and the season"),
        ("city", "year"): t("the same days a year before"),
        ("city", "before"): t("the time just before"),
        ("share", "season"): t("its share a year before"),
        ("share", "past"): t("its share just before"),
    }
    named = zip(rows["level"].eq("city"), rows["compared"], strict=True)
    return [words["city" if city else "share", compared] for city, compared in named]


def least_written(rows: pd.DataFrame, source: Source, *, sensitive: bool = False) -> IntArray:
    """The smallest count of each row that is written out; `sensitive`: of all rows."""
    known = {name: is_sensitive_category(name, source.city) for name in rows["category"].dropna().unique()}
    strict = np.array([sensitive or known.get(name, False) for name in rows["category"]], bool)
    return np.where(strict, threshold(source, True), threshold(source, False)).astype(np.int64)


def counts_in_words(t: Translator, rows: pd.DataFrame, name: str) -> list[str]:
    """A column of counts of `written_changes`; those that are left out as "fewer than"."""
    least = rows[FEWER_THAN] if FEWER_THAN in rows else pd.Series(np.nan, rows.index)
    return [t(fewer_than(int(k))) if n != n and k == k else t.number(n) for n, k in zip(rows[name], least, strict=True)]
