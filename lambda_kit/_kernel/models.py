"""Types that pydantic or msgspec validates: which of the two takes a type, and pydantic's adapter of one."""

from __future__ import annotations

from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def has_struct(annotation: Any) -> bool:
    """Return True for a struct of msgspec, and for a type made of one, such as `list[Order]`."""
    return hasattr(annotation, "__struct_fields__") or any(map(has_struct, getattr(annotation, "__args__", None) or ()))


def adapter(annotation: Any, where: str, name: str, *, complete: bool = False) -> Any:
    """Return pydantic's adapter of a type.

    Args:
        annotation: the type.
        where: the part of the kit that it was passed to, for messages: `"batch(model=...)"`.
        name: the name of the type, for messages.
        complete: True to refuse a type that names another one which is not defined yet; default False.

    Raises:
        MissingExtra: pydantic is not installed.
        ConfigurationError: pydantic cannot validate the type.
        NameError: with `complete`, a type is not defined yet; `name` of the error is its name.
    """
    try:
        from pydantic import PydanticUndefinedAnnotation, TypeAdapter
    except ImportError as error:
        from lambda_kit._kernel import extras

        raise extras.missing(where, "pydantic", "pydantic") from error
    try:
        made: Any = TypeAdapter(annotation)
        if complete and not made.pydantic_complete:
            made.rebuild(raise_errors=True)
    except PydanticUndefinedAnnotation:
        raise
    except Exception as error:
        reason = str(error).partition("\n")[0]
        raise ConfigurationError(f"{where}: pydantic cannot validate {name}: {reason}") from error
    return made
