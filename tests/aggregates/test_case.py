"""The fold of a case: fact by fact equals at once; closed and erased values never break it; each fact has its place."""

from datetime import date
from functools import partial

import pytest
from tests.aggregates.memory_ledger import MemoryLedger, closed
from tests.aggregates.telling import Telling
from tests.scenarios.test_scenarios import FILES, HERE

from ledger.aggregates.offender import OPENS, OPENS_TO_DECIDE
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.facts import FACTS
from ledger.aggregates.offender.moves import moving
from ledger.aggregates.shape import Erased
from ledger.projections import VIEWS
from ledger.scenarios import load, play

# Facts of a case that move nothing in areas A to E: told, shown in the chronology, read by later areas.
TOLD_ONLY = {
    "AbsenceInformationPassed", "AccessExcluded", "AccessRestricted", "AccessRuleEnded", "AssessmentReviewed",
    "AwardAchieved", "CaseContactsListed", "CaseTransferred",
    "ComplianceActionTaken", "ConcernPassedOn", "DataAdviceTaken", "ErasureFinalised", "EteReferralMade",
    "FileDisclosed", "FileMarkRemoved", "FileMarked", "HomeVisitMade", "InductionCompleted", "InformationShared",
    "LearningPlanMade",
    "ManagementDecisionRecorded", "MisdirectionReported", "NotebookEntryMade", "PrisonCoordinatorInformed",
    "ProcessingRestricted", "QualityChecked", "RecipientsNotified", "RecordRetained", "RecordRetentionEnded",
    "RestrictionLifted", "RightsRequestAnswered", "RightsRequestReceived", "RiskConcernReported",
    "SentencePlanObjectiveSet", "SignificantChangeRecorded", "SkillsScreeningDone", "ToolCompetenceConfirmed",
    "VictimContactOffered", "VictimInformationFiled",
}  # fmt: skip


# Facts of other streams that stand in the chain of a case and move it.
FOREIGN = {"ChildProtectionConcernRecorded", "RegisterEntryClosed", "RegisterEntryMade"}


def test_every_fact_moves_the_case_or_is_told_only():
    moved = {fact.__name__ for fact in moving()}
    assert {fact.__name__ for fact in FACTS} == (moved - FOREIGN) | TOLD_ONLY
    assert moved >= FOREIGN
    assert not moved & TOLD_ONLY


VIEWS_OF_OFFENDERS = [view for view in VIEWS if view.noun == "offender"]


def told():
    """The cases of every scenario, as histories."""
    for name in FILES:
        for scenario in load(HERE / f"{name}.yaml"):
            ledger = MemoryLedger()
            play(scenario, ledger)
            for stream in dict.fromkeys(each.stream for each in ledger.records if each.stream.startswith("offender-")):
                yield ledger, ledger.history(stream)


def test_taking_fact_by_fact_equals_folding_at_once():
    for _, history in told():
        case = Case()
        for each in history:
            case = case.take(each)
        assert case == Case.fold(history)


def test_views_need_no_more_than_they_say_they_open():
    day = date(2026, 12, 31)
    for ledger, history in told():
        known = len(ledger.records)
        for view in VIEWS_OF_OFFENDERS:
            if view.opens is None:
                continue
            shut = [closed(each, view.opens) for each in history]
            open_to = partial(ledger.history, opens=view.opens)
            shown = [view.answer(each, ledger.policy(), day, known, False, open_to) for each in (history, shut)]
            assert shown[0] == shown[1]


@pytest.mark.parametrize("view", VIEWS_OF_OFFENDERS, ids=lambda view: view.name)
def test_with_every_sealed_value_closed_a_view_still_answers(view):
    for ledger, history in told():
        shut, others = [closed(each, {}) for each in history], partial(ledger.history, opens={})
        view.answer(shut, ledger.policy(), date(2026, 12, 31), len(ledger.records), True, others)


def test_a_state_that_rested_on_an_erased_value_is_unknown():
    telling = Telling().order().absence("a1", "2025-04-12").letter("l1", "a1", "2025-04-17")
    telling.rejudge("a1", "2025-05-06", "ACCEPTABLE")
    history = telling.ledger.history(f"offender-{telling.names.id('ann')}")
    gone = Erased(date(2025, 6, 1))
    last = history[-1]
    history[-1] = last.with_fact(last.fact.completed(to_result=gone), last.effective, last.position)
    view = next(view for view in VIEWS if view.name == "enforcement")
    order = view.show(history, telling.ledger.policy(), date(2025, 6, 2), 99, True)["orders"][0]
    assert (order["tally"], order["absences"][0]["status"]) == (0, "unknown")
    assert order["absences"][0]["judgements"][0]["result"] == "[record erased 01/06/2025]"


def test_an_unreadable_level_leaves_the_fast_track_open():
    telling = Telling().order()
    data = {"order_id": "o1", "completed_on": "2025-01-20", "rosh_level": "HIGH", "marking": "CONFIDENTIAL"}
    telling.tell("2025-01-20 10:00", "practitioner", "CompleteRiskAssessment", **data)
    assert telling.enforcement("2025-01-20")["fast_track"] is True
    assert telling.enforcement("2025-01-19")["fast_track"] is False
    history = telling.ledger.history(f"offender-{telling.names.id('ann')}", opens={})
    view = next(view for view in VIEWS if view.name == "enforcement")
    assert view.show(history, telling.ledger.policy(), date(2025, 1, 20), 99, False)["orders"][0]["fast_track"] is None


def test_the_fold_opens_what_areas_a_to_d_and_the_exceptions_read_and_decisions_what_area_e_and_disclosures_rest_on():
    assert set(OPENS_TO_DECIDE) - set(OPENS) == {
        "offender.recorded.v1",
        "offender.details-corrected.v1",
        "offender.order-made.v1",
        "offender.offence-recorded.v1",
        "offender.upw-assessment-completed.v1",
        "offender.file-disclosed.v1",
    }
    assert set(OPENS) == {
        "offender.risk-assessment-completed.v1",
        "offender.risk-level-changed.v1",
        "offender.absence-rejudged.v1",
        "offender.progress-action-taken.v1",
        "offender.file-marked.v1",
        "offender.file-mark-removed.v1",
        "record.corrected.v1",
    }
