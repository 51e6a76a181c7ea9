"""Compared changes as an audience may read them: without small counts, and without what would tell them.

With one count the expected one, the ratio, its limits and its p-values each tell the other. So where a row's count or
the count that it is compared with is small, all of these are left out; its grade stays.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from analysis.stats.significance import alpha_or_one
from curim_data.engine import Source
from curim_data.privacy import FEWER_THAN
from curim_data.studies.change_words import least_written
from curim_data.studies.changes import ChangeStudy

_COUNTED: Final = ("base", "after")
_TELLING: Final = ("expected", "ratio", "low", "high", "p", "q")


def written_changes(study: ChangeStudy, source: Source, *, sensitive: bool = False) -> pd.DataFrame:
    """The rows of `study.changes.frame` as they may be handed out; the same frame to who sees every count.

    Missing are small counts (`fewer_than` holds the limit that they are under), and beside one all that tells it. Of q,
    which depends on the p of all rows, there is the step alone where any count may be missing (`alpha_or_one`).
    `sensitive`: as for `least_written`.
    """
    frame = study.changes.frame
    least = pd.Series(least_written(frame, source, sensitive=sensitive), frame.index)
    few = pd.DataFrame({name: (frame[name] > 0) & (frame[name] < least) for name in _COUNTED})
    some = few.any(axis=1)
    if source.protected:
        frame = frame.assign(q=alpha_or_one(frame["q"].astype(float)))
    if not some.any():
        return frame
    rows = frame.assign(**{name: frame[name].mask(few[name]) for name in _COUNTED})
    rows = rows.assign(**{name: rows[name].mask(some) for name in _TELLING})
    return rows.assign(**{FEWER_THAN: least.where(some)})


def surest_first(frame: pd.DataFrame, written: pd.DataFrame | None = None) -> pd.Index:
    """The labels of the tested rows of `Changes.frame`: by grade, then the surest first.

    `written`: the same as an audience reads them. Rows of one grade are then in the order of the p that is there.
    """
    grade = np.select([frame["grade"] == "clear", frame["grade"] == "probable"], [0, 1], 2)
    p = (frame if written is None else written)["p"]
    order = pd.DataFrame({"grade": grade, "p": p.to_numpy()}, index=frame.index)
    return order[frame["p"].notna()].sort_values(["grade", "p"], kind="stable").index
