"""The field lists of all facts, frozen: a changed one shows in review.

PYTHONPATH=src python -m tests.aggregates.test_golden_facts      writes them anew
"""

import json
import types
from pathlib import Path
from typing import Annotated, Literal, Union, get_args, get_origin

import pytest

from ledger.aggregates import FACTS
from ledger.aggregates.shape import Closed

GOLDEN = Path(__file__).parents[1] / "golden" / "facts.json"
OF_ALL = {"in_reason"}  # what every day is held to goes without saying


def checks_of(metadata):
    names = (getattr(getattr(each, "func", None), "__name__", "") for each in metadata)
    return [name for name in names if name and name not in OF_ALL]


def type_name(annotation):
    """A type as a reader of the catalogue knows it; sealing is told apart."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return " ".join([type_name(args[0]), *checks_of(args[1:])])
    if origin is Literal:
        return "one of " + " ".join(str(each) for each in args)
    if origin in (Union, types.UnionType):
        kept = [each for each in args if each is not type(None) and not _is_closed(each)]
        return " | ".join(type_name(each) for each in kept)
    if origin is not None:
        return f"{origin.__name__}[{', '.join(type_name(each) for each in args)}]"
    return getattr(annotation, "__name__", str(annotation))


def _is_closed(kind):
    return isinstance(kind, type) and issubclass(kind, Closed)


def field_of(fact, name, info):
    """One field on one line: type, required, whose, who supplies it."""
    kind = " ".join([type_name(info.annotation), *checks_of(info.metadata)])
    whose, supplied = fact.whose.get(name), fact.supplied.get(name)
    seal = f"sealed {whose.subject}" if whose else "clear"
    by = f"supplied by {supplied.by}" if supplied else "required" if info.is_required() else "optional"
    return f"{kind}; {seal}; {by}"


def catalogue():
    return {
        fact.topic: {
            "name": fact.__name__,
            "command": fact.command,
            "who": list(fact.who),
            "rules": list(fact.rules),
            "effective": fact.effective_field or ("computed" if "effective" in vars(fact) else None),
            "plan": fact.is_plan,
            "fields": {name: field_of(fact, name, info) for name, info in fact.model_fields.items()},
        }
        for fact in sorted(FACTS, key=lambda each: each.topic)
    }


@pytest.mark.parametrize("topic", sorted(catalogue()))
def test_a_fact_is_as_it_was_frozen(topic):
    assert catalogue()[topic] == json.loads(GOLDEN.read_text())[topic]


def test_no_fact_was_dropped():
    assert sorted(json.loads(GOLDEN.read_text())) == sorted(catalogue())


def test_every_free_text_is_sealed():
    """Free text can hold a child's name; only closed codes, ids, dates, numbers and settings stand in clear."""
    clear = {
        (topic, name)
        for topic, each in catalogue().items()
        for name, line in each["fields"].items()
        if "a_text" in line and "sealed" not in line
    }
    assert clear == set()


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(catalogue(), indent=1, ensure_ascii=False) + "\n")
    print(f"{len(catalogue())} facts frozen")
