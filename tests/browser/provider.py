"""A small OpenID provider for the tests of sign-in, over joserfc.

What a city's provider does: discovery, a key set, the code flow with PKCE (S256 asked for), a nonce that comes back in
the identity token (RS256), client authentication, userinfo, and the end of its session (RP-initiated logout). Its page
for signing in is a list of the people whom it knows. It takes nothing on trust: another client, another address to
return to, a code that was used, a verifier that does not fit are refused.

    python -m tests.browser.provider PORT CLIENT_ID CLIENT_SECRET RETURN_TO PEOPLE.json

PEOPLE.json holds the claims of each person by name; it is read at each sign-in, so that a test may change it.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

SCOPES = ("openid", "email", "profile")


def application(issuer: str, client: tuple[str, str], return_to: str, people: Path) -> Starlette:
    """The provider's addresses; `client`: the id and the secret of the one application that may ask."""
    key = RSAKey.generate_key(2048, {"kid": "test", "use": "sig"})
    codes: dict[str, tuple[dict[str, str], dict[str, Any]]] = {}  # what was asked, and the person's claims
    nonces: set[str] = set()
    tokens: dict[str, dict[str, Any]] = {}
    paths = {"authorization": "authorize", "token": "token", "userinfo": "userinfo", "end_session": "end"}
    about = {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/keys",
        **{f"{name}_endpoint": f"{issuer}/{path}" for name, path in paths.items()},
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": list(SCOPES),
    }

    def discovery(_request: Request) -> Response:
        return JSONResponse(about)

    def keys(_request: Request) -> Response:
        return JSONResponse(KeySet([key]).as_dict(private=False))

    def authorize(request: Request) -> Response:
        asked = dict(request.query_params)
        name, nonce = asked.pop("person", ""), asked.get("nonce", "")
        right = {"client_id": client[0], "redirect_uri": return_to, "response_type": "code"}
        right |= {"code_challenge_method": "S256"}
        new = nonce and nonce not in nonces and len(asked.get("code_challenge", "")) == 43
        if not new or not right.items() <= asked.items() or "openid" not in asked.get("scope", "").split():
            return JSONResponse({"error": "invalid_request"}, status_code=400)
        known = json.loads(people.read_text("utf-8"))
        if name not in known:
            return HTMLResponse(_choice(asked, known))
        nonces.add(nonce)
        code = secrets.token_urlsafe(24)
        codes[code] = asked, {"sub": name, **known[name]}
        return RedirectResponse(f"{return_to}?{urlencode({'code': code, 'state': asked.get('state', '')})}", 302)

    async def token(request: Request) -> Response:
        form = {name: str(value) for name, value in (await request.form()).items()}
        if _client_of(request, form) != client:
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        asked, person = codes.pop(form.get("code", ""), ({}, {}))  # a code is good once
        verifier = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        fits = asked.get("code_challenge") == base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        if not fits or (form.get("grant_type"), form.get("redirect_uri")) != ("authorization_code", return_to):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        access, now = secrets.token_hex(24), int(time.time())
        tokens[access] = person
        half = base64.urlsafe_b64encode(hashlib.sha256(access.encode()).digest()[:16]).rstrip(b"=").decode()
        claims = {"iss": issuer, "aud": [client[0]], "iat": now, "exp": now + 3600, "auth_time": now, **person}
        signed = jwt.encode({"alg": "RS256", "kid": "test"}, {**claims, "nonce": asked["nonce"], "at_hash": half}, key)
        granted = {"access_token": access, "token_type": "Bearer", "expires_in": 3600, "id_token": signed}
        return JSONResponse(granted | {"scope": " ".join(one for one in asked["scope"].split() if one in SCOPES)})

    def userinfo(request: Request) -> Response:
        person = tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        return JSONResponse(person) if person else Response(status_code=401)

    def end(request: Request) -> Response:
        back = request.query_params.get("post_logout_redirect_uri", "")
        return RedirectResponse(back) if back == return_to else Response("Signed out.")

    routes = {"/.well-known/openid-configuration": discovery, "/keys": keys, "/authorize": authorize}
    routes |= {"/userinfo": userinfo, "/end": end}
    listed = [Route(path, answer) for path, answer in routes.items()]
    return Starlette(routes=[*listed, Route("/token", token, methods=["POST"])])


def _client_of(request: Request, form: dict[str, str]) -> tuple[str, str]:
    """Who asks: id and secret of the header, else of the form."""
    kind, _, words = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    name, _, secret = base64.b64decode(words).decode().partition(":")
    return unquote(name), unquote(secret)


def _choice(asked: dict[str, str], people: dict[str, Any]) -> str:
    links = "".join(
        f'<li><a href="/authorize?{html.escape(urlencode({**asked, "person": name}))}">{html.escape(name)}</a></li>'
        for name in people
    )
    return f"<!doctype html><title>Provider</title><h1>Who are you?</h1><ul>{links}</ul>"


if __name__ == "__main__":
    port, client_id, secret, return_to, people = sys.argv[1:]
    made = application(f"http://127.0.0.1:{port}", (client_id, secret), return_to, Path(people))
    uvicorn.run(made, host="127.0.0.1", port=int(port), log_level="warning")
