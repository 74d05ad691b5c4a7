"""`SecretValue`: a value that is not shown unless it is asked for."""

from __future__ import annotations

from lambda_kit._kernel.copies import copier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generic, NoReturn, TypeVar

    T_co = TypeVar("T_co", covariant=True)
else:
    T_co = None

    class Generic:
        """A stand-in for `typing.Generic`, whose module takes longer to load than this package."""

        __slots__ = ()

        def __class_getitem__(cls, _item):
            return cls


_HIDDEN = "**********"


class SecretValue(Generic[T_co]):
    """A value that `repr`, `str`, f-strings, logs and tracebacks do not show.

    Its method has the name that pydantic's secrets use, by which the kit's logger knows what to hide. It cannot be
    changed, and it refuses to be pickled, so that no cache or queue stores the value unnoticed. Two are equal if their
    values are.

    Args:
        value: the value.
        version: its version at the source.

    Attributes:
        version: its version at the source; None if it is not known.

    Example:
        ```python
        from lambda_kit.parameters import SecretValue

        password = SecretValue("hunter2")
        assert f"{password}" == "**********"
        assert password.get_secret_value() == "hunter2"
        ```
    """

    __slots__ = ("_copy", "version")

    def __init__(self, value: T_co, *, version: str | None = None) -> None:
        self._copy = copier(value)
        self.version = version

    def get_secret_value(self) -> T_co:
        """Return the value itself; for a dict or a list a copy, which is the caller's own."""
        value: T_co = self._copy()
        return value

    def __getitem__(self, _: object, /) -> NoReturn:
        raise TypeError("a SecretValue does not show its value: write value.get_secret_value()[...]")

    def __repr__(self) -> str:
        return f"SecretValue('{_HIDDEN}')"

    def __str__(self) -> str:
        return _HIDDEN

    def __format__(self, spec: str) -> str:
        return format(_HIDDEN, spec)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, SecretValue):
            mine: Any = self._copy()
            return bool(mine == other._copy())
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._copy())

    def __copy__(self) -> SecretValue[T_co]:
        return self

    def __deepcopy__(self, _memo: object) -> SecretValue[T_co]:
        return self

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a SecretValue is not pickled; pass the name of the secret, or what get_secret_value() returns")
