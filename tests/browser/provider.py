"""A small OpenID provider for the tests of sign-in, over Authlib's authorization server.

What a city's provider does: discovery, a key set, the code flow with PKCE (S256 asked for), a nonce that comes back in
the identity token (RS256), client authentication, userinfo, and the end of its session (RP-initiated logout). Its page
for signing in is a list of the people whom it knows. It takes nothing on trust: another client, another address to
return to, a code that was used, a verifier that does not fit are refused.

    python -m tests.browser.provider PORT CLIENT_ID CLIENT_SECRET RETURN_TO PEOPLE.json

PEOPLE.json holds the claims of each person by name; it is read at each sign-in, so that a test may change it.
"""

# ruff: noqa: ARG002 (the arguments are Authlib's)

from __future__ import annotations

import html
import json
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "true"  # on this computer, without TLS

import uvicorn
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

SCOPES = ("openid", "email", "profile")


@dataclass(frozen=True)
class Client(ClientMixin):
    """The one application that may ask."""

    id: str
    secret: str
    return_to: str

    def get_client_id(self) -> str:
        return self.id

    def get_default_redirect_uri(self) -> str:
        return self.return_to

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(one for one in scope.split() if one in SCOPES)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.return_to

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == self.secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return endpoint != "token" or method in ("client_secret_basic", "client_secret_post")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code:
    """A code that was handed out, with what it was asked for."""

    code: str
    person: dict[str, Any]
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    at: float = field(default_factory=time.time)

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(self.at)

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


@dataclass
class Provider:
    """What the provider knows and has handed out."""

    issuer: str
    client: Client
    people: Path
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "test", "use": "sig"}))
    codes: dict[str, Code] = field(default_factory=dict)
    nonces: set[str] = field(default_factory=set)
    tokens: dict[str, dict[str, Any]] = field(default_factory=dict)

    def person(self, name: str) -> dict[str, Any] | None:
        known = json.loads(self.people.read_text("utf-8"))
        return {"sub": name, **known[name]} if name in known else None


class Server(AuthorizationServer):
    """Authlib's authorization server, as Starlette asks it."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(scopes_supported=SCOPES)
        self.provider = provider
        self.register_token_generator("default", BearerTokenGenerator(lambda **_: os.urandom(24).hex()))

    def query_client(self, client_id: str) -> Client | None:
        return self.provider.client if client_id == self.provider.client.id else None

    def save_token(self, token: dict[str, Any], request: OAuth2Request) -> None:
        self.provider.tokens[token["access_token"]] = request.user

    def create_oauth2_request(self, request: OAuth2Request) -> OAuth2Request:
        return request

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Response:
        text = json.dumps(body) if isinstance(body, dict) else body
        return Response(text, status_code=status, headers=dict(headers))

    def send_signal(self, *_: Any, **__: Any) -> None:
        """Nobody listens."""


class CodeGrant(AuthorizationCodeGrant):
    """The code flow; a code is good once."""

    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        asked = request.payload.data
        self.server.provider.codes[code] = Code(
            code,
            request.user,
            asked["redirect_uri"],
            request.scope,
            asked.get("nonce"),
            asked.get("code_challenge"),
            asked.get("code_challenge_method"),
        )
        self.server.provider.nonces.add(asked.get("nonce"))

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        return self.server.provider.codes.get(code)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        del self.server.provider.codes[authorization_code.code]

    def authenticate_user(self, authorization_code: Code) -> dict[str, Any]:
        return authorization_code.person


class IdToken(OpenIDCode):
    """The identity token: the claims of the person that the scopes and the provider give."""

    def __init__(self, provider: Provider) -> None:
        super().__init__(require_nonce=True)
        self.provider = provider

    def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
        return nonce in self.provider.nonces

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {"iss": self.provider.issuer, "aud": [client.id]}

    def get_client_algorithm(self, client: Client) -> str:
        return "RS256"

    def get_encode_header(self, client: Client) -> dict[str, Any]:
        return {"alg": "RS256", "kid": self.provider.key.kid}

    def resolve_client_private_key(self, client: Client) -> RSAKey:
        return self.provider.key

    def generate_user_info(self, user: dict[str, Any], scope: str) -> UserInfo:
        return UserInfo(**user)


class Asked(OAuth2Request):
    """A request as Authlib reads it: what stands in the address or in the form."""

    def __init__(self, request: Request, told: dict[str, str]) -> None:
        super().__init__(request.method, str(request.url), headers=request.headers)
        self.payload = BasicOAuth2Payload(told)

    @property
    def form(self) -> dict[str, str]:
        return self.payload.data

    @property
    def args(self) -> dict[str, str]:
        return self.payload.data


async def oauth_request(request: Request) -> Asked:
    if request.method == "POST":  # a form with one field twice is no form that may be read
        return Asked(request, {name: str(value) for name, value in (await request.form()).items()})
    return Asked(request, dict(request.query_params))


def application(provider: Provider) -> Starlette:
    """The provider's addresses."""
    server = Server(provider)
    server.register_grant(CodeGrant, [IdToken(provider), CodeChallenge(required=True)])

    async def discovery(_request: Request) -> Response:
        told = {
            "issuer": provider.issuer,
            "authorization_endpoint": f"{provider.issuer}/authorize",
            "token_endpoint": f"{provider.issuer}/token",
            "userinfo_endpoint": f"{provider.issuer}/userinfo",
            "jwks_uri": f"{provider.issuer}/keys",
            "end_session_endpoint": f"{provider.issuer}/end",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": list(SCOPES),
        }
        return JSONResponse(told)

    async def keys(_request: Request) -> Response:
        return JSONResponse(KeySet([provider.key]).as_dict(private=False))

    async def authorize(request: Request) -> Response:
        asked = await oauth_request(request)
        name = request.query_params.get("person")
        person = provider.person(name) if name else None
        try:
            grant = server.get_consent_grant(asked, end_user=person)
        except OAuth2Error as error:
            return JSONResponse(dict(error.get_body()), status_code=400)
        if person is None:
            return HTMLResponse(_choice(request, json.loads(provider.people.read_text("utf-8"))))
        return server.create_authorization_response(asked, grant_user=person, grant=grant)

    async def token(request: Request) -> Response:
        return server.create_token_response(await oauth_request(request))

    async def userinfo(request: Request) -> Response:
        person = provider.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
        return JSONResponse(person) if person else Response(status_code=401)

    async def end(request: Request) -> Response:
        back = request.query_params.get("post_logout_redirect_uri", "")
        return RedirectResponse(back) if provider.client.check_redirect_uri(back) else Response("Signed out.")

    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", discovery),
            Route("/keys", keys),
            Route("/authorize", authorize),
            Route("/token", token, methods=["POST"]),
            Route("/userinfo", userinfo),
            Route("/end", end),
        ]
    )


def _choice(request: Request, people: dict[str, Any]) -> str:
    asked = dict(request.query_params)
    links = "".join(
        f'<li><a href="/authorize?{html.escape(urlencode({**asked, "person": name}))}">{html.escape(name)}</a></li>'
        for name in people
    )
    return f"<!doctype html><title>Provider</title><h1>Who are you?</h1><ul>{links}</ul>"


if __name__ == "__main__":
    port, client_id, secret, return_to, people = sys.argv[1:]
    made = Provider(f"http://127.0.0.1:{port}", Client(client_id, secret, return_to), Path(people))
    uvicorn.run(application(made), host="127.0.0.1", port=int(port), log_level="warning")
