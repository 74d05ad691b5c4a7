"""Types as transforms: `bool`, `list[int]`, a dataclass. Calling them with the text would give wrong values."""

from __future__ import annotations

from lambda_kit._kernel import environment, type_of
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_CONTAINERS = (list, dict, tuple, set, frozenset)
_BYTES = (bytes, bytearray, memoryview)
_UNIONS = ("UnionType", "TypeAliasType")


def converter(transform: Any) -> Callable[[Any], Any] | None:
    """Return the function that converts the text of a value, for a transform that is neither None nor a name.

    A pydantic model, a dataclass, a `TypedDict`, a `NamedTuple`, a container and any generic type or union are
    validated by pydantic: from JSON, and where that does not fit, from the text itself, for types such as
    `Literal["on", "off"]` and `str | None`. `bool` takes the words that variables of the environment take. Any other
    class or function is called with the text.

    Returns:
        The function; None if the transform is none of these.

    Raises:
        ConfigurationError: the type has no meaning here, or pydantic cannot validate it.
        MissingExtra: it needs pydantic, which is not installed.
    """
    if transform is bool:
        return _truth
    if transform in _BYTES:
        raise ConfigurationError(f"transform={transform.__name__}: for base64 pass transform='binary'")
    validate: Callable[[Any], Any]
    if not isinstance(transform, str) and hasattr(transform, "model_validate_json"):
        validate = transform.model_validate_json
        return validate
    if is_structured(transform):
        from lambda_kit._kernel import models

        name = label(transform)
        return _json_or_text(models.adapter(transform, f"transform={name}", name))
    return transform if callable(transform) and not isinstance(transform, str) else None


def _json_or_text(adapter: Any) -> Callable[[Any], Any]:
    def validate(text: str | bytes) -> Any:
        try:
            return adapter.validate_json(text)
        except ValueError:
            try:
                return adapter.validate_python(text)
            except ValueError:
                pass
            raise

    return validate


def is_structured(transform: Any) -> bool:
    """Tell whether a transform is a type whose values are written as JSON, or one that cannot be called."""
    if not isinstance(transform, type) or hasattr(transform, "__origin__"):  # `list[int]` is an instance of `type` too
        return hasattr(transform, "__origin__") or type_of(transform).__name__ in _UNIONS
    if transform in _CONTAINERS or hasattr(transform, "__dataclass_fields__"):
        return True
    return _is_record(transform)


def _is_record(cls: Any) -> bool:
    """Tell whether a class is a `NamedTuple` or a `TypedDict`."""
    marks = {tuple: "_fields", dict: "__total__"}
    return any(base in cls.__mro__ and hasattr(cls, mark) for base, mark in marks.items())


def label(transform: Any) -> str:
    """Return the name of a transform for messages."""
    from lambda_kit._kernel import callables

    if isinstance(transform, str):
        return transform
    return repr(transform) if hasattr(transform, "__origin__") else callables.name_of(transform)


def _truth(text: str | bytes) -> bool:
    truth = environment.truth(text.decode() if isinstance(text, bytes) else text)
    if truth is None:
        raise ValueError("it is neither true nor false")
    return truth
