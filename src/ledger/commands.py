"""A command on its way: what every door makes of it, how it is read strictly, and the receipt it gets.

Between the doors and the store: `application` decides with these, nothing here reads or writes the ledger.
Proven by tests/test_application.py and tests/api/.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

import orjson

from ledger.aggregates import AGGREGATES, told_by
from ledger.aggregates.aggregate import about_ids
from ledger.aggregates.drafts import read_draft
from ledger.aggregates.immutable import immutable
from ledger.aggregates.ledger_stream import STREAM
from ledger.aggregates.policy import Policy
from ledger.aggregates.roles import roles_for
from ledger.aggregates.shape import LIST_ITEMS, Actor, Decision, Fact, Now, nobody_looked_up
from ledger.errors import (
    Forbidden,
    Malformed,
    NotFound,
    Refusal,
    Refused,
    StaleVersion,
)
from ledger.privacy.canonical import canonical
from ledger.privacy.limiting import PERSON, admit
from ledger.reading import a_time, unfit_times
from ledger.rules.general import FROM_THE_FUTURE, in_the_future
from ledger.store import mapping
from ledger.store.appending import Receipt
from ledger.store.cases import Case, Desk, PolicyAt
from ledger.store.mapping import Draft, Envelope

SINGLE_STREAMS: Final = frozenset({"policy", "ledger"})
NAME_LENGTH: Final = 64  # of a field; no fact has one so long


@immutable
class Command:
    """One command, whichever door it came through."""

    name: str  # RecordAbsence
    noun: str  # offender
    id: str  # of the target; "policy" for the policy
    data: Mapping[str, Any]  # the fields, as JSON values
    actor: Actor
    key: UUID | None = None
    at: datetime | None = None  # moves the clock: scenario and demonstration ledgers only
    effective: str | None = None  # when it happened, for a fact without a date of its own
    if_match: int | None = None
    seen: Mapping[str, Any] | None = None
    source: Mapping[str, Any] | None = None  # {"system", "recorded"}: an imported fact
    source_sealed: Mapping[str, str] | None = None  # {"by"}: whom a line of an import names, where others sign it
    recorder: Actor | None = None  # who records it, where that is not the actor: the importer

    @property
    def stream(self) -> str:
        return self.noun if self.noun in SINGLE_STREAMS else f"{self.noun}-{self.id}"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A receipt as people and programs get it; `repeated` when the command had been recorded before."""

    body: dict[str, Any]
    version: int
    repeated: bool = False


# ---------------------------------------------------------------------------------------- reading a command


def fact_class_of(command: Command) -> type[Fact]:
    """Raises NotFound for a noun or command that is not in the catalogue, Malformed for an id that is not random."""
    if command.noun not in AGGREGATES or command.noun == STREAM:  # what a release brought is not for people to correct
        raise NotFound(f"There is nothing called {command.noun[:40]!r} to give a command to.")
    fact_class = told_by(command.noun, command.name)
    if fact_class is None:
        raise NotFound(f"A {command.noun} knows no command {command.name[:60]!r}. GET /events lists them all.")
    if command.noun in SINGLE_STREAMS:
        if command.id != command.noun:
            raise NotFound(f"There is one {command.noun}: address it as {command.noun}/{command.noun}.")
        return fact_class
    try:
        AGGREGATES[command.noun].an_id(command.id)
    except ValueError as wrong:
        raise Malformed(f"The id in the address is not usable: {wrong}.", {"id": str(wrong)}) from wrong
    return fact_class


def draft_of(command: Command, fact_class: type[Fact]) -> Fact:
    """The draft, with times that every calendar of ours can hold.  Raises Malformed, naming each field."""
    data = command.data
    if len(data) > LIST_ITEMS or max(map(len, data), default=0) > NAME_LENGTH:
        raise Malformed(f"{command.name}: more, or longer, fields than any fact has.", {"body": "no such fields"})
    if command.effective is not None:
        _when(command.effective)
    errors = unfit_times(fact_class, data)
    if errors:
        first, why = next(iter(errors.items()))
        raise Malformed(f"{command.name}: {first}: {why}.", errors)
    return read_draft(fact_class, data)


def _when(text: str) -> date | datetime:
    try:
        return a_time(text)
    except ValueError as wrong:
        raise Malformed(f"The effective time: {wrong}.", {"effective": str(wrong)}) from wrong


def authorise(command: Command, fact_class: type[Fact]) -> None:
    allowed = roles_for(fact_class)
    if command.actor.role not in allowed:
        raise Forbidden(f"{command.name} is given by {', '.join(sorted(allowed))}; not by {command.actor.role}.")


def match_version(command: Command, case: Case) -> None:
    if command.if_match is not None and command.if_match != case.version:
        raise StaleVersion(
            f"The record changed; look again. It is at version {case.version}, you looked at {command.if_match}."
        )


def kept(command: Command) -> bytes:
    """A command whose fields are all clear, as JSON: whoever goes on with it after a crash reads it with `of_kept`."""
    by = command.actor
    return canonical(
        {
            "name": command.name,
            "noun": command.noun,
            "id": command.id,
            "data": command.data,
            "by": [by.id, by.role, by.unit],
            "recorder": [command.recorder.id, command.recorder.role, command.recorder.unit]
            if command.recorder
            else None,
            "key": str(command.key) if command.key else None,
            "at": command.at.isoformat() if command.at else None,
            "effective": command.effective,
            "seen": command.seen,
            "source": command.source,
            "source_sealed": command.source_sealed,
        }
    )


def of_kept(text: bytes) -> Command:
    """The command that `kept` kept."""
    said: dict[str, Any] = orjson.loads(text)
    return Command(
        said["name"],
        said["noun"],
        said["id"],
        said["data"],
        Actor(*said["by"]),
        key=UUID(said["key"]) if said["key"] else None,
        at=datetime.fromisoformat(said["at"]) if said["at"] else None,
        effective=said["effective"],
        seen=said["seen"],
        source=said["source"],
        source_sealed=said.get("source_sealed"),  # kept since imports are signed by who imports
        recorder=Actor(*said["recorder"]) if said["recorder"] else None,
    )


# ---------------------------------------------------------------------------------------- deciding


def asked(command: Command) -> bytes:
    """What was asked, in one form: its digest tells a retry from another request with the same key.

    A line of an import asks the same whoever imports it: what counts is whom it names.
    """
    by, told = command.actor, command.source_sealed or {}
    asker = told.get("by", by.id)
    return canonical([command.name, command.stream, command.data, asker, by.role, command.effective, command.source])


def decision_of(
    command: Command,
    draft: Fact,
    state: Any,
    policy: Policy,
    look: Callable[[Sequence[str]], Mapping[str, Any]],
    numbered: Callable[[str], tuple[str, ...]] = nobody_looked_up,
) -> Decision:
    """What the command comes to on this state.  Raises Refused, Unread, Unnumbered, Malformed, LimitedAccess.

    Who may not read a case, or that of a person whom the fact would be about, is told nothing by which rule it would
    be refused.  What another system tells has happened, whoever may read of it now.
    """
    stream, by = command.stream, command.actor
    limited = command.source is None and command.noun not in SINGLE_STREAMS
    if limited:
        admit(stream, state, draft, by, about_ids(draft, stream), look)
    now = Now(
        moment=command.at or datetime.now(UTC),
        actor=command.actor,
        policy=policy,
        imported=command.source is not None,
        look=look,
        numbered=numbered,
    )
    try:
        decision = AGGREGATES[command.noun].decide(state, draft, now, stream)
    except OverflowError as wrong:
        raise Malformed(f"{command.name}: it leads to a time beyond every calendar.") from wrong
    if limited and any(each.startswith(PERSON) and each != stream for each in decision.about):
        admit(stream, state, draft, by, decision.about, look)
    return decision


def envelope_of(command: Command, policy: Policy) -> Envelope:
    return Envelope(
        by=command.recorder or command.actor,
        policy=policy.version,
        release=policy.release or None,
        key=str(command.key) if command.key else None,
        seen=command.seen,
        source=command.source,
        source_sealed=command.source_sealed,
    )


def reads_of(desk: Desk, policy: PolicyAt) -> tuple[tuple[str, int], ...]:
    """What the decision rests on, and must still be so when it is sealed: (id, newest position of its chain).

    The policy too where it is the case itself: the two were read one after the other.
    """
    return (*desk.positions(), ("policy", policy.at[1]))


# ---------------------------------------------------------------------------------------- writing a receipt


def drafts_of(command: Command, decision: Decision, version: int, moment: datetime) -> list[Draft]:
    stream = command.stream
    about = tuple(each for each in decision.about if each != stream)
    return [
        Draft(
            id=mapping.fact_id(moment),
            stream=stream,
            version=version + number,
            fact=fact,
            effective=_effective(command, decision, fact, moment),
            about=about,
            under=decision.under,
            rests_on=decision.rests_on,
            marking=decision.marking,
            whose=decision.whose,
        )
        for number, fact in enumerate(decision.facts, start=1)
    ]


def _effective(command: Command, decision: Decision, fact: Fact, moment: datetime) -> date | datetime:
    """The fact's own date, else what the decision found, else what the command says, else the moment of recording.

    A fact told by another system had happened when that system recorded it.
    """
    told = fact.effective() or decision.effective
    if told is None and command.effective is None and command.source:
        told = datetime.fromisoformat(command.source["recorded"])
    if told is not None or command.effective is None:
        return told or moment
    given = _when(command.effective)
    if not type(fact).is_plan and in_the_future(given, moment):
        raise Refused([Refusal("GEN-05", FROM_THE_FUTURE, rule_book=False)])
    return given


def warnings_of(decision: Decision) -> bytes | None:
    told = [{"rule": each.rule, "message": each.message} for each in decision.cautions]
    return canonical(told) if told else None


def proof_at(position: int) -> str:
    """Where the proof is told that a fact of the ledger is in it (ledger.api.log)."""
    return f"/log/proof/{position}"


def acknowledged(receipt: Receipt, named: Sequence[tuple[str, type[Fact]]], *, repeated: bool = False) -> Acknowledged:
    """`named`: id and type of each of its facts."""
    events = [
        {
            "stream": each.stream,
            "version": each.version,
            "id": fact_id,
            "type": fact_class.__name__,
            "position": each.position,
            "leaf": base64.b64encode(each.leaf).decode(),
            "proof": proof_at(each.position),
        }
        for each, (fact_id, fact_class) in zip(receipt.facts, named, strict=True)
    ]
    warnings: list[dict[str, str]] = orjson.loads(receipt.warnings) if receipt.warnings else []
    body = {"events": events, "checkpoint": receipt.note, "warnings": warnings}
    version = max(each.version for each in receipt.facts if each.stream == receipt.facts[0].stream)
    return Acknowledged(body, version, repeated)
