"""Timestamps by somebody else (RFC 3161): that a checkpoint existed by then, whoever has the log's keys.

What is stamped is the text of a checkpoint (``checkpoint``): origin, size and root, which everything before it hangs
on. A token is read strictly, and its imprint is compared always; who signed it is checked where the roots of the
authority are given.

    >>> checked(b"no token", Checkpoint("ledger.example/kent", 3, bytes(32)), ())
    Traceback (most recent call last):
    ledger.transparency.timestamp.NotStamped: it does not hold: it is no answer of an authority

Proved by tests/store/test_timestamping.py and tests/disclosing/test_others.py, against an authority of openssl's.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography import x509
from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

from ledger.transparency.checkpoint import Checkpoint

__all__ = ["NotStamped", "Roots", "checked"]

_SHA256: Final = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")

Roots = Sequence[x509.Certificate]


class NotStamped(Exception):
    """There is no token, or none that holds; the message says why."""


def checked(response: bytes, checkpoint: Checkpoint, roots: Roots, nonce: int | None = None) -> datetime:
    """When the authority says that it saw this checkpoint.  Raises NotStamped."""
    try:
        read = decode_timestamp_response(response)
    except ValueError as problem:
        raise NotStamped("it does not hold: it is no answer of an authority") from problem
    try:
        if read.as_bytes() != response:
            raise NotStamped("there is more in it than a token")
        imprint = read.tst_info.message_imprint
        if read.status != 0 or imprint.hash_algorithm != _SHA256:
            raise NotStamped("the authority did not grant it")
        if imprint.message != sha256(checkpoint.body().encode()).digest():
            raise NotStamped("it is over something else than this checkpoint")
        if nonce is not None and read.tst_info.nonce != nonce:
            raise NotStamped("it answers another question")
        if roots:
            builder = VerifierBuilder(roots=list(roots))
            builder.build().verify_message(read, checkpoint.body().encode())
        return read.tst_info.gen_time
    except (ValueError, VerificationError) as problem:
        raise NotStamped(f"it does not hold: {problem}") from problem
