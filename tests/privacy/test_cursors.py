"""A place that is handed out names nobody, is taken back by any process with the secret, and by nobody else's."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.privacy.cursors import Cursors

SECRET = bytes(range(32))
PLACE = "2025-04-07 offender-019a0000-0000-7000-8000-000000000000 7"


@given(st.text(max_size=100))
def test_a_place_comes_back_in_another_process_too(place):
    assert Cursors(SECRET).open(Cursors(SECRET).seal(place)) == place


def test_what_is_handed_out_does_not_show_the_place():
    text = Cursors(SECRET).seal(PLACE)
    assert b"offender" not in base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert text == Cursors(SECRET).seal(PLACE)


@pytest.mark.parametrize("text", ["", "x", "é", "====", "A" * 5000, base64.urlsafe_b64encode(PLACE.encode()).decode()])
def test_a_text_that_was_never_handed_out_is_no_place(text):
    with pytest.raises(ValueError, match="not a cursor"):
        Cursors(SECRET).open(text)


def test_a_changed_one_or_one_of_another_ledger_is_none_either():
    text = Cursors(SECRET).seal(PLACE)
    with pytest.raises(ValueError, match="not a cursor"):
        Cursors(bytes(32)).open(text)
    for at in range(0, len(text) - 1, 7):
        changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        with pytest.raises(ValueError, match="not a cursor"):
            Cursors(SECRET).open(changed)
