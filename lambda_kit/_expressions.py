"""JMESPath expressions over events, with functions for the JSON and the base64 inside of them.

A path of plain names, which is what most expressions are, is followed without the library.
"""

from __future__ import annotations

from lambda_kit import _callables as callables
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def compiled(expression: str, where: str) -> Callable[[Any], Any]:
    """Return a function that finds what the expression stands for in a value; None if that is nothing, or unreadable.

    Beside the functions of JMESPath there are `parse_json`, `parse_base64` and `parse_base64_gzip`, which take text;
    `powertools_json`, `powertools_base64` and `powertools_base64_gzip` are the same.

    Args:
        expression: the expression.
        where: what it was given for, for the error.

    Raises:
        ConfigurationError: it is no JMESPath expression.
    """
    steps = tuple(expression.split("."))
    if all(step.isidentifier() and step.isascii() for step in steps):
        return lambda value: _follow(value, steps)
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        parsed = jmespath.compile(expression)
    except JMESPathError as error:
        raise ConfigurationError(f"{where} is {expression!r}, which is no JMESPath expression: {error}") from error
    options = _options()
    known: Any = options.custom_functions.FUNCTION_TABLE
    for name in _functions_in(parsed.parsed):
        if name not in known:
            raise ConfigurationError(
                f"{where} is {expression!r}; there is no function {name!r}{callables.closest(name, known)}"
            )

    def search(value: Any) -> Any:
        try:
            return parsed.search(value, options)
        except Exception:  # text that is no JSON, a number where a text belongs: there is nothing
            return None

    return search


def parts_of(expression: str) -> Any:
    """Return what an expression that is valid puts together: a list or a dict of its parts, each likewise, else None.

    `[user, order.id]` gives `[None, None]`; `order.items`, which may find a list too, gives None.
    """
    if "[" not in expression and "{" not in expression:
        return None
    import jmespath

    return _parts_in(jmespath.compile(expression).parsed)


def _parts_in(node: Any) -> Any:
    kind, children = node["type"], node["children"]
    if kind in ("pipe", "subexpression"):
        return _parts_in(children[-1])
    if kind == "multi_select_list":
        return [_parts_in(child) for child in children]
    if kind == "multi_select_dict":
        return {pair["value"]: _parts_in(pair["children"][0]) for pair in children}
    return None


def _functions_in(node: Any) -> list[str]:
    """Return the names of the functions that a parsed expression calls."""
    found = [str(node["value"])] if node["type"] == "function_expression" else []
    for child in node["children"]:
        if isinstance(child, dict):
            found += _functions_in(child)
    return found


def _follow(value: Any, steps: tuple[str, ...]) -> Any:
    for step in steps:
        if not isinstance(value, dict):
            return None
        value = value.get(step)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return value  # pyright: ignore[reportUnknownVariableType]


_made: Any = None


def _options() -> Any:
    global _made
    if _made is None:
        import jmespath
        from jmespath import functions

        def parse_base64(text: str) -> bytes:
            from binascii import a2b_base64

            return a2b_base64(text)

        base: Any = functions.Functions
        takes_text: Any = functions.signature({"types": ["string"]})

        def parse_json(_self: Any, text: str) -> Any:
            import json

            return json.loads(text)

        def parse_base64_text(_self: Any, text: str) -> str:
            return parse_base64(text).decode()

        def parse_base64_gzip(_self: Any, text: str) -> str:
            import gzip

            return gzip.decompress(parse_base64(text)).decode()

        ours = {"json": parse_json, "base64": parse_base64_text, "base64_gzip": parse_base64_gzip}
        members = {
            f"_func_{library}_{name}": takes_text(function)
            for name, function in ours.items()
            for library in ("parse", "powertools")
        }
        made: Any = type(base)("Functions", (base,), members)
        _made = jmespath.Options(custom_functions=made())
    return _made
