"""What the register changes in a matter: an R7 that was sent, and a de-registration that ends its reviews."""

import pytest
from tests.aggregates.matters import Mattering
from tests.projections.test_child_protection import checked, r7_due

from ledger.aggregates import AGGREGATES, FACT_BY_TOPIC
from ledger.aggregates.child_protection_matter.matter import R7_SUBMITTED

NO_REGISTER = "register-entry" not in AGGREGATES
pytestmark = pytest.mark.xfail(NO_REGISTER, reason="waits for: register entries", strict=True)


def test_r7_sent_to_the_information_officer_serves_a_positive_check_and_a_referral():
    assert R7_SUBMITTED in FACT_BY_TOPIC
    case = checked(q1=True)
    data = {"offender_id": "dora", "ground": "CONCERN", "on": "2025-09-12"}
    case.tell("2025-09-12 10:00", "practitioner", "SubmitR7", to="register-entry/e1", **data)
    assert [r7_due(case, day) for day in ("2025-09-11", "2025-09-12")] == [True, False]
    case.tells(
        "2025-09-12 11:00", "practitioner", "CompleteChildRiskSection", form="R6", on="2025-09-12", confidential=True
    )
    assert case.referral().warned == []


def test_no_review_conference_is_owed_after_the_last_deregistration():
    case = Mattering().concern().invited(day="2025-09-15").attended("2025-09-15")
    for n, entry in enumerate(("e1", "e2")):
        r7 = {"offender_id": "dora", "ground": "CONCERN", "on": "2025-09-16"}
        made = {"offender_id": "dora", "child_ids": [], "ground": "CONCERN", "registered_on": "2025-09-17"}
        made |= {"copy_of_r7_filed": True, "roh_register_linked": False}
        case.tell(f"2025-09-17 1{n}:00", "practitioner", "SubmitR7", to=f"register-entry/{entry}", **r7)
        case.tell(f"2025-09-17 1{n}:30", "information-officer", "EnterRegister", to=f"register-entry/{entry}", **made)
    for entry, day in (("e1", "2025-11-03"), ("e2", "2025-12-05")):
        told = {"ground": "CONCERN_ENDED", "occurred_on": day, "notified_on": day}
        case.tell(f"{day} 09:00", "information-officer", "ReceiveFormP", to=f"register-entry/{entry}", on=day)
        reviewed = {"on": day, "outcome": "DEREGISTER"}
        case.tell(f"{day} 09:10", "practitioner", "ReviewRegister", to=f"register-entry/{entry}", **reviewed)
        case.tell(f"{day} 09:20", "practitioner", "NotifyDeregistration", to=f"register-entry/{entry}", **told)
        closed = {"ground": "CONCERN_ENDED", "closed_on": day}
        case.tell(f"{day} 10:00", "information-officer", "CloseRegisterEntry", to=f"register-entry/{entry}", **closed)
    states = []
    for day in ("2025-12-04", "2025-12-05", "2026-06-01"):
        row = case.matter(day)["conferences"][0]
        states.append((str(row["next_review_due"]), row["next_review_state"]))
    assert states == [("2025-12-15", "due"), ("None", "ended"), ("None", "ended")]
