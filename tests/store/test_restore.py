"""A restore: the same ledger again, or a refusal that says what stands in the way; and nobody is revived by it."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.conftest import Clusters
from tests.doors import PERSON, SURNAME, Case, Door, foreign_databases, new_door
from tests.store.safes import Safe, a_safe, backed_up, contents
from tests.store.test_vault_erasing import an_order

from ledger.aggregates.child.facts import ChildDataErased
from ledger.errors import Malformed, Refused, Setup
from ledger.privacy.owners import Owner
from ledger.store.opening import RESTORING, open_store
from ledger.store.safekeeping import Wanted, restore, restoring
from ledger.store.vault.listed import ErasureList
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import Cosigner
from ledger.witnessing.kept import origin_hash


@pytest.fixture
def door(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    with new_door(clusters.ledger, clusters.vault, verified=False) as made:
        yield made


@pytest.fixture
def case(door: Door) -> Case:
    made = door.new_case()
    door.post(f"{made.path}/record-offender", PERSON, "court-officer")  # refused: the access log has a fact
    return made


@pytest.fixture
def safe(door: Door, clusters: Clusters) -> Generator[Safe]:
    with a_safe(clusters, door.settings.home / "keys") as made:
        yield made


def test_a_restored_case_is_read_and_goes_on_as_before(door: Door, case: Case, safe: Safe, tmp_path: Path) -> None:
    backed_up(door, tmp_path)
    before = door.get(f"{case.path}/chronology").json()
    assert SURNAME in str(before)
    safe.restore(tmp_path)
    with safe.opened() as again:
        assert again.get(f"{case.path}/chronology").json() | {"known_at": None} == before | {"known_at": None}
        assert again.post(f"{case.path}/record-absence", case.absence()).status_code == 201


def test_a_restore_with_somebody_elses_servers(
    door: Door, case: Case, clusters: Clusters, tmp_path: Path, open_tmp_path: Path
) -> None:
    backed_up(door, tmp_path)
    home = open_tmp_path / "home"
    shutil.copytree(door.settings.home / "keys", home / "keys")
    with foreign_databases(clusters.ledger, clusters.vault, home) as settings:
        restore(settings, Wanted(tmp_path))
        with pytest.raises(Setup, match="holds something already"):
            restore(settings, Wanted(tmp_path))
        assert not (home / RESTORING).exists()  # a home in use is not closed by that
        store = door.run(open_store(settings))
        assert door.run(store.database.head()).size == door.size
        door.run(store.close())


# ---------------------------------------------------------------------------------------- what it must not lack


def test_a_backup_of_less_than_was_acknowledged_is_refused_by_every_evidence(
    door: Door, case: Case, safe: Safe, tmp_path: Path
) -> None:
    old = backed_up(door, tmp_path / "b")
    size = door.size
    door.new_case()
    note = door.run(door.ledger.checkpoint())
    refused = partial(pytest.raises, Setup, match=f"holds {size} facts of the ledger; {size + 2} were acknowledged")

    (tmp_path / "note").write_text(note)
    with refused():
        safe.restore(tmp_path / "b", checkpoints=[tmp_path / "note"])

    origin = door.ledger.store.origin
    witness = tmp_path / "witness" / "logs" / origin_hash(origin) / "checkpoint"
    witness.parent.mkdir(parents=True)
    witness.write_text(note)
    with refused():
        safe.restore(tmp_path / "b", checkpoints=[tmp_path / "witness"])

    with serving({f"/{origin_hash(origin)}/checkpoint": note}) as url:
        safe.settings["witnesses"] = a_policy(tmp_path, url)
        with refused():
            safe.restore(tmp_path / "b")
        safe.settings.clear()

    for name in ("checkpoint", "checkpoint-cosigned"):
        (safe.home / name).write_text(note)
        with refused():
            safe.restore(tmp_path / "b")
        (safe.home / name).unlink()

    new = backed_up(door, tmp_path / "b")
    with refused():
        safe.restore(ledger=old.ledger.path, vault=new.vault.path)
    assert not (safe.home / RESTORING).exists()
    assert safe.restore(tmp_path / "b").facts == size + 2


def test_a_witness_that_is_silent_is_named_and_stops_nothing(
    door: Door, case: Case, safe: Safe, tmp_path: Path
) -> None:
    backed_up(door, tmp_path)
    with serving({}) as url:
        safe.settings["witnesses"] = a_policy(tmp_path, url, "http://127.0.0.1:9")
        done = safe.restore(tmp_path)
        safe.settings.clear()
    assert len(done.silent) == 1
    assert "127.0.0.1:9 does not answer" in done.silent[0]


def test_an_access_log_of_less_than_was_acknowledged_is_refused_too(
    door: Door, case: Case, safe: Safe, tmp_path: Path
) -> None:
    backed_up(door, tmp_path)
    door.post(f"{case.path}/record-offender", PERSON, "court-officer")
    (tmp_path / "note").write_text(door.run(door.ledger.checkpoint(door.ledger.store.access)))
    with pytest.raises(Setup, match="1 facts of the access log; 2 were acknowledged"):
        safe.restore(tmp_path, checkpoints=[tmp_path / "note"])


def test_a_loss_that_is_accepted_is_told_and_the_ledger_opens_for_reading_only(
    door: Door, case: Case, safe: Safe, tmp_path: Path
) -> None:
    backed_up(door, tmp_path)
    lost = door.new_case()
    (tmp_path / "note").write_text(door.run(door.ledger.checkpoint()))
    done = safe.restore(tmp_path, checkpoints=[tmp_path / "note"], accept_loss=True)
    assert dict(done.lost) == {"ledger": 2}
    with safe.opened(verified=False) as again:
        assert again.get(f"{case.path}/chronology").status_code == 200
        assert again.get(f"{lost.path}/chronology").status_code == 404
        answer = again.post(f"{case.path}/record-absence", case.absence())
        assert (answer.status_code, "were acknowledged" in answer.text) == (503, True)


def test_another_history_than_a_checkpoint_says_is_refused(door: Door, case: Case, safe: Safe, tmp_path: Path) -> None:
    backed_up(door, tmp_path)
    log = door.ledger.store
    forged = Checkpoint(log.origin, 2, b"\x07" * 32).sign(log.signer)
    (tmp_path / "forged").write_text(forged)
    with pytest.raises(Setup, match="another history"):
        safe.restore(tmp_path, checkpoints=[tmp_path / "forged"])
    with pytest.raises(Setup, match="was not finished"), safe.opened():
        pass
    assert safe.restore(tmp_path).facts == door.size


@pytest.mark.parametrize("text", ["", "nothing\n", "ledger.example/kent\n1\nAAAA\n\n— x AAAA\n"])
def test_what_is_no_checkpoint_is_named(door: Door, case: Case, safe: Safe, tmp_path: Path, text: str) -> None:
    backed_up(door, tmp_path)
    (tmp_path / "note").write_text(text)
    with pytest.raises(Setup, match="note"):
        safe.restore(tmp_path, checkpoints=[tmp_path / "note"])
    with pytest.raises(Setup, match="missing"):
        safe.restore(tmp_path, checkpoints=[tmp_path / "missing"])
    with pytest.raises(Malformed, match="--key"):
        safe.restore(tmp_path, keys=["no key"])


# ---------------------------------------------------------------------------------------- what it needs


def test_every_byte_of_a_backup_counts_and_the_file_is_named(
    door: Door, case: Case, safe: Safe, tmp_path: Path
) -> None:
    made = backed_up(door, tmp_path)
    files = [each for folder in (made.ledger, made.vault) for each in sorted(folder.path.iterdir())]
    assert len(files) > 30
    for file in files:
        whole = file.read_bytes()
        for at in {0, len(whole) // 2, len(whole) - 1} if whole else ():
            file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            with pytest.raises(Setup) as told:
                safe.restore(ledger=made.ledger.path, vault=made.vault.path)
            damaged_sums = file.name == "SHA256SUMS"
            assert str(file) in told.value.message or damaged_sums, told.value.message
        file.unlink()
        with pytest.raises(Setup, match=file.name):
            safe.restore(ledger=made.ledger.path, vault=made.vault.path)
        file.write_bytes(whole)
    assert [each.name for each in safe.home.iterdir() if each.is_dir()] == ["keys"]
    assert safe.restore(tmp_path).facts == door.size


def test_a_backup_whose_sums_were_made_to_fit_is_found_by_the_tree(
    door: Door, case: Case, clusters: Clusters, safe: Safe, tmp_path: Path
) -> None:
    """Whoever forges a backup, sums and all, does not have the key that signed its checkpoint."""
    name = str(conninfo_to_dict(door.places[0].owner())["dbname"])
    with psycopg.connect(clusters.ledger.conninfo("postgres", name)) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        changed = connection.execute(
            "UPDATE entries SET entry = convert_to(replace(convert_from(entry, 'UTF8'), $a$\"court-officer\"$a$, "
            "$a$\"practitioner\"$a$), 'UTF8') WHERE stream LIKE 'offender-%'"
        )
        assert changed.rowcount == 2
    backed_up(door, tmp_path)
    with pytest.raises(Setup, match=r"does not hold: .*Use another backup"):
        safe.restore(tmp_path)


def test_without_the_keys_nothing_is_restored_and_none_are_made(
    door: Door, case: Case, safe: Safe, tmp_path: Path
) -> None:
    backed_up(door, tmp_path)
    keys = safe.home / "keys"
    for name, told in (("log.key", "log.key is not there"), ("access.key", "access.key"), ("vault.key", "destroyed")):
        (keys / name).rename(tmp_path / name)
        with pytest.raises(Setup, match=told):
            safe.restore(tmp_path)
        assert not (keys / name).exists()
        (tmp_path / name).rename(keys / name)
    (keys / "vault.key").write_text("5a" * 32)
    with pytest.raises(Setup, match=r"cannot be opened\. What the vault holds was wrapped by"):
        safe.restore(tmp_path)
    assert not (safe.home / RESTORING).exists()


def test_a_backup_from_before_a_rewrapping_opens_with_nothing(
    door: Door, case: Case, clusters: Clusters, tmp_path: Path
) -> None:
    backed_up(door, tmp_path)
    door.run(door.ledger.store.vault.epochs.rewrap())
    with a_safe(clusters, door.settings.home / "keys") as safe:
        with pytest.raises(Setup, match="use a backup from after it"):
            safe.restore(tmp_path)
        made = backed_up(door, tmp_path)
        assert safe.restore(tmp_path, ledger=made.ledger.path).lacking == 0


def test_ledger_and_vault_must_be_of_one_ledger_and_each_what_it_is_taken_for(
    door: Door, case: Case, safe: Safe, clusters: Clusters, tmp_path: Path
) -> None:
    mine = backed_up(door, tmp_path / "mine")
    with new_door(clusters.ledger, clusters.vault) as other:
        theirs = backed_up(other, tmp_path / "theirs")
    for wanted, told in (
        ({"ledger": mine.ledger.path, "vault": theirs.vault.path}, "is of"),
        ({"ledger": mine.vault.path, "vault": mine.vault.path}, "is a backup of the vault"),
        ({"ledger": mine.ledger.path}, "There is no backup in vault"),
        ({"folder": tmp_path / "nowhere"}, "There is no backup in"),
    ):
        with pytest.raises(Setup, match=told):
            safe.restore(**wanted)
    safe.settings["origin"] = "another.example"
    with pytest.raises(Setup, match="LEDGER_ORIGIN"):
        safe.restore(tmp_path / "mine")


def test_a_vault_older_than_the_ledger_is_restored_and_what_it_lacks_is_counted(
    door: Door, case: Case, safe: Safe, tmp_path: Path
) -> None:
    old = backed_up(door, tmp_path)
    door.new_case()
    new = backed_up(door, tmp_path)
    assert safe.restore(ledger=new.ledger.path, vault=old.vault.path).lacking == 1


def test_what_holds_something_is_never_written_over(door: Door, case: Case, safe: Safe, tmp_path: Path) -> None:
    backed_up(door, tmp_path)
    safe.restore(tmp_path)
    before = [contents(each.owner()) for each in safe.places]
    with pytest.raises(Setup, match="holds something already"):
        safe.restore(tmp_path)
    assert [contents(each.owner()) for each in safe.places] == before
    with safe.opened():
        pass


# ---------------------------------------------------------------------------------------- stopped


@pytest.mark.parametrize("at", ["load", "migrated", "verify_database", "replay", "_released"])
def test_stopped_anywhere_it_is_begun_again_and_nobody_opens_what_is_half(
    door: Door, case: Case, safe: Safe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    backed_up(door, tmp_path)
    for after in range(2):  # in the ledger, then in the vault, or later
        with monkeypatch.context() as changed:
            changed.setattr(restoring, at, stopping(getattr(restoring, at), after))
            try:
                safe.restore(tmp_path)
            except KeyboardInterrupt:
                with pytest.raises(Setup, match="was not finished"), safe.opened():
                    pass
            else:
                break
    else:
        safe.restore(tmp_path)
    assert not (safe.home / RESTORING).exists()
    assert [contents(each.owner())["public.entries" if n == 0 else "public.keys"] for n, each in enumerate(safe.places)]
    with safe.opened() as again:
        assert SURNAME in again.get(f"{case.path}/chronology").text


def stopping(function, after: int):
    """As a signal would, when it has been called so often before."""
    calls = [0]

    def called(*given, **named):
        calls[0] += 1
        if calls[0] > after:
            raise KeyboardInterrupt
        return function(*given, **named)

    return called


# ---------------------------------------------------------------------------------------- nobody is revived


def erase(door: Door, child: str) -> UUID:
    """Carried out as far as the vault and the list are concerned; the ledger has no fact of it."""
    order = an_order(Owner(f"child-{child}", "child"))
    erasures = door.ledger.store.vault.erasures
    door.run(erasures.begin(order))
    door.run(erasures.destroy(order.id))
    return order.id


def values_of(safe: Safe, keys: list[UUID]) -> int:
    return safe.rows(0, "SELECT count(*) FROM sealed_values WHERE key_id = ANY(%s)", keys)[0][0]


def keys_of(door: Door, child: str) -> list[UUID]:
    with psycopg.connect(door.places[1].owner()) as connection:
        query = "SELECT key_id FROM keys WHERE owner = %s"
        return [row[0] for row in connection.execute(query, (f"child-{child}",))]


@pytest.fixture
def child(door: Door, case: Case) -> str:
    """Recorded, and readable."""
    made = str(uuid4())
    named = {"client_id": "9100001", "surname": SURNAME, "forenames": "Kit", "register_name": "ICS_REGISTER"}
    door.give(f"child/{made}", "RecordChild", named, "information-officer", key=uuid4())
    assert SURNAME in door.get(f"/children/{made}/child", "information-officer").text
    return made


def is_gone(safe: Safe, child: str, keys: list[UUID], *, sealed: bool = True) -> None:
    """Neither key nor ciphertext, no new key for ever; and whoever asks is told that it was erased."""
    assert keys
    assert values_of(safe, keys) == 0
    assert safe.rows(1, "SELECT state FROM keys WHERE key_id = ANY(%s) AND wrapped IS NOT NULL", keys) == []
    assert {row[0] for row in safe.rows(0, "SELECT key_id FROM fenced_keys")} >= set(keys)
    with safe.opened(verified=False) as again:
        vault = again.ledger.store.vault
        assert again.run(vault.keys_by_id([each.bytes for each in keys])) == {}
        with pytest.raises(Refused):
            again.run(vault.keys_of([Owner(f"child-{child}", "child")]))
        told = again.get(f"/children/{child}/child", "information-officer").text
        assert SURNAME not in told
        assert ("child erased" if sealed else "accept-loss") in told
    assert safe.rows(1, "SELECT step FROM erasures") == [("closed" if sealed else "destroyed",)]


@pytest.mark.parametrize("where", ["home", "given", "beside a newer backup"])
def test_what_was_erased_since_the_backup_is_erased_again_before_anything_opens(
    door: Door, child: str, safe: Safe, tmp_path: Path, where: str
) -> None:
    old = backed_up(door, tmp_path / "b")
    keys = keys_of(door, child)
    erasure = erase(door, child)
    theirs = door.settings.home / "erasures.jsonl"
    wanted = {"ledger": old.ledger.path, "vault": old.vault.path}
    if where == "home":
        shutil.copy(theirs, safe.home)
    elif where == "given":
        wanted["erasures"] = [theirs]
    else:
        wanted["ledger"] = backed_up(door, tmp_path / "b").ledger.path
    assert safe.restore(**wanted).replayed == 1
    assert [each.id for each in ErasureList(safe.home / "erasures.jsonl").all()] == [erasure]
    is_gone(safe, child, keys)


def test_what_the_ledger_itself_says_was_erased_is_erased_again_in_an_older_vault(
    door: Door, child: str, safe: Safe, tmp_path: Path
) -> None:
    old = backed_up(door, tmp_path)
    keys = keys_of(door, child)
    erase(door, child)
    door.run(door.ledger.go_on_with_erasures())
    assert any(
        each.type == ChildDataErased.topic for each in door.run(door.ledger.store.database.stream(f"child-{child}"))
    )
    new = backed_up(door, tmp_path)
    for each in (new.ledger, old.vault):  # nobody has the list any more
        (each.path / "erasures.jsonl").write_bytes(b"")
        _fit(each.path)
    assert safe.restore(ledger=new.ledger.path, vault=old.vault.path).replayed == 1
    [line] = ErasureList(safe.home / "erasures.jsonl").all()
    assert (line.keys, line.owners) == (tuple(map(str, keys)), (Owner(f"child-{child}", "child"),))
    is_gone(safe, child, keys)


def test_what_a_vault_has_destroyed_already_is_not_destroyed_by_another_name(
    door: Door, child: str, safe: Safe, tmp_path: Path
) -> None:
    erase(door, child)
    door.run(door.ledger.go_on_with_erasures())
    made = backed_up(door, tmp_path)
    for each in (made.ledger, made.vault):
        (each.path / "erasures.jsonl").write_bytes(b"")
        _fit(each.path)
    assert safe.restore(tmp_path).replayed == 0
    assert len(safe.rows(1, "SELECT id FROM erasures")) == 1


def _fit(folder: Path) -> None:
    """Its sums as they should be."""
    names = sorted(each.name for each in folder.iterdir() if each.name != "SHA256SUMS")
    lines = [f"{sha256((folder / each).read_bytes()).hexdigest()}  {each}\n" for each in names]
    (folder / "SHA256SUMS").write_text("".join(lines))


def test_an_erasure_whose_fact_was_lost_is_open_again(door: Door, child: str, safe: Safe, tmp_path: Path) -> None:
    old = backed_up(door, tmp_path)
    erase(door, child)
    door.run(door.ledger.go_on_with_erasures())
    new = backed_up(door, tmp_path)
    keys = keys_of(door, child)
    assert safe.restore(ledger=old.ledger.path, vault=new.vault.path, accept_loss=True).lost
    assert safe.rows(1, "SELECT step, position FROM erasures") == [("destroyed", None)]
    is_gone(safe, child, keys, sealed=False)  # of an access log with a loss nothing is read either


def test_a_list_of_erasures_that_is_damaged_or_missing_stops_the_restore(
    door: Door, case: Case, safe: Safe, tmp_path: Path
) -> None:
    backed_up(door, tmp_path)
    (tmp_path / "list").write_text('{"erasure": "no id"}\n')
    for name in ("list", "none"):
        with pytest.raises(Setup, match="list of erasures"):
            safe.restore(tmp_path, erasures=[tmp_path / name])
        with pytest.raises(Setup, match="was not finished"), safe.opened():
            pass
    assert safe.restore(tmp_path).facts == door.size


# ---------------------------------------------------------------------------------------- helpers


@contextmanager
def serving(answers: dict[str, str]) -> Generator[str]:
    """An HTTP server of the standard library that answers these paths."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answers.get(self.path)
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write((body or "").encode())

        def log_message(self, *given: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def a_policy(folder: Path, *urls: str) -> Path:
    """A policy that names these witnesses and asks for none."""
    keys = [Cosigner(f"witness{n}.example", bytes([n]) * 32).verifier().vkey() for n in range(1, len(urls) + 1)]
    lines = [f"witness w{n} {key} {url}\n" for n, (key, url) in enumerate(zip(keys, urls, strict=True))]
    path = folder / "policy"
    path.write_text("".join([*lines, "quorum none\n"]))
    return path
