"""A serious case review from referral to learning: its steps, stage by stage, and what is missing.

    stages(answer, role, at)     -> [Stage], as of a matter (ledger.api.web.stages)
    missing(stages, parts)       -> what is still to be done, in words

Nothing is decided here: days, states and reasons are those of the view `case-review`.

Proven by tests/web/test_reviews.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from ledger.aggregates.case_review import facts
from ledger.aggregates.case_review.plan import by_id, may_be_completed
from ledger.aggregates.shape import Fact
from ledger.api.web.framework import Part
from ledger.api.web.stages import Course, Kinds, Row, Stage, Step, clock, late, names_in, staged
from ledger.api.web.words import day, words
from ledger.rules.dates import day_of

GROUNDS: Final = {
    "DEATH": "A child died",
    "LIFE_THREATENING_INJURY": "A life-threatening injury",
    "SERIOUS_SEXUAL_ABUSE": "Serious sexual abuse",
    "OTHER_SERIOUS_CONCERN": "Another serious concern",
}


def stages(answer: Mapping[str, Any], role: str, at: str) -> list[Stage]:
    """The stages of a review as its view tells it; `at`: where its forms are.  `role`: whose forms are offered."""
    view = Course(answer)
    begun = bool(view.told(facts.SeriousIncidentReferred))
    told = (
        ("referral", "Referral", "The incident is not referred.", _referral(view), () if begun else _REFERRAL),
        ("securing", "Records secured", "No records are secured.", _securing(view), _SECURING),
        ("panel", "Panel and completion", "", _panel(view), ()),
        ("management", "Management review", "None is asked for.", _management(view), _asking(view)),
        ("overview", "Overview and learning", "", _overview(view), _LEARNING),
        ("actions", "Action plan", "No action plan is issued.", _actions(view), (facts.ActionPlanIssued,)),
        ("holds", "Holds", "Nothing is held.", _holds(view), (facts.HoldPlaced,)),
    )
    return staged(told, role, at)


_REFERRAL: Final[Kinds] = (facts.SeriousIncidentReferred,)
_SECURING: Final[Kinds] = (facts.RecordsSecured,)
_LEARNING: Final[Kinds] = (
    facts.ChronologyProduced,
    facts.ReportArchived,
    facts.LearningDisseminated,
    facts.StaffSupportOffered,
)


def _asking(view: Course) -> Kinds:
    return () if view.told(facts.ManagementReviewRequested) else (facts.ManagementReviewRequested,)


def missing(found: Iterable[Stage], parts_: Iterable[Part]) -> list[tuple[str, str]]:
    """(what is still to be done, where on the page it stands)."""
    steps = [
        (f"{each.title}: {each.state.lower()}", f"#{stage.id}")
        for stage in found
        for each in stage.steps
        if each.tone in ("missing", "overdue", "waiting")
    ]
    return [
        *steps,
        *((f"Section {each.n} of the management review is empty", "#parts") for each in parts_ if each.empty),
    ]


# ------------------------------------------------------------------------------------------ steps


def _one(view: Course, title: str, kind: type[Fact], said: Sequence[str] = ()) -> Step:
    """A step that is taken once: done on its day, or waited for."""
    return _taken(view.newest(kind), title, kind, said)


def _of_the_draft(view: Course, kind: type[Fact]) -> Row | None:
    """The last of them since the management review was drafted last: a signature is of the draft before it (SCR-08)."""
    draft, each = view.newest(facts.ManagementReviewDrafted), view.newest(kind)
    return each if each and (draft is None or each["position"] > draft["position"]) else None


def _taken(each: Row | None, title: str, kind: type[Fact], said: Sequence[str] = ()) -> Step:
    if each is None:
        return Step(title, state="Not yet", tone="waiting", then=(kind,))
    told = tuple(str(each["says"][name]) for name in said if each["says"].get(name))
    return Step(title, each["on"], None, each["on"], "Done", "done", each, told)


def _referral(view: Course) -> Iterator[Step]:
    for each in view.told(facts.SeriousIncidentReferred):
        says = [GROUNDS.get(each["says"]["ground"], words(each["says"]["ground"]))]
        says += [f"To {each['says']['sent_to']}"] if each["says"].get("sent_to") else []
        says += ["Beside a Serious Further Offence report"] if each["says"].get("sfo_parallel") else []
        yield Step("Referred to the safeguarding board", each["on"], None, each["on"], "Done", "done", each, says)


def _securing(view: Course) -> Iterator[Step]:
    secured = view.told(facts.RecordsSecured)
    broken = {each["position"] for each in view.shown["seals"] if each["agrees"] is False}
    for each in secured:
        asked = [f"Asked for by {each['says']['requested_by']}"] if each["says"].get("requested_by") else []
        count = len(each["says"]["last_sequences"])
        asked += [f"{count} {'record' if count == 1 else 'records'}"]
        standing = ("Its seal differs", "missing") if each["position"] in broken else ("Done", "done")
        yield Step("Records secured as they were", each["on"], None, each["on"], *standing, each, asked)
    if not secured:
        yield Step("Records secured as they were", state="Not yet", tone="waiting", then=_SECURING)
        return
    made = [each for each in view.told(facts.DuplicateSetProduced) if each["position"] > secured[-1]["position"]]
    if not made:
        then = (facts.DuplicateSetProduced,)
        why = view.shown["alerts"][0] if view.shown["alerts"] else secured[-1]
        yield Step("Working duplicate", secured[-1]["on"], None, None, "Missing", "missing", why, then=then)
        return
    same = made[-1]["says"]["contents_hash"] == secured[-1]["says"]["seal_hash"]
    state = ("Done; its seal agrees", "done") if same else ("Its seal differs", "missing")
    if len(secured) > 1 and not same:
        state = ("Done; of several securings together", "done")
    yield Step("Working duplicate", secured[-1]["on"], None, made[-1]["on"], *state, made[-1])


def _panel(view: Course) -> Iterator[Step]:
    panel = view.newest(facts.ReviewConstituted)
    if panel is None:
        then = (facts.ReviewConstituted,)
        yield Step("Remit and panel set", state="Not yet", tone="waiting", then=then)
    else:
        says = panel["says"]
        members = names_in(says.get("members"))
        said = [f"Remit: {says['remit']}"] if says.get("remit") else []
        said += [f"Panel: {members}"] if members else []
        said += ["Diversity was considered" if says["diversity_considered"] else "Diversity was not considered"]
        yield Step("Remit and panel set", panel["on"], None, panel["on"], "Done", "done", panel, said)
    yield from _rapid(view)
    row = view.shown["completion"]
    due, done = row["completion_due"], row["completed_on"]
    state = str(row["state"]).replace("completed", "done")
    says, tone = clock(state, late(due, done, view.as_at)) if due or done else ("When the panel is set", "")
    said = [f"Within {months} months of the panel" for months in row.get("why", {}).get("settings", {}).values()]
    remind = row["reminder_on"]
    if due and not done and view.as_at >= remind:
        said += [f"Remind a month before, from {day(remind)}"]
    then = () if done else (facts.ReviewCompleted,)
    began = min((each["on"] for each in view.told(facts.ReviewConstituted)), default=None)  # the first panel counts
    yield Step("Review completed", began, due, done, says, tone, row, said, then)


def _rapid(view: Course) -> Iterator[Step]:
    """The rapid review, where the edition of the law has one."""
    row = view.shown["rapid_review"]
    if row is None:
        return
    due, done = row["due"], row["completed_on"]
    standing = clock(row["state"], late(due, done, view.as_at))
    began = day_of(view.shown["referred_at"])
    said = [f"Within {count} working days of the referral" for count in row["why"]["settings"].values()]
    then = () if done else (facts.RapidReviewCompleted,)
    yield Step("Rapid review completed", began, due, done, *standing, row, said, then)


def _management(view: Course) -> Iterator[Step]:
    """The service's own review, each signature in its order."""
    asked = view.newest(facts.ManagementReviewRequested)
    if asked is None:
        return
    review = view.shown["management_review"]
    yield Step("Asked for by the panel", asked["on"], None, asked["on"], "Done", "done", asked)
    yield _one(view, "Chief Officer confirms the records are secured", facts.RecordsConfirmedSecured)
    yield _one(view, "Reviewer nominated", facts.ReviewerNominated, ("staff", "grade"))
    signed = _of_the_draft(view, facts.ManagementReviewSigned)
    drafted = _one(view, "Drafted", facts.ManagementReviewDrafted)
    yield drafted if signed else replace(drafted, then=(facts.ManagementReviewDrafted,))  # anew, until it is signed
    yield _taken(signed, "Chief Officer signs", facts.ManagementReviewSigned)
    sent = _of_the_draft(view, facts.ManagementReviewForwarded)
    due, done = review["due"], sent["on"] if sent else None
    says, tone = clock(
        "done" if done and done <= due else "done-late" if done else "overdue" if review["overdue"] else "due",
        late(due, done, view.as_at),
    )
    told = [f"To {sent['says']['forwarded_to']}"] if sent and sent["says"].get("forwarded_to") else []
    then = () if sent else (facts.ManagementReviewForwarded,)
    yield Step("Forwarded to the chair of the board", asked["on"], due, done, says, tone, review, told, then)


def _overview(view: Course) -> Iterator[Step]:
    yield _one(view, "Overview report presented", facts.OverviewReportPresented)
    learned = view.told(facts.LearningDisseminated)
    for each in learned:
        to = [f"To {each['says']['audience']}"] if each["says"].get("audience") else []
        yield Step("Lessons passed on", each["on"], None, each["on"], "Done", "done", each, to)
    if not learned:
        yield Step("Lessons passed on", state="Not yet", tone="waiting")
    kept = view.told(facts.ReportArchived)
    for each in kept:
        report = [str(each["says"]["report"])] if each["says"].get("report") else []
        yield Step("Report kept at head office", each["on"], None, each["on"], "Done", "done", each, report)
    if not kept:
        yield Step("Reports kept at head office", state="Not yet", tone="waiting")
    for each in view.told(facts.StaffSupportOffered):
        yield Step("Support offered to staff", each["on"], None, each["on"], row=each)


def _actions(view: Course) -> Iterator[Step]:
    plan = view.newest(facts.ActionPlanIssued)
    told: Any = plan["says"].get("actions") if plan else None
    listed = cast("list[Any]", told) if isinstance(told, list) else []
    texts = by_id([cast("Row", each) for each in listed if isinstance(each, Mapping)])  # what is shut is none
    for each in view.shown["actions"]:
        text = texts.get(str(each["action_id"]), {})
        says = [f"Owner: {text['owner']}"] if text.get("owner") else []
        says += [f"Measured by: {text['outcome_measure']}"] if text.get("outcome_measure") else []
        done, state = each["completed_on"], "due" if each["state"] == "open" else each["state"]
        standing = clock(state, late(each["due"], done, view.as_at))
        title = str(text.get("text") or "An action of the plan")
        then = () if done or not may_be_completed(each["action_id"]) else (facts.ReviewActionCompleted,)
        yield Step(title, plan["on"] if plan else None, each["due"], done, *standing, each, says, then)


def _holds(view: Course) -> Iterator[Step]:
    for each in view.shown["holds"]:
        released = each["released_at"]
        placed = day_of(each["placed_at"])
        state = ("Released", "done") if released else ("Stands: nothing of it is erased", "due")
        then = () if released else (facts.HoldReleased,)
        named = len(each["offender_refs"]) + len(each["child_refs"])
        over = (
            f"Over {named} {'person' if named == 1 else 'persons'} and whoever is linked"
            if named
            else "Over a class of cases"
        )
        yield Step("Hold on erasure", placed, None, day_of(released) if released else None, *state, each, [over], then)
