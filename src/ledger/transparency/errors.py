"""What can be wrong with sealed material: one small tree of errors.

    TransparencyError
    ├── FormatError       bytes or text that are not of the form their page describes (also a ValueError)
    │   └── EntryError    an entry that could not have been sealed; says which member
    ├── ProofError        an inclusion or consistency proof that does not prove what it is said to prove
    └── SignatureError    a note that no known key vouches for, or that a known key disowns

A reader of untrusted material catches ``TransparencyError`` and prints it: every message is a statement of
fact with the values in it. Nothing else is raised on purpose by this package; a ``TypeError`` means that the
caller broke the types.

Proved by tests/transparency/: every refusal of every module is pinned to its class there.
"""

__all__ = ["EntryError", "FormatError", "ProofError", "SignatureError", "TransparencyError"]


class TransparencyError(Exception):
    """Anything this package finds wrong with what it was given."""


class FormatError(TransparencyError, ValueError):
    """Bytes or text that the matching format function would not have written."""


class EntryError(FormatError):
    """Bytes that are no sealed entry: not canonical, too large, a member unknown, missing or of a wrong kind."""


class ProofError(TransparencyError):
    """A proof that is malformed, does not fit its sizes, or does not lead to the root it was given for."""


class SignatureError(TransparencyError):
    """A note without one valid signature by a known key, or with a bad signature by a known key."""
