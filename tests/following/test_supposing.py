"""What another edition would have said of every case: here and in another process, the same as asked case by case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from bench.histories import Histories
from tests.doors import Door, a_problem, days_ago
from tests.importing import lines
from tests.test_placing import park

from ledger.errors import Malformed
from ledger.following import supposing
from ledger.projections.what_if import COMPARED
from ledger.rules.editions import NAMES


def ask(door: Door, edition: str, against: str | None = None, as_at: date | None = None) -> dict[str, Any]:
    told: list[tuple[int, int]] = []
    found = door.run(door.ledger.what_if(edition, against, as_at, lambda done, total: told.append((done, total))))
    assert told[-1] == (found["cases"], found["cases"])
    assert found["paused"] == []
    return found


def absent_twice(door: Door) -> str:
    """A case of a year ago with two absences, each deemed unacceptable long since."""
    case = door.new_case(sentence_date=days_ago(420), order_end_date=days_ago(-300))
    for days in (200, 150):
        absence = case.absence(days)
        door.give(case.to, "RecordAbsence", absence, "supervisor")
        letter = {"letter_id": absence["absence_id"], "absence_id": absence["absence_id"], "channel": "post"}
        door.give(case.to, "IssueEnforcementLetter", letter | {"issued_on": days_ago(days - 1)}, "practitioner")
    return case.id


def test_a_case_is_compared_with_what_is_in_force(door: Door) -> None:
    case_id = absent_twice(door)
    found = ask(door, "sentencing-2020")
    (item,) = [each for each in found["items"] if each["offender_id"] == case_id]
    assert item["differs"]["breach"] == ["triggered", "none"]
    assert item["differs"]["to_warn_or_refer"] == [0, 2]
    assert set(item["differs"]) == {"breach", "breach_on", "to_warn_or_refer"}
    again = ask(door, "sentencing-2026", "sentencing-2020")
    (item,) = [each for each in again["items"] if each["offender_id"] == case_id]
    assert set(item["differs"]) == {"state", "due_on", "working_end"}
    assert item["differs"]["state"] == ["outstanding", "in-time"]
    assert item["differs"]["due_on"][1] is None
    assert again["differs"]["due_on"] >= 1


def test_the_manual_against_what_is_in_force_differs_in_nothing(door: Door) -> None:
    absent_twice(door)
    assert ask(door, "manual-2022")["items"] == []
    assert ask(door, "sentencing-2026", "sentencing-2026")["items"] == []


def test_workers_come_to_the_same(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        absent_twice(door)
    here = ask(door, "sentencing-2026")
    monkeypatch.setattr(supposing, "CASES_AT_ONCE", 1)
    monkeypatch.setattr(supposing, "WORTH_WORKERS", 1)
    monkeypatch.setattr(supposing, "processors", lambda: 2)
    asked: list[Sequence[str]] = []

    class Counted(supposing.Workers):
        async def ask(self, *given: Any) -> Any:
            asked.append(given[0])
            return await super().ask(*given)

    with patch.object(supposing, "Workers", Counted):
        assert ask(door, "sentencing-2026") == here
    assert asked
    assert here["cases_that_differ"] >= 3


def test_the_views_say_what_the_report_says(door: Door) -> None:
    case_id = absent_twice(door)
    for edition in NAMES:
        rows = {
            view: door.get(f"/offenders/{case_id}/{view}", edition=edition, explain="true").json()
            for view in ("enforcement", "progress", "outlook")
        }
        (enforcement,), (progress,) = rows["enforcement"]["orders"], rows["progress"]["orders"]
        assert all(each["edition"] == edition for each in rows.values())
        assert enforcement["breach"] == ("triggered" if edition == "manual-2022" else "none")
        assert (progress["due_on"] is None) is (edition == "sentencing-2026")
        assert ("statutory" in enforcement) is (edition != "manual-2022")
        assert ("credit" in progress) is (edition == "sentencing-2026")
        assert (
            f"UPW-03@{'sentencing-2026' if edition == 'sentencing-2026' else 'manual-2022'}" in progress["why"]["rules"]
        )
    plain = door.get(f"/offenders/{case_id}/enforcement").json()
    assert "edition" not in plain
    assert plain["orders"][0]["breach"] == "triggered"


HISTORIES = 20  # each seen through two views under every edition
OF_ABSENCES = ("RecordAbsence", "IssueEnforcementLetter", "JudgeAbsence", "CorrectRecord")
MINUTES = (180, 420, 900)


def histories(draw: Random, placement: str) -> Iterator[dict[str, Any]]:
    """Lines of another system: bench.histories', with sessions among them, some of which disqualify; judgements are
    changed and put right.  Every second case has no absence, every third sessions put on another day, every fifth is a
    record of the person before."""
    before, orders = "", 0
    for line in Histories(HISTORIES, draw.randrange(1000), 0).made():
        if line["command"] in OF_ABSENCES and orders % 2 == 0:
            continue
        yield line
        told = {"source": line["source"]}
        if line["command"] == "JudgeAbsence" and draw.randrange(3) == 0:
            key, judged = str(uuid4()), line["data"]
            other = {"absence_id": judged["absence_id"], "from_result": "UNACCEPTABLE", "to_result": "ACCEPTABLE"}
            other |= {"reason": "proof came", "decided_on": judged["judged_on"]}
            yield lines.line("RejudgeAbsence", line["to"], other, "senior-practitioner", key=key, **told)
            if draw.randrange(2):  # a sealed value, put right by a sealed one
                right = {"event_ref": key, "field": "to_result", "corrected_value": "UNACCEPTABLE", "reason": "a slip"}
                yield lines.line("CorrectRecord", line["to"], right, "senior-practitioner", **told)
        if line["command"] != "RecordOrder":
            continue
        orders += 1
        day = date.fromisoformat(line["data"]["sentence_date"])
        for _ in range(draw.randrange(7)):
            session, key = str(uuid4()), str(uuid4())
            of = {"session_id": session, "order_id": line["data"]["order_id"]}
            on = day + timedelta(days=draw.randrange(5, 200))
            plan = {**of, "placement_id": placement, "date": str(on), "start": "09:00"}
            yield lines.line("ScheduleSession", line["to"], plan, "placement-coordinator", key=key, **told)
            if draw.randrange(4) == 0:
                sent = {"session_id": session, "reason": "LATE", "reported_to": ["the office"]}
                yield lines.line("SendHome", line["to"], sent, "supervisor", **told)
            worked = {"work_minutes": draw.choice(MINUTES), "travel_minutes": 0, "told_to_person": True}
            yield lines.line("CreditHours", line["to"], {**of, **worked}, "supervisor", **told)
            if orders % 3 == 0:
                right = {"event_ref": key, "field": "date", "corrected_value": str(on + timedelta(days=400))}
                by = "senior-practitioner"
                yield lines.line("CorrectRecord", line["to"], {**right, "reason": "a slip"}, by, **told)
        if before and orders % 5 == 0:
            into = {"into": before.partition("/")[2], "reason": "one person"}
            yield lines.line("MergePersons", line["to"], into, "information-officer", **told)
        before = line["to"]


def as_viewed(door: Door, case_id: str, edition: str, as_at: date) -> dict[str, dict[str, Any]]:
    """By order, what is compared, as two views of the case say it under an edition, asked one by one."""
    found = dict[str, dict[str, Any]]()
    for view in ("enforcement", "progress"):
        shown = door.run(door.ledger.view("offender", case_id, view, as_at=as_at, edition=edition))
        for row in shown["orders"]:
            found.setdefault(row["order_id"], {}).update({name: row[name] for name in COMPARED if name in row})
            if view == "enforcement":
                failures = row.get("statutory", {}).get("failures", ())
                found[row["order_id"]]["to_warn_or_refer"] = sum(each["duty"] == "warn-or-refer" for each in failures)
    assert all(set(each) == set(COMPARED) for each in found.values())
    return found


def test_of_histories_told_by_another_system_it_says_what_the_views_say_one_by_one(door: Door, tmp_path: Path) -> None:
    told = list(histories(Random(20261123), park(door, 99)))
    outcome = lines.imported(door, lines.write(tmp_path, told))
    assert outcome.rejected == []
    names = {each["to"].partition("/")[2] for each in told}
    for as_at in (date(2021, 6, 1), date(2022, 9, 1), date(2026, 11, 1)):
        views = {(each, edition): as_viewed(door, each, edition, as_at) for each in names for edition in NAMES}
        for one, other in permutations(NAMES, 2):
            expected = dict[str, dict[str, Any]]()
            for case_id in names:
                before, after = views[case_id, one], views[case_id, other]
                for order_id, row in before.items():
                    after_row = after[order_id]
                    differs = {name: [row[name], after_row[name]] for name in COMPARED if row[name] != after_row[name]}
                    if differs:
                        expected[order_id] = differs
            found = [each for each in ask(door, other, one, as_at)["items"] if each["offender_id"] in names]
            assert {each["order_id"]: each["differs"] for each in found} == expected
            assert len({each["order_id"] for each in found}) == len(found)
            assert found or as_at.year == 2021


def test_an_edition_that_is_none_is_refused(door: Door) -> None:
    case_id = absent_twice(door)
    a_problem(door.get(f"/offenders/{case_id}/enforcement", edition="kent"), 422)
    with pytest.raises(Malformed):
        ask(door, "kent")
    with pytest.raises(Malformed):
        ask(door, "sentencing-2020", "kent")


def test_a_case_that_cannot_be_folded_is_named_and_the_others_are_compared(door: Door) -> None:
    bad, good = absent_twice(door), absent_twice(door)
    compared = supposing.compared

    def fails_on_one(history: Any, *given: Any) -> Any:
        if history[0].stream.endswith(bad):
            raise ZeroDivisionError
        return compared(history, *given)

    with patch.object(supposing, "compared", fails_on_one):
        found = door.run(door.ledger.what_if("sentencing-2026", None, None, lambda done, total: None))
    assert found["paused"] == [{"offender_id": bad}]
    assert good in {each["offender_id"] for each in found["items"]}


def test_the_rules_in_force_on_a_day_are_those_that_the_settings_chose(door: Door) -> None:
    start, before = days_ago(-10), days_ago(-9 - 2)
    change = {"key": "upw.period_edition", "new": "sentencing-2026", "effective_from": start, "reason": "S.I. 2026/402"}
    door.give("policy/policy", "ChangeSetting", change, "chief-officer")
    for as_at, edition in ((days_ago(-9), "manual-2022"), (start, "sentencing-2026"), (before, "sentencing-2026")):
        items = door.get("/rules", as_at=as_at).json()["items"]
        point = {each["edition"]: each for each in items if each["id"] == "UPW-03"}
        assert [name for name, each in point.items() if each["in_force"]] == [edition]
        assert point["sentencing-2026"]["starts"] == start
        assert point["manual-2022"]["starts"] is None
        assert point["sentencing-2026"]["setting"] == "upw.period_edition"
        assert [each["in_force"] for each in items if each["id"] == "ENF-04"] == [True]
    assert "in_force" not in door.get("/rules").json()["items"][0]
