"""Who the person is, and what was found out about them (catalogue 6.1; areas E and G read most of it).

As told; field by field as the catalogue has it, frozen in tests/golden/facts.json.
"""

from __future__ import annotations

from typing import Annotated, Literal

from ledger.aggregates.shape import (
    OFFENDER,
    TARGET,
    Asked,
    ClientId,
    Day,
    Fact,
    Id,
    OffenderText,
    OffenderTexts,
    OwnText,
    Personal,
    ThirdPartyText,
    later,
)
from ledger.rules.data_protection import MARK_THE_SECTION

RoshLevel = Literal["LOW", "MEDIUM", "HIGH", "VERY_HIGH"]


class OffenderRecorded(
    Fact, topic="offender.recorded.v1", command="RecordOffender", who=("court-officer", "team-admin")
):
    """A person on probation becomes known to the ledger: the first fact of the case."""

    offender_id: Annotated[Id, TARGET] = later()
    client_id: Annotated[Personal[ClientId], OFFENDER]
    crn: OffenderText | None = None
    surname: OffenderText
    forenames: OffenderText
    title: OffenderText | None = None
    dob: Annotated[Personal[Day], OFFENDER]
    gender: Annotated[Personal[Literal["F", "M", "OTHER"]], OFFENDER]
    pnc_number: OffenderText | None = None
    race: OffenderText | None = None
    origin: OffenderText | None = None
    first_language: OffenderText | None = None
    addresses: OffenderTexts | None = None
    aliases: OffenderTexts | None = None
    previous_names: OffenderTexts | None = None
    solicitor_name: ThirdPartyText | None = None
    solicitor_tel: ThirdPartyText | None = None


class OffenderDetailsCorrected(
    Fact,
    topic="offender.details-corrected.v1",
    command="CorrectOffenderDetails",
    who=("team-admin", "practitioner"),
):
    """A personal detail changed or was put right; the earlier one stays readable in the chronology."""

    field: OwnText
    new_value: OffenderText
    reason: OwnText


class PersonsMerged(
    Fact,
    topic="offender.persons-merged.v1",
    command="MergePersons",
    who=("information-officer",),
    rules=("GEN-06",),
):
    """This record and another are of one person: from now on either leads to both, and lists name the other alone."""

    into: Id
    reason: OwnText


class PersonsSeparated(
    Fact,
    topic="offender.persons-separated.v1",
    command="SeparatePersons",
    who=("information-officer",),
    rules=("GEN-06",),
):
    """This record and another were taken for one person's and are not: each is read alone again, as before."""

    from_person: Id
    reason: OwnText


class CommunicationNeedRecorded(
    Fact,
    topic="offender.communication-need-recorded.v1",
    command="RecordCommunicationNeed",
    who=("practitioner", "pso"),
    rules=("GEN-11",),
):
    """The person needs interpreting, signing or translation."""

    language: OffenderText | None = None
    need_type: Annotated[Personal[Literal["INTERPRETER", "SIGNING", "TRANSLATION"]], OFFENDER]


class OffenceRecorded(
    Fact, topic="offender.offence-recorded.v1", command="RecordOffence", who=("practitioner",), rules=("PLC-06",)
):
    """A current or past offence of the person."""

    offence_code: OffenderText
    description: OffenderText | None = None
    status: Annotated[Personal[Literal["CURRENT", "PAST"]], OFFENDER]
    against: Annotated[Personal[Literal["CHILD", "ADULT", "OTHER"]], OFFENDER] | None = None
    offence_date: Annotated[Personal[Day], OFFENDER] | None = None


class UpwAssessmentCompleted(
    Fact,
    topic="offender.upw-assessment-completed.v1",
    command="CompleteUpwAssessment",
    who=("practitioner", "pso"),
    rules=("ALL-01", "ALL-06", "PRG-08"),
    effective="completed_on",
):
    """The unpaid work assessment was completed."""

    order_id: Id
    completed_on: Day
    group_preference: Annotated[Personal[Literal["MIXED", "WOMEN_ONLY", "INDIVIDUAL", "NONE"]], OFFENDER] | None = None
    needs: OffenderTexts | None = None
    restrictions: OffenderTexts | None = None
    language: OffenderText | None = None
    faith_adjustments: OffenderText | None = None
    caring_duties: OffenderText | None = None
    health: OffenderText | None = None
    skills: OffenderText | None = None


class RiskAssessmentCompleted(
    Fact,
    topic="offender.risk-assessment-completed.v1",
    command="CompleteRiskAssessment",
    who=("practitioner",),
    rules=("ALL-02", "DP-01", "PRG-08"),
    effective="completed_on",
):
    """The risk assessment (E-OASys) was completed, with its level of risk of serious harm."""

    order_id: Id
    completed_on: Day
    rosh_level: Annotated[Personal[RoshLevel], OFFENDER]
    lor: OffenderText | None = None
    risk_to_children_r2: OffenderText | None = None
    risk_management_plan: OffenderText | None = None
    sentence_plan: OffenderText | None = None
    signed_on: Day | None = None
    marking: Annotated[Literal["OPEN", "CONFIDENTIAL"] | None, Asked("DP-01", MARK_THE_SECTION)]


class RiskLevelChanged(
    Fact,
    topic="offender.risk-level-changed.v1",
    command="ChangeRiskLevel",
    who=("practitioner",),
    rules=("ALL-02",),
    effective="changed_on",
):
    """The level of risk of serious harm changed between assessments."""

    from_level: Annotated[Personal[RoshLevel], OFFENDER]
    to_level: Annotated[Personal[RoshLevel], OFFENDER]
    reason: OffenderText
    changed_on: Day


class AssessmentReviewed(
    Fact,
    topic="offender.assessment-reviewed.v1",
    command="ReviewAssessment",
    who=("practitioner",),
    rules=("ALL-03",),
    effective="on",
):
    """An assessment or plan was looked at again."""

    order_id: Id
    what: OwnText
    cause: OwnText
    on: Day


class SignificantChangeRecorded(
    Fact,
    topic="offender.significant-change-recorded.v1",
    command="RecordSignificantChange",
    who=("any-staff",),
    rules=("ALL-03",),
    effective="on",
):
    """Something changed in the person's life that bears on the assessment."""

    what: OffenderText
    on: Day


class SentencePlanObjectiveSet(
    Fact,
    topic="offender.sentence-plan-objective-set.v1",
    command="SetObjective",
    who=("practitioner",),
    rules=("CP-10",),
):
    """An objective of the sentence plan was set."""

    order_id: Id
    text: OffenderText
    kind: OwnText


class DiversityNeedRecorded(
    Fact,
    topic="offender.diversity-need-recorded.v1",
    command="RecordDiversityNeed",
    who=("practitioner", "pso"),
    rules=("ALL-16",),
    effective="agreed_on",
):
    """A need and the adjustment agreed for it."""

    need: OffenderText
    adjustment: OffenderText
    agreed_on: Day


class SkillsScreeningDone(
    Fact,
    topic="offender.skills-screening-done.v1",
    command="RecordSkillsScreening",
    who=("practitioner", "pso"),
    rules=("ALL-19",),
    effective="date",
):
    """Basic skills were screened."""

    date: Day
    result: OffenderText


class LearningPlanMade(
    Fact,
    topic="offender.learning-plan-made.v1",
    command="MakeLearningPlan",
    who=("practitioner",),
    rules=("ALL-19",),
    effective="date",
):
    """A plan for learning was made."""

    date: Day
    plan: OffenderText | None = None
