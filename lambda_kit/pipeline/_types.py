"""The types of handlers, for type checkers. The classes are empty while the program runs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, overload

    P = ParamSpec("P")
    R = TypeVar("R")
    S = TypeVar("S")
    E = TypeVar("E")
    C = TypeVar("C")
    F = TypeVar("F")
    F_co = TypeVar("F_co", covariant=True)
    R_co = TypeVar("R_co", covariant=True)
    W_co = TypeVar("W_co", covariant=True)
    E_contra = TypeVar("E_contra", contravariant=True)
    C_contra = TypeVar("C_contra", contravariant=True)

    class Handler(Protocol[E_contra, C_contra, R_co, W_co]):
        """A handler: the synchronous callable `(event, context)` that `handler` returns and the runtime calls.

        Attributes:
            __wrapped__: the plain function without its layers, for unit tests.
        """

        __name__: str
        __qualname__: str

        @property
        def __wrapped__(self) -> W_co: ...

        def __call__(self, event: E_contra, context: C_contra) -> R_co:
            """Run the pipeline for one event."""
            ...

    class TakesRecords(Protocol[F_co]):
        """A function of events over a function of records, such as `batch` makes of a function, async or not."""

        @property
        def record_function(self) -> F_co: ...

        def __call__(self, event: Any, context: Any, /) -> dict[str, Any] | Coroutine[Any, Any, dict[str, Any]]: ...

    class RecordHandler(Protocol[F_co]):
        """A handler over a function of records.

        Attributes:
            record_function: the function of records without its batch, for unit tests.
        """

        __name__: str
        __qualname__: str

        @property
        def record_function(self) -> F_co: ...

        @property
        def __wrapped__(self) -> Callable[[Any, Any], Any]: ...

        def __call__(self, event: Any, context: Any) -> dict[str, Any]:
            """Run the pipeline for one event, and return the response for its service."""
            ...

    class Decorate(Protocol):
        """The decorator that `handler(...)` returns. It turns a function into a handler."""

        @overload
        def __call__(self, fn: TakesRecords[F], /) -> RecordHandler[F]: ...  # type: ignore[overload-overlap]
        @overload
        def __call__(  # type: ignore[overload-overlap]  # a coroutine is also some R
            self, fn: Callable[[E, C], Coroutine[Any, Any, R]], /
        ) -> Handler[E, C, R, Callable[[E, C], Coroutine[Any, Any, R]]]: ...
        @overload
        def __call__(self, fn: Callable[[E, C], R], /) -> Handler[E, C, R, Callable[[E, C], R]]: ...
        @overload
        def __call__(  # type: ignore[overload-overlap]
            self, fn: Callable[Concatenate[S, E, C, P], Coroutine[Any, Any, R]], /
        ) -> Callable[[S, E, C], R]: ...
        @overload
        def __call__(self, fn: Callable[Concatenate[S, E, C, P], R], /) -> Callable[[S, E, C], R]: ...
        @overload
        def __call__(
            self, fn: Callable[Concatenate[E, C, P], Coroutine[Any, Any, R]], /
        ) -> Handler[E, C, R, Callable[Concatenate[E, C, P], Coroutine[Any, Any, R]]]: ...
        @overload
        def __call__(
            self, fn: Callable[Concatenate[E, C, P], R], /
        ) -> Handler[E, C, R, Callable[Concatenate[E, C, P], R]]: ...

else:

    class Handler:
        """The callable that `handler` returns. A protocol for type checkers."""
