"""When a child's details may be erased, by whom, what goes with them, and which lines it leaves (CP-42 to CP-49)."""

from datetime import date

import pytest
from tests.aggregates.holding import ERASED_BY, Holding
from tests.aggregates.memory_ledger import SYSTEM

from ledger.aggregates import COMMANDS
from ledger.aggregates.child.erasing import asked_for, reach_now
from ledger.aggregates.child.facts import ChildDataErased
from ledger.aggregates.offender.facts import NotebookEntryMade
from ledger.aggregates.shape import Erased
from ledger.errors import Forbidden
from ledger.privacy.subjects import owners_of_child
from ledger.rules import register

STILL = ("CP-42", "This child is still registered; close the entry, or end the link, first.")
NOTIFY = ("CP-41", "De-registration must be notified first.")
TODAY = ("CP-44", "The details are erased today, so that is the date of it: 14 Oct 2025.")
ANOTHER = ("CP-41", "Whoever gave the ground does not erase; another person must.")


def one():
    return Holding().entered(["kit"])


def text(ground, day):
    return register.TEXTS[ground].format(day=day)


def told(case, kind):
    return [each for each in case.ledger.records if isinstance(each.fact, kind)]


# ---------------------------------------------------------------------------------------- may it be done


def test_no_erasure_is_a_command_that_is_only_recorded():
    assert "EraseChild" not in COMMANDS["child"]


def test_a_child_is_not_erased_while_an_entry_links_it():
    case = one()
    assert case.not_erasing() == STILL
    assert case.notified().not_erasing() == STILL
    case.closed().erasing()


def test_the_last_child_is_not_erased_before_the_entry_is_closed():
    assert one().notified(child="kit").ended("kit").not_erasing() == STILL


def test_a_child_is_not_erased_while_another_persons_entry_links_it():
    case = one().entered(["kit"], "e2", "bob", "2025-01-08").supervision_ended("2025-10-10")
    case.closed(ground="SUPERVISION_ENDED")
    assert case.not_erasing() == STILL
    case.notified(entry="e2", on="2025-10-14").closed("2025-10-14", entry="e2").erasing()


def test_without_a_notification_nothing_is_erased():
    case = Holding().entered().ended("kit")
    assert case.not_erasing() == NOTIFY
    assert Holding().child("kit").not_erasing() == NOTIFY


@pytest.mark.parametrize("name", ["practitioner", ERASED_BY])
def test_whoever_gave_the_ground_does_not_erase_in_whatever_role(name):
    case = one()
    data = {"ground": "CHILD_REMOVED", "occurred_on": "2025-10-10", "notified_on": "2025-10-10"}
    to = {"to": "register-entry/e1"}
    case.tell("2025-10-10 10:00", "risk-manager", "NotifyDeregistration", **to, author=name, **data).closed()
    assert case.not_erasing(author=name) == ANOTHER
    case.erasing(author="somebody else")


def test_whoever_ended_the_supervision_gave_the_ground():
    case = one().supervision_ended("2025-10-10").closed(ground="SUPERVISION_ENDED")
    assert case.not_erasing(author="practitioner") == ANOTHER
    case.erasing()


def test_a_second_ground_by_somebody_else_is_a_second_person():
    case = one().notified().supervision_ended("2025-10-11")
    data = {"ground": "CONTACT_CEASED", "occurred_on": "2025-10-12", "notified_on": "2025-10-12"}
    to = {"to": "register-entry/e1"}
    case.tell("2025-10-12 10:00", "risk-manager", "NotifyDeregistration", **to, **data).closed()
    case.erasing(author="practitioner")


@pytest.mark.parametrize(
    "on,at,why",
    [
        ("2025-10-13", "2025-10-14 18:00", TODAY),
        ("2025-10-15", "2025-10-14 18:00", ("GEN-05", "An event cannot take effect in the future.")),
        ("2025-10-13", "2025-10-14 00:00", TODAY),
    ],
)
def test_the_date_of_an_erasure_is_the_day_it_is_done(on, at, why):
    assert one().notified().closed().not_erasing(on=on, at=at) == why


def test_the_last_minute_of_a_day_in_london_is_of_that_day():
    one().notified().closed().erasing(on="2025-10-14", at="2025-10-14 23:59")


def test_nothing_is_erased_twice_and_nobody_unknown():
    case = one().notified().closed().erasing()
    assert case.not_erasing(on="2025-10-15") == ("CP-49", "This record was erased and cannot be restored.")
    assert case.not_erasing("nobody", on="2025-10-15")[0] == "GEN-06"


@pytest.mark.parametrize("by", ["practitioner", "aco", "chief-officer", "administrator", "team-admin"])
def test_nobody_but_the_information_officer_erases(by):
    case = one().notified().closed()
    with pytest.raises(Forbidden):
        case.give("2025-10-14 18:00", by, "EraseChild", to="child/kit", erased_on="2025-10-14")


def test_an_erasure_concerns_everybody_it_was_ever_linked_with_and_rests_on_the_grounds():
    case = one().entered(["kit"], "e2", "bob", "2025-01-08").notified().ended("kit", entry="e2", person="bob")
    case.closed("2025-10-13").closed("2025-10-13", entry="e2").erasing()
    (erased,) = told(case, ChildDataErased)
    assert sorted(case.names.named(each[-36:]) for each in erased.about) == ["ann", "bob", "e1", "e2"]
    kinds = {type(each.fact).__name__ for each in case.ledger.records if each.position in erased.rests_on}
    assert kinds == {"DeregistrationNotified", "RegisterEntryClosed", "OffenderChildLinkEnded"}


# ---------------------------------------------------------------------------------------- what goes


def test_the_keys_that_are_destroyed_are_the_childs_own_and_those_of_what_it_is_linked_with():
    case = one()
    child = case.ledger.state(f"child-{case.names.id('kit')}")
    named = [(each.id[:-37], case.names.named(each.id[-36:]), each.retention) for each in owners_of_child(child)]
    assert named == [
        ("child", "kit", "child"),
        ("offender", "ann", "child"),
        ("register-entry", "e1", "child"),
        ("child", "kit", "case"),
    ]


def test_the_third_parties_of_the_childs_own_record_and_the_texts_of_reviews_that_name_it_go_too():
    case = one().review(persons=(), children=("kit",))
    worker = {"name": "K. Keyworker", "agency": "Nowhere Council"}
    case.tell("2025-09-02 10:00", "practitioner", "NameKeyWorker", to="child/kit", **worker)
    named = case.ledger.records[-1].id
    owners = owners_of_child(case.ledger.state(f"child-{case.names.id('kit')}"))
    assert {(f"third-party-{named}", "third-party"), (f"case-review-{case.names.id('r1')}", "child")} <= set(owners)
    case.notified().closed().erasing()
    assert str(values_of(case, "child.key-worker-named.v1", "name")[0]).endswith("erased 14/10/2025]")
    assert f"case-review-{case.names.id('r1')}" in told(case, ChildDataErased)[0].about


def values_of(case, topic, field):
    stream = next(each.stream for each in case.ledger.records if each.fact.topic == topic)
    return [getattr(each.fact, field) for each in case.ledger.history(stream) if each.fact.topic == topic]


def test_what_was_told_of_the_child_is_gone_and_the_rest_stays():
    case = one()
    change = {"kind": "CHILD_ADDRESS", "on": "2025-01-10", "details": "with an aunt"}
    case.tell("2025-01-10 12:00", "practitioner", "RecordCpChange", to="register-entry/e1", **change)
    note = {"entry_no": 1, "entered_on": "2025-01-11", "about_client_id": "9100001", "child_text": "seen at school"}
    case.tell("2025-01-11 12:00", "practitioner", "MakeNotebookEntry", text="Seen at home.", **note)
    record = next(each for each in case.ledger.records if each.fact.topic == "child.recorded.v1")
    data = {"event_ref": record.id, "field": "surname", "corrected_value": "Inventive", "reason": "a slip"}
    case.tell("2025-01-12 12:00", "information-officer", "CorrectRecord", to="child/kit", **data)
    case.notified().closed().erasing()
    gone = Erased(date(2025, 10, 14), "child")
    for topic, field in (
        ("child.recorded.v1", "forenames"),
        ("child.recorded.v1", "client_id"),
        ("record.corrected.v1", "corrected_value"),
        ("register-entry.cp-circumstances-changed.v1", "details"),
    ):
        assert values_of(case, topic, field) == [gone], (topic, field)
    first = values_of(case, "offender.notebook-entry-made.v1", "child_text")[0]
    assert first == gone
    assert values_of(case, "offender.notebook-entry-made.v1", "text")[0] == "Seen at home."
    assert values_of(case, "offender.recorded.v1", "surname") == ["Testcase"]
    view = case.register("2025-02-01")
    assert view["entries"][0]["children"][0]["name"] == "[child erased 14/10/2025]"
    assert view["entries"][0]["children"][0]["client_id"] == "[child erased 14/10/2025]"


def test_a_brother_keeps_his_name():
    case = Holding().entered().notified(child="kit").ended("kit").erasing()
    children = case.register("2025-10-14")["entries"][0]["children"]
    assert [each["name"] for each in children] == ["[child erased 14/10/2025]", "Pip Sam Invented"]
    assert [str(each["erased_on"]) for each in children] == ["2025-10-14", "None"]


# ---------------------------------------------------------------------------------------- the lines it leaves


@pytest.mark.parametrize("ground", ["CHILD_REMOVED", "CONTACT_CEASED"])
def test_the_last_child_leaves_the_set_text_of_its_ground_with_the_true_day(ground):
    case = one().notified(ground).closed(ground=ground).erasing(on="2025-11-03")
    assert case.lines() == [("2025-11-03", text(ground, "03/11/25"))]
    assert case.dereg("2025-11-03") == (ground, "2025-10-10", "edfn", 24)


def test_one_of_several_leaves_a_line_that_names_nobody_and_the_last_the_set_text():
    case = Holding().entered().notified(child="kit").ended("kit").erasing()
    neutral = ("2025-10-14", "One child removed from the register on 14/10/25; others remain.")
    assert case.lines() == [neutral]
    case.notified(child="pip", on="2025-11-03").closed("2025-11-04").erasing("pip", "2025-11-05")
    assert case.lines() == [neutral, ("2025-11-05", text("CHILD_REMOVED", "05/11/25"))]


def test_of_two_who_leave_together_only_the_second_erasure_leaves_the_text():
    case = Holding().entered().supervision_ended("2025-10-10").closed(ground="SUPERVISION_ENDED").erasing("kit")
    assert case.lines() == []
    assert case.dereg("2025-10-14")[2] == "ef"
    case.erasing("pip", "2025-10-15")
    assert case.lines() == [("2025-10-15", text("SUPERVISION_ENDED", "15/10/25"))]
    assert case.dereg("2025-10-15")[2] == "edfn"


def test_every_adult_gets_the_text_of_the_own_ground():
    case = one().entered(["kit"], "e2", "bob", "2025-01-08").supervision_ended("2025-09-01", "bob")
    case.closed("2025-09-02", "SUPERVISION_ENDED", "e2").notified().closed().erasing()
    assert case.lines() == [("2025-10-14", text("CHILD_REMOVED", "14/10/25"))]
    assert case.lines("bob")[-1] == ("2025-10-14", text("SUPERVISION_ENDED", "14/10/25"))
    assert case.dereg("2025-10-14", person="bob")[2] == "edfn"


def test_two_entries_of_one_person_get_one_line_that_completes_both():
    case = one().entered(["kit"], "e2").supervision_ended("2025-10-10")
    case.closed(ground="SUPERVISION_ENDED").closed(ground="SUPERVISION_ENDED", entry="e2").erasing()
    assert len(told(case, NotebookEntryMade)) == 1
    assert [case.dereg("2025-10-14", n)[2] for n in (0, 1)] == ["edfn", "edfn"]


def test_an_entry_for_another_child_is_not_completed_by_the_line():
    case = one().entered(["pip"], "e2").supervision_ended("2025-10-10")
    case.closed(ground="SUPERVISION_ENDED").closed(ground="SUPERVISION_ENDED", entry="e2").erasing()
    assert [case.dereg("2025-10-14", n)[2] for n in (0, 1)] == ["edfn", "ef"]


def test_the_days_line_is_not_written_twice_and_is_numbered_after_the_last():
    case = one().notified().closed().noted(text("CHILD_REMOVED", "14/10/25"), "2025-10-14", n=7).erasing()
    assert len(case.lines()) == 1
    case = one().noted("Seen at home.", "2025-01-10", n=7).notified().closed().erasing()
    assert [each.fact.entry_no for each in told(case, NotebookEntryMade)] == [7, 8]


def test_the_line_is_in_words_that_the_notebook_would_take():
    case = one().notified().closed().erasing()
    (line,) = (each.fact.text for each in told(case, NotebookEntryMade))
    assert register.set_text(line) == "CHILD_REMOVED"
    assert not register.edited_text(line)


# ---------------------------------------------------------------------------------------- after a release


def test_a_release_erases_what_waited_and_is_due_and_nothing_else():
    case = Holding().entered(["kit"]).entered(["pip"], "e2").held().notified().closed().released()
    assert str(case.view_of_child("kit", "2025-12-01")["erased_on"]) == "2025-12-01"
    assert case.view_of_child("pip", "2025-12-01")["erased_on"] is None
    (erased,) = told(case, ChildDataErased)
    assert erased.by == SYSTEM
    assert case.lines() == [("2025-12-01", text("CHILD_REMOVED", "01/12/25"))]


def test_a_release_erases_nothing_that_one_person_alone_saw_to():
    case = one().held()
    data = {"ground": "CHILD_REMOVED", "occurred_on": "2025-10-10", "notified_on": "2025-10-10"}
    to = {"to": "register-entry/e1"}
    case.tell("2025-10-10 10:00", "risk-manager", "NotifyDeregistration", **to, author="one", **data)
    closing = {"ground": "CHILD_REMOVED", "closed_on": "2025-10-13"}
    case.tell("2025-10-13 10:00", "information-officer", "CloseRegisterEntry", **to, author="one", **closing).released()
    assert told(case, ChildDataErased) == []
    case.erasing(on="2025-12-02")


# ---------------------------------------------------------------------------------------- what the vault is told


def asked(case, role="information-officer", name=ERASED_BY):
    child = case.ledger.state(f"child-{case.names.id('kit')}")
    return asked_for(child, case.now(role, name))


def test_the_journal_is_told_who_asked_and_on_which_ground_and_who_approved():
    case = one().notified().supervision_ended("2025-10-11").closed()
    found = asked(case)
    assert (found.ground, case.names.named(found.by), case.names.named(found.approved_by)) == (
        "CHILD_REMOVED",
        "practitioner",
        ERASED_BY,
    )


def test_after_a_release_whoever_closed_the_entry_is_the_second_person():
    found = asked(case := one().notified().closed(), "system", "nobody")
    assert (case.names.named(found.by), case.names.named(found.approved_by)) == ("practitioner", "information-officer")


def test_without_a_ground_by_another_nothing_is_asked_for():
    assert asked(Holding().entered().ended("kit")) is None
    assert asked(one().notified().closed(), name="practitioner") is None


def test_the_reach_names_everybody_linked_and_nobody_elses_child():
    case = Holding().entered()
    child = case.ledger.state(f"child-{case.names.id('kit')}")
    found = reach_now(child, case.now("information-officer", ERASED_BY))
    assert sorted(case.names.named(each[-36:]) for each in found.streams) == ["ann", "e1", "kit"]
    assert [(each.since, each.until) for each in found.cases] == [(date(2024, 11, 4), None)]
