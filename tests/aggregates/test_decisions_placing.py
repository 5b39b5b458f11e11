"""Refusals and warnings that rest on the placement and on the others there: places, women, school premises."""

from datetime import date

import pytest
from tests.aggregates.placing import COORDINATOR, Placing
from tests.aggregates.telling import A_PARK

from ledger.aggregates.shape import Erased, Unread

HIGH = ("PLC-08", "High risk: the head teacher's prior approval is needed.")
VERY_HIGH = ("PLC-07", "Very High risk: not allowed on school premises.")
LEVEL = ("PLC-09", "Record the risk level first.")
ALL_MALE = ("ALL-07", "A woman may not be allocated to an all-male group.")
UNREAD = ("ALL-07", "A record cannot be read: it cannot be shown that this is not a woman in an all-male group.")


def listed(code):
    return "PLC-06", f"Offence code {code} excludes this person from school premises."


def erased(here, name, field, topic):
    """Somebody's values of one field gone for ever."""
    for n, each in enumerate(here.ledger.records):
        if each.stream == f"offender-{here.names.id(name)}" and each.fact.topic == topic:
            gone = each.fact.completed(**{field: Erased(date(2025, 2, 2))})
            here.ledger.records[n] = each.with_fact(gone, each.effective, each.position)
    return here


def no_gender(here, name):
    return erased(here, name, "gender", "offender.recorded.v1")


# ---------------------------------------------------------------------------------------- the placement


@pytest.mark.parametrize("imported", [False, True])
@pytest.mark.parametrize("command", ["AllocatePlacement", "ScheduleSession"])
def test_a_placement_that_was_never_opened_is_impossible_whoever_tells_of_it(command, imported):
    here = Placing().somebody()
    data = {"AllocatePlacement": here.allocation("2025-02-03"), "ScheduleSession": here.plan("s1", "2025-02-08")}[
        command
    ]
    rule, message = here.not_to("2025-02-03", COORDINATOR, command, imported=imported, **data)
    assert (rule, message.startswith("No placement ")) == ("GEN-06", True)
    assert here.view("2025-02-03")["allocations"] == []


def test_facts_that_name_a_placement_do_not_open_it():
    here = Placing().somebody()
    told = {"allocation_id": "al1", "on": "2025-02-03", "reason": "x"}
    assert here.not_to("2025-02-03", COORDINATOR, "EndAllocation", **told)[0] == "GEN-06"
    done = {"order_id": "o-bob", "completed_on": "2025-02-03", "placement_id": "park"}
    here.not_to("2025-02-03", "practitioner", "ConfirmCompletion", **done)
    assert here.not_allocated("2025-02-03")[0] == "GEN-06"


def test_a_placement_opens_for_allocation_when_it_is_agreed():
    here, to = Placing().somebody(), "placement/park"
    here.do("2025-02-03", COORDINATOR, "OpenPlacement", to, **A_PARK | {"proposed_start": "2025-02-03"})
    assert here.not_allocated("2025-02-03") == ("ALL-05", "This placement is not open for allocation.")


def test_a_suspended_placement_says_so_first():
    here = Placing().park().somebody().allocate("2025-02-03")
    here.do("2025-02-04", "supervisor", "SuspendPlacement", "placement/park", cause="as told", on="2025-02-04")
    why = ("PLC-25", "This placement is suspended since 4 Feb 2025.")
    assert here.not_scheduled("2025-02-05", "s1", "2025-02-08") == why
    here.somebody("dan", day="2025-02-05")
    assert here.not_allocated("2025-02-05", "dan") == why
    assert here.suspend("2025-02-05").not_resumed("2025-02-06") == why


def test_a_closed_placement_takes_nobody():
    here = Placing().park().somebody()
    here.do("2025-02-04", COORDINATOR, "ClosePlacement", "placement/park", reason="as told", on="2025-02-04")
    assert here.not_allocated("2025-02-05")[0] == "PLC-30"


# ---------------------------------------------------------------------------------------- the last place


def test_the_last_place_and_who_holds_one():
    here = Placing().park(max_no=2).somebody("bob").somebody("dan").somebody("eli")
    here.allocate("2025-02-03", "bob").allocate("2025-02-03", "dan", from_date="2025-05-05")
    why = ("ALL-05", "The placement is full (2).")
    assert here.not_allocated("2025-02-04", "eli") == why  # also for a place that begins later
    here.suspend("2025-02-04", "bob")
    assert here.not_allocated("2025-02-05", "eli") == why  # a suspended allocation keeps its place
    here.end("2025-02-05", "bob").allocate("2025-02-05", "eli")
    assert here.not_allocated("2025-02-06", "bob", allocation="al-2") == why


def test_who_is_there_under_one_order_takes_no_second_place():
    here = Placing().park(max_no=1).somebody("bob").allocate("2025-02-03", "bob")
    here.allocate("2025-02-04", "bob", allocation="al-2")


def test_a_place_is_free_again_when_the_allocation_is_struck_out():
    here = Placing().park(max_no=1).somebody("bob").somebody("dan").allocate("2025-02-03", "bob", label="wrong")
    assert here.not_allocated("2025-02-04", "dan")[0] == "ALL-05"
    here.do("2025-02-04", "senior-practitioner", "StrikeOutRecord", "bob", event_ref="wrong", reason="another man")
    here.allocate("2025-02-04", "dan")


def test_a_place_nobody_can_have():
    assert Placing().park(max_no=0).somebody().not_allocated("2025-02-03") == ("ALL-05", "The placement is full (0).")


def test_at_a_school_what_plc_09_ended_holds_no_place():
    here = Placing().school(max_no=1).somebody("bob").somebody("dan").allocate("2025-02-03", "bob", "school")
    assert here.not_allocated("2025-02-04", "dan", "school")[0] == "ALL-05"
    here.offence("2025-02-04", "bob").allocate("2025-02-05", "dan", "school")


def test_a_session_is_planned_for_as_many_as_the_form_takes():
    here = Placing().park(max_no=1).somebody("bob").somebody("dan")
    here.schedule("2025-02-03", "s1", "2025-02-08", "bob").schedule("2025-02-03", "s2", "2025-02-08", "bob")
    why = ("PLC-54", "The placement is full (1).")
    assert here.not_scheduled("2025-02-03", "s3", "2025-02-08", "dan") == why
    here.schedule("2025-02-03", "s3", "2025-02-09", "dan")


# ---------------------------------------------------------------------------------------- women


@pytest.mark.parametrize(
    "others,own,why",
    [
        ("", "F", None),
        ("M", "F", ALL_MALE),
        ("MM", "F", ALL_MALE),
        ("MF", "F", None),
        ("F", "F", None),
        ("MO", "F", None),
        ("M", "M", None),
        ("M", "O", None),
        ("?", "F", UNREAD),
        ("M?", "F", UNREAD),
        ("F?", "F", None),
        ("M", "?", UNREAD),
        ("F", "?", None),
        ("", "?", None),
    ],
)
def test_no_woman_comes_into_an_all_male_group(others, own, why):
    """Each letter is one person; "?" is one whose record cannot be read any more."""
    here = Placing().park().somebody("new", {"O": "OTHER", "?": "M"}.get(own, own))
    for n, gender in enumerate(others):
        here.somebody(f"old{n}", {"O": "OTHER", "?": "M"}.get(gender, gender))
    for n, gender in enumerate(others):
        told = here.allocation("2025-02-03", f"old{n}")
        here.do("2025-02-03", COORDINATOR, "AllocatePlacement", f"old{n}", imported=True, **told)
        if gender == "?":
            no_gender(here, f"old{n}")
    if own == "?":
        no_gender(here, "new")
    if why:
        assert here.not_allocated("2025-02-04", "new") == why
        assert here.not_scheduled("2025-02-04", "s1", "2025-02-08", "new") == why
    else:
        here.allocate("2025-02-04", "new").schedule("2025-02-04", "s1", "2025-02-08", "new")


def test_only_the_group_counts_and_only_who_works_in_it():
    here = Placing().park().somebody("ann", "F").somebody("bob").somebody("cat", "F")
    here.allocate("2025-02-03", "bob", mode="IP").allocate("2025-02-03", "ann")  # he works by himself
    here.somebody("dan", day="2025-02-04").allocate("2025-02-04", "dan")
    assert here.not_scheduled("2025-02-05", "s1", "2025-02-08", "ann") == ALL_MALE
    here.suspend("2025-02-05", "dan").schedule("2025-02-05", "s1", "2025-02-08", "ann")  # he is not there meanwhile
    here.allocate("2025-02-05", "cat").resume("2025-02-06", "dan").schedule("2025-02-06", "s2", "2025-02-09", "ann")
    here.suspend("2025-02-07", "cat")
    assert here.not_scheduled("2025-02-07", "s3", "2025-02-10", "ann") == ALL_MALE  # nor is cat
    here.resume("2025-02-08", "cat").schedule("2025-02-08", "s3", "2025-02-10", "ann")


def test_she_is_not_resumed_into_an_all_male_group():
    here = Placing().park().somebody("ann", "F").allocate("2025-02-03", "ann").suspend("2025-02-04", "ann")
    here.somebody("bob", day="2025-02-05").allocate("2025-02-05", "bob")
    assert here.not_resumed("2025-02-06", "ann") == ALL_MALE
    here.end("2025-02-06", "bob").resume("2025-02-06", "ann")


def test_alone_or_in_education_she_is_in_no_group():
    here = Placing().park().somebody("ann", "F").somebody("bob").allocate("2025-02-03", "bob")
    here.allocate("2025-02-03", "ann", mode="IP").schedule("2025-02-03", "s1", "2025-02-08", "ann")
    here.allocate("2025-02-03", "ann", mode="ETE", allocation="al-2")


@pytest.mark.parametrize(
    "preference,mode,warned",
    [("INDIVIDUAL", "GROUP", True), ("WOMEN_ONLY", "GROUP", True), ("MIXED", "GROUP", False), ("MIXED", "IP", True)],
)
@pytest.mark.parametrize("reason", [None, "nothing else is free", " "])
def test_going_against_her_preference_is_warned_of(preference, mode, warned, reason):
    here = Placing().park().somebody("ann", "F").somebody("cat", "F").somebody("bob")
    here.allocate("2025-02-03", "cat").allocate("2025-02-03", "bob")
    here.assess("2025-02-03", "ann", group_preference=preference)
    more = {"against_preference_reason": reason} if reason else {}
    here.allocate("2025-02-04", "ann", mode=mode, **more)
    message = "This goes against her preference" + ("." if (reason or "").strip() else "; record the reason.")
    assert here.warned == ([("ALL-06", message)] if warned else [])


def test_a_group_of_women_is_what_she_asked_for():
    here = Placing().park().somebody("ann", "F").somebody("cat", "F").allocate("2025-02-03", "cat")
    here.assess("2025-02-03", "ann", group_preference="WOMEN_ONLY").allocate("2025-02-04", "ann")
    assert here.warned == []


# ---------------------------------------------------------------------------------------- school premises


@pytest.mark.parametrize(
    "telling,why",
    [
        (lambda here: here.somebody(level=None), LEVEL),
        (lambda here: here.somebody(level="MEDIUM"), None),
        (lambda here: here.somebody(level="HIGH"), HIGH),
        (lambda here: here.somebody(level="VERY_HIGH"), VERY_HIGH),
        (lambda here: here.somebody(level="VERY_HIGH").approval("2025-02-03"), VERY_HIGH),
        (lambda here: here.somebody(level="HIGH").approval("2025-02-03"), None),
        (lambda here: here.somebody(level="HIGH").approval("2025-02-03").withdrawal("2025-02-04"), HIGH),
        (lambda here: here.somebody(level="HIGH").somebody("dan").approval("2025-02-03", "dan"), HIGH),
        (lambda here: here.school("other").somebody(level="HIGH").approval("2025-02-03", placement="other"), HIGH),
        (lambda here: here.somebody(level="HIGH").level("2025-02-03", "bob", "LOW"), None),
        (lambda here: here.somebody(level="LOW").offence("2025-02-03", code="019/08"), listed("019/08")),
        (lambda here: here.somebody(level="VERY_HIGH").offence("2025-02-03", code="107"), listed("107")),
        (lambda here: here.somebody(level="LOW").offence("2025-02-03", code="26"), None),
        (lambda here: here.somebody(level="HIGH").approval("2025-02-03").offence("2025-02-04"), listed("21")),
    ],
)  # fmt: skip
def test_who_may_come_onto_school_premises(telling, why):
    here = telling(Placing().school())
    if why:
        assert here.not_allocated("2025-02-05", placement="school") == why
        assert here.not_scheduled("2025-02-05", "s1", "2025-02-08", placement="school") == why
    else:
        here.allocate("2025-02-05", placement="school").schedule("2025-02-05", "s1", "2025-02-08", placement="school")


def test_the_same_people_may_work_in_a_park():
    for level in ("HIGH", "VERY_HIGH", None):
        Placing().park().somebody(level=level).offence("2025-02-03").allocate("2025-02-05")


def test_an_area_may_list_other_codes_with_both_committees():
    here = Placing().school().somebody().offence("2025-02-03", code="26")
    here.allocate("2025-02-04", placement="school")
    changed = {"key": "plc.school_excluded_codes", "new": "26", "effective_from": "2025-02-05", "reason": "as told"}
    here.do("2025-02-05", "chief-officer", "ChangeSetting", "policy/policy", endorsed_by=["KCPC", "MCPC"], **changed)
    assert here.not_scheduled("2025-02-06", "s1", "2025-02-08", placement="school") == listed("26")


def test_a_code_or_level_that_cannot_be_read_is_no_ground_to_let_anybody_in():
    here = erased(Placing().school().somebody().offence("2025-02-03", code="1"), "bob", "offence_code",
                  "offender.offence-recorded.v1")  # fmt: skip
    why = ("PLC-06", "An offence code cannot be read; it cannot be shown that school premises are allowed.")
    assert here.not_allocated("2025-02-05", placement="school") == why
    here = erased(Placing().school().somebody(), "bob", "rosh_level", "offender.risk-assessment-completed.v1")
    assert here.not_allocated("2025-02-05", placement="school") == LEVEL


def test_a_resumption_needs_the_approval_by_its_day():
    here = Placing().school().somebody().allocate("2025-02-03", placement="school")
    here.level("2025-02-05", "bob", "HIGH")
    assert here.not_resumed("2025-02-06") == HIGH
    here.approval("2025-02-07")
    assert here.not_resumed("2025-02-07", on="2025-02-06") == HIGH  # not before it was given
    assert here.not_scheduled("2025-02-07", "s1", "2025-02-08", placement="school")[0] == "PLC-09"  # not resumed yet
    here.resume("2025-02-07").schedule("2025-02-07", "s1", "2025-02-08", placement="school")


def test_what_has_ended_is_not_resumed_suspended_or_ended_again():
    here = Placing().park().somebody().allocate("2025-02-03").end("2025-02-04")
    ended = "This allocation has ended; allocate anew."
    assert here.not_resumed("2025-02-05") == ("PLC-09", ended)
    data = {"allocation_id": "al-bob", "on": "2025-02-05", "cause": "ill"}
    assert here.not_to("2025-02-05", COORDINATOR, "SuspendAllocation", **data) == ("PLC-09", ended)
    data = {"allocation_id": "al-bob", "on": "2025-02-05", "reason": "again"}
    assert here.not_to("2025-02-05", COORDINATOR, "EndAllocation", **data)[0] == "GEN-06"
    assert here.not_scheduled("2025-02-05", "s1", "2025-02-08")[0] == "ALL-05"
    here = (
        Placing().school().somebody().allocate("2025-02-03", placement="school").level("2025-02-04", "bob", "VERY_HIGH")
    )
    here.level("2025-02-05", "bob", "LOW")
    assert here.not_resumed("2025-02-06") == ("PLC-09", ended)  # PLC-09 ended it for good
    here.end("2025-02-06").allocate("2025-02-06", placement="school", allocation="al-2")


# ---------------------------------------------------------------------------------------- told by another system


def test_history_that_breaks_these_rules_is_recorded_and_its_importer_told():
    here = Placing().school(max_no=1).somebody("bob").somebody("ann", "F", level="VERY_HIGH")
    here.allocate("2025-02-03", "bob", "school")
    data = here.allocation("2025-02-04", "ann", "school")
    here.do("2025-02-04", COORDINATOR, "AllocatePlacement", "ann", imported=True, **data)
    assert [rule for rule, _ in here.warned] == ["PLC-07", "ALL-05", "ALL-07"]
    assert here.state("2025-02-04", "ann") == "ended"  # by PLC-09, from the first day


def test_no_decision_looks_at_other_cases_unasked():
    here = Placing().park().somebody()
    here.ledger.look = lambda names: (_ for _ in ()).throw(Unread(names))
    here.do("2025-02-03", "practitioner", "RecordSignificantChange", what="moved", on="2025-02-03")
    with pytest.raises(Unread):
        here.allocate("2025-02-03")
