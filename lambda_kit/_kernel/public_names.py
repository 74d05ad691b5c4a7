"""The public names of the kit, and the modules that export them. It is loaded when a name is missing."""

from __future__ import annotations

import ast
import functools
import pkgutil
from typing import TYPE_CHECKING, Any

import lambda_kit

if TYPE_CHECKING:
    from collections.abc import Generator


def places_of(name: str) -> list[str]:
    """Return the public modules that export a name, the root first."""
    return _index().get(name, [])


@functools.lru_cache(maxsize=1)
def _index() -> dict[str, list[str]]:
    found = {name: ["lambda_kit"] for name in lambda_kit.__all__}
    for module, names in _exports(list(lambda_kit.__path__), "lambda_kit."):
        for name in names:
            found.setdefault(name, []).append(module)
    return found


def _exports(paths: list[str], prefix: str) -> Generator[tuple[str, list[str]]]:
    """Yield the public modules in folders and below them, with their names. They are read, and not imported."""
    for one in pkgutil.iter_modules(paths, prefix):
        short = one.name.removeprefix(prefix)
        if short.startswith("_"):
            continue
        finder: Any = one.module_finder
        text: str | None = finder.find_spec(one.name).loader.get_source(one.name)
        yield one.name, _names_in(text or "")  # None: the module is there without its source
        if one.ispkg:
            yield from _exports([f"{path}/{short}" for path in paths], f"{one.name}.")


def _names_in(text: str) -> list[str]:
    """Return what `__all__` of a module lists; without it, the public classes and functions that it defines."""
    defined: list[str] = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            listed: list[str] = ast.literal_eval(node.value)
            return listed
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            defined.append(node.name)
    return defined
