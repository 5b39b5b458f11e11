"""Progress and the end of an order: checks, completion, twelve months, the court again, the history file (A and C)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final

from ledger.demonstration import texts
from ledger.demonstration.lines import at, in_office, later
from ledger.demonstration.lives import Life, Promptness
from ledger.rules.dates import ONE_DAY, add_months

ENOUGH: Final = 70  # per cent of the guide figure, below which a practitioner thinks of court


# ------------------------------------------------------------------------------------------ checks


def planned_check(life: Life, point: int, when: Promptness) -> date | None:
    """The day on which a check is done: in the ten days before it is due, weeks late, or never."""
    due = add_months(life.plan.sentence, point)
    if when == "never":
        return None
    if when == "late":
        return life.days.working(due + timedelta(days=life.rng.randint(4, 30)))
    return life.days.court_day(due - timedelta(days=life.rng.randint(0, 8)))


def check(life: Life, point: int, day: date, sufficient: bool | None = None) -> None:
    """Say whether progress is sufficient; if not, with the action taken (PRG-02, PRG-03)."""
    guide = life.ordered * point // 12
    if sufficient is None:
        sufficient = life.credited * 100 >= guide * ENOUGH
    moment = in_office(life.rng, day)
    if not sufficient:
        action, due = life.rng.choice(texts.CATCH_UP), life.days.working(day, 5)
        life.of_order(moment, life.holder, "RecordProgressAction", point=str(point), action=action, due_on=due)
    reason = life.rng.choice(texts.ENOUGH if sufficient else texts.NOT_ENOUGH)
    data = {"point": point, "done_on": day, "sufficient": sufficient, "reason": reason}
    life.of_order(later(moment, 10), life.holder, "CompleteProgressCheck", **data)


# ------------------------------------------------------------------------------------------ completion


def complete(life: Life) -> None:
    """The practitioner confirms that the hours are done; what ends with them ends."""
    assert life.last_credit is not None
    assert life.site is not None
    day = life.days.working(life.newest.date() + ONE_DAY, life.rng.randint(1, 4))
    moment = in_office(life.rng, day)
    data = {"completed_on": life.last_credit, "placement_id": life.site.id}
    life.of_order(moment, life.holder, "ConfirmCompletion", **data)
    if life.chance(0.1):
        award = "Level 1 award in practical horticulture"
        life.of_order(later(moment, 20), life.holder, "RecordAward", award=award, on=day)
    life.leave_site(later(moment, 40), "hours completed")
    life.ending = "completed"
    if life.plan.single:
        end_supervision(life, life.days.working(day, life.rng.randint(1, 6)), "completed")
    elif life.plan.order_end < life.days.today:
        end_supervision(life, life.days.working(max(day, life.plan.order_end), 1), "expired")


def end_supervision(life: Life, day: date, ground: str) -> None:
    """Supervision ends; most cases go to the history file some weeks later."""
    moment = later(in_office(life.rng, day, 11), 60)
    life.of_order(moment, "practitioner", "EndSupervision", ended_on=day, ground=ground)
    filed = life.days.working(max(day, life.latest.date()), life.rng.randint(8, 25))
    if life.chance(0.8):
        data = {"scope": "SUPERVISION_CASE", "ref": life.order_id, "on": filed}
        life.tell(in_office(life.rng, filed), "team-admin", "MoveToHistory", **data)


# ------------------------------------------------------------------------------------------ back to court


def apply_to_court(life: Life, day: date, application: str = "EXTENSION") -> bool:
    """Hours owing after the twelve months go back to court, as far as an extension is possible (UPW-05 to UPW-09)."""
    requested = _requested_end(life, day) if application == "EXTENSION" else None
    if application == "EXTENSION" and requested is None:
        return False
    data = {"application": application, "made_on": day, "requested_end_date": requested}
    life.of_order(in_office(life.rng, day), "practitioner", "ApplyToCourt", **data)
    life.applied_on, life.due = day, requested
    return True


def _requested_end(life: Life, day: date) -> date | None:
    """Three to six months on, but no later than the operational period; None where that leaves nothing to ask for."""
    limit, end = life.plan.operational_end, add_months(day, life.rng.randint(3, 6))
    if limit is None:
        return end
    end = min(end, limit)
    return end if end > max(day, add_months(life.plan.sentence, 12)) else None


def vary(life: Life, day: date, result: str) -> None:
    """What the court made of the application."""
    new_end = life.due if result == "EXTENDED" else None
    data = {"result": result, "new_end_date": new_end, "decided_on": day, "court": life.court}
    moment = at(day, 15, life.rng.randrange(40))
    life.of_order(moment, "court-officer", "RecordCourtVariation", **data)
    if result == "REVOKED":
        revoked(life, moment)


def revoked(life: Life, moment: datetime) -> None:
    """Nothing is left to do: the allocation ends, and supervision with it."""
    life.leave_site(later(moment, 60), "revoked by the court")
    life.ending = "revoked"
    end_supervision(life, life.days.working(moment.date(), life.rng.randint(1, 5)), "revoked")


def lapse(life: Life) -> None:
    """The operational period is over with hours owing: a manager decides what now (UPW-09)."""
    assert life.plan.operational_end is not None
    day = life.days.working(life.plan.operational_end, life.rng.randint(3, 12))
    moment = max(in_office(life.rng, day), later(life.newest, 30))
    life.leave_site(moment, "operational period ended")
    life.of_order(
        later(moment, 30),
        "senior-practitioner",
        "RecordManagementDecision",
        matter="operational period ended with hours owing",
        decision="No further sessions. Court told by letter.",
        reason="No extension is possible; the balance is shown in the letter.",
        on=moment.date(),
    )
    life.ending = "lapsed"
