"""What is counted of a city where it stands beside another one: coverage, shares, months, inhabitants.

Each city is counted by itself, in whole months, for the audience that the reader is there; `analysis.comparison`
compares what came of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from analysis.comparison import CountedRate, CountedShare
from analysis.gender import AFFECTED, MAN, WOMAN
from analysis.stats.dispersion import Dispersion
from analysis.stats.result import Choice
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter, month_bounds
from curim_data.model import NO_AFFECTED, NO_CATEGORY, NO_REPORTERS, Gender, KnownTime, Message
from curim_data.model.labels import UNCATEGORISED
from curim_data.privacy import is_sensitive_category, threshold
from curim_data.studies.gender import AFTER_DARK
from curim_data.studies.periods import months_between
from curim_data.studies.scatter import EITHER, WOMEN, Share, area_kind, burst_scatter, share_scatter

Stretch = Literal["12m", "all"]
SharesBy = Literal["kind", "group", "affected", "reporter", "time", "light"]
MONTHS: Final = 12
LEAST_MONTHS: Final = 3  # that both cities' data have to share for a common period
UNSTATED: Final = "unstated"
DARK: Final = "dark"
BAND: Final = 6  # hours
_NOT_STATED: Final = (Gender.UNDISCLOSED.value, Gender.UNKNOWN.value)
_REPORTER: Final = "reporter_gender"


@dataclass(frozen=True)
class Periods:
    """The whole months that are counted of each city, first and last day; `common`: whether they are the same."""

    first: tuple[dt.date, dt.date]
    second: tuple[dt.date, dt.date]
    common: bool


@dataclass(frozen=True)
class CountedPart:
    """One share of a city; `least`: the smallest count of it that is written out, zero apart."""

    key: str
    counted: CountedShare
    least: int


@dataclass(frozen=True)
class Shares:
    """The shares of a city by something; `lacking`: why they are not known, where they are not."""

    parts: tuple[CountedPart, ...] = ()
    lacking: Message | None = None

    def of(self, key: str) -> CountedPart | None:
        """One of them, by its key."""
        return next((part for part in self.parts if part.key == key), None)


@dataclass(frozen=True)
class CityFacts:
    """What a city's data hold at all, whatever the period.

    `formats`: of its exports; `kinds`: of which there are enough alerts to be named; `categories`: how many there are;
    `asked`: the fields that its exports have (`model.absence`).
    """

    first: dt.date
    last: dt.date
    formats: tuple[str, ...]
    kinds: tuple[str, ...]
    categories: int
    known_time: KnownTime
    asked: frozenset[str]
    illustrative: bool
    exact: bool


@dataclass(frozen=True)
class CityFigures:
    """A city in a period.

    Of the `alerts` `placed` have coordinates, `timed` a time of day, and `affected` and `reporters` state a gender.
    `months`: alerts of each month, in order. `rate`: None where the city's profile knows no inhabitants. `least`: the
    smallest of these counts that is written out, zero apart.
    """

    facts: CityFacts
    period: tuple[dt.date, dt.date]
    alerts: float
    placed: float
    timed: float
    affected: float
    reporters: float
    months: tuple[float, ...]
    shares: Mapping[SharesBy, Shares]
    rate: CountedRate | None
    least: int
    choices: tuple[Choice, ...] = ()


def compared_periods(first: Source, second: Source, stretch: Stretch = "12m") -> Periods | None:
    """The whole months to compare: the last twelve that both cities have, or all of them.

    Where they share fewer than three, the last twelve of each, or all. None where a city has no whole month.
    """
    own = [_whole_months(source) for source in (first, second)]
    if own[0] is None or own[1] is None:
        return None
    start, end = max(own[0][0], own[1][0]), min(own[0][1], own[1][1])
    if start <= end and months_between(start, end) + 1 >= LEAST_MONTHS:
        both = _last(start, end, stretch)
        return Periods(both, both, common=True)
    return Periods(_last(*own[0], stretch), _last(*own[1], stretch), common=False)


def _whole_months(source: Source) -> tuple[dt.date, dt.date] | None:
    """First and last day of the whole months that a city's data cover."""
    if not source.count:
        return None
    start, end = source.first, source.as_of
    if start.day > 1:
        start = month_bounds(start, 1)[0]
    if (end + dt.timedelta(days=1)).day > 1:
        end = end.replace(day=1) - dt.timedelta(days=1)
    return (start, end) if start <= end else None


def _last(start: dt.date, end: dt.date, stretch: Stretch) -> tuple[dt.date, dt.date]:
    return (max(start, month_bounds(end, 1 - MONTHS)[0]), end) if stretch == "12m" else (start, end)


def city_figures(source: Source, period: tuple[dt.date, dt.date]) -> CityFigures:
    """Count one city."""
    f = AlertFilter(period="", start=period[0], end=period[1])
    total = query.total(source, f)
    scatter = burst_scatter(source, f, area_kind(source))
    months = query.counts(source, f, ["month"], complete=True).frame.dropna(subset=["month"])
    in_order = months.sort_values("month")["n"].to_numpy(float)
    return CityFigures(
        facts=_facts(source),
        period=period,
        alerts=float(total.n),
        placed=float(total.n - total.unmapped),
        timed=_timed(source, f),
        affected=_stated(source, f, AFFECTED),
        reporters=_stated(source, f, _REPORTER),
        months=tuple(in_order.tolist()),
        shares=_all_shares(source, f, float(total.n), scatter),
        rate=_rate(source, float(total.n), period, scatter),
        least=threshold(source, False),
        choices=(scatter.choice,),
    )


def _facts(source: Source) -> CityFacts:
    everything = AlertFilter(period="all")
    kinds = query.counts(source, everything, ["kind"]).shown.frame
    categories = query.counts(source, everything, ["category"]).shown.frame
    named = categories["category"].notna() & (categories["category"] != UNCATEGORISED) & (categories["n"] > 0)
    return CityFacts(
        first=source.first,
        last=source.as_of,
        formats=_formats(source),
        kinds=tuple(sorted(str(kind) for kind in kinds.loc[kinds["n"] > 0, "kind"].dropna())),
        categories=int(named.sum()),
        known_time=source.known_time,
        asked=source.asked,
        illustrative=source.city.illustrative,
        exact=not source.protected,
    )


def _formats(source: Source) -> tuple[str, ...]:
    """The formats of the exports that all stored alerts came from."""
    exact = source.exact or source
    found = exact.once("formats", "", lambda: exact.alerts.select("DISTINCT source")["source"].to_pylist())
    return tuple(sorted(str(name) for name in found if name))


def _timed(source: Source, f: AlertFilter) -> float:
    if source.lacks("hour") is not None:
        return 0.0
    frame = query.counts(source, f, ["hour"]).frame
    return float(frame.loc[frame["hour"].notna(), "n"].sum())


def _stated(source: Source, f: AlertFilter, column: str) -> float:
    if column not in source.asked:
        return 0.0
    frame = query.counts(source, f, [column]).frame
    return float(frame.loc[frame[column].notna() & ~frame[column].isin(_NOT_STATED), "n"].sum())


def _all_shares(source: Source, f: AlertFilter, alerts: float, scatter: Dispersion) -> dict[SharesBy, Shares]:
    light = _light(source, f)
    by_hour = max((scatter, *(part.counted.scatter for part in light.parts)), key=lambda one: (one.known, one.value))
    return {
        "kind": _of_alerts(source, f, "kind", alerts, scatter),
        "group": _groups(source, f, alerts, scatter),
        "affected": _gender(source, f, AFFECTED),
        "reporter": _gender(source, f, _REPORTER),
        "time": _times_of_day(source, f, by_hour),
        "light": light,
    }


def _of_alerts(source: Source, f: AlertFilter, column: str, alerts: float, scatter: Dispersion) -> Shares:
    """Shares of all alerts by the values of a column; one of several categories counts in each of their groups."""
    counted = query.counts(source, f, [column])
    least = np.broadcast_to(np.asarray(counted.least), len(counted.frame))
    rows = zip(counted.frame[column], counted.frame["n"], least, strict=True)
    return Shares(
        tuple(
            CountedPart(str(value), CountedShare(float(n), alerts, scatter), int(smallest))
            for value, n, smallest in rows
            if isinstance(value, str) and value
        )
    )


def _groups(source: Source, f: AlertFilter, alerts: float, scatter: Dispersion) -> Shares:
    """Shares by the groups of the city's tree of categories, those without an alert too."""
    if not source.city.groups:
        return Shares(lacking=NO_CATEGORY)
    found = _of_alerts(source, f, "group", alerts, scatter)
    parts = []
    for group in source.city.groups:
        members = [name for name, category in source.city.categories.items() if category.group == group]
        strict = any(is_sensitive_category(name, source.city) for name in members)
        none = CountedPart(group, CountedShare(0.0, alerts, scatter), threshold(source, strict))
        parts.append(found.of(group) or none)
    return Shares(tuple(parts))


def _gender(source: Source, f: AlertFilter, column: str) -> Shares:
    """Women among women and men, as on the page Gender, and of all those of whom nothing is stated."""
    if column not in source.asked:
        return Shares(lacking=NO_AFFECTED if column == AFFECTED else NO_REPORTERS)
    frame = query.counts(source, f, [column], complete=True).frame
    n = frame.dropna(subset=[column]).set_index(column)["n"].astype(float)
    scatter = share_scatter(source, f, Share(column, WOMEN, EITHER), area_kind(source))
    women, men = float(n.get(WOMAN, 0.0)), float(n.get(MAN, 0.0))
    unstated = float(n.reindex(_NOT_STATED, fill_value=0.0).sum())
    least = threshold(source, False)
    return Shares(
        (
            CountedPart(WOMAN, CountedShare(women, women + men, scatter), least),
            CountedPart(UNSTATED, CountedShare(unstated, float(frame["n"].sum()), scatter), least),
        )
    )


def _times_of_day(source: Source, f: AlertFilter, scatter: Dispersion) -> Shares:
    """Shares by six hours of the day, the same bands for every audience, of the alerts whose hour is known."""
    if (lacking := source.lacks("hour")) is not None:
        return Shares(lacking=lacking)
    frame = query.counts(source, f, ["hour"]).frame.dropna(subset=["hour"])
    n = frame["n"].astype(float).groupby(frame["hour"].astype(int) // BAND).sum()
    known, least = float(n.sum()), threshold(source, False)
    return Shares(
        tuple(
            CountedPart(str(band), CountedShare(float(n.get(band, 0.0)), known, scatter), least)
            for band in range(24 // BAND)
        )
    )


def _light(source: Source, f: AlertFilter) -> Shares:
    """The share after dark, of the alerts of which that is known."""
    if (lacking := source.lacks_light) is not None:
        return Shares(lacking=lacking)
    frame = query.counts(source, f, [DARK]).frame.dropna(subset=[DARK])
    dark, n = frame[DARK].astype(bool).to_numpy(), frame["n"].to_numpy(float)
    counted = CountedShare(
        float(n[dark].sum()), float(n.sum()), share_scatter(source, f, AFTER_DARK, area_kind(source))
    )
    return Shares((CountedPart(DARK, counted, threshold(source, False)),))


def _rate(source: Source, alerts: float, period: tuple[dt.date, dt.date], scatter: Dispersion) -> CountedRate | None:
    residents = inhabitants(source.city.population)
    if residents is None:
        return None
    return CountedRate(alerts, residents, (period[1] - period[0]).days + 1, scatter)


def inhabitants(population: pd.DataFrame | None) -> float | None:
    """All inhabitants of a city; None where its profile does not know them."""
    if population is None or population.empty:
        return None
    columns: Any = ["total"] if "total" in population else ["women", "men"]
    if not set(columns) <= set(population):
        return None
    found = population[columns].astype(float).to_numpy()
    total = float(found.sum()) if np.isfinite(found).all() else 0.0
    return total if total > 0 else None
