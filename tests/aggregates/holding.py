"""Telling holds and erasures in tests: reviews of a person's case, what they hold, and who erases when.

case = Holding().entered(["kit"]).held()                    ann and kit, review r1 with hold h1 on ann
case.notified().closed("2025-10-13").erasing("kit", "2025-10-14")
"""

from __future__ import annotations

from tests.aggregates.registering import OFFICER, Registering

from ledger.aggregates.shape import Actor, Now

ERASED_BY = "another officer"


class Holding(Registering):
    """One person's case with its entries, reviews and holds."""

    def review(self, review="r1", at="2025-09-01 09:00", persons=("ann",), children=()):
        if not self.ledger.history(f"case-review-{self.names.id(review)}"):
            data = {"ground": "DEATH", "offender_refs": list(persons), "child_refs": list(children), "referred_at": at}
            to = f"case-review/{review}"
            self.tell(at, "aco", "ReferSeriousIncident", to=to, sent_to="Nowhere Board", **data)
        return self

    def placing(self, hold="h1", on="2025-09-01", **scope):
        return {"hold_id": hold, "placed_at": f"{on} 10:00", **(scope or {"offender_refs": ["ann"]})}

    def held(self, hold="h1", review="r1", on="2025-09-01", **scope):
        self.review(review, f"{on} 09:00")
        return self.tell(
            f"{on} 10:00", "aco", "PlaceHold", to=f"case-review/{review}", **self.placing(hold, on, **scope)
        )

    def releasing(self, hold="h1", on="2025-12-01"):
        return {"hold_id": hold, "released_at": f"{on} 10:00", "authority": "letter of the board's chair"}

    def released(self, hold="h1", review="r1", on="2025-12-01"):
        to = f"case-review/{review}"
        return self.tell(f"{on} 10:00", "chief-officer", "ReleaseHold", to=to, **self.releasing(hold, on))

    def erasing(self, child="kit", on="2025-10-14", author=ERASED_BY, by=OFFICER, at=None):
        """Erase; it must be done."""
        to = f"child/{child}"
        return self.tell(at or f"{on} 18:00", by, "EraseChild", to=to, author=author, erased_on=on)

    def not_erasing(self, child="kit", on="2025-10-14", author=ERASED_BY, at=None):
        """Try to erase; why it is refused."""
        to = f"child/{child}"
        return self.refused(at or f"{on} 18:00", OFFICER, "EraseChild", to=to, author=author, erased_on=on)

    def now(self, role, name):
        """What a decision taken right now by this person in this role may know."""
        moment = self.ledger.records[-1].recorded
        return Now(moment, Actor(self.names.id(name), role), self.ledger.policy(), look=self.ledger.look)

    def lines(self, person="ann", as_at="2026-12-31"):
        """(day, text) of every line of a notebook, as a reader of the view sees it."""
        return [(str(each["entered_on"]), each["text"]) for each in self.register(as_at, person)["notebook"]]
