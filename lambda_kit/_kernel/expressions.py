"""JMESPath expressions over events, with extra functions that decode JSON and base64 inside an event.

Most expressions are paths of plain names, such as `order.id`. Those are evaluated without the library.
"""

from __future__ import annotations

from lambda_kit._kernel import callables, log, type_of
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_SIZED = (str, list, tuple, dict)


def compiled(expression: str, where: str, *, whole: bool = False) -> Callable[[Any], Any]:
    """Return a function that evaluates the expression on a value. It returns None if nothing is found or readable.

    The functions of JMESPath are known, and `parse_json`, `parse_base64` and `parse_base64_gzip`, which take text.
    `powertools_json`, `powertools_base64` and `powertools_base64_gzip` are other names of these three. Compressed text
    is not readable if it expands to more than `LAMBDA_KIT_MAX_EXPANSION` bytes, 24 MiB by default.

    Args:
        expression: the JMESPath expression.
        where: the option that it was passed as, for the error message.
        whole: if True, the result is None as well if anything that the expression builds lacks a part, at any depth: a
            list or an object (`[user, {order: order.id}]` without `order.id`), a projection (`items[*].sku`, one of
            them without `sku`), the result of a function (`to_string(order.id)`). `not_null` and `type` may be given
            null, and null members of found values are allowed.

    Raises:
        ConfigurationError: the expression is not valid JMESPath, or calls an unknown function; or it decompresses, and
            the bound of that is not a number.
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
        if name.endswith("_base64_gzip"):
            from lambda_kit._kernel import expansion

            expansion.limit()  # a wrong setting is an error now, and not in each evaluation
        if name not in known:
            raise ConfigurationError(
                f"{where} is {expression!r}, which calls an unknown function {name!r}{callables.closest(name, known)}"
            )

    interpreter = _interpreter(whole=whole)

    def search(value: Any) -> Any:
        try:
            return interpreter(options).visit(parsed.parsed, value)
        except Exception:  # for example text that is not JSON, or a number instead of text
            return None

    return search


def roots_of(expression: str) -> frozenset[str] | None:
    """Return the top-level members that a valid expression reads; None if it reads the whole value.

    `[user, order.id]` reads `user` and `order`; `@` reads the whole value.
    """
    steps = expression.split(".")
    if all(step.isidentifier() and step.isascii() for step in steps):
        return frozenset(steps[:1])
    import jmespath

    return _roots_in(jmespath.compile(expression).parsed)


# Nodes whose first child reads the value; the other children read what the first one found.
_FIRST_CHILD_READS = (
    "subexpression",
    "index_expression",
    "pipe",
    "projection",
    "filter_projection",
    "value_projection",
    "flatten",
)


def _roots_in(node: Any) -> frozenset[str] | None:
    kind = node["type"]
    if kind == "field":
        return frozenset((str(node["value"]),))
    if kind == "literal":
        return frozenset()
    children = node["children"][:1] if kind in _FIRST_CHILD_READS else node["children"]
    found: frozenset[str] = frozenset()
    for child in children:
        roots = _roots_in(child)
        if roots is None:
            return None
        found |= roots
    return found if children else None  # a node without children is `@` or equal to it


def is_nothing(value: Any) -> bool:
    """Return True if nothing was found: None, an empty text, list or object. 0 and False are values."""
    return value is None or (isinstance(value, _SIZED) and not value)


def _functions_in(node: Any) -> list[str]:
    """Return the names of the functions that a parsed expression calls."""
    found = [str(node["value"])] if node["type"] == "function_expression" else []
    for child in node["children"]:
        if isinstance(child, dict):
            found += _functions_in(child)
    return found


def _follow(value: Any, steps: tuple[str, ...]) -> Any:
    try:
        for step in steps:
            value = value.get(step)
    except Exception:  # as in the library, whatever has a method `get` is searched
        return None
    return value


_TAKES_NULL = ("not_null", "type")
_WRITES_ALL = ("to_string", "to_array")  # an empty value gives something that is not empty
_interpreters: tuple[Any, Any] | None = None


def _interpreter(*, whole: bool) -> Any:
    """Return the library's interpreter; with `whole`, one that fails if a list or object it builds lacks a part."""
    global _interpreters
    if _interpreters is None:
        from jmespath.visitor import TreeInterpreter

        own: Any = TreeInterpreter
        selections = ("visit_multi_select_list", "visit_multi_select_dict")
        projections = ("visit_projection", "visit_filter_projection", "visit_value_projection")
        members: dict[str, Any] = {name: _whole_selection(getattr(own, name)) for name in selections}
        members |= {name: _whole_projection(getattr(own, name)) for name in projections}
        members |= {"visit_function_expression": _whole_function, "visit_required": _required}
        _interpreters = own, type(own)("Whole", (own,), members)
    return _interpreters[whole]


class _PartMissing(LookupError):
    """A part is missing in something that the expression builds."""


def _whole_selection(visit: Any) -> Any:
    """Return the library's method for lists and objects, which fails if a part of one is missing."""

    def visit_whole(self: Any, node: Any, value: Any) -> Any:
        parts = visit(self, node, value)
        if parts is not None and any(is_nothing(one) for one in (parts.values() if type_of(parts) is dict else parts)):
            raise _PartMissing
        return parts

    return visit_whole


def _whole_projection(visit: Any) -> Any:
    """Return the library's method for projections, which fails if an element is missing: it would leave a null out."""

    def visit_whole(self: Any, node: Any, value: Any) -> Any:
        base, projected, *rest = node["children"]
        return visit(self, {**node, "children": [base, {"type": "required", "child": projected}, *rest]}, value)

    return visit_whole


def _required(self: Any, node: Any, value: Any) -> Any:
    found = self.visit(node["child"], value)
    if is_nothing(found):
        raise _PartMissing
    return found


def _whole_function(self: Any, node: Any, value: Any) -> Any:
    """Call a function with arguments of which none is missing; `not_null` and `type` may be given null."""
    name: str = node["value"]
    if name in _TAKES_NULL:
        return self._functions.call_function(name, [_given(self, child, value) for child in node["children"]])
    arguments = [self.visit(child, value) for child in node["children"]]
    missing: Callable[[Any], bool] = is_nothing if name in _WRITES_ALL else lambda argument: argument is None
    if any(map(missing, arguments)):
        raise _PartMissing
    result = self._functions.call_function(name, arguments)
    if name == "map" and any(one is None for one in result):
        raise _PartMissing
    return result


def _given(self: Any, node: Any, value: Any) -> Any:
    try:
        return self.visit(node, value)
    except _PartMissing:
        return None


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
            from lambda_kit._kernel import expansion

            most = expansion.limit()
            try:
                return expansion.decompress(parse_base64(text), most, gzip=True).decode()
            except expansion.TooLarge:
                log.warning(
                    "parse_base64_gzip found nothing: the text expands to more than %d bytes; LAMBDA_KIT_MAX_EXPANSION "
                    "is that bound",
                    most,
                )
                raise

        ours = {"json": parse_json, "base64": parse_base64_text, "base64_gzip": parse_base64_gzip}
        members = {
            f"_func_{library}_{name}": takes_text(function)
            for name, function in ours.items()
            for library in ("parse", "powertools")
        }
        made: Any = type(base)("Functions", (base,), members)
        _made = jmespath.Options(custom_functions=made())
    return _made
