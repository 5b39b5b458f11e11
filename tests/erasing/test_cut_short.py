"""A process ends at any step of an erasure, a hold or a release: the next one to open goes on, and it is done once."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Generator
from typing import Any
from uuid import uuid4

import pytest
from tests.conftest import Clusters
from tests.doors import TODAY, Door
from tests.erasing.family import ERASED, Family
from tests.erasing.subjects import KINDS, Somebody, somebody, with_retention

from ledger.application import Ledger
from ledger.errors import Refused
from ledger.store.vault.listed import ErasureList


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture(scope="module")
def door(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    with with_retention(clusters) as made:
        yield made


@pytest.fixture
def home(door: Door) -> Family:
    return Family(door)


def step_of(ledger: Ledger, step: str) -> tuple[Any, str]:
    """Where a step is done."""
    where: dict[str, Any] = {
        "begin": ledger.store.vault.erasures,
        "fence": ledger.store.access.database,
        "destroy": ledger.store.vault.erasures,
        "widen": ledger.store.vault.erasures,
        "append": ledger.store.sequencer,
        "add": ErasureList,
        "erased": ledger._erasing,
        "close": ledger.store.vault.erasures,
        "finalise": ledger.store.vault.erasures,
        "place_hold": ledger.store.vault.erasures,
        "release_hold": ledger.store.vault.erasures,
    }
    return where[step], "_erased" if step == "erased" else step


def killed(ledger: Ledger, step: str, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the next time on, this process ends before or after it has done this step."""
    of, name = step_of(ledger, step)
    done: Callable[..., Any] = getattr(of, name)

    async def ends(*given: Any, **more: Any) -> Any:
        if when == "after":
            await done(*given, **more)
        raise Killed

    def ends_at_once(*given: Any, **more: Any) -> Any:
        if when == "after":
            done(*given, **more)
        raise Killed

    monkeypatch.setattr(of, name, ends if inspect.iscoroutinefunction(done) else ends_at_once)


def dies(home: Family, doing: Callable[[], Any]) -> None:
    """A process that is killed while it does something, like a task nobody asks about any more."""
    with pytest.raises(Killed):
        doing()


def opened_again(door: Door) -> None:
    """Another process opens the ledger, and has ended."""

    async def opens() -> None:
        ledger = await Ledger.open(door.settings, places=door.places)
        await ledger.close()

    door.run(opens())


def child(home: Family, kit: str) -> Somebody:
    return Somebody("CHILD", home, f"child/{kit}", kit, home.words[kit][0])


def shown(one: Somebody) -> str:
    """Everything recorded where they were told of."""
    return str(one.home.door.run(one.home.door.ledger.cases.records(one.home.told(one.stream), None)))


def done_once(one: Somebody) -> None:
    """One fact says so and the journal knows where it is; every key of theirs is gone, and what was told under it."""
    [erased] = one.facts("data-erased.v1")
    said = erased.members["values"]
    [(id_, step, position)] = one.home.vault(
        f"SELECT id, step, position FROM erasures WHERE told LIKE '%{one.subject_id}%'"
    )
    assert (step, position) == ("closed", erased.position)
    destroyed = one.home.vault(f"SELECT key_id::text, state FROM keys WHERE erasure = '{id_}'")
    assert dict(destroyed) == dict.fromkeys(said["key_ids"], "destroyed") != {}
    of_theirs = "SELECT DISTINCT k.state FROM keys AS k JOIN tombstones AS t USING (owner, retention)"
    assert one.home.vault(f"{of_theirs} WHERE t.erasure = '{id_}'") in ([("destroyed",)], [])
    assert f"erased {TODAY:%d/%m/%Y}]" in shown(one)
    words = one.home.words.get(one.subject_id, [one.word])
    assert not [each for each in words if each in shown(one) + str(one.home.seen(f"{one.home.case.path}/chronology"))]
    assert len(one.home.notes()) == (one.kind == "CHILD")


STEPS = ("begin", "fence", "add", "destroy", "append", "erased", "close")
# Before a step is after the one before it; the fence is put up in two logs, and before it stands in one of them.
ERASING = [("begin", "before"), ("fence", "before"), *((step, "after") for step in STEPS)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step,when", ERASING)
def test_an_erasure_that_was_cut_short_is_carried_out_once(
    home: Family, kind: str, step: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, key = somebody(kind, home), uuid4()
    with monkeypatch.context() as patched:
        killed(home.door.ledger, step, when, patched)
        dies(home, lambda: one.erase(key))
    opened_again(home.door)
    opened_again(home.door)
    nobody_heard = (step, when) == ("begin", "before")
    assert len(one.facts("data-erased.v1")) == (not nobody_heard)
    answer = one.erase(key)
    lines = ["NotebookEntryMade"] if kind == "CHILD" else []
    said = "ChildDataErased" if kind == "CHILD" else "SubjectDataErased"
    assert [each["type"] for each in answer.body["events"]] == [said, *lines]
    assert answer.repeated is not nobody_heard
    done_once(one)


def test_while_an_erasure_is_between_key_and_fact_its_values_read_as_erased_already(
    home: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = home.child()
    home.leaves(home.entered([kit]))
    with monkeypatch.context() as patched:
        killed(home.door.ledger, "append", "before", patched)
        dies(home, lambda: home.erase(kit))
    assert home.erasures_of(kit) == []
    seen = str(home.seen(f"/children/{kit}"))
    assert ERASED in seen
    assert not [each for each in home.words[kit] if each in seen]
    opened_again(home.door)
    done_once(child(home, kit))


@pytest.mark.parametrize("step,when", [(s, w) for s in ("place_hold", "append") for w in ("before", "after")])
def test_a_hold_that_was_cut_short_is_in_force_once_or_not_at_all(
    home: Family, step: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = home.child()
    entry, review, hold, key = home.entered([kit]), home.review(), str(uuid4()), uuid4()
    with monkeypatch.context() as patched:
        killed(home.door.ledger, step, when, patched)
        dies(home, lambda: home.door.give(f"case-review/{review}", "PlaceHold", home.holding(hold), "aco", key=key))
    opened_again(home.door)
    opened_again(home.door)
    placed = [each for each in home.told(f"case-review-{review}") if each.type == "case-review.hold-placed.v1"]
    in_vault = home.vault(f"SELECT released_at IS NULL FROM holds WHERE id = '{hold}'")
    nobody_heard = (step, when) == ("place_hold", "before")
    assert (len(placed), in_vault) == ((0, []) if nobody_heard else (1, [(True,)]))
    answer = home.door.give(f"case-review/{review}", "PlaceHold", home.holding(hold), "aco", key=key)
    assert answer.repeated is not nobody_heard
    home.leaves(entry)
    with pytest.raises(Refused, match=f"held by case review {review}"):
        home.erase(kit)


RELEASING = [
    ("append", "after"),
    ("begin", "before"),
    ("begin", "after"),
    ("release_hold", "before"),
    ("release_hold", "after"),
    ("destroy", "before"),
    ("destroy", "after"),
    ("close", "before"),
    ("close", "after"),
]


@pytest.mark.parametrize("asked", [True, False], ids=["asked-before", "never-asked"])
@pytest.mark.parametrize("step,when", RELEASING)
def test_a_release_that_was_cut_short_carries_out_what_it_kept_once(
    home: Family, step: str, when: str, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = home.child()
    entry, review = home.entered([kit]), home.review()
    hold = home.held(review)
    home.leaves(entry)
    if asked:
        with pytest.raises(Refused):
            home.erase(kit)
    with monkeypatch.context() as patched:
        killed(home.door.ledger, step, when, patched)
        dies(home, lambda: home.released(review, hold))
    opened_again(home.door)
    opened_again(home.door)
    done_once(child(home, kit))
    assert home.vault(f"SELECT released_at IS NULL FROM holds WHERE id = '{hold}'") == [(False,)]


def test_several_processes_that_go_on_at_once_do_it_once(home: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    kit = home.child()
    home.leaves(home.entered([kit]))
    with monkeypatch.context() as patched:
        killed(home.door.ledger, "begin", "after", patched)
        dies(home, lambda: home.erase(kit))

    async def all_at_once() -> None:
        opened = await asyncio.gather(*(Ledger.open(home.door.settings, places=home.door.places) for _ in range(3)))
        await asyncio.gather(*(each.close() for each in opened))

    home.door.run(all_at_once())
    done_once(child(home, kit))
