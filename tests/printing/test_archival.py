"""What of PDF/A-2a and PDF/UA-1 can be seen in the file itself; the compiler that sets it checks the rest.

No validator of others is at hand in these tests (veraPDF is a Java program), so its most telling rules are held here.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from tests.printing.paper import Paper

from ledger.printing.chronology import Chronology, chronology_pdf

MOMENT = datetime(2025, 5, 1, 10, 0, tzinfo=UTC)
EVENT = {
    "position": 1,
    "effective": date(2025, 4, 7),
    "recorded": MOMENT,
    "late_days": 24,
    "title": "Absence recorded",
    "type": "AbsenceRecorded",
    "by": {"id": "0", "role": "supervisor"},
    "values": {"note": "Łukasz Ελένη محمد 王"},
    "corrects": None,
    "corrected_by": [],
    "struck_out": False,
}
GAP = {"what": "No enforcement letter", "since": date(2025, 4, 7), "edition": "ENF-03@manual-2022"}


@pytest.fixture(scope="module")
def paper() -> Paper:
    told = Chronology([("Name", "Ann")], [EVENT], MOMENT.date(), MOMENT, "example\n1\nAAAA\n", gaps=[GAP])
    return Paper(chronology_pdf(told, MOMENT))


def of_type(paper: Paper, name: bytes) -> list[bytes]:
    return [each for each in paper.objects.values() if re.search(rb"/Type\s*/" + name + rb"\b", each)]


def test_every_font_is_in_the_file(paper: Paper):
    described = of_type(paper, b"FontDescriptor")
    assert len(described) >= 3
    for each in described:
        assert re.search(rb"/FontFile[23]? \d+ 0 R", each), each


def test_nothing_in_it_runs_leads_outside_or_is_locked(paper: Paper):
    for each in paper.objects.values():
        assert not re.search(rb"/(JavaScript|JS|Launch|OpenAction|AA|URI|EmbeddedFiles|RichMedia)\b", each), each[:200]
    assert b"/Encrypt" not in paper.data.rpartition(b"trailer")[2]


def test_its_colours_mean_the_same_everywhere(paper: Paper):
    (intent,) = [each for each in paper.objects.values() if b"/GTS_PDFA1" in each]
    assert re.search(rb"/DestOutputProfile \d+ 0 R", intent)


def test_a_screen_reader_is_told_its_language_title_and_order(paper: Paper):
    (catalog,) = of_type(paper, b"Catalog")
    assert b"/Lang(en-GB)" in catalog
    assert re.search(rb"/MarkInfo<</Marked true", catalog)
    assert re.search(rb"/DisplayDocTitle true", catalog)
    assert re.search(rb"/StructTreeRoot \d+ 0 R", catalog)
    assert "Chronology of a case" in paper.metadata
    for page in of_type(paper, b"Page"):
        assert re.search(rb"/StructParents \d+", page), "all that is drawn has its place in the order"
        assert b"/Tabs/S" in page


def test_headings_and_the_heads_of_tables_are_told_as_such(paper: Paper):
    kinds = [found[1] for each in paper.objects.values() if (found := re.search(rb"/S/(H1|H2|TH|Table)\b", each))]
    assert kinds.count(b"H1") == 1
    assert kinds.count(b"H2") >= 2
    heads = [each for each in paper.objects.values() if re.search(rb"/S/TH\b", each)]
    assert len(heads) >= 6
    assert all(b"/Scope/Column" in each for each in heads)
