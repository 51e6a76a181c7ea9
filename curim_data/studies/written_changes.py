"""Compared changes as an audience may read them: without small counts, and without what would tell them.

With the one count and the lengths of the periods the expected count, the ratio, its limits and its p-values each tell
the other count. Where one count is small and the other one is written out, a limit of the ratio stands instead: that
which it would have at the largest count under the threshold. It says "at least" of a rise from a small count and "at
most" of a fall to one, and follows from what is written out alone.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from analysis.stats.false_discovery import told_step
from analysis.trends.changes import changes
from analysis.trends.past_scatter import candidate_dispersions
from curim_data.model import Audience, CityProfile
from curim_data.privacy import FEWER_THAN, sees_exact
from curim_data.studies.change_words import least_written
from curim_data.studies.changes import CANDIDATE_KEYS, ChangeStudy

_WHEN: Final = ("before", "after")
_TELLING: Final = ("ratio", "low", "high", "p", "q")


def written_changes(
    study: ChangeStudy, audience: Audience, city: CityProfile, *, sensitive: bool = False
) -> pd.DataFrame:
    """The rows of `study.changes.frame` as they may be handed out; the same frame to who sees every count.

    Missing are small counts (`fewer_than` holds the limit that they are under), ratio, p and q beside one, the expected
    count beside a small one before, and both limits but the one that is known. Of q, which depends on the p of all
    rows, there is the step alone where any count may be missing (`told_step`). `sensitive`: as for `least_written`.
    """
    frame = study.changes.frame
    least = pd.Series(least_written(frame, audience, city, sensitive=sensitive), frame.index)
    few = pd.DataFrame({when: (frame[when] > 0) & (frame[when] < least) for when in _WHEN})
    some = few.any(axis=1)
    if not sees_exact(audience):
        frame = frame.assign(q=told_step(frame["q"]))
    if not some.any():
        return frame
    limits = _limits(study, frame[some], few[some], least[some])
    rows = frame.assign(**{when: frame[when].mask(few[when]) for when in _WHEN})
    rows["expected"] = frame["expected"].mask(few["before"])
    for name in _TELLING:
        rows[name] = frame[name].mask(some, limits[name].reindex(frame.index) if name in limits else np.nan)
    return rows.assign(**{FEWER_THAN: least.where(some)})


def surest_first(frame: pd.DataFrame, written: pd.DataFrame | None = None) -> pd.Index:
    """The labels of the tested rows of `Changes.frame`, the surest first.

    `written`: the same as an audience reads them. Rows are then in the order of what is there: whether a row is beyond
    chance, which is said of each, and p, where it is.
    """
    order = frame[["q", "p"]]
    if written is not None and written is not frame:
        order = pd.DataFrame({"q": told_step(frame["q"]), "p": written["p"]}, index=frame.index)
    return order[frame["p"].notna()].sort_values(["q", "p"], kind="stable").index


def _limits(study: ChangeStudy, frame: pd.DataFrame, few: pd.DataFrame, least: pd.Series) -> pd.DataFrame:
    """Columns low and high of rows with a small count: the limit of the ratio that may be told of each, if any.

    The row and what it is compared with make up a whole that is the same whatever the small count; nothing is told
    where that whole is small too.
    """
    rows, known = frame.copy(), frame["p"].notna()
    for when in _WHEN:
        base, most = f"base_{when}", (least - 1).astype(float)
        whole = frame[when] + frame[base]
        known &= ~(whole < least)
        rows[when] = frame[when].mask(few[when], most).astype(int)
        rows[base] = frame[base].mask(few[when], (whole - most).clip(lower=0))
    wider, squares = candidate_dispersions(rows, study.past.kinds, CANDIDATE_KEYS, study.past.factors)
    at_most = changes(
        rows, CANDIDATE_KEYS, study.periods.lengths, relative=True, dispersion=wider, freedom=squares
    ).frame.set_index(frame.index)
    known &= at_most["compared"] == frame["compared"]
    rise = known & few["before"] & (frame["after"] >= least)
    fall = known & few["after"] & (frame["before"] >= least)
    return pd.DataFrame({"low": at_most["low"].where(rise), "high": at_most["high"].where(fall)})
