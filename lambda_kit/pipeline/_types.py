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

    class Decorate(Protocol):
        """The decorator that `handler(...)` returns. It turns a function into a handler."""

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
