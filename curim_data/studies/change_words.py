"""Compared changes as an audience may read them, and in words, row by row, as the page and the command line write them.

With one count the expected one, the ratio, its limits and its p-values each give away the other. So where a row's count
or the count that it is compared with is small, all of these are left out; its grade stays.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from analysis.stats.significance import alpha_or_one
from analysis.trends.changes import AREA
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import N_, CityProfile, Translator, fewer_than, labels
from curim_data.privacy import FEWER_THAN, WrittenCounts
from curim_data.studies.cells import area_names
from curim_data.studies.changes import ChangeStudy

NOT_KNOWN: Final = "–"
_GRADES: Final = {"clear": N_("clear"), "probable": N_("probable"), "open": N_("may be chance")}


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
    return t(_GRADES[grade])


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


def counts_in_words(t: Translator, rows: pd.DataFrame, name: str) -> list[str]:
    """A column of counts of `written_changes`; those that are left out as "fewer than"."""
    least = rows[FEWER_THAN] if FEWER_THAN in rows else pd.Series(np.nan, rows.index)
    return [t(fewer_than(int(k))) if n != n and k == k else t.number(n) for n, k in zip(rows[name], least, strict=True)]


def written_changes(study: ChangeStudy, source: Source, f: AlertFilter) -> pd.DataFrame:
    """The rows of `study.changes.frame` under a filter as they may be handed out; the same frame to who sees every
    count.

    Missing are small counts (`fewer_than` holds the limit that they are under), and beside one all that tells it. Of q,
    which depends on the p of all rows, there is the step alone where any count may be missing (`alpha_or_one`).
    """
    frame = study.changes.frame
    if source.protected:
        frame = frame.assign(q=alpha_or_one(frame["q"].astype(float)))
    rows = WrittenCounts.of(f, source).table(frame, ("base", "after"))
    return rows.assign(expected=rows["expected"].mask(rows[FEWER_THAN].notna())) if FEWER_THAN in rows else rows


def surest_first(frame: pd.DataFrame, written: pd.DataFrame | None = None) -> pd.Index:
    """The labels of the tested rows of `Changes.frame`: by grade, then the surest first.

    `written`: the same as an audience reads them. Rows of one grade are then in the order of the p that is there.
    """
    grade = np.select([frame["grade"] == "clear", frame["grade"] == "probable"], [0, 1], 2)
    p = (frame if written is None else written)["p"]
    order = pd.DataFrame({"grade": grade, "p": p.to_numpy()}, index=frame.index)
    return order[frame["p"].notna()].sort_values(["grade", "p"], kind="stable").index
