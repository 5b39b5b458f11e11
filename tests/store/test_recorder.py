"""The synchronous door: bounds, errors, keys, subscriptions across processes, and our own facts through the library."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Mapping
from datetime import date
from typing import Any, LiteralString
from uuid import uuid4

import pytest
from eventsourcing.persistence import (
    DataError,
    EventStore,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    StoredEvent,
)
from tests.store.ledgers import ORIGIN, Ledger, a_fact, verify_everything

from ledger.aggregates.offender.facts import AbsenceRecorded
from ledger.aggregates.shape import CLOSED, Actor
from ledger.privacy.owners import Owner
from ledger.privacy.sealing import DataKey
from ledger.store import mapping
from ledger.store.forms import Drafted, EntryMapper, RecordedEvent
from ledger.store.mapping import Draft, Envelope, Stored
from ledger.store.recorder import SealedRecorder
from ledger.store.sequencer import SETUP
from ledger.store.wire import Wire


@pytest.fixture
def recorder(ledger: Ledger) -> Generator[SealedRecorder]:
    opened = open_recorder(ledger)
    yield opened
    opened.close()


def open_recorder(ledger: Ledger) -> SealedRecorder:
    async def connect(statements: Mapping[str, LiteralString]) -> Wire:
        return await Wire.connect(ledger.app, statements, SETUP)

    return SealedRecorder(connect, ledger.signer, released=ledger.released)


def events(stream: str, *versions: int, **values: Any) -> list[StoredEvent]:
    mapper = EntryMapper()
    return [mapper.to_stored_event(Drafted(a_fact(stream, version, **values))) for version in versions]


def test_events_are_selected_by_version_from_either_end(recorder: SealedRecorder) -> None:
    recorder.insert_events(events("case-a", 1, 2, 3, 4, 5) + events("case-b", 1))

    def versions(**how: Any) -> list[int]:
        return [each.originator_version for each in recorder.select_events("case-a", **how)]

    assert versions() == [1, 2, 3, 4, 5]
    assert versions(gt=2) == [3, 4, 5]
    assert versions(gt=1, lte=3) == [2, 3]
    assert versions(desc=True, limit=2) == [5, 4]
    assert versions(gt=1, limit=1) == [2]
    assert versions(gt=0, lte=0) == versions(gt=9) == versions(limit=0) == []
    assert recorder.select_events("case-unknown") == []


def test_all_events_of_a_call_are_sealed_or_none(recorder: SealedRecorder, ledger: Ledger) -> None:
    recorder.insert_events(events("case-a", 1))
    with pytest.raises(IntegrityError):
        recorder.insert_events(events("case-b", 1) + events("case-a", 1))
    assert recorder.max_notification_id() == 1
    assert recorder.insert_events([]) == []
    verify_everything(ledger)


def test_what_a_command_says_besides_its_facts_is_passed_on(recorder: SealedRecorder) -> None:
    key = uuid4().bytes
    first = recorder.insert_events(events("case-a", 1, 2), key=key, digest=b"this")
    assert recorder.insert_events(events("case-a", 1, 2), key=key, digest=b"this") == first == [1, 2]
    with pytest.raises(IntegrityError, match="another request"):
        recorder.insert_events(events("case-b", 1), key=key, digest=b"that")
    with pytest.raises(IntegrityError, match="changed"):
        recorder.insert_events(events("case-b", 1), reads=[("case-a", 1)])


def test_what_does_not_fit_and_what_cannot_be_now_are_told_apart(recorder: SealedRecorder, ledger: Ledger) -> None:
    with pytest.raises(DataError, match="65,535"):
        recorder.insert_events(events("case-a", 1, texts=["x" * 30_000] * 3))
    ledger.rows("UPDATE head SET recorded = clock_timestamp() + interval '1 hour'")
    with pytest.raises(OperationalError, match="clock"):
        recorder.insert_events(events("case-a", 1))
    ledger.rows("UPDATE head SET recorded = '2000-01-01Z'")


def test_an_event_that_is_no_draft_of_ours_is_refused(recorder: SealedRecorder) -> None:
    with pytest.raises(ProgrammingError):
        recorder.insert_events([StoredEvent("case-a", 1, "topic", b"{}")])
    with pytest.raises(ProgrammingError):
        EntryMapper().to_domain_event(StoredEvent("case-a", 1, "topic", b"{}"))


def test_topics_are_found_however_many_others_lie_between(recorder: SealedRecorder) -> None:
    for first in range(1, 1100, 550):
        recorder.insert_events(events("case-a", *range(first, first + 550)))
    assert recorder.select_notifications(1, 10, topics=["test.other.v1"]) == []
    found = recorder.select_notifications(None, 1100, topics=["test.happened.v1"])
    assert [each.id for each in found] == list(range(1, 1101))


def test_a_subscription_sees_what_another_process_seals(recorder: SealedRecorder, ledger: Ledger) -> None:
    other = open_recorder(ledger)
    seen: list[int] = []

    def follow() -> None:
        with recorder.subscribe() as subscription:
            for notification in subscription:
                seen.append(notification.id)
                if len(seen) == 600:
                    return

    follower = threading.Thread(target=follow)
    follower.start()
    for version in range(1, 600):
        (other if version % 2 else recorder).insert_events(events("case-a", version))
    time.sleep(0.05)
    other.insert_events(events("case-a", 600))
    follower.join(5)
    other.close()
    assert seen == list(range(1, 601))


def test_a_closed_recorder_says_so_and_keeps_nobody_waiting(ledger: Ledger) -> None:
    recorder = open_recorder(ledger)
    told: list[Exception] = []

    def read_for_ever() -> None:
        try:
            while True:
                recorder.max_notification_id()
        except Exception as problem:
            told.append(problem)

    readers = [threading.Thread(target=read_for_ever) for _ in range(4)]
    for each in readers:
        each.start()
    time.sleep(0.02)
    recorder.close()
    recorder.close()
    for each in readers:
        each.join(5)
    assert [type(each) for each in told] == [InterfaceError] * 4


def test_our_own_facts_go_through_the_librarys_event_store(recorder: SealedRecorder) -> None:
    stream, key = f"offender-{mapping.fact_id()}", DataKey(str(uuid4()), bytes(32))
    fact = AbsenceRecorded(
        absence_id=str(uuid4()),
        order_id=str(uuid4()),
        appointment_kind="UPW",
        date=date(2025, 4, 7),
        kind="FTA",
        note="He said he was ill.",
    )
    drafts = [Draft(mapping.fact_id(), stream, version, fact, fact.date) for version in (1, 2)]
    envelope = Envelope(Actor("s1", "supervisor"), policy=0)
    keys = {Owner(stream, "case"): key}
    closed = EventStore(EntryMapper(), recorder)
    recordings = closed.put([Drafted(mapping.pending(ORIGIN, each, envelope, keys)) for each in drafts])
    assert [each.notification.id for each in recordings] == [1, 2]

    found = list(closed.get(stream))
    assert all(isinstance(each, RecordedEvent) for each in found)
    assert [(each.originator_id, each.originator_version) for each in found] == [(stream, 1), (stream, 2)]
    assert [each.position for each in found] == [1, 2]  # type: ignore[attr-defined]
    assert found[0].fact == fact.completed(note=CLOSED)  # type: ignore[attr-defined]

    def opens(stored: Stored) -> Mapping[str, Any]:
        return {"note": f"opened at {stored.position}"}

    [notification] = recorder.select_notifications(2, 1)
    assert EntryMapper(opens).to_domain_event(notification).fact == fact.completed(note="opened at 2")
