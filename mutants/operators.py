"""Small faults in a syntax tree: each is one place of a file, and what stands there instead."""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_CALCULATED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_LEFT_OUT = {"__repr__", "__hash__"}  # for people's eyes, or without an observable fault


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes:
        line: where it is.
        function: the function or method around it, with its class; an empty text at the top of the module.
        before: the code there.
        after: the code that stands there instead.
        tree: the whole module with the fault.
    """

    line: int
    function: str
    before: str
    after: str
    tree: ast.Module


def mutants_of(source: str) -> list[Mutant]:
    """Return all mutants of a module, in the order of its lines."""
    module = ast.parse(source)
    found: list[Mutant] = []
    for path in _places(module, ()):
        node = _at(module, path)
        for other in _others(node):
            tree = copy.deepcopy(module)
            ast.copy_location(other, node)
            _put(tree, path, other)
            ast.fix_missing_locations(tree)
            found.append(Mutant(node.lineno, _function(module, path), _text(node), _text(other), tree))
    return found


def _function(module: ast.AST, path: _Path) -> str:
    """Return the dotted name of the classes and functions on the way to a place."""
    nodes = [_at(module, path[: length + 1]) for length in range(len(path))]
    return ".".join(one.name for one in nodes if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef))


def _text(node: ast.AST) -> str:
    lines = ast.unparse(node).split("\n")
    return lines[0] if len(lines) == 1 else f"{lines[0]} …"


_Path = tuple[tuple[str, int | None], ...]


def _places(node: ast.AST, path: _Path) -> Iterator[_Path]:
    """Yield the places of expressions and statements that run, without types, docstrings, decorators and messages."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "decorator_list", "type_params", "format_spec"):
            continue
        values: Any = value
        inner: list[tuple[int | None, Any]] = [*enumerate(values)] if isinstance(value, list) else [(None, value)]
        for index, one in inner:
            if not isinstance(one, ast.AST) or _is_left_out(one):
                continue
            place = (*path, (field, index))
            if isinstance(one, ast.expr | ast.stmt):
                yield place
            yield from _places(one, place)


def _is_left_out(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)  # a docstring
    if isinstance(node, ast.Assign):
        return any(
            isinstance(one, ast.Name) and one.id in ("__slots__", "__all__", "TYPE_CHECKING") for one in node.targets
        )
    if isinstance(node, ast.FunctionDef):
        return node.name in _LEFT_OUT
    return isinstance(node, ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom)


def _at(module: ast.AST, path: _Path) -> Any:
    node: Any = module
    for field, index in path:
        node = getattr(node, field)
        if index is not None:
            node = node[index]
    return node


def _put(module: ast.AST, path: _Path, node: ast.AST) -> None:
    holder, (field, index) = _at(module, path[:-1]), path[-1]
    if index is None:
        setattr(holder, field, node)
    else:
        getattr(holder, field)[index] = node


def _others(node: Any) -> Iterator[Any]:
    """Yield what may stand in the place of a node."""
    made = copy.deepcopy(node)
    if isinstance(made, ast.Compare):
        for index, operator in enumerate(made.ops):
            other = copy.deepcopy(made)
            other.ops[index] = _COMPARED[type(operator)]()
            yield other
    elif isinstance(made, ast.BoolOp):
        made.op = ast.Or() if isinstance(made.op, ast.And) else ast.And()
        yield made
    elif isinstance(made, ast.BinOp) and type(made.op) in _CALCULATED:
        made.op = _CALCULATED[type(made.op)]()
        yield made
    elif isinstance(made, ast.UnaryOp) and isinstance(made.op, ast.Not):
        yield made.operand
    elif isinstance(made, ast.Constant):
        yield from _other_constants(made.value)
    else:
        yield from _other_statements(made)


def _other_constants(value: Any) -> Iterator[ast.expr]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)
    elif isinstance(value, str):
        yield ast.Constant(f"{value}x")
    elif isinstance(value, bytes):
        yield ast.Constant(value + b"x")


def _other_statements(made: Any) -> Iterator[Any]:
    if isinstance(made, ast.Return) and made.value is not None and not _is_none(made.value):
        yield ast.Return(ast.Constant(None))
    elif isinstance(made, ast.If | ast.IfExp | ast.While):
        made.test = ast.UnaryOp(ast.Not(), made.test)
        yield made
    elif isinstance(made, ast.Expr | ast.AugAssign):
        yield ast.Pass()
    elif isinstance(made, ast.Break):
        yield ast.Continue()
    elif isinstance(made, ast.Continue):
        yield ast.Break()


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
