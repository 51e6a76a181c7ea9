"""Take a picture of every page, at two widths, in Greek and English, light and dark.

python tests/browser/shots.py FOLDER [--pages briefing,trends] [--query "light=dark"]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from playwright.sync_api import sync_playwright

from curim_data.sample.home import sample_home
from curim_data.store import Home
from tests.browser.conftest import CHROMIUM, EXISTING, FLAGS, PATIENCE, ready, serving

WIDTHS = (1280, 390)
TO_PAINT = 1500  # milliseconds for the map's first frames


def main() -> None:
    """Serve the sample city and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", default=",".join(EXISTING))
    parser.add_argument("--widths", default=",".join(map(str, WIDTHS)))
    parser.add_argument("--languages", default="el,en")
    parser.add_argument("--themes", default="light,dark")
    parser.add_argument("--query", default="")
    parser.add_argument("--home", type=Path, default=None)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    home = asked.home or Path(tempfile.mkdtemp(prefix="shots-"))
    sample_home(Home(home))
    with serving(home) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        themes, widths = asked.themes.split(","), map(int, asked.widths.split(","))
        for theme, width in product(themes, widths):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
            context.set_default_timeout(3 * PATIENCE)
            for name, lang in product(asked.pages.split(","), asked.languages.split(",")):
                page = context.new_page()
                path = "" if name == "briefing" else name
                page.goto(f"{address}/{path}?lang={lang}&{asked.query}".rstrip("&"))
                ready(page)
                whole_page(page)
                target = asked.folder / f"{name}-{width}-{lang}-{theme}.png"
                page.screenshot(path=target)
                print(target)
                page.close()
            context.close()
        browser.close()


def whole_page(page: object) -> None:
    """Make the window as high as the page, since Streamlit scrolls inside it, and let the map paint."""
    script = "() => document.querySelector('[data-testid=\"stMain\"]').scrollHeight"
    height = min(int(page.evaluate(script)), 6000)  # type: ignore[attr-defined]
    size = page.viewport_size  # type: ignore[attr-defined]
    page.set_viewport_size({"width": size["width"], "height": max(height, 900)})  # type: ignore[attr-defined]
    page.wait_for_timeout(TO_PAINT)  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
