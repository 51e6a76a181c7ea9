"""Open every page of a city in a real browser against a real server, and note what it took and what it said."""

from __future__ import annotations

import os
import re
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, BrowserContext, Page, WebSocket
from playwright.sync_api import Error as PlaywrightError

from tests.browser.conftest import PAGES, Running, watch
from tests.processes import processor_seconds
from tests.real import labels
from tests.real.checks import Visit, failures, languages_differ
from tests.real.cities import MADE_UP, REAL, City, ImportFailed
from tests.real.forked import forked_server
from tests.spark_servers import free_port

OUT: Final = Path(__file__).parent / "out"
PATIENCE_CPU: Final = float(os.environ.get("CURIM_WALK_CPU", "40"))  # seconds of the processor for a page
PATIENCE_WALL: Final = 240.0
IDLE: Final = 0.023  # seconds of the processor for the work of `slowness` on the machine of the limits, when it is idle
SAMPLES: Final = 5  # of that work
SLOWEST: Final = 4.0  # a limit is scaled no further: a page that needs more is slow, whatever else runs
HIGHEST: Final = 5000  # pixels of a picture
ANSI: Final = re.compile(r"\x1b\[[0-9;]*m")
WRONG: Final = re.compile(r"^Uncaught|^\S*(?:Error|Exception)\b|\bERROR\b|\bCRITICAL\b")
SETTLED: Final = """() => document.querySelector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    && !document.querySelector('[data-testid="stSkeleton"], [data-testid="stSpinner"], [data-testid="stProgress"]')
    && document.querySelector('[data-testid="stMain"] [data-testid="stElementContainer"]') !== null"""
DRAWN_MAPS: Final = """(maps) => document.querySelectorAll('[data-testid="stDeckGlJsonChart"] canvas').length >= maps"""
HEADING: Final = """() => document.querySelector('[data-testid="stMain"] h1')?.textContent.trim().length > 0"""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong: where, and what."""

    city: str
    page: str
    lang: str
    what: str
    width: int = 1280
    audience: str = "analyst"


@dataclass
class Walk:
    """What a walk has seen."""

    visits: list[Visit] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


# What a page shows by a word of its link only.
VIEWS: Final = (
    *(f"hotspots?layer={layer}" for layer in ("clusters", "emerging", "density", "alerts")),
    *(f"hotspots?tab={tab}" for tab in ("comparison", "repeats", "spot")),
    *(f"trends?by={unit}" for unit in ("day", "month")),
    *(f"data?part={part}" for part in ("history", "quality", "city")),
)


ALWAYS: Final = ("briefing", "hotspots")  # the pages that the tests open in every real city
LOOKS: Final = (("en", 1280), ("el", 390), ("el", 1280), ("en", 390))  # languages and widths, in turns


@dataclass(frozen=True)
class Stop:
    """A page to be opened, with words of its link after a question mark: "hotspots?layer=clusters"."""

    page: str
    lang: str
    width: int = 1280
    audience: str = "analyst"


def itinerary(
    pages: tuple[str, ...] = PAGES,
    languages: tuple[str, ...] = ("en", "el"),
    widths: tuple[int, ...] = (1280,),
    council: tuple[str, ...] = ("briefing", "hotspots"),
    views: tuple[str, ...] = (),
) -> list[Stop]:
    """The stops in a city: page by page, each language after the other, views in turns, then the council's look."""
    stops = [Stop(page, lang, width) for page in pages for width in widths for lang in languages]
    asked = [view for view in views if view.partition("?")[0] in pages]
    stops += [Stop(view, languages[at % len(languages)], widths[0]) for at, view in enumerate(asked)]
    return stops + [Stop(page, languages[-1], widths[0], "council") for page in council if page in pages]


def sample_of_stops(city: City) -> list[Stop]:
    """What the tests open in a city, so that all cities together show every page at all of `LOOKS`.

    In a real city `ALWAYS` and one of the other pages; every second one as the council sees it too, the rest with
    another page more. In a made-up city one of `ALWAYS` and one of the other pages.
    """
    rest = [page for page in PAGES if page not in ALWAYS]

    def other(at: int) -> Stop:
        round_, which = divmod(at, len(rest))
        return Stop(rest[which], *LOOKS[(round_ + which) % len(LOOKS)])

    if city.made_up:
        turn = MADE_UP.index(city)
        return [Stop(ALWAYS[turn % 2], *LOOKS[turn // 2 % len(LOOKS)]), other(turn + len(REAL) * 3 // 2)]
    turn = REAL.index(city)
    stops = [Stop(page, *LOOKS[(turn + at) % len(LOOKS)]) for at, page in enumerate(ALWAYS)]
    stops.append(other(turn + turn // 2))
    if turn % 2:
        return [*stops, other(turn + turn // 2 + 1)]
    return [*stops, Stop(ALWAYS[turn // 2 % 2], LOOKS[turn // 4 % len(LOOKS)][0], audience="council")]


class Server:
    """The dashboard of one home; started anew where a page did not come to an end."""

    def __init__(self, home: Path, port: int) -> None:
        self._home, self._port, self._stack = home, port, ExitStack()
        self.now: Running | None = None
        self._read = 0

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def up(self) -> Running:
        if self.now is None:
            self._stack = ExitStack()
            self.now = self._stack.enter_context(forked_server(self._home, self._port))
            self._read = 0
        return self.now

    def restart(self) -> None:
        self._stack.close()
        self.now = None

    def cpu(self) -> float:
        return processor_seconds(self.up().pid)

    def new_lines(self) -> list[str]:
        """What the log says since the last time that looks like an error, each with the line after it."""
        with self.up().log.open(encoding="utf-8", errors="replace") as log:
            log.seek(self._read)
            lines = log.read().splitlines()
            self._read = log.tell()
        told = [ANSI.sub("", line).strip()[:200] for line in lines]
        return [line for line in told if WRONG.search(line)]


def slowness() -> float:
    """How much longer than on an idle machine a fixed piece of work takes now, in processor time: 1 to `SLOWEST`.

    The median of several, since one that is interrupted takes several times as long as the others.
    """
    return min(max(1.0, statistics.median(_fixed_work() for _ in range(SAMPLES)) / IDLE), SLOWEST)


def _fixed_work() -> float:
    begun, table = time.process_time(), {}
    for n in range(60_000):
        table[str(n * 7_919 % 60_000)] = n
    sum(table[key] for key in sorted(table))
    return time.process_time() - begun


def walk_city(
    city: City,
    tab: Tab,
    stops: list[Stop],
    folder: Path,
    say: Callable[[str], None] = lambda _: None,
    *,
    whole: bool = True,
) -> Walk:
    """Import the city and open its pages; pictures go to `folder`, of `whole` pages or of what a window shows."""
    seen, work = Walk(), folder / "homes" / city.name
    shutil.rmtree(work, ignore_errors=True)
    try:
        home = city.build(work)
    except (ImportFailed, OSError) as error:
        seen.findings.append(Finding(city.name, "import", "en", str(error)))
        return seen
    pictures = folder / city.name
    pictures.mkdir(parents=True, exist_ok=True)
    with Server(home, tab.port) as server:
        opened: set[tuple[str, str]] = set()
        for _, group in groupby(stops, key=lambda stop: (stop.page, stop.width, stop.audience)):
            before: Visit | None = None
            for stop in group:
                if before is not None and before.unfinished:
                    continue  # once is enough
                new = (stop.page, stop.audience) not in opened
                visit = visit_page(city, stop, server, tab, pictures, first=new, whole=whole)
                opened.add((stop.page, stop.audience))
                told = failures(visit)
                if before is not None:
                    told += languages_differ(before, visit)
                before = visit
                seen.visits.append(visit)
                seen.findings += [
                    Finding(city.name, stop.page, stop.lang, what, stop.width, stop.audience) for what in told
                ]
                say(
                    f"{city.name:16} {stop.page:13} {stop.lang} {stop.width} {stop.audience:8}"
                    f" heading {visit.heading_cpu:5.1f} s, whole {visit.cpu:5.1f} s"
                    + "".join(f"\n    - {what}" for what in told)
                )
        tab.leave()
    return seen


@contextmanager
def new_tab(browser: Browser, scale: float = 1.0) -> Iterator[Tab]:
    """A tab for any number of cities; a `scale` of 0.5 draws half the dots each way, so that maps cost a quarter."""
    with browser.new_context(color_scheme="light", device_scale_factor=scale) as context:
        yield Tab(context)


class Tab:
    """A tab of the browser in which one page is opened after the other; each is a session of its own for the server.

    A tab of its own for each page, or another address for each city, would have Streamlit's scripts compiled again:
    most of the browser's time. So all cities are served on one `port`, one after the other.
    """

    def __init__(self, context: BrowserContext) -> None:
        self._context, self.port = context, free_port()
        self.page: Page | None = None
        self.visit: Visit | None = None
        self._unwatch: Callable[[], None] = lambda: None

    def open(self, visit: Visit, address: str) -> Page:
        """The tab, and from now on its messages, requests and complaints belong to `visit`."""
        if self.page is None:
            self.page = self._context.new_page()
            self.page.on("websocket", self._socket)
        self._unwatch()
        self.visit, self._unwatch = visit, watch(self.page, address, visit.browser)
        self.page.set_viewport_size({"width": visit.width, "height": 900})
        return self.page

    def _socket(self, socket: WebSocket) -> None:
        if self.visit is not None:
            socket.on("framereceived", self.visit.drawn.frame)

    def leave(self) -> None:
        """Leave the page, which would ask the next server on its port for its session."""
        self._unwatch()
        if self.page is not None:
            self.page.goto("about:blank")
        self.visit, self._unwatch = None, lambda: None

    def close(self) -> None:
        if self.page is not None:
            self.page.close()
        self.page, self._unwatch = None, lambda: None


def visit_page(
    city: City, stop: Stop, server: Server, tab: Tab, pictures: Path, *, first: bool, whole: bool = True
) -> Visit:
    """Open one page by its address."""
    visit = Visit(city.name, stop.page, stop.lang, stop.width, stop.audience, first, sample_profile=city.sample_profile)
    address = server.up().address
    server.new_lines()
    page = tab.open(visit, address)
    try:
        name, _, words = stop.page.partition("?")
        query = f"?lang={stop.lang}" + ("&as=council" if stop.audience == "council" else "") + f"&{words}" * bool(words)
        begun = server.cpu()
        page.goto(f"{address}/{'' if name == 'briefing' else name}{query}", wait_until="commit")
        for _ in _until_settled(page, server, visit, begun):
            pass
        visit.cpu = server.cpu() - begun
        if not visit.unfinished:
            _look(page, visit, pictures, whole)
        else:
            _picture(page, visit, pictures)
    except PlaywrightError as error:
        visit.unfinished = visit.unfinished or f"the browser gave up: {str(error).splitlines()[0][:160]}"
    visit.log = server.new_lines()
    if visit.unfinished:
        tab.close()
        server.restart()
    return visit


def _until_settled(page: Page, server: Server, visit: Visit, begun: float) -> Iterator[None]:
    """Wait for the heading and then for the page's end, as long as the processor time allows."""
    started, quiet = time.monotonic(), 0
    while quiet < 2:
        page.wait_for_timeout(120)
        used = server.cpu() - begun
        if not visit.heading and page.evaluate(HEADING):
            visit.heading, visit.heading_cpu, visit.slowness = True, used, slowness()
        quiet = quiet + 1 if page.evaluate(SETTLED) else 0
        if used > PATIENCE_CPU:
            visit.unfinished = f"not finished after {used:.0f} s of the server's processor"
            return
        if time.monotonic() - started > PATIENCE_WALL:
            visit.unfinished = f"not finished after {PATIENCE_WALL:.0f} s, {used:.0f} s of them of the processor"
            return
        yield


def _look(page: Page, visit: Visit, pictures: Path, whole: bool) -> None:
    maps = len(list(visit.drawn.of("deck_gl_json_chart")))
    page.wait_for_function(DRAWN_MAPS, arg=maps, timeout=20_000)
    visit.collisions = labels.map_collisions(page) + labels.chart_collisions(page)
    visit.sideways = int(page.evaluate("() => document.querySelector('[data-testid=\"stMain\"]').scrollWidth"))
    _picture(page, visit, pictures, whole)


def _picture(page: Page, visit: Visit, pictures: Path, whole: bool = True) -> None:
    """A picture of the whole page (Streamlit scrolls inside it, so the window grows), or of what the window shows."""
    if whole:
        height = int(page.evaluate("() => document.querySelector('[data-testid=\"stMain\"]')?.scrollHeight ?? 900"))
        page.set_viewport_size({"width": visit.width, "height": max(900, min(height, HIGHEST))})
        page.wait_for_timeout(500)
    audience = "" if visit.audience == "analyst" else f"-{visit.audience}"
    path = pictures / f"{visit.page.replace('?', '-')}-{visit.width}-{visit.lang}{audience}.png"
    page.screenshot(path=path)
    visit.picture = f"{visit.city}/{path.name}"


def table(findings: list[Finding]) -> str:
    """The findings, one a line."""
    return "\n".join(
        f"{f.city:16} {f.page:13} {f.lang}{'/c' * (f.audience == 'council')} {f.width:4}  {f.what}" for f in findings
    )
