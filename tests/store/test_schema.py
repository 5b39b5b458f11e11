"""The schema is what its migrations lead to, and what is sealed stays: by permission, and for the owner by trigger."""

from __future__ import annotations

import subprocess
from importlib import resources
from typing import Any

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from tests.conftest import Clusters, FreshDatabase
from tests.store.ledgers import Ledger, one, sealed_by

from ledger.errors import Setup
from ledger.store import migrate
from ledger.store.embedded import EmbeddedCluster
from ledger.store.migrate import Which

KEPT = (
    "entries", "about", "checkpoints", "released", "tiles", "closings", "chains", "head", "fenced_keys", "erased_keys",
)  # fmt: skip
# What moves on with every append; nothing else is ever updated by the application.
MOVES = {("head", name) for name in ("size", "edge", "recorded")} | {
    ("chains", name) for name in ("version", "leaf", "n", "chain", "last")
}


def dump(cluster: EmbeddedCluster, conninfo: str) -> str:
    """The schema as pg_dump tells it, without the list of migrations."""
    given = conninfo_to_dict(conninfo)
    ended = subprocess.run(
        [
            cluster.program("pg_dump"),
            *("--schema-only", "--no-comments", "--exclude-table=migrations", "--restrict-key=same"),
            *("-h", str(given["host"]), "-p", str(given["port"]), "-U", str(given["user"]), str(given["dbname"])),
        ],
        env={"PGPASSWORD": str(given["password"])},
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout


@pytest.mark.parametrize("which", ["ledger", "vault"])
def test_the_schema_is_what_the_migrations_lead_to(
    clusters: Clusters, ledger_template: str, vault_template: str, fresh_database: FreshDatabase, which: Which
) -> None:
    cluster = getattr(clusters, which)
    template, file = (ledger_template, "schema.sql") if which == "ledger" else (vault_template, "vault.sql")
    declared = fresh_database(cluster)
    with psycopg.connect(declared) as connection:
        connection.execute(resources.files("ledger.store").joinpath(file).read_bytes())
    migrated = dump(cluster, cluster.conninfo(cluster.owner_role, template))
    assert dump(cluster, declared) == migrated
    assert "CREATE TABLE" in migrated


def test_migrations_run_once_and_say_what_ran(clusters: Clusters, fresh_database: FreshDatabase) -> None:
    conninfo = fresh_database(clusters.vault)
    names = [name for name, _ in migrate.files("vault")]
    assert migrate.pending(conninfo, "vault") == names
    assert migrate.migrate(conninfo, "vault") == names
    assert migrate.migrate(conninfo, "vault") == migrate.pending(conninfo, "vault") == []


def test_a_migration_that_fails_leaves_nothing_behind_and_one_that_was_changed_is_refused(
    clusters: Clusters, fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    conninfo = fresh_database(clusters.vault)
    broken = [("0001_good.sql", "CREATE TABLE good ()"), ("0002_bad.sql", "CREATE TABLE half (); SELECT nothing")]
    monkeypatch.setattr(migrate, "files", lambda which: broken)
    with pytest.raises(psycopg.Error):
        migrate.migrate(conninfo, "vault")
    assert migrate.pending(conninfo, "vault") == ["0002_bad.sql"]
    broken[:] = [("0001_good.sql", "CREATE TABLE better ()")]
    with pytest.raises(Setup, match="was changed after it had run"):
        migrate.migrate(conninfo, "vault")


def test_the_names_of_migrations_are_numbered_without_gaps() -> None:
    for which in ("ledger", "vault"):
        numbers = [int(name[:4]) for name, _ in migrate.files(which)]
        assert numbers == list(range(1, len(numbers) + 1))


# ---------------------------------------------------------------------------------------- who may do what


@pytest.mark.anyio
async def test_the_application_changes_nothing_that_was_sealed(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:
        await sealed_by(sequencer, one("case-a"))
    for table in KEPT:
        refused(ledger.app, f"DELETE FROM {table}", errors.InsufficientPrivilege)
        refused(ledger.app, f"TRUNCATE {table}", errors.InsufficientPrivilege)
        refused(ledger.app, f"DROP TABLE {table}", errors.InsufficientPrivilege)
    for table, column in columns_of(ledger):
        if (table, column) not in MOVES:
            refused(ledger.app, f"UPDATE {table} SET {column} = {column}", errors.InsufficientPrivilege)


def test_the_application_may_do_what_it_needs_and_that_is_all(ledger: Ledger) -> None:
    granted = {
        (table, right)
        for table, right in ledger.rows(
            "SELECT table_name, privilege_type FROM information_schema.table_privileges "
            "WHERE grantee = 'ledger_app' AND table_schema <> 'projections'"  # nothing there is evidence
        )
    }
    assert {table for table, right in granted if right == "DELETE"} == {"receipts", "sealed_values", "file_parts"}
    assert {right for _, right in granted} == {"SELECT", "INSERT", "DELETE"}
    moves = ledger.rows(
        "SELECT table_name, column_name FROM information_schema.column_privileges "
        "WHERE grantee = 'ledger_app' AND privilege_type = 'UPDATE' AND table_schema <> 'projections'"
    )
    assert set(moves) == MOVES


@pytest.mark.anyio
async def test_the_owner_changes_nothing_that_was_sealed_either(ledger: Ledger) -> None:
    async with ledger.sequencer() as sequencer:
        await sealed_by(sequencer, one("case-a"))
    for statement in (
        "UPDATE entries SET entry = entry",
        "UPDATE about SET position = 1",
        "UPDATE checkpoints SET root = root",
        "UPDATE released SET note = note",
        "UPDATE tiles SET root = root",
        "DELETE FROM entries",
        "DELETE FROM about",
        "DELETE FROM tiles",
        "DELETE FROM chains",
        "DELETE FROM head",
        *(f"TRUNCATE {table}" for table in KEPT),
    ):
        refused(ledger.owner, statement, errors.RestrictViolation)


@pytest.mark.usefixtures("ledger_template")
def test_the_access_log_has_the_tables_keys_and_rights_of_the_ledger_and_no_others(clusters: Clusters) -> None:
    """Its tables are made from the ledger's: a later change of the one that forgets the other shows here.

    Documents lie beside facts of the ledger alone.
    """
    queries = (
        "SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name "
        "FROM information_schema.columns WHERE table_schema = %s AND table_name <> 'migrations'",
        "SELECT table_name, privilege_type FROM information_schema.table_privileges "
        "WHERE table_schema = %s AND grantee = 'ledger_app' AND table_name <> 'migrations'",
        "SELECT table_name, column_name, privilege_type FROM information_schema.column_privileges "
        "WHERE table_schema = %s AND grantee = 'ledger_app' AND table_name <> 'migrations'",
        "SELECT event_object_table, trigger_name, event_manipulation FROM information_schema.triggers "
        "WHERE event_object_schema = %s",
        "SELECT c.relname, pg_get_constraintdef(k.oid) "
        "FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid "
        "WHERE k.connamespace = %s::regnamespace AND c.relname <> 'migrations'",
        "SELECT tablename, regexp_replace(indexdef, '^.* USING', '') FROM pg_indexes "
        "WHERE schemaname = %s AND tablename <> 'migrations'",
        "SELECT relname, reloptions FROM pg_class WHERE relkind = 'r' AND relnamespace = %s::regnamespace "
        "AND relname <> 'migrations'",
    )
    with psycopg.connect(clusters.ledger.conninfo("postgres", "ledger_template")) as connection:
        for query in queries:
            own, access = (
                sorted(repr(row) for row in connection.execute(query.encode(), (schema,)) if row[0] != "file_parts")
                for schema in ("public", "access")
            )
            assert own == access
            assert own


@pytest.mark.anyio
async def test_nobody_changes_what_the_access_log_holds(ledger: Ledger) -> None:
    for table in KEPT:
        refused(ledger.app, f"DELETE FROM access.{table}", errors.InsufficientPrivilege)
        refused(ledger.owner, f"TRUNCATE access.{table}", errors.RestrictViolation)
    for statement in ("UPDATE access.entries SET entry = entry", "DELETE FROM access.entries"):
        refused(ledger.owner, statement, errors.RestrictViolation)


def test_there_is_one_head_and_its_name_never_changes(ledger: Ledger) -> None:
    second = "INSERT INTO head (one, origin, simulated, size, edge, recorded) VALUES ({}, 'x', false, 0, '', now())"
    refused(ledger.app, second.format("true"), errors.UniqueViolation)
    refused(ledger.app, second.format("false"), errors.CheckViolation)
    refused(ledger.app, "UPDATE head SET origin = 'another'", errors.InsufficientPrivilege)
    refused(ledger.app, "UPDATE head SET simulated = true", errors.InsufficientPrivilege)


def test_a_key_has_its_bytes_until_it_is_destroyed_and_never_after(vault_database: str) -> None:
    row = "gen_random_uuid(), 'o', 'case', 1"
    insert = "INSERT INTO keys (key_id, owner, retention, generation, state, wrapping, wrapped) VALUES "
    refused(vault_database, f"{insert} ({row}, 'destroyed', 'w', 'bytes')", errors.CheckViolation)
    refused(vault_database, f"{insert} ({row}, 'active', NULL, NULL)", errors.CheckViolation)
    refused(vault_database, "TRUNCATE keys", errors.InsufficientPrivilege)


@pytest.mark.parametrize("which", ["ledger", "vault"])
@pytest.mark.usefixtures("ledger_template", "vault_template")
def test_no_role_that_the_ledger_uses_is_a_superuser(clusters: Clusters, which: Which) -> None:
    cluster = getattr(clusters, which)
    for role in (cluster.owner_role, cluster.app_role):
        with psycopg.connect(cluster.conninfo(role, f"{which}_template")) as connection:
            rights: Any = connection.execute(
                "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication "
                "FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
        assert rights == (False,) * 5


def refused(conninfo: str, statement: str, error: type[psycopg.Error]) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection, pytest.raises(error):
        connection.execute(statement.encode())


def columns_of(ledger: Ledger) -> list[tuple[str, str]]:
    return ledger.rows(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND table_name <> 'migrations'"
    )
