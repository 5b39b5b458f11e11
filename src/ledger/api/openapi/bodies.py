"""What a command's body looks like: the schema of its fields, and an example that its model accepts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, get_args

from pydantic import AfterValidator

from ledger.aggregates.shape import Fact, a_client_id, a_random_id

_EXAMPLES: Final[dict[str, Any]] = {
    "date": "2025-04-07",
    "date-time": "2025-04-07T16:30:00+01:00",
    "time": "09:30",
    "string": "text",
    "integer": 120,
    "boolean": True,
    "array": [],
    "object": {},
}
_RANDOM_ID: Final = "0196151c-7d5a-7000-8000-5b1f9c3a2d10"


def example(fact: type[Fact]) -> dict[str, Any]:
    """A body that the command's model accepts: its required fields."""
    properties = schema_of(fact)["properties"]
    return {name: example_of(properties[name]) for name, info in fact.model_fields.items() if info.is_required()}


def schema_of(fact: type[Fact]) -> dict[str, Any]:
    """The fields of a command, with the forms that the types of the ledger demand."""
    schema = fact.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    for name, info in fact.model_fields.items():
        for form in _forms(info.annotation, info.metadata):
            _demand(schema["properties"][name], form)
    return schema


_FORMS: Final[dict[Any, dict[str, Any]]] = {
    a_random_id: {"format": "uuid", "examples": [_RANDOM_ID]},
    a_client_id: {"pattern": "^[0-9]{7}$", "examples": ["0710890"]},
}


def _forms(annotation: Any, metadata: Sequence[Any] = ()) -> Iterator[dict[str, Any]]:
    for each in (*metadata, *getattr(annotation, "__metadata__", ())):
        form = _FORMS.get(each.func) if isinstance(each, AfterValidator) else None
        if form:
            yield form
    for inner in get_args(annotation):
        yield from _forms(inner)


def _demand(schema: dict[str, Any], form: dict[str, Any]) -> None:
    """Add a form to every text in a schema."""
    if schema.get("type") == "string":
        schema.update(form)
    for inner in (*schema.get("anyOf", ()), *filter(None, (schema.get("items"),))):
        _demand(inner, form)


def example_of(schema: dict[str, Any]) -> Any:
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0])
    for word in ("enum", "examples"):
        if word in schema:
            return schema[word][0]
    if "const" in schema:
        return schema["const"]
    kind = str(schema.get("format") or schema.get("type"))
    if kind == "array" and "items" in schema:
        return [example_of(schema["items"])]
    return _EXAMPLES.get(kind, "text")
