"""The statutory warning of the Sentencing Code: what was done, and what is to be done about each failure on a day."""

from __future__ import annotations

from datetime import date

import pytest
from tests.aggregates.telling import Telling

from ledger.rules import sentencing_2020

EDITION = "enf.breach_edition"
SAID = {"circumstances": "stayed away", "says_unacceptable": True, "says_liable": True}


def case(settings=None, order_type="CO"):
    """Absences a1 of 2 Jun and a2 of 9 Jun 2025, deemed unacceptable on 12 and 19 Jun."""
    more = {"operational_period_end": "2026-12-31"} if order_type == "SSO" else {}
    telling = Telling(settings={EDITION: "sentencing-2020"} if settings is None else settings)
    return telling.order(order_type=order_type, **more).two_unacceptable()


def warning(telling, day="2025-06-12", absence="a1", name="w1"):
    data = {"warning_id": name, "absence_id": absence, "given_on": day, **SAID}
    return telling.tell(f"{day} 18:00", "practitioner", "GiveBreachWarning", **data)


def withdraw(telling, day, name="w1"):
    data = {"warning_id": name, "withdrawn_on": day, "reason": "as told"}
    return telling.tell(f"{day} 18:30", "practitioner", "WithdrawBreachWarning", **data)


def refer(telling, day, absence="a1"):
    return telling.tell(f"{day} 19:00", "practitioner", "ReferBreach", absence_id=absence, referred_on=day)


def later(telling, day, letter, absence="a3"):
    return telling.absence(absence, day, at=f"{day} 19:30").letter(f"l{absence}", absence, letter)


def standing(telling, as_at):
    """(breach, its day, the duties by absence)"""
    order = telling.enforcement(as_at)
    duties = {telling.names.named(each["absence_id"]): each["duty"] for each in order["statutory"]["failures"]}
    return order["breach"], str(order["breach_on"]), duties


WARN, MUST = "warn-or-refer", "must-refer"


@pytest.mark.parametrize(
    "tell,as_at,found",
    [
        # two failures, and no breach: each is to be warned of or referred
        (lambda t: t, "2025-06-11", ("none", "None", {})),
        (lambda t: t, "2025-06-12", ("none", "None", {"a1": WARN})),
        (lambda t: t, "2025-06-19", ("none", "None", {"a1": WARN, "a2": WARN})),
        # a failure of before the warning was none again
        (lambda t: warning(t), "2025-06-19", ("none", "None", {"a1": "warned", "a2": WARN})),
        (lambda t: refer(t, "2025-06-13"), "2025-06-12", ("none", "None", {"a1": WARN})),
        (lambda t: refer(t, "2025-06-13"), "2025-06-13", ("triggered", "2025-06-13", {"a1": "referred"})),
        # within the twelve months of the warning: of 12 Jun 2025, to 11 Jun 2026
        (lambda t: later(warning(t), "2025-06-12", "2025-06-13"), "2025-06-21",
         ("triggered", "2025-06-21", {"a1": "warned", "a2": WARN, "a3": MUST})),
        (lambda t: later(warning(t), "2026-06-11", "2026-06-12"), "2026-06-20",
         ("triggered", "2026-06-20", {"a1": "warned", "a2": WARN, "a3": MUST})),
        (lambda t: later(warning(t), "2026-06-12", "2026-06-15"), "2026-06-23",
         ("none", "None", {"a1": "warned", "a2": WARN, "a3": WARN})),
        # withdrawn before: the next is a first one again; withdrawn after: what rested on it falls
        (lambda t: later(withdraw(warning(t), "2025-08-01"), "2025-09-01", "2025-09-02"), "2025-09-10",
         ("none", "None", {"a1": WARN, "a2": WARN, "a3": WARN})),
        (lambda t: withdraw(later(warning(t), "2025-09-01", "2025-09-02"), "2025-10-01"), "2025-09-30",
         ("triggered", "2025-09-10", {"a1": "warned", "a2": WARN, "a3": MUST})),
        (lambda t: withdraw(later(warning(t), "2025-09-01", "2025-09-02"), "2025-10-01"), "2025-10-01",
         ("none", "None", {"a1": WARN, "a2": WARN, "a3": WARN})),
        # a new warning, after a withdrawn one, has a clock of its own
        (lambda t: later(warning(withdraw(warning(t), "2025-06-13"), "2025-07-01", name="w2"), "2026-06-30",
                         "2026-07-01"), "2026-07-09",
         ("triggered", "2026-07-09", {"a1": "warned", "a2": WARN, "a3": MUST})),
    ],
)  # fmt: skip
def test_what_is_to_be_done_about_a_failure(tell, as_at, found):
    assert standing(tell(case()), as_at) == found


@pytest.mark.parametrize(
    "order_type,day,breach",
    [("CO", "2026-06-12", "none"), ("SSO", "2026-06-12", "triggered"), ("SSO", "2026-06-13", "none")],
)
def test_the_last_day_of_the_twelve_months_is_another_for_each_kind_of_order(order_type, day, breach):
    telling = later(warning(case(order_type=order_type)), day, "2026-06-15")
    assert standing(telling, "2026-06-23")[0] == breach


@pytest.mark.parametrize("as_at,state", [("2025-06-12", "running"), ("2026-06-11", "running"), ("2026-06-12", "over")])
def test_a_warning_runs_until_its_last_day(as_at, state):
    (row,) = warning(case()).enforcement(as_at)["statutory"]["warnings"]
    assert (row["state"], str(row["until"]), row["withdraw"]) == (state, "2026-06-11", False)


def test_a_warning_about_a_failure_that_is_acceptable_after_all_should_be_withdrawn_and_counts_until_it_is():
    telling = warning(case()).rejudge("a1", "2025-06-23", "ACCEPTABLE")
    (row,) = telling.enforcement("2025-06-23")["statutory"]["warnings"]
    assert (row["state"], row["withdraw"]) == ("running", True)
    later(telling, "2025-09-01", "2025-09-02")
    assert standing(telling, "2025-09-10") == ("triggered", "2025-09-10", {"a2": WARN, "a3": MUST})
    withdraw(telling, "2025-10-01")
    (row,) = telling.enforcement("2025-10-01")["statutory"]["warnings"]
    assert (row["state"], row["withdraw"]) == ("withdrawn", False)
    assert standing(telling, "2025-10-01") == ("none", "None", {"a2": WARN, "a3": WARN})


# ------------------------------------------------------------------------------------------ which edition


@pytest.mark.parametrize(
    "start,found",
    [
        ("2025-06-02", ("none", "None", {"a1": WARN, "a2": WARN})),
        ("2025-06-03", ("none", "None", {"a2": WARN})),
        ("2025-06-09", ("none", "None", {"a2": WARN})),
    ],
)
def test_the_day_of_each_failure_chooses_its_edition(start, found):
    telling = case(settings={})
    data = {"key": EDITION, "new": "sentencing-2020", "effective_from": start, "reason": "S.I. 2020/1236"}
    telling.tell("2025-06-20 09:00", "chief-officer", "ChangeSetting", to="policy/policy", **data)
    assert standing(telling, "2025-06-20") == found


def test_without_the_setting_the_manual_rules_and_a_warning_is_of_no_account():
    telling = warning(case(settings={}))
    order = telling.enforcement("2025-06-19")
    assert (order["breach"], order["tally"], "statutory" in order) == ("triggered", 2, False)
    data = {"key": EDITION, "new": "sentencing-2020", "effective_from": "2025-06-10", "reason": "as told"}
    telling.tell("2025-06-20 09:00", "chief-officer", "ChangeSetting", to="policy/policy", **data)
    order = telling.enforcement("2025-06-19")
    assert (order["breach"], order["tally"], "statutory" in order) == ("triggered", 2, False)


def test_every_answer_names_the_edition_that_ruled_and_every_fact_keeps_it():
    telling = later(warning(case()), "2025-09-01", "2025-09-02")
    data = {"order_id": "o1", "started_on": "2025-09-10", "court": "Nowhere", "risk_led": False}
    telling.tell("2025-09-10 09:00", "practitioner", "StartBreachAction", **data)
    labels = {type(each.fact).__name__: each.under for each in telling.ledger.records}
    assert labels["BreachWarningGiven"] == ("ENF-03@sentencing-2020", "ENF-08@sentencing-2020")
    assert "ENF-09@sentencing-2020" in labels["BreachActionStarted"]
    assert "ENF-09@manual-2022" not in labels["BreachActionStarted"]
    assert labels["EnforcementLetterIssued"] == ("ENF-03@manual-2022",)
    why = telling.ledger.ask(f"offender/{telling.names.id('ann')}/enforcement", date(2025, 9, 10), None, explain=True)
    why = why["orders"][0]["why"]
    assert why["rules"] == ["ENF-08@sentencing-2020", "ENF-09@sentencing-2020"]
    assert why["settings"][EDITION] == "sentencing-2020"


# ------------------------------------------------------------------------------------------ to the court


def start(telling, day):
    data = {"order_id": "o1", "started_on": day, "court": "Nowhere", "risk_led": False}
    return telling.tell(f"{day} 20:00", "practitioner", "StartBreachAction", **data)


def outcome(telling, day, proven=True, result="CONTINUED"):
    data = {"order_id": "o1", "proven": proven, "result": result, "decided_on": day}
    return telling.tell(f"{day} 21:00", "court-officer", "RecordBreachOutcome", **data)


def test_a_breach_goes_to_court_and_what_it_relied_on_is_spent():
    telling = start(later(warning(case()), "2025-09-01", "2025-09-02"), "2025-09-10")
    assert standing(telling, "2025-09-10")[0] == "action-started"
    outcome(telling, "2025-09-20")
    assert standing(telling, "2025-09-20") == ("dealt-with", "2025-09-10", {"a1": "warned", "a2": WARN})
    # the warning runs on: another failure within its months must be referred again
    later(telling, "2025-10-01", "2025-10-02", "a4")
    assert standing(telling, "2025-10-10")[:2] == ("triggered", "2025-10-10")


def test_what_a_court_dismissed_triggers_nothing_by_itself():
    telling = outcome(
        start(later(warning(case()), "2025-09-01", "2025-09-02"), "2025-09-10"), "2025-09-20", False, "DISMISSED"
    )
    assert standing(telling, "2025-10-01")[0] == "dealt-with"
    assert standing(later(telling, "2025-10-01", "2025-10-02", "a4"), "2025-10-10")[:2] == ("triggered", "2025-10-10")


def test_a_warning_withdrawn_after_court_action_changes_its_basis():
    telling = withdraw(start(later(warning(case()), "2025-09-01", "2025-09-02"), "2025-09-10"), "2025-09-12")
    assert [telling.enforcement(day)["basis_changed"] for day in ("2025-09-11", "2025-09-12")] == [False, True]


def test_the_worklist_holds_failures_that_wait_for_a_warning_or_a_referral():
    telling = case()

    def rows(day):
        return telling.ledger.ask("worklist/breach", date.fromisoformat(day), None)["items"]

    assert rows("2025-06-11") == []
    assert [each["breach"] for each in rows("2025-06-12")] == ["none"]
    warning(warning(telling), "2025-06-20", "a2", "w2")
    assert [len(rows(day)) for day in ("2025-06-19", "2025-06-20")] == [1, 0]
    refer(telling, "2025-06-21", "a2")
    assert [each["breach"] for each in rows("2025-06-21")] == ["triggered"]


def test_the_chronology_says_who_was_neither_warned_nor_referred():
    def gaps(telling, day):
        gaps = telling.ledger.ask(f"offender/{telling.names.id('ann')}/chronology", date.fromisoformat(day), None)[
            "gaps"
        ]
        return [(each["edition"], str(each["since"])) for each in gaps if each["rule"] == "ENF-08"]

    assert gaps(case(), "2025-06-14") == [("ENF-08@sentencing-2020", "2025-06-12")]
    assert gaps(warning(case()), "2025-06-14") == []
    assert gaps(case(settings={}), "2025-06-14") == []


# ------------------------------------------------------------------------------------------ what is refused

GIVEN = {"warning_id": "w9", "absence_id": "a1", "given_on": "2025-06-20", **SAID}


@pytest.mark.parametrize(
    "tell,told,rule,message",
    [
        (lambda t: t, {"circumstances": " "}, "ENF-03", sentencing_2020.DESCRIBE_THE_BREACH),
        (lambda t: t, {"circumstances": None}, "ENF-03", sentencing_2020.DESCRIBE_THE_BREACH),
        (lambda t: t, {"says_unacceptable": False}, "ENF-03", "A warning must state that the breach is unacceptable."),
        (
            lambda t: t,
            {"says_liable": False},
            "ENF-03",
            "A warning must tell the person that another breach within twelve months makes them liable to be brought "
            "before a court.",
        ),
        (lambda t: t, {"given_on": "2025-06-11"}, "ENF-08", sentencing_2020.NOT_FOUND_UNACCEPTABLE),
        (lambda t: t.rejudge("a1", "2025-06-20", "ACCEPTABLE"), {}, "ENF-08", sentencing_2020.NOT_FOUND_UNACCEPTABLE),
        (warning, {}, "ENF-08", sentencing_2020.ALREADY_WARNED),
        (lambda t: refer(t, "2025-06-20"), {}, "ENF-08", sentencing_2020.ALREADY_REFERRED),
        (
            lambda t: later(warning(t), "2025-06-12", "2025-06-13"),
            {"absence_id": "a3", "given_on": "2025-06-23"},
            "ENF-08",
            "A warning was given on 12 Jun 2025: a failure until 11 Jun 2026 must be referred; refer it.",
        ),
    ],
)  # fmt: skip
def test_a_warning_that_is_refused(tell, told, rule, message):
    data = {name: value for name, value in (GIVEN | told).items() if value is not None}
    day = data["given_on"]
    assert tell(case()).refused(f"{day} 22:00", "practitioner", "GiveBreachWarning", **data) == (rule, message)


@pytest.mark.parametrize(
    "tell,day,message",
    [
        (lambda t: withdraw(t, "2025-06-13"), "2025-06-14", sentencing_2020.ALREADY_WITHDRAWN),
        (lambda t: t, "2025-06-11", "A warning cannot be withdrawn before 12 Jun 2025, the day it was given."),
    ],
)
def test_a_withdrawal_that_is_refused(tell, day, message):
    data = {"warning_id": "w1", "withdrawn_on": day, "reason": "as told"}
    telling = tell(warning(case()))
    assert telling.refused("2025-06-20 22:00", "practitioner", "WithdrawBreachWarning", **data) == ("ENF-11", message)
    data = {"warning_id": "w1", "withdrawn_on": "2025-06-20", "reason": " "}
    rule, said = warning(case()).refused("2025-06-20 22:00", "practitioner", "WithdrawBreachWarning", **data)
    assert (rule, said) == ("ENF-11", sentencing_2020.REASON_FOR_WITHDRAWAL)


def test_a_referral_or_an_action_without_ground_is_refused():
    data = {"absence_id": "a1", "referred_on": "2025-06-11"}
    refused = case().refused("2025-06-11 22:00", "practitioner", "ReferBreach", **data)
    assert refused == ("ENF-08", sentencing_2020.NOT_FOUND_UNACCEPTABLE)
    data["referred_on"] = "2025-06-20"
    refused = refer(case(), "2025-06-19").refused("2025-06-20 22:00", "practitioner", "ReferBreach", **data)
    assert refused == ("ENF-09", sentencing_2020.ALREADY_REFERRED)
    data = {"order_id": "o1", "started_on": "2025-06-20", "court": "Nowhere", "risk_led": False}
    refused = warning(case()).refused("2025-06-20 22:00", "practitioner", "StartBreachAction", **data)
    assert refused == ("ENF-09", sentencing_2020.REFER_FIRST)


def test_a_warning_keeps_its_last_day_and_refuses_another():
    until = warning(case()).ledger.records[-1].fact.until
    assert until == date(2026, 6, 11)
    data = GIVEN | {"until": "2026-06-30"}
    rule, said = case().refused("2025-06-20 22:00", "practitioner", "GiveBreachWarning", **data)
    assert (rule, said) == ("ENF-08", "until is 19 Jun 2026; leave it out or give that value.")
