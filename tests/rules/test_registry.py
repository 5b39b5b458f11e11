"""Every rule of the areas built so far is in the registry, with its text and its source."""

import re

import pytest

from ledger.rules.registry import EDITIONS, label, labels, rules

AREAS = {"GEN": 11, "UPW": 15, "ENF": 24, "PRG": 9, "HRS": 10, "ALL": 22, "PLC": 56}


@pytest.mark.parametrize("area,last", AREAS.items())
def test_no_rule_of_an_area_is_missing(area, last):
    known = {each.id for each in rules()}
    assert [f"{area}-{n:02}" for n in range(1, last + 1) if f"{area}-{n:02}" not in known] == []


@pytest.mark.parametrize("each", rules(), ids=lambda each: f"{each.id} {each.name}")
def test_a_rule_says_what_it_yields_and_who_says_so(each):
    assert re.fullmatch(r"[A-Z]+-\d\d", each.id)
    assert each.edition in EDITIONS
    assert each.cite
    assert len(each.text) > 20
    assert each.text.endswith((".", "other."))


def test_a_rule_is_named_with_its_edition():
    assert label("ENF-04") == "ENF-04@manual-2022"
    assert labels(["ENF-04", "XYZ-01"]) == ("ENF-04@manual-2022",)
    assert label("XYZ-01") == "XYZ-01"


def test_child_protection_is_never_abbreviated_in_a_text():
    assert [each.id for each in rules() if re.search(r"\bCP\b", each.text)] == []
