"""What somebody may be found by: as recorded, as put right, as aliases; nobody whose name cannot be read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from ledger.aggregates.corrections import RecordCorrected, RecordStruckOut
from ledger.aggregates.offender.facts import OffenderDetailsCorrected, OffenderRecorded
from ledger.aggregates.shape import CLOSED, Actor, Erased, Recorded
from ledger.searching.people import Name, person, plain, row_of

WHEN = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)
DAY = date(2025, 3, 4)
CASE = f"offender-{uuid4()}"
CLERK = Actor(str(uuid4()), "team-admin")
ANN = {"client_id": "0710890", "surname": "Jones", "forenames": "Ann Marie", "dob": date(1990, 2, 1), "gender": "F"}


def told(*facts) -> list[Recorded]:
    return [
        Recorded(at, CASE, at, f"0190000{at}-0000-7000-8000-000000000000", fact, WHEN, WHEN, CLERK)
        for at, fact in enumerate(facts, 1)
    ]


def recorded(**more) -> OffenderRecorded:
    return OffenderRecorded(offender_id=CASE[-36:], **{**ANN, **more})


def put_right(field: str, value: str) -> OffenderDetailsCorrected:
    return OffenderDetailsCorrected(field=field, new_value=value, reason="wrong")


def test_a_person_is_known_by_numbers_day_and_every_name():
    found = person(CASE, told(recorded(crn="X1", aliases=["Smith, Annie", "Kim Lee Brown"], previous_names=[])), DAY)
    assert found is not None
    assert (found.client_id, found.crn, found.dob) == ("0710890", "X1", date(1990, 2, 1))
    assert found.names == (Name("jones", "ann marie"), Name("smith", "annie"), Name("brown", "kim lee"))
    assert found.concerns == (CASE,)
    assert row_of(found)["warnings"] == "RA-N"


@pytest.mark.parametrize(
    "field, value, name",
    [("Surname", "Bright", "surname"), ("client id", "7654321", "client_id"), (" CRN ", "X9", "crn")],
)
def test_a_detail_put_right_counts_from_then_on(field, value, name):
    found = person(CASE, told(recorded(), put_right(field, value)), DAY)
    assert found is not None
    assert getattr(found, name) == value


def test_a_date_of_birth_put_right_is_read_as_a_day_or_not_at_all():
    right, wrong = (person(CASE, told(recorded(), put_right("dob", each)), DAY) for each in ("1991-03-02", "in May"))
    assert right is not None
    assert right.dob == date(1991, 3, 2)
    assert wrong is not None
    assert wrong.dob is None


def test_a_corrected_record_is_found_as_corrected_and_one_struck_out_not_at_all():
    first = told(recorded())
    fixed = told(recorded(), RecordCorrected(event_ref=first[0].id, field="surname", corrected_value="Roe", reason="x"))
    found = person(CASE, fixed, DAY)
    assert found is not None
    assert found.names[0].surname == "roe"
    assert person(CASE, told(recorded(), RecordStruckOut(event_ref=first[0].id, reason="x")), DAY) is None


@pytest.mark.parametrize("value", [CLOSED, Erased(DAY)])
def test_whose_name_cannot_be_read_cannot_be_found(value):
    assert person(CASE, told(recorded(surname=value)), DAY) is None
    assert person(CASE, told(recorded(forenames=value)), DAY) is None
    kept = person(CASE, told(recorded(crn=value, aliases=value, dob=value)), DAY)
    assert kept is not None
    assert (kept.crn, kept.dob, kept.names) == (None, None, (Name("jones", "ann marie"),))


@pytest.mark.parametrize(
    "text, name",
    [("  O'Néill-SMITH ", "oneill smith"), ("D’Arcy", "darcy"), ("Żak", "zak"), ("STRAẞE", "strasse"), ("李", "李")],
)
def test_how_a_name_is_compared(text, name):
    assert plain(text) == name
