"""The canonical form that is hashed and encrypted: the bytes of the rfc8785 package, for all that a fact may hold."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.privacy.canonical import canonical
from ledger.transparency import entry

LARGEST = 2**53 - 1
NAMES = st.from_regex(r"[a-z0-9_/-]{1,12}", fullmatch=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=200)
@given(VALUES)
def test_the_bytes_are_those_of_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(VALUES)
def test_the_bytes_are_those_that_a_verifier_makes(value: Any) -> None:
    assert canonical(value) == entry.canonical(cast("entry.Json", value))


@pytest.mark.parametrize("value", [2**53, -(2**53), {1, 2}, b"bytes", {"a": object()}])
def test_what_json_or_this_ledger_does_not_know_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)


def test_a_date_that_was_not_made_a_text_is_refused() -> None:
    # Otherwise the form of a date would be the encoder's choice, and not the mapping's.
    with pytest.raises(TypeError):
        canonical({"on": date(2025, 4, 7)})
