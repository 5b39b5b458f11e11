"""A process ends at any step of an erasure, a hold or a release: the next one to open goes on, and it is done once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from typing import Any
from uuid import uuid4

import pytest
from tests.conftest import Clusters
from tests.doors import Door, new_door
from tests.erasing.family import ERASED, Family

from ledger.application import Ledger
from ledger.errors import Refused
from ledger.store.vault.listed import ErasureList


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture(scope="module")
def door(clusters: Clusters, ledger_template: str, vault_template: str) -> Generator[Door]:
    with new_door(clusters.ledger, clusters.vault) as made:
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
        "append": ledger.store.sequencer,
        "close": ledger.store.vault.erasures,
        "finalise": ledger.store.vault.erasures,
        "place_hold": ledger.store.vault.erasures,
        "release_hold": ledger.store.vault.erasures,
    }
    return where[step], step


def killed(ledger: Ledger, step: str, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the next time on, this process ends before or after it has done this step."""
    of, name = step_of(ledger, step)
    done: Callable[..., Awaitable[Any]] = getattr(of, name)

    async def ends(*given: Any, **more: Any) -> Any:
        if when == "after":
            await done(*given, **more)
        raise Killed

    monkeypatch.setattr(of, name, ends)


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


def done_once(home: Family, child: str) -> None:
    [erased] = home.erasures_of(child)
    assert erased.members["values"]["key_destroyed"]
    assert len(home.notes()) == 1
    steps = home.vault(f"SELECT step, position FROM erasures WHERE owners LIKE '%{child}%'")
    assert steps == [("closed", erased.position)]
    assert home.vault(f"SELECT DISTINCT state FROM keys WHERE owner = 'child-{child}'") == [("destroyed",)]
    assert ERASED in str(home.register())
    gone = [f"'{each}'" for each in erased.members["values"]["key_ids"]]
    assert gone
    assert not [each for each in home.words[child] if each in str(home.seen(f"{home.case.path}/chronology"))]


ERASING = [(step, when) for step in ("begin", "fence", "destroy", "append", "close") for when in ("before", "after")]


@pytest.mark.parametrize("step,when", ERASING)
def test_an_erasure_that_was_cut_short_is_carried_out_once(
    home: Family, step: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit, key = home.child(), uuid4()
    home.leaves(home.entered([kit]))
    with monkeypatch.context() as patched:
        killed(home.door.ledger, step, when, patched)
        dies(home, lambda: home.erase(kit, key))
    opened_again(home.door)
    opened_again(home.door)
    if (step, when) == ("begin", "before"):  # nobody was told of it
        assert home.erasures_of(kit) == []
    answer = home.erase(kit, key)
    assert [each["type"] for each in answer.body["events"]] == ["ChildDataErased", "NotebookEntryMade"]
    assert answer.repeated is ((step, when) != ("begin", "before"))
    done_once(home, kit)


def test_an_erasure_that_was_listed_and_not_destroyed_is_carried_out_once(
    home: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = home.child()
    home.leaves(home.entered([kit]))
    add = ErasureList.add

    def listed(self: ErasureList, erasure: Any) -> None:
        add(self, erasure)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(ErasureList, "add", listed)
        dies(home, lambda: home.erase(kit))
    opened_again(home.door)
    done_once(home, kit)


def test_while_an_erasure_is_between_key_and_fact_its_values_read_as_erased_already(
    home: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit = home.child()
    home.leaves(home.entered([kit]))
    with monkeypatch.context() as patched:
        killed(home.door.ledger, "append", "before", patched)
        dies(home, lambda: home.erase(kit))
    assert home.erasures_of(kit) == []
    shown = str(home.seen(f"/children/{kit}"))
    assert ERASED in shown
    assert not [each for each in home.words[kit] if each in shown]
    opened_again(home.door)
    done_once(home, kit)


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
    done_once(home, kit)
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
    done_once(home, kit)
