"""What the copy promises to keep exactly (docs/protection.md), and what pages say of it."""

from __future__ import annotations

import re
from collections import Counter
from importlib import import_module
from typing import Final

import pandas as pd
import pytest
from babel.messages.pofile import read_po

from curim_data.engine import Source
from curim_data.model import Audience, i18n
from curim_data.protection import open_for
from curim_data.protection.exchange import exchange as function
from curim_data.store import Home
from pages.parts.methods.general import GENERAL
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


# Words of the time when small counts were withheld from each table instead of being counted in a copy.
WITHHOLDING: Final = re.compile(
    r"protected (counts|numbers)|(counts|numbers)\W+(are|is|stay)\W+protected|protects? (small )?(counts|numbers)"
    r"|would tell|rounded up|to protect people",
    re.IGNORECASE,
)


def messages() -> list[str]:
    with (i18n.LOCALE_DIR / "el" / "LC_MESSAGES" / "curim.po").open("rb") as file:
        found = read_po(file)
    return [one if isinstance(one, str) else one[0] for one in (message.id for message in found) if one]


def test_no_text_speaks_of_withholding() -> None:
    """But for what plans of that time keep (`Caution.WITHHELD`)."""
    kept = "Small counts are protected and left out of some figures."
    found = [text for text in messages() if WITHHOLDING.search(text)]
    assert found == [kept]


def test_the_methods_page_has_the_probabilities_of_the_code() -> None:
    module = import_module(function.__module__)
    entry = next(one for one in GENERAL if one.title == "The protected copy")
    told = [tuple(float(n) for n in re.findall(r"\d+(?:\.\d+)?", formula)) for formula in entry.formulas]
    assert told == [
        (module.RARE, module.LEAST, module.DENSE),
        (module.RARE_SENSITIVE, module.LEAST_SENSITIVE, module.DENSE_SENSITIVE),
    ]
    assert f"under {module.LEAST}, or under {module.LEAST_SENSITIVE} for sensitive" in entry.where
    assert "about half of the sensitive ones" in entry.where
    assert pytest.approx(0.5, abs=0.1) == module.HELD_BACK
