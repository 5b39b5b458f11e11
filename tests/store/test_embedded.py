"""The embedded cluster, tried with real processes, real kills and real permissions, as root and as anybody else."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest
from psycopg.pq import PollingStatus

from ledger.store import host
from ledger.store.embedded import OWNER, EmbeddedCluster, EmbeddedError

if TYPE_CHECKING:
    from tests.conftest import Clusters, FreshDatabase

AS_ROOT = os.geteuid() == 0
# Another process: makes a cluster run, says its server's number, and lets go when its input ends.
OTHER = """
import sys
from pathlib import Path
from ledger.store.embedded import EmbeddedCluster
with EmbeddedCluster(Path(sys.argv[1]), "ledger", throwaway=True) as cluster:
    print(cluster.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def home(open_tmp_path: Path) -> Path:
    return open_tmp_path / "home"


@pytest.fixture
def new_cluster(home: Path) -> Generator[EmbeddedCluster]:
    """A throw-away cluster that is not yet made."""
    with removed_in_the_end(EmbeddedCluster(home, "ledger", throwaway=True)) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def made_home() -> Generator[Path]:
    """The home of a cluster with a database `test`, made once for the tests below, each of which leaves it stopped."""
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    folder.chmod(0o711)
    with removed_in_the_end(EmbeddedCluster(folder / "home", "ledger", throwaway=True)) as cluster:
        with cluster:
            cluster.create_database("test")
        yield cluster.home
    shutil.rmtree(folder)


@pytest.fixture
def cluster(made_home: Path) -> Generator[EmbeddedCluster]:
    """A throw-away cluster that is made and stopped, and may be put through anything that leaves it whole."""
    cluster = EmbeddedCluster(made_home, "ledger", throwaway=True)
    yield cluster
    cluster.release()
    assert cluster.pid is None, "this test left a server running"


@contextmanager
def removed_in_the_end(cluster: EmbeddedCluster) -> Generator[EmbeddedCluster]:
    try:
        yield cluster
    finally:
        if cluster.home.exists():
            EmbeddedCluster(cluster.home, cluster.name, throwaway=True).remove()


def start_other(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", OTHER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def server_number(other: subprocess.Popen[str]) -> int:
    assert other.stdout is not None
    return int(other.stdout.readline())


def let_go(other: subprocess.Popen[str]) -> None:
    other.communicate(timeout=30)
    assert other.returncode == 0


def ask(conninfo: str, query: str) -> object:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def setting(cluster: EmbeddedCluster, name: str) -> object:
    return ask(cluster.conninfo(OWNER, "test"), f"SHOW {name}")


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited 20 s in vain"
        time.sleep(0.01)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def kill_server(cluster: EmbeddedCluster) -> int:
    pid = cluster.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: cluster.pid is None)
    return pid


# --- starting, sharing, stopping -------------------------------------------------------------------------------


def test_a_cluster_starts_from_nothing_and_the_application_gets_in(new_cluster: EmbeddedCluster) -> None:
    new_cluster.ensure_running()
    new_cluster.create_database("test")
    assert ask(new_cluster.conninfo("ledger_app", "test"), "SELECT current_user") == "ledger_app"


def test_the_vault_is_a_cluster_of_its_own_with_a_role_of_its_own(clusters: Clusters) -> None:
    clusters.vault.ensure_database("vault_test")
    assert ask(clusters.vault.conninfo("vault_app", "vault_test"), "SELECT current_user") == "vault_app"
    assert clusters.vault.pid != clusters.ledger.pid
    with pytest.raises(EmbeddedError, match="has no role 'ledger_app'"):
        clusters.vault.conninfo("ledger_app", "vault_test")


def test_what_was_written_is_there_after_a_stop_and_a_start(cluster: EmbeddedCluster) -> None:
    with cluster, psycopg.connect(cluster.conninfo(OWNER, "test")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
    assert cluster.pid is None
    with cluster:
        assert ask(cluster.conninfo(OWNER, "test"), "SELECT value FROM kept") == 42


def test_a_second_process_shares_the_server_and_the_last_to_let_go_stops_it(cluster: EmbeddedCluster) -> None:
    cluster.ensure_running()
    pid = cluster.pid
    other = start_other(cluster.home)
    assert server_number(other) == pid
    cluster.release()
    assert cluster.pid == pid, "the server stopped although another process uses it"
    let_go(other)
    assert cluster.pid is None


def test_processes_that_start_at_once_from_nothing_share_one_server(new_cluster: EmbeddedCluster) -> None:
    others = [start_other(new_cluster.home) for _ in range(4)]
    numbers = {server_number(other) for other in others}
    for other in others:
        let_go(other)
    assert len(numbers) == 1
    assert new_cluster.pid is None


def test_the_server_is_in_a_session_of_its_own_out_of_reach_of_ctrl_c(clusters: Clusters) -> None:
    assert clusters.ledger.pid is not None
    assert os.getsid(clusters.ledger.pid) != os.getsid(0)


def test_releasing_twice_or_unasked_does_nothing(cluster: EmbeddedCluster) -> None:
    cluster.release()
    cluster.ensure_running()
    cluster.release()
    cluster.release()
    assert cluster.pid is None


# --- kills and crashes -----------------------------------------------------------------------------------------


def test_a_killed_server_is_started_again_and_has_kept_what_was_committed(cluster: EmbeddedCluster) -> None:
    cluster.ensure_running()
    with psycopg.connect(cluster.conninfo(OWNER, "test")) as connection:
        connection.execute("CREATE TABLE survivor AS SELECT 42 AS value")
    killed = kill_server(cluster)
    cluster.ensure_running()
    assert cluster.pid not in (None, killed)
    assert ask(cluster.conninfo(OWNER, "test"), "SELECT value FROM survivor") == 42


def test_a_killed_server_whose_children_are_busy_is_started_again(cluster: EmbeddedCluster) -> None:
    cluster.ensure_running()
    with psycopg.connect(cluster.conninfo(OWNER, "test"), autocommit=True) as busy:
        busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 3000000)")
        kill_server(cluster)
        cluster.ensure_running()
        with suppress(psycopg.Error):
            busy.close()
    assert ask(cluster.conninfo(OWNER, "test"), "SELECT 1") == 1


def test_the_server_of_a_killed_process_is_taken_over_and_stopped_in_the_end(cluster: EmbeddedCluster) -> None:
    other = start_other(cluster.home)
    pid = server_number(other)
    other.kill()
    other.communicate()
    assert cluster.pid == pid, "the server ended with the process that started it"
    cluster.ensure_running()
    assert cluster.pid == pid
    cluster.release()
    assert cluster.pid is None


def test_a_stale_pid_file_that_names_a_living_stranger_misleads_nobody(cluster: EmbeddedCluster) -> None:
    """After a restart of the machine or the container, the old number may belong to any process."""
    cluster.ensure_running()
    data = cluster.folder / "data"
    account = host.owner_of(data)
    kill_server(cluster)
    stranger = subprocess.Popen(
        ["/bin/sh", "-c", "read never"], stdin=subprocess.PIPE, user=account.uid if AS_ROOT else None
    )
    try:
        for lock_file in (data / "postmaster.pid", data.parent / "run" / f"{host.SOCKET_NAME}.lock"):
            _, rest = lock_file.read_text().split("\n", 1)
            lock_file.write_text(f"{stranger.pid}\n{rest}")
        cluster.ensure_running()
        assert cluster.pid not in (None, stranger.pid)
        assert stranger.poll() is None
    finally:
        stranger.communicate()


def test_an_interrupted_making_is_begun_anew(new_cluster: EmbeddedCluster) -> None:
    other = start_other(new_cluster.home)
    base = new_cluster.home / "postgres"
    wait_until(lambda: any(base.glob("ledger.new-*/data/global")))
    other.kill()
    other.communicate()
    assert not (base / "ledger").exists()
    new_cluster.ensure_running()
    roles = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'ledger%'"
    assert ask(new_cluster.conninfo("postgres", "postgres"), roles) == 2


def test_what_an_interrupted_making_left_is_cleared_away(cluster: EmbeddedCluster) -> None:
    left_over = cluster.home / "postgres" / "ledger.new-x7"
    (left_over / "data").mkdir(parents=True)
    cluster.ensure_running()
    assert not left_over.exists()


def test_a_socket_that_was_swept_away_comes_back(cluster: EmbeddedCluster) -> None:
    cluster.ensure_running()
    (cluster.folder / "run" / host.SOCKET_NAME).unlink()
    cluster.ensure_running()
    assert ask(cluster.conninfo("postgres", "postgres"), "SELECT 1") == 1


def test_a_server_that_will_not_start_says_why(cluster: EmbeddedCluster) -> None:
    settings = cluster.folder / "data" / "postgresql.auto.conf"
    before = settings.read_text()
    settings.write_text("shared_buffers = plenty\n")
    with pytest.raises(EmbeddedError, match="shared_buffers"):
        cluster.ensure_running()
    settings.write_text(before)


# --- where it may lie ------------------------------------------------------------------------------------------


def test_the_path_of_the_home_may_hold_any_character(open_tmp_path: Path) -> None:
    for name in ("a b", 'o\'ne "two" $(three) `four`, %n \\five'):
        with removed_in_the_end(EmbeddedCluster(open_tmp_path / name, "ledger", throwaway=True)) as cluster:
            cluster.ensure_running()
            assert ask(cluster.conninfo("postgres", "postgres"), "SELECT 1") == 1


def test_a_home_too_deep_for_a_socket_has_it_in_a_private_temporary_folder(open_tmp_path: Path) -> None:
    with removed_in_the_end(EmbeddedCluster(open_tmp_path / ("d" * 120), "ledger", throwaway=True)) as cluster:
        cluster.ensure_running()
        folder = Path(str(ask(cluster.conninfo("postgres", "postgres"), "SHOW unix_socket_directories")).strip('"'))
        assert mode(folder) == 0o700
        assert not folder.is_relative_to(cluster.home)
        assert ask(cluster.conninfo("postgres", "postgres"), "SELECT 1") == 1
        cluster.release()
        assert not folder.exists()


def test_a_socket_folder_that_is_not_ours_is_refused(open_tmp_path: Path) -> None:
    (open_tmp_path / "target").mkdir()
    (open_tmp_path / "link").symlink_to(open_tmp_path / "target")
    with pytest.raises(EmbeddedError, match="Remove it"):
        host.private_folder(open_tmp_path / "link", host.owner_of(open_tmp_path))


@pytest.mark.skipif(not AS_ROOT, reason="only root acts for another account")
def test_a_home_of_root_that_others_cannot_enter_has_its_data_under_var_lib(open_tmp_path: Path) -> None:
    closed = open_tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with removed_in_the_end(EmbeddedCluster(closed / "home", "ledger", throwaway=True)) as cluster:
        cluster.ensure_running()
        place = Path((closed / "home" / "postgres" / "elsewhere").read_text().strip())
        assert place.parent == host.STATE
        assert (place / "ledger" / "data").is_dir()
        assert ask(cluster.conninfo("postgres", "postgres"), "SELECT 1") == 1
        assert mode(closed) == 0o700, "a folder was opened to others behind its owner's back"
    assert not place.exists()


@pytest.mark.skipif(not AS_ROOT, reason="only root acts for another account")
def test_data_elsewhere_that_is_gone_is_not_silently_begun_anew(open_tmp_path: Path) -> None:
    closed = open_tmp_path / "closed"
    closed.mkdir(mode=0o700)
    cluster = EmbeddedCluster(closed / "home", "ledger", throwaway=True)
    with cluster:
        pass
    pointer = closed / "home" / "postgres" / "elsewhere"
    place = Path(pointer.read_text().strip())
    cluster.remove()
    pointer.write_text(f"{place}\n")
    with pytest.raises(EmbeddedError, match="is gone"):
        cluster.ensure_running()


@pytest.mark.skipif(not AS_ROOT, reason="only root acts for another account")
def test_binaries_that_the_server_account_cannot_reach_are_copied_and_run(
    open_tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = host.account_for(open_tmp_path)
    monkeypatch.setattr(host, "STATE", open_tmp_path / "state")
    monkeypatch.setattr(host, "_can_run", lambda *_: False)
    copied = host.binaries(account)
    assert copied.is_relative_to(open_tmp_path)
    for name in ("initdb", "postgres", "pg_ctl", "pg_dump"):
        assert f" {host.POSTGRES_MAJOR}." in account.run(copied / name, "--version").stdout
    assert host.binaries(account) == copied


@pytest.mark.skipif(AS_ROOT, reason="nothing is closed to root")
def test_a_home_that_is_closed_to_us_says_whom_to_run_as(open_tmp_path: Path) -> None:
    closed = open_tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(EmbeddedError, match="Run the ledger as whoever made"):
        EmbeddedCluster(closed / "home", "ledger").ensure_running()


def test_a_data_folder_of_another_version_is_left_alone(cluster: EmbeddedCluster) -> None:
    version = cluster.folder / "data" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 17"):
        cluster.ensure_running()
    assert cluster.pid is None
    version.write_text(f"{host.POSTGRES_MAJOR}\n")


def test_missing_passwords_are_reported_and_not_replaced(cluster: EmbeddedCluster) -> None:
    keys = cluster.home / "keys" / "postgres-ledger.json"
    keys.rename(keys.with_suffix(".away"))
    with pytest.raises(EmbeddedError, match="missing"):
        cluster.ensure_running()
    assert not keys.exists()
    keys.with_suffix(".away").rename(keys)


# --- who gets in, and what gets out ----------------------------------------------------------------------------


def test_folders_keys_and_sockets_are_private(clusters: Clusters) -> None:
    cluster = clusters.ledger
    folder = cluster.folder
    for private in (cluster.home / "keys", folder, folder / "data", folder / "run"):
        assert mode(private) == 0o700, private
    for private in (*(cluster.home / "keys").iterdir(), cluster.log_file, folder / "data" / "case-ledger.conf"):
        assert mode(private) == 0o600, private
    assert mode(folder / "run" / host.SOCKET_NAME) == 0o700
    assert not (cluster.home / "keys").is_relative_to(folder / "data")


def test_the_server_runs_as_nobody_special(clusters: Clusters) -> None:
    assert clusters.ledger.pid is not None
    uid = psutil.Process(clusters.ledger.pid).uids().effective
    assert uid != 0
    assert AS_ROOT or uid == os.geteuid()


def test_the_working_roles_are_no_superusers_and_make_nothing_outside_their_database(clusters: Clusters) -> None:
    for cluster in (clusters.ledger, clusters.vault):
        with psycopg.connect(cluster.conninfo("postgres", "postgres")) as connection:
            rows = connection.execute(
                "SELECT rolname, rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls"
                " FROM pg_roles WHERE rolcanlogin"
            ).fetchall()
        assert dict(rows) == {"postgres": True, cluster.owner_role: False, cluster.app_role: False}


def test_nobody_gets_in_without_the_right_password(clusters: Clusters, database: str) -> None:
    settings = psycopg.conninfo.conninfo_to_dict(database)
    for role in ("postgres", "ledger_owner", "ledger_app"):
        for password in ("", "wrong"):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect("", **(settings | {"user": role, "password": password}))


def test_passwords_are_random_and_differ(clusters: Clusters) -> None:
    files = [path for path in (clusters.ledger.home / "keys").iterdir() if path.name.startswith("postgres-")]
    passwords = [word for path in files for word in json.loads(path.read_text()).values()]
    assert len(passwords) == len(set(passwords)) == 6
    assert all(len(word) >= 43 for word in passwords)


def test_the_application_may_enter_its_database_but_no_other_and_not_create_in_it(
    clusters: Clusters, fresh_database: FreshDatabase
) -> None:
    own = fresh_database(clusters.ledger, role="ledger_app")
    assert ask(own, "SELECT 1") == 1
    with psycopg.connect(own) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE TABLE public.mine (x int)")
    for database in ("postgres", "template1"):
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            psycopg.connect(clusters.ledger.conninfo("ledger_app", database))


def test_the_server_listens_on_no_network_address(clusters: Clusters) -> None:
    assert ask(clusters.ledger.conninfo("postgres", "postgres"), "SHOW listen_addresses") == ""
    for cluster in (clusters.ledger, clusters.vault):
        assert cluster.pid is not None
        assert psutil.Process(cluster.pid).net_connections("inet") == []


def test_the_log_holds_no_statement_no_parameter_and_no_value(clusters: Clusters, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE people (surname text PRIMARY KEY, born date)")
        connection.execute("INSERT INTO people (surname) VALUES (%s)", ["Featherstonehaugh"])
        for wrong in (
            "INSERT INTO people (surname) VALUES ('Featherstonehaugh')",
            "INSERT INTO people (surname, born) VALUES ('x', 'Featherstonehaugh')",
            "SELECT 'Featherstonehaugh' FROM nowhere",
            "DO $$ BEGIN RAISE WARNING 'Featherstonehaugh'; END $$",
        ):
            with suppress(psycopg.Error):
                connection.execute(wrong.encode())
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO people (surname) VALUES (%s)", ["Featherstonehaugh"])
    text = clusters.ledger.log_file.read_text()
    assert "database system is ready" in text
    assert "Featherstonehaugh" not in text


# --- what it is set to -----------------------------------------------------------------------------------------


def test_a_cluster_that_is_to_last_is_durable_and_is_not_removed(home: Path) -> None:
    with removed_in_the_end(EmbeddedCluster(home, "ledger")) as cluster, cluster:
        assert cluster.ensure_database("test")
        for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert setting(cluster, name) == "on", name
        assert setting(cluster, "wal_compression") == "pglz"
        with pytest.raises(EmbeddedError, match="not a throw-away"):
            cluster.remove()


def test_a_throwaway_cluster_waits_for_no_disk(cluster: EmbeddedCluster) -> None:
    with cluster:
        assert setting(cluster, "fsync") == "off"


def test_times_are_utc_and_texts_sort_by_code_point(database: str) -> None:
    assert ask(database, "SHOW timezone") == "UTC"
    assert ask(database, "SHOW server_encoding") == "UTF8"
    assert ask(database, "SELECT array_agg(x ORDER BY x) FROM unnest(ARRAY['é', 'a', 'Z', 'z']) x") == [
        "Z",
        "a",
        "z",
        "é",
    ]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells shared memory apart")
def test_both_servers_together_are_small(clusters: Clusters) -> None:
    servers = [psutil.Process(each.pid) for each in (clusters.ledger, clusters.vault)]
    family = [*servers, *(child for server in servers for child in server.children())]
    total = 0
    for process in family:
        with suppress(psutil.NoSuchProcess):
            total += process.memory_full_info().pss
    assert 5_000_000 < total < 150_000_000


# --- databases -------------------------------------------------------------------------------------------------


def test_a_database_made_from_a_template_is_a_copy_and_nothing_flows_back(
    clusters: Clusters, fresh_database: FreshDatabase
) -> None:
    template = fresh_database(clusters.ledger)
    name = str(psycopg.conninfo.conninfo_to_dict(template)["dbname"])
    with psycopg.connect(template) as connection:
        connection.execute("CREATE TABLE facts AS SELECT 1 AS position")
    copy = fresh_database(clusters.ledger, name)
    with psycopg.connect(copy) as connection:
        connection.execute("INSERT INTO facts VALUES (2)")
    assert ask(copy, "SELECT count(*) FROM facts") == 2
    assert ask(template, "SELECT count(*) FROM facts") == 1


def test_ensuring_a_database_twice_makes_it_once(clusters: Clusters) -> None:
    assert clusters.ledger.ensure_database("twice")
    assert not clusters.ledger.ensure_database("twice")
    clusters.ledger.drop_database("twice")
    clusters.ledger.drop_database("twice")


def test_dropping_a_database_disconnects_who_is_in_it(clusters: Clusters) -> None:
    clusters.ledger.create_database("dropped")
    with psycopg.connect(clusters.ledger.conninfo(OWNER, "dropped")) as connection:
        clusters.ledger.drop_database("dropped")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_a_client_that_says_no_more_while_it_is_let_in_holds_no_drop_up_for_long(clusters: Clusters) -> None:
    clusters.ledger.create_database("dropped")
    half_way = psycopg.pq.PGconn.connect_start(clusters.ledger.conninfo(OWNER, "postgres").encode())
    try:
        while half_way.connect_poll() != PollingStatus.READING:
            select.select([], [half_way.socket], [])
        select.select([half_way.socket], [], [])  # the server's first word is there, and gets no answer
        began = time.monotonic()
        clusters.ledger.drop_database("dropped")
        assert time.monotonic() - began < 15
    finally:
        half_way.finish()


@pytest.mark.parametrize("name", ["", "Upper", "semi;colon", 'quo"te', "x" * 64, "1st"])
def test_a_name_that_is_none_is_refused(clusters: Clusters, name: str) -> None:
    with pytest.raises(EmbeddedError, match="no name for a database"):
        clusters.ledger.create_database(name)
