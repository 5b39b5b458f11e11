"""A project day on one page: each person's row by itself, refusals beside it, and sent twice it records once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.api.test_session_sheet import SITE, Park
from tests.doors import Case, Door, days_ago
from tests.web.browsing import Browser, read, signed_in, text_of

from ledger.aggregates.roles import ROLES
from ledger.api.web import came
from ledger.api.web.asking import MOST_FIELDS
from ledger.api.web.attendance import PEOPLE
from ledger.api.web.came import Untold, field, steps_of
from ledger.rules.enforcement import TWO_OUTCOMES

DAY = days_ago(1)
ROW = {"session_id": "s", "order_id": "o", "state": "planned", "start": "09:00", "credited": False}
OF_ROW = {field("s", each): str(uuid4()) for each in came.KEYS}


@dataclass
class Day:
    """A park with people expected yesterday, and a supervisor at a browser."""

    park: Park
    people: list[tuple[Case, str]]  # with the session
    browser: Browser

    @property
    def at(self) -> str:
        return f"/attendance?placement={self.park.id}&day={DAY}"

    def form(self) -> dict[str, str]:
        """The page as it comes, every field."""
        page = read(self.browser.get(self.at))
        given = {str(g["name"]): str(g.get("value") or "") for tag, g in page.tags if tag == "input" and "name" in g}
        return {name: value for name, value in given.items() if name != "told"} | {"form": self.token(page)}

    def token(self, page: Any) -> str:
        actions = [
            str(given.get("action")) for tag, given in page.tags if tag == "form" and given.get("method") == "post"
        ]
        assert actions[-1] == self.at
        return [given["value"] for _, given in page.tags if given.get("name") == "form"][-1]

    def send(self, fields: dict[str, str]) -> httpx.Response:
        return self.browser.post(self.at, fields)

    def events(self, number: int) -> list[str]:
        """What is recorded of the day in somebody's case."""
        case, session = self.people[number]
        events = self.park.door.get(f"{case.path}/chronology").json()["events"]
        told = sorted(events, key=lambda each: each["position"])
        return [each["type"] for each in told if each["values"].get("session_id") == session][1:]


def filled(session: str, **told: str) -> dict[str, str]:
    return {field(session, name): value for name, value in told.items()}


def worked(session: str) -> dict[str, str]:
    """A full day."""
    return filled(session, outcome="ATTC", arrival="09:00", departure="16:00", hours="6", minutes="30", travel="20")


@pytest.fixture
def day(door: Door) -> Day:
    park = Park(door, str(uuid4()))
    door.give(f"placement/{park.id}", "OpenPlacement", SITE, "placement-coordinator", key=uuid4())
    people = [park.person(name) for name in ("Ann", "Bea", "Cat")]
    return Day(park, [(each, park.session(each, DAY)) for each in people], signed_in(door, "supervisor"))


# ------------------------------------------------------------------------------------ what a row says


def test_a_row_where_nothing_is_filled_in_but_the_start_of_the_session_says_nothing():
    assert steps_of(ROW, OF_ROW | filled("s", arrival="09:00", outcome="", remark="  "), DAY) == []


def test_who_came_and_complied_has_attended_and_is_credited_whole_minutes():
    steps = steps_of(ROW, OF_ROW | worked("s") | {"told": "yes"}, DAY)
    assert [each.name for each in steps] == ["RecordAttendance", "CreditHours"]
    assert steps[0].data == {"session_id": "s", "arrival": "09:00", "departure": "16:00"}
    credited = {"work_minutes": 390, "travel_minutes": 20, "told_to_person": True}
    assert steps[1].data == {"session_id": "s", "order_id": "o", **credited}
    assert len({each.key for each in steps}) == 2


def test_who_failed_to_comply_has_attended_and_an_absence_with_the_remark():
    sent = OF_ROW | worked("s") | filled("s", outcome="AFTC", remark="Left the group")
    assert [each.name for each in steps_of(ROW, sent, DAY)] == ["RecordAttendance", "CreditHours", "RecordAbsence"]
    told = steps_of(ROW, sent, DAY)[-1].data
    assert (told["kind"], told["note"], told["date"]) == ("FAILURE_TO_COMPLY", "Left the group", DAY)


def test_who_did_not_come_has_an_absence_and_nothing_else():
    (step,) = steps_of(ROW, OF_ROW | filled("s", outcome="AFTA", arrival="09:00"), DAY)
    assert (step.name, step.data["kind"], step.data["appointment_kind"]) == ("RecordAbsence", "FTA", "UPW")
    assert "note" not in step.data


def test_who_attended_before_is_credited_alone():
    attended = ROW | {"state": "attended"}
    (step,) = steps_of(attended, OF_ROW | filled("s", hours="3"), DAY)
    assert (step.name, step.data["work_minutes"], step.data["told_to_person"]) == ("CreditHours", 180, False)


@pytest.mark.parametrize(
    "told, says",
    [
        ({"hours": "3"}, came.NO_OUTCOME),
        ({"outcome": "UACP"}, came.NO_OUTCOME),
        ({"outcome": "ATTC", "arrival": "09:00"}, came.NO_TIMES),
        ({"outcome": "ATTC", "departure": "09:00"}, came.NO_TIMES),
        ({"outcome": "AFTA", "hours": "3"}, came.NO_TIMES_NEEDED),
        ({"outcome": "AFTA", "departure": "12:00"}, came.NO_TIMES_NEEDED),
        ({"outcome": "ATTC", "arrival": "9:00", "departure": "10:00", "travel": "20"}, came.NO_WORK),
        ({"outcome": "ATTC", "arrival": "9:00", "departure": "10:00", "hours": "24", "minutes": "1"}, came.TOO_LONG),
        ({"outcome": "ATTC", "arrival": "9:00", "departure": "10:00", "remark": "Good"}, came.NOWHERE),
        *(
            (
                {"outcome": "ATTC", "arrival": "9:00", "departure": "10:00", "hours": text},
                came.NOT_A_NUMBER.format(name="Hours"),
            )
            for text in ("-1", "1.5", "six", "٣", "99999")
        ),
    ],
)
def test_a_row_that_cannot_be_recorded_says_what_to_fill_in(told: dict[str, str], says: str):
    with pytest.raises(Untold) as refused:
        steps_of(ROW, OF_ROW | filled("s", **told), DAY)
    assert str(refused.value) == says


def test_a_row_without_its_key_is_not_recorded_under_another():
    with pytest.raises(Untold):
        steps_of(ROW, filled("s", outcome="AFTA"), DAY)


# ------------------------------------------------------------------------------------ through the door


def test_everybody_of_a_day_is_recorded_by_one_submission(day: Day):
    (_, ann), (_, bea), (_, cat) = day.people
    answer = day.send(
        day.form() | worked(ann) | filled(bea, outcome="AFTA", remark="No word") | worked(cat) | {"told": "yes"}
    )
    assert answer.status_code == 200, text_of(answer)
    assert "Recorded and sealed for 3 of 3 people" in text_of(answer)
    assert day.events(0) == ["SessionAttended", "HoursCredited"]
    assert day.events(1) == ["AbsenceRecorded"]
    receipts = [str(g["href"]) for tag, g in read(answer).tags if tag == "a" and "/receipts/" in str(g.get("href", ""))]
    assert len(receipts) == 5
    for each in receipts:
        assert day.browser.get(each).status_code == 200


def test_what_is_refused_of_one_stands_beside_them_in_the_rules_words_and_nobody_else_waits(day: Day):
    (first, ann), (_, bea), (_, cat) = day.people
    form = day.form()
    missed = first.absence() | {"session_id": ann, "date": DAY}
    day.park.door.give(first.to, "RecordAbsence", missed, "supervisor", key=uuid4())
    answer = day.send(form | worked(ann) | worked(bea) | filled(cat, outcome="ATTC"))
    said = text_of(answer)
    assert answer.status_code == 409
    assert "2 of 3 could not be recorded" in said
    assert f"ENF-01: {TWO_OUTCOMES}" in said
    assert came.NO_TIMES in said
    assert f'href="#row-{ann}"' in answer.text
    assert day.events(0) == ["AbsenceRecorded"]
    assert day.events(1) == ["SessionAttended", "HoursCredited"]
    assert day.events(2) == []


def test_a_row_that_was_mended_is_recorded_and_what_stood_stays_recorded_once(day: Day):
    _, ann = day.people[0]
    late = {"session_id": ann, "minutes_late": 30, "stayed": True}
    form = day.form()
    day.park.door.give(day.people[0][0].to, "RecordLateness", late, "supervisor", key=uuid4())
    first = day.send(form | worked(ann))  # whoever was late is credited no travel (HRS-02)
    assert first.status_code == 409
    assert "HRS-02" in text_of(first)
    assert "SessionAttended" in day.events(0)
    assert "HoursCredited" not in day.events(0)
    size = day.park.door.size
    again = day.send(form | worked(ann) | filled(ann, travel="0"))
    assert again.status_code == 200, text_of(again)
    assert day.park.door.size == size + 1
    assert day.events(0).count("SessionAttended") == day.events(0).count("HoursCredited") == 1


def test_sent_twice_it_records_once_and_says_the_same(day: Day):
    (_, ann), (_, bea), _ = day.people
    form = day.form() | worked(ann) | filled(bea, outcome="AFTA")
    first, size = day.send(form), day.park.door.size
    second = day.send(form)
    assert day.park.door.size == size
    assert second.status_code == 200

    def receipts(answer: httpx.Response) -> list[str]:
        return [str(given["href"]) for _, given in read(answer).tags if "/receipts/" in str(given.get("href", ""))]

    assert receipts(second) == receipts(first)


def test_a_row_that_was_sent_says_nothing_else_under_its_key(day: Day):
    _, ann = day.people[0]
    form = day.form()
    day.send(form | worked(ann))
    size = day.park.door.size
    answer = day.send(form | worked(ann) | filled(ann, departure="15:00"))
    assert answer.status_code == 409
    assert "otherwise than it says now" in text_of(answer)
    assert day.park.door.size == size


def test_who_has_an_outcome_is_offered_no_second_one(day: Day):
    _, ann = day.people[0]
    day.send(day.form() | filled(ann, outcome="ATTC", arrival="09:00", departure="12:00"))
    page = day.browser.get(day.at)
    assert field(ann, "outcome") not in page.text
    assert field(ann, "hours") in page.text
    assert "Attended; hours are not credited yet" in text_of(page)
    day.send(day.form() | filled(ann, hours="2"))
    assert field(ann, "hours") not in day.browser.get(day.at).text
    assert day.events(0) == ["SessionAttended", "HoursCredited"]


def test_nobody_who_is_not_expected_is_recorded_on_the_page(day: Day):
    other = day.park.person("Dot")
    elsewhere = day.park.session(other, days_ago(2))
    size = day.park.door.size
    keys = {field(elsewhere, each): str(uuid4()) for each in came.KEYS}
    answer = day.send(day.form() | worked(elsewhere) | keys)
    assert answer.status_code == 200
    assert day.park.door.size == size


def test_who_may_not_read_a_case_is_told_that_somebody_is_expected_and_no_more(day: Day):
    case, ann = day.people[0]
    rule = {"user_id": day.park.door.actor("supervisor").id, "message": "Ask.", "reason": "Relative"}
    day.park.door.give(case.to, "ExcludeAccess", rule, "risk-manager", key=uuid4())
    page = day.browser.get(day.at)
    assert "Somebody whose case you may not read is expected too" in text_of(page)
    assert ann not in page.text
    size = day.park.door.size
    keys = {field(ann, each): str(uuid4()) for each in came.KEYS}
    day.send(day.form() | worked(ann) | keys)
    assert day.park.door.size == size


def test_the_page_of_a_day_is_on_record_in_every_case_it_shows(day: Day):
    day.browser.get(day.at)
    for case, _ in day.people:
        shown = day.park.door.get(f"{case.path}/readings", "auditor").json()["items"]
        assert "session-sheet" in {each["view"] for each in shown}


def test_a_form_of_another_day_or_another_session_records_nothing(day: Day):
    _, ann = day.people[0]
    form, size = day.form() | worked(ann), day.park.door.size
    assert day.browser.post(f"/attendance?placement={day.park.id}&day={days_ago(2)}", form).status_code == 403
    day.browser = signed_in(day.park.door, "supervisor")
    assert day.send(form).status_code == 403
    assert day.park.door.size == size


def test_markup_in_a_name_and_in_what_was_sent_is_text(door: Door):
    park = Park(door, str(uuid4()))
    door.give(f"placement/{park.id}", "OpenPlacement", SITE, "placement-coordinator", key=uuid4())
    session = park.session(park.person("<img src=x>"), DAY)
    here = Day(park, [], signed_in(door, "supervisor"))
    answer = here.send(here.form() | filled(session, outcome="ATTC", remark="<script>"))
    assert answer.status_code == 409
    assert "<img" not in answer.text
    assert 'value="&lt;script&gt;"' in answer.text


# ------------------------------------------------------------------------------------ which day, which project


def chosen(day: Day, query: str = "") -> tuple[str, list[str]]:
    """What the page that chooses says, and the ways on to a project's day."""
    day.park.door.run(day.park.door.ledger.follower.catch_up())
    answer = day.browser.get(f"/attendance?day={DAY}{query}")
    assert answer.status_code == 200, text_of(answer)
    ways = [
        str(given["href"]) for tag, given in read(answer).tags if tag == "a" and day.park.id in str(given.get("href"))
    ]
    return text_of(answer), ways


def test_a_day_leads_to_the_projects_where_somebody_is_expected_and_not_yet_recorded(day: Day):
    said, ways = chosen(day)
    assert ways == [f"/attendance?placement={day.park.id}&day={DAY}"]
    assert "Nowhere Park" in said
    assert "1 Nowhere Lane" in said
    assert day.browser.get(ways[0]).status_code == 200
    day.send(day.form() | worked(day.people[0][1]) | filled(day.people[1][1], outcome="AFTA"))
    assert len(chosen(day)[1]) == 1
    day.send(day.form() | worked(day.people[2][1]))
    assert chosen(day)[1] == []


def test_other_days_and_other_units_have_other_projects(day: Day):
    assert chosen(day, "&unit=Nowhere") == (chosen(day, "&unit=Nowhere")[0], [])
    assert "in Nowhere is still to be recorded" in chosen(day, "&unit=Nowhere")[0]
    assert len(chosen(day, "&unit=")[1]) == 1
    assert day.park.id not in day.browser.get(f"/attendance?day={days_ago(-40)}").text


def test_a_day_to_come_is_chosen_as_well(day: Day):
    day.park.session(day.park.person("Eve"), days_ago(-4))
    day.park.door.run(day.park.door.ledger.follower.catch_up())
    assert day.park.id in day.browser.get(f"/attendance?day={days_ago(-4)}").text
    assert day.park.id not in day.browser.get(f"/attendance?day={days_ago(-5)}").text


def test_whom_one_may_not_read_is_counted_and_not_placed(day: Day):
    case, _ = day.people[0]
    rule = {"user_id": day.park.door.actor("supervisor").id, "message": "Ask.", "reason": "Relative"}
    day.park.door.give(case.to, "ExcludeAccess", rule, "risk-manager", key=uuid4())
    assert (
        "more person is expected whose case you may not read" in chosen(day)[0] or "more people are" in chosen(day)[0]
    )


def test_who_looked_where_somebody_works_is_on_record_in_their_case(day: Day):
    chosen(day)
    for case, _ in day.people:
        shown = day.park.door.get(f"{case.path}/readings", "auditor").json()["items"]
        assert "attendance" in {each["view"] for each in shown}


def test_more_people_than_a_form_may_hold_are_recorded_page_by_page(day: Day, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ledger.api.web.attendance.PEOPLE", 2)
    first = day.browser.get(day.at)
    assert "3 people are expected" in text_of(first)
    ways = [str(given["href"]) for tag, given in read(first).tags if "part=" in str(given.get("href"))]
    assert ways == [f"{day.at}&part=2"]
    last = day.people[2][1]
    assert field(last, "outcome") not in first.text
    second = Day(day.park, day.people, day.browser)
    form = {
        str(given["name"]): str(given.get("value") or "")
        for tag, given in read(day.browser.get(ways[0])).tags
        if tag == "input" and "name" in given
    }
    form.pop("told", None)
    assert day.browser.post(day.at, form | worked(last)).status_code == 403  # a form of another page
    answer = day.browser.post(ways[0], form | worked(last))
    assert answer.status_code == 200, text_of(answer)
    assert second.events(2) == ["SessionAttended", "HoursCredited"]
    assert second.events(0) == []
    assert day.browser.get(f"{day.at}&part=9").status_code == 200
    assert day.browser.get(f"{day.at}&part=many").status_code == 422


def test_the_fullest_page_stays_within_what_a_form_may_hold(day: Day):
    per_person = len([name for name in day.form() if day.people[0][1] in name]) + 1  # and what came of it
    assert PEOPLE * per_person + 2 <= MOST_FIELDS


@pytest.mark.parametrize("placement, when", [("x", "2026-01-01"), (None, "soon"), (None, "2026-02-30")])
def test_a_day_or_placement_that_is_none_is_refused_politely(door: Door, placement: str | None, when: str):
    answer = signed_in(door, "supervisor").get(f"/attendance?placement={placement or uuid4()}&day={when}")
    assert answer.status_code == 422
    assert "Choose a placement" in text_of(answer)


def test_a_placement_that_is_not_there_is_not_there(door: Door):
    assert signed_in(door, "supervisor").get(f"/attendance?placement={uuid4()}&day={DAY}").status_code == 404


@pytest.mark.parametrize("role", ROLES)
def test_a_role_that_records_attendance_is_offered_the_page_and_no_other_gets_to_it(door: Door, role: str):
    browser = signed_in(door, role)
    assert ('href="/attendance"' in browser.get("/").text) == (role == "supervisor")
    assert browser.get("/attendance").status_code == (200 if role == "supervisor" else 403)
    assert browser.post(f"/attendance?placement={uuid4()}&day={DAY}", {"form": "0" * 64}).status_code == 403
