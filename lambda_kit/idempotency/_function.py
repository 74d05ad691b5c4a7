"""The protected function: whether it can be one, its name, its parameters, and whether its name is taken."""

from __future__ import annotations

import functools
import weakref
from types import FunctionType, MethodType

from lambda_kit._kernel import callables, lifecycle, type_of
from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency._codec import storable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import inspect
    from typing import Any

_VAR_POSITIONAL, _VAR_KEYWORD, _COROUTINE = 0x04, 0x08, 0x80  # flags of code


def check_function(fn: Any) -> None:
    """Raise if a function cannot be protected.

    Raises:
        ConfigurationError: it is not callable, a class, a generator function, or a static or class method object.
    """
    kind: Any = type_of(fn)
    if kind in (staticmethod, classmethod):
        raise ConfigurationError(
            f"idempotent() was put above @{kind.__name__}; put it below, right above {callables.name_of(fn)}"
        )
    if isinstance(fn, type):
        raise ConfigurationError(f"idempotent() was put around the class {fn.__qualname__}; put it above a method")
    if not callable(fn):
        raise ConfigurationError(f"idempotent() was put around {fn!r}, which is not callable")
    inner = _without_partials(fn)
    if callables.is_generator_function(inner) or callables.is_async_generator_function(inner):
        raise ConfigurationError(
            f"idempotent() was put around {callables.name_of(inner)}, a generator function; what a generator yields "
            "cannot be stored as one result: return a list"
        )


def check_result(fn: Any) -> None:
    """Raise if the return annotation of a function says that its results cannot be stored without a codec.

    A function behind decorators is not checked: they may change the result.

    Raises:
        ConfigurationError: they cannot.
    """
    if isinstance(fn, MethodType):
        fn = fn.__func__
    if not isinstance(fn, FunctionType) or hasattr(fn, "__wrapped__"):
        return
    try:
        annotation: Any = fn.__annotations__.get("return")
        if isinstance(annotation, str):
            names = zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True)
            scope = {name: cell.cell_contents for name, cell in names}
            annotation = eval(annotation, fn.__globals__, scope)  # noqa: S307  # Python would evaluate it as well
    except Exception:  # it is for type checkers, or is defined later
        return
    if not storable(annotation):
        raise ConfigurationError(
            f"idempotent() is around {callables.name_of(fn)}, whose return annotation is {_told(annotation)}; a result "
            "of this type cannot be stored: pass codec= with the type, or return JSON"
        )


def _told(annotation: Any) -> str:
    return callables.name_of(annotation) if isinstance(annotation, type) else repr(annotation)


def is_coroutine_function(fn: Any) -> bool:
    """Tell whether calling `fn` itself returns a coroutine, whatever function it stands around.

    A plain function around a coroutine function may wait for it on an event loop of its own.
    """
    fn = _without_partials(fn)
    code = code_of(fn)
    return (code is not None and bool(code.co_flags & _COROUTINE)) or hasattr(fn, "_is_coroutine_mark")


def _without_partials(fn: Any) -> Any:
    """Return the callable that a `functools.partial` calls."""
    while is_partial(fn):
        fn = fn.func
    return fn


def is_partial(fn: object) -> bool:
    """Tell whether this is a `functools.partial`."""
    return isinstance(fn, functools.partial)


def name_of(fn: Any) -> str:
    """Return module and qualified name of the innermost function, or of its type: the same text in every process."""
    inner = _chain_of(fn)[-1]
    return callables.name_of(inner if hasattr(inner, "__qualname__") else type_of(inner))


def _chain_of(fn: Any) -> list[Any]:
    """Return the function, then the function that it wraps, and so on down to the innermost one."""
    found = [fn]
    while True:
        inner = fn.func if is_partial(fn) else getattr(fn, "__wrapped__", None)
        if inner is None:
            return found
        found.append(inner)
        fn = inner


def code_of(fn: Any) -> Any:
    """Return the code that a call of `fn` runs; None if `fn` is not written in Python."""
    code = getattr(fn, "__code__", None)  # of a method it is that of its function
    if code is None and not isinstance(fn, type):
        code = getattr(getattr(type_of(fn), "__call__", None), "__code__", None)  # noqa: B004  # the function is wanted
    return code


# Parameters


def parameters_of(fn: Any) -> Any:
    """Return the callable whose parameters count as those of `fn`: `fn`, or one that it passes its arguments on to.

    A decorator passes its arguments on if it takes `*args` or `**kwargs`, and before them nothing, or the first
    parameters of the function inside by the same names. A decorator with a `__signature__` counts by that, and any
    other by its own `def`.
    """
    while (inner := getattr(fn, "__wrapped__", None)) is not None:
        if getattr(fn, "__signature__", None) is not None or not _passes_on(fn, inner):
            break
        fn = inner
    return fn


def _passes_on(fn: Any, inner: Any) -> bool:
    code = code_of(fn)
    if code is None:  # not written in Python: functools.cache passes all on
        return True
    own = names_of(fn)
    return (
        bool(code.co_flags & (_VAR_POSITIONAL | _VAR_KEYWORD))
        and not code.co_kwonlyargcount
        and own == names_of(parameters_of(inner))[: len(own)]
    )


def names_of(fn: Any) -> tuple[str, ...]:
    """Return the names of the positional parameters of `fn` itself, without the `self` of a method."""
    signature = getattr(fn, "__signature__", None)
    if signature is not None:
        known: Any = getattr(signature, "parameters", {})
        return tuple(
            name for name, one in known.items() if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
        )
    code = code_of(fn)
    if code is None:
        return ()
    bound = int(isinstance(fn, MethodType) or getattr(fn, "__code__", None) is None)
    return tuple(code.co_varnames[bound : code.co_argcount])


def signature_of(fn: Any) -> inspect.Signature:
    """Return the signature that the arguments of a call are bound to.

    Under a decorator that passes its arguments on, keyword-only parameters are optional: the decorator may add them.
    """
    import inspect

    inner = parameters_of(fn)
    signature = inspect.signature(inner, follow_wrapped=False)
    if inner is fn:
        return signature
    parameters = [
        one.replace(default=None) if one.kind is one.KEYWORD_ONLY and one.default is one.empty else one
        for one in signature.parameters.values()
    ]
    return signature.replace(parameters=parameters)


# A second function of the same name on one store


class _Registered:
    """A function that was put on a store.

    Attributes:
        function: a weak reference to it, or to the instance that it is a method of.
        stateful: whether another function of the same code may do something else.
        module: the specification of its module; loading the module again makes a new one.
        place: file and line of its code.
    """

    __slots__ = ("function", "module", "place", "stateful")

    def __init__(self, fn: Any) -> None:
        # What the pipeline and batches put around a function is made anew each time: it says nothing about it.
        chain = [one for one in _chain_of(fn) if getattr(one, "__code__", None) not in callables.delivering]
        fn = chain[0]
        code = code_of(chain[-1])
        self.function = weakref.ref(fn.__self__ if isinstance(fn, MethodType) else fn)
        self.stateful = any(_is_stateful(one) for one in chain)
        self.module = _globals_of(chain[-1]).get("__spec__")
        self.place = None if code is None else (code.co_filename, code.co_firstlineno)

    def excludes(self, earlier: _Registered) -> bool:
        """Tell whether the earlier one, which has the same name, is another function."""
        if self.module is not earlier.module:
            return False  # the module was loaded again
        before = earlier.function()
        if before is not None and before is self.function():
            return False
        if self.stateful or earlier.stateful:
            return True
        # The same `def`, run again, does the same. One in another file, as in a notebook, replaces the earlier one.
        return self.place is not None and earlier.place is not None and _are_apart(self.place, earlier.place)


def _are_apart(one: tuple[str, int], other: tuple[str, int]) -> bool:
    return one[0] == other[0] and one[1] != other[1]


def _is_stateful(fn: Any) -> bool:
    if getattr(fn, "__code__", None) is None:
        return getattr(fn, "__wrapped__", None) is None  # a partial, an instance
    return isinstance(fn, MethodType) or bool(fn.__closure__)


def _globals_of(fn: Any) -> dict[str, Any]:
    found: Any = getattr(fn, "__globals__", None)
    if found is None:
        found = getattr(getattr(type_of(fn), "__call__", None), "__globals__", None)  # noqa: B004  # the function
    return found or {}


_registered: weakref.WeakKeyDictionary[Any, dict[str, _Registered]] = weakref.WeakKeyDictionary()
_watched = False


def refuse_second(store: Any, fn: Any, name: str) -> None:
    """Raise if another function of the same name is on the store: the two would share their keys, and so results.

    The same function again is allowed. So is its module loaded again, and its `def` run again if it has no closure.

    Raises:
        ConfigurationError: there is another one.
    """
    global _watched
    if not _watched:
        _watched = True
        lifecycle.on_reset(_registered.clear)
    try:
        known = _registered.setdefault(store, {})
        registered = _Registered(fn)
    except TypeError:  # a store, or a callable, without weak references
        return
    if name in known and registered.excludes(known[name]):
        raise ConfigurationError(
            f"idempotent() is around a second function {name} on the same store. Their calls could not be told "
            "apart, and one would return the results of the other; pass namespace= to each"
        )
    known[name] = registered
