"""Who may not read a case: exclusions, restrictions, several at once, ended; what stands for a row not shown."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.aggregates.offender.facts import AccessExcluded, AccessRestricted, AccessRuleEnded
from ledger.aggregates.offender.facts.person import SignificantChangeRecorded
from ledger.aggregates.shape import CLOSED, Actor, Recorded, Unread
from ledger.errors import LimitedAccess
from ledger.privacy.limiting import admit, barring, concerned, nameless, rules_in

WHEN = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)
ANN, BEN, CID = (str(uuid4()) for _ in range(3))
CASE = f"offender-{uuid4()}"
MANAGER = Actor(str(uuid4()), "risk-manager")


class File:
    """The facts of one chain, told one after the other."""

    def __init__(self, stream: str = CASE) -> None:
        self.stream = stream
        self.history: list[Recorded] = []

    def tell(self, fact, about=()) -> str:
        at = len(self.history) + 1
        self.history.append(Recorded(at, self.stream, at, str(uuid4()), fact, WHEN, WHEN, MANAGER, about=tuple(about)))
        return self.history[-1].id

    def exclude(self, user: str) -> str:
        return self.tell(AccessExcluded(user_id=user, message=CLOSED, reason=CLOSED))

    def restrict(self, *users: str) -> str:
        return self.tell(AccessRestricted(user_ids=list(users), message=CLOSED, reason=CLOSED))

    def end(self, rule: str) -> str:
        return self.tell(AccessRuleEnded(rule_ref=rule, reason=CLOSED))

    def bars(self, user: str, role: str = "practitioner") -> bool:
        return barring(rules_in(self.history), Actor(user, role)) is not None


def test_a_case_without_rules_is_open_to_everybody():
    assert not File().bars(ANN)


def test_an_exclusion_bars_the_one_user_in_every_role_but_the_systems():
    file = File()
    file.exclude(ANN)
    assert file.bars(ANN)
    assert file.bars(ANN, "chief-officer")
    assert file.bars(ANN, "auditor")
    assert not file.bars(BEN)
    assert not file.bars(ANN, "system")


def test_a_restriction_bars_everybody_it_does_not_name():
    file = File()
    file.restrict(ANN, BEN)
    assert not file.bars(ANN)
    assert not file.bars(BEN)
    assert file.bars(CID, "chief-officer")


def test_several_restrictions_admit_the_users_of_any_of_them():
    file = File()
    first = file.restrict(ANN)
    file.restrict(BEN)
    assert not file.bars(ANN)
    assert not file.bars(BEN)
    file.end(first)
    assert file.bars(ANN)
    assert not file.bars(BEN)


def test_an_exclusion_stands_before_a_restriction_that_names_the_user():
    file = File()
    file.restrict(ANN)
    file.exclude(ANN)
    rule = barring(rules_in(file.history), Actor(ANN, "practitioner"))
    assert rule is not None
    assert isinstance(rule.fact, AccessExcluded)


def test_what_is_ended_bars_nobody_and_may_be_set_again():
    file = File()
    file.end(file.exclude(ANN))
    assert not file.bars(ANN)
    file.exclude(ANN)
    assert file.bars(ANN)


@given(st.lists(st.tuples(st.sampled_from("xre"), st.sampled_from([ANN, BEN, CID])), max_size=12))
def test_whoever_is_barred_is_excluded_or_not_among_those_named(told):
    file, standing = File(), dict[str, tuple[str, str]]()
    for kind, user in told:
        if kind == "e":
            if standing:
                rule = next(iter(standing))
                file.end(rule)
                del standing[rule]
        else:
            standing[file.exclude(user) if kind == "x" else file.restrict(user)] = (kind, user)
    restricted_to = {user for kind, user in standing.values() if kind == "r"}
    for user in (ANN, BEN, CID):
        expected = ("x", user) in standing.values() or (bool(restricted_to) and user not in restricted_to)
        assert file.bars(user) is expected


# ------------------------------------------------------------------------------------------ what concerns several


def test_a_person_is_bound_by_the_persons_own_rules_a_child_or_entry_by_those_of_all_it_concerns():
    other = f"offender-{uuid4()}"
    child = File(f"child-{uuid4()}")
    child.tell(SignificantChangeRecorded(what=CLOSED, on=WHEN.date()), about=[CASE])
    child.history.append(
        Recorded(7, other, 1, str(uuid4()), SignificantChangeRecorded(what=CLOSED, on=WHEN.date()), WHEN, WHEN, MANAGER)
    )
    assert concerned(CASE, ()) == [CASE]
    assert set(concerned(child.stream, child.history)) == {CASE, other}
    assert concerned(f"placement-{uuid4()}", child.history) == []
    assert concerned("policy", child.history) == []


DRAFT = SignificantChangeRecorded(what="moved", on=WHEN.date())


def nobody(names):
    raise Unread(names)


def test_who_may_not_read_may_not_write():
    file = File()
    file.exclude(ANN)
    with pytest.raises(LimitedAccess) as refused:
        admit(CASE, file, DRAFT, Actor(ANN, "practitioner"), (), nobody)
    assert refused.value.kind == "excluded"
    admit(CASE, file, DRAFT, Actor(BEN, "practitioner"), (), nobody)


def test_nothing_is_recorded_elsewhere_about_whom_one_may_not_read_of():
    file, placement = File(), f"placement-{uuid4()}"
    file.restrict(ANN)
    with pytest.raises(LimitedAccess):
        admit(placement, object(), DRAFT, Actor(BEN, "supervisor"), [CASE], lambda names: dict.fromkeys(names, file))
    with pytest.raises(Unread, match=CASE):
        admit(placement, object(), DRAFT, Actor(BEN, "supervisor"), [CASE], nobody)


def test_a_risk_manager_whom_a_restriction_does_not_name_can_end_it_one_who_is_excluded_cannot():
    file = File()
    ending = AccessRuleEnded(rule_ref=file.restrict(ANN), reason="moved")
    admit(CASE, file, ending, Actor(BEN, "risk-manager"), (), nobody)
    with pytest.raises(LimitedAccess):
        admit(CASE, file, DRAFT, Actor(BEN, "risk-manager"), (), nobody)
    file.exclude(BEN)
    with pytest.raises(LimitedAccess):
        admit(CASE, file, ending, Actor(BEN, "risk-manager"), (), nobody)


# ------------------------------------------------------------------------------------------ rows


def test_of_a_row_about_a_barred_person_nothing_is_left():
    case, other = CASE.removeprefix("offender-"), str(uuid4())
    assert nameless({"offender_id": case, "due": "2025-03-03"}, {CASE}) == {"limited": True}
    assert nameless({"review_id": other, "offender_refs": [other, case]}, {CASE}) == {"limited": True}
    assert nameless({"offender_id": other, "due": "2025-03-03"}, {CASE}) is None
    assert nameless({"placement_id": other, "offender_refs": None}, {CASE}) is None


def test_a_row_is_nameless_by_whatever_case_it_names_also_within_its_members():
    child, entry = str(uuid4()), str(uuid4())
    row = {"review_id": str(uuid4()), "offender_refs": [], "child_refs": [child], "holds": [{"entry_id": entry}]}
    assert nameless(row, {f"child-{child}"}) == {"limited": True}
    assert nameless(row, {f"register-entry-{entry}"}) == {"limited": True}
    assert nameless(row, {f"case-review-{row['review_id']}"}) == {"limited": True}
    assert nameless({"breach_id": entry}, {f"data-breach-{entry}"}) == {"limited": True}
    assert nameless({"matter_id": child}, {f"child-protection-matter-{child}"}) == {"limited": True}
    assert nameless(row, {f"offender-{child}"}) is None
