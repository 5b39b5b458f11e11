"""The rules on pages, with their editions; and what another edition would have said, of a case and of the caseload."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import httpx
import pytest
from tests.doors import Door, days_ago
from tests.web.browsing import Browser, read, signed_in, text_of

from ledger.aggregates.roles import ROLES
from ledger.api.asking import READERS
from ledger.api.web.rulebook import AT
from ledger.rules.editions import NAMES
from ledger.rules.registry import EDITIONS, rules

CAME = 30.0  # seconds


def test_every_rule_stands_on_the_page_in_its_own_words_with_its_source(door: Door):
    said = text_of(signed_in(door, "police").get("/audit/rules"))
    for each in rules():
        assert " ".join(each.text.split()) in said, each.id
        assert each.cite in said
    for each in EDITIONS.values():
        assert each.title in said


def test_every_rule_has_a_page_of_its_own_and_an_anchor(door: Door):
    browser = signed_in(door)
    ids = sorted({each.id for each in rules()})
    register = read(browser.get("/audit/rules"))
    anchors = [given["id"] for tag, given in register.tags if tag == "div" and given.get("id") in ids]
    assert sorted(map(str, anchors)) == ids
    for id_ in (ids[0], "ENF-08", "GEN-05", ids[-1]):
        answer = browser.get(f"/audit/rules/{id_}")
        assert answer.status_code == 200
        for each in rules():
            if each.id == id_:
                assert each.text in text_of(answer)


@pytest.mark.parametrize("id_", ["ENF-99", "x", "%3Cscript%3E", "%00", "enf-08", "A" * 3_000])
def test_a_rule_that_is_none_is_not_there(door: Door, id_: str):
    answer = signed_in(door).get(f"/audit/rules/{id_}")
    assert answer.status_code == 404
    assert "<script>" not in answer.text


def test_rules_are_found_by_edition_and_by_words(door: Door):
    browser = signed_in(door)
    of_2026 = [each for each in rules() if each.edition == "sentencing-2026"]
    answer = browser.get("/audit/rules?edition=sentencing-2026")
    assert f"{len(of_2026)} rules" in text_of(answer)
    assert "No rule has these words" in text_of(browser.get("/audit/rules?words=%3Cscript%3Edragons"))
    assert "ENF-08" in text_of(browser.get("/audit/rules?words=enf-08"))


def test_what_is_in_force_depends_on_the_day_that_is_asked_about(door: Door):
    setting = {
        "key": "enf.breach_edition",
        "new": "sentencing-2020",
        "effective_from": days_ago(10),
        "reason": "S.I. 2020/1236",
    }
    door.give("policy/policy", "ChangeSetting", setting, "chief-officer", key=uuid4())
    browser = signed_in(door)
    before = text_of(browser.get(f"/audit/rules/ENF-08?as_at={days_ago(20)}"))
    after = text_of(browser.get(f"/audit/rules/ENF-08?as_at={days_ago(1)}"))
    order = (EDITIONS["manual-2022"].title, EDITIONS["sentencing-2020"].title)
    manual, act = (before.partition(order[1])[0], before.partition(order[1])[2])
    assert "Not in force" not in manual
    assert "Not in force" in act
    manual, act = (after.partition(order[1])[0], after.partition(order[1])[2])
    assert "Not in force" in manual
    assert "Not in force" not in act


# ------------------------------------------------------------------------------------ of one case


def breached(door: Door) -> str:
    """Two absences without evidence: a breach by the manual, and none where a failure must be referred."""
    case = door.new_case()
    for days in (50, 45):
        absence = case.absence(days)
        door.give(case.to, "RecordAbsence", absence, "supervisor", key=uuid4())
        sent = {"letter_id": str(uuid4()), "absence_id": absence["absence_id"], "channel": "post"}
        door.give(
            case.to, "IssueEnforcementLetter", sent | {"issued_on": days_ago(days - 1)}, "practitioner", key=uuid4()
        )
    return case.id


def test_another_edition_is_set_beside_what_is_in_force(door: Door):
    case = breached(door)
    at = f"/audit/editions/offenders/{case}"
    browser = signed_in(door)
    said = {name: text_of(browser.get(f"{at}?edition={name}")) for name in NAMES}
    assert len({"It would have said the same" in each for each in said.values()}) == 2  # one is in force, one is not
    for name in NAMES:
        assert EDITIONS[name].title in said[name]
        asked = [door.get(f"/offenders/{case}/enforcement", **given).json() for given in ({}, {"edition": name})]
        same = asked[0]["orders"] == asked[1]["orders"] if "orders" in asked[0] else asked[0] == asked[1]
        if not same:
            assert "Under this edition" in said[name]


def test_the_two_readings_of_it_are_on_record(door: Door):
    case = breached(door)
    signed_in(door).get(f"/audit/editions/offenders/{case}?edition=sentencing-2020")
    views = {each.get("view") for each in door.get(f"/offenders/{case}/readings", "auditor").json()["items"]}
    assert {"enforcement", "enforcement/sentencing-2020", "progress/sentencing-2020"} <= views


@pytest.mark.parametrize("query, status", [("edition=dragons", 422), ("as_at=x", 422), ("edition=%00", 422), ("", 200)])
def test_an_edition_that_is_none_is_refused(door: Door, query: str, status: int):
    assert signed_in(door).get(f"/audit/editions/offenders/{breached(door)}?{query}").status_code == status


def test_a_case_that_is_closed_to_a_reader_is_not_compared_for_them(door: Door):
    case = door.new_case()
    rule = {"user_id": door.actor("practitioner").id, "message": "Ask the duty manager.", "reason": "Relative"}
    door.give(case.to, "ExcludeAccess", rule, "risk-manager", key=uuid4())
    assert signed_in(door).get(f"/audit/editions/offenders/{case.id}").status_code == 403


# ------------------------------------------------------------------------------------ the whole caseload


def asked(browser: Browser, **fields: str) -> httpx.Response:
    form = [str(given["value"]) for _, given in read(browser.get(AT)).tags if given.get("name") == "form"][-1]
    return browser.post(AT, {"form": form, **fields})


def came_of(door: Door, browser: Browser, at: str) -> httpx.Response:
    """The page once it is worked out."""

    async def waited() -> None:
        async with asyncio.timeout(CAME):
            while door.app.state.what_ifs.newest()[0][1].running:
                await asyncio.sleep(0.01)

    door.run(waited())
    return browser.get(at)


def test_a_caseload_is_compared_beside_the_pages_and_its_result_can_be_read_again(door: Door):
    case, browser = breached(door), signed_in(door)
    sent = asked(browser, edition="sentencing-2026", against="manual-2022", as_at="")
    assert sent.status_code == 303
    answer = came_of(door, browser, sent.headers["location"])
    said = text_of(answer)
    assert "cases would differ" in said
    wanted = door.run(
        door.ledger.what_if("sentencing-2026", "manual-2022", None, lambda done, of: None)  # as the command has it
    )
    assert f"{wanted['cases_that_differ']} of {wanted['cases']} cases would differ" in said
    assert any(each["offender_id"] == case for each in wanted["items"])
    assert sent.headers["location"] in browser.get(AT).text


def test_each_showing_of_it_is_on_record_as_a_list_is(door: Door):
    case, browser = breached(door), signed_in(door)
    sent = asked(browser, edition="sentencing-2026", against="manual-2022")
    came_of(door, browser, sent.headers["location"])
    items = door.get(f"/offenders/{case}/readings", "auditor").json()["items"]
    assert any(each.get("target_ref") == "what-if" for each in items)


def test_who_is_not_on_the_page_is_not_on_record_as_shown(door: Door, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ledger.api.web.rulebook.ROWS", 1)
    cases, browser = [breached(door), breached(door)], signed_in(door)
    sent = asked(browser, edition="sentencing-2026", against="manual-2022")
    answer = came_of(door, browser, sent.headers["location"])
    assert "the first 1 of" in text_of(answer)
    assert "Orders that differ, by what differs" in text_of(answer)
    for case in cases:
        items = door.get(f"/offenders/{case}/readings", "auditor").json()["items"]
        told = any(each.get("target_ref") == "what-if" for each in items)
        assert told == (f"/audit/editions/offenders/{case}" in answer.text)
    kept = door.app.state.what_ifs.newest()[0][1].task.result()[1]
    assert (len(kept.items), kept.orders_that_differ >= 2) == (1, True)


def test_a_case_with_limited_access_is_a_row_without_a_word(door: Door):
    case, browser = breached(door), signed_in(door)
    rule = {"user_id": door.actor("practitioner").id, "message": "Ask the duty manager.", "reason": "Relative"}
    door.give(f"offender/{case}", "ExcludeAccess", rule, "risk-manager", key=uuid4())
    sent = asked(browser, edition="sentencing-2026", against="manual-2022")
    answer = came_of(door, browser, sent.headers["location"])
    assert case not in answer.text
    assert "A case with limited access" in text_of(answer)


def test_while_one_is_under_way_another_is_asked_to_wait(door: Door, monkeypatch: pytest.MonkeyPatch):
    browser, goes_on = signed_in(door), asyncio.Event()

    async def waiting(*args: object) -> None:
        await goes_on.wait()
        raise asyncio.CancelledError

    monkeypatch.setattr(type(door.ledger), "suppose", waiting)
    first = asked(browser, edition="sentencing-2026")
    assert "Look again" in text_of(browser.get(first.headers["location"]))
    assert asked(browser, edition="sentencing-2020").status_code == 429

    async def let_go() -> None:
        goes_on.set()
        await asyncio.sleep(0.01)

    door.run(let_go())


@pytest.mark.parametrize("fields", [{"edition": "x"}, {}, {"edition": "manual-2022", "as_at": "x"}], ids=range(3))
def test_a_question_that_makes_no_sense_is_not_begun(door: Door, fields: dict[str, str]):
    assert asked(signed_in(door), **fields).status_code == 422


@pytest.mark.parametrize("number", ["0", "999999", "x", "-1", "%00", "9" * 50])
def test_a_comparison_that_is_not_known_is_not_there(door: Door, number: str):
    assert signed_in(door).get(f"{AT}/{number}").status_code == 404


@pytest.mark.parametrize("role", [each for each in ROLES if each != "system"])
def test_the_caseload_is_compared_for_whoever_reads_lists(door: Door, role: str):
    assert signed_in(door, role).get(AT).status_code == (200 if role in READERS else 403)


def test_a_forged_question_is_not_begun(door: Door):
    browser = signed_in(door)
    assert browser.post(AT, {"form": "x", "edition": "manual-2022"}).status_code == 403
