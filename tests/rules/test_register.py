"""The rules of the register: review clock, warning flags, the set texts of the notebook, whose employee a worker is."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.rules import register

D = date.fromisoformat


@pytest.mark.parametrize(
    "anchor,due", [("2024-12-04", "2025-04-04"), ("2025-10-31", "2026-02-28"), ("2025-01-31", "2025-05-31")]
)
def test_a_review_is_due_on_the_corresponding_day_four_months_on(anchor, due):
    assert register.review_due(D(anchor), 4) == D(due)


def test_it_is_reminded_of_a_fortnight_before():
    assert register.review_reminder(D("2025-04-04"), 14) == D("2025-03-21")


@pytest.mark.parametrize(
    "agency,theirs",
    [
        ("Probation", True),
        ("Nowhere PROBATION Service", True),
        ("HMPPS", True),
        ("Nowhere Children's Services", False),
        ("Approbation Ltd", False),
    ],
)
def test_a_probation_employee_is_known_by_the_agency(agency, theirs):
    assert register.of_probation(agency) is theirs


# ---------------------------------------------------------------------------------------- flags

SPANS = st.lists(
    st.tuples(st.integers(1, 60), st.none() | st.integers(1, 60)).filter(
        lambda each: each[1] is None or each[1] > each[0]
    )
)


@given(SPANS, st.integers(1, 70))
def test_a_flag_dates_from_the_first_day_of_an_unbroken_run(spans, day):
    def stood(n):
        return any(began <= n and (ended is None or n < ended) for began, ended in spans)

    def handed_over(n):
        """Whether one span that stood the day before stands on day n too."""
        return any(began < n and (ended is None or n < ended) for began, ended in spans)

    first = day
    while stood(first) and handed_over(first):
        first -= 1
    expected = date.fromordinal(first) if stood(day) else None
    days = [(date.fromordinal(a), None if b is None else date.fromordinal(b)) for a, b in spans]
    assert register.flag_since(days, date.fromordinal(day)) == expected


# ---------------------------------------------------------------------------------------- texts

TEXT_1 = (
    "Children removed from LA CP register. Children's details removed from IOSS on 18/03/26 and the case transferred "
    "to the history file."
)
LOCAL = (
    "Contact with Children has ceased. Children's details removed from IOSS on 05/03/26 and the case transferred to "
    "the history file."
)
LINK = (
    "Case terminated whilst Children subject to LA CP register. Link ended on 30/01/26; details kept for another "
    "current case."
)


@pytest.mark.parametrize(
    "told,ground,edited,local",
    [
        (TEXT_1, "CHILD_REMOVED", False, False),
        (TEXT_1.replace("18/03/26", "31/02/26"), None, True, False),
        (TEXT_1.replace("18/03/26", "8/3/26"), None, True, False),
        (TEXT_1.removesuffix("."), None, True, False),
        (TEXT_1.lower(), None, True, False),
        ("  " + TEXT_1, None, True, False),
        (TEXT_1.replace(". Children", ".\nChildren"), None, True, False),
        (register.written(register.TEXTS["SUPERVISION_ENDED"], D("2026-02-03")), "SUPERVISION_ENDED", False, False),
        (LOCAL, "CONTACT_CEASED", False, True),
        (LOCAL.removesuffix("."), None, True, False),
        ("Case terminated whilst Children subject to a plan.", None, True, False),
        (LINK, None, False, True),
        ("One child removed from the register on 13/10/25; others remain.", None, False, True),
        ("One child removed from the register today.", None, True, False),
        ("One child removed from school for the day.", None, False, False),
        ("Seen at home, nothing to note.", None, False, False),
        ("", None, False, False),
    ],
)
def test_a_set_text_is_known_word_for_word(told, ground, edited, local):
    assert (register.set_text(told), register.edited_text(told), register.local_wording(told)) == (
        ground,
        edited,
        local,
    )


@given(st.dates(date(1970, 1, 1), date(2068, 12, 31)), st.sampled_from(sorted(register.TEXTS)))
def test_every_text_is_recognised_as_it_is_written(day, ground):
    assert register.set_text(register.written(register.TEXTS[ground], day)) == ground


def test_late_is_possible_from_the_day_after_the_ground():
    assert register.possible_breach_from(D("2026-03-16")) == D("2026-03-17")
