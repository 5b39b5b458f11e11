"""What the tests of the store share: a ledger's database, facts to append, and the oracle that re-verifies it whole."""

from __future__ import annotations

import base64
import uuid
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg

from ledger.privacy.canonical import canonical
from ledger.store.appending import Append, Ciphertext, Pending, Receipt
from ledger.store.embedded import EmbeddedCluster
from ledger.store.sequencer import SETUP, STATEMENTS, Sequencer
from ledger.store.wire import Wire
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.entry import parse_entry
from ledger.transparency.note import Signer
from ledger.transparency.verify import KeptCheckpoint, StoredChain, StoredHead, StoredRow, verify_ledger

ORIGIN = "ledger.example/test"
TABLES = ("head", "entries", "about", "chains", "sealed_values", "receipts", "checkpoints", "released", "closings")
MADE_FROM_THEM = ("tiles",)
BESIDE_THEM = ("fenced_keys",)


@dataclass
class Ledger:
    """A ledger's database and the key that signs for it."""

    owner: str  # how to connect as the owner
    app: str  # how to connect as the application
    admin: str  # how to connect as PostgreSQL's superuser
    signer: Signer
    simulated: bool = False
    notes: dict[int, str] = field(default_factory=dict[int, str])  # every checkpoint that was released, by size

    @classmethod
    def of(cls, cluster: EmbeddedCluster, name: str) -> Ledger:
        return cls(
            owner=cluster.conninfo(cluster.owner_role, name),
            app=cluster.conninfo(cluster.app_role, name),
            admin=cluster.conninfo("postgres", name),
            signer=Signer(ORIGIN, bytes(range(32))),
        )

    def begin(self, *, simulated: bool) -> None:
        """Empty, as only a superuser can, and with its name in the head."""
        self.simulated, self.notes = simulated, {}
        self.as_admin(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
            *(f"DELETE FROM {table}" for table in (*TABLES, *MADE_FROM_THEM, *BESIDE_THEM)),
        )
        with psycopg.connect(self.app, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO head (origin, simulated, size, edge, recorded) VALUES (%s, %s, 0, '', '2000-01-01Z')",
                (ORIGIN, simulated),
            )

    @asynccontextmanager
    async def sequencer(self, wire: type[Wire] = Wire, **options: Any) -> AsyncGenerator[Sequencer]:
        """A sequencer with a connection of its own; every checkpoint that it releases is kept for the oracle."""
        sequencer = Sequencer(
            lambda: wire.connect(self.app, STATEMENTS, SETUP),
            self.signer,
            simulated=self.simulated,
            released=self.released,
            **options,
        )
        try:
            yield sequencer
        finally:
            await sequencer.close()

    def released(self, size: int, note: str) -> None:
        """Two roots for one size must never be released."""
        assert self.notes.setdefault(size, note) == note

    def rows(self, query: str, *params: object) -> list[Any]:
        """What a query finds, as the owner."""
        with psycopg.connect(self.owner, autocommit=True) as connection:
            cursor = connection.execute(query.encode(), params or None)
            return cursor.fetchall() if cursor.description else []

    def as_admin(self, *statements: str) -> None:
        """As PostgreSQL's superuser, whom no trigger stops."""
        with psycopg.connect(self.admin) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            for each in statements:
                connection.execute(each.encode())

    def value(self, query: str, *params: object) -> Any:
        return self.rows(query, *params)[0][0]

    @property
    def size(self) -> int:
        return int(self.value("SELECT size FROM head"))


# ---------------------------------------------------------------------------------------- what is appended


def a_fact(
    stream: str,
    version: int,
    *,
    about: Sequence[str] = (),
    sealed: tuple[Ciphertext, ...] = (),
    of_type: str = "test.happened.v1",
    **values: Any,
) -> Pending:
    """A fact as the mapping would hand it over, of a type that only the tests know."""
    before = {
        "by": {"id": "s1", "role": "supervisor"},
        "effective": "2025-04-07",
        "entry": 1,
        "id": _uuid7(),
        **({"about": sorted(about)} if about else {}),
    }
    after = {"stream": stream, "type": of_type, "version": version, **({"values": values} if values else {})}
    return Pending(
        stream, version, canonical(before)[:-1] + b",", b"," + canonical(after)[1:], tuple(sorted(about)), sealed
    )


def _uuid7() -> str:
    drawn = bytearray(uuid.uuid4().bytes)
    drawn[6] = 0x70 | drawn[6] & 0x0F
    return str(uuid.UUID(bytes=bytes(drawn)))


def a_command(*facts: Pending, key: uuid.UUID | None = None, digest: bytes = b"digest", **other: Any) -> Append:
    return Append(facts, key=key.bytes if key else None, digest=digest if key else b"", **other)


def one(stream: str, version: int = 1, **other: Any) -> Append:
    """A command with one fact."""
    return a_command(a_fact(stream, version), **other)


async def sealed_by(sequencer: Sequencer, append: Append) -> Receipt:
    """The receipt of a command that was not seen before."""
    receipt = await sequencer.append(append)
    assert isinstance(receipt, Receipt)
    return receipt


def positions(receipts: Sequence[Receipt]) -> list[int]:
    return [fact.position for receipt in receipts for fact in receipt.facts]


# ---------------------------------------------------------------------------------------- the oracle


def verify_everything(ledger: Ledger) -> None:
    """Re-read every stored byte: tree, streams, chains, columns, kept roots, and every checkpoint ever released."""
    with psycopg.connect(ledger.owner) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        entries = connection.execute(
            "SELECT position, stream, version, recorded, leaf, entry FROM entries ORDER BY position"
        ).fetchall()
        [(size, edge, newest)] = connection.execute("SELECT size, edge, recorded FROM head").fetchall()
        chains = connection.execute("SELECT id, n, chain, last, version, leaf FROM chains").fetchall()
        roots = connection.execute("SELECT size, root, recorded FROM checkpoints ORDER BY size").fetchall()
        about = connection.execute("SELECT id, position FROM about ORDER BY position, id").fetchall()
        receipts = connection.execute("SELECT key, first, last, size, recorded FROM receipts").fetchall()
    report = verify_ledger(
        (StoredRow(position, entry, leaf, stream, version) for position, stream, version, _, leaf, entry in entries),
        head=StoredHead(size, edge),
        chains=[StoredChain(*row) for row in chains],
        checkpoints=[KeptCheckpoint(at, root, ledger.notes.get(at)) for at, root, _ in roots],
        origin=ORIGIN,
        verifiers=[ledger.signer.verifier()],
    )
    assert report.ok, report.summary()
    kept = {at: root for at, root, _ in roots}
    for at, note in ledger.notes.items():
        assert Checkpoint.open(note, ORIGIN, [ledger.signer.verifier()]) == Checkpoint(ORIGIN, at, kept[at])
    _check_columns(entries, newest, about, receipts, kept)


def _check_columns(
    entries: list[Any], newest: datetime, about: list[Any], receipts: list[Any], kept: dict[int, bytes]
) -> None:
    named: list[tuple[str, int]] = []
    keys: dict[str, list[int]] = {}
    for position, _, _, recorded, _, data in entries:
        entry = parse_entry(data)
        assert datetime.fromisoformat(entry["recorded"]) == recorded
        named += [(name, position) for name in entry.get("about", ())]
        keys.setdefault(entry.get("key", ""), []).append(position)
    assert about == named
    assert newest == (entries[-1][3] if entries else datetime(2000, 1, 1, tzinfo=UTC))
    for _, first, last, size, recorded in receipts:
        assert first <= last <= size
        assert size in kept
        assert entries[last - 1][3] <= recorded  # that of the batch


def values_of(entry: bytes) -> Any:
    return orjson.loads(entry).get("values")


def as_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
