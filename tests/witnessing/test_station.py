"""A witness cosigns what it has kept, follows a log by its tiles, and shows whoever asks that it was lied to."""

from __future__ import annotations

import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.witnessing.served import LOG, ORIGIN, TOKEN, Files, entries_of, served

from ledger.errors import Setup
from ledger.fetching import Unreached
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import Cosigner, parse_vkey, timestamp_of
from ledger.transparency.errors import SignatureError, TransparencyError
from ledger.transparency.fork import Fork
from ledger.transparency.note import Signer, format_note, open_note, parse_note
from ledger.transparency.witness import request_of
from ledger.witnessing import kept
from ledger.witnessing.kept import Keeping, origin_hash
from ledger.witnessing.remote import RemoteLog
from ledger.witnessing.replaying import Replay
from ledger.witnessing.station import Station

ENTRIES = entries_of(700)
OTHERS = entries_of(700, 300)
KNOWN = [LOG.verifier()]


class Alarms(list[str]):
    """What the operator was told."""

    def __call__(self, text: str) -> None:
        self.append(text)


def opened(home: Path, alarms: Callable[[str], None] | None = None, known: bool = True) -> tuple[Keeping, Station]:
    keeping = Keeping(home, "witness.example/w1")
    return keeping, Station(
        keeping, KNOWN if known else (), alarm=Alarms() if alarms is None else alarms, clock=lambda: 1_700_000_000.9
    )


# --- following ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("partial", [True, False], ids=["partial tiles kept", "partial tiles gone"])
def test_a_log_is_followed_by_its_tiles_and_every_checkpoint_cosigned(tmp_path: Path, partial: bool) -> None:
    files = Files(ENTRIES, 3, partial=partial)
    keeping, station = opened(tmp_path / "w")
    with served(files) as url:
        remote = RemoteLog(url)
        assert station.meet(remote) == ORIGIN
        for size in (3, 4, 255, 256, 257, 600, 699, 700):
            files.size = size
            answer = station.follow(ORIGIN, remote)
            assert answer is not None
            assert answer.status == 200
            note = station.checkpoint(origin_hash(ORIGIN))
            assert note is not None
            lines = open_note(note, [*KNOWN, keeping.cosigner.verifier()]).signatures
            assert [each.name for each in lines] == [ORIGIN, "witness.example/w1"]
            assert timestamp_of(lines[1].signature) == 1_700_000_000
            assert Checkpoint.open(note, ORIGIN, KNOWN).size == size
        assert station.follow(ORIGIN, remote) is None
    assert not any("entries" in path for path in files.asked)
    keeping.close()


def test_a_log_that_tells_a_second_history_is_refused_with_a_proof_anybody_can_check(tmp_path: Path) -> None:
    for size, later in ((400, 400), (400, 650), (512, 650), (301, 302)):
        alarms = Alarms()
        files = Files(ENTRIES, size)
        keeping, station = opened(tmp_path / f"w{size}-{later}", alarms)
        with served(files) as url:
            remote = RemoteLog(url)
            station.follow(ORIGIN, remote)
            files.entries, files.size = OTHERS, later
            remote = RemoteLog(url)
            for _ in range(2):
                answer = station.follow(ORIGIN, remote)
                assert answer is not None
                assert answer.status == 422
        assert len(alarms) == 1
        Fork.parse(alarms[0]).verify(ORIGIN, KNOWN)
        [kept_proof] = (tmp_path / f"w{size}-{later}" / "forks").glob("*.fork-proof")
        assert kept_proof.read_text("utf-8") == alarms[0]
        # The first history is still the one that is held, and is cosigned as it goes on.
        files.entries, files.size = ENTRIES, later + 1
        with served(files) as url:
            again = station.follow(ORIGIN, RemoteLog(url))
        assert again is not None
        assert again.status == 200
        keeping.close()


def test_a_log_that_shrinks_or_is_not_there_is_not_cosigned_and_not_accused(tmp_path: Path) -> None:
    alarms = Alarms()
    files = Files(ENTRIES, 400)
    keeping, station = opened(tmp_path / "w", alarms)
    with served(files) as url:
        remote = RemoteLog(url)
        station.follow(ORIGIN, remote)
        held = station.checkpoint(origin_hash(ORIGIN))
        files.size = 399
        with pytest.raises(Unreached, match="shows 399 entries; 400 were cosigned"):
            station.follow(ORIGIN, remote)
        files.size, files.status = 401, 503
        with pytest.raises(Unreached, match="is not given: 503"):
            station.follow(ORIGIN, remote)
        files.status, files.signer = 200, Signer(ORIGIN, b"\x09" * 32)
        with pytest.raises(SignatureError):
            station.follow(ORIGIN, remote)
    remote.peer.close()
    with pytest.raises(Unreached, match="does not answer"):
        station.follow(ORIGIN, remote)
    assert station.checkpoint(origin_hash(ORIGIN)) == held
    assert not alarms
    keeping.close()


def test_a_log_that_serves_tiles_of_another_tree_is_not_cosigned_and_not_accused(tmp_path: Path) -> None:
    alarms = Alarms()
    files = Files(ENTRIES, 400)
    keeping, station = opened(tmp_path / "w", alarms)
    honest = Files(ENTRIES, 650).note()
    with served(files) as url:
        station.follow(ORIGIN, RemoteLog(url))
        files.entries, files.size = OTHERS, 650
        files.note = lambda size=None: honest  # type: ignore[method-assign,misc]
        with pytest.raises(TransparencyError):
            station.follow(ORIGIN, RemoteLog(url))
    assert not alarms
    keeping.close()


# --- replaying ---------------------------------------------------------------------------------------------


def test_a_replaying_witness_reads_every_entry_once_before_it_cosigns(tmp_path: Path) -> None:
    files = Files(ENTRIES, 200)
    keeping, station = opened(tmp_path / "w")
    with served(files) as url:
        remote = RemoteLog(url, TOKEN)
        station.replay(ORIGIN, Replay(remote.entries))
        for size in (200, 300, 700):
            files.size = size
            answer = station.follow(ORIGIN, remote)
            assert answer is not None
            assert answer.status == 200, answer.body
        bundles = [path for path in files.asked if "entries" in path]
        assert bundles == [
            "/log/tile/entries/000.p/200",
            "/log/tile/entries/000",
            "/log/tile/entries/001.p/44",
            "/log/tile/entries/001",
            "/log/tile/entries/002.p/188",
        ]
    keeping.close()


@pytest.mark.parametrize(
    "lie,why",
    [
        ({"version": 9}, "version-differs at position 250"),
        ({"previous": "A" * 43 + "="}, "previous-differs at position 250"),
        ({"recorded": "2025-04-07T16:00:00.000000Z"}, "time-goes-back at position 250"),
        ({"rests_on": [260]}, "reference-ahead at position 250"),
        ({"id": f"019a0000-0000-7000-8000-{7:012x}"}, "fact-id-repeated at position 250"),
    ],
)
def test_a_sealed_lie_passes_a_plain_witness_and_not_a_replaying_one(
    tmp_path: Path, lie: dict[str, object], why: str
) -> None:
    files = Files(entries_of(280, p250=lie), 249)
    for name, token in (("plain", None), ("replaying", TOKEN)):
        keeping, station = opened(tmp_path / name)
        with served(files) as url:
            remote = RemoteLog(url, token)
            if token:
                station.replay(ORIGIN, Replay(remote.entries))
            files.size = 249
            answer = station.follow(ORIGIN, remote)
            assert answer is not None
            assert answer.status == 200
            files.size = 280
            for _ in range(2):  # asking again changes nothing
                answer = station.follow(ORIGIN, remote)
                if token is None:
                    break
                assert answer is not None
                assert answer.status == 422
                assert why in answer.body
        note = station.checkpoint(origin_hash(ORIGIN))
        assert note is not None
        assert f"\n{249 if token else 280}\n" in note
        keeping.close()


def test_entries_that_do_not_lead_to_the_checkpoint_are_not_cosigned_until_the_right_ones_are_served(
    tmp_path: Path,
) -> None:
    files = Files(ENTRIES, 280)
    keeping, station = opened(tmp_path / "w")
    given: list[bytes] = OTHERS[:]
    station.replay(ORIGIN, Replay(lambda first, size: given[first:size]))
    with served(files) as url:
        files.size = 350
        answer = station.follow(ORIGIN, RemoteLog(url))
        assert answer is not None
        assert (answer.status, answer.body) == (422, "the 350 entries that are given do not lead to the checkpoint\n")
        given[:] = ENTRIES
        answer = station.follow(ORIGIN, RemoteLog(url))
        assert answer is not None
        assert answer.status == 200
    keeping.close()


def test_without_an_auditors_token_nothing_is_replayed_and_nothing_cosigned(tmp_path: Path) -> None:
    files = Files(ENTRIES, 280)
    keeping, station = opened(tmp_path / "w")
    with served(files) as url:
        remote = RemoteLog(url, "somebody-elses")
        station.replay(ORIGIN, Replay(remote.entries))
        answer = station.follow(ORIGIN, remote)
    assert answer is not None
    assert answer.status == 503
    assert station.checkpoint(origin_hash(ORIGIN)) is None
    keeping.close()


# --- what is kept ------------------------------------------------------------------------------------------


def test_a_witness_goes_on_where_it_was(tmp_path: Path) -> None:
    files = Files(ENTRIES, 400)
    keeping, station = opened(tmp_path / "w")
    assert station.add_checkpoint(request_of(0, [], files.note())).status == 200
    note = station.checkpoint(origin_hash(ORIGIN))
    keeping.close()
    keeping, station = opened(tmp_path / "w", known=False)
    assert station.origins == [ORIGIN]
    assert station.checkpoint(origin_hash(ORIGIN)) == note
    assert station.add_checkpoint(request_of(0, [], files.note(200))).body == "400\n"
    keeping.close()


def test_what_is_cosigned_is_on_the_disk_before_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keeping, station = opened(tmp_path / "w")
    files = Files(ENTRIES, 400)

    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept, "write_synced", full)
    with pytest.raises(OSError, match="No space"):
        station.add_checkpoint(request_of(0, [], files.note()))
    monkeypatch.undo()
    assert station.checkpoint(origin_hash(ORIGIN)) is None
    answer = station.add_checkpoint(request_of(0, [], files.note()))
    file = tmp_path / "w" / "logs" / origin_hash(ORIGIN) / "checkpoint"
    assert answer.body in file.read_text("utf-8")
    keeping.close()


def test_of_many_who_ask_at_once_each_gets_what_the_others_left(tmp_path: Path) -> None:
    keeping, station = opened(tmp_path / "w")
    files = Files(ENTRIES, 400)
    requests = [request_of(0, [], files.note(size)) for size in range(1, 40)]
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda body=body: answers.append(station.add_checkpoint(body).status))
        for body in requests
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(answers) == [200] + [409] * 38
    keeping.close()


def test_two_witnesses_do_not_share_a_home(tmp_path: Path) -> None:
    keeping, _ = opened(tmp_path / "w")
    with pytest.raises(Setup, match="Another witness works in"):
        Keeping(tmp_path / "w")
    keeping.close()
    Keeping(tmp_path / "w").close()


def test_a_witness_keeps_its_name_and_its_key_to_itself(tmp_path: Path) -> None:
    keeping, station = opened(tmp_path / "w")
    vkey = (tmp_path / "w" / "vkey").read_text("utf-8").strip()
    assert vkey == station.vkey
    assert parse_vkey(vkey).name == "witness.example/w1"
    assert stat.S_IMODE((tmp_path / "w" / "witness.key").stat().st_mode) == 0o600
    keeping.close()
    with pytest.raises(Setup, match=r"is called witness\.example/w1"):
        Keeping(tmp_path / "w", "witness.example/w2")
    drawn = Keeping(tmp_path / "v")
    drawn.close()
    again = Keeping(tmp_path / "v")
    assert again.cosigner.name == drawn.cosigner.name
    again.close()
    with pytest.raises(Setup, match="cannot be called so"):
        Keeping(tmp_path / "u", "a name")
    assert not (tmp_path / "u" / "name").exists()


def test_a_witness_does_not_start_from_what_it_did_not_sign(tmp_path: Path) -> None:
    keeping, station = opened(tmp_path / "w")
    files = Files(ENTRIES, 400)
    station.add_checkpoint(request_of(0, [], files.note()))
    keeping.close()
    file = tmp_path / "w" / "logs" / origin_hash(ORIGIN) / "checkpoint"
    whole = file.read_text("utf-8")
    stranger = Cosigner("witness.example/w1", b"\x08" * 32).at(5)
    for text in ("", files.note(), whole[:-2], whole.replace("\n400\n", "\n401\n"), files.note() + "x",
                 format_note(parse_note(whole).text, parse_note(Files(ENTRIES, 400).note()).signatures),
                 Checkpoint.parse(parse_note(whole).text).sign(LOG, stranger)):  # fmt: skip
        file.write_text(text, "utf-8")
        with pytest.raises(Setup, match="is not a checkpoint this witness cosigned"):
            opened(tmp_path / "w")
    file.write_text(whole, "utf-8")
    keeping, station = opened(tmp_path / "w")
    assert station.checkpoint(origin_hash(ORIGIN)) == whole
    keeping.close()


# --- the keys of logs --------------------------------------------------------------------------------------


def test_a_log_met_first_is_trusted_by_its_own_key_and_later_only_by_that(tmp_path: Path) -> None:
    files = Files(ENTRIES, 400)
    keeping, station = opened(tmp_path / "w", known=False)
    with served(files) as url:
        assert station.meet(RemoteLog(url)) == ORIGIN
        files.signer = Signer(ORIGIN, b"\x09" * 32)
        with pytest.raises(Setup, match="is known here by another key"):
            station.meet(RemoteLog(url))
    keeping.close()


def test_a_log_that_gives_another_key_than_the_one_it_is_known_by_is_not_met(tmp_path: Path) -> None:
    keeping, station = opened(tmp_path / "w")
    with served(Files(ENTRIES, 400, signer=Signer(ORIGIN, b"\x09" * 32))) as url:
        remote = RemoteLog(url)
        # Its checkpoints are held against the key that is known, whatever it says its key is.
        assert station.meet(remote, KNOWN) == ORIGIN
        with pytest.raises(SignatureError):
            station.follow(ORIGIN, remote)
    keeping.close()
