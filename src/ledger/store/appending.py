"""What an append is made of: what a command asks the sequencer to seal, what it gets back, and the columns between.

Pure but for nothing: no connection, no clock.  `place` gives one command its positions or refuses it alone; `writes`
turns a batch into the parameters of its statements.  Proven with the sequencer.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final, LiteralString, TypeAlias

from ledger.aggregates.immutable import immutable
from ledger.errors import BeingErased, EntryTooLarge, KeyReused, StaleVersion
from ledger.store import binary
from ledger.store.wire import Params, Rows
from ledger.transparency.chain import CHAIN_START, next_link
from ledger.transparency.tree import RightEdge

MAX_ENTRY: Final = 65_535
TOO_LARGE: Final = "This is too much for one entry (65,535 bytes). Shorten the texts or file a document."

Query: TypeAlias = tuple[bytes, Params]
Row: TypeAlias = tuple[bytes | None, ...]

# The session of the sequencer: what it runs before anything else.
SETUP: Final[tuple[LiteralString, ...]] = (
    # The same plans every time: planning anew costs more than the statements, and everything is found by a key.
    "SET plan_cache_mode = force_generic_plan",
    "SET enable_seqscan = off",
    "SET jit = off",
    # What is read after the lock must be what is true after the lock, whatever the server's default.
    "SET default_transaction_isolation = 'read committed'",
    # A process that was stopped while it held the lock gives it back.
    "SET idle_in_transaction_session_timeout = '5s'",
    # Acknowledged means durable; what waits for standbys beyond that stays as the operator has set it.
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
)

STATEMENTS: Final[dict[str, LiteralString]] = {
    "begin": "BEGIN",
    "commit": "COMMIT",
    "rollback": "ROLLBACK",
    # Wakes whoever follows the log; it may be lost, so they look by themselves as well.  Nobody follows the access log,
    # and two that notify would wait for each other's COMMIT.
    "notify": "SELECT pg_notify('sealed', '') WHERE current_schema() = 'public'",
    # Alone in its statement: a clock read beside it could be taken before the lock is.
    "lock": "SELECT size, edge, recorded FROM head FOR UPDATE",
    "clock": "SELECT clock_timestamp()",
    "chains": "SELECT id, version, leaf, n, chain, last FROM chains WHERE id = ANY($1::text[])",
    "receipts": "SELECT key, digest, first, last, size, warnings FROM receipts WHERE key = ANY($1::uuid[])",
    "write": """
        WITH e AS (
            INSERT INTO entries (position, stream, version, recorded, leaf, entry)
            SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::timestamptz[], $5::bytea[], $6::bytea[])
        ), c AS (
            INSERT INTO chains (id, version, leaf, n, chain, last)
            SELECT * FROM unnest($7::text[], $8::bigint[], $9::bytea[], $10::bigint[], $11::bytea[], $12::bigint[])
            ON CONFLICT (id) DO UPDATE SET version = excluded.version, leaf = excluded.leaf, n = excluded.n,
                chain = excluded.chain, last = excluded.last
        ), r AS (
            INSERT INTO receipts (key, digest, first, last, size, warnings, recorded)
            SELECT key, digest, first, last, $19::bigint, warnings, $21::timestamptz
            FROM unnest($13::uuid[], $14::bytea[], $15::bigint[], $16::bigint[], $17::bytea[])
                AS given (key, digest, first, last, warnings)
        ), p AS (
            INSERT INTO checkpoints (size, root, recorded) VALUES ($19::bigint, $20::bytea, $21::timestamptz)
        )
        UPDATE head SET size = $19::bigint, edge = $18::bytea, recorded = $21::timestamptz
    """,
    "write_about": "INSERT INTO about (id, position) SELECT * FROM unnest($1::text[], $2::bigint[])",
    "write_sealed": """
        INSERT INTO sealed_values (position, key_id, nonce, ciphertext)
        SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bytea[], $4::bytea[])
    """,
    "write_closing": "INSERT INTO closings (position, heads, root) VALUES ($1::bigint, $2::bytea, $3::bytea)",
    # Which of these keys is being erased: nothing more is sealed under it.
    "fenced": "SELECT key_id FROM fenced_keys WHERE key_id = ANY($1::uuid[])",
    # In both logs: what the access log says of a person lies under that person's key too.
    "erase_sealed": """
        WITH a AS (DELETE FROM access.sealed_values WHERE key_id = ANY($1::uuid[])),
            f AS (DELETE FROM public.file_parts WHERE key_id = ANY($1::uuid[])),
            e AS (
                INSERT INTO public.erased_keys (key_id, position)
                SELECT * FROM unnest($1::uuid[], $2::bigint[]) ON CONFLICT DO NOTHING
            )
        DELETE FROM public.sealed_values WHERE key_id = ANY($1::uuid[])
    """,
    # Whose chains moved after a position.  Where an entry has `about`, that is its first member: [ and ] around ids.
    "since": r"""
        SELECT position, stream, leaf,
            CASE WHEN substr(entry, 1, 10) = '\x7b2261626f7574223a5b'::bytea
                THEN substr(entry, 11, position('\x5d'::bytea IN entry) - 11) END,
            CASE WHEN stream = 'ledger' THEN entry END
        FROM entries WHERE position > $1::bigint ORDER BY position LIMIT $2::bigint
    """,
    # Is the newest fact that this process released still there?  After a failover that lost some it may not be.
    "ours": "SELECT leaf FROM entries WHERE position = $1::bigint",
    # Is the last fact of a COMMIT whose answer was lost there?
    "leaf": "SELECT leaf FROM entries WHERE position = $1::bigint",
}


# ---------------------------------------------------------------------------------------- what is asked and answered


@immutable
class Ciphertext:
    """The sealed values of one fact under one key."""

    key_id: bytes  # 16 bytes
    nonce: bytes  # 12 bytes
    data: bytes


@immutable
class Pending:
    """A fact ready to be sealed: all but `previous` and `recorded`, which only the lock knows.

    In canonical order those two are neighbours, so an entry is prefix + `"previous":…,"recorded":…` + suffix.

    Version 0: whichever version of its stream is next, written under the lock (`version` is an entry's last member).
    Nothing was decided on what stood there before, so nobody who writes to such a stream is in another's way.
    """

    stream: str
    version: int
    prefix: bytes
    suffix: bytes
    about: tuple[str, ...] = ()  # ids, own stream left out
    sealed: tuple[Ciphertext, ...] = ()


@dataclass(slots=True)
class Series:
    """Appends decided one upon the other before any of them was sealed (an import's batch).

    The first that is not sealed at the position that was foreseen for it ends the series: whatever comes after it was
    decided on a ledger that never was, and is refused as stale.
    """

    broken: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """A fact that can only be made under the lock, of all that is sealed before it (a closing): alone in its batch.

    `made` is called there with the size, the time it will be recorded at (microseconds), the version of its stream, and
    the rows of `since` after position `after`, at most `most` and one; it returns the fact and the root of the map of
    heads.  What it raises, a LedgerError, is the answer, and nothing was recorded.
    """

    stream: str
    after: int
    most: int
    made: Callable[[int, int, int, Rows], tuple[Pending, bytes]]


@immutable
class Append:
    """What one command writes: all of it or nothing."""

    facts: Sequence[Pending]
    key: bytes | None = None  # idempotency key, 16 bytes
    digest: bytes = b""  # of the command, to tell a retry from another command with the same key
    reads: Sequence[tuple[str, int]] = ()  # (id, position of its newest entry as read, 0 for none)
    at: datetime | None = None  # moves the clock; simulated ledgers only
    warnings: bytes | None = None  # JSON, kept with the receipt
    series: Series | None = None
    first: int = 0  # the position foreseen for its first fact, if it is of a series
    ending: Ending | None = None  # then its facts are made under the lock
    erases: Sequence[
        bytes
    ] = ()  # keys (16 bytes each) whose ciphertexts go in the same transaction, as its first fact says


@immutable
class Sealed:
    """One fact as sealed."""

    stream: str
    version: int
    position: int
    leaf: bytes
    entry: bytes


@immutable
class Receipt:
    """What an acknowledged command gets: its facts, and the checkpoint that holds them."""

    facts: tuple[Sealed, ...]
    size: int
    note: str
    recorded: datetime
    warnings: bytes | None = None


@dataclass(frozen=True, slots=True)
class Repeated:
    """The key was seen before with the same command: where its receipt lies."""

    first: int
    last: int
    size: int
    warnings: bytes | None


# ---------------------------------------------------------------------------------------- one batch, in columns


@dataclass(slots=True)
class Chain:
    """What the ledger knows of one id: version and newest leaf as a stream, length and head as a chain."""

    version: int = 0
    leaf: bytes | None = None
    n: int = 0
    chain: bytes = CHAIN_START
    last: int = -1

    @classmethod
    def of(cls, row: Row) -> Chain:
        _, version, leaf, n, chain, last = row
        read = binary.read_int8
        return cls(read(version), leaf, read(n), binary.read_bytes(chain), read(last))


@dataclass(slots=True)
class Batch:
    """What one transaction will write.  `start` is the size of the tree before it."""

    start: int
    chains: dict[str, Chain]
    moved: set[str] = field(default_factory=set[str])
    facts: list[Sealed] = field(default_factory=list[Sealed])
    recorded: list[int] = field(default_factory=list[int])
    about: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    sealed: list[tuple[int, Ciphertext]] = field(default_factory=list[tuple[int, Ciphertext]])
    receipts: list[tuple[Append, int, int]] = field(default_factory=list[tuple[Append, int, int]])
    heads: bytes | None = None  # root of the map of heads, where this is a closing
    fenced: frozenset[bytes] = frozenset()  # keys that are being erased
    erases: list[tuple[bytes, int]] = field(default_factory=list[tuple[bytes, int]])  # (key, position of the fact)

    def chain(self, name: str) -> Chain:
        return self.chains.setdefault(name, Chain())


def place(append: Append, batch: Batch, recorded: int) -> tuple[Sealed, ...]:
    """Give the facts of one command their positions and leaf hashes; the batch grows by them.

    Raises StaleVersion, BeingErased or EntryTooLarge with the batch unchanged.
    """
    check(append, batch)
    middle = b',"recorded":"' + binary.instant(recorded) + b'"'
    built = _entries(_numbered(append.facts, batch), batch, middle)
    first = batch.start + len(batch.facts) + 1
    placed: list[Sealed] = []
    for position, (fact, entry, leaf) in enumerate(built, start=first):
        _link(fact, batch, position, leaf)
        placed.append(Sealed(fact.stream, fact.version, position, leaf, entry))
        batch.recorded.append(recorded)
    batch.facts += placed
    batch.erases += [(key, first) for key in append.erases]
    if append.key is not None:
        batch.receipts.append((append, first, placed[-1].position))
    return tuple(placed)


def check(append: Append, batch: Batch) -> None:
    """Is what the command was decided on still so?  Raises StaleVersion; BeingErased where a key of it is."""
    if append.series and (append.series.broken or append.first != batch.start + len(batch.facts) + 1):
        raise StaleVersion("What was recorded meanwhile stands where this was to stand; look again.")
    for name, position in append.reads:
        if batch.chain(name).last + 1 != position:
            raise StaleVersion(f"What this was decided on ({name}) has changed; look again.", name)
    expected: dict[str, int] = {}
    for fact in append.facts:
        version = expected.get(fact.stream) or batch.chain(fact.stream).version
        if fact.version not in (0, version + 1):
            raise StaleVersion(f"The record changed; look again. It is at version {version}.", fact.stream)
        expected[fact.stream] = version + 1
    if batch.fenced and any(each.key_id in batch.fenced for fact in append.facts for each in fact.sealed):
        raise BeingErased("A value of this was to be sealed under a key that is being erased; ask for the keys again.")


def _numbered(facts: Sequence[Pending], batch: Batch) -> Sequence[Pending]:
    """The same facts, each with its version: those that take the next one get it here."""
    if all(each.version for each in facts):
        return facts
    versions: dict[str, int] = {}
    numbered: list[Pending] = []
    for each in facts:
        version = (versions.get(each.stream) or batch.chain(each.stream).version) + 1
        versions[each.stream] = version
        if not each.version:
            suffix = each.suffix[:-1] + b',"version":%d}' % version
            each = Pending(each.stream, version, each.prefix, suffix, each.about, each.sealed)
        numbered.append(each)
    return numbered


def _entries(facts: Sequence[Pending], batch: Batch, middle: bytes) -> list[tuple[Pending, bytes, bytes]]:
    newest: dict[str, bytes] = {}
    built: list[tuple[Pending, bytes, bytes]] = []
    for fact in facts:
        previous = newest.get(fact.stream) or batch.chain(fact.stream).leaf
        link = b'"previous":' + (b'"' + base64.b64encode(previous) + b'"' if previous else b"null")
        entry = fact.prefix + link + middle + fact.suffix
        if len(entry) > MAX_ENTRY:
            raise EntryTooLarge(TOO_LARGE)
        leaf = newest[fact.stream] = sha256(b"\x00" + entry).digest()
        built.append((fact, entry, leaf))
    return built


def _link(fact: Pending, batch: Batch, position: int, leaf: bytes) -> None:
    stream = batch.chain(fact.stream)
    stream.version, stream.leaf = fact.version, leaf
    for name in (fact.stream, *fact.about):
        chain = batch.chain(name)
        chain.n, chain.chain, chain.last = chain.n + 1, next_link(chain.chain, position - 1, leaf), position - 1
        batch.moved.add(name)
    batch.about += [(name, position) for name in fact.about]
    batch.sealed += [(position, each) for each in fact.sealed]


def repeated(append: Append, row: Row) -> Repeated:
    """The receipt that lies under a key.  Raises KeyReused if it was another command's."""
    _, digest, first, last, size, warnings = row
    if digest != append.digest:
        raise KeyReused("This key was used for another request. Draw a new key for a new request.")
    read = binary.read_int8
    return Repeated(read(first), read(last), read(size), warnings)


def writes(batch: Batch, edge: RightEdge, root: bytes, newest: int) -> list[Query]:
    """The statements that store a batch; `newest` is the recorded time of its last fact."""
    moved = [(name, batch.chains[name]) for name in sorted(batch.moved)]
    numbers, texts, hashes = binary.array_of_int8, binary.array_of_text, binary.array_of_bytes
    params = (
        numbers([each.position for each in batch.facts]),
        texts([each.stream for each in batch.facts]),
        numbers([each.version for each in batch.facts]),
        binary.array_of_moments(batch.recorded),
        binary.array_of_hashes([each.leaf for each in batch.facts]),
        hashes([each.entry for each in batch.facts]),
        texts([name for name, _ in moved]),
        numbers([chain.version for _, chain in moved]),
        hashes([chain.leaf for _, chain in moved]),
        numbers([chain.n for _, chain in moved]),
        binary.array_of_hashes([chain.chain for _, chain in moved]),
        numbers([chain.last for _, chain in moved]),
        binary.array_of_uuid([append.key or b"" for append, _, _ in batch.receipts]),
        hashes([append.digest for append, _, _ in batch.receipts]),
        numbers([first for _, first, _ in batch.receipts]),
        numbers([last for _, _, last in batch.receipts]),
        hashes([append.warnings for append, _, _ in batch.receipts]),
        edge.to_bytes(),
        binary.int8(edge.size),
        root,
        binary.int8(newest),
    )
    queries: list[Query] = [(b"write", params)]
    if batch.about:
        ids, positions = zip(*batch.about, strict=True)
        queries.append((b"write_about", (texts(ids), numbers(positions))))
    if batch.sealed:
        queries.append((b"write_sealed", _sealed_params(batch.sealed)))
    if batch.erases:
        keys, positions = zip(*batch.erases, strict=True)
        queries.append((b"erase_sealed", (binary.array_of_uuid(keys), numbers(positions))))
    if batch.heads is not None:
        queries.append((b"write_closing", (binary.int8(edge.size), batch.heads, root)))
    return queries


def _sealed_params(sealed: Sequence[tuple[int, Ciphertext]]) -> Params:
    return (
        binary.array_of_int8([position for position, _ in sealed]),
        binary.array_of_uuid([each.key_id for _, each in sealed]),
        binary.array_of_bytes([each.nonce for _, each in sealed]),
        binary.array_of_bytes([each.data for _, each in sealed]),
    )


def ids_of(appends: Sequence[Append]) -> list[str]:
    """Every id whose chain a batch must know: what it writes to, what it is about, what it was decided on."""
    named: dict[str, None] = {}
    for append in appends:
        named.update(dict.fromkeys(name for name, _ in append.reads))
        if append.ending:
            named[append.ending.stream] = None
        for fact in append.facts:
            named[fact.stream] = None
            named.update(dict.fromkeys(fact.about))
    return list(named)


def sealed_under(appends: Sequence[Append]) -> list[bytes]:
    """The keys that a batch seals values under, each once."""
    return list(dict.fromkeys(each.key_id for append in appends for fact in append.facts for each in fact.sealed))


def chains_of(rows: Sequence[Row]) -> dict[str, Chain]:
    """The rows of `chains`, by id."""
    return {binary.read_bytes(row[0]).decode(): Chain.of(row) for row in rows}


def receipts_of(rows: Sequence[Row]) -> Mapping[bytes, Row]:
    """The rows of `receipts`, by key."""
    return {binary.read_bytes(row[0]): row for row in rows}
