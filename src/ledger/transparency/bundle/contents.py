r"""Which files a bundle has, and what stands in each.

    manifest.json               what it is: the case, for whom, what for, and the SHA-256 of every file but the receipt
    receipt.tlog-proof          that the manifest's digest was sealed in the access log before the bundle left; its
                                ``extra`` is that entry
    checkpoint                  of the ledger, a signed note; all proofs are under this very one, though a proof may
                                bear only some of its signatures
    policy                      verifier keys of all who signed anything here, a tlog-policy (``policy``); believed by
                                nobody who was given others
    access-key                  the verifier key of the access log, in a note that the ledger's log signed
    chain.json                  the case, and the leaf indexes of all entries that concern it, in order
    heads.json                  the index of the closing, and where the case ends in its map of heads (``heads``)
    entries/<index>.json        an entry, byte for byte as it was hashed
    entries/<index>.leaf        of an entry that is withheld whole its leaf hash, in base64, and a newline
    proofs/<index>.tlog-proof   that it is in the tree (``proof``)
    settings/<index>.tlog-proof an entry about settings, bank holidays or a release, which decisions are taken again
                                with; it stands in its proof
    openings.json               for each value that is disclosed its salt, by index and path, and the value
    rules/<edition>.json        the rules the facts were decided under, as they are worded
    announcements/<index>.tlog-proof, announcements/access-<index>.tlog-proof
                                a key that the log, or its access log, announced (``announcement``): the entry and its
                                proof under the checkpoint that the old key and the new one signed
    cosigned                    the checkpoint that witnesses have cosigned last, a signed note of this size or another
    timestamps/<size>.tsr       RFC 3161 tokens over checkpoints (``timestamp``), each over that of a closing
    consistency/<size>.json     for each other size that these two are of: its root, and that it is of this very log
    chronology.csv, chronology.pdf, index.html
                                for reading; nothing is proven by them

The closing is among entries and proofs, though it is none of the case's. The JSON is of the one form that
``forms`` describes.

    >>> case = Case("offender-7", (3, 9))
    >>> Case.parse(case.write()) == case
    True

Proved by tests/transparency/test_bundle.py.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, cast

from ledger.transparency.bundle.forms import (
    a_list,
    a_number,
    a_text,
    an_id,
    an_object,
    from_json,
    members,
    texts,
    to_json,
)
from ledger.transparency.commitment import SALT_SIZE
from ledger.transparency.entry import JsonValue, is_path
from ledger.transparency.errors import FormatError
from ledger.transparency.heads import HeadProof
from ledger.transparency.note import decode_base64, encode_base64

__all__ = [
    "ACCESS_KEY",
    "CHAIN",
    "CHECKPOINT",
    "COSIGNED",
    "HEADS",
    "MANIFEST",
    "OPENINGS",
    "POLICY",
    "READ_BY_PEOPLE",
    "RECEIPT",
    "REQUIRED",
    "SETTINGS",
    "Case",
    "End",
    "Manifest",
    "Opening",
    "access_key_text",
    "announcement_name",
    "consistency_name",
    "digest_of",
    "entry_name",
    "is_known",
    "leaf_name",
    "proof_name",
    "read_openings",
    "rule_name",
    "setting_name",
    "timestamp_name",
    "write_openings",
]

MANIFEST: Final = "manifest.json"
RECEIPT: Final = "receipt.tlog-proof"
CHECKPOINT: Final = "checkpoint"
POLICY: Final = "policy"
ACCESS_KEY: Final = "access-key"
CHAIN: Final = "chain.json"
HEADS: Final = "heads.json"
OPENINGS: Final = "openings.json"
COSIGNED: Final = "cosigned"
SETTINGS: Final = "settings/"
REQUIRED: Final = (MANIFEST, RECEIPT, CHECKPOINT, POLICY, ACCESS_KEY, CHAIN, HEADS, OPENINGS)
READ_BY_PEOPLE: Final = ("index.html", "chronology.pdf", "chronology.csv")

_INDEX: Final = r"(?:0|[1-9][0-9]{0,18})"
_EDITION: Final = r"[A-Z]+-[0-9]+[a-z]?@[a-z0-9-]+"
_KNOWN: Final = re.compile(
    rf"entries/{_INDEX}\.(?:json|leaf)|proofs/{_INDEX}\.tlog-proof|rules/{_EDITION}\.json|timestamps/{_INDEX}\.tsr"
    rf"|announcements/(?:access-)?{_INDEX}\.tlog-proof|consistency/{_INDEX}\.json"
    rf"|settings/{_INDEX}\.tlog-proof"
)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def is_known(name: str) -> bool:
    """Whether a bundle has a file of this name."""
    return name in (*REQUIRED, *READ_BY_PEOPLE, COSIGNED) or _KNOWN.fullmatch(name) is not None


def entry_name(index: int) -> str:
    """Of an entry that is shown."""
    return f"entries/{index}.json"


def leaf_name(index: int) -> str:
    """Of the leaf hash of an entry that is withheld whole."""
    return f"entries/{index}.leaf"


def proof_name(index: int) -> str:
    """Of the proof that an entry is in the tree."""
    return f"proofs/{index}.tlog-proof"


def rule_name(edition: str) -> str:
    """Of a rule as it is worded in an edition, "ENF-03@manual-2022". Raises FormatError for another form."""
    name = f"rules/{edition}.json"
    if not is_known(name):
        raise FormatError(f"not the edition of a rule: {edition[:80]!r}")
    return name


def announcement_name(index: int, *, of_access: bool = False) -> str:
    """Of the proof of an entry that announces a key, by its leaf index in the log it is of."""
    return f"announcements/{'access-' if of_access else ''}{index}.tlog-proof"


def setting_name(index: int) -> str:
    """Of the proof that carries an entry about settings, bank holidays or a release."""
    return f"settings/{index}.tlog-proof"


def consistency_name(size: int) -> str:
    """Of the proof that the log of another size is this very one."""
    return f"consistency/{size}.json"


def timestamp_name(size: int) -> str:
    """Of a token over the checkpoint of this size."""
    return f"timestamps/{size}.tsr"


def access_key_text(vkey: str) -> str:
    """What the ledger's log signs about the key of its access log. Two lines, so no checkpoint is ever like it."""
    return f"This key signs the access log.\n{vkey}\n"


# --- the manifest --------------------------------------------------------------------------------------------


def digest_of(data: bytes) -> str:
    """SHA-256 as a manifest writes it."""
    return sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle is: of which ledger and case, at which size of the log, for whom, what for, what is opened."""

    origin: str
    case: str
    size: int
    purpose: str
    requester: str  # a random staff id
    role: str
    recipient: str
    fields: tuple[str, ...]  # the classes of values that may be opened
    files: Mapping[str, str]  # SHA-256 of each file but manifest and receipt, by name

    def write(self) -> bytes:
        """The file."""
        return to_json(
            {
                "bundle": 1,
                "origin": self.origin,
                "case": self.case,
                "size": self.size,
                "purpose": self.purpose,
                "requester": {"id": self.requester, "role": self.role},
                "recipient": self.recipient,
                "fields": list(self.fields),
                "files": dict(self.files),
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> "Manifest":
        """What ``write`` wrote. Raises FormatError for anything else."""
        names = ("bundle", "origin", "case", "size", "purpose", "requester", "recipient", "fields", "files")
        found = members(data, *names)
        if a_number(found["bundle"], "bundle") != 1:
            raise FormatError("not a bundle of the form that is read here, 1")
        by = an_object(found["requester"], "the requester", "id", "role")
        files = {name: a_text(each, "a digest") for name, each in an_object(found["files"], "files").items()}
        if not all(map(_DIGEST.fullmatch, files.values())):
            raise FormatError("each file has its SHA-256, 64 digits of 0 to f")
        return cls(
            a_text(found["origin"], "origin"),
            an_id(found["case"], "case"),
            a_number(found["size"], "size"),
            a_text(found["purpose"], "purpose"),
            a_text(by["id"], "the requester's id"),
            a_text(by["role"], "the requester's role"),
            a_text(found["recipient"], "recipient"),
            texts(found["fields"], "fields"),
            files,
        )


# --- the case -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Case:
    """The id of a case, and the leaf indexes of all that concerns it, in order; none: nothing ever did."""

    id: str
    entries: tuple[int, ...]

    def write(self) -> bytes:
        """The file."""
        return to_json({"case": self.id, "entries": list(self.entries)})

    @classmethod
    def parse(cls, data: bytes) -> "Case":
        """What ``write`` wrote. Raises FormatError for anything else; the order is not looked at."""
        found = members(data, "case", "entries")
        indexes = (a_number(each, "a leaf index") for each in a_list(found["entries"], "entries"))
        return cls(an_id(found["case"], "case"), tuple(indexes))


@dataclass(frozen=True, slots=True)
class End:
    """The index of the closing, and the end of the case's path in the map that it sealed."""

    closing: int
    case: str
    proof: HeadProof

    def write(self) -> bytes:
        """The file."""
        return to_json({"closing": self.closing, "chains": {self.case: self.proof.members()}})

    @classmethod
    def parse(cls, data: bytes) -> "End":
        """What ``write`` wrote. Raises FormatError for anything else."""
        found = members(data, "closing", "chains")
        chains = an_object(found["chains"], "chains")
        if len(chains) != 1:
            raise FormatError("chains holds the end of one case")
        [(case, end)] = chains.items()
        proof = HeadProof.parse(an_object(end, "the end of a case"))
        return cls(a_number(found["closing"], "the index of the closing"), an_id(case, "case"), proof)


# --- openings ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a commitment: the salt (32 bytes) and the value."""

    salt: bytes
    value: JsonValue


Openings = Mapping[int, Mapping[str, Opening]]
"""By leaf index and path."""


def write_openings(openings: Openings) -> bytes:
    """The file."""
    return to_json(
        {
            str(index): {path: {"salt": encode_base64(each.salt), "value": each.value} for path, each in of.items()}
            for index, of in openings.items()
        }
    )


def read_openings(data: bytes) -> dict[int, dict[str, Opening]]:
    """What ``write_openings`` wrote. Raises FormatError for anything else."""
    found: dict[int, dict[str, Opening]] = {}
    for index, of in from_json(data).items():
        if not re.fullmatch(_INDEX, index):
            raise FormatError(f"not the index of an entry with openings: {index[:20]!r}")
        found[int(index)] = {path: _opening(path, each) for path, each in an_object(of, "what is opened").items()}
    return found


def _opening(path: str, value: object) -> Opening:
    given = an_object(value, "an opening", "salt", "value")
    if not is_path(path):
        raise FormatError(f"not the path of a value: {path[:80]!r}")
    salt = decode_base64(a_text(given["salt"], "salt"))
    if len(salt) != SALT_SIZE:
        raise FormatError(f"a salt is exactly {SALT_SIZE} bytes long")
    return Opening(salt, cast("JsonValue", given["value"]))
