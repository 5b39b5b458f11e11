"""The file: notes, marks, documents, disclosures, victims (rule book G, H and J; catalogue 6.1).

As told; field by field as the catalogue has it, frozen in tests/golden/facts.json.
"""

from __future__ import annotations

from typing import Annotated, Literal

from ledger.aggregates.shape import (
    ACTOR,
    ACTOR_UNLESS_NAMED,
    CHILD,
    OFFENDER,
    Asked,
    ChildText,
    ClientId,
    Code,
    Count,
    Day,
    Fact,
    Id,
    Instant,
    OffenderText,
    OwnText,
    OwnTexts,
    Personal,
    StaffId,
    StaffText,
    ThirdPartyText,
    ThirdPartyTexts,
    VictimText,
    later,
)
from ledger.aggregates.values import REFERS
from ledger.rules.data_protection import STATE_THE_BASIS


class RiskConcernReported(
    Fact,
    topic="offender.risk-concern-reported.v1",
    command="ReportRiskConcern",
    who=("any-staff",),
    rules=("ALL-18",),
    effective="observed_on",
):
    """Somebody saw a sign of risk and reported it."""

    category: Annotated[
        Personal[
            Literal[
                "SUBSTANCE_EMOTIONAL",
                "DOMESTIC_ABUSE",
                "GROUP_OFFENDING",
                "SAFEGUARDING",
                "CRIMINALITY",
                "WORK_PERFORMANCE",
            ]
        ],
        OFFENDER,
    ]
    observed_on: Day
    note: OffenderText
    reported_to: OwnTexts


class ConcernPassedOn(
    Fact,
    topic="offender.concern-passed-on.v1",
    command="PassOnConcern",
    who=("team-admin",),
    rules=("ALL-15",),
    effective="on",
):
    """Approved premises passed on a concern."""

    order_id: Id
    note: OffenderText
    on: Day
    written_follow_up_on: Day | None = None


class HomeVisitMade(
    Fact,
    topic="offender.home-visit-made.v1",
    command="RecordHomeVisit",
    who=("practitioner",),
    rules=("CP-55", "MGT-11"),
    effective="on",
):
    """The person was visited at home."""

    on: Day
    purpose: OffenderText
    initial: bool
    lone: bool | None = None
    contact_person: StaffText | None = None
    returned_at: Instant | None = None


class NotebookEntryMade(
    Fact,
    topic="offender.notebook-entry-made.v1",
    command="MakeNotebookEntry",
    who=("information-officer", "practitioner"),
    rules=("CP-39", "CP-42", "SCR-06"),
    effective="entered_on",
):
    """A line was written into the notebook of the case."""

    entry_no: Count
    heading: OwnText | None = None
    about_client_id: Annotated[Personal[ClientId], CHILD] | None = None
    entered_on: Day
    child_text: ChildText | None = None
    text: OffenderText


class DocumentFiled(
    Fact,
    topic="offender.document-filed.v1",
    command="FileDocument",
    who=("practitioner", "team-admin"),
    rules=("DP-02",),
):
    """A document was put on the file."""

    doc_id: Id
    kind: Code
    marking: Literal["OPEN", "CONFIDENTIAL", "RESTRICTED"]
    section: OwnText
    contents: OffenderText | None = None


class FileMarked(
    Fact, topic="offender.file-marked.v1", command="MarkFile", who=("team-admin",), rules=("DP-04",), effective="on"
):
    """The file was marked, as with a yellow dot."""

    marker: OwnText
    on: Day


class FileMarkRemoved(
    Fact,
    topic="offender.file-mark-removed.v1",
    command="UnmarkFile",
    who=("team-admin",),
    rules=("DP-04",),
    effective="on",
):
    """A mark was taken off the file."""

    marker: OwnText
    on: Day
    reason: OwnText


class FileDisclosed(
    Fact,
    topic="offender.file-disclosed.v1",
    command="DiscloseFile",
    who=("information-manager",),
    rules=("DP-02",),
    effective="on",
):
    """The file was shown to somebody outside, without the documents removed from it."""

    disclosed_to: ThirdPartyText
    on: Day
    removed_docs: Annotated[OwnTexts, REFERS]
    authorised_by: Annotated[StaffId, ACTOR_UNLESS_NAMED] = later()


class VictimInformationFiled(
    Fact,
    topic="offender.victim-information-filed.v1",
    command="FileVictimInformation",
    who=("practitioner", "victim-liaison"),
    rules=("DP-03",),
    effective="on",
):
    """Information about a victim was filed in the victim section."""

    victim_id: Id
    content: VictimText
    on: Day


class VictimContactOffered(
    Fact,
    topic="offender.victim-contact-offered.v1",
    command="OfferVictimContact",
    who=("victim-liaison",),
    rules=("INS-20",),
    effective="on",
):
    """A victim was offered contact."""

    victim_id: Id
    on: Day


class InformationShared(
    Fact,
    topic="offender.information-shared.v1",
    command="ShareInformation",
    who=("practitioner", "police"),
    rules=("DP-07", "DP-08", "SSP-15"),
    effective="on",
):
    """Information was shared with another agency, on a stated basis."""

    shared_with: ThirdPartyText
    what_class: OwnText
    basis: Annotated[OwnText | None, Asked("DP-07", STATE_THE_BASIS)]
    on: Day
    by: Annotated[StaffId, ACTOR] = later()
    authorised_by: StaffId | None = None


class MisdirectionReported(
    Fact,
    topic="offender.misdirection-reported.v1",
    command="ReportMisdirection",
    who=("any-staff",),
    rules=("DP-10",),
    effective="on",
):
    """A form or letter went to the wrong place."""

    form: Code
    on: Day
    note: OffenderText | None = None


class DataAdviceTaken(
    Fact,
    topic="offender.data-advice-taken.v1",
    command="RecordDataAdvice",
    who=("practitioner",),
    rules=("DP-09",),
    effective="on",
):
    """Advice on data protection was taken."""

    on: Day
    advice: OwnText


class QualityChecked(
    Fact,
    topic="offender.quality-checked.v1",
    command="RecordQualityCheck",
    who=("senior-practitioner-or-above", "practitioner"),
    rules=("MGT-09",),
    effective="on",
):
    """The quality of a document was checked."""

    order_id: Id
    document: OwnText
    grade: OwnText
    by: Annotated[StaffId, ACTOR] = later()
    on: Day


class RegistrationNotedOnCase(
    Fact,
    topic="offender.registration-noted-on-case.v1",
    command="NoteRegistration",
    who=("practitioner",),
    rules=("CP-32",),
    effective="on",
):
    """A registration was noted on the case."""

    entry_id: Id
    on: Day


class CaseContactsListed(
    Fact, topic="offender.case-contacts-listed.v1", command="ListCaseContacts", who=("practitioner",), rules=("CP-32",)
):
    """The contacts of the case were listed."""

    list: ThirdPartyTexts
    form: Code


class PrisonCoordinatorInformed(
    Fact,
    topic="offender.prison-coordinator-informed.v1",
    command="InformPrison",
    who=("practitioner",),
    rules=("CP-36",),
    effective="on",
):
    """The coordinator in a prison was informed."""

    prison: OwnText
    on: Day
    person: ThirdPartyText | None = None
