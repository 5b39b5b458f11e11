"""A decision says which screen it was taken from: confirmed where the access log holds that its author was shown it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest
from tests.doors import Case, Door, days_ago
from tests.printing.paper import Paper
from tests.trails.test_trails import tell, trail


@pytest.fixture
def case(door: Door) -> Case:
    return door.new_case()


def absent(door: Door, case: Case) -> str:
    """An absence with a letter and evidence in time, ready to be judged: its id."""
    absence = str(uuid4())
    tell(door, case.to, "RecordAbsence", case.absence(20, absence_id=absence), "supervisor")
    letter = {"letter_id": str(uuid4()), "absence_id": absence, "issued_on": days_ago(20), "channel": "post"}
    tell(door, case.to, "IssueEnforcementLetter", letter, "practitioner")
    evidence = {"absence_id": absence, "received_at": f"{days_ago(19)}T09:30:00Z", "kind": "letter"}
    tell(door, case.to, "ReceiveEvidence", evidence | {"description": "a note"}, "team-admin")
    return absence


def judged(door: Door, case: Case, absence: str, seen: str, role: str = "practitioner") -> dict[str, Any]:
    """A judgement that names its screen: what its trail says of that."""
    told = {"absence_id": absence, "result": "ACCEPTABLE", "reason_code": "ill", "reason": "ill"}
    answer = door.post(f"{case.path}/judge-absence", told | {"judged_on": days_ago(18)}, role, Ledger_Seen=seen)
    assert answer.status_code == 201, answer.text
    return trail(door, case.to, answer.json()["events"][0]["position"])["seen"]


def screen(answer: dict[str, Any], *names: str) -> str:
    """The header that names a screen, with these of its dates."""
    return "; ".join([str(answer["position"]), *(f"{name}={answer[name]}" for name in names)])


@pytest.mark.parametrize("names", [(), ("as_at",), ("as_at", "known_at")])
def test_a_screen_that_its_author_was_shown_is_confirmed_by_the_entry_that_says_so(
    door: Door, case: Case, names: tuple[str, ...]
):
    absence = absent(door, case)
    answer = door.get(f"{case.path}/enforcement", as_at=days_ago(18)).json()
    seen = judged(door, case, absence, screen(answer, *names))
    assert (seen["told"], seen["confirmed"]) == (True, True)
    ((_, _, entry),) = door.run(door.ledger.store.access.database.entries(seen["reading"], seen["reading"]))
    assert f'"id":"{door.actor("practitioner").id}"'.encode() in entry
    assert b'"view":"enforcement"' in entry
    assert door.get(f"/access/log/proof/{seen['reading']}", None).status_code == 200


NOT_SHOWN: Mapping[str, tuple[int, str]] = {
    "another day": (0, f"; as_at={days_ago(17)}"),
    "another moment": (0, "; known_at=2025-04-07T16:30:00Z"),
    "another position": (1, ""),
}


@pytest.mark.parametrize("what", NOT_SHOWN)
def test_a_screen_of_another_day_moment_or_position_is_unconfirmed(door: Door, case: Case, what: str):
    absence = absent(door, case)
    answer = door.get(f"{case.path}/enforcement", as_at=days_ago(18)).json()
    less, more = NOT_SHOWN[what]
    seen = judged(door, case, absence, f"{answer['position'] - less}{more}")
    assert (seen["told"], seen["confirmed"], seen["reading"]) == (True, False, None)


def test_a_screen_that_only_somebody_else_was_shown_is_unconfirmed(door: Door, case: Case):
    absence = absent(door, case)
    answer = door.get(f"{case.path}/enforcement", "unit-manager").json()
    assert judged(door, case, absence, screen(answer))["confirmed"] is False


def test_a_screen_of_another_case_is_unconfirmed_though_it_was_at_that_position(door: Door, case: Case):
    absence = absent(door, case)
    other = door.new_case()
    answer = door.get(f"{other.path}/enforcement").json()
    assert judged(door, case, absence, screen(answer))["confirmed"] is False


def test_a_screen_shown_after_the_decision_does_not_confirm_it(door: Door, case: Case):
    absence = absent(door, case)
    position = door.size
    told = {"absence_id": absence, "result": "ACCEPTABLE", "reason_code": "ill", "reason": "ill"}
    answer = door.post(
        f"{case.path}/judge-absence", told | {"judged_on": days_ago(18)}, Ledger_Seen=f"{position}"
    ).json()
    known_at = answer["events"][0]["position"]
    moment = door.run(door.ledger.store.database.entries(position, position))[0][2]
    recorded = moment.partition(b'"recorded":"')[2].partition(b'"')[0].decode()
    then = door.get(f"{case.path}/enforcement", known_at=recorded).json()
    assert then["position"] == position
    assert trail(door, case.to, known_at)["seen"]["confirmed"] is False


def test_without_a_screen_there_is_nothing_to_confirm(door: Door, case: Case):
    absence = absent(door, case)
    told = {"absence_id": absence, "result": "ACCEPTABLE", "reason_code": "ill", "reason": "ill"}
    answer = door.post(f"{case.path}/judge-absence", told | {"judged_on": days_ago(18)}).json()
    seen = trail(door, case.to, answer["events"][0]["position"])["seen"]
    assert (seen["told"], seen["confirmed"], seen["reading"]) == (False, None, None)


@pytest.mark.parametrize("shown", [True, False])
def test_the_printed_trail_says_which(door: Door, case: Case, shown: bool):
    absence = absent(door, case)
    answer = door.get(f"{case.path}/enforcement", "practitioner" if shown else "unit-manager").json()
    told = {"absence_id": absence, "result": "ACCEPTABLE", "reason_code": "ill", "reason": "ill"}
    recorded = door.post(
        f"{case.path}/judge-absence", told | {"judged_on": days_ago(18)}, Ledger_Seen=screen(answer)
    ).json()
    page = door.get(f"{case.path}/decisions/{recorded['events'][0]['position']}", format="pdf")
    text = " ".join(Paper(page.content).text.split())
    assert ("Confirmed: entry" in text) is shown
    assert ("Unconfirmed: its author says so" in text) is not shown
