"""The small rules of areas E and PLC-06: which codes exclude, which groups are all-male, what goes against a wish."""

import pytest

from ledger.rules.allocation import (
    against_preference,
    all_male,
    excludes,
    is_characteristic,
    is_full,
    needs_approval,
    single_requirement,
    unexplained_leader,
)

LISTED = "16-25, 27, 107, 139"


@pytest.mark.parametrize("code", ["16", "17", "20", "25", "27", "107", "139", "019/08", "19/8", " 21 ", "0027", "１９"])
def test_a_listed_code_excludes(code):
    assert excludes(code, LISTED)


@pytest.mark.parametrize(
    "code",
    [
        *("15", "26", "28", "1070", "10", "1", "0", "", " ", "/19", "19a", "a19", "19.5", "-19", "²1", "1 9"),
        *("107-139", "9" * 5000, "0" * 5000, "NaN", "1e2", "\t", "🙂"),
    ],
)
def test_any_other_text_does_not(code):
    assert not excludes(code, LISTED)


def test_a_code_with_a_mile_of_zeros_is_the_same_code():
    assert excludes("0" * 5000 + "19", LISTED)


@pytest.mark.parametrize("listed", ["", ",", " , ,", "none", "25-16", "-", "16-", "-25", "x-y", "16-x"])
def test_a_list_that_says_little_excludes_little_and_breaks_nothing(listed):
    assert not excludes("19", listed)
    assert not excludes("", listed)


def test_an_area_may_list_a_code_that_is_no_number():
    assert excludes("8B/02", "16-25, 8b")


@pytest.mark.parametrize(
    "others,result",
    [
        ([], False),
        (["M"], True),
        (["M", "M"], True),
        (["M", "F"], False),
        (["M", "OTHER"], False),
        (["F"], False),
        ([None], True),
        (["M", None], True),
        (["F", None], False),
    ],
)
def test_a_group_is_all_male_if_every_other_is_a_man_and_there_is_one(others, result):
    assert all_male(others) is result


@pytest.mark.parametrize(
    "preference,mode,women,result",
    [
        ("INDIVIDUAL", "GROUP", True, True),
        ("INDIVIDUAL", "IP", False, False),
        ("INDIVIDUAL", "PIP", False, False),
        ("WOMEN_ONLY", "GROUP", True, False),
        ("WOMEN_ONLY", "GROUP", False, True),
        ("WOMEN_ONLY", "IP", False, True),
        ("MIXED", "GROUP", False, False),
        ("MIXED", "GROUP", True, False),
        ("MIXED", "PIP", False, True),
        ("NONE", "GROUP", False, False),
        ("NONE", "IP", False, False),
        ("INDIVIDUAL", "ETE", False, False),
        ("WOMEN_ONLY", "ETE", False, False),
        (None, "GROUP", False, False),
    ],
)
def test_what_goes_against_a_preference(preference, mode, women, result):
    assert against_preference(preference, mode, women) is result


@pytest.mark.parametrize(
    "requirements,single",
    [(["UPW"], True), (["UPW", "upw "], True), (["UPW", "SUPERVISION"], False), ([], False)],
)
def test_an_order_of_unpaid_work_alone(requirements, single):
    assert single_requirement(requirements) is single


def test_the_last_place_is_taken_by_the_last_but_none_beyond():
    assert [is_full(present, 2) for present in (0, 1, 2, 3)] == [False, False, True, True]
    assert is_full(0, 0)


def test_only_high_risk_is_a_matter_of_approval():
    assert [needs_approval(each) for each in ("LOW", "MEDIUM", "HIGH", "VERY_HIGH", None)] == [
        False, False, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "female,explained,result",
    [(False, False, True), (False, True, False), (True, False, False), (None, False, False), (None, True, False)],
)
def test_only_a_leader_who_is_no_woman_asks_for_the_reason(female, explained, result):
    assert unexplained_leader(female, explained) is result


@pytest.mark.parametrize(
    "ground",
    [
        "age",
        "disability",
        "gender reassignment",
        "marriage and civil partnership",
        "pregnancy and maternity",
        "race",
        "religion or belief",
        "sex",
        "sexual orientation",
    ],
)
def test_what_the_act_protects_is_no_ground_however_it_is_written(ground):
    for told in (ground, ground.upper(), f"Because of her {ground}.", f"due to ({ground})"):
        assert is_characteristic(told), told


@pytest.mark.parametrize("ground", ["", " ", "...", "her", "because of", "1", "age 5 concern", "sex offence", "ill"])
def test_a_ground_that_is_none_or_says_more_is_another(ground):
    assert not is_characteristic(ground)
