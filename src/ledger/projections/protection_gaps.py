"""What should have been done for the protection of a child by the end of a day and was not (rule book G, DP-04).

    protection_gaps(history, policy, as_at, known)      of one person's chain

What worklist `child-protection` holds, once its day is over; what has no day, from the next one.  Beside it the file
without its yellow dot, the missed review of an entry, and a de-registration that waits for nobody but us.
Proven by tests/projections/test_gaps.py and extra/child-protection-lists.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from ledger.aggregates.policy import Policy
from ledger.aggregates.register_entry.entry import Entry
from ledger.aggregates.register_entry.registrations import NOUN
from ledger.aggregates.shape import Recorded
from ledger.projections import child_protection_worklist, register_worklists
from ledger.projections.register import review_of
from ledger.projections.why import Row
from ledger.projections.yellow_dot import unmarked_since
from ledger.rules.child_protection import (
    CONFERENCE_NO_REPORT,
    GRAVE_NOT_ESCALATED,
    REFERRAL_NOT_IN_WRITING,
    WRITTEN_FOLLOW_UP_MISSING,
)

History = Sequence[Recorded[Any]]
OF_RULES: Final = (
    *("CP-01", "CP-02", "CP-05", "CP-06", "CP-08", "CP-09", "CP-10", "CP-11", "CP-12", "CP-13", "CP-14", "CP-15"),
    *("CP-20", "CP-23", "CP-24", "CP-26", "CP-27", "CP-28", "CP-33", "CP-35", "CP-36", "CP-42", "CP-55", "DP-04"),
)
WHAT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "concern": "Nobody told of a concern",
        "reply": "No reply to a referral",
        "core-group": "No first core group",
        "core-assessment": "No core assessment",
        "review-conference": "No review conference",
        "check": "No answer to a check with children's services",
        "r7": "No R7 after a check that said yes",
        "invitation": "Invitation to a conference not answered",
        "minutes": "Minutes of a conference not checked",
        "action": "Action of a conference not done",
        "countersignature": "New information not countersigned",
        "written-follow-up": "Telephone call not followed up in writing",
        "cp1": "No form CP1",
        "deregistration": "De-registration not notified after a change of circumstances",
        "register-review": "No review of the register entry after a change of circumstances",
        "home-visit": "No home visit",
        "objective": "No objective about the protection of a child",
        "prison": "Prison's child protection co-ordinator not told",
        "loss-of-contact": "Key worker not told that contact was lost",
        WRITTEN_FOLLOW_UP_MISSING: "Concern not followed up in writing",
        GRAVE_NOT_ESCALATED: "Grave concern not escalated the same day",
        REFERRAL_NOT_IN_WRITING: "Referral not confirmed in writing",
        CONFERENCE_NO_REPORT: "Conference neither attended nor reported to",
    }
)


@dataclass(frozen=True, slots=True)
class Gap:
    """What was not done, by which rule, since when, and what it is about."""

    rule: str
    what: str
    since: date
    ids: Mapping[str, str]


def protection_gaps(history: History, policy: Policy, as_at: date, known: int) -> Iterator[Gap]:
    """Matter by matter, then of the file and of each entry."""
    for row in child_protection_worklist.rows(history, policy, as_at, known):
        since = row["due"] or row["since"]
        if since < as_at:
            yield Gap(row["rule"], WHAT[row.get("flag") or row["kind"]], since, _ids(row))
    unmarked = unmarked_since(history, as_at)
    if unmarked is not None and unmarked[0] < as_at:
        yield Gap("DP-04", "No yellow dot on the file", unmarked[0], {})
    for stream in dict.fromkeys(each.stream for each in history if each.stream.startswith(f"{NOUN}-")):
        chain = [each for each in history if each.stream == stream or stream in each.about]
        yield from _of_an_entry(stream.removeprefix(f"{NOUN}-"), chain, policy, as_at, known)


def _ids(row: Row) -> dict[str, str]:
    return {name: value for name, value in row.items() if name.endswith("_id") and value is not None}


def _of_an_entry(entry_id: str, chain: History, policy: Policy, as_at: date, known: int) -> Iterator[Gap]:
    review = review_of(Entry.as_at(chain, as_at), policy, as_at, known)
    if review is not None and review.state == "missed":
        yield Gap("CP-33", "No four-monthly review of the register entry", review.due, {"entry_id": entry_id})
    for row in register_worklists.deregistration_rows(chain, policy, as_at, known):
        if row["state"] == "possible-breach" or (
            row["state"] and row["closed_on"] is None
        ):  # no hold stops the closing
            yield Gap("CP-42", "De-registration not complete", row["occurred_on"], {"entry_id": entry_id})
