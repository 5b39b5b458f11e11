"""An OpenID Connect issuer that answers over HTTP, on Authlib's own server: real codes, PKCE, signatures and keys.

    with issuing("http://127.0.0.1:8000/sign-in/back") as issuer:
        issuer.says(roles=["practitioner"])          what its next tokens say beside `sub`
        issuer.spoils = lambda claims: ...           other claims, or another token: hostile answers

Nobody is asked for a password: whoever comes is signed in.  Used by test_openid.py and by the journeys.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx
import jwt
import uvicorn
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Request, grants
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from tests.journeys.process import free_port

Claims = dict[str, Any]


@dataclass
class Code(AuthorizationCodeMixin):
    """What a code stands for, until it is used."""

    client_id: str
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    code_challenge_method: str | None
    value: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def is_expired(self) -> bool:
        return False


@dataclass
class Client(ClientMixin):
    """The one client there is: with a secret, or without one."""

    id: str
    secret: str | None
    back: str

    def get_client_id(self) -> str:
        return self.id

    def get_default_redirect_uri(self) -> str:
        return self.back

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.back

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == self.secret

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return (method == "none") == (self.secret is None)

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


def _flow(issuer: Issuer) -> type[grants.AuthorizationCodeGrant]:
    class Flow(grants.AuthorizationCodeGrant):
        """The code flow, whose codes are in memory and good once."""

        TOKEN_ENDPOINT_AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post")

        def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
            asked: Mapping[str, str] = request.payload.data
            issuer.codes[code] = Code(
                request.client.get_client_id(),
                asked["redirect_uri"],
                asked["scope"],
                asked.get("nonce"),
                asked.get("code_challenge"),
                asked.get("code_challenge_method"),
                code,
            )

        def query_authorization_code(self, code: str, client: Client) -> Code | None:
            return issuer.codes.get(code)

        def delete_authorization_code(self, authorization_code: Code) -> None:
            del issuer.codes[authorization_code.value]

        def authenticate_user(self, authorization_code: Code) -> str:
            return str(issuer.claims["sub"])

    return Flow


def _signing(issuer: Issuer) -> Callable[[Any], None]:
    def signed(grant: Any, response: Any) -> Any:
        _, token, _ = response
        code: Code = grant.request.authorization_code
        token["id_token"] = issuer.token(code.client_id, code.nonce)
        return token

    return lambda grant: grant.register_hook("after_create_token_response", signed)


class Server(AuthorizationServer):
    """Authlib's, on Starlette's requests."""

    def __init__(self, issuer: Issuer) -> None:
        super().__init__()
        self.issuer = issuer
        self.register_token_generator("default", BearerTokenGenerator(lambda **given: uuid4().hex))
        self.register_grant(_flow(issuer), [CodeChallenge(required=True), _signing(issuer)])

    def query_client(self, client_id: str) -> Client | None:
        return self.issuer.client if client_id == self.issuer.client.id else None

    def save_token(self, token: Claims, request: OAuth2Request) -> None:
        del token, request

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        del name, args, kwargs

    def create_oauth2_request(self, request: Any) -> OAuth2Request:
        return request if isinstance(request, OAuth2Request) else request.asked

    def handle_response(self, status: int, body: Any, headers: Any) -> Response:
        text = json.dumps(body) if isinstance(body, dict) else body
        return Response(text, status, dict(headers))


@dataclass
class _Given:
    asked: OAuth2Request


class _Asked(OAuth2Request):
    def __init__(self, request: Request, given: Mapping[str, str], form: Mapping[str, str]) -> None:
        super().__init__(request.method, str(request.url), headers=request.headers)
        self.payload = BasicOAuth2Payload(dict(given))
        self._args, self._form = dict(request.query_params), dict(form)

    @property
    def args(self) -> Mapping[str, str]:
        return self._args

    @property
    def form(self) -> Mapping[str, str]:
        return self._form


@dataclass
class Issuer:
    """What it says, and what it was asked."""

    port: int
    client: Client
    key: RSAPrivateKey = field(default_factory=lambda: generate_private_key(65537, 2048))
    kid: str = "first"
    claims: Claims = field(default_factory=lambda: {"sub": str(uuid4())})
    described: Claims = field(default_factory=dict[str, Any])  # in place of what it would say of itself
    codes: dict[str, Code] = field(default_factory=dict[str, Code])
    seen: list[tuple[str, Claims]] = field(default_factory=list[tuple[str, Claims]])
    spoils: Callable[[Claims], Claims | str] = lambda claims: claims

    @property
    def name(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def says(self, **claims: Any) -> None:
        """What its tokens say from now on; of somebody new unless `sub` is given."""
        self.claims = {"sub": str(uuid4()), **claims}
        self.spoils = lambda claims: claims

    def token(self, client_id: str, nonce: str | None) -> str:
        now = int(time.time())
        whole = {"iss": self.name, "aud": client_id, "iat": now, "exp": now + 300, "nonce": nonce, **self.claims}
        spoiled = self.spoils(whole)
        return spoiled if isinstance(spoiled, str) else self.signed(spoiled)

    def signed(self, claims: Claims, **header: Any) -> str:
        return jwt.encode(claims, self.key, "RS256", headers={"kid": self.kid, **header})

    def new_key(self, kid: str) -> None:
        self.key, self.kid = generate_private_key(65537, 2048), kid

    def in_a_browser(self, address: str) -> str:
        """Where somebody who was sent there is sent back to: path and query."""
        answer = httpx.get(address)
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["location"])
        return f"{back.path}?{back.query}"

    # ------------------------------------------------------------------------------------ its endpoints

    def app(self) -> Starlette:
        server = Server(self)

        async def description(request: Request) -> Response:
            at = {name: f"{self.name}/{path}" for name, path in ENDPOINTS.items()}
            return JSONResponse({"issuer": self.name, **at, **self.described})

        async def keys(request: Request) -> Response:
            public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
            return JSONResponse({"keys": [{**public, "kid": self.kid, "use": "sig"}]})

        async def authorize(request: Request) -> Response:
            self.seen.append(("authorize", dict(request.query_params)))
            given = _Given(_Asked(request, request.query_params, {}))
            grant = server.get_consent_grant(given, end_user="somebody")
            answer: Response = server.create_authorization_response(given.asked, "somebody", grant)
            return answer

        async def token(request: Request) -> Response:
            form = dict(parse_qsl((await request.body()).decode()))
            self.seen.append(("token", form))
            answer: Response = server.create_token_response(_Given(_Asked(request, form, form)))
            return answer

        async def leave(request: Request) -> Response:
            self.seen.append(("leave", dict(request.query_params)))
            return RedirectResponse(request.query_params["post_logout_redirect_uri"], 302)

        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", description),
                Route("/keys", keys),
                Route("/authorize", authorize),
                Route("/token", token, methods=["POST"]),
                Route("/leave", leave),
            ]
        )


ENDPOINTS = {
    "authorization_endpoint": "authorize",
    "token_endpoint": "token",
    "jwks_uri": "keys",
    "end_session_endpoint": "leave",
}


@contextmanager
def issuing(back: str, *, client_id: str = "case-ledger", secret: str | None = None) -> Generator[Issuer]:
    """An issuer on this machine that knows one client.  `back`: the one address that it sends people back to."""
    issuer = Issuer(free_port(), Client(client_id, secret, back))
    config = uvicorn.Config(issuer.app(), host="127.0.0.1", port=issuer.port, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield issuer
    finally:
        server.should_exit = True
        thread.join()
