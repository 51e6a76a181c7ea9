"""The wire: headers, the language of the page, and who may connect."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import FileResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from pages.parts.frame import web

PAGE = {"accept": "text/html", "accept-encoding": "gzip"}


async def index(_request: object) -> FileResponse:
    return FileResponse(web.INDEX, headers={"etag": '"same for all"'})


async def plain(_request: object) -> PlainTextResponse:
    return PlainTextResponse("alerts")


async def socket(connection: WebSocket) -> None:
    await connection.accept()
    await connection.close()


ROUTES = [Route("/", index), Route("/plain", plain), WebSocketRoute("/socket", socket), *web.ROUTES]


@dataclass
class Answer:
    status: int
    headers: Headers
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class Client:
    """Asks the middleware as a server would, one request at a time."""

    open_to_network: bool = False
    origin: str = "127.0.0.1"
    host: str = "localhost"
    scheme: str = "http"

    def scope(self, path: str, headers: dict[str, str]) -> dict[str, Any]:
        where, _, query = path.partition("?")
        lines = {"host": self.host, **headers}
        return {
            "path": where,
            "raw_path": where.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "scheme": self.scheme,
            "server": ("127.0.0.1", 8501),
            "client": (self.origin, 50_000),
            "headers": [(name.encode(), value.encode()) for name, value in lines.items()],
        }

    def send(self, scope: dict[str, Any], first: dict[str, Any]) -> list[dict[str, Any]]:
        app = web.SecurityMiddleware(Starlette(routes=ROUTES), open_to_network=lambda: self.open_to_network)
        sent: list[dict[str, Any]] = []

        waiting = [first]

        async def receive() -> dict[str, Any]:
            if waiting:
                return waiting.pop()
            await asyncio.Event().wait()  # a client that stays
            return {}

        async def keep(message: Any) -> None:
            sent.append(dict(message))

        # In a thread of its own: Playwright keeps a loop running in the worker's main thread.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, app(scope, receive, keep)).result()
        return sent

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        scope = {"type": "http", "http_version": "1.1", "method": "GET", **self.scope(path, headers or {})}
        sent = self.send(scope, {"type": "http.request", "body": b"", "more_body": False})
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(sent[0]["status"], Headers(raw=sent[0]["headers"]), body)

    def connect(self, headers: dict[str, str] | None = None) -> str:
        """The first thing that a websocket hears."""
        scope = {"type": "websocket", "subprotocols": [], **self.scope("/socket", headers or {})}
        return str(self.send(scope, {"type": "websocket.connect"})[0]["type"])


@pytest.mark.parametrize(
    ("query", "lang"), [("", "el"), ("?lang=en", "en"), ("?lang=fr", "fr"), ("?lang=%3Cb%3E", "el")]
)
def test_page_declares_the_readers_language(query: str, lang: str) -> None:
    answer = Client().get(f"/{query}", headers=PAGE)
    assert f'<html lang="{lang}">' in answer.text
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert "etag" not in answer.headers


def test_landing_page_by_its_name_leads_to_no_other_site() -> None:
    assert Client().get("/briefing?//example.org", headers=PAGE).headers["location"] == "./?//example.org"


def test_headers_stand_on_every_answer() -> None:
    answer = Client().get("/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "geolocation=()" in answer.headers["permissions-policy"]
    assert "strict-transport-security" not in answer.headers
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "'unsafe-eval'" not in policy
    assert "script-src 'self' 'wasm-unsafe-eval' 'sha256-" in policy


def test_transport_security_only_over_https() -> None:
    answer = Client(scheme="https").get("/plain")
    assert "max-age" in answer.headers["strict-transport-security"]


def test_host_header_cannot_write_into_the_policy() -> None:
    answer = Client(open_to_network=True, host="a.gr; script-src *").get("/plain")
    assert "script-src *" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("origin", "host"),
    [("192.0.2.7", "localhost"), ("127.0.0.1", "alerts.example"), ("nobody", "localhost")],
)
def test_strangers_are_refused_without_sign_in(origin: str, host: str) -> None:
    stranger = Client(origin=origin, host=host)
    assert stranger.get("/plain").status == 403
    assert stranger.connect() == "websocket.close"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("forwarded", "for=192.0.2.7"),
        ("x-forwarded-for", "192.0.2.7"),
        ("x-forwarded-proto", "https"),
        ("x-real-ip", "192.0.2.7"),
        ("via", "1.1 proxy"),
        ("origin", "https://alerts.example"),
        ("origin", "null"),
        ("origin", "http://[broken"),
    ],
)
def test_a_proxy_on_this_computer_lets_nobody_in_without_sign_in(header: str, value: str) -> None:
    proxied = Client(host="127.0.0.1:8501")
    answer = proxied.get("/plain", {header: value})
    assert answer.status == 403
    assert "does not answer through a proxy" in answer.text
    assert proxied.connect({header: value}) == "websocket.close"
    assert Client(host="127.0.0.1:8501", open_to_network=True).get("/plain", {header: value}).status == 200


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1:8501", "[::1]:8501"])
def test_this_computer_is_let_in(host: str) -> None:
    assert Client(host=host).get("/plain").status == 200
    assert Client(host=host).connect() == "websocket.accept"


def test_address_is_this_computer_without_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMLIT_SERVER_ADDRESS", "0.0.0.0")
    monkeypatch.setattr(web, "sign_in_configured", lambda: False)
    assert web.address() == "127.0.0.1"
    monkeypatch.setattr(web, "sign_in_configured", lambda: True)
    assert web.address() == "0.0.0.0"


def test_policy_allows_the_inline_script_that_is_served() -> None:
    answer = Client().get("/", headers=PAGE)
    inline = answer.text.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in answer.headers["content-security-policy"]
    assert answer.text.count("<script>") == 1
