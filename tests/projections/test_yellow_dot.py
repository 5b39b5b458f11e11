"""The yellow dot: a registered case without one is an exception from the day it was registered, until it has one."""

from datetime import date

import pytest
from tests.aggregates.registering import OFFICER, Registering
from tests.projections.test_exceptions import flags


def unmarked(case, as_at):
    return [since for who, _, flag, rule, since in flags(case, as_at) if (flag, rule) == ("FILE_NOT_MARKED", "DP-04")]


def marked(case, day, command="MarkFile", marker="YELLOW_DOT", **more):
    return case.tell(f"{day} 10:00", "team-admin", command, marker=marker, on=day, **more)


def test_a_registered_case_is_flagged_until_its_file_has_the_dot():
    case = marked(Registering().entered(), "2024-12-10")
    assert unmarked(case, "2024-12-03") == []
    assert unmarked(case, "2024-12-04") == ["2024-12-04"]
    assert unmarked(case, "2024-12-09") == ["2024-12-04"]
    assert unmarked(case, "2024-12-10") == []


@pytest.mark.parametrize("marker", ["yellow dot", " Yellow Dot ", "YELLOW_DOT"])
def test_the_dot_counts_however_it_is_written(marker):
    assert unmarked(marked(Registering().entered(), "2024-12-04", marker=marker), "2024-12-04") == []


def test_another_mark_is_no_dot():
    assert unmarked(marked(Registering().entered(), "2024-12-04", marker="RED CROSS"), "2024-12-05") == ["2024-12-04"]


def test_a_dot_taken_off_while_the_entry_is_open_is_flagged_from_that_day():
    case = marked(Registering().entered(), "2024-12-04")
    marked(case, "2025-01-15", "UnmarkFile", reason="taken for another file")
    assert unmarked(case, "2025-01-14") == []
    assert unmarked(case, "2025-02-01") == ["2025-01-15"]


def test_a_mark_that_is_struck_out_was_none():
    case = marked(Registering().entered(), "2024-12-05", label="mark")
    case.tell("2024-12-06 10:00", "team-admin", "StrikeOutRecord", event_ref=case.names.id("mark"), reason="wrong file")
    assert unmarked(case, "2024-12-07") == ["2024-12-04"]


def test_nothing_is_asked_of_a_file_whose_entry_is_closed():
    case, day = Registering().entered(children=["kit"]), "2025-03-03"
    case.tell(
        f"{day} 10:00",
        "practitioner",
        "NotifyDeregistration",
        to="register-entry/e1",
        ground="CHILD_REMOVED",
        occurred_on=day,
        notified_on=day,
    )
    case.tell(
        f"{day} 11:00", OFFICER, "CloseRegisterEntry", to="register-entry/e1", ground="CHILD_REMOVED", closed_on=day
    )
    assert unmarked(case, "2025-03-02") == ["2024-12-04"]
    assert unmarked(case, "2025-03-03") == []


def test_a_person_who_is_not_registered_needs_no_dot():
    assert unmarked(Registering().person_of("ann"), date(2025, 1, 1).isoformat()) == []
