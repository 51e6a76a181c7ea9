"""What the protected copy costs: how far its counts lie from those of the alerts, measured when it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd

from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience, FloatArray, Translator
from curim_data.query import tables

KEPT: Final = "copy_errors"
# The tables that are compared, over the last twelve months, and the cells of the council's map.
COMPARED: Final = (
    ("cell",),
    ("cell", "category"),
    ("place", "category"),
    ("place", "affected_gender"),
    ("district", "category"),
    ("district", "affected_gender"),
    ("category", "affected_gender"),
    ("month", "category"),
)
SIZES: Final = (5, 15, 30, 100, float("inf"))
CELL: Final = 9
# The tables that the sentence under a council's figure is about: a place by what happens there and to whom.
TOLD: Final = ("cell x category", "place x category", "place x affected_gender", "district x category")


@dataclass(frozen=True)
class CopyErrors:
    """Errors of the copy's counts by table and size of the exact count.

    `frame`: table, least and most (exact counts from `least` to below `most`), n (counts), median and nine_of_ten (of
    the relative error), bias (mean relative error with its sign).
    """

    frame: pd.DataFrame

    def of_size(self, least: float) -> float:
        """The median relative error of counts by place of a size, over all tables that a sentence tells of."""
        rows = self.frame[self.frame["table"].isin(TOLD) & (self.frame["least"] == least)]
        return float(np.average(rows["median"], weights=rows["n"])) if rows["n"].sum() else float("nan")

    def sentence(self, t: Translator) -> str:
        """How far numbers by place typically lie from those of the alerts."""
        few, many = (self.of_size(least) for least in (SIZES[0], SIZES[3]))
        if few != few:
            return t("From the protected copy: rare alerts have exchanged place and time with others.")
        if round(few, 2) == 0 and not round(many, 2) > 0:
            return t("From the protected copy: numbers by place are typically those of the alerts.")
        if many != many:
            return t(
                "From the protected copy: numbers from 5 to 14 by place are typically {few} off.", few=t.percent(few)
            )
        return t(
            "From the protected copy: numbers from 5 to 14 by place are typically {few} off, those from 100 on {many}.",
            few=t.percent(few),
            many=t.percent(many),
        )

    def as_json(self) -> list[dict[str, Any]]:
        """As JSON can hold it."""
        rows = self.frame.replace(float("inf"), -1.0).to_dict("records")
        return [{str(name): value for name, value in row.items()} for row in rows]

    @classmethod
    def from_json(cls, rows: Sequence[Mapping[str, Any]]) -> CopyErrors:
        """Out of what `as_json` gave; KeyError or TypeError for something else."""
        frame = pd.DataFrame(list(rows), columns=_COLUMNS)
        return cls(frame.assign(most=frame["most"].replace(-1.0, float("inf"))))


_COLUMNS: Final = ["table", "least", "most", "n", "median", "nine_of_ten", "bias"]


def copy_errors(copy: Source) -> CopyErrors:
    """The errors of a copy, worked out once for it, or as they were kept with it."""
    if KEPT not in copy.cache:
        kept = copy.kept(KEPT)
        copy.cache[KEPT] = measure_errors(copy) if kept is None else CopyErrors.from_json(kept)
    found: CopyErrors = copy.cache[KEPT]
    return found


def keep_errors(copy: Source) -> None:
    """Keep the errors of a copy for later processes."""
    copy.keep(KEPT, copy_errors(copy).as_json())


def measure_errors(copy: Source) -> CopyErrors:
    """Compare the counts of the copy with those of its alerts, over the last twelve months."""
    exact, f = copy.exact, AlertFilter()
    if exact is None:
        return CopyErrors(pd.DataFrame(columns=_COLUMNS))
    placed = [by for by in COMPARED if "cell" in by]
    others = [by for by in COMPARED if "cell" not in by]
    rows = []
    for asked, resolution in ((placed, CELL), (others, None)):
        found = (
            tables(source, f, asked, Audience.ANALYST, resolution=resolution, once=True) for source in (exact, copy)
        )
        for by, theirs, mine in zip(asked, *found, strict=True):
            rows += _compared(" x ".join(by), list(by), theirs.frame, mine.frame)
    return CopyErrors(pd.DataFrame(rows, columns=_COLUMNS))


def _compared(name: str, by: list[str], exact: pd.DataFrame, copy: pd.DataFrame) -> list[tuple[Any, ...]]:
    both = exact[[*by, "n"]].merge(copy[[*by, "n"]], on=by, how="left", suffixes=("", "_copy")).dropna(subset=by)
    n, shown = both["n"].to_numpy(float), both["n_copy"].fillna(0).to_numpy(float)
    return [
        (name, float(least), float(most), int(here.sum()), *_summary((shown - n)[here] / n[here]))
        for least, most in pairwise(SIZES)
        if (here := (n >= least) & (n < most)).any()
    ]


def _summary(errors: FloatArray) -> tuple[float, float, float]:
    size = np.abs(errors)
    return float(np.median(size)), float(np.quantile(size, 0.9)), float(errors.mean())
