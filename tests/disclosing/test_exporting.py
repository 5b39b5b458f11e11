"""A case exported through the real door: what the bundle holds, who may have it, what is sealed before it leaves."""

import csv
import io
from contextlib import contextmanager
from uuid import uuid4

import orjson
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.doors import PERSON, SURNAME, days_ago, new_door
from tests.printing.paper import Paper

from ledger.disclosing.table import PURPOSES
from ledger.errors import AccessLogUnavailable, Forbidden, Inconsistent, Malformed, NotFound
from ledger.privacy.sealing import Unreadable
from ledger.store.unsealing import Unsealing
from ledger.transparency.bundle import contents, verify_bundle
from ledger.transparency.bundle.archive import pack, unpack
from ledger.transparency.bundle.contents import Manifest, digest_of, read_openings
from ledger.transparency.entry import parse_entry
from ledger.transparency.note import format_note, parse_note
from ledger.transparency.proof import Proof

NOTE = "told me that he overslept"
REASON = "no evidence was sent"


@pytest.fixture(scope="module")
def case(door):
    """A case with an absence, a restricted paper, a victim, a child's registration noted, and a correction."""
    made = door.new_case()
    absence = made.absence(note=NOTE)
    door.give(made.to, "RecordAbsence", absence, "practitioner", key=uuid4())
    paper = {"doc_id": str(uuid4()), "kind": "OTHER", "marking": "RESTRICTED", "section": "restricted"}
    door.give(made.to, "FileDocument", paper, "practitioner", key=uuid4())
    victim = {"victim_id": str(uuid4()), "content": "lives next door", "on": days_ago(3)}
    door.give(made.to, "FileVictimInformation", victim, "victim-liaison", key=uuid4())
    return made


def exported(door, case, purpose="court", role="practitioner", recipient="Worcester Crown Court", **more):
    stream = f"offender-{case.id}" if hasattr(case, "id") else case
    return door.run(door.ledger.export("offender", stream[9:], purpose, recipient, door.actor(role), **more))


def vkey(door):
    return door.ledger.store.signer.verifier().vkey()


def entries_of(files):
    return {name: parse_entry(data) for name, data in files.items() if name.endswith(".json") and "entries/" in name}


def types_of(files):
    return sorted(each["type"] for each in entries_of(files).values())


def values_of(files):
    opened = read_openings(files[contents.OPENINGS])
    return {each.value for of in opened.values() for each in of.values() if isinstance(each.value, str)}


# --- what is in it -------------------------------------------------------------------------------------------


def test_a_bundle_verifies_under_the_ledgers_key_and_under_no_other(door, case):
    export = exported(door, case)
    report = verify_bundle(export.data, [vkey(door)])
    assert report.ok, report.finding
    assert report.words() == export.words
    assert export.words[1].startswith(f"All 5 facts that concern offender-{case.id} up to ")
    assert verify_bundle(export.data, [door.ledger.store.access.signer.verifier().vkey()]).finding.code == "key-differs"


def test_the_checkpoint_bears_both_keys_of_the_log_and_both_may_be_asked_for(door, case):
    export = exported(door, case, printed=False)
    second = door.ledger.store.second.verifier.vkey()
    report = verify_bundle(export.data, [vkey(door), second])
    assert report.ok, report.finding
    assert report.words()[0].count(door.ledger.store.origin) == 2
    assert verify_bundle(export.data, [second]).finding.code == "access-key-unsigned", "it signs checkpoints only"
    files = unpack(export.data)
    note = parse_note(files[contents.CHECKPOINT])
    assert len(note.signatures) == 2
    spoilt = format_note(note.text, [note.signatures[0], note.signatures[1]._replace(signature=b"x" * 2428)])
    found = verify_bundle(pack(files | {contents.CHECKPOINT: spoilt.encode()}), [vkey(door)])
    assert found.finding.code == "file-differs"


def test_the_court_gets_every_fact_and_of_the_values_what_its_case_rests_on(door, case):
    files = unpack(exported(door, case).data)
    assert not [name for name in files if name.endswith(".leaf")]
    opened = values_of(files)
    assert {SURNAME, NOTE} <= opened
    assert "lives next door" not in opened


def test_a_court_officer_opens_no_third_party_and_an_auditor_nothing(door, case):
    assert read_openings(unpack(exported(door, case, "audit", "auditor").data)[contents.OPENINGS]) == {}
    assert SURNAME in values_of(unpack(exported(door, case, "court", "court-officer").data))


def test_for_others_restricted_papers_and_victims_are_withheld_whole_and_that_they_exist_is_told(door, case):
    export = exported(door, case, "sharing", "information-manager", "the housing office")
    files = unpack(export.data)
    assert len([name for name in files if name.endswith(".leaf")]) == 2
    assert "2 withheld whole" in export.words[1]
    assert "offender.victim-information-filed.v1" not in types_of(files)
    assert "offender.document-filed.v1" not in types_of(files)
    lines = list(csv.reader(io.StringIO(files["chronology.csv"].decode("utf-8-sig"))))
    assert [each[4] for each in lines].count("[withheld whole]") == 2


@pytest.mark.parametrize("purpose", PURPOSES)
def test_nothing_that_is_not_opened_is_in_any_file_of_the_bundle(door, case, purpose):
    role = sorted(PURPOSES[purpose].roles)[0]
    files = unpack(exported(door, case, purpose, role).data)
    opened = values_of(files)
    for secret in (SURNAME, NOTE, "lives next door", PERSON["dob"]):
        held = [name for name, data in files.items() if secret.encode() in data]
        if secret in opened:
            assert {"openings.json", "chronology.csv", "index.html"} <= set(held)
        else:
            assert held == [], f"{secret} in {held}"


def test_the_printed_chronology_and_the_page_are_of_the_same_case(door, case):
    files = unpack(exported(door, case).data)
    assert files["chronology.pdf"].startswith(b"%PDF-")
    assert NOTE in files["chronology.csv"].decode("utf-8-sig")
    assert case.id.encode() in files["index.html"]
    assert "chronology.pdf" not in unpack(exported(door, case, printed=False).data)


def test_what_should_have_happened_and_did_not_is_printed_with_its_rule(door):
    case = door.new_case()
    door.give(case.to, "RecordAbsence", case.absence(note=NOTE), "practitioner", key=uuid4())
    printed = Paper(unpack(exported(door, case).data)["chronology.pdf"])
    assert printed.says("What should have happened and did not")
    assert printed.says("No enforcement letter")
    assert printed.says("ENF-03@manual-2022")
    assert not printed.says("This is not told here")


def test_it_is_not_told_where_it_would_follow_from_what_is_not_shown(door, case):
    closed = Paper(unpack(exported(door, case, "audit", "auditor").data)["chronology.pdf"])
    assert closed.says("This is not told here: it would follow from facts that are withheld.")
    assert not closed.says("No enforcement letter")
    bare = door.new_case()
    door.give(bare.to, "RecordAbsence", bare.absence(), "practitioner", key=uuid4())
    values = Paper(unpack(exported(door, bare, "audit", "auditor").data)["chronology.pdf"])
    assert values.says("This is not told here: it would follow from values that are not opened.")
    assert not values.says("No enforcement letter")


def test_of_a_placement_no_rule_is_said_to_ask_for_nothing(door):
    by = door.actor("practitioner")
    made = door.run(door.ledger.export("placement", str(uuid4()), "court", "the court", by))
    assert not Paper(unpack(made.data)["chronology.pdf"]).says("should have happened")


def test_the_rules_a_fact_was_decided_under_are_there_in_words(door, case):
    files = unpack(exported(door, case).data)
    named = {edition for each in entries_of(files).values() for edition in each.get("under", ())}
    assert named
    for edition in named:
        rule = orjson.loads(files[contents.rule_name(edition)])
        assert all(each["text"] and each["source"] for each in rule["texts"])
        assert rule["texts"], edition


def test_any_case_is_exported_and_what_is_none_is_refused(door, case):
    by = door.actor("practitioner")
    site = door.run(door.ledger.export("placement", str(uuid4()), "court", "the court", by))
    assert "No fact of this ledger concerned placement-" in site.words[1]
    for noun, name in (("nonsense", case.id), ("offender", "../etc"), ("offender", "")):
        with pytest.raises(NotFound):
            door.run(door.ledger.export(noun, name, "court", "the court", by))


def test_of_somebody_nothing_was_ever_recorded_about_just_that_is_proven(door, case):
    export = exported(door, f"offender-{uuid4()}")
    assert export.words[1].startswith("No fact of this ledger concerned offender-")
    assert verify_bundle(export.data, [vkey(door)]).ok


def test_a_closing_is_reused_while_nothing_is_recorded_about_the_case(door, case):
    first = exported(door, case).manifest.size
    other = door.new_case()
    assert exported(door, case).manifest.size == first
    door.give(case.to, "RecordAbsence", case.absence(2), "practitioner", key=uuid4())
    later = exported(door, case)
    assert later.manifest.size > first
    assert "All 6 facts" in later.words[1]
    assert other.id


def test_the_same_export_prints_the_same_bytes(door, case):
    one, other = (unpack(exported(door, case).data) for _ in range(2))
    del one[contents.RECEIPT], other[contents.RECEIPT]
    assert one == other


# --- who may, and what is sealed -----------------------------------------------------------------------------


def test_the_export_is_sealed_in_the_access_log_before_it_leaves(door, case):
    export = exported(door, case, recipient="Worcester Crown Court")
    files = unpack(export.data)
    receipt = Proof.parse(files[contents.RECEIPT])
    sealed = parse_entry(receipt.extra)
    assert sealed["type"] == "access.export-released.v1"
    assert sealed["about"] == [f"offender-{case.id}"]
    assert sealed["values"]["digest"] == digest_of(files[contents.MANIFEST])
    assert sealed["by"] == {"id": door.actor("practitioner").id, "role": "practitioner"}
    assert "recipient" in sealed["sealed"]
    assert b"Worcester" not in receipt.extra, "to whom it went may be a person's name"
    position, _, entry = door.run(door.ledger.store.access.database.entries(receipt.index + 1, receipt.index + 1))[0]
    assert (position, entry) == (receipt.index + 1, receipt.extra)
    assert Manifest.parse(files[contents.MANIFEST]).recipient == "Worcester Crown Court"


def test_the_sealed_recipient_opens_to_what_was_said(door, case):
    exported(door, case, recipient="S. Solicitorish")
    vault, runner = door.ledger.store.vault, door
    opening = Unsealing(lambda ids: runner.run(vault.keys_by_id(ids)))
    report = door.verify(opening, log=door.ledger.store.access)
    assert report.ok, report.summary()
    assert opening.held


def test_where_the_access_log_cannot_be_written_nothing_leaves(door, case):
    log = door.ledger.store.access
    log.sequencer.read_only = "it is another's"
    try:
        with pytest.raises(AccessLogUnavailable):
            exported(door, case)
    finally:
        log.sequencer.read_only = None


def test_a_role_the_purpose_does_not_name_is_refused_and_that_is_evidence(door, case):
    before = len(door.run(door.ledger.refusals(case.to))[0])
    with pytest.raises(Forbidden, match="made by auditor, data-protection-officer"):
        exported(door, case, "audit", "practitioner")
    items = door.run(door.ledger.refusals(case.to))[0]
    assert len(items) == before + 1
    assert (items[-1]["command_name"], items[-1]["problem"]) == ("ExportCase", "forbidden")


@pytest.mark.parametrize("purpose", ["", "curiosity", "Court"])
def test_a_purpose_is_one_of_the_table(door, case, purpose):
    with pytest.raises(Malformed):
        exported(door, case, purpose)


@pytest.mark.parametrize("recipient", ["", "   ", "x" * 201, "a\nb", "\x1b[2J"])
def test_a_recipient_is_named_in_words(door, case, recipient):
    with pytest.raises(Malformed):
        exported(door, case, recipient=recipient)


# --- when something is wrong ---------------------------------------------------------------------------------


def test_every_bundle_that_leaves_is_refused_by_its_reader_once_a_byte_is_another(door, case):
    files = unpack(exported(door, case, printed=False).data)
    for name in sorted(files):
        data = files[name]
        for at in (0, len(data) // 2, len(data) - 1):
            changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            assert not verify_bundle(pack(files | {name: changed}), [vkey(door)]).ok, (name, at)


@contextmanager
def spoiled(clusters, door, statement, *given):
    """As somebody with a superuser's rights changes the ledger's database."""
    name = conninfo_to_dict(door.places[0].owner())["dbname"]
    with psycopg.connect(clusters.ledger.conninfo("postgres", name), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(statement, given)
        yield


def test_a_value_that_is_gone_and_that_nothing_says_was_erased_stops_the_export(
    clusters, ledger_template, vault_template
):
    with new_door(clusters.ledger, clusters.vault, verified=False) as door:
        case = door.new_case()
        with (
            spoiled(clusters, door, "DELETE FROM sealed_values"),
            pytest.raises(Unreadable, match="no erasure says why"),
        ):
            exported(door, case)
        assert exported(door, case, "audit", "auditor").words


def test_an_altered_entry_stops_the_export(clusters, ledger_template, vault_template):
    with new_door(clusters.ledger, clusters.vault, verified=False) as door:
        case = door.new_case()
        change = "UPDATE entries SET entry = replace(encode(entry, 'escape'), 'UPW', 'UPX')::bytea WHERE stream = %s"
        with spoiled(clusters, door, change, f"offender-{case.id}"), pytest.raises((Inconsistent, Unreadable)):
            exported(door, case, "audit", "auditor")


def test_stored_bytes_that_only_say_the_same_do_not_leave_the_house(clusters, ledger_template, vault_template):
    """What is given out are the bytes that were hashed; made anew from what they say, these would look right."""
    with new_door(clusters.ledger, clusters.vault, verified=False) as door:
        case = door.new_case()
        spaced = """replace(encode(entry, 'escape'), '"entry":1', '"entry": 1')::bytea"""
        change = f"UPDATE entries SET entry = {spaced} WHERE stream = %s"
        with spoiled(clusters, door, change, f"offender-{case.id}"), pytest.raises(Inconsistent):
            exported(door, case, "audit", "auditor")
