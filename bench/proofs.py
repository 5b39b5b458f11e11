"""How long a proof takes in a large log, and how many tiles it is read from.

    python -m bench.proofs [--entries 1000000] [--times 2000] [--json FILE]

The log is one of made-up entries, put into the table as a ledger would find them: a proof reads leaves and tiles and
nothing else, so what an entry says does not matter.  Timed are, for places drawn from all over it:

    stored   from tiles in the database, none in memory
    warm     with the full tiles of a first round in memory: what a ledger that is asked often does
    partial  at a size drawn anew each time, of which the right edge is read from rows

each from the question to the proof, verified as it is before it leaves.  Before that: how long storing all tiles takes,
which a ledger does as it grows.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import tempfile
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from time import perf_counter

import psycopg

from bench.measuring import Round, leave, machine, out, table
from ledger.store.appending import SETUP
from ledger.store.database import Database
from ledger.store.embedded import EmbeddedCluster
from ledger.store.migrate import migrate
from ledger.store.tiling import STATEMENTS, Tiling
from ledger.store.wire import Wire
from ledger.transparency.tiles import Tile, tiles_of
from ledger.transparency.tree import HashReader, RightEdge, edge_at, inclusion_proof, leaf_hash, verify_inclusion

TARGET_MS = 5.0
TARGET_TILES = 6


def entries(count: int) -> Iterator[tuple[bytes, bytes]]:
    """(leaf, entry), every one of them another."""
    for number in range(count):
        entry = sha256(number.to_bytes(8)).digest()
        yield leaf_hash(entry), entry


def fill(conninfo: str, count: int) -> bytes:
    """Put so many entries into the table; the root over them."""
    edge, leaves = RightEdge(), list[bytes]()
    with psycopg.connect(conninfo) as connection, connection.cursor() as cursor:
        with cursor.copy("COPY entries (position, stream, version, recorded, leaf, entry) FROM STDIN") as rows:
            for number, (leaf, entry) in enumerate(entries(count), start=1):
                rows.write_row((number, "bench", number, "2025-01-01Z", leaf, entry))
                leaves.append(leaf)
                if len(leaves) == 65_536:
                    edge, leaves = edge.extend(leaves), []
        cursor.execute("ANALYZE entries")
    return edge.extend(leaves).root()


@asynccontextmanager
async def tiling_of(conninfo: str) -> AsyncGenerator[Tiling]:
    database = Database(lambda statements: Wire.connect(conninfo, statements, SETUP), STATEMENTS)
    try:
        yield Tiling(database)
    finally:
        database.close()


class Counted(Tiling):
    """Counts the tiles that a proof is read from."""

    asked = 0

    async def tile(self, tile: Tile) -> bytes:
        self.asked += 1
        return await super().tile(tile)


async def proved(tiles: Tiling, index: int, size: int, root: bytes) -> None:
    """As a proof is made and checked before it leaves."""

    def read(tree: HashReader) -> tuple[list[bytes], bytes]:
        return inclusion_proof(index, size, tree), tree.hashes([(0, index)])[0]

    path, leaf = await tiles.prove(size, read)
    verify_inclusion(leaf, index, size, path, root)


async def timed(tiles: Tiling, places: list[tuple[int, int]], roots: dict[int, bytes]) -> Round:
    took: list[float] = []
    began = perf_counter()
    for index, size in places:
        asked = perf_counter()
        await proved(tiles, index, size, roots[size])
        took.append(perf_counter() - asked)
    return Round(len(places), perf_counter() - began, took)


async def measure(conninfo: str, count: int, root: bytes, times: int, kept: Path | None) -> None:
    drawn = random.Random(7)
    whole = [(drawn.randrange(count), count) for _ in range(times)]
    async with tiling_of(conninfo) as tiles:
        began = perf_counter()
        await tiles.keep_up(count)
        seconds = perf_counter() - began
        full = sum(tile.full for tile in tiles_of(count))
        out.print(f"{full:,} full tiles stored in {seconds:.1f} s: {seconds / max(full, 1) * 1e3:.2f} ms each.")
        sizes = [drawn.randrange(1, count + 1) for _ in range(times // 4)]
        roots = {size: (await tiles.prove(size, lambda tree, size=size: edge_at(size, tree))).root() for size in sizes}
        roots[count] = root
    rounds: dict[str, Round] = {}
    async with tiling_of(conninfo) as tiles:
        await proved(tiles, 0, count, root)  # connected
        tiles._kept.clear()
        stored: list[float] = []
        for place in whole[: times // 4]:
            tiles._kept.clear()
            stored += (await timed(tiles, [place], roots)).latencies
        rounds["stored"] = Round(len(stored), sum(stored), stored)
        await timed(tiles, whole, roots)
        rounds["warm"] = await timed(tiles, whole, roots)
        rounds["partial"] = await timed(tiles, [(drawn.randrange(size), size) for size in sizes], roots)
        most = 0
        for index, size in whole[:500]:
            counted = Counted(tiles._database)
            await proved(counted, index, size, root)
            most = max(most, counted.asked)
    shown = table(f"Inclusion in a log of {count:,} entries", "", "p50 ms", "p99 ms", "a second")
    for name, each in rounds.items():
        shown.add_row(name, f"{each.milliseconds(0.5):.2f}", f"{each.milliseconds(0.99):.2f}", f"{each.rate:,.0f}")
    out.print(shown)
    out.print(f"At most {most} tiles for a proof (target {TARGET_TILES}); target, warm: under {TARGET_MS} ms.")
    figures: dict[str, float] = {"tiles": most, "store a tile ms": seconds / max(full, 1) * 1e3}
    for name, each in rounds.items():
        figures |= {f"{name} p{int(share * 100)} ms": each.milliseconds(share) for share in (0.5, 0.99)}
    leave(kept, "proofs", count, machine(conninfo), figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=2_000)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="bench-"))
    home.chmod(0o711)
    cluster = EmbeddedCluster(home, "ledger", throwaway=True)
    try:
        cluster.ensure_running()
        cluster.ensure_database("ledger")
        owner = cluster.conninfo(cluster.owner_role, "ledger")
        migrate(owner, "ledger")
        root = fill(owner, given.entries)
        asyncio.run(measure(cluster.conninfo(cluster.app_role, "ledger"), given.entries, root, given.times, given.json))
    finally:
        cluster.remove()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
