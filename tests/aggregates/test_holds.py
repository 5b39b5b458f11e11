"""What may be recorded of a hold, whom it concerns, and which erasures it stops (SCR-05, SCR-06)."""

from datetime import date

import pytest
from tests.aggregates.holding import Holding

from ledger.errors import Forbidden

R1 = {"to": "case-review/r1"}


def registered():
    """Kit and pip on ann's register, and kit on bob's."""
    return Holding().entered().entered(["kit"], "e2", "bob", "2024-12-05")


def held_message(case, review="r1"):
    return "SCR-05", f"Erasure is held by case review {case.names.id(review)}."


# ---------------------------------------------------------------------------------------- placing


@pytest.mark.parametrize(
    "scope,rule",
    [
        ({"offender_refs": []}, "SCR-05"),
        ({"offender_refs": [], "child_refs": [], "scope": {}}, "SCR-05"),
        ({"scope": {"postcode": "N1"}}, "SCR-05"),
        ({"scope": {"since": "31 Jan 2025"}}, "SCR-05"),
        ({"scope": {"until": "2025-02-30"}}, "SCR-05"),
        ({"offender_refs": ["nobody"]}, "GEN-06"),
        ({"child_refs": ["nobody"]}, "GEN-06"),
        ({"offender_refs": ["ann", "nobody"]}, "GEN-06"),
    ],
)
def test_a_hold_names_somebody_who_is_there_or_a_class_of_cases(scope, rule):
    case = registered().review()
    assert case.refused("2025-09-01 10:00", "aco", "PlaceHold", **R1, **case.placing(**scope))[0] == rule


def test_a_hold_needs_its_review_and_an_id_of_its_own():
    case = registered()
    first = case.refused("2025-09-01 10:00", "aco", "PlaceHold", **R1, **case.placing())
    assert first == ("GEN-06", "Nothing is recorded here yet; begin with ReferSeriousIncident.")
    again = case.held().refused("2025-09-01 11:00", "aco", "PlaceHold", **R1, **case.placing())
    assert again == ("GEN-06", "This hold is already recorded; record a correction.")


@pytest.mark.parametrize("by", ["chief-officer", "information-officer", "practitioner", "administrator"])
def test_nobody_but_the_aco_places_a_hold(by):
    case = registered().review()
    with pytest.raises(Forbidden):
        case.give("2025-09-01 10:00", by, "PlaceHold", **R1, **case.placing())


def test_a_hold_concerns_all_who_are_linked_with_whom_it_names():
    case = registered().held()
    assert case.chains() == ["child/kit", "child/pip", "offender/ann", "register-entry/e1"]
    case.held("h2", child_refs=["kit"])
    assert case.chains() == [
        "child/kit",
        "offender/ann",
        "offender/bob",
        "register-entry/e1",
        "register-entry/e2",
    ]


def test_a_hold_is_released_and_never_struck_out():
    case = registered()
    case.review().tell("2025-09-01 10:00", "aco", "PlaceHold", **R1, **case.placing(), label="hold")
    case.tell("2025-09-02 10:00", "aco", "ReleaseHold", **R1, **case.releasing(on="2025-09-02"), label="release")
    for each in ("hold", "release"):
        data = {"event_ref": case.names.ids[each], "reason": "a slip"}
        why = case.refused("2025-09-03 10:00", "chief-officer", "StrikeOutRecord", **R1, **data)
        assert why == ("SCR-05", "A hold is not corrected or struck out; release it.")


def test_a_hold_is_not_made_narrower_by_a_correction():
    case, to = registered().review(), {"to": "case-review/r1"}
    case.tell("2025-09-01 10:00", "aco", "PlaceHold", **to, **case.placing(scope={"office": "north"}), label="hold")
    data = {"event_ref": case.names.ids["hold"], "reason": "a slip"}
    for field, value in (("scope", {"office": "south"}), ("placed_at", "2025-08-31T10:00:00Z")):
        why = case.refused(
            "2025-09-03 10:00", "chief-officer", "CorrectRecord", **to, field=field, corrected_value=value, **data
        )
        assert why == ("SCR-05", "A hold is not corrected or struck out; release it.")


# ---------------------------------------------------------------------------------------- releasing


def test_what_is_not_held_is_not_released_and_nothing_twice():
    case = registered().held()
    unknown = case.refused("2025-09-02 10:00", "aco", "ReleaseHold", **R1, **case.releasing("h9", "2025-09-02"))
    assert unknown[0] == "GEN-06"
    early = case.refused("2025-09-02 10:00", "aco", "ReleaseHold", **R1, **case.releasing(on="2025-08-31"))
    assert early == ("GEN-06", "The release is before the hold was placed.")
    case.released(on="2025-09-02")
    twice = case.refused("2025-09-03 10:00", "aco", "ReleaseHold", **R1, **case.releasing(on="2025-09-03"))
    assert twice == ("GEN-06", "This hold was released already.")


def test_a_hold_of_another_review_is_not_released_here():
    case = registered().held().review("r2", "2025-09-02 09:00")
    to = {"to": "case-review/r2"}
    assert (
        case.refused("2025-09-03 10:00", "aco", "ReleaseHold", **to, **case.releasing(on="2025-09-03"))[0] == "GEN-06"
    )


def test_a_hold_waits_for_the_signature_and_again_when_that_is_struck_out():
    case = registered().held()
    request = {"on": "2025-09-02", "timescale_due": "2025-12-01"}
    case.tell("2025-09-02 10:00", "chief-officer", "RequestManagementReview", **R1, **request)
    unfinished = ("SCR-06", "Review is not finished.")
    release = case.releasing(on="2025-12-01")
    assert case.refused("2025-12-01 10:00", "chief-officer", "ReleaseHold", **R1, **release) == unfinished
    sections = {str(n): "as told" for n in range(1, 5)}
    case.tell("2025-12-01 11:00", "case-reviewer", "DraftManagementReview", **R1, sections=sections)
    case.tell("2025-12-01 12:00", "chief-officer", "SignManagementReview", **R1, on="2025-12-01", label="signed")
    strike = {"event_ref": case.names.ids["signed"], "reason": "too soon"}
    case.tell("2025-12-01 13:00", "chief-officer", "StrikeOutRecord", **R1, **strike)
    assert case.refused("2025-12-01 14:00", "chief-officer", "ReleaseHold", **R1, **release) == unfinished
    case.tell("2025-12-01 15:00", "chief-officer", "SignManagementReview", **R1, on="2025-12-01").released()


# ---------------------------------------------------------------------------------------- what it stops


def left(case):
    """Kit has left both registers."""
    case.notified(child="kit").ended("kit").ended("kit", entry="e2", person="bob")
    return case.closed("2025-10-13", entry="e2")


@pytest.mark.parametrize(
    "scope,stops",
    [
        ({"offender_refs": ["ann"]}, True),
        ({"offender_refs": ["bob"]}, True),
        ({"child_refs": ["kit"]}, True),
        ({"child_refs": ["pip"]}, False),  # a brother or sister of the same entry
        ({"offender_refs": ["carl"]}, False),
    ],
)
def test_a_hold_stops_the_erasure_of_whoever_is_linked_with_whom_it_names(scope, stops):
    case = left(registered().person_of("carl")).held(on="2025-10-13", **scope)
    if stops:
        assert case.not_erasing() == held_message(case)
    else:
        case.erasing()


def test_a_hold_covers_a_child_who_is_linked_only_after_it_was_placed():
    case = Holding().person_of("ann").held(on="2024-12-01").entered(["kit"])
    assert case.notified().closed().not_erasing() == held_message(case)


def test_a_hold_covers_a_child_whose_link_had_ended_before():
    case = Holding().entered(["kit"]).notified().closed().held(on="2025-10-14")
    assert case.not_erasing(on="2025-10-15") == held_message(case)


def test_a_hold_covers_a_child_who_is_linked_by_a_concern_alone():
    case = Holding().entered(["kit"]).person_of("bob")
    concern = {"concern_id": "c1", "offender_id": "bob", "source": "UPW_SITE", "noted_on": "2025-02-03", "grave": False}
    concern |= {"category": "SIGNIFICANT_HARM", "note": "as told", "child_ref": "kit"}
    case.tell("2025-02-03 10:00", "practitioner", "RecordConcern", to="child-protection-matter/m1", **concern)
    case.notified().closed().held(on="2025-10-13", offender_refs=["bob"])
    assert case.not_erasing() == held_message(case)


def test_a_review_that_names_two_people_links_neither_with_the_other():
    case = Holding().entered(["kit"]).person_of("bob").review(persons=("bob",), children=("kit",))
    case.held(on="2025-09-02", offender_refs=["bob"]).notified().closed().erasing()


def test_of_several_holds_every_one_stops_and_the_last_release_decides():
    case = Holding().entered(["kit"]).held().held("h2", "r2", "2025-09-02", child_refs=["kit"]).notified().closed()
    assert case.not_erasing() == held_message(case)
    case.released(on="2025-11-03")
    assert case.not_erasing(on="2025-11-04") == held_message(case, "r2")
    case.released("h2", "r2", "2025-12-01")
    assert str(case.view_of_child("kit", "2025-12-01")["erased_on"]) == "2025-12-01"


# ---------------------------------------------------------------------------------------- classes of cases


def a_case_of_theft():
    """Ann, of unit north, sentenced on 4 Nov 2024 for theft, with kit."""
    case = Holding().entered(["kit"])
    case.tell("2024-12-05 10:00", "practitioner", "RecordOffence", offence_code="theft", status="CURRENT")
    staff = {"order_id": "o-ann", "staff_id": "pp1", "grade": "PO", "role": "RESPONSIBLE", "on": "2024-12-05"}
    case.tell("2024-12-05 11:00", "senior-practitioner", "AssignPractitioner", unit="north", **staff)
    return case.notified().closed()


@pytest.mark.parametrize(
    "scope,stops",
    [
        ({"offence": "theft"}, True),
        ({"offence": "arson"}, False),
        ({"office": "north"}, True),
        ({"office": "south"}, False),
        ({"offence": "theft", "office": "north"}, True),
        ({"offence": "theft", "office": "south"}, False),
        ({"since": "2025-01-01", "until": "2025-03-31"}, True),
        ({"until": "2024-11-04"}, True),  # the day of sentence
        ({"until": "2024-11-03"}, False),
        ({"since": "2030-01-01"}, True),  # still open
    ],
)
def test_a_hold_on_a_class_stops_the_erasures_in_its_cases(scope, stops):
    case = a_case_of_theft().held(on="2025-10-13", scope=scope)
    assert "policy" in case.ledger.records[-1].about
    if stops:
        assert case.not_erasing() == held_message(case)
        case.released(on="2025-10-15").erasing(on="2025-10-16")
    else:
        case.erasing()


def test_a_case_that_was_over_before_the_period_is_not_of_the_class():
    case = Holding().entered(["kit"]).supervision_ended("2025-10-10").closed(ground="SUPERVISION_ENDED")
    case.held(on="2025-10-14", scope={"since": "2025-10-11"}).erasing()


def test_a_hold_under_an_id_that_another_review_released_stands_all_the_same():
    case = Holding().entered(["kit"]).held("h1", "r1").released("h1", "r1").held("h1", "r2", on="2026-01-05")
    path = f"offender/{case.names.id('ann')}/oversight"
    shown = case.ledger.ask(path, date(2026, 2, 1), None)["holds"]
    assert [each["released_at"] is None for each in shown] == [False, True]
    case.notified(at="2026-02-01 09:00").closed("2026-02-02")
    assert case.not_erasing(on="2026-02-02") == held_message(case, "r2")


def test_the_release_of_a_second_hold_under_the_same_id_does_not_move_the_first_one_s_day():
    case = registered().held("h1", "r1").released("h1", "r1").held("h1", "r2", on="2026-01-05")
    case.released("h1", "r2", on="2026-03-02")
    path = f"offender/{case.names.id('ann')}/oversight"
    shown = case.ledger.ask(path, date(2026, 4, 1), None)["holds"]
    assert [str(each["released_at"])[:10] for each in shown] == ["2025-12-01", "2026-03-02"]
