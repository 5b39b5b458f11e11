"""Who may have what opened: the table, tried in every role and for every purpose (DP-12)."""

from itertools import product

import pytest

from ledger.aggregates.roles import ROLES
from ledger.disclosing.table import MAY_EXPORT, MAY_OPEN, MEANING, PURPOSES, EntryClass, FieldClass, allowed
from ledger.errors import Forbidden, Malformed

ALL = frozenset(FieldClass)


def test_a_practitioner_gives_the_court_the_person_the_narrative_and_third_parties_and_withholds_nothing_whole():
    given = allowed("practitioner", "court")
    assert given.opens == {FieldClass.PERSON, FieldClass.RISK, FieldClass.NARRATIVE, FieldClass.THIRD_PARTY}
    assert given.withholds == frozenset()


def test_a_court_officer_gives_the_court_less_than_the_offender_manager_does():
    assert allowed("court-officer", "court").opens < allowed("practitioner", "court").opens


@pytest.mark.parametrize("purpose", ["inspection", "audit"])
def test_inspectors_and_auditors_are_given_no_sealed_value(purpose):
    for role in PURPOSES[purpose].roles:
        assert allowed(role, purpose).opens == frozenset()


def test_victim_information_is_opened_within_probation_by_offender_managers_and_managers_alone():
    opening = {
        (role, purpose)
        for role, purpose in product(ROLES, PURPOSES)
        if role in PURPOSES[purpose].roles and FieldClass.VICTIM in allowed(role, purpose).opens
    }
    assert {purpose for _, purpose in opening} == {"supervision"}
    assert {role for role, _ in opening} <= {
        "practitioner",
        "senior-practitioner",
        "unit-manager",
        "area-manager",
        "aco",
        "chief-officer",
    }


def test_the_person_is_given_values_about_themself_and_no_others():
    assert allowed("data-protection-officer", "subject-access").opens == {FieldClass.PERSON, FieldClass.RISK}


def test_for_anyone_but_probation_and_the_court_four_kinds_of_facts_are_withheld_whole():
    whole = {code for code, purpose in PURPOSES.items() if not purpose.withholds}
    assert whole == {"court", "supervision", "management-review"}
    assert all(each.withholds == frozenset(EntryClass) for each in PURPOSES.values() if each.code not in whole)


def test_nobody_opens_more_than_his_role_may_or_the_purpose_needs():
    for role, purpose in product(ROLES, PURPOSES.values()):
        if role in purpose.roles:
            assert allowed(role, purpose.code).opens == MAY_OPEN[role] & purpose.needs


def test_a_role_the_purpose_does_not_name_is_refused_and_told_who_may():
    with pytest.raises(Forbidden, match="made by auditor, data-protection-officer; not by practitioner"):
        allowed("practitioner", "audit")
    refused = 0
    for role, purpose in product(ROLES, PURPOSES.values()):
        if role not in purpose.roles:
            refused += 1
            with pytest.raises(Forbidden):
                allowed(role, purpose.code)
    assert refused > len(ROLES)


def test_a_purpose_that_is_none_is_malformed():
    with pytest.raises(Malformed, match="one of court, supervision"):
        allowed("practitioner", "curiosity")


def test_every_role_in_the_table_exists_every_purpose_has_one_and_every_class_a_meaning():
    assert set(MAY_OPEN) <= set(ROLES)
    assert set(MAY_OPEN) >= MAY_EXPORT
    assert all(each.roles and each.source for each in PURPOSES.values())
    assert len(MEANING) == len(FieldClass) + len(EntryClass)
    assert "system" not in MAY_OPEN
    assert "administrator" not in MAY_OPEN
