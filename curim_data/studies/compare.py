"""Two filters on one map: where the one has a larger part of its alerts than the other, and how sure that is."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final
from urllib.parse import parse_qsl

import pandas as pd

from analysis.comparison import MapComparison, MapLabel, compare_maps
from analysis.grid.cells import resolution_for
from analysis.spots.naming import SpotName, name_spots
from analysis.stats.result import Choice
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter, asked_categories, month_bounds
from curim_data.model import NO_AFFECTED, NO_POSITIONS, NO_REPORTERS, Gender, Message, MessageError, Span
from curim_data.privacy import DisclosureError, WrittenCounts, askable, finest_resolution
from curim_data.query import Total
from curim_data.studies.cells import affordable_size, default_coordinates, nested_cells, whole_city
from curim_data.studies.hot_spots import known_places
from curim_data.studies.periods import months_between
from curim_data.studies.scatter import place_scatter

# By the word that stands for it in a link and at the command line.
PRESETS: Final[dict[str, Message]] = {
    "gender": Message("Women and men affected"),
    "reporter": Message("Women and men who report"),
    "light": Message("After dark and by day"),
    "before": Message("This period and the period before"),
    "year": Message("This period and a year before"),
    "others": Message("These categories and all others"),
}
_SIDES: Final[dict[str, tuple[MapLabel, MapLabel]]] = {
    "gender": (
        MapLabel(Message("Women affected"), Message("affect women")),
        MapLabel(Message("Men affected"), Message("affect men")),
    ),
    "reporter": (
        MapLabel(Message("Women who report"), Message("are reported by women")),
        MapLabel(Message("Men who report"), Message("are reported by men")),
    ),
    "light": (
        MapLabel(Message("After dark"), Message("happen after dark")),
        MapLabel(Message("By day"), Message("happen by day")),
    ),
    "before": (
        MapLabel(Message("This period"), Message("are from this period")),
        MapLabel(Message("The period before"), Message("are from the period before")),
    ),
    "year": (
        MapLabel(Message("This period"), Message("are from this period")),
        MapLabel(Message("A year before"), Message("are from a year before")),
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
# The field of the filter whose values are compared, and the two of them.
_VALUES: Final[dict[str, tuple[str, Any, Any]]] = {
    "gender": ("affected", (Gender.WOMAN.value,), (Gender.MAN.value,)),
    "reporter": ("reporters", (Gender.WOMAN.value,), (Gender.MAN.value,)),
    "light": ("dark", True, False),
}
# What an export must ask for, and what is said where it does not.
_ASKED: Final = {"gender": ("affected_gender", NO_AFFECTED), "reporter": ("reporter_gender", NO_REPORTERS)}
# Which alerts of the filter are on neither side.
_NEITHER: Final = {
    "gender": (
        Message(
            "On neither side: alerts that affect another gender, or where the gender is not disclosed or not known."
        ),
        Message(
            "On neither side: {n} of {whole} alerts, which affect another gender, or where the gender is not disclosed "
            "or not known."
        ),
    ),
    "reporter": (
        Message(
            "On neither side: alerts reported by another gender, or where the gender is not disclosed or not known."
        ),
        Message(
            "On neither side: {n} of {whole} alerts, reported by another gender, or where the gender is not disclosed "
            "or not known."
        ),
    ),
    "light": (
        Message("On neither side: alerts without a known hour or position, whose light is not known."),
        Message("On neither side: {n} of {whole} alerts, without a known hour or position, whose light is not known."),
    ),
}
_BOTH: Final = Choice(
    "shared",
    "both",
    Message("An alert that fits both sides counts on both, which makes differences look smaller than they are."),
)
_YEAR: Final = dt.timedelta(weeks=52)
# Days by which a period may miss whole years and still hold every season as often.
_NEARLY: Final = 7
YEAR_DAYS: Final = 365.25


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

    Genders only where the export asks for them, light only where hours are known, categories against all others only
    where some are named.
    """
    offered = {
        **{name: field in source.asked for name, (field, _) in _ASKED.items()},
        "light": source.lacks_light is None,
        "others": bool(f.categories or f.groups),
    }
    return tuple(name for name in PRESETS if offered.get(name, True))


def usual_preset(source: Source, f: AlertFilter) -> str:
    """The first comparison whose two sides can be made from these alerts; the first that is offered where none can."""
    offered = available_presets(source, f)
    for name in offered:
        with suppress(CompareError):
            filter_pair(source, f, name)
            return name
    return offered[0]


def filter_pair(source: Source, f: AlertFilter, against: str) -> FilterPair:
    """The two sides of a preset (a key of `PRESETS`), or of the filter and itself with other words ("affected=man").

    Districts, places and picked cells are left out of both: a place is compared with the rest of the city. Raises
    CompareError for an unknown preset or word, where no day of data lies before, or where both sides are the same.
    """
    whole = whole_city(f)
    choices: tuple[Choice, ...] = ()
    if "=" in against:
        first, second = whole, _other(source, whole, against)
        choices = (_BOTH,)
    elif against in PRESETS:
        first, second, choices = _preset(source, whole, against)
    else:
        raise CompareError(
            Message(
                "Against “{asked}”: known are {known}, or words of a filter such as affected=man.",
                {"asked": against, "known": ", ".join(PRESETS)},
            )
        )
    if first == second:
        raise CompareError(Message("Both sides are the same filter: there is nothing to compare."))
    a, b = _SIDES["" if "=" in against else against]
    if whole != f:
        message = Message("The whole city is compared: the picked area does not apply.")
        choices = (*choices, Choice("area", "city", message))
    return FilterPair(first, second, a, b, choices)


def compare_study(source: Source, f: AlertFilter, against: str, resolution: int | None = None) -> CompareStudy:
    """Where two filters differ on the map, from counts of both on the same cells.

    `against`: see `filter_pair`. `resolution`: H3 resolution of the cells; chosen for the smaller side unless given,
    and always the one size that an audience without exact counts may see. Raises CompareError, and DisclosureError
    where that audience may see the two sides only in cells of different sizes. CompareError too where a side has
    alerts and none of them on the map.
    """
    pair = filter_pair(source, f, against)
    for side in (pair.first, pair.second):
        for why in askable(side, source)[1]:
            raise CompareError(why)
    totals = query.total(source, pair.first), query.total(source, pair.second)
    if any(total.nowhere for total in totals):
        raise CompareError(NO_POSITIONS)
    chosen = _resolution(source, pair, resolution)
    size = int(chosen.value)
    first, second = (query.cells(source, side, size) for side in (pair.first, pair.second))
    scatter = max((place_scatter(source, side, size) for side in (pair.first, pair.second)), key=attrgetter("value"))
    found = compare_maps(first.frame, second.frame, pair.a, pair.b, scatter=scatter)
    found = found.for_readers(max(WrittenCounts.of(side, source).least() for side in (pair.first, pair.second)))
    choices = [chosen, *pair.choices, *_neither(source, pair, against, totals)]
    choices += found.choices
    choices += [*default_coordinates(first.at_default + second.at_default), *nested_cells(size)]
    return CompareStudy(
        pair, totals, found, name_spots(found.places, source.city, known_places(source)), size, tuple(choices)
    )


def _neither(source: Source, pair: FilterPair, against: str, totals: tuple[Total, Total]) -> tuple[Choice, ...]:
    """How many alerts of the filter a preset leaves out, if any; no number where it is too small to be written out."""
    if against not in _NEITHER:
        return ()
    alone, counted = _NEITHER[against]
    whole = query.total(source, pair.first.without(_VALUES[against][0]))
    left = whole.n - sum(total.n for total in totals)
    if not left:
        return ()
    if whole.shown(left) is None:
        return (Choice("neither", "protected", alone),)
    return (Choice("neither", left, Message(counted.text, {"n": left, "whole": whole.n})),)


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
    smaller = min(query.total(source, side).mapped for side in (pair.first, pair.second))
    city = source.city
    return resolution_for(
        smaller,
        city.area_km2,
        finest=min(sizes),
        cells=city.sampled_cells,
        affordable=city.finest_affordable(),
        maps=2,
    )


def _other(source: Source, whole: AlertFilter, words: str) -> AlertFilter:
    """The filter with other words in place of its own."""
    given = dict(parse_qsl(words, keep_blank_values=True))
    known = {word for field in whole.fields() for word in field.words}
    for word in given:
        if word not in known:
            raise CompareError(Message("“{word}” is no word of a filter.", {"word": word}))
    asked = {**whole.to_query(), **given}
    if {"from", "to"} & set(given):
        asked.pop("period", None)
    other, said = AlertFilter.from_query(asked, source.city, source.other_categories)
    if said:
        raise CompareError(said[0])
    return whole_city(other)


def _preset(source: Source, whole: AlertFilter, against: str) -> tuple[AlertFilter, AlertFilter, tuple[Choice, ...]]:
    """Both filters of a preset; what it compares takes the place of the filter's own values."""
    if against in _ASKED and _ASKED[against][0] not in source.asked:
        raise CompareError(_ASKED[against][1])
    if against == "others":
        return _others(source, whole)
    if against not in _VALUES:
        return _earlier(source, whole, a_year=against == "year")
    field, *values = _VALUES[against]
    first, second = (whole.replace(**{field: value}) for value in values)
    if against != "light":
        return first, second, ()
    if (lacking := source.lacks_light) is not None:
        raise CompareError(lacking)
    message = Message("After dark: the sun is below the horizon at that place and time.")
    partly = () if source.some_hours is None else (Choice("hours", "some", source.some_hours),)
    return first, second, (Choice("dark", "sun", message), *partly)


def _earlier(
    source: Source, whole: AlertFilter, *, a_year: bool
) -> tuple[AlertFilter, AlertFilter, tuple[Choice, ...]]:
    """The filter's period, and as many days before it or a year earlier, as far as the data reach back.

    A year is 52 weeks, which lays weekday on weekday, up to a period of that length; from there on it is the year that
    ends where the period begins.
    """
    start, end = query.dates(source, whole)
    end = min(end, max(start, source.as_of))
    if source.by_month:
        months = months_between(start, end) + 1
        back = 12 if a_year else months
        asked = month_bounds(start, -back)[0], month_bounds(start, min(months, back) - 1 - back)[1]
    else:
        day = dt.timedelta(days=1)
        length = end - start + day
        far = _YEAR if a_year else length
        asked = start - far, min(end, start + far - day) - far
        if a_year and length > _YEAR:
            asked = (pd.Timestamp(start) - pd.DateOffset(years=1)).date(), start - day
    before = max(source.first, asked[0]), asked[1]
    if start <= source.first or before[1] < before[0]:
        raise CompareError(Message("There is nothing to compare: no day of the data lies before this period."))
    message = Message("Compared with {period}.", {"period": Span(*before, by_month=source.by_month)})
    choices = [Choice("reference", before[0].isoformat(), message)]
    if before[0] > asked[0]:
        choices.append(Choice("short", source.first.isoformat(), Message("The data do not reach back further.")))
    same = a_year and end - start + dt.timedelta(days=1) <= _YEAR and before[0] == asked[0]
    if not same and not (_whole_years(start, end) and _whole_years(*before)):
        message = Message("The two periods may lie in different seasons: what differs by season differs here too.")
        choices.append(Choice("season", "differs", message))
    now = whole.replace(period="", start=start, end=end)
    return now, whole.replace(period="", start=before[0], end=before[1]), tuple(choices)


def _whole_years(start: dt.date, end: dt.date) -> bool:
    """Whether a period holds every season equally often, but for a few days."""
    days = (end - start).days + 1
    years = round(days / YEAR_DAYS)
    return years >= 1 and abs(days - years * YEAR_DAYS) <= _NEARLY


def _others(source: Source, whole: AlertFilter) -> tuple[AlertFilter, AlertFilter, tuple[Choice, ...]]:
    """The filter's categories, and all categories beside them."""
    asked = asked_categories(whole, source.city)
    others = tuple(name for name in (*source.city.categories, *source.other_categories) if name not in asked)
    if not asked or not others:
        raise CompareError(Message("Pick one or more categories first: they are compared with all others."))
    return whole, whole.replace(groups=(), categories=others), (_BOTH,)
