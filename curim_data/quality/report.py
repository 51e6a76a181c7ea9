"""The quality study in words and tables: a finding for each subject, with its rule and its tables; the report."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

import h3.api.basic_int as h3
import pandas as pd

from curim_data.engine import Source
from curim_data.model import (
    NO_AFFECTED,
    NO_GENDER,
    NO_REPORTERS,
    CityProfile,
    Message,
    Translator,
    category_label,
    district_label,
    fewer_than,
    format_label,
    is_small,
)
from curim_data.quality.study import COLUMNS, MONTH, Detail, QualityStudy, likely_reason

# Shares from which on a finding needs attention.
MANY_OUTSIDE: Final = 0.01
MANY_NEAR: Final = 0.05
MORE_THAN_CHANCE: Final = 1.5
MANY_SILENT: Final = 0.2
MANY_EMPTY: Final = 0.5
LATE_HOURS: Final = 168.0
FINE_ENOUGH: Final = 10
FELL: Final = 0.2
# Columns that every analysis leans on; the others are empty in many good exports.
NEEDED: Final = frozenset({"occurred_from", "hour", "coordinates", "category", "affected_gender"})
RECENT_MONTHS: Final = 3
EARLIER_MONTHS: Final = 12

# The subjects: title and rule.
_SUBJECTS: Final = {
    "piles": (
        Message("Many alerts on one point"),
        Message(
            "A point is listed when its identical coordinates hold more than 20 alerts, more than 1 % of those in the "
            "city, and more than five times as many as 95 % of the points with 20 or fewer hold: where positions were "
            "moved to the points of a list, its busy corners are not listed."
        ),
    ),
    "unknown": (
        Message("Categories that the city's list does not hold"),
        Message(
            "They count in every total under their own name. The city's list can be changed on the tab “City profile”."
        ),
    ),
    "genders": (
        Message("Gender not known, by district"),
        Message("Alerts whose gender was not disclosed or not asked, as a share of the alerts of the district."),
    ),
    "months": (
        Message("Dates known by month only"),
        Message("From 5 % of such alerts on, gaps and jumps are looked for by month."),
    ),
    "gaps": (
        Message("Days that the sources cover"),
        Message(
            "A stretch is listed when chance, at the source's own pace on both sides of it and with its bursts, would "
            "make fewer than 0.05 so long. Comparisons leave such days out on both sides."
        ),
    ),
    "jumps": (
        Message("Jumps in time"),
        Message(
            "Each count is compared with the median of the six before and the six after it; what is listed lies more "
            "than 4 robust spreads away, on the scale of square roots. The first and the last, which may be cut off, "
            "are left out."
        ),
    ),
    "completeness": (
        Message("How much of each column is filled"),
        Message(
            "A gender counts as filled where it is stated, a category where the city's list holds it, the time of the "
            "resolution among resolved alerts alone. Falls are reported from 20 percentage points on."
        ),
    ),
    "outside": (
        Message("Points outside the city"),
        Message("Inside is the city's land and 30 m around it. Grouped by map cells about 900 m wide."),
    ),
    "precision": (
        Message("How exact the coordinates are"),
        Message(
            "Default coordinates are left out. A map cell's edge must not be shorter than the step between positions; "
            "edges measure 531 m at resolution 8, 201 m at 9, 76 m at 10, 29 m at 11 and 11 m at 12."
        ),
    ),
    "lag": (
        Message("From the event to its report"),
        Message(
            "Over the alerts that give both times, those known by month left out. Where the event is given by its date "
            "alone, the time counts from midnight and is too long by up to a day."
        ),
    ),
    "near": (
        Message("Near-duplicates"),
        Message(
            "Same category, within 50 m and 48 hours, of other incidents; alerts on piles and those known by month "
            "only are not compared. None is removed: two people may have seen one event, or there were two."
        ),
    ),
    "incidents": (
        Message("Several alerts of one incident"),
        Message("Alerts of one incident are those whose source gives them the same number, as for several victims."),
    ),
}


@dataclass(frozen=True)
class Finding:
    """What the study says of one subject.

    `key` names the section; `attention` whether a reader should act on it, `weight` (0 to 1) how much of the data it
    touches; `n` the alerts that it rests on; `settings` the rule.
    """

    key: str
    title: str
    settings: str
    sentence: str
    n: int
    attention: bool
    weight: float


# Of a subject: its sentence, the alerts it rests on, whether a reader should act on it, and its weight.
_Told: TypeAlias = tuple[str, int, bool, float]


def findings(t: Translator, study: QualityStudy) -> list[Finding]:
    """What the study found, what needs attention first and, of that, what touches most alerts."""
    told = {"piles": _piles(t, study), "unknown": _unknown(t, study), "genders": _silent(t, study)}
    if (detail := study.detail) is not None:
        told |= {
            "months": _by_month(t, study.total.of, detail),
            "gaps": _covered(t, study),
            "jumps": _jumps(t, detail),
            "completeness": _filled(t, study.total.of, detail),
            "outside": _outside(t, detail),
            "precision": _precision(t, detail),
            "lag": _lag(t, detail),
            "near": _near(t, detail),
            "incidents": _incidents(t, study.total.of, detail),
        }
    found = [Finding(key, t(title), t(rule), *told[key]) for key, (title, rule) in _SUBJECTS.items() if key in told]
    return sorted(found, key=lambda one: (not one.attention, -one.weight))


def _piles(t: Translator, study: QualityStudy) -> _Told:
    found, total = study.default_coordinates, study.total
    sentence = (
        t("No point holds far more alerts than the others.")
        if found.empty
        else t.n(
            "{n} point holds far more alerts than the others. Its alerts count in every total and are left out of hot "
            "spots.",
            "{n} points hold far more alerts than the others. Their alerts count in every total and are left out of "
            "hot spots.",
            len(found),
        )
    )
    return sentence, (total.mapped or 0) + (total.outside or 0), not found.empty, float(found["share"].sum())


def _unknown(t: Translator, study: QualityStudy) -> _Told:
    found, unstated, of = study.unknown, study.uncategorised, study.total.of
    share = float(found["n"].sum()) / of if of else 0.0
    nothing = bool(unstated and unstated == of)
    if nothing:
        sentence = t("No alert here has a category: this export names none, or none was assigned.")
    elif found.empty:
        sentence = t("None: every category is in the list.")
    else:
        sentence = t.n(
            "{n} category is not in the city's list; {share} of the alerts have it.",
            "{n} categories are not in the city's list; {share} of the alerts have them.",
            len(found),
            share=t.percent(share, 1),
        )
    if is_small(unstated, study.total.threshold):
        sentence += " " + t("Fewer than {k} alerts state no category.", k=study.total.threshold)
    elif 0 < unstated < of:
        sentence += " " + t.n("{n} alert states no category.", "{n} alerts state no category.", int(unstated))
    return sentence, of, not found.empty or nothing, share


def _silent(t: Translator, study: QualityStudy) -> _Told:
    frame = study.genders
    n = float(frame["n"].sum())
    affected, reporter = (
        float((frame[name] * frame["n"]).sum()) / n if n else 0.0 for name in ("affected", "reporter")
    )
    sentence = t(
        "The gender of the person affected is not known in {affected} of the alerts, that of the reporter in "
        "{reporter}.",
        affected=t.percent(affected, 1),
        reporter=t.percent(reporter, 1),
    )
    lacking = {"affected_gender": NO_AFFECTED, "reporter_gender": NO_REPORTERS}
    absent = [why for name, why in lacking.items() if name not in study.asked]
    if absent:
        sentence = t(NO_GENDER) if len(absent) == len(lacking) else f"{t(absent[0])} {sentence}"
    return sentence, int(n), affected > MANY_SILENT, affected


def _by_month(t: Translator, of: int, detail: Detail) -> _Told:
    n, share = detail.month_only, detail.month_only / of if of else 0.0
    sentence = (
        t.n(
            "Of {n} alert ({share}) only the month is known: its week, day and hour mean nothing. Read such data by "
            "month.",
            "Of {n} alerts ({share}) only the month is known: their week, day and hour mean nothing. Read such data by "
            "month.",
            n,
            share=t.percent(share, 1),
        )
        if n
        else t("No alert is known by its month alone.")
    )
    return sentence, of, n > 0, share


def _covered(t: Translator, study: QualityStudy) -> _Told:
    coverage = study.coverage
    days = sum(gap.days for gap in coverage.gaps)
    of = max(1, sum((last - first).days + 1 for first, last in coverage.spans.values()))
    said = [t(one) for one in coverage.sentences()]
    if coverage.complete:
        said.insert(0, t("No stretch of days without alerts is longer than chance explains."))
    return " ".join(said), study.total.of, not coverage.complete, min(1.0, days / of)


def _jumps(t: Translator, detail: Detail) -> _Told:
    found, many = len(detail.jumps), len(detail.periods)
    if not many:
        sentence = t("Not looked for: there are too few whole weeks or months.")
    elif not found:
        sentence = t("None lies improbably far from its neighbours: {n} were compared.", n=many)
    elif detail.unit == MONTH:
        sentence = t.n(
            "{n} month of {of} lies improbably far from its neighbours.",
            "{n} months of {of} lie improbably far from their neighbours.",
            found,
            of=many,
        )
    else:
        sentence = t.n(
            "{n} week of {of} lies improbably far from its neighbours.",
            "{n} weeks of {of} lie improbably far from their neighbours.",
            found,
            of=many,
        )
    if found:
        sentence += " " + t("Look whether an export is there twice, or in part.")
    return sentence, int(detail.periods.sum()), found > 0, min(1.0, found / many) if many else 0.0


def fallen(completeness: pd.DataFrame) -> pd.DataFrame:
    """Columns filled much less in the last three months than in the twelve before: column, before, now (shares)."""
    rows = []
    for name, frame in completeness.dropna(subset=["month"]).groupby("column", sort=False):
        frame = frame.sort_values("month").tail(RECENT_MONTHS + EARLIER_MONTHS)
        before, now = (part[["filled", "n"]].sum() for part in (frame[:-RECENT_MONTHS], frame[-RECENT_MONTHS:]))
        if before["n"] and now["n"]:
            rows.append((name, float(before["filled"] / before["n"]), float(now["filled"] / now["n"])))
    found = pd.DataFrame(rows, columns=["column", "before", "now"])
    return found[found["before"] - found["now"] >= FELL].reset_index(drop=True)


def _filled(t: Translator, of: int, detail: Detail) -> _Told:
    whole = detail.completeness[detail.completeness["month"].isna()]
    poor, fell = whole[whole["share"] < MANY_EMPTY].sort_values("share"), fallen(detail.completeness)
    few, less = (t.join([t(COLUMNS[name]) for name in some["column"]]) for some in (poor, fell))
    sentences = [
        t("Filled in less than half of the alerts: {columns}.", columns=few)
        if few
        else t("Every column is filled in at least half of the alerts."),
        less and t("Filled much less in the last three months than in the year before: {columns}.", columns=less),
    ]
    lost = (1 - poor["share"]).mean() if len(poor) else (fell["before"] - fell["now"]).max()
    attention = bool(poor["column"].isin(NEEDED).any()) or len(fell) > 0
    return _joined(sentences), of, attention, 0.0 if pd.isna(lost) else float(lost)


def _outside(t: Translator, detail: Detail) -> _Told:
    found = detail.outside
    share = found.n / found.of if found.of else 0.0
    sentence = (
        t.n(
            "{n} alert ({share} of those with coordinates) lies outside the city. It is stored and counted apart, "
            "and left off the city's maps.",
            "{n} alerts ({share} of those with coordinates) lie outside the city. They are stored and counted apart, "
            "and left off the city's maps.",
            found.n,
            share=t.percent(share, 1),
        )
        if found.n
        else t("Every alert with coordinates lies in the city.")
    )
    return sentence, found.of, share > MANY_OUTSIDE, share


def _precision(t: Translator, detail: Detail) -> _Told:
    found = detail.precision
    if found is None:
        return t("No alert off the piles has coordinates."), 0, False, 0.0
    if found.finest is None:
        cells = t("They are too coarse for any map cell: compare districts instead.")
        return f"{t(found.reason)} {cells}", found.n, True, 1.0
    cells = t("They support map cells of resolution {finest} and coarser.", finest=found.finest)
    return f"{t(found.reason)} {cells}", found.n, found.finest < FINE_ENOUGH, 0.5


def _lag(t: Translator, detail: Detail) -> _Told:
    found = detail.lag
    if found is None:
        return t("No alert gives both times."), 0, False, 0.0
    times = {"median": duration(t, found.median), "late": duration(t, found.late)}
    shares = {name: t.percent(found.over[days], 1) for name, days in (("one", 1), ("seven", 7), ("many", 28))}
    sentences = [
        t(
            "Half of the alerts come within {median} of the event, nine in ten within {late}. Later than a day: {one}, "
            "than a week: {seven}, than four weeks: {many}.",
            **times,
            **shares,
        ),
        found.negative
        and t.n(
            "{n} alert was reported before it happened: look at its clock.",
            "{n} alerts were reported before they happened: look at the clocks.",
            found.negative,
        ),
    ]
    attention = found.negative > 0 or found.median > LATE_HOURS
    return _joined(sentences), found.n, attention, max(found.negative / found.n, found.over[7])


def _joined(sentences: Iterable[str | int]) -> str:
    """The sentences that are there, one after the other."""
    return " ".join(str(one) for one in sentences if one)


def duration(t: Translator, hours: float) -> str:
    """A stretch of time in minutes, hours or days."""
    if hours < 0:
        return t("less than no time")
    if hours < 1:
        return t.n("{n} minute", "{n} minutes", max(1, math.ceil(hours * 60)))
    if hours < 48:
        return t.n("{n} hour", "{n} hours", math.ceil(hours - 1e-9))
    return t.n("{n} day", "{n} days", math.ceil(hours / 24 - 1e-9))


def _near(t: Translator, detail: Detail) -> _Told:
    found = detail.near_duplicates
    if found.too_many:
        said = t("Not looked for: too many alerts share place, category and time for pairs to mean anything.")
        return said, found.of, True, 1.0
    if not found.of:
        return t("Not looked for: no alert gives its day and its place."), 0, False, 0.0
    share, later = found.alerts / found.of, found.pairs - found.first_day
    sentence = t.n(
        "{n} pair of alerts may concern the same event: {share} of the alerts that were compared are in a pair.",
        "{n} pairs of alerts may concern the same events: {share} of the alerts that were compared are in a pair.",
        found.pairs,
        share=t.percent(share, 1),
    )
    if found.pairs:
        sentence += " " + t(
            "Less than a day apart: {first}; more than a day: {later}. By chance there would be about as many of each.",
            first=found.first_day,
            later=later,
        )
    return sentence, found.of, share > MANY_NEAR and found.first_day > MORE_THAN_CHANCE * later, share


def _incidents(t: Translator, of: int, detail: Detail) -> _Told:
    found = detail.incidents
    sentences = [
        t.n(
            "{n} incident has several alerts: {alerts} in all, at most {most} of one.",
            "{n} incidents have several alerts: {alerts} in all, at most {most} of one.",
            found["incidents"],
            alerts=found["alerts"],
            most=found["most"],
        )
        if found["incidents"]
        else t("No incident has several alerts."),
        found["several_categories"]
        and t.n(
            "{n} alert has more than one category: it counts once in totals and once in each category.",
            "{n} alerts have more than one category: they count once in totals and once in each category.",
            found["several_categories"],
        ),
    ]
    return _joined(sentences), of, False, found["alerts"] / of if of else 0.0


OUTSIDE_REASONS: Final = {
    "zero": Message("The coordinates are zero: the position was not known."),
    "swapped": Message("Latitude and longitude may be exchanged."),
    "sign": Message("A sign may be wrong."),
    "near": Message("Just beyond the border, or on the water."),
    "": Message("Not known."),
}
DIRECTIONS: Final = (
    Message("north"),
    Message("north-east"),
    Message("east"),
    Message("south-east"),
    Message("south"),
    Message("south-west"),
    Message("west"),
    Message("north-west"),
)


@dataclass(frozen=True)
class Sheet:
    """A table: its `name` (of a file), its rows, the headings of the columns in order, and how numbers are written.

    `digits`: decimals of columns of numbers, `percent`: of shares. `narrow`: the columns for a phone, all where empty.
    `ids`: whether it names single alerts.
    """

    name: str
    title: str
    frame: pd.DataFrame
    headings: Mapping[str, str]
    digits: Mapping[str, int] = field(default_factory=dict)
    percent: Mapping[str, int] = field(default_factory=dict)
    narrow: tuple[str, ...] = ()
    ids: bool = False

    def written(self, t: Translator) -> pd.DataFrame:
        """The table as texts in the reader's number form, under its headings."""
        out = self.frame[list(self.headings)].copy().astype(object)
        for name, places in self.digits.items():
            out[name] = [t.number(value, places) for value in self.frame[name]]
        for name, places in self.percent.items():
            out[name] = [t.percent(value, places) for value in self.frame[name]]
        if "fewer_than" in self.frame and "n" in self.digits:
            few = self.frame["n"].isna() & self.frame["fewer_than"].notna()
            out.loc[few, "n"] = [t(fewer_than(int(k))) for k in self.frame.loc[few, "fewer_than"]]
        return out.astype(str).rename(columns=dict(self.headings))


def sheets(t: Translator, city: CityProfile, study: QualityStudy) -> dict[str, list[Sheet]]:
    """The tables that stand under each finding, by its key; empty tables are left out."""
    unknown = {"category": t("Category"), "n": t("Alerts")}
    found: dict[str, list[Sheet]] = {
        "piles": [default_coordinates_sheet(t, city, study)],
        "unknown": [
            Sheet("unknown-categories", t("Categories outside the city's list"), study.unknown, unknown, {"n": 0})
        ],
        "genders": [_genders_sheet(t, city, study)],
        "gaps": _coverage_sheets(t, study),
    }
    if study.detail is not None:
        detail = study.detail
        found |= {
            "completeness": _completeness_sheets(t, detail),
            "jumps": [_jumps_sheet(t, detail)],
            "outside": [_outside_sheet(t, detail)],
            "precision": [_precision_sheet(t, detail)],
            "lag": [_lag_sheet(t, detail)],
            "near": _near_sheets(t, city, detail),
        }
    given = {key: [sheet for sheet in some if len(sheet.frame)] for key, some in found.items()}
    if study.written is None or study.written.all_written:
        return given
    return {key: [replace(one, frame=study.written.table(one.frame)) for one in some] for key, some in given.items()}


def default_coordinates_sheet(t: Translator, city: CityProfile, study: QualityStudy) -> Sheet:
    """The piles with their rank and the likely reason."""
    points = list(zip(study.default_coordinates["longitude"], study.default_coordinates["latitude"], strict=True))
    rows = study.default_coordinates.assign(
        rank=range(1, len(points) + 1),
        point=[f"{lat:.5f}, {lon:.5f}" for lon, lat in points],
        reason=[likely_reason(t, city, lon, lat) for lon, lat in points],
    )
    return Sheet(
        "piles",
        t("Points with suspiciously many alerts"),
        rows,
        {
            "rank": t("Point"),
            "n": t("Alerts"),
            "share": t("Share"),
            "reason": t("Likely reason"),
            "point": t("Latitude, longitude"),
        },
        {"n": 0},
        {"share": 1},
        ("rank", "n", "reason"),
    )


def _genders_sheet(t: Translator, city: CityProfile, study: QualityStudy) -> Sheet:
    return Sheet(
        "gender-not-known",
        t("Share of alerts without a known gender, by district"),
        study.genders.assign(
            name=[
                t("No district known") if pd.isna(district) else district_label(t, city, str(district))
                for district in study.genders["district"]
            ]
        ),
        {"name": t("District"), "n": t("Alerts"), "affected": t("Person affected"), "reporter": t("Reporter")},
        {"n": 0},
        {"affected": 1, "reporter": 1},
        ("name", "affected", "reporter"),
    )


def _coverage_sheets(t: Translator, study: QualityStudy) -> list[Sheet]:
    spans, gaps = study.coverage.spans, study.coverage.gaps
    sources = [
        (format_label(t, name), t.date(first), t.date(last), sum(gap.source in (name, "") for gap in gaps))
        for name, (first, last) in spans.items()
    ]
    labels = [format_label(t, gap.source) if gap.source else t("All sources") for gap in gaps]
    days = [(of, t.date(gap.first), t.date(gap.last), gap.days) for of, gap in zip(labels, gaps, strict=True)]
    span = {"source": t("Source"), "first": t("From"), "last": t("To")}
    headings, lengths = span | {"gaps": t("Gaps")}, span | {"days": t("Days")}
    first_and_last = pd.DataFrame(sources, columns=list(headings))
    return [
        Sheet("sources", t("First and last day of each source"), first_and_last, headings, {"gaps": 0}),
        Sheet("gaps", t("Days that are not covered"), pd.DataFrame(days, columns=list(lengths)), lengths, {"days": 0}),
    ]


def _completeness_sheets(t: Translator, detail: Detail) -> list[Sheet]:
    """Completeness as a whole; and by month, a column for each, the newest month first."""
    whole = detail.completeness[detail.completeness["month"].isna()]
    rows = whole.assign(label=[t(COLUMNS[name]) for name in whole["column"]], empty=whole["n"] - whole["filled"])
    months = detail.completeness.dropna(subset=["month"])
    wide = months.pivot_table(index="month", columns="column", values="share", sort=False, dropna=False)
    wide = wide.sort_index(ascending=False).reindex(columns=list(COLUMNS)).reset_index()
    return [
        Sheet(
            "completeness",
            t("Share of each column that is filled"),
            rows,
            {"label": t("Column"), "share": t("Filled"), "empty": t("Empty"), "n": t("Alerts")},
            {"n": 0, "empty": 0},
            {"share": 1},
            ("label", "share"),
        ),
        Sheet(
            "completeness-by-month",
            t("Share of each column that is filled, by month"),
            wide.assign(label=[t.date(month, "LLL y") for month in wide["month"]]),
            {"label": t("Month"), **{name: t(message) for name, message in COLUMNS.items()}},
            percent=dict.fromkeys(COLUMNS, 0),
            narrow=("label", "occurred_from", "coordinates"),
        ),
    ]


def _jumps_sheet(t: Translator, detail: Detail) -> Sheet:
    form, first = ("LLLL y", t("Month")) if detail.unit == MONTH else ("medium", t("Week from"))
    rows = detail.jumps.assign(start=[t.date(day, form) for day in detail.jumps["start"]])
    return Sheet(
        "jumps",
        t("Weeks or months far from their neighbours"),
        rows,
        {"start": first, "n": t("Alerts"), "level": t("Level of its neighbours"), "z": t("Spreads away")},
        {"n": 0, "level": 0, "z": 1},
    )


def _outside_sheet(t: Translator, detail: Detail) -> Sheet:
    cells = detail.outside.cells
    rows = cells.assign(
        rank=range(1, len(cells) + 1),
        km=cells["metres"] / 1000,
        where=[t(DIRECTIONS[number]) for number in cells["direction"]],
        why=[t(OUTSIDE_REASONS[code]) for code in cells["reason"]],
        point=[f"{lat:.4f}, {lon:.4f}" for lat, lon in zip(cells["latitude"], cells["longitude"], strict=True)],
        name=[h3.int_to_str(int(cell)) for cell in cells["cell"]],
    )
    return Sheet(
        "outside",
        t("Where the alerts outside the city lie, by map cells about 900 m wide"),
        rows,
        {
            "n": t("Alerts"),
            "km": t("Kilometres away"),
            "where": t("Direction"),
            "why": t("Likely reason"),
            "point": t("Latitude, longitude"),
            "name": t("Map cell"),
        },
        {"n": 0, "km": 1},
        narrow=("n", "km", "where"),
    )


def _precision_sheet(t: Translator, detail: Detail) -> Sheet:
    found = detail.precision
    rows = pd.DataFrame(columns=["decimals", "n", "share"]) if found is None else found.decimals
    last = len(rows) - 1
    labels = [
        t("at most {n}", n=int(d)) if at == 0 else t("{n} or more", n=int(d)) if at == last else t.number(d)
        for at, d in enumerate(rows["decimals"])
    ]
    return Sheet(
        "precision",
        t("Alerts by the decimals of their coordinates"),
        rows.assign(label=labels, metres=[111_320.0 * 10.0 ** -int(d) for d in rows["decimals"]]),
        {"label": t("Decimals"), "metres": t("Step in metres"), "n": t("Alerts"), "share": t("Share")},
        {"n": 0, "metres": 1},
        {"share": 1},
        ("label", "metres", "share"),
    )


def _lag_sheet(t: Translator, detail: Detail) -> Sheet:
    rows = lag_rows(t, detail)
    return Sheet(
        "lag",
        t("Alerts by the time from event to report"),
        rows if rows["n"].sum() else rows[:0],
        {"label": t("Time to the report"), "n": t("Alerts"), "share": t("Share")},
        {"n": 0},
        {"share": 1},
    )


def lag_rows(t: Translator, detail: Detail) -> pd.DataFrame:
    """Classes of the time from event to report: label, n, share."""
    rows = detail.lag_classes
    most, n = rows["most"].tolist(), int(rows["n"].sum())
    labels = [
        t("before the event"),
        *(t("less than {time}", time=duration(t, hours)) for hours in most[1:-1]),
        t("{time} or more", time=duration(t, most[-2])),
    ]
    return rows.assign(label=labels, share=rows["n"] / n if n else math.nan)


def _near_sheets(t: Translator, city: CityProfile, detail: Detail) -> list[Sheet]:
    counted, pairs = (
        frame.assign(label=[category_label(t, city, name) for name in frame["category"]])
        for frame in (detail.near_duplicates.by_category, detail.near_duplicates.listed)
    )
    return [
        Sheet(
            "near-duplicates",
            t("Near-duplicates by category"),
            counted,
            {"label": t("Category"), "pairs": t("Pairs")},
            {"pairs": 0},
        ),
        Sheet(
            "near-duplicate-pairs",
            t("Pairs of alerts, the nearest in time first, at most 200"),
            pairs,
            {
                "first": t("Alert"),
                "second": t("May be the same as"),
                "label": t("Category"),
                "metres": t("Metres apart"),
                "hours": t("Hours apart"),
            },
            {"metres": 0, "hours": 1},
            narrow=("first", "second"),
            ids=True,
        ),
    ]


_STYLE: Final = """
body{font:15px/1.5 system-ui,"Segoe UI",Roboto,"Noto Sans",Arial,sans-serif;color:#1b2733;background:#fff;
max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem;border-top:1px solid #d9dee3;padding-top:1rem}
.mark{color:#8a3d00;font-weight:600}.rule{color:#55616c;font-size:.85rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.5rem 0 1rem;font-size:.9rem}
caption{text-align:left;color:#55616c;padding:.25rem 0}th,td{text-align:left;padding:.2rem .8rem .2rem 0;
border-bottom:1px solid #e6eaee;vertical-align:top}td.n,th.n{text-align:right}
@media print{body{margin:0;max-width:none}h2{break-after:avoid}tr{break-inside:avoid}}
"""


def as_object(t: Translator, source: Source, study: QualityStudy, *, with_ids: bool = False) -> dict[str, Any]:
    """The study as plain values: the store, then each finding with its sentence, rule and tables.

    Lists of single alerts are left out unless `with_ids`.
    """
    tables = sheets(t, source.city, study)
    return {
        "city": t.label(source.city.names),
        "version": source.version,
        "first": source.first if source.count else None,
        "last": source.as_of if source.count else None,
        "alerts": source.count,
        "findings": [
            {
                "key": one.key,
                "title": one.title,
                "attention": one.attention,
                "share": one.weight,
                "n": one.n,
                "told": one.sentence,
                "rule": one.settings,
                "tables": {
                    sheet.name: sheet.frame[
                        [*sheet.headings, *(["fewer_than"] if "fewer_than" in sheet.frame else [])]
                    ].to_dict("records")
                    for sheet in tables.get(one.key, ())
                    if with_ids or not sheet.ids
                },
            }
            for one in findings(t, study)
        ],
    }


def as_html(t: Translator, source: Source, study: QualityStudy, *, with_ids: bool = False) -> bytes:
    """The report as a page of its own, in the reader's language, every text escaped.

    Lists of single alerts (pairs of near-duplicates) are left out unless `with_ids`, since reports are passed on.
    """
    found = findings(t, study)
    tables = sheets(t, source.city, study)
    title = t("Quality of the data: {city}", city=t.label(source.city.names))
    period = t("All alerts from {start} to {end}, whatever the filter.", start=source.first, end=source.as_of)
    alerts = t.n("{n} alert.", "{n} alerts.", source.count)
    needed = [one.title for one in found if one.attention]
    head = t("Needs attention: {subjects}.", subjects=t.join(needed)) if needed else t("Nothing needs attention.")
    lines = [
        "<!doctype html>",
        f'<html lang="{t.lang}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{html.escape(title)}</h1>",
        f"<p>{html.escape(period)} {html.escape(alerts)}</p>",
        f"<p><strong>{html.escape(head)}</strong></p>",
    ]
    for one in found:
        lines += _section(t, one, [s for s in tables.get(one.key, ()) if with_ids or not s.ids])
    lines.append("</body></html>")
    return "\n".join(lines).encode()


def _section(t: Translator, one: Finding, some: list[Sheet]) -> list[str]:
    attention = html.escape(t("Needs attention"))
    mark = f'<p class="mark">{attention}</p>' if one.attention else ""
    rule = " ".join((one.settings, t("Based on {n} alerts.", n=one.n)))
    return [
        f"<section><h2>{html.escape(one.title)}</h2>{mark}",
        f"<p>{html.escape(one.sentence)}</p>",
        *(_table(t, sheet) for sheet in some),
        f'<p class="rule">{html.escape(rule)}</p></section>',
    ]


def _table(t: Translator, sheet: Sheet) -> str:
    numbers = {sheet.headings[name] for name in (*sheet.digits, *sheet.percent)}
    frame = sheet.written(t)
    marks = [' class="n"' if name in numbers else "" for name in frame.columns]
    head = "".join(
        f'<th scope="col"{mark}>{html.escape(str(name))}</th>' for name, mark in zip(frame, marks, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(f"<td{m}>{html.escape(str(v))}</td>" for v, m in zip(row, marks, strict=True)) + "</tr>"
        for row in frame.itertuples(index=False, name=None)
    )
    caption = f"<caption>{html.escape(sheet.title)}</caption>"
    return f'<div class="wide"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
