"""Alerts that count by their severity: weights with a mean of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.stats.result import Choice
from curim_data.model import FloatArray, Message, Num


@dataclass(frozen=True)
class SeverityWeights:
    """Alerts by cell and weight.

    counts : array, shape (m cells, s weights)
    values : array, shape (s,); their mean over all alerts is one, so that weighted counts stay on the scale of alerts.
    choices : how the weights were made.
    """

    counts: FloatArray
    values: FloatArray
    choices: tuple[Choice, ...]

    @property
    def sums(self) -> FloatArray:
        """Weight by cell, shape (m,)."""
        total: FloatArray = self.counts @ self.values
        return total

    @property
    def squares(self) -> FloatArray:
        """Sum of squared weights by cell, shape (m,)."""
        total: FloatArray = self.counts @ self.values**2
        return total

    @property
    def drawn(self) -> FloatArray:
        """The weight of every alert, shape (n,), in no order that means anything."""
        return np.repeat(self.values, np.round(self.counts.sum(axis=0)).astype(int))

    @property
    def largest(self) -> float:
        """The largest weight of an alert."""
        return float(self.values[self.counts.sum(axis=0) > 0].max(initial=1.0))

    @property
    def scatter(self) -> float:
        """How much more the sum of weights varies than a count: sum of squares over sum, one where all weigh alike."""
        return float(self.squares.sum() / self.sums.sum()) if self.sums.sum() > 0 else 1.0


def by_severity(table: pd.DataFrame, cells: Any) -> SeverityWeights:
    """Weigh alerts by their severity, an alert without one by the mean.

    Parameters
    ----------
    table : DataFrame
        Columns cell (int64), severity (1 to 5, missing where none was given), n.
    cells : array of int64, shape (m,)
        The study mask; what lies outside it is left out.
    """
    inside = table[table["cell"].isin(cells)]
    severity = inside["severity"].astype(float)
    levels = np.array(sorted(severity.dropna().unique()))
    known = inside[severity.notna()]
    graded = float(known["n"].sum())
    mean = float((known["severity"].astype(float) * known["n"]).sum() / graded) if graded else 1.0
    ungraded = float(inside["n"].sum()) - graded
    values = np.concatenate([levels / mean, [1.0]])
    at = pd.Index(cells).get_indexer(inside["cell"])
    column = np.where(severity.isna(), len(levels), np.searchsorted(levels, severity.fillna(0)))
    counts = np.zeros((len(cells), len(values)))
    np.add.at(counts, (at, column), inside["n"].to_numpy(float))
    return SeverityWeights(counts, values, _choices(values[:-1], mean, round(ungraded)))


def _choices(values: FloatArray, mean: float, ungraded: int) -> tuple[Choice, ...]:
    if not len(values):
        return (Choice("weight", "severity", Message("No incident has a severity: all count the same.")),)
    message = Message(
        "Each incident counts by its severity over the mean severity of {mean}: from {least} for the mildest to "
        "{most} for the gravest. Severity is a grade that is read as an amount here: 4 weighs twice as much as 2.",
        {"mean": Num(mean, 1), "least": Num(float(values[0])), "most": Num(float(values[-1]))},
    )
    choices = [Choice("weight", "severity", message)]
    if ungraded:
        without = Message("{n} incidents without a severity count as much as the mean.", {"n": ungraded})
        choices.append(Choice("ungraded", ungraded, without))
    return tuple(choices)
