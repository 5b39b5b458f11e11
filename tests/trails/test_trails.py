"""The trail of a decision through the real door: recorded over HTTP, asked for as JSON and as a page."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from tests.doors import PERSON, Case, Door, a_problem, days_ago
from tests.printing.paper import Paper
from tests.test_placing import allocation, park, somebody

from ledger.commands import Command

SECRET = "Letter-from-Doctor-Featherstonehaugh"


def tell(door: Door, to: str, command: str, data: dict[str, Any], role: str) -> int:
    """Record a command; the position of its fact."""
    return door.give(to, command, data, role, key=uuid4()).body["events"][0]["position"]


def trail(door: Door, to: str, position: int, role: str = "practitioner") -> dict[str, Any]:
    noun, _, name = to.partition("/")
    collection = "register-entries" if noun == "register-entry" else f"{noun}s"
    response = door.get(f"/{collection}/{name}/decisions/{position}", role)
    assert response.status_code == 200, response.text
    return response.json()


def positions(rows: list[dict[str, Any]]) -> list[int]:
    return [each["position"] for each in rows]


# ------------------------------------------------------------------------------------------ a judgement


class Judged:
    """An absence 20 days ago, its letter, evidence in time, and a judgement sealed from a screen."""

    def __init__(self, door: Door) -> None:
        self.door, self.case, self.id = door, door.new_case(), str(uuid4())
        to = self.case.to
        self.absence = tell(door, to, "RecordAbsence", self.case.absence(20, absence_id=self.id), "supervisor")
        letter = {"letter_id": str(uuid4()), "absence_id": self.id, "issued_on": days_ago(20), "channel": "post"}
        self.letter = tell(door, to, "IssueEnforcementLetter", letter, "practitioner")
        self.evidence = self.arrives(19)
        judged = {"absence_id": self.id, "result": "ACCEPTABLE", "reason_code": "ill", "reason": SECRET}
        response = door.post(
            f"{self.case.path}/judge-absence",
            judged | {"judged_on": days_ago(18)},
            Ledger_Seen=f"{self.evidence}; as_at={days_ago(18)}",
        )
        assert response.status_code == 201, response.text
        self.position: int = response.json()["events"][0]["position"]

    def arrives(self, days: int) -> int:
        """Evidence that came so many days ago is recorded."""
        told = {"absence_id": self.id, "received_at": f"{days_ago(days)}T09:30:00Z", "kind": "letter"}
        return tell(self.door, self.case.to, "ReceiveEvidence", told | {"description": "a note"}, "team-admin")

    def trail(self, role: str = "practitioner") -> dict[str, Any]:
        return trail(self.door, self.case.to, self.position, role)


def test_a_judgement_says_what_it_rested_on_under_which_rules_and_what_its_author_saw(door: Door) -> None:
    judged = Judged(door)
    found = judged.trail()
    assert found["decision"]["type"] == "AbsenceJudged"
    assert found["decision"]["values"]["reason"] == SECRET
    assert found["decision"]["proof"] == f"/log/proof/{judged.position}"
    assert positions(found["rested_on"]) == [judged.absence, judged.letter, judged.evidence]
    (rule,) = found["rules"]
    assert (rule["label"], rule["edition"]) == ("ENF-05@manual-2022", "manual-2022")
    assert rule["sources"][0].startswith("CPOM s1")
    assert rule["texts"][0] in door.get("/rules").text
    (setting,) = found["policy"]["settings"]
    assert (setting["key"], setting["on"], setting["value"], setting["today"]) == ("enf.evidence", days_ago(20), 5, 5)
    assert found["policy"]["calendar"]["label"].startswith("england-and-wales@release ")
    seen = found["seen"]
    assert (seen["told"], seen["position"], seen["as_at"]) == (True, judged.evidence, days_ago(18))
    (absence,) = seen["shows"]["orders"][0]["absences"]
    assert absence["status"] == "under-consideration"
    assert found["rerun"] | {"warnings": []} == {
        "outcome": "same",
        "says": "Re-run from what was known when it was recorded, it gives the same result.",
        "differences": [],
        "refusals": [],
        "warnings": [],
        "inputs_closed": [],
    }
    assert found["later"] == []


def test_evidence_that_was_there_and_recorded_afterwards_is_named_and_the_judgement_still_comes_out_the_same(
    door: Door,
) -> None:
    judged = Judged(door)
    late = judged.arrives(19)
    judged.arrives(17)
    found = judged.trail()
    assert found["rerun"]["outcome"] == "same"
    (change,) = found["later"]
    assert (change["position"], change["late_days"]) == (late, 19)
    assert change["would_have_changed"] == [
        {"kind": "rests-on", "says": "It would have rested on this record too."},
    ]


def test_a_setting_and_a_holiday_changed_since_do_not_move_it_and_are_told(door: Door) -> None:
    judged = Judged(door)
    setting = {"key": "enf.evidence", "new": "1", "effective_from": days_ago(90), "reason": "a trial"}
    tell(door, "policy/policy", "ChangeSetting", setting, "chief-officer")
    holiday = {"date": days_ago(17), "name": "A day off", "source_ref": "Gazette"}
    tell(door, "policy/policy", "SetBankHoliday", holiday, "chief-officer")
    found = judged.trail()
    assert found["rerun"]["outcome"] == "same"
    assert [(each["value"], each["today"]) for each in found["policy"]["settings"]] == [(5, 1)]
    assert found["policy"]["calendar"]["added"] == [days_ago(17)]
    back = setting | {"new": "5", "effective_from": days_ago(90)}
    tell(door, "policy/policy", "ChangeSetting", back, "chief-officer")


def test_what_puts_it_right_is_told_with_it(door: Door) -> None:
    judged = Judged(door)
    struck = {"event_ref": judged.trail()["decision"]["id"], "reason": "wrong person"}
    at = tell(door, judged.case.to, "StrikeOutRecord", struck, "senior-practitioner")
    found = judged.trail()
    assert (found["decision"]["struck_out"], found["decision"]["corrected_by"]) == (True, [at])
    assert found["rerun"]["outcome"] == "same"
    assert found["later"] == []
    assert trail(door, judged.case.to, at)["decision"]["corrects"] == judged.position


@pytest.mark.parametrize("role", ["auditor", "inspector"])
def test_whoever_may_not_read_its_texts_is_told_how_many_inputs_are_withheld_and_none_of_them(
    door: Door, role: str
) -> None:
    judged = Judged(door)
    judged.arrives(19)
    found = judged.trail(role)
    assert found["rerun"]["outcome"] == "cannot"
    assert found["rerun"]["says"] == "Cannot be re-run: 2 inputs withheld or erased."
    assert {each["field"] for each in found["rerun"]["inputs_closed"]} == {"reason_code", "reason"}
    assert len(found["later"]) == 1
    text = json.dumps(found)
    assert "[sealed]" in text
    for secret in (SECRET, "a note", PERSON["surname"]):
        assert secret not in text


# ------------------------------------------------------------------------------------------ the other three


def in_breach(door: Door) -> tuple[Case, str, int]:
    """A breach acted on ten days ago: the case, the last absence it rested on, and the action's position."""
    case, last = door.new_case(), ""
    for days in (50, 45):
        last = str(uuid4())
        tell(door, case.to, "RecordAbsence", case.absence(days, absence_id=last), "supervisor")
        letter = {"letter_id": str(uuid4()), "absence_id": last, "issued_on": days_ago(days), "channel": "post"}
        tell(door, case.to, "IssueEnforcementLetter", letter, "practitioner")
    action = {"order_id": case.order, "started_on": days_ago(10), "court": "Nowhere", "risk_led": False}
    return case, last, tell(door, case.to, "StartBreachAction", action, "practitioner")


def test_a_breach_action_would_have_been_refused_had_the_evidence_been_recorded_in_time(door: Door) -> None:
    case, absence, position = in_breach(door)
    assert trail(door, case.to, position)["later"] == []
    told = {"absence_id": absence, "received_at": f"{days_ago(44)}T09:30:00Z", "kind": "letter", "description": "ill"}
    late = tell(door, case.to, "ReceiveEvidence", told, "team-admin")
    found = trail(door, case.to, position)
    assert found["rerun"]["outcome"] == "same"
    (change,) = found["later"]
    assert change["position"] == late
    (effect,) = change["would_have_changed"]
    assert effect["kind"] == "refused"
    assert effect["says"].startswith("It would have been refused (ENF-11: ")
    assert {each["key"] for each in found["policy"]["settings"]} == {
        "enf.breach_edition",
        "enf.breach_threshold",
        "enf.evidence",
    }
    assert found["seen"]["told"] is False
    assert found["seen"]["position"] == position - 1


def test_an_allocation_rests_on_what_is_told_of_the_placement_too(door: Door) -> None:
    (to, order), placement = somebody(door, "M"), park(door, 2)
    position = tell(door, to, "AllocatePlacement", allocation(order, placement), "placement-coordinator")
    found = trail(door, to, position)
    assert (found["rerun"]["outcome"], found["later"], found["seen"]["view"]) == ("same", [], "allocation")
    suspended = {"on": days_ago(2), "cause": "unsafe"}
    late = tell(door, f"placement/{placement}", "SuspendPlacement", suspended, "placement-coordinator")
    found = trail(door, to, position)
    assert found["rerun"]["outcome"] == "same"
    assert positions(found["later"]) == [late]
    assert found["later"][0]["would_have_changed"][0]["kind"] == "refused"
    elsewhere = trail(door, f"placement/{placement}", position)  # it is about the placement
    assert elsewhere["decision"] == found["decision"]


def test_what_is_told_of_another_person_is_named_without_a_value_of_theirs(door: Door) -> None:
    (cat, cats), (ann, anns), placement = somebody(door, "F"), somebody(door, "F"), park(door, 6)
    events = door.get(f"/offenders/{cat.partition('/')[2]}/chronology").json()["events"]
    recorded = next(each for each in events if each["type"] == "OffenderRecorded")
    tell(door, cat, "AllocatePlacement", allocation(cats, placement), "placement-coordinator")
    position = tell(door, ann, "AllocatePlacement", allocation(anns, placement), "placement-coordinator")
    righted = {"event_ref": recorded["id"], "field": "gender", "corrected_value": "M", "reason": "Cat is Carl"}
    late = tell(door, cat, "CorrectRecord", righted, "senior-practitioner")
    found = trail(door, ann, position)
    assert found["rerun"]["outcome"] == "same"
    (change,) = found["later"]
    assert change["position"] == late
    assert change["values"] | {"event_ref": ""} == {
        "event_ref": "",
        "field": "gender",
        "corrected_value": "[sealed]",
        "reason": "[sealed]",
    }
    assert change["would_have_changed"][0]["kind"] == "refused"
    assert trail(door, cat, late)["decision"]["values"]["reason"] == "Cat is Carl"


def registered(door: Door) -> tuple[str, str, int, int]:
    """An entry closed: its address, the offender's, the positions of the ground and of the closing."""
    to, _ = somebody(door, "M")
    child, entry, offender = f"child/{uuid4()}", f"register-entry/{uuid4()}", to.partition("/")[2]
    told: dict[str, Any] = {"client_id": "0710891", "surname": "Invented", "forenames": "Kit"}
    tell(door, child, "RecordChild", told | {"register_name": "ICS_REGISTER"}, "information-officer")
    ground = {"offender_id": offender, "ground": "REGISTER_CHILD"}
    tell(door, entry, "SubmitR7", ground | {"on": days_ago(40)}, "practitioner")
    made = ground | {"child_ids": [child.partition("/")[2]], "registered_on": days_ago(39)}
    made |= {"copy_of_r7_filed": True, "roh_register_linked": False}
    tell(door, entry, "EnterRegister", made, "information-officer")
    notified = {"ground": "CHILD_REMOVED", "occurred_on": days_ago(9), "notified_on": days_ago(8)}
    why = tell(door, entry, "NotifyDeregistration", notified, "practitioner")
    closed = {"ground": "CHILD_REMOVED", "closed_on": days_ago(7)}
    return entry, to, why, tell(door, entry, "CloseRegisterEntry", closed, "information-officer")


def test_a_de_registration_is_found_at_the_entry_and_at_the_person_and_an_auditor_can_have_it_re_run(
    door: Door,
) -> None:
    entry, to, why, position = registered(door)
    for at in (entry, to):
        for role in ("practitioner", "auditor"):
            found = trail(door, at, position, role)
            assert found["rerun"]["outcome"] == "same"
            assert positions(found["rested_on"]) == [why]
            assert {each["rule"] for each in found["rules"]} >= {"CP-41", "CP-42", "CP-59"}
            assert (found["seen"]["view"], found["seen"]["of"]) == ("register", to.replace("/", "-"))
    struck = {"event_ref": trail(door, entry, why)["decision"]["id"], "reason": "not so"}
    late = tell(door, entry, "StrikeOutRecord", struck, "senior-practitioner")
    found = trail(door, entry, position)
    assert found["rerun"]["outcome"] == "same"
    assert positions(found["later"]) == [late]
    assert "CP-41" in found["later"][0]["would_have_changed"][0]["says"]


# ------------------------------------------------------------------------------------------ asking


def test_the_decisions_of_a_case_are_listed_those_told_elsewhere_about_it_too(door: Door) -> None:
    _, to, why, position = registered(door)
    items = door.get(f"/offenders/{to.partition('/')[2]}/decisions", "auditor").json()["items"]
    assert positions(items) == sorted(positions(items))
    assert {why, position} <= set(positions(items))
    closed = next(each for each in items if each["position"] == position)
    assert (closed["type"], closed["rests_on"]) == ("RegisterEntryClosed", [why])
    assert "CP-41@west-mercia-2007" in closed["under"]
    assert not any("values" in each for each in items)


@pytest.mark.parametrize("asked", [{"headers": {"Accept": "application/pdf"}}, {"params": {"format": "pdf"}}])
def test_the_same_as_a_printed_page(door: Door, asked: dict[str, Any]) -> None:
    judged = Judged(door)
    judged.arrives(19)
    response = door.ask("GET", f"{judged.case.path}/decisions/{judged.position}", **asked)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["cache-control"] == "no-store"
    page = Paper(response.content)
    found = judged.trail()
    for text in (
        "Trail of a decision",
        "Absence judged",
        SECRET,
        "Re-run from what was known when it was recorded, it gives the same result.",
        "Enforcement letter issued",
        "ENF-05@manual-2022",
        found["rules"][0]["texts"][0],
        "enf.evidence: 5 (working days from issue; CPOM s1)",
        "It would have rested on this record too.",
        "View Enforcement as at",
        "under-consideration",
        found["leaf"],
    ):
        assert page.says(text), text


@pytest.mark.parametrize(
    "accept",
    ["application/json", "*/*", "text/html, */*", "application/pdf;q=0.5, application/json", "application/pdf;q=x"],
)
def test_who_does_not_prefer_a_page_gets_json(door: Door, accept: str) -> None:
    judged = Judged(door)
    response = door.ask("GET", f"{judged.case.path}/decisions/{judged.position}", headers={"Accept": accept})
    assert response.headers["content-type"] == "application/json"
    assert response.headers["vary"] == "Accept"


def test_what_is_no_decision_of_this_case_is_not_found(door: Door) -> None:
    judged, other = Judged(door), door.new_case()
    for path in (
        f"{other.path}/decisions/{judged.position}",
        f"{judged.case.path}/decisions/1",
        f"{judged.case.path}/decisions/999999999",
        f"{judged.case.path}/decisions/0",
        f"{judged.case.path}/decisions/07",
        f"{judged.case.path}/decisions/x",
        f"/offenders/{uuid4()}/decisions",
        f"/offenders/{uuid4()}/decisions/{judged.position}",
        f"/offenders/not-an-id/decisions/{judged.position}",
        "/ledger/ledger/decisions/1",
        f"/people/{uuid4()}/decisions",
    ):
        a_problem(door.get(path), 404, "not-found")
    a_problem(door.get(f"{judged.case.path}/decisions/{judged.position}", format="html"), 422)
    a_problem(door.get(f"{judged.case.path}/decisions/{judged.position}", as_at=days_ago(1)), 422)
    a_problem(door.get(f"{judged.case.path}/decisions/{judged.position}", "police"), 403)
    a_problem(door.get(f"{judged.case.path}/decisions", None), 401)


def test_what_another_system_told_is_taken_again_as_history_of_it(door: Door) -> None:
    """Told late by another system, a second letter breaks a rule, which its importer was told; it still happened."""
    judged = Judged(door)
    letter = {"letter_id": str(uuid4()), "absence_id": judged.id, "issued_on": days_ago(16), "channel": "post"}
    source = {"system": "old", "recorded": f"{days_ago(16)}T10:00:00Z"}
    command = Command(
        "IssueEnforcementLetter",
        "offender",
        judged.case.id,
        letter,
        door.actor("practitioner"),
        key=uuid4(),
        source=source,
        recorder=door.actor("administrator"),
    )
    at = door.run(door.ledger.execute(command)).body["events"][0]["position"]
    found = trail(door, judged.case.to, at)
    assert found["rerun"]["outcome"] == "same"
    assert [each["rule"] for each in found["rerun"]["warnings"]] == ["ENF-03"]
    assert (found["decision"]["effective"], found["decision"]["late_days"]) == (days_ago(16), 16)
