"""Drafts: what no entry could hold is refused at the door, field by field."""

import pytest

from ledger.aggregates.drafts import read_draft, unfit
from ledger.aggregates.offender.facts import SignificantChangeRecorded
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
