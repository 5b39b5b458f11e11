"""Timestamps by somebody else (RFC 3161) over the checkpoints of closings: that they existed by then, whoever has our
keys.

What is stamped is the text of a checkpoint: origin, size and root, which everything before it hangs on.  The token is
sealed in the log itself (`ledger.timestamp-obtained.v1`), and the closing after it seals its hash, so that neither can
be left out later.  An authority that does not answer is logged and asked again; nothing waits for it.

A token is read strictly (ledger.transparency.timestamp); who signed it is checked where the roots of the authority are
given (LEDGER_TIMESTAMPS_ROOTS), here and by `ledger verify`.  An answer whose certificates do not stand
in the order of DER, as of some older authorities with a chain of several, cannot be read and is not sealed.

Proven by tests/store/test_timestamping.py, against an authority of openssl's.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from ledger.aggregates.ledger_stream import STREAM, TimestampObtained
from ledger.errors import LedgerError, Setup
from ledger.fetching import Peer, Unreached
from ledger.store.closing import Closer
from ledger.store.log import Log
from ledger.store.rotating import say
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.timestamp import NotStamped, Roots, checked

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 15.0
LONGEST: Final = 32_768  # bytes of an answer: it has to fit into an entry
_QUERY: Final = "application/timestamp-query"


def roots_at(path: Path) -> list[x509.Certificate]:
    """The certificates of LEDGER_TIMESTAMPS_ROOTS.  Raises Setup."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as problem:
        raise Setup(f"The roots {path} cannot be read: {problem.strerror}. See LEDGER_TIMESTAMPS_ROOTS.") from problem
    except ValueError as problem:
        raise Setup(f"The roots {path} hold no certificates in PEM.") from problem


class Timestamping:
    """Asks the authority for one log.  `url`: where it answers; `roots`: who it is, empty where that is not checked."""

    def __init__(self, of: Log, closer: Closer, url: str, roots: Roots = ()) -> None:
        """Raises Setup for an address that is none."""
        self._log, self._closer, self._roots = of, closer, roots
        self._told = ""
        try:
            self._peer = Peer(url)
            self._path = "" if urlsplit(url).path.strip("/") else "/"
        except ValueError as problem:
            raise Setup(f"LEDGER_TIMESTAMPS is no address that can be asked: {problem}.") from problem

    async def run(self) -> None:
        """For ever: what goes wrong is logged, once for each thing, and tried again."""
        while True:
            try:
                await self.stamp()
                told = ""
            except (NotStamped, Unreached, LedgerError) as problem:
                told = str(problem) or type(problem).__name__
            if told and told != self._told:
                log.error("no timestamp for the newest closing of the %s: %s", self._log.kept.name, told)
            self._told = told
            await asyncio.sleep(EVERY_SECONDS)

    async def stamp(self) -> bool:
        """Have the newest closing stamped, unless it is; whether it was now.

        Raises NotStamped, Unreached, and what reading and sealing raise.
        """
        newest = await self._closer.newest()
        if newest is None or self._log.read_only:
            return False
        size: int = newest["position"]
        stored = await self._log.database.stream(STREAM, after=size)
        if any(each.type == TimestampObtained.topic for each in stored):
            return False
        root = await self._log.database.root_at(size)
        if root is None:
            raise NotStamped(f"the checkpoint of {size} facts is not kept")
        checkpoint = Checkpoint(self._log.origin, size, root)
        request = (
            TimestampRequestBuilder()
            .data(checkpoint.body().encode())
            .hash_algorithm(HashAlgorithm.SHA256)
            .nonce(nonce=True)
            .cert_request(cert_request=True)
            .build()
        )
        answer = await asyncio.to_thread(
            self._peer.ask, "POST", self._path, request.as_bytes(), most=LONGEST, content_type=_QUERY
        )
        if answer.status != 200:
            raise NotStamped(f"{self._peer.url} answers {answer.status}")
        at = await asyncio.to_thread(checked, answer.body, checkpoint, self._roots, request.nonce)
        token = base64.b64encode(answer.body).decode()
        await say(self._log, TimestampObtained(size=size, stamped_at=at, token=token))
        return True
