"""An export carries what others have said of the log: an authority's timestamps and witnesses' cosignatures."""

from pathlib import Path

import pytest
from tests.doors import new_door
from tests.store.authority import OPENSSL, Authority, served
from tests.store.test_cosigned import asking, witness

from ledger import cli
from ledger.disclosing import others
from ledger.store import closing
from ledger.store.closing import Closer
from ledger.store.timestamping import Timestamping, roots_at
from ledger.transparency.bundle import contents, verify_bundle
from ledger.transparency.bundle.archive import pack, unpack

needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="no openssl, whose authority stamps the checkpoints")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority") / "a")


@pytest.fixture
def fresh(clusters, ledger_template, vault_template, monkeypatch):
    monkeypatch.setattr(closing, "ONCE", 0.0)
    with new_door(clusters.ledger, clusters.vault) as door:
        yield door


def exported(door, case):
    by = door.actor("practitioner")
    return door.run(door.ledger.export("offender", case.id, "court", "the court", by, printed=False))


def vkey(door):
    return door.ledger.store.signer.verifier().vkey()


@pytest.fixture
def stamped(fresh, authority):
    """A case stamped twice as it grew, and a fact since."""
    case = fresh.new_case()
    with served(authority) as url:
        store = fresh.ledger.store
        stamping = Timestamping(store, Closer.of(store), url, roots_at(authority.roots))
        for number in range(3):
            fresh.run(fresh.ledger.close_now())
            assert fresh.run(stamping.stamp())
            if number:
                fresh.give(case.to, "RecordAbsence", case.absence(number), "practitioner")
            else:
                fresh.new_case()
    return case


@needs_openssl
def test_each_fact_goes_with_the_first_timestamp_that_covers_it(fresh, stamped, authority, tmp_path, capsys):
    export = exported(fresh, stamped)
    files = unpack(export.data)
    sizes = sorted(int(name[11:-4]) for name in files if name.startswith("timestamps/"))
    assert len(sizes) == 2, "the second was over a closing after which nothing of this case was new"
    assert {f"consistency/{size}.json" for size in sizes} == {name for name in files if name.startswith("consist")}
    report = verify_bundle(export.data, [vkey(fresh)], roots_at(authority.roots))
    assert report.ok, report.finding
    [told] = [each for each in report.words() if "timestamps" in each]
    assert told.startswith("Of the facts of this case there were in the log at the latest: 2 of 4 by ")
    assert "; 3 of 4 by " in told
    assert told.endswith("(2 timestamps, by the authority whose roots you gave).")
    assert "by whom was not checked" in " ".join(export.words)
    path = tmp_path / "case.zip"
    path.write_bytes(export.data)
    assert cli.main(["verify", str(path), "--key", vkey(fresh), "--roots", str(authority.roots)]) == 0
    assert "by the authority whose roots you gave" in capsys.readouterr().out


@needs_openssl
def test_a_timestamp_by_a_stranger_or_moved_to_another_size_is_found(fresh, stamped, authority, tmp_path):
    data = exported(fresh, stamped).data
    files = unpack(data)
    stranger = roots_at(Authority(tmp_path / "other").roots)
    assert verify_bundle(data, [vkey(fresh)], stranger).finding.code == "timestamp-differs"
    first, last = sorted(name for name in files if name.startswith("timestamps/"))
    swapped = contents.Manifest.parse(files[contents.MANIFEST])
    changed = files | {first: files[last], last: files[first]}
    listed = {name: contents.digest_of(each) for name, each in changed.items() if name in swapped.files}
    made = contents.Manifest(**{name: getattr(swapped, name) for name in swapped.__slots__} | {"files": listed})
    found = verify_bundle(pack(changed | {contents.MANIFEST: made.write()}), [vkey(fresh)])
    assert found.finding.code == "timestamp-differs"


@needs_openssl
def test_no_byte_of_a_token_can_be_another_and_say_something_else(fresh, stamped, authority):
    """The access log's thief makes manifest and receipt anew; so only the token itself is looked at here."""
    files = unpack(exported(fresh, stamped).data)
    name = next(each for each in files if each.startswith("timestamps/"))
    roots, manifest = roots_at(authority.roots), contents.Manifest.parse(files[contents.MANIFEST])
    told = verify_bundle(pack(files), [vkey(fresh)], roots).counted.stamped
    for at in range(0, len(files[name]), 11):
        token = files[name][:at] + bytes([files[name][at] ^ 1]) + files[name][at + 1 :]
        listed = {**manifest.files, name: contents.digest_of(token)}
        made = contents.Manifest(**{each: getattr(manifest, each) for each in manifest.__slots__} | {"files": listed})
        found = verify_bundle(pack(files | {name: token, contents.MANIFEST: made.write()}), [vkey(fresh)], roots)
        # What the form of a token leaves unsigned (its list of algorithms, a certificate nobody needs) says nothing.
        assert found.finding.code == "timestamp-differs" or found.counted.stamped == told, at


def test_a_bundle_goes_with_what_witnesses_cosigned(fresh, tmp_path, monkeypatch):
    monkeypatch.setattr(others, "COSIGNED_WITHIN", 0.2)
    case = fresh.new_case()
    with witness(tmp_path / "w", fresh) as (station, url):
        cosigning = asking(fresh, f"witness w1 {station.vkey} {url}\nquorum w1\n")
        alone = exported(fresh, case)
        assert contents.COSIGNED not in unpack(alone.data)
        assert verify_bundle(alone.data, [vkey(fresh), station.vkey]).finding.code == "cosignature-missing"
        fresh.run(cosigning.round())
        same = exported(fresh, case)
        report = verify_bundle(same.data, [vkey(fresh), station.vkey])
        assert report.ok, report.finding
        assert "facts and no other history of it: the whole of it." in " ".join(report.words())
        fresh.new_case()
        fresh.run(cosigning.round())
        longer = exported(fresh, case)
        assert longer.manifest.size == same.manifest.size, "nothing of this case is new"
        assert any(name.startswith("consistency/") for name in unpack(longer.data))
        assert verify_bundle(longer.data, [vkey(fresh), station.vkey]).ok
        fresh.give(case.to, "RecordAbsence", case.absence(), "practitioner")
        behind = exported(fresh, case)
        assert verify_bundle(behind.data, [vkey(fresh)]).ok
        assert verify_bundle(behind.data, [vkey(fresh), station.vkey]).finding.code == "cosignature-missing"
        assert "2 of 3 of the facts of this case, by the key in this file" in " ".join(behind.words)
    fresh.ledger.store.cosigned.policy = None


def test_an_export_waits_a_little_for_the_cosignature_of_its_own_closing(fresh, tmp_path):
    case = fresh.new_case()
    with witness(tmp_path / "w", fresh) as (station, url):
        cosigning = asking(fresh, f"witness w1 {station.vkey} {url}\nquorum w1\n")

        async def both():
            import asyncio

            asked = asyncio.create_task(cosigning.run())
            try:
                by = fresh.actor("practitioner")
                return await fresh.ledger.export("offender", case.id, "court", "the court", by, printed=False)
            finally:
                asked.cancel()

        export = fresh.run(both())
        assert verify_bundle(export.data, [vkey(fresh), station.vkey]).ok
    fresh.ledger.store.cosigned.policy = None


def test_the_settings_name_a_file_of_roots_that_must_be_one(tmp_path: Path, capsys):
    path = tmp_path / "case.zip"
    path.write_bytes(b"none")
    assert cli.main(["verify", str(path), "--roots", str(tmp_path / "nothing.pem")]) == 2
    assert "roots" in capsys.readouterr().err
