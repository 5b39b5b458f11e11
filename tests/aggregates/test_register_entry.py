"""How far a de-registration is: grounds, the four actions, children who leave one by one, children kept for another."""

from datetime import date

import pytest
from tests.aggregates.registering import Registering

from ledger.aggregates import AGGREGATES
from ledger.aggregates.register_entry.entry import Entry
from ledger.aggregates.register_entry.registrations import registrations_of
from ledger.rules import register

D = date.fromisoformat


def one():
    return Registering().entered(["kit"])


def two():
    return Registering().entered()


# ---------------------------------------------------------------------------------------- the four actions


def test_each_action_shows_from_its_day():
    case = one().notified(on="2026-03-16").closed("2026-03-18").erased("kit", D("2026-03-19"))
    case.noted(register.written(register.TEXTS["CHILD_REMOVED"], D("2026-03-20")), "2026-03-20")
    assert case.dereg("2026-03-15") is None
    assert case.dereg("2026-03-16") == ("CHILD_REMOVED", "2026-03-16", "", 0)
    assert case.dereg("2026-03-18") == ("CHILD_REMOVED", "2026-03-16", "ef", 2)
    assert case.dereg("2026-03-19") == ("CHILD_REMOVED", "2026-03-16", "edf", 3)
    assert case.dereg("2026-03-25") == ("CHILD_REMOVED", "2026-03-16", "edfn", 4)


@pytest.mark.parametrize(
    "as_at,breach",
    [
        ("2026-03-16", None),
        ("2026-03-17", ("possible-breach", 1)),
        ("2026-03-19", ("possible-breach", 3)),
        ("2026-03-20", ("done", 4)),
        ("2026-12-31", ("done", 4)),
    ],
)
def test_late_is_a_possible_breach_from_the_next_day_until_the_last_action(as_at, breach):
    case = one().notified(on="2026-03-16").closed("2026-03-18").erased("kit", D("2026-03-19"))
    case.noted(register.written(register.TEXTS["CHILD_REMOVED"], D("2026-03-20")), "2026-03-20")
    found = case.register(as_at)["dp_breach"]
    assert (found and (found["state"], found["days"])) == breach


def test_done_on_the_very_day_is_no_breach():
    case = one().notified(on="2026-03-16").closed("2026-03-16").erased("kit", D("2026-03-16"))
    case.noted(register.written(register.TEXTS["CHILD_REMOVED"], D("2026-03-16")), "2026-03-16")
    assert case.register("2026-03-20")["dp_breach"] is None
    assert case.dereg("2026-03-20") == ("CHILD_REMOVED", "2026-03-16", "edfn", 0)


def test_an_ordinary_line_of_the_notebook_is_not_the_fourth_action():
    case = one().notified(on="2026-03-16").closed("2026-03-18").noted("Told the mother.", "2026-03-18")
    assert case.dereg("2026-03-18")[2] == "ef"


def test_a_closing_struck_out_is_undone():
    case = one().notified(on="2026-03-16")
    data = {"ground": "CHILD_REMOVED", "closed_on": "2026-03-18"}
    to = {"to": "register-entry/e1"}
    case.tell("2026-03-18 13:00", "information-officer", "CloseRegisterEntry", label="c", **to, **data)
    reference = {"event_ref": case.names.id("c"), "reason": "the wrong child"}
    case.tell("2026-03-18 14:00", "information-officer", "StrikeOutRecord", **to, **reference)
    entry = case.register("2026-03-18")["entries"][0]
    assert (entry["closed_on"], entry["deregistration"]["done_of_4"]) == (None, 0)
    assert case.register("2026-03-18", known_at="2026-03-18 13:30")["entries"][0]["closed_on"] == D("2026-03-18")


def test_a_concern_alone_is_done_with_its_closing():
    case = Registering().entered([], ground="CONCERN").supervision_ended("2025-03-03")
    assert case.dereg("2025-03-04") == ("SUPERVISION_ENDED", "2025-03-03", "", 1)
    case.closed("2025-03-05", "SUPERVISION_ENDED")
    assert case.dereg("2025-03-05") == ("SUPERVISION_ENDED", "2025-03-03", "edfn", 2)


# ---------------------------------------------------------------------------------------- grounds


def test_of_two_grounds_the_earlier_decides_though_it_was_told_later():
    case = one().supervision_ended("2026-01-14").notified(on="2026-01-12", at="2026-01-15 10:00")
    assert case.dereg("2026-01-16")[:2] == ("CHILD_REMOVED", "2026-01-12")
    assert case.register("2026-01-16", known_at="2026-01-15 09:00")["entries"][0]["deregistration"]["ground"] == (
        "SUPERVISION_ENDED"
    )


def test_one_of_two_leaves_and_the_other_stays():
    case = two().notified()
    assert case.dereg("2025-10-11") == ("CHILD_REMOVED", "2025-10-10", "", 1)
    case.ended("kit", "2025-10-12").erased("kit", D("2025-10-13"))
    assert case.dereg("2025-10-13") == ("CHILD_REMOVED", "2025-10-10", "edf", 3)
    case.noted(register.written(register.ONE_LEFT, D("2025-10-13")), "2025-10-13")
    assert case.register("2025-10-14")["dp_breach"] == {"state": "done", "days": 3}
    row = case.register("2025-10-14")
    assert [(each["child_id"], str(each["erased_on"])) for each in row["entries"][0]["children"]] == [
        ("kit", "2025-10-13"),
        ("pip", "None"),
    ]
    assert [each["code"] for each in row["flags"]] == ["RH"]


def test_then_the_other_leaves_and_the_whole_entry_is_what_counts():
    case = two().notified().ended("kit", "2025-10-12").notified(on="2025-11-03")
    assert case.dereg("2025-11-04") == ("CHILD_REMOVED", "2025-11-03", "", 1)
    assert case.dereg("2025-10-31")[:2] == ("CHILD_REMOVED", "2025-10-10")


def test_a_named_child_is_the_one_who_leaves():
    case = two().notified(child="pip").ended("pip", "2025-10-11").ended("kit", "2025-10-12")
    assert case.dereg("2025-10-12") == ("CHILD_REMOVED", "2025-10-10", "ef", 2)


# ---------------------------------------------------------------------------------------- two offenders, one child


def both():
    """Kit linked to ann by e1 and to bob by e2."""
    return one().entered(["kit"], "e2", "bob", "2024-12-05")


def test_the_end_of_one_supervision_leaves_the_details_to_the_other():
    case = (
        both()
        .supervision_ended("2026-01-30", "bob")
        .ended("kit", "2026-01-30", "SUPERVISION_ENDED", entry="e2", person="bob")
    )
    case.closed("2026-01-30", "SUPERVISION_ENDED", "e2")
    assert case.dereg("2026-02-01", person="bob") == ("SUPERVISION_ENDED", "2026-01-30", "edfn", 0)
    row = case.register("2026-02-01", "bob")
    assert (row["flags"], row["dp_breach"]) == ([], None)
    assert [each["text"] for each in row["notebook"]] == [
        "Case terminated whilst Children subject to LA CP register. Link ended on 30/01/26; details kept for another "
        "current case."
    ]
    assert row["notebook"][0]["local_wording"]
    assert [each["code"] for each in case.register("2026-02-01")["flags"]] == ["RH"]


def test_once_the_other_ends_too_both_have_the_details_to_destroy():
    case = both().supervision_ended("2026-01-30", "bob").closed("2026-01-30", "SUPERVISION_ENDED", "e2")
    case.notified(on="2026-06-01").closed("2026-06-03")
    assert case.dereg("2026-06-03", person="bob") == ("SUPERVISION_ENDED", "2026-01-30", "ef", 124)
    assert case.dereg("2026-06-03")[2] == "ef"
    case.erased("kit", D("2026-06-03"))
    assert case.dereg("2026-06-03", person="bob")[2] == "edf"
    assert len(case.register("2026-06-03", "bob")["notebook"]) == 1, "the line about the link stays"


def test_what_was_left_to_an_entry_made_later_counts_as_well():
    case = one().supervision_ended("2026-01-30").entered(["kit"], "e2", "bob", "2026-01-31")
    case.closed("2026-02-02", "SUPERVISION_ENDED")
    assert case.dereg("2026-02-02")[2] == "edfn"


@pytest.mark.parametrize("child", [None, "kit"])
def test_a_childs_removal_gives_ground_to_end_every_link(child):
    case = both().notified(on="2026-03-16", child=child)
    assert case.dereg("2026-03-17", person="bob") == ("CHILD_REMOVED", "2026-03-16", "", 1)
    case.closed("2026-03-18", entry="e2")


def test_where_a_notification_names_none_of_two_the_link_that_ends_tells_the_other_entry():
    case = two().entered(["kit"], "e2", "bob", "2024-12-05").notified(on="2026-03-16")
    assert case.dereg("2026-03-17", person="bob") is None
    case.ended("pip", "2026-03-17")
    assert case.dereg("2026-03-18", person="bob") is None
    case.ended("kit", "2026-03-18")
    assert case.dereg("2026-03-19", person="bob")[:2] == ("CHILD_REMOVED", "2026-03-18")


def test_the_removal_of_a_child_whose_link_here_had_ended_is_told_to_the_other_entry():
    case = both().ended("kit", "2026-03-10", "CONTACT_CEASED").notified(on="2026-03-16")
    assert case.dereg("2026-03-17", person="bob")[:2] == ("CHILD_REMOVED", "2026-03-16")


def test_an_entry_whose_every_link_had_ended_still_has_details_to_destroy():
    case = one().ended("kit", "2026-03-10", "CONTACT_CEASED").supervision_ended("2026-03-16")
    assert case.closed("2026-03-17", "SUPERVISION_ENDED").dereg("2026-03-17")[2] == "ef"


def test_contact_that_ceased_is_one_offenders_alone():
    assert both().notified("CONTACT_CEASED", "2026-03-16").dereg("2026-03-17", person="bob") is None


# ---------------------------------------------------------------------------------------- the fold


def test_every_chain_tells_the_entries_that_concern_it():
    case = both().notified(on="2026-03-16").closed("2026-03-18")
    kit, ann = (f"{noun}-{case.names.id(name)}" for noun, name in (("child", "kit"), ("offender", "ann")))
    of_kit, of_ann = (registrations_of(case.ledger.history(chain)) for chain in (kit, ann))
    assert [case.names.named(each) for each in of_kit] == ["e1", "e2"]
    assert [each.is_open for each in of_kit.values()] == [False, True]
    assert [case.names.named(each) for each in of_ann] == ["e1"]


def test_taking_fact_by_fact_equals_folding_at_once():
    case = both().notified(on="2026-03-16").reviewed("2026-03-17").closed("2026-03-18").erased("kit", D("2026-03-19"))
    aggregate = AGGREGATES["register-entry"]
    for entry in ("e1", "e2"):
        chain = case.ledger.history(f"register-entry-{case.names.id(entry)}", opens=aggregate.opens)
        state = aggregate.fold(())
        for each in chain:
            state = aggregate.take(state, each)
        assert state == Entry.fold(chain)


def test_an_empty_chain_is_an_entry_without_anything():
    entry = Entry.fold(())
    assert (entry.deregistration(), entry.review_anchor, entry.registration.made) == (None, None, None)
