"""A backup: all that is kept, nothing in clear, of one moment; ledger and vault apart, the vault's with a life."""

from __future__ import annotations

import asyncio
import fcntl
import gzip
import shutil
import stat
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import orjson
import psycopg
import pytest
from tests.conftest import Clusters
from tests.doors import PERSON, SURNAME, Door, new_door
from tests.store.safes import a_safe, backed_up, contents

from ledger.errors import ReadOnly, Setup
from ledger.store.checkpoint_files import ACCESS, LEDGER
from ledger.store.safekeeping import back_up
from ledger.store.safekeeping.copying import tables
from ledger.store.safekeeping.folders import SUMS, checked, within
from ledger.transparency.checkpoint import Checkpoint


@pytest.fixture(scope="module")
def door(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    """With cases, refusals in the access log and a closing."""
    with new_door(clusters.ledger, clusters.vault) as made:
        case = made.new_case()
        for _ in range(3):
            made.new_case()
        made.post(f"{case.path}/record-offender", PERSON, "court-officer")  # refused: it is there
        made.run(made.ledger.close_now())
        yield made


def files_in(folder: Path) -> list[Path]:
    return sorted(each for each in folder.rglob("*") if each.is_file())


def test_everything_that_is_kept_comes_back_as_it_was(door: Door, clusters: Clusters, tmp_path: Path) -> None:
    for log in (door.ledger.store, door.ledger.store.access):
        door.run(log.released.keep())
    made = backed_up(door, tmp_path)
    before = [contents(each.owner()) for each in door.places]
    assert {"public.entries", "access.entries", "public.sealed_values", "public.closings"} <= before[0].keys()
    assert all(before[0][each] for each in ("public.entries", "access.entries", "public.sealed_values"))
    with a_safe(clusters, door.settings.home / "keys") as safe:
        done = safe.restore(tmp_path)
        assert [contents(each.owner()) for each in safe.places] == before
        assert (done.facts, dict(done.lost), done.lacking) == (made.ledger.manifest.sizes["public"], {}, 0)


def test_no_table_but_what_can_be_built_again_is_left_out(door: Door, tmp_path: Path) -> None:
    made = backed_up(door, tmp_path)
    for place, folder in zip(door.places, (made.ledger, made.vault), strict=True):
        with psycopg.connect(place.owner()) as connection:
            rows = connection.execute(
                "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname NOT IN "
                "('pg_catalog', 'information_schema', 'projections') AND tablename <> 'migrations'"
            ).fetchall()
        assert {row[0] for row in rows} == folder.manifest.rows.keys()
        assert {each.name.removesuffix(".copy.gz") for each in folder.path.glob("*.copy.gz")} == {r[0] for r in rows}


def test_a_table_is_copied_after_those_it_refers_to(door: Door) -> None:
    with psycopg.connect(door.places[1].owner()) as connection:
        order = [each.name for each in tables(connection)]
    assert order.index("holds") < order.index("erasures") < order.index("keys")
    assert order.index("erasures") < order.index("tombstones")


def test_nothing_in_it_is_in_clear_and_nobody_else_may_read_it(door: Door, tmp_path: Path) -> None:
    backed_up(door, tmp_path)
    keys = [each.read_text().strip() for each in (door.settings.home / "keys").glob("*.key*")]
    assert keys
    for path in files_in(tmp_path / "ledger") + files_in(tmp_path / "vault"):
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
        for secret in (SURNAME, PERSON["client_id"], *keys):
            assert secret.encode() not in data, path.name
            assert secret.lower().encode() not in data.lower(), path.name
        for key in keys:
            assert bytes.fromhex(key) not in data
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_checkpoints_in_it_are_signed_and_of_the_very_facts_in_it(door: Door, tmp_path: Path) -> None:
    made = backed_up(door, tmp_path)
    for kept, log in ((LEDGER, door.ledger.store), (ACCESS, door.ledger.store.access)):
        note = (made.ledger.path / kept.checkpoint).read_text()
        checkpoint = Checkpoint.open(note, log.origin, log.keys.known)
        assert checkpoint.size == made.ledger.manifest.sizes[kept.schema]
        assert checkpoint.size == made.ledger.manifest.rows[f"{kept.schema}.entries"]


def test_anybody_can_check_its_sums(door: Door, tmp_path: Path) -> None:
    made = backed_up(door, tmp_path)
    for folder in (made.ledger, made.vault):
        lines = (folder.path / SUMS).read_text().splitlines()
        said = dict(reversed(line.split("  ")) for line in lines)
        names = {each.name for each in folder.path.iterdir()} - {SUMS}
        assert said == {name: sha256((folder.path / name).read_bytes()).hexdigest() for name in names}
        assert checked(folder.path, folder.manifest.kind) == folder


def test_commands_go_on_meanwhile_and_the_vault_has_every_key_of_the_ledger(
    door: Door, clusters: Clusters, tmp_path: Path
) -> None:
    async def both() -> None:
        recording = asyncio.create_task(_record_until_stopped(door))
        for _ in range(3):
            await back_up(door.ledger.store, tmp_path, 35)
        recording.cancel()
        await asyncio.gather(recording, return_exceptions=True)

    before = door.size
    door.run(both())
    sizes = [checked(each, "ledger").manifest.sizes["public"] for each in reversed(within(tmp_path / "ledger"))]
    assert before <= sizes[0] < sizes[-1] <= door.size
    for ledger, vault in zip(within(tmp_path / "ledger"), within(tmp_path / "vault"), strict=True):
        with a_safe(clusters, door.settings.home / "keys") as safe:
            done = safe.restore(ledger=ledger, vault=vault, accept_loss=True)
            assert done.lacking == 0


async def _record_until_stopped(door: Door) -> None:
    number = 0
    while True:
        number += 1
        await door.giving(f"offender/{_id(number)}", "RecordOffender", PERSON, "court-officer")


def _id(number: int) -> str:
    return f"019a0000-0000-7000-8000-{number:012x}"


# ---------------------------------------------------------------------------------------- lives


def aged(folder: Path, days: int) -> Path:
    """As if it had been made so many days ago."""
    taken = datetime.now(UTC) - timedelta(days=days)
    made = folder.with_name(f"{taken:%Y%m%dT%H%M%S.%fZ}-{folder.name.partition('-')[2]}")
    folder.rename(made)
    return made


def test_backups_of_the_vault_are_taken_away_when_their_life_is_over_and_the_ledgers_are_not(
    door: Door, tmp_path: Path
) -> None:
    old, young = (backed_up(door, tmp_path) for _ in range(2))
    expired, damaged = aged(old.vault.path, 36), aged(young.vault.path, 40)
    (damaged / "manifest.json").write_text("{")  # what it is of cannot be told: it goes too
    kept = backed_up(door, tmp_path).vault.path
    ledgers = [aged(each, 4000) for each in (old.ledger.path,)]
    shutil.copytree(kept, other := kept.with_name(expired.name))
    said = orjson.loads((other / "manifest.json").read_bytes())
    (other / "manifest.json").write_bytes(orjson.dumps(said | {"origin": "another.example"}))
    stranger = tmp_path / "vault" / "notes"
    stranger.mkdir()
    made = backed_up(door, tmp_path)
    assert not expired.exists() or expired == other
    assert made.ended == []  # they went with the one before
    assert {each.name for each in (tmp_path / "vault").iterdir()} == {
        kept.name, made.vault.path.name, other.name, "notes"
    }  # fmt: skip
    assert all(each.exists() for each in ledgers)


def test_those_that_ended_are_told(door: Door, tmp_path: Path) -> None:
    expired = aged(backed_up(door, tmp_path).vault.path, 36)
    assert backed_up(door, tmp_path, days=40).ended == []
    assert backed_up(door, tmp_path, days=35).ended == [expired]
    assert not expired.exists()


# ---------------------------------------------------------------------------------------- when it is not made


def test_what_a_killed_backup_left_is_none_and_goes_with_the_next(door: Door, tmp_path: Path) -> None:
    left = tmp_path / "ledger" / ".partial-20260101T000000.000000Z-abcd"
    left.mkdir(parents=True)
    (left / "public.entries.copy.gz").write_bytes(b"half")
    made = backed_up(door, tmp_path)
    assert [each.name for each in (tmp_path / "ledger").iterdir()] == [made.ledger.path.name]


def test_two_backups_into_one_folder_do_not_meet(door: Door, tmp_path: Path) -> None:
    with open(tmp_path / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Setup, match="Another backup"):
            backed_up(door, tmp_path)


def test_a_ledger_that_is_not_what_was_released_is_not_backed_up_as_if_it_were(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for log in (door.ledger.store, door.ledger.store.access):
        with monkeypatch.context() as changed:
            changed.setattr(log.sequencer, "read_only", "It holds 3 facts; 7 were acknowledged.")
            with pytest.raises(ReadOnly, match="would pass for"):
                backed_up(door, tmp_path)
    assert files_in(tmp_path) == []


def test_while_keys_are_wrapped_anew_no_backup_is_made_that_would_open_with_a_key_about_to_go(
    door: Door, tmp_path: Path
) -> None:
    with psycopg.connect(door.places[1].owner(), autocommit=True) as connection:
        connection.execute("INSERT INTO epochs (number, wrapping) VALUES (99, 'the-next-one')")
        with pytest.raises(Setup, match="wrapped anew"):
            backed_up(door, tmp_path)
        connection.execute("DELETE FROM epochs WHERE number = 99")
    assert within(tmp_path / "vault") == within(tmp_path / "ledger") == []
    assert backed_up(door, tmp_path)


@pytest.mark.parametrize(
    "text, told", [("{}", "not that of a backup"), ('{"backup": 2}', "not that of a backup"), ("\x00", "not that")]
)
def test_a_folder_that_says_nothing_of_itself_is_no_backup(door: Door, tmp_path: Path, text: str, told: str) -> None:
    made = backed_up(door, tmp_path)
    (made.vault.path / "manifest.json").write_text(text)
    sums = made.vault.path / SUMS
    lines = [each for each in sums.read_text().splitlines() if "manifest" not in each]
    sums.write_text("\n".join([*lines, f"{sha256(text.encode()).hexdigest()}  manifest.json", ""]))
    with pytest.raises(Setup, match=told):
        checked(made.vault.path, "vault")
