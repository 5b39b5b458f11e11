"""Every rule of the areas built so far is in the registry, with its text and its source."""

import re
import subprocess
import sys

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


@pytest.mark.parametrize("first", ["sentencing_2020", "sentencing_2026", "safeguarding_2018", "enforcement"])
def test_whichever_module_is_imported_first_a_rule_goes_by_the_edition_that_amends_none(first):
    lines = [
        f"import ledger.rules.{first}",
        "from ledger.rules.registry import label, rules",
        "rules()",
        "print(*map(label, ['ENF-03', 'ENF-08', 'HRS-05', 'SCR-07', 'UPW-03']))",
    ]
    told = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True).stdout
    assert told.split() == [
        "ENF-03@manual-2022",
        "ENF-08@manual-2022",
        "HRS-05@manual-2022",
        "SCR-07@west-mercia-2007",
        "UPW-03@manual-2022",
    ]


def test_child_protection_is_never_abbreviated_in_a_text():
    assert [each.id for each in rules() if re.search(r"\bCP\b", each.text)] == []
