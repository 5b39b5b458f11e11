"""A loss is accepted: both logs go on under another name and other keys, and whoever held the old ones can tell."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from tests.conftest import Clusters
from tests.doors import Case, Door, a_problem, opened
from tests.store.authority import OPENSSL, Authority, served

from ledger.errors import LedgerError, Setup
from ledger.settings import Settings
from ledger.store import losing, naming, rotating
from ledger.store.closing import Closer
from ledger.store.losing import Accepted, Wanted, accept_loss
from ledger.store.opening import DEMONSTRATION, Place, embedded_place
from ledger.store.timestamping import Timestamping, roots_at
from ledger.store.unsealing import Unsealing
from ledger.store.verifying import verify_database
from ledger.store.verifying_since import verify_since
from ledger.transparency.bundle import verify_bundle
from ledger.transparency.bundle.archive import unpack
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import parse_vkey
from ledger.transparency.errors import SignatureError
from ledger.transparency.note import Signer, open_note
from ledger.transparency.verify import Report

KENT = "ledger.example/kent"
ANEW = "ledger.example/kent/2"


@dataclass
class House:
    """A home with its two databases, of which the ledger's can be put back to an earlier state."""

    settings: Settings
    clusters: Clusters
    name: str
    made: list[str] = field(default_factory=list[str])

    @property
    def places(self) -> Sequence[Place]:
        pair = ((self.clusters.ledger, self.name), (self.clusters.vault, self.made[0]))
        return [embedded_place(cluster, name) for cluster, name in pair]

    def backup(self) -> str:
        """Of the ledger's database, as it is now; nobody may have it open."""
        name = f"copy_{token_hex(6)}"
        self.clusters.ledger.create_database(name, self.name)
        self.made.append(name)
        return name

    def opened(self, kind: str | None = None, *, verified: bool = True, **changed: Any) -> AbstractContextManager[Door]:
        return opened(self.settings.model_copy(update=changed), self.places, kind, verified=verified)

    def accept(self, origin: str = ANEW, cause: str = "facts-lost", **more: Any) -> list[Accepted]:
        return asyncio.run(accept_loss(self.settings, Wanted(origin, cause, **more), self.places))

    @property
    def home(self) -> Path:
        return self.settings.home

    def seeds(self) -> dict[str, str]:
        return {each.name: each.read_text("ascii") for each in (self.home / "keys").glob("*.key")}


needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="no openssl, whose authority stamps the checkpoints")


@pytest.fixture
def house(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[House]:
    name = f"house_{token_hex(6)}"
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    clusters.ledger.create_database(name, ledger_template)
    clusters.vault.create_database(name, vault_template)
    made = House(Settings(home=folder), clusters, name, [name])
    with made.opened("", origin=KENT):
        pass
    yield made
    for each in made.made:
        clusters.ledger.drop_database(each)
    clusters.vault.drop_database(name)
    shutil.rmtree(folder)


@dataclass
class Lost:
    """What there was before facts were lost: a case in the backup, one that is gone, and what was held outside."""

    kept: Case
    gone: Case
    size: int  # of the backup
    vkeys: Sequence[str]
    access_vkeys: Sequence[str]
    early: str  # a checkpoint that the backup holds
    late: str  # and one of facts that are gone
    token: str


def lose(house: House) -> Lost:
    """The database is put back to a backup, and what came after it is gone."""
    with house.opened() as door:
        kept = door.new_case()
        a_problem(door.post(f"/offenders/{uuid4()}/record-offender", {}, "auditor"), 403)
        size, early = door.size, door.run(door.ledger.checkpoint())
    backup = house.backup()
    with house.opened() as door:
        gone = door.new_case()
        a_problem(door.post(f"/offenders/{uuid4()}/record-offender", {}, "auditor"), 403)
        late, token = door.run(door.ledger.checkpoint()), door.token("supervisor")
        vkeys, access_vkeys = door.ledger.store.vkeys, door.ledger.store.access.vkeys
    house.name = backup
    return Lost(kept, gone, size, vkeys, access_vkeys, early, late, token)


def refused(door: Door) -> Any:
    return door.post(f"/offenders/{uuid4()}/record-offender", {}, "auditor")


def signed_by(note: str, *vkeys: str) -> int:
    try:
        return len(open_note(note, [parse_vkey(each) for each in vkeys]).signatures)
    except SignatureError:
        return 0


# --- facts are gone ----------------------------------------------------------------------------------------


def test_a_ledger_that_lost_facts_goes_on_under_another_name(house: House):
    was = lose(house)
    with house.opened(verified=False) as door:
        assert "accept-loss" in (door.ledger.store.read_only or "")
    own, access = house.accept()
    assert (own.origin, own.earlier, own.position) == (ANEW, KENT, was.size + 1)
    assert (access.origin, access.earlier) == (f"{ANEW}/access", f"{KENT}/access")
    assert own.checkpoint is not None
    assert own.checkpoint.size > was.size
    with house.opened() as door:  # and verified, whole, at the end: both logs
        store = door.ledger.store
        assert (store.origin, store.access.origin, store.bound_to) == (ANEW, f"{ANEW}/access", KENT)
        assert (store.read_only, store.access.read_only) == (None, None)
        assert store.vkeys == tuple(own.vkeys)
        door.new_case()
        a_problem(refused(door), 403)
        note = door.get("/log/checkpoint", None).text
        assert note.startswith(f"{ANEW}\n{door.size}\n")
        assert (signed_by(note, *own.vkeys), signed_by(note, *was.vkeys)) == (2, 0)
        status = door.run(door.ledger.status())
        assert (status["origin"], status["earlier_origins"]) == (ANEW, [KENT])
        values = Unsealing(lambda ids: door.run(store.vault.keys_by_id(ids)))
        assert door.verify(values).ok, "values sealed before and after are bound to the first name"
        assert values.held
        assert door.get(f"{was.kept.path}/chronology").status_code == 200
        assert door.get(f"{was.gone.path}/chronology").status_code == 404


def test_the_fact_says_what_there_was_and_stands_in_both_logs(house: House):
    was = lose(house)
    house.accept()
    with house.opened() as door:
        for log, name in ((door.ledger.store, KENT), (door.ledger.store.access, f"{KENT}/access")):
            [loss] = door.run(naming.losses_of(log.database))
            assert loss.fact.cause == "facts-lost"
            assert (loss.fact.earlier_origin, loss.fact.origin) == (name, name.replace(KENT, ANEW))
            assert loss.fact.vkeys == list(log.vkeys)
            if name == KENT:
                assert loss.fact.earlier_vkeys == list(was.vkeys)
                assert loss.fact.checkpoint is not None
                assert loss.fact.checkpoint.split("\n\n")[0] == was.late.split("\n\n")[0]
        [told] = door.get("/log/announcements", None).json()["losses"]
        assert (told["origin"], told["earlier_origin"], told["position"]) == (ANEW, KENT, was.size + 1)


def test_the_checkpoint_files_of_before_are_set_aside_and_kept(house: House):
    lose(house)
    before = {name: (house.home / name).read_bytes() for name in ("checkpoint", "access-checkpoint")}
    accepted = house.accept()
    assert [[file.read_bytes() for file in each.set_aside] for each in accepted] == [[each] for each in before.values()]
    for each, name in zip(accepted, before, strict=True):
        assert each.set_aside[0].name == f"{name}.before-{each.position}"
        note = (house.home / name).read_text("utf-8")
        assert note.startswith(f"{each.origin}\n{each.position}\n")
        assert signed_by(note, *each.vkeys) == 2


def test_no_old_key_is_left_and_nothing_waits(house: House):
    lose(house)
    before = house.seeds()
    house.accept()
    after = house.seeds()
    assert not {"log-anew.key", "log-mldsa-anew.key", "access-anew.key", "access-mldsa-anew.key"} & after.keys()
    for name in ("log.key", "log-mldsa.key", "access.key", "access-mldsa.key"):
        assert before[name] not in after.values(), name
    assert after["vault.key"] == before["vault.key"]
    assert after["token.key"] == before["token.key"]


def test_what_an_auditor_with_the_old_key_sees(house: House):
    was = lose(house)
    house.accept()
    with house.opened() as door:
        store = door.ledger.store
        case = door.new_case()

        def since(note: str) -> Report:
            return verify_since(
                note, door.places[0].application(), store.origin, store.keys.known, earlier=store.earlier
            )

        early, late = since(was.early), since(was.late)
        assert early.ok, early.summary()
        assert late.findings[0].code == "checkpoint-lost"
        assert f"{KENT} ended at size {was.size}" in late.findings[0].message
        by = door.actor("practitioner")
        data = door.run(door.ledger.export("offender", case.id, "supervision", "the court", by, printed=False)).data
        assert verify_bundle(data, [store.vkeys[0]]).ok
        finding = verify_bundle(data, [was.vkeys[0]]).finding
        assert finding is not None
        assert finding.code == "key-differs"
        assert ANEW in str(finding)
        assert KENT in str(finding)


def test_a_case_leaves_under_the_new_name_though_keys_were_announced_under_the_old_one(house: House):
    with house.opened() as door:
        case = door.new_case()
        first = door.ledger.store.vkeys[0]
        door.run(rotating.announce_second(door.ledger.store))
        door.run(rotating.announce_second(door.ledger.store.access))
        door.run(rotating.rotate(door.ledger.store))
    house.accept(cause="key-stolen")
    with house.opened() as door:
        by = door.actor("practitioner")
        data = door.run(door.ledger.export("offender", case.id, "supervision", "the court", by, printed=False)).data
        assert verify_bundle(data, [door.ledger.store.vkeys[0]]).ok
        assert verify_bundle(data, [first]).finding is not None
        assert not any(name.startswith("announcements/") for name in unpack(data)), "none is of this name"


def test_tokens_of_before_are_not_taken_any_more(house: House):
    was = lose(house)
    house.accept()
    with house.opened() as door:
        answer = door.ask("GET", "/rules", None, headers={"Authorization": f"Bearer {was.token}"})
        a_problem(answer, 401)
        assert door.get("/rules", "supervisor").status_code == 200


def test_the_setting_of_the_name_follows(house: House):
    lose(house)
    house.accept()
    with (
        pytest.raises(Setup, match=f"this ledger's name is {ANEW} since a loss was accepted"),
        house.opened(origin=KENT),
    ):
        pass
    with house.opened(origin=ANEW) as door:
        assert door.ledger.store.origin == ANEW


def test_a_second_loss_is_accepted_like_the_first(house: House):
    lose(house)
    house.accept()
    with house.opened() as door:
        case = door.new_case()
    backup = house.backup()
    with house.opened() as door:
        rotating_key = door.run(rotating.rotate(door.ledger.store))
        door.new_case()
    house.name = backup
    with pytest.raises(Setup, match="was called"):
        house.accept(KENT)
    own, _ = house.accept("ledger.example/kent/3")
    with house.opened() as door:
        assert [each.origin for each in door.ledger.store.earlier] == [KENT, ANEW]
        assert rotating_key not in own.vkeys
        assert door.get(f"{case.path}/chronology").status_code == 200
        door.new_case()


def test_a_loss_accepted_with_a_backup_from_before_is_a_loss_again(house: House):
    """The keys are of the second name, and the database knows the first one only."""
    was = lose(house)
    before = house.backup()
    house.accept()
    house.name = before
    with house.opened(verified=False) as door:
        assert "does not fit" in (door.ledger.store.read_only or "")
    with pytest.raises(Setup, match="Give its verifier key"):
        house.accept("ledger.example/kent/3")
    keys = [parse_vkey(each) for each in (*was.vkeys, *was.access_vkeys)]
    with pytest.raises(Setup, match="was called"):
        house.accept(ANEW, keys=keys)
    own, _ = house.accept("ledger.example/kent/3", keys=keys)
    assert (own.earlier, own.position) == (KENT, was.size + 1)
    assert own.checkpoint is not None
    assert own.checkpoint.origin == ANEW, "the last one that left the house"
    with house.opened() as door:
        door.new_case()


# --- a key is gone, or in other hands ----------------------------------------------------------------------


def test_nothing_is_accepted_where_nothing_is_lost(house: House):
    before = house.seeds()
    for cause in ("facts-lost", "key-lost"):
        with pytest.raises(Setup, match="Nothing is lost"):
            house.accept(cause=cause)
    with pytest.raises(Setup, match="is no cause"):
        house.accept(cause="bad-luck")
    with pytest.raises(Setup, match="already"):
        house.accept(KENT, cause="key-stolen")
    with pytest.raises(Setup, match="cannot be called"):
        house.accept("two words", cause="key-stolen")
    assert {name: seed for name, seed in house.seeds().items() if "-anew" not in name} == before
    with house.opened() as door:
        assert door.ledger.store.origin == KENT


def test_after_a_theft_the_old_keys_say_nothing_any_more(house: House):
    with house.opened() as door:
        case = door.new_case()
        thief = Signer(KENT, bytes.fromhex((house.home / "keys" / "log.key").read_text("ascii").strip()))
        size, token = door.size, (house.home / "keys" / "token.key").read_text("ascii")
        held = door.run(door.ledger.checkpoint())
        door.new_case()
    own, access = house.accept(cause="key-stolen", held=[held])
    assert own.checkpoint == Checkpoint.parse(held.split("\n\n")[0] + "\n"), "what is held outside is what is named"
    assert access.checkpoint is None, "nothing was ever signed of it"
    assert token not in house.seeds().values(), "the embedded issuer's key lay beside the stolen one"
    with house.opened() as door:
        door.give(case.to, "RecordAbsence", case.absence(), "supervisor")
        forged = Checkpoint(KENT, door.size, bytes(32)).sign(thief)
        with psycopg.connect(house.clusters.ledger.conninfo("postgres", house.name)) as connection:
            connection.execute("INSERT INTO released (size, note) VALUES (%s, %s)", (door.size, forged))
        findings = door.verify().findings
        assert [each.code for each in findings] == ["checkpoint-lost"]
        with psycopg.connect(house.clusters.ledger.conninfo("postgres", house.name)) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("DELETE FROM released WHERE size = %s", (door.size,))
        assert door.size > size


def test_a_process_that_was_opened_before_seals_and_signs_nothing_after_it(house: House):
    with house.opened(verified=False) as door:
        case = door.new_case()
        size = door.size
        accepted = door.run(accept_loss(house.settings, Wanted(ANEW, "key-stolen"), house.places))
        answer = door.post(f"{case.path}/record-absence", case.absence(), "supervisor")
        problem = a_problem(answer, 503, "read-only")
        assert "goes on under another name" in problem["detail"]
        a_problem(refused(door), 503)
        assert door.size == size + 1 == accepted[0].position
        assert signed_by(door.get("/log/checkpoint", None).text, *accepted[0].vkeys) == 0
        with pytest.raises(LedgerError):
            door.ledger.store.note(door.size, bytes(32))
    with house.opened() as door:
        assert door.post(f"{case.path}/record-absence", case.absence(), "supervisor").status_code == 201


def test_a_lost_key_is_accepted_with_the_verifier_key_that_others_hold(house: House):
    with house.opened() as door:
        door.new_case()
        a_problem(refused(door), 403)
        vkeys = [*door.ledger.store.vkeys, *door.ledger.store.access.vkeys]
    for name in ("log.key", "log-mldsa.key", "access.key", "access-mldsa.key"):
        (house.home / "keys" / name).unlink()
    with pytest.raises(Setup, match="Give its verifier key"):
        house.accept(cause="key-lost")
    house.accept(cause="key-lost", keys=[parse_vkey(each) for each in vkeys])
    with house.opened() as door:  # verified at the end: what the lost keys signed still holds
        assert [each.vkey() for each in door.ledger.store.earlier[0].verifiers] == vkeys[:2]  # type: ignore[attr-defined]
        door.new_case()


def test_rotated_keys_are_all_known_and_all_gone(house: House):
    with house.opened() as door:
        store = door.ledger.store
        door.run(rotating.rotate(store))
        door.run(rotating.rotate(store, store.second.keys))
        door.new_case()
        vkeys = store.vkeys
    house.accept(cause="key-stolen")
    assert not {"log-next.key", "log-mldsa-next.key"} & house.seeds().keys()
    with house.opened() as door:
        store = door.ledger.store
        assert {each.vkey() for each in store.earlier[0].verifiers} == set(vkeys)  # type: ignore[attr-defined]
        assert len(store.vkeys) == 2
        new = parse_vkey(door.run(rotating.rotate(store)))
        assert new.name == ANEW
        case, by = door.new_case(), door.actor("practitioner")
        data = door.run(door.ledger.export("offender", case.id, "supervision", "the court", by, printed=False)).data
        assert verify_bundle(data, [new.vkey()]).ok, "with what was announced under this name, and nothing else"


@needs_openssl
def test_a_timestamp_of_before_is_verified_under_the_name_it_was_given_to(house: House, tmp_path: Path):
    authority = Authority(tmp_path / "a")
    roots = roots_at(authority.roots)

    def stamp(door: Door, url: str) -> None:
        store = door.ledger.store
        door.run(door.ledger.close_now())
        assert door.run(Timestamping(store, Closer.of(store), url, roots).stamp())

    def holds(door: Door) -> bool:
        store = door.ledger.store
        return verify_database(
            door.places[0].application(), store.origin, store.keys.known, roots=roots, earlier=store.earlier
        ).ok

    def times(door: Door, case: Case) -> list[str]:
        by = door.actor("practitioner")
        made = door.run(door.ledger.export("offender", case.id, "supervision", "the court", by, printed=False))
        assert verify_bundle(made.data, [door.ledger.store.vkeys[0]]).ok
        return [name for name in made.manifest.files if name.startswith("timestamps/")]

    with served(authority) as url:
        with house.opened() as door:
            case = door.new_case()
            stamp(door, url)
            assert len(times(door, case)) == 1
        house.accept(cause="key-stolen")
        with house.opened() as door:
            assert holds(door)
            assert times(door, case) == [], "it is over another name than the bundle's"
            stamp(door, url)
            door.give(case.to, "RecordAbsence", case.absence(), "supervisor")
            assert len(times(door, case)) == 1
            assert holds(door)


def test_what_witnesses_cosigned_is_what_is_named(house: House):
    with house.opened() as door:
        door.new_case()
        cosigned = door.run(door.ledger.checkpoint())
        (house.home / "checkpoint-cosigned").write_text(cosigned, "utf-8")
        door.new_case()
    own, _ = house.accept(cause="key-stolen")
    assert own.checkpoint is not None
    assert own.checkpoint.size == int(cosigned.split("\n")[1])
    assert {each.name.split(".")[0] for each in own.set_aside} == {"checkpoint", "checkpoint-cosigned"}


def test_a_demonstration_keeps_its_kind_in_its_name(clusters: Clusters, ledger_template: str, vault_template: str):
    name, folder = f"demo_{token_hex(6)}", Path(tempfile.mkdtemp(prefix="ledger-"))
    clusters.ledger.create_database(name, ledger_template)
    clusters.vault.create_database(name, vault_template)
    demo = House(Settings(home=folder), clusters, name, [name])
    try:
        with demo.opened(DEMONSTRATION, origin=KENT) as door:
            door.new_case()
        own, access = demo.accept(cause="key-stolen")
        assert (own.origin, access.origin) == (f"{ANEW}/demonstration", f"{ANEW}/demonstration/access")
        with demo.opened(DEMONSTRATION, origin=ANEW) as door:
            door.new_case()
    finally:
        clusters.ledger.drop_database(name)
        clusters.vault.drop_database(name)
        shutil.rmtree(folder)


# --- cut short ---------------------------------------------------------------------------------------------


class PowerCut(Exception):
    """It ends here."""


def cut(*_: Any, **__: Any) -> Any:
    raise PowerCut


CUTS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "before the fact is sealed": lambda patch: patch.setattr(losing, "_sealed", cut),
    "before the keys take over": lambda patch: patch.setattr(losing, "take_over", cut),
    "between the files that are set aside": lambda patch: patch.setattr(naming, "sync_folder", cut),
    "before the new checkpoint is written": lambda patch: patch.setattr(losing, "keep_newest", cut),
}


@pytest.mark.parametrize("where", CUTS)
def test_what_is_cut_short_is_finished_by_asking_again(house: House, monkeypatch: pytest.MonkeyPatch, where: str):
    lose(house)
    with monkeypatch.context() as patch:
        CUTS[where](patch)
        with pytest.raises(PowerCut):
            house.accept()
    if where != "before the fact is sealed":
        with house.opened(verified=False) as door:
            assert door.ledger.store.origin == ANEW
            assert door.ledger.store.read_only is None
            assert "accept-loss" in (door.ledger.store.access.read_only or "")
            assert door.new_case()
    house.accept()
    with house.opened() as door:
        assert (door.ledger.store.origin, door.ledger.store.access.origin) == (ANEW, f"{ANEW}/access")
        door.new_case()
        a_problem(refused(door), 403)
    assert not any("-anew" in name for name in house.seeds())
