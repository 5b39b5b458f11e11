"""An export over HTTP and on the command line; a bundle verified on the command line with nothing but the file."""

from pathlib import Path
from uuid import uuid4

import orjson
import pytest
from tests.doors import SURNAME, a_problem, days_ago
from tests.transparency.bundling import ANN, World, a_world

from ledger import cli
from ledger.transparency.bundle import verify_bundle
from ledger.transparency.bundle.archive import unpack
from ledger.transparency.bundle.contents import MANIFEST, digest_of

COURT = {"purpose": "court", "recipient": "Worcester Crown Court"}


@pytest.fixture(scope="module")
def case(door):
    return door.new_case()


# --- over HTTP -----------------------------------------------------------------------------------------------


def test_a_case_is_answered_as_a_zip_that_verifies(door, case):
    answer = door.post(f"{case.path}/export", COURT)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="offender-{case.id}-')
    vkey = door.get("/log/vkey", None).text
    assert verify_bundle(answer.content, [vkey]).ok
    assert answer.headers["ledger-manifest"] == digest_of(unpack(answer.content)[MANIFEST])


def test_a_role_gets_what_its_purpose_allows_and_is_refused_for_others(door, case):
    audit = door.post(f"{case.path}/export", COURT | {"purpose": "audit"}, "auditor")
    assert SURNAME.encode() not in audit.content
    a_problem(door.post(f"{case.path}/export", COURT, "auditor"), 403, "forbidden")
    a_problem(door.post(f"{case.path}/export", COURT, "supervisor"), 403, "forbidden")
    a_problem(door.post(f"{case.path}/export", COURT, None), 401, "unauthenticated")


def test_what_is_restricted_is_not_passed_on_by_an_export_either(door):
    case, sharing = door.new_case(), COURT | {"purpose": "sharing", "recipient": "Kent Police"}
    assert door.post(f"{case.path}/export", sharing).status_code == 200
    on = {"ground": "ACCURACY_CONTESTED", "on": days_ago(0)}
    door.give(case.to, "RestrictProcessing", on, "information-manager", key=uuid4())
    answer = door.post(f"{case.path}/export", sharing)
    assert a_problem(answer, 409, "refused")["rule"] == "DP-05"
    assert door.post(f"{case.path}/export", COURT).status_code == 200
    lifted = {"on": days_ago(0), "reason": "it is right"}
    door.give(case.to, "LiftRestriction", lifted, "information-manager", key=uuid4())
    assert door.post(f"{case.path}/export", sharing).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"purpose": "court"},
        {"recipient": "x"},
        COURT | {"more": 1},
        COURT | {"purpose": "curiosity"},
        COURT | {"purpose": ["court"]},
        COURT | {"recipient": ""},
        COURT | {"recipient": 7},
        COURT | {"recipient": "x" * 201},
        [],
    ],
)
def test_what_is_not_asked_rightly_is_malformed(door, case, body):
    size = len(door.run(door.ledger.refusals())[0])
    a_problem(door.post(f"{case.path}/export", body), 422, "malformed")
    assert len(door.run(door.ledger.refusals())[0]) == size


def test_an_address_that_is_no_case_is_not_found(door):
    a_problem(door.post("/offenders/nobody/export", COURT), 404, "not-found")
    assert door.post(f"/offenders/{uuid4()}/export", COURT).status_code == 200, "that there is none is proven"


# --- on the command line -------------------------------------------------------------------------------------


@pytest.fixture
def bundle(tmp_path: Path):
    world: World = a_world()
    path = tmp_path / "case.zip"
    path.write_bytes(world.bundle())
    return path, world.vkey


def test_verify_needs_a_file_and_a_key_and_no_ledger(bundle, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("LEDGER_HOME", str(tmp_path / "there-is-no-ledger"))
    path, vkey = bundle
    assert cli.main(["verify", str(path), "--key", vkey]) == 0
    told = capsys.readouterr().out
    assert told.startswith("verified under ledger.example/kent+")
    assert f"All 5 facts that concern {ANN}" in told
    assert not (tmp_path / "there-is-no-ledger").exists()


def test_verify_without_a_key_is_no_success(bundle, capsys):
    assert cli.main(["verify", str(bundle[0])]) == 1
    assert capsys.readouterr().out.startswith("consistent under the key in this file; compare it")


def test_verify_names_the_first_thing_that_does_not_hold(bundle, capsys):
    path, vkey = bundle
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"kind":"FTA"', b'"kind":"FTX"', 1))
    assert cli.main(["verify", str(path), "--key", vkey]) == 1
    assert capsys.readouterr().out.startswith("not verified: zip-malformed")
    assert cli.main(["verify", str(path), "--key", vkey, "--json"]) == 1
    assert orjson.loads(capsys.readouterr().out)["finding"]["code"] == "zip-malformed"


def test_verify_says_what_it_cannot_do(bundle, capsys, tmp_path):
    assert cli.main(["verify", str(tmp_path / "nothing.zip"), "--key", bundle[1]]) == 2
    assert cli.main(["verify", str(bundle[0]), "--key", "not-a-key"]) == 2
    assert "--key" in capsys.readouterr().err
