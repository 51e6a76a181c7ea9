"""Which periods are compared, what is known of their days (notes on the time line, days that no source covers,
categories that came into use or out of it), how overdispersed counts were in the past, out of which alerts findings are
chosen, and how late alerts are reported.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from analysis.grid import square_side
from analysis.stats.dispersion import (
    UNKNOWN,
    Dispersion,
    ReportBursts,
    dispersion_of_series,
    dispersion_of_shares,
    fit_bursts,
)
from analysis.stats.intervals import Choice
from analysis.trends.reporting import LONGEST, ReportingLag, category_use, lag_of_imports, lag_of_reports, nothing_known
from analysis.trends.time_series import whole_steps
from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter, asked_categories, month_bounds
from curim_data.model import MAP_RESOLUTIONS, N_, CityProfile, FloatArray, Gender, Message, Span, Translator
from curim_data.model.coverage import CORRECTIONS, Annotation
from curim_data.model.i18n import first_case
from curim_data.model.labels import category_label
from curim_data.model.sql import between
from curim_data.privacy import is_sensitive_category, threshold
from curim_data.query import Total


def annotations_for(source: Source, f: AlertFilter) -> tuple[Annotation, ...]:
    """Notes of all alerts, and those of a category where the filter asks for it by name."""
    notes = (one for one in source.annotations if one.kind not in CORRECTIONS)
    return tuple(one for one in notes if one.category is None or one.category in f.categories)


def level_breaks(source: Source, f: AlertFilter) -> tuple[dt.date, ...]:
    """The days on which another level begins for the alerts of a filter: noted ones, and those of `Coverage.breaks`."""
    noted = {day for one in annotations_for(source, f) for day in one.breaks}
    return tuple(sorted(noted | {one.day for one in source.coverage.breaks}))


def noted_between(source: Source, f: AlertFilter, start: dt.date, end: dt.date) -> tuple[Choice, ...]:
    """What was noted between two days, for whoever compares what lies before and after."""
    words = N_("Noted for {period}: {note}. A change may come from this.")
    return tuple(
        Choice(
            "annotation", one.id, Message(words, {"period": Span(one.start, one.end or one.start), "note": one.note})
        )
        for one in annotations_for(source, f)
        if one.start <= end and (one.end or one.start) >= start
    )


def coverage_choices(source: Source, first: dt.date, last: dt.date) -> tuple[Choice, ...]:
    """What is said of gaps, and of sources that begin or end, between two days."""
    return tuple(Choice("coverage", "", told) for told in source.coverage.sentences(first, last))


Days: TypeAlias = tuple[dt.date, dt.date]
DAY: Final = dt.timedelta(days=1)
YEAR: Final = dt.timedelta(weeks=52)
# Days of a year: of a longer period too much of the same weeks of the year before lies within itself.
A_YEAR: Final = 366


# Where not even so many times as many alerts would probably have been clear, "usual" says nothing.
TELLING_RATIO: Final = 2.0


@dataclass(frozen=True)
class ComparedPeriods:
    """Two periods that are compared, both ends included. `same_season`: before is the same weeks of the year before.

    `before` is None where no day of data lies before the later period, or where `other_light`: the filter asks for
    alerts after dark or by day, and the days just before were longer or shorter. Then there is nothing to compare.
    `by_month`: both are whole months. `longer`: the later period is longer than a year, and compared with the time just
    before it. `days`: those of the later period that were compared, once they are counted.
    """

    before: Days | None
    after: Days
    same_season: bool
    by_month: bool = False
    other_light: bool = False
    longer: bool = False
    days: int = 0

    @property
    def lengths(self) -> tuple[int, int]:
        """Days of each; none where there is no period before."""
        before, after = (0 if span is None else (span[1] - span[0]).days + 1 for span in (self.before, self.after))
        return before, after

    @property
    def choice(self) -> Choice:
        """What the later period is compared with, and why."""
        start, end = self.before or self.after
        text = first_case(
            (
                self.other_light,
                N_(
                    "Alerts after dark or by day are compared only with the same weeks of the year before, as far as "
                    "the data reach them, and not over more than a year: from one season to another the days become "
                    "shorter or longer."
                ),
            ),
            (self.before is None, N_("There is nothing to compare: no day of the data lies before this period.")),
            (
                self.longer,
                N_(
                    "Compared with the time just before ({period}), because the period is longer than a year: where "
                    "the two hold other months, the season may explain a difference."
                ),
            ),
            (
                self.same_season,
                N_("Compared with the same time of the year before ({period}), so that the season cancels out."),
            ),
            (
                True,
                N_(
                    "Compared with the time just before ({period}), because the data do not reach back a year: the "
                    "season alone may explain a difference."
                ),
            ),
        )
        values = {"period": Span(start, end, by_month=self.by_month)}
        return Choice("reference", "" if self.before is None else start.isoformat(), Message(str(text), values))


def compared_periods(source: Source, after: Days) -> ComparedPeriods:
    """What a period is compared with: the same weeks of the year before where the data reach back, else just before.

    Those weeks end before the period begins, so that no alert is in both: of a whole year they are a day or two fewer.
    A period of more than a year is compared with the time just before it. Days after the last alert are left out:
    nothing is known of them yet. Where only months are known both are whole months, and as many.
    """
    by_month = source.by_month
    if by_month:
        after = after[0].replace(day=1), min(month_bounds(after[1], 0)[1], source.as_of)
    elif after[0] <= source.as_of:
        after = after[0], min(after[1], source.as_of)
    if after[0] <= source.first or (by_month and after[0] > after[1]):
        return ComparedPeriods(None, after, False, by_month)
    year, just = earlier_spans(after, by_month=by_month)
    longer = steps_between(after, by_month=by_month) >= (12 if by_month else A_YEAR)
    if year[0] >= source.first and not longer:
        return ComparedPeriods((year[0], min(year[1], just[1])), after, True, by_month)
    return ComparedPeriods((max(source.first, just[0]), just[1]), after, False, by_month, longer=longer)


def earlier_spans(days: Days, *, by_month: bool) -> tuple[Days, Days]:
    """What a period can be compared with: its weeks of the year before, which may reach into it, and as many days just
    before it; both whole months `by_month`.
    """
    start, end = days
    if by_month:
        just = month_bounds(start, -1 - months_between(start, end))[0], month_bounds(start, -1)[1]
        return (month_bounds(start, -12)[0], month_bounds(end, -12)[1]), just
    return (start - YEAR, end - YEAR), (start - (end - start) - DAY, start - DAY)


def steps_between(days: Days, *, by_month: bool) -> int:
    """How many days, or months, the second of two dates lies after the first."""
    return months_between(*days) if by_month else (days[1] - days[0]).days


def months_between(start: dt.date, end: dt.date) -> int:
    """How many months the month of one date lies before that of another."""
    return 12 * (end.year - start.year) + end.month - start.month


MOST_NAMED: Final = 5


@dataclass(frozen=True)
class NotInUse:
    """Categories that were not in use during all of two periods: `new` in the later one, `given_up` in it."""

    new: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()

    @property
    def all(self) -> frozenset[str]:
        """All of them."""
        return frozenset((*self.new, *self.given_up))

    def under(self, f: AlertFilter, city: CityProfile) -> NotInUse:
        """Those of them that a filter asks for, or all where it asks for no category."""
        asked = asked_categories(f, city)
        if not asked:
            return self
        return NotInUse(*(tuple(name for name in names if name in asked) for names in (self.new, self.given_up)))

    def covers(self, f: AlertFilter, city: CityProfile) -> bool:
        """Whether a filter asks for such categories and no other."""
        asked = asked_categories(f, city)
        return bool(asked) and asked <= self.all

    def told(self, source: Source) -> NotInUse:
        """Those that an audience may be told of: none of so few alerts that their number is protected."""
        numbers = _use(source)["n"]

        def enough(names: Sequence[str]) -> tuple[str, ...]:
            least = {name: threshold(source, is_sensitive_category(name, source.city)) for name in names}
            return tuple(name for name in names if numbers.get(name, 0) >= least[name])

        return NotInUse(enough(self.new), enough(self.given_up))

    def sentences(self, city: CityProfile, t: Translator) -> tuple[str, ...]:
        """That they were not compared, and why; nothing where there are none."""
        new, given_up = (_named(names, city, t) for names in (self.new, self.given_up))
        began = t.n(
            "Not compared, because new in the data: {names}. Counts do not tell whether the category is new or the "
            "problem.",
            "Not compared, because new in the data: {names}. Counts do not tell whether the categories are new or the "
            "problems.",
            len(self.new),
            names=new,
        )
        ended = t.n(
            "Not compared, because no longer in the data: {names}. Counts do not tell whether the category was given "
            "up or the problem is gone.",
            "Not compared, because no longer in the data: {names}. Counts do not tell whether the categories were "
            "given up or the problems are gone.",
            len(self.given_up),
            names=given_up,
        )
        return (*((began,) if new else ()), *((ended,) if given_up else ()))


ALWAYS_IN_USE: Final = NotInUse()


def not_in_use(source: Source, f: AlertFilter, periods: ComparedPeriods) -> NotInUse:
    """The categories of a filter that began or ended in the midst of two periods."""
    if periods.before is None:
        return ALWAYS_IN_USE
    use = _use(source)
    start, end = (pd.Timestamp(day.replace(day=1)) for day in (periods.before[0], periods.after[1]))
    new = use["new"] & (use["first"] > start) & (use["first"] <= end)
    given_up = use["given_up"] & (use["last"] < end) & (use["last"] >= start)
    return NotInUse(*(tuple(use.index[which].astype(str)) for which in (new, given_up))).under(f, source.city)


def _use(source: Source) -> pd.DataFrame:
    """When each category was in use, of all stored alerts, whoever asks; most alerts first; kept with the source."""

    def find() -> pd.DataFrame:
        table = query.counts(source.in_full, AlertFilter(period="all"), ["category", "month"]).frame
        return category_use(table.dropna(subset=["category", "month"])).sort_values("n", ascending=False)

    return source.once("category_use", "", find)


def _named(names: Sequence[str], city: CityProfile, t: Translator) -> str:
    labels = [category_label(t, city, name) for name in names]
    if (more := len(labels) - MOST_NAMED + 1) > 1:
        labels = [*labels[: MOST_NAMED - 1], t.n("{n} more", "{n} more", more)]
    return t.join(labels)


# Bursts are looked for in so many years, at least and at most, in periods of so many weeks.
LEAST_YEARS: Final = 2
MOST_YEARS: Final = 4
WEEKS: Final = 4
# Of so many independent squares the past before a period says enough alone: the allowance is then 1.1.
ENOUGH_FREEDOM: Final = 50.0
# Sizes of cells, from about 900 to 130 m, whose dispersions tell how far apart the reports of a burst lie.
BURST_RESOLUTIONS: Final = (8, 9, 10)
Kind = tuple[str, ...]


def place_scatter(source: Source, f: AlertFilter, resolution: int) -> Dispersion:
    """How overdispersed counts of places are under a filter: `burst_scatter` of cells one size coarser, about as large
    as a place of the test, so that bursts whose reports scatter over several cells are whole there.
    """
    return burst_scatter(source, f, ("cell",), max(resolution - 1, min(MAP_RESOLUTIONS)))


def place_bursts(source: Source, f: AlertFilter) -> ReportBursts:
    """In what bursts reports lie under a filter, from how overdispersed cells of several sizes are: `burst_scatter`."""
    return fit_bursts({square_side(size): burst_scatter(source, f, ("cell",), size) for size in BURST_RESOLUTIONS})


def burst_scatter(source: Source, f: AlertFilter, kind: Kind, resolution: int | None = None) -> Dispersion:
    """How overdispersed counts by the columns `kind` are under a filter, from neighbouring four weeks, or months.

    Of the two years before the filter's period (of its own length where that is longer, four years at most), so that
    what is tested does not inflate its own dispersion; where they hold fewer than `ENOUGH_FREEDOM` squares, of as long
    up to the period's end. Differences in time hold no hot spot that is there all the time, and little of what wanders
    slowly. Found once for a version of the alerts and a filter.
    """

    def find(past: AlertFilter, unit: str, starts: pd.DatetimeIndex) -> Dispersion:
        (counted,) = _periods(_counted(source, past, [*kind, unit], resolution), kind, unit, starts)
        return dispersion_of_series(counted, counted.sum(axis=0))

    return _found(source, f, ("counts", kind, resolution), find)


@dataclass(frozen=True)
class Share:
    """The part of the alerts that say `column` at all (one of `among`, or anything) whose value is one of `part`."""

    column: str
    part: tuple[Any, ...]
    among: tuple[Any, ...]


WOMEN: Final = (Gender.WOMAN.value,)
EITHER: Final = (Gender.WOMAN.value, Gender.MAN.value)


def share_scatter(source: Source, f: AlertFilter, share: Share, kind: Kind) -> Dispersion:
    """How overdispersed a share is under a filter: of rows by the columns `kind`, from neighbouring four weeks, as
    `burst_scatter` looks at them. Where reports of one event are alike in what is shared out, it is as overdispersed as
    counts are; where they are not, less.
    """

    def find(past: AlertFilter, unit: str, starts: pd.DatetimeIndex) -> Dispersion:
        frame = _counted(source, past, list(dict.fromkeys([*kind, share.column, unit])), None)
        frame = frame[frame[share.column].isin(share.among)]
        of_part = frame["n"].where(frame[share.column].isin(share.part), 0.0)
        part, whole = _periods(frame.assign(part=of_part), kind, unit, starts, ("part", "n"))
        return dispersion_of_shares(part, whole)

    return _found(source, f, (share, kind), find)


def area_kind(source: Source, *more: str) -> Kind:
    """Rows that hold bursts whole whatever their reports are about: districts, or categories where there are none."""
    return ("district" if source.city.districts else "category", *more)


def _found(
    source: Source,
    f: AlertFilter,
    what: tuple[Any, ...],
    find: Callable[[AlertFilter, str, pd.DatetimeIndex], Dispersion],
) -> Dispersion:
    """What `find` makes of the filter's past; found once for each `what`."""
    start, end = query.dates(source, f)
    last, before = min(end, source.as_of), start - dt.timedelta(days=1)
    unit: Literal["week", "month"] = "month" if source.by_month else "week"

    def up_to(day: dt.date) -> Dispersion:
        least, most = (dt.timedelta(days=round(365.25 * years)) for years in (LEAST_YEARS, MOST_YEARS))
        first = max(source.first, day - min(max(last - start, least), most))
        starts = whole_steps(first, day, unit)
        if not len(starts):
            return UNKNOWN
        past = f.replace(period="", start=starts[0].date(), end=day)
        return source.once(
            "bursts", (past, what), lambda: find(past, unit, starts[source.coverage.untouched(starts, unit)])
        )

    found = up_to(before) if before > source.first else UNKNOWN
    return up_to(last) if found.freedom < ENOUGH_FREEDOM else found


def _counted(source: Source, past: AlertFilter, by: Sequence[str], resolution: int | None) -> pd.DataFrame:
    on_map = resolution is not None
    return query.counts(source.in_full, past, by, resolution=resolution, without_default_points=on_map).frame


def _periods(
    frame: pd.DataFrame, kind: Kind, unit: str, starts: pd.DatetimeIndex, numbers: Sequence[str] = ("n",)
) -> list[FloatArray]:
    """Some numbers of each row by four weeks that follow one another, or month. What has no name is no row."""
    size = WEEKS if unit == "week" else 1
    blocks = len(starts) // size
    kept = starts[len(starts) - blocks * size :]
    known = frame.dropna(subset=list(kind))
    at = kept.get_indexer(pd.DatetimeIndex(known[unit])) // size
    known, at = known[at >= 0], at[at >= 0]
    rows = (
        known.groupby(list(kind), sort=False, observed=True).ngroup().to_numpy() if kind else np.zeros(len(known), int)
    )
    shape = int(rows.max(initial=-1)) + 1, blocks
    return [
        np.bincount(rows * blocks + at, known[name].to_numpy(float), shape[0] * blocks).astype(float).reshape(shape)
        for name in numbers
    ]


# Beside comparisons of the copy, where the Briefing tells what was chosen from the alerts.
COMPARED_IN_THE_COPY: Final = Message(
    "These comparisons are of the protected copy. The Briefing chooses its changes by comparisons of the alerts "
    "themselves, so that all readers get the same, and writes the copy's counts beside them: their number, and what is "
    "beyond chance, can differ from here."
)


def chosen_from(source: Source, f: AlertFilter) -> Source:
    """The alerts out of which what is told of a filter is chosen.

    Under the filter that everybody opens, the whole city with a period by its name, it is chosen from the alerts
    themselves for every audience, so that all get the same news; the figures are those of what the audience reads. A
    handful of such choices comes with each version of the alerts and tells as much. Under any other filter who reads
    the protected copy has it chosen from the copy, since the number of filters has no limit.
    """
    return source.exact if source.exact is not None and opened_by_everybody(f) else source


def opened_by_everybody(f: AlertFilter) -> bool:
    """Whether a filter asks for the whole city and a period by its name: all readers are told the same of it."""
    return bool(f.period) and f == AlertFilter(period=f.period)


WAITING: Final = Message(
    "Some of the newest alerts, sensitive ones above all, are not in the copy yet: numbers of the last months can be "
    "too low."
)
OTHER_DAYS: Final = Message(
    "Specialists read a slightly different number of alerts: in the copy sensitive alerts have another day, and "
    "reports that came late have the time of their incident."
)
NO_PLACE: Final = Message(
    "The position is not shown of alerts at coordinates that many share, and of those that too few others resemble."
)


def copy_notes(source: Source, f: AlertFilter, total: Total) -> tuple[Message, ...]:
    """What must be known of the `total` of a filter where it is counted in the copy; nothing where in the alerts."""
    exact = source.exact
    if exact is None:
        return ()
    waiting = source.count < exact.count
    notes = (
        (WAITING, waiting),
        (OTHER_DAYS, not waiting and opened_by_everybody(f) and total.n != query.total(exact, f).n),
        (NO_PLACE, total.unmapped and places_taken(source)),
    )
    return tuple(note for note, holds in notes if holds)


def places_taken(source: Source) -> bool:
    """Whether more incidents are without a place in the copy than came without a position."""
    own, came = (query.total(one, AlertFilter(period="all")).unmapped for one in (source, source.exact or source))
    return own > came


_KEPT: Final = "reporting-lag"
_HOUR: Final = 3_600_000_000  # microseconds
# Delays are learned of the last years alone: people and apps change.
_YEARS: Final = dt.timedelta(days=2 * 365)


def reporting_lag(source: Source) -> ReportingLag:
    """The delay between an event and its report in the stored alerts.

    From the times of events and reports where exports have both; else from what successive imports added to days that
    earlier ones had covered; else nothing is known. Where an alert is known by its report alone there is no delay.
    """

    def find() -> ReportingLag:
        kept = source.kept(_KEPT)
        if kept is not None:
            return ReportingLag(np.array(kept["shares"], float), dt.date.fromisoformat(kept["until"]))
        found = _learned(source) if source.count else nothing_known(source.as_of)
        source.keep(_KEPT, {"shares": found.shares.tolist(), "until": found.until.isoformat()})
        return found

    return source.once(_KEPT, "", find)


def _learned(source: Source) -> ReportingLag:
    counts, until = _delays(source)
    found = lag_of_reports(counts, until)
    if found.known:
        return found
    by_batch = source.alerts.frame("batch_id AS batch, local_date AS day, count(*) AS n", then="GROUP BY 1, 2")
    return lag_of_imports(by_batch, source.as_of) if by_batch["batch"].nunique() > 1 else nothing_known(source.as_of)


def _delays(source: Source) -> tuple[pd.DataFrame, dt.date]:
    """Counts by days from event to report, and the last day of a report.

    In local days: counted by hours of universal time first, to which each month's difference is added.
    """
    last, until = source.alerts.one("max(reported_at_us) AS last")["last"], source.as_of
    if last is not None:
        until = max(until, dt.datetime.fromtimestamp(last / 1e6, ZoneInfo(source.city.timezone)).date())
    end = until - dt.timedelta(days=LONGEST)
    own = "occurred_from_us IS NULL OR occurred_from_us <> reported_at_us"
    counts = source.alerts.frame(
        f"month, local_date AS day, CAST(floor(reported_at_us / {_HOUR}.0e0) AS BIGINT) AS hour, {own} AS own, "
        "count(*) AS n",
        ["reported_at_us IS NOT NULL", between(end - _YEARS + dt.timedelta(days=1), end)],
        "GROUP BY 1, 2, 3, 4",
    )
    since = (pd.to_datetime(counts["day"]) - pd.Timestamp(0)) // pd.Timedelta(hours=1)
    middle = pd.to_datetime(counts["month"]) + pd.Timedelta(days=14)
    zone = middle.dt.tz_localize(source.city.timezone)
    ahead = (middle - zone.dt.tz_convert("UTC").dt.tz_localize(None)).dt.total_seconds() / 3600
    counts["lag"] = np.floor((counts["hour"] - since + ahead) / 24).astype(int)
    by_lag: pd.DataFrame = counts.groupby(["lag", "own"], as_index=False)[["n"]].sum()
    return by_lag, until
