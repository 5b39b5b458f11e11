"""An erasure is final once nothing can open what was erased, and not before: of a child and of every other subject."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.conftest import Clusters
from tests.doors import TODAY, Door, days_ago
from tests.erasing.family import OFFICER, PRACTITIONER, Family
from tests.erasing.subjects import KINDS, MANAGER, Somebody, somebody, with_retention
from tests.erasing.test_cut_short import dies, killed, opened_again

from ledger.errors import Forbidden, Malformed, Refused

CANNOT = ("CP-49", "This record was erased and cannot be restored.")
REWRAP = ("DP-05", "Backups of the vault may still open what was erased; run 'ledger vault rewrap' first.")


@pytest.fixture(scope="module")
def door(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    """No backup of this vault is kept for a day."""
    with with_retention(clusters, vault_backup_days=0) as made:
        yield made


@pytest.fixture(params=KINDS)
def one(request: pytest.FixtureRequest, door: Door) -> Somebody:
    return somebody(request.param, Family(door))


def refused(doing: Callable[[], Any]) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as problem:
        doing()
    return [(each.rule, each.message) for each in problem.value.refusals]


def rewrap(door: Door) -> None:
    """The wrapping key of until now is gone."""
    door.run(door.ledger.store.vault.epochs.rewrap())


def test_an_erasure_is_final_once_the_wrapping_key_of_its_time_is_gone_and_only_once(one: Somebody) -> None:
    assert refused(one.finalise) == [("GEN-06", "Nothing is erased here yet.")]
    one.erase()
    assert refused(one.finalise) == [REWRAP]
    assert one.facts("erasure-finalised.v1") == []
    rewrap(one.home.door)
    key = uuid4()
    done = one.finalise(key)
    [erased], [final] = one.facts("data-erased.v1"), one.facts("erasure-finalised.v1")
    values = final.members["values"]
    assert values["subject_id"] == one.subject_id
    assert values["horizon"] == days_ago(0)
    assert set(values["stores"]) == set(erased.members["values"]["certificate"]) - {"horizon"}
    assert final.members.get("about", []) == erased.members.get("about", [])
    assert final.members["rests_on"] == [erased.position]
    assert one.steps() == ["finalised"]
    ids = ", ".join(f"'{each}'" for each in erased.members["values"]["key_ids"])
    assert one.home.vault(f"SELECT DISTINCT state FROM keys WHERE key_id IN ({ids})") == [("finalised",)]
    again = one.finalise(key)
    assert again.repeated
    assert again.body == done.body
    assert refused(one.finalise) == [("GEN-06", "This erasure is final already.")]
    assert len(one.facts("erasure-finalised.v1")) == 1


@pytest.mark.parametrize("kind", ["CHILD", "OFFENDER"])
def test_the_view_of_whoever_is_erased_says_when_that_is_final(kind: str, door: Door) -> None:
    home = Family(door)
    one = somebody(kind, home)
    path = f"/children/{one.subject_id}" if kind == "CHILD" else f"{home.case.path}/data-rights"
    assert home.seen(path)["erasure"] is None
    one.erase()
    waits = {"erased_on": days_ago(0), "final_from": days_ago(0), "final_on": None}
    assert home.seen(path)["erasure"] == waits
    rewrap(door)
    one.finalise()
    assert home.seen(path)["erasure"] == waits | {"final_on": days_ago(0)}
    assert home.seen(path, as_at=days_ago(1))["erasure"] is None


def test_nobody_without_the_role_says_that_an_erasure_is_final(one: Somebody) -> None:
    one.erase()
    rewrap(one.home.door)
    for role in (PRACTITIONER, MANAGER, "chief-officer"):
        with pytest.raises(Forbidden):
            one.finalise(role=role)
    assert one.steps() == ["closed"]


@pytest.mark.parametrize("kind", KINDS)
def test_before_the_last_backup_of_that_time_is_gone_no_erasure_is_final(
    kind: str, clusters: Clusters, ledger_template: str, vault_template: str
) -> None:
    with with_retention(clusters) as door:
        one = somebody(kind, Family(door))
        one.erase()
        rewrap(door)
        day = f"{TODAY + timedelta(days=35):%-d %b %Y}"
        assert refused(one.finalise) == [("DP-05", f"Backups may open what was erased until {day}; it is final then.")]
        assert one.steps() == ["closed"]


def test_of_several_who_are_erased_in_one_case_each_becomes_final_by_itself(door: Door) -> None:
    home = Family(door)
    person = somebody("OFFENDER", home)
    one, third = (somebody(kind, home, anew=False) for kind in ("VICTIM", "THIRD_PARTY"))
    for each in (one, third):
        each.erase()
    rewrap(door)
    person.erase()
    one.finalise()
    assert (one.steps(), third.steps()) == (["finalised"], ["closed"])
    assert refused(person.finalise) == [REWRAP]
    third.finalise()
    rewrap(door)
    person.finalise()
    assert [each.steps() for each in (one, third, person)] == [["finalised"]] * 3


def test_an_erasure_that_was_never_closed_is_closed_before_it_is_final(
    one: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        killed(one.home.door.ledger, "close", "before", patched)
        dies(one.home, one.erase)
    assert refused(one.finalise) == [REWRAP]
    assert one.steps() == ["closed"]
    assert len(one.facts("data-erased.v1")) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_finality_that_was_cut_short_is_told_the_vault_at_the_next_start(
    one: Somebody, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.erase()
    rewrap(one.home.door)
    with monkeypatch.context() as patched:
        killed(one.home.door.ledger, "finalise", when, patched)
        dies(one.home, one.finalise)
    assert len(one.facts("erasure-finalised.v1")) == 1
    opened_again(one.home.door)
    assert one.steps() == ["finalised"]
    assert refused(one.finalise) == [("GEN-06", "This erasure is final already.")]


def test_what_the_ledger_knows_alone_nobody_gives(one: Somebody) -> None:
    one.erase()
    given = {**one.named, "horizon": days_ago(0), "stores": ["vault"]}
    with pytest.raises(Malformed):
        one.home.give(one.to, "FinaliseErasure", given, OFFICER)


def test_those_who_had_the_data_are_told_of_its_end_and_nothing_else_is_recorded(one: Somebody) -> None:
    told = {**one.named, "recipients": ["Nowhere Council"], "on": days_ago(0)}
    assert refused(lambda: one.home.give(one.to, "NotifyRecipients", told, MANAGER)) == [
        ("GEN-06", "Nothing is erased here yet.")
    ]
    one.erase()
    one.home.give(one.to, "NotifyRecipients", told, MANAGER)
    [erased] = one.facts("data-erased.v1")
    notified = one.home.told(one.stream)[-1]
    assert notified.type == "subject.recipients-notified.v1"
    assert notified.members["rests_on"] == [erased.position]
    assert notified.members.get("about", []) == erased.members.get("about", [])


def test_neither_an_erasure_nor_its_end_is_struck_out_or_put_right(one: Somebody) -> None:
    one.erase()
    rewrap(one.home.door)
    one.finalise()
    for ending in ("data-erased.v1", "erasure-finalised.v1"):
        [fact] = one.facts(ending)
        out = {"event_ref": fact.members["id"], "reason": "a slip"}
        right = out | {"field": "horizon" if "final" in ending else "erased_on", "corrected_value": days_ago(1)}
        for command, data in (("StrikeOutRecord", out), ("CorrectRecord", right)):
            found = refused(lambda c=command, d=data: one.home.give(one.to, c, d, "chief-officer"))
            assert CANNOT in found, (command, ending)


def test_another_child_is_not_named_in_a_childs_record(door: Door) -> None:
    kit, pip = (somebody("CHILD", Family(door)) for _ in range(2))
    kit.erase()
    pip.erase()
    rewrap(door)
    data = {"subject_id": pip.subject_id, "horizon": days_ago(0)}
    assert refused(lambda: kit.home.give(kit.to, "FinaliseErasure", data, OFFICER)) == [
        ("GEN-06", "Nothing is erased here yet.")
    ]
    assert pip.steps() == kit.steps() == ["closed"]
