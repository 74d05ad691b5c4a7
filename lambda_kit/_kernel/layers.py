"""The type of a layer, for type checkers. The class is empty while the program runs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ParamSpec, Protocol, TypeAlias, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")

    AnyLayer: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

    class Layer(Protocol):
        """A function decorator that keeps the signature. Any callable of this shape is a layer."""

        def __call__(self, fn: Callable[P, R], /) -> Callable[P, R]:
            """Return `fn` with this layer around it."""
            ...

else:

    class Layer:
        """A function decorator that keeps the signature; a protocol for type checkers."""
