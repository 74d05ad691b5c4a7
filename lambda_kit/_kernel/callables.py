"""What users pass: the name, arguments and kind of a callable; whether a value is a number; the closest known name.

Plain functions, methods and objects with `__call__`, which are all that a handler module normally holds, are read from
their code objects. `inspect` is imported for the rest alone: it costs more than the whole pipeline.
"""

from __future__ import annotations

from types import FunctionType, MethodType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

_VAR_POSITIONAL, _VAR_KEYWORD, _GENERATOR, _COROUTINE, _ASYNC_GENERATOR = 0x04, 0x08, 0x20, 0x80, 0x200


class Signature:
    """The positional and keyword-only parameters of a callable, `self` of a bound method left out.

    Attributes:
        positional: names of the parameters that can be given by position.
        required: how many of them have no default.
        var_positional: whether there is `*args`.
        keyword_only: names of the parameters that can be given by keyword alone.
        var_keyword: whether there is `**kwargs`.
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
        """Tell whether `count` positional arguments, and nothing else, can be passed."""
        return self.required <= count and (self.var_positional or count <= len(self.positional))

    def __str__(self) -> str:
        """The parameters as they stand in a `def`, without annotations and defaults."""
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
    """Return the name by which a person knows `fn`: module and qualified name, else its `repr`."""
    name = getattr(fn, "__qualname__", None)
    if name is None:
        return repr(fn)
    module = getattr(fn, "__module__", None)
    return f"{module}.{name}" if module else str(name)


def plain(fn: Any) -> Any:
    """Follow `__wrapped__` to the function that decorators stand around."""
    while (inner := getattr(fn, "__wrapped__", None)) is not None:
        fn = inner
    return fn


def signature_of(fn: Any) -> Signature | None:
    """Return the signature of `fn`, seen through decorators, or None where it cannot be known (some builtins)."""
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


def is_coroutine_function(fn: Any) -> bool:
    """Tell whether calling `fn` gives a coroutine, seen through decorators that set `__wrapped__`."""
    while fn is not None:
        if _flags(fn) & _COROUTINE or hasattr(fn, "_is_coroutine_mark"):
            return True
        fn = getattr(fn, "__wrapped__", None) or getattr(fn, "func", None)  # the latter is a functools.partial's
    return False


def is_generator_function(fn: Any) -> bool:
    """Tell whether calling `fn` gives a generator."""
    return bool(_flags(fn) & _GENERATOR)


def is_async_generator_function(fn: Any) -> bool:
    """Tell whether calling `fn` gives an asynchronous generator."""
    return bool(_flags(fn) & _ASYNC_GENERATOR)


def _flags(fn: Any) -> int:
    code = getattr(fn, "__code__", None)  # a method answers for its function
    if code is None and not isinstance(fn, type):
        code = getattr(_call_of(fn), "__code__", None)
    return 0 if code is None else int(code.co_flags)


def _call_of(instance: Any) -> Any:
    return getattr(instance.__class__, "__call__", None)  # noqa: B004  # the function behind it is wanted


def closest(name: str, known: Iterable[str]) -> str:
    """Return `"; did you mean 'x'?"` with the closest of the known names, or `""` where none is close."""
    import difflib

    matches = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {matches[0]!r}?" if matches else ""


def is_number(value: Any) -> bool:
    """Tell whether `value` is a finite int or float, and not a bool."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
