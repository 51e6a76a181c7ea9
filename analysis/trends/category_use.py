"""Categories that came into use, or out of it, in the midst of the data: their counts are no change of risk to test.

An app that offers a new category, or a police force that renames one, makes "0 before, 319 after" out of nothing.
Whether a category is merely rare or was not in use at first is told by how unlikely its late beginning is: if the m
months with such an alert lay like all other alerts in time, none of them would lie in a first stretch that holds the
share g of the others with the chance (1 - g)^m. Months are counted, and not alerts, since alerts come in bursts.
"""

from __future__ import annotations

from typing import Final

import pandas as pd

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
