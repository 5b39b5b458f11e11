"""Words planted in every sealed field of every fact, and looked for, byte by byte, in whatever lies on a disk.

MARK stands in each planted value, followed by a number that says which field it is.  It is looked for as UTF-8 and
UTF-16, as hexadecimal digits, as base64 and as JSON escapes; and in pieces of seven letters, for the way PostgreSQL
compresses a long value breaks a word up after every eighth letter.  Values that are no text (days, codes of a short
list) cannot be told from others and are not looked for.  Used by test_nothing_personal.py.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from ledger.aggregates import AGGREGATES
from ledger.aggregates.roles import roles_for
from ledger.aggregates.shape import Fact
from ledger.api import openapi
from ledger.rules.quality import QUESTIONS

MARK = "QzvxKjwqYhbgPdfmNtlrScvz"
CLIENT_ID = "7394182"  # the one form of a sealed text that the mark does not fit
PIECE = 7
CORRECTING = ("RecordCorrected", "RecordStruckOut")
# Where what the document gives as an example is not what a rule lets pass.
OTHER = "3f0e8a52-6f0d-4a3c-9a51-7c1d2e3f4a5b"  # another record of the same person
MORE: Mapping[str, Mapping[str, Any]] = {
    "PersonsMerged": {"into": OTHER},
    "PersonsSeparated": {"from_person": OTHER},
    "PlacementOpened": {"on_school_premises": False, "in_school_hours": False, "days_available": ["Mon"]},
    "PqsAudited": {"scores": [1] * QUESTIONS},
    "PqsRechecked": {"revised_scores": [1] * QUESTIONS},
    "CourtVariationMade": {"new_end_date": "2027-04-07"},
    "TemplateSet": {
        "name": "enforcement-letter",
        "text": f"{MARK} of a template.\n{{absence_date}}, {{evidence_deadline}}",
    },
    "PolicySettingChanged": {"key": "upw.max_hours", "new": "290"},
    "HoldPlaced": {"scope": {"office": "North"}},
    "ActionPlanIssued": {
        "actions": [
            {
                "action_id": OTHER,
                "text": f"{MARK} of an action",
                "owner": f"{MARK} of an owner",
                "due": "2027-01-31",
                "outcome_measure": f"{MARK} of an outcome",
            }
        ]
    },
    "ReviewActionCompleted": {"action_id": OTHER},
    "FileDisclosed": {"removed_docs": []},
}
# What is told only of somebody who is erased, and no erasure is asked for here.
AFTER_AN_ERASURE = ("RecipientsNotified",)
# A hold is let go of before its review is asked for: from then on it would wait until that is signed (SCR-06).
WAITS_FOR: Mapping[str, str] = {"ManagementReviewRequested": "HoldReleased"}


def sealed_facts() -> list[tuple[str, type[Fact]]]:
    """Every fact that is given by a command and seals a value, with its noun; corrections last of each noun."""
    return [
        (noun, fact)
        for noun, aggregate in AGGREGATES.items()
        for fact in sorted(aggregate.every_fact, key=lambda each: each.__name__ in CORRECTING)
        if fact.whose and fact.command and noun != "ledger" and fact.__name__ not in AFTER_AN_ERASURE
    ]


def role_for(noun: str, fact: type[Fact]) -> str:
    """One of those who may give it; what concerns the register is the information officer's."""
    roles = roles_for(fact)
    return "information-officer" if noun == "register-entry" and "information-officer" in roles else min(roles)


# ------------------------------------------------------------------------------------ planting


@dataclass
class Planter:
    """Writes commands with the mark in every sealed field; what is named alike in two facts has the same id."""

    ids: dict[str, str] = field(default_factory=dict[str, str])
    planted: list[str] = field(default_factory=list[str])  # by number: where

    def target(self, noun: str) -> str:
        return {"policy": "policy", "register-report": "2025-04"}.get(noun) or self._id(noun.replace("-", "_"))

    def body(self, noun: str, fact: type[Fact], more: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a command: the required ones, the sealed ones, and what is given."""
        schema = openapi.schema_of(fact)["properties"]
        body = openapi.example(fact)
        for name, described in schema.items():
            if name in fact.whose:
                body[name] = self._value(described, f"{noun}.{fact.__name__}.{name}")
            elif name in body and "uuid" in str(described):
                one = self._id("offender" if name == "streams" else re.sub("_(id|ref)s?$", "", name))
                body[name] = [one] if isinstance(body[name], list) else one
        given = {name: value for name, value in body.items() if name not in fact.supplied}
        return {**given, **MORE.get(fact.__name__, {}), **more}

    def word(self, where: str) -> str:
        """A value that is looked for."""
        self.planted.append(where)
        return f"{MARK} {len(self.planted) - 1}."

    def _id(self, name: str) -> str:
        return self.ids.setdefault(name, str(uuid4()))

    def _value(self, described: Mapping[str, Any], where: str) -> Any:
        forms = [described, *described.get("anyOf", ())]
        if any(form.get("pattern") for form in forms):
            return CLIENT_ID
        if any("enum" in form or "format" in form for form in forms):
            return openapi.example_of(dict(described))
        for form in forms:
            if form.get("type") == "string":
                return self.word(where)
            if form.get("type") == "object":
                return {"details": self.word(where), "more": [self.word(where)]}
            if form.get("type") == "array":
                return [self._value(form["items"], where)]
        return openapi.example_of(dict(described))


# ------------------------------------------------------------------------------------ looking


def forms(word: str) -> dict[str, bytes]:
    """The ways a word may stand in a file."""
    plain = word.encode()
    found = {
        "UTF-16, little end first": word.encode("utf-16-le"),
        "UTF-16, big end first": word.encode("utf-16-be"),
        "hexadecimal": plain.hex().encode(),
        "HEXADECIMAL": plain.hex().upper().encode(),
        "JSON escapes": "".join(f"\\u{ord(each):04x}" for each in word).encode(),
    }
    for shift in range(3):  # without the ends, which depend on what stands beside it
        whole = base64.b64encode(b"\0" * shift + plain)
        found[f"base64, shifted by {shift}"] = whole[4 if shift else 0 : len(whole) // 4 * 4 - 4]
    return found


FORMS: Mapping[str, bytes] = {
    **{f"plain, from letter {at}": MARK[at : at + PIECE].encode() for at in range(0, len(MARK) - PIECE + 1, 2)},
    **forms(MARK),
    "the client's number": CLIENT_ID.encode(),
    "the client's number, UTF-16": CLIENT_ID.encode("utf-16-le"),
}


def everything_in(folders: Sequence[Path]) -> Iterator[tuple[Path, bytes]]:
    """Every file, whole, with its own name before it: a name can tell too."""
    for folder in folders:
        for path in [folder] if folder.is_file() else sorted(folder.rglob("*")):
            try:
                if path.is_file():
                    yield path, str(path).encode() + b"\0" + path.read_bytes()
            except FileNotFoundError:  # a server puts its files away while we look
                continue


def found_in(folders: Sequence[Path], planter: Planter) -> list[str]:
    """Where something planted can be read: file, form, and which field it was."""
    found: list[str] = []
    for path, data in everything_in(folders):
        for form, looked_for in FORMS.items():
            at = data.find(looked_for)
            if at >= 0:
                found.append(f"{path}: {form}: {_which(data[at:], planter)}")
                break
    return found


def _which(data: bytes, planter: Planter) -> str:
    number = data[: len(MARK) + 8].partition(b" ")[2].partition(b".")[0]
    return planter.planted[int(number)] if number.isdigit() else "of some field"
