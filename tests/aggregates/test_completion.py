"""Accredited and mixed completions: by the placement it ended at, and by the others where hours were credited."""

import pytest
from tests.aggregates.siting import Q1, Siting

DIRECT = Q1 | {"with_direct_beneficiary": True}
GOOD, POOR, NONE = [2, 1, 1, 1, 1], [1, 1, 1, 1, 1], None
DONE = {"order_id": "o1", "completed_on": "2025-04-01"}


def worked(here, there, *credited_at):
    """Ann has worked off her hours, some of them at these of two placements, which have these scores."""
    site = Siting()
    for name in ("here", "there"):
        site.site = name
        site.opened()
    for name, scores in (("here", here), ("there", there)):
        site.site = name
        if scores is not None:
            details = {"scores": scores, "q1_details": DIRECT if scores[0] > 1 else Q1}
            site.audited(f"q-{name}", "2025-01-22", **details)
    site.joined("ann", "o1")
    minutes = 6000
    for n, name in enumerate(credited_at):
        site.site, day = name, f"2025-03-0{n + 1}"
        site.comes("ann", "o1", f"s{n}", day)
        data = {"session_id": f"s{n}", "order_id": "o1", "work_minutes": 360, "travel_minutes": 0}
        site.tell(f"{day} 22:00", "supervisor", "CreditHours", to="offender/ann", told_to_person=True, **data)
        minutes -= 360
    data = {"order_id": "o1", "delta_minutes": minutes, "reason": "as told"}
    site.tell("2025-03-20 10:00", "operations-manager", "AdjustHours", to="offender/ann", **data)
    return site


def completed(site, placement="here", at="2025-04-01 10:00", **more):
    data = DONE | {"placement_id": placement} | more
    site.tell(at, "practitioner", "ConfirmCompletion", to="offender/ann", **data)
    fact = site.ledger.records[-1].fact
    return fact.accredited, fact.mixed


@pytest.mark.parametrize(
    "here,there,credited_at,counts",
    [
        (GOOD, GOOD, ("here",), (True, False)),
        (POOR, GOOD, ("here",), (False, False)),
        (NONE, GOOD, ("here",), (False, False)),
        (GOOD, POOR, ("here",), (True, False)),  # the other was not used
        (GOOD, POOR, ("there", "here"), (True, True)),
        (GOOD, NONE, ("there", "here"), (True, True)),
        (GOOD, GOOD, ("there", "here"), (True, False)),
        (POOR, GOOD, ("there", "here"), (False, False)),  # mixed is about the others
        (POOR, POOR, ("there",), (False, True)),
        (GOOD, POOR, (), (True, False)),
    ],
)
def test_what_a_completion_counts_as(here, there, credited_at, counts):
    assert completed(worked(here, there, *credited_at)) == counts


def test_the_scores_of_the_day_of_completion_decide():
    site = worked(POOR, GOOD, "here")
    data = {"audit_id": "q-here", "rechecked_on": "2025-04-02", "revised_scores": [None, 2, None, None, None]}
    data |= {"signatures": ["A."], "remedial_completed_by": "a1"}
    site.tell("2025-04-02 10:00", "placement-coordinator", "RecheckQuality", to="placement/here", **data)
    assert completed(site, at="2025-04-03 10:00") == (False, False)
    other = worked(POOR, GOOD, "here")
    other.tell("2025-04-02 10:00", "placement-coordinator", "RecheckQuality", to="placement/here", **data)
    assert completed(other, at="2025-04-03 10:00", completed_on="2025-04-02") == (True, False)


@pytest.mark.parametrize("given", [{"accredited": False}, {"mixed": True}])
def test_one_that_is_given_is_right(given):
    site, ((name, value),) = worked(GOOD, GOOD, "here"), given.items()
    data = DONE | {"placement_id": "here"} | given
    why = ("PLC-38", f"{name} is {not value}; leave it out or give that value.")
    assert site.refused("2025-04-01 10:00", "practitioner", "ConfirmCompletion", to="offender/ann", **data) == why
    assert completed(site, **{name: not value}) == (True, False)


@pytest.mark.parametrize("imported", [False, True])
def test_it_ends_at_a_placement_that_is_there(imported):
    site, data = worked(GOOD, GOOD, "here"), DONE | {"placement_id": "nowhere"}
    answer = site.refused(
        "2025-04-01 10:00", "practitioner", "ConfirmCompletion", to="offender/ann", imported=imported, **data
    )
    assert answer[0] == "GEN-06"


def test_it_rests_on_the_checklists_it_was_judged_by():
    site = worked(GOOD, POOR, "there", "here")
    completed(site)
    audits = {each.position for each in site.ledger.records if each.fact.topic == "placement.pqs-audited.v1"}
    assert audits <= set(site.ledger.records[-1].rests_on)
