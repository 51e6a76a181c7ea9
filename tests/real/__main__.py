"""Walk through real cities and made-up ones: every page, in Greek and English, in a real browser.

make real
make real CITIES=lancashire,month_only PAGES=briefing
"""

from __future__ import annotations

import argparse
import html
import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, PAGES
from tests.processes import processor_seconds
from tests.real.checks import Visit
from tests.real.cities import CITIES, EXPORTS
from tests.real.walk import OUT, VIEWS, Finding, Walk, itinerary, new_tab, sample_of_stops, table, walk_city

STYLE = (
    "body{font:14px system-ui;margin:1rem}table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:4px;"
    "vertical-align:top;max-width:240px}img{width:220px;height:300px;object-fit:cover;object-position:top}"
    ".bad{color:#a33}small{display:block;word-break:break-word}"
)


def main() -> int:
    """Walk, print what was found, write the contact sheet; 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cities", default="", help="names, separated by commas; all unless given")
    parser.add_argument("--pages", default="")
    parser.add_argument("--languages", default="en,el")
    parser.add_argument("--widths", default="1280,390")
    what = "as the tests do: a few pages a city, in languages and widths in turns"
    parser.add_argument("--sample", action="store_true", help=what)
    parser.add_argument("--folder", type=Path, default=OUT)
    asked = parser.parse_args()
    wanted = [name for name in asked.cities.split(",") if name]
    unknown = set(wanted) - {city.name for city in CITIES}
    if unknown:
        parser.error(f"no such city: {', '.join(sorted(unknown))}; there are {', '.join(c.name for c in CITIES)}")
    pages = tuple(name for name in asked.pages.split(",") if name) or PAGES
    widths = tuple(map(int, asked.widths.split(",")))
    stops = itinerary(pages, tuple(asked.languages.split(",")), widths, views=VIEWS)
    whole, started = Walk(), time.monotonic()
    with sync_playwright() as playwright, ExitStack() as stack:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        tab = stack.enter_context(new_tab(browser, 0.5 if asked.sample else 1.0))
        for city in CITIES:
            if wanted and city.name not in wanted:
                continue
            if not city.there:
                print(f"{city.name}: left out, {EXPORTS} is not there")
                continue
            if asked.sample:
                stops = sample_of_stops(city)
            seen = walk_city(city, tab, stops, asked.folder, partial(print, flush=True), whole=not asked.sample)
            print(f"{city.name}: {processor_seconds(os.getpid()):.0f} s of the processor so far", flush=True)
            whole.visits += seen.visits
            whole.findings += seen.findings
        cpu = processor_seconds(os.getpid())
        browser.close()
    sheet = write_sheet(asked.folder, whole.visits, whole.findings)
    spent = f"{time.monotonic() - started:.0f} s, {cpu:.0f} s of the processor"
    print(f"\n{len(whole.visits)} pages opened in {spent}; pictures: {sheet}\n")
    print(table(whole.findings) if whole.findings else "nothing wrong was found")
    return int(bool(whole.findings))


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


if __name__ == "__main__":
    sys.exit(main())
