"""The name of a handler: it is checked against the source, and mistakes get the closest name. Nothing is imported."""

from __future__ import annotations

import ast
import difflib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from lambda_kit.errors import ConfigurationError

if TYPE_CHECKING:
    from lambda_kit.local._outcome import FunctionError

_USUAL = ("handler", "lambda_handler", "main")


def check(handler: str, root: Path) -> None:
    """Raise `ConfigurationError` where `handler` is not `MODULE.FUNCTION`, with the right spelling.

    Args:
        handler: the handler argument.
        root: the directory that the function is imported from.
    """
    meant = handler.replace("\\", "/").replace(":", ".").removeprefix("./")
    meant = re.sub(r"\.py(?=$|\.)", "", meant)
    if Path(meant).is_absolute():
        raise ConfigurationError(
            f"the handler {handler!r} is an absolute path; it is found from the current directory, which is the "
            f"function's root: cd {Path(meant).parent} and name it {_complete(Path(meant).name, Path(meant).parent)!r}"
        )
    if meant == ".." or meant.startswith("../"):
        raise ConfigurationError(
            f"the handler {handler!r} lies outside the function's root, {root}; change to its directory"
        )
    complete = _complete(meant, root)
    if complete != handler:
        raise ConfigurationError(
            f"the handler {handler!r} is not MODULE.FUNCTION, as in Lambda's configuration; did you mean {complete!r}?"
        )


def _complete(meant: str, root: Path) -> str:
    """Add the function where only a module is named."""
    module, dot, function = meant.rpartition(".")
    if dot and module and function and not (_file(meant, root) and not _file(module, root)):
        return meant
    found = functions(meant, root)
    return f"{meant.strip('.') or 'app'}.{found[0] if found else 'handler'}"


def advice(error: FunctionError, handler: str, root: Path, python: str) -> str | None:
    """Return a line of advice on an error, or None."""
    module, _, function = handler.rpartition(".")
    if error.type == "Runtime.MarshalError" and "coroutine" in error.message:
        bare = (
            f"{handler} is an async function, which the runtime client does not await; put @handler of lambda_kit on it"
        )
        return bare if _is_bare_coroutine_function(module, function, root) else returned_coroutine(handler)
    if error.type == "Runtime.HandlerNotFound":
        known = functions(module, root)
        close = difflib.get_close_matches(function, known, n=1, cutoff=0.5) or known[:1]
        if close:
            return f"{module} has no {function!r}; did you mean {module}.{close[0]}?"
        return f"define {function}(event, context) in {_file(module, root) or module}"
    if error.type == "Runtime.ImportModuleError":
        absent = re.search(r"No module named '([^']+)'", error.message)
        if absent is None:
            return None
        top = module.replace("/", ".").split(".")[0]
        if absent[1] == top or module.replace("/", ".").startswith(f"{absent[1]}.") or absent[1] == module:
            names = modules(root)
            close = difflib.get_close_matches(module.replace("/", "."), names, n=1, cutoff=0.5)
            if close:
                return f"there is no module {module!r} in {root}; did you mean {close[0]}.{function}?"
            return f"there is no module {module!r} in {root}; run the command in the directory that holds it"
        return f"the function imports {absent[1]!r}, which is not installed for {python}"
    is_durable = "provided to start the durable execution" in error.message
    return f"{handler} is a durable function; add --durable to run its whole execution" if is_durable else None


def advice_on_response(payload: object, content_type: str) -> str | None:
    """Return a line of advice on the response of a function that succeeded, or None."""
    if not isinstance(payload, bytes) or content_type.partition(";")[0].strip().lower() != "application/json":
        return None
    constant = re.search(rb"(?<![\w\"])(-?Infinity|NaN)(?![\w\"])", payload)
    if constant is not None:
        return f"the response has {constant[1].decode()}, which is not JSON: its callers cannot read it"
    return "the response is not JSON, though its type says so: its callers cannot read it"


def returned_coroutine(handler: str) -> str:
    """Return the message for a handler that returned a coroutine: it has no JSON, and nothing awaits it."""
    return (
        f"{handler} returned a coroutine, which nothing awaits: declare the handler with async def, under @handler of "
        "lambda_kit, or await what it calls"
    )


def _is_bare_coroutine_function(module: str, function: str, root: Path) -> bool:
    """Tell whether a function is declared with `async def`, and has no decorator."""
    return any(
        isinstance(node, ast.AsyncFunctionDef) and node.name == function and not node.decorator_list
        for node in _body_of(module, root)
    )


def functions(module: str, root: Path) -> list[str]:
    """Return the functions and other names of a module that may be handlers, the likeliest first, from its source."""
    found: dict[str, int] = {}
    for node in _body_of(module, root):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            taken = len(node.args.posonlyargs) + len(node.args.args)
            found[node.name] = 0 if node.name in _USUAL else 1 if taken == 2 else 2
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    found[target.id] = 0 if target.id in _USUAL else 3
    names = [name for name in found if not name.startswith("_")]
    return sorted(names, key=lambda name: found[name])


def _body_of(module: str, root: Path) -> list[ast.stmt]:
    """Return the statements of a module, from its source; none if it cannot be read."""
    path = _file(module, root)
    if path is None:
        return []
    try:
        return ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return []


def modules(root: Path) -> list[str]:
    """Return the modules that lie in `root` and in the packages directly below it."""
    found = [path.stem for path in root.glob("*.py")]
    found += [f"{path.parent.name}.{path.stem}" for path in root.glob("*/*.py") if path.stem != "__init__"]
    return sorted(found)


def _file(module: str, root: Path) -> Path | None:
    base = os.path.join(root, module.replace(".", "/"))  # noqa: PTH118
    for path in (f"{base}.py", os.path.join(base, "__init__.py")):  # noqa: PTH118
        if os.path.isfile(path):  # noqa: PTH113  # a name that no file can have is none
            return Path(path)
    return None
