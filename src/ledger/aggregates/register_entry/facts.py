"""What can happen to an entry of the register (catalogue 6.5); frozen in tests/golden/facts.json.

Anybody on the staff may try to enter or to close: the rule book refuses all but the Information Officer in words of
its own (CP-31, CP-41), so it is the decision that does.
"""

from __future__ import annotations

import warnings
from typing import Annotated, Literal

from ledger.aggregates.shape import (
    ACTOR,
    TARGET,
    ChildText,
    Code,
    Day,
    Fact,
    Id,
    Ids,
    OwnText,
    OwnTexts,
    StaffId,
    later,
)

EntryGround = Literal["CONCERN", "REGISTER_CHILD", "LOOKED_AFTER"]
ClosingGround = Literal["SUPERVISION_ENDED", "CHILD_REMOVED", "CONTACT_CEASED", "CONCERN_ENDED"]


with warnings.catch_warnings():  # `copy` is the catalogue's own word, and a method pydantic has given up
    warnings.filterwarnings("ignore", message='Field name "copy"')

    class R7Submitted(
        Fact,
        topic="register-entry.r7-submitted.v1",
        command="SubmitR7",
        who=("practitioner",),
        rules=("CP-31",),
        effective="on",
    ):
        """R7 was sent to the Information Officer: the case is to be registered."""

        offender_id: Id
        child_id: Id | None = None
        ground: EntryGround
        on: Day
        by: Annotated[StaffId, ACTOR] = later()
        copy: ChildText | None = None  # pyright: ignore[reportIncompatibleMethodOverride]


class R7Amended(
    Fact,
    topic="register-entry.r7-amended.v1",
    command="AmendR7",
    who=("practitioner",),
    rules=("CP-09",),
    effective="on",
):
    """R7 was amended after new information."""

    entry_id: Annotated[Id, TARGET] = later()
    on: Day
    summary: ChildText | None = None


class RegisterEntryMade(
    Fact,
    topic="register-entry.made.v1",
    command="EnterRegister",
    who=("any-staff",),
    rules=("CP-31", "CP-53"),
    effective="registered_on",
):
    """The case was entered in the register."""

    entry_id: Annotated[Id, TARGET] = later()
    offender_id: Id
    child_ids: Ids
    ground: EntryGround
    registered_on: Day
    by_information_officer: Annotated[StaffId, ACTOR] = later()
    copy_of_r7_filed: bool
    roh_register_linked: bool


class OffenderChildLinkEnded(
    Fact,
    topic="register-entry.offender-child-link-ended.v1",
    command="EndLink",
    who=("information-officer",),
    rules=("CP-46", "CP-47"),
    effective="on",
):
    """The link of the offender with one child ended."""

    entry_id: Annotated[Id, TARGET] = later()
    offender_id: Id
    child_id: Id
    ground: ClosingGround
    on: Day


class RegisterReviewed(
    Fact,
    topic="register-entry.register-reviewed.v1",
    command="ReviewRegister",
    who=("practitioner",),
    rules=("CP-33",),
    effective="on",
):
    """The registration was reviewed on Form P section 6."""

    entry_id: Annotated[Id, TARGET] = later()
    on: Day
    outcome: Literal["UNCHANGED", "CHANGED", "DEREGISTER"]
    changes: OwnTexts | None = None
    by: Annotated[StaffId, ACTOR] = later()


class FormPReceived(
    Fact,
    topic="register-entry.form-p-received.v1",
    command="ReceiveFormP",
    who=("information-officer",),
    rules=("CP-33",),
    effective="on",
):
    """Form P section 6 was received by the Information Officer."""

    entry_id: Annotated[Id, TARGET] = later()
    on: Day


class CpCircumstancesChanged(
    Fact,
    topic="register-entry.cp-circumstances-changed.v1",
    command="RecordCpChange",
    who=("practitioner",),
    rules=("CP-35",),
    effective="on",
):
    """Circumstances that bear on the registration changed."""

    entry_id: Annotated[Id, TARGET] = later()
    kind: Literal[
        "COMPLETION_OF_SUPERVISION",
        "CHILD_REMOVED_FROM_CSCP_REGISTER",
        "OFFENDER_ADDRESS",
        "CHILD_ADDRESS",
        "OTHER_CHILDREN_JOINED",
        "SUPERVISING_OFFICER",
        "RISK_STATUS",
    ]
    on: Day
    details: ChildText | None = None


class MissedReviewRaised(
    Fact,
    topic="register-entry.missed-review-raised.v1",
    command="RaiseMissedReview",
    who=("information-officer",),
    rules=("CP-34",),
    effective="raised_on",
):
    """A missed review was brought to the unit."""

    entry_id: Annotated[Id, TARGET] = later()
    due_on: Day
    to_unit: Code
    raised_on: Day


class MissedReviewFollowedUp(
    Fact,
    topic="register-entry.missed-review-followed-up.v1",
    command="FollowUpMissedReview",
    who=("team-admin",),
    rules=("CP-34",),
    effective="on",
):
    """The unit followed the missed review up."""

    entry_id: Annotated[Id, TARGET] = later()
    on: Day
    result: OwnText


class DeregistrationNotified(
    Fact,
    topic="register-entry.deregistration-notified.v1",
    command="NotifyDeregistration",
    who=("practitioner", "risk-manager"),
    rules=("CP-40", "DP-06"),
    effective="occurred_on",
):
    """A ground for de-registration arose, and the Information Officer was told."""

    entry_id: Annotated[Id, TARGET] = later()
    child_id: Id | None = None
    ground: ClosingGround
    occurred_on: Day
    notified_on: Day
    by: Annotated[StaffId, ACTOR] = later()


class RegisterEntryClosed(
    Fact,
    topic="register-entry.closed.v1",
    command="CloseRegisterEntry",
    who=("any-staff",),
    rules=("CP-41", "CP-42", "CP-59", "DP-06"),
    effective="closed_on",
):
    """The entry was closed: the case is off the register."""

    entry_id: Annotated[Id, TARGET] = later()
    ground: ClosingGround
    closed_on: Day
    by: Annotated[StaffId, ACTOR] = later()


FACTS: tuple[type[Fact], ...] = (
    R7Submitted,
    R7Amended,
    RegisterEntryMade,
    OffenderChildLinkEnded,
    RegisterReviewed,
    FormPReceived,
    CpCircumstancesChanged,
    MissedReviewRaised,
    MissedReviewFollowedUp,
    DeregistrationNotified,
    RegisterEntryClosed,
)
