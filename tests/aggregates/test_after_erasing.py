"""What may still be recorded of a child that is erased: that it is final, who was told, and nothing else (DP-05)."""

import pytest
from tests.aggregates.holding import Holding

from ledger.aggregates import COMMANDS

KIT = {"to": "child/kit"}
OFFICER = "information-officer"
RESTORED = ("CP-49", "This record was erased and cannot be restored.")
TOLD = {"recipients": ["N. Nurse"], "on": "2025-10-20"}


def erased():
    return Holding().entered(["kit"]).notified().closed().erasing()


def promising(horizon):
    """Erased, with a certificate that promises a horizon."""
    case = erased()
    (at,) = (n for n, each in enumerate(case.ledger.records) if type(each.fact).__name__ == "ChildDataErased")
    record = case.ledger.records[at]
    certificate = {"vault": "2025-10-14", "horizon": horizon}
    case.ledger.records[at] = record.with_fact(record.fact.completed(certificate=certificate), record.effective, 0)
    return case


def test_nothing_final_is_said_by_a_command_that_is_only_recorded():
    assert "FinaliseErasure" not in COMMANDS["child"]


@pytest.mark.parametrize(
    "command,by,data",
    [("FinaliseErasure", OFFICER, {"horizon": "2025-01-01"}), ("NotifyRecipients", "information-manager", TOLD)],
)
def test_nothing_follows_an_erasure_that_has_not_been(command, by, data):
    case = Holding().entered(["kit"])
    assert case.refused("2025-10-20 10:00", by, command, **KIT, **data) == ("GEN-06", "Nothing is erased here yet.")


def test_an_erasure_is_final_from_the_horizon_of_its_certificate_and_once():
    case = promising("2026-01-12")
    early = case.refused("2026-01-11 10:00", OFFICER, "FinaliseErasure", **KIT, horizon="2026-01-11")
    assert early == ("DP-05", "Backups may open what was erased until 12 Jan 2026; it is final then.")
    future = case.refused("2026-01-11 10:00", OFFICER, "FinaliseErasure", **KIT, horizon="2026-01-12")
    assert future == ("GEN-05", "An event cannot take effect in the future.")
    case.tell("2026-01-12 10:00", OFFICER, "FinaliseErasure", **KIT, horizon="2026-01-12")
    assert case.chains() == ["offender/ann", "register-entry/e1"]
    twice = case.refused("2026-01-13 10:00", OFFICER, "FinaliseErasure", **KIT, horizon="2026-01-13")
    assert twice == ("GEN-06", "This erasure is final already.")


def test_those_who_had_the_data_are_told_of_its_end():
    case = erased().tell("2025-10-20 10:00", "information-manager", "NotifyRecipients", **KIT, **TOLD)
    assert case.chains() == ["offender/ann", "register-entry/e1"]


def test_an_erasure_is_never_struck_out():
    case = erased()
    (record,) = (each for each in case.ledger.records if type(each.fact).__name__ == "ChildDataErased")
    data = {"event_ref": record.id, "reason": "a slip"}
    assert case.refused("2025-10-20 10:00", "chief-officer", "StrikeOutRecord", **KIT, **data) == RESTORED


def test_nothing_of_an_erased_child_is_corrected():
    case = erased()
    for kind, field, value in (("ChildRecorded", "surname", "Other"), ("ChildDataErased", "erased_on", "2025-10-13")):
        record = next(each for each in case.ledger.records if type(each.fact).__name__ == kind)
        data = {"event_ref": record.id, "field": field, "corrected_value": value, "reason": "a slip"}
        assert case.refused("2025-10-20 10:00", "chief-officer", "CorrectRecord", **KIT, **data) == RESTORED, kind
