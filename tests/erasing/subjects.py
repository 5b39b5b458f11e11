"""Those who may be erased, one road for all: a child, the person of a case, a victim of it, a third party told of.

old_case(door)                     a case whose last order ended so long ago that its person may go
one = somebody("VICTIM", home)     told of and ready to be erased
one.erase(), one.finalise()
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID, uuid4

from tests.conftest import Clusters
from tests.doors import SURNAME, Case, Door, days_ago, new_door
from tests.erasing.family import OFFICER, PRACTITIONER, Family

from ledger.commands import Acknowledged
from ledger.store.mapping import Stored

KINDS: Final = ("CHILD", "OFFENDER", "VICTIM", "THIRD_PARTY")
MANAGER: Final = "information-manager"


@contextmanager
def with_retention(clusters: Clusters, **settings: Any) -> Generator[Door]:
    """A ledger in which the area has set how long a record is kept."""
    with new_door(clusters.ledger, clusters.vault, **settings) as door:
        setting = {"key": "dp.retention_years", "new": "2", "effective_from": days_ago(3000), "reason": "as agreed"}
        door.give("policy/policy", "ChangeSetting", setting, "chief-officer", key=uuid4())
        yield door


def old_case(door: Door, ended: int = 1100) -> Case:
    case = door.new_case(sentence_date=days_ago(1500), order_end_date=days_ago(1200))
    data = {"order_id": case.order, "ended_on": days_ago(ended), "ground": "completed, Zqsupervision"}
    door.give(case.to, "EndSupervision", data, PRACTITIONER, key=uuid4())
    return case


def victim(home: Family, victim_id: str | None = None) -> tuple[str, str]:
    """The id of a victim of the case, and a word told of them."""
    victim_id, word = victim_id or str(uuid4()), f"Zq{uuid4().hex}"
    filed = {"victim_id": victim_id, "content": word, "on": days_ago(1400)}
    home.give(home.case.to, "FileVictimInformation", filed, "victim-liaison")
    return victim_id, word


def shared(home: Family) -> tuple[str, str]:
    """The id of a fact that tells of a third party, and the word told."""
    word = f"Zq{uuid4().hex}"
    data = {"shared_with": word, "what_class": "risk", "basis": "protocol", "on": days_ago(1300)}
    home.give(home.case.to, "ShareInformation", data, PRACTITIONER)
    return home.told(f"offender-{home.case.id}")[-1].members["id"], word


@dataclass(frozen=True)
class Somebody:
    """`subject_id`: as an erasure names them; `word`: told of them; `to`: where it is recorded."""

    kind: str
    home: Family
    to: str
    subject_id: str
    word: str

    @property
    def named(self) -> dict[str, str]:
        """What names them in a command; a child needs no naming."""
        return {} if self.kind == "CHILD" else {"subject_id": self.subject_id}

    def erase(self, key: UUID | None = None) -> Acknowledged:
        act = "EraseChild" if self.kind == "CHILD" else "EraseSubject"
        data = {**self.named, "erased_on": days_ago(0)}
        return self.home.door.give(self.to, act, data, OFFICER, key=key or uuid4())

    def finalise(self, key: UUID | None = None, role: str = OFFICER) -> Acknowledged:
        data = {**self.named, "horizon": days_ago(0)}
        return self.home.door.give(self.to, "FinaliseErasure", data, role, key=key or uuid4())

    @property
    def stream(self) -> str:
        return self.to.replace("/", "-", 1)

    def facts(self, ending: str) -> list[Stored]:
        """The facts about them of a type with this ending."""
        told = [each for each in self.home.told(self.stream) if each.type.endswith(ending)]
        of = self.to[-36:]
        return [each for each in told if each.members["values"].get("subject_id", of) == self.subject_id]

    def steps(self) -> list[str]:
        """How far the vault's journal says it is."""
        [erased] = self.facts("data-erased.v1")
        return [step for (step,) in self.home.vault(f"SELECT step FROM erasures WHERE position = {erased.position}")]


def somebody(kind: str, home: Family, *, anew: bool = True) -> Somebody:
    """Told of, and nothing stands in the way of the erasure; `anew`: in a case of their own, else in that of `home`."""
    if kind == "CHILD":
        kit = home.child()
        home.leaves(home.entered([kit]))
        return Somebody(kind, home, f"child/{kit}", kit, home.words[kit][0])
    if anew:
        home.case = old_case(home.door)
    id_, word = {
        "OFFENDER": lambda: (home.case.id, SURNAME),
        "VICTIM": lambda: victim(home),
        "THIRD_PARTY": lambda: shared(home),
    }[kind]()
    return Somebody(kind, home, home.case.to, id_, word)
