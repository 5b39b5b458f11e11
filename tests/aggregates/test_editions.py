"""Random histories under the three editions: they differ only where their text differs, and every day is a slow one's.

A case is told by chance (absences, letters, judgements, warnings, withdrawals, referrals, hours, failures to comply);
then the same facts are asked under each edition on days around whatever happened.
"""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.aggregates.telling import Telling

from ledger.aggregates.offender.breach import breach_of, trails_of
from ledger.aggregates.offender.case import Case
from ledger.aggregates.offender.progress import requirement_of
from ledger.aggregates.shape import Actor
from ledger.errors import Refused
from ledger.projections import enforcement, progress
from ledger.rules.editions import NAMES
from ledger.scenarios import instant

MANUAL, WARNING, AMENDED = NAMES
DAY = timedelta(days=1)
SENTENCE = date(2025, 1, 6)
SAID = {"circumstances": "stayed away", "says_unacceptable": True, "says_liable": True}

ACTS = ("absence", "comply", "letter", "judge", "rejudge", "warn", "withdraw", "refer", "hours", "start", "end")
MORE_ACTS = ("evidence", "decline", "apply", "vary", "check", "offer", "assess", "over")


def lists_of(acts):
    """What may happen in a case: (act, days since the one before, which of the absences or how much)."""
    return st.lists(st.tuples(st.sampled_from(acts), st.integers(1, 40), st.integers(0, 5)), min_size=3, max_size=25)


happenings = lists_of(ACTS)
everything = lists_of(ACTS + MORE_ACTS)


def told(happenings, order_type):
    """A case as it was told; what a rule refuses is left out, as in life."""
    more = {"operational_period_end": "2026-08-31"} if order_type == "SSO" else {}
    telling, day, absences, warnings = Telling().order(order_type=order_type, **more), SENTENCE, [], []

    def give(role, command, **data):
        actor = Actor(telling.names.id(role), role)
        data = telling.names.data(
            _class(command), {name: str(v) if isinstance(v, date) else v for name, v in data.items()}
        )
        answer = telling.ledger.give(
            instant(f"{day} 12:00"), actor, f"offender/{telling.names.id('ann')}", command, data
        )
        return not isinstance(answer, Refused)

    for what, after, which in happenings:
        day += timedelta(days=after)
        if what in ("absence", "comply"):
            name = f"a{len(absences)}"
            kind = "FTA" if what == "absence" else "FAILURE_TO_COMPLY"
            fact = {"absence_id": name, "order_id": "o1", "appointment_kind": "UPW", "date": day, "kind": kind}
            absences += [name] if give("supervisor", "RecordAbsence", **fact) else []
        elif what == "hours":
            told = {"order_id": "o1", "delta_minutes": 300 + 200 * which, "reason": "as told"}
            give("practitioner", "AdjustHours", **told)
        elif what == "start":
            give("practitioner", "StartBreachAction", order_id="o1", started_on=day, court="Nowhere", risk_led=False)
        elif what == "end":
            result = ("CONTINUED", "DISMISSED")[which % 2]
            give(
                "court-officer",
                "RecordBreachOutcome",
                order_id="o1",
                proven=which % 2 == 0,
                result=result,
                decided_on=day,
            )
        elif what in TOLD:
            role, command, data = TOLD[what](day, which)
            give(role, command, order_id="o1", **data)
        elif what == "withdraw" and warnings:
            name = warnings[which % len(warnings)]
            give("practitioner", "WithdrawBreachWarning", warning_id=name, withdrawn_on=day, reason="as told")
        elif absences:
            name = absences[which % len(absences)]
            verdict = ("ACCEPTABLE", "UNACCEPTABLE")[which % 2]
            if what == "letter":
                give(
                    "practitioner",
                    "IssueEnforcementLetter",
                    letter_id=f"l{name}",
                    absence_id=name,
                    issued_on=day,
                    channel="post",
                )
            elif what == "judge":
                fact = {
                    "absence_id": name,
                    "result": verdict,
                    "reason_code": "other",
                    "reason": "as told",
                    "judged_on": day,
                }
                give("practitioner", "JudgeAbsence", **fact)
            elif what == "rejudge":
                fact = {"absence_id": name, "to_result": verdict, "reason": "as told", "decided_on": day}
                give("senior-practitioner", "RejudgeAbsence", **fact)
            elif what == "warn":
                fact = {"warning_id": f"w{len(warnings)}", "absence_id": name, "given_on": day, **SAID}
                warnings += [fact["warning_id"]] if give("practitioner", "GiveBreachWarning", **fact) else []
            elif what == "evidence":
                fact = {"absence_id": name, "received_at": f"{day} 11:00", "kind": "note", "description": "as told"}
                give("team-admin", "ReceiveEvidence", **fact)
            elif what == "refer":
                give("practitioner", "ReferBreach", absence_id=name, referred_on=day)
    return telling


def _varied(day, which):
    result = ("EXTENDED", "REFUSED", "REVOKED")[which % 3]
    later = {"new_end_date": day + timedelta(days=60 * which + 30)} if result == "EXTENDED" else {}
    return "court-officer", "RecordCourtVariation", {"result": result, "decided_on": day, "court": "Nowhere", **later}


# Acts that name nothing but the order.
TOLD = {
    "decline": lambda day, which: ("senior-practitioner", "DeclineBreachAction", {"reason": "as told"}),
    "apply": lambda day, which: ("practitioner", "ApplyToCourt", {"application": "REVOCATION", "made_on": day}),
    "vary": _varied,
    "check": lambda day, which: (
        "practitioner",
        "CompleteProgressCheck",
        {"point": (6, 9)[which % 2], "done_on": day, "sufficient": True, "reason": "as told"},
    ),
    "offer": lambda day, which: (
        "pso",
        "OfferFirstAppointment",
        {"offered_on": day, "offered_for": day + timedelta(days=which)},
    ),
    "assess": lambda day, which: (
        "practitioner",
        "CompleteUpwAssessment",
        {"completed_on": day, "group_preference": "MIXED"},
    ),
    "over": lambda day, which: ("practitioner", "EndSupervision", {"ended_on": day, "ground": "as told"}),
}


def _class(command):
    from ledger.aggregates import told_by

    return told_by("offender", command)


def asked(telling, edition, as_at):
    policy = telling.ledger.policy()
    return policy if edition is None else policy.under(edition), telling.ledger.history(
        f"offender-{telling.names.id('ann')}"
    )


def views(telling, edition, as_at):
    policy, history = asked(telling, edition, as_at)
    known = len(telling.ledger.records)
    (one,) = enforcement.view(history, policy, as_at, known)["orders"]
    (other,) = progress.view(history, policy, as_at, known)["orders"]
    return one, other


def without(row, *names):
    return {name: value for name, value in row.items() if name not in names}


BREACH = ("breach", "breach_on", "basis_changed", "statutory", "absences", "tally")
PERIOD = ("due_on", "working_end", "twelve_month_point", "outstanding_at_twelve_months", "state")
CREDIT = ("credit", "balance_minutes", "credited_minutes", "noted_minutes", "by_source", "completion_proposed")


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(happenings, st.sampled_from(["CO", "SSO"]), st.lists(st.integers(0, 700), min_size=4, max_size=4))
def test_the_editions_differ_only_where_their_text_differs(happenings, order_type, days):
    telling = told(happenings, order_type)
    for as_at in sorted(SENTENCE + timedelta(days=each) for each in days):
        in_force, manual, warned, amended = (views(telling, each, as_at) for each in (None, *NAMES))
        assert in_force == manual  # nothing is in force but the manual until somebody sets it
        # the Act of 2020 changes what makes a breach, and nothing about letters, evidence, judgements and hours
        assert without(warned[0], *BREACH) == without(manual[0], *BREACH)
        assert [without(each, "spent") for each in warned[0]["absences"]] == [
            without(each, "spent") for each in manual[0]["absences"]
        ]
        if "revoked" not in (warned[1]["state"], manual[1]["state"]):
            assert warned[1] == manual[1]
        # the Act of 2026 changes the period and the hours, and nothing about a breach
        assert amended[0] == warned[0]
        kept = without(amended[1], *PERIOD, *CREDIT, "checks")
        assert kept == without(warned[1], *PERIOD, *CREDIT, "checks")
        assert amended[1]["balance_minutes"] <= warned[1]["balance_minutes"]
        assert amended[1]["due_on"] is None
        checks = zip(amended[1]["checks"].values(), warned[1]["checks"].values(), strict=True)
        assert all(each["due"] == other["due"] for each, other in checks)


# ------------------------------------------------------------------------------------------ a slow reference


def slow_breach_under_the_code(telling, as_at, order_type):
    """Whether a failure is for the court on a day: walk the calendar, a day at a time, with what was told by then.

    As long as nobody took court action; it knows no editions, no sweep and no dates but a day and the next.
    """
    facts = [each for each in telling.ledger.records if each.stream.startswith("offender-")]
    named = {}
    for each in facts:
        named.setdefault(type(each.fact).__name__, []).append(each.fact)
    withdrawn = {}
    for each in named.get("BreachWarningWithdrawn", []):
        withdrawn.setdefault(each.warning_id, each.withdrawn_on)
    policy, history = asked(telling, WARNING, as_at)
    case = Case.as_at(history, as_at)
    (order,) = case.orders.values()
    for name, trail in trails_of(order, policy).items():
        live = [each for each in trail.standings if each.since <= as_at][-1:] or trail.standings[:1]
        if live[0].status != "unacceptable":
            continue
        if any(each.absence_id == name and each.referred_on <= as_at for each in named.get("BreachReferred", [])):
            return True
        for warning in named.get("BreachWarningGiven", []):
            gone = withdrawn.get(warning.warning_id)
            if warning.absence_id == name or warning.given_on > as_at or (gone is not None and gone <= as_at):
                continue
            at, months = warning.given_on, 0
            while True:
                if at == trail.absence.date:
                    return True
                at += DAY
                months += at.day == 1
                last = (at + DAY).month != at.month
                full = months == 12 and (at.day == warning.given_on.day or (last and at.day < warning.given_on.day))
                if full:
                    if order_type == "SSO" and at == trail.absence.date:
                        return True
                    break
    return False


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    happenings.map(lambda told: [each for each in told if each[0] not in ("start", "end")]),
    st.sampled_from(["CO", "SSO"]),
    st.lists(st.integers(0, 900), min_size=4, max_size=4),
)
def test_a_breach_under_the_code_is_what_a_walk_over_the_calendar_finds(happenings, order_type, days):
    telling = told(happenings, order_type)
    for as_at in (SENTENCE + timedelta(days=each) for each in days):
        policy, history = asked(telling, WARNING, as_at)
        (order,) = Case.as_at(history, as_at).orders.values()
        breach = breach_of(order, trails_of(order, policy), policy, as_at)
        slow = slow_breach_under_the_code(telling, as_at, order_type)
        assert (breach.state == "triggered") is slow
        if slow:  # and since the first of the days from which on it was so without a break
            since = as_at
            while slow_breach_under_the_code(telling, since - DAY, order_type):
                since -= DAY
            assert breach.on == since


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(happenings, st.lists(st.integers(0, 700), min_size=3, max_size=3))
def test_hours_left_with_credit_are_those_of_a_slow_recount(happenings, days):
    telling = told(happenings, "CO")
    for as_at in (SENTENCE + timedelta(days=each) for each in days):
        policy, history = asked(telling, AMENDED, as_at)
        case = Case.as_at(history, as_at)
        (order,) = case.orders.values()
        account = requirement_of(case, order, policy, as_at).account
        failed = [
            trail.absence.date
            for trail in trails_of(order, policy).values()
            if trail.absence.record.fact.kind == "FTA"
            and ([each for each in trail.standings if each.since <= as_at] or trail.standings[:1])[-1].status
            == "unacceptable"
        ]
        stop, worked, earning = min(failed, default=date.max), 0, 0
        for each in sorted(order.credits, key=lambda each: each.position):
            minutes = each.fact.delta_minutes
            on = each.effective.date() if hasattr(each.effective, "hour") else each.effective
            worked += minutes
            if on < stop:
                earning += minutes
        reduced = max(0, earning - order.record.fact.upw_hours * 60 // 4) // 60 * 30
        assert account.balance == max(0, order.record.fact.upw_hours * 60 - worked - reduced)
