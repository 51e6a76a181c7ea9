"""Pictures of the guide in Help, drawn anew by python -m tests.pictures: the sample city in each language.

Each is what a reader's browser shows on a screen of 1,280 px, in WebP, at most 60 kB: `curim_data/help/pictures`. The
README has whole pages in Greek, as PNG: `docs/pictures`.
"""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final
from unittest.mock import patch

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from curim_data.model import LANGUAGES, Translator, translator
from curim_data.sample import sample_home
from curim_data.store import Home
from pages.parts.help import FOLDER
from tests.browser.conftest import CHROMIUM, FLAGS, PATIENCE, ROOT, ready, serving

WIDTH, HEIGHT, SCALED, MOST_BYTES = 1280, 860, 1000, 60_000
DIRTY: Final = ROOT / "sample_data" / "exports" / "piraeus_dirty.csv"


def open_a_card(page: Page, _t: Translator) -> None:
    """The page of the first card."""
    page.locator('[data-testid="stMain"] [data-testid="stPageLink-NavLink"]').first.click()


def open_a_plan(page: Page, t: Translator) -> None:
    """The first plan of the board."""
    page.get_by_role("button", name=t("Open")).first.click()


def drop_a_file(page: Page, _t: Translator) -> None:
    """Hand an export over, as an analyst does."""
    page.locator('input[type="file"]').first.set_input_files(DIRTY)
    page.wait_for_selector('[data-testid="stMain"] [data-testid="stDataFrame"]')


# The page with the words of its address, and what is done there before the picture is taken.
SHOTS: Final[dict[str, tuple[str, Callable[[Page, Translator], None] | None]]] = {
    "briefing": ("?as=council", None),
    "finding": ("?as=council", open_a_card),
    "hotspots": ("hotspots?", None),
    "plan": ("interventions?", open_a_plan),
    "evaluation": ("evaluation?", None),
    "import": ("data?", drop_a_file),
    "quality": ("data?part=quality", None),
}
README: Final = ("briefing", "hotspots", "evaluation")


def take(page: Page, address: str, lang: str, name: str) -> bytes:
    """One picture as WebP, small enough."""
    path, act = SHOTS[name]
    page.goto(f"{address}/{path}&lang={lang}&home=sample")
    ready(page)
    if act is not None:
        act(page, translator(lang))
        page.wait_for_timeout(1_500)
        ready(page)
    page.mouse.move(0, 0)  # off a map, whose buttons show while it is pointed at
    page.wait_for_timeout(3_000)  # maps and charts come to rest
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    small = shot.resize((SCALED, SCALED * HEIGHT // WIDTH), Image.Resampling.LANCZOS)
    for quality in range(80, 10, -10):
        written = io.BytesIO()
        small.save(written, "WEBP", quality=quality, method=6)
        if written.tell() <= MOST_BYTES:
            break
    return written.getvalue()


def take_whole(page: Page, address: str, name: str) -> None:
    """A whole page for the README."""
    page.goto(f"{address}/{SHOTS[name][0]}&lang=el&home=sample")
    ready(page)
    length = page.locator('[data-testid="stMainBlockContainer"]').evaluate("it => it.scrollHeight")
    page.set_viewport_size({"width": WIDTH, "height": max(HEIGHT, length)})
    page.wait_for_timeout(4_000)
    shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    shot.quantize(128).save(ROOT / "docs" / "pictures" / f"{name}-el-{WIDTH}.png", optimize=True)
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})


def main() -> None:
    """Take the pictures that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    parser.add_argument("--names", default=",".join(SHOTS))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        with patch("curim_data.store.secret.token_bytes", bytes):
            sample_home(Home(Path(folder) / "home"))
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(FLAGS))
        with serving(Path(folder) / "home") as address:
            for lang in asked.languages.split(","):
                page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
                page.set_default_timeout(PATIENCE)
                for name in asked.names.split(","):
                    target = FOLDER / "pictures" / lang / f"{name}.webp"
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(take(page, address, lang, name))
                    print(target, target.stat().st_size)
                for name in asked.names.split(",") if lang == "el" else ():
                    if name in README:
                        take_whole(page, address, name)
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
