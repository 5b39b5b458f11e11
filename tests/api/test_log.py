"""The log proves itself over HTTP: whoever has the key and the entries needs nobody's word, and says who took them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Generator
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.conftest import Clusters
from tests.doors import PERSON, Case, Door, a_problem, new_door

from ledger.api.log import Shown
from ledger.application import Ledger
from ledger.commands import Command
from ledger.errors import Forbidden
from ledger.store.log import Log
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.note import Verifier
from ledger.transparency.proof import Proof
from ledger.transparency.tiles import ENTRIES, Tile, TileReader, bundles_of, entries_in, parse_path, tiles_of
from ledger.transparency.tree import (
    RightEdge,
    consistency_proof,
    edge_at,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
)

LOGS = pytest.mark.parametrize("at", ["/log", "/access/log"])
FACTS = 300  # more than a tile is wide


@pytest.fixture(scope="module")
def door(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    with new_door(clusters.ledger, clusters.vault) as made:
        fill(made)
        yield made


def fill(door: Door) -> None:
    """So many facts, and refusals, that either log is longer than a tile."""
    cases = [door.new_case() for _ in range(10)]

    async def told(case: Case) -> None:
        for _ in range(FACTS // 10):
            need = {"need_type": "SIGNING"}
            await door.giving(case.to, "RecordCommunicationNeed", need, "practitioner")
            with pytest.raises(Forbidden):
                await door.giving(case.to, "RecordCommunicationNeed", need, "police")

    async def all_told() -> None:
        await asyncio.gather(*map(told, cases))

    door.run(all_told())


def checkpoint_of(door: Door, at: str) -> Checkpoint:
    key = Verifier.parse(door.ask("GET", f"{at}/vkey", None).text.strip())
    return Checkpoint.open(door.ask("GET", f"{at}/checkpoint", None).text, key.name, [key])


def bytes_of(door: Door, at: str, tile: Tile) -> bytes:
    answer = door.ask("GET", f"{at}/{tile.path()}", "auditor" if tile.level == ENTRIES else None)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/octet-stream"
    return answer.content


def all_bytes(door: Door, at: str, size: int) -> tuple[dict[Tile, bytes], list[bytes]]:
    """Every tile and every entry of a log."""
    tiles = {tile: bytes_of(door, at, tile) for tile in tiles_of(size)}
    bundles = [entries_in(bytes_of(door, at, tile), tile.width) for tile in bundles_of(size)]
    return tiles, [entry for bundle in bundles for entry in bundle]


def log_at(door: Door, at: str) -> Log:
    return door.ledger.store.access if at.startswith("/access") else door.ledger.store


# ------------------------------------------------------------------------------------ what anybody can check


@LOGS
def test_entries_make_the_tiles_and_the_tiles_the_root_that_was_signed(door: Door, at: str):
    checkpoint = checkpoint_of(door, at)
    assert checkpoint.size > FACTS
    tiles, entries = all_bytes(door, at, checkpoint.size)
    leaves = [leaf_hash(entry) for entry in entries]
    assert RightEdge().extend(leaves).root() == checkpoint.root
    assert b"".join(tiles[tile] for tile in tiles_of(checkpoint.size) if tile.level == 0) == b"".join(leaves)
    assert edge_at(checkpoint.size, TileReader(checkpoint.size, tiles.get)).root() == checkpoint.root
    assert {orjson.loads(entry)["stream"].partition("-")[0] for entry in entries} & {"offender", "command"}


@LOGS
def test_a_proof_is_made_from_the_tiles_alone_and_is_the_one_that_is_told(door: Door, at: str):
    checkpoint = checkpoint_of(door, at)
    tiles = {tile: bytes_of(door, at, tile) for tile in tiles_of(checkpoint.size)}
    key = log_at(door, at).signer.verifier()
    for index in (0, 1, 127, 128, 255, 256, checkpoint.size - 1):
        answer = door.ask("GET", f"{at}/proof/{index + 1}", None)
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["content-disposition"] == f'inline; filename="{index + 1}.tlog-proof"'
        told = Proof.parse(answer.content)
        made = inclusion_proof(index, checkpoint.size, TileReader(checkpoint.size, tiles.get))
        assert (told.index, list(told.hashes)) == (index, made)
        [entry] = [entry for _, _, entry in door.run(log_at(door, at).database.entries(index + 1, index + 1))]
        assert told.verify(leaf_hash(entry), key.name, [key]) == checkpoint


@LOGS
def test_that_the_log_only_grew_is_proved_from_any_size(door: Door, at: str):
    now = checkpoint_of(door, at)
    tiles = {tile: bytes_of(door, at, tile) for tile in tiles_of(now.size)}
    reader = TileReader(now.size, tiles.get)
    for size in (1, 2, 255, 256, 257, now.size - 1, now.size):
        told = door.ask("GET", f"{at}/consistency?from={size}", None).json()
        assert (told["from"], told["to"]) == (size, now.size)
        hashes = [base64.b64decode(each, validate=True) for each in told["hashes"]]
        assert hashes == consistency_proof(size, now.size, reader)
        root = edge_at(size, reader).root()
        verify_consistency(size, now.size, hashes, root, now.root)
        key = log_at(door, at).signer.verifier()
        assert Checkpoint.open(told["checkpoint"], key.name, [key]) == now


def test_between_two_earlier_sizes_the_checkpoint_of_the_later_one_is_told_if_one_was_made(door: Door):
    now = checkpoint_of(door, "/log")
    sizes = {size: door.run(door.ledger.store.database.root_at(size)) for size in range(2, now.size)}
    made = next(size for size, root in sizes.items() if root)
    told = door.ask("GET", f"/log/consistency?from=1&to={made}", None).json()
    key = door.ledger.store.signer.verifier()
    assert Checkpoint.open(told["checkpoint"], key.name, [key]) == Checkpoint(key.name, made, sizes[made] or b"")
    hashes = [base64.b64decode(each) for each in told["hashes"]]
    [first] = door.run(door.ledger.store.database.leaves(1, 1))
    verify_consistency(1, made, hashes, first, sizes[made] or b"")
    never = next((size for size, root in sizes.items() if not root), None)
    if never is not None:
        assert door.ask("GET", f"/log/consistency?from=1&to={never}", None).json()["checkpoint"] is None


def test_a_receipt_and_a_chronology_lead_to_the_proof_of_each_fact(door: Door):
    case = door.new_case()
    receipt = door.post(f"{case.path}/record-absence", case.absence(), "supervisor").json()
    chronology = door.get(f"{case.path}/chronology").json()["events"]
    assert len(chronology) == 3
    key = door.ledger.store.signer.verifier()
    for event in (*receipt["events"], *chronology):
        proof = Proof.parse(door.ask("GET", event["proof"], None).content)
        assert proof.index == event["position"] - 1
        [(_, leaf, _)] = door.run(door.ledger.store.database.entries(event["position"], event["position"]))
        assert proof.verify(leaf, key.name, [key]).size >= event["position"]
        assert event.get("leaf") in (None, base64.b64encode(leaf).decode())


def test_a_refusal_leads_to_its_proof_in_the_access_log(door: Door):
    case = door.new_case()
    a_problem(door.post(f"{case.path}/record-absence", case.absence(), "police"), 403)
    [refusal] = door.ask("GET", f"/access/refusals?to={case.to}", "auditor").json()["items"]
    proof = Proof.parse(door.ask("GET", refusal["proof"], None).content)
    key = door.ledger.store.access.signer.verifier()
    [(_, leaf, _)] = door.run(door.ledger.store.access.database.entries(refusal["position"], refusal["position"]))
    assert proof.verify(leaf, key.name, [key]).origin == key.name


def test_an_acknowledged_fact_is_proved_at_once(door: Door):
    case = door.new_case()
    for _ in range(5):
        [event] = door.post(f"{case.path}/record-absence", case.absence(), "supervisor").json()["events"]
        assert door.ask("GET", event["proof"], None).status_code == 200


def test_what_another_process_sealed_is_proved_here(door: Door):
    """Whoever has its receipt may ask any of them; and what nobody sealed is not there for all that."""

    async def sealed_elsewhere() -> int:
        other = await Ledger.open(door.settings, places=door.places)
        try:
            by = door.actor("court-officer")
            done = await other.execute(Command("RecordOffender", "offender", str(uuid4()), PERSON, by))
            return done.body["events"][0]["position"]
        finally:
            await other.close()

    position = door.run(sealed_elsewhere())
    assert door.ledger.store.released.size < position
    a_problem(door.ask("GET", f"/log/proof/{position + 1}", None), 404)
    assert door.ask("GET", f"/log/proof/{position}", None).status_code == 200
    assert checkpoint_of(door, "/log").size == position == door.ledger.store.released.size


# ------------------------------------------------------------------------------------ tiles


@LOGS
def test_a_tile_may_be_kept_for_ever_and_entries_on_no_way(door: Door, at: str):
    for path in ("0/000", "0/000.p/17", "1/000.p/1"):
        answer = door.ask("GET", f"{at}/tile/{path}", None)
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert len(answer.content) == 32 * parse_path(f"tile/{path}").width
    taken = door.ask("GET", f"{at}/tile/entries/000", "auditor")
    assert taken.headers["cache-control"] == "no-store"
    assert door.ask("GET", f"{at}/checkpoint", None).headers["cache-control"] == "no-cache"


def test_a_partial_tile_is_the_beginning_of_the_full_one_at_every_width(door: Door):
    full = door.ask("GET", "/log/tile/0/000", None).content
    assert len(full) == 8192
    for width in (1, 2, 128, 255):
        assert door.ask("GET", f"/log/tile/0/000.p/{width}", None).content == full[: width * 32]


@pytest.mark.parametrize(
    "path",
    [
        "0/999", "1/000", "7/000.p/1", "0/001.p/255", "entries/001.p/255", "entries/004",
    ],
)  # fmt: skip
@LOGS
def test_a_tile_beyond_the_newest_checkpoint_is_not_there(door: Door, at: str, path: str):
    assert "yet" in a_problem(door.ask("GET", f"{at}/tile/{path}", "auditor"), 404, "not-found")["detail"]


def test_the_last_partial_tile_ends_with_the_checkpoint(door: Door):
    size = checkpoint_of(door, "/log").size
    index, width = divmod(size, 256)
    assert door.ask("GET", f"/log/tile/0/{index:03d}.p/{width}", None).status_code == 200
    a_problem(door.ask("GET", f"/log/tile/0/{index:03d}.p/{width + 1}", None), 404)


@pytest.mark.parametrize(
    "path",
    [
        "", "0", "0/", "0/0", "0/0000", "0/000/", "/0/000", "00/000", "8/000.p/1", "-1/000", "0/x000/000",
        "0/000.p/0", "0/000.p/256", "0/000.p/999", "0/000.p/1/1", "0/000.p/", "0/000.p/01", "data/000", "entries",
        "entries/", "entries/000/000", "entries/000.p/256", "entries/x000/000", "0/x036/x028/x797/x018/x963/968",
        "..%2f..%2fcheckpoint", "0/000%00", "0/%0a000",
    ],
)  # fmt: skip
def test_what_no_tile_is_called_is_not_there(door: Door, path: str):
    a_problem(door.ask("GET", f"/log/tile/{path}", "auditor"), 404, "not-found")


def test_a_tile_takes_nothing_after_a_question_mark(door: Door):
    for path in ("/log/tile/0/000", "/log/tile/entries/000", "/log/proof/1"):
        a_problem(door.ask("GET", f"{path}?width=3", "auditor"), 422)


# ------------------------------------------------------------------------------------ proofs of what is not


@pytest.mark.parametrize(
    "position", ["0", "-1", "01", "x", "1.0", "1e3", "9" * 15, "9" * 16, "9223372036854775808", "%D9%A1"]
)
@LOGS
def test_a_position_where_no_fact_is_has_no_proof(door: Door, at: str, position: str):
    a_problem(door.ask("GET", f"{at}/proof/{position}", None), 404, "not-found")


def test_the_position_after_the_newest_fact_has_no_proof_yet(door: Door):
    a_problem(door.ask("GET", f"/log/proof/{door.size + 1}", None), 404)
    assert door.ask("GET", f"/log/proof/{door.size}", None).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "", "from=", "from=0", "from=-1", "from=x", "from=1.5", "from=2&to=1", "from=1&to=0", "from=1&from=2", "to=5",
        "from=9223372036854775808", "from=1&to=99999999999999999999", "from=1&size=2", "from=1&to=",
    ],
)  # fmt: skip
def test_sizes_between_which_nothing_is_proved_are_refused(door: Door, query: str):
    a_problem(door.ask("GET", f"/log/consistency?{query}", None), 422, "malformed")


def test_from_size_zero_nothing_is_proved_and_it_is_said(door: Door):
    assert "nothing is proved" in a_problem(door.ask("GET", "/log/consistency?from=0", None), 422)["detail"]


@pytest.mark.parametrize("query", ["from=100000", "from=1&to=100000", "from=999999999999999"])
def test_sizes_beyond_the_newest_checkpoint_are_not_there(door: Door, query: str):
    a_problem(door.ask("GET", f"/log/consistency?{query}", None), 404, "not-found")


# ------------------------------------------------------------------------------------ who took entries


def taken(door: Door) -> list[dict[str, Any]]:
    access = door.ledger.store.access
    head = door.run(access.database.head())
    assert head is not None
    found = [orjson.loads(entry) for _, _, entry in door.run(access.database.entries(1, head.size))]
    return [each for each in found if each["type"] == "access.entries-taken.v1"]


@LOGS
def test_each_taking_of_entries_is_sealed_with_who_and_which(door: Door, at: str):
    before = len(taken(door))
    assert door.ask("GET", f"{at}/tile/entries/000", "auditor").status_code == 200
    assert door.ask("GET", f"{at}/tile/entries/001.p/3", "auditor").status_code == 200
    first, second = taken(door)[before:]
    for entry in (first, second):
        assert entry["by"] == {"id": door.actor("auditor").id, "role": "auditor"}
        assert entry["values"]["log_name"] == ("access-log" if at.startswith("/access") else "ledger")
    assert (first["values"]["first"], first["values"]["last"]) == (1, 256)
    assert (second["values"]["first"], second["values"]["last"]) == (257, 259)


@pytest.mark.parametrize("role", ["practitioner", "inspector", "data-protection-officer", "administrator", "system"])
def test_nobody_but_an_auditor_takes_entries(door: Door, role: str):
    before = len(taken(door))
    a_problem(door.ask("GET", "/log/tile/entries/000", role), 403, "forbidden")
    a_problem(door.ask("GET", "/access/log/tile/entries/000", None), 401)
    assert len(taken(door)) == before


def test_what_is_not_there_was_not_taken(door: Door):
    before = len(taken(door))
    a_problem(door.ask("GET", "/log/tile/entries/999", "auditor"), 404)
    assert len(taken(door)) == before


def test_no_entry_leaves_that_cannot_be_told(door: Door):
    access = door.ledger.store.access
    access.sequencer.read_only = "It is another's."
    try:
        a_problem(door.ask("GET", "/log/tile/entries/000", "auditor"), 503, "access-log-unavailable")
        assert door.ask("GET", "/log/tile/0/000", None).status_code == 200
    finally:
        access.sequencer.read_only = None


def test_entries_come_compressed_to_whoever_says_that_he_can_read_that(door: Door):
    plain = door.ask("GET", "/log/tile/entries/000", "auditor", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    for asks in ("gzip", "br, gzip;q=0.5", "gzip, identity"):
        packed = door.ask("GET", "/log/tile/entries/000", "auditor", headers={"Accept-Encoding": asks})
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.headers["vary"] == "Accept-Encoding"
        assert int(packed.headers["content-length"]) < len(plain.content) / 3
        assert packed.content == plain.content  # as the client unpacked it
    for asks in ("gzip;q=0", "br", "xgzip", ""):
        assert "content-encoding" not in door.ask(
            "GET", "/log/tile/entries/000", "auditor", headers={"Accept-Encoding": asks}
        ).headers  # fmt: skip


# ------------------------------------------------------------------------------------ a database that lies


def test_no_proof_leaves_that_does_not_hold(clusters: Clusters, ledger_template: str, vault_template: str):
    with new_door(clusters.ledger, clusters.vault, verified=False) as door:
        door.new_case()
        spoilt = "UPDATE entries SET leaf = set_byte(leaf, 0, get_byte(leaf, 0) # 1) WHERE position = 2"
        as_admin(door, clusters, spoilt)
        for path in ("/log/proof/1", "/log/proof/2", "/log/proof/3", "/log/consistency?from=2"):
            problem = a_problem(door.ask("GET", path, None), 500, "inconsistent")
            assert "ledger verify" in problem["detail"]
        as_admin(door, clusters, "DELETE FROM entries WHERE position = 3")
        a_problem(door.ask("GET", "/log/tile/0/000.p/3", None), 500, "inconsistent")


def as_admin(door: Door, clusters: Clusters, statement: str) -> None:
    name = str(conninfo_to_dict(door.places[0].application())["dbname"])
    with psycopg.connect(clusters.ledger.conninfo("postgres", name)) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(statement.encode())


# --- what is shown, and what is closed ---------------------------------------------------------------------


@LOGS
def test_what_is_shown_moves_once_a_second(door: Door, at: str):
    door.app.state.shown = Shown()
    try:
        case = door.new_case()
        first = door.ask("GET", f"{at}/checkpoint", None).text
        door.give(case.to, "RecordCommunicationNeed", {"need_type": "SIGNING"}, "practitioner")
        with pytest.raises(Forbidden):
            door.give(case.to, "RecordCommunicationNeed", {"need_type": "SIGNING"}, "police")
        assert door.ask("GET", f"{at}/checkpoint", None).text == first
        door.run(asyncio.sleep(1.1))
        later = door.ask("GET", f"{at}/checkpoint", None).text
        assert int(later.split("\n")[1]) > int(first.split("\n")[1])
    finally:
        door.app.state.shown = Shown(0)


def test_what_is_shown_never_goes_back(door: Door):
    """Two ask at once, and the first to ask is the last to be answered."""
    shown = Shown(0)
    answers = ["the older", "the newer"]

    class Slow:
        async def checkpoint(self, of: Log) -> str:
            note = answers.pop(0)
            await asyncio.sleep(0.1 if note == "the older" else 0)
            return note

    async def both() -> list[str]:
        store = door.ledger.store
        return await asyncio.gather(*(shown.newest(Slow(), store) for _ in range(2)))  # type: ignore[arg-type]

    assert door.run(both()) == ["the newer", "the newer"]


@LOGS
@pytest.mark.parametrize("role", ["auditor", "administrator"])
def test_who_may_close_a_log_gets_a_closing_of_all_there_is(door: Door, at: str, role: str):
    door.new_case()
    a_problem(door.post(f"/offenders/{uuid4()}/record-offender", {}, "auditor"), 403)
    size = checkpoint_of(door, at).size
    told = door.ask("POST", f"{at}/closings", role).json()
    assert told["position"] == told["size"] + 1 > size
    last = list(bundles_of(told["position"]))[-1]
    entry = entries_in(bytes_of(door, at, last), last.width)[-1]
    sealed = orjson.loads(entry)
    assert (sealed["type"], sealed["values"]["heads"]) == ("ledger.closed.v1", told["heads"])
    name = "ledger" if at == "/log" else "access_log"
    assert door.get("/info", None).json()["logs"][name]["newest_closing"]["position"] == told["position"]


def test_nobody_else_closes_a_log(door: Door):
    size = door.size
    for role in ("practitioner", "police", "system"):
        a_problem(door.ask("POST", "/log/closings", role), 403)
    a_problem(door.ask("POST", "/log/closings", None), 401)
    assert door.size == size


def test_what_runs_says_by_which_keys_its_logs_are_checked(door: Door):
    store = door.ledger.store
    told = door.get("/info", None).json()["logs"]
    for name, log in (("ledger", store), ("access_log", store.access)):
        assert told[name]["origin"] == log.origin
        assert told[name]["keys"] == [each.rsplit("+", 1)[0] for each in log.vkeys]
        assert told[name]["newest_timestamp"] is None
    status = door.run(door.ledger.status())
    assert status["keys"] == told["ledger"]["keys"]
