"""Who leads a group with women in it, and what is no ground to keep anybody away (ALL-08, ALL-17)."""

import pytest
from tests.aggregates.placing import COORDINATOR, Placing

WARNED = ("ALL-08", "No female supervisor; record why.")
INSTEAD = ("ALL-17", "Offer an adjusted placement instead.")
DAY, WORK = "2025-02-03", "2025-02-08"


def planned(here, name, on=WORK, **more):
    """The warnings of ALL-08 that planning somebody's session there gives."""
    here.do(DAY, COORDINATOR, "ScheduleSession", name, **here.plan(f"s-{name}-{on}", on, name), **more)
    return [each for each in here.warned if each[0] == "ALL-08"]


def group(ann="F", mode="GROUP"):
    """Bea and Ann at the park, Bea's session planned for Ann to join."""
    here = Placing().park().somebody("bea", "F").somebody("ann", ann).allocate(DAY, "bea")
    return here.allocate(DAY, "ann", mode=mode)


@pytest.mark.parametrize(
    "told,warned",
    [
        ({}, []),  # nobody has said who leads it
        ({"female_supervisor": True}, []),
        ({"female_supervisor": False}, [WARNED]),
        ({"female_supervisor": False, "no_female_supervisor_reason": " "}, [WARNED]),
        ({"female_supervisor": False, "no_female_supervisor_reason": "she is on leave"}, []),
    ],
)
def test_a_womans_session_led_by_no_woman_asks_for_the_reason(told, warned):
    assert planned(group(), "ann", **told) == warned


def test_a_man_who_joins_a_group_with_a_woman_in_it_that_day_asks_for_it_too():
    here = group().somebody("cyd", "M", day=DAY).allocate(DAY, "cyd")
    here.somebody("dan", "M", day=DAY).allocate(DAY, "dan")
    assert planned(here, "cyd", female_supervisor=False) == []  # no woman is planned for that day yet
    planned(here, "bea", female_supervisor=True)
    assert planned(here, "dan", female_supervisor=False) == [WARNED]
    assert planned(here, "dan", "2025-02-09", female_supervisor=False) == []  # she works on another day
    here.do(DAY, COORDINATOR, "CancelSession", "bea", session_id=f"s-bea-{WORK}", cause="rain", on=DAY)
    here.somebody("eli", "M", day=DAY).allocate(DAY, "eli")
    assert planned(here, "eli", female_supervisor=False) == []


def test_whoever_works_alone_is_in_no_group():
    assert planned(group(mode="IP"), "ann", female_supervisor=False) == []


# ---------------------------------------------------------------------------------------- no ground

GROUNDS = [
    "Pregnancy",
    "her pregnancy",
    "because she is pregnant",
    "Disability.",
    "due to their religion or belief",
    "Race",
    "sexual orientation",
    "GENDER REASSIGNMENT",
    "his age",
    "marriage and civil partnership",
]
OTHER_GROUNDS = [
    "as told",
    "moved to lighter work at her request during pregnancy",
    "charged with a sex offence",
    "age concern shop closed",
    "of",
    "her",
    "",
]


def kept_away(here, command, ground):
    told = {"EndAllocation": {"allocation_id": "al-bob", "reason": ground},
            "SuspendAllocation": {"allocation_id": "al-bob", "cause": ground},
            "CancelSession": {"session_id": "s1", "cause": ground}}[command]  # fmt: skip
    return {**told, "on": DAY}


def working():
    return Placing().park().somebody().allocate(DAY).schedule(DAY, "s1", WORK)


@pytest.mark.parametrize("command", ["EndAllocation", "SuspendAllocation", "CancelSession"])
@pytest.mark.parametrize("ground", GROUNDS)
def test_a_protected_characteristic_keeps_nobody_away(command, ground):
    here = working()
    assert here.not_to(DAY, COORDINATOR, command, **kept_away(here, command, ground)) == INSTEAD
    assert (here.state(DAY), here.sessions(DAY)) == ("active", {"s1": "planned"})


@pytest.mark.parametrize("command", ["EndAllocation", "SuspendAllocation", "CancelSession"])
@pytest.mark.parametrize("ground", [each for each in OTHER_GROUNDS if each])
def test_a_ground_that_says_more_is_its_authors_to_answer_for(command, ground):
    here = working()
    here.do(DAY, COORDINATOR, command, **kept_away(here, command, ground))
    assert (here.state(DAY), here.sessions(DAY)) != ("active", {"s1": "planned"})


def test_what_another_system_did_for_such_a_reason_happened_and_is_flagged():
    here = working()
    told = kept_away(here, "EndAllocation", "pregnancy")
    here.do(DAY, COORDINATOR, "EndAllocation", imported=True, **told)
    assert "ALL-17" in [rule for rule, _ in here.warned]
    assert here.state(DAY) == "ended"
