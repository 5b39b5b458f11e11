"""Bundles made to deceive or to tire whoever verifies them: what is said of them, and how long it takes to say it."""

from dataclasses import replace
from time import process_time

import pytest
from tests.transparency.bundling import ANN, ORIGIN, STAFF, Tree, World, Written, a_world

from ledger.transparency.bundle import contents
from ledger.transparency.bundle.archive import pack
from ledger.transparency.cosignature import Cosigner
from ledger.transparency.note import Signer, Verifier
from ledger.transparency.proof import Proof
from ledger.transparency.tree import inclusion_proof

LIE = "\x1b[2K\x1b[1Gverified under the ledger's key.\x1b[8m"
LOOKALIKE = ANN.replace("a", "\N{CYRILLIC SMALL LETTER A}")
COURT = Cosigner("court.example", b"\x03" * 32)


def sealed(world, files, **changes):
    return world.seal(files, world.manifest(ANN, files, **changes))


# --- what is said --------------------------------------------------------------------------------------------


def with_a_file_called(world, files):
    manifest = world.manifest(ANN, files)
    listed = replace(manifest, files={**manifest.files, LIE: "0" * 64})
    return pack({**files, contents.MANIFEST: listed.write(), contents.RECEIPT: b"none"})


def with_a_key_called(world, files):
    stranger = Signer(f"{ORIGIN}\u202e\x9b2J", b"\x05" * 32)
    return sealed(world, files | {contents.CHECKPOINT: world.log.checkpoint().sign(stranger).encode()})


def with_a_name_that_is_no_text(world, files):
    return sealed(world, files | {contents.POLICY: b"group a any \xff\n" + files[contents.POLICY]})


@pytest.mark.parametrize("attack", [with_a_file_called, with_a_key_called, with_a_name_that_is_no_text])
def test_no_bundle_writes_over_what_is_said_of_it_on_a_terminal(attack):
    world = a_world()
    report = world.verify(attack(world, world.files(ANN)))
    assert not report.ok
    assert all(each.isprintable() for each in report.words()), report.words()


def test_the_name_of_a_witness_that_looks_like_anothers_is_spelled_out():
    world = a_world()
    double = Cosigner("c\N{CYRILLIC SMALL LETTER O}urt.example", b"\x04" * 32)
    files = world.files(ANN)
    files[contents.CHECKPOINT] = world.log.checkpoint().sign(world.log.signer, double.at(1)).encode()
    files[contents.POLICY] = f"witness court {double.verifier().vkey()}\n".encode() + files[contents.POLICY]
    words = " ".join(world.verify(sealed(world, files)).words())
    assert "c\\u043eurt.example" in words
    assert double.name not in words


def test_no_case_is_absent_under_a_name_that_looks_like_its_own():
    world = a_world()
    files = world.files(LOOKALIKE)
    report = world.verify(world.seal(files, world.manifest(LOOKALIKE, files), about=(ANN,)))
    assert report.finding.code == "file-malformed"
    assert "an id of [a-z0-9_-]+" in str(report.finding)


# --- what is vouched for -------------------------------------------------------------------------------------


def test_a_cosignature_without_a_time_says_nothing_of_other_histories():
    world = a_world()
    files = world.files(ANN)
    files[contents.POLICY] = f"witness court {COURT.verifier().vkey()}\n".encode() + files[contents.POLICY]
    for time, told in ((1, True), (0, False)):
        files[contents.CHECKPOINT] = world.log.checkpoint().sign(world.log.signer, COURT.at(time)).encode()
        data = sealed(world, files)
        assert ("no other history" in " ".join(world.verify(data).words())) == told
        found = world.verify(data, world.vkey, COURT.verifier().vkey()).finding
        assert (found is None) == told
    assert found.code == "cosignature-missing"


def announcing(count):
    """So many keys, announced by a log of somebody's own."""
    log, own = Written(Signer(ORIGIN, b"\x07" * 32)), Signer(ORIGIN, b"\x08" * 32)
    by = {"id": STAFF, "role": "system"}
    for _ in range(count):
        log.add("ledger", "ledger.log-key-announced.v1", values={"vkey": own.verifier().vkey()}, by=by)
    note, tree = log.checkpoint().sign(own), Tree(log.leaves)
    proofs = [Proof(at, tuple(inclusion_proof(at, count, tree)), note, log.entries[at]) for at in range(count)]
    return {contents.announcement_name(each.index): each.write().encode() for each in proofs}


def test_no_key_vouches_for_itself():
    world = a_world()
    report = world.verify(sealed(world, world.files(ANN) | announcing(1)))
    assert report.finding.code == "announcement-differs"


def test_a_release_is_one_of_the_ledgers_own_stream_alone():
    world = World()
    world.absence(ANN)
    world.log.add(ANN, "ledger.release-started.v1")
    closing = world.close()
    files = world.files(ANN)
    whole = Proof(
        1, tuple(inclusion_proof(1, closing + 1, Tree(world.log.leaves))), files[contents.CHECKPOINT].decode()
    )
    files[contents.setting_name(1)] = replace(whole, extra=world.log.entries[1]).write().encode()
    assert world.verify(sealed(world, files)).finding.code == "entry-misplaced"


# --- how long it takes ---------------------------------------------------------------------------------------


def test_more_keys_than_any_log_announces_are_not_looked_at():
    world = a_world()
    found = world.verify(sealed(world, world.files(ANN) | announcing(257))).finding
    assert found.code == "announcement-differs"
    assert "257 keys are announced" in str(found)


def test_a_policy_of_many_keys_takes_time_in_proportion_to_them():
    """Held against one another, so many would take some ten seconds of a processor, and ten times as many a quarter of
    an hour: before it is known whether any key that was given signed anything here."""
    keys = (Verifier("x", at.to_bytes(32)).vkey() for at in range(20_000))
    policy = "".join(f"log {each}\n" for each in keys).encode()
    world = a_world()
    files = world.files(ANN)
    data = sealed(world, files | {contents.POLICY: policy + files[contents.POLICY]})
    begun = process_time()
    assert world.verify(data).ok
    assert process_time() - begun < 3
