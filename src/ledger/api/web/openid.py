"""OpenID Connect: who somebody is, from an issuer that is named by settings; the code flow with PKCE (S256).

    address, cookie = await issuer.begin("/lists/breach")   where the browser goes, and what it keeps meanwhile
    known = await issuer.finish(cookie, query)              it came back: who it is, in which roles
    issuer.leaving(known.hint)                              where they sign out at the issuer too, if it has a place

What is believed is the signed token alone, fetched from the issuer with the code and the verifier that only we hold:
its signature by a key of the issuer's, an algorithm of ALGORITHMS, issuer, audience, nonce and times.  Every answer
fits one browser, once, for a few minutes.  The session that follows does not end with the token, which says only that
somebody has just signed in.

Sources: OpenID Connect Core 1.0 and Discovery 1.0, RP-Initiated Logout 1.0; RFC 7636 (PKCE), RFC 9207 (mix-up).
Proven by tests/web/test_openid.py against an issuer that answers over HTTP.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, cast
from urllib.parse import quote, urlencode

import jwt

from ledger.aggregates.roles import ROLES
from ledger.aggregates.shape import a_code, a_random_id
from ledger.api.tokens import Bearer
from ledger.api.web.issuers import NOT_TAKEN, asked, description, keys_of
from ledger.api.web.sessions import LASTING_SECONDS
from ledger.errors import Forbidden, IssuerUnavailable, Setup
from ledger.settings import Settings

BACK: Final = "/sign-in/back"
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
KEPT_SECONDS: Final = 3600  # how long the issuer's description is taken to hold
DOWN_SECONDS: Final = 15  # how long an issuer that could not be asked is not asked again, whoever wants to sign in
UNDER_WAY_SECONDS: Final = 10 * 60
MOST_UNDER_WAY: Final = 10_000
LEEWAY_SECONDS: Final = 60  # between its clock and ours
REFUSED: Final = "The service that says who you are did not let you in. Sign in again, or ask whoever runs it."
NO_ROLE: Final = "Your account has no role in the ledger. Ask whoever gives roles out for yours."
NO_ID: Final = "Your account has no random id to know you by. Tell whoever runs the ledger (LEDGER_OIDC_ID_CLAIM)."


@dataclass(frozen=True, slots=True)
class Known:
    """Who came back from the issuer: `to` is where they were going, `hint` the token to sign out by."""

    bearer: Bearer
    to: str
    hint: str


@dataclass(frozen=True, slots=True)
class _Begun:
    """A sign-in under way in one browser."""

    state: str
    nonce: str
    verifier: str
    to: str
    ends: float


class Issuer:
    """The issuer of these settings, and who is on the way there and back."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        assert settings.oidc_issuer is not None
        self.name, self._settings, self._clock = settings.oidc_issuer, settings, clock
        self.here = settings.public_url or f"http://{settings.listen}"
        self._names = _names(settings.oidc_roles)
        if unknown := sorted({*self._names.values()} - {*ROLES}):
            raise Setup(f"LEDGER_OIDC_ROLES: the ledger has no role {unknown[0][:40]!r}. Roles are {', '.join(ROLES)}.")
        self._described: tuple[float, Mapping[str, Any]] | None = None
        self._away: tuple[float, str] | None = None  # until when it is not asked again, and why
        self._keys: jwt.PyJWKSet | None = None
        self._begun: OrderedDict[bytes, _Begun] = OrderedDict()
        self._asking = asyncio.Lock()

    async def begin(self, to: str) -> tuple[str, str]:
        """Where the browser goes, and the cookie by which it is known when it is back.  Raises IssuerUnavailable."""
        described = await self._description()
        cookie = secrets.token_urlsafe(32)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        begun = _Begun(state, nonce, verifier, to, self._clock() + UNDER_WAY_SECONDS)
        self._begun[_digest(cookie)] = begun
        while len(self._begun) > MOST_UNDER_WAY:
            self._begun.popitem(last=False)
        asked = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": self.here + BACK,
            "scope": self._settings.oidc_scope,
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": _base64url(sha256(begun.verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        return _with(described["authorization_endpoint"], asked), cookie

    async def finish(self, cookie: str, query: Mapping[str, str]) -> Known:
        """Who came back.  Raises Forbidden for an answer that does not fit, IssuerUnavailable."""
        begun = self._begun.pop(_digest(cookie), None)
        if begun is None or self._clock() > begun.ends or not _same(begun.state, query.get("state", "")):
            raise Forbidden(NOT_TAKEN)
        described = await self._description()
        named = query.get("iss")
        if (named is None and described.get("authorization_response_iss_parameter_supported")) or (
            named is not None and named != self.name
        ):
            raise Forbidden(NOT_TAKEN)
        if "error" in query or not query.get("code"):
            raise Forbidden(REFUSED)
        token = await self._token(described, query["code"], begun.verifier)
        claims = await self._claims(described, token)
        if not _same(begun.nonce, claims.get("nonce")):
            raise Forbidden(NOT_TAKEN)
        return Known(self._bearer(claims), begun.to, token)

    def leaving(self, hint: str) -> str | None:
        """Where somebody signs out at the issuer too, and comes back from."""
        end = self._described[1].get("end_session_endpoint") if self._described else None
        if end is None:
            return None
        back = f"{self.here}/sign-in"
        given = {"client_id": self._settings.oidc_client_id, "post_logout_redirect_uri": back, "id_token_hint": hint}
        return _with(end, given)

    # ------------------------------------------------------------------------------------ what is asked of it

    async def _description(self) -> Mapping[str, Any]:
        async with self._asking:  # one question at a time, however many people wait for its answer
            return await self._read_description()

    async def _read_description(self) -> Mapping[str, Any]:
        now = self._clock()
        if self._described is not None and now <= self._described[0]:
            return self._described[1]
        if self._away is not None and now <= self._away[0]:
            raise IssuerUnavailable(self._away[1])
        try:
            found = await description(self.name)
        except IssuerUnavailable as away:
            self._away = self._clock() + DOWN_SECONDS, away.message
            raise
        self._described, self._away, self._keys = (self._clock() + KEPT_SECONDS, found), None, None
        return found

    async def _token(self, described: Mapping[str, Any], code: str, verifier: str) -> str:
        """The code, changed for the token that says who it is."""
        id_, secret = self._settings.oidc_client_id, self._settings.oidc_client_secret
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.here + BACK,
            "code_verifier": verifier,
        }
        headers: dict[str, str] = {}
        if secret is None:
            body["client_id"] = id_
        elif "client_secret_basic" in described["token_endpoint_auth_methods_supported"]:
            both = f"{quote(id_, safe='')}:{quote(secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(both.encode()).decode()}"
        else:
            body |= {"client_id": id_, "client_secret": secret}
        answer = await asked("POST", described["token_endpoint"], urlencode(body).encode(), headers)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise Forbidden(NOT_TAKEN)
        return token

    async def _claims(self, described: Mapping[str, Any], token: str) -> Mapping[str, Any]:
        """What the token says, if it is the issuer's, for us, and of now."""
        try:
            key = await self._key(described, jwt.get_unverified_header(token).get("kid"))
            claims = jwt.decode(
                token,
                key.key,
                algorithms=list(ALGORITHMS),
                audience=self._settings.oidc_client_id,
                issuer=self.name,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
        except (jwt.PyJWTError, TypeError, ValueError) as wrong:
            raise Forbidden(NOT_TAKEN) from wrong
        several = isinstance(claims["aud"], list) and len(cast("list[Any]", claims["aud"])) > 1
        if claims.get("azp", None if several else self._settings.oidc_client_id) != self._settings.oidc_client_id:
            raise Forbidden(NOT_TAKEN)
        return claims

    async def _key(self, described: Mapping[str, Any], named: str | None) -> jwt.PyJWK:
        """The key a token names.  They are fetched again where it is none of them: an issuer changes its keys."""
        for again in (False, True):
            if self._keys is None or again:
                self._keys = keys_of(await asked("GET", described["jwks_uri"]))
            usable = [each for each in self._keys.keys if each.public_key_use in (None, "sig")]
            found = [each for each in usable if each.key_id == named] if named else usable
            if len(found) == 1:
                return found[0]
        raise Forbidden(NOT_TAKEN)

    # ------------------------------------------------------------------------------------ what it said

    def _bearer(self, claims: Mapping[str, Any]) -> Bearer:
        try:
            id_ = a_random_id(_at(claims, self._settings.oidc_id_claim))
        except (ValueError, TypeError, AttributeError) as wrong:
            raise Forbidden(NO_ID) from wrong
        listed = _at(claims, self._settings.oidc_roles_claim)
        theirs = cast("list[Any]", listed) if isinstance(listed, list) else [listed]
        named = {self._names.get(each, "") for each in theirs if isinstance(each, str)}
        roles = tuple(each for each in ROLES if each in named and each != "system")
        if not roles:
            raise Forbidden(NO_ROLE)
        unit = _at(claims, self._settings.oidc_unit_claim)
        try:
            unit = a_code(unit) if unit else None
        except (ValueError, TypeError, AttributeError):
            unit = None
        return Bearer(id_, roles, unit, time.time() + LASTING_SECONDS)


def _with(address: str, given: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(given)}"


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """A claim, by its whole name or by the names that lead into it."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = cast("Mapping[str, Any]", found).get(name) if isinstance(found, Mapping) else None
    return found


def _names(told: str) -> Mapping[str, str]:
    """The role that each of the issuer's names is."""
    if not told:
        return {each: each for each in ROLES}
    pairs = (each.partition("=")[::2] for each in told.split(","))
    return {theirs.strip(): ours.strip() for theirs, ours in pairs}


def _same(known: str, given: object) -> bool:
    return isinstance(given, str) and hmac.compare_digest(known.encode(), given.encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _digest(cookie: str) -> bytes:
    return sha256(cookie.encode()).digest()
