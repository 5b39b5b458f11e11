"""The chronology on paper says what the view says, marks what is to be minded, and is tied to its table."""

from __future__ import annotations

import csv
import hashlib
import io
import time
from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.printing.paper import Paper, squeezed

from ledger.printing.chronology import COLUMNS, WITHHELD, Chronology, chronology_csv, chronology_pdf, told

MOMENT = datetime(2025, 5, 1, 10, 0, tzinfo=UTC)
STAFF = "0196151c-7d5a-7000-8000-5b1f9c3a2d10"
NOTE = "ledger.example/kent\n4711\n5TGkYfSx9lHc1l1b2bX8V3rj2b3n0c5o3yVdVtB1J2A=\n\n— ledger.example/kent abc\n"


def event(position: int, **more: Any) -> dict[str, Any]:
    """A row of view `chronology`."""
    return {
        "position": position,
        "id": STAFF,
        "type": "AbsenceRecorded",
        "title": "Absence recorded",
        "effective": date(2025, 4, 7),
        "recorded": datetime(2025, 4, 7, 16, 30, 12, tzinfo=UTC),
        "late_days": 0,
        "by": {"id": STAFF, "role": "supervisor", "unit": "kidderminster"},
        "values": {"kind": "FTA", "note": "Did not come."},
        "corrects": None,
        "corrected_by": [],
        "struck_out": False,
        "late": False,
        **more,
    }


def chronology(*events: dict[str, Any], **more: Any) -> Chronology:
    case = [("Case", "offender 0196"), ("Name", "Ann Featherstonehaugh")]
    return Chronology(case, events, date(2025, 4, 30), datetime(2025, 4, 30, 11, 2, 11, tzinfo=UTC), NOTE, **more)


def paper(*events: dict[str, Any], **more: Any) -> Paper:
    return Paper(chronology_pdf(chronology(*events, **more), MOMENT))


def table(*events: dict[str, Any], **more: Any) -> list[dict[str, str]]:
    text = chronology_csv(chronology(*events, **more)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


# ------------------------------------------------------------------------------------------ the pages


def test_it_says_whose_it_is_of_which_time_and_as_known_when():
    made = paper(event(1), event(2, effective=date(2025, 3, 1), title="Order made"))
    for text in (
        "Chronology",
        "Ann Featherstonehaugh",
        "1 Mar 2025 to 30 Apr 2025",
        "the end of 30 Apr 2025",
        "30 Apr 2025, 12:02:11 BST",
        "Printed 1 May 2025, 11:00:00 BST",
    ):
        assert made.says(text), text


def test_each_fact_has_both_its_times_who_told_it_and_what():
    made = paper(event(12))
    for text in (
        "Happened Recorded What",
        "7 Apr 2025 7 Apr 2025, 17:30:12 BST Absence recorded record 12",
        "Kind: FTA",
        "Note: Did not come.",
        f"by supervisor, kidderminster ({STAFF})",
    ):
        assert made.says(text), text


@pytest.mark.parametrize(
    "more, words",
    [
        ({"late_days": 1, "late": True}, "Late: recorded 1 day after it happened."),
        ({"late_days": 12, "late": True}, "Late: recorded 12 days after it happened."),
        ({"corrected_by": [17]}, "Corrected later: see record 17."),
        ({"corrected_by": [17, 19]}, "Corrected later: see records 17, 19."),
        ({"corrects": 9}, "This puts right record 9."),
        ({"struck_out": True}, "Struck out: this record does not stand."),
    ],
)
def test_what_is_late_corrected_or_struck_out_says_so_in_words_and_others_do_not(more: dict[str, Any], words: str):
    assert paper(event(12, **more)).says(words)
    assert not paper(event(12)).says(words)


def test_every_page_has_its_number_the_number_of_pages_and_the_digests():
    events = [event(each) for each in range(1, 61)]
    pages = paper(*events).pages
    assert len(pages) > 3
    digest = hashlib.sha256(chronology_csv(chronology(*events))).hexdigest()
    for number, page in enumerate(pages, start=1):
        foot = squeezed(page)
        assert squeezed(f"Page {number} of {len(pages)}") in foot
        assert digest in foot
        assert squeezed("Checkpoint of ledger.example/kent: size 4711") in foot
        assert "5TGkYfSx9lHc1l1b2bX8V3rj2b3n0c5o3yVdVtB1J2A=" in foot


def test_a_record_of_usual_length_is_not_torn_between_two_pages():
    made = paper(
        *(event(each, values={"note": f"begins{each} " + "word " * 60 + f" ends{each}"}) for each in range(1, 30))
    )
    assert len(made.pages) > 2
    for page in map(squeezed, made.pages):
        for each in range(1, 30):
            assert (f"Note:begins{each}word" in page) == (f"wordends{each}by" in page)


def test_a_record_longer_than_a_page_goes_on_on_the_next():
    made = paper(event(1, values={"note": "word " * 3_000 + "ends"}))
    assert len(made.pages) > 2
    assert made.says("word word ends")


def test_the_digest_is_another_one_when_a_single_value_is():
    first, second = (paper(event(1, values={"kind": kind})) for kind in ("FTA", "FTC"))
    digests = [squeezed(each.text).partition("SHA-256:")[2][:64] for each in (first, second)]
    assert len(set(digests)) == 2


def test_facts_withheld_whole_are_counted_and_nothing_else_is_said_of_them():
    made = paper(event(1), withheld=[7, 9])
    assert made.says("Facts 3")
    assert made.says("2 facts are withheld whole, at positions 7, 9.")
    assert paper(event(1), withheld=[7]).says("1 fact is withheld whole, at position 7.")
    assert not paper(event(1)).says("withheld whole")


def test_what_should_have_happened_is_printed_only_where_it_was_asked():
    gap = {"what": "No enforcement letter", "since": date(2025, 4, 7), "edition": "ENF-03@manual-2022"}
    made = paper(event(1), gaps=[gap])
    assert made.says("What should have happened and did not")
    assert made.says("No enforcement letter 7 Apr 2025 ENF-03@manual-2022")
    assert paper(event(1), gaps=[]).says("Nothing that the rules ask for was missing on 30 Apr 2025.")
    assert not paper(event(1)).says("should have happened")


def test_a_case_without_a_fact_is_a_page_too():
    assert paper().says("No fact is shown.")


def test_the_same_export_prints_the_same_bytes_and_another_moment_others():
    assert paper(event(1)).data == paper(event(1)).data
    later = chronology_pdf(chronology(event(1)), MOMENT.replace(minute=1))
    assert later != paper(event(1)).data


def test_five_hundred_facts_print_in_a_few_seconds():
    began = time.process_time()
    made = paper(*(event(each, values={"note": "A sentence of some length. " * 8}) for each in range(1, 501)))
    assert time.process_time() - began < 15
    assert made.says("record 500")


# ------------------------------------------------------------------------------------------ the table


def test_the_table_has_a_line_for_each_fact_in_the_order_of_the_pages():
    lines = table(event(2), event(1, effective=MOMENT, late_days=3, corrects=2, corrected_by=[5, 6], struck_out=True))
    assert [line["position"] for line in lines] == ["2", "1"]
    assert lines[0] == {
        "position": "2",
        "happened": "2025-04-07",
        "recorded": "2025-04-07T16:30:12.000000Z",
        "days_late": "0",
        "title": "Absence recorded",
        "type": "AbsenceRecorded",
        "by_role": "supervisor",
        "by_id": STAFF,
        "by_unit": "kidderminster",
        "corrects": "",
        "corrected_by": "",
        "struck_out": "",
        "values": "kind: FTA\nnote: Did not come.",
    }
    assert lines[1]["happened"] == "2025-05-01T10:00:00.000000Z"
    assert (lines[1]["corrects"], lines[1]["corrected_by"], lines[1]["struck_out"]) == ("2", "5 6", "yes")


def test_it_is_rfc_4180_with_a_mark_that_tells_spreadsheets_it_is_unicode():
    data = chronology_csv(chronology(event(1, values={"note": 'Łódź, "so"\nsaid'})))
    assert data.startswith(b"\xef\xbb\xbf" + ",".join(COLUMNS).encode() + b"\r\n")
    assert data.endswith(b'"note: \xc5\x81\xc3\xb3d\xc5\xba, ""so""\nsaid"\r\n')


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "＝", "'"])
def test_no_cell_is_taken_for_a_formula_and_each_can_be_read_back(start: str):
    (line,) = table(event(1, title=f"{start}cmd|' /C calc'!A0", by={"id": STAFF, "role": "pso", "unit": f"{start}1+1"}))
    assert line["title"] == f"'{start}cmd|' /C calc'!A0"
    assert line["by_unit"] == f"'{start}1+1"


def test_facts_withheld_whole_stand_at_the_end_by_their_position_alone():
    last = table(event(1), withheld=[7])[-1]
    assert {name: value for name, value in last.items() if value} == {"position": "7", "title": WITHHELD}


def test_a_page_says_days_and_instants_in_words_and_in_london_time():
    made = paper(event(1, values={"judged_on": date(2025, 4, 7), "received_at": datetime(2025, 4, 7, 8, tzinfo=UTC)}))
    assert made.says("Judged on: 7 Apr 2025")
    assert made.says("Received at: 7 Apr 2025, 09:00:00 BST")


def test_lists_maps_days_and_flags_are_told_inside_out():
    values = {
        "requirements": ["UPW", "RAR"],
        "plan": {"from": date(2025, 4, 7), "steps": [{"who": "PSO", "done": True}], "none": None},
        "late": False,
        "at": datetime(2025, 4, 7, 16, 30, tzinfo=UTC),
        "empty": [],
    }
    assert list(told(values)) == [
        ("requirements", "UPW, RAR"),
        ("plan/from", "2025-04-07"),
        ("plan/steps/0/who", "PSO"),
        ("plan/steps/0/done", "yes"),
        ("plan/none", "None"),
        ("late", "no"),
        ("at", "2025-04-07T16:30:00.000000Z"),
        ("empty", ""),
    ]
