"""Signing in leads back to a page of this site, and to nowhere else."""

from __future__ import annotations

import pytest
from httpx import Headers
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from pages.parts.frame import door
from pages.parts.frame.web import COOKIE, WayBackMiddleware, kept_address, page_asked_for, safe_address

HOST = "alerts.city.example"


@pytest.fixture(autouse=True)
def own_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "get_origin_from_redirect_uri", lambda: f"https://{HOST}")


ANSWERS = {
    "/auth/login": RedirectResponse("https://id.example/authorize", status_code=302),
    "/oauth2callback": RedirectResponse("/", status_code=302),
    "/trends": PlainTextResponse("page"),
}
APP = WayBackMiddleware(Starlette(routes=[Route(path, answer) for path, answer in ANSWERS.items()]))


def ask(path: str, **headers: str) -> Headers:
    """The headers of the answer to a request for a path."""
    client = TestClient(APP, base_url="http://inside", follow_redirects=False)
    return client.get(path, headers={name: value.encode("latin-1") for name, value in headers.items()}).headers


@pytest.mark.parametrize("host", [HOST, "inside"])
def test_the_page_and_its_filter_are_found_again(host: str) -> None:
    asked = "/trends?lang=fr&category=harassment_verbal,litter&place=%CE%91"
    left = ask("/auth/login", referer=f"https://{host}{asked}")
    assert left["location"] == "https://id.example/authorize"
    cookie = left["set-cookie"].partition(";")[0]
    assert "HttpOnly" in left["set-cookie"]
    assert "SameSite=Lax" in left["set-cookie"]
    back = ask("/oauth2callback", cookie=f"other=1; {cookie}")
    assert back["location"] == asked
    assert "Max-Age=0" in back["set-cookie"]


@pytest.mark.parametrize(
    "referer",
    [
        "",
        "https://evil.example/trends",
        f"https://{HOST}.evil.example/trends",
        f"https://{HOST}@evil.example/trends",
        f"javascript:alert(1)//{HOST}/",
        f"https://{HOST}//evil.example/",
        f"https://{HOST}/\\evil.example/",
        f"https://{HOST}:1/trends",
        "https://[broken/trends",
        f"https://{HOST}/trends?q=" + "x" * 4_000,
    ],
)
def test_nothing_is_kept_of_another_site(referer: str) -> None:
    assert "set-cookie" not in ask("/auth/login", referer=referer)


@pytest.mark.parametrize(
    "value",
    ["https://evil.example/", "//evil.example/", "/%5Cevil.example", "%2F%2Fevil.example", "/a%0d%0aX: 1", "/é", ""],
)
def test_a_made_up_cookie_leads_nowhere(value: str) -> None:
    assert ask("/oauth2callback", cookie=f"{COOKIE}={value}")["location"] == "/"


def test_other_pages_are_left_alone() -> None:
    assert "set-cookie" not in ask("/trends", referer=f"https://{HOST}/trends", cookie=f"{COOKIE}=/x")


@given(st.text(max_size=40))
def test_an_address_is_a_path_of_this_site_or_nothing(text: str) -> None:
    for address in (safe_address(text), kept_address(f"{COOKIE}={text}"), page_asked_for(text, {HOST})):
        assert address == "" or (address.startswith("/") and not address.startswith(("//", "/\\")))
        assert "\n" not in address
        assert "\r" not in address
