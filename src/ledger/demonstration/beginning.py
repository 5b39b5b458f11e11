"""The first weeks: the order, who holds it, the first appointment, induction, assessments, and the allocation."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any, Final

from ledger.demonstration import texts
from ledger.demonstration.lines import Pen, at, in_office, later
from ledger.demonstration.lives import Life, Promptness
from ledger.demonstration.people import offence, person
from ledger.demonstration.righting import correct
from ledger.rules.dates import ONE_DAY

_OPEN_END: Final = timedelta(days=3650)
_NOT_ASKED: Final = 6  # one in so many


def begin(life: Life) -> None:
    """From the court to the day before the first session."""
    sentence = life.plan.sentence
    _at_court(life, sentence)
    _assigned(life, life.days.working(sentence, 1))
    met = _first_appointment(life)
    if met is not None:
        _induction(life, met)
    _assessed(life)
    _about_the_person(life, life.days.working(sentence, 12))


def _at_court(life: Life, day: date) -> None:
    plan, moment = life.plan, at(day, 15, life.rng.randrange(30))
    particulars = person(life.rng, life.number, plan.gender, life.days.today)
    particulars |= {name: given for name in ("surname", "forenames") if (given := getattr(plan, name))}
    life.tell(moment, "court-officer", "RecordOffender", **particulars)
    life.of_order(
        later(moment, 8),
        "court-officer",
        "RecordOrder",
        order_type=plan.order_type,
        court=life.court,
        sentence_date=day,
        order_end_date=plan.order_end,
        operational_period_end=plan.operational_end,
        requirements=list(plan.requirements),
        upw_hours=plan.hours,
        unit=plan.unit,
    )


def _assigned(life: Life, day: date) -> None:
    holder = life.holder
    life.of_order(
        in_office(life.rng, day),
        "senior-practitioner",
        "AssignPractitioner",
        staff_id=holder.id,
        grade="PSO" if holder.role == "pso" else "PO",
        role="RESPONSIBLE",
        line_manager=life.staff("senior-practitioner").id,
        unit=life.plan.unit,
        on=day,
    )


def _working_days(life: Life, when: Promptness, prompt: tuple[int, int], late: tuple[int, int]) -> int | None:
    """How many working days after sentence something is done; None for never."""
    span = {"prompt": prompt, "late": late}.get(when)
    return life.rng.randint(*span) if span else None


def _first_appointment(life: Life) -> date | None:
    """Offered a day or two after sentence, for a day within five working days, or not; the day it is for."""
    n = _working_days(life, life.plan.appointment, (3, 5), (6, 11))
    if n is None:
        return None
    offered = life.days.working(life.plan.sentence, min(n, life.rng.randint(1, 2)))
    day = life.days.working(life.plan.sentence, n)
    moment = later(in_office(life.rng, offered, 12), 60)
    life.of_order(moment, life.holder, "OfferFirstAppointment", offered_on=offered, offered_for=day)
    return day


def _induction(life: Life, day: date) -> None:
    items = ("rules_of_order", "rules_of_projects", "details_checked", "offending_history", "clothing_advised")
    told = {**dict.fromkeys(items, True), "conduct_warned": not life.chance(0.04)}
    record = life.of_order(later(at(day, 9), 30), life.holder, "CompleteInduction", date=day, **told)
    if not told["conduct_warned"]:
        correct(life, record, life.days.working(day, 2), "conduct_warned", True, "It was gone through; box not ticked.")
    if life.chance(0.6):
        life.tell(at(day, 11, 20), life.staff("practitioner"), "RecordOffence", **offence(life.rng))


def _assessed(life: Life) -> None:
    n = _working_days(life, life.plan.upw, (7, 15), (16, 24))
    if n is not None:
        _unpaid_work_assessment(life, life.days.working(life.plan.sentence, n))
    n = _working_days(life, life.plan.risk, (8, 15), (16, 27))
    if n is not None:
        _risk_assessment(life, life.days.working(life.plan.sentence, n))


def _unpaid_work_assessment(life: Life, day: date) -> None:
    needs = life.rng.choice(texts.NEEDS) if life.chance(0.12) else None
    moment = in_office(life.rng, day)
    life.of_order(
        moment,
        life.holder,
        "CompleteUpwAssessment",
        completed_on=day,
        group_preference=_preference(life),
        needs=[needs[0]] if needs else None,
        caring_duties="school run, weekdays" if life.chance(0.1) else None,
        skills=life.rng.choice(("painting", "gardening", "warehouse work", None, None)),
    )
    if needs:
        life.tell(
            later(moment, 10), life.holder, "RecordDiversityNeed", need=needs[0], adjustment=needs[1], agreed_on=day
        )
    _ready(life, day)


def _preference(life: Life) -> str:
    if "IP" in life.plan.modes:
        return "INDIVIDUAL"
    return "WOMEN_ONLY" if life.plan.gender == "F" else "MIXED"


def _risk_assessment(life: Life, day: date) -> None:
    life.of_order(
        in_office(life.rng, day),
        "practitioner",
        "CompleteRiskAssessment",
        completed_on=day,
        rosh_level=life.plan.level,
        lor=life.rng.choice(("low", "medium", "medium", "high")),
        risk_management_plan=None if life.plan.level == "LOW" else "Reviewed with the police every three months.",
        sentence_plan="Finish the hours; look for work.",
        signed_on=day,
        marking="CONFIDENTIAL",
    )
    _services_asked(life, day)
    _ready(life, day)


def _services_asked(life: Life, day: date) -> None:
    """Children's services are asked about most people who are assessed, and know of nothing; the others are listed."""
    if life.number % _NOT_ASKED == 0:
        return
    pen = Pen(life.pen.book, "", Random(f"check {life.order_id}"))  # noqa: S311 - a story, no secret
    pen.target, check_id, answered = f"child-protection-matter/{pen.id()}", pen.id(), life.days.working(day, 6)
    asked = {"offender_id": life.pen.target.removeprefix("offender/"), "on": day, "reason": "REVIEW"}
    pen.tell(at(day, 16), life.staff("practitioner"), "RequestCheck", check_id=check_id, **asked)
    answer = {"on": answered, "q1": False, "q2": False}
    pen.tell(at(answered, 10), life.staff("team-admin"), "RecordCheckAnswer", check_id=check_id, **answer)


def _ready(life: Life, day: date) -> None:
    """Both assessments must be there before anybody is allocated."""
    moment = at(day, 17, 30)
    life.newest = max(life.newest, moment)


def _about_the_person(life: Life, day: date) -> None:
    if life.number % 29 == 3:
        need_interpreter(life, day)
    if life.chance(0.15):
        moment = in_office(life.rng, day)
        result = life.rng.choice(("level 1", "entry level 3", "level 2"))
        life.tell(moment, life.holder, "RecordSkillsScreening", date=day, result=result)
    if not life.plan.single:
        purpose = "Check of the address and who lives there."
        moment = later(in_office(life.rng, life.days.working(day, 3)), 15)
        life.tell(
            moment, "practitioner", "RecordHomeVisit", on=moment.date(), purpose=purpose, initial=True, lone=False
        )
    if life.chance(0.12):
        _document(life, in_office(life.rng, life.days.working(day, 6)))


def need_interpreter(life: Life, day: date) -> None:
    """The person needs somebody to interpret or sign."""
    language, need = life.rng.choice(texts.LANGUAGES)
    life.tell(in_office(life.rng, day), life.holder, "RecordCommunicationNeed", language=language, need_type=need)


def _document(life: Life, moment: Any) -> None:
    life.tell(
        moment,
        "team-admin",
        "FileDocument",
        doc_id=life.pen.id(),
        kind="pre-sentence report",
        marking="CONFIDENTIAL",
        section="2",
        contents="Short format report, three pages.",
    )


# ------------------------------------------------------------------------------------------ allocation


def allocate(life: Life, modes: tuple[str, ...] | None = None) -> date | None:
    """Allocate to a site once both assessments are there; the first day of work, or None while one is missing."""
    if "never" in (life.plan.upw, life.plan.risk):
        return None
    moment = in_office(life.rng, life.days.working(life.newest.date() + ONE_DAY))
    schools = life.plan.level in ("LOW", "MEDIUM")
    site = life.sites.choose(life.rng, life.plan.gender, modes or life.plan.modes, moment.date(), schools)
    first = moment.date() + timedelta(days=5)
    life.site, life.allocation_id, life.allocated, life.newest = site, life.pen.id(), moment, moment
    site.taken.append((moment.date(), moment.date() + _OPEN_END))
    life.of_order(
        moment,
        "placement-coordinator",
        "AllocatePlacement",
        allocation_id=life.allocation_id,
        placement_id=site.id,
        mode=site.kind.mode,
        from_date=first,
        match_reasons=life.rng.choice(texts.MATCHED),
        roh_considered=True,
        skills_aim="painting" if life.chance(0.2) else None,
    )
    return first
