"""`Parameter` and `Secret`: parameters and secrets that are declared once, and called where they are needed.

A handle is a closure, as a resource of the init cache is: an instance with `__call__` would cost more than the look-up.
"""

# pyright: reportInvalidTypeVarUse=false
# The type of a default that is not given is Never.

from __future__ import annotations

import functools
import sys

from lambda_kit._kernel import callables, type_of
from lambda_kit.errors import ConfigurationError, ResourceBuildError
from lambda_kit.parameters import _entries as entries
from lambda_kit.parameters import _failures as failures
from lambda_kit.parameters._entries import pack, unpack
from lambda_kit.parameters._query import UNSET, Query, checked
from lambda_kit.parameters._secret_value import SecretValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import Any, Generic, Literal, Never, TypeVar, Unpack, overload

    from typing_extensions import TypeVar as TypeVarWithDefault

    from lambda_kit.init_cache import ResourceInfo
    from lambda_kit.parameters._entries import Node
    from lambda_kit.parameters._options import ParameterHandleOptions, SecretHandleOptions

    T = TypeVar("T")
    R = TypeVar("R")
    T_co = TypeVar("T_co", covariant=True)
    D = TypeVarWithDefault("D", default=Never)

    class _Handle(Generic[T_co]):
        """What the handles of both kinds can do."""

        name: str

        @property
        def info(self) -> ResourceInfo:
            """What it has cost and how it stands."""
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
        """What the handles of both kinds can do."""

        __slots__ = ()

        def __class_getitem__(cls, _item):
            return cls


def _declare(where: str, name: str, options: dict[str, Any], module: str) -> Node:
    full = checked(where, name, options)
    try:
        return entries.declare(Query(where, name, full), module, eager=full["eager"])
    except ConfigurationError as error:  # of the init cache
        raise ConfigurationError(f"{where}({name!r}): {error}") from None


def _handle(node: Node, default: Any) -> Any:
    """Return what is called, without what else a handle can do."""
    resource = node.resource
    if default is not UNSET:

        def handle_with_default() -> Any:
            try:
                value = unpack(resource())
            except ResourceBuildError as error:
                raise failures.inner(error)  # noqa: B904  # it has its own cause
            return default if value is UNSET else value

        return handle_with_default

    def handle() -> Any:
        try:
            held = resource()
        except ResourceBuildError as error:
            raise failures.inner(error)  # noqa: B904
        return held if type_of(held) is str else held()

    return handle


def _equip(handle: Any, node: Node, default: Any) -> Any:
    def refresh() -> Any:
        try:
            value = unpack(node.fresh())
        except ResourceBuildError as error:
            raise failures.inner(error)  # noqa: B904
        return default if value is UNSET else value

    def override(value: object) -> AbstractContextManager[None]:
        if node.query.wrapped and not isinstance(value, SecretValue):
            value = SecretValue(value)
        return node.resource.override(pack(value))

    handle.__qualname__ = handle.__name__ = node.query.title
    handle.__module__ = ""
    handle.name = node.query.name
    handle.info = node.resource.info
    handle.invalidate = node.invalidate
    handle.refresh = refresh
    handle.override = override
    return handle


class Parameter(_Handle[T_co]):
    """A parameter that is declared, at module level, and called where it is needed: `host()`.

    Declaring it fetches nothing. It fits `provide(host=host)`. The handles of one module that still have no value are
    fetched together when the first of them is called, ten in a request; the extension gives them one by one.

    Args:
        name: its name, or its ARN.
        **options: those of `get`, but for `fresh`. `secret=True`: the value comes in a `SecretValue`, for what a
            SecureString hides. `eager=True`: it is fetched in the init phase, where the extension does not answer yet:
            from AWS itself.

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
        node = _declare("Parameter", name, options, _caller())
        default = options.get("default", UNSET)
        return _equip(_handle(node, default), node, default)


class Secret(_Handle[T_co]):
    """A secret that is declared, at module level, and called where it is needed; the value is a `SecretValue`.

    Args:
        name: its name, or its ARN.
        **options: those of `secret`, but for `fresh`; and `eager=True`: it is fetched in the init phase, where the
            extension does not answer yet: from AWS itself.

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
            """Call `fn` with the plain value, and once more with a new one, if the secret was rotated meanwhile.

            If `fn` raises one of `retry_on`, the secret is fetched past every cache. If that brings another version,
            `fn` is called with it, and whatever comes of that is what comes of this call. If it is the same version,
            or cannot be fetched, the error goes on.

            Args:
                fn: takes the value, then the other arguments. A coroutine function may be passed, and awaited.
                *args: further arguments for it.
                retry_on: the errors by which it tells that the value is not accepted.
                **kwargs: keyword arguments for it.

            Raises:
                ParameterError: the secret could not be had in the first place.
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
        node = _declare("Secret", name, options, _caller())
        default = options.get("default", UNSET)
        handle = _equip(_handle(node, default), node, default)
        handle.use = functools.partial(_use, node, handle)
        return handle


def _caller() -> str:
    """Return the module in which a handle is declared."""
    return str(sys._getframe(2).f_globals.get("__name__"))


def _use(
    node: Node, handle: Callable[[], Any], fn: Callable[..., Any], /, *args: Any, retry_on: Any, **kwargs: Any
) -> Any:
    errors: tuple[Any, ...] = retry_on if type_of(retry_on) is tuple else (retry_on,)
    for one in errors:
        if not (isinstance(one, type) and issubclass(one, Exception)):
            raise ConfigurationError(f"{node.query.title}.use(retry_on={one!r}): pass classes of exceptions")
    if callables.is_coroutine_function(fn):
        return _use_async(node, handle, fn, args, errors, kwargs)
    used: Any = handle()
    try:
        return fn(_plain(used), *args, **kwargs)
    except errors as error:
        successor = _successor(node, used, error)
        if successor is None:
            raise
    return fn(successor.get_secret_value(), *args, **kwargs)


async def _use_async(
    node: Node,
    handle: Callable[[], Any],
    fn: Callable[..., Any],
    args: tuple[Any, ...],
    errors: tuple[type[Exception], ...],
    kwargs: dict[str, Any],
) -> Any:
    used = handle()
    try:
        return await fn(_plain(used), *args, **kwargs)
    except errors as error:
        import asyncio

        successor = await asyncio.to_thread(_successor, node, used, error)
        if successor is None:
            raise
    return await fn(successor.get_secret_value(), *args, **kwargs)


def _plain(value: Any) -> Any:
    return value.get_secret_value() if type_of(value) is SecretValue else value  # else it is the default


def _successor(node: Node, used: Any, error: Exception) -> SecretValue[Any] | None:
    """Return another version of a secret than the one that was used: another thread may have fetched it already."""
    try:
        current = unpack(node.resource())
        if _is_same(current, used):
            current = unpack(node.fresh())
    except ResourceBuildError as failure:
        error.add_note(f"The secret was to be fetched anew: {failures.inner(failure)}")
        return None
    return None if current is UNSET or _is_same(current, used) else current


def _is_same(one: Any, other: Any) -> bool:
    if isinstance(one, SecretValue) and isinstance(other, SecretValue):
        if one.version is not None and other.version is not None:
            return one.version == other.version
        return one == other
    return not isinstance(one, SecretValue)
