"""What an assessment owes where there may be children, and who tells a prison: on every day, and as the tables say."""

import random
from datetime import date, timedelta

import pytest
from tests.aggregates.matters import M1, Mattering
from tests.aggregates.telling import Telling
from tests.projections.test_schedule import holds_on_every_day

from ledger.projections import READ_OF_CHILD_CASES, WORKLISTS
from ledger.projections.child_protection_case import concerns
from ledger.rules.child_protection import about_protection, serves_assessment
from ledger.rules.register import in_custody

D = date.fromisoformat


class Assessing(Mattering):
    """Dora's order o1 from 6 January 2025."""

    def __init__(self):
        super().__init__()
        self.order("o1", sentence="2025-01-06")

    def assessed(self, on, order="o1", at=None, **more):
        data = {"order_id": order, "completed_on": on, "rosh_level": "LOW", "marking": "CONFIDENTIAL", **more}
        return self.tell(at or f"{on} 11:00", "practitioner", "CompleteRiskAssessment", **data)

    def checked(self, on, check="k1", offender="dora", at=None, **more):
        data = {"check_id": check, "offender_id": offender, "on": on, "reason": "REVIEW"}
        return self.tells(at or f"{on} 10:00", "practitioner", "RequestCheck", **data, **more)

    def objective(self, on, kind="child_protection", order="o1", **more):
        data = {"order_id": order, "text": "as told", "kind": kind}
        return self.tell(f"{on} 12:00", "practitioner", "SetObjective", **data, **more)

    def ended(self, on, order="o1"):
        data = {"order_id": order, "ended_on": on, "ground": "COMPLETED"}
        return self.tell(f"{on} 17:00", "practitioner", "EndSupervision", **data)

    def judged(self, absence, day, code):
        data = {"absence_id": absence, "result": "ACCEPTABLE", "reason_code": code, "reason": "as told"}
        return self.tell(f"{day} 20:00", "practitioner", "JudgeAbsence", judged_on=day, **data)

    def listed(self, name, as_at):
        return self.names.named(self.ledger.ask(f"worklist/{name}", D(as_at), None)["items"])

    def unchecked(self, as_at):
        return [(each["since"], each["days"]) for each in self.listed("oasys-without-check", as_at)]

    def owed(self, as_at, kind):
        return [each["since"] for each in self.listed("child-protection", as_at) if each["kind"] == kind]

    def every_day(self, seed=0):
        stream = f"offender-{self.names.id('dora')}"
        history, policy = self.ledger.history(stream, opens=None), self.ledger.policy()
        lists = [WORKLISTS[name] for name in ("child-protection", "oasys-without-check")]
        return holds_on_every_day(stream, history, policy, len(self.ledger.records), random.Random(seed), lists)


# ------------------------------------------------------------------------------------------ CP-06


def test_an_assessment_without_a_check_is_listed_with_its_age_until_one_is_asked_for():
    case = Assessing().assessed("2025-01-20")
    assert case.unchecked("2025-01-19") == []
    assert case.unchecked("2025-01-30") == [("2025-01-20", 10)]
    case.checked("2025-02-03")
    assert case.unchecked("2025-02-02") == [("2025-01-20", 13)]
    assert case.unchecked("2025-02-03") == []


def test_a_check_for_the_report_before_the_sentence_serves_the_first_assessment():
    assert Assessing().checked("2024-12-10", at="2025-01-06 16:00").assessed("2025-01-20").unchecked("2025-01-20") == []


def test_every_assessment_wants_a_check_of_its_own():
    case = Assessing().checked("2025-01-18", at="2025-01-18 10:00").assessed("2025-01-20").assessed("2025-07-21")
    assert case.unchecked("2025-07-20") == []
    assert case.unchecked("2025-07-21") == [("2025-07-21", 0)]
    assert case.checked("2025-07-10", "k2", at="2025-07-22 10:00").unchecked("2025-07-22") == []


def test_an_assessment_that_a_later_one_followed_is_no_longer_asked_about():
    case = Assessing().assessed("2025-01-20").assessed("2025-07-21").checked("2025-07-21", at="2025-07-21 12:00")
    assert case.unchecked("2025-07-20") == [("2025-01-20", 181)]
    assert case.unchecked("2025-07-21") == []


def test_a_check_about_somebody_else_in_the_same_matter_is_none():
    case = Assessing()
    other = {"client_id": "9000009", "surname": "Other", "forenames": "Eve", "dob": "1990-02-01", "gender": "F"}
    case.tell("2025-01-07 09:00", "court-officer", "RecordOffender", to="offender/eve", **other)
    case.assessed("2025-01-20").concern(on="2025-01-21").checked("2025-01-22", offender="eve")
    assert case.unchecked("2025-01-22") == [("2025-01-20", 2)]


def test_of_an_order_that_has_ended_nothing_is_asked():
    case = Assessing().assessed("2025-01-20").ended("2025-06-30")
    assert len(case.unchecked("2025-06-29")) == 1
    assert case.unchecked("2025-06-30") == []


def test_a_check_that_is_struck_out_was_never_asked_for():
    case = Assessing().assessed("2025-01-20").checked("2025-01-21", label="asked")
    assert case.unchecked("2025-01-21") == []
    wrong = {"event_ref": case.names.id("asked"), "reason": "not true"}
    case.tells("2025-01-22 10:00", "senior-practitioner", "StrikeOutRecord", **wrong)
    assert case.unchecked("2025-01-21") == [("2025-01-20", 1)]


@pytest.mark.parametrize("seed", range(5))
def test_a_check_serves_the_assessment_it_is_nearest_to(seed):
    pick = random.Random(seed)
    for _ in range(100):
        first = D("2025-01-06") + timedelta(days=pick.randrange(50))
        second = first + timedelta(days=pick.randrange(1, 300))
        asked = first + timedelta(days=pick.randrange(-60, 360))
        away = [abs((asked - each).days) for each in (first, second)]
        assert serves_assessment(asked, second, first) == (away[1] < away[0])
        assert serves_assessment(asked, first, None)


# ------------------------------------------------------------------------------------------ CP-10


def test_a_concern_under_r2_is_owed_an_objective_of_its_order():
    case = Assessing().assessed("2025-01-20", risk_to_children_r2="as told")
    assert case.owed("2025-01-19", "objective") == []
    assert case.owed("2025-01-20", "objective") == ["2025-01-20"]
    case.objective("2025-01-22", kind="education")
    assert case.owed("2025-01-22", "objective") == ["2025-01-20"]
    case.objective("2025-01-23")
    assert case.owed("2025-01-22", "objective") == ["2025-01-20"]
    assert case.owed("2025-01-23", "objective") == []


def test_an_assessment_that_tells_nothing_under_r2_makes_no_case_of_a_child():
    assert Assessing().assessed("2025-01-20").listed("child-protection", "2025-01-20") == []


def test_an_objective_of_another_order_or_from_before_does_not_serve():
    case = Assessing().order("o2", sentence="2025-01-10").objective("2025-01-15").objective("2025-01-21", order="o2")
    case.assessed("2025-01-20", risk_to_children_r2="as told", at="2025-01-22 10:00")
    assert case.owed("2025-01-22", "objective") == ["2025-01-20"]


def test_a_new_concern_under_r2_wants_an_objective_anew():
    case = Assessing().assessed("2025-01-20", risk_to_children_r2="as told").objective("2025-01-20")
    assert case.owed("2025-01-20", "objective") == []
    case.assessed("2025-07-21", risk_to_children_r2="as told")
    assert case.owed("2025-07-21", "objective") == ["2025-07-21"]


def test_a_section_r2_of_a_matter_wants_an_objective_of_any_order():
    case = Assessing().concern(on="2025-03-03")
    section = {"form": "R2", "on": "2025-03-04", "confidential": True}
    case.tells("2025-03-04 10:00", "practitioner", "CompleteChildRiskSection", **section)
    assert case.owed("2025-03-03", "objective") == []
    assert case.owed("2025-03-04", "objective") == ["2025-03-04"]
    assert case.objective("2025-03-05", kind="Child protection").owed("2025-03-05", "objective") == []


def test_without_an_order_that_goes_on_there_is_no_plan_to_set_it_in():
    case = Assessing().assessed("2025-01-20", risk_to_children_r2="as told").ended("2025-06-30")
    assert case.owed("2025-06-29", "objective") == ["2025-01-20"]
    assert case.owed("2025-06-30", "objective") == []


@pytest.mark.parametrize(
    "kind,serves",
    [("child_protection", True), (" Child Protection ", True), ("child-protection", True), ("children", False)],
)
def test_an_objective_says_that_it_is_about_protection(kind, serves):
    assert about_protection(kind) == serves


def test_what_these_rows_read_is_opened_only_where_a_child_is_concerned():
    assert concerns("child-protection-matter.child-protection-concern-recorded.v1", (), {})
    assert concerns("child-protection-matter.child-risk-section-completed.v1", (), {})
    assert concerns("register-entry.made.v1", (), {})
    assert not concerns("register-entry.r7-submitted.v1", (), {})
    assert not concerns("child-protection-matter.children-services-check-requested.v1", (), {})
    assert concerns("offender.risk-assessment-completed.v1", ("risk_to_children_r2", "rosh_level"), {})
    assert concerns("record.corrected.v1", ("corrected_value",), {"field": "risk_to_children_r2"})
    assert not concerns("offender.risk-assessment-completed.v1", ("rosh_level",), {})
    assert not concerns("offender.absence-judged.v1", ("reason_code",), {})
    assert not concerns("record.corrected.v1", ("corrected_value",), {"field": "reason_code"})
    assert {name for fields in READ_OF_CHILD_CASES.values() for name in fields} == {"kind", "reason_code"}


# ------------------------------------------------------------------------------------------ CP-36


def in_prison(code="AARC"):
    return Assessing().concern(on="2025-03-03").absence("a1", "2025-03-10").judged("a1", "2025-03-12", code)


def test_a_remand_in_custody_is_listed_until_the_prison_is_told():
    case = in_prison()
    assert case.owed("2025-03-11", "prison") == []
    assert case.owed("2025-03-12", "prison") == ["2025-03-10"]
    case.tell("2025-03-20 10:00", "practitioner", "InformPrison", prison="HMP Nowhere", on="2025-03-20")
    assert case.owed("2025-03-19", "prison") == ["2025-03-10"]
    assert case.owed("2025-03-20", "prison") == []


@pytest.mark.parametrize("code,there", [("AARC", True), (" aarc", True), ("medical", False), ("AAME", False)])
def test_only_the_outcome_code_says_custody(code, there):
    assert in_custody(code) == there
    assert bool(in_prison(code).owed("2025-03-12", "prison")) == there


def test_who_came_again_is_out_of_prison():
    case = Assessing().ready("2025-01-20").placed("park", "2025-02-03 10:00").allocated("al1", at="2025-02-03 10:10")
    case.concern(on="2025-03-03").absence("a1", "2025-03-10").judged("a1", "2025-03-12", "AARC")
    Telling.attended(case.session("s1", "2025-03-22"), "s1")
    assert case.owed("2025-03-21", "prison") == ["2025-03-10"]
    assert case.owed("2025-03-22", "prison") == []
    case.absence("a2", "2025-04-07").judged("a2", "2025-04-08", "AARC")
    assert case.owed("2025-04-08", "prison") == ["2025-04-07"]


def test_an_absence_that_was_judged_otherwise_after_all_says_nothing_of_a_prison():
    case = in_prison().rejudge("a1", "2025-03-20", "UNACCEPTABLE")
    assert case.owed("2025-03-19", "prison") == ["2025-03-10"]
    assert case.owed("2025-03-20", "prison") == []


def test_the_prison_of_a_case_without_a_child_is_not_listed():
    case = Assessing().absence("a1", "2025-03-10").judged("a1", "2025-03-12", "AARC")
    assert case.listed("child-protection", "2025-03-12") == []


# ------------------------------------------------------------------------------------------ on every day


@pytest.mark.parametrize("seed", range(12))
def test_on_every_day_the_tables_say_what_the_lists_say(seed):
    pick = random.Random(seed)
    case, day = Assessing(), D("2025-01-20")
    for n in range(pick.randrange(4, 12)):
        day += timedelta(days=pick.randrange(1, 40))
        before = str(max(day - timedelta(days=pick.choice([0, 0, 5, 30])), D("2025-01-07")))
        match pick.randrange(8):
            case 0 | 1:
                told = {"risk_to_children_r2": "as told"} if pick.random() < 0.7 else {}
                case.assessed(before, at=f"{day} 20:00", **told)
            case 2 | 3:
                case.checked(before, f"k{n}", at=f"{day} 20:00")
            case 4:
                case.objective(str(day), pick.choice(["child_protection", "work"]))
            case 5:
                case.concern(f"c{n}", before, at=f"{day} 20:00")
            case 6:
                case.absence(f"a{n}", before, at=f"{day} 19:00").judged(f"a{n}", str(day), "AARC")
            case _:
                section = {"form": "R2", "on": before, "confidential": True}
                if case.ledger.history(f"child-protection-matter-{case.names.id('m1')}"):
                    case.tells(f"{day} 20:00", "practitioner", "CompleteChildRiskSection", to=M1, **section)
    case.assessed(str(day), at=f"{day} 21:00")
    assert case.every_day(seed) > 0
