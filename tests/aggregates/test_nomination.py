"""Nominations: refusals, and their acknowledgement by working days; view and worklist of their register."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.aggregates.siting import OPENED, Siting

from ledger.projections import WORKLISTS
from ledger.rules.calendar_source import LAST_YEAR, bank_holidays
from ledger.scenarios import instant

PC = "placement-coordinator"
RECEIVED = {"means_of_referral": "website", "site": "Nowhere churchyard", "work_described": "clear brambles"}
DECIDED = {"decision": "ACCEPTED", "reasons": "as told"}


class Nominating(Siting):
    """One nomination, told line by line."""

    def give(self, at, by, command, /, to=None, **more):
        return super().give(at, by, command, to=to or "nomination/n1", **more)

    def received(self, day="2025-04-17"):
        return self.coordinator(f"{day} 10:00", "ReceiveNomination", received_on=day, **RECEIVED)

    def acknowledged(self, day):
        return self.coordinator(f"{day} 12:00", "AcknowledgeNomination", on=day)

    def decided(self, day, **more):
        return self.coordinator(f"{day} 12:00", "DecideNomination", decided_on=day, **DECIDED | more)

    def view(self, as_at, known_at=None, explain=False):
        path, known = f"nomination/{self.names.id('n1')}/nomination", instant(known_at) if known_at else None
        return self.names.named(self.ledger.ask(path, date.fromisoformat(as_at), known, explain))

    def rows(self, as_at):
        return self.names.named(self.ledger.ask("worklist/nominations", date.fromisoformat(as_at), None))["items"]

    def state(self, as_at):
        return self.view(as_at)["state"]


# ---------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("reasons", ["", " \n", None])
def test_a_decision_has_reasons(reasons):
    data = {k: v for k, v in DECIDED.items() if k != "reasons"} | {"decided_on": "2025-04-18"}
    data |= {} if reasons is None else {"reasons": reasons}
    why = ("PLC-01", "Record the reasons for accepting or rejecting.")
    assert Nominating().received().refused("2025-04-18 12:00", PC, "DecideNomination", **data) == why


@pytest.mark.parametrize(
    "steps,command,data",
    [
        ((), "AcknowledgeNomination", {"on": "2025-04-22"}),
        (("received",), "ReceiveNomination", RECEIVED | {"received_on": "2025-04-22"}),
        (("received",), "AcknowledgeNomination", {"on": "2025-04-16"}),
        (("received",), "DecideNomination", DECIDED | {"decided_on": "2025-04-16"}),
        (("received", "acknowledged"), "AcknowledgeNomination", {"on": "2025-04-22"}),
        (("received", "decided"), "DecideNomination", DECIDED | {"decided_on": "2025-04-22"}),
    ],
)
def test_each_step_is_taken_once_and_in_its_time(steps, command, data):
    site = Nominating()
    for step in steps:
        getattr(site, step)(*(() if step == "received" else ("2025-04-22",)))
    assert site.refused("2025-04-22 15:00", PC, command, **data)[0] == "GEN-06"
    assert site.refused("2025-04-22 15:00", PC, command, imported=True, **data)[0] == "GEN-06"


def test_a_decision_is_signed_by_its_author():
    site = Nominating().received().decided("2025-04-22")
    assert site.ledger.records[-1].fact.by == site.names.id(PC)


# ---------------------------------------------------------------------------------------- how it stands


def test_a_nomination_goes_its_way():
    site = Nominating().received()  # on Maundy Thursday: five working days end on Monday 28 April
    assert [site.state(day) for day in ("2025-04-17", "2025-04-28", "2025-04-29")] == [
        *("awaiting-acknowledgement", "awaiting-acknowledgement", "overdue")
    ]
    assert site.acknowledged("2025-04-28").state("2025-04-28") == "acknowledged"
    assert site.decided("2025-05-06", decision="REJECTED").state("2025-05-06") == "rejected"
    assert (site.state("2025-04-27"), site.state("2025-05-05")) == ("awaiting-acknowledgement", "acknowledged")


def test_an_acknowledgement_a_day_late_stays_late():
    site = Nominating().received().acknowledged("2025-04-29")
    assert site.state("2025-04-29") == "acknowledged-late"


def test_a_decision_stands_for_its_acknowledgement():
    assert Nominating().received().decided("2025-05-06").state("2025-05-06") == "accepted"


def test_before_it_came_there_is_nothing_to_show():
    site = Nominating().received()
    assert site.view("2025-04-16") == {
        "received_on": None,
        "acknowledge_by": None,
        "acknowledged_on": None,
        "decided_on": None,
        "state": None,
        "placements": [],
    }
    assert site.rows("2025-04-16") == []


def test_why_says_by_which_days_it_was_counted():
    why = Nominating().received().view("2025-04-17", explain=True)["why"]
    assert why["rules"] == ["PLC-01@manual-2022", "GEN-01@conventions-1"]
    assert why["settings"] == {"plc.nomination_ack": 5}
    assert why["calendar"].startswith("england-and-wales")


def test_beyond_the_calendar_the_deadline_says_so():
    site = Nominating().received("2039-04-01")
    assert (site.state("2039-04-01"), site.view("2039-04-01")["acknowledge_by"]) == ("calendar-missing",) * 2
    assert site.rows("2039-04-01")[0]["state"] == "calendar-missing"


def test_a_corrected_day_of_receipt_moves_the_deadline():
    site = Nominating().received()
    data = {"event_ref": site.ledger.records[-1].id, "field": "received_on", "corrected_value": "2025-04-10"}
    site.tell("2025-04-18 10:00", "senior-practitioner", "CorrectRecord", reason="as told", **data)
    assert str(site.view("2025-04-22")["acknowledge_by"]) == "2025-04-17"
    assert str(site.view("2025-04-22", known_at="2025-04-17 23:00")["acknowledge_by"]) == "2025-04-28"


def test_a_placement_refers_back_to_its_nomination():
    site = Nominating().received()
    site.tell("2025-04-18 10:00", PC, "OpenPlacement", to="placement/park", **OPENED)
    data = {"answers": {}, "risks": "x", "benefits": "y", "recommendation": "accept", "on": "2025-04-18"}
    site.tell("2025-04-18 11:00", PC, "AssessProject", to="placement/park", nomination_id=site.names.id("n1"), **data)
    assert site.view("2025-04-18")["placements"] == ["park"]
    assert "placements" not in site.rows("2025-04-18")[0]


# ---------------------------------------------------------------------------------------- the worklist


def naive(received, days):
    """So many working days on, by walking."""
    holidays, day = bank_holidays(), received
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5 and day not in holidays
    return day


@given(
    st.dates(date(2021, 1, 1), date(LAST_YEAR - 1, 12, 31)),
    st.none() | st.integers(0, 15),
    st.none() | st.integers(0, 15),
)
@settings(max_examples=60, deadline=None)
def test_rows_change_on_their_moments_only(received, acknowledged, decided):
    site = Nominating().received(str(received))
    told = [("acknowledged", acknowledged), ("decided", decided)]
    for step, days in sorted((each for each in told if each[1] is not None), key=lambda each: each[1]):
        getattr(site, step)(str(received + timedelta(days=days)))
    assert site.view(str(received))["acknowledge_by"] == naive(received, 5)
    history = site.ledger.history(f"nomination-{site.names.id('n1')}", opens={})
    worklist, policy, known = WORKLISTS["nominations"], site.policy(), len(site.ledger.records)
    moments = set(worklist.moments(history, policy, known))
    days = [received + timedelta(days=n) for n in range(-3, 40)]
    rows = [worklist.rows(history, policy, day, known) for day in days]
    changed = {day for day, before, now in zip(days[1:], rows, rows[1:], strict=False) if before != now}
    assert changed <= moments
