"""Showing the file to somebody outside: what is restricted leaves it first (DP-02)."""

import pytest
from tests.aggregates.telling import Telling

from ledger.rules.general import UNKNOWN


def filed(case, name, marking, day="2025-02-03"):
    data = {"doc_id": name, "kind": "conference minute", "marking": marking, "section": "child protection"}
    return case.tell(f"{day} 10:00", "team-admin", "FileDocument", **data)


def disclosing(removed=(), on="2025-02-10"):
    return {"disclosed_to": "S. Solicitorish", "on": on, "removed_docs": list(removed)}


def disclosed(case, at="2025-02-10 10:00", **told):
    return case.tell(at, "information-manager", "DiscloseFile", **disclosing(**told))


def refused(case, at="2025-02-10 10:00", **told):
    return case.refused(at, "information-manager", "DiscloseFile", **disclosing(**told))


def test_a_restricted_paper_left_in_the_file_is_named():
    case = filed(filed(filed(Telling().recorded(), "d1", "RESTRICTED"), "d2", "RESTRICTED"), "d3", "OPEN")
    rule, message = refused(case, removed=["d1"])
    assert (rule, message) == ("DP-02", f"Remove the restricted documents first: {case.names.id('d2')}.")
    disclosed(case, removed=["d2", "d1"])


def test_every_one_of_them_is_named_in_the_order_they_were_filed():
    case = filed(filed(Telling().recorded(), "d2", "RESTRICTED"), "d1", "RESTRICTED")
    listed = f"{case.names.id('d2')}, {case.names.id('d1')}"
    assert refused(case)[1] == f"Remove the restricted documents first: {listed}."


@pytest.mark.parametrize("marking", ["OPEN", "CONFIDENTIAL"])
def test_other_papers_may_stay(marking):
    disclosed(filed(Telling().recorded(), "d1", marking))


def test_more_may_be_taken_out_than_must_be():
    disclosed(filed(Telling().recorded(), "d1", "OPEN"), removed=["d1"])


def test_a_document_that_nobody_filed_cannot_have_been_taken_out_and_what_was_told_is_not_kept():
    case = Telling().recorded()
    answer = case.give("2025-02-10 10:00", "information-manager", "DiscloseFile", **disclosing(removed=["nowhere"]))
    (refusal,) = answer.refusals
    assert refusal.rule == "GEN-06"
    assert refusal.in_clear == UNKNOWN.format(what="document", id="…")
    assert case.names.id("nowhere") not in refusal.in_clear


def test_a_paper_that_came_later_was_not_in_the_file():
    case = filed(Telling().recorded(), "d1", "RESTRICTED", day="2025-02-12")
    disclosed(case, at="2025-02-14 10:00", on="2025-02-10")
    assert refused(case, at="2025-02-14 11:00", on="2025-02-12")[0] == "DP-02"


def test_a_marking_put_right_counts_and_a_paper_struck_out_does_not():
    case = Telling().recorded()
    data = {"kind": "letter", "marking": "OPEN", "section": "letters"}
    case.tell("2025-02-03 10:00", "team-admin", "FileDocument", doc_id="d1", label="paper", **data)
    event_ref = case.names.id("paper")
    corrected = {"event_ref": event_ref, "field": "marking", "corrected_value": "RESTRICTED", "reason": "names a child"}
    case.tell("2025-02-04 10:00", "team-admin", "CorrectRecord", **corrected)
    assert refused(case)[0] == "DP-02"
    case.tell("2025-02-10 11:00", "team-admin", "StrikeOutRecord", event_ref=event_ref, reason="another file's")
    disclosed(case, at="2025-02-10 12:00")


def test_a_disclosure_that_another_system_tells_of_has_happened():
    case = filed(Telling().recorded(), "d1", "RESTRICTED")
    case.tell("2025-02-10 10:00", "information-manager", "DiscloseFile", imported=True, **disclosing())
    assert [rule for rule, _ in case.warned] == ["DP-02"]
