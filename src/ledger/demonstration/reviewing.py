"""The case review of the demonstration's family: a child is badly hurt, and what the service does until the release.

    hurt(story)          a grave concern, the referral, the hold, the records secured
    reviewed(story)      panel, management review, action plan, and the release that lets what waited be erased

Numbers are days before today.  Proven by tests/demonstration/test_family.py.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from ledger.demonstration.lines import Staff, a_uuid, at

if TYPE_CHECKING:
    from ledger.demonstration.family import Story

HOSPITAL: Final = 95  # days ago: the child was badly hurt
RELEASED: Final = 24


def hurt(story: Story) -> None:
    """The eldest is badly hurt: the board is told, records are secured, and from then on nothing is erased."""
    _grave(story)
    persons = [story.of(story.mother), story.of(story.partner)]
    moment = at(story.day(HOSPITAL), 9)
    story.hold = story.pens["review"].id()
    story.tell(
        *("review", HOSPITAL, 9, "aco", "ReferSeriousIncident"),
        ground="LIFE_THREATENING_INJURY",
        child_refs=[story.children[0]],
        offender_refs=persons,
        referred_at=moment,
        sent_to="safeguarding board",
        concern="Two units of ours and children's services each held a part; nobody put them together.",
    )
    held = {"hold_id": story.hold, "placed_at": at(story.day(HOSPITAL), 10), "child_refs": [story.children[0]]}
    story.tell("review", HOSPITAL, 10, "aco", "PlaceHold", **held, offender_refs=persons)
    streams = [
        *persons,
        story.children[0],
        *(story.pens[each].target[-36:] for each in story.pens if each != "review"),
    ]
    asked = {"requested_by": "The chair of the safeguarding board", "requested_at": moment}
    secured = {"secured_at": at(story.day(HOSPITAL), 11), "streams": streams}
    story.tell("review", HOSPITAL, 11, "aco", "SecureRecords", **asked, **secured)
    produced = at(story.day(HOSPITAL - 1), 15)
    story.tell("review", HOSPITAL - 1, 15, "team-admin", "ProduceDuplicate", produced_at=produced)
    for life in (story.mother, story.partner):
        supported = {"staff_id": life.holder.id, "on": story.day(HOSPITAL - 2)}
        story.tell("review", HOSPITAL - 2, 10, "senior-practitioner", "OfferSupport", **supported)


def _grave(story: Story) -> None:
    """The hospital rings the South's officer, who rings children's services within the hour (CP-05)."""
    matter, officer, day = story.pens["matter"], story.partner.holder, story.day(HOSPITAL)
    concern, told_at = {"concern_id": matter.id()}, at(day, 8, 30)
    matter.tell(
        *(at(day, 8), officer, "RecordConcern"),
        **concern,
        offender_id=story.of(story.partner),
        child_ref=story.children[0],
        source="OTHER",
        noted_on=day,
        grave=True,
        category="SIGNIFICANT_HARM",
        note="The hospital rang: an injury that cannot be explained by a fall.",
    )
    escalated = {"to_agency": "CHILDREN_SERVICES", "escalated_at": told_at}
    matter.tell(told_at, officer, "EscalateConcern", **concern, **escalated)
    matter.tell(at(day, 8, 45), officer, "NotifyConcern", **concern, form="CNF1", to_role="line manager", on=day)


def reviewed(story: Story) -> None:
    """Panel, management review, signature, and the release: what waited for it is erased by itstory (SCR-06)."""
    chief, on = story.people.one("chief-officer"), story.day
    reviewer = Staff(a_uuid(story.rng), "case-reviewer")  # from another area
    remit = "How the two units and children's services worked together."
    members = ["Panel member for health", "Panel member for the police"]
    panel = {"remit": remit, "members": members, "constituted_on": on(88), "diversity_considered": True}
    story.tell("review", 88, 10, "aco", "ConstituteReview", **panel)
    story.tell("review", 87, 10, chief, "RequestManagementReview", on=on(87), timescale_due=on(30))
    story.tell("review", 86, 10, chief, "ConfirmSecured", on=on(86))
    nominated = {"staff": reviewer.id, "grade": "assistant chief officer of another area", "on": on(85)}
    story.tell("review", 85, 10, chief, "NominateReviewer", **nominated)
    period = {"from_date": on(262), "to_date": on(HOSPITAL), "as_known_at": at(on(HOSPITAL), 11)}
    story.tell("review", 62, 14, reviewer, "ProduceChronology", **period)
    story.tell("review", 40, 14, reviewer, "DraftManagementReview", sections=SECTIONS)
    story.tell("review", 34, 10, chief, "SignManagementReview", on=on(34))
    story.tell("review", 33, 10, chief, "ForwardManagementReview", on=on(33), forwarded_to="Chair of the board")
    story.tell("review", 28, 14, reviewer, "PresentOverview", on=on(28))
    plan = [
        {"action_id": story.pens["review"].id(), "text": text, "owner": owner, "due": on(ago).isoformat()}
        | {"outcome_measure": measure}
        for text, owner, ago, measure in ACTIONS
    ]
    story.tell("review", 27, 10, chief, "IssueActionPlan", actions=plan)
    done = {"action_id": plan[0]["action_id"], "on": on(17), "evidence": "Minutes of both team meetings."}
    story.tell("review", 17, 10, story.people.one("operations-manager"), "CompleteReviewAction", **done)
    story.tell("review", 26, 10, "aco", "CompleteReview", on=on(26))
    release = {"hold_id": story.hold, "released_at": _released(story), "authority": "The board, in writing."}
    story.pens["review"].tell(_released(story), chief, "ReleaseHold", **release)
    story.tell("review", 20, 14, "aco", "DisseminateLearning", on=on(20), audience="Every unit")


def _released(story: Story) -> datetime:
    return at(story.day(RELEASED), 11)


SECTIONS: Final = {
    "1": "Two units supervised two adults of one home; each had a register entry of its own.",
    "2": "One review was missed and followed up late; to the second conference nobody went and no report was sent.",
    "3": "What one unit knew, the other did not ask for.",
    "4": "One officer leads where two units share a home; a conference without a report goes to the manager next day.",
}
ACTIONS: Final = (
    ("Name one lead officer wherever two units share a home", "operations manager", 15, "No home without a lead"),
    (
        "Bring a conference without a report to the manager the next day.",
        "unit managers",
        6,
        "None is older than a day",
    ),
)
