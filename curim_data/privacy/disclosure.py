"""What an audience may ask, and which counts are too small to be written out.

Analyst and specialist count the alerts. Council and public count their protected copy (`curim_data.protection`): a
table of the same columns in which rare alerts have exchanged place and time with others. That copy is the protection;
whatever is asked of it, in whatever combination, can at most give the copy. What is decided here comes on top:

- map cells are no smaller than those of the copy: H3 resolution 9 (in Piraeus as large as a square of 349 m), or 8
  (923 m) where sensitive categories are asked for; picked cells that are smaller become the ones that hold them;
- nothing is by day, and hours are in bands of six, as the copy has them;
- a count from 1 to k - 1 is written as "fewer than k"; k is 5, and 10 where sensitive categories are asked for and in
  the rows of sensitive categories, or what the city raised them to (`CityProfile.least_count`). What would tell such a
  count in its own row is left out with it (`privacy.written`), and a share of which the count or the rest is small is
  words or a limit (`privacy.written`). Nothing else is withheld: sums, tests and charts are made of all counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import h3.api.basic_int as h3

from curim_data import lexicon
from curim_data.engine import Source
from curim_data.filters import AlertFilter, asked_categories
from curim_data.model import CELL_RESOLUTIONS, Audience, CityProfile, Message, MessageError, Translator


def is_sensitive_category(name: str, city: CityProfile) -> bool:
    """Whether a category is sensitive: sexual or gender-based harm.

    The tree decides for its own categories: by its mark, or by a group that speaks of such harm. Another name, and
    those of a tree that nobody has looked at yet, are sensitive where they speak of it; in doubt they do.
    """
    known = city.categories.get(name)
    if known is None:
        return _speaks_of_harm(name)
    return known.sensitive or _speaks_of_harm(known.group) or (city.provisional and _speaks_of_harm(name))


def sensitive_categories(source: Source) -> frozenset[str]:
    """The sensitive categories of the city's tree and of the stored alerts."""
    names = (*source.city.categories, *source.other_categories)
    return frozenset(name for name in names if is_sensitive_category(name, source.city))


@lru_cache(maxsize=4096)
def _speaks_of_harm(name: str) -> bool:
    return lexicon.is_sensitive(name.replace("_", " "))


FLOOR_ORDINARY: Final = 9
FLOOR_SENSITIVE: Final = 8
BAND_HOURS: Final = 6
# Cells of the land in a table for the council: larger ones where the land takes more.
MOST_PROTECTED_CELLS: Final = 50_000


class DisclosureError(MessageError, ValueError):
    """A question that the audience may not ask; `message` says why and what may be asked instead."""


def sees_exact(audience: Audience) -> bool:
    """Whether an audience reads the alerts themselves."""
    return audience in (Audience.ANALYST, Audience.SPECIALIST)


def is_sensitive(f: AlertFilter, city: CityProfile) -> bool:
    """Whether the filter asks for sensitive categories by name or by group."""
    return any(is_sensitive_category(name, city) for name in asked_categories(f, city))


def threshold(source: Source, sensitive: bool) -> int:
    """The smallest count that is written out, zero apart; 1 is every count."""
    return source.city.least_count(sensitive) if source.protected else 1


def finest_resolution(source: Source, f: AlertFilter) -> int:
    """The finest H3 resolution in which a source may be counted under the filter."""
    return protected_resolution(f, source.city) if source.protected else max(CELL_RESOLUTIONS)


def protected_resolution(f: AlertFilter, city: CityProfile) -> int:
    """The finest H3 resolution that the protected copy is counted in under the filter."""
    floor = FLOOR_SENSITIVE if is_sensitive(f, city) else FLOOR_ORDINARY
    return min(floor, city.finest_affordable(MOST_PROTECTED_CELLS))


def authorise(f: AlertFilter, source: Source) -> tuple[AlertFilter, tuple[Message, ...]]:
    """The filter as it may be asked of a source, and what was changed: too small picked cells become those that hold
    them.
    """
    if not source.protected or not f.cells:
        return f, ()
    floor = finest_resolution(source, f)
    picked = [int(name, 16) for name in f.cells]
    grid = {h3.cell_to_parent(cell, floor) if h3.get_resolution(cell) > floor else cell for cell in picked}
    if grid == set(picked):
        return f, ()
    widened = Message("The picked area was widened to whole map cells of the size that the protected copy has.")
    return f.replace(cells=tuple(f"{cell:x}" for cell in sorted(grid))), (widened,)


def check(by: Sequence[str], resolution: int | None, f: AlertFilter, source: Source) -> None:
    """Raise DisclosureError for a table that may not be asked of a source."""
    if not source.protected:
        return
    floor = finest_resolution(source, f)
    if resolution is not None and resolution > floor:
        raise DisclosureError(
            Message(
                "This audience sees no map cells smaller than those of resolution {floor}: ask for that or for a "
                "coarser one, not for {asked}.",
                {"asked": resolution, "floor": floor},
            )
        )
    if "local_date" in by:
        raise DisclosureError(
            Message(
                "Alerts of sensitive categories are shown to this audience neither by day nor by week: ask for months "
                "instead."
            )
            if is_sensitive(f, source.city)
            else Message("Alerts are not shown by day to this audience: ask for weeks or months instead.")
        )


NO_SEVERITY: Final = Message(
    "The protected copy, which council and public read, does not hold the severity of alerts. It can be asked by "
    "period, category, kind, gender, light, time of day, weekday, area and status."
)
LIGHT_ALONE: Final = Message(
    "Of sensitive categories the protected copy holds neither weekday nor hour, but only whether it was dark: filter "
    "by light instead."
)
MONTHS_ALONE: Final = Message(
    "Of sensitive categories the protected copy holds neither day nor week, nor weekday and hour: ask for months, or "
    "by light."
)
NOT_OF_SENSITIVE: Final = Message(
    "Of sensitive categories the protected copy holds neither age nor feeling: they are left out to protect persons."
)
# Attributes of the filter, and dimensions, that the copy does not have; and those that it does not have of sensitive
# categories.
_FIELDS: Final[Mapping[str, Message]] = {"severities": NO_SEVERITY}
_SENSITIVE_FIELDS: Final[Mapping[str, Message]] = {"hours": LIGHT_ALONE, "weekdays": LIGHT_ALONE}
_DIMENSIONS: Final[Mapping[str, Message]] = {"severity": NO_SEVERITY}
_SENSITIVE_DIMENSIONS: Final[Mapping[str, Message]] = {
    **dict.fromkeys(("local_date", "week", "weekday", "hour"), MONTHS_ALONE),
    **dict.fromkeys(("age_band", "feeling"), NOT_OF_SENSITIVE),
}


def not_held(f: AlertFilter, source: Source) -> dict[str, Message]:
    """The attributes of a filter that cannot be asked of a source, set or not, each with the reason."""
    if not source.protected:
        return {}
    return {**_FIELDS, **(_SENSITIVE_FIELDS if is_sensitive(f, source.city) else {})}


def askable(f: AlertFilter, source: Source) -> tuple[AlertFilter, tuple[Message, ...]]:
    """The filter without what cannot be asked of these alerts, and why it was left out."""
    usual, kept_out = AlertFilter(), not_held(f, source)
    left_out = {name: why for name, why in kept_out.items() if getattr(f, name) != getattr(usual, name)}
    if not left_out:
        return f, ()
    reasons = {why.text: why for why in left_out.values()}
    return f.replace(**{name: getattr(usual, name) for name in left_out}), tuple(reasons.values())


def check_asked(f: AlertFilter, by: Sequence[str], source: Source) -> None:
    """Raise DisclosureError for a filter, or a dimension of a table, that these alerts do not have."""
    if not source.protected:
        return
    for why in askable(f, source)[1]:
        raise DisclosureError(why)
    lacking = {**_DIMENSIONS, **(_SENSITIVE_DIMENSIONS if is_sensitive(f, source.city) else {})}
    for name in by:
        if name in lacking:
            raise DisclosureError(lacking[name])


# Time zones of the member states of the European Union, in which 112 and 116 006 are reserved for this.
EU_ZONES: Final = frozenset(
    {
        "Africa/Ceuta", "Asia/Famagusta", "Asia/Nicosia", "Atlantic/Azores", "Atlantic/Canary",
        "Atlantic/Madeira", "Europe/Amsterdam", "Europe/Athens", "Europe/Berlin", "Europe/Bratislava",
        "Europe/Brussels", "Europe/Bucharest", "Europe/Budapest", "Europe/Copenhagen",
        "Europe/Dublin", "Europe/Helsinki", "Europe/Lisbon", "Europe/Ljubljana", "Europe/Luxembourg", "Europe/Madrid",
        "Europe/Malta", "Europe/Mariehamn", "Europe/Nicosia", "Europe/Paris", "Europe/Prague", "Europe/Riga",
        "Europe/Rome", "Europe/Sofia", "Europe/Stockholm", "Europe/Tallinn", "Europe/Vienna", "Europe/Vilnius",
        "Europe/Warsaw", "Europe/Zagreb",
    }
)  # fmt: skip


def help_lines(city: CityProfile, t: Translator) -> tuple[str, ...]:
    """The city's help lines in the reader's language, else those of the whole European Union; empty elsewhere."""
    if city.help_lines:
        return tuple(t.label(labels) for labels in city.help_lines)
    if city.timezone not in EU_ZONES:
        return ()
    return (
        t("112: any emergency, in all of the European Union"),
        t("116 006: helpline for victims of crime, in the countries of the European Union that run it"),
    )


# How a city gets its own.
HOW_TO_ADD: Final = Message(
    "No help lines are known for this city. Add them with “curim city helplines FILE”: a table with the column text, a "
    "line each."
)
