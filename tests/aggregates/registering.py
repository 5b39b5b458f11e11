"""Telling registrations in tests: short lines about an entry, its children and their offenders.

case = Registering().entered()                     ann, registered as e1 on 4 Dec 2024 with kit and pip
case.ended("kit", "2025-10-10").closed("2025-10-13")
case.register("2025-10-13")["entries"][0]["deregistration"]["done_of_4"]
"""

from __future__ import annotations

from datetime import UTC, datetime

from tests.aggregates.memory_ledger import SYSTEM
from tests.aggregates.telling import FIELDS_OF_ANN, Telling

from ledger.aggregates.child.facts import ChildDataErased
from ledger.rules.dates import LONDON
from ledger.scenarios import instant

NAMES = {"kit": ("Kit", "9100001"), "pip": ("Pip Sam", "9100002")}
OFFICER = "information-officer"


class Registering(Telling):
    """One person's case with its entries; other persons by name.  What is told late is recorded late."""

    def give(self, at, by, command, /, **more):
        last = self.ledger.records[-1].recorded
        return super().give(max(instant(at), last).astimezone(LONDON).isoformat(), by, command, **more)

    def person_of(self, name):
        """Recorded with one order, whatever their name."""
        if not self.ledger.history(f"offender-{self.names.id(name)}"):
            to = f"offender/{name}"
            self.tell("2023-01-03 09:00", "court-officer", "RecordOffender", to=to, **FIELDS_OF_ANN)
            self.tell("2024-11-04 15:00", "court-officer", "RecordOrder", to=to, **an_order(f"o-{name}"))
        return self

    def child(self, name, at="2024-12-04 09:00"):
        forenames, client_id = NAMES[name]
        data = {"client_id": client_id, "surname": "Invented", "forenames": forenames, "register_name": "ICS_REGISTER"}
        return self.tell(at, OFFICER, "RecordChild", to=f"child/{name}", **data)

    def r7(self, entry="e1", person="ann", ground="REGISTER_CHILD", at="2024-12-03 10:00", **more):
        data = {"offender_id": person, "ground": ground, "on": at[:10], **more}
        return self.tell(at, "practitioner", "SubmitR7", to=f"register-entry/{entry}", **data)

    def made(self, entry="e1", person="ann", children=("kit",), at="2024-12-04 09:30", **more):
        return self.tell(
            at, OFFICER, "EnterRegister", to=f"register-entry/{entry}", **making(person, children, at, **more)
        )

    def entered(self, children=("kit", "pip"), entry="e1", person="ann", day="2024-12-04", ground="REGISTER_CHILD"):
        """Everything up to the registration."""
        self.person_of(person)
        self.r7(entry, person, ground, at=f"{day} 08:00")
        for name in children:
            if not self.ledger.history(f"child-{self.names.id(name)}"):
                self.child(name, f"{day} 09:00")
        return self.made(entry, person, children, f"{day} 09:30", ground=ground)

    def notified(self, ground="CHILD_REMOVED", on="2025-10-10", child=None, entry="e1", at=None):
        data = {"ground": ground, "occurred_on": on, "notified_on": on} | ({"child_id": child} if child else {})
        return self.tell(
            at or f"{on} 10:00", "practitioner", "NotifyDeregistration", to=f"register-entry/{entry}", **data
        )

    def ended(self, child, on="2025-10-10", ground="CHILD_REMOVED", entry="e1", person="ann", at=None):
        data = {"offender_id": person, "child_id": child, "ground": ground, "on": on}
        return self.tell(at or f"{on} 12:00", OFFICER, "EndLink", to=f"register-entry/{entry}", **data)

    def closed(self, on="2025-10-13", ground="CHILD_REMOVED", entry="e1"):
        data = {"ground": ground, "closed_on": on}
        return self.tell(f"{on} 13:00", OFFICER, "CloseRegisterEntry", to=f"register-entry/{entry}", **data)

    def form_p(self, on, entry="e1"):
        return self.tell(f"{on} 09:00", OFFICER, "ReceiveFormP", to=f"register-entry/{entry}", on=on)

    def reviewed(self, on, outcome="UNCHANGED", entry="e1"):
        self.form_p(on, entry)
        data = {"on": on, "outcome": outcome}
        return self.tell(f"{on} 10:00", "practitioner", "ReviewRegister", to=f"register-entry/{entry}", **data)

    def supervision_ended(self, on, person="ann", order=None, ground="COMPLETED"):
        data = {"order_id": order or f"o-{person}", "ended_on": on, "ground": ground}
        return self.tell(f"{on} 16:00", "practitioner", "EndSupervision", to=f"offender/{person}", **data)

    def noted(self, text, on, person="ann", by=OFFICER, n=1):
        data = {"entry_no": n, "entered_on": on, "text": text}
        return self.tell(f"{on} 17:00", by, "MakeNotebookEntry", to=f"offender/{person}", **data)

    def erased(self, name, on):
        """What an erasure will leave behind: nobody can give it yet, every fold already knows it."""
        child_id = self.names.id(name)
        fact = ChildDataErased(child_id=child_id, key_ids=[], erased_on=on, key_destroyed=True, certificate={})
        told = self.ledger.history(f"child-{child_id}")
        about = {each.stream for each in told} | {
            each for record in told for each in record.about if "child-" not in each
        }
        at = datetime.combine(on, datetime.min.time(), LONDON).replace(hour=18).astimezone(UTC)
        about -= {f"child-{child_id}"}
        self.ledger._record(f"child-{child_id}", fact, on, at, SYSTEM, tuple(sorted(about)), frozenset())
        return self

    # ---------------------------------------------------------------- asking

    def register(self, as_at, person="ann", known_at=None, explain=False):
        path = f"offender/{self.names.id(person)}/register"
        return self.names.named(self.ledger.ask(path, day(as_at), known_at and instant(known_at), explain))

    def head(self, as_at, person="ann", known_at=None):
        path = f"offender/{self.names.id(person)}/person"
        return self.names.named(self.ledger.ask(path, day(as_at), known_at and instant(known_at)))

    def view_of_child(self, name, as_at, explain=False):
        return self.names.named(self.ledger.ask(f"child/{self.names.id(name)}", day(as_at), None, explain))

    def dereg(self, as_at, entry=0, person="ann"):
        """(ground, occurred_on, the steps done, days) of an entry's de-registration, or None."""
        found = self.register(as_at, person)["entries"][entry]["deregistration"]
        if found is None:
            return None
        steps = "".join(step[0] for step, done in found["steps"].items() if done)
        return found["ground"], str(found["occurred_on"]), steps, found["days"]

    def chains(self, n=-1):
        """The names of the cases that the nth fact recorded is about."""
        return sorted(f"{stream[:-37]}/{self.names.named(stream[-36:])}" for stream in self.ledger.records[n].about)


def day(text):
    return datetime.fromisoformat(text).date()


def an_order(order):
    return {
        "order_id": order,
        "order_type": "CO",
        "court": "Nowhere",
        "sentence_date": "2024-11-04",
        "order_end_date": "2027-11-03",
        "requirements": ["SUPERVISION", "UPW"],
        "upw_hours": 80,
    }


def making(person="ann", children=("kit",), at="2024-12-04 09:30", **more):
    return {
        "offender_id": person,
        "child_ids": list(children),
        "ground": "REGISTER_CHILD",
        "registered_on": at[:10],
        "copy_of_r7_filed": True,
        "roh_register_linked": False,
        **more,
    }
