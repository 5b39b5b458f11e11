"""The tree of errors is drawn in its docstring, and every error has a code of its own and a meaning."""

from __future__ import annotations

import ledger.errors as errors
from ledger.errors import LedgerError


def _tree() -> list[type[LedgerError]]:
    found: list[type[LedgerError]] = [LedgerError]
    for each in found:
        found += each.__subclasses__()
    return found


def test_every_error_of_the_module_stands_in_the_drawing() -> None:
    drawing = errors.__doc__ or ""
    for each in _tree():
        if each.__module__ == "ledger.errors":
            assert each.__name__ in drawing


def test_no_two_errors_share_a_code() -> None:
    codes = [each.code for each in _tree() if "code" in vars(each)]
    assert len(codes) == len(set(codes))


def test_every_error_says_what_it_means_and_with_which_status() -> None:
    for each in _tree():
        if "code" in vars(each):
            assert (each.__doc__ or "").strip(), each
            assert 400 <= each.status < 600
            assert each.title
