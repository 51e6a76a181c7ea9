"""A page of thumbnails, for looking at all the pictures of a walk."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

from tests.real.checks import Visit
from tests.real.walk import Finding

STYLE = (
    "body{font:14px system-ui;margin:1rem}table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:4px;"
    "vertical-align:top;max-width:240px}img{width:220px;height:300px;object-fit:cover;object-position:top}"
    ".bad{color:#a33}small{display:block;word-break:break-word}"
)


def write_sheet(folder: Path, visits: Sequence[Visit], findings: Sequence[Finding]) -> Path:
    """Write index.html: a row a city, language and width, a column a page; what failed stands under each picture."""
    pages = list(dict.fromkeys(visit.page for visit in visits))
    rows: dict[tuple[str, str, int, str], dict[str, Visit]] = {}
    for visit in visits:
        rows.setdefault((visit.city, visit.lang, visit.width, visit.audience), {})[visit.page] = visit
    lines = [f"<!doctype html><meta charset=utf-8><title>Walk</title><style>{STYLE}</style><table><tr><th></th>"]
    lines += [f"<th>{page}</th>" for page in pages]
    for (city, lang, width, audience), by_page in rows.items():
        lines.append(f"<tr><th>{html.escape(city)}<br>{lang}<br>{width} px<br>{audience}</th>")
        for page in pages:
            visit = by_page.get(page)
            if visit is None:
                lines.append("<td></td>")
                continue
            here = (city, page, lang, width, audience)
            wrong = [f.what for f in findings if (f.city, f.page, f.lang, f.width, f.audience) == here]
            notes = "".join(f"<small class=bad>{html.escape(line)}</small>" for line in wrong)
            shown = f'<a href="{visit.picture}"><img loading=lazy src="{visit.picture}"></a>' if visit.picture else "–"
            lines.append(f"<td>{shown}<small>{visit.heading_cpu:.1f} s, {visit.cpu:.1f} s</small>{notes}</td>")
        lines.append("</tr>")
    path = folder / "index.html"
    path.write_text("".join([*lines, "</table>"]), "utf-8")
    return path
