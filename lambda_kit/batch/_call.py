"""How the function of a batch is called for one record."""

from __future__ import annotations

from lambda_kit._kernel import callables
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.invocation import Invocation

_MORE = ("record", "context", "invocation")  # what a function may ask for by position, beside its first parameter


class Function:
    """The function that a batch calls for each record.

    Attributes:
        fn: the function, under `idempotency` if there is one.
        plain: the function as it was given.
        is_async: whether it is awaited.
        more: what it takes by position after the record.
        keywords: the keywords that it takes; None if it takes any.
    """

    __slots__ = ("fn", "is_async", "keywords", "more", "plain")

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
        more: list[str] = []
        for position, parameter in enumerate(positional[1:], start=1):
            wanted = parameter.lstrip("_")
            if wanted in _MORE:
                more.append(wanted)
            elif position < required:
                raise ConfigurationError(
                    f"batch was put around {name}{signature}: after the record a function may take "
                    f"{', '.join(_MORE)} by position, not {parameter!r}{callables.closest(wanted, _MORE)}; take what "
                    "provide(...) gives by keyword"
                )
            else:
                break
        self.plain = fn
        self.more = tuple(more)
        self.is_async = callables.is_coroutine_function(fn)
        self.keywords: frozenset[str] | None = None
        if signature is not None and not signature.var_keyword:
            self.keywords = frozenset((*signature.keyword_only, *positional[1 + len(more) :]))
        self.fn = fn if idempotency is None else _guarded(fn, idempotency, self.is_async)

    def check_keywords(self, given: dict[str, Any]) -> None:
        """Refuse keywords that the function does not take, before any record is touched.

        Raises:
            ConfigurationError: it does not take one.
        """
        if self.keywords is None:
            return
        for name in given:
            if name not in self.keywords:
                raise ConfigurationError(
                    f"{callables.name_of(self.plain)} takes no keyword {name!r}{callables.closest(name, self.keywords)}"
                )

    def call(
        self, read: Callable[[Any], Any] | None, keywords: dict[str, Any], invocation: Invocation | None
    ) -> Callable[[Any], Any]:
        """Return what calls the function for the view of a record.

        Args:
            read: makes the model of a view; None without a model.
            keywords: what the function gets by keyword.
            invocation: the invocation that is running; None outside of one.

        Raises:
            ConfigurationError: the function asks for the invocation or its context, and there is none.
        """
        if not self.more and not keywords:
            return self.fn if read is None else _reading(self.fn, read)
        return self._call_with_more(read, keywords, invocation)

    def _call_with_more(
        self, read: Callable[[Any], Any] | None, keywords: dict[str, Any], invocation: Invocation | None
    ) -> Callable[[Any], Any]:
        fn, more = self.fn, self.more
        if invocation is None and {"context", "invocation"} & {*more}:
            raise ConfigurationError(
                f"{callables.name_of(self.plain)} asks for the invocation, and none is running; put @handler above"
            )
        fixed = {"invocation": invocation, "context": None if invocation is None else invocation.context}

        def call(record: Any) -> Any:
            first = record if read is None else read(record)
            return fn(first, *[record if name == "record" else fixed[name] for name in more], **keywords)

        return call


def _reading(fn: Callable[[Any], Any], read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda record: fn(read(record))


def _guarded(fn: Any, idempotency: Callable[[Any], Any], is_async: bool) -> Any:
    """Return `fn` under `idempotent(...)`, which looks for the key in what the function gets first.

    `idempotent` takes the adapter for a handler: its event is the record or the model, and its context all the rest.
    """

    def plain(event: Any, context: Any) -> Any:
        more, keywords = context
        return fn(event, *more, **keywords)

    async def waiting(event: Any, context: Any) -> Any:
        return await plain(event, context)

    adapter: Any = waiting if is_async else plain
    adapter.__module__ = getattr(fn, "__module__", adapter.__module__)
    adapter.__qualname__ = adapter.__name__ = getattr(fn, "__qualname__", type(fn).__qualname__)
    try:
        guarded: Any = idempotency(adapter)
    except TypeError as error:
        raise ConfigurationError(f"batch(idempotency={idempotency!r}): pass idempotent(...)") from error
    if not callable(guarded):
        raise ConfigurationError(f"batch(idempotency={idempotency!r}): pass idempotent(...)")

    def call(first: Any, *more: Any, **keywords: Any) -> Any:
        return guarded(first, (more, keywords))

    return call
