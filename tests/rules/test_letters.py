"""What a template becomes: every place filled once, nothing in a value read again, no gaps; and the ledger's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.aggregates.templates import faults
from ledger.rules.letters import KINDS, PLACE, digest, filled, liable


@pytest.mark.parametrize("name", KINDS)
def test_the_ledgers_own_templates_are_such_as_an_area_could_set(name: str):
    assert list(faults(name, KINDS[name].text)) == []


# Whoever changes these words gives them another edition: letters name it beside the digest.
DIGESTS = {
    "enforcement-letter": "00197747f7701e7bffb1081d692e30c326f89f0fb3b0b9d88945cb3d7cf4c275",
    "warning": "34fc2d258073c23c84e5ca755557cab17d9d913d8515554b3513e60b5b1b4ebb",
    "session-sheet": "df0b6c5b0b5df021af078ce72f4237cf98f44239f2e6c11cc205850a3b5f5ea3",
    "confidentiality-notice": "246f8758bc794059b692939063268c8443d69ac627021bb139e0864a8d15f568",
    "request-for-information": "614cad37eed2abacd6eb5158bff0f3ac35e2219c18582ee195831e3bd69b7df7",
}


@pytest.mark.parametrize("name", KINDS)
def test_the_words_of_the_built_in_edition_are_the_ones_it_began_with(name: str):
    assert digest(KINDS[name].text) == DIGESTS[name]


def test_a_value_is_never_read_for_places_again():
    assert filled("To {name} of {address}", {"name": "{address}", "address": "{name}"}) == "To {address} of {name}"


@given(st.text(st.characters(exclude_characters="\n"), min_size=1))
def test_whatever_a_value_is_it_stands_there_as_it_is(value: str):
    assert filled("Dear {name}.", {"name": value}) == f"Dear {value}."


def test_a_line_without_anything_to_say_is_left_out_and_leaves_no_gap():
    text = "Heading\n\n{address}\n\n{unit}\n{name} {unit}\n"
    assert filled(text, {"name": "Ann"}) == "Heading\n\nAnn "
    assert filled(text, {}) == "Heading"


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    "place", ["absence_date", "evidence_deadline", "circumstances", "unacceptable", "liable", "day"]
)
def test_a_place_the_law_demands_cannot_be_left_out(name: str, place: str):
    kind = KINDS[name]
    found = [each.rule for each in faults(name, kind.text.replace(f"{{{place}}}", "something else"))]
    assert found == ([kind.rule] if place in kind.demands else [])


def test_a_notice_without_a_number_to_call_is_refused():
    kind = KINDS["confidentiality-notice"]
    found = list(faults(kind.name, kind.text.replace("01562 820071", "your office")))
    assert [each.rule for each in found] == ["DP-10"]
    assert "telephone number" in found[0].message
    for number in ("01632 960000", "0800-1111 2222", "999 555"):
        assert list(faults(kind.name, f"Notice\n\nCall {number}.")) == []
    assert [each.rule for each in faults(kind.name, "Notice\n\nCall 999, or room 12 of 5.")] == ["DP-10"]


def test_every_place_demanded_is_one_that_is_known():
    for kind in KINDS.values():
        assert set(kind.demands) <= set(kind.places)
        assert set(PLACE.findall(kind.text)) <= set(kind.places)


def test_a_warning_names_the_last_of_its_twelve_months():
    assert "until the end of 30 Apr 2027" in liable("30 Apr 2027")
    assert "twelve months, you will be liable to be brought before a court" in liable("")
