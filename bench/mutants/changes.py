"""What is mutated in a module of rules, and how: one small change at a time, each compiled, none written anywhere.

    for mutant in mutants_of(Path("src/ledger/rules/enforcement.py")): ...

Changed are numbers, yes and no, comparisons and their boundaries, signs, `and` and `or`, conditions, members of sets,
tuples and tables, codes that functions compare, alternatives of a match, and what a function returns (`shifted`). What
is only said is left alone: docstrings, annotations, decorators, stated rules, messages, sources and units.

Proven by tests/house/test_mutants.py.
"""

from __future__ import annotations
import __future__

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from types import CodeType
from typing import Any, Final

SHIFTED: Final = "__shifted__"
"""The builtin by which a mutant returns something else."""
LESS: Final = "the result, shifted"
LEFT_OUT: Final = "left out"

_COMPARED: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
_CALCULATED: Final[dict[type[ast.operator], tuple[type[ast.operator], ...]]] = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.FloorDiv,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
}
_OPPOSITES: Final = {
    **{"min": "max", "max": "min", "any": "all", "all": "any"},
    **{"bisect_left": "bisect_right", "bisect_right": "bisect_left"},
}
# Calls whose words are only said, and arguments that only say or only bind.
_SAYING: Final = {"stated", "Edition", "TypeVar", "cast", "lru_cache", "isinstance", "ZoneInfo"}
_SAID_IN_ORDER: Final = {"Setting": (0, 2, 3, 4), "Part": (0, 2, 3)}
_SAYING_ARGUMENTS: Final = {"strict", "maxsize", "unit", "source", "rule", "label", "encoding"}
_NUMBERS: Final = re.compile(r"\d+")
_A_LIST: Final = re.compile(r"[\d, -]*\d")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: where it is (`within` "" at the level of the module), what it reads before and after.

    `code`: the whole module with the change, compiled; `values`: what it assigns alone.  `live`: it is in the body of a
    function, so whatever calls the function meets it; otherwise it is met when the module is imported.  `target`: the
    name of the module that it gives another value; `key`: the setting whose line it changes.
    """

    module: str
    within: str
    before: str
    after: str
    nth: int
    code: CodeType
    values: CodeType
    live: bool
    target: str | None = None
    key: str | None = None

    @property
    def name(self) -> str:
        """How the page names it; the same for as long as the line reads the same."""
        again = f" ({self.nth})" if self.nth > 1 else ""
        return f"{self.where}: {self.before} → {self.after}{again}"

    @property
    def where(self) -> str:
        """What holds it: module.function, module.NAME, or module[setting]."""
        return _where(self.module, self.within, self.target, self.key)

    @property
    def function(self) -> str:
        """The outermost function or method that holds it."""
        return self.within.partition(".<locals>")[0]


def shifted(value: Any) -> Any:
    """Something else of the same kind: a day or a minute later, one more, the contrary, one member less; else None."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case datetime():
            return value + timedelta(minutes=1)
        case date():
            return value + timedelta(days=1)
        case str():
            return f"{value}~"
        case list() | tuple():
            return value[1:]
        case set() | frozenset():
            return type(value)(sorted(value)[1:])
        case dict():
            return dict(list(value.items())[1:])
        case None:
            return False
        case _:
            return None


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its lines."""
    tree = ast.parse(path.read_text("utf-8"))
    met: Counter[tuple[str, str, str]] = Counter()
    for site in _sites(tree, _Place()):
        for new in site.replacements():
            before, after = site.words(new)
            kept = site.put(new)
            try:
                code = compile(ast.fix_missing_locations(tree), str(path), "exec")
                values = compile(_values(tree), str(path), "exec", __future__.annotations.compiler_flag)
            finally:
                site.put(kept)
            place = site.place
            what = _where(path.stem, place.within, place.target, place.key), before, after
            met[what] += 1
            named = path.stem, place.within, before, after, met[what]
            yield Mutant(*named, code, values, place.live, place.target, place.key)


def _values(tree: ast.Module) -> ast.Module:
    """Only what a module assigns to its names."""
    kept = [each for each in tree.body if isinstance(each, ast.AnnAssign | ast.Assign) and not _is_type(each.value)]
    return ast.Module(kept, [])


def _is_type(value: ast.AST | None) -> bool:
    return isinstance(value, ast.Call) and _named(value.func) == "TypeVar"


def _where(module: str, within: str, target: str | None, key: str | None) -> str:
    return f"{module}[{key}]" if key else ".".join(filter(None, (module, within or target)))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a module: in which function or class, whether its code runs when called, in whose value."""

    within: str = ""
    live: bool = False
    target: str | None = None
    key: str | None = None

    def inside(self, node: ast.AST) -> _Place:
        match node:
            case ast.ClassDef(name=name):
                return _Place(f"{self.within}.{name}" if self.within else name)
            case ast.FunctionDef(name=name) if self.live:
                return _Place(f"{self.within}.<locals>.{name}", live=True)
            case ast.FunctionDef(name=name):
                return _Place(f"{self.within}.{name}" if self.within else name, live=True)
            case ast.arguments():
                return _Place(self.within)  # a default is worked out once
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                return self if self.live or self.within else _Place(target=name)
            case ast.Call(args=[ast.Constant(value=str(key)), *_]) if _named(node.func) == "Setting":
                return _Place(self.within, self.live, self.target, key)
            case _:
                return self


@dataclass(frozen=True, slots=True)
class _Site:
    """A node that can be replaced: who holds it, in which field, at which place of a list."""

    holder: ast.AST
    field: str
    at: int | None
    place: _Place

    @property
    def node(self) -> Any:
        value = getattr(self.holder, self.field)
        return value if self.at is None else value[self.at]

    def put(self, new: Any) -> Any:
        """Set another node there; what stood there."""
        old = self.node
        if self.at is None:
            setattr(self.holder, self.field, new)
        else:
            getattr(self.holder, self.field)[self.at] = new
        return old

    def replacements(self) -> Iterator[ast.AST]:
        node = self.node
        for kind, make in _CHANGES:
            if isinstance(node, kind):
                yield from make(node)
        if self.field == "test" and not isinstance(node, ast.Compare | ast.UnaryOp):
            yield ast.UnaryOp(ast.Not(), node)
        if isinstance(self.holder, ast.Return) and not _is_plain(node):
            yield ast.Call(ast.Name(SHIFTED, ast.Load()), [node], [])

    def words(self, new: Any) -> tuple[str, str]:
        """What it reads before and after, cut to what a table holds."""
        before, after = _text(self.node), _text(new)
        if after.startswith(SHIFTED):
            return _cut(before), LESS
        parts = _parts(self.node), _parts(new) or [after]
        if len(parts[0]) > len(parts[1]) or (len(parts[0]) == 1 and not _parts(new)):
            left = next((each for n, each in enumerate(parts[0]) if n == len(parts[1]) or each != parts[1][n]), before)
            return _cut(left), LEFT_OUT
        return _cut(before), _cut(after)


def _is_plain(node: ast.AST) -> bool:
    """A constant, which is changed as such, or an empty list, which has nothing to leave out."""
    return (isinstance(node, ast.Constant) and node.value is not None) or (
        isinstance(node, ast.List | ast.Tuple) and not node.elts
    )


def _parts(node: Any) -> list[str]:
    """The members of a set, list, tuple or table, the cases or alternatives of a match, the conditions of a filter."""
    match node:
        case ast.Set(elts=parts) | ast.Tuple(elts=parts) | ast.List(elts=parts):
            return [_text(each) for each in parts]
        case ast.comprehension(ifs=parts) | ast.Match(cases=parts) | ast.MatchOr(patterns=parts):
            return [_text(each) for each in parts]
        case ast.Dict():
            return [_text(each) if each else "**" for each in node.keys]
        case _:
            return []


def _text(node: Any) -> str:
    if isinstance(node, ast.match_case):
        node = node.pattern
    return " ".join(ast.unparse(ast.fix_missing_locations(node)).split())


def _cut(text: str, width: int = 90) -> str:
    return text if len(text) <= width else f"{text[: width - 30]} … {text[-27:]}"


# ------------------------------------------------------------------------------------------ where


def _sites(holder: ast.AST, place: _Place) -> Iterator[_Site]:
    for field, value in ast.iter_fields(holder):
        if _only_said(holder, field):
            continue
        listed = value if isinstance(value, list) else [value]
        for at, node in enumerate(listed):
            if not isinstance(node, ast.AST) or _is_said(holder, field, at, node):
                continue
            inside = place.inside(node)
            yield _Site(holder, field, at if isinstance(value, list) else None, inside)
            yield from _sites(node, inside)


def _only_said(holder: ast.AST, field: str) -> bool:
    """Fields that no decision rests on: annotations, decorators, names, targets."""
    if field in ("annotation", "returns", "decorator_list", "bases", "ctx", "targets", "target", "type_ignores"):
        return True
    return (isinstance(holder, ast.Call) and field == "func" and _named(holder.func) not in _OPPOSITES) or (
        isinstance(holder, ast.AnnAssign | ast.Assign) and field == "value" and _names_an_edition(holder)
    )


def _is_said(holder: ast.AST, field: str, at: int, node: ast.AST) -> bool:
    """Words and bindings in an argument or a statement."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.JoinedStr | ast.Raise | ast.Delete):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True  # a docstring
    if isinstance(holder, ast.Set | ast.Tuple | ast.List | ast.Dict) and field != "values" and _said(node) is not None:
        return True  # left out as a member
    if isinstance(node, ast.Call) and _named(node.func) in _SAYING:
        return True
    if isinstance(holder, ast.Subscript) and field == "slice":
        return not isinstance(node, ast.Slice | ast.Constant)
    if isinstance(holder, ast.Call) and field == "args" and at in _SAID_IN_ORDER.get(_named(holder.func), ()):
        return True
    return isinstance(node, ast.keyword) and node.arg in _SAYING_ARGUMENTS


def _names_an_edition(assigned: ast.AnnAssign | ast.Assign) -> bool:
    """A name of an edition, of a setting, or a message: a text that is only said."""
    text = _said(assigned.value)
    return text is not None and not re.fullmatch("[A-Z][A-Z_]+", text)


def _named(function: ast.AST) -> str:
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )


def _said(node: ast.AST | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


# ------------------------------------------------------------------------------------------ how


def _constant(node: ast.Constant) -> Iterator[ast.AST]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield from (ast.Constant(value + 1), ast.Constant(value - 1))
    elif isinstance(value, str) and _A_LIST.fullmatch(value):
        for found in _NUMBERS.finditer(value):
            for number in (int(found[0]) + 1, int(found[0]) - 1):
                yield ast.Constant(f"{value[: found.start()]}{number}{value[found.end() :]}")
    elif isinstance(value, str) and value and " " not in value:
        yield ast.Constant(f"{value}~")


def _compare(node: ast.Compare) -> Iterator[ast.AST]:
    for at, operator in enumerate(node.ops):
        for new in _COMPARED.get(type(operator), ()):
            yield ast.Compare(node.left, [*node.ops[:at], new(), *node.ops[at + 1 :]], node.comparators)


def _calculate(node: ast.BinOp) -> Iterator[ast.AST]:
    for new in _CALCULATED.get(type(node.op), ()):
        yield ast.BinOp(node.left, new(), node.right)
    if isinstance(node.op, ast.BitOr | ast.BitAnd):
        yield from (node.left, node.right)


def _connect(node: ast.BoolOp) -> Iterator[ast.AST]:
    yield ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)
    for left in _without(node.values):
        yield ast.BoolOp(node.op, left) if len(left) > 1 else left[0]


def _without(members: list[Any]) -> Iterator[list[Any]]:
    """The list with each member left out in turn."""
    for at in range(len(members)):
        yield [*members[:at], *members[at + 1 :]]


def _members(node: Any) -> Iterator[ast.AST]:
    if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return
    if any(isinstance(each, ast.Call) and _named(each.func) in ("Setting", "Edition") for each in node.elts):
        return
    for left in _without(node.elts):
        if left or not isinstance(node, ast.Set):
            yield type(node)(left) if isinstance(node, ast.Set) else type(node)(left, ast.Load())


def _entries(node: ast.Dict) -> Iterator[ast.AST]:
    for keys, values in zip(_without(node.keys), _without(node.values), strict=True):
        yield ast.Dict(keys, values)


def _signed(node: ast.UnaryOp) -> Iterator[ast.AST]:
    if isinstance(node.op, ast.Not | ast.USub):
        yield node.operand


def _named_call(node: ast.Name) -> Iterator[ast.AST]:
    if node.id in _OPPOSITES:
        yield ast.Name(_OPPOSITES[node.id], ast.Load())


def _cases(node: ast.Match) -> Iterator[ast.AST]:
    for left in _without(node.cases):
        if left:
            yield ast.Match(node.subject, left)


def _alternatives(node: ast.MatchOr) -> Iterator[ast.AST]:
    for left in _without(node.patterns):
        yield ast.MatchOr(left) if len(left) > 1 else left[0]


def _chosen(node: ast.IfExp) -> Iterator[ast.AST]:
    yield from (node.body, node.orelse)


def _filtered(node: ast.comprehension) -> Iterator[ast.AST]:
    for left in _without(node.ifs):
        yield ast.comprehension(node.target, node.iter, left, node.is_async)


_CHANGES: Final[tuple[tuple[Any, Callable[[Any], Iterator[ast.AST]]], ...]] = (
    (ast.Constant, _constant),
    (ast.Compare, _compare),
    (ast.BinOp, _calculate),
    (ast.BoolOp, _connect),
    (ast.Set | ast.Tuple | ast.List, _members),
    (ast.Dict, _entries),
    (ast.UnaryOp, _signed),
    (ast.Name, _named_call),
    (ast.Match, _cases),
    (ast.MatchOr, _alternatives),
    (ast.IfExp, _chosen),
    (ast.comprehension, _filtered),
)
