"""`Parameter` and `Secret`: parameters and secrets that are declared once, and called where they are needed.

A handle is a closure, as a resource of the init cache is: a call of an instance with `__call__` takes longer.
"""

# pyright: reportInvalidTypeVarUse=false
# The type of a default that is not given is Never.

from __future__ import annotations

import sys

from lambda_kit.errors import ConfigurationError
from lambda_kit.parameters import _entries as entries
from lambda_kit.parameters._node import pack, reader
from lambda_kit.parameters._query import Query, checked
from lambda_kit.parameters._secret_value import SecretValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import Any, Generic, Literal, Never, TypeVar, Unpack, overload

    from typing_extensions import TypeVar as TypeVarWithDefault

    from lambda_kit.init_cache import ResourceInfo
    from lambda_kit.parameters._node import Node
    from lambda_kit.parameters._options import ParameterHandleOptions, SecretHandleOptions

    T = TypeVar("T")
    R = TypeVar("R")
    T_co = TypeVar("T_co", covariant=True)
    D = TypeVarWithDefault("D", default=Never)

    class _Handle(Generic[T_co]):
        """The methods that `Parameter` and `Secret` have in common."""

        name: str

        @property
        def info(self) -> ResourceInfo:
            """Counts, times and the last error of its resource."""
            ...

        def __call__(self) -> T_co:
            """Return the value, as `get` and `secret` do."""
            ...

        def refresh(self) -> T_co:
            """Fetch it now, past all caches, and return it; if that fails, the old value stays."""
            ...

        def invalidate(self) -> None:
            """Drop the value: the next call fetches it."""
            ...

        def override(self, value: object, /) -> AbstractContextManager[None]:
            """Return a context manager in which every call, on any thread, gets `value`. For tests; it nests."""
            ...
else:
    T_co = None

    class _Handle:
        """The methods that `Parameter` and `Secret` have in common."""

        __slots__ = ()

        def __class_getitem__(cls, _item):
            return cls


def _declare(where: str, name: str, options: dict[str, Any], module: str) -> tuple[Any, Node]:
    """Return a handle that is declared in `module`, and its node."""
    full = checked(where, name, options)
    query = Query(where, name, full)
    try:
        node = entries.declare(query, module, eager=full["eager"])
    except ConfigurationError as error:  # the init cache refuses an option
        raise ConfigurationError(f"{where}({name!r}): {error}") from None
    default = full["default"]

    def override(value: object) -> AbstractContextManager[None]:
        if query.wrapped and not isinstance(value, SecretValue):
            value = SecretValue(value)
        return node.resource.override(pack(value))

    handle: Any = reader(node.resource, default)
    handle.__qualname__ = handle.__name__ = query.title
    handle.__module__ = ""
    handle.name = query.name
    handle.info = node.resource.info
    handle.invalidate = node.invalidate
    handle.refresh = reader(node.refresh, default)
    handle.override = override
    return handle, node


class Parameter(_Handle[T_co]):
    """A parameter that is declared at module level, and called where it is needed: `host()`.

    Declaring it fetches nothing. It fits `provide(host=host)`. The handles of one module that still have no value are
    fetched together when the first of them is called, ten in a request. The extension returns them one by one.

    Args:
        name: its name, or its ARN.
        **options: each by its name: those of `get` but `fresh`, and the following.
        secret: True returns the value in a `SecretValue`, for a SecureString. False by default.
        eager: True fetches it in the init phase, from AWS itself, because the extension does not answer there. `"now"`
            fetches it at once, on a thread, while the module goes on importing; the first call waits for the rest.
            False by default.

    Attributes:
        name: the name.

    Raises:
        ConfigurationError: an option is unknown, or wrong.

    Example:
        ```python
        from lambda_kit.parameters import Parameter

        host = Parameter("/app/db/host")


        @handler(provide(host=host))
        def handle(event, context, *, host):
            return host


        with host.override("localhost"):
            assert invoke(handle).value == "localhost"
        ```
    """

    if TYPE_CHECKING:

        @overload
        def __new__(
            cls,
            name: str,
            /,
            *,
            transform: None = None,
            secret: Literal[False] = False,
            default: D = ...,
            **options: Unpack[ParameterHandleOptions],
        ) -> Parameter[str | D]: ...
        @overload
        def __new__(
            cls,
            name: str,
            /,
            *,
            transform: None = None,
            secret: Literal[True],
            default: D = ...,
            **options: Unpack[ParameterHandleOptions],
        ) -> Parameter[SecretValue[str] | D]: ...
        @overload
        def __new__(
            cls,
            name: str,
            /,
            *,
            transform: Literal["json", "auto"],
            secret: Literal[False] = False,
            default: D = ...,
            **options: Unpack[ParameterHandleOptions],
        ) -> Parameter[Any]: ...
        @overload
        def __new__(
            cls,
            name: str,
            /,
            *,
            transform: Literal["json", "auto"],
            secret: Literal[True],
            default: D = ...,
            **options: Unpack[ParameterHandleOptions],
        ) -> Parameter[SecretValue[Any] | D]: ...
        @overload
        def __new__(
            cls,
            name: str,
            /,
            *,
            transform: Literal["binary"],
            secret: Literal[False] = False,
            default: D = ...,
            **options: Unpack[ParameterHandleOptions],
        ) -> Parameter[bytes | D]: ...
        @overload
        def __new__(
            cls,
            name: str,
            /,
            *,
            transform: Literal["binary"],
            secret: Literal[True],
            default: D = ...,
            **options: Unpack[ParameterHandleOptions],
        ) -> Parameter[SecretValue[bytes] | D]: ...
        @overload
        def __new__(
            cls,
            name: str,
            /,
            *,
            transform: type[T] | Callable[[str], T],
            secret: Literal[False] = False,
            default: D = ...,
            **options: Unpack[ParameterHandleOptions],
        ) -> Parameter[T | D]: ...
        @overload
        def __new__(
            cls,
            name: str,
            /,
            *,
            transform: type[T] | Callable[[str], T],
            secret: Literal[True],
            default: D = ...,
            **options: Unpack[ParameterHandleOptions],
        ) -> Parameter[SecretValue[T] | D]: ...

    def __new__(cls, name: str, /, **options: Any) -> Any:
        return _declare("Parameter", name, options, _caller())[0]


class Secret(_Handle[T_co]):
    """A secret that is declared at module level, and called where it is needed; the value is a `SecretValue`.

    Args:
        name: its name, or its ARN.
        **options: each by its name: those of `secret` but `fresh`, and the following.
        eager: True fetches it in the init phase, from AWS itself, because the extension does not answer there. `"now"`
            fetches it at once, on a thread, while the module goes on importing; the first call waits for the rest.
            False by default.

    Attributes:
        name: the name.

    Raises:
        ConfigurationError: an option is unknown, or wrong.
    """

    if TYPE_CHECKING:

        def use(
            self,
            fn: Callable[..., R],
            /,
            *args: Any,
            retry_on: type[Exception] | tuple[type[Exception], ...],
            **kwargs: Any,
        ) -> R:
            """Call `fn` with the plain value, and once more with a new one if the secret was rotated meanwhile.

            If `fn` raises one of `retry_on`, the secret is fetched past every cache. If that returns another version,
            `fn` is called with it, and its result or error is that of this call. If it is the same version, or cannot
            be fetched, the first error is raised.

            Args:
                fn: takes the value, then the other arguments. A coroutine function may be passed, and awaited.
                *args: further arguments for it.
                retry_on: the errors that it raises if the value is not accepted.
                **kwargs: keyword arguments for it.

            Raises:
                ParameterError: the secret could not be fetched the first time.
                ConfigurationError: `retry_on` is no class of exceptions.
            """
            ...

    if TYPE_CHECKING:

        @overload
        def __new__(
            cls, name: str, /, *, transform: None = None, default: D = ..., **options: Unpack[SecretHandleOptions]
        ) -> Secret[SecretValue[str] | D]: ...
        @overload
        def __new__(
            cls,
            name: str,
            /,
            *,
            transform: Literal["json", "auto"],
            default: D = ...,
            **options: Unpack[SecretHandleOptions],
        ) -> Secret[SecretValue[Any] | D]: ...
        @overload
        def __new__(
            cls, name: str, /, *, transform: Literal["binary"], default: D = ..., **options: Unpack[SecretHandleOptions]
        ) -> Secret[SecretValue[bytes] | D]: ...
        @overload
        def __new__(
            cls,
            name: str,
            /,
            *,
            transform: type[T] | Callable[[str], T],
            default: D = ...,
            **options: Unpack[SecretHandleOptions],
        ) -> Secret[SecretValue[T] | D]: ...

    def __new__(cls, name: str, /, **options: Any) -> Any:
        handle, node = _declare("Secret", name, options, _caller())

        def use(fn: Callable[..., Any], /, *args: Any, retry_on: Any, **kwargs: Any) -> Any:
            from lambda_kit.parameters import _rotation

            return _rotation.use(node, handle, fn, args, retry_on, kwargs)

        handle.use = use
        return handle


def _caller() -> str:
    """Return the name of the module that declares a handle."""
    return str(sys._getframe(2).f_globals.get("__name__"))
