"""Settings: each key is read as its rule takes it, and the Kent ones need both committees."""

import pytest

from ledger.rules.settings import SETTINGS


@pytest.mark.parametrize("each", SETTINGS.values(), ids=lambda each: each.key)
def test_a_built_in_value_is_one_the_setting_accepts(each):
    assert each.accepts(each.value)
    assert each.source
    assert each.unit
    assert each.read(each.value) == (int(each.value) if each.number and each.value else each.value or None)


@pytest.mark.parametrize(
    "key,value,accepted",
    [
        ("enf.evidence", "7", True),
        ("enf.evidence", "", True),
        ("enf.evidence", "-1", False),
        ("enf.evidence", "5.5", False),
        ("enf.evidence", "soon", False),
        ("enf.evidence", "٥", False),
        ("enf.evidence", "9999", True),
        ("enf.evidence", "10000", False),
        ("upw.completion_months", "0", False),
        ("upw.check_early_days", "0", True),
        ("upw.check_months", "6, 9", True),
        ("upw.check_months", "7", True),
        ("upw.check_months", "4,8 , 10", True),
        ("upw.check_months", "", True),
        ("upw.check_months", "six", False),
        ("upw.check_months", "6,,9", False),
        ("upw.check_months", "6, 99999", False),
        ("plc.school_excluded_codes", "16-25", True),
    ],
)
def test_what_a_setting_accepts(key, value, accepted):
    assert SETTINGS[key].accepts(value) is accepted


@pytest.mark.parametrize(
    "key,of_kent",
    [
        ("plc.school_review_days", True),
        ("plc.pqs_q1_cap", True),
        ("plc.incident_hours", False),
        ("enf.evidence", False),
    ],
)
def test_kent_settings_are_those_of_schools_and_quality_standards(key, of_kent):
    assert SETTINGS[key].of_kent is of_kent
