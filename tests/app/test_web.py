"""The wire: headers, the language of the page, and who may connect."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from httpx import Response
from starlette.applications import Starlette
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from pages.parts.frame import web

PAGE = {"accept": "text/html", "accept-encoding": "gzip"}


async def index(_request: object) -> FileResponse:
    return FileResponse(web.INDEX, headers={"etag": '"same for all"'})


async def plain(_request: object) -> PlainTextResponse:
    return PlainTextResponse("alerts")


async def report(_request: object) -> HTMLResponse:
    headers = {"content-disposition": "attachment; filename=quality.html", "set-cookie": "a=b"}
    return HTMLResponse("<html>report</html>", headers=headers)


async def socket(connection: WebSocket) -> None:
    await connection.accept()
    await connection.close()


ROUTES = [Route("/", index), Route("/plain", plain), Route("/media/report", report), WebSocketRoute("/socket", socket)]


class Client:
    """Asks the middleware as a server would."""

    def __init__(
        self, *, open_to_network: bool = False, origin: str = "127.0.0.1", host: str = "localhost", scheme: str = "http"
    ) -> None:
        app = web.SecurityMiddleware(Starlette(routes=[*ROUTES, *web.ROUTES]), open_to_network=lambda: open_to_network)
        at = {"base_url": f"{scheme}://localhost", "client": (origin, 50_000), "headers": {"host": host}}
        self._client = TestClient(app, follow_redirects=False, **at)  # type: ignore[arg-type]

    def get(self, path: str, headers: dict[str, str] | None = None) -> Response:
        return self._client.get(path, headers=headers)

    def is_let_in(self, headers: dict[str, str] | None = None) -> bool:
        """Whether a websocket is accepted."""
        try:
            with self._client.websocket_connect("/socket", headers=headers or {}):
                return True
        except WebSocketDisconnect:
            return False


@pytest.mark.parametrize(
    ("query", "lang"), [("", "el"), ("?lang=en", "en"), ("?lang=fr", "fr"), ("?lang=%3Cb%3E", "el")]
)
def test_page_declares_the_readers_language(query: str, lang: str) -> None:
    answer = Client().get(f"/{query}", headers=PAGE)
    assert f'<html lang="{lang}">' in answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert "etag" not in answer.headers


def test_a_file_of_html_is_handed_out_as_it_is_and_the_landing_page_leads_to_no_other_site() -> None:
    answer = Client().get("/media/report", headers=PAGE)
    assert answer.text == "<html>report</html>"
    assert "content-disposition" in answer.headers
    assert answer.headers["set-cookie"] == "a=b"
    assert answer.headers["cache-control"] == "no-store"
    assert Client().get("/briefing?//example.org", headers=PAGE).headers["location"] == "./?//example.org"


def test_headers_stand_on_every_answer_and_transport_security_only_over_https() -> None:
    headers = Client().get("/plain").headers
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "same-origin")
    assert "geolocation=()" in headers["permissions-policy"]
    assert "strict-transport-security" not in headers
    assert "max-age" in Client(scheme="https").get("/plain").headers["strict-transport-security"]
    policy = headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "'unsafe-eval'" not in policy
    assert "script-src 'self' 'wasm-unsafe-eval' 'sha256-" in policy
    odd = Client(open_to_network=True, host="a.gr; script-src *").get("/plain")
    assert "script-src *" not in odd.headers["content-security-policy"]
    page = Client().get("/", headers=PAGE)
    (inline,) = re.findall("<script>(.*?)</script>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("origin", "host"), [("192.0.2.7", "localhost"), ("127.0.0.1", "alerts.example"), ("nobody", "localhost")]
)
def test_strangers_are_refused_without_sign_in(origin: str, host: str) -> None:
    stranger = Client(origin=origin, host=host)
    assert stranger.get("/plain").status_code == 403
    assert not stranger.is_let_in()


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
    assert answer.status_code == 403
    assert "does not answer through a proxy" in answer.text
    assert not proxied.is_let_in({header: value})
    assert Client(host="127.0.0.1:8501", open_to_network=True).get("/plain", {header: value}).status_code == 200


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1:8501", "[::1]:8501"])
def test_this_computer_is_let_in(host: str) -> None:
    assert Client(host=host).get("/plain").status_code == 200
    assert Client(host=host).is_let_in()


def test_address_is_this_computer_without_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMLIT_SERVER_ADDRESS", "0.0.0.0")
    monkeypatch.setattr(web, "sign_in_configured", lambda: False)
    assert web.address() == "127.0.0.1"
    monkeypatch.setattr(web, "sign_in_configured", lambda: True)
    assert web.address() == "0.0.0.0"
