"""The numbers of the rule book (its section O, and the rules that name a reminder), as a release brings them."""

import pytest

from ledger.rules.settings import SETTINGS

NUMBERS = {
    "upw.min_hours": 40,
    "upw.max_hours": 300,
    "upw.completion_months": 12,
    "upw.check_months": "6, 9",
    "upw.check_early_days": 14,
    "upw.first_appointment": 5,
    "upw.first_appointment_reminder": 3,
    "upw.assessment": 15,
    "upw.assessment_reminder": 10,
    "oasys.assessment": 15,
    "oasys.assessment_reminder": 10,
    "enf.evidence": 5,
    "enf.breach_threshold": 2,
    "enf.breach_start_limit": None,
    "hrs.ete_max_percent": None,
    "hrs.long_day_minutes": 420,
    "case.transfer": 5,
    "plc.nomination_ack": 5,
    "plc.school_review_days": 84,
    "plc.school_review_reminder": 14,
    "plc.pqs_interval_months": 3,
    "plc.pqs_accredited_min": 6,
    "plc.pqs_q1_cap": 1,
    "plc.contact_hours": 30,
    "plc.school_excluded_codes": "16-25, 27, 107, 139",
    "plc.incident_hours": 24,
    "plc.survey_months": 12,
    "plc.hs_audit": "yearly",
    "plc.agreement_audit": "yearly",
    "cp.referral_reply": 10,
    "cp.core_group": 10,
    "cp.core_assessment": 35,
    "cp.review_conference": "3, 6",
    "cp.register_review": 4,
    "cp.register_review_reminder": 14,
    "cp.monthly_report_day": 1,
    "cp.loss_of_contact_days": 28,
    "scr.duration": 4,
    "scr.publication": 6,
    "scr.rapid_review": 15,
    "mgt.supervision": 42,
    "mgt.observations_per_year": 2,
    "mgt.hs_reading": 8,
    "mgt.hs_training": 6,
    "mgt.probation": 6,
    "ins.plan": 28,
    "ins.bands": "80, 65, 50",
    "ins.victim_contact": 40,
    "ins.programme_start": 6,
    "ssp.review": 12,
    "dp.request_months": 1,  # these two by the Data Protection Act 2018, sections 54 and 67
    "dp.breach_hours": 72,
}


@pytest.mark.parametrize("key", NUMBERS)
def test_a_release_brings_the_number_of_the_rule_book(key):
    setting = SETTINGS[key]
    assert setting.read(setting.value) == NUMBERS[key]


@pytest.mark.parametrize("key", [key for key, value in NUMBERS.items() if isinstance(value, int)])
def test_a_number_may_be_nought_only_where_nothing_rests_on_a_period(key):
    setting = SETTINGS[key]
    assert setting.accepts("1")
    assert setting.read("1") == 1
    assert setting.accepts("0") is (key != "upw.completion_months")
