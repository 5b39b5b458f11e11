"""The last day, the last minute, the last case of the rules: what no other test tells from the one after it."""

from datetime import date, datetime

import pytest

from ledger.rules import general, hours
from ledger.rules.dates import LONDON
from ledger.rules.editions import BREACH, MANUAL, PARTS, part_of
from ledger.rules.registry import rules

D = date.fromisoformat


@pytest.mark.parametrize("minutes,long", [(419, False), (420, False), (421, True)])
def test_seven_hours_are_no_long_day_and_a_minute_more_is(minutes, long):
    assert hours.long_day(minutes, 420) is long


@pytest.mark.parametrize(
    "effective,recorded,late",
    [
        ("2025-03-03", "2025-03-03 23:59", 0),
        ("2025-03-03", "2025-03-04 00:00", 1),
        ("2025-03-06", "2025-03-03 12:00", 0),  # a plan, told before its day
        ("2025-03-03 23:59", "2025-03-04 00:00", 1),
    ],
)
def test_how_late_a_record_is(effective, recorded, late):
    told = datetime.fromisoformat(recorded).replace(tzinfo=LONDON)
    when = D(effective) if len(effective) == 10 else datetime.fromisoformat(effective).replace(tzinfo=LONDON)
    assert general.recorded_late_days(when, told) == late


def test_under_an_edition_of_another_text_the_manual_rules():
    assert [part.under("kent") for part in PARTS] == [MANUAL] * 3
    assert BREACH.under("sentencing-2026") == "sentencing-2020"


def test_of_the_manual_only_what_gives_way_belongs_to_a_part():
    manual = {each.id: part_of(each) for each in rules() if each.edition == MANUAL}
    given_way = {rule: part.name for rule, part in manual.items() if part is not None}
    assert given_way == {
        "ENF-08": "breach",
        **dict.fromkeys(("UPW-03", "UPW-04", "UPW-05", "UPW-07", "UPW-08"), "period"),
        "HRS-05": "credit",
    }
    assert {part_of(each) for each in rules() if each.edition in ("kent", "west-mercia-2007", "conventions-1")} == {
        None
    }
