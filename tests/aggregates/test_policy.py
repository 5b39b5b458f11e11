"""Settings and calendars: in force on a day, as known at a position (GEN-01, GEN-09)."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.aggregates.telling import Telling

from ledger.aggregates.corrections import RecordCorrected, rule_on_correction
from ledger.aggregates.ledger_stream import release_in_force
from ledger.aggregates.policy import Policy, PolicySettingChanged
from ledger.aggregates.shape import Actor, Now, Recorded
from ledger.rules.dates import CalendarMissing
from ledger.rules.settings import SETTINGS

D = date.fromisoformat
AT = ("2025-12-01 10:00", "chief-officer")


def change(telling, at="2025-12-01 10:00", key="enf.evidence", new="7", since="2026-01-01", **more):
    data = {"key": key, "new": new, "effective_from": since, "reason": "as told", **more}
    return telling.tell(at, "chief-officer", "ChangeSetting", to="policy/policy", **data)


def test_a_setting_is_in_force_from_its_day_and_known_from_its_position():
    policy = change(Telling()).ledger.policy()
    assert policy.setting("enf.evidence", D("2025-12-31")) == 5
    assert policy.setting("enf.evidence", D("2026-01-01")) == 7
    assert policy.setting("enf.evidence", D("2026-01-01"), known=1) == 5
    assert (policy.version, policy.release) == (1, 1)


def test_what_is_not_set_is_nothing_and_can_be_unset_again():
    telling = Telling()
    assert telling.ledger.policy().setting("hrs.ete_max_percent", D("2025-01-01")) is None
    change(telling, key="hrs.ete_max_percent", new="30", since="2025-01-01")
    change(telling, "2025-12-02 10:00", key="hrs.ete_max_percent", new="", since="2026-01-01")
    policy = telling.ledger.policy()
    assert policy.setting("hrs.ete_max_percent", D("2025-06-01")) == 30
    assert policy.setting("hrs.ete_max_percent", D("2026-06-01")) is None


def test_a_struck_out_change_held_while_it_was_known():
    telling = change(Telling(), label="the-change")
    data = {"event_ref": "the-change", "reason": "as told"}
    telling.tell("2025-12-02 10:00", "chief-officer", "StrikeOutRecord", to="policy/policy", **data)
    policy = telling.ledger.policy()
    assert policy.setting("enf.evidence", D("2026-02-01"), known=2) == 7
    assert policy.setting("enf.evidence", D("2026-02-01")) == 5


def release(position, since, **settings):
    first = release_in_force()
    lines = [
        {"key": each["key"], "value": settings.get(each["key"].replace(".", "_"), each["value"])}
        for each in first.settings
    ]
    fact = first.completed(settings=lines)
    at = datetime.combine(D(since), datetime.min.time(), UTC)
    return Recorded(position, "ledger", position, f"r{position}", fact, at, at, Actor("s", "system"))


def test_a_later_release_moves_no_past_deadline():
    policy = Policy.fold([release(1, "2024-01-01"), release(5, "2026-06-01", enf_evidence="6")])
    assert policy.setting("enf.evidence", D("2019-01-01")) == 5
    assert policy.setting("enf.evidence", D("2026-05-31")) == 5
    assert policy.setting("enf.evidence", D("2026-06-01")) == 6
    assert policy.setting("enf.evidence", D("2026-06-01"), known=4) == 5
    assert policy.release == 5


def test_what_an_area_set_outlives_a_release():
    told = change(Telling()).ledger.records
    policy = Policy.fold([*told, replace(release(9, "2027-01-01", enf_evidence="6"), stream="ledger")])
    assert policy.setting("enf.evidence", D("2027-02-01")) == 7


def test_a_holiday_is_known_from_its_position():
    telling = Telling()
    data = {"date": "2025-09-19", "name": "Invented Holiday", "source_ref": "proclamation"}
    telling.tell("2025-09-01 10:00", "chief-officer", "SetBankHoliday", to="policy/policy", **data)
    policy = telling.ledger.policy()
    assert policy.calendar().add_working_days(D("2025-09-15"), 5) == D("2025-09-23")
    assert policy.calendar(1).add_working_days(D("2025-09-15"), 5) == D("2025-09-22")
    assert policy.holidays_added(1) == {D("2025-09-19"): "Invented Holiday"}
    assert policy.calendar().label == "england-and-wales@release 1 + policy 1"
    assert (
        telling.refused("2025-09-02 10:00", "chief-officer", "SetBankHoliday", to="policy/policy", **data)[0]
        == "GEN-01"
    )


def test_before_the_first_release_nothing_is_known():
    policy = Policy.fold([])
    assert policy.setting("enf.evidence", D("2025-01-01")) is None
    with pytest.raises(CalendarMissing):
        policy.calendar().add_working_days(D("2025-01-06"), 5)


@pytest.mark.parametrize(
    "data,why",
    [
        ({"key": "enf.evidense"}, "There is no setting enf.evidense;"),
        ({"new": "soon"}, "enf.evidence is counted in working days from issue: give a whole number"),
        ({"old": "6"}, "The present value of enf.evidence is 5;"),
        ({"key": "plc.pqs_q1_cap"}, "Changes to the Kent protocol need the endorsement of both committees."),
    ],
)
def test_a_change_is_refused(data, why):
    given = {"key": "enf.evidence", "new": "7", "effective_from": "2026-01-01", "reason": "as told"} | data
    found = Telling().refused(*AT, "ChangeSetting", to="policy/policy", **given)
    assert found[0] == "GEN-09"
    assert found[1].startswith(why)


def test_the_release_holds_every_setting_and_every_year_needed():
    fact = release_in_force()
    assert len(fact.model_dump_json()) < 65_535
    assert {each["date"][:4] for each in fact.bank_holidays} >= {str(year) for year in range(2023, 2029)}
    assert len(fact.settings) == len({each["key"] for each in fact.settings})


def test_nobody_goes_round_the_change_of_a_setting_by_correcting_it() -> None:
    who = Actor("00000000-0000-4000-8000-00000000000a", "chief-officer")
    fact = PolicySettingChanged(key="enf.evidence", new="9", effective_from=date(2025, 1, 1), reason="a circular")
    moment = datetime(2025, 1, 2, tzinfo=UTC)
    told = Recorded(1, "policy", 1, "00000000-0000-4000-8000-00000000000b", fact, moment, moment, who)
    draft = RecordCorrected(event_ref=told.id, field="new", corrected_value="garbage", reason="x")
    refusals, _, _ = rule_on_correction([told], draft, Now(moment, who, None), lambda _: None)
    assert [each.rule for each in refusals] == ["GEN-09"]


# ------------------------------------------------------------------------------------ what moved


def slowly_moved(policy: Policy, after: int, upto: int) -> dict[str, date]:
    """The same, day by day."""
    days = [D("2025-01-01") + timedelta(days=each) for each in range(800)]
    found = {}
    for key in SETTINGS:
        moved = [each for each in days if policy.setting(key, each, after) != policy.setting(key, each, upto)]
        if moved:
            found[key] = moved[0]
    before, now = policy.calendar(after), policy.calendar(upto)
    moved = [each for each in days if before.is_working_day(each) != now.is_working_day(each)]
    return found | ({"calendar": moved[0]} if moved else {})


def test_what_moved_is_told_with_its_first_day_whatever_moved_it():
    telling = Telling()
    change(telling, new="7", since="2026-01-01", label="to-seven")
    change(telling, "2025-12-02 10:00", new="9", since="2026-03-01")
    change(telling, "2025-12-03 10:00", key="enf.breach_threshold", new="3", since="2025-06-01")
    holiday = {"to": "policy/policy", "name": "A day off", "source_ref": "Gazette"}
    telling.tell("2025-12-04 10:00", "chief-officer", "SetBankHoliday", date="2026-06-16", label="a-day", **holiday)
    moved = {"event_ref": "a-day", "field": "date", "corrected_value": "2026-02-03", "reason": "misread"}
    telling.tell("2025-12-05 10:00", "chief-officer", "CorrectRecord", to="policy/policy", label="moved", **moved)
    for n, label in enumerate(("to-seven", "moved", "a-day")):
        data = {"event_ref": label, "reason": "as told"}
        telling.tell(f"2025-12-{6 + n:02} 10:00", "chief-officer", "StrikeOutRecord", to="policy/policy", **data)
    policy = telling.ledger.policy()
    for after in range(1, 10):
        for upto in range(after, 10):
            assert policy.moved(after, upto) == slowly_moved(policy, after, upto), (after, upto)
    assert policy.moved(5, 6) == {"calendar": D("2026-02-03")}, "a holiday that was moved moves the earlier of its days"


def test_a_release_moves_only_what_it_brings_otherwise_and_more_years_move_whoever_asked_for_them():
    first, later = release(1, "2020-01-01"), release(2, "2026-05-01", enf_evidence="6")
    assert Policy.fold([first, later]).moved(1, 2) == {"enf.evidence": D("2026-05-01")}
    holidays = [each for each in first.fact.bank_holidays if int(each["date"][:4]) < 2026]
    short = first.with_fact(first.fact.completed(bank_holidays=holidays), first.effective, 1)
    assert Policy.fold([short, release(2, "2026-05-01")]).moved(1, 2) == {"calendar": D("2026-01-01")}
    assert Policy.fold([first]).moved(0, 1)["calendar"] == date.min
