"""Signing in leads back to the page that was asked for, with its filter.

Streamlit sends everybody who has signed in to the first page. The browser says from which page of ours it went to sign
in (our Referrer-Policy lets it, within this site); that page is kept in a cookie until the identity provider sends the
reader back. Only a path of this site is ever followed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import SimpleCookie
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from streamlit.auth_util import get_origin_from_redirect_uri

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
        if path.endswith(SIGN_IN):
            change = _keep(Headers(scope=scope), path.removesuffix(SIGN_IN))
        elif path.endswith(BACK):
            change = _return(Headers(scope=scope), path.removesuffix(BACK))
        else:
            await self.app(scope, receive, send)
            return

        async def pass_on(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                change(message["status"], MutableHeaders(scope=message))
            await send(message)

        await self.app(scope, receive, pass_on)


Change = Callable[[int, MutableHeaders], None]


def _keep(asked: Headers, base: str) -> Change:
    address = page_asked_for(asked.get("referer", ""), {asked.get("host", ""), _own_host()} - {""})

    def change(_status: int, headers: MutableHeaders) -> None:
        kept = quote(address, safe="/")
        if address and len(kept) <= LONGEST:
            headers.append("set-cookie", _cookie(kept, base, LASTS))

    return change


def _return(asked: Headers, base: str) -> Change:
    address = kept_address(asked.get("cookie", ""))

    def change(status: int, headers: MutableHeaders) -> None:
        if address:
            headers.append("set-cookie", _cookie("", base, 0))
            if status in (302, 303, 307):
                headers["location"] = address

    return change


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
    found = SimpleCookie()
    try:
        found.load(cookies)
    except Exception:  # a cookie of somebody else's making
        return ""
    return safe_address(unquote(found[COOKIE].value)) if COOKIE in found else ""


def safe_address(address: str) -> str:
    """An address as it is if it is a path of this site in plain signs, else nothing.

    Two slashes, or a backslash that browsers take for one, would name another host; a line's end would begin a header.
    """
    plain = address.isascii() and address.isprintable() and "\\" not in address
    path = address.partition("?")[0]
    return address if plain and path.startswith("/") and not path.startswith("//") and " " not in address else ""


def _own_host() -> str:
    return urlsplit(get_origin_from_redirect_uri() or "").netloc


def _cookie(value: str, base: str, lasts: int) -> str:
    return f"{COOKIE}={value}; Path={base or '/'}; Max-Age={lasts}; HttpOnly; SameSite=Lax"
