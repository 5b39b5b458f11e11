"""What a bundle holds beside the case: keys that the log announced since, and what others say of it."""

from dataclasses import replace

import pytest
from tests.transparency.bundling import ANN, ORIGIN, World, Written

from ledger.transparency.bundle import contents
from ledger.transparency.bundle.archive import unpack
from ledger.transparency.cosignature import Cosigner
from ledger.transparency.note import Signer
from ledger.transparency.proof import Proof

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
        for at in range(len(data)):
            changed = files | {name: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]}
            assert not world.verify(sealed(world, changed)).ok, (name, at)


def test_a_bundle_has_the_announcements_that_its_manifest_names():
    world, announced = rotated()
    data = sealed(world, world.files(ANN) | announced)
    assert set(announced) <= set(unpack(data))
    assert contents.announcement_name(1) in announced
