"""A decision taken again from a bundle alone, as somebody does who has no ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from tests.doors import Case, Door, days_ago
from tests.test_placing import allocation, park, somebody
from tests.trails.test_trails import SECRET, Judged, tell, trail

from ledger import cli
from ledger.errors import NotFound
from ledger.trails import decisions_in, trail_in
from ledger.transparency.bundle import contents, verify_bundle
from ledger.transparency.bundle.archive import pack, unpack
from ledger.transparency.bundle.forms import to_json
from ledger.transparency.proof import Proof


def bundle(door: Door, case: Case | str, purpose: str = "court", role: str = "practitioner") -> bytes:
    id_ = case if isinstance(case, str) else case.id
    by = door.actor(role)
    return door.run(door.ledger.export("offender", id_, purpose, "the court", by, printed=False)).data


def vkey(door: Door) -> str:
    return door.ledger.store.signer.verifier().vkey()


def test_from_a_bundle_it_comes_out_as_it_does_from_the_ledger(door: Door) -> None:
    judged = Judged(door)
    late = judged.arrives(19)
    files = unpack(bundle(door, judged.case))
    found, whole = trail_in(files, judged.position), judged.trail()
    told: Any = orjson.loads(orjson.dumps(found, option=orjson.OPT_UTC_Z))
    assert told["rerun"] == whole["rerun"] | {"inputs_elsewhere": []}
    assert told["rerun"]["outcome"] == "same"
    assert [each["position"] for each in told["rested_on"]] == [each["position"] for each in whole["rested_on"]]
    assert told["decision"]["values"]["reason"] == SECRET
    assert told["leaf"] == whole["leaf"]
    assert [each["texts"] for each in told["rules"]] == [each["texts"] for each in whole["rules"]]
    assert told["policy"]["settings"][0]["value"] == 5
    assert told["policy"]["calendar"]["label"] == whole["policy"]["calendar"]["label"]
    assert [each["position"] for each in told["later"]] == [late]


def test_every_decision_of_a_bundle_says_what_becomes_of_it(door: Door) -> None:
    judged = Judged(door)
    found = decisions_in(unpack(bundle(door, judged.case)))
    assert judged.position in [each["position"] for each in found]
    assert {each["outcome"] for each in found} == {"same"}, found


def test_the_settings_and_holidays_of_its_day_go_with_it_and_later_ones_do_not_move_it(door: Door) -> None:
    setting = {"key": "enf.evidence", "new": "3", "effective_from": days_ago(90), "reason": "a trial"}
    tell(door, "policy/policy", "ChangeSetting", setting, "chief-officer")
    judged = Judged(door)
    back = setting | {"new": "5", "effective_from": days_ago(90)}
    tell(door, "policy/policy", "ChangeSetting", back, "chief-officer")
    files = unpack(bundle(door, judged.case))
    found = trail_in(files, judged.position)
    assert [each["value"] for each in found["policy"]["settings"]] == [3]
    assert found["rerun"]["outcome"] == "same"
    kept = {Proof.parse(data).index + 1 for name, data in files.items() if name.startswith(contents.SETTINGS)}
    assert max(kept) < judged.position, "what was set later is none of it"


def test_where_a_setting_or_release_it_was_decided_under_is_left_out_nothing_is_said_to_be_the_same(door: Door) -> None:
    setting = {"key": "enf.evidence", "new": "3", "effective_from": days_ago(90), "reason": "a trial"}
    tell(door, "policy/policy", "ChangeSetting", setting, "chief-officer")
    judged = Judged(door)
    files = unpack(bundle(door, judged.case))
    assert trail_in(files, judged.position)["rerun"]["outcome"] == "same"
    carried = {name: Proof.parse(data) for name, data in files.items() if name.startswith(contents.SETTINGS)}
    streams = {name: str(orjson.loads(each.extra or b"")["stream"]) for name, each in carried.items()}
    last = {
        stream: max(carried[name].index for name in carried if streams[name] == stream)
        for stream in ("policy", "ledger")
    }
    for stream, index in last.items():
        less = {name: data for name, data in files.items() if name != contents.setting_name(index)}
        found = trail_in(less, judged.position)["rerun"]
        assert found["outcome"] == "cannot", stream
        assert found["inputs_elsewhere"] == [stream]
        assert {each["outcome"] for each in decisions_in(less)} == {"cannot"}


def test_a_wording_that_cannot_be_read_is_said_to_be_so_and_names_no_other_rule(door: Door) -> None:
    judged = Judged(door)
    files = unpack(bundle(door, judged.case))
    whole = trail_in(files, judged.position)["rules"]
    for words in (b"{}\n", b"[]\n", b"none", b'{\n  "texts": [\n    1\n  ],\n  "title": null\n}\n'):
        spoiled = {name: words if name.startswith("rules/") else data for name, data in files.items()}
        found = trail_in(spoiled, judged.position)["rules"]
        assert [each["label"] for each in found] == [each["label"] for each in whole]
        assert {text for each in found for text in each["texts"]} == {"The wording in this bundle cannot be read."}
    lie = to_json({"rule": "ENF-99", "edition": "none", "title": "another", "texts": []})
    spoiled = {name: lie if name.startswith("rules/") else data for name, data in files.items()}
    assert [each["rule"] for each in trail_in(spoiled, judged.position)["rules"]] == [each["rule"] for each in whole]


def test_a_decision_whose_texts_are_not_opened_cannot_be_re_run_and_says_how_many_are_withheld(door: Door) -> None:
    judged = Judged(door)
    found = trail_in(unpack(bundle(door, judged.case, "audit", "auditor")), judged.position)
    assert found["rerun"]["outcome"] == "cannot"
    closed = found["rerun"]["inputs_closed"]
    assert {(judged.position, "reason"), (judged.position, "reason_code")} <= {
        (each["position"], each["field"]) for each in closed
    }
    assert found["rerun"]["says"] == f"Cannot be re-run: {len(closed)} inputs withheld or erased."
    assert found["later"] == []
    assert SECRET not in str(found)


def test_a_fact_withheld_whole_before_it_is_an_input_too(door: Door) -> None:
    judged = Judged(door)
    paper = {"doc_id": str(uuid4()), "kind": "OTHER", "marking": "RESTRICTED", "section": "restricted"}
    hidden = tell(door, judged.case.to, "FileDocument", paper, "practitioner")
    again = {"absence_id": judged.id, "result": "UNACCEPTABLE", "reason_code": "other", "reason": "on reflection"}
    door.give(judged.case.to, "RejudgeAbsence", rejudged(judged, again), "senior-practitioner", key=uuid4())
    files = unpack(bundle(door, judged.case, "sharing"))
    found = {each["position"]: each for each in decisions_in(files)}
    later = max(found)
    assert later > hidden
    assert found[later]["outcome"] == "cannot"
    inputs = trail_in(files, later)["rerun"]["inputs_closed"]
    assert {"position": hidden, "field": None} in inputs


def rejudged(judged: Judged, more: dict[str, Any]) -> dict[str, Any]:
    del more["reason_code"]
    return {
        "absence_id": judged.id,
        "from_result": "ACCEPTABLE",
        "to_result": more["result"],
        "reason": more["reason"],
        "decided_on": days_ago(10),
        "by_manager": judged.door.actor("senior-practitioner").id,
    }


def test_a_decision_that_looked_at_a_placement_names_it_as_what_is_not_here(door: Door) -> None:
    (to, order), placement = somebody(door, "M"), park(door, 2)
    at = tell(door, to, "AllocatePlacement", allocation(order, placement), "placement-coordinator")
    assert trail(door, to, at)["rerun"]["outcome"] == "same"
    found = trail_in(unpack(bundle(door, to.partition("/")[2])), at)
    assert found["rerun"]["outcome"] == "cannot"
    assert f"placement-{placement}" in found["rerun"]["inputs_elsewhere"]
    assert "withheld or erased" in found["rerun"]["says"]


def test_what_is_no_decision_of_the_bundle_is_not_told(door: Door) -> None:
    judged = Judged(door)
    files = unpack(bundle(door, judged.case))
    for position in (0, 1, 10**9):
        with pytest.raises(NotFound, match="There is no decision"):
            trail_in(files, position)


def test_what_decisions_are_taken_again_with_is_proven_to_be_of_the_log(door: Door) -> None:
    judged = Judged(door)
    files = unpack(bundle(door, judged.case))
    names = [name for name in files if name.startswith(contents.SETTINGS)]
    assert names
    manifest = contents.Manifest.parse(files[contents.MANIFEST])
    proof = Proof.parse(files[names[0]])
    absence = files[contents.entry_name(judged.absence - 1)]
    other = Proof.parse(files[contents.proof_name(judged.absence - 1)])
    lies = {
        names[0]: Proof(proof.index, proof.hashes, proof.note, (proof.extra or b"").replace(b"5", b"4")),
        contents.setting_name(other.index): Proof(other.index, other.hashes, other.note, absence),
        contents.setting_name(7): Proof(proof.index, proof.hashes, proof.note, proof.extra),
    }
    for name, lie in lies.items():
        changed = files | {name: lie.write().encode()}
        listed = {each: contents.digest_of(changed[each]) for each in {*manifest.files, name}}
        made = contents.Manifest(
            **{each: getattr(manifest, each) for each in manifest.__slots__} | {"files": listed}
        ).write()
        found = verify_bundle(pack(changed | {contents.MANIFEST: made}), [vkey(door)]).finding
        assert found is not None
        assert found.code in ("entry-unproved", "entry-misplaced"), name


def test_the_command_line_takes_a_bundle_and_no_ledger(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    judged = Judged(door)
    file = tmp_path / "case.zip"
    file.write_bytes(bundle(door, judged.case))
    monkeypatch.setenv("LEDGER_HOME", str(tmp_path / "there-is-no-ledger"))
    key = vkey(door)
    assert cli.main(["trail", "--bundle", str(file), "--key", key]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"verified under {door.ledger.store.origin}+")
    assert "Absence judged: Re-run from what was known when it was recorded, it gives the same result." in told
    assert cli.main(["trail", str(judged.position), "--bundle", str(file), "--key", key, "--json"]) == 0
    assert orjson.loads(capsys.readouterr().out)["rerun"]["outcome"] == "same"
    assert cli.main(["trail", "--bundle", str(file)]) == 1, "nobody said whose it is"
    assert cli.main(["trail", "1000000000", "--bundle", str(file), "--key", key]) == 2
    file.write_bytes(file.read_bytes().replace(b'"kind":"FTA"', b'"kind":"FTX"', 1))
    capsys.readouterr()
    assert cli.main(["trail", "--bundle", str(file), "--key", key]) == 1
    assert capsys.readouterr().out.startswith("not verified: ")
    assert cli.main(["trail"]) == 2
    assert not (tmp_path / "there-is-no-ledger").exists()
