"""Values that take the place of those of a resource, in tests."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Override:
    """A value that every call gets while this context manager is entered.

    Args:
        value: the value.
        push: puts the override in force.
        pop: ends it.
    """

    __slots__ = ("_pop", "_push", "value")

    def __init__(self, value: Any, push: Callable[[Override], object], pop: Callable[[Override], object]) -> None:
        self.value = value
        self._push = push
        self._pop = pop

    def __enter__(self) -> None:
        self._push(self)

    def __exit__(self, *exc_info: object) -> None:
        self._pop(self)
