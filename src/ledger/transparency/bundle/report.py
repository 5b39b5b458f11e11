"""What a verification of a bundle came to: the first thing that does not hold, or in words what was proven.

Proved by tests/transparency/test_bundle.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from ledger.transparency.bundle.contents import READ_BY_PEOPLE, Manifest
from ledger.transparency.bundle.others import Cosigned, Stamped
from ledger.transparency.verify import Finding

__all__ = ["CODES", "STEPS", "BundleReport", "Counted"]

CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "zip-malformed": "not the zip that a bundle is, in its one form",
        "file-unknown": "a file that no bundle has",
        "file-missing": "a file that every bundle of this content has is not there",
        "file-malformed": "a file is not of the form its page describes",
        "file-differs": "a file is not the one in the manifest, or the manifest names others",
        "key-differs": "the keys given are not those of the ledger that this bundle is from",
        "announcement-differs": "a key is announced by no entry of the log, or not under the signature of the old key",
        "checkpoint-unsigned": "the checkpoint is not rightly signed by the ledger's key",
        "cosignature-missing": "a witness whose key was given has not cosigned all that the closing covers",
        "cosigned-differs": "the checkpoint that witnesses cosigned is not of this log, or not rightly signed",
        "timestamp-differs": "a timestamp is over no checkpoint of this log, or not by the authority that was given",
        "access-key-unsigned": "the key of the access log is not one that the ledger's key vouches for",
        "closing-differs": "the closing is not the last leaf of the checkpoint, or no closing",
        "head-unproved": "the case's end does not lie in the map that the closing sealed",
        "chain-differs": "the entries are not all that concern the case: one is missing, added, or out of order",
        "entry-malformed": "the bytes are no sealed entry; which member, the message says",
        "entry-unproved": "an entry is not in the tree at the place it is said to be",
        "entry-misplaced": "an entry does not concern the case, or does not follow those before it",
        "opening-unknown": "a value is opened that no entry shown here commits to",
        "opening-differs": "a value is not the one that its entry commits to",
        "rule-missing": "a fact was decided under a rule whose wording is not there",
        "receipt-unproved": "the export is not in the access log",
        "receipt-differs": "the sealed export is another than this one",
    }
)
"""Every code a finding can have, and what it means."""

STEPS: Final = (
    "It is a bundle in its one form, and each file is the one that its manifest names",
    "Its checkpoint is signed by the ledger’s key; what witnesses and timestamps say is of the same log",
    "The closing is the last of all that the checkpoint covers",
    "Where the case ends is in the map that the closing sealed",
    "The facts are all that concern the case, in order: none is missing, none added",
    "Each fact is in the log at its place, and follows the one before it",
    "Each value that is opened is the one that its fact commits to",
    "The rules and settings that decisions were taken under are here, and the settings are in the log",
    "That it was given away is sealed in the access log, with this manifest",
)
"""What is checked, in order (``verifying``); ``Counted.step`` is the number of the one that was reached."""


@dataclass(slots=True)
class Counted:
    """What was seen of a case on the way."""

    step: int = 1  # of STEPS: the one that ended it, or the last
    case: str = ""
    origin: str = ""
    facts: int = 0
    withheld_whole: int = 0
    opened: int = 0
    withheld: int = 0
    erased: int = 0
    erasures: list[int] = field(default_factory=list[int])  # positions of the facts that say so
    size: int = 0  # of the closing: the facts of the whole ledger that it covers
    closed: str = ""  # when, as the closing was recorded
    signed_by: tuple[str, ...] = ()  # key names with ids, of those that were given
    followed: tuple[str, ...] = ()  # which keys stand for those that were given, in sentences
    positions: list[int] = field(default_factory=list[int])  # of the facts of the case
    cosigned: list[Cosigned] = field(default_factory=list[Cosigned])
    stamped: list[Stamped] = field(default_factory=list[Stamped])
    stamped_by: bool = False  # whether it was checked who signed the timestamps
    exported: str = ""  # when, as the access log recorded it
    exported_at: int = 0  # position in the access log
    unchecked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BundleReport:
    """What was proven, or the first finding.  ``trusted``: the reader gave the key, it was not taken from the file."""

    finding: Finding | None
    counted: Counted
    manifest: Manifest | None
    trusted: bool

    @property
    def ok(self) -> bool:
        """Everything holds, under a key that the reader gave."""
        return self.finding is None and self.trusted

    def words(self) -> list[str]:
        """What was proven, in sentences; or what does not hold, and what follows for the reader."""
        if self.finding is not None or self.manifest is None:
            return [f"not verified: {self.finding}", "Nothing in this file may be relied upon."]
        return list(_proven(self.counted, self.manifest, self.trusted))


def _proven(seen: Counted, manifest: Manifest, trusted: bool) -> Iterator[str]:
    keys = " and ".join(seen.signed_by)
    if trusted:
        yield f"verified under {keys}."
    else:
        yield f"consistent under the key in this file; compare it with the one you were given: {keys}."
    yield from seen.followed
    upto = _moment(seen.closed)
    if seen.facts:
        parts = [
            f"All {seen.facts:,} facts that concern {seen.case} up to {upto}, in this order"
            if seen.facts > 1
            else f"The one fact that concerns {seen.case} up to {upto}",
            f"{seen.withheld_whole:,} withheld whole",
            f"{seen.opened:,} {'value' if seen.opened == 1 else 'values'} opened, {seen.withheld:,} withheld, "
            f"{seen.erased:,} erased{_by_facts(seen.erasures)}",
        ]
        yield "; ".join(parts) + "."
    else:
        yield f"No fact of this ledger concerned {seen.case} up to {upto}."
    at = f"position {seen.size + 1:,} of {seen.origin}"
    yield f"None is missing: the closing at {at}, over {seen.size:,} facts, tells how many there are and the last one."
    yield from _cosigned(seen)
    yield from _stamped(seen)
    yield (
        f"Made for {manifest.recipient}, purpose {manifest.purpose}, by {manifest.requester} ({manifest.role}); sealed "
        f"in the access log at position {seen.exported_at:,} on {_moment(seen.exported)}, before it left."
    )
    if seen.unchecked:
        yield (
            f"Not compared with the facts: {', '.join(seen.unchecked)}. They are as they were when this was made; "
            "where they say anything else than the entries do, the entries are right."
        )


def _cosigned(seen: Counted) -> Iterator[str]:
    """What each witness adds: the log's own key could show each reader a history of his own."""
    for each in seen.cosigned:
        by = "" if each.given else ", by the key in this file; compare it with the one that the witness gives"
        whole = "the whole of it" if each.size > seen.size else f"{_upto(seen, each.size)} of the facts of this case"
        yield f"{each.witness} has cosigned the log of {each.size:,} facts and no other history of it: {whole}{by}."


def _stamped(seen: Counted) -> Iterator[str]:
    """What the timestamps add: who has the log's key cannot have made all this up later."""
    if not seen.stamped:
        return
    who = (
        "by the authority whose roots you gave"
        if seen.stamped_by
        else "by whom was not checked, for no roots of an authority were given"
    )
    first, last = seen.stamped[0], seen.stamped[-1]
    parts = [f"{_upto(seen, each.size)} by {_instant(each.at)}" for each in dict.fromkeys((first, last))]
    tokens = f"{len(seen.stamped):,} timestamp{'s' if len(seen.stamped) > 1 else ''}"
    yield f"Of the facts of this case there were in the log at the latest: {'; '.join(parts)} ({tokens}, {who})."


def _upto(seen: Counted, size: int) -> str:
    covered = sum(each <= size for each in seen.positions)
    return "all" if covered == seen.facts else f"{covered:,} of {seen.facts:,}"


def _by_facts(positions: list[int]) -> str:
    if not positions:
        return ""
    names = [f"{each:,}" for each in positions]
    several = f"facts at {', '.join(names[:-1])} and {names[-1]}"
    return f" by the {several if len(names) > 1 else f'fact at {names[0]}'}"


def _moment(text: str) -> str:
    return _instant(datetime.fromisoformat(text))


def _instant(when: datetime) -> str:
    """20 Nov 2026 14:02:11 UTC"""
    return f"{when.day} {when:%b %Y %H:%M:%S} UTC"


def unchecked(names: Iterator[str]) -> tuple[str, ...]:
    """Of a bundle's files those that nothing but the manifest vouches for."""
    found = set(names)
    folders = [f"{folder}/" for folder in ("rules",) if any(each.startswith(folder) for each in found)]
    return (*(each for each in READ_BY_PEOPLE if each in found), *folders)
