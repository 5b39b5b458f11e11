"""A bundle proves what it says and nothing else: what an adversary can do to one, and how it is found.

He hashes everything anew, has the code, and in some tests the key of the access log too; what he lacks is the key of
the ledger's log, for with that no file can help (an older checkpoint or a witness does).
"""

from dataclasses import replace

import pytest
from tests.transparency.bundling import ANN, BEN, KID, NOBODY, ORIGIN, RULE, SALT, World, Written, a_world

from ledger.transparency.bundle import contents
from ledger.transparency.bundle.archive import pack, unpack
from ledger.transparency.bundle.contents import Case, End, Manifest, Opening, from_json, read_openings, to_json
from ledger.transparency.bundle.report import CODES
from ledger.transparency.bundle.verifying import verify_bundle
from ledger.transparency.chain import chain_of
from ledger.transparency.checkpoint import Checkpoint
from ledger.transparency.cosignature import Cosigner
from ledger.transparency.errors import FormatError
from ledger.transparency.heads import Head, HeadProof, Heads
from ledger.transparency.note import Signer, encode_base64
from ledger.transparency.proof import Proof

NOTE = {8: {"note": Opening(SALT, "no reason given")}}
THIEF = Signer(ORIGIN, b"\x09" * 32)


@pytest.fixture
def world():
    return a_world()


def found(report):
    """The code of the first thing that does not hold."""
    assert not report.ok
    assert report.finding is not None
    assert report.finding.code in CODES
    assert report.words()[0].startswith("not verified: ")
    return report.finding.code


def stolen(world, files, **changes):
    """These files with a manifest of their own, sealed by somebody who has the key of the access log."""
    case = changes.pop("case", ANN)
    return world.seal(files, world.manifest(case, files, **changes))


# --- what is proven ------------------------------------------------------------------------------------------


def test_it_says_in_words_what_it_proved(world):
    report = world.verify(world.bundle(withheld=(3,), opened=NOTE))
    assert report.ok
    assert report.words()[:2] == [
        f"verified under {ORIGIN}+{world.log.signer.key_id.hex()}.",
        f"All 5 facts that concern {ANN} up to 2 Mar 2026 10:00:09 UTC, in this order; 1 withheld whole; 1 value "
        "opened, 2 withheld, 1 erased by the fact at 8.",
    ]
    assert "sealed in the access log at position 1" in report.words()[3]
    assert report.words()[4].startswith("Not compared with the facts: chronology.csv, rules/.")


def test_values_erased_by_several_facts_name_each_of_them(world):
    world.log.add(ANN, "offender.data-erased.v1", values={"key_ids": ["00000000-0000-4000-8000-000000000111"]})
    world.close()
    words = world.verify(world.bundle()).words()
    assert "0 values opened, 0 withheld, 4 erased by the facts at 8 and 11." in words[1]


def test_an_erasure_that_is_withheld_itself_leaves_its_values_withheld(world):
    report = world.verify(world.bundle(withheld=(7,)))
    assert (report.counted.withheld, report.counted.erased) == (4, 0)


def test_that_there_is_no_such_case_is_proven_too(world):
    report = world.verify(world.bundle(NOBODY))
    assert report.ok
    assert f"No fact of this ledger concerned {NOBODY}" in report.words()[1]


def test_each_case_of_the_ledger_verifies_withheld_or_not(world):
    for case in (ANN, BEN, KID, "placement-00000000-0000-4000-8000-00000000000e"):
        indexes = world.log.chains()[case]
        for withheld in ((), tuple(indexes), tuple(indexes[:1])):
            report = world.verify(world.bundle(case, withheld=withheld))
            assert report.ok, report.finding
            assert report.counted.withheld_whole == len(withheld)


def test_a_case_of_one_fact_is_one_fact():
    world = World()
    world.absence(ANN)
    world.close()
    assert "The one fact that concerns" in world.verify(world.bundle()).words()[1]


def test_a_large_case_of_a_large_ledger_verifies():
    world = World()
    for number in range(300):
        world.absence(ANN if number % 3 else BEN)
    world.close()
    assert world.verify(world.bundle()).counted.facts == 200


# --- keys ----------------------------------------------------------------------------------------------------


def test_without_a_key_it_is_only_consistent_and_names_the_key_to_compare(world):
    report = verify_bundle(world.bundle(), [])
    assert not report.ok
    assert report.finding is None
    assert report.words()[0] == (
        "consistent under the key in this file; compare it with the one you were given: "
        f"{ORIGIN}+{world.log.signer.key_id.hex()}."
    )


@pytest.mark.parametrize(
    "key",
    [
        THIEF.verifier().vkey(),
        Signer("ledger.example/essex", b"\x01" * 32).verifier().vkey(),
        Signer(f"{ORIGIN}/access", b"\x02" * 32).verifier().vkey(),
    ],
)
def test_under_another_key_it_is_not_this_ledgers(world, key):
    assert found(verify_bundle(world.bundle(), [key])) == "key-differs"


def test_a_key_that_is_none_is_the_readers_mistake(world):
    with pytest.raises(FormatError):
        verify_bundle(world.bundle(), ["ledger.example/kent+00000000+AAAA"])


def test_the_key_of_the_access_log_may_be_given_too_and_is_compared(world):
    data = world.bundle()
    right = world.access.signer.verifier().vkey()
    wrong = Signer(f"{ORIGIN}/access", b"\x07" * 32).verifier().vkey()
    assert world.verify(data, world.vkey, right).ok
    assert found(world.verify(data, world.vkey, wrong)) == "key-differs"


def test_every_key_of_the_log_that_is_given_must_have_signed(world):
    second = Cosigner(ORIGIN, b"\x0a" * 32).verifier().vkey()
    assert found(world.verify(world.bundle(), world.vkey, second)) == "checkpoint-unsigned"


def test_a_witness_whose_key_is_given_must_have_cosigned(world):
    court, union = (Cosigner(f"{name}.example", name.encode().ljust(32)) for name in ("court", "union"))
    files = world.files(ANN)
    note = world.log.checkpoint().sign(world.log.signer, court.at(1)).encode()
    before = files[contents.CHECKPOINT]
    named = files[contents.POLICY].replace(b"quorum", f"witness court {court.verifier().vkey()}\nquorum".encode())
    cosigned = files | {contents.CHECKPOINT: note, contents.POLICY: named}
    keys = [world.vkey, court.verifier().vkey()]
    report = world.verify(stolen(world, cosigned), *keys)
    assert report.ok, report.finding
    in_full = {name: data.replace(before, note) for name, data in cosigned.items()}
    assert world.verify(stolen(world, in_full), *keys).ok
    assert not world.verify(stolen(world, in_full | {contents.CHECKPOINT: before}), *keys).ok
    assert f"court.example+{court.verifier().key_id.hex()} has cosigned the log of 10 facts" in report.words()[3]
    assert found(world.verify(stolen(world, files), *keys)) == "cosignature-missing"
    assert found(world.verify(stolen(world, cosigned), *keys, union.verifier().vkey())) == "cosignature-missing"


def test_a_signature_by_nobody_known_is_no_part_of_a_bundle(world):
    court = Cosigner("court.example", b"\x03" * 32)
    files = world.files(ANN)
    files[contents.CHECKPOINT] = world.log.checkpoint().sign(world.log.signer, court.at(1)).encode()
    assert found(world.verify(stolen(world, files))) == "checkpoint-unsigned"
    assert world.verify(stolen(world, files), world.vkey, court.verifier().vkey()).ok
    whole = unpack(world.bundle())
    receipt = Proof.parse(whole[contents.RECEIPT])
    more = world.access.checkpoint().sign(world.access.signer, court.at(1))
    spoilt = whole | {contents.RECEIPT: replace(receipt, note=more).write().encode()}
    assert found(world.verify(pack(spoilt))) == "receipt-unproved"
    spoilt = whole | {contents.RECEIPT: receipt.write().encode()}
    assert world.verify(pack(spoilt)).ok


def test_a_bundle_that_a_thief_signed_with_a_key_of_his_own_is_consistent_and_not_verified(world):
    forged = World(log=Written(THIEF))
    forged.absence(ANN)
    forged.close()
    data = forged.bundle()
    assert verify_bundle(data, [THIEF.verifier().vkey()]).ok
    assert verify_bundle(data, []).finding is None
    assert found(verify_bundle(data, [world.vkey])) == "key-differs"


def test_a_thief_who_names_the_right_key_in_his_file_lacks_its_signature(world):
    forged = World(log=Written(THIEF))
    forged.absence(ANN)
    forged.close()
    files = forged.files(ANN) | {contents.POLICY: world.policy(world.log.signer)}
    data = forged.seal(files, forged.manifest(ANN, files))
    assert found(verify_bundle(data, [world.vkey])) == "checkpoint-unsigned"


# --- what is left out ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dropped", [0, 1, 2, 3, 4])
def test_a_dropped_fact_is_missed_whichever_it_is(world, dropped):
    entries = world.log.chains()[ANN]
    del entries[dropped]
    assert found(world.verify(stolen(world, world.files(ANN, entries=entries)))) == "chain-differs"


@pytest.mark.parametrize("kept", [1, 2, 3, 4])
def test_a_dropped_tail_is_missed(world, kept):
    entries = world.log.chains()[ANN][:kept]
    assert found(world.verify(stolen(world, world.files(ANN, entries=entries)))) == "chain-differs"


def test_a_case_that_is_dropped_whole_is_missed(world):
    files = world.files(ANN, entries=[])
    assert found(world.verify(stolen(world, files))) == "head-unproved"


def test_a_false_no_such_case_is_found_however_its_path_is_forged(world):
    heads = world.log.heads()
    for name in (NOBODY, BEN, KID):
        path = heads.prove(name)
        for proof in (path, HeadProof(None, None, path.siblings), HeadProof(None, None, ())):
            files = world.files(ANN, entries=[])
            files[contents.HEADS] = End(len(world.log.entries) - 1, ANN, proof).write()
            assert found(world.verify(stolen(world, files))) == "head-unproved"


def test_a_map_without_the_case_is_not_the_map_that_was_sealed(world):
    leaves, chains = world.log.leaves, world.log.chains()
    del chains[ANN]
    without = Heads.of({name: Head(len(of), bytes(32), of[-1]) for name, of in chains.items()})
    assert found(world.verify(stolen(world, world.files(ANN, entries=[], heads=without)))) == "head-unproved"
    assert len(leaves) == len(world.log.entries)


def test_a_stale_map_is_not_that_of_the_newest_closing(world):
    early = Written(world.log.signer, world.log.entries[:4])
    files = world.files(ANN, entries=[1, 3], heads=early.heads())
    assert found(world.verify(stolen(world, files))) == "head-unproved"


def test_an_older_closing_does_not_pass_for_the_last_leaf(world):
    early = Written(world.log.signer, world.log.entries[:4])
    files = world.files(ANN, entries=[1, 3], heads=early.heads())
    for name in ("entries/4.json", "proofs/4.tlog-proof"):
        index = 4
        files[name] = (
            world.log.entries[index]
            if name.endswith("json")
            else world.log.proof(index, files[contents.CHECKPOINT].decode()).encode()
        )
    files[contents.HEADS] = End(4, ANN, early.heads().prove(ANN)).write()
    assert found(world.verify(stolen(world, files))) == "closing-differs"


def test_an_older_bundle_stays_true_of_its_own_moment(world):
    early = Written(world.log.signer, world.log.entries[:5])
    files = world.files(ANN, log=early)
    report = world.verify(stolen(world, files, size=5))
    assert report.ok
    assert "All 2 facts" in report.words()[1]
    assert "up to 2 Mar 2026 10:00:04 UTC" in report.words()[1]


def test_facts_appended_after_the_closing_are_no_closing(world):
    world.absence(ANN)
    files = world.files(ANN)
    assert found(world.verify(stolen(world, files))) == "closing-differs"


@pytest.mark.parametrize("size", [0, 8, 10, True, None, "9"])
def test_a_closing_that_says_another_size_closes_nothing(size):
    world = World()
    for _ in range(9):
        world.absence(ANN)
    world.close(**({"size": size} if size is not None else {"size": []}))
    assert found(world.verify(world.bundle())) == "closing-differs"


@pytest.mark.parametrize("heads", ["", "AAAA", None, 7, encode_base64(bytes(31)), encode_base64(bytes(33))])
def test_a_closing_whose_map_is_no_hash_proves_nothing(heads):
    world = World()
    world.absence(ANN)
    world.close(heads=heads)
    assert found(world.verify(world.bundle())) == "head-unproved"


def test_a_closing_that_is_withheld_proves_nothing(world):
    assert found(world.verify(world.bundle(withheld=(9,)))) == "closing-differs"


def test_a_fact_of_another_stream_that_looks_like_a_closing_is_none():
    world = World()
    world.absence(ANN)
    root = encode_base64(world.log.heads().root)
    world.log.add(ANN, "ledger.closed.v1", values={"size": 1, "heads": root})
    files = world.files(ANN, entries=[0])
    assert found(world.verify(stolen(world, files))) == "closing-differs"


# --- what is added, moved, altered ---------------------------------------------------------------------------


def test_a_fact_of_somebody_else_does_not_slip_in(world):
    assert found(world.verify(stolen(world, world.files(ANN, entries=[1, 2, 3, 5, 7, 8])))) == "chain-differs"


@pytest.mark.parametrize("entries", [[3, 1, 5, 7, 8], [1, 3, 5, 8, 7], [1, 1, 3, 5, 7, 8]])
def test_facts_are_not_reordered_or_told_twice(world, entries):
    files = world.files(ANN, entries=entries)
    assert found(world.verify(stolen(world, files))) == "chain-differs"


def test_an_altered_fact_with_a_right_chain_is_nowhere_in_the_tree():
    """The closing is sealed over a map that was made from altered facts: only the log itself could do that."""
    world = World()
    world.absence(ANN)
    world.absence(ANN)
    truth = list(world.log.entries)
    world.log.entries[1] = truth[1].replace(b"FTA", b"XXX")
    lie = world.log.heads()
    world.log.entries[1] = truth[1]
    world.log.add("ledger", "ledger.closed.v1", values={"size": 2, "heads": encode_base64(lie.root)})
    files = world.files(ANN, heads=lie)
    files["entries/1.json"] = truth[1].replace(b"FTA", b"XXX")
    assert found(world.verify(stolen(world, files))) == "entry-unproved"


def test_an_altered_fact_breaks_the_chain(world):
    files = world.files(ANN)
    files["entries/8.json"] = files["entries/8.json"].replace(b"FTA", b"FTX")
    assert found(world.verify(stolen(world, files))) == "chain-differs"


def test_a_fact_is_not_shown_and_withheld_at_once(world):
    files = world.files(ANN) | {"entries/1.leaf": f"{encode_base64(world.log.leaves[1])}\n".encode()}
    assert found(world.verify(stolen(world, files))) == "file-malformed"


@pytest.mark.parametrize("text", ["", "AAAA\n", "x", encode_base64(bytes(31)) + "\n", encode_base64(bytes(33)) + "\n"])
def test_a_leaf_hash_is_exactly_32_bytes(world, text):
    files = world.files(ANN, withheld=(3,)) | {"entries/3.leaf": text.encode()}
    assert found(world.verify(stolen(world, files))) == "file-malformed"


def sealed_by_the_log(*facts):
    """Ann's bundle from a log that sealed these facts as they are, closed: lies under the log's own key."""
    world = World()
    for stream, members in facts:
        world.log.add(stream, "offender.absence-recorded.v1", **members)
    world.close()
    return world


def test_a_sealed_lie_about_time_is_found_all_the_same():
    world = sealed_by_the_log((ANN, {}), (ANN, {"recorded": "2020-01-01T00:00:00.000000Z"}))
    assert found(world.verify(world.bundle())) == "entry-misplaced"


def test_a_fact_recorded_after_its_closing_is_found():
    world = sealed_by_the_log((ANN, {"recorded": "2027-01-01T00:00:00.000000Z"}))
    assert found(world.verify(world.bundle())) == "entry-misplaced"


def test_two_facts_of_one_id_are_found():
    same = "019a0000-0000-7000-8000-000000000001"
    world = sealed_by_the_log((ANN, {"id": same}), (ANN, {"id": same}))
    assert found(world.verify(world.bundle())) == "entry-misplaced"


@pytest.mark.parametrize("members", [{"version": 1}, {"previous": encode_base64(bytes(32))}])
def test_a_version_that_does_not_follow_is_found(members):
    world = sealed_by_the_log((ANN, {}), (ANN, {"version": 2, "previous": None} | members))
    assert found(world.verify(world.bundle())) in ("entry-misplaced", "entry-malformed")


def test_bytes_that_are_no_entry_are_found_though_the_log_sealed_them():
    world = World()
    world.absence(ANN)
    world.log.entries[0] = world.log.entries[0].replace(b'"kind":"FTA"', b'"kind": "FTA"')
    heads = Heads.of({ANN: Head(1, chain_of([(0, world.log.leaves[0])]), 0)})
    world.log.add("ledger", "ledger.closed.v1", values={"size": 1, "heads": encode_base64(heads.root)})
    files = world.files(ANN, entries=[0], heads=heads)
    assert found(world.verify(stolen(world, files))) == "entry-malformed"


# --- proofs --------------------------------------------------------------------------------------------------


def changed_proof(world, change, index=1):
    files = world.files(ANN)
    name = contents.proof_name(index)
    files[name] = change(Proof.parse(files[name]))
    return found(world.verify(stolen(world, files)))


@pytest.mark.parametrize("index", [0, 2, 8, 2**40, 2**63 - 2])
def test_a_proof_of_another_index_is_refused(world, index):
    assert changed_proof(world, lambda proof: replace(proof, index=index).write().encode()) == "entry-unproved"


def test_a_proof_with_a_hash_less_a_hash_more_or_another_is_refused(world):
    for hashes in (
        lambda h: h[:-1],
        lambda h: h[1:],
        lambda h: (*h, bytes(32)),
        lambda h: (h[0], *h),
        lambda h: (bytes(32), *h[1:]),
        lambda h: h[::-1],
        lambda h: (),
    ):
        made = lambda proof, change=hashes: replace(proof, hashes=change(proof.hashes)).write().encode()  # noqa: E731
        assert changed_proof(world, made) == "entry-unproved"


def test_a_proof_with_anything_extra_or_under_another_checkpoint_is_refused(world):
    assert changed_proof(world, lambda proof: replace(proof, extra=b"x").write().encode()) == "entry-unproved"
    early = Written(world.log.signer, world.log.entries[:5])
    note = early.checkpoint().sign(world.log.signer)
    assert changed_proof(world, lambda _: early.proof(1, note).encode()) == "entry-unproved"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace(b"index 1", b"index 01"),
        lambda text: text.replace(b"index 1", b"index -1"),
        lambda text: text.replace(b"index 1", b"index 9223372036854775808"),
        lambda text: text.replace(b"index 1\n", b""),
        lambda text: text.replace(b"\n\n", b"\n\n\n", 1),
        lambda text: text.replace(b"@v1", b"@v2"),
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: text[: len(text) // 4],
        lambda text: b"\xff" + text,
        lambda text: b"",
    ],
)
def test_a_proof_that_is_not_of_its_form_is_refused(world, spoil):
    assert changed_proof(world, lambda proof: spoil(proof.write().encode())) in ("file-malformed", "entry-unproved")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda note: note + b"\n",
        lambda note: note.replace(b"\n\n", b"\n\n\n"),
        lambda note: note.replace(b"\n10\n", b"\n010\n"),
        lambda note: note.replace(b"\n10\n", b"\n10\n10\n"),
        lambda note: note[:-1],
        lambda note: b"",
        lambda note: note.replace("— ".encode(), b"- "),
    ],
)
def test_a_checkpoint_that_is_not_of_its_form_is_refused(world, spoil):
    files = world.files(ANN)
    files[contents.CHECKPOINT] = spoil(files[contents.CHECKPOINT])
    assert found(world.verify(stolen(world, files))) in ("file-malformed", "checkpoint-unsigned")


@pytest.mark.parametrize("change", [{"origin": "ledger.example/essex"}, {"size": 11}, {"root": bytes(32)}])
def test_a_checkpoint_that_says_something_else_is_not_signed(world, change):
    files = world.files(ANN)
    signed = files[contents.CHECKPOINT]
    body = replace(world.log.checkpoint(), **change).body().encode()
    files[contents.CHECKPOINT] = body + signed[signed.index(b"\n\n") + 1 :]
    assert found(world.verify(stolen(world, files))) == "checkpoint-unsigned"


def test_a_checkpoint_of_another_log_that_the_same_key_signed_is_refused(world):
    files = world.files(ANN)
    other = Checkpoint("ledger.example/essex", 10, bytes(32)).sign(world.log.signer)
    files[contents.CHECKPOINT] = other.encode()
    assert found(world.verify(stolen(world, files))) == "checkpoint-unsigned"


# --- values --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "opening",
    [
        Opening(SALT, "no reason"),
        Opening(SALT, ["no reason given"]),
        Opening(bytes(32), "no reason given"),
        Opening(SALT, None),
    ],
)
def test_a_value_that_is_not_the_one_sealed_is_found(world, opening):
    assert found(world.verify(world.bundle(opened={8: {"note": opening}}))) == "opening-differs"


@pytest.mark.parametrize("where", [(8, "reason"), (8, "kind"), (2, "note"), (99, "note"), (9, "heads")])
def test_a_value_that_no_entry_here_commits_to_is_found(world, where):
    index, path = where
    data = world.bundle(opened={index: {path: Opening(SALT, "no reason given")}})
    assert found(world.verify(data)) == "opening-unknown"


def test_a_value_of_a_fact_that_is_withheld_whole_is_not_opened(world):
    data = world.bundle(withheld=(8,), opened=NOTE)
    assert found(world.verify(data)) == "opening-unknown"


def test_an_opening_does_not_fit_another_place(world):
    data = world.bundle(opened={1: {"note": Opening(SALT, "no reason given")}})
    assert found(world.verify(data)) == "opening-differs"


def test_a_fraction_is_no_value_that_was_ever_sealed(world):
    files = world.files(ANN)
    files[contents.OPENINGS] = to_json({"8": {"note": {"salt": encode_base64(SALT), "value": 1.5}}})
    assert found(world.verify(stolen(world, files))) == "opening-differs"


# --- files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", contents.REQUIRED)
def test_every_bundle_has_these_files(world, name):
    files = unpack(world.bundle())
    del files[name]
    assert found(world.verify(pack(files))) == "file-missing"


@pytest.mark.parametrize("name", ["entries/1.json", "proofs/1.tlog-proof", "entries/9.json", "proofs/9.tlog-proof"])
def test_every_entry_and_its_proof_are_there(world, name):
    files = world.files(ANN)
    del files[name]
    assert found(world.verify(stolen(world, files))) == "file-missing"


@pytest.mark.parametrize("name", ["notes.txt", "entries/x.json", "entries/01.json", "rules/x.json", "Manifest.json"])
def test_a_file_that_no_bundle_has_is_refused(world, name):
    assert found(world.verify(stolen(world, world.files(ANN) | {name: b""}))) == "file-unknown"


def test_an_entry_of_no_fact_of_the_case_is_refused(world):
    extra = {"entries/2.json": world.log.entries[2]}
    assert found(world.verify(stolen(world, world.files(ANN) | extra))) == "file-unknown"


def test_a_file_that_the_manifest_does_not_name_is_refused(world):
    files = unpack(world.bundle())
    assert found(world.verify(pack(files | {"chronology.pdf": b""}))) == "file-differs"


def test_a_file_that_the_manifest_names_is_missed(world):
    files = unpack(world.bundle())
    del files["chronology.csv"]
    assert found(world.verify(pack(files))) == "file-missing"


def test_a_rule_that_a_fact_was_decided_under_is_there(world):
    files = world.files(ANN)
    del files[contents.rule_name(RULE)]
    assert found(world.verify(stolen(world, files))) == "rule-missing"


@pytest.mark.parametrize("name", [contents.CHAIN, contents.HEADS, contents.MANIFEST])
def test_files_of_two_cases_do_not_make_one(world, name):
    files, others = world.files(ANN), world.files(BEN)
    if name == contents.MANIFEST:
        data = stolen(world, files, case=BEN)
    else:
        files[name] = others[name]
        data = stolen(world, files)
    assert found(world.verify(data)) == "file-differs"


def test_a_manifest_of_another_size_or_ledger_is_found(world):
    files = world.files(ANN)
    assert found(world.verify(stolen(world, files, size=9))) == "file-differs"
    assert found(world.verify(stolen(world, files, origin="ledger.example/essex"))) == "key-differs"


# --- the export ----------------------------------------------------------------------------------------------


def test_a_manifest_that_says_something_else_than_was_sealed_is_found(world):
    files = world.files(ANN)
    told = world.manifest(ANN, files)
    receipt = unpack(world.seal(files, told))[contents.RECEIPT]
    for change in ({"recipient": "somebody else"}, {"purpose": "sharing"}, {"fields": ()}, {"role": "aco"}):
        forged = replace(told, **change).write()
        data = pack({**files, contents.MANIFEST: forged, contents.RECEIPT: receipt})
        assert found(world.verify(data)) == "receipt-differs"


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "access.command-refused.v1"},
        {"about": (BEN,)},
        {"values": {"digest": "0" * 64}},
        {"values": {"purpose": "sharing"}},
        {"values": {"size": 9}},
        {"values": {"fields": ["victim"]}},
        {"by": {"id": "somebody", "role": "practitioner"}},
    ],
)
def test_a_receipt_that_seals_something_else_is_found(world, changes):
    files = world.files(ANN)
    data = world.seal(files, world.manifest(ANN, files), **changes)
    assert found(world.verify(data)) == "receipt-differs"


def test_a_receipt_under_a_key_that_the_ledger_does_not_vouch_for_is_found(world):
    files = world.files(ANN)
    his = Written(Signer(f"{ORIGIN}/access", b"\x05" * 32))
    assert found(world.verify(world.seal(files, world.manifest(ANN, files), log=his))) == "receipt-unproved"
    files[contents.ACCESS_KEY] = world.access_key(THIEF, his.signer)
    assert found(world.verify(world.seal(files, world.manifest(ANN, files), log=his))) == "access-key-unsigned"


def test_a_key_that_the_ledger_vouches_for_as_something_else_is_not_the_access_logs(world):
    files = world.files(ANN)
    files[contents.ACCESS_KEY] = world.access_key(world.log.signer, world.log.signer)
    assert found(world.verify(stolen(world, files))) == "access-key-unsigned"
    files[contents.ACCESS_KEY] = files[contents.CHECKPOINT]
    assert found(world.verify(stolen(world, files))) == "access-key-unsigned"


def test_a_receipt_without_its_entry_or_with_another_is_found(world):
    files = unpack(world.bundle())
    proof = Proof.parse(files[contents.RECEIPT])
    for extra in (None, b"", b"{}", (proof.extra or b"").replace(b"court", b"count")):
        changed = files | {contents.RECEIPT: replace(proof, extra=extra).write().encode()}
        assert found(world.verify(pack(changed))) == "receipt-unproved"


# --- forms ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[]\n",
        b'{"a":1}',
        b'{\n  "a": 1,\n  "a": 1\n}\n',
        b'{\n  "b": 1,\n  "a": 1\n}\n',
        b"\xef\xbb\xbf{}\n",
        b'{\n  "a": NaN\n}\n',
        b"[" * 100_000,
    ],
)
def test_json_of_another_form_is_not_read(text):
    with pytest.raises(FormatError):
        from_json(text)


@pytest.mark.parametrize(
    "change",
    [
        {"bundle": 2},
        {"bundle": True},
        {"bundle": "1"},
        {"size": -1},
        {"size": 1.0},
        {"size": True},
        {"origin": ""},
        {"case": None},
        {"recipient": "\x1b[2J"},
        {"recipient": 7},
        {"fields": "all"},
        {"fields": [1]},
        {"requester": {"id": "x"}},
        {"requester": {"id": "x", "role": "y", "more": "z"}},
        {"requester": []},
        {"files": []},
        {"files": {"policy": "abc"}},
        {"files": {"policy": "A" * 64}},
        {"more": 1},
    ],
)
def test_a_manifest_that_is_none_is_refused(world, change):
    whole = from_json(world.manifest(ANN, {}).write()) | change
    with pytest.raises(FormatError):
        Manifest.parse(to_json(whole))


def test_what_is_written_is_read(world):
    manifest = world.manifest(ANN, {"policy": b""})
    assert Manifest.parse(manifest.write()) == manifest
    end = End(9, ANN, world.log.heads().prove(ANN))
    assert End.parse(end.write()) == end
    assert Case.parse(Case(ANN, (1, 2)).write()) == Case(ANN, (1, 2))
    assert read_openings(contents.write_openings(NOTE)) == NOTE


@pytest.mark.parametrize(
    "value",
    [
        {"01": {}},
        {"x": {}},
        {"1": []},
        {"1": {"a b": {"salt": encode_base64(SALT), "value": 1}}},
        {"1": {"a": {"salt": encode_base64(SALT)}}},
        {"1": {"a": {"salt": "", "value": 1}}},
        {"1": {"a": {"salt": encode_base64(bytes(31)), "value": 1}}},
        {"1": {"a": {"salt": encode_base64(bytes(33)), "value": 1}}},
    ],
)
def test_openings_that_are_none_are_refused(value):
    with pytest.raises(FormatError):
        read_openings(to_json(value))
