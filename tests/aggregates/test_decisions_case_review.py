"""What may be recorded in a case review: whom it names, what it secures, and who may do what."""

from datetime import date
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.aggregates.matters import Mattering
from tests.aggregates.telling import FIELDS_OF_ANN
from tests.aggregates.test_decisions_child_protection import ABSURD
from tests.store.samples import a_fact_of

from ledger.aggregates.case_review.facts import FACTS
from ledger.aggregates.case_review.review import Review
from ledger.aggregates.drafts import read_draft
from ledger.aggregates.roles import roles_for
from ledger.errors import Forbidden, Malformed
from ledger.rules.case_review import completion_due, seal

R1 = "case-review/r1"
REFERRED = {"ground": "DEATH", "child_refs": [], "offender_refs": ["dora"], "sent_to": "Nowhere Safeguarding Board"}
SECURED = {"requested_by": "C. Chairlike", "requested_at": "2025-11-03 09:10", "secured_at": "2025-11-03 09:40"}


class Reviewing(Mattering):
    """Dora is on record with an order and a matter; review r1 is told line by line."""

    def __init__(self):
        super().__init__()
        self.order("d1", sentence="2025-01-06")
        self.concern(on="2025-09-01")

    def says(self, at, by, command, /, **data):
        return self.tell(at, by, command, to=R1, **data)

    def stops(self, at, by, command, /, **data):
        return self.refused(at, by, command, to=R1, **data)

    def referred(self, **more):
        data = REFERRED | {"referred_at": "2025-11-03 09:00", **more}
        return self.says("2025-11-03 09:00", "aco", "ReferSeriousIncident", **data)

    def secured(self, at="2025-11-03 09:40", streams=("dora",), **more):
        return self.says(at, "aco", "SecureRecords", **(SECURED | {"secured_at": at, "streams": list(streams), **more}))

    def duplicate(self, at="2025-11-03 14:00", **more):
        return self.says(at, "team-admin", "ProduceDuplicate", produced_at=at, **more)

    def newest(self):
        return self.ledger.records[-1].fact

    def stream(self, name, noun="offender"):
        return f"{noun}-{self.names.id(name)}"


# ---------------------------------------------------------------------------------------- referral (SCR-01)


@pytest.mark.parametrize(
    "ground,concern,refused",
    [
        ("DEATH", None, False),
        ("OTHER_SERIOUS_CONCERN", None, False),
        ("LIFE_THREATENING_INJURY", None, True),
        ("LIFE_THREATENING_INJURY", " \n", True),
        ("LIFE_THREATENING_INJURY", "nobody told the school", False),
        ("SERIOUS_SEXUAL_ABUSE", None, True),
        ("SERIOUS_SEXUAL_ABUSE", "", True),
        ("SERIOUS_SEXUAL_ABUSE", "nobody told the school", False),
    ],
)
def test_an_injury_or_abuse_needs_the_concern_about_services(ground, concern, refused):
    more = {"ground": ground} | ({} if concern is None else {"concern": concern})
    if refused:
        data = REFERRED | {"referred_at": "2025-11-03 09:00", **more}
        found = Reviewing().stops("2025-11-03 09:00", "aco", "ReferSeriousIncident", **data)
        assert found == ("SCR-01", "State the concern about how services worked together.")
    else:
        Reviewing().referred(**more)


def test_a_review_is_about_somebody():
    data = REFERRED | {"offender_refs": [], "referred_at": "2025-11-03 09:00"}
    found = Reviewing().stops("2025-11-03 09:00", "aco", "ReferSeriousIncident", **data)
    assert found == ("SCR-01", "Name the child or the offender whom the review is about.")


def test_an_offender_of_a_review_is_on_record():
    data = REFERRED | {"offender_refs": ["dora", "nobody"], "referred_at": "2025-11-03 09:00"}
    rule, message = Reviewing().stops("2025-11-03 09:00", "aco", "ReferSeriousIncident", **data)
    assert (rule, message[:11]) == ("GEN-06", "No offender")


def test_a_review_begins_with_its_referral_and_has_one():
    case = Reviewing()
    assert case.stops("2025-11-03 09:00", "aco", "CompleteReview", on="2025-11-03")[0] == "GEN-06"
    case.referred()
    data = REFERRED | {"referred_at": "2025-11-03 09:05"}
    assert case.stops("2025-11-03 09:05", "aco", "ReferSeriousIncident", **data)[0] == "GEN-06"


@pytest.mark.parametrize(
    "by,command,data",
    [
        ("aco", "SecureRecords", SECURED | {"streams": ["dora"]}),
        ("practitioner", "SecureRecords", SECURED | {"streams": ["dora"]}),
        ("team-admin", "ProduceDuplicate", {"produced_at": "2025-11-04 09:00"}),
        (
            "case-reviewer",
            "ProduceChronology",
            {"from_date": "2025-01-01", "to_date": "2025-10-31", "as_known_at": "2025-11-03 12:00"},
        ),
        ("chief-officer", "IssueActionPlan", {"actions": []}),
        ("practitioner", "CompleteReviewAction", {"action_id": "a9", "on": "2025-11-04", "evidence": "none"}),
        ("chief-officer", "SignManagementReview", {"on": "2025-11-04"}),
        ("chief-officer", "ForwardManagementReview", {"forwarded_to": "the chair", "on": "2025-11-04"}),
    ],
)
def test_in_a_review_whose_referral_was_struck_out_nothing_is_recorded_until_it_stands_again(by, command, data):
    case = Reviewing().referred(label="referral")
    case.says("2025-11-04 10:00", "area-manager", "StrikeOutRecord", event_ref="referral", reason="no", label="out")
    stopped = case.stops("2025-11-04 11:00", by, command, **data)
    assert stopped == ("SCR-01", "The referral of this review was struck out; refer the incident anew.")
    assert shown(case, "2025-11-04")["secured"] is False
    case.says("2025-11-04 12:00", "area-manager", "StrikeOutRecord", event_ref="out", reason="it was one")
    assert case.secured("2025-11-04 13:00").newest().seal_hash is not None


def test_a_referral_that_named_the_wrong_person_is_struck_out_and_made_anew_once():
    case = Reviewing()
    case.tell("2025-09-02 09:00", "court-officer", "RecordOffender", to="offender/dan", **FIELDS_OF_ANN)
    case.referred(label="referral", offender_refs=["dan"])
    case.says("2025-11-04 10:00", "area-manager", "StrikeOutRecord", event_ref="referral", reason="of another person")
    again = REFERRED | {"referred_at": "2025-11-03 09:00"}
    case.says("2025-11-04 11:00", "aco", "ReferSeriousIncident", **again)
    assert shown(case, "2025-11-04")["offender_refs"] == ["dora"]
    assert len(case.shown("offender/dora/oversight", "2025-11-05")["reviews"]) == 1
    assert case.shown("offender/dan/oversight", "2025-11-05")["reviews"] == []
    assert case.secured("2025-11-04 13:00").newest().seal_hash is not None
    assert case.stops("2025-11-04 14:00", "aco", "ReferSeriousIncident", **again)[0] == "GEN-06"


def test_a_hold_is_released_though_the_referral_of_its_review_was_struck_out():
    case = Reviewing().referred(label="referral")
    case.says(
        "2025-11-03 10:00", "aco", "PlaceHold", hold_id="h1", offender_refs=["dora"], placed_at="2025-11-03 10:00"
    )
    case.says("2025-11-04 10:00", "area-manager", "StrikeOutRecord", event_ref="referral", reason="not a review")
    released = {"hold_id": "h1", "released_at": "2025-11-05 10:00", "authority": "letter of the chair"}
    case.says("2025-11-05 10:00", "chief-officer", "ReleaseHold", **released)
    assert shown(case, "2025-11-05")["holds"][0]["released_at"] is not None


def test_every_fact_of_a_review_is_about_everybody_it_names():
    case = Reviewing().referred(child_refs=["kit"])
    assert case.about() == ["dora", "kit"]
    assert case.says("2025-11-03 10:00", "aco", "CompleteReview", on="2025-11-03").about() == ["dora", "kit"]


# ---------------------------------------------------------------------------------------- records (SCR-03, SCR-04)


@pytest.mark.parametrize("by", ["unit-manager", "chief-officer", "senior-practitioner", "risk-manager", "practitioner"])
def test_only_the_senior_manager_for_public_protection_secures_records(by):
    found = Reviewing().referred().stops("2025-11-03 09:40", by, "SecureRecords", **SECURED, streams=["dora"])
    assert found == ("SCR-03", "Only the senior manager responsible for public protection may secure records.")


def test_what_is_secured_is_counted_and_hashed_as_it_is():
    case = Reviewing().referred()
    history = case.ledger.history(case.stream("dora"))
    fact = case.secured().newest()
    assert fact.last_sequences == {case.stream("dora"): 2}
    lines = "".join(f"{each.position} {each.id}\n" for each in history)
    assert len(history) == 4, "her record, her order, the concern, the referral"
    assert fact.seal_hash == sha256(lines.encode()).hexdigest()


def test_a_record_about_a_person_of_the_review_can_be_secured_too():
    case = Reviewing().referred().secured(streams=["m1", "dora"])
    assert case.newest().last_sequences == {case.stream("dora"): 2, case.stream("m1", "child-protection-matter"): 1}


@pytest.mark.parametrize("streams,rule", [([], "SCR-03"), (["elsewhere"], "GEN-06"), (["dora", "elsewhere"], "GEN-06")])
def test_what_is_not_there_cannot_be_secured(streams, rule):
    found = Reviewing().referred().stops("2025-11-03 09:40", "aco", "SecureRecords", **SECURED, streams=streams)
    assert found[0] == rule


def test_a_person_outside_the_review_cannot_be_secured():
    case = Reviewing()
    person = {"client_id": "9000005", "surname": "Invented", "forenames": "Dan", "dob": "1989-07-07", "gender": "M"}
    case.tell("2025-10-01 09:00", "court-officer", "RecordOffender", to="offender/dan", **person)
    case.referred()
    assert case.stops("2025-11-03 09:40", "aco", "SecureRecords", **SECURED, streams=["dan"])[0] == "GEN-06"


@pytest.mark.parametrize(
    "wrong", [{"seal_hash": "0" * 64}, {"last_sequences": {}}, {"last_sequences": {"offender-x": 2}}]
)
def test_a_count_or_hash_that_is_given_must_be_right(wrong):
    found = (
        Reviewing().referred().stops("2025-11-03 09:40", "aco", "SecureRecords", **SECURED, streams=["dora"], **wrong)
    )
    assert found[0] == "SCR-03"


def test_the_sealed_set_stays_as_it_was_when_work_goes_on():
    case = Reviewing().referred().secured()
    sealed = case.newest().seal_hash
    case.concern("c2", on="2025-11-03", at="2025-11-03 12:00")
    assert case.duplicate().newest().contents_hash == sealed


def test_a_second_securing_seals_what_came_since():
    case = Reviewing().referred().secured()
    first = case.newest().seal_hash
    case.concern("c2", on="2025-11-03", at="2025-11-03 12:00").secured("2025-11-03 13:00")
    second = case.newest().seal_hash
    assert first != second
    assert case.duplicate().newest().contents_hash == second


def test_there_is_no_duplicate_of_nothing():
    found = (
        Reviewing()
        .referred()
        .stops("2025-11-03 14:00", "team-admin", "ProduceDuplicate", produced_at="2025-11-03 14:00")
    )
    assert found == ("SCR-04", "No records are secured in this review; secure them first.")


FACTS_SEEN = st.lists(st.tuples(st.integers(1, 99), st.uuids().map(str)), unique=True)


@given(facts=FACTS_SEEN, data=st.data())
def test_the_seal_is_of_the_facts_and_not_of_the_order_they_were_read_in(facts, data):
    again = data.draw(st.permutations(facts))
    assert seal(facts) == seal(again) == seal([*facts, *again])
    assert (seal(facts[1:]) == seal(facts)) is (facts == [])


# ---------------------------------------------------------------------------------------- panel, report (SCR-07 to 09)


def constituted(members, on="2025-11-10"):
    return {"remit": "as told", "members": members, "constituted_on": on, "diversity_considered": True}


def manager_of_dora(case):
    data = {"order_id": "d1", "matter": "as told", "decision": "as told", "reason": "as told", "on": "2025-10-01"}
    case.tell("2025-10-01 10:00", "senior-practitioner", "RecordManagementDecision", author="boss", **data)
    return case.names.id("boss")


def test_nobody_who_line_manages_the_case_sits_on_its_panel():
    case = Reviewing()
    boss = manager_of_dora(case)
    case.referred()
    found = case.stops("2025-11-10 09:00", "aco", "ConstituteReview", **constituted(["pm1", boss]))
    assert found == ("SCR-07", "Panel members may not line-manage the case.")
    case.says("2025-11-10 09:00", "aco", "ConstituteReview", **constituted(["pm1", "pm2"]))


@pytest.mark.parametrize("struck_out", [False, True])
def test_nor_whom_the_assignment_of_an_order_names_as_line_manager_unless_it_was_struck_out(struck_out):
    case = Reviewing()
    data = {"order_id": "d1", "staff_id": "po1", "grade": "PO", "role": "RESPONSIBLE", "on": "2025-10-01"}
    case.tell(
        "2025-10-01 10:00", "senior-practitioner", "AssignPractitioner", line_manager="boss", label="named", **data
    )
    if struck_out:
        case.tell(
            "2025-10-02 10:00", "senior-practitioner", "StrikeOutRecord", event_ref="named", reason="of another case"
        )
    case.referred()
    if struck_out:
        case.says("2025-11-10 09:00", "aco", "ConstituteReview", **constituted(["pm1", "boss"]))
    else:
        found = case.stops("2025-11-10 09:00", "aco", "ConstituteReview", **constituted(["pm1", "boss"]))
        assert found == ("SCR-07", "Panel members may not line-manage the case.")


STEPS = {
    "confirm": ("chief-officer", "ConfirmSecured", {"on": "2025-11-04"}),
    "nominate": ("chief-officer", "NominateReviewer", {"staff": "mr1", "grade": "ACO", "on": "2025-11-04"}),
    "draft": ("case-reviewer", "DraftManagementReview", {"sections": {"1": "a", "2": "b", "3": "c", "4": "d"}}),
    "thin draft": ("case-reviewer", "DraftManagementReview", {"sections": {"1": "a", "2": " ", "4": "d"}}),
    "no lessons": ("case-reviewer", "DraftManagementReview", {"sections": {"1": "a", "2": "b", "4": "d"}}),
    "no advice": ("case-reviewer", "DraftManagementReview", {"sections": {"1": "a", "2": "b", "3": "c"}}),
    "sign": ("chief-officer", "SignManagementReview", {"on": "2025-11-04"}),
    "forward": ("chief-officer", "ForwardManagementReview", {"forwarded_to": "the chair", "on": "2025-11-04"}),
}


@pytest.mark.parametrize(
    "before,step,refused",
    [
        ([], "nominate", ("SCR-08", "Confirm that the records are secured.")),
        (["confirm"], "nominate", None),
        (["draft"], "sign", None),
        ([], "sign", ("SCR-09", "Section 1 is empty.")),
        (["thin draft"], "sign", ("SCR-09", "Section 2 is empty.")),
        (["no lessons"], "sign", ("SCR-09", "Section 3 is empty.")),
        (["no advice"], "sign", ("SCR-09", "Section 4 is empty.")),
        (["thin draft", "draft"], "sign", None),
        (["draft", "thin draft"], "sign", ("SCR-09", "Section 2 is empty.")),
        (["draft"], "forward", ("SCR-08", "The Chief Officer must sign first.")),
        (["draft", "sign"], "forward", None),
    ],
)
def test_a_management_review_goes_step_by_step(before, step, refused):
    case = Reviewing().referred()
    for n, each in enumerate(before):
        by, command, data = STEPS[each]
        case.says(f"2025-11-04 1{n}:00", by, command, **data)
    by, command, data = STEPS[step]
    if refused:
        assert case.stops("2025-11-04 18:00", by, command, **data) == refused
    else:
        case.says("2025-11-04 18:00", by, command, **data)


def test_a_reviewer_does_not_line_manage_the_case():
    case = Reviewing()
    boss = manager_of_dora(case)
    case.referred().says("2025-11-04 10:00", "chief-officer", "ConfirmSecured", on="2025-11-04")
    data = {"staff": boss, "grade": "SPO", "on": "2025-11-04"}
    found = case.stops("2025-11-04 11:00", "chief-officer", "NominateReviewer", **data)
    assert found == ("SCR-07", "Panel members may not line-manage the case.")


def test_an_unsigned_review_is_not_forwarded_after_the_signature_was_struck_out():
    case = Reviewing().referred()
    case.says("2025-11-04 10:00", *STEPS["draft"][:2], **STEPS["draft"][2])
    case.says("2025-11-04 11:00", *STEPS["sign"][:2], **STEPS["sign"][2], label="signed")
    case.says(
        "2025-11-04 12:00", "chief-officer", "StrikeOutRecord", event_ref=case.names.ids["signed"], reason="too soon"
    )
    assert case.stops("2025-11-04 18:00", *STEPS["forward"][:2], **STEPS["forward"][2])[0] == "SCR-08"


def test_what_is_drafted_after_the_signature_is_signed_anew_before_it_goes_out_or_the_hold_ends():
    case = Reviewing().referred()
    case.says(
        "2025-11-03 10:00", "aco", "PlaceHold", hold_id="h1", offender_refs=["dora"], placed_at="2025-11-03 10:00"
    )
    asked = {"on": "2025-11-03", "timescale_due": "2026-03-31"}
    case.says("2025-11-03 11:00", "chief-officer", "RequestManagementReview", **asked)
    release = {"hold_id": "h1", "released_at": "2025-11-04 16:00", "authority": "as told"}
    for hour, step, state in ((10, "draft", "drafted"), (11, "sign", "signed"), (12, "draft", "drafted")):
        by, command, data = STEPS[step]
        case.says(f"2025-11-04 {hour}:00", by, command, **data)
        assert case.shown(R1, "2025-11-04")["management_review"]["state"] == state
    found = case.stops("2025-11-04 13:00", *STEPS["forward"][:2], **STEPS["forward"][2])
    assert found == ("SCR-08", "The Chief Officer must sign first.")
    assert case.stops("2025-11-04 16:00", "aco", "ReleaseHold", **release) == ("SCR-06", "Review is not finished.")
    for hour, step, state in ((17, "sign", "signed"), (18, "forward", "forwarded")):
        by, command, data = STEPS[step]
        case.says(f"2025-11-04 {hour}:00", by, command, **data)
        assert case.shown(R1, "2025-11-04")["management_review"]["state"] == state
    case.says("2025-11-04 19:00", "aco", "ReleaseHold", **release)


# ---------------------------------------------------------------------------------------- the whole catalogue of it


@pytest.mark.parametrize("fact", FACTS, ids=lambda each: each.__name__)
def test_only_the_roles_of_the_catalogue_give_a_command(fact):
    for by in sorted({"police", "school", "auditor", "inspector", "system", "pso", "trainee"} - roles_for(fact)):
        with pytest.raises(Forbidden):
            Reviewing().give("2026-01-05 10:00", by, fact.command, to=R1)


@pytest.mark.parametrize("fact", FACTS, ids=lambda each: each.__name__)
@given(data=st.data())
def test_absurd_values_are_refused_or_recorded_and_never_break_anything(fact, data):
    sample = a_fact_of(fact).model_dump(mode="json", exclude_none=True)
    name = data.draw(st.sampled_from(sorted(fact.model_fields)))
    try:
        draft = read_draft(fact, sample | {name: data.draw(ABSURD)})
    except Malformed:
        return
    assert read_draft(fact, draft.model_dump(mode="json", exclude_none=True)) == draft


def test_a_fold_by_one_fact_more_is_the_fold_of_all():
    case = Reviewing().referred().secured().duplicate()
    history = case.ledger.history(case.stream("r1", "case-review"), opens={})
    assert [Review.fold(history[:n]).history for n in range(4)] == [tuple(history[:n]) for n in range(4)]
    assert Review.fold(history).offenders == (case.stream("dora"),)


# ---------------------------------------------------------------------------------------- what is shown


def shown(case, as_at, **more):
    return case.shown(R1, as_at, **more)


@pytest.mark.parametrize(
    "constituted_on,due,reminder",
    [
        ("2025-10-31", "2026-02-28", "2026-01-31"),
        ("2027-10-31", "2028-02-29", "2028-01-31"),
        ("2025-08-31", "2025-12-31", "2025-11-30"),
        ("2025-12-15", "2026-04-15", "2026-03-15"),
    ],
)
def test_a_review_is_completed_within_four_months(constituted_on, due, reminder):
    on = date.fromisoformat(constituted_on)
    assert [str(completion_due(on, months)) for months in (4, 3)] == [due, reminder]


@pytest.mark.parametrize(
    "completed,as_at,state",
    [
        (None, "2026-03-10", "due"),
        (None, "2026-03-11", "overdue"),
        ("2026-03-10", "2026-03-31", "completed"),
        ("2026-03-11", "2026-03-31", "completed-late"),
        ("2026-03-11", "2026-03-10", "due"),
    ],
)
def test_where_the_review_stands(completed, as_at, state):
    case = Reviewing().referred()
    assert shown(case, "2025-11-10")["completion"]["state"] == "not-constituted"
    case.says("2025-11-10 09:00", "aco", "ConstituteReview", **constituted(["pm1"]))
    if completed:
        case.says(f"{completed} 10:00", "aco", "CompleteReview", on=completed)
    assert shown(case, as_at)["completion"]["state"] == state


def test_what_is_secured_without_a_duplicate_is_flagged():
    case = Reviewing().referred()
    flags = [[each["flag"] for each in shown(case, "2025-11-03")["alerts"]]]
    case.secured()
    flags.append([each["flag"] for each in shown(case, "2025-11-03")["alerts"]])
    case.duplicate()
    flags.append([each["flag"] for each in shown(case, "2025-11-03")["alerts"]])
    case.secured("2025-11-05 10:00")
    flags.append([each["flag"] for each in shown(case, "2025-11-05")["alerts"]])
    assert flags == [[], ["NO_DUPLICATE_SET"], [], ["NO_DUPLICATE_SET"]]


def test_the_offender_s_file_shows_the_review_and_what_managers_did():
    case = Reviewing()
    manager_of_dora(case)
    case.referred().secured()
    overseen = case.shown("offender/dora/oversight", "2025-11-03", explain=True)
    (review,) = overseen["reviews"]
    assert (review["review_id"], review["secured"], review["duplicate"]) == ("r1", True, False)
    assert [each["by"] for each in overseen["decisions"]] == ["boss"]
    assert overseen["decisions"][0]["why"]["facts"]
    assert overseen["holds"] == []
    assert case.shown("offender/dora/oversight", "2025-09-30")["reviews"] == []


def test_a_step_of_the_management_review_is_shown_with_its_day():
    case = Reviewing().referred()
    assert shown(case, "2025-11-03")["management_review"] is None
    data = {"on": "2025-11-03", "timescale_due": "2025-12-31"}
    case.says("2025-11-03 10:00", "chief-officer", "RequestManagementReview", **data)
    states = [shown(case, "2025-11-03")["management_review"]["state"]]
    for n, each in enumerate(("confirm", "nominate", "draft", "sign", "forward")):
        by, command, data = STEPS[each]
        case.says(f"2025-11-04 1{n}:00", by, command, **data)
        states.append(shown(case, "2025-11-04")["management_review"]["state"])
    assert states == ["requested", "secured", "nominated", "drafted", "signed", "forwarded"]
    assert shown(case, "2025-11-03")["management_review"]["overdue"] is False
