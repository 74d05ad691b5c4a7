"""Writes down the public names of the package, with their signatures, as the text in `public_api.txt`.

`python -m tests.public_api` writes the file anew. What is public is what `__all__` of a public module names.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from typing import Any

import lambda_kit

FILE = Path(__file__).parent / "public_api.txt"


def modules() -> list[str]:
    """Return the names of the public modules."""
    names = [one.name for one in pkgutil.walk_packages(lambda_kit.__path__, "lambda_kit.")]
    return sorted([lambda_kit.__name__, *(name for name in names if "._" not in name)])


def described() -> str:
    """Return the text: for each module its names, and the members of each class."""
    lines: list[str] = []
    for name in modules():
        module = importlib.import_module(name)
        exported = names_of(module)
        if exported:
            lines += ["", f"# {name}"]
        for export in sorted(exported):
            value = getattr(module, export)
            home = getattr(value, "__module__", name)
            if name == lambda_kit.__name__ and isinstance(home, str) and home.startswith("lambda_kit."):
                lines.append(f"{export}: see {_public_home(export, home)}")
            else:
                lines += _described(export, value)
    return "\n".join(lines[1:]) + "\n"


def names_of(module: Any) -> list[str]:
    """Return the public names of a module: those of `__all__`, else those that it defines itself."""
    exported: list[str] | None = getattr(module, "__all__", None)
    if exported:
        return exported
    names: dict[str, Any] = module.__dict__
    return [
        name
        for name, value in names.items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]


def _public_home(export: str, home: str) -> str:
    parts = home.split(".")
    while any(part.startswith("_") for part in parts):
        parts.pop()
    return ".".join([*parts, export])


def _described(name: str, value: Any) -> list[str]:
    if inspect.isclass(value):
        bases = [base.__name__ for base in value.__bases__ if base is not object]
        lines = [f"class {name}{_signature(value)}" + (f" from {', '.join(bases)}" if bases else "")]
        for member, found in sorted(_members(value).items()):
            function: Any = getattr(found, "__func__", found)  # of a static or class method
            lines.append(f"    {member}{_signature(function) if callable(function) else ''}")
        return lines
    return [f"{name}{_signature(value)}"] if callable(value) else [f"{name}: {type(value).__name__}"]


def _members(cls: type) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.startswith("lambda_kit"):
            found |= {name: value for name, value in vars(base).items() if not name.startswith("_")}
    return found


def _signature(value: Any) -> str:
    try:
        text = str(inspect.signature(value))
    except (ValueError, TypeError):
        return ""
    text = re.sub(r"<(function|class|bound method|built-in function) '?([\w.]+)'?[^>]*>", r"\2", text)
    text = re.sub(r"<([\w.]+) object at 0x[0-9a-f]+>", r"\1()", text)
    return re.sub(r"(?<=: )'([^']*)'|(?<=-> )'([^']*)'", lambda found: _plain(found[1] or found[2]), text)


def _plain(annotation: str) -> str:
    try:
        return ast.unparse(ast.parse(annotation, mode="eval"))
    except SyntaxError:
        return annotation


if __name__ == "__main__":
    FILE.write_text(described())
    print(f"{FILE.name}: {len(described().splitlines())} lines")
