"""What each officer and agency knew on each date: from the facts that were recorded by then, and from nothing else."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from tests.aggregates.holding import Holding

from ledger.aggregates.case_review.facts import SeriousIncidentReferred
from ledger.aggregates.child_protection_matter import facts as matter
from ledger.projections.who_knew import TELLINGS
from ledger.rules.dates import LONDON, day_of
from ledger.scenarios import instant

M1, R1 = "child-protection-matter/m1", "case-review/r1"
SERVICES = ("agency", "CHILDREN_SERVICES")


class Knowing(Holding):
    """Ann and kit, on the register since 3 February 2025; review r1 names both from 1 September on."""

    def family(self):
        return self.entered(["kit"], day="2025-02-03")

    def reviewed_by_the_board(self, at="2025-09-01 09:00"):
        return self.review(at=at, children=["kit"])

    def matter(self, at, by, command, /, **data):
        return self.tell(at, by, command, to=M1, **data)

    def concern(self, concern, on, at=None, **more):
        data = {"concern_id": concern, "offender_id": "ann", "source": "UPW_SITE", "noted_on": on, "grave": True}
        data |= {"category": "SIGNIFICANT_HARM", "note": "Keptsecret", "child_ref": "kit", "child_text": "Keptsecret"}
        return self.matter(at or f"{on} 12:00", "supervisor", "RecordConcern", **(data | more))

    def view(self, as_at="2025-12-31", known_at=None):
        path = f"case-review/{self.names.id('r1')}/who-knew"
        return self.ledger.ask(path, date.fromisoformat(as_at), instant(known_at) if known_at else None)

    def knowledge(self, **asked):
        return [(each["kind"], each["who"], each["type"], each["how"]) for each in self.view(**asked)["knowledge"]]


def told():
    """A concern of 10 March: passed on at once, children's services asked, referred, met about, minutes in April."""
    case = Knowing().family().concern("c1", "2025-03-10")
    case.matter("2025-03-10 13:00", "supervisor", "EscalateConcern", concern_id="c1", to_agency="POLICE",
                escalated_at="2025-03-10 12:30")  # fmt: skip
    told = {"referral_id": "rf1", "concern_ids": ["c1"], "made_at": "2025-03-11 10:00", "channel": "PHONE"}
    case.matter("2025-03-11 10:30", "practitioner", "MakeReferral", sent_to="the desk", **told)
    case.matter("2025-03-14 10:30", "practitioner", "InformUnit", unit="South", on="2025-03-12", content="as told")
    told = {"conference_id": "cf1", "kind": "INITIAL", "for_date": "2025-04-01"}
    case.matter("2025-03-17 10:00", "team-admin", "RecordInvitation", **told)
    told = {"received_on": "2025-04-08", "checked_on": "2025-04-10", "accurate": True}
    case.matter("2025-04-10 10:00", "practitioner", "CheckMinutes", conference_id="cf1", **told)
    return case.reviewed_by_the_board()


def test_who_recorded_a_fact_knew_it_from_then_and_whom_it_names_from_its_own_day():
    case = told()
    of = {each["type"]: [] for each in case.view()["knowledge"]}
    for each in case.view()["knowledge"]:
        of[each["type"]].append(each)
    by, police = of["ConcernEscalated"]
    assert (by["who"], by["role"], by["how"]) == (case.names.id("supervisor"), "supervisor", "recorded")
    assert by["since"] == instant("2025-03-10 13:00")
    assert (police["kind"], police["who"], police["how"]) == ("agency", "POLICE", "told")
    assert police["since"] == instant("2025-03-10 12:30")
    assert [(each["kind"], each["who"]) for each in of["UnitInformed"]][1:] == [("unit", "South")]
    assert str(of["UnitInformed"][1]["since"]) == "2025-03-12"
    assert str(of["ConferenceMinutesChecked"][1]["since"]) == "2025-04-08", "the day they came, not that of the check"
    assert [each["who"] for each in of["SeriousIncidentReferred"]][1:] == ["SAFEGUARDING_BOARD"]
    assert [each["how"] for each in of["ConferenceInvited"]] == ["recorded"]


def test_the_knowers_are_agencies_units_then_officers_each_from_when_they_first_knew():
    view = told().view()
    kinds = [each["kind"] for each in view["knowers"]]
    assert kinds == sorted(kinds, key=("agency", "unit", "officer").index)
    for row in view["knowers"]:
        lines = [each for each in view["knowledge"] if (each["kind"], each["who"]) == (row["kind"], row["who"])]
        assert row["facts"] == len(lines)
        assert row["first"] == min(day_of(each["since"]) for each in lines)
        assert row["after_incident"] == sum(each["after_incident"] for each in lines)


def test_what_was_recorded_once_the_incident_was_referred_is_marked_and_what_happened_later_is_not():
    case = told().concern("c2", "2025-08-20", at="2025-09-02 09:00").concern("c3", "2025-09-01", at="2025-09-03 09:00")
    case.concern("c4", "2025-09-05")
    concerns = [each for each in case.view()["knowledge"] if each["type"] == "ChildProtectionConcernRecorded"]
    assert [each["after_incident"] for each in concerns] == [False, True, True, False]
    assert [each["late_days"] for each in concerns] == [0, 13, 2, 0]


def test_a_fact_put_right_or_struck_out_stays_and_says_so():
    case = told()
    before = set(case.knowledge())
    ids = {type(each.fact).__name__: each.id for each in case.ledger.records}
    case.matter("2025-09-04 10:00", "practitioner", "StrikeOutRecord", event_ref=ids["UnitInformed"], reason="another")
    assert before <= set(case.knowledge())
    assert all(each["struck_out"] for each in case.view()["knowledge"] if each["type"] == "UnitInformed")


def test_nothing_that_was_said_in_confidence_is_in_it_and_nothing_of_an_erased_child():
    case = told()
    assert "Keptsecret" not in str(case.view())
    names = str(case.knowledge())
    case.notified().closed().erasing()
    assert all(word not in str(case.view()) for word in ("Keptsecret", "Invented", "9100001"))
    assert names[:-1] in str(case.knowledge()), "that it was recorded, and who knew, stays"


def test_of_reviews_the_referral_alone_is_knowledge_and_of_others_records_nothing():
    case = told().person_of("bob")
    case.matter(
        "2025-09-02 10:00", "practitioner", "RecordNewInformation", offender_id="bob", on="2025-09-02", note="x"
    )
    view = case.view()
    streams = {each["case"].rpartition("-")[0][:11] for each in view["knowledge"]}
    assert all(each["type"] == "SeriousIncidentReferred" for each in view["knowledge"] if "review" in each["case"])
    assert f"offender-{case.names.id('bob')}" not in {each["case"] for each in view["knowledge"]}
    assert streams


def test_gaps_of_the_persons_and_of_their_matters_are_told_by_their_rules():
    view = told().view()
    found = {(each["rule"], each.get("matter_id") is None) for each in view["gaps"]}
    assert ("CP-20", False) in found
    assert ("UPW-10", True) in found
    assert [each["since"] for each in view["gaps"]] == sorted(each["since"] for each in view["gaps"])


def test_the_terms_of_reference_are_those_of_the_chronology_and_hide_nothing():
    case = told()
    assert all(each["within"] for each in case.view()["knowledge"])
    whole = case.knowledge()
    asked = {"from_date": "2025-03-01", "to_date": "2025-03-31", "as_known_at": "2025-09-01 12:00"}
    case.tell("2025-10-01 10:00", "case-reviewer", "ProduceChronology", to=R1, **asked)
    view = case.view()
    assert case.knowledge() == whole
    for each in view["knowledge"]:
        assert each["within"] is (date(2025, 3, 1) <= day_of(each["effective"]) <= date(2025, 3, 31))


def test_every_fact_that_names_whom_it_reached_is_read_and_its_fields_are_there():
    for kind, telling in TELLINGS.items():
        for name in filter(None, (telling.field, telling.on)):
            assert name in kind.model_fields, (kind.__name__, name)
            assert name not in kind.whose, "a sealed value is no code"
    assert {SeriousIncidentReferred, matter.ReferralMade, matter.Cp1Sent} <= TELLINGS.keys()


@pytest.mark.parametrize("seed", range(12))
def test_as_more_is_known_nothing_that_somebody_knew_vanishes_and_nobody_knew_before_it_was_recorded(seed):
    case = at_random(seed)
    moments = sorted({each.recorded for each in case.ledger.records if each.recorded >= instant("2025-09-01 09:00")})
    before: dict = {}
    for moment in moments:
        known_at = moment.astimezone(LONDON).isoformat()
        view = case.view(known_at=known_at)
        now = {(each["position"], each["kind"], each["who"], each["how"]): each for each in view["knowledge"]}
        assert len(now) == len(view["knowledge"])
        assert before.keys() <= now.keys()
        for key, each in before.items():
            stays = ("effective", "recorded", "since", "after_incident", "type", "case")
            assert all(each[name] == now[key][name] for name in stays)
            assert each["struck_out"] <= now[key]["struck_out"]
        assert all(each["recorded"] <= moment for each in now.values())
        assert {key[0] for key in now} == slowly(case, moment)
        before = now


def slowly(case, moment):
    """The facts about ann or kit that were recorded by a moment, but of reviews the referral, one by one."""
    who = {f"offender-{case.names.id('ann')}", f"child-{case.names.id('kit')}"}
    return {
        each.position
        for each in case.ledger.records
        if each.recorded <= moment
        and day_of(each.effective) <= date(2025, 12, 31)
        and (each.stream in who or (who & set(each.about) and not each.stream.startswith("offender-")))
        and (not each.stream.startswith("case-review-") or isinstance(each.fact, SeriousIncidentReferred))
    }


def at_random(seed):
    """A family to whom things happened, recorded in no order of their days, put right and struck out."""
    rng = random.Random(seed)
    case = Knowing().family().concern("c0", "2025-03-01").reviewed_by_the_board()
    for n in range(1, 15):
        happened = date(2025, 3, 1) + timedelta(days=rng.randrange(200))
        at = f"{date(2025, 9, 1) + timedelta(days=n)} {rng.randrange(8, 18):02}:00"
        on = str(min(happened, date.fromisoformat(at[:10])))
        match rng.randrange(6):
            case 0:
                case.concern(f"c{n}", on, at=at)
            case 1:
                case.matter(at, "practitioner", "InformUnit", unit=rng.choice("AB"), on=on, content="as told")
            case 2:
                case.matter(at, "practitioner", "RecordCoreGroup", first=False, on=on, attended=["as told"])
            case 3:
                case.matter(at, "practitioner", "RecordEnquiries", on=on)
            case 4:
                case.matter(at, "supervisor", "NotifyConcern", concern_id="c0", form="EMAIL", to_role="as told", on=on)
            case _:
                given = [
                    each for each in case.ledger.records if type(each.fact).__name__ in ("UnitInformed", "CoreGroupMet")
                ]
                if given:
                    ref = rng.choice(given).id
                    case.give(at, "practitioner", "StrikeOutRecord", to=M1, event_ref=ref, reason="as told")
    return case


def test_grave_concerns_of_days_before_the_referral_are_named_with_how_many_and_none_of_its_own_day():
    case = Knowing().family().concern("c1", "2025-08-20").concern("c2", "2025-08-25", grave=False)
    case.concern("c3", "2025-09-01", "2025-09-01 08:00").reviewed_by_the_board()
    (row,) = case.names.named(case.view()["grave_before"])
    assert (row["rule"], row["matter_id"], row["concern_id"]) == ("SCR-02", "m1", "c1")
    assert (str(row["noted_on"]), row["days"]) == ("2025-08-20", 12)
    first = next(each for each in case.ledger.records if type(each.fact).__name__ == "ChildProtectionConcernRecorded")
    case.matter("2025-09-02 12:00", "supervisor", "StrikeOutRecord", event_ref=first.id, reason="somebody else's")
    assert case.view()["grave_before"] == []
    assert case.view(known_at="2025-09-02 10:00")["grave_before"] != []
