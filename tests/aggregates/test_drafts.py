"""Drafts: what no entry could hold is refused at the door, field by field."""

import json

import pytest

from ledger.aggregates import FACTS
from ledger.aggregates.drafts import read_draft, unfit
from ledger.aggregates.offender.facts import ProgressCheckCompleted, SignificantChangeRecorded
from ledger.aggregates.placement.agreement import AgreementDrafted
from ledger.errors import Malformed


def deep(levels):
    value = "leaf"
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value,fits",
    [
        ("text", True),
        (2**53 - 1, True),
        (2**53, False),
        (0.5, False),
        ("a\x00b", False),
        ({"6": {"contact_timetable": "daily"}}, True),
        ({"6": {"n": 1.5}}, False),
        (["x"] * 500, True),
        (["x"] * 501, False),
        (deep(10), True),
        (deep(20), False),
    ],
)
def test_what_an_entry_can_hold(value, fits):
    assert (unfit(value) is None) is fits


def test_each_field_is_named_with_what_is_wrong():
    with pytest.raises(Malformed) as found:
        read_draft(SignificantChangeRecorded, {"what": 7, "when": "2025-01-01"})
    assert set(found.value.errors) == {"what", "when", "on"}


def test_a_structure_of_free_form_is_taken_as_told():
    sections = {"4": ["S1", "S2"], "6": {"contact_timetable": "daily"}}
    assert read_draft(AgreementDrafted, {"version": 1, "sections": sections}).sections == sections


CHECK = {"order_id": "0b7ff2a5-7a0c-4a2f-8f5a-111111111111", "point": 6, "done_on": "2025-07-10", "reason": "seen"}


def test_what_a_rule_asks_for_may_be_left_out_of_a_draft_and_of_nothing_else():
    assert read_draft(ProgressCheckCompleted, CHECK).sufficient is None
    with pytest.raises(ValueError, match="sufficient"):
        ProgressCheckCompleted.model_validate_json(json.dumps(CHECK))


def test_every_field_a_rule_asks_for_is_required_of_a_record():
    asked = [(fact, name) for fact in FACTS for name in fact.asked]
    assert len(asked) >= 8
    assert all(fact.model_fields[name].is_required() for fact, name in asked)
