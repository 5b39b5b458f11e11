"""Each rule of areas A to E and G to I is told by `ledger rules`, with its source, and says where it is enforced."""

import csv
import re
from pathlib import Path

import pytest

from ledger.api.openapi import rules_listed
from ledger.enforced import HERE, enforced_in
from ledger.rules.registry import EDITIONS, rules

ROOT = Path(__file__).parents[2]
LAST = {"UPW": 15, "ENF": 24, "PRG": 9, "HRS": 10, "ALL": 22}
IDS = [f"{area}-{n:02}" for area, last in LAST.items() for n in range(1, last + 1)]
WHERE = enforced_in()


@pytest.mark.parametrize("rule", IDS)
def test_a_rule_of_areas_a_to_e_is_listed_with_source_and_edition_and_says_where_it_is_enforced(rule):
    listed = [each for each in rules_listed() if each["id"] == rule]
    assert listed
    assert all(each["source"] and each["edition"] in EDITIONS for each in listed)
    kept = {each.kept for each in rules() if each.id == rule} - {""}
    assert WHERE[rule] or kept
    assert not (WHERE[rule] and kept), "a rule that code names needs no word of how it is kept"


def test_where_a_rule_is_enforced_is_a_module_that_exists():
    for modules_of in WHERE.values():
        for each in modules_of:
            assert (HERE / f"{each}.py").exists() or (HERE / each / "__init__.py").exists(), each


def test_the_page_of_rules_says_where():
    page = (ROOT / "docs" / "rules.md").read_text("utf-8")
    for rule in IDS:
        rows = re.findall(rf"^\| {rule} \|.*\|$", page, re.MULTILINE)
        assert rows
        assert all(row.split(" | ")[-2].strip(" |") for row in rows)


# ------------------------------------------------------------------------------------------ areas G, H and I

PROTECTING = [f"{area}-{n:02}" for area, last in {"CP": 60, "DP": 14, "SCR": 15}.items() for n in range(1, last + 1)]
with (ROOT / "tests" / "house" / "proven.csv").open(newline="", encoding="utf-8") as file:
    PROVEN = {row["rule"]: row["tests"].split() for row in csv.DictReader(file)}


@pytest.mark.parametrize("rule", PROTECTING)
def test_a_rule_of_areas_g_to_i_is_listed_says_where_it_is_kept_and_which_test_names_it(rule):
    listed = [each for each in rules() if each.id == rule]
    assert listed
    assert WHERE[rule] or any(each.kept for each in listed)
    assert PROVEN[rule]
    for each in PROVEN[rule]:
        told = (ROOT / each).read_text("utf-8")
        named = re.findall(r"^rules: .*$", told, re.MULTILINE) if each.endswith(".yaml") else [told]
        assert any(rule in one for one in named), each


def test_the_table_of_tests_is_of_these_rules_and_no_other():
    assert list(PROVEN) == PROTECTING
