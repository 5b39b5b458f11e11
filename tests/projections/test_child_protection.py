"""The matters of an offender as they are shown: whole, to everybody they are about, and with the reasons."""

from tests.aggregates.matters import M1, Mattering


def test_an_adult_whom_a_later_concern_names_sees_the_matter_whole():
    case = Mattering().concern().invited(day="2025-12-18")
    person = {"client_id": "9000005", "surname": "Invented", "forenames": "Dan", "dob": "1989-07-07", "gender": "M"}
    case.tell("2025-09-03 09:00", "court-officer", "RecordOffender", to="offender/dan", **person)
    assert case.shown("offender/dan/child-protection", "2025-12-19") == {"matters": [], "alerts": []}
    case.concern("c2", on="2025-09-04", offender="dan")
    dan, dora = (case.shown(f"offender/{name}/child-protection", "2025-12-19") for name in ("dan", "dora"))
    assert dan == dora
    assert dan["alerts"][0]["flag"] == "CONFERENCE_NO_REPORT"


def test_an_adult_whose_only_concern_was_struck_out_sees_nothing_more_of_it():
    case = Mattering().concern()
    person = {"client_id": "9000005", "surname": "Invented", "forenames": "Dan", "dob": "1989-07-07", "gender": "M"}
    case.tell("2025-09-03 09:00", "court-officer", "RecordOffender", to="offender/dan", **person)
    case.concern("c2", on="2025-09-04", offender="dan", label="wrong")
    data = {"event_ref": case.names.ids["wrong"], "reason": "another Dan"}
    case.tells("2025-09-05 10:00", "practitioner", "StrikeOutRecord", **data)
    assert case.shown("offender/dan/child-protection", "2025-09-05")["matters"] == []
    before = case.shown("offender/dan/child-protection", "2025-09-05", known_at="2025-09-04 23:00")
    assert [each["matter_id"] for each in before["matters"]] == ["m1"]


def test_every_clock_and_flag_of_a_matter_says_why():
    case = Mattering().concern(grave=True).referral(channel="PHONE").invited(at="2025-12-19 10:00", day="2025-12-30")
    case.strategy("2025-12-20").core_group("2026-01-02")
    answer = case.shown("offender/dora/child-protection", "2026-01-20", explain=True)
    (matter,) = answer["matters"]
    assert matter["why"]["rules"] == ["CP-27@west-mercia-2007"]
    assert matter["why"]["settings"] == {"cp.core_assessment": 35}
    assert matter["referrals"][0]["why"]["settings"] == {"cp.referral_reply": 10}
    why = matter["conferences"][0]["why"]
    assert why["rules"] == ["CP-20@west-mercia-2007", "CP-26@west-mercia-2007", "CP-28@west-mercia-2007"]
    assert why["calendar"].startswith("england-and-wales@release")
    assert why["settings"] == {"cp.review_conference": "3, 6", "cp.core_group": 10}
    assert len(answer["alerts"]) == 3
    assert all(each["why"]["rules"][0].startswith(each["rule"]) and each["why"]["facts"] for each in answer["alerts"])
    assert "why" not in case.matter("2026-01-20")


def test_a_matter_shown_by_itself_names_its_persons_and_its_flags():
    case = Mattering().concern(grave=True, child_ref="kit")
    answer = case.shown(M1, "2025-09-02")
    assert set(answer["persons"]) == {"offender-dora", "child-kit"}
    assert [each["flag"] for each in answer["alerts"]] == ["GRAVE_NOT_ESCALATED"]
    assert answer["matter_id"] == "m1"


def test_nothing_sealed_is_shown():
    case = Mattering().concern(child_text="Kit Keptsecret", note="Dora Keptsecret").referral().reply("2025-12-20")
    for path in ("offender/dora/child-protection", M1):
        assert "Keptsecret" not in str(case.shown(path, "2026-01-01", explain=True))


# ---------------------------------------------------------------------------------------- checks, information, actions


def checked(q1=False, q2=False):
    case = Mattering().concern()
    data = {"check_id": "k1", "offender_id": "dora", "on": "2025-09-02", "reason": "PSR"}
    case.tells("2025-09-02 10:00", "practitioner", "RequestCheck", **data)
    assert case.matter("2025-09-09")["checks"][0]["age_days"] == 7
    data = {"check_id": "k1", "on": "2025-09-10", "q1": q1, "q2": q2}
    return case.tells("2025-09-10 10:00", "team-admin", "RecordCheckAnswer", **data)


def r7_due(case, as_at="2025-09-30"):
    shown = case.matter(as_at)["checks"][0]["r7_due"]
    assert case.shown(M1, as_at)["checks"][0]["r7_due"] is shown
    return shown


def test_a_positive_check_makes_r7_necessary():
    assert [r7_due(checked(*answers)) for answers in ((False, False), (True, False), (False, True))] == [
        False,
        True,
        True,
    ]


def test_section_r7_completed_serves_a_positive_check():
    case = checked(q1=True)
    data = {"form": "R7", "on": "2025-09-12", "confidential": True}
    case.tells("2025-09-12 10:00", "practitioner", "CompleteChildRiskSection", **data)
    assert [r7_due(case, day) for day in ("2025-09-11", "2025-09-12")] == [True, False]


def test_a_positive_check_that_is_closed_with_a_reason_wants_no_r7():
    case = checked(q1=True)
    data = {"check_id": "k1", "on": "2025-09-12", "reason": "the child has moved away"}
    case.tells("2025-09-12 10:00", "practitioner", "CloseCheck", **data)
    assert [r7_due(case, day) for day in ("2025-09-11", "2025-09-12")] == [True, False]
    closed = [str(case.matter(day)["checks"][0]["closed_on"]) for day in ("2025-09-11", "2025-09-12")]
    assert closed == ["None", "2025-09-12"]
    assert case.shown(M1, "2025-09-12")["course"][-1]["says"]["reason"] == "the child has moved away"


def test_new_information_waits_for_the_risk_manager():
    case = Mattering().concern()
    data = {"offender_id": "dora", "on": "2025-09-05", "note": "as told"}
    case.tells("2025-09-05 10:00", "practitioner", "RecordNewInformation", **data)
    case.tells("2025-09-08 10:00", "risk-manager", "Countersign", on="2025-09-08")
    signed = [str(case.matter(day)["new_information"][0]["countersigned_on"]) for day in ("2025-09-07", "2025-09-08")]
    assert signed == ["None", "2025-09-08"]


def test_an_action_of_a_conference_is_open_then_overdue_then_done():
    case = Mattering().concern().invited().attended()
    for action in ("a1", "a2"):
        data = {"action_id": action, "conference_id": "cf1", "text": "as told", "due": "2026-01-09"}
        case.tells("2025-12-19 10:00", "practitioner", "SetConferenceAction", **data)
    case.tells("2026-01-12 10:00", "practitioner", "CompleteConferenceAction", action_id="a1", on="2026-01-12")
    data = {"action_id": "a2", "reason": "the school said no", "written_on": "2026-01-12"}
    case.tells("2026-01-12 11:00", "practitioner", "ExplainConferenceAction", **data)
    states = [
        [each["state"] for each in case.matter(day)["actions"]] for day in ("2026-01-09", "2026-01-10", "2026-01-12")
    ]
    assert states == [["open", "open"], ["overdue", "overdue"], ["done", "not-done"]]
