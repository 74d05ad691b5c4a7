"""Faults within functions, put into a process that has collected its tests: only the code of functions is exchanged."""

from __future__ import annotations

import gc
from types import CodeType, FunctionType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    Codes = dict[tuple[str, int], CodeType]

_IS_FUNCTION = 1  # CO_OPTIMIZED: the body of a module or a class does not have it


def all_codes(path: str, module: ast.Module) -> list[CodeType]:
    """Return the code of a module, its classes and its functions; `path` is the file of the module."""
    return list(_codes(compile(module, path, "exec")))


def codes_of(path: str, old: list[CodeType], after: ast.Module) -> Codes | None:
    """Return the code of all functions of a module with a fault, by their names and lines.

    None is returned where exchanging it is not enough: the fault is in what runs when the module is imported, such as
    a default value or a constant of the module.

    Args:
        path: the file of the module.
        old: all codes of the module.
        after: the module with a fault.
    """
    new = all_codes(path, after)
    if [_key(one) for one in old] != [_key(one) for one in new]:
        return None
    changed = [one for one, other in zip(old, new, strict=True) if _own(one) != _own(other)]
    found = {_key(one): one for one in new if one.co_flags & _IS_FUNCTION}
    same_names = len({_key(one) for one in new}) == len(new)
    free = all(one.co_freevars == other.co_freevars for one, other in zip(old, new, strict=True))
    if not changed or not same_names or not free or any(not one.co_flags & _IS_FUNCTION for one in changed):
        return None
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _codes(one)


def _key(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def _own(code: CodeType) -> object:
    """Return what a code is made of, without the code of the functions in it."""
    constants = [repr(one) for one in code.co_consts if not isinstance(one, CodeType)]
    return code.co_code, constants, code.co_names, code.co_varnames, code.co_cellvars, code.co_exceptiontable


def swap(path: str, codes: Codes) -> None:
    """Exchange the code of all functions of a file, in this process."""
    for one in gc.get_objects():
        if type(one) is FunctionType and one.__code__.co_filename == path:
            code = codes.get(_key(one.__code__))
            if code is not None:
                one.__code__ = code
