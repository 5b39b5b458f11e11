"""The outcome code of each session and absence as a case stands; tests/importing/test_outcomes.py has them come in."""

import pytest
from tests.aggregates.telling import Telling


def sessions(telling, as_at="2025-06-30"):
    return {each["session_id"]: each["outcome"] for each in telling.ask("outcomes", as_at)["outcomes"]}


@pytest.mark.parametrize("cause,code", [("RSOF", "RSOF"), ("RSSR", "RSSR"), ("the van broke down", "RSSR")])
def test_a_session_called_off_says_whose_wish_it_was_or_nobodys_of_the_person(cause, code):
    telling = Telling().order().placed().ready().allocated().session()
    assert sessions(telling) == {"s1": None}
    telling.tell(
        "2025-03-20 09:00", "placement-coordinator", "CancelSession", session_id="s1", cause=cause, on="2025-03-20"
    )
    assert sessions(telling) == {"s1": code}


@pytest.mark.parametrize("reason,code", [("AAHO", "AAHO"), ("AAEM", "AAEM"), ("medical", "CO05"), ("other", "CO05")])
def test_an_absence_judged_acceptable_says_the_code_that_is_its_reason(reason, code):
    telling = Telling().order().absence("a1", "2025-06-02").letter("l1", "a1", "2025-06-04")
    telling.evidence("a1", "2025-06-05 10:00").judge("a1", "2025-06-06", "ACCEPTABLE", reason_code=reason)
    assert sessions(telling) == {None: code}
