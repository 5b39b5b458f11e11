"""One fact of every type, made up from the types of its fields: the same every time."""

from __future__ import annotations

import types
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from ledger.aggregates.shape import Closed, Fact

_ID = "00000000-0000-4000-8000-{:012d}"
_BY_CHECK = {
    "a_random_id": _ID.format(7),
    "a_client_id": "0710890",
    "a_base64": "MIIBAA==",
    "a_code": "CODE 1",
    "a_document": "sha256:" + "0a" * 32,
    "a_hash": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "_a_public_name": "a-setting",
    "a_vkey": "ledger.example/kent+51b4c5e8+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
    "a_name": "ledger.example/kent/2",
    "a_checkpoint": (
        "ledger.example/kent\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=\n\n"
        "— ledger.example/kent UbTF6EgNyIddQtMPbZaRxu9uo2vQufOefps0TBI0VyH7ZBpNVEDWa/AyrcILLYJr9yd6"
        "p2BTLxlnx+ofzL2wIfgF7Qw=\n"
    ),
    "a_text": "Told on site: “é” \t\n 𝄞",
}
_BY_TYPE: dict[Any, Any] = {
    bool: True,
    int: 90,
    str: "text",
    date: date(2025, 4, 7),
    datetime: datetime(2025, 4, 7, 16, 30, 12, 345678, tzinfo=UTC),
    time: time(9, 5),
}


def a_fact_of(fact_class: type[Fact]) -> Fact:
    """With every field given; it is as valid as one that a caller tells."""
    values = {name: _sample(info.annotation, info.metadata) for name, info in fact_class.model_fields.items()}
    return fact_class.model_validate(values, strict=False)


def _sample(annotation: Any, metadata: list[Any] | tuple[Any, ...] = ()) -> Any:
    checks = [getattr(getattr(each, "func", None), "__name__", "") for each in metadata]
    known = next((_BY_CHECK[each] for each in checks if each in _BY_CHECK), None)
    if known is not None:
        return known
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _sample(args[0], (*args[1:], *metadata))
    if origin is Literal:
        return args[0]
    if origin in (Union, types.UnionType):
        return _sample(next(each for each in args if each is not type(None) and not _is_closed(each)), metadata)
    if origin is list:
        return [_sample(args[0]), _sample(args[0])]
    if origin is dict and get_origin(args[1]) is Annotated:
        return {"b": _sample(args[1]), "a": _sample(args[1])}
    if origin is dict and get_origin(args[1]) is Annotated:
        return {_sample(args[0]): _sample(args[1])}
    if origin is dict:
        return {"b": ["x", {"c": None}], "a/1": -1} if args[1] is not str else {"b": "x", "a": "y"}
    return _BY_TYPE.get(annotation, "told")


def _is_closed(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Closed)
