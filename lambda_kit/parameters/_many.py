"""`get_many` and `by_path`: the functions that return several values."""

# pyright: reportInvalidTypeVarUse=false
# The type of a default that is not given is Never.

from __future__ import annotations

from lambda_kit.errors import ConfigurationError, ParameterNotFound
from lambda_kit.init_cache._build import next_sequence
from lambda_kit.parameters import _calls as calls
from lambda_kit.parameters import _entries as entries
from lambda_kit.parameters._build import read_nodes
from lambda_kit.parameters._node import bypass_caches
from lambda_kit.parameters._query import UNSET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Literal, Never, TypeVar, Unpack, overload

    from typing_extensions import TypeVar as TypeVarWithDefault

    from lambda_kit.parameters._options import GetManyOptions, PathOptions

    T = TypeVar("T")
    D = TypeVarWithDefault("D", default=Never)

_many = entries.memo()
_paths = entries.memo()

if TYPE_CHECKING:

    @overload
    def get_many(
        names: Iterable[str], /, *, transform: None = None, default: D = ..., **options: Unpack[GetManyOptions]
    ) -> dict[str, str | D]: ...
    @overload
    def get_many(
        names: Iterable[str],
        /,
        *,
        transform: Literal["json", "auto"],
        default: D = ...,
        **options: Unpack[GetManyOptions],
    ) -> dict[str, Any]: ...
    @overload
    def get_many(
        names: Iterable[str], /, *, transform: Literal["binary"], default: D = ..., **options: Unpack[GetManyOptions]
    ) -> dict[str, bytes | D]: ...
    @overload
    def get_many(
        names: Iterable[str],
        /,
        *,
        transform: type[T] | Callable[[str], T],
        default: D = ...,
        **options: Unpack[GetManyOptions],
    ) -> dict[str, T | D]: ...


def get_many(names: Iterable[str], /, *, transform: Any = None, ttl: float | None = UNSET, **options: Any) -> Any:
    """Return several parameters in a dict by their names, fetched ten in a request.

    They share their values with `get`: only those are fetched that are not cached.

    Args:
        names: their names, or ARNs.
        transform: the conversion of each text, as for `get`.
        ttl: seconds that the values may be used for; None for the life of the environment. By default
            `LAMBDA_KIT_PARAMETERS_MAX_AGE`, else 300.
        **options: those of `get` but `version` and `label`. `default` stands for each parameter that does not exist.

    Raises:
        ParameterNotFound: some do not exist, and there is no default; it names all of them.
        ParameterError: as for `get`.
    """
    if isinstance(names, str):
        raise ConfigurationError(f"get_many({names!r}): pass several names, or use get for one")
    default, fresh = calls.split("get_many", names, options)
    nodes = {name: calls.find("get_many", _many, name, transform, ttl, default, options) for name in names}
    after = next_sequence() if fresh else 0
    found: dict[str, Any] = {}
    missing: list[ParameterNotFound] = []
    with bypass_caches(nodes.values() if fresh else ()):
        read = read_nodes(nodes.values(), after)
    for name, node in nodes.items():
        value, error = read[node]
        if isinstance(error, ParameterNotFound):
            missing.append(error)
        elif error is not None:
            raise error
        else:
            found[name] = default if value is UNSET else value
    if not missing:
        return found
    if len(missing) == 1:
        raise missing[0]
    raise ParameterNotFound(
        "they do not exist",
        names=tuple(name for error in missing for name in error.names),
        source=missing[0].source,
        what="the parameters",
    )


if TYPE_CHECKING:

    @overload
    def by_path(path: str, /, *, transform: None = None, **options: Unpack[PathOptions]) -> dict[str, str]: ...
    @overload
    def by_path(
        path: str, /, *, transform: Literal["json", "auto"], **options: Unpack[PathOptions]
    ) -> dict[str, Any]: ...
    @overload
    def by_path(path: str, /, *, transform: Literal["binary"], **options: Unpack[PathOptions]) -> dict[str, bytes]: ...
    @overload
    def by_path(
        path: str, /, *, transform: type[T] | Callable[[str], T], **options: Unpack[PathOptions]
    ) -> dict[str, T]: ...


def by_path(path: str, /, *, transform: Any = None, ttl: float | None = UNSET, **options: Any) -> Any:
    """Return all parameters below a path in a dict by their names relative to it; the dict is the caller's own.

    The extension cannot list parameters: this always calls AWS, or the environment source.

    Args:
        path: the path, with a slash in front.
        transform: the conversion of each text, as for `get`.
        ttl: seconds that the values may be used for; None for the life of the environment. By default
            `LAMBDA_KIT_PARAMETERS_MAX_AGE`, else 300.
        **options: each by its name, as follows; `decrypt`, `fresh`, `stale_if_error`, `refresh`, `region`, `client` and
            `source` are those of `get`.
        recursive: False leaves out the parameters in paths below it. True by default.

    Raises:
        ParameterError: as for `get`; a path without parameters is no error.
    """
    return calls.ask("by_path", _paths, path, transform, ttl, options)
