"""The comparison of a journal with a log sees each defect it is there for, and none where there is none."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.journeys.journal import Asked, Entry, Journal, Log, findings

from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.note import Signer
from ledger.transparency.tree import EMPTY_ROOT, RightEdge, leaf_hash

SIGNER = Signer("ledger.test", bytes(range(32)))
ANOTHER = Signer("ledger.test", bytes(32))
KEYS = [f"00000000-0000-4000-8000-00000000000{n}" for n in range(6)]


def entry(position: int, stream: str, version: int, key: str | None, name: str | None = None) -> Entry:
    members = {"id": name or f"fact {position}", "stream": stream, "version": version, "key": key, "at": position}
    text = json.dumps(members).encode()
    return Entry(position, stream, version, leaf_hash(text), text)


def note(log: Log, size: int, signer: Signer = SIGNER) -> str:
    edge = RightEdge().extend([each.leaf for each in log.entries[:size]])
    return Checkpoint(signer.name, size, edge.root()).sign(signer)


def receipt(log: Log, *positions: int, size: int | None = None) -> dict[str, object]:
    found = [log.entries[position - 1] for position in positions]
    return {
        "events": [
            {
                "stream": each.stream,
                "version": each.version,
                "id": json.loads(each.entry)["id"],
                "type": "AbsenceRecorded",
                "position": each.position,
                "leaf": base64.b64encode(each.leaf).decode(),
            }
            for each in found
        ],
        "checkpoint": note(log, size or positions[-1]),
        "warnings": [],
    }


@pytest.fixture
def told() -> tuple[Journal, Log]:
    """A release and four commands on two cases, one of them with two facts; all as it should be."""
    log = Log(
        [
            entry(1, "ledger", 1, None),
            entry(2, "offender-a", 1, KEYS[0]),
            entry(3, "offender-a", 2, KEYS[1]),
            entry(4, "offender-a", 3, KEYS[1]),
            entry(5, "offender-b", 1, KEYS[2]),
            entry(6, "offender-b", 2, KEYS[3]),
        ],
        [(KEYS[0], 2, 2), (KEYS[1], 3, 4), (KEYS[2], 5, 5), (KEYS[3], 6, 6)],
    )
    journal = Journal()
    for key, positions, size in ((KEYS[0], (2,), 2), (KEYS[1], (3, 4), 5), (KEYS[2], (5,), 5), (KEYS[3], (6,), 6)):
        journal.sending(Asked(log.entries[positions[0] - 1].stream, f"/{key}", "practitioner", {}, key))
        journal.answered(key, receipt(log, *positions, size=size))
    return journal, log


def without(log: Log, position: int) -> None:
    """The fact is gone, and those after it moved up."""
    del log.entries[position - 1]
    log.entries[position - 1 :] = [replace(each, position=each.position - 1) for each in log.entries[position - 1 :]]


def test_what_was_acknowledged_and_is_there_gives_no_findings(told: tuple[Journal, Log]):
    assert findings(*told, SIGNER.verifier()) == []


def no_such_root(journal: Journal, log: Log) -> None:
    wrong = Checkpoint(SIGNER.name, 6, EMPTY_ROOT).sign(SIGNER)
    journal.asked[KEYS[3]].receipt = {**receipt(log, 6), "checkpoint": wrong}


def forged(journal: Journal, log: Log) -> None:
    journal.asked[KEYS[3]].receipt = {**receipt(log, 6), "checkpoint": note(log, 6, ANOTHER)}


def shown_before_its_time(journal: Journal, log: Log) -> None:
    journal.asked[KEYS[3]].receipt = {**receipt(log, 6), "checkpoint": note(log, 5)}


def of_a_larger_log(journal: Journal, log: Log) -> None:
    edge = RightEdge().extend([each.leaf for each in log.entries]).append(bytes(32))
    more = Checkpoint(SIGNER.name, 7, edge.root()).sign(SIGNER)
    journal.asked[KEYS[3]].receipt = {**receipt(log, 6), "checkpoint": more}


def forked(journal: Journal, log: Log) -> None:
    """Rightly signed, seen at the address of the newest checkpoint, and of another history."""
    edge = RightEdge().extend([each.leaf for each in log.entries[:4]]).append(bytes(32))
    journal.saw(Checkpoint(SIGNER.name, 5, edge.root()).sign(SIGNER))


def rewritten(journal: Journal, log: Log) -> None:
    """The newest checkpoint that was seen is of a history in which a fact is another one."""
    leaves = [each.leaf for each in log.entries]
    journal.saw(
        Checkpoint(SIGNER.name, 6, RightEdge().extend([*leaves[:2], bytes(32), *leaves[3:]]).root()).sign(SIGNER)
    )


def swapped(_: Journal, log: Log) -> None:
    one, other = log.entries[3], log.entries[4]
    log.entries[3:5] = [replace(other, position=4), replace(one, position=5)]


def dropped(_: Journal, log: Log) -> None:
    del log.entries[5]


def dropped_in_the_middle(_: Journal, log: Log) -> None:
    without(log, 3)


def a_gap(_: Journal, log: Log) -> None:
    del log.entries[3]


def doubled(_: Journal, log: Log) -> None:
    log.entries.append(replace(log.entries[5], position=7))


def done_twice(_: Journal, log: Log) -> None:
    log.entries.append(entry(7, "offender-b", 3, KEYS[3]))


def written_and_never_acknowledged(_: Journal, log: Log) -> None:
    log.entries.append(entry(7, "offender-b", 3, KEYS[5]))


def half_written(_: Journal, log: Log) -> None:
    log.entries[3] = entry(4, "offender-c", 1, None)


def a_version_twice(_: Journal, log: Log) -> None:
    log.entries[5] = entry(6, "offender-b", 1, KEYS[3], "fact 6")


def altered_leaf(_: Journal, log: Log) -> None:
    log.entries[2] = replace(log.entries[2], leaf=bytes(32))


def altered_entry(_: Journal, log: Log) -> None:
    log.entries[2] = replace(log.entries[2], entry=log.entries[2].entry.replace(b"fact 3", b"fact 9"))


def altered_altogether(_: Journal, log: Log) -> None:
    log.entries[2] = entry(3, "offender-a", 2, KEYS[1], "fact 9")


def no_receipt_kept(_: Journal, log: Log) -> None:
    del log.receipts[2]


def two_receipts(_: Journal, log: Log) -> None:
    log.receipts.append((KEYS[2], 6, 6))


def a_receipt_of_other_facts(_: Journal, log: Log) -> None:
    log.receipts[1] = (KEYS[1], 3, 3)


def a_receipt_nobody_asked_for(_: Journal, log: Log) -> None:
    log.receipts.append((KEYS[5], 6, 6))


def never_answered(journal: Journal, _: Log) -> None:
    journal.sending(Asked("offender-b", "/late", "practitioner", {}, KEYS[4]))


def answered_otherwise(journal: Journal, log: Log) -> None:
    journal.answered(KEYS[2], receipt(log, 5, size=6))


def answered_with_other_facts(journal: Journal, log: Log) -> None:
    journal.answered(KEYS[2], receipt(log, 6, size=6))


@pytest.mark.parametrize(
    "defect,told_as",
    [
        (dropped, "acknowledged, and not in the log"),
        (dropped_in_the_middle, "another leaf than was acknowledged"),
        (dropped_in_the_middle, "versions [1, 3]"),
        (a_gap, "is missing"),
        (doubled, "more than once in the log"),
        (doubled, "3 facts are in the log, 2 were acknowledged"),
        (done_twice, "has facts at [6, 7], acknowledged was [6]"),
        (done_twice, "3 facts are in the log, 2 were acknowledged"),
        (written_and_never_acknowledged, "was never sent"),
        (half_written, "another stream, version or id"),
        (half_written, "has facts at [3], acknowledged was [3, 4]"),
        (a_version_twice, "versions [1, 1]"),
        (altered_leaf, "the leaf is not the hash of the entry"),
        (altered_leaf, "another leaf than was acknowledged"),
        (altered_entry, "the leaf is not the hash of the entry"),
        (altered_altogether, "another leaf than was acknowledged"),
        (altered_altogether, "has another root than the log"),
        (no_receipt_kept, "has receipts for []"),
        (two_receipts, "has receipts for [(5, 5), (6, 6)]"),
        (a_receipt_of_other_facts, "has receipts for [(3, 3)]"),
        (a_receipt_nobody_asked_for, "was never sent"),
        (never_answered, "never had a receipt"),
        (answered_otherwise, "answered twice, and differently"),
        (answered_with_other_facts, "answered twice, and differently"),
        (no_such_root, "has another root than the log"),
        (forged, "does not hold"),
        (forked, "the checkpoint of 5 facts has another root than the log"),
        (forked, "the checkpoint of 5 facts is not continued by that of 6"),
        (rewritten, "two roots for one size (6)"),
        (swapped, "another leaf than was acknowledged"),
        (swapped, "has another root than the log"),
        (shown_before_its_time, "does not cover position 6"),
        (of_a_larger_log, "a checkpoint of 7 facts was shown; the log has 6"),
    ],
)
def test_a_planted_defect_is_found(told: tuple[Journal, Log], defect: Callable[[Journal, Log], None], told_as: str):
    defect(*told)
    found = findings(*told, SIGNER.verifier())
    assert any(told_as in each for each in found), found
