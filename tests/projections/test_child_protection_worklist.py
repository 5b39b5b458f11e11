"""Worklist child-protection (CP-01, CP-35 and others): what is owed in a case, against the view and on every day."""

import random
from datetime import date, timedelta

import pytest
from tests.aggregates.matters import M1, Mattering
from tests.projections.test_schedule import holds_on_every_day

from ledger.projections import WORKLISTS
from ledger.projections.child_protection_worklist import flags
from ledger.rules.child_protection import contact_lost_from

D = date.fromisoformat
ROW = ("kind", "state", "due")


class Owing(Mattering):
    def owed(self, as_at, kind=None):
        rows = self.names.named(self.ledger.ask("worklist/child-protection", D(as_at), None)["items"])
        return [each for each in rows if kind is None or each["kind"] == kind]

    def states(self, as_at, kind):
        return [(each["state"], each["due"], each["days_late"]) for each in self.owed(as_at, kind)]

    def exceptions(self, as_at):
        rows = self.ledger.ask("worklist/exceptions", D(as_at), None)["items"]
        return [(each["rule"], each["flag"], str(each["since"])) for each in rows]

    def visited(self, on):
        return self.tell(f"{on} 10:00", "practitioner", "RecordHomeVisit", on=on, purpose="initial", initial=True)

    def struck(self, at, pick):
        """Something of the matter, but for the concern it begins with, is struck out."""
        own = [each for each in self.ledger.records if each.stream.startswith("child-protection-matter-")][1:]
        if own:
            data = {"event_ref": pick.choice(own).id, "reason": "not true"}
            answer = self.give(at, "senior-practitioner", "StrikeOutRecord", to=M1, **data)
            assert answer is not None
        return self

    def every_day(self, seed=0):
        """How many rows the table of this person's lists and the lists themselves agree on, on every day."""
        stream = f"offender-{self.names.id('dora')}"
        history, policy = self.ledger.history(stream, opens=None), self.ledger.policy()
        lists = [WORKLISTS[name] for name in ("child-protection", "exceptions")]
        known = len(self.ledger.records)
        return holds_on_every_day(stream, history, policy, known, random.Random(seed), lists)


def test_a_reply_is_owed_from_the_referral_and_late_from_the_eleventh_day():
    case = Owing().concern().referral(at="2025-12-18 11:00").reply("2026-01-02")
    assert case.states("2025-12-17", "reply") == []
    assert case.states("2025-12-28", "reply") == [("awaiting-reply", "2025-12-28", 0)]
    assert case.states("2026-01-01", "reply") == [("overdue", "2025-12-28", 4)]
    assert case.states("2026-01-02", "reply") == []


def test_a_core_group_and_a_review_are_owed_after_an_initial_conference():
    case = Owing().concern().invited(day="2025-12-18").attended("2025-12-18")
    assert case.states("2025-12-17", "core-group") == []
    assert case.states("2026-01-06", "core-group") == [("due", "2026-01-06", 0)]
    assert case.states("2026-01-07", "core-group") == [("overdue", "2026-01-06", 1)]
    assert case.states("2026-03-19", "review-conference") == [("overdue", "2026-03-18", 1)]
    case.core_group("2026-01-08")
    assert case.states("2026-01-08", "core-group") == []


def test_an_invitation_waits_for_its_answer_until_the_day():
    case = Owing().concern().invited(day="2025-12-18", at="2025-12-01 10:00")
    assert case.states("2025-11-30", "invitation") == []
    assert case.states("2025-12-18", "invitation") == [("open", "2025-12-18", 0)]
    assert case.states("2025-12-19", "invitation") == []
    assert [each["flag"] for each in case.owed("2025-12-19", "flag")] == ["CONFERENCE_NO_REPORT"]
    data = {"conference_id": "cf1", "on": "2025-12-05", "answer": "will attend"}
    case.tells("2025-12-19 10:00", "practitioner", "AnswerInvitation", **data)
    assert case.states("2025-12-05", "invitation") == []


def test_minutes_are_owed_once_a_conference_took_place():
    case = Owing().concern().invited(day="2025-12-18").attended("2025-12-18")
    assert [each["conference_id"] for each in case.owed("2025-12-18", "minutes")] == ["cf1"]
    data = {"conference_id": "cf1", "received_on": "2025-12-29", "checked_on": "2025-12-30", "accurate": True}
    case.tells("2025-12-30 10:00", "practitioner", "CheckMinutes", **data)
    assert case.owed("2025-12-30", "minutes") == []


def test_a_concern_that_nobody_was_told_of_is_listed_until_it_is_passed_on():
    passing = {
        "NotifyConcern": ("2025-09-05", {"concern_id": "c1", "form": "EMAIL", "to_role": "SPO", "on": "2025-09-05"}),
        "EscalateConcern": (
            "2025-09-05",
            {"concern_id": "c1", "to_agency": "POLICE", "escalated_at": "2025-09-05 09:00"},
        ),
    }
    for command, (day, data) in passing.items():
        case = Owing().concern().concern("c2")
        assert [each["concern_id"] for each in case.owed("2025-09-04", "concern")] == ["c1", "c2"]
        case.tells(f"{day} 10:00", "practitioner", command, **data)
        assert [(each["concern_id"], each["days"]) for each in case.owed(day, "concern")] == [("c2", 4)]
    case = Owing().concern().concern("c2").referral(at="2025-09-08 11:00", concerns=("c1", "c2"))
    assert [len(case.owed(day, "concern")) for day in ("2025-09-07", "2025-09-08")] == [2, 0]
    assert case.every_day() > 0


def test_a_check_ages_until_it_is_answered_and_a_yes_wants_an_r7():
    case = Owing().concern()
    data = {"check_id": "k1", "offender_id": "dora", "on": "2025-10-01", "reason": "PSR"}
    case.tells("2025-10-01 10:00", "practitioner", "RequestCheck", **data)
    assert [each["days"] for each in case.owed("2025-10-11", "check")] == [10]
    told = {"check_id": "k1", "on": "2025-10-12", "q1": True, "q2": False}
    case.tells("2025-10-12 10:00", "team-admin", "RecordCheckAnswer", **told)
    assert case.owed("2025-10-12", "check") == []
    assert [each["rule"] for each in case.owed("2025-10-12", "r7")] == ["CP-08"]
    form = {"form": "R7", "on": "2025-10-13", "confidential": True}
    case.tells("2025-10-13 10:00", "practitioner", "CompleteChildRiskSection", **form)
    assert case.owed("2025-10-13", "r7") == []


def test_a_positive_check_that_is_closed_is_owed_no_more():
    case = Owing().concern()
    asked = {"check_id": "k1", "offender_id": "dora", "on": "2025-10-01", "reason": "PSR"}
    case.tells("2025-10-01 10:00", "practitioner", "RequestCheck", **asked)
    told = {"check_id": "k1", "on": "2025-10-12", "q1": True, "q2": False}
    case.tells("2025-10-12 10:00", "team-admin", "RecordCheckAnswer", **told)
    closing = {"check_id": "k1", "on": "2025-10-14", "reason": "as told"}
    case.tells("2025-10-15 10:00", "practitioner", "CloseCheck", **closing)
    assert [len(case.owed(day, "r7")) for day in ("2025-10-13", "2025-10-14")] == [1, 0]
    assert case.every_day() > 0


def test_a_check_that_was_closed_by_an_r7_which_is_struck_out_is_owed_again():
    case = Owing().concern()
    asked = {"check_id": "k1", "offender_id": "dora", "on": "2025-10-01", "reason": "PSR"}
    case.tells("2025-10-01 10:00", "practitioner", "RequestCheck", **asked)
    told = {"check_id": "k1", "on": "2025-10-12", "q1": True, "q2": False}
    case.tells("2025-10-12 10:00", "team-admin", "RecordCheckAnswer", **told)
    form = {"form": "R7", "confidential": True, "on": "2025-10-13"}
    case.tells("2025-10-13 10:00", "practitioner", "CompleteChildRiskSection", label="form", **form)
    case.tells("2025-10-15 10:00", "practitioner", "CloseCheck", check_id="k1", on="2025-10-14")
    assert [len(case.owed(day, "r7")) for day in ("2025-10-12", "2025-10-13", "2025-10-14")] == [1, 0, 0]
    again = {"event_ref": case.names.ids["form"], "reason": "another case"}
    case.tells("2025-10-20 10:00", "practitioner", "StrikeOutRecord", **again)
    assert [len(case.owed(day, "r7")) for day in ("2025-10-12", "2025-10-14", "2025-10-20")] == [1, 1, 1]
    assert case.every_day() > 0


def test_new_information_waits_for_the_risk_manager():
    case = Owing().concern()
    data = {"offender_id": "dora", "on": "2025-10-01", "note": "as told"}
    case.tells("2025-10-01 10:00", "practitioner", "RecordNewInformation", **data)
    assert len(case.owed("2025-10-02", "countersignature")) == 1
    case.tells("2025-10-03 10:00", "risk-manager", "Countersign", on="2025-10-03")
    assert case.owed("2025-10-03", "countersignature") == []


@pytest.mark.parametrize("channel,owed", [("PHONE", 1), ("telephone", 1), ("EMAIL", 0), ("LETTER", 0)])
def test_a_telephone_call_with_childrens_services_is_followed_by_writing(channel, owed):
    case = Owing().concern()
    data = {"on": "2025-10-01", "channel": channel, "summary": "as told"}
    case.tells("2025-10-01 10:00", "practitioner", "RecordServicesContact", **data)
    assert len(case.owed("2025-10-02", "written-follow-up")) == owed


def test_an_action_is_overdue_from_the_day_after_its_day_until_it_is_done_or_explained():
    case = Owing().concern().invited()
    for action, due in (("a1", "2025-12-31"), ("a2", None)):
        data = {"action_id": action, "conference_id": "cf1", "text": "as told"} | ({"due": due} if due else {})
        case.tells("2025-12-18 17:00", "practitioner", "SetConferenceAction", **data)
    assert [each["state"] for each in case.owed("2025-12-31", "action")] == ["open", "open"]
    assert {each["action_id"]: each["state"] for each in case.owed("2026-01-01", "action")} == {
        "a1": "overdue",
        "a2": "open",
    }
    case.tells("2026-01-02 10:00", "practitioner", "CompleteConferenceAction", action_id="a1", on="2026-01-02")
    assert [each["action_id"] for each in case.owed("2026-01-02", "action")] == ["a2"]


def test_a_child_protection_case_without_a_home_visit_shows_with_its_age():
    case = Owing().concern(on="2025-09-01")
    assert [each["days"] for each in case.owed("2025-09-30", "home-visit")] == [29]
    assert case.visited("2025-10-01").owed("2025-10-01", "home-visit") == []


def test_a_visit_before_the_concern_is_no_visit_about_it():
    case = Owing().visited("2025-08-01").concern(on="2025-09-01")
    assert len(case.owed("2025-09-01", "home-visit")) == 1


def registered(case):
    r7 = {"offender_id": "dora", "ground": "REGISTER_CHILD", "on": "2025-09-02"}
    case.tell("2025-09-02 10:00", "practitioner", "SubmitR7", to="register-entry/e1", **r7)
    child = {"client_id": "9100001", "surname": "Invented", "forenames": "Kit", "register_name": "ICS_REGISTER"}
    case.tell("2025-09-03 09:00", "information-officer", "RecordChild", to="child/kit", **child)
    made = {"offender_id": "dora", "child_ids": ["kit"], "ground": "REGISTER_CHILD", "registered_on": "2025-09-03"}
    more = {"copy_of_r7_filed": True, "roh_register_linked": False}
    return case.tell("2025-09-03 10:00", "information-officer", "EnterRegister", to="register-entry/e1", **made, **more)


CP1 = {
    "tick_child_on_register": True,
    "tick_risk_to_children": True,
    "location": "Nowhere",
    "children": [{"surname": "Invented"}],
    "offenders": [{"surname": "Testcase"}],
    "relationship": "mother",
    "supervision_commenced": "2025-01-06",
    "supervision_expires": "2026-01-05",
    "officer": "A. Officer",
    "officer_location": "Nowhere",
    "telephone": "01562 000000",
}


def test_form_cp1_is_owed_from_the_registration_and_again_when_circumstances_change():
    case = registered(Owing().concern())
    assert case.owed("2025-09-02", "cp1") == []
    assert [str(each["since"]) for each in case.owed("2025-09-03", "cp1")] == ["2025-09-03"]
    case.tells("2025-09-10 10:00", "practitioner", "SendCp1", on="2025-09-10", **CP1)
    assert case.owed("2025-09-10", "cp1") == []
    change = {"kind": "CHILD_ADDRESS", "on": "2025-10-01"}
    case.tell("2025-10-01 10:00", "practitioner", "RecordCpChange", to="register-entry/e1", **change)
    assert [str(each["since"]) for each in case.owed("2025-10-01", "cp1")] == ["2025-10-01"]


def changed(case, kind, on, at=None):
    change = {"kind": kind, "on": on}
    return case.tell(at or f"{on} 10:00", "practitioner", "RecordCpChange", to="register-entry/e1", **change)


def test_a_change_of_circumstances_calls_for_a_review_of_the_entry():
    case = changed(registered(Owing().order("o1", sentence="2025-08-01").concern()), "RISK_STATUS", "2025-10-01")
    assert case.owed("2025-09-30", "register-review") == []
    assert [each["entry_id"] for each in case.owed("2025-10-01", "register-review")] == ["e1"]
    case.tell("2025-10-06 10:00", "information-officer", "ReceiveFormP", to="register-entry/e1", on="2025-10-06")
    review = {"on": "2025-10-06", "outcome": "CHANGED"}
    case.tell("2025-10-06 11:00", "practitioner", "ReviewRegister", to="register-entry/e1", **review)
    assert [len(case.owed(day, "register-review")) for day in ("2025-10-05", "2025-10-06")] == [1, 0]
    assert case.owed("2025-10-06", "deregistration") == []
    assert case.every_day() > 0


@pytest.mark.parametrize("occurred", ["2025-09-30", "2025-10-01", "2025-10-03"])
def test_a_child_removed_from_the_register_calls_for_a_notification(occurred):
    case = registered(Owing().order("o1", sentence="2025-08-01").concern())
    changed(case, "CHILD_REMOVED_FROM_CSCP_REGISTER", "2025-10-01")
    assert [str(each["since"]) for each in case.owed("2025-10-02", "deregistration")] == ["2025-10-01"]
    data = {"ground": "CHILD_REMOVED", "occurred_on": occurred, "notified_on": "2025-10-03"}
    case.tell("2025-10-03 10:00", "practitioner", "NotifyDeregistration", to="register-entry/e1", **data)
    assert case.owed("2025-10-03", "deregistration") == case.owed("2025-10-03", "register-review") == []
    assert case.every_day() > 0


def test_the_end_of_supervision_is_itself_the_notification():
    case = registered(Owing().order("o1", sentence="2025-08-01").concern())
    changed(case, "COMPLETION_OF_SUPERVISION", "2025-10-01")
    assert len(case.owed("2025-10-01", "deregistration")) == 1
    ended = {"order_id": "o1", "ended_on": "2025-10-02", "ground": "COMPLETED"}
    case.tell("2025-10-02 10:00", "practitioner", "EndSupervision", **ended)
    assert case.owed("2025-10-02", "deregistration") == []


@pytest.mark.parametrize("day", ["2024-02-01", "2025-03-29", "2025-12-31"])
def test_contact_is_lost_so_many_days_after_the_last_attendance(day):
    slowly = D(day)
    for _ in range(28):
        slowly += timedelta(days=1)
    assert contact_lost_from(D(day), 28) == slowly


def test_twenty_eight_days_without_attendance_and_an_absence_among_them_warn_until_the_key_worker_is_told():
    case = Owing().order("o1", sentence="2025-08-01").concern(on="2025-08-05")
    assert case.owed("2025-09-15", "loss-of-contact") == []
    case.absence("a1", "2025-08-20")
    assert case.owed("2025-08-28", "loss-of-contact") == []
    assert [each["state"] for each in case.owed("2025-08-29", "loss-of-contact")] == ["warning"]
    told = {"notified_to": "K. Keymade", "on": "2025-09-01"}
    case.tells("2025-09-01 10:00", "practitioner", "NotifyLossOfContact", **told)
    assert case.owed("2025-09-01", "loss-of-contact") == []


def test_what_breaks_a_rule_is_among_the_exceptions_too():
    case = Owing().concern(grave=True).referral(channel="PHONE")
    assert case.exceptions("2025-09-01") == []
    assert case.exceptions("2025-12-18") == [
        ("CP-05", "GRAVE_NOT_ESCALATED", "2025-09-02"),
        ("CP-11", "REFERRAL_NOT_IN_WRITING", "2025-12-18"),
    ]


def test_of_a_case_without_a_child_nothing_is_owed():
    case = Owing().order("o1", sentence="2025-01-06").absence("a1", "2025-02-20")
    assert case.owed("2025-06-01") == []
    assert flags([], D("2025-06-01")) == []


def test_a_closed_registration_owes_no_form_and_no_review_conference():
    case = registered(Owing().concern()).invited(day="2025-09-10", at="2025-09-04 10:00")
    case.attended("2025-09-10")
    data = {"ground": "CHILD_REMOVED", "occurred_on": "2025-11-03", "notified_on": "2025-11-03"}
    case.tell("2025-11-03 10:00", "practitioner", "NotifyDeregistration", to="register-entry/e1", **data)
    closing = {"ground": "CHILD_REMOVED", "closed_on": "2025-11-03"}
    case.tell("2025-11-03 12:00", "information-officer", "CloseRegisterEntry", to="register-entry/e1", **closing)
    assert len(case.owed("2025-11-02", "review-conference")) == len(case.owed("2025-11-02", "cp1")) == 1
    assert case.owed("2025-11-03", "review-conference") == case.owed("2025-11-03", "cp1") == []


def test_on_every_day_the_table_says_what_the_list_says():
    case = registered(Owing().order("o1", sentence="2025-08-01").concern(grave=True))
    case.referral("rf1", at="2025-12-18 11:00", channel="PHONE")
    case.invited(day="2025-12-18", at="2025-12-18 12:00").attended("2025-12-18").strategy("2025-12-19")
    case.absence("a1", "2026-01-05")
    data = {"action_id": "a1", "conference_id": "cf1", "text": "as told", "due": "2026-01-31"}
    case.tells("2026-01-06 17:00", "practitioner", "SetConferenceAction", **data)
    case.tells("2026-01-07 10:00", "practitioner", "ConfirmReferral", referral_id="rf1", on="2026-01-07")
    assert case.every_day() > 200


def test_the_table_turns_on_clocks_of_a_conference_that_is_still_to_come():
    case = Owing().concern().invited(day="2025-12-18", at="2025-09-02 10:00")
    case.invited("cf2", "REVIEW", day="2026-02-18", at="2025-09-03 10:00")
    assert case.states("2026-01-07", "core-group") == [("overdue", "2026-01-06", 1)]
    assert case.every_day() > 50


@pytest.mark.parametrize("seed", range(20))
def test_on_every_day_the_table_says_what_the_list_says_whatever_happened(seed):
    pick = random.Random(seed)
    case = Owing().concern(grave=pick.random() < 0.5)
    case = registered(case) if pick.random() < 0.5 else case
    day, called, rounds = D("2025-09-05"), 0, pick.randrange(4, 10)
    for n in range(rounds):
        day += timedelta(days=pick.randrange(1, 40))
        before = str(max(day - timedelta(days=pick.choice([0, 0, 3, 20])), D("2025-09-02")))
        at, later = f"{day} 20:00", str(day + timedelta(days=pick.randrange(60)))
        match pick.randrange(10):
            case 0 | 1:
                called = n
                case.invited(f"cf{n}", pick.choice(["INITIAL", "REVIEW"]), day=later, at=at)
            case 2 if called:
                case.attended(before, f"cf{called}", at=at)
            case 3:
                case.referral(f"rf{n}", at=f"{before} 11:00", channel=pick.choice(["PHONE", "WRITTEN"]), recorded=at)
            case 4:
                case.core_group(before, at=at)
            case 5:
                case.strategy(before, at=at)
            case 6:
                case.tells(at, "practitioner", "RecordCoreAssessment", on=before)
            case 7:
                case.tells(at, "practitioner", "RecordNewInformation", offender_id="dora", on=before, note="as told")
            case 8:
                told = {"concern_id": "c1", "form": "VERBAL", "to_role": "duty manager", "on": before}
                case.tells(at, "practitioner", "NotifyConcern", **told, written_follow_up_on=later)
            case _:
                case.struck(at, pick)
    assert case.every_day(seed) > 0


def test_the_rows_say_what_the_view_says():
    case = Owing().concern().referral(at="2025-12-18 11:00").invited(day="2025-12-18", at="2025-12-18 12:00")
    case.attended("2025-12-18").strategy("2025-12-19")
    for day in ("2025-12-20", "2025-12-29", "2026-01-07", "2026-01-24", "2026-04-01"):
        matter, rows = case.matter(day), {each["kind"]: each for each in case.owed(day)}
        assert str(matter["referrals"][0]["reply_due"]) == rows["reply"]["reply_due"]
        assert str(matter["core_assessment_due"]) == rows["core-assessment"]["core_assessment_due"]
        assert matter["core_assessment_state"] == rows["core-assessment"]["state"]
        (conference,) = matter["conferences"]
        assert str(conference["core_group_due"]) == rows["core-group"]["core_group_due"]
        assert conference["next_review_state"] == rows["review-conference"]["state"]
