"""The lists of what is owed to people say on any day what their rows say on it."""

import random

from tests.aggregates.telling import Telling
from tests.aggregates.test_data_breach import B1, found
from tests.aggregates.test_rights import MANAGER, answered, asked, over
from tests.projections.test_schedule import holds_on_every_day, of_cases

from ledger.aggregates import AGGREGATES, noun_of
from ledger.projections import WORKLISTS


def agreed(case, *names):
    ledger, count = case.ledger, 0
    for stream in of_cases(ledger):
        history = ledger.history(stream, None, AGGREGATES[noun_of(stream)].opens)
        lists = [WORKLISTS[name] for name in names if WORKLISTS[name].noun == noun_of(stream)]
        known = len(ledger.records)
        count += holds_on_every_day(stream, history, ledger.policy(), known, random.Random(1), lists)
    return count


def test_requests():
    case = asked(asked(Telling().recorded(), on="2025-01-31"), "q2", "ERASURE", "2025-02-03")
    assert agreed(answered(case), "data-rights") > 10


def test_retention_with_an_exemption_that_ends_by_itself_and_one_that_is_ended():
    case = over()
    data = {"ground": "PUBLIC_PROTECTION", "on": "2026-01-05", "until": "2027-01-05", "reason": "as the panel asked"}
    case.tell("2026-01-05 10:00", MANAGER, "RetainRecord", **data)
    case.tell("2026-06-01 10:00", MANAGER, "EndRetention", on="2026-06-01", reason="over")
    case.tell("2026-07-01 10:00", MANAGER, "RetainRecord", **(data | {"on": "2026-07-01"}))
    assert agreed(case, "retention") > 10


def test_retention_with_a_second_order_that_opens_the_case_again():
    case = over().order("o2", sentence="2025-05-05")
    data = {"order_id": "o2", "ended_on": "2025-09-01", "ground": "COMPLETED"}
    case.tell("2025-09-01 16:00", "practitioner", "EndSupervision", **data)
    assert agreed(case, "retention") > 0


def test_breaches():
    case = found()
    judged = {"judged_at": "2025-04-02 10:00", "risk": False, "reason": "came back unopened"}
    case.tell("2025-04-02 10:00", "data-protection-officer", "JudgeDataBreach", to=B1, **judged)
    assert agreed(case, "data-breaches") > 3
