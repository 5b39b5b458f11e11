"""A family in a ledger behind its door: an adult, children on the register, and all that leads to their erasure.

home = Family(door)                        an adult with an order
kit = home.child("Kit")                    recorded; every personal field holds a word of its own
e1 = home.entered([kit])                   R7, and the entry
home.leaves(e1, [kit])                     notified, and closed
home.erase(kit)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import psycopg
from tests.doors import TODAY, Case, Door, days_ago

from ledger.commands import Acknowledged
from ledger.store.mapping import Stored

OFFICER, PRACTITIONER = "information-officer", "practitioner"
ERASED = f"[child erased {TODAY:%d/%m/%Y}]"


@dataclass
class Family:
    """`words`: what was told of each child, by its id."""

    door: Door
    case: Case = field(init=False)
    words: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def __post_init__(self) -> None:
        self.case = self.door.new_case()

    def word(self, child: str) -> str:
        """A word that stands nowhere else."""
        made = f"Zq{uuid4().hex}"
        self.words.setdefault(child, []).append(made)
        return made

    def child(self) -> str:
        """Recorded, with something in every field."""
        child = str(uuid4())
        number = f"{int(child[:8], 16) % 10_000_000:07}"
        told = {name: self.word(child) for name in ("surname", "forenames", "gender", "address")}
        given = {"client_id": number, "dob": "2019-05-17", **told, "register_name": "ICS_REGISTER"}
        self.give(f"child/{child}", "RecordChild", given, OFFICER)
        contact = {"on": days_ago(20), "purpose": f"to decide on a referral: {self.word(child)}"}
        self.give(f"child/{child}", "RecordChildContact", contact, PRACTITIONER)
        return child

    def entered(self, children: list[str], case: Case | None = None, day: int = 30) -> str:
        """R7 with a copy, and the entry."""
        entry, offender = str(uuid4()), (case or self.case).id
        r7 = {"offender_id": offender, "ground": "REGISTER_CHILD", "on": days_ago(day), "child_id": children[0]}
        self.give(f"register-entry/{entry}", "SubmitR7", {**r7, "copy": self.word(children[0])}, PRACTITIONER)
        made = {"offender_id": offender, "child_ids": children, "ground": "REGISTER_CHILD"}
        made |= {"registered_on": days_ago(day), "copy_of_r7_filed": True, "roh_register_linked": False}
        self.give(f"register-entry/{entry}", "EnterRegister", made, OFFICER)
        return entry

    def amended(self, entry: str, child: str) -> str:
        """A text that names no child: sealed under a key of the entry's own.  The word in it."""
        word = self.word(child)
        self.give(f"register-entry/{entry}", "AmendR7", {"on": days_ago(0), "summary": word}, PRACTITIONER)
        return word

    def leaves(self, entry: str, child: str | None = None) -> None:
        """The child, or all of them, leave the register: notified, and the link or the entry closed."""
        to, today = f"register-entry/{entry}", days_ago(0)
        given = {"ground": "CHILD_REMOVED", "occurred_on": today, "notified_on": today}
        self.give(to, "NotifyDeregistration", given | ({"child_id": child} if child else {}), PRACTITIONER)
        if child is None:
            self.give(to, "CloseRegisterEntry", {"ground": "CHILD_REMOVED", "closed_on": today}, OFFICER)
        else:
            ended = {"offender_id": self.case.id, "child_id": child, "ground": "CHILD_REMOVED", "on": today}
            self.give(to, "EndLink", ended, OFFICER)

    def erase(self, child: str, key: UUID | None = None) -> Acknowledged:
        return self.door.run(self.erasing(child, key))

    async def erasing(self, child: str, key: UUID | None = None) -> Acknowledged:
        given = {"erased_on": days_ago(0)}
        return await self.door.giving(f"child/{child}", "EraseChild", given, OFFICER, key=key or uuid4())

    # ------------------------------------------------------------------------------------ reviews and holds

    def review(self) -> str:
        review = str(uuid4())
        given = {
            "ground": "DEATH",
            "child_refs": [],
            "offender_refs": [self.case.id],
            "referred_at": f"{days_ago(3)}T09:00",
        }
        self.give(f"case-review/{review}", "ReferSeriousIncident", {**given, "sent_to": "Nowhere Board"}, "aco")
        return review

    def held(self, review: str, hold: str | None = None) -> str:
        hold = hold or str(uuid4())
        self.give(f"case-review/{review}", "PlaceHold", self.holding(hold), "aco")
        return hold

    def holding(self, hold: str) -> dict[str, Any]:
        return {"hold_id": hold, "offender_refs": [self.case.id], "placed_at": f"{days_ago(1)}T10:00"}

    def releasing(self, hold: str) -> dict[str, Any]:
        return {"hold_id": hold, "released_at": f"{days_ago(0)}T00:00", "authority": "letter of the chair"}

    def released(self, review: str, hold: str) -> Acknowledged:
        return self.give(f"case-review/{review}", "ReleaseHold", self.releasing(hold), "chief-officer")

    # ------------------------------------------------------------------------------------ asking

    def give(self, to: str, name: str, data: dict[str, Any], role: str) -> Acknowledged:
        return self.door.give(to, name, data, role, key=uuid4())

    def seen(self, path: str, role: str = OFFICER, **query: str) -> Any:
        answer = self.door.get(path, role, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def register(self, **query: str) -> Any:
        return self.seen(f"{self.case.path}/register", **query)

    def told(self, stream: str) -> list[Stored]:
        return self.door.run(self.door.ledger.store.database.stream(stream))

    def erasures_of(self, child: str) -> list[Stored]:
        return [each for each in self.told(f"child-{child}") if each.type == "child.data-erased.v1"]

    def notes(self) -> list[Stored]:
        return [
            each for each in self.told(f"offender-{self.case.id}") if each.type == "offender.notebook-entry-made.v1"
        ]

    def vault(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.door.places[1].owner(), autocommit=True) as connection:
            return connection.execute(query.encode()).fetchall()
