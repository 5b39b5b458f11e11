"""The register view on any day, as known at any moment, against a naive reading of what was told; and its details."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.aggregates.registering import OFFICER, Registering
from tests.projections.naive_register import ENTRIES, START, STEP, Told, naive
from tests.projections.test_schedule import holds_on_every_day

from ledger.aggregates import AGGREGATES
from ledger.aggregates.shape import CLOSED
from ledger.projections import VIEWS

D = date.fromisoformat

# ---------------------------------------------------------------------------------------- any history


def shown(case, person, day, known_at=None):
    view = case.register(str(day), person, known_at)
    flags = {each["code"]: each["since"] for each in view["flags"]}
    assert {each["code"]: each["since"] for each in case.head(str(day), person, known_at)["flags"]} == flags
    rows = []
    for each in view["entries"]:
        dereg = each["deregistration"]
        ended = sorted(child["child_id"] for child in each["children"] if child["link_ended_on"])
        ground = dereg and (dereg["ground"], dereg["occurred_on"], sorted(dereg["child_ids"]))
        rows.append((each["entry_id"], each["closed_on"], each["review_due"], ended, ground))
    return flags.get("RH"), rows


def agree(view, reading):
    """Equal; where only some of the children leave, the naive reading says which grounds there are."""
    assert view[0] == reading[0]
    assert [each[:4] for each in view[1]] == [each[:4] for each in reading[1]]
    for seen, told in zip(view[1], reading[1], strict=True):
        assert seen[4] in told[4] if isinstance(told[4], list) else seen[4] == told[4]


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, min_size=3, max_size=14), st.lists(st.integers(-3, 400), min_size=3, max_size=3), st.data())
def test_on_any_day_the_view_says_what_a_naive_reading_says(steps, days, data):
    told = Told()
    for entry in ENTRIES:
        told.enter(entry, START, None, None)
    for each in steps:
        told.step(*each)
    log = [each for each in told.log if each[5] not in told.gone]
    for day in (START + timedelta(days=n) for n in days):
        for person in ("ann", "bob"):
            agree(shown(told.case, person, day), naive(log, person, day))
    # As known after any of the facts, with what was struck out later still standing.
    records = [each for each in told.case.ledger.records if each.stream.startswith("register-entry-")]
    known = data.draw(st.sampled_from(records))
    ids = {each.id for each in told.case.ledger.records if each.recorded <= known.recorded}
    struck = {
        each.fact.event_ref for each in told.case.ledger.records if each.id in ids and hasattr(each.fact, "event_ref")
    }
    then = [each for each in told.log if each[5] in ids and each[5] not in struck]
    moment = known.recorded.isoformat()
    agree(shown(told.case, "ann", told.today, moment), naive(then, "ann", told.today))


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, min_size=3, max_size=14), st.randoms(use_true_random=False))
def test_on_any_day_the_spans_of_the_worklists_give_the_rows_of_the_entry(steps, pick):
    told = Told()
    for entry in ENTRIES:
        told.enter(entry, START, None, None)
    for each in steps:
        told.step(*each)
    ledger = told.case.ledger
    for entry in ENTRIES:
        stream = f"register-entry-{told.case.names.id(entry)}"
        history = ledger.history(stream, opens=AGGREGATES["register-entry"].opens)
        holds_on_every_day(stream, history, ledger.policy(), len(ledger.records), pick)
        for day in (told.today, told.today - timedelta(days=20)):
            row = next(
                (
                    each
                    for each in told.case.register(str(day), ENTRIES[entry][0])["entries"]
                    if each["entry_id"] == entry
                ),
                None,
            )
            listed = {name: rows_of(told.case, name, day).get(entry) for name in ("register-reviews", "deregistration")}
            due = row is not None and row["review_state"] in ("due-soon", "missed")
            assert (listed["register-reviews"] is not None) == due
            if due:
                assert listed["register-reviews"]["review_due"] == str(row["review_due"])
            undone = row is not None and row["deregistration"] is not None and row["deregistration"]["done_of_4"] < 4
            assert (listed["deregistration"] is not None) == undone
            if undone:
                assert listed["deregistration"]["steps"] == row["deregistration"]["steps"]


def rows_of(case, name, day):
    found = case.names.named(case.ledger.ask(f"worklist/{name}", D(str(day)), None)["items"])
    return {each["entry_id"]: each for each in found}


# ---------------------------------------------------------------------------------------- details


@pytest.mark.parametrize(
    "as_at,state",
    [("2025-03-20", "not-due"), ("2025-03-21", "due-soon"), ("2025-04-04", "due-soon"), ("2025-04-05", "missed")],
)
def test_a_review_is_due_soon_for_a_fortnight_and_missed_from_the_next_day(as_at, state):
    entry = Registering().entered(["kit"]).register(as_at)["entries"][0]
    assert (entry["review_state"], str(entry["review_due"])) == (state, "2025-04-04")


def test_the_setting_of_the_day_it_is_counted_from_decides_when_a_review_is_due():
    case = Registering().entered(["kit"])
    data = {"key": "cp.register_review", "new": "6", "effective_from": "2025-04-01", "reason": "local"}
    case.tell("2025-03-01 10:00", "chief-officer", "ChangeSetting", to="policy/policy", **data)
    assert str(case.register("2025-04-01")["entries"][0]["review_due"]) == "2025-04-04"
    assert str(case.reviewed("2025-04-02").register("2025-04-02")["entries"][0]["review_due"]) == "2025-10-02"


def test_a_missed_review_is_raised_followed_up_and_gone_with_the_next_review():
    case, to = Registering().entered(["kit"]), {"to": "register-entry/e1"}
    data = {"due_on": "2025-04-04", "to_unit": "north", "raised_on": "2025-04-07"}
    case.tell("2025-04-07 10:00", OFFICER, "RaiseMissedReview", **to, **data)
    case.tell("2025-04-09 10:00", "team-admin", "FollowUpMissedReview", **to, on="2025-04-09", result="booked")
    missed = case.register("2025-04-10")["entries"][0]["missed_review"]
    assert (str(missed["raised_on"]), str(missed["followed_up_on"])) == ("2025-04-07", "2025-04-09")
    assert rows_of(case, "register-reviews", "2025-04-10")["e1"]["followed_up_on"] == "2025-04-09"
    assert case.reviewed("2025-04-11").register("2025-04-11")["entries"][0]["missed_review"] is None
    assert rows_of(case, "register-reviews", "2025-04-11") == {}


@pytest.mark.parametrize(
    "told,dot",
    [
        ([], False),
        ([("MarkFile", "YELLOW_DOT", "2024-12-04")], True),
        ([("MarkFile", "yellow dot", "2024-12-04")], True),
        ([("MarkFile", "RED_DOT", "2024-12-04")], False),
        ([("MarkFile", "YELLOW_DOT", "2024-12-04"), ("UnmarkFile", "YELLOW_DOT", "2025-01-06")], False),
        ([("MarkFile", "YELLOW_DOT", "2025-02-02")], False),
    ],
)
def test_the_file_carries_a_yellow_dot_or_not(told, dot):
    case = Registering().entered(["kit"])
    for command, marker, on in told:
        more = {"reason": "done"} if command == "UnmarkFile" else {}
        case.tell(f"{on} 15:00", "team-admin", command, marker=marker, on=on, **more)
    assert case.register("2025-02-01")["yellow_dot"] is dot
    assert case.head("2025-02-01")["yellow_dot"] is dot


def test_a_high_risk_is_a_flag_without_a_number_and_dates_from_when_it_rose():
    case = Registering().entered(["kit"])
    for day, level in (("2024-12-10", "HIGH"), ("2025-01-10", "VERY_HIGH"), ("2025-03-10", "MEDIUM")):
        data = {"order_id": "o-ann", "completed_on": day, "rosh_level": level, "marking": "CONFIDENTIAL"}
        case.tell(f"{day} 10:00", "practitioner", "CompleteRiskAssessment", **data)
    high = {"code": "RA-H", "field_no": None, "since": D("2024-12-10")}
    assert case.register("2025-02-01")["flags"][1] == high
    assert [each["code"] for each in case.register("2025-03-10")["flags"]] == ["RH"]


def test_every_status_date_and_flag_says_why():
    case = Registering().entered(["kit"]).notified().closed()
    view = case.register("2025-10-20", explain=True)
    entry = view["entries"][0]
    assert entry["why"]["rules"] == ["CP-31@west-mercia-2007", "CP-33@west-mercia-2007", "CP-41@west-mercia-2007"]
    assert entry["why"]["settings"] == {"cp.register_review": 4, "cp.register_review_reminder": 14}
    assert entry["deregistration"]["why"]["facts"] == view["dp_breach"]["why"]["facts"] != []
    assert view["why"]["rules"] == ["DP-04@west-mercia-2007"]
    flag = case.register("2025-10-01", explain=True)["flags"][0]
    assert flag["why"]["rules"] == ["CP-37@west-mercia-2007", "CP-38@west-mercia-2007"]
    assert "why" not in case.register("2025-10-01")["entries"][0]


def test_with_every_name_closed_the_register_still_answers():
    case = Registering().entered(["kit"]).noted("Seen at home.", "2025-01-10")
    case.tell("2025-01-10 18:00", "team-admin", "MarkFile", marker="YELLOW_DOT", on="2025-01-10")
    view = next(each for each in VIEWS if each.name == "register")

    def shut(stream):
        return case.ledger.history(stream, opens={})

    ann = f"offender-{case.names.id('ann')}"
    answer = view.answer(shut(ann), case.ledger.policy(), D("2025-02-01"), len(case.ledger.records), True, shut)
    (child,) = answer["entries"][0]["children"]
    assert (child["name"], child["client_id"]) == (str(CLOSED), str(CLOSED))
    assert (answer["yellow_dot"], answer["notebook"][0]["text"]) == (None, str(CLOSED))
