"""What an issuer of OpenID Connect says of itself, and how it is asked: nothing it answers is followed on trust.

    described = await description("https://login.example/realms/probation")
    keys = keys_of(await asked("GET", described["jwks_uri"]))

Whatever it answers that cannot be followed is IssuerUnavailable, in words for whoever wanted to sign in.  Proven by
tests/web/test_openid.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import urlsplit

import jwt
import orjson

from ledger.errors import Forbidden, IssuerUnavailable
from ledger.fetching import Peer, Unreached

LARGEST: Final = 1_000_000  # bytes of an answer
TIMEOUT_SECONDS: Final = 5.0
DOWN: Final = "The service that says who you are does not answer. Try again in a minute; whoever is signed in stays so."
ODD: Final = "The service that says who you are answers in a way that cannot be followed. Tell whoever runs the ledger."
# One answer for all that does not fit, so that whoever forges one does not learn how far it came.
NOT_TAKEN: Final = "This answer does not fit a sign-in that was begun here in the last ten minutes. Sign in again."
_METHODS: Final = ["client_secret_basic"]  # what an issuer takes that says nothing else
_NEEDED: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")


async def description(issuer: str) -> Mapping[str, Any]:
    """What the issuer of this name says of itself, as far as it is followed here.  Raises IssuerUnavailable."""
    return described(await asked("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration"), issuer)


async def asked(method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Any:
    """What is at an address, as an object of JSON.  Raises Forbidden where a code is refused, IssuerUnavailable."""
    form = "application/x-www-form-urlencoded"
    try:
        parts = urlsplit(url)
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        peer = Peer(
            f"{parts.scheme}://{parts.netloc}",
            timeout=TIMEOUT_SECONDS,
            headers={"Accept": "application/json", **(headers or {})},
        )
        try:
            answer = await asyncio.to_thread(peer.ask, method, path, body, most=LARGEST, content_type=form)
        finally:
            peer.close()
    except Unreached as wrong:
        raise IssuerUnavailable(DOWN) from wrong
    except (ValueError, OverflowError) as wrong:  # an address that nobody can ask
        raise IssuerUnavailable(ODD) from wrong
    if method == "POST" and 400 <= answer.status < 500:
        raise Forbidden(NOT_TAKEN)
    if answer.status != 200:
        raise IssuerUnavailable(DOWN)
    try:
        found: Any = orjson.loads(answer.body)
    except orjson.JSONDecodeError as wrong:
        raise IssuerUnavailable(ODD) from wrong
    if not isinstance(found, dict):
        raise IssuerUnavailable(ODD)
    return cast("dict[str, Any]", found)


def described(found: Mapping[str, Any], issuer: str) -> Mapping[str, Any]:
    """What an issuer says of itself, as far as it is followed here.  Raises IssuerUnavailable."""
    methods: Any = found.get("token_endpoint_auth_methods_supported", _METHODS)
    if (
        found.get("issuer") != issuer
        or not all(_may_be_asked(found, name, issuer) for name in _NEEDED)
        or not isinstance(methods, list)
    ):
        raise IssuerUnavailable(ODD)
    told = ("authorization_response_iss_parameter_supported", *_NEEDED)
    end = ("end_session_endpoint",) if _may_be_asked(found, "end_session_endpoint", issuer) else ()
    return {"token_endpoint_auth_methods_supported": cast("list[Any]", methods)} | {
        each: found.get(each) for each in (*told, *end)
    }


def keys_of(told: Mapping[str, Any]) -> jwt.PyJWKSet:
    """Its keys.  Raises IssuerUnavailable where there is none among them that can be used."""
    try:
        return jwt.PyJWKSet.from_dict(dict(told))
    except (jwt.PyJWTError, TypeError, ValueError, AttributeError, KeyError) as wrong:
        raise IssuerUnavailable(ODD) from wrong


def _may_be_asked(described: Mapping[str, Any], name: str, issuer: str) -> bool:
    """Whether an address is there and as safe as the issuer's own: https, unless that is on this machine."""
    url = described.get(name)
    try:
        parts = urlsplit(url) if isinstance(url, str) and url.isascii() and url.isprintable() else None
        return (
            parts is not None
            and bool(parts.hostname)
            and (parts.port is None or parts.port > 0)
            and parts.username is None
            and parts.password is None
            and not parts.fragment
            and parts.scheme in ("https", urlsplit(issuer).scheme)
        )
    except ValueError:  # no address at all
        return False
