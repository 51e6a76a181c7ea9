"""The quality study as one object and as one page of HTML that needs nothing else: no scripts, no requests."""

from __future__ import annotations

import html
from typing import Any, Final

from curim_data.engine import Source
from curim_data.model import Translator
from curim_data.quality.findings import Finding, findings
from curim_data.quality.study import QualityStudy
from curim_data.quality.tables import Sheet, sheets

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
