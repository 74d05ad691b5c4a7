"""An extension of Griffe: the reference shows what a user of the kit can write and read, and nothing internal.

- An overload that reads like another one is left out. A default of an overload is that of the implementation.
- A field of a view has the type of its value, and not the call that makes it.
- A value or a default with a private name is left out, or stands as `…`. A private base class is left out.
"""

from __future__ import annotations

import copy
import dataclasses
import re
from typing import TYPE_CHECKING, Any

import griffe

if TYPE_CHECKING:
    from collections.abc import Iterator

_PRIVATE = re.compile(r"(?<![\w.'\"])_[A-Za-z]\w*")
_HIDDEN = "…"


def _is_private(expression: Any) -> bool:
    return expression is not None and _PRIVATE.search(str(expression)) is not None


class ReferenceSignatures(griffe.Extension):
    """Makes the signatures of a package ready for readers, once it is loaded."""

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:  # noqa: ARG002  # of the interface
        """Go through all objects of the package."""
        for found in list(_objects(pkg)):
            if isinstance(found, griffe.Class):
                found.bases = [base for base in found.bases if not _is_private(str(base).rpartition(".")[2])]
            elif isinstance(found, griffe.Attribute):
                _show_attribute(found, pkg)
            elif isinstance(found, griffe.Function):
                _show_function(found)


def _objects(parent: griffe.Object) -> Iterator[griffe.Object]:
    for member in parent.members.values():
        if isinstance(member, griffe.Object):
            yield member
            yield from _objects(member)


def _show_attribute(attribute: griffe.Attribute, package: griffe.Module) -> None:
    of_field = _type_of_field(attribute, package)
    if of_field is not None:
        attribute.annotation, attribute.value = of_field, None
        attribute.labels = {"property"}
    elif _is_private(attribute.value):
        attribute.value = None
    if _is_private(attribute.annotation):
        attribute.annotation = None


def _type_of_field(attribute: griffe.Attribute, package: griffe.Module) -> Any:
    """Return the type of the value of a field of a view, which `text("name")` and its like make; None for others."""
    call = attribute.value
    if not isinstance(call, griffe.ExprCall) or not attribute.canonical_path.startswith(f"{package.path}.events."):
        return None
    try:
        made_by = package.modules_collection[call.canonical_path]
    except KeyError:
        return None
    if made_by.is_alias:
        made_by = made_by.final_target
    returned = getattr(made_by, "returns", None)
    if not isinstance(returned, griffe.ExprSubscript) or str(returned.left) != "Field":
        return None
    return _with_argument(returned.slice, call.arguments[0])


def _with_argument(expression: Any, argument: Any) -> Any:
    """Return a copy of a type with the class that a field is made of in the place of the type variable."""
    if expression.__class__ is list:  # `isinstance` makes its items unknown to pyright
        return [_with_argument(one, argument) for one in expression]
    if isinstance(expression, griffe.ExprName):
        return argument if expression.name == "V" else expression
    if not isinstance(expression, griffe.Expr):
        return expression
    made = copy.copy(expression)  # shallow: names hold the module that they stand in
    for field in dataclasses.fields(expression):
        setattr(made, field.name, _with_argument(getattr(expression, field.name), argument))
    return made


def _show_function(function: griffe.Function) -> None:
    _show_parameters(function)
    seen: set[tuple[str, ...]] = set()
    kept: list[griffe.Function] = []
    for overload in function.overloads or ():
        for parameter in overload.parameters:
            if str(parameter.default) == "..." and parameter.name in function.parameters:
                parameter.default = function.parameters[parameter.name].default
        _show_parameters(overload)
        text = _text(overload)
        if text not in seen:
            seen.add(text)
            kept.append(overload)
    if kept:
        function.overloads = kept


def _show_parameters(function: griffe.Function) -> None:
    for parameter in function.parameters:
        if _is_private(parameter.default):
            parameter.default = _HIDDEN


def _text(function: griffe.Function) -> tuple[str, ...]:
    """Return what a reader sees of a signature."""
    shown = [one for one in function.parameters if one.name not in ("self", "cls")]
    parts = [f"{one.kind}{one.name}:{one.annotation}={one.default}" for one in shown]
    return *parts, str(function.returns)
