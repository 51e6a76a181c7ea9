"""What an audience may ask, and which counts are too small to be written out.

Analyst and specialist count the alerts. Council and public count their protected copy (`curim_data.protection`): a
table of the same columns in which rare alerts have exchanged place and time with others. That copy is the protection;
whatever is asked of it, in whatever combination, can at most give the copy. What is decided here comes on top:

- map cells are no smaller than those of the copy: H3 resolution 9 (in Piraeus as large as a square of 349 m), or 8
  (923 m) where sensitive categories are asked for; picked cells that are smaller become the ones that hold them;
- nothing is by day, and hours are in bands of six, as the copy has them;
- a count from 1 to k - 1 is written as "fewer than k"; k is 5, and 10 where sensitive categories are asked for and in
  the rows of sensitive categories, or what the city raised them to (`CityProfile.least_count`). What would tell such a
  count in its own row is left out with it, and a share of which the count or the rest is small is
  words or a limit. Nothing else is withheld: sums, tests and charts are made of all counts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from math import floor
from typing import Any, Final

import h3.api.basic_int as h3
import numpy as np
import pandas as pd

from curim_data import lexicon
from curim_data.engine import Source
from curim_data.filters import AlertFilter, asked_categories
from curim_data.model import (
    CELL_RESOLUTIONS,
    Audience,
    CityProfile,
    IntArray,
    Message,
    MessageError,
    Translator,
    fewer_than,
    is_small,
)


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


EXACT_ONLY: Final = Message(
    "Only analysts and specialists may ask this: the protected copy does not hold the place and day of every single "
    "alert."
)


def require_exact(source: Source) -> None:
    """Raise DisclosureError for the protected copy, where every single alert has to be known."""
    if source.protected:
        raise DisclosureError(EXACT_ONLY)


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
        by_day = Message("Alerts are not shown by day to this audience: ask for weeks or months instead.")
        raise DisclosureError(NOT_OF_SENSITIVE if is_sensitive(f, source.city) else by_day)


NO_SEVERITY: Final = Message(
    "The protected copy, which council and public read, does not hold the severity of alerts. It can be asked by "
    "period, category, kind, gender, light, time of day, weekday, area and status."
)
NOT_OF_SENSITIVE: Final = Message(
    "Of sensitive categories the protected copy holds neither day, week, weekday and hour nor age and feeling, to "
    "protect persons: ask by month, or by light."
)
# Attributes of the filter, and dimensions, that the copy does not have; and those that it does not have of sensitive
# categories.
_FIELDS: Final[Mapping[str, Message]] = {"severities": NO_SEVERITY}
_SENSITIVE_FIELDS: Final = dict.fromkeys(("hours", "weekdays"), NOT_OF_SENSITIVE)
_DIMENSIONS: Final[Mapping[str, Message]] = {"severity": NO_SEVERITY}
_SENSITIVE_DIMENSIONS: Final = dict.fromkeys(
    ("local_date", "week", "weekday", "hour", "age_band", "feeling"), NOT_OF_SENSITIVE
)


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
    "No help lines are known for this city: whoever keeps the data can add them to its profile."
)


FEWER_THAN: Final = "fewer_than"
# Columns of tables, and entries of JSON answers, that hold counts of alerts, alerts or persons.
COUNT_COLUMNS: Final = frozenset(
    {
        *("n", "alerts", "window", "last_year", "last_weeks", "before", "after", "n_first", "n_second"),
        *("women", "men", "dark", "a", "b", "window_a", "window_b"),
    }
)
_RATIO: Final = ("ratio", "low", "high")
_TEST: Final = (*_RATIO, "p", "q")
_RATE_RATIO: Final = ("rate_ratio", "low_ratio", "high_ratio")
_PAIR: Final = frozenset({"women", "men"})
# Beside a count of that name: what tells it, with the other figures of its row, and is missing where the count is.
TELLING: Final[Mapping[str, tuple[str, ...]]] = {
    "base": ("expected", *_TEST),
    "before": ("expected", *_TEST),
    "after": _TEST,
    "n_first": ("share", *_TEST),
    "n_second": ("share", *_TEST),
    "window_a": _TEST,
    "window_b": _TEST,
    "window": (*_RATIO, "q"),
    "last_weeks": ("expected", "low", "high"),
    "n": ("excess", "excess_low", "excess_high", *_RATIO, "rate", "rate_raw", "women"),
    "base_n": ("rate", "rate_raw"),
    "dark": ("share", "low", "high"),
    "women": ("women_share", "share", "expected", *_TEST, "rate_women", "low_women", "high_women", *_RATE_RATIO),
    "men": ("men_share", "share", "expected", *_TEST, "rate_men", "low_men", "high_men", *_RATE_RATIO),
}
# Beside "n" in tables of shares, means and rates, which have no alerts above expected.
_OF_COUNT: Final[Mapping[str, tuple[str, ...]]] = {
    "share": ("share", "low", "high"),
    "mean": ("mean", "low", "high", "unsafe", "unsafe_low", "unsafe_high"),
    "rate_n": ("part", "part_low", "part_high", "rate_n", "low_n", "high_n"),
}


@dataclass(frozen=True)
class WrittenCounts:
    """Which counts may be written out under a filter; `fewer_than` holds the limit of those that may not.

    `protected`: whether they are of the protected copy (`Source.protected`).
    """

    filter: AlertFilter
    city: CityProfile
    protected: bool

    @classmethod
    def of(cls, f: AlertFilter, source: Source) -> WrittenCounts:
        """Those of the answers to a filter."""
        return cls(f, source.city, source.protected)

    @property
    def all_written(self) -> bool:
        """Whether every count is written out."""
        return not self.protected

    def least(self, category: str = "") -> int:
        """The smallest count that is written out, zero apart; `category`: of which it is, where of one."""
        if not self.protected:
            return 1
        named = bool(category) and is_sensitive_category(category, self.city)
        return self.city.least_count(named or is_sensitive(self.filter, self.city))

    def rows(self, frame: pd.DataFrame) -> IntArray:
        """The smallest count of each row of a table that is written out, by its column `category` where it has one."""
        if "category" not in frame:
            return np.full(len(frame), self.least())
        of = {name: self.least(str(name)) for name in frame["category"].dropna().unique()}
        return np.asarray(frame["category"].map(of).fillna(self.least()).astype(np.int64))

    def table(
        self, frame: pd.DataFrame, counts: Collection[str] = COUNT_COLUMNS, *, always: bool = False
    ) -> pd.DataFrame:
        """A table as it may be handed out: counts that are too small are missing, as is what would tell them
        (`TELLING`), and the column `fewer_than` holds the limit that those of a row are under. As it is where there are
        none.

        `counts`: the columns of counts; those of other kinds than numbers are left as they are. `always`: the column
        is there too where nothing is missing, but not where every count is written out anyhow.
        """
        if FEWER_THAN in frame or self.all_written:
            return frame
        names = [str(name) for name in frame if name in counts and frame[name].dtype.kind in "iuf"]
        least = pd.Series(self.rows(frame), frame.index)
        few = {name: (frame[name] > 0) & (frame[name] < least) for name in names}
        some = np.logical_or.reduce(list(few.values())) if few else np.zeros(len(frame), bool)
        if not some.any() and not (always and names):
            return frame
        masked = {name: frame[name].mask(few[name]) for name in names}
        for name in names:
            for other in _telling(name, frame.columns, names):
                values = masked.get(other, frame[other])
                masked[other] = values.mask(few[name] & np.logical_not(_steps(other, frame)))
        return frame.assign(**masked, fewer_than=least.where(some))

    def answer(self, value: Any) -> Any:
        """The same of an answer to be written as JSON: of every object in it that holds counts, and of its tables."""
        if self.all_written:
            return value
        match value:
            case Mapping():
                return self._object({key: self.answer(item) for key, item in value.items()})
            case pd.DataFrame():
                return self.table(value, always=True)
            case list() | tuple():
                return [self.answer(item) for item in value]
        return value

    def _object(self, entries: dict[str, Any]) -> dict[str, Any]:
        counts = [name for name, value in entries.items() if name in COUNT_COLUMNS and _is_count(value)]
        if not counts or FEWER_THAN in entries:
            return entries
        category = entries.get("category")
        least = self.least(category if isinstance(category, str) else "")
        few = [name for name in counts if is_small(entries[name], least)]
        told = {other for name in few for other in _telling(name, entries, counts) if not _steps(other, entries)}
        return entries | dict.fromkeys([*few, *told]) | {FEWER_THAN: least if few else None}


@dataclass(frozen=True)
class Counted:
    """Counts of a source under the limits of its readers.

    `frame` has the columns `by` (for map cells: the index `cell`), then n (float): the numbers that everything is
    worked out of. `shown` is what may be written out of them.
    `least`: the smallest count of each row that may, zero apart; `threshold`: the largest of these.
    `total`: the sum of the counts; alerts of several categories count once in each. `at_default`: alerts at default
    coordinates that were left out, `off_mask`: alerts in cells without land. `notes`: how the question was changed for
    the audience.
    """

    frame: pd.DataFrame
    by: tuple[str, ...]
    threshold: int
    total: float
    least: IntArray
    at_default: int = 0
    off_mask: int = 0
    notes: tuple[Message, ...] = ()

    @cached_property
    def shown(self) -> Counted:
        """The same as it is written out: with withheld (bool), whether a count is below `least`. Then n is missing, and
        fewer_than, else missing, is that limit.
        """
        n = self.frame["n"].to_numpy(float)
        small = (n > 0) & (n < self.least)
        limit = np.where(small, self.least, np.nan)
        return replace(self, frame=self.frame.assign(n=np.where(small, np.nan, n), withheld=small, fewer_than=limit))


def protect(raw: pd.DataFrame, by: Sequence[str], source: Source, f: AlertFilter) -> Counted:
    """Counts of a source under a filter: `raw` has the columns `by` (each combination once) and n."""
    frame = raw[[*by, "n"]].reset_index(drop=True)
    written = WrittenCounts.of(f, source)
    least = written.rows(frame)
    if source.protected and "group" in frame:
        tree = source.city.categories
        strict = {tree[name].group if name in tree else "" for name in sensitive_categories(source)}
        least = np.where(frame["group"].isin(strict), source.city.least_count(True), least)
    ordinary = WrittenCounts.of(AlertFilter(), source).least()
    return Counted(frame, tuple(by), int(least.max(initial=ordinary)), round(float(frame["n"].sum()), 6), least)


def _telling(name: str, columns: Collection[str], counts: Collection[str]) -> list[str]:
    """The columns that tell a count; beside "n" those of places, which have alerts above expected, or of shares and
    means. "women" is a share itself where no "men" stand beside it.
    """
    told = TELLING.get(name, ())
    if name == "n" and "excess" not in columns:
        told = tuple(other for of, others in _OF_COUNT.items() if of in columns for other in others)
    elif name in _PAIR and not set(columns) >= _PAIR:
        told = ()
    return [other for other in told if other in columns and other not in counts]


def _steps(name: str, row: Any) -> Any:
    """Whether a limit is no limit of a ratio, but one in steps of a place whose ratio is not known (`Spot.times`)."""
    if name not in ("low", "high") or "excess" not in row:
        return False
    return pd.isna(row["ratio"])


def _is_count(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def share_is_told(part: float, whole: float, least: int) -> bool:
    """Whether a share may be written out: neither `part` nor the rest of `whole` is a count under `least`, which the
    share would tell together with the whole.

    >>> [share_is_told(part, 20, 5) for part in (0, 3, 5, 15, 17, 20)]
    [True, False, True, True, False, True]
    """
    return not (is_small(part, least) or is_small(whole - part, least))


def written_share(t: Translator, counts: tuple[float, float], told: tuple[float, float, float], least: int = 1) -> str:
    """A share with its interval (`told`) in words; `counts`: the part and the whole, `least`: the smallest count that
    is written out, zero apart.

    A small part is "fewer than", and so is any part of a whole that is small itself. Where the rest alone is small, the
    share is at least what the whole without it would be.
    """
    part, whole = counts
    if is_small(part, least) or is_small(whole, least):
        return t(fewer_than(least))
    if not share_is_told(part, whole, least):
        return t("at least {low}", low=t.percent(floor(100 * _without_rest(whole, least)) / 100))
    return t.share(*told)


def drawn_share(part: float, whole: float, least: int = 1) -> float:
    """A share as a chart draws it: one that may not be read stands in the middle of what it can be, and one of a whole
    that is small itself, which may be any, at nothing.
    """
    if is_small(whole, least):
        return 0.0
    if is_small(part, least):
        return least / 2 / whole
    if not share_is_told(part, whole, least):
        return (1 + _without_rest(whole, least)) / 2
    return part / whole if whole else 0.0


def _without_rest(whole: float, least: int) -> float:
    return max(whole - least + 1, 0) / whole
