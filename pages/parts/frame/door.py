"""The door: who may reach the server at all, where sign-in is configured, asked before Streamlit takes a byte.

Nothing passes without a session that goes on and a role, but what signing in needs and what is no secret: the
way to the provider and back, whether the server is well, and Streamlit's own files. A page that is asked for becomes
the page that says how to sign in, or why not; everything else is refused.

- A websocket, behind which Streamlit keeps a session in memory, opens for a reader with a role.
- An uploaded file is taken from an analyst, for a websocket of the same sign-in, and only while what is held in memory
  stays under a bound, of that websocket and in all: Streamlit keeps an upload in memory until its page is left.
- A file that a button made is handed to the sign-in that made it, while its role lasts.
- Signing out is asked by a form of our own page, which no other site can send; it ends the session on the server
  before Streamlit clears the cookie.
- Whoever signed in sees their sessions and ends one that they have left open somewhere.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import html
import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final, cast
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

import anyio
import streamlit as st
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose
from streamlit import config
from streamlit.auth_util import encode_provider_token, get_origin_from_redirect_uri
from streamlit.runtime import Runtime
from streamlit.runtime.media_file_storage import MediaFileKind
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME
from streamlit.web.server.starlette.starlette_websocket import (
    _get_signed_cookie_with_chunks,
    _parse_decoded_user_cookie,
)

from curim_data.model import LANGUAGES, N_, Role, Translator, translator
from curim_data.model.i18n import DEFAULT_LANGUAGE, LANGUAGE_NAMES
from curim_data.plans.record import Refusal, session_key
from curim_data.serving import HEALTH
from curim_data.store.home import cities
from pages.parts.frame import reader
from pages.parts.frame.reader import CITY, Reader, sign_in_configured

SIGN_IN: Final = "/auth/login"
SIGN_OUT: Final = "/auth/logout"
BACK: Final = "/oauth2callback"
SESSIONS: Final = "/curim/sessions"
CLOSED: Final = "curim-door"  # the header of a page of the door, by which an open page sees that its session has ended
OPEN: Final = re.compile(
    rf"{HEALTH}|{SIGN_IN}|{BACK}|/curim/width\.js|/static/.*|/favicon\.png|(/\w+)?/_stcore/(health|host-config)"
)
NO_PAGE: Final = re.compile(r"/(media|_stcore|component)/")
UPLOADS: Final = "/_stcore/upload_file"
UPLOAD: Final = re.compile(rf"{UPLOADS}/([^/]+)/[^/]+")
TOGETHER_MB: Final = 300  # of the files of one websocket, which is one open page
IN_ALL_MB: Final = 1_200  # of all websockets of this process
MOST_HANDED: Final = 10_000

# Refusals after which signing in again helps; after the others another account does.
SIGN_IN_HELPS: Final = (Refusal.SIGNED_OUT, Refusal.IDLE, Refusal.EXPIRED)
WELCOME: Final = N_("This dashboard shows citizens' safety alerts. Sign in with your account to see it.")
REFUSED: Final = {
    **dict.fromkeys(SIGN_IN_HELPS, N_("Your session has ended. Sign in again to go on where you were.")),
    Refusal.UNCHECKED: N_("Your sign-in could not be checked at the moment. Reload the page in a minute."),
    Refusal.NO_CITY: N_("No city that you may see has the name in this link. Choose one of yours."),
    Refusal.UNVERIFIED: N_(
        "Your account confirms no e-mail address as yours. Confirm it with your account's provider and sign in again, "
        "or sign in with another account."
    ),
    Refusal.UNKNOWN: N_(
        "The address {address} has no role here yet. Ask the person who runs the dashboard to add it, or sign in with "
        "another account."
    ),
}
STYLE: Final = """
:root { color-scheme: light dark; --ink: #0b151d; --back: #fff; --act: #0d4f6c; --line: #d5dde3; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7edf1; --back: #0f161c; --act: #27789f; --line: #32404b; } }
body { margin: 0; font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", Arial, sans-serif; color: var(--ink);
  background: var(--back); }
main { max-width: 34rem; margin: 12vh auto; padding: 0 1.2rem; }
h1 { font-size: 1.6rem; }
a { color: inherit; }
.act, button { display: inline-block; margin: .3rem .6rem .3rem 0; padding: .45rem 1rem; border: 0;
  border-radius: .4rem; background: var(--act); color: #fff; font: inherit; text-decoration: none; cursor: pointer; }
li { display: flex; flex-wrap: wrap; gap: .3rem 1rem; align-items: center; justify-content: space-between;
  padding: .5rem 0; border-bottom: 1px solid var(--line); }
ul { padding: 0; }
nav { display: flex; gap: 1rem; margin-top: 2rem; font-size: .9rem; }
[aria-current] { font-weight: 700; }
"""
_handed: OrderedDict[tuple[str, bytes], Callable[[], bool]] = OrderedDict()


def hand_out(key: str, file: bytes | str, kept: Callable[[], bool]) -> None:
    """Note whose a file is that a button made: of the sign-in `key`, while `kept` says that its role lasts."""
    _handed[key, _digest(file)] = kept
    while len(_handed) > MOST_HANDED:
        _handed.popitem(last=False)


def _digest(file: bytes | str) -> bytes:
    return hashlib.sha256(file.encode() if isinstance(file, str) else file).digest()


class DoorMiddleware:
    """Pure ASGI middleware round Streamlit; without sign-in it lets everything through (`SecurityMiddleware`)."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self._coming: Counter[str] = Counter()  # bytes of uploads that are being taken, by Streamlit's session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or not sign_in_configured():
            await self.app(scope, receive, send)
            return
        asked, web = HTTPConnection(scope), scope["type"] == "http"
        base = "/" + str(config.get_option("server.baseUrlPath") or "").strip("/")
        path = "/" + scope["path"].removeprefix(base).lstrip("/")
        if web and path == SIGN_IN and "provider" not in asked.query_params:
            # Streamlit takes the name of a provider as a token that is good for two minutes.
            named = next((one for one in providers() if one == asked.query_params.get("with")), "default")
            scope = {**scope, "query_string": urlencode({"provider": encode_provider_token(named)}).encode()}
        answer, size, session = None, 0, ""
        if not (web and OPEN.fullmatch(path)):
            if match := UPLOAD.match(path):
                session = match[1]
            answer, size = await self._answer(asked, path, base, session)
        if answer is not None:
            await answer(scope, receive, send)
            return
        self._coming[session] += size
        try:
            await self.app(scope, receive, send)
        finally:
            self._coming[session] -= size
            self._coming = +self._coming  # without sessions of which nothing comes

    async def _answer(
        self, asked: HTTPConnection, path: str, base: str, session: str
    ) -> tuple[Response | WebSocketClose | None, int]:
        """What the door says itself (None: it lets through), and how many bytes of an upload come.

        `session`: Streamlit's, for which an upload comes.
        """
        claims, method = claims_of(asked), asked.scope.get("method", "")
        city = asked.query_params.get(CITY, "") if cities() else ""
        page = method in ("GET", "HEAD") and not NO_PAGE.match(path) and "text/html" in asked.headers.get("accept", "")
        who = await anyio.to_thread.run_sync(_admitted, claims, city if page else "") if claims else None
        t = translator(_language(asked))
        if not method and (who is None or not _let_in(who)):
            return WebSocketClose(1008), 0
        if method and path == SIGN_OUT:
            return await self._leave(t, asked, base, who, claims), 0
        if who is None or not _let_in(who):
            return door_page(t, asked, base, who) if page else PlainTextResponse("Sign in first.\n", 403), 0
        if method and path == SESSIONS:
            return await self._sessions(t, asked, base, who, claims), 0
        if path.startswith(UPLOADS):
            return self._takes(asked, session, claims)
        if path.startswith("/media/"):
            return await anyio.to_thread.run_sync(_hands, path.rpartition("/")[2], claims), 0
        return None, 0

    def _takes(self, asked: HTTPConnection, session: str, claims: Mapping[str, Any]) -> tuple[Response | None, int]:
        """Why an upload is not taken, and else how many bytes of it come."""
        runtime, length = Runtime.instance(), asked.headers.get("content-length", "")
        page = runtime.get_app_session(session)
        own = page is not None and session_key(page._user_info) == session_key(claims)
        if not own or not any(role >= Role.ANALYST for role in reader.roles_of(claims).values()):
            return PlainTextResponse("Only analysts upload files, on a page of their own.\n", 403), 0
        if asked.scope["method"] != "PUT":
            return None, 0
        if not length.isdigit():
            return PlainTextResponse("The upload does not say how large it is.\n", 411), 0
        held = Counter(self._coming)
        for one, files in list(cast(MemoryUploadedFileManager, runtime.uploaded_file_mgr).file_storage.items()):
            held[one] += sum(len(file.data) for file in list(files.values()))
        size = int(length)
        if held[session] + size > (TOGETHER_MB + 1) << 20 or held.total() + size > IN_ALL_MB << 20:
            return PlainTextResponse("The server holds too many uploads at the moment.\n", 413), 0
        return None, size

    async def _leave(
        self, t: Translator, asked: HTTPConnection, base: str, who: Reader | None, claims: dict[str, Any]
    ) -> Response | None:
        """Ask before a session that goes on is ended, and end it; then Streamlit clears the cookie (None)."""
        if who is None or who.refusal in (*SIGN_IN_HELPS, Refusal.UNCHECKED):
            return None
        here = base.rstrip("/") + SIGN_OUT
        if asked.scope["method"] != "POST":
            return _page(t, asked, t("Sign out"), _form(f"?{_query(t)}", t("Sign out")))
        if not _from_here(asked):
            return PlainTextResponse("Sign out on a page of the dashboard.\n", 403)
        await anyio.to_thread.run_sync(reader.end_session, claims, session_key(claims), who.city)
        # A redirect of a form to the provider would be stopped by our own policy.
        left = _page(t, asked, t("Sign out"), _act(here, t("Sign out")))
        left.headers["Refresh"] = f"0; url={here}"
        return left

    async def _sessions(
        self, t: Translator, asked: HTTPConnection, base: str, who: Reader, claims: dict[str, Any]
    ) -> Response:
        """The page with a person's sessions, each with a way to end it."""
        if asked.scope["method"] == "POST":
            if not _from_here(asked):
                return PlainTextResponse("End a session on the page of your sessions.\n", 403)
            await anyio.to_thread.run_sync(reader.end_session, claims, asked.query_params.get("end", ""), who.city)
            return RedirectResponse(f"?{urlencode({'lang': t.lang})}", 303)
        rows, home = [], reader.own_home(who)
        zone = ZoneInfo(home.city().timezone) if home.has_city() else dt.UTC
        for one in await anyio.to_thread.run_sync(reader.own_sessions, claims):
            began, used = (t.moment(dt.datetime.fromtimestamp(at, zone), "short") for at in (one.issued, one.seen))
            told = t("Signed in {began}, last used {used}", began=began, used=used)
            here = one.key == session_key(claims)
            end = html.escape(t("This session")) if here else _form(f"?{_query(t, end=one.key)}", t("End"))
            rows.append(f"<li>{html.escape(told)} {end}</li>")
        back = _act(f"{base}?{_query(t)}", t("Back to the dashboard"))
        return _page(t, asked, t("Your sessions"), f"<ul>{''.join(rows)}</ul>{back}")


def claims_of(asked: HTTPConnection) -> dict[str, Any]:
    """What the signed cookie of a request says of who signed in; nothing where there is none, or not from here."""
    raw = _get_signed_cookie_with_chunks(asked.cookies, USER_COOKIE_NAME)
    found = _parse_decoded_user_cookie(raw, get_origin_from_redirect_uri() or "") if raw else {}
    return found if found.get("is_logged_in") else {}


def providers() -> list[str]:
    """The identity providers by name; none where there is one alone, without a name."""
    return [name for name, of in st.secrets["auth"].items() if "client_id" in getattr(of, "keys", list)()]


def door_page(t: Translator, asked: HTTPConnection, base: str, who: Reader | None) -> Response:
    """The way in for somebody who has not signed in (None), whose session has ended, or who has no role."""
    refusal = who.refusal if who is not None else None
    told = html.escape(t(REFUSED[refusal] if refusal else WELCOME, address=who.name if who else ""))
    again = refusal is None or refusal in SIGN_IN_HELPS
    parts = [f"<p>{told}</p>"]
    if again:
        for one in providers() or [""]:
            name = t("Sign in with {provider}", provider=one) if one else t("Sign in")
            to = f"{base.rstrip('/')}{SIGN_IN}?{urlencode({'with': one or 'default'})}"
            parts.append(_act(to, name))
    elif refusal is not Refusal.UNCHECKED:
        parts.append(_form(base.rstrip("/") + SIGN_OUT, t("Sign in with another account")))
    return _page(t, asked, t("Sign in") if again else t("No access"), *parts)


def _page(t: Translator, asked: HTTPConnection, title: str, *parts: str) -> Response:
    """A page of the door: no script, no file but itself, and nothing of it is kept by the browser."""
    current = ' aria-current="true"'
    languages = (
        f'<a href="?{html.escape(urlencode({**asked.query_params, "lang": lang}))}" lang="{lang}" hreflang="{lang}"'
        f"{current if lang == t.lang else ''}>{html.escape(name)}</a>"
        for lang, name in LANGUAGE_NAMES.items()
    )
    head = (
        f'<!doctype html><html lang="{t.lang}"><head><meta charset="utf-8"><title>CURiM</title><style>{STYLE}</style>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,"></head>'
    )
    label = html.escape(t("Language"))
    nav = f'<nav aria-label="{label}">{"".join(languages)}</nav>'
    body = f"<body><main><h1>{html.escape(title)}</h1>{''.join(parts)}{nav}</main></body></html>"
    return HTMLResponse(head + body, headers={"Cache-Control": "no-store", CLOSED: "closed"})


def _act(to: str, label: str) -> str:
    return f'<a class="act" href="{html.escape(to)}">{html.escape(label)}</a>'


def _form(to: str, label: str) -> str:
    return f'<form method="post" action="{html.escape(to)}"><button>{html.escape(label)}</button></form>'


def _query(t: Translator, **words: str) -> str:
    return urlencode({"lang": t.lang, **words})


def _language(asked: HTTPConnection) -> str:
    lang = asked.query_params.get("lang", DEFAULT_LANGUAGE)
    return lang if lang in LANGUAGES else DEFAULT_LANGUAGE


def _admitted(claims: Mapping[str, Any], city: str) -> Reader:
    return reader.admitted(claims, city, using=False)


def _let_in(who: Reader) -> bool:
    """Whether somebody has a role; another city of theirs is one that the page offers by name."""
    return who.role is not None or who.refusal is Refusal.NO_CITY


def own_hosts(asked: HTTPConnection) -> set[str]:
    """The names of this server: the one that was asked for, and the one by which the provider knows it."""
    return {asked.headers.get("host", ""), urlsplit(get_origin_from_redirect_uri() or "").netloc} - {""}


def _from_here(asked: HTTPConnection) -> bool:
    """Whether a form stands on a page of this site, as the browser says."""
    return urlsplit(asked.headers.get("origin", "")).netloc in own_hosts(asked)


def _hands(name: str, claims: Mapping[str, Any]) -> Response | None:
    """Why a file is not handed out; a picture of a page is no file that a button made."""
    file = Runtime.instance().media_file_mgr.read_file(name)
    if file is None or file.kind is not MediaFileKind.DOWNLOADABLE:
        return None
    kept = _handed.get((session_key(claims), _digest(file.content)))
    return None if kept is not None and kept() else PlainTextResponse("This file was made for another session.\n", 403)
