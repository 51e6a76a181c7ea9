"""Two filters on one map, where the one has a larger part of its alerts than the other; and what is counted of a city
where it stands beside another one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, Literal
from urllib.parse import parse_qsl

import numpy as np
import pandas as pd

from analysis.comparison import CountedRate, CountedShare, MapComparison, MapLabel, compare_maps
from analysis.gender import AFFECTED, MAN, REPORTER, WOMAN
from analysis.grid import resolution_for
from analysis.spots.naming import SpotName, name_spots
from analysis.stats.dispersion import Dispersion
from analysis.stats.intervals import Choice
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter, asked_categories, month_bounds
from curim_data.model import (
    NO_AFFECTED,
    NO_CATEGORY,
    NO_POSITIONS,
    NO_REPORTERS,
    Gender,
    KnownTime,
    Message,
    MessageError,
    fewer_than,
)
from curim_data.model.labels import UNCATEGORISED
from curim_data.privacy import (
    DisclosureError,
    WrittenCounts,
    askable,
    finest_resolution,
    is_sensitive_category,
    threshold,
)
from curim_data.query import Total
from curim_data.studies.cells import OF_CITY, affordable_size, default_coordinates, whole_city
from curim_data.studies.gender import AFTER_DARK
from curim_data.studies.hot_spots import known_places
from curim_data.studies.periods import (
    DAY,
    EITHER,
    WOMEN,
    Share,
    area_kind,
    burst_scatter,
    months_between,
    place_scatter,
    share_scatter,
)

# By the word that stands for it in a link and at the command line.
PRESETS: Final[dict[str, Message]] = {
    "light": Message("After dark and by day"),
    "others": Message("These categories and all others"),
}
_SIDES: Final[dict[str, tuple[MapLabel, MapLabel]]] = {
    "light": (
        MapLabel(Message("After dark"), Message("happen after dark")),
        MapLabel(Message("By day"), Message("happen by day")),
    ),
    "others": (
        MapLabel(Message("These categories"), Message("are of these categories")),
        MapLabel(Message("All others"), Message("are of other categories")),
    ),
    "": (
        MapLabel(Message("First filter"), Message("fit the first filter")),
        MapLabel(Message("Second filter"), Message("fit the second filter")),
    ),
}
PICK_CATEGORIES: Final = Message("Pick one or more categories first: they are compared with all others.")
_BOTH: Final = Choice(
    "shared",
    "both",
    Message("An alert that fits both sides counts on both, which makes differences look smaller than they are."),
)


class CompareError(MessageError, ValueError):
    """Two sides that cannot be compared; `message` says why."""


@dataclass(frozen=True)
class FilterPair:
    """The two filters of a comparison, over the whole city, with their words."""

    first: AlertFilter
    second: AlertFilter
    a: MapLabel
    b: MapLabel
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class CompareStudy:
    """A comparison with how many alerts each side has, its places' names by id, and the size of its cells."""

    pair: FilterPair
    totals: tuple[Total, Total]
    comparison: MapComparison
    names: dict[str, SpotName]
    resolution: int
    choices: tuple[Choice, ...]


def available_presets(source: Source, f: AlertFilter) -> tuple[str, ...]:
    """The comparisons that make sense for these alerts under a filter.

    Light only where hours are known, categories against all others only where some are named. Genders are compared by
    `studies.gender`, periods by `studies.changes`: no second test judges them here.
    """
    offered = {"light": source.lacks_light is None, "others": bool(f.categories or f.groups)}
    return tuple(name for name in PRESETS if offered[name])


def filter_pair(source: Source, f: AlertFilter, against: str) -> FilterPair:
    """The two sides of a preset (a key of `PRESETS`), or of the filter and itself with other words ("affected=man").

    Districts, places and picked cells are left out of both: a place is compared with the rest of the city. Raises
    CompareError for an unknown preset or word, where no day of data lies before, or where both sides are the same.
    """
    whole = whole_city(f)
    if "=" not in against and against not in PRESETS:
        raise CompareError(
            Message(
                "Against “{asked}”: known are {known}, or words of a filter such as affected=man.",
                {"asked": against, "known": ", ".join(PRESETS)},
            )
        )
    find = _other if "=" in against else _preset
    first, second, choices = find(source, whole, against)
    if first == second:
        raise CompareError(Message("Both sides are the same filter: there is nothing to compare."))
    a, b = _SIDES["" if "=" in against else against]
    if whole != f:
        choices = (*choices, Choice("area", "city", OF_CITY))
    return FilterPair(first, second, a, b, choices)


def compare_study(source: Source, f: AlertFilter, against: str, resolution: int | None = None) -> CompareStudy:
    """Where two filters differ on the map, from counts of both on the same cells.

    `against`: see `filter_pair`. `resolution`: H3 resolution of the cells; chosen for the smaller side unless given,
    and always the one size that an audience without exact counts may see. Raises CompareError, and DisclosureError
    where that audience may see the two sides only in cells of different sizes. CompareError too where a side has
    alerts and none of them on the map.
    """
    pair = filter_pair(source, f, against)
    if why := [*askable(pair.first, source)[1], *askable(pair.second, source)[1]]:
        raise CompareError(why[0])
    totals = query.total(source, pair.first), query.total(source, pair.second)
    if any(total.nowhere for total in totals):
        raise CompareError(NO_POSITIONS)
    chosen = _resolution(source, pair, resolution)
    size = int(chosen.value)
    first, second = (query.cells(source, side, size) for side in (pair.first, pair.second))
    scatter = max((place_scatter(source, side, size) for side in (pair.first, pair.second)), key=attrgetter("value"))
    found = compare_maps(first.frame, second.frame, pair.a, pair.b, scatter=scatter)
    found = found.for_readers(max(WrittenCounts.of(side, source).least() for side in (pair.first, pair.second)))
    choices = (
        chosen,
        *pair.choices,
        *_neither(source, pair, against, totals),
        *found.choices,
        *default_coordinates(first.at_default + second.at_default),
    )
    return CompareStudy(pair, totals, found, name_spots(found.places, source.city, known_places(source)), size, choices)


def _neither(source: Source, pair: FilterPair, against: str, totals: tuple[Total, Total]) -> tuple[Choice, ...]:
    """How many alerts of the filter are neither of the light nor of the dark, if any."""
    if against != "light":
        return ()
    whole = query.total(source, pair.first.without("dark"))
    left = whole.n - sum(total.n for total in totals)
    said = fewer_than(whole.threshold) if whole.shown(left) is None else left
    told = Message("Alerts on neither side, as their light is not known: {n}.", {"n": said})
    return (Choice("neither", "light", told),) if left else ()


def _resolution(source: Source, pair: FilterPair, asked: int | None) -> Choice:
    """How large the cells are: one size for both sides."""
    sizes = [finest_resolution(source, side) for side in (pair.first, pair.second)]
    if source.protected:
        if sizes[0] != sizes[1]:
            raise DisclosureError(
                Message(
                    "Here this audience sees the two sides in cells of different sizes, so that they cannot be laid "
                    "over each other: ask as analyst or specialist, or compare categories of one kind."
                )
            )
        return Choice("resolution", sizes[0], Message("Cells of the size that the protected copy has."))
    if asked is not None:
        return affordable_size(source.city, min(asked, *sizes))
    city = source.city
    return resolution_for(
        min(query.total(source, side).mapped for side in (pair.first, pair.second)),
        city.area_km2,
        finest=min(sizes),
        cells=city.sampled_cells,
        affordable=city.finest_affordable(),
        maps=2,
    )


def _other(source: Source, whole: AlertFilter, words: str) -> tuple[AlertFilter, AlertFilter, tuple[Choice, ...]]:
    """The filter, and the same with other words in place of its own."""
    given = dict(parse_qsl(words, keep_blank_values=True))
    known = {word for field in whole.fields() for word in field.words}
    if unknown := [word for word in given if word not in known]:
        raise CompareError(Message("“{word}” is no word of a filter.", {"word": unknown[0]}))
    asked = {**whole.to_query(), **given}
    if {"from", "to"} & set(given):
        asked.pop("period", None)
    other, said = AlertFilter.from_query(asked, source.city, source.other_categories)
    if said:
        raise CompareError(said[0])
    return whole, whole_city(other), (_BOTH,)


def _preset(source: Source, whole: AlertFilter, against: str) -> tuple[AlertFilter, AlertFilter, tuple[Choice, ...]]:
    """Both filters of a preset; what it compares takes the place of the filter's own values."""
    if against == "others":
        asked = asked_categories(whole, source.city)
        others = tuple(name for name in (*source.city.categories, *source.other_categories) if name not in asked)
        if not asked or not others:
            raise CompareError(PICK_CATEGORIES)
        return whole, whole.replace(groups=(), categories=others), (_BOTH,)
    if (lacking := source.lacks_light) is not None:
        raise CompareError(lacking)
    return whole.replace(dark=True), whole.replace(dark=False), ()


Stretch = Literal["12m", "all"]
SharesBy = Literal["kind", "group", "affected", "reporter", "time", "light"]
MONTHS: Final = 12
LEAST_MONTHS: Final = 3  # that both cities' data have to share for a common period
UNSTATED: Final = "unstated"
DARK: Final = "dark"
BAND: Final = 6  # hours
_NOT_STATED: Final = (Gender.UNDISCLOSED.value, Gender.UNKNOWN.value)


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
    shares: Mapping[SharesBy, Mapping[str, CountedPart] | Message]
    rate: CountedRate | None
    least: int


def compared_periods(first: Source, second: Source, stretch: Stretch = "12m") -> Periods | None:
    """The whole months to compare: the last twelve that both cities have, or all of them.

    Where they share fewer than three, the last twelve of each, or all. None where a city has no whole month.
    """
    own = [_whole_months(source) for source in (first, second)]
    if own[0] is None or own[1] is None:
        return None
    start, end = max(own[0][0], own[1][0]), min(own[0][1], own[1][1])
    common = start <= end and months_between(start, end) + 1 >= LEAST_MONTHS
    spans = [(start, end)] * 2 if common else [own[0], own[1]]
    if stretch == "12m":
        spans = [(max(first, month_bounds(last, 1 - MONTHS)[0]), last) for first, last in spans]
    return Periods(spans[0], spans[1], common=common)


def _whole_months(source: Source) -> tuple[dt.date, dt.date] | None:
    """First and last day of the whole months that a city's data cover."""
    if not source.count:
        return None
    start = month_bounds(source.first, int(source.first.day > 1))[0]
    end = month_bounds(source.as_of + DAY, -1)[1]
    return (start, end) if start <= end else None


def city_figures(source: Source, period: tuple[dt.date, dt.date]) -> CityFigures:
    """Count one city."""
    f = AlertFilter(period="", start=period[0], end=period[1])
    total = query.total(source, f)
    scatter = burst_scatter(source, f, area_kind(source))
    months = query.counts(source, f, ["month"], complete=True).frame.dropna(subset=["month"])
    residents, days = inhabitants(source.city.population), (period[1] - period[0]).days + 1
    in_order = months.sort_values("month")["n"].to_numpy(float)
    return CityFigures(
        facts=_facts(source),
        period=period,
        alerts=float(total.n),
        placed=float(total.n - total.unmapped),
        timed=_stated(source, f, "hour"),
        affected=_stated(source, f, AFFECTED),
        reporters=_stated(source, f, REPORTER),
        months=tuple(in_order.tolist()),
        shares=_all_shares(source, f, float(total.n), scatter),
        rate=None if residents is None else CountedRate(float(total.n), residents, days, scatter),
        least=threshold(source, False),
    )


def _facts(source: Source) -> CityFacts:
    everything, exact = AlertFilter(period="all"), source.exact or source
    formats = exact.once("formats", "", lambda: exact.alerts.select("DISTINCT source")["source"].to_pylist())
    kinds = query.counts(source, everything, ["kind"]).shown.frame
    categories = query.counts(source, everything, ["category"]).shown.frame
    named = categories["category"].notna() & (categories["category"] != UNCATEGORISED) & (categories["n"] > 0)
    return CityFacts(
        first=source.first,
        last=source.as_of,
        formats=tuple(sorted(str(name) for name in formats if name)),
        kinds=tuple(sorted(str(kind) for kind in kinds.loc[kinds["n"] > 0, "kind"].dropna())),
        categories=int(named.sum()),
        known_time=source.known_time,
        asked=source.asked,
        illustrative=source.city.illustrative,
        exact=not source.protected,
    )


def _stated(source: Source, f: AlertFilter, column: str) -> float:
    """Alerts whose gender is stated, or whose hour is known; none where no export says it."""
    if source.lacks("hour") is not None if column == "hour" else column not in source.asked:
        return 0.0
    frame = query.counts(source, f, [column]).frame
    return float(frame.loc[frame[column].notna() & ~frame[column].isin(_NOT_STATED), "n"].sum())


def _all_shares(
    source: Source, f: AlertFilter, alerts: float, scatter: Dispersion
) -> dict[SharesBy, dict[str, CountedPart] | Message]:
    """The shares of a city by each of `SharesBy`, by their keys; or why they are not known."""
    city, hour, light = source.city, source.lacks("hour"), source.lacks_light
    after_dark = scatter if light is not None else share_scatter(source, f, AFTER_DARK, area_kind(source))
    by_hour = max(scatter, after_dark, key=lambda one: (one.known, one.value))
    return {
        "kind": _of_alerts(source, f, "kind", alerts, scatter),
        "group": _groups(source, f, alerts, scatter) if city.groups else NO_CATEGORY,
        "affected": _gender(source, f, AFFECTED) if AFFECTED in source.asked else NO_AFFECTED,
        "reporter": _gender(source, f, REPORTER) if REPORTER in source.asked else NO_REPORTERS,
        "time": hour or _of_known(source, f, "hour", by_hour),
        "light": light or _of_known(source, f, DARK, after_dark),
    }


def _of_alerts(
    source: Source, f: AlertFilter, column: str, alerts: float, scatter: Dispersion
) -> dict[str, CountedPart]:
    """Shares of all alerts by the values of a column; one of several categories counts in each of their groups."""
    counted = query.counts(source, f, [column])
    rows = zip(counted.frame[column], counted.frame["n"], counted.least, strict=True)
    return {
        value: CountedPart(value, CountedShare(float(n), alerts, scatter), int(least))
        for value, n, least in rows
        if isinstance(value, str) and value
    }


def _groups(source: Source, f: AlertFilter, alerts: float, scatter: Dispersion) -> dict[str, CountedPart]:
    """Shares by the groups of the city's tree of categories, those without an alert too."""
    city, found = source.city, _of_alerts(source, f, "group", alerts, scatter)
    none = CountedShare(0.0, alerts, scatter)
    strict = {one.group for name, one in city.categories.items() if is_sensitive_category(name, city)}
    return {one: found.get(one) or CountedPart(one, none, threshold(source, one in strict)) for one in city.groups}


def _gender(source: Source, f: AlertFilter, column: str) -> dict[str, CountedPart]:
    """Women among women and men, as on the page Gender, and of all those of whom nothing is stated."""
    n = query.counts(source, f, [column], complete=True).frame.set_index(column)["n"].astype(float)
    scatter = share_scatter(source, f, Share(column, WOMEN, EITHER), area_kind(source))
    women, unstated = float(n.get(WOMAN, 0.0)), float(n.reindex(_NOT_STATED, fill_value=0.0).sum())
    shares = {WOMAN: (women, women + float(n.get(MAN, 0.0))), UNSTATED: (unstated, float(n.sum()))}
    least = threshold(source, False)
    return {key: CountedPart(key, CountedShare(*share, scatter), least) for key, share in shares.items()}


def _of_known(source: Source, f: AlertFilter, column: str, scatter: Dispersion) -> dict[str, CountedPart]:
    """Shares of the alerts of which it is known, by six hours of the day, the same bands for every audience; or after
    dark.
    """
    frame = query.counts(source, f, [column]).frame.dropna(subset=[column])
    part = frame[column].astype(bool) if column == DARK else frame[column].astype(int) // BAND
    n = frame["n"].astype(float).groupby(part).sum()
    keys = {DARK: True} if column == DARK else {str(band): band for band in range(24 // BAND)}
    known, least = float(n.sum()), threshold(source, False)
    shares = {key: CountedShare(float(n.get(value, 0.0)), known, scatter) for key, value in keys.items()}
    return {key: CountedPart(key, share, least) for key, share in shares.items()}


def inhabitants(population: pd.DataFrame | None) -> float | None:
    """All inhabitants of a city; None where its profile does not know them."""
    if population is None or population.empty:
        return None
    columns: Any = ["total"] if "total" in population else ["women", "men"]
    total = population.reindex(columns=columns).astype(float).to_numpy().sum()
    return float(total) if np.isfinite(total) and total > 0 else None
