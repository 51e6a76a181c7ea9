"""What a hot spot is called and what its alerts are like: name, categories, hours, light, gender, since when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from analysis.clusters import Cluster
from analysis.hotspots.grouping import Spot, ratio_says_something
from analysis.spots.naming import SpotName
from analysis.stats.intervals import Estimate, Result, wilson
from analysis.trends.time_series import HOURS, week_clock
from curim_data.model import LANGUAGES, N_, CityProfile, Translator, translator
from curim_data.model.labels import UNCATEGORISED, category_label, hour_label
from curim_data.model.plan import CategoryShare, Caution, Interval, Problem

MOST_OFTEN: Final = N_("Most often {category}.")
ONE_CATEGORY: Final = N_("All of one category: {category}.")
AFTER_DARK: Final = N_("{share} come after dark.")

Place = Spot | Cluster


@dataclass(frozen=True)
class SpotProfile(Result):
    """A spot's alerts in figures.

    categories: id and share of the n alerts, largest first (an alert of several categories counts in each, so that the
    shares may exceed one together); hours: first and last hour of the shortest stretch, over midnight if need be, with
    half of the alerts; dark_share: of alerts whose light is known; women: of women and men affected, with Wilson's
    interval; unknown_gender: share of all whose gender is undisclosed or was not asked. These shares are None where
    nothing is known. since: month since which there are more alerts than is usual for the place, where that was looked
    at. share_written: whether the share of the largest category is written out.
    """

    categories: tuple[CategoryShare, ...]
    labels: Mapping[str, str]
    hours: tuple[int, int] | None
    dark_share: float | None
    women: Estimate | None
    unknown_gender: float | None
    since: dt.date | None = None
    share_written: bool = True

    def sentence(self, t: Translator) -> str:
        """The profile in a few plain sentences."""
        parts = []
        if self.categories and not without_category(self.categories):
            first, named = self.categories[0], t.label(self.labels)
            if self.share_written:
                named = f"{named} ({t.part(first.share)})"
            message = MOST_OFTEN
            if first.id == UNCATEGORISED:
                message = N_("For {share} of the alerts no category is stated.")
                if not self.share_written:
                    message = N_("For most of the alerts no category is stated.")
            elif of_one_category(self.categories):
                message, named = ONE_CATEGORY, t.label(self.labels)
            parts.append(t(message, category=named, share=t.part(first.share)))
        if self.hours is not None:
            parts.append(hours_sentence(self.hours, t))
        if self.dark_share is not None:
            parts.append(t(AFTER_DARK, share=t.percent(self.dark_share)))
        if self.women is not None and self.women.known:
            parts.append(women_share_sentence(self.women, t))
        if self.since is not None:
            parts.append(since_sentence(self.since, t))
        return " ".join(parts)


def without_category(shares: Sequence[CategoryShare]) -> bool:
    """Whether no alert of a place has a category, as in exports of one kind of event: nothing to say of the place."""
    return of_one_category(shares) and shares[0].id == UNCATEGORISED


def states_no_category(counts: pd.DataFrame) -> bool:
    """Whether counts by category (category, n) hold no alert that states one."""
    there = counts["n"].gt(0)
    return bool(there.any() and counts.loc[there, "category"].eq(UNCATEGORISED).all())


def of_one_category(shares: Sequence[CategoryShare]) -> bool:
    """Whether all alerts of a place have the same category, and no other."""
    return len(shares) == 1 and shares[0].share >= 1


def hours_sentence(hours: tuple[int, int], t: Translator) -> str:
    """Between which hours at least half of the alerts fall; `hours`: the first and the last."""
    return t(
        "At least half of the alerts fall between {start} and {end}.",
        start=hour_label(hours[0]),
        end=hour_label(hours[1] + 1),
    )


def women_share_sentence(women: Estimate | Interval, t: Translator) -> str:
    """The share of women among women and men affected, with its interval."""
    share = t.share(women.value, women.low, women.high)
    return t("Of the women and men affected, {share} are women.", share=share)


def since_sentence(since: dt.date, t: Translator) -> str:
    """Since which month a place has more alerts than is usual for it."""
    month = t.date(since, "MMMM y")
    return t("It has had more alerts than is usual for this place since {month}.", month=month)


def profile_spot(
    city: CityProfile,
    *,
    n: int,
    categories: pd.DataFrame | None = None,
    hours: pd.DataFrame | None = None,
    affected: pd.DataFrame | None = None,
    dark: pd.DataFrame | None = None,
) -> SpotProfile:
    """Describe the alerts of a spot from counts after disclosure control.

    Parameters
    ----------
    city : CityProfile
        For the labels of categories.
    n : int
        Alerts of the spot.
    categories, hours, affected, dark : DataFrame, optional
        Counts of the spot's alerts: columns n and category; weekday and hour; affected_gender; dark.
        What is left out stays unknown.
    """
    shares = _category_shares(categories, n)
    main = {lang: category_label(translator(lang), city, shares[0].id) for lang in LANGUAGES} if shares else {}
    return SpotProfile(
        n=n,
        categories=shares,
        labels=main,
        hours=_peak(hours),
        dark_share=_share(dark, "dark", (True,)),
        women=_women(affected),
        unknown_gender=_share(affected, "affected_gender", ("undisclosed", "unknown")),
    )


def problem_for(
    spot: Place,
    name: SpotName,
    profile: SpotProfile,
    *,
    query: Mapping[str, str],
    start: dt.date,
    end: dt.date,
    women_city: float | None = None,
    cautions: Sequence[Caution] = (),
    kinds: Sequence[str] = (),
    not_asked: Sequence[str] = (),
) -> Problem:
    """Put a spot, its name and its profile together as the problem that a plan answers."""
    women = profile.women if profile.women is not None and profile.women.known else None
    return Problem(
        spot=spot.id,
        place=name.place,
        names=name.by_language,
        cells=spot.names,
        query=dict(query),
        start=start,
        end=end,
        n=spot.n,
        expected=spot.expected if np.isfinite(spot.expected) else None,
        ratio=Interval(spot.ratio, spot.low, spot.high) if ratio_says_something(spot) else None,
        q=spot.q if np.isfinite(spot.q) else None,
        categories=profile.categories,
        hours=profile.hours,
        dark_share=profile.dark_share,
        women=Interval(women.value, women.low, women.high) if women else None,
        women_city=women_city,
        unknown_gender=profile.unknown_gender,
        since=profile.since,
        cautions=tuple(dict.fromkeys(cautions)),
        kinds=tuple(kinds),
        not_asked=tuple(not_asked),
        times=spot.times if isinstance(spot, Spot) else None,
        against=spot.against if isinstance(spot, Spot) and spot.times is not None else "",
    )


def _category_shares(frame: pd.DataFrame | None, n: int) -> tuple[CategoryShare, ...]:
    """Share of the `n` alerts by category; an alert of several counts in each, so that the shares may exceed one."""
    if frame is None or frame.empty:
        return ()
    counts = frame.groupby("category")["n"].sum().astype(float).sort_values(ascending=False)
    total = max(float(n), float(counts.max()))
    return tuple(CategoryShare(str(name), float(count / total)) for name, count in counts.items() if count > 0)


def _peak(frame: pd.DataFrame | None) -> tuple[int, int] | None:
    if frame is None:
        return None
    peak = week_clock(frame).peak_hours
    return None if peak is None else (peak[0], (peak[0] + peak[1] - 1) % HOURS)


def _share(frame: pd.DataFrame | None, column: str, values: Sequence[object]) -> float | None:
    """The share of alerts with one of some values among those of which it is known; None without any."""
    if frame is None:
        return None
    known = frame.dropna(subset=[column])
    n = float(known["n"].sum())
    return float(known.loc[known[column].isin(values), "n"].sum()) / n if n else None


def _women(frame: pd.DataFrame | None) -> Estimate | None:
    """Women among women and men; None without any."""
    if frame is None:
        return None
    women, men = (float(frame.loc[frame["affected_gender"] == one, "n"].sum()) for one in ("woman", "man"))
    return wilson(women, women + men) if women + men else None
