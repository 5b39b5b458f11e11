"""Each reason of the list of ENF-15 is counted under its own name, in the order of the rule book."""

from tests.aggregates.telling import Telling
from tests.projections.test_judgements import tally

CODES = [
    *("medical", "work", "family/caring", "travel", "religious observance", "bereavement"),
    *("court/other appointment", "other"),
]


def test_every_reason_of_the_list_has_a_line_of_its_own():
    telling = Telling().order()
    for n, code in enumerate(reversed(CODES)):
        name, day = f"a{n}", f"2025-06-{2 + 2 * n:02}"
        telling.absence(name, day, at=f"{day} 09:00").letter(f"l{n}", name, day).evidence(name, f"{day} 17:00")
        telling.judge(name, day, "ACCEPTABLE", reason_code=code)
    rows = tally(telling)
    assert [each["reason_code"] for each in rows] == CODES
    assert [(each["acceptable"], each["unacceptable"], each["differs"]) for each in rows] == [(1, 0, False)] * 8
