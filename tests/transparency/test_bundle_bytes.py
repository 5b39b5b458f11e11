"""No byte of a bundle can be changed: as it lies there, with the zip made anew, with the manifest made anew, and by
somebody who has the key of the access log and seals his own manifest.

Against the last of them stand the files that the ledger's own key vouches for.  The others, listed in
`VOUCHED_FOR_BY_THE_MANIFEST`, say nothing about the facts; the report names them.
"""

import random

import pytest
from tests.transparency.bundling import ANN, SALT, World, Written

from ledger.transparency.bundle import contents
from ledger.transparency.bundle.archive import pack, unpack
from ledger.transparency.bundle.contents import Opening
from ledger.transparency.note import Signer

VOUCHED_FOR_BY_THE_MANIFEST = ("chronology.csv", "rules/", contents.POLICY)


@pytest.fixture(scope="module")
def world():
    """Three facts of Ann's, one of them withheld whole, one with its value opened."""
    made = World()
    for note in ("ill", "no reason", "late"):
        made.absence(ANN, note=note)
    made.close()
    return made


OPENED = {2: {"note": Opening(SALT, "late")}}


@pytest.fixture(scope="module")
def files(world):
    return world.files(ANN, withheld=(1,), opened=OPENED)


def flipped(data, at, bit=1):
    return data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]


def passes(world, data):
    report = world.verify(data)
    return report.ok


def test_every_byte_of_a_bundle_of_three_facts(world, files):
    data = world.seal(files, world.manifest(ANN, files))
    assert passes(world, data)
    for at in range(len(data)):
        assert not passes(world, flipped(data, at)), at
        assert not passes(world, flipped(data, at, 0x80)), at


def test_every_byte_of_every_file_with_the_zip_made_anew(world, files):
    whole = unpack(world.seal(files, world.manifest(ANN, files)))
    for name, data in whole.items():
        for at in range(len(data)):
            assert not passes(world, pack(whole | {name: flipped(data, at)})), (name, at)


def test_every_byte_of_every_file_with_zip_and_manifest_made_anew(world, files):
    receipt = unpack(world.seal(files, world.manifest(ANN, files)))[contents.RECEIPT]
    for name, data in files.items():
        for at in range(len(data)):
            changed = files | {name: flipped(data, at)}
            forged = changed | {contents.MANIFEST: world.manifest(ANN, changed).write(), contents.RECEIPT: receipt}
            assert not passes(world, pack(forged)), (name, at)


def test_every_byte_of_every_file_with_the_manifest_sealed_anew_by_a_thief(world, files):
    passed = set()
    for name, data in files.items():
        for at in range(len(data)):
            changed = files | {name: flipped(data, at)}
            thiefs = Written(Signer(world.access.signer.name, b"\x02" * 32))
            if passes(world, world.seal(changed, world.manifest(ANN, changed), log=thiefs)):
                passed.add(name)
    assert all(name.startswith(VOUCHED_FOR_BY_THE_MANIFEST) for name in passed), passed
    assert {"chronology.csv", "rules/ENF-03@manual-2022.json"} <= passed


@pytest.mark.slow
def test_random_bytes_of_a_larger_bundle():
    """`python -m bench.bundles` does the same 20,000 times with one of 500 facts."""
    drawn = random.Random(20_261_122)
    world = World()
    for number in range(60):
        world.absence(ANN, note=f"note {number}")
    world.close()
    files = world.files(ANN)
    data = world.seal(files, world.manifest(ANN, files))
    whole = unpack(data)
    names = [name for name in whole if whole[name]]
    for number in range(2_000):
        if number % 2:
            changed = flipped(data, drawn.randrange(len(data)), 1 << drawn.randrange(8))
        else:  # one that every sum of the zip fits again
            name = drawn.choice(names)
            content = flipped(whole[name], drawn.randrange(len(whole[name])), 1 << drawn.randrange(8))
            changed = pack(whole | {name: content})
        assert not passes(world, changed), number
