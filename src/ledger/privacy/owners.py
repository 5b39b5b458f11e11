"""Under whose key a value is sealed: the owner of each marked field of a fact (events.md section 2).

    O   the offender the stream is about, else the one the fact names, else the only one it is about
    C   the child, V the victim that the fact names, or that its decision found; else a key of the stream's own
    T   a third party: a key of its own for each person of each fact
    S   the staff member the fact names, else a key of its own
    -   free text: the person the stream is about, or the stream itself

A person is named by the stream of that person (`offender-019a…`), so that "all keys of this person" is one look-up;
never by a number on a file, which is itself a personal value: the names of owners stand in clear in the vault.
A correction names nobody itself: its value goes to the only one of that letter whom it, like its record, is about.
Proven by tests/privacy/test_owners.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from ledger.aggregates.corrections import RecordCorrected
from ledger.aggregates.shape import Fact, Subject, Whose


class Owner(NamedTuple):
    """Whose key: an id, and the retention class (each class of one person has keys of its own)."""

    id: str
    retention: str


# Which field of a fact, a random id, names the person of that letter, in order of preference.
_NAMED_BY: Final[dict[Subject, tuple[str, tuple[str, ...]]]] = {
    Subject.OFFENDER: ("offender", ("offender_id",)),
    Subject.CHILD: ("child", ("child_id", "child_ref")),
    Subject.VICTIM: ("victim", ("victim_id",)),
    Subject.STAFF: ("staff", ("staff_id",)),
}


def owner_of(fact: Fact, fact_id: str, stream: str, whose: Whose, about: Sequence[str] = ()) -> Owner:
    """The owner of one value of a fact in `stream` that is about these others (names of streams)."""
    if whose.subject is Subject.STREAM:
        return Owner(stream, "case")
    if whose.subject is Subject.THIRD_PARTY:
        return Owner(f"third-party-{fact_id}{'/' if whose.person else ''}{whose.person}", "third-party")
    noun, fields = _NAMED_BY[whose.subject]
    if stream.startswith(f"{noun}-"):
        return Owner(stream, _retention(whose.subject))
    named = whose.person or next((value for field in fields if (value := getattr(fact, field, None))), None)
    if named:
        return Owner(f"{noun}-{named}", _retention(whose.subject))
    if whose.subject is Subject.OFFENDER or isinstance(fact, RecordCorrected):
        meant = [each for each in about if each.startswith(f"{noun}-")]
        if len(meant) == 1:
            return Owner(meant[0], _retention(whose.subject))
    if whose.subject is Subject.STAFF:
        return Owner(f"staff-of-{fact_id}", "staff")
    return Owner(stream, _retention(whose.subject))


def names_somebody(owner: Owner) -> bool:
    """Whether it is a person, who is erased once and for all; else a stream's texts about children or victims unnamed.

    >>> names_somebody(Owner("child-protection-matter-019a2b3c-0000-7000-8000-000000000000", "child"))
    False
    """
    kind = owner.retention
    named_by_a_fact = kind == "third-party" and owner.id.startswith("third-party-")  # and which of several it is
    return kind not in _APART or named_by_a_fact or owner.id[:-_ID] in ("", kind)


def called(retention: str) -> str:
    """How whoever was erased is called where a value of theirs stood: `[child erased 13/10/2025]`."""
    return retention.replace("-", " ") if retention in _APART else "record"


# Whose texts are kept apart from the stream's own, though it names nobody.
_APART: Final = ("child", "victim", "third-party")
_ID: Final = len("-019a2b3c-0000-7000-8000-000000000000")


def _retention(subject: Subject) -> str:
    return {Subject.OFFENDER: "case", Subject.CHILD: "child", Subject.VICTIM: "victim", Subject.STAFF: "staff"}[subject]
