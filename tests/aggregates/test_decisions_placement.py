"""Refusals and warnings of a placement from its opening to its closing: the command, and rule and message."""

import pytest
from tests.aggregates.siting import CONFIRMED, OPENED, Siting, park, review, school, signatures, unsigned_school

PC, OM, SV, HEAD = "placement-coordinator", "operations-manager", "supervisor", "head-of-unpaid-work"
SCHOOL = {"on_school_premises": True}


def refused(site, at, by, command, /, **data):
    return site.refused(at, by, command, **data)


# ---------------------------------------------------------------------------------------- opening and assessing


@pytest.mark.parametrize(
    "data,why",
    [
        (SCHOOL | {"work_types": ["ROOFING"]},
         ("PLC-05", "Only decorating and external grounds maintenance are allowed on school premises.")),
        (SCHOOL | {"work_types": ["GROUNDS_MAINTENANCE", "ROOFING"]},
         ("PLC-05", "Only decorating and external grounds maintenance are allowed on school premises.")),
        (SCHOOL | {"in_school_hours": True}, ("PLC-12", "Give the reason for working in school hours.")),
        (SCHOOL | {"in_school_hours": True, "in_hours_reason": "  "},
         ("PLC-12", "Give the reason for working in school hours.")),
        ({"proposed_start": "2025-02-02", "projected_completion": "2025-02-01"},
         ("PLC-54", "The projected completion is before the proposed start; check the dates.")),
        ({"days_available": ["Mon", "weekends"]},
         ("PLC-54", "Name the days available as Mon, Tue, Wed, Thu, Fri, Sat or Sun.")),
    ],
)  # fmt: skip
def test_a_placement_is_not_opened(data, why):
    assert refused(Siting(), "2025-01-13 10:00", PC, "OpenPlacement", **OPENED | data) == why


@pytest.mark.parametrize(
    "data",
    [
        {"work_types": ["ROOFING"]},
        SCHOOL | {"work_types": [" external_decorating ", "INTERNAL_DECORATING"]},
        SCHOOL | {"work_types": []},
        {"in_school_hours": True},
        {"days_available": ["saturday", " SUN "]},
        {"proposed_start": "2025-02-01", "projected_completion": "2025-02-01"},
    ],
)
def test_a_placement_is_opened(data):
    assert Siting().opened(**data).shown("2025-01-13")["status"] == "draft"


ASSESS = {"risks": "as told", "benefits": "as told", "on": "2025-01-13"}


@pytest.mark.parametrize(
    "answers,recommendation,reason",
    [
        ({"replaces_paid_work": True}, "Accept", "it replaces paid employment"),
        ({"not_replacing_paid_work": False, "not_adding_to_profit": "no"}, "approve it",
         "it replaces paid employment; it contributes to profit"),
        ({"personal_care": "YES"}, "yes",
         "it is direct personal care or supervision of a child or vulnerable adult"),
    ],
)  # fmt: skip
def test_excluded_work_is_not_recommended(answers, recommendation, reason):
    data = ASSESS | {"answers": answers, "recommendation": recommendation}
    why = ("PLC-02", f"This work cannot be accepted: {reason}.")
    assert refused(Siting().opened(), "2025-01-13 11:00", PC, "AssessProject", **data) == why


@pytest.mark.parametrize(
    "answers,recommendation",
    [
        ({"replaces_paid_work": True}, "reject: it would replace a gardener"),
        ({"not_replacing_paid_work": True, "weather": None, "people": 6, "which": ["anyone"]}, "accept"),
        ({"replaces_paid_work": "perhaps"}, "accept"),
        ({}, "accept"),
    ],
)
def test_an_assessment_is_recorded(answers, recommendation):
    data = ASSESS | {"answers": answers, "recommendation": recommendation}
    Siting().opened().coordinator("2025-01-13 11:00", "AssessProject", **data)


# ---------------------------------------------------------------------------------------- not viable


@pytest.mark.parametrize("judged", [True, False])
@pytest.mark.parametrize("command", ["ApprovePlacement", "SignAgreement", "StartPlacement"])
def test_what_cannot_be_achieved_is_neither_approved_nor_signed_nor_started(judged, command):
    site = unsigned_school(hours=True).assessed("H3", "2025-08-13", achievable=False)
    if judged:
        site.coordinator("2025-08-13 11:00", "JudgeNotViable", requirement="H3", on="2025-08-13")
    data = signatures("2025-08-14") if command == "SignAgreement" else {"on": "2025-08-14"}
    by = HEAD if command == "ApprovePlacement" else PC
    assert refused(site, "2025-08-14 10:00", by, command, **data) == ("PLC-16", "Not viable: H3 cannot be achieved.")
    assert site.shown("2025-08-14")["status"] == "not-viable"
    assert "H3 cannot be achieved" in site.shown("2025-08-14")["cannot_start"]


def test_a_new_assessment_of_what_was_judged_reopens():
    site = unsigned_school(hours=True)
    site.coordinator("2025-08-13 11:00", "JudgeNotViable", requirement="H3", on="2025-08-13")
    site.assessed("H2", "2025-08-14")
    assert site.shown("2025-08-14")["status"] == "not-viable"
    site.assessed("H3", "2025-08-15")
    assert site.shown("2025-08-15")["status"] == "approved"
    assert site.shown("2025-08-14")["status"] == "not-viable"


def test_a_judgement_in_words_is_reopened_by_any_new_assessment_once_all_are_achievable():
    site = unsigned_school().assessed("S1", "2025-08-13", achievable=False)
    site.coordinator("2025-08-13 11:00", "JudgeNotViable", requirement="the gate", on="2025-08-13")
    why = ("PLC-16", "Not viable: the gate cannot be achieved.")
    assert refused(site, "2025-08-13 12:00", HEAD, "ApprovePlacement", on="2025-08-13") == why
    site.assessed("S2", "2025-08-14")
    assert site.shown("2025-08-14")["status"] == "not-viable"
    site.assessed("S1", "2025-08-14", at="11:00")
    assert site.shown("2025-08-14")["status"] == "approved"


def test_a_text_that_need_not_be_achieved_keeps_nothing_from_being_viable():
    assert park().assessed("H3", "2025-03-04", achievable=False).shown("2025-03-04")["status"] == "running"


# ---------------------------------------------------------------------------------------- signing


@pytest.mark.parametrize(
    "site,data,why",
    [
        (lambda: unsigned_school(texts=["S1"]), {}, ("PLC-11", "Section 4 lacks: S2, S3.")),
        (lambda: unsigned_school(True, texts=["S1", "S2", "S3", "H2"]), {},
         ("PLC-12", "School-hours work needs H1, H3, H4 in section 4.")),
        (lambda: unsigned_school(True, texts=["H1"]), {}, ("PLC-11", "Section 4 lacks: S1, S2, S3.")),
        (unsigned_school, {"briefed_on_risk_assessments": False},
         ("PLC-17", "Brief the head teacher on the risk assessments when signing.")),
        (unsigned_school, {"version": 2},
         ("GEN-06", "No agreement version 2 is recorded here; check the id.")),
        *((unsigned_school, {each: False}, ("PLC-19", f"The provider must confirm {each.replace('_', ' ')}."))
          for each in CONFIRMED),
    ],
)  # fmt: skip
def test_an_agreement_is_not_signed(site, data, why):
    assert refused(site(), "2025-08-18 14:00", PC, "SignAgreement", **signatures("2025-08-18", **data)) == why


def test_a_school_is_met_before_it_signs_and_each_text_has_its_assessment():
    needed = ["S1", "S2", "S3"]
    site = Siting().opened("2025-08-04 10:00", **SCHOOL).drafted("2025-08-05", texts=needed)
    why = ("PLC-10", "Hold the planning meeting with the head teacher first.")
    assert refused(site, "2025-08-05 14:00", PC, "SignAgreement", **signatures("2025-08-05")) == why
    site.met().assessed("S2", "2025-08-07")
    why = ("PLC-15", "Risk assessment missing for S1, S3.")
    assert refused(site, "2025-08-08 14:00", PC, "SignAgreement", **signatures("2025-08-08")) == why


def test_an_ordinary_agreement_needs_neither_texts_nor_briefing():
    site = Siting().opened().drafted().signed(briefed_on_risk_assessments=False)
    assert site.shown("2025-01-20")["status"] == "agreed"


def test_a_version_is_drafted_once_and_signed_once():
    site = park()
    why = ("GEN-06", "Recorded events cannot be changed; record a correction.")
    data = {"version": 1, "sections": {}}
    assert refused(site, "2025-03-04 10:00", PC, "DraftAgreement", **data) == why
    why = ("GEN-06", "This signature is already recorded; record a correction.")
    assert refused(site, "2025-03-04 10:00", PC, "SignAgreement", **signatures("2025-03-04")) == why


def test_neither_signature_is_from_the_future():
    data = signatures("2025-08-18", manager_signed_on="2025-08-19")
    assert refused(unsigned_school(), "2025-08-18 14:00", PC, "SignAgreement", **data)[0] == "GEN-05"


@pytest.mark.parametrize(
    "section",
    [["S1 no sexual offences", "S2: very high", "s3"], "S1, S2 and S3", {"S1": "text", "S2": "", "S3": None}],
)
def test_section_4_may_list_its_texts_in_any_form(section):
    site = unsigned_school()
    site.coordinator("2025-08-13 10:00", "DraftAgreement", version=2, sections={"4": section})
    site.signed("2025-08-18", version=2)


@pytest.mark.parametrize("section", [7, True, None, [], [["S1"]], {"codes": ["S1", "S2", "S3"]}, "S11 S22 S33"])
def test_section_4_of_another_form_lacks_them(section):
    site = unsigned_school()
    sections = {} if section is None else {"4": section}
    site.coordinator("2025-08-13 10:00", "DraftAgreement", version=2, sections=sections)
    data = signatures("2025-08-18", version=2)
    assert refused(site, "2025-08-18 14:00", PC, "SignAgreement", **data)[0] == "PLC-11"


# ---------------------------------------------------------------------------------------- starting


def test_everything_missing_is_named_at_once():
    site = Siting().opened()
    missing = (
        "approval by the head of unpaid work, agreement signed by both, risk assessment of tools and equipment, "
        "initial quality assessment"
    )
    assert refused(site, "2025-01-14 10:00", PC, "StartPlacement", on="2025-01-14") == (
        "PLC-21",
        f"Cannot start: {missing}.",
    )
    assert site.shown("2025-01-14")["cannot_start"] == missing.split(", ")


@pytest.mark.parametrize(
    "steps,why",
    [
        (lambda site: site.approved().assessed().drafted(timetable=" ").signed().audited(),
         ("PLC-20", "Record the planned contact timetable in section 6 first.")),
        (lambda site: site.approved().assessed().drafted().signed(),
         ("PLC-21", "Cannot start: initial quality assessment.")),
        (lambda site: site.approved().drafted().signed().audited(),
         ("PLC-21", "Cannot start: risk assessment of tools and equipment.")),
        (lambda site: site.approved().assessed(achievable=False).drafted().signed().audited(),
         ("PLC-21", "Cannot start: risk assessment of tools and equipment.")),
        (lambda site: site.assessed().drafted().signed().audited(),
         ("PLC-21", "Cannot start: approval by the head of unpaid work.")),
        (lambda site: site.approved().assessed().drafted().audited(),
         ("PLC-21", "Cannot start: agreement signed by both.")),
        (lambda site: site.approved().assessed().drafted().signed().audited().suspended("2025-02-01"),
         ("PLC-25", "This placement is suspended since 1 Feb 2025.")),
        (lambda site: site.approved().assessed().drafted().signed().audited().started("2025-02-03"),
         ("GEN-06", "This start is already recorded; record a correction.")),
    ],
)  # fmt: skip
def test_work_does_not_start(steps, why):
    site = Siting().opened()
    steps(site)
    assert refused(site, "2025-03-03 08:30", PC, "StartPlacement", on="2025-03-03") == why


def test_a_school_that_moved_into_school_hours_before_its_start_needs_their_texts():
    site = unsigned_school().signed("2025-08-18").audited(day="2025-08-20")
    site.coordinator("2025-08-21 10:00", "ChangeHours", in_school_hours=True, from_date="2025-08-25")
    why = ("PLC-12", "School-hours work needs H1, H2, H3, H4 in section 4.")
    assert refused(site, "2025-09-01 08:30", PC, "StartPlacement", on="2025-09-01") == why


@pytest.mark.parametrize(
    "told,warned",
    [
        ({}, True),
        ({"governors_on": "2025-08-20"}, True),
        ({"governors_on": "2025-08-20", "parents_on": "2025-08-21"}, False),
    ],
)
def test_a_school_that_told_nobody_starts_with_a_warning(told, warned):
    site = unsigned_school().signed("2025-08-18").audited(day="2025-08-20")
    site.coordinator("2025-08-22 10:00", "RecordSchoolInformed", **told)
    caution = [("PLC-28", "Governors and parents have not been told.")] if warned else []
    assert site.started("2025-09-01").warned == caution


def test_nobody_is_told_of_a_park():
    assert park().warned == []


# ---------------------------------------------------------------------------------------- asked for in words


@pytest.mark.parametrize("given", [{}, {"assessed_by": None}])
def test_a_task_is_assessed_first(given):
    data = {"task": "as told", "on": "2025-03-04"} | given
    why = ("PLC-22", "Assess this task before adding it.")
    assert refused(park(), "2025-03-04 10:00", PC, "AddTask", **data) == why


@pytest.mark.parametrize("given", [{}, {"initials": " "}])
def test_the_contact_log_is_initialled(given):
    data = {"sheet_no": 1, "on": "2025-03-04", "kind": "visit", "entry": "as told"} | given
    why = ("PLC-23", "Date and initials are required.")
    assert refused(park(), "2025-03-04 10:00", PC, "LogContact", **data) == why


# ---------------------------------------------------------------------------------------- the head teacher

APPROVE = {"approval_id": "ap1", "offender_id": "bob", "head_teacher": "H. Headmade", "form": "letter"}
NOT_PRIOR = ("PLC-08", "Approval must come from the head teacher before assignment.")


def with_bob(day="2025-09-03"):
    site = school().joined("bob", "b1")
    data = {"allocation_id": "al1", "order_id": "b1", "placement_id": "here", "mode": "GROUP", "from_date": day}
    data |= {"match_reasons": "as told", "roh_considered": True}
    return site.tell(f"{day} 10:00", PC, "AllocatePlacement", to="offender/bob", imported=True, **data)


@pytest.mark.parametrize("given", [{}, {"head_teacher": " "}])
def test_an_approval_names_the_head_teacher(given):
    data = {k: v for k, v in APPROVE.items() if k != "head_teacher"} | given | {"given_on": "2025-09-02"}
    assert refused(school(), "2025-09-02 10:00", PC, "RecordHeadApproval", **data) == NOT_PRIOR


@pytest.mark.parametrize("given_on,prior", [("2025-09-02", False), ("2025-09-03", False), ("2025-09-04", True)])
def test_an_approval_told_after_the_allocation_is_not_of_a_day_before_it(given_on, prior):
    site, data = with_bob(), APPROVE | {"given_on": given_on}
    if prior:
        site.coordinator("2025-09-04 12:00", "RecordHeadApproval", **data)
    else:
        assert refused(site, "2025-09-04 12:00", PC, "RecordHeadApproval", **data) == NOT_PRIOR


def test_an_approval_for_another_person_is_not_backdated():
    with_bob().coordinator(
        "2025-09-04 12:00", "RecordHeadApproval", **APPROVE | {"offender_id": "cy", "given_on": "2025-09-02"}
    )


def test_a_withdrawal_moves_the_case_of_the_person_it_was_for():
    site = school().coordinator("2025-09-02 10:00", "RecordHeadApproval", **APPROVE, given_on="2025-09-02")
    data = {"approval_id": "ap1", "on": "2025-09-05", "reason": "as told"}
    site.coordinator("2025-09-05 10:00", "WithdrawHeadApproval", **data)
    assert site.folded().history[-1].about == (f"offender-{site.names.id('bob')}",)
    why = ("GEN-06", "This withdrawal is already recorded; record a correction.")
    assert refused(site, "2025-09-05 11:00", PC, "WithdrawHeadApproval", **data) == why


@pytest.mark.parametrize(
    "data,message",
    [
        ({"approval_id": "ap2"}, "No approval ap2 is recorded here; check the id."),
        ({"on": "2025-09-01"}, "This is before what it refers to; check the dates."),
    ],
)
def test_only_an_approval_that_was_given_is_withdrawn(data, message):
    site = school().coordinator("2025-09-02 10:00", "RecordHeadApproval", **APPROVE, given_on="2025-09-02")
    data = {"approval_id": "ap1", "on": "2025-09-05", "reason": "as told"} | data
    rule, said = refused(site, "2025-09-05 10:00", PC, "WithdrawHeadApproval", **data)
    assert (rule, said.replace(site.names.id("ap2"), "ap2")) == ("GEN-06", message)


# ---------------------------------------------------------------------------------------- deviations, suspension


def deviating(site=None):
    data = {"deviation_id": "dv1", "what": "as told", "noted_on": "2025-09-16"}
    return (site or school()).tell("2025-09-16 12:00", SV, "NoteDeviation", **data)


RESOLVE = {"deviation_id": "dv1", "how": "as told", "on": "2025-09-18", "agreed_by": ["supervisor", "head teacher"]}


@pytest.mark.parametrize("parties", [[], ["supervisor"], ["Head", " head "], ["supervisor", "  "]])
def test_one_party_alone_resolves_nothing(parties):
    why = ("PLC-24", "Both parties must agree that the deviation is resolved.")
    data = RESOLVE | {"agreed_by": parties}
    assert refused(deviating(), "2025-09-18 10:00", PC, "ResolveDeviation", **data) == why


def test_a_deviation_is_resolved_once_and_not_before_it_was_noted():
    site = deviating()
    early = RESOLVE | {"on": "2025-09-15"}
    assert refused(site, "2025-09-18 10:00", PC, "ResolveDeviation", **early)[0] == "GEN-06"
    site.coordinator("2025-09-18 10:00", "ResolveDeviation", **RESOLVE)
    assert refused(site, "2025-09-18 11:00", PC, "ResolveDeviation", **RESOLVE)[0] == "GEN-06"


def resumed(site, day="2025-09-22"):
    return site.tell(f"{day} 16:00", OM, "ResumePlacement", on=day, reason="as told")


def guided(site, day):
    return site.coordinator(f"{day} 15:30", "RecordGuidance", source="the manager", on=day, text="as told")


FIRST = ("PLC-25", "Obtain guidance and close the deviation first.")


@pytest.mark.parametrize(
    "site,why",
    [
        (lambda: school().suspended("2025-09-16"), FIRST),
        (lambda: guided(school(), "2025-09-15").suspended("2025-09-16"), FIRST),
        (lambda: guided(deviating().suspended("2025-09-16", deviation_id="dv1"), "2025-09-17"), FIRST),
        (lambda: guided(deviating().suspended("2025-09-16"), "2025-09-17"), FIRST),
        (school, ("PLC-25", "This placement is not suspended.")),
    ],
)
def test_a_placement_is_not_resumed(site, why):
    assert refused(site(), "2025-09-22 16:00", OM, "ResumePlacement", on="2025-09-22", reason="as told") == why


def test_a_placement_is_suspended_and_resumed_again_and_again():
    site = guided(school().suspended("2025-09-16"), "2025-09-16")
    assert refused(site, "2025-09-17 10:00", SV, "SuspendPlacement", on="2025-09-17", cause="as told")[0] == "GEN-06"
    resumed(site, "2025-09-18").suspended("2025-09-19")
    assert [site.shown(f"2025-09-{n}")["status"] for n in (15, 16, 17, 18, 19)] == [
        *("running", "suspended", "suspended", "running", "suspended")
    ]
    # guidance of the first suspension is not guidance of the second
    assert refused(site, "2025-09-22 16:00", OM, "ResumePlacement", on="2025-09-22", reason="as told") == FIRST


def test_a_deviation_that_is_not_there_suspends_nothing():
    data = {"on": "2025-09-16", "cause": "as told", "deviation_id": "dv9"}
    assert refused(school(), "2025-09-16 10:00", SV, "SuspendPlacement", **data)[0] == "GEN-06"


# ---------------------------------------------------------------------------------------- review, closing


@pytest.mark.parametrize(
    "data",
    [{"form_reviewed": False}, {"pqs_reviewed": False}, {"provider_signed_on": None}, {"manager_signed_on": None}],
)
def test_half_a_review_is_none(data):
    why = ("PLC-26", "Both forms must be reviewed and both parties must sign.")
    data = review("2025-11-20", **data)
    assert refused(school(), "2025-11-20 12:00", PC, "ReviewPlacement", **data) == why


def test_a_review_is_not_done_tomorrow():
    data = review("2025-11-20", done_on="2025-11-21")
    assert refused(school(), "2025-11-20 12:00", PC, "ReviewPlacement", **data)[0] == "GEN-05"


@pytest.mark.parametrize(
    "by,command,data",
    [
        (HEAD, "ApprovePlacement", {"on": "2025-09-11"}),
        (PC, "DraftAgreement", {"version": 2, "sections": {}}),
        (PC, "SignAgreement", signatures("2025-09-11")),
        (PC, "ChangeHours", {"in_school_hours": True, "from_date": "2025-09-20"}),
        (PC, "AddTask", {"task": "as told", "assessed_by": "pc1", "on": "2025-09-11"}),
        (PC, "RecordHeadApproval", APPROVE | {"given_on": "2025-09-11"}),
        (SV, "SuspendPlacement", {"on": "2025-09-11", "cause": "as told"}),
        (PC, "ReviewPlacement", review("2025-09-11")),
    ],
)
def test_nothing_is_agreed_or_decided_after_the_closing(by, command, data):
    site = school().coordinator("2025-09-10 10:00", "ClosePlacement", on="2025-09-10", reason="as told")
    why = ("PLC-30", "This placement was closed on 10 Sep 2025.")
    assert why in [(each.rule, each.message) for each in site.give("2025-09-11 17:00", by, command, **data).refusals]


@pytest.mark.parametrize(
    "by,command,data",
    [
        (PC, "RecordSurvey", {"on": "2025-09-11", "answers": {"happy": "yes"}}),
        (OM, "RecordSpotCheck", {"on": "2025-09-11", "unannounced": True, "findings": "as told"}),
        (PC, "ReviewPlacement", review("2025-09-09")),
        (SV, "SuspendPlacement", {"on": "2025-09-09", "cause": "told late"}),
    ],
)
def test_what_is_looked_into_or_told_late_still_comes_in(by, command, data):
    site = school().coordinator("2025-09-10 10:00", "ClosePlacement", on="2025-09-10", reason="as told")
    site.tell("2025-09-11 17:00", by, command, **data)
    assert site.shown("2025-09-11")["status"] == "closed"
    assert refused(site, "2025-09-11 18:00", PC, "ClosePlacement", on="2025-09-11", reason="again")[0] == "GEN-06"


def test_whoever_closes_is_told_of_sessions_still_planned():
    site = park().joined("ann", "o1")
    plan = {"order_id": "o1", "placement_id": "here", "start": "09:30"}
    for n, day in enumerate(("2025-03-08", "2025-03-15")):
        data = plan | {"session_id": f"s{n}", "date": day}
        site.tell("2025-03-04 10:00", PC, "ScheduleSession", to="offender/ann", imported=True, **data)
    site.coordinator("2025-03-08 18:00", "ClosePlacement", on="2025-03-08", reason="as told")
    assert site.warned == [("PLC-30", "Sessions are still planned here from 15 Mar 2025 on; cancel them.")]


# ---------------------------------------------------------------------------------------- told by another system


def test_history_is_never_refused_for_a_rule_and_its_exceptions_show():
    site = Siting().opened(on_school_premises=True, work_types=["ROOFING"], imported=True)
    assert site.warned == [
        ("PLC-05", "Only decorating and external grounds maintenance are allowed on school premises.")
    ]
    site.coordinator("2025-03-03 09:00", "StartPlacement", on="2025-03-03", imported=True)
    broken = [("RULE_BROKEN_BEFORE_IMPORT", "PLC-05"), ("RULE_BROKEN_BEFORE_IMPORT", "PLC-21")]
    assert [each[:2] for each in site.flags("2025-03-03")] == broken
    assert site.shown("2025-03-03")["status"] == "running"


def test_what_cannot_be_is_set_aside_whoever_tells_it():
    site = Siting().opened()
    data = {"deviation_id": "dv1", "how": "as told", "on": "2025-01-14", "agreed_by": ["a", "b"]}
    assert refused(site, "2025-01-14 10:00", PC, "ResolveDeviation", imported=True, **data)[0] == "GEN-06"
