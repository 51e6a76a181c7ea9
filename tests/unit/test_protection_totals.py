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
from tests.stored import stored_alerts

FINEST = ["week", "band", "dark", "category", "affected_gender"]


def told(source: Source) -> pd.DataFrame:
    """All alerts."""
    found = records(stored_alerts(source), source.city)
    return found.assign(**{name: found[name].astype(str) for name in ("category", "affected_gender")})


@pytest.fixture(scope="module")
def both(sample: Home) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The sample city for a specialist and for the council."""
    alerts, copy = (told(open_for(sample, who)) for who in (Audience.SPECIALIST, Audience.COUNCIL))
    return alerts, copy


def counted(rows: pd.DataFrame, by: list[str]) -> Counter[tuple[object, ...]]:
    return Counter(rows[by].itertuples(index=False, name=None))


def test_ordinary_counts_of_the_city_are_exact_at_every_time(both: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    alerts, copy = (rows[~rows["sensitive"]] for rows in both)
    assert len(alerts) > 20_000
    assert counted(copy, FINEST) == counted(alerts, FINEST)


def test_sensitive_counts_of_the_city_are_exact_by_month_and_by_quarter_category_and_gender(
    both: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    alerts, copy = (rows[rows["sensitive"]] for rows in both)
    # a quarter with a month under ten keeps its quarters alone
    by_month = alerts.groupby(["quarter", "month"]).size()
    small = by_month[by_month < 10].index.get_level_values("quarter")
    theirs, mine = (rows[~rows["quarter"].isin(small)] for rows in (alerts, copy))
    assert len(theirs) > 0.8 * len(alerts)
    # alike reports of one day move together: where a month has no others of as many, a quarter's months are not exact
    own, shown = counted(theirs, ["quarter", "month"]), counted(mine, ["quarter", "month"])
    assert len({quarter for quarter, month in own if own[quarter, month] != shown[quarter, month]}) <= 1
    assert counted(mine, ["quarter"]) == counted(theirs, ["quarter"])
    months = alerts.groupby("quarter")["month"].nunique()
    whole = months.index[months == 3]  # a quarter of which one month has data counts with its neighbour
    whole = whole[1:-1]
    by = ["quarter", "category", "affected_gender"]
    mine, theirs = (rows[rows["quarter"].isin(whole)] for rows in (copy, alerts))
    assert counted(mine, by) == counted(theirs, by)
