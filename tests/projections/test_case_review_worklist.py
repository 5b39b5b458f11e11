"""What reviews owe: each kind of row comes and goes with its fact, on its day (worklist `case-reviews`)."""

import random
from datetime import date

import pytest
from tests.aggregates.test_action_plan import A1, A2, Planning
from tests.aggregates.test_decisions_case_review import R1
from tests.aggregates.test_review_editions import Presently
from tests.projections.test_schedule import holds_on_every_day

from ledger.projections import WORKLISTS
from ledger.projections.case_review_worklist import KINDS, STEPS

D = date.fromisoformat
PANEL = {"remit": "what was known", "members": ["of health"], "diversity_considered": True}
CHIEF = "chief-officer"


class Owing(Planning):
    """Review r1, referred on 3 November 2025; `panel`, `asked` and the others tell it further."""

    def panel(self, on="2025-11-30"):
        return self.says(f"{on} 10:00", "aco", "ConstituteReview", constituted_on=on, **PANEL)

    def completed_on(self, on):
        return self.says(f"{on} 10:00", "aco", "CompleteReview", on=on)

    def asked(self, on="2025-12-01", due="2026-03-02"):
        return self.says(f"{on} 10:00", CHIEF, "RequestManagementReview", on=on, timescale_due=due)

    def confirmed(self, on="2025-12-02"):
        return self.says(f"{on} 10:00", CHIEF, "ConfirmSecured", on=on)

    def nominated(self, on="2025-12-03"):
        return self.says(f"{on} 10:00", CHIEF, "NominateReviewer", staff="somebody", grade="ACO", on=on)

    def drafted(self, on="2026-01-05"):
        sections = dict.fromkeys("1234", "what was found")
        return self.says(f"{on} 10:00", "case-reviewer", "DraftManagementReview", sections=sections)

    def signed(self, on="2026-01-12"):
        return self.says(f"{on} 10:00", CHIEF, "SignManagementReview", on=on)

    def forwarded(self, on="2026-01-13"):
        return self.says(f"{on} 10:00", CHIEF, "ForwardManagementReview", on=on, forwarded_to="the chair")

    def presented(self, on="2026-02-02"):
        return self.says(f"{on} 10:00", "case-reviewer", "PresentOverview", on=on)

    def held(self, on="2025-11-03", hold="h1"):
        data = {"hold_id": hold, "placed_at": f"{on} 10:00", "offender_refs": ["dora"]}
        return self.says(f"{on} 10:00", "aco", "PlaceHold", **data)

    def released(self, on, hold="h1"):
        data = {"hold_id": hold, "released_at": f"{on} 10:00", "authority": "the board"}
        return self.says(f"{on} 10:00", CHIEF, "ReleaseHold", **data)

    def rows(self, as_at):
        found = self.names.named(self.ledger.ask("worklist/case-reviews", D(as_at), None)["items"])
        assert all(each["review_id"] == "r1" for each in found)
        return found

    def owed(self, as_at):
        """(kind, due, state) of every row."""
        return [(each["kind"], each["due"] and str(each["due"]), each["state"]) for each in self.rows(as_at)]


def test_a_review_that_was_only_referred_owes_nothing_that_has_a_day():
    assert Owing().referred().rows("2030-01-01") == []


@pytest.mark.parametrize(
    "as_at,state,days",
    [
        ("2025-11-30", "due", 0),
        ("2026-02-27", "due", 0),
        ("2026-02-28", "reminder", 0),  # three months from the 30th: the last day of February
        ("2026-03-30", "reminder", 0),
        ("2026-03-31", "overdue", 1),
    ],
)
def test_completion_is_owed_from_the_panel_reminded_of_a_month_before_and_overdue_after_four(as_at, state, days):
    case = Owing().referred().panel()
    assert case.rows("2025-11-29") == []
    (row,) = case.rows(as_at)
    assert (row["kind"], row["rule"], str(row["due"])) == ("complete-review", "SCR-07", "2026-03-30")
    assert (str(row["since"]), str(row["reminder_on"])) == ("2025-11-30", "2026-02-28")
    assert (row["state"], row["days_overdue"]) == (state, days)


def test_completion_is_owed_no_more_from_the_day_it_is_done_and_a_second_panel_gives_no_new_day():
    case = Owing().referred().panel().panel("2026-01-15")
    assert case.owed("2026-03-31") == [("complete-review", "2026-03-30", "overdue")]
    case.completed_on("2026-04-02")
    assert case.owed("2026-04-01") == [("complete-review", "2026-03-30", "overdue")]
    assert case.owed("2026-04-02") == []


def test_a_rapid_review_is_owed_where_the_edition_has_one_and_the_review_has_six_months():
    case = Presently().referred_at()
    case.says("2025-11-10 09:00", "aco", "ConstituteReview", constituted_on="2025-11-10", **PANEL)

    def owed(as_at):
        rows = case.ledger.ask("worklist/case-reviews", D(as_at), None)["items"]
        return [(each["kind"], str(each["due"]), each["state"]) for each in rows]

    whole = ("complete-review", "2026-05-10", "due")
    assert owed("2025-11-24") == [("complete-rapid-review", "2025-11-24", "due"), whole]
    assert owed("2025-11-25") == [("complete-rapid-review", "2025-11-24", "overdue"), whole]
    case.done("2025-11-26")
    assert owed("2025-11-26") == [whole]


def test_what_is_secured_without_a_duplicate_is_owed_one_the_same_day_and_again_after_a_further_securing():
    case = Owing().referred().secured()
    assert case.owed("2025-11-03") == [("make-duplicate", "2025-11-03", "due")]
    assert case.owed("2025-11-04") == [("make-duplicate", "2025-11-03", "overdue")]
    case.duplicate("2025-11-05 09:00")
    assert case.owed("2025-11-05") == []
    case.secured("2025-11-06 09:00")
    assert case.owed("2025-11-06") == [("make-duplicate", "2025-11-06", "due")]


def test_a_management_review_is_owed_step_by_step_until_it_is_forwarded():
    case, steps = Owing().referred().secured().duplicate().asked(), []
    for tell in (case.confirmed, case.nominated, case.drafted, case.signed, case.forwarded):
        (row,) = case.rows("2026-03-02")
        assert (row["kind"], row["rule"], row["state"], str(row["due"])) == (
            "management-review",
            "SCR-08",
            "due",
            "2026-03-02",
        )
        steps.append(row["step"])
        assert case.rows("2026-03-03")[0]["days_overdue"] == 1
        tell()
    assert steps == list(STEPS.values())
    assert [each["kind"] for each in case.rows("2026-03-03")] == ["archive-report"]
    assert [each["step"] for each in case.rows("2026-01-12")] == ["forward"], "as it stood the day it was signed"


def test_an_action_plan_is_owed_once_the_overview_was_presented_then_each_action_by_its_day():
    case = Owing().referred().presented()
    assert case.owed("2026-02-01") == []
    assert ("issue-action-plan", None, "owed") in case.owed("2026-02-02")
    case.issued(A1, A2 | {"due": "2026-02-20"}, at="2026-02-10 10:00")
    expected = [("carry-out-action", "2026-02-20", "overdue"), ("carry-out-action", "2026-02-28", "due")]
    assert [each for each in case.owed("2026-02-21") if each[0] != "archive-report"] == expected
    assert [each["action_id"] for each in case.rows("2026-02-21") if each["kind"] == "carry-out-action"] == ["a2", "a1"]
    case.completed("a2", "2026-02-22").completed("a1", "2026-02-23")
    assert [each[0] for each in case.owed("2026-03-31")] == ["archive-report"]


def test_a_report_that_is_made_is_owed_to_the_archive():
    case = Owing().referred().presented()
    case.issued(at="2026-02-03 10:00")
    (row,) = [each for each in case.rows("2026-02-03") if each["kind"] == "archive-report"]
    assert (str(row["since"]), row["rule"], row["due"]) == ("2026-02-02", "SCR-13", None)
    case.says("2026-02-05 10:00", "information-manager", "ArchiveReport", report="overview", on="2026-02-05")
    assert "archive-report" not in [each["kind"] for each in case.rows("2026-02-05")]


def test_a_hold_that_may_be_released_is_listed_only_once_the_review_is_completed_and_nothing_is_lacking():
    case = Owing().referred().held().panel()
    assert [each["kind"] for each in case.rows("2025-12-01")] == ["complete-review"], "not while the review goes on"
    case.asked().confirmed().nominated().drafted()
    case.completed_on("2026-01-10")
    assert [(each["kind"], each.get("step")) for each in case.rows("2026-01-11")] == [("management-review", "sign")]
    case.signed().forwarded()
    (row,) = [each for each in case.rows("2026-01-13") if each["kind"] == "release-hold"]
    assert (row["hold_id"], str(row["since"]), row["rule"]) == ("h1", "2026-01-12", "SCR-06")
    case.released("2026-01-20")
    assert "release-hold" in [each["kind"] for each in case.rows("2026-01-19")]
    assert "release-hold" not in [each["kind"] for each in case.rows("2026-01-20")]


def test_a_hold_listed_for_release_is_one_whose_release_is_not_refused():
    case = Owing().referred().held().panel()
    case.completed_on("2026-01-10").presented("2026-01-12")
    assert "release-hold" not in [each["kind"] for each in case.rows("2026-01-13")]
    data = {"hold_id": "h1", "released_at": "2026-01-13 10:00", "authority": "the board"}
    assert case.stops("2026-01-13 10:00", CHIEF, "ReleaseHold", **data) == ("SCR-06", "Review is not finished.")
    case.issued(at="2026-01-14 10:00")
    assert "release-hold" in [each["kind"] for each in case.rows("2026-01-14")]
    case.released("2026-01-15")


def test_rows_hold_ids_days_and_codes_alone_and_no_text():
    case = Owing().referred().secured().panel().asked().presented()
    case.issued(at="2026-02-10 10:00")
    for each in case.rows("2026-03-31"):
        assert set(each) <= {
            *("review_id", "kind", "rule", "since", "due", "state", "days_overdue"),
            *("reminder_on", "step", "action_id", "hold_id"),
            *("offender_refs", "child_refs"),
        }
        assert (each["offender_refs"], each["child_refs"]) == (["dora"], [])
        assert each["kind"] in KINDS


def test_on_any_day_the_table_gives_what_the_list_gives():
    case = Owing().referred().secured().held().panel().asked().confirmed().nominated().drafted()
    case.duplicate("2026-01-06 09:00").signed().forwarded().presented()
    case.issued(A1, A2, at="2026-02-10 10:00")
    case.completed("a2", "2026-02-22").completed_on("2026-04-05").released("2026-04-20")
    stream = case.stream("r1", "case-review")
    ledger = case.ledger
    for known in range(1, len(ledger.records) + 1, 3):
        history = ledger.history(stream, known, {})
        assert holds_on_every_day(
            stream, history, ledger.policy(), known, random.Random(known), [WORKLISTS["case-reviews"]]
        ) >= (known > 20)


def test_a_review_whose_referral_is_struck_out_owes_nothing():
    case = Owing().referred().panel()
    (first,) = [each for each in case.ledger.records if type(each.fact).__name__ == "SeriousIncidentReferred"]
    case.tell("2025-12-10 10:00", "aco", "StrikeOutRecord", to=R1, event_ref=first.id, reason="somebody else's")
    assert case.rows("2026-12-31") == []
