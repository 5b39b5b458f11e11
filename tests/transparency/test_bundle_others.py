"""What a bundle holds beside the case: keys that the log announced since, and what others say of it."""

from dataclasses import replace

import pytest
from tests.transparency.bundling import ANN, ORIGIN, Tree, World, Written, a_world

from ledger.transparency.bundle import contents
from ledger.transparency.bundle.archive import pack, unpack
from ledger.transparency.bundle.forms import from_json, to_json
from ledger.transparency.bundle.others import Consistency
from ledger.transparency.cosignature import Cosigner
from ledger.transparency.note import Signer, encode_base64
from ledger.transparency.proof import Proof
from ledger.transparency.tree import consistency_proof

FIRST = Signer(ORIGIN, b"\x01" * 32)
THIEF = Signer(ORIGIN, b"\x09" * 32)


def sealed(world, files, **changes):
    """These files as a bundle, its manifest sealed in the access log."""
    return world.seal(files, world.manifest(ANN, files, **changes))


def rotated():
    """A ledger whose key was changed twice: the world, and what its bundle of Ann has beside the case."""
    world = World()
    announced = {}
    for seed in (b"\x21" * 32, b"\x22" * 32):
        world.absence(ANN)
        announced |= dict([world.rotate(seed)])
    world.close()
    return world, announced


# --- keys that were announced --------------------------------------------------------------------------------


def test_a_reader_of_an_old_key_comes_to_the_one_that_signs():
    world, announced = rotated()
    data = sealed(world, world.files(ANN) | announced)
    second = Signer(ORIGIN, b"\x21" * 32).verifier()
    report = world.verify(data, FIRST.verifier().vkey())
    assert report.ok, report.finding
    assert report.words()[:2] == [
        f"verified under {ORIGIN}+{world.log.signer.key_id.hex()}.",
        f"{ORIGIN}+{FIRST.key_id.hex()} signs no more: the log announced {ORIGIN}+{world.log.signer.key_id.hex()} in "
        "its place, at position 2, then position 4.",
    ]
    assert "at position 4." in world.verify(data, second.vkey()).words()[1]
    assert "signs no more" not in " ".join(world.verify(data).words())
    assert world.verify(data, second.vkey(), world.vkey, FIRST.verifier().vkey()).ok


def test_without_the_announcements_an_old_key_is_another_ledgers():
    world, announced = rotated()
    assert world.verify(sealed(world, world.files(ANN)), FIRST.verifier().vkey()).finding.code == "key-differs"
    for missing in announced:
        files = {name: data for name, data in (world.files(ANN) | announced).items() if name != missing}
        assert world.verify(sealed(world, files), FIRST.verifier().vkey()).finding.code == "key-differs"


def test_a_thief_who_announces_his_own_key_lacks_the_signature_of_the_old_one():
    forged = World(log=Written(THIEF))
    forged.absence(ANN)
    name, proof = forged.announce(THIEF, THIEF.verifier().vkey(), FIRST.verifier().vkey())
    forged.close()
    report = forged.verify(sealed(forged, forged.files(ANN) | {name: proof}), FIRST.verifier().vkey())
    assert report.finding.code == "announcement-differs"


@pytest.mark.parametrize("spoil", ["index", "extra", "hash", "note", "name", "stranger", "unsigned"])
def test_an_announcement_that_does_not_hold_ends_it_even_where_nobody_needs_it(spoil):
    world, announced = rotated()
    name, data = next(iter(announced.items()))
    proof = Proof.parse(data)
    stranger = Cosigner("court.example", b"\x03" * 32)
    checkpoint = Written(FIRST, world.log.entries[:2]).checkpoint()
    second = Signer(ORIGIN, b"\x21" * 32)
    changed = {
        "index": {name: replace(proof, index=0).write().encode()},
        "extra": {name: replace(proof, extra=world.log.entries[0]).write().encode()},
        "hash": {name: replace(proof, hashes=(bytes(32),)).write().encode()},
        "note": {name: replace(proof, note=world.log.checkpoint().sign(FIRST, second)).write().encode()},
        "name": {"announcements/7.tlog-proof": data},
        "stranger": {name: replace(proof, note=checkpoint.sign(FIRST, second, stranger.at(1))).write().encode()},
        "unsigned": {name: replace(proof, note=checkpoint.sign(FIRST)).write().encode()},
    }[spoil]
    files = {each: text for each, text in (world.files(ANN) | announced).items() if each != name} | changed
    assert world.verify(sealed(world, files)).finding.code == "announcement-differs"


def test_a_key_beside_the_others_is_announced_and_takes_nobodys_place():
    world = World()
    quantum = Cosigner(ORIGIN, b"\x0a" * 32)
    world.absence(ANN)
    name, proof = world.announce(quantum.at(0), quantum.verifier().vkey())
    world.close()
    data = sealed(world, world.files(ANN) | {name: proof})
    assert world.verify(data).ok
    assert world.verify(data, quantum.verifier().vkey()).finding.code == "key-differs", "it has not signed this one"


def test_no_byte_of_an_announcement_can_be_another_even_for_a_thief_of_the_access_key():
    world, announced = rotated()
    files = world.files(ANN) | announced
    assert world.verify(sealed(world, files)).ok
    for name, data in announced.items():
        for at in range(0, len(data), 3):
            changed = files | {name: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]}
            assert not world.verify(sealed(world, changed)).ok, (name, at)


def test_a_bundle_has_the_announcements_that_its_manifest_names():
    world, announced = rotated()
    data = sealed(world, world.files(ANN) | announced)
    assert set(announced) <= set(unpack(data))
    assert contents.announcement_name(1) in announced


# --- witnesses -----------------------------------------------------------------------------------------------

COURT = Cosigner("court.example", b"\x03" * 32)
COURT_KEY = COURT.verifier().vkey()


def at_size(world, size):
    """The log as it was at a size, and the file that shows it is of one log with the whole."""
    early = Written(world.log.signer, world.log.entries[:size])
    hashes = consistency_proof(size, len(world.log.entries), Tree(world.log.leaves))
    told = Consistency(early.checkpoint().root, tuple(hashes)).write()
    return early, {contents.consistency_name(size): told}


def cosigned_at(size, *, more=0):
    """A world of ten facts, `more` recorded since, and a bundle's files with what a witness cosigned at a size."""
    world = a_world()
    whole = World(log=Written(world.log.signer, list(world.log.entries), dict(world.log.versions)))
    for _ in range(more):
        whole.absence(ANN)
    of = Written(world.log.signer, whole.log.entries[:size])
    files = world.files(ANN)
    if size != 10:
        small, large = sorted((size, 10))
        hashes = consistency_proof(small, large, Tree(whole.log.leaves[:large]))
        files[contents.consistency_name(size)] = Consistency(of.checkpoint().root, tuple(hashes)).write()
    files[contents.COSIGNED] = of.checkpoint().sign(world.log.signer, COURT.at(7)).encode()
    files[contents.POLICY] = files[contents.POLICY].replace(b"quorum", f"witness court {COURT_KEY}\nquorum".encode())
    return world, files


@pytest.mark.parametrize("size, more", [(10, 0), (11, 1), (14, 4)])
def test_a_witness_that_cosigned_this_log_or_a_longer_one_vouches_for_all_of_it(size, more):
    world, files = cosigned_at(size, more=more)
    report = world.verify(sealed(world, files), world.vkey, COURT_KEY)
    assert report.ok, report.finding
    name = f"court.example+{COURT.verifier().key_id.hex()}"
    whole = f"{name} has cosigned the log of {size} facts and no other history of it: the whole of it"
    assert f"{whole}." in report.words()
    by_file = world.verify(sealed(world, files)).words()
    assert f"{whole}, by the key in this file; compare it with the one that the witness gives." in by_file


@pytest.mark.parametrize("size, of_case", [(9, "all"), (8, "4 of 5"), (1, "0 of 5")])
def test_a_witness_that_is_behind_vouches_for_what_it_saw_and_is_missed_where_its_key_was_given(size, of_case):
    world, files = cosigned_at(size)
    assert f"of {size} facts and no other history of it: {of_case} of the facts of this case, by the key" in " ".join(
        world.verify(sealed(world, files)).words()
    )
    found = world.verify(sealed(world, files), world.vkey, COURT_KEY).finding
    assert found.code == "cosignature-missing"
    assert f"has cosigned the first {size} facts only" in str(found)


def test_what_was_cosigned_of_another_history_is_not_this_log():
    """The log showed the witness one history and the reader of this bundle another."""
    world, files = cosigned_at(12, more=2)
    other = World(log=Written(world.log.signer, world.log.entries[:9]))
    for _ in range(3):
        other.absence(ANN, note="another story")
    fork = other.log.checkpoint()
    assert fork.size == 12
    forged = {contents.COSIGNED: fork.sign(world.log.signer, COURT.at(7)).encode()}
    assert world.verify(sealed(world, files | forged)).finding.code == "cosigned-differs"
    told = from_json(files["consistency/12.json"]) | {"root": encode_base64(fork.root)}
    forged |= {"consistency/12.json": to_json(told)}
    assert world.verify(sealed(world, files | forged)).finding.code == "cosigned-differs"


def test_no_byte_of_what_was_cosigned_can_be_another_even_for_a_thief_of_the_access_key():
    world, files = cosigned_at(12, more=2)
    assert world.verify(sealed(world, files)).ok
    for name in (contents.COSIGNED, "consistency/12.json"):
        data = files[name]
        for at in range(0, len(data), 7):
            changed = files | {name: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]}
            assert not world.verify(sealed(world, changed)).ok, (name, at)


def test_a_consistency_proof_is_there_where_it_is_needed_and_nowhere_else():
    world, files = cosigned_at(12, more=2)
    del files["consistency/12.json"]
    assert world.verify(sealed(world, files)).finding.code == "cosigned-differs"
    world, files = cosigned_at(10)
    _, extra = at_size(world, 4)
    assert world.verify(sealed(world, files | extra)).finding.code == "file-unknown"


@pytest.mark.parametrize("size", ["0", "01", "x", str(2**70)])
def test_a_size_that_no_log_has_is_no_name_of_a_file(size):
    world, files = cosigned_at(10)
    for name in (f"consistency/{size}.json", f"timestamps/{size}.tsr"):
        found = world.verify(sealed(world, files | {name: b"{}"})).finding
        assert found.code in ("file-unknown", "file-malformed", "timestamp-differs")


@pytest.mark.parametrize("token", [b"", b"0", b"\x30\x03\x02\x01\x00", bytes(300), b"\x30\x82\xff\xff" + bytes(70_000)])
def test_a_timestamp_that_is_none_is_found(token):
    world, files = cosigned_at(10)
    assert world.verify(sealed(world, files | {"timestamps/10.tsr": token})).finding.code == "timestamp-differs"


# --- whatever is in a file, it ends in a finding ---------------------------------------------------------------


@pytest.mark.parametrize(
    "name, data",
    [
        ("chain.json", b"[" * 200_000),
        ("openings.json", b'{"a":' * 100_000),
        ("manifest.json", b"{}"),
        ("policy", b"log " + b"x" * 100_000 + b"\n"),
        ("policy", b"witness \xff\xfe x\n"),
        ("checkpoint", b"\n\n" * 10),
        ("entries/1.json", b"{" * 60_000),
        ("settings/3.tlog-proof", b"c2sp.org/tlog-proof@v1\nindex 3\n\n"),
        ("settings/99999999999999999999.tlog-proof", b""),
        ("announcements/3.tlog-proof", b"\xff\xfe"),
        ("announcements/access-3.tlog-proof", b"c2sp.org/tlog-proof@v1\nextra AAAA\nindex 3\n\nx\n1\nA\n\n"),
        ("cosigned", b""),
        ("cosigned", b"\xff" * 100),
        ("consistency/3.json", b"{}"),
        ("timestamps/10.tsr", b"\x30\x80" * 9_000),
    ],
)
def test_a_hostile_file_ends_in_a_finding_and_in_nothing_else(name, data):
    world = a_world()
    whole = unpack(sealed(world, world.files(ANN) | ({name: data} if name != contents.MANIFEST else {})))
    if name == contents.MANIFEST:
        whole[name] = data
    report = world.verify(pack(whole))
    assert report.finding is not None
    assert report.words()[1] == "Nothing in this file may be relied upon."
