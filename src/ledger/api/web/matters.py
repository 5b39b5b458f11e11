"""A child protection matter from concern to review: its steps, stage by stage, and what may be recorded next.

    stages(answer, role, at)    -> [Stage]: each with its steps, their days and states, and the forms that go on from it

Nothing is decided here: the days, states and reasons are those of the view `child-protection-matter`, laid out in the
order in which the procedures have them.  A step that nobody has taken is there with what it waits for.

Proven by tests/web/test_matters.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from ledger.aggregates.child_protection_matter import facts
from ledger.api.web.conferences import actions, conferences
from ledger.api.web.stages import Course, Kinds, Row, Stage, Step, clock, days, late, staged, together_with, within
from ledger.api.web.words import day, words
from ledger.rules.child_protection import REFERRAL_NOT_IN_WRITING, WRITTEN_FOLLOW_UP_MISSING
from ledger.rules.dates import day_of

FLAGS: Final = {
    "WRITTEN_FOLLOW_UP_MISSING": "A concern was told by word of mouth and not yet in writing",
    "GRAVE_NOT_ESCALATED": "A grave concern was not passed to children’s services or the police",
    "REFERRAL_NOT_IN_WRITING": "A referral by telephone was not followed up in writing",
    "CONFERENCE_NO_REPORT": "A conference without anybody from probation and without a report",
}


def stages(answer: Mapping[str, Any], role: str, at: str) -> list[Stage]:
    """The stages of a matter as its view tells it; `at`: where its forms are.  `role`: whose forms are offered."""
    view = Course(answer)
    told = (
        ("concerns", "Concerns", "No concern is recorded.", _concerns(view), _CONCERN),
        ("checks", "Checks and forms", "Nobody was asked, and no form was completed.", _checks(view), _CHECKS),
        ("referral", "Referral", "No referral was made.", _referrals(view), (facts.ReferralMade,)),
        ("enquiries", "Enquiries and core assessment", "No enquiries began.", _enquiries(view), _ENQUIRIES),
        ("conferences", "Conferences", "No conference was called.", conferences(view), (facts.ConferenceInvited,)),
        ("actions", "What was agreed", "No action was agreed.", actions(view), (facts.ConferenceActionSet,)),
        ("contacts", "Key worker, contacts and disagreements", "None is recorded.", _contacts(view), _CONTACTS),
    )
    return staged(told, role, at)


def flags(alerts: Iterable[Row]) -> list[dict[str, Any]]:
    """The flags of a matter in plain words."""
    return [{**each, "says": FLAGS.get(each["flag"], words(each["flag"]))} for each in alerts]


_CONCERN: Final[Kinds] = (facts.ChildProtectionConcernRecorded,)
_CHECKS: Final[Kinds] = (
    facts.ChildrenServicesCheckRequested,
    facts.ChildRiskSectionCompleted,
    facts.NewInformationRecorded,
)
_ENQUIRIES: Final[Kinds] = (facts.StrategyMeetingHeld, facts.EnquiriesStarted)
_CONTACTS: Final[Kinds] = (
    facts.Cp1Sent,
    facts.SocialWorkerInformed,
    facts.ChildrenServicesContacted,
    facts.UnitInformed,
    facts.LossOfContactNotified,
    facts.DisagreementRaised,
    facts.FamilyGroupConferenceHeld,
)


def _concerns(view: Course) -> Iterator[Step]:
    for each in view.shown["concerns"]:
        grave = ", grave" if each["grave"] else ""
        kind = f"{words(each['source'])}; {words(each['category']).lower()}{grave}"
        yield Step("Concern noted", each["noted_on"], None, each["noted_on"], row=each, says=(kind,))
        if each["grave"]:
            yield _escalation(view, each)
        notified = view.told(facts.ConcernNotified, concern_id=each["concern_id"])
        yield from (_notified(view, one) for one in notified)
        if not notified:
            yield Step(
                "Told to whom it concerns", state="Nobody is recorded", tone="waiting", then=(facts.ConcernNotified,)
            )


def _escalation(view: Course, concern: Row) -> Step:
    noted, at = concern["noted_on"], concern["escalated_at"]
    done = day_of(at) if at else None
    behind = late(noted, done, view.as_at)
    state = "done-late" if done and behind else "done" if done else "overdue" if behind else "due"
    then = () if done else (facts.ConcernEscalated,)
    says, tone = clock(state, behind)
    title = "Passed to children’s services or the police, the same day"
    return Step(title, noted, noted, done, says, tone, concern, then=then)


def _notified(view: Course, each: Row) -> Step:
    says = each["says"]
    if says["form"] != "VERBAL":
        return Step("Told in writing", each["on"], None, each["on"], row=each, says=_to(says, "to_role"))
    missing = view.flagged(WRITTEN_FOLLOW_UP_MISSING, each["position"])
    told = "By word of mouth; not in writing yet" if missing else "By word of mouth, then in writing"
    return Step(
        "Told by word of mouth",
        each["on"],
        None,
        says.get("written_follow_up_on") if not missing else None,
        told,
        "missing" if missing else "done",
        each,
        _to(says, "to_role"),
        (facts.ConcernNotified,) if missing else (),
    )


def _to(says: Row, name: str) -> tuple[str, ...]:
    return (f"To {says[name]}",) if says.get(name) else ()


def _checks(view: Course) -> Iterator[Step]:
    for each in view.shown["checks"]:
        waits = each["answered_on"] is None
        state = f"Waiting for {days(each['age_days'])}" if waits else "Answered"
        then = (facts.ChildrenServicesCheckAnswered,) if waits else ()
        title = "Children’s services asked"
        yield Step(title, each["requested_on"], None, each["answered_on"], state, _tone(waits), each, then=then)
        if each["r7_due"]:
            then = (facts.ChildRiskSectionCompleted, facts.ChildrenServicesCheckClosed)
            yield Step(
                "Form R7, as the answer was yes", each["answered_on"], None, None, "Missing", "missing", each, then=then
            )
    for each in view.told(facts.ChildrenServicesCheckClosed):
        reason = each["says"].get("reason")
        yield Step("Check closed", each["on"], None, each["on"], row=each, says=(reason,) if reason else ())
    for each in view.told(facts.ChildRiskSectionCompleted):
        confidential = ("Confidential",) if each["says"]["confidential"] else ()
        yield Step(f"Form {each['says']['form']} completed", each["on"], None, each["on"], row=each, says=confidential)
    countersigned = {each["position"]: each["countersigned_on"] for each in view.shown["new_information"]}
    for fact in view.told(facts.NewInformationRecorded):
        signed = countersigned[fact["position"]]
        state = "Countersigned" if signed else "Waits for the risk manager"
        then = () if signed else (facts.RiskManagerCountersigned,)
        yield Step("New information", fact["on"], None, signed, state, _tone(not signed), fact, then=then)


def _tone(waits: bool) -> str:
    return "waiting" if waits else "done"


def _referrals(view: Course) -> Iterator[Step]:
    for each in view.shown["referrals"]:
        (fact,) = view.told(facts.ReferralMade, referral_id=each["referral_id"])
        by = "telephone" if each["channel"] == "PHONE" else "letter or form"
        made = day_of(each["made_at"])
        yield Step(f"Referral by {by}", made, None, made, row=fact, says=_to(fact["says"], "sent_to"))
        if each["channel"] == "PHONE":
            missing = view.flagged(REFERRAL_NOT_IN_WRITING, fact["position"])
            state = ("Not in writing yet", "missing") if missing else ("Done", "done")
            then = (facts.ReferralConfirmedInWriting,) if missing else ()
            yield Step("Confirmed in writing", made, None, each["in_writing_on"], *state, fact, then=then)
        says, tone = clock(each["state"], each["days_late"])
        waits = each["replied_on"] is None
        chased = [f"Reminded on {day(on)}" for on in each["chased_on"]]
        then = (facts.ReferralReplied, facts.ReferralChased) if waits else ()
        title = within("Reply", each["reply_days"], "day")
        began, due, done = each["contact_on"], each["reply_due"], each["replied_on"]
        yield Step(title, began, due, done, says, tone, each, chased, then)


def _enquiries(view: Course) -> Iterator[Step]:
    names = {"StrategyMeetingHeld": "Strategy meeting", "EnquiriesStarted": "Enquiries began"}
    began = view.told(facts.StrategyMeetingHeld, facts.EnquiriesStarted)
    for each in began:
        yield Step(
            names[each["type"]], each["on"], None, each["on"], row=each, says=together_with(each["says"], "attended_by")
        )
    due, done = view.shown["core_assessment_due"], view.shown["core_assessment_ready_on"]
    if due is None:
        return
    title = within("Core assessment", view.shown["core_assessment_days"], "day")
    says, tone = clock(view.shown["core_assessment_state"], late(due, done, view.as_at))
    then = () if done else (facts.CoreAssessmentReady,)
    yield Step(title, view.shown["core_assessment_from"], due, done, says, tone, view.shown, then=then)


def _contacts(view: Course) -> Iterator[Step]:
    titles = {
        "Cp1Sent": "Key worker told on form CP1",
        "SocialWorkerInformed": "Officer made known to the social worker",
        "ChildrenServicesContacted": "Contact with children’s services",
        "UnitInformed": "Another unit told",
        "LossOfContactNotified": "Key worker told that contact was lost",
        "DisagreementRaised": "Disagreement raised",
        "FamilyGroupConferenceHeld": "Family group conference",
    }
    for each in view.told(*_CONTACTS):
        says = each["says"]
        written = says.get("written_on")
        asks_writing = each["type"] in ("ChildrenServicesContacted", "LossOfContactNotified")
        state = ("Not in writing yet", "waiting") if asks_writing and not written else ("Recorded", "")
        yield Step(titles[each["type"]], each["on"], None, written or each["on"], *state, each, _said(says))


def _said(says: Row) -> tuple[str, ...]:
    """The texts beside a contact: with whom, at which level, about what."""
    named = (("with_agency", "With"), ("level", "Raised with"), ("unit", "Unit"), ("name", ""), ("text", ""))
    return tuple(f"{before} {says[name]}".strip() for name, before in named if says.get(name))
