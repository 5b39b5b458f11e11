"""A letter and a session sheet on paper: all that is said and nothing else, whatever was written, on as many pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.printing.paper import Paper, squeezed

from ledger.printing.letters import letter_pdf, parts_of
from ledger.printing.session_sheet import hours, sheet_pdf, sheet_text

MOMENT = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
FOOT = ["Words, SHA-256: 0a0a", "Record 4711"]
WORDS = "Heading of it\n\nAnn Featherstonehaugh\n1 Nowhere Lane\n\nOne.\nTwo.\n\nThree."


def letter(words: str) -> Paper:
    return Paper(letter_pdf("Enforcement letter", words, FOOT, MOMENT))


def body(paper: Paper) -> str:
    """All that stands on its pages but their feet, squeezed."""
    foot = re.compile(re.escape(squeezed("".join(FOOT))) + r"Page\d+of\d+")
    return "".join(foot.sub("", squeezed(page)) for page in paper.pages)


def test_a_letter_says_its_words_in_their_order_and_nothing_but_its_foot():
    paper = letter(WORDS)
    assert body(paper) == squeezed(WORDS)
    assert "<pdfaid:part>2</pdfaid:part>" in paper.metadata
    assert "Enforcement letter" in paper.metadata
    assert letter_pdf("Enforcement letter", WORDS, FOOT, MOMENT) == paper.data


def test_lines_stay_lines_and_empty_lines_begin_paragraphs():
    assert parts_of(WORDS) == ["Heading of it", "Ann Featherstonehaugh\n1 Nowhere Lane", "One.\nTwo.", "Three."]
    assert parts_of("Heading\nat once") == ["Heading", "at once"]
    assert parts_of("Heading") == ["Heading"]


@pytest.mark.parametrize(
    "text",
    [
        "#set page(fill: red) #panic() $x$ *b* _i_ `c` @r <l> // c /* c */ \\ ~ --",
        "Łukasz Żółć, Παναγιώτης Δημητρίου, Ирина Ковалёва",
        "W" * 4_000,
        "word " * 3_000,
    ],
)
def test_whatever_stands_in_a_letter_is_text(text: str):
    assert body(letter(f"Heading\n{text}")) == squeezed(f"Heading{text}")


def test_what_cannot_be_seen_or_has_no_letter_is_named():
    assert letter("Heading\n王 a\u202eb").says("[U+738B] a[U+202E]b")


def person(number: int, **more: Any) -> dict[str, Any]:
    return {
        "session_id": str(number),
        "name": f"Person Number{number}",
        "client_id": f"{number:07}",
        "start": "09:00",
        "pick_up": "",
        "balance_minutes": 6000,
        "risk": "LOW",
        "needs": [],
        "restrictions": [],
        **more,
    }


@pytest.mark.parametrize("people", [0, 1, 12, 40])
def test_everybody_is_on_the_sheet_and_every_page_has_the_head_of_the_table(people: int):
    rows = [person(number) for number in range(people)]
    paper = Paper(sheet_pdf("Session sheet\nNowhere Park", rows, FOOT, MOMENT))
    for row in rows:
        assert paper.says(row["name"]), row["name"]
    with_rows = [page for page in paper.pages if "Person" in page]
    assert all("Signature" in page and "Arrived" in page for page in with_rows)
    assert (len(paper.pages) > 1) is (people > 10)
    assert paper.says("Nobody is expected on this day.") is (people == 0)


def test_a_line_says_what_must_be_known_and_no_more_than_may_be():
    rows = [
        person(1, risk="VERY_HIGH", needs=["Dyslexia: read aloud"], restrictions=["No power tools"], pick_up="Stand 4"),
        person(2, risk="[sealed]", name=None, balance_minutes=90),
        person(3, risk=None, balance_minutes=None),
        {"limited": True},
    ]
    text = sheet_text("Session sheet\nNowhere", rows)
    paper = Paper(sheet_pdf("Session sheet\nNowhere", rows, FOOT, MOMENT))
    for said in (
        "Risk of serious harm: very high",
        "Need: Dyslexia: read aloud",
        "Not to be given: No power tools",
        "picked up at Stand 4",
        "Risk of serious harm: [sealed]",
        "[name unknown]",
        "1 h 30 min",
        "Risk of serious harm: no level on file",
        "not known",
        "A person whose case you may not read. Ask your manager.",
    ):
        assert said in text, said
        assert paper.says(said), said


@pytest.mark.parametrize(
    "minutes,said", [(90, "1 h 30 min"), (6000, "100 h"), (45, "45 min"), (0, "0 h"), (None, "not known")]
)
def test_minutes_are_said_as_hours(minutes: int | None, said: str):
    assert hours(minutes) == said


@pytest.mark.parametrize("space", ["\u00a0", "\u2007", "\u202f"])
def test_words_that_nothing_may_part_stay_on_the_paper(space: str):
    """A line that does not break runs off the page, and with it what a letter must say."""
    words = [f"word{number}" for number in range(2_000)]
    apart, together = (letter(f"Heading\n\n{each.join(words)}") for each in (" ", space))
    assert len(together.pages) >= len(apart.pages) > 1
