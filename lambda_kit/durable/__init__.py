"""Helpers for AWS's durable executions. The pipeline needs none of them: it is right under AWS's SDK as it is."""

from __future__ import annotations

from lambda_kit import lazy_exports
from lambda_kit._kernel import callables, type_of
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    T = TypeVar("T")
else:
    __getattr__, __dir__ = lazy_exports(globals(), {})  # says what to use in place of a name that is not there

__all__ = ["checkpointed"]


def checkpointed(context: Any, read: Callable[[], T], /, *, name: str | None = None) -> T:
    """Return what a function reads, the same value in each replay of a durable execution.

    A parameter or a feature flag may change while an execution waits. A replay that takes another way than the run
    before fails. This function reads the value in a step, whose result the SDK keeps.

    Args:
        context: the durable context, as the handler got it.
        read: a function without parameters, or a `Parameter`; its value is one that JSON has.
        name: the name of the step; by default that of the parameter or of the function, and none for a lambda.

    Raises:
        ConfigurationError: the context is not that of a durable execution, or the value is a secret, which must not be
            kept in an execution.

    Example:
        ```python
        from lambda_kit.durable import checkpointed
        from lambda_kit.flags import FeatureFlags, StaticFlags

        flags = FeatureFlags(StaticFlags({"express": {"default": True}}))


        @handler
        def ship(event, context):
            express = checkpointed(context, lambda: flags.enabled("express"), name="express")
            return "by air" if express else "by sea"
        ```
    """
    step = getattr(context, "step", None)
    if step is None:
        raise ConfigurationError(
            "checkpointed(): the first argument is not the context of a durable execution; put @durable_execution "
            "above @handler, and pass the context that the handler gets"
        )
    if not callable(read):
        raise ConfigurationError(f"checkpointed(): {read!r} is not callable; pass the function that reads the value")

    def read_once(_: object) -> T:
        value = read()
        cls = type_of(value)
        if cls.__name__ == "SecretValue" and cls.__module__.startswith("lambda_kit."):
            raise ConfigurationError(
                f"checkpointed({name or callables.name_of(read)}): the value is a secret, and checkpoints are stored; "
                "read it where it is used"
            )
        return value

    given: Any = read
    own = getattr(given, "name", None) or getattr(given, "__name__", None)
    kept: T = step(read_once, name=name or (None if own == "<lambda>" else own))
    return kept
