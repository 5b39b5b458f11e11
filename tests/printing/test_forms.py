"""The parts of a printed form: what a blank, a tick, a shut value and somebody described look like on paper."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.printing.paper import Paper, squeezed

from ledger.aggregates.shape import CLOSED, Erased, Recorded
from ledger.errors import NotFound
from ledger.printing.forms import FORMS, form_of, parts
from ledger.printing.forms.form import Filled, form_pdf

MOMENT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
NOTICE = "Confidential\n\nCall 01632 960000."
COLUMNS = {"Surname": ("surname",), "M/F": ("sex", "gender")}


def filled(*of: parts.Part, **more: Any) -> Filled:
    return Filled("A form", of, "form", "Record 7", date(2026, 5, 4), list[Recorded[Any]](), **more)


def paper(*of: parts.Part, **more: Any) -> Paper:
    return Paper(form_pdf(filled(*of, **more), NOTICE, ["Foot 1", "Foot 2"], MOMENT))


def test_a_form_has_its_notice_its_marking_and_its_foot():
    made = paper(parts.words("Only this."))
    for said in ("Confidential", "Call 01632 960000.", "WEST MERCIA PROBATION AREA", "RESTRICTED", "A form", "Foot 2"):
        assert made.says(said), said
    assert "A form" in made.metadata


def test_a_value_that_is_shut_or_erased_says_so_and_one_that_is_not_told_is_a_blank():
    erased = Erased(date(2026, 5, 4), "child")
    part = parts.fields([("Shut", CLOSED), ("Gone", erased), ("Blank", None), ("Empty", " ")])
    assert part["rows"] == [["Shut", "[sealed]"], ["Gone", "[child erased 04/05/2026]"], ["Blank", ""], ["Empty", ""]]
    assert parts.text_of([part]).split("\n")[2:] == ["Blank: ____", "Empty: ____"]
    assert paper(part).says("[child erased 04/05/2026]Blank")


@pytest.mark.parametrize("answer,said", [(None, "☐Yes☐No"), (True, "☒Yes☐No"), (False, "☐Yes☒No")])
def test_a_question_is_ticked_as_it_was_answered_and_not_before(answer: bool | None, said: str):
    part = parts.question("Are there any?", answer, None)
    assert f"Arethereany?{said}Details" in squeezed(paper(part).text)


def test_a_table_without_a_line_has_room_to_write_lines():
    empty = parts.table("People", ("Surname", "M/F"), [])
    assert empty["rows"] == [["", ""]] * 3
    assert parts.table("People", ("Surname",), [["Ann"]])["rows"] == [["Ann"]]
    assert paper(empty).says("PeopleSurnameM/F")


def test_somebody_described_is_found_under_any_of_the_names_and_the_rest_is_kept():
    assert parts.described({"surname": "Ann", "gender": "F"}, COLUMNS) == (["Ann", "F"], "")
    assert parts.described({"SEX": "M", "school": "here"}, COLUMNS) == ([None, "M"], "School: here")
    assert parts.described(CLOSED, COLUMNS) == ([CLOSED, None], "")


def test_the_digest_is_of_every_word_and_of_every_tick():
    base = filled(parts.fields([("A", "b")]), parts.ticks([(True, "t")]))
    others = (
        filled(parts.fields([("A", "c")]), parts.ticks([(True, "t")])),
        filled(parts.fields([("A", "b")]), parts.ticks([(False, "t")])),
        filled(parts.fields([("A: b\nA", "")]), parts.ticks([(True, "t")])),
        filled(parts.fields([("A", "b")]), parts.ticks([(True, "t")]), marking=""),
    )
    digests = {base.digest(NOTICE), base.digest("Other"), *(each.digest(NOTICE) for each in others)}
    assert len(digests) == 2 + len(others)


def test_what_stands_in_a_part_is_text_wherever_it_stands():
    hostile = "#panic() $x$ *b* `c` @r <l> \\"
    made = paper(
        parts.fields([("A", hostile)]),
        parts.ticks([(True, hostile)]),
        parts.question("Q", None, hostile),
        parts.table("T", ("H",), [[hostile]]),
        parts.section("S", "", hostile),
    )
    assert squeezed(made.text).count(squeezed(hostile)) == 5


def test_tables_of_many_lines_repeat_their_head_on_every_page():
    rows = [[f"Name{number}"] * 12 for number in range(80)]
    made = paper(parts.table("People", [f"Head{n}" for n in range(12)], rows), flipped=True)
    assert len(made.pages) > 2
    assert all("Head11" in squeezed(page) for page in made.pages)
    assert all(made.says(f"Name{number}") for number in range(80))


def test_a_form_is_of_the_noun_it_is_asked_of():
    assert form_of("child-protection-matter", "cp1") is FORMS["cp1"]
    for noun, name in (("offender", "cp1"), ("child-protection-matter", "management-review"), ("case-review", "none")):
        with pytest.raises(NotFound):
            form_of(noun, name)


@pytest.mark.parametrize("title", ["", " ", "\n\n"])
def test_a_section_whose_name_says_nothing_is_on_paper_all_the_same(title: str):
    assert paper(parts.section(title, "", "what was written")).says("what was written")
