"""Who is signed in: sessions kept here, of which the browser holds a random name and nothing else.

    session, cookie = sessions.begin(bearer, role)     signed in: the cookie goes to the browser
    session = sessions.of(cookie)                      who asks now; None if nobody is signed in, or no longer
    sessions.end(session)                              signed out: the cookie is worth nothing from then on

A session ends after IDLE_SECONDS without a page, with its token, and after LASTING_SECONDS whatever happens.  It lives
in this process only: whoever was signed in before a restart signs in again.  `Links` are the way in of a ledger that
has no identity provider: each opens one session, once, from this machine.

Proven by tests/web/test_signing_in.py.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from ledger.aggregates.shape import Actor
from ledger.api.tokens import Bearer

IDLE_SECONDS: Final = 30 * 60
LASTING_SECONDS: Final = 10 * 3600
MOST: Final = 10_000  # sessions at once: beyond that the one that was used least recently ends
LINK_SECONDS: Final = 7 * 24 * 3600
MOST_LINKS: Final = 1_000


@dataclass(slots=True)
class Session:
    """Somebody at a browser, acting in one of their roles.  Times are seconds of a clock that only goes forward."""

    bearer: Bearer
    role: str
    digest: bytes  # of its cookie
    began: float
    used: float
    form_key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    purpose: str | None = None  # what they read for, where it is not what their role does
    hint: str = ""  # the issuer's token, by which they sign out there too

    @property
    def actor(self) -> Actor:
        """As whom they act.  Raises Forbidden for a role that they do not hold."""
        return self.bearer.acting(self.role)

    def form_token(self, purpose: str) -> str:
        """What a form carries so that no other site can send it: it fits this session and this purpose only."""
        return hmac.new(self.form_key, purpose.encode(), sha256).hexdigest()

    def sent(self, purpose: str, token: str) -> bool:
        """Whether a form of ours was sent."""
        return hmac.compare_digest(self.form_token(purpose).encode(), token.encode())


class Sessions:
    """All who are signed in."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, today: Callable[[], float] = time.time) -> None:
        self._clock, self._today = clock, today
        self._by_digest: OrderedDict[bytes, Session] = OrderedDict()

    def begin(self, bearer: Bearer, role: str) -> tuple[Session, str]:
        """Sign in: the session and its cookie.  Raises Forbidden for a role that the bearer does not hold."""
        bearer.acting(role)
        now = self._clock()
        cookie = secrets.token_urlsafe(32)
        session = Session(bearer, role, _digest(cookie), now, now)
        self._by_digest[session.digest] = session
        while len(self._by_digest) > MOST:
            self._by_digest.popitem(last=False)
        return session, cookie

    def of(self, cookie: str) -> Session | None:
        """Whose cookie it is, if they are still signed in; from now on they have been idle for no time."""
        digest = _digest(cookie)
        session = self._by_digest.get(digest)
        if session is None:
            return None
        now = self._clock()
        over = now - session.used > IDLE_SECONDS or now - session.began > LASTING_SECONDS
        if over or session.bearer.expires <= self._today():
            del self._by_digest[digest]
            return None
        session.used = now
        self._by_digest.move_to_end(digest)
        return session

    def end(self, session: Session) -> None:
        """Sign out."""
        self._by_digest.pop(session.digest, None)


class Links:
    """One-time links: /sign-in/once/<secret>."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._by_digest: OrderedDict[bytes, tuple[Bearer, str, float]] = OrderedDict()

    def make(self, bearer: Bearer, role: str) -> str:
        """The secret of a new link."""
        secret = secrets.token_urlsafe(15)  # 120 bits, for one use within a week, from this machine
        self._by_digest[_digest(secret)] = bearer, role, self._clock() + LINK_SECONDS
        while len(self._by_digest) > MOST_LINKS:
            self._by_digest.popitem(last=False)
        return secret

    def use(self, secret: str) -> tuple[Bearer, str] | None:
        """For whom it was made, the first time; None ever after."""
        bearer, role, ends = self._by_digest.pop(_digest(secret), (None, "", 0.0))
        return None if bearer is None or self._clock() > ends else (bearer, role)


def _digest(secret: str) -> bytes:
    """What is kept: reading this process's memory or a dump of it shows no name that a browser holds."""
    return sha256(secret.encode()).digest()
