"""Opening a ledger: kinds that never mix, a name for ever, keys apart, and no writing on over a loss."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import stat
import tempfile
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from tests.conftest import Clusters
from tests.doors import Door, a_problem, foreign_databases, opened

from ledger.application import Ledger
from ledger.errors import ClockInDoubt, ReadOnly, Setup
from ledger.settings import Settings
from ledger.store import log
from ledger.store.checkpoint_files import keep_newest, write_synced
from ledger.store.embedded import EmbeddedCluster
from ledger.store.log import Released
from ledger.store.migrate import migrate
from ledger.store.opening import DEMONSTRATION, SCENARIO, Place, embedded_place, migrate_all
from ledger.transparency.checkpoint import Checkpoint


@dataclass
class Home:
    """A home with its two databases, which can be copied and put back as an operator would."""

    settings: Settings
    clusters: Clusters
    name: str

    @property
    def places(self) -> Sequence[Place]:
        return self.places_of(self.name)

    def places_of(self, ledger: str) -> Sequence[Place]:
        pair = ((self.clusters.ledger, ledger), (self.clusters.vault, self.name))
        return [embedded_place(cluster, name) for cluster, name in pair]

    def copy(self) -> str:
        """A backup of the ledger's database; nobody may have it open."""
        name = f"copy_{token_hex(6)}"
        self.clusters.ledger.create_database(name, self.name)
        return name

    def as_admin(self, *statements: str) -> None:
        with psycopg.connect(self.clusters.ledger.conninfo("postgres", self.name)) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            for each in statements:
                connection.execute(each.encode())

    def opened(self, kind: str | None = None, name: str | None = None, **changed: Any) -> Any:
        settings = self.settings.model_copy(update=changed)
        return opened(settings, self.places_of(name or self.name), kind, verified=False)

    @property
    def checkpoint(self) -> Path:
        return self.settings.home / "checkpoint"


@pytest.fixture
def home(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Home]:
    name = f"home_{token_hex(6)}"
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    clusters.ledger.create_database(name, ledger_template)
    clusters.vault.create_database(name, vault_template)
    yield Home(Settings(home=folder), clusters, name)
    clusters.ledger.drop_database(name)
    clusters.vault.drop_database(name)
    shutil.rmtree(folder)


def open_once(home: Home, kind: str | None = None, **changed: Any) -> None:
    with home.opened(kind, **changed):
        pass


# ------------------------------------------------------------------------------------ kinds and names


@pytest.mark.parametrize("made, asked", [("", DEMONSTRATION), (DEMONSTRATION, ""), (DEMONSTRATION, SCENARIO)])
def test_one_kind_of_ledger_is_never_opened_as_another(home: Home, made: str, asked: str):
    open_once(home, made)
    with pytest.raises(Setup, match="LEDGER_HOME"):
        open_once(home, asked)
    open_once(home, made)
    open_once(home, None)


def test_the_name_says_for_ever_that_the_clock_was_set(home: Home):
    with home.opened(DEMONSTRATION) as door:
        assert door.ledger.store.origin.endswith("/demonstration")
        assert door.ledger.store.simulated
        assert door.get("/log/checkpoint", None).text.startswith(door.ledger.store.origin + "\n")


def test_a_real_ledger_lets_nobody_set_its_clock(home: Home):
    with home.opened("") as door:
        case = door.new_case()
        size = door.size
        at = datetime.now(UTC) - timedelta(hours=1)
        with pytest.raises(ClockInDoubt):
            door.give(case.to, "RecordAbsence", case.absence(), "supervisor", at=at)
        assert door.size == size


def test_a_ledger_keeps_the_name_that_was_drawn_for_it(home: Home):
    with home.opened() as door:
        name = door.ledger.store.origin
    with home.opened() as door:
        assert door.ledger.store.origin == name


def test_a_ledger_has_the_name_its_settings_say_and_no_other_later(home: Home):
    with home.opened("", origin="ledger.example/kent") as door:
        assert door.ledger.store.origin == "ledger.example/kent"
    open_once(home)
    open_once(home, origin="ledger.example/kent")
    with pytest.raises(Setup, match="never changes"):
        open_once(home, origin="ledger.example/sussex")


def test_a_demonstration_adds_its_kind_to_the_name_its_settings_say(home: Home):
    open_once(home, DEMONSTRATION, origin="ledger.example/kent")
    open_once(home, None, origin="ledger.example/kent")
    with pytest.raises(Setup):
        open_once(home, None, origin="ledger.example/kent/demonstration")


def test_a_ledger_that_was_not_opened_leaves_no_connection_behind(home: Home):
    open_once(home, "")
    with pytest.raises(Setup):
        open_once(home, DEMONSTRATION)
    home.clusters.ledger.drop_database(home.copy())  # refused while anybody is connected


def test_a_release_is_sealed_once_however_often_it_is_opened(home: Home):
    with home.opened() as door:
        assert door.size == 1
    with home.opened() as door:
        assert door.size == 1
        [release] = door.run(door.ledger.store.database.stream("ledger"))
        assert release.type == "ledger.release-started.v1"


def test_two_processes_that_open_a_new_ledger_at_once_seal_one_release_under_one_name(home: Home):
    async def both() -> tuple[str, str, int]:
        first, second = await asyncio.gather(
            *(Ledger.open(home.settings, places=home.places) for _ in range(2)),
        )
        head = await first.store.database.head()
        assert head is not None
        names = first.store.origin, second.store.origin
        await first.close()
        await second.close()
        return *names, head.size

    first, second, size = asyncio.run(both())
    assert first == second
    assert size == 1


# ------------------------------------------------------------------------------------ keys


def test_keys_are_for_their_owner_alone_and_no_part_of_a_database_folder(home: Home):
    open_once(home)
    keys = home.settings.home / "keys"
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    found = {each.name for each in keys.iterdir()}
    assert {"log.key", "vault.key", "token.key"} <= found
    for each in keys.iterdir():
        assert stat.S_IMODE(each.stat().st_mode) == 0o600, each
    for cluster in (home.clusters.ledger, home.clusters.vault):
        assert not keys.resolve().is_relative_to(cluster.folder.resolve())
        assert not cluster.folder.resolve().is_relative_to(keys.resolve())


def test_a_key_that_others_can_read_is_not_used(home: Home):
    open_once(home)
    for name in ("log.key", "vault.key", "token.key"):
        path = home.settings.home / "keys" / name
        path.chmod(0o640)
        with pytest.raises(Setup, match="chmod 600"):
            open_once(home)
        path.chmod(0o600)


def test_a_key_file_that_is_no_key_is_not_replaced(home: Home):
    open_once(home)
    for name in ("log.key", "vault.key", "token.key"):
        path = home.settings.home / "keys" / name
        right = path.read_text()
        path.write_text("not a key\n")
        with pytest.raises(Setup, match="Restore it"):
            open_once(home)
        assert path.read_text() == "not a key\n"
        path.write_text(right)


# ------------------------------------------------------------------------------------ the checkpoint outside


def test_the_newest_checkpoint_is_in_the_file_within_a_second(home: Home):
    with home.opened() as door:
        case = door.new_case()
        for _ in range(2):
            receipt = door.post(f"{case.path}/record-absence", case.absence()).json()
            door.run(asyncio.sleep(1))
            assert home.checkpoint.read_text("utf-8").startswith(receipt["checkpoint"])
            found = Checkpoint.open(
                home.checkpoint.read_text("utf-8"), door.ledger.store.origin, [door.ledger.store.signer.verifier()]
            )
            assert found.size == door.size


def test_a_ledger_that_closes_leaves_its_newest_checkpoint_behind(home: Home):
    with home.opened() as door:
        case = door.new_case()
        receipt = door.post(f"{case.path}/record-absence", case.absence()).json()
    assert home.checkpoint.read_text("utf-8").startswith(receipt["checkpoint"])


def test_the_file_is_replaced_whole_and_is_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    synced: list[str] = []
    really = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}") if os.path.isdir("/proc/self/fd") else "?")
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    path = tmp_path / "checkpoint"
    path.with_name(".checkpoint.draft").write_text("left by a process that was kil")
    write_synced(path, "one\n")
    write_synced(path, "two\n")
    assert path.read_text() == "two\n"
    assert len(synced) == 4  # the text, then the folder that names it
    assert synced[1] in ("?", str(tmp_path))
    assert sorted(each.name for each in tmp_path.iterdir()) == [".checkpoint.lock", "checkpoint"]


def test_an_older_checkpoint_never_replaces_a_newer_one(home: Home):
    path = home.checkpoint
    keep_newest(path, 7, "name\n7\nroot\n")
    keep_newest(path, 5, "name\n5\nroot\n")
    assert path.read_text() == "name\n7\nroot\n"
    keep_newest(path, 8, "name\n8\nroot\n")
    assert path.read_text() == "name\n8\nroot\n"


def test_a_file_that_was_spoilt_while_the_ledger_is_open_is_written_anew(home: Home):
    with home.opened() as door:
        case = door.new_case()
        door.run(asyncio.sleep(1))
        home.checkpoint.write_bytes(b"\xff\x00")
        receipt = door.post(f"{case.path}/record-absence", case.absence()).json()
        door.run(asyncio.sleep(1))
        assert home.checkpoint.read_text("utf-8").startswith(receipt["checkpoint"])


def test_a_disk_that_does_not_take_the_file_stops_nobody(home: Home, monkeypatch: pytest.MonkeyPatch, caplog: Any):
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with home.opened() as door:
        case = door.new_case()
        monkeypatch.setattr(log, "keep_newest", full)
        assert door.post(f"{case.path}/record-absence", case.absence()).status_code == 201
        door.run(asyncio.sleep(0.7))
        assert "could not be kept" in caplog.text
        monkeypatch.undo()
        door.run(asyncio.sleep(0.7))
        assert str(door.size) in home.checkpoint.read_text("utf-8").split("\n")


def test_a_ledger_that_is_opened_again_shows_the_checkpoint_it_had_released(home: Home):
    with home.opened() as door:
        door.new_case()
        before = door.get("/log/checkpoint", None).text
    with home.opened() as door:
        assert door.get("/log/checkpoint", None).text == before


# ------------------------------------------------------------------------------------ losses


def is_read_only(door: Door, why: str) -> None:
    """Writing is refused with the reason, reading goes on, nothing new is signed."""
    assert why in (door.ledger.store.read_only or "")
    cases = door.run(door.ledger.store.database.streams("offender"))
    path = f"/offenders/{cases[0].removeprefix('offender-')}"
    size = door.size
    answer = door.post(f"{path}/record-absence", {"absence_id": str(uuid4())})
    assert answer.status_code in (422, 503)
    answer = door.post(
        f"/offenders/{uuid4()}/record-offender",
        {"client_id": "0710890", "surname": "A", "forenames": "B", "dob": "1990-02-01", "gender": "F"},
        "court-officer",
    )
    problem = a_problem(answer, 503, "read-only")
    assert why in problem["detail"]
    assert int(answer.headers["retry-after"]) >= 1
    assert door.size == size
    for view in ("enforcement", "progress", "chronology"):
        assert door.get(f"{path}/{view}").status_code == 200
    door.run(door.ledger.follower.catch_up())  # what is sealed is followed as ever
    assert door.get("/worklists/breach").status_code == 200
    ready = door.ask("GET", "/health/ready", None)
    assert ready.status_code == 503
    assert ready.json()["components"]["writing"] == "DOWN"
    assert door.run(door.ledger.status())["read_only"]


def test_a_ledger_smaller_than_what_was_acknowledged_is_open_for_reading_only(home: Home):
    with home.opened() as door:
        door.new_case()
    older = home.copy()
    with home.opened() as door:
        door.new_case()
        size = door.size
    released = home.checkpoint.read_text("utf-8")
    try:
        with home.opened(name=older) as door:
            is_read_only(door, f"{size} were acknowledged")
            assert door.get("/log/checkpoint", None).text == released
        assert home.checkpoint.read_text("utf-8") == released
    finally:
        home.clusters.ledger.drop_database(older)
    with home.opened() as door:  # with the right database all is well again
        assert door.ledger.store.read_only is None
        assert door.new_case()


# ------------------------------------------------------------------------------------ the access log


def refused(door: Door) -> Any:
    """One refusal, asked for: an auditor records nobody."""
    return door.post(f"/offenders/{uuid4()}/record-offender", {}, "auditor")


def told(door: Door) -> int:
    """How many the access log holds."""
    return door.run(door.ledger.status())["access_log"]["facts"]


def test_the_access_log_goes_on_where_it_stopped_under_the_same_key(home: Home):
    keys: set[str] = set()
    for expected in (1, 2, 3):
        with home.opened() as door:
            a_problem(refused(door), 403)
            assert told(door) == expected
            keys.add(door.get("/access/log/vkey", None).text)
            access = door.ledger.store.access
            checkpoint = Checkpoint.open(
                door.get("/access/log/checkpoint", None).text, access.origin, [access.signer.verifier()]
            )
            assert checkpoint.size == expected
            assert door.verify(log=access).ok
        assert (home.settings.home / "access-checkpoint").read_text("utf-8").split("\n")[1] == str(expected)
    assert len(keys) == 1


LOST: dict[str, Sequence[str]] = {
    "cut": (
        "DELETE FROM access.entries WHERE position > 1",
        "DELETE FROM access.checkpoints WHERE size > 1",
        "DELETE FROM access.released WHERE size > 1",
        "DELETE FROM access.chains WHERE last > 0",
        "UPDATE access.head SET size = 1, edge = (SELECT leaf FROM access.entries)",
    ),
    "emptied": tuple(
        f"DELETE FROM access.{table}" for table in ("head", "entries", "about", "chains", "checkpoints", "released")
    ),
    "changed": (
        "UPDATE access.entries SET entry = replace(encode(entry, 'escape'), 'auditor', 'monitor')::bytea "
        "WHERE position = 2",
        "UPDATE access.entries SET leaf = sha256('\\x00'::bytea || entry) WHERE position = 2",
    ),
    "another's": ("UPDATE access.head SET origin = 'ledger.example/access'",),
}


@pytest.mark.parametrize("how", LOST)
def test_with_an_access_log_that_lost_something_nothing_is_refused_and_what_is_right_goes_on(home: Home, how: str):
    with home.opened() as door:
        case = door.new_case()
        for _ in range(3):
            a_problem(refused(door), 403)
    released = (home.settings.home / "access-checkpoint").read_text("utf-8")
    home.as_admin(*LOST[how])
    with home.opened() as door:
        size, before = door.size, told(door)
        answer = refused(door)
        problem = a_problem(answer, 503, "access-log-unavailable")
        assert answer.headers["retry-after"] == "60"
        assert "Nothing was recorded" in problem["detail"]
        assert (door.size, told(door)) == (size, before)
        assert door.post(f"{case.path}/record-absence", case.absence(), "supervisor").status_code == 201
        assert door.ledger.store.read_only is None
        assert door.run(door.ledger.status())["access_log"]["read_only"]
        ready = door.ask("GET", "/health/ready", None)
        assert (ready.status_code, ready.json()["components"]["access_log"]) == (503, "DOWN")
        assert not door.verify(log=door.ledger.store.access).ok
        assert door.verify().ok
    assert (home.settings.home / "access-checkpoint").read_text("utf-8") == released


def test_a_ledger_that_went_on_after_a_loss_is_found_to_be_another(home: Home):
    with home.opened() as door:
        door.new_case()
    older = home.copy()
    with home.opened() as door:
        door.new_case()
    kept = home.checkpoint.read_text("utf-8")
    try:
        home.checkpoint.unlink()  # so that somebody could write on
        with home.opened(name=older) as door:
            door.new_case()
            door.new_case()
        home.checkpoint.write_text(kept)
        with home.opened(name=older) as door:
            is_read_only(door, "not the ones that were acknowledged")
            assert door.get("/log/checkpoint", None).text == kept
    finally:
        home.clusters.ledger.drop_database(older)


def test_a_changed_fact_is_found_when_the_ledger_is_opened(home: Home):
    with home.opened() as door:
        door.new_case()
        released = door.get("/log/checkpoint", None).text
    home.as_admin("UPDATE entries SET leaf = sha256(entry || '!') WHERE position = 2")
    with home.opened() as door:
        is_read_only(door, "not the ones that were acknowledged")
        assert door.get("/log/checkpoint", None).text == released


def test_nothing_is_signed_for_a_ledger_that_is_not_the_one_released(home: Home):
    """Not even a receipt that was given before: its root would come from a table that cannot be believed."""
    key = uuid4()
    with home.opened() as door:
        case = door.new_case()
        absence = case.absence()
        door.give(case.to, "RecordAbsence", absence, "supervisor", key=key)
        role = door.actor("supervisor")
    home.as_admin("UPDATE checkpoints SET root = sha256(root)", "UPDATE entries SET leaf = sha256(leaf)")
    with home.opened() as door:
        door.staff["supervisor"] = role.id
        with pytest.raises(ReadOnly):
            door.give(case.to, "RecordAbsence", absence, "supervisor", key=key)
        with pytest.raises(ReadOnly):
            door.ledger.store.note(1, bytes(32))


def test_a_checkpoint_file_that_is_none_opens_the_ledger_for_reading_only(home: Home):
    with home.opened() as door:
        door.new_case()
    for text in (b"", b"\n", b"garbage", b"\xff\xfe\x00", b"name\nnot a number\nroot\n", b"x" * 2_000_000):
        home.checkpoint.write_bytes(text)
        with home.opened() as door:
            is_read_only(door, "does not fit")
        assert home.checkpoint.read_bytes() == text


def test_a_checkpoint_file_of_another_key_or_name_opens_the_ledger_for_reading_only(home: Home):
    with home.opened() as door:
        door.new_case()
    (home.settings.home / "keys" / "log.key").unlink()  # a new one is drawn
    with home.opened() as door:
        is_read_only(door, "does not fit")


def test_a_missing_checkpoint_file_is_said_and_begun_anew(home: Home, caplog: pytest.LogCaptureFixture):
    with home.opened() as door:
        door.new_case()
    home.checkpoint.unlink()
    caplog.set_level(logging.WARNING)
    with home.opened() as door:
        assert "no file checkpoint" in caplog.text
        assert door.new_case()
    assert home.checkpoint.exists()


def test_a_ledger_that_shrinks_while_it_is_open_is_closed_for_writing(home: Home):
    with home.opened() as door:
        case = door.new_case()
        door.post(f"{case.path}/record-absence", case.absence())
        home.as_admin(
            "DELETE FROM entries WHERE position = 4",
            "UPDATE head SET size = 3, edge = (SELECT edge FROM head)",
            "UPDATE chains SET version = 2 WHERE version = 3",
        )
        a_problem(door.post(f"{case.path}/record-absence", case.absence()), 503)
        problem = a_problem(door.post(f"{case.path}/record-absence", case.absence()), 503, "read-only")
        assert "open for reading only" in problem["detail"]


# ------------------------------------------------------------------------------------ somebody else's server


@pytest.fixture
def foreign(clusters: Clusters, tmp_path: Path) -> Generator[Settings]:
    with foreign_databases(clusters.ledger, clusters.vault, tmp_path / "home") as settings:
        yield settings


async def use(settings: Settings) -> str:
    ledger = await Ledger.open(settings)
    head = await ledger.store.database.head()
    assert head is not None
    assert not ledger.store.clusters
    await ledger.close()
    return head.origin


def test_without_its_schema_a_database_is_refused_with_what_to_do(foreign: Settings):
    with pytest.raises(Setup, match="Run 'ledger migrate'"):
        asyncio.run(use(foreign))


def test_a_database_of_somebody_elses_server_is_migrated_once_and_used_as_the_application(foreign: Settings):
    ran = migrate_all(foreign)
    assert ran["ledger"]
    assert ran["vault"]
    assert migrate_all(foreign) == {"ledger": [], "vault": []}
    assert asyncio.run(use(foreign)) == asyncio.run(use(foreign))
    assert not (foreign.home / "postgres").exists()


def test_the_ledger_may_log_in_as_the_application_to_both_databases(foreign: Settings):
    migrate_all(foreign)
    login = (foreign.vault_url or "").replace("_owner:", "_login:")
    asyncio.run(use(foreign.model_copy(update={"vault_url": login, "owner_url": None})))


def test_a_vault_without_its_schema_is_named(foreign: Settings):
    migrate(foreign.owner_url or "", "ledger")
    with pytest.raises(Setup, match="vault"):
        asyncio.run(use(foreign))


def test_a_database_that_cannot_be_reached_is_named_without_its_password(foreign: Settings):
    migrate_all(foreign)
    for change in ({"database_url": (foreign.database_url or "").replace("_login:", "_nobody:")},):
        broken = foreign.model_copy(update=change)
        with pytest.raises(Setup, match="cannot be reached") as refused:
            asyncio.run(use(broken))
        password = (foreign.database_url or "").split(":")[2].partition("@")[0]
        assert password not in str(refused.value)


def test_an_owner_that_owns_nothing_is_refused_with_what_to_do(foreign: Settings):
    with pytest.raises(Setup, match="Name its owner"):
        migrate_all(foreign.model_copy(update={"owner_url": None}))


def test_a_login_that_is_not_the_application_is_refused_with_what_to_do(foreign: Settings, clusters: Clusters):
    migrate_all(foreign)
    login = (foreign.database_url or "").split("//")[1].partition(":")[0]
    with psycopg.connect(clusters.ledger.conninfo("postgres", "postgres"), autocommit=True) as connection:
        connection.execute(f"REVOKE ledger_app FROM {login}".encode())
    with pytest.raises(Setup, match="ledger_app"):
        asyncio.run(use(foreign))


# ------------------------------------------------------------------------------------ embedded


def test_an_embedded_ledger_is_made_used_and_stopped_by_opening_and_closing_it(open_tmp_path: Path):
    settings = Settings(home=open_tmp_path / "home")

    async def once() -> int:
        ledger = await Ledger.open(settings, kind="")
        head = await ledger.store.database.head()
        assert head is not None
        assert all(cluster.pid for cluster in ledger.store.clusters)
        await ledger.close()
        assert not any(cluster.pid for cluster in ledger.store.clusters)
        return head.size

    assert asyncio.run(once()) == asyncio.run(once()) == 1
    keys = settings.home / "keys"
    assert not any(stat.S_IMODE(each.stat().st_mode) & 0o077 for each in keys.iterdir())
    with pytest.raises(Setup, match="LEDGER_HOME"):
        asyncio.run(Ledger.open(settings, kind=DEMONSTRATION))
    for name in ("ledger", "vault"):
        assert EmbeddedCluster(settings.home, name).pid is None  # let go of again


def test_a_released_checkpoint_only_grows(home: Home):
    kept = Released(home.checkpoint, None)  # type: ignore[arg-type]
    kept(5, "five")
    kept(3, "three")
    assert (kept.size, kept.note) == (5, "five")
    assert replace(kept).size == 5
