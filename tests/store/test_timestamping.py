"""An authority outside stamps the checkpoints of closings; nothing waits for it, and nothing false is sealed."""

from __future__ import annotations

import base64
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.conftest import Clusters
from tests.doors import Door, new_door
from tests.journeys.process import free_port
from tests.store.authority import OPENSSL, Authority, served

from ledger.aggregates.ledger_stream import TimestampObtained
from ledger.errors import Setup
from ledger.fetching import Unreached
from ledger.store import closing, rotating
from ledger.store.closing import Closer
from ledger.store.timestamping import NotStamped, Timestamping, checked, roots_at
from ledger.store.verifying import verify_database
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.note import encode_base64
from ledger.transparency.verify import Report

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl, which makes the authority, is not installed")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority") / "a")


@pytest.fixture
def url(authority: Authority) -> Generator[str]:
    with served(authority) as address:
        yield address
    authority.broken = authority.replay = None


@pytest.fixture
def fresh(
    clusters: Clusters, ledger_template: str, vault_template: str, monkeypatch: pytest.MonkeyPatch
) -> Generator[Door]:
    monkeypatch.setattr(closing, "ONCE", 0.0)
    with new_door(clusters.ledger, clusters.vault) as door:
        yield door


def stamping(door: Door, url: str, roots: Path | None = None) -> Timestamping:
    store = door.ledger.store
    return Timestamping(store, Closer.of(store), url, roots_at(roots) if roots else ())


def own(door: Door, kind: str) -> list[dict[str, Any]]:
    stored = door.run(door.ledger.store.database.stream("ledger"))
    return [dict(each.members["values"]) for each in stored if each.type == f"ledger.{kind}.v1"]


def verified(door: Door, roots: Path) -> Report:
    store = door.ledger.store
    return verify_database(
        door.places[0].application(), store.origin, store.keys.known, store.released.path, roots=roots_at(roots)
    )


def test_each_closing_is_stamped_once_and_the_next_one_seals_the_token(fresh: Door, authority: Authority, url: str):
    asks = stamping(fresh, url, authority.roots)
    assert not fresh.run(asks.stamp()), "nothing is closed yet"
    fresh.new_case()
    first = fresh.run(fresh.ledger.close_now())
    assert fresh.run(asks.stamp())
    assert not fresh.run(asks.stamp())
    [token] = own(fresh, "timestamp-obtained")
    data = base64.b64decode(token["token"])
    checkpoint = Checkpoint(fresh.ledger.store.origin, first.position, first.root)
    at = checked(data, checkpoint, roots_at(authority.roots))
    assert (token["size"], abs(datetime.now(UTC) - at) < timedelta(minutes=1)) == (first.position, True)
    fresh.new_case()
    fresh.run(fresh.ledger.close_now())
    before, after = own(fresh, "closed")
    assert "previous_token" not in before
    assert after["previous_token"] == encode_base64(sha256(data).digest())
    assert verified(fresh, authority.roots).ok
    fresh.new_case()
    fresh.run(fresh.ledger.close_now())
    assert "previous_token" not in own(fresh, "closed")[-1], "nobody stamped the one before"
    assert verified(fresh, authority.roots).ok


def test_a_timestamp_is_no_reason_for_another_closing(fresh: Door, url: str):
    fresh.run(fresh.ledger.close_now())
    closer = Closer.of(fresh.ledger.store)

    def anything() -> bytes | None:
        return fresh.run(closer._ask("open"))[0][1]  # pyright: ignore[reportPrivateUsage]

    assert anything() == b"\x00"
    assert fresh.run(stamping(fresh, url).stamp())
    assert anything() == b"\x00"
    fresh.new_case()
    assert anything() == b"\x01"
    closer.close()


def test_an_authority_that_does_not_answer_stops_nothing(fresh: Door):
    fresh.run(fresh.ledger.close_now())
    with pytest.raises(Unreached):
        fresh.run(stamping(fresh, f"http://127.0.0.1:{free_port()}").stamp())
    fresh.new_case()
    fresh.run(fresh.ledger.close_now())
    assert own(fresh, "timestamp-obtained") == []


def test_what_an_authority_should_not_say_is_not_sealed(fresh: Door, authority: Authority, url: str, tmp_path: Path):
    fresh.run(fresh.ledger.close_now())
    asks = stamping(fresh, url, authority.roots)
    with pytest.raises(NotStamped, match="does not hold"):
        fresh.run(stamping(fresh, url, Authority(tmp_path / "other").roots).stamp())
    earlier = authority.asked[-1]
    authority.replay = earlier
    with pytest.raises(NotStamped, match="answers another question"):
        fresh.run(asks.stamp())
    authority.replay = None
    for broken in (b"", b"\x30", b"no", bytes(300)):
        authority.broken = broken
        with pytest.raises(NotStamped):
            fresh.run(asks.stamp())
    authority.broken = bytes(40_000)
    with pytest.raises(Unreached):
        fresh.run(asks.stamp())
    assert own(fresh, "timestamp-obtained") == []


def test_a_token_over_another_checkpoint_or_by_a_stranger_is_found(
    clusters: Clusters, ledger_template: str, vault_template: str, authority: Authority, url: str, tmp_path: Path
):
    with new_door(clusters.ledger, clusters.vault, verified=False) as door:
        door.run(door.ledger.close_now())
        assert door.run(stamping(door, url).stamp())
        assert verified(door, authority.roots).ok
        stranger = verified(door, Authority(tmp_path / "other").roots)
        assert [each.code for each in stranger.findings] == ["timestamp-differs"]
        [values] = own(door, "timestamp-obtained")
        lie = TimestampObtained(size=values["size"] - 1, stamped_at=datetime.now(UTC), token=values["token"])
        door.run(rotating.say(door.ledger.store, lie))
        assert [each.code for each in verified(door, authority.roots).findings] == ["timestamp-differs"]


def test_a_place_that_cannot_be_asked_and_roots_that_are_none_are_said(fresh: Door, tmp_path: Path):
    with pytest.raises(Setup, match="no address that can be asked"):
        stamping(fresh, "ftp://tsa.example")
    with pytest.raises(Setup, match="cannot be read"):
        roots_at(tmp_path / "none")
    (tmp_path / "empty").write_text(orjson.dumps({}).decode(), "utf-8")
    with pytest.raises(Setup, match="no certificates"):
        roots_at(tmp_path / "empty")
