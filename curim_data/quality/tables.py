"""The quality study as tables, and as one HTML report."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import h3.api.basic_int as h3
import pandas as pd

from curim_data.engine import Source
from curim_data.model import CityProfile, Translator
from curim_data.model import labels as words
from curim_data.model.absence import fewer_than
from curim_data.quality.completeness import COLUMNS
from curim_data.quality.findings import DIRECTIONS, OUTSIDE_REASONS, Finding, duration, findings
from curim_data.quality.study import MONTH, Detail, QualityStudy, likely_reason


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
    found: dict[str, list[Sheet]] = {
        "piles": [default_coordinates_sheet(t, city, study)],
        "unknown": [
            Sheet(
                "unknown-categories",
                t("Categories outside the city's list"),
                study.unknown,
                {"category": t("Category"), "n": t("Alerts")},
                {"n": 0},
            )
        ],
        "genders": [_genders(t, city, study)],
        "gaps": [_sources(t, study), _gaps(t, study)],
    }
    if study.detail is not None:
        detail = study.detail
        found |= {
            "completeness": [_completeness(t, detail), _months(t, detail)],
            "jumps": [_jumps(t, detail)],
            "outside": [_outside(t, detail)],
            "precision": [_precision(t, detail)],
            "lag": [_lag(t, detail)],
            "near": [_near(t, city, detail), _pairs(t, city, detail)],
        }
    told = {key: [sheet for sheet in some if len(sheet.frame)] for key, some in found.items()}
    if study.written is None or study.written.all_written:
        return told
    return {key: [replace(one, frame=study.written.table(one.frame)) for one in some] for key, some in told.items()}


def default_coordinates_sheet(t: Translator, city: CityProfile, study: QualityStudy) -> Sheet:
    """The piles with their rank and the likely reason."""
    points = list(zip(study.default_coordinates["longitude"], study.default_coordinates["latitude"], strict=True))
    rows = study.default_coordinates.assign(
        rank=range(1, len(points) + 1),
        point=[f"{lat:.5f}, {lon:.5f}" for lon, lat in points],
        reason=[likely_reason(t, city, lon, lat) for lon, lat in points],
    )
    headings = {
        "rank": t("Point"),
        "n": t("Alerts"),
        "share": t("Share"),
        "reason": t("Likely reason"),
        "point": t("Latitude, longitude"),
    }
    title = t("Points with suspiciously many alerts")
    return Sheet("piles", title, rows, headings, {"n": 0}, {"share": 1}, ("rank", "n", "reason"))


def _genders(t: Translator, city: CityProfile, study: QualityStudy) -> Sheet:
    names = [
        t("No district known") if pd.isna(district) else words.district_label(t, city, str(district))
        for district in study.genders["district"]
    ]
    headings = {"name": t("District"), "n": t("Alerts"), "affected": t("Person affected"), "reporter": t("Reporter")}
    return Sheet(
        "gender-not-known",
        t("Share of alerts without a known gender, by district"),
        study.genders.assign(name=names),
        headings,
        {"n": 0},
        {"affected": 1, "reporter": 1},
        ("name", "affected", "reporter"),
    )


def _sources(t: Translator, study: QualityStudy) -> Sheet:
    spans = study.coverage.spans
    rows = pd.DataFrame(
        {
            "source": [words.format_label(t, name) for name in spans],
            "first": [t.date(first) for first, _ in spans.values()],
            "last": [t.date(last) for _, last in spans.values()],
            "gaps": [sum(gap.source in (name, "") for gap in study.coverage.gaps) for name in spans],
        }
    )
    headings = {"source": t("Source"), "first": t("From"), "last": t("To"), "gaps": t("Gaps")}
    return Sheet("sources", t("First and last day of each source"), rows, headings, {"gaps": 0})


def _gaps(t: Translator, study: QualityStudy) -> Sheet:
    gaps = study.coverage.gaps
    rows = pd.DataFrame(
        {
            "source": [words.format_label(t, gap.source) if gap.source else t("All sources") for gap in gaps],
            "first": [t.date(gap.first) for gap in gaps],
            "last": [t.date(gap.last) for gap in gaps],
            "days": [gap.days for gap in gaps],
        }
    )
    headings = {"source": t("Source"), "first": t("From"), "last": t("To"), "days": t("Days")}
    return Sheet("gaps", t("Days that are not covered"), rows, headings, {"days": 0})


def _completeness(t: Translator, detail: Detail) -> Sheet:
    whole = detail.completeness[detail.completeness["month"].isna()]
    rows = whole.assign(label=[t(COLUMNS[name]) for name in whole["column"]], empty=whole["n"] - whole["filled"])
    headings = {"label": t("Column"), "share": t("Filled"), "empty": t("Empty"), "n": t("Alerts")}
    title = t("Share of each column that is filled")
    return Sheet("completeness", title, rows, headings, {"n": 0, "empty": 0}, {"share": 1}, ("label", "share"))


def _months(t: Translator, detail: Detail) -> Sheet:
    """Completeness by month, a column for each, the newest month first."""
    months = detail.completeness.dropna(subset=["month"])
    wide = months.pivot_table(index="month", columns="column", values="share", sort=False, dropna=False)
    wide = wide.sort_index(ascending=False).reindex(columns=list(COLUMNS)).reset_index()
    wide["label"] = [t.date(month, "LLL y") for month in wide["month"]]
    headings = {"label": t("Month"), **{name: t(message) for name, message in COLUMNS.items()}}
    return Sheet(
        "completeness-by-month",
        t("Share of each column that is filled, by month"),
        wide,
        headings,
        percent=dict.fromkeys(COLUMNS, 0),
        narrow=("label", "occurred_from", "coordinates"),
    )


def _jumps(t: Translator, detail: Detail) -> Sheet:
    form = "LLLL y" if detail.unit == MONTH else "medium"
    rows = detail.jumps.assign(start=[t.date(day, form) for day in detail.jumps["start"]])
    first = t("Month") if detail.unit == MONTH else t("Week from")
    headings = {"start": first, "n": t("Alerts"), "level": t("Level of its neighbours"), "z": t("Spreads away")}
    title = t("Weeks or months far from their neighbours")
    return Sheet("jumps", title, rows, headings, {"n": 0, "level": 0, "z": 1})


def _outside(t: Translator, detail: Detail) -> Sheet:
    cells = detail.outside.cells
    rows = cells.assign(
        rank=range(1, len(cells) + 1),
        km=cells["metres"] / 1000,
        where=[t(DIRECTIONS[number]) for number in cells["direction"]],
        why=[t(OUTSIDE_REASONS[code]) for code in cells["reason"]],
        point=[f"{lat:.4f}, {lon:.4f}" for lat, lon in zip(cells["latitude"], cells["longitude"], strict=True)],
        name=[h3.int_to_str(int(cell)) for cell in cells["cell"]],
    )
    headings = {
        "n": t("Alerts"),
        "km": t("Kilometres away"),
        "where": t("Direction"),
        "why": t("Likely reason"),
        "point": t("Latitude, longitude"),
        "name": t("Map cell"),
    }
    title = t("Where the alerts outside the city lie, by map cells about 900 m wide")
    return Sheet("outside", title, rows, headings, {"n": 0, "km": 1}, narrow=("n", "km", "where"))


def _precision(t: Translator, detail: Detail) -> Sheet:
    found = detail.precision
    rows = pd.DataFrame(columns=["decimals", "n", "share"]) if found is None else found.decimals
    last = len(rows) - 1
    labels = [
        t("at most {n}", n=int(d)) if at == 0 else t("{n} or more", n=int(d)) if at == last else t.number(d)
        for at, d in enumerate(rows["decimals"])
    ]
    metres = [111_320.0 * 10.0 ** -int(d) for d in rows["decimals"]]
    headings = {"label": t("Decimals"), "metres": t("Step in metres"), "n": t("Alerts"), "share": t("Share")}
    return Sheet(
        "precision",
        t("Alerts by the decimals of their coordinates"),
        rows.assign(label=labels, metres=metres),
        headings,
        {"n": 0, "metres": 1},
        {"share": 1},
        ("label", "metres", "share"),
    )


def _lag(t: Translator, detail: Detail) -> Sheet:
    rows = lag_rows(t, detail)
    headings = {"label": t("Time to the report"), "n": t("Alerts"), "share": t("Share")}
    title = t("Alerts by the time from event to report")
    return Sheet("lag", title, rows if rows["n"].sum() else rows[:0], headings, {"n": 0}, {"share": 1})


def lag_rows(t: Translator, detail: Detail) -> pd.DataFrame:
    """Classes of the time from event to report: label, n, share."""
    rows, labels = detail.lag_classes, []
    below: float | None = None
    for most in rows["most"]:
        if math.isinf(most):
            labels.append(t("{time} or more", time=duration(t, below or 0.0)))
        elif below is None:
            labels.append(t("before the event"))
        else:
            labels.append(t("less than {time}", time=duration(t, most)))
        below = most
    n = int(rows["n"].sum())
    return rows.assign(label=labels, share=rows["n"] / n if n else math.nan)


def _near(t: Translator, city: CityProfile, detail: Detail) -> Sheet:
    frame = detail.near_duplicates.by_category
    rows = frame.assign(label=[words.category_label(t, city, name) for name in frame["category"]])
    headings = {"label": t("Category"), "pairs": t("Pairs")}
    return Sheet("near-duplicates", t("Near-duplicates by category"), rows, headings, {"pairs": 0})


def _pairs(t: Translator, city: CityProfile, detail: Detail) -> Sheet:
    frame = detail.near_duplicates.listed
    rows = frame.assign(label=[words.category_label(t, city, name) for name in frame["category"]])
    headings = {
        "first": t("Alert"),
        "second": t("May be the same as"),
        "label": t("Category"),
        "metres": t("Metres apart"),
        "hours": t("Hours apart"),
    }
    title = t("Pairs of alerts, the nearest in time first, at most 200")
    narrow = ("first", "second")
    return Sheet("near-duplicate-pairs", title, rows, headings, {"metres": 0, "hours": 1}, narrow=narrow, ids=True)


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
                "tables": {s.name: _rows(s) for s in tables.get(one.key, ()) if with_ids or not s.ids},
            }
            for one in findings(t, study)
        ],
    }


def _rows(sheet: Sheet) -> list[Any]:
    limits = ["fewer_than"] if "fewer_than" in sheet.frame else []
    rows: list[Any] = sheet.frame[[*sheet.headings, *limits]].to_dict("records")
    return rows


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
