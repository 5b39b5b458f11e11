"""Letters through the door: previewed, issued with the words that were seen, read word for word by those who may.

The words of a letter are those of its own moment: another template, another address or a correction changes the next
letter and no other.
"""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.access.entries import readings, size
from tests.api.test_limited import exclude, user
from tests.doors import PERSON, Case, Door, a_problem, days_ago
from tests.printing.paper import Paper

from ledger.reading import a_day
from ledger.rules import letters
from ledger.rules.dates import printed

SET = "/policy/policy/set-template"
OURS = """Come and explain
{name}
Absent on {absence_date}; evidence until {evidence_deadline}."""


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def an_absence(door: Door, case: Case | None = None, days: int = 20) -> tuple[Case, str]:
    case = case or door.new_case()
    absence = case.absence(days)
    door.give(case.to, "RecordAbsence", absence, "supervisor", key=uuid4())
    return case, absence["absence_id"]


def letter_for(absence_id: str, days: int = 18, **more: Any) -> dict[str, Any]:
    return {
        "letter_id": str(uuid4()),
        "absence_id": absence_id,
        "issued_on": days_ago(days),
        "channel": "post",
        "template": "enforcement-letter",
        **more,
    }


def issue(door: Door, case: Case, body: dict[str, Any]) -> httpx.Response:
    return door.post(f"{case.path}/issue-enforcement-letter", body)


def issued(door: Door, case: Case, body: dict[str, Any]) -> str:
    """The id of the fact."""
    answer = issue(door, case, body)
    assert answer.status_code == 201, answer.text
    return answer.json()["events"][0]["id"]


def preview(door: Door, case: Case, body: dict[str, Any], role: str = "practitioner") -> httpx.Response:
    return door.post(f"{case.path}/issue-enforcement-letter/preview", body, role)


def words(door: Door, case: Case, name: str) -> str:
    answer = door.get(f"{case.path}/letters/{name}.txt")
    assert answer.status_code == 200, answer.text
    return answer.text


def set_template(door: Door, text: str, **more: Any) -> httpx.Response:
    """The area's template from this day on; struck out by `no_template`."""
    given = {"name": "enforcement-letter", "edition": f"area {uuid4().hex[:8]}", "effective_from": days_ago(400)}
    return door.post(SET, given | {"text": text, "reason": "plainer"} | more, "chief-officer")


def no_template(door: Door, answer: httpx.Response) -> None:
    data = {"event_ref": answer.json()["events"][0]["id"], "reason": "the test is over"}
    assert door.post("/policy/policy/strike-out-record", data, "chief-officer").status_code == 201


# ------------------------------------------------------------------------------------------ what is said


def test_a_letter_says_who_missed_what_and_until_when_evidence_counts(door: Door):
    case, absence = an_absence(door)
    body = letter_for(absence)
    fact = issued(door, case, body)
    said = words(door, case, fact)
    letter = door.get(f"{case.path}/enforcement").json()["orders"][0]["absences"][0]["letter"]
    assert said.startswith("You missed an appointment: tell us why\n\nAnn Featherstonehaugh\n\nDate: ")
    for part in (
        PERSON["client_id"],
        printed(a_day(days_ago(20))),
        f"until the end of {printed(a_day(letter['evidence_deadline']))}, 5 working days after",
        "unpaid work under the community order that Kidderminster made on " + printed(a_day(days_ago(60))),
    ):
        assert part in said, part
    assert "{" not in said
    assert words(door, case, body["letter_id"]) == said


def test_its_pages_say_the_words_that_were_recorded_and_their_digest(door: Door):
    case, absence = an_absence(door)
    fact = issued(door, case, letter_for(absence))
    said = words(door, case, fact)
    answer = door.get(f"{case.path}/letters/{fact}.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    paper = Paper(answer.content)
    foot = f"Words, SHA-256: {digest(said)}"
    for each in (said, foot, fact, "edition built-in 1"):
        assert paper.says(each), each
    assert door.get(f"{case.path}/letters/{fact}.pdf").content == answer.content


def test_the_fact_holds_template_digests_and_words(door: Door):
    case, absence = an_absence(door)
    fact = issued(door, case, letter_for(absence))
    rows = door.get(f"{case.path}/chronology").json()["events"]
    (told,) = [each["values"] for each in rows if each["id"] == fact]
    said = words(door, case, fact)
    assert (told["template"], told["template_edition"]) == ("enforcement-letter", letters.BUILT_IN)
    assert told["template_digest"] == digest(letters.KINDS["enforcement-letter"].text)
    assert (told["words"], told["words_digest"]) == (said, digest(said))


def test_a_warning_says_what_the_act_demands(door: Door):
    case, absence = an_absence(door)
    door.give(case.to, "IssueEnforcementLetter", letter_for(absence, 19, template=None), "practitioner", key=uuid4())
    # No evidence came in time, so it is deemed unacceptable.
    given = {
        "warning_id": str(uuid4()),
        "absence_id": absence,
        "given_on": days_ago(1),
        "circumstances": "Did not come to Nowhere Park {name} #eval(1) <b>.",
        "says_unacceptable": True,
        "says_liable": True,
        "template": "warning",
    }
    seen = door.post(f"{case.path}/give-breach-warning/preview", given)
    assert seen.status_code == 200, seen.text
    answer = door.post(f"{case.path}/give-breach-warning", given | {"words_digest": seen.json()["words_digest"]})
    assert answer.status_code == 201, answer.text
    said = words(door, case, given["warning_id"])
    assert said == seen.json()["words"]
    for part in (given["circumstances"], letters.UNACCEPTABLE, "liable to be brought before a court"):
        assert part in said
    assert Paper(door.get(f"{case.path}/letters/{given['warning_id']}.pdf").content).says(said)


def test_a_person_without_an_address_has_no_gap_and_one_put_right_has_the_new_one(door: Door):
    case, first = an_absence(door)
    assert "\n\n\n" not in words(door, case, issued(door, case, letter_for(first)))
    moved = {"field": "Address", "new_value": "1 New Road\nNowhere", "reason": "moved"}
    door.give(case.to, "CorrectOffenderDetails", moved, "practitioner", key=uuid4())
    _, second = an_absence(door, case, 10)
    assert "Ann Featherstonehaugh\n1 New Road\nNowhere\n\nDate" in words(
        door, case, issued(door, case, letter_for(second, 9))
    )


# ------------------------------------------------------------------------------------------ preview


def test_a_preview_records_nothing_and_is_what_is_issued(door: Door):
    case, absence = an_absence(door)
    body, before = letter_for(absence), door.size
    seen = preview(door, case, body)
    assert seen.status_code == 200, seen.text
    assert door.size == before
    assert seen.json()["words_digest"] == digest(seen.json()["words"])
    fact = issued(door, case, body | {name: seen.json()[name] for name in ("words_digest", "template_digest")})
    assert words(door, case, fact) == seen.json()["words"]


@pytest.mark.parametrize("how", ["format", "accept"])
def test_a_preview_is_pages_too_that_say_it_is_none_yet(door: Door, how: str):
    case, absence = an_absence(door)
    body, before = letter_for(absence), door.size
    path = f"{case.path}/issue-enforcement-letter/preview"
    asked = {"Accept": "application/pdf"} if how == "accept" else {}
    address = f"{path}?format=pdf" if how == "format" else path
    pages = door.post(address, body, "practitioner", **asked)
    assert (pages.status_code, pages.headers["content-type"]) == (200, "application/pdf")
    assert pages.headers["cache-control"] == "no-store"
    assert door.size == before
    again = door.post(address, body, "practitioner", **asked)
    assert again.content == pages.content
    paper = Paper(pages.content)
    assert paper.says("Preview: nothing has been sent.")
    assert paper.says("You missed an appointment")
    assert paper.says(preview(door, case, body).json()["words_digest"])
    a_problem(door.post(f"{path}?format=doc", body, "practitioner"), 422, "malformed")
    early = letter_for(absence, 30)
    a_problem(door.post(address, early, "practitioner", **asked), 409, "refused")


def test_who_was_shown_a_preview_or_a_letter_is_sealed_first(door: Door):
    case, absence = an_absence(door)
    body = letter_for(absence)
    for ask, view in (
        (lambda: preview(door, case, body), "preview"),
        (lambda: door.get(f"{case.path}/letters/{issued(door, case, body)}.pdf"), "letter"),
        (lambda: door.get(f"{case.path}/letters/{body['letter_id']}.txt"), "letter"),
    ):
        before = size(door)
        assert ask().status_code == 200
        (entry,) = readings(door, before)
        assert entry["values"]["view"] == view
        assert entry["values"]["people"] == ["offender"]
        assert entry["about"] == [f"offender-{case.id}"]


def test_what_was_seen_and_is_not_so_any_more_is_not_issued(door: Door):
    case, absence = an_absence(door)
    body = letter_for(absence)
    seen = preview(door, case, body).json()
    moved = {"field": "surname", "new_value": "Othername", "reason": "married"}
    door.give(case.to, "CorrectOffenderDetails", moved, "practitioner", key=uuid4())
    before = door.size
    problem = a_problem(issue(door, case, body | {"words_digest": seen["words_digest"]}), 409, "refused")
    assert problem["rule"] == "ENF-03"
    assert "look at it again" in problem["detail"]
    assert "Othername" not in str(problem)
    assert door.size == before
    assert "Othername" in words(door, case, issued(door, case, body))


def test_a_preview_is_refused_as_its_command_would_be(door: Door):
    case, absence = an_absence(door)
    early = a_problem(preview(door, case, letter_for(absence, 30)), 409, "refused")
    assert early["detail"] == "A letter cannot precede the absence."
    a_problem(preview(door, case, letter_for(absence, template=None)), 422, "malformed")
    a_problem(preview(door, case, letter_for(absence), "supervisor"), 403, "forbidden")
    a_problem(preview(door, case, letter_for(str(uuid4()))), 409, "refused")


# ------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    "more,message",
    [
        ({"template": "warning"}, "with the template enforcement-letter"),
        ({"template": "no-such"}, "with the template enforcement-letter"),
        ({"template": None, "words": "as I like"}, "writes the words of a letter itself"),
        ({"words": "as I like"}, "say something else now"),
        ({"template_edition": "another"}, "template_edition is built-in 1"),
    ],
)
def test_nobody_puts_words_into_a_letter(door: Door, more: dict[str, Any], message: str):
    case, absence = an_absence(door)
    before = door.size
    problem = a_problem(issue(door, case, letter_for(absence) | more), 409, "refused")
    assert problem["rule"] == "ENF-03"
    assert message in problem["detail"]
    assert door.size == before


def test_what_was_said_is_not_corrected(door: Door):
    case, absence = an_absence(door)
    fact = issued(door, case, letter_for(absence))
    for name in ("template", "template_edition", "template_digest", "words", "words_digest"):
        told = {"event_ref": fact, "field": name, "corrected_value": "x", "reason": "as told"}
        problem = a_problem(door.post(f"{case.path}/correct-record", told), 409, "refused")
        assert problem["rule"] == "GEN-06"


def test_a_letter_written_elsewhere_stands_and_has_no_words_here(door: Door):
    case, absence = an_absence(door)
    fact = issued(door, case, letter_for(absence, template=None))
    problem = a_problem(door.get(f"{case.path}/letters/{fact}.pdf"), 404, "not-found")
    assert "did not write" in problem["detail"]
    a_problem(door.get(f"{case.path}/letters/{uuid4()}.pdf"), 404)
    a_problem(door.get(f"{case.path}/letters/{fact}"), 404)
    a_problem(door.get(f"{case.path}/letters/{fact}.docx"), 404)


def test_a_repeated_command_gets_its_first_receipt_and_no_second_letter(door: Door):
    case, absence = an_absence(door)
    body, key = letter_for(absence), str(uuid4())
    first, again = (door.post(f"{case.path}/issue-enforcement-letter", body, idempotency_key=key) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


# ------------------------------------------------------------------------------------------ another template


def test_a_changed_template_changes_only_later_letters(door: Door):
    case, first = an_absence(door)
    before = issued(door, case, letter_for(first))
    said, pages = words(door, case, before), door.get(f"{case.path}/letters/{before}.pdf").content
    other = set_template(door, OURS, edition="area 1")
    assert other.status_code == 201, other.text
    _, second = an_absence(door, case, 10)
    after = issued(door, case, letter_for(second, 9))
    no_template(door, other)
    assert words(door, case, after).startswith("Come and explain\nAnn Featherstonehaugh\nAbsent on ")
    assert words(door, case, before) == said
    assert door.get(f"{case.path}/letters/{before}.pdf").content == pages
    assert Paper(door.get(f"{case.path}/letters/{after}.pdf").content).says("edition area 1")
    _, third = an_absence(door, case, 5)
    assert words(door, case, issued(door, case, letter_for(third, 4))).startswith("You missed an appointment")


def test_a_template_holds_from_its_day_on(door: Door):
    case, first = an_absence(door)
    other = set_template(door, OURS, effective_from=days_ago(12))
    early = issued(door, case, letter_for(first, 13))
    _, second = an_absence(door, case, 12)
    late = issued(door, case, letter_for(second, 12))
    no_template(door, other)
    assert words(door, case, early).startswith("You missed an appointment")
    assert words(door, case, late).startswith("Come and explain")


HOSTILE = """#set page(fill: red) $x^2$ <script>alert(1)</script>
=cmd|'/C calc'!A0 \\\\u(202e) `#eval("1")` @ref *bold* _under_ // not a comment /* nor this */
[U+0041] {absence_date} #{evidence_deadline}# "quotes" 'and' ‮turned‬ \t tab"""


def test_a_hostile_template_is_text_and_nothing_else(door: Door):
    case, absence = an_absence(door)
    other = set_template(door, HOSTILE)
    assert other.status_code == 201, other.text
    fact = issued(door, case, letter_for(absence))
    no_template(door, other)
    said = words(door, case, fact)
    assert said.startswith("#set page(fill: red) $x^2$ <script>alert(1)</script>\n=cmd")
    assert "turned" in said
    seen = said.replace("\u202e", "[U+202E]").replace("\u202c", "[U+202C]")
    assert Paper(door.get(f"{case.path}/letters/{fact}.pdf").content).says(seen)
    answer = door.get(f"{case.path}/letters/{fact}.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "text,rule,message",
    [
        ("Heading\n{absence_date}", "ENF-03", "{evidence_deadline} must stand"),
        (OURS + " {surname}", "GEN-09", "{surname} is no place"),
        (OURS + " {", "GEN-09", "leave out every other brace"),
        (OURS + " {{name}}", "GEN-09", "leave out every other brace"),
        (OURS + " {Name}", "GEN-09", "leave out every other brace"),
        ("\n" + OURS, "GEN-09", "The first line is the heading"),
        ("{name}\n" + OURS, "GEN-09", "The first line is the heading"),
        (OURS + "x" * 10_000, "GEN-09", "at most 10,000 characters"),
    ],
)
def test_a_template_that_lacks_what_it_must_say_is_refused(door: Door, text: str, rule: str, message: str):
    problem = a_problem(set_template(door, text), 409, "refused")
    assert problem["rule"] == rule
    assert message in problem["detail"]


def test_a_template_is_refused_for_what_only_a_warning_must_say(door: Door):
    text = "Warning\n{circumstances} {liable}"
    problem = a_problem(set_template(door, text, name="warning"), 409, "refused")
    assert problem["detail"].startswith("{unacceptable} must stand in this template: a warning states that")
    assert a_problem(set_template(door, text, name="postcard"), 409)["detail"].startswith("There is no template")


def test_a_template_with_control_characters_or_too_much_is_malformed(door: Door):
    for text in (OURS + "\x00", OURS + "\x1b[31m", OURS + "é" * 40_000):
        a_problem(set_template(door, text), 422, "malformed")


def test_an_edition_is_set_once_by_the_chief_officer_and_never_corrected(door: Door):
    first = set_template(door, OURS, edition="area 7")
    assert first.status_code == 201
    twice = a_problem(set_template(door, OURS + " And more.", edition="area 7"), 409, "refused")
    assert twice["detail"].startswith("There is an edition area 7")
    a_problem(set_template(door, OURS, edition=letters.BUILT_IN), 409, "refused")
    event = first.json()["events"][0]["id"]
    wrong = {"event_ref": event, "field": "text", "corrected_value": OURS + " x", "reason": "as told"}
    a_problem(door.post("/policy/policy/correct-record", wrong, "chief-officer"), 409, "refused")
    struck = {"event_ref": event, "reason": "as told"}
    a_problem(door.post("/policy/policy/strike-out-record", struck, "senior-practitioner"), 409, "refused")
    no_template(door, first)
    given = {"name": "warning", "edition": "x", "text": OURS, "effective_from": days_ago(0), "reason": "r"}
    a_problem(door.post(SET, given, "practitioner"), 403, "forbidden")


# ------------------------------------------------------------------------------------------ who may read


def test_a_letter_is_read_by_those_who_may_read_of_the_person(door: Door):
    case, absence = an_absence(door)
    fact = issued(door, case, letter_for(absence))
    for role in ("practitioner", "supervisor", "team-admin", "court-officer"):
        assert door.get(f"{case.path}/letters/{fact}.txt", role).status_code == 200, role
    for role in ("training-unit", "inspector", "auditor", "police"):
        a_problem(door.get(f"{case.path}/letters/{fact}.txt", role), 403, "forbidden")


def test_who_is_excluded_from_the_case_reads_and_previews_no_letter(door: Door):
    case, absence = an_absence(door)
    body, ann = letter_for(absence), user(door)
    fact = issued(door, case, body)
    exclude(door, case, ann)
    a_problem(ann.get(f"{case.path}/letters/{fact}.pdf"), 403, "limited-access")
    a_problem(ann.post(f"{case.path}/issue-enforcement-letter/preview", body), 403, "limited-access")
    refused = door.get("/access/refusals", "auditor", to=case.to).json()["items"]
    assert [each["command_name"] for each in refused] == ["ReadCase", "ReadCase"]


def test_a_struck_out_letter_says_so_at_its_foot(door: Door):
    case, absence = an_absence(door)
    fact = issued(door, case, letter_for(absence))
    said = words(door, case, fact)
    door.give(case.to, "StrikeOutRecord", {"event_ref": fact, "reason": "wrong person"}, "practitioner", key=uuid4())
    assert words(door, case, fact) == said
    assert Paper(door.get(f"{case.path}/letters/{fact}.pdf").content).says("this record does not stand")


def test_a_letter_s_decision_comes_out_the_same_when_it_is_taken_again(door: Door):
    case, absence = an_absence(door)
    issued(door, case, letter_for(absence))
    listed = door.get(f"{case.path}/decisions").json()["items"]
    (position,) = [each["position"] for each in listed if each["type"] == "EnforcementLetterIssued"]
    assert door.get(f"{case.path}/decisions/{position}").json()["rerun"]["outcome"] == "same"


def test_an_edition_that_was_struck_out_names_no_other_text_for_letters_were_sent_with_it(door: Door):
    given = {"edition": "area 8"}
    no_template(door, set_template(door, OURS, **given))
    other = a_problem(set_template(door, OURS + " And more.", **given), 409, "refused")
    assert other["detail"].startswith("There is an edition area 8")
    again = set_template(door, OURS, **given)
    assert again.status_code == 201, again.text
    no_template(door, again)
    a_problem(set_template(door, OURS, edition=letters.BUILT_IN.title()), 409, "refused")


def test_a_preview_that_is_refused_says_something_of_the_case_and_is_on_record(door: Door):
    case, absence = an_absence(door)
    before = size(door)
    a_problem(preview(door, case, letter_for(absence, days=40)), 409, "refused")
    (entry,) = readings(door, before)
    assert entry["values"]["view"] == "preview"
