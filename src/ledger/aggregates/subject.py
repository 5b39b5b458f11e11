"""The facts about what the law owes a person whose data are held: requests, restriction, retention (catalogue 9).

SubjectDataErased and ErasureFinalised have no command but an act: what they say is done, or known of the vault, before
it is recorded.

Those of the catalogue keep its names and fields; RestrictionLifted, RecordRetained and RecordRetentionEnded are ours:
what begins must be able to end, and an exemption from destruction to be seen.  They stand in the case of the person;
`rights` folds them.  Frozen in tests/golden/facts.json.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from ledger.aggregates.shape import (
    COMPUTED,
    LIST_ITEMS,
    TARGET,
    TARGET_UNLESS_NAMED,
    Code,
    Day,
    Fact,
    Id,
    Ids,
    OwnText,
    ThirdPartyTexts,
    later,
)

RequestKind: TypeAlias = Literal["ACCESS", "RECTIFICATION", "ERASURE", "RESTRICTION", "OBJECTION"]
SubjectKind: TypeAlias = Literal["OFFENDER", "VICTIM", "THIRD_PARTY"]


class RightsRequestReceived(
    Fact,
    topic="subject.rights-request-received.v1",
    command="ReceiveRightsRequest",
    who=("information-manager", "data-protection-officer"),
    rules=("DP-09",),
    effective="received_on",
):
    """The person, or who acts for them, asked for what the law gives them."""

    request_id: Id
    kind: RequestKind
    received_on: Day


class RightsRequestAnswered(
    Fact,
    topic="subject.rights-request-answered.v1",
    command="AnswerRightsRequest",
    who=("information-manager", "data-protection-officer"),
    rules=("DP-09",),
    effective="on",
):
    """The person was told what came of a request."""

    request_id: Id
    on: Day
    outcome: OwnText


class ProcessingRestricted(
    Fact,
    topic="subject.processing-restricted.v1",
    command="RestrictProcessing",
    who=("information-manager",),
    rules=("DP-05",),
    effective="on",
):
    """What is held of the person is kept and not used: as evidence, or until it is known whether it is right."""

    subject_id: Annotated[Id, TARGET] = later()
    ground: Literal["NEEDED_AS_EVIDENCE", "ACCURACY_CONTESTED"]
    on: Day


class RestrictionLifted(
    Fact,
    topic="subject.restriction-lifted.v1",
    command="LiftRestriction",
    who=("information-manager",),
    rules=("DP-05",),
    effective="on",
):
    """The restriction ended; the person is told before it does."""

    subject_id: Annotated[Id, TARGET] = later()
    on: Day
    reason: OwnText


class RecipientsNotified(
    Fact,
    topic="subject.recipients-notified.v1",
    command="NotifyRecipients",
    who=("information-manager",),
    rules=("DP-05",),
    effective="on",
):
    """Those who had been given the data were told that it is erased, put right or restricted.

    `subject_id` is ours: of whose erasure they were told, where the case tells of several who may be erased.
    """

    request_id: Id | None = None
    recipients: ThirdPartyTexts
    on: Day
    subject_id: Id | None = None


class RecordRetained(
    Fact,
    topic="subject.record-retained.v1",
    command="RetainRecord",
    who=("information-manager",),
    rules=("DP-05",),
    effective="on",
):
    """The record is to be retained when its time has come: for whom and, if that is known, until when."""

    ground: Literal["PUBLIC_PROTECTION", "INQUIRY", "LEGAL_PROCEEDINGS", "PUBLIC_INTEREST"]
    on: Day
    until: Day | None = None
    reason: OwnText


class RecordRetentionEnded(
    Fact,
    topic="subject.record-retention-ended.v1",
    command="EndRetention",
    who=("information-manager",),
    rules=("DP-05",),
    effective="on",
):
    """The record is no longer to be retained beyond its time."""

    on: Day
    reason: OwnText


class SubjectDataErased(
    Fact,
    topic="subject.data-erased.v1",
    act="EraseSubject",
    who=("information-officer",),
    rules=("DP-05",),
    effective="erased_on",
):
    """The person of the case, a victim or a third party was erased: keys and ciphertexts are destroyed.

    `subject_id`: the person's own id, that of a victim named in the case, or, of third parties, who have no id, that of
    the fact that tells of them.  `kind` is ours: it says how whoever is gone is called where a value stood.
    """

    subject_id: Id
    kind: Annotated[SubjectKind, COMPUTED] = later()
    key_ids: Annotated[Ids, COMPUTED] = later()
    erased_on: Day
    certificate: Annotated[dict[Code, Code], Field(max_length=LIST_ITEMS), COMPUTED] = later()


class ErasureFinalised(
    Fact,
    topic="subject.erasure-finalised.v1",
    act="FinaliseErasure",
    who=("information-officer", "system"),
    rules=("DP-05",),
    effective="horizon",
):
    """No backup that may still exist opens what was erased: the keys that could have are gone everywhere.

    `subject_id`: as in the erasure; left out, whoever the stream is of.
    """

    subject_id: Annotated[Id, TARGET_UNLESS_NAMED] = later()
    horizon: Day
    stores: Annotated[list[Code], Field(max_length=LIST_ITEMS), COMPUTED] = later()


OF_A_PERSON: tuple[type[Fact], ...] = (
    RightsRequestReceived,
    RightsRequestAnswered,
    ProcessingRestricted,
    RestrictionLifted,
    RecipientsNotified,
    RecordRetained,
    RecordRetentionEnded,
    SubjectDataErased,
    ErasureFinalised,
)
