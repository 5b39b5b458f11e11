"""Where an absence stands: tables of what happened, and in the last column its status, since when, and if deemed."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.aggregates.telling import Telling

DEADLINE = "2025-04-28"  # of a letter issued on Maundy Thursday, 17 Apr 2025


def case():
    return Telling().order().absence("a1", "2025-04-12")


def with_letter():
    return case().letter("l1", "a1", "2025-04-17")


@pytest.mark.parametrize(
    "as_at,standing",
    [
        ("2025-04-12", ("no-letter", "2025-04-12", False)),
        ("2025-04-16", ("no-letter", "2025-04-12", False)),
        ("2025-04-17", ("awaiting-evidence", "2025-04-17", False)),
        (DEADLINE, ("awaiting-evidence", "2025-04-17", False)),
        ("2025-04-29", ("unacceptable", "2025-04-29", True)),
        ("2026-04-29", ("unacceptable", "2025-04-29", True)),
    ],
)
def test_a_letter_without_evidence(as_at, standing):
    assert with_letter().standing(as_at) == standing


@pytest.mark.parametrize(
    "told,as_at,standing",
    [
        ("E 04-24", "2025-05-09", ("under-consideration", "2025-04-24", False)),
        ("E 04-24, A 05-02", "2025-05-01", ("under-consideration", "2025-04-24", False)),
        ("E 04-24, A 05-02", "2025-05-02", ("acceptable", "2025-05-02", False)),
        ("E 04-24, U 04-25", "2025-04-28", ("under-consideration", "2025-04-24", False)),
        ("E 04-24, U 04-25", "2025-04-29", ("unacceptable", "2025-04-29", False)),
        ("E 04-24, U 05-02", "2025-05-02", ("unacceptable", "2025-05-02", False)),
        # fresh evidence inside the deadline sets an early finding of unacceptable aside
        ("E 04-23, U 04-24, E 04-25", "2025-05-09", ("under-consideration", "2025-04-23", False)),
        ("E 04-23, U 04-24, E 04-25, A 04-26", "2025-05-09", ("acceptable", "2025-04-26", False)),
        ("E 04-23, U 04-24, E 04-25, U 05-06", "2025-05-09", ("unacceptable", "2025-05-06", False)),
        # but not a finding of acceptable
        ("E 04-23, A 04-24, E 04-25", "2025-05-09", ("acceptable", "2025-04-24", False)),
        # a manager's judgement, in both directions, from its day
        ("M+ 05-06", "2025-05-05", ("unacceptable", "2025-04-29", True)),
        ("M+ 05-06", "2025-05-06", ("acceptable", "2025-05-06", False)),
        ("E 04-24, A 05-02, M- 06-02", "2025-06-01", ("acceptable", "2025-05-02", False)),
        ("E 04-24, A 05-02, M- 06-02", "2025-06-02", ("unacceptable", "2025-06-02", False)),
        ("E 04-24, U 04-25, M+ 04-29", "2025-04-29", ("acceptable", "2025-04-29", False)),
        # late evidence changes nothing by itself
        ("E 04-29", "2025-05-09", ("unacceptable", "2025-04-29", True)),
        ("E 04-24, E 05-06", "2025-05-09", ("under-consideration", "2025-04-24", False)),
    ],
)  # fmt: skip
def test_evidence_and_judgements(told, as_at, standing):
    telling = with_letter()
    for each in told.split(", "):
        what, day = each.split()[0], f"2025-{each.split()[1]}"
        if what == "E":
            telling.evidence("a1", f"{day} 12:00")
        elif what in "AU":
            telling.judge("a1", day, "ACCEPTABLE" if what == "A" else "UNACCEPTABLE")
        else:
            telling.rejudge("a1", day, "ACCEPTABLE" if what == "M+" else "UNACCEPTABLE")
    assert telling.standing(as_at) == standing


def test_evidence_before_the_letter_stops_the_deeming():
    telling = case().evidence("a1", "2025-04-14 12:00").letter("l1", "a1", "2025-04-17")
    assert telling.standing("2025-05-09") == ("under-consideration", "2025-04-14", False)


def test_without_a_letter_a_finding_of_unacceptable_waits():
    telling = case().evidence("a1", "2025-04-14 12:00").judge("a1", "2025-04-15", "UNACCEPTABLE")
    assert telling.standing("2025-06-30")[0] == "under-consideration"
    assert telling.letter("l1", "a1", "2025-07-01").standing("2025-07-09") == ("unacceptable", "2025-07-09", False)


def test_timely_evidence_recorded_late_undoes_the_deeming_as_known_from_then():
    telling = with_letter().evidence("a1", "2025-04-28 16:00", recorded="2025-05-06 09:00")
    assert telling.standing("2025-05-05", known_at="2025-05-05 12:00") == ("unacceptable", "2025-04-29", True)
    assert telling.standing("2025-05-05") == ("under-consideration", "2025-04-28", False)


# ---------------------------------------------------------------------------------------- calendars (GEN-01)


def holiday(telling, at, day):
    data = {"date": day, "name": "Invented Holiday", "source_ref": "proclamation"}
    return telling.tell(at, "chief-officer", "SetBankHoliday", to="policy/policy", **data)


def test_a_holiday_set_later_lengthens_and_shows_both_days():
    telling = holiday(with_letter(), "2025-04-22 09:00", "2025-04-25")
    letter = telling.enforcement("2025-04-28")["absences"][0]["letter"]
    assert (str(letter["evidence_deadline"]), str(letter["evidence_until"])) == (DEADLINE, "2025-04-29")
    assert [str(day) for day in letter["lengthened_by"]] == ["2025-04-25"]
    assert telling.standing("2025-04-29")[0] == "awaiting-evidence"
    assert telling.standing("2025-04-30") == ("unacceptable", "2025-04-30", True)
    assert telling.standing("2025-04-29", known_at="2025-04-21 12:00") == ("unacceptable", "2025-04-29", True)


def test_evidence_on_the_longer_day_is_in_time():
    telling = holiday(with_letter(), "2025-04-22 09:00", "2025-04-25").evidence("a1", "2025-04-29 23:00")
    assert telling.enforcement("2025-04-30")["absences"][0]["evidence"][0]["late"] is False


def test_a_holiday_struck_out_again_shortens_nothing_that_was_told():
    telling = holiday(Telling().order().absence("a1", "2025-04-12"), "2025-04-14 09:00", "2025-04-25")
    telling.letter("l1", "a1", "2025-04-17")
    assert str(telling.enforcement("2025-04-20")["absences"][0]["letter"]["evidence_deadline"]) == "2025-04-29"


def test_a_letter_beyond_the_calendar_is_refused_but_imported_with_its_deadline_missing():
    telling = Telling().order().absence("a1", "2030-12-20")
    data = {"letter_id": "l1", "absence_id": "a1", "issued_on": "2030-12-28", "channel": "post"}
    why = telling.refused("2030-12-28 10:00", "practitioner", "IssueEnforcementLetter", **data)
    assert why == ("GEN-01", "No bank holidays are loaded for 2031.")
    telling.tell("2030-12-28 10:00", "practitioner", "IssueEnforcementLetter", imported=True, **data)
    assert telling.warned == [("GEN-01", "No bank holidays are loaded for 2031.")]
    absence = telling.enforcement("2031-02-01")["absences"][0]
    assert absence["letter"]["evidence_deadline"] == "calendar-missing"
    assert absence["status"] == "awaiting-evidence"


# ---------------------------------------------------------------------------------------- properties


@settings(max_examples=40, deadline=None)
@given(st.dates(date(2024, 1, 1), date(2026, 12, 1)), st.integers(0, 20))
def test_without_any_act_an_absence_only_moves_towards_unacceptable(day, wait):
    issued = day + timedelta(days=wait)
    telling = Telling().order(sentence="2023-12-01").absence("a1", str(day), at=f"{day} 09:00")
    telling.letter("l1", "a1", str(issued))
    order = ["no-letter", "awaiting-evidence", "unacceptable"]
    seen = [telling.standing(str(day + timedelta(days=n)))[0] for n in range(0, wait + 25)]
    assert [order.index(each) for each in seen] == sorted(order.index(each) for each in seen)
    assert seen[-1] == "unacceptable"
