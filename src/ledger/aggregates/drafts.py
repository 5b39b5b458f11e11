"""Reading a draft: JSON values in, a draft of the fact or an error for each field out.

What no entry could hold (ledger-format.md, Entry) is refused before the fact's own types are asked, so that fields of
free form (lists, maps) are as safe as declared ones.  Proven by tests/aggregates/test_drafts.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

import orjson
from pydantic import ValidationError

from ledger.aggregates.shape import LIST_ITEMS, WHOLE, Fact, a_text
from ledger.errors import Malformed


def read_draft(fact_class: type[Fact], data: Mapping[str, Any]) -> Fact:
    """A draft of the fact from JSON values.  Raises Malformed, naming each field."""
    errors: dict[str, str] = {}
    for name, value in data.items():
        wrong = _complaint(value) if type(value) is str else unfit(value)
        if wrong:
            errors[str(name)] = wrong
    if not errors:
        try:
            draft = fact_class.model_validate_json(orjson.dumps({**_may_lack(fact_class), **data}))
        except ValidationError as problem:
            errors = _by_field(problem)
        else:
            return draft
    first, why = next(iter(errors.items()))
    raise Malformed(f"{fact_class.command or fact_class.act}: {first}: {why}.", errors)


@cache
def _may_lack(fact_class: type[Fact]) -> dict[str, None]:
    return dict.fromkeys(fact_class.may_lack())


def _by_field(problem: ValidationError) -> dict[str, str]:
    errors: dict[str, str] = {}
    for each in problem.errors(include_url=False, include_input=False, include_context=False):
        field = str(each["loc"][0]) if each["loc"] else "data"
        errors.setdefault(field, each["msg"].removeprefix("Value error, "))
    return errors


def unfit(value: Any, depth: int = 1) -> str | None:
    """Why a JSON value can be in no fact (ledger-format.md, Entry), or None."""
    match value:
        case None | bool():
            return None
        case str():
            return _complaint(value)
        case int():
            return None if -WHOLE <= value <= WHOLE else "a number is at most 9007199254740991"
        case float():
            return "numbers are whole: no fractions, no exponents"
        case list() | dict() if depth > 15:
            return "at most 16 levels deep"
        case list():
            items = cast("list[Any]", value)
            if len(items) > LIST_ITEMS:
                return f"at most {LIST_ITEMS} items"
            return next((wrong for each in items if (wrong := unfit(each, depth + 1))), None)
        case dict():
            members = cast("dict[str, Any]", value)
            if len(members) > LIST_ITEMS:
                return f"at most {LIST_ITEMS} members"
            both = (unfit(each, depth + 1) for pair in members.items() for each in pair)
            return next((wrong for wrong in both if wrong), None)
        case _:
            return "not a JSON value"


def _complaint(text: str) -> str | None:
    try:
        a_text(text)
    except ValueError as wrong:
        return str(wrong)
    return None
