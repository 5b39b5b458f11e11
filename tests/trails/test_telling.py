"""How trails say things: editions this release has or has not, counts, and of a view what is about the decision."""

from __future__ import annotations

import pytest

from ledger.trails.again import Outcome
from ledger.trails.telling import (
    CANNOT,
    CANNOT_ONE,
    NOT_IN_THIS_RELEASE,
    _records,
    about_them,
    in_full,
    rerun_of,
    rules_of,
)


def test_an_edition_of_this_release_has_its_words_and_its_sources():
    (found,) = rules_of(["ENF-04@manual-2022"])
    assert (found["rule"], found["edition"]) == ("ENF-04", "manual-2022")
    assert found["title"].startswith("Community Payback")
    assert any("fifth working day" in text for text in found["texts"])
    assert all(source.startswith("CPOM") for source in found["sources"])


def test_an_edition_that_this_release_no_longer_has_says_so_and_is_not_replaced_by_another():
    (found,) = rules_of(["ENF-04@manual-2031"])
    assert found["texts"] == [NOT_IN_THIS_RELEASE]
    assert (found["title"], found["sources"]) == ("manual-2031", [])


@pytest.mark.parametrize("closed, says", [(1, CANNOT_ONE), (2, CANNOT.format(n=2)), (40, CANNOT.format(n=40))])
def test_inputs_that_nobody_can_read_are_counted(closed: int, says: str):
    found = rerun_of(Outcome(), [], [(each, "field") for each in range(closed)], frozenset(), in_full)
    assert (found["outcome"], found["says"]) == ("cannot", says)
    assert len(found["inputs_closed"]) == closed


def test_of_a_view_only_what_is_about_the_decision_is_printed_and_all_where_nothing_names_it():
    view = {
        "orders": [
            {"order_id": "o1", "absences": [{"absence_id": "a1", "letter": {"letter_id": "l1"}}, {"absence_id": "a2"}]},
            {"order_id": "o2", "absences": []},
        ],
        "alerts": ["one", "two"],
    }
    assert about_them(view, frozenset({"l1"})) == {
        "orders": [{"order_id": "o1", "absences": [{"absence_id": "a1", "letter": {"letter_id": "l1"}}]}],
        "alerts": ["one", "two"],
    }
    assert about_them(view, frozenset({"elsewhere"})) == view


def test_one_record_and_several():
    assert (_records([7]), _records((7, 9))) == ("record 7", "records 7, 9")
