"""Which alerts are reports of one incident: the rule is learned from the alerts, then each is linked by it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from analysis.incidents.background import NOW_METRES, Ground, reference_sums, reference_windows
from analysis.incidents.bands import AREAS, DAY_H, METRES, REACH_H, REFERENCE_H, SAME_TIME_H, Lags, known_step
from analysis.incidents.learning import Learning
from analysis.incidents.mixture import Trigger, most_probable
from analysis.incidents.neighbourhood import Neighbourhood
from analysis.incidents.pairs import Pairs, Window
from analysis.incidents.reports import Reports
from analysis.stats.result import Choice
from curim_data.model import BoolArray, FloatArray, IntArray, Message, Translator

FEWEST: Final = 100  # alerts that a rule can be learned from
SHORTEST_H: Final = 2 * REFERENCE_H[1]
MOST_KEPT: Final = 20_000_000  # pairs of alerts with earlier ones, of 8 bytes each; others are looked for again
_NINE_OF_TEN: Final = 0.9

Reason = Literal["linked", "few", "short", "chance"]


@dataclass(frozen=True, eq=False)
class Linking:
    """The rule by which reports are linked, and what it was learned from.

    n : alerts; located : those with place and time that are at no default coordinate. repeats : share of these that is
    expected to be a further report of an incident. reason : "linked", or why nothing is: "few" alerts, too "short" a
    history, or near pairs no more frequent than by "chance". time_step_h : 24 where only dates are known, 1 where only
    hours are, else 1 / 60. metres, hours : within which nine of ten links lie. edges_m, edges_h : upper ends of the
    bands; observed, expected : pairs of alerts in each and those that chance would give, shape (distances, lags).
    trigger : further reports an alert sets off in each band, by category (`categories`: their codes). ground : the
    background. period_h : length of the history.
    """

    n: int
    located: int
    repeats: float
    reason: Reason
    time_step_h: float
    metres: float
    hours: float
    period_h: float
    edges_m: tuple[float, ...]
    edges_h: tuple[float, ...]
    observed: FloatArray
    expected: FloatArray
    trigger: FloatArray
    categories: IntArray
    ground: Ground

    @property
    def linked(self) -> bool:
        """Whether any alerts are linked by nearness."""
        return self.reason == "linked"

    @property
    def excess(self) -> FloatArray:
        """Observed pairs by expected ones, shape (distances, lags); NaN where none is expected."""
        return np.divide(self.observed, self.expected, out=np.full_like(self.observed, np.nan), where=self.expected > 0)

    @property
    def incidents(self) -> int:
        """About how many incidents the alerts report."""
        return self.n - round(float(self.repeats) * self.located)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The rule, with the reason."""
        return (Choice("incidents", self.incidents, self.message),)

    @property
    def message(self) -> Message:
        """What is linked, or why nothing is."""
        if self.reason == "few":
            return Message(
                "Each alert counts as one incident: too few have a place and a time to tell repeated reports."
            )
        if self.reason == "short":
            return Message(
                "Each alert counts as one incident: the alerts cover too few weeks to tell repeated reports from what "
                "is usual at a place."
            )
        if self.reason == "chance":
            return Message(
                "Each alert counts as one incident: reports of the same category near each other in place and time are "
                "not more frequent than chance gives."
            )
        within: dict[str, Any] = {"metres": round(self.metres), "n": self.n, "incidents": _rounded(self.incidents)}
        if self.metres <= 1 and self.hours <= SAME_TIME_H:
            return Message(
                "Reports of the same category, place and time are counted as one incident: {n} alerts report about "
                "{incidents} incidents.",
                within,
            )
        if self.hours > DAY_H or self.time_step_h >= DAY_H:
            days = max(round(self.hours / DAY_H), 1)
            return Message(
                "Reports of the same category mostly within {metres} m and {days} d of each other are counted as one "
                "incident: {n} alerts report about {incidents} incidents.",
                {**within, "days": days},
            )
        return Message(
            "Reports of the same category mostly within {metres} m and {hours} h of each other are counted as one "
            "incident: {n} alerts report about {incidents} incidents.",
            {**within, "hours": max(int(np.ceil(self.hours)), 1)},
        )

    def sentence(self, t: Translator) -> str:
        """The rule in the reader's language."""
        return t(self.message)


def _rounded(number: int) -> int:
    """Three significant digits."""
    size = int(10 ** max(len(str(number)) - 3, 0))
    return round(number / size) * size


def learn_linking(x: Any, y: Any, hours: Any, category: Any, *, period_h: float | None = None) -> Linking:
    """Learn from alerts which of them are reports of one incident.

    Parameters
    ----------
    x, y : arrays, shape (n,)
        Metres; NaN where an alert is not on the map.
    hours : array, shape (n,)
        Hours since any epoch; NaN where the time is not known, or only the month.
    category : array of int, shape (n,)
        Codes of categories.
    period_h : float, optional
        Hours that the alerts cover; None: from the first to the last.
    """
    time = np.asarray(hours, dtype=float)
    step = known_step(time[np.isfinite(time)])
    return learned(Reports.of(x, y, time, category, step), len(time), step, period_h)


def learned(reports: Reports, n: int, step: float, period_h: float | None) -> Linking:
    """What `learn_linking` gives for `n` alerts made ready, with times known in so many hours."""
    covered = float(np.ptp(reports.points.hours)) if len(reports) else 0.0
    length = max(covered, period_h or 0.0)
    lags = Lags.of_step(step)
    empty = _nothing(n, len(reports.known), length, lags)
    if len(reports.known) < FEWEST:
        return empty
    if covered < SHORTEST_H:
        return replace(empty, reason="short")
    found = Learning(reports, lags, length).learned()
    told = replace(
        empty,
        reason="chance",
        observed=found.observed,
        expected=found.expected,
        ground=found.ground,
        categories=found.categories,
    )
    if found.trigger is None or found.metres is None or found.hours is None or not len(found.metres):
        return told
    return replace(
        told,
        reason="linked",
        repeats=found.repeats,
        metres=float(max(np.ceil(np.quantile(found.metres, _NINE_OF_TEN) / 10) * 10, 1.0)),
        hours=float(np.quantile(found.hours, _NINE_OF_TEN)),
        trigger=found.trigger.rates,
    )


def _nothing(n: int, located: int, period_h: float, lags: Lags) -> Linking:
    none = np.zeros((len(METRES), len(lags.edges)))
    ground = Ground((0.0, 0.0), 1.0, np.ones(len(METRES)), np.ones(13))
    codes = np.empty(0, dtype=np.int64)
    return Linking(
        n, located, 0.0, "few", lags.step, 0.0, 0.0, period_h, METRES, lags.edges, none, none, none[None], codes, ground
    )


def link_reports(x: Any, y: Any, hours: Any, category: Any, linking: Linking, same: Any = None) -> IntArray:
    """Link alerts that are reports of one incident.

    An alert is linked to the earlier one that it most probably repeats where it is more probably a further report than
    an incident of its own; an incident is all alerts that are linked, directly or in a chain.

    Parameters
    ----------
    x, y, hours, category : arrays, shape (n,)
        As for `learn_linking`.
    linking : Linking
        What was learned, from these alerts or from alerts of the same city and form.
    same : array of int, shape (n,), optional
        Codes of the source's own incidents, -1 where it has none: equal ones are one incident whatever lies between.

    Returns
    -------
    array of int, shape (n,)
        The incident of each alert: the row of its earliest report (of equal ones the first row; times that are not
        known come last).
    """
    time = np.asarray(hours, dtype=float)
    links = np.empty((2, 0), dtype=np.int64)
    if linking.linked and len(time):
        links = near_links(Reports.of(x, y, time, category, linking.time_step_h), linking).links
    return first_reports(links, time, same)


def first_reports(links: IntArray, time: FloatArray, same: Any) -> IntArray:
    """The row of each alert's earliest report, given links of shape (2, links) and hours; shape (n,)."""
    n = len(time)
    start, stop = np.concatenate([_same_links(same, n), links], axis=1)
    graph = coo_array((np.ones(len(start), dtype=np.int8), (start, stop)), shape=(n, n))
    incident = connected_components(graph, directed=False)[1] if n else np.empty(0, dtype=np.int64)
    order = np.lexsort([np.arange(n), np.where(np.isfinite(time), time, np.inf)])
    first = np.empty(n, dtype=np.int64)
    first[incident[order[::-1]]] = order[::-1]
    return first[incident]


def _same_links(same: Any, n: int) -> IntArray:
    if same is None or not n:
        return np.empty((2, 0), dtype=np.int64)
    code = np.asarray(same, dtype=np.int64)
    rows = np.flatnonzero(code >= 0)
    order = rows[np.argsort(code[rows], kind="stable")]
    again = code[order[1:]] == code[order[:-1]]
    return np.stack([order[:-1][again], order[1:][again]])


@dataclass(frozen=True, eq=False)
class NearLinks:
    """Links between alerts near each other, and what they follow from.

    links : rows of the input of the further report and of the one it repeats, shape (2, links).
    weights : incidents that each row of the reports counts as. here, around : incidents an hour expected in the first
    band of distance, and by m² in the others before clumping; NaN for rows without a candidate. Shape (rows,).
    """

    links: IntArray
    weights: FloatArray
    here: NDArray[np.float32]
    around: NDArray[np.float32]


def near_links(reports: Reports, linking: Linking) -> NearLinks:
    """Link alerts near each other.

    The background is worked out twice: with all alerts as likely to be further reports, then with each as likely as
    that gave. Alerts of some places at a time; what is kept of all of them is small.
    """
    ground, trigger = linking.ground, Trigger(linking.trigger)
    lags = Lags.of_step(linking.time_step_h)
    here = Neighbourhood(reports, lags, ground.origin, linking.period_h, ground.area)
    some = np.flatnonzero(known_categories(linking.categories, reports.points.category))
    before, again = here.pairs.window(some, 0.0, REACH_H), reports.copies > 1
    lots, earlier = list[IntArray](), list[_Earlier]()
    for some_rows in here.pairs.in_order(some):
        pair = _Earlier(here, some_rows, before)
        lots.append(np.union1d(pair.find(keep=sum(map(len, earlier)) < MOST_KEPT).row, some_rows[again[some_rows]]))
        earlier.append(pair)
    rows = np.concatenate([np.empty(0, np.int64), *lots])
    weights = reports.copies.astype(float)
    here_rate, around_rate = np.full((2, len(reports)), np.nan, dtype=np.float32)
    if not len(rows):
        return NearLinks(np.empty((2, 0), dtype=np.int64), weights, here_rate, around_rate)
    around = here.pairs.window(rows, -REFERENCE_H[0], REFERENCE_H[0])
    reference = reference_windows(here.pairs, rows)
    given = np.asarray(reports.copies * (1 - linking.repeats), dtype=float)
    for lot, pair in zip(lots, earlier, strict=True):
        near = Pairs.together(list(here.pairs.within(lot, around)))
        rates = here.background.expected(lot, given, near, ground.clumping, linking.period_h)
        pairs = here.candidates(lot, pair.pairs(), rates, ground, linking.categories)
        weights[lot] = here.weights(lot, trigger.parents(pairs)[1])[lot]
    links = []
    for lot, pair in zip(lots, earlier, strict=True):
        near = Pairs.together(list(here.pairs.within(lot, around)))
        rates = here.background.expected(lot, weights, near, ground.clumping, linking.period_h)
        del near
        seen = reference_sums(here.pairs, lot, weights, NOW_METRES, reference)
        rates = rates * here.background.now(lot, rates, seen)[:, None]
        here_rate[lot], around_rate[lot] = rates[:, 0], rates[:, 1] / (AREAS[1] * ground.clumping[1])
        known = pair.pairs()
        pairs = here.candidates(lot, known, rates, ground, linking.categories)
        links.append(_links_of_alerts(reports, lot, known, most_probable(pairs, *trigger.parents(pairs))))
    return NearLinks(np.concatenate(links, axis=1), weights, here_rate, around_rate)


class _Earlier:
    """The pairs of some alerts with those before them: kept as the rows of both, which say how far they are from each
    other, or looked for whenever they are asked.
    """

    def __init__(self, here: Neighbourhood, rows: IntArray, window: Window) -> None:
        self._here, self._rows, self._window = here, rows, window
        self._known: tuple[IntArray, IntArray] | None = None

    def __len__(self) -> int:
        """How many are kept."""
        return 0 if self._known is None else len(self._known[0])

    def find(self, *, keep: bool) -> Pairs:
        """Look for them; `keep`: for the next time."""
        found = Pairs.together([self._here.earlier(lot) for lot in self._here.pairs.within(self._rows, self._window)])
        if keep:
            self._known = found.row.astype(np.int32), found.other.astype(np.int32)
        return found

    def pairs(self) -> Pairs:
        """All of them."""
        return self.find(keep=False) if self._known is None else self._here.pairs.between(*self._known)


def known_categories(codes: IntArray, category: IntArray) -> BoolArray:
    """Whether each category is one of the codes, which are in order; shape as `category`."""
    at = np.searchsorted(codes, category).clip(max=max(len(codes) - 1, 0))
    return codes[at] == category if len(codes) else np.zeros(len(category), dtype=bool)


def _links_of_alerts(reports: Reports, rows: IntArray, earlier: Pairs, best: IntArray) -> IntArray:
    """Links between the input's rows, from those between rows without copies."""
    between = best[best < len(earlier)]
    links = np.stack([reports.first[earlier.row[between]], reports.first[earlier.other[between]]])
    again = np.repeat(np.arange(len(rows)), reports.copies[rows] - 1)
    of_copy = best[best >= len(earlier)] - len(earlier)
    # Copies of a row: its further members, in order.
    order = np.argsort(reports.member, kind="stable")
    place = np.arange(len(order)) - np.searchsorted(reports.member[order], reports.member[order])
    further = reports.known[order][place > 0]
    owner = reports.member[order][place > 0]
    chosen = further[np.isin(owner, rows)]
    copies = np.stack([chosen[of_copy], reports.first[rows[again[of_copy]]]])
    return np.concatenate([links, copies], axis=1)
