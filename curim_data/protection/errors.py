"""What the protected copy costs: how far its counts lie from those of the alerts, measured when it is made."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import pandas as pd

from curim_data.engine import Source
from curim_data.filters import AlertFilter, asked_categories
from curim_data.model import CityProfile, FloatArray, Translator
from curim_data.privacy import is_sensitive_category, protected_resolution, sensitive_categories
from curim_data.query import counts

KEPT: Final = "copy_errors"
Kind = Literal["all", "ordinary", "sensitive"]  # of which categories
# The tables that are compared, over the last twelve months, in the finest cells that the council may have.
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
# The same of sensitive categories, whose cells are larger; they are told by cell and district.
COMPARED_SENSITIVE: Final = (("cell", "category"), ("district", "category"), ("month", "category"))
# Sizes of counts above the smallest that council and public may read.
SIZES: Final = (15, 30, 100)
FEWEST: Final = 20  # counts by which an error is told: that of one would give away the count itself
STEP: Final = 0.05  # in which it is told
# The tables that the sentence under a council's figure is about: a place by what happens there and to whom.
TOLD: Final = ("cell x category", "place x category", "place x affected_gender", "district x category")


@dataclass(frozen=True)
class CopyErrors:
    """Errors of the copy's counts by table and size of the exact count.

    `frame`: kind (of the categories: all, ordinary or sensitive ones), table, least and most (exact counts from
    `least` to below `most`), n (counts), median and nine_of_ten (of the relative error), bias (mean relative error with
    its sign).
    """

    frame: pd.DataFrame

    def of_size(self, least: float, kind: Kind = "all") -> float:
        """The median relative error of counts by place of a size, over all tables that a sentence tells of; NaN where
        these are fewer than `FEWEST` counts.
        """
        rows = self.frame[self.frame["table"].isin(TOLD) & (self.frame["least"] == least)]
        rows = rows[rows["kind"] == kind]
        return float(np.average(rows["median"], weights=rows["n"])) if rows["n"].sum() >= FEWEST else float("nan")

    def told(self, kind: Kind) -> bool:
        """Whether an error of small numbers can be told."""
        least, _ = self._smallest(kind)
        return not np.isnan(self.of_size(least, kind))

    def sentence(self, t: Translator, kind: Kind = "all") -> str:
        """How far numbers by place typically lie from those of the alerts. Of ordinary categories those of all are told
        where too few are known; of sensitive ones, which move more, no number is.
        """
        kind = "all" if kind == "ordinary" and not self.told(kind) else kind
        least, most = self._smallest(kind)
        few, many = (_in_steps(self.of_size(size, kind)) for size in (least, SIZES[-1]))
        if few != few or most == math.inf:
            return t("From the protected copy: rare alerts have exchanged place and time with others.")
        if few == 0 and not many > 0:
            return t("From the protected copy: numbers by place are typically those of the alerts.")
        if many != many or least >= SIZES[-1]:
            return t(
                "From the protected copy: numbers from {least} to {most} by place are typically {few} off.",
                least=round(least),
                most=round(most - 1),
                few=t.percent(few),
            )
        return t(
            "From the protected copy: numbers from {least} to {most} by place are typically {few} off, those from 100 "
            "on {many}.",
            least=round(least),
            most=round(most - 1),
            few=t.percent(few),
            many=t.percent(many),
        )

    def _smallest(self, kind: Kind) -> tuple[float, float]:
        """From how many to below how many the smallest numbers reach that have an error; NaN where none has."""
        rows = self.frame[self.frame["table"].isin(TOLD) & (self.frame["kind"] == kind)]
        least = rows["least"].min()
        return float(least), float(rows.loc[rows["least"] == least, "most"].max())

    def as_json(self) -> list[dict[str, Any]]:
        """As JSON can hold it."""
        rows = self.frame.replace(float("inf"), -1.0).to_dict("records")
        return [{str(name): value for name, value in row.items()} for row in rows]

    @classmethod
    def from_json(cls, rows: Sequence[Mapping[str, Any]]) -> CopyErrors:
        """Out of what `as_json` gave; KeyError or TypeError for something else."""
        frame = pd.DataFrame(list(rows), columns=_COLUMNS)
        return cls(frame.assign(most=frame["most"].replace(-1.0, float("inf"))))


_Row: TypeAlias = tuple[Kind, str, float, float, int, float, float, float]
_COLUMNS: Final = ["kind", "table", "least", "most", "n", "median", "nine_of_ten", "bias"]


def kind_of(f: AlertFilter, city: CityProfile) -> Kind:
    """Whether a filter asks for sensitive categories alone, for ordinary ones alone, or for both."""
    sensitive = {is_sensitive_category(name, city) for name in asked_categories(f, city)}
    if len(sensitive) != 1:
        return "all"
    return "sensitive" if sensitive.pop() else "ordinary"


def _in_steps(error: float) -> float:
    """An error in whole steps, upwards; below half a percent it is none."""
    return error if error != error else (math.ceil(error / STEP - 1e-9) if error >= 0.005 else 0) * STEP


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
    """Compare the counts of the copy with those of its alerts, over the last twelve months; where no number of these is
    large enough to be written out in as many as an error is told by, over all time.
    """
    rows, exact = list[_Row](), copy.exact
    if exact is not None:
        sensitive = sensitive_categories(exact)
        rows = _measured("all", AlertFilter(), exact, copy, sensitive)
        if sensitive:
            rows += _measured("sensitive", AlertFilter(categories=tuple(sorted(sensitive))), exact, copy, sensitive)
    return CopyErrors(pd.DataFrame(rows, columns=_COLUMNS))


def _measured(kind: Kind, chosen: AlertFilter, exact: Source, copy: Source, sensitive: Collection[str]) -> list[_Row]:
    """The errors of all categories, and of ordinary ones beside them, or of sensitive ones."""
    rows, strict = list[_Row](), kind == "sensitive"
    least, cell = exact.city.least_count(strict), protected_resolution(chosen, exact.city)
    sizes = (least, *(size for size in SIZES if size > least), math.inf)
    for f in (chosen, chosen.replace(period="all")):
        rows = []
        for by, both in _compared(exact, copy, f, COMPARED_SENSITIVE if strict else COMPARED, cell):
            of_these = both["category"].isin(sensitive) if "category" in by else None
            rows += _rows(kind, by, both[of_these] if strict and of_these is not None else both, sizes)
            if not strict and of_these is not None:
                rows += _rows("ordinary", by, both[~of_these], sizes)
        if CopyErrors(pd.DataFrame(rows, columns=_COLUMNS)).told(kind):
            break
    return rows


def _compared(
    exact: Source, copy: Source, f: AlertFilter, compared: Sequence[tuple[str, ...]], cell: int
) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """The columns of each table, and its counts of the alerts (n) and beside them those of the copy (n_copy)."""
    for by in compared:
        # On the map, which has no alert at default coordinates, and in all tables without one.
        how: dict[str, Any] = {"resolution": cell, "without_default_points": True} if "cell" in by else {}
        those, these = (counts(source.in_full, f, by, **how).frame[[*by, "n"]] for source in (exact, copy))
        both = those.merge(these, on=list(by), how="left", suffixes=("", "_copy"))
        yield by, both.dropna(subset=list(by)).fillna({"n_copy": 0})


def _rows(kind: Kind, by: Sequence[str], both: pd.DataFrame, sizes: Sequence[float]) -> list[_Row]:
    n, shown = both["n"].to_numpy(float), both["n_copy"].to_numpy(float)
    return [
        (kind, " x ".join(by), float(least), float(most), int(here.sum()), *_summary((shown - n)[here] / n[here]))
        for least, most in pairwise(sizes)
        if (here := (n >= least) & (n < most)).any()
    ]


def _summary(errors: FloatArray) -> tuple[float, float, float]:
    size = np.abs(errors)
    return float(np.median(size)), float(np.quantile(size, 0.9)), float(errors.mean())
