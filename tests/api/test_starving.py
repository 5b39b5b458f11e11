"""With no room, no connection, no speed or no clock to rely on: what is answered, what goes on, and that it heals."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import psycopg
import pytest
from tests.api.outages import Pair, ended, foreign_door, healed, own_pair, unavailable
from tests.api.slowness import slow_way
from tests.doors import PERSON, Case, Door, a_problem, new_door, opened

from ledger.application import READY_SECONDS
from ledger.settings import Settings
from ledger.store import sequencer
from ledger.store.embedded import EmbeddedCluster
from ledger.store.opening import embedded_place

DEADLINE = 1.0  # seconds, of a command


@pytest.fixture(scope="module")
def pair() -> Generator[Pair]:
    with own_pair() as made:
        yield made


@pytest.fixture(scope="module")
def starved(pair: Pair) -> Generator[Door]:
    with foreign_door(pair, "starved", command_deadline=DEADLINE) as door:
        yield door


def asked(case: Case, **more: Any) -> dict[str, Any]:
    """A new absence, with a key of its own, as `Door.ask` takes it."""
    return {"json": case.absence(**more), "headers": {"Idempotency-Key": str(uuid4())}}


def stored(door: Door, case: Case) -> list[str]:
    """The ids of the absences that are recorded, in order."""
    entries = door.run(door.ledger.store.database.stream(f"offender-{case.id}"))
    return [each.members["values"]["absence_id"] for each in entries if "absence_id" in each.members["values"]]


# ------------------------------------------------------------------------------------ no room


@contextmanager
def small_disk(cluster: EmbeddedCluster, megabytes: int) -> Iterator[Path]:
    """A file system of that size, owned by the server's account."""
    folder = Path(tempfile.mkdtemp(prefix="small-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        folder.rmdir()
        pytest.skip("a small file system can be mounted by root alone")
    try:
        owner = (cluster.folder / "data").stat()
        os.chown(folder, owner.st_uid, owner.st_gid)
        folder.chmod(0o700)
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)
        folder.rmdir()


def fill(disk: Path) -> Path:
    """Take all the room there is; the file that holds it."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return ballast


@contextmanager
def on_small_disk(cluster: EmbeddedCluster, database: str) -> Iterator[Path]:
    """The tables of a database, with nobody connected, lie on a file system of 32 MB."""
    with small_disk(cluster, 32) as disk:
        with psycopg.connect(cluster.conninfo("postgres", "postgres"), autocommit=True) as admin:
            admin.execute(f"CREATE TABLESPACE small LOCATION '{disk}'".encode())
            admin.execute(f"ALTER DATABASE {database} SET TABLESPACE small".encode())
        try:
            yield disk
        finally:
            (disk / "ballast").unlink(missing_ok=True)
            with psycopg.connect(cluster.conninfo("postgres", "postgres"), autocommit=True) as admin:
                admin.execute(f"DROP DATABASE {database} WITH (FORCE)".encode())
                admin.execute(b"DROP TABLESPACE small")


@contextmanager
def in_databases(pair: Pair, name: str) -> Iterator[Door]:
    """A ledger in databases that are there already."""
    home = Path(tempfile.mkdtemp(prefix="ledger-"))
    places = [embedded_place(cluster, name) for cluster in pair]
    with opened(Settings(home=home, command_deadline=5.0), places) as door:
        yield door
    shutil.rmtree(home)


def until_full(door: Door, path: str, role: str, bodies: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """Commands until one is refused; that one."""
    for body in bodies:
        answer = door.ask("POST", path.format(id=uuid4()), role, **body)
        if answer.status_code != 201:
            problem = a_problem(answer, 507, "disk-full")
            assert "Nothing was recorded" in problem["detail"]
            return body
    raise AssertionError("there was room for everything")


def access_log_elsewhere(cluster: EmbeddedCluster, database: str) -> None:
    """Its tables lie on the server's own disk again."""
    with psycopg.connect(cluster.conninfo("postgres", database), autocommit=True) as admin:
        found = admin.execute(
            "SELECT format('ALTER %s %s SET TABLESPACE pg_default',"
            " CASE relkind WHEN 'i' THEN 'INDEX' ELSE 'TABLE' END, oid::regclass) FROM pg_class"
            " WHERE relnamespace = 'access'::regnamespace AND relkind IN ('r', 'i')"
        ).fetchall()
        for (statement,) in found:
            admin.execute(statement)


@pytest.mark.parametrize("logged", [True, False])
def test_where_the_tables_have_no_room_commands_are_refused_with_507_and_reading_goes_on_as_long_as_it_is_logged(
    pair: Pair, logged: bool
):
    name = "crammed" if logged else "crammed_too"
    with ExitStack() as stack:
        pair[0].create_database(name, "ledger_template")
        disk = stack.enter_context(on_small_disk(pair[0], name))
        if logged:
            access_log_elsewhere(pair[0], name)
        pair[1].create_database(name, "vault_template")
        door = stack.enter_context(in_databases(pair, name))
        case = door.new_case()
        ballast = fill(disk)
        refused = until_full(door, f"{case.path}/record-absence", "practitioner", (asked(case) for _ in range(2_000)))
        before = stored(door, case)
        assert refused["json"]["absence_id"] not in before
        for view in ("enforcement", "chronology", "progress"):
            answer = door.get(f"{case.path}/{view}")
            if logged:
                assert answer.status_code == 200
            else:
                unavailable(answer, "access-log-unavailable")
        assert door.ask("GET", "/log/checkpoint", None).status_code == 200
        assert door.ask("GET", "/health/live", None).status_code == 200
        ballast.unlink()
        answer = healed(door, "POST", f"{case.path}/record-absence", **refused)
        assert answer.status_code == 201
        assert stored(door, case) == [*before, refused["json"]["absence_id"]]


def test_where_the_vault_has_no_room_for_a_new_key_nothing_is_recorded_and_what_needs_none_goes_on(pair: Pair):
    with ExitStack() as stack:
        pair[1].create_database("locked", "vault_template")
        disk = stack.enter_context(on_small_disk(pair[1], "locked"))
        pair[0].create_database("locked", "ledger_template")
        door = stack.enter_context(in_databases(pair, "locked"))
        case = door.new_case()
        ballast = fill(disk)
        people = ({"json": PERSON, "headers": {"Idempotency-Key": str(uuid4())}} for _ in range(2_000))
        until_full(door, "/offenders/{id}/record-offender", "court-officer", people)
        size = door.size
        assert (
            door.ask("POST", f"{case.path}/record-absence", **asked(case, note="under a key there is")).status_code
            == 201
        )
        assert door.get(f"{case.path}/chronology").status_code == 200
        assert door.size == size + 1
        ballast.unlink()
        again = f"/offenders/{uuid4()}/record-offender"
        assert healed(door, "POST", again, role="court-officer", json=PERSON).status_code == 201


@pytest.mark.soak  # alone it takes seconds; beside a whole run of the tests recovery has taken more than a minute
def test_where_the_write_ahead_log_has_no_room_the_server_ends_and_is_brought_back_once_there_is():
    with own_pair() as own, small_disk(own[0], 240) as disk:
        ended(own[0], signal.SIGINT)
        log = own[0].folder / "data" / "pg_wal"
        subprocess.run(["cp", "-a", f"{log}/.", str(disk)], check=True)
        shutil.rmtree(log)
        log.symlink_to(disk)
        own[0].ensure_running()
        with new_door(*own, command_deadline=DEADLINE) as door:
            case = door.new_case()
            recorded = [asked(case) for _ in range(5)]
            for each in recorded:
                assert door.ask("POST", f"{case.path}/record-absence", **each).status_code == 201
            ballast = fill(disk)
            with psycopg.connect(own[0].conninfo("postgres", "postgres"), autocommit=True) as admin:
                admin.execute("SELECT pg_switch_wal()")
            under_way = [asked(case) for _ in range(3)]
            for each in under_way:
                answer = door.ask("POST", f"{case.path}/record-absence", **each)
                unavailable(answer, "database-unavailable", "outcome-unknown")
            ballast.unlink()
            for each in (*under_way, *recorded):
                answer = healed(door, "POST", f"{case.path}/record-absence", **each)
                assert answer.status_code in (200, 201), answer.text
            assert sorted(stored(door, case)) == sorted(each["json"]["absence_id"] for each in (*under_way, *recorded))


# ------------------------------------------------------------------------------------ no connection


def test_connections_that_are_there_go_on_while_others_have_taken_all_the_rest(pair: Pair, starved: Door):
    case = starved.new_case()
    assert starved.get(f"{case.path}/enforcement").status_code == 200
    with all_connections_taken(pair[0]):
        for _ in range(3):
            assert starved.ask("POST", f"{case.path}/record-absence", **asked(case)).status_code == 201
            assert starved.get(f"{case.path}/enforcement").status_code == 200


def test_who_has_lost_his_connections_to_others_says_so_and_gets_new_ones_once_there_are_any(pair: Pair, starved: Door):
    case = starved.new_case()
    command = asked(case)
    with all_connections_taken(pair[0]) as take:
        take(evict="starved")
        answer = starved.ask("POST", f"{case.path}/record-absence", **command)
        unavailable(answer, "database-unavailable")
        unavailable(starved.get(f"{case.path}/enforcement"), "database-unavailable")
        ready = starved.ask("GET", "/health/ready", None)
        assert (ready.status_code, ready.json()["components"]["database"]) == (503, "DOWN")
    assert healed(starved, "POST", f"{case.path}/record-absence", **command).status_code == 201
    assert stored(starved, case) == [command["json"]["absence_id"]]


class Taker(Protocol):
    def __call__(self, *, evict: str) -> None: ...


@contextmanager
def all_connections_taken(cluster: EmbeddedCluster) -> Iterator[Taker]:
    """Somebody else holds every connection but those kept for superusers; `take` ends those of a database, too."""
    conninfo = cluster.conninfo(cluster.owner_role, "ledger_template")
    with ExitStack() as stack:
        admin = stack.enter_context(psycopg.connect(cluster.conninfo("postgres", "postgres"), autocommit=True))

        def take_all() -> None:
            while True:
                try:
                    stack.enter_context(psycopg.connect(conninfo))
                except psycopg.OperationalError:
                    return

        def take(*, evict: str) -> None:
            # Who is still being let in holds a connection and names no database yet.
            query = """
                SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
                 WHERE datname = %s OR (datname IS NULL AND backend_type = 'client backend')
            """
            for _ in range(100):
                take_all()
                if admin.execute(query, (evict,)).fetchone() == (0,):
                    return
            raise AssertionError(f"{evict} always had a connection again")

        take_all()
        yield take


# ------------------------------------------------------------------------------------ no speed


def test_a_slow_database_is_waited_for_until_the_deadline_and_no_longer(pair: Pair):
    with ExitStack() as stack:
        ways = [stack.enter_context(slow_way(each.conninfo(each.app_role, "slow"))) for each in pair]
        applications = [lambda way=way: way.conninfo for way in ways]
        door = stack.enter_context(foreign_door(pair, "slow", applications, command_deadline=DEADLINE))
        case = door.new_case()
        ways[0].delay = 0.03
        assert door.ask("POST", f"{case.path}/record-absence", **asked(case)).status_code == 201
        assert door.get(f"{case.path}/enforcement").status_code == 200
        ways[0].delay = 2 * DEADLINE
        command = asked(case)
        for path, given in ((f"{case.path}/record-absence", command), (f"{case.path}/record-absence", asked(case))):
            began = time.monotonic()
            answer = door.ask("POST", path, **given)
            unavailable(answer, "database-unavailable", "outcome-unknown")
            assert time.monotonic() - began < 3 * DEADLINE
        began = time.monotonic()
        unavailable(door.get(f"{case.path}/enforcement"), "database-unavailable")
        assert door.ask("GET", "/health/ready", None).status_code == 503
        assert time.monotonic() - began < 3 * DEADLINE + READY_SECONDS
        ways[0].delay = 0.0
        assert healed(door, "POST", f"{case.path}/record-absence", **command).status_code in (200, 201)
        assert stored(door, case).count(command["json"]["absence_id"]) == 1


# ------------------------------------------------------------------------------------ no clock


@pytest.mark.parametrize("jump", [timedelta(seconds=-6), timedelta(seconds=6), timedelta(days=3650)])
def test_while_the_clocks_disagree_nothing_is_sealed_and_so_no_case_is_shown(
    starved: Door, monkeypatch: pytest.MonkeyPatch, jump: timedelta
):
    class Jumped(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + jump

    case = starved.new_case()
    command = asked(case)
    with monkeypatch.context() as patch:
        patch.setattr(sequencer, "datetime", Jumped)
        for _ in range(2):
            answer = starved.ask("POST", f"{case.path}/record-absence", **command)
            unavailable(answer, "clock-in-doubt")
        for view in ("enforcement", "chronology"):
            unavailable(starved.get(f"{case.path}/{view}"), "access-log-unavailable")
        assert starved.ask("GET", "/log/checkpoint", None).status_code == 200
        assert stored(starved, case) == []
    assert starved.ask("POST", f"{case.path}/record-absence", **command).status_code == 201
    assert stored(starved, case) == [command["json"]["absence_id"]]
