"""What may be recorded in a child protection matter, whom it is about, and what it warns of."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.aggregates.matters import M1, Mattering
from tests.store.samples import a_fact_of

from ledger.aggregates.child_protection_matter.facts import FACTS
from ledger.aggregates.child_protection_matter.matter import Matter, concerns_of
from ledger.aggregates.drafts import read_draft
from ledger.aggregates.roles import ANY_STAFF, roles_for
from ledger.errors import Forbidden, Malformed

NOON = "2026-03-02 12:00"
WHO = {fact: sorted(roles_for(fact))[0] for fact in FACTS}
UNKNOWN_HERE = [
    (
        "any-staff",
        "NotifyConcern",
        "concern",
        {"concern_id": "x", "form": "CNF1", "to_role": "SPO", "on": "2026-03-02"},
    ),
    ("any-staff", "EscalateConcern", "concern", {"concern_id": "x", "to_agency": "POLICE", "escalated_at": NOON}),
    ("team-admin", "RecordCheckAnswer", "check", {"check_id": "x", "on": "2026-03-02", "q1": True, "q2": False}),
    ("practitioner", "CloseCheck", "check", {"check_id": "x", "on": "2026-03-02", "reason": "told"}),
    ("practitioner", "ConfirmReferral", "referral", {"referral_id": "x", "on": "2026-03-02"}),
    ("team-admin", "RecordReply", "referral", {"referral_id": "x", "on": "2026-03-02", "outline": "told"}),
    ("practitioner", "ChaseReferral", "referral", {"referral_id": "x", "on": "2026-03-02", "how": "told"}),
    ("practitioner", "AnswerInvitation", "conference", {"conference_id": "x", "on": "2026-03-02", "answer": "yes"}),
    ("senior-practitioner", "AgreeNonAttendance", "conference", {"conference_id": "x", "reason": "told"}),
    ("practitioner", "RecordConferenceAttendance", "conference", {"conference_id": "x", "on": "2026-03-02"}),
    (
        "practitioner",
        "RecordReviewConference",
        "conference",
        {"conference_id": "x", "on": "2026-03-02", "outcome": "y"},
    ),
    ("practitioner", "SetConferenceAction", "conference", {"action_id": "a", "conference_id": "x", "text": "told"}),
    ("practitioner", "CompleteConferenceAction", "action", {"action_id": "x", "on": "2026-03-02"}),
]


def role(word):
    return "supervisor" if word == "any-staff" else word


# ---------------------------------------------------------------------------------------- impossible


@pytest.mark.parametrize("by,command,what,data", UNKNOWN_HERE, ids=lambda each: each if isinstance(each, str) else "")
def test_what_a_fact_names_must_be_there(by, command, what, data):
    case = Mattering().concern()
    rule, message = case.stops(NOON, role(by), command, **data)
    assert (rule, message) == ("GEN-06", f"No {what} {case.names.id('x')} is recorded here; check the id.")


@pytest.mark.parametrize(
    "line",
    [
        lambda case: case.concern(),
        lambda case: case.referral(concerns=["c0"]),
        lambda case: case.invited(),
    ],
    ids=["concern", "referral", "conference"],
)
def test_an_id_is_brought_once(line):
    case = line(Mattering().concern(concern="c0"))
    with pytest.raises(AssertionError, match="Recorded events cannot be changed"):
        line(case)


def test_a_concern_names_somebody_on_record():
    with pytest.raises(AssertionError, match="No offender"):
        Mattering().concern(offender="nobody")


def test_a_child_may_be_named_before_it_is_recorded():
    assert Mattering().concern(child_ref="kit").about() == ["dora", "kit"]


def test_nothing_is_recorded_in_a_matter_that_names_nobody():
    refused = Mattering().stops(NOON, "practitioner", "RecordStrategyMeeting", on="2026-03-02", attended_by=[])
    assert refused == ("GEN-06", "Nothing is recorded here yet; begin with RecordConcern.")


def test_a_concern_struck_out_leaves_a_matter_that_names_nobody():
    case = Mattering().concern(label="wrong")
    case.tells(NOON, "practitioner", "StrikeOutRecord", event_ref=case.names.ids["wrong"], reason="another person")
    assert case.shown("offender/dora/child-protection", "2026-03-02") == {"matters": [], "alerts": []}
    refused = case.stops(
        NOON, "team-admin", "RecordInvitation", conference_id="cf1", kind="INITIAL", for_date="2026-04-01"
    )
    assert refused[0] == "GEN-06"


def test_a_check_before_any_concern_names_its_offender():
    case = Mattering()
    data = {"check_id": "k1", "offender_id": "dora", "on": "2026-03-02", "reason": "PSR"}
    case.tells(NOON, "practitioner", "RequestCheck", **data)
    case.tells(NOON, "team-admin", "RecordCheckAnswer", check_id="k1", on="2026-03-02", q1=False, q2=False)
    assert case.about() == ["dora"]


def test_nothing_of_a_matter_takes_effect_in_the_future():
    with pytest.raises(AssertionError, match="future"):
        Mattering().concern(on="2025-09-02", at="2025-09-01 10:00")


# ---------------------------------------------------------------------------------------- about


def test_every_fact_of_a_matter_is_about_everybody_its_concerns_name():
    case = Mattering()
    case.person = "dan"
    case.tell(
        "2023-01-03 09:10",
        "court-officer",
        "RecordOffender",
        client_id="9000005",
        surname="Invented",
        forenames="Dan",
        dob="1989-07-07",
        gender="M",
    )
    case.concern(child_ref="kit").concern("c2", on="2025-09-02", offender="dan", child_ref="pip")
    case.invited(at="2025-09-03 10:00")
    assert case.about() == ["dan", "dora", "kit", "pip"]


def test_a_correction_is_about_whom_its_record_is_about():
    case = Mattering().concern(child_ref="kit", label="told")
    data = {"event_ref": case.names.ids["told"], "field": "grave", "corrected_value": True, "reason": "misheard"}
    case.tells(NOON, "practitioner", "CorrectRecord", **data)
    assert case.about() == ["dora", "kit"]


def test_concerns_of_any_chain_pass_over_what_was_struck_out():
    case = Mattering().concern(child_ref="kit").concern("c2", on="2025-09-02", child_ref="kit", label="wrong")
    for chain in ("offender-dora", "child-kit", "child-protection-matter-m1"):
        noun, _, name = chain.rpartition("-")
        found = concerns_of(case.ledger.history(f"{noun}-{case.names.id(name)}", opens={}))
        assert [case.names.names[each.fact.concern_id] for each in found] == ["c1", "c2"]
    case.tells(NOON, "practitioner", "StrikeOutRecord", event_ref=case.names.ids["wrong"], reason="another family")
    found = concerns_of(case.ledger.history(f"offender-{case.names.id('dora')}", opens={}))
    assert [case.names.names[each.fact.concern_id] for each in found] == ["c1"]


def test_a_fold_by_one_fact_more_is_the_fold_of_all():
    case = Mattering().concern().referral().reply("2025-12-20").invited(at="2026-01-02 10:00")
    history = case.ledger.history(f"child-protection-matter-{case.names.id('m1')}", opens={})
    for n in range(len(history)):
        assert Matter.fold([*history[:n], history[n]]) == Matter.fold(history[: n + 1])


# ---------------------------------------------------------------------------------------- what the rules say


@pytest.mark.parametrize("forms,warned", [((), True), (("R6",), True), (("R2", "R7"), True), (("R7", "R6"), False)])
def test_a_referral_without_both_sections_warns(forms, warned):
    case = Mattering().concern()
    for form in forms:
        case.tells(
            "2025-09-02 10:00",
            "practitioner",
            "CompleteChildRiskSection",
            form=form,
            on="2025-09-02",
            confidential=True,
        )
    case.referral()
    assert (("CP-11", "Complete R6 and R7.") in case.warned) is warned


@pytest.mark.parametrize(
    "more,warned",
    [
        ({}, False),
        ({"shared_with_family_on": None}, True),
        ({"shared_with_family_on": None, "closed_session_agreed_with": "  "}, True),
        ({"shared_with_family_on": None, "closed_session_agreed_with": "the chair"}, False),
    ],
)
def test_a_report_not_shared_warns_unless_the_chair_agreed(more, warned):
    case = Mattering().concern().invited().report("2025-12-10", **more)
    assert (("CP-21", "Agree with the chair in advance if not sharing.") in case.warned) is warned


CP1 = {
    "on": "2026-03-02",
    "tick_child_on_register": True,
    "tick_risk_to_children": False,
    "location": "Nowhere",
    "children": [{"surname": "Invented", "forename": "Kit"}],
    "offenders": [{"surname": "Invented", "forename": "Dora"}],
    "relationship": "mother",
    "supervision_commenced": "2024-11-04",
    "supervision_expires": "2027-11-03",
    "officer": "O. Officerlike",
    "officer_location": "Nowhere",
    "telephone": "01632 960000",
}


@pytest.mark.parametrize(
    "empty,named",
    [
        ({"children": []}, "children"),
        ({"location": " ", "offenders": []}, "location, offenders"),
        ({"telephone": "", "officer": "\n"}, "officer, telephone"),
    ],
)
def test_form_cp1_says_what_it_lacks(empty, named):
    refused = Mattering().concern().stops(NOON, "practitioner", "SendCp1", **(CP1 | empty))
    assert refused == ("CP-14", f"CP1 needs {named}.")


def test_a_whole_form_cp1_is_sent():
    assert Mattering().concern().tells(NOON, "practitioner", "SendCp1", **CP1).about() == ["dora"]


@pytest.mark.parametrize("reason", [None, "", " \n"])
def test_an_action_not_done_needs_its_reason_in_writing(reason):
    case = Mattering().concern().invited()
    case.tells(
        "2025-12-19 09:00", "practitioner", "SetConferenceAction", action_id="a1", conference_id="cf1", text="call"
    )
    data = {"action_id": "a1", "written_on": "2026-03-02"} | ({} if reason is None else {"reason": reason})
    assert case.stops(NOON, "practitioner", "ExplainConferenceAction", **data) == ("CP-24", "Give the written reason.")


def checked(q1=False, q2=False, answered=True):
    case = Mattering().concern(on="2026-02-02")
    asked = {"check_id": "k1", "offender_id": "dora", "on": "2026-02-02", "reason": "REVIEW"}
    case.tells("2026-02-02 11:00", "practitioner", "RequestCheck", **asked)
    if answered:
        case.tells("2026-02-09 10:00", "team-admin", "RecordCheckAnswer", check_id="k1", on="2026-02-09", q1=q1, q2=q2)
    return case


def closing(case, reason=None, on="2026-03-02"):
    return {"check_id": "k1", "on": on} | ({} if reason is None else {"reason": reason})


@pytest.mark.parametrize("reason", [None, "", " \n"])
@pytest.mark.parametrize("answers", [(True, False), (False, True)])
def test_a_positive_check_is_closed_by_r7_or_a_reason(answers, reason):
    case = checked(*answers)
    refused = case.stops(NOON, "practitioner", "CloseCheck", **closing(case, reason))
    assert refused == ("CP-08", "A positive check needs R7 or a reason.")
    assert case.tells(NOON, "practitioner", "CloseCheck", **closing(case, "as told")).about() == ["dora"]


def test_an_r7_from_the_day_of_the_answer_closes_a_positive_check():
    for on, by, command, to, data in (
        ("2026-02-08", "practitioner", "SubmitR7", "register-entry/e1", {"offender_id": "dora", "ground": "CONCERN"}),
        ("2026-02-08", "practitioner", "CompleteChildRiskSection", M1, {"form": "R7", "confidential": True}),
    ):
        case = checked(q1=True).tells("2026-02-10 10:00", by, command, to=to, on=on, **data)
        assert case.stops(NOON, "practitioner", "CloseCheck", **closing(case))[0] == "CP-08"
        again = {"to": "register-entry/e2"} if to != M1 else {"to": M1}
        case.tells("2026-02-10 11:00", by, command, on="2026-02-09", **data, **again)
        assert case.tells(NOON, "practitioner", "CloseCheck", **closing(case)).warned == []


def test_a_check_that_said_no_is_closed_without_a_word_and_one_without_an_answer_is_not():
    case = checked()
    assert case.tells(NOON, "team-admin", "CloseCheck", **closing(case)).warned == []
    waiting = checked(answered=False)
    rule, message = waiting.stops(NOON, "practitioner", "CloseCheck", **closing(waiting, "as told"))
    assert (rule, "RecordCheckAnswer" in message) == ("GEN-06", True)


# ---------------------------------------------------------------------------------------- who, and absurd input


@pytest.mark.parametrize("fact", FACTS, ids=lambda each: each.__name__)
def test_only_the_roles_of_the_catalogue_give_a_command(fact):
    for by in sorted({"police", "school", "auditor", "inspector", "system", "supervisor", "pso"} - roles_for(fact)):
        with pytest.raises(Forbidden):
            Mattering().give(NOON, by, fact.command, to=M1)


def test_any_member_of_staff_records_a_concern():
    assert roles_for(FACTS[0]) == ANY_STAFF


ABSURD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.sampled_from(
        ["\x00", "\ud800", "9999-12-31", "0001-01-01", "2026-02-30", str(uuid4()), "'; DROP TABLE fact;--"]
    ),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.none(), max_size=3),
)


@pytest.mark.parametrize("fact", FACTS, ids=lambda each: each.__name__)
@given(data=st.data())
def test_absurd_values_are_refused_or_recorded_and_never_break_anything(fact, data):
    """One field of an otherwise whole command is anything at all: malformed, refused, or read back as it was told."""
    sample = a_fact_of(fact).model_dump(mode="json", exclude_none=True)
    name = data.draw(st.sampled_from(sorted(fact.model_fields)))
    try:
        draft = read_draft(fact, sample | {name: data.draw(ABSURD)})
    except Malformed:
        return
    assert read_draft(fact, draft.model_dump(mode="json", exclude_none=True)) == draft


@pytest.mark.parametrize("day", ["2200-12-31", "2200-06-30", "1800-01-01"])
def test_a_conference_on_an_absurd_day_stands_in_every_view(day):
    case = Mattering().concern().invited(day=day)
    for as_at in ("2025-09-01", "2025-09-03", "9999-12-31"):
        case.shown("offender/dora/child-protection", as_at, explain=True)
        case.shown("child-protection-matter/m1", as_at, explain=True)


def test_a_setting_out_of_all_proportion_breaks_no_view():
    absurd = dict.fromkeys(("cp.referral_reply", "cp.core_assessment", "cp.core_group"), "9999")
    case = Mattering(absurd | {"cp.review_conference": "9999, 9999"}).concern().invited(day="2025-10-01")
    case.strategy("2025-10-02").referral("rf1", at="2025-10-03 10:00")
    matter = case.matter("2025-12-01")
    assert str(matter["referrals"][0]["reply_due"]) == "2053-02-17"
    assert str(matter["core_assessment_due"]) == "2053-02-16"
    assert matter["conferences"][0]["core_group_due"] == "calendar-missing"
