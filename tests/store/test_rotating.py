"""A log gets another key: it says so itself, both sign for 90 days, and who holds the old one can follow."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import Clusters
from tests.doors import Door, new_door, opened

from ledger.application import Ledger
from ledger.errors import Conflict, Setup
from ledger.fetching import Answered
from ledger.store import rotating
from ledger.store.opening import DEMONSTRATION
from ledger.transparency.announcement import followed
from ledger.transparency.bundle import verify_bundle
from ledger.transparency.cosignature import parse_vkey
from ledger.transparency.errors import SignatureError
from ledger.transparency.note import Signer, open_note
from ledger.witnessing.kept import Keeping
from ledger.witnessing.remote import RemoteLog
from ledger.witnessing.station import Station


@pytest.fixture
def fresh(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    """A ledger for one test alone; both its logs are verified at the end, with every key they ever had."""
    with new_door(clusters.ledger, clusters.vault) as door:
        yield door


def rotated(door: Door) -> tuple[Any, Any]:
    """(the old key, the new one) as verifiers."""
    old = door.ledger.store.signer.verifier()
    return old, parse_vkey(door.run(rotating.rotate(door.ledger.store)))


def signed_by(note: str, *keys: Any) -> int:
    return len(open_note(note, keys).signatures)


def proofs(door: Door) -> list[str]:
    return [each["proof"] for each in door.get("/log/announcements", None).json()["announcements"]]


def let_go(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The 90 days are over."""
    monkeypatch.setattr(rotating, "BESIDE", timedelta(0))
    assert door.run(rotating.retire_due(door.ledger.store))


def test_both_keys_sign_receipts_checkpoints_proofs_and_the_file(fresh: Door):
    case = fresh.new_case()
    old, new = rotated(fresh)
    assert old.vkey() != new.vkey()
    made = fresh.post(f"{case.path}/record-absence", case.absence(), "supervisor").json()
    store = fresh.ledger.store
    fresh.run(store.released.keep())
    kept = store.released.read()
    assert kept is not None
    proof = fresh.get(f"/log/proof/{fresh.size}", None).text
    for note in (made["checkpoint"], fresh.get("/log/checkpoint", None).text, kept, proof[proof.index("\n\n") + 2 :]):
        assert signed_by(note, old, new) == 2
    told = fresh.get("/log/vkeys", None).text.splitlines()
    assert told == [old.vkey(), new.vkey(), store.second.verifier.vkey()]
    assert fresh.get("/log/vkey", None).text.strip() == old.vkey(), "the one that readers hold already"


def test_the_announcement_leads_from_the_old_key_to_the_new(fresh: Door):
    old, new = rotated(fresh)
    store = fresh.ledger.store
    assert [each.vkey() for each in followed(store.origin, [old], proofs(fresh))] == [old.vkey(), new.vkey()]
    stranger = Signer(store.origin, b"\x09" * 32).verifier()
    assert followed(store.origin, [stranger], proofs(fresh)) == [stranger]
    [told] = fresh.get("/log/announcements", None).json()["announcements"]
    assert (told["vkey"], told["replaces"], told["position"]) == (new.vkey(), old.vkey(), fresh.size)


def test_after_90_days_the_old_key_is_gone_and_what_it_signed_still_holds(fresh: Door, monkeypatch: pytest.MonkeyPatch):
    fresh.new_case()
    keys = fresh.settings.home / "keys"
    seed = (keys / "log.key").read_text("ascii")
    fresh.run(fresh.ledger.store.released.keep())
    old, new = rotated(fresh)
    let_go(fresh, monkeypatch)
    assert not any(seed.strip() in each.read_text("utf-8") for each in keys.iterdir() if each.is_file())
    fresh.new_case()
    note = fresh.get("/log/checkpoint", None).text
    assert signed_by(note, new) == 1
    with pytest.raises(SignatureError):
        open_note(note, [old])
    assert [each.vkey() for each in followed(fresh.ledger.store.origin, [old], proofs(fresh))] == [
        old.vkey(),
        new.vkey(),
    ]
    assert fresh.verify().ok, "notes that only the old key signed are among those that are kept"


def test_a_second_one_waits_until_the_first_has_served(fresh: Door, monkeypatch: pytest.MonkeyPatch):
    first, second = rotated(fresh)
    with pytest.raises(Conflict, match="signs beside the old one until"):
        fresh.run(rotating.rotate(fresh.ledger.store))
    assert not fresh.run(rotating.retire_due(fresh.ledger.store))
    monkeypatch.setattr(rotating, "BESIDE", timedelta(0))
    again, third = rotated(fresh)
    assert again.vkey() == first.vkey(), "the key as it was when it was asked for"
    assert [each.vkey() for each in followed(fresh.ledger.store.origin, [first], proofs(fresh))] == [
        first.vkey(),
        second.vkey(),
        third.vkey(),
    ]


def test_a_rotation_that_was_cut_short_is_gone_on_with(fresh: Door):
    store = fresh.ledger.store
    old, prepared = store.signer.verifier(), store.keys.prepare().verifier()
    assert signed_by(fresh.run(store.covering(1))[1], old) == 1
    fresh.new_case()
    assert proofs(fresh) == []
    assert rotated(fresh)[1].vkey() == prepared.vkey()
    assert len(proofs(fresh)) == 1


@pytest.mark.parametrize("gone", [False, True], ids=["within 90 days", "after 90 days"])
def test_a_ledger_that_starts_again_signs_as_it_did(
    clusters: Clusters, ledger_template: str, vault_template: str, monkeypatch: pytest.MonkeyPatch, gone: bool
):
    with new_door(clusters.ledger, clusters.vault) as door:
        old, new = rotated(door)
        door.run(door.ledger.store.released.keep())
        if gone:
            let_go(door, monkeypatch)
        with opened(door.settings, door.places) as again:
            assert again.ledger.store.read_only is None
            again.new_case()
            note = again.get("/log/checkpoint", None).text
            assert signed_by(note, new) == 1
            assert signed_by(note, old, new) == (1 if gone else 2)
            assert again.verify().ok


def test_a_process_beside_signs_with_both_from_the_announcement_on(fresh: Door, monkeypatch: pytest.MonkeyPatch):
    async def both() -> tuple[str, str, str]:
        beside = await Ledger.open(fresh.settings, places=fresh.places)
        try:
            await asyncio.gather(
                *(rotating.say(beside.store, rotating.LogKeyAnnounced(vkey=vkey)) for vkey in [beside.store.vkeys[-1]])
            )
            old = beside.store.vkeys[0]
            new = await rotating.rotate(fresh.ledger.store)
            await rotating.say(beside.store, rotating.LogKeyAnnounced(vkey=beside.store.vkeys[-1]))
            together = (await beside.store.covering(1))[1]
            monkeypatch.setattr(rotating, "BESIDE", timedelta(0))
            assert await rotating.retire_due(fresh.ledger.store)
            assert not await rotating.retire_due(beside.store), "another has done it"
            await rotating.say(beside.store, rotating.LogKeyAnnounced(vkey=beside.store.vkeys[-1]))
            alone = (await beside.store.covering(1))[1]
            assert signed_by(together, parse_vkey(old), parse_vkey(new)) == 2
            return old, new, alone
        finally:
            await beside.close()

    old, new, alone = fresh.run(both())
    assert signed_by(alone, parse_vkey(old), parse_vkey(new)) == 1


def test_the_access_log_has_keys_of_its_own(fresh: Door):
    access = fresh.ledger.store.access
    old = access.signer.verifier()
    new = parse_vkey(fresh.run(rotating.rotate(access)))
    told = [each["proof"] for each in fresh.get("/access/log/announcements", None).json()["announcements"]]
    assert [each.vkey() for each in followed(access.origin, [old], told)] == [old.vkey(), new.vkey()]
    assert proofs(fresh) == []


def test_the_second_key_is_announced_once(fresh: Door):
    store = fresh.ledger.store
    vkeys = {fresh.run(rotating.announce_second(store)) for _ in range(2)}
    assert vkeys == {store.second.verifier.vkey()}
    keys = followed(store.origin, [store.signer.verifier()], proofs(fresh))
    assert [each.vkey() for each in keys] == list(store.vkeys)


def test_the_second_key_is_rotated_like_the_first(fresh: Door, monkeypatch: pytest.MonkeyPatch):
    store = fresh.ledger.store
    fresh.run(rotating.announce_second(store))
    first, old = store.signer.verifier(), store.second.verifier
    seed = (fresh.settings.home / "keys" / "log-mldsa.key").read_text("ascii")
    new = parse_vkey(fresh.run(rotating.rotate(store, store.second.keys)))
    assert store.vkeys == (first.vkey(), old.vkey(), new.vkey())
    fresh.new_case()
    note = fresh.get("/log/checkpoint", None).text
    assert signed_by(note, first, old, new) == 3
    assert store.second.under(note) == note, "each signs once"
    with pytest.raises(Conflict, match="signs beside the old one until"):
        fresh.run(rotating.rotate(store, store.second.keys))
    assert [each.vkey() for each in followed(store.origin, [old], proofs(fresh))] == [old.vkey(), new.vkey()]
    let_go(fresh, monkeypatch)
    fresh.new_case()
    note = fresh.get("/log/checkpoint", None).text
    assert signed_by(note, first, new) == 2
    with pytest.raises(SignatureError):
        open_note(note, [old])
    keys = fresh.settings.home / "keys"
    assert not any(seed.strip() in each.read_text("utf-8") for each in keys.iterdir() if each.is_file())
    assert [each.vkey() for each in followed(store.origin, [old], proofs(fresh))] == [old.vkey(), new.vkey()]
    assert {each.vkey() for each in followed(store.origin, [first], proofs(fresh))} == {
        each.vkey() for each in (first, old, new)
    }
    assert {each.vkey() for each in store.cosigned.known} == {each.vkey() for each in (first, old, new)}


def test_both_keys_may_serve_beside_their_successors_at_once(fresh: Door, monkeypatch: pytest.MonkeyPatch):
    store = fresh.ledger.store
    rotated(fresh)
    fresh.run(rotating.rotate(store, store.second.keys))
    assert len(store.vkeys) == 4
    known = [parse_vkey(each) for each in store.vkeys]
    assert signed_by(fresh.get("/log/checkpoint", None).text, *known) == 4
    let_go(fresh, monkeypatch)
    assert store.vkeys == (known[1].vkey(), known[3].vkey())


def test_an_announcement_moves_no_policy_and_refuses_no_command(fresh: Door):
    case = fresh.new_case()
    before = fresh.run(fresh.ledger.cases.policy(fresh=True)).policy
    rotated(fresh)
    assert fresh.run(fresh.ledger.cases.policy(fresh=True)).policy is before
    assert fresh.post(f"{case.path}/record-absence", case.absence(), "supervisor").status_code == 201


def test_in_a_simulated_ledger_the_90_days_are_the_ledgers(
    clusters: Clusters, ledger_template: str, vault_template: str
):
    with new_door(clusters.ledger, clusters.vault, DEMONSTRATION) as door:
        store = door.ledger.store
        case = door.new_case()
        rotated(door)
        began = datetime.now(UTC)
        for days, gone in ((89, False), (91, True)):
            given = case.absence(1)
            door.give(case.to, "RecordAbsence", given, "supervisor", at=began + timedelta(days=days))
            assert door.run(rotating.retire_due(store)) is gone


# --- whoever checks from outside ---------------------------------------------------------------------------


class DoorPeer:
    """Asks the application as a witness asks a server."""

    def __init__(self, door: Door) -> None:
        self.url, self._door = "http://ledger.test", door

    def ask(self, method: str, path: str, body: bytes | None = None, *, most: int, **_: Any) -> Answered:
        answer = self._door.ask(method, path, None, content=body)
        assert len(answer.content) <= most
        return Answered(answer.status_code, answer.headers["content-type"].split(";")[0], answer.content)


def remote_of(door: Door) -> RemoteLog:
    remote = RemoteLog("http://ledger.test")
    remote.peer = DoorPeer(door)  # type: ignore[assignment]
    return remote


@pytest.mark.parametrize("looks_between", [True, False])
def test_a_witness_follows_a_log_from_key_to_key(
    fresh: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks_between: bool
):
    fresh.new_case()
    origin, remote = fresh.ledger.store.origin, remote_of(fresh)
    keeping = Keeping(tmp_path / "w")
    station = Station(keeping, alarm=print)
    station.meet(remote)
    first = station.follow(origin, remote)
    assert first is not None
    assert first.held is not None
    old, new = rotated(fresh)
    if looks_between:
        assert station.follow(origin, remote) is not None
    let_go(fresh, monkeypatch)
    fresh.new_case()
    answer = station.follow(origin, remote)
    assert answer is not None
    assert answer.held is not None
    assert answer.held.size == fresh.size
    keeping.close()
    keeping = Keeping(tmp_path / "w")
    again = Station(keeping, alarm=print)
    assert {old.vkey(), new.vkey()} <= {each.vkey() for each in again.witness.logs[origin]}
    again.meet(remote)
    fresh.new_case()
    assert again.follow(origin, remote) is not None
    keeping.close()


def test_a_witness_accepts_no_key_that_the_old_one_did_not_announce(fresh: Door, tmp_path: Path):
    fresh.new_case()
    store, remote = fresh.ledger.store, remote_of(fresh)
    stranger = Signer(store.origin, b"\x09" * 32)
    keeping = Keeping(tmp_path / "w")
    station = Station(keeping, [stranger.verifier()], alarm=print)
    rotated(fresh)
    with pytest.raises(Setup, match="is known here by another key"):
        station.meet(remote)
    with pytest.raises(SignatureError):
        station.follow(store.origin, remote)
    assert [each.vkey() for each in station.witness.logs[store.origin]] == [stranger.verifier().vkey()]
    keeping.close()


def test_a_bundle_is_verified_by_either_key_and_years_later_through_the_announcement_in_it(
    fresh: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    from ledger.cli import main

    case = fresh.new_case()
    fresh.run(rotating.announce_second(fresh.ledger.store))
    old, new = rotated(fresh)
    fresh.run(rotating.rotate(fresh.ledger.store.access))

    def bundle() -> bytes:
        by = fresh.actor("practitioner")
        return fresh.run(fresh.ledger.export("offender", case.id, "supervision", "the court", by, printed=False)).data

    both = bundle()
    for key in (old, new):
        report = verify_bundle(both, [key.vkey()])
        assert report.ok, report.words()
    let_go(fresh, monkeypatch)
    fresh.new_case()
    fresh.give(case.to, "RecordAbsence", case.absence(), "supervisor")
    file = tmp_path / "case.zip"
    file.write_bytes(bundle())
    monkeypatch.chdir(tmp_path)
    assert main(["verify", str(file), "--key", new.vkey()]) == 0
    assert "signs no more" not in capsys.readouterr().out
    assert main(["verify", str(file), "--key", old.vkey(), "--key", fresh.ledger.store.second.verifier.vkey()]) == 0
    told = capsys.readouterr().out
    assert f"{old.name}+{old.key_id.hex()} signs no more: the log announced {new.name}+{new.key_id.hex()}" in told
    stranger = Signer(fresh.ledger.store.origin, b"\x09" * 32).verifier()
    assert main(["verify", str(file), "--key", stranger.vkey()]) == 1
