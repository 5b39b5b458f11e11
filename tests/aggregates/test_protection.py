"""Whether a case is a child protection case on a day: open concerns, and open entries of the register."""

from datetime import date

import pytest
from tests.aggregates.placing import Placing

from ledger.aggregates.offender.protection import protection_of

D = date.fromisoformat


def registered(here, day, entry="e1", name="bob"):
    to = f"register-entry/{entry}"
    here.do(day, "practitioner", "SubmitR7", to, offender_id=name, ground="CONCERN", on=day)
    data = {"offender_id": name, "child_ids": [], "ground": "CONCERN", "registered_on": day, "copy_of_r7_filed": True}
    return here.do(day, "information-officer", "EnterRegister", to, roh_register_linked=False, **data)


@pytest.mark.parametrize("grade,rule", [("TRAINEE", "ALL-13"), ("PSO", "ALL-14")])
def test_a_registered_case_is_a_child_protection_case(grade, rule):
    here = registered(Placing().somebody(), "2025-02-03")
    data = {"order_id": "o-bob", "staff_id": "s1", "grade": grade, "role": "RESPONSIBLE", "on": "2025-02-04"}
    assert here.not_to("2025-02-04", "senior-practitioner", "AssignPractitioner", **data)[0] == rule


def test_an_entry_of_the_register_is_significant_too():
    here = registered(Placing().park().somebody(level="HIGH"), "2025-02-03")
    assert here.not_allocated("2025-02-04") == ("ALL-12", "Consult the risk manager first.")


def test_a_concern_is_over_with_the_registration_that_is_closed_after_it():
    here = registered(Placing().somebody().concern("2025-02-03"), "2025-02-05")
    data = {"ground": "CONCERN_ENDED", "closed_on": "2025-03-03"}
    here.do("2025-03-03", "information-officer", "CloseRegisterEntry", "register-entry/e1", imported=True, **data)
    here.concern("2025-03-03", concern="c2", category="IN_NEED")

    def since(day):
        found = protection_of(here.ledger.state(f"offender-{here.names.id('bob')}"), D(day))
        return found and (found.since, found.significant_since)

    assert since("2025-02-02") is None
    assert since("2025-02-03") == (D("2025-02-03"), D("2025-02-03"))
    assert since("2025-03-02") == (D("2025-02-03"), D("2025-02-03"))
    assert since("2025-03-03") == (D("2025-03-03"), None)
