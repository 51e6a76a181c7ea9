"""The server around Streamlit: security headers, the page's language, who may connect, and the way back after sign-in.

Streamlit sends everybody who has signed in to the first page. The browser says from which page of ours it went to sign
in (our Referrer-Policy lets it, within this site); that page is kept in a cookie until the identity provider sends the
reader back. Only a path of this site is ever followed.
"""

from __future__ import annotations

import base64
import gc
import hashlib
import importlib
import logging
import os
import pkgutil
import re
import threading
from collections.abc import AsyncIterator, Callable, MutableMapping
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

import anyio
import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request, cookie_parser
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from curim_data.containers import isolation
from curim_data.engine import EngineError
from curim_data.filters import PERIODS, AlertFilter
from curim_data.model import LANGUAGES, Audience, translator
from curim_data.model.i18n import DEFAULT_LANGUAGE
from curim_data.protection import open_for
from curim_data.sample import make_apart, sample_home
from curim_data.serving import HEALTH, PROCESS_NAME, READY
from curim_data.store import Home, Store, StoreError, has_alerts
from curim_data.store.commits import damage
from curim_data.store.home import CitiesError, homes
from curim_data.store.results import shares_results
from curim_data.studies.preparation import prepare as prepare_city
from pages import parts
from pages.parts.frame.door import BACK, CLOSED, SIGN_IN, DoorMiddleware, own_hosts
from pages.parts.frame.guard import LANDING, language
from pages.parts.frame.page import dataset_of
from pages.parts.frame.reader import sign_in_configured
from pages.parts.frame.record import error_number
from pages.parts.frame.results import FAILURE

LOG: Final = logging.getLogger("curim")
ICON: Final = Path(__file__).with_name("icon.svg")
INDEX: Final = Path(st.__file__).parent / "static" / "index.html"
LOCAL_HOST: Final = r"(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
PROXY_HEADERS: Final = ("forwarded", "via", "x-real-ip")
# Pages that say something before a reader chooses, and the modules of `pages.parts` that work it out.
FIRST_RESULTS: Final = {
    "briefing": "briefing",
    "hotspots": "hotspots.choices",
    "gender": "gender",
    "trends": "trends.breakdown",
}
_first_known: Final = threading.Event()  # the first results are there, or nobody works them out
WIDTH_PATH: Final = "/curim/width.js"
# The server cannot know how wide a map will be; the page sends it once, before it connects, and again for the next
# page when the window has changed. What a map tells of a cell is moved until it lies inside the map: deck.gl puts it
# right of and below the pointer wherever that is.
WIDTH_SCRIPT: Final = """
const tellWidth = () => {
  document.cookie = "curim_width=" + window.innerWidth + "; path=/; SameSite=Strict";
};
tellWidth();
window.addEventListener("resize", tellWidth);
const keepInside = () => {
  for (const tip of document.querySelectorAll(".deck-tooltip")) {
    const chart = tip.closest("[data-testid='stDeckGlJsonChart']");
    if (tip.style.display === "none" || !chart) continue;
    tip.style.margin = "0";
    const map = chart.getBoundingClientRect(), box = tip.getBoundingClientRect();
    const left = Math.max(Math.min(0, map.right - box.right - 4), map.left - box.left);
    const up = box.bottom > map.bottom ? -Math.min(box.height + 8, box.top - map.top) : 0;
    tip.style.margin = up + "px 0 0 " + left + "px";
  }
};
// A link that opens a fold of another page leads to it.
let landed = "";
const toFold = () => {
  const name = new URLSearchParams(location.search).get("open");
  if (location.pathname === landed || !document.querySelector("[data-test-script-state=notRunning]")) return;
  const fold = name && document.querySelector(".st-key-fold_" + CSS.escape(name));
  if (name && !fold) return;
  landed = location.pathname;
  if (fold) fold.scrollIntoView();
};
setInterval(toFold, 300);
// Where a session has ended the page cannot connect again, and the door stands at its address.
let waiting = 0;
setInterval(async () => {
  const app = document.querySelector("[data-testid=stApp]");
  waiting = app && app.dataset.testConnectionState !== "CONNECTED" ? waiting + 1 : 0;
  if (waiting < 2) return;
  const asked = fetch(location.href, {method: "HEAD", headers: {Accept: "text/html"}}).catch(() => null);
  if ((await asked)?.headers.has("curim-door")) location.reload();
}, 1500);
document.addEventListener("pointermove", () => [40, 160, 500].forEach((wait) => setTimeout(keepInside, wait)));
"""
# Everything from this origin; WebAssembly for the map; no inline script but Streamlit's own.
POLICY: Final = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval' {scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' blob: data:{sockets}; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class SecurityMiddleware:
    """Pure ASGI middleware: headers on every response, the language in the page, other computers refused.

    Without sign-in only this computer may connect, under its own names: the second keeps a foreign page from
    reaching the server through a name of its own that resolves to this computer. A proxy on this computer would
    make everyone look local, so a request with a proxy's headers or from a page of another origin is refused.
    """

    def __init__(self, app: Any, *, open_to_network: Callable[[], bool] = sign_in_configured) -> None:
        self.app = app
        self.index = INDEX.read_text("utf-8")
        inline = re.findall(r"<script>(.*?)</script>", self.index, re.DOTALL)
        digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline)
        self.scripts = " ".join(f"'sha256-{digest}'" for digest in digests)
        self.open_to_network = open_to_network

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not self.open_to_network() and (why := _refusal(scope)):
            refusal = WebSocketClose(1008) if scope["type"] == "websocket" else PlainTextResponse(why, 403)
            await refusal(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the headers of ours; a page of Streamlit's gives way to ours, which differs by language."""
        asked, answered = Headers(scope=scope), False
        wants_page = scope["method"] in ("GET", "HEAD") and "text/html" in asked.get("accept", "")
        if wants_page:  # of another language it would be "not modified"
            unwanted = (b"if-none-match", b"if-modified-since")
            scope = {**scope, "headers": [header for header in scope["headers"] if header[0].lower() not in unwanted]}

        async def pass_on(message: MutableMapping[str, Any]) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                headers, page = MutableHeaders(scope=message), None
                # HTML that is no file to keep is the page that holds the dashboard.
                if (
                    wants_page
                    and headers.get("content-type", "").startswith("text/html")
                    and "content-disposition" not in headers
                    and CLOSED not in headers
                ):
                    page = self._page(scope, message["status"], headers.getlist("set-cookie"))
                self._secure(page.headers if page else headers, asked.get("host", ""), scope.get("scheme", "http"))
                if "/media/" in scope["path"]:  # files that buttons made, and pictures
                    headers["Cache-Control"] = "no-store"
                if page is not None:
                    answered = True
                    await page(scope, receive, send)
            if not answered:
                await send(message)

        await self.app(scope, receive, pass_on)

    def _page(self, scope: Scope, status: int, cookies: list[str]) -> Response:
        """Streamlit's index page in the language of the link, and with the script that reports the window's width."""
        lang = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("lang", [DEFAULT_LANGUAGE])[-1]
        lang = lang if lang in LANGUAGES else DEFAULT_LANGUAGE
        body = self.index.replace('<html lang="en">', f'<html lang="{lang}">', 1)
        body = body.replace("<title>", f'<script src=".{WIDTH_PATH}"></script>\n    <title>', 1)
        page = HTMLResponse(body, status, {"Cache-Control": "no-cache"})
        page.raw_headers += [(b"set-cookie", one.encode("latin-1")) for one in cookies]
        return page

    def _secure(self, headers: MutableHeaders, host: str, scheme: str) -> None:
        sockets = f" ws://{host} wss://{host}" if re.fullmatch(r"[\w.\-\[\]:]+", host) else ""
        headers.update({**HEADERS, "Content-Security-Policy": POLICY.format(scripts=self.scripts, sockets=sockets)})
        if scheme == "https":
            headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"


def _refusal(scope: Scope) -> str:
    """Why a request may not be answered without sign-in; empty for one from this computer itself.

    A proxy marks a request, or a browser sends it for a page that another name served.
    """
    headers = Headers(scope=scope)
    marked = any(name in PROXY_HEADERS or name.startswith("x-forwarded-") for name in headers)
    origin, client = headers.get("origin", ""), (scope.get("client") or ("", 0))[0]
    if marked or (origin and not re.fullmatch(f"https?://{LOCAL_HOST}", origin)):
        return (
            "This dashboard has no sign-in configured, so it does not answer through a proxy; configure sign-in first "
            "(docs/deployment.md).\n"
        )
    if client not in ("127.0.0.1", "::1") or not re.fullmatch(LOCAL_HOST, headers.get("host", "")):
        return "This dashboard has no sign-in configured, so it answers on its own computer only.\n"
    return ""


async def width_script(_request: Request) -> Response:
    """The script that stores the window's width in a cookie of this site."""
    return Response(WIDTH_SCRIPT, media_type="text/javascript")


async def to_landing(request: Request) -> Response:
    """The landing page by its name, which Streamlit would call not found: it knows that page by "/" alone."""
    return RedirectResponse(f"./?{request.url.query}" if request.url.query else "./", status_code=307)


def health(_request: Request) -> Response:
    """Whether this process can answer readers: its home can be read, or of several cities at least one. It is ready
    when what they ask first is known too.
    """
    for home in homes():
        try:
            if has_alerts(home):
                Store(home).alerts_version()
            told = READY if _first_known.is_set() else "well\n"
            return PlainTextResponse(told, headers={"Cache-Control": "no-store"})
        except Exception:
            LOG.exception("not well: the home cannot be read")
    return PlainTextResponse("the home cannot be read\n", status_code=503)


@asynccontextmanager
async def prepare(_app: Any) -> AsyncIterator[None]:
    """Say who can connect, and have the city, or the sample city, ready before the first reader comes."""
    if not sign_in_configured():
        print("CURiM: no sign-in is configured, so the dashboard answers on this computer only (127.0.0.1).")
    for own in homes():
        await anyio.to_thread.run_sync(prepare_home if has_alerts(own) else prepare_sample, own)
    await anyio.to_thread.run_sync(warm_up)
    if shares_results():
        threading.Thread(target=_work_out_first, args=(homes(),), name="first results", daemon=True).start()
    else:
        _first_known.set()
    yield


def _work_out_first(all_homes: tuple[Home, ...]) -> None:
    """What readers ask before they choose a filter, then what they ask of the other periods that have a name, where the
    page chooses from all alerts what the council is told.
    """
    usual = AlertFilter().period
    asked = [(page, usual) for page in FIRST_RESULTS]
    asked += [(page, period) for period in PERIODS if period != usual for page in ("briefing", "gender")]
    # Where nobody signs in, an analyst comes to read, who may look at it as the council does.
    audiences = Audience.SPECIALIST if sign_in_configured() else Audience.ANALYST, Audience.COUNCIL
    work = list(product(asked, all_homes, audiences))
    # Other processes begin at the other end; what one works out the others find.
    for (page, period), own, audience in work if os.environ.get(PROCESS_NAME, "p1") == "p1" else reversed(work):
        try:
            home = own if has_alerts(own) else sample_home(own)
            _work_out(home, page, AlertFilter(period=period), audience)
        except Exception:
            LOG.warning("the first results were not worked out", exc_info=True)
    _first_known.set()


def _work_out(home: Home, page: str, f: AlertFilter, audience: Audience) -> None:
    """What a page tells under a filter."""
    dataset = dataset_of(home, open_for(home, audience), audience)
    importlib.import_module(f"{parts.__name__}.{FIRST_RESULTS[page]}").work_out_first(dataset, f)


def check_cities() -> None:
    """End with one sentence where CURIM_HOMES cannot be used, or the sample city cannot be made in a home."""
    try:
        all_homes = homes()
    except CitiesError as error:
        raise SystemExit(translator("en")(error.message)) from None
    for home in all_homes:
        if has_alerts(home) or (home.sample.is_sample and has_alerts(home.sample)):
            continue
        try:
            home.path.mkdir(parents=True, exist_ok=True)
            with TemporaryFile(dir=home.path):
                pass
        except OSError as error:
            told = damage(error)
            raise SystemExit(f"{home.path}: {translator('en')(told) if told else error}") from None


def prepare_home(home: Home) -> None:
    """Work out what the pages need whatever the filter, where an import did not or other code did."""
    try:
        prepare_city(home)
    except Exception:
        LOG.warning("the city was not prepared", exc_info=True)


def prepare_sample(base: Home) -> None:
    """Have the home of the sample city under `base`, and what its pages need."""
    make_apart(base)
    prepare_home(sample_home(base))


def warm_up() -> None:
    """Import all modules of the pages, and exempt them from garbage collection; start what reads uploaded files.

    The collector would look through all modules again and again, with every reader waiting for it.
    """
    isolation.warm_up()
    for part in pkgutil.walk_packages(parts.__path__, f"{parts.__name__}."):
        importlib.import_module(part.name)
    gc.collect()
    gc.freeze()


def on_script_error(error: Exception) -> bool:
    """Tell the reader that a page failed, in their language, with a number that finds the error in the log."""
    number = error_number(error)
    LOG.error("page failed, error %s", number, exc_info=error)
    t = translator(language())
    if (told := error.message if isinstance(error, EngineError | StoreError) else damage(error)) is not None:
        st.error(t(told))
        return True
    st.error(t(FAILURE, part="CURiM", number=number))
    return True


def address() -> str:
    """Where to listen: this computer, unless sign-in is configured and an address was set on purpose."""
    chosen = os.environ.get("STREAMLIT_SERVER_ADDRESS", "")
    return chosen if chosen and sign_in_configured() else "127.0.0.1"


def settings() -> dict[str, Any]:
    """Settings for `App.run`, which, unlike `streamlit run`, reads no environment variables."""
    port = os.environ.get("STREAMLIT_SERVER_PORT", "")
    return {"server.address": address(), **({"server.port": int(port)} if port else {})}


COOKIE: Final = "curim_way_back"
LONGEST: Final = 3_000  # characters of an address that is kept, as it stands in the cookie
LASTS: Final = 900  # seconds for signing in at the provider


class WayBackMiddleware:
    """Pure ASGI middleware: keeps the address when a reader leaves to sign in, and puts it in the answer on return."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "") if scope["type"] == "http" else ""
        leaving, back = path.endswith(SIGN_IN), path.endswith(BACK)
        if not (leaving or back):
            await self.app(scope, receive, send)
            return
        asked, base = Headers(scope=scope), path.removesuffix(SIGN_IN if leaving else BACK)
        address = (
            page_asked_for(asked.get("referer", ""), own_hosts(HTTPConnection(scope)))
            if leaving
            else kept_address(asked.get("cookie", ""))
        )
        cookie, lasts = (quote(address, safe="/"), LASTS) if leaving else ("", 0)

        async def pass_on(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and address and len(cookie) <= LONGEST:
                headers = MutableHeaders(scope=message)
                about = f"Path={base or '/'}; Max-Age={lasts}; HttpOnly; SameSite=Lax"
                headers.append("set-cookie", f"{COOKIE}={cookie}; {about}")
                if back and message["status"] in (302, 303, 307):
                    headers["location"] = address
            await send(message)

        await self.app(scope, receive, pass_on)


def page_asked_for(referer: str, hosts: set[str]) -> str:
    """Path and query of the page that a browser came from; empty where that is no page of these hosts."""
    try:
        parts = urlsplit(referer)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or parts.netloc not in hosts:
        return ""
    return safe_address(parts.path + (f"?{parts.query}" if parts.query else ""))


def kept_address(cookies: str) -> str:
    """The address in the cookie of a request; empty where there is none, or where it leads anywhere but here."""
    return safe_address(unquote(cookie_parser(cookies).get(COOKIE, "")))


def safe_address(address: str) -> str:
    """An address as it is if it is a path of this site in plain signs, else nothing.

    Two slashes, or a backslash that browsers take for one, would name another host; a line's end would begin a header.
    """
    plain = address.isascii() and address.isprintable() and "\\" not in address
    path = address.partition("?")[0]
    return address if plain and path.startswith("/") and not path.startswith("//") and " " not in address else ""


MIDDLEWARE: Final = [Middleware(SecurityMiddleware), Middleware(DoorMiddleware), Middleware(WayBackMiddleware)]
ROUTES: Final = [Route(WIDTH_PATH, width_script), Route(HEALTH, health), Route(f"/{LANDING}", to_landing)]
