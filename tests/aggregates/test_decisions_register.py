"""Refusals and warnings of the register, and whom each fact is about: rule and message in the last column."""

import pytest
from tests.aggregates.registering import OFFICER, Registering, an_order, making

from ledger.errors import Forbidden
from ledger.rules import register

R7_FIRST = ("CP-31", "R7 must be received first.")
FORM_P = "Form P section 6 must be received."
NOTIFY = ("CP-41", "De-registration must be notified first.")
OTHERS = ("CP-46", "Other children remain registered.")
WORDING = ("CP-44", "The de-registration entry must use the set wording.")
E1 = {"to": "register-entry/e1"}


def refused(case, at, by, command, /, **data):
    return case.refused(at, by, command, **({"to": "register-entry/e1"} | data))


# ---------------------------------------------------------------------------------------- entering


@pytest.mark.parametrize(
    "by,data,why",
    [
        ("practitioner", {}, ("CP-31", "Only the Information Officer may enter the register.")),
        ("senior-practitioner", {}, ("CP-31", "Only the Information Officer may enter the register.")),
        (OFFICER, {"registered_on": "2024-12-02"}, R7_FIRST),
        (OFFICER, {"offender_id": "bob"}, ("GEN-06", "The R7 received here is about another person; check the entry.")),
        (OFFICER, {"child_ids": []}, ("CP-31", "Name the child or children; without one the ground is CONCERN.")),
        (OFFICER, {"registered_on": "2024-12-05"}, ("GEN-05", "An event cannot take effect in the future.")),
    ],
)
def test_an_entry_is_refused(by, data, why):
    case = Registering().person_of("ann").person_of("bob").r7().child("kit")
    assert refused(case, "2024-12-04 09:30", by, "EnterRegister", **making() | data) == why


def test_who_is_no_staff_is_turned_away_before_any_rule():
    case = Registering().person_of("ann").r7().child("kit")
    with pytest.raises(Forbidden):
        case.give("2024-12-04 09:30", "inspector", "EnterRegister", to="register-entry/e1", **making())


def test_an_entry_without_r7_or_with_a_child_nobody_recorded_is_none():
    case = Registering().person_of("ann").child("kit")
    assert refused(case, "2024-12-04 09:30", OFFICER, "EnterRegister", **making()) == R7_FIRST
    case.r7(at="2024-12-04 10:00")
    rule, message = refused(case, "2024-12-04 10:30", OFFICER, "EnterRegister", **making(children=["kit", "pip"]))
    assert (rule, message[:8]) == ("GEN-06", "No child")


def test_an_r7_is_about_somebody_on_record():
    data = {"offender_id": "nobody", "ground": "CONCERN", "on": "2024-12-03"}
    rule, message = refused(Registering(), "2024-12-03 10:00", "practitioner", "SubmitR7", **data)
    assert (rule, message[:11]) == ("GEN-06", "No offender")


def test_a_second_r7_may_name_another_child_but_no_other_person():
    case = Registering().person_of("ann").person_of("bob").r7().r7(at="2024-12-03 11:00", child_id="pip")
    data = {"offender_id": "bob", "ground": "CONCERN", "on": "2024-12-03"}
    assert refused(case, "2024-12-03 12:00", "practitioner", "SubmitR7", **data)[1] == register.OTHER_OFFENDER


def test_an_entry_is_made_once():
    case = Registering().entered()
    why = refused(case, "2024-12-05 09:30", OFFICER, "EnterRegister", **making(children=["kit", "pip"]))
    assert why == ("GEN-06", "Recorded events cannot be changed; record a correction.")


@pytest.mark.parametrize(
    "by,command,data",
    [
        (OFFICER, "ReceiveFormP", {"on": "2024-12-04"}),
        ("practitioner", "ReviewRegister", {"on": "2024-12-04", "outcome": "UNCHANGED"}),
        ("practitioner", "NotifyDeregistration",
         {"ground": "CHILD_REMOVED", "occurred_on": "2024-12-04", "notified_on": "2024-12-04"}),
        (OFFICER, "CloseRegisterEntry", {"ground": "CHILD_REMOVED", "closed_on": "2024-12-04"}),
        (OFFICER, "EndLink", {"offender_id": "ann", "child_id": "kit", "ground": "CHILD_REMOVED", "on": "2024-12-04"}),
    ],
)  # fmt: skip
def test_nothing_is_done_in_an_entry_that_only_an_r7_asks_for(by, command, data):
    case = Registering().person_of("ann").r7()
    message = "Nothing is recorded here yet; begin with EnterRegister."
    assert refused(case, "2024-12-04 12:00", by, command, **data) == ("GEN-06", message)


def test_what_a_r7_asks_for_may_be_amended_before_it_is_entered():
    case = (
        Registering().person_of("ann").r7().tell("2024-12-04 10:00", "practitioner", "AmendR7", **E1, on="2024-12-04")
    )
    assert case.chains() == ["offender/ann"]
    other = refused(case, "2024-12-04 11:00", "practitioner", "AmendR7", to="register-entry/e2", on="2024-12-04")
    assert other == ("GEN-06", "Nothing is recorded here yet; begin with SubmitR7.")


# ---------------------------------------------------------------------------------------- reviewing


REVIEW = {"outcome": "UNCHANGED"}


def test_one_form_p_serves_one_review():
    case = Registering().entered()
    assert refused(case, "2025-04-02 10:00", "practitioner", "ReviewRegister", on="2025-04-02", **REVIEW) == (
        "CP-33",
        FORM_P,
    )
    case.reviewed("2025-04-02")
    assert refused(case, "2025-08-01 10:00", "practitioner", "ReviewRegister", on="2025-08-01", **REVIEW) == (
        "CP-33",
        FORM_P,
    )
    case.form_p("2025-08-01").reviewed("2025-08-02")


def test_a_review_is_neither_before_the_registration_nor_after_the_closing():
    case = Registering().entered(["kit"]).form_p("2025-04-01")
    early = refused(case, "2025-04-02 10:00", "practitioner", "ReviewRegister", on="2024-12-03", **REVIEW)
    assert early == ("GEN-06", "The date is before the registration.")
    case.notified().closed().form_p("2025-10-14")
    late = refused(case, "2025-10-14 10:00", "practitioner", "ReviewRegister", on="2025-10-14", **REVIEW)
    assert late == ("CP-33", "This entry was closed on 13 Oct 2025.")
    case.tell("2025-10-14 11:00", "practitioner", "ReviewRegister", **E1, on="2025-10-12", **REVIEW)


# ---------------------------------------------------------------------------------------- de-registering


def close(case, ground="CHILD_REMOVED", at="2025-10-13 10:00", by=OFFICER):
    return refused(case, at, by, "CloseRegisterEntry", ground=ground, closed_on=at[:10])


def test_only_the_information_officer_closes_and_only_on_the_ground_that_was_notified():
    case = Registering().entered(["kit"])
    assert close(case) == NOTIFY
    case.notified()
    assert close(case, by="risk-manager") == ("CP-41", "Only the Information Officer may de-register.")
    assert close(case, "CONTACT_CEASED") == NOTIFY
    case.closed()
    assert close(case, at="2025-10-14 10:00") == ("GEN-06", register.ALREADY_CLOSED)


@pytest.mark.parametrize(
    "told,why",
    [
        (lambda case: case.notified(), OTHERS),
        (lambda case: case.notified(child="kit"), OTHERS),
        (lambda case: case.notified().ended("kit"), OTHERS),
        (lambda case: case.notified(child="kit").notified(child="pip", on="2025-10-11"), None),
        (lambda case: case.notified().ended("kit").notified(on="2025-10-11"), None),
        (lambda case: case.notified().ended("kit").ended("pip", "2025-10-11"), None),
        (lambda case: case.notified("CONTACT_CEASED"), None),
        (lambda case: case.supervision_ended("2025-10-10"), None),
    ],
)
def test_an_entry_closes_when_every_child_in_it_has_a_ground(told, why):
    case = told(Registering().entered())
    if why is None:
        case.closed(ground=case.dereg("2025-10-13")[0])
    else:
        assert close(case) == why


def test_a_notification_struck_out_is_none():
    case = Registering().entered(["kit"])
    data = {"ground": "CHILD_REMOVED", "occurred_on": "2025-10-10", "notified_on": "2025-10-10"}
    case.tell("2025-10-10 10:00", "practitioner", "NotifyDeregistration", **E1, label="n", **data)
    reference = {"event_ref": case.names.id("n"), "reason": "the other brother"}
    case.tell("2025-10-10 11:00", "practitioner", "StrikeOutRecord", **E1, **reference)
    assert close(case) == NOTIFY


@pytest.mark.parametrize(
    "data,message",
    [
        ({"child_id": "pip"}, register.NOT_LINKED),
        ({"offender_id": "bob"}, register.OTHER_OFFENDER),
        ({"on": "2024-12-03"}, register.BEFORE_REGISTRATION),
    ],
)
def test_a_link_that_is_not_there_is_not_ended(data, message):
    case = Registering().person_of("bob").entered(["kit"])
    told = {"offender_id": "ann", "child_id": "kit", "ground": "CHILD_REMOVED", "on": "2025-10-10"} | data
    assert refused(case, "2025-10-10 12:00", OFFICER, "EndLink", **told) == ("GEN-06", message)


def test_a_link_ends_once_and_not_after_the_closing():
    case = Registering().entered().notified().ended("kit")
    told = {"offender_id": "ann", "child_id": "kit", "ground": "CHILD_REMOVED", "on": "2025-10-10"}
    assert refused(case, "2025-10-10 13:00", OFFICER, "EndLink", **told) == ("GEN-06", register.NOT_LINKED)
    case.ended("pip", "2025-10-11").closed()
    again = refused(case, "2025-10-14 13:00", OFFICER, "EndLink", **told | {"child_id": "pip"})
    assert again == ("GEN-06", register.NOT_LINKED)


def test_a_notification_names_a_child_of_the_entry_and_a_day_before_its_closing():
    case = Registering().entered(["kit"])
    data = {"ground": "CHILD_REMOVED", "occurred_on": "2025-10-10", "notified_on": "2025-10-10"}
    stranger = refused(case, "2025-10-10 10:00", "practitioner", "NotifyDeregistration", child_id="pip", **data)
    assert stranger == ("GEN-06", register.NOT_LINKED)
    case.notified().closed()
    late = refused(
        case, "2025-10-15 10:00", "risk-manager", "NotifyDeregistration", **data | {"occurred_on": "2025-10-14"}
    )
    assert late == ("CP-40", "This entry was closed on 13 Oct 2025.")


# ---------------------------------------------------------------------------------------- a concern alone


def concern():
    return Registering().entered([], ground="CONCERN")


def test_a_concern_alone_closes_when_supervision_or_the_concern_ends():
    case = concern().notified("CHILD_REMOVED")
    assert close(case) == ("CP-59", "An entry on a concern alone closes when supervision or the concern ends.")
    case.supervision_ended("2025-10-11").closed(ground="SUPERVISION_ENDED")


@pytest.mark.parametrize(
    "told,why",
    [
        (lambda case: case, ("CP-59", FORM_P)),
        (lambda case: case.reviewed("2025-09-01"), ("CP-59", FORM_P)),
        (lambda case: case.reviewed("2025-09-01", "DEREGISTER"), None),
        (lambda case: case.form_p("2025-09-01"), None),
    ],
)
def test_the_end_of_a_concern_is_found_by_a_review(told, why):
    case = told(concern()).notified("CONCERN_ENDED")
    if why is None:
        case.closed(ground="CONCERN_ENDED")
    else:
        assert close(case, "CONCERN_ENDED") == why


# ---------------------------------------------------------------------------------------- whom a fact is about


def test_an_entry_is_about_its_offender_and_each_child():
    assert Registering().entered().chains() == ["child/kit", "child/pip", "offender/ann"]
    assert Registering().entered().reviewed("2025-04-02").chains() == ["child/kit", "child/pip", "offender/ann"]
    assert Registering().entered().notified().ended("kit").reviewed("2025-11-02").chains() == [
        "child/pip",
        "offender/ann",
    ]


def test_what_moves_a_link_is_about_the_other_entries_of_the_child():
    case = Registering().entered(["kit"]).entered(["kit", "pip"], "e2", "bob")
    assert case.chains() == ["child/kit", "child/pip", "offender/bob", "register-entry/e1"]
    assert "register-entry/e2" in case.notified().chains()
    assert "register-entry/e2" in case.ended("kit").chains()
    assert "register-entry/e1" in case.ended("kit", "2025-10-12", entry="e2", person="bob").chains()
    assert "register-entry/e2" not in case.form_p("2025-10-13").chains()


def test_an_entry_made_after_another_was_closed_has_nothing_to_do_with_it():
    case = Registering().entered(["kit"]).notified().closed()
    assert case.entered(["kit"], "e2", "bob", "2025-11-03").chains() == ["child/kit", "offender/bob"]


def test_the_end_of_supervision_is_about_every_entry_not_closed():
    case = Registering().entered(["kit"]).r7("e2", at="2024-12-05 10:00")
    assert case.supervision_ended("2025-01-10").chains() == ["register-entry/e1", "register-entry/e2"]


def test_supervision_has_not_ended_while_another_order_goes_on():
    case = Registering().entered(["kit"])
    case.tell("2024-12-05 10:00", "court-officer", "RecordOrder", **an_order("o2") | {"sentence_date": "2024-12-05"})
    assert case.supervision_ended("2025-01-10").chains() == []
    assert case.dereg("2025-01-11") is None
    assert case.supervision_ended("2025-02-10", order="o2").chains() == ["register-entry/e1"]
    assert case.dereg("2025-02-11") == ("SUPERVISION_ENDED", "2025-02-10", "", 1)


# ---------------------------------------------------------------------------------------- the case of the offender


BREACH = {"order_id": "o-ann", "started_on": "2025-06-20", "court": "Nowhere", "risk_led": False}
NO_KEY_WORKER = ("ENF-24", "This child protection case has no key worker consultation on this decision.")


def in_breach(case):
    for n, (absent, letter) in enumerate((("2025-06-02", "2025-06-04"), ("2025-06-09", "2025-06-11"))):
        case.absence(f"a{n}", absent, order_id="o-ann").letter(f"l{n}", f"a{n}", letter)
    return case


@pytest.mark.parametrize("registered,warned", [(True, [NO_KEY_WORKER]), (False, [])])
def test_breach_in_a_registered_case_asks_for_the_key_worker(registered, warned):
    case = Registering().person_of("ann")
    if registered:
        case.entered(["kit"])
    in_breach(case).tell("2025-06-20 10:00", "practitioner", "StartBreachAction", **BREACH)
    assert case.warned == warned


@pytest.mark.parametrize("on,warned", [("2025-06-19", []), ("2025-06-18", [NO_KEY_WORKER])])
def test_a_contact_with_the_services_since_the_breach_is_a_consultation(on, warned):
    case = in_breach(Registering().entered(["kit"]))
    concern = {"concern_id": "c1", "offender_id": "ann", "source": "OTHER", "noted_on": on, "grave": False}
    concern |= {"category": "IN_NEED", "note": "as told"}
    case.tell("2025-06-19 09:00", "practitioner", "RecordConcern", to="child-protection-matter/m1", **concern)
    contact = {"on": on, "channel": "PHONE", "summary": "agreed to go on"}
    case.tell("2025-06-19 10:00", "practitioner", "RecordServicesContact", to="child-protection-matter/m1", **contact)
    case.tell("2025-06-20 10:00", "practitioner", "StartBreachAction", **BREACH)
    assert case.warned == warned


def test_so_does_declining_it_and_a_closed_entry_asks_for_nothing():
    case = in_breach(Registering().entered(["kit"]))
    case.tell("2025-06-20 10:00", "senior-practitioner", "DeclineBreachAction", order_id="o-ann", reason="agreed")
    assert case.warned == [NO_KEY_WORKER]
    case = in_breach(Registering().entered(["kit"]).notified(on="2025-01-10").closed("2025-01-13"))
    case.tell("2025-06-20 10:00", "practitioner", "StartBreachAction", **BREACH)
    assert case.warned == []


MOVE = {"scope": "SUPERVISION_CASE", "ref": "o-ann", "on": "2025-10-14"}
MOVE_ENTRY = {"scope": "REGISTER_CASE", "ref": "e1", "on": "2025-10-14"}
DEREGISTER = ("UPW-15", "De-register first.")


def test_neither_the_case_nor_an_open_registration_goes_to_the_history_file():
    case = Registering().entered(["kit"]).supervision_ended("2025-10-10")
    assert case.refused("2025-10-14 10:00", "team-admin", "MoveToHistory", **MOVE) == DEREGISTER
    assert case.refused("2025-10-14 10:00", OFFICER, "MoveToHistory", **MOVE_ENTRY) == DEREGISTER
    case.closed(ground="SUPERVISION_ENDED", on="2025-10-14")
    case.tell("2025-10-14 14:00", OFFICER, "MoveToHistory", **MOVE_ENTRY)
    assert case.chains() == ["register-entry/e1"]
    case.tell("2025-10-14 15:00", "team-admin", "MoveToHistory", **MOVE)


def test_a_registration_that_is_not_there_does_not_go_there():
    case = Registering().person_of("ann")
    rule, message = case.refused("2025-10-14 10:00", OFFICER, "MoveToHistory", **MOVE_ENTRY)
    assert (rule, message[:17]) == ("GEN-06", "No register entry")


# ---------------------------------------------------------------------------------------- the notebook


def note(case, text, on="2025-10-13"):
    data = {"entry_no": 1, "entered_on": on, "text": text}
    return case.refused(f"{on} 17:00", OFFICER, "MakeNotebookEntry", **data)


TEXT_1 = register.TEXTS["CHILD_REMOVED"].format(day="13/10/25")
TEXT_2 = register.TEXTS["SUPERVISION_ENDED"].format(day="13/10/25")


@pytest.mark.parametrize("text", [TEXT_1 + " Well done.", TEXT_1.replace("IOSS", "the system"), TEXT_2, TEXT_1[:-1]])
def test_an_edited_text_or_one_for_another_ground_is_refused(text):
    assert note(Registering().entered(["kit"]).notified().closed(), text) == WORDING


def test_a_set_text_rests_on_the_de_registration_it_completes():
    case = Registering().entered(["kit"]).notified().closed().noted(TEXT_1, "2025-10-13")
    record = case.ledger.records[-1]
    kinds = {type(each.fact).__name__ for each in case.ledger.records if each.position in record.rests_on}
    assert kinds == {"DeregistrationNotified", "RegisterEntryClosed"}
    assert case.chains() == ["register-entry/e1"]


def test_no_set_text_stands_without_its_ground():
    assert note(Registering().entered(["kit"]), TEXT_1) == WORDING


def test_an_ordinary_line_is_about_the_open_entries_and_rests_on_nothing():
    case = Registering().entered(["kit"]).entered(["pip"], "e2").notified(entry="e2").closed(entry="e2")
    case.noted("Seen at the office.", "2025-10-14")
    assert case.chains() == ["register-entry/e1"]
    assert case.ledger.records[-1].rests_on == ()
