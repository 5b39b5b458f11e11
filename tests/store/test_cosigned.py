"""Both keys of the log sign what leaves; a policy is met from here or refused; witnesses are asked as they need it."""

from __future__ import annotations

import asyncio
import logging
import stat
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from tests.conftest import Clusters
from tests.doors import Door, new_door
from tests.journeys.process import free_port

from ledger.errors import NotFound, Setup
from ledger.settings import Settings
from ledger.store.cosigned import SecondKey, policy_at
from ledger.store.cosigning import Cosigning
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import Cosigner, parse_vkey
from ledger.transparency.note import Signer, open_note, parse_note
from ledger.transparency.policy import Policy
from ledger.transparency.tree import RightEdge, leaf_hash
from ledger.transparency.witness import request_of
from ledger.witnessing.kept import Keeping
from ledger.witnessing.running import service
from ledger.witnessing.station import Station

W1, W2 = (Cosigner(f"witness.example/w{at}", bytes([at]) * 32) for at in (1, 2))


# --- the second key ----------------------------------------------------------------------------------------


def test_the_second_key_signs_under_the_first_and_once(tmp_path: Path) -> None:
    log, second = Signer("ledger.example/kent", b"\x01" * 32), SecondKey("ledger.example/kent", tmp_path / "2.key")
    for size in (3, 4, 3):
        note = Checkpoint(log.name, size, bytes(32)).sign(log)
        both = second.under(note)
        assert [each.key_id for each in open_note(both, [log.verifier(), second.verifier]).signatures] == [
            log.key_id,
            second.verifier.key_id,
        ]
        assert second.under(both) == both
        assert parse_note(both).signatures[0] == parse_note(note).signatures[0]


def test_a_log_with_a_name_too_long_to_be_signed_so_does_not_open(tmp_path: Path) -> None:
    with pytest.raises(Setup, match="cannot be called"):
        SecondKey("x" * 256, tmp_path / "2.key")
    with pytest.raises(Setup, match="at most 200 bytes"):
        Settings.from_environment({"LEDGER_ORIGIN": "x" * 201})


def test_a_checkpoint_leaves_signed_by_both_keys_and_a_receipt_carries_one(door: Door) -> None:
    store = door.ledger.store
    receipt = door.new_case()
    assert receipt
    note = door.ask("GET", "/log/checkpoint", None).text
    told = [parse_vkey(each) for each in door.ask("GET", "/log/vkeys", None).text.splitlines()]
    known = [store.signer.verifier(), store.second.verifier]
    assert [each.vkey() for each in told] == [each.vkey() for each in known]
    assert len(open_note(note, known).signatures) == 2
    door.run(store.released.keep())
    kept = store.released.read()
    assert kept is not None
    assert len(open_note(kept, known).signatures) == 2
    assert stat.S_IMODE((store.home / "keys" / "log-mldsa.key").stat().st_mode) == 0o600
    access = door.run(store.access.checkpoint()) if store.access.released.size else None
    if access:
        assert parse_note(access).signatures[1].key_id == store.access.second.verifier.key_id


# --- the policy --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text,why",
    [
        (None, "cannot be read"),
        ("quorum\n", "makes no sense: line 1"),
        (f"witness w1 {W1.verifier().vkey()}\nquorum w1\n", "not enough of its witnesses have an address"),
    ],
)
def test_a_policy_that_can_never_be_met_from_here_is_refused(tmp_path: Path, text: str | None, why: str) -> None:
    file = tmp_path / "policy"
    if text is not None:
        file.write_text(text, "utf-8")
    with pytest.raises(Setup, match=why):
        policy_at(file)


# --- asking ------------------------------------------------------------------------------------------------


@contextmanager
def witness(home: Path, door: Door) -> Generator[tuple[Station, str]]:
    """A witness that knows this ledger's log, served on a thread."""
    keeping = Keeping(home, "witness.example/w1")
    station = Station(keeping, [door.ledger.store.signer.verifier()], alarm=lambda text: None)
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(service(station), host="127.0.0.1", port=port, log_config=None, lifespan="off", ws="none")
    )
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        threading.Event().wait(0.01)
    try:
        yield station, f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
        keeping.close()


@pytest.fixture
def own_door(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    with new_door(clusters.ledger, clusters.vault) as made:
        yield made


def asking(door: Door, policy: str) -> Cosigning:
    door.ledger.store.cosigned.policy = Policy.parse(policy.encode())
    return Cosigning(door.ledger.store, 1)


def test_each_checkpoint_is_cosigned_and_the_newest_that_is_leaves(own_door: Door, tmp_path: Path) -> None:
    door, store = own_door, own_door.ledger.store
    with witness(tmp_path / "w", door) as (station, url):
        cosigning = asking(door, f"witness w1 {station.vkey} {url}\nquorum w1\n")
        with pytest.raises(NotFound, match="No checkpoint has the cosignatures"):
            door.run(store.checkpoint())
        for _ in range(3):
            door.new_case()
            door.run(cosigning.round())
            newest = store.cosigned.newest()
            assert newest is not None
            assert newest[0].size == door.size
            assert door.run(store.checkpoint()) == newest[1]
        held = newest[1]
        door.new_case()
        assert door.run(store.checkpoint()) == held  # until the next round
        # Another process, or this one after a start, knows nothing of what the witness holds and is told.
        again = Cosigning(store, 1)
        door.run(again.round())
        assert door.run(store.checkpoint()) != held
        assert store.cosigned.status()["witnesses"][0]["size"] == door.size
    store.cosigned.policy = None


def test_a_quorum_that_is_not_reached_holds_back_and_seals_on(own_door: Door, tmp_path: Path) -> None:
    door, store = own_door, own_door.ledger.store
    with witness(tmp_path / "w", door) as (station, url):
        lines = f"witness w1 {station.vkey} {url}\nwitness w2 {W2.verifier().vkey()} http://127.0.0.1:{free_port()}\n"
        cosigning = asking(door, f"{lines}group both all w1 w2\nquorum both\n")
        before = door.size
        door.new_case()
        door.run(cosigning.round())
        assert door.size > before
        assert store.cosigned.newest() is None
        w1, w2 = store.cosigned.status()["witnesses"]
        assert (w1["size"], w1["problem"]) == (door.size, None)
        assert (w2["size"], w2["at"]) == (0, None)
        assert "does not answer" in w2["problem"]
        cosigning = asking(door, f"{lines}group one any w1 w2\nquorum one\n")
        door.run(cosigning.round())
        newest = store.cosigned.newest()
        assert newest is not None
        assert newest[0].size == door.size
    store.cosigned.policy = None


def test_a_witness_that_does_not_know_the_log_or_signs_with_another_key_is_told(own_door: Door, tmp_path: Path) -> None:
    door, store = own_door, own_door.ledger.store
    with witness(tmp_path / "w", door) as (station, url):
        cosigning = asking(door, f"witness w2 {W2.verifier().vkey()} {url}\nquorum w2\n")
        door.run(cosigning.round())
        assert "no known key signed" in store.cosigned.status()["witnesses"][0]["problem"]
        cosigning = asking(door, f"witness w1 {station.vkey} {url}/nowhere\nquorum w1\n")
        door.run(cosigning.round())
        assert store.cosigned.status()["witnesses"][0]["problem"] == "it answers 404"
        assert store.cosigned.newest() is None
    store.cosigned.policy = None


@pytest.mark.parametrize("size", [1, 10_000], ids=["smaller", "larger"])
def test_another_history_at_a_witness_is_an_alarm_that_prints_both(
    own_door: Door, tmp_path: Path, caplog: pytest.LogCaptureFixture, size: int
) -> None:
    door, store = own_door, own_door.ledger.store
    other = Checkpoint(store.origin, size, RightEdge().extend([leaf_hash(b"another")] * size).root())
    with witness(tmp_path / "w", door) as (station, url):
        assert station.add_checkpoint(request_of(0, [], other.sign(store.signer))).status == 200
        cosigning = asking(door, f"witness w1 {station.vkey} {url}\nquorum w1\n")
        with caplog.at_level(logging.CRITICAL):
            for _ in range(2):
                door.run(cosigning.round())
        [alarm] = [each for each in caplog.records if each.name == "ledger.store.cosigning"]
        fields = alarm.fields  # type: ignore[attr-defined]
        known = [store.signer.verifier()]
        assert Checkpoint.open(fields["theirs"], store.origin, known) == other
        assert Checkpoint.open(fields["ours"], store.origin, known).size == door.size
        expected = "two roots for the first 1 facts" if size == 1 else "holds more of this log than there is"
        assert expected in alarm.getMessage()
        assert store.cosigned.newest() is None
    before = door.size
    door.new_case()
    assert door.size > before
    store.cosigned.policy = None
