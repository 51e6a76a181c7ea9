"""What the copy promises to keep exactly: the city's counts by time, category and gender (docs/protection.md)."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest

from curim_data.engine import Source
from curim_data.model import Audience
from curim_data.protection import open_for
from curim_data.store import Home
from tests.attacker.records import records

FINEST = ["week", "band", "dark", "category", "affected_gender"]


def with_reports(source: Source) -> pd.DataFrame:
    """All alerts, with `report`: 0 for the first of its incident."""
    table = source.table.to_pyarrow()
    shared = source.shared_incidents().to_pandas().set_index("alert_id")["report"]
    told = records(table, source.city)
    for name in ("category", "affected_gender"):
        told[name] = told[name].astype(str)
    return told.assign(report=shared.reindex(table["alert_id"].to_pylist()).fillna(0).to_numpy())


@pytest.fixture(scope="module")
def both(sample: Home) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The sample city for a specialist and for the council."""
    alerts, copy = (with_reports(open_for(sample, who)) for who in (Audience.SPECIALIST, Audience.COUNCIL))
    return alerts, copy


def counted(rows: pd.DataFrame, by: list[str]) -> Counter[tuple[object, ...]]:
    return Counter(rows[by].itertuples(index=False, name=None))


@pytest.mark.parametrize("of", ["alerts", "incidents"])
def test_ordinary_counts_of_the_city_are_exact_at_every_time(of: str, both: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    alerts, copy = (rows[~rows["sensitive"] & ((of == "alerts") | (rows["report"] == 0))] for rows in both)
    assert len(alerts) > 20_000
    assert counted(copy, FINEST) == counted(alerts, FINEST)


@pytest.mark.parametrize("of", ["alerts", "incidents"])
def test_sensitive_counts_of_the_city_are_exact_by_month_and_by_quarter_category_and_gender(
    of: str, both: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    alerts, copy = (rows[rows["sensitive"] & ((of == "alerts") | (rows["report"] == 0))] for rows in both)
    # of first reports, and of later ones, a quarter with a month under ten keeps its quarters alone
    by_month = alerts.groupby([alerts["report"] > 0, "quarter", "month"]).size()
    small = by_month[by_month < 10].index.get_level_values("quarter")
    theirs, mine = (rows[~rows["quarter"].isin(small)] for rows in (alerts, copy))
    assert len(theirs) > 0.8 * len(alerts)
    assert counted(mine, ["month"]) == counted(theirs, ["month"])
    months = alerts.groupby("quarter")["month"].nunique()
    whole = months.index[months == 3]  # a quarter of which one month has data counts with its neighbour
    whole = whole[1:-1]
    by = ["quarter", "category", "affected_gender"]
    mine, theirs = (rows[rows["quarter"].isin(whole)] for rows in (copy, alerts))
    assert counted(mine, by) == counted(theirs, by)


def test_an_incident_has_as_many_reports_in_the_copy(both: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    alerts, copy = (Counter(rows["report"].tolist()) for rows in both)
    assert copy == alerts
    assert copy[1] > 3_000
