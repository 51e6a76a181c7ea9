"""What reporting itself does to counts: delays, and categories that come into use or go out of it.

How late alerts are reported, so that the last periods are not mistaken for a fall.

Categories that came into use, or out of it, in the midst of the data: their counts are no change of risk to test.

An app that offers a new category, or a police force that renames one, makes "0 before, 319 after" out of nothing.
Whether a category is merely rare or was not in use at first is told by how unlikely its late beginning is: if the m
months with such an alert lay like all other alerts in time, none of them would lie in a first stretch that holds the
share g of the others with the chance (1 - g)^m. Months are counted, and not alerts, since alerts come in bursts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.optimize import isotonic_regression

from curim_data.model import FloatArray

# Days after an event within which nearly all of its alerts are reported; those reported later are left out.
LONGEST: Final = 90
# Fewer alerts than this, or a smaller part of them whose report has a time of its own, teach nothing of delays.
_LEAST_ALERTS: Final = 100
_LEAST_PART: Final = 0.02


@dataclass(frozen=True)
class ReportingLag:
    """Which part of a day's alerts is reported so many days later.

    `shares`: by days since the event (0 to 90) the part that is reported by then, from 0 to 1, never falling; empty
    where nothing is known. `until`: the last day on which reports could reach the data.
    """

    shares: FloatArray
    until: dt.date

    @property
    def known(self) -> bool:
        """Whether the delay could be learned."""
        return len(self.shares) > 0

    def part(self, starts: Sequence[dt.date], ends: Sequence[dt.date]) -> FloatArray:
        """The part of the alerts of periods, first and last day included, that is reported; at least 1 %."""
        if not self.known or not len(starts):
            return np.ones(len(starts))
        # Sums of the shares by days since the event; all days before the table are complete.
        total = np.concatenate([[0.0], np.cumsum(self.shares)])
        last = np.array([(self.until - day).days for day in starts])
        first = np.array([(self.until - day).days for day in ends])
        days = last - first + 1
        low, high = np.clip(first, 0, len(self.shares)), np.clip(last + 1, 0, len(self.shares))
        within = total[high] - total[low]
        beyond = np.maximum(last + 1 - np.maximum(first, len(self.shares)), 0)
        return np.asarray(np.maximum((within + beyond) / days, 0.01), dtype=float)


def nothing_known(until: dt.date) -> ReportingLag:
    """The lag of data that do not tell when an alert was reported."""
    return ReportingLag(np.array([]), until)


def lag_of_reports(counts: pd.DataFrame, until: dt.date) -> ReportingLag:
    """The delay from counts by `lag` (days from event to report) and `own` (whether the report has its own time).

    `counts` has these and n. Of alerts that are only known by their report the lag is zero. Give alerts whose event
    lies at least 90 days before the last report, so that late ones are as well known as prompt ones. Where next to no
    event has a report of its own time, nothing is known.
    """
    total = float(counts["n"].sum())
    own = float(counts.loc[counts["own"], "n"].sum())
    if total < _LEAST_ALERTS or own < _LEAST_PART * total:
        return nothing_known(until)
    days = counts["lag"].to_numpy(dtype=float)
    inside = (days >= 0) & (days <= LONGEST)
    by_day = np.bincount(days[inside].astype(int), counts["n"].to_numpy(dtype=float)[inside], LONGEST + 1)
    return ReportingLag(np.cumsum(by_day) / by_day.sum(), until)


def lag_of_imports(counts: pd.DataFrame, until: dt.date) -> ReportingLag:
    """The delay from successive imports: what each brought of days that the one before it had covered.

    `counts` has `batch` (in order of time), `day` (of the event, date) and n. At each import but the last, the alerts
    known of a day so many days before that import's last day are compared with those known in the end, over days that a
    later import reaches by 30 days or more. Nothing is known without such an import.

    Lawless, J. F. (1994). Adjustments for reporting delays and the prediction of occurred but not reported events.
    Canadian Journal of Statistics 22, 15-31.
    """
    table = counts.pivot_table(index="batch", columns="day", values="n", aggfunc="sum").fillna(0).sort_index()
    if len(table) < 2:
        return nothing_known(until)
    days = np.array(pd.to_datetime(table.columns), dtype="datetime64[D]").astype(int)
    known = table.to_numpy(dtype=float).cumsum(axis=0)
    last_day = np.maximum.accumulate(
        np.array([days[row > 0].max(initial=days[0]) for row in table.to_numpy(dtype=float)])
    )
    then, finally_ = np.zeros(LONGEST + 1), np.zeros(LONGEST + 1)
    for at in range(len(table) - 1):
        if last_day[-1] - last_day[at] < 30:
            continue
        age = last_day[at] - days
        use = (age >= 0) & (age <= LONGEST)
        then += np.bincount(age[use], known[at][use], LONGEST + 1)
        finally_ += np.bincount(age[use], known[-1][use], LONGEST + 1)
    if finally_.sum() < _LEAST_ALERTS:
        return nothing_known(until)
    shares = np.divide(then, finally_, out=np.ones(LONGEST + 1), where=finally_ > 0)
    weight = np.maximum(finally_, 1e-9)
    return ReportingLag(isotonic_regression(shares, weights=weight).x, until)


LEVEL: Final = 0.01  # chance of calling any category of a city new, or given up, that is only rare


def category_use(counts: pd.DataFrame, level: float = LEVEL) -> pd.DataFrame:
    """When each category was in use.

    `counts`: one row for each category and month that has an alert, with the columns category, month (Timestamp) and n.
    Gives by category: first and last (Timestamp, its first and its last month with an alert), n (alerts), new and
    given_up (bool: it came into use after the data begin, or out of it before they end, beyond chance at `level`, which
    is divided by twice the number of categories). No category is either where it is the only one.
    """
    rows = counts[counts["n"] > 0]
    grouped = rows.groupby("category", observed=True)
    use = grouped.agg(first=("month", "min"), last=("month", "max"), n=("n", "sum"), months=("month", "nunique"))
    everything = rows.groupby("month")["n"].sum()
    own = rows.set_index(["category", "month"])["n"].groupby(level=[0, 1], observed=True).sum()
    new: list[bool] = []
    given_up: list[bool] = []
    columns = ("first", "last", "months")
    for name, first, last, months in zip(use.index, *(use[column] for column in columns), strict=True):
        others = everything.subtract(own.loc[name], fill_value=0)
        total = others.sum()
        for found, outside in ((new, others[others.index < first]), (given_up, others[others.index > last])):
            share = outside.sum() / total if total > 0 else 0.0
            found.append(bool(2 * len(use) * (1 - share) ** months <= level))
    return use.drop(columns="months").assign(new=new, given_up=given_up)
