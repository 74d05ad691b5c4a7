"""The function that a batch calls for each record: checked once, prepared for each event; a check of its results."""

from __future__ import annotations

from lambda_kit._kernel import callables, type_of
from lambda_kit.errors import BatchError, ConfigurationError
from lambda_kit.invocation import current_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.invocation import Invocation

PLAIN_TYPES = frozenset({dict, str, bool, int, float, list, tuple, bytes})  # results that nothing has to wait for
_BY_POSITION = ("record", "context", "invocation", "state")  # parameters that a function may have after its first one


class RecordFunction:
    """The function that a batch calls for each record.

    Attributes:
        fn: the function, inside the layer of the option `idempotency` if it is given.
        given: the function as it was given.
        is_async: whether it has to be awaited.
        by_position: the names of the parameters after the record that get a value by position.
        keywords: the names of the parameters that take a value by keyword; None if it takes any.
    """

    __slots__ = ("by_position", "fn", "given", "is_async", "keywords")

    def __init__(self, fn: Any, idempotency: Callable[[Any], Any] | None) -> None:
        name = callables.name_of(fn)
        if not callable(fn) or isinstance(fn, type):
            raise ConfigurationError(f"batch was put around {name}, which is not a function that takes a record")
        if callables.is_generator_function(fn) or callables.is_async_generator_function(fn):
            raise ConfigurationError(f"batch was put around the generator function {name}, which a call would not run")
        signature = callables.signature_of(fn)
        positional = () if signature is None else signature.positional
        required = 0 if signature is None else signature.required
        if signature is not None and not positional and not signature.var_positional:
            raise ConfigurationError(f"batch was put around {name}{signature}, which takes no record")
        if positional[:1] in (("self",), ("cls",)):
            method = name.rpartition(".")[2]
            raise ConfigurationError(
                f"batch was put around the method {name}{signature}; use process_batch(event, self.{method})"
            )
        by_position: list[str] = []
        for position, parameter in enumerate(positional[1:], start=1):
            wanted = parameter.lstrip("_")
            if wanted in _BY_POSITION:
                by_position.append(wanted)
            elif position < required:
                raise ConfigurationError(
                    f"batch was put around {name}{signature}: after the record a function may take "
                    f"{', '.join(_BY_POSITION)} by position, not {parameter!r}"
                    f"{callables.closest(wanted, _BY_POSITION)}; values from provide(...) are passed by keyword"
                )
            else:
                break
        self.given = fn
        self.by_position = tuple(by_position)
        self.is_async = callables.is_coroutine_function(fn)
        self.keywords: frozenset[str] | None = None
        if signature is not None and not signature.var_keyword:
            self.keywords = frozenset((*signature.keyword_only, *positional[1 + len(by_position) :]))
        self.fn = fn if idempotency is None else _idempotent(fn, idempotency, self.is_async)

    @property
    def takes_state(self) -> bool:
        """True if the function asks for the state of a tumbling window."""
        return "state" in self.by_position

    def check_keywords(self, given: dict[str, Any]) -> None:
        """Refuse keywords that the function does not take, before any record is started.

        Raises:
            ConfigurationError: it does not take one.
        """
        if self.keywords is None:
            return
        for name in given:
            if name not in self.keywords:
                raise ConfigurationError(
                    f"{callables.name_of(self.given)} takes no keyword {name!r}{callables.closest(name, self.keywords)}"
                )

    def prepared(
        self,
        parse: Callable[[Any], Any] | None,
        keywords: dict[str, Any],
        invocation: Invocation | None,
        state: dict[str, Any] | None,
    ) -> Callable[[Any], Any]:
        """Return a function that takes the view of a record and calls the function of the user with all it asks for.

        Args:
            parse: makes the model of a view; None without a model.
            keywords: the values that the function gets by keyword.
            invocation: the current invocation; None outside of one.
            state: the state of a tumbling window, which the function may change.

        Raises:
            ConfigurationError: the function asks for the invocation or its context, and there is none.
        """
        if not self.by_position and not keywords:
            return self.fn if parse is None else _parsing(self.fn, parse)
        call = self._with_more(parse, keywords, invocation, state)
        return call if state is None or not self.takes_state else _keeping(state, call, is_async=self.is_async)

    def _with_more(
        self,
        parse: Callable[[Any], Any] | None,
        keywords: dict[str, Any],
        invocation: Invocation | None,
        state: dict[str, Any] | None,
    ) -> Callable[[Any], Any]:
        fn, by_position = self.fn, self.by_position
        if invocation is None and {"context", "invocation"} & {*by_position}:
            raise ConfigurationError(
                f"{callables.name_of(self.given)} asks for the invocation, and there is none; put @handler above @batch"
            )
        # As the handler got it: that of a durable execution has the steps, and `invocation.context` does not.
        context = None if invocation is None else invocation._context
        fixed = {"invocation": invocation, "context": context, "state": state}

        def call(record: Any) -> Any:
            first = record if parse is None else parse(record)
            return fn(first, *[record if name == "record" else fixed[name] for name in by_position], **keywords)

        return call


def _keeping(state: dict[str, Any], call: Callable[[Any], Any], *, is_async: bool) -> Callable[[Any], Any]:
    """Return `call` so that a record that fails, and comes again, leaves the state as it was."""
    from copy import deepcopy

    def restore(before: dict[str, Any]) -> None:
        state.clear()
        state.update(before)

    def keeping(record: Any) -> Any:
        before = deepcopy(state)
        try:
            return call(record)
        except BaseException:
            restore(before)
            raise

    async def keeping_async(record: Any) -> Any:
        before = deepcopy(state)
        try:
            return await call(record)
        except BaseException:
            restore(before)
            raise

    return keeping_async if is_async else keeping


def _parsing(fn: Callable[[Any], Any], parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda record: fn(parse(record))


def _idempotent(fn: Any, idempotency: Callable[[Any], Any], is_async: bool) -> Any:
    """Return `fn` inside the layer `idempotent(...)`, which looks for the key in the first argument.

    `idempotent` takes the adapter for a handler: the event is the record or the model, the context is all the rest.
    """

    def adapter(event: Any, context: Any) -> Any:
        by_position, keywords = context
        place = current_place.get()
        if place is not None:  # in a durable execution each record has a context of its own
            from lambda_kit._kernel.replay import innermost

            by_position = [innermost(place, value) for value in by_position]
        return fn(event, *by_position, **keywords)

    async def adapter_async(event: Any, context: Any) -> Any:
        return await adapter(event, context)

    inner: Any = adapter_async if is_async else adapter
    inner.__module__ = getattr(fn, "__module__", inner.__module__)
    inner.__qualname__ = inner.__name__ = getattr(fn, "__qualname__", type(fn).__qualname__)
    inner.__wrapped__ = fn  # each event may have an adapter of its own: the function is what it is known by
    callables.delivering.add(inner.__code__)
    try:
        layered: Any = idempotency(inner)
    except TypeError as error:
        raise ConfigurationError(f"batch(idempotency={idempotency!r}): pass idempotent(...)") from error
    if not callable(layered):
        raise ConfigurationError(f"batch(idempotency={idempotency!r}): pass idempotent(...)")

    def call(first: Any, *by_position: Any, **keywords: Any) -> Any:
        return layered(first, (by_position, keywords))

    return call


def check_finished(value: Any) -> None:
    """Refuse a result that has not run yet: acknowledging its record would lose the record.

    Raises:
        BatchError: the value is a coroutine, another awaitable, or a generator.
    """
    cls: Any = type_of(value)
    is_unfinished = hasattr(cls, "__await__") or (hasattr(cls, "send") and hasattr(cls, "throw"))
    if not is_unfinished and not hasattr(cls, "__anext__"):
        return
    close: Any = getattr(value, "close", None) or getattr(value, "cancel", None)
    if close is not None:
        close()
    raise BatchError(
        f"the function returned a {cls.__name__}, which has not run: declare the function with async def, or return "
        "the result itself"
    )
