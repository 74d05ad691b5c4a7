"""The type of a layer, for type checkers. The class is empty while the program runs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeAlias, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")
    B = TypeVar("B")
    D_co = TypeVar("D_co", covariant=True)
    W_co = TypeVar("W_co", covariant=True)

    AnyLayer: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

    class Layer(Protocol):
        """A function decorator that keeps the signature. Any callable of this shape is a layer."""

        def __call__(self, fn: Callable[P, R], /) -> Callable[P, R]:
            """Return `fn` with this layer around it."""
            ...

    class Adapter(Generic[D_co]):
        """A layer that makes a handler of a function with other parameters; it is the innermost layer.

        Its type parameter is the decorator that `handler(..., layer)` is. It is no protocol: a class whose
        `__getattr__` raises has each attribute for type checkers.
        """

        def __call__(self, fn: Any, /) -> Any:
            """Return the handler."""

    class Adapted(Protocol[W_co]):
        """The handler of a function with other parameters.

        Attributes:
            __wrapped__: the function, for unit tests.
        """

        __name__: str
        __qualname__: str

        @property
        def __wrapped__(self) -> W_co: ...

        def __call__(self, event: Any, context: Any) -> dict[str, Any]:
            """Run the pipeline for one event."""
            ...

    class DecorateAny(Protocol):
        """The decorator that `handler(..., layer)` returns, for a function with any parameters."""

        def __call__(self, fn: Callable[P, R], /) -> Adapted[Callable[P, R]]: ...

    class DecorateBody(Protocol[B]):
        """The decorator that `handler(..., layer)` returns, for a function whose first parameter is the body."""

        def __call__(self, fn: Callable[Concatenate[B, P], R], /) -> Adapted[Callable[Concatenate[B, P], R]]: ...

else:

    class Layer:
        """A function decorator that keeps the signature; a protocol for type checkers."""
