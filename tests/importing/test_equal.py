"""Deciding ahead comes to what one line after the other comes to: the same facts, values, refusals, warnings, chains.

Two ledgers get the same lines, a little of the demonstration's caseload with every kind of damage: one imports them,
the other is given each line by the ledger's own way in, alone, before the next is read.  Half of the imports decide in
a process of its own, which has the next batch while what it decided is not sealed.  And a dry run before foretells it.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.conftest import Clusters
from tests.doors import Door, new_door

from ledger.aggregates.shape import Actor, in_london
from ledger.demonstration.caseload import caseload
from ledger.importing import LineKeys, Outcome, import_lines, read_line, rehearse, running
from ledger.importing.deciding import with_reference
from ledger.importing.lines import in_our_words, reason_of
from ledger.store.opening import DEMONSTRATION

Lines = list[bytes]
IMPORTER = Actor(str(uuid4()), "administrator")
TODAY = date(2026, 3, 2)
LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)  # than the ledgers were begun
LEFT_OUT = {"LogContact", "AuditQuality", "RecordSpotCheck"}  # most of what is told of placements


class Pair:
    """Two ledgers that were given the same so far."""

    def __init__(self, ahead: Door, alone: Door) -> None:
        self.ahead, self.alone = ahead, alone
        self.given = 0  # lines, in all


@pytest.fixture(scope="module")
def pair(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Pair]:
    with (
        new_door(clusters.ledger, clusters.vault, DEMONSTRATION) as ahead,
        new_door(clusters.ledger, clusters.vault, DEMONSTRATION) as alone,
    ):
        yield Pair(ahead, alone)


# ---------------------------------------------------------------------------------------- lines, and damage


def told(seed: int, cases: int) -> list[dict[str, Any]]:
    """A small caseload; what happened then is entered now, line after line."""
    found = [each for each in caseload(TODAY, seed, cases) if each["command"] not in LEFT_OUT]
    return [
        {**{name: value for name, value in each.items() if name != "at"}, "effective": in_utc(each["at"])}
        for each in found
    ]


def in_utc(moment: str) -> str:
    return in_london(datetime.fromisoformat(moment)).isoformat()


DAMAGE = ("lost", "late", "twice", "twice, anew", "wrong role", "garbage", "too early", "no key", "history", "holiday")


def damaged(lines: list[dict[str, Any]], damage: list[tuple[int, str]], began: datetime) -> Lines:
    """The lines as they come: each a second after the one before, unless it is damage that it is not."""
    found: list[dict[str, Any] | bytes] = list(lines)
    for where, kind in damage:
        at = where % len(found)
        line = found[at]
        if not isinstance(line, dict):
            continue
        match kind:
            case "lost":
                del found[at]
            case "late":
                found.insert(min(at + 7, len(found)), found.pop(at))
            case "twice":
                found.insert(at + 3, line)
            case "twice, anew":
                found.insert(at + 3, {**line, "key": str(uuid4())})
            case "wrong role":
                found[at] = {**line, "by": {**line["by"], "role": "provider"}}
            case "garbage":
                found[at] = b'{"command": nonsense'
            case "too early":
                found[at] = {**line, "at": "2020-01-01T09:00:00Z"}
            case "no key":
                found[at] = {name: value for name, value in line.items() if name != "key"}
            case "history":
                found[at] = {**line, "source": {"system": "old", "recorded": "2025-01-01T09:00:00Z"}}
            case _:
                found.insert(at, holiday(where))
    return [
        each if isinstance(each, bytes) else orjson.dumps({"at": (began + timedelta(seconds=n)).isoformat()} | each)
        for n, each in enumerate(found)
    ]


def holiday(number: int) -> dict[str, Any]:
    day = date(2027, 1, 4) + timedelta(days=number % 300)
    data = {"date": day.isoformat(), "name": "Extra", "source_ref": "a proclamation"}
    return {
        "command": "SetBankHoliday",
        "to": "policy/policy",
        "data": data,
        "by": {"id": str(uuid4()), "role": "chief-officer"},
        "key": str(uuid4()),
    }


# ---------------------------------------------------------------------------------------- two ways


def ahead(door: Door, lines: Lines, keys: LineKeys) -> Outcome:
    return door.run(import_lines(door.ledger, iter(enumerate(lines, 1)), keys, IMPORTER, lambda outcome: None))


def alone(door: Door, lines: Lines, keys: LineKeys) -> Outcome:
    """One line after the other, with nothing of the import but the reading of a line."""
    outcome = Outcome()
    for number, text in enumerate(lines, 1):
        command = None
        outcome.read += 1
        try:
            command = read_line(text, lambda n=number: keys.of(n), IMPORTER, simulated=door.ledger.store.simulated)
            command = door.run(with_reference(command, door.ledger.store.database, {}))
            done = door.run(door.ledger.execute(command))
        except Exception as problem:
            rule, reason = reason_of(problem)
            outcome.was_set_aside(number, text, rule, in_our_words(reason, command) if command else reason)
        else:
            if done.repeated:
                outcome.was_repeated(text)
            else:
                outcome.was_recorded(text, len(done.body["events"]))
    return outcome


def foreseen(door: Door, lines: Lines, keys: LineKeys) -> Outcome:
    """What a dry run says of them."""
    return door.run(rehearse(door.ledger, iter(enumerate(lines, 1)), keys, IMPORTER, lambda outcome: None))


def recorded(door: Door, first: int) -> list[dict[str, Any]]:
    """Every fact from a position on, whole, with its values open; ids of facts by their positions."""
    found = door.run(door.ledger.store.database.entries(first, door.size))
    entries = [orjson.loads(entry) for _, _, entry in found]
    positions = {each["id"]: position for (position, _, _), each in zip(found, entries, strict=True)}
    return [plain(door, position, each, positions) for (position, _, _), each in zip(found, entries, strict=True)]


def plain(door: Door, position: int, entry: dict[str, Any], positions: dict[str, int]) -> dict[str, Any]:
    stored = [
        each for each in door.run(door.ledger.store.database.stream(entry["stream"])) if each.position == position
    ]
    values = door.run(door.ledger.cases.opened({position: stored[0]})) if "sealed" in entry else {}
    named = entry.get("values", {}).get("event_ref")
    return {
        **{name: value for name, value in entry.items() if name not in ("id", "previous")},
        "sealed": values.get(position, {}),
        "values": entry.get("values", {}) | ({"event_ref": positions.get(named, named)} if named else {}),
        "warnings": warnings_of(door, entry),
    }


def warnings_of(door: Door, entry: dict[str, Any]) -> bytes | None:
    found = door.run(door.ledger.store.database.receipt(UUID(entry["key"])))
    assert found is not None
    return found[1].warnings


# A failing example is printed as it is: making it smaller would take longer than reading it.
@pytest.mark.soak
@settings(max_examples=8, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10_000),
    cases=st.integers(1, 3),
    damage=st.lists(st.tuples(st.integers(0, 10_000), st.sampled_from(DAMAGE)), max_size=12),
    most=st.integers(1, 60),
    apart=st.booleans(),
)
@pytest.mark.timeout(600)
def test_the_same_comes_of_the_same_lines(
    pair: Pair,
    seed: int,
    cases: int,
    damage: list[tuple[int, str]],
    most: int,
    apart: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    began = LATER + timedelta(seconds=pair.given)
    lines = damaged(told(seed, cases), damage, began)
    pair.given += len(lines) + 10
    keys = LineKeys(tmp_path_factory.mktemp("keys"), Path("lines"))
    first = pair.ahead.size + 1
    assert pair.alone.size + 1 == first
    dry = foreseen(pair.ahead, lines, keys)
    assert pair.ahead.size + 1 == first
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "MOST", most)
        patch.setattr(running, "WORTH_A_PROCESS", 0 if apart else 10**9)
        by_batches = ahead(pair.ahead, lines, keys)
    one_by_one = alone(pair.alone, lines, keys)
    assert by_batches == one_by_one
    assert by_batches.reconciles
    assert replace(dry, dry=False) == by_batches
    assert recorded(pair.ahead, first) == recorded(pair.alone, first)
    again = ahead(pair.ahead, lines, keys)
    assert again == alone(pair.alone, lines, keys)
    assert (again.recorded, again.facts) == (0, 0)
    assert replace(foreseen(pair.ahead, lines, keys), dry=False) == again
