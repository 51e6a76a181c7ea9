"""The wire: headers, the language of the page, and who may connect."""

from __future__ import annotations

import base64
import hashlib

import pytest
from starlette.applications import Starlette
from starlette.responses import FileResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from pages.parts import web

PAGE = {"accept": "text/html", "accept-encoding": "gzip"}


async def index(_request: object) -> FileResponse:
    return FileResponse(web.INDEX, headers={"etag": '"same for all"'})


async def plain(_request: object) -> PlainTextResponse:
    return PlainTextResponse("alerts")


async def socket(connection: WebSocket) -> None:
    await connection.accept()
    await connection.close()


def client(*, open_to_network: bool = False, origin: str = "127.0.0.1", base: str = "http://localhost") -> TestClient:
    routes = [Route("/", index), Route("/plain", plain), WebSocketRoute("/socket", socket)]
    app = web.Wire(Starlette(routes=routes), open_to_network=lambda: open_to_network)
    return TestClient(app, base_url=base, client=(origin, 50_000))


@pytest.mark.parametrize(
    ("query", "lang"), [("", "el"), ("?lang=en", "en"), ("?lang=fr", "fr"), ("?lang=%3Cb%3E", "el")]
)
def test_page_declares_the_readers_language(query: str, lang: str) -> None:
    answer = client().get(f"/{query}", headers=PAGE)
    assert f'<html lang="{lang}">' in answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert "etag" not in answer.headers


def test_page_is_not_answered_from_a_cache_of_another_language() -> None:
    assert client().get("/", headers={**PAGE, "if-none-match": '"same for all"'}).status_code == 200


def test_headers_stand_on_every_answer() -> None:
    answer = client().get("/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "geolocation=()" in answer.headers["permissions-policy"]
    assert "strict-transport-security" not in answer.headers
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "'unsafe-eval'" not in policy
    assert "script-src 'self' 'wasm-unsafe-eval' 'sha256-" in policy


def test_transport_security_only_over_https() -> None:
    answer = client(base="https://localhost").get("/plain")
    assert "max-age" in answer.headers["strict-transport-security"]


def test_policy_allows_the_inline_script_that_is_served() -> None:
    answer = client().get("/", headers=PAGE)
    inline = answer.text.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in answer.headers["content-security-policy"]
    assert answer.text.count("<script>") == 1


def test_host_header_cannot_write_into_the_policy() -> None:
    answer = client(open_to_network=True).get("/plain", headers={"host": "a.gr; script-src *"})
    assert "script-src *" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("origin", "base"),
    [("192.0.2.7", "http://localhost"), ("127.0.0.1", "http://alerts.example"), ("testclient", "http://localhost")],
)
def test_strangers_are_refused_without_sign_in(origin: str, base: str) -> None:
    stranger = client(origin=origin, base=base)
    assert stranger.get("/plain").status_code == 403
    with pytest.raises(WebSocketDisconnect), stranger.websocket_connect("/socket"):
        pass


def test_strangers_reach_the_sign_in_where_it_is_configured() -> None:
    assert client(open_to_network=True, origin="192.0.2.7", base="http://alerts.example").get("/plain").text == "alerts"


@pytest.mark.parametrize("base", ["http://localhost:8501", "http://127.0.0.1:8501", "http://[::1]:8501"])
def test_this_computer_is_let_in(base: str) -> None:
    assert client(base=base).get("/plain").status_code == 200
    with client(base=base).websocket_connect("/socket"):
        pass


def test_address_is_this_computer_without_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMLIT_SERVER_ADDRESS", "0.0.0.0")
    monkeypatch.setattr(web, "sign_in_configured", lambda: False)
    assert web.address() == "127.0.0.1"
    monkeypatch.setattr(web, "sign_in_configured", lambda: True)
    assert web.address() == "0.0.0.0"
