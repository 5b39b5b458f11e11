"""What another edition would have said of every case: here and in another process, the same as asked case by case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from unittest.mock import patch

import pytest
from tests.doors import Door, a_problem, days_ago

from ledger.errors import Malformed
from ledger.following import supposing
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
