"""Checks of what users pass: the name, the parameters and the kind of a callable; numbers; the closest known name.

Plain functions, methods and objects with `__call__` are read from their code objects. `inspect` is imported only for
other callables, because its import costs more than the whole pipeline.
"""

from __future__ import annotations

from sys import modules
from types import FunctionType, MethodType

from lambda_kit._kernel import PACKAGE, type_of
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import CodeType
    from typing import Any

_NO_NAMES: frozenset[str] = frozenset()
_VAR_POSITIONAL, _VAR_KEYWORD, _GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x04, 0x08, 0x20, 0x80, 0x200


class Signature:
    """The parameters of a callable, without the `self` of a bound method.

    Attributes:
        positional: names of the parameters that can be passed by position.
        required: number of positional parameters without a default.
        var_positional: True if there is `*args`.
        keyword_only: names of the parameters that can only be passed by keyword.
        var_keyword: True if there is `**kwargs`.
    """

    __slots__ = ("keyword_only", "positional", "required", "var_keyword", "var_positional")

    def __init__(
        self,
        positional: tuple[str, ...],
        required: int,
        *,
        var_positional: bool,
        keyword_only: tuple[str, ...],
        var_keyword: bool,
    ) -> None:
        self.positional = positional
        self.required = required
        self.var_positional = var_positional
        self.keyword_only = keyword_only
        self.var_keyword = var_keyword

    def takes(self, count: int) -> bool:
        """Return True if the callable can be called with exactly `count` positional arguments."""
        return self.required <= count and (self.var_positional or count <= len(self.positional))

    def __str__(self) -> str:
        """Return the parameters as a `def` writes them, without annotations and with `...` for defaults."""
        parts = [name if i < self.required else f"{name}=..." for i, name in enumerate(self.positional)]
        if self.var_positional:
            parts.append("*args")
        elif self.keyword_only:
            parts.append("*")
        parts += self.keyword_only
        if self.var_keyword:
            parts.append("**kwargs")
        return f"({', '.join(parts)})"


def name_of(fn: object) -> str:
    """Return the module and the qualified name of `fn`, or its `repr` if it has no name."""
    name = getattr(fn, "__qualname__", None)
    if name is None:
        return repr(fn)
    module = getattr(fn, "__module__", None)
    return f"{module}.{name}" if module else str(name)


def plain(fn: Any) -> Any:
    """Return the function that decorators were put around, by following `__wrapped__`."""
    while (inner := getattr(fn, "__wrapped__", None)) is not None:
        fn = inner
    return fn


def signature_of(fn: Any) -> Signature | None:
    """Return the signature of `fn` without its decorators; None if it cannot be read, as for some builtins."""
    fn = plain(fn)
    bound = 0
    if isinstance(fn, MethodType):
        fn, bound = fn.__func__, 1
    elif not isinstance(fn, FunctionType) and not isinstance(fn, type):
        call = _call_of(fn)
        if isinstance(call, FunctionType):
            fn, bound = call, 1
    if isinstance(fn, FunctionType) and (code := fn.__code__).co_argcount >= bound:
        positional = code.co_varnames[bound : code.co_argcount]
        return Signature(
            positional,
            max(len(positional) - len(fn.__defaults__ or ()), 0),
            var_positional=bool(code.co_flags & _VAR_POSITIONAL),
            keyword_only=code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount],
            var_keyword=bool(code.co_flags & _VAR_KEYWORD),
        )
    return _inspected(fn)


def _inspected(fn: Callable[..., object]) -> Signature | None:
    import inspect

    try:
        parameters = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        return None
    by_position = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return Signature(
        tuple(p.name for p in by_position),
        sum(p.default is p.empty for p in by_position),
        var_positional=any(p.kind is p.VAR_POSITIONAL for p in parameters),
        keyword_only=tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY),
        var_keyword=any(p.kind is p.VAR_KEYWORD for p in parameters),
    )


def has_handler_signature(fn: Any) -> bool:
    """Return True if `fn` is declared as `(event, context)`, like most handlers, or is only called so.

    A layer can then call it with two positional arguments, instead of packing and unpacking `*args` and `**kwargs`.
    """
    return getattr(fn, CALLED_WITH_TWO, False) or str(signature_of(fn)) == "(event, context)"


CALLED_WITH_TWO = "__lambda_kit_called_with_two__"
"""The attribute of functions that the layers of a handler call with `(event, context)`, whatever else they take."""


def event_position(fn: Any) -> int:
    """Return the position of the event among the arguments of `fn`: 1 for a method, after `self`, else 0."""
    signature = signature_of(fn)
    return 1 if signature is not None and signature.positional[:1] == ("self",) else 0


ON_HANDLED = "__lambda_kit_on_handled__"
"""The attribute of layered functions that need to know whether they are layers of a handler: `handler` calls it. Their
first argument is then an event, whatever its name is."""


def tell_handled(fn: Any) -> None:
    """Tell all layers of `fn` that it has become a handler."""
    while fn is not None:
        if (tell := getattr(fn, ON_HANDLED, None)) is not None:
            tell()
        fn = getattr(fn, "__wrapped__", None)


HANDLER = "__lambda_kit_handler__"
"""The attribute of handlers, and of what decorators with `functools.wraps` make of them."""


ADAPTS = "adapts"
"""The attribute of classes of layers that make a handler of a function whose parameters are not `(event, context)`."""
ADAPTED = "__lambda_kit_adapted__"
"""The attribute of handlers that holds what such a layer has made of the function."""


def refuse_handler(fn: Any, layer: str) -> None:
    """Raise an error if a layer is put around a handler or a durable function, instead of inside it.

    Outside of the handler a layer sees no invocation: no request id, no deadline and no tenant. An idempotency key, for
    example, would be the same for all tenants.

    Args:
        fn: the callable that the layer is put around.
        layer: the layer as the message names it, for example `"idempotent(...)"`.

    Around `durable_execution` of AWS's SDK it sees the messages between Lambda and the SDK, and runs in another thread.

    Raises:
        ConfigurationError: `fn` is a handler, or a function under `durable_execution`.
    """
    if "aws_durable_execution_sdk_python" in modules:
        from lambda_kit._kernel import durable

        if durable.is_durable_function(fn):
            raise ConfigurationError(
                f"{layer} was put around {name_of(fn)}, which is under @durable_execution: it would see the SDK's "
                "messages in place of the event. Put @durable_execution on top, and the kit below it: "
                "@durable_execution, then @handler(...), then the function"
            )
    while type_of(fn).__name__ == "partial" and hasattr(fn, "func"):
        fn = fn.func
    if getattr(fn, HANDLER, False):
        raise ConfigurationError(
            f"{layer} was put around the handler {name_of(fn)}, where it sees no invocation; put @handler on top, and "
            f"the layer below it or into its parentheses: @handler({layer}, ...)"
        )


def required_keywords(fn: Any) -> frozenset[str]:
    """Return the names of the parameters of a function that have to be passed by keyword, and have no default."""
    if not isinstance(fn, FunctionType):
        return frozenset()
    code = fn.__code__
    names = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    return frozenset(names) - frozenset(fn.__kwdefaults__ or ())


delivering: set[CodeType] = set()
"""The code of functions that the pipeline puts around those of handlers, to send results that are streams, and a batch
around those of records, to pass on what they ask for."""

NEEDS_RESULT = "__lambda_kit_needs_result__"
"""The attribute of layers that need the whole result, so that a stream inside them cannot be sent part by part."""

PROVIDES = "__lambda_kit_provides__"
"""The attribute of a layered function that holds the names of the keywords which its layers pass."""


def provided_keywords(fn: Any) -> frozenset[str]:
    """Return the names of the keywords that the layers around a function pass to it."""
    names: frozenset[str] = getattr(fn, PROVIDES, _NO_NAMES)
    return names


def is_own(fn: Any) -> bool:
    """Return True if a function is code of the kit, for example one that a layer of the kit has made."""
    return isinstance(fn, FunctionType) and fn.__code__.co_filename.startswith(PACKAGE)


def is_coroutine_function(fn: Any) -> bool:
    """Return True if a call of `fn` returns a coroutine. Decorators that set `__wrapped__` are looked through."""
    while fn is not None:
        if _flags(fn) & _COROUTINE or hasattr(fn, "_is_coroutine_mark"):
            return True
        fn = getattr(fn, "__wrapped__", None) or getattr(fn, "func", None)  # `func` is what a functools.partial calls
    return False


def is_generator_function(fn: Any) -> bool:
    """Return True if a call of `fn` returns a generator."""
    return bool(_flags(fn) & _GENERATOR)


def is_async_generator_function(fn: Any) -> bool:
    """Return True if a call of `fn` returns an asynchronous generator."""
    return bool(_flags(fn) & _ASYNC_GENERATOR)


def _flags(fn: Any) -> int:
    code = getattr(fn, "__code__", None)  # a method has the code of its function
    if code is None and not isinstance(fn, type):
        code = getattr(_call_of(fn), "__code__", None)
    return 0 if code is None else int(code.co_flags)


def _call_of(instance: Any) -> Any:
    return getattr(instance.__class__, "__call__", None)  # noqa: B004  # the function itself is needed


def closest(name: str, known: Iterable[str]) -> str:
    """Return `"; did you mean 'x'?"` with the closest known name; `""` if no name is close."""
    import difflib

    matches = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {matches[0]!r}?" if matches else ""


def check_flag(where: str, value: Any) -> bool:
    """Return an option that is on or off.

    Args:
        where: the option with its value for the message, without it: `"Logger(log_event=...)"`.
        value: what a user passed.

    Raises:
        ConfigurationError: it is neither True nor False. A text, such as `"false"` from the environment, would be True.
    """
    if value is True or value is False:
        return value is True
    raise ConfigurationError(f"{where.replace('...', repr(value))}: pass True or False")


def is_number(value: Any) -> bool:
    """Return True if `value` is a finite int or float. A bool is no number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
