"""What people wrote comes out of a printed page as they wrote it, as text, and nothing of it is ever markup."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.printing.paper import Paper, squeezed

from ledger.aggregates.shape import a_text
from ledger.printing import day_in_words, instant_in_words, label_in_words
from ledger.printing.chronology import Chronology, chronology_pdf
from ledger.printing.setting import printable

MOMENT = datetime(2025, 5, 1, 10, 0, tzinfo=UTC)


def printed(text: str) -> Paper:
    """A page on which somebody is called so."""
    case = [("Name", text), ("End", "of the name")]
    return Paper(chronology_pdf(Chronology(case, [], MOMENT.date(), MOMENT, "example\n1\nAAAA\n"), MOMENT))


def name_on(paper: Paper) -> str:
    """What stands for the name, without spaces and without the foot of a page."""
    pages = (squeezed(each).partition("chronology.csv,SHA-256:")[0] for each in paper.pages)
    return "".join(pages).partition("Name")[2].partition("Endofthename")[0]


MARKUP = [
    '#panic("no")',
    "#data.case",
    '#read("house.typ")',
    "$x^2$",
    "*bold* _emphasis_ ~ -- --- ...",
    "`raw` ```rust fn```",
    "= Heading",
    "- list + list / term: list",
    "<label> @reference",
    "\\ \\u{41} \\#",
    "// comment /* comment */ end",
    "[content] {code} ]] }}",
    "'single' \"double\" quotes",
    "https://example.org/a?b=c#d",
    "%PDF-1.7 endstream endobj (a) <</A 1>>",
]


@pytest.mark.parametrize("text", MARKUP)
def test_markup_in_a_name_is_printed_and_not_obeyed(text: str):
    assert name_on(printed(text)) == squeezed(text)


SCRIPTS = {
    "Polish": "Łukasz Żółć",
    "Vietnamese": "Nguyễn Văn Đức",
    "Yoruba": "Ọlá Ṣadé",
    "Greek": "Ελένη Παπαδοπούλου",
    "Cyrillic": "Іван Ґалаґан",
    "Georgian": "გიორგი",
    "Armenian": "Հայկ",
    "Lao": "ລາວ",
}


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_a_name_in_a_script_of_the_fonts_is_printed_in_it(text: str):
    assert name_on(printed(text)) == squeezed(text)


@pytest.mark.parametrize("text", ["محمد علي", "שלום כהן"], ids=["Arabic", "Hebrew"])
def test_a_name_written_from_right_to_left_is_printed_in_its_letters(text: str):
    assert sorted(unicodedata.normalize("NFKC", name_on(printed(text)))) == sorted(squeezed(text))


@pytest.mark.parametrize(
    "text, shown",
    [
        ("王小明", "[U+738B][U+5C0F][U+660E]"),
        ("ਪੰ Singh", "[U+0A2A][U+0A70]Singh"),
        ("x 😀 y", "x[U+1F600]y"),
    ],
)
def test_a_letter_that_no_embedded_font_has_stands_as_its_number(text: str, shown: str):
    assert name_on(printed(text)) == shown


@pytest.mark.parametrize(
    "text, shown",
    [
        ("not \u202eguilty\u202c", "not[U+202E]guilty[U+202C]"),
        ("in\u2066ner\u2069", "in[U+2066]ner[U+2069]"),
        ("nothing\u200bhere", "nothing[U+200B]here"),
        ("\ufeffbegun", "[U+FEFF]begun"),
        ("pri\ue000vate", "pri[U+E000]vate"),
        ("a\u2028b\u2029c", "a[U+2028]b[U+2029]c"),
        ("tag\U000e0041", "tag[U+E0041]"),
        ("soft\u00adhyphen", "soft[U+00AD]hyphen"),
    ],
)
def test_what_could_not_be_seen_or_would_turn_words_round_stands_as_its_number(text: str, shown: str):
    assert name_on(printed(text)) == shown


def test_marks_piled_upon_a_letter_do_not_cover_the_lines_above():
    assert printable("e" + "\u0316" * 6) == "e" + "\u0316" * 4 + "[U+0316]" * 2


def test_the_longest_word_that_can_be_recorded_is_printed_whole_and_within_the_page():
    word = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch" * 500
    paper = printed(word)
    assert name_on(paper) == word
    assert len(paper.pages) > 5


def test_lines_and_spaces_of_a_text_are_kept():
    assert name_on(printed("first\nsecond\tthird\n\nlast")) == "firstsecondthirdlast"


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(blacklist_categories=("Cs",)), max_size=60))
def test_every_text_that_can_be_recorded_can_be_printed(text: str):
    try:
        a_text(text)
    except ValueError:
        return
    assert Paper(printed(text).data).says("of the name")


def test_the_same_at_the_same_moment_is_the_same_bytes_in_another_process_too():
    code = (
        "import sys; from tests.printing.test_setting import printed; sys.stdout.buffer.write(printed('Ann * 王').data)"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert other.stdout == printed("Ann * 王").data


def test_it_declares_the_standards_it_was_checked_against():
    metadata = printed("Ann").metadata
    assert "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert "2025-05-01T10:00:00" in metadata


def test_days_instants_and_labels_in_words():
    assert day_in_words(datetime(2025, 4, 7).date()) == "7 Apr 2025"
    assert instant_in_words(datetime(2025, 4, 7, 16, 30, 12, tzinfo=UTC)) == "7 Apr 2025, 17:30:12 BST"
    assert [instant_in_words(datetime(2025, 10, 26, hour, 30, tzinfo=UTC))[-12:] for hour in (0, 1)] == [
        "01:30:00 BST",
        "01:30:00 GMT",
    ]
    assert label_in_words("evidence_deadline") == "Evidence deadline"
    assert label_in_words("upw_hours") == "Unpaid work hours"
    assert label_in_words("dob") == "Date of birth"
