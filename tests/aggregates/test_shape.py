"""The shape of a fact: drafts, closed and erased values, ids, texts, times."""

import json
from datetime import UTC, date, datetime

import pytest
from pydantic import ConfigDict, TypeAdapter, ValidationError

from ledger.aggregates import FACTS
from ledger.aggregates.corrections import read_value
from ledger.aggregates.offender.facts import AbsenceRejudged, EvidenceReceived, RiskAssessmentCompleted
from ledger.aggregates.placement.agreement import AgreementSigned, SchoolCommunityInformed
from ledger.aggregates.shape import CLOSED, OFFENDER, OWN, Erased, opened
from ledger.aggregates.values import Day, Instant, a_client_id, a_code, a_random_id, a_text, in_london, without_floats

ID = "7d444840-9dc0-41d1-a245-5ffdce74fad2"
EVIDENCE = f'{{"absence_id": "{ID}", "received_at": "2025-04-28T23:59:59", "kind": "note", "description": "x"}}'


def draft():
    return EvidenceReceived.model_validate_json(EVIDENCE)


def test_a_draft_leaves_out_what_the_ledger_and_the_actor_supply():
    assert (draft().late, draft().received_by) == (None, None)
    whole = draft().completed(late=False, received_by=ID)
    assert whole.given()["late"] is False
    assert {name: each.by for name, each in EvidenceReceived.supplied.items()} == {
        "late": "ledger",
        "received_by": "actor",
    }


def test_a_fact_says_whose_its_values_are_and_when_it_happened():
    assert EvidenceReceived.whose == {"kind": OFFENDER, "description": OFFENDER}
    assert AbsenceRejudged.whose["to_result"] == OWN
    assert draft().effective() == datetime(2025, 4, 28, 22, 59, 59, tzinfo=UTC)


def test_two_signatures_happened_with_the_later():
    signed = AgreementSigned.model_construct(provider_signed_on=date(2025, 1, 20), manager_signed_on=date(2025, 1, 22))
    assert signed.effective() == date(2025, 1, 22)
    informed = SchoolCommunityInformed(parents_on=date(2025, 8, 21), governors_on=date(2025, 8, 20))
    assert informed.effective() == date(2025, 8, 21)
    assert SchoolCommunityInformed().effective() is None


@pytest.mark.parametrize("value", [CLOSED, Erased(date(2025, 10, 13), "child")])
def test_a_value_that_cannot_be_read_folds_prints_and_serialises(value):
    fact = draft().completed(description=value, late=False, received_by=ID)
    assert str(value) in fact.model_dump_json()
    assert opened(value) is None
    assert opened("read") == "read"
    assert EvidenceReceived(**fact.given()) == fact


def test_erased_prints_what_and_when():
    assert str(Erased(date(2025, 10, 13), "child")) == "[child erased 13/10/2025]"
    assert str(CLOSED) == "[sealed]"
    assert Erased(date(2025, 10, 13)) != CLOSED


def test_nobody_gives_a_sealed_value_as_text():
    with pytest.raises(ValidationError):
        RiskAssessmentCompleted.model_validate_json(f'{{"order_id": "{ID}", "rosh_level": "[sealed]"}}')


@pytest.mark.parametrize(
    "check,value,good",
    [
        (a_random_id, ID, True),
        (a_random_id, "019a2b3c-4d5e-7f60-8a1b-2c3d4e5f6a7b", True),
        (a_random_id, "7d444840-9dc0-51d1-a245-5ffdce74fad2", False),
        (a_random_id, ID.upper(), False),
        (a_random_id, "ann", False),
        (a_text, "two\nlines\tand a tab", True),
        (a_text, "a\x00b", False),
        (a_text, "x" * 32_768, True),
        (a_text, "é" * 16_385, False),
        (a_code, "YELLOW_DOT", True),
        (a_code, "", False),
        (a_code, "x" * 65, False),
        (a_client_id, "0710890", True),
        (a_client_id, "710890", False),
        (without_floats, {"a": [1, True, None, {"b": "c"}]}, True),
        (without_floats, {"a": [1.5]}, False),
    ],
)
def test_what_a_value_may_be(check, value, good):
    if good:
        assert check(value) == value
    else:
        with pytest.raises(ValueError, match=r"\w"):
            check(value)


@pytest.mark.parametrize(
    "told,utc",
    [
        ("2025-07-01T10:00:00", "2025-07-01T09:00:00+00:00"),
        ("2025-01-01T10:00:00", "2025-01-01T10:00:00+00:00"),
        ("2025-10-26T01:30:00", "2025-10-26T00:30:00+00:00"),  # the first of the two
        ("2025-07-01T10:00:00+02:00", "2025-07-01T08:00:00+00:00"),
    ],
)
def test_a_time_without_an_offset_is_londons(told, utc):
    assert in_london(datetime.fromisoformat(told)).isoformat() == utc


def test_a_time_the_clocks_jump_over_is_refused():
    with pytest.raises(ValueError, match="does not exist"):
        in_london(datetime.fromisoformat("2025-03-30T01:30:00"))


DAYS = TypeAdapter(Day, config=ConfigDict(strict=True))
INSTANTS = TypeAdapter(Instant, config=ConfigDict(strict=True))
BOUNDS = "use a year from 1800 to 2200"


@pytest.mark.parametrize(
    "kind,told,taken",
    [
        (DAYS, "1800-01-01", True),
        (DAYS, "2200-12-31", True),
        (DAYS, "1799-12-31", False),
        (DAYS, "2201-01-01", False),
        (DAYS, "0001-01-01", False),
        (DAYS, "9999-12-31", False),
        (INSTANTS, "1800-01-01T00:00:00Z", True),
        (INSTANTS, "2200-12-31T23:59:59Z", True),
        (INSTANTS, "1799-12-31T23:59:59Z", False),
        (INSTANTS, "2201-01-01T00:00:00Z", False),
        (INSTANTS, "1800-01-01T00:00:00+05:00", False),  # in UTC a year before
        (INSTANTS, "2200-12-31T23:59:59-05:00", False),
        (INSTANTS, "0001-01-01T00:00:00+05:00", False),  # in UTC before every calendar
        (INSTANTS, "9999-12-31T23:59:59-05:00", False),
    ],
)
def test_no_day_and_no_instant_lies_outside_every_life_on_file(kind, told, taken):
    if taken:
        found = kind.validate_json(json.dumps(told))
        assert kind.validate_python(found) == found  # as when its entry is read again
    else:
        with pytest.raises(ValidationError, match=BOUNDS):
            kind.validate_json(json.dumps(told))


@pytest.mark.parametrize("fact", FACTS, ids=lambda each: each.topic)
def test_every_time_of_every_fact_is_within_reason(fact):
    """However a value came to be one of a fact: a door, a correction, an import, a decision."""
    for name in fact.model_fields:
        for told in ("0001-01-01", "1799-12-31", "9999-12-31", "9999-12-31T23:59:59Z"):
            try:
                found = read_value(fact, name, told)
            except ValidationError:
                continue
            assert not isinstance(found, date), f"{name} of {fact.topic} takes {told}"
