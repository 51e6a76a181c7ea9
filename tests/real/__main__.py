"""Walk through real cities and made-up ones: every page, in Greek and English, in a real browser.

make real
make real CITIES=lancashire,month_only PAGES=briefing
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, PAGES
from tests.processes import processor_seconds
from tests.real.cities import CITIES, EXPORTS
from tests.real.sheet import write_sheet
from tests.real.walk import OUT, VIEWS, Walk, itinerary, new_tab, sample_of_stops, table, walk_city


def main() -> int:
    """Walk, print what was found, write the contact sheet; 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cities", default="", help="names, separated by commas; all unless given")
    parser.add_argument("--pages", default="")
    parser.add_argument("--languages", default="en,el")
    parser.add_argument("--widths", default="1280,390")
    parser.add_argument(
        "--sample", action="store_true", help="as the tests do: a few pages a city, in languages and widths in turns"
    )
    parser.add_argument("--plain", action="store_true", help="without the layers and tabs that a link may ask for")
    parser.add_argument("--folder", type=Path, default=OUT)
    asked = parser.parse_args()
    wanted = [name for name in asked.cities.split(",") if name]
    unknown = set(wanted) - {city.name for city in CITIES}
    if unknown:
        parser.error(f"no such city: {', '.join(sorted(unknown))}; there are {', '.join(c.name for c in CITIES)}")
    pages = tuple(name for name in asked.pages.split(",") if name) or PAGES
    stops = itinerary(
        pages,
        tuple(asked.languages.split(",")),
        tuple(map(int, asked.widths.split(","))),
        views=() if asked.plain else VIEWS,
    )
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
            seen = walk_city(
                city, tab, stops, asked.folder, say=lambda line: print(line, flush=True), whole=not asked.sample
            )
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


if __name__ == "__main__":
    sys.exit(main())
