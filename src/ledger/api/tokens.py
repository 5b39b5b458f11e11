"""Bearer tokens: the embedded issuer signs them with a key made on the first start; the API checks them.

A token is a JWT (RFC 7519, RFC 9068 `at+jwt`) signed with Ed25519: `iss` and `aud` are the ledger's origin, `sub` a
random staff id, `roles` a list, `unit` if there is one, `exp`, `iat`.  Only this algorithm, issuer, audience and key
are taken.  A token that was verified is remembered by its digest until it expires, because verifying costs more than
all the rest of a request.  Proven by tests/api/test_tokens.py.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, cast

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.aggregates.roles import ROLES
from ledger.aggregates.shape import Actor, a_code, a_random_id
from ledger.errors import Forbidden, Malformed, Unauthenticated
from ledger.store.vault import secret_file

LIFETIME: Final = 8 * 3600  # seconds: a working day
REMEMBERED: Final = 10_000
_ALGORITHM: Final = "EdDSA"
_TYPE: Final = "at+jwt"
# One answer for every token that is not taken, so that whoever forges one does not learn how far it came.
_NOT_TAKEN: Final = "This token does not hold: it has expired, or is none of this ledger's. Ask for one: ledger token."


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whom a token speaks for, and until when (seconds since 1970)."""

    id: str
    roles: tuple[str, ...]
    unit: str | None
    expires: float

    def acting(self, role: str | None) -> Actor:
        """As one of the token's roles: the one asked for, or the only one.  Raises Forbidden."""
        if role is None and len(self.roles) != 1:
            raise Forbidden(f"This token holds several roles. Name one in the header Ledger-Role: {_list(self.roles)}.")
        chosen = role or self.roles[0]
        if chosen not in self.roles:
            raise Forbidden(f"This token does not hold the role {chosen[:40]!r}; it holds {_list(self.roles)}.")
        return Actor(self.id, chosen, self.unit)


class Tokens:
    """The embedded issuer and the check of what it issued."""

    def __init__(self, origin: str, seed: bytes) -> None:
        self._origin = origin
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = self._private.public_key()
        self._key_id = sha256(self._public.public_bytes_raw()).hexdigest()[:16]
        self._verified: OrderedDict[bytes, Bearer] = OrderedDict()

    @classmethod
    def of(cls, origin: str, home: Path) -> Tokens:
        """The issuer of a ledger's home; its key is made on the first start."""
        return cls(origin, secret_file(home / "keys" / "token.key"))

    def issue(self, staff_id: str, roles: tuple[str, ...], unit: str | None = None, lifetime: int = LIFETIME) -> str:
        """A signed token.  Raises Malformed for an unknown role or an id that is not random."""
        _check_subject(staff_id, roles, unit)
        if lifetime <= 0:
            raise Malformed("A token holds for an hour at least.", {"hours": "one or more"})
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self._origin,
            "aud": self._origin,
            "sub": staff_id,
            "roles": list(roles),
            "iat": now,
            "exp": now + lifetime,
        }
        if unit:
            claims["unit"] = unit
        return jwt.encode(claims, self._private, _ALGORITHM, headers={"kid": self._key_id, "typ": _TYPE})

    def check(self, token: str) -> Bearer:
        """Whom it speaks for.  Raises Unauthenticated, which does not say what is wrong with it."""
        digest = sha256(token.encode()).digest()
        bearer = self._verified.get(digest)
        if bearer is None:
            bearer = self._verified[digest] = self._verify(token)
            if len(self._verified) > REMEMBERED:
                self._verified.popitem(last=False)
        if bearer.expires <= time.time():
            del self._verified[digest]
            raise Unauthenticated(_NOT_TAKEN)
        return bearer

    def _verify(self, token: str) -> Bearer:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("kid") != self._key_id or header.get("typ") != _TYPE:
                raise Unauthenticated(_NOT_TAKEN)
            claims = jwt.decode(
                token,
                self._public,
                algorithms=[_ALGORITHM],
                audience=self._origin,
                issuer=self._origin,
                options={"require": ["exp", "iat", "sub", "aud", "iss"]},
            )
            listed = claims.get("roles")
            roles = tuple(map(str, cast("list[Any]", listed))) if isinstance(listed, list) else ()
            unit = claims.get("unit")
            _check_subject(claims["sub"], roles, unit)
        except (jwt.PyJWTError, Malformed, TypeError) as wrong:
            raise Unauthenticated(_NOT_TAKEN) from wrong
        return Bearer(claims["sub"], roles, unit, float(claims["exp"]))


def _check_subject(staff_id: str, roles: tuple[str, ...], unit: str | None) -> None:
    """What stands in clear in every entry: a random id, known roles, a code for the unit.  Raises Malformed."""
    try:
        a_random_id(staff_id)
        if unit is not None:
            a_code(unit)
    except ValueError as wrong:
        raise Malformed(f"The staff id is random and the unit a code: {wrong}.", {"id": str(wrong)}) from wrong
    unknown = [role for role in roles if role not in ROLES]
    if unknown or not roles:
        raise Malformed(f"The roles are {_list(sorted(ROLES))}.", {"role": f"unknown: {_list(unknown)}"})


def _list(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(names)
