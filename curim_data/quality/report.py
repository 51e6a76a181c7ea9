"""The quality study in words and tables: a finding for each subject, and the tables that stand under it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

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
FINE_ENOUGH: Final = 10
FELL: Final = 0.2
# Columns that every analysis leans on; the others are empty in many good exports.
NEEDED: Final = frozenset({"occurred_from", "hour", "coordinates", "category", "affected_gender"})

_TITLES: Final = {
    "piles": Message("Many alerts on one point"),
    "unknown": Message("Categories that the city's list does not hold"),
    "genders": Message("Gender not known, by district"),
    "gaps": Message("Days that the sources cover"),
    "jumps": Message("Jumps in time"),
    "completeness": Message("How much of each column is filled"),
    "outside": Message("Points outside the city"),
    "precision": Message("How exact dates and positions are"),
    "near": Message("Repeated reports"),
}


@dataclass(frozen=True)
class Finding:
    """What the study says of one subject.

    `key` names the section; `attention` whether a reader should act on it, `weight` (0 to 1) how much of the data it
    touches; `n` the alerts that it rests on.
    """

    key: str
    title: str
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
            "gaps": _covered(t, study),
            "jumps": _jumps(t, detail),
            "completeness": _filled(t, study.total.of, detail),
            "outside": _outside(t, detail),
            "precision": _precision(t, study.total.of, detail),
            "near": _repeated(t, detail),
        }
    found = [Finding(key, t(title), *told[key]) for key, title in _TITLES.items() if key in told]
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
    else:
        sentence = t(
            "Far more or far fewer alerts than in the time around: {n} of {of} weeks or months. Look whether an export "
            "is there twice, or in part.",
            n=found,
            of=many,
        )
    return sentence, int(detail.periods.sum()), found > 0, min(1.0, found / many) if many else 0.0


def _filled(t: Translator, of: int, detail: Detail) -> _Told:
    whole = detail.completeness
    poor, fell = whole[whole["share"] < MANY_EMPTY].sort_values("share"), whole[whole["before"] - whole["now"] >= FELL]
    few, less = (t.join([t(COLUMNS[name]) for name in some["column"]]) for some in (poor, fell))
    sentence = (
        t("Filled in less than half of the alerts: {columns}.", columns=few)
        if few
        else t("Every column is filled in at least half of the alerts.")
    )
    if less:
        sentence += " " + t(
            "Filled much less in the last three months than in the year before: {columns}.", columns=less
        )
    lost = (1 - poor["share"]).mean() if len(poor) else (fell["before"] - fell["now"]).max()
    attention = bool(poor["column"].isin(NEEDED).any()) or len(fell) > 0
    return sentence, of, attention, 0.0 if pd.isna(lost) else float(lost)


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


def _precision(t: Translator, of: int, detail: Detail) -> _Told:
    """Of positions the smallest map cells that they support, of dates those that are known by month or impossible."""
    found, months, early = detail.precision, detail.month_only, detail.early
    finest = found.finest if found is not None else None
    if found is None:
        sentences = [t("No alert off the piles has coordinates.")]
    elif finest is None:
        sentences = [t(found.reason), t("They are too coarse for any map cell: compare districts instead.")]
    else:
        sentences = [
            t(found.reason),
            t("They support map cells of resolution {finest} and coarser.", finest=finest),
        ]
    if months:
        sentences.append(
            t.n(
                "Of {n} alert ({share}) only the month is known: its week, day and hour mean nothing. Read such data "
                "by month.",
                "Of {n} alerts ({share}) only the month is known: their week, day and hour mean nothing. Read such "
                "data by month.",
                months,
                share=t.percent(months / of, 1),
            )
        )
    if early:
        sentences.append(
            t.n(
                "{n} alert was reported before it happened: look at its clock.",
                "{n} alerts were reported before they happened: look at the clocks.",
                early,
            )
        )
    coarse = found is not None and (finest is None or finest < FINE_ENOUGH)
    weight = 0.0 if found is None else 1.0 if finest is None else 0.5
    return " ".join(sentences), of, coarse or months > 0 or early > 0, max(weight, months / max(of, 1))


def _repeated(t: Translator, detail: Detail) -> _Told:
    found, several = detail.near_duplicates, detail.incidents
    share, later = found.alerts / max(found.of, 1), found.pairs - found.first_day
    if found.too_many:
        sentences = [t("Not looked for: too many alerts share place, category and time for pairs to mean anything.")]
    elif not found.of:
        sentences = [t("Not looked for: no alert gives its day and its place.")]
    else:
        sentences = [
            t.n(
                "{n} pair of alerts may concern the same event: {share} of the alerts that were compared are in a "
                "pair.",
                "{n} pairs of alerts may concern the same events: {share} of the alerts that were compared are in a "
                "pair.",
                found.pairs,
                share=t.percent(share, 1),
            )
        ]
    if found.pairs:
        sentences.append(
            t(
                "Less than a day apart: {first}; more than a day: {later}. By chance there would be about as many of "
                "each.",
                first=found.first_day,
                later=later,
            )
        )
    if several["incidents"]:
        sentences.append(
            t.n(
                "{n} incident has several alerts: {alerts} in all, at most {most} of one.",
                "{n} incidents have several alerts: {alerts} in all, at most {most} of one.",
                several["incidents"],
                alerts=several["alerts"],
                most=several["most"],
            )
        )
    attention = found.too_many or (share > MANY_NEAR and found.first_day > MORE_THAN_CHANCE * later)
    return " ".join(sentences), found.of, attention, 1.0 if found.too_many else share


OUTSIDE_REASONS: Final = {
    "zero": Message("The coordinates are zero: the position was not known."),
    "swapped": Message("Latitude and longitude may be exchanged."),
    "sign": Message("A sign may be wrong."),
    "near": Message("Just beyond the border, or on the water."),
    "": Message("Not known."),
}


@dataclass(frozen=True)
class Sheet:
    """A table: its `name` (of a file), its rows, the headings of the columns in order, and how numbers are written.

    `digits`: decimals of columns of numbers, `percent`: of shares. `narrow`: the columns for a phone, all where empty.
    """

    name: str
    frame: pd.DataFrame
    headings: Mapping[str, str]
    digits: Mapping[str, int] = field(default_factory=dict)
    percent: Mapping[str, int] = field(default_factory=dict)
    narrow: tuple[str, ...] = ()

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
        "piles": [_piles_sheet(t, city, study)],
        "unknown": [Sheet("unknown-categories", study.unknown, unknown, {"n": 0})],
        "genders": [_genders_sheet(t, city, study)],
        "gaps": _coverage_sheets(t, study),
    }
    if study.detail is not None:
        detail = study.detail
        found |= {
            "completeness": [_completeness_sheet(t, detail)],
            "jumps": [_jumps_sheet(t, detail)],
            "outside": [_outside_sheet(t, detail)],
            "near": [_pairs_sheet(t, city, detail)],
        }
    given = {key: [sheet for sheet in some if len(sheet.frame)] for key, some in found.items()}
    if study.written is None or study.written.all_written:
        return given
    return {key: [replace(one, frame=study.written.table(one.frame)) for one in some] for key, some in given.items()}


def _piles_sheet(t: Translator, city: CityProfile, study: QualityStudy) -> Sheet:
    """The piles with their rank and the likely reason."""
    points = list(zip(study.default_coordinates["longitude"], study.default_coordinates["latitude"], strict=True))
    rows = study.default_coordinates.assign(
        rank=range(1, len(points) + 1),
        point=[f"{lat:.5f}, {lon:.5f}" for lon, lat in points],
        reason=[likely_reason(t, city, lon, lat) for lon, lat in points],
    )
    return Sheet(
        "piles",
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
        study.genders.assign(
            name=[
                t("No district known") if pd.isna(district) else district_label(t, city, str(district))
                for district in study.genders["district"]
            ]
        ),
        {"name": t("District"), "n": t("Alerts"), "affected": t("Person affected"), "reporter": t("Reporter")},
        {"n": 0},
        {"affected": 1, "reporter": 1},
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
        Sheet("sources", first_and_last, headings, {"gaps": 0}),
        Sheet("gaps", pd.DataFrame(days, columns=list(lengths)), lengths, {"days": 0}),
    ]


def _completeness_sheet(t: Translator, detail: Detail) -> Sheet:
    rows = detail.completeness
    return Sheet(
        "completeness",
        rows.assign(label=[t(COLUMNS[name]) for name in rows["column"]]),
        {"label": t("Column"), "share": t("Filled"), "n": t("Alerts")},
        {"n": 0},
        {"share": 1},
    )


def _jumps_sheet(t: Translator, detail: Detail) -> Sheet:
    form = "LLLL y" if detail.unit == MONTH else "medium"
    return Sheet(
        "jumps",
        detail.jumps.assign(start=[t.date(day, form) for day in detail.jumps["start"]]),
        {"start": t("From"), "n": t("Alerts"), "level": t("Level of its neighbours")},
        {"n": 0, "level": 0},
    )


def _outside_sheet(t: Translator, detail: Detail) -> Sheet:
    rows = detail.outside.reasons
    return Sheet(
        "outside",
        rows.assign(why=[t(OUTSIDE_REASONS[code]) for code in rows["reason"]]),
        {"why": t("Likely reason"), "n": t("Alerts")},
        {"n": 0},
    )


def _pairs_sheet(t: Translator, city: CityProfile, detail: Detail) -> Sheet:
    pairs = detail.near_duplicates.listed
    return Sheet(
        "near-duplicate-pairs",
        pairs.assign(label=[category_label(t, city, name) for name in pairs["category"]]),
        {
            "first": t("Alert"),
            "second": t("May be the same as"),
            "label": t("Category"),
            "metres": t("Metres apart"),
            "hours": t("Hours apart"),
        },
        {"metres": 0, "hours": 1},
        narrow=("first", "second"),
    )


def as_object(t: Translator, source: Source, study: QualityStudy) -> dict[str, Any]:
    """The study as plain values: the store, then each finding with its sentence and tables."""
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
                "tables": {
                    sheet.name: sheet.frame[
                        [*sheet.headings, *(["fewer_than"] if "fewer_than" in sheet.frame else [])]
                    ].to_dict("records")
                    for sheet in tables.get(one.key, ())
                },
            }
            for one in findings(t, study)
        ],
    }
