"""An auditor with none of our code finds that all of it holds, and finds whatever does not.

The auditor is a small program of Go's (auditor/main.go) over golang.org/x/mod/sumdb, which checks Go's own checksum
database: it shares nothing with ours but the specifications.  Debian has it: golang-go and golang-golang-x-mod-dev.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.conftest import Clusters
from tests.doors import Case, Door, new_door

from ledger.errors import Forbidden
from ledger.store.log import Log
from ledger.store.tile_files import write_tiles
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.note import Signer
from ledger.transparency.tiles import bundles_of, tiles_of

GOPATH = Path(os.environ.get("LEDGER_TEST_GOPATH", "/usr/share/gocode"))  # where Debian keeps packages of Go's
HERE = Path(__file__).parent
FACTS = 300
MODULE = GOPATH / "src/golang.org/x/mod/sumdb/tlog"

pytestmark = pytest.mark.skipif(
    shutil.which("go") is None or not MODULE.is_dir(),
    reason="needs Go and golang.org/x/mod: Debian's golang-go and golang-golang-x-mod-dev, or LEDGER_TEST_GOPATH",
)
LOGS = pytest.mark.parametrize("which", ["ledger", "access log"])


@dataclass(frozen=True)
class Auditor:
    """The auditor's program, and the folders of both logs that he was given, with their keys."""

    program: Path
    folders: dict[str, Path]
    keys: dict[str, str]
    older: dict[str, str]  # a checkpoint that he was given long ago

    def says(self, *arguments: str | Path) -> str:
        """What it prints; "ok …" if it holds."""
        ended = subprocess.run([self.program, *arguments], capture_output=True, text=True, timeout=60, check=False)
        assert ended.returncode == (0 if ended.stdout.startswith("ok ") else 1), ended.stdout + ended.stderr
        return ended.stdout.strip()


@pytest.fixture(scope="module")
def door(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    with new_door(clusters.ledger, clusters.vault) as made:
        yield made


@pytest.fixture(scope="module")
def auditor(door: Door, tmp_path_factory: pytest.TempPathFactory) -> Auditor:
    base = tmp_path_factory.mktemp("auditor")
    go = {"GO111MODULE": "off", "GOPATH": str(GOPATH), "GOCACHE": str(base / "cache"), "GOFLAGS": ""}
    build = ["go", "build", "-o", str(base / "program"), "."]
    subprocess.run(build, cwd=HERE / "auditor", env={**os.environ, **go}, check=True, timeout=300)
    shutil.rmtree(base / "cache")
    logs = {"ledger": door.ledger.store, "access log": door.ledger.store.access}
    grow(door, 10)
    older = {name: door.run(log.checkpoint()) for name, log in logs.items()}
    grow(door, FACTS)
    for name, log in logs.items():
        door.run(write_tiles(log, base / name, nobody))
    keys = {name: log.signer.verifier().vkey() for name, log in logs.items()}
    return Auditor(base / "program", {name: base / name for name in logs}, keys, older)


async def nobody(first: int, last: int) -> None:
    """Who takes the entries is told elsewhere (tests/test_cli.py)."""


def grow(door: Door, facts: int) -> None:
    cases = [door.new_case() for _ in range(10)]

    async def told(case: Case) -> None:
        for _ in range(facts // 10):
            await door.giving(case.to, "RecordCommunicationNeed", {"need_type": "SIGNING"}, "practitioner")
            with pytest.raises(Forbidden):
                await door.giving(case.to, "RecordCommunicationNeed", {"need_type": "SIGNING"}, "police")

    async def all_told() -> None:
        await asyncio.gather(*map(told, cases))

    door.run(all_told())


def log_of(door: Door, which: str) -> Log:
    return door.ledger.store.access if which == "access log" else door.ledger.store


def at(which: str) -> str:
    return "/access/log" if which == "access log" else "/log"


def size_of(folder: Path) -> int:
    return int((folder / "checkpoint").read_text().split("\n")[1])


def proof_of(door: Door, which: str, position: int, folder: Path) -> tuple[Path, Path]:
    """A .tlog-proof file as it is served, and the entry it is of."""
    proof, entry = folder / f"{position}.tlog-proof", folder / f"{position}.json"
    proof.write_bytes(door.ask("GET", f"{at(which)}/proof/{position}", None).content)
    [(_, _, data)] = door.run(log_of(door, which).database.entries(position, position))
    entry.write_bytes(data)
    return proof, entry


def spoil(file: Path, where: int) -> bytes:
    """One bit changed; what the file held before."""
    before = file.read_bytes()
    spoilt = bytearray(before)
    spoilt[where] ^= 1
    file.write_bytes(spoilt)
    return before


# ------------------------------------------------------------------------------------ what holds


@LOGS
def test_the_log_as_files_holds(auditor: Auditor, which: str):
    size = size_of(auditor.folders[which])
    assert size > FACTS
    said = auditor.says("tiles", auditor.keys[which], auditor.folders[which])
    assert said.startswith(f"ok {size} entries in {len([*tiles_of(size)])} tiles, root ")


@LOGS
def test_the_proof_of_each_fact_that_is_served_holds(auditor: Auditor, door: Door, which: str, tmp_path: Path):
    for position in (1, 2, 128, 255, 256, 257, size_of(auditor.folders[which])):
        said = auditor.says("proof", auditor.keys[which], *proof_of(door, which, position, tmp_path))
        assert said.startswith(f"ok entry {position - 1} of ")


@LOGS
def test_that_the_log_only_grew_holds(auditor: Auditor, door: Door, which: str, tmp_path: Path):
    old, new, hashes = (tmp_path / name for name in ("old", "new", "hashes"))
    old.write_text(auditor.older[which])
    size = Checkpoint.parse(auditor.older[which].partition("\n\n")[0] + "\n").size
    told = door.ask("GET", f"{at(which)}/consistency?from={size}", None).json()
    new.write_text(told["checkpoint"])
    hashes.write_text("\n".join(told["hashes"]))
    assert (
        auditor.says("consistency", auditor.keys[which], old, new, hashes) == f"ok {size} entries grew to {told['to']}"
    )
    hashes.write_text("\n".join(told["hashes"][1:]))
    assert auditor.says("consistency", auditor.keys[which], old, new, hashes).startswith("does not hold")
    hashes.write_text("\n".join(told["hashes"]))
    assert auditor.says("consistency", auditor.keys[which], new, old, hashes).startswith("does not hold")


# ------------------------------------------------------------------------------------ what does not


def test_one_bit_changed_in_any_file_is_found(auditor: Auditor):
    folder, key = auditor.folders["ledger"], auditor.keys["ledger"]
    size = size_of(folder)
    files = [tile.path() for tile in (*tiles_of(size), *bundles_of(size))]
    for path in (*files, "checkpoint"):
        # Of the checkpoint its size: a second key signed beside the one he has, and that line is not his to check.
        said = len((folder / "checkpoint").read_text().split("\n")[0]) + 2
        for where in (said,) if path == "checkpoint" else (0, (folder / path).stat().st_size // 2, -1):
            before = spoil(folder / path, where)
            assert auditor.says("tiles", key, folder).startswith("does not hold"), (path, where)
            (folder / path).write_bytes(before)
    assert auditor.says("tiles", key, folder).startswith("ok ")


def test_a_file_that_is_missing_cut_or_padded_is_found(auditor: Auditor):
    folder, key = auditor.folders["ledger"], auditor.keys["ledger"]
    for tile in (*tiles_of(size_of(folder)), *bundles_of(size_of(folder))):
        file = folder / tile.path()
        before = file.read_bytes()
        for wrong in (before[:-1], before + b"\x00", b""):
            file.write_bytes(wrong)
            assert auditor.says("tiles", key, folder).startswith("does not hold"), tile
        file.unlink()
        assert auditor.says("tiles", key, folder).startswith("does not hold"), tile
        file.write_bytes(before)


def test_a_tail_that_was_cut_or_an_entry_that_was_swapped_is_found(auditor: Auditor):
    folder, key = auditor.folders["ledger"], auditor.keys["ledger"]
    tile = next(tile for tile in bundles_of(size_of(folder)) if tile.full)
    file = folder / tile.path()
    before = file.read_bytes()
    first = 2 + int.from_bytes(before[:2])
    second = first + 2 + int.from_bytes(before[first : first + 2])
    file.write_bytes(before[first:second] + before[:first] + before[second:])
    assert "do not make the root" in auditor.says("tiles", key, folder)
    file.write_bytes(before)


def test_another_key_or_another_name_is_found(auditor: Auditor, door: Door, tmp_path: Path):
    store = door.ledger.store
    other = Signer(store.origin, bytes(32)).verifier().vkey()
    renamed = Signer("ledger.example/other", bytes(32)).verifier().vkey()
    proof, entry = proof_of(door, "ledger", 5, tmp_path)
    for key in (other, renamed, auditor.keys["access log"]):
        assert auditor.says("tiles", key, auditor.folders["ledger"]).startswith("does not hold")
        assert auditor.says("proof", key, proof, entry).startswith("does not hold")
    [_, entry_of_another] = proof_of(door, "ledger", 6, tmp_path)
    assert auditor.says("proof", auditor.keys["ledger"], proof, entry_of_another).startswith("does not hold")


def test_one_bit_changed_in_a_proof_or_its_entry_is_found(auditor: Auditor, door: Door, tmp_path: Path):
    proof, entry = proof_of(door, "ledger", 200, tmp_path)
    lines = proof.read_bytes().split(b"\n")
    blanks = [number for number, line in enumerate(lines) if not line]
    known = len(b"\n".join(lines[: blanks[1] + 2]))  # up to the end of the signature of the key he has
    for where in range(0, known, 7):
        before = spoil(proof, where)
        assert auditor.says("proof", auditor.keys["ledger"], proof, entry).startswith("does not hold"), where
        proof.write_bytes(before)
    for where in range(0, entry.stat().st_size, 50):
        before = spoil(entry, where)
        assert auditor.says("proof", auditor.keys["ledger"], proof, entry).startswith("does not hold"), where
        entry.write_bytes(before)
    assert auditor.says("proof", auditor.keys["ledger"], proof, entry).startswith("ok ")
