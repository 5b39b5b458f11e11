"""The management review, under the framework's four parts and nine questions, with its signature (SCR-08, SCR-09).

A review without a draft prints as the form to be written on.  Readings: the latest draft counts; of part 2 an answer to
a question is found under the question's number ("2-3", or 3 within part 2), and whatever part 2 says beside them stands
before them; one text for all nine stands after them, and then none has a box of its own.  Signature and forwarding are
those after the draft: a later draft is not signed yet.

Proven by tests/printing/test_forms.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final, cast

from ledger.aggregates.case_review.facts import (
    ManagementReviewDrafted,
    ManagementReviewForwarded,
    ManagementReviewRequested,
    ManagementReviewSigned,
    RecordsConfirmedSecured,
    ReviewerNominated,
)
from ledger.aggregates.case_review.outcome import ChronologyProduced
from ledger.aggregates.case_review.review import Review
from ledger.aggregates.corrections import RecordCorrected
from ledger.aggregates.shape import Closed
from ledger.printing.forms import parts
from ledger.printing.forms.form import Filled, Form, History, Material, Row, chosen
from ledger.printing.words import label_in_words

TITLE: Final = "Management review"
# The four parts of the framework, each with what it asks for.
PARTS: Final[Mapping[str, tuple[str, str]]] = {
    "1": (
        "What Was Our Involvement with This Child and Family?",
        "Construct a comprehensive chronology of involvement in contact with the child and the family over the period "
        "of time set out in the review's terms of reference. Briefly summarise decisions reached, the services offered "
        "and/or provided to the child(ren) and family, and other actions taken.",
    ),
    "2": (
        "Analysis of Involvement",
        "Consider the events that occurred, decisions made, and the actions taken or not. Where judgements were made "
        "or actions taken, which indicate that practice or management could be improved, try to get an understanding, "
        "not only of what happened, but why. Consider specifically:",
    ),
    "3": (
        "What Do We Learn From This Case?",
        "Are there lessons from this case for the way in which this agency works to safeguard children and promote "
        "their welfare? Is there good practice to highlight, as well as ways in which practice can be improved? Are "
        "there implications for ways of working; training (single and inter-agency); management and supervision; "
        "working in partnership with other agencies; resources?",
    ),
    "4": (
        "Recommendations for Action",
        "What action should be taken by whom and by when? What outcomes should these actions bring about, and how will "
        "the agency review whether they have been achieved?",
    ),
}
QUESTIONS: Final = (
    "Were practitioners sensitive to the needs of children in their work, knowledgeable about potential indicators of "
    "abuse or neglect, and about what to do if they had concerns about a child?",
    "Did the agency have in place policies and procedures for safeguarding children and acting on concerns about "
    "their welfare?",
    "What were the key relevant points/opportunities for assessment and decision making in this case in relation to "
    "the child and the family? Do assessments and decisions appear to have been reached in an informed and "
    "professional way?",
    "Did actions accord with assessments and decisions made? Were appropriate services offered/provided, or relevant "
    "enquiries made, in the light of circumstances?",
    "Where relevant, were appropriate child protection or care plans in place, and the child protection and/or looked "
    "after reviewing processes complied with?",
    "When, and in what way, were the child(ren)'s wishes and feelings ascertained and considered? Was this "
    "information recorded?",
    "Was practice sensitive to the racial, cultural, linguistic and religious identity of the child and family?",
    "Were senior managers, or other agencies and professionals, involved at points where they should have been?",
    "Was the work in this case consistent with agency and LSCB policy and procedures for safeguarding children and "
    "wider professionals?",
)
ABOUT_THE_CHILD: Final = "About the child"
TOGETHER: Final = "2.1 to 2.9, answered together"
OPENS: Final[Mapping[str, tuple[str, ...]]] = {
    ManagementReviewDrafted.topic: ("sections", "child_text"),
    ReviewerNominated.topic: ("staff", "grade"),
    ManagementReviewForwarded.topic: ("forwarded_to",),
    RecordCorrected.topic: ("corrected_value",),
}


def fill(material: Material) -> Filled:
    """The review as drafted last, and how far it went."""
    review = Review.as_at(material.history, material.as_at)
    asked = chosen(TITLE, review.told(ManagementReviewRequested), "", lambda each: each.id)
    secured, reviewer = review.last(RecordsConfirmedSecured), review.last(ReviewerNominated)
    chronology = review.last(ChronologyProduced)
    draft = max(review.told(ManagementReviewDrafted), key=lambda each: each.position, default=None)
    done = [each for each in review.facts if draft is not None and each.position > draft.position]
    signed = next((each.fact for each in done if isinstance(each.fact, ManagementReviewSigned)), None)
    sent = next((each.fact for each in done if isinstance(each.fact, ManagementReviewForwarded)), None)
    rests_on = [each for each in (asked, secured, reviewer, chronology, draft) if each is not None]
    steps = [each for each in done if isinstance(each.fact, ManagementReviewSigned | ManagementReviewForwarded)]
    return Filled(
        TITLE,
        [
            parts.fields(
                [
                    ("Requested on", asked.fact.on),
                    ("To be forwarded by", asked.fact.timescale_due),
                    ("Case records confirmed secured on", secured and secured.fact.on),
                    ("Officer nominated", reviewer and reviewer.fact.staff),
                    ("Grade", reviewer and reviewer.fact.grade),
                    ("Nominated on", reviewer and reviewer.fact.on),
                    ("Chronology", chronology and _produced(chronology.fact)),
                ]
            ),
            *_written(draft.fact.sections if draft else {}, draft.fact.child_text if draft else None),
            parts.heading("Endorsed by the Chief Officer"),
            parts.fields(
                [
                    ("Signed", f"Recorded by the Chief Officer ({str(signed.by)[:8]})" if signed else None),
                    ("Date signed", signed and signed.on),
                    ("Forwarded to the Chair of the LSCB", sent and sent.forwarded_to),
                    ("Date forwarded", sent and sent.on),
                ]
            ),
        ],
        paper="review",
        foot=f"Management review, record {draft.position}" if draft else "Management review, not drafted yet",
        day=(sent and sent.on) or (signed and signed.on) or material.as_at,
        rests_on=[*rests_on, *steps],
        persons=review.persons,
    )


def there(history: History, as_at: date) -> list[Row]:
    """One form, once a review was asked for."""
    asked = Review.as_at(history, as_at).told(ManagementReviewRequested)
    return [{"of": "", "on": each.fact.on, "says": None} for each in asked[-1:]]


def _produced(fact: ChronologyProduced) -> str:
    """The chronology of the review that part 1 rests on, by its own digest (SCR-10)."""
    period = f"{parts.said(fact.from_date)} to {parts.said(fact.to_date)}"
    return f"{period}, {fact.event_count} facts, SHA-256: {fact.hash}"


def _written(sections: Any, child_text: Any) -> Iterator[parts.Part]:
    """The four parts and the nine questions, each with its answer; then what stands under none of them."""
    shut = sections if isinstance(sections, Closed) else None
    told: dict[str, Any] = {} if shut else dict(cast("Mapping[str, Any]", sections))
    for number, (title, guide) in PARTS.items():
        text = shut or told.pop(number, None)
        if number != "2":
            yield parts.section(f"{number}. {title}", guide, text)
            continue
        answers, text = answered(text, told)
        together = shut is None and bool(text) and not any(answers.values())  # the nine in one text: no box stays empty
        yield parts.section(f"{number}. {title}", guide, text if shut is None and not together else None, room=False)
        for place, question in enumerate(QUESTIONS, start=1):
            yield parts.section(f"2.{place} {question}", "", shut or answers.get(place), level=3, room=not together)
        if together:
            yield parts.section(TOGETHER, "", text, level=3)
    if child_text is not None:
        yield parts.section(ABOUT_THE_CHILD, "", child_text)
    for name, value in told.items():
        yield parts.section(label_in_words(name), "", value)


def answered(text: Any, told: dict[str, Any]) -> tuple[dict[int, Any], Any]:
    """The answers by the numbers of their questions, and what else part 2 says; those of `told` are taken out of it."""
    within: dict[str, Any] = {}
    if isinstance(text, Mapping):
        within = {str(name): value for name, value in cast("Mapping[Any, Any]", text).items()}
    elif isinstance(text, list):
        within = {str(place): value for place, value in enumerate(cast("list[Any]", text), start=1)}
    answers: dict[int, Any] = {}
    for place in range(1, len(QUESTIONS) + 1):
        found = [within.pop(str(place), None), *(told.pop(f"2{mark}{place}", None) for mark in "-_/.")]
        answers[place] = [each for each in found if each is not None]
    return answers, (within or None) if isinstance(text, Mapping | list) else text


FORM: Final = Form(
    name="management-review",
    title=TITLE,
    noun="case-review",
    source="WMPA App 5",
    rules=("SCR-08", "SCR-09", "DP-10"),
    opens=OPENS,
    fill=fill,
    there=there,
)
