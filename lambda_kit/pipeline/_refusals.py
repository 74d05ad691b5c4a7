"""The errors of `handler(...)`, with hints. Nothing here is loaded while layers and functions are as they should be."""

from __future__ import annotations

from lambda_kit._kernel import callables
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit._kernel.callables import Signature


def not_of_event_and_context(fn: Any, signature: object) -> ConfigurationError:
    """Return the error for a handler function that the runtime cannot call."""
    return ConfigurationError(
        f"handler function {callables.name_of(fn)}{signature} cannot be called with (event, context), as the runtime "
        "does; take these two by position, and other arguments by keyword from provide(...)"
    )


def called_like_a_handler(layers: tuple[Any, ...], arguments: tuple[Any, ...]) -> ConfigurationError:
    """Return the error for `handler(fn)` over a function that was taken for a layer, and was then called."""
    names = ", ".join(callables.name_of(one) for one in layers)
    return ConfigurationError(
        f"handler({names}) returned a decorator, and it was called with {len(arguments)} arguments like a handler; "
        f"{names or 'nothing'} was taken for a layer, because a handler function takes (event, context)"
    )


def not_of_one_argument(where: str, candidate: Any, signature: Signature) -> ConfigurationError:
    """Return the error for a layer that does not take a function."""
    name = callables.name_of(candidate)
    if callables.is_generator_function(candidate) and signature.takes(2):
        return ConfigurationError(f"{where}, {name}, is a generator function; put @layer above it")
    short = name.rpartition(".")[2]
    if hasattr(candidate, "invalidate"):
        hint = f"; it is a resource: did you mean provide({short.strip('<>')}=...)?"
    else:
        hint = f"; did you mean {short}(...)?" if signature.takes(0) else ""
    return ConfigurationError(
        f"{where}, {name}{signature}, does not take one argument; a layer takes a function and returns a function{hint}"
    )


def check_class(where: str, candidate: Any) -> None:
    """Raise an error for a class in the place of a layer, unless the class itself takes a function."""
    calls: list[Any] = [vars(one)["__call__"] for one in candidate.__mro__ if "__call__" in vars(one)]
    name = callables.name_of(candidate)
    if not calls:
        raise ConfigurationError(
            f"{where} is the class {name}; its objects are not callable, so that they cannot stand around a function"
        )
    signature = callables.signature_of(calls[0])
    # `self` is counted. Objects that are layers take a function. Those of a class that is a layer take two arguments.
    if signature is not None and signature.takes(2) and not signature.takes(3):
        raise ConfigurationError(f"{where} is the class {name}; did you mean {candidate.__name__}()?")
