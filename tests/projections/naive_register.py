"""Registrations told at random, and a naive reading of them: for a day it goes through the list of accepted commands
once for each thing it says, keeping no state.
"""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import strategies as st
from tests.aggregates.registering import OFFICER, Registering

from ledger.errors import Refused
from ledger.rules.dates import add_months

START = date(2024, 12, 4)
ENTRIES = {"e1": ("ann", ("kit", "pip")), "e2": ("bob", ("kit",)), "e3": ("ann", ("pip",))}
GROUNDS = ("SUPERVISION_ENDED", "CHILD_REMOVED", "CONTACT_CEASED")

STEP = st.tuples(
    st.sampled_from(("notify", "notify", "end", "close", "close", "review", "supervision", "strike", "enter")),
    st.sampled_from(sorted(ENTRIES)),
    st.sampled_from(GROUNDS),
    st.sampled_from((None, "kit", "pip")),
    st.sampled_from((0, 1, 7, 40)),  # days since the step before
    st.sampled_from((0, 1, 30)),  # days it was recorded late
)


class Told:
    """A registration told step by step; `log` holds what was accepted: (name, entry, day, ground, child)."""

    def __init__(self):
        self.case, self.log, self.today, self.gone = Registering(), [], START, set()
        for person in ("ann", "bob"):
            self.case.person_of(person)
        for child in ("kit", "pip"):
            self.case.child(child)

    def step(self, name, entry, ground, child, days, late):
        self.today += timedelta(days=days)
        day = max(START, self.today - timedelta(days=late))
        if name == "strike":
            self.strike(days)
        elif name == "supervision":
            self.supervision(ENTRIES[entry][0], self.today)
        else:
            getattr(self, name)(entry, day, ground, child)

    def give(self, name, entry, day, ground, child, by, command, /, to=None, **data):
        answer = self.case.give(f"{self.today} 12:00", by, command, to=to or f"register-entry/{entry}", **data)
        if not isinstance(answer, Refused):
            self.log.append((name, entry, day, ground, child, answer["events"][0]["id"]))

    def enter(self, entry, day, ground, child):
        person, children = ENTRIES[entry]
        self.give("r7", entry, day, None, None, "practitioner", "SubmitR7", offender_id=person,
                  ground="REGISTER_CHILD", on=str(day))  # fmt: skip
        self.give("enter", entry, day, None, None, OFFICER, "EnterRegister", offender_id=person,
                  child_ids=list(children), ground="REGISTER_CHILD", registered_on=str(day), copy_of_r7_filed=True,
                  roh_register_linked=False)  # fmt: skip

    def notify(self, entry, day, ground, child):
        named = {"child_id": child} if child else {}
        self.give("notify", entry, day, ground, child, "practitioner", "NotifyDeregistration", ground=ground,
                  occurred_on=str(day), notified_on=str(self.today), **named)  # fmt: skip

    def end(self, entry, day, ground, child):
        person, children = ENTRIES[entry]
        child = child or children[0]
        self.give("end", entry, day, ground, child, OFFICER, "EndLink", offender_id=person, child_id=child,
                  ground=ground, on=str(day))  # fmt: skip

    def close(self, entry, day, ground, child):
        self.give("close", entry, day, ground, None, OFFICER, "CloseRegisterEntry", ground=ground, closed_on=str(day))

    def review(self, entry, day, ground, child):
        self.give("form", entry, day, None, None, OFFICER, "ReceiveFormP", on=str(day))
        self.give("review", entry, day, None, None, "practitioner", "ReviewRegister", on=str(day), outcome="UNCHANGED")

    def supervision(self, person, day):
        self.give("supervision", person, day, "SUPERVISION_ENDED", None, "practitioner", "EndSupervision",
                  to=f"offender/{person}", order_id=f"o-{person}", ended_on=str(day), ground="COMPLETED")  # fmt: skip

    def strike(self, n):
        """Strike the nth accepted notification out."""
        notified = [each for each in self.log if each[0] == "notify" and each[5] not in self.gone]
        if not notified:
            return
        target = notified[n % len(notified)]
        answer = self.case.give(f"{self.today} 12:00", "senior-practitioner", "StrikeOutRecord",
                                to=f"register-entry/{target[1]}", event_ref=target[5], reason="a mistake")  # fmt: skip
        if not isinstance(answer, Refused):
            self.gone.add(target[5])


def naive(log, person, day):
    """What the view must say of a person: flag since, and per entry what is open, due, ended and to be done."""
    log = [(n, *each[:5]) for n, each in enumerate(log)]
    made = {each[2]: each for each in log if each[1] == "enter"}
    mine = [entry for entry in made if ENTRIES[entry][0] == person]

    def ends(entry, until):
        """child -> (n, day) of what ended its link by the end of a day."""
        found = {}
        for n, name, of, on, _, child in log:
            if of == entry and on <= until and name in ("end", "close"):
                for each in [child] if name == "end" else ENTRIES[entry][1]:
                    found.setdefault(each, (n, on))
        return found

    def stands(entry, on):
        gone = ends(entry, day)
        last = max((gone[child][1] for child in gone), default=None) if len(gone) == len(ENTRIES[entry][1]) else None
        return made[entry][3] <= on and (last is None or on < last)

    def flag():
        since = day
        if not any(stands(entry, since) for entry in mine):
            return None
        while any(stands(entry, since) and made[entry][3] < since for entry in mine):
            since -= timedelta(days=1)
        return since

    def grounds(entry):
        """(day, n, ground, covered, all linked then) by day, then as recorded."""
        own_ends = {child: n for n, name, of, on, _, child in log if name == "end" and of == entry and on <= day}
        own = ENTRIES[entry][1]
        asked = min((n for n, name, of, *_ in log if name == "r7" and of == entry), default=0)
        found = []
        for n, name, of, on, ground, child in log:
            then = {each for each in own if own_ends.get(each, n) >= n} or set(own)
            covered = None
            if on > day:
                continue
            if name == "notify" and of == entry:
                removed = {
                    each for each in then for m, other, at, d, g, c in log
                    if other == "end" and at == entry and c == each and g == "CHILD_REMOVED" and d <= day
                }  # fmt: skip
                unclear = ground == "CHILD_REMOVED" and child is None and len(then) > 1
                covered = {child} if child else removed if unclear else then
            elif name == "supervision" and of == person and n > asked:
                closed_before = any(m < n and other == "close" and at == entry for m, other, at, *_ in log)
                covered = None if closed_before else then
            elif ground == "CHILD_REMOVED" and of != entry and name in ("notify", "end"):
                covered = heard(n, name, of, child, entry) & then or None
            if covered is not None:
                found.append((on, n, ground, covered, covered >= then))
        return sorted(found, key=lambda each: each[:2])

    def heard(n, name, of, child, entry):
        """The children whose removal another entry tells, and which this one learns of."""
        if of not in made or made[of][0] > n or entry not in made or made[entry][0] > n:
            return set()
        gone = {each for m, other, at, _, _, c in log if m < n and at == of and other in ("end", "close")
                for each in ([c] if other == "end" else ENTRIES[of][1])}  # fmt: skip
        linked = [each for each in ENTRIES[of][1] if each not in gone] or list(ENTRIES[of][1])
        which = child or (linked[0] if len(linked) == 1 else None)
        if which is None:
            return set()
        mine_ended = [m for m, other, at, _, _, c in log if m < n and at == entry
                      and (other == "close" or (other == "end" and c == which))]  # fmt: skip
        if mine_ended and mine_ended[0] < made[of][0]:
            return set()  # it ended before the other began
        return {which}

    rows = []
    for entry in sorted(mine, key=lambda each: made[each][0]):
        if made[entry][3] > day:
            continue
        closed = next((on for _, name, of, on, *_ in log if name == "close" and of == entry and on <= day), None)
        anchor = max(
            [made[entry][3], *(on for _, name, of, on, *_ in log if name == "review" and of == entry and on <= day)]
        )
        found = grounds(entry)
        whole = next((each for each in found if each[4]), None)
        said = [(each[2], each[0], sorted(each[3])) for each in ([whole] if whole else found)]
        ground = said[0] if whole else said or None
        rows.append((entry, closed, add_months(anchor, 4), sorted(ends(entry, day)), ground))
    return flag(), rows
