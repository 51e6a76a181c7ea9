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
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from ipaddress import ip_address
from itertools import product
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

import anyio
import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request, cookie_parser
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from streamlit.auth_util import get_origin_from_redirect_uri

from curim_data.containers import isolation
from curim_data.engine import EngineError
from curim_data.filters import PERIODS, AlertFilter
from curim_data.model import LANGUAGES, Audience, translator
from curim_data.model.i18n import DEFAULT_LANGUAGE
from curim_data.protection import open_for
from curim_data.sample.home import make_apart, sample_home
from curim_data.serving import HEALTH
from curim_data.store import Home, Store, has_alerts
from curim_data.store.commits import damage
from curim_data.store.home import CitiesError, homes, locked
from curim_data.store.results import shares_results
from curim_data.studies.preparation import prepare as prepare_city
from pages import parts
from pages.parts.frame.links import LANDING, language
from pages.parts.frame.page import dataset_of
from pages.parts.frame.reader import sign_in_configured
from pages.parts.frame.record import error_number

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

LOG: Final = logging.getLogger("curim")
ICON: Final = Path(__file__).with_name("icon.svg")
INDEX: Final = Path(st.__file__).parent / "static" / "index.html"
LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "[::1]")
PROXY_HEADERS: Final = ("forwarded", "via", "x-real-ip")
# Pages that say something before a reader chooses, and the modules of `pages.parts` that work it out.
FIRST_RESULTS: Final = {
    "briefing": "briefing",
    "hotspots": "hotspots.queries",
    "gender": "gender.shares",
    "trends": "trends.line",
}
FIRST_LOCK: Final = "first_results.lock"  # in the home; the one who has it works out what these tell
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
document.addEventListener("pointermove", () => [40, 160, 500].forEach((wait) => setTimeout(keepInside, wait)));
"""
NO_CACHE: Final = {"Cache-Control": "no-cache"}
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def inline_hashes(page: str) -> list[str]:
    """The CSP sources of the page's inline scripts."""
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    return [f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts]


def content_security_policy(hashes: list[str], host: str) -> str:
    """Everything from this origin; WebAssembly for the map; no inline script but Streamlit's own."""
    sockets = f" ws://{host} wss://{host}" if re.fullmatch(r"[\w.\-\[\]:]+", host) else ""
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'wasm-unsafe-eval' {' '.join(hashes)}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            f"connect-src 'self' blob: data:{sockets}",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def localised_index(page: str, lang: str) -> str:
    """Streamlit's index page with our language, and with the script that reports the window's width."""
    page = page.replace('<html lang="en">', f'<html lang="{lang}">', 1)
    return page.replace("<title>", f'<script src=".{WIDTH_PATH}"></script>\n    <title>', 1)


class SecurityMiddleware:
    """Pure ASGI middleware: headers on every response, the language in the page, other computers refused.

    Without sign-in only this computer may connect, under its own names: the second keeps a foreign page from
    reaching the server through a name of its own that resolves to this computer. A proxy on this computer would
    make everyone look local, so a request with a proxy's headers or from a page of another origin is refused.
    """

    def __init__(self, app: Any, *, open_to_network: Callable[[], bool] = sign_in_configured) -> None:
        self.app = app
        self.index = INDEX.read_text("utf-8")
        self.hashes = inline_hashes(self.index)
        self.open_to_network = open_to_network

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        if not self.open_to_network() and (why := _refusal(scope)):
            await _refuse_connection(scope, receive, send, why)
        elif scope["type"] == "websocket":
            await self.app(scope, receive, send)
        else:
            await self._serve(scope, receive, send)

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
                if wants_page and _is_page(headers):
                    page = HTMLResponse(localised_index(self.index, _lang(scope)), message["status"], NO_CACHE)
                    page.raw_headers += [
                        (b"set-cookie", one.encode("latin-1")) for one in headers.getlist("set-cookie")
                    ]
                self._secure(page.headers if page else headers, asked.get("host", ""), scope.get("scheme", "http"))
                if page is not None:
                    answered = True
                    await page(scope, receive, send)
            if not answered:
                await send(message)

        await self.app(scope, receive, pass_on)

    def _secure(self, headers: MutableHeaders, host: str, scheme: str) -> None:
        headers["Content-Security-Policy"] = content_security_policy(self.hashes, host)
        for name, value in HEADERS.items():
            headers[name] = value
        if scheme == "https":
            headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"


def _is_page(headers: MutableHeaders) -> bool:
    """Whether an answer is the page that holds the dashboard: HTML that is no file to keep."""
    return headers.get("content-type", "").startswith("text/html") and "content-disposition" not in headers


def _lang(scope: Scope) -> str:
    asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("lang", [DEFAULT_LANGUAGE])[-1]
    return asked if asked in LANGUAGES else DEFAULT_LANGUAGE


def _refusal(scope: Scope) -> str:
    """Why a request may not be answered without sign-in; empty for one from this computer itself."""
    if _is_forwarded(Headers(scope=scope)):
        return (
            "This dashboard has no sign-in configured, so it does not answer through a proxy; configure sign-in first "
            "(docs/deployment.md).\n"
        )
    if not _is_local(scope):
        return "This dashboard has no sign-in configured, so it answers on its own computer only.\n"
    return ""


def _is_forwarded(headers: Headers) -> bool:
    """Whether a proxy marked the request, or a browser sent it for a page that another name served."""
    if any(name in PROXY_HEADERS or name.startswith("x-forwarded-") for name in headers):
        return True
    origin = headers.get("origin", "")
    try:
        host = urlsplit(origin).netloc
    except ValueError:
        return True
    return bool(origin) and re.sub(r":\d+$", "", host) not in LOCAL_HOSTS


def _is_local(scope: Scope) -> bool:
    client = (scope.get("client") or ("", 0))[0]
    try:
        near = ip_address(client).is_loopback
    except ValueError:
        near = False
    host = re.sub(r":\d+$", "", Headers(scope=scope).get("host", ""))
    return near and host in LOCAL_HOSTS


async def _refuse_connection(scope: Scope, receive: Receive, send: Send, why: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    await PlainTextResponse(why, status_code=403)(scope, receive, send)


async def width_script(_request: Request) -> Response:
    """The script that stores the window's width in a cookie of this site."""
    return Response(WIDTH_SCRIPT, media_type="text/javascript")


async def to_landing(request: Request) -> Response:
    """The landing page by its name, which Streamlit would call not found: it knows that page by "/" alone."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"./{query}", status_code=307)


def health(_request: Request) -> Response:
    """Whether this process can answer readers: its home can be read, or of several cities at least one."""
    if not any(_can_be_read(home) for home in homes()):
        return PlainTextResponse("the home cannot be read\n", status_code=503)
    return PlainTextResponse("well\n", headers={"Cache-Control": "no-store"})


def _can_be_read(home: Home) -> bool:
    try:
        if has_alerts(home):
            Store(home).alerts_version()
    except Exception:
        LOG.exception("not well: the home cannot be read")
        return False
    return True


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
    yield


def _work_out_first(all_homes: tuple[Home, ...]) -> None:
    """What readers ask before they choose a filter, then what they ask of the other periods that have a name, where the
    page chooses from all alerts what the council is told. One process at a time: the others read its results.
    """
    usual = AlertFilter().period
    asked = [(page, usual) for page in FIRST_RESULTS]
    asked += [(page, period) for period in PERIODS if period != usual for page in ("briefing", "gender")]
    for (page, period), own, audience in product(asked, all_homes, _first_audiences()):
        try:
            home = own if has_alerts(own) else sample_home(own)
            with locked(home.path / FIRST_LOCK):
                _work_out(home, page, AlertFilter(period=period), audience)
        except Exception:
            LOG.warning("the first results were not worked out", exc_info=True)


def _first_audiences() -> tuple[Audience, ...]:
    """Who comes to read: where nobody signs in, an analyst, who may look at it as the council does."""
    return Audience.SPECIALIST if sign_in_configured() else Audience.ANALYST, Audience.COUNCIL


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
        try:
            _check_room(home)
        except OSError as error:
            told = damage(error)
            raise SystemExit(f"{home.path}: {translator('en')(told) if told else error}") from None


def _check_room(home: Home) -> None:
    """OSError where nothing can be written into a home that has neither alerts of its own nor the sample city."""
    if not has_alerts(home) and not (home.sample.is_sample and has_alerts(home.sample)):
        home.path.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=home.path):
            pass


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
    if (told := error.message if isinstance(error, EngineError) else damage(error)) is not None:
        st.error(t(told))
        return True
    st.error(
        t(
            "This page could not be displayed (error {number}). Nothing was changed. Remove a filter or open another "
            "page; the person who runs the dashboard can find the cause in its log under this number.",
            number=number,
        )
    )
    return True


def address() -> str:
    """Where to listen: this computer, unless sign-in is configured and an address was set on purpose."""
    chosen = os.environ.get("STREAMLIT_SERVER_ADDRESS", "")
    return chosen if chosen and sign_in_configured() else "127.0.0.1"


def settings() -> dict[str, Any]:
    """Settings for `App.run`, which, unlike `streamlit run`, reads no environment variables."""
    port = os.environ.get("STREAMLIT_SERVER_PORT", "")
    return {"server.address": address(), **({"server.port": int(port)} if port else {})}


Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

COOKIE: Final = "curim_way_back"
LONGEST: Final = 3_000  # characters of an address that is kept, as it stands in the cookie
LASTS: Final = 900  # seconds for signing in at the provider
SIGN_IN: Final = "/auth/login"
BACK: Final = "/oauth2callback"


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
        own = urlsplit(get_origin_from_redirect_uri() or "").netloc
        address = (
            page_asked_for(asked.get("referer", ""), {asked.get("host", ""), own} - {""})
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


MIDDLEWARE: Final = [Middleware(SecurityMiddleware), Middleware(WayBackMiddleware)]
ROUTES: Final = [Route(WIDTH_PATH, width_script), Route(HEALTH, health), Route(f"/{LANDING}", to_landing)]
