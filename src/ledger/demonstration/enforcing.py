"""From an absence to the court: letter, evidence, judgement, breach, outcome (rule book B).

`miss` tells an absence and all that comes of it in the office, in one go, and notes in the account from which days on
it stands as unacceptable; the weeks that follow look at that account before they tell of a breach.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal, TypeAlias

from ledger.demonstration import texts
from ledger.demonstration.lines import at, in_office, later
from ledger.demonstration.lives import Life, Missed
from ledger.rules.dates import ONE_DAY

EVIDENCE_DAYS: Final = 5  # working days after the letter (ENF-04)
Answer: TypeAlias = Literal["none", "timely", "late"]
Outcome: TypeAlias = Literal["CONTINUED", "AMENDED", "REVOKED_RESENTENCED", "WITHDRAWN", "DISMISSED"]


@dataclass(frozen=True)
class Reply:
    """What comes after an absence; `lettered_on` None: two or three working days after it was recorded."""

    letter: bool = True
    rang: bool = False  # somebody rang on the day, and reception passed it on
    lettered_on: date | None = None
    answer: Answer = "none"
    received_on: date | None = None
    judged: bool = True
    good: bool | None = None  # whether it is found acceptable; None: as the evidence deserves
    rejudged: bool = True
    forged: bool = False  # a certificate the surgery did not issue


def reply_of(life: Life) -> Reply:
    """What usually comes after an absence."""
    answer = life.rng.choices(("none", "timely", "late"), (50, 38, 12))[0]
    return Reply(
        letter=not life.chance(0.03),
        rang=life.chance(0.08),
        answer=answer,
        judged=not life.chance(0.04),
        rejudged=life.chance(0.6),
        forged=life.chance(0.04),
    )


def miss(
    life: Life,
    day: date,
    reply: Reply | None = None,
    *,
    session: str | None = None,
    kind: str = "FTA",
    hour: int = 10,
    late_entry: int = 0,
) -> Missed:
    """An absence and what comes of it.  `late_entry`: working days until it was recorded; without a session: office."""
    moment = at(day, hour, 25) if not late_entry else in_office(life.rng, life.days.working(day, late_entry))
    missed = _recorded(life, day, moment, session, kind)
    reply = reply or reply_of(life)
    if reply.letter:
        _letter(life, missed, reply)
    if reply.rang:
        note = "Rang reception on the day to say the car had broken down."
        passed_on = in_office(life.rng, life.days.working(moment.date(), 1))
        life.tell(passed_on, "team-admin", "PassOnInformation", absence_id=missed.id, note=note)
    if life.chance(0.15):
        _compliance(life, life.days.working(moment.date(), 4))
    return missed


def _recorded(life: Life, day: date, moment: datetime, session: str | None, kind: str) -> Missed:
    note = life.rng.choice(texts.FAILED if kind == "FTA" else texts.REFUSED)
    absence = life.pen.id()
    told = life.of_order(
        moment,
        "supervisor" if session else "practitioner",
        "RecordAbsence",
        absence_id=absence,
        session_id=session,
        appointment_kind="UPW" if session else "OTHER",
        date=day,
        kind=kind,
        note=note,
    )
    missed = Missed(absence, day, moment, told)
    life.missed.append(missed)
    return missed


def _compliance(life: Life, day: date) -> None:
    action = life.rng.choice(texts.COMPLIANCE)
    life.of_order(in_office(life.rng, day), life.holder, "RecordComplianceAction", action=action, date=day)


# ------------------------------------------------------------------------------------------ letter and evidence


def _letter(life: Life, missed: Missed, reply: Reply) -> None:
    issued = reply.lettered_on or life.days.working(missed.recorded.date(), life.rng.randint(1, 3))
    channel = life.rng.choice(("post", "post", "email", "by hand"))
    moment = in_office(life.rng, issued)
    data = {"letter_id": life.pen.id(), "absence_id": missed.id, "issued_on": issued, "channel": channel}
    life.tell(moment, life.holder, "IssueEnforcementLetter", **data)
    deadline = life.days.working(issued, EVIDENCE_DAYS)
    if reply.answer == "timely":
        _timely(life, missed, reply, issued, deadline)
        return
    missed.turns.append((deadline + ONE_DAY, True))
    if reply.answer == "late":
        _late(life, missed, reply, deadline)


def _evidence(life: Life, missed: Missed, day: date, good: bool | None) -> tuple[str, bool]:
    """Evidence comes in; the reason code it goes under, and whether it is any good."""
    found = [each for each in texts.EVIDENCE if good is None or each[3] == good]
    kind, description, code, deserves = life.rng.choice(found)
    moment = in_office(life.rng, day)
    data = {"absence_id": missed.id, "received_at": moment, "kind": kind, "description": description}
    life.tell(later(moment, 4), "team-admin", "ReceiveEvidence", **data)
    return code, deserves


def _timely(life: Life, missed: Missed, reply: Reply, issued: date, deadline: date) -> None:
    received = reply.received_on or life.days.working(issued, life.rng.randint(1, EVIDENCE_DAYS))
    code, good = _evidence(life, missed, received, reply.good)
    if not reply.judged:
        return
    judged = life.days.working(received, life.rng.randint(1, 5))
    data = {"absence_id": missed.id, "reason_code": code, "judged_on": judged}
    reason = life.rng.choice(texts.ACCEPTED if good else texts.NOT_ACCEPTED)
    result = "ACCEPTABLE" if good else "UNACCEPTABLE"
    life.tell(in_office(life.rng, judged), life.holder, "JudgeAbsence", result=result, reason=reason, **data)
    if not good:
        missed.turns.append((max(judged, deadline + ONE_DAY), True))
    elif reply.forged and code == "medical":
        rejudge(life, missed, life.days.working(judged, life.rng.randint(10, 25)), acceptable=False)


def _late(life: Life, missed: Missed, reply: Reply, deadline: date) -> None:
    received = reply.received_on or life.days.working(deadline, life.rng.randint(1, 8))
    _evidence(life, missed, received, True)
    if reply.rejudged:
        rejudge(life, missed, life.days.working(received, life.rng.randint(1, 6)), acceptable=True)


def rejudge(life: Life, missed: Missed, day: date, *, acceptable: bool) -> None:
    """A senior practitioner judges anew: late evidence accepted, or an acceptance withdrawn."""
    reason = life.rng.choice(texts.REJUDGED) if acceptable else texts.FORGED
    result = "ACCEPTABLE" if acceptable else "UNACCEPTABLE"
    data = {"absence_id": missed.id, "to_result": result, "reason": reason, "decided_on": day}
    life.tell(in_office(life.rng, day), "senior-practitioner", "RejudgeAbsence", **data)
    missed.turns.append((day, not acceptable))


# ------------------------------------------------------------------------------------------ breach


def undecided(life: Life, day: date) -> list[Missed]:
    """The absences of a breach that nobody has decided on yet, at a day; empty where there is none."""
    standing = [each for each in life.tally(day) if each.counts_on(day - ONE_DAY) and each.recorded.date() < day]
    new = [each for each in standing if each.id not in life.decided_on]
    return standing if len(standing) > 1 and new and life.hearing is None else []


def start_action(life: Life, day: date, weeks: int | None = None) -> bool:
    """Take a breach to court, if there is one; the hearing is some weeks later."""
    if not undecided(life, day):
        return False
    risk_led = life.plan.level in ("HIGH", "VERY_HIGH")
    data = {"started_on": day, "court": life.court, "risk_led": risk_led}
    explained = {"explained_on": day, "reengaged": True} if risk_led else {}
    moment = in_office(life.rng, day)
    life.of_order(moment, "practitioner", "StartBreachAction", **data, **explained)
    life.relied_on = [each for each in life.tally(day) if each.recorded < moment]
    life.decided_on.update(each.id for each in life.relied_on)
    life.hearing = life.days.working(day + timedelta(weeks=weeks or life.rng.randint(3, 7)))
    return True


def decline(life: Life, day: date) -> bool:
    """A manager decides not to take a breach to court, with the reason, if there is one."""
    standing = undecided(life, day)
    if standing:
        reason = life.rng.choice(texts.DECLINED)
        life.of_order(in_office(life.rng, day), "senior-practitioner", "DeclineBreachAction", reason=reason)
        life.decided_on.update(each.id for each in standing)
    return bool(standing)


def hear(life: Life, outcome: Outcome | None = None) -> Outcome:
    """The court deals with the breach; a proven one spends the absences it relied on."""
    assert life.hearing is not None
    day, life.hearing = life.hearing, None
    if outcome is None:
        fell = len([each for each in life.relied_on if each.counts_on(day)]) < 2
        outcome = "WITHDRAWN" if fell else _usual(life)
    proven = outcome in ("CONTINUED", "AMENDED", "REVOKED_RESENTENCED")
    data = {"proven": proven, "result": outcome, "decided_on": day}
    life.of_order(at(day, 15, life.rng.randrange(40)), "court-officer", "RecordBreachOutcome", **data)
    life.decided_on.update(each.id for each in life.tally(day))
    for each in life.relied_on if proven else ():
        each.spent = True
    return outcome


def _usual(life: Life) -> Outcome:
    outcomes: tuple[Outcome, ...] = ("CONTINUED", "AMENDED", "REVOKED_RESENTENCED", "DISMISSED")
    return life.rng.choices(outcomes, (55, 15, 16, 14))[0]
