"""Gaps: what each rule of areas A to E asks for shows from the day after it should have been there until it is."""

import inspect
import re
from datetime import date
from pathlib import Path

import pytest
from tests.aggregates.telling import Telling

from ledger.projections import child_protection_case, child_protection_worklist, protection_gaps
from ledger.projections import gaps as module
from ledger.projections.gaps import OF_RULES
from ledger.rules import child_protection
from ledger.rules.registry import rules

D = date.fromisoformat
SUSPENDED = {"order_type": "SSO", "operational_period_end": "2025-09-30"}


def gaps(telling, as_at, rule):
    return [each for each in telling.ask("chronology", as_at)["gaps"] if each["rule"] == rule]


def test_the_rules_that_are_told_are_those_named_and_all_are_rules_of_the_book():
    source = Path(module.__file__).read_text(encoding="utf-8")
    told = set(
        re.findall(r"\"([A-Z]{3}-\d\d)(?:@[a-z0-9-]+)?\"", source.split("OF_RULES: Final")[1].split(")\n", 1)[1])
    )
    assert told == set(OF_RULES)
    assert told <= {each.id for each in rules()}


def test_every_line_that_is_owed_to_the_protection_of_a_child_has_words_and_a_rule():
    owed = [inspect.getsource(each) for each in (child_protection_worklist, child_protection_case)]
    lines = re.findall(r'(?:line|_clock)\(\s*"([a-z0-9-]+)",\s*"([A-Z]+-\d\d)"', "".join(owed))
    assert {kind for kind, _ in lines} <= set(protection_gaps.WHAT)
    assert {rule for _, rule in lines} <= set(protection_gaps.OF_RULES) <= {each.id for each in rules()}
    flags = {name for name, value in vars(child_protection).items() if name == value}
    assert flags <= set(protection_gaps.WHAT)
    assert len(lines) > 10


def changed(telling, day, recorded=None):
    return telling.tell(f"{recorded or day} 12:00", "practitioner", "RecordSignificantChange", what="moved", on=day)


def reviewed(telling, day):
    review = {"order_id": "o1", "what": "OASys", "cause": "change", "on": day}
    return telling.tell(f"{day} 15:00", "practitioner", "ReviewAssessment", **review)


def test_a_significant_change_waits_for_a_review_from_the_next_day_on():
    telling = changed(Telling().order(), "2025-03-03")
    assert gaps(telling, "2025-03-03", "ALL-03") == []
    (gap,) = gaps(telling, "2025-03-10", "ALL-03")
    assert (gap["what"], gap["since"], gap["days"]) == ("Significant change not reviewed", D("2025-03-03"), 7)
    reviewed(telling, "2025-03-12")
    assert len(gaps(telling, "2025-03-11", "ALL-03")) == 1
    assert gaps(telling, "2025-03-12", "ALL-03") == []


def test_a_review_before_the_change_is_none_of_it_and_one_of_the_same_day_is():
    assert len(gaps(changed(reviewed(Telling().order(), "2025-03-02"), "2025-03-03"), "2025-03-05", "ALL-03")) == 1
    assert gaps(reviewed(changed(Telling().order(), "2025-03-03"), "2025-03-03"), "2025-03-05", "ALL-03") == []


def transferred(day="2025-03-03"):
    moved = {"order_id": "o1", "from_unit": "North", "to_unit": "South", "notified_on": day, "documents": ["OASys"]}
    return Telling().order().tell(f"{day} 12:00", "senior-practitioner", "TransferCase", **moved)


def visited(telling, day):
    return telling.tell(f"{day} 16:00", "practitioner", "RecordHomeVisit", on=day, purpose="new home", initial=True)


@pytest.mark.parametrize("as_at,count", [("2025-03-08", 0), ("2025-03-09", 2)])
def test_five_calendar_days_after_notice_of_a_transfer_what_is_missing_is_told(as_at, count):
    found = gaps(transferred(), as_at, "ALL-22")
    assert [each["what"] for each in found] == [
        "No appointment after a transfer",
        "Risk plan not updated after a transfer",
    ][:count]


def test_a_visit_serves_both_and_one_before_the_notice_neither():
    assert gaps(visited(transferred(), "2025-03-05"), "2025-03-20", "ALL-22") == []
    early = visited(Telling().order(), "2025-03-01")
    moved = {"order_id": "o1", "from_unit": "North", "to_unit": "South", "notified_on": "2025-03-03", "documents": []}
    early.tell("2025-03-03 12:00", "senior-practitioner", "TransferCase", **moved)
    assert len(gaps(early, "2025-03-20", "ALL-22")) == 2


def test_an_area_may_give_more_days():
    telling = transferred()
    more = {"key": "case.transfer", "new": "9", "effective_from": "2025-01-01", "reason": "agreed"}
    telling.tell("2025-03-04 12:00", "chief-officer", "ChangeSetting", to="policy/policy", **more)
    assert gaps(telling, "2025-03-12", "ALL-22") == []
    assert len(gaps(telling, "2025-03-13", "ALL-22")) == 2


def test_hours_of_a_session_that_was_attended_are_recorded_by_its_end():
    telling = Telling().order().session(day="2025-03-22").attended()
    assert gaps(telling, "2025-03-22", "HRS-01") == []
    (gap,) = gaps(telling, "2025-03-24", "HRS-01")
    assert (gap["session_id"], gap["days"]) == ("s1", 2)
    hours = {"session_id": "s1", "order_id": "o1", "work_minutes": 330, "travel_minutes": 0, "told_to_person": True}
    telling.tell("2025-03-24 09:00", "supervisor", "CreditHours", **hours)
    assert gaps(telling, "2025-03-24", "HRS-01") == []


def test_a_session_nobody_came_to_asks_for_no_hours():
    telling = Telling().order().session(day="2025-03-22").absence("a1", "2025-03-22", session_id="s1")
    assert gaps(telling, "2025-03-24", "HRS-01") == []


def decided(telling, day):
    given = {"order_id": "o1", "matter": "hours owing", "decision": "close", "reason": "over", "on": day}
    return telling.tell(f"{day} 12:00", "senior-practitioner", "RecordManagementDecision", **given)


def test_an_operational_period_that_is_over_with_hours_owing_waits_for_a_manager():
    telling = Telling().order(**SUSPENDED)
    assert gaps(telling, "2025-09-30", "UPW-09") == []
    assert [each["days"] for each in gaps(telling, "2025-10-03", "UPW-09")] == [3]
    assert gaps(decided(telling, "2025-10-04"), "2025-10-04", "UPW-09") == []
    assert len(gaps(decided(Telling().order(**SUSPENDED), "2025-09-01"), "2025-10-03", "UPW-09")) == 1


def test_an_insufficient_check_that_another_system_closed_without_action_is_told():
    check = {"order_id": "o1", "point": 6, "done_on": "2025-07-01", "sufficient": False, "reason": "as told"}
    telling = (
        Telling().order().tell("2025-07-01 10:00", "practitioner", "CompleteProgressCheck", imported=True, **check)
    )
    (gap,) = gaps(telling, "2025-07-04", "PRG-03")
    assert (gap["what"], gap["days"]) == ("No action on the 6-month check", 3)
    action = {"order_id": "o1", "point": "6", "action": "more sessions"}
    telling.tell("2025-07-05 10:00", "practitioner", "RecordProgressAction", **action)
    assert gaps(telling, "2025-07-05", "PRG-03") == []


def test_a_warning_about_a_failure_that_was_excused_since_is_to_be_taken_back():
    telling = Telling(settings={"enf.breach_edition": "sentencing-2020"}).order()
    telling.absence("a1", "2025-06-02").letter("l1", "a1", "2025-06-04")
    said = {"circumstances": "stayed away", "says_unacceptable": True, "says_liable": True}
    telling.tell("2025-06-13 10:00", "practitioner", "GiveBreachWarning", warning_id="w1", absence_id="a1",
                 given_on="2025-06-13", **said)  # fmt: skip
    assert gaps(telling, "2025-06-20", "ENF-11") == []
    telling.rejudge("a1", "2025-06-20", "ACCEPTABLE")
    (gap,) = gaps(telling, "2025-06-22", "ENF-11")
    assert (gap["edition"], gap["warning_id"], gap["days"]) == ("ENF-11@sentencing-2020", "w1", 2)
    withdrawn = {"warning_id": "w1", "withdrawn_on": "2025-06-23", "reason": "excused"}
    telling.tell("2025-06-23 10:00", "practitioner", "WithdrawBreachWarning", **withdrawn)
    assert gaps(telling, "2025-06-23", "ENF-11") == []
