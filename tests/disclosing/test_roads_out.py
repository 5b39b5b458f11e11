"""Every road out of the ledger against a restriction of processing, in a table anybody can read: roads_out.csv.

What is restricted is kept and not used (UK GDPR art. 18; DPA 2018 s.47; DP-05), but for what the law leaves open.  The
readings, one for each word of the last column:

    the order is carried out        inside probation the sentence goes on: an important public interest
    legal claims                    what goes before the court, and who takes it there
    another person is protected     a child, a victim, whoever works beside the person, a serious case review
    the person asks                 what is owed to the person is no use against them, nor that others are told of it
    nothing personal                states, dates, ids, numbers, hashes
    it is stored                    keeping is what a restriction leaves; a backup holds ciphertext, and leaves no house
    nothing of the ledger           what comes in, and what is invented
    passed on                       to another agency, to somebody outside, to another system: barred

`by purpose`, `by command` and `see …` lead to the lines that say it.  A route, a verb, a purpose of an export or a
command that tells somebody something (by its name) without a line is a failing test; each barred road is gone, and so
is each purpose that stays open.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from starlette.routing import Route
from tests.doors import Case, Door, a_problem, days_ago
from tests.erasing.family import Family
from tests.test_cli import STAFF, Line, Made, failed, ledger, made  # noqa: F401 - fixtures

from ledger.access.purposes import reader
from ledger.aggregates import FACTS
from ledger.api.app import build
from ledger.cli import parser
from ledger.disclosing.table import PURPOSES
from ledger.errors import LimitedAccess, Refused
from ledger.projections import VIEWS
from ledger.transparency.bundle import verify_bundle
from ledger.transparency.bundle.archive import unpack
from ledger.transparency.bundle.contents import RECEIPT

with (Path(__file__).parent / "roads_out.csv").open(newline="") as file:
    ROADS: Final = list(csv.DictReader(file))
BECAUSE: Final = set(re.findall(r"^    (\S(?:\S| (?! ))*)  ", __doc__ or "", re.MULTILINE))
LEADS: Final = {"see the purposes", "see the commands", "see the routes"}
TELLING: Final = re.compile(
    "(Answer|Disclose|GiveBreach|Inform|Issue|MakeReferral|Notify|Pass|Produce|Refer|Report|SendCp|Share|Submit)|.*Informed"
)
MANAGER: Final = "information-manager"
SAYS: Final = "and is not passed on; lift the restriction first."
Row = dict[str, str]


def roads(kind: str, restricted: str | None = None) -> list[str]:
    return [each["road"] for each in ROADS if each["kind"] == kind and restricted in (None, each["restricted"])]


# ------------------------------------------------------------------------------------------ the table


def test_the_table_is_whole_and_says_why():
    assert all(each.keys() == ROADS[0].keys() and all(each.values()) for each in ROADS)
    assert {each["because"] for each in ROADS} == BECAUSE | LEADS
    for each in ROADS:
        assert (each["restricted"] == "barred") is (each["because"] == "passed on"), each
        assert each["restricted"] in ("open", "barred", f"by {each['because'].removeprefix('see the ')[:-1]}"), each


def test_every_route_has_a_line():
    routes = {each.path for each in build().router.routes if isinstance(each, Route)}
    assert len(routes) > 50
    assert sorted(roads("route")) == sorted(routes)


def test_every_verb_has_a_line_and_every_road_of_a_verb_with_two():
    [verbs] = [each for each in parser()._actions if isinstance(each, argparse._SubParsersAction)]
    found = set[str]()
    for name, verb in verbs.choices.items():
        ways = next((each.choices for each in verb._actions if each.dest == "what" and each.nargs is None), None)
        found |= {f"{name} {way}" for way in ways} if ways and name in ("outcomes", "document") else {name}
    assert sorted(roads("verb")) == sorted(found)


def test_every_purpose_of_an_export_has_a_line():
    assert roads("purpose") == list(PURPOSES)


def test_every_command_that_tells_somebody_something_has_a_line():
    names = {name for each in FACTS if (name := each.command) and TELLING.match(name)}
    assert sorted(roads("command")) == sorted(names)


# ------------------------------------------------------------------------------------------ each road, gone


@pytest.fixture(scope="module")
def restricted(door: Door) -> Case:
    case = door.new_case()
    given = {"ground": "ACCURACY_CONTESTED", "on": days_ago(1)}
    door.give(case.to, "RestrictProcessing", given, MANAGER, key=uuid4())
    return case


def is_barred(answer: Any) -> None:
    problem = a_problem(answer, 409, "refused")
    assert problem["rule"] == "DP-05"
    assert SAYS in answer.text


@pytest.mark.parametrize("purpose", PURPOSES)
def test_an_export_of_what_is_restricted_leaves_for_the_purposes_of_the_table_alone(
    door: Door, restricted: Case, purpose: str
):
    role = min(PURPOSES[purpose].roles)
    before = len(door.run(door.ledger.refusals(restricted.to, most=200))[0])
    answer = door.post(f"{restricted.path}/export", {"purpose": purpose, "recipient": "somebody"}, role)
    if purpose in roads("purpose", "open"):
        assert answer.status_code == 200, answer.text
        return
    is_barred(answer)
    assert len(door.run(door.ledger.refusals(restricted.to, most=200))[0]) == before + 1


GIVEN: Final = {
    "DiscloseFile": (MANAGER, {"disclosed_to": "somebody", "removed_docs": []}),
    "ShareInformation": ("practitioner", {"shared_with": "somebody", "what_class": "risk", "basis": "protocol"}),
}


@pytest.mark.parametrize("command", roads("command", "barred"))
def test_what_is_restricted_is_passed_on_by_no_command(door: Door, restricted: Case, command: str):
    role, data = GIVEN[command]
    asked, given = re.sub("(?<!^)(?=[A-Z])", "-", command).lower(), {**data, "on": days_ago(0)}
    is_barred(door.post(f"{restricted.path}/{asked}", given, role))
    free = door.new_case()
    assert door.post(f"{free.path}/{asked}", given, role).status_code == 201, "it is the restriction that bars"


def test_staff_read_on_and_the_person_is_answered(door: Door, restricted: Case):
    for view in VIEWS:
        if view.noun == "offender":
            assert door.get(f"{restricted.path}/{view.name}").status_code == 200
    crn = f"X{uuid4().int % 900_000 + 100_000}"
    corrected = {"field": "crn", "new_value": crn, "reason": "known now"}
    door.give(restricted.to, "CorrectOffenderDetails", corrected, "team-admin", key=uuid4())
    answer = door.get("/subject-access-request", MANAGER, crn=crn)
    assert answer.status_code == 200
    assert restricted.id in answer.text


def recorded(ledger: Line, made: Made, folder: Path, command: str, role: str, **data: Any) -> None:  # noqa: F811
    line = {"command": command, "to": f"offender/{made.case}", "data": data, "by": {"id": STAFF, "role": role}}
    file = folder / f"{uuid4()}.jsonl"
    file.write_text(json.dumps(line) + "\n")
    assert ledger("import", str(file)).code == 0


def test_no_verb_passes_on_what_is_restricted_and_no_file_is_left(ledger: Line, made: Made, tmp_path: Path):  # noqa: F811
    out = tmp_path / "out"
    to = f"offender/{made.case}"
    sharing = ("export", to, "-o", str(out), "--purpose", "sharing", "--recipient", "somebody", "--by", STAFF)
    barred = {"outcomes write": ("outcomes", "write", made.case, "-o", str(out), "--by", STAFF), "export": sharing}
    assert barred.keys() == {*roads("verb", "barred"), *roads("verb", "by purpose")}
    for arguments in barred.values():
        assert ledger(*arguments).code == 0
        out.unlink()
    recorded(ledger, made, tmp_path, "RestrictProcessing", MANAGER, ground="NEEDED_AS_EVIDENCE", on=days_ago(0))
    for arguments in barred.values():
        refused = len(ledger("refusals", "--to", to, "--json").json["items"])
        failed(ledger(*arguments), SAYS)
        assert not out.exists()
        assert len(ledger("refusals", "--to", to, "--json").json["items"]) == refused + 1
    court = ledger(*(each.replace("sharing", "court") for each in sharing))
    assert court.code == 0, court.err
    recorded(ledger, made, tmp_path, "LiftRestriction", MANAGER, on=days_ago(0), reason="it is right")
    for arguments in barred.values():
        assert ledger(*arguments).code == 0


@pytest.mark.parametrize("restricted_one", [0, 1])
def test_of_one_person_with_two_records_nothing_is_passed_on_of_either(door: Door, restricted_one: int):
    cases = [door.new_case(), door.new_case()]
    given = {"ground": "ACCURACY_CONTESTED", "on": days_ago(0)}
    door.give(cases[restricted_one].to, "RestrictProcessing", given, MANAGER, key=uuid4())
    merging = {"into": cases[1].id, "reason": "the same person"}
    door.give(cases[0].to, "MergePersons", merging, "information-officer", key=uuid4())
    by = reader(door.actor("practitioner"))
    for case in cases:
        is_barred(door.post(f"{case.path}/export", {"purpose": "sharing", "recipient": "somebody"}))
        is_barred(door.post(f"{case.path}/share-information", {**GIVEN["ShareInformation"][1], "on": days_ago(0)}))
        with pytest.raises(Refused, match="is not passed on"):
            door.run(door.ledger.outcomes_passed_on(case.id, reader=by))


def test_whoever_may_not_read_a_case_is_not_told_that_it_is_restricted(door: Door):
    case, by = door.new_case(), reader(door.actor("pso"))
    door.give(case.to, "RestrictProcessing", {"ground": "ACCURACY_CONTESTED", "on": days_ago(0)}, MANAGER, key=uuid4())
    limit = {"user_id": by.by.id, "message": "Ask your manager.", "reason": "a relative"}
    door.give(case.to, "ExcludeAccess", limit, "risk-manager", key=uuid4())
    with pytest.raises(LimitedAccess):
        door.run(door.ledger.outcomes_passed_on(case.id, reader=by))


def test_what_other_records_tell_of_the_person_is_withheld_whole_from_another_agency(door: Door):
    """A child's record and an entry are barred by nobody's restriction, and say nothing of the person."""
    home = Family(door)
    kit = home.child()
    entry = home.entered([kit])
    given = {"ground": "ACCURACY_CONTESTED", "on": days_ago(0)}
    door.give(home.case.to, "RestrictProcessing", given, MANAGER, key=uuid4())
    for noun, name in (("child", kit), ("register-entry", entry)):
        sharing = door.ledger.export(noun, name, "sharing", "somebody", door.actor("practitioner"))
        left = door.run(sharing).data
        files = b"".join(each for file, each in unpack(left).items() if file != RECEIPT)
        assert home.case.id.encode() not in files
        assert b"[sealed]" not in files
        report = verify_bundle(left, [door.get("/log/vkey", None).text])
        assert report.ok
        assert (report.counted.opened, report.counted.facts) == (0, report.counted.withheld_whole)
